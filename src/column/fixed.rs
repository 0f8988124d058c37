//! Columns of fixed-width values: numbers, dates, times, timestamps, decimals, intervals.

use arrow_array::ArrayRef;
use arrow_buffer::{Buffer, NullBuffer};

use super::conversion::Conversion;
use super::decoder::{Context, ValueDecoder, bad_code, no_dictionary};
use super::in_place::InPlace;
use crate::encoding::{CodeBlock, CodeScratch, PlainBytes, ValueCursor, values_in, values_missing};
use crate::error::{Error, Result};
use crate::memory::{BitSlice, Values, array_of_values};
use crate::metadata::Encoding;
use crate::page::DictionaryPage;
use crate::simd;

/// Values that are brought into PLAIN form at a time before they are converted.
const BLOCK_VALUES: usize = 256;

/// Entries of a larger dictionary are looked up only for values that are selected; those of a smaller one lie in the cache.
const CACHED_BYTES: usize = 1 << 15;

/// Decodes values of one conversion.
pub(crate) struct FixedDecoder<C: Conversion> {
    context: Context,
    conversion: C,
    /// The entries: where the dictionary page has them or converted, as the conversion gathers them.
    dictionary: Option<Buffer>,
    page: Buffer,
    cursor: ValueCursor,
    scratch: CodeScratch,
    out: Values<C::Out>,
    /// All values of the batch at hand, where nothing was copied to `out`.
    in_place: InPlace,
}

impl<C: Conversion> FixedDecoder<C> {
    pub(crate) fn new(context: Context, conversion: C) -> Result<Self> {
        let out = Values::on_demand(&context.pool, context.rows);
        let (page, cursor, scratch) = (Buffer::default(), ValueCursor::Closed, CodeScratch::default());
        Ok(Self { context, conversion, dictionary: None, page, cursor, scratch, out, in_place: InPlace::default() })
    }

    /// Appends the next `present` values of the page, those that are selected at least, opened up to the rows of `valid`.
    fn read_rows(&mut self, present: usize, valid: Option<BitSlice<'_>>, selected: Option<BitSlice<'_>>) -> Result<()> {
        if valid.is_none() && self.in_place.take(&mut self.cursor, &self.page, present, &self.out) {
            return Ok(());
        }
        self.in_place.copy_to(&mut self.out)?;
        if let (Some(valid), ValueCursor::Plain { position, .. }) = (valid, &self.cursor)
            && C::IS_COPY
        {
            return self.read_spread(*position, present, valid);
        }
        let before = self.out.len();
        self.read_values(present, selected)?;
        if let Some(valid) = valid {
            self.out.spare(valid.len())?;
            self.out.commit(valid.len().saturating_sub(present));
            simd::expand(self.out.as_mut_slice().get_mut(before..).unwrap_or_default(), valid);
        }
        Ok(())
    }

    /// Appends the next `count` values of the page.
    fn read_values(&mut self, count: usize, selected: Option<BitSlice<'_>>) -> Result<()> {
        match &mut self.cursor {
            ValueCursor::Codes(_) => self.read_codes(count, selected),
            ValueCursor::Plain { position, width } => {
                let (start, width) = (*position, *width);
                let position = self.read_plain(start, count)?;
                self.cursor = ValueCursor::Plain { position, width };
                Ok(())
            }
            ValueCursor::PlainBytes(values) => {
                let start = values.position();
                self.cursor = ValueCursor::PlainBytes(PlainBytes::at(self.read_plain(start, count)?));
                Ok(())
            }
            ValueCursor::Delta32(_) | ValueCursor::Delta64(_) | ValueCursor::StreamSplit(_) if C::IS_COPY => {
                self.cursor.write(&self.page, self.out.spare_bytes(count)?)?;
                self.out.commit(count);
                Ok(())
            }
            _ => self.read_converted(count),
        }
    }

    /// Appends `count` PLAIN values that begin at `position`; returns where the next one begins.
    fn read_plain(&mut self, position: usize, count: usize) -> Result<usize> {
        let rest = self.page.get(position..).unwrap_or(&[]);
        let source = self.plain_source(rest, count)?;
        let spare = self.out.spare(count)?;
        let taken = self.conversion.convert(source, spare.get_mut(..count).unwrap_or_default())?;
        self.out.commit(count);
        Ok(position.saturating_add(taken))
    }

    /// Appends the `present` PLAIN values from `position` on, which are values as arrays have them, opened up to the rows of
    /// `valid`.
    fn read_spread(&mut self, start: usize, present: usize, valid: BitSlice<'_>) -> Result<()> {
        let rest = self.page.get(start..).unwrap_or(&[]);
        let taken = self.plain_source(rest, present)?.len();
        simd::expand_from(rest, valid, self.out.spare(valid.len())?);
        self.out.commit(valid.len());
        if let ValueCursor::Plain { position, .. } = &mut self.cursor {
            *position = start.saturating_add(taken);
        }
        Ok(())
    }

    /// Appends `count` values by way of their PLAIN form.
    fn read_converted(&mut self, count: usize) -> Result<()> {
        let width = self.conversion.source_width();
        let mut plain = Values::with_capacity(&self.context.pool, 0)?;
        let mut left = count;
        while left > 0 {
            let now = left.min(BLOCK_VALUES);
            plain.clear();
            self.cursor.append(&self.page, now, width, &mut plain)?;
            self.conversion.convert(plain.as_slice(), self.out.spare(now)?.get_mut(..now).unwrap_or_default())?;
            self.out.commit(now);
            left = left.saturating_sub(now);
        }
        Ok(())
    }

    /// The bytes of `count` values at the front of `rest`; all of it where values have lengths of their own.
    fn plain_source<'a>(&self, rest: &'a [u8], count: usize) -> Result<&'a [u8]> {
        let Some(width) = self.conversion.source_width() else { return Ok(rest) };
        let there = || values_missing("PLAIN values", count, values_in(rest, width));
        rest.get(..count.saturating_mul(width)).ok_or_else(there)
    }

    /// Bytes of an entry of the dictionary.
    fn entry_width(&self) -> usize {
        let plain = self.conversion.source_width().filter(|_| C::GATHERS_PLAIN);
        plain.unwrap_or(size_of::<C::Out>())
    }

    /// `count` entries as arrays have them.
    fn converted_entries(&self, source: &[u8], count: usize) -> Result<Buffer> {
        let mut entries = Values::with_capacity(&self.context.pool, count)?;
        self.conversion.convert(source, entries.spare(count)?.get_mut(..count).unwrap_or_default())?;
        entries.commit(count);
        Ok(entries.into_buffer())
    }

    /// Appends the dictionary entries of the next `count` codes.
    fn read_codes(&mut self, count: usize, selected: Option<BitSlice<'_>>) -> Result<()> {
        let width = self.entry_width();
        let ValueCursor::Codes(codes) = &mut self.cursor else { return Err(Error::internal("no codes")) };
        let dictionary = self.dictionary.as_ref().ok_or_else(no_dictionary)?.as_slice();
        let bad = |code| bad_code(code, dictionary.len().checked_div(width).unwrap_or_default());
        let spare = self.out.spare(count)?;
        let mut done = 0usize;
        codes.each_block(&self.page, count, &mut self.scratch, |block| {
            let rest = spare.get_mut(done..).unwrap_or_default();
            let appended = match block {
                CodeBlock::Repeat { code, count } => {
                    let mut value = [C::Out::default()];
                    C::gather(dictionary, &[code], None, &mut value).map_err(bad)?;
                    simd::fill_over(rest, value[0], count);
                    count
                }
                CodeBlock::Each(codes) => {
                    let selected = selected.map(|values| values.slice(done, codes.len()));
                    C::gather(dictionary, codes, selected, rest).map_err(bad)?;
                    codes.len()
                }
            };
            done = done.saturating_add(appended);
            Ok(())
        })?;
        self.out.commit(count);
        Ok(())
    }
}

impl<C: Conversion> ValueDecoder for FixedDecoder<C> {
    fn load_dictionary(&mut self, page: DictionaryPage) -> Result<()> {
        let count = page.value_count;
        // The bytes at hand bound the entries, whatever the header counts.
        let there = values_in(&page.values, self.conversion.source_width().unwrap_or(4));
        if count > there {
            return Err(values_missing("dictionary entries", count, there));
        }
        let source = self.plain_source(&page.values, count)?;
        self.dictionary = Some(match C::GATHERS_PLAIN {
            true => page.values.slice_with_length(0, source.len()),
            false => self.converted_entries(source, count)?,
        });
        Ok(())
    }

    fn give_up_dictionary(&mut self) -> bool {
        self.dictionary = None;
        true
    }

    fn dictionary(&self) -> Result<Option<ArrayRef>> {
        let Some(entries) = &self.dictionary else { return Ok(None) };
        let count = entries.len().checked_div(self.entry_width()).unwrap_or_default();
        let is_aligned = entries.as_ptr().align_offset(align_of::<C::Out>()) == 0;
        let are_as_in_arrays = !C::GATHERS_PLAIN || (C::IS_COPY && is_aligned);
        let values = match are_as_in_arrays {
            true => entries.clone(),
            false => self.converted_entries(entries, count)?,
        };
        Ok(Some(array_of_values(&self.context.data_type, count, None, values)))
    }

    fn allow_in_place(&mut self, batch_rows: usize, is_lent: bool) {
        if C::IS_COPY {
            self.in_place.allow(batch_rows, is_lent);
        }
    }

    fn open_page(&mut self, encoding: Encoding, values: Buffer, start: usize) -> Result<()> {
        self.cursor = ValueCursor::open(encoding, self.context.physical, &values, start)?;
        self.page = values;
        self.in_place.forbid();
        Ok(())
    }

    fn close_page(&mut self) {
        (self.page, self.cursor) = (Buffer::default(), ValueCursor::Closed);
    }

    fn missing_bytes(&mut self, count: usize) -> Option<usize> {
        self.cursor.missing_bytes(&self.page, count)
    }

    fn grow_page(&mut self, values: Buffer) {
        self.page = values;
    }

    fn skip(&mut self, count: usize) -> Result<()> {
        self.cursor.skip(&self.page, count)
    }

    fn read(&mut self, present: usize, valid: Option<BitSlice<'_>>) -> Result<()> {
        self.read_rows(present, valid, None)
    }

    fn can_leave_out(&self) -> bool {
        let is_large = |entries: &Buffer| entries.len() > CACHED_BYTES;
        matches!(self.cursor, ValueCursor::Codes(_)) && self.dictionary.as_ref().is_some_and(is_large)
    }

    fn read_selected(&mut self, selected: BitSlice<'_>, valid: Option<BitSlice<'_>>) -> Result<()> {
        self.read_rows(selected.len(), valid, Some(selected))
    }

    fn finish(&mut self, rows: usize, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        let values = self.in_place.leave().unwrap_or_else(|| self.out.hand_out(self.context.rows.max(rows)));
        Ok(array_of_values(&self.context.data_type, rows, nulls, values))
    }
}
