//! Compact values that lie elsewhere, opened up to their rows.
//!
//! ```text
//! for row in 0..valid.len(): out[row] = if valid(row) { next value of source } else { 0 }
//! ```
//!
//! AVX-512 does so a register at a time; without it the values are copied and opened up where they are then.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use super::expand;
use crate::memory::{BitSlice, Plain};

/// Writes the values at the front of `source`, in native order and anywhere in memory, to those of `out` whose bit of `valid`
/// is set, and 0 to the others. `source` has as many as bits are set, `out` room for one each bit; what is behind that may be
/// overwritten.
pub(crate) fn expand_from<T: Plain>(source: &[u8], valid: BitSlice<'_>, out: &mut [T]) {
    let bytes = valid.count_ones() * size_of::<T>();
    assert!(source.len() >= bytes && out.len() >= valid.len());
    #[cfg(target_arch = "x86_64")]
    if matches!(size_of::<T>(), 4 | 8) && cpu::has_avx512() {
        // SAFETY: the CPU has AVX-512; values have one of these sizes and are as many as needed.
        return unsafe { avx512::expand_from(source, valid, out) };
    }
    copied(&source[..bytes], valid, out);
}

fn copied<T: Plain>(source: &[u8], valid: BitSlice<'_>, out: &mut [T]) {
    assert!(source.len() <= size_of_val(out));
    // SAFETY: there is room for so many bytes, any bytes are values, and `out` is borrowed exclusively.
    unsafe { std::ptr::copy_nonoverlapping(source.as_ptr(), out.as_mut_ptr().cast::<u8>(), source.len()) };
    expand(out, valid);
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::copied;
    use crate::memory::{BitSlice, Plain};
    use crate::simd::prefetch_far_behind;

    /// Bytes of a register.
    const STEP_BYTES: usize = 64;

    /// Words of so few values, or none, are cleared, and the values put to their rows.
    const FEW: u32 = 2;

    /// # Safety
    /// The CPU has AVX-512; a value has four or eight bytes; `source` has one for each bit that is set, `out` one for each.
    #[target_feature(enable = "avx512f,bmi1,popcnt")]
    pub(super) unsafe fn expand_from<T: Plain>(source: &[u8], valid: BitSlice<'_>, out: &mut [T]) {
        let mut rest = source;
        for start in (0..valid.len()).step_by(64) {
            let has_room_behind = out.len() > start + 64;
            let rows = &mut out[start..valid.len().min(start + 64)];
            let word = valid.word(start);
            let bytes = word.count_ones() as usize * size_of::<T>();
            if word.count_ones() <= FEW && has_room_behind && rest.len() >= FEW as usize * size_of::<T>() {
                // SAFETY: two values can be read; there are 64 rows and one behind them, of the next word or to be overwritten.
                unsafe { few(rest.as_ptr().cast(), word, out.as_mut_ptr().add(start)) };
            } else if rows.len() == 64 && rest.len() >= bytes + STEP_BYTES {
                // SAFETY: a register can be read where the last value ends; there are 64 rows.
                unsafe {
                    match size_of::<T>() {
                        4 => word_32(rest.as_ptr(), word, rows.as_mut_ptr().cast()),
                        _ => word_64(rest.as_ptr(), word, rows.as_mut_ptr().cast()),
                    }
                }
            } else {
                copied(&rest[..bytes], BitSlice::new(&word.to_le_bytes(), 0, rows.len()), rows);
            }
            rest = &rest[bytes..];
        }
    }

    /// Two values at most, without a branch on their number: one that is not there goes to the row behind the others.
    ///
    /// # Safety
    /// The CPU has AVX-512; a value has four or eight bytes; two can be read from `values`; `rows` has room for 65.
    #[inline]
    #[target_feature(enable = "avx512f,bmi1")]
    unsafe fn few<T: Plain>(values: *const T, word: u64, rows: *mut T) {
        let second = word & word.wrapping_sub(1);
        // SAFETY: as the caller says; a word has 64 zeros at most.
        unsafe {
            for place in (0..64 * size_of::<T>()).step_by(STEP_BYTES) {
                _mm512_storeu_si512(rows.byte_add(place).cast(), _mm512_setzero_si512());
            }
            rows.add(second.trailing_zeros() as usize).write(values.add(1).read_unaligned());
            rows.add(word.trailing_zeros() as usize).write(values.read_unaligned());
        }
    }

    /// # Safety
    /// The CPU has AVX-512; 64 bytes can be read from `values` and from behind any of the values of the set bits; `rows` has
    /// room for 64.
    #[inline]
    #[target_feature(enable = "avx512f,popcnt")]
    unsafe fn word_32(mut values: *const u8, word: u64, rows: *mut u32) {
        for row in (0..64).step_by(16) {
            let bits = (word >> row) as u16;
            prefetch_far_behind::<1>(values);
            // SAFETY: as the caller says.
            unsafe {
                let present = _mm512_loadu_si512(values.cast());
                _mm512_storeu_si512(rows.add(row).cast(), _mm512_maskz_expand_epi32(bits, present));
                values = values.add(bits.count_ones() as usize * 4);
            }
        }
    }

    /// # Safety
    /// As for `word_32`.
    #[inline]
    #[target_feature(enable = "avx512f,popcnt")]
    unsafe fn word_64(mut values: *const u8, word: u64, rows: *mut u64) {
        for row in (0..64).step_by(8) {
            let bits = (word >> row) as u8;
            prefetch_far_behind::<1>(values);
            // SAFETY: as the caller says.
            unsafe {
                let present = _mm512_loadu_si512(values.cast());
                _mm512_storeu_si512(rows.add(row).cast(), _mm512_maskz_expand_epi64(bits, present));
                values = values.add(bits.count_ones() as usize * 8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Plain>(value: impl Fn(usize) -> T) {
        let noise = |i: usize| (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31) as u8;
        // Of the last ones, words have few bits or none.
        for (round, keep) in [(0, 0xff), (1, 0), (2, 0x55), (3, 0xfe), (4, 0x80), (9, 0), (9, 0x04), (10, 0x10)] {
            let bits: Vec<u8> = (0..40).map(|i| if i % 7 == round { 0xff } else { noise(i) & keep }).collect();
            let bits: Vec<u8> =
                bits.iter().enumerate().map(|(i, b)| if round == 10 && i % 8 != 3 { 0 } else { *b }).collect();
            for (start, len) in [(0, 0), (0, 64), (3, 1), (5, 300), (8, 256), (1, 319)] {
                let valid = BitSlice::new(&bits, start, len);
                let mut expected = Vec::new();
                let mut source = vec![9];
                for row in start..start + len {
                    let is_valid = bits[row / 8] >> (row % 8) & 1 == 1;
                    expected.push(if is_valid { value(row) } else { T::default() });
                    if is_valid {
                        let one = [value(row)];
                        // SAFETY: a value is as many bytes.
                        source.extend(unsafe { std::slice::from_raw_parts(one.as_ptr().cast::<u8>(), size_of::<T>()) });
                    }
                }
                for (behind, room) in [(0, 3), (1, 1), (100, 0), (100, 3)] {
                    let source = [&source[1..], &vec![7; behind]].concat();
                    let mut out = vec![value(5); len + room];
                    expand_from(&source, valid, &mut out);
                    assert_eq!(out[..len], expected, "{len} from {start}, {behind} behind");
                    copied(&source[..source.len() - behind], valid, &mut out);
                    assert_eq!(out[..len], expected, "{len} from {start}, copied");
                }
            }
        }
    }

    #[test]
    fn values_from_elsewhere_are_opened_up() {
        check(|i| i as u16 + 1);
        check(|i| i as u32 + 1);
        check(|i| (i as u64 + 1) << 33);
        check(|i| (i as u128 + 1) << 77);
    }
}
