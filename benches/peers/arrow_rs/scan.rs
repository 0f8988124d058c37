//! Scans of everything, or of some columns, by the pull reader and by the push decoder of the `parquet` crate.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use bytes::Bytes;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderBuilder, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder};
use parquet::schema::types::SchemaDescriptor;

use crate::{BATCH_ROWS, Job};

/// Footer, and page index where it is asked for, through the push decoder of metadata.
pub fn metadata(file: &Bytes, page_index: PageIndexPolicy) -> ParquetMetaData {
    let decoder = ParquetMetaDataPushDecoder::try_new(file.len() as u64).expect("a length");
    let mut decoder = decoder.with_page_index_policy(page_index);
    decoder.push_range(0..file.len() as u64, file.clone()).expect("bytes of the file");
    match decoder.try_decode().expect("a readable footer") {
        DecodeResult::Data(metadata) => metadata,
        _ => panic!("the whole file was pushed"),
    }
}

/// What readers are built from; with the strings of the job.
pub fn reader_metadata(job: &Job, page_index: PageIndexPolicy) -> ArrowReaderMetadata {
    let metadata = Arc::new(metadata(&job.file, page_index));
    let read = |options| ArrowReaderMetadata::try_new(metadata.clone(), options).expect("an Arrow schema");
    let plain = read(ArrowReaderOptions::new());
    if job.views { read(ArrowReaderOptions::new().with_schema(with_views(plain.schema()))) } else { plain }
}

fn with_views(schema: &SchemaRef) -> SchemaRef {
    Arc::new(Schema::new(schema.fields().iter().map(view_field).collect::<Vec<_>>()))
}

fn view_field(field: &FieldRef) -> FieldRef {
    let data_type = match field.data_type() {
        DataType::Utf8 => DataType::Utf8View,
        DataType::Binary => DataType::BinaryView,
        DataType::List(element) => DataType::List(view_field(element)),
        DataType::Map(entries, sorted) => DataType::Map(view_field(entries), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(view_field).collect::<Fields>()),
        other => other.clone(),
    };
    Arc::new(Field::clone(field).with_data_type(data_type))
}

pub fn mask(schema: &SchemaDescriptor, columns: &[String]) -> ProjectionMask {
    match columns {
        [] => ProjectionMask::all(),
        columns => ProjectionMask::columns(schema, columns.iter().map(String::as_str)),
    }
}

/// Batch size and columns, the same for both readers.
fn configured<T>(builder: ArrowReaderBuilder<T>, columns: &[String]) -> ArrowReaderBuilder<T> {
    let mask = mask(builder.parquet_schema(), columns);
    builder.with_batch_size(BATCH_ROWS).with_projection(mask)
}

pub fn sync(job: &Job, take: &mut dyn FnMut(RecordBatch)) {
    let metadata = reader_metadata(job, PageIndexPolicy::Skip);
    let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(job.file.clone(), metadata);
    for batch in configured(builder, &job.columns).build().expect("a reader") {
        take(batch.expect("a readable file"));
    }
}

pub fn push(job: &Job, take: &mut dyn FnMut(RecordBatch)) {
    push_columns(job, &job.columns, take);
}

/// The push decoder over these columns.
pub fn push_columns(job: &Job, columns: &[String], take: &mut dyn FnMut(RecordBatch)) {
    let metadata = reader_metadata(job, PageIndexPolicy::Skip);
    let builder = configured(ParquetPushDecoderBuilder::new_with_metadata(metadata), columns);
    drain(job, builder.build().expect("a decoder"), take);
}

/// Pushes the whole file and takes all batches.
pub fn drain(job: &Job, mut decoder: ParquetPushDecoder, take: &mut dyn FnMut(RecordBatch)) {
    decoder.push_range(0..job.file.len() as u64, job.file.clone()).expect("bytes of the file");
    loop {
        match decoder.try_decode().expect("a readable file") {
            DecodeResult::Data(batch) => take(batch),
            DecodeResult::Finished => break,
            DecodeResult::NeedsData(ranges) => {
                let bytes =
                    ranges.iter().map(|range| job.file.slice(range.start as usize..range.end as usize)).collect();
                decoder.push_ranges(ranges, bytes).expect("bytes of the file");
            }
        }
    }
}
