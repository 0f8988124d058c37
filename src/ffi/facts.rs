//! What the metadata says about row groups, leaf columns and column chunks, as structs of numbers and borrowed texts.

use super::error::{FfiResult, pqpush_error};
use super::guard::guard;
use super::handle::borrow;
use super::metadata::pqpush_metadata;
use super::slice::{pqpush_str, string};
use super::status::pqpush_status;
use super::structs::{Growing, OutStruct, OutValue};
use crate::metadata::{ColumnChunk, Metadata};
use crate::schema::PhysicalType;

/// One row group.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_row_group_info {
    /// Bytes of this struct that the host knows; set it before the call.
    pub struct_size: usize,
    /// Rows.
    pub row_count: u64,
    /// Bytes of all its column chunks in the file.
    pub compressed_bytes: u64,
    /// The same before compression, as the file says.
    pub uncompressed_bytes: u64,
    /// Where the first of its column chunks begins; 0 where it has none.
    pub file_offset: u64,
}

/// One leaf column. The texts are borrowed from the metadata.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_column_info {
    /// Bytes of this struct that the host knows; set it before the call.
    pub struct_size: usize,
    /// Dotted path, the way pqpush_scan_options.columns names it.
    pub path: pqpush_str,
    /// Logical type with its parameters, such as "DECIMAL(15,2)"; empty where there is none.
    pub logical_type: pqpush_str,
    /// How values are stored, by the number of the format: pqpush_physical_type_name.
    pub physical_type: i32,
    /// Bytes of a value of FIXED_LEN_BYTE_ARRAY; 0 for other types.
    pub type_length: u32,
    /// Number of optional and repeated elements on the path; 0: no nulls.
    pub max_definition_level: u32,
    /// Number of repeated elements on the path; 0: at most one value a row.
    pub max_repetition_level: u32,
}

/// One leaf column of one row group.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct pqpush_column_chunk_info {
    /// Bytes of this struct that the host knows; set it before the call.
    pub struct_size: usize,
    /// Values, nulls included.
    pub value_count: u64,
    /// Bytes of its pages in the file, with their headers.
    pub compressed_bytes: u64,
    /// The same before compression.
    pub uncompressed_bytes: u64,
    /// Where its first page begins.
    pub file_offset: u64,
    /// Where its dictionary page begins; -1 where it has none.
    pub dictionary_page_offset: i64,
    /// Where its first data page begins.
    pub data_page_offset: i64,
    /// Bit n is set where a page uses the encoding with number n of the format: pqpush_encoding_name.
    pub encodings: u64,
    /// How pages are compressed, by the number of the format: pqpush_codec_name.
    pub codec: i32,
    /// Bits of pqpush_column_chunk_flags.
    pub flags: u32,
    /// Where its bloom filter begins; -1 where it has none.
    pub bloom_filter_offset: i64,
    /// Bytes of its bloom filter; 0 where it has none or the file does not say.
    pub bloom_filter_length: u64,
}

/// Bits of pqpush_column_chunk_info.flags.
#[repr(C)]
pub enum pqpush_column_chunk_flags {
    /// The file has an offset index of the chunk: where each page lies.
    PQPUSH_COLUMN_CHUNK_OFFSET_INDEX = 1,
    /// The file has a column index of the chunk: bounds of each page.
    PQPUSH_COLUMN_CHUNK_COLUMN_INDEX = 2,
    /// The file has a bloom filter of the chunk.
    PQPUSH_COLUMN_CHUNK_BLOOM_FILTER = 4,
    /// The pages are encrypted.
    PQPUSH_COLUMN_CHUNK_ENCRYPTED = 8,
}

use pqpush_column_chunk_flags::*;

// SAFETY: repr(C), begins with struct_size, integers without padding.
unsafe impl Growing for pqpush_row_group_info {}
// SAFETY: repr(C), begins with struct_size, integers and pointers without padding.
unsafe impl Growing for pqpush_column_info {}
// SAFETY: repr(C), begins with struct_size, integers without padding.
unsafe impl Growing for pqpush_column_chunk_info {}

fn row_group_info(metadata: &Metadata, row_group: usize) -> FfiResult<pqpush_row_group_info> {
    let group = at(&metadata.row_groups, row_group, "row_group")?;
    let (mut compressed_bytes, mut file_offset) = (0u64, None);
    for chunk in metadata.chunks(row_group) {
        let chunk = chunk?;
        compressed_bytes = compressed_bytes.saturating_add(chunk.compressed_bytes);
        let first = first_page_offset(chunk);
        file_offset = Some(file_offset.map_or(first, |least: u64| least.min(first)));
    }
    Ok(pqpush_row_group_info {
        struct_size: 0,
        row_count: group.row_count,
        compressed_bytes,
        uncompressed_bytes: group.total_byte_size,
        file_offset: file_offset.unwrap_or(0),
    })
}

impl From<&ColumnChunk> for pqpush_column_chunk_info {
    fn from(chunk: &ColumnChunk) -> Self {
        let signed = |offset: u64| i64::try_from(offset).unwrap_or(i64::MAX);
        let flags = [
            (chunk.offset_index_range.is_some(), PQPUSH_COLUMN_CHUNK_OFFSET_INDEX),
            (chunk.column_index_range.is_some(), PQPUSH_COLUMN_CHUNK_COLUMN_INDEX),
            (chunk.bloom_filter_offset.is_some(), PQPUSH_COLUMN_CHUNK_BLOOM_FILTER),
            (chunk.encrypted, PQPUSH_COLUMN_CHUNK_ENCRYPTED),
        ];
        Self {
            struct_size: 0,
            value_count: chunk.value_count,
            compressed_bytes: chunk.compressed_bytes,
            uncompressed_bytes: chunk.uncompressed_bytes,
            file_offset: first_page_offset(chunk),
            dictionary_page_offset: chunk.dictionary_page_offset.map_or(-1, signed),
            data_page_offset: signed(chunk.data_page_offset),
            encodings: chunk.encodings.bits(),
            codec: chunk.codec.to_thrift(),
            flags: flags.into_iter().filter(|(set, _)| *set).fold(0, |all, (_, flag)| all | flag as u32),
            bloom_filter_offset: chunk.bloom_filter_offset.map_or(-1, signed),
            bloom_filter_length: chunk.bloom_filter_length.unwrap_or(0),
        }
    }
}

/// Where the first page of the chunk begins, as the file says.
fn first_page_offset(chunk: &ColumnChunk) -> u64 {
    chunk.dictionary_page_offset.unwrap_or(chunk.data_page_offset)
}

/// The number of the format, and the length of a value where the type has one.
fn physical_type_number(physical: PhysicalType) -> (i32, u32) {
    match physical {
        PhysicalType::Boolean => (0, 0),
        PhysicalType::Int32 => (1, 0),
        PhysicalType::Int64 => (2, 0),
        PhysicalType::Int96 => (3, 0),
        PhysicalType::Float => (4, 0),
        PhysicalType::Double => (5, 0),
        PhysicalType::ByteArray => (6, 0),
        PhysicalType::FixedLenByteArray(length) => (7, length),
    }
}

/// The element of `list` at `index`, which the header calls `parameter`.
pub(super) fn at<'a, T>(list: &'a [T], index: usize, parameter: &str) -> FfiResult<&'a T> {
    list.get(index).ok_or_else(|| {
        pqpush_error::invalid_argument(format!("{parameter}: there is no {index}, the file has {}", list.len()))
    })
}

/// The column chunk with these ordinals.
pub(super) fn chunk_at(metadata: &Metadata, row_group: usize, column: usize) -> FfiResult<&ColumnChunk> {
    at(&metadata.row_groups, row_group, "row_group")?;
    at(&metadata.schema.leaves, column, "column")?;
    Ok(metadata.chunk(row_group, column)?)
}

fn column_info(metadata: &pqpush_metadata, column: usize) -> FfiResult<pqpush_column_info> {
    let leaf = at(&metadata.get().schema.leaves, column, "column")?;
    let logical_type = at(metadata.logical_types(), column, "column")?;
    let (physical_type, type_length) = physical_type_number(leaf.physical);
    Ok(pqpush_column_info {
        struct_size: 0,
        path: pqpush_str::lend(leaf.dotted_path()),
        logical_type: pqpush_str::lend(logical_type),
        physical_type,
        type_length,
        max_definition_level: leaf.max_definition_level.into(),
        max_repetition_level: leaf.max_repetition_level.into(),
    })
}

/// What the metadata says about one row group.
///
/// Parameters: `metadata`; `row_group`: its ordinal; `out_info`: its `struct_size` set, the rest is written.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an ordinal that the file does not have; PQPUSH_ERR_CORRUPT
/// where the footer says what cannot be of one of its column chunks, which are read here.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_row_group(
    metadata: *const pqpush_metadata,
    row_group: usize,
    out_info: *mut pqpush_row_group_info,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a struct of the size that it says.
        let out = unsafe { OutStruct::new(out_info, "out_info") }?;
        // SAFETY: the header asks for live metadata.
        let metadata = unsafe { borrow(metadata, "metadata") }?.get();
        out.set(row_group_info(metadata, row_group)?);
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// What the metadata says about one leaf column.
///
/// Parameters: `metadata`; `column`: its ordinal; `out_info`: its `struct_size` set, the rest is written.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an ordinal that the file does not have.
/// Memory: the texts are borrowed from the metadata.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_column(
    metadata: *const pqpush_metadata,
    column: usize,
    out_info: *mut pqpush_column_info,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a struct of the size that it says.
        let out = unsafe { OutStruct::new(out_info, "out_info") }?;
        // SAFETY: the header asks for live metadata.
        out.set(column_info(unsafe { borrow(metadata, "metadata") }?, column)?);
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// The ordinal of a leaf column.
///
/// Parameters: `metadata`; `path`: its dotted path, all of it; `out_column`: the ordinal.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also where no leaf column has this path; of several, the first.
/// Memory: `path` is borrowed for the call; `*out_column` is 0 on failure.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_find_column(
    metadata: *const pqpush_metadata,
    path: pqpush_str,
    out_column: *mut usize,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a place to write to.
        let out = unsafe { OutValue::new(out_column, 0, "out_column") }?;
        // SAFETY: the header asks for live metadata.
        let metadata = unsafe { borrow(metadata, "metadata") }?.get();
        // SAFETY: the header asks for a readable string.
        let path = unsafe { string(path, "path") }?;
        let found = metadata.schema.leaves.iter().position(|leaf| leaf.dotted_path() == path);
        out.set(found.ok_or_else(|| pqpush_error::invalid_argument(format!("path: there is no column {path:?}")))?);
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// What the metadata says about one leaf column of one row group.
///
/// Parameters: `metadata`; `row_group`, `column`: the ordinals; `out_info`: its `struct_size` set, the rest is written.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an ordinal that the file does not have; PQPUSH_ERR_CORRUPT
/// where the footer says what cannot be of the chunk, which is read when it is first asked for.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_column_chunk(
    metadata: *const pqpush_metadata,
    row_group: usize,
    column: usize,
    out_info: *mut pqpush_column_chunk_info,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for a struct of the size that it says.
        let out = unsafe { OutStruct::new(out_info, "out_info") }?;
        // SAFETY: the header asks for live metadata.
        let metadata = unsafe { borrow(metadata, "metadata") }?.get();
        out.set(chunk_at(metadata, row_group, column)?.into());
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// Number of entries of the key-value metadata.
///
/// Parameters: `metadata`, or NULL.
/// Returns: the number; 0 for NULL.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_key_value_count(metadata: *const pqpush_metadata) -> usize {
    // SAFETY: the header asks for NULL or live metadata.
    unsafe { metadata.as_ref() }.map_or(0, |handle| handle.get().key_value.len())
}

/// One entry of the key-value metadata, in file order. Keys may repeat.
///
/// Parameters: `metadata`; `index`: of the entry; `out_key`, `out_value`: the texts; a value that is absent is {NULL, 0}.
/// Returns: PQPUSH_OK; PQPUSH_ERR_INVALID_ARGUMENT, also for an index that the file does not have.
/// Memory: the texts are borrowed from the metadata; {NULL, 0} on failure. They may hold NUL bytes.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_key_value(
    metadata: *const pqpush_metadata,
    index: usize,
    out_key: *mut pqpush_str,
    out_value: *mut pqpush_str,
    err: *mut *mut pqpush_error,
) -> pqpush_status {
    let body = || {
        // SAFETY: the header asks for places to write to.
        let outs = unsafe {
            (
                OutValue::new(out_key, pqpush_str::NONE, "out_key"),
                OutValue::new(out_value, pqpush_str::NONE, "out_value"),
            )
        };
        let (key, value) = (outs.0?, outs.1?);
        // SAFETY: the header asks for live metadata.
        let entry = at(&unsafe { borrow(metadata, "metadata") }?.get().key_value, index, "index")?;
        key.set(pqpush_str::lend(&entry.key));
        value.set(entry.value.as_deref().map_or(pqpush_str::NONE, pqpush_str::lend));
        Ok(())
    };
    // SAFETY: the header asks for NULL or a place to write to.
    unsafe { guard(err, body) }
}

/// The application that wrote the file, in its own words.
///
/// Parameters: `metadata`, or NULL.
/// Returns: the text; {NULL, 0} where the file does not say, and for NULL.
/// Memory: borrowed from the metadata.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_created_by(metadata: *const pqpush_metadata) -> pqpush_str {
    // SAFETY: the header asks for NULL or live metadata.
    let created_by = unsafe { metadata.as_ref() }.and_then(|handle| handle.get().created_by.as_deref());
    created_by.map_or(pqpush_str::NONE, pqpush_str::lend)
}

/// The version of the Parquet format that the file says it follows: 1 or 2.
///
/// Parameters: `metadata`, or NULL.
/// Returns: the version; 0 for NULL.
/// Threads: any, at the same time.
/// Since: 0.1.0
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pqpush_metadata_format_version(metadata: *const pqpush_metadata) -> i32 {
    // SAFETY: the header asks for NULL or live metadata.
    unsafe { metadata.as_ref() }.map_or(0, |handle| handle.get().version)
}
