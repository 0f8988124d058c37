//! The last stage of a row group: the rows that are wanted, gathered to batches.
//!
//! A column that a predicate read already is not read again: its values come along with the rows. What is decoded without
//! being wanted is dropped column by column before columns are put together; lists are put together first.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::DataType;

use super::filtered_rows::FilteredRows;
use super::kept_rows::KeptRows;
use super::output_rows::OutputRows;
use super::pushed::PushedBytes;
use crate::column::{ColumnReader, Gathered, LeafBatch, RowMask, assemble, copied_views, leaf_array, values_of_keys};
use crate::error::{Error, Result};
use crate::memory::Pool;
use crate::page::PageOpener;
use crate::predicate::expanded;
use crate::scan::{DecodePlans, ProjectedColumn, Projection, RowMasks, RowWindow};

/// Rows that memory is taken for at first, however many a batch may have.
const MAX_RESERVED_ROWS: usize = 1 << 16;
/// So many rows are decoded at a time where most of them are dropped again: they stay in the cache.
const LARGE_PIECE_ROWS: u64 = 4096;
/// Fewer than one in so many rows is selected where they are scattered: values that point to pages are then copied.
const SCATTERED: u64 = 8;
/// Rows in which so many pages may lie that scattered ones are not waited for behind them.
const LARGE_EXTENT_ROWS: u64 = 1 << 15;

/// Where the values of an output leaf come from.
pub(crate) enum OutputColumn {
    /// They are decoded.
    Read(Box<ColumnReader>),
    /// A predicate read them.
    Kept(KeptColumn),
}

/// The values of a leaf for the rows that wait or are in the batch at hand, in order.
pub(crate) struct KeptColumn {
    leaf: usize,
    /// The output wants dictionaries; else values, be they read as codes.
    is_dictionary: bool,
    pieces: VecDeque<KeptPiece>,
}

/// Values of some rows, and the bytes that are given back with the last of them.
struct KeptPiece {
    rows: KeptRows,
    bytes: u64,
}

/// What came along from predicates.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CacheCounts {
    /// Columns that predicates read for the output too.
    pub hits: u64,
    /// The most bytes that waited at a time.
    pub peak_bytes: u64,
}

impl KeptColumn {
    /// Of an output column.
    pub(crate) fn new(column: &ProjectedColumn) -> Self {
        let is_dictionary = matches!(column.data_type, DataType::Dictionary(..));
        Self { leaf: column.leaf, is_dictionary, pieces: VecDeque::new() }
    }

    fn push(&mut self, rows: KeptRows) -> u64 {
        let bytes = rows.memory_bytes();
        self.pieces.push_back(KeptPiece { rows, bytes });
        bytes
    }

    /// The next `rows` values; what does not wait any more is taken off `kept_bytes`.
    fn take(&mut self, rows: usize, kept_bytes: &mut u64, pool: &Arc<Pool>) -> Result<LeafBatch> {
        let mut taken = Vec::new();
        let mut left = rows;
        while left > 0 {
            let piece = self.pieces.front_mut().ok_or_else(|| Error::internal("kept values are missing"))?;
            let front = if piece.rows.rows() > left { Some(piece.rows.take_front(left)) } else { None };
            let rows = match front {
                Some(front) => front,
                None => {
                    let Some(KeptPiece { rows, bytes }) = self.pieces.pop_front() else { continue };
                    *kept_bytes = kept_bytes.saturating_sub(bytes);
                    rows
                }
            };
            left = left.saturating_sub(rows.rows());
            taken.push(rows.into_parts());
        }
        self.joined(taken, pool)
    }

    /// The selected values as the output wants them. Keys of one dictionary are joined before values are made of them.
    fn joined(&self, mut pieces: Vec<(LeafBatch, Option<RowMask>)>, pool: &Arc<Pool>) -> Result<LeafBatch> {
        if !self.is_dictionary && !have_same_entries(&pieces) {
            for (values, _) in &mut pieces {
                values.array = values_of(&values.array, pool)?;
            }
        }
        let joined = LeafBatch::picked(&pieces, pool)?;
        let array = if self.is_dictionary { Arc::clone(&joined.array) } else { values_of(&joined.array, pool)? };
        Ok(joined.with_array(array))
    }
}

/// The values themselves, where they come as keys.
fn values_of(array: &ArrayRef, pool: &Arc<Pool>) -> Result<ArrayRef> {
    values_of_keys(array, pool)?.map_or_else(|| expanded(array), Ok)
}

/// True where all pieces are keys of the same dictionary.
fn have_same_entries(pieces: &[(LeafBatch, Option<RowMask>)]) -> bool {
    let entries = |piece: &(LeafBatch, _)| piece.0.array.as_any_dictionary_opt().map(|coded| coded.values().to_data());
    let first = pieces.first().and_then(entries);
    first.is_some_and(|first| pieces.iter().skip(1).all(|piece| entries(piece).is_some_and(|own| own.ptr_eq(&first))))
}

/// Decodes wanted rows as they come to be known, and hands them out in batches.
pub(crate) struct OutputStage {
    row_group: usize,
    /// Which row of the file the first one of the row group is.
    first_row: u64,
    projection: Arc<Projection>,
    columns: Vec<OutputColumn>,
    /// The shortest jump of each column that is read, the same for those that lists are put together of.
    shortest_jumps: Vec<u64>,
    /// Wanted rows that are not in the batch at hand yet.
    waiting: VecDeque<RowWindow>,
    /// The first rows of the batch at hand, by column, where what was decoded for them had to go; and how many they are.
    gathered: Vec<Gathered>,
    gathered_rows: u64,
    /// The rows of the batch behind those.
    batch: BatchRows,
    batch_rows: u64,
    /// Bytes of values that were decoded for predicates and wait.
    kept_bytes: u64,
    cache: CacheCounts,
    /// No rows come after those that wait.
    is_complete: bool,
    is_starved: bool,
}

/// Rows of a batch, and what is decoded to get them.
struct BatchRows {
    windows: Vec<RowWindow>,
    selected: u64,
    plans: DecodePlans,
}

impl BatchRows {
    fn new(shortest_jumps: &[u64]) -> Self {
        let read = shortest_jumps.iter().copied().filter(|jump| *jump > 0);
        Self { windows: Vec::new(), selected: 0, plans: DecodePlans::new(read) }
    }

    /// True where so much is decoded, or kept in memory, for few rows that it is better to drop the others before more is
    /// decoded.
    fn is_large_and_sparse(&self) -> bool {
        let decoded = self.plans.most_decoded();
        decoded >= LARGE_PIECE_ROWS && self.selected.saturating_mul(2) < decoded
            || self.plans.extent() >= LARGE_EXTENT_ROWS && self.is_scattered()
    }

    fn is_scattered(&self) -> bool {
        self.selected.saturating_mul(SCATTERED) < self.plans.extent()
    }

    fn push(&mut self, rows: RowWindow) {
        if !rows.is_empty() {
            self.plans.extend(&rows);
            self.selected = self.selected.saturating_add(rows.selected());
            self.windows.push(rows);
        }
    }

    fn push_range(&mut self, rows: Range<u64>) {
        self.plans.extend_by_range(&rows);
        self.selected = self.selected.saturating_add(rows.end.saturating_sub(rows.start));
        if !self.windows.last_mut().is_some_and(|last| last.push_range(&rows)) {
            self.windows.push(RowWindow::of_ranges([rows]));
        }
    }

    /// Forgets the rows, the masks of which were taken.
    fn clear(&mut self) {
        self.windows.truncate(1);
        self.windows.iter_mut().for_each(RowWindow::clear);
        self.selected = 0;
    }
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
        let shortest_jumps = shortest_jumps(&projection, &columns);
        let hits = columns.iter().filter(|column| matches!(column, OutputColumn::Kept(_))).count() as u64;
        Self {
            row_group,
            first_row,
            projection,
            columns,
            waiting: VecDeque::new(),
            gathered: Vec::new(),
            gathered_rows: 0,
            batch: BatchRows::new(&shortest_jumps),
            shortest_jumps,
            batch_rows,
            kept_bytes: 0,
            cache: CacheCounts { hits, peak_bytes: 0 },
            is_complete: false,
            is_starved: false,
        }
    }

    /// Adds wanted rows, behind those given before, with the values of the columns that were read for them.
    pub(crate) fn want(&mut self, mut rows: FilteredRows) {
        if rows.rows.is_empty() {
            return;
        }
        for column in &mut self.columns {
            if let OutputColumn::Kept(kept) = column
                && let Some(batch) = rows.leaves.remove(&kept.leaf)
            {
                self.kept_bytes = self.kept_bytes.saturating_add(kept.push(batch));
            }
        }
        self.cache.peak_bytes = self.cache.peak_bytes.max(self.kept_bytes);
        self.waiting.push_back(rows.rows);
    }

    /// Bytes of values that were decoded for predicates and wait for the output.
    pub(crate) fn kept_bytes(&self) -> u64 {
        self.kept_bytes
    }

    /// What came along from predicates.
    pub(crate) fn cache(&self) -> CacheCounts {
        self.cache
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

    /// The ranges of rows that have to be decoded for the rows known to be wanted and not handed out.
    pub(crate) fn wanted_rows(&self) -> Vec<Range<u64>> {
        let shortest = self.shortest_jumps.iter().copied().filter(|jump| *jump > 0).min().unwrap_or(1);
        let mut plans = DecodePlans::new([shortest]);
        self.batch.windows.iter().chain(&self.waiting).for_each(|rows| plans.extend(rows));
        plans.ranges(shortest).to_vec()
    }

    /// True where the last step could not go on for missing bytes.
    pub(crate) fn is_starved(&self) -> bool {
        self.is_starved
    }

    /// True where everything was handed out.
    pub(crate) fn is_done(&self) -> bool {
        self.is_complete && self.selected() == 0 && self.waiting.is_empty()
    }

    /// Rows of the batch at hand.
    fn selected(&self) -> u64 {
        self.gathered_rows.saturating_add(self.batch.selected)
    }

    /// Decodes what is wanted so far; a batch where one is full, or the last one. `None` where bytes or rows are missing.
    pub(crate) fn step(&mut self, pushed: &mut PushedBytes, opener: &mut PageOpener) -> Result<Option<RecordBatch>> {
        loop {
            self.fill_up();
            if self.selected() == 0 {
                return Ok(None);
            }
            let is_last = self.is_complete && self.waiting.is_empty();
            if !self.fill(is_last, pushed, opener)? {
                return Ok(None);
            }
            if is_last || self.selected() == self.batch_rows {
                return self.hand_out(opener.pool()).map(Some);
            }
            if !self.batch.is_large_and_sparse() {
                return Ok(None);
            }
            self.gather(opener.pool())?;
        }
    }

    /// Decodes what the rows at hand need; false where bytes are missing.
    fn fill(&mut self, is_last: bool, pushed: &mut PushedBytes, opener: &mut PageOpener) -> Result<bool> {
        let (mut is_filled, selected) = (true, self.batch.plans.selected());
        // Every column goes as far as it can, so that bytes are given up early.
        for (column, jump) in self.columns.iter_mut().zip(&self.shortest_jumps) {
            let OutputColumn::Read(column) = column else { continue };
            let ranges = self.batch.plans.ranges(*jump);
            is_filled &=
                column.fill(ranges, selected.get(*jump), pushed, opener)? && (!is_last || column.close(pushed)?);
        }
        self.is_starved = !is_filled;
        Ok(is_filled)
    }

    /// Moves rows that wait into the batch at hand as far as there is room, and they are not too far apart.
    fn fill_up(&mut self) {
        while self.selected() < self.batch_rows && !self.batch.is_large_and_sparse() {
            let room = self.batch_rows.saturating_sub(self.selected());
            let Some(first) = self.waiting.front_mut() else { break };
            if let Some(rows) = first.take_range(LARGE_PIECE_ROWS, room) {
                if first.is_empty() {
                    self.waiting.pop_front();
                }
                self.batch.push_range(rows);
                continue;
            }
            let Some(mut rest) = self.waiting.pop_front() else { break };
            let end = rest.first_row().map_or(u64::MAX, |first| first.saturating_add(LARGE_PIECE_ROWS));
            let mut front = rest.take_before(end);
            self.batch.push(front.take_front(room));
            for left in [rest, front] {
                if !left.is_empty() {
                    self.waiting.push_front(left);
                }
            }
        }
    }

    /// Gives up what is left of the chunks.
    pub(crate) fn abandon(&mut self, pushed: &mut PushedBytes) {
        for column in &mut self.columns {
            if let OutputColumn::Read(column) = column {
                column.abandon(pushed);
            }
        }
    }

    fn hand_out(&mut self, pool: &Arc<Pool>) -> Result<RecordBatch> {
        let selected = row_count(self.selected())?;
        let arrays = if self.gathered.is_empty() {
            self.put_together(pool)?.into_arrays(pool)?
        } else {
            // All of the batch may be gathered by the time that no more rows come.
            if self.batch.selected > 0 {
                self.gather(pool)?;
            }
            self.gathered_rows = 0;
            self.gathered.drain(..).map(Gathered::finish).collect::<Result<_>>()?
        };
        let options = RecordBatchOptions::new().with_row_count(Some(selected));
        RecordBatch::try_new_with_options(Arc::clone(&self.projection.schema), arrays, &options)
            .map_err(|error| Error::internal(format!("batch: {error}")))
    }

    /// Moves the rows at hand to those that are gathered.
    fn gather(&mut self, pool: &Arc<Pool>) -> Result<()> {
        let rows = self.batch.selected;
        let columns = self.put_together(pool)?;
        if self.gathered.is_empty() {
            let all = row_count(self.batch_rows)?.min(MAX_RESERVED_ROWS);
            self.gathered.resize_with(columns.arrays.len(), || Gathered::new(all, pool));
        }
        self.gathered_rows = self.gathered_rows.saturating_add(rows);
        self.gathered
            .iter_mut()
            .zip(columns.into_columns())
            .try_for_each(|(gathered, column)| gathered.push(&[column.picked()]))
    }

    /// The columns of the rows at hand.
    fn put_together(&mut self, pool: &Arc<Pool>) -> Result<OutputRows> {
        let selected = row_count(self.batch.selected)?;
        let masks = self.batch.plans.take_masks(self.batch.selected)?;
        let (mut arrays, kept_besides) = match self.projection.tree.is_flat() {
            true => self.flat_arrays(selected, pool)?,
            false => (self.nested_arrays(&masks, selected, pool)?, Vec::new()),
        };
        let mut selections = Vec::new();
        for (array, root) in arrays.iter().zip(&self.projection.roots) {
            let jump = self.shortest_jumps.get(root.first_leaf).copied().unwrap_or(1);
            let mask = masks.get(jump).filter(|_| root.has_lists || array.len() != selected);
            let decoded = mask.map_or(selected, |mask| mask.bits().len());
            if array.len() != decoded {
                let message = format!("a column of {} rows where {decoded} were decoded", array.len());
                return Err(Error::corrupt(message).in_row_group(self.row_group));
            }
            if !masks.is_empty() {
                selections.push(mask.cloned());
            }
        }
        let windows = &self.batch.windows;
        arrays.extend(self.projection.appended.columns(self.row_group, self.first_row, windows, selected)?);
        self.batch.clear();
        Ok(OutputRows { arrays, selections, kept_besides })
    }

    /// The columns of the file, none of which has members; and for each the bytes that are kept in memory besides its buffers.
    fn flat_arrays(&mut self, selected: usize, pool: &Arc<Pool>) -> Result<(Vec<ArrayRef>, Vec<usize>)> {
        let are_scattered = self.batch.is_scattered();
        let mut arrays = Vec::with_capacity(self.projection.schema.fields().len());
        let mut all_kept_besides = Vec::with_capacity(self.columns.len());
        for (column, node) in self.columns.iter_mut().zip(&self.projection.tree.nodes) {
            let (mut array, mut kept_besides) = match column {
                OutputColumn::Kept(kept) => {
                    let values = kept.take(selected, &mut self.kept_bytes, pool)?;
                    (values.array, values.kept_besides)
                }
                OutputColumn::Read(reader) => (reader.finish_array()?, reader.kept_besides()),
            };
            if are_scattered
                && array.len() == selected
                && let Some(copied) = copied_views(&array, kept_besides, pool)?
            {
                (array, kept_besides) = (copied, 0);
            }
            arrays.push(leaf_array(node, array));
            all_kept_besides.push(kept_besides);
        }
        Ok((arrays, all_kept_besides))
    }

    /// The columns of the file, of which some are put together of several leaves.
    fn nested_arrays(&mut self, masks: &RowMasks, selected: usize, pool: &Arc<Pool>) -> Result<Vec<ArrayRef>> {
        let are_scattered = self.batch.is_scattered();
        let columns = self.columns.iter_mut().zip(&self.shortest_jumps).zip(&self.projection.columns);
        let leaves = columns.map(|((column, jump), projected)| {
            let mut leaf = match column {
                OutputColumn::Kept(kept) => kept.take(selected, &mut self.kept_bytes, pool)?,
                // All decoded rows, where the selected ones are picked out of top-level columns.
                OutputColumn::Read(reader) if projected.beside_lists || projected.is_top_level => {
                    reader.finish_batch()?
                }
                OutputColumn::Read(reader) => {
                    LeafBatch::picked(&[(reader.finish_batch()?, masks.get(*jump).cloned())], pool)?
                }
            };
            if are_scattered && leaf.array.len() == selected {
                leaf.let_pages_go(pool)?;
            }
            Ok(leaf)
        });
        let leaves: Vec<LeafBatch> = leaves.collect::<Result<_>>()?;
        assemble(&self.projection.tree, leaves, pool).map_err(|error| error.in_row_group(self.row_group))
    }
}

fn row_count(rows: u64) -> Result<usize> {
    usize::try_from(rows).map_err(|_| Error::limit(format!("a batch of {rows} rows")))
}

/// The shortest jump of each column; 0 for those that are not read. Columns that are put together with lists have one in
/// common, since their rows are dropped afterwards; of those that predicates kept there are no more than the wanted rows.
fn shortest_jumps(projection: &Projection, columns: &[OutputColumn]) -> Vec<u64> {
    let own = |column: &OutputColumn| match column {
        OutputColumn::Read(reader) => reader.shortest_jump(),
        OutputColumn::Kept(_) => 0,
    };
    let mut jumps: Vec<u64> = columns.iter().map(own).collect();
    let ends = projection.roots.iter().skip(1).map(|root| root.first_leaf).chain([columns.len()]);
    for (root, end) in projection.roots.iter().zip(ends).filter(|(root, _)| root.has_lists) {
        let of_root = jumps.get_mut(root.first_leaf..end).unwrap_or_default();
        let least = of_root.iter().copied().min().unwrap_or(1).max(1);
        of_root.fill(least);
    }
    jumps
}
