//! Predicates: conditions as data, built from literals of the host, combined, or read from SQL text.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int64Array, StringArray};
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::FFI_ArrowSchema;

use super::arrow::import;
use super::error::{FfiResult, pqpush_error};
use super::guard::guard;
use super::handle::{free_box, into_box};
use super::options::out_of_range;
use super::slice::{pqpush_str, slice, string};
use super::status::pqpush_status;
use super::structs::OutValue;
use crate::predicate::{Comparison, Predicate};

/// A condition on rows. It never changes, and any number of decoders and threads may use it at the same time.
///
/// Columns are named by dotted path, and have to be leaf columns outside of lists. They are looked up, and literals made
/// values of their types, when a decoder is made: pqpush_decoder_new answers PQPUSH_ERR_INVALID_ARGUMENT where that is
/// not possible, naming the column and both types.
///
/// Logic is that of SQL: a comparison with null is neither true nor false, also under NOT, OR and IN, and a row is kept
/// where the predicate is true. Strings and binaries compare by unsigned bytes, false is less than true, zeros of either
/// sign are equal. NaN is not less than, equal to or greater than anything, itself included: of comparisons only
/// PQPUSH_NE holds for it.
pub struct pqpush_predicate {
    predicate: Predicate,
}

impl pqpush_predicate {
    pub(super) fn predicate(&self) -> &Predicate {
        &self.predicate
    }
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

/// Empties `out`, and sets it to the predicate that `make` makes.
///
/// # Safety
/// `out` and `err` are NULL or may be written.
pub(super) unsafe fn answer(
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
    make: impl FnOnce() -> FfiResult<Predicate>,
) -> pqpush_status {
    let body = || {
        // SAFETY: as the caller says.
        let out = unsafe { OutValue::handle(out, "out") };
        // What the call takes over is taken over also where there is no place for the answer.
        let predicate = make()?;
        out?.set(into_box(pqpush_predicate { predicate }));
        Ok(())
    };
    // SAFETY: as the caller says.
    unsafe { guard(err, body) }
}

fn comparison(op: i32) -> FfiResult<Comparison> {
    Ok(match op {
        0 => Comparison::Equal,
        1 => Comparison::NotEqual,
        2 => Comparison::Less,
        3 => Comparison::LessOrEqual,
        4 => Comparison::Greater,
        5 => Comparison::GreaterOrEqual,
        other => return Err(out_of_range("op", other)),
    })
}

/// The comparison with one value.
///
/// # Safety
/// `column` is a string as the header describes it.
unsafe fn compare(column: pqpush_str, op: i32, literal: ArrayRef) -> FfiResult<Predicate> {
    // SAFETY: as the caller says.
    let column = unsafe { string(column, "column") }?;
    Ok(Predicate::compare(column, comparison(op)?, literal)?)
}

/// The predicates behind handles, each taken over, also where another is missing.
///
/// # Safety
/// `operands` is a readable list of NULLs and predicates that the host gives up.
unsafe fn take_operands(operands: *mut *mut pqpush_predicate, count: usize) -> FfiResult<Vec<Predicate>> {
    // SAFETY: as the caller says.
    let handles = unsafe { slice(operands, count, "operands") }?;
    let mut taken = BTreeSet::new();
    let predicate = |handle: &*mut pqpush_predicate| {
        if handle.is_null() {
            return Err(pqpush_error::null("one of operands"));
        }
        if !taken.insert(*handle) {
            return Err(pqpush_error::invalid_argument("operands: the same predicate twice"));
        }
        // SAFETY: not NULL, given up by the host, and not seen before.
        Ok(unsafe { Box::from_raw(*handle) }.predicate)
    };
    let all: Vec<_> = handles.iter().map(predicate).collect();
    all.into_iter().collect()
}

/// Compares a column with a literal.
///
/// The literal is made a value of the column's type without loss, or refused: a number a number of the same value, a date or
/// time one of another unit, a string a binary. A decimal stands for the nearest floating-point number, a floating-point
/// number for the decimal that it is written as; a date for its midnight; a timestamp without a zone is in UTC where the
/// column is; a string may be a written date or timestamp.
///
/// Parameters: `column`: dotted path; `op`: one of pqpush_comparison; `literal`, `literal_schema`: an Arrow array of
/// length 1 and its schema; `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `literal` and `literal_schema` are consumed, on every path; `*out` is owned by the caller, NULL on failure.
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
    unsafe { answer(out, err, || compare(column, op, import(literal, literal_schema, "literal")?)) }
}

/// Compares a column with an integer, as pqpush_predicate_compare does.
///
/// Parameters: `column`: dotted path; `op`: one of pqpush_comparison; `value`; `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `*out` is owned by the caller, NULL on failure.
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
    // SAFETY: the header asks for places to write to and a readable string.
    unsafe { answer(out, err, || compare(column, op, Arc::new(Int64Array::from(vec![value])))) }
}

/// Compares a column with a floating-point number, as pqpush_predicate_compare does.
///
/// Parameters: `column`: dotted path; `op`: one of pqpush_comparison; `value`; `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `*out` is owned by the caller, NULL on failure.
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
    // SAFETY: the header asks for places to write to and a readable string.
    unsafe { answer(out, err, || compare(column, op, Arc::new(Float64Array::from(vec![value])))) }
}

/// Compares a column with a string, as pqpush_predicate_compare does.
///
/// Parameters: `column`: dotted path; `op`: one of pqpush_comparison; `value`; `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `value` is borrowed for the call; `*out` is owned by the caller, NULL on failure.
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
        answer(out, err, || {
            let value = StringArray::from(vec![string(value, "value")?]);
            compare(column, op, Arc::new(value))
        })
    }
}

/// Keeps rows whose value is one of a list. With a null in the list the rows whose value is not in it are neither kept nor
/// dropped by a NOT around it, as in SQL; a list without values keeps no row.
///
/// Parameters: `column`: dotted path; `values`, `values_schema`: an Arrow array and its schema; `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `values` and `values_schema` are consumed, on every path; `*out` is owned by the caller, NULL on failure.
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
        answer(out, err, || {
            let values = import(values, values_schema, "values")?;
            Ok(Predicate::is_in(string(column, "column")?, values)?)
        })
    }
}

/// Keeps rows whose value is null.
///
/// Parameters: `column`: dotted path; `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `*out` is owned by the caller, NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_is_null(
    column: pqpush_str,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to and a readable string.
    unsafe { answer(out, err, || Ok(Predicate::is_null(string(column, "column")?))) }
}

/// Keeps rows whose value, a string or binary, begins with a prefix.
///
/// Parameters: `column`: dotted path; `prefix`; `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: `prefix` is borrowed for the call; `*out` is owned by the caller, NULL on failure.
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
    unsafe { answer(out, err, || Ok(Predicate::starts_with(string(column, "column")?, string(prefix, "prefix")?))) }
}

/// Keeps rows whose value, a string or binary, matches an SQL LIKE pattern: `%` is any text, `_` one character (one
/// byte of a binary); a backslash before one of them, or before a backslash, makes it stand for itself.
///
/// Parameters: `column`: dotted path; `pattern`; `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for a backslash before anything else.
/// Memory: `pattern` is borrowed for the call; `*out` is owned by the caller, NULL on failure.
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
    unsafe { answer(out, err, || Ok(Predicate::like(string(column, "column")?, string(pattern, "pattern")?)?)) }
}

/// Keeps rows for which every operand is true: all rows where there is no operand.
///
/// Parameters: `operands`, `count`: the predicates; `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: the operands are consumed, on every path; `*out` is owned by the caller, NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_and(
    operands: *mut *mut pqpush_predicate,
    count: usize,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to and a readable list of predicates that the host gives up.
    unsafe { answer(out, err, || take_operands(operands, count).map(Predicate::and)) }
}

/// Keeps rows for which an operand is true: none where there is no operand.
///
/// Parameters: `operands`, `count`: the predicates; `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: the operands are consumed, on every path; `*out` is owned by the caller, NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_or(
    operands: *mut *mut pqpush_predicate,
    count: usize,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to and a readable list of predicates that the host gives up.
    unsafe { answer(out, err, || take_operands(operands, count).map(Predicate::or)) }
}

/// Keeps rows for which the operand is false: not those for which it is neither true nor false.
///
/// Parameters: `operand`: the predicate; `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT.
/// Memory: the operand is consumed, on every path; `*out` is owned by the caller, NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_not(
    operand: *mut pqpush_predicate,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let make = || {
        if operand.is_null() {
            return Err(pqpush_error::null("operand"));
        }
        // SAFETY: not NULL, and given up by the host.
        Ok(Predicate::not(unsafe { Box::from_raw(operand) }.predicate))
    };
    // SAFETY: the header asks for places to write to.
    unsafe { answer(out, err, make) }
}

/// Reads a condition in SQL, as it stands behind WHERE: comparisons of a column with a literal, IN, BETWEEN, LIKE,
/// IS [NOT] NULL, AND, OR, NOT, parentheses. Names of columns are case-sensitive, and in double quotes where they are not
/// plain words. Literals: 5, -0.05 (a decimal), 1e3 (a double), 'text', X'00ff', TRUE, FALSE, NULL, DATE '1994-01-31',
/// TIME '12:30:00', TIMESTAMP '1994-01-31 12:30:00.5', and with Z or +02:00 behind it an instant in UTC.
///
/// Parameters: `sql`: the condition; `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, and the message says at which character.
/// Memory: `sql` is borrowed for the call; `*out` is owned by the caller, NULL on failure.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_parse(
    sql: pqpush_str,
    out: *mut *mut pqpush_predicate,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    // SAFETY: the header asks for places to write to and a readable string.
    unsafe { answer(out, err, || Ok(Predicate::parse(string(sql, "sql")?)?)) }
}

/// Frees a predicate. Decoders that use it keep what they need of it.
///
/// Parameters: `predicate`: a predicate, or NULL, which does nothing.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_predicate_free(predicate: *mut pqpush_predicate) {
    // SAFETY: the caller owns `predicate`, which came from `handle::into_box`.
    unsafe { free_box(predicate) }
}
