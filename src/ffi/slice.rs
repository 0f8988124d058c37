//! Strings and lists of the ABI. `{NULL, 0}` is a legal empty string or list; a pointer with length zero is never read.

use std::ffi::c_char;

use super::error::{FfiResult, pqpush_error};

/// Bytes of the file: `length` bytes from `offset`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct pqpush_range {
    /// First byte.
    pub offset: u64,
    /// Number of bytes.
    pub length: u64,
}

/// A borrowed string: UTF-8, not NUL-terminated. `{NULL, 0}` is the empty string, and as an answer "there is none".
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct pqpush_str {
    /// The bytes; NULL only where `length` is 0.
    pub data: *const c_char,
    /// Number of bytes.
    pub length: usize,
}

impl pqpush_str {
    /// No string.
    pub(super) const NONE: Self = Self { data: std::ptr::null(), length: 0 };

    /// Lends `text`. An empty text gets a pointer that is not NULL and may be read by careless hosts.
    pub(super) fn lend(text: &str) -> Self {
        let data = if text.is_empty() { c"".as_ptr() } else { text.as_ptr().cast() };
        Self { data, length: text.len() }
    }
}

/// A list of the host as a slice.
///
/// # Safety
/// Where `length` is not zero, `data` is NULL or points to so many readable elements that stay so for `'a`.
pub(super) unsafe fn slice<'a, T>(data: *const T, length: usize, parameter: &str) -> FfiResult<&'a [T]> {
    if length == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(pqpush_error::invalid_argument(format!("{parameter} is NULL and its length is {length}")));
    }
    if length.checked_mul(size_of::<T>()).is_none_or(|bytes| isize::try_from(bytes).is_err()) {
        return Err(pqpush_error::invalid_argument(format!("{parameter}: length {length} is not possible")));
    }
    if !data.is_aligned() {
        return Err(pqpush_error::invalid_argument(format!("{parameter} is not aligned")));
    }
    // SAFETY: not NULL, aligned, of a possible size, and readable as the caller says.
    Ok(unsafe { std::slice::from_raw_parts(data, length) })
}

/// A string of the host.
///
/// # Safety
/// As [`slice`], for `text.data` and `text.length`.
pub(super) unsafe fn string<'a>(text: pqpush_str, parameter: &str) -> FfiResult<&'a str> {
    // SAFETY: as the caller says.
    let bytes = unsafe { slice(text.data.cast::<u8>(), text.length, parameter) }?;
    std::str::from_utf8(bytes).map_err(|error| pqpush_error::invalid_argument(format!("{parameter}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_length_zero_are_never_read() {
        let wild = std::ptr::without_provenance::<u64>(1);
        // SAFETY: the length is zero.
        assert_eq!(unsafe { slice(wild, 0, "list") }.ok(), Some(&[][..]));
        // SAFETY: refused before anything is read.
        let null = unsafe { slice(std::ptr::null::<u64>(), 2, "list") };
        assert_eq!(null.map_err(|error| error.text().to_owned()), Err("list is NULL and its length is 2".into()));
        // SAFETY: refused before anything is read.
        assert!(unsafe { slice(&7_u64, usize::MAX / 4, "list") }.is_err());
        // SAFETY: refused before anything is read.
        assert!(unsafe { slice(wild, 1, "list") }.is_err());
    }

    #[test]
    fn strings_are_checked_utf8() {
        let text = "größe";
        // SAFETY: both point to so many bytes.
        unsafe {
            assert_eq!(string(pqpush_str::lend(text), "path").ok(), Some(text));
            assert_eq!(string(pqpush_str::NONE, "path").ok(), Some(""));
            let cut = pqpush_str { data: text.as_ptr().cast(), length: 3 };
            assert!(string(cut, "path").is_err());
        }
        assert!(!pqpush_str::lend("").data.is_null());
    }
}
