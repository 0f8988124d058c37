//! Leaves out row groups and pages in which, by their statistics, no row can satisfy the predicates.
//!
//! Predicates are asked one by one, statistics of the row group first, then the page index, each column with pages of its
//! own. What is known of a column is made into arrays once, when the first row group asks for it.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{Array, StructArray};

use super::{RowSelection, ScanOptions};
use crate::error::Result;
use crate::metadata::Metadata;
use crate::predicate::{BoundPredicate, LeafBounds, Verdict};
use crate::schema::arrow::leaf_data_type;

/// Which rows of a row group are left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pruned {
    /// The rows that may satisfy the predicates.
    pub rows: RowSelection,
    /// Rows left out by the statistics of the row group.
    pub by_stats: u64,
    /// Rows left out by the page index.
    pub by_pages: u64,
}

/// The statistics of the columns that predicates name.
pub(crate) struct Pruner {
    chunks: BTreeMap<usize, StructArray>,
    pages: BTreeMap<usize, StructArray>,
}

impl Pruner {
    /// The statistics of the leaves of `predicates`.
    pub(crate) fn new(metadata: &Metadata, options: &ScanOptions, predicates: &[BoundPredicate]) -> Result<Self> {
        let (mut chunks, mut pages) = (BTreeMap::new(), BTreeMap::new());
        for leaf in predicates.iter().flat_map(BoundPredicate::leaves) {
            if !chunks.contains_key(leaf) {
                // Predicates have the types that the columns have without the hint of the writer.
                let data_type = |leaf: &_| leaf_data_type(leaf, options.string_type);
                chunks.insert(*leaf, metadata.column_statistics_as(*leaf, data_type)?);
                pages.insert(*leaf, metadata.page_statistics_as(*leaf, data_type)?);
            }
        }
        Ok(Self { chunks, pages })
    }

    /// The rows of `rows`, of a row group, that may satisfy all of `predicates`.
    pub(crate) fn prune(&self, row_group: usize, rows: &RowSelection, predicates: &[BoundPredicate]) -> Result<Pruned> {
        let before = rows.selected();
        let of_chunk =
            |leaf: usize| self.chunks.get(&leaf).map_or_else(LeafBounds::default, |all| bounds(all, row_group));
        for predicate in predicates {
            if predicate.evaluate_bounds(&of_chunk)? == Verdict::None {
                let rows = RowSelection::of_ranges(rows.len(), std::iter::empty());
                return Ok(Pruned { rows, by_stats: before, by_pages: 0 });
            }
        }
        let mut left = rows.clone();
        for predicate in predicates {
            // Pages of different columns do not begin at the same rows; of one column they are what they are.
            if let [leaf] = predicate.leaves()
                && let Some(pages) = self.pages.get(leaf)
                && let Some(possible) = possible_rows(pages, row_group, rows.len(), predicate)?
            {
                left = left.intersection(&possible);
            }
        }
        let by_pages = before.saturating_sub(left.selected());
        Ok(Pruned { rows: left, by_stats: 0, by_pages })
    }
}

/// The rows of the pages in which a row may satisfy `predicate`; `None` where the row group has no index.
fn possible_rows(
    pages: &StructArray,
    row_group: usize,
    row_count: u64,
    predicate: &BoundPredicate,
) -> Result<Option<RowSelection>> {
    let numbers = |name| pages.column_by_name(name)?.as_primitive_opt::<UInt64Type>();
    let (Some(row_groups), Some(first_rows)) = (numbers("row_group"), numbers("first_row")) else { return Ok(None) };
    let (row_groups, first_rows) = (row_groups.values(), first_rows.values());
    let first = row_groups.partition_point(|ordinal| *ordinal < row_group as u64);
    let end = row_groups.partition_point(|ordinal| *ordinal <= row_group as u64);
    if first == end {
        return Ok(None);
    }
    let mut possible = Vec::new();
    for page in first..end {
        let start = first_rows.get(page).copied().unwrap_or(0);
        let next = first_rows.get(page.saturating_add(1)).filter(|_| page.saturating_add(1) < end);
        if predicate.evaluate_bounds(&|_| bounds(pages, page))? != Verdict::None {
            possible.push(start..next.copied().unwrap_or(row_count));
        }
    }
    Ok(Some(RowSelection::of_ranges(row_count, possible.into_iter())))
}

/// What row `index` of the statistics says.
fn bounds(statistics: &StructArray, index: usize) -> LeafBounds {
    let bound = |name| {
        let bounds = statistics.column_by_name(name).filter(|bounds| index < bounds.len() && bounds.is_valid(index))?;
        Some(bounds.slice(index, 1))
    };
    let count = |name| bound(name)?.as_primitive_opt::<UInt64Type>()?.values().first().copied();
    LeafBounds {
        min: bound("min"),
        max: bound("max"),
        null_count: count("null_count"),
        nan_count: count("nan_count"),
        row_count: count("row_count").unwrap_or(0),
    }
}
