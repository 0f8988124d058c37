//! Bytes on their way to the cache before they are needed.

/// How far ahead [`prefetch_behind`] fetches: its callers do so much for each value that memory has answered by then.
const AHEAD_BYTES: usize = 2048;

/// How far ahead [`prefetch_far_behind`] does: 4 KiB are too few (docs/benchmarks/notes.md).
const FAR_AHEAD_BYTES: usize = 16384;

const CACHE_LINE_BYTES: usize = 64;

/// Brings what lies some cache lines behind byte `position` of `bytes` to the first cache. For what does much with few bytes
/// at a time, codes and short strings.
#[inline(always)]
pub(crate) fn prefetch_behind(bytes: &[u8], position: usize) {
    prefetch(bytes, position.wrapping_add(AHEAD_BYTES));
}

/// Brings `LINES` cache lines that lie further behind `place` to the second cache, from where reads fetch them soon enough.
/// For what goes over bytes about as fast as memory has them: a CPU waits for few lines of the first cache at a time, and
/// for many more of the second. `LINES` is how far the caller may go on before it asks again: lines that are left out cost
/// more than the others save.
#[inline(always)]
pub(crate) fn prefetch_far_behind<const LINES: usize>(place: *const u8) {
    for line in 0..LINES {
        prefetch_to_second_cache(place.wrapping_add(FAR_AHEAD_BYTES + line * CACHE_LINE_BYTES));
    }
}

/// The same for all of `bytes`: for what copies stretches of a longer source. The CPU looks ahead by itself there, but not
/// far enough where others use the memory too.
#[inline(always)]
pub(crate) fn prefetch_far_behind_all(bytes: &[u8]) {
    for line in bytes.chunks(CACHE_LINE_BYTES) {
        prefetch_far_behind::<1>(line.as_ptr());
    }
}

#[inline(always)]
fn prefetch_to_second_cache(line: *const u8) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        // SAFETY: every x86-64 CPU has SSE; to prefetch what is not mapped does nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.cast()) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = line;
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
