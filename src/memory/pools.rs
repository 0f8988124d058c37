//! Pools that decoders use one after the other.

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use super::Pool;

/// The pools of the decoders of one plan, as many as were alive at a time. A decoder that goes leaves to the next one its
/// pool, with what is idle in it and the thread does not keep.
#[derive(Default)]
pub(crate) struct Pools {
    idle: Mutex<Vec<Arc<Pool>>>,
}

impl Pools {
    /// A pool that no other decoder uses. Batches of a decoder before may still give blocks back to it.
    pub(crate) fn lend(self: &Arc<Self>) -> LentPool {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        LentPool { pool: idle.unwrap_or_default(), home: Arc::clone(self) }
    }
}

/// A pool that goes back to its [`Pools`] when it is dropped.
pub(crate) struct LentPool {
    pool: Arc<Pool>,
    home: Arc<Pools>,
}

impl Deref for LentPool {
    type Target = Arc<Pool>;

    fn deref(&self) -> &Arc<Pool> {
        &self.pool
    }
}

impl Drop for LentPool {
    fn drop(&mut self) {
        // Threads outlive plans.
        self.pool.fill_reserve();
        self.home.idle.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&self.pool));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoder_gets_the_pool_of_one_that_is_gone() {
        let pools = Arc::new(Pools::default());
        let (first, second) = (pools.lend(), pools.lend());
        let pool = Arc::as_ptr(&first);
        assert_ne!(pool, Arc::as_ptr(&second));
        // More than the thread keeps.
        let block = first.take(5 << 20).unwrap();
        let address = block.start();
        drop(first);
        // A batch that outlives its decoder.
        drop(block);
        let third = pools.lend();
        assert_eq!(Arc::as_ptr(&third), pool);
        assert_eq!(third.take(5 << 20).unwrap().start(), address);
    }

    #[test]
    fn pools_go_with_the_last_of_plan_and_decoders() {
        let pools = Arc::new(Pools::default());
        let lent = pools.lend();
        let (of_plan, of_decoder) = (Arc::downgrade(&pools), Arc::downgrade(&lent));
        drop(pools);
        assert_eq!(of_plan.strong_count(), 1);
        drop(lent);
        assert_eq!((of_plan.strong_count(), of_decoder.strong_count()), (0, 0));
    }
}
