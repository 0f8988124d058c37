//! Generated files, decoded here and by the `parquet` crate: schema, values and nulls must be the same, and batches
//! as long as asked.
//!
//! The pairs that matter are enumerated; some thousands of seeded random combinations fill the space between. A
//! failure prints the file description and the options, seed included.

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

use arrow_array::types::IntervalMonthDayNano;
use arrow_array::{ArrayRef, IntervalMonthDayNanoArray};
use arrow_schema::{DataType, Field, IntervalUnit};
use parquet::basic::{BrotliLevel, Compression, Encoding, GzipLevel, ZstdLevel};
use pqpush::{RowSelection, ScanOptions, StringType};

use support::compare::{assert_batches, assert_field, assert_values, reference, whole_columns};
use support::fixture::{Coding, ColumnSpec, FileSpec, Fixture, NULL_SHAPES, Nulls, Values};
use support::host::{By, Feed, metadata, quick_feeds, scan_metadata};
use support::kinds::{ALL, Cells, Kind, Lengths};
use support::random::Random;

const STRING_TYPES: [StringType; 3] = [StringType::Utf8, StringType::LargeUtf8, StringType::Utf8View];
const VALUES: [Values; 5] = [Values::Distinct, Values::Few(7), Values::Few(300), Values::Runs, Values::Constant];
const LENGTHS: [Lengths; 3] = [Lengths::Short, Lengths::OftenEmpty, Lengths::Long];

fn codecs() -> [Compression; 7] {
    [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::try_new(4).expect("a level")),
        Compression::ZSTD(ZstdLevel::default()),
        Compression::LZ4_RAW,
        Compression::LZ4,
    ]
}

fn codings(kind: Kind) -> &'static [Coding] {
    match kind {
        Kind::Bool => &[Coding::Plain, Coding::Rle],
        // The other encodings of all other types are in `encodings.rs`.
        Kind::Interval => &[
            Coding::Plain,
            Coding::Dictionary,
            Coding::DictionaryFallback,
            Coding::As(Encoding::DELTA_BYTE_ARRAY),
            Coding::As(Encoding::BYTE_STREAM_SPLIT),
        ],
        _ => &[Coding::Plain, Coding::Dictionary, Coding::DictionaryFallback],
    }
}

/// Rows of the file that a scan hands out, in order.
fn chosen_rows(spec: &FileSpec, options: &ScanOptions) -> Vec<usize> {
    let count = spec.rows.div_ceil(spec.row_group_rows) as u32;
    let groups = options.row_groups.clone().unwrap_or_else(|| (0..count).collect());
    let rows_of = |group: u32| {
        let start = group as usize * spec.row_group_rows;
        start..spec.rows.min(start + spec.row_group_rows)
    };
    let bits = options.row_selection.as_ref().map(RowSelection::to_bitmap);
    let rows = groups.into_iter().flat_map(rows_of).enumerate();
    let rows = rows.filter(|(index, _)| bits.as_ref().is_none_or(|bits| bits.value(*index))).map(|(_, row)| row);
    let rows = rows.skip(options.offset as usize);
    rows.take(options.limit.unwrap_or(u64::MAX) as usize).collect()
}

/// The reference reads INTERVAL as days and milliseconds without the months; so it is made from the values written.
fn intervals(fixture: &Fixture, column: usize, rows: &[usize]) -> ArrayRef {
    let column = &fixture.columns[column];
    let Cells::Fixed(cells) = &column.cells else { panic!("intervals are stored in 12 bytes") };
    let field = |row: usize, index: usize| {
        let bytes: [u8; 4] = cells[row][index * 4..index * 4 + 4].try_into().expect("four bytes");
        u32::from_le_bytes(bytes)
    };
    let value = |row: usize| {
        let nanoseconds = field(row, 2) as i64 * 1_000_000;
        IntervalMonthDayNano { months: field(row, 0) as i32, days: field(row, 1) as i32, nanoseconds }
    };
    let values = rows.iter().map(|row| column.valid[*row].then(|| value(*row)));
    Arc::new(IntervalMonthDayNanoArray::from_iter(values))
}

fn check(spec: &FileSpec, options: &ScanOptions, feed: Feed) {
    let fixture = spec.write();
    check_written(&fixture, spec, options, feed);
}

fn check_written(fixture: &Fixture, spec: &FileSpec, options: &ScanOptions, feed: Feed) {
    let context = format!("{spec:?} {options:?} {feed:?}");
    let by = if spec.seed.is_multiple_of(3) { By::PushCopy } else { By::Push };
    let scan = metadata(&fixture.bytes).and_then(|m| scan_metadata(&fixture.bytes, m, options.clone(), feed, by));
    let scan = scan.unwrap_or_else(|error| panic!("{error:?}: {context}"));
    let expected = reference(&fixture.bytes, options);
    assert_batches(&scan, options.batch_rows, &context);
    assert_eq!(scan.row_count(), expected.rows, "rows: {context}");
    assert_eq!(scan.schema.fields().len(), expected.columns.len(), "columns: {context}");
    let columns = whole_columns(&scan);
    for (index, field) in expected.schema.fields().iter().enumerate() {
        let file_column = spec.columns.iter().position(|column| column.name == *field.name()).expect("a known column");
        let context = format!("column {}: {context}", field.name());
        if spec.columns[file_column].kind == Kind::Interval {
            let month_day_nano = DataType::Interval(IntervalUnit::MonthDayNano);
            let field = Field::new(field.name(), month_day_nano, field.is_nullable());
            assert_field(scan.schema.field(index), &field, options.string_type, &context);
            let expected = intervals(fixture, file_column, &chosen_rows(spec, options));
            assert_values(&columns[index], &expected, &context);
        } else {
            assert_field(scan.schema.field(index), field, options.string_type, &context);
            assert_values(&columns[index], &expected.columns[index], &context);
        }
    }
}

/// Each type with each null shape, both page versions, each way of encoding.
#[test]
fn every_type_null_shape_page_version_and_coding() {
    let mut seed = 0;
    for kind in ALL {
        for nulls in NULL_SHAPES {
            for coding in codings(*kind) {
                for v2 in [false, true] {
                    seed += 1;
                    let values = if *coding == Coding::Dictionary { Values::Few(20) } else { Values::Distinct };
                    let column = ColumnSpec::new("c", *kind, *nulls, *coding).with_values(values, Lengths::Short);
                    let mut spec = FileSpec::new(vec![column], 700, 150);
                    (spec.v2, spec.seed, spec.page_index) = (v2, seed, seed % 2 == 0);
                    let options = ScanOptions { batch_rows: 256, ..ScanOptions::default() };
                    check(&spec, &options, Feed::Asked);
                }
            }
        }
    }
}

/// Each codec with both page versions, over columns of every physical type.
#[test]
fn every_codec_and_page_version() {
    let kinds = [Kind::Bool, Kind::Int32, Kind::Int64, Kind::Float64, Kind::Int96, Kind::Utf8, Kind::Fixed(5)];
    for codec in codecs() {
        for v2 in [false, true] {
            for nulls in [Nulls::Required, Nulls::Random(30), Nulls::All] {
                let mut columns = Vec::new();
                for (index, kind) in kinds.iter().enumerate() {
                    let coding = codings(*kind)[index % codings(*kind).len()];
                    let column = ColumnSpec::new(&format!("c{index}"), *kind, nulls, coding);
                    columns.push(column.with_values(Values::Runs, Lengths::Short).with_codec(codec));
                }
                let mut spec = FileSpec::new(columns, 5000, 800);
                spec.v2 = v2;
                check(&spec, &ScanOptions::default(), Feed::Asked);
            }
        }
    }
}

/// Each string type with each shape of values, lengths and encoding.
#[test]
fn every_string_type_and_value_shape() {
    for string_type in STRING_TYPES {
        for kind in [Kind::Utf8, Kind::Binary, Kind::Json, Kind::Enum] {
            for values in VALUES {
                for lengths in LENGTHS {
                    for coding in codings(kind) {
                        let column = ColumnSpec::new("s", kind, Nulls::Random(20), *coding);
                        let column = column.with_values(values, lengths).with_codec(Compression::SNAPPY);
                        let spec = FileSpec::new(vec![column], 600, 130);
                        let options = ScanOptions { batch_rows: 97, string_type, ..ScanOptions::default() };
                        check(&spec, &options, Feed::Asked);
                    }
                }
            }
        }
    }
}

/// Batches, pages and row groups that end together, one apart, and far apart.
#[test]
fn batch_page_and_row_group_sizes() {
    let column = |name: &str, kind, nulls| ColumnSpec::new(name, kind, nulls, Coding::Dictionary);
    for rows in [1, 63, 64, 65, 1000] {
        for row_group_rows in [1, 64, 333, 1000] {
            for page_rows in [1, 7, 64, 2000] {
                for batch_rows in [1, 8, 64, 100, 100_000] {
                    let columns =
                        vec![column("a", Kind::Int64, Nulls::Required), column("b", Kind::Utf8, Nulls::Random(50))];
                    let mut spec = FileSpec::new(columns, rows, page_rows);
                    spec.row_group_rows = row_group_rows;
                    check(&spec, &ScanOptions { batch_rows, ..ScanOptions::default() }, Feed::Whole);
                }
            }
        }
    }
}

/// Every offset and limit around the ends of pages, batches and row groups.
#[test]
fn offset_and_limit() {
    let columns = vec![
        ColumnSpec::new("a", Kind::Int32, Nulls::Random(10), Coding::Plain),
        ColumnSpec::new("b", Kind::Bool, Nulls::Required, Coding::Plain),
        ColumnSpec::new("c", Kind::Utf8, Nulls::Alternating, Coding::DictionaryFallback),
    ];
    for page_index in [false, true] {
        let mut spec = FileSpec::new(columns.clone(), 300, 20);
        (spec.row_group_rows, spec.page_index) = (100, page_index);
        let fixture = spec.write();
        for offset in [0, 1, 19, 20, 21, 99, 100, 101, 205, 299, 300, 301, u32::MAX as u64] {
            for limit in [Some(0), Some(1), Some(20), Some(64), Some(100), Some(150), Some(1000), None] {
                for row_groups in [None, Some(vec![2, 0]), Some(vec![1]), Some(vec![])] {
                    let options = ScanOptions { offset, limit, row_groups, batch_rows: 64, ..ScanOptions::default() };
                    check_written(&fixture, &spec, &options, Feed::Asked);
                }
            }
        }
    }
}

/// Every subset of four columns, none among them.
#[test]
fn every_projection() {
    let names = ["a", "b", "c", "d"];
    let kinds = [Kind::Int64, Kind::Utf8, Kind::Bool, Kind::DecimalFixed(16, 38)];
    let column = |index: usize| ColumnSpec::new(names[index], kinds[index], Nulls::Runs, Coding::Plain);
    let mut spec = FileSpec::new((0..4).map(column).collect(), 500, 60);
    spec.row_group_rows = 200;
    let fixture = spec.write();
    for subset in 0..16 {
        let chosen = (0..4).rev().filter(|index| subset >> index & 1 == 1).map(|index| names[index].to_owned());
        let options = ScanOptions { columns: Some(chosen.collect()), batch_rows: 150, ..ScanOptions::default() };
        for feed in [Feed::Asked, Feed::Whole] {
            check_written(&fixture, &spec, &options, feed);
        }
    }
}

/// Dictionaries of more than 16 bits an index, pages and runs far longer than a batch, batches of the default size.
#[test]
fn wide_dictionaries_and_long_pages() {
    let kinds = [Kind::Int32, Kind::Int64, Kind::Utf8, Kind::Fixed(7), Kind::Bool];
    for (index, string_type) in STRING_TYPES.into_iter().enumerate() {
        for values in [Values::Few(100_000), Values::Runs, Values::Constant] {
            let nulls = [Nulls::Required, Nulls::Random(10), Nulls::Runs][index];
            let column = |kind: &Kind| ColumnSpec::new(&format!("{kind:?}"), *kind, nulls, codings(*kind)[1]);
            let columns = kinds.iter().map(|kind| column(kind).with_values(values, Lengths::Short)).collect();
            let mut spec = FileSpec::new(columns, 150_000, 40_000);
            (spec.row_group_rows, spec.v2) = (100_000, index == 1);
            let options = ScanOptions { string_type, ..ScanOptions::default() };
            check(&spec, &options, Feed::Asked);
        }
    }
}

/// A file without row groups, and one without rows.
#[test]
fn no_rows() {
    let spec = FileSpec::new(vec![ColumnSpec::new("a", Kind::Int64, Nulls::None, Coding::Plain)], 0, 10);
    check(&spec, &ScanOptions::default(), Feed::Asked);
}

fn random_column(random: &mut Random, name: &str) -> ColumnSpec {
    let kind = random.pick(ALL);
    let nulls = random.pick(NULL_SHAPES);
    let coding = random.pick(codings(kind));
    let lengths = random.pick(&[Lengths::Short, Lengths::Short, Lengths::OftenEmpty, Lengths::Long]);
    let column = ColumnSpec::new(name, kind, nulls, coding).with_values(random.pick(&VALUES), lengths);
    column.with_codec(random.pick(&codecs()))
}

fn random_spec(random: &mut Random, seed: u64) -> FileSpec {
    let columns = (0..1 + random.below(4)).map(|index| random_column(random, &format!("c{index}"))).collect();
    let rows = random.pick(&[1, 10, 100, 1000, 2500]);
    let mut spec = FileSpec::new(columns, 1 + random.below(rows), 1);
    spec.row_group_rows = 1 + random.below(spec.rows * 2);
    spec.page_rows = 1 + random.below(random.clone().pick(&[20, 200, 2000]));
    (spec.v2, spec.page_index, spec.seed) = (random.percent(50), random.percent(50), seed);
    spec
}

/// Runs of a random mean length, or random rows.
fn random_selection(random: &mut Random, rows: usize) -> RowSelection {
    let longest = random.pick(&[1, 3, 30, 300, 3000]);
    let percent = random.pick(&[1, 50, 99]);
    let mut runs = Vec::new();
    let mut left = rows;
    while left > 0 {
        let run = left.min(1 + random.below(longest));
        runs.push((run as u64, random.percent(percent)));
        left -= run;
    }
    RowSelection::from_runs(runs).expect("as many rows as there are")
}

fn random_options(random: &mut Random, spec: &FileSpec) -> ScanOptions {
    let mut options = ScanOptions { batch_rows: 1 + random.below(1200), ..ScanOptions::default() };
    options.string_type = random.pick(&STRING_TYPES);
    if random.percent(30) {
        let chosen = spec.columns.iter().filter(|_| random.percent(50)).map(|column| column.name.clone());
        options.columns = Some(chosen.collect());
    }
    if random.percent(30) {
        let mut groups: Vec<u32> = (0..spec.rows.div_ceil(spec.row_group_rows) as u32).collect();
        random.shuffle(&mut groups);
        groups.truncate(1 + random.below(groups.len()));
        options.row_groups = Some(groups);
    }
    if random.percent(30) {
        let every = ScanOptions { row_groups: options.row_groups.clone(), ..ScanOptions::default() };
        options.row_selection = Some(random_selection(random, chosen_rows(spec, &every).len()));
    }
    if random.percent(30) {
        options.offset = random.below(spec.rows + 10) as u64;
    }
    if random.percent(30) {
        options.limit = Some(random.below(spec.rows + 10) as u64);
    }
    if random.percent(30) {
        options.max_buffered_bytes = Some(random.pick(&[1, 500, 5000, 1_000_000]));
    }
    if random.percent(20) {
        options.coalesce_gap = random.pick(&[1, 100, 10_000]);
    }
    options
}

fn random_cases(seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let mut random = Random::new(seed);
        let spec = random_spec(&mut random, seed);
        let options = random_options(&mut random, &spec);
        let feed = random.pick(&quick_feeds(seed));
        check(&spec, &options, feed);
    }
}

#[test]
fn random_combinations_first_part() {
    random_cases(0..4000);
}

#[test]
fn random_combinations_second_part() {
    random_cases(4000..8000);
}

#[test]
fn random_combinations_third_part() {
    random_cases(8000..12_000);
}

#[test]
fn random_combinations_fourth_part() {
    random_cases(12_000..16_000);
}
