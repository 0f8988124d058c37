//! What the integration tests share: seeded random numbers, generated Parquet files, hand-made Parquet files, fake
//! hosts that drive a decoder, and the comparison of arrays.
//!
//! Every test binary compiles this module for itself and uses a part of it.
#![allow(dead_code)]

pub mod compare;
pub mod condition;
pub mod corpus;
/// Which kernels of it can be run.
#[allow(dead_code)]
#[path = "../../src/simd/cpu.rs"]
mod cpu;
pub mod filter_case;
pub mod fixture;
pub mod fuzz;
pub mod fuzz_predicates;
pub mod fuzz_snappy;
pub mod handmade;
pub mod host;
pub mod hostile;
pub mod kinds;
pub mod layout;
pub mod memory;
pub mod nested;
pub mod nested_case;
pub mod random;
pub mod scenario;
pub mod shaped;
pub mod slow;
/// The library's own, which it does not show.
#[path = "../../src/simd/snappy/mod.rs"]
pub mod snappy;
pub mod thrift;
pub mod well_typed;
