//! Decompression of page bodies.
//!
//! Contexts are kept and reused over all pages of a decoder. Of a page of SNAPPY or in one ZSTD frame only the front may be
//! decompressed, as far as its rows are wanted ([`PartialPage`]). Every codec must produce exactly the size that the page
//! header claims. The claim is not trusted with memory: the output block is virtual memory until the codec writes
//! to it, and where the compressed bytes themselves state a size, that is compared first.
//!
//! Each codec is a cargo feature. In place of one that is switched off stands `absent`, and [`check_supported`], which is
//! asked before a chunk is read, names the feature.

#[cfg(not(all(feature = "brotli", feature = "gzip", feature = "lz4", feature = "snappy", feature = "zstd")))]
mod absent;
#[cfg(feature = "brotli")]
mod brotli;
mod exact;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "lz4")]
mod lz4;
#[cfg(feature = "snappy")]
mod snappy;
#[cfg(feature = "zstd")]
mod zstd;

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::Buffer;
use bytes::Bytes;

#[cfg(not(feature = "brotli"))]
use self::absent as brotli;
#[cfg(not(feature = "gzip"))]
use self::absent as gzip;
#[cfg(not(feature = "lz4"))]
use self::absent as lz4;
#[cfg(not(feature = "snappy"))]
use self::absent as snappy;
#[cfg(not(feature = "zstd"))]
use self::absent as zstd;
use crate::error::{Error, Result};
use crate::memory::{Pool, Values};
use crate::metadata::Codec;

/// The decompression contexts of one decoder.
#[derive(Default)]
pub(crate) struct Decompressor {
    zstd: zstd::Contexts,
    gzip: gzip::Context,
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
        let failure = |reason: String| does_not_decompress(codec, source.len(), &reason);
        if codec == Codec::Brotli {
            return brotli::decompress(source, size, pool).map_err(failure);
        }
        check_size(codec, source, size)?;
        let mut out = Values::with_capacity(pool, size)?;
        let room = out.spare(size)?;
        if codec == Codec::Snappy {
            snappy::decompress_into_room(source, size, room).map_err(failure)?;
            out.commit(size);
            return Ok(out);
        }
        let target = room.get_mut(..size).unwrap_or_default();
        match codec {
            Codec::Zstd => self.zstd.decompress(source, target),
            Codec::Gzip => self.gzip.decompress(source, target),
            Codec::Lz4Raw => lz4::block(source, target),
            Codec::Lz4 => lz4::framed(source, target),
            _ => return Err(unsupported(codec)),
        }
        .map_err(failure)?;
        out.commit(size);
        Ok(out)
    }

    /// Begins to decompress `source`, which becomes exactly `size` bytes, in parts; `None` where that cannot be done.
    pub(crate) fn begin(
        &mut self,
        codec: Codec,
        source: &Bytes,
        size: usize,
        pool: &Arc<Pool>,
    ) -> Result<Option<PartialPage>> {
        check_size(codec, source, size)?;
        Ok(match codec {
            Codec::Zstd => self.zstd.begin(source, size, pool)?.map(PartialPage::Zstd),
            Codec::Snappy => snappy::PartialBlock::begin(source, size, pool)?.map(PartialPage::Snappy),
            _ => None,
        })
    }

    /// Takes back what `page` needed, of which no more is wanted.
    pub(crate) fn end(&mut self, page: PartialPage) {
        match page {
            PartialPage::Zstd(frame) => self.zstd.end(frame),
            PartialPage::Snappy(_) => {}
        }
    }
}

/// A page that is decompressed from the front as far as it is wanted.
pub(crate) enum PartialPage {
    Zstd(zstd::PartialFrame),
    Snappy(snappy::PartialBlock),
}

impl PartialPage {
    /// Bytes that it becomes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Zstd(frame) => frame.size(),
            Self::Snappy(block) => block.size(),
        }
    }

    /// Bytes that it became so far.
    pub(crate) fn filled(&self) -> usize {
        match self {
            Self::Zstd(frame) => frame.filled(),
            Self::Snappy(block) => block.filled(),
        }
    }

    /// Bytes that it would have become in the time that it takes besides to decompress it in parts.
    pub(crate) fn cost(&self) -> usize {
        match self {
            Self::Zstd(frame) => frame.size() / 16,
            Self::Snappy(block) => block.size() / 8,
        }
    }

    /// True where nothing of it is left.
    pub(crate) fn is_whole(&self) -> bool {
        match self {
            Self::Zstd(frame) => frame.is_whole(),
            Self::Snappy(block) => block.filled() == block.size(),
        }
    }

    /// Goes on until `bytes` are there at least, or a little more than before; what is there then, the front as it was. It need
    /// not move where no buffer of it is in use.
    pub(crate) fn go_on(&mut self, bytes: usize) -> Result<Buffer> {
        let (codec, length, outcome) = match self {
            Self::Zstd(frame) => (Codec::Zstd, frame.source_len(), frame.go_on(bytes)),
            Self::Snappy(block) => (Codec::Snappy, block.source_len(), block.go_on(bytes)?),
        };
        outcome.map_err(|reason| does_not_decompress(codec, length, &reason))?;
        Ok(match self {
            Self::Zstd(frame) => frame.buffer(),
            Self::Snappy(block) => block.buffer(),
        })
    }
}

#[cold]
fn does_not_decompress(codec: Codec, bytes: usize, reason: &str) -> Error {
    Error::corrupt(format!("{codec:?} page of {bytes} bytes does not decompress: {reason}"))
}

/// Where in `source` the `size` bytes that it becomes stand, if the codec left them as they were.
pub(crate) fn uncompressed(codec: Codec, source: &[u8], size: usize) -> Option<Range<usize>> {
    if codec == Codec::Snappy { snappy::uncompressed(source, size) } else { None }
}

/// Why a codec failed, in words.
type Outcome = std::result::Result<(), String>;

/// Fails with `Unsupported` for a codec that this library does not have, or not in this build.
pub(crate) fn check_supported(codec: Codec) -> Result<()> {
    match feature_of(codec) {
        Some((_, true)) => Ok(()),
        Some((feature, false)) => Err(switched_off(codec, feature)),
        None if codec == Codec::Uncompressed => Ok(()),
        None => Err(unsupported(codec)),
    }
}

/// The cargo feature of a codec, and whether it is on.
fn feature_of(codec: Codec) -> Option<(&'static str, bool)> {
    match codec {
        Codec::Brotli => Some(("brotli", cfg!(feature = "brotli"))),
        Codec::Gzip => Some(("gzip", cfg!(feature = "gzip"))),
        Codec::Lz4 | Codec::Lz4Raw => Some(("lz4", cfg!(feature = "lz4"))),
        Codec::Snappy => Some(("snappy", cfg!(feature = "snappy"))),
        Codec::Zstd => Some(("zstd", cfg!(feature = "zstd"))),
        Codec::Uncompressed | Codec::Lzo | Codec::Unknown(_) => None,
    }
}

#[cold]
fn switched_off(codec: Codec, feature: &str) -> Error {
    Error::unsupported(format!(
        "compression codec {codec:?} is switched off in this build: it takes the cargo feature \"{feature}\""
    ))
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
        Codec::Snappy => snappy::stated_size(source),
        // A page of several frames states the size of the first only, so a smaller one may be right.
        Codec::Zstd => zstd::stated_size(source).filter(|stated| *stated > size as u64),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_codec_that_is_switched_off_is_named_with_its_feature() {
        let error = switched_off(Codec::Lz4Raw, "lz4");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let text = "compression codec Lz4Raw is switched off in this build: it takes the cargo feature \"lz4\"";
        assert_eq!(error.message(), text);
    }

    #[test]
    fn every_codec_is_there_or_refused() {
        let codecs = [Codec::Brotli, Codec::Gzip, Codec::Lz4, Codec::Lz4Raw, Codec::Snappy, Codec::Zstd];
        for codec in codecs {
            let (_, is_on) = feature_of(codec).unwrap();
            assert_eq!(check_supported(codec).is_ok(), is_on);
        }
        assert!(check_supported(Codec::Uncompressed).is_ok());
        for codec in [Codec::Lzo, Codec::Unknown(77)] {
            assert_eq!(check_supported(codec).unwrap_err().kind(), ErrorKind::Unsupported);
        }
    }
}
