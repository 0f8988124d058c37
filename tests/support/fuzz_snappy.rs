//! What is asserted of any bytes as a Snappy block: `snap` says what is right.

use super::snappy::{Front, Kernel, ROOM, decompress_by, stated_size};

/// Blocks that become more only take time.
const MOST_BYTES: usize = 1 << 20;

/// A block becomes the same bytes here and in `snap`, or is refused by both: as it is, and with the size that its elements
/// add up to. The first byte says how much room is behind what it becomes.
pub fn snappy(data: &[u8]) -> bool {
    let Some((room, block)) = data.split_first() else { return false };
    let as_it_is = is_as_by_snap(block, usize::from(*room));
    let begin = 1 + block.iter().take(5).take_while(|byte| **byte >= 0x80).count();
    let elements = block.get(begin..).unwrap_or_default();
    let size = size_of(elements);
    if size > MOST_BYTES {
        return as_it_is;
    }
    let size = [size as u8 | 0x80, (size >> 7) as u8 | 0x80, (size >> 14) as u8];
    is_as_by_snap(&[&size, elements].concat(), usize::from(*room)) || as_it_is
}

fn is_as_by_snap(block: &[u8], room: usize) -> bool {
    let stated = stated_size(block);
    let theirs = snap::raw::decompress_len(block).ok().filter(|_| !block.is_empty());
    assert_eq!(stated, theirs.map(|size| size as u64), "sizes");
    let Some(size) = theirs.filter(|size| *size <= MOST_BYTES) else { return false };
    let expected = snap::raw::Decoder::new().decompress_vec(block);
    // In allocations of their own, so that a sanitizer sees what is read or written out of bounds.
    let block = block.to_vec().into_boxed_slice();
    for kernel in Kernel::available() {
        let mut target = vec![0xa5; size + room].into_boxed_slice();
        let outcome = decompress_by(*kernel, &block, size, &mut target);
        assert_eq!(outcome.is_ok(), expected.is_ok(), "{kernel:?}: {outcome:?} instead of {expected:?}");
        assert!(target.iter().skip(size + ROOM).all(|byte| *byte == 0xa5), "{kernel:?}: written too far");
        if let Ok(expected) = &expected {
            assert!(target[..size] == expected[..], "{kernel:?}: other bytes");
        }
        assert_eq!(
            in_parts(*kernel, &block, size, 1 + room * 7).as_ref(),
            expected.as_ref().ok(),
            "{kernel:?}: in parts"
        );
    }
    expected.is_ok()
}

/// What a block becomes `step` bytes at a time.
fn in_parts(kernel: Kernel, block: &[u8], size: usize, step: usize) -> Option<Vec<u8>> {
    let mut front = Front::begin(block, size).ok()?;
    let (mut becomes, mut target) = (Vec::new(), vec![0xa5; size + ROOM].into_boxed_slice());
    for goal in (step..size).step_by(step).chain([size]) {
        front.go_on_by(kernel, block, &mut target, goal).ok()?;
        becomes.extend_from_slice(&target[becomes.len()..front.filled()]);
    }
    Some(becomes)
}

/// How many bytes elements become, as far as their tags can be followed.
fn size_of(elements: &[u8]) -> usize {
    let (mut at, mut size) = (0, 0usize);
    while let Some(tag) = elements.get(at) {
        let code = usize::from(tag >> 2);
        let (length, following) = match tag & 3 {
            0 => {
                let following = code.saturating_sub(59);
                let bytes = elements.get(at + 1..).unwrap_or_default().iter().take(following);
                let number = bytes.rev().fold(0, |number, byte| number << 8 | usize::from(*byte));
                let length = 1 + if following == 0 { code } else { number };
                (length, following + length)
            }
            1 => (4 + (code & 7), 1),
            kind => (1 + code, 2 * usize::from(kind) - 2),
        };
        at += 1 + following;
        size += length;
    }
    size
}
