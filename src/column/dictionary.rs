//! Columns as Arrow dictionaries: codes of the pages become keys, the entries of the dictionary page their values.
//!
//! The entries are decoded once and shared by all batches of the chunk. A writer may give up its dictionary inside of a
//! chunk: the values of pages without codes are decoded as those of any other column, and stand behind the entries in
//! the dictionary of their batch.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, make_array};
use arrow_buffer::{Buffer, NullBuffer};
use arrow_data::transform::MutableArrayData;
use arrow_schema::DataType;

use super::decoder::{ValueDecoder, bad_code, no_dictionary};
use crate::encoding::{CodeBlock, CodeScratch, ValueCursor, values_in, values_missing};
use crate::error::{Error, Result};
use crate::memory::{BitSlice, Plain, Pool, Values, array_with_children};
use crate::metadata::Encoding;
use crate::page::DictionaryPage;
use crate::schema::PhysicalType;
use crate::simd;

/// Decodes any values to dictionary keys, and values that have no code by the decoder of their type.
pub(crate) struct DictionaryDecoder {
    physical: PhysicalType,
    keys_type: DataType,
    data_type: DataType,
    /// Decodes the dictionary page, and pages without codes.
    plain: Box<dyn ValueDecoder>,
    /// The entries of the dictionary page.
    entries: Option<ArrayRef>,
    page: Buffer,
    /// Closed where the page has no codes.
    codes: ValueCursor,
    scratch: CodeScratch,
    keys: Values<u32>,
    /// Values of the batch at hand without a code: their keys follow the entries.
    plain_count: usize,
    /// True where the batch at hand has codes.
    has_codes: bool,
    /// Batches without codes are handed out as values.
    may_be_plain: bool,
    rows: usize,
    pool: Arc<Pool>,
}

impl DictionaryDecoder {
    /// A decoder of dictionaries with such keys and values, the latter of which `plain` decodes.
    pub(crate) fn new(
        physical: PhysicalType,
        keys: &DataType,
        values: &DataType,
        plain: Box<dyn ValueDecoder>,
        rows: usize,
        pool: &Arc<Pool>,
    ) -> Result<Self> {
        Ok(Self {
            physical,
            keys_type: keys.clone(),
            data_type: DataType::Dictionary(Box::new(keys.clone()), Box::new(values.clone())),
            plain,
            entries: None,
            page: Buffer::default(),
            codes: ValueCursor::Closed,
            scratch: CodeScratch::default(),
            keys: Values::on_demand(pool, rows),
            plain_count: 0,
            has_codes: false,
            may_be_plain: false,
            rows,
            pool: Arc::clone(pool),
        })
    }

    fn entry_count(&self) -> usize {
        self.entries.as_ref().map_or(0, |entries| entries.len())
    }

    /// Appends the next `count` codes as keys.
    fn read_codes(&mut self, count: usize) -> Result<()> {
        let entries = self.entries.as_ref().ok_or_else(no_dictionary)?.len();
        let ValueCursor::Codes(codes) = &mut self.codes else { return Err(Error::internal("no codes")) };
        let mut left = count;
        while left > 0 {
            let appended = match codes.next(&self.page, left, &mut self.scratch)? {
                CodeBlock::Repeat { code, count } => {
                    check(code, entries)?;
                    self.keys.extend_fill(code, count)?;
                    count
                }
                CodeBlock::Each(codes) => {
                    check(simd::largest(codes), entries)?;
                    self.keys.spare(codes.len())?.get_mut(..codes.len()).unwrap_or_default().copy_from_slice(codes);
                    self.keys.commit(codes.len());
                    codes.len()
                }
            };
            left = left.saturating_sub(appended);
        }
        self.has_codes |= count > 0;
        Ok(())
    }

    /// Appends the next `present` values of a page without codes, and their keys; where `valid` is given, opened up to its
    /// rows, so that nulls have keys too.
    fn read_plain(&mut self, present: usize, valid: Option<BitSlice<'_>>) -> Result<()> {
        self.plain.read(present, valid)?;
        let count = valid.map_or(present, |valid| valid.len());
        let first = self.entry_count().saturating_add(self.plain_count);
        let first = u32::try_from(first).map_err(|_| too_many_entries(&self.keys_type))?;
        for (key, number) in self.keys.spare(count)?.iter_mut().take(count).zip(first..) {
            *key = number;
        }
        self.keys.commit(count);
        self.plain_count = self.plain_count.saturating_add(count);
        Ok(())
    }

    /// The dictionary of the batch at hand.
    fn take_values(&mut self) -> Result<ArrayRef> {
        if let (Some(entries), 0) = (&self.entries, self.plain_count) {
            return Ok(Arc::clone(entries));
        }
        let plain_count = std::mem::take(&mut self.plain_count);
        let plain = self.plain.finish(plain_count, None)?;
        let Some(entries) = &self.entries else { return Ok(plain) };
        if !self.has_codes {
            let unused = u32::try_from(entries.len()).unwrap_or(u32::MAX);
            self.keys.as_mut_slice().iter_mut().for_each(|key| *key = key.saturating_sub(unused));
            return Ok(plain);
        }
        let parts = [entries.to_data(), plain.to_data()];
        let mut joined =
            MutableArrayData::new(parts.iter().collect(), false, entries.len().saturating_add(plain_count));
        for (index, part) in parts.iter().enumerate() {
            joined.try_extend(index, 0, part.len()).map_err(|error| {
                Error::limit(format!("the dictionary of a batch is too large, ask for smaller batches: {error}"))
            })?;
        }
        Ok(make_array(joined.freeze()))
    }

    /// The keys of the batch at hand in their type.
    fn take_keys(&mut self) -> Result<Buffer> {
        let next = Values::on_demand(&self.pool, self.rows);
        let keys = std::mem::replace(&mut self.keys, next);
        let most = match self.keys_type {
            DataType::Int8 => i8::MAX as u64,
            DataType::UInt8 => u8::MAX.into(),
            DataType::Int16 => i16::MAX as u64,
            DataType::UInt16 => u16::MAX.into(),
            DataType::Int32 => i32::MAX as u64,
            _ => return wide_enough(keys, &self.keys_type, &self.pool),
        };
        if u64::from(simd::largest(keys.as_slice())) > most {
            return Err(too_many_entries(&self.keys_type));
        }
        match self.keys_type.primitive_width() {
            Some(1) => converted(&keys, &self.pool, |key| u8::try_from(key).unwrap_or_default()),
            Some(2) => converted(&keys, &self.pool, |key| u16::try_from(key).unwrap_or_default()),
            _ => Ok(keys.into_buffer()),
        }
    }
}

/// The keys as those of a type that has room for all of them.
fn wide_enough(keys: Values<u32>, keys_type: &DataType, pool: &Arc<Pool>) -> Result<Buffer> {
    match keys_type.primitive_width() {
        Some(8) => converted(&keys, pool, u64::from),
        _ => Ok(keys.into_buffer()),
    }
}

fn check(code: u32, entries: usize) -> Result<()> {
    if (code as usize) < entries { Ok(()) } else { Err(bad_code(code, entries)) }
}

/// The keys in another width.
fn converted<T: Plain>(keys: &Values<u32>, pool: &Arc<Pool>, convert: impl Fn(u32) -> T) -> Result<Buffer> {
    let mut out = Values::<T>::with_capacity(pool, keys.len())?;
    out.spare(keys.len())?.iter_mut().zip(keys.as_slice()).for_each(|(to, key)| *to = convert(*key));
    out.commit(keys.len());
    Ok(out.into_buffer())
}

#[cold]
fn too_many_entries(keys: &DataType) -> Error {
    Error::limit(format!("a dictionary has more entries than keys of {keys} can tell apart"))
}

impl ValueDecoder for DictionaryDecoder {
    fn load_dictionary(&mut self, page: DictionaryPage) -> Result<()> {
        // The bytes at hand bound the entries, whatever the header counts.
        let least = match self.physical {
            PhysicalType::FixedLenByteArray(width) => width as usize,
            PhysicalType::Int96 => 12,
            PhysicalType::Int64 | PhysicalType::Double => 8,
            PhysicalType::Int32 | PhysicalType::Float | PhysicalType::ByteArray => 4,
            PhysicalType::Boolean => return self.plain.load_dictionary(page),
        };
        let (count, there) = (page.value_count, values_in(&page.values, least));
        if count > there {
            return Err(values_missing("dictionary entries", count, there));
        }
        if matches!(
            self.physical,
            PhysicalType::Int32 | PhysicalType::Int64 | PhysicalType::Float | PhysicalType::Double
        ) {
            // Numbers may stay where they are in the page.
            self.plain.load_dictionary(page.clone())?;
            self.entries = self.plain.dictionary()?;
        }
        if self.entries.is_some() {
            return Ok(());
        }
        self.plain.open_page(Encoding::Plain, page.values, 0)?;
        self.plain.read(count, None)?;
        self.entries = Some(self.plain.finish(count, None)?);
        self.plain.close_page();
        Ok(())
    }

    fn dictionary(&self) -> Result<Option<ArrayRef>> {
        Ok(self.entries.clone())
    }

    fn allow_plain(&mut self) {
        self.may_be_plain = true;
    }

    fn open_page(&mut self, encoding: Encoding, values: Buffer, start: usize) -> Result<()> {
        if matches!(encoding, Encoding::PlainDictionary | Encoding::RleDictionary) {
            self.codes = ValueCursor::open(encoding, self.physical, &values, start)?;
            self.page = values;
            return Ok(());
        }
        self.codes = ValueCursor::Closed;
        self.plain.open_page(encoding, values, start)
    }

    fn close_page(&mut self) {
        (self.page, self.codes) = (Buffer::default(), ValueCursor::Closed);
        self.plain.close_page();
    }

    fn missing_bytes(&mut self, count: usize) -> Option<usize> {
        self.plain.missing_bytes(count)
    }

    fn grow_page(&mut self, values: Buffer) {
        self.plain.grow_page(values);
    }

    fn skip(&mut self, count: usize) -> Result<()> {
        match &mut self.codes {
            ValueCursor::Closed => self.plain.skip(count),
            codes => codes.skip(&self.page, count),
        }
    }

    fn read(&mut self, present: usize, valid: Option<BitSlice<'_>>) -> Result<()> {
        let before = self.keys.len();
        match self.codes {
            ValueCursor::Closed if self.may_be_plain => return self.read_plain(present, valid),
            ValueCursor::Closed => self.read_plain(present, None)?,
            _ => self.read_codes(present)?,
        }
        if let Some(valid) = valid {
            let nulls = valid.len().saturating_sub(present);
            self.keys.spare(nulls)?;
            self.keys.commit(nulls);
            // The keys of nulls become 0: readers may look them up.
            simd::expand(self.keys.as_mut_slice().get_mut(before..).unwrap_or_default(), valid);
        }
        Ok(())
    }

    fn finish(&mut self, rows: usize, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        if self.may_be_plain && self.plain_count > 0 && self.plain_count == rows {
            self.plain_count = 0;
            self.keys.clear();
            return self.plain.finish(rows, nulls);
        }
        let values = self.take_values()?;
        self.has_codes = false;
        let keys = self.take_keys()?;
        let (data_type, children) = (self.data_type.clone(), vec![values.to_data()]);
        Ok(make_array(array_with_children(data_type, rows, nulls, vec![keys], children)))
    }
}
