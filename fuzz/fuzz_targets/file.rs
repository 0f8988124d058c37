//! Files of any bytes: what both read is the same here and in the `parquet` crate.
#![no_main]

#[path = "../../tests/support/mod.rs"]
mod support;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    support::fuzz::file(data);
});
