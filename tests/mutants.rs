//! Hostile files: the mutants that the corpus's generator makes of real files, 1,170 of them. Each gives its rows or a
//! typed error: no panic, no hang, no memory that the file cannot justify, whatever way the bytes arrive.

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
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use arrow_array::RecordBatch;
use bytes::Bytes;
use pqpush::{ErrorKind, Result, ScanOptions, StringType};

use support::corpus::{corpus, flat_columns, mutants};
use support::host::{By, Feed, Feeder, metadata, scan_fed};
use support::memory;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// Memory that a file may take over its own size.
const MOST_OVER_FILE: usize = 64 << 20;

/// A file of a few kilobytes that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(20);

fn scan_flat(file: &Bytes, feed: Feed, string_type: StringType, bound: Option<u64>) -> Result<Vec<RecordBatch>> {
    let metadata = metadata(file)?;
    let columns = Some(flat_columns(&metadata));
    let options =
        ScanOptions { columns, string_type, max_buffered_bytes: bound, batch_rows: 100, ..ScanOptions::default() };
    let scan = scan_fed(Feeder::of_hostile(file, feed), metadata, options, By::Push)?;
    Ok(scan.batches.into_iter().map(|batch| batch.rows).collect())
}

/// Scans a mutant in several ways. How its bytes arrive, in how much memory, and the type of strings, decide neither
/// whether it can be read nor the rows.
fn scan_all_ways(file: &Bytes) -> Result<usize> {
    let first = scan_flat(file, Feed::Asked, StringType::Utf8, None);
    let unbounded = [Feed::Whole, Feed::Shuffled(1), Feed::PieceByPiece(2)].map(|feed| (feed, None));
    let bounded = [(Feed::Asked, Some(2000)), (Feed::Whole, Some(2000)), (Feed::Shuffled(3), Some(1))];
    for (feed, bound) in unbounded.into_iter().chain(bounded) {
        let other = scan_flat(file, feed, StringType::Utf8, bound);
        let same = first.as_ref().ok() == other.as_ref().ok();
        assert!(same, "{feed:?} within {bound:?} gives {:?}, asking gives {:?}", shown(&other), shown(&first));
    }
    let views = scan_flat(file, Feed::Whole, StringType::Utf8View, None);
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

#[test]
fn mutants_give_rows_or_typed_errors() {
    let Some(corpus) = corpus() else { return };
    let directory = mutants(&corpus);
    let files = files(&directory);
    std::fs::remove_dir_all(&directory).expect("the mutants removed");
    assert_eq!(files.len(), 1170);
    let (mut read, mut complaints) = (0, Vec::new());
    for (name, file) in files {
        match outcome(file) {
            Ok(is_read) => read += usize::from(is_read),
            Err(what) => complaints.push(format!("{name}: {what}")),
        }
    }
    assert!(complaints.is_empty(), "{} of 1170 mutants:\n{}", complaints.len(), complaints.join("\n"));
    // Mutations often hit what no reader looks at; if hardly a mutant were read, the rest would prove little.
    assert!(read > 250, "only {read} of 1170 mutants are read");
}
