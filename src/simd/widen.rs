//! Two's complement of up to sixteen bytes to 128 bits.
//!
//! ```text
//! for i in 0..out.len(): out[i] = sign_extended(source[i * width..(i + 1) * width])
//! ```
//!
//! AVX-512 (VBMI) does four values at a time: one permutation puts the bytes of each at the upper ends of two halves, one
//! shift brings them down and spreads the sign. AVX2 does two, NEON one: one shuffle puts the bytes where they belong, another the
//! sign everywhere else.

#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Which byte of a value comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    /// The highest.
    Big,
    /// The lowest.
    Little,
}

/// Converts values of `width` bytes, 1 to 16; `source` has as many as `out`.
pub(crate) fn widen(source: &[u8], width: usize, order: ByteOrder, out: &mut [i128]) {
    assert!((1..=16).contains(&width) && source.len() == width * out.len());
    #[cfg(target_arch = "x86_64")]
    let done = if cpu::has_avx512() {
        // SAFETY: the CPU has it, and width and lengths are as asserted.
        unsafe { avx512::widen(source, width, order, out) }
    } else if cpu::has_avx2() {
        // SAFETY: as above.
        unsafe { avx2::widen(source, width, order, out) }
    } else {
        0
    };
    // SAFETY: every aarch64 CPU has NEON; width and lengths are as asserted.
    #[cfg(target_arch = "aarch64")]
    let done = unsafe { neon::widen(source, width, order, out) };
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let done = 0;
    scalar(&source[done * width..], width, order, &mut out[done..]);
}

fn scalar(source: &[u8], width: usize, order: ByteOrder, out: &mut [i128]) {
    let unused_bits = (16 - width) * 8;
    for (index, slot) in out.iter_mut().enumerate() {
        let (start, end) = (index * width, (index + 1) * width);
        // Sixteen bytes that begin or end with the value; the outermost values have no others beside them.
        let mut padded = [0u8; 16];
        *slot = match order {
            ByteOrder::Little => {
                let bytes = source[start..].first_chunk().unwrap_or_else(|| {
                    padded[..width].copy_from_slice(&source[start..end]);
                    &padded
                });
                i128::from_le_bytes(*bytes) << unused_bits >> unused_bits
            }
            ByteOrder::Big => {
                let bytes = source[..end].last_chunk().unwrap_or_else(|| {
                    padded[16 - width..].copy_from_slice(&source[start..end]);
                    &padded
                });
                i128::from_be_bytes(*bytes) << unused_bits >> unused_bits
            }
        };
    }
}

/// No byte: a zero.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
const NONE: u8 = 0x80;

/// For each byte of a value of 128 bits: which of the bytes of a value it is, and, where it is none, which of them has
/// the sign.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn places(width: usize, order: ByteOrder) -> ([u8; 16], [u8; 16]) {
    let place = |byte: usize| if order == ByteOrder::Big { width - 1 - byte } else { byte } as u8;
    let (mut bytes, mut signs) = ([NONE; 16], [NONE; 16]);
    bytes.iter_mut().zip(0..width).for_each(|(slot, byte)| *slot = place(byte));
    signs[width..].fill(place(width - 1));
    (bytes, signs)
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{ByteOrder, places};
    use crate::simd::prefetch_far_behind;

    /// Converts pairs of values as far as 16 bytes can be read for each; returns how many values that were.
    ///
    /// # Safety
    /// The CPU has AVX2; `width` is 1 to 16 and `source` has as many values as `out`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn widen(source: &[u8], width: usize, order: ByteOrder, out: &mut [i128]) -> usize {
        let (bytes, signs) = places(width, order);
        // SAFETY: both are 16 bytes long.
        let [bytes, signs] = [bytes, signs]
            .map(|places| unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(places.as_ptr().cast())) });
        let zero = _mm256_setzero_si256();
        let steps = source.len().checked_sub(width + 16).map_or(0, |last| last / (2 * width) + 1).min(out.len() / 2);
        for step in 0..steps {
            prefetch_far_behind::<1>(source.as_ptr().wrapping_add(step * 2 * width));
            // SAFETY: 16 bytes lie behind the start of both values of a step, and `out` has two values for each.
            unsafe {
                let from = source.as_ptr().add(step * 2 * width);
                let pair = _mm256_loadu2_m128i(from.add(width).cast(), from.cast());
                let sign = _mm256_cmpgt_epi8(zero, _mm256_shuffle_epi8(pair, signs));
                let values = _mm256_or_si256(_mm256_shuffle_epi8(pair, bytes), sign);
                _mm256_storeu_si256(out.as_mut_ptr().add(step * 2).cast(), values);
            }
        }
        steps * 2
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use std::arch::aarch64::*;

    use super::{ByteOrder, places};

    /// Converts values as far as 16 bytes can be read for each; returns how many that were.
    ///
    /// # Safety
    /// `width` is 1 to 16 and `source` has as many values as `out`.
    #[target_feature(enable = "neon")]
    pub(super) unsafe fn widen(source: &[u8], width: usize, order: ByteOrder, out: &mut [i128]) -> usize {
        let (bytes, signs) = places(width, order);
        // SAFETY: both are 16 bytes long.
        let [bytes, signs] = [bytes, signs].map(|places| unsafe { vld1q_u8(places.as_ptr()) });
        let steps = source.len().checked_sub(16).map_or(0, |last| last / width + 1).min(out.len());
        for (step, slot) in out[..steps].iter_mut().enumerate() {
            // SAFETY: 16 bytes lie behind the start of every value, and a slot has as many.
            unsafe {
                let value = vld1q_u8(source.as_ptr().add(step * width));
                let sign = vreinterpretq_u8_s8(vshrq_n_s8::<7>(vreinterpretq_s8_u8(vqtbl1q_u8(value, signs))));
                vst1q_u8(std::ptr::from_mut(slot).cast(), vorrq_u8(vqtbl1q_u8(value, bytes), sign));
            }
        }
        steps
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::ByteOrder;
    use crate::simd::prefetch_far_behind;

    /// For each byte of four values of 128 bits, which of the bytes of four values it is; none where the mask has no bit.
    fn places(width: usize, order: ByteOrder) -> ([u8; 64], u64) {
        let (mut places, mut mask) = ([0; 64], 0);
        for (at, place) in places.iter_mut().enumerate() {
            let (value, half, byte) = (at / 16, at / 8 % 2, at % 8);
            // Of the value's bytes, from the lowest on, each half has up to eight at its upper end.
            let (first, count) = if width <= 8 { (0, width) } else { (half * 8, (width - half * 8).min(8)) };
            if byte >= 8 - count {
                let byte = first + byte - (8 - count);
                let byte = if order == ByteOrder::Big { width - 1 - byte } else { byte };
                *place = (value * width + byte) as u8;
                mask |= 1 << at;
            }
        }
        (places, mask)
    }

    /// Converts fours of values as far as 64 bytes can be read for each; returns how many values that were.
    ///
    /// # Safety
    /// The CPU has AVX-512 with VBMI; `width` is 1 to 16 and `source` has as many values as `out`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) unsafe fn widen(source: &[u8], width: usize, order: ByteOrder, out: &mut [i128]) -> usize {
        let (places, mask) = places(width, order);
        // SAFETY: there are 64 of them.
        let places = unsafe { _mm512_loadu_si512(places.as_ptr().cast()) };
        let unused_bits = 64 - 8 * (i64::from(width as u8) - if width <= 8 { 0 } else { 8 });
        let (low, high) = if width <= 8 { (unused_bits, 63) } else { (0, unused_bits) };
        let shifts = _mm512_broadcast_i32x4(_mm_set_epi64x(high, low));
        let steps = source.len().checked_sub(64).map_or(0, |last| last / (4 * width) + 1).min(out.len() / 4);
        for step in 0..steps {
            prefetch_far_behind::<1>(source.as_ptr().wrapping_add(step * 4 * width));
            // SAFETY: 64 bytes lie behind the start of every step, and `out` has four values for each.
            unsafe {
                let bytes = _mm512_loadu_si512(source.as_ptr().add(step * 4 * width).cast());
                let halves = _mm512_maskz_permutexvar_epi8(mask, places, bytes);
                _mm512_storeu_si512(out.as_mut_ptr().add(step * 4).cast(), _mm512_srav_epi64(halves, shifts));
            }
        }
        steps * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_agree_on_values_of_every_width() {
        for width in 1..=16usize {
            for count in [0usize, 1, 3, 4, 15, 16, 17, 70, 300] {
                let source: Vec<u8> = (0..width * count).map(|i| (i * 89 + i / 11 * 5) as u8).collect();
                for order in [ByteOrder::Big, ByteOrder::Little] {
                    let expected: Vec<i128> = source
                        .chunks(width)
                        .map(|bytes| {
                            let from_low = |i: usize| bytes[if order == ByteOrder::Big { width - 1 - i } else { i }];
                            let value = (0..width).fold(0u128, |value, i| value | u128::from(from_low(i)) << (8 * i));
                            (value << (128 - 8 * width)).cast_signed() >> (128 - 8 * width)
                        })
                        .collect();
                    let mut found = vec![0; count];
                    widen(&source, width, order, &mut found);
                    assert_eq!(found, expected, "{count} of {width} bytes, {order:?}");
                    scalar(&source, width, order, &mut found);
                    assert_eq!(found, expected, "{count} of {width} bytes, {order:?}, scalar");
                    #[cfg(target_arch = "x86_64")]
                    if cpu::has_avx2() {
                        found.fill(0);
                        // SAFETY: the CPU has it, and there are as many values.
                        let done = unsafe { avx2::widen(&source, width, order, &mut found) };
                        assert!(done + 18 > count, "{done} of {count}");
                        assert_eq!(found[..done], expected[..done], "{count} of {width} bytes, {order:?}, AVX2");
                    }
                }
            }
        }
    }
}
