//! Handles: how a Rust object becomes a pointer of the host and comes back.
//!
//! Objects that one caller owns are a `Box` ([`into_box`], [`free_box`]); objects that many may share are an `Arc`
//! ([`into_shared`], [`clone_shared`], [`free_shared`]). [`borrow`] looks at either.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::error::{FfiResult, pqpush_error};

/// The handle of an object that the host is to own.
pub(super) fn into_box<T>(object: T) -> *mut T {
    Box::into_raw(Box::new(object))
}

/// Frees what [`into_box`] made; NULL does nothing. A panic while it is dropped ends here.
///
/// # Safety
/// `handle` is NULL or came from [`into_box`], and is not used again.
pub(super) unsafe fn free_box<T>(handle: *mut T) {
    if !handle.is_null() {
        // SAFETY: the caller says that it came from `Box::into_raw` and is given up.
        let object = unsafe { Box::from_raw(handle) };
        let _ = catch_unwind(AssertUnwindSafe(move || drop(object)));
    }
}

/// The handle of an object that the host may share.
pub(super) fn into_shared<T>(object: T) -> *mut T {
    Arc::into_raw(Arc::new(object)).cast_mut()
}

/// One more reference to what [`into_shared`] made; NULL gives NULL.
///
/// # Safety
/// `handle` is NULL or a live handle that came from [`into_shared`].
pub(super) unsafe fn clone_shared<T>(handle: *const T) -> *mut T {
    if !handle.is_null() {
        // SAFETY: the caller says that it came from `Arc::into_raw` and is alive.
        unsafe { Arc::increment_strong_count(handle) };
    }
    handle.cast_mut()
}

/// Gives up one reference to what [`into_shared`] made; NULL does nothing. A panic while it is dropped ends here.
///
/// # Safety
/// `handle` is NULL or came from [`into_shared`], and this reference is not used again.
pub(super) unsafe fn free_shared<T>(handle: *const T) {
    if !handle.is_null() {
        // SAFETY: the caller says that it came from `Arc::into_raw` and gives up its reference.
        let object = unsafe { Arc::from_raw(handle) };
        let _ = catch_unwind(AssertUnwindSafe(move || drop(object)));
    }
}

/// The object behind a handle.
///
/// # Safety
/// `handle` is NULL or a live handle, and lives for `'a`.
pub(super) unsafe fn borrow<'a, T>(handle: *const T, parameter: &str) -> FfiResult<&'a T> {
    // SAFETY: as the caller says.
    unsafe { handle.as_ref() }.ok_or_else(|| pqpush_error::null(parameter))
}
