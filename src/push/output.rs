//! The last stage of a row group: the rows that are wanted, gathered to batches.
//!
//! A column that a predicate read already is not read again: its values come along with the rows.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions};

use super::filter::RowWindow;
use super::pushed::PushedBytes;
use crate::column::{ColumnReader, LeafBatch, assemble};
use crate::error::{Error, Result};
use crate::page::PageOpener;
use crate::scan::{DecodeWindow, Projection, count_rows, take_rows};

/// Where the values of an output leaf come from.
pub(crate) enum OutputColumn {
    /// They are decoded.
    Read(Box<ColumnReader>),
    /// A predicate read them. The leaf is a top-level column.
    Kept(KeptColumn),
}

/// The values of a leaf for the rows that wait or are in the batch at hand, in order.
pub(crate) struct KeptColumn {
    leaf: usize,
    pieces: VecDeque<ArrayRef>,
}

impl KeptColumn {
    /// Of the leaf column with this ordinal.
    pub(crate) fn new(leaf: usize) -> Self {
        Self { leaf, pieces: VecDeque::new() }
    }

    /// The next `rows` values.
    fn take(&mut self, rows: usize) -> Result<ArrayRef> {
        let mut taken: Vec<ArrayRef> = Vec::new();
        let mut left = rows;
        while left > 0 {
            let piece = self.pieces.pop_front().ok_or_else(|| Error::internal("kept values are missing"))?;
            let length = piece.len().min(left);
            if length < piece.len() {
                self.pieces.push_front(piece.slice(length, piece.len().saturating_sub(length)));
            }
            left = left.saturating_sub(length);
            taken.push(if length < piece.len() { piece.slice(0, length) } else { piece });
        }
        if let [only] = &taken[..] {
            return Ok(Arc::clone(only));
        }
        let pieces: Vec<&dyn Array> = taken.iter().map(|piece| piece.as_ref()).collect();
        arrow_select::concat::concat(&pieces).map_err(|error| Error::internal(format!("concat: {error}")))
    }
}

/// Decodes wanted rows as they come to be known, and hands them out in batches.
pub(crate) struct OutputStage {
    row_group: usize,
    /// Which row of the file the first one of the row group is.
    first_row: u64,
    projection: Arc<Projection>,
    columns: Vec<OutputColumn>,
    /// Wanted rows that are not in the batch at hand yet.
    waiting: VecDeque<Range<u64>>,
    /// The batch at hand.
    window: DecodeWindow,
    batch_rows: u64,
    /// No rows come after those that wait.
    is_complete: bool,
    is_starved: bool,
}

impl OutputStage {
    /// Reads through `columns`, one for each leaf of `projection`. The row group's first row is row `first_row` of the file.
    pub(crate) fn new(
        row_group: usize,
        first_row: u64,
        projection: Arc<Projection>,
        columns: Vec<OutputColumn>,
        batch_rows: u64,
    ) -> Self {
        let (waiting, window) = (VecDeque::new(), DecodeWindow::default());
        Self {
            row_group,
            first_row,
            projection,
            columns,
            waiting,
            window,
            batch_rows,
            is_complete: false,
            is_starved: false,
        }
    }

    /// Adds wanted rows, behind those given before, with the values of the columns that were read for them.
    pub(crate) fn want(&mut self, mut window: RowWindow) {
        if window.rows.is_empty() {
            return;
        }
        for column in &mut self.columns {
            if let OutputColumn::Kept(kept) = column
                && let Some(array) = window.arrays.remove(&kept.leaf)
            {
                kept.pieces.push_back(array);
            }
        }
        self.waiting.extend(window.rows);
    }

    /// Bytes of values that were decoded for predicates and wait for the output.
    pub(crate) fn kept_bytes(&self) -> u64 {
        let pieces = self.columns.iter().flat_map(|column| match column {
            OutputColumn::Kept(kept) => kept.pieces.iter().collect(),
            OutputColumn::Read(_) => Vec::new(),
        });
        pieces.map(|piece| piece.get_buffer_memory_size() as u64).sum()
    }

    /// No more rows come.
    pub(crate) fn complete(&mut self) {
        self.is_complete = true;
    }

    /// The columns that are read.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &ColumnReader> {
        self.columns.iter().filter_map(|column| match column {
            OutputColumn::Read(column) => Some(column.as_ref()),
            OutputColumn::Kept(_) => None,
        })
    }

    /// The rows known to be wanted and not handed out.
    pub(crate) fn wanted_rows(&self) -> Vec<Range<u64>> {
        self.window.decoded.iter().chain(&self.waiting).cloned().collect()
    }

    /// True where the last step could not go on for missing bytes.
    pub(crate) fn is_starved(&self) -> bool {
        self.is_starved
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
        for column in readers(&mut self.columns) {
            is_filled &= column.fill(&self.window.decoded, pushed, opener)? && (!is_last || column.close(pushed)?);
        }
        self.is_starved = !is_filled;
        let is_full = is_last || count_rows(&self.window.selected) == self.batch_rows;
        if is_filled && is_full { self.batch().map(Some) } else { Ok(None) }
    }

    /// Gives up what is left of the chunks.
    pub(crate) fn abandon(&mut self, pushed: &mut PushedBytes) {
        readers(&mut self.columns).for_each(|column| column.abandon(pushed));
    }

    fn batch(&mut self) -> Result<RecordBatch> {
        let window = std::mem::take(&mut self.window);
        let (decoded, selected) = (row_count(&window.decoded)?, row_count(&window.selected)?);
        let leaves = self.columns.iter_mut().map(|column| match column {
            OutputColumn::Read(column) => column.finish_batch().map(Some),
            OutputColumn::Kept(_) => Ok(None),
        });
        let leaves = leaves.collect::<Result<Vec<Option<LeafBatch>>>>()?;
        let read =
            assemble(&self.projection.tree, &leaves, decoded).map_err(|error| error.in_row_group(self.row_group))?;
        let mask = window.mask().map(|mask| BooleanArray::new(mask, None));
        let mut kept = self.columns.iter_mut().filter_map(|column| match column {
            OutputColumn::Kept(kept) => Some(kept),
            OutputColumn::Read(_) => None,
        });
        let arrays = read.into_iter().map(|array| match (array, &mask) {
            (Some(array), Some(mask)) => filtered(&array, mask),
            (Some(array), None) => Ok(array),
            (None, _) => kept.next().ok_or_else(|| Error::internal("a column is missing"))?.take(selected),
        });
        let appended = self.projection.appended.columns(self.row_group, self.first_row, &window.selected)?;
        let arrays = arrays.chain(appended.into_iter().map(Ok));
        let options = RecordBatchOptions::new().with_row_count(Some(selected));
        RecordBatch::try_new_with_options(Arc::clone(&self.projection.schema), arrays.collect::<Result<_>>()?, &options)
            .map_err(|error| Error::internal(format!("batch: {error}")))
    }
}

fn readers(columns: &mut [OutputColumn]) -> impl Iterator<Item = &mut ColumnReader> {
    columns.iter_mut().filter_map(|column| match column {
        OutputColumn::Read(column) => Some(column.as_mut()),
        OutputColumn::Kept(_) => None,
    })
}

fn row_count(ranges: &[Range<u64>]) -> Result<usize> {
    let rows = count_rows(ranges);
    usize::try_from(rows).map_err(|_| Error::limit(format!("a batch of {rows} rows")))
}

/// The rows of `array` that `mask` keeps.
pub(crate) fn filtered(array: &ArrayRef, mask: &BooleanArray) -> Result<ArrayRef> {
    arrow_select::filter::filter(array, mask).map_err(|error| Error::internal(format!("filter: {error}")))
}
