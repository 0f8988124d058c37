//! What to read: options, the columns they name, the rows of each row group; and the statistics to decide it by.
//!
//! Pure decisions over metadata, made once and kept in a [`Plan`]; no bytes of pages are seen here. Rests on `metadata`,
//! `schema` and `predicate`, on `column` to make Arrow values of bounds and to know what can be decoded, on `memory` and
//! `simd` for bitmaps.

mod appended;
mod bloom_filter;
mod chunk_demand;
mod decode_plan;
mod explain;
mod mask;
mod options;
mod plan;
mod projection;
mod pruning;
mod row_groups;
mod selection;
mod statistics;
mod tasks;
mod windows;

pub(crate) use decode_plan::{DecodePlans, RowMasks};
pub use options::{ROW_GROUP_INDEX, ROW_NUMBER, ScanOptions, SelectionPolicy};
pub use plan::Plan;
pub(crate) use plan::PlannedRowGroup;
pub(crate) use projection::{ProjectedColumn, Projection};
pub(crate) use row_groups::RowGroupScan;
pub use selection::RowSelection;
pub use tasks::Task;
pub(crate) use windows::{RowWindow, position_behind, scattered};
