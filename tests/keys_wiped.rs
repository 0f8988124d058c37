//! No block of memory is freed with a key in it: neither the key as the host gave it nor the round keys that begin with it.
//!
//! A global allocator looks at what is freed. It looks at all of the process, so there is one test here.

// Tests may stop where something is not as they expect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    unsafe_code // a global allocator cannot be written without
)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use parquet::encryption::encrypt::FileEncryptionProperties;
use pqpush::{DecryptionProperties, ErrorKind, Key, MetadataOptions, ScanOptions};

use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls};
use support::host::{By, Feed, metadata_options, metadata_with, scan_metadata};
use support::kinds::Kind;

/// The keys all begin alike, and nothing else does.
const BEGINNING: [u8; 12] = *b"\xa7key to find";
const FOOTER_KEY: [u8; 16] = *b"\xa7key to find 16B";
const COLUMN_KEY: [u8; 32] = *b"\xa7key to find of 32 bytes, column";

struct Watching;

static IS_WATCHING: AtomicBool = AtomicBool::new(false);
static FOUND: AtomicUsize = AtomicUsize::new(0);

/// # Safety
/// `pointer` is a block of so many bytes.
unsafe fn look(pointer: *const u8, bytes: usize) {
    if !IS_WATCHING.load(Relaxed) {
        return;
    }
    // SAFETY: within the block, as the caller says; volatile, because it may never have been written.
    let byte = |at: usize| unsafe { pointer.add(at).read_volatile() };
    let begins_at = |start: usize| BEGINNING.iter().enumerate().all(|(at, wanted)| byte(start + at) == *wanted);
    if (0..(bytes + 1).saturating_sub(BEGINNING.len())).any(begins_at) {
        FOUND.fetch_add(1, Relaxed);
    }
}

// SAFETY: every call is passed on to the system's allocator; looking does not allocate.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller says.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller says. A block that is made larger is freed too: `realloc` comes to this.
        unsafe {
            look(pointer, layout.size());
            // What others left in the block must not be found again by whoever gets it next and does not fill it.
            pointer.write_bytes(0, layout.size());
            System.dealloc(pointer, layout);
        }
    }
}

#[global_allocator]
static ALLOCATOR: Watching = Watching;

/// How many blocks with a key were freed during `body`.
fn freed_with_a_key(body: impl FnOnce()) -> usize {
    FOUND.store(0, Relaxed);
    IS_WATCHING.store(true, Relaxed);
    body();
    IS_WATCHING.store(false, Relaxed);
    FOUND.load(Relaxed)
}

fn encrypted() -> Bytes {
    let columns = ["a", "b"].map(|name| ColumnSpec::new(name, Kind::Int64, Nulls::None, Coding::Plain));
    let mut spec = FileSpec::new(columns.to_vec(), 100, 10);
    let builder = FileEncryptionProperties::builder(FOOTER_KEY.to_vec()).with_footer_key_metadata(b"footer".to_vec());
    let builder = builder.with_column_key_and_metadata("a", COLUMN_KEY.to_vec(), b"a".to_vec());
    spec.encryption =
        Some(builder.with_column_key_and_metadata("b", COLUMN_KEY.to_vec(), b"b".to_vec()).build().unwrap());
    spec.write().bytes
}

fn read(file: &Bytes, keys: DecryptionProperties) {
    let options = MetadataOptions { decryption: Some(keys), ..metadata_options() };
    let metadata = metadata_with(file, options, Feed::Asked).unwrap();
    let scan = scan_metadata(file, metadata, ScanOptions::default(), Feed::Asked, By::Push).unwrap();
    assert_eq!(scan.row_count(), 100);
}

fn key(bytes: &[u8]) -> Key {
    Key::new(bytes).unwrap()
}

#[test]
fn no_block_is_freed_with_a_key_in_it() {
    let file = encrypted();
    assert_eq!(freed_with_a_key(|| drop(COLUMN_KEY.to_vec())), 1, "the watch itself");
    let given = || {
        let keys = DecryptionProperties::default().with_footer_key(key(&FOOTER_KEY));
        keys.with_column_key("a", key(&COLUMN_KEY)).with_column_key("b", key(&COLUMN_KEY))
    };
    assert_eq!(freed_with_a_key(|| read(&file, given())), 0, "keys that are given");
    let found = || {
        DecryptionProperties::default()
            .with_key_retriever(|name| Ok(Some(if name == b"footer" { key(&FOOTER_KEY) } else { key(&COLUMN_KEY) })))
    };
    assert_eq!(freed_with_a_key(|| read(&file, found())), 0, "keys that are retrieved");
    let refused = freed_with_a_key(|| {
        let keys = given().with_aad_prefix("wrong");
        let options = MetadataOptions { decryption: Some(keys), ..metadata_options() };
        assert_eq!(metadata_with(&file, options, Feed::Asked).map(drop).unwrap_err().kind(), ErrorKind::Key);
    });
    assert_eq!(refused, 0, "keys of a file that is refused");
}
