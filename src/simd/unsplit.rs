//! Streams of first, second, ... bytes back to values.
//!
//! ```text
//! count = streams.len() / width
//! for i in 0..out.len() / width:  for s in 0..width:  out[i * width + s] = streams[s * count + first + i]
//! ```
//!
//! Values of 2, 4 and 8 bytes are sixteen at a time a transposition in registers: bytes of neighbouring streams are
//! interleaved, then pairs of them, then fours. Of other widths every eight streams are done so. SSE2, which every x86-64
//! CPU has, does that. AVX-512 puts sixteen bytes of four streams into a register, and all of them to their places by one
//! permutation of bytes.

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
        2 => sse2::unsplit::<2>(streams, first, out),
        4 => sse2::unsplit::<4>(streams, first, out),
        8 => sse2::unsplit::<8>(streams, first, out),
        _ => sse2::unsplit_wide(streams, width, first, out),
    };
    #[cfg(not(target_arch = "x86_64"))]
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
mod sse2 {
    use std::arch::x86_64::*;

    /// Puts whole sixteens of values of `N` bytes, 2, 4 or 8, together; returns how many values that were.
    pub(super) fn unsplit<const N: usize>(streams: &[u8], first: usize, out: &mut [u8]) -> usize {
        const { assert!(N == 2 || N == 4 || N == 8) };
        let count = streams.len() / N;
        let sixteens = out.chunks_exact_mut(16 * N);
        let done = sixteens.len() * 16;
        assert!(first + done <= count);
        for (index, values) in sixteens.enumerate() {
            // SAFETY: stream `stream` has `count` bytes from `stream * count` on, 16 of them from the index on, as asserted.
            let rows: [__m128i; N] = std::array::from_fn(|stream| unsafe {
                _mm_loadu_si128(streams.as_ptr().add(stream * count + first + index * 16).cast())
            });
            for (row, values) in transposed(rows).into_iter().zip(values.chunks_exact_mut(16)) {
                // SAFETY: the chunk is 16 bytes long.
                unsafe { _mm_storeu_si128(values.as_mut_ptr().cast(), row) };
            }
        }
        done
    }

    /// The same for values of any width but those.
    pub(super) fn unsplit_wide(streams: &[u8], width: usize, first: usize, out: &mut [u8]) -> usize {
        let count = streams.len() / width;
        let sixteens = out.chunks_exact_mut(16 * width);
        let done = sixteens.len() * 16;
        for (index, values) in sixteens.enumerate() {
            let stream = |stream: usize| &streams[stream * count + first + index * 16..][..16];
            for group in (0..width / 8).map(|group| group * 8) {
                let rows: [__m128i; 8] = std::array::from_fn(|row| {
                    // SAFETY: the slice is 16 bytes long.
                    unsafe { _mm_loadu_si128(stream(group + row).as_ptr().cast()) }
                });
                for (pair, row) in values.chunks_exact_mut(2 * width).zip(transposed(rows)) {
                    let mut bytes = [0u8; 16];
                    // SAFETY: `bytes` is 16 bytes long.
                    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), row) };
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
    fn transposed<const N: usize>(mut rows: [__m128i; N]) -> [__m128i; N] {
        // Interleaving row i with row i + N / 2, byte by byte, log2(N) times, is a transposition.
        let mut step = 1;
        while step < N {
            let mut next = rows;
            for half in 0..N / 2 {
                // SAFETY: every x86-64 CPU has SSE2.
                unsafe {
                    next[2 * half] = _mm_unpacklo_epi8(rows[half], rows[half + N / 2]);
                    next[2 * half + 1] = _mm_unpackhi_epi8(rows[half], rows[half + N / 2]);
                }
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

    /// CPUs that have AVX-512 run this backend for other widths only.
    fn check_sse2(streams: &[u8], width: usize, first: usize, expected: &[u8]) {
        #[cfg(target_arch = "x86_64")]
        {
            let mut out = vec![0; expected.len()];
            let done = match width {
                4 => sse2::unsplit::<4>(streams, first, &mut out),
                8 => sse2::unsplit::<8>(streams, first, &mut out),
                _ => return,
            };
            assert_eq!(done, expected.len() / width / 16 * 16);
            assert_eq!(out[..done * width], expected[..done * width], "SSE2, width {width}");
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
                        check_sse2(&streams, width, first, &expected);
                    }
                }
            }
        }
    }
}
