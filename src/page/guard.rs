//! What guards the bytes of a page in the file: encryption, and the checksum.
//!
//! Comes between the bytes as they lie in the file and header and body as the rest of the library sees them. Rests on
//! `crypto`.

use std::sync::Arc;

use bytes::Bytes;

use super::header::{self, LARGEST_HEADER_BYTES, PageHeader, Parsed};
use crate::crypto::{ColumnDecryptor, Module, module_bytes};
use crate::error::{Error, Result};

/// What guards the pages of one column chunk.
#[derive(Debug, Clone, Default)]
pub(crate) struct PageGuard {
    /// Opens the pages, where they are encrypted.
    pub decryptor: Option<Arc<ColumnDecryptor>>,
    /// Page checksums are verified where there are any.
    pub verify_checksums: bool,
    /// The chunk begins with its dictionary page; asked only of encrypted chunks, whose pages are bound to their kind.
    pub begins_with_dictionary: bool,
}

/// Which page of its chunk a page is, as far as encryption binds it to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PagePlace {
    /// The dictionary page.
    Dictionary,
    /// The data page in front of which there are so many.
    Data(u64),
}

impl PagePlace {
    fn header(self) -> Module {
        match self {
            Self::Dictionary => Module::DictionaryPageHeader,
            Self::Data(ordinal) => Module::DataPageHeader { ordinal },
        }
    }

    fn body(self) -> Module {
        match self {
            Self::Dictionary => Module::DictionaryPage,
            Self::Data(ordinal) => Module::DataPage { ordinal },
        }
    }
}

impl PageGuard {
    /// Parses the page header at the front of `bytes`. An error carries no place: the caller knows it.
    pub(crate) fn parse_header(&self, bytes: &[u8], place: PagePlace) -> Result<Parsed> {
        let Some(decryptor) = &self.decryptor else { return header::parse(bytes) };
        let length = match module_bytes(bytes).map(usize::try_from) {
            None => return Ok(Parsed::Incomplete),
            Some(Ok(length)) if length <= LARGEST_HEADER_BYTES => length,
            Some(_) => {
                let message = format!("an encrypted page header is longer than {LARGEST_HEADER_BYTES} bytes");
                return Err(Error::corrupt(message));
            }
        };
        let Some(module) = bytes.get(..length) else { return Ok(Parsed::Incomplete) };
        match header::parse(&decryptor.open(place.header(), module)?)? {
            Parsed::Header(header, _) => Ok(Parsed::Header(header, length)),
            Parsed::Incomplete => Err(Error::corrupt("a page header does not end where its encrypted bytes end")),
        }
    }

    /// The body of the page of `header` that lies in the file as `bytes`.
    pub(crate) fn open_body(&self, header: &PageHeader, bytes: Bytes, place: PagePlace) -> Result<Bytes> {
        if let (true, Some(stated)) = (self.verify_checksums, header.crc) {
            let found = libdeflater::crc32(&bytes);
            if found != stated {
                let message = format!("the page has the checksum {found:08x}, its header says {stated:08x}");
                return Err(Error::checksum(message));
            }
        }
        match &self.decryptor {
            Some(decryptor) => decryptor.open(place.body(), &bytes).map(Bytes::from),
            None => Ok(bytes),
        }
    }
}
