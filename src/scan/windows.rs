//! Rows on their way through the stages of a row group: spans of rows, and which rows of them are selected.
//!
//! A window carries its selection as a bitmap over the spans while that is small, as spans alone where few rows are left, so
//! that a selection of every second row costs a bit a row and one of a row in a thousand no more than that row.

use std::collections::VecDeque;
use std::ops::Range;

use arrow_buffer::BooleanBuffer;

use crate::memory::BitSlice;
use crate::simd;

/// Spans of which fewer than one row in so many is selected are cut down to the selected rows.
const SPARSE: u64 = 128;

/// Some rows of a row group, ascending.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct RowWindow {
    /// None empty.
    spans: VecDeque<Range<u64>>,
    /// A bit for each row of the spans; `None` where all are selected.
    mask: Option<BooleanBuffer>,
    selected: u64,
}

impl RowWindow {
    /// All rows of `ranges`, ascending and disjoint.
    pub(crate) fn of_ranges(ranges: impl IntoIterator<Item = Range<u64>>) -> Self {
        let spans: VecDeque<_> = ranges.into_iter().filter(|range| !range.is_empty()).collect();
        let selected = spans.iter().fold(0u64, |sum, span| sum.saturating_add(row_count(span)));
        Self { spans, mask: None, selected }
    }

    /// The rows from `start` on whose bit is set.
    pub(crate) fn of_bitmap(start: u64, bits: BooleanBuffer) -> Self {
        let span = start..start.saturating_add(bits.len() as u64);
        Self { spans: VecDeque::from([span]), mask: Some(bits), selected: 0 }.settled()
    }

    /// Number of rows.
    pub(crate) fn selected(&self) -> u64 {
        self.selected
    }

    /// True where it has no rows.
    pub(crate) fn is_empty(&self) -> bool {
        self.selected == 0
    }

    /// The rows as ascending ranges, none empty.
    pub(crate) fn ranges(&self) -> Vec<Range<u64>> {
        let Some(mask) = &self.mask else { return self.spans.iter().cloned().collect() };
        let mut ranges = Vec::new();
        for (span, bits) in self.span_bits(mask) {
            let at = |bit: usize| span.start.saturating_add(bit as u64);
            ranges.extend(bits.set_slices().map(|(start, end)| at(start)..at(end)));
        }
        ranges
    }

    /// The spans, where all of their rows are selected.
    pub(super) fn whole_spans(&self) -> Option<impl Iterator<Item = &Range<u64>>> {
        self.mask.is_none().then(|| self.spans.iter())
    }

    /// The spans with the bits of each; those of a window of whole spans are `None`.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (Range<u64>, Option<BooleanBuffer>)> + '_ {
        let masked = self.mask.iter().flat_map(|mask| self.span_bits(mask)).map(|(span, bits)| (span, Some(bits)));
        let whole = self.spans.iter().filter(|_| self.mask.is_none()).map(|span| (span.clone(), None));
        masked.chain(whole)
    }

    fn span_bits<'a>(&'a self, mask: &'a BooleanBuffer) -> impl Iterator<Item = (Range<u64>, BooleanBuffer)> + 'a {
        let mut start = 0usize;
        self.spans.iter().map(move |span| {
            let bits = mask.slice(start, to_usize(row_count(span)));
            start = start.saturating_add(bits.len());
            (span.clone(), bits)
        })
    }

    /// Those of the rows whose bit in `keep`, one a row, is set.
    pub(crate) fn kept(self, keep: &BooleanBuffer) -> Self {
        let mask = match &self.mask {
            None => keep.clone(),
            Some(mask) => scattered(mask, keep),
        };
        Self { mask: Some(mask), ..self }.settled()
    }

    /// Counts, and drops a mask that selects all or next to nothing.
    fn settled(self) -> Self {
        let Some(mask) = &self.mask else { return self };
        let selected = BitSlice::from(mask).count_ones() as u64;
        if selected == mask.len() as u64 {
            return Self { mask: None, selected, ..self };
        }
        match selected.saturating_mul(SPARSE) < mask.len() as u64 {
            true => Self::of_ranges(self.ranges()),
            false => Self { selected, ..self },
        }
    }

    /// Takes the first `rows` rows off.
    pub(crate) fn take_front(&mut self, rows: u64) -> Self {
        if rows >= self.selected {
            return std::mem::take(self);
        }
        let Some(mask) = self.mask.take() else {
            let spans = self.take_spans(rows);
            self.selected = self.selected.saturating_sub(rows);
            return Self { spans, mask: None, selected: rows };
        };
        let cut = position_behind(&mask, rows);
        let spans = self.take_spans(cut as u64);
        self.mask = Some(mask.slice(cut, mask.len().saturating_sub(cut)));
        self.selected = self.selected.saturating_sub(rows);
        Self { spans, mask: Some(mask.slice(0, cut)), selected: rows }
    }

    /// Takes off the first `most` rows, or at least `least`, where they are one range.
    pub(crate) fn take_range(&mut self, least: u64, most: u64) -> Option<Range<u64>> {
        let first = self.spans.front_mut().filter(|_| self.mask.is_none())?;
        let rows = row_count(first).min(most);
        if rows < most && rows < least {
            return None;
        }
        let start = first.start;
        first.start = start.saturating_add(rows);
        let taken = start..first.start;
        if first.is_empty() {
            self.spans.pop_front();
        }
        self.selected = self.selected.saturating_sub(rows);
        Some(taken)
    }

    /// Adds rows behind the others; false where it has a mask.
    pub(crate) fn push_range(&mut self, rows: &Range<u64>) -> bool {
        if self.mask.is_none() && !rows.is_empty() {
            self.spans.push_back(rows.clone());
            self.selected = self.selected.saturating_add(row_count(rows));
        }
        self.mask.is_none()
    }

    /// Forgets all rows; the memory that they are told in stays.
    pub(crate) fn clear(&mut self) {
        self.spans.clear();
        (self.mask, self.selected) = (None, 0);
    }

    /// Takes off the rows in front of row `end`.
    pub(crate) fn take_before(&mut self, end: u64) -> Self {
        let inside = |span: &Range<u64>| span.end.min(end).saturating_sub(span.start);
        let rows = self.spans.iter().take_while(|span| span.start < end).map(inside).fold(0u64, u64::saturating_add);
        let spans = self.take_spans(rows);
        let cut = to_usize(rows);
        let mask = self.mask.take().map(|mask| (mask.slice(0, cut), mask.slice(cut, mask.len().saturating_sub(cut))));
        let (front, rest) = mask.unzip();
        self.mask = rest;
        let taken = front.as_ref().map_or(rows, |front| BitSlice::from(front).count_ones() as u64);
        self.selected = self.selected.saturating_sub(taken);
        Self { spans, mask: front, selected: taken }
    }

    /// The first row.
    pub(crate) fn first_row(&self) -> Option<u64> {
        self.pieces().find_map(|(span, bits)| match bits {
            None => Some(span.start),
            Some(bits) => bits.set_indices().next().map(|bit| span.start.saturating_add(bit as u64)),
        })
    }

    /// Takes the spans of the first `rows` rows, selected or not.
    fn take_spans(&mut self, rows: u64) -> VecDeque<Range<u64>> {
        let mut taken = VecDeque::with_capacity(1);
        let mut room = rows;
        while room > 0 {
            let Some(first) = self.spans.front_mut() else { break };
            let end = first.end.min(first.start.saturating_add(room));
            room = room.saturating_sub(end.saturating_sub(first.start));
            taken.push_back(first.start..end);
            first.start = end;
            if first.is_empty() {
                self.spans.pop_front();
            }
        }
        taken
    }
}

fn row_count(rows: &Range<u64>) -> u64 {
    rows.end.saturating_sub(rows.start)
}

fn to_usize(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

/// How many bits of `mask` there are up to and with the set bit number `count`.
pub(crate) fn position_behind(mask: &BooleanBuffer, count: u64) -> usize {
    let (mut left, mut position) = (count, 0usize);
    for word in mask.bit_chunks().iter_padded() {
        let ones = u64::from(word.count_ones());
        if ones < left {
            left = left.saturating_sub(ones);
            position = position.saturating_add(64);
            continue;
        }
        let mut rest = word;
        while left > 1 {
            rest &= rest.wrapping_sub(1);
            left = left.saturating_sub(1);
        }
        return match left {
            0 => position,
            _ => position.saturating_add(rest.trailing_zeros() as usize).saturating_add(1).min(mask.len()),
        };
    }
    mask.len()
}

/// The set bits of `mask` for which `keep`, one bit for each of them, is set too.
pub(crate) fn scattered(mask: &BooleanBuffer, keep: &BooleanBuffer) -> BooleanBuffer {
    let words = simd::expand_bits(BitSlice::from(keep), BitSlice::from(mask));
    BooleanBuffer::new(words.into(), 0, mask.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every how many rows one is selected, over spans with gaps.
    fn rows(every: u64) -> (Vec<u64>, RowWindow) {
        let all: Vec<u64> = (10..500).chain(600..601).chain(700..9000).collect();
        let kept: Vec<bool> = all.iter().map(|row| row % every == 0).collect();
        let window = RowWindow::of_ranges([10..500, 550..550, 600..601, 700..9000]);
        assert_eq!(window.selected(), all.len() as u64);
        let selected = all.iter().copied().filter(|row| row % every == 0).collect();
        (selected, window.kept(&BooleanBuffer::from(kept)))
    }

    fn listed(window: &RowWindow) -> Vec<u64> {
        let listed: Vec<u64> = window.ranges().into_iter().flatten().collect();
        assert_eq!(listed.len() as u64, window.selected());
        listed
    }

    #[test]
    fn windows_keep_the_rows_they_are_told_to() {
        for every in [1, 2, 3, 64, 100, 127, 129, 1000, 100_000] {
            let (selected, window) = rows(every);
            assert_eq!(listed(&window), selected, "{every}");
            for second in [1, 2, 5, 300] {
                let keep: Vec<bool> = selected.iter().map(|row| row % second == 0).collect();
                let both: Vec<u64> = selected.iter().copied().filter(|row| row % second == 0).collect();
                assert_eq!(listed(&window.clone().kept(&BooleanBuffer::from(keep))), both, "{every} {second}");
            }
        }
    }

    #[test]
    fn a_range_is_taken_where_the_first_rows_are_one() {
        let mut window = RowWindow::of_ranges([10..20, 30..35]);
        assert_eq!(window.take_range(4, 4), Some(10..14));
        assert_eq!(window.take_range(7, 7), None);
        assert_eq!((window.take_range(6, 6), window.selected()), (Some(14..20), 5));
        assert_eq!(window.take_range(6, 6), None);
        assert_eq!(window.take_range(5, 5), Some(30..35));
        assert!(window.is_empty() && window.take_range(1, 1).is_none());
        let mut window = RowWindow::of_ranges([10..20, 30..35]);
        assert_eq!(window.take_range(11, 100), None);
        assert_eq!(window.take_range(10, 100), Some(10..20), "no more than one");
        let (_, mut window) = rows(2);
        assert_eq!(window.take_range(1, 1), None, "only some of its rows are selected");
    }

    #[test]
    fn ranges_are_pushed_where_there_is_no_mask() {
        let mut window = RowWindow::of_ranges([10..20]);
        assert!(window.push_range(&(20..20)) && window.push_range(&(30..35)));
        assert_eq!(window, RowWindow::of_ranges([10..20, 30..35]));
        let (selected, mut window) = rows(2);
        assert!(!window.push_range(&(9000..9001)));
        assert_eq!(listed(&window), selected);
        window.clear();
        assert!(window.push_range(&(3..5)));
        assert_eq!(window, RowWindow::of_ranges([3..5]));
    }

    #[test]
    fn windows_are_cut_behind_any_row() {
        for every in [1, 2, 64, 129] {
            let (selected, window) = rows(every);
            for cut in [0, 1, 2, 40, 63, 64, 65, selected.len() - 1, selected.len(), selected.len() + 1] {
                let mut rest = window.clone();
                let front = rest.take_front(cut as u64);
                let cut = cut.min(selected.len());
                assert_eq!((listed(&front), listed(&rest)), (selected[..cut].to_vec(), selected[cut..].to_vec()));
            }
        }
    }

    #[test]
    fn a_bitmap_is_a_window() {
        let window = RowWindow::of_bitmap(100, BooleanBuffer::from(vec![true, false, true, true]));
        assert_eq!(window.ranges(), [100..101, 102..104]);
        assert!(RowWindow::of_bitmap(100, BooleanBuffer::new_unset(4)).is_empty());
        assert_eq!(RowWindow::of_bitmap(5, BooleanBuffer::new_set(3)), RowWindow::of_ranges([5..8]));
    }
}
