//! Filtered scans: predicates pushed down here, and by the push decoder of the `parquet` crate with a `RowFilter` under
//! each of its selection policies; beside both, everything decoded and filtered afterwards.
//!
//! A cell is `key/order/selectivity/payload/index`: what the predicate column is, how its values lie, how many rows the
//! predicate keeps, what is read of those rows, and whether the file has a page index. `filters/tpch` has the shape of
//! TPC-H Q6 and equality of strings with few values. Every contender reads the same bytes, pushed whole, from metadata
//! parsed beforehand, in batches of the same size on one thread, and has to come to the same rows.
//!
//! Measured is the processor time of the thread, all contenders in turn. `cargo bench --bench filters -- 'int+plain/*/1%'`
//! runs some of the cells, `scripts/filter-table` makes a table of what was measured.

// A benchmark may stop where something is not as it expects.
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

use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, Scalar};
use arrow_ord::cmp;
use arrow_schema::ArrowError;
use bytes::Bytes;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicate, ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, RowFilter, RowSelectionPolicy,
};
use parquet::arrow::push_decoder::ParquetPushDecoderBuilder;
use parquet::basic::Compression;
use pqpush::predicate::{Comparison, Predicate};
use pqpush::{Decoder, Metadata, ScanOptions, Step};
use support::rounds::Rounds;
use support::table::{KEYS, Key, ORDERS, RANKS, key_name, payload_names, table};
use support::{BATCH_ROWS, lineitem, our_metadata, target};

const ROWS: usize = 200_000;
/// Rows where each cell runs once, to see whether it does.
const ROWS_OF_TEST: usize = 20_000;

/// How many of 10 000 rows the predicate keeps.
const SELECTIVITIES: [(&str, usize); 7] =
    [("0%", 0), ("0.01%", 1), ("1%", 100), ("10%", 1000), ("50%", 5000), ("90%", 9000), ("100%", 10_000)];

/// A file and what decoders begin from.
struct Opened {
    file: Bytes,
    ours: Arc<Metadata>,
    theirs: ArrowReaderMetadata,
}

impl Opened {
    fn new(file: Bytes) -> Self {
        let ours = our_metadata(&file);
        let theirs = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new().with_page_index_policy(IF_PRESENT));
        Self { file, ours, theirs: theirs.expect("a readable footer") }
    }
}

const IF_PRESENT: parquet::file::metadata::PageIndexPolicy = parquet::file::metadata::PageIndexPolicy::Optional;

/// One comparison of a column with a value.
#[derive(Debug, Clone)]
struct Condition {
    column: String,
    op: Comparison,
    value: ArrayRef,
}

/// Rows for which all conditions hold, and the columns that are read of them.
#[derive(Debug, Clone)]
struct Query {
    conditions: Vec<Condition>,
    payload: Vec<String>,
}

impl Condition {
    fn of(&self, values: &ArrayRef) -> Result<BooleanArray, ArrowError> {
        let literal = Scalar::new(&self.value);
        match self.op {
            Comparison::Equal => cmp::eq(values, &literal),
            Comparison::Less => cmp::lt(values, &literal),
            Comparison::LessOrEqual => cmp::lt_eq(values, &literal),
            Comparison::GreaterOrEqual => cmp::gt_eq(values, &literal),
            op => Err(ArrowError::NotYetImplemented(format!("{op:?}"))),
        }
    }
}

impl Query {
    /// Predicate columns and payload, for those who filter afterwards.
    fn columns(&self) -> Vec<String> {
        let mut columns = self.payload.clone();
        columns.extend(self.conditions.iter().map(|condition| condition.column.clone()));
        columns.sort();
        columns.dedup();
        columns
    }

    /// The payload of the rows of `batch` for which the conditions hold.
    fn filtered(&self, batch: &RecordBatch) -> RecordBatch {
        let column = |name: &String| batch.schema().index_of(name).expect("a column that was read");
        let holds = |condition: &Condition| {
            let answer = condition.of(batch.column(column(&condition.column))).expect("values of the literal's type");
            if answer.null_count() > 0 { arrow_select::filter::prep_null_mask_filter(&answer) } else { answer }
        };
        let answers = self.conditions.iter().map(holds);
        let keep = answers.reduce(|all, one| BooleanArray::new(all.values() & one.values(), None));
        let mut payload: Vec<usize> = self.payload.iter().map(column).collect();
        payload.sort_unstable();
        let payload = batch.project(&payload).expect("columns of the batch");
        arrow_select::filter::filter_record_batch(&payload, &keep.expect("a condition")).expect("as many bits as rows")
    }
}

/// Who reads, and how.
#[derive(Debug, Clone, Copy)]
enum Contender {
    /// The predicates are pushed down here.
    Ours,
    /// Everything is decoded here and filtered afterwards.
    OursFilteredAfter,
    /// The `parquet` crate with a row filter.
    Theirs(RowSelectionPolicy),
    /// Everything is decoded by the `parquet` crate and filtered afterwards.
    TheirsFilteredAfter,
}

const CONTENDERS: [(&str, Contender); 6] = [
    ("pqpush", Contender::Ours),
    ("pqpush-filtered-after", Contender::OursFilteredAfter),
    ("parquet-auto", Contender::Theirs(RowSelectionPolicy::Auto { threshold: 32 })),
    ("parquet-selectors", Contender::Theirs(RowSelectionPolicy::Selectors)),
    ("parquet-mask", Contender::Theirs(RowSelectionPolicy::Mask)),
    ("parquet-filtered-after", Contender::TheirsFilteredAfter),
];

impl Contender {
    /// Reads the rows of the query; every batch goes to `take`.
    fn read(self, opened: &Opened, query: &Query, mut take: impl FnMut(RecordBatch)) {
        match self {
            Self::Ours => {
                let predicate = |condition: &Condition| {
                    Predicate::compare(&condition.column, condition.op, condition.value.clone()).expect("one literal")
                };
                let predicates = query.conditions.iter().map(predicate).collect();
                ours(opened, ScanOptions { columns: Some(query.payload.clone()), predicates, ..options() }, take);
            }
            Self::OursFilteredAfter => {
                let options = ScanOptions { columns: Some(query.columns()), ..options() };
                ours(opened, options, |batch| take(query.filtered(&batch)));
            }
            Self::Theirs(policy) => theirs(opened, &query.payload, Some((query, policy)), take),
            Self::TheirsFilteredAfter => {
                theirs(opened, &query.columns(), None, |batch| take(query.filtered(&batch)));
            }
        }
    }

    /// How many rows there are, and a number that depends on every value.
    fn result(self, opened: &Opened, query: &Query) -> (usize, u64) {
        let mut result = (0, 0u64);
        // Who filters afterwards has other batches: what is compared does not depend on how the rows are cut.
        self.read(opened, query, |batch| {
            result.0 += batch.num_rows();
            for (index, column) in batch.columns().iter().enumerate() {
                result.1 = result.1.wrapping_add(checksum(column).wrapping_mul(2 * index as u64 + 1));
            }
        });
        result
    }
}

fn options() -> ScanOptions {
    ScanOptions { batch_rows: BATCH_ROWS, ..ScanOptions::default() }
}

fn ours(opened: &Opened, options: ScanOptions, mut take: impl FnMut(RecordBatch)) {
    let mut decoder = Decoder::new(opened.ours.clone(), options).expect("good options");
    decoder.push(0, opened.file.clone()).expect("bytes of the file");
    loop {
        match decoder.try_decode().expect("a readable file") {
            Step::Batch(batch) => take(batch.rows),
            Step::RowGroupEnd(_) => {}
            Step::Finished => break,
            Step::NeedsData(ranges) => panic!("{ranges:?} of the whole file are missing"),
        }
    }
}

fn theirs(
    opened: &Opened,
    columns: &[String],
    filter: Option<(&Query, RowSelectionPolicy)>,
    mut take: impl FnMut(RecordBatch),
) {
    let schema = opened.theirs.parquet_schema();
    let mask = |columns: &[String]| ProjectionMask::columns(schema, columns.iter().map(String::as_str));
    let builder = ParquetPushDecoderBuilder::new_with_metadata(opened.theirs.clone());
    let mut builder = builder.with_batch_size(BATCH_ROWS).with_projection(mask(columns));
    if let Some((query, policy)) = filter {
        let predicate = |condition: &Condition| {
            let columns = mask(std::slice::from_ref(&condition.column));
            let condition = condition.clone();
            let predicate = ArrowPredicateFn::new(columns, move |batch| condition.of(batch.column(0)));
            Box::new(predicate) as Box<dyn ArrowPredicate>
        };
        let predicates = query.conditions.iter().map(predicate).collect();
        builder = builder.with_row_filter(RowFilter::new(predicates)).with_row_selection_policy(policy);
    }
    let mut decoder = builder.build().expect("good options");
    decoder.push_range(0..opened.file.len() as u64, opened.file.clone()).expect("bytes of the file");
    loop {
        match decoder.try_decode().expect("a readable file") {
            DecodeResult::Data(batch) => take(batch),
            DecodeResult::Finished => break,
            DecodeResult::NeedsData(ranges) => panic!("{ranges:?} of the whole file are missing"),
        }
    }
}

/// A sum over the values of an array, whatever its type, and over which of them are null.
fn checksum(array: &ArrayRef) -> u64 {
    let bytes = |bytes: &[u8]| bytes.iter().fold(bytes.len() as u64, |sum, byte| sum * 31 % 0xffff_fffb + *byte as u64);
    if let Some(strings) = array.as_string_opt::<i32>() {
        return strings.iter().flatten().fold(0, |sum, string| sum.wrapping_add(bytes(string.as_bytes())));
    }
    let data = array.to_data();
    let width = data.data_type().primitive_width().unwrap_or(0);
    let valid = |row: &usize| array.is_valid(*row);
    match array.as_boolean_opt() {
        Some(booleans) => (0..array.len()).filter(|row| valid(row) && booleans.value(*row)).count() as u64,
        None => {
            let values = &data.buffers()[0][data.offset() * width..];
            let value = |row: usize| values[row * width..][..width].iter().rev().fold(0, |v, b| v << 8 | *b as u64);
            (0..array.len()).filter(valid).fold(0u64, |sum, row| sum.wrapping_add(value(row) ^ 0x5bd1))
        }
    }
}

/// Measures all contenders in one cell.
fn measure(rounds: &mut Rounds, cell: &str, opened: &LazyLock<Opened, impl FnOnce() -> Opened>, query: &Query) {
    if !rounds.wants(cell) {
        return;
    }
    let expected = Contender::OursFilteredAfter.result(opened, query);
    for (name, contender) in CONTENDERS {
        assert_eq!(contender.result(opened, query), expected, "rows and checksum of {name} in {cell}");
    }
    let runs = CONTENDERS.map(|(_, contender)| move || contender.read(opened, query, |batch| drop(black_box(batch))));
    let contenders: Vec<(&str, &dyn Fn())> =
        CONTENDERS.iter().zip(&runs).map(|((name, _), run)| (*name, run as &dyn Fn())).collect();
    rounds.measure(cell, &contenders);
}

/// `column < rank`; the rows of no rank by a value between two that there are, so that bounds do not say so.
fn of_selectivity(key: Key, column: String, ranks: usize) -> Condition {
    match ranks {
        0 => Condition { column, op: Comparison::Equal, value: key.value(RANKS + 1) },
        _ => Condition { column, op: Comparison::Less, value: key.value(2 * ranks) },
    }
}

fn measure_table(rounds: &mut Rounds, rows: usize) {
    for (index, page_index) in [("index", true), ("no-index", false)] {
        let opened = LazyLock::new(move || Opened::new(table(rows, page_index)));
        for (key, kind) in KEYS {
            for (order, _) in ORDERS {
                for (selectivity, ranks) in SELECTIVITIES {
                    let column = key_name(key, order);
                    let all = payload_names();
                    let payloads = [
                        ("key", vec![column.clone()]),
                        ("narrow", all[..1].to_vec()),
                        ("string", all[1..2].to_vec()),
                        ("16-columns", all),
                    ];
                    for (payload_name, payload) in payloads {
                        // What of the predicate column alone is read shows in one order as well as in another.
                        if payload_name == "key" && order != "random" {
                            continue;
                        }
                        let cell = format!("{key}/{order}/{selectivity}/{payload_name}/{index}");
                        let conditions = vec![of_selectivity(kind, column.clone(), ranks)];
                        measure(rounds, &cell, &opened, &Query { conditions, payload });
                    }
                }
            }
        }
    }
}

fn names(columns: &[&str]) -> Vec<String> {
    columns.iter().map(|column| (*column).to_owned()).collect()
}

/// The shape of TPC-H Q6, and equality of strings of few values, over lineitem.
fn measure_lineitem(rounds: &mut Rounds) {
    let opened = LazyLock::new(|| Opened::new(lineitem("snappy", Compression::SNAPPY)));
    let text = |value: &str| Arc::new(arrow_array::StringArray::from(vec![value])) as ArrayRef;
    let decimal = |value: i128| {
        let array = arrow_array::Decimal128Array::from(vec![value]);
        Arc::new(array.with_precision_and_scale(15, 2).expect("a decimal type")) as ArrayRef
    };
    // 1994-01-01 and 1995-01-01, in days since 1970.
    let date = |days: i32| Arc::new(arrow_array::Date32Array::from(vec![days])) as ArrayRef;
    let condition = |column: &str, op, value| Condition { column: column.to_owned(), op, value };
    let q6 = Query {
        conditions: vec![
            condition("l_shipdate", Comparison::GreaterOrEqual, date(8766)),
            condition("l_shipdate", Comparison::Less, date(9131)),
            condition("l_discount", Comparison::GreaterOrEqual, decimal(5)),
            condition("l_discount", Comparison::LessOrEqual, decimal(7)),
            condition("l_quantity", Comparison::Less, decimal(2400)),
        ],
        payload: names(&["l_extendedprice", "l_discount"]),
    };
    measure(rounds, "tpch/q6", &opened, &q6);
    let narrow = names(&["l_extendedprice"]);
    let wide = names(&["l_orderkey", "l_quantity", "l_extendedprice", "l_shipinstruct", "l_shipmode", "l_comment"]);
    for (name, column, value) in [("shipmode", "l_shipmode", "AIR"), ("returnflag", "l_returnflag", "R")] {
        for (payload_name, payload) in [("narrow", &narrow), ("6-columns", &wide)] {
            let conditions = vec![condition(column, Comparison::Equal, text(value))];
            let query = Query { conditions, payload: payload.clone() };
            measure(rounds, &format!("tpch/{name}/{payload_name}"), &opened, &query);
        }
    }
}

fn main() {
    let mut rounds = Rounds::from_command_line(target().join("filters.csv"));
    let rows = if rounds.is_test() { ROWS_OF_TEST } else { ROWS };
    measure_table(&mut rounds, rows);
    measure_lineitem(&mut rounds);
    rounds.finish();
}
