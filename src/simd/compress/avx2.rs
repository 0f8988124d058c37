//! AVX2: values of one, two, four and eight bytes are permuted by a table of lanes, those of sixteen stored one over the
//! other until one is selected.

use std::arch::x86_64::*;

use super::{LANES, compress_by, has_room};
use crate::memory::{BitSlice, Plain};

/// # Safety
/// The CPU has AVX2.
#[target_feature(enable = "avx2,popcnt")]
pub(super) unsafe fn compress<T: Plain>(values: &[T], selected: BitSlice<'_>, out: &mut [T]) -> usize {
    let kernel = |values: &[T; 64], word: u64, out: &mut [T]| {
        assert!(has_room(word.count_ones(), out));
        let (from, to) = (values.as_ptr(), out.as_mut_ptr());
        // SAFETY: the CPU has what they need; a type of this size may be moved as such; no register is stored further
        // than 64 bytes behind the selected values, which lie in `out` as asserted.
        unsafe {
            match size_of::<T>() {
                1 => word_8(from.cast(), word, to.cast()),
                2 => word_16(from.cast(), word, to.cast()),
                4 => word_32(from.cast(), word, to.cast()),
                8 => word_64(from.cast(), word, to.cast()),
                _ => word_128(from.cast(), word, to.cast()),
            }
        }
    };
    // So many are moved one by one in the time that the kernel takes.
    let steps = match size_of::<T>() {
        16 => 40,
        8 => 16,
        _ => 8,
    };
    compress_by(kernel, steps, values, selected, out)
}

/// # Safety
/// The CPU has AVX2; 64 values can be read, and as many as `word` has ones and 64 bytes more written.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn word_8(values: *const u8, word: u64, out: *mut u8) {
    let mut count = 0;
    for at in (0..64).step_by(8) {
        let bits = (word >> at) as u8;
        // SAFETY: the table's rows are eight bytes long; otherwise as the function asks for.
        unsafe {
            let lanes = _mm_loadl_epi64(LANES[bits as usize].as_ptr().cast());
            let loaded = _mm_loadl_epi64(values.add(at).cast());
            _mm_storel_epi64(out.add(count).cast(), _mm_shuffle_epi8(loaded, lanes));
        }
        count += bits.count_ones() as usize;
    }
}

/// # Safety
/// As for `word_8`.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn word_16(values: *const u16, word: u64, out: *mut u16) {
    let halves = _mm_set1_epi16(0x0100);
    let mut count = 0;
    for at in (0..64).step_by(8) {
        let bits = (word >> at) as u8;
        // SAFETY: as above.
        unsafe {
            let lanes = _mm_loadl_epi64(LANES[bits as usize].as_ptr().cast());
            // Lane `n` of two bytes is bytes `2n` and `2n + 1`.
            let twice = _mm_add_epi8(lanes, lanes);
            let bytes = _mm_add_epi8(_mm_unpacklo_epi8(twice, twice), halves);
            let loaded = _mm_loadu_si128(values.add(at).cast());
            _mm_storeu_si128(out.add(count).cast(), _mm_shuffle_epi8(loaded, bytes));
        }
        count += bits.count_ones() as usize;
    }
}

/// # Safety
/// As for `word_8`.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn word_32(values: *const u32, word: u64, out: *mut u32) {
    let mut count = 0;
    for at in (0..64).step_by(8) {
        let bits = (word >> at) as u8;
        // SAFETY: as above.
        unsafe {
            let lanes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(LANES[bits as usize].as_ptr().cast()));
            let loaded = _mm256_loadu_si256(values.add(at).cast());
            _mm256_storeu_si256(out.add(count).cast(), _mm256_permutevar8x32_epi32(loaded, lanes));
        }
        count += bits.count_ones() as usize;
    }
}

/// # Safety
/// As for `word_8`.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn word_64(values: *const u64, word: u64, out: *mut u64) {
    let halves = _mm256_set_epi32(1, 0, 1, 0, 1, 0, 1, 0);
    let mut count = 0;
    for at in (0..64).step_by(4) {
        let bits = word >> at & 0b1111;
        // SAFETY: as above.
        unsafe {
            let lanes = _mm256_cvtepu8_epi64(_mm_loadl_epi64(LANES[bits as usize].as_ptr().cast()));
            let loaded = _mm256_loadu_si256(values.add(at).cast());
            // Lane `n` of eight bytes is lanes `2n` and `2n + 1` of four.
            let twice = _mm256_shuffle_epi32::<0b10_10_00_00>(_mm256_add_epi64(lanes, lanes));
            let moved = _mm256_permutevar8x32_epi32(loaded, _mm256_add_epi32(twice, halves));
            _mm256_storeu_si256(out.add(count).cast(), moved);
        }
        count += bits.count_ones() as usize;
    }
}

/// # Safety
/// As for `word_8`.
#[inline]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn word_128(values: *const u128, word: u64, out: *mut u128) {
    let mut count = 0;
    for at in 0..64 {
        // SAFETY: as above. What is not selected is written over by what follows it.
        unsafe { _mm_storeu_si128(out.add(count).cast(), _mm_loadu_si128(values.add(at).cast())) };
        count += (word >> at & 1) as usize;
    }
}
