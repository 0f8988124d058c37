//! Bloom filters: which bytes are asked for, and the answers beside those of the `parquet` crate.

// Tests may stop where something is not as they expect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation
)]

mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BinaryArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, Float32Array, Float64Array,
    Int8Array, Int32Array, Int64Array, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
    UInt8Array, UInt64Array,
};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::bloom_filter::Sbbf;
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::file::properties::WriterProperties;
use pqpush::metadata::{BloomFilter, Probe};
use pqpush::{BloomFilterDecoder, BloomFilterStep, ByteRange, ErrorKind, Metadata, Result, ScanOptions};

use support::compare::whole_columns;
use support::corpus::corpus;
use support::host::{metadata, scan};
use support::random::Random;

/// Decodes a filter by answering what is asked for, in pieces of so many bytes; gives the ranges asked for as well.
fn decode(
    file: &Bytes,
    metadata: &Arc<Metadata>,
    [row_group, column]: [usize; 2],
    piece_bytes: usize,
) -> Result<(Arc<BloomFilter>, Vec<ByteRange>)> {
    let mut decoder = BloomFilterDecoder::new(Arc::clone(metadata), row_group, column)?;
    let mut asked = Vec::new();
    loop {
        match decoder.try_decode()? {
            BloomFilterStep::Finished(filter) => return Ok((filter, asked)),
            BloomFilterStep::NeedsData(ranges) => {
                for range in ranges {
                    asked.push(range);
                    let (start, end) = (range.offset as usize, range.end() as usize);
                    for from in (start..end).step_by(piece_bytes) {
                        decoder.push(from as u64, file.slice(from..end.min(from.saturating_add(piece_bytes))))?;
                    }
                }
            }
        }
    }
}

const ROWS: i64 = 500;

/// Columns of even numbers and what is made of them; and the same of odd ones, which no row has.
fn columns(odd: bool) -> Vec<ArrayRef> {
    let numbers = || (0..ROWS).map(move |row| row * 2 + i64::from(odd));
    let bytes: Vec<[u8; 8]> = numbers().map(i64::to_le_bytes).collect();
    let texts: Vec<String> = numbers().map(|number| format!("text {number}")).collect();
    let decimals = Decimal128Array::from_iter_values(numbers().map(|number| i128::from(number) - 500));
    let large = Decimal128Array::from_iter_values(numbers().map(|number| i128::from(number) << 70));
    vec![
        Arc::new(Int32Array::from_iter_values(numbers().map(|number| number as i32 - 500))),
        Arc::new(Int64Array::from_iter_values(numbers().map(|number| number - 500))),
        Arc::new(UInt64Array::from_iter_values(numbers().map(|number| u64::MAX - number as u64))),
        Arc::new(Float32Array::from_iter_values(numbers().map(|number| number as f32))),
        Arc::new(Float64Array::from_iter_values(numbers().map(|number| number as f64 / 3.0))),
        Arc::new(StringArray::from_iter_values(&texts)),
        Arc::new(BinaryArray::from_iter_values(&bytes)),
        Arc::new(FixedSizeBinaryArray::try_from_iter(bytes.iter()).unwrap()),
        Arc::new(Date32Array::from_iter_values(numbers().map(|number| number as i32))),
        Arc::new(TimestampMicrosecondArray::from_iter_values(numbers()).with_timezone("UTC")),
        Arc::new(decimals.with_precision_and_scale(9, 2).unwrap()),
        Arc::new(large.with_precision_and_scale(38, 4).unwrap()),
    ]
}

fn written() -> Bytes {
    let named = columns(false).into_iter().enumerate().map(|(index, array)| (format!("c{index}"), array));
    let rows = RecordBatch::try_from_iter(named).unwrap();
    let properties = WriterProperties::builder().set_bloom_filter_enabled(true).set_max_row_group_row_count(Some(300));
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, rows.schema(), Some(properties.build())).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    bytes.into()
}

#[test]
fn what_is_there_is_found_and_what_is_not_is_mostly_ruled_out() {
    let file = written();
    let metadata = metadata(&file).unwrap();
    let (present, absent) = (columns(false), columns(true));
    for (column, (present, absent)) in present.iter().zip(&absent).enumerate() {
        let mut filters = Vec::new();
        for row_group in [0, 1] {
            filters.push(decode(&file, &metadata, [row_group, column], usize::MAX).unwrap().0);
        }
        let mut ruled_out = 0;
        for row in 0..ROWS as usize {
            let filter = &filters[row / 300];
            assert!(filter.may_contain_any(&present.slice(row, 1)).unwrap(), "column {column}, row {row}");
            ruled_out += usize::from(!filter.may_contain_any(&absent.slice(row, 1)).unwrap());
        }
        assert!(ruled_out > 450, "column {column}: {ruled_out}");
        assert!(filters[0].may_contain_any(&present.slice(0, 10)).unwrap());
        assert!(!filters[0].may_contain_any(&present.slice(0, 0)).unwrap(), "nothing is looked for");
        assert!(!filters[0].may_contain_any(&arrow_array::new_null_array(present.data_type(), 3)).unwrap());
    }
}

#[test]
fn values_of_related_types_are_looked_for_and_others_refused() {
    let file = written();
    let metadata = metadata(&file).unwrap();
    let filter = |column| decode(&file, &metadata, [0, column], usize::MAX).unwrap().0;
    let there: [(usize, ArrayRef); 6] = [
        (0, Arc::new(Int8Array::from(vec![98]))),
        (1, Arc::new(UInt8Array::from(vec![98]))),
        (3, Arc::new(Float64Array::from(vec![8.0]))),
        (5, Arc::new(StringViewArray::from(vec!["text 8"]))),
        (5, Arc::new(BinaryArray::from(vec![&b"text 8"[..]]))),
        (9, Arc::new(TimestampMicrosecondArray::from(vec![8]))),
    ];
    for (column, values) in &there {
        assert!(filter(*column).may_contain_any(values).unwrap(), "{values:?}");
    }
    let not_there: [(usize, ArrayRef); 3] = [
        (0, Arc::new(Int64Array::from(vec![1 << 40]))),
        (2, Arc::new(Int64Array::from(vec![-2]))),
        (3, Arc::new(Float64Array::from(vec![0.1]))),
    ];
    for (column, values) in &not_there {
        assert!(!filter(*column).may_contain_any(values).unwrap(), "{values:?}");
    }
    let other_scale = Decimal128Array::from(vec![8]).with_precision_and_scale(9, 3).unwrap();
    let refused: [(usize, ArrayRef); 5] = [
        (0, Arc::new(Float64Array::from(vec![8.0]))),
        (5, Arc::new(Int64Array::from(vec![8]))),
        (8, Arc::new(Int32Array::from(vec![8]))),
        (9, Arc::new(arrow_array::TimestampSecondArray::from(vec![8]))),
        (10, Arc::new(other_scale)),
    ];
    for (column, values) in &refused {
        let error = filter(*column).may_contain_any(values).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{values:?}");
    }
}

#[test]
fn the_filter_is_asked_for_at_once_and_bytes_may_come_in_any_pieces() {
    let file = written();
    let metadata = metadata(&file).unwrap();
    let chunk = metadata.chunk(1, 5).unwrap();
    let place = ByteRange { offset: chunk.bloom_filter_offset.unwrap(), length: chunk.bloom_filter_length.unwrap() };
    let (_, asked) = decode(&file, &metadata, [1, 5], 1).unwrap();
    assert_eq!(asked, [place]);
    let mut decoder = BloomFilterDecoder::new(Arc::clone(&metadata), 1, 5).unwrap();
    decoder.push(0, file.clone()).unwrap();
    assert!(matches!(decoder.try_decode(), Ok(BloomFilterStep::Finished(_))), "the whole file is enough");
    assert!(matches!(decoder.try_decode(), Ok(BloomFilterStep::Finished(_))), "and again");
    assert_eq!(decoder.push(0, file.clone()).unwrap_err().kind(), ErrorKind::InvalidState);
    let mut decoder = BloomFilterDecoder::new(metadata, 1, 5).unwrap();
    let error = decoder.push(file.len() as u64, Bytes::from_static(b"x")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn bytes_that_are_no_filter_are_an_error_with_its_place_that_stays() {
    let file = written();
    let metadata = metadata(&file).unwrap();
    let offset = metadata.chunk(1, 5).unwrap().bloom_filter_offset.unwrap();
    for damage in [0x00, 0xff, 0x18] {
        let mut damaged = file.to_vec();
        damaged[offset as usize..offset as usize + 12].fill(damage);
        let mut decoder = BloomFilterDecoder::new(Arc::clone(&metadata), 1, 5).unwrap();
        decoder.push(0, damaged.into()).unwrap();
        let error = decoder.try_decode().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{damage:#x}: {error}");
        assert_eq!((error.file_offset(), error.row_group(), error.column()), (Some(offset), Some(1), Some(5)));
        assert_eq!(decoder.try_decode().unwrap_err().to_string(), error.to_string());
        assert_eq!(decoder.push(0, file.clone()).unwrap_err().to_string(), error.to_string());
    }
    for (row_group, column) in [(2, 0), (0, 12), (usize::MAX, usize::MAX)] {
        let error = BloomFilterDecoder::new(Arc::clone(&metadata), row_group, column).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}

/// The files of the corpus.
fn files() -> Vec<(String, Bytes)> {
    let mut folders: Vec<PathBuf> =
        corpus().map(|root| vec![root.join("parquet-testing"), root.join("wild")]).unwrap_or_default();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "parquet") {
                files.push((path.display().to_string(), fs::read(&path).unwrap().into()));
            }
        }
    }
    files
}

#[test]
fn filters_of_the_corpus_answer_as_the_oracle_does() {
    let (mut filters, mut answers, mut without_length) = (0, 0, 0);
    for (name, file) in files() {
        let (Ok(ours), Ok(theirs)) = (metadata(&file), ParquetMetaDataReader::new().parse_and_finish(&file)) else {
            continue;
        };
        for (row_group, group) in theirs.row_groups().iter().enumerate() {
            for (column, chunk) in group.columns().iter().enumerate() {
                let Ok(Some(oracle)) = Sbbf::read_from_column_chunk(chunk, &file) else { continue };
                let place = format!("{name}, row group {row_group}, column {column}");
                let (filter, asked) = decode(&file, &ours, [row_group, column], usize::MAX).expect(&place);
                let length = ours.chunk(row_group, column).unwrap().bloom_filter_length;
                assert_eq!(asked.len(), if length.is_some() { 1 } else { 2 }, "{place}");
                (filters, without_length) = (filters + 1, without_length + usize::from(length.is_none()));
                answers += compare(&filter, &oracle, &place);
                find_all(&file, &ours, &filter, [row_group, column], &place);
            }
        }
    }
    println!("{filters} filters, {without_length} of them of untold length; {answers} answers compared");
}

/// Asks both about values that may or may not be there.
fn compare(filter: &BloomFilter, oracle: &Sbbf, place: &str) -> usize {
    use pqpush::schema::PhysicalType::{ByteArray, Double, Float, Int32, Int64};
    let mut random = Random::new(7);
    for _ in 0..1000 {
        let bits = random.bits() as i64 % 2000;
        let text = bits.to_string();
        let (ours, theirs) = match filter.leaf().physical {
            Int32 => (Probe::Integer(i128::from(bits as u32)), oracle.check(&(bits as u32 as i32))),
            Int64 => (Probe::Integer(bits.into()), oracle.check(&bits)),
            Float => (Probe::Float(bits as f64 + 0.5), oracle.check(&(bits as f32 + 0.5))),
            Double => (Probe::Float(bits as f64 + 0.5), oracle.check(&(bits as f64 + 0.5))),
            ByteArray => (Probe::Bytes(text.as_bytes()), oracle.check(text.as_bytes())),
            _ => return 0,
        };
        let in_range = bits >= 0 || filter.leaf().physical != Int32;
        assert!(!in_range || filter.may_contain(ours).unwrap() == theirs, "{place}: {ours:?}");
    }
    1000
}

/// Every value of a flat chunk is found in its filter.
fn find_all(file: &Bytes, metadata: &Metadata, filter: &BloomFilter, [row_group, column]: [usize; 2], place: &str) {
    let path = filter.leaf().dotted_path();
    if metadata.schema.leaves_of(&path) != [column] {
        return;
    }
    let row_groups = Some(vec![row_group as u32]);
    let Ok(scan) =
        scan(file, ScanOptions { columns: Some(vec![path.to_owned()]), row_groups, ..ScanOptions::default() })
    else {
        return;
    };
    let values = whole_columns(&scan).remove(0);
    for row in (0..values.len()).filter(|&row| values.is_valid(row)) {
        assert!(filter.may_contain_any(&values.slice(row, 1)).unwrap(), "{place}, row {row}");
    }
}
