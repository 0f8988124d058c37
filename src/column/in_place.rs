//! Values that a batch has where they lie in their page, without a copy.
//!
//! Only a batch whose values are all of one page, next to each other, can have them so: whatever comes besides, they are
//! copied first. A page that is not compressed is memory of the host, a decompressed one a block of the pool; either
//! stays until the batch is released, so that it has to be worth that.

use arrow_buffer::{BooleanBuffer, Buffer};

use crate::encoding::ValueCursor;
use crate::error::Result;
use crate::memory::{Plain, Values};

/// Fewer bytes are copied: that takes no longer.
const LEAST_BYTES: usize = 1 << 10;

/// The page is not kept for a batch that is less than one part in so many of it.
const LEAST_SHARE: usize = 4;

/// Nor is one of the library's for batches that are together less than three parts in four of it: the others are copied, and
/// the page is there besides.
const LEAST_QUARTERS: usize = 3;

/// The values of the batch at hand, as long as they need no copy.
pub(super) struct InPlace<V = Buffer> {
    values: Option<V>,
    /// Rows of a batch, where it may have values of the page in place. What is short of them may go on in the next page, for
    /// which the memory of this one is wanted.
    batch_rows: Option<usize>,
    /// The page stays, whatever becomes of the batch: the host lent it, or another batch has values in it.
    is_kept: bool,
}

impl<V> Default for InPlace<V> {
    fn default() -> Self {
        Self { values: None, batch_rows: None, is_kept: false }
    }
}

impl<V> InPlace<V> {
    /// Values of the next page are copied, unless they are allowed to stay.
    pub(super) fn forbid(&mut self) {
        (self.batch_rows, self.is_kept) = (None, false);
    }

    /// Batches of so many rows may have their values in the page, which the host has lent or which is the library's own.
    pub(super) fn allow(&mut self, batch_rows: usize, is_lent: bool) {
        (self.batch_rows, self.is_kept) = (Some(batch_rows), is_lent);
    }

    /// True where `count` values, `bytes` of them, stay in a page of `page` bytes, `rest` of which are from there on.
    fn keeps(&mut self, count: usize, bytes: usize, rest: usize, page: usize) -> bool {
        let is_batch = self.batch_rows.is_some_and(|rows| count >= rows);
        let keeps = is_batch && self.is_worth_it(bytes, rest, page);
        self.is_kept |= keeps;
        keeps
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

    /// The values, to be copied or handed out.
    pub(super) fn leave(&mut self) -> Option<V> {
        self.values.take()
    }
}

impl InPlace {
    /// Takes the next `count` PLAIN values of `page` for a batch; false where they have to be copied to `out`, because others
    /// of the batch are there already or stand elsewhere, or because these are not there.
    pub(super) fn take<T: Plain>(
        &mut self,
        cursor: &mut ValueCursor,
        page: &Buffer,
        count: usize,
        out: &Values<T>,
    ) -> bool {
        let ValueCursor::Plain { position, width } = cursor else { return false };
        let end = position.saturating_add(count.saturating_mul(*width));
        let Some(bytes) = page.get(*position..end) else { return false };
        let rest = page.len().saturating_sub(*position);
        let is_first = out.len() == 0 && self.is_empty();
        let is_aligned = bytes.as_ptr().align_offset(align_of::<T>()) == 0;
        if !is_first || !is_aligned || !self.keeps(count, bytes.len(), rest, page.len()) {
            return false;
        }
        self.values = Some(page.slice_with_length(*position, bytes.len()));
        *position = end;
        true
    }

    /// Copies the values to `out`, because others follow that do not lie behind them.
    pub(super) fn copy_to<T: Plain>(&mut self, out: &mut Values<T>) -> Result<()> {
        self.leave().map_or(Ok(()), |values| out.extend_from_bytes(&values))
    }
}

impl InPlace<BooleanBuffer> {
    /// Takes the `count` bits of `page` that begin with bit `first`, as [`InPlace::take`]; they may begin within a byte.
    pub(super) fn take_bits(&mut self, page: &Buffer, first: usize, count: usize) -> bool {
        let bytes = first / 8..first.saturating_add(count).div_ceil(8);
        let rest = page.len().saturating_sub(bytes.start);
        if bytes.end > page.len() || !self.keeps(count, count / 8, rest, page.len()) {
            return false;
        }
        self.values = Some(BooleanBuffer::new(page.slice_with_length(bytes.start, bytes.len()), first % 8, count));
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::memory::Pool;

    /// Which batches of 8192 values stay in a page that begins with `front` values of another batch.
    fn kept(rows: usize, front: usize, is_lent: bool) -> Vec<bool> {
        let page = Buffer::from_vec(vec![0u64; rows]);
        let mut cursor = ValueCursor::Plain { position: front * 8, width: 8 };
        let mut values: InPlace = InPlace::default();
        let out = Values::<i64>::on_demand(&Arc::new(Pool::default()), 8192);
        assert!(!values.take(&mut cursor, &page, 8192, &out), "not allowed");
        values.allow(8192, is_lent);
        let mut batches = Vec::new();
        for _ in 0..(rows - front) / 8192 {
            assert!(!values.take(&mut cursor, &page, 8191, &out), "no batch");
            batches.push(values.take(&mut cursor, &page, 8192, &out));
            assert_eq!(values.leave().is_some(), batches.ends_with(&[true]));
            if batches.ends_with(&[false]) {
                cursor.skip(&page, 8192).unwrap();
            }
        }
        assert!(!values.take(&mut cursor, &page, 8192, &out), "the page has no more");
        batches
    }

    #[test]
    fn pages_are_kept_for_batches_that_are_most_of_them() {
        assert_eq!(kept(20_000, 0, false), [true, true]);
        assert_eq!(kept(20_000, 3616, false), [true, true]);
        assert_eq!(kept(20_000, 3617, false), [false]);
        assert_eq!(kept(20_000, 3617, true), [true]);
        assert_eq!(kept(32_768, 0, false), [true; 4]);
        assert_eq!(kept(32_769, 0, false), [false; 4]);
        assert_eq!(kept(32_772, 0, true), [false; 4]);
    }
}
