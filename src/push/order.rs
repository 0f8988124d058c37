//! The order in which predicates are asked: learned from how many rows each dropped in the row groups before.
//!
//! What a predicate costs is taken to be the bytes of its columns, not the time that passed: so the same file under the same
//! options asks for the same bytes wherever it is read.

use std::sync::Arc;

use super::row_group::RowGroupReader;
use crate::predicate::BoundPredicate;
use crate::scan::{Plan, RowGroupScan};

/// So many rows must have been looked at before anything is learned of a predicate.
const LEAST_ROWS_SEEN: u64 = 1024;

/// What is known of the predicates of a plan, by their ordinals.
#[derive(Debug, Default)]
pub(crate) struct PredicateOrder {
    looked_at: Vec<LookedAt>,
}

/// The rows that a predicate looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LookedAt {
    /// How many.
    pub rows: u64,
    /// How many of them it did not keep.
    pub dropped: u64,
}

impl PredicateOrder {
    /// Nothing is known yet.
    pub(crate) fn new(plan: &Plan) -> Self {
        Self { looked_at: vec![LookedAt::default(); plan.predicates.len()] }
    }

    /// Learns from a row group that is done.
    pub(crate) fn learn(&mut self, row_group: &RowGroupReader) {
        for (predicate, seen) in row_group.looked_at() {
            if let Some(known) = self.looked_at.get_mut(predicate) {
                known.rows = known.rows.saturating_add(seen.rows);
                known.dropped = known.dropped.saturating_add(seen.dropped);
            }
        }
    }

    /// The predicates that are asked in a row group, best first: that which drops most rows for the bytes that it reads. In
    /// the order of the plan as long as one of them is not known.
    pub(crate) fn sorted<'a>(&self, plan: &'a Plan, scan: &'a RowGroupScan) -> Vec<(usize, &'a Arc<BoundPredicate>)> {
        let mut asked: Vec<_> = plan.asked(scan).collect();
        let ranks: Option<Vec<u128>> =
            asked.iter().map(|(index, predicate)| self.rank(*index, bytes(plan, scan, predicate))).collect();
        if let Some(ranks) = ranks {
            let mut ranked: Vec<_> = ranks.into_iter().zip(asked).collect();
            ranked.sort_by_key(|(rank, _)| *rank);
            asked = ranked.into_iter().map(|(_, predicate)| predicate).collect();
        }
        asked
    }

    /// Bytes for a dropped row, in small parts; the less the better.
    fn rank(&self, predicate: usize, bytes: u64) -> Option<u128> {
        let known = self.looked_at.get(predicate).filter(|known| known.rows >= LEAST_ROWS_SEEN)?;
        let bytes_of_all = u128::from(bytes).saturating_mul(u128::from(known.rows));
        Some(bytes_of_all.checked_div(u128::from(known.dropped)).unwrap_or(u128::MAX))
    }
}

/// Bytes of the columns of a predicate in a row group.
fn bytes(plan: &Plan, scan: &RowGroupScan, predicate: &BoundPredicate) -> u64 {
    let chunks = predicate.leaves().iter().filter_map(|leaf| plan.chunk(scan.row_group, *leaf).ok());
    chunks.fold(0, |sum, chunk| sum.saturating_add(chunk.uncompressed_bytes))
}
