//! Page checksums: verified where the host asks for that, over the bytes of the body as they lie in the file, and told with
//! the place of the page.

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

use std::fs;

use arrow_array::Array;
use bytes::Bytes;
use pqpush::{Error, ErrorKind, Result, ScanOptions};

use support::compare::{assert_values, reference, whole_columns};
use support::corpus::corpus;
use support::handmade::{self, Column, INT32, PLAIN, Page, RLE, RLE_DICTIONARY, page_claiming};
use support::host::{By, Feed, Scan, metadata, scan, scan_with};
use support::thrift::Struct;

/// CRC-32 bit by bit, as RFC 1952 has it.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

/// A page of `kind` with `checksum`, `inner` being field `id` of its header.
fn page(kind: i32, checksum: u32, body: Vec<u8>, id: i16, inner: Struct) -> Page {
    let size = body.len() as i32;
    page_claiming(kind, (size, size), body, |header| header.i32(4, checksum as i32).nested(id, inner))
}

/// A dictionary and two data pages of two rows, of version 1 and 2; the body of page `wrong` does not match its checksum.
fn dictionary_column(wrong: Option<usize>) -> Column {
    let bodies = [
        handmade::plain_i32(&[40, 50, 60]),
        handmade::indexes(&[2, 0], 2),
        [handmade::levels(&[1, 1]), handmade::indexes(&[1, 1], 2)].concat(),
    ];
    let level_bytes = handmade::levels(&[1, 1]).len() as i32;
    let prefixed = [&level_bytes.to_le_bytes()[..], &handmade::levels(&[1, 1]), &bodies[1]].concat();
    let checksum = |page: usize, body: &[u8]| crc32(body) ^ u32::from(wrong == Some(page)) << 31;
    let dictionary = Struct::new().i32(1, 3).i32(2, PLAIN);
    let v1 = Struct::new().i32(1, 2).i32(2, RLE_DICTIONARY).i32(3, RLE).i32(4, RLE);
    let v2 = Struct::new().i32(1, 2).i32(2, 0).i32(3, 2).i32(4, RLE_DICTIONARY).i32(5, level_bytes).i32(6, 0);
    let mut dictionary = page(2, checksum(0, &bodies[0]), bodies[0].clone(), 7, dictionary);
    dictionary.dictionary = true;
    let pages = vec![
        dictionary,
        page(0, checksum(1, &prefixed), prefixed.clone(), 5, v1),
        page(3, checksum(2, &bodies[2]), bodies[2].clone(), 8, v2.bool(7, false)),
    ];
    Column::new("n", INT32, pages).optional()
}

fn verified() -> ScanOptions {
    ScanOptions { verify_checksums: true, ..ScanOptions::default() }
}

fn numbers(scan: Result<Scan>) -> Vec<Option<i32>> {
    use arrow_array::{cast::AsArray, types::Int32Type};
    whole_columns(&scan.expect("rows"))[0].as_primitive::<Int32Type>().iter().collect()
}

#[test]
fn pages_of_every_kind_are_verified() {
    let expected = [60, 40, 50, 50].map(Some);
    let good = handmade::file(4, vec![dictionary_column(None)]);
    for feed in [Feed::Asked, Feed::Whole, Feed::ByteByByte] {
        assert_eq!(numbers(scan_with(&good, verified(), feed, By::Push)), expected);
    }
    for wrong in 0..3 {
        let column = dictionary_column(Some(wrong));
        let sizes = column.chunks[0].pages.iter().map(|page| page.header.len() + page.body.len());
        let offset = 4 + sizes.take(wrong).sum::<usize>();
        let file = handmade::file(4, vec![column]);
        assert_eq!(numbers(scan(&file, ScanOptions::default())), expected, "nobody asked for page {wrong}");
        for feed in [Feed::Asked, Feed::ByteByByte] {
            let error = scan_with(&file, verified(), feed, By::Push).map(drop).unwrap_err();
            assert_eq!((error.kind(), error.file_offset()), (ErrorKind::Checksum, Some(offset as u64)), "{error}");
            assert_eq!((error.row_group(), error.column()), (Some(0), Some(0)));
        }
    }
}

#[test]
fn a_page_that_is_not_decoded_is_not_verified() {
    let file = handmade::file(4, vec![dictionary_column(Some(1))]);
    let last = ScanOptions { offset: 2, ..verified() };
    assert_eq!(numbers(scan(&file, last)), [Some(50), Some(50)]);
    let file = handmade::file(4, vec![dictionary_column(Some(2))]);
    let first = ScanOptions { limit: Some(2), ..verified() };
    assert_eq!(numbers(scan(&file, first)), [Some(60), Some(40)]);
}

#[test]
fn a_page_without_a_checksum_is_read() {
    let page = handmade::data_v1(2, PLAIN, handmade::plain_i32(&[7, 8]));
    let file = handmade::file(2, vec![Column::new("n", INT32, vec![page])]);
    assert_eq!(numbers(scan(&file, verified())), [Some(7), Some(8)]);
}

fn corpus_file(name: &str) -> Option<Bytes> {
    Some(fs::read(corpus()?.join("parquet-testing/data").join(name)).expect("a file of the corpus").into())
}

#[test]
fn good_files_of_the_corpus_have_good_checksums() {
    for name in [
        "datapage_v1-uncompressed-checksum.parquet",
        "datapage_v1-snappy-compressed-checksum.parquet",
        "plain-dict-uncompressed-checksum.parquet",
        "rle-dict-snappy-checksum.parquet",
    ] {
        let Some(file) = corpus_file(name) else { return };
        let found = whole_columns(&scan(&file, verified()).expect(name));
        let expected = reference(&file, &ScanOptions::default()).columns;
        assert!(found.len() == 2 && !found[0].is_empty(), "{name}");
        found.iter().zip(&expected).for_each(|(ours, theirs)| assert_values(ours, theirs, name));
    }
}

/// The error of reading one column of a file.
fn column_error(file: &Bytes, column: &str) -> Error {
    let options = ScanOptions { columns: Some(vec![column.to_owned()]), ..verified() };
    scan(file, options).map(drop).unwrap_err()
}

#[test]
fn corrupt_files_of_the_corpus_are_told() {
    let name = "datapage_v1-corrupt-checksum.parquet";
    let Some(file) = corpus_file(name) else { return };
    let chunks = |file: &Bytes| -> Vec<u64> {
        let metadata = metadata(file).unwrap();
        let chunks = metadata.chunks(0).map(Result::unwrap);
        chunks.map(|chunk| chunk.byte_range(metadata.file_length).unwrap().offset).collect()
    };
    let starts = chunks(&file);
    let (a, b) = (column_error(&file, "a"), column_error(&file, "b"));
    assert_eq!((a.kind(), a.column(), a.file_offset()), (ErrorKind::Checksum, Some(0), Some(starts[0])));
    assert_eq!((b.kind(), b.column()), (ErrorKind::Checksum, Some(1)));
    assert!(b.file_offset().is_some_and(|offset| offset > starts[1]), "the second page of b: {b}");
    let Some(file) = corpus_file("rle-dict-uncompressed-corrupt-checksum.parquet") else { return };
    let starts = chunks(&file);
    for (ordinal, column) in ["long_field", "binary_field"].into_iter().enumerate() {
        let error = column_error(&file, column);
        let place = (error.column(), error.row_group(), error.file_offset());
        assert_eq!((error.kind(), place), (ErrorKind::Checksum, (Some(ordinal), Some(0), Some(starts[ordinal]))));
    }
}
