//! The options of a scan: from the struct of the host to [`ScanOptions`], or to a refusal that names the option.

use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::FFI_ArrowSchema;

use super::arrow::import_schema;
use super::error::{FfiResult, pqpush_error};
use super::handle::borrow;
use super::predicate::pqpush_predicate;
use super::row_selection::{of_bitmap, of_row_groups, of_runs, pqpush_row_group_selection, pqpush_row_run};
use super::slice::{pqpush_str, slice, string};
use super::structs::{Growing, init, take};
use crate::{Predicate, RowSelection, ScanOptions, SelectionPolicy, StringType};

/// What to decode and how. Zero is the default of every field.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_scan_options {
    /// Bytes of this struct that the host knows; pqpush_scan_options_init sets it.
    pub struct_size: usize,
    /// Rows of a batch at most; a batch holds fewer only at the end of a row group or of the scan. Default 8192.
    pub batch_rows: u64,
    /// The columns by dotted path; a group's path takes all its leaves. NULL: all columns. Not NULL and a count of 0:
    /// no columns, only rows. Batches have them in schema order.
    pub columns: *const pqpush_str,
    /// Number of `columns`.
    pub column_count: usize,
    /// The row groups, read in this order, each at most once. NULL: all in file order. Not NULL and a count of 0: none.
    pub row_groups: *const u32,
    /// Number of `row_groups`.
    pub row_group_count: usize,
    /// Which rows of the chosen row groups, one run behind the other; they cover them all. NULL: all.
    pub row_selection: *const pqpush_row_run,
    /// Number of `row_selection`.
    pub row_selection_count: usize,
    /// Predicates, all of which a row has to satisfy; borrowed for the call, what decoders
    /// need of them is kept alive inside. Their columns need not be among `columns`.
    pub predicates: *const *const pqpush_predicate,
    /// Number of `predicates`.
    pub predicate_count: usize,
    /// Rows to pass over first, counted after the predicates.
    pub offset: u64,
    /// Rows to hand out at most. UINT64_MAX, and 0 without PQPUSH_SCAN_LIMIT: no limit.
    pub limit: u64,
    /// 0: Utf8 and Binary, or what the ARROW:schema of the file asks for; 1: LargeUtf8 and LargeBinary; 2: Utf8View and
    /// BinaryView.
    pub string_type: i32,
    /// 0: expand dictionaries, except where `schema` asks for them; 1: keep strings and binaries that the file stores with
    /// a dictionary as Arrow dictionaries with int32 keys. Values that the file stores without one are appended to the
    /// dictionary of their batch, which may so have duplicates.
    pub dictionary: i32,
    /// The wanted Arrow schema, a struct whose children stand for the columns of their names, in the order of the file;
    /// borrowed for the call. NULL: the file's own. Fields of structs go by name too, elements of lists and entries of
    /// maps by place. A column without a field is read as if there were no schema. What cannot hold every value of a
    /// column, such as a narrower integer, a coarser time unit or a field without nulls, and a field of which the file
    /// has nothing are PQPUSH_ERR_INVALID_ARGUMENT of pqpush_decoder_new; a single value that does not fit into a type
    /// that fits in general is PQPUSH_ERR_CORRUPT when it is met. Names, nullability and metadata of fields given, and
    /// the metadata of the schema, are those of the output.
    pub schema: *const FFI_ArrowSchema,
    /// Bytes that NEEDS_DATA may ask for and the decoder hold at a time; more only where a single page is larger. 0: no
    /// bound.
    pub max_buffered_bytes: u64,
    /// Ranges that lie at most so many bytes apart are asked for as one. 0: only adjacent ones.
    pub coalesce_gap: u64,
    /// Bytes of decoded filter columns kept for the output. Default 100 MiB.
    pub predicate_cache_bytes: u64,
    /// How unselected rows between selected ones of a page are passed over: 0: short gaps are decoded and dropped, long
    /// ones jumped over, what is short depending on the column; 1: runs: every gap is jumped over; 2: bitmap: gaps are
    /// decoded and dropped, except very long ones. What is read is the same.
    pub selection_policy: i32,
    /// Bits of pqpush_scan_flags.
    pub flags: u32,
    /// Instead of `row_selection`: a Boolean array, true for the rows to read, with one value for each row of the chosen row
    /// groups. Null is false. Borrowed for the call, not released. NULL: all rows.
    pub row_bitmap: *const FFI_ArrowArray,
    /// Instead of both: selections within single chosen row groups, each of them named at most once. Row groups that are
    /// not named are read whole. NULL: all rows.
    pub row_group_selections: *const pqpush_row_group_selection,
    /// Number of `row_group_selections`.
    pub row_group_selection_count: usize,
}

// SAFETY: repr(C), begins with struct_size, integers and pointers without padding.
unsafe impl Growing for pqpush_scan_options {
    const FIRST_SIZE: usize = 144; // bitmaps and selections within row groups were appended
}

/// Bits of pqpush_scan_options.flags.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum pqpush_scan_flags {
    /// `limit` counts, also where it is 0.
    PQPUSH_SCAN_LIMIT = 1,
    /// Verify the checksum of every page that is decoded, where its header has one. A page that does not match it is
    /// PQPUSH_ERR_CHECKSUM.
    PQPUSH_SCAN_VERIFY_CHECKSUMS = 2,
    /// Do not leave out row groups by the statistics of their column chunks, nor predicates in row groups.
    PQPUSH_SCAN_NO_STATS_PRUNING = 4,
    /// Do not leave out pages by the column index.
    PQPUSH_SCAN_NO_PAGE_PRUNING = 8,
    /// Do not use bloom filters. Else those that can rule out a row group are asked for before anything else of it.
    PQPUSH_SCAN_NO_BLOOM = 16,
    /// Append the int64 column "row_number": which row of the file each is, counted from 0 over all row groups. Refused
    /// where a column of that name is read.
    PQPUSH_SCAN_ROW_NUMBERS = 32,
    /// Append the int64 column "row_group_index": ordinal of the row group that each row comes from. Refused where a
    /// column of that name is read.
    PQPUSH_SCAN_ROW_GROUP_INDEX = 64,
    /// Fill batches across row groups, by copying; the event's row_group is then -1 where rows of several are in one
    /// batch. For predicates that leave a few rows of each row group.
    PQPUSH_SCAN_FILL_BATCHES = 128,
    /// Take no notice of the Arrow schema that the writer of the file left in its metadata, "ARROW:schema". Else it decides
    /// where `schema` and `string_type` do not, as far as it fits: large and view types, names of time zones, time units
    /// and durations, widths of decimals, large lists and lists of one length, names and metadata of fields.
    PQPUSH_SCAN_IGNORE_ARROW_SCHEMA = 256,
    /// Tell the end of each row group by the event PQPUSH_EVENT_ROW_GROUP_END, before the next row group is begun: there
    /// pqpush_decoder_reconfigure can be called.
    PQPUSH_SCAN_ROW_GROUP_EVENTS = 512,
}

use pqpush_scan_flags::*;

/// Flags that have a meaning.
const FLAGS: [pqpush_scan_flags; 10] = [
    PQPUSH_SCAN_LIMIT,
    PQPUSH_SCAN_VERIFY_CHECKSUMS,
    PQPUSH_SCAN_NO_STATS_PRUNING,
    PQPUSH_SCAN_NO_PAGE_PRUNING,
    PQPUSH_SCAN_NO_BLOOM,
    PQPUSH_SCAN_ROW_NUMBERS,
    PQPUSH_SCAN_ROW_GROUP_INDEX,
    PQPUSH_SCAN_FILL_BATCHES,
    PQPUSH_SCAN_IGNORE_ARROW_SCHEMA,
    PQPUSH_SCAN_ROW_GROUP_EVENTS,
];

/// Sets every field to its default, and `struct_size` to the size given.
///
/// Parameters: `options`: NULL does nothing; `struct_size`: sizeof(pqpush_scan_options) as the host was compiled; a size
/// that no release can have does nothing.
/// Memory: `struct_size` bytes of `options` are written.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_scan_options_init(options: *mut pqpush_scan_options, struct_size: usize) {
    // SAFETY: the header asks for NULL or room for `struct_size` bytes.
    unsafe { init(options, struct_size) }
}

/// The options of a scan; NULL gives the defaults.
///
/// # Safety
/// `options` is NULL or a struct as the header describes it, its lists readable for the call.
pub(super) unsafe fn scan_options(options: *const pqpush_scan_options) -> FfiResult<ScanOptions> {
    // SAFETY: as the caller says.
    let Some(given) = (unsafe { take(options, "options") })? else {
        return Ok(ScanOptions::default());
    };
    refuse_unknown(&given)?;
    let defaults = ScanOptions::default();
    let batch_rows = usize::try_from(given.batch_rows).map_err(|_| {
        pqpush_error::invalid_argument(format!("options.batch_rows: {} is too large", given.batch_rows))
    })?;
    let has = |flag| given.flags & flag as u32 != 0;
    let limit_counts = given.limit != u64::MAX && (given.limit != 0 || has(PQPUSH_SCAN_LIMIT));
    Ok(ScanOptions {
        batch_rows: if batch_rows == 0 { defaults.batch_rows } else { batch_rows },
        // SAFETY: as the caller says.
        columns: unsafe { columns(&given) }?,
        // SAFETY: as the caller says.
        row_groups: unsafe { list(given.row_groups, given.row_group_count, "options.row_groups") }?
            .map(<[u32]>::to_vec),
        // SAFETY: as the caller says.
        row_selection: unsafe { row_selection(&given) }?,
        // SAFETY: as the caller says.
        row_group_selections: unsafe { of_row_groups(given.row_group_selections, given.row_group_selection_count) }?,
        // SAFETY: as the caller says.
        predicates: unsafe { predicates(&given) }?,
        offset: given.offset,
        limit: limit_counts.then_some(given.limit),
        string_type: string_type(given.string_type, "options.string_type")?,
        // SAFETY: as the caller says.
        schema: unsafe { import_schema(given.schema, "options.schema") }?,
        ignore_arrow_schema: has(PQPUSH_SCAN_IGNORE_ARROW_SCHEMA),
        dictionary: given.dictionary == 1,
        row_numbers: has(PQPUSH_SCAN_ROW_NUMBERS),
        row_group_index: has(PQPUSH_SCAN_ROW_GROUP_INDEX),
        max_buffered_bytes: (given.max_buffered_bytes != 0).then_some(given.max_buffered_bytes),
        predicate_cache_bytes: match given.predicate_cache_bytes {
            0 => defaults.predicate_cache_bytes,
            bytes => bytes,
        },
        coalesce_gap: given.coalesce_gap,
        verify_checksums: has(PQPUSH_SCAN_VERIFY_CHECKSUMS),
        prune_by_statistics: !has(PQPUSH_SCAN_NO_STATS_PRUNING),
        prune_by_page_index: !has(PQPUSH_SCAN_NO_PAGE_PRUNING),
        use_bloom_filters: !has(PQPUSH_SCAN_NO_BLOOM),
        fill_batches: has(PQPUSH_SCAN_FILL_BATCHES),
        row_group_events: has(PQPUSH_SCAN_ROW_GROUP_EVENTS),
        selection_policy: selection_policy(given.selection_policy)?,
    })
}

/// A list for which NULL means that the host has no wish.
///
/// # Safety
/// As [`slice`].
unsafe fn list<'a, T>(data: *const T, count: usize, parameter: &str) -> FfiResult<Option<&'a [T]>> {
    // SAFETY: as the caller says.
    let list = unsafe { slice(data, count, parameter) }?;
    Ok((!data.is_null()).then_some(list))
}

/// The projection.
///
/// # Safety
/// As [`scan_options`].
unsafe fn columns(given: &pqpush_scan_options) -> FfiResult<Option<Vec<String>>> {
    // SAFETY: as the caller says.
    let Some(paths) = (unsafe { list(given.columns, given.column_count, "options.columns") })? else {
        return Ok(None);
    };
    // SAFETY: as the caller says.
    let owned = |path: &pqpush_str| unsafe { string(*path, "options.columns") }.map(str::to_owned);
    paths.iter().map(owned).collect::<FfiResult<Vec<_>>>().map(Some)
}

/// The row selection, as runs or as a bitmap.
///
/// # Safety
/// As [`scan_options`].
unsafe fn row_selection(given: &pqpush_scan_options) -> FfiResult<Option<RowSelection>> {
    let ways = [given.row_selection.is_null(), given.row_bitmap.is_null(), given.row_group_selections.is_null()];
    if ways.iter().filter(|is_null| !**is_null).count() > 1 {
        let message = "options: row_selection, row_bitmap and row_group_selections exclude each other";
        return Err(pqpush_error::invalid_argument(message));
    }
    // SAFETY: as the caller says.
    let runs = unsafe { of_runs(given.row_selection, given.row_selection_count, "options.row_selection") }?;
    // SAFETY: as the caller says.
    runs.map_or_else(|| unsafe { of_bitmap(given.row_bitmap) }, |runs| Ok(Some(runs)))
}

/// The predicates.
///
/// # Safety
/// As [`scan_options`].
unsafe fn predicates(given: &pqpush_scan_options) -> FfiResult<Vec<Predicate>> {
    // SAFETY: as the caller says.
    let handles = unsafe { slice(given.predicates, given.predicate_count, "options.predicates") }?;
    let predicate = |handle: &*const pqpush_predicate| {
        // SAFETY: as the caller says.
        unsafe { borrow(*handle, "one of options.predicates") }.map(|handle| handle.predicate().clone())
    };
    handles.iter().map(predicate).collect()
}

/// The type of strings that a host asks for by number.
pub(super) fn string_type(number: i32, parameter: &str) -> FfiResult<StringType> {
    match number {
        0 => Ok(StringType::Utf8),
        1 => Ok(StringType::LargeUtf8),
        2 => Ok(StringType::Utf8View),
        other => Err(out_of_range(parameter, other)),
    }
}

#[cold]
pub(super) fn out_of_range(field: &str, number: i32) -> pqpush_error {
    pqpush_error::invalid_argument(format!("{field}: {number} has no meaning"))
}

fn selection_policy(number: i32) -> FfiResult<SelectionPolicy> {
    match number {
        0 => Ok(SelectionPolicy::Adaptive),
        1 => Ok(SelectionPolicy::Runs),
        2 => Ok(SelectionPolicy::Bitmap),
        other => Err(out_of_range("options.selection_policy", other)),
    }
}

/// Refuses what has no meaning.
fn refuse_unknown(given: &pqpush_scan_options) -> FfiResult<()> {
    if !(0..=1).contains(&given.dictionary) {
        return Err(out_of_range("options.dictionary", given.dictionary));
    }
    let known = FLAGS.into_iter().fold(0, |all, flag| all | flag as u32);
    match given.flags & !known {
        0 => Ok(()),
        _ => Err(pqpush_error::invalid_argument(format!("options.flags: {:#x} has unknown bits", given.flags))),
    }
}
