//! Strings that are known by their keys, put end to end: what a predicate read as codes, and the output wants as strings.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray};
use arrow_buffer::ArrowNativeType;
use arrow_schema::DataType;

use super::strings::{Offset, offsets_overflow};
use crate::error::{Error, Result};
use crate::memory::{Pool, Unaligned, Values, array_from_parts};
use crate::simd;

/// Bytes of entries up to which they are copied, so that some can be read behind the last one.
const MAX_COPIED_BYTES: usize = 1 << 14;

/// The strings of `array`; `None` where it has no keys, or not of fewer strings with offsets than it has rows.
pub(crate) fn strings_of_keys(array: &ArrayRef, pool: &Arc<Pool>) -> Result<Option<ArrayRef>> {
    let Some(coded) = array.as_dictionary_opt::<UInt32Type>() else { return Ok(None) };
    match coded.values().data_type() {
        DataType::Utf8 | DataType::Binary => put_together::<i32>(coded, pool),
        DataType::LargeUtf8 | DataType::LargeBinary => put_together::<i64>(coded, pool),
        _ => Ok(None),
    }
}

fn put_together<O: Offset + ArrowNativeType>(
    coded: &DictionaryArray<UInt32Type>,
    pool: &Arc<Pool>,
) -> Result<Option<ArrayRef>> {
    let (entries, rows) = (coded.values().to_data(), coded.len());
    let mut bytes = entries.buffers().get(1).cloned().unwrap_or_default();
    // Places of strings have four bytes for where these begin.
    if entries.len() > rows || entries.null_count() > 0 || u32::try_from(bytes.len()).is_err() {
        return Ok(None);
    }
    if bytes.len() <= MAX_COPIED_BYTES {
        let mut padded = Values::<u8>::with_capacity(pool, bytes.len().saturating_add(simd::STRINGS_OVER))?;
        padded.extend_from_bytes(&bytes)?;
        padded.extend_fill(0, simd::STRINGS_OVER)?;
        bytes = padded.into_buffer();
    }
    let places = places_of_rows(coded, entries.buffer::<O>(0), pool)?;
    let places = places.as_slice();
    let total = simd::total_length(places);
    <O as Offset>::from_usize(total).ok_or_else(|| offsets_overflow(entries.data_type()))?;
    let mut ends = Values::<O>::with_capacity(pool, rows.saturating_add(1))?;
    ends.push(O::default())?;
    let mut strings = Values::<u8>::with_capacity(pool, total.saturating_add(simd::STRINGS_OVER))?;
    let room = ends.spare(rows)?.get_mut(..rows).unwrap_or_default();
    simd::copy_strings(places, &bytes, O::default(), strings.spare(total)?, room);
    ends.commit(rows);
    strings.commit(total);
    let buffers = vec![ends.into_buffer(), strings.into_buffer()];
    Ok(Some(array_from_parts(entries.data_type().clone(), rows, coded.nulls().cloned(), buffers)))
}

/// Where the string of each row lies among those that `offsets` part; a null has none.
fn places_of_rows<O: Offset>(
    coded: &DictionaryArray<UInt32Type>,
    offsets: &[O],
    pool: &Arc<Pool>,
) -> Result<Values<u64>> {
    let place =
        |(start, end): (&O, &O)| simd::string_place(start.to_usize(), end.to_usize().saturating_sub(start.to_usize()));
    // Behind those of all entries, that of a null, whose key may be any number.
    let entries: Vec<u64> = offsets.iter().zip(offsets.iter().skip(1)).map(place).chain([0]).collect();
    let of_null = u32::try_from(entries.len().saturating_sub(1)).unwrap_or(u32::MAX);
    let keys: &[u32] = coded.keys().values();
    let valid_keys: Vec<u32>;
    let keys = match coded.nulls() {
        Some(nulls) => {
            valid_keys = keys.iter().zip(nulls).map(|(key, is_valid)| if is_valid { *key } else { of_null }).collect();
            &valid_keys
        }
        None => keys,
    };
    let mut places = Values::with_capacity(pool, keys.len())?;
    simd::gather(Unaligned::all(&entries), keys, places.spare(keys.len())?)
        .map_err(|_| Error::internal("a key without an entry"))?;
    places.commit(keys.len());
    Ok(places)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        BinaryArray, DictionaryArray, Int32Array, LargeBinaryArray, LargeStringArray, StringArray, StringViewArray,
        UInt32Array,
    };

    use super::*;

    #[test]
    fn strings_are_those_of_arrow() {
        let pool = Arc::new(Pool::default());
        let words = ["", "a", "a word", "a word that is longer than sixteen bytes", "ß", &"long ".repeat(40)];
        let entries: [ArrayRef; 5] = [
            Arc::new(StringArray::from(words.to_vec())),
            Arc::new(
                StringArray::from([&["not among them"], &words[..], &["nor this"]].concat()).slice(1, words.len()),
            ),
            Arc::new(LargeStringArray::from(words.to_vec())),
            Arc::new(BinaryArray::from_iter_values(words)),
            Arc::new(LargeBinaryArray::from_iter_values(words)),
        ];
        let keys: Vec<u32> = (0..1000).map(|row| row * row % 31 % 6).collect();
        let nulls = UInt32Array::from_iter(keys.iter().map(|key| (key % 5 != 2).then_some(*key)));
        for entries in entries {
            for keys in
                [UInt32Array::from(keys.clone()), nulls.clone(), nulls.slice(7, 400), UInt32Array::from(vec![0u32; 0])]
            {
                let wanted = arrow_select::take::take(&entries, &keys, None).unwrap();
                let rows = keys.len();
                let coded: ArrayRef = Arc::new(DictionaryArray::new(keys, Arc::clone(&entries)));
                let Some(found) = strings_of_keys(&coded, &pool).unwrap() else {
                    assert!(rows < entries.len(), "{rows} rows");
                    continue;
                };
                found.to_data().validate_full().unwrap();
                assert_eq!(&found, &wanted);
            }
        }
    }

    #[test]
    fn what_has_no_keys_of_such_strings_is_left() {
        let pool = Arc::new(Pool::default());
        let keys = UInt32Array::from(vec![0, 1]);
        let others: [ArrayRef; 4] = [
            Arc::new(StringArray::from(vec!["a"])),
            Arc::new(DictionaryArray::new(keys.clone(), Arc::new(StringViewArray::from(vec!["a", "b"])))),
            Arc::new(DictionaryArray::new(keys.clone(), Arc::new(Int32Array::from(vec![1, 2])))),
            Arc::new(DictionaryArray::new(keys, Arc::new(StringArray::from(vec![Some("a"), None])))),
        ];
        for other in others {
            assert!(strings_of_keys(&other, &pool).unwrap().is_none());
        }
    }
}
