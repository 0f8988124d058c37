//! One row group being read: from the rows that a plan leaves, through the predicates, to batches.
//!
//! Rows go through the stages in windows. The stage furthest behind that can go on does, so that a window whose bytes are
//! there flows through predicates and output while it is in the cache. Where the output's bytes are not there, the
//! predicates go on over what they have, and the output asks once for the pages of all rows that they kept.

use std::ops::Range;

use arrow_array::RecordBatch;

use super::demand::missing_ranges;
use super::filter::FilterStage;
use super::filtered_rows::{FilteredRows, RowBudget};
use super::order::LookedAt;
use super::output::{CacheCounts, OutputStage};
use super::pushed::PushedBytes;
use crate::byte_range::ByteRange;
use crate::column::ColumnReader;
use crate::error::Result;
use crate::page::PageOpener;
use crate::scan::{RowSelection, RowWindow};

/// What one step came to.
pub(crate) enum Progress {
    /// The rows of the next batch.
    Batch(RecordBatch),
    /// Bytes are missing.
    Starved,
    /// All wanted rows were handed out.
    Done,
}

/// Reads the wanted rows of one row group.
pub(crate) struct RowGroupReader {
    row_group: usize,
    /// Rows that no stage has seen.
    candidates: RowWindow,
    filters: Vec<FilterStage>,
    output: OutputStage,
    window_rows: u64,
    /// Values decoded for predicates may take so much until the output has used them.
    predicate_cache_bytes: u64,
    /// Dictionaries were asked what they know.
    is_probed: bool,
    /// Rows that no predicate looked at because a dictionary has no value that one keeps.
    rows_without_entry: u64,
}

impl RowGroupReader {
    /// A reader of those of `rows` that `filters` keep; predicates look at `window_rows` rows at a time.
    pub(crate) fn new(
        row_group: usize,
        rows: &RowSelection,
        filters: Vec<FilterStage>,
        output: OutputStage,
        window_rows: u64,
        predicate_cache_bytes: u64,
    ) -> Self {
        let candidates = rows.to_window();
        Self {
            row_group,
            candidates,
            is_probed: filters.is_empty(),
            filters,
            output,
            window_rows,
            predicate_cache_bytes,
            rows_without_entry: 0,
        }
    }

    /// Ordinal of the row group.
    pub(crate) fn row_group(&self) -> usize {
        self.row_group
    }

    /// Data pages that offset indexes list, over all columns that use one.
    pub(crate) fn indexed_pages(&self) -> u64 {
        let filters = self.filters.iter().flat_map(FilterStage::columns);
        filters.chain(self.output.columns()).map(ColumnReader::indexed_pages).fold(0, u64::saturating_add)
    }

    /// Rows that predicates did not keep.
    pub(crate) fn rows_filtered(&self) -> u64 {
        self.looked_at().map(|(_, rows)| rows.dropped).fold(0, u64::saturating_add)
    }

    /// By ordinals of predicates, the rows of which they looked at values.
    pub(crate) fn looked_at(&self) -> impl Iterator<Item = (usize, LookedAt)> + '_ {
        self.filters.iter().map(FilterStage::looked_at)
    }

    /// What was kept of predicates' columns.
    pub(crate) fn cache(&self) -> CacheCounts {
        self.output.cache()
    }

    /// Rows that were not looked at because a dictionary has no value that a predicate keeps.
    pub(crate) fn rows_without_entry(&self) -> u64 {
        self.rows_without_entry
    }

    /// The ranges that are missing to go on, held ones left out. Without a bound the first stage that lacks any asks for
    /// all that it lacks; with one, the last stage asks first, so that little waits.
    pub(crate) fn missing_ranges(&self, pushed: &PushedBytes, max_buffered_bytes: Option<u64>) -> Vec<ByteRange> {
        let mut stages = self.missing_of_stages(pushed, max_buffered_bytes);
        if max_buffered_bytes.is_some() {
            stages.reverse();
        }
        stages.into_iter().find(|ranges| !ranges.is_empty()).unwrap_or_default()
    }

    /// All that is known to be needed and not held, whatever is to be asked for first.
    pub(crate) fn all_missing_ranges(&self, pushed: &PushedBytes) -> Vec<ByteRange> {
        self.missing_of_stages(pushed, None).concat()
    }

    /// What each stage lacks; where dictionaries come first, what they lack.
    fn missing_of_stages(&self, pushed: &PushedBytes, max_buffered_bytes: Option<u64>) -> Vec<Vec<ByteRange>> {
        if !self.is_probed {
            let probes = self.filters.iter().filter_map(FilterStage::probe_range);
            return vec![probes.flat_map(|range| pushed.missing(range)).collect()];
        }
        let of_stage = |columns: Vec<&ColumnReader>, wanted: Vec<Range<u64>>| {
            if wanted.is_empty() { Vec::new() } else { missing_ranges(&columns, &wanted, pushed, max_buffered_bytes) }
        };
        let of_filter = |index: usize, filter: &FilterStage| {
            let candidates = (index == 0 && !self.holds_back()).then_some(&self.candidates);
            of_stage(filter.columns().collect(), filter.wanted_rows(candidates))
        };
        let filters = self.filters.iter().enumerate().map(|(index, filter)| of_filter(index, filter));
        let output = of_stage(self.output.columns().collect(), self.output.wanted_rows());
        filters.chain(std::iter::once(output)).collect()
    }

    /// True where all wanted rows were handed out; what is left of the chunks is then given up.
    pub(crate) fn is_done(&mut self, pushed: &mut PushedBytes) -> bool {
        let is_done = self.output.is_done();
        if is_done {
            self.stop_filters(pushed);
            self.output.abandon(pushed);
        }
        is_done
    }

    /// Decodes what the bytes at hand allow.
    pub(crate) fn step(
        &mut self,
        pushed: &mut PushedBytes,
        opener: &mut PageOpener,
        budget: &mut RowBudget,
    ) -> Result<Progress> {
        if !self.is_probed && !self.probe(pushed, opener)? {
            return Ok(Progress::Starved);
        }
        loop {
            self.hand_on(budget);
            if budget.to_read == 0 {
                self.stop_filters(pushed);
            }
            if let Some(batch) = self.output.step(pushed, opener)? {
                return Ok(Progress::Batch(batch));
            }
            if self.is_done(pushed) {
                return Ok(Progress::Done);
            }
            if !self.step_filters(pushed, opener, budget)? {
                return Ok(Progress::Starved);
            }
        }
    }

    /// Asks those dictionaries that come before anything else. False where one is missing.
    fn probe(&mut self, pushed: &mut PushedBytes, opener: &mut PageOpener) -> Result<bool> {
        for filter in self.filters.iter_mut().filter(|filter| filter.probe_range().is_some()) {
            if !filter.probe(pushed, opener).map_err(|error| error.in_row_group(self.row_group))? {
                return Ok(false);
            }
        }
        self.is_probed = true;
        if self.filters.iter().any(FilterStage::keeps_none) {
            self.rule_out(pushed);
        }
        Ok(true)
    }

    /// No row that was not looked at by all predicates is kept.
    fn rule_out(&mut self, pushed: &mut PushedBytes) {
        let waiting = self.filters.iter().map(FilterStage::waiting_rows).fold(0, u64::saturating_add);
        self.rows_without_entry = self.rows_without_entry.saturating_add(waiting);
        self.rows_without_entry = self.rows_without_entry.saturating_add(self.candidates.selected());
        self.stop_filters(pushed);
    }

    /// Gives candidates to the first stage, and tells each stage when the one before it is done.
    fn hand_on(&mut self, budget: &mut RowBudget) {
        let holds_back = self.holds_back();
        let Some(first) = self.filters.first_mut() else {
            if !self.candidates.is_empty() {
                let rows = std::mem::take(&mut self.candidates);
                self.output.want(budget.spend(FilteredRows::new(rows)));
            }
            return self.output.complete();
        };
        if !first.has_rows() && !holds_back {
            first.want(FilteredRows::new(self.candidates.take_front(self.window_rows)));
        }
        let mut is_done = self.candidates.is_empty();
        for filter in &mut self.filters {
            if is_done {
                filter.complete();
            }
            is_done = filter.is_done();
        }
        if is_done {
            self.output.complete();
        }
    }

    /// Lets the last filter that can go on do so; false where none can.
    fn step_filters(
        &mut self,
        pushed: &mut PushedBytes,
        opener: &mut PageOpener,
        budget: &mut RowBudget,
    ) -> Result<bool> {
        for index in (0..self.filters.len()).rev() {
            let Some(filter) = self.filters.get_mut(index) else { continue };
            let placed = |error: crate::Error| error.in_row_group(self.row_group);
            let kept = filter.step(pushed, opener).map_err(placed)?;
            if filter.keeps_none() {
                self.rule_out(pushed);
                return Ok(true);
            }
            let Some(kept) = kept else { continue };
            match self.filters.get_mut(index.saturating_add(1)) {
                Some(next) => next.want(kept),
                None => self.output.want(budget.spend(kept)),
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn stop_filters(&mut self, pushed: &mut PushedBytes) {
        self.candidates = RowWindow::default();
        self.filters.iter_mut().for_each(|filter| filter.abandon(pushed));
        self.output.complete();
    }

    /// True where no more values may be decoded for predicates before the output has used some.
    fn holds_back(&self) -> bool {
        self.output.is_starved() && self.output.kept_bytes() > self.predicate_cache_bytes
    }
}
