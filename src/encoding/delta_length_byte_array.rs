//! DELTA_LENGTH_BYTE_ARRAY: the lengths of all values in DELTA_BINARY_PACKED, then their bytes end to end.

use std::ops::Range;

use super::{ByteArrayBlock, DeltaBinaryPacked};
use crate::error::{Error, Result};

/// A cursor over the values of one page.
#[derive(Debug)]
pub(crate) struct DeltaLengthByteArray {
    lengths: DeltaBinaryPacked,
    /// Where the bytes of the next value begin.
    position: usize,
}

impl DeltaLengthByteArray {
    /// The values from byte `start` of `page` on.
    pub(crate) fn open(page: &[u8], start: usize) -> Result<Self> {
        let lengths = DeltaBinaryPacked::open(page, start)?;
        let position = lengths.end(page)?;
        Ok(Self { lengths, position })
    }

    /// Passes the next values, at most `wanted`; returns where in the page their bytes lie.
    pub(crate) fn next(&mut self, page: &[u8], wanted: usize, block: &mut ByteArrayBlock) -> Result<Range<usize>> {
        block.read(page, wanted, &mut self.lengths)?;
        let bytes = own_bytes(page, self.position, block.total())?;
        self.position = bytes.end;
        Ok(bytes)
    }
}

/// Where `length` bytes of values lie in `page`, from `position` on.
pub(super) fn own_bytes(page: &[u8], position: usize, length: usize) -> Result<Range<usize>> {
    let end = position.saturating_add(length);
    if end > page.len() {
        let there = page.len().saturating_sub(position);
        return Err(Error::corrupt(format!("byte arrays claim {length} bytes, the page has {there}")));
    }
    Ok(position..end)
}
