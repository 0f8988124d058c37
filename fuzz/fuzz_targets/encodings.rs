//! Pages of any bytes in every encoding: decoded as the slow decoders have it, or refused by both.
#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    support::fuzz::encodings(data);
});
