//! What a decoder did.

use super::row_group::RowGroupReader;
use crate::scan::{Plan, PlannedRowGroup};

/// What a decoder has done so far. No count ever falls, but those of what statistics rule out when
/// [`Decoder::reconfigure`](super::Decoder::reconfigure) changes what is still to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Metrics {
    /// Rows of the row groups asked for.
    pub rows_total: u64,
    /// Rows left out by the statistics of row groups.
    pub rows_pruned_by_stats: u64,
    /// Rows left out by the page index.
    pub rows_pruned_by_pages: u64,
    /// Rows left out by bloom filters.
    pub rows_pruned_by_bloom: u64,
    /// Rows left out because a dictionary has no value that a predicate keeps.
    pub rows_pruned_by_dictionary: u64,
    /// Rows that were looked at and not kept by the predicates.
    pub rows_filtered: u64,
    /// Rows handed out.
    pub rows_out: u64,
    /// Row groups asked for.
    pub row_groups_total: u64,
    /// Row groups of those in which no row can satisfy the predicates.
    pub row_groups_pruned: u64,
    /// Pages met, dictionary pages among them: opened or passed over; with an offset index, all of the chunks begun.
    pub pages_total: u64,
    /// Pages of those that were not opened.
    pub pages_skipped: u64,
    /// Pages that were opened: decompressed, or read as they are where the column chunk has no codec.
    pub pages_decompressed: u64,
    /// Bytes asked for, each counted once.
    pub bytes_requested: u64,
    /// Bytes pushed.
    pub bytes_pushed: u64,
    /// Bytes of the pages that were opened, without their headers, once decompressed: of large pages as far as they were.
    pub bytes_decompressed: u64,
    /// Batches handed out.
    pub batches: u64,
    /// Column chunks that the output needed and a predicate had decoded.
    pub cache_hits: u64,
    /// The most bytes of values decoded for predicates that waited for the output at a time.
    pub cache_peak_bytes: u64,
    /// The most bytes that were held at a time.
    pub buffered_peak_bytes: u64,
}

impl Metrics {
    /// Those of a scan that has not begun.
    pub(crate) fn of_plan(plan: &Plan) -> Self {
        let mut metrics = Self { row_groups_total: plan.row_groups.len() as u64, ..Self::default() };
        plan.row_groups.iter().for_each(|planned| add(&mut metrics.rows_total, planned.row_count));
        metrics.add_ruled_out(&plan.row_groups);
        metrics
    }

    /// Counts what statistics rule out of row groups.
    pub(crate) fn add_ruled_out(&mut self, row_groups: &[PlannedRowGroup]) {
        for planned in row_groups {
            add(&mut self.rows_pruned_by_stats, planned.rows_ruled_out_by_stats());
            add(&mut self.rows_pruned_by_pages, planned.rows_ruled_out_by_pages());
            add(&mut self.row_groups_pruned, u64::from(planned.is_pruned()));
        }
    }

    /// Forgets that.
    pub(crate) fn remove_ruled_out(&mut self, row_groups: &[PlannedRowGroup]) {
        let remove = |count: &mut u64, fewer| *count = count.saturating_sub(fewer);
        for planned in row_groups {
            remove(&mut self.rows_pruned_by_stats, planned.rows_ruled_out_by_stats());
            remove(&mut self.rows_pruned_by_pages, planned.rows_ruled_out_by_pages());
            remove(&mut self.row_groups_pruned, u64::from(planned.is_pruned()));
        }
    }

    /// Adds what the stages of a row group have done.
    pub(crate) fn add_row_group(&mut self, row_group: &RowGroupReader) {
        add(&mut self.rows_filtered, row_group.rows_filtered());
        add(&mut self.rows_pruned_by_dictionary, row_group.rows_without_entry());
        let cache = row_group.cache();
        add(&mut self.cache_hits, cache.hits);
        self.cache_peak_bytes = self.cache_peak_bytes.max(cache.peak_bytes);
    }
}

impl Plan {
    /// What was found out when the plan was made: the metrics of a decoder of it that has not begun.
    pub fn metrics(&self) -> Metrics {
        Metrics::of_plan(self)
    }
}

/// Counts `more`.
pub(crate) fn add(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}
