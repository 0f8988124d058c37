//! A range of bytes of the file: what the decoder asks for and what the host answers with.

use std::fmt;

/// Bytes `offset .. offset + length` of the file. The end never passes `u64::MAX`: see [`ByteRange::new`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ByteRange {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

impl ByteRange {
    /// The range, unless its end would pass `u64::MAX`.
    pub fn new(offset: u64, length: u64) -> Option<Self> {
        offset.checked_add(length).map(|_| Self { offset, length })
    }

    /// The range from `start` up to `end`; empty where `end` lies before `start`.
    pub fn between(start: u64, end: u64) -> Self {
        Self { offset: start, length: end.saturating_sub(start) }
    }

    /// One past the last byte.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }

    /// True where the range holds no byte.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// True where every byte of `other` lies in this range.
    pub fn contains(&self, other: ByteRange) -> bool {
        self.offset <= other.offset && other.end() <= self.end()
    }
}

impl fmt::Debug for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.offset, self.end())
    }
}
