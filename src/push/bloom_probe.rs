//! Bloom filters of a row group, read before anything else of it where they can rule it out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bloom_filter::{BloomFilterDecoder, BloomFilterStep};
use super::pushed::PushedBytes;
use crate::byte_range::ByteRange;
use crate::column::ByteSource;
use crate::error::Result;
use crate::metadata::BloomFilter;
use crate::scan::{Plan, RowGroupScan};

/// Reads the bloom filters of a row group that a plan names.
pub(crate) struct BloomProbe {
    scan: RowGroupScan,
    /// Filters that are not complete, with their leaf columns.
    pending: Vec<(usize, BloomFilterDecoder)>,
    found: BTreeMap<usize, Arc<BloomFilter>>,
}

impl BloomProbe {
    /// Of the row group of `scan`. A filter that cannot be read is as good as none.
    pub(crate) fn new(plan: &Plan, scan: RowGroupScan) -> Self {
        let decoder = |leaf: &usize| BloomFilterDecoder::new(Arc::clone(&plan.metadata), scan.row_group, *leaf).ok();
        let pending = scan.bloom_filters.iter().filter_map(|leaf| Some((*leaf, decoder(leaf)?))).collect();
        Self { scan, pending, found: BTreeMap::new() }
    }

    /// The row group.
    pub(crate) fn scan(&self) -> &RowGroupScan {
        &self.scan
    }

    /// The row group.
    pub(crate) fn into_scan(self) -> RowGroupScan {
        self.scan
    }

    /// The ranges that are missing; empty once all filters are read, or given up because they are none.
    pub(crate) fn step(&mut self, pushed: &PushedBytes) -> Vec<ByteRange> {
        let mut missing = Vec::new();
        for (leaf, mut decoder) in std::mem::take(&mut self.pending) {
            match advance(&mut decoder, pushed) {
                Ok(Progress::Missing(ranges)) => {
                    missing.extend(ranges);
                    self.pending.push((leaf, decoder));
                }
                Ok(Progress::Read(filter)) => {
                    self.found.insert(leaf, filter);
                }
                Err(_) => {}
            }
        }
        missing
    }

    /// The row group that was asked about, and whether some row of it may satisfy the predicates.
    pub(crate) fn finish(self, plan: &Plan) -> Result<(RowGroupScan, bool)> {
        let lacks = |leaf: usize, values: &dyn arrow_array::Array| {
            self.found.get(&leaf).is_some_and(|filter| filter.may_contain_any(values).is_ok_and(|may| !may))
        };
        let is_possible = plan.may_keep_rows(&self.scan, &lacks)?;
        Ok((self.scan, is_possible))
    }
}

enum Progress {
    Missing(Vec<ByteRange>),
    Read(Arc<BloomFilter>),
}

/// Gives the decoder what was pushed for it.
fn advance(decoder: &mut BloomFilterDecoder, pushed: &PushedBytes) -> Result<Progress> {
    loop {
        let ranges = match decoder.try_decode()? {
            BloomFilterStep::Finished(filter) => return Ok(Progress::Read(filter)),
            BloomFilterStep::NeedsData(ranges) => ranges,
        };
        let missing: Vec<ByteRange> = ranges.iter().flat_map(|range| pushed.missing(*range)).collect();
        if !missing.is_empty() {
            return Ok(Progress::Missing(missing));
        }
        for range in ranges {
            if let Some(bytes) = pushed.get(range) {
                decoder.push(range.offset, bytes)?;
            }
        }
    }
}
