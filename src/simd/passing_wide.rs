//! Which integers of sixteen bytes pass a comparison, as bits.
//!
//! ```text
//! for i in 0..values.len():  bit i = passes[order of values[i] and literal]
//! ```
//!
//! Compilers compare such integers one by one. The AVX-512 backend takes eight at a time, halves from halves: the upper ones
//! decide where they differ, else the lower ones, without their sign.

use std::cmp::Ordering;

#[cfg(target_arch = "x86_64")]
use super::cpu;
use super::passing::passing;

/// Which orders of a value and a literal pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passes {
    /// Values below the literal.
    pub less: bool,
    /// The literal.
    pub equal: bool,
    /// Values above it.
    pub greater: bool,
}

/// A bit for each of `values`, set where its order to `literal` passes; those behind the last are 0.
pub(crate) fn passing_wide(values: &[i128], passes: Passes, literal: i128) -> Vec<u64> {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx512() {
        // SAFETY: the CPU has it.
        return unsafe { avx512::passing_wide(values, passes, literal) };
    }
    one_by_one(values, passes, literal)
}

fn one_by_one(values: &[i128], passes: Passes, literal: i128) -> Vec<u64> {
    passing(values, |value| match value.cmp(&literal) {
        Ordering::Less => passes.less,
        Ordering::Equal => passes.equal,
        Ordering::Greater => passes.greater,
    })
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::Passes;

    /// Values that are compared at a time.
    const STEP: usize = 8;

    /// # Safety
    /// The CPU has AVX-512.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn passing_wide(values: &[i128], passes: Passes, literal: i128) -> Vec<u64> {
        let literal = Literal::new(literal);
        let (full, rest) = values.as_chunks::<64>();
        // Not pushed: with a call in the loop, which push may be, registers would be kept in memory.
        let mut words = vec![0; values.len().div_ceil(64)];
        words.iter_mut().zip(full).for_each(|(word, values)| *word = literal.passing(values, passes));
        if let (Some(word), false) = (words.last_mut(), rest.is_empty()) {
            *word = literal.passing_rest(rest, passes);
        }
        words
    }

    /// The halves of a literal, eight times each, and where the halves of values come from.
    struct Literal {
        lower: __m512i,
        upper: __m512i,
        lower_places: __m512i,
        upper_places: __m512i,
    }

    impl Literal {
        #[inline]
        #[target_feature(enable = "avx512f")]
        fn new(literal: i128) -> Self {
            Self {
                lower: _mm512_set1_epi64(literal as i64),
                upper: _mm512_set1_epi64((literal >> 64) as i64),
                lower_places: _mm512_set_epi64(14, 12, 10, 8, 6, 4, 2, 0),
                upper_places: _mm512_set_epi64(15, 13, 11, 9, 7, 5, 3, 1),
            }
        }

        /// The bits of fewer than 64 values.
        #[inline(never)]
        #[target_feature(enable = "avx512f")]
        fn passing_rest(&self, rest: &[i128], passes: Passes) -> u64 {
            let mut values = [0; 64];
            values[..rest.len()].copy_from_slice(rest);
            self.passing(&values, passes) & (u64::MAX >> (64 - rest.len()))
        }

        /// The bits of 64 values.
        #[inline]
        #[target_feature(enable = "avx512f")]
        fn passing(&self, values: &[i128; 64], passes: Passes) -> u64 {
            let (mut less, mut equal) = (0, 0);
            for (values, step) in values.as_chunks::<STEP>().0.iter().zip(0..) {
                let (step_less, step_equal) = self.compared(values);
                less |= u64::from(step_less) << (step * STEP);
                equal |= u64::from(step_equal) << (step * STEP);
            }
            let of = |passes: bool, bits: u64| if passes { bits } else { 0 };
            of(passes.less, less) | of(passes.equal, equal) | of(passes.greater, !(less | equal))
        }

        /// Which values are less than the literal, and which are it.
        #[inline]
        #[target_feature(enable = "avx512f")]
        fn compared(&self, values: &[i128; STEP]) -> (__mmask8, __mmask8) {
            // SAFETY: eight values are two registers.
            let (first, second) = unsafe {
                let first = values.as_ptr().cast::<__m512i>();
                (_mm512_loadu_si512(first), _mm512_loadu_si512(first.add(1)))
            };
            let lower = _mm512_permutex2var_epi64(first, self.lower_places, second);
            let upper = _mm512_permutex2var_epi64(first, self.upper_places, second);
            let is_near = _mm512_cmpeq_epi64_mask(upper, self.upper);
            let less = _mm512_cmplt_epi64_mask(upper, self.upper);
            let less_near = _mm512_mask_cmplt_epu64_mask(is_near, lower, self.lower);
            (less | less_near, _mm512_mask_cmpeq_epi64_mask(is_near, lower, self.lower))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_as_one_by_one() {
        let edges = [i128::MIN, -1 << 64, -1 - (1 << 64), -2, -1, 0, 1, 1 << 63, (1 << 64) - 1, 1 << 64, i128::MAX];
        let noise = |i: usize| (i as u32).wrapping_mul(2654435761) as usize >> 9;
        for length in [0, 1, 7, 8, 63, 64, 65, 200] {
            let values: Vec<i128> = (0..length).map(|i| edges[noise(i) % 11]).collect();
            for literal in edges {
                for bits in 0..8 {
                    let passes = Passes { less: bits & 1 != 0, equal: bits & 2 != 0, greater: bits & 4 != 0 };
                    let found = passing_wide(&values, passes, literal);
                    assert_eq!(found, one_by_one(&values, passes, literal), "{length} values, {literal}, {passes:?}");
                    let set = |at: usize| found[at / 64] >> (at % 64) & 1 == 1;
                    let holds = |value: &i128| {
                        passes.less && *value < literal
                            || passes.equal && *value == literal
                            || passes.greater && *value > literal
                    };
                    assert!(values.iter().enumerate().all(|(at, value)| set(at) == holds(value)));
                }
            }
        }
    }
}
