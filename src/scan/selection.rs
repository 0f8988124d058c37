//! Which rows are wanted: a selection over so many rows.
//!
//! Kept as runs or as a bitmap, whichever takes less memory; what it selects does not depend on that. Operations that
//! are cheap word by word work on bitmaps where both sides are, everything else on runs.

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::bit_iterator::BitSliceIterator;
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};

use super::windows::RowWindow;
use crate::error::{Error, Result};

/// Bytes of one run in memory, against one bit a row.
const RUN_BITS: u64 = 128;

/// Rows selected out of `len()` rows.
#[derive(Debug, Clone)]
pub struct RowSelection {
    len: u64,
    backing: Backing,
}

#[derive(Debug, Clone)]
enum Backing {
    /// Ascending, not empty, not touching.
    Runs(Arc<[Range<u64>]>),
    Bitmap(BooleanBuffer),
}

/// Ascending ranges of selected rows, none empty, no two touching.
enum Ranges<'a> {
    Runs(std::slice::Iter<'a, Range<u64>>),
    Bitmap(BitSliceIterator<'a>),
}

impl Iterator for Ranges<'_> {
    type Item = Range<u64>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Runs(runs) => runs.next().cloned(),
            Self::Bitmap(slices) => slices.next().map(|(start, end)| start as u64..end as u64),
        }
    }
}

impl PartialEq for RowSelection {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.ranges().eq(other.ranges())
    }
}

impl Eq for RowSelection {}

impl RowSelection {
    /// All of `len` rows.
    pub fn all(len: u64) -> Self {
        Self::of_ranges(len, std::iter::once(0..len))
    }

    /// Runs of so many rows that are selected or not, one behind the other.
    ///
    /// Fails with `InvalidArgument` where they are more rows than can be counted.
    pub fn from_runs(runs: impl IntoIterator<Item = (u64, bool)>) -> Result<Self> {
        let (mut len, mut ranges) = (0u64, Vec::new());
        for (rows, is_selected) in runs {
            let end =
                len.checked_add(rows).ok_or_else(|| Error::invalid_argument("a row selection of too many rows"))?;
            if is_selected {
                ranges.push(len..end);
            }
            len = end;
        }
        Ok(Self::of_ranges(len, ranges.into_iter()))
    }

    /// One bit a row.
    pub fn from_bitmap(bits: BooleanBuffer) -> Self {
        let len = bits.len() as u64;
        Self { len, backing: Backing::Bitmap(bits) }.settled()
    }

    /// Ascending ranges of selected rows out of `len`; those that touch are joined, rows past the end left out.
    pub(crate) fn of_ranges(len: u64, ranges: impl Iterator<Item = Range<u64>>) -> Self {
        let mut runs: Vec<Range<u64>> = Vec::new();
        for range in ranges {
            let range = range.start.min(len)..range.end.min(len);
            match runs.last_mut() {
                _ if range.is_empty() => {}
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => runs.push(range),
            }
        }
        Self { len, backing: Backing::Runs(runs.into()) }.settled()
    }

    /// The same with the smaller backing.
    fn settled(self) -> Self {
        let runs = match &self.backing {
            Backing::Runs(runs) => runs.len() as u64,
            Backing::Bitmap(_) => self.ranges().count() as u64,
        };
        let prefers_bitmap = runs.saturating_mul(RUN_BITS) > self.len;
        match (&self.backing, prefers_bitmap) {
            (Backing::Runs(_), true) => Self { len: self.len, backing: Backing::Bitmap(self.to_bitmap()) },
            (Backing::Bitmap(_), false) => Self { len: self.len, backing: Backing::Runs(self.ranges().collect()) },
            _ => self,
        }
    }

    /// Number of rows that are selected from.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// True where there is no row to select from.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of rows selected.
    pub fn selected(&self) -> u64 {
        match &self.backing {
            Backing::Runs(runs) => runs.iter().map(|run| run.end.saturating_sub(run.start)).sum(),
            Backing::Bitmap(bits) => bits.count_set_bits() as u64,
        }
    }

    /// The selected rows as ascending ranges, none empty, no two touching.
    pub fn ranges(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        match &self.backing {
            Backing::Runs(runs) => Ranges::Runs(runs.iter()),
            Backing::Bitmap(bits) => Ranges::Bitmap(bits.set_slices()),
        }
    }

    /// The same ranges where they are few against the rows, so that they are kept as such.
    pub(crate) fn few_ranges(&self) -> Option<Arc<[Range<u64>]>> {
        match &self.backing {
            Backing::Runs(runs) => Some(Arc::clone(runs)),
            Backing::Bitmap(_) => None,
        }
    }

    /// The selected rows as a window of rows.
    pub(crate) fn to_window(&self) -> RowWindow {
        match &self.backing {
            Backing::Runs(runs) => RowWindow::of_ranges(runs.iter().cloned()),
            Backing::Bitmap(bits) => RowWindow::of_bitmap(0, bits.clone()),
        }
    }

    /// One bit a row.
    pub fn to_bitmap(&self) -> BooleanBuffer {
        if let Backing::Bitmap(bits) = &self.backing {
            return bits.clone();
        }
        let length = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
        let mut bits = BooleanBufferBuilder::new(length(self.len));
        for range in self.ranges() {
            bits.append_n(length(range.start).saturating_sub(bits.len()), false);
            bits.append_n(length(range.end.saturating_sub(range.start)), true);
        }
        bits.append_n(length(self.len).saturating_sub(bits.len()), false);
        bits.finish()
    }

    /// Rows selected by both; of the shorter length.
    pub fn intersection(&self, other: &Self) -> Self {
        let len = self.len.min(other.len);
        if let (Backing::Bitmap(left), Backing::Bitmap(right)) = (&self.backing, &other.backing)
            && left.len() == right.len()
        {
            return Self::from_bitmap(left & right);
        }
        let mut right = other.ranges().peekable();
        let mut common = Vec::new();
        for range in self.ranges() {
            while let Some(other) = right.peek().filter(|other| other.start < range.end) {
                common.push(range.start.max(other.start)..range.end.min(other.end));
                if other.end > range.end {
                    break;
                }
                right.next();
            }
        }
        common.retain(|range| range.start < range.end);
        Self::of_ranges(len, common.into_iter())
    }

    /// Rows selected by one or both; of the longer length.
    pub fn union(&self, other: &Self) -> Self {
        if let (Backing::Bitmap(left), Backing::Bitmap(right)) = (&self.backing, &other.backing)
            && left.len() == right.len()
        {
            return Self::from_bitmap(left | right);
        }
        let mut ranges: Vec<Range<u64>> = self.ranges().chain(other.ranges()).collect();
        ranges.sort_unstable_by_key(|range| range.start);
        Self::of_ranges(self.len.max(other.len), ranges.into_iter())
    }

    /// Rows selected here and not by `other`.
    pub(crate) fn difference(&self, other: &Self) -> Self {
        let mut row = 0u64;
        let gap = |range: Range<u64>| {
            let gap = row..range.start;
            row = range.end;
            gap
        };
        let end = std::iter::once(self.len..self.len);
        let gaps: Vec<Range<u64>> = other.ranges().chain(end).map(gap).collect();
        self.intersection(&Self::of_ranges(self.len, gaps.into_iter()))
    }

    /// Of the rows selected here, those that `other` selects; `other` selects from as many rows as are selected here.
    ///
    /// Fails with `InvalidArgument` where it selects from another number of rows.
    pub fn and_then(&self, other: &Self) -> Result<Self> {
        if other.len != self.selected() {
            let (there, here) = (other.len, self.selected());
            return Err(Error::invalid_argument(format!("a selection out of {there} rows applied to {here} rows")));
        }
        let mut outer = self.ranges();
        let (mut run, mut before) = (outer.next().unwrap_or(0..0), 0u64);
        let mut kept = Vec::new();
        for inner in other.ranges() {
            let mut start = inner.start;
            while start < inner.end {
                let length = run.end.saturating_sub(run.start);
                let skipped = start.saturating_sub(before);
                if skipped >= length {
                    before = before.saturating_add(length);
                    run = match outer.next() {
                        Some(next) => next,
                        None => return Err(Error::internal("a selection ends early")),
                    };
                    continue;
                }
                let rows = length.saturating_sub(skipped).min(inner.end.saturating_sub(start));
                let first = run.start.saturating_add(skipped);
                kept.push(first..first.saturating_add(rows));
                start = start.saturating_add(rows);
            }
        }
        Ok(Self::of_ranges(self.len, kept.into_iter()))
    }

    /// The selection of the rows `rows`, counted from the first of them.
    pub fn slice(&self, rows: Range<u64>) -> Self {
        let end = rows.end.min(self.len);
        let start = rows.start.min(end);
        let inside = self.ranges().skip_while(|range| range.end <= start).take_while(|range| range.start < end);
        let moved =
            inside.map(|range| range.start.max(start).saturating_sub(start)..range.end.min(end).saturating_sub(start));
        Self::of_ranges(end.saturating_sub(start), moved)
    }

    /// The same without the first `rows` selected rows.
    pub fn offset(&self, rows: u64) -> Self {
        let mut left = rows;
        let kept = self.ranges().map(|range| {
            let skipped = left.min(range.end.saturating_sub(range.start));
            left = left.saturating_sub(skipped);
            range.start.saturating_add(skipped)..range.end
        });
        Self::of_ranges(self.len, kept)
    }

    /// The same with at most the first `rows` selected rows.
    pub fn limit(&self, rows: u64) -> Self {
        let mut left = rows;
        let kept = self.ranges().map(|range| {
            let taken = left.min(range.end.saturating_sub(range.start));
            left = left.saturating_sub(taken);
            range.start..range.start.saturating_add(taken)
        });
        Self::of_ranges(self.len, kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (self.0 >> 33) % bound
        }

        /// Rows of a shape of its own: none, all, alternating, long runs, random.
        fn rows(&mut self, len: u64) -> Vec<bool> {
            let shape = self.below(6);
            let run = 1 + self.below(300);
            (0..len)
                .map(|row| match shape {
                    0 => false,
                    1 => true,
                    2 => row % 2 == 0,
                    3 => row / run % 2 == 0,
                    4 => self.below(50) == 0,
                    _ => self.below(2) == 0,
                })
                .collect()
        }
    }

    fn selection(rows: &[bool], random: &mut Random) -> RowSelection {
        let made = match random.below(5) {
            0 => RowSelection::from_bitmap(BooleanBuffer::from(rows)),
            3 => {
                let before = random.below(70) as usize;
                let bits = [&vec![true; before][..], rows, &[true; 9]].concat();
                RowSelection::from_bitmap(BooleanBuffer::from(bits).slice(before, rows.len()))
            }
            4 => RowSelection::from_runs(rows.iter().flat_map(|row| [(0, !*row), (1, *row), (0, true)])).unwrap(),
            1 => RowSelection::from_runs(rows.iter().map(|row| (1, *row))).unwrap(),
            _ => RowSelection::from_runs(rows.chunk_by(|a, b| a == b).map(|run| (run.len() as u64, run[0]))).unwrap(),
        };
        assert_eq!(model(&made), rows);
        assert_eq!(made.selected(), rows.iter().filter(|row| **row).count() as u64);
        made
    }

    fn model(selection: &RowSelection) -> Vec<bool> {
        let mut rows = vec![false; selection.len() as usize];
        let mut last_end = None;
        for range in selection.ranges() {
            assert!(range.start < range.end && last_end.is_none_or(|end| end < range.start));
            last_end = Some(range.end);
            rows[range.start as usize..range.end as usize].fill(true);
        }
        assert_eq!(selection.to_bitmap().iter().collect::<Vec<_>>(), rows);
        rows
    }

    #[test]
    fn the_algebra_agrees_with_a_vec_of_bool() {
        let mut random = Random(11);
        for _ in 0..3000 {
            let len = random.below(2000);
            let (left, right) = (random.rows(len), random.rows(len));
            let (a, b) = (selection(&left, &mut random), selection(&right, &mut random));
            let both: Vec<bool> = left.iter().zip(&right).map(|(a, b)| *a && *b).collect();
            let either: Vec<bool> = left.iter().zip(&right).map(|(a, b)| *a || *b).collect();
            assert_eq!(model(&a.intersection(&b)), both);
            assert_eq!(model(&a.union(&b)), either);
            let only: Vec<bool> = left.iter().zip(&right).map(|(a, b)| *a && !*b).collect();
            assert_eq!(model(&a.difference(&b)), only);
            let inner = random.rows(a.selected());
            let mut bits = inner.iter();
            let nested: Vec<bool> = left.iter().map(|row| *row && *bits.next().unwrap()).collect();
            assert_eq!(model(&a.and_then(&selection(&inner, &mut random)).unwrap()), nested);
            let (start, end) = (random.below(len + 2), random.below(len + 5));
            let slice = left.get(start as usize..(end.min(len)) as usize).unwrap_or_default();
            assert_eq!(model(&a.slice(start..end)), slice);
            let count = random.below(len + 3);
            let mut seen = 0;
            let (mut offset, mut limit) = (left.clone(), left.clone());
            for (row, is_selected) in left.iter().enumerate() {
                seen += u64::from(*is_selected);
                offset[row] &= seen > count;
                limit[row] &= seen <= count;
            }
            assert_eq!(model(&a.offset(count)), offset);
            assert_eq!(model(&a.limit(count)), limit);
        }
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(RowSelection::from_runs([(u64::MAX, true), (1, false)]).is_err());
        assert!(RowSelection::all(5).and_then(&RowSelection::all(4)).is_err());
        assert_eq!(RowSelection::all(3), RowSelection::from_bitmap(BooleanBuffer::new_set(3)));
        assert_ne!(RowSelection::all(3), RowSelection::all(4));
    }
}
