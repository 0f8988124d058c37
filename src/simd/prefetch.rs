//! Bytes on their way to the cache before they are needed.

/// How far ahead [`prefetch_behind`] fetches: its callers do so much for each value that memory has answered by then.
const AHEAD_BYTES: usize = 2048;

/// How far ahead [`FetchAhead`] fetches, whose callers pass over bytes about four times as fast.
const FAR_AHEAD_BYTES: usize = 8192;

/// How many bytes [`FetchAhead`] fetches at a time: one check for so many.
const STEP_BYTES: usize = 512;

const CACHE_LINE_BYTES: usize = 64;

/// Brings what lies some cache lines behind byte `position` of `bytes` near. For values whose lengths stand in front of
/// them: where the next one begins is known late, and the CPU cannot look ahead by itself.
#[inline(always)]
pub(crate) fn prefetch_behind(bytes: &[u8], position: usize) {
    prefetch(bytes, position.wrapping_add(AHEAD_BYTES));
}

/// Brings the line of byte `position` of `bytes` near, if there is one.
#[inline(always)]
fn prefetch(bytes: &[u8], position: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: every x86-64 CPU has SSE; to prefetch what is not mapped does nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().wrapping_add(position).cast()) };
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

    /// Brings what lies ahead near, once the walk over `bytes` has come to `position`. True once for every step.
    #[inline(always)]
    pub(super) fn pass(&mut self, bytes: &[u8], position: usize) -> bool {
        let is_step = position >= self.next;
        if is_step {
            for line in 0..STEP_BYTES / CACHE_LINE_BYTES {
                prefetch(bytes, position.wrapping_add(FAR_AHEAD_BYTES + line * CACHE_LINE_BYTES));
            }
            self.next = position.saturating_add(STEP_BYTES);
        }
        is_step
    }
}

/// Brings the bytes of `range`, as far as `bytes` has them, near. For what is to be read in short stretches with other work
/// between them: by the time the CPU has seen that they follow each other, a stretch is over.
pub(crate) fn prefetch_range(bytes: &[u8], range: std::ops::Range<usize>) {
    for line in bytes.get(range.start..range.end.min(bytes.len())).unwrap_or_default().chunks(CACHE_LINE_BYTES) {
        prefetch(line, 0);
    }
}
