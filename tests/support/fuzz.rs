//! What is asserted of any bytes, by one function a question. Fuzz targets (fuzz/) call these, and so do tests over the
//! corpus and mutations of it, with or without a fuzzer. Each says whether the bytes were read, so that a run can tell
//! whether it asked anything.

use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchReader};
use arrow_schema::DataType;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use pqpush::{ErrorKind, Metadata, Result, ScanOptions, StringType};

use super::fuzz_predicates::predicates;
use super::handmade::*;
use super::host::{self, Feed, metadata_options};
use super::hostile::{scan_all_ways, some_batches};
use super::slow;
use super::well_typed::is_well_typed;

/// What is asserted of some bytes, and whether they were read.
pub type Body = fn(&[u8]) -> bool;

/// The functions by name.
pub const TARGETS: &[(&str, Body)] = &[
    ("metadata", metadata),
    ("file", file),
    ("encodings", encodings),
    ("splits", splits),
    ("predicates", predicates),
    ("snappy", super::fuzz_snappy::snappy),
];

/// Inputs longer than this only take time.
const LONGEST: usize = 1 << 20;

/// Files of more rows are not compared.
const MOST_ROWS: u64 = 20_000;

/// Files that say that they unfold to more only take time; whether they are taken in bounded memory, tests/hostile.rs asks.
const MOST_UNFOLDED: u64 = 8 << 20;

/// Metadata are read, or refused with an error of the file, in the same way however they arrive; and what can be asked of
/// them has an answer.
pub fn metadata(data: &[u8]) -> bool {
    if data.len() > LONGEST {
        return false;
    }
    let file = Bytes::copy_from_slice(data);
    let asked = host::metadata(&file);
    for (hint, feed) in [(8, Feed::Asked), (64, Feed::Merged), (1 << 16, Feed::PieceByPiece(5))] {
        let options = pqpush::MetadataOptions { footer_size_hint: hint, ..metadata_options() };
        let other = host::metadata_with(&file, options, feed);
        assert_eq!(other.is_ok(), asked.is_ok(), "{feed:?} with a hint of {hint}: {other:?} instead of {asked:?}");
    }
    match &asked {
        Err(error) => assert_is_of_the_file(error.kind()),
        Ok(metadata) => ask_everything(metadata),
    }
    asked.is_ok()
}

fn ask_everything(metadata: &Metadata) {
    for column in 0..metadata.schema.leaves.len().min(100) {
        for statistics in [
            metadata.column_statistics(column, StringType::Utf8),
            metadata.page_statistics(column, StringType::Utf8View),
        ] {
            match statistics {
                Ok(array) => array.to_data().validate_full().expect("sound statistics"),
                Err(error) => assert_is_of_the_file(error.kind()),
            }
        }
    }
}

fn assert_is_of_the_file(kind: ErrorKind) {
    assert!(!matches!(kind, ErrorKind::Internal | ErrorKind::InvalidState | ErrorKind::InvalidArgument), "{kind:?}");
}

/// A file that both read has the same rows here and in the `parquet` crate.
pub fn file(data: &[u8]) -> bool {
    if data.len() > LONGEST {
        return false;
    }
    let file = Bytes::copy_from_slice(data);
    let Ok(metadata) = host::metadata(&file) else { return false };
    if !is_small(&metadata) {
        return false;
    }
    let options = ScanOptions { ignore_arrow_schema: true, ..ScanOptions::default() };
    let ours = match some_batches(&file, Feed::Asked, options) {
        Ok(batches) => batches,
        Err(error) => {
            assert_is_of_the_file(error.kind());
            return false;
        }
    };
    for column in ours.iter().flat_map(RecordBatch::columns) {
        column.to_data().validate_full().expect("a sound array");
    }
    let theirs = quietly(|| reference(&file)).flatten();
    if let Some(Err(difference)) = theirs.as_ref().map(|theirs| same(&ours, theirs)) {
        assert!(!is_well_typed(data, &metadata), "{difference}");
    }
    theirs.is_some()
}

/// Whether a file is worth the time.
pub fn is_small(metadata: &Metadata) -> bool {
    let chunks = (0..metadata.row_groups.len()).flat_map(|group| metadata.chunks(group)).flatten();
    let unfolded = chunks.fold(0, |sum: u64, chunk| sum.saturating_add(chunk.uncompressed_bytes));
    metadata.row_count() <= MOST_ROWS && metadata.schema.leaves.len() <= 1000 && unfolded <= MOST_UNFOLDED
}

/// What the reference reads, if it does.
fn reference(file: &Bytes) -> Option<Vec<RecordBatch>> {
    let hidden = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file.clone(), hidden).ok()?;
    // Where the footer's own number of rows is wrong, the reference goes by that.
    let metadata = builder.metadata();
    let rows: i64 = metadata.row_groups().iter().map(|group| group.num_rows()).sum();
    if rows != metadata.file_metadata().num_rows() {
        return None;
    }
    let reader = builder.with_batch_size(8192).build().ok()?;
    let has_intervals = reader.schema().fields().iter().any(|field| field.data_type().to_string().contains("Interval"));
    let batches = reader.collect::<std::result::Result<Vec<_>, _>>().ok()?;
    // The reference drops the months of intervals.
    (!has_intervals).then_some(batches)
}

/// What `body` gives; nothing where it panics, which the reference may.
fn quietly<T>(body: impl FnOnce() -> T) -> Option<T> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = catch_unwind(AssertUnwindSafe(body));
    std::panic::set_hook(hook);
    outcome.ok()
}

/// Ok where the rows are the same, else the first difference.
fn same(ours: &[RecordBatch], theirs: &[RecordBatch]) -> std::result::Result<(), String> {
    let rows = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
    if rows(ours) != rows(theirs) {
        return Err(format!("{} rows, the reference has {}", rows(ours), rows(theirs)));
    }
    let (Some(first), Some(their_first)) = (ours.first(), theirs.first()) else { return Ok(()) };
    if first.num_columns() != their_first.num_columns() {
        return Err(format!("{} columns, the reference has {}", first.num_columns(), their_first.num_columns()));
    }
    for index in 0..first.num_columns() {
        let (ours, theirs) = (whole(ours, index), whole(theirs, index));
        if ours.data_type() == theirs.data_type() && ours.as_ref() != theirs.as_ref() {
            let name = first.schema().field(index).name().clone();
            return Err(format!("column {index} {name}: {ours:?}, the reference has {theirs:?}"));
        }
    }
    Ok(())
}

fn whole(batches: &[RecordBatch], column: usize) -> ArrayRef {
    let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(column).as_ref()).collect();
    arrow_select::concat::concat(&parts).expect("parts of one type")
}

/// A file is read in the same way whatever way its bytes arrive. The first byte chooses the ways.
pub fn splits(data: &[u8]) -> bool {
    let Some((seed, data)) = data.split_first().filter(|(_, data)| data.len() <= LONGEST) else { return false };
    let file = Bytes::copy_from_slice(data);
    host::metadata(&file).is_ok_and(|metadata| is_small(&metadata)) && scan_all_ways(&file, *seed as u64).is_ok()
}

/// A page of any bytes, in any encoding, is decoded as the slow decoder has it, or refused by both. The first three bytes
/// choose type, encoding and number of values.
pub fn encodings(data: &[u8]) -> bool {
    let [choice, count, levels, body @ ..] = data else { return false };
    if body.len() > 1 << 14 {
        return false;
    }
    let cases = cases();
    let case = &cases[*choice as usize % cases.len()];
    let count = *count as usize * if levels & 0x80 == 0 { 1 } else { 9 };
    let expected = if levels & 1 == 0 { case.required(count, body) } else { case.optional(count, body) };
    let file = case.file(count, levels & 1 != 0, levels & 2 != 0, body);
    for (options, feed) in [(ScanOptions::default(), Feed::Whole), (small_batches(), Feed::Asked)] {
        let ours = values(&file, options, feed);
        let same = match (&ours, &expected) {
            (Ok(ours), Some(expected)) => ours == expected,
            (Err(error), None) => error.kind() == ErrorKind::Corrupt,
            _ => false,
        };
        assert!(same, "{case:?}, {count} values, levels {levels:#x}, body {body:?}: {ours:?} instead of {expected:?}");
    }
    expected.is_some()
}

fn small_batches() -> ScanOptions {
    ScanOptions { batch_rows: 13, string_type: StringType::Utf8View, ..ScanOptions::default() }
}

/// A physical type and an encoding of it.
#[derive(Debug, Clone, Copy)]
struct Coded {
    physical: i32,
    /// Bytes of a value; 0 where values have lengths of their own.
    width: usize,
    encoding: i32,
}

fn cases() -> Vec<Coded> {
    let mut cases = Vec::new();
    let mut add = |physical, width, encodings: &[i32]| {
        cases.extend(encodings.iter().map(|encoding| Coded { physical, width, encoding: *encoding }));
    };
    add(BOOLEAN, 1, &[PLAIN, RLE]);
    for (physical, width) in [(INT32, 4), (INT64, 8)] {
        add(physical, width, &[PLAIN, RLE_DICTIONARY, DELTA_BINARY_PACKED, BYTE_STREAM_SPLIT]);
    }
    for (physical, width) in [(FLOAT, 4), (DOUBLE, 8)] {
        add(physical, width, &[PLAIN, RLE_DICTIONARY, BYTE_STREAM_SPLIT]);
    }
    add(BYTE_ARRAY, 0, &[PLAIN, RLE_DICTIONARY, DELTA_LENGTH_BYTE_ARRAY, DELTA_BYTE_ARRAY]);
    for width in [1, 5, 16] {
        add(FIXED, width, &[PLAIN, RLE_DICTIONARY, DELTA_BYTE_ARRAY, BYTE_STREAM_SPLIT]);
    }
    cases
}

/// Dictionaries have so many entries.
const ENTRIES: u64 = 300;

type Cells = Vec<Option<Vec<u8>>>;

impl Coded {
    fn entry(&self, index: u64) -> Vec<u8> {
        let bytes = super::random::mix(index).to_le_bytes().repeat(2);
        bytes[..if self.width == 0 { index as usize % 15 } else { self.width }].to_vec()
    }

    fn dictionary(&self) -> Page {
        let entries = (0..ENTRIES).map(|index| self.entry(index));
        let body: Vec<u8> = match self.width {
            0 => entries.flat_map(|entry| plain_bytes(&[&entry])).collect(),
            _ => entries.flatten().collect(),
        };
        dictionary(ENTRIES as i32, PLAIN, body)
    }

    /// All rows of a page without levels, as they should be.
    fn required(&self, count: usize, body: &[u8]) -> Option<Cells> {
        Some(self.values(count, body)?.into_iter().map(Some).collect())
    }

    /// The rows of a page of which every third is null.
    fn optional(&self, count: usize, body: &[u8]) -> Option<Cells> {
        let mut values = self.values(present(count).filter(|present| *present).count(), body)?.into_iter();
        Some(present(count).map(|is_present| if is_present { values.next() } else { None }).collect())
    }

    fn values(&self, count: usize, body: &[u8]) -> Option<Vec<Vec<u8>>> {
        // A page without any value needs no bytes, whatever the encoding.
        if count == 0 {
            return Some(Vec::new());
        }
        match (self.encoding, self.width) {
            (PLAIN, _) if self.physical == BOOLEAN => slow::booleans(body, count),
            (PLAIN, 0) => slow::byte_arrays(body, count),
            (PLAIN, width) => slow::fixed(body, width, count),
            (RLE, _) => {
                let (length, rest) = body.split_first_chunk::<4>()?;
                let runs = rest.get(..u32::from_le_bytes(*length) as usize)?;
                Some(slow::hybrid(runs, 1, count)?.into_iter().map(|bit| vec![bit as u8 & 1]).collect())
            }
            (RLE_DICTIONARY, _) => {
                let (width, runs) = body.split_first().filter(|(width, _)| **width <= 32)?;
                let indexes = slow::hybrid(runs, *width as usize, count)?;
                indexes.into_iter().map(|index| (index < ENTRIES).then(|| self.entry(index))).collect()
            }
            (DELTA_BINARY_PACKED, width) => {
                let numbers = slow::deltas(body, count, width == 4)?;
                Some(numbers.into_iter().map(|number| number.to_le_bytes()[..width].to_vec()).collect())
            }
            (DELTA_LENGTH_BYTE_ARRAY, _) => slow::delta_lengths(body, count),
            (DELTA_BYTE_ARRAY, width) => {
                let values = slow::delta_byte_arrays(body, count)?;
                values.iter().all(|value| width == 0 || value.len() == width).then_some(values)
            }
            (_, width) => slow::split(body, width, count),
        }
    }

    fn file(&self, count: usize, is_optional: bool, v2: bool, body: &[u8]) -> Bytes {
        let levels: Vec<u32> = present(count).map(u32::from).collect();
        let nulls = if is_optional { levels.iter().filter(|level| **level == 0).count() as i32 } else { 0 };
        let levels = if is_optional && count > 0 { bit_packed_run(&levels, 1) } else { Vec::new() };
        let page = match (v2, is_optional) {
            (true, _) => {
                let header = V2::new(count as i32, nulls, self.encoding, levels.len());
                data_v2(header, [levels, body.to_vec()].concat())
            }
            (false, true) => data_v1(count as i32, self.encoding, [prefixed(levels), body.to_vec()].concat()),
            (false, false) => data_v1(count as i32, self.encoding, body.to_vec()),
        };
        let pages = if self.encoding == RLE_DICTIONARY { vec![self.dictionary(), page] } else { vec![page] };
        let mut column = Column::new("c", self.physical, pages).chunk(|chunk| chunk.value_count = Some(count as i64));
        column.type_length = (self.physical == FIXED).then_some(self.width as i32);
        column.optional = is_optional;
        super::handmade::file(count as i64, vec![column])
    }
}

/// Which rows of an optional column are there.
fn present(count: usize) -> impl Iterator<Item = bool> {
    (0..count).map(|row| row % 3 != 1)
}

/// The values of the only column as the bytes that PLAIN has for them.
fn values(file: &Bytes, options: ScanOptions, feed: Feed) -> Result<Cells> {
    let batches = some_batches(file, feed, options)?;
    Ok(batches.iter().flat_map(|batch| cells(batch.column(0))).collect())
}

fn cells(array: &ArrayRef) -> Cells {
    use arrow_array::cast::AsArray;
    use arrow_array::types::*;
    let some = |bytes: &[u8]| Some(bytes.to_vec());
    match array.data_type() {
        DataType::Boolean => array.as_boolean().iter().map(|cell| cell.map(|bit| vec![bit as u8])).collect(),
        DataType::Int32 => {
            array.as_primitive::<Int32Type>().iter().map(|c| c.map(|n| n.to_le_bytes().to_vec())).collect()
        }
        DataType::Int64 => {
            array.as_primitive::<Int64Type>().iter().map(|c| c.map(|n| n.to_le_bytes().to_vec())).collect()
        }
        DataType::Float32 => {
            array.as_primitive::<Float32Type>().iter().map(|c| c.map(|n| n.to_le_bytes().to_vec())).collect()
        }
        DataType::Float64 => {
            array.as_primitive::<Float64Type>().iter().map(|c| c.map(|n| n.to_le_bytes().to_vec())).collect()
        }
        DataType::Binary => array.as_binary::<i32>().iter().map(|cell| cell.and_then(some)).collect(),
        DataType::BinaryView => array.as_binary_view().iter().map(|cell| cell.and_then(some)).collect(),
        _ => array.as_fixed_size_binary().iter().map(|cell| cell.and_then(some)).collect(),
    }
}
