//! Random predicates of random values against a slow interpreter, which looks at one row at a time and knows true, false and
//! null; and verdicts from random bounds against what the rows say.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_schema::DataType;

use super::literal::as_type;
use super::pattern::Unit;
use super::testing::Random;
use super::value::{Exact, Float, NANOS_OF_DAY, Value};
use super::{
    BoundPredicate, ColumnBounds, Comparison, EntryAnswers, LeafBounds, Predicate, RowCallback, Tree, Verdict,
};
use crate::error::Result;
use crate::schema::LogicalType as Logical;
use crate::schema::PhysicalType::{self, *};
use crate::schema::arrow::leaf_data_type;
use crate::schema::testing::{leaf, schema};
use crate::schema::{Repetition, Schema, StringType, TimeUnit};

/// A type of columns and the values that occur in them.
type Kind = (PhysicalType, Option<Logical>, Vec<Value>);

fn kinds() -> Vec<Kind> {
    let integers = |range: std::ops::Range<i32>| {
        let exact = |i: i32| Exact { unscaled: i.into(), scale: 0, is_integer: true };
        range.map(|i| Value::Exact(exact(i))).collect()
    };
    let decimals = |all: &[i32], scale| {
        all.iter().map(|i| Value::Exact(Exact { unscaled: (*i).into(), scale, is_integer: false })).collect()
    };
    let floats = || {
        let all = [f32::NEG_INFINITY, -1.5, -0.0, 0.0, 1.0, 2.5, f32::INFINITY, f32::NAN, -f32::NAN];
        all.map(|value| Value::Float(Float::Single(value))).to_vec()
    };
    let instants = |step: i128, is_utc| (-2..3).map(|i| Value::Instant { nanos: i * step, is_utc }).collect();
    let texts = ["", "a", "ab", "b", "ba", "ö", "a long text of letters", "a long text of letters too", "b long text"];
    let flags = vec![Value::Boolean(false), Value::Boolean(true)];
    let micros = Logical::Timestamp { unit: TimeUnit::Micros, utc: true };
    let nanos = Logical::Timestamp { unit: TimeUnit::Nanos, utc: false };
    vec![
        (Int32, None, integers(-2..3)),
        (Int64, Some(Logical::Integer { bits: 64, signed: false }), integers(0..4)),
        (Int32, Some(Logical::Integer { bits: 8, signed: true }), integers(-3..20)),
        (Double, None, floats()),
        (Float, None, floats()),
        (FixedLenByteArray(2), Some(Logical::Float16), floats()),
        (Boolean, None, flags),
        (Int64, Some(Logical::Decimal { precision: 10, scale: 2 }), decimals(&[-150, -5, 0, 5, 100], 2)),
        (FixedLenByteArray(20), Some(Logical::Decimal { precision: 40, scale: 1 }), decimals(&[-15, 0, 10, 20], 1)),
        (Int64, Some(micros), instants(1_000_000, true)),
        (Int64, Some(nanos), instants(1, false)),
        (Int32, Some(Logical::Date), instants(NANOS_OF_DAY, false)),
        (
            Int32,
            Some(Logical::Time { unit: TimeUnit::Millis, utc: true }),
            (0..4).map(|i| Value::Time { nanos: i * 1_000_000 }).collect(),
        ),
        (ByteArray, Some(Logical::String), texts.map(|text| Value::Text(text.to_owned())).to_vec()),
        (ByteArray, None, texts.map(|text| Value::Bytes(text.as_bytes().to_vec())).to_vec()),
        (FixedLenByteArray(2), None, [b"aa", b"ab", b"b\xff"].map(|bytes| Value::Bytes(bytes.to_vec())).to_vec()),
        (Int32, Some(Logical::Null), vec![Value::Null]),
    ]
}

/// Columns, their values row by row, and the same as arrays.
struct Rows {
    schema: Schema,
    string_type: StringType,
    kinds: Vec<Kind>,
    types: Vec<DataType>,
    columns: Vec<Vec<Value>>,
    arrays: Vec<ArrayRef>,
    count: usize,
}

impl Rows {
    fn new(random: &mut Random) -> Self {
        let kinds: Vec<Kind> = (0..3).map(|_| random.pick(&kinds())).collect();
        let count = if random.percent(5) { 60 + random.below(80) } else { random.below(6) };
        let string_type = random.pick(&[StringType::Utf8, StringType::LargeUtf8, StringType::Utf8View]);
        let nulls: Vec<usize> = kinds.iter().map(|_| random.pick(&[0, 0, 30, 100])).collect();
        let trees = kinds.iter().zip(&nulls).enumerate().map(|(index, ((physical, logical, _), nulls))| {
            let required = *nulls == 0 && *logical != Some(Logical::Null);
            let repetition = if required { Repetition::Required } else { Repetition::Optional };
            leaf(&format!("c{index}"), repetition, *physical, logical.clone())
        });
        let schema = schema(trees.collect());
        let types: Vec<_> = schema.leaves.iter().map(|leaf| leaf_data_type(leaf, string_type)).collect();
        let columns: Vec<Vec<Value>> = kinds
            .iter()
            .zip(&nulls)
            .map(|((.., pool), nulls)| {
                // Few different values, so that bounds are tight now and then.
                let some: Vec<Value> = (0..1 + random.below(3)).map(|_| random.pick(pool)).collect();
                let cell = |random: &mut Random| match random.percent(*nulls) {
                    true => Value::Null,
                    false => random.pick(&some),
                };
                (0..count).map(|_| cell(random)).collect()
            })
            .collect();
        let arrays = columns.iter().zip(&types).map(|(cells, data_type)| {
            // Behind an offset that is no multiple of eight.
            let padded = [&cells[..], &[const { Value::Null }; 3], cells].concat();
            as_type(&padded, data_type).unwrap().slice(cells.len() + 3, cells.len())
        });
        Self { arrays: arrays.collect(), schema, string_type, kinds, types, columns, count }
    }

    fn literals(&self, random: &mut Random, column: usize, count: usize) -> ArrayRef {
        let mut literal = || match random.percent(10) {
            true => Value::Null,
            false => random.pick(&self.kinds[column].2),
        };
        let values: Vec<Value> = (0..count).map(|_| literal()).collect();
        let data_type = &self.types[column];
        let other = match data_type {
            DataType::Int32 | DataType::Int8 => random.pick(&[DataType::Int64, DataType::Decimal128(20, 1)]),
            DataType::Float64 => DataType::Float32,
            DataType::Decimal128(..) => DataType::Decimal256(70, 8),
            DataType::Utf8 | DataType::Utf8View => random.pick(&[DataType::LargeUtf8, DataType::BinaryView]),
            DataType::FixedSizeBinary(_) => DataType::Binary,
            same => same.clone(),
        };
        let data_type = if random.percent(50) { data_type } else { &other };
        as_type(&values, data_type).unwrap()
    }

    fn predicate(&self, random: &mut Random, depth: usize) -> Predicate {
        let column = random.below(3);
        let name = format!("c{column}");
        let operands = |random: &mut Random| (0..random.below(4)).map(|_| self.predicate(random, depth - 1)).collect();
        let is_bytes = matches!(self.kinds[column].2[0], Value::Text(_) | Value::Bytes(_));
        match random.below(if depth > 0 { 12 } else { 8 }) {
            0 => Predicate::is_null(&name),
            1 => {
                let count = random.pick(&[0, 1, 2, 3, 12]);
                Predicate::is_in(&name, self.literals(random, column, count)).unwrap()
            }
            2 | 3 if is_bytes => {
                let letters = (0..random.below(4)).map(|_| random.pick(&['a', 'b', '%', '_', '%', 'o']));
                let pattern: String = letters.collect();
                match random.percent(30) {
                    true => Predicate::starts_with(&name, &pattern),
                    false => Predicate::like(&name, &pattern).unwrap(),
                }
            }
            2 => Predicate::callback(vec![name, "c0".to_owned()], Arc::new(Callback)),
            8 | 9 => Predicate::and(operands(random)),
            10 => Predicate::or(operands(random)),
            11 => Predicate::not(self.predicate(random, depth - 1)),
            _ => {
                use Comparison::*;
                let op = random.pick(&[Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual]);
                Predicate::compare(&name, op, self.literals(random, column, 1)).unwrap()
            }
        }
    }

    fn cell(&self, path: &str, row: usize) -> &Value {
        &self.columns[path[1..].parse::<usize>().unwrap()][row]
    }

    /// Three-valued logic as the books have it.
    fn truth(&self, predicate: &Predicate, row: usize) -> Option<bool> {
        match &*predicate.0 {
            Tree::Compare { column, op, literal } => {
                compared(self.cell(column, row), *op, &Value::of(literal).unwrap()[0])
            }
            Tree::In { column, values } => Value::of(values).unwrap().iter().fold(Some(false), |found, value| {
                either(found, compared(self.cell(column, row), Comparison::Equal, value))
            }),
            Tree::IsNull { column } => Some(*self.cell(column, row) == Value::Null),
            Tree::Like { column, pattern } => match self.cell(column, row) {
                Value::Text(text) => Some(pattern.matches(text.as_bytes(), Unit::Character)),
                Value::Bytes(bytes) => Some(pattern.matches(bytes, Unit::Byte)),
                _ => None,
            },
            Tree::And(all) => all
                .iter()
                .fold(Some(true), |found, one| either(found.map(|b| !b), self.truth(one, row).map(|b| !b)).map(|b| !b)),
            Tree::Or(all) => all.iter().fold(Some(false), |found, one| either(found, self.truth(one, row))),
            Tree::Not(operand) => self.truth(operand, row).map(|truth| !truth),
            Tree::Callback { columns, .. } => {
                let is_null = |path: &str| *self.cell(path, row) == Value::Null;
                (!is_null(&columns[1])).then(|| !is_null(&columns[0]))
            }
        }
    }

    /// Bounds of a column that hold, as tight as a writer cares for.
    fn bounds(&self, random: &mut Random, column: usize) -> LeafBounds {
        let is_nan = |value: &Value| matches!(value, Value::Float(float) if float.is_nan());
        let cells = &self.columns[column];
        let ordered: Vec<&Value> = cells.iter().filter(|cell| **cell != Value::Null && !is_nan(cell)).collect();
        let mut bound = |outside: Ordering| {
            let holds = |candidate: &Value| {
                ordered.iter().all(|cell| order(candidate, cell).is_some_and(|found| found != outside.reverse()))
            };
            let among = if random.percent(70) {
                ordered.iter().copied().cloned().collect()
            } else {
                self.kinds[column].2.clone()
            };
            let candidates: Vec<_> = among.iter().filter(|value| !is_nan(value) && holds(value)).collect();
            let value = (!candidates.is_empty() && random.percent(80)).then(|| random.pick(&candidates).clone())?;
            Some(as_type(&[value], &self.types[column]).unwrap())
        };
        let (min, max) = (bound(Ordering::Less), bound(Ordering::Greater));
        let count = |random: &mut Random, counted: &dyn Fn(&Value) -> bool| {
            random.percent(70).then(|| cells.iter().filter(|cell| counted(cell)).count() as u64)
        };
        LeafBounds {
            min,
            max,
            null_count: count(random, &|cell| *cell == Value::Null),
            nan_count: count(random, &is_nan),
            row_count: self.count as u64,
        }
    }
}

fn either(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Boolean(a), Value::Boolean(b)) => Some(a.cmp(b)),
        (Value::Exact(a), Value::Exact(b)) => {
            let scale = a.scale.max(b.scale);
            Some(a.at_scale(scale)?.cmp(&b.at_scale(scale)?))
        }
        (Value::Float(a), Value::Float(b)) => a.double().partial_cmp(&b.double()),
        (Value::Instant { nanos: a, .. }, Value::Instant { nanos: b, .. }) => Some(a.cmp(b)),
        (Value::Time { nanos: a }, Value::Time { nanos: b }) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Text(a), Value::Bytes(b)) => Some(a.as_bytes().cmp(b)),
        (Value::Bytes(a), Value::Text(b)) => Some((**a).cmp(b.as_bytes())),
        (Value::Bytes(a), Value::Bytes(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

fn compared(value: &Value, op: Comparison, literal: &Value) -> Option<bool> {
    if *value == Value::Null || *literal == Value::Null {
        return None;
    }
    let order = order(value, literal);
    Some(match op {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::NotEqual => order != Some(Ordering::Equal),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
    })
}

/// True where the first column is not null; null where the second is.
struct Callback;

impl RowCallback for Callback {
    fn eval_rows(&self, columns: &[ArrayRef]) -> Result<BooleanArray> {
        let is_null =
            |column: usize, row: usize| columns[column].logical_nulls().is_some_and(|nulls| nulls.is_null(row));
        Ok((0..columns[0].len()).map(|row| (!is_null(1, row)).then(|| !is_null(0, row))).collect())
    }

    fn eval_bounds(&self, columns: &[ColumnBounds<'_>]) -> Result<Verdict> {
        let nulls = |column: usize| columns[column].bounds.null_count;
        Ok(match (nulls(0), nulls(1)) {
            (Some(nulls), _) if nulls == columns[0].bounds.row_count => Verdict::None,
            (Some(0), Some(0)) => Verdict::All,
            _ => Verdict::Some,
        })
    }
}

impl Rows {
    /// The rows that a predicate keeps of dictionary-encoded columns, in two windows; what entries say of them is checked.
    fn by_entries(&self, bound: &BoundPredicate) -> Vec<bool> {
        let coded = |leaf: &usize| {
            let array = &self.arrays[*leaf];
            let data_type = DataType::Dictionary(Box::new(DataType::UInt32), Box::new(array.data_type().clone()));
            arrow_cast::cast(array, &data_type).unwrap_or_else(|_| Arc::clone(array))
        };
        let arrays: Vec<ArrayRef> = bound.leaves().iter().map(coded).collect();
        let mut answers = EntryAnswers::default();
        let first = self.count / 3;
        let windows = [(0, first), (first, self.count - first)].map(|(start, length)| {
            let window: Vec<ArrayRef> = arrays.iter().map(|array| array.slice(start, length)).collect();
            bound.evaluate(&window, &mut answers).unwrap()
        });
        let kept: Vec<bool> = windows.iter().flatten().collect();
        if let [only] = &arrays[..]
            && let Some(dictionary) = only.as_any_dictionary_opt()
        {
            let nulls = only.null_count() as u64;
            match bound.evaluate_entries(dictionary.values(), Some(nulls)).unwrap() {
                Verdict::None => assert!(!kept.contains(&true), "{:?}", self.columns),
                Verdict::All => assert!(!kept.contains(&false), "{:?}", self.columns),
                Verdict::Some => {}
            }
        }
        kept
    }
}

#[test]
fn random_predicates_keep_the_rows_for_which_they_are_true() {
    let mut random = Random::new(1);
    let mut verdicts = [0; 3];
    for case in 0..30_000 {
        let rows = Rows::new(&mut random);
        let depth = random.below(4);
        let predicate = rows.predicate(&mut random, depth);
        let types = |leaf: usize| leaf_data_type(&rows.schema.leaves[leaf], rows.string_type);
        let bound = BoundPredicate::bind(&predicate, &rows.schema, &types).unwrap();
        let expected: Vec<bool> = (0..rows.count).map(|row| rows.truth(&predicate, row) == Some(true)).collect();
        let evaluate = |bound: &BoundPredicate| -> Vec<bool> {
            let arrays: Vec<_> = bound.leaves().iter().map(|leaf| Arc::clone(&rows.arrays[*leaf])).collect();
            bound.evaluate(&arrays, &mut EntryAnswers::default()).unwrap().iter().collect()
        };
        if !bound.leaves().is_empty() {
            assert_eq!(evaluate(&bound), expected, "case {case}: {predicate} of {:?}", rows.columns);
            assert_eq!(rows.by_entries(&bound), expected, "case {case}: {predicate} of coded {:?}", rows.columns);
        }
        let bounds: Vec<LeafBounds> = (0..3).map(|column| rows.bounds(&mut random, column)).collect();
        let verdict = bound.evaluate_bounds(&|leaf: usize| bounds[leaf].clone()).unwrap();
        let contradicted = match verdict {
            Verdict::None => expected.contains(&true),
            Verdict::All => expected.contains(&false),
            Verdict::Some => bound.leaves().is_empty(),
        };
        assert!(!contradicted, "case {case}: {predicate} of {:?}: {verdict:?} by {bounds:?}", rows.columns);
        verdicts[verdict as usize] += 1;
        let mut together = vec![true; rows.count];
        for conjunct in bound.conjuncts() {
            let kept = match conjunct.leaves() {
                [] => vec![false; rows.count],
                _ => evaluate(&conjunct),
            };
            together.iter_mut().zip(kept).for_each(|(all, one)| *all &= one);
        }
        assert_eq!(together, expected, "case {case}: the operands of {predicate} of {:?}", rows.columns);
    }
    assert!(verdicts.iter().all(|count| *count > 3000), "each verdict is often found: {verdicts:?}");
}
