//! Bitmaps of which values pass a test.

use arrow_buffer::{BooleanBuffer, Buffer};

/// The bitmap of the values that pass.
pub(super) fn passing<V: Copy>(values: &[V], test: impl Fn(V) -> bool) -> BooleanBuffer {
    let mut words = Vec::with_capacity(values.len().div_ceil(64));
    let (full, rest) = values.as_chunks::<64>();
    for chunk in full {
        let mut flags = [false; 64];
        for (flag, value) in flags.iter_mut().zip(chunk) {
            *flag = test(*value);
        }
        words.push(packed(&flags));
    }
    if !rest.is_empty() {
        let mut flags = [false; 64];
        for (flag, value) in flags.iter_mut().zip(rest) {
            *flag = test(*value);
        }
        words.push(packed(&flags));
    }
    BooleanBuffer::new(Buffer::from_vec(words), 0, values.len())
}

/// The bitmap of `length` answers.
pub(super) fn answers(length: usize, mut answers: impl Iterator<Item = bool>) -> BooleanBuffer {
    let words = (0..length.div_ceil(64)).map(|_| {
        let mut flags = [false; 64];
        for (flag, answer) in flags.iter_mut().zip(&mut answers) {
            *flag = answer;
        }
        packed(&flags)
    });
    BooleanBuffer::new(Buffer::from_vec(words.collect()), 0, length)
}

/// 64 flags, the first in the lowest bit.
fn packed(flags: &[bool; 64]) -> u64 {
    // The product moves the lowest bit of byte i to bit 56 + i; no two terms meet.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let (eights, _) = flags.as_chunks::<8>();
    let mut bytes = [0; 8];
    for (byte, eight) in bytes.iter_mut().zip(eights) {
        let [.., top] = u64::from_le_bytes(eight.map(u8::from)).wrapping_mul(GATHER).to_le_bytes();
        *byte = top;
    }
    u64::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmaps_have_a_bit_a_value() {
        for length in [0, 1, 7, 8, 63, 64, 65, 127, 128, 200] {
            let values: Vec<u32> = (0..length).map(|i| i * 37 % 11).collect();
            let expected: Vec<bool> = values.iter().map(|value| *value < 4).collect();
            let found = passing(&values, |value| value < 4);
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{length}");
            let found = answers(values.len(), expected.iter().copied());
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{length}");
        }
        let each: Vec<u32> = (0..64).collect();
        for bit in 0..64 {
            assert_eq!(passing(&each, |value| value == bit).iter().position(|kept| kept), Some(bit as usize));
        }
    }
}
