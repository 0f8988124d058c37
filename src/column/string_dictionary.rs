//! The entries of a dictionary of strings or binaries, and codes to the strings with offsets that they stand for.
//!
//! Entries that all have the same few bytes are kept as numbers: then the bytes of a string are one store, and where it
//! ends follows from its place.

use std::sync::Arc;

use arrow_buffer::Buffer;

use super::decoder::bad_code;
use super::strings::Offset;
use crate::encoding::{CodeBlock, PlainText, byte_array_at, values_missing};
use crate::error::{Error, Result};
use crate::memory::{Pool, Unaligned, Values};
use crate::page::DictionaryPage;
use crate::simd::{self, PlacedStrings};

/// Entries of larger dictionaries stay where they are.
const MAX_COPIED_BYTES: usize = 1 << 16;

/// Entries up to this length are kept as numbers where all are equally long.
const NUMBER_BYTES: usize = 8;

/// Strings of a run that are appended at a time.
const REPEATED: usize = 128;

/// The entries of a dictionary.
pub(super) struct StringDictionary {
    entries: Entries,
    /// Places of the entries of a block of codes.
    places: Vec<u64>,
}

enum Entries {
    /// All of `length` bytes: the first one lowest in its number.
    Numbers { length: usize, numbers: Values<u64> },
    /// Places in `bytes`.
    Places { places: Values<u64>, bytes: EntryBytes },
}

/// Where the entries of a dictionary lie.
enum EntryBytes {
    /// End to end, with room behind them that may be read: the shortest copies take no look at the end then.
    EndToEnd(Values<u8>),
    /// Where they came from.
    Source(Buffer),
}

impl EntryBytes {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::EndToEnd(bytes) => bytes.as_padded_bytes(),
            Self::Source(source) => source,
        }
    }
}

/// Why strings could not be appended; without an error where the offsets cannot reach so far.
type Failure = Option<Error>;

impl StringDictionary {
    /// The entries of `page`, validated where they are to be UTF-8.
    pub(super) fn new(page: DictionaryPage, is_utf8: bool, pool: &Arc<Pool>) -> Result<Self> {
        let places = entry_places(&page, is_utf8, pool)?;
        Self::of_places(places, page.values, pool)
    }

    /// The entries that lie at `places` of `source`.
    pub(super) fn of_places(mut places: Values<u64>, source: Buffer, pool: &Arc<Pool>) -> Result<Self> {
        let entries = match same_length(places.as_slice()) {
            Some(length) => Entries::Numbers { length, numbers: as_numbers(places, &source) },
            None if source.len() > MAX_COPIED_BYTES => Entries::Places { places, bytes: EntryBytes::Source(source) },
            None => {
                let bytes = end_to_end(&mut places, &source, pool)?;
                Entries::Places { places, bytes: EntryBytes::EndToEnd(bytes) }
            }
        };
        Ok(Self { entries, places: Vec::new() })
    }

    /// Appends the entries of the codes of `block`; returns how many.
    pub(super) fn append<O: Offset>(
        &mut self,
        block: CodeBlock<'_>,
        offsets: &mut Values<O>,
        bytes: &mut Values<u8>,
    ) -> std::result::Result<usize, Failure> {
        match block {
            CodeBlock::Each(codes) => {
                self.append_each(codes, offsets, bytes)?;
                Ok(codes.len())
            }
            CodeBlock::Repeat { code, count } => {
                let codes = [code; REPEATED];
                for first in (0..count).step_by(REPEATED) {
                    let codes = codes.get(..count.saturating_sub(first)).unwrap_or(&codes);
                    self.append_each(codes, offsets, bytes)?;
                }
                Ok(count)
            }
        }
    }

    fn append_each<O: Offset>(
        &mut self,
        codes: &[u32],
        offsets: &mut Values<O>,
        bytes: &mut Values<u8>,
    ) -> std::result::Result<(), Failure> {
        let base = O::from_usize(bytes.len()).ok_or(None)?;
        let ends = offsets.spare(codes.len()).map_err(Some)?.get_mut(..codes.len()).unwrap_or_default();
        let total;
        match &self.entries {
            Entries::Numbers { length, numbers } => {
                total = codes.len().saturating_mul(*length);
                O::from_usize(bytes.len().saturating_add(total)).ok_or(None)?;
                let room = bytes.spare(total).map_err(Some)?;
                let numbers = numbers.as_slice();
                simd::gather_short(numbers, *length, codes, room)
                    .map_err(|code| Some(bad_code(code, numbers.len())))?;
                simd::ends_of_same(*length, base, ends);
            }
            Entries::Places { places, bytes: source } => {
                let entries = places.as_slice();
                self.places.resize(self.places.len().max(codes.len()), 0);
                let places = self.places.get_mut(..codes.len()).unwrap_or_default();
                simd::gather(Unaligned::all(entries), codes, places)
                    .map_err(|code| Some(bad_code(code, entries.len())))?;
                let strings = PlacedStrings::at(places);
                total = strings.total();
                O::from_usize(bytes.len().saturating_add(total)).ok_or(None)?;
                strings.copy(source.as_slice(), base, bytes.spare(total).map_err(Some)?, ends);
            }
        }
        offsets.commit(codes.len());
        bytes.commit(total);
        Ok(())
    }
}

/// Where each entry of `page` begins and how long it is.
fn entry_places(page: &DictionaryPage, is_utf8: bool, pool: &Arc<Pool>) -> Result<Values<u64>> {
    let source = page.values.as_slice();
    // The bytes at hand bound the entries, whatever the header counts.
    if page.value_count > source.len() / 4 {
        return Err(values_missing("dictionary entries", page.value_count, source.len() / 4));
    }
    let mut places = Values::with_capacity(pool, page.value_count)?;
    let mut text = PlainText::new(0);
    let mut position = 0;
    for slot in places.spare(page.value_count)?.iter_mut().take(page.value_count) {
        let (value, next) = byte_array_at(source, position)?;
        if is_utf8 {
            text.pass(source, position, value.len());
        }
        *slot = simd::string_place(position.saturating_add(4), value.len());
        position = next;
    }
    places.commit(page.value_count);
    if is_utf8 {
        text.end(source, position)?;
    }
    Ok(places)
}

/// The length of the entries at `places` where it is the same of all, and few bytes.
fn same_length(places: &[u64]) -> Option<usize> {
    let mut lengths = places.iter().map(|place| simd::start_and_length(*place).1);
    let first = lengths.next()?;
    (first <= NUMBER_BYTES && lengths.all(|length| length == first)).then_some(first)
}

/// The short strings at `places` of `source`, in place of these.
fn as_numbers(mut places: Values<u64>, source: &[u8]) -> Values<u64> {
    for slot in places.as_mut_slice() {
        let (start, length) = simd::start_and_length(*slot);
        let string = source.get(start..start.saturating_add(length)).unwrap_or_default();
        *slot = string.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
    }
    places
}

/// Copies the bytes of the entries at `places`, which lie in `source`, end to end, and lets the places be there.
fn end_to_end(places: &mut Values<u64>, source: &[u8], pool: &Arc<Pool>) -> Result<Values<u8>> {
    let mut bytes = Values::with_capacity(pool, source.len())?;
    let room = bytes.spare(source.len())?;
    let mut written = 0usize;
    for slot in places.as_mut_slice() {
        let (start, length) = simd::start_and_length(*slot);
        *slot = simd::string_place(written, length);
        simd::copy_prefix(source.get(start..).unwrap_or_default(), length, room.get_mut(written..).unwrap_or_default());
        written = written.saturating_add(length);
    }
    bytes.commit(written);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn page(strings: &[&str]) -> DictionaryPage {
        let plain = |string: &&str| [&(string.len() as u32).to_le_bytes()[..], string.as_bytes()].concat();
        let values = strings.iter().flat_map(plain).collect::<Vec<u8>>().into();
        DictionaryPage { value_count: strings.len(), values }
    }

    /// The strings of all `blocks`, by ends and bytes.
    fn appended(strings: &[&str], blocks: Vec<CodeBlock<'_>>) -> std::result::Result<Vec<String>, Failure> {
        let pool = Arc::new(Pool::default());
        let mut dictionary = StringDictionary::new(page(strings), true, &pool).unwrap();
        let (mut ends, mut bytes) = (Values::<i32>::on_demand(&pool, 0), Values::<u8>::on_demand(&pool, 0));
        for block in blocks {
            dictionary.append(block, &mut ends, &mut bytes)?;
        }
        let starts = std::iter::once(&0).chain(ends.as_slice());
        let string = |(start, end): (&i32, &i32)| bytes.as_slice()[*start as usize..*end as usize].to_vec();
        Ok(starts.zip(ends.as_slice()).map(|range| String::from_utf8(string(range)).unwrap()).collect())
    }

    #[test]
    fn entries_of_one_length_and_of_any_are_appended() {
        let longest = "x".repeat(70_000);
        let dictionaries: [&[&str]; 7] = [
            &["a", "b", "c"],
            &["", "", ""],
            &["zwölf", "dreize", "eintau"],
            &["12345678", "abcdefgh", "ijklmnop"],
            &["123456789", "abcdefghi", "jklmnopqr"],
            &["a", "", "einundzwanzig"],
            &["a", &longest, "b"],
        ];
        for strings in dictionaries {
            let codes: Vec<u32> = (0..300).map(|i| i * 7 % 3).collect();
            let mut expected: Vec<&str> = codes.iter().map(|code| strings[*code as usize]).collect();
            expected.extend(std::iter::repeat_n(strings[1], 2 * REPEATED + 5));
            expected.push(strings[2]);
            let blocks = vec![
                CodeBlock::Each(&codes),
                CodeBlock::Repeat { code: 1, count: 2 * REPEATED + 5 },
                CodeBlock::Each(&[2]),
            ];
            assert!(appended(strings, blocks).unwrap() == expected);
            let failure = appended(strings, vec![CodeBlock::Each(&[0, 3])]).unwrap_err();
            assert_eq!(failure.unwrap().kind(), ErrorKind::Corrupt);
        }
    }

    #[test]
    fn an_empty_dictionary_has_no_entry() {
        assert!(appended(&[], vec![CodeBlock::Each(&[])]).unwrap().is_empty());
        assert!(appended(&[], vec![CodeBlock::Each(&[0])]).is_err());
    }
}
