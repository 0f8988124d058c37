//! How batches become a file: codec, page version, encodings, physical types of decimals.
//!
//! Page index and statistics are written, an Arrow schema is not: readers then give strings the type that they are asked
//! for.

use std::fs::File;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::basic::{Compression, Encoding, GzipLevel, LogicalType, Type as PhysicalType, ZstdLevel};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::schema::types::{SchemaDescriptor, Type};

/// What the words of a file's name say, such as `snappy-v2-flba`.
#[derive(Debug, Clone)]
pub struct Style {
    pub codec: Compression,
    pub version: WriterVersion,
    /// Decimals as FIXED_LEN_BYTE_ARRAY, not as INT64.
    pub fixed_decimals: bool,
    /// The encoding of all columns instead of a dictionary.
    pub encoding: Option<Encoding>,
    /// Bytes at which a chunk gives its dictionary up.
    pub dictionary_limit: Option<usize>,
    pub row_group_rows: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            codec: Compression::UNCOMPRESSED,
            version: WriterVersion::PARQUET_1_0,
            fixed_decimals: false,
            encoding: None,
            dictionary_limit: None,
            row_group_rows: 1 << 20,
        }
    }
}

impl Style {
    /// From the words behind the name of a table.
    pub fn parse<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut style = Self::default();
        for word in words {
            match word {
                "none" => style.codec = Compression::UNCOMPRESSED,
                "snappy" => style.codec = Compression::SNAPPY,
                "zstd" => style.codec = Compression::ZSTD(ZstdLevel::default()),
                "lz4" => style.codec = Compression::LZ4_RAW,
                "gzip" => style.codec = Compression::GZIP(GzipLevel::default()),
                "v2" => style.version = WriterVersion::PARQUET_2_0,
                "flba" => style.fixed_decimals = true,
                other => panic!("what is {other} in the name of a file?"),
            }
        }
        style
    }

    pub fn encoded(encoding: Encoding) -> Self {
        Self { encoding: Some(encoding), ..Self::default() }
    }

    fn properties(&self) -> WriterProperties {
        let mut builder = WriterProperties::builder()
            .set_compression(self.codec)
            .set_writer_version(self.version)
            .set_max_row_group_row_count(Some(self.row_group_rows));
        if let Some(encoding) = self.encoding {
            builder = builder.set_dictionary_enabled(false).set_encoding(encoding);
        }
        if let Some(limit) = self.dictionary_limit {
            builder = builder.set_dictionary_page_size_limit(limit);
        }
        builder.build()
    }

    fn options(&self, schema: &Schema) -> ArrowWriterOptions {
        let options = ArrowWriterOptions::new().with_properties(self.properties()).with_skip_arrow_metadata(true);
        if self.fixed_decimals { options.with_parquet_schema(with_fixed_decimals(schema)) } else { options }
    }

    /// Writes all batches.
    pub fn write(&self, file: File, batches: impl Iterator<Item = RecordBatch>) {
        let mut batches = batches.peekable();
        let schema = batches.peek().expect("at least one batch").schema();
        let mut writer =
            ArrowWriter::try_new_with_options(file, schema.clone(), self.options(&schema)).expect("a writer");
        for batch in batches {
            writer.write(&batch).expect("written rows");
        }
        writer.close().expect("a whole file");
    }
}

/// The schema of flat columns, with decimals in as few bytes of FIXED_LEN_BYTE_ARRAY as their precision needs.
fn with_fixed_decimals(schema: &Schema) -> SchemaDescriptor {
    let converted = ArrowSchemaConverter::new().convert(schema).expect("a Parquet schema");
    let fields = converted.root_schema().get_fields().iter().map(|field| {
        let Some(LogicalType::Decimal(decimal)) = field.get_basic_info().logical_type_ref().cloned() else {
            return field.clone();
        };
        let digits = 10_f64.powi(decimal.precision);
        let bytes = ((digits.log2() + 1.0) / 8.0).ceil() as i32;
        let fixed = Type::primitive_type_builder(field.name(), PhysicalType::FIXED_LEN_BYTE_ARRAY)
            .with_repetition(field.get_basic_info().repetition())
            .with_logical_type(Some(LogicalType::Decimal(decimal.clone())))
            .with_precision(decimal.precision)
            .with_scale(decimal.scale)
            .with_length(bytes);
        Arc::new(fixed.build().expect("a decimal column"))
    });
    let root = Type::group_type_builder("schema").with_fields(fields.collect()).build();
    SchemaDescriptor::new(Arc::new(root.expect("a schema")))
}
