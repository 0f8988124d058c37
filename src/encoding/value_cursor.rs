//! Where in a data page the next value is, whatever the encoding.
//!
//! Says which encodings each physical type may have. Columns read from the cursor's variants directly where they can do
//! so without a copy; for the rest any values can be written in PLAIN form, which every column understands.

use super::{
    ByteArrayBlock, ByteStreamSplit, Codes, DeltaBinaryPacked, DeltaByteArray, DeltaLengthByteArray, PlainBytes,
    values_in, values_missing,
};
use crate::error::{Error, Result};
use crate::memory::Values;
use crate::metadata::Encoding;
use crate::schema::PhysicalType;

/// A cursor over the values of one data page, those of booleans excepted.
#[derive(Debug)]
pub(crate) enum ValueCursor {
    /// No page is open.
    Closed,
    /// PLAIN values of `width` bytes, the next one at `position`.
    Plain {
        position: usize,
        width: usize,
    },
    /// PLAIN byte arrays.
    PlainBytes(PlainBytes),
    /// Codes of dictionary entries.
    Codes(Codes),
    /// Integers of 4 bytes.
    Delta32(DeltaBinaryPacked),
    /// Integers of 8 bytes.
    Delta64(DeltaBinaryPacked),
    StreamSplit(ByteStreamSplit),
    DeltaLength(DeltaLengthByteArray),
    DeltaBytes(DeltaByteArray),
}

impl ValueCursor {
    /// The values of `physical` type in the bytes of `page` from `start` on.
    pub(crate) fn open(encoding: Encoding, physical: PhysicalType, page: &[u8], start: usize) -> Result<Self> {
        use PhysicalType as P;
        let width = fixed_width(physical);
        Ok(match (encoding, physical) {
            (Encoding::Plain, P::ByteArray) => Self::PlainBytes(PlainBytes::at(start)),
            (Encoding::Plain, P::Int32 | P::Int64 | P::Int96 | P::Float | P::Double | P::FixedLenByteArray(_)) => {
                Self::Plain { position: start, width: width.unwrap_or(0) }
            }
            (Encoding::PlainDictionary | Encoding::RleDictionary, physical) if physical != P::Boolean => {
                Self::Codes(Codes::open(page, start)?)
            }
            (Encoding::DeltaBinaryPacked, P::Int32) => Self::Delta32(DeltaBinaryPacked::open(page, start)?),
            (Encoding::DeltaBinaryPacked, P::Int64) => Self::Delta64(DeltaBinaryPacked::open(page, start)?),
            (Encoding::ByteStreamSplit, P::Int32 | P::Int64 | P::Float | P::Double | P::FixedLenByteArray(_)) => {
                Self::StreamSplit(ByteStreamSplit::open(page, start, width.unwrap_or(0))?)
            }
            (Encoding::DeltaLengthByteArray, P::ByteArray) => {
                Self::DeltaLength(DeltaLengthByteArray::open(page, start)?)
            }
            (Encoding::DeltaByteArray, P::ByteArray | P::FixedLenByteArray(_)) => {
                Self::DeltaBytes(DeltaByteArray::open(page, start, width)?)
            }
            (encoding, physical) => return Err(undefined(encoding, physical)),
        })
    }

    /// Where `page`, the front of one with PLAIN values, has fewer than the next `count`: how many bytes of it they take, of
    /// byte arrays as far as those that are there tell.
    pub(crate) fn missing_bytes(&mut self, page: &[u8], count: usize) -> Option<usize> {
        match self {
            Self::Plain { position, width } => {
                let end = position.saturating_add(count.saturating_mul(*width));
                Some(end).filter(|end| *end > page.len())
            }
            Self::PlainBytes(values) => values.missing_bytes(page, count),
            _ => None,
        }
    }

    /// Passes over `count` values.
    pub(crate) fn skip(&mut self, page: &[u8], count: usize) -> Result<()> {
        match self {
            Self::Closed => Err(closed()),
            Self::Plain { position, width } => {
                *position = position.saturating_add(count.saturating_mul(*width));
                Ok(())
            }
            Self::PlainBytes(values) => values.skip(page, count),
            Self::Codes(codes) => codes.skip(page, count),
            Self::Delta32(values) | Self::Delta64(values) => values.skip(page, count),
            Self::StreamSplit(values) => values.skip(count),
            Self::DeltaLength(values) => {
                let mut block = ByteArrayBlock::new();
                let mut left = count;
                while left > 0 {
                    values.next(page, left, &mut block)?;
                    left = left.saturating_sub(block.count());
                }
                Ok(())
            }
            Self::DeltaBytes(values) => values.skip(page, count),
        }
    }

    /// Writes the next values, which have one width and are as many as `out` has room for, in PLAIN form. Byte arrays,
    /// delta-encoded or not, and codes are not written so.
    pub(crate) fn write(&mut self, page: &[u8], out: &mut [u8]) -> Result<()> {
        match self {
            Self::Plain { position, width } => {
                let source = page.get(*position..).unwrap_or(&[]);
                let missing = || values_missing("PLAIN values", values_in(out, *width), values_in(source, *width));
                out.copy_from_slice(source.get(..out.len()).ok_or_else(missing)?);
                *position = position.saturating_add(out.len());
                Ok(())
            }
            Self::Delta32(values) => values.read(page, out.as_chunks_mut::<4>().0),
            Self::Delta64(values) => values.read(page, out.as_chunks_mut::<8>().0),
            Self::StreamSplit(values) => values.read(page, out),
            Self::Closed => Err(closed()),
            Self::PlainBytes(_) | Self::Codes(_) | Self::DeltaLength(_) | Self::DeltaBytes(_) => {
                Err(Error::internal("not values of one width"))
            }
        }
    }

    /// Appends the next `count` values in PLAIN form; those of one width have `width` bytes. Codes are not appended so.
    pub(crate) fn append(
        &mut self,
        page: &[u8],
        count: usize,
        width: Option<usize>,
        out: &mut Values<u8>,
    ) -> Result<()> {
        match (self, width) {
            (Self::DeltaBytes(values), Some(_)) => for_each_block(count, |left, block| {
                let own = values.next(page, left, block)?;
                values.append(page, own, block, out)
            }),
            (Self::DeltaBytes(values), None) => {
                let mut bytes = Values::with_capacity(out.pool(), 0)?;
                for_each_block(count, |left, block| {
                    let own = values.next(page, left, block)?;
                    bytes.clear();
                    values.append(page, own, block, &mut bytes)?;
                    append_prefixed(block, bytes.as_slice(), out)
                })
            }
            (Self::DeltaLength(values), _) => for_each_block(count, |left, block| {
                let bytes = values.next(page, left, block)?;
                append_prefixed(block, page.get(bytes).unwrap_or(&[]), out)
            }),
            (cursor, width) => {
                let bytes = count.saturating_mul(width.unwrap_or(0));
                cursor.write(page, out.spare(bytes)?.get_mut(..bytes).unwrap_or_default())?;
                out.commit(bytes);
                Ok(())
            }
        }
    }
}

/// Calls `each` with how many values are left and room for a block, until `count` values were in a block.
pub(crate) fn for_each_block(
    count: usize,
    mut each: impl FnMut(usize, &mut ByteArrayBlock) -> Result<()>,
) -> Result<()> {
    let mut block = ByteArrayBlock::new();
    let mut left = count;
    while left > 0 {
        each(left, &mut block)?;
        left = left.saturating_sub(block.count());
    }
    Ok(())
}

/// Appends the values of `block`, whose bytes lie end to end in `bytes`, with their lengths in front of them.
fn append_prefixed(block: &ByteArrayBlock, bytes: &[u8], out: &mut Values<u8>) -> Result<()> {
    let mut bytes = bytes;
    for length in block.lengths() {
        let (value, later) = bytes.split_at_checked(length).unwrap_or_default();
        // Lengths are below 2^31.
        out.extend_from_bytes(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes())?;
        out.extend_from_bytes(value)?;
        bytes = later;
    }
    Ok(())
}

fn fixed_width(physical: PhysicalType) -> Option<usize> {
    match physical {
        PhysicalType::Boolean | PhysicalType::ByteArray => None,
        PhysicalType::Int32 | PhysicalType::Float => Some(4),
        PhysicalType::Int64 | PhysicalType::Double => Some(8),
        PhysicalType::Int96 => Some(12),
        PhysicalType::FixedLenByteArray(width) => Some(width as usize),
    }
}

#[cold]
fn closed() -> Error {
    Error::internal("no page is open")
}

/// The error of an encoding that the format does not define for the type.
#[cold]
pub(crate) fn undefined(encoding: Encoding, physical: PhysicalType) -> Error {
    Error::unsupported(format!("encoding {encoding:?} is not defined for values of type {physical:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn encodings_are_those_that_the_format_defines() {
        use Encoding as E;
        use PhysicalType as P;
        let types =
            [P::Boolean, P::Int32, P::Int64, P::Int96, P::Float, P::Double, P::ByteArray, P::FixedLenByteArray(5)];
        let defined: [(E, &[P]); 10] = [
            (E::Plain, &types[1..]),
            (E::PlainDictionary, &types[1..]),
            (E::RleDictionary, &types[1..]),
            (E::Rle, &[]),
            (E::BitPacked, &[]),
            (E::DeltaBinaryPacked, &[P::Int32, P::Int64]),
            (E::DeltaLengthByteArray, &[P::ByteArray]),
            (E::DeltaByteArray, &[P::ByteArray, P::FixedLenByteArray(5)]),
            (E::ByteStreamSplit, &[P::Int32, P::Int64, P::Float, P::Double, P::FixedLenByteArray(5)]),
            (E::Unknown(77), &[]),
        ];
        for (encoding, of) in defined {
            for physical in types {
                let opened = ValueCursor::open(encoding, physical, &[], 0);
                assert_eq!(opened.is_ok(), of.contains(&physical), "{encoding:?} of {physical:?}");
                if let Err(error) = opened {
                    assert_eq!(error.kind(), ErrorKind::Unsupported);
                }
            }
        }
    }
}
