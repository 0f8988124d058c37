//! Bytes on their way to the cache before they are needed.

/// So far ahead bytes are fetched.
#[cfg(target_arch = "x86_64")]
const AHEAD_BYTES: usize = 2048;

#[cfg(target_arch = "x86_64")]
const CACHE_LINE_BYTES: usize = 64;

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

/// Brings the bytes of `range`, as far as `bytes` has them, near. For what is to be read in short stretches with other work
/// between them: by the time the CPU has seen that they follow each other, a stretch is over.
pub(crate) fn prefetch_range(bytes: &[u8], range: std::ops::Range<usize>) {
    #[cfg(target_arch = "x86_64")]
    for line in bytes.get(range.start..range.end.min(bytes.len())).unwrap_or_default().chunks(CACHE_LINE_BYTES) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 CPU has SSE.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.as_ptr().cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (bytes, range);
}
