//! Columns that the file says have no values: whatever the pages hold, every row is null. They are of the Null type, or of
//! the one that the host asks for.

use arrow_array::{ArrayRef, new_null_array};
use arrow_buffer::{Buffer, NullBuffer};
use arrow_schema::DataType;

use super::decoder::ValueDecoder;
use crate::error::Result;
use crate::memory::BitSlice;
use crate::metadata::Encoding;
use crate::page::DictionaryPage;

/// Counts rows, reads nothing.
pub(crate) struct NullDecoder {
    /// Type of the arrays.
    pub data_type: DataType,
}

impl ValueDecoder for NullDecoder {
    fn load_dictionary(&mut self, _page: DictionaryPage) -> Result<()> {
        Ok(())
    }

    fn open_page(&mut self, _encoding: Encoding, _values: Buffer, _start: usize) -> Result<()> {
        Ok(())
    }

    fn missing_bytes(&mut self, _count: usize) -> Option<usize> {
        None
    }

    fn grow_page(&mut self, _values: Buffer) {}

    fn skip(&mut self, _count: usize) -> Result<()> {
        Ok(())
    }

    fn read(&mut self, _present: usize, _valid: Option<BitSlice<'_>>) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self, rows: usize, _nulls: Option<NullBuffer>) -> Result<ArrayRef> {
        Ok(new_null_array(&self.data_type, rows))
    }
}
