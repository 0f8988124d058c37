//! A bitmap that grows at its end.

use arrow_buffer::{BooleanBuffer, Buffer};

use crate::memory::BitSlice;

/// As long as all bits are set it is only their number; of a single bitmap that was added it is that.
#[derive(Debug, Default)]
pub(super) struct Mask {
    /// All that was added, if that is one bitmap; `words` then have nothing.
    only: Option<BooleanBuffer>,
    words: Vec<u64>,
    /// The bits behind the last full word, lowest first; the others are 0.
    partial: u64,
    length: u64,
    has_unset: bool,
}

impl Mask {
    /// Number of bits.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Appends `count` bits that are all set or all not.
    pub(super) fn push(&mut self, count: u64, is_set: bool) {
        if count == 0 {
            return;
        }
        if !is_set || self.only.is_some() {
            self.materialise();
        }
        if self.has_unset {
            let mut left = count;
            while left > 0 {
                let now = u32::try_from(left).unwrap_or(64).min(64);
                self.append(if is_set { lowest(now) } else { 0 }, now);
                left = left.saturating_sub(now.into());
            }
        } else {
            self.length = self.length.saturating_add(count);
        }
    }

    /// Appends the lowest `count` bits, 64 at most.
    pub(super) fn push_bits(&mut self, bits: u64, count: u64) {
        let count = u32::try_from(count).unwrap_or(64).min(64);
        let all = lowest(count);
        if bits & all == all {
            return self.push(count.into(), true);
        }
        self.materialise();
        self.append(bits & all, count);
    }

    /// Makes `bits` the only ones.
    pub(super) fn keep_only(&mut self, bits: BooleanBuffer) {
        self.length = bits.len() as u64;
        self.has_unset = true;
        self.only = Some(bits);
    }

    /// Makes room for `bits` more that are appended, some of which are not set.
    pub(super) fn reserve(&mut self, bits: usize) {
        self.materialise();
        self.words.reserve((bits / 64).saturating_add(2));
    }

    /// Appends `count` bits, 64 at most, those of `bits` behind which are 0. To be called after [`Mask::reserve`].
    #[inline]
    pub(super) fn append(&mut self, bits: u64, count: u32) {
        let used = (self.length % 64) as u32;
        self.partial |= bits.wrapping_shl(used);
        self.length = self.length.saturating_add(count.into());
        if used.saturating_add(count) >= 64 {
            self.words.push(self.partial);
            self.partial = bits.checked_shr(64u32.saturating_sub(used)).unwrap_or(0);
        }
    }

    fn materialise(&mut self) {
        if let Some(only) = self.only.take() {
            self.length = 0;
            let (words, rest) = (BitSlice::from(&only), only.len() % 64);
            for word in words.words().take(only.len() / 64) {
                self.append(word, 64);
            }
            self.append(words.word(only.len().saturating_sub(rest)), u32::try_from(rest).unwrap_or(0));
        } else if !self.has_unset {
            self.has_unset = true;
            let length = std::mem::take(&mut self.length);
            self.push(length, true);
        }
    }

    /// A copy of the bits; `None` where all are set.
    pub(super) fn copied(&self) -> Option<BooleanBuffer> {
        if self.only.is_some() || !self.has_unset {
            return self.only.clone();
        }
        let mut words = Vec::with_capacity(self.words.len().saturating_add(1));
        words.extend_from_slice(&self.words);
        words.push(self.partial);
        Some(BooleanBuffer::new(Buffer::from_vec(words), 0, usize::try_from(self.length).unwrap_or(usize::MAX)))
    }

    /// The bits, of which it has none then; `None` where all are set.
    pub(super) fn take(&mut self) -> Option<BooleanBuffer> {
        let Self { only, mut words, partial, length, has_unset } = std::mem::take(self);
        if only.is_some() || !has_unset {
            return only;
        }
        words.push(partial);
        Some(BooleanBuffer::new(Buffer::from_vec(words), 0, usize::try_from(length).unwrap_or(usize::MAX)))
    }
}

/// The lowest `count` bits set, 64 at most.
fn lowest(count: u32) -> u64 {
    u64::MAX.checked_shr(64u32.saturating_sub(count)).unwrap_or(0)
}
