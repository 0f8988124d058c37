//! Literals of SQL as Arrow arrays of their own types.

use arrow_array::{ArrayRef, new_empty_array};
use arrow_buffer::i256;
use arrow_schema::{DataType, TimeUnit};

use crate::error::{Error, Result};
use crate::predicate::calendar::{parse_date, parse_time, parse_timestamp};
use crate::predicate::literal::as_type;
use crate::predicate::value::{Exact, Float, Value};

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Null,
    Boolean(bool),
    /// An integer or decimal.
    Exact(Exact),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Date(i128),
    Time(i128),
    Timestamp {
        nanos: i128,
        is_utc: bool,
    },
}

type Said<T> = std::result::Result<T, &'static str>;

impl Literal {
    pub(super) fn number(text: &str) -> Said<Self> {
        if text.contains(['e', 'E']) {
            let double = text.parse().ok().filter(|double: &f64| double.is_finite());
            return double.map(Self::Double).ok_or("the number is too large");
        }
        let number = Exact::parse(text).filter(|number| digits(number.unscaled) <= 76 && number.scale <= 76);
        let number = number.ok_or("the number has too many digits: a decimal has 76 at most")?;
        Ok(Self::Exact(Exact { is_integer: !text.contains('.'), ..number }))
    }

    /// `DATE 'text'` and the like.
    pub(super) fn temporal(word: &str, text: &str) -> Said<Self> {
        match word {
            "DATE" => parse_date(text).map(Self::Date).ok_or("a date is written DATE '1994-01-31'"),
            "TIME" => parse_time(text).map(Self::Time).ok_or("a time is written TIME '23:59:59.5'"),
            _ => parse_timestamp(text)
                .map(|(nanos, is_utc)| Self::Timestamp { nanos, is_utc })
                .ok_or("a timestamp is written TIMESTAMP '1994-01-31 23:59:59.5', with Z or +02:00 behind it or not"),
        }
    }

    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(value) => Value::Boolean(*value),
            Self::Exact(number) => Value::Exact(*number),
            Self::Double(value) => Value::Float(Float::Double(*value)),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Bytes(bytes) => Value::Bytes(bytes.clone()),
            Self::Date(nanos) => Value::Instant { nanos: *nanos, is_utc: false },
            Self::Time(nanos) => Value::Time { nanos: *nanos },
            Self::Timestamp { nanos, is_utc } => Value::Instant { nanos: *nanos, is_utc: *is_utc },
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Null => DataType::Null,
            Self::Boolean(_) => DataType::Boolean,
            Self::Exact(number) if number.is_integer => match number.unscaled.to_i128() {
                Some(value) if i64::try_from(value).is_ok() => DataType::Int64,
                Some(value) if u64::try_from(value).is_ok() => DataType::UInt64,
                _ => decimal(digits(number.unscaled), 0),
            },
            Self::Exact(number) => decimal(digits(number.unscaled), number.scale),
            Self::Double(_) => DataType::Float64,
            Self::Text(_) => DataType::Utf8,
            Self::Bytes(_) => DataType::Binary,
            Self::Date(_) => DataType::Date32,
            Self::Time(_) => DataType::Time64(TimeUnit::Nanosecond),
            Self::Timestamp { nanos, is_utc } => {
                // Microseconds reach any year; nanoseconds only three centuries.
                let unit =
                    if nanos.checked_rem(1000) == Some(0) { TimeUnit::Microsecond } else { TimeUnit::Nanosecond };
                DataType::Timestamp(unit, is_utc.then(|| "UTC".into()))
            }
        }
    }
}

/// The literals as one array, of a type that has each of them.
pub(super) fn array_of(literals: &[Literal]) -> Result<ArrayRef> {
    let mut data_type = DataType::Null;
    for literal in literals {
        let next = literal.data_type();
        data_type = common(&data_type, &next).ok_or_else(|| {
            Error::invalid_argument(format!("the literals of a list have the types {data_type} and {next}"))
        })?;
    }
    if literals.is_empty() {
        return Ok(new_empty_array(&data_type));
    }
    let values: Vec<_> = literals.iter().map(Literal::value).collect();
    as_type(&values, &data_type)
        .map_err(|_| Error::invalid_argument(format!("a literal is too large for its type {data_type}")))
}

/// A type that has the values of both.
fn common(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{Date32, Float64, Null, Timestamp};
    match (a, b) {
        (a, b) if a == b => Some(a.clone()),
        (Null, other) | (other, Null) => Some(other.clone()),
        (Timestamp(_, zone), Timestamp(_, other)) if zone == other => {
            Some(Timestamp(TimeUnit::Nanosecond, zone.clone()))
        }
        (Date32, Timestamp(unit, zone)) | (Timestamp(unit, zone), Date32) => Some(Timestamp(*unit, zone.clone())),
        (Float64, other) | (other, Float64) => shape(other).map(|_| Float64),
        _ => {
            let ((whole, scale), (other_whole, other_scale)) = (shape(a)?, shape(b)?);
            let scale = scale.max(other_scale);
            Some(decimal(whole.max(other_whole).saturating_add(scale), scale.into()))
        }
    }
}

/// Digits before and behind the point of an integer or decimal type.
fn shape(data_type: &DataType) -> Option<(u8, u8)> {
    match data_type {
        DataType::Int64 => Some((19, 0)),
        DataType::UInt64 => Some((20, 0)),
        DataType::Decimal128(precision, scale) | DataType::Decimal256(precision, scale) => {
            let scale = u8::try_from(*scale).ok()?;
            Some((precision.saturating_sub(scale), scale))
        }
        _ => None,
    }
}

fn digits(value: i256) -> u8 {
    u8::try_from(value.to_string().trim_start_matches('-').len()).unwrap_or(u8::MAX)
}

/// The decimal type of so many digits, and at least those behind the point.
fn decimal(precision: u8, scale: i32) -> DataType {
    let scale = i8::try_from(scale).unwrap_or(76);
    match precision.max(scale.unsigned_abs()) {
        precision @ ..=38 => DataType::Decimal128(precision, scale),
        precision => DataType::Decimal256(precision.min(76), scale),
    }
}
