//! What the benchmarks share: files that are generated once, in `target/bench-data`, and their metadata.
//!
//! Every benchmark compiles this module for itself and uses a part of it.
#![allow(dead_code)]

pub mod clock;
pub mod rounds;
pub mod table;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use pqpush::{Metadata, MetadataDecoder, MetadataOptions, MetadataStep, PageIndexPolicy};
use tpchgen::generators::LineItemGenerator;
use tpchgen_arrow::LineItemArrow;

/// Rows of a batch, here and there.
pub const BATCH_ROWS: usize = 8192;
const SCALE: f64 = 0.1;

/// The directory that cargo builds into.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory").to_owned()
}

/// The file of that name; generated where it is not there yet.
pub fn cached(name: &str, generate: impl FnOnce(File)) -> Bytes {
    let directory = target().join("bench-data");
    let path = directory.join(name);
    if !path.exists() {
        fs::create_dir_all(&directory).expect("a directory for the files");
        let unfinished = path.with_extension("unfinished");
        generate(File::create(&unfinished).expect("a new file"));
        fs::rename(unfinished, &path).expect("the finished file in place");
    }
    Bytes::from(fs::read(&path).expect("the generated file"))
}

/// TPC-H lineitem with that codec.
pub fn lineitem(name: &str, codec: Compression) -> Bytes {
    cached(&format!("lineitem-{SCALE}-{name}.parquet"), |file| generate_lineitem(file, codec))
}

/// Writes lineitem with the writer's defaults, but without an Arrow schema in the footer: readers then give strings
/// the type that they are asked for.
fn generate_lineitem(file: File, codec: Compression) {
    let batches = LineItemArrow::new(LineItemGenerator::new(SCALE, 1, 1)).with_batch_size(BATCH_ROWS);
    let properties = WriterProperties::builder().set_compression(codec).build();
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer: Option<ArrowWriter<File>> = None;
    for batch in batches {
        let batch = batch.expect("generated rows");
        let writer = writer.get_or_insert_with(|| {
            let file = file.try_clone().expect("the same file");
            ArrowWriter::try_new_with_options(file, batch.schema(), options.clone()).expect("a writer")
        });
        writer.write(&batch).expect("written rows");
    }
    writer.expect("at least one batch").close().expect("a whole file");
}

/// The metadata of a file, page index included.
pub fn our_metadata(file: &Bytes) -> Arc<Metadata> {
    let (footer_size_hint, page_index, max_metadata_bytes) = (64 * 1024, PageIndexPolicy::IfPresent, 256 << 20);
    let options = MetadataOptions { footer_size_hint, page_index, max_metadata_bytes, ..MetadataOptions::default() };
    let mut decoder = MetadataDecoder::new(file.len() as u64, options).expect("a file length");
    decoder.push(0, file.clone()).expect("bytes of the file");
    match decoder.try_decode().expect("a readable footer") {
        MetadataStep::Finished(metadata) => metadata,
        MetadataStep::NeedsData(ranges) => panic!("{ranges:?} of the whole file are missing"),
    }
}
