//! The push decoder of one bloom filter: which bytes of it are missing, and the filter at last.
//!
//! Where the footer says how long the filter is, all of it is asked for at once; else its header first, then the rest.

use std::sync::Arc;

use bytes::Bytes;

use crate::byte_range::ByteRange;
use crate::crypto::{ColumnDecryptor, Module, split_module};
use crate::error::{Error, Result};
use crate::metadata::bloom_filter::Header;
use crate::metadata::{BloomFilter, Metadata};
use crate::push::buffers::Buffers;
use crate::schema::{Leaf, StringType};

/// Bytes to ask for where the length is not known: a header takes about half of them.
const HEADER_GUESS_BYTES: u64 = 32;
/// No header is longer.
const LARGEST_HEADER_BYTES: u64 = 4096;
/// Magic and footer length at the end of the file, before which a filter must end.
const TAIL_BYTES: u64 = 8;

/// What one call of [`BloomFilterDecoder::try_decode`] came to.
#[derive(Debug, Clone)]
pub enum BloomFilterStep {
    /// Bytes are missing: these ranges, ascending and disjoint. Push some or all of them, then call again.
    NeedsData(Vec<ByteRange>),
    /// The filter.
    Finished(Arc<BloomFilter>),
}

/// The push decoder of the bloom filter of one column chunk. It is driven like a [`MetadataDecoder`](crate::MetadataDecoder).
///
/// An error of `try_decode` is final: every later call gives the same error.
#[derive(Debug)]
pub struct BloomFilterDecoder {
    metadata: Arc<Metadata>,
    row_group: usize,
    column: usize,
    /// What is asked for: the filter as far as its length is known.
    wanted: ByteRange,
    /// The footer says that the filter is as long as `wanted`.
    length_is_known: bool,
    /// Opens the filter, where it is encrypted.
    decryptor: Option<Arc<ColumnDecryptor>>,
    buffers: Buffers,
    outcome: Option<Result<Arc<BloomFilter>>>,
}

impl BloomFilterDecoder {
    /// A decoder for the bloom filter of a column chunk.
    ///
    /// Fails with `InvalidArgument` where the file has no such chunk or the chunk no bloom filter, with `Unsupported`
    /// where the chunk lies in another file, with `Key` where it is encrypted and cannot be opened, with `Corrupt` where the filter does not lie in the file.
    pub fn new(metadata: Arc<Metadata>, row_group: usize, column: usize) -> Result<Self> {
        let leaf = metadata.schema.leaves.get(column);
        let (Some(leaf), true) = (leaf, row_group < metadata.row_groups.len()) else {
            return Err(Error::invalid_argument(format!("there is no column {column} of row group {row_group}")));
        };
        let chunk = metadata.chunk(row_group, column)?;
        let placed = |error: Error| error.in_row_group(row_group).in_column(column, leaf.dotted_path());
        let Some(offset) = chunk.bloom_filter_offset else {
            return Err(placed(Error::invalid_argument("the column chunk has no bloom filter")));
        };
        if chunk.external {
            return Err(placed(Error::unsupported("the bloom filter of a column chunk that lies in another file")));
        }
        let decryptor = chunk.decryptor().map_err(placed)?;
        let room = metadata.file_length.saturating_sub(TAIL_BYTES).saturating_sub(offset);
        let length = chunk.bloom_filter_length.unwrap_or(HEADER_GUESS_BYTES.min(room));
        if length == 0 || length > room {
            let message = format!("a bloom filter of {length} bytes does not lie in the file");
            return Err(placed(Error::corrupt(message).at_offset(offset)));
        }
        let wanted = ByteRange { offset, length };
        let length_is_known = chunk.bloom_filter_length.is_some();
        Ok(Self {
            metadata,
            row_group,
            column,
            wanted,
            length_is_known,
            decryptor,
            buffers: Buffers::default(),
            outcome: None,
        })
    }

    /// Takes `data` as the bytes of the file at `offset`, without copying; asked for or not, in any order.
    ///
    /// Fails, changing nothing, with `InvalidArgument` where the bytes end behind the file or differ from bytes pushed
    /// before, and with `InvalidState` after the filter was handed out. After an error of
    /// [`try_decode`](Self::try_decode) it gives that error.
    pub fn push(&mut self, offset: u64, data: Bytes) -> Result<()> {
        match &self.outcome {
            Some(Err(error)) => return Err(error.clone()),
            Some(Ok(_)) => return Err(Error::invalid_state("the bloom filter is complete: nothing more is needed")),
            None => {}
        }
        let (length, file_length) = (data.len() as u64, self.metadata.file_length);
        if offset.checked_add(length).is_none_or(|end| end > file_length) {
            let message =
                format!("{length} bytes pushed at offset {offset} end behind the file of {file_length} bytes");
            return Err(Error::invalid_argument(message));
        }
        self.buffers.insert(offset, data)
    }

    /// Goes as far as the bytes at hand allow. After [`BloomFilterStep::Finished`] it gives the same filter again.
    ///
    /// Fails with `Corrupt` where the bytes are no bloom filter or, of an encrypted one, were changed, with `Unsupported` for one of another kind than the
    /// format has today.
    pub fn try_decode(&mut self) -> Result<BloomFilterStep> {
        loop {
            match &self.outcome {
                Some(Ok(filter)) => return Ok(BloomFilterStep::Finished(Arc::clone(filter))),
                Some(Err(error)) => return Err(error.clone()),
                None => {}
            }
            let missing = self.buffers.missing(self.wanted);
            if !missing.is_empty() {
                return Ok(BloomFilterStep::NeedsData(missing));
            }
            if let Some(outcome) = self.advance().map_err(|error| self.placed(error)).transpose() {
                self.outcome = Some(outcome.map(Arc::new));
                self.buffers = Buffers::default();
            }
        }
    }

    /// Reads what is wanted, all of which is here: the filter, or none where more of it has to be wanted.
    fn advance(&mut self) -> Result<Option<BloomFilter>> {
        let bytes = self.buffers.get(self.wanted).unwrap_or_default();
        if let Some(decryptor) = self.decryptor.clone() {
            return self.advance_encrypted(&bytes, &decryptor);
        }
        let Some(header) = Header::read(&bytes)? else {
            // Twice as much may have the whole header in it.
            let more = self.wanted.length.saturating_mul(2).min(LARGEST_HEADER_BYTES).min(self.room());
            return self.want(more).map(|()| None);
        };
        let length = header.header_bytes.saturating_add(header.bitset_bytes);
        if length > self.wanted.length {
            return self.want(length).map(|()| None);
        }
        let place = |position: u64| usize::try_from(position).unwrap_or(usize::MAX);
        let bitset = bytes.get(place(header.header_bytes)..place(length)).unwrap_or_default();
        Ok(self.filter(bitset))
    }

    /// The same where header and bitset are a module each.
    fn advance_encrypted(&mut self, bytes: &[u8], decryptor: &ColumnDecryptor) -> Result<Option<BloomFilter>> {
        let (header, rest) = match split_module(bytes) {
            Ok(parts) => parts,
            Err(needed) => return self.want(needed).map(|()| None),
        };
        let (bitset, _) = match split_module(rest) {
            Ok(parts) => parts,
            Err(needed) => return self.want(needed.saturating_add(header.len() as u64)).map(|()| None),
        };
        let header = Header::read(&decryptor.open(Module::BloomFilterHeader, header)?)?;
        let bitset = decryptor.open(Module::BloomFilterBitset, bitset)?;
        if header.is_none_or(|header| header.bitset_bytes != bitset.len() as u64) {
            return Err(Error::corrupt("the encrypted bloom filter has another length than its header says"));
        }
        Ok(self.filter(&bitset))
    }

    fn filter(&self, bitset: &[u8]) -> Option<BloomFilter> {
        let leaf = self.leaf()?;
        let data_type = self.metadata.leaf_type(self.column, leaf, StringType::default());
        Some(BloomFilter::new(leaf, data_type, bitset))
    }

    /// Asks for `length` bytes from now on, which are to be more than before.
    fn want(&mut self, length: u64) -> Result<()> {
        if self.length_is_known || length <= self.wanted.length || length > self.room() {
            return Err(Error::corrupt("the bloom filter does not end where its bytes end"));
        }
        self.wanted.length = length;
        Ok(())
    }

    /// Bytes of the file in which the filter must lie.
    fn room(&self) -> u64 {
        self.metadata.file_length.saturating_sub(TAIL_BYTES).saturating_sub(self.wanted.offset)
    }

    fn leaf(&self) -> Option<&Leaf> {
        self.metadata.schema.leaves.get(self.column)
    }

    fn placed(&self, error: Error) -> Error {
        let path = self.leaf().map(Leaf::dotted_path).unwrap_or_default();
        error.at_offset(self.wanted.offset).in_row_group(self.row_group).in_column(self.column, path)
    }
}
