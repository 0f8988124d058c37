//! An array that grows by picked rows of other arrays.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, make_array};
use arrow_buffer::{Buffer, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::{ArrowError, DataType};

use super::fixed::{Booleans, Keys, Wide, numbers};
use super::strings::Strings;
use super::views::Views;
use super::{Picked, Piece, push_bits};
use crate::error::{Error, Result};
use crate::memory::{Bits, Pool, array_with_children};

/// Buffers and children of an array.
pub(super) type Parts = (Vec<Buffer>, Vec<ArrayData>);

/// Takes the picked values of pieces of one type; what is null it takes as any value.
pub(super) trait RowBuilder: Send + Sync {
    /// False where the values of the piece cannot stand behind those that were taken.
    fn takes(&self, _piece: &Piece<'_>) -> bool {
        true
    }

    /// Appends the picked values.
    fn push(&mut self, pieces: &[Piece<'_>]) -> Result<()>;

    /// The buffers and children of all that was taken.
    fn finish(self: Box<Self>) -> Result<Parts>;
}

/// Picked rows of arrays of one type, one behind the other.
pub(crate) struct Gathered {
    pool: Arc<Pool>,
    /// Rows that memory is taken for at first.
    capacity: usize,
    data_type: DataType,
    rows: usize,
    nulls: Option<Bits>,
    /// Takes the rows behind those of `joined_by_arrow`.
    builder: Option<Box<dyn RowBuilder>>,
    joined_by_arrow: Vec<ArrayRef>,
}

impl Gathered {
    /// No rows yet; about `rows` are to come.
    pub(crate) fn new(rows: usize, pool: &Arc<Pool>) -> Self {
        Self {
            pool: Arc::clone(pool),
            capacity: rows,
            data_type: DataType::Null,
            rows: 0,
            nulls: None,
            builder: None,
            joined_by_arrow: Vec::new(),
        }
    }

    /// Appends the picked rows of all `pieces`, which are of the type of those before.
    pub(crate) fn push(&mut self, pieces: &[Picked<'_>]) -> Result<()> {
        let taken_apart: Vec<Piece> = pieces.iter().map(Piece::new).collect();
        let Some(first) = taken_apart.first() else { return Ok(()) };
        if self.rows == 0 && self.builder.is_none() && self.joined_by_arrow.is_empty() {
            self.data_type = first.data.data_type().clone();
            self.builder = builder(first, self.capacity, &self.pool);
        }
        match &mut self.builder {
            Some(builder) if taken_apart.iter().all(|piece| builder.takes(piece)) => {
                builder.push(&taken_apart)?;
                taken_apart.iter().try_for_each(|piece| self.push_nulls(piece))
            }
            _ => {
                self.leave_to_arrow()?;
                let filtered = pieces.iter().map(filtered).collect::<Result<Vec<ArrayRef>>>()?;
                self.joined_by_arrow.extend(filtered);
                Ok(())
            }
        }
    }

    /// Counts the rows of a piece, and notes which are null.
    fn push_nulls(&mut self, piece: &Piece<'_>) -> Result<()> {
        if piece.nulls.is_some() && self.nulls.is_none() {
            let mut nulls = Bits::with_capacity(&self.pool, self.capacity)?;
            nulls.push_run(true, self.rows)?;
            self.nulls = Some(nulls);
        }
        self.rows = self.rows.saturating_add(piece.count);
        match (&mut self.nulls, &piece.nulls) {
            (Some(out), Some(nulls)) => push_bits(out, nulls.inner().into(), piece.bits()),
            (Some(out), None) => out.push_run(true, piece.count),
            (None, _) => Ok(()),
        }
    }

    /// Makes an array of what the builder has.
    fn leave_to_arrow(&mut self) -> Result<()> {
        let Some(builder) = self.builder.take() else { return Ok(()) };
        let (buffers, children) = builder.finish()?;
        let rows = std::mem::take(&mut self.rows);
        let nulls = self.nulls.take().map(Bits::into_boolean_buffer).transpose()?;
        let nulls = nulls.map(NullBuffer::new).filter(|nulls| nulls.null_count() > 0);
        let data = array_with_children(self.data_type.clone(), rows, nulls, buffers, children);
        self.joined_by_arrow.push(make_array(data));
        Ok(())
    }

    /// The rows.
    pub(crate) fn finish(mut self) -> Result<ArrayRef> {
        self.leave_to_arrow()?;
        match &self.joined_by_arrow[..] {
            [] => Err(Error::internal("nothing to pick rows of")),
            [one] => Ok(Arc::clone(one)),
            arrays => arrow_select::concat::concat(&arrays.iter().map(|array| array.as_ref()).collect::<Vec<_>>())
                .map_err(failed),
        }
    }
}

fn failed(error: ArrowError) -> Error {
    Error::limit(format!("rows of a batch: {error}"))
}

/// The picked rows, by Arrow's kernels.
pub(super) fn filtered(piece: &Picked<'_>) -> Result<ArrayRef> {
    match piece.selected {
        Some(selected) => {
            let selected = BooleanArray::new(selected.bits().clone(), None);
            arrow_select::filter::filter(piece.array, &selected).map_err(failed)
        }
        None => Ok(make_array(piece.array.to_data())),
    }
}

/// What takes values of the type of `first`; `None` where that is left to Arrow.
fn builder(first: &Piece<'_>, capacity: usize, pool: &Arc<Pool>) -> Option<Box<dyn RowBuilder>> {
    let wide = |width: usize| Some(Box::new(Wide::new(width, capacity, pool)) as Box<dyn RowBuilder>);
    match first.data.data_type() {
        DataType::Boolean => Some(Box::new(Booleans::new(capacity, pool))),
        DataType::Utf8 | DataType::Binary => Some(Box::new(Strings::<i32>::new(capacity, pool))),
        DataType::LargeUtf8 | DataType::LargeBinary => Some(Box::new(Strings::<i64>::new(capacity, pool))),
        DataType::Utf8View | DataType::BinaryView => Some(Box::new(Views::new(capacity, pool))),
        DataType::Dictionary(key, _) => {
            let keys = numbers(key.primitive_width()?, capacity, pool)?;
            Some(Box::new(Keys { keys, entries: first.data.child_data().first()?.clone() }))
        }
        DataType::FixedSizeBinary(width) => wide(usize::try_from(*width).unwrap_or(0)),
        DataType::Decimal256(..) => wide(32),
        other => numbers(other.primitive_width()?, capacity, pool),
    }
}
