//! SNAPPY: one raw block, which begins with its size.

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::Buffer;
use bytes::Bytes;

use super::Outcome;
use crate::error::Result;
use crate::memory::{GrowingBlock, Pool};
use crate::simd::snappy;

/// A block of no more is decompressed at once.
const LEAST_BYTES: usize = 32 << 10;

/// More than what is wanted is decompressed by so many bytes.
const STEP_BYTES: usize = 4 << 10;

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

/// A block that is decompressed from the front as far as it is wanted.
pub(crate) struct PartialBlock {
    source: Bytes,
    front: snappy::Front,
    target: GrowingBlock,
}

impl PartialBlock {
    /// Begins to decompress `source`, which becomes `size` bytes, in parts; `None` where it is not worth that.
    pub(super) fn begin(source: &Bytes, size: usize, pool: &Arc<Pool>) -> Result<Option<Self>> {
        let front = snappy::Front::begin(source, size).ok().filter(|_| size > LEAST_BYTES);
        let Some(front) = front else { return Ok(None) };
        Ok(Some(Self { source: source.clone(), front, target: GrowingBlock::new(pool, size)? }))
    }

    /// Bytes that it becomes.
    pub(super) fn size(&self) -> usize {
        self.target.size()
    }

    /// Bytes that it became so far.
    pub(super) fn filled(&self) -> usize {
        self.target.filled()
    }

    /// What it became so far.
    pub(super) fn buffer(&self) -> Buffer {
        self.target.buffer()
    }

    /// Compressed bytes.
    pub(super) fn source_len(&self) -> usize {
        self.source.len()
    }

    /// Goes on for a few bytes at least, and until `bytes` are there. It need not move where no buffer of it is in use.
    pub(super) fn go_on(&mut self, bytes: usize) -> Result<Outcome> {
        let goal = bytes.max(self.filled()).saturating_add(STEP_BYTES);
        let outcome = self.front.go_on(&self.source, self.target.all()?, goal);
        self.target.fill_to(self.front.filled());
        Ok(outcome.map_err(str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_becomes_little_more_than_is_asked_for() {
        let size = 100_000;
        let bytes: Vec<u8> = (0..size).flat_map(|row| format!("row {row} ").into_bytes()).take(size).collect();
        let source = Bytes::from(snap::raw::Encoder::new().compress_vec(&bytes).unwrap());
        let pool = Arc::default();
        let mut block = PartialBlock::begin(&source, size, &pool).unwrap().unwrap();
        assert_eq!((block.size(), block.filled(), block.source_len()), (size, 0, source.len()));
        for wanted in [0, 1, 50_000] {
            let before = block.filled();
            block.go_on(wanted).unwrap().unwrap();
            let least = before.max(wanted) + STEP_BYTES;
            assert!((least..least + 128).contains(&block.filled()), "{wanted} wanted, {} there", block.filled());
            assert_eq!(block.buffer().as_slice(), &bytes[..block.filled()]);
        }
        // While a buffer is in use, the rest comes to be elsewhere.
        let front = block.buffer();
        block.go_on(size).unwrap().unwrap();
        assert_eq!((front.as_slice(), block.buffer().as_slice()), (&bytes[..front.len()], &bytes[..]));
        assert_ne!(front.as_ptr(), block.buffer().as_ptr());
    }

    #[test]
    fn small_blocks_and_those_of_another_size_are_not_begun() {
        let source = Bytes::from(snap::raw::Encoder::new().compress_vec(&vec![7; LEAST_BYTES + 1]).unwrap());
        let is_begun = |source: &Bytes, size| PartialBlock::begin(source, size, &Arc::default()).unwrap().is_some();
        assert!(is_begun(&source, LEAST_BYTES + 1));
        assert!(!is_begun(&source, LEAST_BYTES + 2));
        assert!(!is_begun(&Bytes::new(), LEAST_BYTES + 1));
        let small = Bytes::from(snap::raw::Encoder::new().compress_vec(&vec![7; LEAST_BYTES]).unwrap());
        assert!(!is_begun(&small, LEAST_BYTES));
    }

    #[test]
    fn damage_is_met_where_it_lies() {
        let size = 100_000;
        let bytes: Vec<u8> = (0..size as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let mut source = snap::raw::Encoder::new().compress_vec(&bytes).unwrap();
        source.truncate(source.len() - 1);
        let mut block = PartialBlock::begin(&Bytes::from(source), size, &Arc::default()).unwrap().unwrap();
        block.go_on(50_000).unwrap().unwrap();
        assert_eq!(block.buffer().as_slice(), &bytes[..block.filled()]);
        assert_eq!(block.go_on(size).unwrap(), Err("it is cut off".to_owned()));
    }
}
