//! A row group of 1 GiB decodes in little memory: its pages are made when they are asked for, and never lie in memory
//! together. The heap is counted by the allocator of this binary; where the system says how much memory the process took
//! at most, that is looked at too.

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

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, Int64Array};
use bytes::Bytes;
use pqpush::predicate::{Comparison, Predicate};
use pqpush::{ByteRange, Decoder, Metadata, MetadataDecoder, MetadataStep, ScanOptions, Step};

use support::handmade::{self, INT64, PLAIN};
use support::host::metadata_options;
use support::memory::{self, Counting};
use support::random::mix;
use support::thrift::Struct;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const COLUMNS: [&str; 2] = ["a", "b"];
const PAGE_ROWS: u64 = 64 * 1024;
const PAGES: u64 = 1024;
const ROWS: u64 = PAGES * PAGE_ROWS;
const BOUND: u64 = 8 << 20;
const MOST_MEMORY: usize = 100 << 20;

/// The value of a column in a row.
fn value(column: u64, row: u64) -> i64 {
    mix(row.wrapping_mul(2) + column) as i64
}

/// A file of one row group of two Int64 columns of 512 MiB each, made where it is read.
struct Host {
    header: Vec<u8>,
    /// What stands behind the pages.
    tail: Bytes,
}

impl Host {
    fn new(with_offset_index: bool) -> Self {
        let body_bytes = PAGE_ROWS as i32 * 8;
        let inner = Struct::new().i32(1, PAGE_ROWS as i32).i32(2, PLAIN).i32(3, handmade::RLE).i32(4, handmade::RLE);
        let header = Struct::new().i32(1, 0).i32(2, body_bytes).i32(3, body_bytes).nested(5, inner).end();
        let mut host = Self { header, tail: Bytes::new() };
        let mut tail = Vec::new();
        let mut chunks = Vec::new();
        for (column, name) in COLUMNS.iter().enumerate() {
            let start = host.page_start(column as u64 * PAGES);
            let length = (PAGES * host.page_bytes()) as i64;
            let metadata = Struct::new().i32(1, INT64).i32s(2, &[PLAIN]).strings(3, &[name]).i32(4, 0);
            let metadata = metadata.i64(5, ROWS as i64).i64(6, length).i64(7, length).i64(9, start as i64);
            let mut chunk = Struct::new().i64(2, start as i64).nested(3, metadata);
            if with_offset_index {
                let index = host.offset_index(column as u64);
                chunk = chunk.i64(4, (host.pages_end() + tail.len() as u64) as i64).i32(5, index.len() as i32);
                tail.extend(index);
            }
            chunks.push(chunk);
        }
        let element = |name: &&str| Struct::new().i32(1, INT64).i32(3, 0).binary(4, name.as_bytes());
        let root = Struct::new().binary(4, b"schema").i32(5, COLUMNS.len() as i32);
        let schema = [root].into_iter().chain(COLUMNS.iter().map(element)).collect();
        let group = Struct::new().structs(1, chunks).i64(2, host.pages_end() as i64).i64(3, ROWS as i64);
        let footer = Struct::new().i32(1, 1).structs(2, schema).i64(3, ROWS as i64).structs(4, vec![group]).end();
        host.tail = handmade::end_file(tail, &footer);
        host
    }

    fn page_bytes(&self) -> u64 {
        self.header.len() as u64 + PAGE_ROWS * 8
    }

    fn page_start(&self, page: u64) -> u64 {
        4 + page * self.page_bytes()
    }

    fn pages_end(&self) -> u64 {
        self.page_start(PAGES * COLUMNS.len() as u64)
    }

    fn offset_index(&self, column: u64) -> Vec<u8> {
        let page = |number: u64| {
            let start = self.page_start(column * PAGES + number) as i64;
            Struct::new().i64(1, start).i32(2, self.page_bytes() as i32).i64(3, (number * PAGE_ROWS) as i64)
        };
        Struct::new().structs(1, (0..PAGES).map(page).collect()).end()
    }

    fn length(&self) -> u64 {
        self.pages_end() + self.tail.len() as u64
    }

    /// The bytes of a range, which begins behind the magic.
    fn read(&self, range: ByteRange) -> Bytes {
        if range.offset >= self.pages_end() {
            let start = (range.offset - self.pages_end()) as usize;
            return self.tail.slice(start..start + range.length as usize);
        }
        let mut bytes = Vec::with_capacity(range.length as usize);
        let mut page = (range.offset - 4) / self.page_bytes();
        while self.page_start(page) < range.end() {
            let made = self.page(page);
            let start = range.offset.saturating_sub(self.page_start(page)) as usize;
            let end = (range.end() - self.page_start(page)).min(made.len() as u64) as usize;
            bytes.extend_from_slice(&made[start..end]);
            page += 1;
        }
        Bytes::from(bytes)
    }

    fn page(&self, page: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.page_bytes() as usize);
        bytes.extend_from_slice(&self.header);
        let (column, first_row) = (page / PAGES, page % PAGES * PAGE_ROWS);
        for row in first_row..first_row + PAGE_ROWS {
            bytes.extend_from_slice(&value(column, row).to_le_bytes());
        }
        bytes
    }

    fn metadata(&self) -> Arc<Metadata> {
        let mut decoder = MetadataDecoder::new(self.length(), metadata_options()).expect("a file length");
        // The first demand is the tail of the file, which reaches into the pages where the tail is short.
        decoder.push(self.pages_end(), self.tail.clone()).expect("bytes of the file");
        loop {
            match decoder.try_decode().expect("a readable footer") {
                MetadataStep::Finished(metadata) => return metadata,
                MetadataStep::NeedsData(ranges) => {
                    for range in ranges {
                        decoder.push(range.offset, self.read(range)).expect("bytes of the file");
                    }
                }
            }
        }
    }

    /// Scans within the bound; the sum of each output column, and the number of rows.
    fn scan(&self, options: ScanOptions) -> (Vec<i64>, u64) {
        let options = ScanOptions { max_buffered_bytes: Some(BOUND), ..options };
        let mut decoder = Decoder::new(self.metadata(), options).expect("good options");
        let (mut sums, mut rows) = (vec![0i64; decoder.schema().fields().len()], 0);
        loop {
            match decoder.try_decode().expect("a readable file") {
                Step::RowGroupEnd(_) => {}
                Step::Finished => return (sums, rows),
                Step::Batch(batch) => {
                    rows += batch.rows.num_rows() as u64;
                    for (sum, column) in sums.iter_mut().zip(batch.rows.columns()) {
                        let values = column.as_primitive::<Int64Type>().values();
                        *sum = values.iter().fold(*sum, |sum, value| sum.wrapping_add(*value));
                    }
                }
                Step::NeedsData(ranges) => {
                    let asked: u64 = ranges.iter().map(|range| range.length).sum();
                    assert!(decoder.buffered_bytes() + asked <= BOUND, "{asked} bytes asked for: {ranges:?}");
                    for range in ranges {
                        decoder.push(range.offset, self.read(range)).expect("bytes of the file");
                    }
                }
            }
        }
    }
}

/// The most memory that the process took so far, where the system says so.
fn most_resident_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<usize>().ok().map(|kibibytes| kibibytes * 1024)
}

fn assert_scan(options: ScanOptions, with_offset_index: bool, keep: impl Fn(u64) -> bool, columns: &[u64]) {
    let _alone = memory::alone();
    let base = memory::start();
    let (sums, rows) = Host::new(with_offset_index).scan(options);
    let peak = memory::peak_over(base);
    let (mut expected, mut kept) = (vec![0i64; columns.len()], 0);
    for row in (0..ROWS).filter(|row| keep(*row)) {
        kept += 1;
        for (sum, column) in expected.iter_mut().zip(columns) {
            *sum = sum.wrapping_add(value(*column, row));
        }
    }
    assert_eq!((sums, rows), (expected, kept), "offset index {with_offset_index}");
    assert!(peak < MOST_MEMORY, "{peak} bytes of the heap, offset index {with_offset_index}");
    let resident = most_resident_bytes().unwrap_or(0);
    println!("{peak} bytes of the heap, {resident} resident at most, offset index {with_offset_index}");
    assert!(resident < MOST_MEMORY, "{resident} bytes resident, offset index {with_offset_index}");
}

#[test]
fn a_row_group_of_1_gib_with_offset_index() {
    assert_scan(ScanOptions::default(), true, |_| true, &[0, 1]);
}

#[test]
fn a_row_group_of_1_gib_without_offset_index() {
    assert_scan(ScanOptions::default(), false, |_| true, &[0, 1]);
}

/// A predicate that keeps every second row: its column waits for the output within the same bound.
fn assert_filtered_scan(with_offset_index: bool) {
    let literal: ArrayRef = Arc::new(Int64Array::from(vec![0]));
    let predicate = Predicate::compare("a", Comparison::Less, literal).expect("one literal");
    let options = ScanOptions { predicates: vec![predicate], ..ScanOptions::default() };
    assert_scan(options, with_offset_index, |row| value(0, row) < 0, &[0, 1]);
}

#[test]
fn a_filtered_row_group_of_1_gib_with_offset_index() {
    assert_filtered_scan(true);
}

#[test]
fn a_filtered_row_group_of_1_gib_without_offset_index() {
    assert_filtered_scan(false);
}
