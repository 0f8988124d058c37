//! Columns of byte strings that all have one length: UUIDs, hashes, any FIXED_LEN_BYTE_ARRAY without another meaning.

use arrow_array::ArrayRef;
use arrow_buffer::{Buffer, NullBuffer};

use super::decoder::{Context, ValueDecoder, bad_code, no_dictionary};
use super::in_place::InPlace;
use crate::encoding::{CodeBlock, CodeScratch, ValueCursor, values_in, values_missing};
use crate::error::{Error, Result};
use crate::memory::{BitSlice, Values, array_from_parts};
use crate::metadata::Encoding;
use crate::page::DictionaryPage;
use crate::simd;

/// Decodes values of `width` bytes; a width of 0 is legal and holds no byte.
pub(crate) struct FixedBinaryDecoder {
    context: Context,
    width: usize,
    dictionary: Option<(Buffer, usize)>,
    page: Buffer,
    cursor: ValueCursor,
    scratch: CodeScratch,
    out: Values<u8>,
    /// All values of the batch at hand, where nothing was copied to `out`.
    in_place: InPlace,
}

impl FixedBinaryDecoder {
    pub(crate) fn new(context: Context, width: usize) -> Result<Self> {
        let out = Values::on_demand(&context.pool, context.rows.saturating_mul(width.min(1 << 10)));
        let (page, cursor, scratch) = (Buffer::default(), ValueCursor::Closed, CodeScratch::default());
        Ok(Self { context, width, dictionary: None, page, cursor, scratch, out, in_place: InPlace::default() })
    }

    fn read_codes(&mut self, count: usize) -> Result<()> {
        let ValueCursor::Codes(codes) = &mut self.cursor else { return Err(Error::internal("no codes")) };
        let (dictionary, entries) = self.dictionary.as_ref().ok_or_else(no_dictionary)?;
        let mut left = count;
        while left > 0 {
            match codes.next(&self.page, left, &mut self.scratch)? {
                CodeBlock::Repeat { code, count } => {
                    let value = entry(dictionary, *entries, self.width, code)?;
                    for _ in 0..count {
                        self.out.extend_from_bytes(value)?;
                    }
                    left = left.saturating_sub(count);
                }
                CodeBlock::Each(codes) => {
                    for code in codes {
                        self.out.extend_from_bytes(entry(dictionary, *entries, self.width, *code)?)?;
                    }
                    left = left.saturating_sub(codes.len());
                }
            }
        }
        Ok(())
    }
}

fn entry(dictionary: &Buffer, entries: usize, width: usize, code: u32) -> Result<&[u8]> {
    let start = (code as usize).saturating_mul(width);
    let value = dictionary.get(start..start.saturating_add(width)).filter(|_| (code as usize) < entries);
    value.ok_or_else(|| bad_code(code, entries))
}

impl ValueDecoder for FixedBinaryDecoder {
    fn load_dictionary(&mut self, page: DictionaryPage) -> Result<()> {
        if page.value_count.saturating_mul(self.width) > page.values.len() {
            let there = values_in(&page.values, self.width);
            return Err(values_missing("dictionary entries", page.value_count, there));
        }
        self.dictionary = Some((page.values, page.value_count));
        Ok(())
    }

    fn give_up_dictionary(&mut self) -> bool {
        self.dictionary = None;
        true
    }

    fn allow_in_place(&mut self, batch_rows: usize, is_lent: bool) {
        self.in_place.allow(batch_rows, is_lent);
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
        if valid.is_none() && self.in_place.take(&mut self.cursor, &self.page, present, &self.out) {
            return Ok(());
        }
        self.in_place.copy_to(&mut self.out)?;
        let before = self.out.len();
        match self.cursor {
            ValueCursor::Codes(_) => self.read_codes(present)?,
            _ => self.cursor.append(&self.page, present, Some(self.width), &mut self.out)?,
        }
        if let Some(valid) = valid {
            let gaps = valid.len().saturating_sub(present).saturating_mul(self.width);
            self.out.spare(gaps)?;
            self.out.commit(gaps);
            simd::expand_bytes(self.out.as_mut_slice().get_mut(before..).unwrap_or_default(), self.width, valid);
        }
        Ok(())
    }

    fn finish(&mut self, rows: usize, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        let values = self.in_place.leave().unwrap_or_else(|| self.out.hand_out(self.out.len()));
        Ok(array_from_parts(self.context.data_type.clone(), rows, nulls, vec![values]))
    }
}
