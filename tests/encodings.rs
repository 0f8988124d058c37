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

use parquet::basic::{Compression, Encoding, ZstdLevel};
use pqpush::{ScanOptions, StringType};

use support::compare::{assert_batches, assert_values, reference, whole_columns};
use support::fixture::{Coding, ColumnSpec, FileSpec, NULL_SHAPES, Nulls, Values};
use support::host::{By, Feed, quick_feeds, scan_with};
use support::kinds::{ALL, Kind, Lengths};
use support::random::Random;

const STRING_TYPES: [StringType; 3] = [StringType::Utf8, StringType::LargeUtf8, StringType::Utf8View];
const VALUES: [Values; 4] = [Values::Distinct, Values::Few(7), Values::Runs, Values::Constant];
const LENGTHS: [Lengths; 3] = [Lengths::Short, Lengths::OftenEmpty, Lengths::Long];

/// The encodings that the format allows for values of that kind, PLAIN and dictionaries apart.
fn encodings(kind: Kind) -> &'static [Encoding] {
    match kind {
        Kind::Bool => &[Encoding::RLE],
        Kind::Int96 => &[],
        Kind::Float32 | Kind::Float64 => &[Encoding::BYTE_STREAM_SPLIT],
        Kind::Utf8 | Kind::Binary | Kind::Enum | Kind::Json | Kind::Bson | Kind::DecimalBytes(_) => {
            &[Encoding::DELTA_LENGTH_BYTE_ARRAY, Encoding::DELTA_BYTE_ARRAY]
        }
        Kind::Fixed(_) | Kind::Uuid | Kind::Interval | Kind::Float16 | Kind::DecimalFixed(..) => {
            &[Encoding::DELTA_BYTE_ARRAY, Encoding::BYTE_STREAM_SPLIT]
        }
        _ => &[Encoding::DELTA_BINARY_PACKED, Encoding::BYTE_STREAM_SPLIT],
    }
}

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
        for encoding in encodings(kind) {
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

#[test]
fn offset_and_limit_inside_pages() {
    for kind in kinds() {
        for encoding in encodings(kind) {
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
        for encoding in encodings(kind) {
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
            for encoding in encodings(kind) {
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
        for encoding in encodings(Kind::Utf8) {
            let column = ColumnSpec::new("s", Kind::Utf8, Nulls::Random(10), Coding::As(*encoding));
            let spec = FileSpec::new(vec![column.with_values(Values::Distinct, Lengths::Long)], 6000, 4500);
            check(&spec, &ScanOptions { string_type, ..ScanOptions::default() }, Feed::Whole);
        }
    }
}

fn random_spec(random: &mut Random, seed: u64) -> FileSpec {
    let kinds: Vec<Kind> = kinds().filter(|kind| !encodings(*kind).is_empty()).collect();
    let column = |index: usize, random: &mut Random| {
        let kind = random.pick(&kinds);
        let encoding = random.pick(encodings(kind));
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
