//! UTF-8 of text that something walks over, validated by simdutf8 in stretches that are still in the cache.

/// So much was walked over when it is validated: less than half of what the nearest cache holds, and not so little that calls
/// and branches that are guessed wrong at its ends are felt.
const STRETCH_BYTES: usize = 8192;

/// Text that is being walked over.
pub(crate) struct Utf8Walk {
    /// Where that begins which was not validated.
    next: usize,
    is_valid: bool,
}

impl Utf8Walk {
    /// Text that begins at `position`.
    #[inline(always)]
    pub(crate) fn new(position: usize) -> Self {
        Self { next: position, is_valid: true }
    }

    /// The walk over `bytes` has come to `position`, where a character ends.
    #[inline(always)]
    pub(crate) fn pass(&mut self, bytes: &[u8], position: usize) {
        if position >= self.next + STRETCH_BYTES {
            self.end(bytes, position, position);
        }
    }

    /// The text ends at `end`; more of it begins at `next`, with another character.
    #[inline(never)]
    pub(crate) fn end(&mut self, bytes: &[u8], end: usize, next: usize) {
        let stretch = bytes.get(self.next..end).unwrap_or_default();
        self.is_valid &= simdutf8::basic::from_utf8(stretch).is_ok();
        self.next = next;
    }

    /// True if all text was valid up to where it was said to end.
    pub(crate) fn is_valid(&self) -> bool {
        self.is_valid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a walk says to text that comes in steps of characters.
    fn is_valid(bytes: &[u8], start: usize, ends: impl Iterator<Item = usize>) -> bool {
        let mut walk = Utf8Walk::new(start);
        let mut last = start;
        for end in ends {
            walk.pass(bytes, end);
            last = end;
        }
        walk.end(bytes, last, last);
        walk.is_valid()
    }

    #[test]
    fn one_wrong_byte_is_found_anywhere() {
        let text: String = (0..20_000).map(|i| ['a', 'ß', '€', 'z', '𝄞'][i * i % 5]).collect();
        let ends = || text.char_indices().map(|(place, _)| place + 7).chain([text.len() + 7]);
        let bytes = [&[0xff; 7], text.as_bytes()].concat();
        assert!(is_valid(&bytes, 7, ends()));
        assert!(is_valid(&bytes, 7, [].into_iter()));
        for place in [7, 8, 8191, 8198, 8199, 16_500, 30_001, bytes.len() - 1] {
            let mut bytes = bytes.clone();
            bytes[place] = 0xff;
            assert!(!is_valid(&bytes, 7, ends()), "at {place}");
        }
        assert!(!is_valid(&bytes, 6, ends()), "the byte in front of it");
        assert!(!is_valid(&bytes, 7, [10, bytes.len() - 1].into_iter()), "a character cut");
    }
}
