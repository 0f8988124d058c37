//! Which of some rows are selected: once for all columns that have the same rows.

use std::sync::{Arc, OnceLock};

use arrow_buffer::BooleanBuffer;

use crate::memory::BitSlice;
use crate::simd;

/// Where no more than one row in so many is selected it is better to go from one to the next than through all bits.
const FEW: usize = 6;

/// Which of some rows are selected, and how many that are. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct RowMask(Arc<Mask>);

#[derive(Debug)]
struct Mask {
    bits: BooleanBuffer,
    count: usize,
    /// Numbers of the selected rows, once somebody asked for them.
    places: OnceLock<Vec<u32>>,
}

impl RowMask {
    /// `count` of the `bits` are set.
    pub(crate) fn new(bits: BooleanBuffer, count: usize) -> Self {
        debug_assert_eq!(bits.count_set_bits(), count);
        Self(Arc::new(Mask { bits, count, places: OnceLock::new() }))
    }

    /// A bit for each row.
    pub(crate) fn bits(&self) -> &BooleanBuffer {
        &self.0.bits
    }

    /// Number of selected rows.
    pub(crate) fn count(&self) -> usize {
        self.0.count
    }

    /// The numbers of the selected rows, where these are few.
    pub(crate) fn places(&self) -> Option<&[u32]> {
        let Mask { bits, count, places } = &*self.0;
        let are_few = count.saturating_mul(FEW) <= bits.len() && u32::try_from(bits.len()).is_ok();
        are_few.then(|| places.get_or_init(|| simd::places(BitSlice::from(bits), *count)).as_slice())
    }
}
