//! Keys, and what else a host knows of an encrypted file.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// An AES key of 128, 192 or 256 bits. Its memory is wiped when it is freed; it is never shown.
#[derive(Clone)]
#[cfg_attr(not(feature = "encryption"), allow(dead_code))] // read by ciphers
pub struct Key(Zeroizing<Box<[u8]>>);

impl Key {
    /// A copy of `bytes`, of which there are 16, 24 or 32; any other number is an `InvalidArgument`.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        match bytes.len() {
            16 | 24 | 32 => Ok(Self(Zeroizing::new(bytes.into()))),
            other => Err(Error::invalid_argument(format!("a key of {other} bytes: AES has keys of 16, 24 or 32"))),
        }
    }

    #[cfg_attr(not(feature = "encryption"), allow(dead_code))]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

/// Finds the key that the file names by its key metadata; `None` where there is none, a text where looking failed.
type Retriever = dyn Fn(&[u8]) -> std::result::Result<Option<Key>, String> + Send + Sync;

/// What a host knows of an encrypted file: keys, and the AAD prefix. Files that are not encrypted read as without it.
///
/// A key that is given for a column (or the footer) goes before what the retriever finds. Columns whose key is missing
/// or wrong fail with `Key` when they are read, and only then.
#[derive(Clone, Default)]
pub struct DecryptionProperties {
    footer_key: Option<Key>,
    column_keys: BTreeMap<String, Key>,
    retriever: Option<Arc<Retriever>>,
    pub(super) aad_prefix: Option<Vec<u8>>,
    pub(super) trusts_unverified_footer: bool,
}

impl DecryptionProperties {
    /// The key of the footer, and of the columns that are encrypted with the footer key.
    pub fn with_footer_key(mut self, key: Key) -> Self {
        self.footer_key = Some(key);
        self
    }

    /// The key of the leaf column with the dotted path `column`; of several for one column the last one counts.
    pub fn with_column_key(mut self, column: impl Into<String>, key: Key) -> Self {
        self.column_keys.insert(column.into(), key);
        self
    }

    /// Asks `retriever` for the keys that are not given, with the key metadata that the file has for them. It is called
    /// while the footer is decoded, once for each different metadata. `Ok(None)` says that there is no such key; an error
    /// becomes one of kind `Callback` with its text.
    pub fn with_key_retriever(
        mut self,
        retriever: impl Fn(&[u8]) -> std::result::Result<Option<Key>, String> + Send + Sync + 'static,
    ) -> Self {
        self.retriever = Some(Arc::new(retriever));
        self
    }

    /// The AAD prefix of the file: the name that it was written under. Needed where the file does not store it; where it
    /// does, the two have to agree.
    pub fn with_aad_prefix(mut self, prefix: impl Into<Vec<u8>>) -> Self {
        self.aad_prefix = Some(prefix.into());
        self
    }

    /// Reads a footer that is in plain text without verifying its signature, which takes the footer key: for hosts that
    /// have the keys of some columns only, and know by other means that the file was not changed.
    pub fn with_unverified_footer(mut self) -> Self {
        self.trusts_unverified_footer = true;
        self
    }

    /// The key of the footer.
    pub(super) fn footer_key(&self, key_metadata: Option<&[u8]>) -> Result<Option<Key>> {
        match &self.footer_key {
            Some(key) => Ok(Some(key.clone())),
            None => self.retrieve(key_metadata),
        }
    }

    /// The key that was given for a column.
    pub(super) fn given_column_key(&self, path: &str) -> Option<&Key> {
        self.column_keys.get(path)
    }

    /// The key that the retriever finds.
    pub(super) fn retrieve(&self, key_metadata: Option<&[u8]>) -> Result<Option<Key>> {
        match (&self.retriever, key_metadata) {
            (Some(retriever), Some(metadata)) => {
                retriever(metadata).map_err(|why| Error::callback(format!("key retriever: {why}")))
            }
            _ => Ok(None),
        }
    }
}

impl fmt::Debug for DecryptionProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecryptionProperties")
            .field("footer_key", &self.footer_key)
            .field("column_keys", &self.column_keys)
            .field("retriever", &self.retriever.is_some())
            .field("aad_prefix", &self.aad_prefix)
            .field("trusts_unverified_footer", &self.trusts_unverified_footer)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_lengths_of_aes_and_are_not_shown() {
        for length in [0, 15, 17, 31, 33] {
            assert!(Key::new(&vec![7; length]).is_err(), "{length}");
        }
        for length in [16, 24, 32] {
            let properties = DecryptionProperties::default().with_footer_key(Key::new(&vec![77; length]).unwrap());
            assert!(!format!("{properties:?}").contains("77"));
        }
    }
}
