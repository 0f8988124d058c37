//! Lanes of AVX2 registers.

use std::arch::x86_64::*;

use super::{LAYOUTS_32, LAYOUTS_64, pair_start};

/// Eight values in eight lanes.
pub(in crate::simd) struct Lanes32 {
    shuffle: __m256i,
    shifts: __m256i,
    mask: __m256i,
    high_start: usize,
}

impl Lanes32 {
    /// For values of `width` bits, a width that [`super::fits_32`].
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(in crate::simd) fn new(width: u32) -> Self {
        let layout = &LAYOUTS_32[width as usize];
        // SAFETY: both arrays are 32 bytes long.
        let (shuffle, shifts) = unsafe {
            (_mm256_loadu_si256(layout.shuffle.as_ptr().cast()), _mm256_loadu_si256(layout.shifts.as_ptr().cast()))
        };
        let mask = _mm256_set1_epi32((u32::MAX >> (32 - width)).cast_signed());
        Self { shuffle, shifts, mask, high_start: width as usize / 2 }
    }

    /// The eight values whose first byte is at `step`.
    ///
    /// # Safety
    /// STEP_READ bytes can be read from `step` on.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(in crate::simd) unsafe fn eight_at(&self, step: *const u8) -> __m256i {
        // SAFETY: 16 bytes from `step`, and 16 from `high_start` <= 16, lie in the step's.
        let (low, high) = unsafe { (_mm_loadu_si128(step.cast()), _mm_loadu_si128(step.add(self.high_start).cast())) };
        let windows = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), self.shuffle);
        _mm256_and_si256(_mm256_srlv_epi32(windows, self.shifts), self.mask)
    }
}

/// Eight values in twice four lanes.
pub(in crate::simd) struct Lanes64 {
    shuffles: [__m256i; 2],
    shifts: [__m256i; 2],
    mask: __m256i,
    starts: [usize; 4],
}

impl Lanes64 {
    /// For values of `width` bits, a width that [`super::fits_64`].
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(in crate::simd) fn new(width: u32) -> Self {
        let layout = &LAYOUTS_64[width as usize];
        // SAFETY: all four arrays are 32 bytes long.
        let load = |bytes: *const __m256i| unsafe { _mm256_loadu_si256(bytes) };
        Self {
            shuffles: [load(layout.shuffles[0].as_ptr().cast()), load(layout.shuffles[1].as_ptr().cast())],
            shifts: [load(layout.shifts[0].as_ptr().cast()), load(layout.shifts[1].as_ptr().cast())],
            mask: _mm256_set1_epi64x((u64::MAX >> (64 - width)).cast_signed()),
            starts: [0, 1, 2, 3].map(|pair| pair_start(width as usize, pair)),
        }
    }

    /// The first (`half` 0) or last (1) four of the eight values whose first byte is at `step`.
    ///
    /// # Safety
    /// STEP_READ bytes can be read from `step` on.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(in crate::simd) unsafe fn four_at(&self, step: *const u8, half: usize) -> __m256i {
        // SAFETY: the last pair starts at byte 48 or before, so that its 16 bytes lie in the step's.
        let (low, high) = unsafe {
            (
                _mm_loadu_si128(step.add(self.starts[2 * half]).cast()),
                _mm_loadu_si128(step.add(self.starts[2 * half + 1]).cast()),
            )
        };
        let windows = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), self.shuffles[half]);
        _mm256_and_si256(_mm256_srlv_epi64(windows, self.shifts[half]), self.mask)
    }
}

/// Eight values in twice four lanes, each from two loads of its own: for the widths that [`Lanes64`] does not take.
pub(in crate::simd) struct WideLanes64 {
    /// Where each value begins: its first byte, and how many bits of others that holds.
    starts: [usize; 8],
    shifts: [__m256i; 2],
    mask: __m256i,
}

impl WideLanes64 {
    /// For values of `width` bits, 1 to 63.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(in crate::simd) fn new(width: u32) -> Self {
        let bit = |value: u32| u64::from(value * width);
        let shifts = [0, 4].map(|first| {
            let shift = |lane: u32| (bit(first + lane) % 8).cast_signed();
            _mm256_set_epi64x(shift(3), shift(2), shift(1), shift(0))
        });
        Self {
            starts: [0, 1, 2, 3, 4, 5, 6, 7].map(|value| (bit(value) / 8) as usize),
            shifts,
            mask: _mm256_set1_epi64x((u64::MAX >> (64 - width)).cast_signed()),
        }
    }

    /// The first (`half` 0) or last (1) four of the eight values whose first byte is at `step`.
    ///
    /// # Safety
    /// STEP_READ bytes can be read from `step` on.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(in crate::simd) unsafe fn four_at(&self, step: *const u8, half: usize) -> __m256i {
        // SAFETY: values of at most 63 bits begin at byte 55 or before, so that 9 bytes from there lie in the step's 64.
        let load = |lane: usize, further: usize| unsafe {
            step.add(self.starts[4 * half + lane] + further).cast::<i64>().read_unaligned()
        };
        let low = _mm256_set_epi64x(load(3, 0), load(2, 0), load(1, 0), load(0, 0));
        let high = _mm256_set_epi64x(load(3, 1), load(2, 1), load(1, 1), load(0, 1));
        let shifts = self.shifts[half];
        // The second load begins a byte further: its bits belong that much higher.
        let eight = _mm256_set1_epi64x(8);
        let value =
            _mm256_or_si256(_mm256_srlv_epi64(low, shifts), _mm256_sllv_epi64(high, _mm256_sub_epi64(eight, shifts)));
        _mm256_and_si256(value, self.mask)
    }
}
