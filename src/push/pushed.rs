//! What was pushed and may still be needed.
//!
//! Of every push only the bytes are kept that the scan may still want: a host may push a whole file, or things nobody
//! asked for, and pays for no byte of a column that is not read. What was used up is not wanted any more.

use bytes::Bytes;

use super::buffers::Buffers;
use super::intervals::IntervalSet;
use crate::byte_range::ByteRange;
use crate::column::ByteSource;
use crate::error::{Error, Result};

/// Bytes held, and which ones would be kept if they came. Held bytes are always wanted.
#[derive(Debug, Default)]
pub(crate) struct PushedBytes {
    buffers: Buffers,
    wanted: IntervalSet,
    has_copies: bool,
}

impl PushedBytes {
    /// Takes the part of `length` bytes at `offset` that is wanted and not yet held; `part` gives the bytes from one index
    /// of the push up to another. Fails, changing nothing, where `data` differs from bytes held.
    pub(crate) fn insert(
        &mut self,
        offset: u64,
        data: &[u8],
        mut part: impl FnMut(std::ops::Range<usize>) -> Bytes,
    ) -> Result<()> {
        let range = ByteRange::new(offset, data.len() as u64)
            .ok_or_else(|| Error::invalid_argument("bytes pushed past the largest offset").at_offset(offset))?;
        self.buffers.check_agreement(offset, data)?;
        for wanted in self.wanted.common(range) {
            for gap in self.buffers.missing(wanted) {
                let index = |position: u64| usize::try_from(position.saturating_sub(offset)).unwrap_or(usize::MAX);
                self.buffers.insert(gap.offset, part(index(gap.offset)..index(gap.end())))?;
            }
        }
        Ok(())
    }

    /// Some of what is pushed is not memory of the host: nobody else needs it when it was decoded.
    pub(crate) fn expect_copies(&mut self) {
        self.has_copies = true;
    }

    /// From now on keeps the bytes of `range` when they come.
    pub(crate) fn want(&mut self, range: ByteRange) {
        self.wanted.insert(range);
    }

    /// The parts of `range` that are not held, ascending.
    pub(crate) fn missing(&self, range: ByteRange) -> Vec<ByteRange> {
        self.buffers.missing(range)
    }

    /// Number of bytes held.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.buffers.held_bytes()
    }
}

impl ByteSource for PushedBytes {
    fn get(&self, range: ByteRange) -> Option<Bytes> {
        self.buffers.get(range)
    }

    fn contiguous_from(&self, offset: u64, max_bytes: u64) -> Bytes {
        self.buffers.contiguous_from(offset, max_bytes)
    }

    fn release(&mut self, range: ByteRange) {
        self.buffers.remove(range);
        self.wanted.remove(range);
    }

    fn is_lent(&self) -> bool {
        !self.has_copies
    }
}
