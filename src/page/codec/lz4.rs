//! LZ4_RAW, a bare block; and LZ4, blocks in a framing.

use super::Outcome;
use super::exact::{exactly, read_exactly};

/// Magic number in front of an LZ4 frame.
const LZ4_FRAME_MAGIC: [u8; 4] = 0x184D_2204u32.to_le_bytes();

/// LZ4, which is Hadoop's framing by the format, and something else by some writers.
pub(super) fn framed(source: &[u8], target: &mut [u8]) -> Outcome {
    hadoop(source, target).or_else(|hadoop| if other(source, target).is_ok() { Ok(()) } else { Err(hadoop) })
}

/// LZ4_RAW: one block.
pub(super) fn block(source: &[u8], target: &mut [u8]) -> Outcome {
    let size = target.len();
    exactly(lz4_flex::block::decompress_into(source, target).map_err(|error| error.to_string())?, size)
}

/// Hadoop's framing: blocks of big-endian uncompressed size, compressed size, LZ4 block.
fn hadoop(mut source: &[u8], mut target: &mut [u8]) -> Outcome {
    while !target.is_empty() {
        let (sizes, rest) = source.split_first_chunk::<8>().ok_or("a frame header is cut off")?;
        let [u0, u1, u2, u3, c0, c1, c2, c3] = *sizes;
        let uncompressed = u32::from_be_bytes([u0, u1, u2, u3]) as usize;
        let compressed = u32::from_be_bytes([c0, c1, c2, c3]) as usize;
        let body = rest.get(..compressed).ok_or("a frame is cut off")?;
        let (part, after) = target.split_at_mut_checked(uncompressed).ok_or("frames hold more than the page")?;
        block(body, part)?;
        source = rest.get(compressed..).unwrap_or(&[]);
        target = after;
    }
    if source.is_empty() { Ok(()) } else { Err(format!("{} bytes behind the last frame", source.len())) }
}

/// What old writers put under the same codec number: an LZ4 frame, or a bare block.
fn other(source: &[u8], target: &mut [u8]) -> Outcome {
    if source.starts_with(&LZ4_FRAME_MAGIC) {
        return read_exactly(lz4_flex::frame::FrameDecoder::new(source), target);
    }
    block(source, target)
}
