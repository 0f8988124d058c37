//! The `ARROW:schema` hint: the Arrow schema that a file was written from, kept by its writer in the key-value metadata.
//!
//! It is an Arrow IPC schema message in Base64. A file is read without it where it is missing or broken: it says how
//! the writer would like the values to be called, not what they are. Types that no Parquet column can have come out as
//! Null, which fits none.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, IntervalUnit, Metadata, Schema, TimeUnit};
use base64::Engine;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};

use super::flatbuffer::Table;

/// The key of the hint.
pub(crate) const KEY: &str = "ARROW:schema";

/// Fields below each other in a hint that is made use of. Arrow types are dropped and compared recursively.
const LARGEST_DEPTH: usize = 1000;

/// Writers pad as they like.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The schema that the value of the hint holds; `None` where it is broken.
pub(crate) fn decode(value: &str) -> Option<Schema> {
    let bytes = BASE64.decode(value.trim().as_bytes()).ok()?;
    // A continuation mark and the length of the message are in front, unless the writer is old.
    let message = match bytes.split_first_chunk::<8>() {
        Some(([0xff, 0xff, 0xff, 0xff, ..], message)) => message,
        _ => &bytes,
    };
    let message = Table::root(message)?;
    const HEADER_IS_SCHEMA: u8 = 1;
    let schema = (message.u8(1) == HEADER_IS_SCHEMA).then(|| message.table(2))??;
    // A field takes more bytes than this.
    let most_fields = bytes.len() / 8;
    let mut texts = Texts { left: bytes.len().saturating_mul(4) };
    Some(Schema::new_with_metadata(fields(schema, most_fields, &mut texts)?, texts.pairs(schema, 2)?))
}

/// Takes texts out of a message, and not much more than it has bytes: tables may share theirs, and would multiply.
struct Texts {
    left: usize,
}

impl Texts {
    /// The text of a string; empty where there is none.
    fn take(&mut self, string: Option<&[u8]>) -> Option<String> {
        let string = string.unwrap_or_default();
        self.left = self.left.checked_sub(string.len().saturating_add(1))?;
        std::str::from_utf8(string).ok().map(str::to_owned)
    }

    /// Pairs of keys and values in field number `field`.
    fn pairs(&mut self, table: Table<'_>, field: usize) -> Option<Metadata> {
        table.tables(field).map(|pair| Some((self.take(pair.string(0))?, self.take(pair.string(1))?))).collect()
    }
}

/// A field whose children stand behind it in the list.
struct Parsed<'a> {
    table: Table<'a>,
    depth: usize,
    children: Vec<usize>,
}

/// The fields of the schema. Down through the tree by a loop, and up again to put types together.
fn fields(schema: Table<'_>, most: usize, texts: &mut Texts) -> Option<Fields> {
    let mut parsed: Vec<Parsed<'_>> = Vec::new();
    let new = |table, depth| Parsed { table, depth, children: Vec::new() };
    parsed.extend(schema.tables(1).take(most.saturating_add(1)).map(|table| new(table, 1)));
    let roots = parsed.len();
    let mut next = 0;
    while let Some(Parsed { table, depth, .. }) = parsed.get(next) {
        let (table, depth, first) = (*table, *depth, parsed.len());
        if parsed.len() > most || depth > LARGEST_DEPTH {
            return None;
        }
        parsed.extend(table.tables(5).take(most.saturating_add(1)).map(|table| new(table, depth.saturating_add(1))));
        let children = (first..parsed.len()).collect();
        parsed.get_mut(next)?.children = children;
        next = next.saturating_add(1);
    }
    let mut made: Vec<Option<FieldRef>> = vec![None; parsed.len()];
    for (index, field) in parsed.iter().enumerate().rev() {
        let children: Fields = field.children.iter().filter_map(|child| made.get_mut(*child)?.take()).collect();
        *made.get_mut(index)? = Some(Arc::new(field_of(field.table, &children, texts)?));
    }
    made.truncate(roots);
    made.into_iter().collect::<Option<Vec<_>>>().map(Fields::from)
}

fn field_of(table: Table<'_>, children: &Fields, texts: &mut Texts) -> Option<Field> {
    let inner = table.table(3);
    let zone = texts.take(inner.filter(|_| table.u8(2) == TIMESTAMP).and_then(|inner| inner.string(1)))?;
    let known = inner.and_then(|inner| data_type(table.u8(2), inner, children, &zone));
    let mut data_type = known.unwrap_or(DataType::Null);
    if let Some(dictionary) = table.table(4) {
        let keys = dictionary.table(1).and_then(integer).unwrap_or(DataType::Int32);
        data_type = DataType::Dictionary(Box::new(keys), Box::new(data_type));
    }
    let name = texts.take(table.string(0))?;
    Some(Field::new(name, data_type, table.u8(1) != 0).with_metadata(texts.pairs(table, 6)?))
}

/// The number of timestamps in Arrow's `Schema.fbs`.
const TIMESTAMP: u8 = 10;

/// The type of number `kind` in Arrow's `Schema.fbs`, with what its table says.
fn data_type(kind: u8, table: Table<'_>, children: &Fields, zone: &str) -> Option<DataType> {
    let only_child = || children.first().filter(|_| children.len() == 1).cloned();
    Some(match kind {
        2 => integer(table)?,
        3 => match table.i16(0, 0) {
            0 => DataType::Float16,
            1 => DataType::Float32,
            _ => DataType::Float64,
        },
        4 => DataType::Binary,
        5 => DataType::Utf8,
        6 => DataType::Boolean,
        7 => decimal(table.i32(2, 128), u8::try_from(table.i32(0, 0)).ok()?, i8::try_from(table.i32(1, 0)).ok()?)?,
        8 if table.i16(0, 1) == 0 => DataType::Date32,
        8 => DataType::Date64,
        9 => match unit(table.i16(0, 1))? {
            unit @ (TimeUnit::Second | TimeUnit::Millisecond) => DataType::Time32(unit),
            unit => DataType::Time64(unit),
        },
        TIMESTAMP => {
            DataType::Timestamp(unit(table.i16(0, 0))?, Some(zone).filter(|zone| !zone.is_empty()).map(Arc::from))
        }
        11 if table.i16(0, 0) == 2 => DataType::Interval(IntervalUnit::MonthDayNano),
        12 => DataType::List(only_child()?),
        13 => DataType::Struct(children.clone()),
        15 => DataType::FixedSizeBinary(table.i32(0, 0)),
        16 => DataType::FixedSizeList(only_child()?, table.i32(0, 0)),
        17 => DataType::Map(only_child()?, table.u8(0) != 0),
        18 => DataType::Duration(unit(table.i16(0, 1))?),
        19 => DataType::LargeBinary,
        20 => DataType::LargeUtf8,
        21 => DataType::LargeList(only_child()?),
        // The values of runs.
        22 => children.get(1)?.data_type().clone(),
        23 => DataType::BinaryView,
        24 => DataType::Utf8View,
        // Views of lists are read as lists.
        25 => DataType::List(only_child()?),
        26 => DataType::LargeList(only_child()?),
        _ => return None,
    })
}

fn integer(table: Table<'_>) -> Option<DataType> {
    Some(match (table.i32(0, 0), table.u8(1) != 0) {
        (8, true) => DataType::Int8,
        (16, true) => DataType::Int16,
        (32, true) => DataType::Int32,
        (64, true) => DataType::Int64,
        (8, false) => DataType::UInt8,
        (16, false) => DataType::UInt16,
        (32, false) => DataType::UInt32,
        (64, false) => DataType::UInt64,
        _ => return None,
    })
}

fn decimal(bits: i32, precision: u8, scale: i8) -> Option<DataType> {
    Some(match bits {
        32 => DataType::Decimal32(precision, scale),
        64 => DataType::Decimal64(precision, scale),
        128 => DataType::Decimal128(precision, scale),
        256 => DataType::Decimal256(precision, scale),
        _ => return None,
    })
}

fn unit(number: i16) -> Option<TimeUnit> {
    let units = [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];
    units.get(usize::try_from(number).ok()?).copied()
}
