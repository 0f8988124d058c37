//! Types by the schema that a host gives.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampNanosecondType;
use arrow_array::{Array, ArrayRef, Int64Array, ListArray, MapArray, RecordBatch, StringArray, StructArray};
use arrow_buffer::OffsetBuffer;
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Metadata, Schema, TimeUnit};
use bytes::Bytes;
use pqpush::{ErrorKind, ScanOptions};

use crate::files::{ROWS, expanded, first_column, nested, numbers, one_column, properties, scanned, write};
use crate::support::compare::{reference, whole_columns};
use crate::support::fixture::{Coding, ColumnSpec, FileSpec, Nulls};
use crate::support::host::{Scan, scan};
use crate::support::kinds::Kind;

use DataType as D;
use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};

pub fn asking(fields: Vec<Field>) -> ScanOptions {
    ScanOptions { schema: Some(Arc::new(Schema::new(fields))), batch_rows: 64, ..ScanOptions::default() }
}

pub fn asking_c(data_type: DataType) -> ScanOptions {
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
    let twos = scanned(&file, asked(2));
    let found = whole_columns(&twos)[0].clone();
    let found = found.as_fixed_size_list();
    assert_eq!((found.len(), found.values().len()), (3, 6));
    assert_eq!(found.iter().map(|list| list.is_some()).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(found.value(2).as_string::<i32>(), &StringArray::from(vec!["2.0", "2.1"]));
    let error = scan(&file, asked(3)).unwrap_err();
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
