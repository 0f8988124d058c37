//! What the format allows and writers do, though it is easily read wrongly: where a chunk begins, pages and their rows in
//! the offset index, levels in all their forms, delta streams at their limits, types that nobody knows, and what row
//! groups claim. The files are made byte by byte; pages and codecs are in `traps.rs`, shapes of nesting in
//! `nested_shapes.rs`.

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

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use bytes::Bytes;
use pqpush::{ErrorKind, ROW_GROUP_INDEX, ROW_NUMBER, RowSelection, ScanOptions};

use support::compare::whole_columns;
use support::handmade::*;
use support::host::{By, Feed, scan, scan_with};
use support::random::Random;
use support::thrift::{Struct, varint};

fn plain_page(range: std::ops::Range<i32>) -> Page {
    data_v1(range.len() as i32, PLAIN, plain_i32(&range.collect::<Vec<_>>()))
}

/// An INT32 column of so many values.
fn ints(name: &'static str, rows: i64, pages: Vec<Page>) -> Column {
    Column::new(name, INT32, pages).chunk(|chunk| chunk.value_count = Some(rows))
}

fn int32s(array: &dyn Array) -> Vec<Option<i32>> {
    array.as_primitive::<Int32Type>().iter().collect()
}

fn offset_and_limit(offset: u64, limit: u64) -> ScanOptions {
    ScanOptions { offset, limit: Some(limit), batch_rows: 7, ..ScanOptions::default() }
}

/// The first column under these options, whole and with the bytes at hand bounded.
fn column(file: &Bytes, options: &ScanOptions) -> Result<ArrayRef, pqpush::Error> {
    let whole = whole_columns(&scan(file, options.clone())?).swap_remove(0);
    let bounded = ScanOptions { max_buffered_bytes: Some(1), ..options.clone() };
    let bounded = whole_columns(&scan_with(file, bounded, Feed::Split(2), By::Push)?).swap_remove(0);
    assert_eq!(whole.as_ref(), bounded.as_ref(), "{options:?}");
    Ok(whole)
}

fn coded_pages() -> Vec<Page> {
    let coded = |codes: &[u32]| data_v1(codes.len() as i32, RLE_DICTIONARY, indexes(codes, 1));
    vec![dictionary(2, PLAIN, plain_i32(&[5, 6])), coded(&[0, 1, 1, 0]), coded(&[1, 1, 1, 1]), coded(&[0, 0, 0, 1])]
}

const CODED: [i32; 12] = [5, 6, 6, 5, 6, 6, 6, 6, 5, 5, 5, 6];

/// A chunk begins with its dictionary page, else with its first data page, and lies inside the file.
#[test]
fn trap01_where_a_chunk_begins() {
    let file_with = |change: fn(&mut Chunk)| file(12, vec![ints("n", 12, coded_pages()).chunk(change)]);
    let right = file_with(|_| ());
    assert_eq!(int32s(&column(&right, &ScanOptions::default()).expect("a readable file")), CODED.map(Some));
    let wrong: [fn(&mut Chunk); 5] = [
        |chunk| (chunk.data_page_offset, chunk.dictionary_page_offset) = (Some(-1), Some(None)),
        |chunk| (chunk.data_page_offset, chunk.dictionary_page_offset) = (Some(0), Some(None)),
        |chunk| (chunk.data_page_offset, chunk.dictionary_page_offset) = (Some(1 << 40), Some(None)),
        |chunk| chunk.compressed_bytes = Some(1 << 40),
        |chunk| chunk.compressed_bytes = Some(-5),
    ];
    for change in wrong {
        let file = file_with(change);
        let error = scan(&file, ScanOptions::default()).expect_err("a chunk outside of the file");
        assert_eq!((error.kind(), error.column()), (ErrorKind::Corrupt, Some(0)), "{error:?}");
    }
}

/// A dictionary page that no offset tells of stands where the data are said to begin.
#[test]
fn trap02_a_dictionary_that_no_offset_tells_of() {
    for offset_index in [None, Some(vec![0, 4, 8])] {
        let coded = ints("n", 12, coded_pages()).chunk(|chunk| {
            (chunk.dictionary_page_offset, chunk.data_page_offset) = (Some(None), Some(4));
            chunk.offset_index = offset_index;
        });
        let file = file(12, vec![coded]);
        for (offset, limit) in [(0, 12), (5, 2), (8, 4), (3, 6)] {
            let rows = column(&file, &offset_and_limit(offset, limit)).expect("a readable file");
            let expected = &CODED.map(Some)[offset as usize..(offset + limit) as usize];
            assert_eq!(int32s(&rows), expected, "offset {offset} limit {limit}");
        }
    }
}

/// The number of values of a page counts nulls; runs of codes may be padded past the values that are there.
#[test]
fn trap05_pages_count_nulls_and_runs_are_padded() {
    let present = [1, 0, 0, 1, 1, 0, 0, 0, 0, 1];
    let codes = [1, 0, 0, 1];
    let expected = [Some(6), None, None, Some(5), Some(5), None, None, None, None, Some(6)];
    let streams = [
        indexes(&codes, 1),
        [indexes(&codes, 1), vec![0; 3]].concat(),
        [vec![1], rle_run(1, 1, 1), rle_run(2, 0, 1), rle_run(7, 1, 1)].concat(),
        [vec![1], rle_run(1, 1, 1), rle_run(0, 0, 1), rle_run(2, 0, 1), rle_run(1, 1, 1)].concat(),
    ];
    for stream in streams {
        let levels = levels(&present);
        let v2 = V2::new(10, 6, RLE_DICTIONARY, levels.len());
        let pages = [
            data_v1(10, RLE_DICTIONARY, [prefixed(levels.clone()), stream.clone()].concat()),
            data_v2(v2, [levels, stream.clone()].concat()),
        ];
        for page in pages {
            let pages = vec![dictionary(2, PLAIN, plain_i32(&[5, 6])), page];
            let file = file(10, vec![ints("n", 10, pages).optional()]);
            let rows = column(&file, &ScanOptions::default()).expect("a readable file");
            assert_eq!(int32s(&rows), expected, "{stream:?}");
            let rows = column(&file, &offset_and_limit(4, 6)).expect("a readable file");
            assert_eq!(int32s(&rows), expected[4..], "{stream:?}");
        }
    }
}

/// Pages of version 2 whose headers count entries as rows, as parquetjs writes them: the levels are asked, also by scans
/// that pass over such pages. Another number of rows is an error.
#[test]
fn trap05_entries_that_are_counted_as_rows() {
    // Rows of none, one, two and three elements, four rows a page.
    let page = |first: i32, rows_claimed: Option<i32>| {
        let (repetition, definition) =
            (bit_packed_run(&[0, 0, 0, 1, 0, 1, 1], 1), bit_packed_run(&[0, 1, 1, 1, 1, 1, 1], 1));
        let rows = rows_claimed.unwrap_or(4);
        let header = V2 { rows, repetition_bytes: repetition.len() as i32, ..V2::new(7, 1, PLAIN, definition.len()) };
        data_v2(header, [repetition, definition, plain_i32(&(first..first + 6).collect::<Vec<_>>())].concat())
    };
    let file_claiming = |rows: Option<i32>| {
        let pages = (0..3).map(|number| page(6 * number, rows)).collect();
        let mut lists = ints("lists", 21, pages);
        lists.repeated = true;
        file(12, vec![lists])
    };
    let (right, entries) = (file_claiming(None), file_claiming(Some(7)));
    for (offset, limit) in [(0, 12), (1, 2), (3, 2), (5, 7), (11, 1)] {
        let options = offset_and_limit(offset, limit);
        let expected = column(&right, &options).expect("a readable file");
        let found = column(&entries, &options).expect("a readable file");
        assert_eq!(found.as_ref(), expected.as_ref(), "offset {offset} limit {limit}");
        let first = found.as_list::<i32>().iter().flatten().flat_map(|list| int32s(&list)).next().flatten();
        let before = [0, 0, 1, 3, 6];
        assert_eq!(first, Some(6 * (offset as i32 / 4) + before[offset as usize % 4]));
    }
    for rows in [0, 3, 5, 6, 8] {
        let error = column(&file_claiming(Some(rows)), &ScanOptions::default()).expect_err("other rows");
        assert_eq!((error.kind(), error.column()), (ErrorKind::Corrupt, Some(0)), "{rows}: {error:?}");
    }
}

/// An offset index may be missing, or be there and name no page: the column is read from the front.
#[test]
fn trap07_an_offset_index_without_pages() {
    let pages = || vec![plain_page(0..10), plain_page(10..20), plain_page(20..30)];
    let with = |name, index| ints(name, 30, pages()).chunk(|chunk| chunk.offset_index = index);
    for odd in [None, Some(Vec::new())] {
        let file = file(30, vec![with("a", Some(vec![0, 10, 20])), with("b", odd.clone())]);
        for (offset, limit) in [(0, 30), (12, 6), (9, 2), (29, 1)] {
            let scan = scan(&file, offset_and_limit(offset, limit)).expect("a readable file");
            let expected: Vec<_> = (offset as i32..(offset + limit) as i32).map(Some).collect();
            for rows in whole_columns(&scan) {
                assert_eq!(int32s(&rows), expected, "{odd:?}");
            }
        }
    }
}

/// Two pages with the same first row: the first of them is empty, and no row is taken twice. The last page ends with the
/// row group.
#[test]
fn trap08_empty_pages_in_the_offset_index() {
    let empty = || data_v1(0, PLAIN, Vec::new());
    let pages = vec![empty(), plain_page(0..10), empty(), empty(), plain_page(10..20), plain_page(20..25), empty()];
    let indexed = ints("n", 25, pages).chunk(|chunk| chunk.offset_index = Some(vec![0, 0, 10, 10, 10, 20, 25]));
    let file = file(25, vec![indexed]);
    for offset in 0..25 {
        for limit in [1, 2, 10, 11, 25] {
            let rows = column(&file, &offset_and_limit(offset, limit)).expect("a readable file");
            let expected: Vec<_> = (offset as i32..(offset + limit).min(25) as i32).map(Some).collect();
            assert_eq!(int32s(&rows), expected, "offset {offset} limit {limit}");
        }
    }
}

/// Pages of `rows` rows each, over the numbers to 120.
fn pages_of(rows: usize) -> (Vec<Page>, Vec<i64>) {
    let starts: Vec<i64> = (0..120).step_by(rows).collect();
    (starts.iter().map(|start| plain_page(*start as i32..(*start as i32 + rows as i32).min(120))).collect(), starts)
}

/// Lists of one or two elements, so that they have pages of other lengths than the flat columns.
fn list_pages(rows: usize) -> (Vec<Page>, Vec<i64>) {
    let page = |start: i32| {
        let rows: Vec<i32> = (start..(start + rows as i32).min(120)).collect();
        let entries: Vec<(u32, i32)> =
            rows.iter().flat_map(|row| (0..1 + row % 2).map(|at| (at as u32, *row))).collect();
        let repetition = bit_packed_run(&entries.iter().map(|entry| entry.0).collect::<Vec<_>>(), 1);
        let values = plain_i32(&entries.iter().map(|entry| entry.1).collect::<Vec<_>>());
        let definition = rle_run(entries.len() as u64, 1, 1);
        data_v1(entries.len() as i32, PLAIN, [prefixed(repetition), prefixed(definition), values].concat())
    };
    let starts: Vec<i64> = (0..120).step_by(rows).collect();
    (starts.iter().map(|start| page(*start as i32)).collect(), starts)
}

/// Selected rows over columns, flat and nested, whose pages end at different rows.
#[test]
fn trap09_selections_over_pages_that_end_at_different_rows() {
    let flat = |name, rows| {
        let (pages, starts) = pages_of(rows);
        ints(name, 120, pages).chunk(|chunk| chunk.offset_index = Some(starts))
    };
    let (pages, starts) = list_pages(7);
    let mut lists = ints("lists", 180, pages).chunk(|chunk| chunk.offset_index = Some(starts));
    lists.repeated = true;
    let file = file(120, vec![flat("a", 10), flat("b", 13), lists, flat("c", 120)]);
    let mut random = Random::new(9);
    for case in 0..300 {
        let longest = random.pick(&[1, 3, 20, 60]);
        let mut selected = Vec::new();
        while selected.len() < 120 {
            let (length, is_selected) = (1 + random.below(longest), random.percent(40));
            selected.extend(std::iter::repeat_n(is_selected, length.min(120 - selected.len())));
        }
        let expected: Vec<i32> = (0..120).filter(|row| selected[*row as usize]).collect();
        let selection = RowSelection::from_runs(selected.iter().map(|is_selected| (1, *is_selected))).expect("runs");
        let max_buffered_bytes = random.pick(&[None, Some(1), Some(200)]);
        let batch_rows = 1 + random.below(40);
        let options = ScanOptions { row_selection: Some(selection), max_buffered_bytes, batch_rows, ..options() };
        let scan = scan(&file, options).expect("a readable file");
        assert_eq!(scan.row_count(), expected.len(), "case {case}");
        let columns = whole_columns(&scan);
        for column in [0, 1, 3] {
            assert_eq!(columns[column].as_primitive::<Int32Type>().values(), &expected[..], "case {case}");
        }
        let lists = columns[2].as_list::<i32>();
        for (list, row) in lists.iter().zip(&expected) {
            let list = list.expect("no null");
            assert_eq!(list.as_primitive::<Int32Type>().values(), &vec![*row; 1 + *row as usize % 2][..]);
        }
    }
}

fn options() -> ScanOptions {
    ScanOptions::default()
}

/// Levels from the most significant bit, as the deprecated BIT_PACKED has them.
fn bit_packed_levels(levels: &[u32], width: usize) -> Vec<u8> {
    let mut bytes = vec![0u8; (levels.len() * width).div_ceil(8)];
    for (index, level) in levels.iter().enumerate() {
        for bit in (0..width).filter(|bit| level >> (width - 1 - bit) & 1 == 1) {
            let place = index * width + bit;
            bytes[place / 8] |= 0x80 >> (place % 8);
        }
    }
    bytes
}

/// Levels of version 1 have their length in front, unless they are BIT_PACKED; those of version 2 have it in the header,
/// repetition first; where all would be 0 there are none.
#[test]
fn trap13_levels_in_all_their_forms() {
    let (repetition, definition) = ([0, 1, 0, 0, 0], [2, 2, 1, 0, 2]);
    let (r, d) = (bit_packed_run(&repetition, 1), bit_packed_run(&definition, 2));
    let values = plain_i32(&[1, 2, 3]);
    let v1 = |encodings: (i32, i32), levels: Vec<u8>| {
        let inner = Struct::new().i32(1, 5).i32(2, PLAIN).i32(3, encodings.1).i32(4, encodings.0);
        let body = [levels, values.clone()].concat();
        page_claiming(0, (body.len() as i32, body.len() as i32), body, |header| header.nested(5, inner))
    };
    let header = V2 { rows: 4, repetition_bytes: r.len() as i32, ..V2::new(5, 2, PLAIN, d.len()) };
    let (bit_r, bit_d) = (bit_packed_levels(&repetition, 1), bit_packed_levels(&definition, 2));
    let pages = [
        v1((RLE, RLE), [prefixed(r.clone()), prefixed(d.clone())].concat()),
        v1((BIT_PACKED, RLE), [bit_r.clone(), prefixed(d.clone())].concat()),
        v1((RLE, BIT_PACKED), [prefixed(r.clone()), bit_d.clone()].concat()),
        v1((BIT_PACKED, BIT_PACKED), [bit_r, bit_d].concat()),
        data_v2(header, [r, d, values.clone()].concat()),
    ];
    for (form, page) in pages.into_iter().enumerate() {
        let mut element = Column::new("l.element", INT32, vec![page]).chunk(|chunk| chunk.value_count = Some(5));
        element.repeated = true;
        let schema = vec![group("schema", 0, 1, None), group("l", 1, 1, Some(LIST)), element.schema_element()];
        let file = file_of_schema(schema, &[4], vec![element]);
        let rows = column(&file, &ScanOptions::default()).expect("a readable file");
        let lists: Vec<Option<Vec<Option<i32>>>> =
            rows.as_list::<i32>().iter().map(|l| l.map(|l| int32s(&l))).collect();
        assert_eq!(lists, [Some(vec![Some(1), Some(2)]), Some(vec![]), None, Some(vec![Some(3)])], "form {form}");
    }
    let no_levels = file(3, vec![ints("n", 3, vec![data_v1_with_levels(3, PLAIN, BIT_PACKED, 12, values)])]);
    assert_eq!(int32s(&column(&no_levels, &ScanOptions::default()).expect("a readable file")), [1, 2, 3].map(Some));
}

/// A stream of blocks of 128 whose deltas take all `bits`; the widths of miniblocks that hold no value are `unused`.
fn full_width_deltas(values: &[i64], bits: u32, unused: u8) -> Vec<u8> {
    let zigzag = |value: i64| varint((value << 1 ^ value >> 63) as u64);
    let cut = |value: i64| if bits == 32 { value as i32 as i64 } else { value };
    let mut bytes = [varint(128), varint(4), varint(values.len() as u64), zigzag(values[0])].concat();
    let deltas: Vec<i64> = values.windows(2).map(|pair| cut(pair[1].wrapping_sub(pair[0]))).collect();
    for block in deltas.chunks(128) {
        let least = *block.iter().min().expect("a delta");
        bytes.extend(zigzag(least));
        let used = block.len().div_ceil(32);
        bytes.extend((0..4).map(|miniblock| if miniblock < used { bits as u8 } else { unused }));
        for delta in block.iter().copied().chain(std::iter::repeat(least)).take(used * 32) {
            bytes.extend(&delta.wrapping_sub(least).to_le_bytes()[..bits as usize / 8]);
        }
    }
    bytes
}

/// Deltas that wrap around, of the full width, with any widths for miniblocks that are not there.
#[test]
fn trap15_deltas_wrap_and_unused_widths_do_not_count() {
    let pattern = |least: i64, most: i64| move |row: i64| [least, most, 0, -1, least, 1, most][row as usize % 7];
    let narrow: Vec<i64> = (0..300).map(pattern(i32::MIN as i64, i32::MAX as i64)).collect();
    let wide: Vec<i64> = (0..300).map(pattern(i64::MIN, i64::MAX)).collect();
    for unused in [0, 1, 64, 65, 255] {
        let page = |values: &[i64], bits| data_v1(300, DELTA_BINARY_PACKED, full_width_deltas(values, bits, unused));
        let count = |column: Column| file(300, vec![column.chunk(|chunk| chunk.value_count = Some(300))]);
        let int32 = count(Column::new("n", INT32, vec![page(&narrow, 32)]));
        let int64 = count(Column::new("n", INT64, vec![page(&wide, 64)]));
        for (offset, limit) in [(0, 300), (1, 1), (127, 40), (299, 1)] {
            let options = offset_and_limit(offset, limit);
            let rows = offset as usize..(offset + limit).min(300) as usize;
            let found: Vec<i64> = int32s(&column(&int32, &options).expect("a readable file"))
                .into_iter()
                .map(|value| value.expect("no null").into())
                .collect();
            assert_eq!(found, narrow[rows.clone()], "{unused}");
            let found = column(&int64, &options).expect("a readable file");
            assert_eq!(found.as_primitive::<Int64Type>().values(), &wide[rows], "{unused}");
        }
    }
}

/// Logical types that nobody knows are their physical types; UNKNOWN is Null on any; pages of types that nobody knows
/// are passed over.
#[test]
fn trap22_what_nobody_knows() {
    let annotated = |physical, field: i16, page: Page| {
        let mut column = Column::new("c", physical, vec![page]).optional().chunk(|c| c.value_count = Some(8));
        column.logical = Some(Struct::new().nested(field, Struct::new()));
        file(8, vec![column])
    };
    let present = data_v1(8, PLAIN, [prefixed(rle_run(8, 1, 1)), plain_i32(&[3; 8])].concat());
    let unknown = column(&annotated(INT32, 99, present.clone()), &ScanOptions::default()).expect("a readable file");
    assert_eq!(int32s(&unknown), [Some(3); 8]);
    const UNKNOWN: i16 = 11;
    let absent = data_v1(8, PLAIN, prefixed(rle_run(8, 0, 1)));
    for physical in [BOOLEAN, INT32, INT64, FLOAT, DOUBLE, BYTE_ARRAY] {
        let nulls = column(&annotated(physical, UNKNOWN, absent.clone()), &ScanOptions::default());
        let nulls = nulls.expect("a readable file");
        assert_eq!((nulls.data_type(), nulls.len()), (&DataType::Null, 8), "{physical}");
    }
    let other = |kind| page_claiming(kind, (5, 5), vec![9; 5], |header| header);
    let pages = vec![other(4), plain_page(0..10), other(7), other(-1), plain_page(10..20)];
    let file = file(20, vec![ints("n", 20, pages)]);
    for (offset, limit) in [(0, 20), (3, 2), (12, 8)] {
        let rows = column(&file, &offset_and_limit(offset, limit)).expect("a readable file");
        assert_eq!(int32s(&rows), (offset as i32..(offset + limit) as i32).map(Some).collect::<Vec<_>>());
    }
}

/// Rows are counted over the row groups as they stand in the footer, whatever ordinals those claim.
#[test]
fn trap23_ordinals_of_row_groups_are_not_asked() {
    for ordinals in [[None; 3], [Some(0), Some(1), Some(2)], [Some(2), None, Some(0)], [Some(7), Some(7), Some(-1)]] {
        let mut numbers = ints("n", 10, vec![plain_page(0..10)]);
        numbers.chunks = [0..10, 10..15, 15..30]
            .map(|range: std::ops::Range<i32>| Chunk {
                value_count: Some(range.len() as i64),
                pages: vec![plain_page(range)],
                ..Chunk::default()
            })
            .to_vec();
        let schema = vec![group("schema", 0, 1, None), numbers.schema_element()];
        let groups = [(10, ordinals[0]), (5, ordinals[1]), (15, ordinals[2])];
        let file = file_of_ordinals(schema, &groups, vec![numbers]);
        let options = ScanOptions { row_numbers: true, row_group_index: true, ..offset_and_limit(8, 9) };
        let rows: Vec<_> = scan(&file, options).expect("a readable file").rows().into_iter().cloned().collect();
        let named = |name: &str| {
            let arrays = rows.iter().map(|rows| rows.column_by_name(name).expect("appended").clone());
            arrays.flat_map(|array| array.as_primitive::<Int64Type>().values().to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(named(ROW_NUMBER), (8..17).collect::<Vec<_>>(), "{ordinals:?}");
        assert_eq!(named(ROW_GROUP_INDEX), [0, 0, 1, 1, 1, 1, 1, 2, 2], "{ordinals:?}");
    }
}

/// A chunk that lies in another file is not read out of this one; the others are.
#[test]
fn trap23_a_chunk_in_another_file() {
    let away = ints("away", 10, vec![plain_page(0..10)]).chunk(|chunk| chunk.file_path = Some("other.parquet"));
    let file = file(10, vec![ints("here", 10, vec![plain_page(0..10)]), away]);
    let error = scan(&file, ScanOptions::default()).expect_err("a chunk that is not here");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Unsupported, Some(1)), "{error:?}");
    let here = ScanOptions { columns: Some(vec!["here".to_owned()]), ..ScanOptions::default() };
    assert_eq!(int32s(&column(&file, &here).expect("a readable column")), (0..10).map(Some).collect::<Vec<_>>());
}

/// A chunk that counts fewer bytes than its pages have ends inside a page: an error, never fewer rows.
#[test]
fn trap23_sizes_that_leave_pages_out() {
    let whole = || ints("n", 20, vec![plain_page(0..10), plain_page(10..20)]);
    let size: usize = whole().chunks[0].pages.iter().map(|page| page.header.len() + page.body.len()).sum();
    for bytes in [0, 1, size / 2, size - 1] {
        let file = file(20, vec![whole().chunk(|chunk| chunk.compressed_bytes = Some(bytes as i64))]);
        let error = scan(&file, ScanOptions::default()).expect_err("pages that are cut off");
        assert!(matches!(error.kind(), ErrorKind::Corrupt | ErrorKind::Truncated), "{bytes}: {error:?}");
        assert_eq!((error.row_group(), error.column()), (Some(0), Some(0)), "{error:?}");
    }
}

/// An offset index that is wrong is not looked at by a scan that reads everything from front to back.
#[test]
fn a_wrong_offset_index_does_not_spoil_a_full_scan() {
    let pages = || vec![plain_page(0..10), plain_page(10..20), plain_page(20..30)];
    let file = file(30, vec![ints("n", 30, pages()).chunk(|chunk| chunk.offset_index = Some(vec![0, 7, 21]))]);
    let whole = scan(&file, ScanOptions::default()).expect("a readable file");
    assert_eq!(int32s(&whole_columns(&whole)[0]), (0..30).map(Some).collect::<Vec<_>>());
    let error = scan(&file, offset_and_limit(8, 4)).expect_err("a page of other rows");
    assert_eq!((error.kind(), error.column()), (ErrorKind::Corrupt, Some(0)), "{error:?}");
}

/// Bytes behind the last page of a chunk, which are no page.
#[test]
fn padding_behind_the_last_page() {
    for padding in [vec![0; 100], vec![0xff; 7], b"PAR1".to_vec()] {
        let last = Page { header: Vec::new(), body: padding, dictionary: false };
        let file = file(10, vec![ints("n", 10, vec![plain_page(0..10), last])]);
        let rows = column(&file, &ScanOptions::default()).expect("a readable file");
        assert_eq!(int32s(&rows), (0..10).map(Some).collect::<Vec<_>>());
    }
}
