//! Conversions to types that the file does not name but that hold all its values: wider integers and decimals, finer
//! units of time. They are used where a hint or the host asks for such a type.

use arrow_schema::{DataType, TimeUnit};

use super::conversion::{
    Conversion, JULIAN_DAY_OF_EPOCH, NANOSECONDS_OF_DAY, convert_byte_arrays, decimal128, low_byte, low_half,
};
use super::decoder::{Context, ValueDecoder, fixed};
use crate::error::{Error, Result};
use crate::schema::fit::fraction_digits;
use crate::schema::{Leaf, PhysicalType, StringType, arrow::leaf_data_type};

/// A conversion that depends on the type that the file gives the values, not only on how they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Widening {
    ByteToShort,
    ByteToInt,
    ByteToLong,
    ShortToInt,
    ShortToLong,
    IntToLong,
    UnsignedToLong,
    FloatToDouble,
    /// INT32 times a factor.
    IntTimes(i64),
    /// INT64 times a factor.
    LongTimes(i64),
}

/// Milliseconds of a day.
const MILLISECONDS_OF_DAY: i64 = 86_400_000;

impl Widening {
    /// The one that makes values of `data_type` of those of `leaf`, where there is one.
    pub(crate) fn of(leaf: &Leaf, data_type: &DataType) -> Option<Self> {
        use DataType as D;
        Some(match (leaf_data_type(leaf, StringType::Utf8), data_type) {
            (D::UInt8, D::UInt16 | D::Int16) => Self::ByteToShort,
            (D::UInt8, D::UInt32 | D::Int32) => Self::ByteToInt,
            (D::UInt8, D::UInt64 | D::Int64) => Self::ByteToLong,
            (D::UInt16, D::UInt32 | D::Int32) => Self::ShortToInt,
            (D::UInt16, D::UInt64 | D::Int64) => Self::ShortToLong,
            (D::UInt32, D::UInt64 | D::Int64) => Self::UnsignedToLong,
            (D::Int8 | D::Int16 | D::Int32, D::Int64) => Self::IntToLong,
            (D::Float32, D::Float64) => Self::FloatToDouble,
            (D::Date32, D::Date64) => Self::IntTimes(MILLISECONDS_OF_DAY),
            (D::Time32(own), D::Time64(finer)) => Self::IntTimes(factor(own, *finer)?),
            (D::Time64(own), D::Time64(finer)) if own != *finer => Self::LongTimes(factor(own, *finer)?),
            (D::Timestamp(own, _), D::Timestamp(finer, _)) if own != *finer && leaf.physical == PhysicalType::Int64 => {
                Self::LongTimes(factor(own, *finer)?)
            }
            _ => return None,
        })
    }

    /// The decoder that converts so.
    pub(crate) fn decoder(self, context: Context) -> Result<Box<dyn ValueDecoder>> {
        match self {
            Self::ByteToShort => fixed(context, ByteToShort),
            Self::ByteToInt => fixed(context, ByteToInt),
            Self::ByteToLong => fixed(context, ByteToLong),
            Self::ShortToInt => fixed(context, ShortToInt),
            Self::ShortToLong => fixed(context, ShortToLong),
            Self::IntToLong => fixed(context, Int32ToLong),
            Self::UnsignedToLong => fixed(context, UnsignedToLong),
            Self::FloatToDouble => fixed(context, FloatToDouble),
            Self::IntTimes(factor) => fixed(context, Int32Times { factor }),
            Self::LongTimes(factor) => fixed(context, Int64Times { factor }),
        }
    }
}

/// How many of the finer unit there are in one of the other.
fn factor(unit: TimeUnit, finer: TimeUnit) -> Option<i64> {
    10i64.checked_pow(fraction_digits(finer).checked_sub(fraction_digits(unit))?)
}

/// Unsigned 8-bit integers, stored as INT32, to 16 bits.
struct ByteToShort;
/// The same to 32 bits.
struct ByteToInt;
/// The same to 64 bits.
struct ByteToLong;
/// Unsigned 16-bit integers, stored as INT32, to 32 bits.
struct ShortToInt;
/// The same to 64 bits.
struct ShortToLong;
/// Signed integers, stored as INT32, to 64 bits.
pub(super) struct Int32ToLong;
/// Unsigned 32-bit integers to 64 bits.
struct UnsignedToLong;
/// FLOAT to 64 bits.
struct FloatToDouble;

macro_rules! widenings {
    ($($name:ident: $from:ty => $out:ty, $convert:expr;)*) => {
        $(impl Conversion for $name {
            type Out = $out;

            fn source_width(&self) -> Option<usize> {
                Some(4)
            }

            fn convert(&self, source: &[u8], out: &mut [$out]) -> Result<usize> {
                for (slot, bytes) in out.iter_mut().zip(source.as_chunks().0) {
                    *slot = $convert(<$from>::from_le_bytes(*bytes));
                }
                Ok(source.len())
            }
        })*
    };
}

widenings! {
    ByteToShort: i32 => u16, |value| u16::from(low_byte(value));
    ByteToInt: i32 => u32, |value| u32::from(low_byte(value));
    ByteToLong: i32 => u64, |value| u64::from(low_byte(value));
    ShortToInt: i32 => u32, |value| u32::from(low_half(value));
    ShortToLong: i32 => u64, |value| u64::from(low_half(value));
    Int32ToLong: i32 => i64, i64::from;
    UnsignedToLong: u32 => u64, u64::from;
    FloatToDouble: f32 => u64, |value| f64::from(value).to_bits();
}

/// INT32 times a factor of which every product fits.
struct Int32Times {
    factor: i64,
}

impl Conversion for Int32Times {
    type Out = i64;

    fn source_width(&self) -> Option<usize> {
        Some(4)
    }

    fn convert(&self, source: &[u8], out: &mut [i64]) -> Result<usize> {
        for (slot, bytes) in out.iter_mut().zip(source.as_chunks().0) {
            *slot = i64::from(i32::from_le_bytes(*bytes)).wrapping_mul(self.factor);
        }
        Ok(source.len())
    }
}

/// INT64 times a factor; a product that does not fit is an error.
struct Int64Times {
    factor: i64,
}

impl Conversion for Int64Times {
    type Out = i64;

    fn source_width(&self) -> Option<usize> {
        Some(8)
    }

    fn convert(&self, source: &[u8], out: &mut [i64]) -> Result<usize> {
        let (chunks, most) = (source.as_chunks().0, i64::MAX.checked_div(self.factor).unwrap_or_default());
        let mut largest = 0u64;
        for (slot, bytes) in out.iter_mut().zip(chunks) {
            let value = i64::from_le_bytes(*bytes);
            largest = largest.max(value.unsigned_abs());
            *slot = value.wrapping_mul(self.factor);
        }
        if largest > most.unsigned_abs() {
            return Err(does_not_fit(&format!("a time of {largest} (with either sign) in the unit of the file")));
        }
        Ok(source.len())
    }
}

/// INT96 to a unit coarser than nanoseconds; what lies between two of it is rounded towards the past.
pub(super) struct Int96ToCoarser {
    nanoseconds: i64,
}

impl Int96ToCoarser {
    pub(super) fn new(unit: TimeUnit) -> Self {
        Self { nanoseconds: factor(unit, TimeUnit::Nanosecond).unwrap_or(1) }
    }
}

impl Conversion for Int96ToCoarser {
    type Out = i64;

    fn source_width(&self) -> Option<usize> {
        Some(12)
    }

    fn convert(&self, source: &[u8], out: &mut [i64]) -> Result<usize> {
        let units_of_day = NANOSECONDS_OF_DAY.checked_div(self.nanoseconds).unwrap_or_default();
        for (slot, bytes) in out.iter_mut().zip(source.as_chunks::<12>().0) {
            let [n0, n1, n2, n3, n4, n5, n6, n7, d0, d1, d2, d3] = *bytes;
            let nanoseconds = i64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]);
            let days = i64::from(i32::from_le_bytes([d0, d1, d2, d3])).saturating_sub(i64::from(JULIAN_DAY_OF_EPOCH));
            let of_day = nanoseconds.div_euclid(self.nanoseconds);
            *slot = days
                .checked_mul(units_of_day)
                .and_then(|units| units.checked_add(of_day))
                .ok_or_else(|| does_not_fit(&format!("an INT96 value {days} days from 1970")))?;
        }
        Ok(source.len())
    }
}

#[cold]
fn does_not_fit(what: &str) -> Error {
    Error::corrupt(format!("{what} does not fit into the type that is asked for"))
}

/// INT64 to Decimal32.
pub(super) struct Int64ToDecimal32;

impl Conversion for Int64ToDecimal32 {
    type Out = i32;

    fn source_width(&self) -> Option<usize> {
        Some(8)
    }

    fn convert(&self, source: &[u8], out: &mut [i32]) -> Result<usize> {
        for (slot, bytes) in out.iter_mut().zip(source.as_chunks().0) {
            *slot = i32::try_from(i64::from_le_bytes(*bytes)).map_err(|_| does_not_fit("a decimal"))?;
        }
        Ok(source.len())
    }
}

/// Big-endian two's complement of `width` bytes to Decimal32.
pub(super) struct FixedToDecimal32 {
    pub width: usize,
}
/// Big-endian two's complement of `width` bytes to Decimal64.
pub(super) struct FixedToDecimal64 {
    pub width: usize,
}
/// Byte arrays of big-endian two's complement to Decimal32.
pub(super) struct BytesToDecimal32;
/// Byte arrays of big-endian two's complement to Decimal64.
pub(super) struct BytesToDecimal64;

macro_rules! narrow_decimals {
    ($($fixed:ident, $bytes:ident => $out:ty;)*) => {
        $(impl Conversion for $fixed {
            type Out = $out;

            fn source_width(&self) -> Option<usize> {
                Some(self.width)
            }

            fn convert(&self, source: &[u8], out: &mut [$out]) -> Result<usize> {
                for (slot, bytes) in out.iter_mut().zip(source.chunks_exact(self.width.max(1))) {
                    *slot = <$out>::try_from(decimal128(bytes)?).map_err(|_| does_not_fit("a decimal"))?;
                }
                Ok(source.len())
            }
        }

        impl Conversion for $bytes {
            type Out = $out;

            fn source_width(&self) -> Option<usize> {
                None
            }

            fn convert(&self, source: &[u8], out: &mut [$out]) -> Result<usize> {
                convert_byte_arrays(source, out, |bytes| {
                    <$out>::try_from(decimal128(bytes)?).map_err(|_| does_not_fit("a decimal"))
                })
            }
        })*
    };
}

narrow_decimals! {
    FixedToDecimal32, BytesToDecimal32 => i32;
    FixedToDecimal64, BytesToDecimal64 => i64;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn converted<C: Conversion>(conversion: C, source: &[u8], count: usize) -> Result<Vec<C::Out>> {
        let mut out = vec![C::Out::default(); count];
        assert_eq!(conversion.convert(source, &mut out)?, source.len());
        Ok(out)
    }

    fn longs(values: &[i64]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn unsigned_integers_stay_unsigned() {
        let source: Vec<u8> = [-1i32, 200, 0x1_ffff].iter().flat_map(|value| value.to_le_bytes()).collect();
        assert_eq!(converted(ByteToShort, &source, 3).unwrap(), [255, 200, 255]);
        assert_eq!(converted(ByteToLong, &source, 3).unwrap(), [255, 200, 255]);
        assert_eq!(converted(ShortToInt, &source, 3).unwrap(), [65535, 200, 65535]);
        assert_eq!(converted(UnsignedToLong, &source, 3).unwrap(), [0xffff_ffff, 200, 0x1_ffff]);
        assert_eq!(converted(Int32ToLong, &source, 3).unwrap(), [-1, 200, 0x1_ffff]);
    }

    #[test]
    fn finer_units_hold_what_fits() {
        let most = i64::MAX / 1000;
        let products = converted(Int64Times { factor: 1000 }, &longs(&[1, -2, most, -most]), 4).unwrap();
        assert_eq!(products, [1000, -2000, most * 1000, -most * 1000]);
        for far in [most + 1, -most - 1, i64::MIN] {
            let error = converted(Int64Times { factor: 1000 }, &longs(&[0, far]), 2).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Corrupt);
        }
    }

    #[test]
    fn int96_in_coarser_units_reaches_far() {
        let day = |nanoseconds: i64, day: i64| {
            [&nanoseconds.to_le_bytes()[..], &i32::try_from(day).unwrap().to_le_bytes()].concat()
        };
        let epoch = i64::from(JULIAN_DAY_OF_EPOCH);
        let near = [day(1999, epoch), day(-1, epoch)].concat();
        assert_eq!(converted(Int96ToCoarser::new(TimeUnit::Microsecond), &near, 2).unwrap(), [1, -1]);
        assert_eq!(converted(Int96ToCoarser::new(TimeUnit::Second), &near, 2).unwrap(), [0, -1]);
        let (last, first) = (i64::from(i32::MAX), i64::from(i32::MIN));
        let far = [day(0, last), day(1_000_000, first)].concat();
        let milliseconds = [(last - epoch) * MILLISECONDS_OF_DAY, (first - epoch) * MILLISECONDS_OF_DAY + 1];
        assert_eq!(converted(Int96ToCoarser::new(TimeUnit::Millisecond), &far, 2).unwrap(), milliseconds);
        assert!(converted(Int96ToCoarser::new(TimeUnit::Microsecond), &far, 2).is_err());
    }

    #[test]
    fn narrow_decimals_must_fit() {
        assert_eq!(converted(Int64ToDecimal32, &longs(&[-7, 999_999_999]), 2).unwrap(), [-7, 999_999_999]);
        assert!(converted(Int64ToDecimal32, &longs(&[1 << 31]), 1).is_err());
        let fixed = [0xff, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 1, 0];
        assert_eq!(converted(FixedToDecimal32 { width: 5 }, &fixed, 2).unwrap(), [-2, 256]);
        assert!(converted(FixedToDecimal32 { width: 5 }, &[1, 0, 0, 0, 0], 1).is_err());
        assert_eq!(converted(FixedToDecimal64 { width: 5 }, &[1, 0, 0, 0, 0], 1).unwrap(), [1 << 32]);
        assert_eq!(converted(BytesToDecimal64, &[2, 0, 0, 0, 0x80, 0], 1).unwrap(), [-32768]);
        assert!(converted(BytesToDecimal32, &[5, 0, 0, 0, 1, 0, 0, 0, 0], 1).is_err());
    }
}
