//! Widening, narrowing, and conversion between integers and floats.

use super::arch::*;
use super::order::Order;
use super::{Avx512, lanes};
use crate::isa::{Converting, Narrowing, Widening, Width};
use half::{bf16, f16};

/// The low part of each lane of two registers: one permutation of both.
macro_rules! narrow_low {
    ($t:ty, $n:literal $permute2:ident) => {
        #[inline(always)]
        fn narrow(self, [a, b]: [__m512i; 2]) -> __m512i {
            let low = lanes(const { table!($t, $n; i => 2 * i) });
            intrinsic!(self, $permute2(a, low, b))
        }
    };
}

/// Unsigned lanes: the upper half in one permutation too.
macro_rules! widen_unsigned {
    ($size:literal $convert:ident) => {
        #[inline(always)]
        fn widen(self, a: __m512i) -> [__m512i; 2] {
            [intrinsic!(self, $convert(self.low(a))), self.spread(a, Order::<$size>::UPPER, Order::<$size>::WIDE)]
        }
    };
}

macro_rules! widen_signed {
    ($convert:ident) => {
        #[inline(always)]
        fn widen(self, a: __m512i) -> [__m512i; 2] {
            intrinsic!(self, [$convert(self.low(a)), $convert(self.high(a))])
        }
    };
}

/// 16 bits: both halves of the products, interleaved.
macro_rules! mul_wide_16 {
    ($high:ident) => {
        #[inline(always)]
        fn mul_wide(self, a: __m512i, b: __m512i) -> [__m512i; 2] {
            Width::<u16>::interleave2(self, intrinsic!(self, [_mm512_mullo_epi16(a, b), $high(a, b)]))
        }
    };
}

/// 32 bits: the products of the even and of the odd lanes, interleaved.
macro_rules! mul_wide_32 {
    ($mul:ident) => {
        #[inline(always)]
        fn mul_wide(self, a: __m512i, b: __m512i) -> [__m512i; 2] {
            let products = intrinsic!(self, [$mul(a, b), $mul(_mm512_srli_epi64::<32>(a), _mm512_srli_epi64::<32>(b))]);
            Width::<u64>::interleave2(self, products)
        }
    };
}

impl Widening<u8> for Avx512 {
    widen_unsigned!(1 _mm512_cvtepu8_epi16);
    narrow_low!(u8, 64 _mm512_permutex2var_epi8);
}

impl Widening<i8> for Avx512 {
    widen_signed!(_mm512_cvtepi8_epi16);
    narrow_low!(u8, 64 _mm512_permutex2var_epi8);
}

impl Widening<u16> for Avx512 {
    widen_unsigned!(2 _mm512_cvtepu16_epi32);
    narrow_low!(u16, 32 _mm512_permutex2var_epi16);
    mul_wide_16!(_mm512_mulhi_epu16);
}

impl Widening<i16> for Avx512 {
    widen_signed!(_mm512_cvtepi16_epi32);
    narrow_low!(u16, 32 _mm512_permutex2var_epi16);
    mul_wide_16!(_mm512_mulhi_epi16);
}

impl Widening<u32> for Avx512 {
    widen_unsigned!(4 _mm512_cvtepu32_epi64);
    narrow_low!(u32, 16 _mm512_permutex2var_epi32);
    mul_wide_32!(_mm512_mul_epu32);
}

impl Widening<i32> for Avx512 {
    widen_signed!(_mm512_cvtepi32_epi64);
    narrow_low!(u32, 16 _mm512_permutex2var_epi32);
    mul_wide_32!(_mm512_mul_epi32);
}

impl Widening<f32> for Avx512 {
    #[inline(always)]
    fn widen(self, a: __m512i) -> [__m512i; 2] {
        let (low, high) = (bytemuck::cast(self.low(a)), bytemuck::cast(self.high(a)));
        bytemuck::cast(intrinsic!(self, [_mm512_cvtps_pd(low), _mm512_cvtps_pd(high)]))
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [__m512i; 2]) -> __m512i {
        let (low, high) = intrinsic!(self, (_mm512_cvtpd_ps(bytemuck::cast(a)), _mm512_cvtpd_ps(bytemuck::cast(b))));
        self.join(bytemuck::cast(low), bytemuck::cast(high))
    }
}

impl Widening<f16> for Avx512 {
    #[inline(always)]
    fn widen(self, a: __m512i) -> [__m512i; 2] {
        bytemuck::cast(intrinsic!(self, [_mm512_cvtph_ps(self.low(a)), _mm512_cvtph_ps(self.high(a))]))
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [__m512i; 2]) -> __m512i {
        let (low, high) = intrinsic!(
            self,
            (
                _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(bytemuck::cast(a)),
                _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(bytemuck::cast(b)),
            )
        );
        self.join(low, high)
    }
}

impl Widening<bf16> for Avx512 {
    #[inline(always)]
    fn widen(self, a: __m512i) -> [__m512i; 2] {
        // Into the upper halves of 32 bits.
        let first = const { table!(u8, 64; i => i / 4 * 2 + i % 2) };
        let second = const { table!(u8, 64; i => 32 + i / 4 * 2 + i % 2) };
        [self.spread(a, first, !Order::<2>::WIDE), self.spread(a, second, !Order::<2>::WIDE)]
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [__m512i; 2]) -> __m512i {
        let upper = lanes(const { table!(u16, 32; i => 2 * i + 1) });
        let (a, b) = (self.round_to_bf16(a), self.round_to_bf16(b));
        intrinsic!(self, _mm512_permutex2var_epi16(a, upper, b))
    }
}

impl Avx512 {
    /// The upper 16 bits of each f32, rounded half to even; a NaN is made quiet instead.
    #[inline(always)]
    fn round_to_bf16(self, a: __m512i) -> __m512i {
        intrinsic!(self, {
            let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(bytemuck::cast(a), bytemuck::cast(a));
            let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(a), _mm512_set1_epi32(1));
            let rounded = _mm512_add_epi32(_mm512_add_epi32(a, _mm512_set1_epi32(0x7fff)), odd);
            _mm512_mask_or_epi32(rounded, nan, a, _mm512_set1_epi32(0x40_0000))
        })
    }
}

/// Signed lanes: packed within 16 bytes, then those put in order.
macro_rules! pack {
    ($($w:ty => $n:ty: $pack:ident;)*) => {$(
        impl Narrowing<$w, $n> for Avx512 {
            #[inline(always)]
            fn narrow_saturating(self, [a, b]: [__m512i; 2]) -> __m512i {
                let order = lanes(const { table!(u64, 8; i => i % 4 * 2 + i / 4) });
                intrinsic!(self, _mm512_permutexvar_epi64(order, $pack(a, b)))
            }
        }
    )*};
}
pack! {
    i16 => i8: _mm512_packs_epi16;
    i16 => u8: _mm512_packus_epi16;
    i32 => i16: _mm512_packs_epi32;
    i32 => u16: _mm512_packus_epi32;
}

/// Unsigned lanes (and i64): clamped, then their low part.
macro_rules! clamp {
    ($($w:ty => $n:ty: $set1:ident $min:ident $($max:ident)?;)*) => {$(
        impl Narrowing<$w, $n> for Avx512 {
            #[inline(always)]
            fn narrow_saturating(self, [a, b]: [__m512i; 2]) -> __m512i {
                $(let (a, b) = intrinsic!(self, {
                    let least = $set1(<$n>::MIN as _);
                    ($max(a, least), $max(b, least))
                });)?
                let clamped = intrinsic!(self, {
                    let most = $set1(<$n>::MAX as _);
                    [$min(a, most), $min(b, most)]
                });
                Widening::<$n>::narrow(self, clamped)
            }
        }
    )*};
}
clamp! {
    u16 => u8: _mm512_set1_epi16 _mm512_min_epu16;
    u16 => i8: _mm512_set1_epi16 _mm512_min_epu16;
    u32 => u16: _mm512_set1_epi32 _mm512_min_epu32;
    u32 => i16: _mm512_set1_epi32 _mm512_min_epu32;
    u64 => u32: _mm512_set1_epi64 _mm512_min_epu64;
    u64 => i32: _mm512_set1_epi64 _mm512_min_epu64;
    i64 => u32: _mm512_set1_epi64 _mm512_min_epi64 _mm512_max_epi64;
    i64 => i32: _mm512_set1_epi64 _mm512_min_epi64 _mm512_max_epi64;
}

/// Signed integers: the conversion gives MIN for what is out of range; MAX is set where that is above, 0 for NaN.
macro_rules! signed {
    ($f:ty => $i:ty: $reg:ident, $from:ident $cmp:ident $set1:ident $to_float:ident $blend:ident $trunc:ident $round:ident) => {
        impl Converting<$f, $i> for Avx512 {
            #[inline(always)]
            fn from_int(self, a: __m512i) -> __m512i {
                bytemuck::cast::<$reg, __m512i>(intrinsic!(self, $from(a)))
            }

            signed!(@ trunc_to_int $i, $reg, $cmp $set1 $to_float $blend $trunc);
            signed!(@ round_to_int $i, $reg, $cmp $set1 $to_float $blend $round);
        }
    };
    (@ $name:ident $i:ty, $reg:ident, $cmp:ident $set1:ident $to_float:ident $blend:ident $convert:ident) => {
        #[inline(always)]
        fn $name(self, a: __m512i) -> __m512i {
            let a: $reg = bytemuck::cast(a);
            intrinsic!(self, {
                let v = $convert($cmp::<_CMP_ORD_Q>(a, a), a);
                // MAX as a float is rounded up: the first value that is above.
                let above = $cmp::<_CMP_GE_OQ>(a, $to_float(<$i>::MAX as _));
                $blend(above, v, $set1(<$i>::MAX))
            })
        }
    };
}
signed! { f32 => i32: __m512, _mm512_cvtepi32_ps _mm512_cmp_ps_mask _mm512_set1_epi32 _mm512_set1_ps
_mm512_mask_blend_epi32 _mm512_maskz_cvttps_epi32 _mm512_maskz_cvtps_epi32 }
signed! { f64 => i64: __m512d, _mm512_cvtepi64_pd _mm512_cmp_pd_mask _mm512_set1_epi64 _mm512_set1_pd
_mm512_mask_blend_epi64 _mm512_maskz_cvttpd_epi64 _mm512_maskz_cvtpd_epi64 }

/// Unsigned integers: the conversion gives MAX for what is out of range, so only what is below 0 is mended before.
macro_rules! unsigned {
    ($f:ty => $i:ty: $reg:ident, $from:ident $max:ident $zero:ident $trunc:ident $round:ident) => {
        impl Converting<$f, $i> for Avx512 {
            #[inline(always)]
            fn from_int(self, a: __m512i) -> __m512i {
                bytemuck::cast::<$reg, __m512i>(intrinsic!(self, $from(a)))
            }

            #[inline(always)]
            fn trunc_to_int(self, a: __m512i) -> __m512i {
                // Of NaN and 0, max gives the second: 0.
                intrinsic!(self, $trunc($max(bytemuck::cast(a), $zero())))
            }

            #[inline(always)]
            fn round_to_int(self, a: __m512i) -> __m512i {
                intrinsic!(self, $round($max(bytemuck::cast(a), $zero())))
            }
        }
    };
}
unsigned! { f32 => u32: __m512, _mm512_cvtepu32_ps _mm512_max_ps _mm512_setzero_ps _mm512_cvttps_epu32
_mm512_cvtps_epu32 }
unsigned! { f64 => u64: __m512d, _mm512_cvtepu64_pd _mm512_max_pd _mm512_setzero_pd _mm512_cvttpd_epu64
_mm512_cvtpd_epu64 }
