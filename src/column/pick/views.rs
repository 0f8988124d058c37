//! Views picked by bitmaps, and what they point to: the buffers of all pieces as they are, or, where few values are left of a
//! large page, a copy of those values, so that the page does not stay in memory for them.

use std::sync::Arc;

use arrow_buffer::Buffer;

use super::{Piece, compressed};
use crate::column::views::INLINE_BYTES;
use crate::error::{Error, Result};
use crate::memory::{Pool, Values};

/// Values are copied where those of a piece are fewer bytes than one in so many that its buffers hold.
const SPARSE: usize = 8;

/// Views, and the buffers that they point to.
pub(super) fn picked(pieces: &[Piece<'_>], pool: &Arc<Pool>) -> Result<Vec<Buffer>> {
    let mut views = compressed::<u128>(pieces, pool)?;
    let (needed, copied) = sizes(pieces, views.as_slice());
    let mut bytes = Values::<u8>::with_capacity(pool, copied)?;
    // The copies have number 0 where there are any.
    let mut buffers = Vec::new();
    let first = usize::from(copied > 0);
    let mut rest = views.as_mut_slice();
    for (piece, needed) in pieces.iter().zip(needed) {
        let own = own_buffers(piece);
        let (these, others) = std::mem::take(&mut rest).split_at_mut(piece.count);
        rest = others;
        if is_sparse(needed, own) {
            these.iter_mut().try_for_each(|view| copy(view, own, &mut bytes))?;
            continue;
        }
        let is_known = buffers.len() == own.len() && buffers.iter().zip(own).all(|(a, b): (&Buffer, _)| a.ptr_eq(b));
        let before = first.saturating_add(if is_known { 0 } else { buffers.len() });
        if before > 0 {
            let before = u32::try_from(before)
                .map_err(|_| Error::limit("more buffers in one batch than views can name: ask for smaller batches"))?;
            these.iter_mut().for_each(|view| *view = renumbered(*view, before));
        }
        if !is_known {
            buffers.extend_from_slice(own);
        }
    }
    let copies = (copied > 0).then(|| bytes.into_buffer());
    Ok(std::iter::once(views.into_buffer()).chain(copies).chain(buffers).collect())
}

fn own_buffers<'a>(piece: &'a Piece<'_>) -> &'a [Buffer] {
    piece.data.buffers().get(1..).unwrap_or_default()
}

/// The bytes that the views of each piece point to, and how many of them are to be copied.
fn sizes(pieces: &[Piece<'_>], views: &[u128]) -> (Vec<usize>, usize) {
    let (mut needed, mut copied, mut rest) = (Vec::with_capacity(pieces.len()), 0usize, views);
    for piece in pieces {
        let (these, others) = rest.split_at_checked(piece.count).unwrap_or((rest, &[]));
        rest = others;
        let bytes = pointed_to(these);
        if is_sparse(bytes, own_buffers(piece)) {
            copied = copied.saturating_add(bytes);
        }
        needed.push(bytes);
    }
    (needed, copied)
}

/// Bytes that views point to.
fn pointed_to(views: &[u128]) -> usize {
    let long = views.iter().map(|view| length(*view)).filter(|length| *length > INLINE_BYTES);
    long.fold(0, usize::saturating_add)
}

/// True where all views of the piece are few of the bytes that are kept for them.
pub(super) fn is_sparse_piece(piece: &Piece<'_>) -> Result<bool> {
    Ok(is_sparse(pointed_to(piece.values::<u128>(0, 0)?), own_buffers(piece)))
}

fn is_sparse(needed: usize, buffers: &[Buffer]) -> bool {
    let held = buffers.iter().map(Buffer::len).fold(0usize, usize::saturating_add);
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

/// Appends the value of `view` to `bytes`, which have number 0, and lets it point there.
fn copy(view: &mut u128, buffers: &[Buffer], bytes: &mut Values<u8>) -> Result<()> {
    let length = length(*view);
    if length <= INLINE_BYTES {
        return Ok(());
    }
    let [.., b0, b1, b2, b3, o0, o1, o2, o3] = view.to_le_bytes();
    let (buffer, offset) =
        (u32::from_le_bytes([b0, b1, b2, b3]) as usize, u32::from_le_bytes([o0, o1, o2, o3]) as usize);
    let value = buffers.get(buffer).and_then(|buffer| buffer.get(offset..offset.saturating_add(length)));
    let value = value.ok_or_else(|| Error::internal("a view that points to nothing"))?;
    let place = u32::try_from(bytes.len())
        .map_err(|_| Error::limit("more bytes of strings in one batch than views can tell: ask for smaller batches"))?;
    bytes.extend_from_bytes(value)?;
    *view = *view & u128::from(u64::MAX) | u128::from(place) << 96;
    Ok(())
}
