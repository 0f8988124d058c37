//! Blocks of Snappy of any bytes: the same bytes as from `snap`, or refused by both.
#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    support::fuzz_snappy::snappy(data);
});
