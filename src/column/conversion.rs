//! PLAIN bytes to fixed-width Arrow values: one small type per way of storing, used by one generic decoder.
//!
//! Written per byte width, not per Arrow type: a `Date32`, an `Int32` and a `Float32` column are the same copy of four
//! bytes. Dictionary pages go through the same conversion, once per entry.

use crate::encoding::byte_array_at;
use crate::error::{Error, Result};
use crate::memory::{BitSlice, Plain, view_as};
use crate::simd::{self, ByteOrder};

/// How values lie in PLAIN pages and what they become.
pub(crate) trait Conversion: Send + 'static {
    /// The value as the Arrow array holds it.
    type Out: Plain;

    /// True where a value is its bytes in the page, unchanged.
    const IS_COPY: bool = false;

    /// True where [`Conversion::gather`] takes the entries of a dictionary as they lie in its page, because converting them on
    /// the way costs no more than the larger table would.
    const GATHERS_PLAIN: bool = Self::IS_COPY;

    /// Bytes of one value in the page; `None` where each value has its own length.
    fn source_width(&self) -> Option<usize>;

    /// Converts values from the front of `source` until `out` is full; returns the bytes that were taken.
    ///
    /// With a source width, `source` holds exactly as many values as `out`.
    fn convert(&self, source: &[u8], out: &mut [Self::Out]) -> Result<usize>;

    /// Writes the entry of each code, of those at least that are selected, to its place in the front of `out`; a code that
    /// the dictionary does not have is the error.
    fn gather(
        dictionary: &[u8],
        codes: &[u32],
        selected: Option<BitSlice<'_>>,
        out: &mut [Self::Out],
    ) -> std::result::Result<(), u32> {
        let entries = view_as::<Self::Out>(dictionary);
        match selected {
            Some(selected) => simd::gather_selected(entries, codes, selected, out),
            None => simd::gather(entries, codes, out),
        }
    }
}

/// Four bytes, as they are.
pub(crate) struct Copy4;
/// Eight bytes, as they are.
pub(crate) struct Copy8;
/// Two bytes, as they are.
pub(crate) struct Copy2;

/// Values that are copied between requests for what lies behind them.
const COPIED_VALUES: usize = 512;

macro_rules! copy {
    ($name:ident, $out:ty) => {
        impl Conversion for $name {
            type Out = $out;
            const IS_COPY: bool = true;

            fn source_width(&self) -> Option<usize> {
                Some(size_of::<$out>())
            }

            fn convert(&self, source: &[u8], out: &mut [$out]) -> Result<usize> {
                let stretches = source.as_chunks().0.chunks(COPIED_VALUES);
                for (stretch, slots) in stretches.zip(out.chunks_mut(COPIED_VALUES)) {
                    simd::prefetch_far_behind_all(stretch.as_flattened());
                    for (slot, bytes) in slots.iter_mut().zip(stretch) {
                        *slot = <$out>::from_le_bytes(*bytes);
                    }
                }
                Ok(source.len())
            }
        }
    };
}

copy!(Copy2, u16);
copy!(Copy4, u32);
copy!(Copy8, u64);

/// INT32 to 8-bit integers: the low byte, whatever the sign.
pub(crate) struct Int32ToByte;
/// INT32 to 16-bit integers.
pub(crate) struct Int32ToShort;
/// INT32 to Decimal128.
pub(crate) struct Int32ToDecimal128;
/// INT64 to Decimal128.
pub(crate) struct Int64ToDecimal128;
/// INT32 to Decimal256.
pub(crate) struct Int32ToDecimal256;
/// INT64 to Decimal256.
pub(crate) struct Int64ToDecimal256;

macro_rules! integers {
    ($($name:ident: $from:ty => $out:ty, $convert:expr;)*) => {
        $(impl Conversion for $name {
            type Out = $out;

            fn source_width(&self) -> Option<usize> {
                Some(size_of::<$from>())
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

integers! {
    Int32ToByte: i32 => u8, low_byte;
    Int32ToShort: i32 => u16, low_half;
    Int32ToDecimal256: i32 => [u8; 32], |value: i32| widened(i128::from(value));
    Int64ToDecimal256: i64 => [u8; 32], |value: i64| widened(i128::from(value));
}

fn widen(source: &[u8], width: usize, order: ByteOrder, out: &mut [i128]) -> Result<usize> {
    if source.len() != out.len().saturating_mul(width) {
        return Err(Error::internal("values of another width"));
    }
    simd::widen(source, width, order, out);
    Ok(source.len())
}

macro_rules! integers_to_decimal128 {
    ($($name:ident: $from:ty;)*) => {
        $(impl Conversion for $name {
            type Out = i128;
            const GATHERS_PLAIN: bool = true;

            fn source_width(&self) -> Option<usize> {
                Some(size_of::<$from>())
            }

            fn convert(&self, source: &[u8], out: &mut [i128]) -> Result<usize> {
                widen(source, size_of::<$from>(), ByteOrder::Little, out)
            }

            fn gather(
                dictionary: &[u8],
                codes: &[u32],
                selected: Option<BitSlice<'_>>,
                out: &mut [i128],
            ) -> std::result::Result<(), u32> {
                let entries = view_as::<$from>(dictionary);
                match selected {
                    Some(selected) => simd::gather_selected(entries, codes, selected, out),
                    None => simd::gather_widened(entries, codes, out),
                }
            }
        })*
    };
}

integers_to_decimal128! {
    Int32ToDecimal128: i32;
    Int64ToDecimal128: i64;
}

pub(super) fn low_byte(value: i32) -> u8 {
    let [low, ..] = value.to_le_bytes();
    low
}

pub(super) fn low_half(value: i32) -> u16 {
    let [low, high, ..] = value.to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// A 128-bit integer sign-extended to 256 bits, little-endian.
fn widened(value: i128) -> [u8; 32] {
    let mut out = [if value < 0 { 0xff } else { 0 }; 32];
    out.iter_mut().zip(value.to_le_bytes()).for_each(|(to, from)| *to = from);
    out
}

/// INT96 to nanoseconds since 1970: nanoseconds of the day, then the Julian day.
pub(crate) struct Int96ToNanoseconds;

/// Julian day number of 1970-01-01.
pub(super) const JULIAN_DAY_OF_EPOCH: i32 = 2_440_588;
pub(super) const NANOSECONDS_OF_DAY: i64 = 86_400_000_000_000;

impl Conversion for Int96ToNanoseconds {
    type Out = i64;

    fn source_width(&self) -> Option<usize> {
        Some(12)
    }

    fn convert(&self, source: &[u8], out: &mut [i64]) -> Result<usize> {
        let values = source.as_chunks::<12>().0;
        if values.len() == out.len() && simd::nanoseconds_since(JULIAN_DAY_OF_EPOCH, values, out) {
            return Ok(source.len());
        }
        for (index, (slot, bytes)) in out.iter_mut().zip(values).enumerate() {
            let [n0, n1, n2, n3, n4, n5, n6, n7, d0, d1, d2, d3] = *bytes;
            let nanoseconds = i64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]);
            let days = i64::from(i32::from_le_bytes([d0, d1, d2, d3])).saturating_sub(i64::from(JULIAN_DAY_OF_EPOCH));
            let since_epoch =
                i128::from(days).saturating_mul(i128::from(NANOSECONDS_OF_DAY)).saturating_add(i128::from(nanoseconds));
            *slot = i64::try_from(since_epoch).map_err(|_| int96_out_of_range(index, days))?;
        }
        Ok(source.len())
    }
}

#[cold]
fn int96_out_of_range(index: usize, days: i64) -> Error {
    Error::corrupt(format!(
        "INT96 value {index} of those read lies {days} days from 1970, outside what nanoseconds in 64 bits can say \
         (1677 to 2262); a schema that asks for microseconds or milliseconds can hold it"
    ))
}

/// Big-endian two's complement of `width` bytes to Decimal128.
pub(crate) struct FixedToDecimal128 {
    /// Bytes of a value; not 0.
    pub width: usize,
}

impl Conversion for FixedToDecimal128 {
    type Out = i128;

    fn source_width(&self) -> Option<usize> {
        Some(self.width)
    }

    fn convert(&self, source: &[u8], out: &mut [i128]) -> Result<usize> {
        if self.width > 16 || self.width == 0 {
            for (slot, bytes) in out.iter_mut().zip(source.chunks_exact(self.width.max(1))) {
                *slot = decimal128(bytes)?;
            }
            return Ok(source.len());
        }
        widen(source, self.width, ByteOrder::Big, out)
    }
}

/// Big-endian two's complement of `width` bytes to Decimal256.
pub(crate) struct FixedToDecimal256 {
    /// Bytes of a value; not 0.
    pub width: usize,
}

impl Conversion for FixedToDecimal256 {
    type Out = [u8; 32];

    fn source_width(&self) -> Option<usize> {
        Some(self.width)
    }

    fn convert(&self, source: &[u8], out: &mut [[u8; 32]]) -> Result<usize> {
        for (slot, bytes) in out.iter_mut().zip(source.chunks_exact(self.width.max(1))) {
            *slot = decimal256(bytes)?;
        }
        Ok(source.len())
    }
}

/// Byte arrays of big-endian two's complement to Decimal128.
pub(crate) struct BytesToDecimal128;
/// Byte arrays of big-endian two's complement to Decimal256.
pub(crate) struct BytesToDecimal256;

impl Conversion for BytesToDecimal128 {
    type Out = i128;

    fn source_width(&self) -> Option<usize> {
        None
    }

    fn convert(&self, source: &[u8], out: &mut [i128]) -> Result<usize> {
        convert_byte_arrays(source, out, decimal128)
    }
}

impl Conversion for BytesToDecimal256 {
    type Out = [u8; 32];

    fn source_width(&self) -> Option<usize> {
        None
    }

    fn convert(&self, source: &[u8], out: &mut [[u8; 32]]) -> Result<usize> {
        convert_byte_arrays(source, out, decimal256)
    }
}

pub(super) fn convert_byte_arrays<T>(
    source: &[u8],
    out: &mut [T],
    convert: impl Fn(&[u8]) -> Result<T>,
) -> Result<usize> {
    let mut position = 0;
    for slot in out {
        let (bytes, next) = byte_array_at(source, position)?;
        *slot = convert(bytes)?;
        position = next;
    }
    Ok(position)
}

/// Any number of big-endian two's complement bytes, none being 0, whose value fits.
pub(super) fn decimal128(bytes: &[u8]) -> Result<i128> {
    Ok(i128::from_be_bytes(sign_extended(bytes)?))
}

/// The same as 256 bits, little-endian.
fn decimal256(bytes: &[u8]) -> Result<[u8; 32]> {
    let mut out: [u8; 32] = sign_extended(bytes)?;
    out.reverse();
    Ok(out)
}

fn sign_extended<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    let negative = bytes.first().is_some_and(|first| *first >= 0x80);
    let fill = if negative { 0xff } else { 0 };
    let surplus = bytes.len().saturating_sub(N);
    let (surplus, kept) = bytes.split_at(surplus);
    let fits = surplus.iter().all(|byte| *byte == fill)
        && (surplus.is_empty() || kept.first().is_some_and(|first| (*first >= 0x80) == negative));
    if !fits {
        return Err(Error::corrupt(format!("a decimal of {} bytes does not fit into {N}", bytes.len())));
    }
    let mut out = [fill; N];
    out.iter_mut().rev().zip(kept.iter().rev()).for_each(|(to, from)| *to = *from);
    Ok(out)
}

/// INTERVAL, FIXED(12) of months, days and milliseconds as unsigned 32-bit numbers, to Arrow's month_day_nano.
pub(crate) struct FixedToInterval;

impl Conversion for FixedToInterval {
    type Out = u128;

    fn source_width(&self) -> Option<usize> {
        Some(12)
    }

    fn convert(&self, source: &[u8], out: &mut [u128]) -> Result<usize> {
        for (slot, bytes) in out.iter_mut().zip(source.as_chunks::<12>().0) {
            let [m0, m1, m2, m3, d0, d1, d2, d3, s0, s1, s2, s3] = *bytes;
            let milliseconds = u32::from_le_bytes([s0, s1, s2, s3]);
            // Months lowest, then days, then nanoseconds: the layout of IntervalMonthDayNano.
            *slot = u128::from(u32::from_le_bytes([m0, m1, m2, m3]))
                | u128::from(u32::from_le_bytes([d0, d1, d2, d3])) << 32
                | u128::from(u64::from(milliseconds) * 1_000_000) << 64;
        }
        Ok(source.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted<C: Conversion>(conversion: C, source: &[u8], count: usize) -> Result<Vec<C::Out>> {
        let mut out = vec![C::Out::default(); count];
        let taken = conversion.convert(source, &mut out)?;
        assert_eq!(taken, source.len());
        Ok(out)
    }

    #[test]
    fn fixed_decimals_of_every_width() {
        for width in 1..=20usize {
            let values = [0i128, 1, -1, 100, -128, 127, if width > 6 { -123_456_789_012 } else { -5 }];
            let mut source = Vec::new();
            for value in values {
                let mut bytes = [if value < 0 { 0xff } else { 0 }; 20];
                bytes[4..].copy_from_slice(&value.to_be_bytes());
                source.extend_from_slice(&bytes[20 - width..]);
            }
            assert_eq!(converted(FixedToDecimal128 { width }, &source, values.len()).unwrap(), values);
            let wide: Vec<_> = values.iter().map(|value| widened(*value)).collect();
            assert_eq!(converted(FixedToDecimal256 { width }, &source, values.len()).unwrap(), wide);
        }
    }

    #[test]
    fn decimals_in_byte_arrays_may_be_short_and_must_fit() {
        let source = [0, 0, 0, 0, 1, 0, 0, 0, 0x80, 3, 0, 0, 0, 0, 1, 0];
        assert_eq!(converted(BytesToDecimal128, &source, 3).unwrap(), [0, -128, 256]);
        let mut long = vec![18, 0, 0, 0];
        long.extend([0xff; 17]);
        long.push(0xfe);
        assert_eq!(converted(BytesToDecimal128, &long, 1).unwrap(), [-2]);
        long[4] = 0;
        assert!(converted(BytesToDecimal128, &long, 1).is_err());
        long[4..6].copy_from_slice(&[0xff, 0xff]);
        long[6] = 0x7f;
        assert!(converted(BytesToDecimal128, &long, 1).is_err(), "the sign would change");
        assert!(converted(BytesToDecimal128, &[5, 0, 0, 0, 1], 1).is_err());
    }

    #[test]
    fn int96_counts_from_1970_and_must_fit() {
        let day = |nanoseconds: i64, day: i32| [&nanoseconds.to_le_bytes()[..], &day.to_le_bytes()[..]].concat();
        let source = [day(5, 2_440_588), day(0, 2_440_587), day(-1, 2_440_588)].concat();
        assert_eq!(converted(Int96ToNanoseconds, &source, 3).unwrap(), [5, -NANOSECONDS_OF_DAY, -1]);
        let far = [day(0, 2_440_588), day(0, 2_440_588 + 106_752)].concat();
        let error = converted(Int96ToNanoseconds, &far, 2).unwrap_err();
        assert!(error.message().starts_with("INT96 value 1 of those read"), "{error}");
        assert!(converted(Int96ToNanoseconds, &day(i64::MIN, i32::MIN), 1).is_err());
    }

    #[test]
    fn narrow_integers_and_intervals() {
        let source = [0xff, 0xff, 0xff, 0xff, 0x34, 0x12, 0, 0];
        assert_eq!(converted(Int32ToByte, &source, 2).unwrap(), [0xff, 0x34]);
        assert_eq!(converted(Int32ToShort, &source, 2).unwrap(), [0xffff, 0x1234]);
        assert_eq!(converted(Int32ToDecimal128, &source, 2).unwrap(), [-1, 0x1234]);
        let interval = [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0];
        assert_eq!(converted(FixedToInterval, &interval, 1).unwrap(), [3_000_000 << 64 | 2 << 32 | 1]);
    }
}
