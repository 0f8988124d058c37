//! One column of one row group: pages to levels and values to Arrow arrays.
//!
//! A [`ColumnReader`] walks the pages of its chunk ([`pages`]) under the rows that a batch wants: a page without a wanted
//! row is passed over undecompressed, rows in front of wanted ones are skipped inside the page, and wanted rows are
//! decoded straight into the buffers of the array. What levels come to is the business of [`levels`], what values look
//! like that of a [`ValueDecoder`](decoder::ValueDecoder), picked once per chunk; it is called once per page and batch,
//! never per value. [`assembly`] puts the arrays of leaves together to structs, lists and maps. Bytes that are missing
//! stop a reader anywhere between pages; the same call goes on when they are there. Rests on `page`, `encoding`, `memory`.

mod assembly;
mod boolean;
mod bounds;
mod chunk_dictionary;
mod chunk_place;
mod coded_values;
mod conversion;
mod decoder;
mod dictionary;
mod fixed;
mod fixed_binary;
mod in_place;
mod leaf_batch;
mod levels;
mod null;
mod open_page;
mod pages;
mod pick;
mod reader;
mod row_mask;
mod string_dictionary;
mod strings;
mod views;
mod widening;

use std::sync::Arc;

use arrow_schema::DataType;

use crate::error::Result;
use crate::memory::Pool;
use crate::schema::Leaf;

pub(crate) use assembly::{assemble, leaf_array};
pub(crate) use bounds::{Side, bounds_array};
pub(crate) use chunk_place::ChunkPlace;
pub(crate) use coded_values::values_of_keys;
pub(crate) use leaf_batch::LeafBatch;
#[cfg(test)]
pub(crate) use levels::LevelRows;
pub(crate) use levels::LevelShape;
pub(crate) use pages::ByteSource;
pub(crate) use pick::{Gathered, Picked, copied_views, picked};
pub(crate) use reader::ColumnReader;
pub(crate) use row_mask::RowMask;

/// Fails with `Unsupported` where `leaf` cannot be decoded to `data_type`.
pub(crate) fn check_supported(leaf: &Leaf, data_type: &DataType, pool: &Arc<Pool>) -> Result<()> {
    decoder::value_decoder(leaf, data_type, 0, pool).map(drop)
}
