//! Predicates: the shape of their functions. This version evaluates none: each function checks its arguments, takes
//! over what it consumes, gives it back, and says PQPUSH_ERR_UNSUPPORTED.

use std::convert::Infallible;
use std::ffi::{c_int, c_void};

use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::FFI_ArrowSchema;

use super::arrow::consume;
use super::error::{FfiResult, pqpush_error};
use super::guard::guard;
use super::lent::UserData;
use super::options::out_of_range;
use super::slice::{pqpush_str, slice, string};
use super::status::pqpush_status;
use super::structs::{Growing, OutValue, take_owned};

/// A condition on rows. It never changes, and any number of decoders and threads may use it at the same time. This
/// version makes none: every function that would answers PQPUSH_ERR_UNSUPPORTED.
pub struct pqpush_predicate {
    _none: Infallible,
}

/// Comparisons.
#[repr(C)]
#[allow(dead_code)] // constructed by hosts alone
pub enum pqpush_comparison {
    /// Equal.
    PQPUSH_EQ = 0,
    /// Not equal.
    PQPUSH_NE = 1,
    /// Less than.
    PQPUSH_LT = 2,
    /// Less than or equal.
    PQPUSH_LE = 3,
    /// Greater than.
    PQPUSH_GT = 4,
    /// Greater than or equal.
    PQPUSH_GE = 5,
}

/// What is known of one column of some rows, for pqpush_predicate_callbacks.eval_stats.
#[repr(C)]
pub struct pqpush_column_bounds {
    /// Bytes of this struct that the library knows.
    pub struct_size: usize,
    /// Lower bound, an array of length 1, borrowed; NULL where not known.
    pub min: *mut FFI_ArrowArray,
    /// Upper bound, likewise.
    pub max: *mut FFI_ArrowArray,
    /// Schema of the bounds, borrowed.
    pub schema: *const FFI_ArrowSchema,
    /// Nulls; -1 where not known.
    pub null_count: i64,
    /// Rows.
    pub row_count: u64,
}

/// A host's own predicate. The functions may be called on any thread that uses a decoder with it, also at the same time;
/// they must not unwind.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_predicate_callbacks {
    /// Bytes of this struct that the host knows: sizeof(pqpush_predicate_callbacks).
    pub struct_size: usize,
    /// Handed to each function.
    pub user_data: *mut c_void,
    /// Owns `rows`, a struct array of the columns, and sets `*out_keep` to a Boolean array of as many rows; null drops
    /// the row. Anything but 0 is a failure.
    pub eval_rows: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            schema: *const FFI_ArrowSchema,
            rows: *mut FFI_ArrowArray,
            out_keep: *mut FFI_ArrowArray,
        ) -> c_int,
    >,
    /// Sets `*out_verdict` to 0 (keep), or to 1 (skip) where no row can match. Anything but 0 is a failure. May be NULL.
    pub eval_stats: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            columns: *const pqpush_column_bounds,
            count: usize,
            out_verdict: *mut i32,
        ) -> c_int,
    >,
    /// Runs exactly once, when nothing uses the callbacks any more, also where the call that is given them fails. May
    /// be NULL.
    pub release: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
}

// SAFETY: repr(C), begins with struct_size, pointers without padding; NULL is a valid value of each function.
unsafe impl Growing for pqpush_predicate_callbacks {}

/// Empties `out`, checks the arguments, and says that there are no predicates.
///
/// # Safety
/// `out` and `err` are NULL or may be written.
unsafe fn refuse(
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
    check: impl FnOnce() -> FfiResult<()>,
) -> pqpush_status {
    let body = || {
        // SAFETY: as the caller says.
        let out = unsafe { OutValue::handle(out, "out") };
        check()?;
        out.and(Err(pqpush_error::unsupported("predicates")))
    };
    // SAFETY: as the caller says.
    unsafe { guard(err, body) }
}

/// Checks what every comparison has.
///
/// # Safety
/// `column` is a string as the header describes it.
unsafe fn check_comparison(column: pqpush_str, op: i32) -> FfiResult<()> {
    // SAFETY: as the caller says.
    unsafe { string(column, "column") }?;
    let known = pqpush_comparison::PQPUSH_EQ as i32..=pqpush_comparison::PQPUSH_GE as i32;
    if known.contains(&op) { Ok(()) } else { Err(out_of_range("op", op)) }
}

/// Compares a column with a literal. Not supported by this version.
///
/// Parameters: `column`: dotted path; `op`: one of pqpush_comparison; `literal`, `literal_schema`: an Arrow array of
/// length 1 and its schema; `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `literal` and `literal_schema` are consumed, on every path; `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_compare(
    column: pqpush_str,
    op: i32,
    literal: *mut FFI_ArrowArray,
    literal_schema: *mut FFI_ArrowSchema,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to, a readable string, and a literal that the host gives up.
    unsafe {
        refuse(out, err, || {
            let consumed = consume(literal, literal_schema, "literal");
            check_comparison(column, op)?;
            consumed.map(drop)
        })
    }
}

/// Compares a column with an integer. Not supported by this version.
///
/// Parameters: `column`: dotted path; `op`: one of pqpush_comparison; `value`; `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_compare_int64(
    column: pqpush_str,
    op: i32,
    value: i64,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let _ = value;
    // SAFETY: the header asks for places to write to and a readable string.
    unsafe { refuse(out, err, || check_comparison(column, op)) }
}

/// Compares a column with a floating-point number. Not supported by this version.
///
/// Parameters: `column`: dotted path; `op`: one of pqpush_comparison; `value`; `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_compare_double(
    column: pqpush_str,
    op: i32,
    value: f64,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let _ = value;
    // SAFETY: the header asks for places to write to and a readable string.
    unsafe { refuse(out, err, || check_comparison(column, op)) }
}

/// Compares a column with a string. Not supported by this version.
///
/// Parameters: `column`: dotted path; `op`: one of pqpush_comparison; `value`; `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_compare_string(
    column: pqpush_str,
    op: i32,
    value: pqpush_str,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to and readable strings.
    unsafe {
        refuse(out, err, || {
            check_comparison(column, op)?;
            string(value, "value").map(drop)
        })
    }
}

/// Keeps rows whose value is one of a list. Not supported by this version.
///
/// Parameters: `column`: dotted path; `values`, `values_schema`: an Arrow array and its schema; `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `values` and `values_schema` are consumed, on every path; `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_in(
    column: pqpush_str,
    values: *mut FFI_ArrowArray,
    values_schema: *mut FFI_ArrowSchema,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to, a readable string, and values that the host gives up.
    unsafe {
        refuse(out, err, || {
            let consumed = consume(values, values_schema, "values");
            string(column, "column")?;
            consumed.map(drop)
        })
    }
}

/// Keeps rows whose value is null. Not supported by this version.
///
/// Parameters: `column`: dotted path; `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_is_null(
    column: pqpush_str,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to and a readable string.
    unsafe { refuse(out, err, || string(column, "column").map(drop)) }
}

/// Keeps rows whose value begins with a prefix. Not supported by this version.
///
/// Parameters: `column`: dotted path; `prefix`; `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_starts_with(
    column: pqpush_str,
    prefix: pqpush_str,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to and readable strings.
    unsafe { refuse(out, err, || string(column, "column").and(string(prefix, "prefix")).map(drop)) }
}

/// Keeps rows whose value matches an SQL LIKE pattern. Not supported by this version.
///
/// Parameters: `column`: dotted path; `pattern`; `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_like(
    column: pqpush_str,
    pattern: pqpush_str,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to and readable strings.
    unsafe { refuse(out, err, || string(column, "column").and(string(pattern, "pattern")).map(drop)) }
}

/// Keeps rows that satisfy every operand. Not supported by this version.
///
/// Parameters: `operands`, `count`: the predicates; `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: the operands are consumed, on every path; `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_and(
    operands: *mut *mut pqpush_predicate,
    count: usize,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to and a readable list, whose elements can only be NULL.
    unsafe { refuse(out, err, || slice(operands, count, "operands").map(drop)) }
}

/// Keeps rows that satisfy an operand. Not supported by this version.
///
/// Parameters: `operands`, `count`: the predicates; `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: the operands are consumed, on every path; `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_or(
    operands: *mut *mut pqpush_predicate,
    count: usize,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to and a readable list, whose elements can only be NULL.
    unsafe { refuse(out, err, || slice(operands, count, "operands").map(drop)) }
}

/// Keeps rows for which the operand is false. Not supported by this version.
///
/// Parameters: `operand`: the predicate; `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: the operand is consumed, on every path; `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_not(
    operand: *mut pqpush_predicate,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let check = || if operand.is_null() { Err(pqpush_error::null("operand")) } else { Ok(()) };
    // SAFETY: the header asks for places to write to.
    unsafe { refuse(out, err, check) }
}

/// Keeps rows that a function of the host keeps. Not supported by this version.
///
/// Parameters: `columns`, `column_count`: dotted paths; `callbacks`: the functions, borrowed for the call;
/// `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: callbacks->user_data is consumed: release(user_data) runs exactly once, on every path on which
/// callbacks->struct_size says that there is a release; `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_callback(
    columns: *const pqpush_str,
    column_count: usize,
    callbacks: *const pqpush_predicate_callbacks,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to, a readable list, and callbacks whose user data the host gives up.
    unsafe {
        refuse(out, err, || {
            let owner = |given: &pqpush_predicate_callbacks| UserData::new(given.release, given.user_data);
            let (given, _owner) = take_owned(callbacks, "callbacks", owner)?;
            slice(columns, column_count, "columns")?.iter().try_for_each(|path| string(*path, "columns").map(drop))?;
            given.eval_rows.map(drop).ok_or_else(|| pqpush_error::null("callbacks->eval_rows"))
        })
    }
}

/// Reads a condition in SQL. Not supported by this version.
///
/// Parameters: `sql`: comparisons, IN, BETWEEN, LIKE, IS [NOT] NULL, AND, OR, NOT; `out`: the new predicate.
/// Returns: PQPUSH_ERR_UNSUPPORTED; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `sql` is borrowed for the call; `*out` is NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_parse(
    sql: pqpush_str,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to and a readable string.
    unsafe { refuse(out, err, || string(sql, "sql").map(drop)) }
}

/// Frees a predicate. Decoders that use it keep it alive.
///
/// Parameters: `predicate`: a predicate, or NULL, which does nothing. This version makes none, so that it is NULL.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub extern "C" fn pqpush_predicate_free(predicate: *mut pqpush_predicate) {
    let _ = predicate;
}
