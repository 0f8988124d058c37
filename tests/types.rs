//! The types of output columns: by the hint that a writer left, by the schema that a host gives, as dictionaries; and the
//! columns that are appended.
//!
//! Files are written by the `parquet` crate from Arrow arrays. What the hint makes of them is compared with that crate's
//! reader, what a host asks for with a cast of the file's own values.

// Tests may stop where something is not as they expect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod support;

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, TimestampNanosecondType};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, FixedSizeListArray, Int64Array, ListArray, MapArray, RecordBatch, StringArray,
    StructArray, new_null_array,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Metadata, Schema, SchemaRef, TimeUnit};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::arrow::encode_arrow_schema;
use parquet::file::properties::WriterProperties;
use pqpush::{ErrorKind, ROW_GROUP_INDEX, ROW_NUMBER, Result, ScanOptions, StringType};

use support::compare::{assert_batches, reference, whole_columns};
use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls};
use support::host::{Scan, metadata, scan};
use support::kinds::Kind;

use DataType as D;
use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};

const ROWS: usize = 300;

fn write(batch: &RecordBatch, properties: WriterProperties) -> Bytes {
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap().into()
}

fn properties() -> parquet::file::properties::WriterPropertiesBuilder {
    WriterProperties::builder().set_data_page_row_count_limit(40).set_write_batch_size(20)
}

fn one_column(array: ArrayRef, nullable: bool) -> RecordBatch {
    let field = Field::new("c", array.data_type().clone(), nullable);
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array]).unwrap()
}

/// Small numbers, some of them null, as `data_type`.
fn numbers(data_type: &DataType) -> ArrayRef {
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

fn numbers_of(data_type: &DataType) -> ArrayRef {
    numbers(data_type)
}

fn flat_types() -> Vec<DataType> {
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
fn nested(values: &ArrayRef) -> Vec<ArrayRef> {
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

/// What the `parquet` crate reads with the hint.
fn with_hint(file: &Bytes) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap();
    let schema = builder.schema().clone();
    let batches: Vec<_> = builder.with_batch_size(1 << 20).build().unwrap().map(|batch| batch.unwrap()).collect();
    arrow_select::concat::concat_batches(&schema, &batches).unwrap()
}

/// Expands dictionaries, wherever they are.
fn expanded(data_type: &DataType) -> DataType {
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
fn first_column(scan: &Scan) -> ArrayRef {
    let data_type = expanded(scan.schema.field(0).data_type());
    let arrays = scan.batches.iter().map(|batch| cast(batch.rows.column(0), &data_type).unwrap());
    let arrays: Vec<ArrayRef> = arrays.collect();
    arrow_select::concat::concat(&arrays.iter().map(AsRef::as_ref).collect::<Vec<_>>()).unwrap()
}

fn scanned(file: &Bytes, options: ScanOptions) -> Scan {
    let scan = scan(file, options.clone()).unwrap();
    assert_batches(&scan, options.batch_rows, &format!("{options:?}"));
    scan
}

#[test]
fn the_hint_gives_back_the_types_that_were_written() {
    for data_type in flat_types() {
        let values = numbers(&data_type);
        for coerce_types in [false, true] {
            let mut arrays = vec![values.clone()];
            // The writer's coerced names of nested parts are those of the reader then.
            if data_type != D::Null {
                arrays.extend(nested(&values));
            }
            for array in arrays {
                let batch = one_column(array.clone(), true);
                let file = write(&batch, properties().set_coerce_types(coerce_types).build());
                let expected = with_hint(&file).column(0).clone();
                let options = ScanOptions { batch_rows: 64, ..ScanOptions::default() };
                let scan = scanned(&file, options);
                let context = format!("{} coerced {coerce_types}", array.data_type());
                let wanted = expanded(expected.data_type());
                if !coerce_types {
                    assert_eq!(*scan.schema.field(0), Field::new("c", expanded(array.data_type()), true), "{context}");
                    assert_eq!(scan.schema.field(0).data_type(), &wanted, "{context}");
                }
                let found = whole_columns(&scan)[0].clone();
                let expected = cast(&expected, found.data_type()).unwrap();
                assert_eq!(found.as_ref(), expected.as_ref(), "{context}");
            }
        }
    }
}

#[test]
fn the_hint_can_be_ignored_and_string_types_win() {
    for data_type in flat_types() {
        let file = write(&one_column(numbers(&data_type), true), properties().build());
        let options = ScanOptions { ignore_arrow_schema: true, ..ScanOptions::default() };
        let expected = reference(&file, &options);
        let scan = scanned(&file, options);
        assert_eq!(scan.schema.field(0).data_type(), expected.schema.field(0).data_type());
        assert_eq!(whole_columns(&scan)[0].as_ref(), expected.columns[0].as_ref());
    }
    let file = write(&one_column(numbers(&D::Utf8View), true), properties().build());
    for (string_type, expected) in
        [(StringType::Utf8, D::Utf8View), (StringType::LargeUtf8, D::LargeUtf8), (StringType::Utf8View, D::Utf8View)]
    {
        let scan = scanned(&file, ScanOptions { string_type, ..ScanOptions::default() });
        assert_eq!(*scan.schema.field(0).data_type(), expected);
    }
}

/// The hint may come with the mark of newer writers in front or without it, padded or not. One that is broken is as if it
/// were not there, and so are its fields that do not fit the file.
#[test]
fn trap19_hints_of_all_kinds() {
    let values = numbers(&D::LargeUtf8);
    let with_hint = |value: Option<String>| {
        let hint = parquet::file::metadata::KeyValue::new("ARROW:schema".to_owned(), value);
        let properties = properties().set_key_value_metadata(Some(vec![hint])).build();
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let batch = one_column(values.clone(), true);
        let mut writer = ArrowWriter::try_new_with_options(Vec::new(), batch.schema(), options).unwrap();
        writer.write(&batch).unwrap();
        Bytes::from(writer.into_inner().unwrap())
    };
    let schema_of = |data_type| encode_arrow_schema(&Schema::new(vec![Field::new("c", data_type, true)]));
    let good = schema_of(D::LargeUtf8);
    let bytes = BASE64_STANDARD.decode(&good).unwrap();
    let damaged = |place: usize| {
        let mut bytes = bytes.clone();
        bytes[place] ^= 0xff;
        BASE64_STANDARD.encode(bytes)
    };
    let two_fields = Schema::new(vec![Field::new("c", D::LargeUtf8, true), Field::new("d", D::Int8, true)]);
    for (value, expected) in [
        (Some(good.clone()), D::LargeUtf8),
        (Some(good.trim_end_matches('=').to_owned()), D::LargeUtf8),
        (Some(BASE64_STANDARD.encode(&bytes[8..])), D::LargeUtf8),
        (None, D::Utf8),
        (Some(String::new()), D::Utf8),
        (Some("no Base64!".to_owned()), D::Utf8),
        (Some(BASE64_STANDARD.encode(&bytes[..bytes.len() / 2])), D::Utf8),
        (Some(damaged(8)), D::Utf8),
        (Some(schema_of(D::Int64)), D::Utf8),
        (Some(schema_of(D::List(Arc::new(Field::new("item", D::LargeUtf8, true))))), D::Utf8),
        (Some(encode_arrow_schema(&two_fields)), D::LargeUtf8),
    ] {
        let scan = scanned(&with_hint(value.clone()), ScanOptions::default());
        assert_eq!(scan.schema.field(0).data_type(), &expected, "{value:?}");
        let found = cast(&whole_columns(&scan)[0], &D::LargeUtf8).unwrap();
        assert_eq!(found.as_ref(), values.as_ref(), "{value:?}");
    }
}

#[test]
fn metadata_of_fields_and_schema_is_carried_over() {
    let field =
        Field::new("c", D::Int64, false).with_metadata(Metadata::from([("unit", "m"), ("PARQUET:field_id", "7")]));
    let schema = Schema::new_with_metadata(vec![field.clone()], Metadata::from([("pandas", "{}")]));
    let batch = RecordBatch::try_new(Arc::new(schema), vec![Arc::new(Int64Array::from_iter_values(0..9))]).unwrap();
    let extra = parquet::file::metadata::KeyValue::new("extra".to_owned(), "1".to_owned());
    let file = write(&batch, properties().set_key_value_metadata(Some(vec![extra])).build());
    let found = metadata(&file).unwrap().arrow_schema().unwrap();
    assert_eq!(*found.field(0), field);
    assert_eq!(found.metadata, Metadata::from([("pandas", "{}"), ("extra", "1")]));
    let scan = scanned(&file, ScanOptions { ignore_arrow_schema: true, ..ScanOptions::default() });
    assert_eq!(scan.schema.field(0).metadata(), &Metadata::from([("PARQUET:field_id", "7")]));
    assert_eq!(scan.schema.metadata, Metadata::from([("extra", "1")]));
}

fn asking(fields: Vec<Field>) -> ScanOptions {
    ScanOptions { schema: Some(Arc::new(Schema::new(fields))), batch_rows: 64, ..ScanOptions::default() }
}

fn asking_c(data_type: DataType) -> ScanOptions {
    asking(vec![Field::new("c", data_type, true)])
}

/// Types that are read as others, and what they are then, by a cast of the values.
fn readable() -> Vec<(DataType, Vec<DataType>)> {
    let decimals = |precision: u8, scale| {
        [D::Decimal32(precision, scale), D::Decimal64(precision, scale), D::Decimal128(precision, scale)]
            .into_iter()
            .filter(|data_type| !matches!(data_type, D::Decimal32(10.., _) | D::Decimal64(19.., _)))
            .chain([D::Decimal256(precision, scale)])
            .collect::<Vec<_>>()
    };
    let texts = vec![D::Utf8, D::LargeUtf8, D::Utf8View, D::Binary, D::LargeBinary, D::BinaryView];
    let dictionary = |keys, values| D::Dictionary(Box::new(keys), Box::new(values));
    let timestamp = |unit, zone: Option<&str>| D::Timestamp(unit, zone.map(Arc::from));
    vec![
        (D::Int8, vec![D::Int16, D::Int32, D::Int64, dictionary(D::UInt8, D::Int32)]),
        (D::Int16, vec![D::Int32, D::Int64]),
        (
            D::Int32,
            vec![D::Int64, D::Date32, D::Time32(Second), D::Time32(Millisecond), dictionary(D::Int64, D::Int32)],
        ),
        (D::UInt8, vec![D::UInt16, D::UInt32, D::UInt64, D::Int16, D::Int32, D::Int64]),
        (D::UInt16, vec![D::UInt32, D::UInt64, D::Int32, D::Int64]),
        (D::UInt32, vec![D::UInt64, D::Int64]),
        (D::Float32, vec![D::Float64, dictionary(D::Int16, D::Float64)]),
        (D::Date32, vec![D::Date64]),
        (D::Time32(Millisecond), vec![D::Time64(Microsecond), D::Time64(Nanosecond)]),
        (D::Time64(Microsecond), vec![D::Time64(Nanosecond)]),
        (timestamp(Millisecond, None), vec![timestamp(Microsecond, None), timestamp(Nanosecond, None)]),
        (timestamp(Microsecond, Some("UTC")), vec![timestamp(Nanosecond, Some("Asia/Tokyo"))]),
        (D::Int64, vec![D::Duration(Second), D::Timestamp(Second, None), D::Date64, D::Time64(Nanosecond)]),
        (D::Decimal128(7, 2), [decimals(9, 2), decimals(18, 2), decimals(38, 2)].concat()),
        (D::Decimal128(15, 2), [decimals(15, 2), decimals(38, 2)].concat()),
        (D::Decimal128(22, 2), decimals(30, 2)),
        (D::Utf8, [texts.clone(), vec![dictionary(D::Int16, D::Utf8), dictionary(D::UInt32, D::BinaryView)]].concat()),
        (D::Binary, texts),
        (D::FixedSizeBinary(4), vec![dictionary(D::Int8, D::FixedSizeBinary(4))]),
        (D::Boolean, vec![dictionary(D::Int16, D::Boolean)]),
        (D::Null, vec![D::Int32, D::Utf8View, dictionary(D::Int32, D::Utf8)]),
    ]
}

#[test]
fn a_host_has_the_types_that_hold_all_values() {
    for (own, others) in readable() {
        let values = numbers(&own);
        for use_dictionary in [true, false] {
            let batch = one_column(values.clone(), true);
            let file = write(&batch, properties().set_dictionary_enabled(use_dictionary).build());
            for asked in &others {
                let options = asking_c(asked.clone());
                let scan = scanned(&file, options);
                assert_eq!(*scan.schema.field(0), Field::new("c", asked.clone(), true));
                let expected = cast(&values, &expanded(asked)).unwrap();
                let found = first_column(&scan);
                assert_eq!(found.as_ref(), expected.as_ref(), "{own} as {asked}");
            }
        }
    }
}

fn refusal(file: &Bytes, options: ScanOptions) -> String {
    let error = scan(file, options).expect_err("a refusal");
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
    error.message().to_owned()
}

#[test]
fn what_could_lose_values_is_refused_by_name() {
    let timestamp = |unit| D::Timestamp(unit, None);
    for (own, asked) in [
        (D::Int64, D::Int32),
        (D::Int32, D::UInt32),
        (D::Int32, D::UInt64),
        (D::UInt32, D::Int32),
        (D::UInt64, D::Int64),
        (D::Float64, D::Float32),
        (D::Int32, D::Utf8),
        (D::Utf8, D::Int32),
        (timestamp(Nanosecond), timestamp(Microsecond)),
        (D::Time64(Nanosecond), D::Time64(Microsecond)),
        (D::Decimal128(20, 2), D::Decimal128(19, 2)),
        (D::Decimal128(20, 2), D::Decimal128(22, 3)),
        (D::Decimal128(20, 2), D::Decimal64(20, 2)),
        (D::Decimal128(20, 2), D::Decimal32(9, 2)),
        (D::Date32, D::Int32),
        (D::Int32, D::List(Arc::new(Field::new("item", D::Int32, true)))),
        (D::Int32, D::Struct(vec![Field::new("c", D::Int32, true)].into())),
        (D::Utf8, D::Dictionary(Box::new(D::Utf8), Box::new(D::Utf8))),
        (D::Utf8, D::Dictionary(Box::new(D::Int8), Box::new(D::Int8))),
        (D::FixedSizeBinary(4), D::FixedSizeBinary(5)),
    ] {
        let file = write(&one_column(numbers(&own), true), properties().build());
        let message = refusal(&file, asking_c(asked.clone()));
        assert!(message.contains("column \"c\"") && message.contains(&asked.to_string()), "{own}: {message}");
    }
}

#[test]
fn fields_are_matched_by_name_in_the_order_of_the_file() {
    let column = |name, nullable| Field::new(name, D::Int32, nullable);
    let schema = Schema::new(vec![column("a", true), column("b", false), column("a", true)]);
    let values = || cast(&Int64Array::from_iter_values(0..20), &D::Int32).unwrap();
    let batch = RecordBatch::try_new(Arc::new(schema), vec![values(), values(), values()]).unwrap();
    let file = write(&batch, properties().build());
    let types = |scan: &Scan| scan.schema.fields().iter().map(|field| field.data_type().clone()).collect::<Vec<_>>();
    let long = |name| Field::new(name, D::Int64, true);
    assert_eq!(types(&scanned(&file, asking(vec![long("b")]))), [D::Int32, D::Int64, D::Int32]);
    assert_eq!(types(&scanned(&file, asking(vec![long("b"), long("a")]))), [D::Int32, D::Int64, D::Int64]);
    assert_eq!(types(&scanned(&file, asking(vec![column("a", true), long("a")]))), [D::Int32, D::Int32, D::Int64]);
    let partly = ScanOptions { columns: Some(vec!["b".to_owned()]), ..asking(vec![long("a"), long("b")]) };
    assert_eq!(types(&scanned(&file, partly)), [D::Int64]);
    assert!(refusal(&file, asking(vec![long("a"), long("a"), long("b")])).contains("\"b\""));
    assert!(refusal(&file, asking(vec![long("z")])).contains("no column \"z\""));
    assert!(refusal(&file, asking(vec![Field::new("a", D::Int64, false)])).contains("without nulls"));
    let marked = long("b").with_metadata(Metadata::from([("mine", "1")]));
    let mut options = asking(vec![marked.clone()]);
    options.schema = Some(Arc::new(Schema::new_with_metadata(vec![marked.clone()], Metadata::from([("m", "n")]))));
    let found = scanned(&file, options).schema;
    assert_eq!((found.field(1), &found.metadata), (&marked, &Metadata::from([("m", "n")])));
}

/// The map as another type of map.
fn retyped_map(map: &ArrayRef, data_type: &DataType) -> ArrayRef {
    let (_, offsets, entries, nulls, _) = map.as_map().clone().into_parts();
    let D::Map(field, sorted) = data_type else { panic!() };
    let D::Struct(parts) = field.data_type() else { panic!() };
    let columns = parts.iter().zip(entries.columns()).map(|(part, column)| cast(column, part.data_type()).unwrap());
    let entries = StructArray::new(parts.clone(), columns.collect(), None);
    Arc::new(MapArray::new(field.clone(), offsets, entries, nulls, *sorted))
}

#[test]
fn nested_parts_have_the_types_and_names_that_are_asked_for() {
    let values = numbers(&D::Int32);
    let arrays = nested(&values);
    let [record, list, large, _, map] = &arrays[..] else { panic!() };
    let element = |name: &str| Arc::new(Field::new(name, D::Int64, true));
    let same_name = Field::new("each", D::Int64, true);
    let entries = D::Struct(vec![Field::new("k", D::LargeUtf8, false), Field::new("v", D::Int64, true)].into());
    for (array, asked) in [
        (record, D::Struct(vec![same_name].into())),
        (list, D::LargeList(element("x"))),
        (large, D::List(element("y"))),
        (map, D::Map(Arc::new(Field::new("e", entries, false)), true)),
    ] {
        let file = write(&one_column(array.clone(), true), properties().build());
        let scan = scanned(&file, asking_c(asked.clone()));
        assert_eq!(*scan.schema.field(0).data_type(), asked);
        let expected = match &asked {
            D::Map(..) => retyped_map(array, &asked),
            _ => cast(array, &asked).unwrap(),
        };
        assert_eq!(whole_columns(&scan)[0].as_ref(), expected.as_ref(), "{asked}");
    }
    let file = write(&one_column(record.clone(), true), properties().build());
    let unknown = D::Struct(vec![Field::new("z", D::Int32, true)].into());
    assert!(refusal(&file, asking_c(unknown)).contains("\"c\" has no field \"z\""));
    assert!(refusal(&file, asking_c(D::List(element("z")))).contains("\"c\" is a struct"));
}

#[test]
fn what_is_required_may_be_asked_for_as_nullable() {
    let values = numbers(&D::Int32);
    let inner = Arc::new(Field::new("x", D::Int32, true));
    let record: ArrayRef = Arc::new(StructArray::new(vec![inner.clone()].into(), vec![values], None));
    let offsets = OffsetBuffer::from_lengths(std::iter::repeat_n(3, ROWS / 3));
    let element = Arc::new(Field::new("item", record.data_type().clone(), false));
    let list: ArrayRef = Arc::new(ListArray::new(element, offsets, record.clone(), None));
    let element = Arc::new(Field::new("item", record.data_type().clone(), true));
    for (array, asked) in [(record.clone(), record.data_type().clone()), (list, D::List(element))] {
        let file = write(&one_column(array.clone(), false), properties().build());
        let scan = scanned(&file, asking_c(asked.clone()));
        assert_eq!(*scan.schema.field(0), Field::new("c", asked.clone(), true));
        let found = whole_columns(&scan)[0].clone();
        assert_eq!(found.null_count(), 0);
        assert_eq!(found.as_ref(), cast(&array, &asked).unwrap().as_ref());
    }
}

#[test]
fn lists_of_one_length_have_it() {
    let list = |lengths: &[Option<usize>]| {
        let mut builder = ListBuilder::new(StringBuilder::new());
        for (row, length) in lengths.iter().enumerate() {
            (0..length.unwrap_or(0)).for_each(|index| builder.values().append_value(format!("{row}.{index}")));
            builder.append(length.is_some());
        }
        let array: ArrayRef = Arc::new(builder.finish());
        write(&one_column(array, true), properties().build())
    };
    let asked = |length| asking_c(D::FixedSizeList(Arc::new(Field::new("item", D::Utf8, true)), length));
    let file = list(&[Some(2), None, Some(2)]);
    let scan = scanned(&file, asked(2));
    let found = whole_columns(&scan)[0].clone();
    let found = found.as_fixed_size_list();
    assert_eq!((found.len(), found.values().len()), (3, 6));
    assert_eq!(found.iter().map(|list| list.is_some()).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(found.value(2).as_string::<i32>(), &StringArray::from(vec!["2.0", "2.1"]));
    let error = support::host::scan(&file, asked(3)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    assert!(error.message().contains("\"c\" of 2 elements"), "{error}");
    assert_eq!(scanned(&list(&[Some(0), None, Some(0)]), asked(0)).row_count(), 3);
}

#[test]
fn int96_in_microseconds_and_with_a_zone() {
    let column = ColumnSpec::new("c", Kind::Int96, Nulls::Alternating, Coding::Dictionary);
    let file = FileSpec::new(vec![column], 400, 150).write().bytes;
    let own = &reference(&file, &ScanOptions::default()).columns[0];
    let own = own.as_primitive::<TimestampNanosecondType>();
    for (unit, factor) in [(Second, 1_000_000_000), (Millisecond, 1_000_000), (Microsecond, 1000), (Nanosecond, 1)] {
        let asked = D::Timestamp(unit, Some("UTC".into()));
        let scan = scanned(&file, asking_c(asked));
        let found = cast(&whole_columns(&scan)[0], &D::Int64).unwrap();
        let expected = Int64Array::from_iter(own.iter().map(|value| value.map(|value| value.div_euclid(factor))));
        assert_eq!(found.as_ref(), &expected as &dyn Array);
    }
}

#[test]
fn times_too_far_for_a_finer_unit_are_errors() {
    let far = Int64Array::from(vec![0, i64::MAX / 1000 + 1]);
    let array = cast(&far, &D::Timestamp(Millisecond, None)).unwrap();
    let file = write(&one_column(array, true), properties().build());
    let error = scan(&file, asking_c(D::Timestamp(Microsecond, None))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}

/// Strings that fill their dictionary halfway, so that the writer gives it up, after some repeated ones.
fn given_up(nulls: bool) -> (Bytes, ArrayRef) {
    let text =
        |row: usize| (!nulls || row % 5 != 1).then(|| format!("text {}", if row < 400 { row % 11 } else { row }));
    let array: ArrayRef = Arc::new(StringArray::from_iter((0..1000).map(text)));
    let properties = properties().set_dictionary_page_size_limit(1500).set_max_row_group_row_count(Some(700));
    (write(&one_column(array.clone(), nulls), properties.build()), array)
}

#[test]
fn dictionaries_are_kept_and_extended() {
    for nulls in [false, true] {
        let (file, expected) = given_up(nulls);
        for string_type in [StringType::Utf8, StringType::LargeUtf8, StringType::Utf8View] {
            for batch_rows in [7, 128, 999, 5000] {
                let options = ScanOptions { dictionary: true, string_type, batch_rows, ..ScanOptions::default() };
                let scan = scanned(&file, options);
                let D::Dictionary(keys, _) = scan.schema.field(0).data_type() else { panic!() };
                assert_eq!(**keys, D::Int32);
                let found = cast(&first_column(&scan), &D::Utf8).unwrap();
                assert_eq!(found.as_ref(), expected.as_ref());
            }
        }
        let skipped = ScanOptions { dictionary: true, offset: 395, limit: Some(300), ..ScanOptions::default() };
        let scan = scanned(&file, skipped);
        assert_eq!(first_column(&scan).as_ref(), expected.slice(395, 300).as_ref());
    }
}

fn dictionary_of(batch: &RecordBatch) -> &DictionaryArray<Int32Type> {
    batch.column(0).as_dictionary::<Int32Type>()
}

#[test]
fn batches_of_a_chunk_share_its_dictionary() {
    let (file, _) = given_up(true);
    let scan = scanned(&file, ScanOptions { dictionary: true, batch_rows: 100, ..ScanOptions::default() });
    let values: Vec<_> = scan.batches.iter().map(|batch| dictionary_of(&batch.rows).values().to_data()).collect();
    assert!(values[0].ptr_eq(&values[1]) && values[0].len() >= 11);
    let last_of_group = dictionary_of(&scan.batches[6].rows);
    assert_eq!(last_of_group.values().len(), 80, "values without code only");
}

#[test]
fn dictionaries_stay_where_the_file_has_them() {
    let columns = ["a", "b", "n"].map(|name| Field::new(name, if name == "n" { D::Int64 } else { D::Utf8 }, true));
    let arrays = vec![numbers(&D::Utf8), numbers(&D::Utf8), numbers(&D::Int64)];
    let batch = RecordBatch::try_new(Arc::new(Schema::new(columns.to_vec())), arrays).unwrap();
    let file = write(&batch, properties().set_column_dictionary_enabled("b".into(), false).build());
    let scan = scanned(&file, ScanOptions { dictionary: true, ..ScanOptions::default() });
    let is_dictionary = |field: &Arc<Field>| matches!(field.data_type(), D::Dictionary(..));
    assert_eq!(scan.schema.fields().iter().map(is_dictionary).collect::<Vec<_>>(), [true, false, false]);
    let lists = nested(&numbers(&D::Utf8));
    let file = write(&one_column(lists[1].clone(), true), properties().build());
    let scan = scanned(&file, ScanOptions { dictionary: true, ..ScanOptions::default() });
    assert_eq!(first_column(&scan).as_ref(), lists[1].as_ref());
}

#[test]
fn narrow_keys_have_their_limit() {
    let text = StringArray::from_iter_values((0..300).map(|row| row.to_string()));
    let file = write(&one_column(Arc::new(text), true), properties().build());
    let asked = |keys| asking_c(D::Dictionary(Box::new(keys), Box::new(D::Utf8)));
    assert_eq!(scan(&file, asked(D::UInt8)).unwrap_err().kind(), ErrorKind::Limit);
    assert_eq!(scanned(&file, asked(D::Int16)).row_count(), 300);
}

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

#[test]
fn logical_types_are_extensions() {
    for (kind, name) in [(Kind::Uuid, Some("arrow.uuid")), (Kind::Json, Some("arrow.json")), (Kind::Utf8, None)] {
        let column = ColumnSpec::new("c", kind, Nulls::None, Coding::Plain);
        let file = FileSpec::new(vec![column], 10, 10).write().bytes;
        let schema = metadata(&file).unwrap().arrow_schema().unwrap();
        assert_eq!(schema.field(0).metadata().get("ARROW:extension:name").map(String::as_str), name);
    }
}
