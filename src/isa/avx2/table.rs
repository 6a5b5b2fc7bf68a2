//! Constants that depend on the width of a lane only, as the bytes of a register.

use crate::isa::x86::Three;
use core::marker::PhantomData;

/// The constants for lanes as wide as `B`.
pub struct Table<B>(PhantomData<B>);

/// A constant computed byte by byte: `each_byte!(j => u8)` for `j` in 0..32.
macro_rules! each_byte {
    ($j:ident => $e:expr) => {
        each_byte!($j, 32 => $e)
    };
    ($j:ident, $n:literal => $e:expr) => {{
        let mut out = [0u8; $n];
        let mut $j = 0;
        while $j < $n {
            out[$j] = $e as u8;
            $j += 1;
        }
        out
    }};
}

/// Byte `j` of each half: `j`.
pub const BYTE_OF_HALF: [u8; 32] = each_byte!(j => j % 16);
/// For bytes, the byte of a 32-bit mask in which bit `j` stands.
pub const BYTE_OF_BIT: [u8; 32] = each_byte!(j => j / 8);

impl<B> Table<B> {
    const W: usize = size_of::<B>();

    /// Lane `i` is `i`.
    pub const IOTA: [u8; 32] = each_byte!(j => if j % Self::W == 0 { j / Self::W } else { 0 });

    /// Lane `i` is bit `i`, counted from 0 again where the lane is too narrow.
    pub const OWN_BIT: [u8; 32] = each_byte!(j => {
        let bit = j / Self::W % (8 * Self::W);
        if j % Self::W == bit / 8 { 1 << (bit % 8) } else { 0 }
    });

    /// Shuffle of each half: its lanes in reverse order.
    pub const REVERSE: [u8; 32] = each_byte!(j => 16 - Self::W - j % 16 / Self::W * Self::W + j % Self::W);

    /// Shuffle of each half: its last lane everywhere.
    pub const LAST: [u8; 32] = each_byte!(j => 16 - Self::W + j % Self::W);

    /// Shuffle of each half: the bytes of each lane in reverse order.
    pub const SWAP_BYTES: [u8; 32] = each_byte!(j => j % 16 / Self::W * Self::W + Self::W - 1 - j % Self::W);

    /// Shuffle: four interleaved channels, each channel's bytes together in 32 bits.
    pub const CHANNELS4: [u8; 16] = each_byte!(j, 16 => {
        let (c, k) = (j / 4, j % 4);
        match Self::W {
            1 => 4 * k + c,
            2 => 8 * (k / 2) + 2 * c + k % 2,
            _ => 4 * c + k,
        }
    });

    /// `[block][channel]`: all ones in the bytes of a block that belong to the channel, where three take turns.
    pub const OWNED3: [[[u8; 16]; 3]; 3] = match Self::W {
        1 => Three::<1>::OWNED,
        2 => Three::<2>::OWNED,
        4 => Three::<4>::OWNED,
        _ => Three::<8>::OWNED,
    };

    /// `[channel]`: shuffle from the places in the blocks to the places in the plane.
    pub const ORDER3: [[u8; 16]; 3] = match Self::W {
        1 => Three::<1>::ORDER,
        2 => Three::<2>::ORDER,
        4 => Three::<4>::ORDER,
        _ => Three::<8>::ORDER,
    };

    /// `[channel]`: shuffle from the places in the plane to the places in the blocks.
    pub const SPREAD3: [[u8; 16]; 3] = match Self::W {
        1 => Three::<1>::SPREAD,
        2 => Three::<2>::SPREAD,
        4 => Three::<4>::SPREAD,
        _ => Three::<8>::SPREAD,
    };
}

/// For each 8-bit mask the places of its ones in order, four bits each; 8 after the last.
pub static ONES_NIBBLES: [u32; 256] = {
    let mut out = [0; 256];
    let mut m = 0;
    while m < 256 {
        let (mut places, mut n, mut i) = (0x8888_8888u32, 0, 0);
        while i < 8 {
            if m >> i & 1 != 0 {
                places ^= (8 ^ i) << (4 * n);
                n += 1;
            }
            i += 1;
        }
        out[m] = places;
        m += 1;
    }
    out
};
