//! Growable bitmaps, least significant bit first, as Arrow has them.

use std::sync::Arc;

use arrow_buffer::{BooleanBuffer, NullBuffer};

use super::bit_room::BitRoom;
use super::block::{OVERWRITE_BYTES, Pool};
use super::values::Values;
use crate::error::Result;

/// Up to 64 bits from bit `start` of `bytes`, the first one lowest; bits behind the end are 0.
pub(crate) fn word_at(bytes: &[u8], start: usize) -> u64 {
    let tail = bytes.get(start / 8..).unwrap_or(&[]);
    let shift = (start % 8) as u32;
    match tail.first_chunk::<9>() {
        Some(chunk) => {
            let [low @ .., high] = *chunk;
            let low = u64::from_le_bytes(low) >> shift;
            if shift == 0 { low } else { low | (u64::from(high) << (64 - shift)) }
        }
        None => {
            let mut padded = [0u8; 16];
            padded.iter_mut().zip(tail).for_each(|(to, from)| *to = *from);
            (u128::from_le_bytes(padded) >> shift) as u64
        }
    }
}

/// The lowest `count` bits set; all for 64 and more.
pub(crate) fn low_mask(count: usize) -> u64 {
    if count >= 64 { u64::MAX } else { (1u64 << count) - 1 }
}

impl<'a> From<&'a BooleanBuffer> for BitSlice<'a> {
    fn from(bits: &'a BooleanBuffer) -> Self {
        Self::new(bits.values(), bits.offset(), bits.len())
    }
}

/// `len` bits from bit `start` of some bytes.
#[derive(Clone, Copy)]
pub(crate) struct BitSlice<'a> {
    bytes: &'a [u8],
    start: usize,
    len: usize,
}

impl<'a> BitSlice<'a> {
    /// The bits; `bytes` holds at least `start + len` of them, missing ones read as 0.
    pub(crate) fn new(bytes: &'a [u8], start: usize, len: usize) -> Self {
        Self { bytes, start, len }
    }

    /// Number of bits.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Up to 64 bits from bit `index` on, those behind the end 0.
    pub(crate) fn word(&self, index: usize) -> u64 {
        word_at(self.bytes, self.start + index) & low_mask(self.len.saturating_sub(index))
    }

    /// `count` bits from bit `start` on, as far as there are so many.
    pub(crate) fn slice(&self, start: usize, count: usize) -> Self {
        self.split_at(start).1.split_at(count).0
    }

    /// The first `count` bits, as far as there are so many, and the others.
    fn split_at(&self, count: usize) -> (Self, Self) {
        let count = count.min(self.len);
        (Self { len: count, ..*self }, Self { start: self.start + count, len: self.len - count, ..*self })
    }

    /// The bits, 64 at a time.
    pub(crate) fn words(&self) -> impl Iterator<Item = u64> + use<'a> {
        let (whole, bits) = (self.whole_bytes(), *self);
        let rest = (whole.len() * 64..self.len).step_by(64).map(move |at| bits.word(at));
        whole.iter().map(|word| u64::from_le_bytes(*word)).chain(rest)
    }

    /// Number of set bits.
    pub(crate) fn count_ones(&self) -> usize {
        count_ones(self.words())
    }

    /// Words of 64 bits from the first on, as far as they lie in whole bytes.
    fn whole_bytes(&self) -> &'a [[u8; 8]] {
        let bytes = if self.start.is_multiple_of(8) { self.bytes.get(self.start / 8..) } else { None };
        let (words, _) = bytes.unwrap_or_default().as_chunks::<8>();
        words.get(..self.len / 64).unwrap_or(words)
    }
}

/// Number of set bits of all `words`.
pub(crate) fn count_ones(words: impl Iterator<Item = u64>) -> usize {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("popcnt") {
        // SAFETY: the CPU has it.
        return unsafe { count_by_popcnt(words) };
    }
    count_each(words)
}

#[inline(always)]
fn count_each(words: impl Iterator<Item = u64>) -> usize {
    words.map(|word| word.count_ones() as usize).sum()
}

/// The same, compiled for a CPU that counts bits.
///
/// # Safety
/// The CPU has POPCNT.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
unsafe fn count_by_popcnt(words: impl Iterator<Item = u64>) -> usize {
    count_each(words)
}

/// A growable bitmap.
pub(crate) struct Bits {
    words: Values<u64>,
    /// The bits behind the last full word, lowest first; those not counted in `len` are 0.
    partial: u64,
    len: usize,
}

impl Bits {
    /// Room for `capacity` bits from `pool`.
    pub(crate) fn with_capacity(pool: &Arc<Pool>, capacity: usize) -> Result<Self> {
        Ok(Self { words: Values::with_capacity(pool, capacity.div_ceil(64) + 1)?, partial: 0, len: 0 })
    }

    /// The same, which takes memory only when the first bit comes.
    pub(crate) fn on_demand(pool: &Arc<Pool>, capacity: usize) -> Self {
        Self { words: Values::on_demand(pool, capacity.div_ceil(64) + 1), partial: 0, len: 0 }
    }

    /// True where there is no bit.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends the lowest `count` bits of `word`, at most 64.
    #[inline]
    pub(crate) fn push_word(&mut self, word: u64, count: usize) -> Result<()> {
        let count = count.min(64);
        let word = word & low_mask(count);
        let used = self.len % 64;
        self.partial |= word << used;
        self.len += count;
        if used + count >= 64 {
            self.words.push(self.partial)?;
            self.partial = if used == 0 { 0 } else { word >> (64 - used) };
        }
        Ok(())
    }

    /// Appends `count` times `bit`.
    pub(crate) fn push_run(&mut self, bit: bool, count: usize) -> Result<()> {
        let word = if bit { u64::MAX } else { 0 };
        let to_boundary = 64 - self.len % 64;
        if count <= to_boundary {
            return self.push_word(word, count);
        }
        self.push_word(word, to_boundary)?;
        let whole = (count - to_boundary) / 64;
        self.words.extend_fill(word, whole)?;
        self.len += whole * 64;
        self.push_word(word, (count - to_boundary) % 64)
    }

    /// Appends `bits`.
    pub(crate) fn push_slice(&mut self, bits: BitSlice<'_>) -> Result<()> {
        // From the begin of a byte on, words are read without looking at more bytes than their own.
        let (head, rest) = bits.split_at(bits.start.wrapping_neg() % 8);
        self.push_word(head.word(0), head.len())?;
        let words = rest.whole_bytes();
        let used = self.len % 64;
        let value = |word: &[u8; 8]| u64::from_le_bytes(*word);
        match &mut self.words.spare(words.len())?[..words.len()] {
            [] => {}
            slots if used == 0 => slots.iter_mut().zip(words).for_each(|(slot, word)| *slot = value(word)),
            [first, others @ ..] => {
                *first = self.partial | value(&words[0]) << used;
                for (slot, (one, next)) in others.iter_mut().zip(words.iter().zip(&words[1..])) {
                    *slot = value(one) >> (64 - used) | value(next) << used;
                }
                self.partial = value(&words[words.len() - 1]) >> (64 - used);
            }
        }
        self.words.commit(words.len());
        self.len += words.len() * 64;
        for at in (words.len() * 64..rest.len()).step_by(64) {
            self.push_word(rest.word(at), rest.len() - at)?;
        }
        Ok(())
    }

    /// Appends the `count` bits that `write` pushes.
    #[inline]
    pub(crate) fn write(&mut self, count: usize, write: impl FnOnce(&mut BitRoom<'_>) -> Result<()>) -> Result<()> {
        const { assert!(BitRoom::OVERWRITE_BYTES <= OVERWRITE_BYTES) };
        let used = self.len % 64;
        let mut room = BitRoom::new(self.words.spare(count / 64 + 2)?, self.partial, used);
        write(&mut room)?;
        let (whole, partial, now_used) = room.written();
        self.words.commit(whole);
        self.partial = partial;
        self.len += whole * 64 + now_used - used;
        Ok(())
    }

    /// The last `count` bits.
    pub(crate) fn last(&mut self, count: usize) -> Result<BitSlice<'_>> {
        // The partial word is written behind the full ones without being counted, so that the reader sees whole words.
        let partial = self.partial;
        if let Some(slot) = self.words.spare(1)?.first_mut() {
            *slot = partial;
        }
        let count = count.min(self.len);
        Ok(BitSlice::new(self.words.as_padded_bytes(), self.len - count, count))
    }

    /// Freezes the bits.
    pub(crate) fn into_boolean_buffer(mut self) -> Result<BooleanBuffer> {
        if !self.len.is_multiple_of(64) {
            self.words.push(self.partial)?;
        }
        Ok(BooleanBuffer::new(self.words.into_buffer(), 0, self.len))
    }
}

/// Which rows hold a value. No memory is used until the first null.
pub(crate) struct Validity {
    pool: Arc<Pool>,
    /// The bits, once there is a null among them.
    bits: Option<Bits>,
    len: usize,
    null_count: usize,
}

impl Validity {
    /// No rows yet.
    pub(crate) fn new(pool: &Arc<Pool>) -> Self {
        Self { pool: Arc::clone(pool), bits: None, len: 0, null_count: 0 }
    }

    /// Number of rows.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Appends `count` rows that are all valid or all null.
    pub(crate) fn push_run(&mut self, valid: bool, count: usize) -> Result<()> {
        if !valid && count > 0 {
            self.materialised()?;
            self.null_count += count;
        }
        if let Some(bits) = &mut self.bits {
            bits.push_run(valid, count)?;
        }
        self.len += count;
        Ok(())
    }

    /// Appends the `count` rows that `write` pushes; returns how many are valid.
    #[inline]
    pub(crate) fn write(&mut self, count: usize, write: impl FnOnce(&mut BitRoom<'_>) -> Result<()>) -> Result<usize> {
        let bits = self.materialised()?;
        bits.write(count, write)?;
        let valid = bits.last(count)?.count_ones();
        self.len += count;
        self.null_count += count - valid;
        Ok(valid)
    }

    fn materialised(&mut self) -> Result<&mut Bits> {
        let bits = match self.bits.take() {
            Some(bits) => bits,
            None => {
                let mut bits = Bits::with_capacity(&self.pool, self.len)?;
                bits.push_run(true, self.len)?;
                bits
            }
        };
        Ok(self.bits.insert(bits))
    }

    /// The bits of the last `count` rows; `None` where no row so far is null.
    pub(crate) fn last(&mut self, count: usize) -> Result<Option<BitSlice<'_>>> {
        if self.null_count == 0 {
            return Ok(None);
        }
        self.bits.as_mut().map(|bits| bits.last(count)).transpose()
    }

    /// Freezes and empties it: `None` where no row is null.
    pub(crate) fn take(&mut self) -> Result<Option<NullBuffer>> {
        self.len = 0;
        let null_count = std::mem::take(&mut self.null_count);
        let Some(bits) = self.bits.take() else { return Ok(None) };
        if null_count == 0 {
            return Ok(None);
        }
        let bits = bits.into_boolean_buffer()?;
        debug_assert_eq!(bits.len() - bits.count_set_bits(), null_count);
        // SAFETY: the nulls were counted as they were appended.
        Ok(Some(unsafe { NullBuffer::new_unchecked(bits, null_count) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_at_any_bit() {
        let bytes: Vec<u8> = (0..20u8).map(|i| i.wrapping_mul(37)).collect();
        for start in 0..170 {
            let word = word_at(&bytes, start);
            for bit in 0..64 {
                let at = start + bit;
                let expected = at < 160 && bytes[at / 8] >> (at % 8) & 1 == 1;
                assert_eq!(word >> bit & 1 == 1, expected, "bit {bit} from {start}");
            }
            let rest = BitSlice::new(&bytes, start, 160usize.saturating_sub(start));
            let set = (start..160).filter(|at| bytes[at / 8] >> (at % 8) & 1 == 1).count();
            assert_eq!((rest.count_ones(), count_each(rest.words())), (set, set), "from {start}");
        }
    }

    #[test]
    fn bits_match_a_vec_of_bool() {
        let pool = Arc::new(Pool::default());
        let source: Vec<u8> = (0..64u8).map(|i| i.wrapping_mul(91) ^ 0x5a).collect();
        let mut model = Vec::new();
        let mut validity = Validity::new(&pool);
        let mut state = 1usize;
        for step in 0..200 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let (start, len) = (state >> 33 & 63, state >> 40 & 255);
            if step % 3 == 0 || step < 5 {
                validity.push_run(step % 2 == 0, len).unwrap();
                model.extend(std::iter::repeat_n(step % 2 == 0, len));
            } else if step % 5 == 0 {
                let runs = [(true, len), (false, len * 4), (step % 2 == 0, start)];
                let push = |room: &mut BitRoom<'_>| {
                    runs.iter().for_each(|(bit, count)| room.push_run(*bit, *count));
                    Ok(())
                };
                let count = runs.iter().map(|(_, count)| count).sum();
                let valid = validity.write(count, push).unwrap();
                assert_eq!(valid, runs.iter().map(|(bit, count)| usize::from(*bit) * count).sum::<usize>());
                runs.iter().for_each(|(bit, count)| model.extend(std::iter::repeat_n(*bit, *count)));
            } else {
                let bits = BitSlice::new(&source, start, len);
                let push = |room: &mut BitRoom<'_>| {
                    room.push_slice(bits);
                    Ok(())
                };
                let valid = validity.write(len, push).unwrap();
                let bits: Vec<bool> = (start..start + len).map(|i| source[i / 8] >> (i % 8) & 1 == 1).collect();
                assert_eq!(valid, bits.iter().filter(|b| **b).count());
                model.extend(bits);
            }
            assert_eq!(validity.len(), model.len());
        }
        let nulls = validity.take().unwrap().unwrap();
        assert_eq!(nulls.iter().collect::<Vec<_>>(), model);
        assert!(validity.take().unwrap().is_none());
    }
}
