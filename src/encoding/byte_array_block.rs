//! The lengths of some byte arrays of a page whose lengths lie apart from the bytes.

use super::DeltaBinaryPacked;
use crate::error::{Error, Result};

/// Values of a block at most: enough that what a block costs is not felt, and both arrays stay in the nearest cache.
const BLOCK_VALUES: usize = 1024;

type LittleEndian = [u8; 4];

/// How long the next values of a page are, and what they share with the values before them.
pub(crate) struct ByteArrayBlock {
    /// Lengths of the values, prefixes included.
    lengths: [LittleEndian; BLOCK_VALUES],
    /// How many bytes of the value before it each value begins with.
    prefixes: [LittleEndian; BLOCK_VALUES],
    count: usize,
    /// Bytes of all values.
    total: usize,
}

impl ByteArrayBlock {
    /// Room for a block.
    pub(crate) fn new() -> Self {
        Self { lengths: [[0; 4]; BLOCK_VALUES], prefixes: [[0; 4]; BLOCK_VALUES], count: 0, total: 0 }
    }

    /// Number of values.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Bytes of all values.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// Length of each value.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = usize> {
        self.lengths.iter().take(self.count).map(|length| u32::from_le_bytes(*length) as usize)
    }

    /// Where each value ends if the first one begins at `start`.
    pub(crate) fn ends(&self, start: usize) -> impl Iterator<Item = usize> {
        self.lengths().scan(start, |end, length| {
            *end = end.saturating_add(length);
            Some(*end)
        })
    }

    /// Length of each value, and how many bytes of the value before it each begins with; both little-endian.
    pub(crate) fn lengths_and_prefixes(&self) -> (&[LittleEndian], &[LittleEndian]) {
        (self.lengths.get(..self.count).unwrap_or_default(), self.prefixes.get(..self.count).unwrap_or_default())
    }

    /// How many bytes of the value before it each value begins with, and how many of its own follow.
    pub(super) fn prefixes_and_suffixes(&self) -> impl Iterator<Item = (usize, usize)> {
        self.lengths().zip(&self.prefixes).map(|(length, prefix)| {
            let prefix = u32::from_le_bytes(*prefix) as usize;
            (prefix, length.saturating_sub(prefix))
        })
    }

    /// The next lengths, at most `wanted`, of values that share nothing.
    pub(super) fn read(&mut self, page: &[u8], wanted: usize, lengths: &mut DeltaBinaryPacked) -> Result<()> {
        self.count = wanted.min(BLOCK_VALUES);
        let out = self.lengths.get_mut(..self.count).unwrap_or_default();
        self.total = read_lengths(page, lengths, out)?;
        Ok(())
    }

    /// The next lengths, at most `wanted`, of values that begin like the one before them; `last` is the length of the
    /// value before the first. Returns how many bytes are not shared.
    pub(super) fn read_shared(
        &mut self,
        page: &[u8],
        wanted: usize,
        (prefixes, suffixes): (&mut DeltaBinaryPacked, &mut DeltaBinaryPacked),
        last: usize,
    ) -> Result<usize> {
        self.read(page, wanted, suffixes)?;
        let own = self.total;
        let out = self.prefixes.get_mut(..self.count).unwrap_or_default();
        self.total = own.saturating_add(read_lengths(page, prefixes, out)?);
        let lengths = self.lengths.get_mut(..self.count).unwrap_or_default();
        for (length, prefix) in lengths.iter_mut().zip(out.iter()) {
            // Both are below 2^31.
            *length = u32::from_le_bytes(*length).wrapping_add(u32::from_le_bytes(*prefix)).to_le_bytes();
        }
        // Without a branch: nearly always all of them are looked at.
        let shares =
            |prefix: &LittleEndian, before: &LittleEndian| u32::from_le_bytes(*prefix) <= u32::from_le_bytes(*before);
        let (first, others) =
            out.split_first().map_or((0, &[][..]), |(first, others)| (u32::from_le_bytes(*first), others));
        let can_share =
            others.iter().zip(lengths.iter()).fold(true, |all, (prefix, before)| all & shares(prefix, before));
        if first as usize > last || !can_share {
            return Err(shares_too_much(last, lengths, out));
        }
        Ok(own)
    }
}

/// Of values of such `lengths` and `prefixes`, behind one of `last` bytes, the first that cannot share so much.
#[cold]
fn shares_too_much(last: usize, lengths: &[LittleEndian], prefixes: &[LittleEndian]) -> Error {
    let length = |length: &LittleEndian| u32::from_le_bytes(*length) as usize;
    let before = std::iter::once(last).chain(lengths.iter().map(length));
    let wrong = prefixes.iter().map(length).zip(before).find(|(prefix, before)| prefix > before);
    let (prefix, before) = wrong.unwrap_or_default();
    Error::corrupt(format!("a DELTA_BYTE_ARRAY value shares {prefix} bytes with one of {before} bytes"))
}

/// Fills `out` with lengths; returns their sum.
fn read_lengths(page: &[u8], stream: &mut DeltaBinaryPacked, out: &mut [LittleEndian]) -> Result<usize> {
    stream.read(page, out)?;
    let (mut sum, mut all_bits) = (0u64, 0u32);
    for length in out.iter() {
        let length = u32::from_le_bytes(*length);
        all_bits |= length;
        sum = sum.wrapping_add(u64::from(length));
    }
    if all_bits.leading_zeros() == 0 {
        return Err(Error::corrupt("a byte array has a negative length"));
    }
    Ok(usize::try_from(sum).unwrap_or(usize::MAX))
}
