//! Which bytes of the file the page index takes, and the page index put into the metadata.
//!
//! What the footer claims about the place of the indexes is not trusted: an index that lies outside the file is taken
//! for absent, and indexes that overlap are not read at all, so that reading takes no longer than the file is long.

use std::sync::OnceLock;

use bytes::Bytes;

use crate::byte_range::ByteRange;
use crate::error::{Error, Result};
use crate::metadata::page_index::PageIndex;
use crate::metadata::{ColumnChunk, Metadata};
use crate::push::buffers::Buffers;
use crate::schema::Schema;

/// The page index that is still to be read.
#[derive(Debug)]
pub(super) struct PendingIndexes {
    /// The bytes of all indexes: ascending, disjoint, adjacent ones joined.
    ranges: Vec<ByteRange>,
    /// Offset of the footer: indexes and pages lie before it.
    footer_offset: u64,
    /// An index that is wrong is an error.
    required: bool,
}

impl PendingIndexes {
    /// Finds the indexes of all column chunks, which may have `room` bytes in all. What cannot be an index is removed
    /// from `metadata`, or refused where the page index is `required`.
    pub(super) fn find(metadata: &mut Metadata, footer_offset: u64, room: u64, required: bool) -> Result<Self> {
        let mut ranges = Vec::new();
        read_chunks(metadata, required)?;
        let Metadata { schema, row_groups, .. } = metadata;
        for (ordinal, group) in row_groups.iter_mut().enumerate() {
            for (column, chunk) in group.chunks.all_read_mut() {
                let opened = chunk.decryptor();
                let readable = opened.is_ok() && !chunk.external;
                for claimed in [&mut chunk.offset_index_range, &mut chunk.column_index_range] {
                    let Some(range) = *claimed else { continue };
                    if readable && range.offset >= 4 && range.end() <= footer_offset {
                        ranges.push(range);
                    } else if let (true, Err(why)) = (required, &opened) {
                        return Err(in_column(why.clone().in_row_group(ordinal), schema, column));
                    } else if required {
                        let message = "the page index does not lie in the file";
                        let error = Error::corrupt(message).at_offset(range.offset).in_row_group(ordinal);
                        return Err(in_column(error, schema, column));
                    } else {
                        *claimed = None;
                    }
                }
            }
        }
        let total = ranges.iter().fold(0_u64, |sum, range| sum.saturating_add(range.length));
        if total > room {
            let message = format!("footer and a page index of {total} bytes are larger than max_metadata_bytes");
            return Err(Error::limit(message));
        }
        let mut pending = Self { ranges, footer_offset, required };
        pending.sort_and_join(metadata)?;
        Ok(pending)
    }

    /// Joins adjacent ranges. Where ranges overlap, none of them can be believed.
    fn sort_and_join(&mut self, metadata: &mut Metadata) -> Result<()> {
        self.ranges.sort_unstable();
        let overlap = self.ranges.windows(2).find_map(|pair| match pair {
            [left, right] if left.end() > right.offset => Some(right.offset),
            _ => None,
        });
        if let Some(offset) = overlap {
            if self.required {
                return Err(Error::corrupt("the page indexes of two column chunks overlap").at_offset(offset));
            }
            self.ranges.clear();
            for (_, chunk) in metadata.row_groups.iter_mut().flat_map(|group| group.chunks.all_read_mut()) {
                chunk.offset_index_range = None;
                chunk.column_index_range = None;
            }
        }
        self.ranges.dedup_by(|right, left| {
            let adjacent = left.end() == right.offset;
            if adjacent {
                *left = ByteRange::between(left.offset, right.end());
            }
            adjacent
        });
        Ok(())
    }

    /// The bytes that are not in `buffers`.
    pub(super) fn missing(&self, buffers: &Buffers) -> Vec<ByteRange> {
        self.ranges.iter().flat_map(|range| buffers.missing(*range)).collect()
    }

    /// Puts the indexes, all bytes of which are in `buffers`, into `metadata`. They are read when they are asked for, or at
    /// once where they must be right.
    pub(super) fn read(&self, metadata: &mut Metadata, buffers: &Buffers) -> Result<()> {
        let held: Vec<(u64, Bytes)> = self.ranges.iter().map(|range| (range.offset, copy(buffers, *range))).collect();
        let Metadata { schema, row_groups, file_length, .. } = metadata;
        for (ordinal, group) in row_groups.iter_mut().enumerate() {
            for (column, chunk) in group.chunks.all_read_mut() {
                let put = self.put(chunk, group.row_count, *file_length, &held);
                if self.required {
                    put.and_then(|()| chunk.check_page_index())
                        .map_err(|error| in_column(error.in_row_group(ordinal), schema, column))?;
                }
            }
        }
        Ok(())
    }

    /// Puts the index of a chunk, whose row group has so many rows, into it.
    fn put(&self, chunk: &mut ColumnChunk, row_count: u64, file_length: u64, held: &[(u64, Bytes)]) -> Result<()> {
        let Some(offset_text) = chunk.offset_index_range.and_then(|range| part(held, range)) else { return Ok(()) };
        let pages = chunk.byte_range(file_length)?;
        chunk.page_index = Some(Box::new(PageIndex {
            offset_text,
            column_text: chunk.column_index_range.and_then(|range| part(held, range)),
            within: ByteRange::between(pages.offset, pages.end().min(self.footer_offset)),
            row_count,
            offsets: OnceLock::new(),
            bounds: OnceLock::new(),
        }));
        Ok(())
    }
}

/// A copy of the bytes of `range`, so that what was pushed is not kept for their sake.
fn copy(buffers: &Buffers, range: ByteRange) -> Bytes {
    buffers.get(range).map_or_else(Bytes::new, |bytes| Bytes::copy_from_slice(&bytes))
}

/// The bytes of `range` out of ascending pieces, each with its offset.
fn part(pieces: &[(u64, Bytes)], range: ByteRange) -> Option<Bytes> {
    let behind = pieces.partition_point(|(offset, _)| *offset <= range.offset);
    let (offset, bytes) = pieces.get(behind.checked_sub(1)?)?;
    let start = usize::try_from(range.offset.checked_sub(*offset)?).ok()?;
    let end = start.checked_add(usize::try_from(range.length).ok()?)?;
    (end <= bytes.len()).then(|| bytes.slice(start..end))
}

/// Reads the chunks of row groups that have an index, so that it can be put into them. A chunk that cannot be read has
/// none. Where the page index is `required`, every chunk of a row group with rows has an offset index.
fn read_chunks(metadata: &Metadata, required: bool) -> Result<()> {
    for (ordinal, group) in metadata.row_groups.iter().enumerate() {
        if !required && !group.chunks.have_index() {
            continue;
        }
        for (column, chunk) in metadata.chunks(ordinal).enumerate() {
            match chunk {
                Err(error) if required => return Err(error),
                Ok(chunk) if required && chunk.offset_index_range.is_none() && group.row_count > 0 => {
                    let error = Error::corrupt("the column chunk has no offset index, which is required");
                    return Err(metadata.in_chunk(error, ordinal, column));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn in_column(error: Error, schema: &Schema, column: usize) -> Error {
    match schema.leaves.get(column) {
        Some(leaf) => error.in_column(column, leaf.dotted_path()),
        None => error,
    }
}
