//! From the levels of pages to what a batch must know of them: which slots of the leaf hold a value, and, for nested
//! columns, the levels themselves.
//!
//! A column that is not nested has one slot a row, and its levels are a bitmap already ([`DefinitionLevels`]). A nested one
//! is read in blocks of numbers; it has a slot wherever the innermost list around it has an element, and a row goes on
//! for as long as repetition levels are not 0, also into the next page.

use std::sync::Arc;

use arrow_array::UInt16Array;
use arrow_buffer::{Buffer, NullBuffer, ScalarBuffer};

use super::decoder::ValueDecoder;
use super::pick::push_bits;
use crate::encoding::{DefinitionLevels, LEVEL_BLOCK, LEVEL_ROOM, LevelStream};
use crate::error::{Error, Result};
use crate::memory::{BitSlice, Bits, Pool, Validity, Values, count_ones};
use crate::metadata::Encoding;
use crate::page::{DataPage, HighestLevels};
use crate::simd::{self, WORD_LEVELS};

/// What levels mean in one leaf column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LevelShape {
    /// The highest ones; the highest definition level is that of a value.
    pub highest: HighestLevels,
    /// Definition level from which there is a slot in the leaf's array.
    pub slot_definition: u16,
}

impl LevelShape {
    fn is_flat(&self) -> bool {
        self.highest.repetition == 0 && self.highest.definition <= 1
    }
}

/// The levels of the rows of one batch.
pub(crate) struct BatchLevels {
    shape: LevelShape,
    pool: Arc<Pool>,
    /// Which slots hold a value.
    pub validity: Validity,
    slots: usize,
    repetition: Option<Values<u16>>,
    definition: Option<Values<u16>>,
    /// Entries to have room for: as many as the batch before had.
    expected: usize,
}

/// The levels of a complete batch. Small, since most columns are not nested: it is moved several times.
#[derive(Debug, Clone)]
pub(crate) struct LevelRows {
    /// Which slots hold a value; `None` where all do.
    pub nulls: Option<NullBuffer>,
    /// Number of slots.
    pub slots: usize,
    /// Repetition levels; `None` where all are 0.
    pub repetition: Option<Arc<UInt16Array>>,
    /// Definition levels; `None` for a column that is not nested.
    pub definition: Option<Arc<UInt16Array>>,
}

impl BatchLevels {
    /// No rows yet.
    pub(crate) fn new(shape: LevelShape, pool: &Arc<Pool>) -> Self {
        let (pool, validity) = (Arc::clone(pool), Validity::new(pool));
        Self { shape, pool, validity, slots: 0, repetition: None, definition: None, expected: LEVEL_BLOCK }
    }

    /// Reads the values of what was `taken` last. Of rows of the batch that are not `selected` they will be dropped.
    pub(crate) fn read_values(
        &mut self,
        values: &mut dyn ValueDecoder,
        taken: &Taken,
        selected: Option<BitSlice<'_>>,
    ) -> Result<()> {
        let first = self.slots.saturating_sub(taken.slots);
        let has_nulls = taken.present < taken.slots;
        // Rows of lists may have many slots, or none.
        let has_slot_each = self.shape.highest.repetition == 0;
        match selected.filter(|_| has_slot_each && values.can_leave_out()) {
            None => values.read(taken.present, if has_nulls { self.validity.last(taken.slots)? } else { None }),
            Some(selected) if !has_nulls => values.read_selected(selected.slice(first, taken.slots), None),
            Some(selected) => {
                let valid = self.validity.last(taken.slots)?;
                let mut present = Bits::on_demand(&self.pool, taken.present);
                push_bits(&mut present, selected.slice(first, taken.slots), valid)?;
                values.read_selected(present.last(taken.present)?, valid)
            }
        }
    }

    /// Hands out the levels of the batch and begins the next one.
    pub(crate) fn take(&mut self) -> Result<LevelRows> {
        let (repetition, definition) = (self.repetition.take(), self.definition.take());
        // A batch of no rows has levels too.
        let definition = match definition {
            None if !self.shape.is_flat() => Some(Values::with_capacity(&self.pool, 0)?),
            definition => definition,
        };
        let repetition = match repetition {
            None if self.shape.highest.repetition > 0 => Some(Values::with_capacity(&self.pool, 0)?),
            repetition => repetition,
        };
        self.expected = definition.as_ref().map_or(0, Values::len).max(LEVEL_BLOCK);
        let (nulls, slots) = (self.validity.take()?, std::mem::take(&mut self.slots));
        Ok(LevelRows { nulls, slots, repetition: repetition.map(to_array), definition: definition.map(to_array) })
    }

    /// Appends entries of a nested column; returns slots and values among them.
    fn push(&mut self, repetition: &[u16], definition: &[u16]) -> Result<(usize, usize)> {
        append(&mut self.definition, &self.pool, self.expected, definition)?;
        if self.shape.highest.repetition > 0 {
            append(&mut self.repetition, &self.pool, self.expected, repetition)?;
        }
        let (mut has_slot, mut is_valid) = (BlockBits::default(), BlockBits::default());
        let (has_slot, is_valid) = (
            has_slot.at_least(definition, self.shape.slot_definition),
            is_valid.at_least(definition, self.shape.highest.definition),
        );
        let (slots, present) = push_selected(&mut self.validity, is_valid, has_slot)?;
        self.slots = self.slots.saturating_add(slots);
        Ok((slots, present))
    }
}

/// A bit for each entry of a block.
#[derive(Default)]
struct BlockBits([u64; LEVEL_BLOCK / WORD_LEVELS]);

impl BlockBits {
    /// Which of `levels`, a block of them at most, are `least` or more.
    fn at_least(&mut self, levels: &[u16], least: u16) -> &mut [u64] {
        let words = self.0.get_mut(..levels.len().div_ceil(WORD_LEVELS)).unwrap_or_default();
        simd::at_least(levels, least, words);
        words
    }
}

/// Appends those of `bits` that are `selected`; returns how many they are, and how many of them are set.
pub(super) fn push_selected(validity: &mut Validity, bits: &[u64], selected: &[u64]) -> Result<(usize, usize)> {
    let count = count_ones(selected.iter().copied());
    let set = count_ones(bits.iter().zip(selected).map(|(bits, selected)| bits & selected));
    if set == count {
        validity.push_run(true, count)?;
    } else {
        validity.write(count, |room| {
            simd::append_compressed(bits, selected, room);
            Ok(())
        })?;
    }
    Ok((count, set))
}

fn to_array(levels: Values<u16>) -> Arc<UInt16Array> {
    let length = levels.len();
    Arc::new(UInt16Array::new(ScalarBuffer::new(levels.into_buffer(), 0, length), None))
}

fn append(levels: &mut Option<Values<u16>>, pool: &Arc<Pool>, expected: usize, new: &[u16]) -> Result<()> {
    let levels = match levels {
        Some(levels) => levels,
        None => levels.insert(Values::with_capacity(pool, expected)?),
    };
    let spare = levels.spare(new.len())?;
    spare.get_mut(..new.len()).unwrap_or_default().copy_from_slice(new);
    levels.commit(new.len());
    Ok(())
}

/// What was taken from a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    /// Rows begun.
    pub rows: u64,
    /// Slots of the leaf's array.
    pub slots: usize,
    /// Values among them.
    pub present: usize,
    /// True where the last row may go on in the next page.
    pub row_is_open: bool,
    /// True where nothing of the page is left.
    pub page_is_done: bool,
}

/// The levels of the open page.
pub(crate) enum PageLevels {
    /// One slot a row.
    Flat { levels: DefinitionLevels, bytes: Buffer, rows_left: u64 },
    /// Any.
    Nested(Box<NestedPage>),
}

/// The levels of a page of a nested column.
pub(crate) struct NestedPage {
    shape: LevelShape,
    bytes: Buffer,
    repetition: LevelStream,
    definition: LevelStream,
    /// Entries not yet in the block.
    entries_left: u64,
    block: Block,
}

/// Entries decoded and not yet taken: those from `taken` up to `length`.
struct Block {
    repetition: [u16; LEVEL_ROOM],
    definition: [u16; LEVEL_ROOM],
    taken: usize,
    length: usize,
}

impl PageLevels {
    /// The levels of `page`, which has `entries` of them.
    pub(crate) fn open(shape: LevelShape, page: &DataPage, entries: u64) -> Result<Self> {
        let bytes = page.level_bytes.clone();
        if !shape.is_flat() {
            return NestedPage::open(shape, page, entries).map(|page| Self::Nested(Box::new(page)));
        }
        if shape.highest.definition == 0 {
            return Ok(Self::Flat { levels: DefinitionLevels::Required, bytes, rows_left: entries });
        }
        let range = page.definition.range.clone();
        if page.definition.encoding == Encoding::BitPacked {
            let count = usize::try_from(entries).unwrap_or(usize::MAX);
            let (levels, turned) = DefinitionLevels::bit_packed(bytes.get(range).unwrap_or_default(), count);
            return Ok(Self::Flat { levels, bytes: turned.into(), rows_left: entries });
        }
        Ok(Self::Flat { levels: DefinitionLevels::optional(range)?, bytes, rows_left: entries })
    }

    /// Takes entries until `rows` more rows were begun and the last of them is complete, or the page ends. They are
    /// appended to `batch`, where that is given, else passed over. `row_is_open` says that a row of the page before may
    /// go on here.
    pub(crate) fn take(&mut self, rows: u64, row_is_open: bool, batch: Option<&mut BatchLevels>) -> Result<Taken> {
        match self {
            Self::Nested(page) => page.take(rows, row_is_open, batch),
            Self::Flat { levels, bytes, rows_left } => {
                let rows = rows.min(*rows_left);
                let slots = usize::try_from(rows).map_err(|_| Error::limit(format!("{rows} rows at a time")))?;
                let present = match batch {
                    Some(batch) => {
                        batch.slots = batch.slots.saturating_add(slots);
                        levels.read(bytes, slots, &mut batch.validity)?
                    }
                    None => levels.skip(bytes, slots)?,
                };
                *rows_left = rows_left.saturating_sub(rows);
                Ok(Taken { rows, slots, present, row_is_open: false, page_is_done: *rows_left == 0 })
            }
        }
    }
}

impl NestedPage {
    fn open(shape: LevelShape, page: &DataPage, entries: u64) -> Result<Self> {
        let stream = |highest, section: &crate::page::LevelSection| {
            LevelStream::new(highest, section.encoding, section.range.clone())
        };
        Ok(Self {
            shape,
            bytes: page.level_bytes.clone(),
            repetition: stream(shape.highest.repetition, &page.repetition)?,
            definition: stream(shape.highest.definition, &page.definition)?,
            entries_left: entries,
            block: Block { repetition: [0; LEVEL_ROOM], definition: [0; LEVEL_ROOM], taken: 0, length: 0 },
        })
    }

    fn take(&mut self, rows: u64, row_is_open: bool, mut batch: Option<&mut BatchLevels>) -> Result<Taken> {
        let mut taken = Taken { row_is_open, ..Taken::default() };
        loop {
            if self.block.taken == self.block.length && !self.fill_block()? {
                taken.page_is_done = true;
                return Ok(taken);
            }
            let (entries, begun) = self.block.entries_of(rows.saturating_sub(taken.rows));
            let repetition = self.block.repetition.get(entries.clone()).unwrap_or_default();
            let definition = self.block.definition.get(entries.clone()).unwrap_or_default();
            if !taken.row_is_open && repetition.first().is_some_and(|level| *level != 0) {
                return Err(Error::corrupt("a page begins inside a row"));
            }
            let (slots, present) = match &mut batch {
                Some(batch) => batch.push(repetition, definition)?,
                None => {
                    let mut is_valid = BlockBits::default();
                    let is_valid = is_valid.at_least(definition, self.shape.highest.definition);
                    (0, count_ones(is_valid.iter().copied()))
                }
            };
            taken.rows = taken.rows.saturating_add(begun);
            taken.slots = taken.slots.saturating_add(slots);
            taken.present = taken.present.saturating_add(present);
            self.block.taken = entries.end;
            taken.row_is_open = self.shape.highest.repetition > 0 && self.block.taken == self.block.length;
            if self.block.taken < self.block.length {
                taken.page_is_done = false;
                return Ok(taken);
            }
            // Without repetition every entry is a row, so the last one is complete.
            if taken.rows == rows && !taken.row_is_open {
                taken.page_is_done = self.entries_left == 0;
                return Ok(taken);
            }
        }
    }

    /// Decodes the next block; false where the page has no more entries.
    fn fill_block(&mut self) -> Result<bool> {
        let length = usize::try_from(self.entries_left).unwrap_or(LEVEL_BLOCK).min(LEVEL_BLOCK);
        let block = &mut self.block;
        (block.taken, block.length) = (0, length);
        self.repetition.read(&self.bytes, length, &mut block.repetition)?;
        self.definition.read(&self.bytes, length, &mut block.definition)?;
        self.entries_left = self.entries_left.saturating_sub(length as u64);
        Ok(length > 0)
    }
}

impl Block {
    /// The entries up to the begin of the row after the next `rows` ones, as far as the block goes, and how many rows
    /// begin among them.
    fn entries_of(&self, rows: u64) -> (std::ops::Range<usize>, u64) {
        let levels = self.repetition.get(self.taken..self.length).unwrap_or_default();
        let mut goes_on = BlockBits::default();
        let goes_on = goes_on.at_least(levels, 1);
        let begun = levels.len().saturating_sub(count_ones(goes_on.iter().copied())) as u64;
        if begun <= rows {
            return (self.taken..self.length, begun);
        }
        // The row behind the last wanted one begins here.
        let (mut begun, mut end) = (0u64, self.taken);
        for word in goes_on {
            let mut begins = !*word;
            let count = u64::from(begins.count_ones());
            if begun.saturating_add(count) > rows {
                while begun < rows {
                    begins &= begins.wrapping_sub(1);
                    begun = begun.saturating_add(1);
                }
                return (self.taken..end.saturating_add(begins.trailing_zeros() as usize), begun);
            }
            begun = begun.saturating_add(count);
            end = end.saturating_add(WORD_LEVELS);
        }
        (self.taken..self.length, begun)
    }
}
