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

use super::elements::Element;
use super::pairs::{At, SPAN, Span};

const WIDTH: usize = size_of::<u64>();

/// Bits of a tag that the tags of literals of at most eight bytes do not have.
const OTHER_TAG_BITS: u8 = 0b1110_0011;

/// What is loaded where nothing has to be.
static NOTHING: [u8; WIDTH] = [0; WIDTH];

/// Decodes literals that make up eight bytes together with the copy behind each, as long as there are such in the span.
///
/// # Safety
/// SPAN_AHEAD bytes can be read from the beginning of the span on, SPAN_ROOM written.
#[inline(always)]
pub(super) unsafe fn run(span: &Span<'_>, target: &mut [u8], mut at: At) -> At {
    let target = target.as_mut_ptr();
    // SAFETY: at least ROOM bytes are written.
    let mut previous = unsafe { target.wrapping_add(at.written - WIDTH).cast::<u64>().read_unaligned() };
    while at.index < SPAN {
        // SAFETY: both elements begin in front of the end of what can be read, and not so near to it that a number would not
        // lie there.
        let (tag, literal, copy) = unsafe {
            let literal = span.byte(at.index + 1).cast::<u64>().read_unaligned();
            (span.byte(at.index).read(), literal, Element::at(span.byte(span.next(at.index))))
        };
        let literal_bytes = usize::from(tag >> 2) + 1;
        let are_both = (tag & OTHER_TAG_BITS == 0) & !copy.is_literal & (literal_bytes + copy.length == WIDTH);
        if !(are_both & (copy.offset >= WIDTH) & (copy.offset <= at.written)) {
            break;
        }
        let to = target.wrapping_add(at.written);
        let is_previous = copy.offset == WIDTH;
        let further = to.wrapping_sub(copy.offset).cast_const();
        let place = select_unpredictable(is_previous, NOTHING.as_ptr(), further);
        let literal_bits = (1 << (8 * literal_bytes)) - 1;
        // SAFETY: what begins at most `written` and at least eight bytes in front of `to` was written; there is room behind it.
        unsafe {
            let source = select_unpredictable(is_previous, previous, place.cast::<u64>().read_unaligned());
            previous = literal & literal_bits | source & !literal_bits;
            to.cast::<u64>().write_unaligned(previous);
        }
        at = At { index: span.second_next(at.index), written: at.written + WIDTH };
    }
    at
}
