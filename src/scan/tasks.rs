//! Cuts a plan into tasks that decoders can work on independently.

use std::ops::Range;
use std::sync::Arc;

use super::plan::{Plan, PlannedRowGroup};
use super::{RowGroupScan, RowSelection, ScanOptions};
use crate::metadata::PageLocation;

/// A piece of a [`Plan`]: rows of one row group, or all of the plan where it cannot be cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The row group; `None` where the task is the whole plan.
    pub row_group: Option<usize>,
    /// First row of the task, counted in the row group.
    pub first_row: u64,
    /// Rows from there on that it covers.
    pub row_count: u64,
    /// Rows of those that are read. At least one.
    pub selected_rows: u64,
    /// Bytes that its decoder asks for at most, without those that `coalesce_gap` adds. Pages on the border of two tasks
    /// count for both, and so do chunks without offset index, which each reads from the front.
    pub byte_size: u64,
}

impl Plan {
    /// Cuts the plan into tasks of about `target_rows` rows that are read, in the order of the rows; 0 makes a task of each
    /// row group. Rows of several row groups are never in one task, so that small row groups make small tasks. Large ones
    /// are cut where pages begin in the column that takes most bytes, or without offset indexes behind a multiple of
    /// `batch_rows`. The last of several row groups is cut into tasks of half as many rows: threads that take one task after
    /// the other end at about the same time then.
    ///
    /// All tasks together read exactly the rows of the plan. Where offset or limit count what predicates keep, nobody knows
    /// before how much that is: such a plan is one task.
    pub fn tasks(&self, target_rows: u64) -> Vec<Task> {
        let options = &self.options;
        if !self.predicates.is_empty() && (options.offset > 0 || options.limit.is_some()) {
            return self.whole().into_iter().collect();
        }
        let last = self.scans().count().saturating_sub(1);
        let of_row_group = |(number, scan): (usize, &RowGroupScan)| {
            let is_finer = number > 0 && number == last;
            let cuts = self.cuts(scan, if is_finer { target_rows.div_ceil(2) } else { target_rows });
            let starts = std::iter::once(0).chain(cuts.iter().copied());
            let ends = cuts.iter().copied().chain(std::iter::once(scan.rows.len()));
            let tasks = starts.zip(ends).map(|(start, end)| self.task(scan, start..end));
            tasks.filter(|task| task.selected_rows > 0).collect::<Vec<_>>()
        };
        self.scans().enumerate().flat_map(of_row_group).collect()
    }

    /// The plan of the rows of a task of one row group.
    pub(crate) fn part(&self, task: &Task) -> Self {
        let rows = task.first_row..task.first_row.saturating_add(task.row_count);
        let of_task = self.row_groups.iter().filter(|planned| Some(planned.scan.row_group) == task.row_group);
        let has_predicates = !self.predicates.is_empty();
        let narrowed = of_task.map(|planned| {
            let scan = RowGroupScan { rows: within(&planned.scan.rows, &rows), ..planned.scan.clone() };
            PlannedRowGroup {
                // Without predicates, offset and limit have chosen from them.
                chosen: if has_predicates { within(&planned.chosen, &rows) } else { scan.rows.clone() },
                row_count: task.row_count,
                scan,
                by_stats: None,
                by_pages: Vec::new(),
            }
        });
        let options = ScanOptions { offset: 0, limit: None, ..self.options.as_ref().clone() };
        Self { row_groups: narrowed.collect(), options: Arc::new(options), ..self.clone() }
    }

    /// One task for all, where there is something to read.
    fn whole(&self) -> Option<Task> {
        let mut whole = Task { row_group: None, first_row: 0, row_count: 0, selected_rows: 0, byte_size: 0 };
        for planned in &self.row_groups {
            let part = self.task(&planned.scan, 0..planned.row_count);
            whole.row_count = whole.row_count.saturating_add(part.row_count);
            whole.selected_rows = whole.selected_rows.saturating_add(part.selected_rows);
            whole.byte_size = whole.byte_size.saturating_add(part.byte_size);
        }
        (whole.selected_rows > 0).then_some(whole)
    }

    fn task(&self, scan: &RowGroupScan, rows: Range<u64>) -> Task {
        let selected = within(&scan.rows, &rows);
        let mut byte_size = 0u64;
        for leaf in self.leaves_read(scan) {
            // A chunk that does not lie in the file is told when it is read.
            let bytes = self.chunk_demand(scan.row_group, leaf, &selected).map_or(0, |demand| demand.bytes());
            byte_size = byte_size.saturating_add(bytes);
        }
        Task {
            row_group: Some(scan.row_group),
            first_row: rows.start,
            row_count: rows.end.saturating_sub(rows.start),
            selected_rows: selected.selected(),
            byte_size,
        }
    }

    /// Where a row group is cut: rows, ascending, none of them the first or behind the last.
    fn cuts(&self, scan: &RowGroupScan, target_rows: u64) -> Vec<u64> {
        let selected = scan.rows.selected();
        let half = target_rows.div_euclid(2);
        let pieces = selected.saturating_add(half).checked_div(target_rows).unwrap_or(1);
        if pieces <= 1 {
            return Vec::new();
        }
        let borders = self.borders(scan);
        let mut cuts: Vec<u64> = Vec::new();
        let (mut wanted, mut before) = (1u64, 0u64);
        for rows in scan.rows.ranges() {
            let length = rows.end.saturating_sub(rows.start);
            while wanted < pieces {
                let inside = share(selected, wanted, pieces).saturating_sub(before);
                if inside > length {
                    break;
                }
                let cut = self.nearest_border(&borders, rows.start.saturating_add(inside));
                if cut > cuts.last().copied().unwrap_or(0) && cut < scan.rows.len() {
                    cuts.push(cut);
                }
                wanted = wanted.saturating_add(1);
            }
            before = before.saturating_add(length);
        }
        cuts
    }

    /// Rows that begin a page in the column of which most is read, if it has an offset index.
    fn borders(&self, scan: &RowGroupScan) -> Vec<u64> {
        let chunks = self.leaves_read(scan).into_iter().filter_map(|leaf| self.chunk(scan.row_group, leaf).ok());
        let indexed = chunks.filter(|chunk| chunk.offset_index().is_some());
        let heaviest = indexed.max_by_key(|chunk| chunk.compressed_bytes).and_then(|chunk| chunk.offset_index());
        heaviest.map(|index| index.pages.iter().map(first_row).collect()).unwrap_or_default()
    }

    /// The border nearest to `row`; without borders, the multiple of `batch_rows` in front of it.
    fn nearest_border(&self, borders: &[u64], row: u64) -> u64 {
        let behind = borders.partition_point(|border| *border < row);
        let after = borders.get(behind).copied();
        let before = behind.checked_sub(1).and_then(|index| borders.get(index)).copied();
        match (before, after) {
            (Some(before), Some(after)) if row.saturating_sub(before) < after.saturating_sub(row) => before,
            (_, Some(after)) => after,
            (Some(before), None) => before,
            (None, None) => {
                let batch_rows = self.options.batch_rows as u64;
                row.checked_rem(batch_rows).map_or(row, |rest| row.saturating_sub(rest))
            }
        }
    }
}

fn first_row(page: &PageLocation) -> u64 {
    page.first_row
}

/// `part` of `parts` of `whole`.
fn share(whole: u64, part: u64, parts: u64) -> u64 {
    let share = u128::from(whole).saturating_mul(u128::from(part)).checked_div(u128::from(parts)).unwrap_or(0);
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// Those of `selection` among `rows`.
fn within(selection: &RowSelection, rows: &Range<u64>) -> RowSelection {
    selection.intersection(&RowSelection::of_ranges(selection.len(), std::iter::once(rows.clone())))
}
