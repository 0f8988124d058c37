//! The decoder of one scan behind a handle: new, schema, push, try_decode, free.

use std::ffi::c_void;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::SchemaRef;
use arrow_schema::ffi::FFI_ArrowSchema;
use bytes::Bytes;

use super::arrow::export_schema;
use super::batch::export_batch;
use super::description::Descriptions;
use super::error::{FfiResult, pqpush_error};
use super::event::{export_ranges, pqpush_event};
use super::guard::{Exclusive, guard, guard_value};
use super::handle::{borrow, free_box, into_box};
use super::lent::{LentBytes, UserData};
use super::metadata::pqpush_metadata;
use super::options::{pqpush_scan_options, scan_options};
use super::slice::{pqpush_range, slice};
use super::status::pqpush_status;
use super::structs::{OutStruct, OutValue};
use crate::{Decoder, Metrics, ScanOptions, Step};

/// The decoder of one scan. Owned by one caller, used by one thread at a time, freed by pqpush_decoder_free.
pub struct pqpush_decoder {
    work: Exclusive<Work>,
    /// A copy for the const functions, which may run beside a call that works.
    progress: Mutex<Progress>,
}

/// What the one call that works may touch.
pub(super) struct Work {
    decoder: Decoder,
    descriptions: Descriptions,
    /// What the last event lent to the host.
    ranges: Vec<pqpush_range>,
    /// What was lent to a host that looks ahead.
    upcoming: Vec<pqpush_range>,
}

struct Progress {
    schema: SchemaRef,
    metrics: Metrics,
    buffered_bytes: u64,
}

impl Progress {
    fn of(decoder: &Decoder) -> Self {
        Self { schema: decoder.schema(), metrics: decoder.metrics(), buffered_bytes: decoder.buffered_bytes() }
    }

    /// The schema seldom changes.
    fn update(&mut self, decoder: &Decoder) {
        if !Arc::ptr_eq(&self.schema, decoder.schema_ref()) {
            self.schema = decoder.schema();
        }
        (self.metrics, self.buffered_bytes) = (decoder.metrics(), decoder.buffered_bytes());
    }
}

impl pqpush_decoder {
    /// A handle for a decoder.
    pub(super) fn new(decoder: Decoder) -> Self {
        let progress = Mutex::new(Progress::of(&decoder));
        let (descriptions, ranges, upcoming) = Default::default();
        Self { work: Exclusive::new(Work { decoder, descriptions, ranges, upcoming }), progress }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was done so far, as of the last call that ended.
    pub(super) fn metrics(&self) -> Metrics {
        self.progress().metrics
    }

    /// Runs `body` as the only call that works.
    pub(super) fn enter<R>(&self, body: impl FnOnce(&mut Work) -> FfiResult<R>) -> FfiResult<R> {
        self.work.enter(|work| {
            let outcome = body(work);
            self.progress().update(&work.decoder);
            outcome
        })
    }
}

impl Work {
    /// What will be asked for later.
    pub(super) fn upcoming(&mut self, max_bytes: u64) -> FfiResult<&[pqpush_range]> {
        self.upcoming = export_ranges(self.decoder.upcoming_ranges(max_bytes)?);
        Ok(&self.upcoming)
    }

    /// Goes on under other options.
    pub(super) fn reconfigure(&mut self, options: ScanOptions) -> FfiResult<()> {
        Ok(self.decoder.reconfigure(options)?)
    }

    /// One step, written to where the host wants it.
    fn step(&mut self, event: OutStruct<pqpush_event>, batch: OutValue<'_, FFI_ArrowArray>) -> FfiResult<()> {
        match self.decoder.try_decode()? {
            Step::NeedsData(ranges) => {
                self.ranges = export_ranges(ranges);
                event.set(pqpush_event::needs_data(&self.ranges));
            }
            Step::Batch(made) => {
                event.set(pqpush_event::batch(made.rows.num_rows(), made.row_group));
                batch.set(export_batch(made.rows, &self.descriptions));
            }
            Step::RowGroupEnd(row_group) => event.set(pqpush_event::row_group_end(row_group)),
            Step::Finished => event.set(pqpush_event::finished()),
        }
        Ok(())
    }
}

/// Makes the decoder of one scan.
///
/// Parameters: `metadata`: of the file; the decoder keeps a reference of its own. `options`: what to decode and how,
/// borrowed for the call; NULL: every row of every column. `out_decoder`: the new decoder.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT for an option that is wrong, such as an unknown column;
/// PQPUSH_ERR_UNSUPPORTED for an option or a column type that this version lacks; PQPUSH_ERR_CORRUPT.
/// Memory: `*out_decoder` is owned by the caller and freed by pqpush_decoder_free; NULL on failure.
/// Threads: any, at the same time, also with the same `metadata`.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_decoder_new(
    metadata: *const pqpush_metadata,
    options: *const pqpush_scan_options,
    out_decoder: *mut *mut pqpush_decoder,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a place to write to.
        let out = unsafe { OutValue::handle(out_decoder, "out_decoder") }?;
        // SAFETY: the header asks for live metadata.
        let metadata = unsafe { borrow(metadata, "metadata") }?;
        // SAFETY: the header asks for NULL or options whose pointers and lengths are right.
        let options = unsafe { scan_options(options) }?;
        out.set(into_box(pqpush_decoder::new(Decoder::new(metadata.shared(), options)?)));
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// The schema of the batches: a struct whose children are the output columns. It changes with pqpush_decoder_reconfigure.
///
/// Parameters: `decoder`; `out_schema`: written without looking at what it held.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_UNSUPPORTED for a name that C cannot hold.
/// Memory: `*out_schema` is owned by the caller, who releases it, and outlives the decoder; released on failure.
/// Threads: any, at the same time, also while another thread uses the decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_decoder_schema(
    decoder: *const pqpush_decoder,
    out_schema: *mut FFI_ArrowSchema,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a place to write to.
        let out = unsafe { OutValue::new(out_schema, FFI_ArrowSchema::empty(), "out_schema") }?;
        // SAFETY: the header asks for a live decoder.
        let schema = Arc::clone(&unsafe { borrow(decoder, "decoder") }?.progress().schema);
        out.set(export_schema(&schema)?);
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Gives the decoder bytes of the file, which it copies as far as it still needs them. Any bytes, asked for or not, in
/// any order and cut at any place.
///
/// Parameters: `decoder`; `offset`: of the first byte in the file; `data`, `length`: the bytes, {NULL, 0} for none.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT for bytes past the end of the file or that contradict bytes pushed
/// before, which changes nothing; PQPUSH_ERR_INVALID_STATE after FINISHED; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED; the
/// error that the decoder stands at.
/// Memory: `data` is borrowed for the call. Views may point into the copy, which stays as long as their batches.
/// Threads: one at a time for one decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_decoder_push(
    decoder: *mut pqpush_decoder,
    offset: u64,
    data: *const u8,
    length: usize,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a live decoder.
        let handle = unsafe { borrow(decoder, "decoder") }?;
        // SAFETY: the header asks for readable bytes.
        let bytes = unsafe { slice(data, length, "data") }?;
        handle.enter(|work| Ok(work.decoder.push_copy(offset, bytes)?))
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Lends the decoder bytes of the file, which it does not copy. Batches may point into them: views, and values of one
/// width that lie there as arrays have them. A whole file in memory can be lent in one call.
///
/// Parameters: `decoder`; `offset`: of the first byte in the file; `data`, `length`: the bytes, {NULL, 0} for none;
/// `release`, `user_data`: release(user_data) gives the bytes back; a NULL `release` says that they stay for ever.
/// Returns: as pqpush_decoder_push.
/// Memory: the bytes stay readable and unchanged until release(user_data), which runs exactly once, on every path:
/// within the call where it fails or nothing of the bytes is needed, else when the decoder and every batch that points
/// into them are done with them, which may be after pqpush_decoder_free.
/// Threads: one at a time for one decoder. `release` may run on any thread that calls this library or releases a batch.
/// A call of it into the same decoder gets PQPUSH_ERR_BUSY while the decoder is in a call.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_decoder_push_borrowed(
    decoder: *mut pqpush_decoder,
    offset: u64,
    data: *const u8,
    length: usize,
    release: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    user_data: *mut c_void,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let owner = UserData::new(release, user_data);
    let body = || {
        // SAFETY: the header asks for a live decoder.
        let handle = unsafe { borrow(decoder, "decoder") }?;
        // SAFETY: the header asks for readable bytes.
        let bytes = unsafe { slice(data, length, "data") }?;
        // SAFETY: the header asks for bytes that stay so until `release`.
        let lent = Bytes::from_owner(unsafe { LentBytes::new(bytes, owner) });
        handle.enter(|work| Ok(work.decoder.push(offset, lent)?))
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// One step: says which bytes are missing, or hands out a batch, or says that all is done. Call it until FINISHED.
///
/// Parameters: `decoder`; `out_event`: its `struct_size` set, the rest is written; `out_batch`: written without looking
/// at what it held.
/// Returns: PQPUSH_OK with an event; an error of the file (NOT_PARQUET, TRUNCATED, CORRUPT, CHECKSUM, UNSUPPORTED,
/// LIMIT), which every later call on the decoder returns again; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_BUSY;
/// PQPUSH_ERR_POISONED.
/// Memory: with BATCH, `*out_batch` is a struct array owned by the caller, who releases it; it outlives the decoder and
/// the metadata, and its children can be moved out. With anything else its release is NULL. The ranges of the event are
/// borrowed until the next pqpush_decoder_try_decode or pqpush_decoder_free.
/// Threads: one at a time for one decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_decoder_try_decode(
    decoder: *mut pqpush_decoder,
    out_event: *mut pqpush_event,
    out_batch: *mut FFI_ArrowArray,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a struct of the size that it says, and for an array to write to.
        let (event, batch) = unsafe {
            (OutStruct::new(out_event, "out_event"), OutValue::new(out_batch, FFI_ArrowArray::empty(), "out_batch"))
        };
        let (event, batch) = (event?, batch?);
        // SAFETY: the header asks for a live decoder.
        unsafe { borrow(decoder, "decoder") }?.enter(|work| work.step(event, batch))
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Pushed bytes that the decoder holds, as of the last call that ended.
///
/// Parameters: `decoder`: a decoder, or NULL.
/// Returns: the number of bytes; 0 for NULL.
/// Threads: any, at the same time, also while another thread uses the decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_decoder_buffered_bytes(decoder: *const pqpush_decoder) -> u64 {
    // SAFETY: the header asks for NULL or a live decoder.
    guard_value(0, || unsafe { decoder.as_ref() }.map_or(0, |handle| handle.progress().buffered_bytes))
}

/// Frees a decoder. Batches and schemas that it gave out live on. Within a call on the same decoder, from a callback,
/// it does nothing.
///
/// Parameters: `decoder`: a decoder, or NULL, which does nothing.
/// Threads: any, once no other thread uses the decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_decoder_free(decoder: *mut pqpush_decoder) {
    // SAFETY: the header asks for NULL or a live decoder.
    if unsafe { decoder.as_ref() }.is_some_and(|handle| handle.work.close()) {
        // SAFETY: the caller owns it, and no call on it is under way.
        unsafe { free_box(decoder) }
    }
}

#[cfg(test)]
mod tests {
    use std::ptr::{null_mut, without_provenance_mut};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::error::{pqpush_error_code, pqpush_error_free, pqpush_error_message};
    use super::super::metrics::{pqpush_decoder_metrics, pqpush_metrics};
    use super::*;
    use crate::Metadata;
    use crate::schema::Schema;

    const INTERNAL: pqpush_status = -9001;
    const POISONED: pqpush_status = -1004;

    /// The decoder of a file without rows.
    fn decoder() -> *mut pqpush_decoder {
        let metadata = Metadata {
            file_length: 12,
            version: 2,
            created_by: None,
            key_value: vec![],
            schema: Schema { nodes: vec![], leaves: vec![] },
            column_orders: vec![],
            thrift: Default::default(),
            footer_offset: 4,
            hinted_types: std::sync::OnceLock::new(),
            row_groups: vec![],
        };
        let decoder = Decoder::new(Arc::new(metadata), ScanOptions::default());
        into_box(pqpush_decoder::new(decoder.expect("nothing to refuse")))
    }

    /// A call that meets a defect, as every function here is built.
    unsafe fn defective(decoder: *mut pqpush_decoder, err: *mut *mut pqpush_error) -> pqpush_status {
        // SAFETY: as the functions of the header.
        unsafe { guard(err, || borrow(decoder, "decoder")?.enter(|_| panic!("seven is {}", 7))) }
    }

    unsafe extern "C" fn count(user_data: *mut c_void) {
        // SAFETY: the test passes a counter that outlives the call.
        unsafe { &*user_data.cast::<AtomicUsize>() }.fetch_add(1, Ordering::Relaxed);
    }

    #[test]
    fn a_defect_is_told_once_and_poisons_the_handle() {
        let decoder = decoder();
        let mut err = without_provenance_mut(8);
        let releases = AtomicUsize::new(0);
        let counter = (&raw const releases).cast_mut().cast();
        let mut event = pqpush_event { struct_size: size_of::<pqpush_event>(), ..pqpush_event::finished() };
        let mut batch = FFI_ArrowArray::empty();
        let mut metrics = pqpush_metrics { struct_size: size_of::<pqpush_metrics>(), ..pqpush_metrics::default() };
        // SAFETY: live handles, places to write to, and bytes as long as said.
        unsafe {
            assert_eq!(defective(decoder, &mut err), INTERNAL);
            assert_eq!(pqpush_error_code(err), INTERNAL);
            let text = std::ffi::CStr::from_ptr(pqpush_error_message(err));
            assert_eq!(text, c"defect of the library: seven is 7");
            pqpush_error_free(err);
            assert_eq!(pqpush_decoder_push(decoder, 0, [1, 2].as_ptr(), 2, &mut err), POISONED);
            assert_eq!(pqpush_error_code(err), POISONED);
            pqpush_error_free(err);
            assert_eq!(pqpush_decoder_try_decode(decoder, &mut event, &mut batch, null_mut()), POISONED);
            assert_eq!((event.kind, batch.is_released()), (0, true));
            let lent = [1, 2];
            let status = pqpush_decoder_push_borrowed(decoder, 0, lent.as_ptr(), 2, Some(count), counter, null_mut());
            assert_eq!((status, releases.load(Ordering::Relaxed)), (POISONED, 1));
            assert_eq!(pqpush_decoder_metrics(decoder, &mut metrics, &mut err), 0);
            assert!(err.is_null());
            pqpush_decoder_free(decoder);
        }
    }
}
