//! Between floats and integers of their width.
//!
//! There are instructions for i32 only. The others go by numbers so large that their mantissa's last place is 1: an
//! integer laid into the mantissa is a float, and a float added to it is an integer.

use super::arch::*;
use super::{Sse42, intrinsic, lanes};
use crate::isa::{Converting, FloatArith};

/// `round_to_int` as `trunc_to_int` of what is rounded already.
macro_rules! round_then_trunc {
    ($f:ty, $i:ty) => {
        #[inline(always)]
        fn round_to_int(self, a: __m128i) -> __m128i {
            Converting::<$f, $i>::trunc_to_int(self, FloatArith::<$f>::round_even(self, a))
        }
    };
}

macro_rules! to_i32 {
    ($name:ident = $convert:ident) => {
        #[inline(always)]
        fn $name(self, a: __m128i) -> __m128i {
            intrinsic!(self, {
                let a = _mm_castsi128_ps(a);
                // `MIN` for what does not fit: its complement from 2^31 on, 0 for NaN.
                let too_large = _mm_castps_si128(_mm_cmpge_ps(a, _mm_castsi128_ps(lanes([2147483648.0f32; 4]))));
                let number = _mm_castps_si128(_mm_cmpord_ps(a, a));
                _mm_and_si128(_mm_xor_si128($convert(a), too_large), number)
            })
        }
    };
}

impl Converting<f32, i32> for Sse42 {
    #[inline(always)]
    fn from_int(self, a: __m128i) -> __m128i {
        intrinsic!(self, _mm_castps_si128(_mm_cvtepi32_ps(a)))
    }

    to_i32!(trunc_to_int = _mm_cvttps_epi32);
    to_i32!(round_to_int = _mm_cvtps_epi32);
}

macro_rules! to_u32 {
    ($name:ident = $convert:ident) => {
        #[inline(always)]
        fn $name(self, a: __m128i) -> __m128i {
            intrinsic!(self, {
                // The instruction gives its second operand, 0, for NaN.
                let a = _mm_max_ps(_mm_castsi128_ps(a), _mm_setzero_ps());
                let half = _mm_castsi128_ps(lanes([2147483648.0f32; 4]));
                let upper = _mm_cmpge_ps(a, half);
                let low = $convert(_mm_sub_ps(a, _mm_and_ps(upper, half)));
                let whole = _mm_xor_si128(low, _mm_slli_epi32::<31>(_mm_castps_si128(upper)));
                let too_large = _mm_cmpge_ps(a, _mm_castsi128_ps(lanes([4294967296.0f32; 4])));
                _mm_or_si128(whole, _mm_castps_si128(too_large))
            })
        }
    };
}

impl Converting<f32, u32> for Sse42 {
    #[inline(always)]
    fn from_int(self, a: __m128i) -> __m128i {
        // 2^23 + the low half and 2^39 + the high half, whose mantissas the halves are; only the sum is rounded.
        const MAGIC: f32 = 549_755_813_888.0 + 8_388_608.0;
        intrinsic!(self, {
            let low = _mm_blend_epi16::<0xaa>(a, lanes([8_388_608.0f32; 4]));
            let high = _mm_blend_epi16::<0xaa>(_mm_srli_epi32::<16>(a), lanes([549_755_813_888.0f32; 4]));
            let high = _mm_sub_ps(_mm_castsi128_ps(high), _mm_castsi128_ps(lanes([MAGIC; 4])));
            _mm_castps_si128(_mm_add_ps(high, _mm_castsi128_ps(low)))
        })
    }

    to_u32!(trunc_to_int = _mm_cvttps_epi32);
    to_u32!(round_to_int = _mm_cvtps_epi32);
}

const TWO_32: f64 = 4_294_967_296.0;
const TWO_52: f64 = 4_503_599_627_370_496.0;
const TWO_63: f64 = 9_223_372_036_854_775_808.0;
const TWO_64: f64 = 18_446_744_073_709_551_616.0;
const TWO_67: f64 = TWO_64 * 8.0;
const TWO_84: f64 = TWO_52 * TWO_32;

#[inline(always)]
fn doubles(v: f64) -> __m128d {
    bytemuck::cast([v; 2])
}

/// The high and the low word, as floats, of whole numbers `a` from `-2^63` to below `2^64`: `high * 2^32 + low`.
#[inline(always)]
fn words(sse: Sse42, a: __m128d) -> (__m128d, __m128d) {
    intrinsic!(sse, {
        let high = _mm_floor_pd(_mm_mul_pd(a, doubles(1.0 / TWO_32)));
        (high, _mm_sub_pd(a, _mm_mul_pd(high, doubles(TWO_32))))
    })
}

impl Converting<f64, i64> for Sse42 {
    #[inline(always)]
    fn from_int(self, a: __m128i) -> __m128i {
        // 2^52 + the low 48 bits, and 3 * 2^67 + the high 16, signed, which start at its bit 16; only the sum is rounded.
        intrinsic!(self, {
            let low = _mm_blend_epi16::<0x88>(a, lanes([TWO_52; 2]));
            let high = _mm_blend_epi16::<0x33>(_mm_srai_epi32::<16>(a), _mm_setzero_si128());
            let high = _mm_castsi128_pd(_mm_add_epi64(high, lanes([3.0 * TWO_67; 2])));
            let high = _mm_sub_pd(high, doubles(3.0 * TWO_67 + TWO_52));
            _mm_castpd_si128(_mm_add_pd(high, _mm_castsi128_pd(low)))
        })
    }

    #[inline(always)]
    fn trunc_to_int(self, a: __m128i) -> __m128i {
        intrinsic!(self, {
            let a = _mm_castsi128_pd(a);
            let number = _mm_castpd_si128(_mm_cmpord_pd(a, a));
            let too_large = _mm_cmpge_pd(a, doubles(TWO_63));
            let whole = _mm_round_pd::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(_mm_max_pd(a, doubles(-TWO_63)));
            let (high, low) = words(self, whole);
            // 3 * 2^51: the word is the low half of the mantissa, in two's complement.
            let high = _mm_castpd_si128(_mm_add_pd(high, doubles(1.5 * TWO_52)));
            let low = _mm_castpd_si128(_mm_add_pd(low, doubles(TWO_52)));
            let int = _mm_castsi128_pd(_mm_blend_epi16::<0xcc>(low, _mm_slli_epi64::<32>(high)));
            let clamped = _mm_blendv_pd(int, _mm_castsi128_pd(lanes([i64::MAX; 2])), too_large);
            _mm_and_si128(_mm_castpd_si128(clamped), number)
        })
    }

    round_then_trunc!(f64, i64);
}

impl Converting<f64, u64> for Sse42 {
    #[inline(always)]
    fn from_int(self, a: __m128i) -> __m128i {
        // 2^52 + the low word and 2^84 + the high one; only the sum is rounded.
        intrinsic!(self, {
            let low = _mm_blend_epi16::<0xcc>(a, lanes([TWO_52; 2]));
            let high = _mm_or_si128(_mm_srli_epi64::<32>(a), lanes([TWO_84; 2]));
            let high = _mm_sub_pd(_mm_castsi128_pd(high), doubles(TWO_84 + TWO_52));
            _mm_castpd_si128(_mm_add_pd(high, _mm_castsi128_pd(low)))
        })
    }

    #[inline(always)]
    fn trunc_to_int(self, a: __m128i) -> __m128i {
        intrinsic!(self, {
            // The instruction gives its second operand, 0, for NaN.
            let a = _mm_max_pd(_mm_castsi128_pd(a), _mm_setzero_pd());
            let too_large = _mm_castpd_si128(_mm_cmpge_pd(a, doubles(TWO_64)));
            let whole = _mm_round_pd::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(a);
            let (high, low) = words(self, whole);
            let high = _mm_castpd_si128(_mm_add_pd(high, doubles(TWO_52)));
            let low = _mm_castpd_si128(_mm_add_pd(low, doubles(TWO_52)));
            _mm_or_si128(_mm_blend_epi16::<0xcc>(low, _mm_slli_epi64::<32>(high)), too_large)
        })
    }

    round_then_trunc!(f64, u64);
}
