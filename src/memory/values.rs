//! A growable run of plain values in a recycled block. What was handed out as room or counted as values is initialised.

use std::marker::PhantomData;
use std::sync::Arc;

use super::block::{Block, OVERWRITE_BYTES, Pool};
use crate::error::{Error, Result};

/// Types whose every bit pattern is a value, without padding, and whose alignment is at most 64.
///
/// # Safety
/// Implemented only for such types: [`Values`] views raw memory as them.
pub(crate) unsafe trait Plain:
    Copy + Default + Send + Sync + PartialEq + std::fmt::Debug + 'static
{
}

// SAFETY: integers and arrays of bytes have no padding and no invalid bit pattern.
unsafe impl Plain for u8 {}
// SAFETY: as above.
unsafe impl Plain for u16 {}
// SAFETY: as above.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl Plain for i32 {}
// SAFETY: as above.
unsafe impl Plain for u64 {}
// SAFETY: as above.
unsafe impl Plain for i64 {}
// SAFETY: as above.
unsafe impl Plain for u128 {}
// SAFETY: as above.
unsafe impl Plain for i128 {}
// SAFETY: as above.
unsafe impl Plain for [u8; 32] {}

/// A value that may lie anywhere.
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub(crate) struct Unaligned<T>(T);

impl<T: Copy> Unaligned<T> {
    /// The value.
    #[inline(always)]
    pub(crate) fn get(self) -> T {
        self.0
    }
}

impl<T: Plain> Unaligned<T> {
    /// `values`, which may lie anywhere, as what they are.
    pub(crate) fn all(values: &[T]) -> &[Self] {
        // SAFETY: a packed struct of one value is that value with an alignment of 1: nothing lies in front of them.
        unsafe { values.align_to::<Self>() }.1
    }

    /// The bytes of `values`, for kernels that load them into registers.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn bytes_of(values: &[Self]) -> &[u8] {
        // SAFETY: `Plain` types have no padding, and bytes need no alignment.
        unsafe { values.align_to::<u8>() }.1
    }
}

/// `bytes` as values, as many as they hold.
pub(crate) fn view_as<T: Plain>(bytes: &[u8]) -> &[Unaligned<T>] {
    // SAFETY: any initialised bytes are values of a `Plain` type, and these need no alignment: nothing lies in front of them.
    unsafe { bytes.align_to::<Unaligned<T>>() }.1
}

/// `len` values of type `T` at the front of a block; everything behind them is initialised but stale.
pub(crate) struct Values<T> {
    block: Block,
    len: usize,
    /// Values to have room for when memory is first taken.
    first_capacity: usize,
    of: PhantomData<T>,
}

impl<T: Plain> Values<T> {
    const WIDTH: usize = size_of::<T>();

    /// Room for `capacity` values from `pool`.
    pub(crate) fn with_capacity(pool: &Arc<Pool>, capacity: usize) -> Result<Self> {
        let bytes = capacity.checked_mul(Self::WIDTH).ok_or_else(|| too_many(capacity))?;
        Ok(Self { block: pool.take(bytes)?, len: 0, first_capacity: 0, of: PhantomData })
    }

    /// The same, which takes memory only when the first value comes. Where a batch was handed out meanwhile and released, it is
    /// the memory of that one, which is still in the cache.
    pub(crate) fn on_demand(pool: &Arc<Pool>, capacity: usize) -> Self {
        Self { block: pool.take_nothing(), len: 0, first_capacity: capacity, of: PhantomData }
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The values.
    pub(crate) fn as_slice(&self) -> &[T] {
        // SAFETY: the block is initialised, aligned to 64, holds `len` values, and any bits are a `T`.
        unsafe { std::slice::from_raw_parts(self.block.start().as_ptr().cast::<T>(), self.len) }
    }

    /// The bytes of the values and OVERWRITE_BYTES of initialised room behind them.
    pub(crate) fn as_padded_bytes(&self) -> &[u8] {
        // SAFETY: as in `as_slice`; OVERWRITE_BYTES behind the capacity are initialised too.
        unsafe { std::slice::from_raw_parts(self.block.start().as_ptr(), self.len * Self::WIDTH + OVERWRITE_BYTES) }
    }

    /// The values, to be changed.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [T] {
        // SAFETY: as in `as_slice`, and access is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.block.start().as_ptr().cast::<T>(), self.len) }
    }

    /// Makes room for `additional` more values, at least doubling where the block must grow.
    pub(crate) fn reserve(&mut self, additional: usize) -> Result<()> {
        let needed = self.len.checked_add(additional).ok_or_else(|| too_many(additional))?;
        // No value at all needs memory too: kernels write behind the end.
        if needed.max(1) <= self.block.capacity() / Self::WIDTH {
            return Ok(());
        }
        self.grow(needed)
    }

    fn grow(&mut self, needed: usize) -> Result<()> {
        let capacity = needed.max(self.len.saturating_mul(2)).max(self.first_capacity);
        if self.block.capacity() == 0 {
            let bytes = capacity.checked_mul(Self::WIDTH).ok_or_else(|| too_many(capacity))?;
            return self.block.take_memory(bytes);
        }
        let mut grown = Self::with_capacity(self.block.pool(), capacity)?;
        grown.block.initialise(self.len * Self::WIDTH);
        grown.len = self.len;
        grown.as_mut_slice().copy_from_slice(self.as_slice());
        *self = grown;
        Ok(())
    }

    /// The room for the next `count` values and as many more as `OVERWRITE_BYTES` hold: kernels may write over them.
    /// What was written becomes values by [`Values::commit`].
    pub(crate) fn spare(&mut self, count: usize) -> Result<&mut [T]> {
        self.reserve(count)?;
        self.block.initialise((self.len + count) * Self::WIDTH);
        // SAFETY: `reserve` made room for `len + count` values inside the capacity, and OVERWRITE_BYTES lie behind it; the
        // memory is initialised and access exclusive.
        Ok(unsafe {
            std::slice::from_raw_parts_mut(
                self.block.start().as_ptr().cast::<T>().add(self.len),
                count + OVERWRITE_BYTES / Self::WIDTH,
            )
        })
    }

    /// The bytes of the room for the next `count` values.
    pub(crate) fn spare_bytes(&mut self, count: usize) -> Result<&mut [u8]> {
        let room = &mut self.spare(count)?[..count];
        // SAFETY: a value is WIDTH initialised bytes without padding, any bytes are values, and access is exclusive.
        Ok(unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast::<u8>(), count * Self::WIDTH) })
    }

    /// Has room for `capacity` values at least whenever memory is taken from now on.
    pub(crate) fn expect(&mut self, capacity: usize) {
        self.first_capacity = capacity;
    }

    /// Forgets the values; the block stays.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Where the block came from.
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        self.block.pool()
    }

    /// Counts `count` values more that were written to the spare room.
    pub(crate) fn commit(&mut self, count: usize) {
        self.len = (self.len.saturating_add(count)).min(self.block.capacity() / Self::WIDTH);
        self.block.initialise(self.len * Self::WIDTH);
    }

    /// Appends one value.
    #[inline]
    pub(crate) fn push(&mut self, value: T) -> Result<()> {
        if (self.len + 1) * Self::WIDTH > self.block.initialised() {
            return self.extend_fill(value, 1);
        }
        self.len += 1;
        if let Some(slot) = self.as_mut_slice().last_mut() {
            *slot = value;
        }
        Ok(())
    }

    /// Appends `count` times `value`.
    pub(crate) fn extend_fill(&mut self, value: T, count: usize) -> Result<()> {
        self.spare(count)?.iter_mut().take(count).for_each(|slot| *slot = value);
        self.commit(count);
        Ok(())
    }

    /// Appends the values that `bytes`, a whole number of them in native (little-endian) order, hold.
    pub(crate) fn extend_from_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let count = bytes.len() / Self::WIDTH;
        self.reserve(count)?;
        self.block.initialise((self.len + count) * Self::WIDTH);
        // SAFETY: the source holds `count * WIDTH` bytes, the reserved room as many; they are different allocations, since
        // the block is exclusively ours.
        unsafe {
            let target = self.block.start().as_ptr().cast::<T>().add(self.len).cast::<u8>();
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, count * Self::WIDTH);
        }
        self.commit(count);
        Ok(())
    }

    /// Freezes the values as an Arrow buffer and begins anew, with room for `capacity` values once the first comes.
    pub(crate) fn hand_out(&mut self, capacity: usize) -> arrow_buffer::Buffer {
        let next = Self::on_demand(self.pool(), capacity);
        std::mem::replace(self, next).into_buffer()
    }

    /// Freezes the values as an Arrow buffer without copying.
    pub(crate) fn into_buffer(self) -> arrow_buffer::Buffer {
        let bytes = self.len * Self::WIDTH;
        self.block.into_buffer(bytes)
    }
}

#[cold]
fn too_many(count: usize) -> Error {
    Error::out_of_memory(format!("{count} values do not fit into memory"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_taken_with_the_first_value() {
        let pool = Arc::new(Pool::default());
        let mut values = Values::<u32>::on_demand(&pool, 1000);
        assert_eq!((values.block.capacity(), values.as_slice().len(), values.as_padded_bytes().len()), (0, 0, 64));
        assert!(values.hand_out(1000).is_empty());
        assert_eq!(values.spare(0).unwrap().len(), 16, "what lies behind the end can be written to");
        values.push(7).unwrap();
        assert_eq!(values.block.capacity(), 4096);
        let buffer = values.hand_out(1000);
        let address = buffer.as_ptr();
        assert_eq!(buffer.as_slice(), [7, 0, 0, 0]);
        drop(buffer);
        values.push(8).unwrap();
        assert_eq!((values.as_padded_bytes().as_ptr(), values.as_slice()), (address, &[8][..]));
    }

    #[test]
    fn values_grow_and_freeze() {
        let pool = Arc::new(Pool::default());
        let mut values = Values::<u32>::with_capacity(&pool, 2).unwrap();
        for i in 0..5000 {
            values.push(i).unwrap();
        }
        values.extend_fill(7, 3).unwrap();
        values.extend_from_bytes(&[1, 0, 0, 0, 0, 1, 0, 0]).unwrap();
        values.push(9).unwrap();
        assert_eq!(values.as_slice()[4998..], [4998, 4999, 7, 7, 7, 1, 256, 9]);
        let spare = values.spare(3).unwrap();
        assert_eq!(spare.len(), 3 + 16);
        spare.fill(1);
        values.commit(2);
        assert_eq!((values.len(), values.as_slice()[5007]), (5008, 1));
        assert_eq!(values.into_buffer().len(), 5008 * 4);
    }
}
