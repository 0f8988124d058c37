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
    position: usize,
    /// So many values were found to be there, and where the last of them ends.
    found: (usize, usize),
}

impl PlainBytes {
    /// The next length stands at `position`.
    pub(crate) fn at(position: usize) -> Self {
        Self { position, found: (0, position) }
    }

    /// Where the next length stands.
    pub(crate) fn position(&self) -> usize {
        self.position
    }

    /// Where `page`, the front of one, has fewer than the next `count` values: the bytes of it that all of them take if those
    /// that are not there are as long as those that are.
    pub(crate) fn missing_bytes(&mut self, page: &[u8], count: usize) -> Option<usize> {
        self.find(page, count).err()?;
        let (found, end) = self.found;
        let all = end.saturating_sub(self.position).saturating_mul(count).checked_div(found).unwrap_or(0);
        Some(self.position.saturating_add(all))
    }

    /// Passes over `count` values.
    pub(crate) fn skip(&mut self, page: &[u8], count: usize) -> Result<()> {
        if count < self.found.0 {
            *self = Self::at(self.position);
        }
        self.find(page, count)?;
        *self = Self::at(self.found.1);
        Ok(())
    }

    /// Walks on until the next `count` values were found.
    fn find(&mut self, page: &[u8], count: usize) -> Result<()> {
        let (found, end) = &mut self.found;
        while *found < count {
            simd::prefetch_far_behind::<2>(page.as_ptr().wrapping_add(*end));
            *end = byte_array_at(page, *end)?.1;
            *found = found.saturating_add(1);
        }
        Ok(())
    }
}
