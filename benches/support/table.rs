//! The table of the filtered scans: predicate columns whose values are ranks from 0 to [`RANKS`], so that `column < rank`
//! keeps as many rows as one likes, in three arrangements; and sixteen columns of payload.

use std::fs::File;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;

/// Each rank has the same number of rows.
pub const RANKS: usize = 10_000;
/// Neighbouring ranks whose rows lie together in the clustered order.
const RANKS_OF_CLUSTER: usize = 10;

const ROW_GROUP_ROWS: usize = 100_000;
const PAGE_ROWS: usize = 10_000;

/// In which order the rows of the ranks come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Random,
    /// Clusters of the rows of ten ranks each, in random order.
    Clustered,
    Sorted,
}

pub const ORDERS: [(&str, Order); 3] =
    [("random", Order::Random), ("clustered", Order::Clustered), ("sorted", Order::Sorted)];

/// What a predicate column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Int64, PLAIN.
    Int,
    /// Strings, of a dictionary.
    Dictionary,
    /// Strings, PLAIN.
    Plain,
    /// Int64, PLAIN, a tenth null.
    Nullable,
}

pub const KEYS: [(&str, Key); 4] =
    [("int", Key::Int), ("dictionary", Key::Dictionary), ("plain", Key::Plain), ("nullable", Key::Nullable)];

impl Key {
    /// The value of a rank, as an array of length 1; half ranks are values that no row has.
    pub fn value(self, half_rank: usize) -> ArrayRef {
        match self {
            Self::Int | Self::Nullable => Arc::new(Int64Array::from(vec![half_rank as i64])),
            Self::Dictionary | Self::Plain => Arc::new(StringArray::from(vec![text(half_rank)])),
        }
    }

    fn column(self, ranks: &[usize]) -> ArrayRef {
        let half_ranks = ranks.iter().map(|rank| 2 * rank);
        match self {
            Self::Int => Arc::new(Int64Array::from_iter_values(half_ranks.map(|value| value as i64))),
            Self::Dictionary | Self::Plain => Arc::new(StringArray::from_iter_values(half_ranks.map(text))),
            Self::Nullable => {
                let value = |(row, value): (usize, usize)| (mix(row as u64) % 10 != 0).then_some(value as i64);
                Arc::new(half_ranks.enumerate().map(value).collect::<Int64Array>())
            }
        }
    }
}

fn text(half_rank: usize) -> String {
    format!("customer#{half_rank:08}")
}

/// The name of a predicate column.
pub fn key_name(key: &str, order: &str) -> String {
    format!("{key}_{order}")
}

/// The names of the payload columns: the first is narrow, the second are strings.
pub fn payload_names() -> Vec<String> {
    (0..16).map(|index| format!("payload_{index}")).collect()
}

/// The table with `rows` rows, with page index or without.
pub fn table(rows: usize, page_index: bool) -> Bytes {
    let index = if page_index { "index" } else { "no-index" };
    super::cached(&format!("filters-{rows}-{index}.parquet"), |file| generate(file, rows, page_index))
}

fn generate(file: File, rows: usize, page_index: bool) {
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (order_name, order) in ORDERS {
        let ranks = ranks(rows, order);
        columns.extend(KEYS.map(|(key_name_, key)| (key_name(key_name_, order_name), key.column(&ranks))));
    }
    columns.extend(payload_names().into_iter().zip(payload(rows)));
    let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
    let options = ArrowWriterOptions::new().with_properties(properties(page_index)).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(file, batch.schema(), options).expect("a writer");
    writer.write(&batch).expect("written rows");
    writer.close().expect("a whole file");
}

fn properties(page_index: bool) -> WriterProperties {
    let statistics = if page_index { EnabledStatistics::Page } else { EnabledStatistics::Chunk };
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_statistics_enabled(statistics)
        .set_offset_index_disabled(!page_index)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS);
    for (order, _) in ORDERS {
        for (key, kind) in KEYS {
            let path = ColumnPath::new(vec![key_name(key, order)]);
            builder = builder.set_column_dictionary_enabled(path, kind == Key::Dictionary);
        }
    }
    builder.build()
}

/// The rank of each row.
fn ranks(rows: usize, order: Order) -> Vec<usize> {
    let sorted: Vec<usize> = (0..rows).map(|row| row * RANKS / rows).collect();
    match order {
        Order::Sorted => sorted,
        Order::Random => shuffled((0..rows).collect()).into_iter().map(|row| sorted[row]).collect(),
        Order::Clustered => {
            let cluster = rows / RANKS * RANKS_OF_CLUSTER;
            let starts = shuffled((0..rows).step_by(cluster).collect());
            starts.into_iter().flat_map(|start| sorted[start..rows.min(start + cluster)].to_vec()).collect()
        }
    }
}

fn shuffled(mut items: Vec<usize>) -> Vec<usize> {
    items.sort_by_key(|item| mix(*item as u64));
    items
}

/// Spreads `value` over 64 bits.
fn mix(value: u64) -> u64 {
    let value = (value.wrapping_add(0x9e37_79b9_7f4a_7c15) ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Sixteen columns of the kinds that tables have: plain and of a dictionary, with nulls and without.
fn payload(rows: usize) -> Vec<ArrayRef> {
    let random = |column: u64| (0..rows as u64).map(move |row| mix(row ^ column << 40));
    let present = |column: u64| random(column).map(|value| value % 5 != 0);
    let some = |column: u64| present(column + 100).zip(random(column)).map(|(present, value)| present.then_some(value));
    let numbers = |column, below: u64| Int64Array::from_iter_values(random(column).map(move |v| (v % below) as i64));
    let small = |column, below: u64| Int32Array::from_iter_values(random(column).map(move |v| (v % below) as i32));
    let decimals = random(9).map(|value| (value % 10_000_000) as i128).collect::<Vec<_>>();
    let decimals = Decimal128Array::from(decimals).with_precision_and_scale(15, 2).expect("a decimal type");
    let long_text =
        |value: u64| format!("{value:x} {}", "lorem ipsum dolor sit amet".split_at((value % 26) as usize).0);
    vec![
        Arc::new(numbers(0, 1 << 40)),
        Arc::new(StringArray::from_iter_values(random(1).map(long_text))),
        Arc::new(small(2, 50)),
        Arc::new(Float64Array::from_iter_values(random(3).map(|value| value as f64 / 1e9))),
        Arc::new(StringArray::from_iter_values(random(4).map(|value| format!("category {}", value % 20)))),
        Arc::new(Date32Array::from_iter_values(random(5).map(|value| 8000 + (value % 2500) as i32))),
        Arc::new(TimestampMicrosecondArray::from_iter_values(random(6).map(|value| (value % (1 << 50)) as i64))),
        Arc::new(BooleanArray::from_iter(random(7).map(|value| Some(value % 3 == 0)))),
        Arc::new(Int64Array::from_iter(some(8).map(|value| value.map(|value| (value % (1 << 30)) as i64)))),
        Arc::new(decimals),
        Arc::new(StringArray::from_iter_values(random(10).map(|value| format!("{:08x}", value as u32)))),
        Arc::new(small(11, 1 << 20)),
        Arc::new(Float64Array::from_iter(some(12).map(|value| value.map(|value| (value % 1000) as f64 / 8.0)))),
        Arc::new(numbers(13, 500)),
        Arc::new(StringArray::from_iter(some(14).map(|value| value.map(|value| format!("status {}", value % 7))))),
        Arc::new(Int64Array::from_iter_values(0..rows as i64)),
    ]
}
