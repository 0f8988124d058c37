//! The metadata of a file as plain, immutable structs: footer, row groups, column chunks, statistics, page index.
//!
//! Everything here was read from untrusted bytes and checked when it was parsed: counts are not negative, lists are
//! as long as the bytes at hand allow, every row group has one chunk per leaf column. The footer is read when a file is
//! opened, but for what it says of column chunks: that is passed over, and read chunk by chunk when it is asked for
//! ([`Metadata::chunk`]), so that neither the number of columns nor one bad column spoils the others. What a chunk claims
//! about the place of its pages is checked when it is used ([`ColumnChunk::byte_range`]). This module knows nothing of pages, scans or Arrow; it rests on its thrift reader and on the
//! structs of [`crate::schema`].
//!
//! Names and meanings follow the `parquet.thrift` definition of the Apache Parquet format.

pub(crate) mod bloom_filter;
mod chunk;
mod chunks;
pub(crate) mod encryption;
pub(crate) mod footer;
mod key_value;
mod logical_type;
mod names;
mod order;
pub(crate) mod page_index;
mod schema_elements;
mod skim;
mod statistics;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod thrift;

use std::sync::OnceLock;

use arrow_schema::DataType;
use bytes::Bytes;

use crate::byte_range::ByteRange;
use crate::error::{Error, Result};
use crate::schema::Schema;

pub use bloom_filter::{BloomFilter, Probe};
pub(crate) use chunks::Chunks;
pub use key_value::KeyValue;
pub(crate) use names::{codec_name, encoding_name};
pub use order::{Bound, ColumnOrder, SortingColumn, TrustedBounds};
use page_index::PageIndex;
pub use page_index::{BoundaryOrder, Bounds, ColumnIndex, OffsetIndex, PageLocation};
pub use statistics::{ChunkDetails, SizeStatistics, Statistics};

/// The parsed footer of one file, with its page index where that was read. Immutable; share it in an `Arc`.
#[derive(Debug)]
pub struct Metadata {
    /// Length of the file in bytes, as the host gave it.
    pub file_length: u64,
    /// `FileMetaData.version`.
    pub version: i32,
    /// The application that wrote the file, where it says so.
    pub created_by: Option<String>,
    /// Key-value metadata in file order; keys may repeat.
    pub key_value: Vec<KeyValue>,
    /// The Parquet schema tree and its leaf columns.
    pub schema: Schema,
    /// How the bounds of each leaf column are ordered; empty where the file does not say.
    pub column_orders: Vec<ColumnOrder>,
    /// Row groups in file order.
    pub row_groups: Vec<RowGroup>,
    /// The bytes of the footer, for what is read from it only when it is asked for.
    pub(crate) thrift: Bytes,
    /// Where in the file the footer begins.
    pub(crate) footer_offset: u64,
    /// The types of leaf columns with the hint of the file's writer applied, once they were asked for.
    pub(crate) hinted_types: OnceLock<Vec<DataType>>,
}

/// One row group: so many rows, one chunk per leaf column.
#[derive(Debug)]
pub struct RowGroup {
    /// Rows of the row group.
    pub row_count: u64,
    /// Uncompressed bytes of all its chunks, as the file says.
    pub total_byte_size: u64,
    /// One chunk per leaf column, in schema order: see [`Metadata::chunk`].
    pub(crate) chunks: Chunks,
    /// The order of its rows: by the first of these, then the next; empty where the file does not say.
    pub sorting_columns: Vec<SortingColumn>,
}

/// One leaf column of one row group.
#[derive(Debug)]
pub struct ColumnChunk {
    /// How its pages are compressed.
    pub codec: Codec,
    /// The encodings that its pages use, as the file says.
    pub encodings: EncodingSet,
    /// All its data pages are encoded by its dictionary, as the file says; false where it does not say.
    pub is_all_codes: bool,
    /// Values including nulls, as the file says.
    pub value_count: u64,
    /// Bytes of all its pages with their headers, compressed, as the file says.
    pub compressed_bytes: u64,
    /// Bytes behind these that may still be the chunk's, because its writer did not count the header of the dictionary
    /// page (PARQUET-816). Else 0. What lies there behind the last value is no page of the chunk.
    pub unaccounted_bytes: u64,
    /// The same uncompressed.
    pub uncompressed_bytes: u64,
    /// Offset of the first data page.
    pub data_page_offset: u64,
    /// Offset of the dictionary page, where the file names one that can be right: behind the magic, before the data.
    pub dictionary_page_offset: Option<u64>,
    /// Where the bloom filter begins.
    pub bloom_filter_offset: Option<u64>,
    /// How long the bloom filter is, header included, where the file says.
    pub bloom_filter_length: Option<u64>,
    /// Where the serialized offset index lies.
    pub offset_index_range: Option<ByteRange>,
    /// Where the serialized column index lies.
    pub column_index_range: Option<ByteRange>,
    /// The page index, where its bytes are there.
    pub(crate) page_index: Option<Box<PageIndex>>,
    /// Where in [`Metadata::thrift`] the `ColumnMetaData` of the chunk begin, unless they are encrypted and not opened.
    pub(crate) metadata_start: Option<usize>,
    /// The chunk lies in another file (`file_path`), which a decoder of this file cannot read.
    pub external: bool,
    /// The chunk's pages are encrypted.
    pub encrypted: bool,
    /// What opens the chunk where it is encrypted, or why that is not possible.
    pub(crate) lock: Option<Box<encryption::Lock>>,
}

impl ColumnChunk {
    /// The bytes of the chunk: from its dictionary page, else its first data page, over `compressed_bytes` and
    /// `unaccounted_bytes`.
    ///
    /// Fails where that does not lie between the leading magic and the end of the file.
    pub fn byte_range(&self, file_length: u64) -> Result<ByteRange> {
        let start = self.dictionary_page_offset.unwrap_or(self.data_page_offset);
        match ByteRange::new(start, self.compressed_bytes.saturating_add(self.unaccounted_bytes)) {
            Some(range) if start >= 4 && range.end() <= file_length.saturating_sub(8) => Ok(range),
            _ => Err(Error::corrupt(format!(
                "column chunk at offset {start} of {} bytes does not lie in a file of {file_length} bytes",
                self.compressed_bytes
            ))
            .at_offset(start)),
        }
    }
}

impl Metadata {
    /// Rows of all row groups together. `FileMetaData.num_rows` is not asked: the row groups count.
    pub fn row_count(&self) -> u64 {
        self.row_groups.iter().fold(0, |sum, group| sum.saturating_add(group.row_count))
    }
}

/// How pages are compressed: the `CompressionCodec` of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Not compressed.
    Uncompressed,
    /// Snappy, raw format.
    Snappy,
    /// RFC 1952 gzip, one or several members.
    Gzip,
    /// LZO; not supported.
    Lzo,
    /// Brotli.
    Brotli,
    /// LZ4 in Hadoop framing (deprecated by the format).
    Lz4,
    /// Zstandard.
    Zstd,
    /// LZ4 block format.
    Lz4Raw,
    /// A number that the format does not define.
    Unknown(i32),
}

/// How values or levels are encoded: the `Encoding` of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// PLAIN
    Plain,
    /// PLAIN_DICTIONARY, the old name of dictionary pages and of their data pages.
    PlainDictionary,
    /// RLE: hybrid of runs and bit-packing.
    Rle,
    /// BIT_PACKED, deprecated, levels only.
    BitPacked,
    /// DELTA_BINARY_PACKED
    DeltaBinaryPacked,
    /// DELTA_LENGTH_BYTE_ARRAY
    DeltaLengthByteArray,
    /// DELTA_BYTE_ARRAY
    DeltaByteArray,
    /// RLE_DICTIONARY
    RleDictionary,
    /// BYTE_STREAM_SPLIT
    ByteStreamSplit,
    /// A number that this library does not know.
    Unknown(i32),
}

/// Some encodings, by their numbers in the format. Those from 64 on, which the format does not come near, are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EncodingSet(u64);

impl EncodingSet {
    /// A bit for each encoding: that of its number in the format.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Adds an encoding.
    pub fn insert(&mut self, encoding: Encoding) {
        let bit = u32::try_from(encoding.to_thrift()).ok().and_then(|number| 1u64.checked_shl(number));
        self.0 |= bit.unwrap_or(0);
    }

    /// True where `encoding` is among them.
    pub fn contains(self, encoding: Encoding) -> bool {
        self.iter().any(|own| own == encoding)
    }

    /// True where there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The encodings, by number.
    pub fn iter(self) -> impl Iterator<Item = Encoding> {
        (0..64).filter(move |number| self.0 >> number & 1 == 1).map(Encoding::from_thrift)
    }
}

impl Codec {
    /// From the number in the file.
    pub fn from_thrift(code: i32) -> Self {
        match code {
            0 => Self::Uncompressed,
            1 => Self::Snappy,
            2 => Self::Gzip,
            3 => Self::Lzo,
            4 => Self::Brotli,
            5 => Self::Lz4,
            6 => Self::Zstd,
            7 => Self::Lz4Raw,
            other => Self::Unknown(other),
        }
    }

    /// The number in the file.
    pub fn to_thrift(self) -> i32 {
        match self {
            Self::Uncompressed => 0,
            Self::Snappy => 1,
            Self::Gzip => 2,
            Self::Lzo => 3,
            Self::Brotli => 4,
            Self::Lz4 => 5,
            Self::Zstd => 6,
            Self::Lz4Raw => 7,
            Self::Unknown(other) => other,
        }
    }
}

impl Encoding {
    /// From the number in the file.
    pub fn from_thrift(code: i32) -> Self {
        match code {
            0 => Self::Plain,
            2 => Self::PlainDictionary,
            3 => Self::Rle,
            4 => Self::BitPacked,
            5 => Self::DeltaBinaryPacked,
            6 => Self::DeltaLengthByteArray,
            7 => Self::DeltaByteArray,
            8 => Self::RleDictionary,
            9 => Self::ByteStreamSplit,
            other => Self::Unknown(other),
        }
    }

    /// The number in the file.
    pub fn to_thrift(self) -> i32 {
        match self {
            Self::Plain => 0,
            Self::PlainDictionary => 2,
            Self::Rle => 3,
            Self::BitPacked => 4,
            Self::DeltaBinaryPacked => 5,
            Self::DeltaLengthByteArray => 6,
            Self::DeltaByteArray => 7,
            Self::RleDictionary => 8,
            Self::ByteStreamSplit => 9,
            Self::Unknown(other) => other,
        }
    }
}
