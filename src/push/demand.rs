//! Which bytes to ask for.
//!
//! Without a bound, all that the row group still needs. With one, each column that cannot go on gets its share of what
//! the bound leaves, next page first; the first such column gets at least its next page, so there is always progress.

use std::ops::Range;

use super::intervals::IntervalSet;
use super::pushed::PushedBytes;
use crate::byte_range::ByteRange;
use crate::column::ColumnReader;

/// What `columns` lack to decode the rows `wanted` of their row group.
pub(crate) fn missing_ranges(
    columns: &[ColumnReader],
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

/// The parts of what starved columns lack that fit in what `bound` leaves.
fn missing_within(columns: &[ColumnReader], wanted: &[Range<u64>], pushed: &PushedBytes, bound: u64) -> Vec<ByteRange> {
    let starved: Vec<&ColumnReader> = columns.iter().filter(|column| column.is_starved()).collect();
    let mut budget = bound.saturating_sub(pushed.held_bytes());
    let mut out = Vec::new();
    for (index, column) in starved.iter().enumerate() {
        let mut share = budget / (starved.len().saturating_sub(index).max(1) as u64);
        let next_page = pushed.missing(column.known_page());
        if index == 0 {
            let length = next_page.iter().map(|range| range.length).sum();
            share = share.max(length);
        }
        let needed = next_page.into_iter().chain(missing_of_column(column, wanted, pushed));
        let taken = within(needed, share, !column.is_indexed());
        budget = budget.saturating_sub(taken.iter().map(|range| range.length).sum());
        out.extend(taken);
    }
    out
}

/// The first of `ranges` that are `share` bytes together at most, repeated ones counted once; the last one cut where
/// it need not be whole.
fn within(ranges: impl Iterator<Item = ByteRange>, mut share: u64, may_cut: bool) -> Vec<ByteRange> {
    let mut taken = IntervalSet::default();
    for range in ranges {
        for new in taken.absent(range) {
            if new.length > share && !may_cut {
                return taken.into_ranges();
            }
            let part = ByteRange { offset: new.offset, length: new.length.min(share) };
            taken.insert(part);
            share = share.saturating_sub(part.length);
        }
        if share == 0 {
            break;
        }
    }
    taken.into_ranges()
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
