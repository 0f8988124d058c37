//! Columns behind those of the file: where in the file each row stands.

use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array};
use arrow_schema::{DataType, Field, FieldRef};

use super::RowWindow;
use super::options::{ROW_GROUP_INDEX, ROW_NUMBER, ScanOptions};
use crate::error::{Error, Result};
use crate::schema::output::OutputTree;

/// What is appended to the columns of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appended {
    row_numbers: bool,
    row_group_index: bool,
}

impl Appended {
    /// What the options ask for.
    pub(super) fn new(options: &ScanOptions) -> Self {
        Self { row_numbers: options.row_numbers, row_group_index: options.row_group_index }
    }

    /// The appended fields. Fails with `InvalidArgument` where a column of the file has the name of one.
    pub(super) fn fields(self, tree: &OutputTree) -> Result<Vec<FieldRef>> {
        let wanted = [(self.row_numbers, ROW_NUMBER), (self.row_group_index, ROW_GROUP_INDEX)];
        let names = wanted.into_iter().filter(|(is_wanted, _)| *is_wanted).map(|(_, name)| name);
        let field = |name: &str| match tree.fields().iter().any(|field| field.name() == name) {
            true => Err(Error::invalid_argument(format!(
                "the column \"{name}\" cannot be appended: a column of the file that is read has that name"
            ))),
            false => Ok(Arc::new(Field::new(name, DataType::Int64, false))),
        };
        names.map(field).collect()
    }

    /// The appended columns of the `row_count` rows in `windows` of a row group, the first row of which is row `first_row`
    /// of the file.
    pub(crate) fn columns(
        self,
        row_group: usize,
        first_row: u64,
        windows: &[RowWindow],
        row_count: usize,
    ) -> Result<Vec<ArrayRef>> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        let number = |number: u64| i64::try_from(number).map_err(|_| Error::limit("row numbers pass 64 bits"));
        if self.row_numbers {
            let mut numbers = Vec::new();
            for rows in windows.iter().flat_map(RowWindow::ranges) {
                let (start, end) = (first_row.saturating_add(rows.start), first_row.saturating_add(rows.end));
                numbers.extend(number(start)?..number(end)?);
            }
            columns.push(Arc::new(Int64Array::from(numbers)));
        }
        if self.row_group_index {
            columns.push(Arc::new(Int64Array::from_value(number(row_group as u64)?, row_count)));
        }
        Ok(columns)
    }
}
