//! The sans-IO state machines: which bytes are needed, and what comes of the bytes that came.
//!
//! [`MetadataDecoder`] reads footer and page index, [`Decoder`] the rows of one scan, [`BloomFilterDecoder`] the bloom
//! filter of one column chunk. All are driven the same way: the host calls `try_decode`, is told which ranges of the file
//! are missing, pushes bytes, and calls again. `buffers` holds what was pushed, `demand` says what to ask for, `row_group`
//! drives the columns of the row group at hand. Rests on `scan` for what to read and on `column` for reading it.

mod ahead;
mod bloom_filter;
mod bloom_probe;
mod buffers;
mod decoder;
mod demand;
mod filler;
mod filter;
mod filtered_rows;
mod intervals;
mod kept_rows;
mod metadata;
mod metrics;
mod open;
mod order;
mod output;
mod output_rows;
mod pull;
mod pushed;
mod reconfigure;
mod row_group;

pub use bloom_filter::{BloomFilterDecoder, BloomFilterStep};
pub use decoder::{Batch, Decoder, Step};
pub use metadata::{MetadataDecoder, MetadataOptions, MetadataStep, PageIndexPolicy};
pub use metrics::Metrics;
pub use pull::{BatchReader, RangeReader};
