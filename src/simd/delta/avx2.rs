//! AVX2: eight sums of four bytes, or four of eight, in a register.

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
