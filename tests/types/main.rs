//! The types of output columns: by the hint that a writer left, by the schema that a host gives, as dictionaries; and the
//! columns that are appended.
//!
//! Files are written by the `parquet` crate from Arrow arrays. What the hint makes of them is compared with that crate's
//! reader, what a host asks for with a cast of the file's own values.

// Tests may stop where something is not as they expect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

#[path = "../support/mod.rs"]
mod support;

mod appended;
mod dictionaries;
mod files;
mod given;
mod hint;
