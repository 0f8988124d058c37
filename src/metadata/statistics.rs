//! What the footer says about the values of a column chunk, read when somebody asks.
//!
//! Most statistics of most files are never looked at, and they are a large part of a footer. So opening a file passes
//! over them, checking no more than that they are well-formed thrift; [`Metadata`] keeps the bytes of the footer, each chunk
//! where in them its metadata begin, and [`Metadata::chunk_details`] reads them from there without copying a bound.
//!
//! Here stands what the file says. What of it can be relied on is the business of [`crate::metadata::order`].

use crate::metadata::thrift::{Kind, Read, Reader};
use crate::metadata::{KeyValue, Metadata, key_value};

/// What a chunk says beyond what it takes to read it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChunkDetails<'a> {
    /// Bounds and counts of its values, where the file has them.
    pub statistics: Option<Statistics<'a>>,
    /// How much its values take in memory, where the file says.
    pub size_statistics: Option<SizeStatistics>,
    /// Key-value metadata of the chunk in file order; keys may repeat.
    pub key_value: Vec<KeyValue>,
}

/// Bounds and counts of the values of a chunk, as the file has them. Bounds are PLAIN without length prefix.
///
/// Whether a bound can be relied on depends on the column: see [`Metadata::trusted_bounds`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics<'a> {
    /// `min_value`: no value is less in the column's order.
    pub min: Option<&'a [u8]>,
    /// `max_value`: no value is greater in the column's order.
    pub max: Option<&'a [u8]>,
    /// `min`, which old writers gave in an order of their own.
    pub deprecated_min: Option<&'a [u8]>,
    /// `max`, likewise.
    pub deprecated_max: Option<&'a [u8]>,
    /// The minimum is a value of the column; false where it may have been cut off.
    pub is_min_exact: Option<bool>,
    /// The maximum is a value of the column; false where it may have been cut off.
    pub is_max_exact: Option<bool>,
    /// Number of nulls.
    pub null_count: Option<u64>,
    /// Number of distinct values that are not null.
    pub distinct_count: Option<u64>,
    /// Number of values that are NaN.
    pub nan_count: Option<u64>,
}

/// How much the values of a chunk or page take, and how they are nested.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SizeStatistics {
    /// Bytes of all BYTE_ARRAY values without lengths, before any encoding.
    pub unencoded_bytes: Option<u64>,
    /// How many values have each repetition level, from 0 up; empty where the file does not say.
    pub repetition_levels: Vec<u64>,
    /// How many values have each definition level, from 0 up; empty where the file does not say.
    pub definition_levels: Vec<u64>,
}

impl Metadata {
    /// What the file says about the values of a chunk. Nothing where there is no such chunk, and where its metadata are
    /// encrypted and were not opened or cannot be read.
    pub fn chunk_details(&self, row_group: usize, column: usize) -> ChunkDetails<'_> {
        let chunk = self.chunk(row_group, column).ok();
        let bytes = chunk.and_then(|chunk| self.thrift.get(chunk.metadata_start?..));
        // The same bytes were passed over when the footer was read. What fails here is a number too large for its field,
        // in statistics that are then worth nothing.
        bytes.and_then(|bytes| ChunkDetails::read(&mut Reader::new(bytes)).ok()).unwrap_or_default()
    }
}

impl<'a> ChunkDetails<'a> {
    /// Reads a `ColumnMetaData`.
    fn read(reader: &mut Reader<'a>) -> Read<Self> {
        let mut details = Self::default();
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (8, Kind::List) => details.key_value = key_value::read_list(reader)?,
                (12, Kind::Struct) => details.statistics = Some(Statistics::read(reader)?),
                (16, Kind::Struct) => details.size_statistics = Some(SizeStatistics::read(reader)?),
                (_, kind) => reader.skip(kind)?,
            }
        }
        Ok(details)
    }
}

impl<'a> Statistics<'a> {
    fn read(reader: &mut Reader<'a>) -> Read<Self> {
        let mut statistics = Self::default();
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::Binary) => statistics.deprecated_max = Some(reader.binary()?),
                (2, Kind::Binary) => statistics.deprecated_min = Some(reader.binary()?),
                (3, Kind::I64) => statistics.null_count = u64::try_from(reader.i64()?).ok(),
                (4, Kind::I64) => statistics.distinct_count = u64::try_from(reader.i64()?).ok(),
                (5, Kind::Binary) => statistics.max = Some(reader.binary()?),
                (6, Kind::Binary) => statistics.min = Some(reader.binary()?),
                (7, kind @ (Kind::True | Kind::False)) => statistics.is_max_exact = Some(kind == Kind::True),
                (8, kind @ (Kind::True | Kind::False)) => statistics.is_min_exact = Some(kind == Kind::True),
                (9, Kind::I64) => statistics.nan_count = u64::try_from(reader.i64()?).ok(),
                (_, kind) => reader.skip(kind)?,
            }
        }
        Ok(statistics)
    }
}

impl SizeStatistics {
    fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let mut sizes = Self::default();
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::I64) => sizes.unencoded_bytes = u64::try_from(reader.i64()?).ok(),
                (2, Kind::List) => sizes.repetition_levels = reader.counts()?.unwrap_or_default(),
                (3, Kind::List) => sizes.definition_levels = reader.counts()?.unwrap_or_default(),
                (_, kind) => reader.skip(kind)?,
            }
        }
        Ok(sizes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::footer;
    use crate::metadata::testing::{Record, chunk_metadata, leaf, open_footer, root, row_group};

    /// The metadata of a file whose one chunk has these fields in its metadata.
    fn with_chunk(fields: impl FnOnce(Record) -> Record) -> Metadata {
        let chunk = Record::new().i64(2, 0).record(3, fields(chunk_metadata(10)));
        let bytes = open_footer(vec![root(1), leaf("a", 1)], vec![row_group(10, vec![chunk])]).finish();
        footer::parse(&bytes.into(), 100, 1000).unwrap().metadata
    }

    #[test]
    fn statistics_are_what_the_file_says() {
        let statistics = Record::new().binary(1, b"old").binary(2, b"").i64(3, 4).i64(4, 5).binary(5, b"max");
        let statistics = statistics.binary(6, b"min").boolean(7, true).boolean(8, false).i64(9, 6);
        let pair = Record::new().binary(1, b"k").binary(2, b"v");
        let metadata = with_chunk(|chunk| chunk.records(8, vec![pair]).i64(9, 4).record(12, statistics));
        let details = metadata.chunk_details(0, 0);
        let expected = Statistics {
            min: Some(b"min"),
            max: Some(b"max"),
            deprecated_min: Some(b""),
            deprecated_max: Some(b"old"),
            is_min_exact: Some(false),
            is_max_exact: Some(true),
            null_count: Some(4),
            distinct_count: Some(5),
            nan_count: Some(6),
        };
        assert_eq!(details.statistics, Some(expected));
        assert_eq!(details.key_value, [KeyValue { key: "k".to_owned(), value: Some("v".to_owned()) }]);
        assert_eq!(details.size_statistics, None);
    }

    #[test]
    fn size_statistics_have_levels() {
        let sizes = Record::new().i64(1, 77).i64s(2, &[5]).i64s(3, &[1, 4]);
        let metadata = with_chunk(|chunk| chunk.i64(9, 4).record(16, sizes));
        let expected =
            SizeStatistics { unencoded_bytes: Some(77), repetition_levels: vec![5], definition_levels: vec![1, 4] };
        assert_eq!(metadata.chunk_details(0, 0).size_statistics, Some(expected));
        let negative = Record::new().i64(1, -1).i64s(3, &[1, -4]);
        let metadata = with_chunk(|chunk| chunk.i64(9, 4).record(16, negative));
        assert_eq!(metadata.chunk_details(0, 0).size_statistics, Some(SizeStatistics::default()));
    }

    #[test]
    fn what_cannot_be_is_not_told_and_harms_nothing() {
        let statistics = Record::new().i32(1, 7).i64(3, -1).i64(4, i64::MIN).binary(6, b"min").i32(7, 1);
        let metadata = with_chunk(|chunk| chunk.i64(9, 4).record(12, statistics));
        let expected = Statistics { min: Some(b"min"), ..Statistics::default() };
        assert_eq!(metadata.chunk_details(0, 0).statistics, Some(expected));
        assert_eq!(metadata.chunk_details(0, 1), ChunkDetails::default());
        assert_eq!(metadata.chunk_details(1, 0), ChunkDetails::default());
        assert_eq!(with_chunk(|chunk| chunk.i64(9, 4)).chunk_details(0, 0), ChunkDetails::default());
    }
}
