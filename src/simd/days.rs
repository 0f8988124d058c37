//! Ticks of a day and the number of the day to ticks since a day.
//!
//! ```text
//! for i in 0..out.len(): out[i] = source[i].low eight bytes + (source[i].high four bytes - first_day) * NANOSECONDS_OF_DAY
//! ```
//!
//! Only values that cannot overflow are converted: nanoseconds from 0 to 2^47, which is a day and a half, and days less than
//! 106 000 from the first one. What they are all made of is looked at while they are converted, in one go.

#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Days from the first one that are converted.
const REACH: i32 = 106_000;

/// Bits that nanoseconds must not have.
const TOO_HIGH: u64 = !((1 << 47) - 1);

/// A day has so many nanoseconds, times 2^[`DAY_SHIFT`]: a factor of 32 bits.
const DAY_FACTOR: i32 = 1_318_359_375;
const DAY_SHIFT: i32 = 16;

/// Converts values of twelve bytes, as many as `out`. False, with `out` unspecified, where one of them is out of reach.
pub(crate) fn nanoseconds_since(first_day: i32, source: &[[u8; 12]], out: &mut [i64]) -> bool {
    assert!(source.len() == out.len());
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        // SAFETY: the CPU has AVX2, and there are as many of either.
        return unsafe { avx2::nanoseconds_since(first_day, source, out) };
    }
    scalar(first_day, source, out)
}

fn scalar(first_day: i32, source: &[[u8; 12]], out: &mut [i64]) -> bool {
    let (mut bits, mut in_reach) = (0, true);
    for (slot, value) in out.iter_mut().zip(source) {
        let [n0, n1, n2, n3, n4, n5, n6, n7, day @ ..] = *value;
        let nanoseconds = u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]);
        let days = i32::from_le_bytes(day).wrapping_sub(first_day);
        bits |= nanoseconds;
        in_reach &= days.wrapping_add(REACH).cast_unsigned() <= 2 * REACH.cast_unsigned();
        let of_days = (i64::from(days) * i64::from(DAY_FACTOR)) << DAY_SHIFT;
        *slot = of_days.wrapping_add(nanoseconds.cast_signed());
    }
    in_reach && bits & TOO_HIGH == 0
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::{DAY_FACTOR, DAY_SHIFT, REACH, TOO_HIGH};
    use crate::simd::prefetch_far_behind;

    /// # Safety
    /// The CPU has AVX2; there are as many values as `out` has room for.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn nanoseconds_since(first_day: i32, source: &[[u8; 12]], out: &mut [i64]) -> bool {
        // Of two values in a load of 32 bytes: their nanoseconds, then their days, each below four bytes of no meaning.
        let apart = _mm256_setr_epi32(0, 1, 3, 4, 2, 2, 5, 5);
        let (first_day_lanes, reach) = (_mm256_set1_epi32(first_day), _mm256_set1_epi32(REACH));
        let (longest, factor) = (_mm256_set1_epi32(2 * REACH), _mm256_set1_epi32(DAY_FACTOR));
        let (mut bits, mut in_reach) = (_mm256_setzero_si256(), _mm256_set1_epi32(-1));
        let mut done = 0;
        // The second load of a step reads eight bytes behind its four values.
        while source.len() - done > 4 {
            prefetch_far_behind::<1>(source.as_ptr().wrapping_add(done).cast());
            // SAFETY: there are five values from here on, 60 bytes, and room for as many.
            unsafe {
                let from = source.as_ptr().add(done).cast::<u8>();
                let low = _mm256_permutevar8x32_epi32(_mm256_loadu_si256(from.cast()), apart);
                let high = _mm256_permutevar8x32_epi32(_mm256_loadu_si256(from.add(24).cast()), apart);
                let nanoseconds = _mm256_permute2x128_si256::<0x20>(low, high);
                let days = _mm256_sub_epi32(_mm256_permute2x128_si256::<0x31>(low, high), first_day_lanes);
                bits = _mm256_or_si256(bits, nanoseconds);
                let above = _mm256_add_epi32(days, reach);
                let is_in = _mm256_cmpeq_epi32(_mm256_min_epu32(above, longest), above);
                in_reach = _mm256_and_si256(in_reach, is_in);
                let of_days = _mm256_slli_epi64::<DAY_SHIFT>(_mm256_mul_epi32(days, factor));
                _mm256_storeu_si256(out.as_mut_ptr().add(done).cast(), _mm256_add_epi64(of_days, nanoseconds));
            }
            done += 4;
        }
        let is_low = _mm256_testz_si256(bits, _mm256_set1_epi64x(TOO_HIGH.cast_signed())) == 1;
        let rest = super::scalar(first_day, &source[done..], &mut out[done..]);
        _mm256_movemask_epi8(in_reach) == -1 && is_low && rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NANOSECONDS_OF_DAY: i64 = 86_400_000_000_000;

    fn value(nanoseconds: i64, day: i32) -> [u8; 12] {
        [&nanoseconds.to_le_bytes()[..], &day.to_le_bytes()].concat().try_into().unwrap()
    }

    fn converted(source: &[[u8; 12]]) -> Option<Vec<i64>> {
        let mut found = vec![1; source.len()];
        let mut by_scalar = vec![2; source.len()];
        let is_whole = nanoseconds_since(2_440_588, source, &mut found);
        assert_eq!(scalar(2_440_588, source, &mut by_scalar), is_whole);
        assert!(!is_whole || found == by_scalar);
        is_whole.then_some(found)
    }

    #[test]
    fn values_in_reach_are_converted() {
        for count in 0..40 {
            let parts = (0..count).map(|i| (i * 2_000_000_000_001, (i - 20) * 5_300));
            let (source, expected): (Vec<_>, Vec<_>) =
                parts.map(|(ns, days)| (value(ns, days as i32 + 2_440_588), days * NANOSECONDS_OF_DAY + ns)).unzip();
            assert_eq!(converted(&source), Some(expected));
        }
    }

    #[test]
    fn one_value_out_of_reach_is_found() {
        let reach = REACH + 2_440_588;
        let far = [value(-1, 0), value(1 << 47, 0), value(0, reach + 1), value(0, i32::MIN), value(0, i32::MAX)];
        for at in 0..11 {
            for far in far {
                let mut source = vec![value(0, reach); 11];
                assert!(converted(&source).is_some());
                source[at] = far;
                assert_eq!(converted(&source), None, "value {at}");
            }
            assert_eq!(converted(&[value(0, 2_440_588 - REACH - 1); 5]), None);
        }
    }
}
