//! What is asserted of conditions in SQL over any file, and of its bloom filters: see [`predicates`].

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, RecordBatch, UInt64Array};
use bytes::Bytes;
use pqpush::metadata::{BloomFilter, ColumnChunk, Probe};
use pqpush::{BloomFilterDecoder, BloomFilterStep, ErrorKind, Metadata, Predicate, Result, ScanOptions};
use std::sync::Arc;

use super::fuzz::is_small;
use super::host::{self, Feed};
use super::hostile::some_batches;

/// A condition is parsed or refused as an argument. The rows for which it holds are rows of the file, unchanged unless an
/// index contradicts the pages, in order, the same however their bytes arrive, and for none of them its opposite holds.
/// Bloom filters are read, or refused, and answer. The first byte says how many of the next ones are the condition; then
/// comes the file.
pub fn predicates(data: &[u8]) -> bool {
    let Some((sql, file)) = data.split_first().and_then(|(length, rest)| rest.split_at_checked(*length as usize))
    else {
        return false;
    };
    let Ok(sql) = std::str::from_utf8(sql) else { return false };
    let condition = match Predicate::parse(sql) {
        Ok(condition) => Some(condition),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{sql:?}: {error:?}");
            None
        }
    };
    let file = Bytes::copy_from_slice(file);
    let Ok(metadata) = host::metadata(&file) else { return false };
    if !is_small(&metadata) {
        return false;
    }
    ask_bloom_filters(&file, &metadata);
    condition.is_some_and(|condition| is_split(&file, &metadata, condition))
}

fn is_split(file: &Bytes, metadata: &Metadata, condition: Predicate) -> bool {
    let opposite = Predicate::not(condition.clone());
    let held = rows(file, vec![condition.clone()], Feed::Asked);
    for feed in [Feed::Whole, Feed::PieceByPiece(3)] {
        let other = rows(file, vec![condition.clone()], feed);
        assert_eq!(held.as_ref().ok(), other.as_ref().ok(), "{feed:?} gives {other:?}, asking gives {held:?}");
    }
    let Ok(held) = held else { return false };
    let numbers = numbers(&held);
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    if let Ok(opposite) = rows(file, vec![opposite], Feed::Asked) {
        let both = self::numbers(&opposite).into_iter().find(|number| numbers.binary_search(number).is_ok());
        assert_eq!(both, None, "a condition holds for a row, and so does its opposite");
    }
    let mut chunks = (0..metadata.row_groups.len()).flat_map(|group| metadata.chunks(group)).flatten();
    if chunks.all(|chunk| chunk.offset_index_range.is_none())
        && let Ok(all) = rows(file, Vec::new(), Feed::Asked)
    {
        let kept = UInt64Array::from_iter_values(numbers.iter().map(|number| *number as u64));
        for (index, column) in all.columns().iter().enumerate() {
            let kept = arrow_select::take::take(column, &kept, None).expect("rows of the file");
            assert!(kept.as_ref() == held.column(index).as_ref(), "column {index}: {:?}", held.column(index));
        }
    }
    true
}

/// The rows for which all predicates hold, as one batch; the last column is their numbers.
fn rows(file: &Bytes, predicates: Vec<Predicate>, feed: Feed) -> Result<RecordBatch> {
    let options = ScanOptions { predicates, row_numbers: true, batch_rows: 50, ..ScanOptions::default() };
    let schema = pqpush::Decoder::new(host::metadata(file)?, options.clone())?.schema();
    let batches = some_batches(file, feed, options)?;
    for column in batches.iter().flat_map(RecordBatch::columns) {
        column.to_data().validate_full().expect("a sound array");
    }
    Ok(arrow_select::concat::concat_batches(&schema, &batches).expect("batches of one schema"))
}

fn numbers(rows: &RecordBatch) -> Vec<i64> {
    rows.columns().last().expect("row numbers").as_primitive::<Int64Type>().values().to_vec()
}

fn ask_bloom_filters(file: &Bytes, metadata: &Arc<Metadata>) {
    let chunks = (0..metadata.row_groups.len()).flat_map(|number| {
        let with_filter = move |(column, chunk): (usize, pqpush::Result<&ColumnChunk>)| {
            chunk.ok()?.bloom_filter_offset.map(|_| (number, column))
        };
        metadata.chunks(number).enumerate().filter_map(with_filter)
    });
    for (row_group, column) in chunks.take(50) {
        match bloom_filter(file, metadata, row_group, column) {
            Ok(filter) => {
                for probe in [Probe::Boolean(true), Probe::Integer(7), Probe::Float(-0.0), Probe::Bytes(b"abc")] {
                    if let Err(error) = filter.may_contain(probe) {
                        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{probe:?}: {error:?}");
                    }
                }
            }
            Err(error) => assert!(!matches!(error.kind(), ErrorKind::Internal | ErrorKind::InvalidState), "{error:?}"),
        }
    }
}

fn bloom_filter(file: &Bytes, metadata: &Arc<Metadata>, row_group: usize, column: usize) -> Result<Arc<BloomFilter>> {
    let mut decoder = BloomFilterDecoder::new(Arc::clone(metadata), row_group, column)?;
    loop {
        match decoder.try_decode()? {
            BloomFilterStep::Finished(filter) => return Ok(filter),
            BloomFilterStep::NeedsData(ranges) => {
                for range in ranges {
                    let range = range.offset as usize..range.end() as usize;
                    decoder.push(range.start as u64, file.slice(range))?;
                }
            }
        }
    }
}
