//! A column chunk of the footer: `ColumnChunk` and the `ColumnMetaData` in it, also where those are encrypted.

use crate::byte_range::ByteRange;
use crate::error::{Error, Result};
use crate::metadata::encryption::{Seal, read_seal};
use crate::metadata::thrift::{Kind, Read, Reader};
use crate::metadata::{Codec, ColumnChunk, Encoding, EncodingSet};

/// Length of the leading magic: nothing else can lie there.
const MAGIC_BYTES: u64 = 4;

/// What parquet-mr before 1.2.9 may have left out of the size of a chunk: the header of its dictionary page, which is
/// no longer than this (PARQUET-816).
const LARGEST_DICTIONARY_HEADER_BYTES: u64 = 100;

/// Replaces what is known of an encrypted chunk by its column metadata, which will begin at `start` of
/// [`Metadata::thrift`](crate::Metadata::thrift).
pub(super) fn complete(chunk: &mut ColumnChunk, metadata: &[u8], start: usize) -> Result<()> {
    let mut raw = RawChunk::default();
    let read = raw.read_metadata(&mut Reader::new(metadata));
    read.map_err(|failure| failure.into_error("column metadata"))?;
    raw.metadata_start = Some(start);
    let places = (chunk.offset_index_range, chunk.column_index_range);
    let (external, encrypted) = (chunk.external, chunk.encrypted);
    *chunk = raw.checked()?;
    (chunk.offset_index_range, chunk.column_index_range) = places;
    (chunk.external, chunk.encrypted) = (external, encrypted);
    Ok(())
}

/// The fields of `ColumnChunk` and of the `ColumnMetaData` in it, as they come.
#[derive(Default)]
pub(super) struct RawChunk {
    has_metadata: bool,
    /// Where they begin in the footer.
    metadata_start: Option<usize>,
    codec: Option<i32>,
    encodings: EncodingSet,
    /// Of its data pages, whether all are encoded by a dictionary; none where nothing is said of each encoding's pages.
    page_encodings_are_codes: Option<bool>,
    value_count: Option<i64>,
    compressed_bytes: Option<i64>,
    uncompressed_bytes: Option<i64>,
    data_page_offset: Option<i64>,
    dictionary_page_offset: Option<i64>,
    bloom_filter_offset: Option<i64>,
    bloom_filter_length: Option<i32>,
    offset_index_offset: Option<i64>,
    offset_index_length: Option<i32>,
    column_index_offset: Option<i64>,
    column_index_length: Option<i32>,
    external: bool,
    encrypted: bool,
    /// What is said of its encryption, with the column metadata where those are encrypted.
    pub(super) seal: Option<Seal>,
    encrypted_metadata: Option<Vec<u8>>,
}

impl RawChunk {
    pub(super) fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let mut raw = Self::default();
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::Binary) => raw.external = !reader.binary()?.is_empty(),
                (3, Kind::Struct) => raw.read_metadata(reader)?,
                (4, Kind::I64) => raw.offset_index_offset = Some(reader.i64()?),
                (5, Kind::I32) => raw.offset_index_length = Some(reader.i32()?),
                (6, Kind::I64) => raw.column_index_offset = Some(reader.i64()?),
                (7, Kind::I32) => raw.column_index_length = Some(reader.i32()?),
                (8, Kind::Struct) => {
                    raw.encrypted = true;
                    raw.seal = Some(read_seal(reader)?);
                }
                (9, Kind::Binary) => raw.encrypted_metadata = Some(reader.binary()?.to_vec()),
                (_, kind) => reader.skip(kind)?,
            }
        }
        if let Some(seal) = &mut raw.seal {
            seal.metadata = raw.encrypted_metadata.take();
        }
        Ok(raw)
    }

    fn read_metadata(&mut self, reader: &mut Reader<'_>) -> Read<()> {
        self.has_metadata = true;
        self.metadata_start = Some(reader.position());
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (2, Kind::List) => self.encodings = read_encodings(reader)?,
                (4, Kind::I32) => self.codec = Some(reader.i32()?),
                (5, Kind::I64) => self.value_count = Some(reader.i64()?),
                (6, Kind::I64) => self.uncompressed_bytes = Some(reader.i64()?),
                (7, Kind::I64) => self.compressed_bytes = Some(reader.i64()?),
                (9, Kind::I64) => self.data_page_offset = Some(reader.i64()?),
                (11, Kind::I64) => self.dictionary_page_offset = Some(reader.i64()?),
                (13, Kind::List) => self.page_encodings_are_codes = read_page_encodings(reader)?,
                (14, Kind::I64) => self.bloom_filter_offset = Some(reader.i64()?),
                (15, Kind::I32) => self.bloom_filter_length = Some(reader.i32()?),
                (_, kind) => reader.skip(kind)?,
            }
        }
        Ok(())
    }

    pub(super) fn checked(self) -> Result<ColumnChunk> {
        if !self.has_metadata {
            return self.sealed();
        }
        let count = |what, value| unsigned("column chunk", what, value);
        let data_page_offset = count("offset of the first data page", self.data_page_offset)?;
        let dictionary = self.dictionary_page_offset.and_then(|offset| u64::try_from(offset).ok());
        let codec = self.codec.ok_or_else(|| Error::corrupt("a column chunk lacks its codec"))?;
        Ok(ColumnChunk {
            is_all_codes: self.page_encodings_are_codes.unwrap_or_else(|| are_old_codes(self.encodings)),
            codec: Codec::from_thrift(codec),
            value_count: count("number of values", self.value_count)?,
            compressed_bytes: count("compressed size", self.compressed_bytes)?,
            unaccounted_bytes: 0,
            uncompressed_bytes: count("uncompressed size", self.uncompressed_bytes)?,
            data_page_offset,
            dictionary_page_offset: dictionary.filter(|&offset| (MAGIC_BYTES..data_page_offset).contains(&offset)),
            bloom_filter_offset: self.bloom_filter_offset.and_then(positive),
            bloom_filter_length: self.bloom_filter_length.and_then(positive),
            offset_index_range: range(self.offset_index_offset, self.offset_index_length),
            column_index_range: range(self.column_index_offset, self.column_index_length),
            page_index: None,
            metadata_start: self.metadata_start,
            external: self.external,
            encrypted: self.encrypted,
            lock: None,
            encodings: self.encodings,
        })
    }

    /// A chunk whose metadata are encrypted too: all that is known of it is that.
    fn sealed(self) -> Result<ColumnChunk> {
        if !self.encrypted {
            return Err(Error::corrupt("a column chunk lacks its metadata"));
        }
        Self {
            has_metadata: true,
            codec: Some(0),
            value_count: Some(0),
            compressed_bytes: Some(0),
            uncompressed_bytes: Some(0),
            data_page_offset: Some(0),
            ..self
        }
        .checked()
    }
}

fn read_encodings(reader: &mut Reader<'_>) -> Read<EncodingSet> {
    let list = reader.list()?;
    if list.element != Kind::I32 {
        reader.skip_elements(list)?;
        return Ok(EncodingSet::default());
    }
    let mut encodings = EncodingSet::default();
    for _ in 0..list.count {
        encodings.insert(Encoding::from_thrift(reader.i32()?));
    }
    Ok(encodings)
}

/// The `PageEncodingStats`: whether all data pages are encoded by a dictionary, of which there must be some.
fn read_page_encodings(reader: &mut Reader<'_>) -> Read<Option<bool>> {
    let list = reader.list()?;
    if list.element != Kind::Struct {
        reader.skip_elements(list)?;
        return Ok(None);
    }
    let mut are_codes = None;
    for _ in 0..list.count {
        let (mut page_type, mut encoding, mut count, mut last_id) = (None, None, 0, 0);
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::I32) => page_type = Some(reader.i32()?),
                (2, Kind::I32) => encoding = Some(Encoding::from_thrift(reader.i32()?)),
                (3, Kind::I32) => count = reader.i32()?,
                (_, kind) => reader.skip(kind)?,
            }
        }
        // 0 and 3 are data pages of either version.
        if matches!(page_type, Some(0 | 3)) && count != 0 {
            let is_code = encoding.is_some_and(|encoding| is_code(&encoding));
            are_codes = Some(is_code && are_codes.unwrap_or(true));
        }
    }
    Ok(are_codes)
}

fn is_code(encoding: &Encoding) -> bool {
    matches!(encoding, Encoding::PlainDictionary | Encoding::RleDictionary)
}

/// Old writers list PLAIN only where a page of values is PLAIN: their dictionary pages are PLAIN_DICTIONARY too.
fn are_old_codes(encodings: EncodingSet) -> bool {
    let is_of_levels = |encoding: Encoding| matches!(encoding, Encoding::Rle | Encoding::BitPacked);
    let has_codes = encodings.contains(Encoding::PlainDictionary);
    has_codes && encodings.iter().all(|encoding| is_of_levels(encoding) || encoding == Encoding::PlainDictionary)
}

/// A number that has to be there and not to be negative.
pub(super) fn unsigned(of: &str, what: &str, value: Option<i64>) -> Result<u64> {
    let value = value.ok_or_else(|| Error::corrupt(format!("a {of} lacks its {what}")))?;
    u64::try_from(value).map_err(|_| Error::corrupt(format!("the {what} of a {of} is {value}")))
}

fn positive(value: impl TryInto<u64>) -> Option<u64> {
    value.try_into().ok().filter(|&value| value > 0)
}

/// Where something lies that may be absent.
fn range(offset: Option<i64>, length: Option<i32>) -> Option<ByteRange> {
    ByteRange::new(offset.and_then(positive)?, length.and_then(positive)?)
}

/// True for parquet-mr before 1.2.9, which gave its version at first not at all.
pub(super) fn leaves_out_dictionary_headers(created_by: &str) -> bool {
    let Some(version) = created_by.strip_prefix("parquet-mr version ") else { return created_by == "parquet-mr" };
    let digits_end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    let mut numbers = version.get(..digits_end).unwrap_or_default().split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch))) => (major, minor, patch) < (1, 2, 9),
        _ => false,
    }
}

/// Allows a chunk that may have a dictionary what the header of the dictionary page may take, up to the footer.
pub(super) fn extend(chunk: &mut ColumnChunk, footer_offset: u64) {
    let dictionary_encoded = |encoding| matches!(encoding, Encoding::PlainDictionary | Encoding::RleDictionary);
    let untold = chunk.encodings.is_empty();
    if chunk.dictionary_page_offset.is_some() || untold || chunk.encodings.iter().any(dictionary_encoded) {
        let start = chunk.dictionary_page_offset.unwrap_or(chunk.data_page_offset);
        let room = footer_offset.saturating_sub(start.saturating_add(chunk.compressed_bytes));
        chunk.unaccounted_bytes = room.min(LARGEST_DICTIONARY_HEADER_BYTES);
    }
}
