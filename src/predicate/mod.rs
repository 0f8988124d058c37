//! Predicates: which rows a scan keeps, as data.
//!
//! A [`Predicate`] is a tree of comparisons of columns with literals, without a file. `BoundPredicate` is the same for the
//! columns of one file, and answers what a scan asks: which rows of these values does it keep, and what can be said
//! of rows of which only bounds are known. Knows the schema, and nothing of pages, bytes or scans.
//!
//! # What a predicate means
//!
//! Logic is that of SQL, with three values: a comparison with null is neither true nor false, and only rows for which
//! the whole predicate is true are kept. Numbers compare by value, decimals exactly; strings and binaries by unsigned
//! bytes; false is less than true. Floating-point numbers compare as in IEEE 754: zeros of either sign are equal, and NaN is
//! not less than, equal to or greater than anything, itself included, so that of all comparisons only `<>` holds
//! for it. NaN in a list of IN matches nothing.

mod bind;
mod bits;
mod bytes;
mod calendar;
mod coded;
mod contains;
#[cfg(test)]
mod fit;
mod literal;
mod node;
#[cfg(test)]
mod oracle;
mod pattern;
#[cfg(feature = "sql")]
mod sql;
#[cfg(not(feature = "sql"))]
#[path = "no_sql.rs"]
mod sql;
mod test;
#[cfg(test)]
mod testing;
mod value;
mod verdict;

use std::fmt;
use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_schema::DataType;

pub(crate) use bind::BoundPredicate;
pub(crate) use coded::{EntryAnswers, expanded};
use pattern::Pattern;
pub(crate) use verdict::Known;
pub use verdict::{LeafBounds, Verdict};

use crate::error::{Error, Result};

/// A condition on rows. It never changes, is cheap to clone, and may be shared by any number of scans and threads.
///
/// Columns are dotted paths of leaf columns outside of lists. They are looked up, and literals made values of their types,
/// when a scan begins: see [`Predicate::compare`]. Two predicates are equal where one is a clone of the other.
#[derive(Clone)]
pub struct Predicate(Arc<Tree>);

/// How a value is compared with a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // the names say it
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A predicate of the host's own.
pub trait RowCallback: Send + Sync {
    /// Which rows to keep, given the values of the columns; null drops the row. The answer has as many rows.
    fn eval_rows(&self, columns: &[ArrayRef]) -> Result<BooleanArray>;

    /// What can be said of rows of which this is known.
    fn eval_bounds(&self, columns: &[ColumnBounds<'_>]) -> Result<Verdict> {
        let _ = columns;
        Ok(Verdict::Some)
    }
}

/// What is known of one column of some rows.
#[derive(Debug, Clone, Copy)]
pub struct ColumnBounds<'a> {
    /// The Arrow type of the values, and of the bounds.
    pub data_type: &'a DataType,
    /// What is known.
    pub bounds: &'a LeafBounds,
}

/// What a predicate is made of.
enum Tree {
    Compare { column: String, op: Comparison, literal: ArrayRef },
    In { column: String, values: ArrayRef },
    IsNull { column: String },
    Like { column: String, pattern: Arc<Pattern> },
    And(Vec<Predicate>),
    Or(Vec<Predicate>),
    Not(Predicate),
    Callback { columns: Vec<String>, callbacks: Arc<dyn RowCallback> },
}

impl Predicate {
    /// Compares a column with a literal, an array of length 1.
    ///
    /// When a scan begins, the literal is made a value of the type that the scan reads the column as, without loss: numbers of numbers of the same
    /// value, dates and times of those of other units, strings of binaries; a decimal stands for the nearest
    /// floating-point number, and a floating-point number for the decimal that it is written as. Timestamps without a
    /// zone are UTC where the column is; dates are their midnight; strings may be written dates and timestamps. Where that
    /// is not possible, the scan is refused.
    pub fn compare(column: &str, op: Comparison, literal: ArrayRef) -> Result<Self> {
        if literal.len() != 1 {
            let message = format!("a literal is an array of length 1, and this one has length {}", literal.len());
            return Err(Error::invalid_argument(message));
        }
        Ok(Self::new(Tree::Compare { column: column.to_owned(), op, literal }))
    }

    /// True where the value is one of `values`, which become values of the column's type as for [`Predicate::compare`].
    /// With a null among them it is never false, as in SQL; without values it is false, also for null.
    pub fn is_in(column: &str, values: ArrayRef) -> Result<Self> {
        Ok(Self::new(Tree::In { column: column.to_owned(), values }))
    }

    /// True where the value is null, false elsewhere.
    pub fn is_null(column: &str) -> Self {
        Self::new(Tree::IsNull { column: column.to_owned() })
    }

    /// True where the string or binary begins with `prefix`.
    pub fn starts_with(column: &str, prefix: &str) -> Self {
        Self::matching(column, Pattern::prefix(prefix))
    }

    /// True where the string or binary matches an SQL pattern: `%` stands for any text, `_` for one character (in
    /// binaries one byte), and a backslash before one of these or before a backslash for that itself.
    ///
    /// Fails where a backslash stands before anything else, or at the end.
    pub fn like(column: &str, pattern: &str) -> Result<Self> {
        Ok(Self::matching(column, Pattern::like(pattern, Some('\\'))?))
    }

    fn matching(column: &str, pattern: Pattern) -> Self {
        Self::new(Tree::Like { column: column.to_owned(), pattern: Arc::new(pattern) })
    }

    /// True where every operand is; of none, always.
    pub fn and(operands: Vec<Self>) -> Self {
        Self::new(Tree::And(operands))
    }

    /// True where an operand is; of none, never.
    pub fn or(operands: Vec<Self>) -> Self {
        Self::new(Tree::Or(operands))
    }

    /// True where the operand is false.
    #[allow(clippy::should_implement_trait)] // `and`, `or` and `not` belong together
    pub fn not(operand: Self) -> Self {
        match &*operand.0 {
            Tree::Not(inner) => inner.clone(),
            _ => Self::new(Tree::Not(operand)),
        }
    }

    /// True where the host says so, given the values of these columns.
    pub fn callback(columns: Vec<String>, callbacks: Arc<dyn RowCallback>) -> Self {
        Self::new(Tree::Callback { columns, callbacks })
    }

    /// Paths of the columns, perhaps repeated. Not in order.
    pub(crate) fn columns(&self) -> Vec<&str> {
        let (mut columns, mut left) = (Vec::new(), vec![self]);
        while let Some(predicate) = left.pop() {
            match &*predicate.0 {
                Tree::Compare { column, .. }
                | Tree::In { column, .. }
                | Tree::IsNull { column }
                | Tree::Like { column, .. } => columns.push(column.as_str()),
                Tree::And(operands) | Tree::Or(operands) => left.extend(operands),
                Tree::Not(operand) => left.push(operand),
                Tree::Callback { columns: named, .. } => columns.extend(named.iter().map(String::as_str)),
            }
        }
        columns
    }

    /// The operands of the AND at the top, or the predicate itself where there is none.
    pub(crate) fn conjuncts(&self) -> &[Self] {
        match &*self.0 {
            Tree::And(operands) => operands,
            _ => std::slice::from_ref(self),
        }
    }

    fn new(tree: Tree) -> Self {
        Self(Arc::new(tree))
    }
}

impl Comparison {
    /// The comparison that is true where this one is false, of values that are ordered.
    fn negated(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }

    fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl PartialEq for Predicate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Predicate {}

/// In the manner of SQL.
impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Tree::Compare { column, op, literal } => {
                write!(f, "{column} {} {}", op.symbol(), value::Listed(literal))
            }
            Tree::In { column, values } => write!(f, "{column} IN ({})", value::Listed(values)),
            Tree::IsNull { column } => write!(f, "{column} IS NULL"),
            Tree::Like { column, pattern } => write!(f, "{column} LIKE {pattern}"),
            Tree::And(operands) => joined(f, operands, "AND", "TRUE"),
            Tree::Or(operands) => joined(f, operands, "OR", "FALSE"),
            Tree::Not(operand) => write!(f, "NOT ({operand})"),
            Tree::Callback { columns, .. } => write!(f, "callback({})", columns.join(", ")),
        }
    }
}

fn joined(f: &mut fmt::Formatter<'_>, operands: &[Predicate], word: &str, of_none: &str) -> fmt::Result {
    if operands.is_empty() {
        return f.write_str(of_none);
    }
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            write!(f, " {word} ")?;
        }
        match &*operand.0 {
            Tree::And(_) | Tree::Or(_) => write!(f, "({operand})")?,
            _ => write!(f, "{operand}")?,
        }
    }
    Ok(())
}

impl fmt::Debug for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Predicate({self})")
    }
}
