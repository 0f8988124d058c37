//! Which levels are high enough, as the bits of words.
//!
//! ```text
//! for i in 0..levels.len():  bit i = levels[i] >= least
//! ```

#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Levels that a word has bits for.
pub(crate) const WORD_LEVELS: usize = 64;

/// The highest of `levels`; 0 where there are none.
pub(crate) fn highest(levels: &[u16]) -> u16 {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        // SAFETY: the CPU has it.
        return unsafe { avx2::highest(levels) };
    }
    highest_of(levels)
}

#[inline(always)]
fn highest_of(levels: &[u16]) -> u16 {
    levels.iter().fold(0, |highest, level| highest.max(*level))
}

/// For each of `levels`, whether it is `least` or more, 64 of them in each word of `out`, which has one for each 64 begun;
/// bits behind the last are 0.
pub(crate) fn at_least(levels: &[u16], least: u16, out: &mut [u64]) {
    assert!(out.len() == levels.len().div_ceil(WORD_LEVELS));
    #[cfg(target_arch = "x86_64")]
    {
        if cpu::has_avx512() {
            // SAFETY: the CPU has it.
            return unsafe { avx512::at_least(levels, least, out) };
        }
        if cpu::has_avx2() {
            // SAFETY: the CPU has it.
            return unsafe { avx2::at_least(levels, least, out) };
        }
    }
    at_least_by(|levels| word(levels, least), levels, least, out);
}

/// `full` answers for 64 levels.
#[inline(always)]
fn at_least_by(full: impl Fn(&[u16; WORD_LEVELS]) -> u64, levels: &[u16], least: u16, out: &mut [u64]) {
    let (words, rest) = levels.as_chunks::<WORD_LEVELS>();
    for (slot, levels) in out.iter_mut().zip(words) {
        *slot = full(levels);
    }
    if let Some(slot) = out.get_mut(words.len()) {
        *slot = word(rest, least);
    }
}

fn word(levels: &[u16], least: u16) -> u64 {
    levels.iter().enumerate().fold(0, |word, (bit, level)| word | u64::from(*level >= least) << bit)
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{WORD_LEVELS, at_least_by};

    /// # Safety
    /// The CPU has AVX-512 with BW.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) unsafe fn at_least(levels: &[u16], least: u16, out: &mut [u64]) {
        let bound = _mm512_set1_epi16(least.cast_signed());
        let full = |levels: &[u16; WORD_LEVELS]| {
            let half = |half: usize| {
                // SAFETY: 32 levels from the first on and 32 from the middle on are there.
                let levels = unsafe { _mm512_loadu_si512(levels.as_ptr().add(half * 32).cast()) };
                u64::from(_mm512_cmpge_epu16_mask(levels, bound))
            };
            half(0) | half(1) << 32
        };
        at_least_by(full, levels, least, out);
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{WORD_LEVELS, at_least_by, highest_of};

    /// The same loop, compiled for a CPU that has a maximum of sixteen levels.
    ///
    /// # Safety
    /// The CPU has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn highest(levels: &[u16]) -> u16 {
        highest_of(levels)
    }

    /// # Safety
    /// The CPU has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn at_least(levels: &[u16], least: u16, out: &mut [u64]) {
        let bound = _mm256_set1_epi16(least.cast_signed());
        let full = |levels: &[u16; WORD_LEVELS]| {
            let half = |half: usize| {
                // SAFETY: 16 levels from 32 and from 48 behind each other are there.
                let (low, high) = unsafe {
                    let start = levels.as_ptr().add(half * 32);
                    (_mm256_loadu_si256(start.cast()), _mm256_loadu_si256(start.add(16).cast()))
                };
                // The larger of both is the level itself where it is large enough.
                let low = _mm256_cmpeq_epi16(_mm256_max_epu16(low, bound), low);
                let high = _mm256_cmpeq_epi16(_mm256_max_epu16(high, bound), high);
                // Packing works in halves of registers: their middle quarters change places.
                let bytes = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi16(low, high));
                u64::from(_mm256_movemask_epi8(bytes).cast_unsigned())
            };
            half(0) | half(1) << 32
        };
        at_least_by(full, levels, least, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_agree_on_which_levels_are_high() {
        let levels: Vec<u16> = (0..400u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 30) as u16).collect();
        let scalar =
            |levels: &[u16], least, out: &mut [u64]| at_least_by(|levels| word(levels, least), levels, least, out);
        for start in 0..100 {
            for least in [0, 1, 2, 3, 4, u16::MAX] {
                for length in [0, 1, 63, 64, 70, 256, 300] {
                    let levels = &levels[start..start + length];
                    let (mut expected, mut out) = (vec![7; length.div_ceil(64)], vec![8; length.div_ceil(64)]);
                    scalar(levels, least, &mut expected);
                    at_least(levels, least, &mut out);
                    assert_eq!(highest(levels), highest_of(levels));
                    assert_eq!(out, expected, "{least} from {start}, {length}");
                    #[cfg(target_arch = "x86_64")]
                    if cpu::has_avx2() {
                        // SAFETY: the CPU has it.
                        unsafe { avx2::at_least(levels, least, &mut out) };
                        assert_eq!(out, expected, "{least} from {start}, {length}, AVX2");
                    }
                }
            }
        }
        assert_eq!((highest(&[]), highest(&[3, 0, 7, 5])), (0, 7));
        let mut out = [0];
        at_least(&[0x8000; 64], 0x7fff, &mut out);
        assert_eq!(out, [u64::MAX], "levels have no sign");
    }
}
