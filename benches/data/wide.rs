//! Files whose footer is what they are about: `wide-COLUMNS`, with so many columns in ten row groups of four rows.

use std::fs::File;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray};

use crate::writing::Style;

const ROW_GROUPS: i64 = 10;
const ROW_GROUP_ROWS: i64 = 4;

pub fn write(name: &str, file: File) {
    let columns: usize = name.trim_start_matches("wide-").parse().expect("a number of columns");
    let style = Style { row_group_rows: ROW_GROUP_ROWS as usize, ..Style::encoded(parquet::basic::Encoding::PLAIN) };
    style.write(file, std::iter::once(table(columns)));
}

fn table(columns: usize) -> RecordBatch {
    let rows = || 0..ROW_GROUPS * ROW_GROUP_ROWS;
    let column = |index: usize| -> (String, ArrayRef) {
        let base = index as i64;
        let values: ArrayRef = match index % 4 {
            0 => Arc::new(Int64Array::from_iter_values(rows().map(|row| base * row))),
            1 => Arc::new(Int32Array::from_iter_values(rows().map(|row| (base ^ row) as i32))),
            2 => Arc::new(Float64Array::from_iter_values(rows().map(|row| (base + row) as f64 / 3.0))),
            _ => Arc::new(StringArray::from_iter_values(rows().map(|row| format!("text {base} {row}")))),
        };
        (format!("column_{index}"), values)
    };
    RecordBatch::try_from_iter((0..columns).map(column)).expect("columns of one length")
}
