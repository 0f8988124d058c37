//! Bit-packed deltas to running sums.
//!
//! ```text
//! for i in 0..out.len():
//!     last += least + (bits from (first + i) * width of source) & mask(width)
//!     out[i] = low N bytes of last
//! ```
//!
//! All arithmetic wraps, so sums of N bytes are the low bytes of sums of eight. The AVX2 backend unpacks eight deltas
//! per step ([`super::lanes`]), sums them inside the register, and adds the sum before them; only that last addition
//! waits for the step before. AVX-512 does the same for sums of eight bytes in one register, NEON with registers half as wide.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

use super::STEP_READ;
#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Deltas from `first` on of those that are packed in `source`. Bits past its end read as 0.
#[derive(Clone, Copy)]
pub(crate) struct PackedDeltas<'a> {
    /// The packed bytes; what follows them may be there too.
    pub source: &'a [u8],
    /// Bits of a delta, at most 64.
    pub width: u32,
    /// Number of the first delta wanted.
    pub first: usize,
    /// What is added to each delta.
    pub least: u64,
}

/// Writes the running sums, beginning with `last` plus the first delta, as integers of `N` bytes, 4 or 8. Returns the last.
pub(crate) fn add_deltas<const N: usize>(deltas: PackedDeltas<'_>, last: u64, out: &mut [[u8; N]]) -> u64 {
    const { assert!(N == 4 || N == 8) };
    if deltas.width == 0 {
        return add_constant(deltas.least, last, out);
    }
    // Whole steps begin at every eighth delta and stay inside the source.
    let head = (deltas.first.wrapping_neg() % 8).min(out.len());
    let (head, rest) = out.split_at_mut(head);
    let last = scalar::add_deltas(deltas, last, head);
    let mut deltas = deltas.after(head.len());
    let step_bytes = deltas.width as usize;
    let source = deltas.source.get(deltas.first / 8 * step_bytes..).unwrap_or(&[]);
    let steps = source.len().checked_sub(STEP_READ).map_or(0, |last_start| last_start / step_bytes + 1);
    let (body, tail) = rest.split_at_mut((rest.len() / 8).min(steps) * 8);
    let last = add_steps(PackedDeltas { source, first: 0, ..deltas }, last, body);
    deltas = deltas.after(body.len());
    scalar::add_deltas(deltas, last, tail)
}

/// Whole miniblocks of deltas that lie end to end.
#[derive(Clone, Copy)]
pub(crate) struct PackedMiniblocks<'a> {
    /// Bits of a delta of each.
    pub widths: &'a [u8],
    /// The packed bytes of all of them; what follows may be there too.
    pub source: &'a [u8],
    /// Deltas of each, a multiple of 32 and not 0.
    pub values: usize,
    /// What is added to each delta.
    pub least: u64,
}

/// Writes the running sums as [`add_deltas`] of miniblocks from the first one on, as long as all values of one have room in
/// `out` and are there, and widths are possible. Returns how many miniblocks these are, and the last sum. Of those near the
/// end of the source it may leave some that are there.
pub(crate) fn add_miniblocks<const N: usize>(
    blocks: PackedMiniblocks<'_>,
    last: u64,
    out: &mut [[u8; N]],
) -> (usize, u64) {
    assert!(blocks.values > 0 && blocks.values.is_multiple_of(32));
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx512() {
        // SAFETY: the CPU has AVX-512.
        return unsafe { avx512::add_miniblocks(blocks, last, out) };
    }
    add_each_miniblock(blocks, last, out)
}

fn add_each_miniblock<const N: usize>(blocks: PackedMiniblocks<'_>, last: u64, out: &mut [[u8; N]]) -> (usize, u64) {
    let (mut taken, mut last, mut source) = (0, last, blocks.source);
    for (width, out) in blocks.widths.iter().zip(out.chunks_exact_mut(blocks.values)) {
        let bytes = blocks.values / 8 * usize::from(*width);
        if *width > 64 || source.len() < bytes {
            break;
        }
        last = add_deltas(PackedDeltas { source, width: u32::from(*width), first: 0, least: blocks.least }, last, out);
        (taken, source) = (taken + 1, &source[bytes..]);
    }
    (taken, last)
}

/// What the sum becomes after `count` deltas.
pub(crate) fn sum_deltas(deltas: PackedDeltas<'_>, last: u64, count: usize) -> u64 {
    let of_least = deltas.least.wrapping_mul(count as u64);
    if deltas.width == 0 {
        return last.wrapping_add(of_least);
    }
    let mut block = [[0u8; 8]; 128];
    let (mut deltas, mut last, mut left) = (deltas, last, count);
    while left > 0 {
        let now = left.min(block.len());
        last = add_deltas(deltas, last, &mut block[..now]);
        deltas = deltas.after(now);
        left -= now;
    }
    last
}

impl PackedDeltas<'_> {
    fn after(self, count: usize) -> Self {
        Self { first: self.first + count, ..self }
    }

    /// Delta `index`, without what is added to each.
    #[inline(always)]
    fn get(&self, index: usize) -> u64 {
        let bit = index * self.width as usize;
        let tail = self.source.get(bit / 8..).unwrap_or(&[]);
        let [low @ .., high] = match tail.first_chunk::<9>() {
            Some(window) => *window,
            None => {
                let mut window = [0; 9];
                window[..tail.len()].copy_from_slice(tail);
                window
            }
        };
        // What does not lie in eight bytes lies in the ninth: up to seven bits, none where the value begins with a byte.
        let value = u64::from_le_bytes(low) >> (bit % 8) | u64::from(high) << 1 << (63 - bit % 8);
        value & (u64::MAX >> (64 - self.width))
    }
}

fn low_bytes<const N: usize>(value: u64) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&value.to_le_bytes()[..N]);
    out
}

fn add_constant<const N: usize>(delta: u64, last: u64, out: &mut [[u8; N]]) -> u64 {
    for (slot, factor) in out.iter_mut().zip(1u64..) {
        *slot = low_bytes(last.wrapping_add(delta.wrapping_mul(factor)));
    }
    last.wrapping_add(delta.wrapping_mul(out.len() as u64))
}

/// `deltas` begins with delta 0, `out` is a whole number of steps, and each step can be read.
fn add_steps<const N: usize>(deltas: PackedDeltas<'_>, last: u64, out: &mut [[u8; N]]) -> u64 {
    let steps = out.len() / 8;
    assert!(steps == 0 || deltas.source.len() >= (steps - 1) * deltas.width as usize + STEP_READ);
    #[cfg(target_arch = "x86_64")]
    if N == 8 && super::lanes::fits_64(deltas.width) && cpu::has_avx512() {
        // SAFETY: the CPU has AVX-512, eights of the width are taken, and the source is as long as asserted above.
        return unsafe { avx512::add_steps_64(deltas, last, out.as_flattened_mut()) };
    }
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx2() {
        let out = out.as_flattened_mut();
        // SAFETY: the CPU has AVX2, and the source is as long as asserted above.
        return unsafe {
            if N == 4 { avx2::add_steps_32(deltas, last, out) } else { avx2::add_steps_64(deltas, last, out) }
        };
    }
    #[cfg(target_arch = "aarch64")]
    if super::lanes::fits_64(deltas.width) {
        let out = out.as_flattened_mut();
        // SAFETY: every aarch64 CPU has NEON; lanes take the width, and the source is as long as asserted above.
        return unsafe {
            if N == 4 { neon::add_steps_32(deltas, last, out) } else { neon::add_steps_64(deltas, last, out) }
        };
    }
    scalar::add_deltas(deltas, last, out)
}

mod scalar {
    use super::{PackedDeltas, low_bytes};

    pub(super) fn add_deltas<const N: usize>(deltas: PackedDeltas<'_>, last: u64, out: &mut [[u8; N]]) -> u64 {
        let mut last = last;
        for (slot, index) in out.iter_mut().zip(deltas.first..) {
            last = last.wrapping_add(deltas.least).wrapping_add(deltas.get(index));
            *slot = low_bytes(last);
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bit_by_bit(deltas: PackedDeltas<'_>, mut last: u64, count: usize) -> Vec<u64> {
        let delta = |index: usize| {
            (0..deltas.width as usize).fold(0u64, |value, bit| {
                let at = index * deltas.width as usize + bit;
                let set = deltas.source.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1);
                value | u64::from(set) << bit
            })
        };
        let sums = (deltas.first..deltas.first + count).map(|index| {
            last = last.wrapping_add(deltas.least).wrapping_add(delta(index));
            last
        });
        sums.collect()
    }

    #[test]
    fn every_backend_and_width_sums_bit_by_bit() {
        let noise: Vec<u8> = (0..900u32).map(|i| (i.wrapping_mul(2654435761) >> 13) as u8).collect();
        for width in 0..=64u32 {
            for count in [0, 1, 7, 8, 9, 31, 32, 64, 77] {
                for first in [0, 1, 8, 13] {
                    let bytes = ((first + count) * width as usize).div_ceil(8);
                    for length in [bytes, bytes + 3, noise.len()] {
                        let source = &noise[..length.min(noise.len())];
                        let deltas = PackedDeltas { source, width, first, least: u64::MAX - 4000 };
                        let start = 0x0123_4567_89ab_cdef;
                        let expected = bit_by_bit(deltas, start, count);
                        let mut wide = vec![[9; 8]; count];
                        let last = add_deltas(deltas, start, &mut wide);
                        let found: Vec<u64> = wide.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
                        assert_eq!(found, expected, "width {width}, {count} from {first}, {length} bytes");
                        assert_eq!(last, expected.last().copied().unwrap_or(start));
                        assert_eq!(sum_deltas(deltas, start, count), last);
                        if width > 0 {
                            let mut by_scalar = vec![[9; 8]; count];
                            assert_eq!(scalar::add_deltas(deltas, start, &mut by_scalar), last);
                            assert_eq!(by_scalar, wide, "scalar, width {width}, {count} from {first}, {length} bytes");
                        }
                        let mut narrow = vec![[9; 4]; count];
                        let last = add_deltas(deltas, start, &mut narrow);
                        let found: Vec<u32> = narrow.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect();
                        let expected: Vec<u32> = expected.iter().map(|value| *value as u32).collect();
                        assert_eq!(found, expected, "width {width}, {count} from {first}, {length} bytes");
                        assert_eq!(last as u32, expected.last().copied().unwrap_or(start as u32));
                    }
                }
            }
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn backends_agree_on_whole_steps() {
        let noise: Vec<u8> = (0..900u32).map(|i| (i.wrapping_mul(2654435761) >> 13) as u8).collect();
        for width in 1..=64u32 {
            let deltas = PackedDeltas { source: &noise, width, first: 0, least: u64::MAX - 4000 };
            for steps in [0, 1, 2, 9] {
                let mut expected = vec![[9; 8]; steps * 8];
                let last = scalar::add_deltas(deltas, 5, &mut expected);
                let mut found = vec![[9; 8]; steps * 8];
                if cpu::has_avx2() {
                    // SAFETY: the CPU has AVX2, and nine steps read at most 576 bytes.
                    let by_avx2 = unsafe { avx2::add_steps_64(deltas, 5, found.as_flattened_mut()) };
                    assert_eq!((by_avx2, &found), (last, &expected), "AVX2, width {width}, {steps} steps");
                }
                if cpu::has_avx512() && super::super::lanes::fits_64(width) {
                    found.fill([7; 8]);
                    // SAFETY: the same with AVX-512.
                    let by_avx512 = unsafe { avx512::add_steps_64(deltas, 5, found.as_flattened_mut()) };
                    assert_eq!((by_avx512, &found), (last, &expected), "AVX-512, width {width}, {steps} steps");
                }
            }
        }
    }

    #[test]
    fn miniblocks_are_summed_by_each_backend() {
        let noise: Vec<u8> = (0..6000u32).map(|i| (i.wrapping_mul(2654435761) >> 13) as u8).collect();
        for values in [32, 96] {
            for first in 0..=65u8 {
                let widths = [first, 7, 0, 31];
                let blocks = PackedMiniblocks { widths: &widths, source: &noise, values, least: u64::MAX - 70 };
                for room in [0, values - 1, values, 4 * values, 4 * values + 5] {
                    let mut expected = vec![[9; 8]; room];
                    let (taken, last) = add_each_miniblock(blocks, 5, &mut expected);
                    assert_eq!(taken, if first > 64 { 0 } else { (room / values).min(4) });
                    let mut found = vec![[9; 8]; room];
                    let (some, sum) = add_miniblocks(blocks, 5, &mut found);
                    assert_eq!(found[..some * values], expected[..some * values]);
                    assert!((some, sum) == (taken, last) || some < taken && (59..64).contains(&first));
                    let mut narrow = vec![[9; 4]; room];
                    let (some, sum) = add_miniblocks(blocks, 5, &mut narrow);
                    let expected: Vec<[u8; 4]> = expected.iter().map(|[a, b, c, d, ..]| [*a, *b, *c, *d]).collect();
                    assert_eq!(narrow[..some * values], expected[..some * values]);
                    let is_last =
                        expected[..some * values].last().is_none_or(|last| u32::from_le_bytes(*last) == sum as u32);
                    assert!(is_last && some <= taken, "{some} of {taken} miniblocks");
                }
            }
        }
        let short = PackedMiniblocks { widths: &[8, 8], source: &noise[..40], values: 32, least: 0 };
        assert_eq!(add_each_miniblock(short, 0, &mut [[0; 8]; 64]).0, 1, "the second is not there");
        assert!(add_miniblocks(short, 0, &mut [[0; 8]; 64]).0 <= 1);
    }

    #[test]
    fn bits_past_the_end_are_zero() {
        let deltas = PackedDeltas { source: &[0xff], width: 4, first: 0, least: 1 };
        let mut out = [[0; 4]; 4];
        assert_eq!(add_deltas(deltas, 0, &mut out), 34);
        assert_eq!(out.map(u32::from_le_bytes), [16, 32, 33, 34]);
    }
}
