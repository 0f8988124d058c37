//! Plans: the tasks of a plan read exactly the rows of the whole scan, in order; the rows of a plan are a selection for
//! another scan; what a plan says of itself.

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

use arrow_array::{ArrayRef, Int64Array};
use bytes::Bytes;
use pqpush::predicate::{Comparison, Predicate};
use pqpush::{Decoder, Plan, RowSelection, ScanOptions, Task};

use support::compare::whole_columns;
use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls, Values};
use support::host::{By, Feed, Feeder, Scan, drive, metadata, scan};
use support::kinds::{Kind, Lengths};
use support::random::Random;

fn run(file: &Bytes, decoder: Decoder) -> Scan {
    drive(decoder, Feeder::new(file, Feed::Asked, 0), By::Push).expect("a readable file")
}

fn random_file(random: &mut Random, seed: u64) -> FileSpec {
    let columns = (0..1 + random.below(3)).map(|index| {
        let kind = random.pick(&[Kind::Int64, Kind::Utf8]);
        let nulls = random.pick(&[Nulls::Required, Nulls::Random(10), Nulls::Runs]);
        let coding = random.pick(&[Coding::Plain, Coding::Dictionary, Coding::DictionaryFallback]);
        let column = ColumnSpec::new(&format!("c{index}"), kind, nulls, coding);
        column.with_values(random.pick(&[Values::Distinct, Values::Few(50)]), random.pick(&[Lengths::Short]))
    });
    let columns = columns.collect();
    let mut spec = FileSpec::new(columns, 1 + random.below(6000), 1 + random.below(700));
    spec.row_group_rows = 1 + random.below(spec.rows * 2);
    (spec.v2, spec.page_index, spec.seed) = (random.percent(50), random.percent(70), seed);
    spec
}

fn random_options(random: &mut Random, spec: &FileSpec, row_groups: usize) -> ScanOptions {
    let mut options = ScanOptions { batch_rows: 1 + random.below(900), ..ScanOptions::default() };
    options.row_numbers = random.percent(50);
    if random.percent(30) {
        let mut chosen: Vec<u32> = (0..row_groups as u32).filter(|_| random.percent(70)).collect();
        chosen.reverse();
        options.row_groups = Some(chosen);
    } else if random.percent(40) {
        let share = random.pick(&[2, 50, 98]);
        let bits: Vec<bool> = (0..spec.rows).map(|_| random.percent(share)).collect();
        options.row_selection = Some(RowSelection::from_bitmap(bits.into()));
    }
    if random.percent(50) {
        options.offset = random.below(spec.rows + 1) as u64;
        options.limit = random.percent(70).then(|| random.below(spec.rows + 1) as u64);
    }
    if random.percent(50) && spec.columns[0].kind == Kind::Int64 {
        let literal: ArrayRef = Arc::new(Int64Array::from(vec![random.below(spec.rows + 1) as i64]));
        let comparison = random.pick(&[Comparison::Less, Comparison::GreaterOrEqual]);
        options.predicates = vec![Predicate::compare("c0", comparison, literal).expect("one literal")];
    }
    options
}

/// The rows of the tasks, one task behind the other, and checks of each task.
fn rows_of_tasks(file: &Bytes, plan: &Arc<Plan>, tasks: &[Task], context: &str) -> Vec<ArrayRef> {
    let mut scans: Vec<Scan> = Vec::new();
    for task in tasks {
        assert!(task.selected_rows > 0 && task.selected_rows <= task.row_count, "{task:?}: {context}");
        let scan = run(file, Decoder::of_task(plan, task));
        assert!(scan.row_count() as u64 <= task.selected_rows, "{task:?}: {context}");
        assert!(scan.metrics.bytes_requested <= task.byte_size, "{task:?}: {context}");
        assert_eq!(scan.metrics.rows_total, task.row_count, "{task:?}: {context}");
        assert!(scan.batches.iter().all(|batch| task.row_group.is_none() || task.row_group == batch.row_group));
        scans.push(scan);
    }
    let Some(first) = scans.first() else { return Vec::new() };
    let columns = first.schema.fields().len();
    let parts: Vec<Vec<ArrayRef>> = scans.iter().map(whole_columns).collect();
    (0..columns)
        .map(|column| {
            let parts: Vec<_> = parts.iter().map(|part| part[column].as_ref()).collect();
            arrow_select::concat::concat(&parts).expect("columns of one type")
        })
        .collect()
}

fn check(seed: u64) {
    let mut random = Random::new(seed);
    let spec = random_file(&mut random, seed);
    let file = spec.write().bytes;
    let metadata = metadata(&file).expect("a readable file");
    let options = random_options(&mut random, &spec, metadata.row_groups.len());
    let target_rows = random.pick(&[0, 1, 10, 300, 1000, 5000, u64::MAX]);
    let context = format!("seed {seed}, {target_rows} rows: {options:?}, {spec:?}");
    let plan = Arc::new(Plan::new(Arc::clone(&metadata), options.clone()).expect("options that fit"));
    let tasks = plan.tasks(target_rows);
    let whole = run(&file, Decoder::of_plan(Arc::clone(&plan)));
    let rows = rows_of_tasks(&file, &plan, &tasks, &context);
    if tasks.is_empty() {
        assert_eq!(whole.row_count(), 0, "{context}");
    } else {
        assert_eq!(rows, whole_columns(&whole), "{context}");
    }
    if options.predicates.is_empty() {
        let selected: u64 = tasks.iter().map(|task| task.selected_rows).sum();
        assert_eq!(selected, whole.row_count() as u64, "{context}");
    }
    let is_consumed = options.predicates.is_empty();
    let again = ScanOptions {
        row_selection: Some(plan.row_selection().expect("a row selection")),
        offset: if is_consumed { 0 } else { options.offset },
        limit: if is_consumed { None } else { options.limit },
        ..options
    };
    let again = run(&file, Decoder::new(metadata, again).expect("the rows of a plan are a selection"));
    assert_eq!(whole_columns(&again), whole_columns(&whole), "{context}");
}

#[test]
fn tasks_read_exactly_the_rows_of_the_whole_scan() {
    (0..1500).for_each(check);
}

/// Rows in order in one large row group with an index, beside a column with other pages.
fn large_row_group(rows: usize) -> (Bytes, Arc<Plan>) {
    let column = |name, kind| ColumnSpec::new(name, kind, Nulls::Required, Coding::Plain);
    let file = FileSpec::new(vec![column("key", Kind::Int64), column("text", Kind::Utf8)], rows, 100).write().bytes;
    let plan = Plan::new(metadata(&file).expect("a readable file"), ScanOptions::default()).expect("no options");
    (file, Arc::new(plan))
}

#[test]
fn large_row_groups_are_cut_where_pages_begin() {
    let (file, plan) = large_row_group(10_000);
    let tasks = plan.tasks(1000);
    assert_eq!(tasks.len(), 10);
    assert!(tasks.iter().all(|task| task.first_row % 100 == 0 && (900..=1100).contains(&task.row_count)), "{tasks:?}");
    let all_bytes: u64 = plan.tasks(0)[0].byte_size;
    // No page is read twice.
    assert_eq!(tasks.iter().map(|task| task.byte_size).sum::<u64>(), all_bytes);
    assert_eq!(rows_of_tasks(&file, &plan, &tasks, "")[0].len(), 10_000);
}

#[test]
fn the_last_row_group_makes_smaller_tasks() {
    let key = ColumnSpec::new("key", Kind::Int64, Nulls::Required, Coding::Plain);
    let mut spec = FileSpec::new(vec![key], 12_000, 100);
    spec.row_group_rows = 4000;
    let file = spec.write().bytes;
    let plan = Plan::new(metadata(&file).expect("a readable file"), ScanOptions::default()).expect("no options");
    let counts = |target| {
        let tasks = plan.tasks(target);
        [0, 1, 2].map(|group| tasks.iter().filter(|task| task.row_group == Some(group)).count())
    };
    assert_eq!([0, 1000, 4000].map(counts), [[1, 1, 1], [4, 4, 8], [1, 1, 2]]);
}

#[test]
fn a_limit_behind_predicates_is_one_task() {
    let (file, _) = large_row_group(10_000);
    let predicate = Predicate::is_null("key");
    let options =
        ScanOptions { predicates: vec![Predicate::not(predicate)], limit: Some(10), ..ScanOptions::default() };
    let text = Predicate::compare("text", Comparison::Greater, Arc::new(arrow_array::StringArray::from(vec!["a"])));
    let options =
        ScanOptions { predicates: vec![options.predicates[0].clone(), text.expect("one literal")], ..options };
    let plan = Arc::new(Plan::new(metadata(&file).expect("a readable file"), options).expect("options that fit"));
    let tasks = plan.tasks(100);
    assert_eq!((tasks.len(), tasks[0].row_group), (1, None));
    assert!(run(&file, Decoder::of_task(&plan, &tasks[0])).row_count() <= 10);
}

#[test]
fn plans_go_to_other_threads() {
    let (file, plan) = large_row_group(5000);
    let tasks = plan.tasks(500);
    let rows: usize = std::thread::scope(|scope| {
        let threads: Vec<_> =
            tasks.iter().map(|task| scope.spawn(|| run(&file, Decoder::of_task(&plan, task)).row_count())).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(rows, scan(&file, ScanOptions::default()).expect("a readable file").row_count());
}

/// Two columns with known values in three row groups, the second of which the predicate rules out by statistics.
#[test]
fn a_plan_explains_itself() {
    let column = |name, kind| ColumnSpec::new(name, kind, Nulls::Required, Coding::Plain);
    let runs = column("run", Kind::Int64).with_values(Values::Runs, Lengths::Short);
    let mut spec = FileSpec::new(vec![runs, column("text", Kind::Utf8)], 250, 20);
    spec.row_group_rows = 100;
    let file = spec.write().bytes;
    let metadata = metadata(&file).expect("a readable file");
    let plain = ScanOptions { offset: 130, limit: Some(20), ..ScanOptions::default() };
    let predicate = Predicate::is_null("run");
    let pruned = ScanOptions {
        columns: Some(vec!["text".to_owned()]),
        row_selection: Some(RowSelection::from_runs([(100, true), (60, false), (90, true)]).expect("few rows")),
        predicates: vec![Predicate::and(vec![
            Predicate::compare("text", Comparison::GreaterOrEqual, Arc::new(arrow_array::StringArray::from(vec!["b"])))
                .expect("one literal"),
            Predicate::not(predicate.clone()),
        ])],
        ..ScanOptions::default()
    };
    let all = whole_columns(&scan(&file, ScanOptions::default()).expect("a readable file"));
    let equal = Predicate::compare("run", Comparison::Equal, all[0].slice(50, 1)).expect("one literal");
    let one = ScanOptions { columns: Some(Vec::new()), predicates: vec![equal], ..ScanOptions::default() };
    let none = ScanOptions { predicates: vec![predicate], ..ScanOptions::default() };
    let explained = |options| Plan::new(Arc::clone(&metadata), options).expect("options that fit").explain();
    let text = [explained(plain), explained(pruned), explained(one), explained(none)].join("\n");
    println!("{text}");
    assert_eq!(text, include_str!("golden/explained.txt"));
}
