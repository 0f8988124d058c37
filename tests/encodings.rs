//! The encodings that are neither PLAIN nor a dictionary: files written by the `parquet` crate, decoded here and by it.
//!
//! Each encoding with each type that the format allows, null shape, page version and way to arrive at a row (from the
//! front, by offset and limit, past whole pages), alone and behind a dictionary that was given up.

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

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use bytes::Bytes;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use pqpush::{ErrorKind, ScanOptions, StringType};

use support::compare::{assert_batches, assert_values, plain_strings, reference, whole_columns};
use support::fixture::{Coding, ColumnSpec, FileSpec, NULL_SHAPES, Nulls, Values};
use support::handmade::*;
use support::host::{By, Feed, quick_feeds, scan_with};
use support::kinds::{ALL, Kind, Lengths};
use support::random::Random;

const STRING_TYPES: [StringType; 3] = [StringType::Utf8, StringType::LargeUtf8, StringType::Utf8View];
const VALUES: [Values; 4] = [Values::Distinct, Values::Few(7), Values::Runs, Values::Constant];
const LENGTHS: [Lengths; 3] = [Lengths::Short, Lengths::OftenEmpty, Lengths::Long];

/// The kinds that the reference reads as they are written; INTERVAL is compared in the differential suite.
fn kinds() -> impl Iterator<Item = Kind> {
    ALL.iter().copied().filter(|kind| *kind != Kind::Interval)
}

fn check(spec: &FileSpec, options: &ScanOptions, feed: Feed) {
    let file = spec.write().bytes;
    let context = format!("{spec:?} {options:?} {feed:?}");
    let scan = scan_with(&file, options.clone(), feed, By::Push).unwrap_or_else(|error| panic!("{error:?}: {context}"));
    let expected = reference(&file, options);
    assert_batches(&scan, options.batch_rows, &context);
    assert_eq!(scan.row_count(), expected.rows, "rows: {context}");
    for (ours, expected) in whole_columns(&scan).iter().zip(&expected.columns) {
        assert_values(ours, expected, &context);
    }
}

#[test]
fn every_type_encoding_null_shape_and_page_version() {
    let mut seed = 0;
    for kind in kinds() {
        for encoding in kind.encodings() {
            for nulls in NULL_SHAPES {
                for v2 in [false, true] {
                    seed += 1;
                    let column = ColumnSpec::new("c", kind, *nulls, Coding::As(*encoding));
                    let values = VALUES[seed as usize % VALUES.len()];
                    let mut spec = FileSpec::new(vec![column.with_values(values, Lengths::Short)], 1100, 300);
                    (spec.v2, spec.seed, spec.page_index) = (v2, seed, seed % 2 == 0);
                    let options = ScanOptions { batch_rows: 257, ..ScanOptions::default() };
                    check(&spec, &options, Feed::Asked);
                }
            }
        }
    }
}

/// Each type in each encoding that the format allows, PLAIN and dictionaries among them, under each codec and in both page
/// versions.
#[test]
fn every_type_encoding_codec_and_page_version() {
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::LZ4_RAW,
        Compression::LZ4,
    ];
    let mut seed = 0;
    for kind in kinds() {
        let dictionary = kind.takes_dictionary().then_some(Coding::Dictionary);
        let others = kind.encodings().iter().map(|encoding| Coding::As(*encoding));
        for coding in [Coding::Plain].into_iter().chain(dictionary).chain(others) {
            for codec in codecs {
                for v2 in [false, true] {
                    seed += 1;
                    let nulls = if seed % 3 == 0 { Nulls::Required } else { Nulls::Random(20) };
                    let column = ColumnSpec::new("c", kind, nulls, coding).with_codec(codec);
                    let column = column.with_values(VALUES[seed as usize % VALUES.len()], Lengths::Short);
                    let mut spec = FileSpec::new(vec![column], 230, 90);
                    (spec.v2, spec.seed) = (v2, seed);
                    check(&spec, &ScanOptions { batch_rows: 100, ..ScanOptions::default() }, Feed::Asked);
                }
            }
        }
    }
}

#[test]
fn offset_and_limit_inside_pages() {
    for kind in kinds() {
        for encoding in kind.encodings() {
            for (nulls, page_index) in [(Nulls::Required, false), (Nulls::Random(20), true)] {
                let column = ColumnSpec::new("c", kind, nulls, Coding::As(*encoding));
                let mut spec = FileSpec::new(vec![column], 700, 260);
                spec.page_index = page_index;
                for (offset, limit) in [(1, 1), (31, 40), (33, 300), (129, 2), (255, 700), (520, 8), (699, 1)] {
                    for batch_rows in [7, 1000] {
                        let options = ScanOptions { offset, limit: Some(limit), batch_rows, ..ScanOptions::default() };
                        check(&spec, &options, Feed::Asked);
                    }
                }
            }
        }
    }
}

#[test]
fn a_dictionary_given_up_for_another_encoding() {
    for kind in kinds().filter(|kind| kind.takes_dictionary()) {
        for encoding in kind.encodings() {
            for nulls in [Nulls::Required, Nulls::Random(30)] {
                let column = ColumnSpec::new("c", kind, nulls, Coding::DictionaryThen(*encoding));
                let spec = FileSpec::new(vec![column], 900, 100);
                for (offset, batch_rows) in [(0, 128), (0, 1000), (450, 64)] {
                    check(&spec, &ScanOptions { offset, batch_rows, ..ScanOptions::default() }, Feed::Asked);
                }
            }
        }
    }
}

#[test]
fn every_string_type_and_value_shape() {
    for string_type in STRING_TYPES {
        for kind in [Kind::Utf8, Kind::Binary] {
            for encoding in kind.encodings() {
                for values in VALUES {
                    for lengths in LENGTHS {
                        let column = ColumnSpec::new("s", kind, Nulls::Random(20), Coding::As(*encoding));
                        let column = column.with_values(values, lengths).with_codec(Compression::SNAPPY);
                        let spec = FileSpec::new(vec![column], 1500, 700);
                        for offset in [0, 311] {
                            let options =
                                ScanOptions { batch_rows: 400, string_type, offset, ..ScanOptions::default() };
                            check(&spec, &options, Feed::Asked);
                        }
                    }
                }
            }
        }
    }
}

/// Strings whose buffers pass a megabyte in one batch.
#[test]
fn long_strings_in_long_batches() {
    for string_type in STRING_TYPES {
        for encoding in Kind::Utf8.encodings() {
            let column = ColumnSpec::new("s", Kind::Utf8, Nulls::Random(10), Coding::As(*encoding));
            let spec = FileSpec::new(vec![column.with_values(Values::Distinct, Lengths::Long)], 6000, 4500);
            check(&spec, &ScanOptions { string_type, ..ScanOptions::default() }, Feed::Whole);
        }
    }
}

fn random_spec(random: &mut Random, seed: u64) -> FileSpec {
    let kinds: Vec<Kind> = kinds().filter(|kind| !kind.encodings().is_empty()).collect();
    let column = |index: usize, random: &mut Random| {
        let kind = random.pick(&kinds);
        let encoding = random.pick(kind.encodings());
        let coding = if random.percent(30) { Coding::DictionaryThen(encoding) } else { Coding::As(encoding) };
        let column = ColumnSpec::new(&format!("c{index}"), kind, random.pick(NULL_SHAPES), coding);
        let codecs = [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default())];
        column.with_values(random.pick(&VALUES), random.pick(&LENGTHS)).with_codec(random.pick(&codecs))
    };
    let columns = (0..1 + random.below(3)).map(|index| column(index, random)).collect();
    let mut spec = FileSpec::new(columns, 1 + random.below(3000), 1 + random.below(1500));
    spec.row_group_rows = 1 + random.below(spec.rows * 2);
    (spec.v2, spec.page_index, spec.seed) = (random.percent(50), random.percent(50), seed);
    spec
}

#[test]
fn random_combinations() {
    for seed in 0..1500 {
        let mut random = Random::new(seed);
        let spec = random_spec(&mut random, seed);
        let mut options = ScanOptions { batch_rows: 1 + random.below(2000), ..ScanOptions::default() };
        options.string_type = random.pick(&STRING_TYPES);
        options.offset = if random.percent(50) { random.below(spec.rows) as u64 } else { 0 };
        options.limit = random.percent(50).then(|| random.below(spec.rows) as u64);
        check(&spec, &options, random.pick(&quick_feeds(seed)));
    }
}

/// A string column of hand-made pages; Binary where `is_text` is false.
fn strings(encoding: i32, rows: i64, body: Vec<u8>, is_text: bool) -> Bytes {
    let column = Column::new("s", BYTE_ARRAY, vec![data_v1(rows as i32, encoding, body)]);
    let column = if is_text { column.converted(UTF8) } else { column };
    file(rows, vec![column.chunk(|chunk| chunk.value_count = Some(rows))])
}

fn delta_length(values: &[&[u8]]) -> Vec<u8> {
    let lengths: Vec<i64> = values.iter().map(|value| value.len() as i64).collect();
    [delta_binary_packed(&lengths, 32, 4), values.concat()].concat()
}

fn delta_bytes(prefixes: &[i64], suffixes: &[&[u8]]) -> Vec<u8> {
    [delta_binary_packed(prefixes, 32, 4), delta_length(suffixes)].concat()
}

/// The values of the only column as bytes, or the kind of the error.
fn read_strings(file: &Bytes, string_type: StringType) -> Result<Vec<Vec<u8>>, ErrorKind> {
    let options = ScanOptions { string_type, ..ScanOptions::default() };
    let scan = scan_with(file, options, Feed::Asked, By::Push).map_err(|error| error.kind())?;
    let column = plain_strings(&whole_columns(&scan)[0]);
    let bytes = |row: usize| match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).as_bytes().to_vec(),
        _ => column.as_binary::<i32>().value(row).to_vec(),
    };
    Ok((0..column.len()).map(bytes).collect())
}

/// Writers compare bytes, so that a shared prefix may end inside a character: the whole values count.
#[test]
fn characters_cut_by_shared_prefixes() {
    for string_type in STRING_TYPES {
        let expected = ["stra\u{df}e \u{20ac}", "stra\u{de}"].map(str::as_bytes);
        let body = delta_bytes(&[0, 5], &[expected[0], b"\x9e"]);
        let text = read_strings(&strings(DELTA_BYTE_ARRAY, 2, body, true), string_type).expect("whole characters");
        assert_eq!(text, expected);
        // Half a character, gone on with by another one.
        let body = delta_bytes(&[0, 5], &[expected[0], "\u{20ac}".as_bytes()]);
        let text = read_strings(&strings(DELTA_BYTE_ARRAY, 2, body.clone(), true), string_type);
        assert_eq!(text, Err(ErrorKind::Corrupt));
        let binary = read_strings(&strings(DELTA_BYTE_ARRAY, 2, body, false), string_type).expect("any bytes");
        assert_eq!(binary, [expected[0], b"stra\xc3\xe2\x82\xac"]);
    }
}

/// Bytes that are valid only across the border of two values.
#[test]
fn characters_over_two_values_are_refused() {
    for string_type in STRING_TYPES {
        for (first, second) in [(b"a\xc3".as_slice(), b"\xa9b".as_slice()), (b"\xf0\x9f", b"\xa6\x80"), (b"x", b"\xff")]
        {
            for (encoding, body) in [
                (DELTA_LENGTH_BYTE_ARRAY, delta_length(&[first, second])),
                (DELTA_BYTE_ARRAY, delta_bytes(&[0, 0], &[first, second])),
            ] {
                let text = strings(encoding, 2, body.clone(), true);
                assert_eq!(read_strings(&text, string_type), Err(ErrorKind::Corrupt), "{first:?} {second:?}");
                let binary = strings(encoding, 2, body, false);
                assert_eq!(read_strings(&binary, string_type).expect("any bytes"), [first, second]);
            }
        }
    }
}

/// BYTE_STREAM_SPLIT pages that are not a whole number of values, or have too few.
#[test]
fn byte_stream_split_pages_of_the_wrong_size() {
    for (bytes, expected) in [(32, Ok(8)), (31, Err(ErrorKind::Corrupt)), (28, Err(ErrorKind::Corrupt))] {
        let page = data_v1(8, BYTE_STREAM_SPLIT, vec![1; bytes]);
        let column = Column::new("n", INT32, vec![page]).chunk(|chunk| chunk.value_count = Some(8));
        let scanned = scan_with(&file(8, vec![column]), ScanOptions::default(), Feed::Asked, By::Push);
        assert_eq!(scanned.map(|scan| scan.row_count()).map_err(|error| error.kind()), expected, "{bytes} bytes");
    }
}

/// Encodings that the format does not define for a type are refused, with the place.
#[test]
fn encodings_of_other_types_are_refused() {
    let cases = [
        (BOOLEAN, DELTA_BINARY_PACKED),
        (BOOLEAN, BYTE_STREAM_SPLIT),
        (BOOLEAN, RLE_DICTIONARY),
        (INT32, RLE),
        (INT32, BIT_PACKED),
        (INT32, DELTA_BYTE_ARRAY),
        (INT64, DELTA_LENGTH_BYTE_ARRAY),
        (INT96, DELTA_BINARY_PACKED),
        (INT96, BYTE_STREAM_SPLIT),
        (BYTE_ARRAY, DELTA_BINARY_PACKED),
        (BYTE_ARRAY, BYTE_STREAM_SPLIT),
        (BYTE_ARRAY, 10),
        (INT32, -1),
    ];
    for (physical, encoding) in cases {
        let column = Column::new("c", physical, vec![data_v1(8, encoding, vec![0; 100])]);
        let file = file(8, vec![column.chunk(|chunk| chunk.value_count = Some(8))]);
        let error = scan_with(&file, ScanOptions::default(), Feed::Asked, By::Push).expect_err("no such encoding");
        let place = (error.kind(), error.row_group(), error.column(), error.file_offset().is_some());
        assert_eq!(place, (ErrorKind::Unsupported, Some(0), Some(0), true), "{error:?}");
    }
}
