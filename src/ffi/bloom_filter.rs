//! Bloom filters: the push decoder of one, and values looked for in it.

use std::sync::Arc;

use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::FFI_ArrowSchema;
use bytes::Bytes;

use super::arrow::import;
use super::error::{FfiResult, pqpush_error};
use super::event::{export_ranges, pqpush_event};
use super::guard::{Exclusive, guard};
use super::handle::{borrow, free_box, free_shared, into_box, into_shared};
use super::metadata::pqpush_metadata;
use super::slice::{pqpush_range, slice};
use super::status::pqpush_status;
use super::structs::{OutStruct, OutValue};
use crate::metadata::{BloomFilter, Probe};
use crate::{BloomFilterDecoder, BloomFilterStep};

/// What a bloom filter says of a value.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum pqpush_bloom_verdict {
    /// No row of the chunk has it.
    PQPUSH_BLOOM_NO = 0,
    /// A row of the chunk may have it.
    PQPUSH_BLOOM_MAYBE = 1,
}

use pqpush_bloom_verdict::*;

/// Decodes the bloom filter of one column chunk. Owned by one caller, used by one thread at a time, freed by
/// pqpush_bloom_filter_decoder_free.
pub struct pqpush_bloom_filter_decoder(Exclusive<Work>);

/// The bloom filter of one column chunk. It never changes, and any number of threads may use it at the same time. Freed by
/// pqpush_bloom_filter_free.
pub struct pqpush_bloom_filter(Arc<BloomFilter>);

/// What the one call that works may touch.
struct Work {
    decoder: BloomFilterDecoder,
    /// What the last event lent to the host.
    ranges: Vec<pqpush_range>,
}

impl Work {
    /// One step, written to where the host wants it.
    fn step(
        &mut self,
        event: OutStruct<pqpush_event>,
        filter: OutValue<'_, *mut pqpush_bloom_filter>,
    ) -> FfiResult<()> {
        match self.decoder.try_decode()? {
            BloomFilterStep::NeedsData(ranges) => {
                self.ranges = export_ranges(ranges);
                event.set(pqpush_event::needs_data(&self.ranges));
            }
            BloomFilterStep::Finished(made) => {
                filter.set(into_shared(pqpush_bloom_filter(made)));
                event.set(pqpush_event::finished());
            }
        }
        Ok(())
    }
}

/// Makes the decoder of the bloom filter of one column chunk. Whether it has one, pqpush_column_chunk_info.flags says.
///
/// Parameters: `metadata`; `row_group`, `column`: the ordinals; `out_decoder`: the new decoder.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a chunk without a bloom filter and for an ordinal that the
/// file does not have; PQPUSH_ERR_UNSUPPORTED for a chunk that lies in another file; PQPUSH_ERR_KEY for one that
/// is encrypted and whose key is missing or wrong; PQPUSH_ERR_CORRUPT where the filter does not lie in the file, and
/// where the footer says what cannot be of the chunk.
/// Memory: `*out_decoder` is owned by the caller and freed by pqpush_bloom_filter_decoder_free; NULL on failure. It keeps
/// the metadata alive.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_bloom_filter_decoder_new(
    metadata: *const pqpush_metadata,
    row_group: usize,
    column: usize,
    out_decoder: *mut *mut pqpush_bloom_filter_decoder,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a place to write to.
        let out = unsafe { OutValue::handle(out_decoder, "out_decoder") }?;
        // SAFETY: the header asks for live metadata.
        let metadata = unsafe { borrow(metadata, "metadata") }?.shared();
        let decoder = BloomFilterDecoder::new(metadata, row_group, column)?;
        out.set(into_box(pqpush_bloom_filter_decoder(Exclusive::new(Work { decoder, ranges: Vec::new() }))));
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Gives the decoder bytes of the file, which it copies. Any bytes, asked for or not, in any order and cut at any place.
///
/// Parameters: `decoder`; `offset`: of the first byte in the file; `data`, `length`: the bytes, {NULL, 0} for none.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT for bytes past the end of the file or that contradict bytes pushed
/// before, which changes nothing; PQPUSH_ERR_INVALID_STATE after FINISHED; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED; the
/// error that the decoder stands at.
/// Memory: `data` is borrowed for the call.
/// Threads: one at a time for one decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_bloom_filter_decoder_push(
    decoder: *mut pqpush_bloom_filter_decoder,
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
        handle.0.enter(|work| Ok(work.decoder.push(offset, Bytes::copy_from_slice(bytes))?))
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// One step: says which bytes are missing, or hands out the filter. Call it until FINISHED.
///
/// Parameters: `decoder`; `out_event`: its `struct_size` set, the rest is written; its kind is NEEDS_DATA or FINISHED;
/// `out_filter`: written with FINISHED, NULL otherwise.
/// Returns: PQPUSH_OK with an event; an error of the file (CORRUPT, UNSUPPORTED), which every later call on the decoder
/// returns again; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_BUSY; PQPUSH_ERR_POISONED.
/// Memory: `*out_filter` is owned by the caller, freed by pqpush_bloom_filter_free, and outlives the decoder. The ranges of
/// the event are borrowed until the next pqpush_bloom_filter_decoder_try_decode or pqpush_bloom_filter_decoder_free.
/// Threads: one at a time for one decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_bloom_filter_decoder_try_decode(
    decoder: *mut pqpush_bloom_filter_decoder,
    out_event: *mut pqpush_event,
    out_filter: *mut *mut pqpush_bloom_filter,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a struct of the size that it says, and for a place to write to.
        let outs = unsafe { (OutStruct::new(out_event, "out_event"), OutValue::handle(out_filter, "out_filter")) };
        let (event, filter) = (outs.0?, outs.1?);
        // SAFETY: the header asks for a live decoder.
        unsafe { borrow(decoder, "decoder") }?.0.enter(|work| work.step(event, filter))
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Frees a decoder. The filter that it gave out lives on.
///
/// Parameters: `decoder`: a decoder, or NULL, which does nothing.
/// Threads: any, once no other thread uses the decoder.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_bloom_filter_decoder_free(decoder: *mut pqpush_bloom_filter_decoder) {
    // SAFETY: the header asks for NULL or a live decoder that the caller owns, and no callback can run within its calls.
    unsafe { free_box(decoder) }
}

/// Asks `filter` and writes the verdict. Where something fails the verdict is MAYBE, which is never wrong.
///
/// # Safety
/// The pointers are what the header asks for.
unsafe fn ask(
    filter: *const pqpush_bloom_filter,
    out_verdict: *mut i32,
    question: impl FnOnce(&BloomFilter) -> FfiResult<bool>,
) -> FfiResult<()> {
    // SAFETY: the header asks for a place to write to.
    let out = unsafe { OutValue::new(out_verdict, PQPUSH_BLOOM_MAYBE as i32, "out_verdict") }?;
    // SAFETY: the header asks for a live filter.
    let filter = unsafe { borrow(filter, "filter") }?;
    let verdict = if question(&filter.0)? { PQPUSH_BLOOM_MAYBE } else { PQPUSH_BLOOM_NO };
    out.set(verdict as i32);
    Ok(())
}

/// Looks for any of some values: NO where no row of the chunk has one of them. Nulls are not looked for.
///
/// Parameters: `filter`; `values`, `values_schema`: an Arrow array of one or more values and its schema. It is to be of the
/// column's type; of integers, of floating-point numbers, and of strings and binaries any type will do, of decimals any
/// precision, of timestamps any zone; `out_verdict`: one of pqpush_bloom_verdict.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for values of another kind than the column's.
/// Memory: `values` and `values_schema` are consumed, on every path; `*out_verdict` is MAYBE on failure.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_bloom_filter_check(
    filter: *const pqpush_bloom_filter,
    values: *mut FFI_ArrowArray,
    values_schema: *mut FFI_ArrowSchema,
    out_verdict: *mut i32,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for values that the host gives up; they are taken over before anything can fail.
        let values = unsafe { import(values, values_schema, "values") };
        // SAFETY: the pointers are what the header asks for.
        unsafe { ask(filter, out_verdict, |filter| Ok(filter.may_contain_any(&values?)?)) }
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Looks for an integer: NO where no row of the chunk has it.
///
/// Parameters: `filter`: of a column of integers, or of what is stored as such: dates, times, timestamps, decimals (the
/// number without its point); `value`; `out_verdict`: one of pqpush_bloom_verdict.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a column of another kind.
/// Memory: `*out_verdict` is MAYBE on failure.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_bloom_filter_check_int64(
    filter: *const pqpush_bloom_filter,
    value: i64,
    out_verdict: *mut i32,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the pointers are what the header asks for.
    let body = || unsafe { ask(filter, out_verdict, |filter| Ok(filter.may_contain(Probe::Integer(value.into()))?)) };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Looks for a floating-point number: NO where no row of the chunk has it. Zeros of either sign are equal; a NaN may be
/// anywhere.
///
/// Parameters: `filter`: of a column of FLOAT or DOUBLE; `value`; `out_verdict`: one of pqpush_bloom_verdict.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a column of another kind.
/// Memory: `*out_verdict` is MAYBE on failure.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_bloom_filter_check_double(
    filter: *const pqpush_bloom_filter,
    value: f64,
    out_verdict: *mut i32,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the pointers are what the header asks for.
    let body = || unsafe { ask(filter, out_verdict, |filter| Ok(filter.may_contain(Probe::Float(value))?)) };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Looks for a string or binary: NO where no row of the chunk has it.
///
/// Parameters: `filter`: of a column of BYTE_ARRAY or FIXED_LEN_BYTE_ARRAY; `data`, `length`: the bytes as they are stored,
/// {NULL, 0} for the empty string; `out_verdict`: one of pqpush_bloom_verdict.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a column of another kind.
/// Memory: `data` is borrowed for the call; `*out_verdict` is MAYBE on failure.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_bloom_filter_check_bytes(
    filter: *const pqpush_bloom_filter,
    data: *const u8,
    length: usize,
    out_verdict: *mut i32,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let look = |filter: &BloomFilter| {
        // SAFETY: the header asks for readable bytes.
        let bytes = unsafe { slice(data, length, "data") }?;
        Ok(filter.may_contain(Probe::Bytes(bytes))?)
    };
    // SAFETY: the pointers are what the header asks for.
    let body = || unsafe { ask(filter, out_verdict, look) };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Frees a filter.
///
/// Parameters: `filter`: a filter, or NULL, which does nothing.
/// Threads: any, once no other thread uses the filter.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_bloom_filter_free(filter: *mut pqpush_bloom_filter) {
    // SAFETY: the header asks for NULL or a filter that the caller owns.
    unsafe { free_shared(filter) }
}
