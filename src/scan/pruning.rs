//! Leaves out row groups and pages in which, by their statistics, no row can satisfy the predicates.
//!
//! Predicates are asked one by one, statistics of the row group first, then the page index, each column with pages of its
//! own. What is known of a column is made into arrays when the scan is planned: of all row groups together, and of the
//! pages of each row group that is left.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, StructArray};
use arrow_schema::DataType;

use super::{RowSelection, ScanOptions};
use crate::error::Result;
use crate::metadata::Metadata;
use crate::predicate::{BoundPredicate, Known, LeafBounds, Verdict};

/// Which rows of a row group are left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pruned {
    /// The rows that may satisfy the predicates.
    pub rows: RowSelection,
    /// The predicate that no row can satisfy by the statistics of the row group.
    pub by_stats: Option<usize>,
    /// Rows left out by the page index, and by which predicate.
    pub by_pages: Vec<(usize, u64)>,
    /// For each predicate, rows of which it is known that it keeps them.
    pub certain: Vec<RowSelection>,
}

/// The statistics of the columns that predicates name.
pub(crate) struct Pruner {
    metadata: Arc<Metadata>,
    chunks: BTreeMap<usize, StructArray>,
    /// What the bounds of pages are read as; empty where they are not to be looked at.
    page_types: BTreeMap<usize, DataType>,
}

impl Pruner {
    /// The statistics of leaf columns, as values of these types.
    pub(crate) fn new(
        metadata: &Arc<Metadata>,
        options: &ScanOptions,
        types: &BTreeMap<usize, DataType>,
    ) -> Result<Self> {
        let mut chunks = BTreeMap::new();
        for (leaf, data_type) in types.iter().filter(|_| options.prune_by_statistics) {
            chunks.insert(*leaf, metadata.column_statistics_as(*leaf, |_| data_type.clone())?);
        }
        let page_types = if options.prune_by_page_index { types.clone() } else { BTreeMap::new() };
        Ok(Self { metadata: Arc::clone(metadata), chunks, page_types })
    }

    /// What the page index says of the pages of a column in a row group, where it is to be looked at.
    fn pages(&self, leaf: usize, row_group: usize) -> Result<Option<StructArray>> {
        let Some(data_type) = self.page_types.get(&leaf) else { return Ok(None) };
        let row_groups = row_group..row_group.saturating_add(1);
        self.metadata.page_statistics_as(leaf, row_groups, |_| data_type.clone()).map(Some)
    }

    /// What is known of a row group, bloom filters included: `lacks` says which leaf columns have none of some values.
    pub(crate) fn with_bloom_filters<'a>(
        &'a self,
        row_group: usize,
        lacks: &'a dyn Fn(usize, &dyn Array) -> bool,
    ) -> impl Known + 'a {
        KnownOfRowGroup { pruner: self, row_group, lacks }
    }

    fn bounds_of_chunk(&self, leaf: usize, row_group: usize) -> LeafBounds {
        self.chunks.get(&leaf).map_or_else(LeafBounds::default, |all| bounds(all, row_group))
    }

    /// The rows of `rows`, of a row group, that may satisfy all of `predicates`.
    pub(crate) fn prune(
        &self,
        row_group: usize,
        rows: &RowSelection,
        predicates: &[Arc<BoundPredicate>],
    ) -> Result<Pruned> {
        let of_chunk = |leaf: usize| self.bounds_of_chunk(leaf, row_group);
        let none = || RowSelection::of_ranges(rows.len(), std::iter::empty());
        let mut verdicts = Vec::with_capacity(predicates.len());
        for (index, predicate) in predicates.iter().enumerate() {
            let verdict = predicate.evaluate_bounds(&of_chunk)?;
            if verdict == Verdict::None {
                return Ok(Pruned { rows: none(), by_stats: Some(index), by_pages: Vec::new(), certain: Vec::new() });
            }
            verdicts.push(verdict);
        }
        let mut pruned = Pruned {
            rows: rows.clone(),
            by_stats: None,
            by_pages: Vec::new(),
            certain: Vec::with_capacity(verdicts.len()),
        };
        for (index, (predicate, verdict)) in predicates.iter().zip(verdicts).enumerate() {
            // Pages of different columns do not begin at the same rows; of one column they are what they are.
            let pages = match predicate.leaves() {
                [leaf] if verdict == Verdict::Some => self.pages(*leaf, row_group)?,
                _ => None,
            };
            let certain = match pages {
                None if verdict == Verdict::All => RowSelection::all(rows.len()),
                None => none(),
                Some(pages) => {
                    let found = rows_of_pages(&pages, rows.len(), predicate)?;
                    if let Some(possible) = found.possible {
                        let before = pruned.rows.selected();
                        pruned.rows = pruned.rows.intersection(&possible);
                        pruned.by_pages.push((index, before.saturating_sub(pruned.rows.selected())));
                    }
                    found.certain
                }
            };
            pruned.certain.push(certain);
        }
        pruned.by_pages.retain(|(_, rows)| *rows > 0);
        Ok(pruned)
    }
}

/// Statistics and bloom filters of a row group.
struct KnownOfRowGroup<'a> {
    pruner: &'a Pruner,
    row_group: usize,
    lacks: &'a dyn Fn(usize, &dyn Array) -> bool,
}

impl Known for KnownOfRowGroup<'_> {
    fn bounds(&self, leaf: usize) -> LeafBounds {
        self.pruner.bounds_of_chunk(leaf, self.row_group)
    }

    fn lacks(&self, leaf: usize, values: &dyn Array) -> bool {
        (self.lacks)(leaf, values)
    }
}

/// What the pages of a column say of the rows of a row group.
struct RowsOfPages {
    /// Rows that a predicate may keep; `None` where the row group has no index.
    possible: Option<RowSelection>,
    /// Rows that it keeps.
    certain: RowSelection,
}

fn rows_of_pages(pages: &StructArray, row_count: u64, predicate: &BoundPredicate) -> Result<RowsOfPages> {
    let first_rows = pages.column_by_name("first_row").and_then(|rows| rows.as_primitive_opt::<UInt64Type>());
    let first_rows = first_rows.map_or(&[][..], |rows| rows.values());
    let ends = first_rows.iter().skip(1).copied().chain([row_count]);
    let (mut possible, mut certain) = (Vec::new(), Vec::new());
    for (page, (start, end)) in first_rows.iter().zip(ends).enumerate() {
        let rows = *start..end;
        match predicate.evaluate_bounds(&|_| bounds(pages, page))? {
            Verdict::None => {}
            Verdict::Some => possible.push(rows),
            Verdict::All => {
                possible.push(rows.clone());
                certain.push(rows);
            }
        }
    }
    let selection = |ranges: Vec<Range<u64>>| RowSelection::of_ranges(row_count, ranges.into_iter());
    Ok(RowsOfPages { possible: (!first_rows.is_empty()).then(|| selection(possible)), certain: selection(certain) })
}

/// What row `index` of the statistics says.
fn bounds(statistics: &StructArray, index: usize) -> LeafBounds {
    let known = |name| statistics.column_by_name(name).filter(|of_all| index < of_all.len() && of_all.is_valid(index));
    let bound = |name| Some(known(name)?.slice(index, 1));
    let count = |name| known(name)?.as_primitive_opt::<UInt64Type>()?.values().get(index).copied();
    LeafBounds {
        min: bound("min"),
        max: bound("max"),
        null_count: count("null_count"),
        nan_count: count("nan_count"),
        row_count: count("row_count").unwrap_or(0),
    }
}
