//! Numbers of eight bytes as they look in a block: a literal of the bytes in which a number differs from one before it, and a
//! copy of the others.
//!
//! Most often that is the number right before it, so the copy reads what a store has just written, and what some other store
//! wrote before. The CPU cannot put a load together from several stores that are still on their way: it waits until they have
//! reached the cache, longer than everything else takes. So both elements become one store here, and the number before is
//! kept in a register. One that lies further back was written by a single store too.

// As in `elements`.
#![allow(clippy::arithmetic_side_effects)]

use std::hint::select_unpredictable;

use super::pairs::{At, SPAN, Span};

const WIDTH: usize = size_of::<u64>();

/// Bytes in front of a copy that one of these offsets, which is a single byte, can reach.
const REACH: usize = 256;

/// Bits that the tag of a literal of one to four bytes does not have.
const OTHER_LITERALS: u8 = !(3 << 2);

/// The tag of such a literal and that of a copy of the rest of eight bytes, whose offset is below REACH, together.
const BOTH_TAGS: u8 = (8 - 4 - 1) << 2 | 1;

/// What is loaded where nothing has to be.
static NOTHING: [u8; WIDTH] = [0; WIDTH];

/// Decodes literals that make up eight bytes together with the copy behind each, as long as there are such in the span. Those that
/// have one to four bytes and a copy from nearer than REACH are nearly all there are where copies have to wait for stores.
///
/// # Safety
/// SPAN_AHEAD bytes can be read from the beginning of the span on, SPAN_ROOM written.
#[inline(always)]
pub(super) unsafe fn run(span: &Span<'_>, target: &mut [u8], mut at: At) -> At {
    if at.written < REACH {
        return at;
    }
    let target = target.as_mut_ptr();
    // SAFETY: at least as many bytes are written.
    let mut previous = unsafe { target.wrapping_add(at.written - WIDTH).cast::<u64>().read_unaligned() };
    while at.index < SPAN {
        // SAFETY: both elements begin in front of the end of what can be read, and not so near to it that a number would not
        // lie there.
        let (literal, copy) = unsafe {
            let literal = span.byte(at.index).cast::<u64>().read_unaligned();
            (literal, span.byte(span.next(at.index)).cast::<[u8; 2]>().read())
        };
        let (tag, [copy_tag, offset]) = (literal.to_le_bytes()[0], copy);
        let offset = usize::from(offset);
        let are_both = (tag & OTHER_LITERALS == 0) & (tag.wrapping_add(copy_tag) == BOTH_TAGS);
        if !(are_both & (offset >= WIDTH)) {
            break;
        }
        let to = target.wrapping_add(at.written);
        let is_previous = offset == WIDTH;
        let further = to.wrapping_sub(offset).cast_const();
        let place = select_unpredictable(is_previous, NOTHING.as_ptr(), further);
        let copied = u64::MAX << (2 * tag + 8);
        // SAFETY: what begins less than REACH and at least eight bytes in front of `to` was written; there is room behind it.
        unsafe {
            let source = select_unpredictable(is_previous, previous, place.cast::<u64>().read_unaligned());
            previous = literal >> 8 & !copied | source & copied;
            to.cast::<u64>().write_unaligned(previous);
        }
        at = At { index: span.second_next(at.index), written: at.written + WIDTH };
    }
    at
}
