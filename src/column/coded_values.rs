//! Values that are known by their keys: what a predicate read as codes, and the output wants as values.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray};
use arrow_buffer::ArrowNativeType;
use arrow_schema::DataType;

use super::string_dictionary::StringDictionary;
use super::strings::{Offset, offsets_overflow};
use crate::encoding::CodeBlock;
use crate::error::{Error, Result};
use crate::memory::{Plain, Pool, Unaligned, Values, array_from_parts};
use crate::simd;

/// The values of `array`; `None` where it has no keys, those of nulls or of a type that is left to Arrow's kernels, or those of
/// more strings with offsets than it has rows.
pub(crate) fn values_of_keys(array: &ArrayRef, pool: &Arc<Pool>) -> Result<Option<ArrayRef>> {
    let Some(coded) = array.as_dictionary_opt::<UInt32Type>() else { return Ok(None) };
    if coded.values().null_count() > 0 {
        return Ok(None);
    }
    match coded.values().data_type() {
        DataType::Utf8View | DataType::BinaryView => looked_up::<u128>(coded, pool),
        DataType::Utf8 | DataType::Binary => put_together::<i32>(coded, pool),
        DataType::LargeUtf8 | DataType::LargeBinary => put_together::<i64>(coded, pool),
        other => match other.primitive_width() {
            Some(4) => looked_up::<u32>(coded, pool),
            Some(8) => looked_up::<u64>(coded, pool),
            Some(16) => looked_up::<i128>(coded, pool),
            _ => Ok(None),
        },
    }
}

/// The values of the keys, of one width; views point to where those of the entries do.
fn looked_up<T: Plain + ArrowNativeType>(
    coded: &DictionaryArray<UInt32Type>,
    pool: &Arc<Pool>,
) -> Result<Option<ArrayRef>> {
    let (entries, rows) = (coded.values().to_data(), coded.len());
    let Some(dictionary) = entries.buffer::<T>(0).get(..entries.len()).filter(|entries| !entries.is_empty()) else {
        return Ok(None);
    };
    // The key of a null may be any number, and its value any that is valid.
    let keys = valid_keys(coded, 0);
    let mut values = Values::<T>::with_capacity(pool, rows)?;
    simd::gather(Unaligned::all(dictionary), &keys, values.spare(rows)?)
        .map_err(|key| Error::internal(format!("key {key} of {} entries", entries.len())))?;
    values.commit(rows);
    let mut buffers = vec![values.into_buffer()];
    buffers.extend(entries.buffers().iter().skip(1).cloned());
    Ok(Some(array_from_parts(entries.data_type().clone(), rows, coded.nulls().cloned(), buffers)))
}

/// The keys, that of nulls replaced.
fn valid_keys(coded: &DictionaryArray<UInt32Type>, of_null: u32) -> Cow<'_, [u32]> {
    let keys: &[u32] = coded.keys().values();
    match coded.nulls() {
        Some(nulls) => keys.iter().zip(nulls).map(|(key, is_valid)| if is_valid { *key } else { of_null }).collect(),
        None => keys.into(),
    }
}

fn put_together<O: Offset + ArrowNativeType>(
    coded: &DictionaryArray<UInt32Type>,
    pool: &Arc<Pool>,
) -> Result<Option<ArrayRef>> {
    let (entries, rows) = (coded.values().to_data(), coded.len());
    let bytes = entries.buffers().get(1).cloned().unwrap_or_default();
    // Places of strings have four bytes for where these begin.
    if entries.len() > rows || u32::try_from(bytes.len()).is_err() {
        return Ok(None);
    }
    let offsets = entries.buffer::<O>(0);
    let mut places = Values::on_demand(pool, entries.len().saturating_add(1));
    for (start, end) in offsets.iter().zip(offsets.iter().skip(1)).take(entries.len()) {
        places.push(place(*start, *end))?;
    }
    // The key of a null may be any number: it gets that of an entry of no bytes, behind all others.
    let of_null = u32::try_from(places.len()).unwrap_or(u32::MAX);
    if coded.nulls().is_some() {
        places.push(0)?;
    }
    let keys = valid_keys(coded, of_null);
    let (mut ends, mut strings) =
        (Values::<O>::with_capacity(pool, rows.saturating_add(1))?, Values::on_demand(pool, 0));
    ends.push(O::default())?;
    StringDictionary::of_places(places, bytes, pool)?
        .append(CodeBlock::Each(&keys), &mut ends, &mut strings)
        .map_err(|failure| failure.unwrap_or_else(|| offsets_overflow(entries.data_type())))?;
    let buffers = vec![ends.into_buffer(), strings.into_buffer()];
    Ok(Some(array_from_parts(entries.data_type().clone(), rows, coded.nulls().cloned(), buffers)))
}

/// The place of the string from `start` to `end`.
fn place<O: Offset>(start: O, end: O) -> u64 {
    simd::string_place(start.to_usize(), end.to_usize().saturating_sub(start.to_usize()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{
        BinaryArray, BinaryViewArray, Decimal128Array, DictionaryArray, Float32Array, Int16Array, LargeBinaryArray,
        LargeStringArray, StringArray, StringViewArray, TimestampMicrosecondArray, UInt32Array,
    };

    use super::*;

    #[test]
    fn values_are_those_of_arrow() {
        let pool = Arc::new(Pool::default());
        let words = ["", "a", "a word", "a word that is longer than sixteen bytes", "ß", &"long ".repeat(40)];
        let entries: [ArrayRef; 12] = [
            Arc::new(StringArray::from(words.to_vec())),
            Arc::new(
                StringArray::from([&["not among them"], &words[..], &["nor this"]].concat()).slice(1, words.len()),
            ),
            Arc::new(LargeStringArray::from(words.to_vec())),
            Arc::new(StringArray::from(vec!["ab", "cd", "ef", "gh", "ij", "kl"])),
            Arc::new(BinaryArray::from_iter_values(words)),
            Arc::new(LargeBinaryArray::from_iter_values(words)),
            Arc::new(StringViewArray::from(words.to_vec())),
            Arc::new(StringViewArray::from([&["not this"], &words[..]].concat()).slice(1, words.len())),
            Arc::new(BinaryViewArray::from_iter_values(words)),
            Arc::new(Float32Array::from_iter_values((1..=6u8).map(f32::from))),
            Arc::new(TimestampMicrosecondArray::from_iter_values(3..10).slice(1, 6)),
            Arc::new(
                Decimal128Array::from_iter_values([1, -1, 1 << 100, -7, 3, 0]).with_precision_and_scale(38, 3).unwrap(),
            ),
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
                let Some(found) = values_of_keys(&coded, &pool).unwrap() else {
                    assert!(rows < entries.len(), "{rows} rows");
                    continue;
                };
                found.to_data().validate_full().unwrap();
                assert_eq!(&found, &wanted);
            }
        }
    }

    #[test]
    fn what_has_no_keys_of_such_values_is_left() {
        let pool = Arc::new(Pool::default());
        let keys = UInt32Array::from(vec![0, 1]);
        let others: [ArrayRef; 4] = [
            Arc::new(StringArray::from(vec!["a"])),
            Arc::new(DictionaryArray::new(keys.clone(), Arc::new(StringViewArray::from(vec![Some("a"), None])))),
            Arc::new(DictionaryArray::new(keys.clone(), Arc::new(Int16Array::from(vec![1, 2])))),
            Arc::new(DictionaryArray::new(keys, Arc::new(StringArray::from(vec![Some("a"), None])))),
        ];
        for other in others {
            assert!(values_of_keys(&other, &pool).unwrap().is_none());
        }
    }
}
