//! PLAIN byte arrays: a 4-byte little-endian length in front of each value.

use crate::error::{Error, Result};

use super::u32_at;
use crate::simd;

/// The value whose length stands at `position`: its bytes, and where the next one begins.
#[inline]
pub(crate) fn byte_array_at(bytes: &[u8], position: usize) -> Result<(&[u8], usize)> {
    let missing = || Error::corrupt("the page ends inside a byte array's length");
    let length = u32_at(bytes, position).ok_or_else(missing)? as usize;
    let start = position.saturating_add(4);
    let rest = bytes.get(start..).unwrap_or(&[]);
    match rest.get(..length) {
        Some(value) => Ok((value, start.saturating_add(length))),
        None => Err(Error::corrupt(format!("a byte array claims {length} bytes, the page has {}", rest.len()))),
    }
}

/// A cursor over PLAIN byte arrays.
#[derive(Debug, Default)]
pub(crate) struct PlainBytes {
    /// Where the next length stands.
    pub(crate) position: usize,
}

impl PlainBytes {
    /// Passes over `count` values.
    pub(crate) fn skip(&mut self, page: &[u8], count: usize) -> Result<()> {
        for _ in 0..count {
            simd::prefetch_far_behind::<2>(page.as_ptr().wrapping_add(self.position));
            self.position = byte_array_at(page, self.position)?.1;
        }
        Ok(())
    }
}
