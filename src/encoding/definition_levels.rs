//! Definition levels of columns that are not nested: one bit a row, straight into a validity bitmap.
//!
//! Levels are at most 1 here, so a bit-packed run *is* a piece of bitmap and a repeated level a run of equal bits;
//! no level is ever held as a number.

use std::ops::Range;

use super::hybrid::{Hybrid, Piece};
use crate::error::{Error, Result};
use crate::memory::{BitRoom, BitSlice, Validity};
use crate::simd;

/// A cursor over the definition levels of one page.
#[derive(Debug)]
pub(crate) enum DefinitionLevels {
    /// The column is required: every row holds a value.
    Required,
    /// Level 1 is a value, level 0 a null.
    Optional(Hybrid),
}

impl DefinitionLevels {
    /// Levels of an optional column in the bytes `range` of the page.
    pub(crate) fn optional(range: Range<usize>) -> Result<Self> {
        Ok(Self::Optional(Hybrid::new(1, range)?))
    }

    /// `count` levels in the deprecated BIT_PACKED encoding in `bytes`, and the bytes to read them from.
    ///
    /// There the first level is the highest bit of the first byte, so the bits of each byte are turned around.
    pub(crate) fn bit_packed(bytes: &[u8], count: usize) -> (Self, Vec<u8>) {
        let turned = bytes.iter().map(|byte| byte.reverse_bits()).collect();
        (Self::Optional(Hybrid::one_packed_run(count)), turned)
    }

    /// Appends the validity of the next `rows` rows; returns how many of them hold a value.
    pub(crate) fn read(&mut self, page: &[u8], rows: usize, validity: &mut Validity) -> Result<usize> {
        let Self::Optional(levels) = self else {
            validity.push_run(true, rows)?;
            return Ok(rows);
        };
        if rows == 0 {
            return Ok(0);
        }
        // Where there is no null, one run often goes on for all rows: no bit needs to be written.
        let first = levels.next(page, rows)?;
        let left = match first {
            Piece::Repeat { value, count } if count == rows => {
                let is_valid = is_valid(value)?;
                validity.push_run(is_valid, rows)?;
                return Ok(if is_valid { rows } else { 0 });
            }
            Piece::Repeat { count, .. } | Piece::Packed { count, .. } => rows.saturating_sub(count),
        };
        validity.write(rows, |room| {
            push(first, room)?;
            push_runs(levels, page, left, room)
        })
    }

    /// Passes over `rows` rows; returns how many of them hold a value.
    pub(crate) fn skip(&mut self, page: &[u8], rows: usize) -> Result<usize> {
        let Self::Optional(levels) = self else { return Ok(rows) };
        let mut present = 0usize;
        levels.each_piece(page, rows, |piece| {
            let valid = match piece {
                Piece::Repeat { value, count } => usize::from(is_valid(value)?).saturating_mul(count),
                Piece::Packed { bytes, first, count } => BitSlice::new(bytes, first, count).count_ones(),
            };
            present = present.saturating_add(valid);
            Ok(())
        })?;
        Ok(present)
    }
}

/// Appends the next `count` levels.
fn push_runs(levels: &mut Hybrid, page: &[u8], count: usize, room: &mut BitRoom<'_>) -> Result<()> {
    let mut left = count;
    while left > 0 {
        let mut done = levels.runs_by(page, |bytes, length| simd::bit_runs(bytes, length, left, room)).values;
        if done == 0 {
            let piece = levels.next(page, left)?;
            done = piece.count();
            push(piece, room)?;
        }
        left = left.saturating_sub(done);
    }
    Ok(())
}

fn push(piece: Piece<'_>, room: &mut BitRoom<'_>) -> Result<()> {
    match piece {
        Piece::Repeat { value, count } => room.push_run(is_valid(value)?, count),
        Piece::Packed { bytes, first, count } => room.push_slice(BitSlice::new(bytes, first, count)),
    }
    Ok(())
}

fn is_valid(level: u32) -> Result<bool> {
    match level {
        0 => Ok(false),
        1 => Ok(true),
        other => Err(Error::corrupt(format!("definition level {other} where the highest is 1"))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::memory::Pool;

    #[test]
    fn levels_become_bits_in_any_steps() {
        // 70 valid, 16 mixed, 5 null.
        let page = [140, 1, 1, 5, 0b1010_0110, 0b0000_1111, 10, 0];
        let model: Vec<bool> = std::iter::repeat_n(true, 70)
            .chain((0..16).map(|i| [0b1010_0110u8, 0b0000_1111][i / 8] >> (i % 8) & 1 == 1))
            .chain([false; 5])
            .collect();
        let pool = Arc::new(Pool::default());
        for step in [1, 3, 64, 91] {
            let mut levels = DefinitionLevels::optional(0..page.len()).unwrap();
            let mut validity = Validity::new(&pool);
            let mut present = 0usize;
            while validity.len() < 91 {
                let rows = step.min(91 - validity.len());
                present += levels.read(&page, rows, &mut validity).unwrap();
            }
            assert_eq!(present, 78);
            assert_eq!(validity.take().unwrap().unwrap().iter().collect::<Vec<_>>(), model);
            let mut levels = DefinitionLevels::optional(0..page.len()).unwrap();
            assert_eq!(levels.skip(&page, 75).unwrap(), 70 + 2);
            assert_eq!(levels.skip(&page, 16).unwrap(), 6);
            assert!(levels.skip(&page, 1).is_err());
        }
    }

    #[test]
    fn a_level_above_the_highest_is_refused() {
        let mut levels = DefinitionLevels::optional(0..2).unwrap();
        assert!(levels.skip(&[2, 2], 1).is_err());
    }
}
