//! Kernels over plain slices, with one dispatch.
//!
//! Each kernel is a safe function that checks the lengths of its slices, picks the best backend that this CPU has
//! ([`cpu`]) and runs the whole call in it; nothing is dispatched per value. A scalar twin of every kernel is always
//! compiled, is the specification, and is compared with each backend in tests. Knows nothing of Parquet or Arrow.

// Numbers here are lengths of buffers in memory and positions in them, never numbers from a file.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod copy;
mod cpu;
mod expand;
mod gather;
mod unpack;

pub(crate) use copy::copy_prefix;
pub(crate) use expand::{deposit_bits, expand, expand_bytes, expand_ends};
pub(crate) use gather::gather;
pub(crate) use unpack::unpack;
