//! Arithmetic of floats.

use super::integer::fold;
use super::*;
use crate::isa::{Arith, FloatArith, Shape};

/// `Arith` and `FloatArith` of one float: its type, its view of a register, its intrinsics.
macro_rules! float {
    ($t:ident, $view:ident, $from:ident; $set1:ident $cmp:ident $blendv:ident $and:ident $or:ident;
        $add:ident $sub:ident $mul:ident $div:ident $min:ident $max:ident $sqrt:ident $round:ident $fma:ident;
        $recip:ident $rsqrt:ident) => {
        impl Arith<$t> for Avx2 {
            #[inline(always)]
            fn add(self, a: __m256i, b: __m256i) -> __m256i {
                intrinsic!(self, $from($add($view(a), $view(b))))
            }

            #[inline(always)]
            fn sub(self, a: __m256i, b: __m256i) -> __m256i {
                intrinsic!(self, $from($sub($view(a), $view(b))))
            }

            #[inline(always)]
            fn mul(self, a: __m256i, b: __m256i) -> __m256i {
                intrinsic!(self, $from($mul($view(a), $view(b))))
            }

            #[inline(always)]
            fn neg(self, a: __m256i) -> __m256i {
                intrinsic!(self, _mm256_xor_si256(a, $from($set1(-0.0))))
            }

            #[inline(always)]
            fn abs(self, a: __m256i) -> __m256i {
                intrinsic!(self, _mm256_andnot_si256($from($set1(-0.0)), a))
            }

            // The instruction gives its second operand where one is NaN, and where both are zero.
            #[inline(always)]
            fn min(self, a: __m256i, b: __m256i) -> __m256i {
                intrinsic!(self, {
                    let (a, b) = ($view(a), $view(b));
                    let b = $blendv(b, a, $cmp::<_CMP_UNORD_Q>(b, b));
                    // Where they are equal: -0 if one of them is.
                    let equal = $and($cmp::<_CMP_EQ_OQ>(a, b), a);
                    $from($or($min(a, b), equal))
                })
            }

            #[inline(always)]
            fn max(self, a: __m256i, b: __m256i) -> __m256i {
                intrinsic!(self, {
                    let (a, b) = ($view(a), $view(b));
                    let b = $blendv(b, a, $cmp::<_CMP_UNORD_Q>(b, b));
                    // Where they are equal: +0 if one of them is. Elsewhere all ones, which change nothing.
                    let equal = $or($cmp::<_CMP_NEQ_UQ>(a, b), a);
                    $from($and($max(a, b), equal))
                })
            }

            #[inline(always)]
            fn eq(self, a: __m256i, b: __m256i) -> __m256i {
                intrinsic!(self, $from($cmp::<_CMP_EQ_OQ>($view(a), $view(b))))
            }

            #[inline(always)]
            fn lt(self, a: __m256i, b: __m256i) -> __m256i {
                intrinsic!(self, $from($cmp::<_CMP_LT_OQ>($view(a), $view(b))))
            }

            #[inline(always)]
            fn le(self, a: __m256i, b: __m256i) -> __m256i {
                intrinsic!(self, $from($cmp::<_CMP_LE_OQ>($view(a), $view(b))))
            }

            #[inline(always)]
            fn reduce_sum(self, a: __m256i) -> $t {
                fold!(self, $t, add, a)
            }

            #[inline(always)]
            fn reduce_min(self, a: __m256i) -> $t {
                fold!(self, $t, min, a)
            }

            #[inline(always)]
            fn reduce_max(self, a: __m256i) -> $t {
                fold!(self, $t, max, a)
            }

            #[inline(always)]
            fn prefix_sum(self, a: __m256i) -> __m256i {
                // The one number whose addition changes nothing, a zero included.
                let nothing = intrinsic!(self, $from($set1(-0.0)));
                let mut a = a;
                if size_of::<$t>() == 4 {
                    a = Arith::<$t>::add(self, a, self.slide_bytes_const(nothing, a, 28));
                }
                a = Arith::<$t>::add(self, a, self.slide_bytes_const(nothing, a, 24));
                Arith::<$t>::add(self, a, self.slide_bytes_const(nothing, a, 16))
            }
        }

        impl FloatArith<$t> for Avx2 {
            #[inline(always)]
            fn div(self, a: __m256i, b: __m256i) -> __m256i {
                intrinsic!(self, $from($div($view(a), $view(b))))
            }

            #[inline(always)]
            fn sqrt(self, a: __m256i) -> __m256i {
                intrinsic!(self, $from($sqrt($view(a))))
            }

            #[inline(always)]
            fn floor(self, a: __m256i) -> __m256i {
                intrinsic!(self, $from($round::<{ _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC }>($view(a))))
            }

            #[inline(always)]
            fn ceil(self, a: __m256i) -> __m256i {
                intrinsic!(self, $from($round::<{ _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC }>($view(a))))
            }

            #[inline(always)]
            fn trunc(self, a: __m256i) -> __m256i {
                intrinsic!(self, $from($round::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>($view(a))))
            }

            #[inline(always)]
            fn round_even(self, a: __m256i) -> __m256i {
                intrinsic!(self, $from($round::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>($view(a))))
            }

            #[inline(always)]
            fn fma(self, a: __m256i, b: __m256i, c: __m256i) -> __m256i {
                intrinsic!(self, $from($fma($view(a), $view(b), $view(c))))
            }

            #[inline(always)]
            fn mul_add_relaxed(self, a: __m256i, b: __m256i, c: __m256i) -> __m256i {
                FloatArith::<$t>::fma(self, a, b, c)
            }

            #[inline(always)]
            fn recip_relaxed(self, a: __m256i) -> __m256i {
                self.$recip(a)
            }

            #[inline(always)]
            fn rsqrt_relaxed(self, a: __m256i) -> __m256i {
                self.$rsqrt(a)
            }
        }
    };
}

float!(f32, ps, from_ps; _mm256_set1_ps _mm256_cmp_ps _mm256_blendv_ps _mm256_and_ps _mm256_or_ps;
    _mm256_add_ps _mm256_sub_ps _mm256_mul_ps _mm256_div_ps _mm256_min_ps _mm256_max_ps _mm256_sqrt_ps _mm256_round_ps
    _mm256_fmadd_ps; recip_f32 rsqrt_f32);

float!(f64, pd, from_pd; _mm256_set1_pd _mm256_cmp_pd _mm256_blendv_pd _mm256_and_pd _mm256_or_pd;
    _mm256_add_pd _mm256_sub_pd _mm256_mul_pd _mm256_div_pd _mm256_min_pd _mm256_max_pd _mm256_sqrt_pd _mm256_round_pd
    _mm256_fmadd_pd; recip_f64 rsqrt_f64);

impl Avx2 {
    #[inline(always)]
    fn recip_f32(self, a: __m256i) -> __m256i {
        intrinsic!(self, from_ps(_mm256_rcp_ps(ps(a))))
    }

    #[inline(always)]
    fn rsqrt_f32(self, a: __m256i) -> __m256i {
        intrinsic!(self, from_ps(_mm256_rsqrt_ps(ps(a))))
    }

    // AVX2 has no estimate for f64.

    #[inline(always)]
    fn recip_f64(self, a: __m256i) -> __m256i {
        intrinsic!(self, from_pd(_mm256_div_pd(_mm256_set1_pd(1.0), pd(a))))
    }

    #[inline(always)]
    fn rsqrt_f64(self, a: __m256i) -> __m256i {
        intrinsic!(self, from_pd(_mm256_div_pd(_mm256_set1_pd(1.0), _mm256_sqrt_pd(pd(a)))))
    }
}
