//! Lengths to where each ends.
//!
//! ```text
//! ends:         for i in 0..out.len(): start += lengths[i]; out[i] = start
//! ends_of_same: the same where every length is the same
//! ```

use super::End;
#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Writes where each of `lengths`, little-endian and as many as `out`, ends if the first one begins at `start`. Wraps.
pub(crate) fn ends(lengths: &[[u8; 4]], start: u32, out: &mut [i32]) {
    assert!(lengths.len() == out.len());
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        // SAFETY: the CPU has AVX2, and there are as many of either.
        return unsafe { avx2::ends(lengths, start, out) };
    }
    scalar(lengths, start, out);
}

/// Writes where strings of `length` bytes each end if the first one begins at `start`. Wraps.
pub(crate) fn ends_of_same<T: End>(length: usize, start: T, out: &mut [T]) {
    let mut end = start;
    for slot in out {
        end = end.after(length as u32);
        *slot = end;
    }
}

fn scalar(lengths: &[[u8; 4]], start: u32, out: &mut [i32]) {
    let mut end = start;
    for (slot, length) in out.iter_mut().zip(lengths) {
        end = end.wrapping_add(u32::from_le_bytes(*length));
        *slot = end.cast_signed();
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    /// # Safety
    /// The CPU has AVX2; there are as many lengths as `out` has room for.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn ends(lengths: &[[u8; 4]], start: u32, out: &mut [i32]) {
        let (eights, rest) = lengths.as_chunks::<8>();
        let (slots, rest_slots) = out.split_at_mut(eights.len() * 8);
        let mut end = _mm256_set1_epi32(start.cast_signed());
        for (eight, slots) in eights.iter().zip(slots.as_chunks_mut::<8>().0) {
            // SAFETY: eight lengths of four bytes.
            let lengths = unsafe { _mm256_loadu_si256(eight.as_ptr().cast()) };
            // Sums inside each half, then the sum of the low half onto the high one.
            let pairs = _mm256_add_epi32(lengths, _mm256_slli_si256::<4>(lengths));
            let halves = _mm256_add_epi32(pairs, _mm256_slli_si256::<8>(pairs));
            let low_half = _mm256_shuffle_epi32::<0xff>(_mm256_permute2x128_si256::<0x08>(halves, halves));
            let sums = _mm256_add_epi32(halves, low_half);
            // SAFETY: room for eight.
            unsafe { _mm256_storeu_si256(slots.as_mut_ptr().cast(), _mm256_add_epi32(sums, end)) };
            end = _mm256_add_epi32(end, _mm256_permutevar8x32_epi32(sums, _mm256_set1_epi32(7)));
        }
        super::scalar(rest, _mm256_cvtsi256_si32(end).cast_unsigned(), rest_slots);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_agree_on_where_lengths_end() {
        let lengths: Vec<[u8; 4]> = (0..100u32).map(|i| (i.wrapping_mul(2654435761) >> 9).to_le_bytes()).collect();
        for count in [0, 1, 7, 8, 9, 31, 100] {
            let (mut found, mut by_scalar) = (vec![1; count], vec![2; count]);
            ends(&lengths[..count], 5, &mut found);
            scalar(&lengths[..count], 5, &mut by_scalar);
            assert_eq!(found, by_scalar);
        }
        let mut found = [0; 3];
        ends(&[[1, 0, 0, 0], [0; 4], [0, 1, 0, 0]], 10, &mut found);
        assert_eq!(found, [11, 11, 267]);
        let mut found = [0i64; 3];
        ends_of_same(5, 7, &mut found);
        assert_eq!(found, [12, 17, 22]);
    }
}
