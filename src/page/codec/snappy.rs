//! SNAPPY: one raw block, which begins with its size.

use std::ops::Range;

use super::Outcome;
use crate::simd::snappy;

/// Decompresses to the first `size` bytes of `room`, and may overwrite those behind them.
pub(super) fn decompress_into_room(source: &[u8], size: usize, room: &mut [u8]) -> Outcome {
    snappy::decompress(source, size, room).map_err(str::to_owned)
}

/// The size that the block says it becomes.
pub(super) fn stated_size(source: &[u8]) -> Option<u64> {
    snappy::stated_size(source)
}

/// Where the `size` bytes that the block becomes stand in it, uncompressed.
pub(super) fn uncompressed(source: &[u8], size: usize) -> Option<Range<usize>> {
    snappy::single_literal(source, size)
}
