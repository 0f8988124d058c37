//! Byte strings that each begin like the one before them.
//!
//! ```text
//! for i in 0..lengths.len():
//!     out += (string before)[..prefixes[i]]
//!     out += the next lengths[i] - prefixes[i] bytes of own
//! ```
//!
//! AVX2 keeps the first 64 bytes of the string before in registers, so that no string waits until the one before it was
//! stored: what follows the prefix is read as if the prefix stood in front of it, and blended in behind the prefix.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use super::{copy_prefix, copy_within};

/// Strings up to this length are put together in registers.
#[cfg(target_arch = "x86_64")]
const SHORT: usize = 64;

/// Strings without the bytes that they share.
#[derive(Clone, Copy)]
pub(crate) struct FrontCoded<'a> {
    /// Little-endian: how many bytes of the string before it each one begins with, at most all of them.
    pub prefixes: &'a [[u8; 4]],
    /// Little-endian: length of each string, prefix included.
    pub lengths: &'a [[u8; 4]],
    /// Where their own bytes lie, end to end; what is in front of them and behind them is there too.
    pub source: &'a [u8],
    /// Where those of the first string begin.
    pub start: usize,
}

/// How far the strings are put together.
struct Progress<'a> {
    /// The string in front of the first one.
    first_last: &'a [u8],
    /// Where the string put together last begins, if there is one.
    last: Option<usize>,
    /// Where the next one begins.
    at: usize,
    /// Where its own bytes begin.
    own: usize,
}

/// Writes the strings end to end to the front of `out`, which they may leave bytes behind them overwritten in; `last` is
/// the string in front of the first one. Returns where the last one begins and ends; nothing where there are none.
pub(crate) fn put_together(strings: FrontCoded<'_>, last: &[u8], out: &mut [u8]) -> Option<(usize, usize)> {
    assert!(strings.prefixes.len() == strings.lengths.len());
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        // SAFETY: the CPU has AVX2.
        return unsafe { avx2::put_together(strings, last, out) };
    }
    scalar(strings, last, out)
}

fn scalar(strings: FrontCoded<'_>, last: &[u8], out: &mut [u8]) -> Option<(usize, usize)> {
    let mut progress = Progress::new(&strings, last);
    for (prefix, suffix) in strings.parts() {
        progress.put(strings.source, prefix, suffix, out);
    }
    progress.last.map(|last| (last, progress.at))
}

impl<'a> FrontCoded<'a> {
    /// Length of prefix and of own bytes of each string.
    #[inline(always)]
    fn parts(self) -> impl Iterator<Item = (usize, usize)> + 'a {
        self.prefixes.iter().zip(self.lengths).map(|(prefix, length)| {
            let prefix = u32::from_le_bytes(*prefix) as usize;
            (prefix, (u32::from_le_bytes(*length) as usize).saturating_sub(prefix))
        })
    }
}

impl<'a> Progress<'a> {
    fn new(strings: &FrontCoded<'_>, last: &'a [u8]) -> Self {
        Self { first_last: last, last: None, at: 0, own: strings.start }
    }

    /// Puts the next string together, whatever its length.
    fn put(&mut self, source: &[u8], prefix: usize, suffix: usize, out: &mut [u8]) {
        match self.last {
            Some(last) => copy_within(out, last, prefix, self.at),
            None => copy_prefix(self.first_last, prefix, &mut out[self.at..]),
        }
        copy_prefix(&source[self.own..], suffix, &mut out[self.at + prefix..]);
        self.pass(prefix, suffix);
    }

    #[inline(always)]
    fn pass(&mut self, prefix: usize, suffix: usize) {
        self.last = Some(self.at);
        self.at += prefix + suffix;
        self.own += suffix;
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{FrontCoded, Progress, SHORT};

    /// # Safety
    /// The CPU has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn put_together(strings: FrontCoded<'_>, last: &[u8], out: &mut [u8]) -> Option<(usize, usize)> {
        let mut progress = Progress::new(&strings, last);
        let source = strings.source;
        let mut before = front(last);
        for (prefix, suffix) in strings.parts() {
            // As if the prefix stood in front of the own bytes.
            let from = progress.own.wrapping_sub(prefix);
            let can_read = from <= source.len() && source.len() - from >= SHORT;
            let can_write = progress.at <= out.len() && out.len() - progress.at >= SHORT;
            if prefix + suffix > SHORT || !can_read || !can_write {
                let at = progress.at;
                progress.put(source, prefix, suffix, out);
                before = front(&out[at..progress.at]);
                continue;
            }
            let own = &source[from..][..SHORT];
            let string = &mut out[progress.at..][..SHORT];
            for (half, place) in [0, 32].into_iter().enumerate() {
                let own_places = _mm256_cmpgt_epi8(places(place), _mm256_set1_epi8(prefix as i8 - 1));
                // SAFETY: both are 64 bytes long.
                unsafe {
                    let own = _mm256_loadu_si256(own.as_ptr().add(place).cast());
                    before[half] = _mm256_blendv_epi8(before[half], own, own_places);
                    _mm256_storeu_si256(string.as_mut_ptr().add(place).cast(), before[half]);
                }
            }
            progress.pass(prefix, suffix);
        }
        progress.last.map(|last| (last, progress.at))
    }

    /// The numbers from `first`, at most 32, on.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn places(first: usize) -> __m256i {
        let mut places = [0u8; 32];
        for (place, slot) in (first..).zip(&mut places) {
            *slot = place as u8;
        }
        // SAFETY: they are 32.
        unsafe { _mm256_loadu_si256(places.as_ptr().cast()) }
    }

    /// The first 64 bytes of `string`, as many as it has.
    #[target_feature(enable = "avx2")]
    fn front(string: &[u8]) -> [__m256i; 2] {
        let mut padded = [0u8; SHORT];
        let length = string.len().min(SHORT);
        padded[..length].copy_from_slice(&string[..length]);
        let [low, high] = [0, 32].map(|place| padded[place..].as_ptr());
        // SAFETY: 32 bytes lie behind either.
        unsafe { [_mm256_loadu_si256(low.cast()), _mm256_loadu_si256(high.cast())] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_every_length_are_put_together() {
        let noise = |i: usize| (i as u32).wrapping_mul(2654435761) as usize >> 7;
        for (longest, space) in [(5, 0), (40, 0), (40, 100), (63, 70), (70, 70), (200, 100)] {
            let mut expected: Vec<Vec<u8>> = vec![(0..longest as u8).collect()];
            let (mut prefixes, mut lengths, mut own) = (Vec::new(), Vec::new(), vec![7; space]);
            for i in 0..300 {
                let last = &expected[i];
                let prefix = noise(2 * i) % (last.len() + 1);
                let length = (prefix + noise(2 * i + 1) % (longest + 1)).min(longest.max(prefix));
                let suffix: Vec<u8> = (prefix..length).map(|place| (i * 7 + place * 3) as u8).collect();
                own.extend(&suffix);
                prefixes.push((prefix as u32).to_le_bytes());
                lengths.push((length as u32).to_le_bytes());
                expected.push([&last[..prefix], &suffix].concat());
            }
            own.extend(vec![8; space]);
            let all = expected[1..].concat();
            let last_one = (all.len() - expected[300].len(), all.len());
            let strings = FrontCoded { prefixes: &prefixes, lengths: &lengths, source: &own, start: space };
            for put in [put_together, scalar] {
                for room in [0, 1, 64] {
                    let mut out = vec![9; all.len() + room];
                    assert_eq!(put(strings, &expected[0], &mut out), Some(last_one));
                    assert_eq!(out[..all.len()], all, "up to {longest} bytes, {space} around, room of {room}");
                }
                assert_eq!(put(FrontCoded { prefixes: &[], lengths: &[], ..strings }, b"abc", &mut []), None);
            }
        }
    }
}
