//! AVX-512: eight sums of eight bytes in a register.

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
