//! The metadata of encrypted files: an encrypted footer or the signature of one in plain text, and what the footer says
//! of each column's encryption.
//!
//! A column that cannot be opened, for want of a key or otherwise, spoils no other: why that is stands with its chunks
//! ([`Lock::Closed`]) and is told when they are read.

use std::sync::Arc;

use bytes::Bytes;

use crate::byte_range::ByteRange;
use crate::crypto::{self, Algorithm, ColumnDecryptor, ColumnKey, DecryptionProperties, FileDecryptor};
use crate::error::{Error, Result};
use crate::metadata::chunk;
use crate::metadata::footer::{self, ParsedFooter};
use crate::metadata::thrift::{Kind, Read, Reader};
use crate::metadata::{ColumnChunk, Metadata};

/// What stands between an encrypted chunk and its reader.
#[derive(Debug)]
pub(crate) enum Lock {
    /// Nothing: this opens it.
    Open(Arc<ColumnDecryptor>),
    /// Why it cannot be opened.
    Closed(Error),
}

/// What the footer says of the encryption of a column chunk.
#[derive(Debug)]
pub(crate) struct Seal {
    /// The key of the column; none where the file names a kind that the format does not define.
    key: Option<ColumnKey>,
    /// The column metadata, encrypted.
    pub(crate) metadata: Option<Vec<u8>>,
}

impl ColumnChunk {
    /// What opens the chunk; none where it is not encrypted. Fails where it cannot be opened.
    pub(crate) fn decryptor(&self) -> Result<Option<Arc<ColumnDecryptor>>> {
        match self.lock.as_deref() {
            None => Ok(None),
            Some(Lock::Open(decryptor)) => Ok(Some(Arc::clone(decryptor))),
            Some(Lock::Closed(why)) => Err(why.clone()),
        }
    }
}

/// Reads the footer `bytes`, which lie at `range` of a file of `file_length` bytes that ends with the magic of an
/// encrypted footer, or with the common one.
pub(crate) fn read_footer(
    bytes: &Bytes,
    range: ByteRange,
    file_length: u64,
    is_encrypted: bool,
    properties: Option<&DecryptionProperties>,
) -> Result<Metadata> {
    if is_encrypted {
        read_encrypted(bytes, range, file_length, properties)
    } else {
        let parsed = footer::parse(bytes, range.offset, file_length)?;
        if parsed.seals.is_empty() && parsed.algorithm.is_none() {
            return Ok(parsed.metadata);
        }
        read_signed(bytes, parsed, properties).map_err(|error| error.at_offset(range.offset))
    }
}

fn read_encrypted(
    bytes: &[u8],
    range: ByteRange,
    file_length: u64,
    properties: Option<&DecryptionProperties>,
) -> Result<Metadata> {
    let placed = |error: Error| error.at_offset(range.offset);
    crypto::check_supported().map_err(placed)?;
    let mut reader = Reader::new(bytes);
    let crypto = FileCrypto::read(&mut reader);
    let crypto = crypto.map_err(|failure| placed(failure.into_error("file crypto metadata")))?;
    let algorithm = crypto.algorithm.ok_or_else(|| placed(unknown_algorithm()))?;
    let no_keys = || placed(Error::key("the footer is encrypted, and no key was given"));
    let properties = properties.ok_or_else(no_keys)?;
    let mut file = FileDecryptor::new(properties, &algorithm, crypto.key_metadata.as_deref()).map_err(placed)?;
    let text = file.open_footer(bytes.get(reader.position()..).unwrap_or_default()).map_err(placed)?;
    let mut parsed = footer::parse(&text.into(), range.offset, file_length)?;
    unseal(&mut parsed, &mut |column| file.open_column(column.key, column.place, column.path, column.metadata));
    Ok(parsed.metadata)
}

/// A footer in plain text of a file some columns of which are encrypted.
fn read_signed(bytes: &[u8], mut parsed: ParsedFooter, properties: Option<&DecryptionProperties>) -> Result<Metadata> {
    match (properties, &parsed.algorithm) {
        (Some(properties), Some(algorithm)) => {
            crypto::check_supported()?;
            let algorithm = algorithm.as_ref().ok_or_else(unknown_algorithm)?;
            let mut file = FileDecryptor::new(properties, algorithm, parsed.signing_key_metadata.as_deref())?;
            file.verify_footer(bytes)?;
            unseal(&mut parsed, &mut |column| file.open_column(column.key, column.place, column.path, column.metadata));
        }
        (None, _) => unseal(&mut parsed, &mut |_| {
            crypto::check_supported().and(Err(Error::key("the column is encrypted, and no key was given")))
        }),
        (_, None) => unseal(&mut parsed, &mut |_| {
            Err(Error::corrupt("the column is encrypted, and the footer does not say by which algorithm"))
        }),
    }
    Ok(parsed.metadata)
}

fn unknown_algorithm() -> Error {
    Error::unsupported("the file is encrypted by an algorithm that is not known")
}

/// A column chunk that is to be opened.
struct SealedColumn<'a> {
    key: &'a ColumnKey,
    place: (usize, usize),
    path: &'a str,
    metadata: Option<&'a [u8]>,
}

type Opened = Result<(ColumnDecryptor, Option<Vec<u8>>)>;

/// Opens every sealed chunk, or notes with it why that is not possible.
fn unseal(parsed: &mut ParsedFooter, open: &mut dyn FnMut(SealedColumn<'_>) -> Opened) {
    let Metadata { schema, row_groups, thrift: footer, .. } = &mut parsed.metadata;
    let mut opened_metadata = Vec::new();
    for sealed in std::mem::take(&mut parsed.seals) {
        let group = row_groups.get_mut(sealed.row_group);
        let column = group.and_then(|group| group.chunks.read_mut(sealed.column));
        let (Some(column), Some(leaf)) = (column, schema.leaves.get(sealed.column)) else { continue };
        let Some(key) = &sealed.seal.key else {
            let why = Error::unsupported("the column has a kind of key that is not known");
            column.lock = Some(Box::new(Lock::Closed(why)));
            continue;
        };
        let path = leaf.dotted_path();
        let metadata = sealed.seal.metadata.as_deref();
        let place = (sealed.row_group_ordinal, sealed.column);
        let opened = open(SealedColumn { key, place, path, metadata });
        let opened = opened.and_then(|(decryptor, metadata)| {
            if let Some(metadata) = metadata {
                chunk::complete(column, &metadata, footer.len().saturating_add(opened_metadata.len()))?;
                opened_metadata.extend_from_slice(&metadata);
            }
            Ok(decryptor)
        });
        column.lock = Some(Box::new(match opened {
            Ok(decryptor) => Lock::Open(Arc::new(decryptor)),
            Err(why) => Lock::Closed(why),
        }));
    }
    if !opened_metadata.is_empty() {
        *footer = [footer, &opened_metadata[..]].concat().into();
    }
}

/// `FileCryptoMetaData`.
struct FileCrypto {
    algorithm: Option<Algorithm>,
    key_metadata: Option<Vec<u8>>,
}

impl FileCrypto {
    fn read(reader: &mut Reader<'_>) -> Read<Self> {
        let mut crypto = Self { algorithm: None, key_metadata: None };
        let mut last_id = 0;
        while let Some(field) = reader.field(&mut last_id)? {
            match (field.id, field.kind) {
                (1, Kind::Struct) => crypto.algorithm = read_algorithm(reader)?,
                (2, Kind::Binary) => crypto.key_metadata = Some(reader.binary()?.to_vec()),
                (_, kind) => reader.skip(kind)?,
            }
        }
        Ok(crypto)
    }
}

/// Reads an `EncryptionAlgorithm`; none for one that the format does not define.
pub(crate) fn read_algorithm(reader: &mut Reader<'_>) -> Read<Option<Algorithm>> {
    let mut algorithm = None;
    let mut last_id = 0;
    while let Some(field) = reader.field(&mut last_id)? {
        match (field.id, field.kind) {
            (1 | 2, Kind::Struct) => algorithm = Some(read_aad_parts(reader, field.id == 2)?),
            (_, kind) => reader.skip(kind)?,
        }
    }
    Ok(algorithm)
}

/// Reads an `AesGcmV1` or an `AesGcmCtrV1`, which have the same fields.
fn read_aad_parts(reader: &mut Reader<'_>, pages_by_ctr: bool) -> Read<Algorithm> {
    let mut algorithm = Algorithm { pages_by_ctr, ..Algorithm::default() };
    let mut last_id = 0;
    while let Some(field) = reader.field(&mut last_id)? {
        match (field.id, field.kind) {
            (1, Kind::Binary) => algorithm.aad_prefix = Some(reader.binary()?.to_vec()),
            (2, Kind::Binary) => algorithm.aad_file_unique = reader.binary()?.to_vec(),
            (3, Kind::True) => algorithm.supply_aad_prefix = true,
            (_, kind) => reader.skip(kind)?,
        }
    }
    Ok(algorithm)
}

/// Reads a `ColumnCryptoMetaData`.
pub(crate) fn read_seal(reader: &mut Reader<'_>) -> Read<Seal> {
    let mut key = None;
    let mut last_id = 0;
    while let Some(field) = reader.field(&mut last_id)? {
        match (field.id, field.kind) {
            (1, Kind::Struct) => {
                reader.skip(field.kind)?;
                key = Some(ColumnKey::Footer);
            }
            (2, Kind::Struct) => key = Some(ColumnKey::Own(read_key_metadata(reader)?)),
            (_, kind) => reader.skip(kind)?,
        }
    }
    Ok(Seal { key, metadata: None })
}

/// Reads an `EncryptionWithColumnKey`; the path in it is that of the schema.
fn read_key_metadata(reader: &mut Reader<'_>) -> Read<Option<Vec<u8>>> {
    let mut key_metadata = None;
    let mut last_id = 0;
    while let Some(field) = reader.field(&mut last_id)? {
        match (field.id, field.kind) {
            (2, Kind::Binary) => key_metadata = Some(reader.binary()?.to_vec()),
            (_, kind) => reader.skip(kind)?,
        }
    }
    Ok(key_metadata)
}
