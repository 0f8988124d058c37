//! Opens the modules of one column chunk.

use std::sync::Arc;

use super::cipher::{Cipher, Refusal};
use super::module::{Module, content};
use crate::error::{Error, Result};

/// Opens the modules of one column chunk.
#[derive(Debug)]
pub(crate) struct ColumnDecryptor {
    pub(super) cipher: Arc<Cipher>,
    pub(super) file_aad: Arc<[u8]>,
    pub(super) row_group: i16,
    pub(super) column: i16,
    /// Pages are AES_GCM_CTR_V1's.
    pub(super) pages_by_ctr: bool,
    /// The key has opened something of this column or of the footer: what it does not open was changed.
    pub(super) is_proven: bool,
}

impl ColumnDecryptor {
    /// The plain text of the module that `bytes` are. An error carries no place: the caller knows it.
    ///
    /// Fails with `Key` where the key may be wrong, and with `Corrupt` where it has proved to be right.
    pub(crate) fn open(&self, module: Module, bytes: &[u8]) -> Result<Vec<u8>> {
        let name = module.name();
        let content = content(bytes).ok_or_else(|| {
            Error::corrupt(format!("the encrypted {name} is longer than the {} bytes that it has", bytes.len()))
        })?;
        let opened = if module.is_page() && self.pages_by_ctr {
            self.cipher.open_unauthenticated(content)
        } else {
            self.cipher.open(content, &module.aad(&self.file_aad, self.row_group, self.column)?)
        };
        opened.map_err(|refusal| self.refused(refusal, name))
    }

    #[cold]
    fn refused(&self, refusal: Refusal, name: &str) -> Error {
        match refusal {
            Refusal::TooShort => Error::corrupt(format!("the encrypted {name} is too short to be one")),
            Refusal::TagDiffers if self.is_proven => Error::corrupt(format!(
                "the encrypted {name} was changed or is not in its place: it does not match its authentication tag"
            )),
            Refusal::TagDiffers => {
                Error::key(format!("the {name} cannot be decrypted: the key is wrong, or the file was changed"))
            }
        }
    }

    /// The same for a key that has proved to be right.
    pub(super) fn proven(self) -> Self {
        Self { is_proven: true, ..self }
    }
}
