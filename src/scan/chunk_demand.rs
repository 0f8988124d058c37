//! What has to be read of a column chunk to decode some of its rows.

use super::{Plan, RowSelection};
use crate::byte_range::ByteRange;
use crate::error::Result;

/// The bytes of a chunk that some rows need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChunkDemand {
    /// Ascending; adjacent pages are joined.
    pub ranges: Vec<ByteRange>,
    /// Data pages that are needed, and all that there are, where an offset index tells.
    pub pages: Option<(usize, usize)>,
}

impl ChunkDemand {
    /// The number of bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.ranges.iter().fold(0, |sum, range| sum.saturating_add(range.length))
    }
}

impl Plan {
    /// What the rows `rows` of a row group need of a leaf column: the pages that hold them and what lies in front of the
    /// first page, a dictionary; without an offset index the whole chunk.
    ///
    /// Fails where the chunk does not lie in the file.
    pub(crate) fn chunk_demand(&self, row_group: usize, leaf: usize, rows: &RowSelection) -> Result<ChunkDemand> {
        let chunk = self.chunk(row_group, leaf)?;
        let range = chunk.byte_range(self.metadata.file_length)?;
        if rows.selected() == 0 {
            return Ok(ChunkDemand { ranges: Vec::new(), pages: None });
        }
        let pages = match chunk.offset_index() {
            Some(index) if index.fits(range, rows.len()) => &index.pages,
            _ => return Ok(ChunkDemand { ranges: vec![range], pages: None }),
        };
        if rows.selected() == rows.len() {
            return Ok(ChunkDemand { ranges: vec![range], pages: Some((pages.len(), pages.len())) });
        }
        let first_page = pages.first().map_or(range.offset, |page| page.offset);
        let mut ranges = vec![ByteRange::between(range.offset, first_page)];
        let mut wanted = rows.ranges().peekable();
        let mut needed = 0usize;
        for (number, page) in pages.iter().enumerate() {
            let next = pages.get(number.saturating_add(1)).map_or(rows.len(), |next| next.first_row);
            while wanted.next_if(|rows| rows.end <= page.first_row).is_some() {}
            if wanted.peek().is_none_or(|rows| rows.start >= next) || page.first_row >= next {
                continue;
            }
            needed = needed.saturating_add(1);
            let page = ByteRange { offset: page.offset, length: page.compressed_bytes };
            match ranges.last_mut() {
                Some(last) if last.end() == page.offset => *last = ByteRange::between(last.offset, page.end()),
                _ => ranges.push(page),
            }
        }
        ranges.retain(|range| !range.is_empty());
        Ok(ChunkDemand { ranges, pages: Some((needed, pages.len())) })
    }
}
