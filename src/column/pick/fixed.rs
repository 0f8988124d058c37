//! Picked values that are all of one width: numbers, wider values, booleans, and the keys of dictionaries.

use std::ops::Range;
use std::sync::Arc;

use arrow_buffer::{ArrowNativeType, Buffer};
use arrow_data::ArrayData;

use super::gathered::{Parts, RowBuilder};
use super::{Piece, push_bits, set_bits};
use crate::error::Result;
use crate::memory::{BitSlice, Bits, Plain, Pool, Values};
use crate::simd;

/// Values of a width that a register takes.
pub(super) struct Numbers<T>(Values<T>);

/// Takes values of `width` bytes, where a register does; memory is for `capacity` of them at first.
pub(super) fn numbers(width: usize, capacity: usize, pool: &Arc<Pool>) -> Option<Box<dyn RowBuilder>> {
    Some(match width {
        1 => Box::new(Numbers::<u8>(Values::on_demand(pool, capacity))),
        2 => Box::new(Numbers::<u16>(Values::on_demand(pool, capacity))),
        4 => Box::new(Numbers::<u32>(Values::on_demand(pool, capacity))),
        8 => Box::new(Numbers::<u64>(Values::on_demand(pool, capacity))),
        16 => Box::new(Numbers::<i128>(Values::on_demand(pool, capacity))),
        _ => return None,
    })
}

impl<T: Plain + ArrowNativeType> RowBuilder for Numbers<T> {
    fn push(&mut self, pieces: &[Piece<'_>]) -> Result<()> {
        pieces.iter().try_for_each(|piece| push_values(&mut self.0, piece))
    }

    fn finish(self: Box<Self>) -> Result<Parts> {
        Ok((vec![self.0.into_buffer()], Vec::new()))
    }
}

/// Appends the picked values of a piece.
pub(super) fn push_values<T: Plain + ArrowNativeType>(out: &mut Values<T>, piece: &Piece<'_>) -> Result<()> {
    let values = piece.values::<T>(0, 0)?;
    let room = out.spare(piece.count)?;
    match (piece.bits(), piece.places()) {
        (_, Some(places)) => {
            let picked = places.iter().map(|place| values.get(*place as usize).copied().unwrap_or_default());
            room.iter_mut().zip(picked).for_each(|(slot, value)| *slot = value);
        }
        (Some(selected), None) => {
            simd::compress(values, selected, room);
        }
        (None, None) => room.get_mut(..values.len()).unwrap_or_default().copy_from_slice(values),
    }
    out.commit(piece.count);
    Ok(())
}

/// Values of any number of bytes.
pub(super) struct Wide {
    width: usize,
    bytes: Values<u8>,
}

impl Wide {
    /// Values of `width` bytes each, with memory for `capacity` of them at first.
    pub(super) fn new(width: usize, capacity: usize, pool: &Arc<Pool>) -> Self {
        Self { width, bytes: Values::on_demand(pool, capacity.saturating_mul(width)) }
    }

    fn push_piece(&mut self, piece: &Piece<'_>) -> Result<()> {
        let width = self.width;
        let bytes = piece.data.buffers().first().map(Buffer::as_slice).unwrap_or_default();
        let at = |row: usize| row.saturating_add(piece.data.offset()).saturating_mul(width);
        let mut room = self.bytes.spare(piece.count.saturating_mul(width))?;
        let mut copy = |rows: Range<usize>| {
            let values = bytes.get(at(rows.start)..at(rows.end)).unwrap_or_default();
            let target = std::mem::take(&mut room);
            simd::copy_prefix(values, values.len(), target);
            room = target.get_mut(values.len()..).unwrap_or_default();
        };
        piece.for_each_word(|rows, word| match word {
            u64::MAX => copy(rows),
            _ => set_bits(word)
                .map(|row| rows.start.saturating_add(row))
                .for_each(|row| copy(row..row.saturating_add(1))),
        });
        self.bytes.commit(piece.count.saturating_mul(width));
        Ok(())
    }
}

impl RowBuilder for Wide {
    fn push(&mut self, pieces: &[Piece<'_>]) -> Result<()> {
        pieces.iter().try_for_each(|piece| self.push_piece(piece))
    }

    fn finish(self: Box<Self>) -> Result<Parts> {
        Ok((vec![self.bytes.into_buffer()], Vec::new()))
    }
}

/// Booleans, a bit each.
pub(super) struct Booleans(Bits);

impl Booleans {
    /// Memory is for `capacity` of them at first.
    pub(super) fn new(capacity: usize, pool: &Arc<Pool>) -> Self {
        Self(Bits::on_demand(pool, capacity))
    }
}

impl RowBuilder for Booleans {
    fn push(&mut self, pieces: &[Piece<'_>]) -> Result<()> {
        pieces.iter().try_for_each(|piece| {
            let bytes = piece.data.buffers().first().map(Buffer::as_slice).unwrap_or_default();
            push_bits(&mut self.0, BitSlice::new(bytes, piece.data.offset(), piece.rows()), piece.bits())
        })
    }

    fn finish(self: Box<Self>) -> Result<Parts> {
        Ok((vec![self.0.into_boolean_buffer()?.into_inner()], Vec::new()))
    }
}

/// Keys of one dictionary.
pub(super) struct Keys {
    /// Takes the keys.
    pub keys: Box<dyn RowBuilder>,
    /// What they are keys of.
    pub entries: ArrayData,
}

impl RowBuilder for Keys {
    fn takes(&self, piece: &Piece<'_>) -> bool {
        piece.data.child_data().first().is_some_and(|entries| entries.ptr_eq(&self.entries))
    }

    fn push(&mut self, pieces: &[Piece<'_>]) -> Result<()> {
        self.keys.push(pieces)
    }

    fn finish(self: Box<Self>) -> Result<Parts> {
        let (keys, _) = self.keys.finish()?;
        Ok((keys, vec![self.entries]))
    }
}
