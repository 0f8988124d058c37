//! Files of any bytes: the same rows whatever pieces they are pushed in.
#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    support::fuzz::splits(data);
});
