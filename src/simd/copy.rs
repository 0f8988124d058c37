//! Copies of short byte strings.

/// Copies the first `length` bytes of `source` to the front of `target`, both at least so long.
///
/// Up to 32 bytes are moved by whole registers where both sides have room, so bytes of `target` behind `length` may be
/// overwritten.
#[inline(always)]
pub(crate) fn copy_prefix(source: &[u8], length: usize, target: &mut [u8]) {
    if length <= 16
        && let (Some(from), Some(to)) = (source.first_chunk::<16>(), target.first_chunk_mut::<16>())
    {
        *to = *from;
    } else if length <= 32
        && let (Some(from), Some(to)) = (source.first_chunk::<32>(), target.first_chunk_mut::<32>())
    {
        *to = *from;
    } else {
        target[..length].copy_from_slice(&source[..length]);
    }
}

/// Copies `length` bytes of `bytes` from `from` to `to`, both of which `bytes` holds; `from + length` is at most `to`.
///
/// Up to 32 bytes are moved by whole registers where there is room, so bytes behind `to + length` may be overwritten.
#[inline(always)]
pub(crate) fn copy_within(bytes: &mut [u8], from: usize, length: usize, to: usize) {
    if length <= 16
        && let Some(chunk) = bytes[from..].first_chunk::<16>().copied()
        && let Some(target) = bytes[to..].first_chunk_mut::<16>()
    {
        *target = chunk;
    } else if length <= 32
        && let Some(chunk) = bytes[from..].first_chunk::<32>().copied()
        && let Some(target) = bytes[to..].first_chunk_mut::<32>()
    {
        *target = chunk;
    } else {
        bytes.copy_within(from..from + length, to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_copied_with_and_without_room_behind_it() {
        let source: Vec<u8> = (1..=100).collect();
        for length in 0..70 {
            for room in [length, length + 1, length + 40] {
                let mut target = vec![0; room];
                copy_prefix(&source[..room.min(100)], length, &mut target);
                assert_eq!(target[..length], source[..length]);
            }
        }
    }

    #[test]
    fn every_length_is_copied_inside_a_buffer() {
        for length in 0..70usize {
            for (gap, room) in [(0, 0), (0, 1), (5, 0), (3, 40)] {
                let mut bytes: Vec<u8> = (0..(3 + 2 * length + gap + room) as u8).collect();
                copy_within(&mut bytes, 3, length, 3 + length + gap);
                let source: Vec<u8> = (3..3 + length as u8).collect();
                assert_eq!((&bytes[3..][..length], &bytes[3 + length + gap..][..length]), (&source[..], &source[..]));
            }
        }
    }
}
