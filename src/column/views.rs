//! Strings and binaries as views: Utf8View and BinaryView.
//!
//! A view of 16 bytes holds a value of up to 12 bytes itself, and points to a longer one where it lies: in the
//! decompressed page or in the dictionary page. Nothing is copied; the batch keeps the pages alive that it points to.
//! PLAIN values happen to lie the way a view wants them: length first, then the bytes.

use arrow_array::ArrayRef;
use arrow_buffer::{Buffer, NullBuffer};
use arrow_schema::DataType;

use super::decoder::{Context, ValueDecoder, bad_code, no_dictionary};
use crate::encoding::{
    ByteArrayBlock, CodeBlock, CodeScratch, PlainBytes, PlainText, ValueCursor, byte_array_at, end_inside_characters,
    for_each_block, validate_value, validate_values, values_missing,
};
use crate::error::{Error, Result};
use crate::memory::{BitSlice, Unaligned, Values, array_from_parts};
use crate::metadata::Encoding;
use crate::page::DictionaryPage;
use crate::simd::{self, INLINE_BYTES};

/// Bytes of a buffer of values that had to be put together, as long as single values are shorter.
const BUILT_BYTES: usize = 1 << 20;

/// Where fewer than one in so many PLAIN values is selected, only those are validated, one by one.
const FEW: usize = 4;

/// Decodes byte arrays to views.
pub(crate) struct ViewDecoder {
    context: Context,
    is_utf8: bool,
    dictionary: Option<Dictionary>,
    page: Buffer,
    /// Number of `page` among `buffers`, once a view points to it.
    page_number: Option<u32>,
    cursor: ValueCursor,
    scratch: CodeScratch,
    views: Values<u128>,
    /// What the views of the batch at hand point to.
    buffers: Vec<Buffer>,
    /// Bytes of a value that was put together, on average of those before.
    built_bytes_per_value: usize,
}

/// The entries of a dictionary as views into its page.
struct Dictionary {
    /// Their buffer number is 0.
    views: Values<u128>,
    /// True where some entry does not lie in its view.
    is_pointed_to: bool,
    page: Buffer,
    /// Number of `page` among the buffers of the batch at hand, once there.
    number: Option<u32>,
}

impl ViewDecoder {
    pub(crate) fn new(context: Context) -> Result<Self> {
        let views = Values::on_demand(&context.pool, context.rows);
        let is_utf8 = context.data_type == DataType::Utf8View;
        Ok(Self {
            context,
            is_utf8,
            dictionary: None,
            page: Buffer::default(),
            page_number: None,
            cursor: ValueCursor::Closed,
            scratch: CodeScratch::default(),
            views,
            buffers: Vec::new(),
            built_bytes_per_value: 0,
        })
    }

    /// Appends the next `present` values of the page, opened up to the rows of `valid`; of PLAIN ones, those that are not
    /// selected need not be text.
    fn read_rows(&mut self, present: usize, valid: Option<BitSlice<'_>>, selected: Option<BitSlice<'_>>) -> Result<()> {
        let before = self.views.len();
        self.read_values(present, selected)?;
        if let Some(valid) = valid {
            let nulls = valid.len().saturating_sub(present);
            self.views.spare(nulls)?;
            self.views.commit(nulls);
            simd::expand(self.views.as_mut_slice().get_mut(before..).unwrap_or_default(), valid);
        }
        Ok(())
    }

    /// Appends the next `count` values of the page.
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

    fn read_plain(&mut self, position: usize, count: usize, selected: Option<BitSlice<'_>>) -> Result<usize> {
        let number = self.number_for_page()?;
        let out = self.views.spare(count)?.get_mut(..count).unwrap_or_default();
        let are_few = selected.is_some_and(|selected| selected.count_ones().saturating_mul(FEW) < count);
        let walked = walk_plain(&self.page, position, number, self.is_utf8 && !are_few, out)?;
        match selected {
            Some(selected) if self.is_utf8 && (are_few || walked.text.is_err()) => {
                validate_selected(out, selected, &self.page)?;
            }
            _ => walked.text?,
        }
        self.views.commit(count);
        if walked.is_pointed_to {
            self.keep_page(number);
        }
        Ok(walked.end)
    }

    /// The number that the page has, or gets once a view points to it.
    fn number_for_page(&self) -> Result<u32> {
        self.page_number.map_or_else(|| next_number(&self.buffers), Ok)
    }

    /// Makes the page, which has `number`, a buffer of the batch.
    fn keep_page(&mut self, number: u32) {
        if self.page_number.is_none() {
            self.page_number = Some(number);
            self.buffers.push(self.page.clone());
        }
    }

    /// Appends values whose bytes lie end to end in the page.
    fn read_delta_length(&mut self, count: usize) -> Result<()> {
        let number = self.number_for_page()?;
        let ValueCursor::DeltaLength(values) = &mut self.cursor else { return Err(Error::internal("no lengths")) };
        let mut is_pointed_to = false;
        for_each_block(count, |left, block| {
            let own = values.next(&self.page, left, block)?;
            // Those of the next block are likely to be as many.
            simd::prefetch_range(&self.page, own.end..own.end.saturating_add(own.len()));
            if self.is_utf8 {
                validate_block(self.page.get(own.clone()).unwrap_or_default(), block)?;
            }
            is_pointed_to |= append_views(block, &self.page, own.start, number, &mut self.views)?;
            Ok(())
        })?;
        if is_pointed_to {
            self.keep_page(number);
        }
        Ok(())
    }

    /// Appends values that are put together from those before them, in buffers of their own.
    fn read_delta_bytes(&mut self, count: usize) -> Result<()> {
        let ValueCursor::DeltaBytes(values) = &mut self.cursor else { return Err(Error::internal("no values")) };
        let expected = count.saturating_mul(self.built_bytes_per_value).min(BUILT_BYTES);
        let mut built = Values::on_demand(&self.context.pool, expected);
        let mut is_pointed_to = false;
        for_each_block(count, |left, block| {
            let own = values.next(&self.page, left, block)?;
            if built.len().saturating_add(block.total()) > BUILT_BYTES && is_pointed_to {
                let next = Values::on_demand(&self.context.pool, expected);
                self.buffers.push(std::mem::replace(&mut built, next).into_buffer());
                is_pointed_to = false;
            }
            let start = built.len();
            values.append(&self.page, own, block, &mut built)?;
            let bytes = built.as_slice();
            if self.is_utf8 {
                validate_block(bytes.get(start..).unwrap_or_default(), block)?;
            }
            is_pointed_to |= append_views(block, bytes, start, next_number(&self.buffers)?, &mut self.views)?;
            Ok(())
        })?;
        // A little more than on average: room for what varies spares the bytes to be moved.
        self.built_bytes_per_value = built.len().div_ceil(count.max(1)).saturating_add(1);
        if is_pointed_to {
            self.buffers.push(built.into_buffer());
        }
        Ok(())
    }

    fn read_codes(&mut self, count: usize) -> Result<()> {
        let ValueCursor::Codes(codes) = &mut self.cursor else { return Err(Error::internal("no codes")) };
        let dictionary = self.dictionary.as_mut().ok_or_else(no_dictionary)?;
        let entries = dictionary.views.as_slice();
        let before = self.views.len();
        self.views.reserve(count)?;
        let mut left = count;
        while left > 0 {
            match codes.next(&self.page, left, &mut self.scratch)? {
                CodeBlock::Repeat { code, count } => {
                    let view = entries.get(code as usize).ok_or_else(|| bad_code(code, entries.len()))?;
                    self.views.extend_fill(*view, count)?;
                    left = left.saturating_sub(count);
                }
                CodeBlock::Each(codes) => {
                    simd::gather(Unaligned::all(entries), codes, self.views.spare(codes.len())?)
                        .map_err(|code| bad_code(code, entries.len()))?;
                    self.views.commit(codes.len());
                    left = left.saturating_sub(codes.len());
                }
            }
        }
        if dictionary.is_pointed_to && count > 0 {
            let number = match dictionary.number {
                Some(number) => number,
                None => {
                    let number = next_number(&self.buffers)?;
                    self.buffers.push(dictionary.page.clone());
                    *dictionary.number.insert(number)
                }
            };
            renumber(self.views.as_mut_slice().get_mut(before..).unwrap_or_default(), number);
        }
        Ok(())
    }
}

/// The number that the next buffer of a batch gets.
fn next_number(buffers: &[Buffer]) -> Result<u32> {
    u32::try_from(buffers.len()).map_err(|_| Error::limit("more buffers in one batch than views can name"))
}

/// Points views whose buffer number is 0 to buffer `number`.
fn renumber(views: &mut [u128], number: u32) {
    if number == 0 {
        return;
    }
    for view in views {
        if *view & u128::from(u32::MAX) > INLINE_BYTES as u128 {
            *view |= u128::from(number) << 64;
        }
    }
}

/// Appends views of the values of `block`, which lie end to end in `bytes`, buffer `number`, from `start` on. True where
/// some view points to the buffer.
fn append_views(
    block: &ByteArrayBlock,
    bytes: &[u8],
    start: usize,
    number: u32,
    views: &mut Values<u128>,
) -> Result<bool> {
    if i32::try_from(start.saturating_add(block.total())).is_err() {
        return Err(Error::limit("strings lie further from each other than a view can tell: ask for smaller batches"));
    }
    let out = views.spare(block.count())?.get_mut(..block.count()).unwrap_or_default();
    let is_pointed_to = simd::views(block.lengths_and_prefixes().0, block.total(), bytes, start, number, out);
    views.commit(block.count());
    Ok(is_pointed_to)
}

/// Validates the values of `block`, which are all of `bytes`.
fn validate_block(bytes: &[u8], block: &ByteArrayBlock) -> Result<()> {
    validate_values(bytes, || end_inside_characters(bytes, block.ends(0)))
}

/// Validates those of `views` that are selected, which point to `page`.
fn validate_selected(views: &[u128], selected: BitSlice<'_>, page: &[u8]) -> Result<()> {
    for (views, word) in views.chunks(64).zip(selected.words()) {
        let mut left = simd::not_ascii(views, word, page);
        while let Some(view) = views.get(left.trailing_zeros() as usize) {
            left &= left.wrapping_sub(1);
            let value = value_of(&view.to_le_bytes(), page).map(validate_value);
            value.ok_or_else(|| Error::internal("a view that points to nothing"))??;
        }
    }
    Ok(())
}

/// The value of a view, which lies in it or in `page`.
fn value_of<'a>(view: &'a [u8; 16], page: &'a [u8]) -> Option<&'a [u8]> {
    let ([l0, l1, l2, l3, own @ ..], [.., p0, p1, p2, p3]) = (view, view);
    let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize;
    let start = u32::from_le_bytes([*p0, *p1, *p2, *p3]) as usize;
    if length <= INLINE_BYTES { own.get(..length) } else { page.get(start..)?.get(..length) }
}

/// What walking over PLAIN values came to.
struct Walked {
    /// Where the next value begins.
    end: usize,
    /// True where some view points to the page.
    is_pointed_to: bool,
    /// An error if not all of it was text, where that was to be known.
    text: Result<()>,
}

/// Makes views of the PLAIN values of `page`, buffer `number`, from `position` on until `out` is full.
fn walk_plain(page: &[u8], position: usize, number: u32, is_utf8: bool, out: &mut [u128]) -> Result<Walked> {
    let mut text = is_utf8.then(|| PlainText::new(position));
    let mut walked = Walked { end: position, is_pointed_to: false, text: Ok(()) };
    let (mut rest, mut is_long) = (out, false);
    loop {
        // Where one string is long, the next one may be so too.
        if !is_long {
            let short = simd::plain_views(page, walked.end, number, rest, text.as_mut().map(PlainText::walk));
            walked.end = short.position;
            walked.is_pointed_to |= short.is_pointed_to;
            rest = rest.get_mut(short.strings..).unwrap_or_default();
        }
        let Some((slot, behind)) = rest.split_first_mut() else { break };
        let (value, next) = byte_array_at(page, walked.end)?;
        let length = u32::try_from(value.len()).unwrap_or(u32::MAX);
        *slot = simd::view_at(page, walked.end.saturating_add(4), length, number);
        walked.is_pointed_to |= value.len() > INLINE_BYTES;
        if let Some(text) = &mut text {
            text.pass(page, walked.end, value.len());
        }
        is_long = value.len() >= simd::SHORT_PLAIN_BYTES;
        (walked.end, rest) = (next, behind);
    }
    walked.text = text.map_or(Ok(()), |mut text| text.end(page, walked.end));
    Ok(walked)
}

impl ValueDecoder for ViewDecoder {
    fn load_dictionary(&mut self, page: DictionaryPage) -> Result<()> {
        let (count, source) = (page.value_count, page.values);
        // The bytes at hand bound the entries, whatever the header counts.
        if count > source.len() / 4 {
            return Err(values_missing("dictionary entries", count, source.len() / 4));
        }
        let mut views = Values::with_capacity(&self.context.pool, count)?;
        let out = views.spare(count)?.get_mut(..count).unwrap_or_default();
        let walked = walk_plain(&source, 0, 0, self.is_utf8, out)?;
        walked.text?;
        views.commit(count);
        self.dictionary = Some(Dictionary { views, is_pointed_to: walked.is_pointed_to, page: source, number: None });
        Ok(())
    }

    fn give_up_dictionary(&mut self) -> bool {
        self.dictionary = None;
        true
    }

    fn open_page(&mut self, encoding: Encoding, values: Buffer, start: usize) -> Result<()> {
        self.cursor = ValueCursor::open(encoding, self.context.physical, &values, start)?;
        self.page = values;
        self.page_number = None;
        Ok(())
    }

    fn close_page(&mut self) {
        (self.page, self.cursor) = (Buffer::default(), ValueCursor::Closed);
        self.page_number = None;
    }

    fn missing_bytes(&mut self, count: usize) -> Option<usize> {
        self.cursor.missing_bytes(&self.page, count)
    }

    fn grow_page(&mut self, values: Buffer) {
        let kept = self.page_number.and_then(|number| self.buffers.get_mut(number as usize));
        kept.into_iter().for_each(|buffer| *buffer = values.clone());
        self.page = values;
    }

    fn skip(&mut self, count: usize) -> Result<()> {
        self.cursor.skip(&self.page, count)
    }

    fn read(&mut self, present: usize, valid: Option<BitSlice<'_>>) -> Result<()> {
        self.read_rows(present, valid, None)
    }

    fn can_leave_out(&self) -> bool {
        self.is_utf8 && matches!(self.cursor, ValueCursor::PlainBytes(_))
    }

    fn read_selected(&mut self, selected: BitSlice<'_>, valid: Option<BitSlice<'_>>) -> Result<()> {
        self.read_rows(selected.len(), valid, Some(selected))
    }

    fn finish(&mut self, rows: usize, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        let mut buffers = vec![self.views.hand_out(self.context.rows)];
        buffers.append(&mut self.buffers);
        self.page_number = None;
        if let Some(dictionary) = &mut self.dictionary {
            dictionary.number = None;
        }
        Ok(array_from_parts(self.context.data_type.clone(), rows, nulls, buffers))
    }
}
