//! Bit-packed levels, as numbers.
//!
//! ```text
//! for i in 0..count:  out[i] = (bits from (first + i) * width of source) & mask(width)
//! ```

use super::WORD_LEVELS;
#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Levels behind the last one that [`unpack_levels`] may write over.
pub(crate) const LEVELS_OVER: usize = WORD_LEVELS;

/// Unpacks `count` levels of `width` bits, at most 16, from level `first` of `source` on, one of its first eight, to the
/// front of `out`, which has room for 64 more: what stands there is overwritten. Levels behind the end of the source read as
/// 0 bits.
pub(crate) fn unpack_levels(source: &[u8], width: u32, first: usize, count: usize, out: &mut [u16]) {
    assert!(out.len() >= count + LEVELS_OVER);
    let width = width as usize;
    #[cfg(target_arch = "x86_64")]
    {
        let steps = count.div_ceil(WORD_LEVELS);
        let has_steps = source.len() >= steps.saturating_sub(1) * 8 * width + 64;
        if first == 0 && has_steps && (1..=8).contains(&width) && cpu::has_avx512() {
            // SAFETY: the CPU has it; 64 bytes can be read in each step, and there is room for 64 levels.
            return unsafe { avx512::unpack(source, width, steps, out) };
        }
        if width <= 8 && cpu::has_avx2() {
            // SAFETY: the CPU has both.
            return unsafe { avx2::unpack(source, width, first, &mut out[..count]) };
        }
    }
    let out = &mut out[..count];
    match width {
        0..=8 => unpack_by_groups(source, width, first, out, spread),
        _ => unpack_wide(source, width, first, out),
    }
}

/// Each eighth of `mask` has the low bits of a byte set: as many of the lowest bits of `bits` in each of eight levels.
fn spread(bits: u64, mask: u64) -> [u16; 8] {
    let width = (mask & 0xff).count_ones();
    let mut lane = 0;
    [0; 8].map(|_: u16| {
        let level = bits >> (lane * width) & mask & 0xff;
        lane += 1;
        level as u16
    })
}

/// Eight levels of up to eight bits at a time.
#[inline(always)]
fn unpack_by_groups(source: &[u8], width: usize, first: usize, out: &mut [u16], spread: impl Fn(u64, u64) -> [u16; 8]) {
    let mask = 0x0101_0101_0101_0101 * ((1 << width) - 1);
    let group = |index: usize| {
        let tail = source.get(index * width..).unwrap_or_default();
        let bits = tail.first_chunk::<8>().map_or_else(|| padded(tail), |chunk| u64::from_le_bytes(*chunk));
        spread(bits, mask)
    };
    let mut body = out;
    if first > 0 {
        let (head, behind) = body.split_at_mut(body.len().min(8 - first));
        head.iter_mut().zip(group(0).into_iter().skip(first)).for_each(|(slot, level)| *slot = level);
        body = behind;
    }
    let (eights, rest) = body.as_chunks_mut::<8>();
    let body_start = usize::from(first > 0);
    let count = eights.len();
    for (index, eight) in eights.iter_mut().enumerate() {
        *eight = group(body_start + index);
    }
    if !rest.is_empty() {
        rest.iter_mut().zip(group(body_start + count)).for_each(|(slot, level)| *slot = level);
    }
}

/// The up to eight bytes of `tail` as a number.
#[cold]
fn padded(tail: &[u8]) -> u64 {
    tail.iter().take(8).rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}

/// Levels of more bits than any but absurd schemas need.
fn unpack_wide(source: &[u8], width: usize, first: usize, out: &mut [u16]) {
    let mask = u64::MAX >> (64 - width.min(16));
    for (index, slot) in (first..).zip(out) {
        let bit = index * width;
        let window = padded(source.get(bit / 8..).unwrap_or_default());
        *slot = (window >> (bit % 8) & mask) as u16;
    }
}

#[cfg(target_arch = "x86_64")]
pub(super) mod avx512 {
    use std::arch::x86_64::*;

    use super::WORD_LEVELS;

    /// For levels of one width: where the bytes of eight of them lie, and where in these bytes each begins.
    struct Table {
        lanes: [u8; 64],
        shifts: [u8; 64],
    }

    static TABLES: [Table; 9] = {
        let mut tables = [const { Table { lanes: [0; 64], shifts: [0; 64] } }; 9];
        let mut at = 0;
        while at < 9 * 64 {
            let (width, byte) = (at / 64, at % 64);
            tables[width].lanes[byte] = (byte / 8 * width + byte % 8) as u8;
            tables[width].shifts[byte] = (byte % 8 * width) as u8;
            at += 1;
        }
        tables
    };

    /// The same in registers.
    pub(in crate::simd) struct Layout {
        lanes: __m512i,
        shifts: __m512i,
        mask: __m512i,
    }

    impl Layout {
        /// That of levels of up to eight bits.
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
        pub(in crate::simd) fn of(width: usize) -> Self {
            let table = &TABLES[width];
            // SAFETY: both arrays are 64 bytes long.
            let (lanes, shifts) = unsafe {
                (_mm512_loadu_si512(table.lanes.as_ptr().cast()), _mm512_loadu_si512(table.shifts.as_ptr().cast()))
            };
            Self { lanes, shifts, mask: _mm512_set1_epi8(((1u16 << width) - 1) as i8) }
        }

        /// The 64 levels at the front of `bytes`, a byte each.
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
        pub(in crate::simd) fn unpack(&self, bytes: __m512i) -> __m512i {
            // The bytes of eight levels in each eighth, then each level at the low end of a byte.
            let eights = _mm512_permutexvar_epi8(self.lanes, bytes);
            _mm512_and_si512(_mm512_multishift_epi64_epi8(self.shifts, eights), self.mask)
        }
    }

    /// Writes 64 levels of a byte to `target`.
    ///
    /// # Safety
    /// There is room for 64 levels.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(in crate::simd) unsafe fn widen(levels: __m512i, target: *mut u16) {
        let (low, high) = (_mm512_castsi512_si256(levels), _mm512_extracti64x4_epi64::<1>(levels));
        // SAFETY: as the caller says.
        unsafe {
            _mm512_storeu_si512(target.cast(), _mm512_cvtepu8_epi16(low));
            _mm512_storeu_si512(target.add(32).cast(), _mm512_cvtepu8_epi16(high));
        }
    }

    /// Unpacks levels of up to eight bits, 64 in each of so many steps.
    ///
    /// # Safety
    /// The CPU has AVX-512 with BW and VBMI. `out` has room for the levels of all steps; 64 bytes can be read from where
    /// those of each step begin.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) unsafe fn unpack(source: &[u8], width: usize, steps: usize, out: &mut [u16]) {
        let layout = Layout::of(width);
        for step in 0..steps {
            // SAFETY: as the caller says.
            unsafe {
                let bytes = _mm512_loadu_si512(source.as_ptr().add(step * 8 * width).cast());
                widen(layout.unpack(bytes), out.as_mut_ptr().add(step * WORD_LEVELS));
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    use super::unpack_by_groups;

    /// # Safety
    /// The CPU has AVX2 and BMI2; levels have up to eight bits.
    #[target_feature(enable = "avx2,bmi2")]
    pub(super) unsafe fn unpack(source: &[u8], width: usize, first: usize, out: &mut [u16]) {
        let spread = |bits, mask| {
            let levels = _mm_cvtepu8_epi16(_mm_cvtsi64_si128(_pdep_u64(bits, mask).cast_signed()));
            let mut eight = [0; 8];
            // SAFETY: eight levels of two bytes are written.
            unsafe { _mm_storeu_si128(eight.as_mut_ptr().cast(), levels) };
            eight
        };
        unpack_by_groups(source, width, first, out, spread);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_every_width_are_unpacked_from_any_of_the_first_eight() {
        let source: Vec<u8> = (0..200usize).map(|i| (i * 151 + 77) as u8).collect();
        let padded = [&source[..], &[0; 3500]].concat();
        for width in 1..=16usize {
            let level = |i: usize| {
                let bit = |at: usize| source.get(at / 8).map_or(0, |byte| u32::from(byte >> (at % 8) & 1));
                (0..width).fold(0, |level, b| level | bit(i * width + b) << b) as u16
            };
            for first in 0..8 {
                for count in [0, 1, 3, 8, 31, 70, 200 * 8 / width - first, 1700] {
                    let expected: Vec<u16> = (first..first + count).map(level).collect();
                    let mut out = vec![9; count + LEVELS_OVER];
                    for source in [&source, &padded] {
                        unpack_levels(source, width as u32, first, count, &mut out);
                        assert_eq!(out[..count], expected, "{count} of {width} bits from {first}");
                    }
                    let mut out = vec![9; count];
                    if width <= 8 {
                        out.fill(9);
                        unpack_by_groups(&source, width, first, &mut out, spread);
                        assert_eq!(out, expected, "{count} of {width} bits from {first}, without BMI2");
                    }
                    #[cfg(target_arch = "x86_64")]
                    if width <= 8 && cpu::has_avx2() {
                        out.fill(9);
                        // SAFETY: the CPU has it.
                        unsafe { avx2::unpack(&source, width, first, &mut out) };
                        assert_eq!(out, expected, "{count} of {width} bits from {first}, with BMI2");
                    }
                }
            }
        }
    }
}
