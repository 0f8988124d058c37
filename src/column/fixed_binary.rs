//! Columns of byte strings that all have one length: UUIDs, hashes, any FIXED_LEN_BYTE_ARRAY without another meaning.

use arrow_array::ArrayRef;
use arrow_buffer::{Buffer, NullBuffer};

use super::decoder::{
    CodeBlock, CodeScratch, Codes, Context, ValueDecoder, bad_code, no_dictionary, unsupported_encoding,
};
use crate::encoding::{values_in, values_missing};
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
    cursor: Cursor,
    out: Values<u8>,
}

enum Cursor {
    Closed,
    Plain { position: usize },
    Dictionary(Codes),
}

impl FixedBinaryDecoder {
    pub(crate) fn new(context: Context, width: usize) -> Result<Self> {
        let out = Values::with_capacity(&context.pool, context.rows.saturating_mul(width.min(1 << 10)))?;
        Ok(Self { context, width, dictionary: None, page: Buffer::default(), cursor: Cursor::Closed, out })
    }

    fn read_plain(&mut self, position: usize, count: usize) -> Result<usize> {
        let rest = self.page.get(position..).unwrap_or(&[]);
        let bytes = count.saturating_mul(self.width);
        let there = || values_missing("PLAIN values", count, values_in(rest, self.width));
        self.out.extend_from_bytes(rest.get(..bytes).ok_or_else(there)?)?;
        Ok(position.saturating_add(bytes))
    }

    fn read_codes(&mut self, count: usize) -> Result<()> {
        let Cursor::Dictionary(codes) = &mut self.cursor else { return Err(Error::internal("no codes")) };
        let (dictionary, entries) = self.dictionary.as_ref().ok_or_else(no_dictionary)?;
        let mut scratch = CodeScratch::new();
        let mut left = count;
        while left > 0 {
            match codes.next(&self.page, left, &mut scratch)? {
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

    fn open_page(&mut self, encoding: Encoding, values: Buffer, start: usize) -> Result<()> {
        self.cursor = match encoding {
            Encoding::Plain => Cursor::Plain { position: start },
            Encoding::PlainDictionary | Encoding::RleDictionary => Cursor::Dictionary(Codes::open(&values, start)?),
            other => return Err(unsupported_encoding(other, &self.context.data_type)),
        };
        self.page = values;
        Ok(())
    }

    fn skip(&mut self, count: usize) -> Result<()> {
        match &mut self.cursor {
            Cursor::Closed => Err(Error::internal("no page is open")),
            Cursor::Dictionary(codes) => codes.skip(&self.page, count),
            Cursor::Plain { position } => {
                *position = position.saturating_add(count.saturating_mul(self.width));
                Ok(())
            }
        }
    }

    fn read(&mut self, present: usize, valid: Option<BitSlice<'_>>) -> Result<()> {
        let before = self.out.len();
        match self.cursor {
            Cursor::Closed => return Err(Error::internal("no page is open")),
            Cursor::Plain { position } => {
                let position = self.read_plain(position, present)?;
                self.cursor = Cursor::Plain { position };
            }
            Cursor::Dictionary(_) => self.read_codes(present)?,
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
        let next = Values::with_capacity(&self.context.pool, self.out.len())?;
        let values = std::mem::replace(&mut self.out, next).into_buffer();
        Ok(array_from_parts(self.context.data_type.clone(), rows, nulls, vec![values]))
    }
}
