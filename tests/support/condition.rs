//! Conditions on rows: what the library takes as a predicate, and an interpreter of its own, which looks at one row at a time
//! and knows true, false and null.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float16Type, Float32Type, Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, StringArray, UInt32Array};
use arrow_buffer::i256;
use arrow_schema::{DataType, SchemaRef};
use pqpush::Result;
use pqpush::predicate::{Comparison, Predicate, RowCallback};

use super::compare::plain_strings;
use super::random::Random;

const COMPARISONS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::LessOrEqual,
    Comparison::Greater,
    Comparison::GreaterOrEqual,
];

/// A value of any type that has an order.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Exact(i256),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Value {
    /// None where one of them is NaN.
    fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Exact(one), Self::Exact(other)) => Some(one.cmp(other)),
            (Self::Float(one), Self::Float(other)) => one.partial_cmp(other),
            (Self::Text(one), Self::Text(other)) => Some(one.as_bytes().cmp(other.as_bytes())),
            (Self::Bytes(one), Self::Bytes(other)) => Some(one.cmp(other)),
            _ => panic!("{self:?} beside {other:?}"),
        }
    }
}

/// The rows of an array, one by one.
pub fn values(array: &ArrayRef) -> Vec<Option<Value>> {
    let array = &plain_strings(array);
    let text = |row| Value::Text(array.as_string::<i32>().value(row).to_owned());
    let value = |row: usize| match array.data_type() {
        DataType::Null => None,
        DataType::Boolean => Some(Value::Exact(i256::from(array.as_boolean().value(row) as i64))),
        DataType::Float16 => Some(Value::Float(array.as_primitive::<Float16Type>().value(row).to_f64())),
        DataType::Float32 => Some(Value::Float(array.as_primitive::<Float32Type>().value(row) as f64)),
        DataType::Float64 => Some(Value::Float(array.as_primitive::<Float64Type>().value(row))),
        DataType::Utf8 => Some(text(row)),
        DataType::Binary => Some(Value::Bytes(array.as_binary::<i32>().value(row).to_vec())),
        DataType::FixedSizeBinary(_) => Some(Value::Bytes(array.as_fixed_size_binary().value(row).to_vec())),
        _ => Some(Value::Exact(exact(array, row))),
    };
    (0..array.len()).map(|row| if array.is_null(row) { None } else { value(row) }).collect()
}

/// The bytes of a number, widened.
fn exact(array: &ArrayRef, row: usize) -> i256 {
    let data = array.to_data();
    let width = data.data_type().primitive_width().expect("a primitive type");
    let bytes = &data.buffers()[0][(data.offset() + row) * width..][..width];
    let is_negative = !data.data_type().is_unsigned_integer() && bytes[width - 1] & 0x80 != 0;
    let mut wide = if is_negative { [0xff; 32] } else { [0; 32] };
    wide[..width].copy_from_slice(bytes);
    i256::from_le_bytes(wide)
}

/// A leaf column outside of lists.
#[derive(Debug, Clone)]
pub struct LeafValues {
    pub path: String,
    /// As it lies in its struct; what is null for the struct around it need not be null here.
    pub array: ArrayRef,
    pub values: Vec<Option<Value>>,
}

/// The leaf columns that predicates can be of.
pub fn leaves(schema: &SchemaRef, columns: &[ArrayRef]) -> Vec<LeafValues> {
    let mut leaves = Vec::new();
    for (field, column) in schema.fields().iter().zip(columns) {
        add_leaves(field.name().clone(), column, &vec![true; column.len()], &mut leaves);
    }
    leaves
}

fn add_leaves(path: String, array: &ArrayRef, valid: &[bool], leaves: &mut Vec<LeafValues>) {
    match array.data_type() {
        DataType::Struct(fields) => {
            let valid: Vec<bool> = valid.iter().enumerate().map(|(row, valid)| *valid && array.is_valid(row)).collect();
            for (field, child) in fields.iter().zip(array.as_struct().columns()) {
                add_leaves(format!("{path}.{}", field.name()), child, &valid, leaves);
            }
        }
        nested if nested.is_nested() => {}
        _ => {
            let values = values(array).into_iter().zip(valid).map(|(value, valid)| value.filter(|_| *valid)).collect();
            leaves.push(LeafValues { path, array: array.clone(), values });
        }
    }
}

/// The values of one row, by path.
pub type Row<'a> = BTreeMap<&'a str, &'a Option<Value>>;

/// A predicate, and what it says of one row.
#[derive(Debug, Clone)]
pub enum Condition {
    Compare(String, Comparison, ArrayRef),
    In(String, ArrayRef),
    IsNull(String),
    StartsWith(String, String),
    Like(String, String),
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    /// A comparison that the host makes.
    Callback(String, Comparison, ArrayRef),
}

impl Condition {
    /// True, false or null.
    pub fn of_row(&self, row: &Row<'_>) -> Option<bool> {
        match self {
            Self::Compare(column, op, literal) | Self::Callback(column, op, literal) => {
                compared(row[column.as_str()], *op, &values(literal)[0])
            }
            Self::In(column, list) => {
                any(values(list).iter().map(|literal| compared(row[column.as_str()], Comparison::Equal, literal)))
            }
            Self::IsNull(column) => Some(row[column.as_str()].is_none()),
            Self::StartsWith(column, prefix) => row[column.as_str()].as_ref().map(|value| match value {
                Value::Text(text) => text.starts_with(prefix),
                Value::Bytes(bytes) => bytes.starts_with(prefix.as_bytes()),
                other => panic!("{other:?} begins with nothing"),
            }),
            Self::Like(column, pattern) => row[column.as_str()].as_ref().map(|value| is_like(value, pattern)),
            Self::And(operands) => any(operands.iter().map(|operand| operand.of_row(row).map(|b| !b))).map(|b| !b),
            Self::Or(operands) => any(operands.iter().map(|operand| operand.of_row(row))),
            Self::Not(operand) => operand.of_row(row).map(|answer| !answer),
        }
    }

    /// For each row whether it is kept.
    pub fn kept(&self, leaves: &[LeafValues], rows: usize) -> Vec<bool> {
        let of_row = |row| leaves.iter().map(|leaf| (leaf.path.as_str(), &leaf.values[row])).collect();
        (0..rows).map(|row| self.of_row(&of_row(row)) == Some(true)).collect()
    }

    /// The same for the library.
    pub fn predicate(&self) -> Predicate {
        let all = |operands: &[Self]| operands.iter().map(Self::predicate).collect();
        match self {
            Self::Compare(column, op, literal) => {
                Predicate::compare(column, *op, literal.clone()).expect("one literal")
            }
            Self::In(column, list) => Predicate::is_in(column, list.clone()).expect("literals"),
            Self::IsNull(column) => Predicate::is_null(column),
            Self::StartsWith(column, prefix) => Predicate::starts_with(column, prefix),
            Self::Like(column, pattern) => Predicate::like(column, pattern).expect("a pattern"),
            Self::And(operands) => Predicate::and(all(operands)),
            Self::Or(operands) => Predicate::or(all(operands)),
            Self::Not(operand) => Predicate::not(operand.predicate()),
            Self::Callback(column, op, literal) => {
                Predicate::callback(vec![column.clone()], Arc::new(Host { op: *op, literal: literal.clone() }))
            }
        }
    }

    /// The columns that it names.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Self::Compare(column, ..) | Self::In(column, _) | Self::IsNull(column) => vec![column],
            Self::StartsWith(column, _) | Self::Like(column, _) | Self::Callback(column, ..) => vec![column],
            Self::And(operands) | Self::Or(operands) => operands.iter().flat_map(Self::columns).collect(),
            Self::Not(operand) => operand.columns(),
        }
    }

    /// Conditions with less in them.
    pub fn smaller(&self) -> Vec<Self> {
        let without = |operands: &[Self], index: usize| {
            let mut rest = operands.to_vec();
            rest.remove(index);
            rest
        };
        let replaced = |operands: &[Self], index: usize, with: Self| {
            let mut changed = operands.to_vec();
            changed[index] = with;
            changed
        };
        let of_operands = |operands: &[Self], make: &dyn Fn(Vec<Self>) -> Self| {
            let mut all = operands.to_vec();
            all.extend((0..operands.len()).map(|index| make(without(operands, index))));
            for (index, operand) in operands.iter().enumerate() {
                all.extend(operand.smaller().into_iter().map(|smaller| make(replaced(operands, index, smaller))));
            }
            all
        };
        match self {
            Self::And(operands) => of_operands(operands, &Self::And),
            Self::Or(operands) => of_operands(operands, &Self::Or),
            Self::Not(operand) => {
                let mut all = vec![(**operand).clone()];
                all.extend(operand.smaller().into_iter().map(|smaller| Self::Not(Box::new(smaller))));
                all
            }
            Self::In(column, list) => (0..list.len())
                .map(|index| Self::In(column.clone(), list.slice(index, 1)))
                .filter(|_| list.len() > 1)
                .collect(),
            Self::Callback(column, op, literal) => vec![Self::Compare(column.clone(), *op, literal.clone())],
            Self::Compare(..) | Self::IsNull(_) | Self::StartsWith(..) | Self::Like(..) => Vec::new(),
        }
    }

    /// A tree over these leaves, at least one.
    pub fn random(random: &mut Random, leaves: &[LeafValues], depth: usize) -> Self {
        let leaf = &leaves[random.below(leaves.len())];
        let column = leaf.path.clone();
        let operands =
            |random: &mut Random| (0..random.below(4)).map(|_| Self::random(random, leaves, depth - 1)).collect();
        match random.below(if depth == 0 { 12 } else { 20 }) {
            0..=5 => Self::Compare(column, random.pick(&COMPARISONS), literals(random, &leaf.array, 1)),
            6 | 7 => {
                let count = random.below(5);
                Self::In(column, literals(random, &leaf.array, count))
            }
            8 => Self::IsNull(column),
            9 | 10 if is_text(leaf.array.data_type()) => {
                let pattern = pattern(random, leaf);
                if random.percent(40) { Self::StartsWith(column, pattern) } else { Self::Like(column, pattern) }
            }
            9..=11 => Self::Callback(column, random.pick(&COMPARISONS), literals(random, &leaf.array, 1)),
            12..=14 => Self::And(operands(random)),
            15..=17 => Self::Or(operands(random)),
            _ => Self::Not(Box::new(Self::random(random, leaves, depth - 1))),
        }
    }
}

fn compared(value: &Option<Value>, op: Comparison, literal: &Option<Value>) -> Option<bool> {
    let order = value.as_ref()?.order(literal.as_ref()?);
    Some(match op {
        Comparison::Equal => order.is_some_and(Ordering::is_eq),
        Comparison::NotEqual => order.is_none_or(Ordering::is_ne),
        Comparison::Less => order.is_some_and(Ordering::is_lt),
        Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
        Comparison::Greater => order.is_some_and(Ordering::is_gt),
        Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
    })
}

fn any(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let answers: Vec<Option<bool>> = answers.collect();
    if answers.contains(&Some(true)) { Some(true) } else { (!answers.contains(&None)).then_some(false) }
}

/// What the host answers.
struct Host {
    op: Comparison,
    literal: ArrayRef,
}

impl RowCallback for Host {
    fn eval_rows(&self, columns: &[ArrayRef]) -> Result<BooleanArray> {
        let literal = &values(&self.literal)[0];
        Ok(values(&columns[0]).iter().map(|value| compared(value, self.op, literal)).collect())
    }
}

fn is_text(data_type: &DataType) -> bool {
    use DataType::*;
    matches!(data_type, Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView | FixedSizeBinary(_))
}

/// A part of a pattern or of a value: a unit that has to be there, any unit, or any text.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Unit(u32),
    Any,
    Text,
}

fn is_like(value: &Value, pattern: &str) -> bool {
    let units: Vec<u32> = match value {
        Value::Text(text) => text.chars().map(|c| c as u32).collect(),
        Value::Bytes(bytes) => bytes.iter().map(|byte| *byte as u32).collect(),
        other => panic!("{other:?} is like nothing"),
    };
    let letters: Vec<u32> = match value {
        Value::Text(_) => pattern.chars().map(|c| c as u32).collect(),
        _ => pattern.bytes().map(|byte| byte as u32).collect(),
    };
    let mut parts = Vec::new();
    let mut letters = letters.into_iter();
    while let Some(letter) = letters.next() {
        parts.push(match char::from_u32(letter) {
            Some('\\') => Part::Unit(letters.next().expect("a letter behind a backslash")),
            Some('%') => Part::Text,
            Some('_') => Part::Any,
            _ => Part::Unit(letter),
        });
    }
    matches(&units, &parts)
}

/// Which prefixes of the value the parts so far match, part by part.
fn matches(units: &[u32], parts: &[Part]) -> bool {
    let mut matched = vec![false; units.len() + 1];
    matched[0] = true;
    for part in parts {
        let mut next = vec![false; units.len() + 1];
        for end in 0..=units.len() {
            next[end] = match part {
                Part::Text => matched[end] || (end > 0 && next[end - 1]),
                Part::Any => end > 0 && matched[end - 1],
                Part::Unit(unit) => end > 0 && matched[end - 1] && units[end - 1] == *unit,
            };
        }
        matched = next;
    }
    matched[units.len()]
}

/// A piece of a value, with wildcards put in.
fn pattern(random: &mut Random, leaf: &LeafValues) -> String {
    let row = random.below(leaf.values.len());
    let text = match leaf.values.get(row) {
        Some(Some(Value::Text(text))) => text.clone(),
        Some(Some(Value::Bytes(bytes))) => bytes.iter().filter(|byte| byte.is_ascii()).map(|b| *b as char).collect(),
        _ => "a".to_owned(),
    };
    let start = if random.percent(70) { 0 } else { random.below(4) };
    let length = if random.percent(50) { 100 } else { random.below(8) };
    let mut pattern = String::new();
    for letter in text.chars().skip(start).take(length) {
        match random.below(12) {
            0 => pattern.push('%'),
            1 => pattern.push('_'),
            _ if matches!(letter, '%' | '_' | '\\') => pattern.extend(['\\', letter]),
            _ => pattern.push(letter),
        }
    }
    if random.percent(50) {
        pattern.push('%');
    }
    if random.percent(20) { format!("%{pattern}") } else { pattern }
}

/// Values of the column, values near them, nulls at times.
fn literals(random: &mut Random, column: &ArrayRef, count: usize) -> ArrayRef {
    let rows: Vec<Option<u32>> = (0..count)
        .map(|_| (!column.is_empty() && random.percent(95)).then(|| random.below(column.len()) as u32))
        .collect();
    let taken = arrow_select::take::take(column, &UInt32Array::from(rows), None).expect("rows of the column");
    if let Some(numbers) = taken.as_primitive_opt::<Int64Type>() {
        let near = |number: Option<i64>| number.map(|number| number.wrapping_add(random.below(3) as i64 - 1));
        return Arc::new(numbers.iter().map(near).collect::<Int64Array>());
    }
    match taken.as_string_opt::<i32>() {
        Some(strings) => {
            let near = |text: Option<&str>| text.map(|text| format!("{text}{}", random.pick(&["", "", "x"])));
            Arc::new(strings.iter().map(near).collect::<StringArray>())
        }
        None => taken,
    }
}
