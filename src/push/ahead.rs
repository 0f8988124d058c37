//! What will be asked for later, for hosts that read ahead.

use super::Decoder;
use super::demand::coalesced;
use crate::byte_range::ByteRange;
use crate::error::Result;
use crate::scan::RowGroupScan;

impl Decoder {
    /// What will be asked for after what was asked for, `max_bytes` at most: row group by row group in the order in which
    /// they are read, ascending within each. Nothing that is held or was asked for is in it; pushed early, it is kept and
    /// not asked for.
    ///
    /// With predicates, of row groups not begun it is what the first predicate looks at (or bloom filters that come
    /// before), since nobody knows yet what the others and the output will need; a limit, or a dictionary, may make it
    /// needless. With `max_buffered_bytes`, no more than fits beside what is held and was asked for.
    ///
    /// Fails with the first error of [`Decoder::try_decode`] after that.
    pub fn upcoming_ranges(&self, max_bytes: u64) -> Result<Vec<ByteRange>> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        let mut room = self.room_ahead(max_bytes);
        let mut upcoming = Vec::new();
        let current = self.current.iter().map(|current| current.all_missing_ranges(&self.pushed));
        let probed = self.probe.iter().map(|probe| self.demand_ahead(probe.scan()));
        let later = self.ahead.iter().map(|scan| self.demand_ahead(scan));
        let mut row_groups = current.chain(probed).chain(later);
        while let Some(needed) = row_groups.next().filter(|_| room > 0 && self.budget.to_read > 0) {
            let held_out = needed.into_iter().flat_map(|range| self.pushed.missing(range));
            let new = held_out.flat_map(|range| self.requested.absent(range)).collect();
            for range in coalesced(new, self.plan.options.coalesce_gap) {
                let length = range.length.min(room);
                room = room.saturating_sub(length);
                append(&mut upcoming, ByteRange { offset: range.offset, length });
            }
        }
        Ok(upcoming)
    }

    /// How many bytes may be read ahead.
    fn room_ahead(&self, max_bytes: u64) -> u64 {
        let Some(bound) = self.plan.options.max_buffered_bytes else { return max_bytes };
        let asked = self.outstanding.iter().flat_map(|range| self.pushed.missing(*range));
        let taken = asked.fold(self.pushed.held_bytes(), |sum, range| sum.saturating_add(range.length));
        max_bytes.min(bound.saturating_sub(taken))
    }

    /// What a row group that was not begun needs in any case.
    fn demand_ahead(&self, scan: &RowGroupScan) -> Vec<ByteRange> {
        let bloom_filters: Vec<ByteRange> = self.bloom_ranges(scan).collect();
        if !bloom_filters.is_empty() {
            return bloom_filters;
        }
        let first = self.plan.read_first(scan).into_iter();
        // A chunk that does not lie in the file is told when its row group begins.
        let demands = first.filter_map(|(leaf, rows)| self.plan.chunk_demand(scan.row_group, leaf, &rows).ok());
        demands.flat_map(|demand| demand.ranges).collect()
    }
}

/// Adds a range, to the one before where they touch.
fn append(ranges: &mut Vec<ByteRange>, range: ByteRange) {
    match ranges.last_mut() {
        _ if range.is_empty() => {}
        Some(last) if last.end() == range.offset => *last = ByteRange::between(last.offset, range.end()),
        _ => ranges.push(range),
    }
}
