//! Arithmetic, comparison and reduction of integers.

use super::{Neon, binary, neon, unary};
use crate::isa::{Arith, Width};
use bytemuck::cast;
use core::arch::aarch64::*;

/// Reductions that are one instruction each.
macro_rules! reduce {
    ($t:ty; $($name:ident = $intrinsic:ident),+) => {$(
        #[inline(always)]
        fn $name(self, a: uint8x16_t) -> $t {
            neon!(self, $intrinsic(cast(a)))
        }
    )+};
}
pub(super) use reduce;

/// The running sum, in steps of so many bytes; what moves in is `$none`, which changes no sum.
macro_rules! prefix_sum {
    ($t:ty, $none:expr; $($bytes:literal),+) => {
        #[inline(always)]
        fn prefix_sum(self, a: uint8x16_t) -> uint8x16_t {
            let none: uint8x16_t = cast([$none; 16 / size_of::<$t>()]);
            $(let a = Arith::<$t>::add(self, a, self.ext(none, a, 16 - $bytes));)+
            a
        }
    };
}
pub(super) use prefix_sum;

macro_rules! unsigned_abs {
    () => {
        #[inline(always)]
        fn abs(self, a: uint8x16_t) -> uint8x16_t {
            a
        }
    };
}

/// The products and the extremes of 64-bit lanes, which NEON has not; the reductions of two lanes stay a plain fold.
macro_rules! wide_lanes {
    ($t:ty) => {
        // The low halves' whole product, and the two mixed products above it.
        #[inline(always)]
        fn mul(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            let mixed = neon!(self, vpaddlq_u32(vmulq_u32(cast(a), vrev64q_u32(cast(b)))));
            let (a, b) = neon!(self, (vmovn_u64(cast(a)), vmovn_u64(cast(b))));
            neon!(self, cast(vmlal_u32(vshlq_n_u64::<32>(mixed), a, b)))
        }

        #[inline(always)]
        fn min(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            Width::<u64>::select(self, Arith::<$t>::lt(self, a, b), a, b)
        }

        #[inline(always)]
        fn max(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            Width::<u64>::select(self, Arith::<$t>::lt(self, a, b), b, a)
        }
    };
}

impl Arith<u8> for Neon {
    binary! { add = vaddq_u8, sub = vsubq_u8, mul = vmulq_u8, min = vminq_u8, max = vmaxq_u8 }
    binary! { eq = vceqq_u8, lt = vcltq_u8, le = vcleq_u8 }
    unary! { neg = vnegq_s8 }
    unsigned_abs!();
    reduce! { u8; reduce_sum = vaddvq_u8, reduce_min = vminvq_u8, reduce_max = vmaxvq_u8 }
    prefix_sum! { u8, 0u8; 1, 2, 4, 8 }
}

impl Arith<i8> for Neon {
    binary! { add = vaddq_s8, sub = vsubq_s8, mul = vmulq_s8, min = vminq_s8, max = vmaxq_s8 }
    binary! { eq = vceqq_s8, lt = vcltq_s8, le = vcleq_s8 }
    unary! { neg = vnegq_s8, abs = vabsq_s8 }
    reduce! { i8; reduce_sum = vaddvq_s8, reduce_min = vminvq_s8, reduce_max = vmaxvq_s8 }
    prefix_sum! { i8, 0i8; 1, 2, 4, 8 }
}

impl Arith<u16> for Neon {
    binary! { add = vaddq_u16, sub = vsubq_u16, mul = vmulq_u16, min = vminq_u16, max = vmaxq_u16 }
    binary! { eq = vceqq_u16, lt = vcltq_u16, le = vcleq_u16 }
    unary! { neg = vnegq_s16 }
    unsigned_abs!();
    reduce! { u16; reduce_sum = vaddvq_u16, reduce_min = vminvq_u16, reduce_max = vmaxvq_u16 }
    prefix_sum! { u16, 0u16; 2, 4, 8 }
}

impl Arith<i16> for Neon {
    binary! { add = vaddq_s16, sub = vsubq_s16, mul = vmulq_s16, min = vminq_s16, max = vmaxq_s16 }
    binary! { eq = vceqq_s16, lt = vcltq_s16, le = vcleq_s16 }
    unary! { neg = vnegq_s16, abs = vabsq_s16 }
    reduce! { i16; reduce_sum = vaddvq_s16, reduce_min = vminvq_s16, reduce_max = vmaxvq_s16 }
    prefix_sum! { i16, 0i16; 2, 4, 8 }
}

impl Arith<u32> for Neon {
    binary! { add = vaddq_u32, sub = vsubq_u32, mul = vmulq_u32, min = vminq_u32, max = vmaxq_u32 }
    binary! { eq = vceqq_u32, lt = vcltq_u32, le = vcleq_u32 }
    unary! { neg = vnegq_s32 }
    unsigned_abs!();
    reduce! { u32; reduce_sum = vaddvq_u32, reduce_min = vminvq_u32, reduce_max = vmaxvq_u32 }
    prefix_sum! { u32, 0u32; 4, 8 }
}

impl Arith<i32> for Neon {
    binary! { add = vaddq_s32, sub = vsubq_s32, mul = vmulq_s32, min = vminq_s32, max = vmaxq_s32 }
    binary! { eq = vceqq_s32, lt = vcltq_s32, le = vcleq_s32 }
    unary! { neg = vnegq_s32, abs = vabsq_s32 }
    reduce! { i32; reduce_sum = vaddvq_s32, reduce_min = vminvq_s32, reduce_max = vmaxvq_s32 }
    prefix_sum! { i32, 0i32; 4, 8 }
}

impl Arith<u64> for Neon {
    binary! { add = vaddq_u64, sub = vsubq_u64, eq = vceqq_u64, lt = vcltq_u64, le = vcleq_u64 }
    unary! { neg = vnegq_s64 }
    unsigned_abs!();
    wide_lanes!(u64);
    reduce! { u64; reduce_sum = vaddvq_u64 }
    prefix_sum! { u64, 0u64; 8 }
}

impl Arith<i64> for Neon {
    binary! { add = vaddq_s64, sub = vsubq_s64, eq = vceqq_s64, lt = vcltq_s64, le = vcleq_s64 }
    unary! { neg = vnegq_s64, abs = vabsq_s64 }
    wide_lanes!(i64);
    reduce! { i64; reduce_sum = vaddvq_s64 }
    prefix_sum! { i64, 0i64; 8 }
}
