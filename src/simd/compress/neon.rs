//! NEON: values of one, two, four and eight bytes are permuted by tables of bytes, those of sixteen stored one over the other
//! until one is selected.

use std::arch::aarch64::*;

use super::{LANES, compress_by, has_room};
use crate::memory::{BitSlice, Plain};

/// Values have one, two, four, eight or sixteen bytes.
#[target_feature(enable = "neon")]
pub(super) fn compress<T: Plain>(values: &[T], selected: BitSlice<'_>, out: &mut [T]) -> usize {
    let kernel = |values: &[T; 64], word: u64, out: &mut [T]| {
        assert!(has_room(word.count_ones(), out));
        let (from, to) = (values.as_ptr().cast(), out.as_mut_ptr().cast());
        // SAFETY: no register is stored further than 64 bytes behind the selected values, which lie in `out` as asserted.
        unsafe {
            match size_of::<T>() {
                1 => word_8(from, word, to),
                2 => word_16(from, word, to),
                4 => word_by_places::<4>(from, word, to),
                8 => word_by_places::<8>(from, word, to),
                _ => word_128(from.cast(), word, to.cast()),
            }
        }
    };
    // So many are moved one by one in the time that the kernel takes.
    let steps = match size_of::<T>() {
        16 => 48,
        8 => 40,
        _ => 16,
    };
    compress_by(kernel, steps, values, selected, out)
}

/// # Safety
/// 64 values can be read, and as many as `word` has ones and 64 bytes more written.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn word_8(values: *const u8, word: u64, out: *mut u8) {
    let mut count = 0;
    for at in (0..64).step_by(8) {
        let bits = (word >> at) as u8;
        // SAFETY: the table's rows are eight bytes long; otherwise as the function asks for.
        unsafe {
            let lanes = vld1_u8(LANES[bits as usize].as_ptr());
            vst1_u8(out.add(count), vtbl1_u8(vld1_u8(values.add(at)), lanes));
        }
        count += ones(bits);
    }
}

/// # Safety
/// As for `word_8`, with values of two bytes.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn word_16(values: *const u8, word: u64, out: *mut u8) {
    let halves = vreinterpretq_u8_u16(vdupq_n_u16(0x0100));
    let mut count = 0;
    for at in (0..64).step_by(8) {
        let bits = (word >> at) as u8;
        // SAFETY: as above.
        unsafe {
            let lanes = vld1_u8(LANES[bits as usize].as_ptr());
            // Lane `n` of two bytes is bytes `2n` and `2n + 1`.
            let twice = vshl_n_u8::<1>(lanes);
            let bytes = vaddq_u8(vcombine_u8(vzip1_u8(twice, twice), vzip2_u8(twice, twice)), halves);
            vst1q_u8(out.add(count * 2), vqtbl1q_u8(vld1q_u8(values.add(at * 2)), bytes));
        }
        count += ones(bits);
    }
}

/// For the values of `BYTES` bytes in a register by their selection bits: where the bytes of the selected ones are.
struct Places<const BYTES: usize>;

impl<const BYTES: usize> Places<BYTES> {
    const SELECTED: &[[u8; 16]; 16] = &{
        let mut places = [[0; 16]; 16];
        let mut bits = 0;
        while bits < 1 << (16 / BYTES) {
            let mut at = 0;
            while at < 16 {
                places[bits][at] = LANES[bits][at / BYTES] * BYTES as u8 + (at % BYTES) as u8;
                at += 1;
            }
            bits += 1;
        }
        places
    };
}

/// # Safety
/// As for `word_8`, with values of `BYTES` bytes, four or eight.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn word_by_places<const BYTES: usize>(values: *const u8, word: u64, out: *mut u8) {
    let per_register = const { 16 / BYTES };
    let mut count = 0;
    for at in (0..64).step_by(per_register) {
        let bits = (word >> at) as u8 & ((1 << per_register) - 1);
        // SAFETY: the table's rows are as long as a register; otherwise as the function asks for.
        unsafe {
            let places = vld1q_u8(Places::<BYTES>::SELECTED[bits as usize].as_ptr());
            vst1q_u8(out.add(count * BYTES), vqtbl1q_u8(vld1q_u8(values.add(at * BYTES)), places));
        }
        count += ones(bits);
    }
}

/// # Safety
/// As for `word_8`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn word_128(values: *const u128, word: u64, out: *mut u128) {
    let mut count = 0;
    for at in 0..64 {
        // SAFETY: as above. What is not selected is written over by what follows it.
        unsafe { vst1q_u8(out.add(count).cast(), vld1q_u8(values.add(at).cast())) };
        count += (word >> at & 1) as usize;
    }
}

/// How many bits are set. NEON counts in its own registers, a long way from those that addresses are made of.
#[inline]
fn ones(bits: u8) -> usize {
    static ONES: [u8; 256] = {
        let mut ones = [0; 256];
        let mut bits = 0;
        while bits < 256 {
            ones[bits] = (bits as u8).count_ones() as u8;
            bits += 1;
        }
        ones
    };
    usize::from(ONES[usize::from(bits)])
}
