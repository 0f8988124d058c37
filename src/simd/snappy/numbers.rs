//! Numbers of eight bytes as they look in a block, eight at a time, with AVX-512 (VBMI): a literal of the one to four bytes in which a
//! number differs from one before it, and a copy of the others.
//!
//! Most often that is a number right before it, so that a copy would read what a store has just written, and what some other
//! store wrote before; it would wait until both have reached the cache. So what was written last stays in registers. A byte of
//! eight numbers is a byte of a literal, or lies in these registers, or is a copy of a byte of the same eight: then it is told where to find
//! it, and, as that may be a copy too, where that one was told, three times over. What lies further back is loaded.
//!
//! Where a number begins depends on the length of the one before it. For every byte of a part of the source it is computed
//! first how far the next, second and fourth next begin, if one begins there, so that two loads lead from eight numbers to the next
//! eight.

// Lengths, offsets and distances are single bytes, or at most 65 535, and places were compared with the slices.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap
)]

use std::arch::x86_64::*;

use super::Place;
use super::elements::{ROOM, WINDOW, element};

/// Bytes of the source for which distances are known at a time.
const PART: usize = 1024;

/// Bytes of the source behind the beginning of a part that can be read, for the distances at its end, which lead behind it.
const PART_AHEAD: usize = PART + 3 * WINDOW;

/// Numbers that are decoded together: as many as a register holds.
const GROUP: usize = 8;

/// Bytes that a group becomes.
const GROUP_BYTES: usize = GROUP * size_of::<u64>();

/// Most bytes of the source from where one number begins, or seems to, to the next.
const MOST_DISTANCE: usize = 9;

/// No group begins behind this place of a part: all that it consists of begins in the part.
const LAST_GROUP: usize = PART - (GROUP - 1) * MOST_DISTANCE - 1;

/// Bytes in front of a group that stay in registers.
const KEPT: usize = 4 * WINDOW;

/// Bytes of the target for a group, and two elements behind one that is broken off.
const GROUP_ROOM: usize = GROUP_BYTES + 3 * ROOM;

/// Parts that count for how many groups are broken off by something else.
const PARTS_COUNTED: u32 = 8;

/// Groups that may be broken off in these before numbers are given up ...
const MOST_BROKEN_OFF: u32 = 16 * PARTS_COUNTED;

/// ... and where most are copied from further back than is kept: elements of any kind in stages are hardly slower there.
const MOST_FAR_BROKEN_OFF: u32 = 4 * PARTS_COUNTED + 4;

/// Numbers that the first ones have to look like.
const SAMPLE: usize = 4;

/// The tag of a literal of one to four bytes has no other bits.
const LITERAL_TAGS: u8 = 3 << 2;

/// The tag of such a literal and that of a copy of the rest of eight bytes together, if its offset is of one byte ...
const SHORT_OFFSET: u8 = (8 - 4 - 1) << 2 | 1;

/// ... behind three bits of the tag, which this takes away, ...
const WITHOUT_OFFSET: u8 = 0x1f;

/// ... or of two.
const LONG_OFFSET: u8 = (8 - 2) << 2 | 2;

/// Decodes numbers as long as there are such, and hardly anything in between. Fails with the place of an element that is left
/// to the caller.
///
/// # Safety
/// The CPU has AVX-512 (VBMI); ROOM bytes of the target are written.
pub(super) unsafe fn run(source: &[u8], target: &mut [u8], mut place: Place) -> Result<Place, Place> {
    if !has_room(source, target, place) {
        return Ok(place);
    }
    if source[place.read] & 3 != 0 {
        // The rest of a number, perhaps.
        // SAFETY: there is room.
        let (read, written) = unsafe { one(source, target, place.read, place.written) }.ok_or(place)?;
        place = Place { read, written, ..place };
    }
    if !begins_with_numbers(&source[place.read..]) || !has_room(source, target, place) {
        return Ok(place);
    }
    // SAFETY: of the caller; there is room.
    unsafe { parts(source, target, place) }
}

/// True where a part that begins at `place` has all around it that [`parts`] wants.
fn has_room(source: &[u8], target: &[u8], place: Place) -> bool {
    let room = target.len().saturating_sub(place.written);
    source.len().saturating_sub(place.read) >= PART_AHEAD && place.written >= KEPT && room >= GROUP_ROOM
}

fn begins_with_numbers(source: &[u8]) -> bool {
    let mut at = 0;
    for _ in 0..SAMPLE {
        let tag = source[at];
        at += usize::from(tag >> 2) + 2;
        if tag & !LITERAL_TAGS != 0 {
            return false;
        }
        at += match tag.wrapping_add(source[at]) {
            LONG_OFFSET => 3,
            both if both & WITHOUT_OFFSET == SHORT_OFFSET => 2,
            _ => return false,
        };
    }
    true
}

/// Decodes the element at `at` and says where the next one is and how much is written then, unless it is left to the caller.
///
/// # Safety
/// ROOM bytes behind its tag can be read, and ROOM written behind what is, which is ROOM at least.
#[inline(always)]
unsafe fn one(source: &[u8], target: &mut [u8], at: usize, written: usize) -> Option<(usize, usize)> {
    // SAFETY: of the caller.
    let written = unsafe { element::<false>(source.as_ptr().add(at), target, written) }?;
    let tag = source[at];
    let bytes = if tag & 3 == 0 { usize::from(tag >> 2) + 2 } else { usize::from(tag & 3) + 1 };
    Some((at + bytes, written))
}

/// As [`run`], of what begins with numbers.
///
/// # Safety
/// The CPU has AVX-512 (VBMI); the place [has room](has_room).
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
unsafe fn parts(source: &[u8], target: &mut [u8], mut place: Place) -> Result<Place, Place> {
    let mut distances = Distances::NONE;
    // SAFETY: so much is written.
    let mut kept = unsafe { Kept::load(target, place.written) };
    let mut broken_off: u32 = 0;
    while has_room(source, target, place) {
        let part = &source[place.read..];
        let (mut at, mut written) = (0, place.written);
        let (mut near, mut far) = (0, 0);
        broken_off -= broken_off / PARTS_COUNTED;
        // SAFETY: of the caller, and as the loop sees to it.
        unsafe {
            distances.fill(part.as_ptr());
            while at <= LAST_GROUP && target.len() - written >= GROUP_ROOM {
                let [middle, end] = distances.of_halves(at);
                let to = target.as_mut_ptr().add(written);
                let group = Group::read(part.as_ptr(), &distances, at, middle);
                let (numbers, are_near, are_right) = group.decode(&kept, to, written);
                _mm512_storeu_si512(to.cast(), numbers);
                *(if are_near == u8::MAX { &mut near } else { &mut far }) += 1;
                if are_right == u8::MAX {
                    kept.push(numbers);
                    (at, written) = (end, written + GROUP_BYTES);
                    continue;
                }
                broken_off += 1;
                for _ in 0..are_right.trailing_ones() {
                    (at, written) = (at + distances.of_next(at), written + size_of::<u64>());
                }
                // Something else: a copy, or a literal and what follows it.
                let is_literal = part[at] & 3 == 0;
                (at, written) =
                    one(part, target, at, written).ok_or(Place { read: place.read + at, written, ..place })?;
                if is_literal {
                    (at, written) =
                        one(part, target, at, written).ok_or(Place { read: place.read + at, written, ..place })?;
                }
                kept = Kept::load(target, written);
            }
        }
        place = Place { read: place.read + at, written, ..place };
        if broken_off > if far > near { MOST_FAR_BROKEN_OFF } else { MOST_BROKEN_OFF } {
            break;
        }
    }
    Ok(place)
}

/// For every byte of a part, if a number begins there: how far behind it others do. If none does they have some distance too.
struct Distances {
    next: [u8; PART],
    second: [u8; PART],
    fourth: [u8; PART],
}

impl Distances {
    const NONE: Self = Self { next: [0; PART], second: [0; PART], fourth: [0; PART] };

    /// Fills those of the part at `source`. Each kind is looked up in the one before, also in the window behind: so the first kind is
    /// computed two windows ahead, the second kind one.
    ///
    /// # Safety
    /// The CPU has AVX-512 (VBMI); PART_AHEAD bytes can be read.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    unsafe fn fill(&mut self, source: *const u8) {
        // SAFETY: of the caller.
        let window = |number: usize| unsafe { _mm512_loadu_si512(source.add(number * WINDOW).cast()) };
        let behind = |places| _mm512_add_epi8(places, _mm512_set1_epi8(WINDOW as i8));
        let places = load(&PLACES);
        let mut second_window = window(2);
        let mut next = next_numbers(window(0), window(1));
        let mut next_behind = next_numbers(window(1), second_window);
        let mut second = _mm512_permutex2var_epi8(next, next, behind(next_behind));
        let all = self.next.as_chunks_mut().0.iter_mut();
        let all = all.zip(self.second.as_chunks_mut().0).zip(self.fourth.as_chunks_mut().0);
        for (number, ((to_next, to_second), to_fourth)) in all.enumerate() {
            let third_window = window(number + 3);
            let next_of_second = next_numbers(second_window, third_window);
            let second_behind = _mm512_permutex2var_epi8(next_behind, next_behind, behind(next_of_second));
            let fourth = _mm512_permutex2var_epi8(second, second, behind(second_behind));
            store(to_next, _mm512_sub_epi8(next, places));
            store(to_second, _mm512_sub_epi8(second, places));
            store(to_fourth, _mm512_sub_epi8(fourth, places));
            (next, next_behind, second, second_window) = (next_behind, next_of_second, second_behind, third_window);
        }
    }

    #[inline(always)]
    fn of_next(&self, at: usize) -> usize {
        usize::from(self.next[at])
    }

    /// Where the second half of the group at `at` begins, and where the next group does.
    #[inline(always)]
    fn of_halves(&self, at: usize) -> [usize; 2] {
        let middle = at + usize::from(self.fourth[at]);
        [middle, middle + usize::from(self.fourth[middle])]
    }

    /// Where the half of a group at `at` has its numbers.
    #[inline(always)]
    fn of_half(&self, at: usize) -> [usize; 4] {
        let third = at + usize::from(self.second[at]);
        [at, at + self.of_next(at), third, third + self.of_next(third)]
    }
}

/// For every byte of a window of the source: where the next number begins, counted from the beginning of the window, if one
/// begins there.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
fn next_numbers(window: __m512i, behind: __m512i) -> __m512i {
    let length_less_one = _mm512_and_si512(_mm512_srli_epi16::<2>(window), _mm512_set1_epi8(3));
    let copies = _mm512_add_epi8(load(&PLACES_BEHIND), length_less_one);
    let copy_tags = _mm512_permutex2var_epi8(window, copies, behind);
    let kinds = _mm512_and_si512(copy_tags, _mm512_set1_epi8(3));
    _mm512_add_epi8(_mm512_add_epi8(copies, _mm512_set1_epi8(1)), kinds)
}

/// What was written last, in registers: the last 64 bytes first.
struct Kept([__m512i; 4]);

impl Kept {
    /// # Safety
    /// KEPT bytes are written.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn load(target: &[u8], written: usize) -> Self {
        // SAFETY: of the caller.
        let load = |back: usize| unsafe { _mm512_loadu_si512(target.as_ptr().add(written - back * WINDOW).cast()) };
        Self([load(1), load(2), load(3), load(4)])
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn push(&mut self, last: __m512i) {
        let [first, second, third, _] = self.0;
        self.0 = [last, first, second, third];
    }

    /// Looks up bytes by where they are counted from the end, less 256.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn look_up(&self, places: __m512i) -> __m512i {
        let [first, second, third, fourth] = self.0;
        let later = _mm512_permutex2var_epi8(second, places, first);
        let sooner = _mm512_permutex2var_epi8(fourth, places, third);
        _mm512_mask_mov_epi8(sooner, _mm512_movepi8_mask(places), later)
    }
}

/// Eight bytes of the source from where each number of a group begins: its tag, its literal, and the copy as far as it matters.
struct Group(__m512i);

impl Group {
    /// # Safety
    /// The group begins at most at LAST_GROUP of the part at `part`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq")]
    unsafe fn read(part: *const u8, distances: &Distances, at: usize, middle: usize) -> Self {
        // SAFETY: each begins in the part, with more than eight bytes behind it.
        let read = |place| unsafe { part.add(place).cast::<i64>().read_unaligned() };
        let [first, second, third, fourth] = distances.of_half(at).map(read);
        let low = _mm256_set_epi64x(fourth, third, second, first);
        let [first, second, third, fourth] = distances.of_half(middle).map(read);
        let high = _mm256_set_epi64x(fourth, third, second, first);
        Self(_mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high))
    }

    /// The numbers; a bit for each that says if it is one that is copied from what is kept, or from the group; and one that says
    /// if it is one and right.
    ///
    /// # Safety
    /// `to` is where the first is to be written, behind `written` bytes of the target, which are KEPT at least.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vbmi")]
    unsafe fn decode(&self, kept: &Kept, to: *const u8, written: usize) -> (__m512i, u8, u8) {
        let elements = self.0;
        let first_byte = _mm512_set1_epi64(0xff);
        // A tag holds four times what its literal has more than one byte.
        let tags = _mm512_and_si512(elements, first_byte);
        let copies = _mm512_srlv_epi64(elements, _mm512_add_epi64(_mm512_add_epi64(tags, tags), _mm512_set1_epi64(16)));
        let both_tags = _mm512_and_si512(_mm512_add_epi8(elements, copies), first_byte);
        let offsets = _mm512_shuffle_epi8(copies, load(&SECOND_BYTES));
        let has_literal = _mm512_testn_epi64_mask(elements, _mm512_set1_epi64(i64::from(!LITERAL_TAGS)));
        let is_near = _mm512_mask_cmpeq_epi64_mask(has_literal, both_tags, _mm512_set1_epi64(i64::from(SHORT_OFFSET)));
        let is_near = _mm512_mask_cmpge_epu64_mask(is_near, offsets, _mm512_set1_epi64(8 << 56));

        let is_literal = _mm512_cmple_epu8_mask(load(&BYTE_TAGS), _mm512_shuffle_epi8(elements, load(&FIRST_BYTES)));
        let places = load(&PLACES);
        let sources = _mm512_sub_epi8(places, offsets);
        let mut copied = kept.look_up(sources);
        let mut is_inside = _mm512_cmple_epu8_mask(offsets, places) & !is_literal;
        let mut are_right = is_near;
        if is_near != u8::MAX {
            let far = Far::of(copies, both_tags, has_literal, written);
            let from = _mm512_sub_epi64(load(&NUMBER_PLACES), far.offsets);
            // SAFETY: these offsets are KEPT at least, so the bytes are in front of `to`, and at most what is written.
            copied = unsafe { _mm512_mask_i64gather_epi64::<1>(copied, far.is_far, from, to.cast()) };
            is_inside &= !_mm512_movepi8_mask(_mm512_maskz_set1_epi64(far.is_far, -1));
            are_right |= far.is_far;
        }
        let literals = _mm512_srli_epi64::<8>(elements);
        let bytes = _mm512_mask_mov_epi8(copied, is_literal, literals);
        // A number's source inside is the one before or further off, so that no chain of them is longer than eight.
        let sources = _mm512_mask_mov_epi8(places, is_inside, sources);
        let sources = _mm512_permutexvar_epi8(sources, sources);
        let sources = _mm512_permutexvar_epi8(sources, sources);
        let sources = _mm512_permutexvar_epi8(sources, sources);
        (_mm512_permutexvar_epi8(sources, bytes), is_near, are_right)
    }
}

/// Which numbers are copied from further back than is kept, and how far that is.
struct Far {
    is_far: u8,
    offsets: __m512i,
}

impl Far {
    /// `copies` begin with the tag.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    fn of(copies: __m512i, both_tags: __m512i, has_literal: u8, written: usize) -> Self {
        let is_long = _mm512_cmpeq_epi64_mask(both_tags, _mm512_set1_epi64(i64::from(LONG_OFFSET)));
        let without_offset = _mm512_and_si512(both_tags, _mm512_set1_epi64(i64::from(WITHOUT_OFFSET)));
        let is_short = _mm512_cmpeq_epi64_mask(without_offset, _mm512_set1_epi64(i64::from(SHORT_OFFSET)));
        // Bits of the second byte, and of the third; or, of a short one, those of the tag from bit 5 on, with others behind them.
        let fields = _mm512_mask_mov_epi64(_mm512_set1_epi64(0x0508), is_long, _mm512_set1_epi64(0x1008));
        let most = _mm512_mask_mov_epi64(_mm512_set1_epi64(0x07ff), is_long, _mm512_set1_epi64(0xffff));
        let offsets = _mm512_and_si512(_mm512_multishift_epi64_epi8(fields, copies), most);
        let kept = _mm512_set1_epi64(KEPT as i64);
        let most_behind_kept = _mm512_set1_epi64((written - KEPT) as i64);
        let is_number = (is_long | is_short) & has_literal;
        let is_far = _mm512_mask_cmple_epu64_mask(is_number, _mm512_sub_epi64(offsets, kept), most_behind_kept);
        Self { is_far, offsets }
    }
}

/// Bytes of a register.
#[repr(align(64))]
struct Bytes([u8; WINDOW]);

impl Bytes {
    /// Each byte told by its place: that of its number, and that within the number.
    const fn of(start: u8, per_number: u8, per_byte: u8) -> Self {
        let mut bytes = [0; WINDOW];
        let mut at = 0;
        while at < WINDOW {
            bytes[at] = start + at as u8 / 8 * per_number + at as u8 % 8 * per_byte;
            at += 1;
        }
        Self(bytes)
    }
}

static PLACES: Bytes = Bytes::of(0, 8, 1);

/// Places behind a tag and a byte.
static PLACES_BEHIND: Bytes = Bytes::of(2, 8, 1);

/// For each byte of a number the tag of the shortest literal that it belongs to.
static BYTE_TAGS: Bytes = Bytes::of(0, 0, 4);

/// The first byte of each number, for a lookup within 16 bytes, which takes places modulo 16.
static FIRST_BYTES: Bytes = Bytes::of(0, 8, 0);

static SECOND_BYTES: Bytes = Bytes::of(1, 8, 0);

/// The places of numbers, as numbers.
static NUMBER_PLACES: Bytes = {
    let mut bytes = [0; WINDOW];
    let mut number = 0;
    while number < GROUP {
        bytes[number * 8] = number as u8 * 8;
        number += 1;
    }
    Bytes(bytes)
};

#[inline]
#[target_feature(enable = "avx512f")]
fn load(bytes: &Bytes) -> __m512i {
    // SAFETY: there are 64 bytes.
    unsafe { _mm512_load_si512(bytes.0.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn store(to: &mut [u8; WINDOW], bytes: __m512i) {
    // SAFETY: there are 64 bytes.
    unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), bytes) }
}

#[cfg(test)]
mod tests {
    use super::super::cpu;
    use super::*;

    /// So many numbers of eight bytes, of which three are others than in the number before; and what they become.
    fn numbers(count: u32) -> (Vec<u8>, Vec<u8>) {
        let (mut source, mut becomes) = (Vec::new(), vec![7; KEPT]);
        for number in 0..count {
            let [a, b, c, _] = number.wrapping_mul(0x0101_0307).to_le_bytes();
            source.extend([2 << 2, a, b, c, (5 - 4) << 2 | 1, 8]);
            becomes.extend([a, b, c]);
            let start = becomes.len() - 8;
            becomes.extend_from_within(start..start + 5);
        }
        (source, becomes)
    }

    /// It is here, not by what stands in for it, that numbers are decoded.
    #[test]
    fn numbers_are_taken_as_long_as_there_is_room() {
        if !cpu::has_avx512() {
            return;
        }
        let (source, becomes) = numbers(1000);
        let mut target = becomes[..KEPT].to_vec();
        target.resize(becomes.len() + GROUP_ROOM, 0);
        let place = Place { read: 0, written: KEPT, pairs_until: 0 };
        // SAFETY: the CPU has AVX-512; so much is written.
        let place = unsafe { run(&source, &mut target, place) }.unwrap();
        assert!(source.len() - place.read < PART_AHEAD, "{place:?}");
        assert_eq!(place.written, KEPT + place.read / 6 * 8);
        assert!(target[..place.written] == becomes[..place.written]);
    }
}
