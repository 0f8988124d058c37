//! pqpush decodes Parquet files without doing I/O.
//!
//! The host owns files, sockets and threads. pqpush says which byte ranges of the file it needs, takes whatever bytes
//! come, and hands out Arrow record batches. From C and everything that speaks C it is used through `include/pqpush.h`;
//! this is the Rust API beneath it:
//!
//! 1. A [`MetadataDecoder`] reads footer and page index into an immutable [`Metadata`], to be shared in an `Arc`.
//! 2. A [`Decoder`] of that metadata and of [`ScanOptions`] reads the rows.
//!
//! Both are driven alike: call `try_decode`, push the ranges that it names, call again.
//!
//! # The rooms
//!
//! | module | what it is for |
//! |---|---|
//! | `ffi` | the C ABI: handles, errors, options, Arrow export; converts, decides nothing |
//! | [`push`] | the sans-IO state machines: metadata decoder, decoder, buffers, demand |
//! | [`scan`] | what to read: options, projection, plan |
//! | [`predicate`] | which rows can be left out, and how that is found out |
//! | `column` | one column of one row group: pages to levels and values to Arrow arrays |
//! | `page` | one page: header, checksum, decryption, decompression |
//! | `crypto` | modules of encrypted files, and the keys that open them |
//! | `encoding` | bytes of a page to values, one file an encoding |
//! | `simd` | kernels behind one dispatch, a scalar twin for each |
//! | `memory` | recycled, aligned blocks that values are written to |
//! | [`metadata`] | footer and page index as plain structs; the thrift reader |
//! | [`schema`] | the Parquet schema tree and the Arrow schema that it decodes to |
//!
//! Dependencies point one way: `ffi` to `push` to `scan` and `column`, `column` to `page` and `encoding`, those to `simd`
//! and `memory`; `metadata` and `schema` lie below and know nothing of the others.

#![deny(unsafe_code, unsafe_op_in_unsafe_fn, missing_docs)]
// Tests may stop where something is not as they expect.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss
    )
)]

#[cfg(not(panic = "unwind"))]
compile_error!("pqpush catches panics at its C ABI: build it with panic = \"unwind\"");

mod byte_range;
mod column;
mod crypto;
mod encoding;
mod error;
#[allow(unsafe_code)] // the C ABI is pointers
mod ffi;
#[allow(unsafe_code)] // owns and views raw memory
mod memory;
pub mod metadata;
mod page;
pub mod predicate;
pub mod push;
pub mod scan;
pub mod schema;
#[allow(unsafe_code)] // vector instructions
mod simd;

pub use byte_range::ByteRange;
pub use crypto::{DecryptionProperties, Key};
pub use error::{Error, ErrorKind, Result};
pub use metadata::Metadata;
pub use predicate::Predicate;
pub use push::{
    Batch, BloomFilterDecoder, BloomFilterStep, Decoder, MetadataDecoder, MetadataOptions, MetadataStep, Metrics,
    PageIndexPolicy, Step,
};
pub use scan::{Plan, ROW_GROUP_INDEX, ROW_NUMBER, RowSelection, ScanOptions, SelectionPolicy, Task};
pub use schema::StringType;
