//! Which bytes to ask for.
//!
//! Without a bound, all that the row group still needs. With one, the columns that cannot go on get their next pages and
//! then a share of what the bound leaves; the first of them gets its next page in any case, so there is always progress.

use std::ops::Range;

use super::intervals::IntervalSet;
use super::pushed::PushedBytes;
use crate::byte_range::ByteRange;
use crate::column::ColumnReader;

/// What `columns` lack to decode the rows `wanted` of their row group.
pub(crate) fn missing_ranges(
    columns: &[&ColumnReader],
    wanted: &[Range<u64>],
    pushed: &PushedBytes,
    max_buffered_bytes: Option<u64>,
) -> Vec<ByteRange> {
    match max_buffered_bytes {
        None => columns.iter().flat_map(|column| missing_of_column(column, wanted, pushed)).collect(),
        Some(bound) => missing_within(columns, wanted, pushed, bound),
    }
}

fn missing_of_column(column: &ColumnReader, wanted: &[Range<u64>], pushed: &PushedBytes) -> Vec<ByteRange> {
    column.needed_ranges(wanted).into_iter().flat_map(|range| pushed.missing(range)).collect()
}

/// The next page of the first starved column, then what of the others' next pages and of later pages fits in `bound`
/// together with the bytes held. Room for one page more is left, so that no column's next page comes to be asked for on
/// top of a full buffer.
fn missing_within(
    columns: &[&ColumnReader],
    wanted: &[Range<u64>],
    pushed: &PushedBytes,
    bound: u64,
) -> Vec<ByteRange> {
    let starved: Vec<&&ColumnReader> = columns.iter().filter(|column| column.is_starved()).collect();
    let one_page = columns.iter().map(|column| column.largest_page()).max().unwrap_or(0);
    let mut budget = bound.saturating_sub(pushed.held_bytes());
    let mut taken = IntervalSet::default();
    for (index, column) in starved.iter().enumerate() {
        let next_page = pushed.missing(column.known_page());
        let length: u64 = next_page.iter().map(|range| range.length).sum();
        let room = if column.knows_next_page() { budget } else { budget.saturating_sub(one_page) };
        if index == 0 || length <= room {
            for range in next_page {
                taken.insert(range);
            }
            budget = budget.saturating_sub(length);
        }
    }
    budget = budget.saturating_sub(one_page);
    for (index, column) in starved.iter().enumerate() {
        let share = budget.checked_div(starved.len().saturating_sub(index) as u64).unwrap_or(0);
        let later = missing_of_column(column, wanted, pushed);
        budget = budget.saturating_sub(add_within(&mut taken, &later, share, !column.is_indexed()));
    }
    taken.into_ranges()
}

/// Adds the first of `ranges` to `taken` that make `share` bytes at most, the last one cut where that may be. Returns how
/// many bytes were added.
fn add_within(taken: &mut IntervalSet, ranges: &[ByteRange], share: u64, may_cut: bool) -> u64 {
    let mut left = share;
    for new in ranges.iter().flat_map(|range| taken.absent(*range)).collect::<Vec<_>>() {
        if left == 0 || (new.length > left && !may_cut) {
            break;
        }
        left = left.saturating_sub(taken.insert(ByteRange { offset: new.offset, length: new.length.min(left) }));
    }
    share.saturating_sub(left)
}

/// The ranges ascending and disjoint, joined where at most `gap` bytes lie between them.
pub(crate) fn coalesced(mut ranges: Vec<ByteRange>, gap: u64) -> Vec<ByteRange> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable();
    let mut out: Vec<ByteRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.offset <= last.end().saturating_add(gap) => {
                *last = ByteRange::between(last.offset, last.end().max(range.end()));
            }
            _ => out.push(range),
        }
    }
    out
}
