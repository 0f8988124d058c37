//! What is asked for, held and handed out when: golden lists of the ranges of each NEEDS_DATA by page name, the bound
//! on buffered bytes, and that a batch comes as soon as its own pages are there.
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

use bytes::Bytes;
use parquet::basic::Compression;
use pqpush::{ByteRange, Decoder, ScanOptions, Step};

use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls, Values};
use support::host::{By, Feed, metadata, scan, scan_with};
use support::kinds::{Kind, Lengths};
use support::layout::Layout;
use support::scenario::Scenario;

/// Two row groups of 100 rows; `a` and `c` without, `b` with a dictionary; pages of 20 rows.
fn three_columns(page_index: bool) -> FileSpec {
    let columns = vec![
        ColumnSpec::new("a", Kind::Int64, Nulls::Required, Coding::Plain),
        ColumnSpec::new("b", Kind::Utf8, Nulls::Random(10), Coding::Dictionary)
            .with_values(Values::Few(6), Lengths::Short),
        ColumnSpec::new("c", Kind::Int32, Nulls::None, Coding::Plain).with_codec(Compression::SNAPPY),
    ];
    let mut spec = FileSpec::new(columns, 200, 20);
    (spec.row_group_rows, spec.page_index) = (100, page_index);
    spec
}

/// What a scan of the file asks for, step by step. That is no more than the push decoder of the `parquet` crate asks for,
/// which has no gap to bridge.
fn trace(spec: &FileSpec, options: ScanOptions) -> Vec<Vec<String>> {
    let file = spec.write().bytes;
    let layout = Layout::of(spec, &file);
    let scenario = Scenario { file, layout, options, filters: Vec::new() };
    let (ours, theirs) = (scenario.ours(), scenario.theirs());
    assert_eq!(ours.rows, theirs.rows, "rows here and there");
    assert!(scenario.options.coalesce_gap > 0 || ours.bytes() <= theirs.bytes(), "{ours:?}, the reference {theirs:?}");
    ours.steps.iter().map(|ranges| scenario.layout.names(ranges)).collect()
}

fn columns(names: &[&str]) -> Option<Vec<String>> {
    Some(names.iter().map(|name| (*name).to_owned()).collect())
}

/// A full scan asks once for each row group; adjacent chunks are one range.
#[test]
fn a_full_scan_asks_for_whole_row_groups() {
    for page_index in [true, false] {
        let trace = trace(&three_columns(page_index), ScanOptions::default());
        assert_eq!(trace, [["0.a.0-0.c.4"], ["1.a.0-1.c.4"]], "page index {page_index}");
    }
}

/// Chunks of columns left out are not asked for.
#[test]
fn a_projection_asks_for_its_chunks_only() {
    for page_index in [true, false] {
        let spec = three_columns(page_index);
        let ends = trace(&spec, ScanOptions { columns: columns(&["a", "c"]), ..ScanOptions::default() });
        assert_eq!(ends, [["0.a.0-0.a.4", "0.c.0-0.c.4"], ["1.a.0-1.a.4", "1.c.0-1.c.4"]]);
        let middle = trace(&spec, ScanOptions { columns: columns(&["b"]), ..ScanOptions::default() });
        assert_eq!(middle, [["0.b.dict-0.b.4"], ["1.b.dict-1.b.4"]]);
    }
}

/// No columns, no bytes: rows are counted from the footer.
#[test]
fn an_empty_projection_asks_for_nothing() {
    let file = three_columns(true).write().bytes;
    let options = ScanOptions { columns: Some(Vec::new()), offset: 30, limit: Some(120), ..ScanOptions::default() };
    let scan = scan(&file, options).expect("a readable file");
    assert_eq!((scan.row_count(), scan.asked.len()), (120, 0));
}

/// Row groups in the order that the caller names.
#[test]
fn row_groups_are_asked_for_in_the_order_named() {
    let options = ScanOptions { row_groups: Some(vec![1, 0]), columns: columns(&["c"]), ..ScanOptions::default() };
    assert_eq!(trace(&three_columns(true), options), [["1.c.0-1.c.4"], ["0.c.0-0.c.4"]]);
}

/// With an offset index, offset and limit ask for the pages of their rows and the dictionary.
#[test]
fn offset_and_limit_ask_for_their_pages() {
    let options = ScanOptions { offset: 45, limit: Some(30), ..ScanOptions::default() };
    let expected = [["0.a.2-0.a.3", "0.b.dict", "0.b.2-0.b.3", "0.c.2-0.c.3"]];
    assert_eq!(trace(&three_columns(true), options), expected);
    let across = ScanOptions { offset: 85, limit: Some(30), columns: columns(&["a", "b"]), ..ScanOptions::default() };
    let expected = [["0.a.4-0.b.dict", "0.b.4"], ["1.a.0", "1.b.dict-1.b.0"]];
    assert_eq!(trace(&three_columns(true), across), expected);
}

/// Without an offset index the chunk is asked for as far as it may be needed, and never another row group.
#[test]
fn offset_and_limit_without_offset_index_leave_out_whole_row_groups() {
    let spec = three_columns(false);
    let file = spec.write().bytes;
    let layout = Layout::of(&spec, &file);
    for (offset, limit, row_group) in [(0, 50, 0), (20, 80, 0), (100, 1, 1), (150, 1000, 1)] {
        let options = ScanOptions { offset, limit: Some(limit), ..ScanOptions::default() };
        let scan = scan(&file, options).expect("a readable file");
        let pages = layout.pages.iter().filter(|page| page.row_group == row_group);
        let bounds =
            pages.fold((u64::MAX, 0), |(start, end), page| (start.min(page.range.offset), end.max(page.range.end())));
        let inside = |range: &ByteRange| bounds.0 <= range.offset && range.end() <= bounds.1;
        assert!(scan.asked.iter().flatten().all(inside), "offset {offset} limit {limit}: {:?}", scan.asked);
        assert_eq!(scan.row_count() as u64, limit.min(200 - offset));
    }
}

/// A limit of 0, or an offset past the end, asks for nothing.
#[test]
fn no_rows_ask_for_nothing() {
    for page_index in [true, false] {
        for (offset, limit) in [(0, Some(0)), (200, None), (u64::MAX, Some(7))] {
            let options = ScanOptions { offset, limit, ..ScanOptions::default() };
            assert_eq!(trace(&three_columns(page_index), options), Vec::<Vec<String>>::new());
        }
    }
}

/// A gap as large as what lies between joins ranges; one byte less does not.
#[test]
fn ranges_join_up_to_the_gap() {
    let spec = three_columns(true);
    let layout = Layout::of(&spec, &spec.write().bytes);
    let gap = layout.chunk(0, 1).map(|page| page.range.length).sum::<u64>();
    let ask = |coalesce_gap| {
        let chosen = columns(&["a", "c"]);
        let options =
            ScanOptions { columns: chosen, coalesce_gap, row_groups: Some(vec![0]), ..ScanOptions::default() };
        trace(&spec, options)
    };
    assert_eq!(ask(gap), [["0.a.0-0.c.4"]]);
    assert_eq!(ask(gap - 1), [["0.a.0-0.a.4", "0.c.0-0.c.4"]]);
}

fn slice(file: &Bytes, range: ByteRange) -> Bytes {
    file.slice(range.offset as usize..range.end() as usize)
}

/// Pages are pushed one by one: a batch comes at once when the last page of its rows came, not before, and what is
/// held after it is just what was pushed for later rows.
#[test]
fn a_batch_comes_with_its_own_pages() {
    for page_index in [true, false] {
        let spec = three_columns(page_index);
        let file = spec.write().bytes;
        let layout = Layout::of(&spec, &file);
        let options = ScanOptions { batch_rows: 20, ..ScanOptions::default() };
        let mut decoder = Decoder::new(metadata(&file).expect("metadata"), options).expect("good options");
        let later = layout.page("0.a.4");
        decoder.push(later.offset, slice(&file, later)).expect("bytes of the file");
        decoder.push(layout.page("0.b.dict").offset, slice(&file, layout.page("0.b.dict"))).expect("bytes of the file");
        for batch in 0..4 {
            for column in ["a", "b", "c"] {
                let step = decoder.try_decode().expect("a readable file");
                assert!(matches!(step, Step::NeedsData(_)), "batch {batch} too early: page index {page_index}");
                let page = layout.page(&format!("0.{column}.{batch}"));
                decoder.push(page.offset, slice(&file, page)).expect("bytes of the file");
            }
            let step = decoder.try_decode().expect("a readable file");
            let Step::Batch(rows) = step else { panic!("batch {batch} too late: {step:?}: page index {page_index}") };
            assert_eq!(rows.rows.num_rows(), 20);
            assert_eq!(decoder.buffered_bytes(), later.length, "after batch {batch}: page index {page_index}");
        }
    }
}

/// What is held is what was pushed and is still to be decoded, to the byte, after each step of a scan of a file pushed
/// row group by row group.
#[test]
fn buffered_bytes_are_exact() {
    for page_index in [true, false] {
        let spec = three_columns(page_index);
        let file = spec.write().bytes;
        let layout = Layout::of(&spec, &file);
        let options = ScanOptions { batch_rows: 20, ..ScanOptions::default() };
        let mut decoder = Decoder::new(metadata(&file).expect("metadata"), options).expect("good options");
        for row_group in 0..2 {
            let Ok(Step::NeedsData(ranges)) = decoder.try_decode() else { panic!("row group {row_group} is missing") };
            for range in &ranges {
                decoder.push(range.offset, slice(&file, *range)).expect("bytes of the file");
            }
            assert_eq!(decoder.buffered_bytes(), ranges.iter().map(|range| range.length).sum::<u64>());
            for batch in 0..5 {
                assert!(matches!(decoder.try_decode(), Ok(Step::Batch(_))), "batch {batch} of row group {row_group}");
                let pages = layout.pages.iter().filter(|page| page.row_group == row_group);
                let later = pages.filter(|page| page.first_row.is_some_and(|row| row > batch * 20));
                let expected: u64 = later.map(|page| page.range.length).sum();
                assert_eq!(decoder.buffered_bytes(), expected, "after batch {batch} of row group {row_group}");
            }
        }
        assert!(matches!(decoder.try_decode(), Ok(Step::Finished)));
        assert_eq!(decoder.buffered_bytes(), 0);
    }
}

/// Bytes of chunks that the scan does not read are not held, not even out of a push of the whole file.
#[test]
fn bytes_that_are_not_read_are_not_held() {
    let spec = three_columns(true);
    let file = spec.write().bytes;
    let layout = Layout::of(&spec, &file);
    let options = ScanOptions { columns: columns(&["b"]), ..ScanOptions::default() };
    let needed: u64 = (0..2).flat_map(|group| layout.chunk(group, 1)).map(|page| page.range.length).sum();
    let mut decoder = Decoder::new(metadata(&file).expect("metadata"), options).expect("good options");
    decoder.push(0, file.clone()).expect("bytes of the file");
    assert_eq!(decoder.buffered_bytes(), needed);
}

/// Rows of one column chunk larger than the bound, and three columns side by side: never is more held or asked for
/// than the bound, or than the largest page where that is larger. Without an offset index a page header of unknown
/// length is looked for in its first KiB.
#[test]
fn the_bound_on_buffered_bytes_is_respected() {
    for page_index in [true, false] {
        let mut spec = three_columns(page_index);
        (spec.rows, spec.row_group_rows, spec.page_rows) = (6000, 4000, 100);
        let file = spec.write().bytes;
        let largest_page = Layout::of(&spec, &file).largest_page();
        let free = scan(&file, ScanOptions::default()).expect("a readable file");
        for bound in [1, largest_page, 3 * largest_page, 20_000, 1 << 30] {
            let options = ScanOptions { max_buffered_bytes: Some(bound), ..ScanOptions::default() };
            let context = format!("bound {bound}, largest page {largest_page}, page index {page_index}");
            let least = largest_page.max(if page_index { 0 } else { 1024 });
            let most = bounded_scan(&file, &options, bound.max(least), &context);
            let bounded = scan_with(&file, options, Feed::Asked, By::Push).expect("a readable file");
            assert_eq!(bounded.rows(), free.rows(), "{context}");
            assert_eq!(bounded.metrics.buffered_peak_bytes, most, "{context}");
        }
    }
}

/// Scans, checking at each NEEDS_DATA that held and asked bytes keep within `bound`; the most that was held.
fn bounded_scan(file: &Bytes, options: &ScanOptions, bound: u64, context: &str) -> u64 {
    let mut decoder = Decoder::new(metadata(file).expect("metadata"), options.clone()).expect("good options");
    let mut most = 0;
    loop {
        match decoder.try_decode().expect("a readable file") {
            Step::RowGroupEnd(_) => {}
            Step::Finished => return most,
            Step::Batch(_) => assert!(decoder.buffered_bytes() <= bound, "after a batch: {context}"),
            Step::NeedsData(ranges) => {
                let asked: u64 = ranges.iter().map(|range| range.length).sum();
                let held = decoder.buffered_bytes();
                assert!(held + asked <= bound, "{held} bytes held, {asked} asked for: {context}");
                for range in ranges {
                    decoder.push(range.offset, slice(file, range)).expect("bytes of the file");
                    most = most.max(decoder.buffered_bytes());
                }
            }
        }
    }
}

/// The metrics of a scan that is fed what it asks for add up.
#[test]
fn metrics_add_up() {
    let spec = three_columns(true);
    let file = spec.write().bytes;
    let layout = Layout::of(&spec, &file);
    let metrics = scan(&file, ScanOptions::default()).expect("a readable file").metrics;
    let bytes: u64 = layout.pages.iter().map(|page| page.range.length).sum();
    assert_eq!((metrics.rows_total, metrics.rows_out, metrics.row_groups_total, metrics.batches), (200, 200, 2, 2));
    assert_eq!((metrics.bytes_requested, metrics.bytes_pushed), (bytes, bytes));
    assert_eq!((metrics.pages_total, metrics.pages_skipped, metrics.pages_decompressed), (32, 0, 32));
    let options = ScanOptions { offset: 45, limit: Some(30), ..ScanOptions::default() };
    let metrics = scan(&file, options.clone()).expect("a readable file").metrics;
    assert_eq!((metrics.rows_out, metrics.pages_decompressed), (30, 7));
    // All pages that the index lists of the row group, and the dictionary page; without an index, those in front.
    assert_eq!((metrics.pages_total, metrics.pages_skipped), (16, 9));
    let file = three_columns(false).write().bytes;
    let metrics = scan(&file, options).expect("a readable file").metrics;
    assert_eq!((metrics.rows_out, metrics.pages_decompressed), (30, 7));
    assert_eq!((metrics.pages_total, metrics.pages_skipped), (13, 6));
}

/// Within a bound each column gets its share, whole pages only, and is asked for again when it has run dry.
#[test]
fn a_bounded_scan_asks_page_by_page() {
    let options = ScanOptions {
        batch_rows: 20,
        max_buffered_bytes: Some(700),
        row_groups: Some(vec![0]),
        ..ScanOptions::default()
    };
    let expected = [
        vec!["0.a.0", "0.b.dict-0.b.0", "0.c.0"],
        vec!["0.a.1", "0.b.1-0.b.3", "0.c.1-0.c.2"],
        vec!["0.a.2-0.a.3"],
        vec!["0.c.3-0.c.4"],
        vec!["0.a.4", "0.b.4"],
    ];
    assert_eq!(trace(&three_columns(true), options), expected);
}
