//! What a leaf column has of some rows: values and levels, to be cut, picked from and joined before they are put together.
//!
//! Picking rows, cutting and joining are for columns outside of lists, which have a slot a row.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt16Array};

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
}

impl LeafBatch {
    /// Of a column without lists: values and, where it is in groups, definition levels.
    fn of_rows(array: ArrayRef, definition: Option<Arc<UInt16Array>>) -> Self {
        let levels = LevelRows { nulls: array.nulls().cloned(), slots: array.len(), repetition: None, definition };
        Self { array, levels }
    }

    /// `length` rows from row `start` on.
    pub(crate) fn slice(&self, start: usize, length: usize) -> Self {
        let definition = self.levels.definition.as_ref().map(|definition| Arc::new(definition.slice(start, length)));
        Self::of_rows(self.array.slice(start, length), definition)
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
        let of = |values: &dyn Fn(&Self) -> Option<ArrayRef>| -> Result<Option<ArrayRef>> {
            let arrays: Option<Vec<ArrayRef>> = pieces.iter().map(|(piece, _)| values(piece)).collect();
            let Some(arrays) = arrays else { return Ok(None) };
            let selected = pieces.iter().map(|(_, selected)| selected.as_ref());
            let rows = arrays.iter().zip(selected).map(|(array, selected)| Picked::new(array, selected));
            picked(&rows.collect::<Vec<_>>(), pool).map(Some)
        };
        let array = of(&|piece| Some(Arc::clone(&piece.array)))?;
        let array = array.ok_or_else(|| Error::internal("nothing to pick rows of"))?;
        let definition = of(&|piece| piece.levels.definition.clone().map(|levels| levels as ArrayRef))?;
        let definition = definition.and_then(|definition| definition.as_primitive_opt().cloned()).map(Arc::new);
        Ok(Self::of_rows(array, definition))
    }

    /// Copies the values that views point to, where these are few of what is kept in memory for them.
    pub(crate) fn let_pages_go(&mut self, pool: &Arc<Pool>) -> Result<()> {
        if let Some(array) = copied_views(&self.array, 0, pool)? {
            self.array = array;
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
        values.saturating_add(levels) as u64
    }
}
