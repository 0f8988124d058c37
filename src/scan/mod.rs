//! What to read: options, the columns they name, the rows of each row group; and the statistics to decide it by.
//!
//! Pure decisions over metadata; no bytes of pages are seen here. Rests on `metadata` and `schema`, and on `column` to make
//! Arrow values of bounds.

mod appended;
mod bloom_filter;
mod decode_plan;
mod options;
mod plan;
mod projection;
mod pruning;
mod selection;
mod statistics;
mod windows;

pub(crate) use decode_plan::{DecodePlans, RowFilters};
pub use options::{ROW_GROUP_INDEX, ROW_NUMBER, ScanOptions};
pub(crate) use plan::{RowGroupScan, chosen_row_groups, plan_row_groups};
pub(crate) use projection::{ProjectedColumn, Projection};
pub(crate) use pruning::Pruner;
pub use selection::RowSelection;
pub(crate) use windows::RowWindow;
