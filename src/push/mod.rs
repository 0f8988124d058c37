//! skeleton of the sans-IO state machines
use std::sync::Arc;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use crate::{ByteRange, Metadata, Result, ScanOptions};

mod buffers;
mod metadata;
pub use metadata::{MetadataDecoder, MetadataOptions, MetadataStep, PageIndexPolicy};

/// What one call of [`Decoder::try_decode`] came to.
#[derive(Debug)]
pub enum Step {
    /// Bytes are missing: these ranges, ascending and disjoint. Push some or all of them, then call again.
    NeedsData(Vec<ByteRange>),
    /// A batch.
    Batch(Batch),
    /// Every row was delivered.
    Finished,
}

/// Some rows.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The rows, in the schema of [`Decoder::schema`].
    pub rows: RecordBatch,
    /// The row group that they come from.
    pub row_group: usize,
}

/// What a decoder has done so far. Counts never fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Metrics {
    pub rows_total: u64,
    pub rows_out: u64,
    pub row_groups_total: u64,
    pub pages_total: u64,
    pub pages_skipped: u64,
    pub pages_decompressed: u64,
    pub bytes_requested: u64,
    pub bytes_pushed: u64,
    pub bytes_decompressed: u64,
    pub batches: u64,
    pub buffered_peak_bytes: u64,
}

/// The push decoder of one scan.
pub struct Decoder {}

impl Decoder {
    /// Checks `options` against `metadata`.
    pub fn new(_metadata: Arc<Metadata>, _options: ScanOptions) -> Result<Self> { unimplemented!() }
    /// Schema of the batches.
    pub fn schema(&self) -> SchemaRef { unimplemented!() }
    /// Takes bytes of the file at `offset` without copying; any bytes, asked for or not, in any order.
    pub fn push(&mut self, _offset: u64, _data: Bytes) -> Result<()> { unimplemented!() }
    /// The same, copying what may still be needed.
    pub fn push_copy(&mut self, _offset: u64, _data: &[u8]) -> Result<()> { unimplemented!() }
    /// One step. Errors stick.
    pub fn try_decode(&mut self) -> Result<Step> { unimplemented!() }
    /// Bytes held that are still to be decoded.
    pub fn buffered_bytes(&self) -> u64 { unimplemented!() }
    /// What was done so far.
    pub fn metrics(&self) -> Metrics { unimplemented!() }
}
