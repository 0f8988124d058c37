//! Which of some strings have bytes that are no ASCII.
//!
//! A loop over the bytes of each is guessed wrong at its end. Strings of up to 128 bytes take two loads here, whatever their
//! length.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use super::views::INLINE_BYTES;

/// Of up to 64 `views` of strings, those in `source` that do not lie in their view, the `selected` ones that have bytes of
/// which none is ASCII, or may have: what is long, or does not lie in `source`, is not looked at.
pub(crate) fn not_ascii(views: &[u128], selected: u64, source: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx512() {
        // SAFETY: the CPU has AVX-512.
        return unsafe { avx512::not_ascii(views, selected, source) };
    }
    not_ascii_by(views, selected, |start, length| {
        source.get(start..).and_then(|tail| tail.get(..length)).is_none_or(|string| !string.is_ascii())
    })
}

/// `has_others` says it of the string of so many bytes that begins at so many in the source.
#[inline(always)]
fn not_ascii_by(views: &[u128], selected: u64, has_others: impl Fn(usize, usize) -> bool) -> u64 {
    /// The highest bit of each byte behind the length.
    const OTHERS: u128 = u128::from_le_bytes([0, 0, 0, 0, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128]);
    let (mut left, mut found) = (selected, 0);
    while let Some(view) = views.get(left.trailing_zeros() as usize) {
        let length = *view as u32 as usize;
        let own = view & OTHERS != 0;
        let is_pointer = length > INLINE_BYTES;
        let others = has_others((view >> 96) as usize, if is_pointer { length } else { 0 });
        let lowest = left & left.wrapping_neg();
        found |= if is_pointer && others || !is_pointer && own { lowest } else { 0 };
        left &= left.wrapping_sub(1);
    }
    found
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    /// # Safety
    /// The CPU has AVX-512.
    #[target_feature(enable = "avx512f,avx512bw,bmi1,bmi2")]
    pub(super) unsafe fn not_ascii(views: &[u128], selected: u64, source: &[u8]) -> u64 {
        super::not_ascii_by(views, selected, |start, length| {
            let is_there = length <= 128 && start + length <= source.len();
            let length = if is_there { length as u32 } else { 0 };
            let up_to = |bytes: u32| _bzhi_u64(u64::MAX, bytes);
            let string = source.as_ptr().wrapping_add(start);
            // SAFETY: what is loaded lies in the source; of no bytes nothing is.
            let (front, back) = unsafe {
                (
                    _mm512_maskz_loadu_epi8(up_to(length.min(64)), string.cast()),
                    _mm512_maskz_loadu_epi8(up_to(length.saturating_sub(64)), string.wrapping_add(64).cast()),
                )
            };
            !is_there || _mm512_movepi8_mask(_mm512_or_si512(front, back)) != 0
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::views::view_at;
    use super::*;

    #[test]
    fn strings_with_other_bytes_are_found() {
        let others = |row: usize, length: usize| (row * 7 % 3 == 0 && length > 0).then_some(row * 11 % length.max(1));
        for lengths in [0..20, 10..70, 60..140, 120..200] {
            let (mut source, mut views, mut expected) = (vec![0xff; 5], Vec::new(), 0u64);
            for row in 0..64 {
                let length = lengths.start + row * 13 % lengths.len();
                let at = source.len();
                source.resize(at + length, b'a');
                source.extend([0xff; 3]);
                if let Some(place) = others(row, length) {
                    source[at + place] = 0x80;
                    expected |= 1 << row;
                }
                views.push((at, length));
            }
            // In memory of its own, so that tools see who reads behind it.
            source.truncate(source.len() - 3);
            let views: Vec<u128> = views.iter().map(|(at, length)| view_at(&source, *at, *length as u32, 9)).collect();
            let long = views.iter().enumerate().filter(|(_, view)| **view as u32 > 128).map(|(row, _)| 1 << row);
            let long = long.fold(0u64, |all, row| all | row);
            for selected in [u64::MAX, 0, 0x8000_0000_0000_0001, 0xaaaa_5555_0f0f_1234] {
                let found = not_ascii(&views, selected, &source);
                assert_eq!(found & !selected, 0);
                assert_eq!(found & !long, expected & selected & !long, "{lengths:?}");
                assert_eq!(found & expected & selected, expected & selected, "{lengths:?}");
                let scalar =
                    not_ascii_by(&views, selected, |start, length| length > 0 && !source[start..][..length].is_ascii());
                assert_eq!(scalar, expected & selected, "{lengths:?}");
            }
            let some = &views[..40];
            assert_eq!(not_ascii(some, u64::MAX, &source) & !long, expected & !long & (u64::MAX >> 24));
            assert_eq!(not_ascii(some, 1 << 41, &source), 0);
        }
    }

    #[test]
    fn what_does_not_lie_in_the_source_is_not_looked_at() {
        let source = [b'a'; 40];
        let view = view_at(&source, 20, 20, 0);
        assert_eq!((not_ascii(&[view], 1, &source), not_ascii(&[view], 1, &source[..39])), (0, 1));
    }
}
