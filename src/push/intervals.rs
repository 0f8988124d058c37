//! A set of byte positions of the file, kept as disjoint intervals.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::byte_range::ByteRange;

/// End to start of each interval, so that one that is used up from its front stays where it is; no two touch.
#[derive(Debug, Default, Clone)]
pub(crate) struct IntervalSet(BTreeMap<u64, u64>);

impl IntervalSet {
    /// Adds `range`; returns how many bytes were not in the set.
    pub(crate) fn insert(&mut self, range: ByteRange) -> u64 {
        if range.is_empty() {
            return 0;
        }
        let known: u64 = self.common(range).iter().map(|common| common.length).sum();
        let (mut start, mut end) = (range.offset, range.end());
        while let Some((&to, &from)) = self.0.range(start..).next() {
            if from > end {
                break;
            }
            self.0.remove(&to);
            start = start.min(from);
            end = end.max(to);
        }
        self.0.insert(end, start);
        range.length.saturating_sub(known)
    }

    /// Takes `range` out.
    pub(crate) fn remove(&mut self, range: ByteRange) {
        while let Some((&to, start)) = self.0.range_mut(behind(range.offset)).next() {
            let from = *start;
            if from >= range.end() || range.is_empty() {
                break;
            }
            match range.end() < to {
                true => *start = range.end(),
                false => drop(self.0.remove(&to)),
            }
            if from < range.offset {
                self.0.insert(range.offset, from);
            }
        }
    }

    /// The parts of `range` that are in the set, ascending.
    pub(crate) fn common(&self, range: ByteRange) -> Vec<ByteRange> {
        self.0
            .range(behind(range.offset))
            .take_while(|(_, from)| **from < range.end())
            .map(|(&to, &from)| ByteRange::between(from.max(range.offset), to.min(range.end())))
            .filter(|common| !common.is_empty())
            .collect()
    }

    /// The parts of `range` that are not in the set, ascending.
    pub(crate) fn absent(&self, range: ByteRange) -> Vec<ByteRange> {
        let mut absent = Vec::new();
        let mut from = range.offset;
        for common in self.common(range) {
            absent.push(ByteRange::between(from, common.offset));
            from = common.end();
        }
        absent.push(ByteRange::between(from, range.end()));
        absent.retain(|part| !part.is_empty());
        absent
    }

    /// The set as ascending ranges.
    pub(crate) fn into_ranges(self) -> Vec<ByteRange> {
        self.0.into_iter().map(|(to, from)| ByteRange::between(from, to)).collect()
    }
}

/// The ends of intervals that have a position from `offset` on.
fn behind(offset: u64) -> (Bound<u64>, Bound<u64>) {
    (Bound::Excluded(offset), Bound::Unbounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_set_of_positions() {
        let mut state = 7u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        for _ in 0..50 {
            let (mut set, mut model) = (IntervalSet::default(), [false; 200]);
            for _ in 0..60 {
                let start = random(200);
                let range = ByteRange { offset: start, length: random(200 - start + 1).min(40) };
                let cells = range.offset as usize..range.end() as usize;
                let absent = model[cells.clone()].iter().filter(|bit| !**bit).count() as u64;
                if random(3) > 0 {
                    assert_eq!(set.insert(range), absent);
                    model[cells].fill(true);
                } else {
                    set.remove(range);
                    model[cells].fill(false);
                }
                let start = random(200);
                let range = ByteRange::between(start, start + random(200 - start + 1));
                let (mut common, mut absent) = ([false; 200], [false; 200]);
                set.common(range).iter().for_each(|part| common[part.offset as usize..part.end() as usize].fill(true));
                set.absent(range).iter().for_each(|part| absent[part.offset as usize..part.end() as usize].fill(true));
                for position in 0..200 {
                    let inside = (range.offset..range.end()).contains(&(position as u64));
                    assert_eq!(common[position], inside && model[position]);
                    assert_eq!(absent[position], inside && !model[position]);
                }
                assert!(set.0.iter().zip(set.0.iter().skip(1)).all(|((end, _), (_, start))| end < start));
            }
        }
    }
}
