//! SNAPPY: one raw block, which begins with its size.

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
