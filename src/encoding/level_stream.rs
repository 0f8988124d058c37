//! Repetition and definition levels of nested columns, as numbers.

use std::ops::Range;

use super::hybrid::{Hybrid, Piece};
use super::values_missing;
use crate::error::{Error, Result};
use crate::metadata::Encoding;
use crate::simd;

/// Levels decoded at a time.
pub(crate) const LEVEL_BLOCK: usize = 2048;

/// Room for a block of levels, and for what is written over behind them.
pub(crate) const LEVEL_ROOM: usize = LEVEL_BLOCK + simd::LEVELS_OVER;

/// A cursor over the levels of one page, each at most `highest`.
#[derive(Debug)]
pub(crate) struct LevelStream {
    highest: u16,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// There is only one level, and no byte for it.
    Constant,
    Hybrid(Hybrid),
    /// The deprecated BIT_PACKED encoding: values end to end, from the highest bit of each byte on.
    BitPacked {
        bit: usize,
        end: usize,
        width: usize,
    },
}

/// Bits that levels of up to `highest` take.
fn bit_width(highest: u16) -> u32 {
    u16::BITS.saturating_sub(highest.leading_zeros())
}

/// Bytes of `count` BIT_PACKED levels of up to `highest`.
pub(crate) fn bit_packed_bytes(highest: u16, count: usize) -> usize {
    count.saturating_mul(bit_width(highest) as usize).div_ceil(8)
}

impl LevelStream {
    /// Levels of up to `highest` in the bytes `range` of a page, in `encoding`.
    pub(crate) fn new(highest: u16, encoding: Encoding, range: Range<usize>) -> Result<Self> {
        let width = bit_width(highest);
        let source = match encoding {
            _ if highest == 0 => Source::Constant,
            Encoding::Rle => Source::Hybrid(Hybrid::new(width, range)?),
            Encoding::BitPacked => {
                Source::BitPacked { bit: range.start.saturating_mul(8), end: range.end, width: width as usize }
            }
            other => return Err(Error::unsupported(format!("levels in encoding {other:?}"))),
        };
        Ok(Self { highest, source })
    }

    /// Fills the first `count` of `out` with the next levels of `page`; what stands behind them, [`LEVEL_ROOM`] in all, may
    /// be written over.
    pub(crate) fn read(&mut self, page: &[u8], count: usize, out: &mut [u16]) -> Result<()> {
        let highest = self.highest;
        match &mut self.source {
            Source::Constant => out.iter_mut().take(count).for_each(|slot| *slot = 0),
            Source::Hybrid(hybrid) => read_hybrid(hybrid, page, count, out)?,
            Source::BitPacked { bit, end, width } => {
                let bytes = page.get(..*end).unwrap_or_default();
                for slot in out.iter_mut().take(count) {
                    *slot = bits_from_the_top(bytes, *bit, *width)?;
                    *bit = bit.saturating_add(*width);
                }
            }
        }
        check_highest(out.get(..count).unwrap_or_default(), highest)
    }
}

fn read_hybrid(hybrid: &mut Hybrid, page: &[u8], count: usize, out: &mut [u16]) -> Result<()> {
    let width = hybrid.bit_width();
    let mut filled = 0usize;
    while filled < count {
        let (left, rest) = (count.saturating_sub(filled), out.get_mut(filled..).unwrap_or_default());
        let mut done = 0;
        if width <= simd::MAX_RUN_WIDTH {
            done = hybrid.runs_by(page, |bytes, length| simd::level_runs(bytes, length, width, left, rest)).values;
        }
        if done == 0 {
            done = read_piece(hybrid.next(page, left)?, width, rest)?;
        }
        filled = filled.saturating_add(done);
    }
    Ok(())
}

/// Writes the levels of `piece` to the front of `out`; returns how many they are.
fn read_piece(piece: Piece<'_>, width: u32, out: &mut [u16]) -> Result<usize> {
    match piece {
        Piece::Repeat { value, count } => {
            // It has 16 bits at most.
            simd::fill_over(out, u16::try_from(value).unwrap_or(u16::MAX), count);
            Ok(count)
        }
        Piece::Packed { bytes, first, count } => {
            // Groups of eight levels begin at whole bytes.
            let group = bytes.get((first / 8).saturating_mul(width as usize)..).unwrap_or_default();
            simd::unpack_levels(group, width, first % 8, count, out);
            Ok(count)
        }
    }
}

fn check_highest(levels: &[u16], highest: u16) -> Result<()> {
    let there = simd::highest_level(levels);
    if there > highest { Err(too_high(u32::from(there), highest)) } else { Ok(()) }
}

#[cold]
fn too_high(level: u32, highest: u16) -> Error {
    Error::corrupt(format!("level {level} where the highest is {highest}"))
}

fn bits_from_the_top(bytes: &[u8], bit: usize, width: usize) -> Result<u16> {
    let mut value = 0u16;
    for position in bit..bit.saturating_add(width) {
        let byte = bytes.get(position / 8).ok_or_else(|| values_missing("BIT_PACKED levels", 1, 0))?;
        value = value << 1 | u16::from(byte.reverse_bits() >> (position % 8) & 1);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_every_encoding() {
        // Five times 2, then eight bit-packed levels of two bits: 0 1 2 3 0 1 2 2.
        let page = [10, 2, 3, 0b1110_0100, 0b1010_0100];
        let expected = [2, 2, 2, 2, 2, 0, 1, 2, 3, 0, 1, 2, 2];
        for step in 1..14 {
            let mut stream = LevelStream::new(3, Encoding::Rle, 0..page.len()).unwrap();
            let mut levels = [9; 13 + simd::LEVELS_OVER];
            for start in (0..13usize).step_by(step) {
                stream.read(&page, step.min(13 - start), &mut levels[start..]).unwrap();
            }
            assert_eq!(levels[..13], expected);
        }
        let mut stream = LevelStream::new(3, Encoding::BitPacked, 1..3).unwrap();
        let mut levels = [9; 8];
        stream.read(&[0xff, 0b0001_1011, 0b0111_0000], 8, &mut levels).unwrap();
        assert_eq!(levels, [0, 1, 2, 3, 1, 3, 0, 0]);
        assert!(stream.read(&[0; 3], 8, &mut levels).is_err(), "no byte is left");
        assert_eq!(bit_packed_bytes(3, 9), 3);
    }

    #[test]
    fn levels_above_the_highest_are_refused() {
        let mut stream = LevelStream::new(2, Encoding::Rle, 0..2).unwrap();
        assert!(stream.read(&[2, 3], 1, &mut [0; LEVEL_ROOM]).is_err());
        let mut constant = LevelStream::new(0, Encoding::Rle, 0..0).unwrap();
        let mut levels = [7; 3];
        constant.read(&[], 3, &mut levels).unwrap();
        assert_eq!(levels, [0; 3]);
    }
}
