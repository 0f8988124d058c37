//! Nested columns of certain shapes, each with the rows it must give: the lists and maps of old writers, nesting two
//! hundred deep, rows that go on over pages, maps of which one side is chosen.

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

use arrow_array::builder::{Int32Builder, ListBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use arrow_array::{Array, ArrayRef, ListArray, RecordBatch, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use parquet::data_type::Int32Type as Int32;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use pqpush::{ErrorKind, ScanOptions};

use support::handmade::*;
use support::host::{By, Feed, scan_with};
use support::nested_case::{Case, Writing, assert_same};
use support::random::Random;

/// Values, definition levels, repetition levels of one INT32 leaf.
type Leaf<'a> = (&'a [i32], &'a [i16], &'a [i16]);

/// A file of that schema in the notation of the format.
fn file_of(columns: &str, leaves: &[Leaf<'_>]) -> Bytes {
    let schema = parse_message_type(&format!("message m {{ {columns} }}")).expect("a schema");
    let properties = Arc::new(WriterProperties::builder().build());
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), properties).expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    for (values, definition, repetition) in leaves {
        let mut column = group.next_column().expect("a column").expect("one more column");
        let levels = (Some(*definition), Some(*repetition));
        column.typed::<Int32>().write_batch(values, levels.0, levels.1).expect("values that the writer takes");
        column.close().expect("a column chunk");
    }
    group.close().expect("a row group");
    Bytes::from(writer.into_inner().expect("a whole file"))
}

/// Row by row, as text: `[1, null]` for lists and maps, `{a: 1}` for structs.
fn shown(array: &dyn Array, row: usize) -> String {
    let all = |array: ArrayRef| {
        let parts: Vec<String> = (0..array.len()).map(|row| shown(&array, row)).collect();
        format!("[{}]", parts.join(", "))
    };
    match array.data_type() {
        _ if array.is_null(row) => "null".to_owned(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::List(_) => all(array.as_list::<i32>().value(row)),
        DataType::Map(..) => all(Arc::new(array.as_map().value(row))),
        DataType::Struct(fields) => {
            let children = array.as_struct().columns().iter();
            let parts =
                fields.iter().zip(children).map(|(field, child)| format!("{}: {}", field.name(), shown(child, row)));
            format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
        }
        other => panic!("no text for {other}"),
    }
}

fn rows_of(file: &Bytes, options: &ScanOptions) -> Result<Vec<String>, pqpush::Error> {
    let mut all: Option<Vec<String>> = None;
    for (batch_rows, feed) in [(1000, Feed::Asked), (1, Feed::Whole), (2, Feed::Shuffled(3))] {
        let options = ScanOptions { batch_rows, ..options.clone() };
        let scan = scan_with(file, options, feed, By::Push)?;
        let column = |batch: &pqpush::Batch| batch.rows.column(0).clone();
        let rows =
            scan.batches.iter().map(column).flat_map(|array| (0..array.len()).map(move |row| shown(&array, row)));
        let rows: Vec<String> = rows.collect();
        assert_eq!(all.get_or_insert_with(|| rows.clone()), &rows, "batches of {batch_rows}, {feed:?}");
    }
    Ok(all.unwrap_or_default())
}

/// The type and rows of the only column.
fn check(columns: &str, leaves: &[Leaf<'_>], data_type: &str, rows: &[&str]) {
    let file = file_of(columns, leaves);
    let scan = scan_with(&file, ScanOptions::default(), Feed::Asked, By::Push).expect(columns);
    assert_eq!(scan.schema.field(0).data_type().to_string(), data_type, "{columns}");
    assert_eq!(rows_of(&file, &ScanOptions::default()).expect(columns), rows, "{columns}");
}

/// The same, and the reference reads it in the same way.
fn check_both(columns: &str, leaves: &[Leaf<'_>], data_type: &str, rows: &[&str]) {
    check(columns, leaves, data_type, rows);
    assert_same(&file_of(columns, leaves), &ScanOptions::default(), Feed::Asked, columns);
}

#[test]
fn lists_of_three_levels() {
    let leaf: Leaf = (&[1, 2, 3], &[3, 2, 1, 0, 3, 3], &[0, 1, 0, 0, 0, 1]);
    let rows = ["[1, null]", "[]", "null", "[2, 3]"];
    for (middle, element) in [("list", "element"), ("bag", "array_element"), ("element", "item")] {
        let columns = format!("optional group l (LIST) {{ repeated group {middle} {{ optional int32 {element}; }} }}");
        let data_type =
            if element == "item" { "List(Int32)".to_owned() } else { format!("List(Int32, field: '{element}')") };
        check_both(&columns, &[leaf], &data_type, &rows);
    }
    let leaf: Leaf = (&[1, 2, 3], &[2, 2, 1, 0, 2], &[0, 1, 0, 0, 0]);
    let columns = "optional group l (LIST) { repeated group list { required int32 element; } }";
    check_both(columns, &[leaf], "List(non-null Int32, field: 'element')", &["[1, 2]", "[]", "null", "[3]"]);
}

#[test]
fn trap18_lists_of_two_levels() {
    let leaf: Leaf = (&[1, 2, 3], &[2, 2, 1, 0, 2], &[0, 1, 0, 0, 0]);
    let columns = "optional group l (LIST) { repeated int32 element; }";
    check_both(columns, &[leaf], "List(non-null Int32, field: 'element')", &["[1, 2]", "[]", "null", "[3]"]);
    let two = "List(non-null Struct(\"a\": non-null Int32, \"b\": Int32), field: 'element')";
    let columns = "optional group l (LIST) { repeated group element { required int32 a; optional int32 b; } }";
    let leaves: [Leaf; 2] = [leaf, (&[9], &[3, 2, 1, 0, 2], &[0, 1, 0, 0, 0])];
    check_both(columns, &leaves, two, &["[{a: 1, b: 9}, {a: 2, b: null}]", "[]", "null", "[{a: 3, b: null}]"]);
    // A group of one field is the element itself by its name only.
    for name in ["array", "l_tuple"] {
        let columns = format!("optional group l (LIST) {{ repeated group {name} {{ required int32 a; }} }}");
        let data_type = format!("List(non-null Struct(\"a\": non-null Int32), field: '{name}')");
        check_both(&columns, &[leaf], &data_type, &["[{a: 1}, {a: 2}]", "[]", "null", "[{a: 3}]"]);
    }
    let columns = "optional group l (LIST) { repeated group other_tuple { required int32 a; } }";
    check_both(columns, &[leaf], "List(non-null Int32, field: 'a')", &["[1, 2]", "[]", "null", "[3]"]);
}

#[test]
fn trap18_what_repeats_in_a_list_is_a_list_of_its_own() {
    let leaf: Leaf = (&[1, 2, 3], &[3, 3, 2, 1, 0, 3], &[0, 2, 1, 0, 0, 0]);
    let inner = "non-null List(non-null Int32, field: 'x')";
    for name in ["array", "list", "l_tuple"] {
        let columns = format!("optional group l (LIST) {{ repeated group {name} {{ repeated int32 x; }} }}");
        let data_type = format!("List(non-null Struct(\"x\": {inner}), field: '{name}')");
        check(&columns, &[leaf], &data_type, &["[{x: [1, 2]}, {x: []}]", "[]", "null", "[{x: [3]}]"]);
    }
}

#[test]
fn trap18_what_repeats_without_annotation() {
    let leaf: Leaf = (&[1, 2, 3], &[1, 1, 0, 1], &[0, 1, 0, 0]);
    check_both("repeated int32 r;", &[leaf], "List(non-null Int32, field: 'r')", &["[1, 2]", "[]", "[3]"]);
    let leaves: [Leaf; 2] = [(&[1, 2], &[2, 1, 0, 2], &[0, 1, 0, 0]), (&[7, 8, 9], &[1, 1, 0, 1], &[0, 1, 0, 0])];
    let columns = "repeated group r { optional int32 a; required int32 b; }";
    let data_type = "List(non-null Struct(\"a\": Int32, \"b\": non-null Int32), field: 'r')";
    check_both(columns, &leaves, data_type, &["[{a: 1, b: 7}, {a: null, b: 8}]", "[]", "[{a: 2, b: 9}]"]);
    let leaf: Leaf = (&[1, 2, 3], &[2, 2, 1, 0, 2], &[0, 2, 1, 0, 0]);
    let columns = "repeated group r { repeated int32 x; }";
    let data_type = "List(non-null Struct(\"x\": non-null List(non-null Int32, field: 'x')), field: 'r')";
    check_both(columns, &[leaf], data_type, &["[{x: [1, 2]}, {x: []}]", "[]", "[{x: [3]}]"]);
}

/// What is null and what is empty follows from the definition level alone; what must be there has no bitmap of its own,
/// be it below a group that is null; a batch may begin with any row.
#[test]
fn trap24_nulls_of_structs_and_lists() {
    let leaves: [Leaf; 2] = [
        (&[1, 2, 3], &[5, 4, 3, 2, 1, 0, 5, 5], &[0, 1, 1, 0, 0, 0, 0, 1]),
        (&[7, 8, 9, 10], &[4, 4, 3, 2, 1, 0, 4, 4], &[0, 1, 1, 0, 0, 0, 0, 1]),
    ];
    let columns = "optional group s { optional group l (LIST) { repeated group list {
        optional group element { optional int32 a; required int32 b; } } } }";
    let leaves = [(&[1, 2, 3][..], leaves[0].1, leaves[0].2), leaves[1]];
    let rows = [
        "{l: [{a: 1, b: 7}, {a: null, b: 8}, null]}",
        "{l: []}",
        "{l: null}",
        "null",
        "{l: [{a: 2, b: 9}, {a: 3, b: 10}]}",
    ];
    let element = "List(Struct(\"a\": Int32, \"b\": non-null Int32), field: 'element')";
    check_both(columns, &leaves, &format!("Struct(\"l\": {element})"), &rows);
    let file = file_of(columns, &leaves);
    let scan = scan_with(&file, ScanOptions::default(), Feed::Asked, By::Push).expect("a readable file");
    let lists = scan.batches[0].rows.column(0).as_struct().column(0).as_list::<i32>().clone();
    let element = lists.values().as_struct();
    assert_eq!((lists.null_count(), element.null_count(), element.len()), (2, 1, 5));
    assert!(element.column(1).nulls().is_none(), "a required value has no bitmap");
    // Struct validity is the same by whichever child is read.
    for (leaf, rows) in
        [("a", ["{l: [{a: 1}, {a: null}, null]}", "null"]), ("b", ["{l: [{b: 7}, {b: 8}, null]}", "null"])]
    {
        let columns = Some(vec![format!("s.l.list.element.{leaf}")]);
        let found = rows_of(&file, &ScanOptions { columns, ..ScanOptions::default() }).expect("a readable file");
        assert_eq!([&found[0], &found[3]], rows, "{leaf}");
    }
    // The first entry of a column chunk begins a row.
    let entries = [(1, 5, Some(4)), (0, 5, Some(5))];
    for v2 in [false, true] {
        let error = rows_of(&file_of_lists(&[&entries], v2), &ScanOptions::default()).expect_err("no row begins");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
    }
}

/// Two leaves of a list with as many elements in all, and not in each row: refused, not put side by side. What is null
/// inside of elements may differ.
#[test]
fn leaves_of_one_list_must_agree_row_by_row() {
    let refused = |columns: &str, leaves: &[Leaf<'_>]| {
        let file = file_of(columns, leaves);
        let error = rows_of(&file, &ScanOptions::default()).expect_err("leaves that disagree");
        assert_eq!((error.kind(), error.row_group()), (ErrorKind::Corrupt, Some(0)), "{error:?}");
        // Alone each of them can be read.
        for column in ["r.a", "r.b"] {
            let options = ScanOptions { columns: Some(vec![column.to_owned()]), ..ScanOptions::default() };
            rows_of(&file, &options).expect("one of the leaves");
        }
    };
    let columns = "repeated group r { optional int32 a; required int32 b; }";
    let two_and_one: Leaf = (&[1, 2], &[2, 1, 2], &[0, 1, 0]);
    refused(columns, &[two_and_one, (&[7, 8, 9], &[1, 1, 1], &[0, 0, 1])]);
    let good = file_of(columns, &[two_and_one, (&[7, 8, 9], &[1, 1, 1], &[0, 1, 0])]);
    assert_eq!(rows_of(&good, &ScanOptions::default()).expect("a good file").len(), 2);
    // One list is empty, which the other one says of another row.
    refused(columns, &[(&[1], &[2, 0], &[0, 0]), (&[7], &[0, 1], &[0, 0])]);
    // A leaf that is repeated itself beside one that is not.
    let columns = "repeated group r { required int32 a; repeated int32 b; }";
    let twice: Leaf = (&[1, 2, 3], &[2, 2, 1, 2], &[0, 2, 1, 0]);
    refused(columns, &[(&[1, 2, 3], &[1, 1, 1], &[0, 0, 1]), twice]);
    let good = file_of(columns, &[(&[1, 2, 3], &[1, 1, 1], &[0, 1, 0]), twice]);
    let rows = ["[{a: 1, b: [1, 2]}, {a: 2, b: []}]", "[{a: 3, b: [3]}]"];
    assert_eq!(rows_of(&good, &ScanOptions::default()).expect("a good file"), rows);
    // Keys and values of a map.
    let columns = "required group r (MAP) { repeated group m { required int32 a; optional int32 b; } }";
    let file = file_of(columns, &[(&[1, 2, 3], &[1, 1, 1], &[0, 1, 0]), (&[7, 8, 9], &[2, 2, 2], &[0, 0, 1])]);
    let error = rows_of(&file, &ScanOptions::default()).expect_err("leaves that disagree");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
}

#[test]
fn trap18_maps_new_and_old() {
    let leaves: [Leaf; 2] =
        [(&[1, 2, 3], &[2, 2, 1, 0, 2], &[0, 1, 0, 0, 0]), (&[7, 9], &[3, 2, 1, 0, 3], &[0, 1, 0, 0, 0])];
    let rows = ["[{key: 1, value: 7}, {key: 2, value: null}]", "[]", "null", "[{key: 3, value: 9}]"];
    let entries = "\"key\": non-null Int32, \"value\": Int32";
    for (annotation, middle) in [("MAP", "key_value"), ("MAP_KEY_VALUE", "map"), ("MAP", "entries")] {
        let columns = format!(
            "optional group m ({annotation}) {{ repeated group {middle} {{ required int32 key; optional int32 value; }} }}"
        );
        let file = file_of(&columns, &leaves);
        let scan = scan_with(&file, ScanOptions::default(), Feed::Asked, By::Push).expect("a readable file");
        let DataType::Map(field, false) = scan.schema.field(0).data_type() else { panic!("no map: {columns}") };
        assert_eq!((field.name().as_str(), field.is_nullable()), (middle, false));
        assert_eq!(field.data_type().to_string(), format!("Struct({entries})"));
        assert_eq!(rows_of(&file, &ScanOptions::default()).expect("a readable file"), rows, "{columns}");
        assert_same(&file, &ScanOptions::default(), Feed::Asked, &columns);
    }
}

#[test]
fn trap18_maps_without_values_are_lists_of_keys() {
    let leaf: Leaf = (&[1, 2, 3], &[2, 2, 1, 0, 2], &[0, 1, 0, 0, 0]);
    let columns = "optional group m (MAP) { repeated group key_value { required int32 key; } }";
    check_both(columns, &[leaf], "List(non-null Int32, field: 'key')", &["[1, 2]", "[]", "null", "[3]"]);
}

#[test]
fn one_side_of_a_map() {
    let leaves: [Leaf; 2] =
        [(&[1, 2, 3], &[2, 2, 1, 0, 2], &[0, 1, 0, 0, 0]), (&[7, 9], &[3, 2, 1, 0, 3], &[0, 1, 0, 0, 0])];
    let columns = "optional group m (MAP) { repeated group key_value { required int32 key; optional int32 value; } }";
    let file = file_of(columns, &leaves);
    let side = |name: &str| {
        let options = ScanOptions { columns: Some(vec![format!("m.key_value.{name}")]), ..ScanOptions::default() };
        rows_of(&file, &options).expect("a readable file")
    };
    assert_eq!(side("key"), ["[{key: 1}, {key: 2}]", "[]", "null", "[{key: 3}]"]);
    assert_eq!(side("value"), ["[{value: 7}, {value: null}]", "[]", "null", "[{value: 9}]"]);
}

#[test]
fn trap18_optional_keys_of_maps_must_be_there() {
    let value: Leaf = (&[7, 8], &[3, 3], &[0, 1]);
    let columns = "optional group m (MAP) { repeated group key_value { optional int32 key; optional int32 value; } }";
    let good = file_of(columns, &[(&[1, 2], &[3, 3], &[0, 1]), value]);
    let rows = rows_of(&good, &ScanOptions::default()).expect("a readable file");
    assert_eq!(rows, ["[{key: 1, value: 7}, {key: 2, value: 8}]"]);
    let bad = file_of(columns, &[(&[1], &[3, 2], &[0, 1]), value]);
    for columns in [None, Some(vec!["m.key_value.key".to_owned()])] {
        let error = rows_of(&bad, &ScanOptions { columns, ..ScanOptions::default() }).expect_err("a null key");
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
    }
    let options = ScanOptions { columns: Some(vec!["m.key_value.value".to_owned()]), ..ScanOptions::default() };
    assert_eq!(rows_of(&bad, &options).expect("values without keys"), ["[{value: 7}, {value: 8}]"]);
}

#[test]
fn a_map_that_repeats() {
    let leaves: [Leaf; 2] =
        [(&[1, 2, 3], &[2, 2, 1, 0, 2], &[0, 2, 1, 0, 0]), (&[7, 8, 9], &[2, 2, 1, 0, 2], &[0, 2, 1, 0, 0])];
    let columns = "repeated group m (MAP) { repeated group key_value { required int32 key; required int32 value; } }";
    let file = file_of(columns, &leaves);
    let rows = ["[[{key: 1, value: 7}, {key: 2, value: 8}], []]", "[]", "[[{key: 3, value: 9}]]"];
    assert_eq!(rows_of(&file, &ScanOptions::default()).expect("a readable file"), rows);
}

/// Two hundred groups in each other: lists, structs, and both in turn.
#[test]
fn two_hundred_levels() {
    for lists_of_ten in [0, 5, 10] {
        let mut column: ArrayRef =
            Arc::new([Some(1), None, Some(3), Some(4), None].into_iter().collect::<arrow_array::Int32Array>());
        for level in 0..200 {
            let field = Arc::new(Field::new("x", column.data_type().clone(), true));
            let nulls = Some(NullBuffer::from_iter((0..5).map(|row| level % 50 != 7 || row != level / 50)));
            column = if level % 10 < lists_of_ten {
                let lengths = OffsetBuffer::from_lengths([1; 5]);
                Arc::new(ListArray::try_new(field, lengths, column, nulls).expect("lists"))
            } else {
                Arc::new(StructArray::try_new(vec![field].into(), vec![column], nulls).expect("structs"))
            };
        }
        let schema = Schema::new(vec![Field::new("c", column.data_type().clone(), true)]);
        let rows = RecordBatch::try_new(Arc::new(schema), vec![column]).expect("rows of the schema");
        for v2 in [false, true] {
            let writing = Writing { v2, ..Writing::default() };
            let (rows, options) = (rows.clone(), ScanOptions { batch_rows: 2, ..ScanOptions::default() });
            Case { rows, writing, options, feed: Feed::Asked }.check().expect("two hundred levels");
        }
    }
}

/// Lists of lists with rows that go on over pages: pages that begin and end inside a row, hold a single entry of it, or
/// none. Pages of version 2 begin with a row, as the format has it; one that does not is refused.
#[test]
fn trap06_rows_go_on_over_pages() {
    let mut random = Random::new(11);
    let mut refused = 0;
    for case in 0..300 {
        let (array, entries) = random_lists(&mut random, 12);
        let v2 = case % 3 == 2;
        let pages = cut_into_pages(&mut random, &entries, v2);
        let is_cut = pages.iter().any(|page| page.first().is_some_and(|entry| entry.0 > 0));
        let file = file_of_lists(&pages, v2);
        let expected: Vec<String> = (0..12).map(|row| shown(&array, row)).collect();
        if v2 && is_cut {
            let error = rows_of(&file, &ScanOptions::default()).expect_err("a page that begins inside a row");
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{error:?}");
            refused += 1;
            continue;
        }
        assert_eq!(rows_of(&file, &ScanOptions::default()).expect("a readable file"), expected, "case {case}");
        for (offset, limit) in [(1, 3), (5, 1), (11, 9)] {
            let options = ScanOptions { offset, limit: Some(limit), ..ScanOptions::default() };
            let end = (offset + limit).min(12) as usize;
            assert_eq!(
                rows_of(&file, &options).expect("a readable file"),
                expected[offset as usize..end],
                "case {case}"
            );
        }
    }
    assert!((10..90).contains(&refused), "{refused} of 100 files with pages of version 2 are refused");
}

/// Rows behind the last one of the row group are refused, also where they lie in the page of the last one and nothing but
/// their levels tells of them.
#[test]
fn rows_that_the_row_group_does_not_have() {
    let mut random = Random::new(12);
    for rows in [13, 14, 40] {
        let (_, entries) = random_lists(&mut random, rows);
        let half = entries.len() / 2;
        for (pages, v2) in
            [(vec![&entries[..]], false), (vec![&entries[..half], &entries[half..]], false), (vec![&entries[..]], true)]
        {
            let error = rows_of(&file_of_lists(&pages, v2), &ScanOptions::default()).expect_err("too many rows");
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{rows} rows in {} pages: {error:?}", pages.len());
        }
    }
}

/// Pages of a few entries each, some of none; every second time those of version 2 end with rows.
fn cut_into_pages<'a>(random: &mut Random, entries: &'a [Entry], v2: bool) -> Vec<&'a [Entry]> {
    let at_rows = v2 && random.percent(50);
    let mut pages = Vec::new();
    let mut rest = entries;
    while !rest.is_empty() {
        let mut length = rest.len().min(random.below(7));
        while at_rows && rest.get(length).is_some_and(|entry| entry.0 > 0) {
            length += 1;
        }
        let (page, left) = rest.split_at(length);
        pages.push(page);
        rest = left;
    }
    pages
}

fn file_of_lists(pages: &[&[Entry]], v2: bool) -> Bytes {
    let entries: usize = pages.iter().map(|page| page.len()).sum();
    let pages = pages.iter().map(|page| page_of(page, v2)).collect();
    let column = Column::new("l.list.element.list.element", INT32, pages).optional();
    let column = column.chunk(|chunk| chunk.value_count = Some(entries as i64));
    let lists = [group("l", 1, 1, Some(LIST)), group("list", 2, 1, None), group("element", 1, 1, Some(LIST))];
    let groups = [vec![group("schema", 0, 1, None)], lists.to_vec(), vec![group("list", 2, 1, None)]].concat();
    let schema = [groups, vec![column.schema_element()]].concat();
    file_of_schema(schema, &[12], vec![column])
}

/// Repetition level, definition level, value.
type Entry = (u32, u32, Option<i32>);

/// Lists of lists, and their entries in a column of repetition levels to 2 and definition levels to 5.
fn random_lists(random: &mut Random, rows: usize) -> (ArrayRef, Vec<Entry>) {
    let mut builder = ListBuilder::new(ListBuilder::new(Int32Builder::new()));
    let mut entries = Vec::new();
    for _ in 0..rows {
        let (is_there, inner_lists) = (!random.percent(10), random.below(4));
        if !is_there || inner_lists == 0 {
            entries.push((0, u32::from(is_there), None));
        }
        for list in (0..inner_lists).filter(|_| is_there) {
            let (inner_is_there, length) = (!random.percent(20), random.below(5));
            let first = u32::from(list > 0);
            if !inner_is_there || length == 0 {
                entries.push((first, 2 + u32::from(inner_is_there), None));
            }
            for element in (0..length).filter(|_| inner_is_there) {
                let value = (!random.percent(20)).then(|| random.bits() as i32);
                entries.push((if element == 0 { first } else { 2 }, 4 + u32::from(value.is_some()), value));
                builder.values().values().append_option(value);
            }
            builder.values().append(inner_is_there);
        }
        builder.append(is_there);
    }
    (Arc::new(builder.finish()), entries)
}

fn page_of(entries: &[Entry], v2: bool) -> Page {
    let count = entries.len() as i32;
    let level = |level: fn(&Entry) -> u32, width| match entries {
        [] => Vec::new(),
        entries => bit_packed_run(&entries.iter().map(level).collect::<Vec<_>>(), width),
    };
    let (repetition, definition) = (level(|entry| entry.0, 2), level(|entry| entry.1, 3));
    let values = plain_i32(&entries.iter().filter_map(|entry| entry.2).collect::<Vec<_>>());
    if !v2 {
        return data_v1(count, PLAIN, [prefixed(repetition), prefixed(definition), values].concat());
    }
    let nulls = entries.iter().filter(|entry| entry.2.is_none()).count() as i32;
    let rows = entries.iter().filter(|entry| entry.0 == 0).count() as i32;
    let (level_bytes, repetition_bytes) = (definition.len() as i32, repetition.len() as i32);
    let header = V2 { nulls, rows, repetition_bytes, ..V2::new(count, nulls, PLAIN, level_bytes as usize) };
    data_v2(header, [repetition, definition, values].concat())
}
