//! Single literals, apart from the Arrow type that they came in.

use std::fmt;

use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_array::{Array, ArrayRef, downcast_integer_array};
use arrow_buffer::i256;
use arrow_schema::{DataType, TimeUnit};

use super::bytes::byte_values;

/// A literal.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    /// An integer or a decimal.
    Exact(Exact),
    Float(Float),
    /// A date, which is its midnight, or a timestamp: nanoseconds from 1970, and whether in UTC or at no place known.
    Instant {
        nanos: i128,
        is_utc: bool,
    },
    /// A time of day.
    Time {
        nanos: i128,
    },
    /// A length of time.
    Elapsed {
        nanos: i128,
    },
    Text(String),
    Bytes(Vec<u8>),
}

/// `unscaled` divided by ten to the power of `scale`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Exact {
    pub unscaled: i256,
    pub scale: i32,
    /// It was an integer, which is no approximation of anything.
    pub is_integer: bool,
}

/// A floating-point number, as wide as it came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Float {
    Single(f32),
    Double(f64),
}

pub(super) const NANOS_OF_DAY: i128 = 86_400_000_000_000;

pub(super) fn nanos_of(unit: TimeUnit) -> i128 {
    match unit {
        TimeUnit::Second => 1_000_000_000,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1000,
        TimeUnit::Nanosecond => 1,
    }
}

impl Float {
    pub(super) fn is_nan(self) -> bool {
        match self {
            Self::Single(value) => value.is_nan(),
            Self::Double(value) => value.is_nan(),
        }
    }

    pub(super) fn double(self) -> f64 {
        match self {
            Self::Single(value) => f64::from(value),
            Self::Double(value) => value,
        }
    }

    /// The number as it is written: with the fewest digits that mean this number and no other of its width.
    pub(super) fn written(self) -> Option<Exact> {
        match self {
            Self::Single(value) => Exact::parse(&format!("{value:e}")),
            Self::Double(value) => Exact::parse(&format!("{value:e}")),
        }
    }
}

impl Exact {
    /// The number of digits with perhaps a sign, a point and an exponent; none where it is none, or too large.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        let is_number = digits.trim_start_matches(['-', '+']).bytes().all(|byte| byte.is_ascii_digit());
        let unscaled = i256::from_string(digits.strip_prefix('+').unwrap_or(&digits)).filter(|_| is_number)?;
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        Some(Self { unscaled, scale, is_integer: false })
    }

    /// The unscaled number of the same value at another scale, where there is one.
    pub(super) fn at_scale(self, scale: i32) -> Option<i256> {
        if self.unscaled == i256::ZERO {
            return Some(i256::ZERO);
        }
        let shift = scale.checked_sub(self.scale)?;
        let factor = i256::from(10).checked_pow(shift.unsigned_abs())?;
        if shift >= 0 {
            return self.unscaled.checked_mul(factor);
        }
        let rest = self.unscaled.checked_rem(factor)?;
        if rest == i256::ZERO { self.unscaled.checked_div(factor) } else { None }
    }

    /// The text that the number parsers of the standard library read.
    pub(super) fn text(self) -> String {
        let exponent = self.scale.saturating_neg();
        if exponent == 0 { self.unscaled.to_string() } else { format!("{}e{exponent}", self.unscaled) }
    }
}

impl Value {
    /// The values of an array, where its type is one that literals can have.
    pub(super) fn of(array: &dyn Array) -> Option<Vec<Self>> {
        if let DataType::Dictionary(..) = array.data_type() {
            let dictionary = array.as_any_dictionary_opt()?;
            let values = Self::of(&**dictionary.values())?;
            let keys = dictionary.normalized_keys();
            let value = |(index, key): (usize, usize)| match array.is_valid(index) {
                true => values.get(key).cloned(),
                false => Some(Self::Null),
            };
            return keys.into_iter().enumerate().map(value).collect();
        }
        let mut values = Self::of_valid(array)?;
        for (index, value) in values.iter_mut().enumerate() {
            if array.is_null(index) {
                *value = Self::Null;
            }
        }
        Some(values)
    }

    fn of_valid(array: &dyn Array) -> Option<Vec<Self>> {
        macro_rules! each {
            ($type:ty, $value:expr) => {
                array.as_primitive::<$type>().values().iter().map(|value| $value(*value)).collect()
            };
        }
        macro_rules! integers {
            ($array:ident) => {
                $array.values().iter().map(|value| exact(i256::from_i128(i128::from(*value)), 0, true)).collect()
            };
        }
        let double = |value| Self::Float(Float::Double(value));
        let single = |value| Self::Float(Float::Single(value));
        Some(match array.data_type() {
            DataType::Null => vec![Self::Null; array.len()],
            DataType::Boolean => array.as_boolean().values().iter().map(Self::Boolean).collect(),
            data_type if data_type.is_integer() => downcast_integer_array! {
                array => integers!(array),
                _ => return None,
            },
            DataType::Float16 => {
                each!(Float16Type, |value: <Float16Type as ArrowPrimitiveType>::Native| single(value.to_f32()))
            }
            DataType::Float32 => each!(Float32Type, single),
            DataType::Float64 => each!(Float64Type, double),
            DataType::Decimal32(_, scale) => {
                each!(Decimal32Type, |value| exact(i256::from_i128(i128::from(value)), *scale, false))
            }
            DataType::Decimal64(_, scale) => {
                each!(Decimal64Type, |value| exact(i256::from_i128(i128::from(value)), *scale, false))
            }
            DataType::Decimal128(_, scale) => {
                each!(Decimal128Type, |value| exact(i256::from_i128(value), *scale, false))
            }
            DataType::Decimal256(_, scale) => each!(Decimal256Type, |value| exact(value, *scale, false)),
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => byte_values(array)
                .ok()?
                .into_iter()
                .map(|bytes| Self::Text(String::from_utf8_lossy(bytes).into_owned()))
                .collect(),
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                byte_values(array).ok()?.into_iter().map(|bytes| Self::Bytes(bytes.to_vec())).collect()
            }
            _ => return Self::of_temporal(array),
        })
    }

    fn of_temporal(array: &dyn Array) -> Option<Vec<Self>> {
        macro_rules! each {
            ($type:ty, $value:expr) => {
                array.as_primitive::<$type>().values().iter().map(|value| $value(i128::from(*value))).collect()
            };
        }
        let instant = |value: i128, nanos: i128, is_utc| Self::Instant { nanos: value.saturating_mul(nanos), is_utc };
        let time = |value: i128, unit| Self::Time { nanos: value.saturating_mul(nanos_of(unit)) };
        Some(match array.data_type() {
            DataType::Date32 => each!(Date32Type, |value| instant(value, NANOS_OF_DAY, false)),
            DataType::Date64 => each!(Date64Type, |value| instant(value, 1_000_000, false)),
            DataType::Time32(TimeUnit::Second) => each!(Time32SecondType, |value| time(value, TimeUnit::Second)),
            DataType::Time32(unit) => each!(Time32MillisecondType, |value| time(value, *unit)),
            DataType::Time64(TimeUnit::Microsecond) => {
                each!(Time64MicrosecondType, |value| time(value, TimeUnit::Microsecond))
            }
            DataType::Time64(unit) => each!(Time64NanosecondType, |value| time(value, *unit)),
            DataType::Timestamp(unit, zone) => {
                let value = |value| instant(value, nanos_of(*unit), zone.is_some());
                match unit {
                    TimeUnit::Second => each!(TimestampSecondType, value),
                    TimeUnit::Millisecond => each!(TimestampMillisecondType, value),
                    TimeUnit::Microsecond => each!(TimestampMicrosecondType, value),
                    TimeUnit::Nanosecond => each!(TimestampNanosecondType, value),
                }
            }
            DataType::Duration(unit) => {
                let value = |value: i128| Self::Elapsed { nanos: value.saturating_mul(nanos_of(*unit)) };
                match unit {
                    TimeUnit::Second => each!(DurationSecondType, value),
                    TimeUnit::Millisecond => each!(DurationMillisecondType, value),
                    TimeUnit::Microsecond => each!(DurationMicrosecondType, value),
                    TimeUnit::Nanosecond => each!(DurationNanosecondType, value),
                }
            }
            _ => return None,
        })
    }
}

fn exact(unscaled: i256, scale: impl Into<i32>, is_integer: bool) -> Value {
    Value::Exact(Exact { unscaled, scale: scale.into(), is_integer })
}

/// In the manner of SQL.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("NULL"),
            Self::Boolean(value) => f.write_str(if *value { "TRUE" } else { "FALSE" }),
            Self::Exact(number) => f.write_str(&decimal_text(*number)),
            Self::Float(Float::Single(value)) => write!(f, "{value:e}"),
            Self::Float(Float::Double(value)) => write!(f, "{value:e}"),
            Self::Instant { nanos, is_utc } => f.write_str(&super::calendar::instant_text(*nanos, *is_utc)),
            Self::Time { nanos } => f.write_str(&super::calendar::time_text(*nanos)),
            Self::Elapsed { nanos } => write!(f, "{nanos} ns"),
            Self::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Self::Bytes(bytes) => {
                f.write_str("X'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("'")
            }
        }
    }
}

fn decimal_text(number: Exact) -> String {
    let digits = number.unscaled.to_string();
    let (sign, digits) = digits.strip_prefix('-').map_or(("", &*digits), |digits| ("-", digits));
    let scale = usize::try_from(number.scale).unwrap_or(0);
    let padded = format!("{digits:0>width$}", width = scale.saturating_add(1));
    match padded.split_at_checked(padded.len().saturating_sub(scale)) {
        Some((whole, fraction)) if scale > 0 => format!("{sign}{whole}.{fraction}"),
        _ => number.text(),
    }
}

/// The values of an array for display, the first few of them.
pub(super) struct Listed<'a>(pub &'a ArrayRef);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        let shown = self.0.slice(0, self.0.len().min(SHOWN));
        let Some(values) = Value::of(&*shown) else { return write!(f, "{}", self.0.data_type()) };
        for (index, value) in values.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{value}")?;
        }
        if self.0.len() > SHOWN { write!(f, ", ... {} in all", self.0.len()) } else { Ok(()) }
    }
}
