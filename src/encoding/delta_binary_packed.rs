//! DELTA_BINARY_PACKED: integers as bit-packed differences.
//!
//! A stream is a header (values of a block, miniblocks of a block, number of values, first value), then blocks: the least
//! difference, a bit width for each miniblock, and the miniblocks, each the bits of its differences from the least one.
//! All arithmetic wraps. The last block may have widths, of any value, for miniblocks that do not follow; the last
//! miniblock is padded, and read too where its padding was cut off.

use super::{values_missing, varint};
use crate::error::{Error, Result};
use crate::simd::{self, PackedDeltas};

/// A cursor over one stream.
#[derive(Debug)]
pub(crate) struct DeltaBinaryPacked {
    /// Values of the stream that were not handed out yet.
    left: u64,
    /// The first value was not handed out yet; it is `last`.
    is_at_first: bool,
    /// The value handed out last, in the low bytes.
    last: u64,
    miniblocks: Miniblocks,
    /// Bits of a delta of the miniblock at hand.
    width: u32,
    /// Where its body begins.
    body: usize,
    /// How many of its values were handed out.
    taken: usize,
}

/// Walks from miniblock to miniblock.
#[derive(Debug, Clone)]
struct Miniblocks {
    /// Values of a miniblock.
    values: usize,
    /// Miniblocks of a block.
    per_block: usize,
    /// Where the bit width of the next miniblock of the block stands.
    next_width: usize,
    /// How many miniblocks of the block are still to come.
    left_of_block: usize,
    /// Where the miniblock or block that comes next begins.
    position: usize,
    /// The least difference of the block.
    least: u64,
}

impl DeltaBinaryPacked {
    /// The stream that begins at byte `start` of `page`. Where the page ends there, a stream without values.
    pub(crate) fn open(page: &[u8], start: usize) -> Result<Self> {
        let mut position = start;
        let mut header = [0; 4];
        // A page of nulls only may have no value byte at all.
        if start < page.len() {
            for field in &mut header {
                *field = varint_at(page, &mut position)?;
            }
        }
        let [block, per_block, left, first] = header;
        let miniblocks = if left > 1 { Miniblocks::of_header(block, per_block)? } else { Miniblocks::none() };
        let miniblocks = Miniblocks { position, ..miniblocks };
        let taken = miniblocks.values;
        Ok(Self { left, is_at_first: left > 0, last: unzigzag(first), miniblocks, width: 0, body: position, taken })
    }

    /// Where the stream ends: behind the body, padding included, of the last miniblock that holds a value. Known only as
    /// long as no value was taken.
    pub(crate) fn end(&self, page: &[u8]) -> Result<usize> {
        let mut miniblocks = self.miniblocks.clone();
        let mut left = self.left.saturating_sub(1);
        while left > 0 {
            miniblocks.next(page)?;
            left = left.saturating_sub(miniblocks.values as u64);
        }
        Ok(miniblocks.position)
    }

    /// How many values are still to come.
    pub(crate) fn values_left(&self) -> u64 {
        self.left
    }

    /// The next values, as many as `out` has room for, as integers of `N` bytes.
    pub(crate) fn read<const N: usize>(&mut self, page: &[u8], out: &mut [[u8; N]]) -> Result<()> {
        let mut out = self.take_first(out)?;
        while !out.is_empty() {
            let (deltas, count) = self.next_deltas(page, out.len())?;
            let (now, later) = out.split_at_mut(count);
            self.last = simd::add_deltas(deltas, self.last, now);
            out = later;
        }
        Ok(())
    }

    /// Passes over `count` values: their differences are summed up, their values are not written.
    pub(crate) fn skip(&mut self, page: &[u8], count: usize) -> Result<()> {
        let mut count = count;
        self.check_left(count)?;
        if self.is_at_first && count > 0 {
            self.is_at_first = false;
            self.left = self.left.saturating_sub(1);
            count = count.saturating_sub(1);
        }
        while count > 0 {
            let (deltas, now) = self.next_deltas(page, count)?;
            self.last = simd::sum_deltas(deltas, self.last, now);
            count = count.saturating_sub(now);
        }
        Ok(())
    }

    fn check_left(&self, count: usize) -> Result<()> {
        if count as u64 <= self.left {
            return Ok(());
        }
        let there = usize::try_from(self.left).unwrap_or(usize::MAX);
        Err(values_missing("DELTA_BINARY_PACKED values", count, there))
    }

    /// Hands out the first value where it is due; returns the room for the rest.
    fn take_first<'a, const N: usize>(&mut self, out: &'a mut [[u8; N]]) -> Result<&'a mut [[u8; N]]> {
        self.check_left(out.len())?;
        let is_due = self.is_at_first && !out.is_empty();
        let (first, rest) = out.split_at_mut(usize::from(is_due));
        for slot in first {
            slot.iter_mut().zip(self.last.to_le_bytes()).for_each(|(to, from)| *to = from);
            self.is_at_first = false;
            self.left = self.left.saturating_sub(1);
        }
        Ok(rest)
    }

    /// The next differences, at least one and at most `wanted` (not 0), and how many they are.
    fn next_deltas<'a>(&mut self, page: &'a [u8], wanted: usize) -> Result<(PackedDeltas<'a>, usize)> {
        if self.taken >= self.miniblocks.values {
            (self.width, self.body) = self.miniblocks.next(page)?;
            self.taken = 0;
        }
        let count = wanted.min(self.miniblocks.values.saturating_sub(self.taken));
        let source = page.get(self.body..).unwrap_or(&[]);
        let end = self.taken.saturating_add(count);
        if end.saturating_mul(self.width as usize) > source.len().saturating_mul(8) {
            let there = source.len().saturating_mul(8).checked_div(self.width as usize).unwrap_or(0);
            return Err(values_missing("DELTA_BINARY_PACKED values", wanted, there.saturating_sub(self.taken)));
        }
        let deltas = PackedDeltas { source, width: self.width, first: self.taken, least: self.miniblocks.least };
        self.taken = end;
        self.left = self.left.saturating_sub(count as u64);
        Ok((deltas, count))
    }
}

impl Miniblocks {
    fn of_header(block: u64, per_block: u64) -> Result<Self> {
        let values = block.checked_div(per_block).unwrap_or(0);
        let is_whole = values.checked_mul(per_block) == Some(block);
        let (Ok(values), Ok(per_block), true) = (usize::try_from(values), usize::try_from(per_block), is_whole) else {
            return Err(bad_block(block, per_block));
        };
        // The format asks for blocks of whole 128 values and miniblocks of whole 32.
        if values == 0 || !values.is_multiple_of(32) || !block.is_multiple_of(128) {
            return Err(bad_block(block, per_block as u64));
        }
        Ok(Self { values, per_block, ..Self::none() })
    }

    fn none() -> Self {
        Self { values: 0, per_block: 0, next_width: 0, left_of_block: 0, position: 0, least: 0 }
    }

    /// Goes to the next miniblock: the bits of its deltas, and where its body begins.
    fn next(&mut self, page: &[u8]) -> Result<(u32, usize)> {
        if self.left_of_block == 0 {
            self.least = unzigzag(varint_at(page, &mut self.position)?);
            self.next_width = self.position;
            self.position = self.position.saturating_add(self.per_block);
            self.left_of_block = self.per_block;
        }
        let width = u32::from(*page.get(self.next_width).ok_or_else(ends_inside_header)?);
        if width > 64 {
            return Err(Error::corrupt(format!(
                "DELTA_BINARY_PACKED differences of {width} bits: at most 64 are possible"
            )));
        }
        let body = self.position;
        self.position = body.saturating_add((self.values / 8).saturating_mul(width as usize));
        self.next_width = self.next_width.saturating_add(1);
        self.left_of_block = self.left_of_block.saturating_sub(1);
        Ok((width, body))
    }
}

fn varint_at(page: &[u8], position: &mut usize) -> Result<u64> {
    let (value, length) = page.get(*position..).and_then(varint).ok_or_else(ends_inside_header)?;
    *position = position.saturating_add(length);
    Ok(value)
}

fn unzigzag(value: u64) -> u64 {
    (value >> 1) ^ (value & 1).wrapping_neg()
}

#[cold]
fn ends_inside_header() -> Error {
    Error::corrupt("a DELTA_BINARY_PACKED stream ends inside a header")
}

#[cold]
fn bad_block(block: u64, per_block: u64) -> Error {
    Error::corrupt(format!("DELTA_BINARY_PACKED blocks of {block} values in {per_block} miniblocks"))
}
