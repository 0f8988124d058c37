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
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::metadata::testing::{Record, chunk, file, footer, leaf, root, row_group};

    /// A file of one column and one row group, with `body` between magic and footer.
    fn sample(body: &[u8], chunk: Record) -> Vec<u8> {
        file(body, &footer(vec![root(1), leaf("a", 1)], vec![row_group(10, vec![chunk])]))
    }

    fn decoder(bytes: &[u8], options: MetadataOptions) -> MetadataDecoder {
        let mut decoder = MetadataDecoder::new(bytes.len() as u64, options).unwrap();
        decoder.push(0, Bytes::copy_from_slice(bytes)).unwrap();
        decoder
    }

    fn metadata(bytes: &[u8], options: MetadataOptions) -> Result<Arc<Metadata>> {
        match decoder(bytes, options).try_decode()? {
            MetadataStep::Finished(metadata) => Ok(metadata),
            MetadataStep::NeedsData(ranges) => panic!("asked for {ranges:?}"),
        }
    }

    fn error(bytes: &[u8], options: MetadataOptions) -> Error {
        metadata(bytes, options).map(drop).unwrap_err()
    }

    fn needs(decoder: &mut MetadataDecoder) -> Vec<ByteRange> {
        match decoder.try_decode().unwrap() {
            MetadataStep::NeedsData(ranges) => ranges,
            MetadataStep::Finished(_) => panic!("finished"),
        }
    }

    /// Two offset-index pages, then the index of ten rows at offset 24.
    fn with_offset_index() -> (Vec<u8>, u64) {
        let page = |offset, row| Record::new().i64(1, offset).i32(2, 10).i64(3, row);
        let index = Record::new().records(1, vec![page(4, 0), page(14, 5)]).finish();
        let mut body = vec![7; 20];
        body.extend_from_slice(&index);
        let length = index.len() as i32;
        (sample(&body, chunk(4, 20).i64(4, 24).i32(5, length)), index.len() as u64)
    }

    #[test]
    fn each_part_is_asked_for_exactly() {
        let (bytes, index_length) = with_offset_index();
        let length = bytes.len() as u64;
        let options = MetadataOptions { footer_size_hint: 0, ..MetadataOptions::default() };
        let mut decoder = MetadataDecoder::new(length, options).unwrap();
        let mut asked = Vec::new();
        while let MetadataStep::NeedsData(ranges) = decoder.try_decode().unwrap() {
            for range in ranges {
                decoder.push(range.offset, bytes[range.offset as usize..range.end() as usize].to_vec().into()).unwrap();
                asked.push(range);
            }
        }
        let footer_start = 24 + index_length;
        assert_eq!(
            asked,
            [
                ByteRange::between(length - 8, length),
                ByteRange::between(footer_start, length - 8),
                ByteRange::between(24, footer_start)
            ]
        );
    }

    #[test]
    fn what_was_pushed_is_not_asked_for() {
        let (bytes, index_length) = with_offset_index();
        let length = bytes.len() as u64;
        let mut decoder = MetadataDecoder::new(length, MetadataOptions::default()).unwrap();
        assert_eq!(needs(&mut decoder), [ByteRange::between(0, length)]);
        decoder.push(length - 20, bytes[bytes.len() - 20..].to_vec().into()).unwrap();
        assert_eq!(needs(&mut decoder), [ByteRange::between(24 + index_length, length - 20)]);
        decoder.push(26, bytes[26..bytes.len() - 20].to_vec().into()).unwrap();
        assert_eq!(needs(&mut decoder), [ByteRange::between(24, 26)]);
        assert_eq!(needs(&mut decoder), [ByteRange::between(24, 26)]);
        decoder.push(24, bytes[24..26].to_vec().into()).unwrap();
        assert!(matches!(decoder.try_decode(), Ok(MetadataStep::Finished(_))));
    }

    #[test]
    fn the_page_index_is_read_as_the_policy_says() {
        let (bytes, _) = with_offset_index();
        let with = |page_index| metadata(&bytes, MetadataOptions { page_index, ..MetadataOptions::default() }).unwrap();
        let index = |metadata: &Metadata| metadata.chunk(0, 0).unwrap().offset_index().cloned();
        let was_read = |metadata: &Metadata| {
            metadata.chunk(0, 0).unwrap().page_index.as_ref().is_some_and(|index| index.offsets.get().is_some())
        };
        let lazily = with(PageIndexPolicy::IfPresent);
        assert!(!was_read(&lazily) && index(&lazily).is_some() && was_read(&lazily));
        assert!(was_read(&with(PageIndexPolicy::Required)));
        assert_eq!(index(&with(PageIndexPolicy::Never)), None);
        assert_eq!(index(&with(PageIndexPolicy::IfPresent)).unwrap().pages[1].first_row, 5);
        assert_eq!(index(&with(PageIndexPolicy::Required)), index(&with(PageIndexPolicy::IfPresent)));
    }

    #[test]
    fn a_required_page_index_that_is_absent_or_wrong_is_an_error_with_its_column() {
        let body = [7; 30];
        let cases = [
            (chunk(4, 20), "no offset index"),
            (chunk(4, 20).i64(4, 24).i32(5, 2), "offset index does not end"),
            (chunk(4, 20).i64(4, 24).i32(5, 4000), "does not lie in the file"),
            (chunk(4, 20).i64(4, 24).i32(5, 4).i64(6, 26).i32(7, 4), "overlap"),
        ];
        for (chunk, message) in cases {
            let bytes = sample(&body, chunk);
            let options = MetadataOptions { page_index: PageIndexPolicy::Required, ..MetadataOptions::default() };
            let error = error(&bytes, options);
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
            assert!(error.message().contains(message), "{error}");
            assert!(message == "overlap" || (error.column(), error.row_group()) == (Some(0), Some(0)), "{error}");
            let lenient = metadata(&bytes, MetadataOptions::default()).unwrap();
            assert_eq!(lenient.chunk(0, 0).unwrap().offset_index(), None);
        }
    }

    #[test]
    fn finished_is_said_again_and_takes_no_more_bytes() {
        let bytes = sample(&[7; 20], chunk(4, 20));
        let mut decoder = decoder(&bytes, MetadataOptions::default());
        let MetadataStep::Finished(first) = decoder.try_decode().unwrap() else { panic!() };
        let MetadataStep::Finished(second) = decoder.try_decode().unwrap() else { panic!() };
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(decoder.push(0, Bytes::from_static(b"P")).unwrap_err().kind(), ErrorKind::InvalidState);
    }

    #[test]
    fn errors_stick() {
        let bytes = file(&[], b"\x19");
        let mut decoder = decoder(&bytes, MetadataOptions::default());
        let first = decoder.try_decode().unwrap_err();
        assert_eq!(first.kind(), ErrorKind::Corrupt);
        assert_eq!(decoder.try_decode().unwrap_err().to_string(), first.to_string());
        assert_eq!(decoder.push(0, Bytes::from_static(b"P")).unwrap_err().to_string(), first.to_string());
    }

    #[test]
    fn a_refused_push_changes_nothing() {
        let bytes = sample(&[7; 20], chunk(4, 20));
        let mut decoder = decoder(&bytes, MetadataOptions::default());
        for (offset, data) in [(bytes.len() as u64, &b"x"[..]), (u64::MAX, b"xy"), (0, b"QAR1"), (2, &[0; 5000])] {
            let error = decoder.push(offset, Bytes::copy_from_slice(data)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        }
        decoder.push(bytes.len() as u64, Bytes::new()).unwrap();
        assert!(matches!(decoder.try_decode(), Ok(MetadataStep::Finished(_))));
    }

    #[test]
    fn what_is_no_parquet_file_is_said_to_be_none() {
        for length in [0, 4, 11] {
            let error = MetadataDecoder::new(length, MetadataOptions::default()).map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotParquet);
        }
        assert_eq!(error(&[0; 100], MetadataOptions::default()).kind(), ErrorKind::NotParquet);
        let mut cut_off = b"PAR1".to_vec();
        cut_off.resize(1000, 7);
        assert_eq!(error(&cut_off, MetadataOptions::default()).kind(), ErrorKind::Truncated);
        let mut decoder = MetadataDecoder::new(1 << 40, MetadataOptions::default()).unwrap();
        decoder.push((1 << 40) - 8, Bytes::from_static(&[7; 8])).unwrap();
        assert_eq!(needs(&mut decoder), [HEAD]);
    }

    #[test]
    fn an_encrypted_footer_takes_a_key() {
        let mut bytes = sample(&[7; 20], chunk(4, 20));
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(MAGIC_OF_ENCRYPTED_FOOTER);
        let crypto = Record::new().record(1, Record::new().record(1, Record::new())).finish();
        bytes.truncate(end - 8);
        bytes.truncate(24);
        bytes.extend([&crypto, &(crypto.len() as u32).to_le_bytes()[..], MAGIC_OF_ENCRYPTED_FOOTER].concat());
        assert_eq!(error(&bytes, MetadataOptions::default()).kind(), ErrorKind::Key);
    }

    #[test]
    fn a_footer_longer_than_the_file_is_corrupt_and_not_asked_for() {
        for length in [0_u32, 21, 24, u32::MAX, 0x7fff_ffff] {
            let mut bytes = file(&[], &[0; 16]);
            let end = bytes.len();
            bytes[end - 8..end - 4].copy_from_slice(&length.to_le_bytes());
            assert_eq!(error(&bytes, MetadataOptions::default()).kind(), ErrorKind::Corrupt, "{length}");
        }
    }

    #[test]
    fn metadata_beyond_the_limit_are_refused() {
        let (bytes, index_length) = with_offset_index();
        let all = bytes.len() as u64 - 24 - 8;
        let with = |max_metadata_bytes| MetadataOptions { max_metadata_bytes, ..MetadataOptions::default() };
        assert!(metadata(&bytes, with(all)).is_ok());
        assert_eq!(error(&bytes, with(all - 1)).kind(), ErrorKind::Limit);
        assert_eq!(error(&bytes, with(all - index_length - 1)).kind(), ErrorKind::Limit);
        let no_index = MetadataOptions { page_index: PageIndexPolicy::Never, ..with(all - index_length) };
        assert!(metadata(&bytes, no_index).is_ok());
    }

    #[test]
    fn copies_of_what_lacks_of_the_footer_are_put_together() {
        let bytes = sample(&[7; 10], chunk(4, 10));
        let footer = &bytes[14..bytes.len() - 8];
        for (hint, cut) in [(8, 0), (20, 0), (30, 5), (9, 1)] {
            let options = MetadataOptions { footer_size_hint: hint, ..MetadataOptions::default() };
            let mut decoder = MetadataDecoder::new(bytes.len() as u64, options).unwrap();
            let metadata = loop {
                match decoder.try_decode().unwrap() {
                    MetadataStep::Finished(metadata) => break metadata,
                    MetadataStep::NeedsData(ranges) => {
                        // The last bytes first, so that some of them are there.
                        for range in ranges {
                            let (start, end) = (range.offset as usize, range.end() as usize);
                            let middle = end.saturating_sub(cut).max(start);
                            decoder.push_copy(middle as u64, &bytes[middle..end]).unwrap();
                            decoder.push_copy(start as u64, &bytes[start..middle]).unwrap();
                        }
                    }
                }
            };
            assert_eq!(metadata.thrift, footer, "{hint} {cut}");
        }
    }
}
