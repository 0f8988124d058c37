//! PLAIN_DICTIONARY and RLE_DICTIONARY: codes of dictionary entries, in blocks that stay in the first-level cache.

use super::hybrid::{Hybrid, Piece};
use crate::error::Result;
use crate::simd;

/// Codes unpacked at a time: small enough to stay in the first-level cache together with what they select.
const BLOCK_CODES: usize = 1024;

/// Room for one block of codes, and for those in front of it in the same group of eight. To be kept from one call to the
/// next; it takes no memory before the first.
#[derive(Default)]
pub(crate) struct CodeScratch(Vec<u32>);

impl CodeScratch {
    /// `count` codes, a block at most, of `width` bits from code `first` of `bytes` on.
    #[inline]
    fn unpacked(&mut self, bytes: &[u8], width: u32, first: usize, count: usize) -> &[u32] {
        if self.0.is_empty() {
            self.0.resize(BLOCK_CODES.saturating_add(8), 0);
        }
        // Groups of eight values begin at whole bytes: unpack from the group that holds the first value.
        let skipped = first % 8;
        let group_start = (first / 8).saturating_mul(width as usize);
        let unpacked = self.0.get_mut(..skipped.saturating_add(count)).unwrap_or_default();
        simd::unpack(bytes.get(group_start..).unwrap_or(&[]), width, unpacked);
        unpacked.get(skipped..).unwrap_or_default()
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
        match self.0.next_block(values, wanted, BLOCK_CODES)? {
            Piece::Repeat { value, count } => Ok(CodeBlock::Repeat { code: value, count }),
            Piece::Packed { bytes, first, count } => {
                Ok(CodeBlock::Each(scratch.unpacked(bytes, self.0.bit_width(), first, count)))
            }
        }
    }

    /// Hands the next `wanted` codes to `take`. No code is to be had after an error.
    #[inline]
    pub(crate) fn each_block(
        &mut self,
        values: &[u8],
        wanted: usize,
        scratch: &mut CodeScratch,
        mut take: impl FnMut(CodeBlock<'_>) -> Result<()>,
    ) -> Result<()> {
        let width = self.0.bit_width();
        self.0.each_piece(values, wanted, |piece| match piece {
            Piece::Repeat { value, count } => take(CodeBlock::Repeat { code: value, count }),
            Piece::Packed { bytes, first, count } => {
                let end = first.saturating_add(count);
                for first in (first..end).step_by(BLOCK_CODES) {
                    let count = end.saturating_sub(first).min(BLOCK_CODES);
                    take(CodeBlock::Each(scratch.unpacked(bytes, width, first, count)))?;
                }
                Ok(())
            }
        })
    }

    /// Passes over `count` codes.
    pub(crate) fn skip(&mut self, values: &[u8], count: usize) -> Result<()> {
        self.0.skip(values, count)
    }
}
