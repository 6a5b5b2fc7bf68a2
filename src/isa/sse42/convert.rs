//! Widening and narrowing.

use super::arch::*;
use super::{Sse42, intrinsic, lanes};
use crate::isa::{Narrowing, Registers, Widening};
use half::{bf16, f16};

/// Both halves of a register; the second one moves down first.
macro_rules! both_halves {
    ($sse:expr, $a:ident, $f:ident) => {
        intrinsic!($sse, [$f($a), $f(_mm_unpackhi_epi64($a, $a))])
    };
}

impl Widening<u8> for Sse42 {
    #[inline(always)]
    fn widen(self, a: __m128i) -> [__m128i; 2] {
        intrinsic!(self, [_mm_cvtepu8_epi16(a), _mm_unpackhi_epi8(a, _mm_setzero_si128())])
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [__m128i; 2]) -> __m128i {
        let low = lanes([0xffu16; 8]);
        intrinsic!(self, _mm_packus_epi16(_mm_and_si128(a, low), _mm_and_si128(b, low)))
    }
}

impl Widening<i8> for Sse42 {
    #[inline(always)]
    fn widen(self, a: __m128i) -> [__m128i; 2] {
        intrinsic!(self, [_mm_cvtepi8_epi16(a), _mm_srai_epi16::<8>(_mm_unpackhi_epi8(a, a))])
    }

    #[inline(always)]
    fn narrow(self, a: [__m128i; 2]) -> __m128i {
        Widening::<u8>::narrow(self, a)
    }
}

impl Widening<u16> for Sse42 {
    #[inline(always)]
    fn widen(self, a: __m128i) -> [__m128i; 2] {
        intrinsic!(self, [_mm_cvtepu16_epi32(a), _mm_unpackhi_epi16(a, _mm_setzero_si128())])
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [__m128i; 2]) -> __m128i {
        intrinsic!(self, {
            let zero = _mm_setzero_si128();
            _mm_packus_epi32(_mm_blend_epi16::<0xaa>(a, zero), _mm_blend_epi16::<0xaa>(b, zero))
        })
    }

    #[inline(always)]
    fn mul_wide(self, a: __m128i, b: __m128i) -> [__m128i; 2] {
        intrinsic!(self, {
            let (low, high) = (_mm_mullo_epi16(a, b), _mm_mulhi_epu16(a, b));
            [_mm_unpacklo_epi16(low, high), _mm_unpackhi_epi16(low, high)]
        })
    }
}

impl Widening<i16> for Sse42 {
    #[inline(always)]
    fn widen(self, a: __m128i) -> [__m128i; 2] {
        intrinsic!(self, [_mm_cvtepi16_epi32(a), _mm_srai_epi32::<16>(_mm_unpackhi_epi16(a, a))])
    }

    #[inline(always)]
    fn narrow(self, a: [__m128i; 2]) -> __m128i {
        Widening::<u16>::narrow(self, a)
    }

    #[inline(always)]
    fn mul_wide(self, a: __m128i, b: __m128i) -> [__m128i; 2] {
        intrinsic!(self, {
            let (low, high) = (_mm_mullo_epi16(a, b), _mm_mulhi_epi16(a, b));
            [_mm_unpacklo_epi16(low, high), _mm_unpackhi_epi16(low, high)]
        })
    }
}

/// The products of the even lanes and those of the odd ones, put in turns.
macro_rules! mul_wide_words {
    ($mul:ident) => {
        #[inline(always)]
        fn mul_wide(self, a: __m128i, b: __m128i) -> [__m128i; 2] {
            intrinsic!(self, {
                let (even, odd) = ($mul(a, b), $mul(_mm_srli_epi64::<32>(a), _mm_srli_epi64::<32>(b)));
                [_mm_unpacklo_epi64(even, odd), _mm_unpackhi_epi64(even, odd)]
            })
        }
    };
}

impl Widening<u32> for Sse42 {
    #[inline(always)]
    fn widen(self, a: __m128i) -> [__m128i; 2] {
        intrinsic!(self, [_mm_cvtepu32_epi64(a), _mm_unpackhi_epi32(a, _mm_setzero_si128())])
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [__m128i; 2]) -> __m128i {
        words::<0b10_00_10_00>(self, a, b)
    }

    mul_wide_words!(_mm_mul_epu32);
}

impl Widening<i32> for Sse42 {
    #[inline(always)]
    fn widen(self, a: __m128i) -> [__m128i; 2] {
        both_halves!(self, a, _mm_cvtepi32_epi64)
    }

    #[inline(always)]
    fn narrow(self, a: [__m128i; 2]) -> __m128i {
        Widening::<u32>::narrow(self, a)
    }

    mul_wide_words!(_mm_mul_epi32);
}

/// Two words of `a`, then two of `b`.
#[inline(always)]
fn words<const PLACES: i32>(sse: Sse42, a: __m128i, b: __m128i) -> __m128i {
    intrinsic!(sse, _mm_castps_si128(_mm_shuffle_ps::<PLACES>(_mm_castsi128_ps(a), _mm_castsi128_ps(b))))
}

impl Widening<f32> for Sse42 {
    #[inline(always)]
    fn widen(self, a: __m128i) -> [__m128i; 2] {
        intrinsic!(self, {
            let a = _mm_castsi128_ps(a);
            [_mm_castpd_si128(_mm_cvtps_pd(a)), _mm_castpd_si128(_mm_cvtps_pd(_mm_movehl_ps(a, a)))]
        })
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [__m128i; 2]) -> __m128i {
        intrinsic!(self, {
            let (a, b) = (_mm_cvtpd_ps(_mm_castsi128_pd(a)), _mm_cvtpd_ps(_mm_castsi128_pd(b)));
            _mm_castps_si128(_mm_movelh_ps(a, b))
        })
    }
}

impl Widening<f16> for Sse42 {
    #[inline(always)]
    fn widen(self, a: __m128i) -> [__m128i; 2] {
        let [a, b] = Widening::<u16>::widen(self, a);
        [widen_f16(self, a), widen_f16(self, b)]
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [__m128i; 2]) -> __m128i {
        let (a, b) = (narrow_f16(self, a), narrow_f16(self, b));
        intrinsic!(self, _mm_packus_epi32(a, b))
    }
}

/// f32 of the f16 in the low half of each word.
#[inline(always)]
fn widen_f16(sse: Sse42, a: __m128i) -> __m128i {
    let infinity = lanes([0x7c00u32 << 13; 4]);
    let rebias = lanes([(127u32 - 15) << 23; 4]);
    intrinsic!(sse, {
        let magnitude = _mm_slli_epi32::<13>(_mm_and_si128(a, lanes([0x7fffu32; 4])));
        let sign = _mm_slli_epi32::<16>(_mm_xor_si128(a, _mm_srli_epi32::<13>(magnitude)));
        // The largest exponent stays the largest: it is moved twice as far.
        let is_finite = _mm_cmpgt_epi32(infinity, magnitude);
        let normal = _mm_add_epi32(_mm_add_epi32(magnitude, rebias), _mm_andnot_si128(is_finite, rebias));
        // A subnormal is a fraction above 2^-14; taking that away normalizes it, without slow subnormal operands.
        let least = lanes([113u32 << 23; 4]);
        let above = _mm_castsi128_ps(_mm_or_si128(magnitude, least));
        let subnormal = _mm_castps_si128(_mm_sub_ps(above, _mm_castsi128_ps(least)));
        let is_subnormal = _mm_cmpgt_epi32(lanes([0x400u32 << 13; 4]), magnitude);
        _mm_or_si128(_mm_blendv_epi8(normal, subnormal, is_subnormal), sign)
    })
}

/// f16, rounded half to even, of each f32, in the low half of its word.
#[inline(always)]
fn narrow_f16(sse: Sse42, a: __m128i) -> __m128i {
    intrinsic!(sse, {
        let magnitude = _mm_and_si128(a, lanes([0x7fff_ffffu32; 4]));
        let sign = _mm_srli_epi32::<16>(_mm_xor_si128(a, magnitude));
        // Adding just under half of the last place that stays, and its own bit, rounds half to even.
        let last = _mm_and_si128(_mm_srli_epi32::<13>(magnitude), lanes([1u32; 4]));
        let half_up = lanes([0xfffu32.wrapping_sub((127 - 15) << 23); 4]);
        let normal = _mm_srli_epi32::<13>(_mm_add_epi32(_mm_add_epi32(magnitude, half_up), last));
        // From 2^16 on: infinity, or NaN.
        let nan = _mm_and_si128(_mm_cmpgt_epi32(magnitude, lanes([0xffu32 << 23; 4])), lanes([0x200u32; 4]));
        let is_huge = _mm_cmpgt_epi32(magnitude, lanes([(143u32 << 23) - 1; 4]));
        let large = _mm_blendv_epi8(normal, _mm_or_si128(nan, lanes([0x7c00u32; 4])), is_huge);
        // Below 2^-14: 0.5 has its last place where the smallest f16 has it, and so rounds the sum there.
        let half = lanes([0.5f32; 4]);
        let sum = _mm_add_ps(_mm_castsi128_ps(magnitude), _mm_castsi128_ps(half));
        let small = _mm_sub_epi32(_mm_castps_si128(sum), half);
        let is_small = _mm_cmpgt_epi32(lanes([113u32 << 23; 4]), magnitude);
        _mm_or_si128(_mm_blendv_epi8(large, small, is_small), sign)
    })
}

impl Widening<bf16> for Sse42 {
    #[inline(always)]
    fn widen(self, a: __m128i) -> [__m128i; 2] {
        intrinsic!(self, {
            let zero = _mm_setzero_si128();
            [_mm_unpacklo_epi16(zero, a), _mm_unpackhi_epi16(zero, a)]
        })
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [__m128i; 2]) -> __m128i {
        let (a, b) = (narrow_bf16(self, a), narrow_bf16(self, b));
        intrinsic!(self, _mm_packus_epi32(a, b))
    }
}

/// bf16, rounded half to even, of each f32, in the low half of its word.
#[inline(always)]
fn narrow_bf16(sse: Sse42, a: __m128i) -> __m128i {
    intrinsic!(sse, {
        let high = _mm_srli_epi32::<16>(a);
        let last = _mm_and_si128(high, lanes([1u32; 4]));
        let rounded = _mm_srli_epi32::<16>(_mm_add_epi32(_mm_add_epi32(a, lanes([0x7fffu32; 4])), last));
        // A NaN may have its only ones in the half that goes.
        let number = _mm_castsi128_ps(a);
        let is_nan = _mm_castps_si128(_mm_cmpunord_ps(number, number));
        _mm_blendv_epi8(rounded, _mm_or_si128(high, lanes([0x40u32; 4])), is_nan)
    })
}

/// Narrowing by a pack that takes its operands as signed: unsigned ones are clamped to what it leaves as it is.
macro_rules! narrowing {
    ($($w:ty => $n:ty: $pack:ident $(of $min:ident $limit:expr)?;)*) => {$(
        impl Narrowing<$w, $n> for Sse42 {
            #[inline(always)]
            fn narrow_saturating(self, [a, b]: [__m128i; 2]) -> __m128i {
                $(
                    let limit = lanes($limit);
                    let (a, b) = intrinsic!(self, ($min(a, limit), $min(b, limit)));
                )?
                intrinsic!(self, $pack(a, b))
            }
        }
    )*};
}
narrowing! {
    u16 => u8: _mm_packus_epi16 of _mm_min_epu16 [u8::MAX as u16; 8];
    u16 => i8: _mm_packus_epi16 of _mm_min_epu16 [i8::MAX as u16; 8];
    i16 => u8: _mm_packus_epi16;
    i16 => i8: _mm_packs_epi16;
    u32 => u16: _mm_packus_epi32 of _mm_min_epu32 [u16::MAX as u32; 4];
    u32 => i16: _mm_packus_epi32 of _mm_min_epu32 [i16::MAX as u32; 4];
    i32 => u16: _mm_packus_epi32;
    i32 => i16: _mm_packs_epi32;
}

/// The low words of two registers of 64-bit lanes, and the high ones.
#[inline(always)]
fn low_and_high(sse: Sse42, [a, b]: [__m128i; 2]) -> (__m128i, __m128i) {
    (words::<0b10_00_10_00>(sse, a, b), words::<0b11_01_11_01>(sse, a, b))
}

impl Narrowing<u64, u32> for Sse42 {
    #[inline(always)]
    fn narrow_saturating(self, a: [__m128i; 2]) -> __m128i {
        let (low, high) = low_and_high(self, a);
        let fits = intrinsic!(self, _mm_cmpeq_epi32(high, _mm_setzero_si128()));
        self.or(low, self.not(fits))
    }
}

impl Narrowing<u64, i32> for Sse42 {
    #[inline(always)]
    fn narrow_saturating(self, a: [__m128i; 2]) -> __m128i {
        let low = Narrowing::<u64, u32>::narrow_saturating(self, a);
        intrinsic!(self, _mm_min_epu32(low, lanes([i32::MAX; 4])))
    }
}

impl Narrowing<i64, i32> for Sse42 {
    #[inline(always)]
    fn narrow_saturating(self, a: [__m128i; 2]) -> __m128i {
        let (low, high) = low_and_high(self, a);
        intrinsic!(self, {
            let fits = _mm_cmpeq_epi32(high, _mm_srai_epi32::<31>(low));
            let extreme = _mm_xor_si128(_mm_srai_epi32::<31>(high), lanes([i32::MAX; 4]));
            _mm_blendv_epi8(extreme, low, fits)
        })
    }
}

impl Narrowing<i64, u32> for Sse42 {
    #[inline(always)]
    fn narrow_saturating(self, a: [__m128i; 2]) -> __m128i {
        let (low, high) = low_and_high(self, a);
        intrinsic!(self, {
            let above = _mm_cmpgt_epi32(high, _mm_setzero_si128());
            _mm_andnot_si128(_mm_srai_epi32::<31>(high), _mm_or_si128(low, above))
        })
    }
}
