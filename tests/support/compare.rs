//! The reference (the `parquet` crate's reader) and the comparison of what it gives with what a scan gives.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryArray, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection};
use pqpush::{ScanOptions, StringType};

use super::host::Scan;

/// What the reference reads: its schema, whole columns, number of rows.
pub struct Reference {
    pub schema: SchemaRef,
    pub columns: Vec<ArrayRef>,
    pub rows: usize,
}

/// Reads `file` under `options` with the reference; its own strings are Utf8 whatever `options` say.
pub fn reference(file: &Bytes, options: &ScanOptions) -> Reference {
    let hidden = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), hidden).expect("a readable file");
    let mask = match &options.columns {
        None => ProjectionMask::all(),
        Some(names) => ProjectionMask::columns(builder.parquet_schema(), names.iter().map(String::as_str)),
    };
    let groups = match &options.row_groups {
        None => (0..builder.metadata().num_row_groups()).collect(),
        Some(groups) => groups.iter().map(|group| *group as usize).collect(),
    };
    let mut builder = builder.with_projection(mask).with_row_groups(groups).with_batch_size(1 << 20);
    if let Some(selection) = &options.row_selection {
        let ranges = selection.ranges().map(|rows| rows.start as usize..rows.end as usize);
        let selection = RowSelection::from_consecutive_ranges(ranges, selection.len() as usize);
        builder = builder.with_row_selection(selection);
    }
    builder = builder.with_offset(options.offset as usize);
    if let Some(limit) = options.limit {
        builder = builder.with_limit(limit as usize);
    }
    let reader = builder.build().expect("a reader of the reference");
    let schema = arrow_array::RecordBatchReader::schema(&reader);
    let batches: Vec<RecordBatch> = reader.map(|batch| batch.expect("rows of the reference")).collect();
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let columns = (0..schema.fields().len()).map(|column| whole(&schema, &batches, column)).collect();
    Reference { schema, columns, rows }
}

fn whole(schema: &SchemaRef, batches: &[RecordBatch], column: usize) -> ArrayRef {
    let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(column).as_ref()).collect();
    match parts.as_slice() {
        [] => arrow_array::new_empty_array(schema.field(column).data_type()),
        parts => arrow_select::concat::concat(parts).expect("parts of one type"),
    }
}

/// All rows of a scan, one array a column.
pub fn whole_columns(scan: &Scan) -> Vec<ArrayRef> {
    let batches: Vec<RecordBatch> = scan.batches.iter().map(|batch| batch.rows.clone()).collect();
    (0..scan.schema.fields().len()).map(|column| whole(&scan.schema, &batches, column)).collect()
}

/// The type that `string_type` makes of a type of the reference.
pub fn with_string_type(data_type: &DataType, string_type: StringType) -> DataType {
    match (data_type, string_type) {
        (DataType::Utf8, StringType::LargeUtf8) => DataType::LargeUtf8,
        (DataType::Utf8, StringType::Utf8View) => DataType::Utf8View,
        (DataType::Binary, StringType::LargeUtf8) => DataType::LargeBinary,
        (DataType::Binary, StringType::Utf8View) => DataType::BinaryView,
        (other, _) => other.clone(),
    }
}

/// The same values as Utf8 or Binary; arrays of other types as they are.
pub fn plain_strings(array: &ArrayRef) -> ArrayRef {
    match array.data_type() {
        DataType::LargeUtf8 => Arc::new(StringArray::from_iter(array.as_string::<i64>().iter())),
        DataType::Utf8View => Arc::new(StringArray::from_iter(array.as_string_view().iter())),
        DataType::LargeBinary => Arc::new(BinaryArray::from_iter(array.as_binary::<i64>().iter())),
        DataType::BinaryView => Arc::new(BinaryArray::from_iter(array.as_binary_view().iter())),
        _ => array.clone(),
    }
}

/// Asserts that a field is what the reference says, under `string_type`.
pub fn assert_field(ours: &Field, reference: &Field, string_type: StringType, context: &str) {
    let expected = (reference.name(), with_string_type(reference.data_type(), string_type), reference.is_nullable());
    let found = (ours.name(), ours.data_type().clone(), ours.is_nullable());
    assert_eq!(found, expected, "field differs: {context}");
}

/// Asserts that the values and nulls are the same.
pub fn assert_values(ours: &ArrayRef, expected: &ArrayRef, context: &str) {
    let ours = plain_strings(ours);
    assert_eq!(ours.len(), expected.len(), "rows: {context}");
    if ours.as_ref() == expected.as_ref() {
        return;
    }
    let differs = |row: &usize| ours.slice(*row, 1).as_ref() != expected.slice(*row, 1).as_ref();
    let row = (0..ours.len()).find(differs).expect("arrays that differ differ in a row");
    panic!("row {row}: ours {:?}, expected {:?}: {context}", ours.slice(row, 1), expected.slice(row, 1));
}

/// Asserts what holds of the batches of every scan: full except at the end of a row group, of the schema, sound.
pub fn assert_batches(scan: &Scan, batch_rows: usize, context: &str) {
    for (index, batch) in scan.batches.iter().enumerate() {
        let rows = batch.rows.num_rows();
        let ends_group = scan.batches.get(index + 1).is_none_or(|next| next.row_group != batch.row_group);
        let fits = if ends_group { (1..=batch_rows).contains(&rows) } else { rows == batch_rows };
        assert!(fits, "batch {index} has {rows} rows of {batch_rows}: {context}");
        assert_eq!(batch.rows.schema(), scan.schema, "schema of batch {index}: {context}");
        for column in batch.rows.columns() {
            if let Err(error) = column.to_data().validate_full() {
                panic!("batch {index} is not sound: {error}: {context}");
            }
        }
    }
    let counts = (scan.metrics.rows_out, scan.metrics.batches);
    assert_eq!(counts, (scan.row_count() as u64, scan.batches.len() as u64), "metrics: {context}");
}
