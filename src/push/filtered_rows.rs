//! Rows between two stages of a row group, and how many of them a scan may still hand out.

use std::collections::BTreeMap;

use super::kept_rows::KeptRows;
use crate::scan::{Plan, RowWindow};

/// Rows that were kept so far, and what is known of their values.
#[derive(Debug, Default)]
pub(crate) struct FilteredRows {
    /// The rows.
    pub rows: RowWindow,
    /// By leaf ordinal, the values of these rows.
    pub leaves: BTreeMap<usize, KeptRows>,
}

impl FilteredRows {
    /// Rows of which no values are known.
    pub(crate) fn new(rows: RowWindow) -> Self {
        Self { rows, leaves: BTreeMap::new() }
    }

    /// The first row.
    pub(crate) fn first_row(&self) -> Option<u64> {
        self.rows.first_row()
    }

    /// Takes off the rows in front of row `end`.
    pub(crate) fn take_before(&mut self, end: u64) -> Self {
        let rows = self.rows.take_before(end);
        self.cut_leaves(rows)
    }

    /// Takes off the first `count` rows.
    pub(crate) fn take_front(&mut self, count: u64) -> Self {
        let rows = self.rows.take_front(count);
        self.cut_leaves(rows)
    }

    /// The values of `rows`, which were taken off the front.
    fn cut_leaves(&mut self, rows: RowWindow) -> Self {
        if self.rows.is_empty() {
            return Self { rows, leaves: std::mem::take(&mut self.leaves) };
        }
        let taken = usize::try_from(rows.selected()).unwrap_or(usize::MAX);
        let leaves = self.leaves.iter_mut().map(|(leaf, values)| (*leaf, values.take_front(taken))).collect();
        Self { rows, leaves }
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
    /// What a decoder of a plan may hand out.
    pub(crate) fn of_plan(plan: &Plan) -> Self {
        match plan.predicates.is_empty() {
            // The plan has offset and limit in it.
            true => Self { to_skip: 0, to_read: u64::MAX },
            false => Self { to_skip: plan.options.offset, to_read: plan.options.limit.unwrap_or(u64::MAX) },
        }
    }

    /// The rows that the budget allows.
    pub(crate) fn spend(&mut self, mut rows: FilteredRows) -> FilteredRows {
        let skipped = rows.rows.selected().min(self.to_skip);
        self.to_skip = self.to_skip.saturating_sub(skipped);
        if skipped > 0 {
            rows.take_front(skipped);
        }
        let read = rows.rows.selected().min(self.to_read);
        self.to_read = self.to_read.saturating_sub(read);
        rows.take_front(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_skips_and_stops() {
        let rows = || FilteredRows::new(RowWindow::of_ranges([0..3, 10..14]));
        let mut budget = RowBudget { to_skip: 8, to_read: 9 };
        assert_eq!(budget.spend(rows()).rows.ranges(), []);
        assert_eq!(budget.spend(rows()).rows.ranges(), [1..3, 10..14]);
        assert_eq!(budget.spend(rows()).rows.ranges(), vec![0..3]);
        assert_eq!(budget.to_read, 0);
        assert_eq!(budget.spend(rows()).rows.ranges(), []);
    }
}
