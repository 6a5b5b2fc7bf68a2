//! Shifts, distances and saturating arithmetic of integers.

use super::{Neon, binary, neon};
use crate::isa::{Arith, Integer, Saturating, Width};
use bytemuck::cast;
use core::arch::aarch64::*;

/// Shifts of lanes as wide as `$b`: one instruction, left by a count in the low byte of each lane, right where that
/// is negative; it gives 0 or the sign from the width on by itself, if only the count fits that byte.
macro_rules! shifts {
    ($b:ident, $shift:ident, $rounding_shift:ident, $dup:ident: $count:ty) => {
        #[inline(always)]
        fn shl(self, a: uint8x16_t, n: u32) -> uint8x16_t {
            let n = n.min($b::BITS) as $count;
            neon!(self, cast($shift(cast(a), $dup(n))))
        }

        #[inline(always)]
        fn shr(self, a: uint8x16_t, n: u32) -> uint8x16_t {
            let n = n.min($b::BITS) as $count;
            neon!(self, cast($shift(cast(a), $dup(-n))))
        }

        #[inline(always)]
        fn shl_lanes(self, a: uint8x16_t, n: uint8x16_t) -> uint8x16_t {
            let n = Arith::<$b>::min(self, n, Width::<$b>::splat_bits(self, $b::BITS as $b));
            neon!(self, cast($shift(cast(a), cast(n))))
        }

        #[inline(always)]
        fn shr_lanes(self, a: uint8x16_t, n: uint8x16_t) -> uint8x16_t {
            let n = Arith::<$b>::min(self, n, Width::<$b>::splat_bits(self, $b::BITS as $b));
            neon!(self, cast($shift(cast(a), cast(Arith::<$b>::neg(self, n)))))
        }

        // One beyond the width is the first count that rounds everything to 0.
        #[inline(always)]
        fn rounding_shr(self, a: uint8x16_t, n: u32) -> uint8x16_t {
            let n = n.min($b::BITS + 1) as $count;
            neon!(self, cast($rounding_shift(cast(a), $dup(-n))))
        }
    };
}

/// NEON has no distance of 64-bit lanes: the difference, negated where it is the wrong way round.
macro_rules! wide_abs_diff {
    ($t:ty) => {
        #[inline(always)]
        fn abs_diff(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            let (forth, back) = (Arith::<$t>::sub(self, a, b), Arith::<$t>::sub(self, b, a));
            Width::<u64>::select(self, Arith::<$t>::lt(self, a, b), back, forth)
        }
    };
}

impl Integer<u8> for Neon {
    shifts!(u8, vshlq_u8, vrshlq_u8, vdupq_n_s8: i8);
    binary! { abs_diff = vabdq_u8 }
}

impl Integer<i8> for Neon {
    shifts!(u8, vshlq_s8, vrshlq_s8, vdupq_n_s8: i8);
    binary! { abs_diff = vabdq_s8 }
}

impl Integer<u16> for Neon {
    shifts!(u16, vshlq_u16, vrshlq_u16, vdupq_n_s16: i16);
    binary! { abs_diff = vabdq_u16 }
}

impl Integer<i16> for Neon {
    shifts!(u16, vshlq_s16, vrshlq_s16, vdupq_n_s16: i16);
    binary! { abs_diff = vabdq_s16 }
}

impl Integer<u32> for Neon {
    shifts!(u32, vshlq_u32, vrshlq_u32, vdupq_n_s32: i32);
    binary! { abs_diff = vabdq_u32 }
}

impl Integer<i32> for Neon {
    shifts!(u32, vshlq_s32, vrshlq_s32, vdupq_n_s32: i32);
    binary! { abs_diff = vabdq_s32 }
}

impl Integer<u64> for Neon {
    shifts!(u64, vshlq_u64, vrshlq_u64, vdupq_n_s64: i64);
    wide_abs_diff!(u64);
}

impl Integer<i64> for Neon {
    shifts!(u64, vshlq_s64, vrshlq_s64, vdupq_n_s64: i64);
    wide_abs_diff!(i64);
}

macro_rules! saturating {
    ($($t:ty: $add:ident $sub:ident),+) => {
        $(impl Saturating<$t> for Neon {
            binary! { saturating_add = $add, saturating_sub = $sub }
        })+
    };
}
saturating!(u8: vqaddq_u8 vqsubq_u8, i8: vqaddq_s8 vqsubq_s8, u16: vqaddq_u16 vqsubq_u16, i16: vqaddq_s16 vqsubq_s16,
    u32: vqaddq_u32 vqsubq_u32, i32: vqaddq_s32 vqsubq_s32);
