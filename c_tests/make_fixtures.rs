//! Writes the Parquet files that c_tests read: `cargo run --release --example make_fixtures -- DIRECTORY`.
//! The tests name the numbers that stand here.

#![allow(clippy::arithmetic_side_effects)] // the numbers are ours

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder};
use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::Compression;
use parquet::encryption::encrypt::FileEncryptionProperties;
use parquet::file::metadata::{KeyValue, ParquetMetaDataReader, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let directory = std::env::args_os().nth(1).ok_or("usage: make_fixtures DIRECTORY")?;
    let directory = Path::new(&directory);
    fs::create_dir_all(directory)?;
    let table = written(&table(1000)?, table_properties())?;
    let files = [
        ("corrupt_page.parquet", with_corrupt_page(&table)?),
        ("corrupt_chunk.parquet", with_corrupt_chunk(&table)?),
        ("encrypted.parquet", written(&self::table(1000)?, encrypted_properties(false)?)?),
        ("signed.parquet", written(&self::table(1000)?, encrypted_properties(true)?)?),
        ("long_footer.parquet", with_tail(&table, 8, &i32::MAX.to_le_bytes())),
        ("cut.parquet", table.get(..table.len() - 10).unwrap_or_default().to_vec()),
        ("text.parquet", b"a,b\n1,2\n3,4\n5,6\n7,8\n".to_vec()),
        ("table.parquet", table),
        ("empty.parquet", written(&self::table(0)?, table_properties())?),
        ("plain.parquet", written(&plain()?, plain_properties())?),
        ("nested.parquet", written(&nested()?, plain_properties())?),
    ];
    for (name, bytes) in files {
        fs::write(directory.join(name), bytes)?;
    }
    Ok(())
}

fn written(rows: &RecordBatch, properties: WriterPropertiesBuilder) -> Outcome<Vec<u8>> {
    let options = ArrowWriterOptions::new()
        .with_properties(properties.set_created_by("c_tests".to_owned()).build())
        .with_skip_arrow_metadata(true);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut bytes, rows.schema(), options)?;
    writer.write(rows)?;
    writer.close()?;
    Ok(bytes)
}

/// Row i: id = i; name = "name-<i>", null where i is a multiple of 5; price = i.07; at = i seconds; flag = i is a
/// multiple of 3.
fn table(rows: i64) -> Outcome<RecordBatch> {
    let fields = vec![
        Field::new("id", DataType::Int64, false),
        Field::new("name", DataType::Utf8, true),
        Field::new("price", DataType::Decimal128(15, 2), false),
        Field::new("at", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
        Field::new("flag", DataType::Boolean, false),
    ];
    let name = |i| (i % 5 != 0).then(|| format!("name-{i}"));
    let price = Decimal128Array::from_iter_values((0..rows).map(|i| i128::from(i) * 100 + 7));
    let at = TimestampMicrosecondArray::from_iter_values((0..rows).map(|i| i * 1_000_000));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(0..rows)),
        Arc::new(StringArray::from_iter((0..rows).map(name))),
        Arc::new(price.with_precision_and_scale(15, 2)?),
        Arc::new(at.with_timezone("UTC")),
        Arc::new(BooleanArray::from_iter((0..rows).map(|i| Some(i % 3 == 0)))),
    ];
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// Row groups of 400 rows sorted by `id`, pages of 100, SNAPPY, a page index, a bloom filter of `name`.
fn table_properties() -> WriterPropertiesBuilder {
    let key_value = vec![
        KeyValue::new("purpose".to_owned(), "tests in C".to_owned()),
        KeyValue { key: "absent".to_owned(), value: None },
    ];
    WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_max_row_group_row_count(Some(400))
        .set_data_page_row_count_limit(100)
        .set_write_batch_size(100)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_column_dictionary_enabled(ColumnPath::from("id"), false)
        .set_column_bloom_filter_enabled(ColumnPath::from("name"), true)
        .set_sorting_columns(Some(vec![SortingColumn { column_idx: 0, descending: false, nulls_first: true }]))
        .set_key_value_metadata(Some(key_value))
}

/// The same with the footer encrypted or signed, `id` and `name` under keys of their own, the other columns in plain text.
/// The AAD prefix is not stored. The metadata of the keys are "footer", "id" and "name".
fn encrypted_properties(plaintext_footer: bool) -> Outcome<WriterPropertiesBuilder> {
    let encryption = FileEncryptionProperties::builder(b"key of footer 16".to_vec())
        .with_footer_key_metadata(b"footer".to_vec())
        .with_column_key_and_metadata("id", b"key of column id".to_vec(), b"id".to_vec())
        .with_column_key_and_metadata("name", b"key of column name with 32 bytes".to_vec(), b"name".to_vec())
        .with_aad_prefix(b"c_tests".to_vec())
        .with_aad_prefix_storage(false)
        .with_plaintext_footer(plaintext_footer)
        .build()?;
    Ok(table_properties().with_file_encryption_properties(encryption))
}

/// 10,000 rows, one page a column: value = i; text = "a text that is too long for a view: <i>", i in five digits.
fn plain() -> Outcome<RecordBatch> {
    let fields = vec![Field::new("value", DataType::Int64, false), Field::new("text", DataType::Utf8, false)];
    let text = (0..10_000).map(|i| format!("a text that is too long for a view: {i:05}"));
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from_iter_values(0..10_000)), Arc::new(StringArray::from_iter_values(text))];
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn plain_properties() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_dictionary_enabled(false).set_statistics_enabled(EnabledStatistics::None)
}

fn nested() -> Outcome<RecordBatch> {
    let mut lists = ListBuilder::new(Int32Builder::new());
    for i in 0..10 {
        lists.append_value((0..i).map(Some));
    }
    let lists = lists.finish();
    let fields = vec![Field::new("id", DataType::Int64, false), Field::new("numbers", lists.data_type().clone(), true)];
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(0..10)), Arc::new(lists)];
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

/// Column 0 of row group 1 begins with bytes that are no page header.
fn with_corrupt_page(file: &[u8]) -> Outcome<Vec<u8>> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes::Bytes::copy_from_slice(file))?;
    let start = usize::try_from(metadata.row_group(1).column(0).data_page_offset())?;
    let mut damaged = file.to_vec();
    damaged.get_mut(start..start + 16).ok_or("the page lies outside the file")?.fill(0xFF);
    Ok(damaged)
}

/// The footer says the codec of column "name" in row group 1 as a byte, so that there is none.
fn with_corrupt_chunk(file: &[u8]) -> Outcome<Vec<u8>> {
    // A list of one text, the path; then the codec, which is the next field, as an i32.
    const PATH_AND_CODEC: &[u8] = b"\x19\x18\x04name\x15";
    const BYTE: u8 = 0x13;
    let mut places = file.windows(PATH_AND_CODEC.len()).enumerate().filter(|(_, window)| *window == PATH_AND_CODEC);
    let (start, _) = places.nth(1).ok_or("the footer has no such chunk")?;
    let mut damaged = file.to_vec();
    *damaged.get_mut(start + PATH_AND_CODEC.len() - 1).ok_or("the chunk lies outside the file")? = BYTE;
    Ok(damaged)
}

/// `bytes` at so many bytes before the end of the file.
fn with_tail(file: &[u8], from_end: usize, bytes: &[u8]) -> Vec<u8> {
    let start = file.len() - from_end;
    let mut changed = file.to_vec();
    changed.splice(start..start + bytes.len(), bytes.iter().copied());
    changed
}
