//! What a scan will do, decided once: columns, predicates, and the rows of each row group that statistics do not rule out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow_array::Array;
use arrow_schema::DataType;

use super::projection::predicate_types;
use super::pruning::{Pruned, Pruner};
use super::row_groups::{RowGroupScan, selected_rows};
use super::{ProjectedColumn, Projection, ScanOptions};
use crate::column::check_supported;
use crate::error::{Error, Result};
use crate::memory::Pool;
use crate::metadata::{ColumnChunk, Metadata};
use crate::page::codec;
use crate::predicate::{BoundPredicate, Verdict};

/// A scan of one file, planned: it never changes, and any number of decoders on any threads may read it.
///
/// Statistics are asked when it is made. What has to be read before it can decide, such as a bloom filter, is the
/// business of decoders.
pub struct Plan {
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) options: ScanOptions,
    pub(crate) projection: Arc<Projection>,
    /// All of them must keep a row, each looks at the rows that those before it kept.
    pub(crate) predicates: Vec<Arc<BoundPredicate>>,
    /// What the leaf columns of predicates are read as for them.
    predicate_types: BTreeMap<usize, DataType>,
    /// The chosen row groups in the order in which they are read.
    pub(crate) row_groups: Vec<PlannedRowGroup>,
    /// What is known of the columns of predicates.
    pruner: Pruner,
}

/// What is read of a chosen row group, and why the rest is not.
#[derive(Debug)]
pub(crate) struct PlannedRowGroup {
    /// Its rows that are read: as selected, without those that statistics rule out. Without predicates, offset and limit
    /// are in it.
    pub scan: RowGroupScan,
    /// Rows of it that were selected before statistics were asked.
    pub selected: u64,
    /// The predicate that no row can satisfy by the statistics of the row group.
    pub by_stats: Option<usize>,
    /// Rows that the page index rules out, and by which predicate.
    pub by_pages: Vec<(usize, u64)>,
}

impl PlannedRowGroup {
    /// True where statistics rule out every row that was selected.
    pub(crate) fn is_pruned(&self) -> bool {
        self.selected > 0 && self.scan.rows.selected() == 0
    }
}

impl Plan {
    /// Plans the scan of the rows and columns that `options` ask for.
    ///
    /// Fails with `InvalidArgument` for options that do not fit the file, and with `Unsupported` where a wanted column
    /// is of a kind that cannot be decoded; the message names the column.
    pub fn new(metadata: Arc<Metadata>, options: ScanOptions) -> Result<Self> {
        if options.batch_rows == 0 {
            return Err(Error::invalid_argument("batch_rows is 0: a batch has at least one row"));
        }
        let projection = Arc::new(Projection::new(&metadata, &options)?);
        let predicate_types = predicate_types(&metadata, &options)?;
        let type_of = |leaf: usize| predicate_types.get(&leaf).cloned().unwrap_or(DataType::Null);
        let mut predicates = Vec::new();
        for predicate in &options.predicates {
            let bound = BoundPredicate::bind(predicate, &metadata.schema, &type_of)?;
            predicates.extend(bound.conjuncts().into_iter().map(Arc::new));
        }
        let pruner = Pruner::new(&metadata, &options, &predicate_types)?;
        let row_groups = planned_row_groups(&metadata, &options, &predicates, &pruner)?;
        let plan = Self { metadata, options, projection, predicates, predicate_types, row_groups, pruner };
        plan.check_columns()?;
        Ok(plan)
    }

    /// The row groups of which rows are read, in the order in which they are read.
    pub(crate) fn scans(&self) -> impl Iterator<Item = &RowGroupScan> {
        self.row_groups.iter().map(|planned| &planned.scan).filter(|scan| scan.rows.selected() > 0)
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

    /// The leaf column with this ordinal as predicates see it.
    pub(crate) fn predicate_column(&self, leaf: usize) -> Option<ProjectedColumn> {
        let data_type = self.predicate_types.get(&leaf)?.clone();
        Some(ProjectedColumn { leaf, data_type, slot_definition: 0, beside_lists: false })
    }

    /// A column chunk of the file.
    pub(crate) fn chunk(&self, row_group: usize, column: usize) -> Result<&ColumnChunk> {
        let chunk = self.metadata.row_groups.get(row_group).and_then(|group| group.columns.get(column));
        chunk.ok_or_else(|| Error::internal("a column chunk is missing").in_row_group(row_group))
    }

    /// Refuses what cannot be decoded before any byte is asked for.
    fn check_columns(&self) -> Result<()> {
        let pool = Arc::new(Pool::default());
        for column in self.columns() {
            let Some(leaf) = self.metadata.schema.leaves.get(column.leaf) else { continue };
            let placed = |error: Error| error.in_column(column.leaf, &leaf.dotted_path());
            check_supported(leaf, &column.data_type, &pool).map_err(placed)?;
            for scan in self.scans() {
                let chunk = self.chunk(scan.row_group, column.leaf)?;
                check_chunk(chunk).map_err(|error| placed(error).in_row_group(scan.row_group))?;
            }
        }
        Ok(())
    }
}

/// The chosen row groups and the rows of them that are left once statistics were asked. With predicates, offset and limit are
/// not in it.
fn planned_row_groups(
    metadata: &Metadata,
    options: &ScanOptions,
    predicates: &[Arc<BoundPredicate>],
    pruner: &Pruner,
) -> Result<Vec<PlannedRowGroup>> {
    let planned =
        |scan: RowGroupScan, selected, by_stats, by_pages| PlannedRowGroup { scan, selected, by_stats, by_pages };
    if predicates.is_empty() {
        let unpruned = |scan: RowGroupScan| {
            let selected = scan.rows.selected();
            planned(scan, selected, None, Vec::new())
        };
        return Ok(selected_rows(metadata, options)?.into_iter().map(unpruned).collect());
    }
    let unlimited = ScanOptions { offset: 0, limit: None, ..options.clone() };
    let pruned = |scan: RowGroupScan| {
        let selected = scan.rows.selected();
        if selected == 0 {
            return Ok(planned(scan, 0, None, Vec::new()));
        }
        let Pruned { rows, by_stats, by_pages, certain } = pruner.prune(scan.row_group, &scan.rows, predicates)?;
        let mut scan = RowGroupScan { rows, certain, ..scan };
        if options.use_bloom_filters && scan.rows.selected() > 0 {
            scan.bloom_filters = deciding_bloom_filters(metadata, options, predicates, pruner, scan.row_group)?;
        }
        Ok(planned(scan, selected, by_stats, by_pages))
    };
    selected_rows(metadata, &unlimited)?.into_iter().map(pruned).collect()
}

/// The leaf columns whose bloom filters would rule out the row group, did they have none of the values sought.
fn deciding_bloom_filters(
    metadata: &Metadata,
    options: &ScanOptions,
    predicates: &[Arc<BoundPredicate>],
    pruner: &Pruner,
    row_group: usize,
) -> Result<Vec<usize>> {
    let chunk = |leaf: usize| metadata.row_groups.get(row_group)?.columns.get(leaf);
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
