//! Predicates of the host's own: functions that are called with Arrow data.

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;
use std::sync::Arc;

use arrow_array::ffi::from_ffi_and_data_type;
use arrow_array::{Array, ArrayRef, BooleanArray, StructArray};
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{DataType, Field};

use super::error::{FfiResult, pqpush_error};
use super::lent::UserData;
use super::predicate::{answer, pqpush_predicate};
use super::slice::{pqpush_str, slice, string};
use super::status::pqpush_status;
use super::structs::{Growing, take_owned};
use crate::error::{Error, Result};
use crate::predicate::{ColumnBounds, Predicate, RowCallback, Verdict};

/// What is known of one column of some rows, for pqpush_predicate_callbacks.eval_stats.
#[repr(C)]
pub struct pqpush_column_bounds {
    /// Bytes of this struct that the library knows.
    pub struct_size: usize,
    /// Lower bound of the values that are neither null nor NaN, an array of length 1, borrowed; NULL where not known.
    pub min: *mut FFI_ArrowArray,
    /// Upper bound, likewise.
    pub max: *mut FFI_ArrowArray,
    /// Schema of the column, and so of the bounds; borrowed.
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
    /// Owns `rows`, a struct array of the columns in the order in which they were named, and sets `*out_keep`, which is
    /// released before, to a Boolean array of as many rows; null drops the row. `schema` is that of `rows`, borrowed.
    /// Anything but 0 is a failure.
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

/// Keeps rows that a function of the host keeps. Where it fails, or answers with anything but as many Booleans as there are
/// rows, the decoder ends with PQPUSH_ERR_CALLBACK, and the message has the function and the number that it returned.
///
/// Parameters: `columns`, `column_count`: dotted paths, at least one; `callbacks`: the functions, borrowed for the call;
/// `out`: the new predicate.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_UNSUPPORTED for fields past the ones of this version.
/// Memory: callbacks->user_data is consumed: release(user_data) runs exactly once, on every path on which
/// callbacks->struct_size says that there is a release; `*out` is owned by the caller, NULL on
/// failure.
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
    let make = || {
        let owner = |given: &pqpush_predicate_callbacks| UserData::new(given.release, given.user_data);
        // SAFETY: the header asks for callbacks whose user data the host gives up.
        let (given, owner) = unsafe { take_owned(callbacks, "callbacks", owner) }?;
        // SAFETY: the header asks for a readable list of readable strings.
        let paths = unsafe { slice(columns, column_count, "columns") }?
            .iter()
            .map(|path| unsafe { string(*path, "columns") }.map(str::to_owned))
            .collect::<FfiResult<Vec<_>>>()?;
        if paths.is_empty() {
            return Err(pqpush_error::invalid_argument("columns: a predicate of the host needs at least one"));
        }
        let eval_rows = given.eval_rows.ok_or_else(|| pqpush_error::null("callbacks->eval_rows"))?;
        let host = Host { eval_rows, eval_stats: given.eval_stats, paths: paths.clone(), owner };
        Ok(Predicate::callback(paths, Arc::new(host)))
    };
    // SAFETY: the header asks for places to write to.
    unsafe { answer(out, err, make) }
}

type EvalRows =
    unsafe extern "C" fn(*mut c_void, *const FFI_ArrowSchema, *mut FFI_ArrowArray, *mut FFI_ArrowArray) -> c_int;
type EvalStats = unsafe extern "C" fn(*mut c_void, *const pqpush_column_bounds, usize, *mut i32) -> c_int;

/// The functions of the host. The header says that they may be called on any thread, also at the same time.
struct Host {
    eval_rows: EvalRows,
    eval_stats: Option<EvalStats>,
    paths: Vec<String>,
    owner: UserData,
}

impl Host {
    #[cold]
    fn failed(&self, what: &str) -> Error {
        Error::callback(format!("the host's predicate on {}: {what}", self.paths.join(", ")))
    }

    /// Data of the columns under their names.
    fn fields<'a>(&'a self, types: impl Iterator<Item = &'a DataType>) -> impl Iterator<Item = Field> {
        self.paths.iter().zip(types).map(|(path, data_type)| Field::new(path, data_type.clone(), true))
    }

    fn exported(&self, field: &Field) -> Result<FFI_ArrowSchema> {
        let refused = |error| format!("the schema has no form in the Arrow C Data Interface: {error}");
        FFI_ArrowSchema::try_from(field).map_err(|error| Error::unsupported(refused(error)))
    }

    /// The Booleans that `eval_rows` answered with.
    fn imported(&self, keep: FFI_ArrowArray) -> Result<BooleanArray> {
        if keep.is_released() {
            return Err(self.failed("eval_rows returned 0 and set no array"));
        }
        if keep.num_buffers() != 2 || keep.num_children() != 0 || keep.dictionary().is_some() {
            return Err(self.failed("eval_rows set an array that is not Boolean"));
        }
        // SAFETY: the header asks for a Boolean array, and this has the buffers of one.
        let data = unsafe { from_ffi_and_data_type(keep, DataType::Boolean) };
        let data = data.and_then(|data| data.validate_full().map(|()| data));
        data.map(BooleanArray::from).map_err(|error| self.failed(&format!("eval_rows set no Boolean array: {error}")))
    }
}

impl RowCallback for Host {
    fn eval_rows(&self, columns: &[ArrayRef]) -> Result<BooleanArray> {
        let fields: Vec<_> = self.fields(columns.iter().map(|column| column.data_type())).collect();
        let rows = StructArray::try_new(fields.into(), columns.to_vec(), None)
            .map_err(|error| Error::internal(format!("columns of a predicate do not fit together: {error}")))?;
        let schema = self.exported(&Field::new("", rows.data_type().clone(), false))?;
        let mut rows = FFI_ArrowArray::new(&rows.to_data());
        let mut keep = FFI_ArrowArray::empty();
        // SAFETY: the function is the host's, and gets what the header says.
        let code = unsafe { (self.eval_rows)(self.owner.get(), &raw const schema, &raw mut rows, &raw mut keep) };
        match code {
            0 => self.imported(keep),
            code => Err(self.failed(&format!("eval_rows returned {code}"))),
        }
    }

    fn eval_bounds(&self, columns: &[ColumnBounds<'_>]) -> Result<Verdict> {
        let Some(eval_stats) = self.eval_stats else { return Ok(Verdict::Some) };
        let fields = self.fields(columns.iter().map(|column| column.data_type));
        let schemas = fields.map(|field| self.exported(&field)).collect::<Result<Vec<_>>>()?;
        let exported = |bound: &Option<ArrayRef>| bound.as_ref().map(|bound| FFI_ArrowArray::new(&bound.to_data()));
        let mut bounds: Vec<_> =
            columns.iter().map(|column| (exported(&column.bounds.min), exported(&column.bounds.max))).collect();
        let pointer = |bound: &mut Option<FFI_ArrowArray>| bound.as_mut().map_or(null_mut(), |bound| &raw mut *bound);
        let known = columns.iter().zip(&mut bounds).zip(&schemas).map(|((column, (min, max)), schema)| {
            let null_count = column.bounds.null_count.and_then(|count| i64::try_from(count).ok());
            pqpush_column_bounds {
                struct_size: size_of::<pqpush_column_bounds>(),
                min: pointer(min),
                max: pointer(max),
                schema,
                null_count: null_count.unwrap_or(-1),
                row_count: column.bounds.row_count,
            }
        });
        let known: Vec<_> = known.collect();
        let mut verdict = 0;
        // SAFETY: the function is the host's, and gets what the header says.
        let code = unsafe { eval_stats(self.owner.get(), known.as_ptr(), known.len(), &raw mut verdict) };
        match (code, verdict) {
            (0, 0) => Ok(Verdict::Some),
            (0, 1) => Ok(Verdict::None),
            (0, other) => Err(self.failed(&format!("eval_stats said {other}, which has no meaning"))),
            (code, _) => Err(self.failed(&format!("eval_stats returned {code}"))),
        }
    }
}
