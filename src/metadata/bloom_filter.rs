//! Bloom filters: a header, then a bitset of blocks of 256 bits, which says of a value that no row has it, or nothing.
//!
//! A value is known by the 64-bit xxHash of its PLAIN bytes. So it has to be probed as the writer stored it: what may be
//! stored in more than one way (zero of either sign, NaN, decimals of any number of bytes) is looked up in each way, or not
//! at all.

use std::borrow::Cow;

use arrow_schema::DataType;
use twox_hash::XxHash64;

use crate::error::{Error, Result};
use crate::metadata::thrift::{Failure, Kind, Read, Reader};
use crate::schema::{Leaf, LogicalType, PhysicalType};

/// Bytes of a block.
const BLOCK_BYTES: usize = 32;

/// One odd number for each of the eight 32-bit words of a block; a value sets one bit in each word.
const SALTS: [u32; 8] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// The bloom filter of one column chunk.
#[derive(Debug, Clone)]
pub struct BloomFilter {
    leaf: Leaf,
    data_type: DataType,
    blocks: Vec<[u8; BLOCK_BYTES]>,
}

/// A value to look for, as the column stores values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Probe<'a> {
    /// In a BOOLEAN column.
    Boolean(bool),
    /// In a column of integers, or of what is stored as such: dates, times, timestamps, decimals without their point.
    Integer(i128),
    /// In a column of floating-point numbers.
    Float(f64),
    /// In a column of BYTE_ARRAY or FIXED_LEN_BYTE_ARRAY.
    Bytes(&'a [u8]),
}

/// What is looked up for a value.
enum Lookup<'a> {
    /// A value that the column cannot hold.
    Impossible,
    /// A value that may be stored in ways that cannot be listed.
    Unknowable,
    /// These bytes.
    Stored(Cow<'a, [u8]>),
    /// The bytes of either zero.
    Zero([Vec<u8>; 2]),
}

impl BloomFilter {
    /// The filter of a chunk of `leaf`, whose values are read as `data_type`, and whose bitset this is: as long as its
    /// header said.
    pub(crate) fn new(leaf: &Leaf, data_type: DataType, bitset: &[u8]) -> Self {
        Self { leaf: leaf.clone(), data_type, blocks: bitset.as_chunks().0.to_vec() }
    }

    /// The Arrow type of the column's values.
    pub fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// The column that the filter is of.
    pub fn leaf(&self) -> &Leaf {
        &self.leaf
    }

    /// False where no row of the chunk has the value; true where one may have it.
    ///
    /// Fails with `InvalidArgument` for a value of another kind than the column's.
    pub fn may_contain(&self, value: Probe<'_>) -> Result<bool> {
        Ok(match self.lookup(value)? {
            Lookup::Impossible => false,
            Lookup::Unknowable => true,
            Lookup::Stored(bytes) => self.may_contain_hash(XxHash64::oneshot(0, &bytes)),
            Lookup::Zero(zeros) => zeros.iter().any(|zero| self.may_contain_hash(XxHash64::oneshot(0, zero))),
        })
    }

    /// How the column stores `value`.
    fn lookup<'a>(&self, value: Probe<'a>) -> Result<Lookup<'a>> {
        use PhysicalType::{Boolean, ByteArray, Double, FixedLenByteArray, Float, Int32, Int64, Int96};
        let is_decimal = matches!(self.leaf.logical, Some(LogicalType::Decimal { .. }));
        let is_half = self.leaf.logical == Some(LogicalType::Float16);
        Ok(match (self.leaf.physical, value) {
            (Int96, _) => Lookup::Unknowable,
            (Boolean, Probe::Boolean(value)) => Lookup::Stored(Cow::Owned(vec![u8::from(value)])),
            (Int32, Probe::Integer(value)) if self.is_unsigned() => stored(u32::try_from(value).map(u32::to_le_bytes)),
            (Int32, Probe::Integer(value)) => stored(i32::try_from(value).map(i32::to_le_bytes)),
            (Int64, Probe::Integer(value)) if self.is_unsigned() => stored(u64::try_from(value).map(u64::to_le_bytes)),
            (Int64, Probe::Integer(value)) => stored(i64::try_from(value).map(i64::to_le_bytes)),
            (ByteArray, Probe::Integer(_)) if is_decimal => Lookup::Unknowable,
            (FixedLenByteArray(width), Probe::Integer(value)) if is_decimal => decimal(value, width),
            (Float, Probe::Float(value)) => float(value, single(value).map(f32::to_le_bytes)),
            (Double, Probe::Float(value)) => float(value, Some(value.to_le_bytes())),
            // Its bytes can be looked for.
            (FixedLenByteArray(2), Probe::Float(_)) if is_half => Lookup::Unknowable,
            (ByteArray, Probe::Bytes(bytes)) => Lookup::Stored(Cow::Borrowed(bytes)),
            (FixedLenByteArray(width), Probe::Bytes(bytes)) if bytes.len() as u64 == u64::from(width) => {
                Lookup::Stored(Cow::Borrowed(bytes))
            }
            (FixedLenByteArray(_), Probe::Bytes(_)) => Lookup::Impossible,
            (physical, value) => {
                return Err(Error::invalid_argument(format!(
                    "{value:?} cannot be looked for in a column of {physical:?}"
                )));
            }
        })
    }

    fn is_unsigned(&self) -> bool {
        matches!(self.leaf.logical, Some(LogicalType::Integer { signed: false, .. }))
    }

    /// The upper half of the hash chooses the block, the lower half a bit in each of its words.
    fn may_contain_hash(&self, hash: u64) -> bool {
        let (upper, lower) = (hash >> 32, hash & u64::from(u32::MAX));
        let block = u128::from(upper).wrapping_mul(self.blocks.len() as u128) >> 32;
        let Some(block) = usize::try_from(block).ok().and_then(|index| self.blocks.get(index)) else { return true };
        let key = u32::try_from(lower).unwrap_or(0);
        block.as_chunks().0.iter().zip(SALTS).all(|(word, salt)| {
            let bit = key.wrapping_mul(salt) >> 27;
            u32::from_le_bytes(*word) >> bit & 1 == 1
        })
    }
}

fn stored<const N: usize, E>(bytes: std::result::Result<[u8; N], E>) -> Lookup<'static> {
    bytes.map_or(Lookup::Impossible, |bytes| Lookup::Stored(Cow::Owned(bytes.to_vec())))
}

/// The single-precision number that is equal to `value`, if there is one.
fn single(value: f64) -> Option<f32> {
    #[allow(clippy::cast_possible_truncation)] // compared with what it was
    let single = value as f32;
    (f64::from(single) == value).then_some(single)
}

fn float<const N: usize>(value: f64, bytes: Option<[u8; N]>) -> Lookup<'static> {
    if value.is_nan() {
        return Lookup::Unknowable;
    }
    if value == 0.0 {
        let mut negative = vec![0; N];
        negative.iter_mut().rev().take(1).for_each(|last| *last = 0x80);
        return Lookup::Zero([vec![0; N], negative]);
    }
    bytes.map_or(Lookup::Impossible, |bytes| Lookup::Stored(Cow::Owned(bytes.to_vec())))
}

/// A decimal in so many big-endian bytes.
fn decimal(value: i128, width: u32) -> Lookup<'static> {
    let bytes = value.to_be_bytes();
    let fill = if value < 0 { 0xff } else { 0 };
    let width = width as usize;
    let Some(surplus) = bytes.len().checked_sub(width) else {
        // Longer than any decimal is: no filter of such a column was written with a purpose.
        if width > 64 {
            return Lookup::Unknowable;
        }
        let mut wide = vec![fill; width.saturating_sub(bytes.len())];
        wide.extend_from_slice(&bytes);
        return Lookup::Stored(Cow::Owned(wide));
    };
    let (surplus, kept) = bytes.split_at(surplus);
    let keeps_sign = kept.first().is_some_and(|first| (*first >= 0x80) == (value < 0));
    if !keeps_sign || surplus.iter().any(|byte| *byte != fill) {
        return Lookup::Impossible;
    }
    Lookup::Stored(Cow::Owned(kept.to_vec()))
}

/// What the header of a bloom filter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Bytes of the header itself.
    pub(crate) header_bytes: u64,
    /// Bytes of the bitset behind it: a whole number of blocks, at least one.
    pub(crate) bitset_bytes: u64,
}

impl Header {
    /// Reads the header that begins with `bytes`; none where it does not end in them.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>> {
        let mut reader = Reader::new(bytes);
        let raw = match RawHeader::read(&mut reader) {
            Ok(raw) => raw,
            Err(Failure::Ends) => return Ok(None),
            Err(failure) => return Err(failure.into_error("bloom filter")),
        };
        for (what, member) in [("algorithm", raw.algorithm), ("hash", raw.hash), ("compression", raw.compression)] {
            match member {
                Some(1) => {}
                Some(other) => return Err(Error::unsupported(format!("a bloom filter of {what} {other}"))),
                None => return Err(Error::corrupt(format!("the bloom filter does not say its {what}"))),
            }
        }
        let bitset_bytes = raw.bitset_bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or(0);
        if bitset_bytes == 0 || !bitset_bytes.is_multiple_of(BLOCK_BYTES as u64) {
            return Err(Error::corrupt(format!("a bloom filter of {bitset_bytes} bytes has no whole blocks")));
        }
        Ok(Some(Self { header_bytes: reader.position() as u64, bitset_bytes }))
    }
}

/// A `BloomFilterHeader` as it comes; unions by their member.
#[derive(Default)]
struct RawHeader {
    bitset_bytes: Option<i32>,
    algorithm: Option<i16>,
    hash: Option<i16>,
    compression: Option<i16>,
}

impl RawHeader {
    fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let mut raw = Self::default();
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::I32) => raw.bitset_bytes = Some(reader.i32()?),
                (2, Kind::Struct) => raw.algorithm = read_union(reader)?,
                (3, Kind::Struct) => raw.hash = read_union(reader)?,
                (4, Kind::Struct) => raw.compression = read_union(reader)?,
                (_, kind) => reader.skip(kind)?,
            }
        }
        Ok(raw)
    }
}

/// Which member of a union is set.
fn read_union(reader: &mut Reader<'_>) -> Read<Option<i16>> {
    let mut member = None;
    let mut last_id = 0;
    while let Some(field) = reader.field(&mut last_id)? {
        member = Some(field.id);
        reader.skip(field.kind)?;
    }
    Ok(member)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::metadata::testing::Record;
    use crate::schema::Repetition::Required;
    use crate::schema::testing;

    fn union(member: u8) -> Record {
        Record::new().record(member, Record::new())
    }

    fn header(bytes: i32) -> Record {
        Record::new().i32(1, bytes).record(2, union(1)).record(3, union(1)).record(4, union(1))
    }

    #[test]
    fn headers_say_how_long_the_bitset_is() {
        let bytes = header(64).finish();
        let expected = Header { header_bytes: bytes.len() as u64, bitset_bytes: 64 };
        assert_eq!(Header::read(&[&bytes[..], &[7; 64]].concat()).unwrap(), Some(expected));
        for length in 0..bytes.len() {
            assert_eq!(Header::read(&bytes[..length]).unwrap(), None, "{length} bytes");
        }
    }

    #[test]
    fn headers_that_cannot_be_used_are_refused() {
        let without =
            |field: u8| (2..5).filter(|id| *id != field).fold(Record::new().i32(1, 32), |r, id| r.record(id, union(1)));
        for (header, kind) in [
            (header(0), ErrorKind::Corrupt),
            (header(-32), ErrorKind::Corrupt),
            (header(33), ErrorKind::Corrupt),
            (without(2), ErrorKind::Corrupt),
            (without(4), ErrorKind::Corrupt),
            (
                Record::new().i32(1, 32).record(2, union(2)).record(3, union(1)).record(4, union(1)),
                ErrorKind::Unsupported,
            ),
            (
                Record::new().i32(1, 32).record(2, union(1)).record(3, union(2)).record(4, union(1)),
                ErrorKind::Unsupported,
            ),
            (
                Record::new().i32(1, 32).record(2, union(1)).record(3, union(1)).record(4, union(9)),
                ErrorKind::Unsupported,
            ),
        ] {
            assert_eq!(Header::read(&header.finish()).unwrap_err().kind(), kind);
        }
    }

    /// A filter of one block that has these stored values.
    fn filter(physical: PhysicalType, logical: Option<LogicalType>, stored: &[&[u8]]) -> BloomFilter {
        let mut words = [0_u32; 8];
        for bytes in stored {
            let key = (XxHash64::oneshot(0, bytes) & 0xffff_ffff) as u32;
            words.iter_mut().zip(SALTS).for_each(|(word, salt)| *word |= 1 << (key.wrapping_mul(salt) >> 27));
        }
        let bitset: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let schema = testing::schema(vec![testing::leaf("a", Required, physical, logical)]);
        BloomFilter::new(&schema.leaves[0], DataType::Null, &bitset)
    }

    #[test]
    fn values_are_looked_for_as_they_are_stored() {
        use PhysicalType::{Boolean, ByteArray, Double, FixedLenByteArray, Float, Int32, Int64, Int96};
        let unsigned = |bits| Some(LogicalType::Integer { bits, signed: false });
        let decimal = || Some(LogicalType::Decimal { precision: 9, scale: 2 });
        let large = i128::from(u32::MAX);
        for (physical, logical, stored, there, not_there) in [
            (Int32, None, &[0xfe, 0xff, 0xff, 0xff][..], Probe::Integer(-2), Probe::Integer(2)),
            (Int32, None, &[0xff; 4], Probe::Integer(-1), Probe::Integer(large)),
            (Int32, unsigned(32), &[0xff; 4], Probe::Integer(large), Probe::Integer(-1)),
            (Int64, None, &[0xff; 8], Probe::Integer(-1), Probe::Integer(u64::MAX.into())),
            (Int64, unsigned(64), &[0xff; 8], Probe::Integer(u64::MAX.into()), Probe::Integer(-1)),
            (Float, None, &1.5_f32.to_le_bytes(), Probe::Float(1.5), Probe::Float(1.1)),
            (Double, None, &1.1_f64.to_le_bytes(), Probe::Float(1.1), Probe::Float(-1.1)),
            (Double, None, &(-0.0_f64).to_le_bytes(), Probe::Float(0.0), Probe::Float(1.0)),
            (Float, None, &0.0_f32.to_le_bytes(), Probe::Float(-0.0), Probe::Float(1.0)),
            (Boolean, None, &[1], Probe::Boolean(true), Probe::Boolean(false)),
            (ByteArray, None, b"text", Probe::Bytes(b"text"), Probe::Bytes(b"texts")),
            (FixedLenByteArray(4), None, b"text", Probe::Bytes(b"text"), Probe::Bytes(b"texts")),
            (FixedLenByteArray(2), decimal(), &[0xff, 0x7f], Probe::Integer(-129), Probe::Integer(65_407)),
            (FixedLenByteArray(20), decimal(), &[0xff; 20], Probe::Integer(-1), Probe::Integer(255)),
        ] {
            let filter = filter(physical, logical, &[stored]);
            assert!(filter.may_contain(there).unwrap(), "{there:?} in {physical:?}");
            assert!(!filter.may_contain(not_there).unwrap(), "{not_there:?} in {physical:?}");
        }
        for (physical, logical, probe) in [
            (Int96, None, Probe::Integer(1)),
            (ByteArray, decimal(), Probe::Integer(1)),
            (Double, None, Probe::Float(f64::NAN)),
        ] {
            assert!(filter(physical, logical, &[]).may_contain(probe).unwrap(), "{probe:?} in {physical:?}");
        }
    }

    #[test]
    fn values_of_another_kind_are_refused() {
        use PhysicalType::{ByteArray, Double, Int32};
        for (physical, probe) in [
            (Int32, Probe::Float(1.0)),
            (Int32, Probe::Bytes(b"1")),
            (Double, Probe::Integer(1)),
            (ByteArray, Probe::Integer(1)),
        ] {
            let error = filter(physical, None, &[]).may_contain(probe).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        }
    }
}
