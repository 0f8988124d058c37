//! Strings and binaries with offsets: Utf8, Binary and their large twins.
//!
//! Lengths become end offsets, bytes are copied once, 16 at a time where both sides have the room. UTF-8 is validated
//! over whole stretches of a page, and once per dictionary.

use std::ops::Range;

use arrow_array::ArrayRef;
use arrow_buffer::{Buffer, NullBuffer};
use arrow_schema::DataType;

use super::decoder::{Context, ValueDecoder, no_dictionary};
use super::string_dictionary::StringDictionary;
use crate::encoding::{
    ByteArrayBlock, CodeScratch, PlainBytes, PlainText, ValueCursor, byte_array_at, end_inside_characters,
    for_each_block, validate_values,
};
use crate::error::{Error, Result};
use crate::memory::{BitSlice, Values, array_from_parts};
use crate::metadata::Encoding;
use crate::page::DictionaryPage;
use crate::simd::{self, Copied, End, Front};

/// Room reserved at a time for the bytes of PLAIN values.
const ROOM_BYTES: usize = 1 << 14;

/// Bytes of a batch that are expected at most before one was seen.
const MAX_EXPECTED_BYTES: usize = 1 << 18;

/// The offsets of Arrow's variable-size layouts.
pub(crate) trait Offset: End {
    /// The offset; `None` where it does not fit.
    fn from_usize(offset: usize) -> Option<Self>;
    /// The offset as it came from [`Offset::from_usize`].
    fn to_usize(self) -> usize;
    /// Where each of `lengths`, little-endian, ends if the first one begins at `start`; every end fits.
    fn ends(lengths: &[[u8; 4]], start: usize, out: &mut [Self]);
}

impl Offset for i32 {
    fn from_usize(offset: usize) -> Option<Self> {
        Self::try_from(offset).ok()
    }

    fn to_usize(self) -> usize {
        usize::try_from(self).unwrap_or_default()
    }

    fn ends(lengths: &[[u8; 4]], start: usize, out: &mut [Self]) {
        simd::ends(lengths, u32::try_from(start).unwrap_or_default(), out);
    }
}

impl Offset for i64 {
    fn from_usize(offset: usize) -> Option<Self> {
        Self::try_from(offset).ok()
    }

    fn to_usize(self) -> usize {
        usize::try_from(self).unwrap_or_default()
    }

    fn ends(lengths: &[[u8; 4]], start: usize, out: &mut [Self]) {
        let mut end = Self::from_usize(start).unwrap_or_default();
        for (slot, length) in out.iter_mut().zip(lengths) {
            end = end.wrapping_add(Self::from(u32::from_le_bytes(*length)));
            *slot = end;
        }
    }
}

/// Decodes byte arrays to offsets and bytes.
pub(crate) struct StringDecoder<O: Offset> {
    context: Context,
    is_utf8: bool,
    dictionary: Option<StringDictionary>,
    page: Buffer,
    cursor: ValueCursor,
    front: Front,
    scratch: CodeScratch,
    /// Where each value ends; in front of them a 0.
    offsets: Values<O>,
    bytes: Values<u8>,
}

impl<O: Offset> StringDecoder<O> {
    pub(crate) fn new(context: Context) -> Result<Self> {
        let bytes = Values::on_demand(&context.pool, context.rows);
        let offsets = Values::on_demand(&context.pool, context.rows.saturating_add(1));
        let is_utf8 = matches!(context.data_type, DataType::Utf8 | DataType::LargeUtf8);
        Ok(Self {
            context,
            is_utf8,
            dictionary: None,
            page: Buffer::default(),
            cursor: ValueCursor::Closed,
            front: Front::default(),
            scratch: CodeScratch::default(),
            offsets,
            bytes,
        })
    }

    /// Puts the 0 in front of the offsets of the batch at hand.
    fn begin_offsets(&mut self) -> Result<()> {
        if self.offsets.len() == 0 { self.offsets.push(O::default()) } else { Ok(()) }
    }

    /// Appends the next `present` values of the page, opened up to the rows of `valid`; those that are not selected may be
    /// empty strings.
    fn read_rows(&mut self, present: usize, valid: Option<BitSlice<'_>>, selected: Option<BitSlice<'_>>) -> Result<()> {
        self.begin_offsets()?;
        let before = self.offsets.len();
        let base = self.offsets.as_slice().last().copied().unwrap_or_default();
        self.read_values(present, selected)?;
        if let Some(valid) = valid {
            let nulls = valid.len().saturating_sub(present);
            self.offsets.spare(nulls)?;
            self.offsets.commit(nulls);
            simd::expand_ends(self.offsets.as_mut_slice().get_mut(before..).unwrap_or_default(), base, valid);
        }
        Ok(())
    }

    /// Appends the next `count` values of the page; of PLAIN ones that are not selected empty strings.
    fn read_values(&mut self, count: usize, selected: Option<BitSlice<'_>>) -> Result<()> {
        match &self.cursor {
            ValueCursor::PlainBytes(values) => {
                let position = self.read_plain(values.position(), count, selected)?;
                self.cursor = ValueCursor::PlainBytes(PlainBytes::at(position));
                Ok(())
            }
            ValueCursor::Codes(_) => self.read_codes(count),
            ValueCursor::DeltaLength(_) => self.read_delta_length(count),
            _ => self.read_delta_bytes(count),
        }
    }

    /// Appends values whose bytes lie end to end in the page: many lengths, then one copy.
    fn read_delta_length(&mut self, count: usize) -> Result<()> {
        let ValueCursor::DeltaLength(values) = &mut self.cursor else { return Err(Error::internal("no lengths")) };
        let base = self.bytes.len();
        let mut all: Option<Range<usize>> = None;
        for_each_block(count, |left, block| {
            let own = values.next(&self.page, left, block)?;
            let start = all.as_ref().map_or(own.start, |all| all.start);
            let before = own.start.saturating_sub(start);
            append_ends(block, base.saturating_add(before), &mut self.offsets)
                .map_err(|failure| failure.unwrap_or_else(|| offsets_overflow(&self.context.data_type)))?;
            all = Some(start..own.end);
            Ok(())
        })?;
        self.bytes.extend_from_bytes(self.page.get(all.unwrap_or(0..0)).unwrap_or_default())?;
        if !self.is_utf8 {
            return Ok(());
        }
        let appended = self.offsets.len().saturating_sub(count);
        let ends = self.offsets.as_slice().get(appended..).unwrap_or_default();
        let appended = self.bytes.as_slice().get(base..).unwrap_or_default();
        let ends = ends.iter().map(|end| end.to_usize().saturating_sub(base));
        validate_values(appended, || end_inside_characters(appended, ends))
    }

    /// Appends values that are put together from those before them.
    fn read_delta_bytes(&mut self, count: usize) -> Result<()> {
        let ValueCursor::DeltaBytes(values) = &mut self.cursor else { return Err(Error::internal("no values")) };
        for_each_block(count, |left, block| {
            let base = self.bytes.len();
            let own = values.next(&self.page, left, block)?;
            append_ends(block, base, &mut self.offsets)
                .map_err(|failure| failure.unwrap_or_else(|| offsets_overflow(&self.context.data_type)))?;
            values.append(&self.page, own, block, &mut self.bytes)?;
            let appended = self.bytes.as_slice().get(base..).unwrap_or_default();
            let cuts_characters = || end_inside_characters(appended, block.ends(0));
            if self.is_utf8 { validate_values(appended, cuts_characters) } else { Ok(()) }
        })
    }

    /// Appends `count` PLAIN values from `start` on, of those that are not selected empty strings; returns where the next one
    /// begins.
    fn read_plain(&mut self, start: usize, count: usize, selected: Option<BitSlice<'_>>) -> Result<usize> {
        let page = self.page.as_slice();
        let ends = self.offsets.spare(count)?.get_mut(..count).unwrap_or_default();
        let (mut position, mut done) = (start, 0usize);
        while done < count {
            let base = self.bytes.len();
            let capacity = byte_array_at(page, position)?.0.len().max(ROOM_BYTES);
            let room = Room { base, capacity, bytes: self.bytes.spare(capacity)? };
            // Those that are selected are validated where they were copied to.
            let text = (self.is_utf8 && selected.is_none()).then(|| PlainText::new(position));
            let of_rest = selected.map(|values| values.slice(done, count));
            let ends = ends.get_mut(done..).unwrap_or_default();
            let copied = room
                .fill(page, position, ends, of_rest, text, &mut self.front)
                .map_err(|failure| failure.unwrap_or_else(|| offsets_overflow(&self.context.data_type)))?;
            self.bytes.commit(copied.bytes);
            if self.is_utf8 && selected.is_some() {
                let bytes = self.bytes.as_slice().get(base..).unwrap_or_default();
                let ends = ends.get(..copied.strings).unwrap_or_default();
                let ends = ends.iter().map(|end| end.to_usize().saturating_sub(base));
                validate_values(bytes, || end_inside_characters(bytes, ends))?;
            }
            done = done.saturating_add(copied.strings);
            position = copied.position;
        }
        self.offsets.commit(count);
        Ok(position)
    }

    /// Appends the dictionary entries of the next `count` codes.
    fn read_codes(&mut self, count: usize) -> Result<()> {
        let ValueCursor::Codes(codes) = &mut self.cursor else { return Err(Error::internal("no codes")) };
        let dictionary = self.dictionary.as_mut().ok_or_else(no_dictionary)?;
        let mut left = count;
        while left > 0 {
            let block = codes.next(&self.page, left, &mut self.scratch)?;
            let appended = dictionary
                .append(block, &mut self.offsets, &mut self.bytes)
                .map_err(|failure| failure.unwrap_or_else(|| offsets_overflow(&self.context.data_type)))?;
            left = left.saturating_sub(appended);
        }
        Ok(())
    }
}

/// Room for the bytes of PLAIN values.
struct Room<'a> {
    /// Bytes of the batch in front of it.
    base: usize,
    /// Bytes that values may have.
    capacity: usize,
    /// So many, and what may be overwritten behind them.
    bytes: &'a mut [u8],
}

impl Room<'_> {
    /// Copies values that begin at `start` of `page` while they find room and `ends` are left to be set; of those that are not
    /// selected nothing. Fails without an error of its own where the offsets cannot reach so far.
    fn fill<O: Offset>(
        self,
        page: &[u8],
        start: usize,
        ends: &mut [O],
        selected: Option<BitSlice<'_>>,
        mut text: Option<PlainText>,
        front: &mut Front,
    ) -> std::result::Result<Copied, Option<Error>> {
        let mut all = Copied { strings: 0, position: start, bytes: 0 };
        let every_end_fits = O::from_usize(self.base.saturating_add(self.capacity)).is_some();
        loop {
            if every_end_fits {
                let end = O::from_usize(self.base.saturating_add(all.bytes)).unwrap_or_default();
                let room = self.bytes.get_mut(all.bytes..self.capacity).unwrap_or_default();
                let ends = ends.get_mut(all.strings..).unwrap_or_default();
                let selected = selected.map(|values| values.slice(all.strings, ends.len()));
                all.add(simd::copy_plain(page, all.position, end, room, ends, selected, front));
            }
            // Then one that is long, or lies where page or room end.
            let Some(slot) = ends.get_mut(all.strings) else { break };
            let (value, next) = byte_array_at(page, all.position)?;
            let is_selected = selected.is_none_or(|values| values.word(all.strings) & 1 == 1);
            let kept = if is_selected { value.len() } else { 0 };
            let bytes = all.bytes.saturating_add(kept);
            if bytes > self.capacity {
                break;
            }
            if let Some(text) = &mut text {
                text.pass(page, all.position, value.len());
            }
            let tail = page.get(all.position.saturating_add(4)..).unwrap_or_default();
            simd::copy_prefix(tail, kept, self.bytes.get_mut(all.bytes..).unwrap_or_default());
            *slot = O::from_usize(self.base.saturating_add(bytes)).ok_or(None)?;
            all = Copied { strings: all.strings.saturating_add(1), position: next, bytes };
        }
        if let Some(mut text) = text {
            text.end(page, all.position)?;
        }
        Ok(all)
    }
}

/// Appends where the values of `block` end if they begin at `base`. Fails without an error of its own where the offsets
/// cannot reach so far.
fn append_ends<O: Offset>(
    block: &ByteArrayBlock,
    base: usize,
    offsets: &mut Values<O>,
) -> std::result::Result<(), Option<Error>> {
    O::from_usize(base.saturating_add(block.total())).ok_or(None)?;
    let slots = offsets.spare(block.count()).map_err(Some)?;
    O::ends(block.lengths_and_prefixes().0, base, slots.get_mut(..block.count()).unwrap_or_default());
    offsets.commit(block.count());
    Ok(())
}

/// An eighth more than `bytes`: room for what varies from batch to batch spares the bytes to be moved.
fn with_an_eighth(bytes: usize) -> usize {
    bytes.saturating_add(bytes / 8)
}

#[cold]
pub(super) fn offsets_overflow(data_type: &DataType) -> Error {
    Error::limit(format!(
        "the strings of one batch pass what the offsets of {data_type} can reach: ask for LargeUtf8, Utf8View or smaller batches"
    ))
}

impl<O: Offset> ValueDecoder for StringDecoder<O> {
    fn load_dictionary(&mut self, page: DictionaryPage) -> Result<()> {
        let average = page.values.len().div_ceil(page.value_count.max(1)).saturating_sub(4);
        self.dictionary = Some(StringDictionary::new(page, self.is_utf8, &self.context.pool)?);
        if self.bytes.len() == 0 {
            self.bytes.expect(with_an_eighth(self.context.rows.saturating_mul(average)).min(MAX_EXPECTED_BYTES));
        }
        Ok(())
    }

    fn give_up_dictionary(&mut self) -> bool {
        self.dictionary = None;
        true
    }

    fn open_page(&mut self, encoding: Encoding, values: Buffer, start: usize) -> Result<()> {
        self.cursor = ValueCursor::open(encoding, self.context.physical, &values, start)?;
        self.page = values;
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
        matches!(self.cursor, ValueCursor::PlainBytes(_))
    }

    fn read_selected(&mut self, selected: BitSlice<'_>, valid: Option<BitSlice<'_>>) -> Result<()> {
        self.read_rows(selected.len(), valid, Some(selected))
    }

    fn finish(&mut self, rows: usize, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        self.begin_offsets()?;
        // The next batch will have about as many bytes.
        let bytes = self.bytes.hand_out(with_an_eighth(self.bytes.len()));
        let offsets = self.offsets.hand_out(self.context.rows.saturating_add(1));
        Ok(array_from_parts(self.context.data_type.clone(), rows, nulls, vec![offsets, bytes]))
    }
}
