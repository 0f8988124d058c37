//! End offsets of the selected ones of strings that are put next to each other.
//!
//! ```text
//! for i in 0..selected.len(): if selected(i): end += offsets[i + 1] - offsets[i]; out[count] = end; count += 1
//! ```
//!
//! All arithmetic wraps. Works a word of 64 selection bits at a time. Where many of its bits are set, AVX-512 sums the
//! lengths of sixteen strings inside a register, those of unselected ones as 0, and compresses the sums. AVX2 does so with
//! eight, which it permutes by a table of lanes.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use crate::memory::{BitSlice, Plain};

/// Offsets of strings.
pub(crate) trait End: Plain {
    /// `self` and the length of a string that lies between two offsets.
    fn behind(self, start: Self, end: Self) -> Self;
    /// `self` and a length.
    fn after(self, length: u32) -> Self;
    /// As a place in memory; far behind any where it is negative.
    fn to_place(self) -> usize;
}

impl End for i32 {
    fn behind(self, start: Self, end: Self) -> Self {
        self.wrapping_add(end.wrapping_sub(start))
    }

    #[inline(always)]
    fn after(self, length: u32) -> Self {
        self.wrapping_add(length.cast_signed())
    }

    fn to_place(self) -> usize {
        usize::try_from(self).unwrap_or(usize::MAX)
    }
}

impl End for i64 {
    fn behind(self, start: Self, end: Self) -> Self {
        self.wrapping_add(end.wrapping_sub(start))
    }

    #[inline(always)]
    fn after(self, length: u32) -> Self {
        self.wrapping_add(i64::from(length))
    }

    fn to_place(self) -> usize {
        usize::try_from(self).unwrap_or(usize::MAX)
    }
}

/// Words with so many bits or fewer are gone through bit by bit.
#[cfg(target_arch = "x86_64")]
const FEW: u32 = 8;

/// The same for the AVX2 backend.
#[cfg(target_arch = "x86_64")]
const FEW_AVX2: u32 = 16;

/// Writes the ends of the strings whose bit is set to the front of `out`, the first of them beginning at `end`, and
/// returns the last. Of `offsets` there is one more than of bits; `out` has room for the selected ones and 64 bytes more.
pub(crate) fn compress_ends<T: End>(offsets: &[T], selected: BitSlice<'_>, mut end: T, out: &mut [T]) -> T {
    assert_eq!(offsets.len(), selected.len() + 1);
    let mut count = 0;
    for start in (0..selected.len()).step_by(64) {
        let word = selected.word(start);
        if word == 0 {
            continue;
        }
        let offsets = &offsets[start..(start + 65).min(offsets.len())];
        end = word_ends(offsets, word, end, &mut out[count..]);
        count += word.count_ones() as usize;
    }
    end
}

/// The same for a word; `offsets` has one more than there are rows.
#[inline]
fn word_ends<T: End>(offsets: &[T], word: u64, end: T, out: &mut [T]) -> T {
    #[cfg(target_arch = "x86_64")]
    if size_of::<T>() == 4
        && word.count_ones() > FEW
        && size_of_val(out) >= word.count_ones() as usize * 4 + 64
        && let Some(offsets) = offsets.first_chunk::<65>()
    {
        if cpu::has_avx512() {
            // SAFETY: the CPU has it, offsets have four bytes, and there is as much room as it asks for.
            return unsafe { word_ends_avx512(offsets, word, end, out) };
        } else if word.count_ones() > FEW_AVX2 && cpu::has_avx2() {
            // SAFETY: as above.
            return unsafe { word_ends_avx2(offsets, word, end, out) };
        }
    }
    scalar(offsets, word, end, out)
}

fn scalar<T: End>(offsets: &[T], word: u64, mut end: T, out: &mut [T]) -> T {
    let mut rest = word;
    for slot in &mut out[..word.count_ones() as usize] {
        let row = rest.trailing_zeros() as usize;
        end = end.behind(offsets[row], offsets[row + 1]);
        *slot = end;
        rest &= rest.wrapping_sub(1);
    }
    end
}

/// # Safety
/// The CPU has AVX-512; offsets have four bytes; `out` has room for as many as `word` has ones and 64 bytes more.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,popcnt")]
unsafe fn word_ends_avx512<T: End>(offsets: &[T; 65], word: u64, end: T, out: &mut [T]) -> T {
    use std::arch::x86_64::*;
    let zero = _mm512_setzero_si512();
    let last_lane = _mm512_set1_epi32(15);
    let mut count = 0;
    // SAFETY: an offset has four bytes.
    let mut carry = _mm512_set1_epi32(unsafe { std::mem::transmute_copy::<T, i32>(&end) });
    for at in (0..64).step_by(16) {
        let bits = (word >> at) as u16;
        // SAFETY: 17 offsets can be read from each of these places on.
        let (starts, ends) = unsafe {
            let from = offsets.as_ptr().add(at);
            (_mm512_loadu_si512(from.cast()), _mm512_loadu_si512(from.add(1).cast()))
        };
        let mut sums = _mm512_maskz_sub_epi32(bits, ends, starts);
        sums = _mm512_add_epi32(sums, _mm512_alignr_epi32::<15>(sums, zero));
        sums = _mm512_add_epi32(sums, _mm512_alignr_epi32::<14>(sums, zero));
        sums = _mm512_add_epi32(sums, _mm512_alignr_epi32::<12>(sums, zero));
        sums = _mm512_add_epi32(sums, _mm512_alignr_epi32::<8>(sums, zero));
        sums = _mm512_add_epi32(sums, carry);
        carry = _mm512_permutexvar_epi32(last_lane, sums);
        // SAFETY: no store begins behind the selected ones.
        unsafe {
            _mm512_storeu_si512(out.as_mut_ptr().add(count).cast(), _mm512_maskz_compress_epi32(bits, sums));
        }
        count += bits.count_ones() as usize;
    }
    // SAFETY: as above.
    unsafe { std::mem::transmute_copy::<i32, T>(&_mm512_cvtsi512_si32(carry)) }
}

/// # Safety
/// The CPU has AVX2; offsets have four bytes; `out` has room for as many as `word` has ones and 64 bytes more.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
unsafe fn word_ends_avx2<T: End>(offsets: &[T; 65], word: u64, end: T, out: &mut [T]) -> T {
    use std::arch::x86_64::*;

    use super::compress::LANES;
    let bit_of_lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    let mut count = 0;
    // SAFETY: an offset has four bytes.
    let mut carry = _mm256_set1_epi32(unsafe { std::mem::transmute_copy::<T, i32>(&end) });
    for at in (0..64).step_by(8) {
        let bits = (word >> at) as u8;
        // SAFETY: nine offsets can be read from each of these places on; the table's rows are eight bytes long.
        let (starts, ends, lanes) = unsafe {
            let from = offsets.as_ptr().add(at);
            let lanes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(LANES[bits as usize].as_ptr().cast()));
            (_mm256_loadu_si256(from.cast()), _mm256_loadu_si256(from.add(1).cast()), lanes)
        };
        let is_selected = _mm256_and_si256(_mm256_set1_epi32(i32::from(bits)), bit_of_lane);
        let is_selected = _mm256_cmpeq_epi32(is_selected, bit_of_lane);
        let lengths = _mm256_and_si256(_mm256_sub_epi32(ends, starts), is_selected);
        // Sums inside each half, then the sum of the low half onto the high one.
        let pairs = _mm256_add_epi32(lengths, _mm256_slli_si256::<4>(lengths));
        let halves = _mm256_add_epi32(pairs, _mm256_slli_si256::<8>(pairs));
        let low_half = _mm256_shuffle_epi32::<0xff>(_mm256_permute2x128_si256::<0x08>(halves, halves));
        let sums = _mm256_add_epi32(halves, low_half);
        // SAFETY: no store begins behind the selected ones.
        unsafe {
            let moved = _mm256_permutevar8x32_epi32(_mm256_add_epi32(sums, carry), lanes);
            _mm256_storeu_si256(out.as_mut_ptr().add(count).cast(), moved);
        }
        carry = _mm256_add_epi32(carry, _mm256_permutevar8x32_epi32(sums, _mm256_set1_epi32(7)));
        count += bits.count_ones() as usize;
    }
    // SAFETY: as above.
    unsafe { std::mem::transmute_copy::<i32, T>(&_mm256_cvtsi256_si32(carry)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agree<T: End>(offset: impl Fn(usize) -> T, rows: usize, selected: impl Fn(usize) -> bool) {
        let offsets: Vec<T> = (0..=rows).map(|row| offset(row * 7 + row * row % 5)).collect();
        let bits = arrow_buffer::BooleanBuffer::collect_bool(rows, &selected);
        let picked: Vec<usize> = (0..rows).filter(|row| selected(*row)).collect();
        let mut expected = vec![offset(100)];
        for row in picked {
            expected.push(expected[expected.len() - 1].behind(offsets[row], offsets[row + 1]));
        }
        let mut out = vec![T::default(); expected.len() + 16];
        let last = compress_ends(&offsets, BitSlice::from(&bits), offset(100), &mut out);
        assert_eq!(out[..expected.len() - 1], expected[1..]);
        assert_eq!(last, expected[expected.len() - 1]);
        #[cfg(target_arch = "x86_64")]
        if size_of::<T>() == 4 && cpu::has_avx2() {
            let (mut count, mut end) = (0, offset(100));
            for at in (0..rows / 64).map(|index| index * 64) {
                let word = BitSlice::from(&bits).word(at);
                let offsets = offsets[at..].first_chunk().unwrap();
                // SAFETY: the CPU has AVX2; offsets have four bytes; there is room for 16 more than are selected.
                end = unsafe { word_ends_avx2(offsets, word, end, &mut out[count..]) };
                count += word.count_ones() as usize;
            }
            assert_eq!((&out[..count], end), (&expected[1..count + 1], expected[count]));
        }
        // Without room behind the selected ones each is written by itself.
        let mut tight = vec![T::default(); expected.len() - 1];
        assert_eq!(compress_ends(&offsets, BitSlice::from(&bits), offset(100), &mut tight), last);
        assert_eq!(tight, expected[1..]);
    }

    #[test]
    fn backends_agree_on_where_strings_end() {
        for rows in [0, 1, 63, 64, 65, 128, 200, 1000] {
            for every in [1, 2, 3, 10, 40, 100] {
                agree(|offset| offset as i32, rows, |row| row % every == 0);
                agree(|offset| offset as i64, rows, |row| row % every == 0);
                agree(|offset| offset as i32, rows, |row| row % every != 0 || row % 64 > 50);
                agree(|offset| i32::MAX.wrapping_add(offset as i32), rows, |row| row % every != 1);
            }
        }
    }
}
