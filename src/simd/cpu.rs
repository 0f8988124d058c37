//! Which backends this CPU can run. NEON is not asked for: every aarch64 CPU has it.
//!
//! The answer is kept in one byte: kernels over short runs are asked for so often that two questions more, of one for each
//! instruction set, were 4 % of the instructions of a column whose nulls come in short runs.

#![cfg(target_arch = "x86_64")]

use std::arch::is_x86_feature_detected;
use std::sync::atomic::{AtomicU8, Ordering};

const KNOWN: u8 = 1;
const AVX2: u8 = 2;
const AVX512: u8 = 4;

/// What the CPU was found to have; 0 before anybody asked.
static BACKENDS: AtomicU8 = AtomicU8::new(0);

/// True where AVX2 and BMI2 kernels may run, which may use POPCNT and BMI1 too: no CPU has those without these.
#[inline]
pub(super) fn has_avx2() -> bool {
    backends() & AVX2 != 0
}

/// True where AVX-512 kernels may run, those of bytes (VBMI, VBMI2) too: Ice Lake, Zen 4 and what came after.
#[inline]
pub(super) fn has_avx512() -> bool {
    backends() & AVX512 != 0
}

#[inline]
fn backends() -> u8 {
    match BACKENDS.load(Ordering::Relaxed) {
        0 => detected(),
        known => known,
    }
}

/// Asks the standard library. Threads that do so at a time come to the same answer.
#[cold]
fn detected() -> u8 {
    let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2");
    let has_avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2");
    let found = KNOWN | if has_avx2 { AVX2 } else { 0 } | if has_avx512 { AVX512 } else { 0 };
    BACKENDS.store(found, Ordering::Relaxed);
    found
}
