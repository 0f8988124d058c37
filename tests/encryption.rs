//! Encrypted files: that they read as their twins in plain text do, whatever way they are encrypted and pushed, and that
//! a wrong key or a changed file is told, not decoded.
//!
//! The `parquet` crate writes the files, with AES_GCM_V1; files with AES_GCM_CTR_V1 are in the corpus (see
//! `encryption_corpus.rs`).

// Tests may stop where something is not as they expect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::encryption::encrypt::{EncryptionPropertiesBuilder, FileEncryptionProperties};
use pqpush::metadata::PageLocation;
use pqpush::{
    ByteRange, DecryptionProperties, Error, ErrorKind, Key, Metadata, MetadataOptions, PageIndexPolicy, Result,
    ScanOptions,
};

use support::compare::{assert_batches, assert_values, reference, whole_columns};
use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls, Values};
use support::host::{By, Feed, Scan, metadata_options, metadata_with, quick_feeds, scan_metadata};
use support::kinds::{Kind, Lengths};

const FOOTER_KEY: &[u8] = b"footer key 16 by";
const A_KEY: &[u8] = b"key of column a!";
const B_KEY: &[u8] = b"key of column b, which has 32 by";
const WRONG_KEY: &[u8] = b"quite a wrong 16";

/// Two row groups of 100 rows in pages of 20; `b` with a dictionary.
fn three_columns() -> FileSpec {
    let columns = vec![
        ColumnSpec::new("a", Kind::Int64, Nulls::Required, Coding::Plain),
        ColumnSpec::new("b", Kind::Utf8, Nulls::Random(10), Coding::Dictionary)
            .with_values(Values::Few(6), Lengths::Short)
            .with_codec(Compression::SNAPPY),
        ColumnSpec::new("c", Kind::Int32, Nulls::None, Coding::Plain),
    ];
    FileSpec { row_group_rows: 100, ..FileSpec::new(columns, 200, 20) }
}

fn encrypted(encryption: Arc<FileEncryptionProperties>) -> FileSpec {
    FileSpec { encryption: Some(encryption), ..three_columns() }
}

/// Writes with a key for all.
fn uniform() -> EncryptionPropertiesBuilder {
    FileEncryptionProperties::builder(FOOTER_KEY.to_vec())
}

/// Writes `a` and `b` with keys of their own, `c` in plain text; the metadata of a key is its name.
fn by_column() -> EncryptionPropertiesBuilder {
    uniform()
        .with_footer_key_metadata(b"footer".to_vec())
        .with_column_key_and_metadata("a", A_KEY.to_vec(), b"a".to_vec())
        .with_column_key_and_metadata("b", B_KEY.to_vec(), b"b".to_vec())
}

fn key(bytes: &[u8]) -> Key {
    Key::new(bytes).expect("a key")
}

fn footer_key() -> DecryptionProperties {
    DecryptionProperties::default().with_footer_key(key(FOOTER_KEY))
}

fn all_keys() -> DecryptionProperties {
    footer_key().with_column_key("a", key(A_KEY)).with_column_key("b", key(B_KEY))
}

fn with_keys(keys: DecryptionProperties) -> MetadataOptions {
    MetadataOptions { decryption: Some(keys), ..metadata_options() }
}

fn open(file: &Bytes, keys: DecryptionProperties) -> Result<Arc<Metadata>> {
    metadata_with(file, with_keys(keys), Feed::Asked)
}

fn columns(names: &[&str]) -> ScanOptions {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    ScanOptions { columns: Some(names), ..ScanOptions::default() }
}

fn scan(file: &Bytes, metadata: Arc<Metadata>, options: ScanOptions) -> Result<Scan> {
    scan_metadata(file, metadata, options, Feed::Asked, By::Push)
}

/// The error of reading `columns` of `file`.
fn refusal(file: &Bytes, keys: DecryptionProperties, names: &[&str]) -> Error {
    open(file, keys).and_then(|metadata| scan(file, metadata, columns(names))).map(drop).unwrap_err()
}

/// Asserts that `file` reads as the file of `spec` in plain text does.
fn assert_reads(file: &Bytes, keys: &DecryptionProperties, options: &ScanOptions, feed: Feed) {
    let context = format!("{options:?} {feed:?}");
    let metadata = metadata_with(file, with_keys(keys.clone()), feed).expect(&context);
    let scan = scan_metadata(file, metadata, options.clone(), feed, By::Push).expect(&context);
    assert_batches(&scan, options.batch_rows, &context);
    let expected = reference(&three_columns().write().bytes, options);
    for (ours, theirs) in whole_columns(&scan).iter().zip(&expected.columns) {
        assert_values(ours, theirs, &context);
    }
    assert_eq!(scan.row_count(), expected.rows, "{context}");
}

#[test]
fn files_read_as_their_twins_in_plain_text() {
    let stored = || by_column().with_aad_prefix(b"name".to_vec()).with_aad_prefix_storage(true);
    let supplied = || by_column().with_aad_prefix(b"name".to_vec()).with_aad_prefix_storage(false);
    let cases = [
        (uniform(), footer_key()),
        (uniform().with_plaintext_footer(true), footer_key()),
        (by_column(), all_keys()),
        (by_column().with_plaintext_footer(true), all_keys()),
        (stored(), all_keys()),
        (stored(), all_keys().with_aad_prefix("name")),
        (supplied(), all_keys().with_aad_prefix("name")),
        (supplied().with_plaintext_footer(true), all_keys().with_aad_prefix("name")),
    ];
    for (encryption, keys) in cases {
        let encryption = encryption.build().expect("properties");
        for (v2, page_index) in [(false, true), (true, true), (true, false)] {
            let file = FileSpec { v2, page_index, ..encrypted(Arc::clone(&encryption)) }.write().bytes;
            let all = ScanOptions::default();
            assert_reads(&file, &keys, &all, Feed::Asked);
            assert_reads(&file, &keys, &ScanOptions { batch_rows: 7, ..all.clone() }, Feed::Whole);
            assert_reads(&file, &keys, &ScanOptions { offset: 133, limit: Some(31), ..all }, Feed::Asked);
        }
    }
}

#[test]
fn files_read_however_they_are_pushed() {
    let file = encrypted(by_column().build().expect("properties")).write().bytes;
    let bounded = ScanOptions { max_buffered_bytes: Some(500), batch_rows: 13, ..ScanOptions::default() };
    for feed in quick_feeds(3) {
        assert_reads(&file, &all_keys(), &ScanOptions::default(), feed);
    }
    for feed in [Feed::Asked, Feed::ByteByByte, Feed::ByteByByteBackwards] {
        assert_reads(&file, &all_keys(), &bounded, feed);
        assert_reads(&file, &all_keys(), &ScanOptions { columns: columns(&["b"]).columns, ..bounded.clone() }, feed);
    }
}

#[test]
fn the_page_index_is_read() {
    let plain = metadata_with(&three_columns().write().bytes, metadata_options(), Feed::Asked).unwrap();
    let file = encrypted(by_column().build().expect("properties")).write().bytes;
    let options = MetadataOptions { page_index: PageIndexPolicy::Required, ..with_keys(all_keys()) };
    let metadata = metadata_with(&file, options, Feed::Asked).unwrap();
    for group in 0..metadata.row_groups.len() {
        for (chunk, plain) in metadata.chunks(group).zip(plain.chunks(group)) {
            let (chunk, plain) = (chunk.unwrap(), plain.unwrap());
            let rows = |pages: &[PageLocation]| pages.iter().map(|page| page.first_row).collect::<Vec<_>>();
            let pages = |chunk: &pqpush::metadata::ColumnChunk| rows(&chunk.offset_index().unwrap().pages);
            assert_eq!(pages(chunk), pages(plain));
            assert_eq!(chunk.column_index(), plain.column_index());
        }
    }
    // The last page of a row group alone: the others are neither asked for nor opened.
    let scan = scan(&file, metadata, ScanOptions { offset: 185, limit: Some(5), ..columns(&["a"]) }).unwrap();
    assert_eq!((scan.metrics.pages_decompressed, scan.row_count()), (1, 5));
}

/// Pages are numbered in their AAD, and those that are passed over count; dictionary pages are modules of another kind.
/// With the page index and without it, in both versions of pages.
#[test]
fn trap25_pages_that_are_passed_over_count() {
    let encryption = by_column().build().expect("properties");
    for (v2, page_index) in [(false, true), (true, true), (false, false), (true, false)] {
        let file = FileSpec { v2, page_index, ..encrypted(Arc::clone(&encryption)) }.write().bytes;
        for (offset, limit) in [(0, 1), (19, 2), (25, 1), (60, 30), (81, 40), (199, 1)] {
            for names in [&["a"][..], &["b"], &["a", "b", "c"]] {
                let options = ScanOptions { offset, limit: Some(limit), ..columns(names) };
                assert_reads(&file, &all_keys(), &options, Feed::Asked);
                let bounded = ScanOptions { max_buffered_bytes: Some(1), batch_rows: 3, ..options };
                assert_reads(&file, &all_keys(), &bounded, Feed::Split(5));
            }
        }
    }
}

#[test]
fn statistics_are_those_of_the_twin_in_plain_text() {
    let plain = metadata_with(&three_columns().write().bytes, metadata_options(), Feed::Asked).unwrap();
    for plaintext_footer in [false, true] {
        let encryption = by_column().with_plaintext_footer(plaintext_footer).build().expect("properties");
        let metadata = open(&encrypted(encryption).write().bytes, all_keys()).unwrap();
        for (row_group, column) in (0..2).flat_map(|row_group| (0..3).map(move |column| (row_group, column))) {
            let (ours, expected) = (metadata.chunk_details(row_group, column), plain.chunk_details(row_group, column));
            assert!(ours.statistics.is_some());
            assert_eq!(ours, expected, "{row_group} {column}");
        }
    }
}

#[test]
fn keys_are_retrieved_once_by_their_metadata() {
    for plaintext_footer in [false, true] {
        let encryption = by_column().with_plaintext_footer(plaintext_footer).build().expect("properties");
        let file = encrypted(encryption).write().bytes;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let keys = DecryptionProperties::default().with_key_retriever(move |name| {
            log.lock().unwrap().push(String::from_utf8_lossy(name).into_owned());
            Ok(Some(key(match name {
                b"footer" => FOOTER_KEY,
                b"a" => A_KEY,
                _ => B_KEY,
            })))
        });
        assert_reads(&file, &keys, &ScanOptions::default(), Feed::Asked);
        assert_eq!(*asked.lock().unwrap(), ["footer", "a", "b"]);
    }
}

#[test]
fn a_retriever_that_fails_or_finds_nothing_is_told_apart() {
    let file = encrypted(by_column().build().expect("properties")).write().bytes;
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let keys = footer_key().with_key_retriever(move |name| {
        counter.fetch_add(1, Ordering::Relaxed);
        if name == b"a" { Err("the key server is away".to_owned()) } else { Ok(None) }
    });
    let metadata = open(&file, keys).unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    let refused = |name| scan(&file, Arc::clone(&metadata), columns(&[name])).map(drop).unwrap_err();
    let failed = refused("a");
    assert_eq!((failed.kind(), failed.message()), (ErrorKind::Callback, "key retriever: the key server is away"));
    assert_eq!((failed.column(), failed.row_group()), (Some(0), Some(0)));
    assert_eq!((refused("b").kind(), refused("b").column()), (ErrorKind::Key, Some(1)));
    assert_eq!(scan(&file, Arc::clone(&metadata), columns(&["c"])).unwrap().row_count(), 200);
}

#[test]
fn a_column_without_its_key_fails_only_when_it_is_read() {
    for plaintext_footer in [false, true] {
        let encryption = by_column().with_plaintext_footer(plaintext_footer).build().expect("properties");
        let file = encrypted(encryption).write().bytes;
        let partial = || footer_key().with_column_key("a", key(A_KEY));
        let metadata = open(&file, partial()).unwrap();
        assert_eq!(scan(&file, Arc::clone(&metadata), columns(&["a", "c"])).unwrap().row_count(), 200);
        for names in [&["b"][..], &["a", "b", "c"]] {
            let missing = refusal(&file, partial(), names);
            assert_eq!((missing.kind(), missing.column(), missing.row_group()), (ErrorKind::Key, Some(1), Some(0)));
            assert!(missing.to_string().contains("\"b\""), "{missing}");
            let wrong = refusal(&file, partial().with_column_key("b", key(WRONG_KEY)), names);
            assert_eq!((wrong.kind(), wrong.column()), (ErrorKind::Key, Some(1)));
        }
    }
}

#[test]
fn a_footer_without_its_key_is_told() {
    let file = |builder: EncryptionPropertiesBuilder| encrypted(builder.build().expect("properties")).write().bytes;
    let no_footer_key = || DecryptionProperties::default().with_column_key("a", key(A_KEY));
    let wrong = || all_keys().with_footer_key(key(WRONG_KEY));
    for plaintext_footer in [false, true] {
        let file = file(by_column().with_plaintext_footer(plaintext_footer));
        for keys in [no_footer_key(), wrong(), all_keys().with_aad_prefix("name")] {
            assert_eq!(open(&file, keys).map(drop).unwrap_err().kind(), ErrorKind::Key);
        }
    }
    let encrypted_footer = file(by_column());
    let error = metadata_with(&encrypted_footer, metadata_options(), Feed::Asked).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Key);
    assert!(error.file_offset().is_some_and(|offset| offset > 4));
    let prefixed = file(by_column().with_aad_prefix(b"name".to_vec()).with_aad_prefix_storage(false));
    for keys in [all_keys(), all_keys().with_aad_prefix("another")] {
        assert_eq!(open(&prefixed, keys).map(drop).unwrap_err().kind(), ErrorKind::Key);
    }
}

#[test]
fn a_plain_text_footer_reads_without_any_key() {
    let file = encrypted(by_column().with_plaintext_footer(true).build().expect("properties")).write().bytes;
    let metadata = metadata_with(&file, metadata_options(), Feed::Asked).unwrap();
    assert_eq!(scan(&file, Arc::clone(&metadata), columns(&["c"])).unwrap().row_count(), 200);
    let error = scan(&file, Arc::clone(&metadata), columns(&["a"])).map(drop).unwrap_err();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Key, Some(0)));
    assert_eq!(metadata.chunks(0).map(|chunk| chunk.unwrap().encrypted).collect::<Vec<_>>(), [true, true, false]);
    let required = MetadataOptions { page_index: PageIndexPolicy::Required, ..metadata_options() };
    let error = metadata_with(&file, required, Feed::Asked).map(drop).unwrap_err();
    assert_eq!((error.kind(), error.column()), (ErrorKind::Key, Some(0)));
}

#[test]
fn a_signed_footer_that_was_changed_is_refused() {
    let file = encrypted(by_column().with_plaintext_footer(true).build().expect("properties")).write().bytes;
    let writer = b"parquet-rs";
    let at = file.windows(writer.len()).rposition(|window| window == writer).expect("the name of the writer");
    for at in [at, file.len() - 9, file.len() - 8 - 28] {
        let changed = flipped(&file, at);
        let error = open(&changed, all_keys()).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Key, "{error}");
        let trusting = all_keys().with_unverified_footer();
        assert_reads(&changed, &trusting, &ScanOptions::default(), Feed::Asked);
    }
    let without_footer_key = DecryptionProperties::default().with_column_key("a", key(A_KEY)).with_unverified_footer();
    let metadata = open(&file, without_footer_key).unwrap();
    assert_eq!(scan(&file, metadata, columns(&["a", "c"])).unwrap().row_count(), 200);
}

#[test]
fn an_encrypted_footer_that_was_changed_is_refused() {
    let file = encrypted(uniform().build().expect("properties")).write().bytes;
    let footer_bytes = u32::from_le_bytes(file[file.len() - 8..file.len() - 4].try_into().unwrap()) as usize;
    let footer = file.len() - 8 - footer_bytes;
    for at in (footer..file.len() - 8).step_by(5) {
        let error = open(&flipped(&file, at), footer_key()).map(drop).unwrap_err();
        let kinds = [ErrorKind::Key, ErrorKind::Corrupt, ErrorKind::Unsupported];
        assert!(kinds.contains(&error.kind()), "byte {at}: {error}");
    }
}

#[test]
fn a_page_that_was_changed_is_corrupt_and_named() {
    let file = encrypted(by_column().build().expect("properties")).write().bytes;
    let metadata = open(&file, all_keys()).unwrap();
    let pages = pages(&metadata, 1, 0);
    let (first, last) = (pages[0].offset as usize, (pages[0].offset + pages[0].compressed_bytes) as usize - 1);
    for at in (first + 4..last).step_by(11).chain([last]) {
        let error = refusal(&flipped(&file, at), all_keys(), &["a"]);
        // The length in front of the second module is not authenticated.
        assert_eq!(error.kind(), ErrorKind::Corrupt, "byte {at}: {error}");
        assert_eq!((error.row_group(), error.column()), (Some(1), Some(0)), "byte {at}: {error}");
        assert_eq!(error.file_offset(), Some(pages[0].offset), "byte {at}: {error}");
    }
}

#[test]
fn pages_that_were_swapped_are_corrupt() {
    let file = encrypted(by_column().build().expect("properties")).write().bytes;
    let metadata = open(&file, all_keys()).unwrap();
    let (first, second) = (pages(&metadata, 0, 0), pages(&metadata, 1, 0));
    for (one, other) in [(first[0], first[1]), (first[2], second[2])] {
        let error = refusal(&swapped(&file, one, other), all_keys(), &["a"]);
        assert_eq!((error.kind(), error.row_group(), error.column()), (ErrorKind::Corrupt, Some(0), Some(0)));
        assert_eq!(error.file_offset(), Some(one.offset));
        assert!(error.message().contains("not in its place"), "{error}");
    }
}

#[test]
fn an_index_that_was_changed_is_not_used() {
    let file = encrypted(by_column().build().expect("properties")).write().bytes;
    let metadata = open(&file, all_keys()).unwrap();
    let range = metadata.chunk(0, 0).unwrap().offset_index_range.unwrap();
    let changed = flipped(&file, range.end() as usize - 1);
    let part = ScanOptions { offset: 45, limit: Some(3), ..ScanOptions::default() };
    assert_reads(&changed, &all_keys(), &part, Feed::Asked);
    assert!(open(&changed, all_keys()).unwrap().chunk(0, 0).unwrap().offset_index().is_none());
    let required = MetadataOptions { page_index: PageIndexPolicy::Required, ..with_keys(all_keys()) };
    let error = metadata_with(&changed, required, Feed::Asked).map(drop).unwrap_err();
    assert_eq!((error.kind(), error.column(), error.row_group()), (ErrorKind::Corrupt, Some(0), Some(0)));
    assert_eq!(error.file_offset(), Some(range.offset));
}

#[test]
fn no_byte_is_changed_unseen() {
    let file = encrypted(uniform().build().expect("properties")).write().bytes;
    let metadata = open(&file, footer_key()).unwrap();
    let chunks = (0..metadata.row_groups.len()).flat_map(|group| metadata.chunks(group)).map(Result::unwrap);
    let indexes: Vec<ByteRange> =
        chunks.flat_map(|chunk| [chunk.offset_index_range, chunk.column_index_range]).flatten().collect();
    // The leading magic is not looked at, and a scan of everything needs no index.
    let is_needed = |at: u64| at >= 4 && !indexes.iter().any(|range| (range.offset..range.end()).contains(&at));
    for at in 0..file.len() {
        let changed = flipped(&file, at);
        let metadata = open(&changed, footer_key());
        let rows = metadata.and_then(|metadata| scan(&changed, metadata, ScanOptions::default()));
        match rows {
            Ok(scan) => assert!(!is_needed(at as u64) && scan.row_count() == 200, "byte {at}"),
            Err(error) => assert!(is_needed(at as u64), "byte {at}: {error}"),
        }
    }
}

#[test]
fn keys_do_no_harm_to_a_file_in_plain_text() {
    let file = three_columns().write().bytes;
    assert_reads(&file, &all_keys().with_aad_prefix("name"), &ScanOptions::default(), Feed::Asked);
}

fn pages(metadata: &Metadata, row_group: usize, column: usize) -> Vec<PageLocation> {
    metadata.chunk(row_group, column).unwrap().offset_index().expect("an offset index").pages.clone()
}

fn flipped(file: &Bytes, at: usize) -> Bytes {
    let mut changed = file.to_vec();
    changed[at] ^= 0x10;
    changed.into()
}

fn swapped(file: &Bytes, one: PageLocation, other: PageLocation) -> Bytes {
    assert_eq!(one.compressed_bytes, other.compressed_bytes);
    let place = |page: PageLocation| page.offset as usize..(page.offset + page.compressed_bytes) as usize;
    let mut changed = file.to_vec();
    changed[place(one)].copy_from_slice(&file[place(other)]);
    changed[place(other)].copy_from_slice(&file[place(one)]);
    changed.into()
}
