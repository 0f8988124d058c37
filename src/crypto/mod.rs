//! Modular encryption: the keys that the host gives, the ciphers, and the modules of a file opened with them.
//!
//! An encrypted file is made of modules: footer, column metadata, page headers, pages, indexes, each encrypted on its
//! own and bound by its AAD to the file and to its place in it, so that none can be changed, moved or swapped unseen.
//! This room knows how a module is opened; which modules there are and where they lie is for `metadata` and `page` to
//! know. It rests on nothing but the errors of the crate. Keys are wiped when they are freed and never shown.

#[cfg(feature = "encryption")]
mod cipher;
#[cfg(not(feature = "encryption"))]
#[path = "no_cipher.rs"]
mod cipher;
mod column;
mod file;
mod key;
mod module;

use crate::error::{Error, Result};

pub(crate) use column::ColumnDecryptor;
pub(crate) use file::{Algorithm, ColumnKey, FileDecryptor};
pub use key::{DecryptionProperties, Key};
pub(crate) use module::{Module, module_bytes, split_module};

/// Fails with `Unsupported` where ciphers are no part of this build.
pub(crate) fn check_supported() -> Result<()> {
    if cfg!(feature = "encryption") { Ok(()) } else { Err(switched_off()) }
}

#[cold]
fn switched_off() -> Error {
    Error::unsupported(
        "the file is encrypted, which is switched off in this build: it takes the cargo feature \"encryption\"",
    )
}
