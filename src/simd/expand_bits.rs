//! Opens up compact bits to their rows.
//!
//! ```text
//! expand_bits: for i in 0..valid.len(): if valid[i]: out[i] = bits[count]; count += 1
//! ```
//!
//! The loop over words is the same for every backend, and compiled for what the CPU has.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use super::expand;
use crate::memory::BitSlice;

/// `bits`, one for each set bit of `valid`, at the places of these; all others are 0.
pub(crate) fn expand_bits(bits: BitSlice<'_>, valid: BitSlice<'_>) -> Vec<u64> {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        // SAFETY: the CPU has it.
        return unsafe { by_bmi(bits, valid) };
    }
    by_words(bits, valid, expand::deposit_bits_scalar)
}

/// # Safety
/// The CPU has BMI2 and POPCNT.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "bmi2,popcnt")]
unsafe fn by_bmi(bits: BitSlice<'_>, valid: BitSlice<'_>) -> Vec<u64> {
    // SAFETY: of the caller.
    by_words(bits, valid, |bits, mask| unsafe { expand::deposit_bits_bmi2(bits, mask) })
}

#[inline(always)]
fn by_words(bits: BitSlice<'_>, valid: BitSlice<'_>, deposit: impl Fn(u64, u64) -> u64) -> Vec<u64> {
    let mut taken = 0;
    let mut words = Vec::with_capacity(valid.len().div_ceil(64));
    for start in (0..valid.len()).step_by(64) {
        let mask = valid.word(start);
        words.push(deposit(bits.word(taken), mask));
        taken += mask.count_ones() as usize;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_put_bits_where_a_loop_over_all_puts_them() {
        let bytes: Vec<u8> = (0..200usize).map(|at| (at * at * 31) as u8 ^ (at * 73) as u8).collect();
        let is_set = |start: usize, bit: usize| bytes[(start + bit) / 8] >> ((start + bit) % 8) & 1 == 1;
        for (start, length) in [(0, 0), (0, 1600), (3, 1), (5, 64), (7, 1000), (64, 1536)] {
            let valid = BitSlice::new(&bytes, start, length);
            let count = (0..length).filter(|bit| is_set(start, *bit)).count();
            for from in [0, 1, 13, 64] {
                // No more bits than there are places, and fewer.
                for count in [count.min(1600 - from), count / 2] {
                    let bits = BitSlice::new(&bytes, from, count);
                    let mut expected = vec![0u64; length.div_ceil(64)];
                    for (number, place) in (0..length).filter(|bit| is_set(start, *bit)).take(count).enumerate() {
                        expected[place / 64] |= u64::from(is_set(from, number)) << (place % 64);
                    }
                    assert_eq!(expand_bits(bits, valid), expected, "{count} bits from {from}, {length} from {start}");
                    assert_eq!(by_words(bits, valid, expand::deposit_bits_scalar), expected);
                }
            }
        }
    }
}
