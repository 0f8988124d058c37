//! Fills batches across row groups, by copying the few rows that predicates leave of each.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use arrow_select::coalesce::BatchCoalescer;

use super::decoder::Batch;
use crate::error::{Error, Result};
use crate::scan::Plan;

/// Collects rows until a batch is full.
pub(crate) struct BatchFiller {
    coalescer: BatchCoalescer,
    /// The row groups of the rows that were not handed out, and how many rows of each.
    origins: VecDeque<(Option<usize>, usize)>,
}

impl BatchFiller {
    /// One for the decoder of a plan, where its batches are to be filled.
    pub(crate) fn of_plan(plan: &Plan) -> Option<Self> {
        let (schema, batch_rows) = (Arc::clone(&plan.projection.schema), plan.options.batch_rows);
        let filler = || Self { coalescer: BatchCoalescer::new(schema, batch_rows), origins: VecDeque::new() };
        plan.options.fill_batches.then(filler)
    }

    /// True where rows wait for more.
    pub(crate) fn has_rows(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Adds rows behind those that are there.
    pub(crate) fn push(&mut self, batch: Batch) -> Result<()> {
        let rows = batch.rows.num_rows();
        match self.origins.back_mut() {
            Some((row_group, count)) if *row_group == batch.row_group => *count = count.saturating_add(rows),
            _ => self.origins.push_back((batch.row_group, rows)),
        }
        self.coalescer.push_batch(batch.rows).map_err(not_joined)
    }

    /// A full batch, where there is one.
    pub(crate) fn full(&mut self) -> Option<Batch> {
        self.coalescer.next_completed_batch().map(|rows| self.placed(rows))
    }

    /// What is left once no more rows come; full batches were taken before.
    pub(crate) fn rest(&mut self) -> Result<Option<Batch>> {
        self.coalescer.finish_buffered_batch().map_err(not_joined)?;
        Ok(self.full())
    }

    fn placed(&mut self, rows: RecordBatch) -> Batch {
        let first = self.origins.front().and_then(|(row_group, _)| *row_group);
        let (mut left, mut is_of_one) = (rows.num_rows(), true);
        while let Some((row_group, count)) = self.origins.front_mut().filter(|_| left > 0) {
            is_of_one &= *row_group == first;
            let taken = left.min(*count);
            left = left.saturating_sub(taken);
            *count = count.saturating_sub(taken);
            if *count == 0 {
                self.origins.pop_front();
            }
        }
        Batch { rows, row_group: first.filter(|_| is_of_one) }
    }
}

fn not_joined(error: ArrowError) -> Error {
    Error::limit(format!("rows of several row groups in one batch: {error}"))
}
