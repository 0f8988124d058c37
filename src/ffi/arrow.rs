//! Moving Arrow data across the ABI, in both directions, without copying it.

use arrow_array::{Array, ArrayRef, RecordBatch, StructArray, make_array};
use arrow_data::ffi::FFI_ArrowArray;
use arrow_schema::Schema;
use arrow_schema::ffi::FFI_ArrowSchema;

use super::error::{FfiResult, pqpush_error};
use super::status::pqpush_status_code::PQPUSH_ERR_UNSUPPORTED;

/// A batch as a struct array. It owns what it points to, each child too, so that a host may move children out.
pub(super) fn export_batch(rows: RecordBatch) -> FFI_ArrowArray {
    export_array(StructArray::from(rows))
}

/// A struct array, likewise.
pub(super) fn export_array(array: StructArray) -> FFI_ArrowArray {
    FFI_ArrowArray::new(&array.into_data())
}

/// A schema as a struct whose children are the columns. Refused where the C form cannot hold it: a name with a NUL.
pub(super) fn export_schema(schema: &Schema) -> FfiResult<FFI_ArrowSchema> {
    FFI_ArrowSchema::try_from(schema).map_err(|error| {
        pqpush_error::new(
            PQPUSH_ERR_UNSUPPORTED,
            format!("the schema has no form in the Arrow C Data Interface: {error}"),
        )
    })
}

/// Takes over an array and its schema, both, also where one of them is missing or was released before.
///
/// # Safety
/// Each is NULL, or an initialised struct that the host gives up.
pub(super) unsafe fn consume(
    array: *mut FFI_ArrowArray,
    schema: *mut FFI_ArrowSchema,
    parameter: &str,
) -> FfiResult<(FFI_ArrowArray, FFI_ArrowSchema)> {
    // SAFETY: not NULL, and given up by the host.
    let array = (!array.is_null()).then(|| unsafe { FFI_ArrowArray::from_raw(array) });
    // SAFETY: as above.
    let schema = (!schema.is_null()).then(|| unsafe { FFI_ArrowSchema::from_raw(schema) });
    let array = array.ok_or_else(|| pqpush_error::null(parameter))?;
    let schema = schema.ok_or_else(|| pqpush_error::null(&format!("the schema of {parameter}")))?;
    if array.release().is_none() || schema.release().is_none() {
        return Err(pqpush_error::invalid_argument(format!("{parameter} was released before")));
    }
    Ok((array, schema))
}

/// Takes over an array with its schema, as [`consume`], and views it.
///
/// # Safety
/// Each is NULL, or an initialised struct that the host gives up and that is what the Arrow C Data Interface asks for.
pub(super) unsafe fn import(
    array: *mut FFI_ArrowArray,
    schema: *mut FFI_ArrowSchema,
    parameter: &str,
) -> FfiResult<ArrayRef> {
    // SAFETY: as the caller says.
    let (array, schema) = unsafe { consume(array, schema, parameter) }?;
    // SAFETY: as the caller says.
    let data = unsafe { arrow_array::ffi::from_ffi(array, &schema) };
    data.map(make_array).map_err(|error| pqpush_error::invalid_argument(format!("{parameter}: {error}")))
}
