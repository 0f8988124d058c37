//! Views of byte strings, as Arrow's Utf8View has them.
//!
//! A view is sixteen bytes: the length, then the string itself where it is at most twelve bytes long; else its first four
//! bytes, the number of a buffer and the string's place in it. What a view has of both is chosen by masks: a branch on the
//! length would be guessed wrong half the time where lengths lie around twelve.

mod plain;

pub(crate) use plain::plain_views;

/// Strings up to this length lie in the view itself.
pub(crate) const INLINE_BYTES: usize = 12;

/// For strings of each length up to twelve, and for all longer ones: what a view has of length and string.
const KEPT: [u128; INLINE_BYTES + 2] = {
    let mut kept = [u64::MAX as u128; INLINE_BYTES + 2];
    let mut length = 0;
    while length <= INLINE_BYTES {
        kept[length] = u128::MAX >> ((INLINE_BYTES - length) * 8);
        length += 1;
    }
    kept
};

/// The view of a string of `length` bytes. `front` is the length and, behind it, twelve bytes that begin with the string;
/// `pointer` the number of its buffer and, in the upper half, its place there.
#[inline(always)]
fn view(front: u128, length: u32, pointer: u64) -> u128 {
    let is_long = 0u64.wrapping_sub(u64::from(length as usize > INLINE_BYTES));
    front & KEPT[(length as usize).min(INLINE_BYTES + 1)] | u128::from(pointer & is_long) << 64
}

/// The place `at` in buffer `number`.
#[inline(always)]
fn pointer(at: usize, number: u32) -> u64 {
    (at as u64) << 32 | u64::from(number)
}

/// The view of the string of `length` bytes that begins at `at` of `source`, which is buffer `number`.
#[inline(always)]
pub(crate) fn view_at(source: &[u8], at: usize, length: u32, number: u32) -> u128 {
    view(front_at(source, at) | u128::from(length), length, pointer(at, number))
}

/// The twelve bytes at `at`, those behind the end 0, where a view has them; 0 where it has the length.
#[inline(always)]
fn front_at(source: &[u8], at: usize) -> u128 {
    let tail = source.get(at..).unwrap_or_default();
    match tail.first_chunk::<INLINE_BYTES>() {
        Some(front) => front_of(*front),
        None => {
            let mut padded = [0; 16];
            padded[4..][..tail.len()].copy_from_slice(tail);
            u128::from_le_bytes(padded)
        }
    }
}

/// Twelve bytes where a view has them.
#[inline(always)]
fn front_of([a, b, c, d, rest @ ..]: [u8; INLINE_BYTES]) -> u128 {
    u128::from(u64::from_le_bytes(rest)) << 64 | u128::from(u32::from_le_bytes([a, b, c, d])) << 32
}

/// Makes views of strings of such `lengths`, little-endian, that lie end to end in `source`, buffer `number`, from `start`
/// on; `total` bytes of all of them, at least. True where some string does not lie in its view.
pub(crate) fn views(
    lengths: &[[u8; 4]],
    total: usize,
    source: &[u8],
    start: usize,
    number: u32,
    out: &mut [u128],
) -> bool {
    assert!(lengths.len() == out.len());
    let sum = lengths.iter().fold(0, |sum, length| sum + u64::from(u32::from_le_bytes(*length)));
    let are_there = source.len() >= start.saturating_add(total).saturating_add(INLINE_BYTES);
    if are_there && sum <= total as u64 {
        // SAFETY: twelve bytes are there behind all strings.
        return views_by(lengths, start, number, out, |at| unsafe {
            front_of(source.as_ptr().add(at).cast::<[u8; INLINE_BYTES]>().read())
        });
    }
    views_by(lengths, start, number, out, |at| front_at(source, at))
}

/// `front` is where a view has twelve bytes that begin with the string at its argument.
#[inline(always)]
fn views_by(lengths: &[[u8; 4]], start: usize, number: u32, out: &mut [u128], front: impl Fn(usize) -> u128) -> bool {
    let (mut at, mut is_pointed_to) = (start, false);
    for (length, slot) in lengths.iter().zip(out) {
        let length = u32::from_le_bytes(*length);
        *slot = view(front(at) | u128::from(length), length, pointer(at, number));
        is_pointed_to |= length as usize > INLINE_BYTES;
        at += length as usize;
    }
    is_pointed_to
}

#[cfg(test)]
pub(in crate::simd::views) mod tests {
    use super::*;

    /// As the Arrow specification has it, with a branch.
    pub(super) fn expected(string: &[u8], at: usize, number: u32) -> u128 {
        let mut view = [0; 16];
        view[..4].copy_from_slice(&(string.len() as u32).to_le_bytes());
        if string.len() <= 12 {
            view[4..][..string.len()].copy_from_slice(string);
        } else {
            view[4..8].copy_from_slice(&string[..4]);
            view[8..12].copy_from_slice(&number.to_le_bytes());
            view[12..].copy_from_slice(&(at as u32).to_le_bytes());
        }
        u128::from_le_bytes(view)
    }

    pub(super) fn strings(longest: usize) -> Vec<Vec<u8>> {
        let noise = |i: usize| (i as u32).wrapping_mul(2654435761) as usize >> 7;
        (0..300).map(|i| (0..noise(i) % (longest + 1)).map(|place| noise(i + place) as u8).collect()).collect()
    }

    #[test]
    fn strings_end_to_end_become_views() {
        for longest in [0, 5, 12, 13, 300] {
            let (mut source, mut wanted, mut lengths) = (vec![9; 3], Vec::new(), Vec::new());
            for string in strings(longest) {
                lengths.push((string.len() as u32).to_le_bytes());
                wanted.push(expected(&string, source.len(), 2));
                source.extend(string);
            }
            let padded = [&source[..], &[5; INLINE_BYTES]].concat();
            for (source, total) in [(&source, source.len() - 3), (&padded, source.len() - 3), (&padded, 0)] {
                let mut out = vec![0; 300];
                assert_eq!(views(&lengths, total, source, 3, 2, &mut out), longest > 12);
                assert_eq!(out, wanted, "up to {longest} bytes");
            }
        }
        assert!(!views(&[], 0, &[], 0, 0, &mut []));
    }
}
