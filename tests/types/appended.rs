//! The columns that are appended: numbers of rows and of row groups.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use pqpush::{ErrorKind, ROW_GROUP_INDEX, ROW_NUMBER, Result, ScanOptions};

use crate::files::{ROWS, numbers, one_column, properties, write};
use crate::support::host::scan;

use DataType as D;

fn appended(file: &Bytes, options: ScanOptions) -> Result<(SchemaRef, Vec<i64>, Vec<i64>)> {
    let scan = scan(file, ScanOptions { row_numbers: true, row_group_index: true, ..options })?;
    let column = |name| {
        let arrays = scan.batches.iter().map(move |batch| batch.rows.column_by_name(name).unwrap().clone());
        arrays.flat_map(|array| array.as_primitive::<Int64Type>().values().to_vec()).collect::<Vec<_>>()
    };
    Ok((scan.schema.clone(), column(ROW_NUMBER), column(ROW_GROUP_INDEX)))
}

#[test]
fn rows_know_where_in_the_file_they_stand() {
    let file =
        write(&one_column(numbers(&D::Int32), true), properties().set_max_row_group_row_count(Some(100)).build());
    let all = ScanOptions { batch_rows: 33, ..ScanOptions::default() };
    let (schema, numbers, groups) = appended(&file, all.clone()).unwrap();
    let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    assert_eq!(names, ["c", "row_number", "row_group_index"]);
    assert_eq!(*schema.field(1), Field::new("row_number", D::Int64, false));
    assert_eq!(numbers, (0..300).collect::<Vec<_>>());
    assert_eq!(groups, (0..300).map(|row| row / 100).collect::<Vec<_>>());
    let some = ScanOptions { row_groups: Some(vec![2, 0]), offset: 90, limit: Some(20), ..all.clone() };
    let (_, numbers, groups) = appended(&file, some).unwrap();
    assert_eq!(numbers, (290..300).chain(0..10).collect::<Vec<_>>());
    assert_eq!(groups, [[2; 10], [0; 10]].concat());
    let (schema, numbers, _) = appended(&file, ScanOptions { columns: Some(vec![]), ..all }).unwrap();
    assert_eq!((schema.fields().len(), numbers), (2, (0..300).collect()));
}

#[test]
fn appended_columns_do_not_hide_others() {
    let field = |name| Field::new(name, D::Int64, true);
    let schema = Arc::new(Schema::new(vec![field("row_number"), field("b")]));
    let batch = RecordBatch::try_new(schema, vec![numbers(&D::Int64), numbers(&D::Int64)]).unwrap();
    let file = write(&batch, properties().build());
    let error = appended(&file, ScanOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let other = ScanOptions { columns: Some(vec!["b".to_owned()]), ..ScanOptions::default() };
    assert_eq!(appended(&file, other).unwrap().1.len(), ROWS);
}
