//! What the elements say that begin in a window of 64 bytes, at most 32 of them, with AVX-512 (VBMI): lengths, offsets, and where
//! they go. Nothing here is checked against the block; what is wrong is told apart by `stages`, whose second stage this is.

// What is cast are constants of a byte, and sums of at most 2,048.
#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap)]

use std::arch::x86_64::*;

use super::elements::WINDOW;

/// Most elements that begin in a window: each has two bytes at least.
pub(super) const MOST: usize = WINDOW / 2;

/// Bytes that most elements become at most.
const SHORT: i8 = 16;

/// Copies from nearer than this are likely to wait for a store.
pub(super) const NEAR: usize = 32;

/// Marks an element that becomes more than SHORT bytes.
const LONG: i8 = 0x40;

/// Marks a copy that is longer than its offset, beside its length.
pub(super) const REPEATS: u8 = 0x80;

/// What the elements that begin in a window say.
pub(super) struct Said {
    /// Where they begin, as numbers of four bytes.
    pub(super) starts: [__m512i; 2],
    /// Numbers of a byte; 0 where there is no element.
    lengths: __m256i,
    /// Numbers of two bytes, of copies.
    pub(super) offsets: __m512i,
    /// Which of 32 there are.
    pub(super) is_one: u32,
    pub(super) is_copy: u32,
    /// Neither a short literal nor a copy with an offset of one or two bytes.
    pub(super) is_other: u32,
    pub(super) is_near: u32,
}

impl Said {
    /// # Safety
    /// The CPU has AVX-512; the window at `source` and BEHIND bytes can be read.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    pub(super) unsafe fn of(source: *const u8, starts: &[u8; MOST]) -> Self {
        // SAFETY: of the caller.
        let (starts, tags, firsts, seconds) = unsafe {
            let starts = _mm256_loadu_si256(starts.as_ptr().cast());
            let places = _mm512_castsi256_si512(starts);
            let at = |behind: usize| {
                let window = _mm512_loadu_si512(source.add(behind).cast());
                _mm512_castsi512_si256(_mm512_permutexvar_epi8(places, window))
            };
            (starts, at(0), at(1), at(2))
        };
        let is_one = _mm256_cmplt_epu8_mask(starts, _mm256_set1_epi8(WINDOW as i8));
        let kinds = _mm256_and_si256(tags, _mm256_set1_epi8(3));
        let codes = _mm256_and_si256(_mm256_srli_epi16::<2>(tags), _mm256_set1_epi8(0x3f));
        let is_literal = _mm256_mask_testn_epi8_mask(is_one, kinds, kinds);
        let is_short_copy = _mm256_mask_cmpeq_epi8_mask(is_one, kinds, _mm256_set1_epi8(1));
        let is_long_literal = _mm256_mask_cmpge_epu8_mask(is_literal, codes, _mm256_set1_epi8(60));
        let has_four_bytes = _mm256_mask_cmpeq_epi8_mask(is_one, kinds, _mm256_set1_epi8(3));

        let lengths = _mm256_maskz_add_epi8(is_one, codes, _mm256_set1_epi8(1));
        let short = _mm256_and_si256(codes, _mm256_set1_epi8(7));
        let lengths = _mm256_mask_add_epi8(lengths, is_short_copy, short, _mm256_set1_epi8(4));
        let bits = _mm256_srli_epi16::<3>(_mm256_and_si256(codes, _mm256_set1_epi8(0x38)));
        let highs = _mm512_cvtepu8_epi16(_mm256_mask_mov_epi8(seconds, is_short_copy, bits));
        let offsets = _mm512_or_si512(_mm512_cvtepu8_epi16(firsts), _mm512_slli_epi16::<8>(highs));
        let is_copy = is_one & !is_literal;
        Self {
            starts: [
                _mm512_cvtepu8_epi32(_mm256_castsi256_si128(starts)),
                _mm512_cvtepu8_epi32(_mm256_extracti128_si256::<1>(starts)),
            ],
            lengths,
            offsets,
            is_one,
            is_copy,
            is_other: is_long_literal | has_four_bytes,
            is_near: _mm512_mask_cmplt_epu16_mask(is_copy, offsets, _mm512_set1_epi16(NEAR as i16)),
        }
    }

    /// Numbers of two bytes; 0 where there is no element.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn lengths(&self) -> __m512i {
        _mm512_cvtepu8_epi16(self.lengths)
    }

    /// Which copies begin in front of the target, or have no offset. In front of the elements so many bytes are written, and in front
    /// of each of them `sums` more.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) fn begins_outside(&self, written: usize, sums: __m512i) -> u32 {
        // No offset is larger than the largest number there is, and one of 0 is larger than any less one.
        let written = u16::try_from(written).unwrap_or(u16::MAX);
        let most = _mm512_adds_epu16(_mm512_set1_epi16(written.cast_signed()), sums);
        let offsets = _mm512_sub_epi16(self.offsets, _mm512_set1_epi16(1));
        _mm512_mask_cmpge_epu16_mask(self.is_copy, offsets, most)
    }

    /// How their bytes are moved, for each of the 32.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vbmi")]
    pub(super) fn marks(&self) -> __m256i {
        let is_long = _mm256_cmpgt_epi8_mask(self.lengths, _mm256_set1_epi8(SHORT));
        let is_repeated = _mm512_mask_cmplt_epu16_mask(self.is_copy, self.offsets, self.lengths());
        let marks = _mm256_maskz_set1_epi8(is_long, LONG);
        let repeats = _mm256_or_si256(self.lengths, _mm256_set1_epi8(REPEATS.cast_signed()));
        _mm256_mask_mov_epi8(marks, is_repeated, repeats)
    }
}

/// For every number of two bytes the sum of those in front of it, and the sum of all.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn sums(numbers: __m512i) -> (__m512i, usize) {
    // In each part of 16 bytes, then over these.
    let sums = _mm512_add_epi16(numbers, _mm512_bslli_epi128::<2>(numbers));
    let sums = _mm512_add_epi16(sums, _mm512_bslli_epi128::<4>(sums));
    let sums = _mm512_add_epi16(sums, _mm512_bslli_epi128::<8>(sums));
    let totals = _mm512_shuffle_epi8(sums, _mm512_set1_epi16(0x0f0e));
    let totals = _mm512_add_epi16(totals, _mm512_maskz_shuffle_i64x2::<0b10_01_00_00>(0b1111_1100, totals, totals));
    let totals = _mm512_add_epi16(totals, _mm512_maskz_shuffle_i64x2::<0b01_00_00_00>(0b1111_0000, totals, totals));
    let in_front = _mm512_maskz_shuffle_i64x2::<0b10_01_00_00>(0b1111_1100, totals, totals);
    let sums = _mm512_add_epi16(sums, in_front);
    let total = _mm_extract_epi16::<7>(_mm512_extracti32x4_epi32::<3>(sums));
    (_mm512_sub_epi16(sums, numbers), usize::from(total.cast_unsigned() as u16))
}

/// Numbers of two bytes as numbers of four.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
pub(super) fn widened(numbers: __m512i) -> [__m512i; 2] {
    let high = _mm512_extracti64x4_epi64::<1>(numbers);
    [_mm512_cvtepu16_epi32(_mm512_castsi512_si256(numbers)), _mm512_cvtepu16_epi32(high)]
}
