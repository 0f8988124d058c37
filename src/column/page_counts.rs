//! How many pages of a column chunk were met, for the metrics of a scan.

/// Pages of a chunk that were met, its dictionary page among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PageCounts {
    /// Passed over or opened; with an index, all data pages that it lists.
    pub seen: u64,
    /// Opened.
    pub opened: u64,
}

impl PageCounts {
    /// Counts a page as seen and as opened, or as one of both.
    pub(super) fn met(&mut self, is_seen: bool, is_opened: bool) {
        self.add(Self { seen: u64::from(is_seen), opened: u64::from(is_opened) });
    }

    /// Counts those of `other` too.
    pub(crate) fn add(&mut self, other: Self) {
        self.seen = self.seen.saturating_add(other.seen);
        self.opened = self.opened.saturating_add(other.opened);
    }
}
