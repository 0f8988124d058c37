//! Which of some values pass a test, as bits.
//!
//! ```text
//! passing: for i in 0..values.len(): bit i = test(values[i])
//! ```
//!
//! The loop is the same for every backend, and compiled for what the CPU has: the compiler makes comparisons of whole
//! registers of it where the test is one. Only the packing of 64 answers into a word is written for each.

#[cfg(target_arch = "x86_64")]
use super::cpu;

/// The answers of 64 values.
pub(crate) type Answers = [bool; 64];

/// A bit for each of `values`; those behind the last are 0.
pub(crate) fn passing<V: Copy>(values: &[V], test: impl Fn(V) -> bool) -> Vec<u64> {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx512() {
        // SAFETY: the CPU has it.
        return unsafe { by_avx512(values, test) };
    } else if cpu::has_avx2() {
        // SAFETY: the CPU has it.
        return unsafe { by_avx2(values, test) };
    }
    by_words(values, test, packed)
}

#[inline(always)]
fn by_words<V: Copy>(values: &[V], test: impl Fn(V) -> bool, pack: impl Fn(&Answers) -> u64) -> Vec<u64> {
    let mut words = Vec::with_capacity(values.len().div_ceil(64));
    let (full, rest) = values.as_chunks::<64>();
    for chunk in full {
        let mut answers = [false; 64];
        for (answer, value) in answers.iter_mut().zip(chunk) {
            *answer = test(*value);
        }
        words.push(pack(&answers));
    }
    if !rest.is_empty() {
        let mut answers = [false; 64];
        for (answer, value) in answers.iter_mut().zip(rest) {
            *answer = test(*value);
        }
        words.push(pack(&answers));
    }
    words
}

/// 64 answers, the first in the lowest bit.
pub(crate) fn packed(answers: &Answers) -> u64 {
    #[cfg(target_arch = "aarch64")]
    {
        // SAFETY: every aarch64 CPU has NEON.
        unsafe { packed_neon(answers) }
    }
    #[cfg(not(target_arch = "aarch64"))]
    packed_scalar(answers)
}

#[cfg(any(test, not(target_arch = "aarch64")))]
fn packed_scalar(answers: &Answers) -> u64 {
    // The product moves the lowest bit of byte i to bit 56 + i; no two terms meet.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = answers.as_chunks::<8>();
    let mut bytes = [0; 8];
    for (byte, eight) in bytes.iter_mut().zip(eights) {
        let [.., top] = u64::from_le_bytes(eight.map(u8::from)).wrapping_mul(GATHER).to_le_bytes();
        *byte = top;
    }
    u64::from_le_bytes(bytes)
}

/// # Safety
/// The CPU has NEON.
#[cfg(target_arch = "aarch64")]
#[target_feature(enable = "neon")]
unsafe fn packed_neon(answers: &Answers) -> u64 {
    use std::arch::aarch64::*;
    let places = vreinterpretq_s8_u64(vdupq_n_u64(0x0706_0504_0302_0100));
    let [a, b, c, d] = [0, 16, 32, 48].map(|at| {
        // SAFETY: 16 answers from each of these on can be read.
        let bytes = unsafe { vld1q_u8(answers[at..].as_ptr().cast()) };
        vshlq_u8(bytes, places)
    });
    // Eight bytes, in each of which one bit is set at most, and each a different one, add up to one.
    let fours = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
    vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(fours, fours)))
}

/// # Safety
/// The CPU has AVX-512 with BW.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn by_avx512<V: Copy>(values: &[V], test: impl Fn(V) -> bool) -> Vec<u64> {
    use std::arch::x86_64::*;
    let pack = |answers: &Answers| {
        // SAFETY: 64 answers can be read.
        let bytes = unsafe { _mm512_loadu_si512(answers.as_ptr().cast()) };
        _mm512_test_epi8_mask(bytes, bytes)
    };
    by_words(values, test, pack)
}

/// # Safety
/// The CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn by_avx2<V: Copy>(values: &[V], test: impl Fn(V) -> bool) -> Vec<u64> {
    use std::arch::x86_64::*;
    let pack = |answers: &Answers| {
        let half = |at: usize| {
            // SAFETY: 32 answers from each half on can be read.
            let bytes = unsafe { _mm256_loadu_si256(answers[at..].as_ptr().cast()) };
            u64::from(_mm256_movemask_epi8(_mm256_slli_epi16::<7>(bytes)).cast_unsigned())
        };
        half(0) | half(32) << 32
    };
    by_words(values, test, pack)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree<V: Copy + PartialOrd>(values: &[V], literal: V) {
        let expected = by_words(values, |value| value < literal, packed_scalar);
        let bit = |at: usize| expected[at / 64] >> (at % 64) & 1 == 1;
        assert!(values.iter().enumerate().all(|(at, value)| bit(at) == (*value < literal)));
        assert_eq!(passing(values, |value| value < literal), expected);
        #[cfg(target_arch = "x86_64")]
        if cpu::has_avx2() {
            // SAFETY: the CPU has it.
            assert_eq!(unsafe { by_avx2(values, |value| value < literal) }, expected);
        }
    }

    #[test]
    fn backends_agree_on_what_passes() {
        for length in [0, 1, 7, 8, 63, 64, 65, 127, 128, 200] {
            let numbers: Vec<i64> = (0..length).map(|i| i * 37 % 11 - 5).collect();
            agree(&numbers, 2);
            agree(&numbers.iter().map(|number| *number as i32).collect::<Vec<_>>(), -1);
            agree(&numbers.iter().map(|number| *number as u8).collect::<Vec<_>>(), 200);
            agree(&numbers.iter().map(|number| i128::from(*number) << 70).collect::<Vec<_>>(), 1 << 71);
            agree(&numbers.iter().map(|number| *number as f64).collect::<Vec<_>>(), 0.5);
            agree(&numbers.iter().map(|number| *number as f32).collect::<Vec<_>>(), f32::NAN);
        }
    }

    #[test]
    fn each_answer_has_its_bit() {
        let each: Vec<u32> = (0..64).collect();
        for bit in 0..64 {
            assert_eq!(passing(&each, |value| value == bit), [1 << bit]);
            let only: Answers = std::array::from_fn(|at| at == bit as usize);
            assert_eq!((packed(&only), packed_scalar(&only)), (1 << bit, 1 << bit));
        }
    }
}
