//! Bit-packed integers to u32: value `i` is the `width` bits from bit `i * width` of the source, lowest first.
//!
//! ```text
//! for i in 0..out.len():  out[i] = (bits from i * width of source) & mask(width)
//! ```
//!
//! The AVX2 and NEON backends take eight values per step, that of AVX-512 sixteen, see [`super::lanes`]. Widths that do not
//! fit its lanes use the scalar loop.

use super::STEP_READ;
#[cfg(target_arch = "x86_64")]
use super::cpu;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use super::lanes;

/// Widest value that [`unpack`] takes.
pub(crate) const MAX_UNPACK_WIDTH: u32 = 32;

/// Unpacks `out.len()` values of `width` bits from `source`. Values past the end of the source read as 0 bits;
/// a width above [`MAX_UNPACK_WIDTH`] is taken as that.
pub(crate) fn unpack(source: &[u8], width: u32, out: &mut [u32]) {
    let width = width.min(MAX_UNPACK_WIDTH);
    if width == 0 {
        out.fill(0);
        return;
    }
    // Whole steps whose loads stay inside the source, then the rest from a padded copy.
    let safe_steps = match source.len().checked_sub(STEP_READ) {
        Some(last_start) => last_start / width as usize + 1,
        None => 0,
    };
    let (body, tail) = out.split_at_mut(out.len().min(safe_steps * 8));
    unpack_steps(source, width, body);
    let mut from = (body.len() / 8) * width as usize;
    let mut tail = &mut tail[..];
    if body.len() % 8 != 0 {
        tail = &mut [];
    }
    while !tail.is_empty() {
        let mut padded = [0u8; STEP_READ];
        let rest = source.get(from..).unwrap_or(&[]);
        let step = &rest[..rest.len().min(width as usize)];
        padded[..step.len()].copy_from_slice(step);
        let count = tail.len().min(8);
        unpack_steps(&padded, width, &mut tail[..count]);
        tail = &mut tail[count..];
        from += width as usize;
    }
}

/// `source` holds STEP_READ bytes from the start of every step of eight values of `out`.
fn unpack_steps(source: &[u8], width: u32, out: &mut [u32]) {
    let steps = out.len().div_ceil(8);
    assert!(steps == 0 || source.len() >= (steps - 1) * width as usize + STEP_READ);
    #[cfg(target_arch = "x86_64")]
    if lanes::fits_32(width) && cpu::has_avx512() {
        // SAFETY: the CPU has AVX-512, and the source is as long as asserted above.
        return unsafe { avx512::unpack_steps(source, width, out) };
    }
    #[cfg(target_arch = "x86_64")]
    if lanes::fits_32(width) && cpu::has_avx2() {
        // SAFETY: the CPU has AVX2, and the source is as long as asserted above.
        return unsafe { avx2::unpack_steps(source, width, out) };
    }
    #[cfg(target_arch = "aarch64")]
    if lanes::fits_32(width) {
        // SAFETY: every aarch64 CPU has NEON; the source is as long as asserted above, and the lanes take the width.
        return unsafe { neon::unpack_steps(source, width, out) };
    }
    scalar::unpack_steps(source, width, out);
}

mod scalar {
    pub(super) fn unpack_steps(source: &[u8], width: u32, out: &mut [u32]) {
        let mask = u64::MAX >> (64 - width);
        for (i, slot) in out.iter_mut().enumerate() {
            let bit = i * width as usize;
            let window = source.get(bit / 8..).and_then(|rest| rest.first_chunk::<8>());
            let window = u64::from_le_bytes(window.copied().unwrap_or_default());
            *slot = (window >> (bit % 8) & mask) as u32;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::_mm512_storeu_si512;

    use super::super::lanes::Lanes32x16;
    use super::super::prefetch_behind;

    /// # Safety
    /// The CPU has AVX-512 with VBMI; `source` holds STEP_READ bytes from the start of every step of eight values of `out`;
    /// the lanes take `width`.
    #[target_feature(enable = "avx512f,avx512vbmi")]
    pub(super) unsafe fn unpack_steps(source: &[u8], width: u32, out: &mut [u32]) {
        let lanes = Lanes32x16::new(width);
        // SAFETY: the caller says that every second step can be read, too.
        let two_steps = |index: usize| unsafe { lanes.sixteen_at(source.as_ptr().add(index * 2 * width as usize)) };
        let (steps, rest) = out.as_chunks_mut::<16>();
        let whole = steps.len();
        for (index, values) in steps.iter_mut().enumerate() {
            prefetch_behind(source, index * 2 * width as usize);
            // SAFETY: there are sixteen values.
            unsafe { _mm512_storeu_si512(values.as_mut_ptr().cast(), two_steps(index)) };
        }
        if !rest.is_empty() {
            let mut last = [0u32; 16];
            // SAFETY: `last` holds sixteen values.
            unsafe { _mm512_storeu_si512(last.as_mut_ptr().cast(), two_steps(whole)) };
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::_mm256_storeu_si256;

    use super::super::lanes::Lanes32;
    use super::super::prefetch_behind;

    /// # Safety
    /// The CPU has AVX2; `source` holds STEP_READ bytes from the start of every step of eight values of `out`; the lanes
    /// take `width`.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn unpack_steps(source: &[u8], width: u32, out: &mut [u32]) {
        let lanes = Lanes32::new(width);
        let whole = out.len() / 8;
        // SAFETY: the caller says that every step can be read.
        let step = |index: usize| unsafe { lanes.eight_at(source.as_ptr().add(index * width as usize)) };
        for index in 0..whole {
            prefetch_behind(source, index * width as usize);
            // SAFETY: `out` holds eight values per whole step.
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().add(index * 8).cast(), step(index)) };
        }
        let rest = &mut out[whole * 8..];
        if !rest.is_empty() {
            let mut last = [0u32; 8];
            // SAFETY: `last` holds eight values.
            unsafe { _mm256_storeu_si256(last.as_mut_ptr().cast(), step(whole)) };
            let count = rest.len();
            rest.copy_from_slice(&last[..count]);
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod neon {
    use std::arch::aarch64::vst1q_u32;

    use super::super::lanes::Lanes32;

    /// # Safety
    /// `source` holds STEP_READ bytes from the start of every step of eight values of `out`; the lanes take `width`.
    #[target_feature(enable = "neon")]
    pub(super) unsafe fn unpack_steps(source: &[u8], width: u32, out: &mut [u32]) {
        let lanes = Lanes32::new(width);
        let (steps, rest) = out.as_chunks_mut::<8>();
        // SAFETY: the caller says that every step can be read.
        let step = |index: usize| unsafe { lanes.eight_at(source.as_ptr().add(index * width as usize)) };
        let whole = steps.len();
        for (index, values) in steps.iter_mut().enumerate() {
            let [low, high] = step(index);
            // SAFETY: there are eight values.
            unsafe {
                vst1q_u32(values.as_mut_ptr(), low);
                vst1q_u32(values[4..].as_mut_ptr(), high);
            }
        }
        if !rest.is_empty() {
            let mut last = [0u32; 8];
            let [low, high] = step(whole);
            // SAFETY: `last` holds eight values.
            unsafe {
                vst1q_u32(last.as_mut_ptr(), low);
                vst1q_u32(last[4..].as_mut_ptr(), high);
            }
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bit_by_bit(source: &[u8], width: u32, index: usize) -> u32 {
        (0..width as usize).fold(0, |value, bit| {
            let at = index * width as usize + bit;
            let set = source.get(at / 8).is_some_and(|byte| byte >> (at % 8) & 1 == 1);
            value | u32::from(set) << bit
        })
    }

    #[test]
    fn every_backend_and_width_unpacks_bit_by_bit() {
        let source: Vec<u8> = (0..700u32).map(|i| (i.wrapping_mul(2654435761) >> 13) as u8).collect();
        for width in 0..=32u32 {
            for count in (0..70).chain([128, 160]) {
                let bytes = (count * width as usize).div_ceil(8);
                for length in [bytes, bytes + 3, source.len()] {
                    let source = &source[..length.min(source.len())];
                    let expected: Vec<u32> = (0..count).map(|i| bit_by_bit(source, width, i)).collect();
                    let mut out = vec![u32::MAX; count];
                    unpack(source, width, &mut out);
                    assert_eq!(out, expected, "width {width}, {count} values, {length} bytes");
                }
                if width > 0 && count * width as usize / 8 + STEP_READ < source.len() {
                    let expected: Vec<u32> = (0..count).map(|i| bit_by_bit(&source, width, i)).collect();
                    for (name, backend) in backends(width) {
                        let mut out = vec![0; count];
                        // SAFETY: the CPU has the backend, which takes the width, and every step can be read.
                        unsafe { backend(&source, width, &mut out) };
                        assert_eq!(out, expected, "{name}, width {width}");
                    }
                }
            }
        }
    }

    type Backend = unsafe fn(&[u8], u32, &mut [u32]);

    /// Those that take `width` and that this CPU has.
    fn backends(width: u32) -> Vec<(&'static str, Backend)> {
        let mut backends: Vec<(_, Backend)> =
            vec![("scalar", |source, width, out| scalar::unpack_steps(source, width, out))];
        #[cfg(target_arch = "x86_64")]
        if lanes::fits_32(width) {
            backends.extend(cpu::has_avx2().then_some(("AVX2", avx2::unpack_steps as Backend)));
            backends.extend(cpu::has_avx512().then_some(("AVX-512", avx512::unpack_steps as Backend)));
        }
        #[cfg(target_arch = "aarch64")]
        if lanes::fits_32(width) {
            backends.push(("NEON", neon::unpack_steps));
        }
        backends
    }

    #[test]
    fn a_short_source_reads_as_zero() {
        let mut out = [9; 20];
        unpack(&[0xff], 4, &mut out);
        assert_eq!(out[..4], [15, 15, 0, 0]);
    }
}
