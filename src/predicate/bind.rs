//! From a predicate to the columns of one file: paths looked up, literals of the columns' types, NOT pushed down to the tests,
//! constants folded.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, new_null_array};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType;

use super::bytes::PatternTest;
use super::coded::EntryAnswers;
use super::literal::{Misfit, as_type};
use super::node::{Columns, Node};
use super::pattern::{Pattern, Unit};
use super::test::{ValueTest, comparison, membership};
use super::value::Value;
use super::verdict::{Known, Verdict};
use super::{Comparison, Predicate, RowCallback, Tree};
use crate::error::{Error, Result};
use crate::schema::{Leaf, Schema};

/// Predicates may be nested so deep: they are walked recursively.
pub(crate) const LARGEST_DEPTH: usize = 500;

/// A predicate of the columns of one file. Cheap to clone.
#[derive(Clone)]
pub(crate) struct BoundPredicate {
    node: Node,
    leaves: Vec<usize>,
}

impl BoundPredicate {
    /// Looks up the columns and makes the literals values of the types that `types` gives them, by leaf ordinal.
    ///
    /// Fails with `InvalidArgument` where a path names no leaf column or several, or one in a list, and where a literal or
    /// pattern does not fit its column; the message names the column and both types.
    pub(crate) fn bind(predicate: &Predicate, schema: &Schema, types: &dyn Fn(usize) -> DataType) -> Result<Self> {
        Ok(Self::new(Binder { schema, types }.node(predicate, false, 0)?))
    }

    fn new(node: Node) -> Self {
        let mut leaves = Vec::new();
        node.add_leaves(&mut leaves);
        leaves.sort_unstable();
        leaves.dedup();
        Self { node, leaves }
    }

    /// The operands of the AND at the top, each to be evaluated by itself: a row is kept where all keep it. Of a predicate
    /// that always holds there are none.
    pub(crate) fn conjuncts(self) -> Vec<Self> {
        match self.node {
            Node::And(operands) => operands.into_iter().map(Self::new).collect(),
            Node::Constant(true) => Vec::new(),
            _ => vec![self],
        }
    }

    /// Both in one, for predicates that are asked together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self::new(folded(vec![self.node, other.node], true))
    }

    /// Ordinals of the leaf columns, ascending, without repeats. Empty where the predicate is a constant, which
    /// [`Self::evaluate_bounds`] then says whatever the bounds are.
    pub(crate) fn leaves(&self) -> &[usize] {
        &self.leaves
    }

    /// The rows to keep, of a predicate with leaves: those for which it is true. `arrays` has the values of each of
    /// [`Self::leaves`], all equally many, of the type that they were bound with or dictionaries of that. `answers` are those of the same predicate and row group before.
    pub(crate) fn evaluate(&self, arrays: &[ArrayRef], answers: &mut EntryAnswers) -> Result<BooleanBuffer> {
        let rows = arrays.first().map_or(0, |array| array.len());
        if arrays.len() != self.leaves.len() || arrays.iter().any(|array| array.len() != rows) {
            return Err(Error::internal("a predicate was given other columns than its own, or of unequal length"));
        }
        self.node.evaluate(&Columns { leaves: &self.leaves, arrays, rows }, answers)
    }

    /// What can be said of rows of which so much is known. Fails only where a callback of the host does.
    pub(crate) fn evaluate_bounds(&self, known: &dyn Known) -> Result<Verdict> {
        self.node.verdict(known)
    }

    /// What can be said of rows whose values are all among `entries`, as many of them null as `null_count` says.
    /// `Verdict::Some` where the predicate has several columns or is one of the host.
    pub(crate) fn evaluate_entries(&self, entries: &ArrayRef, null_count: Option<u64>) -> Result<Verdict> {
        if self.leaves.len() != 1 || self.node.has_callback() {
            return Ok(Verdict::Some);
        }
        let passing = |values: ArrayRef| self.evaluate(&[values], &mut EntryAnswers::default());
        let kept = passing(Arc::clone(entries))?.count_set_bits();
        let of_entries = Verdict::new(kept > 0, kept == entries.len());
        if null_count == Some(0) {
            return Ok(of_entries);
        }
        let of_nulls = Verdict::of_constant(passing(new_null_array(entries.data_type(), 1))?.count_set_bits() == 1);
        Ok(if entries.is_empty() { of_nulls } else { of_entries.mixed(of_nulls) })
    }

    /// True where a callback of the host looks at values.
    pub(crate) fn has_callback(&self) -> bool {
        self.node.has_callback()
    }
}

struct Binder<'a> {
    schema: &'a Schema,
    types: &'a dyn Fn(usize) -> DataType,
}

/// A leaf column that a predicate names.
struct Column<'a> {
    ordinal: usize,
    leaf: &'a Leaf,
    data_type: DataType,
}

impl<'a> Binder<'a> {
    fn node(&self, predicate: &Predicate, negated: bool, depth: usize) -> Result<Node> {
        if depth >= LARGEST_DEPTH {
            return Err(Error::limit(format!("predicates nested deeper than {LARGEST_DEPTH} levels")));
        }
        let depth = depth.saturating_add(1);
        let each = |operands: &[Predicate], is_and| {
            let nodes = operands.iter().map(|operand| self.node(operand, negated, depth)).collect::<Result<_>>()?;
            Ok(folded(nodes, is_and))
        };
        match &*predicate.0 {
            Tree::And(operands) => each(operands, !negated),
            Tree::Or(operands) => each(operands, negated),
            Tree::Not(operand) => self.node(operand, !negated, depth),
            Tree::IsNull { column } => Ok(self.is_null(&self.column(column)?, negated)),
            Tree::Compare { column, op, literal } => self.compare(&self.column(column)?, *op, literal, negated),
            Tree::In { column, values } => self.is_in(&self.column(column)?, values, negated),
            Tree::Like { column, pattern } => self.like(&self.column(column)?, pattern, negated),
            Tree::Callback { columns, callbacks } => self.callback(columns, callbacks, negated),
        }
    }

    fn is_null(&self, column: &Column<'_>, negated: bool) -> Node {
        match column.leaf.max_definition_level {
            0 if column.data_type != DataType::Null => Node::Constant(negated),
            _ => Node::IsNull { leaf: column.ordinal, negated },
        }
    }

    fn compare(&self, column: &Column<'_>, op: Comparison, literal: &ArrayRef, negated: bool) -> Result<Node> {
        let (values, literal) = column.literals(literal)?;
        Ok(match values.first() {
            None | Some(Value::Null) => Node::Constant(false),
            _ if column.data_type == DataType::Null => Node::Constant(false),
            // What is true or false for every value is true or false where there is one.
            Some(Value::Float(float)) if float.is_nan() => match (op == Comparison::NotEqual) != negated {
                true => self.is_null(column, true),
                false => Node::Constant(false),
            },
            _ => {
                // For NaN a comparison and its opposite are both false.
                let has_opposite = !column.data_type.is_floating();
                let op = if negated && has_opposite { op.negated() } else { op };
                let test = comparison(op, &literal)?;
                column.values(test, negated && !has_opposite, (op == Comparison::Equal).then_some(literal))
            }
        })
    }

    fn is_in(&self, column: &Column<'_>, list: &ArrayRef, negated: bool) -> Result<Node> {
        let values = Value::of(&**list).ok_or_else(|| column.misfit(list.data_type(), &Misfit::Type))?;
        if values.is_empty() {
            return Ok(Node::Constant(negated));
        }
        let has_null = values.contains(&Value::Null);
        let is_nan = |value: &Value| matches!(value, Value::Float(float) if float.is_nan());
        let values: Vec<_> = values.into_iter().filter(|value| *value != Value::Null && !is_nan(value)).collect();
        let literals = column.cast(&values, list.data_type())?;
        Ok(match (negated && has_null) || column.data_type == DataType::Null {
            true => Node::Constant(false),
            false if values.is_empty() && negated => self.is_null(column, true),
            false if values.is_empty() => Node::Constant(false),
            false => column.values(membership(&literals)?, negated, Some(literals)),
        })
    }

    fn like(&self, column: &Column<'_>, pattern: &Arc<Pattern>, negated: bool) -> Result<Node> {
        let unit = match &column.data_type {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Unit::Character,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
                Unit::Byte
            }
            DataType::Null => return Ok(Node::Constant(false)),
            other => {
                let message = format!("a pattern needs a column of strings or binaries, and this one has type {other}");
                return Err(column.refused(message));
            }
        };
        Ok(column.values(Arc::new(PatternTest { pattern: Arc::clone(pattern), unit }), negated, None))
    }

    fn callback(&self, paths: &[String], callbacks: &Arc<dyn RowCallback>, negated: bool) -> Result<Node> {
        if paths.is_empty() {
            return Err(Error::invalid_argument("a predicate of the host needs at least one column"));
        }
        let columns = paths.iter().map(|path| self.column(path)).collect::<Result<Vec<_>>>()?;
        Ok(Node::Callback {
            leaves: columns.iter().map(|column| column.ordinal).collect(),
            types: columns.into_iter().map(|column| column.data_type).collect(),
            negated,
            callbacks: Arc::clone(callbacks),
        })
    }

    fn column(&self, path: &str) -> Result<Column<'a>> {
        let ordinal = match &self.schema.leaves_of(path)[..] {
            [] => return Err(Error::invalid_argument(format!("predicate: no column \"{path}\""))),
            [one] => *one,
            [..] => {
                let message = format!("predicate: \"{path}\" names several leaf columns, and a predicate is of one");
                return Err(Error::invalid_argument(message));
            }
        };
        let leaf = self.schema.leaves.get(ordinal).ok_or_else(|| Error::internal("a leaf is missing"))?;
        let column = Column { ordinal, leaf, data_type: (self.types)(ordinal) };
        if leaf.max_repetition_level > 0 {
            return Err(column.refused("it is in a list, and a predicate needs one value a row".to_owned()));
        }
        Ok(column)
    }
}

impl Column<'_> {
    fn values(&self, test: Arc<dyn ValueTest>, negated: bool, sought: Option<ArrayRef>) -> Node {
        let required = self.leaf.max_definition_level == 0;
        Node::Values { leaf: self.ordinal, negated, required, test, sought: sought.filter(|_| !negated) }
    }

    /// The literals, and as an array of the column's type.
    fn literals(&self, literals: &ArrayRef) -> Result<(Vec<Value>, ArrayRef)> {
        let values = Value::of(&**literals).ok_or_else(|| self.misfit(literals.data_type(), &Misfit::Type))?;
        let cast = self.cast(&values, literals.data_type())?;
        Ok((values, cast))
    }

    fn cast(&self, values: &[Value], from: &DataType) -> Result<ArrayRef> {
        as_type(values, &self.data_type).map_err(|misfit| self.misfit(from, &misfit))
    }

    #[cold]
    fn misfit(&self, from: &DataType, misfit: &Misfit) -> Error {
        let to = &self.data_type;
        self.refused(match misfit {
            Misfit::Type => format!("its type {to} cannot be compared with a literal of type {from}"),
            Misfit::Value(value) => format!("the literal {value} of type {from} is no value of its type {to}"),
        })
    }

    #[cold]
    fn refused(&self, message: String) -> Error {
        let path = self.leaf.dotted_path();
        Error::invalid_argument(format!("predicate on column \"{path}\": {message}")).in_column(self.ordinal, path)
    }
}

/// The AND or OR of `operands` without what does not matter: constants, and an AND in an AND.
fn folded(operands: Vec<Node>, is_and: bool) -> Node {
    let mut kept = Vec::with_capacity(operands.len());
    for operand in operands {
        match operand {
            Node::Constant(constant) if constant == is_and => {}
            Node::Constant(constant) => return Node::Constant(constant),
            Node::And(inner) if is_and => kept.extend(inner),
            Node::Or(inner) if !is_and => kept.extend(inner),
            other => kept.push(other),
        }
    }
    match kept.len() {
        0 => Node::Constant(is_and),
        1 => kept.pop().unwrap_or(Node::Constant(is_and)),
        _ if is_and => Node::And(kept),
        _ => Node::Or(kept),
    }
}
