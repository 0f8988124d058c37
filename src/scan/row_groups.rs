//! Which rows of which row groups a scan reads.

use std::collections::{BTreeMap, BTreeSet};

use super::{RowSelection, ScanOptions};
use crate::error::{Error, Result};
use crate::metadata::Metadata;

/// The rows that a scan reads of one row group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowGroupScan {
    /// Ordinal of the row group in the file.
    pub row_group: usize,
    /// Its rows that are wanted.
    pub rows: RowSelection,
    /// For each predicate, rows of which it is known without looking at them that it keeps them. Empty where nothing is
    /// known.
    pub certain: Vec<RowSelection>,
    /// Leaf columns whose bloom filters can rule out all rows.
    pub bloom_filters: Vec<usize>,
}

impl RowGroupScan {
    /// The rows that the predicate with this ordinal is known to keep, where there are some.
    pub(crate) fn certain_rows(&self, predicate: usize) -> RowSelection {
        let known = self.certain.get(predicate).cloned();
        known.unwrap_or_else(|| RowSelection::of_ranges(self.rows.len(), std::iter::empty()))
    }

    /// True where the predicate with this ordinal need not be asked.
    pub(crate) fn is_certain(&self, predicate: usize) -> bool {
        let known = self.certain.get(predicate);
        known.is_some_and(|known| known.intersection(&self.rows).selected() == self.rows.selected())
    }
}

/// A row group and those of its rows that are meant, perhaps none.
pub(super) type ChosenRows = (usize, RowSelection);

/// The row groups that the options choose, in their order, with the row selection applied over them all.
pub(super) fn chosen_rows(metadata: &Metadata, options: &ScanOptions) -> Result<Vec<ChosenRows>> {
    let chosen = chosen_row_groups(metadata.row_groups.len(), options)?;
    let rows_of = |row_group: usize| metadata.row_groups.get(row_group).map_or(0, |group| group.row_count);
    let total = chosen.iter().fold(0u64, |sum, row_group| sum.saturating_add(rows_of(*row_group)));
    if let Some(selection) = options.row_selection.as_ref().filter(|selection| selection.len() != total) {
        let rows = selection.len();
        return Err(Error::invalid_argument(format!("a row selection over {rows} rows where {total} are chosen")));
    }
    let mut of_row_groups = row_group_selections(metadata, options, &chosen)?;
    let mut first_row = 0u64;
    let rows = chosen.into_iter().map(|row_group| {
        let start = first_row;
        first_row = start.saturating_add(rows_of(row_group));
        let selected = match &options.row_selection {
            Some(selection) => selection.slice(start..first_row),
            None => of_row_groups.remove(&row_group).unwrap_or_else(|| RowSelection::all(rows_of(row_group))),
        };
        (row_group, selected)
    });
    Ok(rows.collect())
}

/// The selections within single row groups.
fn row_group_selections(
    metadata: &Metadata,
    options: &ScanOptions,
    chosen: &[usize],
) -> Result<BTreeMap<usize, RowSelection>> {
    let given = &options.row_group_selections;
    if !given.is_empty() && options.row_selection.is_some() {
        return Err(Error::invalid_argument("a row selection, and selections of single row groups"));
    }
    let chosen: BTreeSet<usize> = chosen.iter().copied().collect();
    let mut selections = BTreeMap::new();
    for (ordinal, selection) in given {
        let row_group = usize::try_from(*ordinal).unwrap_or(usize::MAX);
        let there = metadata.row_groups.get(row_group).filter(|_| chosen.contains(&row_group));
        let Some(there) = there else {
            return Err(Error::invalid_argument(format!(
                "a row selection of row group {ordinal}, which is not chosen"
            )));
        };
        if selection.len() != there.row_count {
            let (rows, of) = (selection.len(), there.row_count);
            let message = format!("a row selection over {rows} rows for row group {ordinal}, which has {of}");
            return Err(Error::invalid_argument(message));
        }
        if selections.insert(row_group, selection.clone()).is_some() {
            return Err(Error::invalid_argument(format!("two row selections of row group {ordinal}")));
        }
    }
    Ok(selections)
}

/// The same rows without the first `offset` of them, and at most `limit`.
pub(super) fn limited(rows: &[ChosenRows], offset: u64, limit: Option<u64>) -> Vec<RowSelection> {
    let mut to_skip = offset;
    let mut to_read = limit.unwrap_or(u64::MAX);
    let rows = rows.iter().map(|(_, chosen)| {
        let rows = chosen.offset(to_skip).limit(to_read);
        to_skip = to_skip.saturating_sub(chosen.selected());
        to_read = to_read.saturating_sub(rows.selected());
        rows
    });
    rows.collect()
}

/// The ordinals of the chosen row groups.
fn chosen_row_groups(count: usize, options: &ScanOptions) -> Result<Vec<usize>> {
    let Some(chosen) = &options.row_groups else { return Ok((0..count).collect()) };
    let mut seen = vec![false; count];
    let mut ordinals = Vec::with_capacity(chosen.len().min(count));
    for ordinal in chosen {
        let index = usize::try_from(*ordinal).unwrap_or(usize::MAX);
        match seen.get_mut(index) {
            None => {
                return Err(Error::invalid_argument(format!("row group {ordinal} where the file has {count}")));
            }
            Some(true) => return Err(Error::invalid_argument(format!("row group {ordinal} is named twice"))),
            Some(slot) => *slot = true,
        }
        ordinals.push(index);
    }
    Ok(ordinals)
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;
    use crate::metadata::{Chunks, RowGroup};
    use crate::schema::Schema;

    fn selected(options: ScanOptions) -> Result<Vec<(usize, Range<u64>)>> {
        let row_groups = [10, 0, 20, 5].map(|row_count| RowGroup {
            row_count,
            total_byte_size: 0,
            chunks: Chunks::default(),
            sorting_columns: vec![],
        });
        let metadata = Metadata {
            file_length: 12,
            version: 2,
            created_by: None,
            key_value: vec![],
            schema: Schema { nodes: vec![], leaves: vec![] },
            column_orders: vec![],
            thrift: Default::default(),
            footer_offset: 4,
            hinted_types: std::sync::OnceLock::new(),
            row_groups: row_groups.into(),
        };
        let chosen = chosen_rows(&metadata, &options)?;
        let rows = limited(&chosen, options.offset, options.limit);
        let ranges = |((row_group, _), rows): (&ChosenRows, &RowSelection)| {
            rows.ranges().map(|rows| (*row_group, rows)).collect::<Vec<_>>()
        };
        Ok(chosen.iter().zip(&rows).flat_map(ranges).collect())
    }

    #[test]
    fn offset_and_limit_run_over_the_chosen_row_groups() {
        let all = ScanOptions::default();
        assert_eq!(selected(all.clone()).unwrap(), [(0, 0..10), (2, 0..20), (3, 0..5)]);
        let middle = ScanOptions { offset: 12, limit: Some(19), ..all.clone() };
        assert_eq!(selected(middle).unwrap(), [(2, 2..20), (3, 0..1)]);
        let reordered = ScanOptions { offset: 3, row_groups: Some(vec![3, 0]), ..all.clone() };
        assert_eq!(selected(reordered).unwrap(), [(3, 3..5), (0, 0..10)]);
        assert_eq!(selected(ScanOptions { limit: Some(0), ..all.clone() }).unwrap(), []);
        assert_eq!(selected(ScanOptions { offset: u64::MAX, ..all }).unwrap(), []);
    }

    #[test]
    fn a_row_selection_runs_over_the_chosen_row_groups() {
        let select = |runs: &[(u64, bool)]| Some(RowSelection::from_runs(runs.iter().copied()).unwrap());
        let options = ScanOptions {
            row_groups: Some(vec![2, 0]),
            row_selection: select(&[(5, true), (13, false), (4, true), (8, false)]),
            ..ScanOptions::default()
        };
        assert_eq!(selected(options.clone()).unwrap(), [(2, 0..5), (2, 18..20), (0, 0..2)]);
        let options = ScanOptions { offset: 6, limit: Some(2), ..options };
        assert_eq!(selected(options.clone()).unwrap(), [(2, 19..20), (0, 0..1)]);
        assert!(selected(ScanOptions { row_selection: select(&[(31, true)]), ..options }).is_err());
    }

    #[test]
    fn selections_of_single_row_groups_leave_the_others_whole() {
        let rows = |runs: &[(u64, bool)]| RowSelection::from_runs(runs.iter().copied()).unwrap();
        let options = |selections: &[(u32, RowSelection)]| ScanOptions {
            row_groups: Some(vec![3, 0, 2]),
            row_group_selections: selections.to_vec(),
            ..ScanOptions::default()
        };
        let first = (0, rows(&[(4, true), (6, false)]));
        let limited =
            ScanOptions { limit: Some(12), ..options(&[(2, rows(&[(17, false), (3, true)])), first.clone()]) };
        assert_eq!(selected(limited).unwrap(), [(3, 0..5), (0, 0..4), (2, 17..20)]);
        for wrong in [(1, rows(&[])), (7, rows(&[(1, true)])), (0, rows(&[(11, true)])), (0, rows(&[(9, true)]))] {
            assert!(selected(options(&[wrong])).is_err());
        }
        assert!(selected(options(&[first.clone(), first.clone()])).is_err());
        let both = ScanOptions { row_selection: Some(RowSelection::all(35)), ..options(&[first]) };
        assert!(selected(both).is_err());
    }

    #[test]
    fn unknown_and_repeated_row_groups_are_refused() {
        for row_groups in [vec![4], vec![1, 1], vec![u32::MAX]] {
            assert!(selected(ScanOptions { row_groups: Some(row_groups), ..ScanOptions::default() }).is_err());
        }
    }
}
