//! A predicate as a stage of a row group: rows come in, those that it keeps go on.
//!
//! Columns are read for the rows that earlier stages kept only, window by window; a column that an earlier stage read comes
//! along with the rows. What later stages or the output want of a column is kept, so nothing is decoded twice. Rows of
//! which statistics say that the predicate keeps them all are not looked at. Columns that are stored with dictionaries
//! are read as codes: the predicate is asked for the entries, and values are made of the rows that are left.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::ArrayRef;

use super::filtered_rows::FilteredRows;
use super::kept_rows::KeptRows;
use super::order::LookedAt;
use super::pushed::PushedBytes;
use crate::byte_range::ByteRange;
use crate::column::ColumnReader;
use crate::error::{Error, Result};
use crate::memory::Pool;
use crate::page::PageOpener;
use crate::predicate::{BoundPredicate, EntryAnswers, Verdict};
use crate::scan::{DecodePlans, RowSelection, RowWindow};

/// A leaf column that a predicate reads.
pub(crate) struct FilterColumn {
    /// Its ordinal.
    pub leaf: usize,
    /// Its reader.
    pub reader: ColumnReader,
    /// A later stage wants its values.
    pub is_kept: bool,
}

/// A dictionary page that may tell beforehand what a predicate says of all rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DictionaryProbe {
    /// Where the page lies.
    pub range: ByteRange,
    /// It is worth to be asked for before anything else is.
    pub is_asked_for: bool,
    /// Nulls in the chunk, where known.
    pub null_count: Option<u64>,
}

/// One predicate and the columns that it reads.
pub(crate) struct FilterStage {
    /// Ordinal of the predicate in the plan.
    ordinal: usize,
    predicate: Arc<BoundPredicate>,
    answers: EntryAnswers,
    /// Leaves that no stage before reads.
    columns: Vec<FilterColumn>,
    /// Leaves of earlier stages that a stage behind this one wants.
    passed_on: Vec<usize>,
    /// Until it was asked.
    probe: Option<DictionaryProbe>,
    keeps_none: bool,
    /// Ranges of rows that the predicate keeps, known without looking at them, from the next row on.
    certain: VecDeque<Range<u64>>,
    queue: VecDeque<Queued>,
    /// What the columns decode for the first of the queue.
    plans: Option<DecodePlans>,
    is_complete: bool,
    /// The rows of which values were looked at.
    looked_at: LookedAt,
}

/// Rows to be looked at.
struct Queued {
    rows: FilteredRows,
    /// All of them are kept.
    is_certain: bool,
}

impl FilterStage {
    /// Reads `columns` for rows out of which `certain` are sure to be kept, and passes on the leaves `passed_on`.
    pub(crate) fn new(
        (ordinal, predicate): (usize, Arc<BoundPredicate>),
        columns: Vec<FilterColumn>,
        passed_on: Vec<usize>,
        certain: &RowSelection,
        probe: Option<DictionaryProbe>,
    ) -> Self {
        Self {
            ordinal,
            predicate,
            answers: EntryAnswers::default(),
            columns,
            passed_on,
            probe,
            keeps_none: false,
            certain: certain.ranges().collect(),
            queue: VecDeque::new(),
            plans: None,
            is_complete: false,
            looked_at: LookedAt::default(),
        }
    }

    /// Adds rows behind those given before.
    pub(crate) fn want(&mut self, mut rows: FilteredRows) {
        while let Some(first) = rows.first_row() {
            while self.certain.front().is_some_and(|certain| certain.end <= first) {
                self.certain.pop_front();
            }
            let (end, is_certain) = match self.certain.front() {
                Some(certain) if certain.start <= first => (certain.end, true),
                Some(certain) => (certain.start, false),
                None => (u64::MAX, false),
            };
            let rows = rows.take_before(end);
            self.queue.push_back(Queued { rows, is_certain });
        }
    }

    /// No more rows come.
    pub(crate) fn complete(&mut self) {
        self.is_complete = true;
    }

    /// Ordinal of the predicate, and the rows of which it looked at values.
    pub(crate) fn looked_at(&self) -> (usize, LookedAt) {
        (self.ordinal, self.looked_at)
    }

    /// True where rows wait.
    pub(crate) fn has_rows(&self) -> bool {
        !self.queue.is_empty()
    }

    /// True where all rows were looked at.
    pub(crate) fn is_done(&self) -> bool {
        self.is_complete && self.queue.is_empty()
    }

    /// The columns.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &ColumnReader> {
        self.columns.iter().map(|column| &column.reader)
    }

    /// Of the rows that wait and of `candidates`, the ranges that have to be decoded.
    pub(crate) fn wanted_rows<'a>(&'a self, candidates: Option<&'a RowWindow>) -> Vec<Range<u64>> {
        let mut plans = DecodePlans::new([self.shortest_jump()]);
        let reads_certain = self.reads_certain();
        for queued in self.queue.iter().filter(|queued| reads_certain || !queued.is_certain) {
            plans.extend(&queued.rows.rows);
        }
        if let Some(rows) = candidates {
            plans.extend(rows);
        }
        let wanted = plans.ranges(self.shortest_jump()).iter().cloned();
        if reads_certain { wanted.collect() } else { wanted.flat_map(|rows| self.uncertain(rows)).collect() }
    }

    /// The parts of `rows` that are not certain.
    fn uncertain(&self, rows: Range<u64>) -> Vec<Range<u64>> {
        let mut parts = Vec::new();
        let mut start = rows.start;
        for certain in self.certain.iter().filter(|certain| certain.end > rows.start && certain.start < rows.end) {
            parts.push(start..certain.start.max(start));
            start = certain.end;
        }
        parts.push(start..rows.end.max(start));
        parts.retain(|part| !part.is_empty());
        parts
    }

    /// True where the columns are read also for rows that are certain.
    fn reads_certain(&self) -> bool {
        self.columns.iter().any(|column| column.is_kept)
    }

    fn shortest_jump(&self) -> u64 {
        self.columns().map(ColumnReader::shortest_jump).min().unwrap_or(1)
    }

    /// The page that is to be asked for before anything else; what is held of it is not left out.
    pub(crate) fn probe_range(&self) -> Option<ByteRange> {
        self.probe.filter(|probe| probe.is_asked_for).map(|probe| probe.range)
    }

    /// Asks the dictionary what it can say of all rows, where that was not done. False where bytes are missing.
    pub(crate) fn probe(&mut self, pushed: &mut PushedBytes, opener: &mut PageOpener) -> Result<bool> {
        let (Some(probe), [column]) = (self.probe, &mut self.columns[..]) else { return Ok(true) };
        if !column.reader.load_dictionary(pushed, opener)? {
            return Ok(false);
        }
        self.probe = None;
        let verdict = match column.reader.dictionary()? {
            Some(entries) => self.predicate.evaluate_entries(&entries, probe.null_count)?,
            None => Verdict::Some,
        };
        match verdict {
            Verdict::All => {
                self.certain = std::iter::once(0..u64::MAX).collect();
                self.queue.iter_mut().for_each(|queued| queued.is_certain = true);
            }
            Verdict::None => self.keeps_none = true,
            Verdict::Some => {}
        }
        Ok(true)
    }

    /// True where the dictionary has no value that the predicate keeps.
    pub(crate) fn keeps_none(&self) -> bool {
        self.keeps_none
    }

    /// Rows that wait.
    pub(crate) fn waiting_rows(&self) -> u64 {
        self.queue.iter().map(|queued| queued.rows.rows.selected()).fold(0, u64::saturating_add)
    }

    /// Looks at the next window; what it keeps of it, or `None` where rows or bytes are missing.
    pub(crate) fn step(&mut self, pushed: &mut PushedBytes, opener: &mut PageOpener) -> Result<Option<FilteredRows>> {
        let is_last = self.is_complete && self.queue.len() == 1;
        let reads_certain = self.reads_certain();
        let is_read = |queued: &Queued| reads_certain || !queued.is_certain;
        if self.queue.front().is_some_and(is_read) && (!self.probe(pushed, opener)? || self.keeps_none) {
            return Ok(None);
        }
        let Some(queued) = self.queue.front() else { return Ok(None) };
        let (rows, is_certain, is_read) = (&queued.rows, queued.is_certain, is_read(queued));
        if is_read && self.plans.is_none() {
            let mut plans = DecodePlans::new(self.columns().map(ColumnReader::shortest_jump));
            plans.extend(&rows.rows);
            self.plans = Some(plans);
        }
        if is_read && !self.fill(is_last, pushed, opener)? {
            return Ok(None);
        }
        if is_last && !is_read {
            self.columns.iter_mut().for_each(|column| column.reader.abandon(pushed));
        }
        let Some(Queued { mut rows, .. }) = self.queue.pop_front() else { return Ok(None) };
        if is_read {
            self.finish(&mut rows)?;
        }
        if is_certain {
            rows.leaves.retain(|leaf, _| self.wants_kept(*leaf));
            return Ok(Some(rows));
        }
        self.keep(rows, opener.pool()).map(Some)
    }

    /// Decodes what the first window needs; false where bytes are missing.
    fn fill(&mut self, is_last: bool, pushed: &mut PushedBytes, opener: &mut PageOpener) -> Result<bool> {
        let Some(plans) = &self.plans else { return Ok(true) };
        let (mut is_filled, selected) = (true, plans.selected());
        for FilterColumn { reader, .. } in &mut self.columns {
            let jump = reader.shortest_jump();
            is_filled &= reader.fill(plans.ranges(jump), selected.get(jump), pushed, opener)?
                && (!is_last || reader.close(pushed)?);
        }
        Ok(is_filled)
    }

    /// Adds what was decoded to the rows.
    fn finish(&mut self, rows: &mut FilteredRows) -> Result<()> {
        let Some(mut plans) = self.plans.take() else { return Err(Error::internal("rows were not planned")) };
        let masks = plans.take_masks(rows.rows.selected())?;
        for FilterColumn { leaf, reader, .. } in &mut self.columns {
            let selected = masks.get(reader.shortest_jump());
            rows.leaves.insert(*leaf, KeptRows::new(reader.finish_batch()?, selected));
        }
        Ok(())
    }

    fn keep(&mut self, mut rows: FilteredRows, pool: &Arc<Pool>) -> Result<FilteredRows> {
        let mut inputs: Vec<ArrayRef> = Vec::with_capacity(self.predicate.leaves().len());
        for leaf in self.predicate.leaves() {
            let values = rows.leaves.get_mut(leaf).ok_or_else(|| Error::internal("a filter column is missing"))?;
            inputs.push(values.array(pool)?);
        }
        let keep = self.predicate.evaluate(&inputs, &mut self.answers)?;
        let before = rows.rows.selected();
        let selected = rows.rows.kept(&keep);
        self.looked_at.rows = self.looked_at.rows.saturating_add(before);
        self.looked_at.dropped = self.looked_at.dropped.saturating_add(before.saturating_sub(selected.selected()));
        let mut leaves = rows.leaves;
        leaves.retain(|leaf, _| !selected.is_empty() && self.wants_kept(*leaf));
        let left = usize::try_from(selected.selected()).unwrap_or(usize::MAX);
        for values in leaves.values_mut() {
            values.keep(&keep, left, pool)?;
        }
        Ok(FilteredRows { rows: selected, leaves })
    }

    fn wants_kept(&self, leaf: usize) -> bool {
        let own = self.columns.iter().find(|column| column.leaf == leaf);
        own.map_or_else(|| self.passed_on.contains(&leaf), |column| column.is_kept)
    }

    /// Drops what waits and gives up what is left of the chunks.
    pub(crate) fn abandon(&mut self, pushed: &mut PushedBytes) {
        self.queue.clear();
        self.probe = None;
        self.is_complete = true;
        self.columns.iter_mut().for_each(|column| column.reader.abandon(pushed));
    }
}
