//! AVX-512: sixteen sums of four bytes, or eight of eight, in a register.

use std::arch::x86_64::*;

use super::{PackedDeltas, PackedMiniblocks};
use crate::simd::lanes::{Lanes32x16, fits_32, fits_64};
use crate::simd::{STEP_READ, prefetch_behind};

/// The sums of miniblocks as [`super::add_miniblocks`] has them, as far as lanes take their widths and STEP_READ bytes can
/// be read from the start of every eight deltas on.
///
/// # Safety
/// The CPU has AVX-512 with VBMI.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) unsafe fn add_miniblocks<const N: usize>(
    blocks: PackedMiniblocks<'_>,
    last: u64,
    out: &mut [[u8; N]],
) -> (usize, u64) {
    let (mut taken, mut start) = (0, 0);
    let mut last = if N == 4 { _mm512_set1_epi32((last as u32).cast_signed()) } else { lanes(last) };
    for (width, out) in blocks.widths.iter().zip(out.chunks_exact_mut(blocks.values)) {
        let width = u32::from(*width);
        let is_taken = width == 0 || if N == 4 { fits_32(width) } else { fits_64(width) };
        let step_bytes = width as usize;
        if !is_taken || blocks.source.len() < start + (blocks.values / 8 - 1) * step_bytes + STEP_READ {
            break;
        }
        let deltas = PackedDeltas { source: &blocks.source[start..], width, first: 0, least: blocks.least };
        let out = out.as_flattened_mut();
        // SAFETY: the CPU has AVX-512, lanes take the width, and every step can be read, as was just seen.
        last = unsafe { if N == 4 { sums_32(deltas, last, out) } else { sums_64(deltas, last, out) } };
        (taken, start) = (taken + 1, start + blocks.values / 8 * step_bytes);
    }
    let low = _mm512_castsi512_si128(last);
    (
        taken,
        if N == 4 { u64::from(_mm_cvtsi128_si32(low).cast_unsigned()) } else { _mm_cvtsi128_si64(low).cast_unsigned() },
    )
}

/// Sums of eight bytes.
///
/// # Safety
/// The CPU has AVX-512 with VBMI; the width is one of 64 lanes; `deltas.source` holds STEP_READ bytes from the start of
/// every step of eight sums, that is of 64 bytes, of `out`.
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) unsafe fn add_steps_64(deltas: PackedDeltas<'_>, last: u64, out: &mut [u8]) -> u64 {
    // SAFETY: as the caller says.
    let last = unsafe { sums_64(deltas, lanes(last), out) };
    _mm_cvtsi128_si64(_mm512_castsi512_si128(last)).cast_unsigned()
}

/// Sums of four bytes behind `last`, which is in every lane. Returns the last one so.
///
/// # Safety
/// The CPU has AVX-512 with VBMI; the width is 0 or one of 32 lanes; `deltas.source` holds STEP_READ bytes from the start of
/// every step of eight sums; `out` is a whole number of two such steps, that is of 64 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn sums_32(deltas: PackedDeltas<'_>, last: __m512i, out: &mut [u8]) -> __m512i {
    let lanes = Lanes32x16::new(deltas.width);
    let (least, nothing) = (_mm512_set1_epi32((deltas.least as u32).cast_signed()), _mm512_setzero_si512());
    let mut last = last;
    for (index, sixteen) in out.chunks_exact_mut(64).enumerate() {
        let start = 2 * index * deltas.width as usize;
        // SAFETY: the caller says that every step can be read.
        let packed = unsafe { lanes.sixteen_at(deltas.source.as_ptr().add(start)) };
        prefetch_behind(deltas.source, start);
        let deltas = _mm512_add_epi32(packed, least);
        // To each lane the one before it, then the two before those, and so on.
        let twos = _mm512_add_epi32(deltas, _mm512_alignr_epi32::<15>(deltas, nothing));
        let fours = _mm512_add_epi32(twos, _mm512_alignr_epi32::<14>(twos, nothing));
        let eights = _mm512_add_epi32(fours, _mm512_alignr_epi32::<12>(fours, nothing));
        let sums = _mm512_add_epi32(eights, _mm512_alignr_epi32::<8>(eights, nothing));
        // SAFETY: there are 64 bytes.
        unsafe { _mm512_storeu_si512(sixteen.as_mut_ptr().cast(), _mm512_add_epi32(sums, last)) };
        last = _mm512_add_epi32(last, _mm512_permutexvar_epi32(_mm512_set1_epi32(15), sums));
    }
    last
}

/// Sums of eight bytes behind `last`, which is in every lane. Returns the last one so.
///
/// # Safety
/// As for [`add_steps_64`]; the width may be 0.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn sums_64(deltas: PackedDeltas<'_>, last: __m512i, out: &mut [u8]) -> __m512i {
    let first_bits = _mm512_mul_epu32(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0), lanes(u64::from(deltas.width)));
    let shifts = _mm512_and_si512(first_bits, lanes(7));
    // For each byte of a lane the byte of the source that it is: the first one, and those that follow it.
    let first_bytes = _mm512_shuffle_epi8(_mm512_srli_epi64::<3>(first_bits), first_of_each());
    let places = _mm512_add_epi8(first_bytes, lanes(0x0706_0504_0302_0100));
    let mask = lanes(u64::MAX.checked_shr(64 - deltas.width).unwrap_or(0));
    let (least, nothing) = (lanes(deltas.least), _mm512_setzero_si512());
    let mut last = last;
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
    last
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
