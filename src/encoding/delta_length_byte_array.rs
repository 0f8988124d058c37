//! DELTA_LENGTH_BYTE_ARRAY: the lengths of all values in DELTA_BINARY_PACKED, then their bytes end to end.

use std::ops::Range;

use super::{ByteArrayBlock, DeltaBinaryPacked};
use crate::error::{Error, Result};

/// A cursor over the values of one page.
#[derive(Debug)]
pub(crate) struct DeltaLengthByteArray {
    lengths: DeltaBinaryPacked,
    /// Where the bytes of the next value begin.
    position: usize,
}

impl DeltaLengthByteArray {
    /// The values from byte `start` of `page` on.
    pub(crate) fn open(page: &[u8], start: usize) -> Result<Self> {
        let lengths = DeltaBinaryPacked::open(page, start)?;
        let position = lengths.end(page)?;
        Ok(Self { lengths, position })
    }

    /// Passes the next values, at most `wanted`; returns where in the page their bytes lie.
    pub(crate) fn next(&mut self, page: &[u8], wanted: usize, block: &mut ByteArrayBlock) -> Result<Range<usize>> {
        block.read(page, wanted, &mut self.lengths)?;
        let bytes = own_bytes(page, self.position, block.total())?;
        self.position = bytes.end;
        Ok(bytes)
    }
}

/// Where `length` bytes of values lie in `page`, from `position` on.
pub(super) fn own_bytes(page: &[u8], position: usize, length: usize) -> Result<Range<usize>> {
    let end = position.saturating_add(length);
    if end > page.len() {
        let there = page.len().saturating_sub(position);
        return Err(Error::corrupt(format!("byte arrays claim {length} bytes, the page has {there}")));
    }
    Ok(position..end)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Noise, SHAPES, delta_binary_packed};
    use super::*;

    fn read(page: &[u8], count: usize, step: usize) -> Result<Vec<Vec<u8>>> {
        let mut cursor = DeltaLengthByteArray::open(page, 2)?;
        let mut block = ByteArrayBlock::new();
        let mut out = Vec::new();
        while out.len() < count {
            let mut bytes = &page[cursor.next(page, step.min(count - out.len()), &mut block)?];
            for length in block.lengths() {
                let (value, rest) = bytes.split_at(length);
                out.push(value.to_vec());
                bytes = rest;
            }
            assert!(bytes.is_empty());
        }
        Ok(out)
    }

    #[test]
    fn values_are_read_in_any_steps() {
        let mut noise = Noise(3);
        for shape in SHAPES {
            let values: Vec<Vec<u8>> = (0..700).map(|i| vec![i as u8; noise.below(40)]).collect();
            let lengths: Vec<u64> = values.iter().map(|value| value.len() as u64).collect();
            let page = [vec![9, 9], delta_binary_packed(&lengths, shape), values.concat(), vec![9; 5]].concat();
            for step in [1, 50, 256, 700] {
                assert_eq!(read(&page, 700, step).unwrap(), values);
            }
            assert!(read(&page, 701, 701).is_err(), "a value too many");
            assert!(read(&page[..page.len() - 6], 700, 700).is_err(), "a byte too few");
            assert!(read(&page[..40], 700, 700).is_err(), "half the lengths");
        }
    }

    #[test]
    fn lengths_below_nothing_and_past_the_page_are_refused() {
        for lengths in [[3, -1i64], [i64::from(i32::MIN), 3], [3, 6], [i64::from(i32::MAX), i64::from(i32::MAX)]] {
            let page = [vec![9, 9], delta_binary_packed(&lengths.map(|l| l as u64), (128, 4)), vec![b'x'; 8]].concat();
            assert!(read(&page, 2, 2).is_err(), "{lengths:?}");
        }
        assert!(read(&[9, 9], 0, 1).unwrap().is_empty(), "a page without a value");
    }
}
