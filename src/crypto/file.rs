//! Opens what there is once in a file, and makes the decryptors of its columns.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cipher::{Cipher, Refusal, SIGNATURE_BYTES};
use super::column::ColumnDecryptor;
use super::key::{DecryptionProperties, Key};
use super::module::{Module, content, footer_aad, ordinal};
use crate::error::{Error, Result};

/// How a file is encrypted: the `EncryptionAlgorithm` of the format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Algorithm {
    /// AES_GCM_CTR_V1: pages are not authenticated.
    pub pages_by_ctr: bool,
    /// The AAD prefix, where the file stores it.
    pub aad_prefix: Option<Vec<u8>>,
    /// What tells the file from others.
    pub aad_file_unique: Vec<u8>,
    /// The reader has to know the AAD prefix.
    pub supply_aad_prefix: bool,
}

/// With which key a column is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ColumnKey {
    /// That of the footer.
    Footer,
    /// One of its own, which has this key metadata.
    Own(Option<Vec<u8>>),
}

/// Opens an encrypted file.
#[derive(Debug)]
pub(crate) struct FileDecryptor<'a> {
    properties: &'a DecryptionProperties,
    pages_by_ctr: bool,
    file_aad: Arc<[u8]>,
    footer_cipher: Option<Arc<Cipher>>,
    /// The footer key has opened the footer, or verified it.
    footer_is_proven: bool,
    /// The ciphers of keys that were given for a column, and of keys that were retrieved, by key metadata.
    given: BTreeMap<usize, Arc<Cipher>>,
    retrieved: BTreeMap<Vec<u8>, Result<Option<Arc<Cipher>>>>,
}

impl<'a> FileDecryptor<'a> {
    /// A decryptor of a file that is encrypted by `algorithm`, with what the host knows of it. `key_metadata` is that of
    /// the footer key.
    pub(crate) fn new(
        properties: &'a DecryptionProperties,
        algorithm: &Algorithm,
        key_metadata: Option<&[u8]>,
    ) -> Result<Self> {
        let prefix = aad_prefix(properties, algorithm)?;
        let footer_key = properties.footer_key(key_metadata)?;
        Ok(Self {
            properties,
            pages_by_ctr: algorithm.pages_by_ctr,
            file_aad: [prefix, &algorithm.aad_file_unique].concat().into(),
            footer_cipher: footer_key.as_ref().map(shared_cipher).transpose()?,
            footer_is_proven: false,
            given: BTreeMap::new(),
            retrieved: BTreeMap::new(),
        })
    }

    /// The plain text of the encrypted footer that `bytes` are.
    pub(crate) fn open_footer(&mut self, bytes: &[u8]) -> Result<Vec<u8>> {
        let cipher = self.footer_cipher.as_ref();
        let cipher = cipher.ok_or_else(|| Error::key("the footer is encrypted, and its key was not given"))?;
        let too_short = || Error::corrupt("the encrypted footer does not end where its bytes end");
        let content = content(bytes).ok_or_else(too_short)?;
        let text = cipher.open(content, &footer_aad(&self.file_aad)).map_err(|refusal| match refusal {
            Refusal::TooShort => too_short(),
            Refusal::TagDiffers => Error::key(
                "the footer cannot be decrypted: its key or the AAD prefix is wrong, or the file was changed",
            ),
        })?;
        self.footer_is_proven = true;
        Ok(text)
    }

    /// Verifies the footer in plain text that `bytes` are, unless the host does not want that.
    pub(crate) fn verify_footer(&mut self, bytes: &[u8]) -> Result<()> {
        if self.properties.trusts_unverified_footer {
            return Ok(());
        }
        let Some(cipher) = &self.footer_cipher else {
            return Err(Error::key("the footer is signed, and its key, which verifies that, was not given"));
        };
        if bytes.len() < SIGNATURE_BYTES {
            return Err(Error::corrupt("the signed footer is too short to have a signature"));
        }
        if !cipher.is_signed(bytes, &footer_aad(&self.file_aad)) {
            let message =
                "the footer does not match its signature: its key or the AAD prefix is wrong, or the file was changed";
            return Err(Error::key(message));
        }
        self.footer_is_proven = true;
        Ok(())
    }

    /// The decryptor of a column chunk, and the plain text of its column metadata where `metadata` are those encrypted.
    /// `row_group` and `column` are its ordinals, `path` that of the column.
    pub(crate) fn open_column(
        &mut self,
        key: &ColumnKey,
        (row_group, column): (usize, usize),
        path: &str,
        metadata: Option<&[u8]>,
    ) -> Result<(ColumnDecryptor, Option<Vec<u8>>)> {
        let cipher = match key {
            ColumnKey::Footer => self.footer_cipher.clone(),
            ColumnKey::Own(key_metadata) => self.column_cipher(column, path, key_metadata.as_deref())?,
        };
        let missing = || match key {
            ColumnKey::Footer => "the column is encrypted with the key of the footer, which was not given",
            ColumnKey::Own(_) => "the column is encrypted, and its key was not given",
        };
        let decryptor = ColumnDecryptor {
            cipher: cipher.ok_or_else(|| Error::key(missing()))?,
            file_aad: Arc::clone(&self.file_aad),
            row_group: ordinal("row group", row_group)?,
            column: ordinal("column", column)?,
            pages_by_ctr: self.pages_by_ctr,
            is_proven: *key == ColumnKey::Footer && self.footer_is_proven,
        };
        match metadata.map(|bytes| decryptor.open(Module::ColumnMetadata, bytes)).transpose()? {
            Some(text) => Ok((decryptor.proven(), Some(text))),
            None => Ok((decryptor, None)),
        }
    }

    /// The cipher of a column with a key of its own.
    fn column_cipher(&mut self, column: usize, path: &str, key_metadata: Option<&[u8]>) -> Result<Option<Arc<Cipher>>> {
        if let Some(known) = self.given.get(&column) {
            return Ok(Some(Arc::clone(known)));
        }
        if let Some(key) = self.properties.given_column_key(path) {
            let cipher = shared_cipher(key)?;
            self.given.insert(column, Arc::clone(&cipher));
            return Ok(Some(cipher));
        }
        let Some(key_metadata) = key_metadata else { return Ok(None) };
        if let Some(known) = self.retrieved.get(key_metadata) {
            return known.clone();
        }
        let key = self.properties.retrieve(Some(key_metadata));
        let cipher = key.and_then(|key| key.as_ref().map(shared_cipher).transpose());
        self.retrieved.insert(key_metadata.to_vec(), cipher.clone());
        cipher
    }
}

fn shared_cipher(key: &Key) -> Result<Arc<Cipher>> {
    Cipher::new(key).map(Arc::new)
}

/// The AAD prefix: what the file stores and what the host gives have to agree, where there is both.
fn aad_prefix<'a>(properties: &'a DecryptionProperties, algorithm: &'a Algorithm) -> Result<&'a [u8]> {
    match (properties.aad_prefix.as_deref(), algorithm.aad_prefix.as_deref()) {
        (Some(given), Some(stored)) if given != stored => {
            Err(Error::key("the AAD prefix that was given is not that of the file"))
        }
        (Some(_), None) if !algorithm.supply_aad_prefix => {
            Err(Error::key("an AAD prefix was given, and the file was written without one"))
        }
        (None, None) if algorithm.supply_aad_prefix => {
            Err(Error::key("the file was written with an AAD prefix that it does not store, and none was given"))
        }
        (Some(prefix), _) | (None, Some(prefix)) => Ok(prefix),
        (None, None) => Ok(&[]),
    }
}
