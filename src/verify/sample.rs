//! Values to try: those at the edges of a type, and random ones.

use super::Outcome;
use crate::lanes::{Element, bf16, f16};

/// SplitMix64: small, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub(super) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `n`, which is not 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        (self.word() % n as u64) as usize
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}

/// An element whose edges are known: all of them.
pub trait Sample: Element + Outcome {
    /// The values where formulas break.
    const BOUNDARY: &'static [Self];
    /// A value of ordinary size.
    #[doc(hidden)]
    fn ordinary(random: &mut Random) -> Self;
    /// The low bits of `word`.
    #[doc(hidden)]
    fn from_word(word: u64) -> Self;
}

macro_rules! integers {
    ($($t:ty),*) => {$(
        impl Sample for $t {
            const BOUNDARY: &'static [Self] = &[
                0, 1, <$t>::MAX, <$t>::MIN, 2, 3, <$t>::MAX - 1, <$t>::MIN + 1, <$t>::MAX / 2, <$t>::MAX / 2 + 1,
                (0 as $t).wrapping_sub(1), (0 as $t).wrapping_sub(2), 127, 128u8 as $t, 255u8 as $t, <$t>::BITS as $t,
            ];
            fn ordinary(random: &mut Random) -> Self {
                (random.word() as $t) >> random.below(<$t>::BITS as usize) // of every magnitude
            }
            fn from_word(word: u64) -> Self { word as $t }
        }
    )*};
}
integers!(u8, i8, u16, i16, u32, i32, u64, i64);

macro_rules! floats {
    ($($t:ident $bits:ty: $quiet:literal $signaling:literal $two63:literal;)*) => {$(
        impl Sample for $t {
            const BOUNDARY: &'static [Self] = &[
                0.0, -0.0, 1.0, -1.0, $t::NAN, $t::INFINITY, $t::NEG_INFINITY, 0.5, -0.5, 1.5, -1.5, 2.5, 254.5, 255.0,
                255.5, 256.0, 65504.0, 65520.0, 8388607.5, 16777216.0, 16777217.0, 2147483520.0, 2147483648.0,
                -2147483648.0, 4294967296.0, $two63, -$two63, $t::MAX, $t::MIN, $t::MIN_POSITIVE, -$t::MIN_POSITIVE,
                $t::from_bits(1), -$t::from_bits(1), $t::MIN_POSITIVE / 2.0, $t::EPSILON, 1.0 - $t::EPSILON,
                $t::from_bits($quiet), $t::from_bits($signaling),
            ];
            fn ordinary(random: &mut Random) -> Self {
                let unit = (random.word() >> 11) as $t / (1u64 << 53) as $t;
                match random.below(4) {
                    0 => unit,
                    1 => unit * 600.0 - 300.0,
                    2 => random.below(2000) as $t * 0.5 - 500.0, // ties
                    _ => (unit - 0.5) * 2e6,
                }
            }
            fn from_word(word: u64) -> Self { $t::from_bits(word as $bits) }
        }
    )*};
}
floats! {
    f32 u32: 0xffc0_0001 0x7f80_0001 9223372036854775808.0;
    f64 u64: 0xfff8_0000_0000_0001 0x7ff0_0000_0000_0001 9223372036854775808.0;
}

macro_rules! halves {
    ($($t:ident: $($boundary:literal)*;)*) => {$(
        impl Sample for $t {
            const BOUNDARY: &'static [Self] = &[$($t::from_bits($boundary)),*];
            fn ordinary(random: &mut Random) -> Self { $t::from_f32(f32::ordinary(random)) }
            fn from_word(word: u64) -> Self { $t::from_bits(word as u16) }
        }
    )*};
}
halves! { // zeros, ones, NaNs, infinities, extremes, smallest normal, subnormals
    f16: 0 0x8000 0x3c00 0xbc00 0x7e00 0x7c01 0xfe01 0x7c00 0xfc00 0x7bff 0xfbff 0x0400 0x0001 0x8001 0x03ff 0x3800;
    bf16: 0 0x8000 0x3f80 0xbf80 0x7fc0 0x7f81 0xffc1 0x7f80 0xff80 0x7f7f 0xff7f 0x0080 0x0001 0x8001 0x007f 0x3f00;
}
