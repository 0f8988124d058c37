//! One page: its header, its body decompressed, and where in it levels and values lie.
//!
//! Takes the compressed bytes of a page as the cursor in `column/` found them and gives back buffers that levels and
//! values are read from; a page that is not compressed is not copied. Rests on `metadata` (thrift, codecs) and `memory`.

pub(crate) mod codec;
mod counts;
pub(crate) mod guard;
pub(crate) mod header;

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::Buffer;
use bytes::Bytes;

use crate::encoding::{bit_packed_bytes, length_prefixed};
use crate::error::{Error, Result};
use crate::memory::Pool;
use crate::metadata::{Codec, Encoding};
use codec::Decompressor;
use counts::PageCounts;
use header::{PageHeader, PageKind};

/// A decompressed data page.
pub(crate) struct DataPage {
    /// The bytes that hold the levels.
    pub level_bytes: Buffer,
    /// Where in them the repetition levels lie; empty where there are none.
    pub repetition: LevelSection,
    /// Where in them the definition levels lie; empty where there are none.
    pub definition: LevelSection,
    /// How the values are encoded.
    pub encoding: Encoding,
    /// The bytes that hold the values.
    pub values: Buffer,
    /// Where in `values` the first value begins.
    pub values_start: usize,
    /// The values were decompressed; else they lie where they were pushed.
    pub is_decompressed: bool,
}

/// Where the levels of one kind lie.
pub(crate) struct LevelSection {
    /// How they are encoded.
    pub encoding: Encoding,
    /// Their bytes.
    pub range: Range<usize>,
}

/// The highest levels of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HighestLevels {
    /// Number of repeated elements on the path.
    pub repetition: u16,
    /// Number of optional and repeated elements on the path.
    pub definition: u16,
}

/// A decompressed dictionary page. Cheap to clone.
#[derive(Clone)]
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
    /// Pages met so far, by whoever looks for those to open.
    pub counts: PageCounts,
    /// Pages opened so far: decompressed, or taken as they are.
    pub pages_decompressed: u64,
    /// Bytes that they have so.
    pub bytes_decompressed: u64,
}

impl PageOpener {
    /// Page buffers come from `pool`.
    pub(crate) fn new(pool: Arc<Pool>) -> Self {
        let (decompressor, counts) = Default::default();
        Self { decompressor, pool, counts, pages_decompressed: 0, bytes_decompressed: 0 }
    }

    /// Where page buffers come from.
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
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

    /// The data page of `header` with the bytes `body`, of a column with these levels.
    pub(crate) fn data(
        &mut self,
        header: &PageHeader,
        body: Bytes,
        codec: Codec,
        highest: HighestLevels,
    ) -> Result<DataPage> {
        match header.kind {
            PageKind::DataV1 { value_count, encoding, definition_levels, repetition_levels } => {
                let bytes = self.data_bytes(header, codec, body, header.uncompressed_bytes as usize)?;
                let count = value_count as usize;
                let repetition = level_section(&bytes, 0, repetition_levels, highest.repetition, count)?;
                let definition =
                    level_section(&bytes, repetition.range.end, definition_levels, highest.definition, count)?;
                let values_start = definition.range.end;
                Ok(DataPage {
                    level_bytes: bytes.clone(),
                    repetition,
                    definition,
                    encoding,
                    values: bytes,
                    values_start,
                    is_decompressed: codec != Codec::Uncompressed,
                })
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
                let values = self.data_bytes(header, codec, body.slice(level_bytes..), value_bytes)?;
                Ok(DataPage {
                    level_bytes: Buffer::from(body),
                    repetition: LevelSection { encoding: Encoding::Rle, range: 0..repetition },
                    definition: LevelSection { encoding: Encoding::Rle, range: repetition..level_bytes },
                    encoding,
                    values,
                    values_start: 0,
                    is_decompressed: codec != Codec::Uncompressed,
                })
            }
            _ => Err(Error::internal("not a data page")),
        }
    }

    /// What `body` becomes, which is a data page or what is compressed of it. Codes of a dictionary are read where they are if
    /// the codec has left them as they were; values are not, because batches that point to them would keep alive what was pushed.
    fn data_bytes(&mut self, header: &PageHeader, codec: Codec, body: Bytes, size: usize) -> Result<Buffer> {
        match codec::uncompressed(codec, &body, size).filter(|_| header.kind.has_codes()) {
            Some(range) => self.decompressed(Codec::Uncompressed, body.slice(range), size),
            None => self.decompressed(codec, body, size),
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

/// The `count` levels of a v1 page that begin at `start`: nothing where all are 0.
fn level_section(bytes: &[u8], start: usize, encoding: Encoding, highest: u16, count: usize) -> Result<LevelSection> {
    let range = match encoding {
        _ if highest == 0 => start..start,
        Encoding::Rle => length_prefixed(bytes, start, "levels")?,
        Encoding::BitPacked => {
            let end = start.saturating_add(bit_packed_bytes(highest, count));
            if end > bytes.len() {
                let there = bytes.len().saturating_sub(start);
                return Err(Error::corrupt(format!("{count} BIT_PACKED levels in the {there} bytes left of the page")));
            }
            start..end
        }
        other => return Err(Error::unsupported(format!("levels in encoding {other:?}"))),
    };
    Ok(LevelSection { encoding, range })
}

#[cfg(all(test, feature = "snappy"))]
mod tests {
    use super::*;

    /// Opens a page of a required column that has `bytes` in one literal of Snappy. True where its values lie in what was pushed.
    fn is_read_where_it_is(encoding: Encoding, bytes: &[u8]) -> bool {
        let size = u8::try_from(bytes.len()).unwrap();
        let body = Bytes::from([&[size, 60 << 2, size - 1], bytes].concat());
        let (definition_levels, repetition_levels) = (Encoding::Rle, Encoding::Rle);
        let header = PageHeader {
            kind: PageKind::DataV1 { value_count: 8, encoding, definition_levels, repetition_levels },
            uncompressed_bytes: u32::from(size),
            compressed_bytes: body.len() as u32,
            crc: None,
        };
        let highest = HighestLevels { repetition: 0, definition: 0 };
        let page = PageOpener::new(Arc::default()).data(&header, body.clone(), Codec::Snappy, highest).unwrap();
        assert_eq!(page.values.as_slice(), bytes);
        body.as_ptr_range().contains(&page.values.as_ptr())
    }

    #[test]
    fn codes_that_are_not_compressed_are_not_copied_and_values_are() {
        let bytes: Vec<u8> = (0..100).collect();
        assert!(is_read_where_it_is(Encoding::RleDictionary, &bytes));
        assert!(is_read_where_it_is(Encoding::PlainDictionary, &bytes));
        assert!(!is_read_where_it_is(Encoding::Plain, &bytes));
    }
}
