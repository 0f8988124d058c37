//! Bitmaps of which values pass a test.

use arrow_buffer::{BooleanBuffer, Buffer};

use crate::simd;

/// The bitmap of the values that pass.
pub(super) fn passing<V: Copy>(values: &[V], test: impl Fn(V) -> bool) -> BooleanBuffer {
    bitmap(simd::passing(values, test), values.len())
}

/// The first `length` bits of `words`.
pub(super) fn bitmap(words: Vec<u64>, length: usize) -> BooleanBuffer {
    BooleanBuffer::new(Buffer::from_vec(words), 0, length)
}

/// The bitmap of `length` answers.
pub(super) fn answers(length: usize, mut answers: impl Iterator<Item = bool>) -> BooleanBuffer {
    // A loop, not an iterator over words: so the compiler keeps what `answers` looks at in registers.
    let mut words = Vec::with_capacity(length.div_ceil(64));
    for start in (0..length).step_by(64) {
        let mut flags = [false; 64];
        for flag in flags.iter_mut().take(length.saturating_sub(start)) {
            *flag = answers.next().unwrap_or_default();
        }
        words.push(simd::packed(&flags));
    }
    bitmap(words, length)
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
    }
}
