//! Bytes on their way to the cache before they are needed.

/// So far ahead bytes are fetched.
const AHEAD_BYTES: usize = 2048;

/// So many are fetched at a time.
const STEP_BYTES: usize = 1024;

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

/// The same whole stretches at a time: each line once, where values are so short that nothing hides what it takes to ask
/// for each.
pub(super) struct FetchAhead {
    /// Where the walk is when the next step is fetched.
    next: usize,
}

impl FetchAhead {
    /// Of a walk that begins at byte `position`.
    #[inline(always)]
    pub(super) fn new(position: usize) -> Self {
        Self { next: position }
    }

    /// Brings what lies ahead near, once the walk over `bytes` has come to `position`.
    #[inline(always)]
    pub(super) fn pass(&mut self, bytes: &[u8], position: usize) {
        if position >= self.next {
            let ahead = position.saturating_add(AHEAD_BYTES);
            prefetch_range(bytes, ahead..ahead.saturating_add(STEP_BYTES));
            self.next = position.saturating_add(STEP_BYTES);
        }
    }
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
