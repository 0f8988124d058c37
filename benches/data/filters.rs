//! Files for filtered scans: `sensor-CODEC`, readings in the order of time whose sensors come in runs and whose places are
//! random, and `lineitem-sorted-CODEC`, lineitem in the order of its shipping dates.

use std::fs::File;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_ord::sort::{SortOptions, sort_to_indices};
use arrow_select::concat::concat_batches;
use arrow_select::take::take_record_batch;

use crate::Size;
use crate::random::Random;
use crate::tables::{CHUNK_ROWS, chunks, lineitem};
use crate::writing::Style;

/// Places, and how many of 10 000 readings come from each.
const PLACES: [(&str, u64); 7] = [
    ("vault", 1),
    ("roof", 100),
    ("garage", 1000),
    ("cellar", 1500),
    ("kitchen", 899),
    ("hall", 1500),
    ("office", 5000),
];

/// Readings that a sensor sends one after the other, about.
const RUN: usize = 1000;

pub fn write(name: &str, size: Size, file: File) {
    let mut words = name.split('-');
    match words.next() {
        Some("sensor") => Style::parse(words).write(file, chunks(size.rows(20_000_000), readings)),
        _ => Style::parse(words.skip(1)).write(file, sorted(size)),
    }
}

fn readings(first: usize, rows: usize) -> RecordBatch {
    let mut random = Random::new((first / CHUNK_ROWS) as u64);
    let random = &mut random;
    let times = TimestampMicrosecondArray::from_iter_values(
        (first..first + rows).map(|row| 1_600_000_000_000_000 + row as i64 * 50_000),
    );
    let places = StringArray::from_iter_values((0..rows).map(|_| place(random.below(10_000))));
    let mut sensors = Vec::with_capacity(rows + RUN * 8);
    while sensors.len() < rows {
        let sensor = random.below(10_000) as i32;
        sensors.extend(std::iter::repeat_n(sensor, random.run(RUN as f64)));
    }
    sensors.truncate(rows);
    let values = Float64Array::from_iter_values((0..rows).map(|_| random.below(40_000) as f64 / 1000.0));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("date_time", Arc::new(times)),
        ("sensor_id", Arc::new(Int32Array::from(sensors))),
        ("location", Arc::new(places)),
        ("reading", Arc::new(values)),
    ];
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn place(mut number: u64) -> &'static str {
    for (place, share) in PLACES {
        if number < share {
            return place;
        }
        number -= share;
    }
    "office"
}

fn sorted(size: Size) -> impl Iterator<Item = RecordBatch> {
    let batches: Vec<RecordBatch> = lineitem(size).collect();
    let all = concat_batches(&batches[0].schema(), &batches).expect("one table");
    let dates = all.column_by_name("l_shipdate").expect("the shipping dates");
    let order = sort_to_indices(dates, Some(SortOptions::default()), None).expect("an order");
    (0..all.num_rows()).step_by(CHUNK_ROWS).map(move |first| {
        let rows = order.slice(first, CHUNK_ROWS.min(all.num_rows() - first));
        take_record_batch(&all, &rows).expect("rows of the table")
    })
}
