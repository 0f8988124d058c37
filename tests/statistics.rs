//! Statistics as Arrow arrays, over row groups and over pages: against the `parquet` crate's converter, and against the
//! values that they are about.
//!
//! Both run over generated files of every type and over the corpus of files written by others.

// Tests may stop where something is not as they expect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, Scalar, StructArray, UInt64Array};
use arrow_ord::cmp::{gt, lt};
use arrow_schema::{DataType, Field};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::basic::{ColumnOrder, SortOrder, Type as Physical};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnDescriptor;
use pqpush::{Metadata, ScanOptions, StringType};

use support::compare::whole_columns;
use support::corpus::corpus;
use support::fixture::{Coding, ColumnSpec, FileSpec, NULL_SHAPES, Values};
use support::host::{metadata, scan};
use support::kinds::{ALL, Lengths};
use support::nested::random_rows;
use support::random::Random;

/// Files of every type and null shape, with pages of 50 rows and row groups of 400.
fn generated() -> Vec<(String, Bytes)> {
    let mut files = Vec::new();
    for nulls in NULL_SHAPES {
        for (values, lengths) in
            [(Values::Distinct, Lengths::Short), (Values::Runs, Lengths::Long), (Values::Few(3), Lengths::OftenEmpty)]
        {
            let column = |(index, kind): (usize, &_)| {
                ColumnSpec::new(&format!("c{index}"), *kind, *nulls, Coding::Plain).with_values(values, lengths)
            };
            let mut spec = FileSpec::new(ALL.iter().enumerate().map(column).collect(), 1000, 50);
            spec.row_group_rows = 400;
            files.push((format!("{nulls:?} {values:?} {lengths:?}"), spec.write().bytes));
        }
    }
    files
}

/// The files of the corpus, small ones.
fn of_corpus() -> Vec<(String, Bytes)> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> =
        corpus().map(|root| vec![root.join("parquet-testing"), root.join("wild")]).unwrap_or_default();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if is_small_parquet(&path) => {
                    files.push((
                        path.file_name().unwrap().to_string_lossy().into_owned(),
                        fs::read(&path).unwrap().into(),
                    ));
                }
                false => {}
            }
        }
    }
    files
}

fn is_small_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "parquet") && fs::metadata(path).unwrap().len() < 4_000_000
}

fn field<'a>(statistics: &'a StructArray, name: &str) -> &'a ArrayRef {
    statistics.column_by_name(name).unwrap_or_else(|| panic!("no {name}"))
}

fn counts<'a>(statistics: &'a StructArray, name: &str) -> &'a UInt64Array {
    field(statistics, name).as_primitive()
}

fn row(array: &ArrayRef, row: usize) -> Option<ArrayRef> {
    array.is_valid(row).then(|| array.slice(row, 1))
}

fn float(value: &ArrayRef) -> Option<f64> {
    match value.data_type() {
        DataType::Float16 => Some(value.as_primitive::<Float16Type>().value(0).to_f64()),
        DataType::Float32 => Some(value.as_primitive::<Float32Type>().value(0).into()),
        DataType::Float64 => Some(value.as_primitive::<Float64Type>().value(0)),
        _ => None,
    }
}

/// What the oracle's bound comes to under the rules of the format, for a column whose bounds are in `order`.
fn reliable(bound: Option<ArrayRef>, order: Option<SortOrder>) -> Option<ArrayRef> {
    order?;
    bound.filter(|bound| !float(bound).is_some_and(f64::is_nan))
}

/// The order of the bounds, where they can be used at all.
fn bound_order(column: &ColumnDescriptor, order: ColumnOrder, deprecated: bool) -> Option<SortOrder> {
    let of_type =
        ColumnOrder::column_order_for_type(column.logical_type_ref(), column.converted_type(), column.physical_type());
    if !deprecated {
        let order = if order == ColumnOrder::UNDEFINED { SortOrder::UNDEFINED } else { order.sort_order() };
        return match order {
            SortOrder::UNDEFINED => None,
            SortOrder::TOTAL_ORDER => (of_type.sort_order() == SortOrder::TOTAL_ORDER).then_some(order),
            SortOrder::INT96_TIMESTAMP => (column.physical_type() == Physical::INT96).then_some(order),
            other => Some(other),
        };
    }
    let numeric = [Physical::BOOLEAN, Physical::INT32, Physical::INT64, Physical::FLOAT, Physical::DOUBLE];
    let signed = of_type.sort_order() != SortOrder::UNSIGNED || column.physical_type() == Physical::BOOLEAN;
    let signed = signed && of_type.sort_order() != SortOrder::UNDEFINED;
    (numeric.contains(&column.physical_type()) && signed).then_some(SortOrder::SIGNED)
}

/// A bound of ours is the oracle's, or the other zero where only the type orders the zeros.
fn assert_bound(ours: Option<ArrayRef>, theirs: Option<ArrayRef>, order: Option<SortOrder>, is_min: bool, place: &str) {
    let expected = reliable(theirs, order);
    match (&ours, &expected) {
        (Some(ours), Some(expected)) if float(expected) == Some(0.0) && order == Some(SortOrder::SIGNED) => {
            let zero = float(ours).unwrap();
            assert!(zero == 0.0 && zero.is_sign_negative() == is_min, "{place}: {zero}");
        }
        (Some(ours), Some(expected)) => assert_eq!(**ours, **expected, "{place}"),
        (None, None) => {}
        _ => panic!("{place}: {ours:?}, expected {expected:?}"),
    }
}

fn theirs(file: &Bytes) -> Option<ParquetMetaData> {
    ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional).parse_and_finish(file).ok()
}

/// Compares the row groups' statistics of every column; returns how many bounds there were.
fn compare_row_groups(name: &str, ours: &Metadata, theirs: &ParquetMetaData) -> usize {
    let descriptor = theirs.file_metadata().schema_descr();
    let mut bounds = 0;
    for (column, leaf) in descriptor.columns().iter().enumerate() {
        let place = format!("{name}, {}", leaf.path());
        let found = ours.column_statistics(column, StringType::Utf8).unwrap();
        let arrow = Field::new("c", field(&found, "min").data_type().clone(), true);
        if !converted_by_the_oracle(arrow.data_type(), raw_bounds(theirs, column)) {
            continue;
        }
        let converter = StatisticsConverter::from_column_index(column, &arrow, descriptor).unwrap();
        let orders = theirs.file_metadata().column_orders().map(Vec::as_slice);
        let converter = converter.with_missing_null_counts_as_zero(false).with_column_orders(orders);
        let groups = || theirs.row_groups().iter();
        let (min, max) = (converter.row_group_mins(groups()).unwrap(), converter.row_group_maxes(groups()).unwrap());
        let order = theirs.file_metadata().column_order(column);
        for (ordinal, group) in theirs.row_groups().iter().enumerate() {
            let place = format!("{place}, row group {ordinal}");
            // The oracle gives the deprecated bounds only where there are no others.
            let deprecated =
                group.column(column).statistics().is_some_and(|statistics| statistics.is_min_max_deprecated());
            let details = ours.chunk_details(ordinal, column);
            let has_deprecated = details.statistics.is_some_and(|statistics| statistics.deprecated_min.is_some());
            let usable = Some(order).filter(|_| !deprecated).and_then(|order| bound_order(leaf, order, false));
            let order = usable.or_else(|| bound_order(leaf, order, true).filter(|_| has_deprecated));
            assert_bound(row(field(&found, "min"), ordinal), row(&min, ordinal), order, true, &place);
            assert_bound(row(field(&found, "max"), ordinal), row(&max, ordinal), order, false, &place);
            let said = details.statistics.unwrap_or_default();
            for (name, bound, said) in
                [("min_is_exact", "min", said.is_min_exact), ("max_is_exact", "max", said.is_max_exact)]
            {
                let told = field(&found, name).as_boolean();
                let told = told.is_valid(ordinal).then(|| told.value(ordinal));
                let known = field(&found, bound).is_valid(ordinal);
                assert!(
                    told == said.filter(|_| known) || known && said.is_none() && told == Some(true),
                    "{place}, {name}"
                );
            }
            bounds += usize::from(field(&found, "min").is_valid(ordinal));
        }
        compare_counts(&place, &found, "null_count", &converter.row_group_null_counts(groups()).unwrap(), leaf);
        compare_counts(&place, &found, "nan_count", &converter.row_group_nan_counts(groups()).unwrap(), leaf);
        compare_counts(&place, &found, "distinct_count", &converter.row_group_distinct_counts(groups()).unwrap(), leaf);
        let rows = converter.row_group_row_counts(groups()).unwrap().unwrap();
        assert_eq!(*counts(&found, "row_count"), rows, "{place}");
    }
    bounds
}

/// Left out are intervals, of which the oracle makes another type, and decimals of no or of more bytes than their type
/// has, at which it panics.
fn converted_by_the_oracle<'a>(data_type: &DataType, mut bounds: impl Iterator<Item = &'a [u8]>) -> bool {
    match data_type {
        DataType::Interval(_) | DataType::Null => false,
        DataType::Decimal128(..) => bounds.all(|bytes| (1..=16).contains(&bytes.len())),
        DataType::Decimal256(..) => bounds.all(|bytes| (1..=32).contains(&bytes.len())),
        _ => true,
    }
}

/// All bounds of row groups that the file has for a column.
fn raw_bounds(theirs: &ParquetMetaData, column: usize) -> impl Iterator<Item = &[u8]> {
    let statistics = theirs.row_groups().iter().filter_map(move |group| group.column(column).statistics());
    statistics.flat_map(|statistics| [statistics.min_bytes_opt(), statistics.max_bytes_opt()]).flatten()
}

fn compare_counts(place: &str, ours: &StructArray, name: &str, theirs: &UInt64Array, leaf: &ColumnDescriptor) {
    let ours = counts(ours, name);
    assert_eq!(ours.len(), theirs.len(), "{place}, {name}");
    for (index, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let implied = (name == "null_count" && leaf.max_def_level() == 0).then_some(0);
        // Some writers count more distinct values than values.
        let impossible = name == "distinct_count" && ours.is_none();
        assert!(ours == theirs.or(implied) || impossible, "{place}, {name} {index}");
    }
}

/// Compares the page index of every column; returns how many bounds there were.
fn compare_pages(name: &str, ours: &Metadata, theirs: &ParquetMetaData) -> usize {
    let descriptor = theirs.file_metadata().schema_descr();
    let Some(index) = theirs.page_index() else { return 0 };
    let index = index.as_ref();
    let mut bounds = 0;
    for (column, leaf) in descriptor.columns().iter().enumerate() {
        let place = format!("{name}, {}", leaf.path());
        let read_by_both = |ordinal: &usize| {
            let chunk = ours.chunk(*ordinal, column).unwrap();
            let indexes = theirs.page_index_for_row_group(*ordinal);
            chunk.column_index().is_some() && indexes.column_index(column).is_some()
        };
        let found = ours.page_statistics(column, StringType::Utf8).unwrap();
        let arrow = Field::new("c", field(&found, "min").data_type().clone(), true);
        let groups: Vec<usize> = (0..theirs.num_row_groups()).filter(read_by_both).collect();
        let indexes = groups.iter().filter_map(|group| ours.chunk(*group, column).unwrap().column_index());
        let raw = indexes.flat_map(|index| {
            let of_values = |(page, bytes): (usize, _)| (!index.null_pages[page]).then_some(bytes);
            let (min, max) = (index.min_values.iter().enumerate(), index.max_values.iter().enumerate());
            min.chain(max).filter_map(of_values)
        });
        if groups.is_empty() || !converted_by_the_oracle(arrow.data_type(), raw) {
            continue;
        }
        let converter = StatisticsConverter::from_column_index(column, &arrow, descriptor).unwrap();
        let orders = theirs.file_metadata().column_orders().map(Vec::as_slice);
        let converter = converter.with_missing_null_counts_as_zero(false).with_column_orders(orders);
        let min = converter.data_page_mins(index, &groups).unwrap();
        let max = converter.data_page_maxes(index, &groups).unwrap();
        // Some writers put -1 for what they do not know.
        let nulls = converter.data_page_null_counts(index, &groups).unwrap();
        let null_count = |nth| nulls.is_valid(nth).then(|| nulls.value(nth)).filter(|count| *count <= i64::MAX as u64);
        let rows = converter.data_page_row_counts(index, theirs.row_groups(), &groups).unwrap().unwrap();
        let ordinals = counts(&found, "row_group");
        let pages: Vec<usize> =
            (0..found.len()).filter(|&page| groups.contains(&(ordinals.value(page) as usize))).collect();
        assert_eq!(pages.len(), min.len(), "{place}");
        let order = bound_order(leaf, theirs.file_metadata().column_order(column), false);
        for (nth, page) in pages.into_iter().enumerate() {
            let place = format!("{place}, page {page}");
            assert_bound(row(field(&found, "min"), page), row(&min, nth), order, true, &place);
            assert_bound(row(field(&found, "max"), page), row(&max, nth), order, false, &place);
            let nulls = counts(&found, "null_count");
            assert_eq!(nulls.is_valid(page).then(|| nulls.value(page)), null_count(nth), "{place}");
            assert_eq!(counts(&found, "row_count").value(page), rows.value(nth), "{place}");
            bounds += usize::from(field(&found, "min").is_valid(page));
        }
    }
    bounds
}

#[test]
fn generated_files_agree_with_the_oracle() {
    for (name, bytes) in generated() {
        let (ours, theirs) = (metadata(&bytes).unwrap(), theirs(&bytes).unwrap());
        let bounds = compare_row_groups(&name, &ours, &theirs);
        let page_bounds = compare_pages(&name, &ours, &theirs);
        assert!(name.starts_with("All") || bounds >= 100 && page_bounds >= 500, "{name}: {bounds}, {page_bounds}");
    }
}

#[test]
fn the_corpus_agrees_with_the_oracle() {
    let files = of_corpus();
    let mut bounds = [0, 0];
    for (name, bytes) in &files {
        let (Ok(ours), Some(theirs)) = (metadata(bytes), theirs(bytes)) else { continue };
        bounds[0] += compare_row_groups(name, &ours, &theirs);
        bounds[1] += compare_pages(name, &ours, &theirs);
    }
    println!("{bounds:?} bounds of row groups and pages in {} files", files.len());
}

/// Panics where one of the values is outside the bound. NaNs are outside of no bound.
fn assert_bounds(values: &ArrayRef, min: Option<ArrayRef>, max: Option<ArrayRef>, place: &str) {
    for (bound, is_min) in [(min, true), (max, false)] {
        let Some(bound) = bound else { continue };
        if let Some(bound) = float(&bound) {
            for index in (0..values.len()).filter(|&index| values.is_valid(index)) {
                let value = float(&values.slice(index, 1)).unwrap();
                let outside = if is_min { value < bound } else { value > bound };
                assert!(!outside, "{place}: {value} is outside of {bound}");
            }
            continue;
        }
        let bound = Scalar::new(bound);
        let outside = if is_min { lt(values, &bound) } else { gt(values, &bound) }.unwrap();
        assert_eq!(outside.true_count(), 0, "{place}: outside of {bound:?}");
    }
}

/// Holds the bounds of all flat columns against their values; returns how many values there were.
fn check_against_values(name: &str, bytes: &Bytes, metadata: &Metadata) -> usize {
    let mut checked = 0;
    for (column, leaf) in metadata.schema.leaves.iter().enumerate() {
        let path = leaf.dotted_path();
        let flat = leaf.path.depth() == 1 && leaf.max_repetition_level == 0;
        if !flat || metadata.schema.leaves_of(&path) != [column] || leaf.max_definition_level > 1 {
            continue;
        }
        let statistics = metadata.column_statistics(column, StringType::Utf8View).unwrap();
        let pages = metadata.page_statistics(column, StringType::Utf8View).unwrap();
        for ordinal in 0..metadata.row_groups.len() {
            let row_groups = Some(vec![ordinal as u32]);
            let options = ScanOptions {
                columns: Some(vec![path.to_owned()]),
                row_groups,
                string_type: StringType::Utf8View,
                ..ScanOptions::default()
            };
            let Ok(scan) = scan(bytes, options) else { continue };
            let values = whole_columns(&scan).remove(0);
            let place = format!("{name}, {path}, row group {ordinal}");
            let bound = |statistics: &StructArray, name, index| row(field(statistics, name), index);
            assert_bounds(&values, bound(&statistics, "min", ordinal), bound(&statistics, "max", ordinal), &place);
            let nulls = counts(&statistics, "null_count");
            assert!(
                nulls.is_null(ordinal)
                    || nulls.value(ordinal) == values.null_count() as u64
                    || values.data_type().is_null(),
                "{place}"
            );
            for page in 0..pages.len() {
                if counts(&pages, "row_group").value(page) != ordinal as u64 {
                    continue;
                }
                let [first, rows] = ["first_row", "row_count"].map(|name| counts(&pages, name).value(page) as usize);
                let place = format!("{place}, page {page}");
                let values = values.slice(first, rows);
                assert_bounds(&values, bound(&pages, "min", page), bound(&pages, "max", page), &place);
            }
            checked += values.len();
        }
    }
    checked
}

#[test]
fn no_value_of_a_generated_file_is_outside_its_bounds() {
    for (name, bytes) in generated() {
        assert!(check_against_values(&name, &bytes, &metadata(&bytes).unwrap()) > 10_000, "{name}");
    }
}

#[test]
fn no_value_of_the_corpus_is_outside_its_bounds() {
    let mut checked = 0;
    for (name, bytes) in of_corpus() {
        if let Ok(metadata) = metadata(&bytes) {
            checked += check_against_values(&name, &bytes, &metadata);
        }
    }
    println!("{checked} values are inside their bounds");
}

/// How many entries have each level, of chunks and pages of nested columns, as the oracle has it.
#[test]
fn levels_are_counted_as_the_oracle_counts_them() {
    let mut compared = 0;
    for seed in 0..40 {
        let rows = random_rows(&mut Random::new(seed), 4, 60);
        let properties = WriterProperties::builder().set_data_page_row_count_limit(20).set_write_batch_size(7);
        let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties.build())).expect("a writer");
        writer.write(&rows).expect("rows that can be written");
        let file = Bytes::from(writer.into_inner().expect("a whole file"));
        let (ours, theirs) = (metadata(&file).expect("metadata"), theirs(&file).expect("metadata of the oracle"));
        for column in 0..ours.schema.leaves.len() {
            let chunk = theirs.row_group(0).column(column);
            let of_chunk = ours.column_statistics(column, StringType::Utf8).expect("statistics");
            let expected = [
                chunk.repetition_level_histogram().map(|levels| levels.values().to_vec()),
                chunk.definition_level_histogram().map(|levels| levels.values().to_vec()),
            ];
            for (name, expected) in ["repetition_levels", "definition_levels"].into_iter().zip(expected) {
                let Some(expected) = expected else { continue };
                let found = field(&of_chunk, name).as_list::<i32>().value(0);
                let found: Vec<i64> = found.as_primitive::<UInt64Type>().values().iter().map(|n| *n as i64).collect();
                assert_eq!(found, expected, "seed {seed}, column {column}, {name}");
                let of_pages = ours.page_statistics(column, StringType::Utf8).expect("statistics of pages");
                let lists = field(&of_pages, name).as_list::<i32>();
                if lists.null_count() == 0 && !lists.is_empty() {
                    let mut sums = vec![0; expected.len()];
                    for list in lists.iter().flatten() {
                        let counts = list.as_primitive::<UInt64Type>().values().to_vec();
                        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count as i64);
                    }
                    assert_eq!(sums, expected, "pages, seed {seed}, column {column}, {name}");
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 50, "{compared} columns have levels of pages");
}
