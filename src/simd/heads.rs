//! Strings compared by their first sixteen bytes.
//!
//! ```text
//! head(string): its first 16 bytes as a big-endian number, with zeros for those that it does not have
//! ```
//!
//! Of two strings whose heads differ the one with the lower head is the lower one; where heads are the same it is the rest
//! that tells. AVX2 compares four heads at a time.

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
        && cpu::has_avx2()
    {
        // SAFETY: an offset has four bytes, any of which are a number.
        let offsets = unsafe { &*std::ptr::from_ref(offsets).cast::<[u32; 65]>() };
        // SAFETY: the CPU has AVX2; there are sixteen bytes.
        if let Some(found) = unsafe { avx2::compare(data, offsets, other) } {
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
mod avx2 {
    use std::arch::x86_64::*;

    /// From byte `n` on: sixteen bytes of which the last `n` are set.
    static LAST_BYTES: [u8; 32] = {
        let mut bytes = [0; 32];
        let mut at = 16;
        while at < 32 {
            bytes[at] = 0xff;
            at += 1;
        }
        bytes
    };

    /// `None` where sixteen bytes cannot be read from the beginning of every string on.
    ///
    /// # Safety
    /// The CPU has AVX2; `data` has sixteen bytes.
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn compare(data: &[u8], offsets: &[u32; 65], other: u128) -> Option<(u64, u64)> {
        let last = data.len() - 16;
        if offsets[..64].iter().fold(0, |largest, offset| largest.max(*offset)) as usize > last {
            return None;
        }
        let reversed = _mm256_broadcastsi128_si256(_mm_set_epi64x(0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f));
        // Comparisons have a sign: without its bit the lowest number is the lowest.
        let sign = _mm256_set1_epi64x(i64::MIN);
        let half = |bits: u128| _mm256_xor_si256(_mm256_set1_epi64x((bits as u64).cast_signed()), sign);
        let (other_high, other_low) = (half(other >> 64), half(other));
        let head = |row: usize| {
            let (start, end) = (offsets[row], offsets[row + 1]);
            // Reversed, a head has its bytes at the end.
            let own = end.wrapping_sub(start).min(16) as usize;
            // SAFETY: sixteen bytes lie behind every start; as many behind the first seventeen of the table.
            unsafe {
                let bytes = _mm_loadu_si128(data.as_ptr().add(start as usize).cast());
                (bytes, _mm_loadu_si128(LAST_BYTES.as_ptr().add(own).cast()))
            }
        };
        let pair = |low: usize, high: usize| {
            let ((low, low_own), (high, high_own)) = (head(low), head(high));
            let heads = _mm256_shuffle_epi8(_mm256_set_m128i(high, low), reversed);
            _mm256_xor_si256(_mm256_and_si256(heads, _mm256_set_m128i(high_own, low_own)), sign)
        };
        let (mut lower, mut same) = (0, 0);
        for four in (0..64).step_by(4) {
            // Halves of four heads next to each other, in the order of the rows.
            let (even, odd) = (pair(four, four + 2), pair(four + 1, four + 3));
            let (low, high) = (_mm256_unpacklo_epi64(even, odd), _mm256_unpackhi_epi64(even, odd));
            let is_high_same = _mm256_cmpeq_epi64(high, other_high);
            let is_low_lower = _mm256_and_si256(is_high_same, _mm256_cmpgt_epi64(other_low, low));
            let is_lower = _mm256_or_si256(_mm256_cmpgt_epi64(other_high, high), is_low_lower);
            let is_same = _mm256_and_si256(is_high_same, _mm256_cmpeq_epi64(low, other_low));
            let bits = |lanes: __m256i| u64::from(_mm256_movemask_pd(_mm256_castsi256_pd(lanes)).cast_unsigned());
            lower |= bits(is_lower) << four;
            same |= bits(is_same) << four;
        }
        Some((lower, same))
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
