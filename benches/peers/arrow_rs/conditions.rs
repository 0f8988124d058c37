//! Conditions on columns: `COLUMN|OPERATOR|KIND|LITERAL`. Here the literal takes the type of the column,
//! whatever its kind.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray, Scalar, StringArray};
use arrow_buffer::NullBuffer;
use arrow_ord::cmp;
use arrow_schema::{ArrowError, DataType};

/// One comparison of a column with a literal.
#[derive(Debug, Clone)]
pub struct Condition {
    pub column: String,
    pub operator: String,
    literal: String,
}

impl Condition {
    pub fn parse(text: &str) -> Self {
        let parts: Vec<&str> = text.splitn(4, '|').collect();
        let [column, operator, _, literal] = parts[..] else { panic!("COLUMN|OPERATOR|KIND|LITERAL, not {text}") };
        Self { column: column.to_owned(), operator: operator.to_owned(), literal: literal.to_owned() }
    }

    /// The literal as an array of one value of that type.
    pub fn literal(&self, data_type: &DataType) -> Scalar<ArrayRef> {
        let text: ArrayRef = Arc::new(StringArray::from(vec![self.literal.as_str()]));
        Scalar::new(arrow_cast::cast(&text, data_type).expect("a literal of the type of the column"))
    }

    /// For which values it holds; null where it is not known.
    pub fn of(&self, values: &ArrayRef, literal: &Scalar<ArrayRef>) -> Result<BooleanArray, ArrowError> {
        match self.operator.as_str() {
            "=" => cmp::eq(values, literal),
            "<>" => cmp::neq(values, literal),
            "<" => cmp::lt(values, literal),
            "<=" => cmp::lt_eq(values, literal),
            ">" => cmp::gt(values, literal),
            ">=" => cmp::gt_eq(values, literal),
            "contains" => arrow_string::like::contains(values, literal),
            other => panic!("there is no operator {other}"),
        }
    }

    /// Whether it may hold for a value between these bounds, for each pair of them.
    pub fn may_hold(&self, least: &ArrayRef, most: &ArrayRef) -> Vec<bool> {
        let literal = self.literal(least.data_type());
        let possible = match self.operator.as_str() {
            "=" => all([cmp::lt_eq(least, &literal), cmp::gt_eq(most, &literal)]),
            "<" | "<=" => all([self.of(least, &literal)]),
            ">" | ">=" => all([self.of(most, &literal)]),
            _ => BooleanArray::new_null(least.len()),
        };
        possible.iter().map(|possible| possible.unwrap_or(true)).collect()
    }
}

fn all<const N: usize>(answers: [Result<BooleanArray, ArrowError>; N]) -> BooleanArray {
    let answers = answers.into_iter().map(|answer| answer.expect("comparable bounds"));
    answers.reduce(|one, other| and(&one, &other)).expect("at least one")
}

/// Null where one of both is.
pub fn and(one: &BooleanArray, other: &BooleanArray) -> BooleanArray {
    let nulls = NullBuffer::union(one.nulls(), other.nulls());
    BooleanArray::new(one.values() & other.values(), nulls)
}
