//! Columns of the Null type: whatever the pages hold, every row is null.

use std::sync::Arc;

use arrow_array::{ArrayRef, NullArray};
use arrow_buffer::{Buffer, NullBuffer};

use super::decoder::ValueDecoder;
use crate::error::Result;
use crate::memory::BitSlice;
use crate::metadata::Encoding;
use crate::page::DictionaryPage;

/// Counts rows, reads nothing.
pub(crate) struct NullDecoder;

impl ValueDecoder for NullDecoder {
    fn load_dictionary(&mut self, _page: DictionaryPage) -> Result<()> {
        Ok(())
    }

    fn open_page(&mut self, _encoding: Encoding, _values: Buffer, _start: usize) -> Result<()> {
        Ok(())
    }

    fn skip(&mut self, _count: usize) -> Result<()> {
        Ok(())
    }

    fn read(&mut self, _present: usize, _valid: Option<BitSlice<'_>>) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self, rows: usize, _nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        Ok(Arc::new(NullArray::new(rows)))
    }
}
