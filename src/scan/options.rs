//! What a host may ask of a scan.

use super::RowSelection;
use crate::predicate::Predicate;
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
    /// Predicates, all of which a row has to satisfy to be read: see [`Predicate`]. Their columns need not be among
    /// `columns`.
    pub predicates: Vec<Predicate>,
    /// Rows to skip first, of those selected and kept by the predicates.
    pub offset: u64,
    /// Rows to hand out at most; `None` for all.
    pub limit: Option<u64>,
    /// The Arrow type of strings and binaries.
    pub string_type: StringType,
    /// Compressed bytes that the decoder may hold and ask for at a time; `None` for no bound. One page more may be
    /// asked for where a single page is larger than the bound.
    pub max_buffered_bytes: Option<u64>,
    /// Values that predicates decoded and the output waits to use take so many bytes at most, and a window more; default
    /// 100 MiB. Past it predicates wait for the output.
    pub predicate_cache_bytes: u64,
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
            predicates: Vec::new(),
            offset: 0,
            limit: None,
            string_type: StringType::Utf8,
            max_buffered_bytes: None,
            predicate_cache_bytes: 100 << 20,
            coalesce_gap: 0,
            verify_checksums: false,
        }
    }
}
