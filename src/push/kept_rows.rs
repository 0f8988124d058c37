//! Values of a leaf column on their way from the predicate that read them to whoever wants them too.
//!
//! What predicates drop is marked only, until few of the values are left or somebody needs them next to each other: the
//! output then picks the rows of several windows in one pass.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_buffer::BooleanBuffer;

use crate::column::{LeafBatch, RowMask};
use crate::error::Result;
use crate::memory::Pool;
use crate::scan::{position_behind, scattered};

/// Values of which fewer than one in so many is left are picked at once: the others would be held in vain.
const SPARSE: usize = 4;

/// The values of some rows, in order.
#[derive(Debug, Clone)]
pub(crate) struct KeptRows {
    values: LeafBatch,
    /// Which of the values are those of the rows; `None` where all are.
    selected: Option<BooleanBuffer>,
    rows: usize,
}

impl KeptRows {
    /// The selected ones of `values`.
    pub(crate) fn new(values: LeafBatch, selected: Option<&RowMask>) -> Self {
        let rows = selected.map_or(values.array.len(), RowMask::count);
        Self { values, selected: selected.map(|selected| selected.bits().clone()), rows }
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of memory behind them.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.values.memory_bytes()
    }

    /// The values, next to each other.
    pub(crate) fn array(&mut self, pool: &Arc<Pool>) -> Result<ArrayRef> {
        self.settle(pool)?;
        Ok(Arc::clone(&self.values.array))
    }

    fn settle(&mut self, pool: &Arc<Pool>) -> Result<()> {
        if let Some(selected) = self.selected.take() {
            let selected = RowMask::new(selected, self.rows);
            self.values = LeafBatch::picked(&[(self.values.clone(), Some(selected))], pool)?;
        }
        Ok(())
    }

    /// Those of the rows whose bit is set, `rows` of them.
    pub(crate) fn keep(&mut self, keep: &BooleanBuffer, rows: usize, pool: &Arc<Pool>) -> Result<()> {
        if rows == self.rows {
            return Ok(());
        }
        self.rows = rows;
        self.selected = Some(match self.selected.take() {
            None => keep.clone(),
            Some(selected) => scattered(&selected, keep),
        });
        if rows.saturating_mul(SPARSE) < self.values.array.len() { self.settle(pool) } else { Ok(()) }
    }

    /// Takes the first `rows` rows off.
    pub(crate) fn take_front(&mut self, rows: usize) -> Self {
        let rows = rows.min(self.rows);
        let left = self.rows.saturating_sub(rows);
        let cut = self.selected.as_ref().map_or(rows, |selected| position_behind(selected, rows as u64));
        let rest = self.values.array.len().saturating_sub(cut);
        let part = |start: usize, length: usize, rows: usize| Self {
            values: self.values.slice(start, length),
            selected: self.selected.as_ref().map(|selected| selected.slice(start, length)),
            rows,
        };
        let (front, back) = (part(0, cut, rows), part(cut, rest, left));
        *self = back;
        front
    }

    /// The values and which of them are selected.
    pub(crate) fn into_parts(self) -> (LeafBatch, Option<RowMask>) {
        let selected = self.selected.map(|selected| RowMask::new(selected, self.rows));
        (self.values, selected)
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int32Type;
    use arrow_array::{Array, Int32Array};

    use super::*;
    use crate::column::LevelRows;

    fn numbers(values: &[i32]) -> LeafBatch {
        let array = Arc::new(Int32Array::from(values.to_vec())) as ArrayRef;
        let levels = LevelRows { nulls: None, slots: array.len(), repetition: None, definition: None };
        LeafBatch { array, levels, kept_besides: 0 }
    }

    fn listed(mut rows: KeptRows) -> Vec<i32> {
        let array = rows.array(&Arc::default()).unwrap();
        assert_eq!(array.len(), rows.rows());
        array.as_primitive::<Int32Type>().values().to_vec()
    }

    #[test]
    fn rows_are_dropped_and_cut_as_in_a_list() {
        let pool = Arc::default();
        let mut model: Vec<i32> = (0..1000).collect();
        let mut rows = KeptRows::new(numbers(&model), None);
        for (round, every) in [3, 7, 2, 5].into_iter().enumerate() {
            let keep: Vec<bool> = model.iter().map(|value| value % every != 0 || round == 3).collect();
            let mut bits = keep.iter();
            model.retain(|_| *bits.next().unwrap());
            rows.keep(&BooleanBuffer::from(keep), model.len(), &pool).unwrap();
            assert_eq!(listed(rows.clone()), model);
            let front = rows.take_front(40 + round);
            assert_eq!(listed(front), model.drain(..40 + round).collect::<Vec<_>>());
            assert_eq!(listed(rows.clone()), model);
        }
        let keep: Vec<bool> = model.iter().map(|value| value % 97 == 0).collect();
        let left: Vec<i32> = model.iter().copied().filter(|value| value % 97 == 0).collect();
        rows.keep(&BooleanBuffer::from(keep), left.len(), &pool).unwrap();
        assert!(rows.selected.is_none() && rows.values.array.len() == left.len(), "few are picked at once");
        assert_eq!(listed(rows.take_front(usize::MAX)), left);
        assert_eq!((rows.rows(), listed(rows)), (0, vec![]));
    }
}
