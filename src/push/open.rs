//! Opens a row group of a plan: a reader for each column that is read, once, and a stage for each predicate.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::filter::FilterStage;
use super::output::{KeptColumn, OutputColumn, OutputStage};
use super::row_group::RowGroupReader;
use crate::column::{ChunkPlace, ColumnReader, LevelShape};
use crate::error::{Error, Result};
use crate::memory::Pool;
use crate::metadata::{ColumnChunk, PageLocation};
use crate::page::HighestLevels;
use crate::page::guard::PageGuard;
use crate::scan::{Plan, ProjectedColumn, RowGroupScan};

/// Rows that predicates look at at a time: few enough for their values to stay in the cache until the output takes them.
const FILTER_WINDOW_ROWS: u64 = 8192;

/// A reader of the rows `scan` of a row group.
///
/// Fails where a column chunk lies outside the file.
pub(super) fn open_row_group(plan: &Plan, scan: &RowGroupScan, pool: &Arc<Pool>) -> Result<RowGroupReader> {
    Opening { plan, scan, pool }.row_group()
}

struct Opening<'a> {
    plan: &'a Plan,
    scan: &'a RowGroupScan,
    pool: &'a Arc<Pool>,
}

impl Opening<'_> {
    fn row_group(&self) -> Result<RowGroupReader> {
        let Self { plan, scan, .. } = self;
        let mut read = BTreeSet::new();
        let mut filters = Vec::new();
        for (index, predicate) in plan.predicates.iter().enumerate() {
            let new: Vec<usize> = predicate.leaves().iter().copied().filter(|leaf| read.insert(*leaf)).collect();
            let columns = new.into_iter().filter_map(|leaf| plan.predicate_column(leaf));
            let readers = columns.map(|column| Ok((column.leaf, self.column_reader(&column, false)?)));
            let later = plan.predicates.iter().skip(index.saturating_add(1)).flat_map(|predicate| predicate.leaves());
            let of_output =
                plan.projection.columns.iter().filter(|column| self.is_kept(column)).map(|column| &column.leaf);
            let kept = later.chain(of_output).copied().collect();
            filters.push(FilterStage::new(Arc::clone(predicate), readers.collect::<Result<_>>()?, kept));
        }
        let output = self.output(!filters.is_empty())?;
        let cache = plan.options.predicate_cache_bytes;
        Ok(RowGroupReader::new(scan.row_group, &scan.rows, filters, output, FILTER_WINDOW_ROWS, cache))
    }

    fn output(&self, has_filters: bool) -> Result<OutputStage> {
        let Self { plan, scan, .. } = self;
        let columns = plan.projection.columns.iter().map(|column| match self.is_kept(column) {
            true => Ok(OutputColumn::Kept(KeptColumn::new(column.leaf))),
            false => self.column_reader(column, has_filters).map(|reader| OutputColumn::Read(Box::new(reader))),
        });
        let columns = columns.collect::<Result<_>>()?;
        let groups_before = plan.metadata.row_groups.iter().take(scan.row_group);
        let first_row = groups_before.fold(0, |rows: u64, group| rows.saturating_add(group.row_count));
        let batch_rows = plan.options.batch_rows as u64;
        Ok(OutputStage::new(scan.row_group, first_row, Arc::clone(&plan.projection), columns, batch_rows))
    }

    /// True for an output column whose values come along from a predicate: a top-level leaf of the same type.
    fn is_kept(&self, column: &ProjectedColumn) -> bool {
        let plan = self.plan;
        let is_top = plan.metadata.schema.leaves.get(column.leaf).is_some_and(|leaf| leaf.path.len() == 1);
        let of_predicate = || plan.predicates.iter().any(|predicate| predicate.leaves().contains(&column.leaf));
        is_top
            && of_predicate()
            && plan.predicate_column(column.leaf).is_some_and(|kept| kept.data_type == column.data_type)
    }

    fn column_reader(&self, column: &ProjectedColumn, may_skip: bool) -> Result<ColumnReader> {
        let Self { plan, scan, pool } = self;
        let ordinal = column.leaf;
        let row_count = plan.metadata.row_groups.get(scan.row_group).map_or(0, |group| group.row_count);
        let leaf = plan.metadata.schema.leaves.get(ordinal).ok_or_else(|| Error::internal("a leaf is missing"))?;
        let chunk = plan.chunk(scan.row_group, ordinal)?;
        let range = chunk
            .byte_range(plan.metadata.file_length)
            .map_err(|error| error.in_column(ordinal, &leaf.dotted_path()).in_row_group(scan.row_group))?;
        let selected = scan.rows.selected();
        let is_partial = may_skip || selected < row_count;
        let uses_index = is_partial || plan.options.max_buffered_bytes.is_some();
        let place = ChunkPlace {
            range,
            stated_end: range.end().saturating_sub(chunk.unaccounted_bytes),
            codec: chunk.codec,
            index: if uses_index { usable_index(chunk, row_count) } else { Vec::new() },
            guard: PageGuard {
                decryptor: chunk.decryptor()?,
                verify_checksums: plan.options.verify_checksums,
                begins_with_dictionary: chunk.dictionary_page_offset.is_some(),
            },
            row_group: scan.row_group,
            column: ordinal,
            row_count,
            levels: LevelShape {
                highest: HighestLevels { repetition: leaf.max_repetition_level, definition: leaf.max_definition_level },
                slot_definition: column.slot_definition,
            },
        };
        let rows = usize::try_from(selected).unwrap_or(usize::MAX);
        ColumnReader::new(place, leaf, &column.data_type, rows.min(plan.options.batch_rows), pool)
    }
}

/// The pages of the chunk's offset index, where it fits the row group; else none.
fn usable_index(chunk: &ColumnChunk, row_count: u64) -> Vec<PageLocation> {
    match &chunk.offset_index {
        Some(index) if index.pages.iter().all(|page| page.first_row < row_count) => index.pages.clone(),
        _ => Vec::new(),
    }
}
