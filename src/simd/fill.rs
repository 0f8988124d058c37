//! One value over and over, by whole registers.
//!
//! ```text
//! for i in 0..count:  out[i] = value
//! ```
//!
//! Runs are short: each register of the run's last one is stored whole, over what lies behind the run, so that the length
//! decides about nothing but the number of steps.

use crate::memory::Plain;

/// Bytes behind the values that may be written over.
const STEP_BYTES: usize = 64;

/// Fills the first `count` of `out`, which has room for 64 bytes more than those: what stands there is overwritten.
#[inline]
pub(crate) fn fill_over<T: Plain>(out: &mut [T], value: T, count: usize) {
    const { assert!(STEP_BYTES.is_multiple_of(size_of::<T>())) };
    let steps = count.div_ceil(STEP_BYTES / size_of::<T>());
    let room = &mut out[..steps * (STEP_BYTES / size_of::<T>())];
    #[cfg(target_arch = "x86_64")]
    if matches!(size_of::<T>(), 8 | 16) {
        // SAFETY: the room is `steps` times 64 bytes; a value of eight or sixteen bytes is any of them.
        return unsafe {
            let value = match size_of::<T>() {
                8 => [std::mem::transmute_copy(&value); 2],
                _ => std::mem::transmute_copy(&value),
            };
            sse2::fill(room.as_mut_ptr().cast(), value, steps)
        };
    }
    scalar::fill(room, value);
}

mod scalar {
    use super::{Plain, STEP_BYTES};

    #[inline]
    pub(super) fn fill<T: Plain>(room: &mut [T], value: T) {
        for step in room.chunks_exact_mut(STEP_BYTES / size_of::<T>()) {
            step.fill(value);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod sse2 {
    use std::arch::x86_64::*;

    use super::STEP_BYTES;

    /// # Safety
    /// `steps` times 64 bytes from `room` on can be written.
    #[inline]
    pub(super) unsafe fn fill(room: *mut u8, value: [i64; 2], steps: usize) {
        // SAFETY: every x86-64 CPU has SSE2; 64 bytes of each step as the caller says.
        unsafe {
            let values = _mm_set_epi64x(value[1], value[0]);
            for step in 0..steps {
                for place in (0..STEP_BYTES).step_by(16) {
                    _mm_storeu_si128(room.add(step * STEP_BYTES + place).cast(), values);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: Plain>(value: T) {
        let padding = STEP_BYTES / size_of::<T>();
        for count in (0..70).chain([200]) {
            for is_scalar in [false, true] {
                let mut out = vec![T::default(); count + 2 * padding];
                match is_scalar {
                    true => scalar::fill(&mut out[..count.next_multiple_of(padding)], value),
                    false => fill_over(&mut out, value, count),
                }
                assert!(out[..count].iter().all(|found| *found == value), "{count} times {value:?}");
                assert!(out[count + padding..].iter().all(|found| *found == T::default()), "{count} times {value:?}");
            }
        }
    }

    #[test]
    fn every_length_is_filled_and_little_more() {
        check(7u8);
        check(0x0102_0304u32);
        check(-5i64);
        check(u64::MAX - 3);
        check(i128::MIN + 9);
        check([9u8; 32]);
    }
}
