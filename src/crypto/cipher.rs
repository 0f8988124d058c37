//! AES in the two modes of the format: GCM, which tells whether the bytes were changed, and CTR, which does not.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::aes::cipher::consts::{U12, U16};
use aes_gcm::aes::cipher::{BlockCipherEncrypt, BlockSizeUser, InnerIvInit, StreamCipher, StreamCipherCoreWrapper};
use aes_gcm::aes::{Aes128, Aes192, Aes256};
use aes_gcm::{AesGcm, Nonce, Tag};
use ctr::{CtrCore, flavors::Ctr32BE};
use zeroize::Zeroize;

use super::key::Key;
use crate::error::{Error, Result};

const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// Nonce and tag, which follow a footer in plain text.
pub(super) const SIGNATURE_BYTES: usize = NONCE_BYTES + TAG_BYTES;

/// The ciphers of one key; wiped when they are freed. Boxed, so that moving one leaves no copy of its round keys behind.
pub(super) enum Cipher {
    Aes128(Box<Modes<Aes128>>),
    Aes192(Box<Modes<Aes192>>),
    Aes256(Box<Modes<Aes256>>),
}

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

pub(super) struct Modes<Aes> {
    aes: Aes,
    gcm: AesGcm<Aes, U12>,
}

macro_rules! with_modes {
    ($cipher:expr, $modes:ident => $body:expr) => {
        match $cipher {
            Cipher::Aes128($modes) => $body,
            Cipher::Aes192($modes) => $body,
            Cipher::Aes256($modes) => $body,
        }
    };
}

impl Cipher {
    /// The ciphers of `key`.
    pub(super) fn new(key: &Key) -> Result<Self> {
        let ciphers = Self::expanded(key);
        wipe_stack();
        ciphers
    }

    /// Never inlined: what it leaves on the stack lies where [`wipe_stack`] writes.
    #[inline(never)]
    fn expanded(key: &Key) -> Result<Self> {
        let wrong = |_| Error::internal("a key of a length that AES does not have");
        Ok(match key.bytes().len() {
            16 => Self::Aes128(Box::new(Modes::new(Aes128::new_from_slice(key.bytes()).map_err(wrong)?))),
            24 => Self::Aes192(Box::new(Modes::new(Aes192::new_from_slice(key.bytes()).map_err(wrong)?))),
            _ => Self::Aes256(Box::new(Modes::new(Aes256::new_from_slice(key.bytes()).map_err(wrong)?))),
        })
    }

    /// The plain text of nonce, ciphertext, tag.
    pub(super) fn open(&self, content: &[u8], aad: &[u8]) -> Opened {
        let (nonce, rest) = content.split_first_chunk::<NONCE_BYTES>().ok_or(Refusal::TooShort)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(Refusal::TooShort)?;
        let mut text = ciphertext.to_vec();
        with_modes!(self, modes => modes.open(nonce, aad, &mut text, tag))?;
        Ok(text)
    }

    /// The plain text of nonce, ciphertext, whatever that is.
    pub(super) fn open_unauthenticated(&self, content: &[u8]) -> Opened {
        let (nonce, ciphertext) = content.split_first_chunk::<NONCE_BYTES>().ok_or(Refusal::TooShort)?;
        let mut text = ciphertext.to_vec();
        with_modes!(self, modes => modes.apply_key_stream(nonce, &mut text));
        Ok(text)
    }

    /// True where `signed` is a plain text followed by nonce and tag of its encryption.
    pub(super) fn is_signed(&self, signed: &[u8], aad: &[u8]) -> bool {
        let parts = signed.split_last_chunk::<TAG_BYTES>();
        let parts = parts
            .and_then(|(rest, tag)| rest.split_last_chunk::<NONCE_BYTES>().map(|(text, nonce)| (text, nonce, tag)));
        let Some((text, nonce, tag)) = parts else { return false };
        let mut text = text.to_vec();
        with_modes!(self, modes => modes.tag(nonce, aad, &mut text))
            .is_some_and(|found| differing_bits(&found, tag) == 0)
    }
}

/// Stack that making ciphers may take: each is some hundreds of bytes, and moved a few times.
const STACK_BYTES: usize = 16 << 10;

/// Overwrites the stack below the caller. Round keys begin with the key itself, and moving a cipher leaves a copy behind, which
/// would get into any value that is moved from there to the heap without filling all its bytes.
#[inline(never)]
fn wipe_stack() {
    let mut stack = [0u8; STACK_BYTES];
    stack.zeroize();
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cipher")
    }
}

impl<Aes> Modes<Aes>
where
    Aes: BlockSizeUser<BlockSize = U16> + BlockCipherEncrypt + Clone,
{
    fn new(aes: Aes) -> Self {
        Self { gcm: AesGcm::from(aes.clone()), aes }
    }

    fn open(
        &self,
        nonce: &[u8; NONCE_BYTES],
        aad: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG_BYTES],
    ) -> std::result::Result<(), Refusal> {
        let (nonce, tag) = (Nonce::<U12>::from(*nonce), Tag::<U16>::from(*tag));
        self.gcm.decrypt_inout_detached(&nonce, aad, text.into(), &tag).map_err(|_| Refusal::TagDiffers)
    }

    fn tag(&self, nonce: &[u8; NONCE_BYTES], aad: &[u8], text: &mut [u8]) -> Option<[u8; TAG_BYTES]> {
        let tag = self.gcm.encrypt_inout_detached(&Nonce::<U12>::from(*nonce), aad, text.into());
        tag.ok().map(Into::into)
    }

    /// The counter begins with 1, in the last four bytes of the block.
    fn apply_key_stream(&self, nonce: &[u8; NONCE_BYTES], text: &mut [u8]) {
        let mut first = [0; 16];
        let (front, counter) = first.split_at_mut(NONCE_BYTES);
        front.copy_from_slice(nonce);
        counter.copy_from_slice(&1_u32.to_be_bytes());
        let core = CtrCore::<&Aes, Ctr32BE>::inner_iv_init(&self.aes, &first.into());
        StreamCipherCoreWrapper::from_core(core).apply_keystream(text);
    }
}

/// Takes as long where the first byte differs as where none does.
fn differing_bits(left: &[u8; TAG_BYTES], right: &[u8; TAG_BYTES]) -> u8 {
    left.iter().zip(right).fold(0, |bits, (left, right)| bits | (left ^ right))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(digits: &str) -> Vec<u8> {
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
    }

    fn cipher(key: &str) -> Cipher {
        Cipher::new(&Key::new(&hex(key)).unwrap()).unwrap()
    }

    /// Test cases 4, 10 and 16 of the GCM specification: one plain text under keys of each length.
    #[test]
    fn gcm_agrees_with_its_specification() {
        let nonce = "cafebabefacedbaddecaf888";
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let text = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525\
                    b16aedf5aa0de657ba637b39";
        let key = "feffe9928665731c6d6a8f9467308308";
        let cases = [
            (
                16,
                "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa05\
                  1ba30b396a0aac973d58e091",
                "5bc94fbc3221a5db94fae95ae7121a47",
            ),
            (
                24,
                "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a3f47\
                  18e2448b2fe324d9ccda2710",
                "2519498e80f1478f37ba55bd6d27618c",
            ),
            (
                32,
                "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838\
                  c5f61e6393ba7a0abcc9f662",
                "76fc6ece0f4e1768cddf8853bb2d551b",
            ),
        ];
        for (length, ciphertext, tag) in cases {
            let cipher = cipher(&key.repeat(2)[..2 * length]);
            let module = hex(&[nonce, ciphertext, tag].concat());
            assert_eq!(cipher.open(&module, &aad), Ok(hex(text)));
            assert_eq!(cipher.open(&module, &aad[1..]), Err(Refusal::TagDiffers));
            for byte in [0, 20, module.len() - 1] {
                let mut changed = module.clone();
                changed[byte] ^= 1;
                assert_eq!(cipher.open(&changed, &aad), Err(Refusal::TagDiffers));
            }
            let signed = hex(&[text, nonce, tag].concat());
            assert!(cipher.is_signed(&signed, &aad) && !cipher.is_signed(&signed[1..], &aad));
        }
    }

    /// GCM encrypts with CTR from counter 2 on: the same text behind one block of any kind.
    #[test]
    fn ctr_begins_with_counter_one() {
        let cipher = cipher("feffe9928665731c6d6a8f9467308308");
        let nonce = "cafebabefacedbaddecaf888";
        let block = "00000000000000000000000000000000";
        let opened = cipher.open_unauthenticated(&hex(&[nonce, block, "42831ec2217774244b7221b784d0d49c"].concat()));
        assert_eq!(opened.unwrap()[16..], hex("d9313225f88406e5a55909c5aff5269a"));
    }

    #[test]
    fn too_short_is_said() {
        let cipher = cipher("feffe9928665731c6d6a8f9467308308");
        assert_eq!(cipher.open(&[0; 27], b""), Err(Refusal::TooShort));
        assert_eq!(cipher.open_unauthenticated(&[0; 11]), Err(Refusal::TooShort));
        assert!(!cipher.is_signed(&[0; 27], b""));
    }
}
