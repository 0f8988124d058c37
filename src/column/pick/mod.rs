//! Rows picked out of arrays by bitmaps, put one behind the other into one array over recycled buffers.
//!
//! What a scan drops after decoding is dropped here, and what it kept of several windows is joined in the same pass.
//! Types that a leaf column seldom has go through Arrow's kernels.

mod fixed;
mod gathered;
mod strings;
#[cfg(test)]
mod tests;
mod views;

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, make_array};
use arrow_buffer::{ArrowNativeType, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::DataType;

pub(crate) use self::gathered::Gathered;
use super::row_mask::RowMask;
use crate::error::{Error, Result};
use crate::memory::{BitSlice, Bits, Pool};
use crate::simd;

/// Bytes that are expected at most of strings that were not seen yet.
const MAX_EXPECTED_BYTES: usize = 1 << 20;

/// An array, and which of its rows are picked; all where there is no mask.
#[derive(Clone, Copy)]
pub(crate) struct Picked<'a> {
    /// The rows.
    pub array: &'a dyn Array,
    /// Which of them.
    pub selected: Option<&'a RowMask>,
    /// Bytes that are kept in memory for views besides those of their buffers.
    pub kept_besides: usize,
}

impl<'a> Picked<'a> {
    /// Those of an array for which nothing is kept but its buffers.
    pub(crate) fn new(array: &'a dyn Array, selected: Option<&'a RowMask>) -> Self {
        Self { array, selected, kept_besides: 0 }
    }

    fn count(&self) -> usize {
        self.selected.map_or(self.array.len(), RowMask::count)
    }
}

/// The picked rows of all `pieces`, which are of one type, in one array. There is at least one piece.
pub(crate) fn picked(pieces: &[Picked<'_>], pool: &Arc<Pool>) -> Result<ArrayRef> {
    if let [Picked { array, selected: None, .. }] = pieces {
        return Ok(make_array(array.to_data()));
    }
    let rows = pieces.iter().fold(0usize, |rows, piece| rows.saturating_add(piece.count()));
    let mut gathered = Gathered::new(rows, pool);
    gathered.push(pieces)?;
    gathered.finish()
}

/// The same views with the values that they point to in a buffer of their own, where these are few of the bytes that are
/// kept in memory for them, so many of them besides those buffers; `None` for other arrays.
pub(crate) fn copied_views(array: &dyn Array, kept_besides: usize, pool: &Arc<Pool>) -> Result<Option<ArrayRef>> {
    if !matches!(array.data_type(), DataType::Utf8View | DataType::BinaryView) {
        return Ok(None);
    }
    let whole = Picked { kept_besides, ..Picked::new(array, None) };
    if !views::is_sparse_piece(&Piece::new(&whole))? {
        return Ok(None);
    }
    let mut gathered = Gathered::new(array.len(), pool);
    gathered.push(&[whole])?;
    gathered.finish().map(Some)
}

/// A piece, taken apart.
struct Piece<'a> {
    data: ArrayData,
    nulls: Option<NullBuffer>,
    selected: Option<&'a RowMask>,
    /// Picked rows.
    count: usize,
    kept_besides: usize,
}

impl<'a> Piece<'a> {
    fn new(picked: &Picked<'a>) -> Self {
        let data = picked.array.to_data();
        Self {
            count: picked.count(),
            nulls: picked.array.nulls().filter(|nulls| nulls.null_count() > 0).cloned(),
            data,
            selected: picked.selected,
            kept_besides: picked.kept_besides,
        }
    }

    fn rows(&self) -> usize {
        self.data.len()
    }

    /// The bits of the mask.
    fn bits(&self) -> Option<BitSlice<'a>> {
        self.selected.map(|selected| BitSlice::from(selected.bits()))
    }

    /// The numbers of the picked rows, where these are few.
    fn places(&self) -> Option<&'a [u32]> {
        self.selected.and_then(RowMask::places)
    }

    /// The values of a buffer from the first row on, `more` than there are rows.
    fn values<T: ArrowNativeType>(&self, buffer: usize, more: usize) -> Result<&[T]> {
        let start = self.data.offset();
        let end = start.saturating_add(self.rows()).saturating_add(more);
        let values = self.data.buffers().get(buffer).map(|buffer| buffer.typed_data::<T>());
        values.and_then(|values| values.get(start..end)).ok_or_else(|| Error::internal("an array without its values"))
    }

    /// Calls `take` with each up to 64 rows of which some are picked, and which of them; all bits are set where all are.
    fn for_each_word(&self, mut take: impl FnMut(Range<usize>, u64)) {
        let Some(selected) = self.bits() else {
            return take(0..self.rows(), u64::MAX);
        };
        for start in (0..selected.len()).step_by(64) {
            let word = selected.word(start);
            if word != 0 {
                take(start..start.saturating_add(64).min(selected.len()), word);
            }
        }
    }
}

/// Appends the selected ones of `bits`.
pub(super) fn push_bits(out: &mut Bits, bits: BitSlice<'_>, selected: Option<BitSlice<'_>>) -> Result<()> {
    let Some(selected) = selected else { return out.push_slice(bits) };
    for at in (0..bits.len()).step_by(64) {
        let mask = selected.word(at);
        if mask != 0 {
            out.push_word(simd::compress_bits(bits.word(at), mask), mask.count_ones() as usize)?;
        }
    }
    Ok(())
}

/// The bytes to take memory for where the first `strings` of `capacity` have `bytes`: what the others will have too if they are
/// like those, within bounds: the first may be long, and the others not.
fn expected_bytes(bytes: usize, strings: usize, capacity: usize) -> usize {
    let others = capacity.saturating_sub(strings);
    let expected = bytes.div_ceil(strings.max(1)).saturating_mul(others);
    bytes.saturating_add(expected.min(MAX_EXPECTED_BYTES))
}

/// The places of the set bits of a word, from the lowest.
fn set_bits(word: u64) -> impl Iterator<Item = usize> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let place = rest.trailing_zeros() as usize;
        rest &= rest.wrapping_sub(1);
        (place < 64).then_some(place)
    })
}
