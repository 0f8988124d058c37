//! What every kind of column can do with the values of its pages, and which kind a leaf is.

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_buffer::{Buffer, NullBuffer};
use arrow_schema::{DataType, IntervalUnit, TimeUnit};

use super::boolean::BooleanDecoder;
use super::conversion::*;
use super::dictionary::DictionaryDecoder;
use super::fixed::FixedDecoder;
use super::fixed_binary::FixedBinaryDecoder;
use super::null::NullDecoder;
use super::strings::StringDecoder;
use super::views::ViewDecoder;
use super::widening::*;
use crate::error::{Error, Result};
use crate::memory::{BitSlice, Pool};
use crate::metadata::Encoding;
use crate::page::DictionaryPage;
use crate::schema::{Leaf, LogicalType, PhysicalType};

/// Decodes the values of one column chunk into the array of the batch at hand.
///
/// One call covers as many values as lie in the page and the batch; inside, everything is monomorphic.
pub(crate) trait ValueDecoder: Send {
    /// Takes the dictionary of the chunk.
    fn load_dictionary(&mut self, page: DictionaryPage) -> Result<()>;

    /// Gives up the entries of the dictionary, if they are not part of what is handed out: false where they are.
    fn give_up_dictionary(&mut self) -> bool {
        false
    }

    /// The entries of the dictionary that was taken, where they are at hand as an array.
    fn dictionary(&self) -> Result<Option<ArrayRef>> {
        Ok(None)
    }

    /// Lets a batch come as values where a dictionary is asked for and none of its values has a code.
    fn allow_plain(&mut self) {}

    /// Lets batches, of `batch_rows` rows as a rule, have their values where they lie in the page that was opened, memory
    /// of the host or of the library.
    fn allow_in_place(&mut self, _batch_rows: usize, _is_lent: bool) {}

    /// Goes to the values of a data page: those of `values` from byte `start` on.
    fn open_page(&mut self, encoding: Encoding, values: Buffer, start: usize) -> Result<()>;

    /// Lets go of the page, of which nothing more is wanted, so that its memory serves the next one.
    fn close_page(&mut self) {}

    /// Of a page of which only the front was opened, where that has fewer than the next `count` values: how many bytes there
    /// would have to be, or what that is likely to be.
    fn missing_bytes(&mut self, count: usize) -> Option<usize>;

    /// More of the page that was opened is there: `values`, the front of which stands where it stood.
    fn grow_page(&mut self, values: Buffer);

    /// Passes over `count` values of the page.
    fn skip(&mut self, count: usize) -> Result<()>;

    /// Appends the next `present` values of the page; where `valid` is given, opened up to its rows.
    fn read(&mut self, present: usize, valid: Option<BitSlice<'_>>) -> Result<()>;

    /// True where leaving values of the open page out is faster than to read them.
    fn can_leave_out(&self) -> bool {
        false
    }

    /// The same of as many values as there are bits. Those whose bits are not set will be dropped: what is appended for them
    /// does not matter.
    fn read_selected(&mut self, selected: BitSlice<'_>, valid: Option<BitSlice<'_>>) -> Result<()> {
        self.read(selected.len(), valid)
    }

    /// Hands out what was appended as an array of `rows` rows and begins the next one.
    fn finish(&mut self, rows: usize, nulls: Option<NullBuffer>) -> Result<ArrayRef>;
}

/// Makes the decoder of `leaf` for arrays of `data_type`, which is the type that `schema` gives the leaf or one that its
/// values can be read as. `rows` is how many rows a batch is expected to have.
pub(crate) fn value_decoder(
    leaf: &Leaf,
    data_type: &DataType,
    rows: usize,
    pool: &Arc<Pool>,
) -> Result<Box<dyn ValueDecoder>> {
    use PhysicalType as P;
    if leaf.logical == Some(LogicalType::Null) {
        return Ok(Box::new(NullDecoder { data_type: data_type.clone() }));
    }
    if let DataType::Dictionary(keys, values) = data_type {
        let values_decoder = value_decoder(leaf, values, rows, pool)?;
        return Ok(Box::new(DictionaryDecoder::new(leaf.physical, keys, values, values_decoder, rows, pool)?));
    }
    let context = Context { physical: leaf.physical, data_type: data_type.clone(), rows, pool: Arc::clone(pool) };
    if let Some(widening) = Widening::of(leaf, data_type) {
        return widening.decoder(context);
    }
    Ok(match (leaf.physical, data_type) {
        (P::Boolean, DataType::Boolean) => Box::new(BooleanDecoder::new(context)?),
        (P::Int32, DataType::Int8 | DataType::UInt8) => fixed(context, Int32ToByte)?,
        (P::Int32, DataType::Int16 | DataType::UInt16) => fixed(context, Int32ToShort)?,
        (P::Int32, DataType::Decimal128(..)) => fixed(context, Int32ToDecimal128)?,
        (P::Int64, DataType::Decimal128(..)) => fixed(context, Int64ToDecimal128)?,
        (P::Int64, DataType::Decimal32(..)) => fixed(context, Int64ToDecimal32)?,
        (P::Int32, DataType::Decimal64(..)) => fixed(context, Int32ToLong)?,
        (P::Int32, DataType::Decimal256(..)) => fixed(context, Int32ToDecimal256)?,
        (P::Int64, DataType::Decimal256(..)) => fixed(context, Int64ToDecimal256)?,
        (P::Int96, DataType::Timestamp(TimeUnit::Nanosecond, _)) => fixed(context, Int96ToNanoseconds)?,
        (P::Int96, DataType::Timestamp(unit, _)) => fixed(context, Int96ToCoarser::new(*unit))?,
        (P::Int32 | P::Float, _) if data_type.primitive_width() == Some(4) => fixed(context, Copy4)?,
        (P::Int64 | P::Double, _) if data_type.primitive_width() == Some(8) => fixed(context, Copy8)?,
        (P::FixedLenByteArray(2), DataType::Float16) => fixed(context, Copy2)?,
        (P::FixedLenByteArray(12), DataType::Interval(IntervalUnit::MonthDayNano)) => fixed(context, FixedToInterval)?,
        (P::FixedLenByteArray(width), DataType::Decimal32(..)) => {
            fixed(context, FixedToDecimal32 { width: width as usize })?
        }
        (P::FixedLenByteArray(width), DataType::Decimal64(..)) => {
            fixed(context, FixedToDecimal64 { width: width as usize })?
        }
        (P::FixedLenByteArray(width), DataType::Decimal128(..)) => {
            fixed(context, FixedToDecimal128 { width: width as usize })?
        }
        (P::FixedLenByteArray(width), DataType::Decimal256(..)) => {
            fixed(context, FixedToDecimal256 { width: width as usize })?
        }
        (P::FixedLenByteArray(width), DataType::FixedSizeBinary(_)) => {
            Box::new(FixedBinaryDecoder::new(context, width as usize)?)
        }
        (P::ByteArray, DataType::Decimal32(..)) => fixed(context, BytesToDecimal32)?,
        (P::ByteArray, DataType::Decimal64(..)) => fixed(context, BytesToDecimal64)?,
        (P::ByteArray, DataType::Decimal128(..)) => fixed(context, BytesToDecimal128)?,
        (P::ByteArray, DataType::Decimal256(..)) => fixed(context, BytesToDecimal256)?,
        (P::ByteArray, DataType::Utf8 | DataType::Binary) => Box::new(StringDecoder::<i32>::new(context)?),
        (P::ByteArray, DataType::LargeUtf8 | DataType::LargeBinary) => Box::new(StringDecoder::<i64>::new(context)?),
        (P::ByteArray, DataType::Utf8View | DataType::BinaryView) => Box::new(ViewDecoder::new(context)?),
        (physical, data_type) => {
            return Err(Error::unsupported(format!("{physical:?} values as Arrow {data_type} are not supported")));
        }
    })
}

pub(super) fn fixed<C: Conversion>(context: Context, conversion: C) -> Result<Box<dyn ValueDecoder>> {
    Ok(Box::new(FixedDecoder::new(context, conversion)?))
}

/// What all decoders are made with.
pub(crate) struct Context {
    /// How the values are stored.
    pub physical: PhysicalType,
    /// Type of the arrays.
    pub data_type: DataType,
    /// Rows that a batch is expected to have, for reserving room.
    pub rows: usize,
    /// Where buffers come from.
    pub pool: Arc<Pool>,
}

/// The error of a code that the dictionary does not have.
#[cold]
pub(crate) fn bad_code(code: u32, entries: usize) -> Error {
    Error::corrupt(format!("dictionary code {code} where the dictionary has {entries} entries"))
}

/// The error of a dictionary-encoded page before any dictionary.
#[cold]
pub(crate) fn no_dictionary() -> Error {
    Error::corrupt("a dictionary-encoded page without a dictionary page in front of it")
}
