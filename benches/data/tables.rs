//! Whole tables: TPC-H lineitem and orders, a web log, taxi trips, and rows with lists, structs and maps. A name is the
//! table and then codec, page version and the physical type of decimals: `lineitem-zstd-v2-flba`.

use std::fs::File;

use arrow_array::RecordBatch;
use tpchgen::generators::{LineItemGenerator, OrderGenerator};
use tpchgen_arrow::{LineItemArrow, OrderArrow};

use crate::writing::Style;
use crate::{Size, lab_nested, web};

/// Rows that are written at a time.
pub const CHUNK_ROWS: usize = 1 << 16;

fn scale_factor(size: Size) -> f64 {
    match size {
        Size::Full => 1.0,
        Size::Quick => 0.1,
    }
}

pub fn lineitem(size: Size) -> impl Iterator<Item = RecordBatch> {
    LineItemArrow::new(LineItemGenerator::new(scale_factor(size), 1, 1)).map(|batch| batch.expect("generated rows"))
}

fn orders(size: Size) -> impl Iterator<Item = RecordBatch> {
    OrderArrow::new(OrderGenerator::new(scale_factor(size), 1, 1)).map(|batch| batch.expect("generated rows"))
}

/// Batches of `CHUNK_ROWS` rows that `generate` makes from the number of the first row and how many there are.
pub fn chunks(
    rows: usize,
    generate: impl Fn(usize, usize) -> RecordBatch + 'static,
) -> impl Iterator<Item = RecordBatch> {
    (0..rows).step_by(CHUNK_ROWS).map(move |first| generate(first, CHUNK_ROWS.min(rows - first)))
}

pub fn write(name: &str, size: Size, file: File) {
    let mut words = name.split('-');
    let table = words.next().expect("the name of a table");
    let style = Style::parse(words);
    match table {
        "lineitem" => style.write(file, lineitem(size)),
        "orders" => style.write(file, orders(size)),
        "hits" => style.write(file, web::hits(size.rows(4_000_000))),
        "taxi" => style.write(file, chunks(size.rows(3_000_000), web::taxi)),
        "nested" => style.write(file, chunks(size.rows(1_000_000), lab_nested::table)),
        other => panic!("there is no table {other}"),
    }
}
