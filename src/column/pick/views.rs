//! Views picked by bitmaps, and what they point to: the buffers of all pieces as they are, or, where few values are left of a
//! large page, a copy of those values, so that the page does not stay in memory for them.

use std::sync::Arc;

use arrow_buffer::Buffer;

use super::fixed::push_values;
use super::gathered::{Parts, RowBuilder};
use super::{Piece, expected_bytes};
use crate::error::{Error, Result};
use crate::memory::{Pool, Values};
use crate::simd::{self, End, INLINE_BYTES, PlacedStrings};

/// Values are copied where those of a piece are fewer bytes than one in so many that are kept in memory for it.
const SPARSE: usize = 8;

/// Views, and the buffers that they point to.
pub(super) struct Views {
    views: Values<u128>,
    /// Views that are expected.
    capacity: usize,
    /// Values that were copied. They have number 0 once there are any.
    copies: Values<u8>,
    buffers: Vec<Buffer>,
    /// Where the values that are being copied lie, and where their copies end.
    places: Vec<u64>,
    ends: Vec<i64>,
}

impl Views {
    /// Memory is for `capacity` views at first.
    pub(super) fn new(capacity: usize, pool: &Arc<Pool>) -> Self {
        Self {
            views: Values::on_demand(pool, capacity),
            capacity,
            copies: Values::on_demand(pool, 0),
            buffers: Vec::new(),
            places: Vec::new(),
            ends: Vec::new(),
        }
    }

    fn push_piece(&mut self, piece: &Piece<'_>) -> Result<()> {
        let before = self.views.len();
        push_values(&mut self.views, piece)?;
        let own = own_buffers(piece);
        let needed = pointed_to(self.views.as_slice().get(before..).unwrap_or_default());
        if needed == 0 {
            return Ok(());
        }
        if is_sparse(needed, piece) { self.copy(before, needed, own) } else { self.share(before, own) }
    }

    /// Copies the `needed` bytes that the views from `start` on point to.
    fn copy(&mut self, start: usize, needed: usize, own: &[Buffer]) -> Result<()> {
        if u32::try_from(self.copies.len().saturating_add(needed)).is_err() {
            return Err(Error::limit(
                "more bytes of strings in one batch than views can tell: ask for smaller batches",
            ));
        }
        if self.copies.len() == 0 {
            let picked = self.views.len().saturating_sub(start);
            let others = self.capacity.saturating_sub(start);
            self.copies.reserve(expected_bytes(needed, picked, others))?;
        }
        let (before, mut rest) = self.views.as_mut_slice().split_at_mut_checked(start).unwrap_or_default();
        if self.copies.len() == 0 {
            before.iter_mut().for_each(|view| *view = renumbered(*view, 1));
        }
        while let Some(number) = rest.iter().find(|view| is_pointer(**view)).map(|view| buffer_number(*view)) {
            let is_other = |view: &u128| is_pointer(*view) && buffer_number(*view) != number;
            let count = rest.iter().position(is_other).unwrap_or(rest.len());
            let (these, others) = rest.split_at_mut_checked(count).unwrap_or_default();
            let source = own.get(number as usize).ok_or_else(points_to_nothing)?;
            self.places.clear();
            self.places.extend(these.iter().map(|view| place(*view)));
            copy_all(&self.places, source, &mut self.ends, &mut self.copies)?;
            for ((view, place), end) in these.iter_mut().zip(&self.places).zip(&self.ends) {
                *view = moved(*view, end.to_place().saturating_sub(simd::start_and_length(*place).1));
            }
            rest = others;
        }
        Ok(())
    }

    /// Lets the views from `start` on point to their buffers as they are.
    fn share(&mut self, start: usize, own: &[Buffer]) -> Result<()> {
        let last = self.buffers.len().checked_sub(own.len());
        let is_known = |start: &usize| self.buffers.iter().skip(*start).zip(own).all(|(a, b)| a.ptr_eq(b));
        let first = last.filter(is_known).unwrap_or(self.buffers.len());
        let number = u32::try_from(first.saturating_add(usize::from(self.copies.len() > 0)))
            .map_err(|_| Error::limit("more buffers in one batch than views can name: ask for smaller batches"))?;
        if number > 0 {
            let these = self.views.as_mut_slice().get_mut(start..).unwrap_or_default();
            these.iter_mut().for_each(|view| *view = renumbered(*view, number));
        }
        if first == self.buffers.len() {
            self.buffers.extend_from_slice(own);
        }
        Ok(())
    }
}

impl RowBuilder for Views {
    fn push(&mut self, pieces: &[Piece<'_>]) -> Result<()> {
        pieces.iter().try_for_each(|piece| self.push_piece(piece))
    }

    fn finish(self: Box<Self>) -> Result<Parts> {
        let Self { views, copies, buffers, .. } = *self;
        let copies = (copies.len() > 0).then(|| copies.into_buffer());
        Ok((std::iter::once(views.into_buffer()).chain(copies).chain(buffers).collect(), Vec::new()))
    }
}

fn own_buffers<'a>(piece: &'a Piece<'_>) -> &'a [Buffer] {
    piece.data.buffers().get(1..).unwrap_or_default()
}

/// Bytes that views point to.
fn pointed_to(views: &[u128]) -> usize {
    let long = views.iter().map(|view| length(*view)).filter(|length| *length > INLINE_BYTES);
    long.fold(0, usize::saturating_add)
}

/// True where all views of the piece are few of the bytes that are kept for them.
pub(super) fn is_sparse_piece(piece: &Piece<'_>) -> Result<bool> {
    Ok(is_sparse(pointed_to(piece.values::<u128>(0, 0)?), piece))
}

fn is_sparse(needed: usize, piece: &Piece<'_>) -> bool {
    let held = own_buffers(piece).iter().map(Buffer::len).fold(piece.kept_besides, usize::saturating_add);
    needed > 0 && needed.saturating_mul(SPARSE) < held
}

/// Bytes of the value of a view.
fn length(view: u128) -> usize {
    let [a, b, c, d, ..] = view.to_le_bytes();
    u32::from_le_bytes([a, b, c, d]) as usize
}

/// A view that points to a buffer `before` further on.
fn renumbered(view: u128, before: u32) -> u128 {
    if length(view) <= INLINE_BYTES { view } else { view.wrapping_add(u128::from(before) << 64) }
}

/// True where the value does not lie in the view.
fn is_pointer(view: u128) -> bool {
    length(view) > INLINE_BYTES
}

/// The number of the buffer that `view` points to.
fn buffer_number(view: u128) -> u32 {
    let [.., b0, b1, b2, b3, _, _, _, _] = view.to_le_bytes();
    u32::from_le_bytes([b0, b1, b2, b3])
}

/// Where the value of `view` lies in its buffer; of no bytes where it lies in the view.
fn place(view: u128) -> u64 {
    let [.., o0, o1, o2, o3] = view.to_le_bytes();
    let place = simd::string_place(u32::from_le_bytes([o0, o1, o2, o3]) as usize, length(view));
    if is_pointer(view) { place } else { simd::string_place(0, 0) }
}

/// `view` with its value at `place` of buffer 0, unless the value lies in it.
fn moved(view: u128, place: usize) -> u128 {
    if is_pointer(view) { view & u128::from(u64::MAX) | (place as u128) << 96 } else { view }
}

/// Appends the values at `places` of `source` to `bytes`; `ends` become where each ends there.
fn copy_all(places: &[u64], source: &[u8], ends: &mut Vec<i64>, bytes: &mut Values<u8>) -> Result<()> {
    let is_there = |place: &u64| {
        let (start, length) = simd::start_and_length(*place);
        start.saturating_add(length) <= source.len()
    };
    if !places.iter().fold(true, |all, place| all & is_there(place)) {
        return Err(points_to_nothing());
    }
    ends.clear();
    ends.resize(places.len(), 0);
    let strings = PlacedStrings::at(places);
    let total = strings.total();
    let end = i64::try_from(bytes.len()).map_err(|_| points_to_nothing())?;
    strings.copy(source, end, bytes.spare(total.saturating_add(simd::STRINGS_OVER))?, ends);
    bytes.commit(total);
    Ok(())
}

#[cold]
fn points_to_nothing() -> Error {
    Error::internal("a view that points to nothing")
}
