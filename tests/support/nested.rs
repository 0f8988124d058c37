//! Random nested Arrow data: structs, lists of every kind and maps in each other, over every type of leaf, with nulls
//! and empty lists anywhere.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, DictionaryArray, FixedSizeBinaryArray,
    FixedSizeListArray, GenericListArray, LargeBinaryArray, LargeStringArray, MapArray, NullArray, OffsetSizeTrait,
    PrimitiveArray, RecordBatch, StringArray, StringViewArray, StructArray, make_array,
};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, TimeUnit};

use super::random::{Random, mix};

/// Where more values would only take time, lists get short.
const MANY_VALUES: usize = 2000;

/// Every type of leaf that the writer takes and the reference gives back as it is. INTERVAL is not among them: the
/// reference drops its months.
pub fn leaf_types() -> Vec<DataType> {
    use DataType::*;
    let utc = || Some("UTC".into());
    vec![
        Null,
        Boolean,
        Int8,
        Int16,
        Int32,
        Int64,
        UInt8,
        UInt16,
        UInt32,
        UInt64,
        Float16,
        Float32,
        Float64,
        Date32,
        Date64,
        Time32(TimeUnit::Second),
        Time32(TimeUnit::Millisecond),
        Time64(TimeUnit::Microsecond),
        Time64(TimeUnit::Nanosecond),
        Timestamp(TimeUnit::Second, None),
        Timestamp(TimeUnit::Millisecond, utc()),
        Timestamp(TimeUnit::Microsecond, None),
        Timestamp(TimeUnit::Nanosecond, utc()),
        Duration(TimeUnit::Microsecond),
        Utf8,
        LargeUtf8,
        Utf8View,
        Binary,
        LargeBinary,
        BinaryView,
        FixedSizeBinary(1),
        FixedSizeBinary(16),
        Decimal32(9, 2),
        Decimal64(18, 0),
        Decimal128(5, 2),
        Decimal128(18, 4),
        Decimal128(38, 10),
        Decimal256(76, 3),
        Dictionary(Box::new(Int32), Box::new(Utf8)),
    ]
}

/// Rows of one to three columns of any shape, groups at most `depth` deep.
pub fn random_rows(random: &mut Random, depth: usize, rows: usize) -> RecordBatch {
    let mut leaves = 12;
    let columns = 1 + random.below(3);
    let fields: Fields =
        (0..columns).map(|index| random_field(random, &format!("c{index}"), depth, &mut leaves)).collect();
    let arrays = fields.iter().map(|field| random_array(random, field, rows)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("arrays of the schema")
}

/// A field of any shape; `leaves` bounds how wide it gets.
fn random_field(random: &mut Random, name: &str, depth: usize, leaves: &mut usize) -> Field {
    let data_type = random_type(random, depth, leaves);
    let nullable = data_type == DataType::Null || random.percent(65);
    Field::new(name, data_type, nullable)
}

fn random_type(random: &mut Random, depth: usize, leaves: &mut usize) -> DataType {
    if depth == 0 || random.percent(20) {
        *leaves = leaves.saturating_sub(1);
        return random.pick(&leaf_types());
    }
    let mut child = |random: &mut Random, name: &str| Arc::new(random_field(random, name, depth - 1, leaves));
    match random.below(8) {
        0 | 1 => DataType::List(child(random, "item")),
        2 => DataType::LargeList(child(random, "element")),
        3 => DataType::FixedSizeList(child(random, "item"), 1 + random.below(3) as i32),
        4 => {
            let value = child(random, "value");
            map_of(random, value)
        }
        _ => {
            let widest = 1 + (*leaves / 3).min(2);
            let count = 1 + random.below(widest);
            DataType::Struct(
                (0..count).map(|index| random_field(random, &format!("f{index}"), depth - 1, leaves)).collect(),
            )
        }
    }
}

fn map_of(random: &mut Random, value: FieldRef) -> DataType {
    let key = match random.below(4) {
        0 => DataType::Struct([Arc::new(Field::new("k", DataType::Int16, random.percent(50)))].into_iter().collect()),
        1 => DataType::Int64,
        _ => DataType::Utf8,
    };
    let entries = DataType::Struct([Arc::new(Field::new("key", key, false)), value].into_iter().collect());
    DataType::Map(Arc::new(Field::new("entries", entries, false)), false)
}

/// An array of `length` values for `field`.
pub fn random_array(random: &mut Random, field: &Field, length: usize) -> ArrayRef {
    let valid = validity(random, field.is_nullable(), length);
    let nulls = || field.is_nullable().then(|| NullBuffer::from(valid.clone()));
    match field.data_type() {
        DataType::Struct(fields) => {
            let children = fields.iter().map(|child| random_array(random, child, length)).collect();
            Arc::new(StructArray::try_new(fields.clone(), children, nulls()).expect("a struct"))
        }
        DataType::List(child) => list::<i32>(random, child, &valid, nulls()),
        DataType::LargeList(child) => list::<i64>(random, child, &valid, nulls()),
        DataType::FixedSizeList(child, size) => {
            let values = random_array(random, child, length * *size as usize);
            let list = FixedSizeListArray::try_new_with_length(child.clone(), *size, values, nulls(), length);
            Arc::new(list.expect("a fixed-size list"))
        }
        DataType::Map(child, sorted) => {
            let offsets = offsets::<i32>(random, &valid);
            let entries = random_array(random, child, offsets.last() as usize);
            let entries = entries.as_any().downcast_ref::<StructArray>().expect("entries").clone();
            Arc::new(MapArray::try_new(child.clone(), offsets, entries, nulls(), *sorted).expect("a map"))
        }
        leaf => leaf_array(random, leaf, &valid),
    }
}

fn validity(random: &mut Random, nullable: bool, length: usize) -> Vec<bool> {
    let percent = if nullable { random.pick(&[0, 5, 40, 90, 100]) } else { 0 };
    (0..length).map(|_| !random.percent(percent)).collect()
}

fn list<O: OffsetSizeTrait>(
    random: &mut Random,
    child: &FieldRef,
    valid: &[bool],
    nulls: Option<NullBuffer>,
) -> ArrayRef {
    let offsets = offsets::<O>(random, valid);
    let values = random_array(random, child, offsets.last().as_usize());
    Arc::new(GenericListArray::<O>::try_new(child.clone(), offsets, values, nulls).expect("a list"))
}

/// Offsets of lists: all empty, mostly empty, short, or some long ones; now and then a null list has values too.
fn offsets<O: OffsetSizeTrait>(random: &mut Random, valid: &[bool]) -> OffsetBuffer<O> {
    let shape = if valid.len() > MANY_VALUES { 1 } else { random.below(5) };
    let with_hidden_values = random.percent(20);
    let length = |valid: &bool| match shape {
        _ if !valid && !with_hidden_values => 0,
        0 => 0,
        1 => usize::from(random.percent(40)),
        2 => random.below(4),
        3 => random.below(3) * random.below(5),
        _ if random.percent(3) => random.below(60),
        _ => random.below(2),
    };
    OffsetBuffer::from_lengths(valid.iter().map(length))
}

fn leaf_array(random: &mut Random, data_type: &DataType, valid: &[bool]) -> ArrayRef {
    let first = random.bits();
    let different = random.pick(&[1, 3, 40, 1 << 30]);
    let mut cells = valid.iter().map(|valid| valid.then(|| first.wrapping_add(random.below(different) as u64)));
    match data_type {
        DataType::Null => Arc::new(NullArray::new(valid.len())),
        DataType::Boolean => Arc::new(cells.map(|cell| cell.map(|key| mix(key) & 1 == 1)).collect::<BooleanArray>()),
        DataType::Utf8 => Arc::new(cells.map(|cell| cell.map(text)).collect::<StringArray>()),
        DataType::LargeUtf8 => Arc::new(cells.map(|cell| cell.map(text)).collect::<LargeStringArray>()),
        DataType::Utf8View => Arc::new(cells.map(|cell| cell.map(text)).collect::<StringViewArray>()),
        DataType::Binary => Arc::new(cells.map(|cell| cell.map(bytes)).collect::<BinaryArray>()),
        DataType::LargeBinary => Arc::new(cells.map(|cell| cell.map(bytes)).collect::<LargeBinaryArray>()),
        DataType::BinaryView => Arc::new(cells.map(|cell| cell.map(bytes)).collect::<BinaryViewArray>()),
        DataType::FixedSizeBinary(size) => {
            let value = |key: u64| (0..*size as u64).map(|index| mix(key ^ index << 50) as u8).collect::<Vec<u8>>();
            let values = cells.by_ref().map(|cell| cell.map(value));
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(values, *size).expect("fixed-size values"))
        }
        DataType::Dictionary(..) => {
            let keys = cells.map(|cell| cell.map(|key| (mix(key) % 5) as i32)).collect::<PrimitiveArray<Int32Type>>();
            let values = StringArray::from(vec!["", "a", "\u{e9}t\u{e9}", "a much longer value", "b"]);
            Arc::new(DictionaryArray::try_new(keys, Arc::new(values)).expect("a dictionary"))
        }
        primitive => make_array(primitive_data(primitive, cells.collect())),
    }
}

fn primitive_data(data_type: &DataType, cells: Vec<Option<u64>>) -> ArrayData {
    let width = data_type.primitive_width().expect("a primitive type");
    let mut values = Vec::with_capacity(cells.len() * width);
    for cell in &cells {
        let number = number(data_type, cell.map_or(0x5555, mix)).to_le_bytes();
        let sign = if number[15] & 0x80 == 0 { 0 } else { 0xff };
        values.extend(number.into_iter().chain([sign; 16]).take(width));
    }
    let nulls = NullBuffer::from_iter(cells.iter().map(Option::is_some));
    let data = ArrayData::builder(data_type.clone()).len(cells.len()).add_buffer(Buffer::from_slice_ref(&values));
    data.nulls(Some(nulls)).build().expect("an array of primitive values")
}

/// A value of the type in 16 bytes; decimals have at most as many digits as their precision.
fn number(data_type: &DataType, bits: u64) -> i128 {
    let wide = (bits as i128) << 64 | mix(bits) as i128;
    let digits = match data_type {
        DataType::Decimal32(precision, _) | DataType::Decimal64(precision, _) => *precision,
        DataType::Decimal128(precision, _) | DataType::Decimal256(precision, _) => (*precision).min(38),
        DataType::Time32(_) => return (bits % 86_400) as i128,
        DataType::Time64(_) => return (bits % 86_400_000_000) as i128,
        DataType::Date64 => return (bits % 20_000) as i128 * 86_400_000,
        _ => return wide,
    };
    // Small numbers too.
    wide % 10_i128.pow((digits as u32).saturating_sub(bits as u32 % 3 * 2).max(1))
}

fn text(key: u64) -> String {
    const LETTERS: [&str; 6] = ["a", "\u{e9}", "Z", "\u{1f980}", " ", "0"];
    let length = [0, 1, 3, 12, 13, 40][(mix(key) >> 8) as usize % 6];
    (0..length).map(|index| LETTERS[mix(key ^ index << 40) as usize % 6]).collect()
}

fn bytes(key: u64) -> Vec<u8> {
    let length = [0, 1, 4, 12, 13, 70][(mix(key) >> 8) as usize % 6];
    (0..length).map(|index| mix(key ^ index << 40) as u8).collect()
}
