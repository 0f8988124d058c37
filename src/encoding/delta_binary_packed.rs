//! DELTA_BINARY_PACKED: integers as bit-packed differences.
//!
//! A stream is a header (values of a block, miniblocks of a block, number of values, first value), then blocks: the least
//! difference, a bit width for each miniblock, and the miniblocks, each the bits of its differences from the least one.
//! All arithmetic wraps. The last block may have widths, of any value, for miniblocks that do not follow; the last
//! miniblock is padded, and read too where its padding was cut off.

use super::{values_missing, varint};
use crate::error::{Error, Result};
use crate::simd::{self, PackedDeltas, PackedMiniblocks};

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

    /// Where the stream ends: behind the body, padding included, of the last miniblock that holds a value, or with the page
    /// where that was cut off. Known only as long as no value was taken.
    pub(crate) fn end(&self, page: &[u8]) -> Result<usize> {
        let mut miniblocks = self.miniblocks.clone();
        let mut left = self.left.saturating_sub(1);
        while left > 0 {
            miniblocks.next(page)?;
            left = left.saturating_sub(miniblocks.values as u64);
        }
        Ok(miniblocks.position.min(page.len()))
    }

    /// The next values, as many as `out` has room for, as integers of `N` bytes.
    pub(crate) fn read<const N: usize>(&mut self, page: &[u8], out: &mut [[u8; N]]) -> Result<()> {
        let mut out = self.take_first(out)?;
        while !out.is_empty() {
            let mut count = self.read_miniblocks(page, out)?;
            if count == 0 {
                let deltas;
                (deltas, count) = self.next_deltas(page, out.len())?;
                self.last = simd::add_deltas(deltas, self.last, out.get_mut(..count).unwrap_or_default());
            }
            out = out.get_mut(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Reads whole miniblocks of the block at hand, or of the one that begins next, where none was begun; how many values
    /// these have.
    fn read_miniblocks<const N: usize>(&mut self, page: &[u8], out: &mut [[u8; N]]) -> Result<usize> {
        let values = self.miniblocks.values;
        if self.taken < values || out.len() < values {
            return Ok(0);
        }
        let (widths, source) = self.miniblocks.of_block(page)?;
        let blocks = PackedMiniblocks { widths, source, values, least: self.miniblocks.least };
        let (taken, last) = simd::add_miniblocks(blocks, self.last, out);
        self.last = last;
        for _ in 0..taken {
            self.miniblocks.next(page)?;
        }
        let count = taken.saturating_mul(values);
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
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

    /// Goes to the block that begins next, where none of this one is left.
    fn enter_block(&mut self, page: &[u8]) -> Result<()> {
        if self.left_of_block == 0 {
            self.least = unzigzag(varint_at(page, &mut self.position)?);
            self.next_width = self.position;
            self.position = self.position.saturating_add(self.per_block);
            self.left_of_block = self.per_block;
        }
        Ok(())
    }

    /// The widths of the miniblocks left of the block, as far as they are there, and the bytes from the first one's body on.
    fn of_block<'a>(&mut self, page: &'a [u8]) -> Result<(&'a [u8], &'a [u8])> {
        self.enter_block(page)?;
        let widths = page.get(self.next_width..).unwrap_or_default();
        let widths = widths.get(..self.left_of_block).unwrap_or(widths);
        Ok((widths, page.get(self.position..).unwrap_or_default()))
    }

    /// Goes to the next miniblock: the bits of its deltas, and where its body begins.
    fn next(&mut self, page: &[u8]) -> Result<(u32, usize)> {
        self.enter_block(page)?;
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

#[cfg(test)]
mod tests {
    use super::super::testing::{Noise, SHAPES, delta_binary_packed, slow_delta, zigzag};
    use super::*;

    /// Reads `count` values in pieces of `step`, skipping every `skip_each`-th piece; skipped values are `None`.
    fn read<const N: usize>(page: &[u8], count: usize, step: usize, skip_each: usize) -> Result<Vec<Option<[u8; N]>>> {
        let mut stream = DeltaBinaryPacked::open(page, 0)?;
        let mut out = Vec::new();
        let mut piece = 0;
        while out.len() < count {
            let now = step.min(count - out.len());
            piece += 1;
            if piece % skip_each == 0 {
                stream.skip(page, now)?;
                out.extend(vec![None; now]);
            } else {
                let mut values = vec![[0; N]; now];
                stream.read(page, &mut values)?;
                out.extend(values.into_iter().map(Some));
            }
        }
        Ok(out)
    }

    fn agrees<const N: usize>(found: &[Option<[u8; N]>], values: &[u64]) -> bool {
        let same = |(found, value): (&Option<[u8; N]>, &u64)| found.is_none_or(|f| f[..] == value.to_le_bytes()[..N]);
        found.len() == values.len() && found.iter().zip(values).all(same)
    }

    fn values_of_width(noise: &mut Noise, width: u32, count: usize) -> Vec<u64> {
        let mut value = noise.next();
        let step = |_| {
            value = value.wrapping_add(noise.next().checked_shr(64 - width).unwrap_or(0)).wrapping_sub(1000);
            value
        };
        (0..count).map(step).collect()
    }

    #[test]
    fn every_shape_and_width_in_any_steps() {
        let mut noise = Noise(1);
        for shape in SHAPES {
            for width in 0..=64 {
                let count = [1, 2, 32, 33, 129, 513, 1300][noise.below(7)];
                let values = values_of_width(&mut noise, width, count);
                let page = delta_binary_packed(&values, shape);
                assert_eq!(slow_delta(&page, 0, count).unwrap(), values);
                let stream = DeltaBinaryPacked::open(&page, 0).unwrap();
                assert_eq!(stream.end(&page).unwrap(), page.len(), "{shape:?}, width {width}, {count} values");
                for (step, skip_each) in [(count, 9), (7, 9), (40, 3), (8, 2), (noise.below(count) + 1, 2)] {
                    let wide = read::<8>(&page, count, step, skip_each).unwrap();
                    assert!(agrees(&wide, &values), "{shape:?}, width {width}, {count} values by {step}");
                    let narrow = read::<4>(&page, count, step, skip_each).unwrap();
                    assert!(agrees(&narrow, &values), "{shape:?}, width {width}, {count} values by {step}");
                }
                assert!(read::<8>(&page, count + 1, count + 1, 2).is_err(), "a value too many");
                assert!(read::<8>(&page, count + 1, count + 1, 1).is_err(), "a skip too far");
            }
        }
    }

    #[test]
    fn extremes_wrap_around() {
        let values = [i64::MIN, i64::MAX, 0, -1, i64::MAX, i64::MIN, i64::MIN, 5].map(|value| value as u64);
        let page = delta_binary_packed(&values, (128, 4));
        assert!(agrees(&read::<8>(&page, 8, 3, 9).unwrap(), &values));
    }

    #[test]
    fn damaged_streams_give_what_a_slow_reader_gives() {
        let mut noise = Noise(7);
        for round in 0..4000 {
            let (width, count) = (noise.below(65) as u32, 1 + noise.below(400));
            let values = values_of_width(&mut noise, width, count);
            let mut page = delta_binary_packed(&values, SHAPES[noise.below(SHAPES.len())]);
            for _ in 0..noise.below(3) {
                let place = noise.below(if round % 2 == 0 { 12 } else { page.len() }).min(page.len() - 1);
                page[place] = [noise.next() as u8, 0, 0xff, 0x80][noise.below(4)];
            }
            page.truncate(if round % 3 == 0 { noise.below(page.len() + 1) } else { page.len() });
            let wanted = count - noise.below(count / 2 + 1) + noise.below(2);
            let expected = slow_delta(&page, 0, wanted);
            for (step, skip_each) in [(wanted, 9), (1 + noise.below(50), 2)] {
                let found = read::<8>(&page, wanted, step, skip_each).ok();
                match (&found, &expected) {
                    (Some(found), Some(expected)) => assert!(agrees(found, expected), "round {round}"),
                    (None, None) => {}
                    // Nothing but differences is read of what is skipped, yet all of it must be there.
                    (found, expected) => panic!("round {round}: {found:?} instead of {expected:?}"),
                }
            }
        }
    }

    #[test]
    fn the_padding_of_the_last_miniblock_may_be_cut_off() {
        let values: Vec<u64> = (0..40).map(|i| i * i * 3).collect();
        let whole = delta_binary_packed(&values, (128, 1));
        let width = whole[6];
        let cut = &whole[..7 + (39 * usize::from(width)).div_ceil(8)];
        assert!(agrees(&read::<8>(cut, 40, 40, 9).unwrap(), &values));
        assert!(read::<8>(&cut[..cut.len() - 1], 40, 40, 9).is_err());
        assert_eq!(DeltaBinaryPacked::open(cut, 0).unwrap().end(cut).unwrap(), cut.len());
    }

    #[test]
    fn counts_are_not_trusted() {
        // 128 values of 4 miniblocks; two thousand million million values; no bits for any of them.
        let huge = [&[0x80, 1, 4][..], &[0xff; 7], &[0x7f, 0, 0, 0, 0, 0, 0]].concat();
        let mut stream = DeltaBinaryPacked::open(&huge, 0).unwrap();
        assert!(stream.end(&huge).is_err());
        stream.skip(&huge, 129).unwrap();
        assert!(stream.skip(&huge, 1).is_err(), "the second block is missing");
        let vast_miniblocks =
            [&[0x80, 0x80, 0x80, 0x80, 8, 1, 0xff, 0xff, 0xff, 0xff, 0xf, 0][..], &zigzag(3), &[0]].concat();
        let mut stream = DeltaBinaryPacked::open(&vast_miniblocks, 0).unwrap();
        stream.skip(&vast_miniblocks, 1 << 30).unwrap();
        let mut out = [[0; 8]];
        stream.read(&vast_miniblocks, &mut out).unwrap();
        assert_eq!(u64::from_le_bytes(out[0]), 3 << 30, "widths of 0 are summed up, not walked over");
    }

    #[test]
    fn blocks_that_the_format_does_not_allow_are_refused() {
        for (block, per_block) in [(0u8, 4u8), (64, 1), (127, 1), (0, 0)] {
            assert!(DeltaBinaryPacked::open(&[block, per_block, 2, 0, 0, 0], 0).is_err(), "{block} in {per_block}");
        }
        for per_block in [0, 3, 8, 64] {
            assert!(DeltaBinaryPacked::open(&[0x80, 1, per_block, 2, 0, 0, 0], 0).is_err(), "128 in {per_block}");
        }
        assert!(DeltaBinaryPacked::open(&[0x80, 1, 4], 0).is_err(), "half a header");
        assert!(DeltaBinaryPacked::open(&[0, 0, 1, 8], 0).is_ok(), "one value needs no block");
        assert!(DeltaBinaryPacked::open(&[], 0).unwrap().skip(&[], 1).is_err(), "no stream");
        let too_wide = [0x80, 1, 4, 2, 0, 0, 65, 0, 0, 0];
        assert!(read::<8>(&too_wide, 2, 2, 9).is_err());
    }
}
