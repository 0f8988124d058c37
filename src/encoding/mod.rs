//! Bytes of a page to values, one file an encoding.
//!
//! A decoder here is a small cursor: it holds positions, not bytes. The page's bytes are handed to each call, so that one
//! page buffer can serve levels, values and arrays at once. Every read is bounds-checked against those bytes and says
//! how many values it asked for and how many were there; the caller adds the place in the file. Decoders work in
//! runs and blocks: nothing is dispatched per value. Rests on `memory` and `simd`,
//! and on `metadata` and `schema` for the names of encodings and physical types.

mod byte_array_block;
mod byte_stream_split;
mod codes;
mod definition_levels;
mod delta_binary_packed;
mod delta_byte_array;
mod delta_length_byte_array;
mod hybrid;
mod level_stream;
mod plain_bytes;
#[cfg(test)]
mod testing;
mod utf8;
mod value_cursor;

pub(crate) use byte_array_block::ByteArrayBlock;
pub(crate) use byte_stream_split::ByteStreamSplit;
pub(crate) use codes::{CodeBlock, CodeScratch, Codes};
pub(crate) use definition_levels::DefinitionLevels;
pub(crate) use delta_binary_packed::DeltaBinaryPacked;
pub(crate) use delta_byte_array::DeltaByteArray;
pub(crate) use delta_length_byte_array::DeltaLengthByteArray;
pub(crate) use hybrid::{Hybrid, Piece};
pub(crate) use level_stream::{LEVEL_BLOCK, LEVEL_ROOM, LevelStream, bit_packed_bytes};
pub(crate) use plain_bytes::{PlainBytes, byte_array_at};
pub(crate) use utf8::{PlainText, end_inside_characters, validate_value, validate_values};
pub(crate) use value_cursor::{ValueCursor, for_each_block, undefined};

use hybrid::varint;

use crate::error::{Error, Result};

/// The error of a stream that ends before the values that the page header counts.
#[cold]
pub(crate) fn values_missing(what: &str, wanted: usize, there: usize) -> Error {
    Error::corrupt(format!("{what} end early: {wanted} more values expected, {there} there"))
}

/// How many values of `width` bytes `bytes` hold; values of no width are not counted.
pub(crate) fn values_in(bytes: &[u8], width: usize) -> usize {
    bytes.len().checked_div(width).unwrap_or(usize::MAX)
}

/// The little-endian u32 at `position`, where the bytes reach so far.
pub(crate) fn u32_at(bytes: &[u8], position: usize) -> Option<u32> {
    bytes.get(position..)?.first_chunk().map(|chunk| u32::from_le_bytes(*chunk))
}

/// Splits a stream with a 4-byte length in front: where its body lies in `bytes`, beginning at `position`.
pub(crate) fn length_prefixed(bytes: &[u8], position: usize, what: &str) -> Result<std::ops::Range<usize>> {
    let missing = || Error::corrupt(format!("{what}: the page ends inside the 4-byte length"));
    let length = u32_at(bytes, position).ok_or_else(missing)? as usize;
    let start = position.saturating_add(4);
    let end = start.saturating_add(length);
    if end > bytes.len() {
        let there = bytes.len().saturating_sub(start);
        return Err(Error::corrupt(format!("{what} claim {length} bytes, the page has {there}")));
    }
    Ok(start..end)
}
