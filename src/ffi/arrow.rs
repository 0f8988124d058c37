//! Moving Arrow data across the ABI, in both directions, without copying it.

use std::ffi::{CStr, c_char, c_void};
use std::sync::Arc;

use arrow_array::ffi::from_ffi;
use arrow_array::{Array, ArrayRef, StructArray, make_array};
use arrow_data::ffi::FFI_ArrowArray;
use arrow_data::layout;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{DataType, Schema, SchemaRef};

use super::error::{FfiResult, pqpush_error};
use super::slice::slice;
use super::status::pqpush_status_code::PQPUSH_ERR_UNSUPPORTED;

/// A struct array. It owns what it points to, each child too, so that a host may move children out.
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

/// `struct ArrowSchema`, to look at what a host gave before it is believed.
#[repr(C)]
struct RawSchema {
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
    flags: i64,
    n_children: i64,
    children: *const *const RawSchema,
    dictionary: *const RawSchema,
    release: Option<unsafe extern "C" fn(*mut RawSchema)>,
    private_data: *mut c_void,
}

/// Types below each other that a schema of a host may have.
const LARGEST_DEPTH: usize = 1000;

/// A copy of a schema that the host lends, whose type must be a struct; `None` for NULL.
///
/// # Safety
/// `schema` is NULL or a struct as the Arrow C Data Interface describes it, alive for the call.
pub(super) unsafe fn import_schema(schema: *const FFI_ArrowSchema, parameter: &str) -> FfiResult<Option<SchemaRef>> {
    // SAFETY: as the caller says.
    let Some(borrowed) = (unsafe { schema.as_ref() }) else { return Ok(None) };
    // SAFETY: as the caller says; both describe the same struct of C.
    let checked = unsafe { check_schema(schema.cast()) };
    let imported = checked.and_then(|()| Schema::try_from(borrowed).map_err(|error| error.to_string()));
    let invalid = |message| pqpush_error::invalid_argument(format!("{parameter}: {message}"));
    imported.map(|schema| Some(Arc::new(schema))).map_err(invalid)
}

/// Refuses what the importer would stumble over: missing pointers, texts that are not UTF-8, lists without element.
///
/// # Safety
/// As [`import_schema`], not NULL.
unsafe fn check_schema(schema: *const RawSchema) -> Result<(), String> {
    let mut open = vec![(schema, 0usize)];
    while let Some((schema, depth)) = open.pop() {
        // SAFETY: as the caller says; children and dictionaries were checked not to be NULL.
        let schema = unsafe { &*schema };
        if depth > LARGEST_DEPTH {
            return Err(format!("types are nested deeper than {LARGEST_DEPTH}"));
        }
        if schema.release.is_none() {
            return Err("it was released before".to_owned());
        }
        // SAFETY: NULL or terminated by NUL, as the interface asks.
        let format = unsafe { text(schema.format) }?.ok_or("a format is NULL")?;
        // SAFETY: as above.
        unsafe { text(schema.name) }?;
        let count = usize::try_from(schema.n_children).map_err(|_| "the number of children is negative")?;
        let needed = match format {
            "+l" | "+L" | "+vl" | "+vL" | "+m" => Some(1),
            "+r" => Some(2),
            other => other.starts_with("+w:").then_some(1),
        };
        if needed.is_some_and(|needed| needed != count) {
            return Err(format!("format {format} with {count} children"));
        }
        // SAFETY: `children` has `n_children` pointers, as the interface asks.
        let children = unsafe { slice(schema.children, count, "children") };
        for child in children.map_err(|_| "children are NULL")? {
            if child.is_null() {
                return Err("a child is NULL".to_owned());
            }
            open.push((*child, depth.saturating_add(1)));
        }
        if !schema.dictionary.is_null() {
            open.push((schema.dictionary, depth.saturating_add(1)));
        }
    }
    Ok(())
}

/// The text of C; `None` for NULL.
///
/// # Safety
/// `text` is NULL or ends with a NUL.
unsafe fn text<'a>(text: *const c_char) -> Result<Option<&'a str>, String> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: as the caller says.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Some).map_err(|_| "a format or name is not UTF-8".to_owned())
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

/// Takes over an array with its schema, as [`consume`], and views it. Only arrays of single values: nested ones are refused,
/// and those that contradict themselves.
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
    let refused = |error| pqpush_error::invalid_argument(format!("{parameter}: {error}"));
    let no_values = |of: &str| pqpush_error::invalid_argument(format!("{parameter}: no values of type {of}"));
    // Nested types are not looked into: their children would have to be checked first.
    if schema.format().starts_with('+') {
        return Err(no_values(schema.format()));
    }
    let data_type = DataType::try_from(&schema).map_err(refused)?;
    let (keys, values) = match &data_type {
        DataType::Dictionary(keys, values) => (&**keys, Some(&**values)),
        other => (other, None),
    };
    let values_fit = match (values, array.dictionary()) {
        (None, None) => true,
        (Some(data_type), Some(values)) => has_buffers_of(values, data_type) && values.dictionary().is_none(),
        _ => false,
    };
    if !has_buffers_of(&array, keys) || !values_fit {
        return Err(no_values(&data_type.to_string()));
    }
    // SAFETY: as the caller says, and it has the buffers of its type.
    let data = unsafe { from_ffi(array, &schema) }.map_err(refused)?;
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
