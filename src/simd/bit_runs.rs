//! Levels of up to 1 in many runs, as bits.
//!
//! ```text
//! for each run, see [`super::runs`]: its bits are appended to the room
//! ```
//!
//! Bits that are packed in a run are so in the room, only shifted. AVX-512 shifts what follows the header, or a register of
//! repeated bits, and stores all of it: 504 bits and those of the same byte in front of them.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use super::runs::{RunsTaken, walk_runs};
use crate::memory::{BitRoom, BitSlice};

/// Appends the bits of runs from the front of `bytes` on, `wanted` at most, to `room`, which has room for as many. The first
/// `length` of `bytes` are the stream. Stops at the first run that goes on behind the wanted ones, is not of the common kind, or
/// repeats what is no bit.
pub(crate) fn bit_runs(bytes: &[u8], length: usize, wanted: usize, room: &mut BitRoom<'_>) -> RunsTaken {
    #[cfg(target_arch = "x86_64")]
    if cpu::has_avx512() {
        let mut taken = RunsTaken::default();
        room.append(|words, first| {
            assert!(words.len() * 8 >= (first + wanted) / 8 + 64);
            // SAFETY: the CPU has it, and there is room as asserted.
            taken = unsafe { avx512::bit_runs(bytes, length, wanted, words, first) };
            taken.values
        });
        return taken;
    }
    one_by_one(bytes, length, wanted, room)
}

fn one_by_one(bytes: &[u8], length: usize, wanted: usize, room: &mut BitRoom<'_>) -> RunsTaken {
    walk_runs(bytes, length, 1, wanted, |_, run| {
        match run.is_packed {
            true => room.push_slice(BitSlice::new(run.body, 0, run.count)),
            false if run.head & 0xfe != 0 => return false,
            false => room.push_run(run.head & 1 == 1, run.count),
        }
        true
    })
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    use super::{RunsTaken, walk_runs};

    /// Bytes that a step fills with new bits.
    const STEP_BYTES: usize = 63;

    /// Writes bits from bit `first` of `words` on; those in front stay.
    ///
    /// # Safety
    /// The CPU has AVX-512 with VBMI2. `words` have 64 bytes from the one on that the last wanted bit comes to lie in.
    #[target_feature(enable = "avx512f,avx512vbmi2")]
    pub(super) unsafe fn bit_runs(
        bytes: &[u8],
        length: usize,
        wanted: usize,
        words: &mut [u64],
        first: usize,
    ) -> RunsTaken {
        let out = words.as_mut_ptr().cast::<u8>();
        walk_runs(bytes, length, 1, wanted, |filled, run| {
            let steps = run.count.div_ceil(8 * STEP_BYTES);
            let is_no_bit = !run.is_packed && run.head & 0xfe != 0;
            if is_no_bit || run.body.len() < (steps - 1) * STEP_BYTES + 64 {
                return false;
            }
            let repeated = _mm512_set1_epi64((run.head & 1).cast_signed().wrapping_neg());
            let are_packed = u8::from(run.is_packed).wrapping_neg();
            let (byte, shift) = ((first + filled) / 8, (first + filled) % 8);
            let shifts = _mm512_set1_epi64(shift.cast_signed() as i64);
            for step in 0..steps {
                // SAFETY: 64 bytes can be read, as was just seen, and written, as the caller says: each step begins in a
                // byte that a bit of the run comes to lie in.
                unsafe {
                    let target = out.add(byte + step * STEP_BYTES);
                    let in_front = i32::from(*target) & ((1 << shift) - 1);
                    let source = run.body.as_ptr().add(step * STEP_BYTES).cast();
                    let bits = _mm512_mask_loadu_epi64(repeated, are_packed, source);
                    // The eighths in front of each, of which some bits move up.
                    let below = _mm512_maskz_alignr_epi64::<7>(0xfe, bits, bits);
                    let shifted = _mm512_shldv_epi64(bits, below, shifts);
                    let in_front = _mm512_zextsi128_si512(_mm_cvtsi32_si128(in_front));
                    _mm512_storeu_si512(target.cast(), _mm512_or_si512(shifted, in_front));
                }
            }
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::memory::{Pool, Validity};

    /// Runs of up to 200 times 8 bits, half of them repeated, and the bits.
    fn runs(count: usize, seed: usize) -> (Vec<u8>, Vec<bool>) {
        let noise = |i: usize| (i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
        let (mut bytes, mut bits) = (Vec::new(), Vec::new());
        for run in 0..count {
            let length = 1 + noise(run) % [3, 20, 200][noise(run * 3) % 3];
            let is_packed = noise(run * 5).is_multiple_of(2);
            let header = length << 1 | usize::from(is_packed);
            match header < 128 && run % 7 != 3 {
                true => bytes.push(header as u8),
                false => bytes.extend([header as u8 | 0x80, (header >> 7) as u8]),
            }
            if is_packed {
                let body: Vec<u8> = (0..length).map(|i| noise(run * 100 + i) as u8).collect();
                bits.extend((0..length * 8).map(|i| body[i / 8] >> (i % 8) & 1 == 1));
                bytes.extend(body);
            } else {
                let bit = noise(run * 11) % 2;
                bits.extend(std::iter::repeat_n(bit == 1, length));
                bytes.push(bit as u8);
            }
        }
        (bytes, bits)
    }

    type Backend = fn(&[u8], usize, usize, &mut BitRoom<'_>) -> RunsTaken;

    /// `front` valid rows and the bits that `backend` takes.
    fn taken_by(backend: Backend, front: usize, bytes: &[u8], length: usize, wanted: usize) -> (RunsTaken, Vec<bool>) {
        let mut validity = Validity::new(&Arc::new(Pool::default()));
        validity.push_run(true, front).unwrap();
        let mut taken = RunsTaken::default();
        let write = |room: &mut BitRoom<'_>| {
            taken = backend(bytes, length, wanted, room);
            room.push_run(false, wanted - taken.values);
            Ok(())
        };
        validity.write(wanted, write).unwrap();
        let bits = validity.take().unwrap().map(|nulls| nulls.iter().take(front + taken.values).collect());
        (taken, bits.unwrap_or_else(|| vec![true; front + taken.values]))
    }

    #[test]
    fn runs_are_taken_by_each_backend() {
        for (count, padding) in [(1, 0), (1, 70), (9, 3), (60, 64), (61, 200)] {
            for front in [0, 1, 7, 8, 63, 64, 77] {
                let (mut bytes, bits) = runs(count, count + front);
                let length = bytes.len();
                bytes.extend(vec![0; padding]);
                let all = [vec![true; front], bits.clone()].concat();
                for wanted in [0, 7, bits.len() / 2, bits.len() - 1, bits.len(), bits.len() + 9] {
                    let (expected, found) = taken_by(one_by_one, front, &bytes, length, wanted);
                    assert_eq!(found, all[..front + expected.values]);
                    if wanted >= bits.len() && padding >= 8 {
                        assert_eq!(expected, RunsTaken { bytes: length, values: bits.len() });
                    }
                    let (taken, found) = taken_by(bit_runs, front, &bytes, length, wanted);
                    // Near the end of the bytes others may take more.
                    assert!(taken.values <= expected.values && (padding < 64 || taken == expected));
                    assert_eq!(found, all[..front + taken.values], "behind {front}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_bit_is_left() {
        let mut bytes = [0; 100];
        bytes[..4].copy_from_slice(&[6, 1, 8, 2]);
        for backend in [bit_runs, one_by_one] {
            let (taken, bits) = taken_by(backend, 0, &bytes, 100, 90);
            assert_eq!((taken, bits), (RunsTaken { bytes: 2, values: 3 }, vec![true; 3]));
        }
    }
}
