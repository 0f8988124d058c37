//! Status codes: their numbers, their names, and which [`ErrorKind`] is which.

use std::ffi::{CStr, c_char};

use crate::ErrorKind;

/// What a call came to: PQPUSH_OK (0), or one of the negative codes of pqpush_status_code. Progress is never a status;
/// pqpush_decoder_try_decode tells it in a pqpush_event.
pub type pqpush_status = i32;

/// The status codes. The thousands say who is at fault: 1 the caller, 2 the file, 3 a missing feature, 4 resources,
/// 5 a callback of the host, 9 the library. Numbers are never reused.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum pqpush_status_code {
    /// Done.
    PQPUSH_OK = 0,
    /// The call is wrong: a NULL, an unknown column, bad UTF-8, a number out of range, contradicting bytes.
    PQPUSH_ERR_INVALID_ARGUMENT = -1001,
    /// The call is wrong now: a push after FINISHED.
    PQPUSH_ERR_INVALID_STATE = -1002,
    /// Another call on the same handle is under way, on another thread or further up this call stack. Nothing was done.
    PQPUSH_ERR_BUSY = -1003,
    /// An earlier call on this handle ended in PQPUSH_ERR_INTERNAL. Free the handle.
    PQPUSH_ERR_POISONED = -1004,
    /// The bytes are not a Parquet file.
    PQPUSH_ERR_NOT_PARQUET = -2001,
    /// The file ends inside something.
    PQPUSH_ERR_TRUNCATED = -2002,
    /// The bytes contradict the format or themselves.
    PQPUSH_ERR_CORRUPT = -2003,
    /// A page does not match its checksum.
    PQPUSH_ERR_CHECKSUM = -2004,
    /// A codec, encoding, type, option, function or encryption that this build lacks. The message names it.
    PQPUSH_ERR_UNSUPPORTED = -3001,
    /// The file is encrypted, and the key is missing or wrong.
    PQPUSH_ERR_KEY = -3002,
    /// Memory could not be allocated.
    PQPUSH_ERR_OUT_OF_MEMORY = -4001,
    /// A limit of the options, or a built-in one, would be passed.
    PQPUSH_ERR_LIMIT = -4002,
    /// A callback of the host said no; what it said is in the message.
    PQPUSH_ERR_CALLBACK = -5001,
    /// A defect of the library. The handle is poisoned; the message is worth a report.
    PQPUSH_ERR_INTERNAL = -9001,
}

use pqpush_status_code::*;

impl From<ErrorKind> for pqpush_status_code {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::InvalidArgument => PQPUSH_ERR_INVALID_ARGUMENT,
            ErrorKind::InvalidState => PQPUSH_ERR_INVALID_STATE,
            ErrorKind::NotParquet => PQPUSH_ERR_NOT_PARQUET,
            ErrorKind::Truncated => PQPUSH_ERR_TRUNCATED,
            ErrorKind::Corrupt => PQPUSH_ERR_CORRUPT,
            ErrorKind::Checksum => PQPUSH_ERR_CHECKSUM,
            ErrorKind::Unsupported => PQPUSH_ERR_UNSUPPORTED,
            ErrorKind::Key => PQPUSH_ERR_KEY,
            ErrorKind::OutOfMemory => PQPUSH_ERR_OUT_OF_MEMORY,
            ErrorKind::Limit => PQPUSH_ERR_LIMIT,
            ErrorKind::Callback => PQPUSH_ERR_CALLBACK,
            ErrorKind::Internal => PQPUSH_ERR_INTERNAL,
        }
    }
}

/// Every code with its name.
const NAMES: [(pqpush_status_code, &CStr); 15] = [
    (PQPUSH_OK, c"PQPUSH_OK"),
    (PQPUSH_ERR_INVALID_ARGUMENT, c"PQPUSH_ERR_INVALID_ARGUMENT"),
    (PQPUSH_ERR_INVALID_STATE, c"PQPUSH_ERR_INVALID_STATE"),
    (PQPUSH_ERR_BUSY, c"PQPUSH_ERR_BUSY"),
    (PQPUSH_ERR_POISONED, c"PQPUSH_ERR_POISONED"),
    (PQPUSH_ERR_NOT_PARQUET, c"PQPUSH_ERR_NOT_PARQUET"),
    (PQPUSH_ERR_TRUNCATED, c"PQPUSH_ERR_TRUNCATED"),
    (PQPUSH_ERR_CORRUPT, c"PQPUSH_ERR_CORRUPT"),
    (PQPUSH_ERR_CHECKSUM, c"PQPUSH_ERR_CHECKSUM"),
    (PQPUSH_ERR_UNSUPPORTED, c"PQPUSH_ERR_UNSUPPORTED"),
    (PQPUSH_ERR_KEY, c"PQPUSH_ERR_KEY"),
    (PQPUSH_ERR_OUT_OF_MEMORY, c"PQPUSH_ERR_OUT_OF_MEMORY"),
    (PQPUSH_ERR_LIMIT, c"PQPUSH_ERR_LIMIT"),
    (PQPUSH_ERR_CALLBACK, c"PQPUSH_ERR_CALLBACK"),
    (PQPUSH_ERR_INTERNAL, c"PQPUSH_ERR_INTERNAL"),
];

/// The name of a status code, such as "PQPUSH_ERR_CORRUPT".
///
/// Parameters: `status`: any number.
/// Returns: a static string, never NULL; "PQPUSH_ERR_UNKNOWN" for a number that is no status code.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn pqpush_status_name(status: i32) -> *const c_char {
    let known = NAMES.iter().find(|(code, _)| *code as i32 == status);
    known.map_or(c"PQPUSH_ERR_UNKNOWN", |(_, name)| name).as_ptr()
}
