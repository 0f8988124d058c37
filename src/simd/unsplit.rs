//! Streams of first, second, ... bytes back to values.
//!
//! ```text
//! count = streams.len() / width
//! for i in 0..out.len() / width:  for s in 0..width:  out[i * width + s] = streams[s * count + first + i]
//! ```
//!
//! Values of 2, 4, 8 and 16 bytes are sixteen at a time a transposition in registers: bytes of neighbouring streams are
//! interleaved, then pairs of them, then fours, and so those of 16 bytes. Of other widths every eight streams are done so.
//! SSE2 and NEON, which every CPU of their kind has, do that. AVX2 takes thirty-two at a time. AVX-512 puts sixteen bytes of
//! four streams into a register, and all of them to their places by one permutation of bytes: no faster within the cache, a
//! tenth faster from memory.

#[cfg(target_arch = "x86_64")]
use super::cpu;

/// Puts together as many values of `width` bytes, from value `first` on, as `out` holds.
///
/// `streams` is a whole number of values and holds those that are wanted.
pub(crate) fn unsplit(streams: &[u8], width: usize, first: usize, out: &mut [u8]) {
    if out.is_empty() || width == 0 {
        return;
    }
    let count = streams.len() / width;
    let wanted = out.len() / width;
    assert!(first <= count && wanted <= count - first, "{wanted} values from {first} of {count}");
    #[cfg(target_arch = "x86_64")]
    let done = match width {
        // SAFETY: the CPU has AVX-512, and the streams hold what is wanted, as asserted.
        4 if cpu::has_avx512() => unsafe { avx512::unsplit_4(streams, first, out) },
        // SAFETY: as above.
        8 if cpu::has_avx512() => unsafe { avx512::unsplit_8(streams, first, out) },
        // SAFETY: the CPU has AVX2.
        2 if cpu::has_avx2() => unsafe { avx2::unsplit::<2>(streams, first, out) },
        // SAFETY: as above.
        4 if cpu::has_avx2() => unsafe { avx2::unsplit::<4>(streams, first, out) },
        // SAFETY: as above.
        8 if cpu::has_avx2() => unsafe { avx2::unsplit::<8>(streams, first, out) },
        // SAFETY: as above.
        16 if cpu::has_avx2() => unsafe { avx2::unsplit::<16>(streams, first, out) },
        _ => sixteens::unsplit(streams, width, first, out),
    };
    #[cfg(target_arch = "aarch64")]
    let done = sixteens::unsplit(streams, width, first, out);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let done = 0;
    scalar::unsplit(streams, width, first + done, &mut out[done * width..]);
}

mod scalar {
    /// Values of a block: their bytes stay in the first-level cache until all streams were taken.
    const BLOCK: usize = 256;

    pub(super) fn unsplit(streams: &[u8], width: usize, first: usize, out: &mut [u8]) {
        let count = streams.len() / width;
        for (block, values) in out.chunks_mut(BLOCK * width).enumerate() {
            for stream in 0..width {
                let bytes = &streams[stream * count + first + block * BLOCK..];
                for (slot, byte) in values[stream..].iter_mut().step_by(width).zip(bytes) {
                    *slot = *byte;
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    /// For each byte of eight values of eight bytes from value `FIRST` on: where it stands in sixteen bytes of each of
    /// eight streams.
    const fn places_8<const FIRST: usize>() -> [u8; 64] {
        let mut places = [0; 64];
        let mut at = 0;
        while at < 64 {
            places[at] = (at % 8 * 16 + FIRST + at / 8) as u8;
            at += 1;
        }
        places
    }

    /// The same for sixteen values of four bytes and four streams.
    static PLACES_4: [u8; 64] = {
        let mut places = [0; 64];
        let mut at = 0;
        while at < 64 {
            places[at] = (at % 4 * 16 + at / 4) as u8;
            at += 1;
        }
        places
    };
    static PLACES_8: [[u8; 64]; 2] = [places_8::<0>(), places_8::<8>()];

    /// So far ahead of what is loaded the streams are fetched: they are many, and each one is read slowly.
    const PREFETCHED: usize = 2048;

    /// Sixteen bytes of each of four streams, which are `count` bytes apart.
    ///
    /// # Safety
    /// The CPU has AVX-512, and they can be read.
    #[inline]
    #[target_feature(enable = "avx512f")]
    unsafe fn four_streams(from: *const u8, count: usize) -> __m512i {
        // SAFETY: as the caller says.
        unsafe {
            let [a, b, c, d] = [0, 1, 2, 3].map(|stream| {
                let bytes = from.add(stream * count);
                _mm_prefetch::<_MM_HINT_T0>(bytes.wrapping_add(PREFETCHED).cast());
                _mm_loadu_si128(bytes.cast())
            });
            let low = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(a), b);
            let high = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(c), d);
            _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
        }
    }

    /// Puts whole sixteens of values of four bytes together; returns how many values that were.
    ///
    /// # Safety
    /// The CPU has AVX-512 with VBMI, and each of the four streams holds as many values from `first` on as `out`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) unsafe fn unsplit_4(streams: &[u8], first: usize, out: &mut [u8]) -> usize {
        let count = streams.len() / 4;
        let sixteens = out.chunks_exact_mut(64);
        let done = sixteens.len() * 16;
        // SAFETY: the table is as long as a register; the values lie in the streams, and 64 bytes in the chunk.
        unsafe {
            let places = _mm512_loadu_si512(PLACES_4.as_ptr().cast());
            for (index, values) in sixteens.enumerate() {
                let bytes = four_streams(streams.as_ptr().add(first + index * 16), count);
                _mm512_storeu_si512(values.as_mut_ptr().cast(), _mm512_permutexvar_epi8(places, bytes));
            }
        }
        done
    }

    /// The same for values of eight bytes.
    ///
    /// # Safety
    /// As for `unsplit_4`, with eight streams.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi")]
    pub(super) unsafe fn unsplit_8(streams: &[u8], first: usize, out: &mut [u8]) -> usize {
        let count = streams.len() / 8;
        let sixteens = out.chunks_exact_mut(128);
        let done = sixteens.len() * 16;
        // SAFETY: as above; the chunk has two times 64 bytes.
        unsafe {
            let places = [0, 1].map(|half| _mm512_loadu_si512(PLACES_8[half].as_ptr().cast()));
            for (index, values) in sixteens.enumerate() {
                let from = streams.as_ptr().add(first + index * 16);
                let (low, high) = (four_streams(from, count), four_streams(from.add(4 * count), count));
                let to = values.as_mut_ptr();
                _mm512_storeu_si512(to.cast(), _mm512_permutex2var_epi8(low, places[0], high));
                _mm512_storeu_si512(to.add(64).cast(), _mm512_permutex2var_epi8(low, places[1], high));
            }
        }
        done
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use std::arch::x86_64::*;

    /// So far ahead of what is loaded the streams are fetched: they are many, and each one is read slowly.
    const PREFETCHED: usize = 2048;

    /// Puts whole thirty-twos of values of `N` bytes, 2, 4, 8 or 16, together; returns how many values that were.
    ///
    /// # Safety
    /// The CPU has AVX2.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn unsplit<const N: usize>(streams: &[u8], first: usize, out: &mut [u8]) -> usize {
        const { assert!(matches!(N, 2 | 4 | 8 | 16)) };
        let count = streams.len() / N;
        let chunks = out.chunks_exact_mut(32 * N);
        let done = chunks.len() * 32;
        assert!(first + done <= count);
        for (index, values) in chunks.enumerate() {
            // SAFETY: stream `stream` has `count` bytes from `stream * count` on, 32 of them from the index on, as asserted.
            let rows: [__m256i; N] = std::array::from_fn(|stream| unsafe {
                let bytes = streams.as_ptr().add(stream * count + first + index * 32);
                if N > 2 {
                    _mm_prefetch::<_MM_HINT_T0>(bytes.wrapping_add(PREFETCHED).cast());
                }
                _mm256_loadu_si256(bytes.cast())
            });
            // Each half of a register has been transposed by itself.
            let (low, high) = values.split_at_mut(16 * N);
            for ((row, low), high) in
                transposed(rows).into_iter().zip(low.chunks_exact_mut(16)).zip(high.chunks_exact_mut(16))
            {
                // SAFETY: the chunks are 16 bytes long.
                unsafe { _mm256_storeu2_m128i(high.as_mut_ptr().cast(), low.as_mut_ptr().cast(), row) };
            }
        }
        done
    }

    /// As of sixteen bytes, in each half of the registers.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn transposed<const N: usize>(mut rows: [__m256i; N]) -> [__m256i; N] {
        let mut step = 1;
        while step < N {
            let mut next = rows;
            for half in 0..N / 2 {
                next[2 * half] = _mm256_unpacklo_epi8(rows[half], rows[half + N / 2]);
                next[2 * half + 1] = _mm256_unpackhi_epi8(rows[half], rows[half + N / 2]);
            }
            rows = next;
            step *= 2;
        }
        rows
    }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod sixteens {
    use register::{Register, high_interleaved, load, low_interleaved, store};

    /// Sixteen bytes; every CPU has what this takes.
    #[cfg(target_arch = "x86_64")]
    mod register {
        use std::arch::x86_64::*;

        pub(super) type Register = __m128i;

        pub(super) fn load(bytes: &[u8; 16]) -> Register {
            // SAFETY: there are sixteen bytes.
            unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
        }

        pub(super) fn store(register: Register, bytes: &mut [u8; 16]) {
            // SAFETY: there are sixteen bytes.
            unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), register) };
        }

        pub(super) fn low_interleaved(a: Register, b: Register) -> Register {
            // SAFETY: every x86-64 CPU has SSE2.
            unsafe { _mm_unpacklo_epi8(a, b) }
        }

        pub(super) fn high_interleaved(a: Register, b: Register) -> Register {
            // SAFETY: as above.
            unsafe { _mm_unpackhi_epi8(a, b) }
        }
    }

    #[cfg(target_arch = "aarch64")]
    mod register {
        use std::arch::aarch64::*;

        pub(super) type Register = uint8x16_t;

        pub(super) fn load(bytes: &[u8; 16]) -> Register {
            // SAFETY: there are sixteen bytes.
            unsafe { vld1q_u8(bytes.as_ptr()) }
        }

        pub(super) fn store(register: Register, bytes: &mut [u8; 16]) {
            // SAFETY: there are sixteen bytes.
            unsafe { vst1q_u8(bytes.as_mut_ptr(), register) };
        }

        pub(super) fn low_interleaved(a: Register, b: Register) -> Register {
            // SAFETY: every aarch64 CPU has NEON.
            unsafe { vzip1q_u8(a, b) }
        }

        pub(super) fn high_interleaved(a: Register, b: Register) -> Register {
            // SAFETY: as above.
            unsafe { vzip2q_u8(a, b) }
        }
    }

    /// Puts whole sixteens of values together; returns how many values that were.
    pub(super) fn unsplit(streams: &[u8], width: usize, first: usize, out: &mut [u8]) -> usize {
        match width {
            2 => unsplit_by::<2>(streams, first, out),
            4 => unsplit_by::<4>(streams, first, out),
            8 => unsplit_by::<8>(streams, first, out),
            16 => unsplit_by::<16>(streams, first, out),
            _ => unsplit_wide(streams, width, first, out),
        }
    }

    /// Values of `N` bytes, 2, 4, 8 or 16.
    fn unsplit_by<const N: usize>(streams: &[u8], first: usize, out: &mut [u8]) -> usize {
        const { assert!(matches!(N, 2 | 4 | 8 | 16)) };
        let count = streams.len() / N;
        let sixteens = out.chunks_exact_mut(16 * N);
        let done = sixteens.len() * 16;
        let stream = |stream: usize| &streams[stream * count + first..][..done];
        let streams: [&[[u8; 16]]; N] = std::array::from_fn(|index| stream(index).as_chunks().0);
        for (index, values) in sixteens.enumerate() {
            let rows: [Register; N] = std::array::from_fn(|stream| load(&streams[stream][index]));
            for (row, values) in transposed(rows).into_iter().zip(values.as_chunks_mut().0) {
                store(row, values);
            }
        }
        done
    }

    /// Values of any width: eight streams at a time, the others byte by byte.
    fn unsplit_wide(streams: &[u8], width: usize, first: usize, out: &mut [u8]) -> usize {
        let count = streams.len() / width;
        let sixteens = out.chunks_exact_mut(16 * width);
        let done = sixteens.len() * 16;
        for (index, values) in sixteens.enumerate() {
            let stream = |stream: usize| &streams[stream * count + first..][..done].as_chunks::<16>().0[index];
            for group in (0..width / 8).map(|group| group * 8) {
                let rows: [Register; 8] = std::array::from_fn(|row| load(stream(group + row)));
                for (pair, row) in values.chunks_exact_mut(2 * width).zip(transposed(rows)) {
                    let mut bytes = [0u8; 16];
                    store(row, &mut bytes);
                    pair[group..group + 8].copy_from_slice(&bytes[..8]);
                    pair[width + group..width + group + 8].copy_from_slice(&bytes[8..]);
                }
            }
            for rest in width / 8 * 8..width {
                for (slot, byte) in values[rest..].iter_mut().step_by(width).zip(stream(rest)) {
                    *slot = *byte;
                }
            }
        }
        done
    }

    /// `N` streams of 16 bytes to 16 values of `N` bytes, end to end.
    #[inline(always)]
    fn transposed<const N: usize>(mut rows: [Register; N]) -> [Register; N] {
        // Interleaving row i with row i + N / 2, byte by byte, log2(N) times, is a transposition.
        let mut step = 1;
        while step < N {
            let mut next = rows;
            for half in 0..N / 2 {
                next[2 * half] = low_interleaved(rows[half], rows[half + N / 2]);
                next[2 * half + 1] = high_interleaved(rows[half], rows[half + N / 2]);
            }
            rows = next;
            step *= 2;
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Backends that work in steps: `unsplit` of `step` values.
    fn check_steps(width: usize, step: usize, expected: &[u8], unsplit: impl Fn(&mut [u8]) -> usize) {
        let mut out = vec![0; expected.len()];
        let done = unsplit(&mut out);
        assert_eq!(done, expected.len() / width / step * step);
        assert_eq!(out[..done * width], expected[..done * width], "steps of {step}, width {width}");
    }

    /// The backends of this CPU.
    fn check_registers(streams: &[u8], width: usize, first: usize, expected: &[u8]) {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
        check_steps(width, 16, expected, |out| sixteens::unsplit(streams, width, first, out));
        #[cfg(target_arch = "x86_64")]
        if matches!(width, 4 | 8) && cpu::has_avx512() {
            // SAFETY: the CPU has AVX-512, and the streams hold what is wanted.
            check_steps(width, 16, expected, |out| unsafe {
                match width {
                    4 => avx512::unsplit_4(streams, first, out),
                    _ => avx512::unsplit_8(streams, first, out),
                }
            });
        }
        #[cfg(target_arch = "x86_64")]
        if matches!(width, 2 | 4 | 8 | 16) && cpu::has_avx2() {
            // SAFETY: the CPU has AVX2.
            check_steps(width, 32, expected, |out| unsafe {
                match width {
                    2 => avx2::unsplit::<2>(streams, first, out),
                    4 => avx2::unsplit::<4>(streams, first, out),
                    8 => avx2::unsplit::<8>(streams, first, out),
                    _ => avx2::unsplit::<16>(streams, first, out),
                }
            });
        }
    }

    #[test]
    fn every_backend_puts_bytes_where_they_belong() {
        for width in [1, 2, 3, 4, 5, 8, 12, 16, 40] {
            for count in [1usize, 15, 16, 31, 33, 300, 700] {
                let streams: Vec<u8> = (0..width * count).map(|i| (i * 31 + i / 253) as u8).collect();
                for first in [0, 1.min(count - 1), count / 2, count - 1] {
                    for wanted in [0, 1, count - first] {
                        let byte = |at: usize| streams[at % width * count + first + at / width];
                        let expected: Vec<u8> = (0..wanted * width).map(byte).collect();
                        let mut out = vec![0; wanted * width];
                        unsplit(&streams, width, first, &mut out);
                        assert_eq!(out, expected, "width {width}, {wanted} of {count} from {first}");
                        out.fill(0);
                        scalar::unsplit(&streams, width, first, &mut out);
                        assert_eq!(out, expected, "scalar, width {width}, {wanted} of {count} from {first}");
                        check_registers(&streams, width, first, &expected);
                    }
                }
            }
        }
    }
}
