//! Opens up compact values to their rows: nulls get a slot, whatever stands in it.
//!
//! ```text
//! expand:       from the last row down: if valid(row): values[row] = values[next compact one from the end]
//! expand_ends:  the same for end offsets, where a null row repeats the end before it
//! deposit_bits: the same for bits
//! ```
//!
//! Works in place from the back, a word of 64 validity bits at a time: a word without nulls moves as a block. The AVX2
//! backend takes values of four, eight and sixteen bytes a register at a time: it loads as many as there are rows, permutes
//! the present ones to their lanes, and stores them over the rows; what is still to be moved lies in front of those.
//! NEON does so with registers half as wide, AVX-512 by an instruction of its own.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use super::cpu;
use crate::memory::{BitSlice, Plain};

/// Moves the `valid.count_ones()` values at the front of `values` to the rows whose bit is set. `values` holds at least
/// `valid.len()`. Null rows become zero, so that what lies in a batch depends on the file alone.
pub(crate) fn expand<T: Plain>(values: &mut [T], valid: BitSlice<'_>) {
    let values = &mut values[..valid.len()];
    let mut from = valid.count_ones();
    for (start, count, word) in words_from_the_back(valid) {
        if from == start + count {
            return;
        }
        #[cfg(target_arch = "x86_64")]
        if count == 64 && matches!(size_of::<T>(), 4 | 8 | 16) && cpu::has_avx512() {
            // SAFETY: the CPU has AVX-512; the values are as many as the bits, and of one of these sizes; the set bits of
            // words behind this one were taken off.
            return unsafe { avx512::expand_words(values.as_mut_ptr(), from, start / 64 + 1, valid) };
        }
        let present = word.count_ones() as usize;
        from -= present;
        if present == count {
            values.copy_within(from..from + count, start);
        } else if present == 0 {
            values[start..start + count].fill(T::default());
        } else {
            expand_word(values, from, start..start + count, word);
        }
    }
}

/// Moves the values from `from` on to those of `rows`, at most 64 and none before `from`, whose bit of `word` is set.
fn expand_word<T: Plain>(values: &mut [T], from: usize, rows: Range<usize>, word: u64) {
    #[cfg(target_arch = "x86_64")]
    if rows.len() == 64 && matches!(size_of::<T>(), 4 | 8 | 16) && cpu::has_avx2() {
        assert!(from <= rows.start && rows.end <= values.len());
        // SAFETY: the CPU has AVX2; the rows are inside the values and not in front of `from`, as asserted; values of one
        // of these sizes may be moved as such.
        return unsafe {
            match size_of::<T>() {
                4 => avx2::expand_word_32(values.as_mut_ptr().cast(), from, rows.start, word),
                8 => avx2::expand_word_64(values.as_mut_ptr().cast(), from, rows.start, word),
                _ => avx2::expand_word_128(values.as_mut_ptr().cast(), from, rows.start, word),
            }
        };
    }
    #[cfg(target_arch = "aarch64")]
    if rows.len() == 64 && matches!(size_of::<T>(), 4 | 8 | 16) {
        assert!(from <= rows.start && rows.end <= values.len());
        let values = values.as_mut_ptr().cast();
        // SAFETY: every aarch64 CPU has NEON; otherwise as above.
        return unsafe {
            match size_of::<T>() {
                4 => neon::expand_word::<4>(values, from, rows.start, word),
                8 => neon::expand_word::<8>(values, from, rows.start, word),
                _ => neon::expand_word::<16>(values, from, rows.start, word),
            }
        };
    }
    scalar::expand_word(values, from, rows, word);
}

mod scalar {
    use std::ops::Range;

    pub(super) fn expand_word<T: Copy + Default>(values: &mut [T], from: usize, rows: Range<usize>, word: u64) {
        let mut from = from + word.count_ones() as usize;
        for row in (0..rows.len()).rev() {
            let is_valid = word >> row & 1 == 1;
            let value = values[from.saturating_sub(1)];
            values[rows.start + row] = if is_valid { value } else { T::default() };
            from -= usize::from(is_valid);
        }
    }
}

/// Does what [`expand`] does for values of `width` bytes each.
pub(crate) fn expand_bytes(values: &mut [u8], width: usize, valid: BitSlice<'_>) {
    let mut from = valid.count_ones();
    for (start, count, word) in words_from_the_back(valid) {
        if from == start + count {
            return;
        }
        for row in (0..count).rev() {
            let target = (start + row) * width;
            if word >> row & 1 == 1 {
                from -= 1;
                values.copy_within(from * width..(from + 1) * width, target);
            } else {
                values[target..target + width].fill(0);
            }
        }
    }
}

/// Opens up end offsets: `ends` holds the ends of the valid values in front, `base` is the end before them all.
pub(crate) fn expand_ends<T: Copy>(ends: &mut [T], base: T, valid: BitSlice<'_>) {
    let ends = &mut ends[..valid.len()];
    let mut from = valid.count_ones();
    for (start, count, word) in words_from_the_back(valid) {
        if from == start + count {
            return;
        }
        for row in (0..count).rev() {
            ends[start + row] = if from == 0 { base } else { ends[from - 1] };
            from -= (word >> row & 1) as usize;
        }
    }
}

/// Spreads the lowest bits of `bits` over the set bits of `mask`, lowest first.
pub(crate) fn deposit_bits(bits: u64, mask: u64) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        // SAFETY: the CPU has BMI2, which is part of what was asked.
        return unsafe { deposit_bits_bmi2(bits, mask) };
    }
    deposit_bits_scalar(bits, mask)
}

/// # Safety
/// The CPU has BMI2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi2")]
#[inline]
pub(super) unsafe fn deposit_bits_bmi2(bits: u64, mask: u64) -> u64 {
    std::arch::x86_64::_pdep_u64(bits, mask)
}

#[inline]
pub(super) fn deposit_bits_scalar(bits: u64, mask: u64) -> u64 {
    let (mut bits, mut mask, mut out) = (bits, mask, 0);
    while mask != 0 {
        let lowest = mask & mask.wrapping_neg();
        out |= lowest * (bits & 1);
        bits >>= 1;
        mask ^= lowest;
    }
    out
}

/// First row, number of rows and bits of each word of `valid`, last word first.
fn words_from_the_back(valid: BitSlice<'_>) -> impl Iterator<Item = (usize, usize, u64)> {
    let words = valid.len().div_ceil(64);
    (0..words).rev().map(move |index| {
        let start = index * 64;
        (start, (valid.len() - start).min(64), valid.word(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns() -> impl Iterator<Item = (Vec<u8>, usize, usize)> {
        (0..60usize).flat_map(|seed| {
            let bytes: Vec<u8> = (0..40usize)
                .map(|i| match seed % 4 {
                    0 => (i * 167 + seed * 31) as u8,
                    1 => 0xff,
                    2 => 0,
                    _ if i / 9 % 2 == 0 => 0xff,
                    _ => (i * 59 + seed) as u8,
                })
                .collect();
            [(bytes.clone(), seed % 13, 0), (bytes.clone(), seed % 7, 63 + seed * 4), (bytes, 0, 128)]
        })
    }

    /// Every backend opens every full word as the scalar twin does, for each width that it has.
    fn check_backends(bits: BitSlice<'_>) {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        fn check<T: Plain>(
            bits: BitSlice<'_>,
            value: impl Fn(usize) -> T,
            kernel: unsafe fn(*mut T, usize, usize, u64),
        ) {
            for (start, count, word) in words_from_the_back(bits).filter(|(_, count, _)| *count == 64) {
                let mut expected: Vec<T> = (0..start + count).map(&value).collect();
                let mut found = expected.clone();
                let from = start / 2;
                scalar::expand_word(&mut expected, from, start..start + count, word);
                // SAFETY: the CPU has what the kernel needs, as asked below; `from <= start`, 64 values lie there.
                unsafe { kernel(found.as_mut_ptr(), from, start, word) };
                assert_eq!(found, expected, "{word:x} at {start}");
            }
        }
        #[cfg(target_arch = "x86_64")]
        if cpu::has_avx2() {
            check(
                bits,
                |i| i as u32 + 1,
                |values, from, start, word| {
                    // SAFETY: as `check` has it.
                    unsafe { avx2::expand_word_32(values, from, start, word) }
                },
            );
            check(
                bits,
                |i| i as u64 + 1,
                |values, from, start, word| {
                    // SAFETY: as `check` has it.
                    unsafe { avx2::expand_word_64(values, from, start, word) }
                },
            );
            check(
                bits,
                |i| i as u128 + 1 << 60,
                |values, from, start, word| {
                    // SAFETY: as `check` has it.
                    unsafe { avx2::expand_word_128(values, from, start, word) }
                },
            );
        }
        #[cfg(target_arch = "aarch64")]
        {
            check(
                bits,
                |i| i as u32 + 1,
                |values, from, start, word| {
                    // SAFETY: every aarch64 CPU has NEON; otherwise as `check` has it.
                    unsafe { neon::expand_word::<4>(values.cast(), from, start, word) }
                },
            );
            check(
                bits,
                |i| i as u64 + 1,
                |values, from, start, word| {
                    // SAFETY: as above.
                    unsafe { neon::expand_word::<8>(values.cast(), from, start, word) }
                },
            );
            check(
                bits,
                |i| i as u128 + 1 << 60,
                |values, from, start, word| {
                    // SAFETY: as above.
                    unsafe { neon::expand_word::<16>(values.cast(), from, start, word) }
                },
            );
        }
        #[cfg(target_arch = "x86_64")]
        if cpu::has_avx512() {
            check(
                bits,
                |i| i as u32 + 1,
                |values, from, start, word| {
                    // SAFETY: as `check` has it.
                    unsafe { avx512::expand_word_32(values, from, start, word) }
                },
            );
            check(
                bits,
                |i| i as u64 + 1,
                |values, from, start, word| {
                    // SAFETY: as `check` has it.
                    unsafe { avx512::expand_word_64(values, from, start, word) }
                },
            );
            check(
                bits,
                |i| i as u128 + 1,
                |values, from, start, word| {
                    // SAFETY: as `check` has it.
                    unsafe { avx512::expand_word_128(values, from, start, word) }
                },
            );
        }
    }

    #[test]
    fn values_and_ends_move_to_their_rows() {
        for (bytes, start, len) in patterns() {
            let bits = BitSlice::new(&bytes, start, len);
            let valid: Vec<bool> = (start..start + len).map(|i| bytes[i / 8] >> (i % 8) & 1 == 1).collect();
            let present = bits.count_ones();
            let mut values: Vec<u32> = (0..len as u32 + 5).collect();
            expand(&mut values, bits);
            let mut long: Vec<u64> = (0..len as u64 + 5).map(|i| i << 33 | i).collect();
            expand(&mut long, bits);
            let mut by_scalar: Vec<u64> = (0..len as u64).map(|i| i << 33 | i).collect();
            let mut from = present;
            for (start, count, word) in words_from_the_back(bits) {
                from -= word.count_ones() as usize;
                scalar::expand_word(&mut by_scalar, from, start..start + count, word);
            }
            assert_eq!(long[..len], by_scalar);
            check_backends(bits);
            let mut wide: Vec<u8> = (0..len + 5).flat_map(|i| [i as u8, 1, (i >> 8) as u8]).collect();
            expand_bytes(&mut wide, 3, bits);
            let mut ends: Vec<i32> = (0..len as i32 + 5).map(|i| 10 * (i + 1)).collect();
            expand_ends(&mut ends, 0, bits);
            let mut seen = 0;
            for (row, valid) in valid.iter().enumerate() {
                assert_eq!(long[row], if *valid { u64::from(seen) << 33 | u64::from(seen) } else { 0 });
                if *valid {
                    assert_eq!(values[row], seen);
                    assert_eq!(wide[row * 3..][..3], [seen as u8, 1, (seen >> 8) as u8]);
                    seen += 1;
                } else {
                    assert_eq!(values[row], 0);
                    assert_eq!(wide[row * 3..][..3], [0; 3]);
                }
                assert_eq!(ends[row], 10 * seen as i32, "row {row} of {len}");
            }
            assert_eq!(seen as usize, present);
        }
    }

    #[test]
    fn bits_are_deposited_lowest_first() {
        assert_eq!(deposit_bits(0b101, 0b1011_0000), 0b1001_0000);
        assert_eq!(deposit_bits(u64::MAX, 0x8000_0000_0000_0001), 0x8000_0000_0000_0001);
        assert_eq!(deposit_bits(7, 0), 0);
        let mut state = 3u64;
        for round in 0..1000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let (bits, mask) = (state.rotate_left(round), state ^ state >> 29);
            assert_eq!(deposit_bits(bits, mask), deposit_bits_scalar(bits, mask), "{bits:x} {mask:x}");
        }
    }
}
