//! The elements that most of a Snappy block is made of, as fast as they can be told apart: literals of at most 60 bytes,
//! and copies with an offset of one or two bytes.
//!
//! Where an element begins depends on the length of the one before it, and elements are short: 6 bytes on average in
//! tables. Finding the next tag is therefore what takes the time, and a branch on the kind of an element is guessed wrongly
//! too often. So for every byte of the source it is computed first, many bytes at a time, where the next element begins if one
//! begins here ([`next_starts`]); following these is a load per element. That is done a window ahead, since a byte that is
//! loaded while the vector it was stored with has not reached the cache takes longer. Literals and copies then take the
//! same way: 16 bytes, or 64, are moved from wherever the element says, and what is too much is overwritten by the next.
//! Where the CPU looks up 64 bytes at once, most elements are taken many at a time, in [`stages`], or in [`pairs`].

// Whatever the bytes are, lengths are at most 64, offsets at most 65 535 and positions were compared with the slices.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::hint::select_unpredictable;

use super::{Kernel, Place};
#[cfg(target_arch = "x86_64")]
use super::{pairs, stages};

/// Bytes of the source whose following tags are found at a time.
pub(super) const WINDOW: usize = 64;

/// Bytes of the source behind the beginning of any element here that can be read: what is left of its window, its tag, and
/// as many bytes as are moved.
pub(super) const AHEAD: usize = 2 * WINDOW;

/// Bytes from where an element is written on that may be overwritten. No element here becomes more.
pub(super) const ROOM: usize = 64;

/// Most bytes that the elements which begin in `bytes` bytes of the source become: copies of 64 bytes, three bytes each, are
/// the densest.
pub(super) const fn most_written(bytes: usize) -> usize {
    bytes.div_ceil(3) * 64
}

/// As [`ROOM`], where an element repeats what is nearer to it than 16 bytes.
pub(super) const REPEAT_ROOM: usize = ROOM + 16;

/// What tags say. One that is not decoded here has an offset of 0, for which every length is too large.
struct Tags {
    /// The bits of the offset that a tag holds itself (bits 16 to 31), and which of the two bytes behind it are the rest of
    /// the offset (a mask in bits 0 to 15). A literal has the smallest offset that every length passes for.
    offsets: [u32; 256],
    lengths: [u8; 256],
}

static TAGS: Tags = Tags::new();

impl Tags {
    const fn new() -> Self {
        let mut tags = Self { offsets: [0; 256], lengths: [1; 256] };
        let mut tag = 0;
        while tag < 256 {
            let code = tag as u8 >> 2;
            (tags.offsets[tag], tags.lengths[tag]) = match tag & 3 {
                0 if code < 60 => ((ROOM as u32) << 16, code + 1),
                1 => ((code as u32 >> 3) << 24 | 0xff, (code & 7) + 4),
                2 => (0xffff, code + 1),
                _ => (0, 1),
            };
            tag += 1;
        }
        tags
    }
}

/// What the tag of an element says.
pub(super) struct Element {
    pub(super) is_literal: bool,
    pub(super) length: usize,
    /// How far in front of a copy its bytes lie. That of a literal passes for any length; where nothing here decodes an
    /// element it is 0.
    pub(super) offset: usize,
}

impl Element {
    /// The element at `source`.
    ///
    /// # Safety
    /// The tag and two bytes behind it can be read.
    #[inline(always)]
    pub(super) unsafe fn at(source: *const u8) -> Self {
        // SAFETY: of the caller.
        let (tag, following) = unsafe { (source.read(), source.add(1).cast::<[u8; 2]>().read()) };
        let entry = TAGS.offsets[usize::from(tag)];
        let offset = (entry >> 16) + (u32::from(u16::from_le_bytes(following)) & entry);
        let length = usize::from(TAGS.lengths[usize::from(tag)]);
        Self { is_literal: tag & 3 == 0, length, offset: offset as usize }
    }
}

/// Decodes elements that begin before `stop`, until one comes that is left to the caller: a literal of more than 60 bytes,
/// an offset of four bytes, a copy that is wrong, or anything within `ROOM` of the beginning of the target or in front of
/// its end. Behind `stop`, `source` has AHEAD bytes or nothing is decoded.
///
/// An element may end behind `stop`; more may have been written than the caller wants.
pub(super) fn run(kernel: Kernel, source: &[u8], stop: usize, target: &mut [u8], place: Place) -> Place {
    if place.read >= stop || place.written < ROOM || source.len().saturating_sub(stop) < AHEAD {
        return place;
    }
    match kernel {
        Kernel::OneByOne => one_by_one(source, stop, target, place),
        #[cfg(target_arch = "x86_64")]
        Kernel::Pairs => {
            // SAFETY: only a CPU with AVX-512 is given this kernel; ROOM bytes are written.
            match unsafe { pairs::run(&source[..stop], target, place) } {
                Ok(place) => one_by_one(source, stop, target, place),
                Err(left) => left,
            }
        }
        #[cfg(target_arch = "x86_64")]
        Kernel::Stages => {
            // SAFETY: as for pairs.
            match unsafe { stages::run(&source[..stop], target, place) } {
                Ok(place) => one_by_one(source, stop, target, place),
                Err(left) => left,
            }
        }
    }
}

/// As [`run`], where `source` has AHEAD bytes behind `stop` and ROOM bytes are written.
fn one_by_one(source: &[u8], stop: usize, target: &mut [u8], place: Place) -> Place {
    let Place { read: mut start, mut written, .. } = place;
    let Some(last) = target.len().checked_sub(ROOM) else { return place };
    let mut starts = [[0; WINDOW]; 2];
    let [current, ahead] = &mut starts;
    let (mut current, mut ahead) = (current, ahead);
    next_starts(&source[start..], current);
    // The next element begins so many bytes behind `start`.
    let mut index = 0;
    while start < stop {
        let Some(bytes) = source[start..].first_chunk::<AHEAD>() else { break };
        next_starts(&bytes[WINDOW..], ahead);
        let window = Window { bytes, starts: current, end: (stop - start).min(WINDOW) };
        // SAFETY: `written` is as it has to be; the condition is that of the unbounded loop.
        (index, written) = unsafe {
            if last.saturating_sub(written) >= most_written(WINDOW) {
                window.run::<false>(target, index, written)
            } else {
                window.run::<true>(target, index, written)
            }
        };
        if index < WINDOW {
            break;
        }
        start += WINDOW;
        index -= WINDOW;
        std::mem::swap(&mut current, &mut ahead);
    }
    Place { read: start + index, written, ..place }
}

/// A part of the source, and where the elements behind those that begin in it begin.
struct Window<'a> {
    bytes: &'a [u8; AHEAD],
    starts: &'a [u8; WINDOW],
    /// Elements that begin from here on are left.
    end: usize,
}

impl Window<'_> {
    /// Decodes elements from the one at `index` on, and says which the next one is and how much is written then. One that
    /// begins in front of `end` is not decoded here.
    ///
    /// # Safety
    /// `written` is at least ROOM, and the target has as many bytes. Where the loop is not `BOUNDED`, it has `most_written` of a
    /// window and ROOM more.
    #[inline(always)]
    unsafe fn run<const BOUNDED: bool>(
        &self,
        target: &mut [u8],
        mut index: usize,
        mut written: usize,
    ) -> (usize, usize) {
        while index < self.end {
            // SAFETY: behind the element's first byte the window has AHEAD bytes less WINDOW; without bounds the target has ROOM.
            let Some(after) = (unsafe { element::<BOUNDED>(self.bytes.as_ptr().add(index), target, written) }) else {
                break;
            };
            written = after;
            index = usize::from(self.starts[index]);
        }
        (index, written)
    }
}

/// Decodes the element at `source` and says how much is written then, `written` being so before; `None` where it is left to
/// the caller.
///
/// # Safety
/// ROOM bytes behind the tag can be read. `written` is at least ROOM, and the target has as many bytes; unless this is
/// `BOUNDED` it has ROOM more.
#[inline(always)]
pub(super) unsafe fn element<const BOUNDED: bool>(
    source: *const u8,
    target: &mut [u8],
    written: usize,
) -> Option<usize> {
    // SAFETY: a tag and two bytes behind it can be read.
    let Element { is_literal, length, offset } = unsafe { Element::at(source) };
    // An offset below `length` wraps, and so is too large as well.
    if offset.wrapping_sub(length) > written - length || BOUNDED && target.len() - written < ROOM {
        return repeat(target, written, offset, length).then_some(written + length);
    }
    let to = target.as_mut_ptr().wrapping_add(written);
    let from = select_unpredictable(is_literal, source.wrapping_add(1), to.wrapping_sub(offset).cast_const());
    // SAFETY: ROOM bytes can be written. As many can be read behind the tag, where a literal begins. A copy begins in the
    // target, because `offset` is at most `written`, and so has ROOM bytes behind its beginning too.
    unsafe {
        move_16(from, to);
        if length > 16 {
            move_16(from.add(16), to.add(16));
            move_16(from.add(32), to.add(32));
            move_16(from.add(48), to.add(48));
        }
    }
    Some(written + length)
}

/// Where the next element begins, counted from the front of `source`, if one begins at its first byte, at its second, and
/// so on. Elements that are not decoded here have any.
#[inline(always)]
fn next_starts(source: &[u8], starts: &mut [u8; WINDOW]) {
    for ((start, tag), index) in starts.iter_mut().zip(source).zip(0..) {
        let kind = tag & 3;
        *start = index + if kind == 0 { (tag >> 2) + 2 } else { kind + 1 };
    }
}

/// Moves 16 bytes.
///
/// # Safety
/// 16 initialised bytes can be read at `from`, and as many written at `to`.
#[inline(always)]
pub(super) unsafe fn move_16(from: *const u8, to: *mut u8) {
    // SAFETY: of the caller. The bytes are all read before the first is written, so they may overlap.
    unsafe { to.cast::<u128>().write_unaligned(from.cast::<u128>().read_unaligned()) }
}

/// Writes a copy that is longer than its offset, unless it is wrong or too near to the end of `target`.
#[inline(never)]
pub(super) fn repeat(target: &mut [u8], written: usize, offset: usize, length: usize) -> bool {
    if offset == 0 || offset >= length || target.len().saturating_sub(written) < REPEAT_ROOM {
        return false;
    }
    let around = &mut target[written - offset..][..offset + REPEAT_ROOM];
    if offset >= 16 {
        for from in [0, 16, 32, 48] {
            around.copy_within(from..from + 16, from + offset);
        }
        return true;
    }
    if let (8, Some(number)) = (offset, around.first_chunk::<8>().copied()) {
        // Numbers of eight bytes that are repeated need no pattern.
        if let Some(to) = around[8..].first_chunk_mut::<64>() {
            to.as_chunks_mut().0.fill(number);
        }
        return true;
    }
    let pattern = pattern(around, offset).to_le_bytes();
    if offset.is_power_of_two() {
        // Values that are repeated: without a branch on how often.
        if let Some(to) = around[offset..].first_chunk_mut::<64>() {
            to.as_chunks_mut().0.fill(pattern);
        }
        return true;
    }
    // As many bytes at a time as are whole repetitions.
    let step = 16 - 16 % offset;
    for to in (offset..offset + length).step_by(step) {
        if let Some(to) = around[to..].first_chunk_mut::<16>() {
            *to = pattern;
        }
    }
    true
}

/// The first `offset` bytes, at most 15, of `source` again and again.
#[inline(always)]
fn pattern(source: &[u8], offset: usize) -> u128 {
    // No more is loaded than has to be: what was just stored by one instruction is there sooner.
    let unit = if offset <= 8 {
        let first = source.first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
        u128::from(first & (u64::MAX >> (64 - 8 * offset)))
    } else {
        let first = source.first_chunk().map_or(0, |first| u128::from_le_bytes(*first));
        first & (u128::MAX >> (128 - 8 * offset))
    };
    unit.wrapping_mul(REPEATED[offset])
}

/// What a number of so many bytes is multiplied with to be repeated in 16 bytes.
static REPEATED: [u128; 16] = repeated();

const fn repeated() -> [u128; 16] {
    let mut factors = [0; 16];
    let mut bytes = 1;
    while bytes < 16 {
        let mut at = 0;
        while at < 16 {
            factors[bytes] |= 1 << (8 * at);
            at += bytes;
        }
        bytes += 1;
    }
    factors
}
