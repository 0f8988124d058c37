//! Views of PLAIN strings, sixteen at a time.
//!
//! Where a string begins is known when the length of the one before it was read: six cycles a string, whatever else a CPU
//! does in them. So it goes over the lengths of sixteen strings with nothing between them, and puts their views together,
//! several to a register, while it goes over those of the next.

use super::{INLINE_BYTES, view_at};
#[cfg(target_arch = "x86_64")]
use crate::simd::cpu;
use crate::simd::{SHORT_PLAIN_BYTES, Utf8Walk, prefetch_far_behind};

/// Strings that are gone over at a time.
const BLOCK: usize = 16;

/// Bytes that a short string and its length have at most, and that are read of each.
const STEP: usize = 4 + SHORT_PLAIN_BYTES;

/// Where the lengths of the strings of a block stand.
type Places = [u32; BLOCK];

/// What [`plain_views`] did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Viewed {
    /// Number of strings.
    pub strings: usize,
    /// Where the length of the next one stands.
    pub position: usize,
    /// True where some string does not lie in its view.
    pub is_pointed_to: bool,
}

/// Makes views of strings with lengths, four little-endian bytes, in front of them from `position` of `source`, buffer
/// `number`, on, as long as they are shorter than 128 bytes, 128 bytes can be read behind the length, and `out` has room.
/// `text` is told of what was walked over while it is in the cache, but not of its end; lengths below 128 are characters too.
pub(crate) fn plain_views(
    source: &[u8],
    position: usize,
    number: u32,
    out: &mut [u128],
    text: Option<&mut Utf8Walk>,
) -> Viewed {
    let walk = Walk { source, text, viewed: Viewed { strings: 0, position, is_pointed_to: false } };
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx512() {
        // SAFETY: the CPU has AVX-512.
        return unsafe { plain_views_avx512(walk, number, out) };
    } else if cpu::has_avx2() {
        // SAFETY: the CPU has AVX2.
        return unsafe { plain_views_avx2(walk, number, out) };
    }
    plain_views_scalar(walk, number, out)
}

/// # Safety
/// The CPU has AVX-512.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn plain_views_avx512(walk: Walk, number: u32, out: &mut [u128]) -> Viewed {
    walk.fill(number, out, |source, places, out| {
        // SAFETY: STEP bytes are there behind each place.
        unsafe { avx512::views(source, places, number, out) }
    })
}

/// # Safety
/// The CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn plain_views_avx2(walk: Walk, number: u32, out: &mut [u128]) -> Viewed {
    walk.fill(number, out, |source, places, out| {
        // SAFETY: STEP bytes are there behind each place.
        unsafe { avx2::views(source, places, number, out) }
    })
}

fn plain_views_scalar(walk: Walk, number: u32, out: &mut [u128]) -> Viewed {
    walk.fill(number, out, |source, places, out| {
        let mut is_pointed_to = false;
        for (place, slot) in places.iter().zip(out) {
            let position = *place as usize;
            let length = short_length_at(source, position).unwrap_or(0);
            *slot = view_at(source, position + 4, length, number);
            is_pointed_to |= length as usize > INLINE_BYTES;
        }
        is_pointed_to
    })
}

/// The length that stands at `position`, if the string is a short one and STEP bytes are there.
#[inline(always)]
fn short_length_at(source: &[u8], position: usize) -> Option<u32> {
    let step = source.get(position..).and_then(|tail| tail.first_chunk::<STEP>())?;
    let length = step.first_chunk().map(|length| u32::from_le_bytes(*length))?;
    ((length as usize) < SHORT_PLAIN_BYTES).then_some(length)
}

/// A walk over the strings of a page.
struct Walk<'a> {
    source: &'a [u8],
    text: Option<&'a mut Utf8Walk>,
    viewed: Viewed,
}

impl Walk<'_> {
    /// Fills `out`. `views` makes those of a block from its places in the source, behind each of which STEP bytes are there
    /// to read, and says whether some string does not lie in its view.
    #[inline(always)]
    fn fill(
        mut self,
        number: u32,
        out: &mut [u128],
        views: impl Fn(&[u8], &Places, &mut [u128; BLOCK]) -> bool,
    ) -> Viewed {
        for block in out.as_chunks_mut::<BLOCK>().0 {
            // Places are kept as numbers of four bytes.
            let reach = self.source.len().min(u32::MAX as usize);
            if reach.saturating_sub(self.viewed.position) < BLOCK * STEP {
                break;
            }
            // SAFETY: so many bytes are there from the position on.
            let (places, strings) = unsafe { self.pass_block() };
            self.viewed.is_pointed_to |= strings > 0 && views(self.source, &places, block);
            if strings < BLOCK {
                return self.viewed;
            }
        }
        for slot in out.iter_mut().skip(self.viewed.strings) {
            let position = self.viewed.position;
            let Some(length) = short_length_at(self.source, position) else { break };
            prefetch_far_behind::<2>(self.source.as_ptr().wrapping_add(position));
            *slot = view_at(self.source, position + 4, length, number);
            self.viewed.is_pointed_to |= length as usize > INLINE_BYTES;
            self.pass(1, position + 4 + length as usize);
        }
        self.viewed
    }

    /// Goes over sixteen strings, or as many as are short; says how many. The place of others is that of the first one.
    ///
    /// # Safety
    /// BLOCK * STEP bytes are there from the position on.
    #[inline(always)]
    unsafe fn pass_block(&mut self) -> (Places, usize) {
        let mut position = self.viewed.position;
        let (mut places, mut strings) = ([position as u32; BLOCK], BLOCK);
        for (string, place) in places.iter_mut().enumerate() {
            prefetch_far_behind::<2>(self.source.as_ptr().wrapping_add(position));
            // SAFETY: each string before this one took STEP bytes at most.
            let length = unsafe { self.source.as_ptr().add(position).cast::<[u8; 4]>().read() };
            let length = u32::from_le_bytes(length) as usize;
            if length >= SHORT_PLAIN_BYTES {
                strings = string;
                break;
            }
            *place = position as u32;
            position += 4 + length;
        }
        self.pass(strings, position);
        (places, strings)
    }

    /// So many more `strings` were walked over, and `position` reached.
    #[inline(always)]
    fn pass(&mut self, strings: usize, position: usize) {
        (self.viewed.strings, self.viewed.position) = (self.viewed.strings + strings, position);
        if let Some(text) = &mut self.text {
            text.pass(self.source, position);
        }
    }
}

/// Each byte of a view is one of the length or the string where the string is longer than this; the bytes behind it are 0.
#[cfg(target_arch = "x86_64")]
const STRING_ABOVE: [i8; 16] = [-1, -1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

/// And one of the pointer where the string is longer than this. No short string is longer than is said of the first eight.
#[cfg(target_arch = "x86_64")]
const POINTER_ABOVE: [i8; 16] = {
    const LONG: i8 = INLINE_BYTES as i8;
    const NONE: i8 = i8::MAX;
    [NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG]
};

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{BLOCK, INLINE_BYTES, POINTER_ABOVE, Places, STRING_ABOVE};

    /// Views of the strings whose lengths stand at `places`; true where some string does not lie in its view.
    ///
    /// # Safety
    /// Sixteen bytes can be read from each place on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) unsafe fn views(source: &[u8], places: &Places, number: u32, out: &mut [u128; BLOCK]) -> bool {
        // SAFETY: both are sixteen bytes.
        let each = |bytes: &[i8; 16]| unsafe { _mm512_broadcast_i32x4(_mm_loadu_si128(bytes.as_ptr().cast())) };
        let (string_above, pointer_above) = (each(&STRING_ABOVE), each(&POINTER_ABOVE));
        let place_and_number = _mm512_setr_epi32(16, 16, 16, 0, 16, 16, 16, 1, 16, 16, 16, 2, 16, 16, 16, 3);
        let number = _mm512_set1_epi32(number.cast_signed());
        let mut longest = _mm512_setzero_si512();
        for (places, out) in places.as_chunks::<4>().0.iter().zip(out.as_chunks_mut::<4>().0) {
            // SAFETY: of the caller.
            let front = |string: usize| unsafe { _mm_loadu_si128(source.as_ptr().add(places[string] as usize).cast()) };
            let two =
                |first: usize| _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(front(first)), front(first + 1));
            let fronts = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(two(0)), two(2));
            let lengths = _mm512_shuffle_epi8(fronts, _mm512_setzero_si512());
            // SAFETY: four places are sixteen bytes.
            let begins = unsafe { _mm_add_epi32(_mm_loadu_si128(places.as_ptr().cast()), _mm_set1_epi32(4)) };
            let pointers = _mm512_permutex2var_epi32(_mm512_castsi128_si512(begins), place_and_number, number);
            let strings = _mm512_maskz_mov_epi8(_mm512_cmpgt_epi8_mask(lengths, string_above), fronts);
            let views = _mm512_mask_mov_epi8(strings, _mm512_cmpgt_epi8_mask(lengths, pointer_above), pointers);
            longest = _mm512_max_epu8(longest, lengths);
            // SAFETY: four views are 64 bytes.
            unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), views) };
        }
        _mm512_cmpgt_epi8_mask(longest, _mm512_set1_epi8(INLINE_BYTES as i8)) != 0
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{BLOCK, INLINE_BYTES, POINTER_ABOVE, Places, STRING_ABOVE};

    /// The same two by two.
    ///
    /// # Safety
    /// Sixteen bytes can be read from each place on.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn views(source: &[u8], places: &Places, number: u32, out: &mut [u128; BLOCK]) -> bool {
        // SAFETY: both are sixteen bytes.
        let each = |bytes: &[i8; 16]| unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes.as_ptr().cast())) };
        let (string_above, pointer_above) = (each(&STRING_ABOVE), each(&POINTER_ABOVE));
        let number = _mm256_set1_epi32(number.cast_signed());
        let mut longest = _mm256_setzero_si256();
        for ([first, second], out) in places.as_chunks::<2>().0.iter().zip(out.as_chunks_mut::<2>().0) {
            // SAFETY: of the caller.
            let front = |place: u32| unsafe { _mm_loadu_si128(source.as_ptr().add(place as usize).cast()) };
            let fronts = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(front(*first)), front(*second));
            let lengths = _mm256_shuffle_epi8(fronts, _mm256_setzero_si256());
            let begins = (i64::from(*first + 4) << 32, i64::from(*second + 4) << 32);
            let begins = _mm256_setr_epi64x(0, begins.0, 0, begins.1);
            let pointers = _mm256_blend_epi32::<0b0100_0100>(begins, number);
            let strings = _mm256_and_si256(fronts, _mm256_cmpgt_epi8(lengths, string_above));
            let views = _mm256_blendv_epi8(strings, pointers, _mm256_cmpgt_epi8(lengths, pointer_above));
            longest = _mm256_max_epu8(longest, lengths);
            // SAFETY: two views are 32 bytes.
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().cast(), views) };
        }
        _mm256_movemask_epi8(_mm256_cmpgt_epi8(longest, _mm256_set1_epi8(INLINE_BYTES as i8))) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{expected, strings};
    use super::*;

    type Backend = fn(Walk, u32, &mut [u128]) -> Viewed;

    /// The scalar one, and those that this CPU has.
    fn backends() -> Vec<Backend> {
        let scalar: Backend = plain_views_scalar;
        #[cfg(not(target_arch = "x86_64"))]
        return vec![scalar];
        #[cfg(target_arch = "x86_64")]
        {
            // SAFETY: they are called where the CPU has what they ask for.
            let avx2: Backend = |walk, number, out| unsafe { plain_views_avx2(walk, number, out) };
            let avx512: Backend = |walk, number, out| unsafe { plain_views_avx512(walk, number, out) };
            let backends = [(scalar, true), (avx2, cpu::has_avx2()), (avx512, cpu::has_avx512())];
            backends.into_iter().filter(|(_, is_there)| *is_there).map(|(backend, _)| backend).collect()
        }
    }

    fn walk(source: &[u8], position: usize) -> Walk<'_> {
        Walk { source, text: None, viewed: Viewed { strings: 0, position, is_pointed_to: false } }
    }

    /// Strings with their lengths in front of them from byte 3 on, then one that is not short; views of all short ones.
    fn page(strings: &[Vec<u8>]) -> (Vec<u8>, Vec<u128>) {
        let (mut source, mut views) = (vec![9; 3], Vec::new());
        for string in strings {
            source.extend((string.len() as u32).to_le_bytes());
            views.push(expected(string, source.len(), 5));
            source.extend(string);
        }
        source.extend((SHORT_PLAIN_BYTES as u32).to_le_bytes());
        source.extend([7; SHORT_PLAIN_BYTES]);
        (source, views)
    }

    #[test]
    fn plain_strings_become_views_as_long_as_they_are_short() {
        for longest in [0, 5, 12, 13, 30, SHORT_PLAIN_BYTES - 1] {
            let (source, wanted) = page(&strings(longest));
            let end = source.len() - 4 - SHORT_PLAIN_BYTES;
            let first = 3 + 4 + wanted[0] as u32 as usize;
            for views in backends() {
                let mut out = vec![0; 301];
                let all = Viewed { strings: 300, position: end, is_pointed_to: longest > 12 };
                assert_eq!(views(walk(&source, 3), 5, &mut out), all, "up to the long one");
                assert_eq!(out[..300], wanted, "up to {longest} bytes");
                assert_eq!(views(walk(&source, 3), 5, &mut out[..77]).strings, 77, "as many as wanted");
                let some = &source[..3 + 4 + SHORT_PLAIN_BYTES];
                assert_eq!(views(walk(some, 3), 5, &mut out).position, first, "as there is to read");
                assert_eq!(views(walk(&some[..some.len() - 1], 3), 5, &mut out).strings, 0);
                assert_eq!(views(walk(&source, source.len() + 1), 5, &mut out).strings, 0);
            }
        }
    }

    #[test]
    fn a_long_string_ends_the_walk_anywhere_in_a_block() {
        for short in 0..40 {
            let strings = strings(30);
            let (mut source, wanted) = page(&strings[..short]);
            let end = source.len() - 4 - SHORT_PLAIN_BYTES;
            source.extend([0; BLOCK * STEP]);
            let is_pointed_to = strings[..short].iter().any(|string| string.len() > INLINE_BYTES);
            for views in backends() {
                let mut out = vec![0; 100];
                let viewed = views(walk(&source, 3), 5, &mut out);
                assert_eq!(viewed, Viewed { strings: short, position: end, is_pointed_to });
                assert_eq!(out[..short], wanted, "of {short}");
            }
        }
    }

    /// The end of what can be read lies anywhere behind the strings, also in the middle of a block.
    #[test]
    fn the_walk_keeps_within_the_page() {
        let (source, wanted) = page(&strings(SHORT_PLAIN_BYTES - 1)[..60]);
        for end in (0..source.len()).step_by(7) {
            // In memory of its own, so that tools see who reads behind it.
            let cut = source[..end].to_vec();
            for views in backends() {
                let mut out = vec![0; 60];
                let viewed = views(walk(&cut, 3), 5, &mut out);
                assert!(viewed.strings == 60 || viewed.position + STEP > end, "all that there is");
                assert_eq!(out[..viewed.strings], wanted[..viewed.strings]);
            }
        }
    }

    #[test]
    fn text_is_validated_on_the_way() {
        let lengths = [1, 3, 45, 11, 2, 35];
        let (mut source, mut begins) = (Vec::new(), Vec::new());
        for length in lengths.iter().cycle().take(1200) {
            let string = "ß€𝄞z".repeat(*length).chars().take(*length).collect::<String>();
            begins.push(source.len());
            source.extend((string.len() as u32).to_le_bytes());
            source.extend(string.into_bytes());
        }
        let end = source.len();
        source.extend([0; SHORT_PLAIN_BYTES]);
        let is_valid = |source: &[u8]| {
            let mut text = Utf8Walk::new(0);
            let viewed = plain_views(source, 0, 0, &mut vec![0; begins.len()], Some(&mut text));
            assert_eq!((viewed.strings, viewed.position), (begins.len(), end));
            text.end(source, end, end);
            text.is_valid()
        };
        assert!(end > 6 * 8192, "of several stretches");
        assert!(is_valid(&source));
        for begin in begins.iter().step_by(37).chain(begins.last()) {
            let mut source = source.clone();
            source[begin + 4] = 0xff;
            assert!(!is_valid(&source), "the string at {begin}");
        }
    }
}
