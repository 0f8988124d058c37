//! The lab: files of one column, uncompressed, each with one encoding and one density of nulls.

use std::fs::File;
use std::sync::Arc;

use arrow_array::types::{Decimal128Type, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray, RecordBatch, StringArray};
use arrow_schema::DataType;
use parquet::basic::{Encoding, Type as PhysicalType};
use parquet::data_type::{Int96, Int96Type};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::random::{Random, words};
use crate::tables::{CHUNK_ROWS, chunks};
use crate::writing::Style;
use crate::{Size, lab_nested};

/// Rows of most files.
const ROWS: usize = 10_000_000;

/// Which rows are null.
#[derive(Debug, Clone, Copy)]
enum Nulls {
    /// The column is optional, and none is.
    None,
    Share(f64),
    /// Half of the rows, in runs.
    Runs,
    /// The column is required.
    Required,
}

/// Writes the file of that name.
pub fn write(name: &str, size: Size, file: File) {
    use Encoding::{BYTE_STREAM_SPLIT, DELTA_BINARY_PACKED, DELTA_BYTE_ARRAY, DELTA_LENGTH_BYTE_ARRAY, PLAIN, RLE};
    let rows = size.rows(ROWS);
    let by_dictionary = Style { dictionary_limit: Some(1 << 24), ..Style::default() };
    match name.trim_start_matches("m_") {
        "bool_plain" => bools(file, rows, PLAIN, Nulls::None),
        "bool_plain_null50" => bools(file, rows, PLAIN, Nulls::Share(0.5)),
        "bool_rle" => bools(file, rows, RLE, Nulls::None),
        "dec_flba" => decimals(file, rows, true),
        "dec_i64" => decimals(file, rows, false),
        "f32_bss" => {
            numbers::<Float32Type>(file, rows, Style::encoded(BYTE_STREAM_SPLIT), Nulls::None, |r, _| r.unit() as f32)
        }
        "f64_bss" => {
            numbers::<Float64Type>(file, rows, Style::encoded(BYTE_STREAM_SPLIT), Nulls::None, |r, _| r.unit())
        }
        "f64_dict_low" => {
            numbers::<Float64Type>(file, rows, by_dictionary, Nulls::None, |r, _| r.below(100) as f64 / 8.0)
        }
        "f64_plain" => numbers::<Float64Type>(file, rows, Style::encoded(PLAIN), Nulls::None, |r, _| r.unit()),
        "i32_delta" => numbers::<Int32Type>(file, rows, Style::encoded(DELTA_BINARY_PACKED), Nulls::None, rising_i32),
        "i32_dict_low" => numbers::<Int32Type>(file, rows, by_dictionary, Nulls::None, |r, _| r.below(100) as i32),
        "i32_plain" => numbers::<Int32Type>(file, rows, Style::encoded(PLAIN), Nulls::None, |r, _| r.bits() as i32),
        "i64_delta" => numbers::<Int64Type>(file, rows, Style::encoded(DELTA_BINARY_PACKED), Nulls::None, rising_i64),
        "i64_delta_rand" => {
            numbers::<Int64Type>(file, rows, Style::encoded(DELTA_BINARY_PACKED), Nulls::None, |r, _| {
                r.below(1 << 40) as i64
            })
        }
        "i64_dict_high" => numbers::<Int64Type>(file, rows, by_dictionary, Nulls::None, |r, _| r.below(60_000) as i64),
        "i64_dict_low" => numbers::<Int64Type>(file, rows, by_dictionary, Nulls::None, |r, _| r.below(100) as i64),
        "i64_dict_null1" => {
            numbers::<Int64Type>(file, rows, by_dictionary, Nulls::Share(0.01), |r, _| r.below(100) as i64)
        }
        "i64_dict_null50" => {
            numbers::<Int64Type>(file, rows, by_dictionary, Nulls::Share(0.5), |r, _| r.below(100) as i64)
        }
        "i64_dict_null99" => {
            numbers::<Int64Type>(file, rows, by_dictionary, Nulls::Share(0.99), |r, _| r.below(100) as i64)
        }
        "i64_dict_runs" => {
            numbers::<Int64Type>(file, rows, by_dictionary, Nulls::None, |_, row| (row / 50 % 977) as i64)
        }
        "i64_plain" => plain_i64(file, rows, Nulls::None, Style::encoded(PLAIN)),
        "i64_plain_null1" => plain_i64(file, rows, Nulls::Share(0.01), Style::encoded(PLAIN)),
        "i64_plain_null50" => plain_i64(file, rows, Nulls::Share(0.5), Style::encoded(PLAIN)),
        "i64_plain_null50_v2" => plain_i64(file, rows, Nulls::Share(0.5), second(Style::encoded(PLAIN))),
        "i64_plain_null99" => plain_i64(file, rows, Nulls::Share(0.99), Style::encoded(PLAIN)),
        "i64_plain_nullruns50" => plain_i64(file, rows, Nulls::Runs, Style::encoded(PLAIN)),
        "i64_plain_req" => plain_i64(file, rows, Nulls::Required, Style::encoded(PLAIN)),
        "str_dba" => strings(file, size.rows(4_000_000), Style::encoded(DELTA_BYTE_ARRAY), Nulls::None, sorted_text),
        "str_dict_high" => strings(file, rows, by_dictionary, Nulls::None, |r, _| words(r.below(50_000), 10)),
        "str_dict_low" => strings(file, rows, by_dictionary, Nulls::None, |r, _| words(r.below(100), 10)),
        "str_dict_low_v2" => strings(file, rows, second(by_dictionary), Nulls::None, |r, _| words(r.below(100), 10)),
        "str_dict_null50" => strings(file, rows, by_dictionary, Nulls::Share(0.5), |r, _| words(r.below(100), 10)),
        "str_dlba" => strings(file, rows, Style::encoded(DELTA_LENGTH_BYTE_ARRAY), Nulls::None, short_text),
        "str_plain" => strings(file, rows, Style::encoded(PLAIN), Nulls::None, short_text),
        "str_plain_long" => {
            strings(file, size.rows(1_500_000), Style::encoded(PLAIN), Nulls::None, |r, _| words(r.bits(), 80))
        }
        "str_plain_null50" => strings(file, rows, Style::encoded(PLAIN), Nulls::Share(0.5), short_text),
        "ts_int96" => int96(file, rows),
        "ts_us" => numbers::<TimestampMicrosecondType>(file, rows, Style::encoded(PLAIN), Nulls::None, |r, row| {
            1_700_000_000_000_000 + row as i64 * 1_000_000 + r.below(1_000_000) as i64
        }),
        _ => lab_nested::write(name, size, file),
    }
}

fn second(style: Style) -> Style {
    Style { version: WriterVersion::PARQUET_2_0, ..style }
}

fn rising_i32(random: &mut Random, row: usize) -> i32 {
    row as i32 * 8 + random.below(64) as i32
}

fn rising_i64(random: &mut Random, row: usize) -> i64 {
    row as i64 * 1000 + random.below(4000) as i64
}

fn short_text(random: &mut Random, _: usize) -> String {
    let value = random.bits();
    format!("{:x}", value >> (value % 8 * 4))
}

fn sorted_text(random: &mut Random, row: usize) -> String {
    format!("https://example.org/item/{:09}/{}", row * 3, random.below(10))
}

/// A column `v` of such values.
fn write_column(
    file: File,
    rows: usize,
    style: Style,
    nulls: Nulls,
    column: impl Fn(&mut Random, usize, Vec<bool>) -> ArrayRef + 'static,
) {
    let batch = move |first: usize, rows: usize| {
        let mut random = Random::new(first as u64 / CHUNK_ROWS as u64);
        let present = present(&mut random, rows, nulls);
        let values = column(&mut random, first, present);
        RecordBatch::try_from_iter_with_nullable([("v", values, !matches!(nulls, Nulls::Required))])
            .expect("one column")
    };
    style.write(file, chunks(rows, batch));
}

fn present(random: &mut Random, rows: usize, nulls: Nulls) -> Vec<bool> {
    let mut present = Vec::with_capacity(rows);
    while present.len() < rows {
        match nulls {
            Nulls::None | Nulls::Required => present.push(true),
            Nulls::Share(share) => present.push(!random.chance(share)),
            Nulls::Runs => {
                let is_present = random.chance(0.5);
                present.extend(std::iter::repeat_n(is_present, random.run(500.0)));
            }
        }
    }
    present.truncate(rows);
    present
}

fn numbers<T: ArrowPrimitiveType>(
    file: File,
    rows: usize,
    style: Style,
    nulls: Nulls,
    value: impl Fn(&mut Random, usize) -> T::Native + 'static,
) {
    write_column(file, rows, style, nulls, move |random, first, present| {
        let values = present.iter().enumerate().map(|(row, present)| present.then(|| value(random, first + row)));
        Arc::new(values.collect::<PrimitiveArray<T>>())
    });
}

fn plain_i64(file: File, rows: usize, nulls: Nulls, style: Style) {
    numbers::<Int64Type>(file, rows, style, nulls, |random, _| random.bits() as i64);
}

fn decimals(file: File, rows: usize, fixed_decimals: bool) {
    let style = Style { fixed_decimals, ..Style::encoded(Encoding::PLAIN) };
    write_column(file, rows, style, Nulls::None, |random, _, present| {
        let values = present.iter().map(|_| Some(random.below(100_000_000_000) as i128 - 50_000_000_000));
        let values = values.collect::<PrimitiveArray<Decimal128Type>>();
        Arc::new(values.with_data_type(DataType::Decimal128(15, 2)))
    });
}

fn bools(file: File, rows: usize, encoding: Encoding, nulls: Nulls) {
    let long_runs = encoding == Encoding::RLE;
    write_column(file, rows, Style::encoded(encoding), nulls, move |random, first, present| {
        let value = |row: usize| if long_runs { (first + row) / 100 % 3 == 0 } else { random.chance(0.5) };
        let values: Vec<bool> = (0..present.len()).map(value).collect();
        Arc::new(present.iter().zip(values).map(|(present, value)| present.then_some(value)).collect::<BooleanArray>())
    });
}

fn strings(
    file: File,
    rows: usize,
    style: Style,
    nulls: Nulls,
    value: impl Fn(&mut Random, usize) -> String + 'static,
) {
    write_column(file, rows, style, nulls, move |random, first, present| {
        let values = present.iter().enumerate().map(|(row, present)| present.then(|| value(random, first + row)));
        Arc::new(values.collect::<StringArray>())
    });
}

/// Timestamps of twelve bytes, which the Arrow writer does not write.
fn int96(file: File, rows: usize) {
    let column = Type::primitive_type_builder("v", PhysicalType::INT96).build().expect("a column");
    let schema = Type::group_type_builder("schema").with_fields(vec![Arc::new(column)]).build().expect("a schema");
    let properties = WriterProperties::builder().set_dictionary_enabled(false).build();
    let mut writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).expect("a writer");
    let mut random = Random::new(96);
    for first in (0..rows).step_by(1 << 20) {
        let mut row_group = writer.next_row_group().expect("a row group");
        let mut column = row_group.next_column().expect("a column").expect("its writer");
        let values: Vec<Int96> = (first..rows.min(first + (1 << 20))).map(|row| time(&mut random, row)).collect();
        let levels = vec![1; values.len()];
        column.typed::<Int96Type>().write_batch(&values, Some(&levels), None).expect("written values");
        column.close().expect("a column chunk");
        row_group.close().expect("a row group");
    }
    writer.close().expect("a whole file");
}

/// One second after the other from a Julian day on, with nanoseconds.
fn time(random: &mut Random, row: usize) -> Int96 {
    let nanoseconds = (row as u64 % 86_400) * 1_000_000_000 + random.below(1_000_000) * 1000;
    let mut value = Int96::new();
    value.set_data(nanoseconds as u32, (nanoseconds >> 32) as u32, 2_460_000 + (row / 86_400) as u32);
    value
}
