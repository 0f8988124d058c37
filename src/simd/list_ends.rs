//! Where lists begin among the elements of all.
//!
//! ```text
//! for each set bit i of begins: out[count] = before + number of set bits of elements below bit i; count += 1
//! ```

use super::End;
#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Writes for every list that begins, a set bit of `begins`, how many `elements` lie in front of it, `before` of them in front
/// of the first bit, to the front of `out`, which has room for as many as there are such bits. Returns their number.
pub(crate) fn list_ends<T: End>(begins: u64, elements: u64, before: T, out: &mut [T]) -> usize {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        // SAFETY: every CPU with AVX2 and BMI2 has the others.
        return unsafe { by_popcnt(begins, elements, before, out) };
    }
    scalar(begins, elements, before, out)
}

#[inline(always)]
fn scalar<T: End>(begins: u64, elements: u64, before: T, out: &mut [T]) -> usize {
    let count = begins.count_ones() as usize;
    let mut rest = begins;
    for slot in &mut out[..count] {
        let in_front = elements & rest.wrapping_sub(1) & !rest;
        *slot = before.after(in_front.count_ones());
        rest &= rest.wrapping_sub(1);
    }
    count
}

/// The same loop, compiled for a CPU that counts bits.
///
/// # Safety
/// The CPU has POPCNT, BMI1 and BMI2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt,bmi1,bmi2")]
unsafe fn by_popcnt<T: End>(begins: u64, elements: u64, before: T, out: &mut [T]) -> usize {
    scalar(begins, elements, before, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_in_front_of_lists_are_counted() {
        let noise = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        for i in 0..200u64 {
            let begins = [noise(i), u64::MAX, 0, 1 << 63, noise(i) & noise(i + 1)][i as usize % 5];
            let elements = [noise(i + 2), u64::MAX, noise(i + 3) | noise(i + 4)][i as usize % 3];
            let mut expected = Vec::new();
            let mut before = 7i64;
            for bit in 0..64 {
                if begins >> bit & 1 == 1 {
                    expected.push(before);
                }
                before += (elements >> bit & 1) as i64;
            }
            for count in [list_ends::<i64>, scalar::<i64>] {
                let mut out = vec![-1; expected.len() + 1];
                assert_eq!(count(begins, elements, 7, &mut out), expected.len());
                assert_eq!((&out[..expected.len()], out[expected.len()]), (&expected[..], -1));
            }
        }
    }
}
