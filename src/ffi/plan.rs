//! Plans: one scan cut into tasks that decoders on any threads work on, and told in words.

use std::sync::{Arc, OnceLock};

use super::decoder::pqpush_decoder;
use super::error::pqpush_error;
use super::guard::{guard, guard_value};
use super::handle::{borrow, free_box, into_box};
use super::metadata::pqpush_metadata;
use super::metrics::pqpush_metrics;
use super::options::{pqpush_scan_options, scan_options};
use super::row_selection::pqpush_row_run;
use super::slice::pqpush_str;
use super::status::pqpush_status;
use super::structs::{Growing, OutStruct, OutValue};
use crate::{Decoder, Plan, RowSelection, Task};

/// One scan, planned and cut into tasks. It never changes, and any number of threads may use it at the same time.
pub struct pqpush_plan {
    plan: Arc<Plan>,
    tasks: Vec<Task>,
    /// Made when it is first asked for.
    text: OnceLock<String>,
    /// Likewise.
    runs: OnceLock<Vec<pqpush_row_run>>,
}

/// One task of a plan.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_task {
    /// Bytes of this struct that the host knows; set it before the call.
    pub struct_size: usize,
    /// Ordinal of the row group; UINT64_MAX where the task is the whole plan, because offset or limit count what predicates
    /// keep.
    pub row_group: u64,
    /// First row, counted in the row group.
    pub first_row: u64,
    /// Rows from there on that the task covers, read or not.
    pub row_count: u64,
    /// Bytes that its decoder asks for at most, without those that `coalesce_gap` adds. Pages on the border of two tasks
    /// count for both.
    pub byte_size: u64,
    /// Rows of those covered that are read: the rows of its batches where there are no predicates, else the most that there
    /// can be.
    pub selected_rows: u64,
}

// SAFETY: repr(C), begins with struct_size, integers of one size.
unsafe impl Growing for pqpush_task {
    const FIRST_SIZE: usize = 40; // `selected_rows` was appended
}

impl pqpush_task {
    fn of(task: &Task) -> Self {
        Self {
            struct_size: 0,
            row_group: task.row_group.map_or(u64::MAX, |row_group| row_group as u64),
            first_row: task.first_row,
            row_count: task.row_count,
            byte_size: task.byte_size,
            selected_rows: task.selected_rows,
        }
    }
}

impl pqpush_plan {
    fn task(&self, index: usize) -> Result<&Task, pqpush_error> {
        let count = self.tasks.len();
        let missing = || pqpush_error::invalid_argument(format!("index: {index} where the plan has {count} tasks"));
        self.tasks.get(index).ok_or_else(missing)
    }
}

/// Plans a scan: leaves out what the footer and the page index rule out, and cuts the rest into tasks of about
/// `target_rows` rows. The tasks together read exactly the rows of the scan, in the order of the tasks; none is empty. A
/// task has rows of one row group. Large row groups are cut where pages begin in the column that takes most bytes; without
/// offset index behind a multiple of batch_rows, and then each task reads its chunks from the front. The last of several
/// row groups is cut into tasks of half as many rows: threads that take task after task end at about the same time then.
/// Offset and limit are distributed over the tasks; together with predicates they make the plan one task.
///
/// Parameters: `metadata`: of the file; the plan keeps a reference of its own. `options`: as for pqpush_decoder_new,
/// borrowed for the call. `target_rows`: rows of a task, about; 0: a task for each row group. `out_plan`: the new plan.
/// Returns: as pqpush_decoder_new.
/// Memory: `*out_plan` is owned by the caller and freed by pqpush_plan_free; NULL on failure.
/// Threads: any, at the same time, also with the same `metadata`.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_plan_new(
    metadata: *const pqpush_metadata,
    options: *const pqpush_scan_options,
    target_rows: u64,
    out_plan: *mut *mut pqpush_plan,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a place to write to.
        let out = unsafe { OutValue::handle(out_plan, "out_plan") }?;
        // SAFETY: the header asks for live metadata.
        let metadata = unsafe { borrow(metadata, "metadata") }?;
        // SAFETY: the header asks for NULL or options whose pointers and lengths are right.
        let options = unsafe { scan_options(options) }?;
        let plan = Arc::new(Plan::new(metadata.shared(), options)?);
        let tasks = plan.tasks(target_rows);
        out.set(into_box(pqpush_plan { plan, tasks, text: OnceLock::new(), runs: OnceLock::new() }));
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Number of tasks of a plan.
///
/// Parameters: `plan`: a plan, or NULL.
/// Returns: the number, 0 where no row is left to read; 0 for NULL.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_plan_task_count(plan: *const pqpush_plan) -> usize {
    // SAFETY: the header asks for NULL or a live plan.
    guard_value(0, || unsafe { plan.as_ref() }.map_or(0, |plan| plan.tasks.len()))
}

/// One task of a plan.
///
/// Parameters: `plan`; `index`: of the task; `out_task`: its `struct_size` set, the rest is written.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an index that is too large.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_plan_task(
    plan: *const pqpush_plan,
    index: usize,
    out_task: *mut pqpush_task,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a struct of the size that it says.
        let out = unsafe { OutStruct::new(out_task, "out_task") }?;
        // SAFETY: the header asks for a live plan.
        out.set(pqpush_task::of(unsafe { borrow(plan, "plan") }?.task(index)?));
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Makes the decoder of one task. It needs nothing of the other tasks, and can be used on any thread. Its metrics count the
/// task.
///
/// Parameters: `plan`; `index`: of the task; `out_decoder`: the new decoder.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an index that is too large.
/// Memory: `*out_decoder` is owned by the caller and freed by pqpush_decoder_free; it may outlive the plan. NULL on
/// failure. A decoder that is freed leaves up to 8 MiB of what the thread does not keep to the next one of the plan; a
/// plan that has no decoders any more keeps that of as many as it had at a time until it is freed.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_plan_decoder(
    plan: *const pqpush_plan,
    index: usize,
    out_decoder: *mut *mut pqpush_decoder,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a place to write to.
        let out = unsafe { OutValue::handle(out_decoder, "out_decoder") }?;
        // SAFETY: the header asks for a live plan.
        let plan = unsafe { borrow(plan, "plan") }?;
        out.set(into_box(pqpush_decoder::new(Decoder::of_task(&plan.plan, plan.task(index)?))));
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// What a plan reads, and why it does not read the rest, in words for people: the predicates, a line for each row group,
/// and below it one for each column that is read, with its bytes and pages. The text may change with any release.
///
/// Parameters: `plan`; `out_text`: the text.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: the text is borrowed and lives as long as the plan; {NULL, 0} on failure.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_plan_explain(
    plan: *const pqpush_plan,
    out_text: *mut pqpush_str,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a place to write to.
        let out = unsafe { OutValue::new(out_text, pqpush_str::NONE, "out_text") }?;
        // SAFETY: the header asks for a live plan.
        let plan = unsafe { borrow(plan, "plan") }?;
        out.set(pqpush_str::lend(plan.text.get_or_init(|| plan.plan.explain())));
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// The rows that a plan reads: those chosen, without those that statistics rule out. As row_selection of other
/// options for the same row groups it spares a later scan that work. Where there are no predicates, offset and limit are in
/// it.
///
/// Parameters: `plan`; `out_runs`, `out_count`: runs of rows to read and to pass over, one behind the other, which cover
/// the chosen row groups in their order.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `*out_runs` is borrowed and lives as long as the plan; NULL on failure.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_plan_row_selection(
    plan: *const pqpush_plan,
    out_runs: *mut *const pqpush_row_run,
    out_count: *mut usize,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for places to write to.
        let outs = unsafe {
            (OutValue::new(out_runs, std::ptr::null(), "out_runs"), OutValue::new(out_count, 0, "out_count"))
        };
        let (out_runs, out_count) = (outs.0?, outs.1?);
        // SAFETY: the header asks for a live plan.
        let plan = unsafe { borrow(plan, "plan") }?;
        let runs = match plan.runs.get() {
            Some(runs) => runs,
            None => {
                let selection = plan.plan.row_selection()?;
                plan.runs.get_or_init(|| runs(&selection))
            }
        };
        out_runs.set(runs.as_ptr());
        out_count.set(runs.len());
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// What was found out when the plan was made: rows and row groups chosen, and those of them that statistics rule out. What
/// decoders do is counted by pqpush_decoder_metrics.
///
/// Parameters: `plan`; `out_metrics`: its `struct_size` set, the rest is written.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_plan_metrics(
    plan: *const pqpush_plan,
    out_metrics: *mut pqpush_metrics,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a struct of the size that it says.
        let out = unsafe { OutStruct::new(out_metrics, "out_metrics") }?;
        // SAFETY: the header asks for a live plan.
        out.set(unsafe { borrow(plan, "plan") }?.plan.metrics().into());
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Frees a plan. Decoders made from it live on.
///
/// Parameters: `plan`: a plan, or NULL, which does nothing.
/// Threads: any, once no other thread uses the plan.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_plan_free(plan: *mut pqpush_plan) {
    // SAFETY: the header asks for NULL or a plan that the caller owns.
    unsafe { free_box(plan) }
}

/// The selection as runs; at least one, so that the pointer is never that of an empty list.
fn runs(selection: &RowSelection) -> Vec<pqpush_row_run> {
    let run = |row_count, select| pqpush_row_run { row_count, select, reserved: 0 };
    let (mut runs, mut row) = (Vec::new(), 0u64);
    for rows in selection.ranges() {
        runs.push(run(rows.start.saturating_sub(row), 0));
        runs.push(run(rows.end.saturating_sub(rows.start), 1));
        row = rows.end;
    }
    runs.push(run(selection.len().saturating_sub(row), 0));
    match runs.len() {
        1 => runs,
        _ => runs.into_iter().filter(|run| run.row_count > 0).collect(),
    }
}
