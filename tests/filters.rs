//! Scans with predicates against decoding everything and filtering afterwards, row by row with three-valued logic: random
//! files, predicate trees, projections, selections, offsets and limits, bounds and ways of pushing.

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
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, StringArray};
use pqpush::predicate::{Comparison, Predicate};
use pqpush::{RowSelection, ScanOptions};

use support::compare::whole_columns;
use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls, Values};
use support::host::{By, Feed, quick_feeds, scan, scan_with};
use support::kinds::{Kind, Lengths};
use support::random::Random;

const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];

/// A predicate, and what it says of one row of the columns.
#[derive(Debug, Clone)]
enum Condition {
    Compare(usize, Comparison, ArrayRef),
    In(usize, ArrayRef),
    IsNull(usize),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
}

fn compared(array: &ArrayRef, row: usize, op: Comparison, literal: &ArrayRef, index: usize) -> Option<bool> {
    if array.is_null(row) || literal.is_null(index) {
        return None;
    }
    let order = match array.as_primitive_opt::<Int64Type>() {
        Some(numbers) => numbers.value(row).cmp(&literal.as_primitive::<Int64Type>().value(index)),
        None => array.as_string::<i32>().value(row).cmp(literal.as_string::<i32>().value(index)),
    };
    Some(match op {
        Comparison::Equal => order.is_eq(),
        Comparison::NotEqual => order.is_ne(),
        Comparison::Less => order.is_lt(),
        Comparison::LessOrEqual => order.is_le(),
        Comparison::Greater => order.is_gt(),
        Comparison::GreaterOrEqual => order.is_ge(),
    })
}

fn any(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let answers: Vec<Option<bool>> = answers.collect();
    if answers.contains(&Some(true)) { Some(true) } else { (!answers.contains(&None)).then_some(false) }
}

impl Condition {
    fn of_row(&self, columns: &[ArrayRef], row: usize) -> Option<bool> {
        match self {
            Self::Compare(column, op, literal) => compared(&columns[*column], row, *op, literal, 0),
            Self::In(column, values) => {
                any((0..values.len()).map(|index| compared(&columns[*column], row, Comparison::Equal, values, index)))
            }
            Self::IsNull(column) => Some(columns[*column].is_null(row)),
            Self::And(operands) => any(operands.iter().map(|o| o.of_row(columns, row).map(|b| !b))).map(|b| !b),
            Self::Or(operands) => any(operands.iter().map(|operand| operand.of_row(columns, row))),
            Self::Not(operand) => operand.of_row(columns, row).map(|answer| !answer),
        }
    }

    fn predicate(&self, spec: &FileSpec) -> Predicate {
        let name = |column: &usize| spec.columns[*column].name.as_str();
        let all = |operands: &[Condition]| operands.iter().map(|operand| operand.predicate(spec)).collect();
        match self {
            Self::Compare(column, op, literal) => {
                Predicate::compare(name(column), *op, literal.clone()).expect("one literal")
            }
            Self::In(column, values) => Predicate::is_in(name(column), values.clone()).expect("values"),
            Self::IsNull(column) => Predicate::is_null(name(column)),
            Self::And(operands) => Predicate::and(all(operands)),
            Self::Or(operands) => Predicate::or(all(operands)),
            Self::Not(operand) => Predicate::not(operand.predicate(spec)),
        }
    }

    fn random(random: &mut Random, columns: &[ArrayRef], depth: usize) -> Self {
        let operands =
            |random: &mut Random| (0..random.below(4)).map(|_| Self::random(random, columns, depth - 1)).collect();
        let column = random.below(columns.len());
        match random.below(if depth == 0 { 5 } else { 9 }) {
            0..=2 => Self::Compare(column, random.pick(&COMPARISONS), literals(random, &columns[column], 1)),
            3 => {
                let count = random.below(5);
                Self::In(column, literals(random, &columns[column], count))
            }
            4 => Self::IsNull(column),
            5 | 6 => Self::And(operands(random)),
            7 => Self::Or(operands(random)),
            _ => Self::Not(Box::new(Self::random(random, columns, depth - 1))),
        }
    }
}

/// Values of the column, values near them, nulls at times.
fn literals(random: &mut Random, column: &ArrayRef, count: usize) -> ArrayRef {
    let rows: Vec<Option<usize>> =
        (0..count).map(|_| (!column.is_empty() && random.percent(95)).then(|| random.below(column.len()))).collect();
    match column.as_primitive_opt::<Int64Type>() {
        Some(numbers) => {
            let near = |row: Option<usize>| row.map(|row| numbers.value(row).wrapping_add(random.below(3) as i64 - 1));
            Arc::new(rows.into_iter().map(near).collect::<Int64Array>())
        }
        None => {
            let strings = column.as_string::<i32>();
            let value =
                |row: Option<usize>| row.map(|row| format!("{}{}", strings.value(row), random.pick(&["", "", "x"])));
            Arc::new(rows.into_iter().map(value).collect::<StringArray>())
        }
    }
}

fn random_spec(random: &mut Random, seed: u64) -> FileSpec {
    let values = [Values::Distinct, Values::Few(7), Values::Few(300), Values::Runs, Values::Constant];
    let nulls = [Nulls::Required, Nulls::None, Nulls::Random(10), Nulls::Runs, Nulls::All];
    let codings = [Coding::Plain, Coding::Dictionary, Coding::DictionaryFallback];
    let columns = (0..1 + random.below(4)).map(|index| {
        let kind = random.pick(&[Kind::Int64, Kind::Utf8]);
        let column = ColumnSpec::new(&format!("c{index}"), kind, random.pick(&nulls), random.pick(&codings));
        column.with_values(random.pick(&values), random.pick(&[Lengths::Short, Lengths::OftenEmpty]))
    });
    let columns = columns.collect();
    let rows = random.pick(&[10, 300, 3000, 20_000]);
    let mut spec = FileSpec::new(columns, 1 + random.below(rows), 1);
    spec.row_group_rows = 1 + random.below(spec.rows * 2);
    spec.page_rows = 1 + random.below(random.clone().pick(&[50, 500, 5000]));
    (spec.v2, spec.page_index, spec.seed) = (random.percent(50), random.percent(70), seed);
    spec
}

fn kept_rows(condition: &Condition, columns: &[ArrayRef], options: &ScanOptions) -> Vec<bool> {
    let rows = columns[0].len();
    let selected = options.row_selection.as_ref().map(RowSelection::to_bitmap);
    let mut seen = 0;
    (0..rows)
        .map(|row| {
            let is_selected = selected.as_ref().is_none_or(|bits| bits.value(row));
            if !is_selected || condition.of_row(columns, row) != Some(true) {
                return false;
            }
            seen += 1;
            seen > options.offset && seen <= options.offset.saturating_add(options.limit.unwrap_or(u64::MAX))
        })
        .collect()
}

fn check(seed: u64) {
    let mut random = Random::new(seed);
    let spec = random_spec(&mut random, seed);
    let file = spec.write().bytes;
    let all = scan(&file, ScanOptions::default()).expect("a readable file");
    let columns = whole_columns(&all);
    let condition = Condition::random(&mut random, &columns, 3);
    let mut options = ScanOptions { batch_rows: 1 + random.below(3000), ..ScanOptions::default() };
    options.predicates = match (&condition, random.percent(30)) {
        (Condition::And(operands), true) => operands.iter().map(|operand| operand.predicate(&spec)).collect(),
        _ => vec![condition.predicate(&spec)],
    };
    let chosen: Vec<usize> = (0..columns.len()).filter(|_| random.percent(70)).collect();
    options.columns = Some(chosen.iter().map(|column| spec.columns[*column].name.clone()).collect());
    if random.percent(30) {
        let bits: Vec<bool> = (0..columns[0].len()).map(|_| random.percent(60)).collect();
        options.row_selection = Some(RowSelection::from_bitmap(bits.into()));
    }
    if random.percent(30) {
        options.offset = random.below(100) as u64;
        options.limit = Some(random.below(500) as u64);
    }
    if random.percent(30) {
        options.max_buffered_bytes = Some(random.pick(&[1, 3000, 100_000]));
    }
    if random.percent(20) {
        options.predicate_cache_bytes = random.pick(&[0, 5000]);
    }
    let feed = random.pick(&quick_feeds(seed));
    let context = format!("seed {seed}: {options:?}, {feed:?}, {spec:?}");
    let scan = scan_with(&file, options.clone(), feed, By::Push).unwrap_or_else(|error| panic!("{error:?}: {context}"));
    let keep = BooleanArray::from(kept_rows(&condition, &columns, &options));
    assert_eq!(scan.row_count(), keep.true_count(), "{context}");
    for (ours, column) in whole_columns(&scan).iter().zip(&chosen) {
        let expected = arrow_select::filter::filter(&columns[*column], &keep).expect("as many bits as rows");
        assert_eq!(ours, &expected, "column {column}: {context}");
    }
    for (index, batch) in scan.batches.iter().enumerate() {
        let is_last = scan.batches.get(index + 1).is_none_or(|next| next.row_group != batch.row_group);
        assert!(is_last || batch.rows.num_rows() == options.batch_rows, "batch {index}: {context}");
    }
}

#[test]
fn random_filters_first_part() {
    (0..1500).for_each(check);
}

#[test]
fn random_filters_second_part() {
    (1500..3000).for_each(check);
}

/// Pages of the output without a row that the predicate keeps are not asked for.
#[test]
fn only_surviving_pages_are_asked_for() {
    let column = |name, kind| ColumnSpec::new(name, kind, Nulls::Required, Coding::Plain);
    let spec = FileSpec::new(vec![column("key", Kind::Int64), column("payload", Kind::Utf8)], 10_000, 100);
    let file = spec.write().bytes;
    let everything = scan(&file, ScanOptions::default()).expect("a readable file");
    let keys = whole_columns(&everything)[0].clone();
    let literal: ArrayRef = keys.slice(4321, 1);
    let predicate = Predicate::compare("key", Comparison::Equal, literal).expect("one literal");
    let options = ScanOptions { predicates: vec![predicate], ..ScanOptions::default() };
    let found = scan_with(&file, options, Feed::Asked, By::Push).expect("a readable file");
    assert_eq!(
        found.row_count(),
        keys.as_primitive::<Int64Type>()
            .iter()
            .filter(|key| *key == Some(keys.as_primitive::<Int64Type>().value(4321)))
            .count()
    );
    let payload_bytes: u64 = found.asked.last().expect("a demand").iter().map(|range| range.length).sum();
    assert!(payload_bytes < everything.metrics.bytes_requested / 20, "{payload_bytes} bytes");
    assert_eq!(found.metrics.rows_filtered + found.metrics.rows_out + found.metrics.rows_pruned_by_pages, 10_000);
}
