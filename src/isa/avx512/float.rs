//! Arithmetic of floats.

use super::Avx512;
use super::arch::*;
use crate::isa::{Arith, FloatArith, Registers, Width};

/// The folds of a reduction: lane `i` with lane `i + n/2`. What lands above lane 0's half does not matter.
macro_rules! fold {
    ($self:ident, $t:ty, $op:ident, $a:ident) => {{
        let a = Arith::<$t>::$op($self, $a, intrinsic!($self, _mm512_shuffle_i64x2::<0b01_00_11_10>($a, $a)));
        let a = Arith::<$t>::$op($self, a, intrinsic!($self, _mm512_shuffle_i64x2::<0b10_11_00_01>(a, a)));
        let a = Arith::<$t>::$op($self, a, intrinsic!($self, _mm512_shuffle_epi32::<0b01_00_11_10>(a)));
        let a = if size_of::<$t>() == 4 {
            Arith::<$t>::$op($self, a, intrinsic!($self, _mm512_shuffle_epi32::<0b10_11_00_01>(a)))
        } else {
            a
        };
        bytemuck::cast::<__m512i, [$t; 64 / size_of::<$t>()]>(a)[0]
    }};
}

/// Methods of one intrinsic of floats each.
macro_rules! float_methods {
    ($reg:ident; $($name:ident($($a:ident),*) = $f:ident $(::<$n:literal>)?;)*) => {$(
        #[inline(always)]
        fn $name(self, $($a: __m512i),*) -> __m512i {
            bytemuck::cast::<$reg, __m512i>(intrinsic!(self, $f$(::<$n>)?($(bytemuck::cast($a)),*)))
        }
    )*};
}

macro_rules! float {
    ($t:ident as $word:ident, $reg:ident: $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident $fma:ident
     $rcp:ident $rsqrt:ident $round:ident, $range:ident $blend:ident $cmp:ident, $add_masked:ident $shift:ident $($d:literal $left:literal),*) => {
        impl Arith<$t> for Avx512 {
            float_methods! { $reg;
                add(a, b) = $add;
                sub(a, b) = $sub;
                mul(a, b) = $mul;
            }

            #[inline(always)]
            fn neg(self, a: __m512i) -> __m512i {
                self.xor(a, Width::<$word>::splat_bits(self, 1 << ($word::BITS - 1)))
            }

            #[inline(always)]
            fn abs(self, a: __m512i) -> __m512i {
                self.and(a, Width::<$word>::splat_bits(self, $word::MAX >> 1))
            }

            #[inline(always)]
            fn min(self, a: __m512i, b: __m512i) -> __m512i {
                let (a, b): ($reg, $reg) = (bytemuck::cast(a), bytemuck::cast(b));
                // The range instruction orders zeros and skips quiet NaNs, but makes a signalling one its result.
                bytemuck::cast(intrinsic!(self, {
                    let number = $blend($cmp::<_CMP_ORD_Q>(a, a), b, a);
                    $range::<0b0100>(number, $cmp::<_CMP_ORD_Q>(b, b), number, b)
                }))
            }

            #[inline(always)]
            fn max(self, a: __m512i, b: __m512i) -> __m512i {
                let (a, b): ($reg, $reg) = (bytemuck::cast(a), bytemuck::cast(b));
                bytemuck::cast(intrinsic!(self, {
                    let number = $blend($cmp::<_CMP_ORD_Q>(a, a), b, a);
                    $range::<0b0101>(number, $cmp::<_CMP_ORD_Q>(b, b), number, b)
                }))
            }

            #[inline(always)]
            fn eq(self, a: __m512i, b: __m512i) -> u64 {
                intrinsic!(self, u64::from($cmp::<_CMP_EQ_OQ>(bytemuck::cast(a), bytemuck::cast(b))))
            }

            #[inline(always)]
            fn lt(self, a: __m512i, b: __m512i) -> u64 {
                intrinsic!(self, u64::from($cmp::<_CMP_LT_OQ>(bytemuck::cast(a), bytemuck::cast(b))))
            }

            #[inline(always)]
            fn le(self, a: __m512i, b: __m512i) -> u64 {
                intrinsic!(self, u64::from($cmp::<_CMP_LE_OQ>(bytemuck::cast(a), bytemuck::cast(b))))
            }

            #[inline(always)]
            fn reduce_sum(self, a: __m512i) -> $t {
                fold!(self, $t, add, a)
            }

            #[inline(always)]
            fn reduce_min(self, a: __m512i) -> $t {
                fold!(self, $t, min, a)
            }

            #[inline(always)]
            fn reduce_max(self, a: __m512i) -> $t {
                fold!(self, $t, max, a)
            }

            #[inline(always)]
            fn prefix_sum(self, a: __m512i) -> __m512i {
                // The lanes below d stay as they are: adding 0 would change -0.
                let mut a = a;
                $({
                    let above = (<Self as Width<$word>>::ALL << $d & <Self as Width<$word>>::ALL) as _;
                    a = bytemuck::cast(intrinsic!(self, {
                        let below = bytemuck::cast($shift::<$left>(a, a));
                        $add_masked(bytemuck::cast(a), above, bytemuck::cast(a), below)
                    }));
                })*
                a
            }
        }

        impl FloatArith<$t> for Avx512 {
            float_methods! { $reg;
                div(a, b) = $div;
                sqrt(a) = $sqrt;
                floor(a) = $round::<0b1001>;
                ceil(a) = $round::<0b1010>;
                trunc(a) = $round::<0b1011>;
                round_even(a) = $round::<0b1000>;
                fma(a, b, c) = $fma;
                mul_add_relaxed(a, b, c) = $fma;
                recip_relaxed(a) = $rcp;
                rsqrt_relaxed(a) = $rsqrt;
            }
        }
    };
}

float! { f32 as u32, __m512: _mm512_add_ps _mm512_sub_ps _mm512_mul_ps _mm512_div_ps _mm512_sqrt_ps _mm512_fmadd_ps
    _mm512_rcp14_ps _mm512_rsqrt14_ps _mm512_roundscale_ps, _mm512_mask_range_ps _mm512_mask_blend_ps
    _mm512_cmp_ps_mask, _mm512_mask_add_ps _mm512_alignr_epi32 1 15, 2 14, 4 12, 8 8
}

float! { f64 as u64, __m512d: _mm512_add_pd _mm512_sub_pd _mm512_mul_pd _mm512_div_pd _mm512_sqrt_pd _mm512_fmadd_pd
    _mm512_rcp14_pd _mm512_rsqrt14_pd _mm512_roundscale_pd, _mm512_mask_range_pd _mm512_mask_blend_pd
    _mm512_cmp_pd_mask, _mm512_mask_add_pd _mm512_alignr_epi64 1 7, 2 6, 4 4
}
