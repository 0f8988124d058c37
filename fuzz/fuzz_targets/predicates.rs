//! Conditions in SQL over files of any bytes, and their bloom filters.
#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    support::fuzz_predicates::predicates(data);
});
