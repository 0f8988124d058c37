//! pqpush through its C ABI, beside its Rust API in the same process and of the same machine code: a batch by the one and
//! a batch by the other in turn, because the machine may change its speed within a scan by more than the two differ.

use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr::{null, null_mut};

use arrow_array::ffi::FFI_ArrowArray;
use bytes::Bytes;

use crate::measure::{Spent, Stopwatch};
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

const BATCH: i32 = 2;
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

/// A scan of all columns, done as the C program of the benchmark does it.
struct Scan {
    metadata: Handle,
    decoder: Handle,
    event: Event,
}

impl Scan {
    fn open(job: &Job) -> Self {
        let (data, length) = (job.file.as_ptr(), job.file.len());
        let (mut footer, mut metadata, mut decoder, mut event) = (null_mut(), null_mut(), null_mut(), event());
        let options = MetadataOptions {
            struct_size: size_of::<MetadataOptions>(),
            footer_size_hint: 0,
            page_index: NO_PAGE_INDEX,
            flags: 0,
            others: [0; 10],
        };
        // SAFETY: the structs are those of the header as far as their sizes say, the file outlives the scan, and the handle
        // that is not kept is freed once.
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
        }
        Self { metadata, decoder, event }
    }

    /// The next batch, as long as there are some.
    fn next(&mut self) -> Option<FFI_ArrowArray> {
        loop {
            let mut batch = FFI_ArrowArray::empty();
            // SAFETY: the decoder is live, and the structs are those of the header.
            good(unsafe { pqpush_decoder_try_decode(self.decoder, &mut self.event, &mut batch, null_mut()) });
            assert_eq!(self.event.range_count, 0, "the whole file was pushed");
            match self.event.kind {
                BATCH => return Some(batch),
                FINISHED => return None,
                _ => {}
            }
        }
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        // SAFETY: both are live, and freed once.
        unsafe {
            pqpush_decoder_free(self.decoder);
            pqpush_metadata_free(self.metadata);
        }
    }
}

/// Scans that are one iteration of each.
const SCANS: u32 = 4;

/// Both, in turn: what each spent on a scan, as JSON.
pub fn beside_rust(fields: &HashMap<&str, &str>, job: &Job) -> String {
    // What one has read would be in the cache for the other. Where a file lies and who is the first matter too, by two to
    // three percent, so each reads both, the first time and the second.
    let copy = Job { file: Bytes::copy_from_slice(&job.file), ..job.clone() };
    let (mut by_c, mut by_rust) = (Spent::new(fields), Spent::new(fields));
    while by_c.goes_on() {
        let (mut c_watch, mut rust_watch) = (Stopwatch::default(), Stopwatch::default());
        for (c_job, rust_job, c_first) in
            [(job, &copy, true), (&copy, job, false), (job, &copy, false), (&copy, job, true)]
        {
            batches_in_turn(c_job, &mut c_watch, rust_job, &mut rust_watch, c_first);
        }
        by_c.add(&c_watch, SCANS);
        by_rust.add(&rust_watch, SCANS);
    }
    format!("{{\"c\": {}, \"rust\": {}}}", by_c.answer(), by_rust.answer())
}

/// A scan by each, a batch at a time.
fn batches_in_turn(c_job: &Job, c_watch: &mut Stopwatch, rust_job: &Job, rust_watch: &mut Stopwatch, c_first: bool) {
    let mut c_scan = c_watch.time(|| Scan::open(c_job));
    let mut rust_scan = rust_watch.time(|| rust_api::open(rust_job));
    let mut by_c = || c_watch.batch(|| c_scan.next().map(|batch| batch.len()));
    let mut by_rust = || rust_watch.batch(|| rust_api::next(&mut rust_scan).map(|batch| batch.num_rows()));
    let mut in_turn = || if c_first { (by_c(), by_rust()) } else { (by_rust(), by_c()) };
    while let (Some(rows), others) = in_turn() {
        assert_eq!(others, Some(rows), "rows of a batch");
    }
    c_watch.time(|| drop(c_scan));
    rust_watch.time(|| drop(rust_scan));
}
