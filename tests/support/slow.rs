//! Decoders of every encoding, written to be plainly right: one value after the other, each as the format describes it. What
//! the fast ones give is compared with them. Values are the bytes of PLAIN; `None` is a stream that is refused.

/// A cursor over bytes that may end.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Seven bits a byte; what does not fit 64 bits is refused.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..).step_by(7) {
            let byte = self.take(1)?[0];
            if shift > 63 || (shift == 63 && byte & 0x7e != 0) {
                return None;
            }
            value |= ((byte & 0x7f) as u64) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}

/// `width` bits from bit `start` on, least significant first; `None` past the end.
fn bits(bytes: &[u8], start: usize, width: usize) -> Option<u64> {
    let mut value = 0;
    for bit in 0..width {
        let byte = bytes.get((start + bit) / 8)?;
        value |= ((byte >> ((start + bit) % 8) & 1) as u64) << bit;
    }
    Some(value)
}

/// The RLE and bit-packed hybrid: `count` values of `width` bits. The last group may be cut off behind the values needed.
/// Values of no bits are zeros, whatever runs there are.
pub fn hybrid(bytes: &[u8], width: usize, count: usize) -> Option<Vec<u64>> {
    if width == 0 {
        return Some(vec![0; count]);
    }
    let mut bytes = Bytes(bytes);
    let mut values = Vec::new();
    while values.len() < count {
        let header = bytes.varint()?;
        let left = count - values.len();
        let length = header >> 1;
        if header & 1 == 0 {
            let value = bits(bytes.take(width.div_ceil(8))?, 0, width.div_ceil(8) * 8)?;
            values.extend(std::iter::repeat_n(value, usize::try_from(length).unwrap_or(left).min(left)));
            continue;
        }
        let in_run = length.saturating_mul(8).min(left as u64) as usize;
        for index in 0..in_run {
            values.push(bits(bytes.0, index * width, width)?);
        }
        let run_bytes = usize::try_from(length).unwrap_or(usize::MAX).saturating_mul(width);
        bytes.take(run_bytes.min(bytes.0.len()))?;
    }
    Some(values)
}

/// PLAIN values of `width` bytes each.
pub fn fixed(bytes: &[u8], width: usize, count: usize) -> Option<Vec<Vec<u8>>> {
    let mut bytes = Bytes(bytes);
    (0..count).map(|_| bytes.take(width).map(<[u8]>::to_vec)).collect()
}

/// PLAIN booleans.
pub fn booleans(bytes: &[u8], count: usize) -> Option<Vec<Vec<u8>>> {
    (0..count).map(|index| bits(bytes, index, 1).map(|bit| vec![bit as u8])).collect()
}

/// PLAIN byte arrays.
pub fn byte_arrays(bytes: &[u8], count: usize) -> Option<Vec<Vec<u8>>> {
    let mut bytes = Bytes(bytes);
    let mut next = || {
        let length = u32::from_le_bytes(bytes.take(4)?.try_into().ok()?);
        bytes.take(length as usize).map(<[u8]>::to_vec)
    };
    (0..count).map(|_| next()).collect()
}

/// BYTE_STREAM_SPLIT values of `width` bytes each; streams may be longer than needed.
pub fn split(bytes: &[u8], width: usize, count: usize) -> Option<Vec<Vec<u8>>> {
    let there = bytes.len() / width;
    if bytes.len() % width != 0 || there < count {
        return None;
    }
    Some((0..count).map(|value| (0..width).map(|byte| bytes[byte * there + value]).collect()).collect())
}

/// The first `count` DELTA_BINARY_PACKED numbers. The stream may have more; what lies behind those needed is not looked at.
pub fn deltas(bytes: &[u8], count: usize, wraps_at_32_bits: bool) -> Option<Vec<i64>> {
    Some(delta_stream(bytes, count, wraps_at_32_bits, false)?.0)
}

/// The first `count` numbers, and what follows the stream where it is `whole`.
fn delta_stream(bytes: &[u8], count: usize, wraps_at_32_bits: bool, whole: bool) -> Option<(Vec<i64>, &[u8])> {
    let mut bytes = Bytes(bytes);
    let (block, miniblocks, total) = (bytes.varint()?, bytes.varint()?, bytes.varint()?);
    let mut last = bytes.zigzag()?;
    let per_miniblock = block.checked_div(miniblocks).unwrap_or(0);
    let legal = per_miniblock > 0 && per_miniblock % 32 == 0 && block % 128 == 0 && block % miniblocks == 0;
    // A stream of one number has no block.
    if total < count as u64 || (total > 1 && !legal) {
        return None;
    }
    let wrapped = |value: i64| if wraps_at_32_bits { value as i32 as i64 } else { value };
    let mut values = vec![wrapped(last)];
    let (mut passed, wanted) = (1, if whole { total } else { count as u64 });
    while passed < wanted {
        let least = bytes.zigzag()?;
        // Widths and bits may be cut off behind the values needed.
        let widths = bytes.take(usize::try_from(miniblocks).unwrap_or(usize::MAX).min(bytes.0.len()))?;
        for miniblock in 0..usize::try_from(miniblocks).unwrap_or(usize::MAX) {
            if passed >= wanted {
                break;
            }
            let width = *widths.get(miniblock).filter(|width| **width <= 64)? as usize;
            let miniblock_bytes = usize::try_from(per_miniblock / 8).ok()?.saturating_mul(width);
            let packed = bytes.take(miniblock_bytes.min(bytes.0.len()))?;
            for index in 0..(per_miniblock as usize).min(count.saturating_sub(values.len())) {
                let delta = bits(packed, index * width, width)? as i64;
                last = last.wrapping_add(least).wrapping_add(delta);
                values.push(wrapped(last));
            }
            passed = passed.saturating_add(per_miniblock);
        }
    }
    Some((values, bytes.0))
}

/// DELTA_LENGTH_BYTE_ARRAY values.
pub fn delta_lengths(bytes: &[u8], count: usize) -> Option<Vec<Vec<u8>>> {
    let (lengths, rest) = delta_stream(bytes, count, true, true)?;
    let mut rest = Bytes(rest);
    lengths.into_iter().map(|length| rest.take(usize::try_from(length).ok()?).map(<[u8]>::to_vec)).collect()
}

/// DELTA_BYTE_ARRAY values.
pub fn delta_byte_arrays(bytes: &[u8], count: usize) -> Option<Vec<Vec<u8>>> {
    let (prefixes, rest) = delta_stream(bytes, count, true, true)?;
    let suffixes = delta_lengths(rest, count)?;
    let mut values: Vec<Vec<u8>> = Vec::new();
    for (prefix, suffix) in prefixes.into_iter().zip(suffixes) {
        let before = values.last().map_or(&[][..], Vec::as_slice);
        let shared = before.get(..usize::try_from(prefix).ok()?)?;
        values.push([shared, &suffix].concat());
    }
    Some(values)
}
