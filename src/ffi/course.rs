//! Looking ahead, and the same scan under other options.

use super::decoder::pqpush_decoder;
use super::error::pqpush_error;
use super::guard::guard;
use super::handle::borrow;
use super::options::{pqpush_scan_options, scan_options};
use super::slice::pqpush_range;
use super::status::pqpush_status;
use super::structs::OutValue;

/// What will be asked for after what the last event asked for: for a host that wants to read ahead. Row group by row group
/// in the order in which they are read, ascending within each; nothing that is held or was asked for. Push it at any time:
/// it is kept, and not asked for.
///
/// With predicates it is, of row groups not begun, what the first predicate reads, or bloom filters that come before:
/// what else is needed nobody knows yet. A limit or a dictionary may make it needless. With max_buffered_bytes it is no
/// more than fits beside what is held and was asked for.
///
/// Parameters: `decoder`; `max_bytes`: bytes of all ranges together at most, the last of them is cut; `out_ranges`,
/// `out_count`: the ranges, none where nothing is known to come.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED; the error that the decoder stands
/// at.
/// Memory: `*out_ranges` is borrowed: pushes leave it alone, the next pqpush_decoder_upcoming_ranges and the free end it;
/// NULL on failure.
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
    let body = || {
        // SAFETY: the header asks for places to write to.
        let outs = unsafe {
            (OutValue::new(out_ranges, std::ptr::null(), "out_ranges"), OutValue::new(out_count, 0, "out_count"))
        };
        let (out_ranges, out_count) = (outs.0?, outs.1?);
        // SAFETY: the header asks for a live decoder.
        unsafe { borrow(decoder, "decoder") }?.enter(|work| {
            let ranges = work.upcoming(max_bytes)?;
            out_ranges.set(ranges.as_ptr());
            out_count.set(ranges.len());
            Ok(())
        })
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Goes on with the same scan under other options from here on: columns, predicates, types, batches, buffers. Which rows
/// are chosen stays as it was: `options` have no row groups, no selection, offset or limit. What is left of offset and limit
/// counts what the new predicates keep. Bytes that were pushed ahead and are still needed are kept.
///
/// It can be called between two row groups: before the first pqpush_decoder_try_decode, and after one that answered
/// PQPUSH_EVENT_ROW_GROUP_END, which the flag PQPUSH_SCAN_ROW_GROUP_EVENTS asks for. Without the flag it can be called
/// after the last batch of a row group, where the decoder could know that it was the last. With
/// PQPUSH_SCAN_FILL_BATCHES it can be called only where no rows wait for more.
///
/// Parameters: `decoder`; `options`: as for pqpush_decoder_new, borrowed for the call.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_STATE elsewhere, and after FINISHED; as pqpush_decoder_new. Where it fails, the
/// scan goes on as it was.
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
        let options = unsafe { scan_options(options) }?;
        handle.enter(|work| work.reconfigure(options))
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}
