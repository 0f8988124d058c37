//! AVX-512: an instruction for each register.

use std::arch::asm;
use std::arch::x86_64::*;

use crate::memory::BitSlice;
use crate::simd::TWICE;

/// Expands the first `words` words of `valid`, from the last one on. How many bits of a word are set decides about
/// nothing: where nulls are few, or values are, no two words are alike.
///
/// # Safety
/// The CPU has AVX-512; a value has four, eight or sixteen bytes; there are 64 of them for each word; `from` bits of
/// these words are set.
#[target_feature(enable = "avx512f,popcnt")]
pub(super) unsafe fn expand_words<T>(values: *mut T, mut from: usize, words: usize, valid: BitSlice<'_>) {
    for start in (0..words).rev().map(|index| index * 64) {
        if from == start + 64 {
            return;
        }
        let word = valid.word(start);
        from -= word.count_ones() as usize;
        // SAFETY: no more than `start` of the bits before `start` are set.
        unsafe {
            match size_of::<T>() {
                4 => expand_word_32(values.cast(), from, start, word),
                8 => expand_word_64(values.cast(), from, start, word),
                _ => expand_word_128(values.cast(), from, start, word),
            }
        }
    }
}

/// The 64 bytes at `source`, in a register of their own. An instruction that loads what it expands is slow where no bit of
/// its mask is set: the CPU then makes sure that what it passes over cannot fault.
///
/// # Safety
/// The CPU has AVX-512; 64 bytes can be read.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load(source: *const u8) -> __m512i {
    // SAFETY: as the caller says; the assembly is empty.
    unsafe {
        let mut loaded = _mm512_loadu_si512(source.cast());
        asm!("/* {0} */", inout(zmm_reg) loaded, options(pure, nomem, nostack, preserves_flags));
        loaded
    }
}

/// The bits of `word` in front of `row`.
#[inline]
#[target_feature(enable = "popcnt")]
fn in_front(word: u64, row: usize) -> usize {
    (word & ((1 << row) - 1)).count_ones() as usize
}

/// # Safety
/// The CPU has AVX-512; `from <= start`, and 64 values from `start` on can be read and written.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
pub(super) unsafe fn expand_word_32(values: *mut u32, from: usize, start: usize, word: u64) {
    for row in (0..64).step_by(16).rev() {
        let bits = (word >> row) as u16;
        // SAFETY: sixteen values from `start + row` on, or from one further in front, lie in front of the last row's end, as
        // do those of the rows.
        unsafe {
            let present = load(values.add(from + in_front(word, row)).cast());
            _mm512_storeu_si512(values.add(start + row).cast(), _mm512_maskz_expand_epi32(bits, present));
        }
    }
}

/// # Safety
/// As for `expand_word_32`.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
pub(super) unsafe fn expand_word_64(values: *mut u64, from: usize, start: usize, word: u64) {
    for row in (0..64).step_by(8).rev() {
        let bits = (word >> row) as u8;
        // SAFETY: as above, with eight values.
        unsafe {
            let present = load(values.add(from + in_front(word, row)).cast());
            _mm512_storeu_si512(values.add(start + row).cast(), _mm512_maskz_expand_epi64(bits, present));
        }
    }
}

/// # Safety
/// As for `expand_word_32`.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
pub(super) unsafe fn expand_word_128(values: *mut u128, from: usize, start: usize, word: u64) {
    for row in (0..64).step_by(4).rev() {
        let bits = (word >> row & 0b1111) as usize;
        // SAFETY: as above, with four values.
        unsafe {
            let present = load(values.add(from + in_front(word, row)).cast());
            let halves = _mm512_maskz_expand_epi64(TWICE[bits], present);
            _mm512_storeu_si512(values.add(start + row).cast(), halves);
        }
    }
}
