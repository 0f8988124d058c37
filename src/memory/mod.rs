//! Memory that decoded values are written to.
//!
//! First-touch pages of fresh memory cost more than decoding into them, so blocks are aligned, padded, always
//! initialised and recycled: a block goes back to the [`Pool`] of its decoder when the last array that uses it is
//! released. [`Pools`] hands the pool of a decoder that is gone to the next one of the same plan. [`Values`] is a growable run
//! of plain values in one block, [`GrowingBlock`] what is filled while its front is in use, [`Bits`] a growable bitmap,
//! [`Validity`] a bitmap that exists only once a null was met.
//!
//! Blocks are initialised once, zeroed as far as they come to be used, and keep stale values afterwards; every stale byte
//! is a valid value of every [`Plain`] type. That is what lets decoders write into spare room as a plain `&mut [T]`, past
//! the end of what they need (`OVERWRITE_BYTES`), in safe code. `unsafe` in this room is about owning and viewing raw memory only.

// Numbers here are lengths of buffers in memory and positions in them, never numbers from a file.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod array;
mod bit_room;
mod bits;
mod block;
#[cfg(any(feature = "snappy", feature = "zstd"))]
mod growing_block;
mod pools;
mod values;

pub(crate) use array::{array_from_parts, array_of_values, array_with_children};
pub(crate) use bit_room::BitRoom;
pub(crate) use bits::{BitSlice, Bits, Validity, count_ones};
pub(crate) use block::Pool;
#[cfg(any(feature = "snappy", feature = "zstd"))]
pub(crate) use growing_block::GrowingBlock;
pub(crate) use pools::{LentPool, Pools};
pub(crate) use values::{Plain, Unaligned, Values, view_as};
