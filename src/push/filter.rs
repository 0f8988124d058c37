//! A predicate as a stage of a row group: rows come in, those that it keeps go on.
//!
//! Columns are read for the rows that earlier stages kept only, window by window; a column that an earlier stage read comes
//! along with the rows. What later stages or the output want of a column is kept, so nothing is decoded twice.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray};

use super::output::filtered;
use super::pushed::PushedBytes;
use crate::column::ColumnReader;
use crate::error::{Error, Result};
use crate::page::PageOpener;
use crate::predicate::BoundPredicate;
use crate::scan::{DecodeWindow, count_rows, kept_rows, take_rows};

/// Rows that were kept so far, and what is known of their values.
#[derive(Debug, Default, Clone)]
pub(crate) struct RowWindow {
    /// The rows, ascending.
    pub rows: Vec<Range<u64>>,
    /// By leaf ordinal, one value for each of the rows.
    pub arrays: BTreeMap<usize, ArrayRef>,
}

/// One predicate and the columns that it reads.
pub(crate) struct FilterStage {
    predicate: Arc<BoundPredicate>,
    /// Leaves that no stage before reads, with their readers.
    columns: Vec<(usize, ColumnReader)>,
    /// Leaves that a stage behind this one wants.
    kept_leaves: Vec<usize>,
    queue: VecDeque<RowWindow>,
    is_complete: bool,
    /// Rows that were not kept.
    pub rows_filtered: u64,
}

impl FilterStage {
    /// Reads `columns` and keeps the values of `kept_leaves` for later.
    pub(crate) fn new(
        predicate: Arc<BoundPredicate>,
        columns: Vec<(usize, ColumnReader)>,
        kept_leaves: Vec<usize>,
    ) -> Self {
        let queue = VecDeque::new();
        Self { predicate, columns, kept_leaves, queue, is_complete: false, rows_filtered: 0 }
    }

    /// Adds rows behind those given before.
    pub(crate) fn want(&mut self, window: RowWindow) {
        if !window.rows.is_empty() {
            self.queue.push_back(window);
        }
    }

    /// No more rows come.
    pub(crate) fn complete(&mut self) {
        self.is_complete = true;
    }

    /// True where rows wait.
    pub(crate) fn has_rows(&self) -> bool {
        !self.queue.is_empty()
    }

    /// True where all rows were looked at.
    pub(crate) fn is_done(&self) -> bool {
        self.is_complete && self.queue.is_empty()
    }

    /// The columns.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &ColumnReader> {
        self.columns.iter().map(|(_, column)| column)
    }

    /// The rows that wait.
    pub(crate) fn wanted_rows(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.queue.iter().flat_map(|window| window.rows.iter().cloned())
    }

    /// Looks at the next window; what it keeps of it, or `None` where rows or bytes are missing.
    pub(crate) fn step(&mut self, pushed: &mut PushedBytes, opener: &mut PageOpener) -> Result<Option<RowWindow>> {
        let is_last = self.is_complete && self.queue.len() == 1;
        let Some(window) = self.queue.front() else { return Ok(None) };
        let mut decode = DecodeWindow::default();
        decode.extend(window.rows.iter().cloned());
        let mut is_filled = true;
        for (_, column) in &mut self.columns {
            is_filled &= column.fill(&decode.decoded, pushed, opener)? && (!is_last || column.close(pushed)?);
        }
        if !is_filled {
            return Ok(None);
        }
        let mut window = self.queue.pop_front().unwrap_or_default();
        let mask = decode.mask().map(|mask| BooleanArray::new(mask, None));
        for (leaf, column) in &mut self.columns {
            let array = column.finish_batch()?.array;
            let array = mask.as_ref().map_or(Ok(array.clone()), |mask| filtered(&array, mask))?;
            window.arrays.insert(*leaf, array);
        }
        self.keep(window).map(Some)
    }

    fn keep(&mut self, window: RowWindow) -> Result<RowWindow> {
        let missing = || Error::internal("a filter column is missing");
        let inputs = self.predicate.leaves().iter().map(|leaf| window.arrays.get(leaf).cloned().ok_or_else(missing));
        let keep = self.predicate.evaluate(&inputs.collect::<Result<Vec<_>>>()?)?;
        let rows = kept_rows(&window.rows, &keep);
        let (before, after) = (count_rows(&window.rows), count_rows(&rows));
        self.rows_filtered = self.rows_filtered.saturating_add(before.saturating_sub(after));
        let mask = (after < before).then(|| BooleanArray::new(keep, None));
        let mut arrays = BTreeMap::new();
        for (leaf, array) in window.arrays.into_iter().filter(|(leaf, _)| self.kept_leaves.contains(leaf)) {
            let array = mask.as_ref().map_or(Ok(array.clone()), |mask| filtered(&array, mask))?;
            arrays.insert(leaf, array);
        }
        Ok(RowWindow { rows, arrays })
    }

    /// Drops what waits and gives up what is left of the chunks.
    pub(crate) fn abandon(&mut self, pushed: &mut PushedBytes) {
        self.queue.clear();
        self.is_complete = true;
        self.columns.iter_mut().for_each(|(_, column)| column.abandon(pushed));
    }
}

/// Offset and limit of a scan, counted over the rows that predicates keep.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowBudget {
    /// Rows still to be passed over.
    pub to_skip: u64,
    /// Rows that may still be handed out.
    pub to_read: u64,
}

impl RowBudget {
    /// The rows of `window` that the budget allows.
    pub(crate) fn spend(&mut self, window: RowWindow) -> RowWindow {
        let there = count_rows(&window.rows);
        let skipped = there.min(self.to_skip);
        let read = there.saturating_sub(skipped).min(self.to_read);
        self.to_skip = self.to_skip.saturating_sub(skipped);
        self.to_read = self.to_read.saturating_sub(read);
        if read == there {
            return window;
        }
        let mut rows: VecDeque<Range<u64>> = window.rows.into();
        take_rows(&mut rows, skipped);
        let rows = take_rows(&mut rows, read);
        let length = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
        let slice = |(leaf, array): (usize, ArrayRef)| (leaf, array.slice(length(skipped), length(read)));
        RowWindow { rows, arrays: window.arrays.into_iter().map(slice).collect() }
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::Int32Array;

    use super::*;

    #[test]
    fn a_budget_skips_and_stops() {
        let window = || RowWindow {
            rows: vec![0..3, 10..14],
            arrays: BTreeMap::from([(2, Arc::new(Int32Array::from_iter_values(0..7)) as ArrayRef)]),
        };
        let mut budget = RowBudget { to_skip: 8, to_read: 9 };
        assert_eq!(budget.spend(window()).rows, []);
        let second = budget.spend(window());
        assert_eq!(second.rows, [1..3, 10..14]);
        assert_eq!(second.arrays[&2].len(), 6);
        let third = budget.spend(window());
        assert_eq!((third.rows, budget.to_read), (vec![0..3], 0));
        assert_eq!(budget.spend(window()).rows, []);
    }
}
