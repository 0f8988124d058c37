//! The push decoder of the metadata: which bytes of the tail of the file are missing, and the parsed metadata at last.
//!
//! It goes from the last eight bytes (length of the footer, magic) to the footer, and from there to the page index,
//! and asks for no more than the next of these lacks. Bytes pushed before they were asked for count as well, however
//! they were cut. It rests on [`crate::metadata`], which parses, and on [`crate::push::buffers`], which holds the bytes.

mod page_index;

use std::sync::Arc;

use bytes::Bytes;

use crate::byte_range::ByteRange;
use crate::crypto::DecryptionProperties;
use crate::error::{Error, Result};
use crate::metadata::{Metadata, encryption};
use crate::push::buffers::Buffers;
use page_index::PendingIndexes;

/// Length of the footer and magic, at the very end of the file.
const TAIL_BYTES: u64 = 8;

/// A file that has nothing but both magics and an empty footer; nothing shorter is a Parquet file.
const SMALLEST_FILE_BYTES: u64 = 12;

/// The leading magic, which is looked at only to say what is wrong with a file that lacks the trailing one.
const HEAD: ByteRange = ByteRange { offset: 0, length: 4 };

/// A piece of the file that was pushed is kept with the metadata where it is at most so many times as long as the footer.
const LONGEST_PIECE_KEPT: u64 = 4;

const MAGIC: &[u8] = b"PAR1";
const MAGIC_OF_ENCRYPTED_FOOTER: &[u8] = b"PARE";

/// Whether the page index is read.
///
/// The page index is the offset index (where each data page lies) and the column index (what its values are bounded
/// by) of each column chunk. Writers may leave out either, for any chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageIndexPolicy {
    /// Where the file has one. An index that contradicts the footer or itself is dropped as if it were not there.
    #[default]
    IfPresent,
    /// Not at all.
    Never,
    /// An error that names the column where a column chunk with rows has no offset index, or where an index is there
    /// but wrong. A column index may be absent, as it is for types that have no order.
    Required,
}

/// How to read the metadata.
#[derive(Debug, Clone)]
pub struct MetadataOptions {
    /// Bytes of the tail of the file to ask for first; default 64 KiB. Less than the last 8 bytes is never asked for.
    pub footer_size_hint: u64,
    /// Whether the page index is read.
    pub page_index: PageIndexPolicy,
    /// Footer and page index that together are larger than this are refused; default 256 MiB.
    pub max_metadata_bytes: u64,
    /// The keys of an encrypted file; default none.
    pub decryption: Option<DecryptionProperties>,
}

impl Default for MetadataOptions {
    fn default() -> Self {
        Self {
            footer_size_hint: 64 * 1024,
            page_index: PageIndexPolicy::IfPresent,
            max_metadata_bytes: 256 * 1024 * 1024,
            decryption: None,
        }
    }
}

/// What one call of [`MetadataDecoder::try_decode`] came to.
#[derive(Debug, Clone)]
pub enum MetadataStep {
    /// Bytes are missing: these ranges, ascending and disjoint. Push some or all of them, then call again.
    NeedsData(Vec<ByteRange>),
    /// The metadata.
    Finished(Arc<Metadata>),
}

/// The push decoder of the metadata of one file: footer, then page index.
///
/// Call [`try_decode`](Self::try_decode), answer what it asks for with [`push`](Self::push), and repeat until it says
/// [`Finished`](MetadataStep::Finished). Any bytes of the file may be pushed at any time before that, in pieces of any
/// size: a host that pushes the tail (or all) of the file first is not asked for it again.
///
/// An error of `try_decode` is final: every later call gives the same error.
#[derive(Debug)]
pub struct MetadataDecoder {
    file_length: u64,
    options: MetadataOptions,
    buffers: Buffers,
    state: State,
}

/// What the decoder does next.
#[derive(Debug)]
enum State {
    /// Find out where the footer lies.
    Tail,
    /// The file ends without magic: see whether it begins with it, to tell what is wrong.
    Head,
    /// Read the footer, which is here.
    Footer { range: ByteRange, is_encrypted: bool },
    /// Read the page index of what the footer said.
    PageIndex(Box<Metadata>, PendingIndexes),
    /// All is read.
    Finished(Arc<Metadata>),
    /// Something was wrong.
    Failed(Error),
}

/// The state that follows, and the bytes that are missing in it; none where it can be worked on at once.
type Progress = (State, Vec<ByteRange>);

impl MetadataDecoder {
    /// A decoder for a file of `file_length` bytes.
    ///
    /// Fails with `NotParquet` where no Parquet file can be so short.
    pub fn new(file_length: u64, options: MetadataOptions) -> Result<Self> {
        if file_length < SMALLEST_FILE_BYTES {
            let message = format!("a file of {file_length} bytes is too short to be a Parquet file");
            return Err(Error::not_parquet(message));
        }
        Ok(Self { file_length, options, buffers: Buffers::default(), state: State::Tail })
    }

    /// Takes `data` as the bytes of the file at `offset`, without copying; asked for or not, in any order. The metadata keep
    /// the footer: `data` where all of it is in there and makes at least a quarter of it, else a copy.
    ///
    /// Fails, changing nothing, with `InvalidArgument` where the bytes end behind the file or differ from bytes pushed
    /// before, and with `InvalidState` after the metadata were handed out. After an error of
    /// [`try_decode`](Self::try_decode) it gives that error.
    pub fn push(&mut self, offset: u64, data: Bytes) -> Result<()> {
        match &self.state {
            State::Failed(error) => return Err(error.clone()),
            State::Finished(_) => {
                return Err(Error::invalid_state("the metadata are complete: nothing more is needed"));
            }
            _ => {}
        }
        let length = data.len() as u64;
        let file_length = self.file_length;
        if offset.checked_add(length).is_none_or(|end| end > file_length) {
            let message =
                format!("{length} bytes pushed at offset {offset} end behind the file of {file_length} bytes");
            return Err(Error::invalid_argument(message));
        }
        self.buffers.insert(offset, data)
    }

    /// The same with a copy of `data`. Where that is all that lacks of the footer, it is copied to where the footer is put
    /// together, and nowhere else.
    pub(crate) fn push_copy(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        let place = ByteRange { offset, length: data.len() as u64 };
        match self.state {
            State::Footer { range, .. } if self.buffers.missing(range) == [place] => {
                let mut footer = Vec::with_capacity(usize::try_from(range.length).unwrap_or(0));
                footer.extend_from_slice(&self.buffers.contiguous_from(range.offset, range.length));
                footer.extend_from_slice(data);
                footer.extend_from_slice(
                    &self.buffers.contiguous_from(place.end(), range.end().saturating_sub(place.end())),
                );
                self.buffers.remove(range);
                self.push(range.offset, footer.into())
            }
            _ => self.push(offset, Bytes::copy_from_slice(data)),
        }
    }

    /// Goes as far as the bytes at hand allow. After [`MetadataStep::Finished`] it gives the same metadata again.
    ///
    /// Fails with
    /// - `NotParquet` or `Truncated` where the file does not end as a Parquet file does,
    /// - `Key` where the footer is encrypted or signed and its key is missing or wrong; a column whose key is missing or
    ///   wrong fails only when it is read,
    /// - `Corrupt` where the footer contradicts the format or itself, or the page index does and it is
    ///   [required](PageIndexPolicy::Required),
    /// - `Limit` where footer and page index are larger than [`MetadataOptions::max_metadata_bytes`].
    pub fn try_decode(&mut self) -> Result<MetadataStep> {
        loop {
            match &self.state {
                State::Finished(metadata) => return Ok(MetadataStep::Finished(Arc::clone(metadata))),
                State::Failed(error) => return Err(error.clone()),
                _ => {}
            }
            let state = std::mem::replace(&mut self.state, State::Tail);
            let (state, missing) = self.advance(state).unwrap_or_else(|error| (State::Failed(error), Vec::new()));
            if matches!(state, State::Finished(_) | State::Failed(_)) {
                self.buffers = Buffers::default();
                self.options.decryption = None;
            }
            self.state = state;
            if !missing.is_empty() {
                return Ok(MetadataStep::NeedsData(missing));
            }
        }
    }

    /// Works on `state`, or says which bytes it lacks.
    fn advance(&self, state: State) -> Result<Progress> {
        match state {
            State::Tail => self.find_footer(),
            State::Head => self.tell_what_is_wrong(),
            State::Footer { range, is_encrypted } => self.read_footer(range, is_encrypted),
            State::PageIndex(metadata, pending) => self.read_page_index(metadata, pending),
            done @ (State::Finished(_) | State::Failed(_)) => Ok((done, Vec::new())),
        }
    }

    fn find_footer(&self) -> Result<Progress> {
        let tail = ByteRange::between(self.file_length.saturating_sub(TAIL_BYTES), self.file_length);
        let Some(bytes) = self.buffers.get(tail) else {
            let wanted = self.options.footer_size_hint.clamp(TAIL_BYTES, self.file_length.max(TAIL_BYTES));
            let wanted = ByteRange::between(self.file_length.saturating_sub(wanted), self.file_length);
            return Ok((State::Tail, self.buffers.missing(wanted)));
        };
        let (length, magic) = match bytes.split_first_chunk() {
            Some((length, magic)) => (u64::from(u32::from_le_bytes(*length)), magic),
            None => (0, &bytes[..]),
        };
        match magic {
            MAGIC | MAGIC_OF_ENCRYPTED_FOOTER => {
                let is_encrypted = magic == MAGIC_OF_ENCRYPTED_FOOTER;
                Ok((State::Footer { range: self.footer_range(length, tail.offset)?, is_encrypted }, Vec::new()))
            }
            _ => Ok((State::Head, Vec::new())),
        }
    }

    /// Where the footer lies that is said to have `length` bytes and ends at `end`.
    fn footer_range(&self, length: u64, end: u64) -> Result<ByteRange> {
        let start = end.checked_sub(length).filter(|&start| start >= HEAD.end() && length > 0).ok_or_else(|| {
            let file_length = self.file_length;
            Error::corrupt(format!("a footer of {length} bytes cannot be in a file of {file_length} bytes"))
                .at_offset(end)
        })?;
        let limit = self.options.max_metadata_bytes;
        if length > limit {
            let message = format!("the footer has {length} bytes, more than max_metadata_bytes, which is {limit}");
            return Err(Error::limit(message).at_offset(end));
        }
        Ok(ByteRange::between(start, end))
    }

    fn tell_what_is_wrong(&self) -> Result<Progress> {
        let end = self.file_length.saturating_sub(MAGIC.len() as u64);
        match self.buffers.get(HEAD) {
            None => Ok((State::Head, self.buffers.missing(HEAD))),
            Some(head) if head == MAGIC || head == MAGIC_OF_ENCRYPTED_FOOTER => {
                let message =
                    "the file begins as a Parquet file but has no footer at its end: it was cut off or not closed";
                Err(Error::truncated(message).at_offset(end))
            }
            Some(_) => Err(Error::not_parquet("the file neither begins nor ends as a Parquet file").at_offset(end)),
        }
    }

    fn read_footer(&self, range: ByteRange, is_encrypted: bool) -> Result<Progress> {
        let Some(bytes) = self.buffers.get(range) else {
            return Ok((State::Footer { range, is_encrypted }, self.buffers.missing(range)));
        };
        let keys = self.options.decryption.as_ref();
        // The metadata keep the footer. A piece that is much longer is not kept for its sake.
        let is_small_part = self.buffers.piece_bytes(range) / LONGEST_PIECE_KEPT > range.length;
        let bytes = if is_small_part { Bytes::copy_from_slice(&bytes) } else { bytes };
        let metadata = encryption::read_footer(&bytes, range, self.file_length, is_encrypted, keys)?;
        let mut metadata = Box::new(metadata);
        if self.options.page_index == PageIndexPolicy::Never {
            return Ok((State::Finished(Arc::from(metadata)), Vec::new()));
        }
        let required = self.options.page_index == PageIndexPolicy::Required;
        let room = self.options.max_metadata_bytes.saturating_sub(range.length);
        let pending = PendingIndexes::find(&mut metadata, range.offset, room, required)?;
        Ok((State::PageIndex(metadata, pending), Vec::new()))
    }

    fn read_page_index(&self, mut metadata: Box<Metadata>, pending: PendingIndexes) -> Result<Progress> {
        let missing = pending.missing(&self.buffers);
        if !missing.is_empty() {
            return Ok((State::PageIndex(metadata, pending), missing));
        }
        pending.read(&mut metadata, &self.buffers)?;
        Ok((State::Finished(Arc::from(metadata)), Vec::new()))
    }
}

#[cfg(test)]
mod tests;
