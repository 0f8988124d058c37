//! One row group being read: from the rows that a plan leaves to batches.

use std::ops::Range;

use arrow_array::RecordBatch;

use super::output::OutputStage;
use super::pushed::PushedBytes;
use crate::byte_range::ByteRange;
use crate::column::{ColumnReader, PageCounts};
use crate::error::Result;
use crate::page::PageOpener;
use crate::scan::RowSelection;

use super::demand::missing_ranges;

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
    output: OutputStage,
}

impl RowGroupReader {
    /// A reader of `rows`.
    pub(crate) fn new(row_group: usize, rows: &RowSelection, mut output: OutputStage) -> Self {
        output.want(rows.ranges());
        output.complete();
        Self { row_group, output }
    }

    /// Ordinal of the row group.
    pub(crate) fn row_group(&self) -> usize {
        self.row_group
    }

    /// Pages met so far, over all columns.
    pub(crate) fn page_counts(&self) -> PageCounts {
        let mut counts = PageCounts::default();
        self.columns().for_each(|column| counts.add(column.page_counts()));
        counts
    }

    /// The ranges that are missing to go on, held ones left out.
    pub(crate) fn missing_ranges(&self, pushed: &PushedBytes, max_buffered_bytes: Option<u64>) -> Vec<ByteRange> {
        let wanted: Vec<Range<u64>> = self.output.wanted_rows();
        missing_ranges(self.output.columns(), &wanted, pushed, max_buffered_bytes)
    }

    /// Decodes what the bytes at hand allow.
    pub(crate) fn step(&mut self, pushed: &mut PushedBytes, opener: &mut PageOpener) -> Result<Progress> {
        match self.output.step(pushed, opener)? {
            Some(batch) => Ok(Progress::Batch(batch)),
            None if self.output.is_done() => Ok(Progress::Done),
            None => Ok(Progress::Starved),
        }
    }

    fn columns(&self) -> impl Iterator<Item = &ColumnReader> {
        self.output.columns().iter()
    }
}
