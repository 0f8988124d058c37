//! AVX-512, with VBMI2 for one and two bytes: an instruction for each register.

use std::arch::x86_64::*;

use super::{append_by, compress_by, has_room};
use crate::memory::{BitRoom, BitSlice, Plain};
use crate::simd::TWICE;

/// # Safety
/// The CPU has AVX-512 with VBMI2; values have one, two, four, eight or sixteen bytes.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,popcnt,bmi1")]
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
    compress_by(kernel, size_of::<T>(), values, selected, out)
}

/// # Safety
/// The CPU has AVX-512 with VBMI2; 64 values can be read, and as many as `word` has ones and 64 bytes more written.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
unsafe fn word_8(values: *const u8, word: u64, out: *mut u8) {
    // SAFETY: as the function asks for.
    unsafe {
        let loaded = _mm512_loadu_si512(values.cast());
        _mm512_storeu_si512(out.cast(), _mm512_maskz_compress_epi8(word, loaded));
    }
}

/// # Safety
/// As for `word_8`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
unsafe fn word_16(values: *const u16, word: u64, out: *mut u16) {
    let mut count = 0;
    for at in (0..64).step_by(32) {
        let bits = (word >> at) as u32;
        // SAFETY: as the function asks for: no store begins behind the selected values.
        unsafe {
            let loaded = _mm512_loadu_si512(values.add(at).cast());
            _mm512_storeu_si512(out.add(count).cast(), _mm512_maskz_compress_epi16(bits, loaded));
        }
        count += bits.count_ones() as usize;
    }
}

/// # Safety
/// As for `word_8`.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
unsafe fn word_32(values: *const u32, word: u64, out: *mut u32) {
    let mut count = 0;
    for at in (0..64).step_by(16) {
        let bits = (word >> at) as u16;
        // SAFETY: as above.
        unsafe {
            let loaded = _mm512_loadu_si512(values.add(at).cast());
            _mm512_storeu_si512(out.add(count).cast(), _mm512_maskz_compress_epi32(bits, loaded));
        }
        count += bits.count_ones() as usize;
    }
}

/// # Safety
/// As for `word_8`.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
unsafe fn word_64(values: *const u64, word: u64, out: *mut u64) {
    let mut count = 0;
    for at in (0..64).step_by(8) {
        let bits = (word >> at) as u8;
        // SAFETY: as above.
        unsafe {
            let loaded = _mm512_loadu_si512(values.add(at).cast());
            _mm512_storeu_si512(out.add(count).cast(), _mm512_maskz_compress_epi64(bits, loaded));
        }
        count += bits.count_ones() as usize;
    }
}

/// # Safety
/// As for `word_8`.
#[inline]
#[target_feature(enable = "avx512f,popcnt")]
unsafe fn word_128(values: *const u128, word: u64, out: *mut u128) {
    let mut count = 0;
    for at in (0..64).step_by(4) {
        let bits = (word >> at & 0b1111) as usize;
        // SAFETY: as above.
        unsafe {
            let loaded = _mm512_loadu_si512(values.add(at).cast());
            _mm512_storeu_si512(out.add(count).cast(), _mm512_maskz_compress_epi64(TWICE[bits], loaded));
        }
        count += bits.count_ones() as usize;
    }
}

/// The bits of `bits` at the set bits of `mask`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
pub(super) fn bits(bits: u64, mask: u64) -> u64 {
    _mm512_movepi8_mask(_mm512_maskz_compress_epi8(mask, _mm512_movm_epi8(bits)))
}

/// # Safety
/// The CPU has AVX-512 with VBMI2, and POPCNT.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2,popcnt")]
pub(super) unsafe fn append_bits(words: &[u64], masks: &[u64], room: &mut BitRoom<'_>) {
    append_by(|word, mask| bits(word, mask), words, masks, room);
}
