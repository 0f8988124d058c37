//! ZSTD: one frame or several.

use std::sync::Arc;

use arrow_buffer::Buffer;
use bytes::Bytes;
use zstd_safe::{DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

use super::Outcome;
use super::exact::exactly;
use crate::error::Result;
use crate::memory::{GrowingBlock, Pool};

/// Most bytes that a block of a frame becomes: a frame of no more cannot be decompressed in parts.
const MAX_BLOCK_BYTES: usize = 128 << 10;

/// Bytes of a frame that tell how many there are to its first block. Of more, what lies behind the header would be copied.
const HEADER_BYTES: usize = 5;

/// Contexts that are not in use.
#[derive(Default)]
pub(super) struct Contexts(Vec<DCtx<'static>>);

impl Contexts {
    pub(super) fn decompress(&mut self, source: &[u8], target: &mut [u8]) -> Outcome {
        let mut context = self.take()?;
        let size = target.len();
        let written = context.decompress(target, source).map_err(name)?;
        self.give_back(context);
        exactly(written, size)
    }

    fn take(&mut self) -> std::result::Result<DCtx<'static>, String> {
        if let Some(context) = self.0.pop() {
            return Ok(context);
        }
        let mut context = DCtx::try_create().ok_or("no memory for a context")?;
        // What is decompressed in parts is so straight to where it stays.
        context.set_parameter(DParameter::StableOutBuffer(true)).map_err(name)?;
        Ok(context)
    }

    fn give_back(&mut self, mut context: DCtx<'static>) {
        if context.reset(ResetDirective::SessionOnly).is_ok() {
            self.0.push(context);
        }
    }

    /// Begins to decompress `source`, a single frame that says it becomes `size` bytes, in parts; `None` where it is none.
    pub(super) fn begin(&mut self, source: &Bytes, size: usize, pool: &Arc<Pool>) -> Result<Option<PartialFrame>> {
        let is_one = size > MAX_BLOCK_BYTES
            && stated_size(source) == Some(size as u64)
            && zstd_safe::find_frame_compressed_size(source) == Ok(source.len());
        let Some(context) = is_one.then(|| self.take().ok()).flatten() else { return Ok(None) };
        let target = GrowingBlock::new(pool, size)?;
        Ok(Some(PartialFrame { context, source: source.clone(), read: 0, next: HEADER_BYTES, target }))
    }

    /// Takes back what a frame needed of which no more is wanted.
    pub(super) fn end(&mut self, frame: PartialFrame) {
        self.give_back(frame.context);
    }
}

/// A frame that is decompressed from the front as far as it is wanted, block by block.
pub(crate) struct PartialFrame {
    context: DCtx<'static>,
    source: Bytes,
    /// Bytes of the source that were read.
    read: usize,
    /// Bytes behind them that the next block goes to; 0 at the end of the frame.
    next: usize,
    target: GrowingBlock,
}

impl PartialFrame {
    /// True where nothing of it is left.
    pub(crate) fn is_whole(&self) -> bool {
        self.next == 0
    }

    /// Bytes that it becomes.
    pub(crate) fn size(&self) -> usize {
        self.target.size()
    }

    /// Bytes that it became so far.
    pub(crate) fn filled(&self) -> usize {
        self.target.filled()
    }

    /// What it became so far.
    pub(crate) fn buffer(&self) -> Buffer {
        self.target.buffer()
    }

    /// Compressed bytes.
    pub(super) fn source_len(&self) -> usize {
        self.source.len()
    }

    /// Goes on for at least one block, and until `bytes` are there.
    pub(super) fn go_on(&mut self, bytes: usize) -> Outcome {
        let goal = bytes.max(self.filled().saturating_add(1)).min(self.size());
        while self.next > 0 && (self.filled() < goal || self.filled() == self.size()) {
            self.read_block()?;
        }
        if self.next > 0 { Ok(()) } else { exactly(self.filled(), self.size()) }
    }

    fn read_block(&mut self) -> Outcome {
        let end = self.read.saturating_add(self.next).min(self.source.len());
        let block = self.source.get(self.read..end).unwrap_or_default();
        if block.is_empty() {
            return Err("it is cut off".to_owned());
        }
        let (filled, mut input) = (self.filled(), InBuffer::around(block));
        let mut output = OutBuffer::around_pos(&mut self.target, filled);
        self.next = self.context.decompress_stream(&mut output, &mut input).map_err(name)?;
        self.read = self.read.saturating_add(input.pos);
        Ok(())
    }
}

/// The size that the first frame says it becomes. Of several frames, all of them become more.
pub(super) fn stated_size(source: &[u8]) -> Option<u64> {
    zstd_safe::get_frame_content_size(source).ok().flatten()
}

fn name(code: usize) -> String {
    zstd_safe::get_error_name(code).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 5 * MAX_BLOCK_BYTES / 2;

    /// Bytes that compress, but not to nothing.
    fn bytes() -> Vec<u8> {
        (0..SIZE as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60) as u8).collect()
    }

    fn compressed(bytes: &[u8]) -> Bytes {
        let mut out = vec![0; zstd_safe::compress_bound(bytes.len())];
        let written = zstd_safe::compress(&mut out[..], bytes, 1).unwrap();
        out.truncate(written);
        Bytes::from(out)
    }

    fn begin(contexts: &mut Contexts, source: &Bytes, size: usize) -> Option<PartialFrame> {
        contexts.begin(source, size, &Arc::new(Pool::default())).unwrap()
    }

    #[test]
    fn a_frame_becomes_as_much_as_is_asked_for_in_whole_blocks() {
        let (bytes, mut contexts) = (bytes(), Contexts::default());
        let source = compressed(&bytes);
        for _ in 0..2 {
            let mut frame = begin(&mut contexts, &source, SIZE).unwrap();
            let mut fronts = Vec::new();
            for wanted in [0, 1, 2 * MAX_BLOCK_BYTES + 1] {
                frame.go_on(wanted).unwrap();
                fronts.push(frame.buffer());
            }
            let lengths: Vec<usize> = fronts.iter().map(Buffer::len).collect();
            assert_eq!(lengths, [MAX_BLOCK_BYTES, 2 * MAX_BLOCK_BYTES, SIZE]);
            assert!(frame.is_whole() && fronts.iter().all(|front| bytes.starts_with(front)));
            assert_eq!(contexts.0.len(), 0);
            contexts.end(frame);
            assert_eq!(contexts.0.len(), 1, "it serves the next frame");
        }
        let mut frame = begin(&mut contexts, &source, SIZE).unwrap();
        frame.go_on(1).unwrap();
        contexts.end(frame);
        let mut target = vec![0; SIZE];
        contexts.decompress(&source, &mut target).unwrap();
        assert!(target == bytes, "a context that was left in the middle of a frame");
    }

    #[test]
    fn what_is_not_one_frame_of_the_size_is_not_begun() {
        let (bytes, mut contexts) = (bytes(), Contexts::default());
        let source = compressed(&bytes);
        let two = Bytes::from([compressed(&bytes[..SIZE / 2]), compressed(&bytes[SIZE / 2..])].concat());
        let small = compressed(&bytes[..MAX_BLOCK_BYTES]);
        for (source, size) in [
            (&two, SIZE),
            (&source, SIZE - 1),
            (&source.slice(..source.len() - 1), SIZE),
            (&Bytes::from([&source[..], &[0]].concat()), SIZE),
            (&small, MAX_BLOCK_BYTES),
            (&Bytes::new(), SIZE),
        ] {
            assert!(begin(&mut contexts, source, size).is_none());
        }
    }

    /// A frame of `blocks`, one byte repeated so many times each, that says it becomes `size` bytes.
    fn repeats(window: u8, size: u32, blocks: &[u32]) -> Bytes {
        let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x80, window];
        frame.extend_from_slice(&size.to_le_bytes());
        for (index, count) in blocks.iter().enumerate() {
            let header = count << 3 | 1 << 1 | u32::from(index + 1 == blocks.len());
            frame.extend_from_slice(&header.to_le_bytes()[..3]);
            frame.push(b'a' + index as u8);
        }
        Bytes::from(frame)
    }

    #[test]
    fn a_frame_that_becomes_fewer_or_more_bytes_than_it_says_is_refused_at_its_end() {
        const WINDOW: u8 = 8 << 3;
        let mut contexts = Contexts::default();
        let frame = |last| repeats(WINDOW, 140_000, &[40_000, 40_000, 40_000, last]);
        let mut right = begin(&mut contexts, &frame(20_000), 140_000).unwrap();
        right.go_on(140_000).unwrap();
        assert_eq!((right.buffer()[39_999], right.buffer()[120_000], right.filled()), (b'a', b'd', 140_000));
        for last in [19_999, 20_001] {
            let mut frame = begin(&mut contexts, &frame(last), 140_000).unwrap();
            frame.go_on(50_000).unwrap();
            assert_eq!((frame.filled(), frame.is_whole()), (80_000, false));
            assert!(frame.go_on(140_000).is_err());
        }
    }

    #[test]
    fn a_window_that_is_too_large_for_parts_is_not_for_all_at_once() {
        let source = repeats(20 << 3, 140_000, &[40_000, 40_000, 40_000, 20_000]);
        let mut contexts = Contexts::default();
        assert!(begin(&mut contexts, &source, 140_000).unwrap().go_on(1).is_err());
        let mut target = vec![0; 140_000];
        contexts.decompress(&source, &mut target).unwrap();
        assert_eq!((target[0], target[139_999]), (b'a', b'd'));
    }
}
