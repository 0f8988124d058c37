//! Byte strings that lie anywhere in a source, copied end to end, with where each ends.
//!
//! ```text
//! for i in 0..strings: out += source[string i]; end += its length; ends[i] = end
//! ```
//!
//! Short strings are moved by so many bytes as none of them is longer, whatever their length: a branch on the length of
//! each would be guessed wrong half the time. The AVX2 backend is the same loop with longer moves. Where most strings are
//! empty, AVX-512 puts the others next to each other and copies only these.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use super::plain_strings::{step_at, step_at_mut};
use super::{End, copy_prefix};

/// Bytes behind all strings that [`PlacedStrings::copy`] likes to overwrite: it is faster with room for them.
pub(crate) const STRINGS_OVER: usize = 128;

/// Where a string begins, in the high half, and its length, in the low one.
pub(crate) fn string_place(start: usize, length: usize) -> u64 {
    (start as u64) << 32 | length as u64 & 0xffff_ffff
}

/// Start and length of the string at `place`.
#[inline(always)]
pub(crate) fn start_and_length(place: u64) -> (usize, usize) {
    ((place >> 32) as usize, (place & 0xffff_ffff) as usize)
}

/// Strings at places of a source, and what they have in common.
pub(crate) struct PlacedStrings<'a> {
    places: &'a [u64],
    /// No length has a bit that this has not.
    length_bits: u32,
    /// Bytes of all of them.
    total: usize,
    /// Where the last one in the source begins.
    last_start: usize,
}

impl<'a> PlacedStrings<'a> {
    pub(crate) fn at(places: &'a [u64]) -> Self {
        #[cfg(target_arch = "x86_64")]
        if cpu::has_avx512() {
            // SAFETY: the CPU has AVX-512.
            return unsafe { surveyed_avx512(places) };
        } else if cpu::has_avx2() {
            // SAFETY: the CPU has AVX2.
            return unsafe { surveyed_avx2(places) };
        }
        Self::surveyed(places)
    }

    #[inline(always)]
    fn surveyed(places: &'a [u64]) -> Self {
        let (mut bits, mut total, mut last_start) = (0, 0, 0);
        for place in places {
            bits |= place;
            total += place & 0xffff_ffff;
            last_start = last_start.max(place >> 32);
        }
        // Overlapping strings may be longer together than what memory can hold.
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        Self { places, length_bits: bits as u32, total, last_start: last_start as usize }
    }

    /// Bytes of all strings.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// Copies the strings from `source`, which holds all of them, to the front of `out`, which has room for them; bytes behind
    /// them may be overwritten. `ends`, as many, become the ends of the strings if the first one begins at `end`.
    pub(crate) fn copy<T: End>(&self, source: &[u8], end: T, out: &mut [u8], ends: &mut [T]) {
        assert!(self.places.len() == ends.len());
        #[cfg(target_arch = "x86_64")]
        if cpu::has_avx2() {
            // SAFETY: the CPU has AVX2.
            return unsafe { copy_avx2(self, source, end, out, ends) };
        }
        self.copy_by_length(source, end, out, ends);
    }

    #[inline(always)]
    fn copy_by_length<T: End>(&self, source: &[u8], end: T, out: &mut [u8], ends: &mut [T]) {
        match self.length_bits {
            0..16 => self.copy_by::<16, T>(source, end, out, ends),
            16..32 => self.copy_by::<32, T>(source, end, out, ends),
            64..128 => self.copy_by::<128, T>(source, end, out, ends),
            _ => self.copy_by::<64, T>(source, end, out, ends),
        }
    }

    #[inline(always)]
    fn copy_by<const N: usize, T: End>(&self, source: &[u8], end: T, out: &mut [u8], ends: &mut [T]) {
        // Lengths that have no higher bits are shorter than N.
        let are_short = self.length_bits < N as u32;
        if are_short && source.len() >= self.last_start + N && out.len() >= self.total.saturating_add(N) {
            #[cfg(target_arch = "x86_64")]
            if cpu::has_avx512() {
                // SAFETY: the CPU has AVX-512; for the rest see below.
                unsafe {
                    if avx512::are_few(self.places) {
                        return avx512::copy_few::<N, T>(self.places, source, end, out, ends);
                    }
                }
            }
            // SAFETY: N bytes can be read where the last string begins, and N written behind the end of all.
            return unsafe { copy_short::<N, T>(self.places, source, end, out, ends) };
        }
        let (mut end, mut at) = (end, 0);
        for (place, slot) in self.places.iter().zip(ends) {
            let (start, length) = start_and_length(*place);
            match (step_at::<N>(source, start), step_at_mut::<N>(out, at)) {
                (Some(from), Some(to)) => {
                    *to = *from;
                    if length > N {
                        out[at + N..at + length].copy_from_slice(&source[start + N..start + length]);
                    }
                }
                _ => copy_prefix(&source[start..], length, &mut out[at..]),
            }
            at += length;
            end = end.after(length as u32);
            *slot = end;
        }
    }
}

/// # Safety
/// The CPU has AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq")]
unsafe fn surveyed_avx512(places: &[u64]) -> PlacedStrings<'_> {
    PlacedStrings::surveyed(places)
}

/// # Safety
/// The CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn surveyed_avx2(places: &[u64]) -> PlacedStrings<'_> {
    PlacedStrings::surveyed(places)
}

/// # Safety
/// The CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn copy_avx2<T: End>(strings: &PlacedStrings<'_>, source: &[u8], end: T, out: &mut [u8], ends: &mut [T]) {
    strings.copy_by_length(source, end, out, ends);
}

/// # Safety
/// No string is longer than N. N bytes can be read from where any of them begins on, and N written behind all of them.
#[inline(always)]
unsafe fn copy_short<const N: usize, T: End>(places: &[u64], source: &[u8], end: T, out: &mut [u8], ends: &mut [T]) {
    let (mut end, mut to) = (end, out.as_mut_ptr());
    for (place, slot) in places.iter().zip(ends) {
        // SAFETY: as the caller says; `to` moves over the strings only.
        to = unsafe { copy_one::<N>(*place, source, to) };
        end = end.after(*place as u32);
        *slot = end;
    }
}

/// Copies N bytes from `place` on; says where the string ends.
///
/// # Safety
/// N bytes can be read there and written from `to` on.
#[inline(always)]
unsafe fn copy_one<const N: usize>(place: u64, source: &[u8], to: *mut u8) -> *mut u8 {
    let (start, length) = start_and_length(place);
    // SAFETY: of the caller.
    unsafe {
        to.cast::<[u8; N]>().write(source.as_ptr().add(start).cast::<[u8; N]>().read());
        to.add(length)
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;
    use std::mem::MaybeUninit;

    use super::copy_one;
    use crate::simd::End;

    /// Strings that are looked at before those that are not empty are copied.
    const STRETCH: usize = 128;

    /// True where most strings are empty.
    ///
    /// # Safety
    /// The CPU has AVX-512.
    #[target_feature(enable = "avx512f,popcnt")]
    pub(super) unsafe fn are_few(places: &[u64]) -> bool {
        let present = |eight: &[u64; 8]| {
            // SAFETY: there are eight.
            let eight = unsafe { _mm512_loadu_si512(eight.as_ptr().cast()) };
            _mm512_test_epi64_mask(eight, _mm512_set1_epi64(0xffff_ffff)).count_ones() as usize
        };
        // The last ones make no difference.
        let eights = places.as_chunks::<8>().0;
        eights.iter().map(present).sum::<usize>() < eights.len() * 4
    }

    /// As [`copy_short`](super::copy_short), for strings most of which are empty.
    ///
    /// # Safety
    /// The CPU has AVX-512. No string is longer than N. N bytes can be read from where any of them begins on, and N written
    /// behind all of them. There are as many `ends` as `places`.
    #[target_feature(enable = "avx512f,avx512dq,popcnt")]
    pub(super) unsafe fn copy_few<const N: usize, T: End>(
        places: &[u64],
        source: &[u8],
        mut end: T,
        out: &mut [u8],
        ends: &mut [T],
    ) {
        let mut to = out.as_mut_ptr();
        // Calls for few strings are frequent: it is not cleared first.
        let mut present = [const { MaybeUninit::<u64>::uninit() }; STRETCH + 8];
        for (places, ends) in places.chunks(STRETCH).zip(ends.chunks_mut(STRETCH)) {
            let (eights, rest) = places.as_chunks::<8>();
            let (end_eights, rest_ends) = ends.as_chunks_mut::<8>();
            let mut count = 0;
            for (eight, ends) in eights.iter().zip(end_eights) {
                // SAFETY: of the caller; behind `count` there is room for eight.
                count += unsafe { of_eight(eight, &mut end, ends, present.as_mut_ptr().add(count).cast()) };
            }
            for (place, slot) in rest.iter().zip(rest_ends) {
                present[count].write(*place);
                count += usize::from(*place as u32 != 0);
                end = end.after(*place as u32);
                *slot = end;
            }
            for place in &present[..count] {
                // SAFETY: as many were written; as the caller says; `to` moves over the strings only.
                to = unsafe { copy_one::<N>(place.assume_init(), source, to) };
            }
        }
    }

    /// Writes where eight strings end, and the places of those that are not empty; says how many these are.
    ///
    /// # Safety
    /// The CPU has AVX-512; `present` has room for eight.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,popcnt")]
    unsafe fn of_eight<T: End>(places: &[u64; 8], end: &mut T, ends: &mut [T; 8], present: *mut u64) -> usize {
        let nothing = _mm512_setzero_si512();
        // SAFETY: there are eight.
        let places = unsafe { _mm512_loadu_si512(places.as_ptr().cast()) };
        let lengths = _mm512_and_si512(places, _mm512_set1_epi64(0xffff_ffff));
        // To each lane the one before it, then the two before those, then the four.
        let twos = _mm512_add_epi64(lengths, _mm512_alignr_epi64::<7>(lengths, nothing));
        let fours = _mm512_add_epi64(twos, _mm512_alignr_epi64::<6>(twos, nothing));
        let sums = _mm512_add_epi64(fours, _mm512_alignr_epi64::<4>(fours, nothing));
        // SAFETY: `ends` has room for eight of either size, and `present` for eight places.
        unsafe {
            match size_of::<T>() {
                4 => {
                    let before = _mm256_set1_epi32((end as *const T).cast::<i32>().read());
                    let sums = _mm256_add_epi32(_mm512_cvtepi64_epi32(sums), before);
                    _mm256_storeu_si256(ends.as_mut_ptr().cast(), sums);
                }
                _ => {
                    let before = _mm512_set1_epi64((end as *const T).cast::<i64>().read());
                    _mm512_storeu_si512(ends.as_mut_ptr().cast(), _mm512_add_epi64(sums, before));
                }
            }
            *end = ends[7];
            let is_present = _mm512_test_epi64_mask(lengths, lengths);
            _mm512_storeu_si512(present.cast(), _mm512_maskz_compress_epi64(is_present, places));
            is_present.count_ones() as usize
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(i: usize) -> usize {
        (i as u32).wrapping_mul(2654435761) as usize >> 9
    }

    /// Copies of strings, every one in `share` of which is not empty, with either width of ends and by every backend.
    fn check(longest: usize, share: usize) {
        let source: Vec<u8> = (0..1000usize).map(|i| noise(i) as u8).collect();
        let place = |i: usize| {
            let length = if noise(i + 7) % share == 0 { noise(i) % (longest + 1) } else { 0 };
            (noise(i + 1000) % (source.len() - length + 1), length)
        };
        let places: Vec<u64> = (0..300).map(|i| string_place(place(i).0, place(i).1)).collect();
        let strings: Vec<&[u8]> = (0..300).map(|i| &source[place(i).0..][..place(i).1]).collect();
        let expected = strings.concat();
        let all_ends: Vec<i64> = (1..=300).map(|count| 7 + strings[..count].concat().len() as i64).collect();
        let (placed, scalar) = (PlacedStrings::at(&places), PlacedStrings::surveyed(&places));
        assert_eq!((placed.total(), scalar.total()), (expected.len(), expected.len()));
        assert_eq!((placed.length_bits, placed.last_start), (scalar.length_bits, scalar.last_start));
        let padded = [&source[..], &[1; 128]].concat();
        for (source, room) in [(&source, 0), (&source, 128), (&padded, 0), (&padded, 128)] {
            for copy in [PlacedStrings::copy::<i64>, PlacedStrings::copy_by_length::<i64>] {
                let (mut out, mut ends) = (vec![0; expected.len() + room], vec![0; 300]);
                copy(&placed, source, 7, &mut out, &mut ends);
                assert_eq!(
                    (&out[..expected.len()], &ends),
                    (&expected[..], &all_ends),
                    "up to {longest}, 1 in {share}"
                );
            }
            let (mut out, mut ends) = (vec![0; expected.len() + room], vec![0; 300]);
            placed.copy(source, 7, &mut out, &mut ends);
            assert_eq!(out[..expected.len()], expected);
            assert!(ends.iter().map(|end: &i32| i64::from(*end)).eq(all_ends.iter().copied()), "1 in {share}");
        }
    }

    /// Few strings and many, by the loop for either and without a dispatch.
    fn check_short<T: End + Default + PartialEq + std::fmt::Debug>(share: usize) {
        type Copy<T> = unsafe fn(&[u64], &[u8], T, &mut [u8], &mut [T]);
        let source: Vec<u8> = (0..1000usize).map(|i| noise(i) as u8).collect();
        let place = |i: usize| string_place(noise(i) % 872, if noise(i + 7) % share == 0 { noise(i) % 128 } else { 0 });
        let places: Vec<u64> = (0..300).map(place).collect();
        let (mut expected, mut end, mut expected_ends) = (Vec::new(), T::default(), Vec::new());
        for (start, length) in places.iter().map(|place| start_and_length(*place)) {
            expected.extend_from_slice(&source[start..start + length]);
            end = end.after(length as u32);
            expected_ends.push(end);
        }
        let scalar: (Copy<T>, bool) = (copy_short::<128, T>, true);
        #[cfg(target_arch = "x86_64")]
        let copies = [scalar, (avx512::copy_few::<128, T>, cpu::has_avx512())];
        #[cfg(not(target_arch = "x86_64"))]
        let copies = [scalar];
        for (copy, _) in copies.into_iter().filter(|(_, is_there)| *is_there) {
            let (mut out, mut ends) = (vec![0; expected.len() + 128], vec![T::default(); 300]);
            // SAFETY: 128 bytes can be read from every place and written behind all; the CPU has what is called.
            unsafe { copy(&places, &source, T::default(), &mut out, &mut ends) };
            assert_eq!((&out[..expected.len()], &ends), (&expected[..], &expected_ends), "1 in {share}");
        }
    }

    #[test]
    fn every_loop_copies_short_strings() {
        for share in [1, 2, 3, 20, 1000] {
            check_short::<i32>(share);
            check_short::<i64>(share);
        }
    }

    #[test]
    fn strings_of_every_length_are_copied_from_places() {
        for longest in [0, 5, 15, 16, 31, 40, 63, 64, 100, 127, 200] {
            for share in [1, 3, 20, 1000] {
                check(longest, share);
            }
        }
    }
}
