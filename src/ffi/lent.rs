//! What the host lends: a callback's user data, and bytes. Giving it back, exactly once, is what `Drop` is for, so
//! that it happens on every path.

use std::ffi::c_void;

/// A host's `release(user_data)`, still to be called.
pub(super) struct UserData {
    release: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    user_data: *mut c_void,
}

// SAFETY: the header says that `release` may come from any thread, and the functions beside it too.
unsafe impl Send for UserData {}
// SAFETY: a shared reference gives access to nothing but the pointer, for functions that the header lets come from any
// thread, or whose calls come one at a time.
unsafe impl Sync for UserData {}

impl UserData {
    /// Takes over the duty to call `release(user_data)`.
    pub(super) fn new(release: Option<unsafe extern "C" fn(user_data: *mut c_void)>, user_data: *mut c_void) -> Self {
        Self { release, user_data }
    }

    /// What the function beside `release` is called with.
    pub(super) fn get(&self) -> *mut c_void {
        self.user_data
    }
}

impl Drop for UserData {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: the host gave the two as a pair, to be called once, and this is the one time.
            unsafe { release(self.user_data) }
        }
    }
}

/// Bytes of the host, readable and unchanged until they are given back.
pub(super) struct LentBytes {
    data: *const u8,
    length: usize,
    _owner: UserData,
}

// SAFETY: the bytes do not change until they are given back, so that any thread may read them.
unsafe impl Send for LentBytes {}
// SAFETY: as above.
unsafe impl Sync for LentBytes {}

impl LentBytes {
    /// Takes the bytes over.
    ///
    /// # Safety
    /// `bytes` stays readable and unchanged until `owner` is dropped, whatever its lifetime says.
    pub(super) unsafe fn new(bytes: &[u8], owner: UserData) -> Self {
        Self { data: bytes.as_ptr(), length: bytes.len(), _owner: owner }
    }
}

impl AsRef<[u8]> for LentBytes {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `new` was promised that these bytes are readable until the owner is dropped, which is after `self`.
        unsafe { std::slice::from_raw_parts(self.data, self.length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use std::sync::atomic::{AtomicUsize, Ordering};

    unsafe extern "C" fn count(user_data: *mut c_void) {
        // SAFETY: the test passes a counter that outlives the call.
        unsafe { &*user_data.cast::<AtomicUsize>() }.fetch_add(1, Ordering::Relaxed);
    }

    #[test]
    fn bytes_are_given_back_once_when_the_last_piece_goes() {
        let calls = AtomicUsize::new(0);
        let data = [1_u8, 2, 3, 4];
        let owner = UserData::new(Some(count), (&raw const calls).cast_mut().cast());
        // SAFETY: `data` lives to the end of the test.
        let whole = Bytes::from_owner(unsafe { LentBytes::new(&data, owner) });
        let piece = whole.slice(1..3);
        drop(whole);
        assert_eq!((calls.load(Ordering::Relaxed), &piece[..]), (0, &[2, 3][..]));
        drop(piece);
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        drop(UserData::new(None, std::ptr::null_mut()));
    }
}
