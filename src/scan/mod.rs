//! What to read: options, the columns they name, the rows of each row group.
//!
//! Pure decisions over metadata; no bytes of pages are seen here. Rests on `metadata` and `schema`.

mod options;
mod plan;
mod projection;

pub use options::ScanOptions;
pub(crate) use plan::{RowGroupScan, chosen_row_groups, plan_row_groups};
pub(crate) use projection::{ProjectedColumn, Projection};
