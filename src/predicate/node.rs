//! Predicates of the columns of one file, and their answers.
//!
//! NOT has been pushed down to the tests, as three-valued logic allows. What is left asks of each node only for which rows it
//! is true: a row for which a test is false or null is out either way, and AND and OR are those of bitmaps.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType;

use super::coded::{EntryAnswers, expanded};
use super::test::ValueTest;
use super::verdict::{Known, LeafBounds, Verdict};
use super::{ColumnBounds, RowCallback};
use crate::error::{Error, Result};

/// A part of a bound predicate. Leaves are ordinals of leaf columns.
#[derive(Clone)]
pub(super) enum Node {
    /// True, or false, whatever the rows are.
    Constant(bool),
    And(Vec<Node>),
    Or(Vec<Node>),
    IsNull {
        leaf: usize,
        negated: bool,
    },
    Values {
        leaf: usize,
        negated: bool,
        /// Nulls cannot be.
        required: bool,
        test: Arc<dyn ValueTest>,
        /// The value is one of these where it is true; none where it may be others.
        sought: Option<ArrayRef>,
    },
    Callback {
        leaves: Vec<usize>,
        types: Vec<DataType>,
        negated: bool,
        callbacks: Arc<dyn RowCallback>,
    },
}

/// Arrays of values by leaf.
pub(super) struct Columns<'a> {
    pub leaves: &'a [usize],
    pub arrays: &'a [ArrayRef],
    pub rows: usize,
}

impl Columns<'_> {
    fn get(&self, leaf: usize) -> Result<&ArrayRef> {
        let slot = self.leaves.binary_search(&leaf).ok();
        slot.and_then(|slot| self.arrays.get(slot)).ok_or_else(|| Error::internal("a predicate lacks its column"))
    }
}

impl Node {
    /// The leaves of the node and all below it, in any order, perhaps repeated.
    pub(super) fn add_leaves(&self, leaves: &mut Vec<usize>) {
        match self {
            Self::Constant(_) => {}
            Self::And(operands) | Self::Or(operands) => operands.iter().for_each(|operand| operand.add_leaves(leaves)),
            Self::IsNull { leaf, .. } | Self::Values { leaf, .. } => leaves.push(*leaf),
            Self::Callback { leaves: more, .. } => leaves.extend(more),
        }
    }

    /// True where a callback of the host looks at values.
    pub(super) fn has_callback(&self) -> bool {
        match self {
            Self::Callback { .. } => true,
            Self::And(operands) | Self::Or(operands) => operands.iter().any(Self::has_callback),
            Self::Constant(_) | Self::IsNull { .. } | Self::Values { .. } => false,
        }
    }

    /// For which rows it is true.
    pub(super) fn evaluate(&self, columns: &Columns<'_>, answers: &mut EntryAnswers) -> Result<BooleanBuffer> {
        match self {
            Self::Constant(true) => Ok(BooleanBuffer::new_set(columns.rows)),
            Self::Constant(false) => Ok(BooleanBuffer::new_unset(columns.rows)),
            Self::And(operands) => {
                joined(operands, columns, answers, |kept| kept.count_set_bits() == 0, |all, more| &all & &more)
            }
            Self::Or(operands) => joined(
                operands,
                columns,
                answers,
                |kept| kept.count_set_bits() == columns.rows,
                |all, more| &all | &more,
            ),
            Self::IsNull { leaf, negated } => Ok(null_rows(&**columns.get(*leaf)?, *negated)),
            Self::Values { leaf, negated, test, .. } => {
                let array = columns.get(*leaf)?;
                let passing = match array.as_any_dictionary_opt() {
                    Some(coded) => answers.passing(&**test, coded)?,
                    None => test.passing(&**array)?,
                };
                Ok(true_rows(passing, array.nulls().map(|nulls| nulls.inner()), *negated))
            }
            Self::Callback { leaves, negated, callbacks, .. } => {
                let arrays = leaves.iter().map(|leaf| columns.get(*leaf).and_then(expanded));
                let arrays = arrays.collect::<Result<Vec<_>>>()?;
                let (values, nulls) = checked(callbacks.eval_rows(&arrays)?, columns.rows)?.into_parts();
                Ok(true_rows(values, nulls.as_ref().map(|nulls| nulls.inner()), *negated))
            }
        }
    }

    /// What can be said of rows of which so much is known.
    pub(super) fn verdict(&self, known: &dyn Known) -> Result<Verdict> {
        match self {
            Self::Constant(kept) => Ok(Verdict::of_constant(*kept)),
            Self::And(operands) => together(operands, known, Verdict::None),
            Self::Or(operands) => together(operands, known, Verdict::All),
            Self::IsNull { leaf, negated } => {
                let found = known.bounds(*leaf);
                let nulls = match found.null_count {
                    Some(0) => Verdict::None,
                    _ if found.are_all_null() => Verdict::All,
                    _ => Verdict::Some,
                };
                Ok(if *negated { nulls.negated() } else { nulls })
            }
            Self::Values { leaf, negated, required, test, sought } => {
                if sought.as_ref().is_some_and(|sought| known.lacks(*leaf, sought)) {
                    return Ok(Verdict::None);
                }
                let mut found = known.bounds(*leaf);
                if *required {
                    found.null_count = Some(0);
                }
                verdict_of_values(&**test, &found, *negated)
            }
            Self::Callback { leaves, types, negated, callbacks } => {
                let found: Vec<_> = leaves.iter().map(|leaf| known.bounds(*leaf)).collect();
                let columns = types.iter().zip(&found).map(|(data_type, bounds)| ColumnBounds { data_type, bounds });
                let verdict = callbacks.eval_bounds(&columns.collect::<Vec<_>>())?;
                Ok(match verdict {
                    Verdict::All if *negated => Verdict::None,
                    // Rows that are not kept may be null, and are then not kept either way.
                    Verdict::None if *negated => Verdict::Some,
                    verdict => verdict,
                })
            }
        }
    }
}

/// Joins the answers of operands until the result can no longer change.
fn joined(
    operands: &[Node],
    columns: &Columns<'_>,
    answers: &mut EntryAnswers,
    is_decided: impl Fn(&BooleanBuffer) -> bool,
    join: impl Fn(BooleanBuffer, BooleanBuffer) -> BooleanBuffer,
) -> Result<BooleanBuffer> {
    let mut operands = operands.iter();
    let first = operands.next().ok_or_else(|| Error::internal("AND or OR of nothing"))?;
    let mut rows = first.evaluate(columns, answers)?;
    for operand in operands {
        if is_decided(&rows) {
            break;
        }
        rows = join(rows, operand.evaluate(columns, answers)?);
    }
    Ok(rows)
}

/// The verdict of an AND (`deciding` is None) or OR (`deciding` is All).
fn together(operands: &[Node], known: &dyn Known, deciding: Verdict) -> Result<Verdict> {
    let mut all = deciding.negated();
    for operand in operands {
        match operand.verdict(known)? {
            verdict if verdict == deciding => return Ok(deciding),
            Verdict::Some => all = Verdict::Some,
            _ => {}
        }
    }
    Ok(all)
}

/// The rows where a test is true, or false where that is asked for: not those where it is null.
fn true_rows(passing: BooleanBuffer, valid: Option<&BooleanBuffer>, negated: bool) -> BooleanBuffer {
    let passing = if negated { !&passing } else { passing };
    match valid {
        Some(valid) => &passing & valid,
        None => passing,
    }
}

fn null_rows(array: &dyn Array, negated: bool) -> BooleanBuffer {
    match array.logical_nulls() {
        Some(nulls) if negated => nulls.into_inner(),
        Some(nulls) => !nulls.inner(),
        None if negated => BooleanBuffer::new_set(array.len()),
        None => BooleanBuffer::new_unset(array.len()),
    }
}

fn checked(answer: BooleanArray, rows: usize) -> Result<BooleanArray> {
    if answer.len() == rows {
        return Ok(answer);
    }
    let message = format!("a predicate of the host answered with {} rows for {rows}", answer.len());
    Err(Error::callback(message))
}

fn verdict_of_values(test: &dyn ValueTest, found: &LeafBounds, negated: bool) -> Result<Verdict> {
    if found.are_all_null() {
        return Ok(Verdict::None);
    }
    let mut verdict = test.verdict(found.min.as_deref(), found.max.as_deref())?;
    if let Some(passes) = test.passes_nan().filter(|_| found.nan_count != Some(0)) {
        verdict = verdict.mixed(Verdict::of_constant(passes));
    }
    if negated {
        verdict = verdict.negated();
    }
    Ok(if found.null_count == Some(0) { verdict } else { verdict.mixed(Verdict::None) })
}
