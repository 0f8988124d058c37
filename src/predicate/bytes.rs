//! Tests of strings and binaries, whichever of Arrow's types they have.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{BinaryType, ByteArrayType, ByteViewType, LargeBinaryType, LargeUtf8Type, Utf8Type};
use arrow_array::{Array, GenericByteArray, GenericByteViewArray};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer};
use arrow_schema::DataType;

use super::Comparison;
use super::bits::{answers, passing};
use super::contains;
use super::pattern::{Pattern, Unit};
use super::test::{Condition, ValueTest, other_type};
use super::verdict::Verdict;
use crate::error::Result;
use crate::simd::{self, End};

/// A comparison or a list.
pub(super) struct BytesTest(pub(super) Condition<Vec<u8>>);

impl ValueTest for BytesTest {
    fn passing(&self, values: &dyn Array) -> Result<BooleanBuffer> {
        match &self.0 {
            Condition::Compare(Comparison::Equal, literal) => equal(values, literal),
            Condition::Compare(Comparison::NotEqual, literal) => Ok(!&equal(values, literal)?),
            Condition::Compare(Comparison::Less, literal) => lower(values, literal, false),
            Condition::Compare(Comparison::LessOrEqual, literal) => lower(values, literal, true),
            Condition::Compare(Comparison::Greater, literal) => Ok(!&lower(values, literal, true)?),
            Condition::Compare(Comparison::GreaterOrEqual, literal) => Ok(!&lower(values, literal, false)?),
            Condition::In(_) => passing_bytes(values, |value| self.0.passes(value)),
        }
    }

    fn verdict(&self, min: Option<&dyn Array>, max: Option<&dyn Array>) -> Result<Verdict> {
        Ok(self.0.verdict(bound(min)?, bound(max)?))
    }
}

/// A pattern of LIKE.
pub(super) struct PatternTest {
    pub(super) pattern: Arc<Pattern>,
    pub(super) unit: Unit,
}

impl ValueTest for PatternTest {
    fn passing(&self, values: &dyn Array) -> Result<BooleanBuffer> {
        let matches = |value: &[u8]| self.pattern.matches(value, self.unit);
        let Some(finder) = self.pattern.contained() else { return passing_bytes(values, matches) };
        Ok(match values.data_type() {
            DataType::Utf8 => contains::in_offsets(values.as_string::<i32>(), finder),
            DataType::LargeUtf8 => contains::in_offsets(values.as_string::<i64>(), finder),
            DataType::Utf8View => contains::in_views(values.as_string_view(), finder),
            DataType::Binary => contains::in_offsets(values.as_binary::<i32>(), finder),
            DataType::LargeBinary => contains::in_offsets(values.as_binary::<i64>(), finder),
            DataType::BinaryView => contains::in_views(values.as_binary_view(), finder),
            _ => return passing_bytes(values, matches),
        })
    }

    fn verdict(&self, min: Option<&dyn Array>, max: Option<&dyn Array>) -> Result<Verdict> {
        Ok(self.pattern.verdict(bound(min)?, bound(max)?))
    }
}

fn bound(bound: Option<&dyn Array>) -> Result<Option<&[u8]>> {
    match bound {
        Some(bound) if !bound.is_empty() && bound.is_valid(0) => Ok(byte_values(bound)?.first().copied()),
        _ => Ok(None),
    }
}

/// The values of an array of strings or binaries; those of nulls have no meaning.
pub(super) fn byte_values(array: &dyn Array) -> Result<Vec<&[u8]>> {
    fn offset<T: ByteArrayType>(array: &GenericByteArray<T>) -> Vec<&[u8]> {
        slices(array).collect()
    }
    fn view<T: ByteViewType>(array: &GenericByteViewArray<T>) -> Vec<&[u8]> {
        (0..array.len()).map(|index| array.value(index).as_ref()).collect()
    }
    Ok(match array.data_type() {
        DataType::Utf8 => offset(array.as_string::<i32>()),
        DataType::LargeUtf8 => offset(array.as_string::<i64>()),
        DataType::Utf8View => view(array.as_string_view()),
        DataType::Binary => offset(array.as_binary::<i32>()),
        DataType::LargeBinary => offset(array.as_binary::<i64>()),
        DataType::BinaryView => view(array.as_binary_view()),
        DataType::FixedSizeBinary(_) => {
            let array = array.as_fixed_size_binary();
            (0..array.len()).map(|index| array.value(index)).collect()
        }
        _ => return Err(other_type(array)),
    })
}

/// The bitmap of the values that pass `test`.
fn passing_bytes(array: &dyn Array, test: impl Fn(&[u8]) -> bool) -> Result<BooleanBuffer> {
    fn offset<T: ByteArrayType>(array: &GenericByteArray<T>, test: impl Fn(&[u8]) -> bool) -> BooleanBuffer {
        answers(array.len(), slices(array).map(test))
    }
    fn view<T: ByteViewType>(array: &GenericByteViewArray<T>, test: impl Fn(&[u8]) -> bool) -> BooleanBuffer {
        answers(array.len(), (0..array.len()).map(|index| test(array.value(index).as_ref())))
    }
    Ok(match array.data_type() {
        DataType::Utf8 => offset::<Utf8Type>(array.as_string(), test),
        DataType::LargeUtf8 => offset::<LargeUtf8Type>(array.as_string(), test),
        DataType::Utf8View => view(array.as_string_view(), test),
        DataType::Binary => offset::<BinaryType>(array.as_binary(), test),
        DataType::LargeBinary => offset::<LargeBinaryType>(array.as_binary(), test),
        DataType::BinaryView => view(array.as_binary_view(), test),
        DataType::FixedSizeBinary(_) => {
            let array = array.as_fixed_size_binary();
            answers(array.len(), (0..array.len()).map(|index| test(array.value(index))))
        }
        _ => return Err(other_type(array)),
    })
}

/// The bitmap of the values that are lower than `literal`, or equal to it where that is asked for too.
fn lower(array: &dyn Array, literal: &[u8], or_equal: bool) -> Result<BooleanBuffer> {
    let is_lower = |value: &[u8]| if or_equal { value <= literal } else { value < literal };
    match array.data_type() {
        DataType::Utf8 => Ok(lower_by_head::<Utf8Type>(array.as_string(), literal, is_lower)),
        DataType::LargeUtf8 => Ok(lower_by_head::<LargeUtf8Type>(array.as_string(), literal, is_lower)),
        DataType::Binary => Ok(lower_by_head::<BinaryType>(array.as_binary(), literal, is_lower)),
        DataType::LargeBinary => Ok(lower_by_head::<LargeBinaryType>(array.as_binary(), literal, is_lower)),
        _ => {
            let other = simd::head(literal, 0, literal.len());
            passing_bytes(array, |value| {
                let own = simd::head(value, 0, value.len());
                if own == other { is_lower(value) } else { own < other }
            })
        }
    }
}

/// The first bytes tell most values apart, at less than the price of a call.
fn lower_by_head<T: ByteArrayType<Offset: End>>(
    array: &GenericByteArray<T>,
    literal: &[u8],
    is_lower: impl Fn(&[u8]) -> bool,
) -> BooleanBuffer {
    let (data, offsets) = (array.value_data(), array.value_offsets());
    let other = simd::head(literal, 0, literal.len());
    let mut words = Vec::with_capacity(array.len().div_ceil(64));
    for start in (0..array.len()).step_by(64) {
        let offsets = offsets.get(start..).unwrap_or_default();
        let offsets = offsets.get(..65).unwrap_or(offsets);
        let (mut lower, mut same) = simd::compare_heads(data, offsets, other);
        while same != 0 {
            let row = same.trailing_zeros() as usize;
            if let Some([start, end]) = offsets.get(row..).and_then(<[_]>::first_chunk::<2>) {
                let value = data.get(start.as_usize()..end.as_usize()).unwrap_or_default();
                lower |= u64::from(is_lower(value)) << row;
            }
            same &= same.wrapping_sub(1);
        }
        words.push(lower);
    }
    BooleanBuffer::new(Buffer::from_vec(words), 0, array.len())
}

/// The values that a list or comparison has, to be kept. Comparing no bytes takes a hundred times as long where the memory
/// of one side is none, so there is memory also for those that are empty.
pub(super) fn kept_literals(literals: &dyn Array) -> Result<Vec<Vec<u8>>> {
    let kept = |value: &[u8]| {
        let mut kept = Vec::with_capacity(value.len().max(1));
        kept.extend_from_slice(value);
        kept
    };
    Ok(byte_values(literals)?.into_iter().map(kept).collect())
}

/// The bitmap of the values that are equal to `literal`.
fn equal(array: &dyn Array, literal: &[u8]) -> Result<BooleanBuffer> {
    match array.data_type() {
        DataType::Utf8View => Ok(equal_views(array.as_string_view(), literal)),
        DataType::BinaryView => Ok(equal_views(array.as_binary_view(), literal)),
        // What values have in common they begin with: the last bytes tell most of them apart.
        _ => match literal.last_chunk::<8>() {
            Some(end) => passing_bytes(array, |value| value.last_chunk::<8>() == Some(end) && value == literal),
            None if literal.is_empty() => passing_bytes(array, <[u8]>::is_empty),
            None => passing_bytes(array, |value| value == literal),
        },
    }
}

/// Values up to this length are in their view.
pub(super) const INLINE: usize = 12;

/// Length and first bytes, which are in the view, tell most values apart without a look at the rest.
fn equal_views<T: ByteViewType>(array: &GenericByteViewArray<T>, literal: &[u8]) -> BooleanBuffer {
    let wanted = view_of(literal);
    if literal.len() <= INLINE {
        return passing(array.views(), |view| view == wanted);
    }
    let head = u128::from(u64::MAX);
    let value_is = |index: usize| AsRef::<[u8]>::as_ref(array.value(index)) == literal;
    let same = array.views().iter().enumerate().map(|(index, view)| view & head == wanted & head && value_is(index));
    answers(array.len(), same)
}

/// The view of a value: its length, then all of it, or its first four bytes.
fn view_of(value: &[u8]) -> u128 {
    let shown = if value.len() <= INLINE { value.len() } else { 4 };
    let bytes = value.iter().take(shown).rev().fold(0, |view, byte| view << 8 | u128::from(*byte));
    bytes << 32 | value.len() as u128
}

/// The values of an array with offsets.
fn slices<T: ByteArrayType>(array: &GenericByteArray<T>) -> impl Iterator<Item = &[u8]> {
    let data = array.value_data();
    let offsets = array.value_offsets();
    offsets.iter().zip(offsets.iter().skip(1)).map(|(start, end)| {
        // Offsets are within the data: it is what makes the array one.
        data.get(start.as_usize()..end.as_usize()).unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use arrow_array::StringArray;

    use super::*;

    #[test]
    fn first_bytes_do_not_change_the_order() {
        let mut values: Vec<String> = vec![String::new(), "\0".into(), "\0\0".into(), "\u{10ffff}".into()];
        for stem in ["abcdefg", "abcdefgh", "abcdefghi", "abcdefgh\0", "ab", "ab\0", "b", "abcdefgz"] {
            values.push(stem.into());
            values.push(format!("{stem}x"));
        }
        let array = StringArray::from(values.clone());
        for literal in &values {
            for (op, holds) in [
                (Comparison::Less, values.iter().map(|value| value < literal).collect::<Vec<_>>()),
                (Comparison::LessOrEqual, values.iter().map(|value| value <= literal).collect()),
                (Comparison::Greater, values.iter().map(|value| value > literal).collect()),
                (Comparison::GreaterOrEqual, values.iter().map(|value| value >= literal).collect()),
                (Comparison::Equal, values.iter().map(|value| value == literal).collect()),
            ] {
                let test = BytesTest(Condition::Compare(op, literal.clone().into_bytes()));
                assert_eq!(test.passing(&array).unwrap().iter().collect::<Vec<_>>(), holds, "{op:?} {literal:?}");
                let part = array.slice(3, 5);
                assert_eq!(test.passing(&part).unwrap().iter().collect::<Vec<_>>(), holds[3..8], "{op:?} {literal:?}");
            }
        }
    }
}
