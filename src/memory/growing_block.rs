//! Memory that is filled from the front while what is filled is in use.

use std::sync::Arc;

use arrow_buffer::Buffer;

#[cfg(feature = "snappy")]
use super::block::OVERWRITE_BYTES;
use super::block::{Block, Pool};
use crate::error::Result;

/// A block of which the filled front is handed out, and nothing but the rest is written to.
pub(crate) struct GrowingBlock {
    block: Arc<Block>,
    filled: usize,
    size: usize,
}

impl GrowingBlock {
    /// Room for `size` bytes from `pool`, none of which is filled.
    pub(crate) fn new(pool: &Arc<Pool>, size: usize) -> Result<Self> {
        let mut block = pool.take(size)?;
        block.initialise(size);
        Ok(Self { block: Arc::new(block), filled: 0, size })
    }

    /// Number of bytes that are filled.
    pub(crate) fn filled(&self) -> usize {
        self.filled
    }

    /// Number of bytes once all are filled.
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// All bytes and OVERWRITE_BYTES behind them, the front filled as it was: where that is in use, it moves to another block.
    #[cfg(feature = "snappy")]
    pub(crate) fn all(&mut self) -> Result<&mut [u8]> {
        if Arc::get_mut(&mut self.block).is_none() {
            let mut moved = Self::new(self.block.pool(), self.size)?;
            moved.all()?[..self.filled].copy_from_slice(&self.buffer());
            *self = Self { filled: self.filled, ..moved };
        }
        // SAFETY: so many bytes of the block are initialised, and nobody else has it.
        Ok(unsafe { std::slice::from_raw_parts_mut(self.block.start().as_ptr(), self.size + OVERWRITE_BYTES) })
    }

    /// Counts the bytes in front of `end` as filled.
    pub(crate) fn fill_to(&mut self, end: usize) {
        self.filled = end.clamp(self.filled, self.size);
    }

    /// The filled bytes, which stay as they are.
    pub(crate) fn buffer(&self) -> Buffer {
        let owner = Arc::clone(&self.block);
        // SAFETY: so many bytes are initialised and stay valid as long as their owner, the block. Whoever writes to that does so
        // by way of `self`: behind them, or anywhere once there are no buffers.
        unsafe { Buffer::from_custom_allocation(self.block.start(), self.filled, owner) }
    }
}

// SAFETY: `size` bytes can be written from the first on and are initialised, as `new` saw to. What is written here is said to be
// so in order, from `filled` on: nobody else has a pointer to the bytes behind that.
#[cfg(feature = "zstd")]
unsafe impl zstd_safe::WriteBuf for GrowingBlock {
    fn as_slice(&self) -> &[u8] {
        // SAFETY: these bytes are initialised and not written to any more.
        unsafe { std::slice::from_raw_parts(self.block.start().as_ptr(), self.filled) }
    }

    fn capacity(&self) -> usize {
        self.size
    }

    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.block.start().as_ptr()
    }

    unsafe fn filled_until(&mut self, count: usize) {
        self.fill_to(count);
    }
}

#[cfg(all(test, feature = "snappy"))]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_moves_and_what_is_not_stays() {
        let mut block = GrowingBlock::new(&Arc::new(Pool::default()), 3000).unwrap();
        let mut fill = |end: usize, byte: u8| {
            let start = block.filled();
            let all = block.all().unwrap();
            assert_eq!(all.len(), 3000 + OVERWRITE_BYTES);
            all[start..end].fill(byte);
            block.fill_to(end);
            block.buffer()
        };
        let address = fill(1000, 1).as_ptr();
        let front = fill(2000, 2);
        assert_eq!(front.as_ptr(), address, "nobody had it");
        let all = fill(3000, 3);
        assert_ne!(all.as_ptr(), address);
        assert_eq!((&front[..1000], &front[1000..]), (&[1; 1000][..], &[2; 1000][..]));
        assert_eq!((&all[..2000], &all[2000..]), (&front[..], &[3; 1000][..]));
    }
}

#[cfg(all(test, feature = "zstd"))]
mod tests_of_zstd {
    use zstd_safe::WriteBuf;

    use super::*;

    /// Fills `block` up to `end` with `byte`, as zstd does.
    fn fill(block: &mut GrowingBlock, end: usize, byte: u8) {
        let start = block.filled();
        // SAFETY: `end` is no more than its capacity.
        unsafe {
            block.as_mut_ptr().add(start).write_bytes(byte, end - start);
            block.filled_until(end);
        }
    }

    #[test]
    fn what_was_handed_out_stays_and_keeps_the_block() {
        let pool = Arc::new(Pool::default());
        let mut block = GrowingBlock::new(&pool, 3000).unwrap();
        assert_eq!((block.buffer().len(), block.size()), (0, 3000));
        fill(&mut block, 1000, 1);
        let front = block.buffer();
        fill(&mut block, 3000, 2);
        let all = block.buffer();
        assert_eq!((front.as_ptr(), front.as_slice()), (all.as_ptr(), &[1; 1000][..]));
        assert_eq!((&all[..1000], &all[1000..]), (&[1; 1000][..], &[2; 2000][..]));
        drop((block, all));
        let other = GrowingBlock::new(&pool, 3000).unwrap();
        assert_ne!(other.block.start().as_ptr().cast_const(), front.as_ptr(), "still in use");
        let address = front.as_ptr();
        drop(front);
        assert_eq!(GrowingBlock::new(&pool, 3000).unwrap().block.start().as_ptr().cast_const(), address);
    }

    #[test]
    fn what_is_filled_does_not_become_less_or_more_than_there_is() {
        let mut block = GrowingBlock::new(&Arc::new(Pool::default()), 3000).unwrap();
        fill(&mut block, 1000, 1);
        // SAFETY: all bytes of the block are initialised.
        unsafe { block.filled_until(500) };
        assert_eq!((block.filled(), block.as_slice().len(), block.capacity()), (1000, 1000, 3000));
        // SAFETY: as above.
        unsafe { block.filled_until(5000) };
        assert_eq!(block.filled(), 3000);
    }
}
