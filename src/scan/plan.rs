//! What a scan will do, decided once: columns, predicates, and the rows of each row group that statistics do not rule out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::Array;
use arrow_schema::DataType;

use super::projection::predicate_types;
use super::pruning::{Pruned, Pruner};
use super::row_groups::{ChosenRows, RowGroupScan, chosen_rows, limited};
use super::{ProjectedColumn, Projection, RowSelection, ScanOptions};
use crate::column::check_supported;
use crate::error::{Error, Result};
use crate::memory::{Pool, Pools};
use crate::metadata::{ColumnChunk, Metadata};
use crate::page::codec;
use crate::predicate::{BoundPredicate, Predicate, Verdict};

/// A scan of one file, planned: it never changes, and any number of decoders on any threads may read it.
///
/// Statistics are asked when it is made. What has to be read before it can decide, such as a bloom filter, is the
/// business of decoders. Of the memory of a decoder that is gone, what the thread does not keep, up to 8 MiB, goes
/// to the next one of the plan.
#[derive(Clone)]
pub struct Plan {
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) options: Arc<ScanOptions>,
    pub(crate) projection: Arc<Projection>,
    /// All of them must keep a row, each looks at the rows that those before it kept.
    pub(crate) predicates: Vec<Arc<BoundPredicate>>,
    /// What the leaf columns of predicates are read as for them.
    pub(super) predicate_types: BTreeMap<usize, DataType>,
    /// What each of `predicates` was made of.
    pub(super) conditions: Vec<Predicate>,
    /// The chosen row groups in the order in which they are read.
    pub(crate) row_groups: Vec<PlannedRowGroup>,
    /// What is known of the columns of predicates.
    pub(super) pruner: Arc<Pruner>,
    /// Memory of its decoders.
    pub(crate) pools: Arc<Pools>,
}

/// What is read of a chosen row group, and why the rest is not.
#[derive(Debug, Clone)]
pub(crate) struct PlannedRowGroup {
    /// Its rows that are read: of the chosen ones those that offset and limit leave, or with predicates those that
    /// statistics do not rule out.
    pub scan: RowGroupScan,
    /// Its rows that the options choose.
    pub chosen: RowSelection,
    /// Rows that are chosen from.
    pub row_count: u64,
    /// The predicate that no row can satisfy by the statistics of the row group.
    pub by_stats: Option<usize>,
    /// Rows that the page index rules out, and by which predicate.
    pub by_pages: Vec<(usize, u64)>,
}

impl PlannedRowGroup {
    /// Rows that the statistics of the row group rule out.
    pub(crate) fn rows_ruled_out_by_stats(&self) -> u64 {
        self.by_stats.map_or(0, |_| self.chosen.selected())
    }

    /// Rows that the page index rules out.
    pub(crate) fn rows_ruled_out_by_pages(&self) -> u64 {
        self.by_pages.iter().fold(0, |sum, (_, rows)| sum.saturating_add(*rows))
    }

    /// True where statistics rule out every row that was selected.
    pub(crate) fn is_pruned(&self) -> bool {
        self.by_stats.is_some() || (!self.by_pages.is_empty() && self.scan.rows.selected() == 0)
    }
}

impl Plan {
    /// Plans the scan of the rows and columns that `options` ask for.
    ///
    /// Fails with `InvalidArgument` for options that do not fit the file, and with `Unsupported` where a wanted column
    /// is of a kind that cannot be decoded; the message names the column.
    pub fn new(metadata: Arc<Metadata>, options: ScanOptions) -> Result<Self> {
        let chosen = chosen_rows(&metadata, &options)?;
        Self::of_rows(metadata, options, chosen)
    }

    /// Plans the scan of `chosen` rows, whatever rows the options choose; their offset and limit count.
    fn of_rows(metadata: Arc<Metadata>, options: ScanOptions, chosen: Vec<ChosenRows>) -> Result<Self> {
        if options.batch_rows == 0 {
            return Err(Error::invalid_argument("batch_rows is 0: a batch has at least one row"));
        }
        let projection = Arc::new(Projection::new(&metadata, &options)?);
        let predicate_types = predicate_types(&metadata, &options)?;
        let type_of = |leaf: usize| predicate_types.get(&leaf).cloned().unwrap_or(DataType::Null);
        let mut bound = Vec::new();
        for condition in options.predicates.iter().flat_map(Predicate::conjuncts) {
            let conjuncts = BoundPredicate::bind(condition, &metadata.schema, &type_of)?.conjuncts();
            bound.extend(conjuncts.into_iter().map(|conjunct| (conjunct, condition.clone())));
        }
        let (predicates, conditions) = by_column(bound);
        let pruner = Arc::new(Pruner::new(&metadata, &options, &predicate_types)?);
        let row_groups = planned_row_groups(&metadata, &options, &predicates, &pruner, chosen)?;
        let (options, pools) = (Arc::new(options), Arc::default());
        let plan =
            Self { metadata, options, projection, predicates, predicate_types, conditions, row_groups, pruner, pools };
        plan.check_columns()?;
        Ok(plan)
    }

    /// A plan for the row groups from `place` on, of which nothing was read, under other options: the same rows are chosen
    /// of them, of which `to_skip` are still to be passed over and at most `to_read` handed out.
    pub(crate) fn rest(&self, place: usize, options: ScanOptions, to_skip: u64, to_read: Option<u64>) -> Result<Self> {
        let selects = options.row_selection.is_some() || !options.row_group_selections.is_empty();
        let chooses = options.row_groups.is_some() || selects;
        if chooses || options.offset > 0 || options.limit.is_some() {
            let message = "row groups, a row selection, offset or limit for a scan that has begun: it keeps its own";
            return Err(Error::invalid_argument(message));
        }
        let rest = self.row_groups.iter().skip(place);
        let chosen = rest.map(|planned| (planned.scan.row_group, planned.chosen.clone())).collect();
        let options = ScanOptions { offset: to_skip, limit: to_read, ..options };
        Self::of_rows(Arc::clone(&self.metadata), options, chosen)
    }

    /// The place behind a chosen row group.
    pub(crate) fn place_behind(&self, row_group: usize) -> usize {
        let place = self.row_groups.iter().position(|planned| planned.scan.row_group == row_group);
        place.map_or(self.row_groups.len(), |place| place.saturating_add(1))
    }

    /// Offset and limit that are left for the row groups from `place` on where all rows before were read, of a plan
    /// without predicates.
    pub(crate) fn rest_of_limit(&self, place: usize) -> (u64, Option<u64>) {
        let passed = self.row_groups.iter().take(place);
        let (mut chosen, mut read) = (0u64, 0u64);
        for planned in passed {
            chosen = chosen.saturating_add(planned.chosen.selected());
            read = read.saturating_add(planned.scan.rows.selected());
        }
        let limit = self.options.limit.map(|limit| limit.saturating_sub(read));
        (self.options.offset.saturating_sub(chosen), limit)
    }

    /// The row groups of which rows are read, in the order in which they are read.
    pub(crate) fn scans(&self) -> impl Iterator<Item = &RowGroupScan> {
        self.row_groups.iter().map(|planned| &planned.scan).filter(|scan| scan.rows.selected() > 0)
    }

    /// The rows that decoders read, out of those of the chosen row groups one behind the other: as a
    /// [`ScanOptions::row_selection`] for the same row groups, it spares a later scan the question what statistics rule
    /// out. Without predicates, offset and limit are in it.
    pub fn row_selection(&self) -> Result<RowSelection> {
        let mut runs = Vec::new();
        for planned in &self.row_groups {
            let mut row = 0u64;
            for rows in planned.scan.rows.ranges() {
                runs.push((rows.start.saturating_sub(row), false));
                runs.push((rows.end.saturating_sub(rows.start), true));
                row = rows.end;
            }
            runs.push((planned.row_count.saturating_sub(row), false));
        }
        RowSelection::from_runs(runs)
    }

    /// The columns that are read: those of the output, and those of predicates.
    pub(crate) fn columns(&self) -> impl Iterator<Item = ProjectedColumn> + '_ {
        let of_predicates = self.predicates.iter().flat_map(|predicate| predicate.leaves());
        self.projection.columns.iter().cloned().chain(of_predicates.filter_map(|leaf| self.predicate_column(*leaf)))
    }

    /// The predicates that have to be asked in a row group, with their ordinals.
    pub(crate) fn asked<'a>(
        &'a self,
        scan: &'a RowGroupScan,
    ) -> impl Iterator<Item = (usize, &'a Arc<BoundPredicate>)> + Clone {
        self.predicates.iter().enumerate().filter(|(index, _)| !scan.is_certain(*index))
    }

    /// The leaf columns that are read of a row group, those of predicates and of the output.
    pub(crate) fn leaves_read(&self, scan: &RowGroupScan) -> BTreeSet<usize> {
        let of_predicates = self.asked(scan).flat_map(|(_, predicate)| predicate.leaves()).copied();
        self.projection.columns.iter().map(|column| column.leaf).chain(of_predicates).collect()
    }

    /// Whether some row of a row group may satisfy the predicates, where `lacks` says which leaf columns have none of some
    /// values.
    pub(crate) fn may_keep_rows(&self, scan: &RowGroupScan, lacks: &dyn Fn(usize, &dyn Array) -> bool) -> Result<bool> {
        let known = self.pruner.with_bloom_filters(scan.row_group, lacks);
        for (_, predicate) in self.asked(scan) {
            if predicate.evaluate_bounds(&known)? == Verdict::None {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The leaf column with this ordinal as predicates see it: outside of lists, a slot a row.
    pub(crate) fn predicate_column(&self, leaf: usize) -> Option<ProjectedColumn> {
        let data_type = self.predicate_types.get(&leaf)?.clone();
        Some(ProjectedColumn { leaf, data_type, slot_definition: 0, beside_lists: false, is_top_level: true })
    }

    /// A column chunk of the file.
    pub(crate) fn chunk(&self, row_group: usize, column: usize) -> Result<&ColumnChunk> {
        self.metadata.chunk(row_group, column)
    }

    /// Refuses what cannot be decoded before any byte is asked for.
    fn check_columns(&self) -> Result<()> {
        let pool = Arc::new(Pool::default());
        for column in self.columns() {
            let Some(leaf) = self.metadata.schema.leaves.get(column.leaf) else { continue };
            let placed = |error: Error| error.in_column(column.leaf, leaf.dotted_path());
            check_supported(leaf, &column.data_type, &pool).map_err(placed)?;
            for scan in self.scans() {
                let chunk = self.chunk(scan.row_group, column.leaf)?;
                check_chunk(chunk).map_err(|error| placed(error).in_row_group(scan.row_group))?;
            }
        }
        Ok(())
    }
}

/// Predicates of one and the same column are asked together; those of the host, and of several columns, by themselves.
fn by_column(bound: Vec<(BoundPredicate, Predicate)>) -> (Vec<Arc<BoundPredicate>>, Vec<Predicate>) {
    let mut together: Vec<(BoundPredicate, Vec<Predicate>)> = Vec::new();
    for (predicate, condition) in bound {
        let is_single = |of: &BoundPredicate| of.leaves().len() == 1 && !of.has_callback();
        let same = |(other, _): &&mut (BoundPredicate, _)| {
            is_single(&predicate) && is_single(other) && other.leaves() == predicate.leaves()
        };
        match together.iter_mut().find(same) {
            Some((other, conditions)) => {
                *other = other.clone().and(predicate);
                if !conditions.contains(&condition) {
                    conditions.push(condition);
                }
            }
            None => together.push((predicate, vec![condition])),
        }
    }
    let condition = |mut conditions: Vec<Predicate>| match conditions.len() {
        1 => conditions.pop().unwrap_or_else(|| Predicate::and(Vec::new())),
        _ => Predicate::and(conditions),
    };
    together.into_iter().map(|(predicate, conditions)| (Arc::new(predicate), condition(conditions))).unzip()
}

/// What is read of the chosen rows. With predicates, offset and limit are not in it.
fn planned_row_groups(
    metadata: &Metadata,
    options: &ScanOptions,
    predicates: &[Arc<BoundPredicate>],
    pruner: &Pruner,
    chosen: Vec<ChosenRows>,
) -> Result<Vec<PlannedRowGroup>> {
    if predicates.is_empty() {
        let rows = limited(&chosen, options.offset, options.limit);
        let planned = chosen.into_iter().zip(rows).map(|((row_group, chosen), rows)| PlannedRowGroup {
            scan: RowGroupScan { row_group, rows, certain: Vec::new(), bloom_filters: Vec::new() },
            row_count: chosen.len(),
            chosen,
            by_stats: None,
            by_pages: Vec::new(),
        });
        return Ok(planned.collect());
    }
    let pruned = |(row_group, chosen): ChosenRows| {
        let mut pruned = Pruned { rows: chosen.clone(), by_stats: None, by_pages: Vec::new(), certain: Vec::new() };
        let mut bloom_filters = Vec::new();
        if chosen.selected() > 0 {
            pruned = pruner.prune(row_group, &chosen, predicates)?;
        }
        if options.use_bloom_filters && pruned.rows.selected() > 0 {
            bloom_filters = deciding_bloom_filters(metadata, options, predicates, pruner, row_group)?;
        }
        let Pruned { rows, by_stats, by_pages, certain } = pruned;
        let scan = RowGroupScan { row_group, rows, certain, bloom_filters };
        Ok(PlannedRowGroup { scan, row_count: chosen.len(), chosen, by_stats, by_pages })
    };
    chosen.into_iter().map(pruned).collect()
}

/// The leaf columns whose bloom filters would rule out the row group, did they have none of the values sought.
fn deciding_bloom_filters(
    metadata: &Metadata,
    options: &ScanOptions,
    predicates: &[Arc<BoundPredicate>],
    pruner: &Pruner,
    row_group: usize,
) -> Result<Vec<usize>> {
    let chunk = |leaf: usize| metadata.chunk(row_group, leaf).ok();
    // Of a filter of unknown length a first request would only bring the length.
    let filter_bytes = |leaf: usize| {
        let chunk = chunk(leaf).filter(|chunk| !chunk.external && chunk.bloom_filter_offset.is_some())?;
        chunk.bloom_filter_length
    };
    let mut deciding = BTreeSet::new();
    for predicate in predicates {
        let has_filter = |leaf, _: &dyn Array| filter_bytes(leaf).is_some();
        let known = pruner.with_bloom_filters(row_group, &has_filter);
        if predicate.evaluate_bounds(&known)? == Verdict::None {
            deciding.extend(predicate.leaves().iter().copied().filter(|leaf| filter_bytes(*leaf).is_some()));
        }
    }
    let bytes = deciding.iter().filter_map(|leaf| filter_bytes(*leaf)).fold(0, u64::saturating_add);
    let fits = options.max_buffered_bytes.is_none_or(|bound| bytes <= bound);
    Ok(if fits { deciding.into_iter().collect() } else { Vec::new() })
}

fn check_chunk(chunk: &ColumnChunk) -> Result<()> {
    if chunk.external {
        return Err(Error::unsupported("the column chunk lies in another file"));
    }
    chunk.decryptor()?;
    codec::check_supported(chunk.codec)
}
