//! Opening a file: the footer with its statistics, here and by the `parquet` crate in the same run; and the statistics of
//! all columns as Arrow arrays on top of it. The files have many columns, or many row groups.

use std::hint::black_box;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use bytes::Bytes;
use criterion::Criterion;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::properties::WriterProperties;
use pqpush::{Metadata, MetadataDecoder, MetadataOptions, MetadataStep, PageIndexPolicy, StringType};

/// A file of so many columns, every other one of strings, and so many row groups of two rows.
fn file(columns: usize, row_groups: usize) -> Bytes {
    let rows = 2 * row_groups as i64;
    let column = |index: usize| -> (String, ArrayRef) {
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..rows));
        let texts = || StringArray::from_iter_values((0..rows).map(|row| format!("some text {row}")));
        (format!("column_{index}"), if index % 2 == 0 { numbers } else { Arc::new(texts()) })
    };
    let rows = RecordBatch::try_from_iter((0..columns).map(column)).expect("columns of one length");
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2)).set_dictionary_enabled(false);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), Some(properties.build())).expect("a writer");
    writer.write(&rows).expect("rows");
    writer.close().expect("a footer");
    bytes.into()
}

fn open(file: &Bytes) -> Arc<Metadata> {
    let options = MetadataOptions { page_index: PageIndexPolicy::Never, ..MetadataOptions::default() };
    let mut decoder = MetadataDecoder::new(file.len() as u64, options).expect("a file");
    decoder.push(0, file.clone()).expect("bytes of the file");
    match decoder.try_decode() {
        Ok(MetadataStep::Finished(metadata)) => metadata,
        other => panic!("the whole file is there, and yet {other:?}"),
    }
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for (columns, row_groups) in [(1000, 20), (10, 2000)] {
        let file = file(columns, row_groups);
        let mut group = criterion.benchmark_group(format!("footer of {columns} columns, {row_groups} row groups"));
        group.bench_function("pqpush", |bencher| bencher.iter(|| open(black_box(&file))));
        group.bench_function("parquet", |bencher| {
            bencher.iter(|| ParquetMetaDataReader::new().parse_and_finish(black_box(&file)).expect("a footer"));
        });
        group.bench_function("pqpush, and statistics of all columns", |bencher| {
            bencher.iter(|| {
                let metadata = open(black_box(&file));
                (0..columns)
                    .map(|column| metadata.column_statistics(column, StringType::Utf8))
                    .filter(Result::is_ok)
                    .count()
            });
        });
        group.finish();
    }
    criterion.final_summary();
}
