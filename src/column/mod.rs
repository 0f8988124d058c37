//! One column of one row group: pages to levels and values to Arrow arrays.
//!
//! A [`ColumnReader`] walks the pages of its chunk ([`pages`]) under the rows that a batch wants: a page without a wanted
//! row is passed over undecompressed, rows in front of wanted ones are skipped inside the page, and wanted rows are
//! decoded straight into the buffers of the array. What values look like is the business of a [`ValueDecoder`], picked once
//! per chunk; it is called once per page and batch, never per value. Bytes that are missing stop a reader anywhere between
//! pages; the same call goes on when they are there. Rests on `page`, `encoding` and `memory`.

mod boolean;
mod bounds;
mod conversion;
mod decoder;
mod fixed;
mod fixed_binary;
mod null;
mod pages;
mod strings;
mod views;

use std::ops::Range;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_buffer::Buffer;
use arrow_schema::DataType;

use crate::byte_range::ByteRange;
use crate::encoding::DefinitionLevels;
use crate::error::{Error, Result};
use crate::memory::{Pool, Validity};
use crate::metadata::{Codec, PageLocation};
use crate::page::PageOpener;
use crate::page::header::{PageHeader, PageKind};
use crate::schema::Leaf;
pub(crate) use bounds::{Side, bounds_array};
use decoder::ValueDecoder;
pub(crate) use pages::ByteSource;
use pages::{Located, PageCursor};

/// Rows that buffers are reserved for at first, however many a batch may have.
const MAX_RESERVED_ROWS: usize = 1 << 16;

/// Where a column chunk lies and how it is stored.
pub(crate) struct ChunkPlace {
    /// The bytes of all its pages.
    pub range: ByteRange,
    /// How its pages are compressed.
    pub codec: Codec,
    /// Where its data pages lie, if that is to be used; else empty.
    pub index: Vec<PageLocation>,
    /// The row group.
    pub row_group: usize,
    /// Leaf column ordinal.
    pub column: usize,
    /// Rows of the row group.
    pub row_count: u64,
}

/// Pages of a chunk that were met, its dictionary page among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PageCounts {
    /// Passed over or opened; with an index, all data pages that it lists.
    pub seen: u64,
    /// Opened.
    pub opened: u64,
}

impl PageCounts {
    fn met(&mut self, is_new: bool, is_opened: bool) {
        self.add(Self { seen: u64::from(is_new), opened: u64::from(is_opened) });
    }

    /// Counts those of `other` too.
    pub(crate) fn add(&mut self, other: Self) {
        self.seen = self.seen.saturating_add(other.seen);
        self.opened = self.opened.saturating_add(other.opened);
    }
}

/// Fails with `Unsupported` where `leaf` cannot be decoded to `data_type`.
pub(crate) fn check_supported(leaf: &Leaf, data_type: &DataType, pool: &Arc<Pool>) -> Result<()> {
    decoder::value_decoder(leaf, data_type, 0, pool).map(drop)
}

/// Reads one column of one row group from front to back.
pub(crate) struct ColumnReader {
    place: ChunkPlace,
    path: String,
    optional: bool,
    cursor: PageCursor,
    has_dictionary: bool,
    page: Option<OpenPage>,
    /// Row of the row group that comes next.
    next_row: u64,
    validity: Validity,
    values: Box<dyn ValueDecoder>,
    counts: PageCounts,
    is_starved: bool,
}

/// The data page that the next row lies in.
struct OpenPage {
    level_bytes: Buffer,
    levels: DefinitionLevels,
    rows_left: u64,
}

impl ColumnReader {
    /// A reader of the chunk at `place` of the column `leaf`, for arrays of `data_type` with about `batch_rows` rows.
    pub(crate) fn new(
        place: ChunkPlace,
        leaf: &Leaf,
        data_type: &DataType,
        batch_rows: usize,
        pool: &Arc<Pool>,
    ) -> Result<Self> {
        let path = leaf.dotted_path();
        let rows = batch_rows.min(MAX_RESERVED_ROWS);
        let values = decoder::value_decoder(leaf, data_type, rows, pool)
            .map_err(|error| error.in_column(place.column, &path).in_row_group(place.row_group))?;
        let cursor = PageCursor::new(place.range, place.index.clone());
        Ok(Self {
            path,
            optional: leaf.max_definition_level > 0,
            counts: PageCounts { seen: cursor.indexed_page_count() as u64, opened: 0 },
            cursor,
            has_dictionary: false,
            page: None,
            next_row: 0,
            validity: Validity::new(pool),
            values,
            is_starved: false,
            place,
        })
    }

    /// Decodes the rows `wanted` (ascending ranges of rows of the row group) that were not decoded yet. False where bytes
    /// are missing: then the same call goes on from there.
    pub(crate) fn fill(
        &mut self,
        wanted: &[Range<u64>],
        source: &mut dyn ByteSource,
        opener: &mut PageOpener,
    ) -> Result<bool> {
        let filled = self.fill_rows(wanted, source, opener).map_err(|error| self.placed(error))?;
        self.is_starved = !filled;
        Ok(filled)
    }

    /// The array of the `rows` rows that were decoded since the last call.
    pub(crate) fn finish_batch(&mut self, rows: usize) -> Result<ArrayRef> {
        let nulls = self.validity.take()?;
        self.values.finish(rows, nulls).map_err(|error| self.placed(error))
    }

    /// Gives up what is left of the chunk, once the last wanted row was decoded. After the last row of the row group no
    /// further values may follow; where bytes are missing to see that, this is false.
    pub(crate) fn close(&mut self, source: &mut dyn ByteSource) -> Result<bool> {
        let all_read = self.next_row == self.place.row_count && !self.cursor.is_indexed();
        self.is_starved = all_read && !self.pass_trailing_pages(source).map_err(|error| self.placed(error))?;
        if self.is_starved {
            return Ok(false);
        }
        self.page = None;
        self.cursor.close(source);
        Ok(true)
    }

    /// Pages met so far.
    pub(crate) fn page_counts(&self) -> PageCounts {
        self.counts
    }

    /// True where the last call could not go on for missing bytes.
    pub(crate) fn is_starved(&self) -> bool {
        self.is_starved
    }

    /// The ranges of the file that are needed to decode `wanted`, held or not, from the next page on: in file order, the
    /// first of them what comes first.
    pub(crate) fn needed_ranges(&self, wanted: &[Range<u64>]) -> Vec<ByteRange> {
        let mut ranges = Vec::new();
        if self.cursor.is_indexed() {
            ranges.extend([self.cursor.known_page(), self.cursor.before_first_indexed_page()]);
            for rows in wanted {
                // The open page is read already.
                let rows = rows.start.max(self.row_after_open_page())..rows.end;
                if !rows.is_empty() {
                    self.cursor.ranges_of_rows(&rows, &mut ranges);
                }
            }
        } else {
            ranges.push(self.cursor.rest());
        }
        ranges
    }

    /// True where the places of pages are known from an offset index.
    pub(crate) fn is_indexed(&self) -> bool {
        self.cursor.is_indexed()
    }

    /// True where the header of the next page was seen, or its place is known from an index.
    pub(crate) fn knows_next_page(&self) -> bool {
        self.cursor.is_indexed() || self.cursor.is_located()
    }

    /// Bytes of the largest page, as far as that is known or can be guessed.
    pub(crate) fn largest_page(&self) -> u64 {
        self.cursor.largest_page()
    }

    /// The page at the cursor, as far as its size is known.
    pub(crate) fn known_page(&self) -> ByteRange {
        self.cursor.known_page()
    }

    fn row_after_open_page(&self) -> u64 {
        self.next_row.saturating_add(self.page.as_ref().map_or(0, |page| page.rows_left))
    }

    fn placed(&self, error: Error) -> Error {
        error
            .at_offset(self.cursor.position())
            .in_row_group(self.place.row_group)
            .in_column(self.place.column, &self.path)
    }

    fn fill_rows(
        &mut self,
        wanted: &[Range<u64>],
        source: &mut dyn ByteSource,
        opener: &mut PageOpener,
    ) -> Result<bool> {
        for rows in wanted {
            while self.next_row < rows.end {
                let target = rows.start.max(self.next_row);
                if self.page.is_none() && !self.open_page_of(target, source, opener)? {
                    return Ok(false);
                }
                if self.next_row < rows.start {
                    self.skip_in_page(rows.start)?;
                } else {
                    self.read_in_page(rows.end)?;
                }
            }
        }
        Ok(true)
    }

    /// Passes rows of the open page, up to row `end`.
    fn skip_in_page(&mut self, end: u64) -> Result<()> {
        let Some(page) = &mut self.page else { return Ok(()) };
        let rows = page.rows_left.min(end.saturating_sub(self.next_row));
        let present = page.levels.skip(&page.level_bytes, row_count(rows)?)?;
        if rows < page.rows_left {
            self.values.skip(present)?;
        }
        self.passed(rows);
        Ok(())
    }

    /// Decodes rows of the open page, up to row `end`.
    fn read_in_page(&mut self, end: u64) -> Result<()> {
        let Some(page) = &mut self.page else { return Ok(()) };
        let rows = page.rows_left.min(end.saturating_sub(self.next_row));
        let row_count = row_count(rows)?;
        let present = page.levels.read(&page.level_bytes, row_count, &mut self.validity)?;
        let valid = if present < row_count { self.validity.last(row_count)? } else { None };
        self.values.read(present, valid)?;
        self.passed(rows);
        Ok(())
    }

    fn passed(&mut self, rows: u64) {
        self.next_row = self.next_row.saturating_add(rows);
        if let Some(page) = &mut self.page {
            page.rows_left = page.rows_left.saturating_sub(rows);
            if page.rows_left == 0 {
                self.page = None;
            }
        }
    }

    /// Opens the page that holds `row`, passing over those before it. False where bytes are missing.
    fn open_page_of(&mut self, row: u64, source: &mut dyn ByteSource, opener: &mut PageOpener) -> Result<bool> {
        loop {
            let indexed_rows = self.seek(row, source);
            let header = match self.cursor.locate(source)? {
                Located::Page(header) => header,
                Located::Starved => return Ok(false),
                Located::End => return Err(self.ends_early()),
            };
            let Some(rows) = data_page_rows(&header) else {
                if indexed_rows.is_some() {
                    return Err(Error::corrupt("the offset index leads to a page without rows"));
                }
                if !self.pass_other_page(&header, source, opener)? {
                    return Ok(false);
                }
                continue;
            };
            self.check_rows(rows, indexed_rows)?;
            if self.next_row.saturating_add(rows) <= row {
                self.counts.met(!self.cursor.is_indexed(), false);
                self.cursor.advance(source);
                self.next_row = self.next_row.saturating_add(rows);
                continue;
            }
            let Some(body) = self.cursor.body(source) else { return Ok(false) };
            let page = opener.data(&header, body, self.place.codec, self.optional)?;
            self.values.open_page(page.encoding, page.values, page.values_start)?;
            self.page = Some(OpenPage { level_bytes: page.level_bytes, levels: page.levels, rows_left: rows });
            self.counts.met(!self.cursor.is_indexed(), true);
            self.cursor.advance(source);
            return Ok(true);
        }
    }

    /// With an index, goes to the page of `row`; returns the rows that the page must have.
    fn seek(&mut self, row: u64, source: &mut dyn ByteSource) -> Option<u64> {
        // What lies in front of the first page, a dictionary, is not passed over.
        if !self.cursor.is_indexed() || !self.cursor.before_first_indexed_page().is_empty() {
            return None;
        }
        let rows = self.cursor.seek(row, source)?;
        self.next_row = rows.start;
        Some(rows.end.unwrap_or(self.place.row_count).saturating_sub(rows.start))
    }

    fn check_rows(&self, rows: u64, indexed_rows: Option<u64>) -> Result<()> {
        let left = self.place.row_count.saturating_sub(self.next_row);
        if let Some(indexed) = indexed_rows.filter(|indexed| *indexed != rows) {
            return Err(Error::corrupt(format!("a page of {rows} rows, its offset index says {indexed}")));
        }
        if rows > left {
            return Err(Error::corrupt(format!("a page of {rows} rows where the row group has {left} left")));
        }
        Ok(())
    }

    /// Passes a page that holds no rows; a dictionary is loaded. False where bytes are missing.
    fn pass_other_page(
        &mut self,
        header: &PageHeader,
        source: &mut dyn ByteSource,
        opener: &mut PageOpener,
    ) -> Result<bool> {
        if let PageKind::Dictionary { .. } = header.kind {
            if self.has_dictionary {
                return Err(Error::corrupt("a second dictionary page in one column chunk"));
            }
            let Some(body) = self.cursor.body(source) else { return Ok(false) };
            let page = opener.dictionary(header, body, self.place.codec)?;
            self.values.load_dictionary(page)?;
            self.has_dictionary = true;
            self.counts.met(true, true);
        }
        self.cursor.advance(source);
        Ok(true)
    }

    /// Looks at what follows the last row; false where bytes are missing.
    fn pass_trailing_pages(&mut self, source: &mut dyn ByteSource) -> Result<bool> {
        loop {
            match self.cursor.locate(source) {
                Ok(Located::Page(header)) => {
                    if let Some(rows) = data_page_rows(&header) {
                        let count = self.place.row_count;
                        return Err(Error::corrupt(format!(
                            "a page of {rows} more values behind the last of {count} rows"
                        )));
                    }
                    self.cursor.advance(source);
                }
                Ok(Located::Starved) => return Ok(false),
                // Bytes that are no page are padding: nothing of any row is lost with them.
                Ok(Located::End) | Err(_) => return Ok(true),
            }
        }
    }

    fn ends_early(&self) -> Error {
        Error::corrupt(format!("the column chunk ends after {} of {} rows", self.next_row, self.place.row_count))
    }
}

fn row_count(rows: u64) -> Result<usize> {
    usize::try_from(rows).map_err(|_| Error::limit(format!("{rows} rows at a time")))
}

/// Rows of a data page of a column that is not nested; `None` for any other page and for one without a value.
fn data_page_rows(header: &PageHeader) -> Option<u64> {
    match header.kind {
        PageKind::DataV1 { value_count, .. } | PageKind::DataV2 { value_count, .. } if value_count > 0 => {
            Some(u64::from(value_count))
        }
        _ => None,
    }
}
