//! Arithmetic of floats.

use super::arith::{prefix_sum, reduce};
use super::{Neon, binary, neon, unary};
use crate::isa::{Arith, FloatArith};
use bytemuck::cast;
use core::arch::aarch64::*;

/// The extremes of floats.
///
/// FMINNM and FMAXNM are the definition, zeros included, but for a signalling NaN, which they answer with a NaN even if
/// the other operand is a number. FMULX by one quietens it first; unlike a plain product it is never optimized away.
macro_rules! extremes {
    ($t:ident, $quieten:ident, $dup:ident; $($name:ident = $intrinsic:ident),+; $($reduce:ident = $across:ident),+) => {
        $(#[inline(always)]
        fn $name(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            neon!(self, cast($intrinsic($quieten(cast(a), $dup(1.0)), $quieten(cast(b), $dup(1.0)))))
        })+

        $(#[inline(always)]
        fn $reduce(self, a: uint8x16_t) -> $t {
            neon!(self, $across($quieten(cast(a), $dup(1.0))))
        })+
    };
}

/// `a * b + c`, fused and relaxed alike, and the relaxed reciprocals: an estimate of 8 bits and one step of Newton's.
///
/// Where the estimate is infinite the step comes out as minus infinity; its magnitude gives the result its right sign.
/// FMULX keeps NaN away there: its product of zero and infinity is 2.
macro_rules! products {
    ($fma:ident, $mul:ident, $mulx:ident, $abs:ident; $recip:ident $recip_step:ident; $rsqrt:ident $rsqrt_step:ident) => {
        #[inline(always)]
        fn fma(self, a: uint8x16_t, b: uint8x16_t, c: uint8x16_t) -> uint8x16_t {
            neon!(self, cast($fma(cast(c), cast(a), cast(b))))
        }

        #[inline(always)]
        fn mul_add_relaxed(self, a: uint8x16_t, b: uint8x16_t, c: uint8x16_t) -> uint8x16_t {
            neon!(self, cast($fma(cast(c), cast(a), cast(b))))
        }

        #[inline(always)]
        fn recip_relaxed(self, a: uint8x16_t) -> uint8x16_t {
            let estimate = neon!(self, $recip(cast(a)));
            let step = neon!(self, $abs($recip_step(cast(a), estimate)));
            neon!(self, cast($mul(estimate, step)))
        }

        #[inline(always)]
        fn rsqrt_relaxed(self, a: uint8x16_t) -> uint8x16_t {
            let estimate = neon!(self, $rsqrt(cast(a)));
            let step = neon!(self, $abs($rsqrt_step($mulx(cast(a), estimate), estimate)));
            neon!(self, cast($mul(estimate, step)))
        }
    };
}

impl Arith<f32> for Neon {
    binary! { add = vaddq_f32, sub = vsubq_f32, mul = vmulq_f32, eq = vceqq_f32, lt = vcltq_f32, le = vcleq_f32 }
    unary! { neg = vnegq_f32, abs = vabsq_f32 }
    extremes! { f32, vmulxq_f32, vdupq_n_f32; min = vminnmq_f32, max = vmaxnmq_f32;
    reduce_min = vminnmvq_f32, reduce_max = vmaxnmvq_f32 }
    prefix_sum! { f32, -0f32; 4, 8 }

    #[inline(always)]
    fn reduce_sum(self, a: uint8x16_t) -> f32 {
        neon!(self, vpadds_f32(vadd_f32(vget_low_f32(cast(a)), vget_high_f32(cast(a)))))
    }
}

impl Arith<f64> for Neon {
    binary! { add = vaddq_f64, sub = vsubq_f64, mul = vmulq_f64, eq = vceqq_f64, lt = vcltq_f64, le = vcleq_f64 }
    unary! { neg = vnegq_f64, abs = vabsq_f64 }
    extremes! { f64, vmulxq_f64, vdupq_n_f64; min = vminnmq_f64, max = vmaxnmq_f64;
    reduce_min = vminnmvq_f64, reduce_max = vmaxnmvq_f64 }
    prefix_sum! { f64, -0f64; 8 }
    reduce! { f64; reduce_sum = vpaddd_f64 }
}

impl FloatArith<f32> for Neon {
    binary! { div = vdivq_f32 }
    unary! { sqrt = vsqrtq_f32, floor = vrndmq_f32, ceil = vrndpq_f32, trunc = vrndq_f32, round_even = vrndnq_f32 }
    products! { vfmaq_f32, vmulq_f32, vmulxq_f32, vabsq_f32; vrecpeq_f32 vrecpsq_f32; vrsqrteq_f32 vrsqrtsq_f32 }
}

impl FloatArith<f64> for Neon {
    binary! { div = vdivq_f64 }
    unary! { sqrt = vsqrtq_f64, floor = vrndmq_f64, ceil = vrndpq_f64, trunc = vrndq_f64, round_even = vrndnq_f64 }
    products! { vfmaq_f64, vmulq_f64, vmulxq_f64, vabsq_f64; vrecpeq_f64 vrecpsq_f64; vrsqrteq_f64 vrsqrtsq_f64 }
}
