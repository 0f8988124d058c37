//! Kernels over plain slices, with one dispatch.
//!
//! Each kernel is a safe function that checks the lengths of its slices, picks the best backend that this CPU has
//! ([`cpu`]) and runs the whole call in it; nothing is dispatched per value. A scalar twin of every kernel is always
//! compiled, is the specification, and is compared with each backend in tests. Knows nothing of Parquet or Arrow.

mod copy;
mod cpu;
mod expand;
mod gather;
mod unpack;

pub(crate) use copy::copy_prefix;
pub(crate) use expand::{deposit_bits, expand, expand_ends};
pub(crate) use gather::gather;
pub(crate) use unpack::unpack;
