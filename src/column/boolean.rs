//! Boolean columns: PLAIN values are bits already, and runs of the RLE encoding are runs of bits.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};

use super::decoder::{Context, ValueDecoder};
use super::in_place::InPlace;
use crate::encoding::{Hybrid, Piece, length_prefixed, undefined, values_missing};
use crate::error::{Error, Result};
use crate::memory::{BitSlice, Bits};
use crate::metadata::Encoding;
use crate::page::DictionaryPage;
use crate::simd;

/// Decodes booleans into a bitmap.
pub(crate) struct BooleanDecoder {
    context: Context,
    page: Option<Buffer>,
    cursor: Cursor,
    out: Bits,
    /// All values of the batch at hand, where nothing was copied to `out`.
    in_place: InPlace<BooleanBuffer>,
}

enum Cursor {
    Closed,
    /// The next value is this bit of the page.
    Plain {
        bit: usize,
    },
    Runs(Hybrid),
}

impl BooleanDecoder {
    pub(crate) fn new(context: Context) -> Result<Self> {
        let out = Bits::on_demand(&context.pool, context.rows);
        Ok(Self { context, page: None, cursor: Cursor::Closed, out, in_place: InPlace::default() })
    }

    /// Takes the next `count` values where they lie in the page, if they may be all of the batch.
    fn take_in_place(&mut self, count: usize) -> bool {
        let (Some(page), Cursor::Plain { bit }) = (&self.page, &mut self.cursor) else { return false };
        let is_first = self.out.is_empty() && self.in_place.is_empty();
        let is_taken = is_first && self.in_place.take_bits(page, *bit, count);
        if is_taken {
            *bit = bit.saturating_add(count);
        }
        is_taken
    }
}

impl Cursor {
    fn append(&mut self, page: &[u8], count: usize, out: &mut Bits) -> Result<()> {
        match self {
            Self::Closed => Err(Error::internal("no page is open")),
            Self::Plain { bit } => {
                let there = page.len().saturating_mul(8).saturating_sub(*bit);
                if there < count {
                    return Err(values_missing("PLAIN booleans", count, there));
                }
                out.push_slice(BitSlice::new(page, *bit, count))?;
                *bit = bit.saturating_add(count);
                Ok(())
            }
            Self::Runs(runs) => out.write(count, |room| {
                runs.each_piece(page, count, |piece| {
                    match piece {
                        Piece::Repeat { value, count } => room.push_run(value & 1 == 1, count),
                        Piece::Packed { bytes, first, count } => room.push_slice(BitSlice::new(bytes, first, count)),
                    }
                    Ok(())
                })
            }),
        }
    }
}

impl ValueDecoder for BooleanDecoder {
    fn load_dictionary(&mut self, _page: DictionaryPage) -> Result<()> {
        Err(Error::corrupt("a dictionary page in a boolean column, which has none"))
    }

    fn allow_in_place(&mut self, batch_rows: usize, is_lent: bool) {
        self.in_place.allow(batch_rows, is_lent);
    }

    fn open_page(&mut self, encoding: Encoding, values: Buffer, start: usize) -> Result<()> {
        self.cursor = match encoding {
            Encoding::Plain => Cursor::Plain { bit: start.saturating_mul(8) },
            // A page of nulls only may have no value byte at all.
            Encoding::Rle if values.len() <= start => Cursor::Runs(Hybrid::new(1, start..start)?),
            Encoding::Rle => Cursor::Runs(Hybrid::new(1, length_prefixed(&values, start, "RLE booleans")?)?),
            other => return Err(undefined(other, self.context.physical)),
        };
        self.page = Some(values);
        self.in_place.forbid();
        Ok(())
    }

    fn close_page(&mut self) {
        (self.page, self.cursor) = (None, Cursor::Closed);
    }

    fn missing_bytes(&mut self, count: usize) -> Option<usize> {
        let Cursor::Plain { bit } = &self.cursor else { return None };
        let end = bit.saturating_add(count).div_ceil(8);
        Some(end).filter(|end| *end > self.page.as_ref().map_or(0, Buffer::len))
    }

    fn grow_page(&mut self, values: Buffer) {
        self.page = Some(values);
    }

    fn skip(&mut self, count: usize) -> Result<()> {
        match &mut self.cursor {
            Cursor::Closed => Err(Error::internal("no page is open")),
            Cursor::Plain { bit } => {
                *bit = bit.saturating_add(count);
                Ok(())
            }
            Cursor::Runs(runs) => runs.skip(self.page.as_deref().unwrap_or_default(), count),
        }
    }

    fn read(&mut self, present: usize, valid: Option<BitSlice<'_>>) -> Result<()> {
        if valid.is_none() && self.take_in_place(present) {
            return Ok(());
        }
        if let Some(values) = self.in_place.leave() {
            self.out.push_slice(BitSlice::from(&values))?;
        }
        let page = self.page.as_deref().unwrap_or_default();
        let Some(valid) = valid else { return self.cursor.append(page, present, &mut self.out) };
        let mut compact = Bits::with_capacity(&self.context.pool, present)?;
        self.cursor.append(page, present, &mut compact)?;
        let compact = compact.last(present)?;
        let mut taken = 0;
        for start in (0..valid.len()).step_by(64) {
            let rows = valid.word(start);
            self.out.push_word(simd::deposit_bits(compact.word(taken), rows), valid.len().saturating_sub(start))?;
            taken = taken.saturating_add(rows.count_ones() as usize);
        }
        Ok(())
    }

    fn finish(&mut self, rows: usize, nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        let values = match self.in_place.leave() {
            Some(values) => values,
            None => {
                let next = Bits::on_demand(&self.context.pool, self.context.rows);
                std::mem::replace(&mut self.out, next).into_boolean_buffer()?
            }
        };
        if values.len() != rows {
            return Err(Error::internal(format!("{} booleans for {rows} rows", values.len())));
        }
        Ok(Arc::new(BooleanArray::new(values, nulls)))
    }
}
