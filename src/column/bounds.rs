//! Bounds of statistics as Arrow values: what a page of them would decode to.
//!
//! A bound is a PLAIN value without length prefix. The bounds of many row groups or pages are put together as the PLAIN page
//! that they would be and go through the decoder of their column, so that they come out as the column's own values do.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_schema::DataType;

use super::decoder::value_decoder;
use crate::error::Result;
use crate::memory::{BitSlice, Pool};
use crate::metadata::Encoding;
use crate::schema::{Leaf, PhysicalType};

/// Values of FIXED_LEN_BYTE_ARRAY up to this length are filled up where they were cut off. Longer ones could ask for
/// much memory with few bytes.
const LONGEST_COMPLETED_BYTES: usize = 256;

/// Which bounds, for those that were cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Lower bounds.
    Min,
    /// Upper bounds.
    Max,
}

/// The bounds as an array of `data_type`, which is a type that the values of `leaf` can have. Null where there is none,
/// or where it is no value of that type, such as a string cut inside of a character.
pub(crate) fn bounds_array(
    leaf: &Leaf,
    data_type: &DataType,
    bounds: &[Option<&[u8]>],
    side: Side,
) -> Result<ArrayRef> {
    let mut bounds: Vec<_> = bounds.iter().map(|bound| bound.and_then(|bytes| completed(leaf, bytes, side))).collect();
    let pool = Arc::new(Pool::default());
    decoded(leaf, data_type, &bounds, &pool).or_else(|_| {
        for bound in &mut bounds {
            if decoded(leaf, data_type, std::slice::from_ref(bound), &pool).is_err() {
                *bound = None;
            }
        }
        decoded(leaf, data_type, &bounds, &pool)
    })
}

/// A bound of FIXED_LEN_BYTE_ARRAY that was cut off, in full length: no value with its beginning lies outside.
fn completed<'a>(leaf: &Leaf, bytes: &'a [u8], side: Side) -> Option<Cow<'a, [u8]>> {
    match leaf.physical {
        PhysicalType::FixedLenByteArray(width) if bytes.len() < width as usize => {
            let width = Some(width as usize).filter(|&width| width <= LONGEST_COMPLETED_BYTES)?;
            let fill = if side == Side::Min { 0 } else { 0xff };
            let mut full = bytes.to_vec();
            full.resize(width, fill);
            Some(Cow::Owned(full))
        }
        _ => Some(Cow::Borrowed(bytes)),
    }
}

/// What the column's decoder makes of a page of the bounds.
fn decoded(leaf: &Leaf, data_type: &DataType, bounds: &[Option<Cow<'_, [u8]>>], pool: &Arc<Pool>) -> Result<ArrayRef> {
    let mut decoder = value_decoder(leaf, data_type, bounds.len(), pool)?;
    let nulls: NullBuffer = bounds.iter().map(Option::is_some).collect::<BooleanBuffer>().into();
    let page = Buffer::from_vec(plain_page(leaf, bounds.iter().flatten()));
    decoder.open_page(Encoding::Plain, page, 0)?;
    let present = bounds.len().saturating_sub(nulls.null_count());
    let valid = (nulls.null_count() > 0).then(|| BitSlice::new(nulls.validity(), 0, bounds.len()));
    decoder.read(present, valid)?;
    decoder.finish(bounds.len(), Some(nulls).filter(|nulls| nulls.null_count() > 0))
}

/// The values of a PLAIN page.
fn plain_page<'a>(leaf: &Leaf, values: impl Iterator<Item = &'a Cow<'a, [u8]>>) -> Vec<u8> {
    match leaf.physical {
        PhysicalType::Boolean => {
            let bits: BooleanBuffer = values.map(|value| value.first() == Some(&1)).collect();
            bits.values().to_vec()
        }
        PhysicalType::ByteArray => values.fold(Vec::new(), |mut page, value| {
            // A bound is a part of a footer or index, whose lengths have 32 bits.
            page.extend_from_slice(&u32::try_from(value.len()).unwrap_or(u32::MAX).to_le_bytes());
            page.extend_from_slice(value);
            page
        }),
        _ => values.fold(Vec::new(), |mut page, value| {
            page.extend_from_slice(value);
            page
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Repetition::Required;
    use crate::schema::{LogicalType, testing};
    use PhysicalType::{Boolean, ByteArray, FixedLenByteArray, Int32, Int96};
    use arrow_array::{
        BooleanArray, Decimal128Array, FixedSizeBinaryArray, Int8Array, StringArray, StringViewArray,
        TimestampNanosecondArray,
    };

    fn array(
        physical: PhysicalType,
        logical: Option<LogicalType>,
        data_type: DataType,
        bounds: &[Option<&[u8]>],
        side: Side,
    ) -> ArrayRef {
        let schema = testing::schema(vec![testing::leaf("a", Required, physical, logical)]);
        bounds_array(&schema.leaves[0], &data_type, bounds, side).unwrap()
    }

    #[test]
    fn bounds_have_the_type_of_the_column() {
        let text = [Some(&b"a"[..]), None, Some(b""), Some(b"a longer text than fits")];
        let expected = [Some("a"), None, Some(""), Some("a longer text than fits")];
        let string = || Some(LogicalType::String);
        let found = array(ByteArray, string(), DataType::Utf8, &text, Side::Min);
        assert_eq!(*found, StringArray::from_iter(expected) as StringArray);
        let found = array(ByteArray, string(), DataType::Utf8View, &text, Side::Min);
        assert_eq!(*found, StringViewArray::from_iter(expected));
        let found = array(Boolean, None, DataType::Boolean, &[Some(&[1]), None, Some(&[0]), Some(&[1])], Side::Min);
        assert_eq!(*found, BooleanArray::from(vec![Some(true), None, Some(false), Some(true)]));
        let signed = Some(LogicalType::Integer { bits: 8, signed: true });
        let found = array(Int32, signed, DataType::Int8, &[Some(&[0xff; 4]), None], Side::Max);
        assert_eq!(*found, Int8Array::from(vec![Some(-1), None]));
        let decimal = Some(LogicalType::Decimal { precision: 20, scale: 2 });
        let found = array(ByteArray, decimal, DataType::Decimal128(20, 2), &[Some(&[0xff, 0]), None], Side::Max);
        let expected = Decimal128Array::from(vec![Some(-256), None]).with_precision_and_scale(20, 2).unwrap();
        assert_eq!(*found, expected);
    }

    #[test]
    fn without_any_bound_all_are_null() {
        let none = array(Int32, None, DataType::Int32, &[None, None], Side::Min);
        assert_eq!((none.len(), none.null_count()), (2, 2));
        assert_eq!(array(Int32, None, DataType::Int32, &[], Side::Min).len(), 0);
        let null = array(Int32, Some(LogicalType::Null), DataType::Null, &[None, None], Side::Min);
        assert_eq!(null.len(), 2);
    }

    #[test]
    fn what_is_no_value_of_the_type_is_null() {
        let text = [Some(&b"good"[..]), Some(&"ö".as_bytes()[..1]), None, Some("ö".as_bytes())];
        let found = array(ByteArray, Some(LogicalType::String), DataType::Utf8, &text, Side::Max);
        assert_eq!(*found, StringArray::from(vec![Some("good"), None, None, Some("ö")]));
        let day = |nanoseconds: i64, day: i32| [&nanoseconds.to_le_bytes()[..], &day.to_le_bytes()].concat();
        let (epoch, far) = (day(7, 2_440_588), day(0, i32::MAX));
        let nanoseconds = DataType::Timestamp(arrow_schema::TimeUnit::Nanosecond, None);
        let found = array(Int96, None, nanoseconds, &[Some(&epoch), Some(&far)], Side::Max);
        assert_eq!(*found, TimestampNanosecondArray::from(vec![Some(7), None]));
    }

    #[test]
    fn what_was_cut_off_is_filled_up_outwards() {
        let bounds = [Some(&[1, 2][..]), Some(&[3, 4, 5])];
        for (side, fill) in [(Side::Min, 0), (Side::Max, 0xff)] {
            let found = array(FixedLenByteArray(3), None, DataType::FixedSizeBinary(3), &bounds, side);
            let expected = [[1, 2, fill], [3, 4, 5]];
            assert_eq!(*found, FixedSizeBinaryArray::try_from_iter(expected.iter()).unwrap());
        }
        let wide = FixedLenByteArray(i32::MAX as u32);
        let found = array(wide, None, DataType::FixedSizeBinary(i32::MAX), &[Some(&[1])], Side::Max);
        assert_eq!(found.null_count(), 1, "too much to fill up");
    }
}
