//! Rows whose values have a shape: sorted, in runs, few, all different, so that statistics of row groups and pages, dictionaries
//! and bloom filters say something about them.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Decimal256Array, FixedSizeBinaryArray,
    Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, StringViewArray, StructArray,
    TimestampMicrosecondArray, UInt8Array, UInt64Array,
};
use arrow_buffer::{NullBuffer, i256};
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};

use super::random::{Random, mix};

/// Types of the columns; some stand for more than one way to make values.
fn types() -> Vec<DataType> {
    use DataType::*;
    vec![
        Int64,
        Int64,
        Int64,
        Int32,
        UInt8,
        UInt64,
        Float32,
        Float64,
        Boolean,
        Utf8,
        Utf8,
        Utf8,
        Utf8View,
        Binary,
        FixedSizeBinary(3),
        Decimal128(20, 2),
        Decimal256(50, 3),
        Date32,
        Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    ]
}

/// So many rows of one to four columns; some of them in a struct.
pub fn shaped_rows(random: &mut Random, rows: usize) -> RecordBatch {
    let mut columns: Vec<(Field, ArrayRef)> = (0..1 + random.below(4))
        .map(|index| {
            let nullable = random.percent(60);
            let data_type = random.pick(&types());
            (Field::new(format!("c{index}"), data_type.clone(), nullable), column(random, &data_type, nullable, rows))
        })
        .collect();
    if random.percent(30) {
        let grouped = columns.split_off(random.below(columns.len()));
        columns.push(group(random, grouped, rows));
    }
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("columns of one length")
}

fn group(random: &mut Random, children: Vec<(Field, ArrayRef)>, rows: usize) -> (Field, ArrayRef) {
    let percent = random.pick(&[0, 0, 10, 60]);
    let nulls = (percent > 0).then(|| NullBuffer::from_iter((0..rows).map(|_| !random.percent(percent))));
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = children.into_iter().unzip();
    let fields = Fields::from(fields);
    let array = StructArray::try_new(fields.clone(), arrays, nulls).expect("children of one length");
    (Field::new("group", DataType::Struct(fields), percent > 0), Arc::new(array))
}

fn column(random: &mut Random, data_type: &DataType, nullable: bool, rows: usize) -> ArrayRef {
    let keys = keys(random, rows);
    let percent = if nullable { random.pick(&[0, 3, 50, 95, 100]) } else { 0 };
    let in_runs = random.percent(40);
    let mut is_valid = true;
    let keys = keys.into_iter().map(|key| {
        if !in_runs || random.percent(2) {
            is_valid = !random.percent(percent);
        }
        (is_valid || !nullable).then_some(key)
    });
    array(data_type, keys.collect(), random.bits())
}

/// Small numbers in the order of their values.
fn keys(random: &mut Random, rows: usize) -> Vec<u64> {
    let few = random.pick(&[2, 7, 300]);
    let shape = random.below(5);
    let mut run = 0;
    (0..rows as u64)
        .map(|row| match shape {
            0 => row / few,
            1 => random.below(few as usize) as u64,
            2 => mix(row) % 100_000,
            3 => {
                if random.percent(2) {
                    run = random.below(1000) as u64;
                }
                run
            }
            // Sorted but for some.
            _ => row ^ if random.percent(1) { 0x1ff } else { 0 },
        })
        .collect()
}

fn array(data_type: &DataType, keys: Vec<Option<u64>>, seed: u64) -> ArrayRef {
    let signed = |key: u64| key as i64 - 500;
    let keys = keys.into_iter();
    match data_type {
        DataType::Int64 => Arc::new(keys.map(|key| key.map(signed)).collect::<Int64Array>()),
        DataType::Int32 => Arc::new(keys.map(|key| key.map(|key| signed(key) as i32)).collect::<Int32Array>()),
        DataType::UInt8 => Arc::new(keys.map(|key| key.map(|key| key as u8)).collect::<UInt8Array>()),
        DataType::UInt64 => Arc::new(keys.map(|key| key.map(|key| (1 << 63) - 100 + key)).collect::<UInt64Array>()),
        DataType::Float32 => Arc::new(keys.map(|key| key.map(|key| float(key, seed) as f32)).collect::<Float32Array>()),
        DataType::Float64 => Arc::new(keys.map(|key| key.map(|key| float(key, seed))).collect::<Float64Array>()),
        DataType::Boolean => Arc::new(keys.map(|key| key.map(|key| key % 3 == 0)).collect::<BooleanArray>()),
        DataType::Utf8 => Arc::new(keys.map(|key| key.map(|key| text(key, seed))).collect::<StringArray>()),
        DataType::Utf8View => Arc::new(keys.map(|key| key.map(|key| text(key, seed))).collect::<StringViewArray>()),
        DataType::Binary => {
            let bytes = |key: u64| [&key.to_be_bytes()[5..], &[0xff; 5][..(key % 6) as usize]].concat();
            Arc::new(keys.map(|key| key.map(bytes)).collect::<BinaryArray>())
        }
        DataType::FixedSizeBinary(_) => {
            let values = keys.map(|key| key.map(|key| key.to_be_bytes()[5..].to_vec()));
            Arc::new(FixedSizeBinaryArray::try_from_sparse_iter_with_size(values, 3).expect("three bytes each"))
        }
        DataType::Decimal128(precision, scale) => {
            let array = keys.map(|key| key.map(|key| signed(key) as i128)).collect::<Decimal128Array>();
            Arc::new(array.with_precision_and_scale(*precision, *scale).expect("a decimal type"))
        }
        DataType::Decimal256(precision, scale) => {
            let array = keys.map(|key| key.map(|key| i256::from(signed(key)))).collect::<Decimal256Array>();
            Arc::new(array.with_precision_and_scale(*precision, *scale).expect("a decimal type"))
        }
        DataType::Date32 => Arc::new(keys.map(|key| key.map(|key| signed(key) as i32)).collect::<Date32Array>()),
        DataType::Timestamp(..) => {
            let array = keys.map(|key| key.map(signed)).collect::<TimestampMicrosecondArray>();
            Arc::new(array.with_timezone("UTC"))
        }
        other => panic!("no values of type {other}"),
    }
}

/// Now and then what has no place in an order, or two.
fn float(key: u64, seed: u64) -> f64 {
    let odd = [f64::NAN, -0.0, 0.0, f64::INFINITY, f64::NEG_INFINITY, -f64::NAN];
    match seed % 3 {
        0 if key % 50 < 6 => odd[(key % 50) as usize],
        1 if key.is_multiple_of(97) => f64::NAN,
        _ => (key as f64 - 500.0) / 4.0,
    }
}

/// Short, or with more in common than bounds hold.
fn text(key: u64, seed: u64) -> String {
    match seed % 4 {
        0 => format!("{}{key:06}", "p".repeat(70)),
        1 => format!("{key:04}{}", "\u{e9}t\u{e9}".repeat((key % 3) as usize)),
        2 if key.is_multiple_of(5) => String::new(),
        _ => format!("v{key:05}"),
    }
}
