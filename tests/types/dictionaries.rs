//! Columns that are kept as Arrow dictionaries.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, DictionaryArray, RecordBatch, StringArray};
use arrow_cast::cast;
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use pqpush::{ErrorKind, ScanOptions, StringType};

use crate::files::{first_column, nested, numbers, one_column, properties, scanned, write};
use crate::given::asking_c;
use crate::support::host::scan;

use DataType as D;

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
