//! skeleton
pub mod byte_range;
mod column;
mod encoding;
pub mod error;
mod ffi;
mod memory;
pub mod metadata;
mod page;
pub mod push;
pub mod scan;
pub mod schema;
mod simd;

pub use byte_range::ByteRange;
pub use error::{Error, ErrorKind, Result};
pub use metadata::Metadata;
pub use push::{Batch, Decoder, MetadataDecoder, MetadataOptions, MetadataStep, Metrics, PageIndexPolicy, Step};
pub use scan::ScanOptions;
pub use schema::StringType;
