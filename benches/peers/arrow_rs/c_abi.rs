//! pqpush through its C ABI, beside its Rust API in the same process and of the same machine code: scans by the one and by
//! the other in turn.

use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr::{null, null_mut};

use arrow_array::ffi::FFI_ArrowArray;

use crate::measure::Spent;
use crate::{BATCH_ROWS, Job, rust_api};

/// What is owned on the other side.
type Handle = *mut c_void;

/// `pqpush_event`.
#[repr(C)]
struct Event {
    struct_size: usize,
    kind: i32,
    reserved: u32,
    ranges: *const c_void,
    range_count: usize,
    row_count: u64,
    row_group: i64,
}

/// `pqpush_scan_options`; what is not set here is in one field.
#[repr(C)]
struct ScanOptions {
    struct_size: usize,
    batch_rows: u64,
    lists: [usize; 8],
    offset: u64,
    limit: u64,
    string_type: i32,
    dictionary: i32,
    others: [u64; 8],
}

/// `pqpush_metadata_options`, likewise.
#[repr(C)]
struct MetadataOptions {
    struct_size: usize,
    footer_size_hint: u64,
    page_index: i32,
    flags: u32,
    others: [u64; 10],
}

const FINISHED: i32 = 3;
const NO_PAGE_INDEX: i32 = 1;
const UTF8: i32 = 0;
const UTF8_VIEW: i32 = 2;

type Release = extern "C" fn(*mut c_void);

unsafe extern "C" {
    fn pqpush_metadata_decoder_new(
        length: u64,
        options: *const MetadataOptions,
        out: *mut Handle,
        error: *mut Handle,
    ) -> i32;
    fn pqpush_metadata_decoder_push_borrowed(
        decoder: Handle,
        offset: u64,
        data: *const u8,
        length: usize,
        release: Release,
        user_data: *mut c_void,
        error: *mut Handle,
    ) -> i32;
    fn pqpush_metadata_decoder_try_decode(
        decoder: Handle,
        event: *mut Event,
        out: *mut Handle,
        error: *mut Handle,
    ) -> i32;
    fn pqpush_metadata_decoder_free(decoder: Handle);
    fn pqpush_metadata_free(metadata: Handle);
    fn pqpush_scan_options_init(options: *mut ScanOptions, struct_size: usize);
    fn pqpush_decoder_new(metadata: Handle, options: *const ScanOptions, out: *mut Handle, error: *mut Handle) -> i32;
    fn pqpush_decoder_push_borrowed(
        decoder: Handle,
        offset: u64,
        data: *const u8,
        length: usize,
        release: Release,
        user_data: *mut c_void,
        error: *mut Handle,
    ) -> i32;
    fn pqpush_decoder_try_decode(
        decoder: Handle,
        event: *mut Event,
        batch: *mut FFI_ArrowArray,
        error: *mut Handle,
    ) -> i32;
    fn pqpush_decoder_free(decoder: Handle);
}

/// The bytes are in memory for as long as the process lives.
extern "C" fn keep(_: *mut c_void) {}

fn event() -> Event {
    Event {
        struct_size: size_of::<Event>(),
        kind: 0,
        reserved: 0,
        ranges: null(),
        range_count: 0,
        row_count: 0,
        row_group: 0,
    }
}

fn good(status: i32) {
    assert_eq!(status, 0, "a call that succeeds");
}

/// Opens the file and drains a scan of all columns, as the C program of the benchmark does; the number of rows.
fn scan(job: &Job) -> usize {
    let (data, length) = (job.file.as_ptr(), job.file.len());
    let (mut footer, mut metadata, mut decoder, mut event) = (null_mut(), null_mut(), null_mut(), event());
    let options = MetadataOptions {
        struct_size: size_of::<MetadataOptions>(),
        footer_size_hint: 0,
        page_index: NO_PAGE_INDEX,
        flags: 0,
        others: [0; 10],
    };
    // SAFETY: the structs are those of the header as far as their sizes say, the file outlives the call, and every handle
    // is freed once.
    unsafe {
        let no_error = null_mut();
        good(pqpush_metadata_decoder_new(length as u64, &options, &mut footer, no_error));
        good(pqpush_metadata_decoder_push_borrowed(footer, 0, data, length, keep, null_mut(), no_error));
        good(pqpush_metadata_decoder_try_decode(footer, &mut event, &mut metadata, no_error));
        pqpush_metadata_decoder_free(footer);
        let mut options = std::mem::zeroed::<ScanOptions>();
        pqpush_scan_options_init(&mut options, size_of::<ScanOptions>());
        options.batch_rows = BATCH_ROWS as u64;
        options.string_type = if job.views { UTF8_VIEW } else { UTF8 };
        good(pqpush_decoder_new(metadata, &options, &mut decoder, no_error));
        good(pqpush_decoder_push_borrowed(decoder, 0, data, length, keep, null_mut(), no_error));
        let mut rows = 0;
        event.kind = 0;
        while event.kind != FINISHED {
            let mut batch = FFI_ArrowArray::empty();
            good(pqpush_decoder_try_decode(decoder, &mut event, &mut batch, no_error));
            assert_eq!(event.range_count, 0, "the whole file was pushed");
            rows += batch.len();
        }
        pqpush_decoder_free(decoder);
        pqpush_metadata_free(metadata);
        rows
    }
}

/// Both, in turn: what each spent, as JSON.
pub fn beside_rust(fields: &HashMap<&str, &str>, job: &Job) -> String {
    let (mut by_c, mut by_rust) = (Spent::new(fields), Spent::new(fields));
    while by_c.goes_on() {
        by_c.time(|| scan(job));
        by_rust.time(|| {
            let mut rows = 0;
            rust_api::scan(job, &mut |batch| rows += batch.num_rows());
            rows
        });
    }
    assert_eq!(by_c.rows(), by_rust.rows(), "rows of both");
    format!("{{\"c\": {}, \"rust\": {}}}", by_c.answer(), by_rust.answer())
}
