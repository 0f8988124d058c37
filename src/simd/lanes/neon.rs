//! Lanes of NEON registers.

use std::arch::aarch64::*;

use super::{LAYOUTS_32, LAYOUTS_64, pair_start};

/// Eight values in twice four lanes.
pub(in crate::simd) struct Lanes32 {
    shuffles: [uint8x16_t; 2],
    /// To the left: negative.
    shifts: [int32x4_t; 2],
    mask: uint32x4_t,
    high_start: usize,
}

impl Lanes32 {
    /// For values of `width` bits, a width that [`super::fits_32`].
    #[inline]
    #[target_feature(enable = "neon")]
    pub(in crate::simd) fn new(width: u32) -> Self {
        let layout = &LAYOUTS_32[width as usize];
        // SAFETY: the shuffle has 32 bytes, and there are eight shifts.
        let (shuffles, shifts) = unsafe {
            let shift = |first: usize| vnegq_s32(vreinterpretq_s32_u32(vld1q_u32(layout.shifts[first..].as_ptr())));
            ([0, 16].map(|first| vld1q_u8(layout.shuffle[first..].as_ptr())), [0, 4].map(shift))
        };
        Self { shuffles, shifts, mask: vdupq_n_u32(u32::MAX >> (32 - width)), high_start: width as usize / 2 }
    }

    /// The first and the last four of the eight values whose first byte is at `step`.
    ///
    /// # Safety
    /// STEP_READ bytes can be read from `step` on.
    #[inline]
    #[target_feature(enable = "neon")]
    pub(in crate::simd) unsafe fn eight_at(&self, step: *const u8) -> [uint32x4_t; 2] {
        [0, 1].map(|half| {
            // SAFETY: 16 bytes from `step`, and 16 from `high_start` <= 16, lie in the step's.
            let bytes = unsafe { vld1q_u8(step.add(half * self.high_start)) };
            let windows = vreinterpretq_u32_u8(vqtbl1q_u8(bytes, self.shuffles[half]));
            vandq_u32(vshlq_u32(windows, self.shifts[half]), self.mask)
        })
    }
}

/// Eight values in four times two lanes.
pub(in crate::simd) struct Lanes64 {
    shuffles: [uint8x16_t; 4],
    /// To the left: negative.
    shifts: [int64x2_t; 4],
    mask: uint64x2_t,
    starts: [usize; 4],
}

impl Lanes64 {
    /// For values of `width` bits, a width that [`super::fits_64`].
    #[inline]
    #[target_feature(enable = "neon")]
    pub(in crate::simd) fn new(width: u32) -> Self {
        let layout = &LAYOUTS_64[width as usize];
        // SAFETY: each half has 32 bytes of shuffles and four shifts.
        let shuffle = |pair: usize| unsafe { vld1q_u8(layout.shuffles[pair / 2][pair % 2 * 16..].as_ptr()) };
        // SAFETY: as above.
        let shift = |pair: usize| unsafe { vld1q_u64(layout.shifts[pair / 2][pair % 2 * 2..].as_ptr()) };
        Self {
            shuffles: [0, 1, 2, 3].map(shuffle),
            shifts: [0, 1, 2, 3].map(|pair| vnegq_s64(vreinterpretq_s64_u64(shift(pair)))),
            mask: vdupq_n_u64(u64::MAX >> (64 - width)),
            starts: [0, 1, 2, 3].map(|pair| pair_start(width as usize, pair)),
        }
    }

    /// Values `2 * pair` and `2 * pair + 1` of the eight whose first byte is at `step`.
    ///
    /// # Safety
    /// STEP_READ bytes can be read from `step` on.
    #[inline]
    #[target_feature(enable = "neon")]
    pub(in crate::simd) unsafe fn two_at(&self, step: *const u8, pair: usize) -> uint64x2_t {
        // SAFETY: the last pair starts at byte 48 or before, so that its 16 bytes lie in the step's.
        let bytes = unsafe { vld1q_u8(step.add(self.starts[pair])) };
        let windows = vreinterpretq_u64_u8(vqtbl1q_u8(bytes, self.shuffles[pair]));
        vandq_u64(vshlq_u64(windows, self.shifts[pair]), self.mask)
    }
}
