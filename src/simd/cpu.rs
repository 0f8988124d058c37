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

/// True where AVX2 kernels may run, which may use BMI1, BMI2 and POPCNT too.
#[inline]
pub(super) fn has_avx2() -> bool {
    backends() & AVX2 != 0
}

/// True where AVX-512 kernels may run, those of bytes (VBMI, VBMI2) too: Ice Lake, Zen 4 and what came after. AVX2 kernels may
/// run there as well.
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
    let has_avx2 = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("bmi1")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("popcnt");
    let has_avx512 = has_avx2
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vbmi")
        && is_x86_feature_detected!("avx512vbmi2");
    let found = KNOWN | if has_avx2 { AVX2 } else { 0 } | if has_avx512 { AVX512 } else { 0 };
    BACKENDS.store(found, Ordering::Relaxed);
    found
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    /// What stands between `before` and the next `"` in each place of `text`.
    fn quoted<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
        text.split(before).skip(1).filter_map(|rest| rest.split('"').next())
    }

    /// A kernel that used anything else would be called where that is not there.
    #[test]
    fn kernels_use_only_what_is_asked_for() {
        let asked: Vec<&str> = quoted(include_str!("cpu.rs"), "detected!(\"").collect();
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/simd")];
        let mut kernels = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                for used in quoted(&fs::read_to_string(&path).unwrap(), "#[target_feature(enable = \"") {
                    kernels += 1;
                    let unasked = used.split(',').find(|feature| *feature != "neon" && !asked.contains(feature));
                    assert_eq!(unasked, None, "{}", path.display());
                    assert!(!used.contains("avx512") || used.contains("avx512f"), "{used} in {}", path.display());
                }
            }
        }
        assert!(kernels > 100, "{kernels} kernels");
    }
}
