//! The metadata of a file behind a shared handle: clone, free, counts, and the Arrow schema of the whole file.

use std::sync::{Arc, OnceLock};

use arrow_schema::ffi::FFI_ArrowSchema;

use super::arrow::export_schema;
use super::error::pqpush_error;
use super::guard::guard;
use super::handle::{borrow, clone_shared, free_shared, into_shared};
use super::names::logical_type_name;
use super::status::pqpush_status;
use super::structs::OutValue;
use crate::Metadata;

/// The metadata of one file: footer, schema, page index. It never changes, and any number of threads may use it at the
/// same time; each reference that pqpush_metadata_clone or a decoder gave out is freed by pqpush_metadata_free.
pub struct pqpush_metadata {
    metadata: Arc<Metadata>,
    /// The logical type of each leaf column in words, once they were asked for; empty where there is none.
    logical_types: OnceLock<Vec<String>>,
}

impl pqpush_metadata {
    /// The handle of `metadata`, with one reference.
    pub(super) fn share(metadata: Arc<Metadata>) -> *mut Self {
        into_shared(Self { metadata, logical_types: OnceLock::new() })
    }

    /// The metadata, to keep.
    pub(super) fn shared(&self) -> Arc<Metadata> {
        Arc::clone(&self.metadata)
    }

    /// The metadata, to look at.
    pub(super) fn get(&self) -> &Metadata {
        &self.metadata
    }

    /// The logical types of the leaf columns in words, in schema order.
    pub(super) fn logical_types(&self) -> &[String] {
        self.logical_types.get_or_init(|| {
            let leaves = self.metadata.schema.leaves.iter();
            leaves.map(|leaf| leaf.logical.as_ref().map(logical_type_name).unwrap_or_default()).collect()
        })
    }
}

/// One more reference to the same metadata.
///
/// Parameters: `metadata`: a reference, or NULL, which gives NULL.
/// Returns: the new reference.
/// Memory: owned by the caller, freed by pqpush_metadata_free.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_clone(metadata: *const pqpush_metadata) -> *mut pqpush_metadata {
    // SAFETY: the header asks for NULL or a live reference.
    unsafe { clone_shared(metadata) }
}

/// Gives up one reference; the last one frees the metadata. Decoders made from it live on.
///
/// Parameters: `metadata`: a reference, or NULL, which does nothing.
/// Threads: any.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_free(metadata: *mut pqpush_metadata) {
    // SAFETY: the header asks for NULL or a reference that the caller owns.
    unsafe { free_shared(metadata) }
}

/// Rows of the file.
///
/// Parameters: `metadata`, or NULL.
/// Returns: the number of rows; 0 for NULL.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_row_count(metadata: *const pqpush_metadata) -> u64 {
    // SAFETY: the header asks for NULL or live metadata.
    unsafe { metadata.as_ref() }.map_or(0, |handle| handle.get().row_count())
}

/// Row groups of the file.
///
/// Parameters: `metadata`, or NULL.
/// Returns: the number of row groups; 0 for NULL.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_row_group_count(metadata: *const pqpush_metadata) -> usize {
    // SAFETY: the header asks for NULL or live metadata.
    unsafe { metadata.as_ref() }.map_or(0, |handle| handle.get().row_groups.len())
}

/// Leaf columns of the file: what its row groups have a chunk for. A group is counted by its leaves.
///
/// Parameters: `metadata`, or NULL.
/// Returns: the number of leaf columns; 0 for NULL.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_column_count(metadata: *const pqpush_metadata) -> usize {
    // SAFETY: the header asks for NULL or live metadata.
    unsafe { metadata.as_ref() }.map_or(0, |handle| handle.get().schema.leaves.len())
}

/// The Arrow schema of all columns of the file: a struct whose children are the top-level columns. It is that of a
/// decoder with default options; one with others may have another: pqpush_decoder_schema.
///
/// Parameters: `metadata`; `out_schema`: written without looking at what it held.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT; PQPUSH_ERR_UNSUPPORTED for a type that Arrow lacks, and for a name
/// that C cannot hold; PQPUSH_ERR_LIMIT for a schema nested too deeply.
/// Memory: `*out_schema` is owned by the caller, who releases it, and outlives the metadata; released on failure.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_schema(
    metadata: *const pqpush_metadata,
    out_schema: *mut FFI_ArrowSchema,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a place to write to.
        let out = unsafe { OutValue::new(out_schema, FFI_ArrowSchema::empty(), "out_schema") }?;
        // SAFETY: the header asks for live metadata.
        let metadata = unsafe { borrow(metadata, "metadata") }?;
        out.set(export_schema(&*metadata.get().arrow_schema()?)?);
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}
