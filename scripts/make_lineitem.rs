//! Writes TPC-H lineitem, or another table of TPC-H, as Parquet, for the demo and for anyone who wants a file that looks
//! like real data:
//! `cargo run --release --example make_lineitem -- [--table lineitem] [--scale 0.1] [--codec snappy] [DIRECTORY]`.
//!
//! The file is `DIRECTORY/TABLE-sfSCALE-CODEC.parquet`; DIRECTORY is target/demo if not given. A file that is
//! already there is left alone, and a file has its name only when it is complete. The path goes to standard output.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use tpchgen::generators::{CustomerGenerator, LineItemGenerator, OrderGenerator, PartGenerator};
use tpchgen_arrow::arrow::record_batch::RecordBatchReader;
use tpchgen_arrow::{CustomerArrow, LineItemArrow, OrderArrow, PartArrow};

/// Several row groups also at small scales.
const ROW_GROUP_ROWS: usize = 128 * 1024;

struct Arguments {
    table: String,
    scale: f64,
    codec: String,
    directory: PathBuf,
}

impl Arguments {
    fn parse() -> Result<Self, Box<dyn Error>> {
        let mut parsed =
            Self { table: "lineitem".into(), scale: 0.1, codec: "snappy".into(), directory: "target/demo".into() };
        let mut rest = std::env::args().skip(1);
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().ok_or(format!("{argument} wants a value"));
            match argument.as_str() {
                "--table" => parsed.table = value()?,
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
        self.directory.join(format!("{}-sf{}-{}.parquet", self.table, self.scale, self.codec))
    }
}

fn generate(table: &str, scale: f64) -> Result<Box<dyn RecordBatchReader>, Box<dyn Error>> {
    match table {
        "lineitem" => Ok(Box::new(LineItemArrow::new(LineItemGenerator::new(scale, 1, 1)))),
        "orders" => Ok(Box::new(OrderArrow::new(OrderGenerator::new(scale, 1, 1)))),
        "customer" => Ok(Box::new(CustomerArrow::new(CustomerGenerator::new(scale, 1, 1)))),
        "part" => Ok(Box::new(PartArrow::new(PartGenerator::new(scale, 1, 1)))),
        other => Err(format!("--table is lineitem, orders, customer or part, not {other}").into()),
    }
}

fn write(path: &Path, arguments: &Arguments, compression: Compression) -> Result<(), Box<dyn Error>> {
    let batches = generate(&arguments.table, arguments.scale)?;
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
        write(&unfinished, &arguments, compression)?;
        fs::rename(&unfinished, &path)?;
    }
    println!("{}", path.display());
    Ok(())
}
