//! What a scan will do, decided once: columns, predicates, and the rows of each row group that statistics do not rule out.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::pruning::{Pruned, Pruner};
use super::row_groups::{ChosenRows, RowGroupScan, chosen_rows, limited};
use super::{ProjectedColumn, Projection, RowSelection, ScanOptions};
use crate::column::check_supported;
use crate::error::{Error, Result};
use crate::memory::Pool;
use crate::metadata::{ColumnChunk, Metadata};
use crate::page::codec;
use crate::predicate::{BoundPredicate, Predicate};
use crate::schema::arrow::leaf_data_type;

/// A scan of one file, planned: it never changes, and any number of decoders on any threads may read it.
///
/// Statistics are asked when it is made. What has to be read before it can decide, such as a bloom filter, is the
/// business of decoders.
#[derive(Clone)]
pub struct Plan {
    pub(crate) metadata: Arc<Metadata>,
    pub(crate) options: Arc<ScanOptions>,
    pub(crate) projection: Arc<Projection>,
    /// All of them must keep a row, each looks at the rows that those before it kept.
    pub(crate) predicates: Vec<Arc<BoundPredicate>>,
    /// What each of `predicates` was made of.
    pub(super) conditions: Vec<Predicate>,
    /// The chosen row groups in the order in which they are read.
    pub(crate) row_groups: Vec<PlannedRowGroup>,
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
        let (mut predicates, mut conditions) = (Vec::new(), Vec::new());
        for condition in options.predicates.iter().flat_map(Predicate::conjuncts) {
            for bound in BoundPredicate::bind(condition, &metadata.schema, options.string_type)?.conjuncts() {
                predicates.push(Arc::new(bound));
                conditions.push(condition.clone());
            }
        }
        let row_groups = planned_row_groups(&metadata, &options, &predicates, chosen)?;
        let options = Arc::new(options);
        let plan = Self { metadata, options, projection, predicates, conditions, row_groups };
        plan.check_columns()?;
        Ok(plan)
    }

    /// The row groups of which rows are read, in the order in which they are read.
    pub(crate) fn scans(&self) -> impl Iterator<Item = &RowGroupScan> {
        self.row_groups.iter().map(|planned| &planned.scan).filter(|scan| scan.rows.selected() > 0)
    }

    /// Where among the chosen row groups those stand of which rows are read.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        let is_read = |(_, planned): &(usize, &PlannedRowGroup)| planned.scan.rows.selected() > 0;
        self.row_groups.iter().enumerate().filter(is_read).map(|(place, _)| place)
    }

    /// What is read of the chosen row group at `place`.
    pub(crate) fn scan(&self, place: usize) -> Result<&RowGroupScan> {
        let planned = self.row_groups.get(place).ok_or_else(|| Error::internal("a row group is not planned"))?;
        Ok(&planned.scan)
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

    /// The leaf columns of which something is read in a row group: those of the output, and those of the predicates that
    /// are not known to keep all its rows.
    pub(crate) fn leaves_of(&self, scan: &RowGroupScan) -> BTreeSet<usize> {
        let asked = self.predicates.iter().enumerate().filter(|(index, _)| !scan.is_certain(*index));
        let of_predicates = asked.flat_map(|(_, predicate)| predicate.leaves()).copied();
        self.projection.columns.iter().map(|column| column.leaf).chain(of_predicates).collect()
    }

    /// The leaf column with this ordinal as predicates see it: outside of lists, a slot a row.
    pub(crate) fn predicate_column(&self, leaf: usize) -> Option<ProjectedColumn> {
        let data_type = leaf_data_type(self.metadata.schema.leaves.get(leaf)?, self.options.string_type);
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

/// What is read of the chosen rows. With predicates, offset and limit are not in it.
fn planned_row_groups(
    metadata: &Metadata,
    options: &ScanOptions,
    predicates: &[Arc<BoundPredicate>],
    chosen: Vec<ChosenRows>,
) -> Result<Vec<PlannedRowGroup>> {
    if predicates.is_empty() {
        let rows = limited(&chosen, options.offset, options.limit);
        let planned = chosen.into_iter().zip(rows).map(|((row_group, chosen), rows)| PlannedRowGroup {
            scan: RowGroupScan { row_group, rows, certain: Vec::new() },
            row_count: chosen.len(),
            chosen,
            by_stats: None,
            by_pages: Vec::new(),
        });
        return Ok(planned.collect());
    }
    let pruner = Pruner::new(metadata, options, predicates)?;
    let pruned = |(row_group, chosen): ChosenRows| {
        let mut pruned = Pruned { rows: chosen.clone(), by_stats: None, by_pages: Vec::new(), certain: Vec::new() };
        if chosen.selected() > 0 {
            pruned = pruner.prune(row_group, &chosen, predicates)?;
        }
        let Pruned { rows, by_stats, by_pages, certain } = pruned;
        let scan = RowGroupScan { row_group, rows, certain };
        Ok(PlannedRowGroup { scan, row_count: chosen.len(), chosen, by_stats, by_pages })
    };
    chosen.into_iter().map(pruned).collect()
}

fn check_chunk(chunk: &ColumnChunk) -> Result<()> {
    if chunk.external {
        return Err(Error::unsupported("the column chunk lies in another file"));
    }
    chunk.decryptor()?;
    codec::check_supported(chunk.codec)
}
