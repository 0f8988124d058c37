//! Validates the UTF-8 of byte arrays many at a time.
//!
//! Values that lie end to end are valid if all of it is and none ends inside a character. PLAIN values have lengths
//! between them, which do no harm: the length in front of a value shorter than 128 bytes is four ASCII bytes. So a stretch of such values, lengths
//! included, is valid UTF-8 exactly if every value in it is: a character cut in two at the end of a value would be
//! followed by ASCII. A longer value ends the stretch before it and begins the next one behind its length.

use crate::error::{Error, Result};
use crate::simd::{SHORT_PLAIN_BYTES, Utf8Walk};

/// Values at least this long have a length that need not be ASCII. Kernels pass over shorter ones without telling.
const LONG_VALUE_BYTES: usize = 128;
const _: () = assert!(SHORT_PLAIN_BYTES <= LONG_VALUE_BYTES);

/// PLAIN byte arrays that are being walked over.
pub(crate) struct PlainText(Utf8Walk);

impl PlainText {
    /// The walk begins at the length that stands at `position`.
    #[inline(always)]
    pub(crate) fn new(position: usize) -> Self {
        Self(Utf8Walk::new(position))
    }

    /// For kernels that walk over short values.
    pub(crate) fn walk(&mut self) -> &mut Utf8Walk {
        &mut self.0
    }

    /// Takes note of a value of `length` bytes whose length stands at `position` of `bytes`.
    #[inline(always)]
    pub(crate) fn pass(&mut self, bytes: &[u8], position: usize, length: usize) {
        if length < LONG_VALUE_BYTES {
            self.0.pass(bytes, position);
        } else {
            self.0.end(bytes, position, position.saturating_add(4));
        }
    }

    /// Fails unless all values up to `end` of `bytes` are valid.
    pub(crate) fn end(&mut self, bytes: &[u8], end: usize) -> Result<()> {
        self.0.end(bytes, end, end);
        if self.0.is_valid() { Ok(()) } else { Err(invalid()) }
    }
}

/// Validates values that lie in `bytes` end to end: all together, and that none `cuts_characters`, which says whether
/// some value begins with a byte that continues a character.
pub(crate) fn validate_values(bytes: &[u8], cuts_characters: impl FnOnce() -> bool) -> Result<()> {
    if bytes.is_ascii() {
        return Ok(());
    }
    let is_text = simdutf8::basic::from_utf8(bytes).is_ok();
    if is_text && !cuts_characters() { Ok(()) } else { Err(invalid()) }
}

/// Validates a value.
#[inline]
pub(crate) fn validate_value(bytes: &[u8]) -> Result<()> {
    validate_values(bytes, || false)
}

/// Whether a byte behind one of `ends` continues a character.
pub(crate) fn end_inside_characters(bytes: &[u8], ends: impl Iterator<Item = usize>) -> bool {
    let continues = |end: usize| bytes.get(end).is_some_and(|byte| byte & 0xc0 == 0x80);
    // Without a branch: nearly always all of them are looked at.
    ends.fold(false, |inside, end| inside | continues(end))
}

#[cold]
fn invalid() -> Error {
    Error::corrupt("a string is not valid UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::byte_array_at;

    fn valid(values: &[&[u8]]) -> bool {
        let bytes: Vec<u8> =
            values.iter().flat_map(|v| (v.len() as u32).to_le_bytes().into_iter().chain(v.iter().copied())).collect();
        let mut text = PlainText::new(0);
        let mut position = 0;
        for _ in values {
            let (value, next) = byte_array_at(&bytes, position).unwrap();
            text.pass(&bytes, position, value.len());
            position = next;
        }
        text.end(&bytes, position).is_ok()
    }

    #[test]
    fn short_and_long_values_are_validated() {
        let umlauts = "äöü".repeat(60).into_bytes();
        assert!(valid(&[b"abc", "ä".as_bytes(), b"", &umlauts, &umlauts, b"x", &[b'y'; 200]]));
        assert!(valid(&[]));
        assert!(!valid(&[b"abc", &[0xc3], &[0xa4]]), "a character over two values");
        assert!(!valid(&[&umlauts[..umlauts.len() - 1], b"x"]), "a long value that ends inside a character");
        assert!(!valid(&[b"x", &[0xc3], &umlauts]), "a short value that ends inside a character");
        assert!(!valid(&[&umlauts, &[0xff]]));
    }

    #[test]
    fn values_end_to_end_end_where_characters_do() {
        let valid = |values: &[&[u8]]| {
            let ends = (1..=values.len()).map(|count| values[..count].concat().len());
            let bytes = values.concat();
            validate_values(&bytes, || end_inside_characters(&bytes, ends)).is_ok()
        };
        assert!(valid(&[b"abc", b"", "ä".as_bytes(), "€x".as_bytes(), b""]));
        assert!(valid(&[]));
        assert!(!valid(&[b"abc", &[0xc3], &[0xa4]]), "a character over two values");
        assert!(!valid(&["ä".as_bytes(), &[0xff]]));
        assert!(!valid(&[b"x", &[0xc3]]));
    }
}
