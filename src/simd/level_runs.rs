//! Levels of many short runs, as numbers.
//!
//! ```text
//! for each run, see [`super::runs`]: its levels are appended to out
//! ```
//!
//! A run has a few levels, and whether they are packed cannot be foretold. AVX-512 makes both of them, 64 levels of a
//! repeated one and 64 packed ones, and stores what is right over what lies behind.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use super::runs::{RunsTaken, walk_runs};
use super::{LEVELS_OVER, fill_over, unpack_levels};

/// Widest level that runs are taken of.
pub(crate) const MAX_RUN_WIDTH: u32 = 8;

/// Writes the levels of runs from the front of `bytes` on, `wanted` at most, to the front of `out`, which has room for
/// `wanted` and 64 more: what stands there is overwritten. The first `length` of `bytes` are the stream, of levels of `width` bits,
/// 1 to 8. Stops at the first run that goes on behind the wanted ones or is not of the common kind. A repeated level may have
/// all bits of its byte.
pub(crate) fn level_runs(bytes: &[u8], length: usize, width: u32, wanted: usize, out: &mut [u16]) -> RunsTaken {
    assert!(out.len() >= wanted + LEVELS_OVER && (1..=MAX_RUN_WIDTH).contains(&width));
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx512() {
        // SAFETY: the CPU has it; width and room as asserted.
        return unsafe { avx512::level_runs(bytes, length, width as usize, wanted, out) };
    }
    one_by_one(bytes, length, width, wanted, out)
}

fn one_by_one(bytes: &[u8], length: usize, width: u32, wanted: usize, out: &mut [u16]) -> RunsTaken {
    walk_runs(bytes, length, width as usize, wanted, |filled, run| {
        let out = &mut out[filled..];
        match run.is_packed {
            true => unpack_levels(run.body, width, 0, run.count, out),
            false => fill_over(out, run.head as u16 & 0xff, run.count),
        }
        true
    })
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{RunsTaken, walk_runs};
    use crate::simd::WORD_LEVELS;
    use crate::simd::unpack_levels::avx512::{Layout, widen};

    /// # Safety
    /// The CPU has AVX-512 with BW and VBMI. The width is 1 to 8, and `out` has room for the wanted levels and 64 more.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) unsafe fn level_runs(
        bytes: &[u8],
        length: usize,
        width: usize,
        wanted: usize,
        out: &mut [u16],
    ) -> RunsTaken {
        let layout = Layout::of(width);
        let step_bytes = 8 * width;
        walk_runs(bytes, length, width, wanted, |filled, run| {
            let steps = run.count.div_ceil(WORD_LEVELS);
            if run.body.len() < (steps - 1) * step_bytes + 64 {
                return false;
            }
            let are_packed = u64::from(run.is_packed).wrapping_neg();
            let repeated = _mm512_set1_epi8(run.head as i8);
            for step in 0..steps {
                // SAFETY: 64 bytes can be read, as was just seen. The run ends within the wanted levels, and the last
                // step at most 64 behind it.
                unsafe {
                    let source = _mm512_loadu_si512(run.body.as_ptr().add(step * step_bytes).cast());
                    let levels = _mm512_mask_blend_epi8(are_packed, repeated, layout.unpack(source));
                    widen(levels, out.as_mut_ptr().add(filled + step * WORD_LEVELS));
                }
            }
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs of up to 70 times 8 levels of `width` bits, one in three of them repeated, and the levels.
    fn runs(width: usize, count: usize, seed: usize) -> (Vec<u8>, Vec<u16>) {
        let noise = |i: usize| (i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let (mut bytes, mut levels) = (Vec::new(), Vec::new());
        for run in 0..count {
            let length = 1 + noise(run) % [3, 20, 70][noise(run * 3) % 3];
            let is_packed = !noise(run * 5).is_multiple_of(3);
            let header = length << 1 | usize::from(is_packed);
            match header < 128 && run % 7 != 3 {
                true => bytes.push(header as u8),
                false => bytes.extend([header as u8 | 0x80, (header >> 7) as u8]),
            }
            if is_packed {
                let body: Vec<u8> = (0..length * width).map(|i| noise(run * 100 + i) as u8).collect();
                let bit = |at: usize| u16::from(body[at / 8] >> (at % 8) & 1);
                levels.extend((0..length * 8).map(|i| (0..width).fold(0, |level, b| level | bit(i * width + b) << b)));
                bytes.extend(body);
            } else {
                let level = noise(run * 11) as u8;
                levels.extend(std::iter::repeat_n(u16::from(level), length));
                bytes.push(level);
            }
        }
        (bytes, levels)
    }

    #[test]
    fn runs_of_every_width_are_taken_by_each_backend() {
        for width in 1..=8 {
            for (count, padding) in [(1, 0), (1, 70), (9, 3), (40, 64), (90, 200)] {
                let (mut bytes, levels) = runs(width, count, width + count);
                let length = bytes.len();
                bytes.extend(vec![0; padding]);
                for wanted in [0, 7, levels.len() / 2, levels.len() - 1, levels.len(), levels.len() + 9] {
                    let mut expected = vec![9; wanted + LEVELS_OVER];
                    let taken = one_by_one(&bytes, length, width as u32, wanted, &mut expected);
                    assert!(taken.values <= wanted);
                    assert_eq!(expected[..taken.values], levels[..taken.values]);
                    if wanted >= levels.len() && padding >= 8 {
                        assert_eq!(taken, RunsTaken { bytes: length, values: levels.len() });
                    }
                    let mut out = vec![8; wanted + LEVELS_OVER];
                    let found = level_runs(&bytes, length, width as u32, wanted, &mut out);
                    // Near the end of the bytes others may take more.
                    assert!(found.values <= taken.values && (padding < 64 || found == taken), "{found:?} {taken:?}");
                    assert_eq!(out[..found.values], levels[..found.values]);
                }
            }
        }
    }

    #[test]
    fn runs_that_are_not_whole_are_left() {
        let take = |bytes: &[u8], length| level_runs(bytes, length, 2, 1000, &mut [0; 1000 + LEVELS_OVER]);
        let nothing = RunsTaken::default();
        let mut bytes = [0u8; 200];
        assert_eq!(take(&bytes, 200), nothing, "a run of no levels");
        bytes[..2].copy_from_slice(&[9, 0]);
        assert_eq!(take(&bytes, 8), nothing, "packed levels behind the end");
        assert_eq!(take(&bytes, 9), RunsTaken { bytes: 9, values: 32 });
        assert_eq!(take(&bytes[..7], 7), nothing);
        bytes[..3].copy_from_slice(&[0x80, 0x80, 1]);
        assert_eq!(take(&bytes, 200), nothing, "a header of three bytes");
    }
}
