//! Strings picked by bitmaps: where many lie next to each other runs of them are copied, else one after the other.

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::{ArrowNativeType, Buffer};

use super::gathered::{Parts, RowBuilder};
use super::{Piece, expected_bytes, set_bits};
use crate::column::strings::Offset;
use crate::error::{Error, Result};
use crate::memory::{Pool, Values};
use crate::simd::{self, End};

/// Offsets and bytes of strings.
pub(super) struct Strings<O> {
    /// Where each ends, behind a first one of 0.
    ends: Values<O>,
    bytes: Values<u8>,
    /// Strings that are expected.
    capacity: usize,
}

impl<O: Offset> Strings<O> {
    /// Memory is for `capacity` strings at first.
    pub(super) fn new(capacity: usize, pool: &Arc<Pool>) -> Self {
        let ends = Values::on_demand(pool, capacity.saturating_add(1));
        Self { ends, bytes: Values::on_demand(pool, 0), capacity }
    }

    fn last_end(&self) -> usize {
        self.ends.as_slice().last().map_or(0, |end| end.to_usize())
    }
}

impl<O: Offset + End + ArrowNativeType> RowBuilder for Strings<O> {
    /// First where each ends, then, with as much room as that takes, the bytes.
    fn push(&mut self, pieces: &[Piece<'_>]) -> Result<()> {
        if self.ends.len() == 0 {
            self.ends.push(O::default())?;
        }
        let picked_bytes = pieces.iter().map(|piece| push_ends(piece, &mut self.ends));
        let picked_bytes = picked_bytes.collect::<Result<Vec<usize>>>()?;
        let more = self.last_end().saturating_sub(self.bytes.len());
        if self.bytes.len() == 0 {
            self.bytes.reserve(expected_bytes(more, self.ends.len().saturating_sub(1), self.capacity))?;
        }
        let mut room = self.bytes.spare(more)?;
        for (piece, bytes) in pieces.iter().zip(picked_bytes) {
            room = copy_strings::<O>(piece, bytes, room)?;
        }
        self.bytes.commit(more);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Parts> {
        Ok((vec![self.ends.into_buffer(), self.bytes.into_buffer()], Vec::new()))
    }
}

/// Appends where each picked string ends, behind those that are there; returns how many bytes they have.
fn push_ends<O: Offset + End + ArrowNativeType>(piece: &Piece<'_>, ends: &mut Values<O>) -> Result<usize> {
    let offsets = piece.values::<O>(0, 1)?;
    let before = ends.as_slice().last().copied().unwrap_or_default();
    let room = ends.spare(piece.count)?;
    let last = match (piece.bits(), offsets) {
        (Some(selected), _) => simd::compress_ends(offsets, selected, before, room),
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
    Ok(last.as_usize().saturating_sub(before.as_usize()))
}

/// Copies the picked strings, of so many `bytes`, to the front of `room`; what is left of it.
fn copy_strings<'a, O: Offset + ArrowNativeType>(
    piece: &Piece<'_>,
    bytes: usize,
    mut room: &'a mut [u8],
) -> Result<&'a mut [u8]> {
    let offsets = piece.values::<O>(0, 1)?;
    let source = piece.data.buffers().get(1).map(Buffer::as_slice).unwrap_or_default();
    let mut copy = |start: usize, end: usize| {
        let length = end.saturating_sub(start);
        let tail = source.get(start..).filter(|tail| length <= tail.len()).unwrap_or_default();
        let target = std::mem::take(&mut room);
        simd::copy_prefix(tail, length.min(tail.len()), target);
        room = target.get_mut(length..).unwrap_or_default();
    };
    // Of strings that are dropped nothing may have been decoded: then the picked ones lie end to end.
    if let [first, .., last] = offsets
        && last.as_usize().saturating_sub(first.as_usize()) == bytes
    {
        copy(first.as_usize(), last.as_usize());
        return Ok(room);
    }
    if let Some(places) = piece.places() {
        for place in places {
            let Some([start, end]) = offsets.get(*place as usize..).and_then(|ends| ends.first_chunk::<2>()) else {
                break;
            };
            copy(start.as_usize(), end.as_usize());
        }
        return Ok(room);
    }
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
