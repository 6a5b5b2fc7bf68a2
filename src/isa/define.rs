//! What each operation means for one lane. The whole library is measured against these few lines.

use bytemuck::Pod;

/// A word of bits: what moving lanes about needs.
pub trait LaneWord: Pod + PartialEq {
    /// Bits in the word.
    const BITS: u32;
    /// The low bits of `v`.
    fn from_u64(v: u64) -> Self;
    /// Zero-extended.
    fn to_u64(self) -> u64;
    /// Number of ones.
    fn popcount(self) -> Self;
    /// Zeros above the highest one; the width for 0.
    fn leading_zeros(self) -> Self;
    /// Zeros below the lowest one; the width for 0.
    fn trailing_zeros(self) -> Self;
    /// Bit `i` to bit `width - 1 - i`.
    fn reverse_bits(self) -> Self;
}

macro_rules! lane_word {
    ($($t:ty),*) => {$(
        impl LaneWord for $t {
            const BITS: u32 = <$t>::BITS;
            #[inline(always)]
            fn from_u64(v: u64) -> Self { v as $t }
            #[inline(always)]
            fn to_u64(self) -> u64 { self as u64 }
            #[inline(always)]
            fn popcount(self) -> Self { self.count_ones() as $t }
            #[inline(always)]
            fn leading_zeros(self) -> Self { <$t>::leading_zeros(self) as $t }
            #[inline(always)]
            fn trailing_zeros(self) -> Self { <$t>::trailing_zeros(self) as $t }
            #[inline(always)]
            fn reverse_bits(self) -> Self { <$t>::reverse_bits(self) }
        }
    )*};
}
lane_word!(u8, u16, u32, u64);

/// Arithmetic of one lane: integers wrap, floats are IEEE.
pub trait LaneNum: Pod + PartialOrd {
    /// The word of the same width.
    type Word: LaneWord;
    /// `self + b`
    fn add(self, b: Self) -> Self;
    /// `self - b`
    fn sub(self, b: Self) -> Self;
    /// `self * b`
    fn mul(self, b: Self) -> Self;
    /// `-self`; floats: the sign flipped
    fn neg(self) -> Self;
    /// The smaller; floats: `-0 < +0`, and the operand that is not NaN.
    fn min(self, b: Self) -> Self;
    /// The larger; floats: `-0 < +0`, and the operand that is not NaN.
    fn max(self, b: Self) -> Self;
    /// `|self|`; `MIN` wraps; floats: the sign cleared.
    fn abs(self) -> Self;
    /// `i` as a number.
    fn from_usize(i: usize) -> Self;
}

/// The operations of one integer lane.
pub trait LaneInt: LaneNum {
    /// `self << n`; 0 from the width on.
    fn shl(self, n: u64) -> Self;
    /// `self >> n`, arithmetic if signed; 0 (or the sign) from the width on.
    fn shr(self, n: u64) -> Self;
    /// `(self + 2^(n-1)) >> n` without overflow; `n = 0` is `self`, beyond the width 0.
    fn rounding_shr(self, n: u32) -> Self;
    /// `|self - b|` as the unsigned number of the same width.
    fn abs_diff(self, b: Self) -> Self;
    /// `self + b`, clamped to the type.
    fn saturating_add(self, b: Self) -> Self;
    /// `self - b`, clamped to the type.
    fn saturating_sub(self, b: Self) -> Self;
    /// The value as i128, for conversions.
    fn to_i128(self) -> i128;
    /// The low bits of `v`.
    fn wrap(v: i128) -> Self;
    /// `v`, clamped to the type.
    fn saturate(v: i128) -> Self;
}

macro_rules! lane_int {
    ($($t:ty, $u:ty);*) => {$(
        impl LaneNum for $t {
            type Word = $u;
            #[inline(always)]
            fn add(self, b: Self) -> Self { self.wrapping_add(b) }
            #[inline(always)]
            fn sub(self, b: Self) -> Self { self.wrapping_sub(b) }
            #[inline(always)]
            fn mul(self, b: Self) -> Self { self.wrapping_mul(b) }
            #[inline(always)]
            fn neg(self) -> Self { self.wrapping_neg() }
            #[inline(always)]
            fn min(self, b: Self) -> Self { Ord::min(self, b) }
            #[inline(always)]
            fn max(self, b: Self) -> Self { Ord::max(self, b) }
            #[inline(always)]
            #[allow(unused_comparisons, reason = "unsigned types are their own magnitude")]
            fn abs(self) -> Self { if self < 0 { self.wrapping_neg() } else { self } }
            #[inline(always)]
            fn from_usize(i: usize) -> Self { i as $t }
        }
        impl LaneInt for $t {
            #[inline(always)]
            fn shl(self, n: u64) -> Self { if n < <$t>::BITS as u64 { self << n } else { 0 } }
            #[inline(always)]
            fn shr(self, n: u64) -> Self { self >> Ord::min(n, <$t>::BITS as u64 - 1) >> u64::from(n >= <$t>::BITS as u64) }
            #[inline(always)]
            fn rounding_shr(self, n: u32) -> Self {
                if n == 0 {
                    self
                } else {
                    // (self + 2^(n-1)) >> n == (self >> n) + bit n-1 of self
                    self.shr(n as u64).wrapping_add(self.shr(n as u64 - 1) & 1)
                }
            }
            #[inline(always)]
            fn abs_diff(self, b: Self) -> Self { <$t>::abs_diff(self, b) as $t }
            #[inline(always)]
            fn saturating_add(self, b: Self) -> Self { <$t>::saturating_add(self, b) }
            #[inline(always)]
            fn saturating_sub(self, b: Self) -> Self { <$t>::saturating_sub(self, b) }
            #[inline(always)]
            fn to_i128(self) -> i128 { self as i128 }
            #[inline(always)]
            fn wrap(v: i128) -> Self { v as $t }
            #[inline(always)]
            fn saturate(v: i128) -> Self { v.clamp(<$t>::MIN as i128, <$t>::MAX as i128) as $t }
        }
    )*};
}
lane_int!(u8, u8; i8, u8; u16, u16; i16, u16; u32, u32; i32, u32; u64, u64; i64, u64);

/// The operations of one float lane.
pub trait LaneFloat: LaneNum {
    /// `self / b`
    fn div(self, b: Self) -> Self;
    /// The square root, correctly rounded.
    fn sqrt(self) -> Self;
    /// Towards negative infinity.
    fn floor(self) -> Self;
    /// Towards positive infinity.
    fn ceil(self) -> Self;
    /// Towards zero.
    fn trunc(self) -> Self;
    /// To the nearest integer, ties to even.
    fn round_even(self) -> Self;
    /// `self * b + c` with one rounding.
    fn fma(self, b: Self, c: Self) -> Self;
    /// 1.0
    const ONE: Self;
}

macro_rules! lane_float {
    ($($t:ident, $u:ty);*) => {$(
        impl LaneNum for $t {
            type Word = $u;
            #[inline(always)]
            fn add(self, b: Self) -> Self { self + b }
            #[inline(always)]
            fn sub(self, b: Self) -> Self { self - b }
            #[inline(always)]
            fn mul(self, b: Self) -> Self { self * b }
            #[inline(always)]
            fn neg(self) -> Self { -self }
            #[inline(always)]
            fn min(self, b: Self) -> Self {
                if self.is_nan() { b } else if b.is_nan() || self < b { self } else if b < self { b }
                else { <$t>::from_bits(self.to_bits() | b.to_bits()) } // equal: -0 where one of them is
            }
            #[inline(always)]
            fn max(self, b: Self) -> Self {
                if self.is_nan() { b } else if b.is_nan() || self > b { self } else if b > self { b }
                else { <$t>::from_bits(self.to_bits() & b.to_bits()) } // equal: +0 where one of them is
            }
            #[inline(always)]
            fn abs(self) -> Self { <$t>::from_bits(self.to_bits() & (<$u>::MAX >> 1)) }
            #[inline(always)]
            fn from_usize(i: usize) -> Self { i as $t }
        }
        impl LaneFloat for $t {
            const ONE: Self = 1.0;
            #[inline(always)]
            fn div(self, b: Self) -> Self { self / b }
            #[inline(always)]
            fn sqrt(self) -> Self { float::$t::sqrt(self) }
            #[inline(always)]
            fn floor(self) -> Self { float::$t::floor(self) }
            #[inline(always)]
            fn ceil(self) -> Self { float::$t::ceil(self) }
            #[inline(always)]
            fn trunc(self) -> Self { float::$t::trunc(self) }
            #[inline(always)]
            fn round_even(self) -> Self { float::$t::round_even(self) }
            #[inline(always)]
            fn fma(self, b: Self, c: Self) -> Self { float::$t::fma(self, b, c) }
        }
    )*};
}
lane_float!(f32, u32; f64, u64);

/// The functions of a float that `core` does not have: std's where it is there, libm's elsewhere.
mod float {
    macro_rules! functions {
        ($($t:ident: $sqrt:ident $floor:ident $ceil:ident $trunc:ident $rint:ident $fma:ident),*) => {$(
            pub mod $t {
                #[cfg(feature = "std")]
                mod with {
                    #[inline(always)]
                    pub fn sqrt(x: $t) -> $t { x.sqrt() }
                    #[inline(always)]
                    pub fn floor(x: $t) -> $t { x.floor() }
                    #[inline(always)]
                    pub fn ceil(x: $t) -> $t { x.ceil() }
                    #[inline(always)]
                    pub fn trunc(x: $t) -> $t { x.trunc() }
                    #[inline(always)]
                    pub fn round_even(x: $t) -> $t { x.round_ties_even() }
                    #[inline(always)]
                    pub fn fma(x: $t, y: $t, z: $t) -> $t { x.mul_add(y, z) }
                }
                #[cfg(not(feature = "std"))]
                mod with {
                    pub use libm::{$sqrt as sqrt, $floor as floor, $ceil as ceil, $trunc as trunc, $rint as round_even,
                        $fma as fma};
                }
                pub use with::*;
            }
        )*};
    }
    functions!(f32: sqrtf floorf ceilf truncf rintf fmaf, f64: sqrt floor ceil trunc rint fma);
}
