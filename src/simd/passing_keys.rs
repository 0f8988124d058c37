//! Which keys stand for an entry that passes, as bits.
//!
//! ```text
//! for i in 0..keys.len():  bit i = keys[i] < passes.len() && passes[keys[i]]
//! ```
//!
//! The answers of up to 64 entries fit in a register as bits; with AVX-512 those of 4,096 fit in eight, from which sixteen
//! keys select at a time. Those of more entries are loaded one by one.

#[cfg(target_arch = "x86_64")]
use super::cpu;
use super::passing::passing;

/// A bit for each of `keys`, of which `passes` tells by their entries; those behind the last are 0.
pub(crate) fn passing_keys(keys: &[u32], passes: &[bool]) -> Vec<u64> {
    if passes.len() <= 64 {
        let entries = passes.iter().rev().fold(0u64, |bits, passes| bits << 1 | u64::from(*passes));
        return passing(keys, |key| entries.unbounded_shr(key) & 1 == 1);
    }
    #[cfg(target_arch = "x86_64")]
    if passes.len() <= avx512::MOST_ENTRIES && cpu::has_avx512() {
        // SAFETY: the CPU has it, and there are no more entries.
        return unsafe { avx512::passing_keys(keys, passes) };
    }
    one_by_one(keys, passes)
}

fn one_by_one(keys: &[u32], passes: &[bool]) -> Vec<u64> {
    passing(keys, |key| passes.get(key as usize).copied().unwrap_or(false))
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use std::arch::x86_64::*;

    /// Keys that are looked up at a time.
    const STEP: usize = 16;
    /// Entries whose bits fit in a register.
    const REGISTER_ENTRIES: usize = 512;
    /// Registers of the most entries.
    const MOST_REGISTERS: usize = 8;
    /// The most entries.
    pub(super) const MOST_ENTRIES: usize = MOST_REGISTERS * REGISTER_ENTRIES;

    /// # Safety
    /// The CPU has AVX-512 with BW; there are at most MOST_ENTRIES entries.
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(super) unsafe fn passing_keys(keys: &[u32], passes: &[bool]) -> Vec<u64> {
        match passes.len().div_ceil(REGISTER_ENTRIES) {
            0..=2 => by_registers::<2>(keys, passes),
            3..=4 => by_registers::<4>(keys, passes),
            _ => by_registers::<MOST_REGISTERS>(keys, passes),
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn by_registers<const REGISTERS: usize>(keys: &[u32], passes: &[bool]) -> Vec<u64> {
        let table = Table::<REGISTERS>::of(passes);
        let (full, rest) = keys.as_chunks::<64>();
        // Not pushed: with a call in the loop, which push may be, registers would be kept in memory.
        let mut words = vec![0; keys.len().div_ceil(64)];
        words.iter_mut().zip(full).for_each(|(word, keys)| *word = table.passing(keys));
        if let (Some(word), false) = (words.last_mut(), rest.is_empty()) {
            *word = table.passing_rest(rest);
        }
        words
    }

    /// A bit for each entry.
    struct Table<const REGISTERS: usize> {
        bits: [__m512i; REGISTERS],
        entries: __m512i,
    }

    impl<const REGISTERS: usize> Table<REGISTERS> {
        #[inline]
        #[target_feature(enable = "avx512f,avx512bw")]
        fn of(passes: &[bool]) -> Self {
            let mut bits = [_mm512_setzero_si512(); REGISTERS];
            for (register, passes) in bits.iter_mut().zip(passes.chunks(REGISTER_ENTRIES)) {
                let mut words = [0u64; REGISTER_ENTRIES / 64];
                for (word, passes) in words.iter_mut().zip(passes.chunks(64)) {
                    let there = u64::MAX >> (64 - passes.len());
                    // SAFETY: what is not there is not read; a chunk has at least one answer.
                    let answers = unsafe { _mm512_maskz_loadu_epi8(there, passes.as_ptr().cast()) };
                    *word = _mm512_test_epi8_mask(answers, answers);
                }
                // SAFETY: eight words are read.
                *register = unsafe { _mm512_loadu_si512(words.as_ptr().cast()) };
            }
            Self { bits, entries: _mm512_set1_epi32((passes.len() as u32).cast_signed()) }
        }

        /// The bits of fewer than 64 keys.
        #[inline(never)]
        #[target_feature(enable = "avx512f,avx512bw")]
        fn passing_rest(&self, rest: &[u32]) -> u64 {
            let mut keys = [u32::MAX; 64];
            keys[..rest.len()].copy_from_slice(rest);
            self.passing(&keys)
        }

        /// The bits of 64 keys.
        #[inline]
        #[target_feature(enable = "avx512f")]
        fn passing(&self, keys: &[u32; 64]) -> u64 {
            let step = |first: usize| {
                // SAFETY: sixteen keys are read.
                let keys = unsafe { _mm512_loadu_si512(keys[first..first + STEP].as_ptr().cast()) };
                u64::from(self.passing_step(keys)) << first
            };
            step(0) | step(STEP) | step(2 * STEP) | step(3 * STEP)
        }

        #[inline]
        #[target_feature(enable = "avx512f")]
        fn passing_step(&self, keys: __m512i) -> __mmask16 {
            // Which four bytes of the table have the bit, and then the bit is the lowest: rotating is by the low five bits.
            let places = _mm512_srli_epi32::<5>(keys);
            let two = |first: usize| _mm512_permutex2var_epi32(self.bits[first], places, self.bits[first + 1]);
            let bit = |bit| _mm512_test_epi32_mask(places, _mm512_set1_epi32(bit));
            let four = |first: usize| _mm512_mask_blend_epi32(bit(32), two(first), two(first + 2));
            let selected = match REGISTERS {
                2 => two(0),
                4 => four(0),
                _ => _mm512_mask_blend_epi32(bit(64), four(0), four(4)),
            };
            let are_entries = _mm512_cmplt_epu32_mask(keys, self.entries);
            let answers = _mm512_rorv_epi32(selected, keys);
            _mm512_mask_test_epi32_mask(are_entries, answers, _mm512_set1_epi32(1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_pass_where_their_entries_do() {
        let noise = |i: usize| (i as u32).wrapping_mul(2654435761) >> 7;
        for entries in [1, 2, 63, 64, 65, 512, 513, 1023, 1024, 1025, 2048, 2049, 2500, 4095, 4096, 4097, 9000] {
            let passes: Vec<bool> = (0..entries).map(|entry| noise(entry) % 3 == 0).collect();
            for count in [0, 1, 15, 16, 63, 64, 65, 1000] {
                // Some keys are no entries: those of nulls may be any number.
                let mut keys: Vec<u32> = (0..count).map(|i| noise(i + entries) % entries as u32).collect();
                keys.iter_mut().skip(5).step_by(7).for_each(|key| *key += entries as u32);
                keys.iter_mut().skip(6).step_by(31).for_each(|key| *key = u32::MAX - *key);
                keys.extend([entries as u32 - 1, entries as u32, 0]);
                let passes_key = |key: &u32| passes.get(*key as usize).copied().unwrap_or(false);
                let found = passing_keys(&keys, &passes);
                assert_eq!(found, one_by_one(&keys, &passes), "{entries} entries, {count} keys");
                let bit = |at: usize| found[at / 64] >> (at % 64) & 1 == 1;
                assert!(keys.iter().enumerate().all(|(at, key)| bit(at) == passes_key(key)), "{entries} entries");
            }
        }
    }
}
