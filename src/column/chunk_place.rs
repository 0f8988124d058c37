//! What a reader of a column chunk is told of it: from the footer, the schema and the options of the scan.

use super::levels::LevelShape;
use crate::byte_range::ByteRange;
use crate::metadata::{Codec, PageLocation};
use crate::page::guard::PageGuard;

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
