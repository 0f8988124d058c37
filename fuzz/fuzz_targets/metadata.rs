//! Footers of any bytes: read, or refused in the same way however they arrive.
#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    support::fuzz::metadata(data);
});
