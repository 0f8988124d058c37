//! In place of the ciphers where the feature `encryption` is off: there is none, so that nothing is ever opened with one.
#![allow(dead_code)] // a refusal that nothing gives

use super::key::Key;
use crate::error::Result;

/// Nonce and tag, which follow a footer in plain text.
pub(super) const SIGNATURE_BYTES: usize = 28;

/// A cipher that cannot be made.
#[derive(Debug)]
pub(super) enum Cipher {}

/// Why a module cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is shorter than a module can be.
    TooShort,
    /// Key, AAD or bytes are not those that it was written with.
    TagDiffers,
}

/// What opening gives.
pub(super) type Opened = std::result::Result<Vec<u8>, Refusal>;

impl Cipher {
    /// Fails: the file is encrypted.
    pub(super) fn new(_: &Key) -> Result<Self> {
        Err(super::switched_off())
    }

    pub(super) fn open(&self, _: &[u8], _: &[u8]) -> Opened {
        match *self {}
    }

    pub(super) fn open_unauthenticated(&self, _: &[u8]) -> Opened {
        match *self {}
    }

    pub(super) fn is_signed(&self, _: &[u8], _: &[u8]) -> bool {
        match *self {}
    }
}
