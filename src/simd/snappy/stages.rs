//! The same elements many at a time, with AVX-512 (VBMI), in three stages: where they begin, what they say, and moving their
//! bytes.
//!
//! No stage waits for another within a part of the source, and none has a branch that depends on what an element is, but for
//! elements that are long or repeat themselves. Where an element begins is not followed from tag to tag: in a window of 64
//! bytes are at most 32 elements, and whoever knows where the next, the second, fourth, eighth and sixteenth next begin
//! from every byte finds all 32 with five lookups. What one window has to know of the one before is one byte.
//!
//! Copies of what was written just before wait for the store that wrote it, whoever found them. Most often they are parts of
//! [`numbers`], which are looked for first. A block that is full of others is left to [`pairs`](super::pairs).

// As in `elements`.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap
)]

use std::arch::x86_64::*;

use super::elements::{Element, REPEAT_ROOM, WINDOW, move_16, repeat};
use super::said::{MOST, NEAR, REPEATS, Said, sums, widened};
use super::{Place, numbers, pairs};

const WINDOWS: usize = 8;

/// Bytes of the source whose elements go through the stages together.
const PART: usize = WINDOWS * WINDOW;

/// Bytes behind a part that its last elements may have: a literal of 60, and what is moved beyond it.
const BEHIND: usize = 2 * WINDOW;

/// Bytes of the source that are left to pairs where elements are copies from near, before they are looked at again.
const LEFT_TO_PAIRS: usize = 8 * PART;

/// Elements that are looked at one by one before a part is.
const SAMPLE: usize = 16;

/// Elements whose bytes are moved without looking at each.
const GROUP: usize = 8;

/// The elements of a part. Places are counted from the beginning of the target; literals are read from a copy of the source
/// there, so that one base is enough.
struct Elements {
    from: [u32; WINDOWS * MOST + MOST],
    to: [u32; WINDOWS * MOST + MOST],
    /// 0 where an element is moved by 16 bytes, or LONG, or REPEATS and the length.
    marks: [u8; WINDOWS * MOST + MOST],
    /// Where elements begin in each window, in order; from 64 on behind the window.
    starts: [[u8; MOST]; WINDOWS],
    /// For every byte of a window, if an element begins there: where the first one behind the window begins.
    behind: [u8; WINDOW],
}

/// How far a part is understood.
struct Understood {
    /// Elements that can be moved.
    count: usize,
    /// Of these, copies from near.
    near: usize,
    /// Bytes that are written behind the last of them.
    written: usize,
    /// Where in the part one begins that is left to the caller.
    left: Option<usize>,
}

/// Decodes elements until too little is left of `source` or `target` to take more of them without looking. Fails with the place
/// of an element that is left to the caller.
///
/// # Safety
/// The CPU has AVX-512; ROOM bytes of the target are written.
pub(super) unsafe fn run(source: &[u8], target: &mut [u8], mut place: Place) -> Result<Place, Place> {
    loop {
        let begin = place.read;
        // SAFETY: of the caller.
        unsafe {
            if place.read >= place.pairs_until {
                place = numbers::run(source, target, place)?;
                place = parts(source, target, place)?;
            }
            let end = source.len().min(place.pairs_until);
            place = pairs::run(&source[..end], target, place)?;
            // Neither has enough room.
            if end == source.len() || place.read == begin {
                return Ok(place);
            }
        }
        place.pairs_until = 0;
    }
}

/// As [`run`], until pairs suit the elements better, which the place says then.
///
/// # Safety
/// As for [`run`].
unsafe fn parts(source: &[u8], target: &mut [u8], place: Place) -> Result<Place, Place> {
    let Place { read: mut start, mut written, .. } = place;
    let staged = target.len().saturating_sub(PART + BEHIND);
    let fits = |start: usize| source.len().saturating_sub(start) >= PART + BEHIND;
    if !fits(start) || staged <= written || target.len() > i32::MAX as usize {
        return Ok(Place { pairs_until: usize::MAX, ..place });
    }
    // SAFETY: more than a tag and two bytes can be read.
    if unsafe { Element::at(source.as_ptr().add(start)) }.offset == 0 {
        return Err(place);
    }
    // SAFETY: a part and what is behind it can be read.
    if let Some(pairs_until) = unsafe { pairs_until(source, start) } {
        return Ok(Place { pairs_until, ..place });
    }
    let mut elements = Elements::NONE;
    let mut first = 0;
    while fits(start) {
        let part = source[start..].as_ptr();
        // SAFETY: a part and what is behind it can be read and, at `staged`, written; nothing of what is written stands there.
        // All places are in front of `staged`, with room behind them.
        unsafe {
            let next = elements.find(part, first);
            let understood = elements.understand(part, staged, written);
            if understood.written + REPEAT_ROOM > staged {
                break;
            }
            part.copy_to_nonoverlapping(target[staged..].as_mut_ptr(), PART + BEHIND);
            elements.move_all(&understood, target);
            written = understood.written;
            if let Some(left) = understood.left {
                return Err(Place { read: start + left, written, pairs_until: 0 });
            }
            start += PART;
            first = next;
            if understood.near > understood.count / 8 {
                return Ok(Place { read: start + first, written, pairs_until: start + LEFT_TO_PAIRS });
            }
        }
    }
    Ok(Place { read: start + first, written, pairs_until: usize::MAX })
}

/// Where to look again, if the next few elements are left to pairs: because many of them are copies from near, or because a part
/// would end soon.
///
/// # Safety
/// A part and BEHIND bytes can be read from `start` on.
unsafe fn pairs_until(source: &[u8], start: usize) -> Option<usize> {
    let (mut near, mut index) = (0, start);
    for _ in 0..SAMPLE {
        if index >= start + PART {
            break;
        }
        // SAFETY: of the caller.
        let element = unsafe { Element::at(source.as_ptr().add(index)) };
        if element.offset == 0 {
            return Some(index + PART);
        }
        near += usize::from(!element.is_literal && element.offset < NEAR);
        index += 1 + if element.is_literal { element.length } else { usize::from(source[index] & 3) };
    }
    (near > SAMPLE / 8).then_some(start + LEFT_TO_PAIRS)
}

impl Elements {
    const NONE: Self = Self {
        from: [0; WINDOWS * MOST + MOST],
        to: [0; WINDOWS * MOST + MOST],
        marks: [0; WINDOWS * MOST + MOST],
        starts: [[0; MOST]; WINDOWS],
        behind: [0; WINDOW],
    };

    /// Finds where the elements of the part at `source` begin, the first one of which does at `first`. Returns where the first
    /// one behind the part does, counted from the end of it.
    ///
    /// # Safety
    /// The CPU has AVX-512; a part can be read; `first` is below WINDOW.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    unsafe fn find(&mut self, source: *const u8, first: usize) -> usize {
        // SAFETY: there are places for more than two windows.
        let outside = unsafe { _mm512_loadu_si512(pairs::PLACES.as_ptr().add(WINDOW).cast()) };
        let mut first = first;
        for (window, starts) in self.starts.iter_mut().enumerate() {
            // SAFETY: of the caller.
            let next = unsafe { pairs::next_starts::<0>(source.add(window * WINDOW)) };
            // What is behind the window is its own next.
            let second = _mm512_permutex2var_epi8(next, next, outside);
            let fourth = _mm512_permutex2var_epi8(second, second, outside);
            let eighth = _mm512_permutex2var_epi8(fourth, fourth, outside);
            let sixteenth = _mm512_permutex2var_epi8(eighth, eighth, outside);
            let behind = _mm512_permutex2var_epi8(sixteenth, sixteenth, outside);
            // Each of the 32 goes as many steps as its number says, bit by bit.
            let all = _mm512_set1_epi8(first as i8);
            let all = _mm512_mask_permutexvar_epi8(all, 0xaaaa_aaaa, all, next);
            let all = _mm512_mask2_permutex2var_epi8(second, all, 0xcccc_cccc, outside);
            let all = _mm512_mask2_permutex2var_epi8(fourth, all, 0xf0f0_f0f0, outside);
            let all = _mm512_mask2_permutex2var_epi8(eighth, all, 0xff00_ff00, outside);
            let all = _mm512_mask2_permutex2var_epi8(sixteenth, all, 0xffff_0000, outside);
            // SAFETY: both have as many bytes.
            unsafe {
                _mm256_storeu_si256(starts.as_mut_ptr().cast(), _mm512_castsi512_si256(all));
                _mm512_storeu_si512(self.behind.as_mut_ptr().cast(), behind);
            }
            // A window is left by an element that ends at most 61 bytes behind it, or by one that is left to the caller.
            first = usize::from(self.behind[first]).saturating_sub(WINDOW) % WINDOW;
        }
        first
    }

    /// Reads what the elements of the part at `source` say, the first of which is written at `written`.
    ///
    /// # Safety
    /// The CPU has AVX-512; a part and BEHIND bytes can be read; `find` was asked for the part.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi,popcnt")]
    unsafe fn understand(&mut self, source: *const u8, staged: usize, written: usize) -> Understood {
        let (mut count, mut near, mut written) = (0, 0, written);
        for (window, starts) in self.starts.iter().enumerate() {
            // SAFETY: of the caller.
            let said = unsafe { Said::of(source.add(window * WINDOW), starts) };
            let (sums, total) = sums(said.lengths());
            let base = _mm512_set1_epi32(written as i32);
            let [sums_low, sums_high] = widened(sums);
            let to = [_mm512_add_epi32(base, sums_low), _mm512_add_epi32(base, sums_high)];
            let offsets = widened(said.offsets);
            let is_wrong = said.is_other | said.begins_outside(written, sums);

            // SAFETY: there is room for all elements that begin in a window behind those that began before.
            unsafe {
                let literals = _mm512_set1_epi32((staged + window * WINDOW + 1) as i32);
                let literals = said.starts.map(|starts| _mm512_add_epi32(literals, starts));
                let low = _mm512_mask_sub_epi32(literals[0], said.is_copy as u16, to[0], offsets[0]);
                let high = _mm512_mask_sub_epi32(literals[1], (said.is_copy >> 16) as u16, to[1], offsets[1]);
                let from = self.from.as_mut_ptr().add(count);
                _mm512_storeu_si512(from.cast(), low);
                _mm512_storeu_si512(from.add(16).cast(), high);
                let places = self.to.as_mut_ptr().add(count);
                _mm512_storeu_si512(places.cast(), to[0]);
                _mm512_storeu_si512(places.add(16).cast(), to[1]);
                _mm256_storeu_si256(self.marks.as_mut_ptr().add(count).cast(), said.marks());
            }
            if is_wrong != 0 {
                let right = is_wrong.trailing_zeros() as usize;
                count += right;
                let left = Some(window * WINDOW + usize::from(starts[right]));
                return Understood { count, near: 0, written: self.to[count] as usize, left };
            }
            count += said.is_one.count_ones() as usize;
            near += said.is_near.count_ones() as usize;
            written += total;
        }
        Understood { count, near, written, left: None }
    }

    /// Moves the bytes of all elements that are understood.
    ///
    /// # Safety
    /// REPEAT_ROOM bytes behind all that is written belong to the target, and the part with BEHIND bytes is copied to it.
    #[inline(never)]
    unsafe fn move_all(&mut self, understood: &Understood, target: &mut [u8]) {
        let Understood { count, written, .. } = *understood;
        // The last group is filled up with elements of nothing.
        self.from[count..][..GROUP].fill(0);
        self.to[count..][..GROUP].fill(written as u32);
        self.marks[count..][..GROUP].fill(0);
        let groups = self.from.as_chunks::<GROUP>().0.iter().zip(self.to.as_chunks::<GROUP>().0);
        let groups = groups.zip(self.marks.as_chunks::<GROUP>().0).take(count.div_ceil(GROUP));
        for ((from, to), marks) in groups {
            let group = from.iter().zip(to).map(|(from, to)| (*from as usize, *to as usize));
            let marked = u64::from_le_bytes(*marks);
            // SAFETY: ROOM bytes can be read where any element lies and written where it goes.
            unsafe {
                if marked == 0 {
                    group.for_each(|(from, to)| move_short(target, from, to));
                } else if marked & u64::from_le_bytes([REPEATS; GROUP]) == 0 {
                    group.for_each(|(from, to)| move_long(target, from, to));
                } else {
                    for ((from, to), mark) in group.zip(marks) {
                        match mark.checked_sub(REPEATS) {
                            Some(length) => {
                                let is_written = repeat(target, to, to - from, usize::from(length));
                                debug_assert!(is_written, "it is right, and has REPEAT_ROOM");
                            }
                            None => move_long(target, from, to),
                        }
                    }
                }
            }
        }
    }
}

/// Moves the bytes of an element of at most 16.
///
/// # Safety
/// The target has 16 bytes from either place on.
#[inline(always)]
unsafe fn move_short(target: &mut [u8], from: usize, to: usize) {
    let base = target.as_mut_ptr();
    // SAFETY: of the caller.
    unsafe { move_16(base.add(from), base.add(to)) }
}

/// Moves the bytes of any element that does not repeat itself.
///
/// # Safety
/// The target has 64 bytes from either place on.
#[inline(always)]
unsafe fn move_long(target: &mut [u8], from: usize, to: usize) {
    for step in [0, 16, 32, 48] {
        // SAFETY: of the caller.
        unsafe { move_short(target, from + step, to + step) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cpu;
    use super::*;

    /// It is here, not in pairs, that literals and copies from far are decoded.
    #[test]
    fn elements_are_taken_as_long_as_there_is_room() {
        if !cpu::has_avx512() {
            return;
        }
        let (mut source, mut becomes) = (Vec::new(), vec![7; 300]);
        for element in 0..1000u32 {
            let [a, b, ..] = element.to_le_bytes();
            source.extend([4 << 2, a, b, 1, 2, 3, 11 << 2 | 2, 250, 0]);
            becomes.extend([a, b, 1, 2, 3]);
            let start = becomes.len() - 250;
            becomes.extend_from_within(start..start + 12);
        }
        let mut target = becomes[..300].to_vec();
        target.resize(becomes.len() + PART + BEHIND + REPEAT_ROOM, 0);
        let place = Place { read: 0, written: 300, pairs_until: 0 };
        // SAFETY: the CPU has AVX-512; so much is written.
        let place = unsafe { parts(&source, &mut target, place) }.unwrap();
        assert!(source.len() - place.read < PART + BEHIND && place.pairs_until == usize::MAX, "{place:?}");
        assert_eq!(place.written, 300 + place.read / 9 * 17 + if place.read % 9 == 0 { 0 } else { 5 });
        assert!(target[..place.written] == becomes[..place.written]);
    }
}
