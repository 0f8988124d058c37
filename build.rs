//! Gives the shared library its SONAME and, with the feature `header`, writes `include/pqpush.h` from `src/ffi`.

#[cfg(feature = "header")]
#[path = "build/header.rs"]
mod header;

/// The version of the ABI: the suffix of the SONAME. It changes where a host that was linked against the release before
/// could break: a function gone or with other parameters, a struct with other fields in its first part.
const ABI_VERSION: u32 = 0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=PQPUSH_ABI_VERSION={ABI_VERSION}");
    name_library(&std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default());
    #[cfg(feature = "header")]
    header::write(ABI_VERSION)?;
    Ok(())
}

fn name_library(target_os: &str) {
    match target_os {
        "windows" => {}
        "macos" | "ios" => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-install_name,@rpath/libpqpush.{ABI_VERSION}.dylib");
        }
        _ => {
            println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libpqpush.so.{ABI_VERSION}");
            // A host that unloads a plugin must not unload code that thread-local destructors still point to.
            println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        }
    }
}
