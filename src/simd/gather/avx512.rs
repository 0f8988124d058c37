//! AVX-512: dictionaries of few entries lie in registers, from which an instruction selects eight or sixteen at a time.
//!
//! The largest code is found on the way. Nothing outside of the registers is read by a code that is too large, so it is
//! enough to refuse it afterwards.

use std::arch::x86_64::*;

/// Codes that are taken at a time.
const STEP: usize = 16;

/// Bytes of a register.
pub(super) const REGISTER: usize = 64;

/// Registers of the largest dictionary.
const MOST_REGISTERS: usize = 8;

/// Fewer codes are not worth it to load the dictionary.
pub(super) const LEAST_CODES: usize = STEP;

/// True where `entries` entries, of so many bytes in a register, fit.
pub(super) fn fits(entries: usize, width: usize) -> bool {
    match width {
        1 => entries <= REGISTER,
        2 | 4 | 8 | 16 => entries <= MOST_REGISTERS * REGISTER / width,
        _ => false,
    }
}

/// Calls a kernel for the number of registers that `$bytes` bytes need.
macro_rules! with_registers {
    ($bytes:expr, $kernel:ident($($argument:expr),*)) => {
        match $bytes.div_ceil(REGISTER) {
            0..=2 => $kernel::<2>($($argument),*),
            3..=4 => $kernel::<4>($($argument),*),
            _ => $kernel::<MOST_REGISTERS>($($argument),*),
        }
    };
}

/// Writes the entry of `dictionary`, which has `width` bytes, for each of `codes` to `out`, and returns the largest code.
///
/// # Safety
/// The CPU has AVX-512; the entries [fit](fits); there are LEAST_CODES codes, for each of which `width` bytes can be written.
pub(super) unsafe fn gather(dictionary: &[u8], width: usize, codes: &[u32], out: *mut u8) -> u32 {
    let bytes = dictionary.len();
    // SAFETY: of the caller.
    unsafe {
        match width {
            1 => gather_8(dictionary, codes, out),
            2 => with_registers!(bytes, gather_16(dictionary, codes, out)),
            4 => with_registers!(bytes, gather_32(dictionary, codes, out)),
            8 => with_registers!(bytes, gather_64(dictionary, codes, out)),
            _ => with_registers!(bytes, gather_128(dictionary, codes, out)),
        }
    }
}

/// The same of signed integers of four or eight bytes, which become sixteen.
///
/// # Safety
/// The CPU has AVX-512; the entries [fit](fits) as eight bytes; there are LEAST_CODES codes, for each of which sixteen bytes
/// can be written.
pub(super) unsafe fn gather_widened(dictionary: &[u8], width: usize, codes: &[u32], out: *mut u8) -> u32 {
    let bytes = dictionary.len() / width * size_of::<u64>();
    // SAFETY: of the caller.
    unsafe { with_registers!(bytes, widen_64(dictionary, width, codes, out)) }
}

/// Entries in registers.
struct Table<const REGISTERS: usize>([__m512i; REGISTERS]);

impl<const REGISTERS: usize> Table<REGISTERS> {
    /// The bytes of `dictionary`, and zeros behind them.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn load(dictionary: &[u8]) -> Self {
        let mut table = [_mm512_setzero_si512(); REGISTERS];
        for (register, bytes) in table.iter_mut().zip(dictionary.chunks(REGISTER)) {
            let there = u64::MAX >> (REGISTER - bytes.len());
            // SAFETY: what is not there is not read; a chunk has at least one byte.
            *register = unsafe { _mm512_maskz_loadu_epi8(there, bytes.as_ptr().cast()) };
        }
        Self(table)
    }

    /// The signed integers of four bytes in `dictionary` as eight bytes, and zeros behind them.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn load_widened(dictionary: &[u8]) -> Self {
        let mut table = [_mm512_setzero_si512(); REGISTERS];
        for (register, bytes) in table.iter_mut().zip(dictionary.chunks(REGISTER / 2)) {
            let there = u64::MAX >> (REGISTER - bytes.len());
            // SAFETY: as above.
            let narrow = unsafe { _mm512_maskz_loadu_epi8(there, bytes.as_ptr().cast()) };
            *register = _mm512_cvtepi32_epi64(_mm512_castsi512_si256(narrow));
        }
        Self(table)
    }

    /// The 32 entries of two bytes that the lowest bits of `places` name.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn select_16(&self, places: __m512i) -> __m512i {
        let table = &self.0;
        let two = |first: usize| _mm512_permutex2var_epi16(table[first], places, table[first + 1]);
        let bit = |bit| _mm512_test_epi16_mask(places, _mm512_set1_epi16(bit));
        let four = |first: usize| _mm512_mask_blend_epi16(bit(64), two(first), two(first + 2));
        match REGISTERS {
            2 => two(0),
            4 => four(0),
            _ => _mm512_mask_blend_epi16(bit(128), four(0), four(4)),
        }
    }

    /// The sixteen entries of four bytes that the lowest bits of `places` name.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn select_32(&self, places: __m512i) -> __m512i {
        let table = &self.0;
        let two = |first: usize| _mm512_permutex2var_epi32(table[first], places, table[first + 1]);
        let bit = |bit| _mm512_test_epi32_mask(places, _mm512_set1_epi32(bit));
        let four = |first: usize| _mm512_mask_blend_epi32(bit(32), two(first), two(first + 2));
        match REGISTERS {
            2 => two(0),
            4 => four(0),
            _ => _mm512_mask_blend_epi32(bit(64), four(0), four(4)),
        }
    }

    /// The eight entries of eight bytes that the lowest bits of `places` name.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn select_64(&self, places: __m512i) -> __m512i {
        let table = &self.0;
        let two = |first: usize| _mm512_permutex2var_epi64(table[first], places, table[first + 1]);
        let bit = |bit| _mm512_test_epi64_mask(places, _mm512_set1_epi64(bit));
        let four = |first: usize| _mm512_mask_blend_epi64(bit(16), two(first), two(first + 2));
        match REGISTERS {
            2 => two(0),
            4 => four(0),
            _ => _mm512_mask_blend_epi64(bit(32), four(0), four(4)),
        }
    }
}

/// Has `write` write `width` bytes for each of sixteen codes, as often as there are codes left; returns the largest. Where the
/// last codes are no whole step, some in front of them are taken again.
///
/// # Safety
/// The CPU has AVX-512; there are LEAST_CODES codes, and `width` bytes for each can be written to `out`. `write` writes no
/// more.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn each_step(codes: &[u32], width: usize, out: *mut u8, write: impl Fn(__m512i, *mut u8)) -> u32 {
    let mut largest = _mm512_setzero_si512();
    let last = codes.len() - STEP;
    for first in (0..last).step_by(STEP).chain([last]) {
        // SAFETY: sixteen codes begin at `first`, and there is room for all.
        let (codes, out) = unsafe { (_mm512_loadu_si512(codes.as_ptr().add(first).cast()), out.add(first * width)) };
        largest = _mm512_max_epu32(largest, codes);
        write(codes, out);
    }
    _mm512_reduce_max_epu32(largest)
}

/// # Safety
/// As for [`gather`].
#[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
unsafe fn gather_8(dictionary: &[u8], codes: &[u32], out: *mut u8) -> u32 {
    let Table([table]) = Table::<1>::load(dictionary);
    // SAFETY: sixteen bytes are written.
    unsafe {
        each_step(codes, 1, out, |codes, out| {
            let places = _mm512_castsi128_si512(_mm512_cvtepi32_epi8(codes));
            let selected = _mm512_castsi512_si128(_mm512_permutexvar_epi8(places, table));
            _mm_storeu_si128(out.cast(), selected);
        })
    }
}

/// # Safety
/// As for [`gather`].
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn gather_16<const REGISTERS: usize>(dictionary: &[u8], codes: &[u32], out: *mut u8) -> u32 {
    let table = Table::<REGISTERS>::load(dictionary);
    // SAFETY: sixteen times two bytes are written.
    unsafe {
        each_step(codes, 2, out, |codes, out| {
            let places = _mm512_castsi256_si512(_mm512_cvtepi32_epi16(codes));
            _mm256_storeu_si256(out.cast(), _mm512_castsi512_si256(table.select_16(places)));
        })
    }
}

/// # Safety
/// As for [`gather`].
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn gather_32<const REGISTERS: usize>(dictionary: &[u8], codes: &[u32], out: *mut u8) -> u32 {
    let table = Table::<REGISTERS>::load(dictionary);
    // SAFETY: sixteen times four bytes are written.
    unsafe { each_step(codes, 4, out, |codes, out| _mm512_storeu_si512(out.cast(), table.select_32(codes))) }
}

/// # Safety
/// As for [`gather`].
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn gather_64<const REGISTERS: usize>(dictionary: &[u8], codes: &[u32], out: *mut u8) -> u32 {
    let table = Table::<REGISTERS>::load(dictionary);
    // SAFETY: sixteen times eight bytes are written.
    unsafe {
        each_step(codes, 8, out, |codes, out| {
            for (places, half) in halves(codes).into_iter().zip(0..) {
                _mm512_storeu_si512(out.add(half * REGISTER).cast(), table.select_64(places));
            }
        })
    }
}

/// # Safety
/// As for [`gather`].
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn gather_128<const REGISTERS: usize>(dictionary: &[u8], codes: &[u32], out: *mut u8) -> u32 {
    let table = Table::<REGISTERS>::load(dictionary);
    // The halves of an entry are entries of eight bytes. What stands in the upper half of a place does not matter.
    let half = _mm512_set_epi64(1, 0, 1, 0, 1, 0, 1, 0);
    let quarter = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
    // SAFETY: sixteen times sixteen bytes are written.
    unsafe {
        each_step(codes, 16, out, |codes, out| {
            let twice = _mm512_slli_epi32::<1>(codes);
            for (number, first) in [0, 4, 8, 12].into_iter().enumerate() {
                let which = _mm512_add_epi32(quarter, _mm512_set1_epi32(first));
                let places = _mm512_or_si512(_mm512_permutexvar_epi32(which, twice), half);
                _mm512_storeu_si512(out.add(number * REGISTER).cast(), table.select_64(places));
            }
        })
    }
}

/// # Safety
/// As for [`gather_widened`].
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn widen_64<const REGISTERS: usize>(dictionary: &[u8], width: usize, codes: &[u32], out: *mut u8) -> u32 {
    let table = match width {
        4 => Table::<REGISTERS>::load_widened(dictionary),
        _ => Table::load(dictionary),
    };
    // Each of the first or last four values, and behind it what its sign fills the upper half with.
    let first = _mm512_set_epi64(11, 3, 10, 2, 9, 1, 8, 0);
    let last = _mm512_set_epi64(15, 7, 14, 6, 13, 5, 12, 4);
    // SAFETY: sixteen times sixteen bytes are written.
    unsafe {
        each_step(codes, 16, out, |codes, out| {
            for (places, half) in halves(codes).into_iter().zip(0..) {
                let values = table.select_64(places);
                let signs = _mm512_srai_epi64::<63>(values);
                let out = out.add(half * 2 * REGISTER);
                _mm512_storeu_si512(out.cast(), _mm512_permutex2var_epi64(values, first, signs));
                _mm512_storeu_si512(out.add(REGISTER).cast(), _mm512_permutex2var_epi64(values, last, signs));
            }
        })
    }
}

/// Sixteen codes as twice eight places.
#[inline]
#[target_feature(enable = "avx512f")]
fn halves(codes: __m512i) -> [__m512i; 2] {
    let upper = _mm512_extracti64x4_epi64::<1>(codes);
    [_mm512_cvtepu32_epi64(_mm512_castsi512_si256(codes)), _mm512_cvtepu32_epi64(upper)]
}
