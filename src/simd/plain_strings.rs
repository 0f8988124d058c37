//! PLAIN byte strings, which have their lengths in front of them, copied end to end, with where each ends.
//!
//! ```text
//! for i in 0..strings:  if selected[i]: out += string i; end += its length
//!                       ends[i] = end
//! ```
//!
//! Strings are moved by so many bytes as most of them are not longer than, whatever their length: a branch on the length of
//! each would be guessed wrong half the time. So it is with those that are not selected: the next one is put in their place.
//! The AVX2 backend is the same loop with longer moves.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use super::{End, SHORT_PLAIN_BYTES, prefetch_behind, prefetch_far_behind};
use crate::memory::BitSlice;

/// Bytes that [`copy_plain`] wants to read behind a length, and to write.
const STEP: usize = SHORT_PLAIN_BYTES;

/// `N` bytes from `start` on, if so many are there.
#[inline(always)]
pub(super) fn step_at<const N: usize>(bytes: &[u8], start: usize) -> Option<&[u8; N]> {
    bytes.get(start..)?.first_chunk()
}

#[inline(always)]
pub(super) fn step_at_mut<const N: usize>(bytes: &mut [u8], start: usize) -> Option<&mut [u8; N]> {
    bytes.get_mut(start..)?.first_chunk_mut()
}

/// What [`copy_plain`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Copied {
    /// Number of strings.
    pub strings: usize,
    /// Where the length of the next one stands.
    pub position: usize,
    /// Bytes of those that are selected.
    pub bytes: usize,
}

impl Copied {
    /// Counts a string of `length` bytes, `kept` of which were copied.
    #[inline(always)]
    fn pass(&mut self, length: u32, kept: u32) {
        self.strings += 1;
        self.position += 4 + length as usize;
        self.bytes += kept as usize;
    }

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
/// to become their ends, the first one beginning at `end`. Bytes behind them may be overwritten. Of strings that are not
/// selected nothing is copied, and they end where the one before does; without bits all are.
pub(crate) fn copy_plain<T: End>(
    source: &[u8],
    position: usize,
    end: T,
    out: &mut [u8],
    ends: &mut [T],
    selected: Option<BitSlice<'_>>,
    front: &mut Front,
) -> Copied {
    match selected {
        Some(selected) => copy_plain_of::<true, T>(source, position, end, out, ends, selected, front),
        None => copy_plain_of::<false, T>(source, position, end, out, ends, BitSlice::new(&[], 0, 0), front),
    }
}

/// The same; looks at what is `selected` only if that IS_PART of the strings.
fn copy_plain_of<const IS_PART: bool, T: End>(
    source: &[u8],
    position: usize,
    end: T,
    out: &mut [u8],
    ends: &mut [T],
    selected: BitSlice<'_>,
    front: &mut Front,
) -> Copied {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        // SAFETY: the CPU has AVX2.
        return unsafe { copy_plain_avx2::<IS_PART, T>(source, position, end, out, ends, selected, front) };
    }
    copy_plain_by_front::<IS_PART, T>(source, position, end, out, ends, selected, front)
}

/// # Safety
/// The CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn copy_plain_avx2<const IS_PART: bool, T: End>(
    source: &[u8],
    position: usize,
    end: T,
    out: &mut [u8],
    ends: &mut [T],
    selected: BitSlice<'_>,
    front: &mut Front,
) -> Copied {
    copy_plain_by_front::<IS_PART, T>(source, position, end, out, ends, selected, front)
}

#[inline(always)]
fn copy_plain_by_front<const IS_PART: bool, T: End>(
    source: &[u8],
    position: usize,
    end: T,
    out: &mut [u8],
    ends: &mut [T],
    selected: BitSlice<'_>,
    front: &mut Front,
) -> Copied {
    let (copied, over) = match front {
        Front::Bytes32 => copy_plain_by_steps::<32, IS_PART, T>(source, position, end, out, ends, selected),
        Front::Bytes64 => copy_plain_by_steps::<64, IS_PART, T>(source, position, end, out, ends, selected),
        Front::All => copy_plain_by_steps::<STEP, IS_PART, T>(source, position, end, out, ends, selected),
    };
    *front = front.learned(copied.strings, over);
    copied
}

/// Copies FRONT bytes of every string, and the others only of longer ones. Also says how many are longer than 32 and than
/// 64 bytes.
#[inline(always)]
fn copy_plain_by_steps<const FRONT: usize, const IS_PART: bool, T: End>(
    source: &[u8],
    position: usize,
    end: T,
    out: &mut [u8],
    ends: &mut [T],
    selected: BitSlice<'_>,
) -> (Copied, [usize; 2]) {
    let mut copied = Copied { strings: 0, position, bytes: 0 };
    let (mut end, mut over) = (end, [0; 2]);
    if !IS_PART {
        for slot in ends {
            let Some(length) = copy_one::<FRONT>(source, copied, out) else { break };
            over = [over[0] + usize::from(length > 32), over[1] + usize::from(length > 64)];
            copied.pass(length, length);
            end = end.after(length);
            *slot = end;
        }
        return (copied, over);
    }
    'strings: for slots in ends.chunks_mut(64) {
        let mut word = selected.word(copied.strings);
        for slot in slots {
            let Some(length) = copy_one::<FRONT>(source, copied, out) else { break 'strings };
            over = [over[0] + usize::from(length > 32), over[1] + usize::from(length > 64)];
            let kept = length & 0u32.wrapping_sub((word & 1) as u32);
            word >>= 1;
            copied.pass(length, kept);
            end = end.after(kept);
            *slot = end;
        }
    }
    (copied, over)
}

/// Copies the string behind those that were `copied`, FRONT bytes of it or as many as [`copy_plain`] wants; its length, if it
/// is short and there are so many bytes.
#[inline(always)]
fn copy_one<const FRONT: usize>(source: &[u8], copied: Copied, out: &mut [u8]) -> Option<u32> {
    prefetch_behind(source, copied.position);
    if FRONT > 32 {
        prefetch_far_behind::<2>(source.as_ptr().wrapping_add(copied.position));
    }
    let from = step_at::<{ 4 + STEP }>(source, copied.position)?;
    let to = step_at_mut::<STEP>(out, copied.bytes)?;
    let [l0, l1, l2, l3, from @ ..] = from;
    let length = u32::from_le_bytes([*l0, *l1, *l2, *l3]);
    if length as usize >= STEP {
        return None;
    }
    to[..FRONT].copy_from_slice(&from[..FRONT]);
    if FRONT < STEP && length as usize > FRONT {
        if FRONT == 32 {
            prefetch_far_behind::<2>(source.as_ptr().wrapping_add(copied.position));
        }
        to[FRONT..].copy_from_slice(&from[FRONT..]);
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(i: usize) -> usize {
        (i as u32).wrapping_mul(2654435761) as usize >> 9
    }

    /// The loop as it is without AVX2.
    fn copy_plain_by_twin<T: End>(
        source: &[u8],
        position: usize,
        end: T,
        out: &mut [u8],
        ends: &mut [T],
        selected: Option<BitSlice<'_>>,
        front: &mut Front,
    ) -> Copied {
        match selected {
            Some(selected) => copy_plain_by_front::<true, T>(source, position, end, out, ends, selected, front),
            None => copy_plain_by_front::<false, T>(source, position, end, out, ends, BitSlice::new(&[], 0, 0), front),
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
        for copy in [copy_plain::<i32>, copy_plain_by_twin::<i32>] {
            for front in [Front::Bytes32, Front::Bytes64, Front::All] {
                let copy = |source: &[u8], position, end, out: &mut [u8], ends: &mut [i32]| {
                    copy(source, position, end, out, ends, None, &mut front.clone())
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
    fn strings_that_are_not_selected_are_left_out() {
        let strings: Vec<Vec<u8>> = (0..150).map(|i| vec![i as u8; noise(i + 1) % STEP]).collect();
        let source: Vec<u8> =
            strings.iter().flat_map(|string| [&(string.len() as u32).to_le_bytes(), &string[..]].concat()).collect();
        let padded = [&source[..], &[0; STEP]].concat();
        for share in [1, 2, 3, 10, 100, 1000] {
            let is_selected = |i: usize| noise(i + 1000) % share == 0;
            let mut bits = vec![0u8; 20];
            (0..150).filter(|i| is_selected(*i)).for_each(|i| bits[(i + 3) / 8] |= 1 << ((i + 3) % 8));
            let selected = BitSlice::new(&bits, 3, 150);
            let mut wanted = (Vec::new(), Vec::new());
            for (i, string) in strings.iter().enumerate() {
                wanted.0.extend_from_slice(if is_selected(i) { string } else { &[] });
                wanted.1.push(wanted.0.len() as i64 + 7);
            }
            for copy in [copy_plain::<i64>, copy_plain_by_twin::<i64>] {
                for mut front in [Front::Bytes32, Front::Bytes64, Front::All] {
                    let (mut out, mut ends) = (vec![0; wanted.0.len() + STEP], vec![0; 150]);
                    let copied = copy(&padded, 0, 7, &mut out, &mut ends, Some(selected), &mut front);
                    let expected = Copied { strings: 150, position: source.len(), bytes: wanted.0.len() };
                    assert_eq!(copied, expected, "one of {share}");
                    assert!(out[..copied.bytes] == wanted.0 && ends == wanted.1, "one of {share}");
                }
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
