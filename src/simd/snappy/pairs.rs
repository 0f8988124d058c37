//! The same elements two at a time, with AVX-512 (VBMI).
//!
//! One instruction looks up 64 bytes, so where the element after the next one begins is computed for every byte of the
//! source too. Following that is a load for two elements; what is between them is found by a load that nothing waits for.

// As in `elements`.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::arch::x86_64::*;

use super::Place;
use super::elements::{ROOM, WINDOW, element, most_written};

/// Bytes of the source whose elements are decoded before more are found: two windows, since a count of elements is guessed
/// wrongly at the end of each.
const SPAN: usize = 2 * WINDOW;

/// Bytes of the source from the beginning of a span that can be read, for the tables of the next one.
const SPAN_AHEAD: usize = 2 * SPAN + WINDOW;

/// Bytes of the target that the elements of a span become, and one that begins in it behind another, with what may be
/// overwritten behind them.
const SPAN_ROOM: usize = most_written(SPAN) + 64 + ROOM;

/// Where elements begin, counted from the beginning of a span, if one begins at each of its bytes.
#[repr(align(64))]
struct Tables {
    /// The next one.
    next: [u8; SPAN],
    /// For the window behind the span as well: that is the first one of the next span.
    next_behind: [u8; WINDOW],
    /// The one behind the next one.
    second_next: [u8; SPAN],
}

impl Tables {
    const EMPTY: Self = Self { next: [0; SPAN], next_behind: [0; WINDOW], second_next: [0; SPAN] };

    /// Fills those of the span at `source`. A function of its own: where elements are decoded, registers of 64 bytes would be in
    /// the way.
    ///
    /// # Safety
    /// The CPU has AVX-512; a span and a window can be read. `previous` are those of the span before.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    unsafe fn fill(&mut self, source: *const u8, previous: &Self) {
        // SAFETY: so much can be read; the tables have one window or two.
        unsafe {
            let first = _mm512_loadu_si512(previous.next_behind.as_ptr().cast());
            let first = _mm512_sub_epi8(first, _mm512_set1_epi8(SPAN as i8));
            let second = next_starts::<WINDOW>(source);
            let behind = next_starts::<SPAN>(source);
            let next = self.next.as_mut_ptr();
            _mm512_storeu_si512(next.cast(), first);
            _mm512_storeu_si512(next.add(WINDOW).cast(), second);
            _mm512_storeu_si512(self.next_behind.as_mut_ptr().cast(), behind);
            // An element here ends at most 61 bytes behind where it begins, so that the window behind knows the next one. What
            // is looked up are places modulo two windows.
            let second_next = self.second_next.as_mut_ptr();
            _mm512_storeu_si512(second_next.cast(), _mm512_permutex2var_epi8(first, first, second));
            _mm512_storeu_si512(second_next.add(WINDOW).cast(), _mm512_permutex2var_epi8(behind, second, second));
        }
    }

    /// Before the span at `source` there is none.
    ///
    /// # Safety
    /// As for [`Tables::fill`].
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    unsafe fn fill_first(&mut self, source: *const u8) {
        let mut none = Self::EMPTY;
        // SAFETY: of the caller; the places are those of the window behind a span that ends at `source`.
        unsafe {
            let behind = next_starts::<SPAN>(source.wrapping_sub(SPAN));
            _mm512_storeu_si512(none.next_behind.as_mut_ptr().cast(), behind);
            self.fill(source, &none);
        }
    }
}

/// For the window `BEHIND` bytes behind `source`: where the next element begins if one begins at each of its bytes, counted
/// from `source`.
///
/// # Safety
/// The CPU has AVX-512; the window can be read.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
pub(super) unsafe fn next_starts<const BEHIND: usize>(source: *const u8) -> __m512i {
    // SAFETY: of the caller; there are places for three windows, and for one byte more.
    let (tags, first, second) = unsafe {
        let places = PLACES.as_ptr().add(BEHIND);
        (
            _mm512_loadu_si512(source.wrapping_add(BEHIND).cast()),
            _mm512_loadu_si512(places.add(1).cast()),
            _mm512_loadu_si512(places.add(2).cast()),
        )
    };
    // A copy: its kind says how many bytes follow the tag. A literal: what its tag holds is the number of its bytes less one.
    let kinds = _mm512_and_si512(tags, _mm512_set1_epi8(3));
    let codes = _mm512_and_si512(_mm512_srli_epi16::<2>(tags), _mm512_set1_epi8(0x3f));
    _mm512_mask_add_epi8(_mm512_add_epi8(first, kinds), _mm512_testn_epi8_mask(kinds, kinds), second, codes)
}

/// Places of a span, of the window behind it, and of two bytes more.
pub(super) static PLACES: [u8; SPAN + WINDOW + 2] = {
    let mut places = [0; SPAN + WINDOW + 2];
    let mut place = 0;
    while place < places.len() {
        places[place] = place as u8;
        place += 1;
    }
    places
};

/// True where a span that begins at `place` has all that [`run`] wants around it.
fn has_room(source: &[u8], target: &[u8], place: Place) -> bool {
    source.len().saturating_sub(place.read) >= SPAN_AHEAD && target.len().saturating_sub(place.written) >= SPAN_ROOM
}

/// Decodes elements until too little is left of `source` or `target` to take more of them without looking. Fails with the place
/// of an element that is left to the caller.
///
/// # Safety
/// The CPU has AVX-512; ROOM bytes of the target are written.
pub(super) unsafe fn run(source: &[u8], target: &mut [u8], place: Place) -> Result<Place, Place> {
    let Place { read: mut start, written, .. } = place;
    if !has_room(source, target, place) {
        return Ok(place);
    }
    let mut tables = [Tables::EMPTY; 2];
    let [current, ahead] = &mut tables;
    let (mut current, mut ahead) = (current, ahead);
    // SAFETY: SPAN_AHEAD bytes can be read.
    unsafe { current.fill_first(source.as_ptr().add(start)) };
    let mut at = At { index: 0, written };
    while has_room(source, target, Place { read: start, written: at.written, ..place }) {
        let span = Span { source: source.as_ptr().wrapping_add(start), tables: current };
        // SAFETY: SPAN_AHEAD bytes can be read, and SPAN_ROOM written.
        unsafe {
            ahead.fill(span.source.add(SPAN), current);
            at = span.decode(target, at);
        }
        if at.index < SPAN {
            return Err(Place { read: start + at.index, written: at.written, ..place });
        }
        start += SPAN;
        at.index -= SPAN;
        std::mem::swap(&mut current, &mut ahead);
    }
    Ok(Place { read: start + at.index, written: at.written, ..place })
}

/// A part of the source, and where the elements behind those that begin in it begin.
struct Span<'a> {
    source: *const u8,
    tables: &'a Tables,
}

/// How far a span is decoded.
#[derive(Clone, Copy)]
struct At {
    /// Where the next element begins, counted from the beginning of the span.
    index: usize,
    /// Bytes of the target that are written, at least ROOM.
    written: usize,
}

impl Span<'_> {
    /// What stands at `index` of the span, or behind it.
    #[inline(always)]
    fn byte(&self, index: usize) -> *const u8 {
        self.source.wrapping_add(index)
    }

    /// Where the element behind the one at `index` begins.
    #[inline(always)]
    fn next(&self, index: usize) -> usize {
        usize::from(self.tables.next[index])
    }

    /// Where the element behind that begins.
    #[inline(always)]
    fn second_next(&self, index: usize) -> usize {
        usize::from(self.tables.second_next[index])
    }

    /// Decodes the elements that begin in the span. Where the next one still begins there, it is left to the caller.
    ///
    /// # Safety
    /// SPAN_AHEAD bytes can be read from the beginning of the span on, SPAN_ROOM written.
    #[inline(always)]
    unsafe fn decode(&self, target: &mut [u8], mut at: At) -> At {
        while at.index < SPAN {
            // SAFETY: of the caller.
            match unsafe { self.pair(target, at) } {
                Ok(next) => at = next,
                Err(left) => return left,
            }
        }
        at
    }

    /// Decodes the element at the index, which is in the span, and the one behind it. Fails with the place of one that is left
    /// to the caller.
    ///
    /// # Safety
    /// As for [`Span::decode`].
    #[inline(always)]
    unsafe fn pair(&self, target: &mut [u8], at: At) -> Result<At, At> {
        let second = self.next(at.index);
        // SAFETY: of the caller. The second begins at most 61 bytes behind the first, and so not so near to the end of what can
        // be read that ROOM bytes would not lie there.
        unsafe {
            let written = element::<false>(self.byte(at.index), target, at.written).ok_or(at)?;
            let left = At { index: second, written };
            let written = element::<false>(self.byte(second), target, written).ok_or(left)?;
            Ok(At { index: self.second_next(at.index), written })
        }
    }
}
