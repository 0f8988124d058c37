//! Opening a file: the footer alone, or the footer and a decoder of some columns.

use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::push_decoder::ParquetPushDecoderBuilder;
use parquet::file::metadata::PageIndexPolicy;

use crate::Job;
use crate::scan::{mask, metadata};

/// How many rows the file has.
pub fn open(job: &Job) -> usize {
    let footer = metadata(&job.file, PageIndexPolicy::Skip);
    let rows = footer.file_metadata().num_rows() as usize;
    if !job.columns.is_empty() {
        let metadata = ArrowReaderMetadata::try_new(footer.into(), ArrowReaderOptions::new()).expect("an Arrow schema");
        let mask = mask(metadata.parquet_schema(), &job.columns);
        ParquetPushDecoderBuilder::new_with_metadata(metadata).with_projection(mask).build().expect("a decoder");
    }
    rows
}
