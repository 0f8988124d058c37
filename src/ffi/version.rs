//! The version of the library and of its ABI. The numbers come from Cargo.toml and build.rs, the one place for each;
//! the header's macros come from the same place.

use std::ffi::{CStr, c_char};

/// A decimal number of the build environment, read at compile time: what is wrong with it stops the build.
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
const fn decimal(text: &str) -> u32 {
    let bytes = text.as_bytes();
    let mut number = 0;
    let mut index = 0;
    while index < bytes.len() {
        assert!(bytes[index].is_ascii_digit(), "version numbers are decimal");
        number = number * 10 + (bytes[index] - b'0') as u32;
        index += 1;
    }
    number
}

const NUMBER: u32 = decimal(env!("CARGO_PKG_VERSION_MAJOR")) * 10_000
    + decimal(env!("CARGO_PKG_VERSION_MINOR")) * 100
    + decimal(env!("CARGO_PKG_VERSION_PATCH"));
const ABI: u32 = decimal(env!("PQPUSH_ABI_VERSION"));
const STRING: &CStr = match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
    Ok(text) => text,
    Err(_) => panic!("the version holds no NUL"),
};

/// The version of the library that is loaded, such as "0.1.0".
///
/// Returns: a static string, never NULL.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn pqpush_version_string() -> *const c_char {
    STRING.as_ptr()
}

/// The version as a number: MAJOR * 10000 + MINOR * 100 + PATCH. Equal to PQPUSH_VERSION_NUMBER where the header and
/// the loaded library are of one release.
///
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn pqpush_version_number() -> u32 {
    NUMBER
}

/// The version of the ABI, which is the suffix of the SONAME. A host that loads the library by hand compares it with
/// PQPUSH_ABI_VERSION before it calls anything else.
///
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn pqpush_abi_version() -> u32 {
    ABI
}
