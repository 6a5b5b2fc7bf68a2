//! Widening, narrowing, and conversion between integers and floats.

use super::{Neon, neon, unary};
use crate::isa::{Converting, Narrowing, Widening};
use bytemuck::cast;
use core::arch::aarch64::*;
use half::{bf16, f16};

/// Integers to twice their width and back.
macro_rules! widening {
    ($($n:ty: $low:ident, $widen:ident $widen_high:ident, $narrow:ident $narrow_high:ident,
        $mul:ident $mul_high:ident;)+) => {
        $(impl Widening<$n> for Neon {
            #[inline(always)]
            fn widen(self, a: uint8x16_t) -> [uint8x16_t; 2] {
                neon!(self, [cast($widen($low(cast(a)))), cast($widen_high(cast(a)))])
            }

            #[inline(always)]
            fn narrow(self, [a, b]: [uint8x16_t; 2]) -> uint8x16_t {
                neon!(self, cast($narrow_high($narrow(cast(a)), cast(b))))
            }

            #[inline(always)]
            fn mul_wide(self, a: uint8x16_t, b: uint8x16_t) -> [uint8x16_t; 2] {
                neon!(self, [cast($mul($low(cast(a)), $low(cast(b)))), cast($mul_high(cast(a), cast(b)))])
            }
        })+
    };
}
widening! {
    u8: vget_low_u8, vmovl_u8 vmovl_high_u8, vmovn_u16 vmovn_high_u16, vmull_u8 vmull_high_u8;
    i8: vget_low_s8, vmovl_s8 vmovl_high_s8, vmovn_s16 vmovn_high_s16, vmull_s8 vmull_high_s8;
    u16: vget_low_u16, vmovl_u16 vmovl_high_u16, vmovn_u32 vmovn_high_u32, vmull_u16 vmull_high_u16;
    i16: vget_low_s16, vmovl_s16 vmovl_high_s16, vmovn_s32 vmovn_high_s32, vmull_s16 vmull_high_s16;
    u32: vget_low_u32, vmovl_u32 vmovl_high_u32, vmovn_u64 vmovn_high_u64, vmull_u32 vmull_high_u32;
    i32: vget_low_s32, vmovl_s32 vmovl_high_s32, vmovn_s64 vmovn_high_s64, vmull_s32 vmull_high_s32;
}

impl Widening<f32> for Neon {
    #[inline(always)]
    fn widen(self, a: uint8x16_t) -> [uint8x16_t; 2] {
        neon!(self, [cast(vcvt_f64_f32(vget_low_f32(cast(a)))), cast(vcvt_high_f64_f32(cast(a)))])
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [uint8x16_t; 2]) -> uint8x16_t {
        neon!(self, cast(vcvt_high_f32_f64(vcvt_f32_f64(cast(a)), cast(b))))
    }
}

impl Widening<f16> for Neon {
    #[inline(always)]
    fn widen(self, a: uint8x16_t) -> [uint8x16_t; 2] {
        let (low, high): (uint8x16_t, uint8x16_t);
        // SAFETY: `self` proves NEON, whose base has these conversions; the intrinsics are younger than our oldest
        // compiler. Nothing but the three registers is touched.
        unsafe {
            core::arch::asm!(
                "fcvtl {low:v}.4s, {a:v}.4h",
                "fcvtl2 {high:v}.4s, {a:v}.8h",
                low = out(vreg) low,
                high = lateout(vreg) high,
                a = in(vreg) a,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        [low, high]
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [uint8x16_t; 2]) -> uint8x16_t {
        let out: uint8x16_t;
        // SAFETY: as for `widen`. They round half to even, Rust's only rounding mode.
        unsafe {
            core::arch::asm!(
                "fcvtn {out:v}.4h, {a:v}.4s",
                "fcvtn2 {out:v}.8h, {b:v}.4s",
                out = out(vreg) out,
                a = in(vreg) a,
                b = in(vreg) b,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        out
    }
}

impl Widening<bf16> for Neon {
    #[inline(always)]
    fn widen(self, a: uint8x16_t) -> [uint8x16_t; 2] {
        neon!(self, [cast(vshll_n_u16::<16>(vget_low_u16(cast(a)))), cast(vshll_high_n_u16::<16>(cast(a)))])
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [uint8x16_t; 2]) -> uint8x16_t {
        let (a, b) = (self.rounded_for_bf16(a), self.rounded_for_bf16(b));
        neon!(self, cast(vshrn_high_n_u32::<16>(vshrn_n_u32::<16>(a), b)))
    }
}

impl Neon {
    /// f32 lanes whose high half is the nearest bf16, half to even.
    #[inline(always)]
    fn rounded_for_bf16(self, a: uint8x16_t) -> uint32x4_t {
        // A NaN's payload could carry over into the sign; one NaN is as good as another.
        let number = neon!(self, vceqq_f32(cast(a), cast(a)));
        let a = neon!(self, vbslq_u32(number, cast(a), vdupq_n_u32(0x7fc0_0000)));
        let odd = neon!(self, vandq_u32(vshrq_n_u32::<16>(a), vdupq_n_u32(1)));
        neon!(self, vaddq_u32(vaddq_u32(a, odd), vdupq_n_u32(0x7fff)))
    }
}

/// Integers to half their width, clamped: unsigned to unsigned, signed to either.
macro_rules! narrowing {
    ($($w:ty => $n:ty: $narrow:ident $narrow_high:ident;)+) => {
        $(impl Narrowing<$w, $n> for Neon {
            #[inline(always)]
            fn narrow_saturating(self, [a, b]: [uint8x16_t; 2]) -> uint8x16_t {
                neon!(self, cast($narrow_high($narrow(cast(a)), cast(b))))
            }
        })+
    };
}
narrowing! {
    u16 => u8: vqmovn_u16 vqmovn_high_u16;
    i16 => i8: vqmovn_s16 vqmovn_high_s16;
    i16 => u8: vqmovun_s16 vqmovun_high_s16;
    u32 => u16: vqmovn_u32 vqmovn_high_u32;
    i32 => i16: vqmovn_s32 vqmovn_high_s32;
    i32 => u16: vqmovun_s32 vqmovun_high_s32;
    u64 => u32: vqmovn_u64 vqmovn_high_u64;
    i64 => i32: vqmovn_s64 vqmovn_high_s64;
    i64 => u32: vqmovun_s64 vqmovun_high_s64;
}

/// Unsigned to signed: clamped to unsigned, then to the positive half.
macro_rules! narrowing_to_signed {
    ($($w:ty => $n:ident: $narrow:ident $narrow_high:ident $min:ident $dup:ident;)+) => {
        $(impl Narrowing<$w, $n> for Neon {
            #[inline(always)]
            fn narrow_saturating(self, [a, b]: [uint8x16_t; 2]) -> uint8x16_t {
                neon!(self, cast($min($narrow_high($narrow(cast(a)), cast(b)), $dup($n::MAX as _))))
            }
        })+
    };
}
narrowing_to_signed! {
    u16 => i8: vqmovn_u16 vqmovn_high_u16 vminq_u8 vdupq_n_u8;
    u32 => i16: vqmovn_u32 vqmovn_high_u32 vminq_u16 vdupq_n_u16;
    u64 => i32: vqmovn_u64 vqmovn_high_u64 vminq_u32 vdupq_n_u32;
}

macro_rules! converting {
    ($($f:ty, $i:ty: $from:ident $trunc:ident $round:ident;)+) => {
        $(impl Converting<$f, $i> for Neon {
            unary! { from_int = $from, trunc_to_int = $trunc, round_to_int = $round }
        })+
    };
}
converting! {
    f32, i32: vcvtq_f32_s32 vcvtq_s32_f32 vcvtnq_s32_f32;
    f32, u32: vcvtq_f32_u32 vcvtq_u32_f32 vcvtnq_u32_f32;
    f64, i64: vcvtq_f64_s64 vcvtq_s64_f64 vcvtnq_s64_f64;
    f64, u64: vcvtq_f64_u64 vcvtq_u64_f64 vcvtnq_u64_f64;
}
