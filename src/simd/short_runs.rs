//! Values of many short runs: levels, dictionary codes.
//!
//! ```text
//! for each run, see [`super::runs`]: its values are appended to out
//! ```
//!
//! A run has a few values, and whether they are packed cannot be foretold. AVX-512 makes both of them, 64 values of a
//! repeated one and 64 packed ones, and stores what is right over what lies behind.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use super::runs::{RunsTaken, walk_runs};
use super::{LEVELS_OVER, fill_over, unpack, unpack_levels};
use crate::memory::Plain;

/// Widest value that runs are taken of.
pub(crate) const MAX_RUN_WIDTH: u32 = 8;

/// Values behind the wanted ones that may be written over.
pub(crate) const RUNS_OVER: usize = LEVELS_OVER;

/// True where runs are taken without a branch. Elsewhere it takes no longer to take them one by one and to fill in what is
/// repeated, where that is easy.
pub(crate) fn takes_runs_at_once() -> bool {
    #[cfg(target_arch = "x86_64")]
    return cpu::has_avx512();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Writes the levels of runs from the front of `bytes` on, `wanted` at most, to the front of `out`, which has room for
/// `wanted` and 64 more: what stands there is overwritten. The first `length` of `bytes` are the stream, of levels of `width` bits,
/// 1 to 8. Stops at the first run that goes on behind the wanted ones or is not of the common kind. A repeated level may have
/// all bits of its byte.
pub(crate) fn level_runs(bytes: &[u8], length: usize, width: u32, wanted: usize, out: &mut [u16]) -> RunsTaken {
    assert!(out.len() >= wanted + RUNS_OVER && (1..=MAX_RUN_WIDTH).contains(&width));
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx512() {
        // SAFETY: the CPU has it; width and room as asserted.
        return unsafe { avx512::level_runs(bytes, length, width as usize, wanted, out) };
    }
    levels_one_by_one(bytes, length, width, wanted, out)
}

fn levels_one_by_one(bytes: &[u8], length: usize, width: u32, wanted: usize, out: &mut [u16]) -> RunsTaken {
    one_by_one(bytes, length, width, wanted, out, |body, count, out| unpack_levels(body, width, 0, count, out))
}

/// The same of dictionary codes.
pub(crate) fn code_runs(bytes: &[u8], length: usize, width: u32, wanted: usize, out: &mut [u32]) -> RunsTaken {
    assert!(out.len() >= wanted + RUNS_OVER && (1..=MAX_RUN_WIDTH).contains(&width));
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx512() {
        // SAFETY: the CPU has it; width and room as asserted.
        return unsafe { avx512::code_runs(bytes, length, width as usize, wanted, out) };
    }
    codes_one_by_one(bytes, length, width, wanted, out)
}

fn codes_one_by_one(bytes: &[u8], length: usize, width: u32, wanted: usize, out: &mut [u32]) -> RunsTaken {
    one_by_one(bytes, length, width, wanted, out, |body, count, out| unpack(body, width, &mut out[..count]))
}

/// `unpack` writes so many packed values to the front of a slice that has room for 64 more.
#[inline(always)]
fn one_by_one<T: Plain + From<u8>>(
    bytes: &[u8],
    length: usize,
    width: u32,
    wanted: usize,
    out: &mut [T],
    unpack: impl Fn(&[u8], usize, &mut [T]),
) -> RunsTaken {
    walk_runs(bytes, length, width as usize, wanted, |filled, run| {
        let out = &mut out[filled..];
        match run.is_packed {
            true => unpack(run.body, run.count, out),
            false => fill_over(out, T::from(run.head as u8), run.count),
        }
        true
    })
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{RunsTaken, walk_runs};
    use crate::simd::unpack_levels::avx512::{Layout, widen};
    use crate::simd::{WORD_LEVELS, prefetch_behind};

    /// # Safety
    /// As for [`runs`].
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) unsafe fn level_runs(
        bytes: &[u8],
        length: usize,
        width: usize,
        wanted: usize,
        out: &mut [u16],
    ) -> RunsTaken {
        // SAFETY: of the caller; 64 levels are written.
        unsafe { runs(bytes, length, width, wanted, out, |levels, target| widen(levels, target)) }
    }

    /// # Safety
    /// As for [`runs`].
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) unsafe fn code_runs(
        bytes: &[u8],
        length: usize,
        width: usize,
        wanted: usize,
        out: &mut [u32],
    ) -> RunsTaken {
        // SAFETY: of the caller; four times sixteen codes are written.
        unsafe {
            runs(bytes, length, width, wanted, out, |codes, target: *mut u32| {
                let quarters = [
                    _mm512_castsi512_si128(codes),
                    _mm512_extracti32x4_epi32::<1>(codes),
                    _mm512_extracti32x4_epi32::<2>(codes),
                    _mm512_extracti32x4_epi32::<3>(codes),
                ];
                for (index, quarter) in quarters.into_iter().enumerate() {
                    _mm512_storeu_si512(target.add(16 * index).cast(), _mm512_cvtepu8_epi32(quarter));
                }
            })
        }
    }

    /// Has `write` write 64 values, a byte each, to where it is told.
    ///
    /// # Safety
    /// The CPU has AVX-512 with BW and VBMI. The width is 1 to 8, and `out` has room for the wanted values and 64 more.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    unsafe fn runs<T>(
        bytes: &[u8],
        length: usize,
        width: usize,
        wanted: usize,
        out: &mut [T],
        write: impl Fn(__m512i, *mut T),
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
                prefetch_behind(run.body, step * step_bytes);
                // SAFETY: 64 bytes can be read, as was just seen. The run ends within the wanted values, and the last
                // step at most 64 behind it.
                unsafe {
                    let source = _mm512_loadu_si512(run.body.as_ptr().add(step * step_bytes).cast());
                    let values = _mm512_mask_blend_epi8(are_packed, repeated, layout.unpack(source));
                    write(values, out.as_mut_ptr().add(filled + step * WORD_LEVELS));
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

    type Kernel<T> = fn(&[u8], usize, u32, usize, &mut [T]) -> RunsTaken;

    /// Compares kernels for values of two and of four bytes.
    fn compare<T: Plain + From<u16>>(one_by_one: Kernel<T>, dispatched: Kernel<T>) {
        for width in 1..=8 {
            for (count, padding) in [(1, 0), (1, 70), (9, 3), (40, 64), (90, 200)] {
                let (mut bytes, values) = runs(width, count, width + count);
                let values: Vec<T> = values.into_iter().map(T::from).collect();
                let length = bytes.len();
                bytes.extend(vec![0; padding]);
                for wanted in [0, 7, values.len() / 2, values.len() - 1, values.len(), values.len() + 9] {
                    let mut expected = vec![T::from(9); wanted + RUNS_OVER];
                    let taken = one_by_one(&bytes, length, width as u32, wanted, &mut expected);
                    assert!(taken.values <= wanted);
                    assert_eq!(expected[..taken.values], values[..taken.values]);
                    if wanted >= values.len() && padding >= 8 {
                        assert_eq!(taken, RunsTaken { bytes: length, values: values.len() });
                    }
                    let mut out = vec![T::from(8); wanted + RUNS_OVER];
                    let found = dispatched(&bytes, length, width as u32, wanted, &mut out);
                    // Near the end of the bytes others may take more.
                    assert!(found.values <= taken.values && (padding < 64 || found == taken), "{found:?} {taken:?}");
                    assert_eq!(out[..found.values], values[..found.values]);
                }
            }
        }
    }

    #[test]
    fn runs_of_every_width_are_taken_by_each_backend() {
        compare(levels_one_by_one, level_runs);
        compare(codes_one_by_one, code_runs);
    }

    #[test]
    fn runs_that_are_not_whole_are_left() {
        let take = |bytes: &[u8], length| level_runs(bytes, length, 2, 1000, &mut [0; 1000 + RUNS_OVER]);
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
