//! Decompression of page bodies.
//!
//! Contexts are kept and reused over all pages of a decoder. Every codec must produce exactly the size that the page
//! header claims. The claim is not trusted with memory: the output block is virtual memory until the codec writes
//! to it, and where the compressed bytes themselves state a size, that is compared first.

use std::io::Read;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::memory::{Pool, Values};
use crate::metadata::Codec;

/// Magic number in front of an LZ4 frame.
const LZ4_FRAME_MAGIC: [u8; 4] = 0x184D_2204u32.to_le_bytes();

/// The decompression contexts of one decoder.
#[derive(Default)]
pub(crate) struct Decompressor {
    snappy: snap::raw::Decoder,
    zstd: Option<zstd_safe::DCtx<'static>>,
    gzip: Option<libdeflater::Decompressor>,
}

impl Decompressor {
    /// Decompresses `source`, which becomes exactly `size` bytes, into memory of `pool`.
    pub(crate) fn decompress(
        &mut self,
        codec: Codec,
        source: &[u8],
        size: usize,
        pool: &Arc<Pool>,
    ) -> Result<Values<u8>> {
        // A page without any value may have no compressed byte either, which no codec would accept.
        if size == 0 {
            return Values::with_capacity(pool, 0);
        }
        let failure =
            |reason| Error::corrupt(format!("{codec:?} page of {} bytes does not decompress: {reason}", source.len()));
        if codec == Codec::Brotli {
            return brotli(source, size, pool).map_err(failure);
        }
        check_size(codec, source, size)?;
        let mut out = Values::with_capacity(pool, size)?;
        let target = out.spare(size)?.get_mut(..size).unwrap_or_default();
        match codec {
            Codec::Snappy => self.snappy(source, target),
            Codec::Zstd => self.zstd(source, target),
            Codec::Gzip => self.gzip(source, target),
            Codec::Lz4Raw => lz4_block(source, target),
            Codec::Lz4 => lz4_hadoop(source, target)
                .or_else(|hadoop| if lz4_other(source, target).is_ok() { Ok(()) } else { Err(hadoop) }),
            _ => return Err(unsupported(codec)),
        }
        .map_err(failure)?;
        out.commit(size);
        Ok(out)
    }

    fn snappy(&mut self, source: &[u8], target: &mut [u8]) -> Outcome {
        let written = self.snappy.decompress(source, target).map_err(|error| error.to_string())?;
        exactly(written, target.len())
    }

    fn zstd(&mut self, source: &[u8], target: &mut [u8]) -> Outcome {
        let context = match &mut self.zstd {
            Some(context) => context,
            empty => empty.insert(zstd_safe::DCtx::try_create().ok_or("no memory for a context")?),
        };
        let size = target.len();
        let written = context.decompress(target, source).map_err(|code| zstd_safe::get_error_name(code).to_owned())?;
        exactly(written, size)
    }

    fn gzip(&mut self, source: &[u8], target: &mut [u8]) -> Outcome {
        let context = self.gzip.get_or_insert_with(libdeflater::Decompressor::new);
        match context.gzip_decompress(source, target) {
            Ok(written) if written == target.len() => Ok(()),
            // Several members end to end: the whole-buffer decoder stops behind the first.
            _ => read_exactly(flate2::read::MultiGzDecoder::new(source), target),
        }
    }
}

/// Why a codec failed, in words.
type Outcome = std::result::Result<(), String>;

/// Fails with `Unsupported` for a codec that this library does not have.
pub(crate) fn check_supported(codec: Codec) -> Result<()> {
    match codec {
        Codec::Lzo | Codec::Unknown(_) => Err(unsupported(codec)),
        _ => Ok(()),
    }
}

#[cold]
fn unsupported(codec: Codec) -> Error {
    match codec {
        Codec::Unknown(code) => Error::unsupported(format!("compression codec {code} is not known")),
        codec => Error::unsupported(format!("compression codec {codec:?} is not supported")),
    }
}

/// Refuses a page whose compressed bytes state, or can only hold, another size than `size`, before any memory is taken
/// for it.
fn check_size(codec: Codec, source: &[u8], size: usize) -> Result<()> {
    let stated = match codec {
        Codec::Snappy => snap::raw::decompress_len(source).ok().map(|stated| stated as u64),
        // A page of several frames states the size of the first only, so a smaller one may be right.
        Codec::Zstd => match zstd_safe::get_frame_content_size(source) {
            Ok(Some(stated)) if stated > size as u64 => Some(stated),
            _ => None,
        },
        _ => None,
    };
    if let Some(stated) = stated.filter(|stated| *stated != size as u64) {
        return Err(Error::corrupt(format!("page header says {size} bytes uncompressed, its {codec:?} data {stated}")));
    }
    let most = match codec {
        // A block of four bytes may stand for 128 KiB.
        Codec::Zstd => (source.len() / 4).saturating_add(1).saturating_mul(128 << 10),
        // Deflate: 258 bytes in two bits. LZ4: 255 bytes in one byte.
        Codec::Gzip => source.len().saturating_mul(258 * 4),
        Codec::Lz4 | Codec::Lz4Raw => source.len().saturating_mul(255),
        _ => usize::MAX,
    };
    if size > most {
        let length = source.len();
        return Err(Error::corrupt(format!(
            "{length} bytes of {codec:?} cannot hold the {size} that the page header says"
        )));
    }
    Ok(())
}

/// Memory that Brotli pages are given before more of them was decompressed.
const BROTLI_STEP_BYTES: usize = 1 << 20;

/// Brotli does not bound what few bytes may become, so the memory grows with what they do become.
fn brotli(source: &[u8], size: usize, pool: &Arc<Pool>) -> std::result::Result<Values<u8>, String> {
    let mut out = Values::with_capacity(pool, size.min(BROTLI_STEP_BYTES)).map_err(|error| error.to_string())?;
    let mut reader = brotli_decompressor::Decompressor::new(source, 1 << 12);
    while out.len() < size {
        let step = size.saturating_sub(out.len()).min(out.len().max(BROTLI_STEP_BYTES));
        let room = out.spare(step).map_err(|error| error.to_string())?;
        reader.read_exact(room.get_mut(..step).unwrap_or_default()).map_err(|error| error.to_string())?;
        out.commit(step);
    }
    at_its_end(reader)?;
    Ok(out)
}

fn exactly(written: usize, wanted: usize) -> Outcome {
    if written == wanted { Ok(()) } else { Err(format!("{written} bytes instead of {wanted}")) }
}

fn read_exactly(mut reader: impl Read, target: &mut [u8]) -> Outcome {
    reader.read_exact(target).map_err(|error| error.to_string())?;
    at_its_end(reader)
}

fn at_its_end(mut reader: impl Read) -> Outcome {
    match reader.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err("more bytes than the page header says".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn lz4_block(source: &[u8], target: &mut [u8]) -> Outcome {
    let size = target.len();
    exactly(lz4_flex::block::decompress_into(source, target).map_err(|error| error.to_string())?, size)
}

/// Hadoop's framing: blocks of big-endian uncompressed size, compressed size, LZ4 block.
fn lz4_hadoop(mut source: &[u8], mut target: &mut [u8]) -> Outcome {
    while !target.is_empty() {
        let (sizes, rest) = source.split_first_chunk::<8>().ok_or("a frame header is cut off")?;
        let [u0, u1, u2, u3, c0, c1, c2, c3] = *sizes;
        let uncompressed = u32::from_be_bytes([u0, u1, u2, u3]) as usize;
        let compressed = u32::from_be_bytes([c0, c1, c2, c3]) as usize;
        let body = rest.get(..compressed).ok_or("a frame is cut off")?;
        let (block, after) = target.split_at_mut_checked(uncompressed).ok_or("frames hold more than the page")?;
        lz4_block(body, block)?;
        source = rest.get(compressed..).unwrap_or(&[]);
        target = after;
    }
    if source.is_empty() { Ok(()) } else { Err(format!("{} bytes behind the last frame", source.len())) }
}

/// What old writers put under the same codec number: an LZ4 frame, or a bare block.
fn lz4_other(source: &[u8], target: &mut [u8]) -> Outcome {
    if source.starts_with(&LZ4_FRAME_MAGIC) {
        return read_exactly(lz4_flex::frame::FrameDecoder::new(source), target);
    }
    lz4_block(source, target)
}
