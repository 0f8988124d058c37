//! Where lists begin among the elements of all.
//!
//! ```text
//! for each set bit i of begins: out[count] = number of set bits of elements in front of bit i; count += 1
//! ```
//!
//! AVX-512 counts the elements in front of all 64 bits of a word at once, and picks the counts of those where a list begins.

use super::End;
#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Lists that a word has bits for: as many ends behind the last one may be written over.
pub(crate) const ENDS_OVER: usize = 64;

/// Writes for every list that begins, a set bit of `begins`, how many `elements` lie in front of it to the front of `out`,
/// which has room for as many as there are such bits and 64 more: what stands there is overwritten.
pub(crate) fn list_ends<T: End>(begins: &[u64], elements: &[u64], out: &mut [T]) {
    #[cfg(target_arch = "x86_64")]
    {
        if cpu::has_avx512() {
            // SAFETY: the CPU has it, and POPCNT like all that do.
            return unsafe { avx512::list_ends(begins, elements, out) };
        }
        if cpu::has_avx2() {
            // SAFETY: every CPU with AVX2 and BMI2 has the others.
            return unsafe { by_popcnt(begins, elements, out) };
        }
    }
    one_by_one(begins, elements, out);
}

/// Goes over the words; `word_ends` writes the ends of those that begin in one, some elements in front of it.
#[inline(always)]
fn list_ends_by<T: End>(begins: &[u64], elements: &[u64], out: &mut [T], word_ends: impl Fn(u64, u64, T, &mut [T])) {
    let (mut count, mut before) = (0, T::default());
    for (begins, elements) in begins.iter().zip(elements) {
        word_ends(*begins, *elements, before, &mut out[count..][..ENDS_OVER]);
        count += begins.count_ones() as usize;
        before = before.after(elements.count_ones());
    }
}

#[inline(always)]
fn one_by_one<T: End>(begins: &[u64], elements: &[u64], out: &mut [T]) {
    list_ends_by(begins, elements, out, |begins, elements, before, out| {
        let mut rest = begins;
        for slot in &mut out[..begins.count_ones() as usize] {
            let in_front = elements & rest.wrapping_sub(1) & !rest;
            *slot = before.after(in_front.count_ones());
            rest &= rest.wrapping_sub(1);
        }
    });
}

/// The same loop, compiled for a CPU that counts bits.
///
/// # Safety
/// The CPU has POPCNT, BMI1 and BMI2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt,bmi1,bmi2")]
unsafe fn by_popcnt<T: End>(begins: &[u64], elements: &[u64], out: &mut [T]) {
    one_by_one(begins, elements, out);
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{ENDS_OVER, End, list_ends_by};

    /// # Safety
    /// The CPU has AVX-512 with BW, VBMI and VBMI2, and POPCNT.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi,avx512vbmi2,popcnt")]
    pub(super) unsafe fn list_ends<T: End>(begins: &[u64], elements: &[u64], out: &mut [T]) {
        list_ends_by(begins, elements, out, |begins, elements, before, out| {
            let counts = _mm512_maskz_compress_epi8(begins, counts_in_front(elements));
            // SAFETY: both are 64 bytes, of which any are numbers.
            let counts: [u8; ENDS_OVER] = unsafe { std::mem::transmute(counts) };
            for (slot, count) in out.iter_mut().zip(counts) {
                *slot = before.after(u32::from(count));
            }
        });
    }

    /// The eighth that each byte lies in.
    static EIGHTHS: [u8; 64] = {
        let mut eighths = [0; 64];
        let mut byte = 0;
        while byte < 64 {
            eighths[byte] = byte as u8 / 8;
            byte += 1;
        }
        eighths
    };

    /// How many bits are set in each byte.
    fn bits_of_bytes(bits: u64) -> u64 {
        let pairs = bits - (bits >> 1 & 0x5555_5555_5555_5555);
        let fours = (pairs & 0x3333_3333_3333_3333) + (pairs >> 2 & 0x3333_3333_3333_3333);
        (fours + (fours >> 4)) & 0x0f0f_0f0f_0f0f_0f0f
    }

    /// For each bit, in a byte of its own, the number of set bits in front of it.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn counts_in_front(bits: u64) -> __m512i {
        // Up to each bit, from the begin of its eighth on.
        let mut counts = _mm512_maskz_set1_epi8(bits, 1);
        counts = _mm512_add_epi8(counts, _mm512_slli_epi64::<8>(counts));
        counts = _mm512_add_epi8(counts, _mm512_slli_epi64::<16>(counts));
        counts = _mm512_add_epi8(counts, _mm512_slli_epi64::<32>(counts));
        // The last of each are the bits of eighths; of those, the sums in front of each.
        let eighths = bits_of_bytes(bits).wrapping_mul(0x0101_0101_0101_0101) << 8;
        // SAFETY: the table is 64 bytes long.
        let eighth = unsafe { _mm512_loadu_si512(EIGHTHS.as_ptr().cast()) };
        let in_front = _mm512_permutexvar_epi8(eighth, _mm512_set1_epi64(eighths.cast_signed()));
        _mm512_add_epi8(in_front, _mm512_slli_epi64::<8>(counts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_in_front_of_lists_are_counted() {
        let noise = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let word =
            |i: u64| [noise(i), u64::MAX, 0, 1 << 63, noise(i) & noise(i + 1), noise(i) | noise(i + 1)][i as usize % 6];
        for length in [0u64, 1, 2, 7, 40] {
            let begins: Vec<u64> = (0..length).map(word).collect();
            let elements: Vec<u64> = (0..length).map(|i| word(noise(i) >> 40)).collect();
            let mut expected = Vec::new();
            let mut before = 0i64;
            for (at, elements) in elements.iter().enumerate() {
                for bit in 0..64 {
                    if begins[at] >> bit & 1 == 1 {
                        expected.push(before);
                    }
                    before += (elements >> bit & 1) as i64;
                }
            }
            for kernel in [list_ends::<i64>, one_by_one::<i64>] {
                let mut out = vec![-1; expected.len() + ENDS_OVER];
                kernel(&begins, &elements, &mut out);
                assert_eq!(out[..expected.len()], expected);
            }
            let narrow: Vec<i32> = expected.iter().map(|end| *end as i32).collect();
            let mut out = vec![-1i32; narrow.len() + ENDS_OVER];
            list_ends(&begins, &elements, &mut out);
            assert_eq!(out[..narrow.len()], narrow);
            #[cfg(target_arch = "x86_64")]
            if cpu::has_avx2() {
                // SAFETY: every CPU with AVX2 and BMI2 has the others.
                unsafe { by_popcnt(&begins, &elements, &mut out) };
                assert_eq!(out[..narrow.len()], narrow, "AVX2");
            }
        }
    }
}
