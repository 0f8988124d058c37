//! DELTA_BYTE_ARRAY: each value begins with some bytes of the value before it and goes on with bytes of its own.
//!
//! The page holds how many bytes each value shares (DELTA_BINARY_PACKED), then what follows them
//! (DELTA_LENGTH_BYTE_ARRAY). The value passed last is kept, so that reading goes on anywhere.

use std::ops::Range;

use super::delta_length_byte_array::own_bytes;
use super::{ByteArrayBlock, DeltaBinaryPacked};
use crate::error::{Error, Result};
use crate::memory::Values;
use crate::simd;

/// A cursor over the values of one page.
#[derive(Debug)]
pub(crate) struct DeltaByteArray {
    prefixes: DeltaBinaryPacked,
    suffixes: DeltaBinaryPacked,
    /// Where the own bytes of the next value begin.
    position: usize,
    /// The value before the next one.
    last: Vec<u8>,
    /// The one length that all values have, if they must.
    width: Option<usize>,
}

impl DeltaByteArray {
    /// The values from byte `start` of `page` on; each of `width` bytes, where that is given.
    pub(crate) fn open(page: &[u8], start: usize, width: Option<usize>) -> Result<Self> {
        let prefixes = DeltaBinaryPacked::open(page, start)?;
        let suffixes = DeltaBinaryPacked::open(page, prefixes.end(page)?)?;
        let position = suffixes.end(page)?;
        Ok(Self { prefixes, suffixes, position, last: Vec::new(), width })
    }

    /// Measures the next values, at most `wanted`; their own bytes are returned, to be given to [`Self::append`].
    pub(crate) fn next(&mut self, page: &[u8], wanted: usize, block: &mut ByteArrayBlock) -> Result<Range<usize>> {
        let streams = (&mut self.prefixes, &mut self.suffixes);
        let own = block.read_shared(page, wanted, streams, self.last.len())?;
        if let Some(width) = self.width
            && let Some(length) = block.lengths().find(|length| *length != width)
        {
            return Err(Error::corrupt(format!("a value of {length} bytes where all have {width}")));
        }
        let own = own_bytes(page, self.position, own)?;
        self.position = own.end;
        Ok(own)
    }

    /// Appends the values that were measured last, end to end, to `out`.
    pub(crate) fn append(
        &mut self,
        page: &[u8],
        own: Range<usize>,
        block: &ByteArrayBlock,
        out: &mut Values<u8>,
    ) -> Result<()> {
        let mut own = page.get(own).unwrap_or(&[]);
        let room = out.spare(block.total())?;
        let (mut before, mut at) = (0usize, 0usize);
        for (index, (prefix, suffix)) in block.prefixes_and_suffixes().enumerate() {
            if index == 0 {
                simd::copy_prefix(&self.last, prefix, room);
            } else {
                simd::copy_within(room, before, prefix, at);
            }
            before = at;
            at = at.saturating_add(prefix);
            simd::copy_prefix(own, suffix, room.get_mut(at..).unwrap_or_default());
            own = own.get(suffix..).unwrap_or(&[]);
            at = at.saturating_add(suffix);
        }
        if block.count() > 0 {
            self.last.clear();
            self.last.extend_from_slice(room.get(before..at).unwrap_or(&[]));
        }
        out.commit(block.total());
        Ok(())
    }

    /// Passes over `count` values; only the one in front of the next is put together.
    pub(crate) fn skip(&mut self, page: &[u8], count: usize) -> Result<()> {
        let mut block = ByteArrayBlock::new();
        let mut left = count;
        while left > 0 {
            let own = self.next(page, left, &mut block)?;
            let mut own = page.get(own).unwrap_or(&[]);
            for (prefix, suffix) in block.prefixes_and_suffixes() {
                let (now, later) = own.split_at_checked(suffix).unwrap_or_default();
                self.last.truncate(prefix);
                self.last.extend_from_slice(now);
                own = later;
            }
            left = left.saturating_sub(block.count());
        }
        Ok(())
    }
}
