//! Moves the selected ones of values to the front, next to each other.
//!
//! ```text
//! compress:      for i in 0..values.len(): if selected(i): out[count] = values[i]; count += 1
//! compress_bits: the same for the bits of a word; append_compressed: of many words
//! ```
//!
//! Works a word of 64 selection bits at a time: none selected is passed over, all selected is a copy. Between those, AVX-512
//! compresses a register at a time, AVX2 and NEON permute it by a table of lanes. All store whole registers, so what stands in
//! `out` behind the selected values is unspecified.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

#[cfg(target_arch = "x86_64")]
use super::cpu;
use crate::memory::{BitRoom, BitSlice, Plain};

/// Writes those of `values` whose bit is set to the front of `out`, and says how many they are. `selected` has a bit for
/// each of `values`; `out` has room for the selected ones and 64 bytes more.
pub(crate) fn compress<T: Plain>(values: &[T], selected: BitSlice<'_>, out: &mut [T]) -> usize {
    backend::<T>()(values, selected, out)
}

/// What [`compress`] is done by.
type Backend<T> = fn(&[T], BitSlice<'_>, &mut [T]) -> usize;

#[cfg(target_arch = "x86_64")]
fn backend<T: Plain>() -> Backend<T> {
    match size_of::<T>() {
        1 | 2 | 4 | 8 | 16 if cpu::has_avx512() => by_avx512,
        1 | 2 | 4 | 8 | 16 if cpu::has_avx2() => by_avx2,
        _ => by_scalar,
    }
}

#[cfg(target_arch = "aarch64")]
fn backend<T: Plain>() -> Backend<T> {
    match size_of::<T>() {
        1 | 2 | 4 | 8 | 16 => by_neon,
        _ => by_scalar,
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn backend<T: Plain>() -> Backend<T> {
    by_scalar
}

/// Goes over the words; `kernel` moves the selected ones of 64 values to the front of what it is given, in so many `steps`:
/// where no more are selected they are moved one by one.
#[inline(always)]
fn compress_by<T: Plain>(
    kernel: impl Fn(&[T; 64], u64, &mut [T]),
    steps: usize,
    values: &[T],
    selected: BitSlice<'_>,
    out: &mut [T],
) -> usize {
    assert_eq!(values.len(), selected.len());
    let mut count = 0;
    let (full, rest) = values.as_chunks::<64>();
    for (index, chunk) in full.iter().enumerate() {
        let word = selected.word(index * 64);
        if word == u64::MAX {
            out[count..count + 64].copy_from_slice(chunk);
        } else if word.count_ones() as usize > steps {
            kernel(chunk, word, &mut out[count..]);
        } else {
            one_by_one(chunk, word, &mut out[count..]);
        }
        count += word.count_ones() as usize;
    }
    let word = selected.word(full.len() * 64);
    one_by_one(rest, word, &mut out[count..]);
    count + word.count_ones() as usize
}

/// The selected ones of up to 64 values.
#[inline(always)]
fn one_by_one<T: Plain>(values: &[T], word: u64, out: &mut [T]) {
    let mut rest = word;
    for slot in &mut out[..word.count_ones() as usize] {
        *slot = values[rest.trailing_zeros() as usize];
        rest &= rest.wrapping_sub(1);
    }
}

fn by_scalar<T: Plain>(values: &[T], selected: BitSlice<'_>, out: &mut [T]) -> usize {
    compress_by(|values, word, out| one_by_one(values, word, out), 64, values, selected, out)
}

/// Only for values of one, two, four, eight and sixteen bytes, on a CPU that has it.
#[cfg(target_arch = "x86_64")]
fn by_avx512<T: Plain>(values: &[T], selected: BitSlice<'_>, out: &mut [T]) -> usize {
    // SAFETY: chosen by `backend` for a CPU that has it and a type of this size.
    unsafe { avx512::compress(values, selected, out) }
}

/// Only on a CPU that has it.
#[cfg(target_arch = "x86_64")]
fn by_avx2<T: Plain>(values: &[T], selected: BitSlice<'_>, out: &mut [T]) -> usize {
    // SAFETY: chosen by `backend` for a CPU that has it.
    unsafe { avx2::compress(values, selected, out) }
}

/// Only for values of one, two, four, eight and sixteen bytes.
#[cfg(target_arch = "aarch64")]
fn by_neon<T: Plain>(values: &[T], selected: BitSlice<'_>, out: &mut [T]) -> usize {
    // SAFETY: every aarch64 CPU has NEON; values have one of these sizes.
    unsafe { neon::compress(values, selected, out) }
}

/// True where so many values and 64 bytes behind them have room in `out`.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
fn has_room<T>(count: u32, out: &[T]) -> bool {
    size_of_val(out) >= count as usize * size_of::<T>() + 64
}

/// For eight values by their selection bits: the lanes of the selected ones, from the lowest.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) static LANES: [[u8; 8]; 256] = {
    let mut lanes = [[0; 8]; 256];
    let mut bits = 0;
    while bits < 256 {
        let (mut lane, mut count) = (0u8, 0);
        while lane < 8 {
            if bits >> lane & 1 == 1 {
                lanes[bits][count] = lane;
                count += 1;
            }
            lane += 1;
        }
        bits += 1;
    }
    lanes
};

/// The bits of `bits` at the set bits of `mask`, next to each other from the lowest; 0 behind them. Not by `pext`: a patent
/// application on selecting bit-packed values by it stands.
pub(crate) fn compress_bits(bits: u64, mask: u64) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx512() {
        // SAFETY: the CPU has it.
        return unsafe { avx512::bits(bits, mask) };
    }
    compress_bits_scalar(bits, mask)
}

/// Appends those of the bits of `words` that are set in `masks` to `room`, which has room for them.
pub(crate) fn append_compressed(words: &[u64], masks: &[u64], room: &mut BitRoom<'_>) {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx512() {
        // SAFETY: the CPU has it.
        return unsafe { avx512::append_bits(words, masks, room) };
    }
    append_by(compress_bits_scalar, words, masks, room);
}

#[inline(always)]
fn append_by(bits: impl Fn(u64, u64) -> u64, words: &[u64], masks: &[u64], room: &mut BitRoom<'_>) {
    for (word, mask) in words.iter().zip(masks) {
        room.push_word(bits(*word, *mask), mask.count_ones() as usize);
    }
}

fn compress_bits_scalar(bits: u64, mask: u64) -> u64 {
    if mask == u64::MAX {
        return bits;
    }
    if bits & mask == mask {
        return u64::MAX.checked_shr(mask.count_zeros()).unwrap_or(0);
    }
    let (mut rest, mut out) = (mask, 0);
    for place in 0..mask.count_ones() {
        out |= (bits >> rest.trailing_zeros() & 1) << place;
        rest &= rest.wrapping_sub(1);
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::memory::{Pool, Validity};

    /// Bitmaps of every density, at any bit of their bytes.
    fn bitmaps() -> impl Iterator<Item = (Vec<u8>, usize, usize)> {
        (0..80usize).map(|seed| {
            let byte = |i: usize| match seed % 5 {
                0 => (i * 167 + seed * 31) as u8,
                1 => 0xff,
                2 => 0,
                3 => u8::from(i % 7 == 0) << (i % 8),
                _ => !(1 << (i % 8)),
            };
            ((0..60).map(byte).collect(), seed % 13, [0, 1, 63, 64, 65, 128, 300, 400][seed / 10 % 8])
        })
    }

    fn check<T: Plain>(value: impl Fn(usize) -> T) {
        let backends: [(&str, Backend<T>); 2] = [("scalar", by_scalar), ("chosen", backend::<T>())];
        #[cfg(target_arch = "x86_64")]
        let mut backends = backends.to_vec();
        #[cfg(target_arch = "x86_64")]
        {
            if cpu::has_avx512() && size_of::<T>() <= 16 {
                backends.push(("avx512", by_avx512));
            }
            if cpu::has_avx2() && size_of::<T>() <= 16 {
                backends.push(("avx2", by_avx2));
            }
        }
        for (bytes, start, len) in bitmaps() {
            let values: Vec<T> = (0..len).map(&value).collect();
            let bit = |i: usize| bytes[(start + i) / 8] >> ((start + i) % 8) & 1 == 1;
            let expected: Vec<T> = (0..len).filter(|i| bit(*i)).map(|i| values[i]).collect();
            for (name, backend) in &backends {
                let mut out = vec![T::default(); expected.len() + 64 / size_of::<T>()];
                let count = backend(&values, BitSlice::new(&bytes, start, len), &mut out);
                assert_eq!((count, &out[..count]), (expected.len(), &expected[..]), "{name}, {len} from {start}");
            }
        }
    }

    #[test]
    fn backends_move_the_selected_values() {
        check(|i| i as u8);
        check(|i| (i * 257) as u16);
        check(|i| i as u32 * 65_537);
        check(|i| i as u64 * 0x1_0000_0001);
        check(|i| i as u128 * 0x1_0000_0000_0000_0001);
        check(|i| [i as u8; 32]);
    }

    #[test]
    fn bits_are_compressed_lowest_first() {
        assert_eq!(compress_bits(0b1001_0000, 0b1011_0000), 0b101);
        let mut state = 5u64;
        for round in 0..2000 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let (bits, mask) =
                (state.rotate_left(round), [state ^ state >> 17, u64::MAX, 0, 1 << (round % 64)][round as usize % 4]);
            assert_eq!(compress_bits(bits, mask), compress_bits_scalar(bits, mask), "{bits:x} {mask:x}");
            assert_eq!(compress_bits(u64::MAX, mask), compress_bits_scalar(u64::MAX, mask), "{mask:x}");
        }
    }

    #[test]
    fn bits_of_many_words_are_appended() {
        let noise = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let words: Vec<u64> = (0..30).map(noise).collect();
        let masks: Vec<u64> =
            (30..60).map(|i| [noise(i), u64::MAX, 0, noise(i) & noise(i + 1), 1 << 63][i as usize % 5]).collect();
        let bits = words.iter().zip(&masks).flat_map(|(word, mask)| {
            (0..64).filter(move |bit| mask >> bit & 1 == 1).map(move |bit| word >> bit & 1 == 1)
        });
        let bits: Vec<bool> = bits.collect();
        let scalar = |words: &[u64], masks: &[u64], room: &mut BitRoom<'_>| {
            append_by(compress_bits_scalar, words, masks, room);
        };
        for append in [append_compressed, scalar] {
            let mut validity = Validity::new(&Arc::new(Pool::default()));
            validity.push_run(true, 3).unwrap();
            let push = |room: &mut BitRoom<'_>| {
                append(&words, &masks, room);
                Ok(())
            };
            let set = validity.write(bits.len(), push).unwrap();
            assert_eq!(set, bits.iter().filter(|bit| **bit).count());
            assert!(validity.take().unwrap().unwrap().iter().skip(3).eq(bits.iter().copied()));
        }
    }
}
