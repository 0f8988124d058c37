//! SNAPPY: one raw block, which begins with its size.

use super::Outcome;
use super::exact::exactly;

#[derive(Default)]
pub(super) struct Context(snap::raw::Decoder);

impl Context {
    pub(super) fn decompress(&mut self, source: &[u8], target: &mut [u8]) -> Outcome {
        let written = self.0.decompress(source, target).map_err(|error| error.to_string())?;
        exactly(written, target.len())
    }
}

/// The size that the block says it becomes.
pub(super) fn stated_size(source: &[u8]) -> Option<u64> {
    snap::raw::decompress_len(source).ok().map(|stated| stated as u64)
}
