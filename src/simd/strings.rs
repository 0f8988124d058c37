//! Byte strings that lie apart from each other, copied end to end, with where each ends.
//!
//! ```text
//! for i in 0..strings: out += source[string i]; end += its length; ends[i] = end
//! ```
//!
//! Short strings are moved by so many bytes as none of them is longer, whatever their length: a branch on the length of
//! each would be guessed wrong half the time. The AVX2 backend is the same loop with longer moves.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use super::{End, SHORT_PLAIN_BYTES, copy_prefix, prefetch_behind, prefetch_far_behind};

/// Bytes that [`copy_plain`] wants to read behind a length, and to write.
const STEP: usize = SHORT_PLAIN_BYTES;

/// Bytes behind all strings that [`copy_strings`] likes to overwrite: it is faster with room for them.
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

/// Copies the strings at `places` of `source`, which holds all of them, to the front of `out`, which has room for them;
/// bytes behind them may be overwritten. `ends`, as many, become the ends of the strings if the first one begins at `end`.
pub(crate) fn copy_strings<T: End>(places: &[u64], source: &[u8], end: T, out: &mut [u8], ends: &mut [T]) {
    assert!(places.len() == ends.len());
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        // SAFETY: the CPU has AVX2.
        return unsafe { copy_strings_avx2(places, source, end, out, ends) };
    }
    copy_strings_by_length(places, source, end, out, ends);
}

/// # Safety
/// The CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn copy_strings_avx2<T: End>(places: &[u64], source: &[u8], end: T, out: &mut [u8], ends: &mut [T]) {
    copy_strings_by_length(places, source, end, out, ends);
}

/// What some strings have in common.
struct Survey {
    /// No length has a bit that this has not.
    length_bits: u32,
    /// Bytes of all of them.
    total: usize,
    /// Where the last one in the source begins.
    last_start: usize,
}

impl Survey {
    #[inline(always)]
    fn of(places: &[u64]) -> Self {
        let (mut bits, mut total, mut last_start) = (0, 0, 0);
        for place in places {
            bits |= place;
            total += place & 0xffff_ffff;
            last_start = last_start.max(place >> 32);
        }
        // Overlapping strings may be longer together than what memory can hold.
        let total = usize::try_from(total).unwrap_or(usize::MAX);
        Self { length_bits: bits as u32, total, last_start: last_start as usize }
    }
}

#[inline(always)]
fn copy_strings_by_length<T: End>(places: &[u64], source: &[u8], end: T, out: &mut [u8], ends: &mut [T]) {
    let survey = Survey::of(places);
    match survey.length_bits {
        0..16 => copy_strings_by::<16, T>(places, &survey, source, end, out, ends),
        16..32 => copy_strings_by::<32, T>(places, &survey, source, end, out, ends),
        64..128 => copy_strings_by::<128, T>(places, &survey, source, end, out, ends),
        _ => copy_strings_by::<64, T>(places, &survey, source, end, out, ends),
    }
}

#[inline(always)]
fn copy_strings_by<const N: usize, T: End>(
    places: &[u64],
    survey: &Survey,
    source: &[u8],
    end: T,
    out: &mut [u8],
    ends: &mut [T],
) {
    // Lengths that have no higher bits are shorter than N.
    let are_short = survey.length_bits < N as u32;
    if are_short && source.len() >= survey.last_start + N && out.len() >= survey.total.saturating_add(N) {
        // SAFETY: N bytes can be read where the last string begins, and N written behind the end of all.
        return unsafe { copy_short_strings::<N, T>(places, source, end, out, ends) };
    }
    let (mut end, mut at) = (end, 0);
    for (place, slot) in places.iter().zip(ends) {
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

/// # Safety
/// No string is longer than N. N bytes can be read from where any of them begins on, and N written behind all of them.
#[inline(always)]
unsafe fn copy_short_strings<const N: usize, T: End>(
    places: &[u64],
    source: &[u8],
    end: T,
    out: &mut [u8],
    ends: &mut [T],
) {
    let (mut end, mut to) = (end, out.as_mut_ptr());
    for (place, slot) in places.iter().zip(ends) {
        let (start, length) = start_and_length(*place);
        // SAFETY: as the caller says; `to` moves over the strings only.
        unsafe {
            to.cast::<[u8; N]>().write(source.as_ptr().add(start).cast::<[u8; N]>().read());
            to = to.add(length);
        }
        end = end.after(length as u32);
        *slot = end;
    }
}

/// Bytes of the strings at `places` altogether.
pub(crate) fn total_length(places: &[u64]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        // SAFETY: the CPU has AVX2.
        return unsafe { total_length_avx2(places) };
    }
    Survey::of(places).total
}

/// # Safety
/// The CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn total_length_avx2(places: &[u64]) -> usize {
    Survey::of(places).total
}

/// `N` bytes from `start` on, if so many are there.
#[inline(always)]
fn step_at<const N: usize>(bytes: &[u8], start: usize) -> Option<&[u8; N]> {
    bytes.get(start..)?.first_chunk()
}

#[inline(always)]
fn step_at_mut<const N: usize>(bytes: &mut [u8], start: usize) -> Option<&mut [u8; N]> {
    bytes.get_mut(start..)?.first_chunk_mut()
}

/// What [`copy_plain`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Copied {
    /// Number of strings.
    pub strings: usize,
    /// Where the length of the next one stands.
    pub position: usize,
    /// Bytes of the strings.
    pub bytes: usize,
}

impl Copied {
    /// Counts what was done from there on.
    pub(crate) fn add(&mut self, next: Self) {
        *self = Self { strings: self.strings + next.strings, position: next.position, bytes: self.bytes + next.bytes };
    }
}

/// How many bytes [`copy_plain`] copies of every string whatever its length, learned from the strings copied last: the
/// branch on whether a string is longer is to be guessed right nearly always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Front {
    Bytes32,
    #[default]
    Bytes64,
    All,
}

impl Front {
    /// Strings that say enough about those to come.
    const SEEN: usize = 64;

    /// What would have served best for `strings` strings, of which so many were longer than 32 and than 64 bytes.
    fn learned(self, strings: usize, [over_32, over_64]: [usize; 2]) -> Self {
        if strings < Self::SEEN {
            return self;
        }
        // Cycles: what a branch that is guessed wrong takes, and a move of 32 bytes.
        const WRONG: usize = 16;
        let wrong = |over: usize| over.min(strings - over) * WRONG;
        let costs = [
            (wrong(over_32) + strings, Self::Bytes32),
            (wrong(over_64) + 2 * strings, Self::Bytes64),
            (4 * strings, Self::All),
        ];
        costs.into_iter().min_by_key(|(cost, _)| *cost).map_or(self, |(_, front)| front)
    }
}

/// Copies strings with lengths, four little-endian bytes, in front of them from `position` of `source` on to the front of
/// `out`, as long as they are shorter than 128 bytes, there are 128 bytes to read and to write, and there are `ends` left
/// to become their ends, the first one beginning at `end`. Bytes behind them may be overwritten.
pub(crate) fn copy_plain<T: End>(
    source: &[u8],
    position: usize,
    end: T,
    out: &mut [u8],
    ends: &mut [T],
    front: &mut Front,
) -> Copied {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        // SAFETY: the CPU has AVX2.
        return unsafe { copy_plain_avx2(source, position, end, out, ends, front) };
    }
    copy_plain_by_front(source, position, end, out, ends, front)
}

/// # Safety
/// The CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn copy_plain_avx2<T: End>(
    source: &[u8],
    position: usize,
    end: T,
    out: &mut [u8],
    ends: &mut [T],
    front: &mut Front,
) -> Copied {
    copy_plain_by_front(source, position, end, out, ends, front)
}

#[inline(always)]
fn copy_plain_by_front<T: End>(
    source: &[u8],
    position: usize,
    end: T,
    out: &mut [u8],
    ends: &mut [T],
    front: &mut Front,
) -> Copied {
    let (copied, over) = match front {
        Front::Bytes32 => copy_plain_by_steps::<32, T>(source, position, end, out, ends),
        Front::Bytes64 => copy_plain_by_steps::<64, T>(source, position, end, out, ends),
        Front::All => copy_plain_by_steps::<STEP, T>(source, position, end, out, ends),
    };
    *front = front.learned(copied.strings, over);
    copied
}

/// Copies FRONT bytes of every string, and the others only of longer ones. Also says how many are longer than 32 and than
/// 64 bytes.
#[inline(always)]
fn copy_plain_by_steps<const FRONT: usize, T: End>(
    source: &[u8],
    position: usize,
    end: T,
    out: &mut [u8],
    ends: &mut [T],
) -> (Copied, [usize; 2]) {
    let mut copied = Copied { strings: 0, position, bytes: 0 };
    let (mut end, mut over) = (end, [0; 2]);
    for slot in ends {
        prefetch_behind(source, copied.position);
        if FRONT > 32 {
            prefetch_far_behind::<2>(source.as_ptr().wrapping_add(copied.position));
        }
        let from = step_at::<{ 4 + STEP }>(source, copied.position);
        let (Some(from), Some(to)) = (from, step_at_mut::<STEP>(out, copied.bytes)) else { break };
        let [l0, l1, l2, l3, from @ ..] = from;
        let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]);
        if length as usize >= STEP {
            break;
        }
        to[..FRONT].copy_from_slice(&from[..FRONT]);
        if FRONT < STEP && length as usize > FRONT {
            if FRONT == 32 {
                prefetch_far_behind::<2>(source.as_ptr().wrapping_add(copied.position));
            }
            to[FRONT..].copy_from_slice(&from[FRONT..]);
        }
        over = [over[0] + usize::from(length > 32), over[1] + usize::from(length > 64)];
        copied.strings += 1;
        copied.position += 4 + length as usize;
        copied.bytes += length as usize;
        end = end.after(length);
        *slot = end;
    }
    (copied, over)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(i: usize) -> usize {
        (i as u32).wrapping_mul(2654435761) as usize >> 9
    }

    #[test]
    fn strings_of_every_length_are_copied_from_places() {
        let source: Vec<u8> = (0..1000usize).map(|i| noise(i) as u8).collect();
        for longest in [0, 5, 15, 16, 31, 40, 63, 64, 100, 127, 200] {
            let place = |i: usize| {
                let length = noise(i) % (longest + 1);
                (noise(i + 1000) % (source.len() - length + 1), length)
            };
            let places: Vec<u64> = (0..100).map(|i| string_place(place(i).0, place(i).1)).collect();
            let strings: Vec<&[u8]> = (0..100).map(|i| &source[place(i).0..][..place(i).1]).collect();
            let expected = strings.concat();
            let all_ends: Vec<i64> = strings
                .iter()
                .scan(7, |end, s| {
                    Some({
                        *end += s.len() as i64;
                        *end
                    })
                })
                .collect();
            assert_eq!((total_length(&places), Survey::of(&places).total), (expected.len(), expected.len()));
            let padded = [&source[..], &[1; 128]].concat();
            for copy in [copy_strings::<i64>, copy_strings_by_length::<i64>] {
                for (source, room) in [(&source, 0), (&source, 128), (&padded, 0), (&padded, 128)] {
                    let (mut out, mut ends) = (vec![0; expected.len() + room], vec![0; 100]);
                    copy(&places, source, 7, &mut out, &mut ends);
                    assert_eq!((&out[..expected.len()], &ends), (&expected[..], &all_ends), "up to {longest}");
                }
            }
        }
    }

    #[test]
    fn plain_strings_are_copied_as_long_as_they_are_short() {
        let strings: Vec<Vec<u8>> = (0..200).map(|i| vec![i as u8; noise(i + 1) % STEP]).collect();
        let mut source = vec![1, 2, 3];
        for string in &strings {
            source.extend((string.len() as u32).to_le_bytes());
            source.extend(string);
        }
        source.extend(128u32.to_le_bytes());
        source.extend([0; 300]);
        let expected = strings.concat();
        for copy in [copy_plain::<i32>, copy_plain_by_front::<i32>] {
            for front in [Front::Bytes32, Front::Bytes64, Front::All] {
                let copy = |source: &[u8], position, end, out: &mut [u8], ends: &mut [i32]| {
                    copy(source, position, end, out, ends, &mut front.clone())
                };
                let (mut out, mut ends) = (vec![0; expected.len() + STEP], vec![0; 201]);
                let copied = copy(&source, 3, 10, &mut out, &mut ends);
                let position = source.len() - 304;
                assert_eq!(copied, Copied { strings: 200, position, bytes: expected.len() }, "up to the long one");
                assert_eq!((&out[..expected.len()], ends[199]), (&expected[..], expected.len() as i32 + 10));
                assert_eq!(ends[0], strings[0].len() as i32 + 10);
                assert_eq!(copy(&source, 3, 10, &mut out, &mut ends[..77]).strings, 77, "as many as wanted");
                assert_eq!(copy(&source, 3, 10, &mut out[..STEP], &mut ends).bytes, strings[0].len(), "as room allows");
                assert_eq!(copy(&source[..STEP + 6], 3, 0, &mut out, &mut ends).strings, 0, "as there is to read");
                assert_eq!(copy(&source, source.len() + 5, 0, &mut out, &mut ends).strings, 0);
            }
        }
    }

    #[test]
    fn the_front_is_learned_from_the_lengths_of_strings() {
        assert_eq!(Front::All.learned(63, [0, 0]), Front::All, "too few to tell");
        assert_eq!(Front::All.learned(100, [2, 0]), Front::Bytes32, "nearly all are short");
        assert_eq!(Front::All.learned(100, [50, 1]), Front::Bytes64, "half of them are longer than 32");
        assert_eq!(Front::Bytes32.learned(100, [97, 40]), Front::Bytes32, "nearly all are longer than 32");
        assert_eq!(Front::Bytes32.learned(100, [60, 50]), Front::All, "of any length");
    }
}
