//! The push decoder of the metadata.
use std::sync::Arc;
use bytes::Bytes;
use crate::{ByteRange, Metadata, Result};

/// Whether the page index is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageIndexPolicy {
    /// Where the file has one.
    #[default]
    IfPresent,
    /// Not at all.
    Never,
    /// An error where a column chunk has none.
    Required,
}

/// How to read the metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataOptions {
    /// Bytes of the tail of the file to ask for first; default 64 KiB.
    pub footer_size_hint: u64,
    /// Whether the page index is read.
    pub page_index: PageIndexPolicy,
    /// Footer and page index larger than this are refused; default 256 MiB.
    pub max_metadata_bytes: u64,
}

/// What one call of [`MetadataDecoder::try_decode`] came to.
#[derive(Debug)]
pub enum MetadataStep {
    /// Bytes are missing: these ranges, ascending and disjoint.
    NeedsData(Vec<ByteRange>),
    /// The metadata.
    Finished(Arc<Metadata>),
}

/// The push decoder of the metadata of one file.
pub struct MetadataDecoder {}

impl MetadataDecoder {
    pub fn new(_file_length: u64, _options: MetadataOptions) -> Result<Self> { unimplemented!() }
    pub fn push(&mut self, _offset: u64, _data: Bytes) -> Result<()> { unimplemented!() }
    pub fn try_decode(&mut self) -> Result<MetadataStep> { unimplemented!() }
}
