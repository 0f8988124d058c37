//! The error object of the C ABI, which is also the error type inside this room: a status code, a text, a place.

use std::ffi::{CString, c_char};

use super::handle;
use super::status::pqpush_status_code;
use crate::Error;

/// What went wrong and where in the file. Owned by the caller that was given it; never changes.
#[derive(Debug)]
pub struct pqpush_error {
    code: pqpush_status_code,
    message: CString,
    file_offset: i64,
    row_group: i64,
    column: i64,
}

/// The result of a conversion in this room.
pub(super) type FfiResult<T> = Result<T, pqpush_error>;

impl pqpush_error {
    /// An error with no place in the file.
    #[cold]
    pub(super) fn new(code: pqpush_status_code, message: impl Into<String>) -> Self {
        Self { code, message: c_string(message.into()), file_offset: -1, row_group: -1, column: -1 }
    }

    /// The call is wrong.
    #[cold]
    pub(super) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(pqpush_status_code::PQPUSH_ERR_INVALID_ARGUMENT, message)
    }

    /// `parameter` must not be NULL.
    #[cold]
    pub(super) fn null(parameter: &str) -> Self {
        Self::invalid_argument(format!("{parameter} is NULL"))
    }

    /// This version lacks `feature`.
    #[cold]
    pub(super) fn unsupported(feature: &str) -> Self {
        let version = env!("CARGO_PKG_VERSION");
        Self::new(pqpush_status_code::PQPUSH_ERR_UNSUPPORTED, format!("{feature}: not supported by version {version}"))
    }

    /// The status code.
    pub(super) fn code(&self) -> pqpush_status_code {
        self.code
    }

    /// The text.
    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        self.message.to_str().unwrap_or("not UTF-8")
    }
}

/// The text without NUL bytes, which could otherwise come from a column path of the file.
fn c_string(message: String) -> CString {
    let printable = message.replace('\0', "\u{FFFD}");
    CString::new(printable).unwrap_or_default()
}

impl From<Error> for pqpush_error {
    #[cold]
    fn from(error: Error) -> Self {
        Self {
            code: error.kind().into(),
            message: c_string(error.to_string()),
            file_offset: place(error.file_offset()),
            row_group: place(error.row_group()),
            column: place(error.column()),
        }
    }
}

/// A place as the ABI gives it: -1 where unknown.
fn place<T: TryInto<i64>>(place: Option<T>) -> i64 {
    place.and_then(|place| place.try_into().ok()).unwrap_or(-1)
}

/// The status code of the error: the one that the failed call returned.
///
/// Parameters: `err`: an error, or NULL.
/// Returns: the code; PQPUSH_OK for NULL.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_error_code(err: *const pqpush_error) -> i32 {
    // SAFETY: the caller passes NULL or an error that it owns.
    unsafe { err.as_ref() }.map_or(0, |error| error.code as i32)
}

/// What happened, in words: UTF-8, ending in NUL, with the column, row group and file offset where they are known.
///
/// Parameters: `err`: an error, or NULL.
/// Returns: a string, never NULL; empty for NULL.
/// Memory: borrowed; it lives as long as `err`.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_error_message(err: *const pqpush_error) -> *const c_char {
    // SAFETY: the caller passes NULL or an error that it owns.
    unsafe { err.as_ref() }.map_or(c"", |error| error.message.as_c_str()).as_ptr()
}

/// Byte offset in the file at which it went wrong.
///
/// Parameters: `err`: an error, or NULL.
/// Returns: the offset; -1 where it is not known, and for NULL.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_error_file_offset(err: *const pqpush_error) -> i64 {
    // SAFETY: the caller passes NULL or an error that it owns.
    unsafe { err.as_ref() }.map_or(-1, |error| error.file_offset)
}

/// Ordinal of the row group in which it went wrong.
///
/// Parameters: `err`: an error, or NULL.
/// Returns: the ordinal; -1 where it is not known, and for NULL.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_error_row_group(err: *const pqpush_error) -> i64 {
    // SAFETY: the caller passes NULL or an error that it owns.
    unsafe { err.as_ref() }.map_or(-1, |error| error.row_group)
}

/// Ordinal of the leaf column in which it went wrong.
///
/// Parameters: `err`: an error, or NULL.
/// Returns: the ordinal; -1 where it is not known, and for NULL.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_error_column(err: *const pqpush_error) -> i64 {
    // SAFETY: the caller passes NULL or an error that it owns.
    unsafe { err.as_ref() }.map_or(-1, |error| error.column)
}

/// Frees an error.
///
/// Parameters: `err`: an error, or NULL, which does nothing.
/// Memory: `err` and its message are gone.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_error_free(err: *mut pqpush_error) {
    // SAFETY: the caller owns `err`, which came from `handle::into_box`.
    unsafe { handle::free_box(err) }
}
