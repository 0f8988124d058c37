//! Tests of dictionary-encoded values: every entry is tested once a row group, and rows are looked up by their keys.

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{AnyDictionaryArray, Array, ArrayRef, downcast_integer};
use arrow_buffer::BooleanBuffer;
use arrow_data::ArrayData;

use super::bits;
use super::test::ValueTest;
use crate::error::{Error, Result};
use crate::simd;

/// The values themselves, where they come as keys.
pub(crate) fn expanded(array: &ArrayRef) -> Result<ArrayRef> {
    let Some(coded) = array.as_any_dictionary_opt() else { return Ok(array.clone()) };
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
    pub(super) fn passing(&mut self, test: &dyn ValueTest, rows: &dyn AnyDictionaryArray) -> Result<BooleanBuffer> {
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
        answer.rows(rows.keys())
    }
}

impl Answer {
    fn rows(&self, keys: &dyn Array) -> Result<BooleanBuffer> {
        if self.pass_count == 0 {
            return Ok(BooleanBuffer::new_unset(keys.len()));
        }
        if self.pass_count == self.passing.len() {
            return Ok(BooleanBuffer::new_set(keys.len()));
        }
        if let Some(keys) = keys.as_primitive_opt::<UInt32Type>() {
            return Ok(bits::bitmap(simd::passing_keys(keys.values(), &self.passing), keys.len()));
        }
        macro_rules! looked_up {
            ($type:ty) => {
                self.looked_up(keys.as_primitive::<$type>().values())
            };
        }
        Ok(downcast_integer! {
            keys.data_type() => (looked_up),
            other => return Err(Error::internal(format!("dictionary keys of {other}"))),
        })
    }

    /// What is said of null has no meaning; its key may be any number.
    fn looked_up<K: Copy + TryInto<usize>>(&self, keys: &[K]) -> BooleanBuffer {
        let passes = |key: K| key.try_into().ok().and_then(|key: usize| self.passing.get(key)).copied();
        bits::passing(keys, |key| passes(key).unwrap_or(false))
    }
}
