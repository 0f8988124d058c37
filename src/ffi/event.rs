//! Events: what one `try_decode` step came to.

use super::slice::pqpush_range;
use super::structs::Growing;
use crate::ByteRange;

/// The kinds of pqpush_event.
#[repr(C)]
pub enum pqpush_event_kind {
    /// Bytes are missing. Push some or all of `ranges`, then call again.
    PQPUSH_EVENT_NEEDS_DATA = 1,
    /// A batch was written.
    PQPUSH_EVENT_BATCH = 2,
    /// Everything was delivered; every further call says so again.
    PQPUSH_EVENT_FINISHED = 3,
    /// Only with PQPUSH_SCAN_ROW_GROUP_EVENTS: all rows of the row group were handed out (with PQPUSH_SCAN_FILL_BATCHES
    /// some may wait for more), and the next one was not begun. Call again.
    PQPUSH_EVENT_ROW_GROUP_END = 4,
}

use pqpush_event_kind::*;

/// What one try_decode call came to. Set `struct_size` to sizeof(pqpush_event) before the call; the rest is written.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_event {
    /// Bytes of this struct that the host knows.
    pub struct_size: usize,
    /// One of pqpush_event_kind; 0 where the call failed.
    pub kind: i32,
    /// Zero.
    pub reserved: u32,
    /// NEEDS_DATA: the bytes that are missing; ascending, disjoint, merged as the options say. Borrowed from the
    /// handle: pushes leave them alone, the next try_decode and the free end them.
    pub ranges: *const pqpush_range,
    /// Number of `ranges`.
    pub range_count: usize,
    /// BATCH: rows of the batch.
    pub row_count: u64,
    /// BATCH: the row group that its rows come from, -1 where there are several. ROW_GROUP_END: the row group.
    pub row_group: i64,
}

// SAFETY: repr(C), begins with struct_size, integers and pointers without padding.
unsafe impl Growing for pqpush_event {}

impl pqpush_event {
    const EMPTY: Self = Self {
        struct_size: 0,
        kind: 0,
        reserved: 0,
        ranges: std::ptr::null(),
        range_count: 0,
        row_count: 0,
        row_group: 0,
    };

    /// These bytes are missing; the handle keeps the ranges.
    pub(super) fn needs_data(ranges: &[pqpush_range]) -> Self {
        let kind = PQPUSH_EVENT_NEEDS_DATA as i32;
        Self { kind, ranges: ranges.as_ptr(), range_count: ranges.len(), row_group: -1, ..Self::EMPTY }
    }

    /// So many rows, of one row group or of several.
    pub(super) fn batch(row_count: usize, row_group: Option<usize>) -> Self {
        let row_group = row_group.and_then(|row_group| i64::try_from(row_group).ok()).unwrap_or(-1);
        Self { kind: PQPUSH_EVENT_BATCH as i32, row_count: row_count as u64, row_group, ..Self::EMPTY }
    }

    /// The rows of a row group were delivered.
    pub(super) fn row_group_end(row_group: usize) -> Self {
        let row_group = i64::try_from(row_group).unwrap_or(-1);
        Self { kind: PQPUSH_EVENT_ROW_GROUP_END as i32, row_group, ..Self::EMPTY }
    }

    /// Everything was delivered.
    pub(super) fn finished() -> Self {
        Self { kind: PQPUSH_EVENT_FINISHED as i32, row_group: -1, ..Self::EMPTY }
    }
}

/// Ranges in the shape of the ABI.
pub(super) fn export_ranges(ranges: Vec<ByteRange>) -> Vec<pqpush_range> {
    ranges.into_iter().map(|range| pqpush_range { offset: range.offset, length: range.length }).collect()
}
