//! GZIP: one member, as a rule, or several end to end.

use super::Outcome;
use super::exact::read_exactly;

#[derive(Default)]
pub(super) struct Context(Option<libdeflater::Decompressor>);

impl Context {
    pub(super) fn decompress(&mut self, source: &[u8], target: &mut [u8]) -> Outcome {
        let context = self.0.get_or_insert_with(libdeflater::Decompressor::new);
        match context.gzip_decompress(source, target) {
            Ok(written) if written == target.len() => Ok(()),
            // Several members end to end: the whole-buffer decoder stops behind the first.
            _ => read_exactly(flate2::read::MultiGzDecoder::new(source), target),
        }
    }
}
