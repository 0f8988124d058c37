//! How the bytes arrive makes no difference: the same file pushed whole, by range, in pieces of any size and order,
//! byte by byte, backwards, twice, by `push` and by `push_copy`, gives the same batches and the same final metrics.

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

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::Compression;
use pqpush::{ByteRange, Decoder, ErrorKind, Metadata, MetadataDecoder, Metrics, ScanOptions, Step, StringType};

use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls, Values};
use support::handmade;
use support::host::{By, Feed, Scan, metadata, metadata_options, metadata_with, quick_feeds, scan_metadata, scan_with};
use support::kinds::{Kind, Lengths};

/// What has to be the same however bytes arrive: what was decoded, not what was asked for in how many steps.
fn decoded(metrics: Metrics) -> Metrics {
    Metrics { bytes_requested: 0, bytes_pushed: 0, buffered_peak_bytes: 0, ..metrics }
}

fn assert_same(scan: &Scan, first: &Scan, context: &str) {
    assert_eq!(scan.schema, first.schema, "schema: {context}");
    assert_eq!(scan.rows(), first.rows(), "rows: {context}");
    let groups = |scan: &Scan| scan.batches.iter().map(|batch| batch.row_group).collect::<Vec<_>>();
    assert_eq!(groups(scan), groups(first), "row groups: {context}");
    assert_eq!(decoded(scan.metrics), decoded(first.metrics), "metrics: {context}");
}

fn columns(codec: Compression) -> Vec<ColumnSpec> {
    let column = |name: &str, kind, nulls, coding| ColumnSpec::new(name, kind, nulls, coding).with_codec(codec);
    vec![
        column("a", Kind::Int64, Nulls::Required, Coding::Plain),
        column("b", Kind::Utf8, Nulls::Random(20), Coding::DictionaryFallback),
        column("c", Kind::Bool, Nulls::Runs, Coding::Plain),
        column("d", Kind::Int32, Nulls::Alternating, Coding::Dictionary).with_values(Values::Few(9), Lengths::Short),
    ]
}

fn spec(rows: usize, page_rows: usize, codec: Compression) -> FileSpec {
    FileSpec::new(columns(codec), rows, page_rows)
}

fn options_to_try() -> Vec<ScanOptions> {
    let all = ScanOptions { batch_rows: 130, ..ScanOptions::default() };
    let some = Some(vec!["b".to_owned(), "d".to_owned()]);
    vec![
        ScanOptions { string_type: StringType::Utf8View, ..all.clone() },
        ScanOptions { columns: some, offset: 333, limit: Some(501), ..all.clone() },
        ScanOptions { row_groups: Some(vec![2, 0]), max_buffered_bytes: Some(3000), ..all.clone() },
        ScanOptions { columns: Some(Vec::new()), ..all.clone() },
        ScanOptions { coalesce_gap: 500, offset: 450, ..all.clone() },
        all,
    ]
}

#[test]
fn every_feed_gives_the_same() {
    for (page_index, v2, codec) in [(true, false, Compression::SNAPPY), (false, true, Compression::UNCOMPRESSED)] {
        let mut spec = spec(1000, 70, codec);
        (spec.page_index, spec.v2, spec.row_group_rows) = (page_index, v2, 400);
        let file = spec.write().bytes;
        for options in options_to_try() {
            let first = scan_with(&file, options.clone(), Feed::Asked, By::Push).expect("a readable file");
            for feed in quick_feeds(7).into_iter().chain(quick_feeds(8)) {
                for by in [By::Push, By::PushCopy] {
                    let context = format!("{options:?} {feed:?} {by:?} page index {page_index}");
                    let scan =
                        scan_with(&file, options.clone(), feed, by).unwrap_or_else(|e| panic!("{e:?}: {context}"));
                    assert_same(&scan, &first, &context);
                }
            }
        }
    }
}

#[test]
fn byte_by_byte_gives_the_same() {
    for page_index in [true, false] {
        let mut spec = spec(120, 25, Compression::SNAPPY);
        (spec.page_index, spec.row_group_rows) = (page_index, 70);
        let file = spec.write().bytes;
        for max_buffered_bytes in [None, Some(400)] {
            let options = ScanOptions { batch_rows: 40, max_buffered_bytes, ..ScanOptions::default() };
            let first = scan_with(&file, options.clone(), Feed::Asked, By::Push).expect("a readable file");
            assert_eq!(first.row_count(), 120);
            for feed in [Feed::ByteByByte, Feed::ByteByByteBackwards] {
                for by in [By::Push, By::PushCopy] {
                    let context = format!("{feed:?} {by:?} page index {page_index} {max_buffered_bytes:?}");
                    let scan =
                        scan_with(&file, options.clone(), feed, by).unwrap_or_else(|e| panic!("{e:?}: {context}"));
                    assert_same(&scan, &first, &context);
                }
            }
        }
    }
}

/// Every byte pushed before the first step, one at a time, in three orders.
#[test]
fn single_bytes_before_the_first_step_give_the_same() {
    let mut spec = spec(300, 50, Compression::UNCOMPRESSED);
    spec.row_group_rows = 200;
    let file = spec.write().bytes;
    let metadata = metadata(&file).expect("readable metadata");
    let options = ScanOptions { batch_rows: 64, ..ScanOptions::default() };
    let first =
        scan_metadata(&file, metadata.clone(), options.clone(), Feed::Asked, By::Push).expect("a readable file");
    let forwards: Vec<usize> = (0..file.len()).collect();
    let backwards = forwards.iter().rev().copied().collect();
    // 7919 is a prime that does not divide the length, so every place comes once.
    assert_ne!(file.len() % 7919, 0);
    let scattered = forwards.iter().map(|index| index * 7919 % file.len()).collect();
    for order in [forwards, backwards, scattered] {
        let mut decoder = Decoder::new(metadata.clone(), options.clone()).expect("good options");
        for index in order {
            decoder.push(index as u64, file.slice(index..index + 1)).expect("a byte of the file");
        }
        let mut rows = Vec::new();
        while let Step::Batch(batch) = decoder.try_decode().expect("a readable file") {
            rows.push(batch.rows);
        }
        assert!(matches!(decoder.try_decode(), Ok(Step::Finished)));
        assert_eq!(rows.iter().collect::<Vec<_>>(), first.rows());
    }
}

fn shown(metadata: &Arc<Metadata>) -> String {
    format!("{metadata:?}")
}

#[test]
fn metadata_is_the_same_however_it_arrives() {
    for page_index in [true, false] {
        let mut spec = spec(500, 20, Compression::SNAPPY);
        (spec.page_index, spec.row_group_rows) = (page_index, 130);
        let file = spec.write().bytes;
        let first = shown(&metadata(&file).expect("readable metadata"));
        for hint in [0, 1, 8, 100, 64 * 1024, u64::MAX] {
            let options = pqpush::MetadataOptions { footer_size_hint: hint, ..metadata_options() };
            let bytewise = [Feed::ByteByByte, Feed::ByteByByteBackwards];
            for feed in quick_feeds(3).into_iter().chain(bytewise) {
                let found = metadata_with(&file, options.clone(), feed);
                let found = found.unwrap_or_else(|error| panic!("{error:?}: {feed:?} hint {hint}"));
                assert_eq!(shown(&found), first, "{feed:?} hint {hint} page index {page_index}");
            }
        }
    }
}

/// Metadata from bytes pushed unasked, in two pieces that meet anywhere.
#[test]
fn a_speculative_push_needs_nothing_more() {
    let file = spec(500, 20, Compression::SNAPPY).write().bytes;
    let first = shown(&metadata(&file).expect("readable metadata"));
    let mut decoder = MetadataDecoder::new(file.len() as u64, metadata_options()).expect("a file length");
    let tail = file.len() - file.len() / 2;
    decoder.push(tail as u64, file.slice(tail..)).expect("bytes of the file");
    decoder.push(0, file.slice(..tail)).expect("bytes of the file");
    match decoder.try_decode().expect("readable metadata") {
        pqpush::MetadataStep::Finished(metadata) => assert_eq!(shown(&metadata), first),
        pqpush::MetadataStep::NeedsData(ranges) => panic!("{ranges:?} were pushed"),
    }
}

/// Batches are the caller's: they stay as they are when the decoder and the metadata are gone, and keep no file bytes
/// from being dropped by the caller.
#[test]
fn batches_outlive_the_decoder() {
    let spec = spec(400, 50, Compression::UNCOMPRESSED);
    let options = ScanOptions { string_type: StringType::Utf8View, batch_rows: 90, ..ScanOptions::default() };
    let file = spec.write().bytes;
    let kept = scan_with(&file, options.clone(), Feed::Whole, By::Push).expect("a readable file");
    let copy = Bytes::copy_from_slice(&file);
    let scan = scan_with(&copy, options, Feed::Whole, By::Push).expect("a readable file");
    drop(copy);
    assert_eq!(scan.rows(), kept.rows());
}

/// Bytes that contradict what was pushed are refused, and the refusal changes nothing.
#[test]
fn a_refused_push_changes_nothing() {
    let file = spec(200, 50, Compression::UNCOMPRESSED).write().bytes;
    let options = ScanOptions::default();
    let first = scan_with(&file, options.clone(), Feed::Asked, By::Push).expect("a readable file");
    let mut decoder = Decoder::new(metadata(&file).expect("readable metadata"), options).expect("good options");
    let Ok(Step::NeedsData(ranges)) = decoder.try_decode() else { panic!("nothing was pushed yet") };
    let range = ranges[0];
    let half = ByteRange { offset: range.offset, length: range.length / 2 };
    let bytes = |range: ByteRange| file.slice(range.offset as usize..range.end() as usize);
    decoder.push(half.offset, bytes(half)).expect("bytes of the file");
    let held = decoder.buffered_bytes();
    let mut wrong = bytes(half).to_vec();
    *wrong.last_mut().expect("a byte") ^= 1;
    let error = decoder.push(half.offset, Bytes::from(wrong)).expect_err("contradicting bytes");
    assert_eq!((error.kind(), error.file_offset()), (ErrorKind::InvalidArgument, Some(half.end() - 1)));
    assert_eq!(decoder.buffered_bytes(), held);
    let past_the_end = decoder.push(file.len() as u64, Bytes::from_static(b"x")).expect_err("no byte of the file");
    assert_eq!(past_the_end.kind(), ErrorKind::InvalidArgument);
    decoder.push(0, file.clone()).expect("the whole file agrees");
    let mut rows = Vec::new();
    while let Step::Batch(batch) = decoder.try_decode().expect("a readable file") {
        rows.push(batch.rows);
    }
    assert_eq!(rows.iter().collect::<Vec<_>>(), first.rows());
}

/// Empty pushes are nothing, anywhere.
#[test]
fn empty_pushes_do_nothing() {
    let file = handmade::file(
        2,
        vec![handmade::Column::new(
            "n",
            handmade::INT32,
            vec![handmade::data_v1(2, handmade::PLAIN, handmade::plain_i32(&[1, 2]))],
        )],
    );
    let mut decoder =
        Decoder::new(metadata(&file).expect("readable metadata"), ScanOptions::default()).expect("options");
    for offset in [0, 10, file.len() as u64] {
        decoder.push(offset, Bytes::new()).expect("an empty push");
        decoder.push_copy(offset, &[]).expect("an empty push");
    }
    assert_eq!(decoder.buffered_bytes(), 0);
    decoder.push(0, file.clone()).expect("bytes of the file");
    let Ok(Step::Batch(batch)) = decoder.try_decode() else { panic!("a batch is due") };
    assert_eq!(batch.rows.num_rows(), 2);
    assert!(matches!(decoder.try_decode(), Ok(Step::Finished)));
}

/// After the end a push is a mistake of the caller, and the end stays the end.
#[test]
fn a_push_after_the_end_is_refused() {
    let file = spec(100, 50, Compression::UNCOMPRESSED).write().bytes;
    let mut decoder =
        Decoder::new(metadata(&file).expect("readable metadata"), ScanOptions::default()).expect("options");
    decoder.push(0, file.clone()).expect("bytes of the file");
    while !matches!(decoder.try_decode().expect("a readable file"), Step::Finished) {}
    let error = decoder.push(0, file.clone()).expect_err("a push after the end");
    assert_eq!(error.kind(), ErrorKind::InvalidState);
    assert_eq!(decoder.push_copy(0, &file).expect_err("a push after the end").kind(), ErrorKind::InvalidState);
    assert!(matches!(decoder.try_decode(), Ok(Step::Finished)));
}
