//! skeleton
pub mod byte_range;
pub mod error;
pub mod metadata;
pub mod push;
pub mod scan;
pub mod schema;
pub mod page;
mod ffi;

pub use byte_range::ByteRange;
pub use error::{Error, ErrorKind, Result};
pub use metadata::Metadata;
pub use push::{Batch, Decoder, MetadataDecoder, MetadataOptions, MetadataStep, Metrics, PageIndexPolicy, Step};
pub use scan::ScanOptions;
pub use schema::StringType;
