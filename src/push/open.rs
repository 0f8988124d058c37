//! Opens a row group: readers of its columns, and the stages that rows go through.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_schema::DataType;

use super::filter::{DictionaryProbe, FilterColumn, FilterStage};
use super::order::PredicateOrder;
use super::output::{KeptColumn, OutputColumn, OutputStage};
use super::row_group::RowGroupReader;
use crate::byte_range::ByteRange;
use crate::column::{ChunkPlace, ColumnReader, LevelShape};
use crate::error::{Error, Result};
use crate::memory::Pool;
use crate::metadata::{ColumnChunk, PageLocation};
use crate::page::HighestLevels;
use crate::page::guard::PageGuard;
use crate::predicate::BoundPredicate;
use crate::scan::{Plan, ProjectedColumn, RowGroupScan, SelectionPolicy};

/// Rows that predicates look at at a time: few enough for their values to stay in the cache until the output takes them.
const FILTER_WINDOW_ROWS: usize = 16_384;
/// Rows that buffers are reserved for where not all rows are wanted.
const ROWS_OF_PARTIAL_BATCH: usize = 16_384;
/// Gaps that are jumped over where rows are to be selected by bitmaps.
const BITMAP_JUMP_ROWS: u64 = 1024;
/// A dictionary is asked for before anything else where it is at most one part in so many of what else would be read ...
const SMALL_DICTIONARY_SHARE: u64 = 8;
/// ... and that is at least so many bytes: a request takes its time too.
const LEAST_BYTES_SAVED: u64 = 256 << 10;

/// What row groups of a scan are opened by.
pub(crate) struct RowGroupOpener<'a> {
    pub plan: &'a Plan,
    pub order: &'a PredicateOrder,
    pub pool: &'a Arc<Pool>,
}

impl RowGroupOpener<'_> {
    /// A reader of the rows of `scan` that the predicates keep.
    pub(crate) fn open(&self, scan: &RowGroupScan) -> Result<RowGroupReader> {
        let columns = &self.plan.projection.columns;
        let asked = self.order.sorted(self.plan, scan);
        let of_predicates: BTreeSet<usize> =
            asked.iter().flat_map(|(_, predicate)| predicate.leaves()).copied().collect();
        let kept_leaves: BTreeSet<usize> =
            columns.iter().map(|column| column.leaf).filter(|leaf| of_predicates.contains(leaf)).collect();
        let mut filters = Vec::with_capacity(asked.len());
        let mut read = BTreeSet::new();
        for (place, (index, predicate)) in asked.iter().enumerate() {
            let later = asked.iter().skip(place.saturating_add(1)).flat_map(|(_, predicate)| predicate.leaves());
            let wanted_later: BTreeSet<usize> = later.copied().chain(kept_leaves.iter().copied()).collect();
            let mut columns = Vec::new();
            for leaf in predicate.leaves() {
                if read.insert(*leaf) {
                    let is_coded =
                        !asked.iter().any(|(_, other)| other.has_callback() && other.leaves().contains(leaf));
                    columns.push(FilterColumn {
                        leaf: *leaf,
                        reader: self.filter_reader(scan, *leaf, is_coded, place > 0)?,
                        is_kept: wanted_later.contains(leaf),
                    });
                }
            }
            let probe = self.dictionary_probe(scan, predicate, &columns)?;
            let passed_on = wanted_later.into_iter().collect();
            let certain = scan.certain_rows(*index);
            filters.push(FilterStage::new((*index, Arc::clone(predicate)), columns, passed_on, &certain, probe));
        }
        let has_filters = !filters.is_empty();
        let rows = usize::try_from(scan.rows.selected()).unwrap_or(usize::MAX).min(self.plan.options.batch_rows);
        let output = columns.iter().map(|column| match kept_leaves.contains(&column.leaf) {
            true => Ok(OutputColumn::Kept(KeptColumn::new(column))),
            false => {
                let reader = self.column_reader(scan, column, self.plan.options.batch_rows, has_filters)?;
                let reader = reader.with_values_in_place(rows);
                Ok(OutputColumn::Read(Box::new(reader)))
            }
        });
        let output = self.output(scan, output.collect::<Result<_>>()?);
        let cache = self.plan.options.predicate_cache_bytes;
        Ok(RowGroupReader::new(scan.row_group, &scan.rows, filters, output, FILTER_WINDOW_ROWS as u64, cache))
    }

    fn output(&self, scan: &RowGroupScan, columns: Vec<OutputColumn>) -> OutputStage {
        let groups_before = self.plan.metadata.row_groups.iter().take(scan.row_group);
        let first_row = groups_before.fold(0, |rows: u64, group| rows.saturating_add(group.row_count));
        let batch_rows = self.plan.options.batch_rows as u64;
        OutputStage::new(scan.row_group, first_row, Arc::clone(&self.plan.projection), columns, batch_rows)
    }

    /// A reader for predicates, which `may_skip` rows that one before drops. What the output wants too is read as the output
    /// wants it; what has codes, as those, until the writer gave up its dictionary.
    fn filter_reader(
        &self,
        scan: &RowGroupScan,
        leaf: usize,
        may_be_coded: bool,
        may_skip: bool,
    ) -> Result<ColumnReader> {
        let of_output = self.plan.projection.columns.iter().find(|column| column.leaf == leaf).cloned();
        let column = of_output.or_else(|| self.plan.predicate_column(leaf));
        let column = column.ok_or_else(|| Error::internal("a leaf is missing"))?;
        let is_coded = may_be_coded && self.has_codes(scan, &column)?;
        match is_coded {
            true => Ok(self.column_reader(scan, &coded(column), FILTER_WINDOW_ROWS, may_skip)?.with_plain_batches()),
            false => self.column_reader(scan, &column, FILTER_WINDOW_ROWS, may_skip),
        }
    }

    /// True where values that are stored with a dictionary are worth to be read as codes: strings and binaries always,
    /// numbers where all pages have codes, since it takes longer to find entries for them than to decode them.
    fn has_codes(&self, scan: &RowGroupScan, column: &ProjectedColumn) -> Result<bool> {
        let chunk = self.plan.chunk(scan.row_group, column.leaf)?;
        let data_type = &column.data_type;
        let is_bytes =
            data_type.is_string() || data_type.is_binary() || matches!(data_type, DataType::FixedSizeBinary(_));
        Ok(match is_bytes {
            true => chunk.dictionary_page_offset.is_some(),
            false => chunk.is_all_codes && data_type.is_primitive(),
        })
    }

    /// The dictionary page that can tell what a predicate says of all rows, where there is one.
    fn dictionary_probe(
        &self,
        scan: &RowGroupScan,
        predicate: &BoundPredicate,
        columns: &[FilterColumn],
    ) -> Result<Option<DictionaryProbe>> {
        let ([column], [leaf], false) = (columns, predicate.leaves(), predicate.has_callback()) else {
            return Ok(None);
        };
        let chunk = self.plan.chunk(scan.row_group, column.leaf)?;
        let Some(start) = chunk.dictionary_page_offset.filter(|_| chunk.is_all_codes) else { return Ok(None) };
        let range = ByteRange::between(start, chunk.data_page_offset);
        // Where the footer contradicts itself, the pages tell where the dictionary ends.
        if !chunk.byte_range(self.plan.metadata.file_length)?.contains(range) {
            return Ok(None);
        }
        let mut all_bytes = 0u64;
        for leaf in self.plan.leaves_read(scan) {
            all_bytes = all_bytes.saturating_add(self.plan.chunk(scan.row_group, leaf)?.compressed_bytes);
        }
        let rest = all_bytes.saturating_sub(range.length);
        let is_asked_for =
            rest >= LEAST_BYTES_SAVED && range.length <= rest.checked_div(SMALL_DICTIONARY_SHARE).unwrap_or(0);
        let can_be_null = self.plan.metadata.schema.leaves.get(*leaf).is_none_or(|leaf| leaf.max_definition_level > 0);
        let null_count = (!can_be_null).then_some(0);
        Ok(Some(DictionaryProbe { range, is_asked_for, null_count }))
    }

    /// A reader for batches of `batch_rows` rows; where it `may_skip` rows, it knows where pages lie.
    fn column_reader(
        &self,
        scan: &RowGroupScan,
        column: &ProjectedColumn,
        batch_rows: usize,
        may_skip: bool,
    ) -> Result<ColumnReader> {
        let ordinal = column.leaf;
        let row_count = self.plan.metadata.row_groups.get(scan.row_group).map_or(0, |group| group.row_count);
        let leaf = self.plan.metadata.schema.leaves.get(ordinal).ok_or_else(|| Error::internal("a leaf is missing"))?;
        let chunk = self.plan.chunk(scan.row_group, ordinal)?;
        let range = chunk
            .byte_range(self.plan.metadata.file_length)
            .map_err(|error| error.in_column(ordinal, leaf.dotted_path()).in_row_group(scan.row_group))?;
        let selected = scan.rows.selected();
        let is_partial = may_skip || selected < row_count;
        let uses_index = is_partial || self.plan.options.max_buffered_bytes.is_some();
        let place = ChunkPlace {
            range,
            stated_end: range.end().saturating_sub(chunk.unaccounted_bytes),
            codec: chunk.codec,
            index: if uses_index { usable_index(chunk, range, row_count) } else { Vec::new() },
            guard: PageGuard {
                decryptor: chunk.decryptor()?,
                verify_checksums: self.plan.options.verify_checksums,
                begins_with_dictionary: chunk.dictionary_page_offset.is_some(),
            },
            row_group: scan.row_group,
            column: ordinal,
            row_count,
            levels: LevelShape {
                highest: HighestLevels { repetition: leaf.max_repetition_level, definition: leaf.max_definition_level },
                slot_definition: column.slot_definition,
            },
            is_all_codes: chunk.is_all_codes,
        };
        let rows = usize::try_from(selected).unwrap_or(usize::MAX);
        // What is decoded between wanted rows takes room too.
        let most = if is_partial { ROWS_OF_PARTIAL_BATCH } else { batch_rows };
        let rows = rows.min(most);
        let reader = ColumnReader::new(place, leaf, &column.data_type, rows, self.pool)?;
        // Compressed bytes of a page stay as long as some of it is wanted, which a bound on buffered bytes does not know.
        let in_parts = is_partial && self.plan.options.max_buffered_bytes.is_none();
        let all_wanted = if may_skip { None } else { scan.rows.few_ranges() };
        let reader = if in_parts { reader.with_pages_in_parts(all_wanted) } else { reader };
        Ok(match self.plan.options.selection_policy {
            SelectionPolicy::Adaptive => reader,
            SelectionPolicy::Runs => reader.with_shortest_jump(1),
            SelectionPolicy::Bitmap => reader.with_shortest_jump(BITMAP_JUMP_ROWS),
        })
    }
}

/// The column with codes for its values.
fn coded(mut column: ProjectedColumn) -> ProjectedColumn {
    column.data_type = DataType::Dictionary(Box::new(DataType::UInt32), Box::new(column.data_type));
    column
}

/// The pages of the chunk's offset index, where it fits the row group; else none.
fn usable_index(chunk: &ColumnChunk, range: ByteRange, row_count: u64) -> Vec<PageLocation> {
    let index = chunk.offset_index().filter(|index| index.fits(range, row_count));
    index.map_or_else(Vec::new, |index| index.pages.clone())
}
