//! PLAIN_DICTIONARY and RLE_DICTIONARY: codes of dictionary entries, in blocks that stay in the first-level cache.

use super::hybrid::{Hybrid, Piece};
use crate::error::Result;
use crate::simd::{self, RunsTaken};

/// Codes unpacked at a time: small enough to stay in the first-level cache together with what they select.
const BLOCK_CODES: usize = 1024;

/// Runs that come to more values a byte than this are long: a repeated run has two bytes or three.
const LONG_RUN_VALUES_PER_BYTE: usize = 16;

/// Room for one block of codes, and for what kernels write behind it. To be kept from one call to the next; it takes no memory
/// before the first.
#[derive(Default)]
pub(crate) struct CodeScratch(Vec<u32>);

impl CodeScratch {
    /// The room.
    #[inline]
    fn room(&mut self) -> &mut [u32] {
        if self.0.is_empty() {
            self.0.resize(BLOCK_CODES.saturating_add(simd::RUNS_OVER), 0);
        }
        &mut self.0
    }

    /// The first `count` codes of the room.
    fn first(&self, count: usize) -> &[u32] {
        self.0.get(..count).unwrap_or_default()
    }

    /// `count` codes, a block at most, of `width` bits from code `first` of `bytes` on.
    #[inline]
    fn unpacked(&mut self, bytes: &[u8], width: u32, first: usize, count: usize) -> &[u32] {
        // Groups of eight values begin at whole bytes: unpack from the group that holds the first value.
        let skipped = first % 8;
        let group_start = (first / 8).saturating_mul(width as usize);
        let unpacked = self.room().get_mut(..skipped.saturating_add(count)).unwrap_or_default();
        simd::unpack(bytes.get(group_start..).unwrap_or(&[]), width, unpacked);
        unpacked.get(skipped..).unwrap_or_default()
    }

    /// Hands the codes of `piece`, of `width` bits, to `take`.
    #[inline]
    fn each_block_of(
        &mut self,
        piece: Piece<'_>,
        width: u32,
        take: &mut impl FnMut(CodeBlock<'_>) -> Result<()>,
    ) -> Result<()> {
        match piece {
            Piece::Repeat { value, count } => take(CodeBlock::Repeat { code: value, count }),
            Piece::Packed { bytes, first, count } => {
                let end = first.saturating_add(count);
                for first in (first..end).step_by(BLOCK_CODES) {
                    let count = end.saturating_sub(first).min(BLOCK_CODES);
                    take(CodeBlock::Each(self.unpacked(bytes, width, first, count)))?;
                }
                Ok(())
            }
        }
    }
}

/// The dictionary codes of one data page.
#[derive(Debug)]
pub(crate) struct Codes(Hybrid);

/// Some codes of a page.
pub(crate) enum CodeBlock<'a> {
    /// `count` times `code`.
    Repeat { code: u32, count: usize },
    /// One code a value.
    Each(&'a [u32]),
}

impl Codes {
    /// The codes of a page whose values begin at `start`: a byte with their bit width, then the hybrid.
    pub(crate) fn open(values: &[u8], start: usize) -> Result<Self> {
        match values.get(start) {
            Some(width) => Ok(Self(Hybrid::new(u32::from(*width), start.saturating_add(1)..values.len())?)),
            // A page of nulls only may have no value byte at all; reading from it fails.
            None => Ok(Self(Hybrid::new(1, start..start)?)),
        }
    }

    /// The next codes, at least one and at most `wanted`.
    pub(crate) fn next<'a>(
        &mut self,
        values: &[u8],
        wanted: usize,
        scratch: &'a mut CodeScratch,
    ) -> Result<CodeBlock<'a>> {
        let taken = self.take_runs(values, wanted, scratch);
        if taken.values > 0 {
            return Ok(CodeBlock::Each(scratch.first(taken.values)));
        }
        match self.0.next_block(values, wanted, BLOCK_CODES)? {
            Piece::Repeat { value, count } => Ok(CodeBlock::Repeat { code: value, count }),
            Piece::Packed { bytes, first, count } => {
                Ok(CodeBlock::Each(scratch.unpacked(bytes, self.0.bit_width(), first, count)))
            }
        }
    }

    /// Takes whole runs that begin next, as many as fit in a block, to the front of `scratch`.
    #[inline]
    fn take_runs(&mut self, values: &[u8], wanted: usize, scratch: &mut CodeScratch) -> RunsTaken {
        let width = self.0.bit_width();
        if !(1..=simd::MAX_RUN_WIDTH).contains(&width) {
            return RunsTaken::default();
        }
        let (wanted, room) = (wanted.min(BLOCK_CODES), scratch.room());
        self.0.runs_by(values, |bytes, length| simd::code_runs(bytes, length, width, wanted, room))
    }

    /// Hands the next `wanted` codes to `take`, for which it is easy to repeat a value. No code is to be had after an error.
    #[inline]
    pub(crate) fn each_block(
        &mut self,
        values: &[u8],
        wanted: usize,
        scratch: &mut CodeScratch,
        mut take: impl FnMut(CodeBlock<'_>) -> Result<()>,
    ) -> Result<()> {
        let width = self.0.bit_width();
        let mut left = wanted;
        let mut are_short = simd::takes_runs_at_once() && width <= simd::MAX_RUN_WIDTH;
        while left > 0 && are_short {
            let taken = self.take_runs(values, left, scratch);
            if taken.values > 0 {
                take(CodeBlock::Each(scratch.first(taken.values)))?;
                left = left.saturating_sub(taken.values);
                are_short = taken.values < taken.bytes.saturating_mul(LONG_RUN_VALUES_PER_BYTE);
            } else {
                let piece = self.0.next(values, left)?;
                left = left.saturating_sub(piece.count());
                scratch.each_block_of(piece, width, &mut take)?;
            }
        }
        self.0.each_piece(values, left, |piece| scratch.each_block_of(piece, width, &mut take))
    }

    /// Passes over `count` codes.
    pub(crate) fn skip(&mut self, values: &[u8], count: usize) -> Result<()> {
        self.0.skip(values, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page of codes of `width` bits: runs, repeated and packed in turn, of so many groups of eight; and the codes.
    fn page(width: u32, groups: &[usize]) -> (Vec<u8>, Vec<u32>) {
        let (mut bytes, mut codes) = (vec![width as u8], Vec::new());
        let mask = (1u32 << width) - 1;
        for (run, groups) in groups.iter().enumerate() {
            let count = groups * 8;
            let header = if run % 2 == 0 { count << 1 } else { groups << 1 | 1 };
            match header < 128 {
                true => bytes.push(header as u8),
                false => bytes.extend([header as u8 | 0x80, (header >> 7) as u8]),
            }
            if run % 2 == 0 {
                let code = run as u32 * 7 & mask;
                bytes.extend(&code.to_le_bytes()[..width.div_ceil(8) as usize]);
                codes.extend(vec![code; count]);
                continue;
            }
            let packed: Vec<u32> = (0..count as u32).map(|value| (value * 5 + run as u32) & mask).collect();
            let bit = |at: usize| packed[at / width as usize] >> (at % width as usize) & 1;
            let byte = |index: usize| (0..8).fold(0, |byte, place| byte | (bit(index * 8 + place) as u8) << place);
            bytes.extend((0..groups * width as usize).map(byte));
            codes.extend(packed);
        }
        (bytes, codes)
    }

    fn append(block: CodeBlock<'_>, codes: &mut Vec<u32>) {
        match block {
            CodeBlock::Repeat { code, count } => codes.extend(std::iter::repeat_n(code, count)),
            CodeBlock::Each(block) => codes.extend(block),
        }
    }

    /// Short runs, long ones that follow, and short ones behind these, read in parts that end inside of runs.
    #[test]
    fn codes_are_the_same_whatever_runs_they_come_in() {
        let short = [1, 2, 1, 1, 3, 5, 2, 1].repeat(20);
        let long = [200, 1, 500, 2, 1, 150];
        for groups in [&short[..], &long, &[&short[..], &long, &short].concat()] {
            for (width, wanted) in (1..=12).flat_map(|width| [1, 9, 700, 8192].map(|wanted| (width, wanted))) {
                let (mut bytes, expected) = page(width, groups);
                bytes.extend([0; 100]);
                let scratch = &mut CodeScratch::default();
                let (mut by_blocks, mut one_by_one) = (Vec::new(), Vec::new());
                let mut codes = Codes::open(&bytes, 0).unwrap();
                while by_blocks.len() < expected.len() {
                    let wanted = wanted.min(expected.len() - by_blocks.len());
                    let take = |block: CodeBlock<'_>| {
                        append(block, &mut by_blocks);
                        Ok(())
                    };
                    codes.each_block(&bytes, wanted, scratch, take).unwrap();
                }
                let mut codes = Codes::open(&bytes, 0).unwrap();
                while one_by_one.len() < expected.len() {
                    let wanted = wanted.min(expected.len() - one_by_one.len());
                    append(codes.next(&bytes, wanted, scratch).unwrap(), &mut one_by_one);
                }
                assert_eq!(by_blocks, expected, "width {width}, {wanted} at a time");
                assert_eq!(one_by_one, expected, "width {width}, {wanted} at a time");
            }
        }
    }
}
