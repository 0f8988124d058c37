//! Fake hosts: they own the bytes of a file and drive the decoders in every way that the contract allows.
//!
//! Each host watches what it is asked for: ranges ascend, are disjoint, not empty, joined up to the gap, inside the
//! file, and hold no byte that was pushed before. So no loop here can go round without progress.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use pqpush::{
    Batch, ByteRange, Decoder, Metadata, MetadataDecoder, MetadataOptions, MetadataStep, Metrics, PageIndexPolicy,
    Result, ScanOptions, Step,
};

use super::random::Random;

/// A hostile file of the corpus has far fewer pages.
const MOST_STEPS: usize = 20_000;

/// In which pieces and in which order bytes are pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feed {
    /// The file in one push before the first step.
    Whole,
    /// The file in shuffled pieces before the first step.
    WholeShuffled(u64),
    /// The asked ranges, each in one push.
    Asked,
    /// All asked ranges, cut into pieces, in file order.
    Split(u64),
    /// All asked ranges, cut into pieces, in random order.
    Shuffled(u64),
    /// All asked ranges, cut into pieces, last piece first.
    Backwards(u64),
    /// Everything from the first asked byte to the last in one push.
    Merged,
    /// The asked ranges twice, the second time in pieces.
    Duplicated(u64),
    /// One random piece of one asked range between two steps.
    PieceByPiece(u64),
    /// One byte between two steps, from the front.
    ByteByByte,
    /// One byte between two steps, from the back.
    ByteByByteBackwards,
}

/// Every way of feeding that is quick enough for any file.
pub fn quick_feeds(seed: u64) -> Vec<Feed> {
    vec![
        Feed::Whole,
        Feed::WholeShuffled(seed),
        Feed::Asked,
        Feed::Split(seed),
        Feed::Shuffled(seed),
        Feed::Backwards(seed),
        Feed::Merged,
        Feed::Duplicated(seed),
        Feed::PieceByPiece(seed),
    ]
}

/// Which function takes the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Push,
    PushCopy,
}

/// What a scan came to.
#[derive(Debug)]
pub struct Scan {
    pub schema: SchemaRef,
    pub batches: Vec<Batch>,
    pub metrics: Metrics,
    /// The ranges of each NEEDS_DATA.
    pub asked: Vec<Vec<ByteRange>>,
}

impl Scan {
    /// The rows of the batches.
    pub fn rows(&self) -> Vec<&RecordBatch> {
        self.batches.iter().map(|batch| &batch.rows).collect()
    }

    /// How many rows there are.
    pub fn row_count(&self) -> usize {
        self.batches.iter().map(|batch| batch.rows.num_rows()).sum()
    }
}

/// Metadata options with the defaults of the contract.
pub fn metadata_options() -> MetadataOptions {
    MetadataOptions {
        footer_size_hint: 64 * 1024,
        page_index: PageIndexPolicy::IfPresent,
        max_metadata_bytes: 256 * 1024 * 1024,
        decryption: None,
    }
}

/// Reads the metadata of a file, pushing exactly what is asked for.
pub fn metadata(file: &Bytes) -> Result<Arc<Metadata>> {
    metadata_with(file, metadata_options(), Feed::Asked)
}

/// Reads the metadata of a file in pieces.
pub fn metadata_with(file: &Bytes, options: MetadataOptions, feed: Feed) -> Result<Arc<Metadata>> {
    let mut decoder = MetadataDecoder::new(file.len() as u64, options)?;
    let mut feeder = Feeder::new(file, feed, 0);
    feeder.before(&mut |offset, data| decoder.push(offset, data))?;
    loop {
        match decoder.try_decode()? {
            MetadataStep::Finished(metadata) => return Ok(metadata),
            MetadataStep::NeedsData(ranges) => {
                feeder.answer(&ranges, &mut |offset, data| decoder.push(offset, data))?;
            }
        }
    }
}

/// Scans a file with the ranges that it asks for.
pub fn scan(file: &Bytes, options: ScanOptions) -> Result<Scan> {
    scan_with(file, options, Feed::Asked, By::Push)
}

/// Scans a file, fed in a certain way.
pub fn scan_with(file: &Bytes, options: ScanOptions, feed: Feed, by: By) -> Result<Scan> {
    scan_metadata(file, metadata(file)?, options, feed, by)
}

/// Scans a file whose metadata is known.
pub fn scan_metadata(file: &Bytes, metadata: Arc<Metadata>, options: ScanOptions, feed: Feed, by: By) -> Result<Scan> {
    let feeder = Feeder::new(file, feed, options.coalesce_gap);
    scan_fed(feeder, metadata, options, by)
}

/// Scans a file that a feeder gives.
pub fn scan_fed(feeder: Feeder<'_>, metadata: Arc<Metadata>, options: ScanOptions, by: By) -> Result<Scan> {
    drive(Decoder::new(metadata, options)?, feeder, by)
}

/// Runs a decoder to its end.
pub fn drive(mut decoder: Decoder, mut feeder: Feeder<'_>, by: By) -> Result<Scan> {
    let mut batches = Vec::new();
    feeder.before(&mut |offset, data| push(&mut decoder, by, offset, data))?;
    loop {
        match decoder.try_decode()? {
            Step::RowGroupEnd(_) => {}
            Step::Finished => break,
            Step::Batch(batch) => batches.push(batch),
            Step::NeedsData(ranges) => {
                feeder.answer(&ranges, &mut |offset, data| push(&mut decoder, by, offset, data))?;
            }
        }
    }
    assert!(matches!(decoder.try_decode()?, Step::Finished), "Finished does not last");
    assert_eq!(decoder.buffered_bytes(), 0, "bytes held after Finished");
    Ok(Scan { schema: decoder.schema(), batches, metrics: decoder.metrics(), asked: feeder.asked })
}

fn push(decoder: &mut Decoder, by: By, offset: u64, data: Bytes) -> Result<()> {
    match by {
        By::Push => decoder.push(offset, data),
        By::PushCopy => decoder.push_copy(offset, &data),
    }
}

/// Which bytes were pushed: ascending, disjoint, joined where they touch.
#[derive(Debug, Default)]
pub struct Coverage(Vec<ByteRange>);

impl Coverage {
    /// Adds a range.
    pub fn add(&mut self, range: ByteRange) {
        let first = self.0.partition_point(|known| known.end() < range.offset);
        let last = self.0.partition_point(|known| known.offset <= range.end());
        let start = self.0.get(first).filter(|_| first < last).map_or(range.offset, |r| r.offset.min(range.offset));
        let end = if first < last { self.0[last - 1].end().max(range.end()) } else { range.end() };
        self.0.splice(first..last, [ByteRange::between(start, end)]);
    }

    /// How many bytes of `range` were added before.
    pub fn overlap(&self, range: ByteRange) -> u64 {
        let first = self.0.partition_point(|known| known.end() <= range.offset);
        let overlaps = self.0[first..].iter().take_while(|known| known.offset < range.end());
        overlaps.map(|known| known.end().min(range.end()) - known.offset.max(range.offset)).sum()
    }
}

type Push<'a> = &'a mut dyn FnMut(u64, Bytes) -> Result<()>;

/// The side of a host that answers NEEDS_DATA.
pub struct Feeder<'a> {
    file: &'a Bytes,
    feed: Feed,
    gap: u64,
    random: Random,
    pushed: Coverage,
    asked: Vec<Vec<ByteRange>>,
    hostile: bool,
}

impl<'a> Feeder<'a> {
    /// A feeder of `file`; ranges may hold pushed bytes where a gap of that size is bridged.
    pub fn new(file: &'a Bytes, feed: Feed, gap: u64) -> Self {
        let seed = match feed {
            Feed::WholeShuffled(seed) | Feed::Split(seed) | Feed::Shuffled(seed) | Feed::Backwards(seed) => seed,
            Feed::Duplicated(seed) | Feed::PieceByPiece(seed) => seed,
            _ => 0,
        };
        let (pushed, asked) = (Coverage::default(), Vec::new());
        Self { file, feed, gap, random: Random::new(seed), pushed, asked, hostile: false }
    }

    /// A feeder of a file whose chunks may overlap: their bytes may be asked for again, but not without end.
    pub fn of_hostile(file: &'a Bytes, feed: Feed) -> Self {
        Self { hostile: true, ..Self::new(file, feed, 0) }
    }

    /// What is pushed before the first step.
    pub fn before(&mut self, push: Push<'_>) -> Result<()> {
        let whole = ByteRange { offset: 0, length: self.file.len() as u64 };
        match self.feed {
            Feed::Whole => self.give(whole, push),
            Feed::WholeShuffled(_) => {
                let mut pieces = self.cut(&[whole]);
                self.random.shuffle(&mut pieces);
                pieces.into_iter().try_for_each(|piece| self.give(piece, push))
            }
            _ => Ok(()),
        }
    }

    /// Checks what is asked and pushes some or all of it.
    pub fn answer(&mut self, ranges: &[ByteRange], push: Push<'_>) -> Result<()> {
        self.check(ranges);
        if !matches!(self.feed, Feed::ByteByByte | Feed::ByteByByteBackwards) {
            self.asked.push(ranges.to_vec());
        }
        for piece in self.pieces(ranges) {
            self.give(piece, push)?;
        }
        Ok(())
    }

    fn pieces(&mut self, ranges: &[ByteRange]) -> Vec<ByteRange> {
        let (first, last) = (ranges[0], ranges[ranges.len() - 1]);
        match self.feed {
            Feed::Whole | Feed::WholeShuffled(_) if self.hostile => ranges.to_vec(),
            Feed::Whole | Feed::WholeShuffled(_) => panic!("{ranges:?} asked for after the whole file was pushed"),
            Feed::Asked => ranges.to_vec(),
            Feed::Merged => vec![ByteRange::between(first.offset, last.end())],
            Feed::Duplicated(_) => [ranges.to_vec(), self.cut(ranges)].concat(),
            Feed::Split(_) => self.cut(ranges),
            Feed::Backwards(_) => self.cut(ranges).into_iter().rev().collect(),
            Feed::Shuffled(_) => {
                let mut pieces = self.cut(ranges);
                self.random.shuffle(&mut pieces);
                pieces
            }
            Feed::PieceByPiece(_) => {
                let pieces = self.cut(ranges);
                vec![self.random.pick(&pieces)]
            }
            Feed::ByteByByte => vec![ByteRange { offset: first.offset, length: 1 }],
            Feed::ByteByByteBackwards => vec![ByteRange { offset: last.end() - 1, length: 1 }],
        }
    }

    fn check(&self, ranges: &[ByteRange]) {
        assert!(!ranges.is_empty(), "NeedsData without a range");
        assert!(!self.hostile || self.asked.len() < MOST_STEPS, "still asking for {ranges:?} after {MOST_STEPS} steps");
        for range in ranges {
            assert!(!range.is_empty(), "an empty range among {ranges:?}");
            assert!(range.end() <= self.file.len() as u64, "{range:?} passes the end of {} bytes", self.file.len());
            let known = if self.hostile { 0 } else { self.pushed.overlap(*range) };
            let allowed = if self.gap == 0 { 0 } else { range.length - 1 };
            assert!(known <= allowed, "{known} bytes of {range:?} were pushed before; asked {ranges:?}");
        }
        for pair in ranges.windows(2) {
            assert!(pair[0].end() < pair[1].offset, "not ascending or not joined: {ranges:?}");
            // A gap is not bridged where that would ask again for bytes that were pushed.
            let between = ByteRange::between(pair[0].end(), pair[1].offset);
            let apart = between.length > self.gap || self.pushed.overlap(between) > 0;
            assert!(apart, "not joined over a gap of {}: {ranges:?}", self.gap);
        }
    }

    fn give(&mut self, range: ByteRange, push: Push<'_>) -> Result<()> {
        self.pushed.add(range);
        push(range.offset, self.file.slice(range.offset as usize..range.end() as usize))
    }

    /// The ranges in random pieces, in order.
    fn cut(&mut self, ranges: &[ByteRange]) -> Vec<ByteRange> {
        let mut pieces = Vec::new();
        for range in ranges {
            let mut start = range.offset;
            while start < range.end() {
                let longest = self.random.pick(&[7, 100, 5000, 1 << 20]);
                let end = range.end().min(start + 1 + self.random.below(longest) as u64);
                pieces.push(ByteRange::between(start, end));
                start = end;
            }
        }
        pieces
    }
}
