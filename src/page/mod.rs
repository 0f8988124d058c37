//! One page: its header, its body decompressed, and where in it levels and values lie.
//!
//! Takes the compressed bytes of a page as the cursor in `column/` found them and gives back buffers that levels and
//! values are read from; a page that is not compressed is not copied. Rests on `metadata` (thrift, codecs) and `memory`.

pub(crate) mod codec;
pub(crate) mod header;

use std::sync::Arc;

use arrow_buffer::Buffer;
use bytes::Bytes;

use crate::encoding::{DefinitionLevels, length_prefixed};
use crate::error::{Error, Result};
use crate::memory::Pool;
use crate::metadata::{Codec, Encoding};
use codec::Decompressor;
use header::{PageHeader, PageKind};

/// A decompressed data page of a column that is not nested.
pub(crate) struct DataPage {
    /// How the values are encoded.
    pub encoding: Encoding,
    /// The definition levels.
    pub levels: DefinitionLevels,
    /// The bytes that they are read from.
    pub level_bytes: Buffer,
    /// The bytes that hold the values.
    pub values: Buffer,
    /// Where in `values` the first value begins.
    pub values_start: usize,
}

/// A decompressed dictionary page.
pub(crate) struct DictionaryPage {
    /// Number of entries.
    pub value_count: usize,
    /// The entries, PLAIN.
    pub values: Buffer,
}

/// Opens pages: decompression contexts, and the pool that page buffers come from.
pub(crate) struct PageOpener {
    decompressor: Decompressor,
    pool: Arc<Pool>,
    /// Pages opened so far: decompressed, or taken as they are.
    pub pages_decompressed: u64,
    /// Bytes that they have so.
    pub bytes_decompressed: u64,
}

impl PageOpener {
    /// Page buffers come from `pool`.
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        Self { decompressor: Decompressor::default(), pool, pages_decompressed: 0, bytes_decompressed: 0 }
    }

    /// The dictionary page of `header` with the bytes `body`.
    pub(crate) fn dictionary(&mut self, header: &PageHeader, body: Bytes, codec: Codec) -> Result<DictionaryPage> {
        let PageKind::Dictionary { value_count, encoding } = header.kind else {
            return Err(Error::internal("not a dictionary page"));
        };
        if !matches!(encoding, Encoding::Plain | Encoding::PlainDictionary) {
            return Err(Error::unsupported(format!("dictionary page in encoding {encoding:?}")));
        }
        let values = self.decompressed(codec, body, header.uncompressed_bytes as usize)?;
        Ok(DictionaryPage { value_count: value_count as usize, values })
    }

    /// The data page of `header` with the bytes `body`, of a column that is optional or not.
    pub(crate) fn data(&mut self, header: &PageHeader, body: Bytes, codec: Codec, optional: bool) -> Result<DataPage> {
        match header.kind {
            PageKind::DataV1 { value_count, encoding, definition_levels, .. } => {
                let bytes = self.decompressed(codec, body, header.uncompressed_bytes as usize)?;
                if !optional {
                    let (levels, level_bytes) = (DefinitionLevels::Required, Buffer::default());
                    return Ok(DataPage { encoding, levels, level_bytes, values: bytes, values_start: 0 });
                }
                match definition_levels {
                    Encoding::Rle => {
                        let range = length_prefixed(&bytes, 0, "definition levels")?;
                        let (values_start, level_bytes) = (range.end, bytes.clone());
                        let levels = DefinitionLevels::optional(range)?;
                        Ok(DataPage { encoding, levels, level_bytes, values: bytes, values_start })
                    }
                    Encoding::BitPacked => {
                        let (levels, level_bytes) = DefinitionLevels::bit_packed(&bytes, value_count as usize)?;
                        let values_start = level_bytes.len();
                        Ok(DataPage { encoding, levels, level_bytes: level_bytes.into(), values: bytes, values_start })
                    }
                    other => Err(Error::unsupported(format!("definition levels in encoding {other:?}"))),
                }
            }
            PageKind::DataV2 { encoding, definition_level_bytes, repetition_level_bytes, is_compressed, .. } => {
                let repetition = repetition_level_bytes as usize;
                let level_bytes = repetition.saturating_add(definition_level_bytes as usize);
                let uncompressed = (header.uncompressed_bytes as usize).checked_sub(level_bytes);
                let (Some(value_bytes), true) = (uncompressed, level_bytes <= body.len()) else {
                    return Err(Error::corrupt(format!(
                        "levels of {level_bytes} bytes in a page of {} bytes, {} uncompressed",
                        body.len(),
                        header.uncompressed_bytes
                    )));
                };
                let codec = if is_compressed { codec } else { Codec::Uncompressed };
                let values = self.decompressed(codec, body.slice(level_bytes..), value_bytes)?;
                let levels = match optional {
                    true => DefinitionLevels::optional(repetition..level_bytes)?,
                    false => DefinitionLevels::Required,
                };
                Ok(DataPage { encoding, levels, level_bytes: Buffer::from(body), values, values_start: 0 })
            }
            _ => Err(Error::internal("not a data page")),
        }
    }

    fn decompressed(&mut self, codec: Codec, body: Bytes, size: usize) -> Result<Buffer> {
        self.pages_decompressed = self.pages_decompressed.saturating_add(1);
        self.bytes_decompressed = self.bytes_decompressed.saturating_add(size as u64);
        if codec != Codec::Uncompressed {
            return Ok(self.decompressor.decompress(codec, &body, size, &self.pool)?.into_buffer());
        }
        if body.len() != size {
            let there = body.len();
            return Err(Error::corrupt(format!(
                "a page that is not compressed has {there} bytes, its header says {size}"
            )));
        }
        Ok(Buffer::from(body))
    }
}
