//! Room for bits whose number is known beforehand: runs and slices are written one after another with hardly a branch.
//!
//! Writes whole words over what lies behind the bits, so that the length of a run decides about nothing but where the
//! next one goes on.

use super::bits::BitSlice;

/// Words that a run is written in at once.
const RUN_WORDS: usize = 8;

/// Room for some bits.
pub(crate) struct BitRoom<'a> {
    /// As many words as the bits need, and RUN_WORDS to be written over.
    words: &'a mut [u64],
    /// Words that are complete.
    whole: usize,
    /// The bits behind those, `used` of them, lowest first; the others are 0.
    partial: u64,
    used: usize,
}

impl<'a> BitRoom<'a> {
    /// Bytes of the room behind the words that bits are for.
    pub(super) const OVERWRITE_BYTES: usize = RUN_WORDS * 8;

    /// Room behind `used` bits, fewer than 64, that stand in `partial`, all others of which are 0.
    pub(super) fn new(words: &'a mut [u64], partial: u64, used: usize) -> Self {
        Self { words, whole: 0, partial, used }
    }

    /// How many words are complete, the bits behind those, and how many that are.
    pub(super) fn written(&self) -> (usize, u64, usize) {
        (self.whole, self.partial, self.used)
    }

    /// Appends what `write` writes from a bit of some words on, and says the number of. It may write over bits behind those, up
    /// to 64 bytes from the one on that the last bit there is room for lies in.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut [u64], usize) -> usize) {
        let room = &mut self.words[self.whole..];
        room[0] = self.partial;
        let end = self.used + write(room, self.used);
        self.whole += end / 64;
        self.used = end % 64;
        self.partial = self.words[self.whole] & ((1 << self.used) - 1);
    }

    /// Appends `count` times `bit`.
    #[inline]
    pub(crate) fn push_run(&mut self, bit: bool, count: usize) {
        let word = u64::from(bit).wrapping_neg();
        let first = self.partial | word << self.used;
        let end = self.used + count;
        let room = &mut self.words[self.whole..];
        let (step, rest) = room.split_at_mut(RUN_WORDS);
        step.fill(word);
        step[0] = first;
        if end / 64 > RUN_WORDS {
            rest[..end / 64 - RUN_WORDS].fill(word);
        }
        self.whole += end / 64;
        self.used = end % 64;
        let last = if end < 64 { first } else { word };
        self.partial = last & ((1 << self.used) - 1);
    }

    /// Appends the lowest `count` bits of `word`, at most 64; the others are 0.
    #[inline]
    pub(crate) fn push_word(&mut self, word: u64, count: usize) {
        let first = self.partial | word << self.used;
        let next = word >> 1 >> (63 - self.used);
        self.words[self.whole] = first;
        let end = self.used + count;
        self.partial = if end >= 64 { next } else { first };
        self.whole += end / 64;
        self.used = end % 64;
    }

    /// Appends `bits`.
    #[inline]
    pub(crate) fn push_slice(&mut self, bits: BitSlice<'_>) {
        let mut at = 0;
        while at < bits.len() {
            let count = (bits.len() - at).min(64);
            self.push_word(bits.word(at), count);
            at += 64;
        }
    }
}
