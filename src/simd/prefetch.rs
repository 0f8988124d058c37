//! Bytes on their way to the cache before they are needed.

/// So far ahead bytes are fetched.
#[cfg(target_arch = "x86_64")]
const AHEAD_BYTES: usize = 2048;

/// Brings what lies some cache lines behind byte `position` of `bytes` near. For values whose lengths stand in front of
/// them: where the next one begins is known late, and the CPU cannot look ahead by itself.
#[inline(always)]
pub(crate) fn prefetch_behind(bytes: &[u8], position: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let place = bytes.as_ptr().wrapping_add(position).wrapping_add(AHEAD_BYTES);
        // SAFETY: every x86-64 CPU has SSE; to prefetch what is not mapped does nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(place.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (bytes, position);
}
