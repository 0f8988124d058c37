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

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::arrow::encode_arrow_schema;

    fn field(name: &str, data_type: DataType) -> Field {
        Field::new(name, data_type, true)
    }

    fn list(data_type: DataType) -> Arc<Field> {
        Arc::new(field("each", data_type))
    }

    /// Every kind of type that a column can have.
    fn schema() -> Schema {
        use DataType::*;
        use TimeUnit::*;
        let flat = vec![
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
            Utf8,
            LargeUtf8,
            Utf8View,
            Binary,
            LargeBinary,
            BinaryView,
            FixedSizeBinary(7),
            Date32,
            Date64,
            Time32(Second),
            Time32(Millisecond),
            Time64(Microsecond),
            Time64(Nanosecond),
            Timestamp(Second, None),
            Timestamp(Nanosecond, Some("Europe/Berlin".into())),
            Duration(Second),
            Duration(Nanosecond),
            Interval(IntervalUnit::MonthDayNano),
            Decimal32(9, 2),
            Decimal64(18, -3),
            Decimal128(38, 38),
            Decimal256(76, 0),
            Dictionary(Box::new(UInt16), Box::new(LargeUtf8)),
        ];
        let flat: Fields = flat.into_iter().map(|data_type| field("flat", data_type)).collect();
        let entries = Struct(vec![Field::new("k", Utf8, false), field("v", Struct(flat.clone()))].into());
        let nested = vec![
            field("list", List(list(LargeList(list(Struct(flat.clone())))))),
            field("three", FixedSizeList(list(Int8), 3)),
            field("map", Map(Arc::new(Field::new("pairs", entries, false)), true)),
            Field::new("\u{e4}", Struct(flat), false).with_metadata(Metadata::from([("a", "b"), ("", "c")])),
        ];
        Schema::new_with_metadata(nested, Metadata::from([("pandas", "{}")]))
    }

    #[test]
    fn all_types_come_back() {
        let schema = schema();
        let hint = encode_arrow_schema(&schema);
        assert_eq!(decode(&hint).unwrap(), schema);
        assert_eq!(decode(hint.trim_end_matches('=')).unwrap(), schema);
        let bytes = BASE64.decode(&hint).unwrap();
        assert_eq!(decode(&BASE64.encode(&bytes[8..])).unwrap(), schema, "as old writers put it");
    }

    #[test]
    fn broken_hints_are_none() {
        for text in ["", "=", "AAAA", "////////", "not base64!", "/////wAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn damaged_hints_do_no_harm() {
        let bytes = BASE64.decode(encode_arrow_schema(&schema())).unwrap();
        for length in 0..bytes.len() {
            decode(&BASE64.encode(&bytes[..length]));
        }
        for place in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff, bytes[place] ^ 0x10] {
                let mut damaged = bytes.clone();
                damaged[place] = value;
                decode(&BASE64.encode(&damaged));
            }
        }
    }

    #[test]
    fn nesting_is_limited() {
        let nested = |depth| {
            let data_type = (1..depth).fold(DataType::Int8, |data_type, _| DataType::List(list(data_type)));
            encode_arrow_schema(&Schema::new(vec![field("deep", data_type)]))
        };
        assert!(decode(&nested(200)).is_some());
        assert!(decode(&nested(LARGEST_DEPTH + 1)).is_none());
    }

    #[test]
    fn tables_that_share_their_bytes_do_not_multiply() {
        // A field that has a hundred children, which are all one field, which has a hundred children, and so on.
        let mut bytes = Vec::new();
        let put = |bytes: &mut Vec<u8>, values: &[u32]| values.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
        // Where the message is; its vtable at 4, with the type of the header at 4 and the header at 8.
        put(&mut bytes, &[16, 10 | 12 << 16, 4 << 16, 8]);
        // The message at 16. The vtable of the schema at 28, with the fields at 4. The schema at 40.
        put(&mut bytes, &[12, 1, 16]);
        put(&mut bytes, &[8 | 8 << 16, 4 << 16, 0]);
        put(&mut bytes, &[12, 4]);
        // Its one field at 72. The vtable of all fields at 56, with the children at 4.
        put(&mut bytes, &[1, 20]);
        put(&mut bytes, &[16 | 8 << 16, 0, 0, 4 << 16]);
        let fields_of = |levels: u32, children: u32| {
            let mut bytes = bytes.clone();
            for level in 0..levels {
                let children = if level + 1 == levels { 0 } else { children };
                let back = bytes.len() as u32 - 56;
                put(&mut bytes, &[back, 4, children]);
                (0..children).for_each(|child| put(&mut bytes, &[4 * (children - child)]));
            }
            decode(&BASE64.encode(&bytes))
        };
        assert_eq!(fields_of(3, 1).unwrap().fields().len(), 1, "a sound message");
        assert_eq!(fields_of(6, 100), None);
    }
}
