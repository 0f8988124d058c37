//! Which rows a scan reads, as hosts say it: runs, a Boolean array, runs of single row groups.

use arrow_buffer::BooleanBuffer;
use arrow_data::ffi::FFI_ArrowArray;

use super::error::{FfiResult, pqpush_error};
use super::slice::slice;
use crate::RowSelection;

/// So many rows to read or to pass over.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_row_run {
    /// Number of rows.
    pub row_count: u64,
    /// 1: read them, 0: pass over them.
    pub select: u32,
    /// Zero.
    pub reserved: u32,
}

/// Which rows of one row group to read.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_row_group_selection {
    /// Ordinal of the row group.
    pub row_group: u32,
    /// Zero.
    pub reserved: u32,
    /// Runs of its rows, one behind the other; they cover them all.
    pub runs: *const pqpush_row_run,
    /// Number of `runs`.
    pub run_count: usize,
}

/// A selection of runs.
///
/// # Safety
/// As [`slice`].
pub(super) unsafe fn of_runs(
    runs: *const pqpush_row_run,
    count: usize,
    parameter: &str,
) -> FfiResult<Option<RowSelection>> {
    // SAFETY: as the caller says.
    let list = unsafe { slice(runs, count, parameter) }?;
    if runs.is_null() {
        return Ok(None);
    }
    if let Some(run) = list.iter().find(|run| run.select > 1) {
        return Err(pqpush_error::invalid_argument(format!("{parameter}: select is {}", run.select)));
    }
    Ok(Some(RowSelection::from_runs(list.iter().map(|run| (run.row_count, run.select == 1)))?))
}

/// The selections of single row groups.
///
/// # Safety
/// As [`slice`], for the list and for the runs of each of its elements.
pub(super) unsafe fn of_row_groups(
    selections: *const pqpush_row_group_selection,
    count: usize,
) -> FfiResult<Vec<(u32, RowSelection)>> {
    const PARAMETER: &str = "options.row_group_selections";
    // SAFETY: as the caller says.
    let list = unsafe { slice(selections, count, PARAMETER) }?;
    let selection = |given: &pqpush_row_group_selection| {
        // SAFETY: as the caller says.
        let rows = unsafe { of_runs(given.runs, given.run_count, PARAMETER) }?;
        Ok((given.row_group, rows.unwrap_or_else(|| RowSelection::all(0))))
    };
    list.iter().map(selection).collect()
}

/// The rows for which a Boolean array is true, copied.
///
/// # Safety
/// `bitmap` is NULL or a Boolean array as the Arrow C Data Interface describes it, alive for the call.
pub(super) unsafe fn of_bitmap(bitmap: *const FFI_ArrowArray) -> FfiResult<Option<RowSelection>> {
    // SAFETY: as the caller says.
    let Some(array) = (unsafe { bitmap.as_ref() }) else { return Ok(None) };
    let refused = |what: &str| pqpush_error::invalid_argument(format!("options.row_bitmap: {what}"));
    if array.is_released() {
        return Err(refused("the array is released"));
    }
    if array.num_buffers() != 2 || array.num_children() != 0 || array.dictionary().is_some() {
        return Err(refused("the array is not Boolean"));
    }
    let end = array.len().checked_add(array.offset()).filter(|end| isize::try_from(*end).is_ok());
    let end = end.ok_or_else(|| refused("its length is not possible"))?;
    // SAFETY: a Boolean array has so many bits, as the caller says.
    let values = unsafe { bits(array.buffer(1), end) }.ok_or_else(|| refused("it has no values"))?;
    // SAFETY: so has its validity, where it has one.
    let selected = match unsafe { bits(array.buffer(0), end) } {
        Some(valid) if array.null_count_opt() != Some(0) => &values & &valid,
        _ => values,
    };
    Ok(Some(RowSelection::from_bitmap(selected.slice(array.offset(), array.len()))))
}

/// A copy of `count` bits; `None` where bits are needed and `data` is NULL.
///
/// # Safety
/// `data` is NULL or readable for so many bits.
unsafe fn bits(data: *const u8, count: usize) -> Option<BooleanBuffer> {
    let bytes = count.div_ceil(8);
    if bytes == 0 {
        return Some(BooleanBuffer::new_unset(0));
    }
    // SAFETY: as the caller says.
    let bytes = unsafe { (!data.is_null()).then(|| std::slice::from_raw_parts(data, bytes)) }?;
    Some(BooleanBuffer::new(bytes.to_vec().into(), 0, count))
}
