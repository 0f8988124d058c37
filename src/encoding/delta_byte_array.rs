//! DELTA_BYTE_ARRAY: each value begins with some bytes of the value before it and goes on with bytes of its own.
//!
//! The page holds how many bytes each value shares (DELTA_BINARY_PACKED), then what follows them
//! (DELTA_LENGTH_BYTE_ARRAY). The value passed last is kept, so that reading goes on anywhere.

use std::ops::Range;

use super::delta_length_byte_array::own_bytes;
use super::{ByteArrayBlock, DeltaBinaryPacked};
use crate::error::{Error, Result};
use crate::memory::Values;
use crate::simd::{self, FrontCoded};

/// A cursor over the values of one page.
#[derive(Debug)]
pub(crate) struct DeltaByteArray {
    prefixes: DeltaBinaryPacked,
    suffixes: DeltaBinaryPacked,
    /// Where the own bytes of the next value begin.
    position: usize,
    /// The value before the next one.
    last: Vec<u8>,
    /// The one length that all values have, if they must.
    width: Option<usize>,
}

impl DeltaByteArray {
    /// The values from byte `start` of `page` on; each of `width` bytes, where that is given.
    pub(crate) fn open(page: &[u8], start: usize, width: Option<usize>) -> Result<Self> {
        let prefixes = DeltaBinaryPacked::open(page, start)?;
        let suffixes = DeltaBinaryPacked::open(page, prefixes.end(page)?)?;
        let position = suffixes.end(page)?;
        Ok(Self { prefixes, suffixes, position, last: Vec::new(), width })
    }

    /// Measures the next values, at most `wanted`; their own bytes are returned, to be given to [`Self::append`].
    pub(crate) fn next(&mut self, page: &[u8], wanted: usize, block: &mut ByteArrayBlock) -> Result<Range<usize>> {
        let streams = (&mut self.prefixes, &mut self.suffixes);
        let own = block.read_shared(page, wanted, streams, self.last.len())?;
        if let Some(width) = self.width
            && let Some(length) = block.lengths().find(|length| *length != width)
        {
            return Err(Error::corrupt(format!("a value of {length} bytes where all have {width}")));
        }
        let own = own_bytes(page, self.position, own)?;
        self.position = own.end;
        Ok(own)
    }

    /// Appends the values that were measured last, end to end, to `out`.
    pub(crate) fn append(
        &mut self,
        page: &[u8],
        own: Range<usize>,
        block: &ByteArrayBlock,
        out: &mut Values<u8>,
    ) -> Result<()> {
        let room = out.spare(block.total())?;
        let (lengths, prefixes) = block.lengths_and_prefixes();
        let values = FrontCoded { prefixes, lengths, source: page, start: own.start };
        if let Some((start, end)) = simd::put_together(values, &self.last, room) {
            self.last.clear();
            self.last.extend_from_slice(room.get(start..end).unwrap_or(&[]));
        }
        out.commit(block.total());
        Ok(())
    }

    /// Passes over `count` values; only the one in front of the next is put together.
    pub(crate) fn skip(&mut self, page: &[u8], count: usize) -> Result<()> {
        let mut block = ByteArrayBlock::new();
        let mut left = count;
        while left > 0 {
            let own = self.next(page, left, &mut block)?;
            let mut own = page.get(own).unwrap_or(&[]);
            for (prefix, suffix) in block.prefixes_and_suffixes() {
                let (now, later) = own.split_at_checked(suffix).unwrap_or_default();
                self.last.truncate(prefix);
                self.last.extend_from_slice(now);
                own = later;
            }
            left = left.saturating_sub(block.count());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::testing::{Noise, SHAPES, delta_binary_packed};
    use super::*;
    use crate::memory::Pool;

    /// A page behind two bytes that are none of it: each value shares so many bytes with the one before it.
    fn page(values: &[(i64, &[u8])], shape: (usize, usize)) -> Vec<u8> {
        let prefixes: Vec<u64> = values.iter().map(|(prefix, _)| *prefix as u64).collect();
        let suffixes: Vec<u64> = values.iter().map(|(_, suffix)| suffix.len() as u64).collect();
        let own: Vec<u8> = values.iter().flat_map(|(_, suffix)| suffix.iter().copied()).collect();
        [vec![9, 9], delta_binary_packed(&prefixes, shape), delta_binary_packed(&suffixes, shape), own].concat()
    }

    /// Reads in pieces of `step`, skipping every `skip_each`-th; skipped values are `None`.
    fn read(
        page: &[u8],
        count: usize,
        (step, skip_each): (usize, usize),
        width: Option<usize>,
    ) -> Result<Vec<Option<Vec<u8>>>> {
        let mut cursor = DeltaByteArray::open(page, 2, width)?;
        let mut block = ByteArrayBlock::new();
        let mut bytes = Values::with_capacity(&Arc::new(Pool::default()), 0)?;
        let (mut out, mut piece) = (Vec::new(), 0);
        while out.len() < count {
            let now = step.min(count - out.len());
            piece += 1;
            if piece % skip_each == 0 {
                cursor.skip(page, now)?;
                out.extend(vec![None; now]);
                continue;
            }
            let mut start = bytes.len();
            let own = cursor.next(page, now, &mut block)?;
            cursor.append(page, own, &block, &mut bytes)?;
            for length in block.lengths() {
                out.push(Some(bytes.as_slice()[start..start + length].to_vec()));
                start += length;
            }
            assert_eq!(start, bytes.len());
        }
        Ok(out)
    }

    #[test]
    fn values_are_put_together_in_any_steps() {
        let mut noise = Noise(5);
        for shape in SHAPES {
            for longest in [3, 20, 100] {
                let mut parts: Vec<(i64, Vec<u8>)> = Vec::new();
                let mut values: Vec<Vec<u8>> = vec![Vec::new()];
                for _ in 0..600 {
                    let last = &values[values.len() - 1];
                    let prefix = noise.below(last.len() + 1);
                    let suffix: Vec<u8> = (0..noise.below(longest)).map(|_| noise.next() as u8).collect();
                    values.push([&last[..prefix], &suffix].concat());
                    parts.push((prefix as i64, suffix));
                }
                let parts: Vec<(i64, &[u8])> = parts.iter().map(|(prefix, own)| (*prefix, own.as_slice())).collect();
                let page = page(&parts, shape);
                for steps in [(600, 9), (1, 2), (1, 7), (64, 3), (300, 2), (37, 9)] {
                    let found = read(&page, 600, steps, None).unwrap();
                    for (index, (found, expected)) in found.iter().zip(&values[1..]).enumerate() {
                        assert!(found.as_ref().is_none_or(|found| found == expected), "value {index}, {steps:?}");
                    }
                }
                assert!(read(&page, 601, (601, 9), None).is_err(), "a value too many");
                assert!(read(&page, 601, (601, 1), None).is_err(), "a skip too far");
                assert!(read(&page[..page.len() - 1], 600, (600, 9), None).is_err(), "a byte too few");
            }
        }
    }

    #[test]
    fn what_cannot_be_shared_is_refused() {
        let refused = |values: &[(i64, &[u8])]| {
            let page = page(values, (128, 4));
            let count = values.len();
            for steps in [(count, 9), (1, 9), (count, 1), (1, 2)] {
                assert!(read(&page, count, steps, None).is_err(), "{values:?} {steps:?}");
            }
        };
        refused(&[(1, b"abc")]);
        refused(&[(0, b"abc"), (4, b"x")]);
        refused(&[(0, b"abc"), (-1, b"x")]);
        refused(&[(0, b"abc"), (1, b""), (2, b"x")]);
        refused(&[(0, b"abc"), (i64::from(i32::MAX), b"x")]);
    }

    #[test]
    fn values_of_one_width_have_it() {
        let values: [(i64, &[u8]); 3] = [(0, b"abc"), (2, b"x"), (0, b"xyz")];
        let found = read(&page(&values, (128, 4)), 3, (3, 9), Some(3)).unwrap();
        assert_eq!(found, [b"abc", b"abx", b"xyz"].map(|value| Some(value.to_vec())));
        assert!(read(&page(&values, (128, 4)), 3, (3, 9), Some(4)).is_err());
        assert!(read(&page(&[(0, b"abc"), (2, b"")], (128, 4)), 2, (1, 9), Some(3)).is_err());
    }
}
