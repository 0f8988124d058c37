//! What to read: options, the columns they name, the rows of each row group; and the statistics to decide it by.
//!
//! Pure decisions over metadata; no bytes of pages are seen here. Rests on `metadata` and `schema`, and on `column` to make
//! Arrow values of bounds.

mod bloom_filter;
mod options;
mod plan;
mod projection;
mod selection;
mod windows;
mod statistics;

pub use options::ScanOptions;
pub(crate) use plan::{RowGroupScan, chosen_row_groups, plan_row_groups};
pub use selection::RowSelection;
pub(crate) use windows::{DecodeWindow, count_rows, kept_rows, take_rows};
pub(crate) use projection::{ProjectedColumn, Projection};
