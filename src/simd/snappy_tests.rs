//! The Snappy decoder against `snap`: what one reads, the other reads too, as the same bytes. And against blocks made by
//! hand, with every kind of element.

use super::snappy::{Front, Kernel, ROOM, decompress, decompress_by, single_literal, stated_size};

/// What stands in the target before: none of it may be left over.
const STALE: u8 = 0xa5;

/// Decompresses by every kernel into a target with `room` behind the block, and sees to it that nothing behind that was
/// written.
fn ours(block: &[u8], room: usize) -> Result<Vec<u8>, &'static str> {
    let size = stated_size(block).ok_or("no size")? as usize;
    // In allocations of their own, so that what reads or writes out of bounds is seen by a sanitizer.
    let block = block.to_vec().into_boxed_slice();
    let by = |kernel| {
        let mut target = vec![STALE; size + room].into_boxed_slice();
        decompress_by(kernel, &block, size, &mut target)?;
        assert!(target.iter().skip(size + ROOM).all(|byte| *byte == STALE), "written too far by {kernel:?}");
        Ok(target[..size].to_vec())
    };
    let mut all = Kernel::available().iter().map(|kernel| by(*kernel));
    let first = all.next().unwrap_or(Err("no kernel"));
    assert!(all.all(|other| other == first), "kernels differ about {block:?}");
    if room == ROOM {
        for (kernel, step) in Kernel::available().iter().flat_map(|kernel| [(*kernel, 61), (*kernel, 5000)]) {
            assert_eq!(
                in_parts(kernel, &block, size, step).ok(),
                first.clone().ok(),
                "{step} bytes at a time: {block:?}"
            );
        }
    }
    first
}

/// The same, `step` bytes at a time: what was there at the end of a step is not changed by the next one.
fn in_parts(kernel: Kernel, block: &[u8], size: usize, step: usize) -> Result<Vec<u8>, &'static str> {
    let (mut front, mut becomes) = (Front::begin(block, size)?, Vec::new());
    let mut target = vec![STALE; size + ROOM].into_boxed_slice();
    for goal in (step..size).step_by(step).chain([size]) {
        front.go_on_by(kernel, block, &mut target, goal)?;
        assert!((goal..=size).contains(&front.filled()), "{} bytes instead of {goal}", front.filled());
        becomes.extend_from_slice(&target[becomes.len()..front.filled()]);
    }
    assert!(target.starts_with(&becomes), "what was there has changed");
    Ok(becomes)
}

fn theirs(block: &[u8]) -> Option<Vec<u8>> {
    snap::raw::Decoder::new().decompress_vec(block).ok()
}

fn assert_as_theirs(block: &[u8]) -> bool {
    let expected = theirs(block);
    for room in [0, 1, 17, ROOM - 1, ROOM, ROOM + 1, 200] {
        assert_eq!(ours(block, room).ok(), expected, "with {room} bytes behind {} of {block:?}", block.len());
    }
    expected.is_some()
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        // A generator by Marsaglia (xorshift64).
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 20) as usize % bound.max(1)
    }
}

/// A block under construction, and what it becomes.
#[derive(Default)]
struct Block {
    elements: Vec<u8>,
    becomes: Vec<u8>,
}

impl Block {
    fn literal(&mut self, bytes: &[u8], length_bytes: usize) {
        let length = bytes.len() - 1;
        if length_bytes == 0 {
            self.elements.push((length << 2) as u8);
        } else {
            self.elements.push(((59 + length_bytes) << 2) as u8);
            self.elements.extend(&length.to_le_bytes()[..length_bytes]);
        }
        self.elements.extend(bytes);
        self.becomes.extend(bytes);
    }

    fn copy(&mut self, offset: usize, length: usize, offset_bytes: usize) {
        let low = offset.to_le_bytes();
        match offset_bytes {
            1 => self.elements.extend([(offset >> 8 << 5 | (length - 4) << 2 | 1) as u8, low[0]]),
            2 => self.elements.extend([((length - 1) << 2 | 2) as u8, low[0], low[1]]),
            _ => self.elements.extend([((length - 1) << 2 | 3) as u8, low[0], low[1], low[2], low[3]]),
        }
        for _ in 0..length {
            self.becomes.push(self.becomes[self.becomes.len() - offset]);
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut bytes = varint(self.becomes.len());
        bytes.extend(&self.elements);
        bytes
    }

    fn assert_is_read(&self) {
        let bytes = self.bytes();
        assert_eq!(theirs(&bytes).as_deref(), Some(&self.becomes[..]));
        for room in [0, 5, ROOM, ROOM + 40] {
            assert_eq!(ours(&bytes, room).as_deref(), Ok(&self.becomes[..]), "with {room} bytes behind {bytes:?}");
        }
    }

    /// Elements of every kind, of any length.
    fn random(random: &mut Random, elements: usize) -> Self {
        let mut block = Self::default();
        for _ in 0..elements {
            let written = block.becomes.len();
            let offset = [1, 2, 8, 16, 70, 2047, 65535, 1 << 20][random.below(8)];
            let offset = 1 + random.below(offset.min(written));
            match random.below(if written == 0 { 2 } else { 9 }) {
                0 => {
                    let bytes: Vec<u8> = (0..1 + random.below(400)).map(|_| random.next() as u8).collect();
                    block.literal(&bytes, 2 + random.below(3));
                }
                1 | 2 => {
                    let most = [4, 16, 60][random.below(3)];
                    let bytes: Vec<u8> = (0..1 + random.below(most)).map(|_| random.next() as u8).collect();
                    let length_bytes = random.below(20).saturating_sub(15);
                    block.literal(&bytes, length_bytes);
                }
                3..6 if offset < 2048 => block.copy(offset, 4 + random.below(8), 1),
                6 => block.copy(offset, 1 + random.below(64), 4),
                _ => block.copy(offset.min(65535), 1 + random.below(64), 2),
            }
        }
        block
    }
}

fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 128 {
        bytes.push(number as u8 | 128);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// Bytes that look like columns: repeated, counted, random, in turn.
fn column_like(random: &mut Random, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 1000);
    while bytes.len() < length {
        let count = random.below(300);
        match random.below(5) {
            0 => bytes.extend((0..count).map(|_| random.next() as u8)),
            1 => bytes.extend((0..count as u64).flat_map(|number| (number * 3).to_le_bytes())),
            2 => bytes.extend(std::iter::repeat_n(random.next() as u8, count)),
            3 if !bytes.is_empty() => {
                let start = random.below(bytes.len());
                bytes.extend_from_within(start..(start + count).min(bytes.len()));
            }
            _ => bytes.extend((0..count).flat_map(|_| *[b"the ", b"fox ", b"over", b"lazy"][random.below(4)])),
        }
    }
    bytes.truncate(length);
    bytes
}

#[test]
fn what_snap_writes_is_read() {
    let mut random = Random(3);
    for length in (0..300).chain((0..150).map(|step| 301 + 613 * step)) {
        let bytes = column_like(&mut random, length);
        let block = snap::raw::Encoder::new().compress_vec(&bytes).unwrap();
        for room in [0, ROOM] {
            assert!(ours(&block, room).as_deref() == Ok(&bytes[..]), "{length} bytes with {room} behind them");
        }
    }
}

#[test]
fn copies_of_every_offset_and_length_are_read() {
    let prefix: Vec<u8> = (0..100_u8).map(|byte| byte.wrapping_mul(7).wrapping_add(1)).collect();
    for offset in 1..=100 {
        for length in 1..=64 {
            for offset_bytes in [1, 2, 4] {
                if offset_bytes == 1 && !(4..12).contains(&length) {
                    continue;
                }
                // Far from the end of the block, near to it, and at it.
                for following in [0, 1, 30, 300] {
                    let mut block = Block::default();
                    block.literal(&prefix, 1);
                    block.copy(offset, length, offset_bytes);
                    for byte in 0..following {
                        block.literal(&[byte as u8], 0);
                    }
                    block.assert_is_read();
                }
            }
        }
    }
}

#[test]
fn literals_of_every_length_are_read() {
    let bytes: Vec<u8> = (0..70_000u32).map(|byte| (byte * 31 >> 3) as u8).collect();
    let lengths = (1..=300).chain([1000, 65_535, 65_536, 65_537, 70_000]);
    for length in lengths {
        for length_bytes in 0..=4 {
            if (length_bytes == 0 && length > 60) || (1..3).contains(&length_bytes) && length > 1 << (8 * length_bytes)
            {
                continue;
            }
            for following in [0, 3, 200] {
                let mut block = Block::default();
                block.literal(&bytes[..80], 1);
                block.literal(&bytes[..length], length_bytes);
                for _ in 0..following {
                    block.copy(40, 5, 1);
                }
                block.assert_is_read();
            }
        }
    }
}

#[test]
fn any_mixture_of_elements_is_read() {
    let mut random = Random(7);
    for elements in (1..400).chain([2000; 100]) {
        Block::random(&mut random, elements).assert_is_read();
    }
}

/// A literal and a copy that make up eight bytes most of the time, the copy being of the bytes in front most of the time. One of
/// `others` is no such number.
fn number(block: &mut Block, random: &mut Random, others: usize) {
    let is_other = random.below(others) == 0;
    let own = 1 + random.below(if is_other { 7 } else { 4 });
    let bytes: Vec<u8> = (0..own).map(|_| random.next() as u8).collect();
    block.literal(&bytes, 0);
    let most = block.becomes.len();
    let offset = match random.below(10) {
        0..4 => 8,
        4 => 16,
        5 if is_other => 1 + random.below(30),
        5 | 6 => 8 * (1 + random.below(40)),
        7 => 8 + random.below(250),
        _ => 8 + random.below(most.min(65535) - 7),
    };
    let offset = offset.min(most);
    let length = if is_other && random.below(2) == 0 { 1 + random.below(64) } else { 8 - own };
    let has_short_offset = offset < 2048 && (4..12).contains(&length) && random.below(others) > 0;
    block.copy(offset, length, if has_short_offset { 1 } else { 2 });
}

#[test]
fn numbers_of_eight_bytes_are_read() {
    let mut random = Random(11);
    for round in 0..200 {
        let mut block = Block::default();
        block.literal(&[7; 80], 1);
        let others = [3, 20, 100, 1000, 1 << 30][round % 5];
        for _ in 0..random.below(20 * round) {
            number(&mut block, &mut random, others);
        }
        block.assert_is_read();
    }
}

#[test]
fn numbers_with_wrong_offsets_are_refused() {
    let mut random = Random(13);
    let mut block = Block::default();
    block.literal(&[7; 80], 1);
    for _ in 0..400 {
        number(&mut block, &mut random, 100);
    }
    let behind = [2 << 2, 1, 2, 3, 1 << 2 | 1, 8].repeat(600);
    let written = block.becomes.len() + 3;
    let size = varint(written + 5 + 600 * 8);
    let assert_is = |is_right: bool, copy: &[u8]| {
        let wrong = [&size[..], &block.elements, &[2 << 2, 1, 2, 3], copy, &behind].concat();
        assert_eq!(assert_as_theirs(&wrong), is_right, "copy {copy:?} behind {written} bytes");
    };
    for (offset, is_right) in [(0, false), (1, true), (8, true), (300, true), (written, true), (written + 1, false)] {
        assert_is(is_right, &[4 << 2 | 2, offset as u8, (offset >> 8) as u8]);
        if offset < 2048 {
            assert_is(is_right, &[((offset >> 8) as u8) << 5 | 1 << 2 | 1, offset as u8]);
        }
    }
    assert_is(false, &[4 << 2 | 2, 255, 255]);
}

#[test]
fn a_block_of_one_literal_is_told_from_others() {
    let bytes: Vec<u8> = (0..70_000u32).map(|byte| (byte * 31 >> 3) as u8).collect();
    for length in (1..=300).chain([65_535, 65_536, 65_537, 70_000]) {
        let bytes = &bytes[..length];
        for length_bytes in 0..=4 {
            if (length_bytes == 0 && length > 60) || (1..3).contains(&length_bytes) && length > 1 << (8 * length_bytes)
            {
                continue;
            }
            let mut block = Block::default();
            block.literal(bytes, length_bytes);
            let elements = block.bytes();
            let range = single_literal(&elements, length);
            assert_eq!(
                range.map(|range| &elements[range]),
                Some(bytes),
                "{length} bytes, {length_bytes} for the length"
            );
            assert_eq!(single_literal(&elements, length + 1), None);
            assert_eq!(single_literal(&elements[..elements.len() - 1], length), None);
            assert_eq!(single_literal(&[&elements[..], &[0]].concat(), length), None);
            // Another size than the literal's.
            let other = [&varint(length + 1), &block.elements[..]].concat();
            assert_eq!((single_literal(&other, length), single_literal(&other, length + 1)), (None, None));
        }
    }
    let mut two = Block::default();
    two.literal(&bytes[..20], 0);
    two.literal(&bytes[..20], 0);
    let mut with_copy = Block::default();
    with_copy.literal(&bytes[..20], 0);
    with_copy.copy(20, 20, 2);
    for block in [two.bytes(), with_copy.bytes(), vec![], vec![0], vec![1], vec![0x80], vec![1, 1, 0]] {
        for size in [0, 1, 2, 20, 40] {
            assert_eq!(single_literal(&block, size), None, "{size} bytes of {block:?}");
        }
    }
}

/// Short literals and copies from far, with an element of any kind in between: text, as it comes out of a compressor.
#[test]
fn an_element_of_any_kind_within_text_is_read_or_refused() {
    let mut random = Random(17);
    for round in 0..400 {
        let mut block = Block::default();
        block.literal(&(0..200).map(|byte| byte as u8).collect::<Vec<_>>(), 1);
        let text = |block: &mut Block, random: &mut Random, elements: usize| {
            for _ in 0..elements {
                if random.below(4) == 0 {
                    let bytes: Vec<u8> = (0..1 + random.below(12)).map(|_| random.next() as u8).collect();
                    block.literal(&bytes, 0);
                } else {
                    let offset = 100 + random.below((block.becomes.len() - 100).min(60_000));
                    block.copy(offset, 4 + random.below(8), if offset < 2048 { 1 } else { 2 });
                }
            }
        };
        text(&mut block, &mut random, 30 + round * 3);
        let written = block.becomes.len();
        let (offset, length) = match round % 8 {
            0 => (0, 9),
            1 => (written + 1, 9),
            2 => (65_535, 9),
            3 => (1 + random.below(40), 64),
            4 => (80, 64),
            _ => (1 + random.below(written), 1 + random.below(64)),
        };
        let is_right = (1..=written.min(65_535)).contains(&offset);
        if is_right {
            block.copy(offset, length, if round % 3 == 0 { 4 } else { 2 });
        } else {
            block.elements.extend([((length - 1) << 2 | 2) as u8, offset as u8, (offset >> 8) as u8]);
            block.becomes.extend(vec![0; length]);
        }
        text(&mut block, &mut random, 600);
        assert_eq!(assert_as_theirs(&block.bytes()), is_right, "offset {offset} behind {written} bytes");
    }
}

#[test]
fn blocks_that_are_wrong_are_refused() {
    let wrong: &[(&[u8], &str)] = &[
        (&[], "no preamble"),
        (&[0x80], "a preamble that is cut off"),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0x01], "a size of six bytes"),
        (&[0xff, 0xff, 0xff, 0xff, 0x1f], "a size above 32 bits"),
        (&[3], "no element"),
        (&[3, 0, 1], "fewer bytes than it says"),
        (&[1, 4, 1, 2], "more bytes than it says"),
        (&[0, 0, 1], "more bytes than none"),
        (&[5, 0, 1, 1, 0], "an offset of 0"),
        (&[5, 0, 1, 1, 2], "an offset before the first byte"),
        (&[5, 1, 1], "a copy of nothing"),
        (&[5, 0, 1, 14, 1], "an offset that is cut off"),
        (&[5, 0, 1, 15, 1, 0, 0], "an offset of four bytes that is cut off"),
        (&[5, 16, 1, 2, 3, 4], "a literal that is cut off"),
        (&[5, 60 << 2], "a literal without its length"),
        (&[5, 63 << 2, 255, 255, 255, 255, 0], "a literal of 4 GiB"),
    ];
    for (block, what) in wrong {
        assert!(!assert_as_theirs(block), "{what}");
    }
    let block = [3, 8, 1, 2, 3];
    assert_eq!(decompress(&block, 3, &mut [0; 3]), Ok(()));
    assert!(decompress(&block, 4, &mut [0; 100]).is_err() && decompress(&block, 3, &mut [0; 2]).is_err());
    // More and less than it says, and offsets that are too large, where the fast loop is at work.
    let mut long = Block::default();
    long.literal(&[7; 200], 1);
    for offset in 1..60 {
        long.copy(offset, 9, 1);
    }
    let elements = &long.elements;
    for size in [long.becomes.len() - 1, long.becomes.len() + 1, 900, 64, 100_000] {
        assert!(!assert_as_theirs(&[varint(size), elements.clone()].concat()));
    }
    // A block that goes on and on behind what it says it becomes, of copies from near and from far.
    for offset in [8, 40, 150] {
        let goes_on = [long.elements.clone(), [4 << 2 | 2, offset, 0].repeat(20_000)].concat();
        for size in [800, 1500, 3000, 5000, 9000, 50_000] {
            assert!(!assert_as_theirs(&[varint(size), goes_on.clone()].concat()));
        }
    }
    let written = long.becomes.len();
    for (offset, is_right) in [(0, false), (1, true), (written, true), (written + 1, false), (65535, false)] {
        let copy = [4 << 2 | 2, offset as u8, (offset >> 8) as u8];
        let block = [varint(written + 5 + 400), elements.clone(), copy.to_vec(), [1, 9].repeat(100)].concat();
        assert_eq!(assert_as_theirs(&block), is_right, "offset {offset} behind {written} bytes");
    }
}

#[test]
fn damaged_blocks_are_read_or_refused_as_by_snap() {
    let mut random = Random(11);
    let (mut read, mut refused) = (0, 0);
    for round in 0..4000 {
        let mut block = if round % 2 == 0 {
            let length = random.below(3000);
            snap::raw::Encoder::new().compress_vec(&column_like(&mut random, length)).unwrap()
        } else {
            let elements = random.below(200);
            Block::random(&mut random, elements).bytes()
        };
        // The size stays mostly, or nearly every block would be refused for it.
        let from = if random.below(10) == 0 { 0 } else { 2 };
        for _ in 0..1 + random.below(3) {
            let place = from + random.below(block.len().saturating_sub(from));
            match random.below(6) {
                0 => block.truncate(place),
                1 if place < block.len() => drop(block.remove(place)),
                2 if place < block.len() => block.insert(place, random.next() as u8),
                3 => block.extend([1, 1]),
                _ => {
                    if let Some(byte) = block.get_mut(place) {
                        *byte ^= 1 << random.below(8);
                    }
                }
            }
        }
        // What says that it becomes much more than it can is refused for that elsewhere.
        if !block.is_empty() && stated_size(&block).is_none_or(|size| size < 1 << 20) {
            if assert_as_theirs(&block) { read += 1 } else { refused += 1 }
        }
    }
    assert!(read > 500 && refused > 500, "{read} read, {refused} refused");
}
