//! One row group being read: its columns, and the rows that the next batch takes.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};

use super::pushed::PushedBytes;
use crate::column::{ColumnReader, PageCounts, assemble};
use crate::error::{Error, Result};
use crate::page::PageOpener;
use crate::scan::Projection;

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
    /// Which row of the file its first one is.
    first_row: u64,
    projection: Arc<Projection>,
    columns: Vec<ColumnReader>,
    /// Rows that no batch was begun for.
    rest: VecDeque<Range<u64>>,
    /// Rows of the batch at hand; empty between batches.
    window: Vec<Range<u64>>,
    batch_rows: u64,
}

impl RowGroupReader {
    /// A reader of `rows` through `columns`, one for each leaf of `projection`, in batches of `batch_rows`. The row
    /// group's first row is row `first_row` of the file.
    pub(crate) fn new(
        row_group: usize,
        first_row: u64,
        projection: Arc<Projection>,
        columns: Vec<ColumnReader>,
        rows: Vec<Range<u64>>,
        batch_rows: u64,
    ) -> Self {
        Self { row_group, first_row, projection, columns, rest: rows.into(), window: Vec::new(), batch_rows }
    }

    /// Ordinal of the row group.
    pub(crate) fn row_group(&self) -> usize {
        self.row_group
    }

    /// The columns.
    pub(crate) fn columns(&self) -> &[ColumnReader] {
        &self.columns
    }

    /// The rows still to be decoded, those of the batch at hand first.
    pub(crate) fn wanted_rows(&self) -> Vec<Range<u64>> {
        self.window.iter().chain(&self.rest).cloned().collect()
    }

    /// Data pages met so far, over all columns.
    pub(crate) fn page_counts(&self) -> PageCounts {
        let mut counts = PageCounts::default();
        self.columns.iter().for_each(|column| counts.add(column.page_counts()));
        counts
    }

    /// Decodes what the bytes at hand allow. Every column goes as far as it can, so that bytes are given up early.
    pub(crate) fn step(&mut self, pushed: &mut PushedBytes, opener: &mut PageOpener) -> Result<Progress> {
        if self.window.is_empty() {
            self.window = next_window(&mut self.rest, self.batch_rows);
        }
        if self.window.is_empty() {
            return Ok(Progress::Done);
        }
        let is_last = self.rest.is_empty();
        let mut is_filled = true;
        for column in &mut self.columns {
            is_filled &= column.fill(&self.window, pushed, opener)? && (!is_last || column.close(pushed)?);
        }
        if !is_filled {
            return Ok(Progress::Starved);
        }
        self.batch().map(Progress::Batch)
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        let appended = self.projection.appended.columns(self.row_group, self.first_row, &self.window)?;
        let rows: u64 = self.window.drain(..).map(|rows| rows.end.saturating_sub(rows.start)).sum();
        let rows = usize::try_from(rows).map_err(|_| Error::limit(format!("a batch of {rows} rows")))?;
        let leaves = self.columns.iter_mut().map(ColumnReader::finish_batch).collect::<Result<Vec<_>>>()?;
        let mut arrays =
            assemble(&self.projection.tree, &leaves, rows).map_err(|error| error.in_row_group(self.row_group))?;
        arrays.extend(appended);
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.projection.schema), arrays, &options)
            .map_err(|error| Error::internal(format!("batch: {error}")))
    }
}

/// Takes the next `batch_rows` rows off the front of `rest`.
fn next_window(rest: &mut VecDeque<Range<u64>>, batch_rows: u64) -> Vec<Range<u64>> {
    let mut window = Vec::new();
    let mut room = batch_rows;
    while room > 0 {
        let Some(first) = rest.front_mut() else { break };
        let end = first.end.min(first.start.saturating_add(room));
        room = room.saturating_sub(end.saturating_sub(first.start));
        window.push(first.start..end);
        first.start = end;
        if first.is_empty() {
            rest.pop_front();
        }
    }
    window
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_hold_exactly_the_batch_rows() {
        let mut rest = VecDeque::from([0..3, 5..6, 10..20]);
        assert_eq!(next_window(&mut rest, 6), [0..3, 5..6, 10..12]);
        assert_eq!(next_window(&mut rest, 6), [12..18]);
        assert_eq!(next_window(&mut rest, 6), [18..20]);
        assert_eq!(next_window(&mut rest, 6), []);
    }
}
