//! Which backends this CPU can run. NEON is not asked for: every aarch64 CPU has it.

/// True where AVX2 and BMI2 kernels may run, which may use POPCNT and BMI1 too: no CPU has those without these. Detected
/// once per process by the standard library.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("bmi2")
}

/// True where AVX-512 kernels may run, those of bytes (VBMI, VBMI2) too, and those of [`has_avx2`]: Ice Lake, Zen 4 and what
/// came after.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(super) fn has_avx512() -> bool {
    has_avx2()
        && std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512vbmi")
        && std::arch::is_x86_feature_detected!("avx512vbmi2")
}
