//! Cuts selected rows into what one batch takes, and decides which rows are decoded for it.

use std::collections::VecDeque;
use std::ops::Range;

use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder};

/// Unselected rows between two selected ones that are decoded with them: jumping over fewer costs more than decoding
/// them and dropping them afterwards.
const SHORTEST_JUMP_ROWS: u64 = 64;

/// Number of rows in `ranges`.
pub(crate) fn count_rows(ranges: &[Range<u64>]) -> u64 {
    ranges.iter().map(|rows| rows.end.saturating_sub(rows.start)).fold(0, u64::saturating_add)
}

/// Takes the next `row_count` rows off the front of `rest`.
pub(crate) fn take_rows(rest: &mut VecDeque<Range<u64>>, row_count: u64) -> Vec<Range<u64>> {
    let mut taken = Vec::new();
    let mut room = row_count;
    while room > 0 {
        let Some(first) = rest.front_mut() else { break };
        let end = first.end.min(first.start.saturating_add(room));
        room = room.saturating_sub(end.saturating_sub(first.start));
        taken.push(first.start..end);
        first.start = end;
        if first.is_empty() {
            rest.pop_front();
        }
    }
    taken
}

/// Selected rows, and the ranges that are decoded to get them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct DecodeWindow {
    /// The selected rows, ascending.
    pub selected: Vec<Range<u64>>,
    /// What is decoded: holds them all, without short gaps.
    pub decoded: Vec<Range<u64>>,
}

impl DecodeWindow {
    /// Adds selected rows behind those that are there.
    pub(crate) fn extend(&mut self, rows: impl IntoIterator<Item = Range<u64>>) {
        for rows in rows {
            match self.decoded.last_mut() {
                Some(last) if rows.start.saturating_sub(last.end) < SHORTEST_JUMP_ROWS => last.end = rows.end,
                _ => self.decoded.push(rows.clone()),
            }
            self.selected.push(rows);
        }
    }

    /// True where no row is selected.
    pub(crate) fn is_empty(&self) -> bool {
        self.selected.is_empty()
    }

    /// Which of the decoded rows are selected; `None` where all are.
    pub(crate) fn mask(&self) -> Option<BooleanBuffer> {
        let (selected, decoded) = (count_rows(&self.selected), count_rows(&self.decoded));
        if selected == decoded {
            return None;
        }
        let length = |rows: u64| usize::try_from(rows).unwrap_or(usize::MAX);
        let mut bits = BooleanBufferBuilder::new(length(decoded));
        let mut selected = self.selected.iter().peekable();
        for range in &self.decoded {
            let mut row = range.start;
            while let Some(next) = selected.next_if(|next| next.end <= range.end) {
                bits.append_n(length(next.start.saturating_sub(row)), false);
                bits.append_n(length(next.end.saturating_sub(next.start)), true);
                row = next.end;
            }
            bits.append_n(length(range.end.saturating_sub(row)), false);
        }
        Some(bits.finish())
    }
}

/// The rows of `ranges` whose bit in `keep`, one a row of theirs, is set.
pub(crate) fn kept_rows(ranges: &[Range<u64>], keep: &BooleanBuffer) -> Vec<Range<u64>> {
    let mut kept: Vec<Range<u64>> = Vec::new();
    let mut ranges = ranges.iter();
    let (mut range, mut before) = (ranges.next().cloned().unwrap_or(0..0), 0u64);
    for (start, end) in keep.set_slices() {
        let (mut start, end) = (start as u64, end as u64);
        while start < end {
            let length = range.end.saturating_sub(range.start);
            let skipped = start.saturating_sub(before);
            if skipped >= length {
                before = before.saturating_add(length);
                let Some(next) = ranges.next() else { return kept };
                range = next.clone();
                continue;
            }
            let first = range.start.saturating_add(skipped);
            let rows = length.saturating_sub(skipped).min(end.saturating_sub(start));
            match kept.last_mut() {
                Some(last) if last.end == first => last.end = first.saturating_add(rows),
                _ => kept.push(first..first.saturating_add(rows)),
            }
            start = start.saturating_add(rows);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_hold_exactly_the_rows_asked_for() {
        let mut rest = VecDeque::from([0..3, 5..6, 10..20]);
        assert_eq!(take_rows(&mut rest, 6), [0..3, 5..6, 10..12]);
        assert_eq!(take_rows(&mut rest, 6), [12..18]);
        assert_eq!(take_rows(&mut rest, 6), [18..20]);
        assert_eq!(take_rows(&mut rest, 6), []);
    }

    #[test]
    fn short_gaps_are_decoded_and_masked() {
        let mut window = DecodeWindow::default();
        window.extend([0..3, 5..6]);
        assert_eq!(window.decoded, [0..6]);
        window.extend([6..8, 200..202, 300..301]);
        assert_eq!(window.decoded, [0..8, 200..202, 300..301]);
        let mask: Vec<bool> = window.mask().unwrap().iter().collect();
        assert_eq!(mask, [true, true, true, false, false, true, true, true, true, true, true]);
        let mut whole = DecodeWindow::default();
        whole.extend([5..9, 9..12]);
        assert_eq!((whole.decoded.clone(), whole.mask()), (vec![5..12], None));
    }

    #[test]
    fn kept_rows_are_found_over_ranges() {
        let keep = BooleanBuffer::from(vec![true, false, true, true, true, false, true]);
        assert_eq!(kept_rows(&[2..5, 10..11, 20..30], &keep), [2..3, 4..5, 10..11, 20..21, 22..23]);
        assert_eq!(kept_rows(&[2..9], &keep), [2..3, 4..7, 8..9]);
        assert_eq!(kept_rows(&[], &BooleanBuffer::new_set(0)), []);
    }
}
