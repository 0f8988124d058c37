//! Strings picked by bitmaps: where many lie next to each other runs of them are copied, else one after the other.

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::{ArrowNativeType, Buffer};

use super::{Piece, set_bits};
use crate::column::strings::Offset;
use crate::error::{Error, Result};
use crate::memory::{BitSlice, Pool, Values};
use crate::simd::{self, End};

/// Offsets and bytes of strings: first where each ends, then, with as much room as that takes, the bytes.
pub(super) fn picked<O: Offset + End + ArrowNativeType>(pieces: &[Piece<'_>], pool: &Arc<Pool>) -> Result<Vec<Buffer>> {
    let rows = pieces.iter().fold(0usize, |rows, piece| rows.saturating_add(piece.count));
    let mut ends = Values::<O>::with_capacity(pool, rows.saturating_add(1))?;
    ends.push(O::default())?;
    for piece in pieces {
        push_ends(piece, &mut ends)?;
    }
    let total = ends.as_slice().last().map_or(0, |end| end.as_usize());
    let mut bytes = Values::<u8>::with_capacity(pool, total)?;
    let mut room = bytes.spare(total)?;
    for piece in pieces {
        room = copy_strings::<O>(piece, room)?;
    }
    bytes.commit(total);
    Ok(vec![ends.into_buffer(), bytes.into_buffer()])
}

/// Appends where each picked string ends, behind those that are there.
fn push_ends<O: Offset + End + ArrowNativeType>(piece: &Piece<'_>, ends: &mut Values<O>) -> Result<()> {
    let offsets = piece.values::<O>(0, 1)?;
    let before = ends.as_slice().last().copied().unwrap_or_default();
    let room = ends.spare(piece.count)?;
    let last = match (piece.selected, offsets) {
        (Some(selected), _) => simd::compress_ends(offsets, BitSlice::from(selected), before, room),
        (None, [first, offsets @ ..]) => {
            room.iter_mut().zip(offsets).for_each(|(slot, end)| *slot = before.behind(*first, *end));
            room.iter().take(piece.count).next_back().copied().unwrap_or(before)
        }
        (None, []) => before,
    };
    // What is picked of one piece has no more bytes than offsets can tell: a sum that wrapped is lower than before.
    if last < before {
        return Err(Error::limit("more bytes of strings in one batch than offsets can tell: ask for smaller batches"));
    }
    ends.commit(piece.count);
    Ok(())
}

/// Copies the picked strings to the front of `room`; what is left of it.
fn copy_strings<'a, O: Offset + ArrowNativeType>(piece: &Piece<'_>, mut room: &'a mut [u8]) -> Result<&'a mut [u8]> {
    let offsets = piece.values::<O>(0, 1)?;
    let source = piece.data.buffers().get(1).map(Buffer::as_slice).unwrap_or_default();
    let mut copy = |start: usize, end: usize| {
        let length = end.saturating_sub(start);
        let tail = source.get(start..).filter(|tail| length <= tail.len()).unwrap_or_default();
        let target = std::mem::take(&mut room);
        simd::copy_prefix(tail, length.min(tail.len()), target);
        room = target.get_mut(length..).unwrap_or_default();
    };
    piece.for_each_word(|rows, word| {
        let ends = offsets.get(rows.start..=rows.end).unwrap_or_default();
        if is_of_long_runs(word) {
            for run in set_runs(word, rows.len()) {
                let (Some(first), Some(last)) = (ends.get(run.start), ends.get(run.end)) else { break };
                copy(first.as_usize(), last.as_usize());
            }
            return;
        }
        for row in set_bits(word) {
            let Some([start, end]) = ends.get(row..).and_then(|ends| ends.first_chunk::<2>()) else { break };
            copy(start.as_usize(), end.as_usize());
        }
    });
    Ok(room)
}

/// True where it pays to go from run to run of set bits instead of from bit to bit.
fn is_of_long_runs(word: u64) -> bool {
    let runs = (word & !(word << 1)).count_ones();
    word.count_ones() >= runs.saturating_mul(4)
}

/// The runs of set bits of a word, from the lowest; one run of all `rows` where all bits are set.
fn set_runs(word: u64, rows: usize) -> impl Iterator<Item = Range<usize>> {
    let mut rest = word;
    std::iter::from_fn(move || {
        if rest == u64::MAX {
            rest = 0;
            return Some(0..rows);
        }
        let start = rest.trailing_zeros();
        let filled = rest | rest.wrapping_sub(1);
        rest &= filled.wrapping_add(1);
        (start < 64).then_some(start as usize..filled.trailing_ones() as usize)
    })
}
