//! Which of some levels are high enough, as the bits of a word.
//!
//! ```text
//! at_least: for i in 0..levels.len(): bit i = levels[i] >= least
//! ```

#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Levels that a word has bits for.
pub(crate) const WORD_LEVELS: usize = 64;

/// For each of the first 64 `levels`, whether it is `least` or more; 0 behind the last.
#[inline]
pub(crate) fn at_least(levels: &[u16], least: u16) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if let Some(full) = levels.first_chunk::<WORD_LEVELS>() {
        if cpu::has_avx512() {
            // SAFETY: the CPU has it.
            return unsafe { at_least_avx512(full, least) };
        }
        if cpu::has_avx2() {
            // SAFETY: the CPU has it.
            return unsafe { at_least_avx2(full, least) };
        }
    }
    scalar(levels, least)
}

fn scalar(levels: &[u16], least: u16) -> u64 {
    let bits = levels.iter().take(WORD_LEVELS).enumerate();
    bits.fold(0, |word, (bit, level)| word | u64::from(*level >= least) << bit)
}

/// # Safety
/// The CPU has AVX-512 with BW.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn at_least_avx512(levels: &[u16; WORD_LEVELS], least: u16) -> u64 {
    use std::arch::x86_64::*;
    let least = _mm512_set1_epi16(least.cast_signed());
    // SAFETY: 32 levels from the first on and 32 from the middle on are there.
    let (low, high) =
        unsafe { (_mm512_loadu_si512(levels.as_ptr().cast()), _mm512_loadu_si512(levels.as_ptr().add(32).cast())) };
    u64::from(_mm512_cmpge_epu16_mask(low, least)) | u64::from(_mm512_cmpge_epu16_mask(high, least)) << 32
}

/// # Safety
/// The CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn at_least_avx2(levels: &[u16; WORD_LEVELS], least: u16) -> u64 {
    use std::arch::x86_64::*;
    let least = _mm256_set1_epi16(least.cast_signed());
    let mut word = 0;
    for half in 0..2 {
        // SAFETY: 16 levels from 32 and from 48 behind each other are there.
        let (low, high) = unsafe {
            let start = levels.as_ptr().add(half * 32);
            (_mm256_loadu_si256(start.cast()), _mm256_loadu_si256(start.add(16).cast()))
        };
        // The larger of both is the level itself where it is large enough.
        let low = _mm256_cmpeq_epi16(_mm256_max_epu16(low, least), low);
        let high = _mm256_cmpeq_epi16(_mm256_max_epu16(high, least), high);
        // Packing works in halves of registers: their middle quarters change places.
        let bytes = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi16(low, high));
        word |= u64::from(_mm256_movemask_epi8(bytes).cast_unsigned()) << (half * 32);
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_agree_on_which_levels_are_high() {
        let levels: Vec<u16> = (0..200u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 30) as u16).collect();
        for start in 0..100 {
            for least in [0, 1, 2, 3, 4, u16::MAX] {
                for length in [0, 1, 63, 64, 70] {
                    let levels = &levels[start..start + length];
                    let expected = scalar(levels, least);
                    assert_eq!(at_least(levels, least), expected, "{least} from {start}, {length}");
                    #[cfg(target_arch = "x86_64")]
                    if let (Some(full), true) = (levels.first_chunk(), cpu::has_avx2()) {
                        // SAFETY: the CPU has it.
                        assert_eq!(unsafe { at_least_avx2(full, least) }, expected, "{least} from {start}");
                    }
                }
            }
        }
        assert_eq!(at_least(&[0x8000; 64], 0x7fff), u64::MAX, "levels have no sign");
    }
}
