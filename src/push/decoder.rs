//! The push decoder of one scan.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use bytes::Bytes;

use super::bloom_probe::BloomProbe;
use super::demand::coalesced;
use super::filler::BatchFiller;
use super::filtered_rows::RowBudget;
use super::intervals::IntervalSet;
use super::metrics::{Metrics, add};
use super::open::RowGroupOpener;
use super::order::PredicateOrder;
use super::pushed::PushedBytes;
use super::row_group::{Progress, RowGroupReader};
use crate::byte_range::ByteRange;
use crate::column::ByteSource;
use crate::error::{Error, Result};
use crate::memory::LentPool;
use crate::metadata::Metadata;
use crate::page::PageOpener;
use crate::scan::{Plan, RowGroupScan, ScanOptions, Task};

/// What one call of [`Decoder::try_decode`] came to.
#[derive(Debug)]
pub enum Step {
    /// Bytes are missing: these ranges of the file, not empty, ascending, disjoint. Push some or all of them, in any
    /// pieces, then call again.
    NeedsData(Vec<ByteRange>),
    /// Some rows.
    Batch(Batch),
    /// All rows of the row group with this ordinal were handed out, and the next one was not begun: only where
    /// [`ScanOptions::row_group_events`] asks for it.
    RowGroupEnd(usize),
    /// Every row was handed out.
    Finished,
}

/// Some rows: of one row group, unless batches are to be filled across them.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The rows, in the schema of [`Decoder::schema`]. They own their memory, or share it with what was pushed, and
    /// outlive the decoder.
    pub rows: RecordBatch,
    /// Ordinal of the row group that they come from; `None` where they come from several.
    pub row_group: Option<usize>,
}

/// Decodes the rows of one scan from bytes that the host pushes.
///
/// ```text
/// loop {
///     match decoder.try_decode()? {
///         Step::NeedsData(ranges) => for each range: decoder.push(range.offset, bytes of the file there)?,
///         Step::Batch(batch) => use batch.rows,
///         Step::RowGroupEnd(_) => {}
///         Step::Finished => break,
///     }
/// }
/// ```
///
/// The decoder does no I/O and starts no thread. It can be sent to another thread. Batches come in the order of the
/// row groups asked for and of the rows in them, each of exactly `batch_rows` rows except at the end of the scan and,
/// unless batches are to be filled across them, at the end of a row group.
pub struct Decoder {
    pub(super) plan: Arc<Plan>,
    pub(super) budget: RowBudget,
    /// Row groups not begun.
    pub(super) ahead: VecDeque<RowGroupScan>,
    /// Bloom filters of the row group that comes next.
    pub(super) probe: Option<BloomProbe>,
    /// What was learned of the predicates.
    pub(super) order: PredicateOrder,
    pub(super) current: Option<RowGroupReader>,
    /// Place in the plan behind the last row group that was begun.
    pub(super) begun: usize,
    /// The row group whose end is to be told.
    ended: Option<usize>,
    /// Where batches are to be filled across row groups.
    pub(super) filler: Option<BatchFiller>,
    pub(super) pushed: PushedBytes,
    pub(super) requested: IntervalSet,
    /// What the last step asked for.
    pub(super) outstanding: Vec<ByteRange>,
    opener: PageOpener,
    pool: LentPool,
    pub(super) metrics: Metrics,
    /// The first error of decoding; every later call returns it again.
    pub(super) failure: Option<Error>,
    pub(super) is_finished: bool,
}

impl Decoder {
    /// A decoder of the rows and columns that `options` ask for: of a [`Plan`] of its own, and fails where that does.
    pub fn new(metadata: Arc<Metadata>, options: ScanOptions) -> Result<Self> {
        Plan::new(metadata, options).map(|plan| Self::of_plan(Arc::new(plan)))
    }

    /// A decoder of all that was planned.
    pub fn of_plan(plan: Arc<Plan>) -> Self {
        let budget = RowBudget::of_plan(&plan);
        let pool = plan.pools.lend();
        let mut decoder = Self {
            probe: None,
            order: PredicateOrder::new(&plan),
            current: None,
            begun: 0,
            ended: None,
            filler: BatchFiller::of_plan(&plan),
            pushed: PushedBytes::default(),
            requested: IntervalSet::default(),
            outstanding: Vec::new(),
            opener: PageOpener::new(Arc::clone(&pool)),
            pool,
            metrics: Metrics::of_plan(&plan),
            budget,
            failure: None,
            is_finished: false,
            ahead: plan.scans().cloned().collect(),
            plan,
        };
        decoder.want_chunks();
        decoder
    }

    /// A decoder of one of [`Plan::tasks`]. Its metrics count the task; what statistics ruled out is told by
    /// [`Plan::metrics`].
    pub fn of_task(plan: &Arc<Plan>, task: &Task) -> Self {
        match task.row_group {
            None => Self::of_plan(Arc::clone(plan)),
            Some(_) => Self::of_plan(Arc::new(plan.part(task))),
        }
    }

    /// The schema of the batches.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(self.schema_ref())
    }

    pub(crate) fn schema_ref(&self) -> &SchemaRef {
        &self.plan.projection.schema
    }

    /// Takes bytes of the file at `offset`: asked for or not, in any order, cut at any place, once or again. What the
    /// scan may still need is kept without a copy, and batches may share it; the rest is let go.
    ///
    /// Fails, changing nothing, with `InvalidArgument` where the bytes lie outside the file or differ from bytes pushed
    /// before and still held, with `InvalidState` once the scan is finished, and with the first error of
    /// [`Decoder::try_decode`] after that.
    pub fn push(&mut self, offset: u64, data: Bytes) -> Result<()> {
        self.accept(offset, data.len())?;
        self.pushed.insert(offset, &data, |part| data.slice(part))?;
        self.count_push(data.len());
        Ok(())
    }

    /// Like [`Decoder::push`], of memory that nobody else needs.
    pub(super) fn push_given(&mut self, offset: u64, data: Bytes) -> Result<()> {
        self.pushed.expect_copies();
        self.push(offset, data)
    }

    /// Like [`Decoder::push`], copying what is kept.
    pub fn push_copy(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        self.accept(offset, data.len())?;
        let copy = |part| Bytes::copy_from_slice(data.get::<std::ops::Range<usize>>(part).unwrap_or_default());
        self.pushed.expect_copies();
        self.pushed.insert(offset, data, copy)?;
        self.count_push(data.len());
        Ok(())
    }

    /// Decodes until a batch is complete or bytes are missing.
    ///
    /// An error is final: it names row group, column and file offset where they are known, and comes again at every
    /// later call. Batches handed out before it stay valid.
    pub fn try_decode(&mut self) -> Result<Step> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.outstanding.clear();
        self.step().inspect_err(|error| self.failure = Some(error.clone()))
    }

    /// Bytes pushed that are held because they are still to be decoded.
    pub fn buffered_bytes(&self) -> u64 {
        self.pushed.held_bytes()
    }

    /// What was done so far.
    pub fn metrics(&self) -> Metrics {
        let mut metrics = self.metrics;
        if let Some(current) = &self.current {
            metrics.add_row_group(current);
        }
        let pages = self.opener.counts;
        (metrics.pages_total, metrics.pages_skipped) = (pages.seen, pages.seen.saturating_sub(pages.opened));
        metrics.pages_decompressed = self.opener.pages_decompressed;
        metrics.bytes_decompressed = self.opener.bytes_decompressed;
        metrics
    }

    fn accept(&self, offset: u64, length: usize) -> Result<()> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        if self.is_finished {
            return Err(Error::invalid_state("bytes pushed after the scan was finished"));
        }
        let file_length = self.plan.metadata.file_length;
        match offset.checked_add(length as u64) {
            Some(end) if end <= file_length => Ok(()),
            _ => {
                let message = format!("{length} bytes pushed, which end behind the file of {file_length} bytes");
                Err(Error::invalid_argument(message).at_offset(offset))
            }
        }
    }

    fn count_push(&mut self, length: usize) {
        add(&mut self.metrics.bytes_pushed, length as u64);
        self.metrics.buffered_peak_bytes = self.metrics.buffered_peak_bytes.max(self.pushed.held_bytes());
    }

    fn step(&mut self) -> Result<Step> {
        loop {
            if let Some(row_group) = self.ended.take() {
                return Ok(Step::RowGroupEnd(row_group));
            }
            if self.current.is_none() {
                match self.begin()? {
                    Begun::RowGroup(reader) => self.current = Some(*reader),
                    Begun::Starved(missing) => return Ok(Step::NeedsData(self.ask(missing))),
                    Begun::Nothing => return self.finish(),
                }
            }
            let Some(current) = &mut self.current else { return Err(Error::internal("no row group is open")) };
            match current.step(&mut self.pushed, &mut self.opener, &mut self.budget)? {
                Progress::Done => self.end_row_group(),
                Progress::Starved => return self.demand().map(Step::NeedsData),
                Progress::Batch(rows) => {
                    let batch = Batch { rows, row_group: Some(current.row_group()) };
                    if current.is_done(&mut self.pushed) {
                        self.end_row_group();
                    }
                    let Some(filler) = &mut self.filler else { return Ok(self.hand_out(batch)) };
                    filler.push(batch)?;
                    if let Some(batch) = filler.full() {
                        return Ok(self.hand_out(batch));
                    }
                }
            }
        }
    }

    fn end_row_group(&mut self) {
        let Some(done) = self.current.take() else { return };
        self.metrics.add_row_group(&done);
        self.order.learn(&done);
        self.ended = Some(done.row_group()).filter(|_| self.plan.options.row_group_events);
    }

    /// Hands out what is left, once no row group is.
    fn finish(&mut self) -> Result<Step> {
        let Some(filler) = &mut self.filler else {
            self.is_finished = true;
            return Ok(Step::Finished);
        };
        match filler.full().map_or_else(|| filler.rest(), |batch| Ok(Some(batch)))? {
            Some(batch) => Ok(self.hand_out(batch)),
            None => {
                self.is_finished = true;
                Ok(Step::Finished)
            }
        }
    }

    fn hand_out(&mut self, batch: Batch) -> Step {
        add(&mut self.metrics.batches, 1);
        add(&mut self.metrics.rows_out, batch.rows.num_rows() as u64);
        Step::Batch(batch)
    }

    /// Opens the next row group that is not ruled out by its bloom filters.
    fn begin(&mut self) -> Result<Begun> {
        loop {
            if self.budget.to_read == 0 {
                self.pass_rest();
            }
            let mut probe = match self.probe.take() {
                Some(probe) => probe,
                None => match self.ahead.pop_front() {
                    Some(scan) => BloomProbe::new(&self.plan, scan),
                    None => return Ok(Begun::Nothing),
                },
            };
            let missing = probe.step(&self.pushed);
            if !missing.is_empty() {
                self.probe = Some(probe);
                return Ok(Begun::Starved(missing));
            }
            let (scan, is_possible) = probe.finish(&self.plan)?;
            self.bloom_ranges(&scan).for_each(|range| self.pushed.release(range));
            if is_possible {
                let reader = RowGroupOpener { plan: &self.plan, order: &self.order, pool: &self.pool }.open(&scan)?;
                self.begun = self.plan.place_behind(scan.row_group);
                add(&mut self.opener.counts.seen, reader.indexed_pages());
                return Ok(Begun::RowGroup(Box::new(reader)));
            }
            add(&mut self.metrics.rows_pruned_by_bloom, scan.rows.selected());
            add(&mut self.metrics.row_groups_pruned, 1);
            self.chunk_ranges(&scan).for_each(|range| self.pushed.release(range));
        }
    }

    /// The ranges that the row group at hand lacks.
    fn demand(&mut self) -> Result<Vec<ByteRange>> {
        let Some(current) = &self.current else { return Err(Error::internal("no row group is open")) };
        let bound = self.plan.options.max_buffered_bytes;
        let missing = current.missing_ranges(&self.pushed, bound);
        if missing.is_empty() {
            return Err(Error::internal("bytes are missing, and none can be named").in_row_group(current.row_group()));
        }
        Ok(self.ask(missing))
    }

    /// What the host is to be asked for where `missing` is missing.
    fn ask(&mut self, missing: Vec<ByteRange>) -> Vec<ByteRange> {
        // What lies between two joined ranges is asked for but not kept.
        missing.iter().for_each(|range| self.pushed.want(*range));
        let ranges = coalesced(missing, self.plan.options.coalesce_gap);
        for range in &ranges {
            add(&mut self.metrics.bytes_requested, self.requested.insert(*range));
        }
        self.outstanding.clone_from(&ranges);
        ranges
    }

    /// Bytes of every chunk of the plan are kept when they come, and those of bloom filters that are asked.
    pub(super) fn want_chunks(&mut self) {
        let of_scan = |scan| self.chunk_ranges(scan).chain(self.bloom_ranges(scan));
        let ranges: Vec<ByteRange> = self.ahead.iter().flat_map(of_scan).collect();
        ranges.into_iter().for_each(|range| self.pushed.want(range));
    }

    /// No row of the row groups that were not begun is wanted any more.
    fn pass_rest(&mut self) {
        let probed = self.probe.take().map(BloomProbe::into_scan);
        for scan in probed.into_iter().chain(std::mem::take(&mut self.ahead)) {
            self.chunk_ranges(&scan).chain(self.bloom_ranges(&scan)).for_each(|range| self.pushed.release(range));
        }
    }

    /// Where the chunks lie that are read of a row group. One that lies outside the file is an error when its row group
    /// begins.
    pub(super) fn chunk_ranges(&self, scan: &RowGroupScan) -> std::vec::IntoIter<ByteRange> {
        let plan = &self.plan;
        let range = |leaf| plan.chunk(scan.row_group, leaf)?.byte_range(plan.metadata.file_length);
        plan.leaves_read(scan).into_iter().filter_map(|leaf| range(leaf).ok()).collect::<Vec<_>>().into_iter()
    }

    /// Where the bloom filters lie that are asked about a row group.
    pub(super) fn bloom_ranges(&self, scan: &RowGroupScan) -> std::vec::IntoIter<ByteRange> {
        let range = |leaf: &usize| {
            let chunk = self.plan.chunk(scan.row_group, *leaf).ok()?;
            ByteRange::new(chunk.bloom_filter_offset?, chunk.bloom_filter_length?)
        };
        scan.bloom_filters.iter().filter_map(range).collect::<Vec<_>>().into_iter()
    }
}

/// What came of opening the next row group.
enum Begun {
    RowGroup(Box<RowGroupReader>),
    /// Bytes are missing.
    Starved(Vec<ByteRange>),
    /// There is none.
    Nothing,
}
