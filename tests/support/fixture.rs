//! Parquet files in memory, written by the `parquet` crate from a description.
//!
//! Columns are flat. They are written through the low-level column writers, so that a column's physical and logical
//! type, its encodings, and the cut into pages and row groups are what the description says, and no `ARROW:schema`
//! key is written: readers derive the types from the Parquet schema.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, Repetition};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType,
    Int32Type, Int64Type, Int96Type,
};
use parquet::encryption::encrypt::FileEncryptionProperties;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type, TypePtr};

use super::kinds::{Cells, Kind, Lengths};
use super::random::{Random, mix};

/// Where the nulls are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// The column is REQUIRED.
    Required,
    /// OPTIONAL, yet nothing is null.
    None,
    All,
    Alternating,
    /// Runs of about 100 nulls and values.
    Runs,
    /// So many percent.
    Random(usize),
}

/// Every null shape once.
pub const NULL_SHAPES: &[Nulls] = &[
    Nulls::Required,
    Nulls::None,
    Nulls::All,
    Nulls::Alternating,
    Nulls::Runs,
    Nulls::Random(3),
    Nulls::Random(50),
    Nulls::Random(97),
];

/// Which values repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    Distinct,
    /// So many different values in random order.
    Few(usize),
    /// Runs of one value, about 40 rows long.
    Runs,
    /// One value throughout.
    Constant,
}

/// How values are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Plain,
    Dictionary,
    /// A dictionary that is given up in the middle of the chunk.
    DictionaryFallback,
    /// RLE, for booleans only.
    Rle,
    /// Another encoding.
    As(Encoding),
    /// A dictionary that is given up in the middle of the chunk, for another encoding.
    DictionaryThen(Encoding),
}

/// One column.
#[derive(Debug, Clone)]
pub struct ColumnSpec {
    pub name: String,
    pub kind: Kind,
    pub nulls: Nulls,
    pub values: Values,
    pub lengths: Lengths,
    pub coding: Coding,
    pub codec: Compression,
}

impl ColumnSpec {
    /// A column with distinct short values.
    pub fn new(name: &str, kind: Kind, nulls: Nulls, coding: Coding) -> Self {
        let name = name.to_owned();
        let (values, lengths, codec) = (Values::Distinct, Lengths::Short, Compression::UNCOMPRESSED);
        Self { name, kind, nulls, values, lengths, coding, codec }
    }

    /// The same with other values.
    pub fn with_values(mut self, values: Values, lengths: Lengths) -> Self {
        (self.values, self.lengths) = (values, lengths);
        self
    }

    /// The same with another codec.
    pub fn with_codec(mut self, codec: Compression) -> Self {
        self.codec = codec;
        self
    }
}

/// One file.
#[derive(Debug, Clone)]
pub struct FileSpec {
    pub columns: Vec<ColumnSpec>,
    pub rows: usize,
    pub row_group_rows: usize,
    pub page_rows: usize,
    /// Data pages of version 2.
    pub v2: bool,
    /// Offset and column indexes are written.
    pub page_index: bool,
    /// What the values are made from.
    pub seed: u64,
    /// How the file is encrypted, if it is.
    pub encryption: Option<Arc<FileEncryptionProperties>>,
}

/// A written file and what went into it.
#[derive(Debug, Clone)]
pub struct Fixture {
    pub bytes: Bytes,
    pub columns: Vec<WrittenColumn>,
}

/// The rows of one column.
#[derive(Debug, Clone)]
pub struct WrittenColumn {
    pub cells: Cells,
    pub valid: Vec<bool>,
}

impl FileSpec {
    /// A file of these columns with one row group and pages of `page_rows` rows.
    pub fn new(columns: Vec<ColumnSpec>, rows: usize, page_rows: usize) -> Self {
        Self {
            columns,
            rows,
            row_group_rows: rows.max(1),
            page_rows,
            v2: false,
            page_index: true,
            seed: 1,
            encryption: None,
        }
    }

    /// Makes the values and writes the file.
    pub fn write(&self) -> Fixture {
        let columns: Vec<WrittenColumn> = self.columns.iter().enumerate().map(|(i, c)| self.column(i, c)).collect();
        let mut writer = SerializedFileWriter::new(Vec::new(), self.schema(), Arc::new(self.properties()))
            .expect("a writer of the fixture");
        let mut start = 0;
        while start < self.rows {
            let end = self.rows.min(start + self.row_group_rows);
            let mut group = writer.next_row_group().expect("a row group");
            for column in &columns {
                let mut column_writer = group.next_column().expect("a column").expect("one more column");
                column.write(start..end, &mut column_writer);
                column_writer.close().expect("a column chunk");
            }
            group.close().expect("a whole row group");
            start = end;
        }
        Fixture { bytes: Bytes::from(writer.into_inner().expect("a whole file")), columns }
    }

    fn schema(&self) -> TypePtr {
        let field = |column: &ColumnSpec| {
            let required = column.nulls == Nulls::Required && column.kind != Kind::Null;
            let repetition = if required { Repetition::REQUIRED } else { Repetition::OPTIONAL };
            column.kind.parquet_type(&column.name, repetition)
        };
        let fields = self.columns.iter().map(field).collect();
        Arc::new(Type::group_type_builder("schema").with_fields(fields).build().expect("a schema"))
    }

    fn properties(&self) -> WriterProperties {
        let version = if self.v2 { WriterVersion::PARQUET_2_0 } else { WriterVersion::PARQUET_1_0 };
        let statistics = if self.page_index { EnabledStatistics::Page } else { EnabledStatistics::None };
        let mut builder = WriterProperties::builder()
            .set_writer_version(version)
            .set_statistics_enabled(statistics)
            .set_offset_index_disabled(!self.page_index)
            .set_data_page_row_count_limit(self.page_rows.max(1))
            .set_write_batch_size(self.page_rows.clamp(1, 1024));
        for column in &self.columns {
            let path = ColumnPath::new(vec![column.name.clone()]);
            let (dictionary, encoding) = match column.coding {
                Coding::Plain => (false, Encoding::PLAIN),
                Coding::Dictionary | Coding::DictionaryFallback => (true, Encoding::PLAIN),
                Coding::Rle => (false, Encoding::RLE),
                Coding::As(encoding) => (false, encoding),
                Coding::DictionaryThen(encoding) => (true, encoding),
            };
            builder = builder
                .set_column_dictionary_enabled(path.clone(), dictionary && column.kind.takes_dictionary())
                .set_column_encoding(path.clone(), encoding)
                .set_column_compression(path.clone(), column.codec);
            if matches!(column.coding, Coding::DictionaryFallback | Coding::DictionaryThen(_)) {
                builder = builder.set_column_dictionary_page_size_limit(path, 200);
            }
        }
        if let Some(encryption) = &self.encryption {
            builder = builder.with_file_encryption_properties(Arc::clone(encryption));
        }
        builder.build()
    }

    fn column(&self, index: usize, column: &ColumnSpec) -> WrittenColumn {
        let mut random = Random::new(mix(self.seed).wrapping_add(index as u64));
        let keys = keys(column.values, self.rows, &mut random);
        let nulls = if column.kind == Kind::Null { Nulls::All } else { column.nulls };
        let valid = validity(nulls, self.rows, &mut random);
        WrittenColumn { cells: column.kind.cells(&keys, column.lengths), valid }
    }
}

fn keys(values: Values, rows: usize, random: &mut Random) -> Vec<u64> {
    let first = random.bits();
    let mut run_key = first;
    let mut next = |row: usize| match values {
        Values::Distinct => first.wrapping_add(row as u64),
        Values::Few(count) => first.wrapping_add(random.below(count) as u64),
        Values::Constant => first,
        Values::Runs => {
            if random.below(40) == 0 {
                run_key = random.bits();
            }
            run_key
        }
    };
    (0..rows).map(&mut next).collect()
}

fn validity(nulls: Nulls, rows: usize, random: &mut Random) -> Vec<bool> {
    let mut in_run = true;
    let mut next = |row: usize| match nulls {
        Nulls::Required | Nulls::None => true,
        Nulls::All => false,
        Nulls::Alternating => row.is_multiple_of(2),
        Nulls::Random(percent) => !random.percent(percent),
        Nulls::Runs => {
            in_run ^= random.below(100) == 0;
            in_run
        }
    };
    (0..rows).map(&mut next).collect()
}

impl WrittenColumn {
    fn write(&self, rows: std::ops::Range<usize>, writer: &mut SerializedColumnWriter<'_>) {
        let valid = &self.valid[rows.clone()];
        match &self.cells {
            Cells::Bool(cells) => write_typed::<BoolType, _>(&cells[rows], valid, writer, |cell| *cell),
            Cells::Int32(cells) => write_typed::<Int32Type, _>(&cells[rows], valid, writer, |cell| *cell),
            Cells::Int64(cells) => write_typed::<Int64Type, _>(&cells[rows], valid, writer, |cell| *cell),
            Cells::Int96(cells) => write_typed::<Int96Type, _>(&cells[rows], valid, writer, |cell| *cell),
            Cells::Float(cells) => write_typed::<FloatType, _>(&cells[rows], valid, writer, |cell| *cell),
            Cells::Double(cells) => write_typed::<DoubleType, _>(&cells[rows], valid, writer, |cell| *cell),
            Cells::Bytes(cells) => {
                write_typed::<ByteArrayType, _>(&cells[rows], valid, writer, |cell| ByteArray::from(cell.clone()))
            }
            Cells::Fixed(cells) => write_typed::<FixedLenByteArrayType, _>(&cells[rows], valid, writer, |cell| {
                FixedLenByteArray::from(cell.clone())
            }),
        }
    }
}

fn write_typed<D: DataType, C>(
    cells: &[C],
    valid: &[bool],
    writer: &mut SerializedColumnWriter<'_>,
    value: impl Fn(&C) -> D::T,
) {
    let values: Vec<D::T> = cells.iter().zip(valid).filter(|(_, valid)| **valid).map(|(cell, _)| value(cell)).collect();
    let levels: Vec<i16> = valid.iter().map(|valid| *valid as i16).collect();
    let required = max_definition_level(writer.untyped()) == 0;
    let levels = (!required).then_some(levels.as_slice());
    writer.typed::<D>().write_batch(&values, levels, None).expect("values that the writer takes");
}

fn max_definition_level(writer: &ColumnWriter<'_>) -> i16 {
    let descriptor = match writer {
        ColumnWriter::BoolColumnWriter(writer) => writer.get_descriptor(),
        ColumnWriter::Int32ColumnWriter(writer) => writer.get_descriptor(),
        ColumnWriter::Int64ColumnWriter(writer) => writer.get_descriptor(),
        ColumnWriter::Int96ColumnWriter(writer) => writer.get_descriptor(),
        ColumnWriter::FloatColumnWriter(writer) => writer.get_descriptor(),
        ColumnWriter::DoubleColumnWriter(writer) => writer.get_descriptor(),
        ColumnWriter::ByteArrayColumnWriter(writer) => writer.get_descriptor(),
        ColumnWriter::FixedLenByteArrayColumnWriter(writer) => writer.get_descriptor(),
    };
    descriptor.max_def_level()
}
