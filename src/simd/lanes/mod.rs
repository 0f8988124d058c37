//! Bit-packed values into the lanes of AVX-512, AVX2 or NEON registers, shared by the kernels that go on from there.
//!
//! Eight values of `width` bits are exactly `width` bytes. A step over them loads 16 bytes around each half (or quarter)
//! of the values, shuffles the bytes around each value into its lane, shifts each lane and masks it. One loop with a
//! table per width serves every width whose values, with the bits of others in front of them, fit into a lane.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::{Lanes32, Lanes64, WideLanes64};
#[cfg(target_arch = "x86_64")]
pub(super) use avx512::Lanes32x16;
#[cfg(target_arch = "aarch64")]
pub(super) use neon::{Lanes32, Lanes64};

/// True where every one of eight values of `width` bits, with what its first byte holds of others, fits into `lane` bits.
const fn fits(width: usize, lane: usize) -> bool {
    let mut value = 0;
    while value < 8 {
        if (value * width) % 8 + width > lane {
            return false;
        }
        value += 1;
    }
    width > 0
}

/// Bit `width` says whether values of so many bits fit.
const fn widths(lane: usize) -> u128 {
    let (mut widths, mut width) = (0, 1);
    while width <= lane {
        widths |= (fits(width, lane) as u128) << width;
        width += 1;
    }
    widths
}

/// Whether [`Lanes32`] takes values of so many bits: 1 to 26, 28 and 32.
#[inline]
pub(super) fn fits_32(width: u32) -> bool {
    const WIDTHS: u64 = widths(32) as u64;
    WIDTHS.checked_shr(width).unwrap_or(0) & 1 == 1
}

/// Whether [`Lanes64`] takes values of so many bits: 1 to 58, 60 and 64.
#[inline]
pub(super) fn fits_64(width: u32) -> bool {
    const WIDTHS: u128 = widths(64);
    WIDTHS.checked_shr(width).unwrap_or(0) & 1 == 1
}

/// Indices that bring the `bytes` bytes from bit `bit` of a half on to byte `lane` of `shuffle`.
const fn place(mut shuffle: [u8; 32], lane: usize, bytes: usize, bit: usize) -> [u8; 32] {
    let mut byte = 0;
    while byte < bytes {
        // A byte past the 16 loaded ones holds no bit of the value: a zero does.
        let index = bit / 8 + byte;
        shuffle[lane + byte] = if index < 16 { index as u8 } else { 0x80 };
        byte += 1;
    }
    shuffle
}

struct Layout32 {
    shuffle: [u8; 32],
    shifts: [u32; 8],
}

const fn layout_32(width: usize) -> Layout32 {
    let mut layout = Layout32 { shuffle: [0; 32], shifts: [0; 8] };
    let mut lane = 0;
    while lane < 8 {
        let bit = if lane < 4 { lane * width } else { lane * width - (4 * width / 8) * 8 };
        layout.shuffle = place(layout.shuffle, lane * 4, 4, bit);
        layout.shifts[lane] = (bit % 8) as u32;
        lane += 1;
    }
    layout
}

static LAYOUTS_32: [Layout32; 33] = {
    let mut layouts = [const { Layout32 { shuffle: [0; 32], shifts: [0; 8] } }; 33];
    let mut width = 1;
    while width < layouts.len() {
        layouts[width] = layout_32(width);
        width += 1;
    }
    layouts
};

/// Shuffles and shifts for the first and the last four of eight values.
struct Layout64 {
    shuffles: [[u8; 32]; 2],
    shifts: [[u64; 4]; 2],
}

/// First byte of the 16 that hold the pair of values `2 * pair` and `2 * pair + 1`.
const fn pair_start(width: usize, pair: usize) -> usize {
    2 * pair * width / 8
}

const fn layout_64(width: usize) -> Layout64 {
    let mut layout = Layout64 { shuffles: [[0; 32]; 2], shifts: [[0; 4]; 2] };
    let mut value = 0;
    while value < 8 {
        let bit = value * width - pair_start(width, value / 2) * 8;
        let (half, lane) = (value / 4, value % 4);
        layout.shuffles[half] = place(layout.shuffles[half], lane * 8, 8, bit);
        layout.shifts[half][lane] = (bit % 8) as u64;
        value += 1;
    }
    layout
}

static LAYOUTS_64: [Layout64; 65] = {
    let mut layouts = [const { Layout64 { shuffles: [[0; 32]; 2], shifts: [[0; 4]; 2] } }; 65];
    let mut width = 1;
    while width < layouts.len() {
        layouts[width] = layout_64(width);
        width += 1;
    }
    layouts
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_take_values_that_fit_with_the_bits_in_front_of_them() {
        let widths = |fits: fn(u32) -> bool| (0..=200).filter(|width| fits(*width)).collect::<Vec<u32>>();
        assert_eq!(widths(fits_32), (1..=26).chain([28, 32]).collect::<Vec<u32>>());
        assert_eq!(widths(fits_64), (1..=58).chain([60, 64]).collect::<Vec<u32>>());
    }
}
