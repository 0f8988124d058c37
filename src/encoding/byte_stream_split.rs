//! BYTE_STREAM_SPLIT: the first bytes of all values, then the second bytes of all, and so on.

use super::values_missing;
use crate::error::{Error, Result};
use crate::simd;

/// A cursor over the values of one page.
#[derive(Debug)]
pub(crate) struct ByteStreamSplit {
    /// Where the first stream begins.
    start: usize,
    /// Bytes of a value, as many as there are streams.
    width: usize,
    /// Values of the page: bytes of a stream.
    values: usize,
    /// Number of the next value.
    next: usize,
}

impl ByteStreamSplit {
    /// Values of `width` bytes in the bytes of `page` from `start` on.
    pub(crate) fn open(page: &[u8], start: usize, width: usize) -> Result<Self> {
        let bytes = page.len().saturating_sub(start);
        if bytes.checked_rem(width).unwrap_or(bytes) != 0 {
            return Err(Error::corrupt(format!("BYTE_STREAM_SPLIT values of {width} bytes in {bytes} bytes")));
        }
        // Values of no bytes are not counted.
        Ok(Self { start, width, values: bytes.checked_div(width).unwrap_or(usize::MAX), next: 0 })
    }

    /// How many values are still to come.
    fn values_left(&self) -> usize {
        self.values.saturating_sub(self.next)
    }

    /// The next values, as many as `out` has room for, end to end.
    pub(crate) fn read(&mut self, page: &[u8], out: &mut [u8]) -> Result<()> {
        let count = out.len().checked_div(self.width).unwrap_or(0);
        let first = self.next;
        self.skip(count)?;
        let streams = page.get(self.start..).unwrap_or(&[]);
        simd::unsplit(streams, self.width, first, out);
        Ok(())
    }

    /// Passes over `count` values.
    pub(crate) fn skip(&mut self, count: usize) -> Result<()> {
        if count > self.values_left() {
            return Err(values_missing("BYTE_STREAM_SPLIT values", count, self.values_left()));
        }
        self.next = self.next.saturating_add(count);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(values: &[u8], width: usize) -> Vec<u8> {
        (0..width).flat_map(|stream| values.iter().skip(stream).step_by(width).copied().collect::<Vec<_>>()).collect()
    }

    #[test]
    fn every_width_is_put_together_in_any_steps() {
        for width in 1..=33 {
            for count in [0, 1, 15, 16, 17, 40, 100] {
                let values: Vec<u8> = (0..width * count).map(|i| (i * 37 + i / 251) as u8).collect();
                let page = [vec![1, 2, 3], split(&values, width)].concat();
                for step in [1, 7, 16, 33, 100] {
                    let mut stream = ByteStreamSplit::open(&page, 3, width).unwrap();
                    let mut skipping = ByteStreamSplit::open(&page, 3, width).unwrap();
                    for at in (0..count).step_by(step) {
                        let now = step.min(count - at);
                        let mut out = vec![0; now * width];
                        stream.read(&page, &mut out).unwrap();
                        assert_eq!(out, values[at * width..][..now * width], "width {width}, {at} of {count}");
                        if at / step % 2 == 0 {
                            skipping.skip(now).unwrap();
                        } else {
                            skipping.read(&page, &mut out).unwrap();
                            assert_eq!(out, values[at * width..][..now * width]);
                        }
                    }
                    assert!(stream.read(&page, &mut vec![0; width]).is_err(), "a value too many");
                    assert!(stream.skip(1).is_err());
                }
            }
        }
    }

    #[test]
    fn a_page_that_is_not_a_whole_number_of_values_is_refused() {
        assert!(ByteStreamSplit::open(&[0; 9], 0, 4).is_err());
        assert!(ByteStreamSplit::open(&[0; 9], 1, 4).is_ok());
        assert!(ByteStreamSplit::open(&[0; 9], 9, 4).is_ok());
        assert!(ByteStreamSplit::open(&[0; 9], 0, 0).is_err());
        let mut of_nothing = ByteStreamSplit::open(&[], 0, 0).unwrap();
        of_nothing.skip(1000).unwrap();
        of_nothing.read(&[], &mut []).unwrap();
    }
}
