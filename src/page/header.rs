//! The thrift header in front of every page.
//!
//! Parses what decoding needs and skips the rest (statistics in page headers are not used). Sizes and counts are
//! checked to be non-negative here; whether the bytes exist is for the page cursor to find out.

use crate::error::{Error, Result};
use crate::metadata::Encoding;
use crate::metadata::thrift::{Failure, Kind, Read, Reader};

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

impl PageKind {
    /// Entries of a data page: values and nulls; `None` for any other page and for one without an entry.
    pub(crate) fn entries(&self) -> Option<u64> {
        match self {
            Self::DataV1 { value_count, .. } | Self::DataV2 { value_count, .. } if *value_count > 0 => {
                Some(u64::from(*value_count))
            }
            _ => None,
        }
    }

    /// True where the values of a data page are PLAIN.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self, Self::DataV1 { encoding: Encoding::Plain, .. } | Self::DataV2 { encoding: Encoding::Plain, .. })
    }

    /// True where the values of a data page are codes of the dictionary.
    pub(crate) fn has_codes(&self) -> bool {
        match self {
            Self::DataV1 { encoding, .. } | Self::DataV2 { encoding, .. } => {
                matches!(encoding, Encoding::PlainDictionary | Encoding::RleDictionary)
            }
            _ => false,
        }
    }
}

/// What came of parsing a header from the front of `bytes`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// The header and its length in bytes.
    Header(PageHeader, usize),
    /// `bytes` end inside the header.
    Incomplete,
}

/// A page header longer than this is corrupt. Real ones take tens of bytes, and a few kilobytes with long statistics.
pub(super) const LARGEST_HEADER_BYTES: usize = 16 * 1024 * 1024;

/// Parses the page header at the front of `bytes`. An error carries no place: the caller knows it.
pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed> {
    let mut reader = Reader::new(bytes);
    match RawHeader::read(&mut reader) {
        Ok(raw) => Ok(Parsed::Header(raw.checked()?, reader.position())),
        Err(Failure::Ends) if bytes.len() < LARGEST_HEADER_BYTES => Ok(Parsed::Incomplete),
        Err(Failure::Ends) => Err(Error::corrupt(format!("a page header is longer than {LARGEST_HEADER_BYTES} bytes"))),
        Err(corrupt) => Err(corrupt.into_error("page header")),
    }
}

/// The fields of `PageHeader` as they come.
#[derive(Default)]
struct RawHeader {
    page_type: Option<i32>,
    uncompressed_bytes: Option<i32>,
    compressed_bytes: Option<i32>,
    crc: Option<i32>,
    data_v1: Option<RawData>,
    dictionary: Option<RawData>,
    data_v2: Option<RawData>,
}

/// The fields of the three sub-headers, which agree in the first two and differ in the rest: field `n` of the format
/// is `integers[n]`.
#[derive(Default)]
struct RawData {
    integers: [Option<i32>; 7],
    is_uncompressed: bool,
}

impl RawHeader {
    fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let mut raw = Self::default();
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::I32) => raw.page_type = Some(reader.i32()?),
                (2, Kind::I32) => raw.uncompressed_bytes = Some(reader.i32()?),
                (3, Kind::I32) => raw.compressed_bytes = Some(reader.i32()?),
                (4, Kind::I32) => raw.crc = Some(reader.i32()?),
                (5, Kind::Struct) => raw.data_v1 = Some(RawData::read(reader)?),
                (7, Kind::Struct) => raw.dictionary = Some(RawData::read(reader)?),
                (8, Kind::Struct) => raw.data_v2 = Some(RawData::read(reader)?),
                (_, kind) => reader.skip(kind)?,
            }
        }
        Ok(raw)
    }

    fn checked(&self) -> Result<PageHeader> {
        let page_type = self.page_type.ok_or_else(|| missing("type"))?;
        let sub_header = |header: &Option<RawData>, kind: fn(&RawData) -> Result<PageKind>| {
            let lacking = || Error::corrupt(format!("a page of type {page_type} has no header of that type"));
            header.as_ref().ok_or_else(lacking).and_then(kind)
        };
        Ok(PageHeader {
            kind: match page_type {
                0 => sub_header(&self.data_v1, RawData::data_v1)?,
                2 => sub_header(&self.dictionary, RawData::dictionary)?,
                3 => sub_header(&self.data_v2, RawData::data_v2)?,
                _ => PageKind::Other,
            },
            uncompressed_bytes: count("uncompressed size", self.uncompressed_bytes)?,
            compressed_bytes: count("compressed size", self.compressed_bytes)?,
            crc: self.crc.map(i32::cast_unsigned),
        })
    }
}

impl RawData {
    fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let mut raw = Self::default();
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            let integer = usize::try_from(field.id).ok().and_then(|id| raw.integers.get_mut(id));
            match (integer, field.id, field.kind) {
                (Some(integer), _, Kind::I32) => *integer = Some(reader.i32()?),
                (_, 7, Kind::False) => raw.is_uncompressed = true,
                (.., kind) => reader.skip(kind)?,
            }
        }
        Ok(raw)
    }

    fn data_v1(&self) -> Result<PageKind> {
        let [_, values, encoding, definition_levels, repetition_levels, ..] = self.integers;
        Ok(PageKind::DataV1 {
            value_count: count("number of values", values)?,
            encoding: required_encoding(encoding)?,
            // Pages of columns without levels lack them now and then; RLE is what everybody writes.
            definition_levels: definition_levels.map_or(Encoding::Rle, Encoding::from_thrift),
            repetition_levels: repetition_levels.map_or(Encoding::Rle, Encoding::from_thrift),
        })
    }

    fn dictionary(&self) -> Result<PageKind> {
        let [_, values, encoding, ..] = self.integers;
        Ok(PageKind::Dictionary {
            value_count: count("number of values", values)?,
            encoding: required_encoding(encoding)?,
        })
    }

    fn data_v2(&self) -> Result<PageKind> {
        let [_, values, nulls, rows, encoding, definition_level_bytes, repetition_level_bytes] = self.integers;
        Ok(PageKind::DataV2 {
            value_count: count("number of values", values)?,
            null_count: count("number of nulls", nulls)?,
            row_count: count("number of rows", rows)?,
            encoding: required_encoding(encoding)?,
            definition_level_bytes: count("length of definition levels", definition_level_bytes)?,
            repetition_level_bytes: count("length of repetition levels", repetition_level_bytes)?,
            is_compressed: !self.is_uncompressed,
        })
    }
}

fn missing(what: &str) -> Error {
    Error::corrupt(format!("a page header lacks its {what}"))
}

fn count(what: &str, value: Option<i32>) -> Result<u32> {
    let value = value.ok_or_else(|| missing(what))?;
    u32::try_from(value).map_err(|_| Error::corrupt(format!("the {what} in a page header is {value}")))
}

fn required_encoding(value: Option<i32>) -> Result<Encoding> {
    value.map(Encoding::from_thrift).ok_or_else(|| missing("encoding"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// Type 0, 100 bytes in 40, crc -1, then { 10 values, PLAIN, RLE, RLE, statistics { null_count 3 } }.
    const DATA_V1: &[u8] = &[
        0x15, 0x00, 0x15, 0xc8, 0x01, 0x15, 0x50, 0x15, 0x01, 0x1c, 0x15, 0x14, 0x15, 0x00, 0x15, 0x06, 0x15, 0x06,
        0x1c, 0x36, 0x06, 0x00, 0x00, 0x00,
    ];

    /// Type 3, 100 bytes in 40, then { 10 values, 2 nulls, 5 rows, DELTA_BINARY_PACKED, 3 and 4 bytes of levels }
    /// followed by `is_compressed` and the end.
    fn data_v2(is_compressed: &[u8]) -> Vec<u8> {
        let front = [
            0x15, 0x06, 0x15, 0xc8, 0x01, 0x15, 0x50, 0x5c, 0x15, 0x14, 0x15, 0x04, 0x15, 0x0a, 0x15, 0x0a, 0x15, 0x06,
            0x15, 0x08,
        ];
        [&front, is_compressed, &[0x00, 0x00]].concat()
    }

    fn header(bytes: &[u8]) -> PageHeader {
        match parse(bytes).unwrap() {
            Parsed::Header(header, length) => {
                assert_eq!(length, bytes.len());
                header
            }
            Parsed::Incomplete => panic!("incomplete"),
        }
    }

    fn message(bytes: &[u8]) -> String {
        let error = parse(bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt);
        error.to_string()
    }

    #[test]
    fn a_data_page_is_read_and_its_statistics_skipped() {
        let kind = PageKind::DataV1 {
            value_count: 10,
            encoding: Encoding::Plain,
            definition_levels: Encoding::Rle,
            repetition_levels: Encoding::Rle,
        };
        let expected = PageHeader { kind, uncompressed_bytes: 100, compressed_bytes: 40, crc: Some(u32::MAX) };
        assert_eq!(header(DATA_V1), expected);
        let longer = [DATA_V1, b"body"].concat();
        assert_eq!(parse(&longer).unwrap(), Parsed::Header(expected, DATA_V1.len()));
    }

    #[test]
    fn a_v2_data_page_is_compressed_unless_it_says_no() {
        for (bytes, expected) in [(&[][..], true), (&[0x11], true), (&[0x12], false)] {
            let kind = PageKind::DataV2 {
                value_count: 10,
                null_count: 2,
                row_count: 5,
                encoding: Encoding::DeltaBinaryPacked,
                definition_level_bytes: 3,
                repetition_level_bytes: 4,
                is_compressed: expected,
            };
            assert_eq!(header(&data_v2(bytes)).kind, kind);
        }
    }

    #[test]
    fn a_dictionary_page_is_read() {
        let bytes = [0x15, 0x04, 0x15, 0x08, 0x15, 0x08, 0x4c, 0x15, 0x02, 0x15, 0x04, 0x12, 0x00, 0x00];
        let kind = PageKind::Dictionary { value_count: 1, encoding: Encoding::PlainDictionary };
        assert_eq!(header(&bytes), PageHeader { kind, uncompressed_bytes: 4, compressed_bytes: 4, crc: None });
    }

    #[test]
    fn index_pages_and_unknown_types_are_other() {
        for page_type in [0x02, 0x08, 0x01] {
            assert_eq!(header(&[0x15, page_type, 0x15, 0x08, 0x15, 0x08, 0x00]).kind, PageKind::Other);
        }
    }

    #[test]
    fn a_header_cut_anywhere_is_incomplete() {
        for bytes in [DATA_V1.to_vec(), data_v2(&[0x11])] {
            for length in 0..bytes.len() {
                assert_eq!(parse(&bytes[..length]).unwrap(), Parsed::Incomplete, "{length} bytes");
            }
        }
    }

    #[test]
    fn a_header_that_does_not_end_is_corrupt() {
        // an unknown binary field that claims 2 GiB
        let mut bytes = vec![0x98, 0xff, 0xff, 0xff, 0xff, 0x07];
        bytes.resize(LARGEST_HEADER_BYTES - 1, 0);
        assert_eq!(parse(&bytes).unwrap(), Parsed::Incomplete);
        bytes.push(0);
        assert_eq!(message(&bytes), "a page header is longer than 16777216 bytes");
    }

    #[test]
    fn negative_numbers_are_corrupt() {
        let compressed = [0x15, 0x02, 0x15, 0x08, 0x15, 0x01, 0x00];
        assert_eq!(message(&compressed), "the compressed size in a page header is -1");
        let uncompressed = [0x15, 0x02, 0x15, 0x03, 0x15, 0x08, 0x00];
        assert_eq!(message(&uncompressed), "the uncompressed size in a page header is -2");
        let values = [0x15, 0x04, 0x15, 0x08, 0x15, 0x08, 0x4c, 0x15, 0x01, 0x15, 0x04, 0x00, 0x00];
        assert_eq!(message(&values), "the number of values in a page header is -1");
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(message(&[0x00]), "a page header lacks its type");
        assert_eq!(message(&[0x15, 0x02, 0x15, 0x08, 0x00]), "a page header lacks its compressed size");
        let no_sub_header = [0x15, 0x00, 0x15, 0x08, 0x15, 0x08, 0x00];
        assert_eq!(message(&no_sub_header), "a page of type 0 has no header of that type");
    }

    #[test]
    fn a_field_of_an_unexpected_type_is_skipped() {
        // field 4, the crc, as a binary
        let bytes = [0x15, 0x02, 0x15, 0x08, 0x15, 0x08, 0x18, 0x01, b'x', 0x00];
        assert_eq!(header(&bytes).crc, None);
    }
}
