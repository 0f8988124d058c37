//! NEON: four sums of four bytes, or two of eight, in a register.

use std::arch::aarch64::*;

use super::PackedDeltas;
use crate::simd::lanes::{Lanes32, Lanes64, fits_32};

/// Sums of four bytes.
///
/// # Safety
/// The width is one of 64 lanes; `deltas.source` holds STEP_READ bytes from the start of every step of eight sums, that is of
/// 32 bytes, of `out`.
#[target_feature(enable = "neon")]
pub(super) unsafe fn add_steps_32(deltas: PackedDeltas<'_>, last: u64, out: &mut [u8]) -> u64 {
    let step = |index: usize| deltas.source[index * deltas.width as usize..].as_ptr();
    if fits_32(deltas.width) {
        let lanes = Lanes32::new(deltas.width);
        // SAFETY: the caller says that every step can be read.
        return add_eights(deltas.least, last, out, |index| unsafe { lanes.eight_at(step(index)) });
    }
    let lanes = Lanes64::new(deltas.width);
    add_eights(deltas.least, last, out, |index| {
        // SAFETY: as above.
        let [a, b, c, d] = [0, 1, 2, 3].map(|pair| unsafe { vreinterpretq_u32_u64(lanes.two_at(step(index), pair)) });
        [vuzp1q_u32(a, b), vuzp1q_u32(c, d)]
    })
}

#[inline]
#[target_feature(enable = "neon")]
fn add_eights(least: u64, last: u64, out: &mut [u8], packed: impl Fn(usize) -> [uint32x4_t; 2]) -> u64 {
    let (least, zero) = (vdupq_n_u32(least as u32), vdupq_n_u32(0));
    let mut last = vdupq_n_u32(last as u32);
    for (index, step) in out.chunks_exact_mut(32).enumerate() {
        for (packed, sums_out) in packed(index).into_iter().zip(step.chunks_exact_mut(16)) {
            let deltas = vaddq_u32(packed, least);
            // To each lane the one before it, then the two before those.
            let twos = vaddq_u32(deltas, vextq_u32::<3>(zero, deltas));
            let sums = vaddq_u32(twos, vextq_u32::<2>(zero, twos));
            // SAFETY: the chunk is 16 bytes long.
            unsafe { vst1q_u8(sums_out.as_mut_ptr(), vreinterpretq_u8_u32(vaddq_u32(sums, last))) };
            last = vaddq_u32(last, vdupq_laneq_u32::<3>(sums));
        }
    }
    u64::from(vgetq_lane_u32::<0>(last))
}

/// Sums of eight bytes.
///
/// # Safety
/// The width is one of 64 lanes; `deltas.source` holds STEP_READ bytes from the start of every step of eight sums, that is of
/// 64 bytes, of `out`.
#[target_feature(enable = "neon")]
pub(super) unsafe fn add_steps_64(deltas: PackedDeltas<'_>, last: u64, out: &mut [u8]) -> u64 {
    let lanes = Lanes64::new(deltas.width);
    let (least, zero) = (vdupq_n_u64(deltas.least), vdupq_n_u64(0));
    let mut last = vdupq_n_u64(last);
    for (index, step) in out.chunks_exact_mut(64).enumerate() {
        let from = deltas.source[index * deltas.width as usize..].as_ptr();
        for (pair, sums_out) in step.chunks_exact_mut(16).enumerate() {
            // SAFETY: the caller says that every step can be read.
            let deltas = vaddq_u64(unsafe { lanes.two_at(from, pair) }, least);
            let sums = vaddq_u64(deltas, vextq_u64::<1>(zero, deltas));
            // SAFETY: the chunk is 16 bytes long.
            unsafe { vst1q_u8(sums_out.as_mut_ptr(), vreinterpretq_u8_u64(vaddq_u64(sums, last))) };
            last = vaddq_u64(last, vdupq_laneq_u64::<1>(sums));
        }
    }
    vgetq_lane_u64::<0>(last)
}
