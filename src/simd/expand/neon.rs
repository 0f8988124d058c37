//! NEON: present values are permuted by tables of bytes.

use std::arch::aarch64::*;

/// For the rows of `BYTES` bytes in a register by their validity bits: where each byte is taken from; none for a null.
struct Places<const BYTES: usize>;

impl<const BYTES: usize> Places<BYTES> {
    const OF_ROWS: &[[u8; 16]; 16] = &{
        let mut places = [[0xff; 16]; 16];
        let mut bits = 0;
        while bits < 1 << (16 / BYTES) {
            let (mut at, mut from) = (0, 0);
            while at < 16 {
                if bits >> (at / BYTES) & 1 == 1 {
                    places[bits][at] = from;
                    from += 1;
                }
                at += 1;
            }
            bits += 1;
        }
        places
    };
}

/// Values of `BYTES` bytes, four, eight or sixteen.
///
/// # Safety
/// `from <= start`, and 64 values from `start` on can be read and written.
#[target_feature(enable = "neon")]
pub(super) unsafe fn expand_word<const BYTES: usize>(values: *mut u8, from: usize, start: usize, word: u64) {
    let per_register = const { 16 / BYTES };
    let mut from = from + word.count_ones() as usize;
    for row in (0..64).step_by(per_register).rev() {
        let bits = (word >> row) as usize & ((1 << per_register) - 1);
        // Of up to four bits: twice the ones in each two of them is what they are less than themselves doubled.
        let halves = bits - (bits >> 1 & 0b101);
        from -= (halves & 0b11) + (halves >> 2);
        // SAFETY: the table's rows are as long as a register; as many values as it has from `from <= start + row` on lie in
        // front of the last row's end, as do those of the rows.
        unsafe {
            let present = vld1q_u8(values.add(from * BYTES));
            let places = vld1q_u8(Places::<BYTES>::OF_ROWS[bits].as_ptr());
            vst1q_u8(values.add((start + row) * BYTES), vqtbl1q_u8(present, places));
        }
    }
}
