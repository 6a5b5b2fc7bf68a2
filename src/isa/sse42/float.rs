//! Arithmetic of f32 and f64.

use super::arch::*;
use super::{Sse42, fold, intrinsic, lanes};
use crate::isa::{Arith, FloatArith, Registers, Shape};

/// Methods of one float intrinsic each, between casts that cost nothing.
macro_rules! float_methods {
    ($of:ident $to:ident; $($name:ident($($a:ident),*) = $f:expr;)*) => {$(
        #[inline(always)]
        fn $name(self, $($a: __m128i),*) -> __m128i {
            intrinsic!(self, $to($f($($of($a)),*)))
        }
    )*};
}

macro_rules! reductions {
    ($t:ty: $($name:ident $op:ident),*) => {$(
        #[inline(always)]
        fn $name(self, a: __m128i) -> $t {
            fold!(self, $t, $op, a)
        }
    )*};
}

macro_rules! floats {
    ($t:ident $bits:ty: cast $of:ident $to:ident, $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident,
        $min:ident $max:ident, $eq:ident $neq:ident $lt:ident $le:ident $unordered:ident, $blend:ident,
        $floor:ident $ceil:ident $round:ident,
        prefix $($d:literal $zeros:expr),+; { $($relaxed:tt)* }) => {
        impl Arith<$t> for Sse42 {
            float_methods! { $of $to;
                add(a, b) = $add;
                sub(a, b) = $sub;
                mul(a, b) = $mul;
                eq(a, b) = $eq;
                lt(a, b) = $lt;
                le(a, b) = $le;
            }

            #[inline(always)]
            fn neg(self, a: __m128i) -> __m128i {
                self.xor(a, lanes([-0.0 as $t; 16 / size_of::<$t>()]))
            }

            #[inline(always)]
            fn abs(self, a: __m128i) -> __m128i {
                self.and_not(a, lanes([-0.0 as $t; 16 / size_of::<$t>()]))
            }

            #[inline(always)]
            fn min(self, a: __m128i, b: __m128i) -> __m128i {
                intrinsic!(self, {
                    let (a, b) = ($of(a), $of(b));
                    // The instruction gives its second operand if one is NaN or both are 0: so none is NaN but `a`,
                    // and of two zeros the sign of `a` is added.
                    let b = $blend(b, a, $unordered(b, b));
                    let sign = _mm_and_si128($to($eq(a, b)), $to(a));
                    _mm_or_si128($to($min(a, b)), sign)
                })
            }

            #[inline(always)]
            fn max(self, a: __m128i, b: __m128i) -> __m128i {
                intrinsic!(self, {
                    let (a, b) = ($of(a), $of(b));
                    // As in `min`, but of two zeros one without a sign takes it away.
                    let b = $blend(b, a, $unordered(b, b));
                    let sign = _mm_or_si128($to($neq(a, b)), $to(a));
                    _mm_and_si128($to($max(a, b)), sign)
                })
            }

            reductions!($t: reduce_sum add, reduce_min min, reduce_max max);

            #[inline(always)]
            fn prefix_sum(self, a: __m128i) -> __m128i {
                let mut a = a;
                $(
                    let moved = intrinsic!(self, _mm_slli_si128::<{ $d * size_of::<$t>() as i32 }>(a));
                    // -0 comes in, the number that changes none, not even -0.
                    a = Arith::<$t>::add(self, a, self.or(moved, lanes($zeros)));
                )+
                a
            }
        }

        /// `fma` stays at its definition: there is no instruction, and two roundings are not one.
        impl FloatArith<$t> for Sse42 {
            float_methods! { $of $to;
                div(a, b) = $div;
                sqrt(a) = $sqrt;
                floor(a) = $floor;
                ceil(a) = $ceil;
                trunc(a) = $round::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>;
                round_even(a) = $round::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>;
                $($relaxed)*
            }
        }
    };
}

floats!(f32 u32: cast _mm_castsi128_ps _mm_castps_si128, _mm_add_ps _mm_sub_ps _mm_mul_ps _mm_div_ps _mm_sqrt_ps,
_mm_min_ps _mm_max_ps, _mm_cmpeq_ps _mm_cmpneq_ps _mm_cmplt_ps _mm_cmple_ps _mm_cmpunord_ps, _mm_blendv_ps,
_mm_floor_ps _mm_ceil_ps _mm_round_ps,
    prefix 1 [-0.0f32, 0.0, 0.0, 0.0], 2 [-0.0f32, -0.0, 0.0, 0.0]; {
    // Within 1.5 * 2^-12.
    recip_relaxed(a) = _mm_rcp_ps;
    rsqrt_relaxed(a) = _mm_rsqrt_ps;
});

// There are no estimates of f64.
floats!(f64 u64: cast _mm_castsi128_pd _mm_castpd_si128, _mm_add_pd _mm_sub_pd _mm_mul_pd _mm_div_pd _mm_sqrt_pd,
    _mm_min_pd _mm_max_pd, _mm_cmpeq_pd _mm_cmpneq_pd _mm_cmplt_pd _mm_cmple_pd _mm_cmpunord_pd, _mm_blendv_pd,
    _mm_floor_pd _mm_ceil_pd _mm_round_pd,
    prefix 1 [-0.0f64, 0.0]; {});
