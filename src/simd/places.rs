//! The numbers of the set bits of a bitmap.
//!
//! ```text
//! places: for i in 0..bits.len(): if bits[i]: out[count] = i; count += 1
//! ```
//!
//! Eight numbers are written at a time, whether so many bits are left of a word or not: how many bits a word of a sparse
//! bitmap has cannot be foretold, that there are no more than eight can. With AVX-512 sixteen bits select out of sixteen numbers,
//! however many are set. Without, the loop is the same for every backend, and compiled for what the CPU has.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use crate::memory::BitSlice;

/// Numbers that are written at a time.
const STEP: usize = 8;

/// The numbers of the `count` set bits of `bits`, which are no more than 2³².
pub(crate) fn places(bits: BitSlice<'_>, count: usize) -> Vec<u32> {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx512() {
        // SAFETY: the CPU has it.
        return unsafe { by_avx512(bits, count) };
    } else if cpu::has_avx2() {
        // SAFETY: the CPU has it.
        return unsafe { by_bmi(bits, count) };
    }
    by_steps(bits, count)
}

/// # Safety
/// The CPU has AVX-512 and POPCNT.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,popcnt")]
unsafe fn by_avx512(bits: BitSlice<'_>, count: usize) -> Vec<u32> {
    use std::arch::x86_64::*;
    const LANES: usize = 16;
    let mut places = vec![0u32; count + LANES];
    let mut found = 0;
    let mut numbers = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    for word in bits.words() {
        for part in [0, 16, 32, 48] {
            let selected = (word >> part) as u16;
            let room = &mut places[found..found + LANES];
            // SAFETY: there is room for all sixteen.
            unsafe {
                _mm512_storeu_si512(room.as_mut_ptr().cast(), _mm512_maskz_compress_epi32(selected, numbers));
            }
            found += selected.count_ones() as usize;
            numbers = _mm512_add_epi32(numbers, _mm512_set1_epi32(16));
        }
    }
    places.truncate(count);
    places
}

/// # Safety
/// The CPU has BMI1 and POPCNT.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi1,popcnt")]
unsafe fn by_bmi(bits: BitSlice<'_>, count: usize) -> Vec<u32> {
    by_steps(bits, count)
}

#[inline(always)]
fn by_steps(bits: BitSlice<'_>, count: usize) -> Vec<u32> {
    let mut places = vec![0u32; count + STEP];
    let mut found = 0;
    for start in (0..bits.len()).step_by(64) {
        let mut word = bits.word(start);
        let end = found + word.count_ones() as usize;
        while word != 0 {
            for slot in &mut places[found..found + STEP] {
                *slot = start as u32 + word.trailing_zeros();
                word &= word.wrapping_sub(1);
            }
            found += STEP;
        }
        found = end;
    }
    places.truncate(count);
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_find_the_set_bits_that_a_loop_over_all_finds() {
        let bytes: Vec<u8> = (0..200usize).map(|at| (at * at * 31) as u8 & (at * 73) as u8).collect();
        for mask in [0xff, 0x11, 0x80, 0] {
            let bytes: Vec<u8> = bytes.iter().map(|byte| byte & mask).collect();
            for (start, length) in [(0, 0), (0, 1600), (3, 1), (5, 64), (7, 1000), (64, 1536)] {
                let bits = BitSlice::new(&bytes, start, length);
                let is_set = |bit: &u32| bytes[(start + *bit as usize) / 8] >> ((start + *bit as usize) % 8) & 1 == 1;
                let expected: Vec<u32> = (0..length as u32).filter(is_set).collect();
                assert_eq!(places(bits, expected.len()), expected, "{length} bits from {start} under {mask:x}");
                assert_eq!(by_steps(bits, expected.len()), expected);
                #[cfg(target_arch = "x86_64")]
                if cpu::has_avx2() {
                    // SAFETY: the CPU has it.
                    assert_eq!(unsafe { by_bmi(bits, expected.len()) }, expected);
                }
            }
        }
    }
}
