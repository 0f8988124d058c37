//! Blocks of raw memory and the pools that recycle them.
//!
//! A decoder has a pool to itself. What that has when the decoder is gone goes to a reserve of the thread, out of which its
//! next decoder begins, as far as that takes it: memory that comes fresh from the system costs a page fault every 4 KiB.

use std::alloc::{Layout, alloc, alloc_zeroed, dealloc};
use std::cell::RefCell;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Result};

/// Alignment of every block: a cache line, and what the Arrow specification recommends.
const ALIGNMENT: usize = 64;

/// Bytes behind the capacity of every block that kernels may overwrite and over-read.
pub(crate) const OVERWRITE_BYTES: usize = 64;

/// Smallest capacity; smaller requests are rounded up to it.
const MIN_CAPACITY: usize = 1 << 10;

/// A block is initialised as it is written to, so many bytes at a time: the rest of it is never touched.
const INITIALISED_BYTES: usize = 1 << 12;

/// Between one power of two and the next there are so many sizes of blocks.
const SIZES_PER_DOUBLING: usize = 4;

/// Blocks from this on come zeroed from the allocator, which maps fresh pages for them.
const MAPPED_CAPACITY: usize = 1 << 20;

/// Blocks above this are given back to the allocator at once instead of being kept.
const MAX_RECYCLED_CAPACITY: usize = 8 << 20;

/// Bytes that an idle pool keeps at most: room for the dictionaries of one row group, which the next one takes.
const MAX_POOLED_BYTES: usize = 8 << 20;

/// Bytes that a thread keeps at most when the decoders that used them are gone.
const MAX_RESERVED_BYTES: usize = 4 << 20;

thread_local! {
    /// What is left of pools that went on this thread. Freed when it ends.
    static RESERVE: RefCell<Idle> = const { RefCell::new(Idle::new()) };
}

/// Does something with the reserve of this thread; nothing where the thread is about to end.
fn with_reserve<R>(work: impl FnOnce(&mut Idle) -> R) -> Option<R> {
    RESERVE.try_with(|reserve| reserve.try_borrow_mut().ok().map(|mut reserve| work(&mut reserve))).ok().flatten()
}

/// What a block that has no memory shows in place of what may be read behind its end.
#[repr(align(64))]
struct Nothing([u8; OVERWRITE_BYTES]);

static NOTHING: Nothing = Nothing([0; OVERWRITE_BYTES]);

/// Recycled blocks of one decoder and of the batches that it handed out. Shared by all of them.
pub(crate) struct Pool {
    idle: Mutex<Idle>,
}

/// Blocks that nobody uses.
struct Idle {
    /// `by_class[c]` holds blocks of the capacity that has class `c`.
    by_class: Vec<Vec<Raw>>,
    bytes: usize,
}

impl Idle {
    const fn new() -> Self {
        Self { by_class: Vec::new(), bytes: 0 }
    }

    fn take(&mut self, capacity: usize) -> Option<Raw> {
        let class = class_of(capacity);
        // A block of up to twice the size serves too: pages of one column differ in size.
        let end = (class + SIZES_PER_DOUBLING + 1).min(self.by_class.len());
        let block = self.by_class.get_mut(class..end)?.iter_mut().find_map(Vec::pop)?;
        self.bytes -= block.capacity;
        Some(block)
    }

    /// Gives blocks to `other` until that has about `max_bytes`.
    fn give(&mut self, other: &mut Self, max_bytes: usize) {
        for shelf in &mut self.by_class {
            while let Some(block) = shelf.pop_if(|block| other.bytes + block.capacity <= max_bytes) {
                self.bytes -= block.capacity;
                other.keep(block, max_bytes);
            }
        }
    }

    /// Keeps the block where there are no more than `max_bytes` then; else gives it back to the allocator.
    fn keep(&mut self, raw: Raw, max_bytes: usize) {
        if self.bytes + raw.capacity > max_bytes {
            return;
        }
        self.bytes += raw.capacity;
        let class = class_of(raw.capacity);
        if self.by_class.len() <= class {
            self.by_class.resize_with(class + 1, Vec::new);
        }
        if let Some(shelf) = self.by_class.get_mut(class) {
            shelf.push(raw);
        }
    }
}

fn locked(idle: &Mutex<Idle>) -> MutexGuard<'_, Idle> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Pool {
    fn default() -> Self {
        Self { idle: Mutex::new(Idle::new()) }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.fill_reserve();
    }
}

impl Pool {
    /// A block of at least `capacity` bytes, recycled where one is at hand.
    pub(crate) fn take(self: &Arc<Self>, capacity: usize) -> Result<Block> {
        let mut block = self.take_nothing();
        block.take_memory(capacity)?;
        Ok(block)
    }

    fn take_raw(&self, capacity: usize) -> Result<Raw> {
        let capacity = rounded(capacity)
            .ok_or_else(|| Error::out_of_memory(format!("a buffer of {capacity} bytes cannot be allocated")))?;
        let own = locked(&self.idle).take(capacity);
        match own.or_else(|| with_reserve(|reserve| reserve.take(capacity)).flatten()) {
            Some(raw) => Ok(raw),
            None => Raw::new(capacity),
        }
    }

    /// A block of no capacity, which takes no memory.
    pub(crate) fn take_nothing(self: &Arc<Self>) -> Block {
        Block { raw: None, pool: Arc::clone(self) }
    }

    /// Gives idle blocks to the reserve of this thread, until that is full.
    pub(super) fn fill_reserve(&self) {
        with_reserve(|reserve| locked(&self.idle).give(reserve, MAX_RESERVED_BYTES));
    }

    fn give_back(&self, raw: Raw) {
        if raw.capacity > MAX_RECYCLED_CAPACITY {
            return;
        }
        locked(&self.idle).keep(raw, MAX_POOLED_BYTES);
    }
}

/// The smallest size of blocks that has room for `capacity`.
fn rounded(capacity: usize) -> Option<usize> {
    let capacity = capacity.max(MIN_CAPACITY);
    let step = (1 << capacity.ilog2()) / SIZES_PER_DOUBLING;
    capacity.checked_next_multiple_of(step)
}

/// The number of a size of blocks, the smallest being 0.
fn class_of(size: usize) -> usize {
    let doublings = size.ilog2();
    let steps = size / ((1 << doublings) / SIZES_PER_DOUBLING);
    (doublings - MIN_CAPACITY.ilog2()) as usize * SIZES_PER_DOUBLING + steps - SIZES_PER_DOUBLING
}

/// An owned, aligned allocation of `capacity + OVERWRITE_BYTES` bytes.
struct Raw {
    /// What the allocator gave.
    allocation: NonNull<u8>,
    /// The first byte of it that is aligned.
    start: NonNull<u8>,
    capacity: usize,
    /// So many bytes from `start` on are initialised.
    initialised: usize,
}

// SAFETY: `Raw` owns its memory exclusively, like a `Box<[u8]>`.
unsafe impl Send for Raw {}
// SAFETY: shared access only reads.
unsafe impl Sync for Raw {}

impl Raw {
    fn new(capacity: usize) -> Result<Self> {
        let failure = || Error::out_of_memory(format!("a buffer of {capacity} bytes cannot be allocated"));
        let layout = Self::layout(capacity).ok_or_else(failure)?;
        let is_zeroed = capacity >= MAPPED_CAPACITY;
        // SAFETY: the layout's size is not zero: it includes OVERWRITE_BYTES.
        let allocation = unsafe { if is_zeroed { alloc_zeroed(layout) } else { alloc(layout) } };
        let allocation = NonNull::new(allocation).ok_or_else(failure)?;
        let padding = allocation.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        // SAFETY: the layout has ALIGNMENT bytes more than are used from `start` on.
        let start = unsafe { allocation.add(padding) };
        Ok(Self { allocation, start, capacity, initialised: if is_zeroed { capacity + OVERWRITE_BYTES } else { 0 } })
    }

    /// Makes the first `bytes`, at most `capacity + OVERWRITE_BYTES`, initialised.
    #[inline]
    fn initialise(&mut self, bytes: usize) {
        if bytes > self.initialised {
            self.initialise_more(bytes);
        }
    }

    #[cold]
    fn initialise_more(&mut self, bytes: usize) {
        let all = self.capacity + OVERWRITE_BYTES;
        let end = bytes.next_multiple_of(INITIALISED_BYTES).min(all);
        let count = end.saturating_sub(self.initialised);
        // SAFETY: the bytes lie in the allocation, which is exclusively ours.
        unsafe { self.start.add(self.initialised).write_bytes(0, count) };
        self.initialised = end.max(self.initialised);
    }

    /// The allocator zeroes lazily, by mapping fresh pages, only where the layout asks for no more than its natural
    /// alignment; so that is asked for, and aligned by hand. A page header that lies about its size costs nothing then.
    fn layout(capacity: usize) -> Option<Layout> {
        Layout::from_size_align(capacity.checked_add(OVERWRITE_BYTES + ALIGNMENT)?, align_of::<u128>()).ok()
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Some(layout) = Self::layout(self.capacity) {
            // SAFETY: allocated in `new` with this very layout, and not freed before.
            unsafe { dealloc(self.allocation.as_ptr(), layout) }
        }
    }
}

/// A block of a pool; goes back to it when dropped.
pub(crate) struct Block {
    /// `None` where the block has no memory, and while it is being dropped.
    raw: Option<Raw>,
    pool: Arc<Pool>,
}

impl Block {
    /// Bytes that may be used; `OVERWRITE_BYTES` more may be overwritten.
    pub(crate) fn capacity(&self) -> usize {
        self.raw.as_ref().map_or(0, |raw| raw.capacity)
    }

    /// Gives a block without memory at least `capacity` bytes of it.
    pub(super) fn take_memory(&mut self, capacity: usize) -> Result<()> {
        self.raw = Some(self.pool.take_raw(capacity)?);
        self.initialise(0);
        Ok(())
    }

    /// The pool that the block came from.
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Makes the first `bytes` and OVERWRITE_BYTES behind them initialised, as far as the block goes.
    #[inline]
    pub(super) fn initialise(&mut self, bytes: usize) {
        if let Some(raw) = &mut self.raw {
            raw.initialise(bytes.min(raw.capacity) + OVERWRITE_BYTES);
        }
    }

    /// So many bytes, and OVERWRITE_BYTES behind them, are initialised.
    #[inline]
    pub(super) fn initialised(&self) -> usize {
        self.raw.as_ref().map_or(0, |raw| raw.initialised.saturating_sub(OVERWRITE_BYTES))
    }

    /// The first byte. Aligned to 64, readable and initialised as far as [`Block::initialise`] was asked to; a block without
    /// memory must not be written to, not even behind its end.
    pub(super) fn start(&self) -> NonNull<u8> {
        self.raw.as_ref().map_or(NonNull::from(&NOTHING.0).cast(), |raw| raw.start)
    }

    /// Freezes the first `length` bytes (at most the capacity) as an Arrow buffer that owns the block.
    pub(crate) fn into_buffer(mut self, length: usize) -> arrow_buffer::Buffer {
        let length = length.min(self.capacity());
        self.initialise(length);
        let start = self.start();
        // SAFETY: `start` is valid and initialised for `length` bytes for as long as the owner, this block, lives, and
        // nobody writes to a block that was moved in here.
        unsafe { arrow_buffer::Buffer::from_custom_allocation(start, length, Arc::new(self)) }
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(raw) = self.raw.take() {
            self.pool.give_back(raw);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_block_is_taken_again() {
        let pool = Arc::new(Pool::default());
        let first = pool.take(5000).unwrap();
        assert_eq!((first.capacity(), first.start().as_ptr() as usize % 64), (5120, 0));
        let buffer = first.into_buffer(5000);
        let address = buffer.as_ptr();
        assert_eq!(buffer.len(), 5000);
        let slice = buffer.slice(4000);
        drop(buffer);
        assert_ne!(pool.take(5000).unwrap().start().as_ptr().cast_const(), address, "still in use");
        drop(slice);
        let again = pool.take(2600).unwrap();
        assert_eq!(again.capacity(), 5120, "a block of up to twice the size serves");
        assert_eq!(again.start().as_ptr().cast_const(), address);
    }

    #[test]
    fn sizes_are_told_apart_and_waste_less_than_a_quarter() {
        let of = |capacity| rounded(capacity).map(|size| (size, class_of(size)));
        assert_eq!(of(0), Some((1024, 0)));
        assert_eq!(of(1024), Some((1024, 0)));
        assert_eq!(of(1025), Some((1280, 1)));
        assert_eq!(of(1537), Some((1792, 3)));
        assert_eq!(of(1793), Some((2048, 4)));
        assert_eq!(of(2561), Some((3072, 6)));
        assert_eq!(of((1 << 20) + 1), Some((1280 << 10, 41)));
        assert_eq!(of(usize::MAX), None);
    }

    #[test]
    fn nothing_is_aligned_and_readable() {
        let nothing = Arc::new(Pool::default()).take_nothing();
        assert_eq!((nothing.capacity(), nothing.start().as_ptr() as usize % 64), (0, 0));
        assert!(nothing.into_buffer(5).is_empty());
    }

    #[test]
    fn an_idle_pool_is_bounded() {
        let pool = Arc::new(Pool::default());
        let blocks: Vec<_> = (0..40).map(|_| pool.take(1 << 20).unwrap()).collect();
        drop(blocks);
        assert_eq!(pool.idle.lock().unwrap().bytes, MAX_POOLED_BYTES);
        drop(pool.take(MAX_RECYCLED_CAPACITY + 1).unwrap());
        assert_eq!(pool.idle.lock().unwrap().bytes, MAX_POOLED_BYTES);
    }

    #[test]
    fn what_a_pool_leaves_is_taken_by_the_next() {
        let reserved = || with_reserve(|reserve| reserve.bytes).unwrap();
        let pool = Arc::new(Pool::default());
        let block = pool.take(5000).unwrap();
        let address = block.start();
        drop(pool);
        assert_eq!(reserved(), 0, "the pool lives as long as its blocks");
        drop(block);
        assert_eq!(reserved(), 5120);
        let pool = Arc::new(Pool::default());
        let taken = pool.take(5000).unwrap();
        assert_eq!((taken.start(), reserved()), (address, 0));
        drop((0..40).map(|_| pool.take(1 << 20).unwrap()).collect::<Vec<_>>());
        drop((taken, pool));
        assert!(reserved() > MAX_RESERVED_BYTES - (1 << 20) && reserved() <= MAX_RESERVED_BYTES);
        let elsewhere = std::thread::spawn(|| with_reserve(|reserve| reserve.bytes).unwrap());
        assert_eq!(elsewhere.join().unwrap(), 0);
    }

    #[test]
    fn a_size_that_cannot_be_had_is_an_error() {
        let pool = Arc::new(Pool::default());
        assert!(pool.take(usize::MAX - 5).is_err());
        assert!(pool.take(1 << 62).is_err());
    }
}
