//! Walks the pages of one column chunk.
//!
//! The cursor knows where the next page begins and nothing of what is in it. Bytes come from a [`ByteSource`]; what
//! is not there yet is [`Located::Starved`], and the same call is made again when more bytes have arrived. With an
//! offset index the cursor can go straight to the page of a row.

use bytes::Bytes;

use crate::byte_range::ByteRange;
use crate::error::{Error, Result};
use crate::metadata::PageLocation;
use crate::page::guard::{PageGuard, PagePlace};
use crate::page::header::{PageHeader, PageKind, Parsed};

/// Bytes looked at first for a page header; nearly all are far shorter.
const HEADER_PEEK_BYTES: u64 = 1 << 10;

/// Bytes asked for first where only a header is to be found; many are no longer.
const SHORT_HEADER_BYTES: u64 = 64;

/// The size at which most writers end a page.
const CUSTOMARY_PAGE_BYTES: u64 = 1 << 20;

/// Bytes of the file that have arrived, as the cursor sees them.
pub(crate) trait ByteSource {
    /// The bytes of `range`, where all are there.
    fn get(&self, range: ByteRange) -> Option<Bytes>;
    /// The bytes there from `offset` on without a gap, `max_bytes` at most.
    fn contiguous_from(&self, offset: u64, max_bytes: u64) -> Bytes;
    /// The bytes of `range` are not needed any more.
    fn release(&mut self, range: ByteRange);
    /// True where the bytes are memory of the host, who knows that batches may point into it.
    fn is_lent(&self) -> bool;
}

/// What stands at the cursor.
pub(crate) enum Located {
    /// A page with this header.
    Page(PageHeader),
    /// Bytes of the header are missing.
    Starved,
    /// The end of the chunk.
    End,
}

/// A cursor over the pages of one chunk.
pub(crate) struct PageCursor {
    chunk: ByteRange,
    /// No page begins here or later.
    stated_end: u64,
    /// Where the next page header begins.
    position: u64,
    /// The header at `position` and its length, once parsed.
    header: Option<(PageHeader, u64)>,
    /// Bytes of the largest page met so far.
    largest_met: u64,
    /// The bytes that were missing for the header end here; `position` where none were.
    header_wanted_to: u64,
    /// Where the data pages lie, if that is to be used; empty if not.
    index: Vec<PageLocation>,
    guard: PageGuard,
    /// Data pages in front of the cursor.
    data_pages: u64,
}

impl PageCursor {
    /// A cursor at the start of `chunk`. `index` is empty, or the pages of the chunk's offset index; one that does not lie
    /// in the chunk is not used.
    pub(crate) fn new(chunk: ByteRange, stated_end: u64, index: Vec<PageLocation>, guard: PageGuard) -> Self {
        let inside = |page: &PageLocation| {
            ByteRange::new(page.offset, page.compressed_bytes).is_some_and(|range| chunk.contains(range))
        };
        let index = if index.iter().all(inside) { index } else { Vec::new() };
        Self {
            chunk,
            stated_end,
            position: chunk.offset,
            header: None,
            largest_met: 0,
            header_wanted_to: chunk.offset,
            index,
            guard,
            data_pages: 0,
        }
    }

    /// Where the next page header begins.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The header of the page at the cursor.
    pub(crate) fn locate(&mut self, source: &dyn ByteSource) -> Result<Located> {
        if let Some((header, _)) = &self.header {
            return Ok(Located::Page(header.clone()));
        }
        let left = self.chunk.end().saturating_sub(self.position);
        if self.position >= self.stated_end {
            return Ok(Located::End);
        }
        let mut peek = HEADER_PEEK_BYTES.min(left);
        loop {
            let bytes = source.contiguous_from(self.position, peek);
            match self.guard.parse_header(&bytes, self.place()).map_err(|error| error.at_offset(self.position))? {
                Parsed::Header(header, length) => {
                    self.check_body(&header, length as u64)?;
                    let page_bytes = u64::from(header.compressed_bytes).saturating_add(length as u64);
                    self.largest_met = self.largest_met.max(page_bytes);
                    self.header = Some((header.clone(), length as u64));
                    return Ok(Located::Page(header));
                }
                Parsed::Incomplete if (bytes.len() as u64) < peek => {
                    let there = bytes.len() as u64;
                    let more = there.saturating_mul(2).max(SHORT_HEADER_BYTES).min(left);
                    let known = self.indexed_page_bytes().filter(|known| *known > there);
                    self.header_wanted_to = self.position.saturating_add(known.unwrap_or(more));
                    return Ok(Located::Starved);
                }
                Parsed::Incomplete if peek == left => {
                    return Err(Error::truncated("the column chunk ends inside a page header").at_offset(self.position));
                }
                Parsed::Incomplete => peek = peek.saturating_mul(16).min(left),
            }
        }
    }

    /// Bytes of the page at the cursor, data or dictionary, by the index where that tells.
    fn indexed_page_bytes(&self) -> Option<u64> {
        let before_first = self.before_first_indexed_page();
        if !before_first.is_empty() {
            return Some(before_first.length);
        }
        let number = self.index.binary_search_by_key(&self.position, |page| page.offset).ok()?;
        self.index.get(number).map(|page| page.compressed_bytes)
    }

    fn check_body(&self, header: &PageHeader, header_bytes: u64) -> Result<()> {
        let left = self.chunk.end().saturating_sub(self.position).saturating_sub(header_bytes);
        let body = u64::from(header.compressed_bytes);
        if body <= left {
            return Ok(());
        }
        let message = format!("a page of {body} bytes passes the end of its column chunk, {left} bytes away");
        Err(Error::corrupt(message).at_offset(self.position))
    }

    /// The body of the page at the cursor, once located; `None` where bytes are missing.
    pub(crate) fn body(&self, source: &dyn ByteSource) -> Result<Option<Bytes>> {
        match (&self.header, source.get(self.body_range())) {
            (Some((header, _)), Some(bytes)) => self.guard.open_body(header, bytes, self.place()).map(Some),
            _ => Ok(None),
        }
    }

    /// Which page the one at the cursor is.
    fn place(&self) -> PagePlace {
        if self.position == self.chunk.offset && self.guard.begins_with_dictionary {
            PagePlace::Dictionary
        } else {
            PagePlace::Data(self.data_pages)
        }
    }

    fn body_range(&self) -> ByteRange {
        match &self.header {
            Some((header, length)) => {
                ByteRange { offset: self.position.saturating_add(*length), length: u64::from(header.compressed_bytes) }
            }
            None => ByteRange { offset: self.position, length: 0 },
        }
    }

    /// Passes the located page and gives its bytes up.
    pub(crate) fn advance(&mut self, source: &mut dyn ByteSource) {
        let end = self.body_range().end();
        let is_data = |header: &PageHeader| matches!(header.kind, PageKind::DataV1 { .. } | PageKind::DataV2 { .. });
        if self.header.as_ref().is_some_and(|(header, _)| is_data(header)) {
            self.data_pages = self.data_pages.saturating_add(1);
        }
        self.move_to(end, source);
    }

    /// Goes to the page that holds `row`, where the index tells, giving up what lies between.
    pub(crate) fn seek(&mut self, row: u64, source: &mut dyn ByteSource) -> Option<IndexedRows> {
        let after = self.index.partition_point(|page| page.first_row <= row);
        let number = after.checked_sub(1)?;
        let page = *self.index.get(number)?;
        self.data_pages = number as u64;
        if page.offset != self.position {
            self.move_to(page.offset, source);
        }
        Some(IndexedRows { start: page.first_row, end: self.index.get(after).map(|next| next.first_row) })
    }

    fn move_to(&mut self, position: u64, source: &mut dyn ByteSource) {
        source.release(ByteRange::between(self.position, position));
        self.position = position;
        self.header_wanted_to = position;
        self.header = None;
    }

    /// Gives up all that is left of the chunk.
    pub(crate) fn close(&mut self, source: &mut dyn ByteSource) {
        self.move_to(self.chunk.end(), source);
    }

    /// True where the index is used.
    pub(crate) fn is_indexed(&self) -> bool {
        !self.index.is_empty()
    }

    /// `rows`, or fewer, so that no page of which nothing is wanted lies in a gap that is decoded: the rows of the smallest
    /// data page, the last one aside, where there is an index with several.
    pub(crate) fn jump_within(&self, rows: u64) -> u64 {
        let pages = self.index.iter().zip(self.index.iter().skip(1));
        let smallest = pages.map(|(page, next)| next.first_row.saturating_sub(page.first_row)).min();
        smallest.map_or(rows, |smallest| smallest.min(rows)).max(1)
    }

    /// Number of data pages by the index; 0 without one.
    pub(crate) fn indexed_page_count(&self) -> usize {
        self.index.len()
    }

    /// What lies between the cursor and the first data page by the index: the dictionary page, until it is read.
    pub(crate) fn before_first_indexed_page(&self) -> ByteRange {
        let end = self.index.first().map_or(self.position, |first| first.offset);
        ByteRange::between(self.position, end)
    }

    /// True where the header of the page at the cursor was seen.
    pub(crate) fn is_located(&self) -> bool {
        self.header.is_some()
    }

    /// Bytes of the largest page: by the index, else of those met, else what a page has at most by custom.
    pub(crate) fn largest_page(&self) -> u64 {
        let indexed = self.index.iter().map(|page| page.compressed_bytes).max();
        let unknown = if self.largest_met == 0 { CUSTOMARY_PAGE_BYTES.min(self.rest().length) } else { 0 };
        indexed.unwrap_or(unknown).max(self.largest_met)
    }

    /// All that is left of the chunk.
    pub(crate) fn rest(&self) -> ByteRange {
        ByteRange::between(self.position, self.chunk.end())
    }

    /// Adds the ranges of the pages that hold a row of `rows`, by the index.
    pub(crate) fn ranges_of_rows(&self, rows: &std::ops::Range<u64>, out: &mut Vec<ByteRange>) {
        let first = self.index.partition_point(|page| page.first_row <= rows.start).saturating_sub(1);
        let pages = self.index.iter().skip(first).take_while(|page| page.first_row < rows.end);
        out.extend(pages.map(|page| ByteRange { offset: page.offset, length: page.compressed_bytes }));
    }

    /// The page at the cursor as far as it is known: header and body once located, else what the header was found to
    /// need.
    pub(crate) fn known_page(&self) -> ByteRange {
        let end = if self.header.is_some() { self.body_range().end() } else { self.header_wanted_to };
        ByteRange::between(self.position, end)
    }
}

/// The rows of a page by the index.
pub(crate) struct IndexedRows {
    /// Row of the row group that the page begins with.
    pub start: u64,
    /// Row that the next page begins with; `None` for the last page.
    pub end: Option<u64>,
}
