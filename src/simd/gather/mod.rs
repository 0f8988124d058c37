//! Dictionary codes to values.
//!
//! ```text
//! largest = max(codes);  if largest >= dictionary.len(): refuse
//! for i in 0..codes.len():  out[i] = dictionary[codes[i]]
//! ```
//!
//! The bound is checked once for all codes, so that the copying loop has no branch. Loads are scalar on purpose:
//! gather instructions are slow on CPUs with the microcode fix for Downfall and no faster elsewhere. Dictionaries of few
//! entries lie in registers where the CPU can select from those.

#[cfg(target_arch = "x86_64")]
mod avx512;

#[cfg(target_arch = "x86_64")]
use super::cpu;
use crate::memory::{BitSlice, Plain, Unaligned};

/// Where more of 64 values are selected all are looked up: one by one they take longer.
const MOST_PICKED: u32 = 16;

/// Writes `dictionary[code]` for each of `codes` to the front of `out`, which is at least as long.
///
/// A code past the end of the dictionary is returned as an error, with `out` unspecified.
#[inline(always)]
pub(crate) fn gather<T: Plain>(dictionary: &[Unaligned<T>], codes: &[u32], out: &mut [T]) -> Result<(), u32> {
    let out = &mut out[..codes.len()];
    #[cfg(target_arch = "x86_64")]
    if is_for_registers(dictionary.len(), size_of::<T>(), codes) {
        let (bytes, target) = (Unaligned::bytes_of(dictionary), out.as_mut_ptr().cast());
        // SAFETY: the CPU has AVX-512, the entries fit, and `out` is as long as `codes`.
        let largest = unsafe { avx512::gather(bytes, size_of::<T>(), codes, target) };
        return within(dictionary.len(), largest);
    }
    gather_as(dictionary, codes, out, Unaligned::get)
}

/// The same of integers, which become wider.
#[inline(always)]
pub(crate) fn gather_widened<T: Plain + Into<i128>>(
    dictionary: &[Unaligned<T>],
    codes: &[u32],
    out: &mut [i128],
) -> Result<(), u32> {
    let out = &mut out[..codes.len()];
    #[cfg(target_arch = "x86_64")]
    if is_for_registers(dictionary.len(), size_of::<u64>(), codes) {
        let (bytes, target) = (Unaligned::bytes_of(dictionary), out.as_mut_ptr().cast());
        // SAFETY: as above.
        let largest = unsafe { avx512::gather_widened(bytes, size_of::<T>(), codes, target) };
        return within(dictionary.len(), largest);
    }
    gather_as(dictionary, codes, out, |entry| entry.get().into())
}

/// True where `entries` entries that have `width` bytes in a register fit in registers, and there are `codes` enough.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn is_for_registers(entries: usize, width: usize, codes: &[u32]) -> bool {
    codes.len() >= avx512::LEAST_CODES && avx512::fits(entries, width) && cpu::has_avx512()
}

/// Fails with the `largest` code of some unless a dictionary of `entries` has it.
#[inline(always)]
fn within(entries: usize, largest: u32) -> Result<(), u32> {
    if (largest as usize) < entries { Ok(()) } else { Err(largest) }
}

/// Writes what `convert` makes of the entry of each code.
#[inline(always)]
fn gather_as<T: Copy, U>(dictionary: &[T], codes: &[u32], out: &mut [U], convert: impl Fn(T) -> U) -> Result<(), u32> {
    if !codes.is_empty() {
        within(dictionary.len(), largest(codes))?;
    }
    for (slot, code) in out[..codes.len()].iter_mut().zip(codes) {
        // SAFETY: no code is larger than `largest`, which lies inside the dictionary.
        *slot = convert(unsafe { *dictionary.get_unchecked(*code as usize) });
    }
    Ok(())
}

/// Writes the entry of each code that is `selected` to its place in the front of `out`; what is written to the other places
/// does not matter. For dictionaries that do not lie in the first cache. There is a bit for each of `codes`.
///
/// A code past the end of the dictionary, selected or not, is returned as an error, with `out` unspecified.
pub(crate) fn gather_selected<T: Plain + Into<U>, U: Plain>(
    dictionary: &[Unaligned<T>],
    codes: &[u32],
    selected: BitSlice<'_>,
    out: &mut [U],
) -> Result<(), u32> {
    if !codes.is_empty() {
        within(dictionary.len(), largest(codes))?;
    }
    // SAFETY: no code is larger than `largest`, which lies inside the dictionary.
    let entry = |code: u32| unsafe { dictionary.get_unchecked(code as usize) }.get().into();
    let slots = out[..codes.len()].chunks_mut(64).zip(codes.chunks(64));
    for ((slots, codes), selected) in slots.zip(selected.words()) {
        if selected.count_ones() > MOST_PICKED {
            slots.iter_mut().zip(codes).for_each(|(slot, code)| *slot = entry(*code));
            continue;
        }
        let mut rest = selected;
        while rest != 0 {
            let place = rest.trailing_zeros() as usize;
            slots[place] = entry(codes[place]);
            rest &= rest - 1;
        }
    }
    Ok(())
}

/// Writes the lowest `length`, at most eight, bytes of `dictionary[code]` for each of `codes` end to end to the front of
/// `out`, which has room for eight bytes more; those may be overwritten.
///
/// A code past the end of the dictionary is returned as an error, with `out` unspecified.
pub(crate) fn gather_short(dictionary: &[u64], length: usize, codes: &[u32], out: &mut [u8]) -> Result<(), u32> {
    assert!(length <= size_of::<u64>() && out.len() >= codes.len() * length + size_of::<u64>());
    #[cfg(target_arch = "x86_64")]
    if length == 1 && is_for_registers(dictionary.len(), length, codes) {
        let mut bytes = [0; avx512::REGISTER];
        bytes.iter_mut().zip(dictionary).for_each(|(byte, entry)| *byte = *entry as u8);
        // SAFETY: the CPU has AVX-512, the entries fit, and `out` has more bytes than there are codes.
        let largest = unsafe { avx512::gather(&bytes[..dictionary.len()], length, codes, out.as_mut_ptr()) };
        return within(dictionary.len(), largest);
    }
    if !codes.is_empty() {
        within(dictionary.len(), largest(codes))?;
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

    /// What a loop over the codes gives.
    fn expected<T: Copy>(dictionary: &[T], codes: &[u32]) -> Vec<T> {
        codes.iter().map(|code| dictionary[*code as usize]).collect()
    }

    /// Dictionaries of every number of entries up to what registers hold and one more, as many codes as fill steps and not.
    fn sizes() -> impl Iterator<Item = (usize, Vec<u32>)> {
        let noise = |i: usize, entries: usize| (i as u32).wrapping_mul(2654435761) as usize % entries;
        let counts = [0, 1, 15, 16, 17, 31, 32, 47, 100, 1024];
        (1..=130).chain([255, 256, 257]).flat_map(move |entries| {
            counts.map(|count| (entries, (0..count).map(|i| noise(i + entries, entries) as u32).collect()))
        })
    }

    /// Gathers from a dictionary of exactly `entries` made by `make`; nothing behind the last code is written.
    fn assert_is_gathered<T: Plain>(make: impl Fn(u64) -> T) {
        for (entries, codes) in sizes() {
            let dictionary: Vec<T> = (0..entries as u64).map(|i| make(i.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
            let mut out = vec![T::default(); codes.len() + 1];
            assert_eq!(gather(Unaligned::all(&dictionary), &codes, &mut out), Ok(()));
            assert!(out[..codes.len()] == expected(&dictionary, &codes), "{entries} entries, {} codes", codes.len());
            assert!(out[codes.len()] == T::default(), "written too far");
            for bad in [0, codes.len() / 2, codes.len().saturating_sub(1)] {
                let mut codes = codes.clone();
                let Some(code) = codes.get_mut(bad) else { continue };
                *code = [entries as u32, entries as u32 + 64, 1 << 31, u32::MAX][entries % 4];
                let wrong = *code;
                assert_eq!(gather(Unaligned::all(&dictionary), &codes, &mut out), Err(wrong));
            }
        }
    }

    #[test]
    fn values_of_every_width_are_gathered_and_bad_codes_refused() {
        assert_is_gathered(|noise| noise as u8);
        assert_is_gathered(|noise| noise as u16);
        assert_is_gathered(|noise| noise as u32);
        assert_is_gathered(|noise| noise);
        assert_is_gathered(|noise| u128::from(noise) << 64 | u128::from(!noise));
        assert_eq!(gather(&[] as &[Unaligned<u64>], &[], &mut []), Ok(()));
        assert_eq!(gather(&[] as &[Unaligned<u64>], &[0], &mut [0]), Err(0));
    }

    #[test]
    fn only_what_is_selected_is_gathered() {
        let dictionary: Vec<u64> = (0..5000u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
        let noise = |i: usize| (i as u32).wrapping_mul(2654435761) >> 9;
        for (count, share) in
            [0, 1, 63, 64, 65, 1000].into_iter().flat_map(|count| [1, 2, 10, 900].map(|share| (count, share)))
        {
            let mut codes: Vec<u32> = (0..count).map(|i| noise(i) % 5000).collect();
            let is_selected = |i: usize| noise(i + 77) % share == 0;
            let mut bits = vec![0u8; 130];
            (0..count).filter(|i| is_selected(*i)).for_each(|i| bits[(i + 5) / 8] |= 1 << ((i + 5) % 8));
            let selected = BitSlice::new(&bits, 5, count);
            let mut out = vec![1; count + 1];
            assert_eq!(gather_selected(Unaligned::all(&dictionary), &codes, selected, &mut out), Ok(()));
            let wanted = expected(&dictionary, &codes);
            assert!((0..count).filter(|i| is_selected(*i)).all(|i| out[i] == wanted[i]), "{count}, one of {share}");
            assert_eq!(out[count], 1, "written too far");
            let Some(last) = codes.last_mut() else { continue };
            *last = 5000;
            assert_eq!(gather_selected(Unaligned::all(&dictionary), &codes, selected, &mut out), Err(5000));
        }
    }

    #[test]
    fn integers_become_wider_on_the_way() {
        for (entries, codes) in sizes() {
            let long: Vec<i64> = (0..entries as i64).map(|i| i.wrapping_mul(0x1e37_79b9_7f4a_7c15)).collect();
            let short: Vec<i32> = long.iter().map(|entry| *entry as i32).collect();
            let mut out = vec![1; codes.len() + 1];
            assert_eq!(gather_widened(Unaligned::all(&long), &codes, &mut out), Ok(()));
            let wanted: Vec<i128> = expected(&long, &codes).into_iter().map(i128::from).collect();
            assert_eq!((&out[..codes.len()], out[codes.len()]), (&wanted[..], 1));
            assert_eq!(gather_widened(Unaligned::all(&short), &codes, &mut out), Ok(()));
            let wanted: Vec<i128> = expected(&short, &codes).into_iter().map(i128::from).collect();
            assert_eq!((&out[..codes.len()], out[codes.len()]), (&wanted[..], 1));
            let codes = vec![entries as u32; codes.len().max(1)];
            let mut out = vec![1; codes.len()];
            assert_eq!(gather_widened(Unaligned::all(&long), &codes, &mut out), Err(entries as u32));
        }
    }

    #[test]
    fn flags_are_gathered() {
        for (entries, codes) in sizes() {
            let dictionary: Vec<u64> = (0..entries as u64).map(|i| i * 7 | 0xabcd_ef00).collect();
            let mut out = vec![0; codes.len() + 8];
            assert_eq!(gather_short(&dictionary, 1, &codes, &mut out), Ok(()));
            let wanted: Vec<u8> = expected(&dictionary, &codes).into_iter().map(|entry| entry as u8).collect();
            assert_eq!(out[..codes.len()], wanted);
            let codes = vec![entries as u32; 20];
            assert_eq!(gather_short(&dictionary, 1, &codes, &mut [0; 28]), Err(entries as u32));
        }
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
