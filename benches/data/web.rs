//! Tables like those that logs and sensors leave: `hits`, a web log in the manner of ClickBench, whose codes come in runs
//! and whose strings outgrow their dictionaries; and `taxi`, trips with nulls here and there.

use std::sync::Arc;

use arrow_array::types::ArrowPrimitiveType;
use arrow_array::{
    ArrayRef, Date32Array, Float64Array, Int16Array, Int32Array, Int64Array, PrimitiveArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};

use crate::random::{Random, in_runs, words};
use crate::tables::{CHUNK_ROWS, chunks};

/// 24 columns: identifiers, times, codes in runs, flags, and five columns of strings.
pub fn hits(rows: usize) -> impl Iterator<Item = RecordBatch> {
    chunks(rows, hits_chunk)
}

fn hits_chunk(first: usize, rows: usize) -> RecordBatch {
    let mut random = Random::new((first / CHUNK_ROWS) as u64);
    let random = &mut random;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("WatchID", spread(random, rows, u64::MAX)),
        ("JavaEnable", small(random, rows, 2)),
        ("Title", texts(random, rows, 400_000, 60)),
        ("EventTime", times(random, first, rows)),
        ("EventDate", dates(first, rows)),
        ("CounterID", codes(random, rows, 6_500)),
        ("ClientIP", spread_i32(random, rows)),
        ("RegionID", codes(random, rows, 9_000)),
        ("UserID", spread(random, rows, 1 << 20)),
        ("URL", urls(random, rows, 900_000)),
        ("Referer", urls(random, rows, 1_200_000)),
        ("IsRefresh", small(random, rows, 2)),
        ("ResolutionWidth", small(random, rows, 60)),
        ("ResolutionHeight", small(random, rows, 45)),
        ("UserAgent", small(random, rows, 80)),
        ("MobilePhone", small(random, rows, 12)),
        ("MobilePhoneModel", mostly_empty(random, rows, 0.94, 150, 8)),
        ("SearchEngineID", small(random, rows, 30)),
        ("SearchPhrase", mostly_empty(random, rows, 0.87, 300_000, 30)),
        ("AdvEngineID", small(random, rows, 20)),
        ("OS", small(random, rows, 50)),
        ("TraficSourceID", small(random, rows, 10)),
        ("URLHash", spread(random, rows, u64::MAX)),
        ("WindowClientWidth", codes(random, rows, 1_900)),
    ];
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

fn spread(random: &mut Random, rows: usize, end: u64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values((0..rows).map(|_| random.below(end) as i64)))
}

fn spread_i32(random: &mut Random, rows: usize) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values((0..rows).map(|_| random.bits() as i32)))
}

fn small(random: &mut Random, rows: usize, distinct: u64) -> ArrayRef {
    Arc::new(Int16Array::from_iter_values(in_runs(random, rows, distinct).into_iter().map(|value| value as i16)))
}

fn codes(random: &mut Random, rows: usize, distinct: u64) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(in_runs(random, rows, distinct).into_iter().map(|value| value as i32)))
}

fn times(random: &mut Random, first: usize, rows: usize) -> ArrayRef {
    let time = |row: usize| (1_373_000_000_000_000 + (first + row) as u64 * 600_000 + random.below(60_000_000)) as i64;
    Arc::new(TimestampMicrosecondArray::from_iter_values((0..rows).map(time)))
}

fn dates(first: usize, rows: usize) -> ArrayRef {
    Arc::new(Date32Array::from_iter_values((0..rows).map(|row| 15_887 + ((first + row) / 140_000) as i32)))
}

fn texts(random: &mut Random, rows: usize, distinct: u64, letters: usize) -> ArrayRef {
    let text = |value: u64| words(value, letters / 2 + (value % letters as u64) as usize);
    Arc::new(StringArray::from_iter_values(in_runs(random, rows, distinct).into_iter().map(text)))
}

fn urls(random: &mut Random, rows: usize, distinct: u64) -> ArrayRef {
    let url = |_| {
        let value = random.skewed(distinct);
        let path = words(value, 20 + (value % 50) as usize).replace(' ', "/");
        format!("http://{}.example/{path}?id={value}", words(value % 300, 6).replace(' ', "-"))
    };
    Arc::new(StringArray::from_iter_values((0..rows).map(url)))
}

fn mostly_empty(random: &mut Random, rows: usize, empty: f64, distinct: u64, letters: usize) -> ArrayRef {
    let text = |_| if random.chance(empty) { String::new() } else { words(random.skewed(distinct), letters) };
    Arc::new(StringArray::from_iter_values((0..rows).map(text)))
}

/// 19 columns in the manner of taxi trips; one is null throughout, others here and there.
pub fn taxi(first: usize, rows: usize) -> RecordBatch {
    let mut random = Random::new(7_000_000 + (first / CHUNK_ROWS) as u64);
    let random = &mut random;
    let pickup: Vec<i64> = (0..rows)
        .map(|row| 1_704_067_200_000_000 + (first + row) as i64 * 900_000 + random.below(1 << 23) as i64)
        .collect();
    let drop_off: Vec<i64> = pickup.iter().map(|time| time + random.below(3_600_000_000) as i64).collect();
    let cents = |random: &mut Random, null: f64, end: u64| money(random, rows, null, end);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("VendorID", nullable::<arrow_array::types::Int32Type>(random, rows, 0.0, |random| random.below(3) as i32)),
        ("tpep_pickup_datetime", Arc::new(pickup.into_iter().map(Some).collect::<TimestampMicrosecondArray>())),
        ("tpep_dropoff_datetime", Arc::new(drop_off.into_iter().map(Some).collect::<TimestampMicrosecondArray>())),
        ("passenger_count", nullable::<arrow_array::types::Int64Type>(random, rows, 0.047, |r| r.skewed(9) as i64)),
        ("trip_distance", cents(random, 0.0, 3_000)),
        ("RatecodeID", nullable::<arrow_array::types::Int64Type>(random, rows, 0.047, |r| r.skewed(7) as i64)),
        ("store_and_fwd_flag", flags(random, rows)),
        ("PULocationID", nullable::<arrow_array::types::Int32Type>(random, rows, 0.0, |r| r.skewed(265) as i32)),
        ("DOLocationID", nullable::<arrow_array::types::Int32Type>(random, rows, 0.0, |r| r.skewed(265) as i32)),
        ("payment_type", nullable::<arrow_array::types::Int64Type>(random, rows, 0.0, |r| r.skewed(6) as i64)),
        ("fare_amount", cents(random, 0.0, 9_000)),
        ("extra", cents(random, 0.01, 12)),
        ("mta_tax", cents(random, 0.0, 3)),
        ("tip_amount", cents(random, 0.02, 4_000)),
        ("tolls_amount", cents(random, 0.0, 900)),
        ("improvement_surcharge", cents(random, 0.0, 3)),
        ("total_amount", cents(random, 0.0, 12_000)),
        ("congestion_surcharge", cents(random, 0.047, 4)),
        ("airport_fee", cents(random, 1.0, 4)),
    ];
    let nullable = columns.into_iter().map(|(name, values)| (name, values, true));
    RecordBatch::try_from_iter_with_nullable(nullable).expect("columns of one length")
}

fn nullable<T: ArrowPrimitiveType>(
    random: &mut Random,
    rows: usize,
    null: f64,
    value: impl Fn(&mut Random) -> T::Native,
) -> ArrayRef {
    let values = (0..rows).map(|_| (!random.chance(null)).then(|| value(random)));
    Arc::new(values.collect::<PrimitiveArray<T>>())
}

fn money(random: &mut Random, rows: usize, null: f64, end: u64) -> ArrayRef {
    let value = |_| (!random.chance(null)).then(|| random.skewed(end) as f64 / 100.0);
    Arc::new((0..rows).map(value).collect::<Float64Array>())
}

fn flags(random: &mut Random, rows: usize) -> ArrayRef {
    let flag = |_| (!random.chance(0.047)).then(|| if random.chance(0.01) { "Y" } else { "N" });
    Arc::new((0..rows).map(flag).collect::<StringArray>())
}
