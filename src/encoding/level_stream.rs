//! Repetition and definition levels of nested columns, as numbers.

use std::ops::Range;

use super::hybrid::{Hybrid, Piece};
use super::values_missing;
use crate::error::{Error, Result};
use crate::metadata::Encoding;
use crate::simd;

/// Levels decoded at a time.
pub(crate) const LEVEL_BLOCK: usize = 1024;

/// A cursor over the levels of one page, each at most `highest`.
#[derive(Debug)]
pub(crate) struct LevelStream {
    highest: u16,
    source: Source,
    /// Levels as they are unpacked, a block of them; nothing before the first.
    unpacked: Vec<u32>,
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
        Ok(Self { highest, source, unpacked: Vec::new() })
    }

    /// Fills `out`, at most [`LEVEL_BLOCK`] long, with the next levels of `page`.
    pub(crate) fn read(&mut self, page: &[u8], out: &mut [u16]) -> Result<()> {
        match &mut self.source {
            Source::Constant => out.fill(0),
            Source::Hybrid(hybrid) => read_hybrid(hybrid, page, &mut self.unpacked, out)?,
            Source::BitPacked { bit, end, width } => {
                let bytes = page.get(..*end).unwrap_or_default();
                for slot in out.iter_mut() {
                    *slot = bits_from_the_top(bytes, *bit, *width)?;
                    *bit = bit.saturating_add(*width);
                }
            }
        }
        let largest = out.iter().fold(0, |largest, level| largest.max(*level));
        if largest > self.highest {
            return Err(Error::corrupt(format!("level {largest} where the highest is {}", self.highest)));
        }
        Ok(())
    }
}

fn read_hybrid(hybrid: &mut Hybrid, page: &[u8], unpacked: &mut Vec<u32>, out: &mut [u16]) -> Result<()> {
    let mut filled = 0usize;
    while filled < out.len() {
        let rest = out.get_mut(filled..).unwrap_or_default();
        let done = match hybrid.next_block(page, rest.len(), LEVEL_BLOCK)? {
            Piece::Repeat { value, count } => {
                let level = u16::try_from(value).unwrap_or(u16::MAX);
                rest.iter_mut().take(count).for_each(|slot| *slot = level);
                count
            }
            Piece::Packed { bytes, first, count } => {
                unpacked.resize(LEVEL_BLOCK.saturating_add(8), 0);
                // Groups of eight levels begin at whole bytes: unpack from the group that holds the first one.
                let width = hybrid.bit_width();
                let group = bytes.get((first / 8).saturating_mul(width as usize)..).unwrap_or_default();
                let levels = unpacked.get_mut(..(first % 8).saturating_add(count)).unwrap_or_default();
                simd::unpack(group, width, levels);
                // Of as many bits as the highest level has, so that no bit is cut off.
                for (slot, level) in rest.iter_mut().zip(levels.get(first % 8..).unwrap_or_default()) {
                    let [low, high, ..] = level.to_le_bytes();
                    *slot = u16::from_le_bytes([low, high]);
                }
                count
            }
        };
        filled = filled.saturating_add(done);
    }
    Ok(())
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
            let mut levels = [9; 13];
            levels.chunks_mut(step).for_each(|chunk| stream.read(&page, chunk).unwrap());
            assert_eq!(levels, expected);
        }
        let mut stream = LevelStream::new(3, Encoding::BitPacked, 1..3).unwrap();
        let mut levels = [9; 8];
        stream.read(&[0xff, 0b0001_1011, 0b0111_0000], &mut levels).unwrap();
        assert_eq!(levels, [0, 1, 2, 3, 1, 3, 0, 0]);
        assert!(stream.read(&[0; 3], &mut levels).is_err(), "no byte is left");
        assert_eq!(bit_packed_bytes(3, 9), 3);
    }

    #[test]
    fn levels_above_the_highest_are_refused() {
        let mut stream = LevelStream::new(2, Encoding::Rle, 0..2).unwrap();
        assert!(stream.read(&[2, 3], &mut [0]).is_err());
        let mut constant = LevelStream::new(0, Encoding::Rle, 0..0).unwrap();
        let mut levels = [7; 3];
        constant.read(&[], &mut levels).unwrap();
        assert_eq!(levels, [0; 3]);
    }
}
