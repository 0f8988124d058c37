//! Which rows are decoded to get the selected ones.
//!
//! Jumping over unselected rows costs some steps, decoding them and dropping them afterwards costs their values: short gaps
//! are decoded, long ones jumped over. What is short depends on the column.

use std::ops::Range;

use arrow_buffer::BooleanBuffer;

use super::mask::Mask;
use super::windows::RowWindow;
use crate::column::RowMask;
use crate::error::{Error, Result};
use crate::memory::BitSlice;

/// A gap of so many rows has an aligned word of them in it, and so is seen where no word is looked into.
const JUMP_OF_WHOLE_WORDS: u64 = 127;

/// Ranges of rows to decode, and which of the decoded rows are selected. Grows at its end only: what was to be decoded
/// before stays so.
#[derive(Debug, Default)]
struct DecodePlan {
    /// Gaps of so many rows are jumped over, at least 1.
    shortest_jump: u64,
    ranges: Vec<Range<u64>>,
    mask: Mask,
}

impl DecodePlan {
    /// A plan of no rows that jumps over gaps of `shortest_jump` rows or more.
    fn new(shortest_jump: u64) -> Self {
        Self { shortest_jump: shortest_jump.max(1), ranges: Vec::new(), mask: Mask::default() }
    }

    fn extend(&mut self, window: &RowWindow) {
        if let Some(spans) = window.whole_spans() {
            return spans.for_each(|span| self.add(span, None));
        }
        for (span, bits) in window.pieces() {
            let Some(bits) = bits else {
                self.add(&span, None);
                continue;
            };
            if self.shortest_jump >= JUMP_OF_WHOLE_WORDS {
                self.add_stretches(&span, &bits);
                continue;
            }
            let words = BitSlice::from(&bits);
            for at in (0..bits.len()).step_by(64) {
                self.add_word(span.start.saturating_add(at as u64), words.word(at));
            }
        }
    }

    /// Adds the rows of `span` whose bits are set, from one word without any to the next.
    fn add_stretches(&mut self, span: &Range<u64>, bits: &BooleanBuffer) {
        let words = BitSlice::from(bits);
        if self.mask.length() == 0 && words.words().all(|word| word != 0) {
            return self.add_stretch(span, bits);
        }
        self.mask.reserve(bits.len());
        // Bits of the word before, where that had some, behind its last one that is set.
        let mut left_out = None;
        let starts = (span.start..).step_by(64);
        for (word, start) in words.words().zip(starts) {
            if word == 0 {
                left_out = None;
                continue;
            }
            let before = left_out.map_or(word.trailing_zeros(), |_| 0);
            let count = 64u32.saturating_sub(word.leading_zeros()).saturating_sub(before);
            let first = start.saturating_add(before.into());
            let rows = first..first.saturating_add(count.into());
            match (left_out, self.ranges.last_mut()) {
                (Some(unset), Some(last)) => {
                    self.mask.append(0, unset);
                    last.end = rows.end;
                }
                _ => self.extend_to(&rows),
            }
            self.mask.append(word.wrapping_shr(before), count);
            left_out = Some(word.leading_zeros());
        }
    }

    /// Adds the rows from the first one of `span` whose bit is set to the last.
    fn add_stretch(&mut self, span: &Range<u64>, bits: &BooleanBuffer) {
        let words = BitSlice::from(bits);
        let last = (bits.len().saturating_sub(1) / 64).saturating_mul(64);
        let first = words.word(0).trailing_zeros() as usize;
        let behind = last.saturating_add(64usize.saturating_sub(words.word(last).leading_zeros() as usize));
        if behind > first {
            let row = |bit: usize| span.start.saturating_add(bit as u64);
            self.extend_to(&(row(first)..row(behind)));
            self.mask.keep_only(bits.slice(first, behind.saturating_sub(first)));
        }
    }

    /// Makes `rows` the last of those to be decoded, and says of those in between that they are not selected.
    fn extend_to(&mut self, rows: &Range<u64>) {
        match self.ranges.last_mut() {
            Some(last) if rows.start.saturating_sub(last.end) < self.shortest_jump => {
                self.mask.push(rows.start.saturating_sub(last.end), false);
                last.end = rows.end;
            }
            _ => self.ranges.push(rows.clone()),
        }
    }

    /// Adds the rows from `row` on whose bits are set.
    fn add_word(&mut self, row: u64, word: u64) {
        let has_jump = has_gap(word, self.shortest_jump);
        let (mut rest, mut start) = (word, row);
        while rest != 0 {
            let zeros = rest.trailing_zeros();
            rest = rest.wrapping_shr(zeros);
            start = start.saturating_add(zeros.into());
            // Up to the next gap, or all that is left.
            let ones = if has_jump { rest.trailing_ones() } else { 64u32.saturating_sub(rest.leading_zeros()) };
            let end = start.saturating_add(ones.into());
            self.add(&(start..end), Some(rest));
            rest = rest.checked_shr(ones).unwrap_or(0);
            start = end;
        }
    }

    /// Adds a range, of which those rows are selected whose bits are set, of up to 64; without bits all.
    fn add(&mut self, rows: &Range<u64>, bits: Option<u64>) {
        self.extend_to(rows);
        let count = rows.end.saturating_sub(rows.start);
        match bits {
            Some(bits) if bits.count_ones() < 64 => self.mask.push_bits(bits, count),
            _ => self.mask.push(count, true),
        }
    }
}

/// The plans of columns of different kinds over the same rows.
#[derive(Debug)]
pub(crate) struct DecodePlans(Vec<DecodePlan>);

impl DecodePlans {
    /// Plans of no rows, one for each of these shortest jumps.
    pub(crate) fn new(shortest_jumps: impl IntoIterator<Item = u64>) -> Self {
        let mut jumps: Vec<u64> = shortest_jumps.into_iter().map(|jump| jump.max(1)).collect();
        jumps.sort_unstable();
        jumps.dedup();
        Self(jumps.into_iter().map(DecodePlan::new).collect())
    }

    /// Adds rows behind those that are there.
    pub(crate) fn extend(&mut self, window: &RowWindow) {
        self.0.iter_mut().for_each(|plan| plan.extend(window));
    }

    /// Adds the rows of a range, all of them, behind those that are there.
    pub(crate) fn extend_by_range(&mut self, rows: &Range<u64>) {
        self.0.iter_mut().for_each(|plan| plan.add(rows, None));
    }

    /// What columns decode that jump over gaps of `shortest_jump` rows or more.
    pub(crate) fn ranges(&self, shortest_jump: u64) -> &[Range<u64>] {
        self.get(shortest_jump).map_or(&[], |plan| &plan.ranges)
    }

    /// Which rows of those ranges are selected, so far.
    pub(crate) fn selected(&self) -> SelectedRows {
        let of_plan = |plan: &DecodePlan| Some((plan.shortest_jump, plan.mask.copied()?));
        SelectedRows(self.0.iter().filter_map(of_plan).collect())
    }

    /// Number of rows from the first one to be decoded to the last.
    pub(crate) fn extent(&self) -> u64 {
        let ranges = self.0.first().map_or(&[][..], |plan| &plan.ranges);
        let end = ranges.last().map_or(0, |last| last.end);
        end.saturating_sub(ranges.first().map_or(end, |first| first.start))
    }

    /// Number of rows that the columns decode which decode most.
    pub(crate) fn most_decoded(&self) -> u64 {
        self.0.last().map_or(0, |plan| plan.mask.length())
    }

    fn get(&self, shortest_jump: u64) -> Option<&DecodePlan> {
        self.0.iter().find(|plan| plan.shortest_jump == shortest_jump.max(1))
    }

    /// Which of the decoded rows are selected, `selected` of them. The plans are then of no rows again.
    pub(crate) fn take_masks(&mut self, selected: u64) -> Result<RowMasks> {
        let count = usize::try_from(selected).map_err(|_| Error::limit(format!("a batch of {selected} rows")))?;
        let of_plan = |plan: &mut DecodePlan| {
            plan.ranges.clear();
            let bits = plan.mask.take()?;
            Some((plan.shortest_jump, RowMask::new(bits, count)))
        };
        Ok(RowMasks(self.0.iter_mut().filter_map(of_plan).collect()))
    }
}

/// For the columns of each kind, which of the rows to be decoded are selected; nothing of those for which all are.
pub(crate) struct SelectedRows(Vec<(u64, BooleanBuffer)>);

impl SelectedRows {
    /// The rows of columns that jump over gaps of `shortest_jump` rows or more; nothing where all are selected.
    pub(crate) fn get(&self, shortest_jump: u64) -> Option<BitSlice<'_>> {
        let own = self.0.iter().find(|(jump, _)| *jump == shortest_jump.max(1));
        own.map(|(_, selected)| BitSlice::from(selected))
    }
}

/// The same of rows that were decoded, and how many they are.
#[derive(Debug)]
pub(crate) struct RowMasks(Vec<(u64, RowMask)>);

impl RowMasks {
    /// True where all decoded rows are selected, whatever the column.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The mask of columns that jump over gaps of `shortest_jump` rows or more; none where all rows are selected.
    pub(crate) fn get(&self, shortest_jump: u64) -> Option<&RowMask> {
        let own = self.0.iter().find(|(jump, _)| *jump == shortest_jump.max(1));
        own.map(|(_, mask)| mask)
    }
}

/// True where so many bits in a row are not set between two that are; of gaps that reach into other words nothing is said.
fn has_gap(word: u64, rows: u64) -> bool {
    if rows >= 63 || word == 0 {
        return false;
    }
    let inside = word.wrapping_shr(word.trailing_zeros());
    let bits = 64u32.saturating_sub(inside.leading_zeros());
    let mut unset = !inside & u64::MAX.wrapping_shr(64u32.saturating_sub(bits));
    // A bit stands for `width` unset ones from it on.
    let mut width = 1u64;
    while width < rows && unset != 0 {
        let step = width.min(rows.saturating_sub(width));
        unset &= unset.wrapping_shr(u32::try_from(step).unwrap_or(63));
        width = width.saturating_add(step);
    }
    unset != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plan by a model: row by row.
    fn model(rows: &[u64], shortest_jump: u64) -> (Vec<Range<u64>>, Vec<bool>) {
        let (mut ranges, mut mask) = (Vec::<Range<u64>>::new(), Vec::new());
        for &row in rows {
            match ranges.last_mut() {
                Some(last) if row - last.end < shortest_jump => {
                    mask.extend((last.end..row).map(|_| false));
                    last.end = row + 1;
                }
                _ => ranges.push(row..row + 1),
            }
            mask.push(true);
        }
        (ranges, mask)
    }

    #[test]
    fn plans_are_those_of_a_model() {
        let mut state = 7u64;
        let mut random = move |bound: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % bound
        };
        for case in 0..2000 {
            let shortest_jump = [1, 2, 3, 7, 16, 33, 62, 63, 64, 65, 200][random(11) as usize];
            let mut plan = DecodePlan::new(shortest_jump);
            let (mut rows, mut start) = (Vec::new(), random(100));
            for _ in 0..random(4) {
                let every = 1 + random(80);
                let bits: Vec<bool> = (0..random(400)).map(|_| random(every) == 0).collect();
                rows.extend((start..).zip(&bits).filter(|(_, bit)| **bit).map(|(row, _)| row));
                let spans = RowWindow::of_ranges([start..start + bits.len() as u64]);
                plan.extend(&spans.kept(&BooleanBuffer::from(bits.clone())));
                start += bits.len() as u64 + random(100);
            }
            let (ranges, mask) = model(&rows, shortest_jump);
            assert_eq!(plan.ranges, ranges, "case {case}, jump {shortest_jump}");
            assert_eq!(plan.mask.length(), mask.len() as u64);
            let copied = plan.mask.copied();
            let taken = plan.mask.take();
            assert_eq!(copied, taken, "case {case}");
            let found = taken.map(|mask| mask.iter().collect::<Vec<_>>());
            assert_eq!(found.unwrap_or_else(|| vec![true; rows.len()]), mask, "case {case}, jump {shortest_jump}");
        }
    }

    #[test]
    fn gaps_inside_words_are_found() {
        for (word, longest) in [(0u64, 0u64), (1, 0), (u64::MAX, 0), (0b1011, 1), (1 | 1 << 63, 62), (0b1_0000_1001, 4)]
        {
            for rows in 1..64 {
                assert_eq!(has_gap(word, rows), rows <= longest && rows < 63, "{word:b} {rows}");
            }
        }
    }
}
