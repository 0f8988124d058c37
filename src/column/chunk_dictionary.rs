//! The dictionary page of a chunk: opened when the first data page with codes comes, given up when values follow the codes.
//!
//! A writer gives up its dictionary once that has become too large, so it is the large ones that no page needs any more for
//! most of a chunk. Should codes come again, the page is opened once more, and its entries stay.

use bytes::Bytes;

use super::decoder::ValueDecoder;
use crate::error::{Error, Result};
use crate::metadata::Codec;
use crate::page::PageOpener;
use crate::page::header::{PageHeader, PageKind};

/// Smaller dictionaries are not worth being given up.
const LEAST_GIVEN_UP_BYTES: u32 = 1 << 16;

/// What is known of the dictionary page of a chunk, and who has its entries.
pub(super) struct ChunkDictionary {
    state: State,
    /// Data pages with values may follow those with codes.
    may_be_given_up: bool,
}

enum State {
    /// No dictionary page was met.
    Unmet,
    /// No data page has needed it.
    Unopened(Page),
    /// The decoder has its entries; the page is still there where they may be given up.
    Open(Option<Page>),
    /// The decoder had its entries.
    GivenUp(Page),
}

/// A dictionary page as the file has it.
struct Page {
    header: PageHeader,
    body: Bytes,
    /// Where it begins.
    offset: u64,
}

impl ChunkDictionary {
    /// That of a chunk of which nothing was read. `is_all_codes` where all its data pages are said to need it.
    pub(super) fn new(is_all_codes: bool) -> Self {
        Self { state: State::Unmet, may_be_given_up: !is_all_codes }
    }

    /// True where the dictionary page was met.
    pub(super) fn was_met(&self) -> bool {
        !matches!(self.state, State::Unmet)
    }

    /// An error where the dictionary page of `header` cannot be that of the chunk.
    pub(super) fn check(&self, header: &PageHeader) -> Result<()> {
        if self.was_met() {
            return Err(Error::corrupt("a second dictionary page in one column chunk"));
        }
        let PageKind::Dictionary { value_count, .. } = header.kind else { return Ok(()) };
        if value_count > header.uncompressed_bytes.max(1) {
            let there = header.uncompressed_bytes;
            return Err(Error::corrupt(format!("a dictionary of {value_count} entries in {there} bytes")));
        }
        Ok(())
    }

    /// Keeps the dictionary page, which begins at `offset`, until a data page needs it.
    pub(super) fn meet(&mut self, header: &PageHeader, body: Bytes, offset: u64) {
        self.state = State::Unopened(Page { header: header.clone(), body, offset });
    }

    /// Gives the entries to the decoder `values`, if it does not have them.
    pub(super) fn open(&mut self, opener: &mut PageOpener, codec: Codec, values: &mut dyn ValueDecoder) -> Result<()> {
        let (page, is_first) = match std::mem::replace(&mut self.state, State::Open(None)) {
            State::Unopened(page) => (page, true),
            State::GivenUp(page) => (page, false),
            state => {
                self.state = state;
                return Ok(());
            }
        };
        opener
            .dictionary(&page.header, page.body.clone(), codec)
            .and_then(|entries| values.load_dictionary(entries))
            .map_err(|error| error.at_offset(page.offset))?;
        if is_first && self.may_be_given_up && page.header.uncompressed_bytes >= LEAST_GIVEN_UP_BYTES {
            self.state = State::Open(Some(page));
        }
        opener.counts.met(false, is_first);
        Ok(())
    }

    /// Has the decoder `values` give up the entries, where a page without codes comes.
    pub(super) fn give_up(&mut self, values: &mut dyn ValueDecoder) {
        if let State::Open(page) = &mut self.state
            && let Some(page) = page.take()
            && values.give_up_dictionary()
        {
            self.state = State::GivenUp(page);
        }
    }

    /// Lets go of the page: nothing more of the chunk is wanted.
    pub(super) fn leave(&mut self) {
        if self.was_met() {
            self.state = State::Open(None);
        }
    }
}
