//! The page index of a column chunk: where each data page lies and which rows it holds (offset index), and what its
//! values are bounded by (column index).

/// Where the data pages of one chunk lie. At least one page; offsets and first rows ascend; the first row is 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetIndex {
    /// One entry a data page, in file order.
    pub pages: Vec<PageLocation>,
}

/// Where one data page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLocation {
    /// Offset of the page header in the file.
    pub offset: u64,
    /// Bytes of header and compressed body.
    pub compressed_bytes: u64,
    /// Row of the row group that the page begins with.
    pub first_row: u64,
}

/// Bounds of the values of each data page of one chunk, in the order of the offset index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnIndex {
    /// True where the page holds nulls only; its bounds then mean nothing.
    pub null_pages: Vec<bool>,
    /// Lower bounds, PLAIN-encoded without length prefix, perhaps truncated.
    pub min_values: Vec<Vec<u8>>,
    /// Upper bounds, likewise.
    pub max_values: Vec<Vec<u8>>,
    /// How the bounds are ordered over the pages.
    pub boundary_order: BoundaryOrder,
    /// Nulls of each page, where the file says.
    pub null_counts: Option<Vec<u64>>,
}

/// Order of the bounds over the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BoundaryOrder {
    /// No order known.
    Unordered,
    /// Both bounds never fall.
    Ascending,
    /// Both bounds never rise.
    Descending,
}
