//! Passes over the column chunks of a footer, to find where each of them ends, without reading them.
//!
//! Nothing in a footer says how long a chunk is: one has to go from field to field. But writers write all chunks alike,
//! and two chunks whose field headers, counts and lengths are the same, and whose integers take as many bytes, are of
//! one length. So the chunks passed over last are kept with a mask of the bits that decide their length ([`Shape`]): what
//! differs from one of them in no such bit ends where it does, and is as well-formed. Only the others are gone through.

use crate::metadata::thrift::{Failure, Kind, Read, Reader};

/// Chunks longer than this are always gone through.
const LONGEST_SHAPE: usize = 512;
/// So many shapes are kept; a footer with more of them in turn is not passed over faster by more.
const MOST_SHAPES: usize = 64;
/// A shape is worth its making where it spares going through so many chunks.
const HITS_PER_SHAPE: usize = 4;
/// Bytes that are compared at once, as words.
const BLOCK: usize = 32;

type Block = [u64; BLOCK / 8];

/// What is seen of a chunk in passing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Notes {
    /// It says something of its encryption.
    pub is_sealed: bool,
    /// It says something of a page index.
    pub has_index: bool,
}

/// A chunk, and which of its bits decide where it ends.
struct Shape {
    length: usize,
    /// Of its bytes those bits, and the mask of them; behind the last byte both are zero.
    blocks: Vec<(Block, Block)>,
    notes: Notes,
    /// The shape of the chunk that came behind the last of this shape.
    next: usize,
}

/// The shapes of the chunks passed over lately.
#[derive(Default)]
pub(super) struct Skimmer {
    shapes: Vec<Shape>,
    /// Of each column the shape of its last chunk.
    of_columns: Vec<u8>,
    /// The shape of the last chunk.
    last: usize,
    /// The shape that gives way to the next one.
    oldest: usize,
    hits: usize,
    learned: usize,
}

impl Skimmer {
    /// Passes over the chunk of leaf column `column`, at which `reader` is.
    #[inline]
    pub(super) fn pass(&mut self, reader: &mut Reader<'_>, column: usize) -> Read<Notes> {
        let of_column = self.of_columns.get(column).map_or(usize::MAX, |shape| usize::from(*shape));
        let behind_last = self.shapes.get(self.last).map_or(usize::MAX, |shape| shape.next);
        for guess in [of_column, behind_last] {
            if let Some(shape) = self.shapes.get(guess).filter(|shape| shape.is_of(reader.rest())) {
                reader.advance(shape.length)?;
                let notes = shape.notes;
                self.hits = self.hits.saturating_add(1);
                self.note(column, guess);
                return Ok(notes);
            }
        }
        self.go_through(reader, column)
    }

    /// Notes that the chunk of `column` was of a shape.
    #[inline]
    fn note(&mut self, column: usize, shape: usize) {
        if let Some(last) = self.shapes.get_mut(self.last) {
            last.next = shape;
        }
        self.last = shape;
        let number = u8::try_from(shape).unwrap_or(u8::MAX);
        if column >= self.of_columns.len() {
            self.of_columns.resize(column.saturating_add(1), u8::MAX);
        }
        self.of_columns.get_mut(column).into_iter().for_each(|of_column| *of_column = number);
    }

    #[inline(never)]
    fn go_through(&mut self, reader: &mut Reader<'_>, column: usize) -> Read<Notes> {
        let bytes = reader.rest();
        let start = reader.position();
        let notes = walk(reader)?;
        let length = reader.position().saturating_sub(start);
        let known = self.shapes.iter().position(|shape| shape.is_of(bytes));
        if let Some(shape) = known.or_else(|| self.learn(bytes.get(..length).unwrap_or_default(), notes)) {
            self.note(column, shape);
        }
        Ok(notes)
    }

    /// Keeps the shape of a chunk, unless it is too long or too many were kept for nothing.
    fn learn(&mut self, chunk: &[u8], notes: Notes) -> Option<usize> {
        let worth = self.hits.checked_div(HITS_PER_SHAPE).unwrap_or(0).saturating_add(MOST_SHAPES);
        if chunk.len() > LONGEST_SHAPE || self.learned >= worth {
            return None;
        }
        let shape = Shape { length: chunk.len(), blocks: blocks(chunk, &mask(chunk).ok()?), notes, next: usize::MAX };
        self.learned = self.learned.saturating_add(1);
        if self.shapes.len() < MOST_SHAPES {
            self.shapes.push(shape);
            return self.shapes.len().checked_sub(1);
        }
        let place = self.oldest;
        self.oldest = place.saturating_add(1).checked_rem(MOST_SHAPES).unwrap_or(0);
        *self.shapes.get_mut(place)? = shape;
        Some(place)
    }
}

impl Shape {
    /// True where `bytes` begin with a chunk of this shape. Near the end of the footer it says no, to be on the safe side.
    #[inline]
    fn is_of(&self, bytes: &[u8]) -> bool {
        let (blocks, _) = bytes.as_chunks::<BLOCK>();
        blocks.len() >= self.blocks.len()
            && blocks.iter().zip(&self.blocks).all(|(block, (sample, mask))| {
                let words = words(block);
                let differs = |word: usize| match (words.get(word), sample.get(word), mask.get(word)) {
                    (Some(word), Some(sample), Some(mask)) => word & mask ^ sample,
                    _ => 0,
                };
                differs(0) | differs(1) | differs(2) | differs(3) == 0
            })
    }
}

#[inline]
fn words(block: &[u8; BLOCK]) -> Block {
    let (words, _) = block.as_chunks::<8>();
    let mut all = Block::default();
    all.iter_mut().zip(words).for_each(|(word, bytes)| *word = u64::from_le_bytes(*bytes));
    all
}

/// Goes through a `ColumnChunk`.
fn walk(reader: &mut Reader<'_>) -> Read<Notes> {
    let mut notes = Notes::default();
    let mut last_id = 0;
    while let Some(field) = reader.field(&mut last_id)? {
        match field.id {
            4..=7 => notes.has_index = true,
            8 | 9 => notes.is_sealed = true,
            _ => {}
        }
        reader.skip(field.kind)?;
    }
    Ok(notes)
}

/// The bits of `chunk` that `mask` has, and the mask, in blocks.
fn blocks(chunk: &[u8], mask: &[u8]) -> Vec<(Block, Block)> {
    let block = |(chunk, mask): (&[u8], &[u8])| {
        let (mut bits, mut of_mask) = ([0; BLOCK], [0; BLOCK]);
        for (((bits, of_mask), byte), mask) in bits.iter_mut().zip(&mut of_mask).zip(chunk).zip(mask) {
            (*bits, *of_mask) = (byte & mask, *mask);
        }
        (words(&bits), words(&of_mask))
    };
    chunk.chunks(BLOCK).zip(mask.chunks(BLOCK)).map(block).collect()
}

/// Which bits of `chunk`, a `ColumnChunk` that was gone through, decide where it ends.
fn mask(chunk: &[u8]) -> Read<Vec<u8>> {
    let mut outline = Outline { reader: Reader::new(chunk), mask: Vec::with_capacity(chunk.len()) };
    outline.fields()?;
    Ok(outline.mask)
}

/// Goes through thrift and says of each byte what it decides.
struct Outline<'a> {
    reader: Reader<'a>,
    mask: Vec<u8>,
}

/// All of it: a header, a count or a length.
const STRUCTURE: u8 = 0xff;
/// Whether another byte of the integer follows.
const INTEGER: u8 = 0x80;
/// Nothing.
const CONTENT: u8 = 0;
/// The last byte of an integer that is so long may not have any value.
const LONGEST_INTEGER: usize = 10;

impl Outline<'_> {
    /// What was read since the last mark is `what`.
    fn mark(&mut self, what: u8) {
        self.mask.resize(self.reader.position(), what);
    }

    fn fields(&mut self) -> Read<()> {
        let mut last_id = 0;
        loop {
            let field = self.reader.field(&mut last_id)?;
            self.mark(STRUCTURE);
            match field.map(|field| field.kind) {
                None => return Ok(()),
                Some(Kind::True | Kind::False) => {}
                Some(kind) => self.value(kind)?,
            }
        }
    }

    fn value(&mut self, kind: Kind) -> Read<()> {
        match kind {
            Kind::Struct => self.fields()?,
            Kind::List | Kind::Set => {
                let list = self.reader.list()?;
                self.mark(STRUCTURE);
                (0..list.count).try_for_each(|_| self.value(list.element))?;
            }
            Kind::Binary => {
                let start = self.reader.position();
                let binary = self.reader.binary()?.len();
                let header = self.reader.position().saturating_sub(start).saturating_sub(binary);
                self.mask.resize(start.saturating_add(header), STRUCTURE);
                self.mark(CONTENT);
            }
            Kind::I16 | Kind::I32 | Kind::I64 => {
                let start = self.reader.position();
                self.reader.i64()?;
                let is_longest = self.reader.position().saturating_sub(start) >= LONGEST_INTEGER;
                self.mark(if is_longest { STRUCTURE } else { INTEGER });
            }
            Kind::Byte | Kind::True | Kind::False => {
                self.reader.byte()?;
                self.mark(CONTENT);
            }
            Kind::Double => self.content(8)?,
            Kind::Uuid => self.content(16)?,
            Kind::Map => return Err(Failure::Corrupt("a map has no outline")),
        }
        Ok(())
    }

    fn content(&mut self, bytes: usize) -> Read<()> {
        self.reader.advance(bytes)?;
        self.mark(CONTENT);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::testing::{Record, chunk_metadata};

    /// A chunk with statistics: a bound of any length, numbers of any size.
    fn chunk(min: &[u8], offset: i64, exact: bool) -> Vec<u8> {
        let statistics = Record::new().i64(3, offset).binary(6, min).boolean(7, exact).boolean(8, true);
        let metadata = chunk_metadata(offset).i64(9, offset).record(12, statistics).booleans(40, &[true, false]);
        Record::new().i64(2, offset).record(3, metadata).i64(4, offset).i32(5, 10).finish()
    }

    /// Passes over all chunks and compares with going through each.
    fn check(chunks: &[Vec<u8>], columns: usize) -> Skimmer {
        let bytes = [chunks.concat(), vec![0; 2 * BLOCK]].concat();
        let (mut reader, mut skimmer) = (Reader::new(&bytes), Skimmer::default());
        for (number, chunk) in chunks.iter().enumerate() {
            let notes = skimmer.pass(&mut reader, number % columns).unwrap();
            assert_eq!(notes, walk(&mut Reader::new(chunk)).unwrap());
            let passed: usize = chunks[..=number].iter().map(Vec::len).sum();
            assert_eq!(reader.position(), passed, "chunk {number}");
        }
        skimmer
    }

    #[test]
    fn chunks_of_a_shape_are_passed_over_at_once() {
        let chunks: Vec<_> =
            (0..1000).map(|number| chunk(&vec![7; number % 5], 70 + number as i64 % 3, true)).collect();
        let skimmer = check(&chunks, 10);
        assert_eq!((skimmer.shapes.len(), skimmer.learned, skimmer.hits > 980), (5, 5, true), "{}", skimmer.hits);
    }

    #[test]
    fn whatever_decides_the_length_is_looked_at() {
        let mut state = 1u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) % below
        };
        let chunks: Vec<_> = (0..20_000)
            .map(|_| {
                let offset = [0, 63, 64, -1, 1 << 40, i64::MAX, i64::MIN][random(7) as usize];
                let min = vec![random(256) as u8; [0, 1, 2, 16, 130][random(5) as usize]];
                let mut chunk = chunk(&min, offset, random(2) == 0);
                if random(10) == 0 {
                    chunk = Record::new().i64(2, offset).record(8, Record::new()).binary(9, &min).finish();
                }
                chunk
            })
            .collect();
        let skimmer = check(&chunks, 7);
        assert!(skimmer.shapes.len() == MOST_SHAPES && skimmer.learned > MOST_SHAPES, "{}", skimmer.learned);
    }

    /// Each byte of a chunk changed in each bit, behind the same chunk unchanged: passing over it comes to the same as
    /// going through it.
    #[test]
    fn a_changed_chunk_is_passed_over_as_it_is_gone_through() {
        for chunk in [chunk(b"minimum", 1 << 20, true), chunk(b"", i64::MIN, false)] {
            for bit in 0..chunk.len() * 8 {
                let mut changed = chunk.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                let bytes = [&chunk[..], &changed, &[0; 4 * BLOCK]].concat();
                let mut reader = Reader::new(&bytes);
                let mut skimmer = Skimmer::default();
                skimmer.pass(&mut reader, 0).unwrap();
                let mut walked = reader.clone();
                let (passed, expected) = (skimmer.pass(&mut reader, 0), walk(&mut walked));
                assert_eq!(passed, expected, "bit {bit}");
                assert!(passed.is_err() || reader.position() == walked.position(), "bit {bit}");
            }
        }
    }
}
