//! What happens in the course of a scan: a host that reads ahead, and options that change between row groups.

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
use arrow_array::{ArrayRef, Int64Array, RecordBatch};
use bytes::Bytes;
use pqpush::predicate::{Comparison, Predicate};
use pqpush::{ByteRange, Decoder, ErrorKind, RowSelection, ScanOptions, Step};

use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls, Values};
use support::host::{Coverage, metadata, scan};
use support::kinds::{Kind, Lengths};
use support::random::Random;

fn random_file(random: &mut Random, seed: u64) -> FileSpec {
    let column = |name: &str, random: &mut Random| {
        let kind = if name == "c0" { Kind::Int64 } else { random.pick(&[Kind::Int64, Kind::Utf8]) };
        let coding = random.pick(&[Coding::Plain, Coding::Dictionary]);
        let column = ColumnSpec::new(name, kind, random.pick(&[Nulls::Required, Nulls::Random(10)]), coding);
        column.with_values(random.pick(&[Values::Distinct, Values::Few(50)]), Lengths::Short)
    };
    let columns = vec![column("c0", random), column("c1", random), column("c2", random)];
    let mut spec = FileSpec::new(columns, 1 + random.below(3000), 1 + random.below(300));
    spec.row_group_rows = 1 + spec.rows / (1 + random.below(6));
    (spec.v2, spec.page_index, spec.seed) = (random.percent(50), random.percent(70), seed);
    spec
}

/// Columns, batches and at times a predicate; not which rows are chosen.
fn random_manner(random: &mut Random) -> ScanOptions {
    let names = ["c0", "c1", "c2"].iter().filter(|_| random.percent(60)).map(|name| (*name).to_owned()).collect();
    let mut options = ScanOptions {
        batch_rows: 1 + random.below(400),
        columns: Some(names),
        row_numbers: true,
        row_group_events: true,
        ..ScanOptions::default()
    };
    if random.percent(50) {
        let literal: ArrayRef = Arc::new(Int64Array::from(vec![random.below(1 << 20) as i64 * 1000 - (1 << 28)]));
        let comparison = random.pick(&[Comparison::Less, Comparison::GreaterOrEqual]);
        options.predicates.push(Predicate::compare("c0", comparison, literal).expect("one literal"));
    }
    options
}

fn random_choice(random: &mut Random, spec: &FileSpec, manner: ScanOptions) -> ScanOptions {
    let mut options = manner;
    if random.percent(40) {
        let bits: Vec<bool> = (0..spec.rows).map(|_| random.percent(60)).collect();
        options.row_selection = Some(RowSelection::from_bitmap(bits.into()));
    }
    if random.percent(50) {
        options.offset = random.below(spec.rows) as u64;
        options.limit = random.percent(70).then(|| random.below(spec.rows) as u64);
    }
    options
}

fn part(file: &Bytes, range: ByteRange) -> Bytes {
    file.slice(range.offset as usize..range.end() as usize)
}

fn row_numbers(batch: &RecordBatch) -> Vec<i64> {
    batch.column_by_name("row_number").expect("row numbers").as_primitive::<Int64Type>().values().to_vec()
}

fn read_ahead(seed: u64) {
    let mut random = Random::new(seed);
    let spec = random_file(&mut random, seed);
    let file = spec.write().bytes;
    let manner = random_manner(&mut random);
    let mut options = random_choice(&mut random, &spec, manner);
    if random.percent(30) {
        options.max_buffered_bytes = Some(random.pick(&[100, 3000, 50_000]));
    }
    let context = format!("seed {seed}: {options:?}, {spec:?}");
    let expected = scan(&file, options.clone()).expect("a readable file");
    let mut decoder = Decoder::new(metadata(&file).expect("metadata"), options.clone()).expect("options that fit");
    let (mut asked, mut pushed) = (Coverage::default(), Coverage::default());
    let mut rows = Vec::new();
    loop {
        match decoder.try_decode().expect("a readable file") {
            Step::NeedsData(ranges) => {
                for range in &ranges {
                    assert_eq!(pushed.overlap(*range), 0, "{range:?} was pushed: {context}");
                    asked.add(*range);
                }
                let most = random.pick(&[0, 50, 1000, u64::MAX]);
                let ahead = decoder.upcoming_ranges(most).expect("no failure");
                assert!(ahead.iter().map(|range| range.length).sum::<u64>() <= most, "{context}");
                if let Some(bound) = options.max_buffered_bytes {
                    let all: u64 = ranges.iter().chain(&ahead).map(|range| range.length).sum();
                    assert!(ahead.is_empty() || decoder.buffered_bytes() + all <= bound, "{context}");
                }
                for range in &ahead {
                    assert!(range.length > 0, "{context}");
                    assert_eq!(asked.overlap(*range) + pushed.overlap(*range), 0, "{range:?}: {context}");
                }
                let early: Vec<ByteRange> = if random.percent(80) { ahead } else { Vec::new() };
                for range in early.iter().chain(&ranges) {
                    pushed.add(*range);
                    decoder.push(range.offset, part(&file, *range)).expect("bytes of the file");
                }
            }
            Step::Batch(batch) => rows.push(batch.rows),
            Step::RowGroupEnd(_) => {}
            Step::Finished => break,
        }
    }
    let expected: Vec<&RecordBatch> = expected.rows();
    assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{context}");
    assert_eq!(decoder.upcoming_ranges(u64::MAX).expect("no failure"), [], "{context}");
    assert_eq!(decoder.buffered_bytes(), 0, "{context}");
}

#[test]
fn what_is_read_ahead_is_kept_and_not_asked_for() {
    (0..1500).for_each(read_ahead);
}

/// The rows of the whole file are asked for row group by row group; a host that follows is asked for the first one only.
#[test]
fn a_host_that_follows_is_asked_once() {
    let column = |name, kind| ColumnSpec::new(name, kind, Nulls::Required, Coding::Plain);
    let mut spec = FileSpec::new(vec![column("key", Kind::Int64), column("text", Kind::Utf8)], 1000, 50);
    spec.row_group_rows = 100;
    let file = spec.write().bytes;
    let mut decoder =
        Decoder::new(metadata(&file).expect("metadata"), ScanOptions::default()).expect("options that fit");
    let all = decoder.upcoming_ranges(u64::MAX).expect("no failure");
    assert_eq!(all, [ByteRange { offset: 4, length: all[0].length }], "the chunks lie one behind the other");
    let Step::NeedsData(first) = decoder.try_decode().expect("a readable file") else { panic!("nothing was pushed") };
    let rest = decoder.upcoming_ranges(u64::MAX).expect("no failure");
    assert_eq!((first[0].end(), rest[0].end()), (rest[0].offset, all[0].end()));
    let some = decoder.upcoming_ranges(1000).expect("no failure");
    assert_eq!(some, [ByteRange { offset: rest[0].offset, length: 1000 }]);
    first.iter().chain(&rest).for_each(|range| decoder.push(range.offset, part(&file, *range)).expect("bytes"));
    loop {
        match decoder.try_decode().expect("a readable file") {
            Step::NeedsData(ranges) => panic!("{ranges:?} were pushed"),
            Step::Finished => break,
            _ => {}
        }
    }
}

/// The numbers of the rows that one row group gives under `manner`.
fn rows_of_row_group(file: &Bytes, choice: &ScanOptions, manner: &ScanOptions, row_group: usize) -> Vec<i64> {
    let metadata = metadata(file).expect("metadata");
    let before: u64 = metadata.row_groups[..row_group].iter().map(|group| group.row_count).sum();
    let rows = metadata.row_groups[row_group].row_count;
    let options = ScanOptions {
        row_groups: Some(vec![row_group as u32]),
        row_selection: choice.row_selection.as_ref().map(|selection| selection.slice(before..before + rows)),
        ..manner.clone()
    };
    let scan = scan(file, options).expect("a readable file");
    scan.batches.iter().flat_map(|batch| row_numbers(&batch.rows)).collect()
}

fn change_options(seed: u64) {
    let mut random = Random::new(seed);
    let spec = random_file(&mut random, seed);
    let file = spec.write().bytes;
    let mut manner = random_manner(&mut random);
    let choice = random_choice(&mut random, &spec, manner.clone());
    let context = format!("seed {seed}: {choice:?}, {spec:?}");
    let metadata = metadata(&file).expect("metadata");
    let mut decoder = Decoder::new(Arc::clone(&metadata), choice.clone()).expect("options that fit");
    if random.percent(50) {
        decoder.push(0, file.clone()).expect("bytes of the file");
    }
    // What each row group is read by.
    let mut manners = vec![manner.clone(); metadata.row_groups.len()];
    let mut rows: Vec<i64> = Vec::new();
    let (mut is_boundary, mut first_not_begun) = (true, 0);
    loop {
        assert_eq!(decoder.is_at_row_group_boundary(), is_boundary, "{context}");
        if is_boundary && random.percent(50) {
            manner = random_manner(&mut random);
            decoder.reconfigure(manner.clone()).expect("options that fit");
            manners[first_not_begun..].fill(manner.clone());
        } else if !is_boundary {
            let refused = decoder.reconfigure(manner.clone()).expect_err("within a row group");
            assert_eq!(refused.kind(), ErrorKind::InvalidState);
        }
        match decoder.try_decode().expect("a readable file") {
            Step::NeedsData(ranges) => {
                ranges.iter().for_each(|range| decoder.push(range.offset, part(&file, *range)).expect("bytes"));
                is_boundary = decoder.is_at_row_group_boundary();
            }
            Step::Batch(batch) => {
                let row_group = batch.row_group.expect("rows of one row group");
                first_not_begun = row_group + 1;
                assert_eq!(batch.rows.schema(), decoder.schema(), "{context}");
                assert!(batch.rows.num_rows() <= manner.batch_rows, "{context}");
                assert_eq!(batch.rows.num_columns(), manner.columns.as_ref().map_or(0, Vec::len) + 1, "{context}");
                rows.extend(row_numbers(&batch.rows));
                is_boundary = decoder.is_at_row_group_boundary();
            }
            Step::RowGroupEnd(row_group) => {
                first_not_begun = row_group + 1;
                is_boundary = true;
            }
            Step::Finished => break,
        }
    }
    let of_row_group = |(row_group, manner)| rows_of_row_group(&file, &choice, manner, row_group);
    let all: Vec<i64> = manners.iter().enumerate().flat_map(of_row_group).collect();
    let limit = choice.limit.unwrap_or(u64::MAX) as usize;
    let expected: Vec<i64> = all.into_iter().skip(choice.offset as usize).take(limit).collect();
    assert_eq!(rows, expected, "{context}");
    assert_eq!(decoder.buffered_bytes(), 0, "{context}");
    assert_eq!(decoder.reconfigure(manner).expect_err("the end").kind(), ErrorKind::InvalidState);
}

#[test]
fn options_change_between_row_groups() {
    (0..1500).for_each(change_options);
}

#[test]
fn options_that_do_not_fit_change_nothing() {
    let column = |name, kind| ColumnSpec::new(name, kind, Nulls::Required, Coding::Plain);
    let file = FileSpec::new(vec![column("key", Kind::Int64)], 100, 50).write().bytes;
    let mut decoder =
        Decoder::new(metadata(&file).expect("metadata"), ScanOptions::default()).expect("options that fit");
    let metrics = decoder.metrics();
    let wrong = [
        ScanOptions { columns: Some(vec!["nothing".to_owned()]), ..ScanOptions::default() },
        ScanOptions { limit: Some(3), ..ScanOptions::default() },
        ScanOptions { offset: 3, ..ScanOptions::default() },
        ScanOptions { row_groups: Some(vec![0]), ..ScanOptions::default() },
        ScanOptions { row_selection: Some(RowSelection::all(100)), ..ScanOptions::default() },
        ScanOptions { row_group_selections: vec![(0, RowSelection::all(100))], ..ScanOptions::default() },
    ];
    for options in wrong {
        let error = decoder.reconfigure(options).expect_err("options that do not fit");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert_eq!(decoder.metrics(), metrics);
    }
    decoder.push(0, file).expect("bytes of the file");
    assert!(matches!(decoder.try_decode(), Ok(Step::Batch(batch)) if batch.rows.num_rows() == 100));
}
