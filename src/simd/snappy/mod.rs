//! Snappy: one raw block, which begins with its size.
//!
//! ```text
//! block   = varint(size) element*
//! element = literal: tag length-1 in 6 bits (or in the 1 to 4 bytes that follow it), then so many bytes
//!         | copy:    tag length, offset in 3 bits of the tag and a byte, or in 2 bytes, or in 4
//! ```
//!
//! Here every element is decoded by checked, safe code, which is what decides whether a block is right: nothing it reads
//! or writes lies outside of the slices that it is given. Most elements never come here: [`elements::run`] takes as many as
//! it can, and leaves the next one that it cannot judge to this code.
//!
//! Rests on nothing but the standard library and what `cpu` beside it says, so that benchmarks and fuzz targets can compile
//! both for themselves.

// Unlike elsewhere in this room, the numbers here come from a file.
#![deny(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod elements;
#[cfg(target_arch = "x86_64")]
mod numbers;
#[cfg(target_arch = "x86_64")]
mod pairs;
#[cfg(target_arch = "x86_64")]
mod said;
#[cfg(target_arch = "x86_64")]
mod stages;

use std::ops::Range;

#[cfg(target_arch = "x86_64")]
use super::cpu;
use elements::AHEAD;

/// Bytes behind the size of a block that its target had better have: the last ones are then written as fast as the rest.
pub(crate) const ROOM: usize = elements::ROOM;

/// Why a block is refused.
pub(crate) type Refusal = &'static str;

/// What most elements are decoded by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// With what every CPU has.
    OneByOne,
    /// With AVX-512, two at a time.
    #[cfg(target_arch = "x86_64")]
    Pairs,
    /// With AVX-512, many at a time, where that is faster.
    #[cfg(target_arch = "x86_64")]
    Stages,
}

impl Kernel {
    /// Those that this CPU can run, the fastest last.
    pub(crate) fn available() -> &'static [Self] {
        #[cfg(target_arch = "x86_64")]
        if cpu::has_avx512() {
            return &[Self::OneByOne, Self::Pairs, Self::Stages];
        }
        &[Self::OneByOne]
    }
}

/// How far a block was decoded.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Bytes of the source that were read.
    read: usize,
    /// Bytes of the target that were written.
    written: usize,
    /// Elements that begin in front of this place of the source are taken in pairs where they could be taken in stages.
    #[cfg(target_arch = "x86_64")]
    pairs_until: usize,
}

/// The size that a block says it becomes.
pub(crate) fn stated_size(source: &[u8]) -> Option<u64> {
    preamble(source).map(|(size, _)| size)
}

/// Where in a block the `size` bytes that it becomes stand, if it is a single literal: what cannot be compressed.
pub(crate) fn single_literal(source: &[u8], size: usize) -> Option<Range<usize>> {
    let (stated, read) = preamble(source)?;
    let start = source.len().checked_sub(size)?;
    let (tag, length_bytes) = source.get(read..start)?.split_first()?;
    let code = usize::from(tag >> 2);
    let length = if length_bytes.is_empty() { code } else { number(length_bytes, length_bytes.len()).ok()? };
    let is_one = tag & 3 == 0 && code.saturating_sub(59) == length_bytes.len();
    (is_one && length.checked_add(1)? == size && stated == size as u64).then_some(start..source.len())
}

/// Decompresses `source`, which becomes exactly `size` bytes, to the front of `target`. Up to [`ROOM`] bytes behind them
/// may be overwritten.
pub(crate) fn decompress(source: &[u8], size: usize, target: &mut [u8]) -> Result<(), Refusal> {
    decompress_by(fastest(), source, size, target)
}

fn fastest() -> Kernel {
    Kernel::available().last().copied().unwrap_or(Kernel::OneByOne)
}

/// As [`decompress`], by one of the kernels that are [available](Kernel::available).
pub(crate) fn decompress_by(kernel: Kernel, source: &[u8], size: usize, target: &mut [u8]) -> Result<(), Refusal> {
    Front::begin(source, size)?.go_on_by(kernel, source, target, size)
}

/// How far a block was decompressed from its front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Front {
    place: Place,
    /// Bytes that the block becomes.
    size: usize,
}

impl Front {
    /// Nothing yet of `source`, which becomes exactly `size` bytes.
    pub(crate) fn begin(source: &[u8], size: usize) -> Result<Self, Refusal> {
        let (stated, read) = preamble(source).ok_or("its size is cut off or too large")?;
        if stated != size as u64 {
            return Err("it has another size");
        }
        let place = Place {
            read,
            written: 0,
            #[cfg(target_arch = "x86_64")]
            pairs_until: 0,
        };
        Ok(Self { place, size })
    }

    /// Bytes of the target that are as they stay.
    pub(crate) fn filled(&self) -> usize {
        self.place.written
    }

    /// Goes on with `source`, the same each time, until `bytes` are there at least, or all. The front of `target` is what it
    /// became before; behind what it becomes up to [`ROOM`] bytes may be overwritten, and anything in front of its end.
    pub(crate) fn go_on(&mut self, source: &[u8], target: &mut [u8], bytes: usize) -> Result<(), Refusal> {
        self.go_on_by(fastest(), source, target, bytes)
    }

    /// As [`Front::go_on`], by one of the kernels that are [available](Kernel::available).
    pub(crate) fn go_on_by(
        &mut self,
        kernel: Kernel,
        source: &[u8],
        target: &mut [u8],
        bytes: usize,
    ) -> Result<(), Refusal> {
        let size = self.size;
        let room = target.len().min(size.saturating_add(ROOM));
        let target = target.get_mut(..room).filter(|target| target.len() >= size).ok_or("its target is too small")?;
        // The fast loop reads past the element it is at, so the last bytes of the source are decoded from a copy that has
        // something behind them.
        let stop = source.len().saturating_sub(AHEAD);
        let end = if bytes < size { bytes } else { usize::MAX };
        let place = Place {
            #[cfg(target_arch = "x86_64")]
            pairs_until: 0,
            ..self.place
        };
        let place = decode(kernel, source, source.len(), stop, target, (size, end), place)?;
        self.place = place;
        if place.read < stop {
            return Ok(());
        }
        let rest = source.get(place.read..).unwrap_or_default();
        let mut padded = [0; 2 * AHEAD];
        padded.get_mut(..rest.len()).ok_or(CUT_OFF)?.copy_from_slice(rest);
        let place = Place { read: 0, ..place };
        let Place { written, .. } = decode(kernel, &padded, rest.len(), rest.len(), target, (size, usize::MAX), place)?;
        self.place = Place { read: source.len(), written, ..place };
        if written == size { Ok(()) } else { Err("it becomes fewer bytes than it says") }
    }
}

const CUT_OFF: Refusal = "it is cut off";
const TOO_LONG: Refusal = "it becomes more bytes than it says";

/// Decodes the elements that begin before `stop` of the source, and before `end` of the target, of which `size` bytes are the
/// block's, as the first `length` of `source` are.
fn decode(
    kernel: Kernel,
    source: &[u8],
    length: usize,
    stop: usize,
    target: &mut [u8],
    (size, end): (usize, usize),
    mut place: Place,
) -> Result<Place, Refusal> {
    let block = source.get(..length).unwrap_or(source);
    // Kernels go on for as long as they have room.
    let room = if end < size { end.saturating_add(ROOM).min(target.len()) } else { target.len() };
    while place.read < stop && place.written < end {
        place = elements::run(kernel, source, stop, target.get_mut(..room).unwrap_or_default(), place);
        if place.read < stop && place.written < end {
            place = element(block, target.get_mut(..size).unwrap_or_default(), place)?;
        }
    }
    if place.read > length {
        return Err(CUT_OFF);
    }
    if place.written > size { Err(TOO_LONG) } else { Ok(place) }
}

/// Decodes the element at `place`.
fn element(source: &[u8], target: &mut [u8], place: Place) -> Result<Place, Refusal> {
    let (tag, rest) = source.get(place.read..).and_then(<[u8]>::split_first).ok_or(CUT_OFF)?;
    let (done, room) = target.split_at_mut_checked(place.written).ok_or(TOO_LONG)?;
    let code = usize::from(tag >> 2);
    let (length, following) = match tag & 3 {
        0 => {
            let following = code.saturating_sub(59);
            let length = if following == 0 { code } else { number(rest, following)? };
            let length = length.checked_add(1).ok_or(TOO_LONG)?;
            let literal = rest.get(following..).and_then(|rest| rest.get(..length)).ok_or(CUT_OFF)?;
            room.get_mut(..length).ok_or(TOO_LONG)?.copy_from_slice(literal);
            (length, following.saturating_add(length))
        }
        kind => {
            let (length, offset, following) = match kind {
                1 => ((code & 7).saturating_add(4), (code >> 3 << 8) | number(rest, 1)?, 1),
                2 => (code.saturating_add(1), number(rest, 2)?, 2),
                _ => (code.saturating_add(1), number(rest, 4)?, 4),
            };
            let start = done.len().checked_sub(offset).filter(|_| offset > 0);
            let from = start.and_then(|start| done.get(start..)).ok_or("a copy begins before the first byte")?;
            // A copy of more bytes than lie behind its beginning repeats them.
            let to = room.get_mut(..length).ok_or(TOO_LONG)?;
            to.iter_mut().zip(from.iter().cycle()).for_each(|(to, from)| *to = *from);
            (length, following)
        }
    };
    let read = place.read.saturating_add(1).saturating_add(following);
    Ok(Place { read, written: place.written.saturating_add(length), ..place })
}

/// The number in the first `bytes` bytes, at most four, of `source`.
fn number(source: &[u8], bytes: usize) -> Result<usize, Refusal> {
    let bytes = source.get(..bytes).ok_or(CUT_OFF)?;
    Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}

/// The size at the beginning of a block, and where its elements begin.
fn preamble(source: &[u8]) -> Option<(u64, usize)> {
    let mut size = 0;
    for (byte, index) in source.iter().zip(0..5) {
        size |= u64::from(byte & 0x7f) << (7_u32.saturating_mul(index));
        if byte & 0x80 == 0 {
            return Some((size, index.saturating_add(1) as usize)).filter(|_| size <= u64::from(u32::MAX));
        }
    }
    None
}
