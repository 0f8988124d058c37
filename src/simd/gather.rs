//! Dictionary codes to values.
//!
//! ```text
//! largest = max(codes);  if largest >= dictionary.len(): refuse
//! for i in 0..codes.len():  out[i] = dictionary[codes[i]]
//! ```
//!
//! The bound is checked once for all codes, so that the copying loop has no branch. Loads are scalar on purpose:
//! gather instructions are slow on CPUs with the microcode fix for Downfall and no faster elsewhere.

#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Writes `dictionary[code]` for each of `codes` to the front of `out`, which is at least as long.
///
/// A code past the end of the dictionary is returned as an error, with `out` unspecified.
pub(crate) fn gather<T: Copy>(dictionary: &[T], codes: &[u32], out: &mut [T]) -> Result<(), u32> {
    gather_as(dictionary, codes, out, |entry| entry)
}

/// The same of what `convert` makes of the entries.
#[inline(always)]
pub(crate) fn gather_as<T: Copy, U>(
    dictionary: &[T],
    codes: &[u32],
    out: &mut [U],
    convert: impl Fn(T) -> U,
) -> Result<(), u32> {
    let largest = largest(codes);
    if !codes.is_empty() && largest as usize >= dictionary.len() {
        return Err(largest);
    }
    for (slot, code) in out[..codes.len()].iter_mut().zip(codes) {
        // SAFETY: no code is larger than `largest`, which lies inside the dictionary.
        *slot = convert(unsafe { *dictionary.get_unchecked(*code as usize) });
    }
    Ok(())
}

/// Writes the lowest `length`, at most eight, bytes of `dictionary[code]` for each of `codes` end to end to the front of
/// `out`, which has room for eight bytes more; those may be overwritten.
///
/// A code past the end of the dictionary is returned as an error, with `out` unspecified.
pub(crate) fn gather_short(dictionary: &[u64], length: usize, codes: &[u32], out: &mut [u8]) -> Result<(), u32> {
    assert!(length <= size_of::<u64>() && out.len() >= codes.len() * length + size_of::<u64>());
    let largest = largest(codes);
    if !codes.is_empty() && largest as usize >= dictionary.len() {
        return Err(largest);
    }
    let mut target = out.as_mut_ptr();
    for code in codes {
        // SAFETY: no code is larger than `largest`, which lies inside the dictionary; there is room for `length` bytes for
        // each code and for eight behind them.
        unsafe {
            target.cast::<[u8; 8]>().write(dictionary.get_unchecked(*code as usize).to_le_bytes());
            target = target.add(length);
        }
    }
    Ok(())
}

/// The largest of `codes`, 0 for none.
pub(crate) fn largest(codes: &[u32]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        // SAFETY: the CPU has AVX2.
        return unsafe { largest_avx2(codes) };
    }
    largest_of(codes)
}

#[inline(always)]
fn largest_of(codes: &[u32]) -> u32 {
    codes.iter().fold(0, |largest, code| largest.max(*code))
}

/// The same loop, compiled for a CPU that has an unsigned maximum.
///
/// # Safety
/// The CPU has AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
unsafe fn largest_avx2(codes: &[u32]) -> u32 {
    largest_of(codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_gathered_and_bad_codes_refused() {
        let dictionary = [10u64, 11, 12];
        let mut out = [0; 6];
        assert_eq!(gather(&dictionary, &[2, 0, 0, 1], &mut out), Ok(()));
        assert_eq!(out, [12, 10, 10, 11, 0, 0]);
        assert_eq!(gather(&dictionary, &[2, 3], &mut out), Err(3));
        assert_eq!(gather(&[] as &[u64], &[], &mut []), Ok(()));
        assert_eq!(gather(&[] as &[u64], &[0], &mut out), Err(0));
    }

    #[test]
    fn short_strings_are_gathered_end_to_end() {
        let dictionary = [b"abcdefgh", b"ABCDEFGH", b"12345678"].map(|string| u64::from_le_bytes(*string));
        for length in 0..=8 {
            let mut out = [0; 4 * 8 + 8];
            assert_eq!(gather_short(&dictionary, length, &[2, 0, 0, 1], &mut out[..4 * length + 8]), Ok(()));
            let expected = ["12345678", "abcdefgh", "abcdefgh", "ABCDEFGH"].map(|string| &string[..length]).concat();
            assert_eq!(out[..4 * length], *expected.as_bytes());
            assert_eq!(gather_short(&dictionary, length, &[3], &mut out), Err(3));
        }
    }

    #[test]
    fn backends_agree_on_the_largest() {
        let codes: Vec<u32> = (0..77u32).map(|i| i.wrapping_mul(2654435761)).collect();
        for len in 0..codes.len() {
            assert_eq!(largest(&codes[..len]), largest_of(&codes[..len]));
        }
    }
}
