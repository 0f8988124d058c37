//! The data page that the next row lies in, of which there may be only the front as yet.

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::Buffer;

use super::decoder::ValueDecoder;
use super::levels::{PageLevels, Taken};
use crate::error::{Error, Result};
use crate::page::{PageOpener, PartialPage};

/// A page of which a row in the last of so many parts is wanted is decompressed at once.
const PARTS: u64 = 8;

/// So many bytes may be lost by that before any were spared.
const CREDIT_BYTES: usize = 1 << 18;

/// Pages of a chunk that are decompressed in parts, no further than rows of them are wanted. By those before it is judged
/// whether to go on so: as a rule it is not known of any whether there will be rows that need the rest, and to ask for more
/// and more of a page takes time.
#[derive(Debug, Default)]
pub(super) struct PagesInParts {
    /// All rows that will be wanted, where that is known.
    all_wanted: Option<Arc<[Range<u64>]>>,
    /// Bytes that were spared, less what that cost; at 0 no more pages are decompressed so.
    balance: usize,
    /// Bytes of pages that the batch at hand has values of, and that were not decompressed.
    unread_bytes: usize,
    kept_besides: usize,
}

impl PagesInParts {
    /// Lets pages be decompressed in parts; `all_wanted` are all rows that will be wanted of the chunk, where that is known.
    pub(super) fn allow(&mut self, all_wanted: Option<Arc<[Range<u64>]>>) {
        self.all_wanted = all_wanted;
        self.balance = CREDIT_BYTES;
    }

    /// True where a page of `rows` rows that begins with row `first` is to be decompressed in parts, as far as is known, or
    /// else as `wanted` tells.
    pub(super) fn suit(&self, first: u64, rows: Option<u64>, wanted: &[Range<u64>]) -> bool {
        let Some(rows) = rows.filter(|_| self.balance > 0) else { return false };
        let end = first.saturating_add(rows);
        let wanted = self.all_wanted.as_deref().unwrap_or(wanted);
        let wanted = wanted.get(..wanted.partition_point(|rows| rows.start < end));
        wanted.unwrap_or_default().last().is_none_or(|last| last.end < end.saturating_sub(rows / PARTS))
    }

    /// Nothing more is wanted of a page.
    pub(super) fn learn(&mut self, page: &OpenPage) {
        let Some(rest) = &page.rest else { return };
        let spared = page.unread_bytes();
        self.balance = self.balance.saturating_add(spared).saturating_sub(rest.cost());
        self.unread_bytes = self.unread_bytes.saturating_add(spared);
    }

    /// The batch at hand is handed out, while there is this open page.
    pub(super) fn end_batch(&mut self, open: Option<&OpenPage>) {
        let unread = open.map_or(0, OpenPage::unread_bytes);
        self.kept_besides = std::mem::take(&mut self.unread_bytes).saturating_add(unread);
    }

    /// Bytes that are kept in memory for the last batch besides the buffers that its views point to.
    pub(super) fn kept_besides(&self) -> usize {
        self.kept_besides
    }
}

/// The data page that the next row lies in.
pub(super) struct OpenPage {
    pub levels: PageLevels,
    /// Rows that are still to begin in it, where that is known beforehand.
    pub rows_left: Option<u64>,
    /// What of its values was not decompressed yet.
    pub rest: Option<PartialPage>,
}

impl OpenPage {
    /// Bytes that it has room for and that were not decompressed.
    pub(super) fn unread_bytes(&self) -> usize {
        self.rest.as_ref().map_or(0, |rest| rest.size().saturating_sub(rest.filled()))
    }

    /// Decompresses as much of the page as the next `count` of its `values` take.
    pub(super) fn bring(&mut self, count: usize, values: &mut dyn ValueDecoder, opener: &mut PageOpener) -> Result<()> {
        let Some(rest) = &mut self.rest else { return Ok(()) };
        while !rest.is_whole()
            && let Some(bytes) = values.missing_bytes(count)
        {
            // It need not move if nobody has it.
            values.grow_page(Buffer::default());
            values.grow_page(opener.go_on(rest, bytes)?);
        }
        Ok(())
    }

    /// Counts the rows that were taken; fails where they are others than it was said to have.
    pub(super) fn count(&mut self, taken: &Taken) -> Result<()> {
        let promised = self.rows_left;
        self.rows_left = promised.map(|rows| rows.saturating_sub(taken.rows));
        if promised.is_some_and(|rows| taken.rows > rows || (taken.page_is_done && taken.rows < rows)) {
            return Err(Error::corrupt("a page has more or fewer rows than its header or the offset index says"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_will_be_wanted_decides_before_what_is() {
        let batch = [0..100];
        let mut pages = PagesInParts::default();
        assert!(!pages.suit(0, Some(1000), &batch), "not allowed");
        pages.allow(None);
        assert!(pages.suit(0, Some(1000), &batch), "the rest may never be wanted");
        assert!(!pages.suit(0, None, &batch), "a page of nobody knows how many rows");
        assert!(!pages.suit(0, Some(100), &batch), "all is wanted");
        let all_wanted: [Range<u64>; 2] = [0..1900, 2500..2510];
        pages.allow(Some(all_wanted.into()));
        assert!(!pages.suit(0, Some(1000), &batch), "all will be wanted");
        assert!(!pages.suit(1000, Some(1000), &batch), "most will be wanted");
        assert!(pages.suit(2000, Some(1000), &batch), "the first half will be");
        assert!(!pages.suit(2000, Some(550), &batch), "so much that it does not pay");
    }
}
