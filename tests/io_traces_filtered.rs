//! What filtered and selective scans ask for, step by step: golden lists of ranges by page name, and never more bytes than
//! the push decoder of the `parquet` crate asks for in the same scenario. Where it asks for more, the test says why.
//!
//! Names of pages are explained in `support/layout.rs`.

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

use arrow_array::{ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_schema::{DataType, Field};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use pqpush::predicate::Comparison;
use pqpush::{ByteRange, RowSelection, ScanOptions};

use support::handmade;
use support::layout::Layout;
use support::scenario::Reference::{AsksForMore, AsksTheSame};
use support::scenario::{Filter, Scenario};

/// What a file says of its pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Index {
    Pages,
    /// Statistics of row groups only.
    RowGroups,
    None,
}

/// Two row groups of 100 rows; pages of 20 rows. `key` is the number of the row, `mixed` the same numbers in disorder,
/// `tag` one of five strings out of a dictionary, `note` a string, `group` a struct of `inner`, the number of the row, and
/// `text`, whose pages have 30 rows.
fn table() -> RecordBatch {
    let numbers = || 0..200i64;
    let mixed = || numbers().map(|row| row * 77 % 200);
    let text = |prefix: &'static str| StringArray::from_iter_values(mixed().map(|row| format!("{prefix} {row:03}")));
    let field = |name: &str, data_type| Arc::new(Field::new(name, data_type, false));
    let group = StructArray::from(vec![
        (field("inner", DataType::Int64), Arc::new(Int64Array::from_iter_values(numbers())) as ArrayRef),
        (field("text", DataType::Utf8), Arc::new(text("some text"))),
    ]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("key", Arc::new(Int64Array::from_iter_values(numbers()))),
        ("mixed", Arc::new(Int32Array::from_iter_values(mixed().map(|row| 2 * row as i32)))),
        ("tag", Arc::new(StringArray::from_iter_values(mixed().map(|row| format!("tag {}", row % 5))))),
        ("note", Arc::new(text("a note"))),
        ("group", Arc::new(group)),
    ];
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn properties(index: Index) -> WriterPropertiesBuilder {
    let statistics = match index {
        Index::Pages => EnabledStatistics::Page,
        Index::RowGroups => EnabledStatistics::Chunk,
        Index::None => EnabledStatistics::None,
    };
    let path = |names: &[&str]| ColumnPath::new(names.iter().map(|name| (*name).to_owned()).collect());
    WriterProperties::builder()
        .set_statistics_enabled(statistics)
        .set_offset_index_disabled(index != Index::Pages)
        .set_max_row_group_row_count(Some(100))
        .set_write_batch_size(10)
        .set_data_page_row_count_limit(20)
        .set_column_data_page_row_count_limit(path(&["group", "text"]), 30)
        .set_dictionary_enabled(false)
        .set_column_dictionary_enabled(path(&["tag"]), true)
}

fn written(properties: WriterProperties) -> Bytes {
    let (rows, options) = (table(), ArrowWriterOptions::new().with_properties(properties));
    let options = options.with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), rows.schema(), options).expect("a writer");
    writer.write(&rows).expect("written rows");
    Bytes::from(writer.into_inner().expect("a whole file"))
}

/// A scan of the table that reads `note`.
fn scenario(index: Index, filters: Vec<Filter>) -> Scenario {
    let file = written(properties(index).build());
    let layout = Layout::by_twin(&written(properties(Index::Pages).build()), &file);
    let options = ScanOptions { columns: names(&["note"]), ..ScanOptions::default() };
    Scenario { file, layout, options, filters }
}

/// The same under other options.
fn with(scenario: Scenario, change: impl FnOnce(&mut ScanOptions)) -> Scenario {
    let mut scenario = scenario;
    change(&mut scenario.options);
    scenario
}

fn names(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

fn key(op: Comparison, value: i64) -> Filter {
    Filter::new("key", op, Arc::new(Int64Array::from(vec![value])))
}

/// Values are even numbers below 400.
fn mixed(op: Comparison, value: i32) -> Filter {
    Filter::new("mixed", op, Arc::new(Int32Array::from(vec![value])))
}

fn tag(value: &str) -> Filter {
    Filter::new("tag", Comparison::Equal, Arc::new(StringArray::from(vec![value])))
}

fn runs(runs: &[(u64, bool)]) -> Option<RowSelection> {
    Some(RowSelection::from_runs(runs.iter().copied()).expect("rows that can be counted"))
}

use Comparison::{Equal, GreaterOrEqual, Less};

/// Bounds leave one page of one row group; the reference leaves it to its host to look at them.
#[test]
fn a_sorted_column_with_page_index() {
    scenario(Index::Pages, vec![key(Equal, 130)]).assert_asks(&[&["1.key.1"], &["1.note.1"]], AsksForMore);
}

/// Bounds of row groups leave the second one; the reference leaves it to its host to look at them.
#[test]
fn a_sorted_column_with_statistics_of_row_groups() {
    scenario(Index::RowGroups, vec![key(Equal, 130)])
        .assert_asks(&[&["1.key.0-1.key.4"], &["1.note.0-1.note.4"]], AsksForMore);
}

/// Nothing is known: the predicate's column of each row group, and the chunk of the output where a row is kept.
#[test]
fn a_sorted_column_without_statistics() {
    scenario(Index::None, vec![key(Equal, 130)])
        .assert_asks(&[&["0.key.0-0.key.4"], &["1.key.0-1.key.4"], &["1.note.0-1.note.4"]], AsksTheSame);
}

/// Bounds do not help: all pages of the predicate's column, then the pages of the rows that it kept.
#[test]
fn an_unsorted_column_with_page_index() {
    scenario(Index::Pages, vec![mixed(Equal, 130)])
        .assert_asks(&[&["0.mixed.0-0.mixed.4"], &["0.note.2"], &["1.mixed.0-1.mixed.4"]], AsksTheSame);
}

/// Without an offset index the chunk of the output is asked for whole.
#[test]
fn an_unsorted_column_without_page_index() {
    scenario(Index::None, vec![mixed(Equal, 130)])
        .assert_asks(&[&["0.mixed.0-0.mixed.4"], &["0.note.0-0.note.4"], &["1.mixed.0-1.mixed.4"]], AsksTheSame);
}

/// Each predicate asks for the pages of the rows that those before it kept. The reference looks at no bounds; by them pages
/// 3 and 4 of the first predicate's column need not be read either, for all of their rows satisfy it.
#[test]
fn two_predicates_with_page_index() {
    let filters = vec![key(GreaterOrEqual, 150), tag("tag 3")];
    scenario(Index::Pages, filters)
        .assert_asks(&[&["1.key.2"], &["1.tag.dict", "1.tag.2-1.tag.4"], &["1.note.2-1.note.4"]], AsksForMore);
}

/// Bounds of neither help: of the second predicate's column too, only the pages of the rows that the first kept are read.
#[test]
fn two_predicates_without_bounds() {
    for (kept, note) in [("tag 0", Some("0.note.2")), ("tag 1", None)] {
        let mut asked: Vec<&[&str]> = vec![&["0.mixed.0-0.mixed.4"], &["0.tag.dict", "0.tag.2"]];
        let note = note.map(|page| [page]);
        asked.extend(note.as_ref().map(|page| &page[..]));
        asked.push(&["1.mixed.0-1.mixed.4"]);
        scenario(Index::Pages, vec![mixed(Equal, 130), tag(kept)]).assert_asks(&asked, AsksTheSame);
    }
}

/// Without statistics the second predicate's column is asked for in row groups only in which the first kept rows.
#[test]
fn two_predicates_without_page_index() {
    let filters = vec![key(GreaterOrEqual, 150), tag("tag 3")];
    scenario(Index::None, filters).assert_asks(
        &[&["0.key.0-0.key.4"], &["1.key.0-1.key.4"], &["1.tag.dict-1.tag.4"], &["1.note.0-1.note.4"]],
        AsksTheSame,
    );
}

/// Two predicates on one column read it once. Bounds of both leave its pages 2 and 3, and are sure of page 2, which the
/// reference does not see.
#[test]
fn two_predicates_on_one_column() {
    let filters = vec![key(GreaterOrEqual, 40), key(Less, 71)];
    scenario(Index::Pages, filters).assert_asks(&[&["0.key.3"], &["0.note.2-0.note.3"]], AsksForMore);
}

/// Two predicates on one column, nothing known: it is asked for once.
#[test]
fn two_predicates_on_one_column_without_page_index() {
    let filters = vec![key(GreaterOrEqual, 40), key(Less, 71)];
    scenario(Index::None, filters)
        .assert_asks(&[&["0.key.0-0.key.4"], &["0.note.0-0.note.4"], &["1.key.0-1.key.4"]], AsksTheSame);
}

/// No row is kept, as values show: the output is never asked for.
#[test]
fn nothing_matches_by_values() {
    for index in [Index::Pages, Index::None] {
        scenario(index, vec![mixed(Equal, 131)])
            .assert_asks(&[&["0.mixed.0-0.mixed.4"], &["1.mixed.0-1.mixed.4"]], AsksTheSame);
    }
}

/// No row is kept, as bounds show: nothing is asked for. The reference leaves it to its host to look at them.
#[test]
fn nothing_matches_by_bounds() {
    for index in [Index::Pages, Index::RowGroups] {
        scenario(index, vec![mixed(Equal, 1000)]).assert_asks(&[], AsksForMore);
    }
}

/// Every row is kept, and only values show it: whole chunks.
#[test]
fn everything_matches_by_values() {
    scenario(Index::None, vec![mixed(GreaterOrEqual, 0)]).assert_asks(
        &[&["0.mixed.0-0.mixed.4"], &["0.note.0-0.note.4"], &["1.mixed.0-1.mixed.4"], &["1.note.0-1.note.4"]],
        AsksTheSame,
    );
}

/// The output has the predicate's column: it is asked for once.
#[test]
fn the_predicates_column_in_the_output() {
    for index in [Index::Pages, Index::None] {
        let scenario = with(scenario(index, vec![mixed(Less, 200)]), |o| o.columns = names(&["mixed"]));
        scenario.assert_asks(&[&["0.mixed.0-0.mixed.4"], &["1.mixed.0-1.mixed.4"]], AsksTheSame);
    }
}

/// No column in the output: rows are counted by the predicate's column alone.
#[test]
fn an_output_without_columns() {
    let scenario = with(scenario(Index::Pages, vec![mixed(Less, 200)]), |o| o.columns = names(&[]));
    scenario.assert_asks(&[&["0.mixed.0-0.mixed.4"], &["1.mixed.0-1.mixed.4"]], AsksTheSame);
}

/// The limit is reached in the first page of the first row group: nothing behind it is asked for of the output.
#[test]
fn a_limit_behind_a_predicate() {
    let scenario = with(scenario(Index::Pages, vec![mixed(Less, 100)]), |o| o.limit = Some(3));
    scenario.assert_asks(&[&["0.mixed.0-0.mixed.4"], &["0.note.0"]], AsksTheSame);
}

/// The limit is reached in the first row group: the second is not asked for.
#[test]
fn a_limit_behind_a_predicate_without_page_index() {
    let scenario = with(scenario(Index::None, vec![mixed(Less, 100)]), |o| o.limit = Some(3));
    scenario.assert_asks(&[&["0.mixed.0-0.mixed.4"], &["0.note.0-0.note.4"]], AsksTheSame);
}

/// Two predicates, and the limit is reached in the first row group.
#[test]
fn a_limit_behind_two_predicates() {
    let filters = vec![mixed(Less, 100), tag("tag 3")];
    let scenario = with(scenario(Index::Pages, filters), |o| o.limit = Some(2));
    scenario.assert_asks(&[&["0.mixed.0-0.mixed.4"], &["0.tag.dict-0.tag.4"], &["0.note.1"]], AsksTheSame);
}

/// A limit within the selected rows that a predicate keeps.
#[test]
fn a_limit_behind_a_selection_and_a_predicate() {
    let scenario = with(scenario(Index::Pages, vec![mixed(Less, 100)]), |o| {
        (o.row_selection, o.limit) = (runs(&[(45, false), (100, true), (55, false)]), Some(2));
    });
    scenario.assert_asks(&[&["0.mixed.2-0.mixed.4"], &["0.note.2"]], AsksTheSame);
}

/// Rows that the offset passes over are not asked for in the output.
#[test]
fn an_offset_behind_a_predicate() {
    let change = |o: &mut ScanOptions| (o.offset, o.limit) = (26, Some(5));
    with(scenario(Index::Pages, vec![mixed(Less, 100)]), change)
        .assert_asks(&[&["0.mixed.0-0.mixed.4"], &["0.note.4"], &["1.mixed.0-1.mixed.4"], &["1.note.0"]], AsksTheSame);
}

/// Offset and limit without a predicate: the pages of their rows.
#[test]
fn an_offset_and_a_limit() {
    let change = |o: &mut ScanOptions| (o.offset, o.limit) = (75, Some(50));
    with(scenario(Index::Pages, vec![]), change)
        .assert_asks(&[&["0.note.3-0.note.4"], &["1.note.0-1.note.1"]], AsksTheSame);
}

/// Without an offset index the pages before the last row wanted are needed for their lengths.
#[test]
fn an_offset_and_a_limit_without_page_index() {
    let change = |o: &mut ScanOptions| (o.offset, o.limit) = (75, Some(50));
    with(scenario(Index::None, vec![]), change)
        .assert_asks(&[&["0.note.0-0.note.4"], &["1.note.0-1.note.4"]], AsksTheSame);
}

/// The pages of the selected rows.
#[test]
fn a_selection_with_page_index() {
    let selection = || runs(&[(45, false), (3, true), (100, false), (20, true), (32, false)]);
    with(scenario(Index::Pages, vec![]), |o| o.row_selection = selection())
        .assert_asks(&[&["0.note.2"], &["1.note.2-1.note.3"]], AsksTheSame);
}

/// Whole chunks of the row groups in which rows are selected.
#[test]
fn a_selection_without_page_index() {
    let selection = || runs(&[(145, false), (3, true), (52, false)]);
    with(scenario(Index::None, vec![]), |o| o.row_selection = selection())
        .assert_asks(&[&["1.note.0-1.note.4"]], AsksTheSame);
}

/// The predicate's column for the selected rows only, the output for those of them that are kept.
#[test]
fn a_selection_and_a_predicate() {
    let selection = || runs(&[(30, false), (60, true), (110, false)]);
    let scenario = with(scenario(Index::Pages, vec![mixed(Less, 40)]), |o| o.row_selection = selection());
    scenario.assert_asks(&[&["0.mixed.1-0.mixed.4"], &["0.note.1-0.note.3"]], AsksTheSame);
}

/// Row groups named in another order are looked at in it.
#[test]
fn row_groups_in_another_order() {
    let scenario = with(scenario(Index::Pages, vec![mixed(Equal, 130)]), |o| o.row_groups = Some(vec![1, 0]));
    scenario.assert_asks(&[&["1.mixed.0-1.mixed.4"], &["0.mixed.0-0.mixed.4"], &["0.note.2"]], AsksTheSame);
}

/// The leaves of a struct have pages of their own: of each those that hold kept rows.
#[test]
fn a_nested_projection_with_unequal_pages() {
    let scenario = with(scenario(Index::Pages, vec![mixed(Equal, 130)]), |o| o.columns = names(&["group"]));
    scenario.assert_asks(
        &[&["0.mixed.0-0.mixed.4"], &["0.group.inner.2", "0.group.text.1"], &["1.mixed.0-1.mixed.4"]],
        AsksTheSame,
    );
}

/// A predicate on a leaf of a struct; what the struct's other leaf is read for is the kept rows only. The reference looks
/// at no bounds.
#[test]
fn a_predicate_on_a_leaf_of_a_struct() {
    let filter = Filter::new("group.inner", Equal, Arc::new(Int64Array::from(vec![130])));
    let scenario = with(scenario(Index::Pages, vec![filter]), |o| o.columns = names(&["group.text"]));
    scenario.assert_asks(&[&["1.group.inner.1"], &["1.group.text.1"]], AsksForMore);
}

/// What lies between the dictionary and the page of the kept row is asked for too where the host's gap reaches over it;
/// that the reference leaves to its host.
#[test]
fn a_gap_between_a_dictionary_and_a_page() {
    let mut scenario = with(scenario(Index::Pages, vec![mixed(Equal, 130)]), |o| o.columns = names(&["tag"]));
    let pages = [&["0.mixed.0-0.mixed.4"][..], &["0.tag.dict", "0.tag.2"], &["1.mixed.0-1.mixed.4"]];
    scenario.assert_asks(&pages, AsksTheSame);
    let between = scenario.layout.page("0.tag.0").length + scenario.layout.page("0.tag.1").length;
    scenario.options.coalesce_gap = between - 1;
    scenario.assert_asks(&pages, AsksTheSame);
    scenario.options.coalesce_gap = between;
    let ours = scenario.ours();
    let names: Vec<Vec<String>> = ours.steps.iter().map(|ranges| scenario.layout.names(ranges)).collect();
    assert_eq!(names, [["0.mixed.0-0.mixed.4"], ["0.tag.dict-0.tag.2"], ["1.mixed.0-1.mixed.4"]]);
    assert_eq!(ours.bytes(), scenario.theirs().bytes() + between);
}

/// With a bound, predicate and output take turns; not a byte more is asked for than without.
#[test]
fn a_predicate_within_a_bound() {
    let scenario = with(scenario(Index::Pages, vec![mixed(Less, 100)]), |o| {
        (o.max_buffered_bytes, o.batch_rows, o.row_groups) = (Some(600), 20, Some(vec![0]));
    });
    scenario.assert_asks(
        &[&["0.mixed.0-0.mixed.4"], &["0.note.0"], &["0.note.1"], &["0.note.2"], &["0.note.3"], &["0.note.4"]],
        AsksTheSame,
    );
}

/// Without an offset index and with a bound, the rows of the selection are there before the chunk was asked for to its end.
/// The reference has no bound and asks for the chunk at once.
#[test]
fn a_selection_within_a_bound_without_page_index() {
    let scenario = with(scenario(Index::None, vec![]), |o| {
        o.row_selection = runs(&[(5, true), (195, false)]);
        (o.max_buffered_bytes, o.batch_rows) = (Some(2000), 20);
    });
    scenario.assert_asks(&[&["0.note.0-part of 0.note.1"]], AsksForMore);
}

/// One column of a selective scan has an offset index, the other none: a page of the one, the chunk of the other.
#[test]
fn a_column_without_offset_index() {
    let pages = || (0..5).map(|page| handmade::data_v1(4, handmade::PLAIN, handmade::plain_i32(&[page; 4]))).collect();
    let first_rows = Some((0..5).map(|page| page * 4).collect());
    let indexed = handmade::Column::new("a", handmade::INT32, pages()).chunk(|chunk| chunk.offset_index = first_rows);
    let file = handmade::file(20, vec![indexed, handmade::Column::new("b", handmade::INT32, pages())]);
    let page_bytes = pages().first().map_or(0, |page: &handmade::Page| page.header.len() + page.body.len()) as u64;
    let options = ScanOptions { row_selection: runs(&[(9, false), (2, true), (9, false)]), ..ScanOptions::default() };
    let scenario = Scenario { file, layout: Layout { pages: Vec::new() }, options, filters: Vec::new() };
    let ours = scenario.ours();
    let [page, chunk] = ours.steps.concat()[..] else { panic!("two ranges: {ours:?}") };
    assert_eq!(page, ByteRange { offset: 4 + 2 * page_bytes, length: page_bytes });
    assert_eq!(chunk.length, 5 * page_bytes);
    assert_eq!(ours, scenario.theirs());
}

/// The same table with bloom filters of `mixed`.
fn with_bloom_filters(filters: Vec<Filter>) -> Scenario {
    let mixed = || ColumnPath::new(vec!["mixed".to_owned()]);
    let properties = properties(Index::Pages).set_column_bloom_filter_enabled(mixed(), true);
    let file = written(properties.set_column_bloom_filter_max_ndv(mixed(), 100).build());
    Scenario { layout: Layout::by_twin(&file, &file), file, ..scenario(Index::Pages, filters) }
}

/// Bounds leave a value possible that no row has; the bloom filter does not, and nothing else is asked for. The reference
/// leaves it to its host to ask bloom filters.
#[test]
fn a_bloom_filter_rules_out_row_groups() {
    with_bloom_filters(vec![mixed(Equal, 131)]).assert_asks(&[&["0.mixed.bloom"], &["1.mixed.bloom"]], AsksForMore);
}

/// The value is there in the first row group: what the bloom filter takes there is lost, and much more is saved in the
/// second. The reference reads the column in both.
#[test]
fn a_bloom_filter_leaves_a_row_group() {
    let asks = [&["0.mixed.bloom"][..], &["0.mixed.0-0.mixed.4"], &["0.note.2"], &["1.mixed.bloom"]];
    with_bloom_filters(vec![mixed(Equal, 130)]).assert_asks(&asks, AsksForMore);
}

/// No bloom filter can say anything of a range of values: none is asked for.
#[test]
fn a_bloom_filter_that_cannot_decide() {
    let asks = [&["0.mixed.0-0.mixed.4"][..], &["0.note.0-0.note.4"], &["1.mixed.0-1.mixed.4"], &["1.note.0-1.note.4"]];
    with_bloom_filters(vec![mixed(Less, 200)]).assert_asks(&asks, AsksTheSame);
}

/// The host turned bloom filters off.
#[test]
fn a_bloom_filter_that_is_not_to_be_used() {
    let scenario = with(with_bloom_filters(vec![mixed(Equal, 131)]), |o| o.use_bloom_filters = false);
    scenario.assert_asks(&[&["0.mixed.0-0.mixed.4"], &["1.mixed.0-1.mixed.4"]], AsksTheSame);
}

/// The host turned pruning off: bounds are not looked at.
#[test]
fn bounds_that_are_not_to_be_used() {
    let scenario = with(scenario(Index::Pages, vec![key(Equal, 130)]), |o| {
        (o.prune_by_statistics, o.prune_by_page_index) = (false, false);
    });
    scenario.assert_asks(&[&["0.key.0-0.key.4"], &["1.key.0-1.key.4"], &["1.note.1"]], AsksTheSame);
}

/// Batches are filled across row groups: what is asked for is the same.
#[test]
fn batches_that_are_filled() {
    let scenario = with(scenario(Index::Pages, vec![mixed(Equal, 130)]), |o| o.fill_batches = true);
    scenario.assert_asks(&[&["0.mixed.0-0.mixed.4"], &["0.note.2"], &["1.mixed.0-1.mixed.4"]], AsksTheSame);
}

/// 4000 rows of `tag`, one of five strings out of a dictionary, and of `note`, 100 bytes each; one row group, pages of 1000
/// rows.
fn large_scenario(filter: Filter) -> Scenario {
    let tags = StringArray::from_iter_values((0..4000).map(|row| format!("tag {}", row % 5)));
    let notes = StringArray::from_iter_values((0..4000).map(|row| format!("{row:0100}")));
    let columns: Vec<(&str, ArrayRef)> = vec![("tag", Arc::new(tags)), ("note", Arc::new(notes))];
    let rows = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let properties = WriterProperties::builder()
        .set_data_page_row_count_limit(1000)
        .set_column_dictionary_enabled(ColumnPath::new(vec!["note".to_owned()]), false);
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), Some(properties.build())).expect("a writer");
    writer.write(&rows).expect("written rows");
    let file = Bytes::from(writer.into_inner().expect("a whole file"));
    let options = ScanOptions { columns: names(&["note"]), ..ScanOptions::default() };
    Scenario { layout: Layout::by_twin(&file, &file), file, options, filters: vec![filter] }
}

/// Bounds leave a value possible that the dictionary does not have: the small dictionary page is asked for first, and
/// nothing after it. The reference reads the column.
#[test]
fn a_dictionary_page_decides_that_no_row_is_kept() {
    large_scenario(tag("tag 3x")).assert_asks(&[&["0.tag.dict"]], AsksForMore);
}

/// The dictionary says that every row is kept: the codes are not needed. The reference reads them.
#[test]
fn a_dictionary_page_decides_that_every_row_is_kept() {
    let filter = Filter::new("tag", Comparison::NotEqual, Arc::new(StringArray::from(vec!["tag 3x"])));
    large_scenario(filter).assert_asks(&[&["0.tag.dict"], &["0.note.0-0.note.3"]], AsksForMore);
}

/// The dictionary decides nothing; not a byte more is asked for than without it.
#[test]
fn a_dictionary_page_that_does_not_decide() {
    let asks = [&["0.tag.dict"][..], &["0.tag.0-0.tag.3"], &["0.note.0-0.note.3"]];
    large_scenario(tag("tag 3")).assert_asks(&asks, AsksTheSame);
}
