//! Of large pages of ZSTD and SNAPPY that rows are wanted of here and there, only the front is decompressed, as far as these rows need it:
//! the values are the same, and what is not needed costs nothing.

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

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{Int64Builder, ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_buffer::Buffer;
use arrow_schema::{DataType, Field};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use pqpush::predicate::{Comparison, Predicate};
use pqpush::{ErrorKind, RowSelection, ScanOptions, SelectionPolicy, StringType};

use support::compare::{assert_values, plain_strings, reference, whole_columns};
use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls};
use support::handmade::{Column, INT32, PLAIN, data_v1_packed, plain_i32};
use support::host::{By, Feed, Scan, quick_feeds, scan, scan_with};
use support::hostile::{damaged, some_batches};
use support::kinds::Kind;
use support::random::{Random, mix};

const ROWS: usize = 2 * PAGE_ROWS;
const PAGE_ROWS: usize = 30_720;

fn codecs() -> [Compression; 2] {
    [Compression::ZSTD(ZstdLevel::default()), Compression::SNAPPY]
}

/// Columns of all widths and of strings in pages of 30,720 rows.
fn file(codec: Compression, nulls: Nulls, v2: bool, page_index: bool) -> FileSpec {
    let kinds = [
        ("number", Kind::Int64),
        ("small", Kind::Int32),
        ("half", Kind::Float16),
        ("flag", Kind::Bool),
        ("text", Kind::Utf8),
        ("hash", Kind::Fixed(20)),
        ("amount", Kind::DecimalBytes(30)),
        ("price", Kind::DecimalFixed(9, 20)),
        ("moment", Kind::Int96),
    ];
    let column = |(name, kind)| ColumnSpec::new(name, kind, nulls, Coding::Plain).with_codec(codec);
    let mut spec = FileSpec::new(kinds.into_iter().map(column).collect(), ROWS, PAGE_ROWS);
    (spec.v2, spec.page_index) = (v2, page_index);
    spec
}

/// A few ranges of `all` rows, some long, most short.
fn some_rows(random: &mut Random, all: usize, count: usize) -> Vec<Range<u64>> {
    let mut starts: Vec<usize> = (0..count).map(|_| random.below(all)).collect();
    starts.sort_unstable();
    starts.dedup();
    let ends = starts.iter().skip(1).copied().chain([all]).collect::<Vec<_>>();
    let range = |(start, end): (usize, usize)| {
        let most = if random.percent(20) { 4000 } else { 40 };
        start as u64..end.min(start + 1 + random.below(most)) as u64
    };
    starts.into_iter().zip(ends).map(range).collect()
}

/// Reads ascending ranges of `all` rows.
fn of_rows(rows: &[Range<u64>], all: usize) -> ScanOptions {
    let (mut runs, mut next) = (Vec::new(), 0);
    for range in rows {
        runs.extend([(range.start - next, false), (range.end - range.start, true)]);
        next = range.end;
    }
    runs.push((all as u64 - next, false));
    let selection = RowSelection::from_runs(runs).expect("a selection");
    ScanOptions { row_selection: Some(selection), ..ScanOptions::default() }
}

fn assert_same(scan: &Scan, file: &Bytes, options: &ScanOptions, context: &str) {
    let expected = reference(file, options);
    assert_eq!(scan.row_count(), expected.rows, "{context}");
    for (ours, theirs) in whole_columns(scan).iter().zip(&expected.columns) {
        assert_values(&plain_strings(ours), &plain_strings(theirs), context);
    }
}

#[test]
fn rows_here_and_there_are_the_same_in_parts() {
    let feeds = quick_feeds(7);
    for (case, nulls) in [Nulls::Required, Nulls::None, Nulls::Random(30), Nulls::Random(97)].into_iter().enumerate() {
        for (v2, codec) in [false, true].into_iter().flat_map(|v2| codecs().map(|codec| (v2, codec))) {
            let file = file(codec, nulls, v2, case % 2 == 0).write().bytes;
            let mut random = Random::new(case as u64 * 2 + u64::from(v2));
            for count in [1, 3, 9] {
                for policy in [SelectionPolicy::Adaptive, SelectionPolicy::Runs, SelectionPolicy::Bitmap] {
                    let rows = some_rows(&mut random, ROWS, count);
                    let options = ScanOptions {
                        selection_policy: policy,
                        string_type: random.pick(&[StringType::Utf8, StringType::LargeUtf8, StringType::Utf8View]),
                        batch_rows: random.pick(&[100, 8192, 1 << 20]),
                        ..of_rows(&rows, ROWS)
                    };
                    let (feed, by) = (feeds[random.below(feeds.len())], random.pick(&[By::Push, By::PushCopy]));
                    let scan = scan_with(&file, options.clone(), feed, by).expect("a readable file");
                    assert_same(
                        &scan,
                        &file,
                        &options,
                        &format!("{codec} {nulls:?} v2 {v2} {policy:?}, rows {rows:?}"),
                    );
                }
            }
        }
    }
}

/// A file of these rows, without dictionaries.
fn written(rows: &RecordBatch, properties: WriterPropertiesBuilder) -> Bytes {
    let properties = properties.set_dictionary_enabled(false).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties)).expect("a writer");
    writer.write(rows).expect("written rows");
    Bytes::from(writer.into_inner().expect("a whole file"))
}

/// Numbers and strings in lists, with lists that are null or empty.
#[test]
fn lists_are_the_same_in_parts() {
    let (mut numbers, mut texts) = (ListBuilder::new(Int64Builder::new()), ListBuilder::new(StringBuilder::new()));
    for row in 0..ROWS as u64 {
        for item in 0..mix(row) % 4 {
            numbers.values().append_option((item != 2).then(|| mix(row * 7 + item) as i64));
            texts.values().append_value(format!("item {} of row {row}", mix(item)));
        }
        numbers.append(row % 11 != 0);
        texts.append(true);
    }
    let columns: [(&str, ArrayRef); 2] = [("numbers", Arc::new(numbers.finish())), ("texts", Arc::new(texts.finish()))];
    let rows = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let versions = [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0];
    for (version, codec) in versions.into_iter().flat_map(|version| codecs().map(|codec| (version, codec))) {
        let properties = WriterProperties::builder().set_writer_version(version).set_compression(codec);
        let file = written(&rows, properties.set_encoding(parquet::basic::Encoding::PLAIN));
        let mut random = Random::new(3);
        for count in [1, 2, 5, 9] {
            let options = of_rows(&some_rows(&mut random, ROWS, count), ROWS);
            let scan = scan(&file, options.clone()).expect("a readable file");
            assert_same(&scan, &file, &options, &format!("{version:?} {codec}, {count} ranges"));
        }
    }
}

/// Reads these rows of one column.
fn of_column(column: &str, rows: &[Range<u64>]) -> ScanOptions {
    ScanOptions { columns: Some(vec![column.to_owned()]), ..of_rows(rows, ROWS) }
}

/// Bytes decompressed of one column for rows of the file.
fn decompressed(file: &Bytes, column: &str, rows: &[Range<u64>]) -> u64 {
    let options = of_column(column, rows);
    let scan = scan(file, options.clone()).expect("a readable file");
    assert_same(&scan, file, &options, column);
    scan.metrics.bytes_decompressed
}

#[test]
fn the_rest_of_a_page_is_not_decompressed() {
    for codec in codecs() {
        let file = file(codec, Nulls::Required, false, true).write().bytes;
        // Pages of 240 KiB, of ZSTD in two blocks.
        assert_eq!(decompressed(&file, "number", &[0..ROWS as u64]), 8 * ROWS as u64);
        let front = decompressed(&file, "number", &[5..20]);
        let bounded = ScanOptions { max_buffered_bytes: Some(1 << 20), ..of_column("number", &[5..20]) };
        let bounded = scan(&file, bounded).expect("a readable file").metrics.bytes_decompressed;
        assert_eq!(bounded, 8 * PAGE_ROWS as u64, "compressed bytes would stay besides those that are bounded");
        assert!((15 * 8..=128 << 10).contains(&front), "{codec}: {front}");
        assert_eq!(decompressed(&file, "number", &[5..20, 300..301]), front, "what was decompressed has both");
        assert!(decompressed(&file, "number", &[30_725..30_740]).abs_diff(front) < 128);
        assert!(decompressed(&file, "number", &[5..20, 24_000..24_001]) > 24_000 * 8);
        assert_eq!(decompressed(&file, "number", &[30_000..30_001]), 8 * PAGE_ROWS as u64);
        // One row of strings takes as much as lies in front of it.
        let all = decompressed(&file, "text", &[0..ROWS as u64]);
        let of_rows: Vec<u64> = [0, 12_000, 30_719].map(|row| decompressed(&file, "text", &[row..row + 1])).to_vec();
        assert!(
            of_rows[0] < of_rows[1] && of_rows[1] < of_rows[2] && of_rows[2] < all,
            "{codec}: {of_rows:?} of {all}"
        );
    }
}

/// Rows that a predicate leaves come window by window: what a page is needed for grows.
#[test]
fn rows_of_predicates_are_the_same_in_parts() {
    let rows = 200_000i64;
    let id = |row: i64| mix(row as u64 / 40) as i64 & 0xffff;
    let text = |row: i64| format!("{} is the text of row {row}", mix(row as u64));
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows).map(id)));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..rows).map(text)));
    let batch = RecordBatch::try_from_iter([("id", ids), ("text", texts)]).expect("columns of one length");
    for codec in codecs() {
        let file = written(&batch, WriterProperties::builder().set_compression(codec));
        let mut decompressed = Vec::new();
        for limit in [100, 3_000, 60_000] {
            for string_type in [StringType::Utf8, StringType::Utf8View] {
                let literal = Arc::new(Int64Array::from(vec![limit]));
                let predicate = Predicate::compare("id", Comparison::Less, literal).expect("one literal");
                let options = ScanOptions {
                    columns: Some(vec!["text".to_owned()]),
                    predicates: vec![predicate],
                    string_type,
                    ..ScanOptions::default()
                };
                let scan = scan(&file, options).expect("a readable file");
                let kept = (0..rows).filter(|row| id(*row) < limit).map(text);
                let expected: ArrayRef = Arc::new(StringArray::from_iter_values(kept));
                let context = format!("{codec} {limit} {string_type:?}");
                assert_values(&plain_strings(&whole_columns(&scan)[0]), &expected, &context);
                decompressed.push(scan.metrics.bytes_decompressed);
            }
        }
        assert_eq!((decompressed[0], decompressed[2]), (decompressed[1], decompressed[3]));
        assert!(decompressed[0] < decompressed[2] && decompressed[2] < decompressed[4], "{codec} {decompressed:?}");
    }
}

/// What is wrong behind the rows that are wanted is not looked at; where it is needed, it is told where it is.
#[test]
fn damage_behind_the_wanted_rows_is_not_met() {
    let values: Vec<i32> = (0..32_768).collect();
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x80, 7 << 3];
    frame.extend_from_slice(&262_144u32.to_le_bytes());
    frame.extend_from_slice(&(131_072u32 << 3).to_le_bytes()[..3]);
    frame.extend_from_slice(&plain_i32(&values));
    // A compressed block of five bytes that mean nothing.
    frame.extend_from_slice(&(5u32 << 3 | 2 << 1 | 1).to_le_bytes()[..3]);
    frame.extend_from_slice(&[0xff; 5]);
    let page = data_v1_packed(65_536, PLAIN, 262_144, frame);
    let column = Column::new("c", INT32, vec![page]).codec(6);
    let file = support::handmade::file(65_536, vec![column]);
    let front = scan(&file, of_rows(&[7..9, 32_767..32_768], 65_536)).expect("rows of the first block");
    assert_eq!(whole_columns(&front)[0].as_primitive::<Int32Type>().values().to_vec(), [7, 8, 32_767]);
    for rows in [vec![32_768..32_769], vec![7..8, 40_000..40_001], vec![0..65_536]] {
        let error = scan(&file, of_rows(&rows, 65_536)).expect_err("a damaged block");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        let text = error.to_string();
        assert!(text.contains("does not decompress") && text.contains("column 0 \"c\", row group 0"), "{text}");
    }
}

/// Batches of few strings do not keep a page of which most was not even decompressed: of columns, of members of structs, and of
/// what a predicate read.
#[test]
fn pages_in_parts_are_not_kept_for_few_views() {
    let text = |row: u64| format!("row {row} has a text that lies in no view, {}", mix(row));
    let texts: ArrayRef = Arc::new(StringArray::from_iter_values((0..ROWS as u64).map(text)));
    let rows: Vec<Range<u64>> = (0..500).map(|row| row * 4..row * 4 + 1).collect();
    let needed: usize = rows.iter().map(|row| text(row.start).len()).sum();
    let member = Arc::new(Field::new("text", DataType::Utf8, false));
    let group = StructArray::from(vec![(member, Arc::clone(&texts))]);
    let is_text = Predicate::compare("text", Comparison::GreaterOrEqual, Arc::new(StringArray::from(vec!["row"])));
    for (column, predicates) in [
        (Arc::clone(&texts) as ArrayRef, vec![]),
        (Arc::new(group), vec![]),
        (texts, vec![is_text.expect("a predicate")]),
    ] {
        let batch = RecordBatch::try_from_iter([("text", column)]).expect("one column");
        let properties = WriterProperties::builder().set_compression(codecs()[0]);
        let file = written(&batch, properties.set_statistics_enabled(EnabledStatistics::None));
        let options = ScanOptions { string_type: StringType::Utf8View, predicates, ..of_rows(&rows, ROWS) };
        let scan = scan(&file, options).expect("a readable file");
        // The first block of the page is less than eight times as much, the page more.
        assert!(8 * needed > scan.metrics.bytes_decompressed as usize && 8 * needed < 1 << 20, "{:?}", scan.metrics);
        let column = Arc::clone(&whole_columns(&scan)[0]);
        let read = column.as_struct_opt().map_or(&column, |group| group.column(0));
        let expected = rows.iter().map(|row| text(row.start));
        assert!(read.as_string_view().iter().flatten().eq(expected), "every fourth row in front");
        assert_eq!(read.to_data().buffers()[1..].iter().map(Buffer::len).sum::<usize>(), needed);
    }
}

/// Damaged files give the rows that were asked for or an error of the file; strings with offsets and views fail alike.
#[test]
fn damaged_pages_in_parts_are_read_or_refused() {
    let column = |name, kind, nulls, codec| ColumnSpec::new(name, kind, nulls, Coding::Plain).with_codec(codec);
    let columns = vec![
        column("a", Kind::Int64, Nulls::Random(10), codecs()[0]),
        column("b", Kind::Utf8, Nulls::Required, codecs()[0]),
        column("c", Kind::Utf8, Nulls::Random(10), codecs()[1]),
        column("d", Kind::Int64, Nulls::Required, codecs()[1]),
    ];
    let file = FileSpec::new(columns, PAGE_ROWS, PAGE_ROWS).write().bytes;
    let mut random = Random::new(11);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..300 {
        let file = damaged(&file, &mut random);
        let options = of_rows(&some_rows(&mut random, PAGE_ROWS, 2), PAGE_ROWS);
        let rows = options.row_selection.as_ref().map_or(0, RowSelection::selected);
        let scans = [StringType::Utf8, StringType::Utf8View].map(|string_type| {
            some_batches(&file, Feed::Asked, ScanOptions { string_type, batch_rows: 1 << 20, ..options.clone() })
        });
        assert_eq!(scans[0].is_ok(), scans[1].is_ok(), "{scans:?}");
        for scan in scans {
            match scan {
                Ok(batches) => {
                    assert_eq!(batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>(), rows);
                    read += 1;
                }
                Err(error) => {
                    assert!(!matches!(error.kind(), ErrorKind::Internal | ErrorKind::InvalidState), "{error:?}");
                    refused += 1;
                }
            }
        }
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
}
