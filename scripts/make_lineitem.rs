//! Writes TPC-H lineitem as Parquet, for the demo and for anyone who wants a file that looks like real data:
//! `cargo run --release --example make_lineitem -- [--scale 0.1] [--codec snappy] [DIRECTORY]`.
//!
//! The file is `DIRECTORY/lineitem-sfSCALE-CODEC.parquet`; DIRECTORY is target/demo if not given. A file that is
//! already there is left alone, and a file has its name only when it is complete. The path goes to standard output.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tpchgen::generators::LineItemGenerator;
use tpchgen_arrow::LineItemArrow;
use tpchgen_arrow::arrow::record_batch::RecordBatchReader;

/// Several row groups also at small scales.
const ROW_GROUP_ROWS: usize = 128 * 1024;

struct Arguments {
    scale: f64,
    codec: String,
    directory: PathBuf,
}

impl Arguments {
    fn parse() -> Result<Self, Box<dyn Error>> {
        let mut parsed = Self { scale: 0.1, codec: "snappy".into(), directory: "target/demo".into() };
        let mut rest = std::env::args().skip(1);
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or(format!("{argument} wants a value"));
            match argument.as_str() {
                "--scale" => parsed.scale = value()?.parse()?,
                "--codec" => parsed.codec = value()?,
                option if option.starts_with('-') => return Err(format!("unknown option {option}").into()),
                directory => parsed.directory = directory.into(),
            }
        }
        Ok(parsed)
    }

    fn compression(&self) -> Result<Compression, Box<dyn Error>> {
        match self.codec.as_str() {
            "snappy" => Ok(Compression::SNAPPY),
            "zstd" => Ok(Compression::ZSTD(ZstdLevel::default())),
            "none" => Ok(Compression::UNCOMPRESSED),
            other => Err(format!("--codec is snappy, zstd or none, not {other}").into()),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.join(format!("lineitem-sf{}-{}.parquet", self.scale, self.codec))
    }
}

fn write(path: &Path, scale: f64, compression: Compression) -> Result<(), Box<dyn Error>> {
    let batches = LineItemArrow::new(LineItemGenerator::new(scale, 1, 1));
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build();
    // The generator's string views are no property of the data: no Arrow schema goes into the file.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(File::create(path)?, batches.schema(), options)?;
    for batch in batches {
        writer.write(&batch?)?;
    }
    writer.close()?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse()?;
    let compression = arguments.compression()?;
    let path = arguments.path();
    if !path.exists() {
        fs::create_dir_all(&arguments.directory)?;
        let unfinished = path.with_extension("unfinished");
        write(&unfinished, arguments.scale, compression)?;
        fs::rename(&unfinished, &path)?;
    }
    println!("{}", path.display());
    Ok(())
}
