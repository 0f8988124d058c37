//! AVX2: present values are permuted by tables of lanes.

use std::arch::x86_64::*;

/// For eight rows by their validity bits: the lane that each row is taken from; 8 and more for a null.
static LANES: [[u8; 8]; 256] = {
    let mut lanes = [[0x80; 8]; 256];
    let mut bits = 0;
    while bits < 256 {
        let (mut row, mut lane) = (0, 0);
        while row < 8 {
            if bits >> row & 1 == 1 {
                lanes[bits][row] = lane;
                lane += 1;
            }
            row += 1;
        }
        bits += 1;
    }
    lanes
};

/// # Safety
/// The CPU has AVX2; `from <= start`, and 64 values from `start` on can be read and written.
#[target_feature(enable = "avx2,popcnt")]
pub(super) unsafe fn expand_word_32(values: *mut u32, from: usize, start: usize, word: u64) {
    let mut from = from + word.count_ones() as usize;
    for row in (0..64).step_by(8).rev() {
        let bits = (word >> row) as u8;
        from -= bits.count_ones() as usize;
        // SAFETY: the table's rows are eight bytes long; eight values from `from <= start + row` on lie in front of the
        // last row's end, as do those of the rows.
        unsafe {
            let lanes = _mm256_cvtepi8_epi32(_mm_loadl_epi64(LANES[bits as usize].as_ptr().cast()));
            let present = _mm256_loadu_si256(values.add(from).cast());
            let moved = _mm256_permutevar8x32_epi32(present, lanes);
            // The lanes of nulls are negative numbers.
            let rows = _mm256_andnot_si256(_mm256_srai_epi32::<31>(lanes), moved);
            _mm256_storeu_si256(values.add(start + row).cast(), rows);
        }
    }
}

/// # Safety
/// The CPU has AVX2; `from <= start`, and 64 values from `start` on can be read and written.
#[target_feature(enable = "avx2,popcnt")]
pub(super) unsafe fn expand_word_64(values: *mut u64, from: usize, start: usize, word: u64) {
    let halves = _mm256_set_epi32(1, 0, 1, 0, 1, 0, 1, 0);
    let mut from = from + word.count_ones() as usize;
    for row in (0..64).step_by(4).rev() {
        let bits = word >> row & 0b1111;
        from -= bits.count_ones() as usize;
        // SAFETY: as above, with four values.
        unsafe {
            let lanes = _mm256_cvtepi8_epi64(_mm_loadl_epi64(LANES[bits as usize].as_ptr().cast()));
            let present = _mm256_loadu_si256(values.add(from).cast());
            // Lane `n` of eight bytes is lanes `2n` and `2n + 1` of four.
            let twice = _mm256_shuffle_epi32::<0b10_10_00_00>(_mm256_add_epi64(lanes, lanes));
            let moved = _mm256_permutevar8x32_epi32(present, _mm256_add_epi32(twice, halves));
            let nulls = _mm256_cmpgt_epi64(_mm256_setzero_si256(), lanes);
            _mm256_storeu_si256(values.add(start + row).cast(), _mm256_andnot_si256(nulls, moved));
        }
    }
}

/// For two rows by their validity bits: the lanes of four bytes that each row is taken from; negative for a null.
static PAIRS: [[i32; 8]; 4] =
    [[-1; 8], [0, 1, 2, 3, -1, -1, -1, -1], [-1, -1, -1, -1, 0, 1, 2, 3], [0, 1, 2, 3, 4, 5, 6, 7]];

/// # Safety
/// The CPU has AVX2; `from <= start`, and 64 values from `start` on can be read and written.
#[target_feature(enable = "avx2,popcnt")]
pub(super) unsafe fn expand_word_128(values: *mut u128, from: usize, start: usize, word: u64) {
    let mut from = from + word.count_ones() as usize;
    for row in (0..64).step_by(2).rev() {
        let bits = (word >> row & 0b11) as usize;
        from -= bits.count_ones() as usize;
        // SAFETY: as above, with two values; the table's rows are as long as a register.
        unsafe {
            let lanes = _mm256_loadu_si256(PAIRS[bits].as_ptr().cast());
            let present = _mm256_loadu_si256(values.add(from).cast());
            let moved = _mm256_permutevar8x32_epi32(present, lanes);
            let rows = _mm256_andnot_si256(_mm256_srai_epi32::<31>(lanes), moved);
            _mm256_storeu_si256(values.add(start + row).cast(), rows);
        }
    }
}
