//! Modules: how long one is, and what binds it to its place.

use crate::error::{Error, Result};

/// Length of the field in front of every module that says how many bytes follow.
const LENGTH_BYTES: usize = 4;

/// A module of a column chunk. Data pages are counted within their chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Module {
    ColumnMetadata,
    DataPage { ordinal: u64 },
    DictionaryPage,
    DataPageHeader { ordinal: u64 },
    DictionaryPageHeader,
    ColumnIndex,
    OffsetIndex,
    BloomFilterHeader,
    BloomFilterBitset,
}

impl Module {
    /// The number of the format, and the ordinal of the page where the module is of one.
    fn number(self) -> (u8, Option<u64>) {
        match self {
            Self::ColumnMetadata => (1, None),
            Self::DataPage { ordinal } => (2, Some(ordinal)),
            Self::DictionaryPage => (3, None),
            Self::DataPageHeader { ordinal } => (4, Some(ordinal)),
            Self::DictionaryPageHeader => (5, None),
            Self::ColumnIndex => (6, None),
            Self::OffsetIndex => (7, None),
            Self::BloomFilterHeader => (8, None),
            Self::BloomFilterBitset => (9, None),
        }
    }

    /// What the module is called in an error.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ColumnMetadata => "column metadata",
            Self::DataPage { .. } => "data page",
            Self::DictionaryPage => "dictionary page",
            Self::DataPageHeader { .. } => "header of the data page",
            Self::DictionaryPageHeader => "header of the dictionary page",
            Self::ColumnIndex => "column index",
            Self::OffsetIndex => "offset index",
            Self::BloomFilterHeader => "header of the bloom filter",
            Self::BloomFilterBitset => "bloom filter",
        }
    }

    /// True for pages themselves, which AES_GCM_CTR_V1 does not authenticate.
    pub(super) fn is_page(self) -> bool {
        matches!(self, Self::DataPage { .. } | Self::DictionaryPage)
    }

    /// The AAD of the module in a chunk of a file with the AAD `file_aad`.
    pub(super) fn aad(self, file_aad: &[u8], row_group: i16, column: i16) -> Result<Vec<u8>> {
        let (number, page) = self.number();
        let mut aad = file_aad.to_vec();
        aad.push(number);
        aad.extend_from_slice(&row_group.to_le_bytes());
        aad.extend_from_slice(&column.to_le_bytes());
        if let Some(page) = page {
            aad.extend_from_slice(&ordinal("page", page)?.to_le_bytes());
        }
        Ok(aad)
    }
}

/// The AAD of the footer.
pub(super) fn footer_aad(file_aad: &[u8]) -> Vec<u8> {
    [file_aad, &[0]].concat()
}

/// An ordinal as an AAD has it.
pub(super) fn ordinal(of: &str, number: impl TryInto<i16>) -> Result<i16> {
    let message = || format!("an encrypted file has no {of} behind the one with the ordinal {}", i16::MAX);
    number.try_into().map_err(|_| Error::unsupported(message()))
}

/// Bytes of the module at the front of `bytes`, its length field included; `None` where not even that is there.
pub(crate) fn module_bytes(bytes: &[u8]) -> Option<u64> {
    let length = u32::from_le_bytes(*bytes.first_chunk::<LENGTH_BYTES>()?);
    Some(u64::from(length).saturating_add(LENGTH_BYTES as u64))
}

/// The module at the front of `bytes`, and what follows it; else how many bytes there have to be to know more.
pub(crate) fn split_module(bytes: &[u8]) -> std::result::Result<(&[u8], &[u8]), u64> {
    let length = module_bytes(bytes).ok_or(LENGTH_BYTES as u64)?;
    usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length)).ok_or(length)
}

/// What is in the module at the front of `bytes`, behind its length field.
pub(super) fn content(bytes: &[u8]) -> Option<&[u8]> {
    let end = usize::try_from(module_bytes(bytes)?).ok()?;
    bytes.get(LENGTH_BYTES..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aads_are_of_the_format() {
        let aad = |module: Module| module.aad(b"file", 3, 258).unwrap();
        assert_eq!(aad(Module::ColumnMetadata), b"file\x01\x03\x00\x02\x01");
        assert_eq!(aad(Module::DataPage { ordinal: 513 }), b"file\x02\x03\x00\x02\x01\x01\x02");
        assert_eq!(aad(Module::DictionaryPageHeader), b"file\x05\x03\x00\x02\x01");
        assert_eq!(footer_aad(b"file"), b"file\x00");
        assert!(Module::DataPageHeader { ordinal: 32_768 }.aad(b"", 0, 0).is_err());
    }

    #[test]
    fn a_module_is_as_long_as_it_says() {
        assert_eq!(module_bytes(&[1, 0, 0]), None);
        assert_eq!(module_bytes(&[1, 1, 0, 0]), Some(261));
        assert_eq!(content(&[2, 0, 0, 0, 7, 8, 9]), Some(&[7, 8][..]));
        assert_eq!(content(&[2, 0, 0, 0, 7]), None);
        assert_eq!(split_module(&[1, 0, 0, 0, 7, 8]), Ok((&[1, 0, 0, 0, 7][..], &[8][..])));
        assert_eq!(split_module(&[1, 0, 0, 0]), Err(5));
        assert_eq!(split_module(&[1, 0, 0]), Err(4));
    }
}
