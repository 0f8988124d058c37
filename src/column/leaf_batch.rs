//! What a leaf column has of some rows: values and levels, to be cut, picked from and joined before they are put together.
//!
//! Picking rows, cutting and joining are for columns outside of lists, which have a slot a row.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, UInt16Array};
use arrow_select::concat::concat;
use arrow_select::filter::FilterPredicate;

use super::levels::LevelRows;
use crate::error::{Error, Result};

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
    fn of_rows(array: ArrayRef, definition: Option<UInt16Array>) -> Self {
        let levels = LevelRows { nulls: array.nulls().cloned(), slots: array.len(), repetition: None, definition };
        Self { array, levels }
    }

    /// The rows that `filter` picks.
    pub(crate) fn filtered(&self, filter: &FilterPredicate) -> Result<Self> {
        let definition = self.levels.definition.as_ref();
        let definition = definition.map(|definition| filtered(definition, filter)).transpose()?;
        Ok(Self::of_rows(
            filtered(&self.array, filter)?,
            definition.and_then(|definition| definition.as_primitive_opt().cloned()),
        ))
    }

    /// `length` rows from row `start` on.
    pub(crate) fn slice(&self, start: usize, length: usize) -> Self {
        let definition = self.levels.definition.as_ref().map(|definition| definition.slice(start, length));
        Self::of_rows(self.array.slice(start, length), definition)
    }

    /// The same with other values, one for each of the old ones.
    pub(crate) fn with_array(self, array: ArrayRef) -> Self {
        Self { array, ..self }
    }

    /// The rows of all, one behind the other; there is at least one.
    pub(crate) fn joined(pieces: &[Self]) -> Result<Self> {
        let [first, rest @ ..] = pieces else { return Err(Error::internal("nothing to join")) };
        if rest.is_empty() {
            return Ok(first.clone());
        }
        let join = |arrays: &[&dyn Array]| concat(arrays).map_err(|error| Error::limit(format!("a batch: {error}")));
        let array = join(&pieces.iter().map(|piece| piece.array.as_ref()).collect::<Vec<_>>())?;
        let definitions = pieces.iter().filter_map(|piece| piece.levels.definition.as_ref());
        let definitions: Vec<&dyn Array> = definitions.map(|definition| definition as &dyn Array).collect();
        let definition = if definitions.is_empty() { None } else { join(&definitions)?.as_primitive_opt().cloned() };
        Ok(Self::of_rows(array, definition))
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

/// The rows of `array` that `filter` picks.
pub(crate) fn filtered(array: &dyn Array, filter: &FilterPredicate) -> Result<ArrayRef> {
    filter.filter(array).map_err(|error| Error::internal(format!("filter: {error}")))
}
