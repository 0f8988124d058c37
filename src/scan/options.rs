//! What a host may ask of a scan.

use arrow_schema::SchemaRef;

use super::RowSelection;
use crate::predicate::Predicate;
use crate::schema::StringType;

/// Name of the column of row numbers.
pub const ROW_NUMBER: &str = "row_number";
/// Name of the column of row-group ordinals.
pub const ROW_GROUP_INDEX: &str = "row_group_index";

/// How unselected rows between selected ones of a page are passed over. What is read is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SelectionPolicy {
    /// Short gaps are decoded and dropped afterwards, long ones jumped over; what is short depends on the column.
    #[default]
    Adaptive,
    /// Every gap is jumped over: selected rows are decoded run by run.
    Runs,
    /// Gaps are decoded and dropped by a bitmap, except very long ones.
    Bitmap,
}

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
    /// Rows to read of single chosen row groups, each named at most once; the others are read whole. Not together with
    /// `row_selection`.
    pub row_group_selections: Vec<(u32, RowSelection)>,
    /// Predicates, all of which a row has to satisfy to be read: see [`Predicate`]. Their columns need not be among
    /// `columns`.
    pub predicates: Vec<Predicate>,
    /// Rows to skip first, of those selected and kept by the predicates.
    pub offset: u64,
    /// Rows to hand out at most; `None` for all.
    pub limit: Option<u64>,
    /// The Arrow type of strings and binaries. [`StringType::Utf8`], the default, gives way to a hint that asks for large
    /// ones or views; the others do not.
    pub string_type: StringType,
    /// Types to read columns as. Fields stand for the columns, and the fields of structs, of their names, in the order of
    /// the file; elements of lists and the entries of maps are matched by their place. What has no field is read as if
    /// there were no schema; a field of which the file has nothing is refused, and so is a type that cannot hold
    /// whatever the column may have: a narrower integer, a coarser time unit, another scale, no nulls. A value that
    /// does not fit although its type does, such as a date far off in nanoseconds, is an error when it is met. Names,
    /// nullability and metadata of the fields given, and the metadata of the schema, are those of the output.
    pub schema: Option<SchemaRef>,
    /// Take no notice of the Arrow schema that the file's writer left in the key-value metadata, `ARROW:schema`. Else it
    /// decides where `schema` does not, as far as it fits: large and view types, names of time zones, time units and
    /// durations, widths of decimals, large lists and lists of one length, names and metadata of fields.
    pub ignore_arrow_schema: bool,
    /// Keep strings and binaries as Arrow dictionaries with Int32 keys, in columns that the file stores with
    /// dictionaries. Values that the file stores without one, and duplicates among those, are appended to the
    /// dictionary of their batch. Else dictionaries are expanded, except where `schema` asks for them.
    pub dictionary: bool,
    /// Append the column [`ROW_NUMBER`], Int64: which row of the file each is, counted from 0 over all row groups.
    pub row_numbers: bool,
    /// Append the column [`ROW_GROUP_INDEX`], Int64: ordinal of the row group that each row comes from.
    pub row_group_index: bool,
    /// Compressed bytes that the decoder may hold and ask for at a time; `None` for no bound. One page more may be
    /// asked for where a single page is larger than the bound.
    pub max_buffered_bytes: Option<u64>,
    /// Leave out row groups, and predicates in row groups, by the statistics of column chunks; default on.
    pub prune_by_statistics: bool,
    /// Leave out pages by the column index; default on.
    pub prune_by_page_index: bool,
    /// Read bloom filters first where they can rule out a row group; default on.
    pub use_bloom_filters: bool,
    /// How unselected rows between selected ones are passed over.
    pub selection_policy: SelectionPolicy,
    /// Fill batches across row groups, up to `batch_rows` rows, by copying; default off. For predicates that leave a few
    /// rows of each row group.
    pub fill_batches: bool,
    /// Tell the end of each row group that was begun, before the next one is: where the scan can be
    /// [reconfigured](crate::Decoder::reconfigure). Default off.
    pub row_group_events: bool,
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
            row_group_selections: Vec::new(),
            predicates: Vec::new(),
            offset: 0,
            limit: None,
            string_type: StringType::Utf8,
            schema: None,
            ignore_arrow_schema: false,
            dictionary: false,
            row_numbers: false,
            row_group_index: false,
            max_buffered_bytes: None,
            prune_by_statistics: true,
            prune_by_page_index: true,
            use_bloom_filters: true,
            selection_policy: SelectionPolicy::default(),
            fill_batches: false,
            row_group_events: false,
            predicate_cache_bytes: 100 << 20,
            coalesce_gap: 0,
            verify_checksums: false,
        }
    }
}
