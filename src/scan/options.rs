//! What a host may ask of a scan.

use super::RowSelection;
use crate::schema::StringType;

/// What to decode and how. `ScanOptions::default()` reads every row of every column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanOptions {
    /// Rows of a batch; a batch holds fewer only at the end of a row group or of the scan. Not zero. Default 8192.
    pub batch_rows: usize,
    /// Columns by dotted path, a group's path standing for all its leaves; `None` for all, empty for none (rows are
    /// still counted). Batches have them in schema order.
    pub columns: Option<Vec<String>>,
    /// Row groups to read, in this order; `None` for all in file order. A row group may be named once.
    pub row_groups: Option<Vec<u32>>,
    /// Rows to read, out of those of the chosen row groups one behind the other; `None` for all.
    pub row_selection: Option<RowSelection>,
    /// Rows to skip first, of those selected.
    pub offset: u64,
    /// Rows to hand out at most; `None` for all.
    pub limit: Option<u64>,
    /// The Arrow type of strings and binaries.
    pub string_type: StringType,
    /// Compressed bytes that the decoder may hold and ask for at a time; `None` for no bound. One page more may be
    /// asked for where a single page is larger than the bound.
    pub max_buffered_bytes: Option<u64>,
    /// Ranges that lie at most so many bytes apart are asked for as one; 0 joins adjacent ones only.
    pub coalesce_gap: u64,
    /// Verify the checksum of every page that is decoded, where its header has one; default off.
    pub verify_checksums: bool,
}

impl Default for ScanOptions {
    fn default() -> Self {
        Self {
            batch_rows: 8192,
            columns: None,
            row_groups: None,
            row_selection: None,
            offset: 0,
            limit: None,
            string_type: StringType::Utf8,
            max_buffered_bytes: None,
            coalesce_gap: 0,
            verify_checksums: false,
        }
    }
}
