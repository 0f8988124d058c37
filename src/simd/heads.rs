//! Strings compared by their first sixteen bytes.
//!
//! ```text
//! head(string): its first 16 bytes as a big-endian number, with zeros for those that it does not have
//! ```
//!
//! Of two strings whose heads differ the one with the lower head is the lower one; where heads are the same it is the rest
//! that tells. AVX-512 compares four heads at a time.

use super::End;
#[cfg(target_arch = "x86_64")]
use super::cpu;

/// The head of the string of `length` bytes from `start` of `data` on.
#[inline(always)]
pub(crate) fn head(data: &[u8], start: usize, length: usize) -> u128 {
    let bytes = match data.get(start..).and_then(|tail| tail.first_chunk::<16>()) {
        Some(bytes) => u128::from_be_bytes(*bytes),
        None => last_head(data, start),
    };
    match length {
        0 => 0,
        1..16 => bytes & u128::MAX << (128 - length * 8),
        _ => bytes,
    }
}

/// The bytes from `start` on where they are no sixteen.
#[cold]
#[inline(never)]
fn last_head(data: &[u8], start: usize) -> u128 {
    let tail = data.get(start..).unwrap_or_default().iter();
    tail.chain(std::iter::repeat(&0)).take(16).fold(0, |head, byte| head << 8 | u128::from(*byte))
}

/// Of up to 64 strings, as bits, which have a head lower than `other`, and which the same. `offsets` has one more than there
/// are strings, and they lie in `data`.
#[inline]
pub(crate) fn compare_heads<T: End>(data: &[u8], offsets: &[T], other: u128) -> (u64, u64) {
    #[cfg(target_arch = "x86_64")]
    if size_of::<T>() == 4
        && let Some(offsets) = offsets.first_chunk::<65>()
        && data.len() >= 16
        && cpu::has_avx512()
    {
        // SAFETY: the CPU has it, and offsets have four bytes.
        if let Some(found) = unsafe { avx512::compare(data, offsets, other) } {
            return found;
        }
    }
    scalar(data, offsets, other)
}

fn scalar<T: End>(data: &[u8], offsets: &[T], other: u128) -> (u64, u64) {
    let (mut lower, mut same) = (0, 0);
    for (row, range) in offsets.windows(2).take(64).enumerate() {
        let (start, end) = (range[0].to_place(), range[1].to_place());
        let own = head(data, start, end.saturating_sub(start));
        lower |= u64::from(own < other) << row;
        same |= u64::from(own == other) << row;
    }
    (lower, same)
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    /// Where each byte of a head comes from, the last one first. A string has that byte if it is longer than that.
    const REVERSED: [u8; 16] = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0];
    /// The first four of sixteen numbers, each in one lane of 128 bits; of the others as many more.
    const TO_LANES: [i32; 16] = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3];
    /// Of two bits for each lane, one for each half, the first.
    const LANES: u64 = 0x5555_5555_5555_5555;

    /// `None` where sixteen bytes cannot be read from the beginning of every string on.
    ///
    /// # Safety
    /// The CPU has AVX-512 with BW and BMI2; offsets have four bytes; `data` has sixteen.
    #[target_feature(enable = "avx512f,avx512bw,bmi2")]
    pub(super) unsafe fn compare<T>(data: &[u8], offsets: &[T; 65], other: u128) -> Option<(u64, u64)> {
        // SAFETY: an offset has four bytes, any of which are a number.
        let offsets = unsafe { &*std::ptr::from_ref(offsets).cast::<[u32; 65]>() };
        let last = data.len() - 16;
        if offsets[..64].iter().fold(0, |largest, offset| largest.max(*offset)) as usize > last {
            return None;
        }
        // SAFETY: sixteen bytes each.
        let (reversed, to_lanes) = unsafe {
            let reversed = _mm_loadu_si128(REVERSED.as_ptr().cast());
            (_mm512_broadcast_i32x4(reversed), _mm512_loadu_si512(TO_LANES.as_ptr().cast()))
        };
        // SAFETY: a number of sixteen bytes.
        let other = _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(std::ptr::from_ref(&other).cast()) });
        let (mut lower, mut same) = ([0u64; 2], [0u64; 2]);
        for sixteen in 0..4 {
            let at = sixteen * 16;
            // SAFETY: 16 offsets from `at` on and from the next on are there.
            let (starts, ends) = unsafe {
                let from = offsets.as_ptr().add(at);
                (_mm512_loadu_si512(from.cast()), _mm512_loadu_si512(from.add(1).cast()))
            };
            let lengths = _mm512_min_epu32(_mm512_sub_epi32(ends, starts), _mm512_set1_epi32(16));
            for four in 0..4 {
                let string = |row: usize| {
                    // SAFETY: sixteen bytes lie behind every start, as was seen.
                    unsafe { _mm_loadu_si128(data.as_ptr().add(offsets[at + four * 4 + row] as usize).cast()) }
                };
                let mut bytes = _mm512_castsi128_si512(string(0));
                bytes = _mm512_inserti32x4::<1>(bytes, string(1));
                bytes = _mm512_inserti32x4::<2>(bytes, string(2));
                bytes = _mm512_inserti32x4::<3>(bytes, string(3));
                let lane = _mm512_add_epi32(to_lanes, _mm512_set1_epi32(i32::from(four as u8) * 4));
                // The length of a string in every byte of its lane: its first byte, over and over.
                let length = _mm512_shuffle_epi8(_mm512_permutexvar_epi32(lane, lengths), _mm512_setzero_si512());
                let is_own = _mm512_cmplt_epu8_mask(reversed, length);
                let heads = _mm512_maskz_shuffle_epi8(is_own, bytes, reversed);
                let below = u64::from(_mm512_cmplt_epu64_mask(heads, other));
                let equal = u64::from(_mm512_cmpeq_epi64_mask(heads, other));
                // The upper half decides, and where that is the same the lower.
                let shift = (sixteen % 2 * 4 + four) * 8;
                lower[sixteen / 2] |= (below >> 1 | equal >> 1 & below) << shift;
                same[sixteen / 2] |= (equal >> 1 & equal) << shift;
            }
        }
        let bits = |halves: [u64; 2]| _pext_u64(halves[0], LANES) | _pext_u64(halves[1], LANES) << 32;
        Some((bits(lower), bits(same)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_agree_on_heads_of_any_length() {
        let mut data = Vec::new();
        let mut offsets = vec![0i32];
        for row in 0..300usize {
            let length = [0, 1, 7, 8, 15, 16, 17, 30][row * 7 % 8];
            let stem = if row % 3 == 0 { "same beginning of all" } else { "same beginning  of some that go on" };
            data.extend(stem.bytes().take(length));
            if length > 7 && row % 5 == 0 {
                let last = data.len() - 1 - row % 7;
                data[last] = (row * 37) as u8;
            }
            offsets.push(data.len() as i32);
        }
        let long: Vec<i64> = offsets.iter().map(|offset| i64::from(*offset)).collect();
        for literal in ["", "s", "same", "same beg", "same beginning", "same beginning o", "same beginning of all", "t"]
        {
            let other = head(literal.as_bytes(), 0, literal.len());
            for start in 0..236 {
                let rows = &offsets[start..start + 65];
                let expected = scalar(&data, rows, other);
                assert_eq!(compare_heads(&data, rows, other), expected, "{literal:?} from {start}");
                assert_eq!(compare_heads(&data, &long[start..start + 65], other), expected);
                for (row, range) in rows.windows(2).enumerate() {
                    let string = &data[range[0] as usize..range[1] as usize];
                    let padded = |bytes: &[u8]| std::array::from_fn::<u8, 16, _>(|i| *bytes.get(i).unwrap_or(&0));
                    let order = padded(string).cmp(&padded(literal.as_bytes()));
                    let bit = |word: u64| word >> row & 1 == 1;
                    assert_eq!((bit(expected.0), bit(expected.1)), (order.is_lt(), order.is_eq()));
                }
            }
            assert_eq!(compare_heads(&data, &offsets[290..], other), scalar(&data, &offsets[290..], other));
        }
    }
}
