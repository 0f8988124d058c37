//! Rows picked out of arrays by bitmaps, put one behind the other into one array over recycled buffers.
//!
//! What a scan drops after decoding is dropped here, and what it kept of several windows is joined in the same pass.
//! Types that a leaf column seldom has go through Arrow's kernels.

mod strings;
#[cfg(test)]
mod tests;
mod views;

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, make_array};
use arrow_buffer::{ArrowNativeType, BooleanBuffer, Buffer, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::{ArrowError, DataType};

use crate::error::{Error, Result};
use crate::memory::{BitSlice, Bits, Plain, Pool, Values, array_with_children};
use crate::simd;

/// An array, and which of its rows are picked; all where there is no bitmap.
#[derive(Clone, Copy)]
pub(crate) struct Picked<'a> {
    /// The rows.
    pub array: &'a dyn Array,
    /// A bit for each row.
    pub selected: Option<&'a BooleanBuffer>,
}

/// Number of picked rows of `rows`.
fn count(selected: Option<&BooleanBuffer>, rows: usize) -> usize {
    selected.map_or(rows, |selected| BitSlice::from(selected).count_ones())
}

/// The picked rows of all `pieces`, which are of one type, in one array. There is at least one piece.
pub(crate) fn picked(pieces: &[Picked<'_>], pool: &Arc<Pool>) -> Result<ArrayRef> {
    let [first, rest @ ..] = pieces else { return Err(Error::internal("nothing to pick rows of")) };
    if rest.is_empty() && first.selected.is_none() {
        return Ok(make_array(first.array.to_data()));
    }
    let data_type = first.array.data_type();
    let pieces_of: Vec<Piece> = pieces.iter().map(Piece::new).collect();
    let rows = pieces_of.iter().fold(0usize, |rows, piece| rows.saturating_add(piece.count));
    let Some((buffers, children)) = buffers(data_type, &pieces_of, pool)? else { return by_arrow(pieces) };
    let nulls = nulls(&pieces_of, rows, pool)?;
    Ok(make_array(array_with_children(data_type.clone(), rows, nulls, buffers, children)))
}

/// The same views with the values that they point to in a buffer of their own, where these are few of the bytes that are
/// kept in memory for them; `None` for other arrays.
pub(crate) fn copied_views(array: &dyn Array, pool: &Arc<Pool>) -> Result<Option<ArrayRef>> {
    if !matches!(array.data_type(), DataType::Utf8View | DataType::BinaryView) {
        return Ok(None);
    }
    let piece = Piece::new(&Picked { array, selected: None });
    if !views::is_sparse_piece(&piece)? {
        return Ok(None);
    }
    let buffers = views::picked(std::slice::from_ref(&piece), pool)?;
    let data = array_with_children(array.data_type().clone(), piece.count, piece.nulls, buffers, Vec::new());
    Ok(Some(make_array(data)))
}

/// A piece, taken apart.
struct Piece<'a> {
    data: ArrayData,
    nulls: Option<NullBuffer>,
    selected: Option<&'a BooleanBuffer>,
    /// Picked rows.
    count: usize,
}

impl<'a> Piece<'a> {
    fn new(picked: &Picked<'a>) -> Self {
        let data = picked.array.to_data();
        Self {
            count: count(picked.selected, data.len()),
            nulls: picked.array.nulls().filter(|nulls| nulls.null_count() > 0).cloned(),
            data,
            selected: picked.selected,
        }
    }

    fn rows(&self) -> usize {
        self.data.len()
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
        let Some(selected) = self.selected.map(BitSlice::from) else {
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

type Parts = (Vec<Buffer>, Vec<ArrayData>);

/// The buffers and children of the picked rows; `None` where that is left to Arrow.
fn buffers(data_type: &DataType, pieces: &[Piece<'_>], pool: &Arc<Pool>) -> Result<Option<Parts>> {
    let one = |buffer: Buffer| Ok(Some((vec![buffer], Vec::new())));
    match data_type {
        DataType::Boolean => one(bits(pieces, pool)?),
        DataType::Utf8 | DataType::Binary => Ok(Some((strings::picked::<i32>(pieces, pool)?, Vec::new()))),
        DataType::LargeUtf8 | DataType::LargeBinary => Ok(Some((strings::picked::<i64>(pieces, pool)?, Vec::new()))),
        DataType::Utf8View | DataType::BinaryView => Ok(Some((views::picked(pieces, pool)?, Vec::new()))),
        DataType::Dictionary(key, _) => {
            let Some(entries) = shared_entries(pieces) else { return Ok(None) };
            let keys = fixed(pieces, key.primitive_width().unwrap_or(0), pool)?;
            Ok(keys.map(|keys| (vec![keys], vec![entries])))
        }
        DataType::FixedSizeBinary(width) => one(wide(pieces, usize::try_from(*width).unwrap_or(0), pool)?),
        DataType::Decimal256(..) => one(wide(pieces, 32, pool)?),
        other => match other.primitive_width() {
            Some(width) => Ok(fixed(pieces, width, pool)?.map(|values| (vec![values], Vec::new()))),
            None => Ok(None),
        },
    }
}

/// The entries of dictionaries, where all pieces have the same.
fn shared_entries(pieces: &[Piece<'_>]) -> Option<ArrayData> {
    let mut entries = pieces.iter().map(|piece| piece.data.child_data().first());
    let first = entries.next()??;
    entries.all(|other| other.is_some_and(|other| other.ptr_eq(first))).then(|| first.clone())
}

fn fixed(pieces: &[Piece<'_>], width: usize, pool: &Arc<Pool>) -> Result<Option<Buffer>> {
    Ok(Some(match width {
        1 => compressed::<u8>(pieces, pool)?.into_buffer(),
        2 => compressed::<u16>(pieces, pool)?.into_buffer(),
        4 => compressed::<u32>(pieces, pool)?.into_buffer(),
        8 => compressed::<u64>(pieces, pool)?.into_buffer(),
        16 => compressed::<i128>(pieces, pool)?.into_buffer(),
        _ => return Ok(None),
    }))
}

/// Values of a width that a register takes.
fn compressed<T: Plain + ArrowNativeType>(pieces: &[Piece<'_>], pool: &Arc<Pool>) -> Result<Values<T>> {
    let rows = pieces.iter().fold(0usize, |rows, piece| rows.saturating_add(piece.count));
    let mut out = Values::with_capacity(pool, rows)?;
    for piece in pieces {
        let values = piece.values::<T>(0, 0)?;
        let room = out.spare(piece.count)?;
        match piece.selected {
            Some(selected) => {
                simd::compress(values, BitSlice::from(selected), room);
            }
            None => room.get_mut(..values.len()).unwrap_or_default().copy_from_slice(values),
        }
        out.commit(piece.count);
    }
    Ok(out)
}

/// Values of `width` bytes each.
fn wide(pieces: &[Piece<'_>], width: usize, pool: &Arc<Pool>) -> Result<Buffer> {
    let rows = pieces.iter().fold(0usize, |rows, piece| rows.saturating_add(piece.count));
    let mut out = Values::<u8>::with_capacity(pool, rows.saturating_mul(width))?;
    for piece in pieces {
        let bytes = piece.data.buffers().first().map(Buffer::as_slice).unwrap_or_default();
        let at = |row: usize| row.saturating_add(piece.data.offset()).saturating_mul(width);
        let mut room = out.spare(piece.count.saturating_mul(width))?;
        let mut copy = |rows: Range<usize>| {
            let values = bytes.get(at(rows.start)..at(rows.end)).unwrap_or_default();
            let target = std::mem::take(&mut room);
            simd::copy_prefix(values, values.len(), target);
            room = target.get_mut(values.len()..).unwrap_or_default();
        };
        piece.for_each_word(|rows, word| match word {
            u64::MAX => copy(rows),
            _ => set_bits(word)
                .map(|row| rows.start.saturating_add(row))
                .for_each(|row| copy(row..row.saturating_add(1))),
        });
        out.commit(piece.count.saturating_mul(width));
    }
    Ok(out.into_buffer())
}

fn bits(pieces: &[Piece<'_>], pool: &Arc<Pool>) -> Result<Buffer> {
    let rows = pieces.iter().fold(0usize, |rows, piece| rows.saturating_add(piece.count));
    let mut out = Bits::with_capacity(pool, rows)?;
    for piece in pieces {
        let bytes = piece.data.buffers().first().map(Buffer::as_slice).unwrap_or_default();
        push_bits(&mut out, BitSlice::new(bytes, piece.data.offset(), piece.rows()), piece.selected)?;
    }
    Ok(out.into_boolean_buffer()?.into_inner())
}

/// Appends the selected ones of `bits`.
fn push_bits(out: &mut Bits, bits: BitSlice<'_>, selected: Option<&BooleanBuffer>) -> Result<()> {
    let Some(selected) = selected else { return out.push_slice(bits) };
    let selected = BitSlice::from(selected);
    for at in (0..bits.len()).step_by(64) {
        let mask = selected.word(at);
        if mask != 0 {
            out.push_word(simd::compress_bits(bits.word(at), mask), mask.count_ones() as usize)?;
        }
    }
    Ok(())
}

/// Which of the picked rows are valid; `None` where all are.
fn nulls(pieces: &[Piece<'_>], rows: usize, pool: &Arc<Pool>) -> Result<Option<NullBuffer>> {
    if pieces.iter().all(|piece| piece.nulls.is_none()) {
        return Ok(None);
    }
    let mut out = Bits::with_capacity(pool, rows)?;
    for piece in pieces {
        match &piece.nulls {
            Some(nulls) => push_bits(&mut out, nulls.inner().into(), piece.selected)?,
            None => out.push_run(true, piece.count)?,
        }
    }
    Ok(Some(NullBuffer::new(out.into_boolean_buffer()?)).filter(|nulls| nulls.null_count() > 0))
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

/// The same by Arrow's kernels.
fn by_arrow(pieces: &[Picked<'_>]) -> Result<ArrayRef> {
    let failed = |error: ArrowError| Error::limit(format!("rows of a batch: {error}"));
    let filtered = pieces.iter().map(|piece| match piece.selected {
        Some(selected) => arrow_select::filter::filter(piece.array, &BooleanArray::new(selected.clone(), None)),
        None => Ok(make_array(piece.array.to_data())),
    });
    let arrays = filtered.collect::<std::result::Result<Vec<ArrayRef>, _>>().map_err(failed)?;
    if let [one] = &arrays[..] {
        return Ok(Arc::clone(one));
    }
    arrow_select::concat::concat(&arrays.iter().map(|array| array.as_ref()).collect::<Vec<_>>()).map_err(failed)
}
