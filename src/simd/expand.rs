//! Opens up compact values to their rows: nulls get a slot, whatever stands in it.
//!
//! ```text
//! expand:       from the last row down: if valid(row): values[row] = values[next compact one from the end]
//! expand_ends:  the same for end offsets, where a null row repeats the end before it
//! deposit_bits: the same for bits
//! ```
//!
//! Works in place from the back, a word of 64 validity bits at a time: a word without nulls moves as a block.

use crate::memory::BitSlice;

/// Moves the `valid.count_ones()` values at the front of `values` to the rows whose bit is set. `values` holds at least
/// `valid.len()`. Null rows become zero, so that what lies in a batch depends on the file alone.
pub(crate) fn expand<T: Copy + Default>(values: &mut [T], valid: BitSlice<'_>) {
    let values = &mut values[..valid.len()];
    let mut from = valid.count_ones();
    for (start, count, word) in words_from_the_back(valid) {
        if from == start + count {
            return;
        }
        let present = word.count_ones() as usize;
        if present == count {
            from -= count;
            values.copy_within(from..from + count, start);
        } else if present == 0 {
            values[start..start + count].fill(T::default());
        } else {
            for row in (0..count).rev() {
                let is_valid = word >> row & 1 == 1;
                let value = values[from.saturating_sub(1)];
                values[start + row] = if is_valid { value } else { T::default() };
                from -= usize::from(is_valid);
            }
        }
    }
}

/// Does what [`expand`] does for values of `width` bytes each.
pub(crate) fn expand_bytes(values: &mut [u8], width: usize, valid: BitSlice<'_>) {
    let mut from = valid.count_ones();
    for (start, count, word) in words_from_the_back(valid) {
        if from == start + count {
            return;
        }
        for row in (0..count).rev() {
            let target = (start + row) * width;
            if word >> row & 1 == 1 {
                from -= 1;
                values.copy_within(from * width..(from + 1) * width, target);
            } else {
                values[target..target + width].fill(0);
            }
        }
    }
}

/// Opens up end offsets: `ends` holds the ends of the valid values in front, `base` is the end before them all.
pub(crate) fn expand_ends<T: Copy>(ends: &mut [T], base: T, valid: BitSlice<'_>) {
    let ends = &mut ends[..valid.len()];
    let mut from = valid.count_ones();
    for (start, count, word) in words_from_the_back(valid) {
        if from == start + count {
            return;
        }
        for row in (0..count).rev() {
            ends[start + row] = if from == 0 { base } else { ends[from - 1] };
            from -= (word >> row & 1) as usize;
        }
    }
}

/// Spreads the lowest bits of `bits` over the set bits of `mask`, lowest first.
pub(crate) fn deposit_bits(bits: u64, mask: u64) -> u64 {
    let (mut bits, mut mask, mut out) = (bits, mask, 0);
    while mask != 0 {
        let lowest = mask & mask.wrapping_neg();
        out |= lowest * (bits & 1);
        bits >>= 1;
        mask ^= lowest;
    }
    out
}

/// First row, number of rows and bits of each word of `valid`, last word first.
fn words_from_the_back(valid: BitSlice<'_>) -> impl Iterator<Item = (usize, usize, u64)> {
    let words = valid.len().div_ceil(64);
    (0..words).rev().map(move |index| {
        let start = index * 64;
        (start, (valid.len() - start).min(64), valid.word(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns() -> impl Iterator<Item = (Vec<u8>, usize, usize)> {
        (0..60usize).flat_map(|seed| {
            let bytes: Vec<u8> = (0..40usize)
                .map(|i| match seed % 4 {
                    0 => (i * 167 + seed * 31) as u8,
                    1 => 0xff,
                    2 => 0,
                    _ if i / 9 % 2 == 0 => 0xff,
                    _ => (i * 59 + seed) as u8,
                })
                .collect();
            [(bytes.clone(), seed % 13, 0), (bytes.clone(), seed % 7, 63 + seed * 3), (bytes, 0, 128)]
        })
    }

    #[test]
    fn values_and_ends_move_to_their_rows() {
        for (bytes, start, len) in patterns() {
            let bits = BitSlice::new(&bytes, start, len);
            let valid: Vec<bool> = (start..start + len).map(|i| bytes[i / 8] >> (i % 8) & 1 == 1).collect();
            let present = bits.count_ones();
            let mut values: Vec<u32> = (0..len as u32 + 5).collect();
            expand(&mut values, bits);
            let mut wide: Vec<u8> = (0..len + 5).flat_map(|i| [i as u8, 1, (i >> 8) as u8]).collect();
            expand_bytes(&mut wide, 3, bits);
            let mut ends: Vec<i32> = (0..len as i32 + 5).map(|i| 10 * (i + 1)).collect();
            expand_ends(&mut ends, 0, bits);
            let mut seen = 0;
            for (row, valid) in valid.iter().enumerate() {
                if *valid {
                    assert_eq!(values[row], seen);
                    assert_eq!(wide[row * 3..][..3], [seen as u8, 1, (seen >> 8) as u8]);
                    seen += 1;
                } else {
                    assert_eq!(values[row], 0);
                    assert_eq!(wide[row * 3..][..3], [0; 3]);
                }
                assert_eq!(ends[row], 10 * seen as i32, "row {row} of {len}");
            }
            assert_eq!(seen as usize, present);
        }
    }

    #[test]
    fn bits_are_deposited_lowest_first() {
        assert_eq!(deposit_bits(0b101, 0b1011_0000), 0b1001_0000);
        assert_eq!(deposit_bits(u64::MAX, 0x8000_0000_0000_0001), 0x8000_0000_0000_0001);
        assert_eq!(deposit_bits(7, 0), 0);
    }
}
