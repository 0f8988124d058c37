//! The last stage of a row group: the rows that are wanted, gathered to batches.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};

use super::pushed::PushedBytes;
use crate::column::{ColumnReader, assemble};
use crate::error::{Error, Result};
use crate::page::PageOpener;
use crate::scan::{DecodeWindow, Projection, count_rows, take_rows};

/// Decodes wanted rows as they come to be known, and hands them out in batches.
pub(crate) struct OutputStage {
    row_group: usize,
    projection: Arc<Projection>,
    columns: Vec<ColumnReader>,
    /// Wanted rows that are not in the batch at hand yet.
    waiting: VecDeque<Range<u64>>,
    /// The batch at hand.
    window: DecodeWindow,
    batch_rows: u64,
    /// No rows come after those that wait.
    is_complete: bool,
}

impl OutputStage {
    /// Reads through `columns`, one for each leaf of `projection`.
    pub(crate) fn new(
        row_group: usize,
        projection: Arc<Projection>,
        columns: Vec<ColumnReader>,
        batch_rows: u64,
    ) -> Self {
        let (waiting, window) = (VecDeque::new(), DecodeWindow::default());
        Self { row_group, projection, columns, waiting, window, batch_rows, is_complete: false }
    }

    /// Adds wanted rows, behind those given before.
    pub(crate) fn want(&mut self, rows: impl IntoIterator<Item = Range<u64>>) {
        self.waiting.extend(rows);
    }

    /// No more rows come.
    pub(crate) fn complete(&mut self) {
        self.is_complete = true;
    }

    /// The columns.
    pub(crate) fn columns(&self) -> &[ColumnReader] {
        &self.columns
    }

    /// The rows known to be wanted and not handed out.
    pub(crate) fn wanted_rows(&self) -> Vec<Range<u64>> {
        self.window.decoded.iter().chain(&self.waiting).cloned().collect()
    }

    /// True where everything was handed out.
    pub(crate) fn is_done(&self) -> bool {
        self.is_complete && self.window.is_empty() && self.waiting.is_empty()
    }

    /// Decodes what is wanted so far; a batch where one is full, or the last one. `None` where bytes or rows are missing.
    pub(crate) fn step(&mut self, pushed: &mut PushedBytes, opener: &mut PageOpener) -> Result<Option<RecordBatch>> {
        let room = self.batch_rows.saturating_sub(count_rows(&self.window.selected));
        self.window.extend(take_rows(&mut self.waiting, room));
        if self.window.is_empty() {
            return Ok(None);
        }
        let is_last = self.is_complete && self.waiting.is_empty();
        let mut is_filled = true;
        // Every column goes as far as it can, so that bytes are given up early.
        for column in &mut self.columns {
            is_filled &= column.fill(&self.window.decoded, pushed, opener)? && (!is_last || column.close(pushed)?);
        }
        let is_full = is_last || count_rows(&self.window.selected) == self.batch_rows;
        if is_filled && is_full { self.batch().map(Some) } else { Ok(None) }
    }

    /// Gives up what is left of the chunks.
    pub(crate) fn abandon(&mut self, pushed: &mut PushedBytes) {
        self.columns.iter_mut().for_each(|column| column.abandon(pushed));
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        let window = std::mem::take(&mut self.window);
        let row_count = |ranges| {
            let rows = count_rows(ranges);
            usize::try_from(rows).map_err(|_| Error::limit(format!("a batch of {rows} rows")))
        };
        let leaves = self.columns.iter_mut().map(ColumnReader::finish_batch).collect::<Result<Vec<_>>>()?;
        let mut arrays = assemble(&self.projection.tree, &leaves, row_count(&window.decoded)?)
            .map_err(|error| error.in_row_group(self.row_group))?;
        if let Some(mask) = window.mask() {
            let mask = BooleanArray::new(mask, None);
            arrays = arrays.iter().map(|array| filtered(array, &mask)).collect::<Result<_>>()?;
        }
        let options = RecordBatchOptions::new().with_row_count(Some(row_count(&window.selected)?));
        RecordBatch::try_new_with_options(Arc::clone(&self.projection.schema), arrays, &options)
            .map_err(|error| Error::internal(format!("batch: {error}")))
    }
}

/// The rows of `array` that `mask` keeps.
pub(crate) fn filtered(array: &ArrayRef, mask: &BooleanArray) -> Result<ArrayRef> {
    arrow_select::filter::filter(array, mask).map_err(|error| Error::internal(format!("filter: {error}")))
}
