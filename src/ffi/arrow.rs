//! Moving Arrow data across the ABI, in both directions, without copying it.

use arrow_array::ffi::from_ffi;
use arrow_array::{Array, ArrayRef, RecordBatch, StructArray, make_array};
use arrow_data::ffi::FFI_ArrowArray;
use arrow_data::layout;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{DataType, Schema};

use super::error::{FfiResult, pqpush_error};
use super::status::pqpush_status_code::PQPUSH_ERR_UNSUPPORTED;

/// A batch as a struct array. It owns what it points to, each child too, so that a host may move children out.
pub(super) fn export_batch(rows: RecordBatch) -> FFI_ArrowArray {
    FFI_ArrowArray::new(&StructArray::from(rows).into_data())
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

/// Literals of the host as an array. What cannot be a literal, and arrays that contradict themselves, are refused.
pub(super) fn import(array: FFI_ArrowArray, schema: &FFI_ArrowSchema, parameter: &str) -> FfiResult<ArrayRef> {
    let refused = |error| pqpush_error::invalid_argument(format!("{parameter}: {error}"));
    let none = |of: &str| pqpush_error::invalid_argument(format!("{parameter}: no literals of type {of}"));
    // Nested types are not looked into: their children would have to be checked first.
    if schema.format().starts_with('+') {
        return Err(none(schema.format()));
    }
    let data_type = DataType::try_from(schema).map_err(refused)?;
    let (keys, values) = match &data_type {
        DataType::Dictionary(keys, values) => (&**keys, Some(&**values)),
        other => (other, None),
    };
    let fits = |array: &FFI_ArrowArray, data_type: &DataType| has_buffers_of(array, data_type);
    let values_fit = match (values, array.dictionary()) {
        (None, None) => true,
        (Some(data_type), Some(values)) => fits(values, data_type) && values.dictionary().is_none(),
        _ => false,
    };
    if !fits(&array, keys) || !values_fit {
        return Err(none(&data_type.to_string()));
    }
    // SAFETY: the header asks for an array of this schema, and it has the buffers of one.
    let data = unsafe { from_ffi(array, schema) }.map_err(refused)?;
    data.validate_full().map_err(refused)?;
    Ok(make_array(data))
}

/// Whether the array has as many buffers as its type asks for.
fn has_buffers_of(array: &FFI_ArrowArray, data_type: &DataType) -> bool {
    let layout = layout(data_type);
    let fixed = layout.buffers.len().saturating_add(usize::from(layout.can_contain_null_mask));
    match layout.variadic {
        // The lengths of the variadic buffers stand behind them.
        true => array.num_buffers() > fixed,
        false => array.num_buffers() == fixed,
    }
}
