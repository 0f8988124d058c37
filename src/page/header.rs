//! The thrift header in front of every page.
//!
//! Parses what decoding needs and skips the rest (statistics in page headers are not used). Sizes and counts are
//! checked to be non-negative here; whether the bytes exist is for the page cursor to find out.

use crate::error::Result;
use crate::metadata::Encoding;

/// Header of one page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageHeader {
    /// What kind of page, with what only that kind has.
    pub kind: PageKind,
    /// Bytes of the body once decompressed (levels of v2 pages included).
    pub uncompressed_bytes: u32,
    /// Bytes of the body in the file.
    pub compressed_bytes: u32,
    /// CRC-32 of the body in the file, where the writer gave one.
    pub crc: Option<u32>,
}

/// What kind of page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PageKind {
    /// DATA_PAGE: levels with their own length prefix, compressed together with the values.
    DataV1 { value_count: u32, encoding: Encoding, definition_levels: Encoding, repetition_levels: Encoding },
    /// DATA_PAGE_V2: levels in front, never compressed, their lengths here.
    DataV2 {
        value_count: u32,
        null_count: u32,
        row_count: u32,
        encoding: Encoding,
        definition_level_bytes: u32,
        repetition_level_bytes: u32,
        /// False where the values are stored as they are although the chunk has a codec.
        is_compressed: bool,
    },
    /// DICTIONARY_PAGE.
    Dictionary { value_count: u32, encoding: Encoding },
    /// INDEX_PAGE or a type this library does not know: to be skipped.
    Other,
}

/// What came of parsing a header from the front of `bytes`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// The header and its length in bytes.
    Header(PageHeader, usize),
    /// `bytes` end inside the header.
    Incomplete,
}

/// Parses the page header at the front of `bytes`. An error carries no place: the caller knows it.
pub(crate) fn parse(_bytes: &[u8]) -> Result<Parsed> {
    unimplemented!()
}
