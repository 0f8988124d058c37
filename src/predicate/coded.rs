//! Tests of dictionary-encoded values: every entry is tested once a row group, and rows are looked up by their keys.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray};
use arrow_buffer::BooleanBuffer;
use arrow_data::ArrayData;

use super::bits;
use super::test::ValueTest;
use crate::error::{Error, Result};

/// Values as keys of a dictionary, the way columns are read for predicates.
pub(super) type Coded = DictionaryArray<UInt32Type>;

/// The values as keys, where they come that way.
pub(super) fn as_coded(array: &dyn Array) -> Option<&Coded> {
    array.as_dictionary_opt::<UInt32Type>()
}

/// The values themselves, where they come as keys.
pub(crate) fn expanded(array: &ArrayRef) -> Result<ArrayRef> {
    let Some(coded) = as_coded(array) else { return Ok(array.clone()) };
    arrow_select::take::take(coded.values(), coded.keys(), None)
        .map_err(|error| Error::limit(format!("values of a dictionary: {error}")))
}

/// Which entries of the dictionaries met pass which tests. To be kept from one window of rows to the next.
#[derive(Debug, Default)]
pub(crate) struct EntryAnswers {
    known: Vec<Answer>,
}

/// What one test says of the dictionary that it met last.
#[derive(Debug)]
struct Answer {
    /// Address of the test, which lives as long as its predicate does.
    test: usize,
    entries: ArrayData,
    passing: Vec<bool>,
    pass_count: usize,
}

impl EntryAnswers {
    /// Which rows pass. What is said of nulls has no meaning.
    pub(super) fn passing(&mut self, test: &dyn ValueTest, rows: &Coded) -> Result<BooleanBuffer> {
        let address = std::ptr::from_ref(test).addr();
        let entries = rows.values().to_data();
        let known = self.known.iter().position(|answer| answer.test == address);
        let is_same = |answer: &Answer| answer.entries.ptr_eq(&entries);
        let answer = match known.and_then(|known| self.known.get(known)).filter(|answer| is_same(answer)) {
            Some(answer) => answer,
            None => {
                let passing: Vec<bool> = test.passing(&**rows.values())?.iter().collect();
                let pass_count = passing.iter().filter(|passes| **passes).count();
                self.known.retain(|answer| answer.test != address);
                self.known.push(Answer { test: address, entries, passing, pass_count });
                let Some(answer) = self.known.last() else { return Ok(BooleanBuffer::new_unset(rows.len())) };
                answer
            }
        };
        Ok(answer.rows(rows.keys().values()))
    }
}

impl Answer {
    fn rows(&self, keys: &[u32]) -> BooleanBuffer {
        match self.pass_count {
            0 => BooleanBuffer::new_unset(keys.len()),
            all if all == self.passing.len() => BooleanBuffer::new_set(keys.len()),
            _ => bits::passing(keys, |key| self.passing.get(key as usize).copied().unwrap_or(false)),
        }
    }
}
