//! Keys of encrypted files: from the options of the metadata decoder to [`DecryptionProperties`].

use std::ffi::{c_int, c_void};

use zeroize::Zeroizing;

use super::error::{FfiResult, pqpush_error};
use super::lent::UserData;
use super::metadata_decoder::pqpush_metadata_options;
use super::slice::{pqpush_str, slice, string};
use crate::{DecryptionProperties, Key};

/// The key of one leaf column.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_column_key {
    /// Dotted path of the leaf column.
    pub column: pqpush_str,
    /// The AES key: 16, 24 or 32 bytes.
    pub key: *const u8,
    /// Number of bytes of `key`.
    pub key_length: usize,
}

/// Bits of pqpush_metadata_options.flags.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum pqpush_metadata_flags {
    /// Read a footer in plain text of an encrypted file without verifying its signature, which takes the footer key. For
    /// hosts that have the keys of some columns only, and know by other means that the file was not changed.
    PQPUSH_METADATA_UNVERIFIED_FOOTER = 1,
}

/// Finds a key by what the file has for its name.
pub(super) type KeyRetriever = unsafe extern "C" fn(
    user_data: *mut c_void,
    key_metadata: *const u8,
    key_metadata_length: usize,
    out_key: *mut u8,
    out_key_length: *mut usize,
) -> c_int;

/// Bytes of the longest key.
const LARGEST_KEY_BYTES: usize = 32;

/// What the options say of encryption; `owner` gives the user data of the key retriever back.
///
/// # Safety
/// The pointers of `given` are as the header describes them.
pub(super) unsafe fn decryption_properties(
    given: &pqpush_metadata_options,
    owner: UserData,
) -> FfiResult<Option<DecryptionProperties>> {
    let mut properties = DecryptionProperties::default();
    // SAFETY: as the caller says.
    let (footer_key, column_keys, aad_prefix) = unsafe {
        (
            slice(given.footer_key, given.footer_key_length, "options.footer_key")?,
            slice(given.column_keys, given.column_key_count, "options.column_keys")?,
            slice(given.aad_prefix, given.aad_prefix_length, "options.aad_prefix")?,
        )
    };
    if !footer_key.is_empty() {
        properties = properties.with_footer_key(key(footer_key, "options.footer_key")?);
    }
    for column_key in column_keys {
        // SAFETY: as the caller says.
        let (path, bytes) = unsafe {
            (
                string(column_key.column, "options.column_keys")?,
                slice(column_key.key, column_key.key_length, "options.column_keys")?,
            )
        };
        properties = properties.with_column_key(path, key(bytes, &format!("options.column_keys: \"{path}\""))?);
    }
    if !aad_prefix.is_empty() {
        properties = properties.with_aad_prefix(aad_prefix);
    }
    if let Some(function) = given.key_retriever {
        let retriever = Retriever { function, owner };
        properties = properties.with_key_retriever(move |key_metadata| retriever.find(key_metadata));
    }
    if given.flags & pqpush_metadata_flags::PQPUSH_METADATA_UNVERIFIED_FOOTER as u32 != 0 {
        properties = properties.with_unverified_footer();
    }
    let has_any = !(footer_key.is_empty() && column_keys.is_empty()) || given.key_retriever.is_some();
    Ok(has_any.then_some(properties))
}

fn key(bytes: &[u8], parameter: &str) -> FfiResult<Key> {
    Key::new(bytes).map_err(|error| pqpush_error::invalid_argument(format!("{parameter}: {}", error.message())))
}

/// A key retriever of the host.
struct Retriever {
    function: KeyRetriever,
    owner: UserData,
}

impl Retriever {
    fn find(&self, key_metadata: &[u8]) -> Result<Option<Key>, String> {
        let mut bytes = Zeroizing::new([0_u8; LARGEST_KEY_BYTES]);
        let mut length = 0_usize;
        // SAFETY: the header says what the function may read and write, and that it takes the user data that it was
        // given with, which live as long as `owner`.
        let status = unsafe {
            (self.function)(
                self.owner.get(),
                key_metadata.as_ptr(),
                key_metadata.len(),
                bytes.as_mut_ptr(),
                &raw mut length,
            )
        };
        match (status, bytes.get(..length)) {
            (0, Some([])) => Ok(None),
            (0, Some(key)) => Key::new(key).map(Some).map_err(|error| error.message().to_owned()),
            (0, None) => Err(format!("it says that the key has {length} bytes")),
            (status, _) => Err(format!("it failed with the code {status}")),
        }
    }
}
