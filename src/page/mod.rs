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
pub(crate) use codec::PartialPage;
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
    /// What `values` is only the front of.
    pub rest: Option<PartialPage>,
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

/// What is compressed of a data page, or all of it where nothing is.
struct DataBody {
    bytes: Bytes,
    codec: Codec,
    /// Bytes that it becomes.
    size: usize,
    /// Its values are codes of a dictionary.
    has_codes: bool,
    /// It may be decompressed as far as it is wanted.
    in_parts: bool,
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

    /// The data page of `header` with the bytes `body`, of a column with these levels; `in_parts`, only its front where more
    /// takes time.
    pub(crate) fn data(
        &mut self,
        header: &PageHeader,
        body: Bytes,
        codec: Codec,
        highest: HighestLevels,
        in_parts: bool,
    ) -> Result<DataPage> {
        let (size, has_codes) = (header.uncompressed_bytes as usize, header.kind.has_codes());
        match header.kind {
            PageKind::DataV1 { value_count, encoding, definition_levels, repetition_levels } => {
                let count = value_count as usize;
                let sections = |bytes: &[u8]| {
                    let repetition = level_section(bytes, 0, repetition_levels, highest.repetition, count)?;
                    let start = repetition.range.end;
                    let definition = level_section(bytes, start, definition_levels, highest.definition, count)?;
                    Ok((repetition, definition))
                };
                self.data_v1(DataBody { bytes: body, codec, size, has_codes, in_parts }, encoding, sections)
            }
            PageKind::DataV2 { encoding, definition_level_bytes, repetition_level_bytes, is_compressed, .. } => {
                let codec = if is_compressed { codec } else { Codec::Uncompressed };
                let levels = (repetition_level_bytes as usize, definition_level_bytes as usize);
                self.data_v2(DataBody { bytes: body, codec, size, has_codes, in_parts }, encoding, levels)
            }
            _ => Err(Error::internal("not a data page")),
        }
    }

    /// A page of version 1, where the `sections` of repetition and definition levels are compressed together with the values.
    fn data_v1(
        &mut self,
        body: DataBody,
        encoding: Encoding,
        sections: impl Fn(&[u8]) -> Result<(LevelSection, LevelSection)>,
    ) -> Result<DataPage> {
        let (size, is_decompressed) = (body.size, body.codec != Codec::Uncompressed);
        let (mut bytes, mut rest) = self.data_bytes(body)?;
        let mut found = sections(&bytes);
        if let (Err(_), Some(rest)) = (&found, &mut rest) {
            bytes = self.go_on(rest, size)?;
            found = sections(&bytes);
        }
        let (repetition, definition) = found?;
        let values_start = definition.range.end;
        // Values that are there only in part may move, which the levels would keep from being moved for nothing.
        let level_bytes = match &rest {
            Some(_) => Buffer::from(bytes.get(..values_start).unwrap_or_default()),
            None => bytes.clone(),
        };
        Ok(DataPage {
            level_bytes,
            repetition,
            definition,
            encoding,
            values: bytes,
            values_start,
            is_decompressed,
            rest,
        })
    }

    /// A page of version 2: repetition and definition levels, so many bytes of each, are never compressed.
    fn data_v2(&mut self, body: DataBody, encoding: Encoding, levels: (usize, usize)) -> Result<DataPage> {
        let DataBody { bytes, size, .. } = &body;
        let all_levels = levels.0.saturating_add(levels.1);
        let (Some(value_bytes), true) = (size.checked_sub(all_levels), all_levels <= bytes.len()) else {
            return Err(Error::corrupt(format!(
                "levels of {all_levels} bytes in a page of {} bytes, {size} uncompressed",
                bytes.len(),
            )));
        };
        let level_bytes = Buffer::from(bytes.clone());
        let is_decompressed = body.codec != Codec::Uncompressed;
        let values = bytes.slice(all_levels..);
        let (values, rest) = self.data_bytes(DataBody { bytes: values, size: value_bytes, ..body })?;
        let section = |range| LevelSection { encoding: Encoding::Rle, range };
        let (repetition, definition) = (section(0..levels.0), section(levels.0..all_levels));
        Ok(DataPage { level_bytes, repetition, definition, encoding, values, values_start: 0, is_decompressed, rest })
    }

    /// What `body` becomes, or the front of that. Codes of a dictionary are read where they are if the codec has left them as
    /// they were; values are not, because batches that point to them would keep alive what was pushed.
    fn data_bytes(&mut self, body: DataBody) -> Result<(Buffer, Option<PartialPage>)> {
        let DataBody { bytes, codec, size, has_codes, in_parts } = body;
        if let Some(range) = codec::uncompressed(codec, &bytes, size).filter(|_| has_codes) {
            return Ok((self.decompressed(Codec::Uncompressed, bytes.slice(range), size)?, None));
        }
        // What fails at its beginning may do otherwise: a frame may ask for a larger window than is given to one in parts.
        if in_parts
            && let Some(mut frame) = self.decompressor.begin(codec, &bytes, size, &self.pool)?
            && let Ok(front) = self.go_on(&mut frame, 0)
        {
            self.pages_decompressed = self.pages_decompressed.saturating_add(1);
            return Ok((front, Some(frame)));
        }
        Ok((self.decompressed(codec, bytes, size)?, None))
    }

    /// Goes on decompressing `page` until it has become `bytes` at least, or a little more than it has; what it is then.
    pub(crate) fn go_on(&mut self, page: &mut PartialPage, bytes: usize) -> Result<Buffer> {
        let before = page.filled();
        let buffer = page.go_on(bytes)?;
        let more = page.filled().saturating_sub(before) as u64;
        self.bytes_decompressed = self.bytes_decompressed.saturating_add(more);
        Ok(buffer)
    }

    /// No more of `page` is wanted.
    pub(crate) fn end(&mut self, page: PartialPage) {
        self.decompressor.end(page);
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
        let page = PageOpener::new(Arc::default()).data(&header, body.clone(), Codec::Snappy, highest, false).unwrap();
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
