//! Functions whose work comes in a later version: looking ahead, changing options, streams. Each checks its
//! arguments, gives back what it takes over, and says PQPUSH_ERR_UNSUPPORTED.

use std::ffi::{c_int, c_void};

use arrow_array::ffi_stream::FFI_ArrowArrayStream;

use super::decoder::pqpush_decoder;
use super::error::pqpush_error;
use super::guard::guard;
use super::handle::borrow;
use super::lent::UserData;
use super::options::{pqpush_scan_options, scan_options};
use super::slice::pqpush_range;
use super::status::pqpush_status;
use super::structs::{Growing, OutValue, take_owned};

/// A file that the host reads when it is called. The functions must not unwind.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_source {
    /// Bytes of this struct that the host knows: sizeof(pqpush_source).
    pub struct_size: usize,
    /// Bytes of the file.
    pub file_length: u64,
    /// Handed to each function.
    pub user_data: *mut c_void,
    /// Reads `count` ranges, each to its place in `out`. Anything but 0 is a failure.
    pub read_ranges: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ranges: *const pqpush_range,
            out: *const *mut u8,
            count: usize,
        ) -> c_int,
    >,
    /// Runs exactly once, when nothing uses the source any more, also where the call that is given it fails. May be
    /// NULL.
    pub release: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
}

// SAFETY: repr(C), begins with struct_size, integers and pointers without padding; NULL is a valid value of each function.
unsafe impl Growing for pqpush_source {}

/// What will be asked for after the present need, up to `max_bytes`: for a host that wants to read ahead. Not
/// supported by this version.
///
/// Parameters: `decoder`; `max_bytes`: how far to look ahead; `out_ranges`, `out_count`: the ranges.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED.
/// Memory: `*out_ranges` is borrowed until the next call on the decoder; NULL on failure.
/// Threads: one at a time for one decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_decoder_upcoming_ranges(
    decoder: *mut pqpush_decoder,
    max_bytes: u64,
    out_ranges: *mut *const pqpush_range,
    out_count: *mut usize,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let _ = max_bytes;
    let body = || {
        // SAFETY: the header asks for places to write to.
        let outs = unsafe {
            (OutValue::new(out_ranges, std::ptr::null(), "out_ranges"), OutValue::new(out_count, 0, "out_count"))
        };
        outs.0?;
        outs.1?;
        // SAFETY: the header asks for a live decoder.
        unsafe { borrow(decoder, "decoder") }?.enter(|_| Err(pqpush_error::unsupported("upcoming ranges")))
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Goes on with the same scan under other options, at a row-group boundary. Not supported by this version.
///
/// Parameters: `decoder`; `options`: as for pqpush_decoder_new, borrowed for the call.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED. The scan goes on
/// as it was.
/// Threads: one at a time for one decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_decoder_reconfigure(
    decoder: *mut pqpush_decoder,
    options: *const pqpush_scan_options,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a live decoder.
        let handle = unsafe { borrow(decoder, "decoder") }?;
        // SAFETY: the header asks for NULL or options whose pointers and lengths are right.
        unsafe { scan_options(options) }?;
        handle.enter(|_| Err(pqpush_error::unsupported("options changed during a scan")))
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Opens a file as a stream of batches that calls the host for bytes. Not supported by this version.
///
/// Parameters: `source`: the file, borrowed for the call; `options`: as for pqpush_decoder_new, borrowed for the call;
/// `out_stream`: written without looking at what it held.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: source->user_data is consumed: release(user_data) runs exactly once, on every path on which
/// source->struct_size says that there is a release; `*out_stream` is released on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_stream_open(
    source: *const pqpush_source,
    options: *const pqpush_scan_options,
    out_stream: *mut FFI_ArrowArrayStream,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a place to write to.
        let out = unsafe { OutValue::new(out_stream, FFI_ArrowArrayStream::empty(), "out_stream") };
        let owner = |given: &pqpush_source| UserData::new(given.release, given.user_data);
        // SAFETY: the header asks for a source whose user data the host gives up.
        let (given, _owner) = unsafe { take_owned(source, "source", owner) }?;
        out?;
        given.read_ranges.ok_or_else(|| pqpush_error::null("source->read_ranges"))?;
        // SAFETY: the header asks for NULL or options whose pointers and lengths are right.
        unsafe { scan_options(options) }?;
        Err(pqpush_error::unsupported("streams"))
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}
