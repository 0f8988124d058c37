//! How hostile files are taken: rows or a typed error, no panic, no hang, no memory that the file cannot justify, no
//! array that is unsound, and the same whatever way the bytes arrive.

use std::any::Any;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use arrow_array::{Array, RecordBatch};
use bytes::Bytes;
use pqpush::{Decoder, ErrorKind, Result, ScanOptions, Step, StringType};

use super::host::{Feed, Feeder, metadata};
use super::memory;
use super::random::Random;

/// Rows are counted by the file, and nulls take no bytes: of a file that claims more, the first batches have to do.
const MOST_BATCHES: usize = 2000;

/// Memory that a file may take over its own size.
const MOST_OVER_FILE: usize = 64 << 20;

/// A file of a few kilobytes that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(20);

fn scan_rows(file: &Bytes, feed: Feed, string_type: StringType, bound: Option<u64>) -> Result<Vec<RecordBatch>> {
    let options = ScanOptions { string_type, max_buffered_bytes: bound, batch_rows: 100, ..ScanOptions::default() };
    let batches = some_batches(file, feed, options)?;
    for column in batches.iter().flat_map(RecordBatch::columns) {
        if let Err(error) = column.to_data().validate_full() {
            panic!("{feed:?} gives an array that is not sound: {error}");
        }
    }
    Ok(batches)
}

/// The batches of a scan, not all where there are too many.
pub fn some_batches(file: &Bytes, feed: Feed, options: ScanOptions) -> Result<Vec<RecordBatch>> {
    let mut decoder = Decoder::new(metadata(file)?, options)?;
    let mut feeder = Feeder::of_hostile(file, feed);
    let mut batches = Vec::new();
    feeder.before(&mut |offset, data| decoder.push(offset, data))?;
    while batches.len() < MOST_BATCHES {
        match decoder.try_decode()? {
            Step::RowGroupEnd(_) => {}
            Step::Finished => break,
            Step::Batch(batch) => batches.push(batch.rows),
            Step::NeedsData(ranges) => feeder.answer(&ranges, &mut |offset, data| decoder.push(offset, data))?,
        }
    }
    Ok(batches)
}

/// Scans a file in several ways. How its bytes arrive, and the type of strings, decides neither whether it can be read
/// nor the rows; a bound on buffered bytes brings in the offset index, which may contradict the pages, so only the rows.
pub fn scan_all_ways(file: &Bytes, seed: u64) -> Result<usize> {
    let first = scan_rows(file, Feed::Asked, StringType::Utf8, None);
    for feed in [Feed::Whole, Feed::Shuffled(seed), Feed::PieceByPiece(seed)] {
        let other = scan_rows(file, feed, StringType::Utf8, None);
        let same = first.as_ref().ok() == other.as_ref().ok();
        assert!(same, "{feed:?} gives {:?}, asking gives {:?}", shown(&other), shown(&first));
    }
    for (feed, bound) in [(Feed::Asked, 2000), (Feed::Whole, 2000), (Feed::Shuffled(seed), 1)] {
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

/// What a panic says.
pub fn text(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic")
}

/// Whether a mutant can be read, or what is wrong with how it is taken.
pub fn outcome(file: Bytes) -> std::result::Result<bool, String> {
    let _alone = memory::alone();
    let size = file.len();
    let base = memory::start();
    let (done, finished) = mpsc::channel();
    let work = thread::spawn(move || {
        let result = scan_all_ways(&file, 1);
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

/// How many of the files are read; fails with a line for each that is taken wrongly.
pub fn read_or_refused(files: impl IntoIterator<Item = (String, Bytes)>) -> usize {
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

/// One to four bytes of a file changed, mostly in pages and page headers; or a piece of it overwritten or cut out.
pub fn damaged(file: &[u8], random: &mut Random) -> Bytes {
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
