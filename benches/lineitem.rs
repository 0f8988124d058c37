//! The full scan of TPC-H lineitem, here and by the push decoder of the `parquet` crate in the same run: snappy, zstd
//! and uncompressed; Utf8 and Utf8View; the file pushed whole and by the ranges asked for.
//!
//! Both decode the same bytes, from metadata parsed beforehand, in batches of the same size on one thread, and before
//! anything is measured their rows are compared. Medians and ratios stand at the end of the output. The files are
//! generated once, in `target/bench-data`.

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

use std::fs;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use criterion::{Criterion, Throughput};
use parquet::DecodeResult;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::basic::{Compression, ZstdLevel};
use pqpush::{Decoder, Metadata, ScanOptions, Step, StringType};
use support::{BATCH_ROWS, lineitem, our_metadata, target};

const STRING_TYPES: [(&str, StringType); 2] = [("Utf8", StringType::Utf8), ("Utf8View", StringType::Utf8View)];

/// How the bytes of the file reach a decoder.
#[derive(Debug, Clone, Copy)]
enum Feed {
    Whole,
    Ranges,
}

const FEEDS: [(&str, Feed); 2] = [("whole", Feed::Whole), ("ranges", Feed::Ranges)];

fn codecs() -> [(&'static str, Compression); 3] {
    [
        ("snappy", Compression::SNAPPY),
        ("zstd", Compression::ZSTD(ZstdLevel::default())),
        ("uncompressed", Compression::UNCOMPRESSED),
    ]
}

/// A scan here; every batch goes to `take`.
fn ours(file: &Bytes, metadata: &Arc<Metadata>, strings: StringType, feed: Feed, mut take: impl FnMut(RecordBatch)) {
    let options = ScanOptions { batch_rows: BATCH_ROWS, string_type: strings, ..ScanOptions::default() };
    let mut decoder = Decoder::new(metadata.clone(), options).expect("good options");
    if matches!(feed, Feed::Whole) {
        decoder.push(0, file.clone()).expect("bytes of the file");
    }
    loop {
        match decoder.try_decode().expect("a readable file") {
            Step::Batch(batch) => take(batch.rows),
            Step::RowGroupEnd(_) => {}
            Step::Finished => break,
            Step::NeedsData(ranges) => {
                for range in ranges {
                    let bytes = file.slice(range.offset as usize..range.end() as usize);
                    decoder.push(range.offset, bytes).expect("bytes of the file");
                }
            }
        }
    }
}

/// What the other decoder is started from: parsed metadata with the wanted schema.
fn their_metadata(file: &Bytes, strings: StringType) -> ArrowReaderMetadata {
    let metadata = ArrowReaderMetadata::load(file, ArrowReaderOptions::new()).expect("a readable footer");
    match strings {
        StringType::Utf8View => {
            let options = ArrowReaderOptions::new().with_schema(with_views(metadata.schema()));
            ArrowReaderMetadata::try_new(metadata.metadata().clone(), options).expect("strings as views")
        }
        _ => metadata,
    }
}

fn with_views(schema: &SchemaRef) -> SchemaRef {
    let view = |field: &Arc<Field>| match field.data_type() {
        DataType::Utf8 => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8View)),
        _ => field.clone(),
    };
    Arc::new(Schema::new(schema.fields().iter().map(view).collect::<Vec<_>>()))
}

/// A scan there; every batch goes to `take`.
fn theirs(file: &Bytes, metadata: &ArrowReaderMetadata, feed: Feed, mut take: impl FnMut(RecordBatch)) {
    let builder = ParquetPushDecoderBuilder::new_with_metadata(metadata.clone()).with_batch_size(BATCH_ROWS);
    let mut decoder: ParquetPushDecoder = builder.build().expect("good options");
    if matches!(feed, Feed::Whole) {
        decoder.push_range(0..file.len() as u64, file.clone()).expect("bytes of the file");
    }
    loop {
        match decoder.try_decode().expect("a readable file") {
            DecodeResult::Data(batch) => take(batch),
            DecodeResult::Finished => break,
            DecodeResult::NeedsData(ranges) => {
                let bytes = ranges.iter().map(|range| file.slice(range.start as usize..range.end as usize)).collect();
                decoder.push_ranges(ranges, bytes).expect("bytes of the file");
            }
        }
    }
}

/// Compares the rows of both; how many there are.
fn compare(file: &Bytes, ours_from: &Arc<Metadata>, theirs_from: &ArrowReaderMetadata, strings: StringType) -> u64 {
    let (mut here, mut there) = (Vec::new(), Vec::new());
    ours(file, ours_from, strings, Feed::Ranges, |batch| here.push(batch));
    theirs(file, theirs_from, Feed::Ranges, |batch| there.push(batch));
    assert_eq!(here.len(), there.len(), "number of batches");
    for (index, (here, there)) in here.iter().zip(&there).enumerate() {
        assert_eq!(here.columns(), there.columns(), "batch {index}");
    }
    here.iter().map(|batch| batch.num_rows() as u64).sum()
}

fn group_name(codec: &str, strings: &str) -> String {
    format!("lineitem-{codec}-{strings}")
}

fn measure(criterion: &mut Criterion) {
    for (codec_name, codec) in codecs() {
        let file = lineitem(codec_name, codec);
        let ours_from = our_metadata(&file);
        for (strings_name, strings) in STRING_TYPES {
            let theirs_from = their_metadata(&file, strings);
            let rows = compare(&file, &ours_from, &theirs_from, strings);
            let mut group = criterion.benchmark_group(group_name(codec_name, strings_name));
            group.sample_size(20).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
            group.throughput(Throughput::Elements(rows));
            for (feed_name, feed) in FEEDS {
                group.bench_function(format!("pqpush-{feed_name}"), |bencher| {
                    bencher.iter(|| ours(&file, &ours_from, strings, feed, |batch| drop(black_box(batch))));
                });
                group.bench_function(format!("parquet-{feed_name}"), |bencher| {
                    bencher.iter(|| theirs(&file, &theirs_from, feed, |batch| drop(black_box(batch))));
                });
            }
            group.finish();
        }
    }
}

/// The median in milliseconds that Criterion noted for a function, where it was measured.
fn median(group: &str, function: &str) -> Option<f64> {
    let path = target().join("criterion").join(group).join(function).join("new/estimates.json");
    let estimates = fs::read_to_string(path).ok()?;
    let (_, median) = estimates.split_once("\"median\"")?;
    let (_, number) = median.split_once("\"point_estimate\":")?;
    let nanoseconds: f64 = number.split([',', '}']).next()?.trim().parse().ok()?;
    Some(nanoseconds / 1e6)
}

/// One line a scenario: medians of both and how many times faster pqpush is.
fn print_ratios() {
    println!("\n{:<36} {:>10} {:>10} {:>7}", "median of a full scan, ms", "pqpush", "parquet", "ratio");
    for (codec, _) in codecs() {
        for (strings, _) in STRING_TYPES {
            for (feed, _) in FEEDS {
                let group = group_name(codec, strings);
                let medians = (median(&group, &format!("pqpush-{feed}")), median(&group, &format!("parquet-{feed}")));
                if let (Some(here), Some(there)) = medians {
                    println!("{:<36} {here:>10.2} {there:>10.2} {:>6.2}x", format!("{group} {feed}"), there / here);
                }
            }
        }
    }
}

fn main() {
    let mut criterion = Criterion::default().output_directory(&target().join("criterion")).configure_from_args();
    measure(&mut criterion);
    criterion.final_summary();
    print_ratios();
}
