//! What a filtered scan does besides giving the right rows: nothing is decoded twice, what is not wanted any more is let go
//! of, and demands are answered in part.

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
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Decimal128Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Fields};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use pqpush::predicate::{Comparison, Predicate};
use pqpush::{ByteRange, Decoder, ScanOptions, Step, StringType};

use support::compare::{assert_values, whole_columns};
use support::host::{By, Feed, Scan, metadata, scan, scan_with};

const ROWS: i64 = 1000;
const ROWS_OF_GROUP: usize = 500;
const PAGES_OF_CHUNK: u64 = 10;

/// `a` is 0 to 9 in turn, so that no bounds decide anything; `b` the number of the row; `group.c` is as `a`, null where the
/// group is, in every seventh row; `group.d` a string. Pages of 50 rows, no dictionaries.
fn file(page_index: bool) -> Bytes {
    let small = || Arc::new(Int64Array::from_iter_values((0..ROWS).map(|row| row % 10))) as ArrayRef;
    let text = StringArray::from_iter_values((0..ROWS).map(|row| format!("text of row {row}")));
    let fields = vec![Field::new("c", DataType::Int64, false), Field::new("d", DataType::Utf8, false)];
    let nulls = NullBuffer::from_iter((0..ROWS).map(|row| row % 7 != 0));
    let group = StructArray::new(Fields::from(fields), vec![small(), Arc::new(text)], Some(nulls));
    let columns: Vec<(&str, ArrayRef)> =
        vec![("a", small()), ("b", Arc::new(Int64Array::from_iter_values(0..ROWS))), ("group", Arc::new(group))];
    let rows = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let properties = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_statistics_enabled(if page_index { EnabledStatistics::Page } else { EnabledStatistics::None })
        .set_offset_index_disabled(!page_index)
        .set_max_row_group_row_count(Some(ROWS_OF_GROUP))
        .set_data_page_row_count_limit(ROWS_OF_GROUP / PAGES_OF_CHUNK as usize)
        .set_write_batch_size(10);
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties.build())).expect("a writer");
    writer.write(&rows).expect("written rows");
    Bytes::from(writer.into_inner().expect("a whole file"))
}

fn compare(column: &str, op: Comparison, value: i64) -> Predicate {
    Predicate::compare(column, op, Arc::new(Int64Array::from(vec![value]))).expect("one literal")
}

fn options(columns: &[&str], predicates: Vec<Predicate>) -> ScanOptions {
    let columns = Some(columns.iter().map(|column| (*column).to_owned()).collect());
    ScanOptions { columns, predicates, ..ScanOptions::default() }
}

/// The values of the output's first column.
fn numbers(scan: &Scan) -> Vec<i64> {
    let columns = scan.batches.iter().map(|batch| batch.rows.column(0).clone());
    columns.flat_map(|column| column.as_primitive::<Int64Type>().values().to_vec()).collect()
}

fn slice(file: &Bytes, range: ByteRange) -> Bytes {
    file.slice(range.offset as usize..range.end() as usize)
}

/// A column of two predicates and of the output is decoded once, whatever the cache may hold.
#[test]
fn a_column_is_decoded_once() {
    for (page_index, cache) in [(true, 0), (true, 100), (true, 100 << 20), (false, 0), (false, 100 << 20)] {
        let predicates = vec![compare("a", Comparison::GreaterOrEqual, 3), compare("a", Comparison::Less, 5)];
        let options = ScanOptions { predicate_cache_bytes: cache, ..options(&["a"], predicates) };
        let scan = scan(&file(page_index), options).expect("a readable file");
        assert_eq!(numbers(&scan), [3, 4].repeat(100));
        assert_eq!(scan.metrics.pages_decompressed, 2 * PAGES_OF_CHUNK, "page index {page_index}, cache {cache}");
        assert_eq!(scan.metrics.cache_hits, 2);
    }
}

/// The same for a leaf of a struct, whose other leaf is read too; the predicate sees nulls where the struct is null.
#[test]
fn a_leaf_of_a_struct_is_decoded_once() {
    for (page_index, cache) in [(true, 0), (true, 100 << 20), (false, 100 << 20)] {
        let predicate = compare("group.c", Comparison::NotEqual, 3);
        let options = ScanOptions { predicate_cache_bytes: cache, ..options(&["group"], vec![predicate]) };
        let scan = scan(&file(page_index), options).expect("a readable file");
        let texts = scan.batches.iter().flat_map(|batch| {
            let group = batch.rows.column(0).as_struct().clone();
            assert_eq!(group.null_count(), 0, "a null struct is no number but 3");
            group.column(1).as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>()
        });
        let kept = (0..ROWS).filter(|row| row % 7 != 0 && row % 10 != 3);
        let expected: Vec<Option<String>> = kept.map(|row| Some(format!("text of row {row}"))).collect();
        assert_eq!(texts.collect::<Vec<_>>(), expected);
        assert_eq!(scan.metrics.pages_decompressed, 4 * PAGES_OF_CHUNK, "page index {page_index}, cache {cache}");
    }
}

/// Predicates that say the same of every row read nothing for it.
#[test]
fn constants_read_nothing() {
    let file = file(true);
    let all = scan(&file, options(&["b"], Vec::new())).expect("a readable file");
    let kept = scan(&file, options(&["b"], vec![Predicate::and(Vec::new())])).expect("a readable file");
    assert_eq!((numbers(&kept), &kept.asked), (numbers(&all), &all.asked));
    let none = scan(&file, options(&["b"], vec![Predicate::or(Vec::new())])).expect("a readable file");
    assert_eq!((none.row_count(), none.asked.len()), (0, 0));
}

/// Of a demand that was answered in part the rest is asked for again, exactly that, by predicates and by the output.
#[test]
fn the_rest_of_a_demand_is_asked_for() {
    let file = file(true);
    let predicate = compare("a", Comparison::Equal, 3);
    let options = ScanOptions { row_groups: Some(vec![0]), ..options(&["b"], vec![predicate]) };
    let mut decoder = Decoder::new(metadata(&file).expect("metadata"), options).expect("good options");
    for stage in ["predicate", "output"] {
        let Ok(Step::NeedsData(ranges)) = decoder.try_decode() else { panic!("{stage}: nothing asked for") };
        let [whole] = ranges[..] else { panic!("{stage}: one range: {ranges:?}") };
        let (third, end) = (whole.offset + whole.length / 3, whole.offset + whole.length / 2);
        let (front, middle) = (ByteRange::between(whole.offset, third), ByteRange::between(third, end));
        decoder.push(middle.offset, slice(&file, middle)).expect("bytes of the file");
        let Ok(Step::NeedsData(ranges)) = decoder.try_decode() else { panic!("{stage}: nothing asked for") };
        let rest = ByteRange::between(end, whole.end());
        assert_eq!(ranges, [front, rest], "{stage}");
        for range in ranges {
            decoder.push(range.offset, slice(&file, range)).expect("bytes of the file");
        }
    }
    let Ok(Step::Batch(batch)) = decoder.try_decode() else { panic!("rows") };
    assert_eq!(batch.rows.num_rows(), 50);
    assert!(matches!(decoder.try_decode(), Ok(Step::Finished)));
}

/// Out of a push of the whole file, what row groups were for is let go of when they are done, kept rows or not.
#[test]
fn bytes_are_let_go_of_with_their_row_group() {
    for page_index in [true, false] {
        let file = file(page_index);
        let metadata = metadata(&file).expect("metadata");
        // One row is kept, the first of the second row group.
        let predicates = vec![compare("a", Comparison::Equal, 0), compare("b", Comparison::Equal, 500)];
        let mut decoder = Decoder::new(metadata, options(&["group.d"], predicates)).expect("good options");
        decoder.push(0, file.clone()).expect("bytes of the file");
        let Ok(Step::Batch(batch)) = decoder.try_decode() else { panic!("the row") };
        assert_eq!((batch.row_group, batch.rows.num_rows()), (Some(1), 1));
        assert_eq!(decoder.buffered_bytes(), 0, "page index {page_index}");
        assert!(matches!(decoder.try_decode(), Ok(Step::Finished)));
    }
}

/// Counts of rows that were left out or looked at add up.
#[test]
fn rows_add_up() {
    for page_index in [true, false] {
        let predicates = vec![compare("b", Comparison::Less, 730), compare("a", Comparison::Equal, 3)];
        let scan = scan(&file(page_index), options(&["b"], predicates)).expect("a readable file");
        let metrics = scan.metrics;
        assert_eq!((metrics.rows_total, metrics.rows_out), (1000, 73));
        let left_out = metrics.rows_pruned_by_stats + metrics.rows_pruned_by_pages;
        assert_eq!(left_out, if page_index { 250 } else { 0 });
        assert_eq!(left_out + metrics.rows_filtered + metrics.rows_out, 1000);
    }
}

/// Few rows are kept of the first so many of a row group, so that they are picked before a batch is full, and none of the
/// others: for some of these numbers the last batch has nothing behind what was picked.
#[test]
fn no_row_behind_those_that_were_picked_early() {
    const ROWS: i64 = 60_000;
    for end in [8192, 8200, 16_384, 16_400, 24_576, 24_600, 32_768, 32_800, 40_000, 49_152] {
        let is_kept = |row: &i64| row % 10 == 0 && *row < end;
        let flags = Int64Array::from_iter_values((0..ROWS).map(|row| i64::from(is_kept(&row))));
        let columns: Vec<(&str, ArrayRef)> =
            vec![("a", Arc::new(flags)), ("b", Arc::new(Int64Array::from_iter_values(0..ROWS)))];
        let rows = RecordBatch::try_from_iter(columns).expect("columns of one length");
        let properties = WriterProperties::builder().set_statistics_enabled(EnabledStatistics::None).build();
        let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties)).expect("a writer");
        writer.write(&rows).expect("written rows");
        let file = Bytes::from(writer.into_inner().expect("a whole file"));
        let options = options(&["a", "b"], vec![compare("a", Comparison::Equal, 1)]);
        // With all bytes at hand the output takes rows as soon as they are known to be wanted.
        let mut decoder = Decoder::new(metadata(&file).expect("a readable footer"), options).expect("good options");
        decoder.push(0, file.clone()).expect("bytes of the file");
        let mut found = Vec::new();
        loop {
            match decoder.try_decode().expect("a readable file") {
                Step::Batch(batch) => found.extend(batch.rows.column(1).as_primitive::<Int64Type>().values().to_vec()),
                Step::Finished => break,
                other => panic!("the whole file was pushed, and yet {other:?}"),
            }
        }
        assert_eq!(found, (0..ROWS).filter(is_kept).collect::<Vec<_>>(), "rows before {end}");
    }
}

/// Where a writer gave up its dictionary: the same rows, whether a window has codes, values or both, and with nulls; and of
/// values that no row keeps, nothing waits for the output.
#[test]
fn values_without_codes_are_let_go_of() {
    const ROWS: usize = 60_000;
    for (has_nulls, string_type) in [false, true]
        .into_iter()
        .flat_map(|nulls| [StringType::Utf8, StringType::Utf8View].map(|string_type| (nulls, string_type)))
    {
        let text =
            |row: usize| (!has_nulls || row % 11 != 0).then(|| format!("{} is the text of row {row}", row % 1000));
        let texts = StringArray::from_iter((0..ROWS).map(text));
        let numbers = Int64Array::from_iter_values(0..ROWS as i64);
        let columns: Vec<(&str, ArrayRef)> = vec![("a", Arc::new(texts)), ("b", Arc::new(numbers))];
        let rows = RecordBatch::try_from_iter(columns).expect("columns of one length");
        let properties = WriterProperties::builder()
            .set_statistics_enabled(EnabledStatistics::None)
            .set_dictionary_page_size_limit(400_000)
            .set_data_page_row_count_limit(3000);
        let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties.build())).expect("a writer");
        writer.write(&rows).expect("written rows");
        let file = Bytes::from(writer.into_inner().expect("a whole file"));
        let predicate = Predicate::like("a", "%77 is%").expect("a pattern");
        let options = ScanOptions { string_type, ..options(&["a", "b"], vec![predicate]) };
        let scan = scan(&file, options).expect("a readable file");
        let found = scan.batches.iter().flat_map(|batch| {
            let texts = arrow_cast::cast(batch.rows.column(0), &DataType::Utf8).expect("strings");
            let numbers = batch.rows.column(1).as_primitive::<Int64Type>().values().to_vec();
            let texts = texts.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect::<Vec<_>>();
            numbers.into_iter().zip(texts).collect::<Vec<_>>()
        });
        let is_kept = |row: &usize| row % 100 == 77 && text(*row).is_some();
        let expected: Vec<(i64, Option<String>)> =
            (0..ROWS).filter(is_kept).map(|row| (row as i64, text(row))).collect();
        assert_eq!(found.collect::<Vec<_>>(), expected, "nulls {has_nulls}, {string_type:?}");
        assert_eq!(scan.metrics.cache_hits, 1);
    }
}

/// A nullable column of each kind whose dropped values are left out while it is read, and some around them: numbers and
/// decimals of dictionaries that do not lie in the first cache, PLAIN strings of all lengths, the same in structs and lists.
/// `keep` is 0 to 99, in an order that is not to be seen.
fn rows_of_many_kinds(rows: usize) -> RecordBatch {
    let noise =
        |row: usize, salt: u32| (row as u32).wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(salt) >> 7;
    let number = |row: usize| (row % 7 != 3).then(|| i64::from(noise(row, 77) % 9000) << 33);
    let text = |row: usize| (row % 11 != 5).then(|| "täxt ".repeat(noise(row, 99) as usize % 40));
    let numbers = || Arc::new(Int64Array::from_iter((0..rows).map(number))) as ArrayRef;
    let texts = || Arc::new(StringArray::from_iter((0..rows).map(text))) as ArrayRef;
    let amounts =
        Decimal128Array::from_iter((0..rows).map(|row| number(row + 1).map(|number| i128::from(number >> 33))));
    let fields = vec![Field::new("number", DataType::Int64, true), Field::new("text", DataType::Utf8, true)];
    let nulls = NullBuffer::from_iter((0..rows).map(|row| row % 13 != 2));
    let group = StructArray::new(Fields::from(fields), vec![numbers(), texts()], Some(nulls));
    let offsets = OffsetBuffer::from_lengths((0..rows).map(|row| usize::from(row % 3 != 1)));
    let values = Int64Array::from_iter((0..rows).filter(|row| row % 3 != 1).map(number));
    let list = ListArray::new(Arc::new(Field::new("item", DataType::Int64, true)), offsets, Arc::new(values), None);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("keep", Arc::new(Int64Array::from_iter_values((0..rows).map(|row| i64::from(noise(row, 55) % 100))))),
        ("certain", Arc::new(Int64Array::from_iter_values((0..rows).map(|row| i64::from(noise(row, 33) % 9000))))),
        ("number", numbers()),
        ("amount", Arc::new(amounts.with_precision_and_scale(12, 2).expect("a decimal"))),
        ("text", texts()),
        ("group", Arc::new(group)),
        ("list", Arc::new(list)),
    ];
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

/// Whatever share of the rows is kept, and however bytes come.
#[test]
fn values_that_are_left_out_are_those_that_are_dropped() {
    const ROWS: usize = 40_000;
    let rows = rows_of_many_kinds(ROWS);
    let properties = WriterProperties::builder()
        .set_column_dictionary_enabled("text".into(), false)
        .set_column_dictionary_enabled(ColumnPath::new(vec!["group".to_owned(), "text".to_owned()]), false)
        .set_compression(Compression::SNAPPY)
        .set_data_page_row_count_limit(7000)
        .set_max_row_group_row_count(Some(25_000));
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties.build())).expect("a writer");
    writer.write(&rows).expect("written rows");
    let file = Bytes::from(writer.into_inner().expect("a whole file"));
    let keep = rows.column(0).as_primitive::<Int64Type>();
    for (below, string_type) in [1, 4, 15, 50, 97]
        .into_iter()
        .flat_map(|below| [StringType::Utf8, StringType::LargeUtf8, StringType::Utf8View].map(|kind| (below, kind)))
    {
        let kept: Vec<bool> = keep.values().iter().map(|keep| *keep < below).collect();
        let expected = arrow_select::filter::filter_record_batch(&rows, &kept.into()).expect("rows");
        for feed in [Feed::Asked, Feed::Whole, Feed::PieceByPiece(below as u64)] {
            let names = ["keep", "certain", "number", "amount", "text", "group", "list"];
            let options = options(&names, vec![compare("keep", Comparison::Less, below)]);
            let scan =
                scan_with(&file, ScanOptions { string_type, ..options }, feed, By::Push).expect("a readable file");
            for (column, (ours, expected)) in whole_columns(&scan).iter().zip(expected.columns()).enumerate() {
                let ours = arrow_cast::cast(ours, expected.data_type()).expect("the same kind of values");
                assert_values(&ours, expected, &format!("column {column}, below {below}, {string_type:?}, {feed:?}"));
            }
        }
    }
}
