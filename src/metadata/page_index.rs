//! The page index of a column chunk: where each data page lies and which rows it holds (offset index), and what its
//! values are bounded by (column index).
//!
//! An index is an aid: it is believed only where it agrees with the footer and with itself, and where it does not, the
//! chunk is read without it. So parsing gives either an index that all may rely on, or an error.

use std::borrow::Cow;
use std::sync::OnceLock;

use bytes::Bytes;

use crate::byte_range::ByteRange;
use crate::crypto::Module;
use crate::error::{Error, Result};
use crate::metadata::ColumnChunk;
use crate::metadata::thrift::{Failure, Kind, List, Read, Reader};

/// Where the data pages of one chunk lie: at least one, each right behind the one before it, the last one up to the end
/// of the chunk; in front of the first there may be a dictionary page.
///
/// The first one begins with row 0, and no page begins before the one in front of it or behind the last row. Pages that
/// begin with the same row are legal: all but the last of them hold no row. Not all pages of several do so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetIndex {
    /// One entry a data page, in file order.
    pub pages: Vec<PageLocation>,
    /// Bytes of the BYTE_ARRAY values of each page without lengths, before any encoding, where the file says.
    pub unencoded_bytes: Option<Vec<u64>>,
}

impl OffsetIndex {
    /// True where it can be gone by: every page lies in the bytes of the chunk and begins at a row of the row group.
    pub(crate) fn fits(&self, chunk: ByteRange, row_count: u64) -> bool {
        self.pages.iter().all(|page| {
            let range = ByteRange::new(page.offset, page.compressed_bytes);
            page.first_row < row_count && range.is_some_and(|range| chunk.contains(range))
        })
    }
}

/// Where one data page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLocation {
    /// Offset of the page header in the file.
    pub offset: u64,
    /// Bytes of header and compressed body.
    pub compressed_bytes: u64,
    /// Row of the row group that the page begins with.
    pub first_row: u64,
}

/// Bounds of the values of each data page of one chunk: as many as the offset index has pages, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnIndex {
    /// True where the page holds nulls only; its bounds then mean nothing.
    pub null_pages: Vec<bool>,
    /// Lower bounds, PLAIN-encoded without length prefix, perhaps truncated.
    pub min_values: Bounds,
    /// Upper bounds, likewise.
    pub max_values: Bounds,
    /// How the bounds are ordered over the pages.
    pub boundary_order: BoundaryOrder,
    /// Nulls of each page, where the file says.
    pub null_counts: Option<Vec<u64>>,
    /// NaNs of each page, where the file says.
    pub nan_counts: Option<Vec<u64>>,
    /// How many entries of each page have each repetition level, from 0 up, page behind page, where the file says.
    pub repetition_levels: Option<Vec<u64>>,
    /// The same of definition levels.
    pub definition_levels: Option<Vec<u64>>,
}

/// One bound a page, all in one buffer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bounds {
    bytes: Vec<u8>,
    /// Where each bound ends in `bytes`, which is where the next one begins.
    ends: Vec<usize>,
}

impl Bounds {
    /// How many there are: one a page.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The bound of one page; none where there is no such page.
    pub fn get(&self, page: usize) -> Option<&[u8]> {
        let start = page.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before))?;
        self.bytes.get(*start..*self.ends.get(page)?)
    }

    /// The bounds in the order of the pages.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|page| self.get(page))
    }

    fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let mut bytes = Vec::new();
        let ends = read_list(reader, &[Kind::Binary], |reader| {
            bytes.extend_from_slice(reader.binary()?);
            Ok(bytes.len())
        })?;
        Ok(Self { bytes, ends })
    }
}

/// Order of the bounds over the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundaryOrder {
    /// No order known.
    Unordered,
    /// Both bounds never fall.
    Ascending,
    /// Both bounds never rise.
    Descending,
}

/// The page index of a chunk as it lies in the file. Either part is read when it is first asked for: a scan looks at that of
/// few of the chunks.
#[derive(Debug)]
pub(crate) struct PageIndex {
    /// The bytes of the offset index.
    pub(crate) offset_text: Bytes,
    /// The bytes of the column index, where there is one.
    pub(crate) column_text: Option<Bytes>,
    /// Where the pages of the chunk lie.
    pub(crate) within: ByteRange,
    /// Rows of the row group.
    pub(crate) row_count: u64,
    pub(crate) offsets: OnceLock<Option<Box<OffsetIndex>>>,
    pub(crate) bounds: OnceLock<Option<Box<ColumnIndex>>>,
}

impl ColumnChunk {
    /// The offset index, where it was not left out when the file was opened, and is consistent.
    pub fn offset_index(&self) -> Option<&OffsetIndex> {
        let index = self.page_index.as_deref()?;
        index.offsets.get_or_init(|| self.read_offset_index(index).ok()).as_deref()
    }

    /// The column index, where the chunk has an [offset index](Self::offset_index) too, and it is consistent.
    pub fn column_index(&self) -> Option<&ColumnIndex> {
        let index = self.page_index.as_deref()?;
        index.bounds.get_or_init(|| self.read_column_index(index).ok().flatten()).as_deref()
    }

    /// Fails where the page index is there and wrong.
    pub(crate) fn check_page_index(&self) -> Result<()> {
        let Some(index) = self.page_index.as_deref() else { return Ok(()) };
        let offsets = self.read_offset_index(index)?;
        index.offsets.get_or_init(|| Some(offsets));
        let bounds = self.read_column_index(index)?;
        index.bounds.get_or_init(|| bounds);
        Ok(())
    }

    fn read_offset_index(&self, index: &PageIndex) -> Result<Box<OffsetIndex>> {
        let text = self.opened(Module::OffsetIndex, &index.offset_text);
        let read = text.and_then(|bytes| OffsetIndex::parse(&bytes, index.within, index.row_count));
        read.map(Box::new).map_err(|error| at_start_of(self.offset_index_range, error))
    }

    fn read_column_index(&self, index: &PageIndex) -> Result<Option<Box<ColumnIndex>>> {
        let (Some(text), Some(offsets)) = (&index.column_text, self.offset_index()) else { return Ok(None) };
        let text = self.opened(Module::ColumnIndex, text);
        let read = text.and_then(|bytes| ColumnIndex::parse(&bytes, offsets.pages.len()));
        read.map(|bounds| Some(Box::new(bounds))).map_err(|error| at_start_of(self.column_index_range, error))
    }

    /// The bytes of a part of the page index, decrypted where they are not plain.
    fn opened<'a>(&self, module: Module, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>> {
        match self.decryptor()? {
            Some(decryptor) => decryptor.open(module, bytes).map(Cow::Owned),
            None => Ok(Cow::Borrowed(bytes)),
        }
    }
}

fn at_start_of(range: Option<ByteRange>, error: Error) -> Error {
    match range {
        Some(range) => error.at_offset(range.offset),
        None => error,
    }
}

impl OffsetIndex {
    /// Parses the index of a chunk whose pages lie in `within` and hold `row_count` rows.
    fn parse(bytes: &[u8], within: ByteRange, row_count: u64) -> Result<Self> {
        let read = read_locations(&mut Reader::new(bytes));
        let (pages, unencoded_bytes) = read.map_err(|failure| failure.into_error("offset index"))?;
        // Sizes that leave bytes between pages are those of writers that did not count the page headers.
        let starts = pages.iter().skip(1).map(|page| page.offset).chain([within.end()]);
        for (ordinal, (page, end)) in pages.iter().zip(starts).enumerate() {
            let place = ByteRange::new(page.offset, page.compressed_bytes);
            if !place.is_some_and(|place| place.offset >= within.offset && place.end() == end && !place.is_empty()) {
                let message = format!("offset index: page {ordinal} does not reach up to the next one");
                return Err(Error::corrupt(message));
            }
        }
        let mut least = 0;
        for (ordinal, page) in pages.iter().enumerate() {
            let first = page.first_row;
            if first < least || first > row_count || (ordinal == 0 && first != 0) {
                return Err(Error::corrupt(format!("offset index: page {ordinal} cannot begin with row {first}")));
            }
            least = first;
        }
        // Some writers put 0 for every page. All rows in the last of several pages is what no writer means.
        if pages.len() > 1 && least == 0 {
            return Err(Error::corrupt("offset index: all its pages begin with row 0"));
        }
        if pages.is_empty() {
            return Err(Error::corrupt("offset index: it has no pages"));
        }
        let unencoded_bytes = unencoded_bytes.filter(|sizes| sizes.len() == pages.len());
        Ok(Self { pages, unencoded_bytes })
    }
}

impl ColumnIndex {
    /// Parses the index of a chunk of `page_count` pages.
    fn parse(bytes: &[u8], page_count: usize) -> Result<Self> {
        let raw =
            RawColumnIndex::read(&mut Reader::new(bytes)).map_err(|failure| failure.into_error("column index"))?;
        let counts = [raw.null_pages.len(), raw.min_values.len(), raw.max_values.len()];
        if counts != [page_count; 3] {
            let message =
                format!("column index: it has {counts:?} null pages, minima and maxima for {page_count} pages");
            return Err(Error::corrupt(message));
        }
        let of_every_page = |counts: &Vec<u64>| counts.len() == page_count;
        Ok(Self {
            null_pages: raw.null_pages,
            min_values: raw.min_values,
            max_values: raw.max_values,
            boundary_order: match raw.boundary_order {
                Some(1) => BoundaryOrder::Ascending,
                Some(2) => BoundaryOrder::Descending,
                _ => BoundaryOrder::Unordered,
            },
            null_counts: raw.null_counts.filter(of_every_page),
            nan_counts: raw.nan_counts.filter(of_every_page),
            repetition_levels: raw.repetition_levels,
            definition_levels: raw.definition_levels,
        })
    }
}

impl PageLocation {
    fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let (mut offset, mut compressed_bytes, mut first_row) = (None, None, None);
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::I64) => offset = u64::try_from(reader.i64()?).ok(),
                (2, Kind::I32) => compressed_bytes = u64::try_from(reader.i32()?).ok(),
                (3, Kind::I64) => first_row = u64::try_from(reader.i64()?).ok(),
                (_, kind) => reader.skip(kind)?,
            }
        }
        match (offset, compressed_bytes, first_row) {
            (Some(offset), Some(compressed_bytes), Some(first_row)) => Ok(Self { offset, compressed_bytes, first_row }),
            _ => Err(Failure::Corrupt("a page lacks its place or has a negative one")),
        }
    }
}

/// The places of the pages, and what their values take before any encoding.
fn read_locations(reader: &mut Reader<'_>) -> Read<(Vec<PageLocation>, Option<Vec<u64>>)> {
    let (mut locations, mut unencoded_bytes) = (Vec::new(), None);
    let mut last_id = 0;
    while let Some(field) = reader.field(&mut last_id)? {
        match (field.id, field.kind) {
            (1, Kind::List) => {
                let count = reader.list_of_structs()?;
                locations.reserve(count.min(reader.rest_bytes() / SMALLEST_LOCATION_BYTES));
                for _ in 0..count {
                    locations.push(PageLocation::read(reader)?);
                }
            }
            (2, Kind::List) => unencoded_bytes = reader.counts()?,
            (_, kind) => reader.skip(kind)?,
        }
    }
    Ok((locations, unencoded_bytes))
}

/// A `ColumnIndex` as it comes.
#[derive(Debug, Default)]
struct RawColumnIndex {
    null_pages: Vec<bool>,
    min_values: Bounds,
    max_values: Bounds,
    boundary_order: Option<i32>,
    null_counts: Option<Vec<u64>>,
    nan_counts: Option<Vec<u64>>,
    repetition_levels: Option<Vec<u64>>,
    definition_levels: Option<Vec<u64>>,
}

impl RawColumnIndex {
    fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let mut raw = Self::default();
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::List) => raw.null_pages = read_list(reader, BOOLEANS, Reader::element_bool)?,
                (2, Kind::List) => raw.min_values = Bounds::read(reader)?,
                (3, Kind::List) => raw.max_values = Bounds::read(reader)?,
                (4, Kind::I32) => raw.boundary_order = Some(reader.i32()?),
                (5, Kind::List) => raw.null_counts = reader.counts()?,
                (6, Kind::List) => raw.repetition_levels = reader.counts()?,
                (7, Kind::List) => raw.definition_levels = reader.counts()?,
                (8, Kind::List) => raw.nan_counts = reader.counts()?,
                (_, kind) => reader.skip(kind)?,
            }
        }
        Ok(raw)
    }
}

/// What a page location takes at least: three fields of two bytes and the end.
const SMALLEST_LOCATION_BYTES: usize = 7;

/// Writers differ in which of the two names stands for the element type of booleans.
const BOOLEANS: &[Kind] = &[Kind::True, Kind::False];

/// Reads a list whose elements are of one of `kinds`; a list of anything else is passed over and gives none.
fn read_list<'a, T>(
    reader: &mut Reader<'a>,
    kinds: &[Kind],
    mut read: impl FnMut(&mut Reader<'a>) -> Read<T>,
) -> Read<Vec<T>> {
    let list: List = reader.list()?;
    if !kinds.contains(&list.element) {
        reader.skip_elements(list)?;
        return Ok(Vec::new());
    }
    // An element takes a byte at least, and a list has no more than there are bytes.
    let mut values = Vec::with_capacity(list.count);
    for _ in 0..list.count {
        values.push(read(reader)?);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::testing::Record;

    const CHUNK: ByteRange = ByteRange { offset: 4, length: 100 };

    fn offsets(pages: &[(i64, i32, i64)]) -> Result<OffsetIndex> {
        let pages = pages.iter().map(|&(offset, length, row)| Record::new().i64(1, offset).i32(2, length).i64(3, row));
        OffsetIndex::parse(&Record::new().records(1, pages.collect()).finish(), CHUNK, 10)
    }

    #[test]
    fn pages_that_lie_behind_each_other_are_an_offset_index() {
        let index = offsets(&[(10, 44, 0), (54, 10, 0), (64, 40, 9)]).unwrap();
        assert_eq!(index.pages.len(), 3);
        assert_eq!(index.pages[2], PageLocation { offset: 64, compressed_bytes: 40, first_row: 9 });
        assert_eq!(index.unencoded_bytes, None);
    }

    #[test]
    fn sizes_of_every_page_are_told() {
        for (sizes, told) in [(&[7][..], true), (&[7, 8], false), (&[-7], false)] {
            let page = Record::new().i64(1, 4).i32(2, 100).i64(3, 0);
            let index = Record::new().records(1, vec![page]).i64s(2, sizes);
            let index = OffsetIndex::parse(&index.finish(), CHUNK, 10).unwrap();
            assert_eq!(index.unencoded_bytes, told.then(|| vec![7]), "{sizes:?}");
        }
    }

    #[test]
    fn pages_may_be_empty() {
        assert!(offsets(&[(4, 10, 0), (14, 10, 0), (24, 10, 7), (34, 10, 7), (44, 60, 10)]).is_ok());
    }

    #[test]
    fn an_offset_index_that_cannot_be_is_refused() {
        for pages in [
            &[][..],
            &[(3, 101, 0)],                          // before the chunk
            &[(4, 101, 0)],                          // behind it
            &[(4, 99, 0)],                           // not up to its end
            &[(4, -1, 0)],                           // negative
            &[(i64::MIN, 10, 0)],                    // negative
            &[(i64::MAX, i32::MAX, 0)],              // far away
            &[(4, 100, 1)],                          // the first row is left out
            &[(4, 51, 0), (54, 50, 5)],              // overlap
            &[(4, 49, 0), (54, 50, 5)],              // a gap
            &[(54, 50, 0), (4, 50, 5)],              // backwards
            &[(4, 50, 0), (54, 0, 5), (54, 50, 5)],  // no page is empty
            &[(4, 50, 0), (54, 50, 11)],             // behind the last row
            &[(4, 50, 0), (54, 50, -1)],             // negative
            &[(4, 50, 0), (54, 50, 0)],              // every page with the first row
            &[(4, 50, 0), (54, 10, 6), (64, 40, 5)], // rows backwards
        ] {
            assert!(offsets(pages).is_err(), "{pages:?}");
        }
        let lacks_its_row = Record::new().i64(1, 4).i32(2, 10);
        let bytes = Record::new().records(1, vec![lacks_its_row]).finish();
        assert!(OffsetIndex::parse(&bytes, CHUNK, 10).is_err());
        assert!(OffsetIndex::parse(&[], CHUNK, 10).is_err());
    }

    fn bounds(nulls: &[bool], minima: &[&[u8]], maxima: &[&[u8]]) -> Record {
        Record::new().booleans(1, nulls).binaries(2, minima).binaries(3, maxima)
    }

    #[test]
    fn bounds_of_every_page_are_a_column_index() {
        let record = bounds(&[false, true], &[b"a", b""], &[b"bc", b""]).i32(4, 1).i64s(5, &[0, 7]).i64s(8, &[3, 0]);
        let index = ColumnIndex::parse(&record.finish(), 2).unwrap();
        assert_eq!(index.null_pages, [false, true]);
        assert_eq!(index.min_values.iter().collect::<Vec<_>>(), [&b"a"[..], b""]);
        assert_eq!(index.max_values.iter().collect::<Vec<_>>(), [&b"bc"[..], b""]);
        assert_eq!(
            (index.max_values.len(), index.max_values.get(0), index.max_values.get(2)),
            (2, Some(&b"bc"[..]), None)
        );
        assert_eq!(index.boundary_order, BoundaryOrder::Ascending);
        assert_eq!(index.null_counts, Some(vec![0, 7]));
        assert_eq!(index.nan_counts, Some(vec![3, 0]));
    }

    #[test]
    fn what_is_not_known_of_bounds_is_left_out() {
        for (order, expected) in
            [(0, BoundaryOrder::Unordered), (2, BoundaryOrder::Descending), (3, BoundaryOrder::Unordered)]
        {
            let record = bounds(&[false], &[b"a"], &[b"b"]).i32(4, order);
            let index = ColumnIndex::parse(&record.finish(), 1).unwrap();
            assert_eq!((index.boundary_order, index.null_counts), (expected, None));
        }
        for counts in [&[-1][..], &[], &[1, 2]] {
            let record = bounds(&[false], &[b"a"], &[b"b"]).i32(4, 0).i64s(5, counts);
            assert_eq!(ColumnIndex::parse(&record.finish(), 1).unwrap().null_counts, None, "{counts:?}");
        }
    }

    #[test]
    fn a_column_index_of_another_number_of_pages_is_refused() {
        for record in [
            bounds(&[false], &[b"a"], &[b"b"]),
            bounds(&[false, false], &[b"a"], &[b"b", b"c"]),
            bounds(&[false, false, true], &[b"a", b"b"], &[b"b", b"c"]),
            Record::new(),
            Record::new().i32s(1, &[1, 2]).binaries(2, &[b"a", b"b"]).binaries(3, &[b"a", b"b"]),
        ] {
            assert!(ColumnIndex::parse(&record.finish(), 2).is_err());
        }
    }
}
