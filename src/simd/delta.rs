//! Bit-packed deltas to running sums.
//!
//! ```text
//! for i in 0..out.len():
//!     last += least + (bits from (first + i) * width of source) & mask(width)
//!     out[i] = low N bytes of last
//! ```
//!
//! All arithmetic wraps, so sums of N bytes are the low bytes of sums of eight. The AVX2 backend unpacks eight deltas
//! per step ([`super::lanes`]), sums them inside the register, and adds the sum before them; only that last addition
//! waits for the step before. AVX-512 does the same for sums of eight bytes in one register.

use super::STEP_READ;
#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Deltas from `first` on of those that are packed in `source`. Bits past its end read as 0.
#[derive(Clone, Copy)]
pub(crate) struct PackedDeltas<'a> {
    /// The packed bytes; what follows them may be there too.
    pub source: &'a [u8],
    /// Bits of a delta, at most 64.
    pub width: u32,
    /// Number of the first delta wanted.
    pub first: usize,
    /// What is added to each delta.
    pub least: u64,
}

/// Writes the running sums, beginning with `last` plus the first delta, as integers of `N` bytes, 4 or 8. Returns the last.
pub(crate) fn add_deltas<const N: usize>(deltas: PackedDeltas<'_>, last: u64, out: &mut [[u8; N]]) -> u64 {
    const { assert!(N == 4 || N == 8) };
    if deltas.width == 0 {
        return add_constant(deltas.least, last, out);
    }
    // Whole steps begin at every eighth delta and stay inside the source.
    let head = (deltas.first.wrapping_neg() % 8).min(out.len());
    let (head, rest) = out.split_at_mut(head);
    let last = scalar::add_deltas(deltas, last, head);
    let mut deltas = deltas.after(head.len());
    let step_bytes = deltas.width as usize;
    let source = deltas.source.get(deltas.first / 8 * step_bytes..).unwrap_or(&[]);
    let steps = source.len().checked_sub(STEP_READ).map_or(0, |last_start| last_start / step_bytes + 1);
    let (body, tail) = rest.split_at_mut((rest.len() / 8).min(steps) * 8);
    let last = add_steps(PackedDeltas { source, first: 0, ..deltas }, last, body);
    deltas = deltas.after(body.len());
    scalar::add_deltas(deltas, last, tail)
}

/// What the sum becomes after `count` deltas.
pub(crate) fn sum_deltas(deltas: PackedDeltas<'_>, last: u64, count: usize) -> u64 {
    let of_least = deltas.least.wrapping_mul(count as u64);
    if deltas.width == 0 {
        return last.wrapping_add(of_least);
    }
    let mut block = [[0u8; 8]; 128];
    let (mut deltas, mut last, mut left) = (deltas, last, count);
    while left > 0 {
        let now = left.min(block.len());
        last = add_deltas(deltas, last, &mut block[..now]);
        deltas = deltas.after(now);
        left -= now;
    }
    last
}

impl PackedDeltas<'_> {
    fn after(self, count: usize) -> Self {
        Self { first: self.first + count, ..self }
    }

    /// Delta `index`, without what is added to each.
    #[inline(always)]
    fn get(&self, index: usize) -> u64 {
        let bit = index * self.width as usize;
        let tail = self.source.get(bit / 8..).unwrap_or(&[]);
        let [low @ .., high] = match tail.first_chunk::<9>() {
            Some(window) => *window,
            None => {
                let mut window = [0; 9];
                window[..tail.len()].copy_from_slice(tail);
                window
            }
        };
        // What does not lie in eight bytes lies in the ninth: up to seven bits, none where the value begins with a byte.
        let value = u64::from_le_bytes(low) >> (bit % 8) | u64::from(high) << 1 << (63 - bit % 8);
        value & (u64::MAX >> (64 - self.width))
    }
}

fn low_bytes<const N: usize>(value: u64) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&value.to_le_bytes()[..N]);
    out
}

fn add_constant<const N: usize>(delta: u64, last: u64, out: &mut [[u8; N]]) -> u64 {
    for (slot, factor) in out.iter_mut().zip(1u64..) {
        *slot = low_bytes(last.wrapping_add(delta.wrapping_mul(factor)));
    }
    last.wrapping_add(delta.wrapping_mul(out.len() as u64))
}

/// `deltas` begins with delta 0, `out` is a whole number of steps, and each step can be read.
fn add_steps<const N: usize>(deltas: PackedDeltas<'_>, last: u64, out: &mut [[u8; N]]) -> u64 {
    let steps = out.len() / 8;
    assert!(steps == 0 || deltas.source.len() >= (steps - 1) * deltas.width as usize + STEP_READ);
    #[cfg(target_arch = "x86_64")]
    if N == 8 && super::lanes::fits_64(deltas.width) && cpu::has_avx512() {
        // SAFETY: the CPU has AVX-512, eights of the width are taken, and the source is as long as asserted above.
        return unsafe { avx512::add_steps_64(deltas, last, out.as_flattened_mut()) };
    }
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        let out = out.as_flattened_mut();
        // SAFETY: the CPU has AVX2, and the source is as long as asserted above.
        return unsafe {
            if N == 4 { avx2::add_steps_32(deltas, last, out) } else { avx2::add_steps_64(deltas, last, out) }
        };
    }
    scalar::add_deltas(deltas, last, out)
}

mod scalar {
    use super::{PackedDeltas, low_bytes};

    pub(super) fn add_deltas<const N: usize>(deltas: PackedDeltas<'_>, last: u64, out: &mut [[u8; N]]) -> u64 {
        let mut last = last;
        for (slot, index) in out.iter_mut().zip(deltas.first..) {
            last = last.wrapping_add(deltas.least).wrapping_add(deltas.get(index));
            *slot = low_bytes(last);
        }
        last
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::PackedDeltas;
    use crate::simd::lanes::{Lanes32, Lanes64, WideLanes64, fits_32, fits_64};

    /// Sums of four bytes.
    ///
    /// # Safety
    /// The CPU has AVX2; `deltas.source` holds STEP_READ bytes from the start of every step of eight sums, that is of 32
    /// bytes, of `out`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn add_steps_32(deltas: PackedDeltas<'_>, last: u64, out: &mut [u8]) -> u64 {
        let step = |index: usize| deltas.source[index * deltas.width as usize..].as_ptr();
        if fits_32(deltas.width) {
            let lanes = Lanes32::new(deltas.width);
            // SAFETY: the caller says that every step can be read.
            return add_eights(deltas.least, last, out, |index| unsafe { lanes.eight_at(step(index)) });
        }
        if fits_64(deltas.width) {
            let lanes = Lanes64::new(deltas.width);
            return add_eights(deltas.least, last, out, |index| {
                // SAFETY: as above.
                unsafe { low_halves(lanes.four_at(step(index), 0), lanes.four_at(step(index), 1)) }
            });
        }
        let lanes = WideLanes64::new(deltas.width);
        add_eights(deltas.least, last, out, |index| {
            // SAFETY: as above.
            unsafe { low_halves(lanes.four_at(step(index), 0), lanes.four_at(step(index), 1)) }
        })
    }

    /// The low halves of eight lanes.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn low_halves(first: __m256i, last: __m256i) -> __m256i {
        let mixed = _mm256_shuffle_ps::<0b10_00_10_00>(_mm256_castsi256_ps(first), _mm256_castsi256_ps(last));
        _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_castps_si256(mixed))
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn add_eights(least: u64, last: u64, out: &mut [u8], packed: impl Fn(usize) -> __m256i) -> u64 {
        let least = _mm256_set1_epi32((least as u32).cast_signed());
        let mut last = _mm256_set1_epi32((last as u32).cast_signed());
        for (index, step) in out.chunks_exact_mut(32).enumerate() {
            let deltas = _mm256_add_epi32(packed(index), least);
            // Sums inside each half, then the sum of the low half onto the high one.
            let pairs = _mm256_add_epi32(deltas, _mm256_slli_si256::<4>(deltas));
            let halves = _mm256_add_epi32(pairs, _mm256_slli_si256::<8>(pairs));
            let low_half = _mm256_shuffle_epi32::<0xff>(_mm256_permute2x128_si256::<0x08>(halves, halves));
            let sums = _mm256_add_epi32(halves, low_half);
            // SAFETY: the step is 32 bytes long.
            unsafe { _mm256_storeu_si256(step.as_mut_ptr().cast(), _mm256_add_epi32(sums, last)) };
            last = _mm256_add_epi32(last, _mm256_permutevar8x32_epi32(sums, _mm256_set1_epi32(7)));
        }
        u64::from(_mm256_cvtsi256_si32(last).cast_unsigned())
    }

    /// Sums of eight bytes.
    ///
    /// # Safety
    /// The CPU has AVX2; `deltas.source` holds STEP_READ bytes from the start of every step of eight sums, that is of 64
    /// bytes, of `out`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn add_steps_64(deltas: PackedDeltas<'_>, last: u64, out: &mut [u8]) -> u64 {
        let step = |index: usize| deltas.source[index * deltas.width as usize..].as_ptr();
        if fits_64(deltas.width) {
            let lanes = Lanes64::new(deltas.width);
            // SAFETY: the caller says that every step can be read.
            return add_fours(deltas.least, last, out, |index, half| unsafe { lanes.four_at(step(index), half) });
        }
        let lanes = WideLanes64::new(deltas.width);
        // SAFETY: as above.
        add_fours(deltas.least, last, out, |index, half| unsafe { lanes.four_at(step(index), half) })
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn add_fours(least: u64, last: u64, out: &mut [u8], packed: impl Fn(usize, usize) -> __m256i) -> u64 {
        let least = _mm256_set1_epi64x(least.cast_signed());
        let mut last = _mm256_set1_epi64x(last.cast_signed());
        for (index, step) in out.chunks_exact_mut(64).enumerate() {
            for (half, sums_out) in step.chunks_exact_mut(32).enumerate() {
                let deltas = _mm256_add_epi64(packed(index, half), least);
                // Sums inside each half, then the sum of the low half onto the high one.
                let halves = _mm256_add_epi64(deltas, _mm256_slli_si256::<8>(deltas));
                let low_half = _mm256_permute4x64_epi64::<0b01_01_01_01>(halves);
                let sums = _mm256_add_epi64(halves, _mm256_blend_epi32::<0xf0>(_mm256_setzero_si256(), low_half));
                // SAFETY: the chunk is 32 bytes long.
                unsafe { _mm256_storeu_si256(sums_out.as_mut_ptr().cast(), _mm256_add_epi64(sums, last)) };
                last = _mm256_add_epi64(last, _mm256_permute4x64_epi64::<0xff>(sums));
            }
        }
        _mm_cvtsi128_si64(_mm256_castsi256_si128(last)).cast_unsigned()
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::PackedDeltas;
    use crate::simd::prefetch_behind;

    /// Sums of eight bytes.
    ///
    /// # Safety
    /// The CPU has AVX-512 with VBMI; the width is one of 64 lanes; `deltas.source` holds STEP_READ bytes from the start of
    /// every step of eight sums, that is of 64 bytes, of `out`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) unsafe fn add_steps_64(deltas: PackedDeltas<'_>, last: u64, out: &mut [u8]) -> u64 {
        let first_bits = _mm512_mul_epu32(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0), lanes(u64::from(deltas.width)));
        let shifts = _mm512_and_si512(first_bits, lanes(7));
        // For each byte of a lane the byte of the source that it is: the first one, and those that follow it.
        let first_bytes = _mm512_shuffle_epi8(_mm512_srli_epi64::<3>(first_bits), first_of_each());
        let places = _mm512_add_epi8(first_bytes, lanes(0x0706_0504_0302_0100));
        let mask = lanes(u64::MAX >> (64 - deltas.width));
        let (least, nothing) = (lanes(deltas.least), _mm512_setzero_si512());
        let mut last = lanes(last);
        for (index, step) in out.chunks_exact_mut(64).enumerate() {
            // SAFETY: the caller says that every step can be read.
            let bytes = unsafe { _mm512_loadu_si512(deltas.source.as_ptr().add(index * deltas.width as usize).cast()) };
            prefetch_behind(deltas.source, index * deltas.width as usize);
            let packed = _mm512_srlv_epi64(_mm512_permutexvar_epi8(places, bytes), shifts);
            let deltas = _mm512_add_epi64(_mm512_and_si512(packed, mask), least);
            // To each lane the one before it, then the two before those, then the four.
            let twos = _mm512_add_epi64(deltas, _mm512_alignr_epi64::<7>(deltas, nothing));
            let fours = _mm512_add_epi64(twos, _mm512_alignr_epi64::<6>(twos, nothing));
            let sums = _mm512_add_epi64(fours, _mm512_alignr_epi64::<4>(fours, nothing));
            // SAFETY: the step is 64 bytes long.
            unsafe { _mm512_storeu_si512(step.as_mut_ptr().cast(), _mm512_add_epi64(sums, last)) };
            last = _mm512_add_epi64(last, _mm512_permutexvar_epi64(lanes(7), sums));
        }
        _mm_cvtsi128_si64(_mm512_castsi512_si128(last)).cast_unsigned()
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn lanes(value: u64) -> __m512i {
        _mm512_set1_epi64(value.cast_signed())
    }

    /// Indices that spread the first byte of every lane over it.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn first_of_each() -> __m512i {
        _mm512_broadcast_i32x4(_mm_set_epi64x(0x0808_0808_0808_0808, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bit_by_bit(deltas: PackedDeltas<'_>, mut last: u64, count: usize) -> Vec<u64> {
        let delta = |index: usize| {
            (0..deltas.width as usize).fold(0u64, |value, bit| {
                let at = index * deltas.width as usize + bit;
                let set = deltas.source.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1);
                value | u64::from(set) << bit
            })
        };
        let sums = (deltas.first..deltas.first + count).map(|index| {
            last = last.wrapping_add(deltas.least).wrapping_add(delta(index));
            last
        });
        sums.collect()
    }

    #[test]
    fn every_backend_and_width_sums_bit_by_bit() {
        let noise: Vec<u8> = (0..900u32).map(|i| (i.wrapping_mul(2654435761) >> 13) as u8).collect();
        for width in 0..=64u32 {
            for count in [0, 1, 7, 8, 9, 31, 32, 64, 77] {
                for first in [0, 1, 8, 13] {
                    let bytes = ((first + count) * width as usize).div_ceil(8);
                    for length in [bytes, bytes + 3, noise.len()] {
                        let source = &noise[..length.min(noise.len())];
                        let deltas = PackedDeltas { source, width, first, least: u64::MAX - 4000 };
                        let start = 0x0123_4567_89ab_cdef;
                        let expected = bit_by_bit(deltas, start, count);
                        let mut wide = vec![[9; 8]; count];
                        let last = add_deltas(deltas, start, &mut wide);
                        let found: Vec<u64> = wide.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
                        assert_eq!(found, expected, "width {width}, {count} from {first}, {length} bytes");
                        assert_eq!(last, expected.last().copied().unwrap_or(start));
                        assert_eq!(sum_deltas(deltas, start, count), last);
                        if width > 0 {
                            let mut by_scalar = vec![[9; 8]; count];
                            assert_eq!(scalar::add_deltas(deltas, start, &mut by_scalar), last);
                            assert_eq!(by_scalar, wide, "scalar, width {width}, {count} from {first}, {length} bytes");
                        }
                        let mut narrow = vec![[9; 4]; count];
                        let last = add_deltas(deltas, start, &mut narrow);
                        let found: Vec<u32> = narrow.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
                        let expected: Vec<u32> = expected.iter().map(|value| *value as u32).collect();
                        assert_eq!(found, expected, "width {width}, {count} from {first}, {length} bytes");
                        assert_eq!(last as u32, expected.last().copied().unwrap_or(start as u32));
                    }
                }
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn backends_agree_on_whole_steps() {
        let noise: Vec<u8> = (0..900u32).map(|i| (i.wrapping_mul(2654435761) >> 13) as u8).collect();
        for width in 1..=64u32 {
            let deltas = PackedDeltas { source: &noise, width, first: 0, least: u64::MAX - 4000 };
            for steps in [0, 1, 2, 9] {
                let mut expected = vec![[9; 8]; steps * 8];
                let last = scalar::add_deltas(deltas, 5, &mut expected);
                let mut found = vec![[9; 8]; steps * 8];
                if cpu::has_avx2() {
                    // SAFETY: the CPU has AVX2, and nine steps read at most 576 bytes.
                    let by_avx2 = unsafe { avx2::add_steps_64(deltas, 5, found.as_flattened_mut()) };
                    assert_eq!((by_avx2, &found), (last, &expected), "AVX2, width {width}, {steps} steps");
                }
                if cpu::has_avx512() && super::super::lanes::fits_64(width) {
                    found.fill([7; 8]);
                    // SAFETY: the same with AVX-512.
                    let by_avx512 = unsafe { avx512::add_steps_64(deltas, 5, found.as_flattened_mut()) };
                    assert_eq!((by_avx512, &found), (last, &expected), "AVX-512, width {width}, {steps} steps");
                }
            }
        }
    }

    #[test]
    fn bits_past_the_end_are_zero() {
        let deltas = PackedDeltas { source: &[0xff], width: 4, first: 0, least: 1 };
        let mut out = [[0; 4]; 4];
        assert_eq!(add_deltas(deltas, 0, &mut out), 34);
        assert_eq!(out.map(u32::from_le_bytes), [16, 32, 33, 34]);
    }
}
