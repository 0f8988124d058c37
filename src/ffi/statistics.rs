//! Statistics of one leaf column as Arrow arrays, and what else the footer says about the values of column chunks.

use arrow_array::StructArray;
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::Schema;
use arrow_schema::ffi::FFI_ArrowSchema;

use super::arrow::{export_array, export_schema};
use super::error::{FfiResult, pqpush_error};
use super::facts::{at, chunk_at};
use super::guard::guard;
use super::handle::borrow;
use super::metadata::pqpush_metadata;
use super::options::string_type;
use super::slice::pqpush_str;
use super::status::pqpush_status;
use super::structs::{Growing, OutStruct, OutValue};
use crate::metadata::{Metadata, SortingColumn};
use crate::{Result, StringType};

/// What the rows of a row group are sorted by.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_sorting_info {
    /// Bytes of this struct that the host knows; set it before the call.
    pub struct_size: usize,
    /// Ordinal of the leaf column.
    pub column: u64,
    /// Bits of pqpush_sorting_flags.
    pub flags: u32,
    /// Zero.
    pub reserved: u32,
}

/// Bits of pqpush_sorting_info.flags.
#[repr(C)]
pub enum pqpush_sorting_flags {
    /// Largest first.
    PQPUSH_SORTING_DESCENDING = 1,
    /// Nulls before all values.
    PQPUSH_SORTING_NULLS_FIRST = 2,
}

use pqpush_sorting_flags::*;

// SAFETY: repr(C), begins with struct_size, integers without padding.
unsafe impl Growing for pqpush_sorting_info {}

impl From<&SortingColumn> for pqpush_sorting_info {
    fn from(sorted_by: &SortingColumn) -> Self {
        let flag = |set: bool, flag: pqpush_sorting_flags| if set { flag as u32 } else { 0 };
        Self {
            struct_size: 0,
            column: sorted_by.column as u64,
            flags: flag(sorted_by.descending, PQPUSH_SORTING_DESCENDING)
                | flag(sorted_by.nulls_first, PQPUSH_SORTING_NULLS_FIRST),
            reserved: 0,
        }
    }
}

/// Where the two functions that give statistics differ.
type Make = fn(&Metadata, usize, StringType) -> Result<StructArray>;

/// The statistics that `make` makes, written to where the host wants them.
///
/// # Safety
/// The pointers are what the header asks for.
unsafe fn export(
    make: Make,
    metadata: *const pqpush_metadata,
    column: usize,
    strings: i32,
    out_array: *mut FFI_ArrowArray,
    out_schema: *mut FFI_ArrowSchema,
) -> FfiResult<()> {
    // SAFETY: the header asks for places to write to.
    let outs = unsafe {
        (
            OutValue::new(out_array, FFI_ArrowArray::empty(), "out_array"),
            OutValue::new(out_schema, FFI_ArrowSchema::empty(), "out_schema"),
        )
    };
    let (array, schema) = (outs.0?, outs.1?);
    // SAFETY: the header asks for live metadata.
    let metadata = unsafe { borrow(metadata, "metadata") }?.get();
    let statistics = make(metadata, column, string_type(strings, "string_type")?)?;
    schema.set(export_schema(&Schema::new(statistics.fields().clone()))?);
    array.set(export_array(statistics));
    Ok(())
}

/// What the file says about the values of a leaf column, as a struct array: one row for each row group, in file order.
/// Its children, by position and name:
/// - 0 min, 1 max: of the column's type in pqpush_metadata_schema; no value that is neither null nor NaN lies outside
/// - 2 min_is_exact, 3 max_is_exact: Boolean; the bound is equal to a value of the column
/// - 4 null_count, 5 distinct_count, 6 nan_count: UInt64
/// - 7 row_count: UInt64, never null
/// - 8 unencoded_bytes: UInt64; bytes of BYTE_ARRAY values before any encoding
/// - 9 value_count: UInt64, never null; values and nulls: in lists, more or fewer than rows
/// - 10 repetition_levels, 11 definition_levels: List of UInt64; how many entries have each level, from 0 up
///
/// Only what can be relied on is told, by the rules of the format for column orders, deprecated bounds, NaN and signed
/// zeros; null where the file does not say, or where it cannot be relied on. A later version may append children.
///
/// Parameters: `metadata`; `column`: ordinal of the leaf column; `string_type`: as in pqpush_scan_options, for the bounds;
/// `out_array`, `out_schema`: written without looking at what they held.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a column that the file does not have; PQPUSH_ERR_UNSUPPORTED
/// for one that cannot be decoded; PQPUSH_ERR_CORRUPT where the footer says what cannot be of one of its chunks.
/// Memory: both are owned by the caller, who releases them, and outlive the metadata; released on failure.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_column_statistics(
    metadata: *const pqpush_metadata,
    column: usize,
    string_type: i32,
    out_array: *mut FFI_ArrowArray,
    out_schema: *mut FFI_ArrowSchema,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the pointers are what the header asks for.
    let body = || unsafe { export(Metadata::column_statistics, metadata, column, string_type, out_array, out_schema) };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// What the page index says about the values of a leaf column, as a struct array: one row for each data page, in file
/// order. Row groups whose chunk has no offset index have no rows here; pages without a column index have no bounds.
/// Children 0 to 8 are those of pqpush_metadata_column_statistics, of which 2, 3 and 5 are always null; then
/// - 9 row_group: UInt64; ordinal of the row group
/// - 10 first_row: UInt64; row of the row group that the page begins with
/// - 11 file_offset: UInt64; where the page begins
/// - 12 compressed_bytes: UInt64; its bytes in the file, with its header
/// - 13 repetition_levels, 14 definition_levels: List of UInt64; how many entries have each level, from 0 up
///
/// Parameters: `metadata`; `column`: ordinal of the leaf column; `string_type`: as in pqpush_scan_options, for the bounds;
/// `out_array`, `out_schema`: written without looking at what they held.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a column that the file does not have; PQPUSH_ERR_UNSUPPORTED
/// for one that cannot be decoded; PQPUSH_ERR_CORRUPT where the footer says what cannot be of one of its chunks.
/// Memory: both are owned by the caller, who releases them, and outlive the metadata; released on failure.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_page_statistics(
    metadata: *const pqpush_metadata,
    column: usize,
    string_type: i32,
    out_array: *mut FFI_ArrowArray,
    out_schema: *mut FFI_ArrowSchema,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the pointers are what the header asks for.
    let body = || unsafe { export(Metadata::page_statistics, metadata, column, string_type, out_array, out_schema) };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Number of columns that the file says the rows of a row group are sorted by.
///
/// Parameters: `metadata`, or NULL; `row_group`: its ordinal.
/// Returns: the number; 0 where the file does not say, for an ordinal that it does not have, and for NULL.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_sorting_column_count(
    metadata: *const pqpush_metadata,
    row_group: usize,
) -> usize {
    // SAFETY: the header asks for NULL or live metadata.
    let group = unsafe { metadata.as_ref() }.and_then(|handle| handle.get().row_groups.get(row_group));
    group.map_or(0, |group| group.sorting_columns.len())
}

/// A column that the rows of a row group are sorted by, where the columns with a lower index are equal.
///
/// Parameters: `metadata`; `row_group`: its ordinal; `index`: from 0; `out_info`: its `struct_size` set, the rest is
/// written.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an ordinal or index that the file does not have.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_sorting_column(
    metadata: *const pqpush_metadata,
    row_group: usize,
    index: usize,
    out_info: *mut pqpush_sorting_info,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a struct of the size that it says.
        let out = unsafe { OutStruct::new(out_info, "out_info") }?;
        // SAFETY: the header asks for live metadata.
        let metadata = unsafe { borrow(metadata, "metadata") }?.get();
        let group = at(&metadata.row_groups, row_group, "row_group")?;
        out.set(at(&group.sorting_columns, index, "index")?.into());
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Hands the key-value metadata of one column chunk to the host, pair by pair, in file order. Keys may repeat.
///
/// Parameters: `metadata`; `row_group`, `column`: the ordinals; `visit`: called for each pair, on this thread, before the
/// call returns; a value that is absent is {NULL, 0}. Anything but 0 ends the walk; it must not unwind; `user_data`:
/// handed to it.
/// Returns: PQPUSH_OK, also where `visit` ended the walk; PQPUSH_ERR_INVALID_ARGUMENT, also for an ordinal that the file
/// does not have; PQPUSH_ERR_CORRUPT where the footer says what cannot be of the chunk.
/// Memory: the texts are borrowed for the call of `visit`. They may hold NUL bytes.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_column_chunk_key_values(
    metadata: *const pqpush_metadata,
    row_group: usize,
    column: usize,
    visit: Option<
        unsafe extern "C" fn(user_data: *mut std::ffi::c_void, key: pqpush_str, value: pqpush_str) -> std::ffi::c_int,
    >,
    user_data: *mut std::ffi::c_void,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for live metadata.
        let metadata = unsafe { borrow(metadata, "metadata") }?.get();
        let visit = visit.ok_or_else(|| pqpush_error::null("visit"))?;
        chunk_at(metadata, row_group, column)?;
        for pair in metadata.chunk_details(row_group, column).key_value {
            let value = pair.value.as_deref().map_or(pqpush_str::NONE, pqpush_str::lend);
            // SAFETY: the host's function, called as the header says.
            if unsafe { visit(user_data, pqpush_str::lend(&pair.key), value) } != 0 {
                break;
            }
        }
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}
