//! Tests of single values that are neither null nor NaN: comparisons and lists, of every type that has an order.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Decimal128Type};
use arrow_array::{Array, ArrayRef, downcast_primitive};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType;

use super::Comparison;
use super::bits::{bitmap, passing};
use super::bytes::{BytesTest, kept_literals};
use super::verdict::Verdict;
use crate::error::{Error, Result};
use crate::simd;

/// A test of the values of one type.
pub(super) trait ValueTest: Send + Sync {
    /// Which values pass. What is said where the array is null has no meaning.
    fn passing(&self, values: &dyn Array) -> Result<BooleanBuffer>;

    /// What can be said of values that lie between bounds.
    fn verdict(&self, min: Option<&dyn Array>, max: Option<&dyn Array>) -> Result<Verdict>;

    /// Whether NaN passes; none where the type has none.
    fn passes_nan(&self) -> Option<bool> {
        None
    }
}

/// What a value is tested for.
pub(super) enum Condition<V> {
    Compare(Comparison, V),
    /// Equal to one of these: ascending, not empty, no NaN among them.
    In(Vec<V>),
}

impl<V> Condition<V> {
    /// Whether a value passes.
    pub(super) fn passes<W: PartialOrd + ?Sized>(&self, value: &W) -> bool
    where
        V: Borrow<W>,
    {
        match self {
            Self::Compare(op, literal) => op.holds(value, literal.borrow()),
            Self::In(list) => {
                let behind = list.partition_point(|listed| listed.borrow() < value);
                list.get(behind).is_some_and(|listed| listed.borrow() == value)
            }
        }
    }

    /// What can be said of values that lie between bounds.
    pub(super) fn verdict<W: PartialOrd + ?Sized>(&self, min: Option<&W>, max: Option<&W>) -> Verdict
    where
        V: Borrow<W>,
    {
        let (min, max) = match (min, max) {
            // Nothing lies between such bounds, and there are values: they are wrong, or NaN.
            (Some(low), Some(high)) if !matches!(low.partial_cmp(high), Some(order) if order.is_le()) => (None, None),
            known => known,
        };
        match self {
            Self::Compare(op, literal) => op.verdict(literal.borrow(), min, max),
            Self::In(list) => {
                let first = min.map_or(0, |min| list.partition_point(|listed| listed.borrow() < min));
                let end = max.map_or(list.len(), |max| list.partition_point(|listed| listed.borrow() <= max));
                let is_single = min.is_some_and(|min| max.is_some_and(|max| min == max));
                Verdict::new(first < end, is_single)
            }
        }
    }
}

impl Comparison {
    fn holds<W: PartialOrd + ?Sized>(self, value: &W, literal: &W) -> bool {
        match self {
            Self::Equal => value == literal,
            Self::NotEqual => value != literal,
            Self::Less => value < literal,
            Self::LessOrEqual => value <= literal,
            Self::Greater => value > literal,
            Self::GreaterOrEqual => value >= literal,
        }
    }

    fn verdict<W: PartialOrd + ?Sized>(self, literal: &W, min: Option<&W>, max: Option<&W>) -> Verdict {
        let above = min.is_some_and(|min| min > literal);
        let not_below = above || min.is_some_and(|min| min == literal);
        let below = max.is_some_and(|max| max < literal);
        let not_above = below || max.is_some_and(|max| max == literal);
        match self {
            Self::Equal => Verdict::new(!above && !below, not_below && not_above),
            Self::NotEqual => Verdict::new(!(not_below && not_above), above || below),
            Self::Less => Verdict::new(!not_below, below),
            Self::LessOrEqual => Verdict::new(!above, not_above),
            Self::Greater => Verdict::new(!not_above, above),
            Self::GreaterOrEqual => Verdict::new(!below, not_below),
        }
    }
}

/// The comparison with `literal`, which has one value of the column's type, neither null nor NaN.
pub(super) fn comparison(op: Comparison, literal: &ArrayRef) -> Result<Arc<dyn ValueTest>> {
    value_test(literal, &|_| Some(op))
}

/// Whether a value is one of `list`, which has values of the column's type, neither null nor NaN.
pub(super) fn membership(list: &ArrayRef) -> Result<Arc<dyn ValueTest>> {
    value_test(list, &|count| (count == 1).then_some(Comparison::Equal))
}

/// The condition on values, given the comparison that so many literals stand for.
fn condition<V: PartialOrd>(mut values: Vec<V>, op: &dyn Fn(usize) -> Option<Comparison>) -> Result<Condition<V>> {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    values.dedup();
    match op(values.len()) {
        None => Ok(Condition::In(values)),
        Some(op) => match values.pop() {
            Some(literal) => Ok(Condition::Compare(op, literal)),
            None => Err(Error::internal("a comparison without literal")),
        },
    }
}

fn value_test(literals: &ArrayRef, op: &dyn Fn(usize) -> Option<Comparison>) -> Result<Arc<dyn ValueTest>> {
    if let Some(decimals) = literals.as_primitive_opt::<Decimal128Type>() {
        return Ok(Arc::new(WideTest(PrimitiveTest(condition(decimals.values().to_vec(), op)?))));
    }
    macro_rules! primitive {
        ($type:ty) => {
            Arc::new(PrimitiveTest::<$type>(condition(literals.as_primitive::<$type>().values().to_vec(), op)?))
        };
    }
    Ok(downcast_primitive! {
        literals.data_type() => (primitive),
        DataType::Boolean => {
            let values = literals.as_boolean().values().iter().collect();
            Arc::new(BooleanTest(condition(values, op)?))
        }
        _ => {
            Arc::new(BytesTest(condition(kept_literals(literals)?, op)?))
        }
    })
}

struct PrimitiveTest<T: ArrowPrimitiveType>(Condition<T::Native>);

impl<T: ArrowPrimitiveType> ValueTest for PrimitiveTest<T> {
    fn passing(&self, values: &dyn Array) -> Result<BooleanBuffer> {
        let values = values.as_primitive_opt::<T>().ok_or_else(|| other_type(values))?;
        Ok(passing_natives(&self.0, values.values()))
    }

    fn verdict(&self, min: Option<&dyn Array>, max: Option<&dyn Array>) -> Result<Verdict> {
        let bound = |bound: Option<&dyn Array>| match bound {
            None => Ok(None),
            Some(bound) if bound.is_empty() || bound.is_null(0) => Ok(None),
            Some(bound) => match bound.as_primitive_opt::<T>().and_then(|bound| bound.values().first()) {
                Some(value) => Ok(Some(*value)),
                None => Err(other_type(bound)),
            },
        };
        Ok(self.0.verdict::<T::Native>(bound(min)?.as_ref(), bound(max)?.as_ref()))
    }

    fn passes_nan(&self) -> Option<bool> {
        T::DATA_TYPE.is_floating().then_some(matches!(self.0, Condition::Compare(Comparison::NotEqual, _)))
    }
}

/// One loop for each comparison, so that it is decided outside of it.
fn passing_natives<V: Copy + PartialOrd>(condition: &Condition<V>, values: &[V]) -> BooleanBuffer {
    match condition {
        Condition::Compare(op, literal) => {
            let literal = *literal;
            match op {
                Comparison::Equal => passing(values, |value| value == literal),
                Comparison::NotEqual => passing(values, |value| value != literal),
                Comparison::Less => passing(values, |value| value < literal),
                Comparison::LessOrEqual => passing(values, |value| value <= literal),
                Comparison::Greater => passing(values, |value| value > literal),
                Comparison::GreaterOrEqual => passing(values, |value| value >= literal),
            }
        }
        Condition::In(list) if list.len() <= SHORT_LIST => {
            passing(values, |value| list.iter().fold(false, |found, listed| found | (*listed == value)))
        }
        Condition::In(_) => passing(values, |value| condition.passes(&value)),
    }
}

/// Lists that are compared value by value, which is as fast as a search and has no branches.
const SHORT_LIST: usize = 8;

/// Decimals of sixteen bytes, whose comparisons have a kernel of their own.
struct WideTest(PrimitiveTest<Decimal128Type>);

impl ValueTest for WideTest {
    fn passing(&self, values: &dyn Array) -> Result<BooleanBuffer> {
        let WideTest(PrimitiveTest(Condition::Compare(op, literal))) = self else { return self.0.passing(values) };
        let values = values.as_primitive_opt::<Decimal128Type>().ok_or_else(|| other_type(values))?.values();
        let passes = |order: Ordering| op.holds(&order, &Ordering::Equal);
        let passes = simd::Passes {
            less: passes(Ordering::Less),
            equal: passes(Ordering::Equal),
            greater: passes(Ordering::Greater),
        };
        Ok(bitmap(simd::passing_wide(values, passes, *literal), values.len()))
    }

    fn verdict(&self, min: Option<&dyn Array>, max: Option<&dyn Array>) -> Result<Verdict> {
        self.0.verdict(min, max)
    }
}

struct BooleanTest(Condition<bool>);

impl ValueTest for BooleanTest {
    fn passing(&self, values: &dyn Array) -> Result<BooleanBuffer> {
        let values = values.as_boolean_opt().ok_or_else(|| other_type(values))?.values();
        Ok(match (self.0.passes(&false), self.0.passes(&true)) {
            (false, true) => values.clone(),
            (true, false) => !values,
            (all, _) => {
                if all {
                    BooleanBuffer::new_set(values.len())
                } else {
                    BooleanBuffer::new_unset(values.len())
                }
            }
        })
    }

    fn verdict(&self, min: Option<&dyn Array>, max: Option<&dyn Array>) -> Result<Verdict> {
        let bound = |bound: Option<&dyn Array>| match bound.filter(|bound| !bound.is_empty() && bound.is_valid(0)) {
            None => Ok(None),
            Some(bound) => bound.as_boolean_opt().map(|bound| Some(bound.value(0))).ok_or_else(|| other_type(bound)),
        };
        Ok(self.0.verdict(bound(min)?.as_ref(), bound(max)?.as_ref()))
    }
}

#[cold]
pub(super) fn other_type(found: &dyn Array) -> Error {
    Error::internal(format!("a predicate of another type than {}", found.data_type()))
}
