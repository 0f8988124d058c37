//! How many pages a scan met, for its metrics.

/// Pages that were met, dictionary pages among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PageCounts {
    /// Passed over or opened; of a column chunk with an index, all data pages that it lists.
    pub seen: u64,
    /// Opened, each counted once.
    pub opened: u64,
}

impl PageCounts {
    /// Counts a page as seen and as opened, or as one of both.
    pub(crate) fn met(&mut self, is_seen: bool, is_opened: bool) {
        self.seen = self.seen.saturating_add(u64::from(is_seen));
        self.opened = self.opened.saturating_add(u64::from(is_opened));
    }
}
