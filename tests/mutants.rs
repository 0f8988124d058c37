//! Hostile files: the mutants that the corpus's generator makes of real files, 1,170 of them, and damaged generated files
//! of every type, encoding and codec. Each gives its rows or a typed error: no panic, no hang, no memory that the file
//! cannot justify, whatever way the bytes arrive.

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

use std::any::Any;
use std::path::Path;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use arrow_array::RecordBatch;
use bytes::Bytes;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use pqpush::{ErrorKind, Result, ScanOptions, StringType};

use support::corpus::{corpus, mutants};
use support::fixture::{Coding, ColumnSpec, FileSpec, Nulls};
use support::host::{By, Feed, Feeder, metadata, scan_fed};
use support::kinds::ALL;
use support::memory;
use support::random::Random;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// Memory that a file may take over its own size.
const MOST_OVER_FILE: usize = 64 << 20;

/// A file of a few kilobytes that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(20);

fn scan_rows(file: &Bytes, feed: Feed, string_type: StringType, bound: Option<u64>) -> Result<Vec<RecordBatch>> {
    let metadata = metadata(file)?;
    let options = ScanOptions { string_type, max_buffered_bytes: bound, batch_rows: 100, ..ScanOptions::default() };
    let scan = scan_fed(Feeder::of_hostile(file, feed), metadata, options, By::Push)?;
    Ok(scan.batches.into_iter().map(|batch| batch.rows).collect())
}

/// Scans a file in several ways. How its bytes arrive, and the type of strings, decides neither whether it can be read
/// nor the rows; a bound on buffered bytes brings in the offset index, which may contradict the pages, so only the rows.
fn scan_all_ways(file: &Bytes) -> Result<usize> {
    let first = scan_rows(file, Feed::Asked, StringType::Utf8, None);
    for feed in [Feed::Whole, Feed::Shuffled(1), Feed::PieceByPiece(2)] {
        let other = scan_rows(file, feed, StringType::Utf8, None);
        let same = first.as_ref().ok() == other.as_ref().ok();
        assert!(same, "{feed:?} gives {:?}, asking gives {:?}", shown(&other), shown(&first));
    }
    for (feed, bound) in [(Feed::Asked, 2000), (Feed::Whole, 2000), (Feed::Shuffled(3), 1)] {
        let other = scan_rows(file, feed, StringType::Utf8, Some(bound));
        let same = first.as_ref().ok().zip(other.as_ref().ok()).is_none_or(|(first, other)| first == other);
        assert!(same, "{feed:?} within {bound} bytes gives other rows");
    }
    let views = scan_rows(file, Feed::Whole, StringType::Utf8View, None);
    assert_eq!(views.is_ok(), first.is_ok(), "Utf8View gives {:?}, Utf8 gives {:?}", shown(&views), shown(&first));
    if let Err(error) = &first {
        assert!(!error.message().is_empty());
        let blames_the_file = !matches!(error.kind(), ErrorKind::Internal | ErrorKind::InvalidState);
        assert!(blames_the_file, "{error:?}");
    }
    first.map(|batches| batches.iter().map(RecordBatch::num_rows).sum())
}

fn shown(scan: &Result<Vec<RecordBatch>>) -> std::result::Result<usize, String> {
    scan.as_ref().map(|batches| batches.iter().map(RecordBatch::num_rows).sum()).map_err(|error| format!("{error:?}"))
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic")
}

/// Whether a mutant can be read, or what is wrong with how it is taken.
fn outcome(file: Bytes) -> std::result::Result<bool, String> {
    // One file at a time, so that the memory counted is its own.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let size = file.len();
    let base = memory::start();
    let (done, finished) = mpsc::channel();
    let work = thread::spawn(move || {
        let result = scan_all_ways(&file);
        // The receiver is gone only after a timeout, which is reported there.
        let _ = done.send(());
        result
    });
    if finished.recv_timeout(LONGEST) == Err(mpsc::RecvTimeoutError::Timeout) {
        return Err(format!("still at work after {LONGEST:?}"));
    }
    let result = work.join().map_err(|panic| text(panic.as_ref()).to_owned())?;
    let peak = memory::peak_over(base);
    if peak > size + MOST_OVER_FILE {
        return Err(format!("{peak} bytes held for a file of {size}"));
    }
    Ok(result.is_ok())
}

fn files(directory: &Path) -> Vec<(String, Bytes)> {
    let entries = std::fs::read_dir(directory).expect("the generated mutants");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a mutant").path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        (name, Bytes::from(std::fs::read(path).expect("a readable mutant")))
    };
    paths.iter().map(read).collect()
}

/// How many of the files are read; fails with a line for each that is taken wrongly.
fn read_or_refused(files: impl IntoIterator<Item = (String, Bytes)>) -> usize {
    let (mut read, mut complaints) = (0, Vec::new());
    for (name, file) in files {
        match outcome(file) {
            Ok(is_read) => read += usize::from(is_read),
            Err(what) => complaints.push(format!("{name}: {what}")),
        }
    }
    assert!(complaints.is_empty(), "{} files:\n{}", complaints.len(), complaints.join("\n"));
    read
}

#[test]
fn mutants_give_rows_or_typed_errors() {
    let Some(corpus) = corpus() else { return };
    let directory = mutants(&corpus);
    let files = files(&directory);
    std::fs::remove_dir_all(&directory).expect("the mutants removed");
    assert_eq!(files.len(), 1170);
    let read = read_or_refused(files);
    // Mutations often hit what no reader looks at; if hardly a mutant were read, the rest would prove little.
    assert!(read > 250, "only {read} of 1170 mutants are read");
}

fn codecs() -> [Compression; 8] {
    [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::UNCOMPRESSED,
        Compression::LZ4_RAW,
        Compression::ZSTD(ZstdLevel::default()),
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::LZ4,
    ]
}

/// The description of a small file of one column, every type, encoding and page version in turn.
fn small_files() -> Vec<FileSpec> {
    let mut specs = Vec::new();
    for kind in ALL {
        let dictionaries: &[Coding] = match kind.takes_dictionary() {
            true => &[Coding::Dictionary, Coding::DictionaryFallback],
            false => &[],
        };
        let others = kind.encodings().iter().map(|encoding| Coding::As(*encoding));
        for coding in [Coding::Plain].into_iter().chain(dictionaries.iter().copied()).chain(others) {
            for v2 in [false, true] {
                let seed = specs.len();
                let nulls = [Nulls::Required, Nulls::Random(30)][seed / 2 % 2];
                let column = ColumnSpec::new("c", *kind, nulls, coding).with_codec(codecs()[seed / 3 % 8]);
                let mut spec = FileSpec::new(vec![column], 120, 50);
                (spec.v2, spec.seed, spec.page_index) = (v2, seed as u64, seed % 5 != 0);
                specs.push(spec);
            }
        }
    }
    specs
}

/// One to four bytes of a file changed, mostly in pages and page headers; or a piece of it overwritten or cut out.
fn damaged(file: &[u8], random: &mut Random) -> Bytes {
    let mut bytes = file.to_vec();
    let start = random.below(bytes.len());
    let piece = start..bytes.len().min(start + 1 + random.below(16));
    match random.below(8) {
        0 => bytes[piece].fill(random.pick(&[0, 0x7f, 0x80, 0xff])),
        1 => drop(bytes.drain(piece)),
        _ => {
            for _ in 0..1 + random.below(4) {
                let place = random.below(bytes.len());
                bytes[place] = random.pick(&[0, 1, 0x7f, 0x80, 0xff, bytes[place] ^ 1, bytes[place].wrapping_add(1)]);
            }
        }
    }
    Bytes::from(bytes)
}

#[test]
fn damaged_files_give_rows_or_typed_errors() {
    let mut random = Random::new(1);
    let mut files = Vec::new();
    for (number, spec) in small_files().iter().enumerate() {
        let file = spec.write().bytes;
        for damage in 0..60 {
            files.push((format!("damage {damage} of file {number}, {spec:?}"), damaged(&file, &mut random)));
        }
    }
    let count = files.len();
    let read = read_or_refused(files);
    assert!(read > count / 5, "only {read} of {count} damaged files are read");
}
