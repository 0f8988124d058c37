//! What a reader of a column chunk is told of it: from the footer, the schema and the options of the scan.

use super::levels::LevelShape;
use crate::byte_range::ByteRange;
use crate::error::{Error, Result};
use crate::metadata::{Codec, PageLocation};
use crate::page::guard::PageGuard;
use crate::page::header::{PageHeader, PageKind};

/// Where a column chunk lies and how it is stored.
pub(crate) struct ChunkPlace {
    /// The bytes of all its pages.
    pub range: ByteRange,
    /// Where its pages end by what the footer says; the last one may go on up to the end of `range`.
    pub stated_end: u64,
    /// How its pages are compressed.
    pub codec: Codec,
    /// Where its data pages lie, if that is to be used; else empty.
    pub index: Vec<PageLocation>,
    /// What guards its pages.
    pub guard: PageGuard,
    /// The row group.
    pub row_group: usize,
    /// Leaf column ordinal.
    pub column: usize,
    /// Rows of the row group.
    pub row_count: u64,
    /// What its levels mean.
    pub levels: LevelShape,
    /// All its data pages are said to have codes.
    pub is_all_codes: bool,
}

impl ChunkPlace {
    /// Rows of a data page that begins with row `first`, where they are known without its levels.
    pub(super) fn rows_of(
        &self,
        header: &PageHeader,
        entries: u64,
        indexed_rows: Option<u64>,
        first: u64,
    ) -> Result<Option<u64>> {
        let by_header = match header.kind {
            _ if self.levels.highest.repetition == 0 => Some(entries),
            // parquetjs writes the number of entries here; it is also the truth where every list has one element. The
            // levels know.
            PageKind::DataV2 { row_count, .. } => Some(u64::from(row_count)).filter(|rows| *rows != entries),
            _ => None,
        };
        if let (Some(rows), Some(indexed)) = (by_header, indexed_rows)
            && rows != indexed
        {
            return Err(Error::corrupt(format!("a page of {rows} rows, its offset index says {indexed}")));
        }
        let rows = by_header.or(indexed_rows);
        let left = self.row_count.saturating_sub(first);
        match rows {
            Some(rows) if rows > left => {
                Err(Error::corrupt(format!("a page of {rows} rows where the row group has {left} left")))
            }
            rows => Ok(rows),
        }
    }
}
