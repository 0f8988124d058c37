//! Lanes of AVX-512 registers: one shuffle reaches all 64 bytes, so that sixteen values take one load.

use std::arch::x86_64::*;

/// The four bytes around each of sixteen values, and at which bit of these it begins.
struct Layout {
    bytes: [u8; 64],
    shifts: [u32; 16],
}

static LAYOUTS: [Layout; 33] = {
    let mut layouts = [const { Layout { bytes: [0; 64], shifts: [0; 16] } }; 33];
    let mut at = 0;
    while at < 33 * 64 {
        let (width, lane, byte) = (at / 64, at % 64 / 4, at % 4);
        layouts[width].bytes[at % 64] = (lane * width / 8 + byte) as u8;
        layouts[width].shifts[lane] = (lane * width % 8) as u32;
        at += 1;
    }
    layouts
};

/// Sixteen values in sixteen lanes.
pub(in crate::simd) struct Lanes32x16 {
    bytes: __m512i,
    shifts: __m512i,
    mask: __m512i,
}

impl Lanes32x16 {
    /// For values of `width` bits, 0 or a width that [`super::fits_32`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512vbmi")]
    pub(in crate::simd) fn new(width: u32) -> Self {
        let layout = &LAYOUTS[width as usize];
        // SAFETY: both arrays are 64 bytes long.
        let (bytes, shifts) = unsafe {
            (_mm512_loadu_si512(layout.bytes.as_ptr().cast()), _mm512_loadu_si512(layout.shifts.as_ptr().cast()))
        };
        let mask = u32::MAX.checked_shr(32 - width).unwrap_or(0);
        Self { bytes, shifts, mask: _mm512_set1_epi32(mask.cast_signed()) }
    }

    /// The sixteen values whose first byte is at `step`.
    ///
    /// # Safety
    /// 64 bytes can be read from `step` on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512vbmi")]
    pub(in crate::simd) unsafe fn sixteen_at(&self, step: *const u8) -> __m512i {
        // SAFETY: as the caller says.
        let source = unsafe { _mm512_loadu_si512(step.cast()) };
        let windows = _mm512_permutexvar_epi8(self.bytes, source);
        _mm512_and_si512(_mm512_srlv_epi32(windows, self.shifts), self.mask)
    }
}
