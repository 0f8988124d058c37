//! What a leaf column has of some rows: values and levels, to be cut, picked from and joined before they are put together.
//!
//! Picking rows, cutting and joining are for columns outside of lists, which have a slot a row.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt16Array};
use arrow_buffer::Buffer;

use super::levels::LevelRows;
use super::pick::{Picked, copied_views, picked};
use super::row_mask::RowMask;
use crate::error::{Error, Result};
use crate::memory::Pool;

/// What one leaf column has of a batch.
#[derive(Debug, Clone)]
pub(crate) struct LeafBatch {
    /// Its values, one for each slot.
    pub array: ArrayRef,
    /// Its levels.
    pub levels: LevelRows,
    /// Bytes that are kept in memory for its views besides their buffers.
    pub kept_besides: usize,
}

impl LeafBatch {
    /// Of a column without lists: values and, where it is in groups, definition levels.
    fn of_rows(array: ArrayRef, definition: Option<Arc<UInt16Array>>, kept_besides: usize) -> Self {
        let levels = LevelRows { nulls: array.nulls().cloned(), slots: array.len(), repetition: None, definition };
        Self { array, levels, kept_besides }
    }

    /// `length` rows from row `start` on.
    pub(crate) fn slice(&self, start: usize, length: usize) -> Self {
        let definition = self.levels.definition.as_ref().map(|definition| Arc::new(definition.slice(start, length)));
        Self::of_rows(self.array.slice(start, length), definition, self.kept_besides)
    }

    /// The same with other values, one for each of the old ones.
    pub(crate) fn with_array(self, array: ArrayRef) -> Self {
        Self { array, ..self }
    }

    /// The selected rows of all `pieces`, one behind the other; there is at least one.
    pub(crate) fn picked(pieces: &[(Self, Option<RowMask>)], pool: &Arc<Pool>) -> Result<Self> {
        if let [(whole, None)] = pieces {
            return Ok(whole.clone());
        }
        if pieces.is_empty() {
            return Err(Error::internal("nothing to pick rows of"));
        }
        let values = pieces.iter().map(|(piece, selected)| Picked {
            kept_besides: piece.kept_besides,
            ..Picked::new(&piece.array, selected.as_ref())
        });
        let array = picked(&values.collect::<Vec<_>>(), pool)?;
        let levels = pieces.iter().map(|(piece, selected)| {
            let levels = piece.levels.definition.as_deref()?;
            Some(Picked::new(levels, selected.as_ref()))
        });
        let levels = levels.collect::<Option<Vec<_>>>().map(|levels| picked(&levels, pool)).transpose()?;
        let definition = levels.and_then(|levels| levels.as_primitive_opt().cloned()).map(Arc::new);
        let still_shown = pieces.iter().filter(|(piece, _)| piece.kept_besides > 0 && shows_buffers_of(&array, piece));
        let kept_besides = still_shown.map(|(piece, _)| piece.kept_besides).fold(0, usize::saturating_add);
        Ok(Self::of_rows(array, definition, kept_besides))
    }

    /// Copies the values that views point to, where these are few of what is kept in memory for them.
    pub(crate) fn let_pages_go(&mut self, pool: &Arc<Pool>) -> Result<()> {
        if let Some(array) = copied_views(&self.array, self.kept_besides, pool)? {
            self.array = array;
            self.kept_besides = 0;
        }
        Ok(())
    }

    /// Bytes that it keeps in memory; of a dictionary, which is shared, only the keys.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let levels = self.levels.definition.as_ref().map_or(0, |definition| definition.get_buffer_memory_size());
        let values = match self.array.as_any_dictionary_opt() {
            Some(dictionary) => dictionary.keys().get_buffer_memory_size(),
            None => self.array.get_buffer_memory_size(),
        };
        values.saturating_add(levels).saturating_add(self.kept_besides) as u64
    }
}

/// True where views of `array` may point to what those of `piece` do.
fn shows_buffers_of(array: &dyn Array, piece: &LeafBatch) -> bool {
    let (of_array, of_piece) = (array.to_data(), piece.array.to_data());
    let is_there = |buffer: &Buffer| of_array.buffers().iter().skip(1).any(|shown| shown.ptr_eq(buffer));
    of_piece.buffers().iter().skip(1).any(is_there)
}
