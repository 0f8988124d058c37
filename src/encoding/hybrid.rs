//! The hybrid of run-length encoding and bit-packing: levels, booleans, dictionary codes.
//!
//! ```text
//! hybrid := run*            run := varint header, body
//! header & 1 == 0: the next (width + 7) / 8 bytes are one value, repeated header >> 1 times
//! header & 1 == 1: (header >> 1) * 8 values of `width` bits follow, lowest bit first
//! ```
//!
//! Source: Encodings.md of the Apache Parquet format, "Run Length Encoding / Bit-Packing Hybrid". Seen in the wild and
//! read: a last bit-packed run cut off behind the values that are needed, runs of length 0 as padding, and streams
//! without any byte for values of no bits.

use std::ops::Range;

use super::values_missing;
use crate::error::{Error, Result};
use crate::simd::{self, RunsTaken};

/// A cursor over one hybrid stream.
#[derive(Debug)]
pub(crate) struct Hybrid {
    /// First byte of the next run.
    position: usize,
    /// One past the last byte of the stream.
    end: usize,
    bit_width: u32,
    run: Run,
}

#[derive(Debug)]
enum Run {
    Repeat {
        value: u32,
        left: usize,
    },
    /// `taken <= count` values of the run that begins at byte `start` were handed out.
    Packed {
        start: usize,
        taken: usize,
        count: usize,
    },
}

/// Values of one run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// `count` times `value`.
    Repeat { value: u32, count: usize },
    /// `count` values from value `first` of `bytes` on, each as wide as the stream's values. Other bytes of the page may
    /// follow, so that a step of several values can read on.
    Packed { bytes: &'a [u8], first: usize, count: usize },
}

impl Piece<'_> {
    /// Number of values.
    pub(crate) fn count(&self) -> usize {
        match self {
            Self::Repeat { count, .. } | Self::Packed { count, .. } => *count,
        }
    }
}

impl Hybrid {
    /// A stream of values of `bit_width` bits in the bytes `range` of the page.
    pub(crate) fn new(bit_width: u32, range: Range<usize>) -> Result<Self> {
        if bit_width > 32 {
            return Err(Error::corrupt(format!("values of {bit_width} bits: at most 32 are possible")));
        }
        // Values of no bits need no run: they are all 0, whether or not the writer spent bytes on them.
        let left = if bit_width == 0 { usize::MAX } else { 0 };
        Ok(Self { position: range.start, end: range.end, bit_width, run: Run::Repeat { value: 0, left } })
    }

    /// A stream that is nothing but `count` bit-packed values of one bit at the front of the page.
    pub(crate) fn one_packed_run(count: usize) -> Self {
        let bytes = count.div_ceil(8);
        Self { position: bytes, end: bytes, bit_width: 1, run: Run::Packed { start: 0, taken: 0, count } }
    }

    /// Bits of a value.
    pub(crate) fn bit_width(&self) -> u32 {
        self.bit_width
    }

    /// The next values, at least one and at most `wanted` (not 0), as they lie in one run of `page`.
    pub(crate) fn next<'a>(&mut self, page: &'a [u8], wanted: usize) -> Result<Piece<'a>> {
        self.next_block(page, wanted, usize::MAX)
    }

    /// The same, with at most `block` packed values.
    #[inline]
    pub(crate) fn next_block<'a>(&mut self, page: &'a [u8], wanted: usize, block: usize) -> Result<Piece<'a>> {
        loop {
            match &mut self.run {
                Run::Repeat { value, left } if *left > 0 => {
                    let count = wanted.min(*left);
                    if self.bit_width > 0 {
                        *left = left.saturating_sub(count);
                    }
                    return Ok(Piece::Repeat { value: *value, count });
                }
                Run::Packed { start, taken, count } if *taken < *count => {
                    let first = *taken;
                    let given = wanted.min(block).min(count.saturating_sub(first));
                    *taken = taken.saturating_add(given);
                    let bytes = page.get(*start..).unwrap_or(&[]);
                    return Ok(Piece::Packed { bytes, first, count: given });
                }
                _ => self.start_run(page, wanted)?,
            }
        }
    }

    /// Hands the next `wanted` values to `take`, in pieces as they lie in the runs of `page`. No value is to be had after
    /// an error.
    #[inline]
    pub(crate) fn each_piece<'a>(
        &mut self,
        page: &'a [u8],
        wanted: usize,
        mut take: impl FnMut(Piece<'a>) -> Result<()>,
    ) -> Result<()> {
        let mut left = wanted;
        while left > 0 {
            let piece = self.next(page, left)?;
            left = left.saturating_sub(piece.count());
            take(piece)?;
            left = self.whole_runs(page, left, &mut take)?;
        }
        Ok(())
    }

    /// Hands out runs that begin next, as long as they are of the common kind, all wanted and there. Returns how many of the
    /// `left` values are left.
    #[inline]
    fn whole_runs<'a>(
        &mut self,
        page: &'a [u8],
        left: usize,
        take: &mut impl FnMut(Piece<'a>) -> Result<()>,
    ) -> Result<usize> {
        let mask = u64::MAX.checked_shr(64u32.saturating_sub(self.bit_width.next_multiple_of(8))).unwrap_or(0);
        let mut result = Ok(());
        let width = self.bit_width as usize;
        let taken = self.runs_by(page, |bytes, length| {
            simd::walk_runs(bytes, length, width, left, |_, run| {
                let value = u32::try_from(run.head & mask).unwrap_or(u32::MAX);
                result = take(match run.is_packed {
                    true => Piece::Packed { bytes: run.body, first: 0, count: run.count },
                    false => Piece::Repeat { value, count: run.count },
                });
                result.is_ok()
            })
        });
        result.map(|()| left.saturating_sub(taken.values))
    }

    /// Lets `kernel` take runs that begin next, from the bytes of the page from there on, of which the first, as many as its
    /// second parameter says, belong to the stream. Returns what it took; nothing where a run is not done with.
    #[inline]
    pub(crate) fn runs_by<'a>(
        &mut self,
        page: &'a [u8],
        kernel: impl FnOnce(&'a [u8], usize) -> RunsTaken,
    ) -> RunsTaken {
        let is_open = match self.run {
            Run::Repeat { left, .. } => left > 0,
            Run::Packed { taken, count, .. } => taken < count,
        };
        if is_open {
            return RunsTaken::default();
        }
        let bytes = page.get(self.position..).unwrap_or_default();
        let taken = kernel(bytes, self.end.min(page.len()).saturating_sub(self.position));
        self.position = self.position.saturating_add(taken.bytes);
        taken
    }

    /// Passes over `count` values.
    pub(crate) fn skip(&mut self, page: &[u8], count: usize) -> Result<()> {
        self.each_piece(page, count, |_| Ok(()))
    }

    #[inline]
    fn start_run(&mut self, page: &[u8], wanted: usize) -> Result<()> {
        let stream = page.get(self.position..self.end).unwrap_or(&[]);
        // Most runs are short repeats: a byte of header, and a value of which all bytes are at hand.
        if let Some([header, first, second, third, fourth, ..]) = stream.first_chunk::<8>()
            && header & 0x81 == 0
        {
            let bytes = self.bit_width.div_ceil(8);
            let mask = u64::MAX.checked_shr(64u32.saturating_sub(bytes.saturating_mul(8))).unwrap_or(0);
            let value = u32::from_le_bytes([*first, *second, *third, *fourth]);
            let [a, b, c, d, ..] = (u64::from(value) & mask).to_le_bytes();
            self.run = Run::Repeat { value: u32::from_le_bytes([a, b, c, d]), left: usize::from(header >> 1) };
            self.position = self.position.saturating_add(1).saturating_add(bytes as usize);
            return Ok(());
        }
        self.start_any_run(stream, wanted)
    }

    fn start_any_run(&mut self, stream: &[u8], wanted: usize) -> Result<()> {
        let (header, header_bytes) = varint(stream).ok_or_else(|| values_missing("runs", wanted, 0))?;
        let body = stream.get(header_bytes..).unwrap_or(&[]);
        let length = usize::try_from(header >> 1).unwrap_or(usize::MAX);
        let body_bytes;
        if header & 1 == 0 {
            body_bytes = self.bit_width.div_ceil(8) as usize;
            let mut value = [0u8; 4];
            let source = body.get(..body_bytes).ok_or_else(|| values_missing("runs", wanted, 0))?;
            value.iter_mut().zip(source).for_each(|(to, from)| *to = *from);
            self.run = Run::Repeat { value: u32::from_le_bytes(value), left: length };
        } else {
            let width = self.bit_width as usize;
            body_bytes = length.saturating_mul(width).min(body.len());
            let there = body_bytes.saturating_mul(8).checked_div(width).unwrap_or(0);
            let count = length.saturating_mul(8).min(there);
            if count == 0 && length > 0 {
                return Err(values_missing("bit-packed values", wanted, 0));
            }
            let start = self.position.saturating_add(header_bytes);
            self.run = Run::Packed { start, taken: 0, count };
        }
        self.position = self.position.saturating_add(header_bytes).saturating_add(body_bytes);
        Ok(())
    }
}

/// An unsigned LEB128 number at the front of `bytes` and its length; `None` where it does not end, or has more than 64
/// bits.
#[inline]
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    match bytes {
        [first, ..] if *first < 0x80 => return Some((u64::from(*first), 1)),
        [first, second, ..] if *second < 0x80 => return Some((u64::from(*first & 0x7f) | u64::from(*second) << 7, 2)),
        _ => {}
    }
    let mut value = 0u64;
    for ((length, byte), shift) in (1..).zip(bytes).zip((0..64).step_by(7)) {
        if shift == 63 && *byte > 1 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, length));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(bit_width: u32, bytes: &[u8], count: usize, step: usize) -> Result<Vec<u32>> {
        let mut hybrid = Hybrid::new(bit_width, 0..bytes.len())?;
        let mut out = Vec::new();
        while out.len() < count {
            match hybrid.next(bytes, step.min(count - out.len()))? {
                Piece::Repeat { value, count } => out.extend(std::iter::repeat_n(value, count)),
                Piece::Packed { bytes, first, count } => {
                    let mut all = vec![0; first + count];
                    crate::simd::unpack(bytes, bit_width, &mut all);
                    out.extend_from_slice(&all[first..]);
                }
            }
        }
        Ok(out)
    }

    #[test]
    fn runs_and_packed_groups_follow_each_other() {
        // Three times 5; eight values of three bits; once 300 in two bytes.
        let bytes = [6, 5, 3, 0b10001000, 0b11000110, 0b11111010, 4, 7];
        for step in 1..12 {
            assert_eq!(values(3, &bytes, 13, step).unwrap(), [5, 5, 5, 0, 1, 2, 3, 4, 5, 6, 7, 7, 7]);
        }
        assert_eq!(values(9, &[2, 0x2c, 1], 1, 1).unwrap(), [300]);
    }

    #[test]
    fn pieces_are_those_that_come_one_at_a_time() {
        // Headers of one, two and three bytes, padding, runs of all kinds, and a last one that is cut off.
        let mut bytes = vec![6, 5, 0xc8, 1, 2, 0, 0, 3, 0x88, 0xc6, 0xfa, 0x81, 1];
        bytes.extend((0..192u8).map(|i| i.wrapping_mul(29)));
        bytes.extend([0x80, 0x80, 1, 7, 4, 1, 3, 1, 2, 3, 9, 0x77, 0x66]);
        let all = 3 + 100 + 8 + 512 + 8192 + 2 + 8 + 5;
        let expected = values(3, &bytes, all, 1).unwrap();
        for step in [1, 2, 7, 64, 100, 111, 1000, all] {
            let mut hybrid = Hybrid::new(3, 0..bytes.len()).unwrap();
            let mut out: Vec<u32> = Vec::new();
            while out.len() < all {
                let wanted = step.min(all - out.len());
                let before = out.len();
                let unpack = |piece: Piece<'_>| {
                    match piece {
                        Piece::Repeat { value, count } => out.extend(std::iter::repeat_n(value, count)),
                        Piece::Packed { bytes, first, count } => {
                            let mut values = vec![0; first + count];
                            crate::simd::unpack(bytes, 3, &mut values);
                            out.extend_from_slice(&values[first..]);
                        }
                    }
                    Ok(())
                };
                hybrid.each_piece(&bytes, wanted, unpack).unwrap();
                assert_eq!(out.len() - before, wanted);
            }
            assert_eq!(out, expected, "{step} at a time");
            assert!(hybrid.each_piece(&bytes, 1, |_| Ok(())).is_err());
        }
    }

    #[test]
    fn numbers_have_64_bits_at_most() {
        let ten = |last| [&[0x80; 9][..], &[last]].concat();
        assert_eq!(varint(&ten(1)), Some((1 << 63, 10)));
        for last in [2, 0x7f, 0x80, 0x81] {
            assert_eq!(varint(&ten(last)), None, "{last:#x}");
        }
    }

    #[test]
    fn a_cut_last_group_gives_what_is_there() {
        // Two groups are announced, five bytes of three-bit values are there: thirteen values.
        let bytes = [5, 0, 0, 0, 0, 0];
        assert_eq!(values(3, &bytes, 13, 13).unwrap(), [0; 13]);
        assert!(values(3, &bytes, 14, 14).is_err());
    }

    #[test]
    fn values_of_no_bits_are_zero_with_and_without_runs() {
        assert_eq!(values(0, &[], 9, 4).unwrap(), [0; 9]);
        assert_eq!(values(0, &[18], 9, 9).unwrap(), [0; 9]);
    }

    #[test]
    fn bad_streams_are_refused() {
        assert!(Hybrid::new(33, 0..0).is_err());
        assert!(values(1, &[], 1, 1).is_err(), "no run");
        assert!(values(8, &[2], 1, 1).is_err(), "a run without its value");
        assert!(values(8, &[3], 1, 1).is_err(), "packed values without a byte");
        assert!(values(1, &[0x80; 20], 1, 1).is_err(), "a header that does not end");
        assert!(values(1, &[0, 1, 0, 1], 1, 1).is_err(), "padding only");
        assert_eq!(values(1, &[0, 1, 2, 1], 1, 1).unwrap(), [1], "padding in front");
    }

    #[test]
    fn long_runs_and_skips() {
        let mut bytes = vec![0xfe, 0xff, 0xff, 0x07, 3]; // 8388607 times 3
        bytes.extend([2, 1]);
        let mut hybrid = Hybrid::new(2, 0..bytes.len()).unwrap();
        hybrid.skip(&bytes, 8388606).unwrap();
        assert_eq!(hybrid.next(&bytes, 5).unwrap(), Piece::Repeat { value: 3, count: 1 });
        assert_eq!(hybrid.next(&bytes, 5).unwrap(), Piece::Repeat { value: 1, count: 1 });
        assert!(hybrid.skip(&bytes, 1).is_err());
    }
}
