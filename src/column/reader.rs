//! Reads one column chunk from front to back, page by page, under the rows that are wanted.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

use super::chunk_dictionary::ChunkDictionary;
use super::chunk_place::ChunkPlace;
use super::decoder::{self, ValueDecoder};
use super::leaf_batch::LeafBatch;
use super::levels::{BatchLevels, LevelRows, PageLevels};
use super::open_page::{OpenPage, PagesInParts};
use super::pages::{ByteSource, Located, PageCursor};
use crate::byte_range::ByteRange;
use crate::error::{Error, Result};
use crate::memory::{BitSlice, Pool};
use crate::page::header::{PageHeader, PageKind};
use crate::page::{PageOpener, PartialPage};
use crate::schema::{Leaf, PhysicalType};

/// Rows that buffers are reserved for at first, however many a batch may have.
const MAX_RESERVED_ROWS: usize = 1 << 16;

/// Unwanted rows between wanted ones are decoded with them where they are fewer than this, of columns of numbers: a jump
/// takes about as long as decoding so many values.
const NUMBERS_JUMP_ROWS: u64 = 192;
/// The same of strings and binaries, and of columns in lists, whose rows take longer to decode.
const STRINGS_JUMP_ROWS: u64 = 64;

/// Reads one column of one row group from front to back.
pub(crate) struct ColumnReader {
    place: ChunkPlace,
    path: String,
    cursor: PageCursor,
    dictionary: ChunkDictionary,
    page: Option<OpenPage>,
    /// Row of the row group that begins next.
    next_row: u64,
    /// True where the row before may go on.
    row_is_open: bool,
    levels: BatchLevels,
    values: Box<dyn ValueDecoder>,
    is_starved: bool,
    shortest_jump: u64,
    /// Rows of batches that may have values where they lie in a page.
    in_place_rows: Option<usize>,
    in_parts: PagesInParts,
}

/// What becomes of rows that are passed.
#[derive(Clone, Copy)]
enum Passed<'a> {
    Dropped,
    /// They are decoded; with bits, rows of the batch that are not set will be dropped.
    IntoBatch(Option<BitSlice<'a>>),
}

/// What looking for the next page came to.
enum NextPage {
    Opened,
    /// Bytes are missing.
    Starved,
    /// The chunk has no more pages.
    End,
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
        let path = leaf.dotted_path().to_owned();
        let rows = batch_rows.min(MAX_RESERVED_ROWS);
        let values = decoder::value_decoder(leaf, data_type, rows, pool)
            .map_err(|error| error.in_column(place.column, &path).in_row_group(place.row_group))?;
        let cursor = PageCursor::new(place.range, place.stated_end, place.index.clone(), place.guard.clone());
        let has_strings = leaf.physical == PhysicalType::ByteArray && !matches!(data_type, DataType::Dictionary(..));
        let jump = match has_strings || leaf.max_repetition_level > 0 {
            true => STRINGS_JUMP_ROWS,
            false => NUMBERS_JUMP_ROWS,
        };
        Ok(Self {
            path,
            dictionary: ChunkDictionary::new(place.is_all_codes),
            page: None,
            next_row: 0,
            row_is_open: false,
            levels: BatchLevels::new(place.levels, pool),
            values,
            is_starved: false,
            shortest_jump: cursor.jump_within(jump),
            in_place_rows: None,
            in_parts: PagesInParts::default(),
            cursor,
            place,
        })
    }

    /// The same, jumping over gaps of `rows` rows or more.
    pub(crate) fn with_shortest_jump(self, rows: u64) -> Self {
        Self { shortest_jump: self.cursor.jump_within(rows), ..self }
    }

    /// The same, which may hand out values where it is to read codes and a batch has none.
    pub(crate) fn with_plain_batches(mut self) -> Self {
        self.values.allow_plain();
        self
    }

    /// The same, whose batches, of `rows` rows as a rule, may have values where they lie in a page.
    pub(crate) fn with_values_in_place(self, rows: usize) -> Self {
        Self { in_place_rows: Some(rows), ..self }
    }

    /// The same, of which rows are wanted here and there, `all_wanted` where that is known: pages are decompressed no further
    /// than to the last of them.
    pub(crate) fn with_pages_in_parts(mut self, all_wanted: Option<Arc<[Range<u64>]>>) -> Self {
        self.in_parts.allow(all_wanted);
        self
    }

    /// Decodes the rows `wanted` (ascending ranges of rows of the row group) that were not decoded yet. False where bytes
    /// are missing: then the same call goes on from there. Of all the rows of `wanted` that the batch has or is to have,
    /// those that are not `selected` will be dropped; what is said of a row stays so.
    pub(crate) fn fill(
        &mut self,
        wanted: &[Range<u64>],
        selected: Option<BitSlice<'_>>,
        source: &mut dyn ByteSource,
        opener: &mut PageOpener,
    ) -> Result<bool> {
        let filled = self.fill_rows(wanted, selected, source, opener).map_err(|error| self.placed(error))?;
        self.is_starved = !filled;
        Ok(filled)
    }

    /// What was decoded since the last call.
    pub(crate) fn finish_batch(&mut self) -> Result<LeafBatch> {
        let levels = self.levels.take()?;
        let array = self.finish_values(levels.slots, levels.nulls.clone())?;
        Ok(LeafBatch { array, levels, kept_besides: self.kept_besides() })
    }

    /// The same of a column that is not nested, without its levels.
    pub(crate) fn finish_array(&mut self) -> Result<ArrayRef> {
        let LevelRows { nulls, slots, .. } = self.levels.take()?;
        self.finish_values(slots, nulls)
    }

    fn finish_values(&mut self, slots: usize, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        self.in_parts.end_batch(self.page.as_ref());
        self.values.finish(slots, nulls).map_err(|error| self.placed(error))
    }

    /// Bytes that are kept in memory for what was finished last besides its buffers, where that has views: of pages of which
    /// only the front was decompressed, the rest.
    pub(crate) fn kept_besides(&self) -> usize {
        self.in_parts.kept_besides()
    }

    /// Gives up what is left of the chunk, once the last wanted row was decoded. After the last row of the row group no
    /// further values may follow; where bytes are missing to see that, this is false.
    pub(crate) fn close(&mut self, source: &mut dyn ByteSource) -> Result<bool> {
        let all_read = self.next_row == self.place.row_count && !self.cursor.is_indexed();
        if all_read && self.page.is_some() {
            return Err(self.placed(self.has_more_rows()));
        }
        self.is_starved = all_read && !self.pass_trailing_pages(source).map_err(|error| self.placed(error))?;
        if self.is_starved {
            return Ok(false);
        }
        self.abandon(source);
        Ok(true)
    }

    /// Gives up what is left of the chunk without looking at it.
    pub(crate) fn abandon(&mut self, source: &mut dyn ByteSource) {
        self.leave_page();
        self.dictionary.leave();
        self.cursor.close(source);
    }

    /// The shortest gap between wanted rows that is worth to be jumped over.
    pub(crate) fn shortest_jump(&self) -> u64 {
        self.shortest_jump
    }

    /// Reads the dictionary page, if the chunk begins with one. False where bytes are missing.
    pub(crate) fn load_dictionary(&mut self, source: &mut dyn ByteSource, opener: &mut PageOpener) -> Result<bool> {
        let is_there = self.dictionary.was_met()
            || self.page.is_some()
            || self.pass_dictionary(source, opener).map_err(|error| self.placed(error))?;
        self.is_starved = !is_there;
        if is_there {
            self.open_dictionary(opener).map_err(|error| self.placed(error))?;
        }
        Ok(is_there)
    }

    fn pass_dictionary(&mut self, source: &mut dyn ByteSource, opener: &mut PageOpener) -> Result<bool> {
        match self.cursor.locate(source)? {
            Located::Page(header) if matches!(header.kind, PageKind::Dictionary { .. }) => {
                self.pass_other_page(&header, source, opener)
            }
            Located::Page(_) | Located::End => Ok(true),
            Located::Starved => Ok(false),
        }
    }

    /// Takes the entries of the dictionary page that was passed, if the decoder does not have them.
    fn open_dictionary(&mut self, opener: &mut PageOpener) -> Result<()> {
        self.dictionary.open(opener, self.place.codec, self.values.as_mut())
    }

    /// The entries of the dictionary, where one was read and its values can be told.
    pub(crate) fn dictionary(&self) -> Result<Option<ArrayRef>> {
        self.values.dictionary()
    }

    /// Data pages that the index lists: they count as met from the beginning.
    pub(crate) fn indexed_pages(&self) -> u64 {
        self.cursor.indexed_page_count() as u64
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
        self.next_row.saturating_add(self.page.as_ref().and_then(|page| page.rows_left).unwrap_or(0))
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
        selected: Option<BitSlice<'_>>,
        source: &mut dyn ByteSource,
        opener: &mut PageOpener,
    ) -> Result<bool> {
        for rows in wanted {
            if self.next_row > rows.end {
                continue;
            }
            let is_before = self.next_row < rows.start || (self.next_row == rows.start && self.row_is_open);
            if is_before && !self.advance(rows.start, Passed::Dropped, wanted, source, opener)? {
                return Ok(false);
            }
            if !self.advance(rows.end, Passed::IntoBatch(selected), wanted, source, opener)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Goes on until `row` comes next and the one before it is complete. False where bytes are missing.
    fn advance(
        &mut self,
        row: u64,
        passed: Passed<'_>,
        wanted: &[Range<u64>],
        source: &mut dyn ByteSource,
        opener: &mut PageOpener,
    ) -> Result<bool> {
        while self.next_row < row || self.row_is_open {
            if self.page.is_some() {
                self.take_rows(row, passed, opener)?;
                continue;
            }
            if self.row_is_open && self.next_page_begins_a_row(source)? {
                self.row_is_open = false;
                continue;
            }
            let first_wanted = match passed {
                Passed::IntoBatch(_) => self.next_row,
                Passed::Dropped => row,
            };
            match self.open_page_of(first_wanted, wanted, source, opener)? {
                NextPage::Opened => {}
                NextPage::Starved => return Ok(false),
                NextPage::End if self.next_row >= row => self.row_is_open = false,
                NextPage::End => return Err(self.ends_early()),
            }
        }
        Ok(true)
    }

    /// True where the next page is known to begin a row without its levels: it has an index, or its header says so.
    fn next_page_begins_a_row(&mut self, source: &mut dyn ByteSource) -> Result<bool> {
        if self.cursor.is_indexed() {
            return Ok(true);
        }
        let next = self.cursor.locate(source)?;
        Ok(matches!(next, Located::Page(PageHeader { kind: PageKind::DataV2 { .. }, .. })))
    }

    /// Takes rows of the open page, up to row `end`.
    fn take_rows(&mut self, end: u64, passed: Passed<'_>, opener: &mut PageOpener) -> Result<()> {
        let Some(page) = &mut self.page else { return Ok(()) };
        let rows = end.saturating_sub(self.next_row);
        let taken = match passed {
            Passed::IntoBatch(selected) => {
                let taken = page.levels.take(rows, self.row_is_open, Some(&mut self.levels))?;
                page.bring(taken.present, self.values.as_mut(), opener)?;
                self.levels.read_values(self.values.as_mut(), &taken, selected)?;
                taken
            }
            Passed::Dropped => {
                let taken = page.levels.take(rows, self.row_is_open, None)?;
                if !taken.page_is_done {
                    page.bring(taken.present, self.values.as_mut(), opener)?;
                    self.values.skip(taken.present)?;
                }
                taken
            }
        };
        self.row_is_open = taken.row_is_open;
        self.next_row = self.next_row.saturating_add(taken.rows);
        if self.next_row > self.place.row_count {
            return Err(self.has_more_rows());
        }
        page.count(&taken)?;
        if taken.page_is_done {
            self.leave_page().into_iter().for_each(|rest| opener.end(rest));
        }
        Ok(())
    }

    /// Nothing more is wanted of the open page; what of it was not decompressed.
    fn leave_page(&mut self) -> Option<PartialPage> {
        self.values.close_page();
        let page = self.page.take()?;
        self.in_parts.learn(&page);
        page.rest
    }

    /// Opens the page that holds `row`, the first of the `wanted` ones that is not there, passing over those before it.
    fn open_page_of(
        &mut self,
        row: u64,
        wanted: &[Range<u64>],
        source: &mut dyn ByteSource,
        opener: &mut PageOpener,
    ) -> Result<NextPage> {
        loop {
            let indexed_rows = self.seek(row, source);
            let header = match self.cursor.locate(source)? {
                Located::Page(header) => header,
                Located::Starved => return Ok(NextPage::Starved),
                Located::End => return Ok(NextPage::End),
            };
            let Some(entries) = header.kind.entries() else {
                if indexed_rows.is_some() {
                    return Err(Error::corrupt("the offset index leads to a page without rows"));
                }
                if !self.pass_other_page(&header, source, opener)? {
                    return Ok(NextPage::Starved);
                }
                continue;
            };
            let rows = self.place.rows_of(&header, entries, indexed_rows, self.next_row)?;
            if let Some(rows) = rows.filter(|rows| self.next_row.saturating_add(*rows) <= row) {
                opener.counts.met(!self.cursor.is_indexed(), false);
                self.cursor.advance(source);
                self.next_row = self.next_row.saturating_add(rows);
                continue;
            }
            let Some(body) = self.cursor.body(source)? else { return Ok(NextPage::Starved) };
            // What the dictionary page was decompressed to is done with by then, and serves the data page.
            match header.kind.has_codes() {
                true => self.open_dictionary(opener)?,
                false => self.dictionary.give_up(self.values.as_mut()),
            }
            let in_parts = header.kind.is_plain() && self.in_parts.suit(self.next_row, rows, wanted);
            let page = opener.data(&header, body, self.place.codec, self.place.levels.highest, in_parts)?;
            let levels = PageLevels::open(self.place.levels, &page, entries)?;
            self.values.open_page(page.encoding, page.values, page.values_start)?;
            let may_stay = page.rest.is_none() && (page.is_decompressed || source.is_lent());
            if let Some(rows) = self.in_place_rows.filter(|_| may_stay) {
                self.values.allow_in_place(rows, !page.is_decompressed);
            }
            self.page = Some(OpenPage { levels, rows_left: rows, rest: page.rest });
            opener.counts.met(!self.cursor.is_indexed(), true);
            self.cursor.advance(source);
            return Ok(NextPage::Opened);
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

    /// Passes a page that holds no rows; a dictionary is kept for the first page that needs it. False where bytes are
    /// missing.
    fn pass_other_page(
        &mut self,
        header: &PageHeader,
        source: &mut dyn ByteSource,
        opener: &mut PageOpener,
    ) -> Result<bool> {
        if matches!(header.kind, PageKind::Dictionary { .. }) {
            self.dictionary.check(header)?;
            let Some(body) = self.cursor.body(source)? else { return Ok(false) };
            self.dictionary.meet(header, body, self.cursor.position());
            opener.counts.met(true, false);
        }
        self.cursor.advance(source);
        Ok(true)
    }

    /// Looks at what follows the last row; false where bytes are missing.
    fn pass_trailing_pages(&mut self, source: &mut dyn ByteSource) -> Result<bool> {
        loop {
            match self.cursor.locate(source) {
                Ok(Located::Page(header)) => {
                    if let Some(entries) = header.kind.entries() {
                        let count = self.place.row_count;
                        return Err(Error::corrupt(format!(
                            "a page of {entries} more values behind the last of {count} rows"
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

    #[cold]
    fn has_more_rows(&self) -> Error {
        Error::corrupt(format!("more rows than the {} of the row group", self.place.row_count))
    }

    fn ends_early(&self) -> Error {
        Error::corrupt(format!("the column chunk ends after {} of {} rows", self.next_row, self.place.row_count))
    }
}
