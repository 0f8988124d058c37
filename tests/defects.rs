//! Known defects of another push decoder, D1 to D18, each shown right here as far as it concerns metadata, push
//! buffers and scans. The files are made byte by byte, because no sane writer gives them.

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

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, BooleanArray, Int32Array};
use bytes::Bytes;
use pqpush::predicate::{Comparison, Predicate, RowCallback};
use pqpush::{Decoder, Error, ErrorKind, MetadataDecoder, ScanOptions, Step, StringType};

use support::handmade::*;
use support::host::{By, Feed, Scan, metadata, metadata_options, scan, scan_with};
use support::memory;
use support::thrift::{self, Struct};

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

fn file_of(rows: i64, pages: Vec<Page>) -> Bytes {
    file(rows, vec![Column::new("n", INT32, pages).chunk(|chunk| chunk.value_count = Some(rows))])
}

fn options(offset: u64, limit: Option<u64>) -> ScanOptions {
    ScanOptions { offset, limit, batch_rows: 10, ..ScanOptions::default() }
}

/// The values of an INT32 column, all rows.
fn values(scan: &Scan, column: usize) -> Vec<Option<i32>> {
    scan.rows().iter().flat_map(|rows| rows.column(column).as_primitive::<Int32Type>().iter()).collect()
}

fn some(range: std::ops::Range<i32>) -> Vec<Option<i32>> {
    range.map(Some).collect()
}

fn plain_page(range: std::ops::Range<i32>) -> Page {
    data_v1(range.len() as i32, PLAIN, plain_i32(&range.collect::<Vec<_>>()))
}

/// The error of a scan of `file`, which must stay the decoder's answer and be the same however bytes arrive.
fn error_of(file: &Bytes, options: &ScanOptions) -> Error {
    let of = |feed| scan_with(file, options.clone(), feed, By::Push).expect_err("a file that cannot be read");
    let error = of(Feed::Asked);
    for feed in [Feed::Whole, Feed::Shuffled(5)] {
        assert_eq!(of(feed).to_string(), error.to_string(), "{feed:?}");
    }
    error
}

/// The kind of the error, which must name the only column of the only row group, and an offset inside the file.
fn placed(file: &Bytes, options: &ScanOptions) -> ErrorKind {
    let error = error_of(file, options);
    assert_eq!((error.row_group(), error.column()), (Some(0), Some(0)), "{error:?}");
    assert!(error.file_offset().is_some_and(|offset| offset < file.len() as u64), "{error:?}");
    error.kind()
}

/// After a decode error the same error comes again; it never turns into the end of the scan.
#[test]
fn d01_errors_stick() {
    let broken = data_v1(10, RLE_DICTIONARY, indexes(&[9; 8], 4));
    let file = file_of(20, vec![plain_page(0..10), broken]);
    let mut decoder = Decoder::new(metadata(&file).expect("metadata"), options(0, None)).expect("good options");
    decoder.push(0, file.clone()).expect("bytes of the file");
    let step = decoder.try_decode().expect("the first page is whole");
    let Step::Batch(batch) = step else { panic!("{step:?} instead of the first page") };
    assert_eq!(batch.rows.num_rows(), 10);
    let first = decoder.try_decode().expect_err("a broken page");
    for _ in 0..3 {
        assert_eq!(decoder.try_decode().expect_err("a broken page").to_string(), first.to_string());
        let push = decoder.push(0, file.clone()).expect_err("a push after an error");
        assert_eq!(push.kind(), first.kind());
    }
}

/// A refused push is not the end of the scan: the right bytes go on.
#[test]
fn d01_a_refused_push_is_not_the_end() {
    let file = file_of(10, vec![plain_page(0..10)]);
    let mut decoder = Decoder::new(metadata(&file).expect("metadata"), options(0, None)).expect("good options");
    decoder.push(4, file.slice(4..9)).expect("bytes of the file");
    decoder.push(4, Bytes::from_static(b"wrong")).expect_err("contradicting bytes");
    decoder.push(0, file.clone()).expect("bytes of the file");
    let step = decoder.try_decode().expect("a readable file");
    assert!(matches!(step, Step::Batch(batch) if batch.rows.num_rows() == 10));
}

/// A predicate that fails.
struct Failing;

impl RowCallback for Failing {
    fn eval_rows(&self, _columns: &[ArrayRef]) -> pqpush::Result<BooleanArray> {
        let no_literal: ArrayRef = Arc::new(Int32Array::from(Vec::<i32>::new()));
        Err(Predicate::compare("n", Comparison::Equal, no_literal).expect_err("no literal"))
    }
}

/// Nor is the failure of a predicate the end of the scan.
#[test]
fn d01_failures_of_predicates_stick() {
    let file = file_of(10, vec![plain_page(0..10)]);
    let predicates = vec![Predicate::callback(vec!["n".to_owned()], Arc::new(Failing))];
    let options = ScanOptions { predicates, ..options(0, None) };
    let mut decoder = Decoder::new(metadata(&file).expect("metadata"), options).expect("good options");
    decoder.push(0, file.clone()).expect("bytes of the file");
    for _ in 0..3 {
        let error = decoder.try_decode().expect_err("a predicate that fails");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error:?}");
    }
}

/// A column without offset index beside one that has one, under offset and limit.
#[test]
fn d02_an_offset_index_for_some_columns_only() {
    let pages = || vec![plain_page(0..10), plain_page(10..20), plain_page(20..30)];
    let with_index =
        |index: Option<Vec<i64>>| move |chunk: &mut Chunk| (chunk.value_count, chunk.offset_index) = (Some(30), index);
    let indexed = Column::new("a", INT32, pages()).chunk(with_index(Some(vec![0, 10, 20])));
    let bare = Column::new("b", INT32, pages()).chunk(with_index(None));
    for columns in [vec![indexed.clone(), bare.clone()], vec![bare.clone(), indexed.clone()], vec![indexed, bare]] {
        let file = file(30, columns);
        for (offset, limit) in [(0, 5), (12, 6), (9, 12), (25, 100)] {
            let scan = scan(&file, options(offset, Some(limit))).expect("a readable file");
            let end = (offset + limit).min(30) as i32;
            for column in [0, 1] {
                assert_eq!(values(&scan, column), some(offset as i32..end), "offset {offset} limit {limit}");
            }
        }
    }
}

/// A footer longer than the file.
#[test]
fn d03_a_footer_longer_than_the_file() {
    let file = file_of(10, vec![plain_page(0..10)]);
    for length in [file.len() as u32 - 11, file.len() as u32, 0x7fff_ffff, u32::MAX] {
        let mut bytes = file.to_vec();
        let place = bytes.len() - 8;
        bytes[place..place + 4].copy_from_slice(&length.to_le_bytes());
        let error = metadata(&Bytes::from(bytes)).expect_err("a footer that does not fit");
        assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Truncated), "{length}: {error:?}");
    }
    for length in 0..12 {
        let bytes = Bytes::from(vec![b'1'; length]);
        let decoder = MetadataDecoder::new(length as u64, metadata_options());
        let error = decoder.and_then(|_| metadata(&bytes)).expect_err("no Parquet file is so short");
        assert!(matches!(error.kind(), ErrorKind::NotParquet | ErrorKind::Truncated), "{length}: {error:?}");
    }
}

/// Dictionary indexes without a dictionary page.
#[test]
fn d04_a_missing_dictionary_page() {
    for encoding in [RLE_DICTIONARY, PLAIN_DICTIONARY] {
        let page = data_v1(8, encoding, indexes(&[0; 8], 1));
        assert_eq!(placed(&file_of(8, vec![page]), &options(0, None)), ErrorKind::Corrupt);
    }
}

/// A row group that is not there.
#[test]
fn d05_a_row_group_out_of_range() {
    let file = file_of(10, vec![plain_page(0..10)]);
    for row_groups in [vec![1], vec![0, 1], vec![u32::MAX]] {
        let options = ScanOptions { row_groups: Some(row_groups), ..ScanOptions::default() };
        let refused = Decoder::new(metadata(&file).expect("metadata"), options).err().expect("no such row group");
        assert_eq!(refused.kind(), ErrorKind::InvalidArgument, "{refused:?}");
    }
}

/// BIT_PACKED definition levels of version 1: cut off, and whole.
#[test]
fn d06_bit_packed_definition_levels() {
    let column = |body: Vec<u8>| {
        let length = body.len();
        let page = data_v1_with_levels(20, PLAIN, BIT_PACKED, length, body);
        file(20, vec![Column::new("n", INT32, vec![page]).optional().chunk(|chunk| chunk.value_count = Some(20))])
    };
    for bytes in 0..3 {
        assert_eq!(placed(&column(vec![0xff; bytes]), &options(0, None)), ErrorKind::Corrupt, "{bytes} bytes");
    }
    // Bits from the most significant: rows 0 and 2 are there, then 8 to 15.
    let body = [vec![0b1010_0000, 0xff, 0], plain_i32(&(0..10).collect::<Vec<_>>())].concat();
    let expected = [vec![Some(0), None, Some(1)], vec![None; 5], some(2..10), vec![None; 4]].concat();
    assert_eq!(values(&scan(&column(body), options(0, None)).expect("a readable file"), 0), expected);
}

/// Version 2 pages whose levels claim more bytes than the page has, or fewer than none.
#[test]
fn d07_level_lengths_past_the_page() {
    let body = [levels(&[1; 8]), plain_i32(&[7; 8])].concat();
    let lengths =
        [(body.len() as i32 + 1, 0), (i32::MAX, 0), (-1, 0), (2, i32::MAX), (2, -1), (0, 40), (i32::MIN, i32::MIN)];
    for (level_bytes, repetition_bytes) in lengths {
        let header = V2 { level_bytes, repetition_bytes, ..V2::new(8, 0, PLAIN, 2) };
        let column = Column::new("n", INT32, vec![data_v2(header, body.clone())]).optional();
        let file = file(8, vec![column.chunk(|chunk| chunk.value_count = Some(8))]);
        let kind = placed(&file, &options(0, None));
        assert_eq!(kind, ErrorKind::Corrupt, "{level_bytes} and {repetition_bytes}");
    }
}

/// A DELTA_BYTE_ARRAY column of eight rows whose values share and add so many bytes; `own` is what they add.
fn delta_byte_array(prefixes: [i64; 8], suffixes: [i64; 8], own: &[u8]) -> Bytes {
    let lengths = |lengths: &[i64]| delta_binary_packed(lengths, 32, 4);
    let page = data_v1(8, DELTA_BYTE_ARRAY, [lengths(&prefixes), lengths(&suffixes), own.to_vec()].concat());
    let column = Column::new("s", BYTE_ARRAY, vec![page]).converted(UTF8);
    file(8, vec![column.chunk(|chunk| chunk.value_count = Some(8))])
}

/// What a string column is read as, and refused as, under each type of strings, from the front and from the middle.
fn string_options() -> impl Iterator<Item = ScanOptions> {
    let types = [StringType::Utf8, StringType::LargeUtf8, StringType::Utf8View];
    types.into_iter().flat_map(|string_type| [0, 5].map(|offset| ScanOptions { string_type, ..options(offset, None) }))
}

/// DELTA_BYTE_ARRAY with a suffix of negative length, or suffixes that pass the page.
#[test]
fn d08_delta_byte_array_with_a_suffix_that_cannot_be() {
    for last in [-1, i32::MIN as i64, 4, i32::MAX as i64] {
        let file = delta_byte_array([0; 8], [1, 1, 1, 1, 1, 1, 1, last], b"abcdefghij");
        for options in string_options() {
            assert_eq!(placed(&file, &options), ErrorKind::Corrupt, "{last}");
        }
    }
}

/// DELTA_BYTE_ARRAY with a prefix longer than the value before it, or negative; and the same with one that fits.
#[test]
fn d09_delta_byte_array_with_a_prefix_that_cannot_be() {
    for prefix in [-1, i32::MIN as i64, 4, 1000, i32::MAX as i64] {
        for place in [0, 1, 4] {
            let mut prefixes = [0, 1, 2, 2, 2, 2, 0, 1];
            prefixes[place] = prefix;
            let file = delta_byte_array(prefixes, [3, 2, 1, 1, 1, 1, 3, 2], b"abcbbcdefxyzyy");
            for options in string_options() {
                assert_eq!(placed(&file, &options), ErrorKind::Corrupt, "{prefix} at {place}");
            }
        }
    }
    let file = delta_byte_array([0, 1, 2, 2, 2, 2, 0, 1], [3, 2, 1, 1, 1, 1, 3, 2], b"abcbbcdefxyzyy");
    let expected = ["abc", "abb", "abc", "abd", "abe", "abf", "xyz", "xyy"];
    for offset in 0..8 {
        let scan = scan(&file, options(offset, None)).expect("a readable file");
        let found = scan.rows()[0].column(0).as_string::<i32>();
        assert_eq!(found.iter().flatten().collect::<Vec<_>>(), expected[offset as usize..]);
    }
}

/// Pages without values, one and several, at the front, in the middle, at the end, at the edge of a batch.
#[test]
fn d10_pages_without_values() {
    let empty_v1 = || data_v1(0, PLAIN, Vec::new());
    let empty_v2 = || data_v2(V2::new(0, 0, PLAIN, 0), Vec::new());
    let arrangements = [
        vec![empty_v1(), empty_v1(), plain_page(0..10), plain_page(10..20)],
        vec![plain_page(0..10), empty_v1(), empty_v2(), empty_v1(), plain_page(10..20)],
        vec![plain_page(0..5), empty_v2(), empty_v2(), plain_page(5..20)],
        vec![empty_v2(), plain_page(0..20), empty_v1(), empty_v1()],
    ];
    for pages in arrangements {
        let file = file_of(20, pages);
        let scan = scan(&file, options(0, None)).expect("a readable file");
        assert_eq!(values(&scan, 0), some(0..20));
        assert_eq!(scan.batches.iter().map(|batch| batch.rows.num_rows()).collect::<Vec<_>>(), [10, 10]);
        for (offset, limit) in [(3, 4), (10, 10), (9, 2), (19, 5)] {
            let part = support::host::scan(&file, options(offset, Some(limit))).expect("a readable file");
            assert_eq!(values(&part, 0), some(offset as i32..(offset + limit).min(20) as i32));
        }
    }
}

/// A chunk with fewer, or more, values than the row group has rows: an error, never a short or long result.
#[test]
fn d11_more_or_fewer_values_than_rows() {
    for rows in [5, 15, 19, 21, 25, 100] {
        let wrong = Column::new("n", INT32, vec![plain_page(0..10), plain_page(10..20)]);
        for claimed in [20, rows] {
            let file = file(rows, vec![wrong.clone().chunk(|chunk| chunk.value_count = Some(claimed))]);
            let kind = error_of(&file, &options(0, None)).kind();
            assert_eq!(kind, ErrorKind::Corrupt, "{rows} rows, {claimed} values claimed");
        }
    }
}

/// Columns of different lengths in one row group: an error that names the short one.
#[test]
fn d11_columns_of_different_lengths() {
    let column = |name, range| Column::new(name, INT32, vec![plain_page(range)]).chunk(|c| c.value_count = Some(20));
    let file = file(20, vec![column("whole", 0..20), column("short", 0..19)]);
    let error = error_of(&file, &options(0, None));
    assert_eq!((error.kind(), error.column()), (ErrorKind::Corrupt, Some(1)), "{error:?}");
}

/// An INDEX_PAGE inside the chunk is passed over, by full scans and by those that skip.
#[test]
fn d12_an_index_page_in_the_chunk() {
    let page = || index_page(vec![1, 2, 3, 4, 5]);
    let file =
        file_of(30, vec![page(), plain_page(0..10), page(), page(), plain_page(10..20), plain_page(20..30), page()]);
    for (offset, limit) in [(0, None), (5, Some(3)), (12, Some(4)), (20, None), (29, Some(1))] {
        let scan = scan(&file, options(offset, limit)).expect("a readable file");
        let end = limit.map_or(30, |limit| offset + limit) as i32;
        assert_eq!(values(&scan, 0), some(offset as i32..end));
    }
}

/// A dictionary page offset of 0, or behind the data, is as if absent; the dictionary is found in front of the data.
#[test]
fn d13_a_dictionary_page_offset_that_cannot_be() {
    for claimed in [Some(0), Some(1_000_000), Some(-1), None] {
        let plain = Column::new("n", INT32, vec![plain_page(0..10)]);
        let plain = plain.chunk(|c| (c.value_count, c.dictionary_page_offset) = (Some(10), Some(claimed)));
        let scan = scan(&file(10, vec![plain]), options(0, None)).expect("a readable file");
        assert_eq!(values(&scan, 0), some(0..10), "{claimed:?}");
    }
    for claimed in [Some(0), None] {
        let pages = vec![dictionary(2, PLAIN, plain_i32(&[5, 6])), data_v1(8, RLE_DICTIONARY, indexes(&[1; 8], 1))];
        let coded = Column::new("n", INT32, pages).chunk(|chunk| {
            (chunk.value_count, chunk.dictionary_page_offset, chunk.data_page_offset) =
                (Some(8), Some(claimed), Some(4))
        });
        let scan = scan(&file(8, vec![coded]), options(0, None)).expect("a readable file");
        assert_eq!(values(&scan, 0), vec![Some(6); 8], "{claimed:?}");
    }
}

/// A repeated column at the top level, beside one that is not and that a predicate asks for, over a page border inside a
/// row.
#[test]
fn d14_a_repeated_column() {
    // Rows: [0, 1], [], [2, 3, 4], where the last one goes on in the second page.
    let levels = |levels: &[u8]| {
        let runs: Vec<u8> = levels.iter().flat_map(|level| [2, *level]).collect();
        [&(runs.len() as u32).to_le_bytes(), &runs[..]].concat()
    };
    let page = |repetition: &[u8], definition: &[u8], values| {
        data_v1(repetition.len() as i32, PLAIN, [levels(repetition), levels(definition), plain_i32(values)].concat())
    };
    let pages = vec![page(&[0, 1, 0, 0], &[1, 1, 0, 1], &[0, 1, 2]), page(&[1, 1], &[1, 1], &[3, 4])];
    let mut repeated = Column::new("many", INT32, pages).chunk(|chunk| chunk.value_count = Some(6));
    repeated.repeated = true;
    let flat = Column::new("n", INT32, vec![plain_page(0..3)]).chunk(|chunk| chunk.value_count = Some(3));
    let file = file(3, vec![repeated, flat]);
    let expected = [vec![0, 1], vec![], vec![2, 3, 4]];
    for (offset, limit) in [(0, None), (0, Some(2)), (1, None), (2, None), (1, Some(1))] {
        let scan = scan(&file, options(offset, limit)).expect("a readable file");
        let lists: Vec<Vec<i32>> = scan.batches.iter().flat_map(|batch| lists(batch.rows.column(0))).collect();
        let rows = offset as usize..limit.map_or(3, |limit| (offset + limit) as usize);
        assert_eq!(lists, expected[rows.clone()], "{rows:?}");
        assert_eq!(values(&scan, 1), some(rows.start as i32..rows.end as i32));
    }
    for (least, rows) in [(0, 0..3), (1, 1..3), (2, 2..3)] {
        let literal: ArrayRef = Arc::new(Int32Array::from(vec![least]));
        let predicate = Predicate::compare("n", Comparison::GreaterOrEqual, literal).expect("one literal");
        let options = ScanOptions { predicates: vec![predicate], ..options(0, None) };
        let scan = scan(&file, options).expect("a readable file");
        let lists: Vec<Vec<i32>> = scan.batches.iter().flat_map(|batch| lists(batch.rows.column(0))).collect();
        assert_eq!(lists, expected[rows.clone()], "n >= {least}");
        assert_eq!(values(&scan, 1), some(rows.start as i32..rows.end as i32));
    }
}

fn lists(array: &ArrayRef) -> Vec<Vec<i32>> {
    let lists = array.as_list::<i32>();
    lists.iter().map(|list| list.expect("no null").as_primitive::<Int32Type>().values().to_vec()).collect()
}

/// Two dictionary pages in one chunk: an error for every type.
#[test]
fn d15_two_dictionary_pages() {
    let numbers = || dictionary(2, PLAIN, plain_i32(&[5, 6]));
    let words = || dictionary(2, PLAIN, plain_bytes(&[b"a", b"bc"]));
    let coded = || data_v1(8, RLE_DICTIONARY, indexes(&[1; 8], 1));
    for (physical, first, second) in [(INT32, numbers(), numbers()), (BYTE_ARRAY, words(), words())] {
        for pages in [vec![first.clone(), second.clone(), coded()], vec![first, coded(), second, coded()]] {
            let rows = 8 * (pages.len() as i64 - 2);
            let column = Column::new("c", physical, pages).chunk(|chunk| chunk.value_count = Some(rows));
            assert_eq!(placed(&file(rows, vec![column]), &options(0, None)), ErrorKind::Corrupt);
        }
    }
}

/// DELTA_BINARY_PACKED with any size of miniblocks, from the front and with rows skipped.
#[test]
fn d16_delta_miniblocks_of_any_size() {
    let numbers: Vec<i64> = (0..1000).map(|row| row * row % 777 - 300).collect();
    for (miniblock, per_block) in [(32, 4), (64, 2), (128, 1), (96, 4), (256, 1), (256, 4), (1024, 2), (32, 64)] {
        let page = data_v1(1000, DELTA_BINARY_PACKED, delta_binary_packed(&numbers, miniblock, per_block));
        let file = file_of(1000, vec![page]);
        for (offset, limit) in [(0, None), (1, Some(5)), (129, Some(300)), (700, None), (999, None)] {
            let scan = scan(&file, options(offset, limit)).expect("a readable file");
            let chosen = numbers.iter().skip(offset as usize).take(limit.unwrap_or(1000) as usize);
            let expected: Vec<Option<i32>> = chosen.map(|number| Some(*number as i32)).collect();
            assert_eq!(values(&scan, 0), expected, "{per_block} miniblocks of {miniblock}, offset {offset}");
        }
    }
}

/// A delta stream that counts more values than any memory holds is not allocated for, and one that counts fewer than the
/// page has rows is an error.
#[test]
fn d17_delta_counts_are_not_trusted() {
    let zigzag_and_end = [0, 0, 0, 0, 0, 0];
    for count in [0u64, 1, 7, u32::MAX as u64, u64::MAX] {
        let body = [thrift::varint(128), vec![4], thrift::varint(count), zigzag_and_end.to_vec()].concat();
        let plain_delta = file_of(200, vec![data_v1(200, DELTA_BINARY_PACKED, body.clone())]);
        let strings = |encoding| {
            let column =
                Column::new("s", BYTE_ARRAY, vec![data_v1(200, encoding, [body.clone(), body.clone()].concat())]);
            file(200, vec![column.chunk(|chunk| chunk.value_count = Some(200))])
        };
        for file in [plain_delta, strings(DELTA_LENGTH_BYTE_ARRAY), strings(DELTA_BYTE_ARRAY)] {
            let base = memory::start();
            let error = scan_with(&file, ScanOptions::default(), Feed::Whole, By::Push).expect_err("too few values");
            let peak = memory::peak_over(base);
            assert!(peak < 4 << 20, "{count} values: {peak} bytes for {error:?}");
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{count} values: {error:?}");
        }
    }
}

/// Sizes and counts claimed by page headers are not allocated for before the bytes at hand bear them out.
#[test]
fn d17_claims_are_not_allocated() {
    const MOST: usize = 4 << 20;
    let data = |count: i32| Struct::new().i32(1, count).i32(2, PLAIN).i32(3, RLE).i32(4, RLE);
    let page = |sizes, count| page_claiming(0, sizes, plain_i32(&[1; 8]), |header| header.nested(5, data(count)));
    let entries = |count| {
        let inner = Struct::new().i32(1, count).i32(2, PLAIN);
        page_claiming(2, (32, 32), plain_i32(&[1; 8]), |header| header.nested(7, inner))
    };
    let arrangements = [
        ("page of 2 GiB", UNCOMPRESSED, vec![page((i32::MAX, i32::MAX), 8)]),
        ("uncompressed size of 2 GiB", SNAPPY, vec![page((i32::MAX, 32), 8)]),
        ("uncompressed size of 2 GiB", ZSTD, vec![page((i32::MAX, 32), 8)]),
        ("uncompressed size of 2 GiB", GZIP, vec![page((i32::MAX, 32), 8)]),
        ("uncompressed size of 2 GiB", BROTLI, vec![page((i32::MAX, 32), 8)]),
        ("uncompressed size of 2 GiB", LZ4, vec![page((i32::MAX, 32), 8)]),
        ("uncompressed size of 2 GiB", LZ4_RAW, vec![page((i32::MAX, 32), 8)]),
        ("two thousand million values", UNCOMPRESSED, vec![page((32, 32), i32::MAX)]),
        ("a negative number of values", UNCOMPRESSED, vec![page((32, 32), -8)]),
        ("negative sizes", UNCOMPRESSED, vec![page((-1, -1), 8)]),
        ("two thousand million entries", UNCOMPRESSED, vec![entries(i32::MAX), page((32, 32), 8)]),
    ];
    for (claim, codec, pages) in arrangements {
        for rows in [8, i32::MAX as i64, i64::MAX] {
            let column = Column::new("n", INT32, pages.clone()).codec(codec);
            let file = file(rows, vec![column.chunk(|chunk| chunk.value_count = Some(rows))]);
            let base = memory::start();
            let error = scan_with(&file, ScanOptions::default(), Feed::Whole, By::Push).expect_err(claim);
            let peak = memory::peak_over(base);
            assert!(peak < MOST, "{claim}, codec {codec}, {rows} rows: {peak} bytes for {error:?}");
            assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Truncated | ErrorKind::Limit), "{error:?}");
        }
    }
}

/// Lists in the footer that claim more elements than there are bytes are not allocated for.
#[test]
fn d17_footer_claims_are_not_allocated() {
    for id in [2, 4, 5, 7] {
        for count in [1_000_000_u64, u32::MAX as u64, i64::MAX as u64] {
            let footer = Struct::new().i32(1, 1).list_claiming(id, 12, count, Vec::new()).end();
            let file = end_file(b"PAR1".to_vec(), &footer);
            let base = memory::start();
            let error = metadata(&file).expect_err("a footer that claims too much");
            let peak = memory::peak_over(base);
            assert!(peak < 4 << 20, "field {id}, {count} elements: {peak} bytes for {error:?}");
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
        }
    }
}

/// Batches of no rows are refused, not taken for the end.
#[test]
fn d18_batches_of_no_rows() {
    let file = file_of(10, vec![plain_page(0..10)]);
    let options = ScanOptions { batch_rows: 0, ..ScanOptions::default() };
    let refused = Decoder::new(metadata(&file).expect("metadata"), options).err().expect("batches of no rows");
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
}
