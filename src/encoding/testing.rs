//! Slow writers and readers of the delta encodings, as the format describes them, to compare the cursors with.

/// Widths of blocks and miniblocks that are legal and unlike each other.
pub(super) const SHAPES: [(usize, usize); 7] =
    [(128, 4), (128, 1), (128, 2), (256, 8), (384, 4), (1024, 2), (4096, 128)];

/// Numbers without a pattern.
pub(super) struct Noise(pub u64);

impl Noise {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 ^ (self.0 >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 7 ^ self.0 << 57
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 11) as usize % bound.max(1)
    }
}

pub(super) fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
    out
}

pub(super) fn zigzag(value: u64) -> Vec<u8> {
    varint(value << 1 ^ ((value as i64) >> 63) as u64)
}

/// A DELTA_BINARY_PACKED stream of `values` in miniblocks that are as narrow as they can be, those that hold no value
/// having a width of nonsense.
pub(super) fn delta_binary_packed(values: &[u64], (block, per_block): (usize, usize)) -> Vec<u8> {
    let mut out = [varint(block as u64), varint(per_block as u64), varint(values.len() as u64)].concat();
    out.extend(zigzag(values.first().copied().unwrap_or(0)));
    let deltas: Vec<u64> = values.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    for block_deltas in deltas.chunks(block) {
        let least = block_deltas.iter().map(|delta| *delta as i64).min().unwrap_or(0) as u64;
        out.extend(zigzag(least));
        let miniblocks: Vec<Vec<u64>> = block_deltas
            .chunks(block / per_block)
            .map(|deltas| deltas.iter().map(|delta| delta.wrapping_sub(least)).collect())
            .collect();
        let width = |deltas: &Vec<u64>| 64 - deltas.iter().fold(0, |all, delta| all | delta).leading_zeros();
        let widths = miniblocks.iter().map(width).chain(std::iter::repeat(0xee)).take(per_block);
        out.extend(widths.map(|width| width as u8));
        for deltas in &miniblocks {
            out.extend(packed(deltas, width(deltas) as usize, block / per_block));
        }
    }
    out
}

fn packed(values: &[u64], width: usize, count: usize) -> Vec<u8> {
    let mut out = vec![0u8; count * width / 8];
    for (index, value) in values.iter().enumerate() {
        for bit in (0..width).filter(|bit| value >> bit & 1 == 1) {
            out[(index * width + bit) / 8] |= 1 << ((index * width + bit) % 8);
        }
    }
    out
}

/// A cursor that reads a page bit by bit.
struct Slow<'a> {
    page: &'a [u8],
    at: usize,
}

impl Slow<'_> {
    fn byte(&mut self) -> Option<u8> {
        self.at += 1;
        self.page.get(self.at - 1).copied()
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                return None;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn unzigzag(&mut self) -> Option<u64> {
        self.varint().map(|value| value >> 1 ^ (value & 1).wrapping_neg())
    }

    fn packed(&self, index: usize, width: usize) -> Option<u64> {
        (0..width).try_fold(0, |value, bit| {
            let place = index * width + bit;
            let byte = self.page.get(self.at.saturating_add(place / 8))?;
            Some(value | u64::from(byte >> (place % 8) & 1) << bit)
        })
    }
}

/// The first `count` values of the stream that begins at `position`; `None` where it does not hold them.
pub(super) fn slow_delta(page: &[u8], position: usize, count: usize) -> Option<Vec<u64>> {
    if position >= page.len() {
        return (count == 0).then(Vec::new);
    }
    let mut slow = Slow { page, at: position };
    let (block, per_block, total) = (slow.varint()?, slow.varint()?, slow.varint()?);
    let mut out = vec![slow.unzigzag()?];
    let values = block.checked_div(per_block).unwrap_or(0);
    let is_legal = values > 0 && values % 32 == 0 && block % 128 == 0 && block % per_block == 0;
    if total > 1 && !is_legal || count as u64 > total {
        return None;
    }
    while out.len() < count {
        let least = slow.unzigzag()?;
        let widths = slow.at;
        slow.at = slow.at.saturating_add(per_block as usize);
        for miniblock in 0..per_block as usize {
            if out.len() >= count {
                break;
            }
            let width = *page.get(widths.saturating_add(miniblock)).filter(|width| **width <= 64)? as usize;
            for index in 0..(values as usize).min(count - out.len()) {
                let delta = slow.packed(index, width)?;
                out.push(out[out.len() - 1].wrapping_add(least).wrapping_add(delta));
            }
            slow.at = slow.at.saturating_add((values as usize / 8).saturating_mul(width));
        }
    }
    out.truncate(count);
    Some(out)
}
