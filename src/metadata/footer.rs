//! The footer: `FileMetaData` read into [`Metadata`].
//!
//! What is read is checked for what the rest relies on (see [`crate::metadata`]); column chunks are passed over, to be
//! read when they are asked for ([`crate::metadata::chunks`]). Errors carry the file offset, and the row group and column
//! where they are in one.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::crypto::Algorithm;
use crate::error::{Error, Result};
use crate::metadata::chunk::{RawChunk, unsigned};
use crate::metadata::chunks::Chunks;
use crate::metadata::encryption::{Seal, read_algorithm};
use crate::metadata::schema_elements::{Builder, Element};
use crate::metadata::skim::Skimmer;
use crate::metadata::thrift::{Kind, Read, Reader};
use crate::metadata::{ColumnChunk, ColumnOrder, Metadata, RowGroup, SortingColumn, key_value};
use crate::schema::Schema;

/// No schema element of a leaf takes fewer bytes: type, repetition, and a name of one letter.
const LEAST_ELEMENT_BYTES: usize = 8;

/// A footer, and what it says of encryption.
pub(crate) struct ParsedFooter {
    pub metadata: Metadata,
    /// By what algorithm columns are encrypted, where the footer itself is not; inside, none for one that is not known.
    pub algorithm: Option<Option<Algorithm>>,
    /// What the key that signed the footer is found by.
    pub signing_key_metadata: Option<Vec<u8>>,
    /// The chunks that are encrypted.
    pub seals: Vec<SealedChunk>,
}

/// An encrypted chunk.
pub(crate) struct SealedChunk {
    /// Its place in the metadata.
    pub row_group: usize,
    /// Leaf column ordinal.
    pub column: usize,
    /// The ordinal that its row group had when it was encrypted.
    pub row_group_ordinal: usize,
    pub seal: Seal,
}

/// Parses the footer `bytes`, which lie at `footer_offset` of a file of `file_length` bytes.
pub(crate) fn parse(bytes: &Bytes, footer_offset: u64, file_length: u64) -> Result<ParsedFooter> {
    let mut footer = Footer {
        bytes,
        reader: Reader::new(bytes),
        offset: footer_offset,
        schema: None,
        skimmer: Skimmer::default(),
        seals: Vec::new(),
    };
    let (mut row_groups, mut algorithm, mut signing_key_metadata) = (None, None, None);
    let (mut version, mut created_by, mut key_value, mut column_orders) = (0, None, Vec::new(), Vec::new());
    let mut last_id = 0;
    while let Some(field) = footer.read("footer", |reader| reader.field(&mut last_id))? {
        match (field.id, field.kind) {
            (1, Kind::I32) => version = footer.read("footer", Reader::i32)?,
            (2, Kind::List) => footer.read_schema(bytes.len())?,
            (4, Kind::List) => row_groups = Some(footer.row_groups()?),
            (5, Kind::List) => key_value = footer.read("key-value metadata", key_value::read_list)?,
            (6, Kind::Binary) => created_by = Some(footer.read("footer", Reader::string)?),
            (7, Kind::List) => column_orders = footer.read("column orders", ColumnOrder::read_list)?,
            (8, Kind::Struct) => algorithm = Some(footer.read("encryption algorithm", read_algorithm)?),
            (9, Kind::Binary) => signing_key_metadata = Some(footer.read("footer", Reader::binary)?.to_vec()),
            (_, kind) => footer.read("footer", |reader| reader.skip(kind))?,
        }
    }
    let lacking = |what: &str| Error::corrupt(format!("the footer has no {what}")).at_offset(footer_offset);
    let schema = footer.schema.ok_or_else(|| lacking("schema"))?;
    let row_groups = row_groups.ok_or_else(|| lacking("list of row groups"))?;
    check_chunk_counts(&row_groups, &schema).map_err(|error| error.at_offset(footer_offset))?;
    let metadata = Metadata {
        file_length,
        version,
        created_by,
        key_value,
        schema,
        column_orders,
        row_groups,
        thrift: bytes.clone(),
        footer_offset,
        hinted_types: OnceLock::new(),
    };
    Ok(ParsedFooter { metadata, algorithm, signing_key_metadata, seals: footer.seals })
}

/// Every row group has one chunk per leaf.
fn check_chunk_counts(row_groups: &[RowGroup], schema: &Schema) -> Result<()> {
    let leaves = schema.leaves.len();
    match row_groups.iter().enumerate().find(|(_, group)| group.chunks.len() != leaves) {
        None => Ok(()),
        Some((ordinal, group)) => {
            let chunks = group.chunks.len();
            let message = format!("the row group has {chunks} column chunks, the schema {leaves} leaf columns");
            Err(Error::corrupt(message).in_row_group(ordinal))
        }
    }
}

/// Where reading is, and what errors are told with.
struct Footer<'a> {
    bytes: &'a [u8],
    reader: Reader<'a>,
    /// Where the footer lies in the file.
    offset: u64,
    /// The schema, once it was read.
    schema: Option<Schema>,
    /// Passes over column chunks.
    skimmer: Skimmer,
    /// The encrypted chunks met so far.
    seals: Vec<SealedChunk>,
}

impl<'a> Footer<'a> {
    /// Reads something, with its place in the error.
    fn read<T>(&mut self, what: &str, read: impl FnOnce(&mut Reader<'a>) -> Read<T>) -> Result<T> {
        read(&mut self.reader).map_err(|failure| failure.into_error(what).at_offset(self.position()))
    }

    fn position(&self) -> u64 {
        self.offset.saturating_add(self.reader.position() as u64)
    }

    fn read_schema(&mut self, footer_bytes: usize) -> Result<()> {
        let start = self.position();
        let count = self.read("schema", Reader::list_of_structs)?;
        let mut builder = Builder::new(footer_bytes, count.min(self.reader.rest_bytes() / LEAST_ELEMENT_BYTES));
        for _ in 0..count {
            let start = self.position();
            let element = self.read("schema", Element::read)?;
            builder.add(element).map_err(|error| error.at_offset(start))?;
        }
        self.schema = Some(builder.finish().map_err(|error| error.at_offset(start))?);
        Ok(())
    }

    fn row_groups(&mut self) -> Result<Vec<RowGroup>> {
        let list = self.read("list of row groups", Reader::list_of_structs)?;
        let mut row_groups = Vec::new();
        for ordinal in 0..list {
            row_groups.push(self.row_group(ordinal).map_err(|error| error.in_row_group(ordinal))?);
        }
        Ok(row_groups)
    }

    fn row_group(&mut self, ordinal: usize) -> Result<RowGroup> {
        let start = self.position();
        let seals_before = self.seals.len();
        let mut row_group_ordinal = ordinal;
        let (mut chunks, mut sorting_columns) = (Chunks::default(), Vec::new());
        let (mut total_byte_size, mut row_count) = (None, None);
        let mut last_id = 0;
        while let Some(field) = self.read("row group", |reader| reader.field(&mut last_id))? {
            match (field.id, field.kind) {
                (1, Kind::List) => chunks = self.chunks(ordinal)?,
                (2, Kind::I64) => total_byte_size = Some(self.read("row group", Reader::i64)?),
                (3, Kind::I64) => row_count = Some(self.read("row group", Reader::i64)?),
                (4, Kind::List) => sorting_columns = self.read("sorting columns", SortingColumn::read_list)?,
                (7, Kind::I16) => {
                    row_group_ordinal = self.read("row group", Reader::i16)?.try_into().unwrap_or(ordinal)
                }
                (_, kind) => self.read("row group", |reader| reader.skip(kind))?,
            }
        }
        let seals = self.seals.iter_mut().skip(seals_before);
        seals.for_each(|sealed| sealed.row_group_ordinal = row_group_ordinal);
        let count = |what, value| unsigned("row group", what, value).map_err(|error| error.at_offset(start));
        Ok(RowGroup {
            row_count: count("number of rows", row_count)?,
            total_byte_size: count("total byte size", total_byte_size)?,
            chunks,
            sorting_columns,
        })
    }

    /// Passes over the chunks of a row group. Those that are encrypted are read, for they have to be opened.
    fn chunks(&mut self, row_group: usize) -> Result<Chunks> {
        let count = self.read("list of column chunks", Reader::list_of_structs)?;
        let leaf_count = self.schema.as_ref().map_or(0, |schema| schema.leaves.len());
        let mut starts = Vec::with_capacity(count.min(leaf_count));
        let (mut have_index, mut sealed) = (false, Vec::new());
        for ordinal in 0..count {
            let start = self.reader.position();
            starts.push(u32::try_from(start).map_err(|_| Error::limit("the footer is longer than 4 GiB"))?);
            let passed = self.skimmer.pass(&mut self.reader, ordinal).map_err(|failure| {
                let error = failure.into_error("column chunk").at_offset(self.position());
                self.in_column(error, ordinal)
            });
            let notes = passed?;
            have_index |= notes.has_index;
            if notes.is_sealed {
                sealed.push((ordinal, self.sealed(start, row_group, ordinal)?));
            }
        }
        let mut chunks = Chunks::new(starts, have_index);
        sealed.into_iter().for_each(|(ordinal, chunk)| chunks.put(ordinal, chunk));
        Ok(chunks)
    }

    /// Reads an encrypted chunk, as far as that goes before it is opened.
    fn sealed(&mut self, start: usize, row_group: usize, column: usize) -> Result<ColumnChunk> {
        let mut reader = Reader::new(self.bytes);
        let skipped = reader.advance(start);
        let start = self.offset.saturating_add(start as u64);
        let raw =
            skipped.and_then(|()| RawChunk::read(&mut reader)).map_err(|failure| failure.into_error("column chunk"));
        let chunk = raw.and_then(|mut raw| {
            let seal = raw.seal.take();
            let sealed = |seal| SealedChunk { row_group, column, row_group_ordinal: row_group, seal };
            self.seals.extend(seal.map(sealed));
            raw.checked()
        });
        chunk.map_err(|error| self.in_column(error.at_offset(start), column))
    }

    fn in_column(&self, error: Error, ordinal: usize) -> Error {
        match self.schema.as_ref().and_then(|schema| schema.leaves.get(ordinal)) {
            Some(leaf) => error.in_column(ordinal, leaf.dotted_path()),
            None => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::byte_range::ByteRange;
    use crate::error::ErrorKind;
    use crate::metadata::testing::{
        Record, chunk, chunk_metadata, chunk_metadata_with, footer, leaf, open_footer, root, row_group,
    };
    use crate::metadata::{Codec, Encoding};

    const FOOTER_OFFSET: u64 = 1000;

    fn parsed(bytes: &[u8]) -> Result<Metadata> {
        parse(&Bytes::copy_from_slice(bytes), FOOTER_OFFSET, FOOTER_OFFSET + bytes.len() as u64 + 8)
            .map(|parsed| parsed.metadata)
    }

    fn with_chunks(chunks: Vec<Record>) -> Result<Metadata> {
        let leaves = (0..chunks.len()).map(|ordinal| leaf(&format!("c{ordinal}"), 0));
        let elements = [root(chunks.len() as i32)].into_iter().chain(leaves).collect();
        parsed(&footer(elements, vec![row_group(10, chunks)]))
    }

    /// The file whose one chunk is this, written by `created_by`.
    fn with_one_chunk(chunk: Record, created_by: &str) -> Metadata {
        let footer = open_footer(vec![root(1), leaf("a", 0)], vec![row_group(10, vec![chunk])]);
        parsed(&footer.binary(6, created_by.as_bytes()).finish()).unwrap()
    }

    fn dictionary_chunk(dictionary: i64, data: i64) -> Record {
        let metadata = chunk_metadata(100).i64(9, data).i64(11, dictionary);
        Record::new().i64(2, 0).record(3, metadata)
    }

    #[test]
    fn what_the_footer_says_is_told() {
        let pair = |key: &str| Record::new().binary(1, key.as_bytes());
        let groups = vec![row_group(10, vec![chunk(4, 100)]), row_group(0, vec![chunk(104, 50)])];
        let footer = open_footer(vec![root(1), leaf("a", 1)], groups)
            .records(5, vec![pair("k").binary(2, b"v"), pair("k"), Record::new()])
            .binary(6, b"writer");
        let metadata = parsed(&footer.finish()).unwrap();
        assert_eq!((metadata.version, metadata.created_by.as_deref()), (2, Some("writer")));
        let pairs: Vec<_> = metadata.key_value.iter().map(|pair| (pair.key.as_str(), pair.value.as_deref())).collect();
        assert_eq!(pairs, [("k", Some("v")), ("k", None)]);
        assert_eq!(metadata.row_count(), 10);
        let chunk = metadata.chunk(0, 0).unwrap();
        assert_eq!((chunk.codec, chunk.value_count, chunk.compressed_bytes), (Codec::Uncompressed, 10, 100));
        assert_eq!(chunk.encodings.iter().collect::<Vec<_>>(), [Encoding::Plain, Encoding::Rle]);
        assert_eq!(chunk.byte_range(metadata.file_length).unwrap(), ByteRange { offset: 4, length: 100 });
        assert!(!chunk.encrypted && !chunk.external && chunk.offset_index_range.is_none());
    }

    #[test]
    fn d13_a_dictionary_offset_that_cannot_be_is_absent() {
        for (offset, expected) in [(4, Some(4)), (0, None), (3, None), (20, None), (30, None), (-1, None)] {
            let metadata = with_one_chunk(dictionary_chunk(offset, 20), "");
            let chunk = metadata.chunk(0, 0).unwrap();
            assert_eq!(chunk.dictionary_page_offset, expected, "{offset}");
            let start = expected.unwrap_or(20);
            assert_eq!(chunk.byte_range(2000).unwrap(), ByteRange { offset: start, length: 100 });
        }
    }

    #[test]
    fn old_writers_did_not_count_the_header_of_the_dictionary_page() {
        for (created_by, unaccounted) in [
            ("parquet-mr", 100),
            ("parquet-mr version 1.2.8", 100),
            ("parquet-mr version 1.2.8-cdh5 (build 1)", 100),
            ("parquet-mr version 1.2.9", 0),
            ("parquet-mr version 1.10.0", 0),
            ("parquet-cpp version 1.2.0", 0),
            ("parquet-mr version 1", 0),
            ("", 0),
        ] {
            let metadata = with_one_chunk(dictionary_chunk(4, 20), created_by);
            let chunk = metadata.chunk(0, 0).unwrap();
            assert_eq!((chunk.compressed_bytes, chunk.unaccounted_bytes), (100, unaccounted), "{created_by}");
            assert_eq!(chunk.byte_range(2000).unwrap().length, 100 + unaccounted);
        }
        let metadata = with_one_chunk(dictionary_chunk(870, 890), "parquet-mr");
        let before_the_footer = metadata.chunk(0, 0).unwrap();
        assert_eq!(before_the_footer.unaccounted_bytes, 30);
        let told = |encodings| chunk_metadata_with(encodings, 100).i64(9, 4);
        for (encodings, unaccounted) in [(&[0, 3][..], 0), (&[0, 2, 3], 100), (&[], 100)] {
            let metadata = with_one_chunk(Record::new().i64(2, 0).record(3, told(encodings)), "parquet-mr");
            let chunk = metadata.chunk(0, 0).unwrap();
            assert_eq!(chunk.unaccounted_bytes, unaccounted, "{encodings:?}");
        }
    }

    #[test]
    fn a_chunk_outside_the_file_spoils_no_other() {
        let metadata = with_chunks(vec![chunk(4, 100), chunk(104, 10_000), chunk(2, 10), chunk(i64::MAX, i64::MAX)]);
        let metadata = metadata.unwrap();
        let ranges = metadata.chunks(0).map(|chunk| chunk.unwrap().byte_range(metadata.file_length));
        assert_eq!(ranges.map(|range| range.is_ok()).collect::<Vec<_>>(), [true, false, false, false]);
    }

    #[test]
    fn negative_and_missing_numbers_are_corrupt_and_named() {
        let with = |metadata: Record| vec![chunk(4, 10), Record::new().i64(2, 0).record(3, metadata)];
        for (chunks, message) in [
            (with(chunk_metadata(-1).i64(9, 4)), "the compressed size of a column chunk is -1"),
            (with(chunk_metadata(1).i64(9, -4)), "the offset of the first data page of a column chunk is -4"),
            (with(chunk_metadata(1)), "a column chunk lacks its offset of the first data page"),
            (with(Record::new().i64(9, 4)), "a column chunk lacks its codec"),
            (vec![chunk(4, 10), Record::new().i64(2, 0)], "a column chunk lacks its metadata"),
        ] {
            let metadata = with_chunks(chunks).unwrap();
            assert_eq!(metadata.chunk(0, 0).unwrap().compressed_bytes, 10, "one bad column spoils no other");
            let error = metadata.chunk(0, 1).unwrap_err();
            assert_eq!((error.kind(), error.message()), (ErrorKind::Corrupt, message));
            assert_eq!((error.row_group(), error.column()), (Some(0), Some(1)));
            assert!(error.file_offset().is_some_and(|offset| offset > FOOTER_OFFSET));
            let again = metadata.chunk(0, 1).unwrap_err();
            assert_eq!(format!("{again:?}"), format!("{error:?}"));
        }
        let error = parsed(&footer(vec![root(1), leaf("a", 0)], vec![row_group(-1, vec![chunk(4, 10)])])).unwrap_err();
        assert_eq!((error.kind(), error.row_group()), (ErrorKind::Corrupt, Some(0)));
    }

    #[test]
    fn a_row_group_has_one_chunk_a_leaf() {
        for chunks in [0, 1, 3] {
            let chunks = (0..chunks).map(|_| chunk(4, 10)).collect();
            let groups = vec![row_group(10, vec![chunk(4, 10), chunk(4, 10)]), row_group(10, chunks)];
            let error = parsed(&footer(vec![root(2), leaf("a", 0), leaf("b", 0)], groups)).unwrap_err();
            assert_eq!((error.kind(), error.row_group()), (ErrorKind::Corrupt, Some(1)), "{error}");
        }
    }

    #[test]
    fn a_footer_cut_anywhere_or_empty_is_corrupt() {
        let whole = footer(vec![root(1), leaf("a", 0)], vec![row_group(10, vec![chunk(4, 10)])]);
        for length in 0..whole.len() {
            assert_eq!(parsed(&whole[..length]).unwrap_err().kind(), ErrorKind::Corrupt, "{length} bytes");
        }
        assert!(parsed(&[whole, vec![0; 28]].concat()).is_ok(), "a signature may follow");
        assert_eq!(parsed(&[0]).unwrap_err().message(), "the footer has no schema");
        let no_groups = Record::new().records(2, vec![root(1), leaf("a", 0)]).finish();
        assert_eq!(parsed(&no_groups).unwrap_err().message(), "the footer has no list of row groups");
    }

    #[test]
    fn encrypted_and_external_chunks_are_marked() {
        let crypto = || Record::new().record(1, Record::new());
        let metadata = with_chunks(vec![
            chunk(4, 10).record(8, crypto()),
            Record::new().i64(2, 0).record(8, crypto()),
            Record::new().binary(1, b"other.parquet").i64(2, 0).record(3, chunk_metadata(10).i64(9, 4)),
            Record::new().binary(1, b"").i64(2, 0).record(3, chunk_metadata(10).i64(9, 4)),
        ]);
        let metadata = metadata.unwrap();
        let marks: Vec<_> =
            metadata.chunks(0).map(|chunk| chunk.unwrap()).map(|chunk| (chunk.encrypted, chunk.external)).collect();
        assert_eq!(marks, [(true, false), (true, false), (false, true), (false, false)]);
    }

    #[test]
    fn fields_of_another_type_are_passed_over() {
        let odd = Record::new().binary(1, b"version").records(2, vec![root(1), leaf("a", 0).binary(9, b"id")]);
        let odd = odd.binary(3, b"rows").records(4, vec![row_group(10, vec![chunk(4, 10).binary(5, b"x")]).i64(7, 1)]);
        let metadata = parsed(&odd.i32(5, 1).i32(6, 2).finish()).unwrap();
        assert_eq!((metadata.version, metadata.created_by, metadata.key_value.len()), (0, None, 0));
        assert_eq!(metadata.schema.nodes[1].field_id, None);
    }
}
