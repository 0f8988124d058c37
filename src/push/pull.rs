//! Batches from a source that can be called for bytes: a client of the push decoders and nothing more.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;

use super::{Decoder, MetadataDecoder, MetadataOptions, MetadataStep, Step};
use crate::byte_range::ByteRange;
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::scan::ScanOptions;

/// A file that can be read.
pub trait RangeReader {
    /// The bytes of each of these ranges, which are not empty, ascending and disjoint.
    fn read_ranges(&mut self, ranges: &[ByteRange]) -> Result<Vec<Bytes>>;
}

/// Reads the batches of one scan.
pub struct BatchReader<R> {
    source: R,
    decoder: Decoder,
    /// The first error; every later call returns it again.
    failure: Option<Error>,
}

impl<R: RangeReader> BatchReader<R> {
    /// Reads the metadata of a file of `file_length` bytes and plans the scan.
    pub fn open(
        mut source: R,
        file_length: u64,
        metadata_options: MetadataOptions,
        options: ScanOptions,
    ) -> Result<Self> {
        let metadata = read_metadata(&mut source, file_length, metadata_options)?;
        Ok(Self { source, decoder: Decoder::new(metadata, options)?, failure: None })
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        self.decoder.schema()
    }

    /// The next batch; `None` behind the last one. An error is final.
    pub fn next_batch(&mut self) -> Result<Option<RecordBatch>> {
        match &self.failure {
            Some(failure) => Err(failure.clone()),
            None => self.advance().inspect_err(|error| self.failure = Some(error.clone())),
        }
    }

    fn advance(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            match self.decoder.try_decode()? {
                Step::NeedsData(ranges) => {
                    let decoder = &mut self.decoder;
                    feed(&mut self.source, &ranges, |offset, bytes| decoder.push_given(offset, bytes))?;
                }
                Step::Batch(batch) => return Ok(Some(batch.rows)),
                Step::RowGroupEnd(_) => {}
                Step::Finished => return Ok(None),
            }
        }
    }
}

fn read_metadata(source: &mut impl RangeReader, file_length: u64, options: MetadataOptions) -> Result<Arc<Metadata>> {
    let mut decoder = MetadataDecoder::new(file_length, options)?;
    loop {
        match decoder.try_decode()? {
            MetadataStep::NeedsData(ranges) => feed(source, &ranges, |offset, bytes| decoder.push(offset, bytes))?,
            MetadataStep::Finished(metadata) => return Ok(metadata),
        }
    }
}

fn feed(
    source: &mut impl RangeReader,
    ranges: &[ByteRange],
    mut push: impl FnMut(u64, Bytes) -> Result<()>,
) -> Result<()> {
    let read = source.read_ranges(ranges)?;
    let is_complete =
        read.len() == ranges.len() && ranges.iter().zip(&read).all(|(range, bytes)| range.length == bytes.len() as u64);
    if !is_complete {
        return Err(Error::callback("the source gave other ranges than it was asked for"));
    }
    ranges.iter().zip(read).try_for_each(|(range, bytes)| push(range.offset, bytes))
}
