//! Values of one width that lie aligned in a PLAIN page are handed out where they lie, without a copy; where they do not,
//! or a batch has values of two pages or nulls, they are copied. Either way they are the same values.

// Tests may stop where something is not as they expect.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod support;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StructArray};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use pqpush::predicate::{Comparison, Predicate};
use pqpush::{RowSelection, ScanOptions, SelectionPolicy};

use support::compare::{assert_values, reference, whole_columns};
use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls, Values};
use support::handmade::*;
use support::host::{By, Feed, Scan, scan_with};
use support::kinds::{Kind, Lengths};
use support::random::mix;

/// A batch of fewer bytes is copied, and one that is less than a fourth of its page.
const LEAST_BYTES: usize = 1024;
const LEAST_SHARE: usize = 4;

/// How the one column of a file is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Int32,
    Int64,
    Double,
    Fixed5,
}

/// Page versions, and version 1 with levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    V1,
    V1Optional,
    V2,
    V2Optional,
}

impl Kept {
    fn width(self) -> usize {
        match self {
            Self::Int32 => 4,
            Self::Int64 | Self::Double => 8,
            Self::Fixed5 => 5,
        }
    }

    fn alignment(self) -> usize {
        if self == Self::Fixed5 { 1 } else { self.width() }
    }

    fn value(self, row: usize) -> Vec<u8> {
        mix(row as u64).to_le_bytes()[..self.width()].to_vec()
    }

    fn column(self, pages: Vec<Page>) -> Column {
        let column = |physical| Column::new("c", physical, pages);
        match self {
            Self::Int32 => column(INT32),
            Self::Int64 => column(INT64),
            Self::Double => column(DOUBLE),
            Self::Fixed5 => column(FIXED).fixed(5),
        }
    }

    /// The bytes of the values of an array.
    fn bytes(self, array: &ArrayRef) -> &[u8] {
        match self {
            Self::Int32 => array.as_primitive::<Int32Type>().values().inner().as_slice(),
            Self::Int64 => array.as_primitive::<Int64Type>().values().inner().as_slice(),
            Self::Double => array.as_primitive::<Float64Type>().values().inner().as_slice(),
            Self::Fixed5 => array.as_fixed_size_binary().value_data(),
        }
    }
}

/// A file of one column without compression, and where its pages lie.
struct File {
    kept: Kept,
    bytes: Bytes,
    pages: Vec<PageOfFile>,
    null: Option<usize>,
}

struct PageOfFile {
    rows: Range<usize>,
    /// Where in the file the values begin, and bytes of the page with levels; of version 2 without.
    values: usize,
    length: usize,
}

impl File {
    /// Pages of so many rows; one of the rows may be null.
    fn new(kept: Kept, form: Form, page_rows: &[usize], null: Option<usize>) -> Self {
        let mut first = 0;
        let (mut pages, mut bodies) = (Vec::new(), Vec::new());
        for count in page_rows {
            let rows = first..first + count;
            let present: Vec<u32> = rows.clone().map(|row| (Some(row) != null) as u32).collect();
            let nulls = present.iter().filter(|bit| **bit == 0).count();
            let values: Vec<u8> =
                rows.clone().filter(|row| Some(*row) != null).flat_map(|row| kept.value(row)).collect();
            let runs = if nulls == 0 { rle_run(*count as u64, 1, 1) } else { levels(&present) };
            let front = match form {
                Form::V1 | Form::V2 => Vec::new(),
                Form::V1Optional => prefixed(runs),
                Form::V2Optional => runs,
            };
            let body = [front.clone(), values.clone()].concat();
            let length = if matches!(form, Form::V1 | Form::V1Optional) { body.len() } else { values.len() };
            pages.push(match form {
                Form::V1 | Form::V1Optional => data_v1(*count as i32, PLAIN, body),
                Form::V2 | Form::V2Optional => data_v2(V2::new(*count as i32, nulls as i32, PLAIN, front.len()), body),
            });
            bodies.push((rows.clone(), values, length));
            first = rows.end;
        }
        let mut column = kept.column(pages);
        column.optional = matches!(form, Form::V1Optional | Form::V2Optional);
        let bytes = file(first as i64, vec![column]);
        let pages = bodies.into_iter().map(|(rows, values, length)| {
            let values = bytes.windows(64).position(|window| window == &values[..64]).expect("the values of the page");
            PageOfFile { rows, values, length }
        });
        Self { kept, pages: pages.collect(), bytes: bytes.clone(), null }
    }

    /// The same bytes at an address of this remainder; counts how often they are let go of.
    fn placed(&self, remainder: usize, let_go: &Arc<AtomicUsize>) -> Bytes {
        let mut memory = vec![0u8; self.bytes.len() + 128];
        let start = memory.as_ptr().align_offset(64) + remainder;
        memory[start..][..self.bytes.len()].copy_from_slice(&self.bytes);
        let whole = Bytes::from_owner(Owner(memory, Arc::clone(let_go)));
        whole.slice(start..start + self.bytes.len())
    }

    fn rows(&self) -> usize {
        self.pages.last().map_or(0, |page| page.rows.end)
    }

    /// Where in the file the values of a batch of `rows` lie, if they are to be handed out there.
    fn in_place(&self, rows: &Range<usize>, batch_rows: usize, remainder: usize) -> Option<usize> {
        let page = self.pages.iter().find(|page| page.rows.contains(&rows.start))?;
        let nulls = |rows: Range<usize>| self.null.is_some_and(|null| rows.contains(&null)) as usize;
        let bytes = |rows: Range<usize>| (rows.len() - nulls(rows)) * self.kept.width();
        let start = page.values + bytes(page.rows.start..rows.start);
        let length = bytes(rows.clone());
        let is_one_page = rows.end <= page.rows.end && rows.len() == batch_rows;
        let is_large = length >= LEAST_BYTES && length >= page.length / LEAST_SHARE;
        let is_aligned = (start + remainder).is_multiple_of(self.kept.alignment());
        (is_one_page && nulls(rows.clone()) == 0 && is_large && is_aligned).then_some(start)
    }

    /// Scans the file at an address of this remainder. Asserts all values, and which arrays lie in it, of how many the
    /// number is returned.
    fn check(&self, remainder: usize, options: &ScanOptions, feed: Feed) -> usize {
        let let_go = Arc::default();
        let bytes = self.placed(remainder, &let_go);
        let memory = bytes.as_ptr() as usize..bytes.as_ptr() as usize + bytes.len();
        let scan = scan_with(&bytes, options.clone(), feed, By::Push).expect("a good file");
        let mut row = options.offset as usize;
        let mut count = 0;
        for batch in scan.rows() {
            let array = batch.column(0);
            let rows = row..row + array.len();
            let values = self.kept.bytes(array);
            for (at, row) in rows.clone().enumerate() {
                let width = self.kept.width();
                assert_eq!(array.is_null(at), Some(row) == self.null);
                assert!(array.is_null(at) || values[at * width..][..width] == self.kept.value(row), "row {row}");
            }
            let start = values.as_ptr() as usize;
            let place = memory.contains(&start).then(|| start - memory.start);
            let full = options.batch_rows.min(self.rows() - options.offset as usize);
            assert_eq!(place, self.in_place(&rows, full, remainder), "{:?} {rows:?} {remainder}", self.kept);
            count += place.is_some() as usize;
            row = rows.end;
        }
        let_go_with_the_batches(scan, bytes, &let_go, count);
        count
    }
}

/// The decoder is gone; the host's bytes go with the last batch that lies in them.
fn let_go_with_the_batches(scan: Scan, bytes: Bytes, let_go: &AtomicUsize, in_place: usize) {
    drop(bytes);
    let is_needed = in_place > 0;
    assert_eq!(let_go.load(Ordering::Relaxed), usize::from(!is_needed));
    drop(scan);
    assert_eq!(let_go.load(Ordering::Relaxed), 1);
}

/// Memory of a host that tells when it is let go of.
struct Owner(Vec<u8>, Arc<AtomicUsize>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

const KINDS: [Kept; 4] = [Kept::Int32, Kept::Int64, Kept::Double, Kept::Fixed5];
const FORMS: [Form; 4] = [Form::V1, Form::V1Optional, Form::V2, Form::V2Optional];

fn batches_of(batch_rows: usize) -> ScanOptions {
    ScanOptions { batch_rows, ..ScanOptions::default() }
}

#[test]
fn aligned_pages_are_not_copied_and_others_are() {
    for kept in KINDS {
        for form in FORMS {
            let file = File::new(kept, form, &[3000, 2000, 5000, 40, 2500], None);
            for batch_rows in [100, 1000, 1024, 2500, 20_000] {
                let counts: Vec<usize> =
                    (0..8).map(|shift| file.check(shift, &batches_of(batch_rows), Feed::Asked)).collect();
                // Somewhere every page lies aligned. 20000 rows lie in several pages.
                let is_expected = batch_rows * kept.width() >= LEAST_BYTES && batch_rows < 20_000;
                assert_eq!(counts.iter().any(|count| *count > 0), is_expected, "{kept:?} {form:?} {batch_rows}");
            }
        }
    }
}

#[test]
fn batches_with_nulls_are_copied() {
    for kept in KINDS {
        for form in [Form::V1Optional, Form::V2Optional] {
            // The first page has three whole batches, the other one, which may lie aligned at the same address.
            for (null, first_page) in [(0, 2), (4400, 2), (6999, 3), (7000, 3), (10_999, 3)] {
                let file = File::new(kept, form, &[7000, 4000], Some(null));
                let most = (0..8).map(|shift| file.check(shift, &batches_of(2000), Feed::Asked)).max().unwrap();
                assert!(most == first_page || most == first_page + 1, "{kept:?} {form:?} {null}: {most}");
            }
        }
    }
}

/// Every fourth row is dropped after all were decoded, so that a page has values for more than a batch, and the batch needs
/// the next page too.
#[test]
fn a_batch_that_began_in_place_goes_on_in_another_page() {
    let is_wanted = |row: usize| row % 4 != 1;
    for (form, null) in [(Form::V1, None), (Form::V1Optional, Some(3010)), (Form::V2Optional, Some(3000))] {
        for kept in KINDS {
            let file = File::new(kept, form, &[3000, 500, 3100, 2900], null);
            let rows: Vec<usize> = (0..file.rows()).filter(|row| is_wanted(*row)).collect();
            for (shift, batch_rows) in (0..8).flat_map(|shift| [2300, 2500, 4000].map(|batch_rows| (shift, batch_rows)))
            {
                let runs = (0..file.rows()).map(|row| (1, is_wanted(row)));
                let selection = RowSelection::from_runs(runs).unwrap();
                let policy = SelectionPolicy::Bitmap;
                let options =
                    ScanOptions { row_selection: Some(selection), selection_policy: policy, ..batches_of(batch_rows) };
                let scan = scan_with(&file.placed(shift, &Arc::default()), options, Feed::Asked, By::Push).unwrap();
                let array = &whole_columns(&scan)[0];
                assert_eq!(array.len(), rows.len());
                for (at, row) in rows.iter().enumerate() {
                    let value = &kept.bytes(array)[at * kept.width()..][..kept.width()];
                    assert_eq!(array.is_null(at), Some(*row) == null);
                    assert!(array.is_null(at) || value == kept.value(*row), "{kept:?} row {row}");
                }
            }
        }
    }
}

#[test]
fn bytes_in_any_pieces() {
    let file = File::new(Kept::Int64, Form::V1, &[3000, 3000, 3000], None);
    let options = batches_of(1500);
    assert!((0..8).any(|shift| file.check(shift, &options, Feed::Whole) > 0));
    for feed in [Feed::WholeShuffled(1), Feed::Split(2), Feed::PieceByPiece(3), Feed::Duplicated(4)] {
        for by in [By::Push, By::PushCopy] {
            let scan = scan_with(&file.bytes, options.clone(), feed, by).unwrap();
            let values = whole_columns(&scan)[0].as_primitive::<Int64Type>().values().to_vec();
            assert!(values.iter().enumerate().all(|(row, value)| value.to_le_bytes() == *file.kept.value(row)));
        }
    }
}

/// Memory of the library is not kept for a part of it. Copies of values of five bytes would lie aligned anywhere.
#[test]
fn copies_of_pushed_bytes_are_let_go_of() {
    let file = File::new(Kept::Fixed5, Form::V1, &[3000, 3000], None);
    for (by, is_kept) in [(By::Push, true), (By::PushCopy, false)] {
        let scan = scan_with(&file.bytes, batches_of(1500), Feed::Asked, by).unwrap();
        let places: Vec<usize> =
            scan.rows().iter().map(|rows| file.kept.bytes(rows.column(0)).as_ptr() as usize).collect();
        assert_eq!(places[1].wrapping_sub(places[0]) == 1500 * 5, is_kept, "{by:?}");
    }
}

#[test]
fn skipped_rows_and_predicates() {
    let file = File::new(Kept::Int64, Form::V1, &[3000, 3000, 3000], None);
    let all: Vec<i64> = (0..9000).map(|row| mix(row) as i64).collect();
    for shift in 0..8 {
        file.check(shift, &ScanOptions { offset: 123, ..batches_of(1500) }, Feed::Asked);
        let bytes = file.placed(shift, &Arc::default());
        let read = |options| {
            let scan = scan_with(&bytes, options, Feed::Asked, By::Push).unwrap();
            whole_columns(&scan)[0].as_primitive::<Int64Type>().values().to_vec()
        };
        let ranges = [10..2990, 3100..3101, 4000..8999];
        let selected: Vec<i64> = ranges.iter().flat_map(|rows| all[rows.clone()].iter().copied()).collect();
        let bits = (0..9000).map(|row| ranges.iter().any(|rows| rows.contains(&row)));
        let selection = RowSelection::from_bitmap(bits.collect());
        assert_eq!(read(ScanOptions { row_selection: Some(selection), ..batches_of(700) }), selected);
        for least in [i64::MIN / 100 * 98, 0, i64::MAX / 100 * 98] {
            let kept: Vec<i64> = all.iter().copied().filter(|value| *value > least).collect();
            let predicate =
                Predicate::compare("c", Comparison::Greater, Arc::new(Int64Array::from(vec![least]))).unwrap();
            for batch_rows in [700, 1500] {
                assert_eq!(read(ScanOptions { predicates: vec![predicate.clone()], ..batches_of(batch_rows) }), kept);
            }
        }
    }
}

#[test]
fn batches_of_a_decompressed_page_lie_next_to_each_other() {
    for codec in [Compression::SNAPPY, Compression::LZ4_RAW, Compression::ZSTD(Default::default())] {
        for (nulls, v2) in [(Nulls::Required, false), (Nulls::None, false), (Nulls::None, true)] {
            // Values that do not compress would be stored as they are.
            let column = ColumnSpec::new("c", Kind::Int64, nulls, Coding::Plain).with_codec(codec);
            let column = column.with_values(Values::Few(7), Lengths::Short);
            let mut spec = FileSpec::new(vec![column], 40_000, 20_000);
            spec.v2 = v2;
            let file = spec.write().bytes;
            let scan = scan_with(&file, batches_of(8192), Feed::Asked, By::Push).unwrap();
            assert_values(&whole_columns(&scan)[0], &reference(&file, &batches_of(8192)).columns[0], "decompressed");
            let places: Vec<usize> =
                scan.rows().iter().map(|rows| Kept::Int64.bytes(rows.column(0)).as_ptr() as usize).collect();
            assert_eq!(places[1].wrapping_sub(places[0]), 8192 * 8, "{codec:?} {nulls:?} {v2}");
        }
    }
}

/// A file of one column of booleans without compression: its rows, and where in it the bits of each page lie.
fn booleans(optional: bool, page_rows: &[usize]) -> (Bytes, Vec<(Range<usize>, Range<usize>)>) {
    let (mut first, mut pages, mut values) = (0, Vec::new(), Vec::new());
    for count in page_rows {
        let mut bits = vec![0u8; count.div_ceil(8)];
        (0..*count).for_each(|at| bits[at / 8] |= (is_set(first + at) as u8) << (at % 8));
        let front = if optional { prefixed(rle_run(*count as u64, 1, 1)) } else { Vec::new() };
        pages.push(data_v1(*count as i32, PLAIN, [front, bits.clone()].concat()));
        values.push((first..first + count, bits));
        first += count;
    }
    let mut column = Column::new("c", BOOLEAN, pages);
    column.optional = optional;
    let bytes = file(first as i64, vec![column]);
    let place = |bits: &[u8]| bytes.windows(64).position(|window| window == &bits[..64]).expect("the bits of the page");
    let values = values.into_iter().map(|(rows, bits)| (rows, place(&bits)..place(&bits) + bits.len())).collect();
    (bytes, values)
}

fn is_set(row: usize) -> bool {
    mix(row as u64) & 1 == 1
}

#[test]
fn booleans_begin_at_any_bit() {
    for optional in [false, true] {
        let (file, pages) = booleans(optional, &[20_001, 9_003, 30_000, 16_384, 40_000]);
        for (batch_rows, offset) in [(8192, 0), (8192, 5), (8191, 0), (9003, 20_001), (10_000, 3), (20_000, 1)] {
            let let_go = Arc::default();
            let bytes = Bytes::from_owner(Owner(file.to_vec(), Arc::clone(&let_go)));
            let memory = bytes.as_ptr() as usize;
            let options = ScanOptions { offset, ..batches_of(batch_rows) };
            let scan = scan_with(&bytes, options, Feed::Asked, By::Push).expect("a good file");
            let (mut row, mut in_place) = (offset as usize, 0);
            for batch in scan.rows() {
                let array = batch.column(0).as_boolean();
                let rows = row..row + array.len();
                assert!(rows.clone().zip(array.values()).all(|(row, value)| value == is_set(row)), "{rows:?}");
                let start = array.values().values().as_ptr() as usize;
                let place = file.len().checked_sub(1).filter(|last| (memory..=memory + last).contains(&start));
                let page = pages.iter().find(|(page, _)| page.contains(&rows.start) && rows.end <= page.end);
                let expected = page.filter(|(_, bits)| {
                    let levels = if optional { 4 + 3 + 1 } else { 0 };
                    rows.len() == batch_rows && batch_rows / 8 >= LEAST_BYTES.max((bits.len() + levels) / LEAST_SHARE)
                });
                let bit = |(page, bits): &(Range<usize>, Range<usize>)| (bits.start * 8) + rows.start - page.start;
                let found = place.map(|_| (start - memory) * 8 + array.values().offset());
                assert_eq!(found, expected.map(bit), "{rows:?} of {batch_rows}");
                in_place += usize::from(found.is_some());
                row = rows.end;
            }
            assert_eq!(row, pages.last().unwrap().0.end);
            assert_eq!(in_place > 0, batch_rows != 8191);
            let_go_with_the_batches(scan, bytes, &let_go, in_place);
        }
    }
}

/// Rows are picked out of arrays that begin at any bit, and those go on in another page.
#[test]
fn booleans_that_are_picked() {
    let (file, pages) = booleans(true, &[20_001, 9_003, 30_000]);
    let rows = pages.last().unwrap().0.end;
    for every in [2, 3, 7, 100] {
        let is_wanted = |row: usize| row % every != 1;
        let wanted: Vec<bool> = (0..rows).filter(|row| is_wanted(*row)).map(is_set).collect();
        for batch_rows in [8192, 9000, 25_000] {
            let selection = RowSelection::from_bitmap((0..rows).map(is_wanted).collect());
            let policy = SelectionPolicy::Bitmap;
            let options =
                ScanOptions { row_selection: Some(selection), selection_policy: policy, ..batches_of(batch_rows) };
            let scan = scan_with(&file, options, Feed::Asked, By::Push).unwrap();
            let array = whole_columns(&scan)[0].as_boolean().clone();
            assert_eq!(array.values().iter().collect::<Vec<_>>(), wanted, "{every} {batch_rows}");
        }
    }
}

#[test]
fn booleans_below_a_group() {
    let bits: BooleanArray = (0..50_000).map(|row| Some(is_set(row))).collect();
    let group = StructArray::try_from(vec![("flag", Arc::new(bits.clone()) as ArrayRef)]).unwrap();
    let rows = RecordBatch::try_from_iter([("group", Arc::new(group) as ArrayRef)]).unwrap();
    let properties = WriterProperties::builder().set_dictionary_enabled(false).set_write_batch_size(1000).build();
    let mut file = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut file, rows.schema(), Some(properties)).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    let file = Bytes::from(file);
    let flags = |rows: &RecordBatch| rows.column(0).as_struct().column(0).as_boolean().clone();
    let scan = scan_with(&file, batches_of(9001), Feed::Whole, By::Push).unwrap();
    let batches: Vec<BooleanArray> = scan.rows().iter().map(|rows| flags(rows)).collect();
    assert!(batches.iter().flat_map(|batch| batch.iter()).eq(bits.iter()));
    assert!(batches.iter().any(|batch| batch.values().offset() > 0));
    let is_wanted = |row: usize| !row.is_multiple_of(3);
    let selection = RowSelection::from_bitmap((0..bits.len()).map(is_wanted).collect());
    let options = ScanOptions { row_selection: Some(selection), ..batches_of(9001) };
    let scan = scan_with(&file, options, Feed::Whole, By::Push).unwrap();
    let wanted: Vec<_> = (0..bits.len()).filter(|row| is_wanted(*row)).map(|row| Some(is_set(row))).collect();
    let found: Vec<_> = scan.rows().iter().flat_map(|rows| flags(rows).iter().collect::<Vec<_>>()).collect();
    assert_eq!(found, wanted);
}
