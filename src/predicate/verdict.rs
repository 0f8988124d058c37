//! What can be said of rows without seeing their values.

use arrow_array::{Array, ArrayRef};

/// How many of some rows a predicate keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// None of them.
    None,
    /// All of them.
    All,
    /// That is not known.
    Some,
}

/// What is known of the values of one leaf column in some rows.
#[derive(Debug, Clone, Default)]
pub struct LeafBounds {
    /// No value that is neither null nor NaN is less. One value of the column's Arrow type; it need not be one of the
    /// column's values.
    pub min: Option<ArrayRef>,
    /// No value that is neither null nor NaN is greater.
    pub max: Option<ArrayRef>,
    /// Nulls among the rows, where known.
    pub null_count: Option<u64>,
    /// NaNs among the rows, where known.
    pub nan_count: Option<u64>,
    /// Number of rows; 0 where nothing is known.
    pub row_count: u64,
}

/// What is known of some rows.
pub(crate) trait Known {
    /// Of a leaf column.
    fn bounds(&self, leaf: usize) -> LeafBounds;

    /// True where a leaf column certainly has none of `values`, which are of its Arrow type.
    fn lacks(&self, leaf: usize, values: &dyn Array) -> bool {
        let _ = (leaf, values);
        false
    }
}

impl<F: Fn(usize) -> LeafBounds> Known for F {
    fn bounds(&self, leaf: usize) -> LeafBounds {
        self(leaf)
    }
}

impl LeafBounds {
    /// Whether every row is null, as far as that is known.
    pub(super) fn are_all_null(&self) -> bool {
        self.row_count > 0 && self.null_count.is_some_and(|nulls| nulls >= self.row_count)
    }
}

impl Verdict {
    /// From whether some row may be kept, and whether every row is.
    pub(super) fn new(possible: bool, certain: bool) -> Self {
        match (possible, certain) {
            (false, _) => Self::None,
            (true, true) => Self::All,
            (true, false) => Self::Some,
        }
    }

    pub(super) fn of_constant(kept: bool) -> Self {
        if kept { Self::All } else { Self::None }
    }

    /// Of the rows that are not kept.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::None => Self::All,
            Self::All => Self::None,
            Self::Some => Self::Some,
        }
    }

    /// Of rows of which this verdict holds for some and the other for the rest.
    pub(super) fn mixed(self, other: Self) -> Self {
        if self == other { self } else { Self::Some }
    }
}
