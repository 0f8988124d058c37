//! Lists, structs and maps: single columns of the lab, and a table of them.

use std::fs::File;
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, ListBuilder, MapBuilder, StringBuilder};
use arrow_array::{ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, StructArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field};

use crate::Size;
use crate::random::{Random, words};
use crate::tables::{CHUNK_ROWS, chunks};
use crate::writing::Style;

/// Writes the file of the lab of that name.
pub fn write(name: &str, size: Size, file: File) {
    let (rows, column): (usize, fn(&mut Random, usize) -> ArrayRef) = match name {
        "m_list_i32" => (2_000_000, |random, rows| lists_of_numbers(random, rows, 0.0)),
        "m_list_i32_nulls" => (2_000_000, |random, rows| lists_of_numbers(random, rows, 0.1)),
        "m_list_list_i32" => (500_000, lists_of_lists),
        "m_list_str" => (2_000_000, lists_of_strings),
        "m_map_str_i32" => (2_000_000, maps),
        "m_struct" => (5_000_000, structs),
        other => panic!("there is no {other} in the lab"),
    };
    let batch = move |first: usize, rows: usize| {
        let values = column(&mut Random::new((first / CHUNK_ROWS) as u64), rows);
        RecordBatch::try_from_iter_with_nullable([("v", values, true)]).expect("one column")
    };
    Style::default().write(file, chunks(size.rows(rows), batch));
}

/// An identifier, a list of numbers, a list of strings, a map, and a struct with nulls.
pub fn table(first: usize, rows: usize) -> RecordBatch {
    let mut random = Random::new(55_000 + (first / CHUNK_ROWS) as u64);
    let random = &mut random;
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from_iter_values((first..first + rows).map(|row| row as i64)))),
        ("numbers", lists_of_numbers(random, rows, 0.05)),
        ("names", lists_of_strings(random, rows)),
        ("attributes", maps(random, rows)),
        ("place", structs(random, rows)),
    ];
    let nullable = columns.into_iter().map(|(name, values)| (name, values, true));
    RecordBatch::try_from_iter_with_nullable(nullable).expect("columns of one length")
}

/// Lists of none to seven numbers; `nulls` of the lists and of the numbers are null.
fn lists_of_numbers(random: &mut Random, rows: usize, nulls: f64) -> ArrayRef {
    let mut builder = ListBuilder::new(Int32Builder::new());
    for _ in 0..rows {
        if random.chance(nulls) {
            builder.append_null();
            continue;
        }
        for _ in 0..random.below(8) {
            builder.values().append_option((!random.chance(nulls)).then(|| random.below(100_000) as i32));
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn lists_of_lists(random: &mut Random, rows: usize) -> ArrayRef {
    let mut builder = ListBuilder::new(ListBuilder::new(Int32Builder::new()));
    for _ in 0..rows {
        for _ in 0..random.below(6) {
            for _ in 0..random.below(8) {
                builder.values().values().append_value(random.below(1000) as i32);
            }
            builder.values().append(true);
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn lists_of_strings(random: &mut Random, rows: usize) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for _ in 0..rows {
        for _ in 0..random.below(6) {
            builder.values().append_value(words(random.below(3000), 10));
        }
        builder.append(true);
    }
    Arc::new(builder.finish())
}

fn maps(random: &mut Random, rows: usize) -> ArrayRef {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    for _ in 0..rows {
        for key in 0..random.below(6) {
            builder.keys().append_value(format!("key {}", key * 10 + random.below(10)));
            builder.values().append_option((!random.chance(0.1)).then(|| random.below(1 << 20) as i32));
        }
        builder.append(true).expect("as many keys as values");
    }
    Arc::new(builder.finish())
}

/// Structs of a number, a double and a string; a tenth is null.
fn structs(random: &mut Random, rows: usize) -> ArrayRef {
    let present: Vec<bool> = (0..rows).map(|_| !random.chance(0.1)).collect();
    let numbers = Int32Array::from_iter((0..rows).map(|_| (!random.chance(0.05)).then(|| random.below(5000) as i32)));
    let doubles = Float64Array::from_iter_values((0..rows).map(|_| random.unit()));
    let texts = StringArray::from_iter_values((0..rows).map(|_| words(random.below(500), 8)));
    let fields = vec![
        Field::new("number", DataType::Int32, true),
        Field::new("double", DataType::Float64, true),
        Field::new("text", DataType::Utf8, true),
    ];
    let columns: Vec<ArrayRef> = vec![Arc::new(numbers), Arc::new(doubles), Arc::new(texts)];
    Arc::new(StructArray::new(fields.into(), columns, Some(NullBuffer::from(present))))
}
