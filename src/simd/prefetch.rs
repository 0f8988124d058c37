//! Bytes on their way to the cache before they are needed.

/// How far ahead [`prefetch_behind`] fetches: its callers do so much for each value that memory has answered by then.
const AHEAD_BYTES: usize = 2048;

/// How far ahead [`prefetch_far_behind`] does, whose callers pass over bytes about four times as fast.
const FAR_AHEAD_BYTES: usize = 4096;

const CACHE_LINE_BYTES: usize = 64;

/// Brings what lies some cache lines behind byte `position` of `bytes` near. For values whose lengths stand in front of
/// them: where the next one begins is known late, and the CPU cannot look ahead by itself.
#[inline(always)]
pub(crate) fn prefetch_behind(bytes: &[u8], position: usize) {
    prefetch(bytes, position.wrapping_add(AHEAD_BYTES));
}

/// The same further ahead and of two lines: for walks that do nothing but go from value to value, each of which is shorter
/// than so much.
#[inline(always)]
pub(super) fn prefetch_far_behind(bytes: &[u8], position: usize) {
    for line in 0..2 {
        prefetch(bytes, position.wrapping_add(FAR_AHEAD_BYTES + line * CACHE_LINE_BYTES));
    }
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

/// Brings the bytes of `range`, as far as `bytes` has them, near. For what is to be read in short stretches with other work
/// between them: by the time the CPU has seen that they follow each other, a stretch is over.
pub(crate) fn prefetch_range(bytes: &[u8], range: std::ops::Range<usize>) {
    for line in bytes.get(range.start..range.end.min(bytes.len())).unwrap_or_default().chunks(CACHE_LINE_BYTES) {
        prefetch(line, 0);
    }
}
