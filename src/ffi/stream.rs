//! A file as an ArrowArrayStream: the host is called for bytes, and calls for batches.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::null_mut;
use std::sync::{Mutex, PoisonError};

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::SchemaRef;
use arrow_schema::ffi::FFI_ArrowSchema;
use bytes::Bytes;

use super::arrow::export_schema;
use super::batch::export_batch;
use super::description::Descriptions;
use super::error::{FfiResult, pqpush_error, pqpush_error_code, pqpush_error_message};
use super::event::export_ranges;
use super::guard::{Exclusive, guard};
use super::handle::{free_box, into_box};
use super::lent::UserData;
use super::options::{pqpush_scan_options, scan_options};
use super::slice::pqpush_range;
use super::status::pqpush_status;
use super::status::pqpush_status_code::*;
use super::structs::{Growing, OutValue, take_owned};
use crate::error::{Error, Result};
use crate::push::{BatchReader, RangeReader};
use crate::{ByteRange, MetadataOptions};

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
    /// Reads `count` ranges, ascending and disjoint, each whole to its place in `out`. Anything but 0 is a failure. Called
    /// within pqpush_stream_open and the get_next of the stream only, on their thread.
    pub read_ranges: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            ranges: *const pqpush_range,
            out: *const *mut u8,
            count: usize,
        ) -> c_int,
    >,
    /// Runs exactly once, when nothing uses the source any more: within pqpush_stream_open where that fails, else within
    /// the release of the stream. May be NULL.
    pub release: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
}

// SAFETY: repr(C), begins with struct_size, integers and pointers without padding; NULL is a valid value of each function.
unsafe impl Growing for pqpush_source {}

/// Opens a file as a stream of batches, for a host that would rather be called for bytes. Reads the metadata, so that a
/// file that cannot be read and options that do not fit it are refused here.
///
/// As the Arrow C Stream Interface says, the stream is used by one thread at a time, may be moved to another, and may be
/// released before its end; its batches live on. Its functions return 0 or an errno: EINVAL for a wrong call, ENOMEM
/// where memory is short, EBUSY for a call within a call (of read_ranges on its own stream), EIO for everything else. Then
/// get_last_error has the status name and the message, up to the next call on the stream. An error of get_next is final:
/// it comes again.
///
/// How much is read at a time is up to `options->max_buffered_bytes`; without it, all that is needed of a row group.
///
/// Parameters: `source`: the file, borrowed for the call; `options`: as for pqpush_decoder_new, borrowed for the call;
/// `out_stream`: written without looking at what it held.
/// Returns: PQPUSH_OK; as pqpush_metadata_decoder_try_decode and pqpush_decoder_new; PQPUSH_ERR_CALLBACK where read_ranges
/// fails, with the number that it returned in the message.
/// Memory: source->user_data is consumed: release(user_data) runs exactly once, on every path on which
/// source->struct_size says that there is a release; `*out_stream` is owned by the caller, who releases it; released on
/// failure.
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
        let out = unsafe { OutValue::new(out_stream.cast(), RawStream::RELEASED, "out_stream") };
        let owner = |given: &pqpush_source| UserData::new(given.release, given.user_data);
        // SAFETY: the header asks for a source whose user data the host gives up.
        let (given, owner) = unsafe { take_owned(source, "source", owner) }?;
        let out = out?;
        let read_ranges = given.read_ranges.ok_or_else(|| pqpush_error::null("source->read_ranges"))?;
        // SAFETY: the header asks for NULL or options whose pointers and lengths are right.
        let options = unsafe { scan_options(options) }?;
        let source = Source { read_ranges, owner };
        let reader = BatchReader::open(source, given.file_length, MetadataOptions::default(), options)?;
        out.set(RawStream::of(reader));
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// The functions of the host.
struct Source {
    read_ranges: unsafe extern "C" fn(*mut c_void, *const pqpush_range, *const *mut u8, usize) -> c_int,
    owner: UserData,
}

impl RangeReader for Source {
    fn read_ranges(&mut self, ranges: &[ByteRange]) -> Result<Vec<Bytes>> {
        let length = |range: &ByteRange| {
            usize::try_from(range.length).map_err(|_| Error::limit(format!("{} bytes in one range", range.length)))
        };
        let room = |range| {
            let (mut bytes, length) = (Vec::new(), length(range)?);
            bytes.try_reserve_exact(length).map_err(|_| Error::out_of_memory(format!("{length} bytes to read")))?;
            bytes.resize(length, 0);
            Ok(bytes)
        };
        let mut buffers = ranges.iter().map(room).collect::<Result<Vec<Vec<u8>>>>()?;
        let places: Vec<*mut u8> = buffers.iter_mut().map(|buffer| buffer.as_mut_ptr()).collect();
        let asked = export_ranges(ranges.to_vec());
        // SAFETY: the function is the host's, and gets what the header says: a place for every byte of every range.
        let code = unsafe { (self.read_ranges)(self.owner.get(), asked.as_ptr(), places.as_ptr(), asked.len()) };
        match code {
            0 => Ok(buffers.into_iter().map(Bytes::from).collect()),
            code => Err(Error::callback(format!("read_ranges returned {code}"))),
        }
    }
}

/// `struct ArrowArrayStream`.
#[repr(C)]
struct RawStream {
    get_schema: Option<unsafe extern "C" fn(*mut RawStream, *mut FFI_ArrowSchema) -> c_int>,
    get_next: Option<unsafe extern "C" fn(*mut RawStream, *mut FFI_ArrowArray) -> c_int>,
    get_last_error: Option<unsafe extern "C" fn(*mut RawStream) -> *const c_char>,
    release: Option<unsafe extern "C" fn(*mut RawStream)>,
    private_data: *mut Stream,
}

const _: () = assert!(size_of::<RawStream>() == size_of::<FFI_ArrowArrayStream>());

/// What a stream is inside.
struct Stream {
    schema: SchemaRef,
    reader: Exclusive<BatchReader<Source>>,
    descriptions: Descriptions,
    last_error: Mutex<Option<CString>>,
}

impl RawStream {
    const RELEASED: Self =
        Self { get_schema: None, get_next: None, get_last_error: None, release: None, private_data: null_mut() };

    fn of(reader: BatchReader<Source>) -> Self {
        let schema = reader.schema();
        let (descriptions, last_error) = Default::default();
        let inside = Stream { schema, reader: Exclusive::new(reader), descriptions, last_error };
        Self {
            get_schema: Some(get_schema),
            get_next: Some(get_next),
            get_last_error: Some(get_last_error),
            release: Some(release),
            private_data: into_box(inside),
        }
    }
}

/// The inside of a stream; `None` for NULL and for one that was released.
///
/// # Safety
/// `stream` is NULL or a stream made here, and lives for `'a`.
unsafe fn inside<'a>(stream: *mut RawStream) -> Option<&'a Stream> {
    // SAFETY: as the caller says.
    unsafe { stream.as_ref()?.private_data.as_ref() }
}

/// Runs `body`; what it failed with is kept for get_last_error and turned into an errno.
///
/// # Safety
/// As [`inside`].
unsafe fn answer(stream: *mut RawStream, body: impl FnOnce(&Stream) -> FfiResult<()>) -> c_int {
    // SAFETY: as the caller says.
    let Some(stream) = (unsafe { inside(stream) }) else { return errno(PQPUSH_ERR_INVALID_ARGUMENT as pqpush_status) };
    let mut err = null_mut();
    // SAFETY: `err` may be written.
    let status = unsafe { guard(&raw mut err, || body(stream)) };
    // SAFETY: an error that this call owns, or NULL.
    let text = (!err.is_null()).then(|| unsafe { last_error_text(err) });
    *stream.last_error.lock().unwrap_or_else(PoisonError::into_inner) = text;
    // SAFETY: as above.
    unsafe { free_box(err) };
    errno(status)
}

/// "PQPUSH_ERR_CORRUPT: what happened".
///
/// # Safety
/// `err` is a live error.
unsafe fn last_error_text(err: *const pqpush_error) -> CString {
    // SAFETY: as the caller says; names and messages end in NUL.
    let (name, message) = unsafe {
        let name = super::status::pqpush_status_name(pqpush_error_code(err));
        (CStr::from_ptr(name), CStr::from_ptr(pqpush_error_message(err)))
    };
    CString::new([name.to_bytes(), b": ", message.to_bytes()].concat()).unwrap_or_default()
}

/// The errno of a status; the numbers are those of every system that has errno.
fn errno(status: pqpush_status) -> c_int {
    const OUT_OF_MEMORY: pqpush_status = PQPUSH_ERR_OUT_OF_MEMORY as pqpush_status;
    const BUSY: pqpush_status = PQPUSH_ERR_BUSY as pqpush_status;
    const INVALID: pqpush_status = PQPUSH_ERR_INVALID_ARGUMENT as pqpush_status;
    match status {
        0 => 0,
        OUT_OF_MEMORY => 12,
        BUSY => 16,
        INVALID => 22,
        _ => 5,
    }
}

unsafe extern "C" fn get_schema(stream: *mut RawStream, out_schema: *mut FFI_ArrowSchema) -> c_int {
    let body = |stream: &Stream| {
        // SAFETY: the Arrow C Stream Interface asks for a place to write to.
        let out = unsafe { OutValue::new(out_schema, FFI_ArrowSchema::empty(), "out") }?;
        out.set(export_schema(&stream.schema)?);
        Ok(())
    };
    // SAFETY: the Arrow C Stream Interface asks for a live stream.
    unsafe { answer(stream, body) }
}

unsafe extern "C" fn get_next(stream: *mut RawStream, out_batch: *mut FFI_ArrowArray) -> c_int {
    let body = |stream: &Stream| {
        // SAFETY: the Arrow C Stream Interface asks for a place to write to.
        let out = unsafe { OutValue::new(out_batch, FFI_ArrowArray::empty(), "out") }?;
        stream.reader.enter(|reader| {
            if let Some(rows) = reader.next_batch()? {
                out.set(export_batch(rows, &stream.descriptions));
            }
            Ok(())
        })
    };
    // SAFETY: the Arrow C Stream Interface asks for a live stream.
    unsafe { answer(stream, body) }
}

unsafe extern "C" fn get_last_error(stream: *mut RawStream) -> *const c_char {
    // SAFETY: the Arrow C Stream Interface asks for a live stream.
    let Some(stream) = (unsafe { inside(stream) }) else { return std::ptr::null() };
    let text = stream.last_error.lock().unwrap_or_else(PoisonError::into_inner);
    text.as_ref().map_or(std::ptr::null(), |text| text.as_ptr())
}

unsafe extern "C" fn release(stream: *mut RawStream) {
    // SAFETY: the Arrow C Stream Interface asks for a live stream, or one that was released.
    let is_closed = unsafe { inside(stream) }.is_some_and(|stream| stream.reader.close());
    if is_closed {
        // SAFETY: the stream is live, and no call on it is under way.
        unsafe {
            free_box((*stream).private_data);
            stream.write(RawStream::RELEASED);
        }
    }
}
