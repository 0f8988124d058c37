//! Types by the Arrow schema that the writer left in the file, and by the Parquet schema where it is of no use.

use std::sync::Arc;

use arrow_array::{Array, Int64Array, RecordBatch};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Metadata, Schema};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::{ArrowWriter, ArrowWriterOptions};
use parquet::arrow::encode_arrow_schema;
use pqpush::{BloomFilterDecoder, BloomFilterStep, ScanOptions, StringType};

use crate::files::{expanded, flat_types, nested, numbers, one_column, properties, scanned, write};
use crate::support::compare::{reference, whole_columns};
use crate::support::fixture::{Coding, ColumnSpec, FileSpec, Nulls};
use crate::support::handmade::*;
use crate::support::host::metadata;
use crate::support::kinds::Kind;
use crate::support::thrift::Struct;

use DataType as D;

/// What the `parquet` crate reads with the hint.
fn with_hint(file: &Bytes) -> RecordBatch {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file.clone()).unwrap();
    let schema = builder.schema().clone();
    let batches: Vec<_> = builder.with_batch_size(1 << 20).build().unwrap().map(|batch| batch.unwrap()).collect();
    arrow_select::concat::concat_batches(&schema, &batches).unwrap()
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

#[test]
fn logical_types_are_extensions() {
    for (kind, name) in [(Kind::Uuid, Some("arrow.uuid")), (Kind::Json, Some("arrow.json")), (Kind::Utf8, None)] {
        let column = ColumnSpec::new("c", kind, Nulls::None, Coding::Plain);
        let file = FileSpec::new(vec![column], 10, 10).write().bytes;
        let schema = metadata(&file).unwrap().arrow_schema().unwrap();
        assert_eq!(schema.field(0).metadata().get("ARROW:extension:name").map(String::as_str), name);
    }
}

/// The text of an extension that the field of a column has, with its name in front; none where it has none.
fn extension_of(field: &Field) -> Option<String> {
    let metadata = field.metadata();
    let name = metadata.get("ARROW:extension:name")?;
    Some(format!("{name} {}", metadata.get("ARROW:extension:metadata").map_or("", String::as_str)))
}

/// VARIANT, GEOMETRY and GEOGRAPHY are what they are stored as, with the name of an extension.
#[test]
fn variants_and_geometries_are_extensions() {
    const VARIANT: i16 = 16;
    const GEOMETRY: i16 = 17;
    const GEOGRAPHY: i16 = 18;
    let bytes = |name| {
        let column = Column::new(name, BYTE_ARRAY, vec![data_v1(1, PLAIN, plain_bytes(&[b"xyz"]))]);
        column.chunk(|chunk| chunk.value_count = Some(1))
    };
    let annotated = |name, field, parameters| {
        let mut column = bytes(name);
        column.logical = Some(Struct::new().nested(field, parameters));
        column
    };
    let geometry = annotated("g", GEOMETRY, Struct::new().binary(1, b"srid:5070"));
    let geography = annotated("h", GEOGRAPHY, Struct::new().i32(2, 4));
    let columns = vec![bytes("v.metadata"), bytes("v.value"), geometry, geography];
    let variant = group("v", 0, 2, None).nested(10, Struct::new().nested(VARIANT, Struct::new()));
    let elements = columns.iter().map(Column::schema_element);
    let schema = [group("schema", 0, 3, None), variant].into_iter().chain(elements).collect();
    let file = file_of_schema(schema, &[1], columns);
    let scan = scanned(&file, ScanOptions::default());
    let fields = scan.schema.fields();
    let parts = ["metadata", "value"].map(|name| Field::new(name, D::Binary, false));
    assert_eq!(fields[0].data_type(), &D::Struct(parts.to_vec().into()));
    assert_eq!((fields[1].data_type(), fields[2].data_type()), (&D::Binary, &D::Binary));
    assert_eq!(extension_of(&fields[0]).as_deref(), Some("arrow.parquet.variant "));
    let geometry = "geoarrow.wkb {\"crs\":\"5070\",\"crs_type\":\"srid\"}";
    assert_eq!(extension_of(&fields[1]).as_deref(), Some(geometry));
    let geography = "geoarrow.wkb {\"crs\":\"OGC:CRS84\",\"crs_type\":\"authority_code\",\"edges\":\"karney\"}";
    assert_eq!(extension_of(&fields[2]).as_deref(), Some(geography));
    // Part of a variant is none.
    let part = ScanOptions { columns: Some(vec!["v.value".to_owned()]), ..ScanOptions::default() };
    assert_eq!(extension_of(scanned(&file, part).schema.field(0)), None);
}

/// Statistics and bloom filters have the types that the columns are read as.
#[test]
fn statistics_and_bloom_filters_have_the_types_of_the_columns() {
    for data_type in flat_types() {
        let values = numbers(&data_type);
        let file = write(&one_column(values.clone(), true), properties().set_bloom_filter_enabled(true).build());
        let metadata = metadata(&file).unwrap();
        let column = whole_columns(&scanned(&file, ScanOptions::default())).swap_remove(0);
        assert_eq!(metadata.arrow_schema().unwrap().field(0).data_type(), column.data_type());
        let (of_groups, of_pages) =
            (metadata.column_statistics(0, StringType::Utf8), metadata.page_statistics(0, StringType::Utf8));
        for statistics in [of_groups.unwrap(), of_pages.unwrap()] {
            for bound in ["min", "max"] {
                let bound = statistics.column_by_name(bound).unwrap();
                assert_eq!(bound.data_type(), column.data_type(), "{data_type}");
                // The bounds are among the values, which are as they were written.
                for row in (0..bound.len()).filter(|row| bound.is_valid(*row)) {
                    let is_it = |value: &usize| column.slice(*value, 1).as_ref() == bound.slice(row, 1).as_ref();
                    assert!((0..column.len()).any(|value| is_it(&value)), "{data_type}: {bound:?}");
                }
            }
        }
        let Ok(mut decoder) = BloomFilterDecoder::new(metadata, 0, 0) else { continue };
        let filter = loop {
            match decoder.try_decode().unwrap() {
                BloomFilterStep::Finished(filter) => break filter,
                BloomFilterStep::NeedsData(ranges) => {
                    for range in ranges {
                        let bytes = file.slice(range.offset as usize..range.end() as usize);
                        decoder.push(range.offset, bytes).unwrap();
                    }
                }
            }
        };
        assert_eq!(filter.data_type(), column.data_type());
        if filter.data_type() != &D::Float16 {
            for row in 0..20 {
                let expected = column.is_valid(row);
                assert_eq!(filter.may_contain_any(&column.slice(row, 1)).unwrap(), expected, "{data_type}: {row}");
            }
        }
    }
}
