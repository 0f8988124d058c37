//! pqpush through its Rust API: what the C ABI adds shows in the difference.

use arrow_array::RecordBatch;
use pqpush::{Decoder, MetadataDecoder, MetadataOptions, MetadataStep, PageIndexPolicy, ScanOptions, Step, StringType};

use crate::{BATCH_ROWS, Job};

pub fn scan(job: &Job, take: &mut dyn FnMut(RecordBatch)) {
    let mut decoder = open(job);
    while let Some(batch) = next(&mut decoder) {
        take(batch);
    }
}

/// The decoder of a scan, which has all bytes of the file.
pub fn open(job: &Job) -> Decoder {
    let options = MetadataOptions { page_index: PageIndexPolicy::Never, ..MetadataOptions::default() };
    let mut footer = MetadataDecoder::new(job.file.len() as u64, options).expect("a file");
    let metadata = loop {
        match footer.try_decode().expect("a readable footer") {
            MetadataStep::Finished(metadata) => break metadata,
            MetadataStep::NeedsData(ranges) => {
                for range in ranges {
                    let bytes = job.file.slice(range.offset as usize..range.end() as usize);
                    footer.push(range.offset, bytes).expect("bytes of the file");
                }
            }
        }
    };
    let string_type = if job.views { StringType::Utf8View } else { StringType::Utf8 };
    let options = ScanOptions { batch_rows: BATCH_ROWS, string_type, ..ScanOptions::default() };
    let mut decoder = Decoder::new(metadata, options).expect("good options");
    decoder.push(0, job.file.clone()).expect("bytes of the file");
    decoder
}

/// The next batch, as long as there are some.
pub fn next(decoder: &mut Decoder) -> Option<RecordBatch> {
    loop {
        match decoder.try_decode().expect("a readable file") {
            Step::Batch(batch) => return Some(batch.rows),
            Step::RowGroupEnd(_) => {}
            Step::Finished => return None,
            Step::NeedsData(ranges) => panic!("the whole file was pushed, and yet {ranges:?}"),
        }
    }
}
