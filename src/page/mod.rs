//! One page: its header, its body decompressed, and where in it levels and values lie.
//!
//! Takes the compressed bytes of a page as the cursor in `column/` found them and gives back buffers that levels and
//! values are read from; a page that is not compressed is not copied. Rests on `metadata` (thrift, codecs) and `memory`.

pub(crate) mod codec;
pub(crate) mod header;

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::Buffer;
use bytes::Bytes;

use crate::encoding::length_prefixed;
use crate::error::{Error, Result};
use crate::memory::Pool;
use crate::metadata::{Codec, Encoding};
use codec::Decompressor;
use header::{PageHeader, PageKind};

/// A decompressed data page of a column that is not nested.
pub(crate) struct DataPage {
    /// How the values are encoded.
    pub encoding: Encoding,
    /// The bytes that hold the definition levels.
    pub levels: Buffer,
    /// Where in `levels` they lie; `None` for a required column.
    pub definition_levels: Option<Range<usize>>,
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
    /// Pages decompressed so far.
    pub pages_decompressed: u64,
    /// Bytes that they decompressed to.
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
            PageKind::DataV1 { encoding, definition_levels, .. } => {
                let values = self.decompressed(codec, body, header.uncompressed_bytes as usize)?;
                let mut page = DataPage {
                    encoding,
                    levels: values,
                    definition_levels: None,
                    values: Buffer::default(),
                    values_start: 0,
                };
                if optional {
                    if definition_levels != Encoding::Rle {
                        return Err(Error::unsupported(format!("definition levels in encoding {definition_levels:?}")));
                    }
                    let levels = length_prefixed(&page.levels, 0, "definition levels")?;
                    page.values_start = levels.end;
                    page.definition_levels = Some(levels);
                }
                page.values = page.levels.clone();
                Ok(page)
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
                let definition_levels = optional.then_some(repetition..level_bytes);
                Ok(DataPage { encoding, levels: Buffer::from(body), definition_levels, values, values_start: 0 })
            }
            _ => Err(Error::internal("not a data page")),
        }
    }

    fn decompressed(&mut self, codec: Codec, body: Bytes, size: usize) -> Result<Buffer> {
        if codec == Codec::Uncompressed {
            if body.len() != size {
                return Err(Error::corrupt(format!(
                    "a page that is not compressed has {} bytes, its header says {size}",
                    body.len()
                )));
            }
            return Ok(Buffer::from(body));
        }
        let block = self.decompressor.decompress(codec, &body, size, &self.pool)?;
        self.pages_decompressed += 1;
        self.bytes_decompressed += size as u64;
        Ok(block.into_buffer(size))
    }
}
