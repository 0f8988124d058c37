//! What stands between the host and every body: panics end here, and an exclusive handle has one call at a time.
//!
//! [`guard`] wraps a body that can fail, [`guard_value`] one that answers with a value. [`Exclusive`] is the inside of
//! a handle that one thread uses at a time: a second call, concurrent or re-entrant, is told `PQPUSH_ERR_BUSY` before
//! it could touch anything; a call that panics leaves the handle poisoned.

use std::any::Any;
use std::cell::UnsafeCell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU8, Ordering};

use super::error::{FfiResult, pqpush_error};
use super::handle;
use super::status::{pqpush_status, pqpush_status_code::*};

/// Runs `body`, turns a panic into `PQPUSH_ERR_INTERNAL`, and writes `*err` on every path.
///
/// # Safety
/// `err` is NULL or may be written.
pub(super) unsafe fn guard(err: *mut *mut pqpush_error, body: impl FnOnce() -> FfiResult<()>) -> pqpush_status {
    let outcome = catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(internal(payload)));
    let (status, error) = match outcome {
        Ok(()) => (PQPUSH_OK, None),
        Err(error) => (error.code(), Some(error)),
    };
    if !err.is_null() {
        // SAFETY: not NULL, so the caller says that it may be written.
        unsafe { err.write(error.map_or(std::ptr::null_mut(), handle::into_box)) };
    }
    status as pqpush_status
}

/// Runs `body`; a panic gives `otherwise`.
pub(super) fn guard_value<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(otherwise)
}

/// The error for a panic, with its text.
#[cold]
fn internal(payload: Box<dyn Any + Send>) -> pqpush_error {
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text.as_str(),
        (None, None) => "a panic without text",
    };
    pqpush_error::new(PQPUSH_ERR_INTERNAL, format!("defect of the library: {text}"))
}

const IDLE: u8 = 0;
const BUSY: u8 = 1;
const POISONED: u8 = 2;

/// A value that one call at a time may use.
pub(super) struct Exclusive<T> {
    state: AtomicU8,
    /// Dropped by [`Exclusive::close`], after which `state` stays BUSY.
    value: UnsafeCell<ManuallyDrop<T>>,
}

// SAFETY: `value` is touched only by the call that moved `state` away from IDLE or POISONED, one at a time, and every
// such call begins with an acquire and ends with a release.
unsafe impl<T: Send> Sync for Exclusive<T> {}

impl<T> Exclusive<T> {
    /// An idle handle's inside.
    pub(super) fn new(value: T) -> Self {
        Self { state: AtomicU8::new(IDLE), value: UnsafeCell::new(ManuallyDrop::new(value)) }
    }

    /// Runs `body` as the only call. A panic in it poisons the handle.
    pub(super) fn enter<R>(&self, body: impl FnOnce(&mut T) -> FfiResult<R>) -> FfiResult<R> {
        match self.state.compare_exchange(IDLE, BUSY, Ordering::Acquire, Ordering::Relaxed) {
            Err(POISONED) => {
                return Err(pqpush_error::new(
                    PQPUSH_ERR_POISONED,
                    "an earlier call on this handle met a defect of the library",
                ));
            }
            Err(_) => return Err(pqpush_error::new(PQPUSH_ERR_BUSY, "another call on this handle is under way")),
            Ok(_) => {}
        }
        // SAFETY: this call moved the state to BUSY, so no other has a reference, and the value was not dropped.
        let value = unsafe { &mut *self.value.get() };
        let outcome = catch_unwind(AssertUnwindSafe(|| body(value))).map_err(internal);
        let state = if outcome.is_ok() { IDLE } else { POISONED };
        self.state.store(state, Ordering::Release);
        outcome.and_then(|outcome| outcome)
    }

    /// Drops the value, unless a call is under way; says whether it did. The handle stays readable meanwhile, so that a
    /// callback which runs while the value is dropped is told `PQPUSH_ERR_BUSY`. A panic in the drop ends here.
    pub(super) fn close(&self) -> bool {
        if self.state.swap(BUSY, Ordering::Acquire) == BUSY {
            return false;
        }
        // SAFETY: this call moved the state to BUSY, so no other has a reference; it stays BUSY, so none comes later.
        let _ = catch_unwind(AssertUnwindSafe(|| unsafe { ManuallyDrop::drop(&mut *self.value.get()) }));
        true
    }
}

impl<T> Drop for Exclusive<T> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T>(result: FfiResult<T>) -> Option<pqpush_status> {
        result.err().map(|error| error.code() as pqpush_status)
    }

    #[test]
    fn a_panic_becomes_an_error_with_its_text() {
        let mut err = std::ptr::null_mut();
        // SAFETY: `err` may be written.
        let status = unsafe { guard(&mut err, || panic!("seven is {}", 7)) };
        assert_eq!(status, -9001);
        // SAFETY: `guard` wrote an owned error.
        let error = unsafe { Box::from_raw(err) };
        assert_eq!(error.text(), "defect of the library: seven is 7");
        assert_eq!(guard_value(3, || panic!("gone")), 3);
    }

    #[test]
    fn err_is_written_on_success_and_may_be_null() {
        let mut err = std::ptr::dangling_mut();
        // SAFETY: `err` may be written.
        assert_eq!(unsafe { guard(&mut err, || Ok(())) }, 0);
        assert!(err.is_null());
        let refuse = || Err(pqpush_error::null("decoder"));
        // SAFETY: NULL is allowed.
        assert_eq!(unsafe { guard(std::ptr::null_mut(), refuse) }, -1001);
    }

    #[test]
    fn a_panic_poisons_an_exclusive_handle_and_it_can_still_be_closed() {
        let handle = Exclusive::new(1);
        assert_eq!(code(handle.enter(|_| -> FfiResult<()> { panic!("first") })), Some(-9001));
        assert_eq!(code(handle.enter(|_| Ok(()))), Some(-1004));
        assert!(handle.close());
    }

    #[test]
    fn a_call_inside_a_call_is_busy_and_the_handle_goes_on() {
        let handle = Exclusive::new(1);
        let inner = handle.enter(|value| {
            *value += 1;
            assert!(!handle.close(), "a handle in use is not closed");
            Ok(code(handle.enter(|_| Ok(()))))
        });
        assert_eq!(inner.ok(), Some(Some(-1003)));
        assert_eq!(handle.enter(|value| Ok(*value)).ok(), Some(2));
    }

    #[test]
    fn a_refusal_neither_poisons_nor_blocks() {
        let handle = Exclusive::new(1);
        assert_eq!(code(handle.enter(|_| Err::<(), _>(pqpush_error::null("data")))), Some(-1001));
        assert!(handle.enter(|_| Ok(())).is_ok());
    }
}
