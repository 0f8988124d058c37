//! Values that a batch has where they lie in their page, without a copy.
//!
//! Only a batch whose values are all of one page, next to each other, can have them so: whatever comes besides, they are
//! copied first. A page that is not compressed is memory of the host, a decompressed one a block of the pool; either
//! stays until the batch is released, so that it has to be worth that.

use arrow_buffer::Buffer;

use crate::encoding::ValueCursor;

/// Fewer bytes are copied: that takes no time.
const LEAST_BYTES: usize = 1 << 12;

/// The page is not kept for less than one part in so many of it.
const LEAST_SHARE: usize = 4;

/// The values of the batch at hand, as long as they need no copy.
pub(super) struct InPlace {
    values: Option<Buffer>,
    /// What is short of so many values may go on in the next page, for which the memory of this one is wanted.
    batch_rows: usize,
}

impl InPlace {
    /// Takes nothing before it knows how many rows a batch has.
    pub(super) fn new() -> Self {
        Self { values: None, batch_rows: usize::MAX }
    }

    /// From now on takes the values of batches of so many rows.
    pub(super) fn allow(&mut self, batch_rows: usize) {
        self.batch_rows = batch_rows;
    }

    /// Takes the next `count` PLAIN values of `page` for a batch that has none; false where they have to be copied, or are
    /// not there. `alignment`, a power of two, is that of the values in arrays.
    pub(super) fn take(&mut self, cursor: &mut ValueCursor, page: &Buffer, count: usize, alignment: usize) -> bool {
        let ValueCursor::Plain { position, width } = cursor else { return false };
        let end = position.saturating_add(count.saturating_mul(*width));
        let Some(bytes) = page.get(*position..end) else { return false };
        let is_worth_it = bytes.len() >= LEAST_BYTES && bytes.len() >= page.len() / LEAST_SHARE;
        if count < self.batch_rows || !is_worth_it || bytes.as_ptr().align_offset(alignment) != 0 {
            return false;
        }
        self.values = Some(page.slice_with_length(*position, bytes.len()));
        *position = end;
        true
    }

    /// True where there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.values.is_none()
    }

    /// The bytes, to be copied or handed out.
    pub(super) fn leave(&mut self) -> Option<Buffer> {
        self.values.take()
    }
}
