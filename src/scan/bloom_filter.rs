//! Arrow values looked for in a bloom filter.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::*;
use arrow_schema::{DataType, TimeUnit};

use crate::error::{Error, Result};
use crate::metadata::{BloomFilter, Probe};
use crate::schema::StringType;
use crate::schema::arrow::leaf_data_type;

impl BloomFilter {
    /// False where no row of the chunk has any of `values`; true where one may have one. Nulls are not looked for.
    ///
    /// The values are to be of the column's type, with the hint of the file's writer or without it. Of integers, of
    /// floating-point numbers, and of strings and binaries any type will do; of decimals any width and precision, of
    /// timestamps any zone. Fails with `InvalidArgument` for others.
    pub fn may_contain_any(&self, values: &dyn Array) -> Result<bool> {
        let column = leaf_data_type(self.leaf(), StringType::default());
        let fits = |column: &DataType| are_comparable(column, values.data_type());
        if !fits(&column) && !fits(self.data_type()) {
            let column = self.data_type();
            let message = format!("values of {} cannot be looked for in a column of {column}", values.data_type());
            return Err(Error::invalid_argument(message));
        }
        for index in (0..values.len()).filter(|&index| values.is_valid(index)) {
            // What has no form to look for may be there.
            let Some(probe) = probe(values, index) else { return Ok(true) };
            let Some(probe) = stored(probe, &column, values.data_type()) else { continue };
            if self.may_contain(probe)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The value as the column has it, which is `column` without any hint; none where it has no such value.
fn stored<'a>(probe: Probe<'a>, column: &DataType, values: &DataType) -> Option<Probe<'a>> {
    const MILLISECONDS_OF_A_DAY: i128 = 86_400_000;
    match (probe, column, values) {
        (Probe::Integer(moment), DataType::Date32, DataType::Date64) => {
            let is_midnight = moment.rem_euclid(MILLISECONDS_OF_A_DAY) == 0;
            is_midnight.then(|| Probe::Integer(moment.div_euclid(MILLISECONDS_OF_A_DAY)))
        }
        (probe, ..) => Some(probe),
    }
}

/// True where a value of one type can be equal to one of the other without a conversion.
fn are_comparable(column: &DataType, values: &DataType) -> bool {
    match (column, values) {
        (DataType::Timestamp(unit, _), DataType::Timestamp(other, _)) => unit == other,
        (column, values) if column.is_decimal() && values.is_decimal() => scale(column) == scale(values),
        (DataType::Float32 | DataType::Float64, DataType::Float32 | DataType::Float64) => true,
        _ => column == values || (column.is_integer() && values.is_integer()) || (is_bytes(column) && is_bytes(values)),
    }
}

fn scale(decimal: &DataType) -> Option<i8> {
    match decimal {
        DataType::Decimal32(_, scale)
        | DataType::Decimal64(_, scale)
        | DataType::Decimal128(_, scale)
        | DataType::Decimal256(_, scale) => Some(*scale),
        _ => None,
    }
}

fn is_bytes(data_type: &DataType) -> bool {
    data_type.is_string() || data_type.is_binary() || matches!(data_type, DataType::FixedSizeBinary(_))
}

/// One value, in the form in which filters are asked; none where it has none.
fn probe(values: &dyn Array, index: usize) -> Option<Probe<'_>> {
    Some(match values.data_type() {
        DataType::Boolean => Probe::Boolean(values.as_boolean().value(index)),
        DataType::Float32 => Probe::Float(values.as_primitive::<Float32Type>().value(index).into()),
        DataType::Float64 => Probe::Float(values.as_primitive::<Float64Type>().value(index)),
        DataType::Utf8 => Probe::Bytes(values.as_string::<i32>().value(index).as_bytes()),
        DataType::LargeUtf8 => Probe::Bytes(values.as_string::<i64>().value(index).as_bytes()),
        DataType::Utf8View => Probe::Bytes(values.as_string_view().value(index).as_bytes()),
        DataType::Binary => Probe::Bytes(values.as_binary::<i32>().value(index)),
        DataType::LargeBinary => Probe::Bytes(values.as_binary::<i64>().value(index)),
        DataType::BinaryView => Probe::Bytes(values.as_binary_view().value(index)),
        DataType::FixedSizeBinary(_) => Probe::Bytes(values.as_fixed_size_binary().value(index)),
        _ => Probe::Integer(integer(values, index)?),
    })
}

/// The number of a type that is stored as an integer.
fn integer(values: &dyn Array, index: usize) -> Option<i128> {
    macro_rules! number {
        ($of:ty) => {
            i128::from(values.as_primitive::<$of>().value(index))
        };
    }
    Some(match values.data_type() {
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Date32 => number!(Date32Type),
        DataType::Date64 => number!(Date64Type),
        DataType::Time32(TimeUnit::Second) => number!(Time32SecondType),
        DataType::Time32(TimeUnit::Millisecond) => number!(Time32MillisecondType),
        DataType::Time64(TimeUnit::Microsecond) => number!(Time64MicrosecondType),
        DataType::Time64(TimeUnit::Nanosecond) => number!(Time64NanosecondType),
        DataType::Timestamp(TimeUnit::Second, _) => number!(TimestampSecondType),
        DataType::Timestamp(TimeUnit::Millisecond, _) => number!(TimestampMillisecondType),
        DataType::Timestamp(TimeUnit::Microsecond, _) => number!(TimestampMicrosecondType),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => number!(TimestampNanosecondType),
        DataType::Duration(TimeUnit::Second) => number!(DurationSecondType),
        DataType::Duration(TimeUnit::Millisecond) => number!(DurationMillisecondType),
        DataType::Duration(TimeUnit::Microsecond) => number!(DurationMicrosecondType),
        DataType::Duration(TimeUnit::Nanosecond) => number!(DurationNanosecondType),
        DataType::Decimal32(..) => number!(Decimal32Type),
        DataType::Decimal64(..) => number!(Decimal64Type),
        DataType::Decimal128(..) => values.as_primitive::<Decimal128Type>().value(index),
        DataType::Decimal256(..) => values.as_primitive::<Decimal256Type>().value(index).to_i128()?,
        _ => return None,
    })
}
