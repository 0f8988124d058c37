//! What columns of the output have of some rows, before those that are not wanted are dropped.

use std::sync::Arc;

use arrow_array::ArrayRef;

use crate::column::{Picked, RowMask, picked};
use crate::error::Result;
use crate::memory::Pool;

/// Columns of the output.
pub(super) struct OutputRows {
    pub arrays: Vec<ArrayRef>,
    /// Which rows of each are in the batch: all where there is no mask, and of the columns behind the last one.
    pub selections: Vec<Option<RowMask>>,
    /// Bytes that are kept in memory for each besides its buffers: none behind the last one.
    pub kept_besides: Vec<usize>,
}

/// One column of the output.
pub(super) struct OutputArray {
    array: ArrayRef,
    /// Which of its rows are in the batch; all where there is no mask.
    selected: Option<RowMask>,
    kept_besides: usize,
}

impl OutputArray {
    /// These rows.
    pub(super) fn picked(&self) -> Picked<'_> {
        Picked { kept_besides: self.kept_besides, ..Picked::new(&self.array, self.selected.as_ref()) }
    }
}

impl OutputRows {
    /// Each column, which is let go of before the next one.
    pub(super) fn into_columns(self) -> impl Iterator<Item = OutputArray> {
        let selections = self.selections.into_iter().chain(std::iter::repeat(None));
        let kept_besides = self.kept_besides.into_iter().chain(std::iter::repeat(0));
        let columns = self.arrays.into_iter().zip(selections).zip(kept_besides);
        columns.map(|((array, selected), kept_besides)| OutputArray { array, selected, kept_besides })
    }

    /// The rows that are in the batch, column by column.
    pub(super) fn into_arrays(self, pool: &Arc<Pool>) -> Result<Vec<ArrayRef>> {
        let rows = |column: OutputArray| match column.selected {
            Some(_) => picked(&[column.picked()], pool),
            None => Ok(column.array),
        };
        self.into_columns().map(rows).collect()
    }
}
