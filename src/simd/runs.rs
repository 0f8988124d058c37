//! Runs of the hybrid of run-length encoding and bit-packing that lie next to each other.
//!
//! ```text
//! run := header of one or two bytes of seven bits, body
//! header & 1 == 0: the body is one value in whole bytes, header >> 1 times
//! header & 1 == 1: the body is (header >> 1) * 8 values, bit-packed
//! ```

/// Bytes that a header is looked for in.
const HEAD_BYTES: usize = 8;

/// One run.
pub(crate) struct Run<'a> {
    /// What follows its header, and what follows that.
    pub body: &'a [u8],
    /// The first six bytes of the body, the first one lowest.
    pub head: u64,
    /// Its values, at least one.
    pub count: usize,
    /// They are bit-packed.
    pub is_packed: bool,
}

/// What was taken of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RunsTaken {
    /// Bytes.
    pub bytes: usize,
    /// Values.
    pub values: usize,
}

/// Hands the runs from the front of `bytes` on to `take`, with the number of values in front of each, for as long as that
/// takes them. The first `length` of `bytes` are the stream, of values of `width` bits.
///
/// Runs are of the common kind, as many values as a header of two bytes can count, at most those left of `wanted`; the
/// first one that is not is the end, and so is one near the end of `bytes`. A header of one byte is as likely as one of two, a
/// repeated value as packed ones: nothing branches on either.
#[inline(always)]
pub(crate) fn walk_runs<'a>(
    bytes: &'a [u8],
    length: usize,
    width: usize,
    wanted: usize,
    mut take: impl FnMut(usize, Run<'a>) -> bool,
) -> RunsTaken {
    let value_bytes = width.div_ceil(8);
    let mut taken = RunsTaken::default();
    while let Some(chunk) = bytes.get(taken.bytes..).and_then(|rest| rest.first_chunk::<HEAD_BYTES>()) {
        let bits = u64::from_le_bytes(*chunk);
        let is_long = bits >> 7 & 1;
        let header = bits & 0x7f | bits >> 1 & 0x3f80 & is_long.wrapping_neg();
        let is_packed = header & 1 == 1;
        let groups = (header >> 1) as usize;
        let count = groups << if is_packed { 3 } else { 0 };
        let body = taken.bytes + 1 + is_long as usize;
        let end = body + if is_packed { groups * width } else { value_bytes };
        if bits & 0x8080 == 0x8080 || count == 0 || count > wanted - taken.values || end > length {
            break;
        }
        let run = Run { body: &bytes[body..], head: bits >> (8 + 8 * is_long), count, is_packed };
        if !take(taken.values, run) {
            break;
        }
        taken = RunsTaken { bytes: end, values: taken.values + count };
    }
    taken
}
