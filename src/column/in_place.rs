//! Values that a batch has where they lie in their page, without a copy.
//!
//! Only a batch whose values are all of one page, next to each other, can have them so: whatever comes besides, they are
//! copied first. A page that is not compressed is memory of the host, a decompressed one a block of the pool; either
//! stays until the batch is released, so that it has to be worth that.

use arrow_buffer::Buffer;

use crate::encoding::ValueCursor;

/// Fewer bytes are copied: that takes no time.
const LEAST_BYTES: usize = 1 << 12;

/// The page is not kept for a batch that is less than one part in so many of it.
const LEAST_SHARE: usize = 4;

/// Nor for batches that are together less than three parts in four: the others are copied, and the page is there besides.
const LEAST_QUARTERS: usize = 3;

/// The values of the batch at hand, as long as they need no copy.
#[derive(Default)]
pub(super) struct InPlace {
    values: Option<Buffer>,
    /// Rows of a batch, where it may have values of the page in place. What is short of them may go on in the next page, for
    /// which the memory of this one is wanted.
    batch_rows: Option<usize>,
    /// The page is kept for a batch already.
    is_kept: bool,
}

impl InPlace {
    /// Values of the next page are copied, unless they are allowed to stay.
    pub(super) fn forbid(&mut self) {
        (self.batch_rows, self.is_kept) = (None, false);
    }

    /// Batches of so many rows may have their values in the page.
    pub(super) fn allow(&mut self, batch_rows: usize) {
        self.batch_rows = Some(batch_rows);
    }

    /// Takes the next `count` PLAIN values of `page` for a batch that has none; false where they have to be copied, or are
    /// not there. `alignment`, a power of two, is that of the values in arrays.
    pub(super) fn take(&mut self, cursor: &mut ValueCursor, page: &Buffer, count: usize, alignment: usize) -> bool {
        let ValueCursor::Plain { position, width } = cursor else { return false };
        if self.batch_rows.is_none_or(|rows| count < rows) {
            return false;
        }
        let end = position.saturating_add(count.saturating_mul(*width));
        let Some(bytes) = page.get(*position..end) else { return false };
        let rest = page.len().saturating_sub(*position);
        if bytes.as_ptr().align_offset(alignment) != 0 || !self.is_worth_it(bytes.len(), rest, page.len()) {
            return false;
        }
        self.values = Some(page.slice_with_length(*position, bytes.len()));
        self.is_kept = true;
        *position = end;
        true
    }

    /// True where a batch of so many bytes is worth a page that has `rest` bytes from there on, for batches as large.
    fn is_worth_it(&self, batch: usize, rest: usize, page: usize) -> bool {
        let of_batches = rest.saturating_sub(rest.checked_rem(batch).unwrap_or(rest));
        let quarters = of_batches.saturating_mul(4);
        batch >= LEAST_BYTES
            && batch >= page / LEAST_SHARE
            && (self.is_kept || quarters >= page.saturating_mul(LEAST_QUARTERS))
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
