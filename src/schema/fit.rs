//! Which Arrow types the values of a leaf can be read as, apart from the one that the file gives them.
//!
//! A hint is followed where it says how the same numbers and bytes are to be called, as its writer stored them so. A
//! host may ask for more: any type that holds every value of the file's own type. Where that depends on the value, as
//! with a finer time unit, a value that does not fit is an error when it is met.

use arrow_schema::{DataType, TimeUnit};

use super::{Leaf, PhysicalType};

/// The type that a hint makes of values of the file's `own` type; `None` where it changes nothing or does not fit.
/// Dictionaries are expanded.
pub(crate) fn hinted(leaf: &Leaf, own: &DataType, hint: &DataType) -> Option<DataType> {
    use DataType as D;
    let fits = match (own, hint) {
        (_, D::Dictionary(_, values)) => return hinted(leaf, own, values),
        (D::Utf8, D::LargeUtf8 | D::Utf8View) | (D::Binary, D::LargeBinary | D::BinaryView) => true,
        (D::Int32, D::Time32(_)) => true,
        (D::Int64, D::Timestamp(..) | D::Time64(_) | D::Duration(_) | D::Date64) => true,
        (D::Date32, D::Date64) => true,
        (D::Timestamp(..), D::Timestamp(..)) if leaf.physical == PhysicalType::Int96 => true,
        (D::Timestamp(own, Some(_)), D::Timestamp(hint, Some(_))) => own == hint,
        _ => is_wider_decimal(own, hint),
    };
    (fits && own != hint).then(|| hint.clone())
}

/// Why values of the file's `own` type cannot be read as `asked`; `None` where they can.
pub(crate) fn obstacle(leaf: &Leaf, own: &DataType, asked: &DataType) -> Option<&'static str> {
    use DataType as D;
    if own == asked {
        return None;
    }
    let fits = match (own, asked) {
        (D::Null, D::Dictionary(..)) => true,
        (_, D::Dictionary(keys, values)) => {
            return if keys.is_integer() { obstacle(leaf, own, values) } else { Some("dictionary keys are integers") };
        }
        (D::Null, asked) => !asked.is_nested(),
        (D::Int32, D::Date32 | D::Time32(_)) => is_bare(leaf),
        (D::Int64, D::Timestamp(..) | D::Time64(_) | D::Duration(_) | D::Date64) => is_bare(leaf),
        (own, asked) if own.is_integer() && asked.is_integer() => return narrower_integer(own, asked),
        (D::Float32, D::Float64) | (D::Date32, D::Date64) => true,
        (D::Timestamp(..), D::Timestamp(..)) if leaf.physical == PhysicalType::Int96 => true,
        (D::Timestamp(own, _), D::Timestamp(asked, _)) | (D::Time32(own) | D::Time64(own), D::Time64(asked)) => {
            return (fraction_digits(*own) > fraction_digits(*asked)).then_some("a coarser unit would cut values off");
        }
        (own, asked) if is_decimal(own) && is_decimal(asked) => {
            return (!is_wider_decimal(own, asked)).then_some("the scale must be the same and the precision no less");
        }
        (own, asked) => is_text_or_bytes(own) && is_text_or_bytes(asked),
    };
    (!fits).then_some("its values are of another kind")
}

/// How many decimal digits a unit has behind the second.
pub(crate) fn fraction_digits(unit: TimeUnit) -> u32 {
    match unit {
        TimeUnit::Second => 0,
        TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

/// True for strings and binaries of any layout, those of one length excepted.
pub(crate) fn is_text_or_bytes(data_type: &DataType) -> bool {
    is_text(data_type) || matches!(data_type, DataType::Binary | DataType::LargeBinary | DataType::BinaryView)
}

/// True for strings of any layout.
pub(crate) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
}

/// True where the file does not say that its integers mean something else.
fn is_bare(leaf: &Leaf) -> bool {
    matches!(leaf.logical, None | Some(super::LogicalType::Integer { .. } | super::LogicalType::Other))
}

fn narrower_integer(own: &DataType, asked: &DataType) -> Option<&'static str> {
    let is_longer = asked.primitive_width() > own.primitive_width();
    let keeps_sign = asked.is_signed_integer() || own.is_unsigned_integer();
    (!is_longer || !keeps_sign).then_some("some of its values would not fit")
}

fn is_decimal(data_type: &DataType) -> bool {
    decimal_of(data_type).is_some()
}

fn is_wider_decimal(own: &DataType, other: &DataType) -> bool {
    let (Some((precision, scale, _)), Some((other, other_scale, most))) = (decimal_of(own), decimal_of(other)) else {
        return false;
    };
    scale == other_scale && (precision..=most).contains(&other)
}

/// Precision, scale, and the highest precision of the width.
fn decimal_of(data_type: &DataType) -> Option<(u8, i8, u8)> {
    match data_type {
        DataType::Decimal32(precision, scale) => Some((*precision, *scale, 9)),
        DataType::Decimal64(precision, scale) => Some((*precision, *scale, 18)),
        DataType::Decimal128(precision, scale) => Some((*precision, *scale, 38)),
        DataType::Decimal256(precision, scale) => Some((*precision, *scale, 76)),
        _ => None,
    }
}
