//! Where a text begins in some bytes.
//!
//! ```text
//! find: the lowest i with bytes[i..i + text.len()] == text
//! ```
//!
//! Libraries look for two bytes of a text that are rare in most, and then at what surrounds them. In names and addresses, made
//! of few letters, both are found all the time, and each time a branch is guessed wrong. So four bytes of the text, as far apart
//! as it is long, are compared with 64 places at a time: what has all of them nearly always has the others. What is too short
//! for that is left to memchr, and all of it where the CPU has none of the backends.

use memchr::memmem::Finder;

#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Places that are looked at at a time.
const STEP: usize = 64;

/// A text to be found.
#[derive(Debug)]
pub(crate) struct TextFinder {
    finder: Finder<'static>,
    probes: Probes,
}

/// Where in a text the four bytes stand, the first and the last among them, and what they are.
#[derive(Debug, Clone, Copy)]
struct Probes {
    places: [usize; 4],
    bytes: [u8; 4],
}

impl Probes {
    /// Of a text that is not empty.
    fn of(text: &[u8]) -> Self {
        let last = text.len().saturating_sub(1);
        let places = [0, text.len() / 3, last - last / 3, last];
        Self { places, bytes: places.map(|place| text.get(place).copied().unwrap_or_default()) }
    }

    /// True where they are all of the text.
    fn are_all(&self) -> bool {
        self.places[3] < 4
    }
}

impl TextFinder {
    /// Finds `text`.
    pub(crate) fn new(text: &[u8]) -> Self {
        Self { finder: Finder::new(text).into_owned(), probes: Probes::of(text) }
    }

    /// What is found.
    pub(crate) fn text(&self) -> &[u8] {
        self.finder.needle()
    }

    /// The first place in `bytes` where the text begins.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<usize> {
        let searched = match self.search(bytes) {
            Ok(place) => return Some(place),
            Err(searched) => searched,
        };
        let place = self.finder.find(bytes.get(searched..).unwrap_or_default())?;
        Some(searched + place)
    }

    /// Searches as far as there are whole steps: the place, or up to where there is none.
    fn search(&self, bytes: &[u8]) -> Result<usize, usize> {
        #[cfg(target_arch = "x86_64")]
        if bytes.len() < STEP || self.text().len() < 2 {
            return Err(0);
        } else if cpu::has_avx512() {
            // SAFETY: the CPU has AVX-512.
            return unsafe { search_avx512(bytes, self.text(), &self.probes) };
        } else if cpu::has_avx2() {
            // SAFETY: the CPU has AVX2.
            return unsafe { search_avx2(bytes, self.text(), &self.probes) };
        }
        Err(0)
    }
}

/// `has_probes` says of 64 places from one on, behind each of which all of the text fits, where the four bytes are.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn search_by(bytes: &[u8], text: &[u8], probes: &Probes, has_probes: impl Fn(usize) -> u64) -> Result<usize, usize> {
    let places = (bytes.len() + 1).saturating_sub(text.len());
    let mut at = 0;
    while at + STEP <= places {
        let mut left = has_probes(at);
        while left != 0 {
            let place = at + left.trailing_zeros() as usize;
            if probes.are_all() || bytes.get(place..).is_some_and(|bytes| bytes.starts_with(text)) {
                return Ok(place);
            }
            left &= left - 1;
        }
        at += STEP;
    }
    Err(at)
}

/// # Safety
/// The CPU has AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn search_avx512(bytes: &[u8], text: &[u8], probes: &Probes) -> Result<usize, usize> {
    use std::arch::x86_64::*;
    let sought = probes.bytes.map(|byte| _mm512_set1_epi8(byte.cast_signed()));
    search_by(bytes, text, probes, |at| {
        let has = |probe: usize| {
            // SAFETY: 64 places from there on are behind places of the text, all of which fits.
            let there = unsafe { _mm512_loadu_si512(bytes.as_ptr().add(at + probes.places[probe]).cast()) };
            _mm512_cmpeq_epi8_mask(there, sought[probe])
        };
        has(0) & has(1) & has(2) & has(3)
    })
}

/// # Safety
/// The CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn search_avx2(bytes: &[u8], text: &[u8], probes: &Probes) -> Result<usize, usize> {
    use std::arch::x86_64::*;
    let sought = probes.bytes.map(|byte| _mm256_set1_epi8(byte.cast_signed()));
    search_by(bytes, text, probes, |at| {
        let half = |at: usize| {
            let has = |probe: usize| {
                // SAFETY: 32 places from there on are behind places of the text, all of which fits.
                let there = unsafe { _mm256_loadu_si256(bytes.as_ptr().add(at + probes.places[probe]).cast()) };
                _mm256_cmpeq_epi8(there, sought[probe])
            };
            let all = _mm256_and_si256(_mm256_and_si256(has(0), has(1)), _mm256_and_si256(has(2), has(3)));
            u64::from(_mm256_movemask_epi8(all).cast_unsigned())
        };
        half(at) | half(at + 32) << 32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Backend = fn(&[u8], &[u8], &Probes) -> Result<usize, usize>;

    /// Those that this CPU has; the library is their twin.
    fn backends() -> Vec<Backend> {
        #[cfg(not(target_arch = "x86_64"))]
        return vec![];
        #[cfg(target_arch = "x86_64")]
        {
            // SAFETY: they are called where the CPU has what they ask for.
            let avx2: Backend = |bytes, text, probes| unsafe { search_avx2(bytes, text, probes) };
            let avx512: Backend = |bytes, text, probes| unsafe { search_avx512(bytes, text, probes) };
            let backends = [(avx2, cpu::has_avx2()), (avx512, cpu::has_avx512())];
            backends.into_iter().filter(|(_, is_there)| *is_there).map(|(backend, _)| backend).collect()
        }
    }

    /// Letters out of the first few.
    fn letters(seed: usize, count: usize, few: u32) -> Vec<u8> {
        let mut state = (seed as u32).wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % few
        };
        (0..count).map(|_| b'a' + next() as u8).collect()
    }

    #[test]
    fn the_first_place_is_found() {
        for case in 0..4000 {
            let text = letters(case, 2 + case % 23, 2 + case as u32 % 3);
            // In memory of its own, so that tools see who reads behind it.
            let mut bytes = letters(case + 7, case % 400, 2 + case as u32 % 3);
            if case % 3 == 0 && bytes.len() > text.len() {
                let place = case % (bytes.len() - text.len());
                bytes[place..place + text.len()].copy_from_slice(&text);
            }
            let expected = bytes.windows(text.len()).position(|window| window == text);
            assert_eq!(TextFinder::new(&text).find(&bytes), expected, "case {case}");
            for backend in backends() {
                match backend(&bytes, &text, &Probes::of(&text)) {
                    Ok(place) => assert_eq!(Some(place), expected, "case {case}"),
                    Err(searched) => {
                        assert!(expected.is_none_or(|place| place >= searched), "case {case}");
                        assert!(searched + STEP + text.len() > bytes.len() + 1, "all whole steps, case {case}");
                    }
                }
            }
        }
    }

    #[test]
    fn texts_of_a_byte_and_of_none_are_found() {
        let bytes = [letters(1, 300, 3), b"z".to_vec()].concat();
        assert_eq!(TextFinder::new(b"z").find(&bytes), Some(300));
        assert_eq!(TextFinder::new(b"").find(&bytes), Some(0));
        assert_eq!(TextFinder::new(b"").find(b""), Some(0));
        assert_eq!(TextFinder::new(b"zz").find(&bytes), None);
    }
}
