//! The files of these tests, and how they are read.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{
    Array, ArrayRef, FixedSizeListArray, Int64Array, ListArray, MapArray, RecordBatch, StringArray, StructArray,
    new_null_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use pqpush::ScanOptions;

use crate::support::compare::assert_batches;
use crate::support::host::{Scan, scan};

use DataType as D;
use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};

pub const ROWS: usize = 300;

pub fn write(batch: &RecordBatch, properties: WriterProperties) -> Bytes {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap().into()
}

pub fn properties() -> parquet::file::properties::WriterPropertiesBuilder {
    WriterProperties::builder().set_data_page_row_count_limit(40).set_write_batch_size(20)
}

pub fn one_column(array: ArrayRef, nullable: bool) -> RecordBatch {
    let field = Field::new("c", array.data_type().clone(), nullable);
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array]).unwrap()
}

/// Small numbers, some of them null, as `data_type`.
pub fn numbers(data_type: &DataType) -> ArrayRef {
    let value = |row: usize| (row % 7 != 3).then_some((row % 100) as i64);
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter((0..ROWS).map(value)));
    let by_way = |way: &DataType| cast(&cast(&numbers, way).unwrap(), data_type).unwrap();
    match data_type {
        D::Null => new_null_array(&D::Null, ROWS),
        D::Date32 | D::Time32(_) => by_way(&D::Int32),
        D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Float16 => cast(&numbers, data_type).unwrap(),
        D::Binary | D::LargeBinary | D::BinaryView => by_way(&D::Utf8),
        D::FixedSizeBinary(4) => {
            let bytes = numbers.as_primitive::<Int64Type>().iter().map(|value| value.map(|v| (v as u32).to_be_bytes()));
            Arc::new(arrow_array::FixedSizeBinaryArray::try_from_sparse_iter_with_size(bytes, 4).unwrap())
        }
        D::Decimal32(..) | D::Decimal64(..) | D::Decimal128(..) | D::Decimal256(..) => by_way(&D::Decimal128(20, 0)),
        D::Dictionary(_, values) => cast(&numbers_of(values), data_type).unwrap(),
        _ => cast(&numbers, data_type).unwrap(),
    }
}

pub fn numbers_of(data_type: &DataType) -> ArrayRef {
    numbers(data_type)
}

pub fn flat_types() -> Vec<DataType> {
    let mut types = vec![
        D::Null,
        D::Boolean,
        D::Int8,
        D::Int16,
        D::Int32,
        D::Int64,
        D::UInt8,
        D::UInt16,
        D::UInt32,
        D::UInt64,
        D::Float16,
        D::Float32,
        D::Float64,
        D::Utf8,
        D::LargeUtf8,
        D::Utf8View,
        D::Binary,
        D::LargeBinary,
        D::BinaryView,
        D::FixedSizeBinary(4),
        D::Date32,
        D::Date64,
        D::Time32(Second),
        D::Time32(Millisecond),
        D::Time64(Microsecond),
        D::Time64(Nanosecond),
        D::Decimal32(9, 2),
        D::Decimal64(18, 3),
        D::Decimal128(38, 10),
        D::Decimal256(76, 5),
        D::Decimal256(20, 2),
        D::Dictionary(Box::new(D::Int32), Box::new(D::Utf8)),
        D::Dictionary(Box::new(D::UInt8), Box::new(D::LargeUtf8)),
        D::Dictionary(Box::new(D::Int16), Box::new(D::Int64)),
    ];
    for unit in [Second, Millisecond, Microsecond, Nanosecond] {
        types.push(D::Duration(unit));
        for zone in [None, Some("UTC"), Some("Europe/Berlin"), Some("+02:00")] {
            types.push(D::Timestamp(unit, zone.map(Arc::from)));
        }
    }
    types
}

/// The arrays in a struct, list, large list, list of three and map, with names of their own.
pub fn nested(values: &ArrayRef) -> Vec<ArrayRef> {
    let element = Arc::new(Field::new("each", values.data_type().clone(), true));
    let lengths = || (0..ROWS / 3).map(|row| if row % 5 == 2 { 0 } else { row % 6 });
    let used: usize = lengths().sum();
    assert!(used <= ROWS);
    let valid = || Some(NullBuffer::from_iter((0..ROWS / 3).map(|row| row % 10 != 2)));
    let values_of_lists = values.slice(0, used);
    let keys: ArrayRef = Arc::new(StringArray::from_iter_values((0..used).map(|row| format!("k{row}"))));
    let fields = vec![Field::new("der_key", D::Utf8, false), element.as_ref().clone()];
    let pairs = StructArray::new(fields.into(), vec![keys, values_of_lists.clone()], None);
    let pair = Arc::new(Field::new("pairs", pairs.data_type().clone(), false));
    let parts = vec![values.slice(0, ROWS / 3)];
    vec![
        Arc::new(StructArray::new(vec![element.clone()].into(), parts, valid())),
        Arc::new(ListArray::new(
            element.clone(),
            OffsetBuffer::from_lengths(lengths()),
            values_of_lists.clone(),
            valid(),
        )),
        Arc::new(arrow_array::LargeListArray::new(
            element.clone(),
            OffsetBuffer::from_lengths(lengths()),
            values_of_lists,
            valid(),
        )),
        Arc::new(FixedSizeListArray::new(element, 3, values.clone(), valid())),
        Arc::new(MapArray::new(pair, OffsetBuffer::from_lengths(lengths()), pairs, valid(), false)),
    ]
}

/// Expands dictionaries, wherever they are.
pub fn expanded(data_type: &DataType) -> DataType {
    let field = |field: &Arc<Field>| Arc::new(field.as_ref().clone().with_data_type(expanded(field.data_type())));
    match data_type {
        D::Dictionary(_, values) => values.as_ref().clone(),
        D::List(element) => D::List(field(element)),
        D::LargeList(element) => D::LargeList(field(element)),
        D::FixedSizeList(element, length) => D::FixedSizeList(field(element), *length),
        D::Map(entries, sorted) => D::Map(field(entries), *sorted),
        D::Struct(fields) => D::Struct(fields.iter().map(field).collect()),
        other => other.clone(),
    }
}

/// The first column of a scan with its dictionaries expanded.
pub fn first_column(scan: &Scan) -> ArrayRef {
    let data_type = expanded(scan.schema.field(0).data_type());
    let arrays = scan.batches.iter().map(|batch| cast(batch.rows.column(0), &data_type).unwrap());
    let arrays: Vec<ArrayRef> = arrays.collect();
    arrow_select::concat::concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<_>>()).unwrap()
}

pub fn scanned(file: &Bytes, options: ScanOptions) -> Scan {
    let scan = scan(file, options.clone()).unwrap();
    assert_batches(&scan, options.batch_rows, &format!("{options:?}"));
    scan
}
