//! The column types of generated files: the Parquet type of each, and its values made from 64-bit keys.
//!
//! A key stands for one value: equal keys give equal values, so that the shape of the keys (distinct, few, runs) is
//! the shape of the values.

use std::sync::Arc;

use half::f16;
use parquet::basic::{ConvertedType, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::Int96;
use parquet::schema::types::{Type, TypePtr};

use super::random::mix;

/// One column type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    /// INT32 and INT64 with no logical type.
    PlainInt32,
    PlainInt64,
    Float16,
    Float32,
    Float64,
    /// Decimals, by what they are stored as.
    DecimalInt32,
    DecimalInt64,
    DecimalFixed(usize, i32),
    DecimalBytes(i32),
    Date32,
    Time32Millis,
    Time64Micros,
    Time64Nanos,
    Timestamp(Unit, bool),
    Int96,
    Utf8,
    Binary,
    Fixed(usize),
    Uuid,
    Enum,
    Json,
    Bson,
    Interval,
    /// LogicalType UNKNOWN: nulls only.
    Null,
}

/// Unit of a timestamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Millis,
    Micros,
    Nanos,
}

/// Every type that generated files have.
pub const ALL: &[Kind] = &[
    Kind::Bool,
    Kind::Int8,
    Kind::Int16,
    Kind::Int32,
    Kind::Int64,
    Kind::UInt8,
    Kind::UInt16,
    Kind::UInt32,
    Kind::UInt64,
    Kind::PlainInt32,
    Kind::PlainInt64,
    Kind::Float16,
    Kind::Float32,
    Kind::Float64,
    Kind::DecimalInt32,
    Kind::DecimalInt64,
    Kind::DecimalFixed(1, 2),
    Kind::DecimalFixed(7, 15),
    Kind::DecimalFixed(16, 38),
    Kind::DecimalFixed(24, 56),
    Kind::DecimalFixed(32, 76),
    Kind::DecimalBytes(20),
    Kind::DecimalBytes(60),
    Kind::Date32,
    Kind::Time32Millis,
    Kind::Time64Micros,
    Kind::Time64Nanos,
    Kind::Timestamp(Unit::Millis, true),
    Kind::Timestamp(Unit::Millis, false),
    Kind::Timestamp(Unit::Micros, true),
    Kind::Timestamp(Unit::Micros, false),
    Kind::Timestamp(Unit::Nanos, true),
    Kind::Timestamp(Unit::Nanos, false),
    Kind::Int96,
    Kind::Utf8,
    Kind::Binary,
    Kind::Fixed(1),
    Kind::Fixed(5),
    Kind::Fixed(16),
    Kind::Uuid,
    Kind::Enum,
    Kind::Json,
    Kind::Bson,
    Kind::Interval,
    Kind::Null,
];

/// The values of one column, one entry a row, those of null rows included.
#[derive(Debug, Clone)]
pub enum Cells {
    Bool(Vec<bool>),
    Int32(Vec<i32>),
    Int64(Vec<i64>),
    Int96(Vec<Int96>),
    Float(Vec<f32>),
    Double(Vec<f64>),
    Bytes(Vec<Vec<u8>>),
    Fixed(Vec<Vec<u8>>),
}

/// How long values of variable length are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lengths {
    /// 0 to 24 bytes: on both sides of what a view holds inline.
    Short,
    /// Half of them empty.
    OftenEmpty,
    /// 100 to 1100 bytes.
    Long,
}

impl Kind {
    /// The Parquet type of a column `name` of this kind.
    pub fn parquet_type(self, name: &str, repetition: Repetition) -> TypePtr {
        let builder = Type::primitive_type_builder(name, self.physical()).with_repetition(repetition);
        let builder = match self {
            Kind::Interval => builder.with_converted_type(ConvertedType::INTERVAL).with_length(12),
            _ => builder.with_logical_type(self.logical()).with_length(self.fixed_length()),
        };
        let (precision, scale) = self.precision_and_scale();
        Arc::new(builder.with_precision(precision).with_scale(scale).build().expect("a valid Parquet type"))
    }

    fn physical(self) -> Physical {
        match self {
            Kind::Bool => Physical::BOOLEAN,
            Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::UInt8 | Kind::UInt16 | Kind::UInt32 => Physical::INT32,
            Kind::PlainInt32 | Kind::DecimalInt32 | Kind::Date32 | Kind::Time32Millis | Kind::Null => Physical::INT32,
            Kind::Int64 | Kind::UInt64 | Kind::PlainInt64 | Kind::DecimalInt64 => Physical::INT64,
            Kind::Time64Micros | Kind::Time64Nanos | Kind::Timestamp(..) => Physical::INT64,
            Kind::Int96 => Physical::INT96,
            Kind::Float32 => Physical::FLOAT,
            Kind::Float64 => Physical::DOUBLE,
            Kind::DecimalBytes(_) | Kind::Utf8 | Kind::Binary | Kind::Enum | Kind::Json | Kind::Bson => {
                Physical::BYTE_ARRAY
            }
            Kind::Float16 | Kind::DecimalFixed(..) | Kind::Fixed(_) | Kind::Uuid | Kind::Interval => {
                Physical::FIXED_LEN_BYTE_ARRAY
            }
        }
    }

    fn fixed_length(self) -> i32 {
        match self {
            Kind::Float16 => 2,
            Kind::DecimalFixed(bytes, _) | Kind::Fixed(bytes) => bytes as i32,
            Kind::Uuid => 16,
            Kind::Interval => 12,
            _ => -1,
        }
    }

    fn precision_and_scale(self) -> (i32, i32) {
        match self {
            Kind::DecimalInt32 => (9, 2),
            Kind::DecimalInt64 => (18, 4),
            Kind::DecimalFixed(_, precision) | Kind::DecimalBytes(precision) => (precision, 1),
            _ => (-1, -1),
        }
    }

    fn logical(self) -> Option<LogicalType> {
        let (precision, scale) = self.precision_and_scale();
        if precision > 0 {
            return Some(LogicalType::decimal(scale, precision));
        }
        match self {
            Kind::Int8 => Some(LogicalType::integer(8, true)),
            Kind::Int16 => Some(LogicalType::integer(16, true)),
            Kind::Int32 => Some(LogicalType::integer(32, true)),
            Kind::Int64 => Some(LogicalType::integer(64, true)),
            Kind::UInt8 => Some(LogicalType::integer(8, false)),
            Kind::UInt16 => Some(LogicalType::integer(16, false)),
            Kind::UInt32 => Some(LogicalType::integer(32, false)),
            Kind::UInt64 => Some(LogicalType::integer(64, false)),
            Kind::Float16 => Some(LogicalType::Float16),
            Kind::Date32 => Some(LogicalType::Date),
            Kind::Time32Millis => Some(LogicalType::time(false, TimeUnit::MILLIS)),
            Kind::Time64Micros => Some(LogicalType::time(true, TimeUnit::MICROS)),
            Kind::Time64Nanos => Some(LogicalType::time(false, TimeUnit::NANOS)),
            Kind::Timestamp(Unit::Millis, utc) => Some(LogicalType::timestamp(utc, TimeUnit::MILLIS)),
            Kind::Timestamp(Unit::Micros, utc) => Some(LogicalType::timestamp(utc, TimeUnit::MICROS)),
            Kind::Timestamp(Unit::Nanos, utc) => Some(LogicalType::timestamp(utc, TimeUnit::NANOS)),
            Kind::Utf8 => Some(LogicalType::String),
            Kind::Uuid => Some(LogicalType::Uuid),
            Kind::Enum => Some(LogicalType::Enum),
            Kind::Json => Some(LogicalType::Json),
            Kind::Bson => Some(LogicalType::Bson),
            Kind::Null => Some(LogicalType::Unknown),
            _ => None,
        }
    }

    /// True where a dictionary makes sense to the writer.
    pub fn takes_dictionary(self) -> bool {
        !matches!(self, Kind::Bool)
    }

    /// The encodings that the format allows for these values, PLAIN and dictionaries apart.
    pub fn encodings(self) -> &'static [Encoding] {
        match self {
            Kind::Bool => &[Encoding::RLE],
            Kind::Int96 => &[],
            Kind::Float32 | Kind::Float64 => &[Encoding::BYTE_STREAM_SPLIT],
            Kind::Utf8 | Kind::Binary | Kind::Enum | Kind::Json | Kind::Bson | Kind::DecimalBytes(_) => {
                &[Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY]
            }
            Kind::Fixed(_) | Kind::Uuid | Kind::Interval | Kind::Float16 | Kind::DecimalFixed(..) => {
                &[Encoding::DELTA_BYTE_ARRAY, Encoding::BYTE_STREAM_SPLIT]
            }
            _ => &[Encoding::DELTA_BINARY_PACKED, Encoding::BYTE_STREAM_SPLIT],
        }
    }

    /// The values that `keys` stand for.
    pub fn cells(self, keys: &[u64], lengths: Lengths) -> Cells {
        match self.physical() {
            Physical::BOOLEAN => Cells::Bool(keys.iter().map(|key| mix(*key) & 1 == 1).collect()),
            Physical::INT32 => Cells::Int32(keys.iter().map(|key| self.int32(mix(*key))).collect()),
            Physical::INT64 => Cells::Int64(keys.iter().map(|key| self.int64(mix(*key))).collect()),
            Physical::INT96 => Cells::Int96(keys.iter().map(|key| int96(mix(*key))).collect()),
            Physical::FLOAT => Cells::Float(keys.iter().map(|key| f32::from_bits(mix(*key) as u32)).collect()),
            Physical::DOUBLE => Cells::Double(keys.iter().map(|key| f64::from_bits(mix(*key))).collect()),
            Physical::BYTE_ARRAY => Cells::Bytes(keys.iter().map(|key| self.bytes(*key, lengths)).collect()),
            Physical::FIXED_LEN_BYTE_ARRAY => Cells::Fixed(keys.iter().map(|key| self.fixed(*key)).collect()),
        }
    }

    fn int32(self, bits: u64) -> i32 {
        match self {
            Kind::Int8 => bits as i8 as i32,
            Kind::Int16 => bits as i16 as i32,
            Kind::UInt8 => bits as u8 as i32,
            Kind::UInt16 => bits as u16 as i32,
            Kind::DecimalInt32 => (bits % 1_999_999_999) as i32 - 999_999_999,
            Kind::Time32Millis => (bits % 86_400_000) as i32,
            _ => bits as i32,
        }
    }

    fn int64(self, bits: u64) -> i64 {
        match self {
            Kind::DecimalInt64 => (bits % 1_999_999_999_999_999_999) as i64 - 999_999_999_999_999_999,
            Kind::Time64Micros => (bits % 86_400_000_000) as i64,
            Kind::Time64Nanos => (bits % 86_400_000_000_000) as i64,
            _ => bits as i64,
        }
    }

    fn bytes(self, key: u64, lengths: Lengths) -> Vec<u8> {
        let bits = mix(key);
        let length = match lengths {
            Lengths::Short => (bits % 25) as usize,
            Lengths::OftenEmpty if bits.is_multiple_of(2) => 0,
            Lengths::OftenEmpty => (bits / 2 % 9) as usize,
            Lengths::Long => 100 + (bits % 1001) as usize,
        };
        match self {
            Kind::DecimalBytes(precision) => {
                let whole = big_endian_decimal(key, 32, precision);
                let needed = 32 - leading_sign_bytes(&whole);
                whole[32 - (needed + (bits % 2) as usize).min(32)..].to_vec()
            }
            Kind::Binary | Kind::Bson => noise(key, length),
            _ => text(key, length).into_bytes(),
        }
    }

    fn fixed(self, key: u64) -> Vec<u8> {
        match self {
            Kind::Float16 => f16::from_bits(mix(key) as u16).to_le_bytes().to_vec(),
            Kind::DecimalFixed(bytes, precision) => big_endian_decimal(key, bytes, precision),
            Kind::Fixed(bytes) => noise(key, bytes),
            Kind::Interval => {
                let bits = mix(key);
                let fields = [(bits % 5000) as u32, (bits >> 16) as u32 % 400, (bits >> 32) as u32];
                fields.iter().flat_map(|field| field.to_le_bytes()).collect()
            }
            _ => noise(key, 16),
        }
    }
}

/// A moment within 270 years of 1970, so that it fits 64-bit nanoseconds.
fn int96(bits: u64) -> Int96 {
    let julian_day = 2_440_588 - 100_000 + (bits % 200_000) as u32;
    let nanos_of_day = (bits >> 16) % 86_400_000_000_000;
    let mut value = Int96::new();
    value.set_data(nanos_of_day as u32, (nanos_of_day >> 32) as u32, julian_day);
    value
}

/// `length` bytes without a pattern.
fn noise(key: u64, length: usize) -> Vec<u8> {
    (0..length).map(|index| mix(mix(key) ^ (index as u64 / 8)).to_le_bytes()[index % 8]).collect()
}

/// Text of `length` bytes with letters of one, two and four bytes.
fn text(key: u64, length: usize) -> String {
    const LETTERS: [&str; 8] = ["a", "e", "t", "q", " ", "\u{e9}", "Z", "\u{1f980}"];
    let mut text = String::with_capacity(length);
    for byte in noise(key, length) {
        let letter = LETTERS[byte as usize % 8];
        text.push_str(if text.len() + letter.len() <= length { letter } else { "." });
        if text.len() >= length {
            break;
        }
    }
    text
}

/// A number of at most `precision` digits as `length` big-endian bytes in two's complement.
fn big_endian_decimal(key: u64, length: usize, precision: i32) -> Vec<u8> {
    let mut magnitude = vec![0u8; length];
    let digits = 1 + (mix(key ^ 77) % precision as u64) as usize;
    for digit in noise(key, digits) {
        let mut carry = (digit % 10) as u32;
        for byte in magnitude.iter_mut().rev() {
            let value = *byte as u32 * 10 + carry;
            *byte = value as u8;
            carry = value >> 8;
        }
    }
    if mix(key) & 1 == 1 {
        negate(&mut magnitude);
    }
    magnitude
}

fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes.iter_mut().rev() {
        let (value, overflow) = (!*byte).overflowing_add(carry as u8);
        *byte = value;
        carry = overflow;
    }
}

/// Leading bytes that only repeat the sign, at least one byte staying.
fn leading_sign_bytes(bytes: &[u8]) -> usize {
    let sign = if bytes[0] & 0x80 == 0 { 0 } else { 0xff };
    let same = bytes.iter().take_while(|byte| **byte == sign).count().min(bytes.len() - 1);
    let sign_bit_kept = same == 0 || (bytes[same] & 0x80 == sign & 0x80);
    if sign_bit_kept { same } else { same - 1 }
}
