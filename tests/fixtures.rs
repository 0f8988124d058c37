//! The fixtures themselves: that a generated file holds what its description says, and that a hand-made file without
//! tricks is one that the reference reads. Otherwise the other suites would prove less than they claim.

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

use std::collections::BTreeSet;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use bytes::Bytes;
use parquet::basic::{Encoding, PageType};
use parquet::column::page::Page;
use parquet::file::reader::{FileReader, SerializedFileReader};
use pqpush::ScanOptions;

use support::compare::reference;
use support::fixture::{Coding, ColumnSpec, FileSpec, NULL_SHAPES, Nulls, Values};
use support::handmade::{self, Column, PLAIN, RLE_DICTIONARY, data_v1, data_v2, dictionary};
use support::kinds::{ALL, Cells, Kind, Lengths};

fn pages(file: &Bytes) -> Vec<Page> {
    let reader = SerializedFileReader::new(file.clone()).expect("a file");
    let group = reader.get_row_group(0).expect("a row group");
    let pages = group.get_column_page_reader(0).expect("a chunk").collect::<Result<Vec<Page>, _>>();
    pages.expect("pages")
}

fn encodings(file: &Bytes) -> BTreeSet<String> {
    let data = pages(file).into_iter().filter(|page| page.page_type() != PageType::DICTIONARY_PAGE);
    data.map(|page| format!("{:?}", page.encoding())).collect()
}

#[test]
fn null_shapes_are_written() {
    for kind in ALL {
        for nulls in NULL_SHAPES {
            let spec = FileSpec::new(vec![ColumnSpec::new("c", *kind, *nulls, Coding::Plain)], 300, 50);
            let fixture = spec.write();
            let expected = fixture.columns[0].valid.iter().filter(|valid| !**valid).count();
            let column = &reference(&fixture.bytes, &ScanOptions::default()).columns[0];
            assert_eq!((column.len(), column.logical_null_count()), (300, expected), "{kind:?} {nulls:?}");
        }
    }
}

#[test]
fn values_are_written() {
    let spec = FileSpec::new(vec![ColumnSpec::new("c", Kind::Utf8, Nulls::None, Coding::Plain)], 300, 50);
    let fixture = spec.write();
    let columns = reference(&fixture.bytes, &ScanOptions::default()).columns;
    let Cells::Bytes(cells) = &fixture.columns[0].cells else { panic!("strings are bytes") };
    let found: Vec<&[u8]> = columns[0].as_string::<i32>().iter().flatten().map(str::as_bytes).collect();
    assert_eq!(&found, cells);
    assert!(cells.iter().any(|cell| cell.len() > 12) && cells.iter().any(|cell| cell.is_empty()));
}

#[test]
fn encodings_and_page_versions_are_written() {
    for v2 in [false, true] {
        let file = |coding, kind| {
            let column =
                ColumnSpec::new("c", kind, Nulls::Random(10), coding).with_values(Values::Distinct, Lengths::Short);
            let mut spec = FileSpec::new(vec![column], 600, 100);
            spec.v2 = v2;
            spec.write().bytes
        };
        let names = |encodings: &[Encoding]| encodings.iter().map(|encoding| format!("{encoding:?}")).collect();
        let indexes = Encoding::RLE_DICTIONARY;
        assert_eq!(encodings(&file(Coding::Plain, Kind::Utf8)), names(&[Encoding::PLAIN]));
        assert_eq!(encodings(&file(Coding::Rle, Kind::Bool)), names(&[Encoding::RLE]));
        assert_eq!(encodings(&file(Coding::Dictionary, Kind::Int64)), names(&[indexes]));
        assert_eq!(encodings(&file(Coding::DictionaryFallback, Kind::Utf8)), names(&[Encoding::PLAIN, indexes]));
        for (kind, encoding) in [
            (Kind::Int16, Encoding::DELTA_BINARY_PACKED),
            (Kind::Int64, Encoding::DELTA_BINARY_PACKED),
            (Kind::Utf8, Encoding::DELTA_LENGTH_BYTE_ARRAY),
            (Kind::DecimalBytes(20), Encoding::DELTA_BYTE_ARRAY),
            (Kind::DecimalFixed(16, 38), Encoding::DELTA_BYTE_ARRAY),
            (Kind::Float16, Encoding::BYTE_STREAM_SPLIT),
            (Kind::Float64, Encoding::BYTE_STREAM_SPLIT),
        ] {
            assert_eq!(encodings(&file(Coding::As(encoding), kind)), names(&[encoding]));
            assert_eq!(encodings(&file(Coding::DictionaryThen(encoding), kind)), names(&[indexes, encoding]));
        }
        let expected = if v2 { PageType::DATA_PAGE_V2 } else { PageType::DATA_PAGE };
        let data = pages(&file(Coding::Plain, Kind::Int32));
        assert_eq!(data.len(), 6);
        assert!(data.iter().all(|page| page.page_type() == expected));
    }
}

#[test]
fn page_index_is_written_or_not() {
    for page_index in [false, true] {
        let mut spec = FileSpec::new(vec![ColumnSpec::new("c", Kind::Int64, Nulls::None, Coding::Plain)], 100, 10);
        spec.page_index = page_index;
        let reader = SerializedFileReader::new(spec.write().bytes).expect("a file");
        let chunk = reader.metadata().row_group(0).column(0).clone();
        let found = (chunk.offset_index_offset().is_some(), chunk.column_index_offset().is_some());
        assert_eq!(found, (page_index, page_index));
    }
}

#[test]
fn hand_made_files_are_parquet() {
    let plain = data_v1(3, PLAIN, handmade::plain_i32(&[5, 6, 7]));
    let levels = handmade::levels(&[1, 0, 1, 1]);
    let v2 = handmade::V2::new(4, 1, RLE_DICTIONARY, levels.len());
    let indexes = data_v2(v2, [levels, handmade::indexes(&[1, 0, 1], 1)].concat());
    let words = dictionary(2, PLAIN, handmade::plain_bytes(&[b"a", b"bc"]));
    let numbers = handmade::file(3, vec![Column::new("n", handmade::INT32, vec![plain])]);
    let strings = Column::new("s", handmade::BYTE_ARRAY, vec![words, indexes]).converted(handmade::UTF8).optional();
    let numbers = reference(&numbers, &ScanOptions::default());
    assert_eq!(numbers.columns[0].as_primitive::<Int32Type>().values(), &[5, 6, 7]);
    let strings = reference(&handmade::file(4, vec![strings]), &ScanOptions::default());
    let found: Vec<Option<&str>> = strings.columns[0].as_string::<i32>().iter().collect();
    assert_eq!(found, [Some("bc"), None, Some("a"), Some("bc")]);
}
