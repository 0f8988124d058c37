//! The same scan under other options, from a row-group boundary on.

use std::sync::Arc;

use super::Decoder;
use super::filler::BatchFiller;
use super::filtered_rows::RowBudget;
use super::intervals::IntervalSet;
use super::order::PredicateOrder;
use crate::byte_range::ByteRange;
use crate::column::ByteSource;
use crate::error::{Error, Result};
use crate::scan::ScanOptions;

impl Decoder {
    /// True where [`Decoder::reconfigure`] is possible: before the first step, and after a step that ended a row group.
    /// [`ScanOptions::row_group_events`] lets a step end at each of them; without, those are passed over at which no batch
    /// ends. Batches that are filled across row groups end at some of them only.
    pub fn is_at_row_group_boundary(&self) -> bool {
        let has_rows = self.filler.as_ref().is_some_and(BatchFiller::has_rows);
        self.failure.is_none() && !self.is_finished && self.current.is_none() && !has_rows
    }

    /// Goes on with the row groups that were not begun under other options: columns, predicates, types, batches. The rows to
    /// choose from are still those that the scan was made with: `options` have no row groups, row selection, offset or
    /// limit, and what is left of offset and limit counts what the new predicates keep. What was pushed ahead
    /// and is still needed is kept. Batches may have another schema from now on.
    ///
    /// Fails, changing nothing, with `InvalidState` where the decoder is not
    /// [at a boundary](Decoder::is_at_row_group_boundary), and as [`Decoder::new`] does.
    pub fn reconfigure(&mut self, options: ScanOptions) -> Result<()> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if !self.is_at_row_group_boundary() {
            return Err(Error::invalid_state("options can be changed between two row groups only, and before the end"));
        }
        let (to_skip, to_read) = match self.plan.predicates.is_empty() {
            true => self.plan.rest_of_limit(self.begun),
            false => (self.budget.to_skip, Some(self.budget.to_read).filter(|left| *left != u64::MAX)),
        };
        let plan = Arc::new(self.plan.rest(self.begun, options, to_skip, to_read)?);
        let needed_before = self.ranges_ahead();
        self.metrics.remove_ruled_out(self.plan.row_groups.get(self.begun..).unwrap_or_default());
        self.metrics.add_ruled_out(&plan.row_groups);
        self.budget = RowBudget::of_plan(&plan);
        self.filler = BatchFiller::of_plan(&plan);
        self.ahead = plan.scans().cloned().collect();
        self.order = PredicateOrder::new(&plan);
        (self.begun, self.probe, self.plan) = (0, None, plan);
        let mut needed = IntervalSet::default();
        for range in self.ranges_ahead() {
            needed.insert(range);
        }
        for range in needed_before.into_iter().flat_map(|range| needed.absent(range)) {
            self.pushed.release(range);
        }
        self.want_chunks();
        Ok(())
    }

    /// Bytes that the row groups not begun may need.
    fn ranges_ahead(&self) -> Vec<ByteRange> {
        let probed = self.probe.iter().map(|probe| probe.scan());
        probed.chain(&self.ahead).flat_map(|scan| self.chunk_ranges(scan).chain(self.bloom_ranges(scan))).collect()
    }
}
