//! Literals as values of a column's type, without loss.

use std::sync::Arc;

use arrow_array::types::*;
use arrow_array::{
    ArrayRef, BinaryArray, BinaryViewArray, BooleanArray, FixedSizeBinaryArray, LargeBinaryArray, LargeStringArray,
    PrimitiveArray, StringArray, StringViewArray, new_null_array,
};
use arrow_buffer::i256;
use arrow_schema::{DataType, TimeUnit};

use super::calendar::{parse_time, parse_timestamp};
use super::value::{Exact, Float, NANOS_OF_DAY, Value, nanos_of};

/// Why a literal is not a value of the column's type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Misfit {
    /// There is no order of such values, or the two types have nothing in common.
    Type,
    /// This value has no equal in the type.
    Value(Value),
}

type Fit<T> = Result<T, Misfit>;

/// The literals as an array of the type.
pub(super) fn as_type(literals: &[Value], data_type: &DataType) -> Fit<ArrayRef> {
    Ok(match data_type {
        DataType::Null => new_null_array(data_type, literals.len()),
        DataType::Boolean => Arc::new(BooleanArray::from(each(literals, boolean)?)),
        DataType::Float16 => Arc::new(PrimitiveArray::<Float16Type>::from(each(literals, float16)?)),
        DataType::Float32 => Arc::new(PrimitiveArray::<Float32Type>::from(each(literals, float32)?)),
        DataType::Float64 => Arc::new(PrimitiveArray::<Float64Type>::from(each(literals, float64)?)),
        DataType::Utf8 => Arc::new(StringArray::from(each(literals, text)?)),
        DataType::LargeUtf8 => Arc::new(LargeStringArray::from(each(literals, text)?)),
        DataType::Utf8View => Arc::new(StringViewArray::from_iter(each(literals, text)?)),
        DataType::Binary => Arc::new(BinaryArray::from_iter(each(literals, bytes)?)),
        DataType::LargeBinary => Arc::new(LargeBinaryArray::from_iter(each(literals, bytes)?)),
        DataType::BinaryView => Arc::new(BinaryViewArray::from_iter(each(literals, bytes)?)),
        DataType::FixedSizeBinary(width) => fixed_size(literals, *width)?,
        _ => fixed_point(literals, data_type)?,
    })
}

/// Each literal by itself; null stays null.
fn each<'a, T>(literals: &'a [Value], convert: impl Fn(&'a Value) -> Fit<Option<T>>) -> Fit<Vec<Option<T>>> {
    let converted = |literal| match literal {
        &Value::Null => Ok(None),
        literal => convert(literal)?.map(Some).ok_or_else(|| Misfit::Value(literal.clone())),
    };
    literals.iter().map(converted).collect()
}

fn boolean(literal: &Value) -> Fit<Option<bool>> {
    match literal {
        Value::Boolean(value) => Ok(Some(*value)),
        _ => Err(Misfit::Type),
    }
}

fn text(literal: &Value) -> Fit<Option<&str>> {
    match literal {
        Value::Text(text) => Ok(Some(text)),
        Value::Bytes(bytes) => Ok(std::str::from_utf8(bytes).ok()),
        _ => Err(Misfit::Type),
    }
}

fn bytes(literal: &Value) -> Fit<Option<&[u8]>> {
    match literal {
        Value::Text(text) => Ok(Some(text.as_bytes())),
        Value::Bytes(bytes) => Ok(Some(bytes)),
        _ => Err(Misfit::Type),
    }
}

fn fixed_size(literals: &[Value], width: i32) -> Fit<ArrayRef> {
    let fits = |literal| Ok(bytes(literal)?.filter(|bytes| i32::try_from(bytes.len()) == Ok(width)));
    let values = each(literals, fits)?;
    let array = FixedSizeBinaryArray::try_from_sparse_iter_with_size(values.into_iter(), width);
    array.map(|array| Arc::new(array) as ArrayRef).map_err(|_| Misfit::Type)
}

fn float64(literal: &Value) -> Fit<Option<f64>> {
    match literal {
        Value::Float(float) => Ok(Some(float.double())),
        Value::Exact(number) => {
            let nearest = number.text().parse().ok().filter(|nearest: &f64| nearest.is_finite());
            Ok(nearest.filter(|nearest| !number.is_integer || is_same(*number, *nearest)))
        }
        _ => Err(Misfit::Type),
    }
}

fn float32(literal: &Value) -> Fit<Option<f32>> {
    match literal {
        Value::Float(Float::Single(value)) => Ok(Some(*value)),
        Value::Float(Float::Double(value)) => {
            #[allow(clippy::cast_possible_truncation)] // what it does is looked at next
            let nearest = *value as f32;
            Ok((value.is_nan() || f64::from(nearest) == *value).then_some(nearest))
        }
        Value::Exact(number) => {
            let nearest = number.text().parse().ok().filter(|nearest: &f32| nearest.is_finite());
            Ok(nearest.filter(|nearest| !number.is_integer || is_same(*number, f64::from(*nearest))))
        }
        _ => Err(Misfit::Type),
    }
}

fn float16(literal: &Value) -> Fit<Option<<Float16Type as ArrowPrimitiveType>::Native>> {
    type Half = <Float16Type as ArrowPrimitiveType>::Native;
    let is_approximation = matches!(literal, Value::Exact(Exact { is_integer: false, .. }));
    let Some(wide) = float64(literal)? else { return Ok(None) };
    let nearest = Half::from_f64(wide);
    let fits = wide.is_nan() || nearest.to_f64() == wide || (is_approximation && nearest.is_finite());
    Ok(fits.then_some(nearest))
}

/// Whether the integer is this number: with all its digits, not as it is commonly written.
fn is_same(integer: Exact, float: f64) -> bool {
    Exact::parse(&format!("{float:.0}")).is_some_and(|float| float.unscaled == integer.unscaled)
}

/// Types whose values are integers times a constant.
fn fixed_point(literals: &[Value], data_type: &DataType) -> Fit<ArrayRef> {
    macro_rules! array {
        ($type:ty) => {{
            let value = |literal| Ok(unscaled(literal, data_type)?.and_then(Narrow::narrow));
            Arc::new(PrimitiveArray::<$type>::from(each(literals, value)?).with_data_type(data_type.clone()))
        }};
    }
    Ok(match data_type {
        DataType::Int8 => array!(Int8Type),
        DataType::Int16 => array!(Int16Type),
        DataType::Int32 => array!(Int32Type),
        DataType::Int64 => array!(Int64Type),
        DataType::UInt8 => array!(UInt8Type),
        DataType::UInt16 => array!(UInt16Type),
        DataType::UInt32 => array!(UInt32Type),
        DataType::UInt64 => array!(UInt64Type),
        DataType::Decimal32(..) => array!(Decimal32Type),
        DataType::Decimal64(..) => array!(Decimal64Type),
        DataType::Decimal128(..) => array!(Decimal128Type),
        DataType::Decimal256(..) => array!(Decimal256Type),
        DataType::Date32 => array!(Date32Type),
        DataType::Date64 => array!(Date64Type),
        DataType::Time32(TimeUnit::Second) => array!(Time32SecondType),
        DataType::Time32(TimeUnit::Millisecond) => array!(Time32MillisecondType),
        DataType::Time64(TimeUnit::Microsecond) => array!(Time64MicrosecondType),
        DataType::Time64(TimeUnit::Nanosecond) => array!(Time64NanosecondType),
        DataType::Timestamp(TimeUnit::Second, _) => array!(TimestampSecondType),
        DataType::Timestamp(TimeUnit::Millisecond, _) => array!(TimestampMillisecondType),
        DataType::Timestamp(TimeUnit::Microsecond, _) => array!(TimestampMicrosecondType),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => array!(TimestampNanosecondType),
        DataType::Duration(TimeUnit::Second) => array!(DurationSecondType),
        DataType::Duration(TimeUnit::Millisecond) => array!(DurationMillisecondType),
        DataType::Duration(TimeUnit::Microsecond) => array!(DurationMicrosecondType),
        DataType::Duration(TimeUnit::Nanosecond) => array!(DurationNanosecondType),
        _ => return Err(Misfit::Type),
    })
}

/// The integer that stands for the literal in the type, perhaps more than the type can hold.
fn unscaled(literal: &Value, data_type: &DataType) -> Fit<Option<i256>> {
    use DataType::{Date32, Date64, Decimal32, Decimal64, Decimal128, Decimal256, Duration, Time32, Time64, Timestamp};
    match data_type {
        Decimal32(precision, scale)
        | Decimal64(precision, scale)
        | Decimal128(precision, scale)
        | Decimal256(precision, scale) => {
            let limit = i256::from(10).checked_pow((*precision).into()).ok_or(Misfit::Type)?;
            let fits = |value: &i256| value.checked_abs().is_some_and(|value| value < limit);
            Ok(exact(literal)?.and_then(|number| number.at_scale((*scale).into())).filter(fits))
        }
        Date32 => Ok(instant(literal, false)?.and_then(|nanos| in_units(nanos, NANOS_OF_DAY))),
        Date64 => Ok(instant(literal, false)?.and_then(|nanos| in_units(nanos, nanos_of(TimeUnit::Millisecond)))),
        Timestamp(unit, zone) => {
            Ok(instant(literal, zone.is_some())?.and_then(|nanos| in_units(nanos, nanos_of(*unit))))
        }
        Time32(unit) | Time64(unit) => match literal {
            Value::Time { nanos } => Ok(in_units(*nanos, nanos_of(*unit))),
            Value::Text(text) => Ok(parse_time(text).and_then(|nanos| in_units(nanos, nanos_of(*unit)))),
            _ => Err(Misfit::Type),
        },
        Duration(unit) => match literal {
            Value::Elapsed { nanos } => Ok(in_units(*nanos, nanos_of(*unit))),
            _ => Err(Misfit::Type),
        },
        _ => Ok(exact(literal)?.and_then(|number| number.at_scale(0))),
    }
}

fn exact(literal: &Value) -> Fit<Option<Exact>> {
    match literal {
        Value::Exact(number) => Ok(Some(*number)),
        Value::Float(float) => Ok(float.written()),
        _ => Err(Misfit::Type),
    }
}

/// An instant in UTC is none of a clock whose place is not known; the other way round, the clock is taken to show UTC.
fn instant(literal: &Value, column_is_utc: bool) -> Fit<Option<i128>> {
    match literal {
        Value::Instant { is_utc: true, .. } if !column_is_utc => Err(Misfit::Type),
        Value::Instant { nanos, .. } => Ok(Some(*nanos)),
        Value::Text(text) => Ok(parse_timestamp(text).filter(|(_, is_utc)| column_is_utc || !is_utc).map(|at| at.0)),
        _ => Err(Misfit::Type),
    }
}

fn in_units(nanos: i128, unit: i128) -> Option<i256> {
    let rest = nanos.checked_rem(unit)?;
    if rest == 0 { nanos.checked_div(unit).map(i256::from_i128) } else { None }
}

/// Native integers of Arrow arrays.
trait Narrow: Sized {
    /// The same number, where the type has it.
    fn narrow(wide: i256) -> Option<Self>;
}

macro_rules! narrow {
    ($($native:ty),*) => {
        $(impl Narrow for $native {
            fn narrow(wide: i256) -> Option<Self> {
                wide.to_i128().and_then(|wide| wide.try_into().ok())
            }
        })*
    };
}

narrow!(i8, i16, i32, i64, i128, u8, u16, u32, u64);

impl Narrow for i256 {
    fn narrow(wide: i256) -> Option<Self> {
        Some(wide)
    }
}
