//! Kernels over plain slices, with one dispatch.
//!
//! Each kernel is a safe function that checks the lengths of its slices, picks the best backend that this CPU has
//! ([`cpu`]) and runs the whole call in it; nothing is dispatched per value. A scalar twin of every kernel is always
//! compiled, is the specification, and is compared with each backend in tests. Knows nothing of Parquet or Arrow.

// Numbers here are lengths of buffers in memory and positions in them, never numbers from a file.
#![allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod bit_runs;
mod compress;
mod compress_ends;
mod copy;
mod cpu;
mod days;
mod delta;
mod ends;
mod expand;
mod expand_bits;
mod expand_from;
mod fill;
mod front_coded;
mod gather;
mod heads;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod lanes;
mod level_bits;
mod list_ends;
mod not_ascii;
mod passing;
mod passing_keys;
mod passing_wide;
mod placed_strings;
mod places;
mod plain_strings;
mod prefetch;
mod runs;
mod short_runs;
#[cfg(feature = "snappy")]
pub(crate) mod snappy;
#[cfg(all(test, feature = "snappy"))]
mod snappy_tests;
mod text_finder;
mod unpack;
mod unpack_levels;
mod unsplit;
mod utf8;
mod views;
mod widen;

/// Bytes that a step over eight bit-packed values may read from its first byte on.
const STEP_READ: usize = 64;

/// Kernels that walk over PLAIN strings take those that are shorter than this, and want so many bytes behind a length. The
/// lengths of such strings are ASCII.
pub(crate) const SHORT_PLAIN_BYTES: usize = 128;

/// Two bits for each of four: what selects values of sixteen bytes in halves.
#[cfg(target_arch = "x86_64")]
const TWICE: [u8; 16] = [0, 3, 12, 15, 48, 51, 60, 63, 192, 195, 204, 207, 240, 243, 252, 255];

pub(crate) use bit_runs::bit_runs;
pub(crate) use compress::{append_compressed, compress, compress_bits};
pub(crate) use compress_ends::{End, compress_ends};
pub(crate) use copy::copy_prefix;
use copy::copy_within;
pub(crate) use days::nanoseconds_since;
pub(crate) use delta::{PackedDeltas, PackedMiniblocks, add_deltas, add_miniblocks, sum_deltas};
pub(crate) use ends::{ends, ends_of_same};
pub(crate) use expand::{deposit_bits, expand, expand_bytes, expand_ends};
pub(crate) use expand_bits::expand_bits;
pub(crate) use expand_from::expand_from;
pub(crate) use fill::fill_over;
pub(crate) use front_coded::{FrontCoded, put_together};
pub(crate) use gather::{gather, gather_selected, gather_short, gather_widened, largest};
pub(crate) use heads::{compare_heads, head};
pub(crate) use level_bits::{WORD_LEVELS, at_least, highest as highest_level};
pub(crate) use list_ends::{ENDS_OVER, list_ends};
pub(crate) use not_ascii::not_ascii;
pub(crate) use passing::{packed, passing};
pub(crate) use passing_keys::passing_keys;
pub(crate) use passing_wide::{Passes, passing_wide};
pub(crate) use placed_strings::{PlacedStrings, STRINGS_OVER, start_and_length, string_place};
pub(crate) use places::places;
pub(crate) use plain_strings::{Copied, Front, copy_plain};
pub(crate) use prefetch::{prefetch_behind, prefetch_far_behind, prefetch_far_behind_all, prefetch_range};
pub(crate) use runs::{RunsTaken, walk_runs};
pub(crate) use short_runs::{MAX_RUN_WIDTH, RUNS_OVER, code_runs, level_runs, takes_runs_at_once};
pub(crate) use text_finder::TextFinder;
pub(crate) use unpack::unpack;
pub(crate) use unpack_levels::{LEVELS_OVER, unpack_levels};
pub(crate) use unsplit::unsplit;
pub(crate) use utf8::Utf8Walk;
pub(crate) use views::{INLINE_BYTES, plain_views, view_at, views};
pub(crate) use widen::{ByteOrder, widen};
