//! The bytes pushed so far and not yet used up: an ordered map of disjoint intervals of the file to [`Bytes`].
//!
//! Pieces come in any order and cut at any place, once or again; what a reader asks for may lie in one piece (handed
//! out without a copy) or span several (joined by copying). A push that contradicts bytes held changes nothing.
//! Invariant: pieces are not empty, do not overlap, and end at `u64::MAX` at most. Looking up costs O(log n), and
//! everything else that plus the pieces touched. Memory of a pushed buffer is given back once no part of it is held.

use std::collections::BTreeMap;
use std::ops::Bound;

use bytes::{Buf, Bytes, BytesMut};

use crate::byte_range::ByteRange;
use crate::error::{Error, Result};

/// A piece this small is copied onto the end of the piece before it, so that bytes pushed one by one do not each
/// make a piece.
const SMALL_PIECE_BYTES: usize = 4 * 1024;

/// A piece larger than this is left as it was pushed.
const LARGEST_JOINED_BYTES: usize = 64 * 1024;

/// A piece is copied onto one that is so many times shorter at most.
const LONGEST_RATIO: usize = 64;

/// Bytes of the file, by offset.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    /// By where they end: a piece that is used up from its front stays where it is.
    pieces: BTreeMap<u64, Bytes>,
    held_bytes: u64,
}

impl Buffers {
    /// Takes `data` as the bytes of the file at `offset`. Only what is not yet held is kept, without a copy unless it
    /// is small (see [`SMALL_PIECE_BYTES`]).
    ///
    /// Fails, changing nothing, where `data` differs from bytes held or would end past `u64::MAX`.
    pub(crate) fn insert(&mut self, offset: u64, data: Bytes) -> Result<()> {
        let range = ByteRange::new(offset, data.len() as u64).ok_or_else(|| {
            Error::invalid_argument(format!(
                "{} bytes pushed at offset {offset} end past the largest offset",
                data.len()
            ))
        })?;
        self.check_agreement(offset, &data)?;
        for gap in self.missing(range) {
            self.held_bytes = self.held_bytes.saturating_add(gap.length);
            self.pieces.insert(gap.end(), shared_part(offset, &data, gap));
            self.join_small(gap);
        }
        Ok(())
    }

    /// Fails where `data`, at `offset`, differs from bytes held.
    pub(crate) fn check_agreement(&self, offset: u64, data: &[u8]) -> Result<()> {
        let range = ByteRange { offset, length: data.len() as u64 };
        for (piece_offset, piece) in self.overlapping(range) {
            let common = part(piece_offset, piece, range);
            let at = piece_offset.max(offset);
            let pushed = part(offset, data, ByteRange { offset: at, length: common.len() as u64 });
            if let Some(same_bytes) = common.iter().zip(pushed).position(|(held, new)| held != new) {
                let message = "bytes pushed here differ from the bytes pushed before";
                return Err(Error::invalid_argument(message).at_offset(at.saturating_add(same_bytes as u64)));
            }
        }
        Ok(())
    }

    /// True where every byte of `range` is held.
    pub(crate) fn covers(&self, range: ByteRange) -> bool {
        self.first_gap(range).is_none()
    }

    /// The bytes of `range`, where all are held: a slice of the one piece that has them, else a copy that joins
    /// several.
    pub(crate) fn get(&self, range: ByteRange) -> Option<Bytes> {
        self.in_one_piece(range).or_else(|| self.covers(range).then(|| self.joined(range)))
    }

    /// The bytes of `range`, where one piece has them all, as is most often so.
    fn in_one_piece(&self, range: ByteRange) -> Option<Bytes> {
        let (&end, piece) = self.pieces.range(behind(range.offset)).next()?;
        let offset = start(end, piece);
        (offset <= range.offset && range.end() <= end).then(|| shared_part(offset, piece, range))
    }

    /// Bytes of the piece that `range` begins in.
    pub(crate) fn piece_bytes(&self, range: ByteRange) -> u64 {
        self.overlapping(range).next().map_or(0, |(_, piece)| piece.len() as u64)
    }

    /// The bytes held from `offset` on without a gap, `max_bytes` at most; empty where none is. Joined like
    /// [`Buffers::get`].
    pub(crate) fn contiguous_from(&self, offset: u64, max_bytes: u64) -> Bytes {
        let wanted = ByteRange::between(offset, offset.saturating_add(max_bytes));
        let with_gaps = || self.joined(ByteRange::between(offset, self.first_gap(wanted).unwrap_or(wanted.end())));
        self.in_one_piece(wanted).unwrap_or_else(with_gaps)
    }

    /// The parts of `range` that are not held, ascending, as long as possible.
    pub(crate) fn missing(&self, range: ByteRange) -> Vec<ByteRange> {
        let mut gaps = Vec::new();
        let mut from = range.offset;
        for (offset, piece) in self.overlapping(range) {
            if from < offset {
                gaps.push(ByteRange::between(from, offset));
            }
            from = end(offset, piece);
        }
        if from < range.end() {
            gaps.push(ByteRange::between(from, range.end()));
        }
        gaps
    }

    /// Forgets the bytes of `range`, held or not.
    pub(crate) fn remove(&mut self, range: ByteRange) {
        while let Some((&end, piece)) = self.pieces.range_mut(behind(range.offset)).next() {
            let offset = start(end, piece);
            if offset >= range.end() || range.is_empty() {
                break;
            }
            let in_range = place(offset, piece, range);
            self.held_bytes = self.held_bytes.saturating_sub(in_range.len() as u64);
            let front = if in_range.start > 0 { piece.slice(..in_range.start) } else { Bytes::new() };
            match range.end() < end {
                true => piece.advance(in_range.end),
                false => drop(self.pieces.remove(&end)),
            }
            if !front.is_empty() {
                self.pieces.insert(range.offset, front);
            }
        }
    }

    /// How many bytes are held, each counted once.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.held_bytes
    }

    /// The first byte of `range` that is not held.
    fn first_gap(&self, range: ByteRange) -> Option<u64> {
        let mut from = range.offset;
        for (offset, piece) in self.overlapping(range) {
            if from < offset {
                break;
            }
            from = end(offset, piece);
        }
        (from < range.end()).then_some(from)
    }

    /// The bytes of `range`, all of which are held.
    fn joined(&self, range: ByteRange) -> Bytes {
        let mut pieces = self.overlapping(range);
        match pieces.next() {
            None => Bytes::new(),
            Some((offset, piece)) if end(offset, piece) >= range.end() => shared_part(offset, piece, range),
            Some((offset, piece)) => {
                // All of it is held: so much is needed, and no more.
                let mut joined = Vec::with_capacity(usize::try_from(range.length).unwrap_or(0));
                joined.extend_from_slice(part(offset, piece, range));
                for (offset, piece) in pieces {
                    joined.extend_from_slice(part(offset, piece, range));
                }
                Bytes::from(joined)
            }
        }
    }

    /// The pieces that have a byte in `range`, ascending.
    fn overlapping(&self, range: ByteRange) -> impl Iterator<Item = (u64, &Bytes)> {
        let pieces = self.pieces.range(behind(range.offset)).map(|(&end, piece)| (start(end, piece), piece));
        pieces.take_while(move |(offset, _)| *offset < range.end() && !range.is_empty())
    }

    /// Joins the new piece at `added` with those behind it and the one before it, where that is cheap.
    fn join_small(&mut self, added: ByteRange) {
        for mut end in [added.end(), added.offset] {
            while let Some(further) = self.join(end) {
                end = further;
            }
        }
    }

    /// Copies the piece behind the one that ends at `left` onto its end, if it is small and not very much longer: so a byte
    /// is copied a few times only, also when a file is pushed backwards. Where both end then, if that was done.
    fn join(&mut self, left: u64) -> Option<u64> {
        let left_piece = self.pieces.get(&left)?;
        let (&right, right_piece) = self.pieces.range(behind(left)).next()?;
        let not_very_much_longer = right_piece.len() / LONGEST_RATIO <= left_piece.len();
        let is_small = right_piece.len() <= SMALL_PIECE_BYTES && left_piece.len() <= LARGEST_JOINED_BYTES;
        if start(right, right_piece) != left || !is_small || !not_very_much_longer {
            return None;
        }
        let front = self.pieces.remove(&left)?;
        let piece = self.pieces.entry(right).or_default();
        // A piece that only this map refers to grows in place, else its bytes are copied once.
        let mut grown = front.try_into_mut().unwrap_or_else(|shared| BytesMut::from(shared.as_ref()));
        grown.extend_from_slice(piece);
        *piece = grown.freeze();
        Some(right)
    }
}

/// The ends of pieces that have a byte from `offset` on.
fn behind(offset: u64) -> (Bound<u64>, Bound<u64>) {
    (Bound::Excluded(offset), Bound::Unbounded)
}

/// The first byte of `piece`, which ends at `end`.
fn start(end: u64, piece: &Bytes) -> u64 {
    end.saturating_sub(piece.len() as u64)
}

/// One past the last byte of `piece`, which begins at `offset`.
fn end(offset: u64, piece: &Bytes) -> u64 {
    offset.saturating_add(piece.len() as u64)
}

/// Where in `piece`, which begins at `offset`, the bytes of `range` lie: always within the piece.
fn place(offset: u64, piece: &[u8], range: ByteRange) -> std::ops::Range<usize> {
    let index = |position: u64| usize::try_from(position.saturating_sub(offset)).unwrap_or(usize::MAX).min(piece.len());
    index(range.offset)..index(range.end()).max(index(range.offset))
}

/// The bytes of `range` that lie in `piece`, which begins at `offset`.
fn part(offset: u64, piece: &[u8], range: ByteRange) -> &[u8] {
    piece.get(place(offset, piece, range)).unwrap_or_default()
}

/// The same without a copy.
fn shared_part(offset: u64, piece: &Bytes, range: ByteRange) -> Bytes {
    piece.slice(place(offset, piece, range))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn range(start: u64, end: u64) -> ByteRange {
        ByteRange::between(start, end)
    }

    fn with(pieces: &[(u64, &'static [u8])]) -> Buffers {
        let mut buffers = Buffers::default();
        for (offset, bytes) in pieces {
            buffers.insert(*offset, Bytes::from_static(bytes)).unwrap();
        }
        buffers
    }

    /// `length` bytes that tell their place, more than are joined by copying.
    fn large(offset: u64, length: u64) -> Bytes {
        (offset..offset + length).map(|position| (position / 7 + position * 3) as u8).collect::<Vec<_>>().into()
    }

    #[test]
    fn a_range_within_one_piece_is_not_copied() {
        let data = large(10, 10_000);
        let mut buffers = Buffers::default();
        buffers.insert(10, data.clone()).unwrap();
        let got = buffers.get(range(1000, 2000)).unwrap();
        assert_eq!(got.as_ptr(), data[990..].as_ptr());
        assert_eq!(buffers.contiguous_from(1000, 50).as_ptr(), data[990..].as_ptr());
    }

    #[test]
    fn a_range_over_several_pieces_is_joined() {
        let mut buffers = Buffers::default();
        let all = large(0, 30_000);
        for (start, end) in [(20_000, 30_000), (0, 10_000), (10_000, 20_000)] {
            buffers.insert(start as u64, all.slice(start..end)).unwrap();
        }
        assert_eq!(buffers.pieces.len(), 3);
        assert_eq!(buffers.get(range(9_000, 29_000)).unwrap(), all.slice(9_000..29_000));
    }

    #[test]
    fn a_range_with_a_gap_is_not_got() {
        let buffers = with(&[(0, b"abc"), (5, b"fgh")]);
        assert_eq!(buffers.get(range(1, 6)), None);
        assert!(!buffers.covers(range(1, 6)));
        assert!(buffers.covers(range(5, 8)));
        assert_eq!(buffers.get(range(4, 4)), Some(Bytes::new()));
    }

    #[test]
    fn contiguous_bytes_end_at_the_gap_and_at_the_maximum() {
        let buffers = with(&[(0, b"abc"), (3, b"def"), (8, b"ijk")]);
        assert_eq!(buffers.contiguous_from(1, 100), "bcdef");
        assert_eq!(buffers.contiguous_from(1, 3), "bcd");
        assert_eq!(buffers.contiguous_from(6, 100), "");
        assert_eq!(buffers.contiguous_from(9, u64::MAX), "jk");
    }

    #[test]
    fn missing_names_the_gaps_in_order() {
        let buffers = with(&[(2, b"cd"), (6, b"gh")]);
        assert_eq!(buffers.missing(range(0, 10)), [range(0, 2), range(4, 6), range(8, 10)]);
        assert_eq!(buffers.missing(range(3, 7)), [range(4, 6)]);
        assert_eq!(buffers.missing(range(2, 4)), []);
        assert_eq!(buffers.missing(range(5, 5)), []);
    }

    #[test]
    fn bytes_held_are_kept_and_only_the_rest_is_added() {
        let mut buffers = with(&[(2, b"cd")]);
        buffers.insert(0, Bytes::from_static(b"abcdef")).unwrap();
        buffers.insert(1, Bytes::from_static(b"bcd")).unwrap();
        assert_eq!(buffers.get(range(0, 6)).unwrap(), "abcdef");
        assert_eq!(buffers.held_bytes(), 6);
    }

    #[test]
    fn contradicting_bytes_are_refused_and_change_nothing() {
        let mut buffers = with(&[(2, b"cd")]);
        let error = buffers.insert(0, Bytes::from_static(b"abcX")).unwrap_err();
        assert_eq!((error.kind(), error.file_offset()), (ErrorKind::InvalidArgument, Some(3)));
        assert_eq!(buffers.held_bytes(), 2);
        assert_eq!(buffers.missing(range(0, 4)), [range(0, 2)]);
    }

    #[test]
    fn bytes_past_the_largest_offset_are_refused() {
        let mut buffers = Buffers::default();
        assert_eq!(buffers.insert(u64::MAX, Bytes::from_static(b"a")).unwrap_err().kind(), ErrorKind::InvalidArgument);
        buffers.insert(u64::MAX - 1, Bytes::from_static(b"a")).unwrap();
        assert_eq!(buffers.contiguous_from(u64::MAX - 1, 9), "a");
    }

    #[test]
    fn removing_splits_a_piece_without_a_copy() {
        let data = large(0, 10_000);
        let mut buffers = Buffers::default();
        buffers.insert(0, data.clone()).unwrap();
        buffers.remove(range(100, 9_000));
        assert_eq!(buffers.held_bytes(), 1_100);
        assert_eq!(buffers.missing(range(0, 10_000)), [range(100, 9_000)]);
        assert_eq!(buffers.get(range(9_000, 10_000)).unwrap().as_ptr(), data[9_000..].as_ptr());
        buffers.remove(range(0, u64::MAX));
        assert_eq!((buffers.held_bytes(), buffers.pieces.len()), (0, 0));
    }

    #[test]
    fn bytes_pushed_one_by_one_make_few_pieces() {
        let all = large(0, 200_000);
        let forwards: Vec<usize> = (0..all.len()).collect();
        let backwards: Vec<usize> = (0..all.len()).rev().collect();
        let mixed: Vec<usize> = (0..all.len()).map(|index| index * 7919 % all.len()).collect();
        for (order, most_pieces) in [(forwards, 4), (backwards, 100), (mixed, 2000)] {
            let mut buffers = Buffers::default();
            for index in order {
                buffers.insert(index as u64, all.slice(index..index + 1)).unwrap();
            }
            assert!(buffers.pieces.len() <= most_pieces, "{} pieces", buffers.pieces.len());
            assert_eq!(buffers.get(range(0, all.len() as u64)).unwrap(), all);
        }
    }

    /// Random pushes, removals and questions against a vector with one entry a byte.
    #[test]
    fn agrees_with_a_model() {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut random = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        for _ in 0..40 {
            let size = 1 + random(20_000);
            let mut model: Vec<Option<u8>> = vec![None; size as usize];
            let mut buffers = Buffers::default();
            for _ in 0..100 {
                let start = random(size);
                let longest = (size - start).min(1 + random(size));
                let end = start + random(longest + 1);
                let cells = start as usize..end as usize;
                if random(3) == 0 {
                    buffers.remove(range(start, end));
                    model[cells].fill(None);
                } else {
                    let data = large(start, end - start);
                    buffers.insert(start, data.clone()).unwrap();
                    model[cells].iter_mut().zip(data).for_each(|(cell, byte)| *cell = Some(byte));
                }
                compare(&buffers, &model, random(size), random(size));
            }
        }
    }

    fn compare(buffers: &Buffers, model: &[Option<u8>], one: u64, other: u64) {
        let asked = range(one.min(other), one.max(other));
        let cells = &model[asked.offset as usize..asked.end() as usize];
        let whole: Option<Vec<u8>> = cells.iter().copied().collect();
        let front: Vec<u8> = cells.iter().map_while(|cell| *cell).collect();
        assert_eq!(buffers.held_bytes(), model.iter().flatten().count() as u64);
        assert_eq!(buffers.covers(asked), whole.is_some());
        assert_eq!(buffers.get(asked).as_deref(), whole.as_deref());
        assert_eq!(buffers.contiguous_from(asked.offset, asked.length), front);
        let mut missing = vec![false; cells.len()];
        for gap in buffers.missing(asked) {
            missing[(gap.offset - asked.offset) as usize..(gap.end() - asked.offset) as usize].fill(true);
        }
        assert!(missing.iter().zip(cells).all(|(gap, cell)| *gap == cell.is_none()));
    }
}
