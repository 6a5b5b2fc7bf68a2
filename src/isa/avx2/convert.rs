//! Integers to floats of the same width and back. For 64 bits by magic numbers: an integer below 2^52 in the fraction of
//! 2^52 is that number plus 2^52.

use super::*;
use crate::isa::Converting;

impl Converting<f32, i32> for Avx2 {
    #[inline(always)]
    fn from_int(self, a: __m256i) -> __m256i {
        intrinsic!(self, from_ps(_mm256_cvtepi32_ps(a)))
    }

    #[inline(always)]
    fn trunc_to_int(self, a: __m256i) -> __m256i {
        self.saturate_i32(a, intrinsic!(self, _mm256_cvttps_epi32(ps(a))))
    }

    #[inline(always)]
    fn round_to_int(self, a: __m256i) -> __m256i {
        self.saturate_i32(a, intrinsic!(self, _mm256_cvtps_epi32(ps(a))))
    }
}

impl Converting<f32, u32> for Avx2 {
    #[inline(always)]
    fn from_int(self, a: __m256i) -> __m256i {
        intrinsic!(self, {
            // 2^23 + the low 16 bits, and 2^39 + 2^16 * the high ones; the sum at the end rounds, and it alone.
            let low = _mm256_blend_epi16::<0xaa>(a, _mm256_set1_epi32(0x4b00_0000));
            let high = _mm256_or_si256(_mm256_srli_epi32::<16>(a), _mm256_set1_epi32(0x5300_0000));
            let high = _mm256_sub_ps(ps(high), _mm256_set1_ps(549_764_202_496.0));
            from_ps(_mm256_add_ps(high, ps(low)))
        })
    }

    #[inline(always)]
    fn trunc_to_int(self, a: __m256i) -> __m256i {
        intrinsic!(self, {
            let [a, above] = self.range_u32(a);
            self.join_u32(a, _mm256_cvttps_epi32(ps(a)), _mm256_cvttps_epi32(ps(above)))
        })
    }

    #[inline(always)]
    fn round_to_int(self, a: __m256i) -> __m256i {
        intrinsic!(self, {
            let [a, above] = self.range_u32(a);
            self.join_u32(a, _mm256_cvtps_epi32(ps(a)), _mm256_cvtps_epi32(ps(above)))
        })
    }
}

impl Avx2 {
    /// `converted` is `i32::MIN` where `a` is out of range.
    #[inline(always)]
    fn saturate_i32(self, a: __m256i, converted: __m256i) -> __m256i {
        intrinsic!(self, {
            let above = _mm256_cmp_ps::<_CMP_GE_OQ>(ps(a), _mm256_set1_ps(2_147_483_648.0));
            let number = _mm256_cmp_ps::<_CMP_ORD_Q>(ps(a), ps(a));
            _mm256_and_si256(_mm256_xor_si256(converted, from_ps(above)), from_ps(number))
        })
    }

    /// `a`, or 0 where it is negative or NaN, and that less 2^31.
    #[inline(always)]
    fn range_u32(self, a: __m256i) -> [__m256i; 2] {
        intrinsic!(self, {
            let a = _mm256_max_ps(ps(a), _mm256_setzero_ps());
            [from_ps(a), from_ps(_mm256_sub_ps(a, _mm256_set1_ps(2_147_483_648.0)))]
        })
    }

    /// `low`, which is 2^31 where `a` is as much or more, with `high` added there.
    #[inline(always)]
    fn join_u32(self, a: __m256i, low: __m256i, high: __m256i) -> __m256i {
        intrinsic!(self, {
            let high = _mm256_and_si256(high, _mm256_srai_epi32::<31>(low));
            let above = _mm256_cmp_ps::<_CMP_GE_OQ>(ps(a), _mm256_set1_ps(4_294_967_296.0));
            _mm256_or_si256(_mm256_or_si256(low, high), from_ps(above))
        })
    }
}

const TWO_31: f64 = 2_147_483_648.0;
const TWO_32: f64 = TWO_31 * 2.0;
const TWO_52: f64 = 4_503_599_627_370_496.0;
const TWO_63: f64 = TWO_32 * TWO_31;
const TWO_64: f64 = TWO_32 * TWO_32;
const TWO_84: f64 = TWO_52 * TWO_32;

/// `from_int` of 64 bits: 2^52 + the low 32 bits, and a base + 2^32 * the high ones; the sum at the end rounds, and it
/// alone.
macro_rules! from_int_64 {
    ($base:expr) => {
        #[inline(always)]
        fn from_int(self, a: __m256i) -> __m256i {
            intrinsic!(self, {
                let low = _mm256_blend_epi32::<0xaa>(a, from_pd(_mm256_set1_pd(TWO_52)));
                let high = _mm256_xor_si256(_mm256_srli_epi64::<32>(a), from_pd(_mm256_set1_pd($base)));
                let high = _mm256_sub_pd(pd(high), _mm256_set1_pd($base + TWO_52));
                from_pd(_mm256_add_pd(high, pd(low)))
            })
        }
    };
}

/// `trunc_to_int` and `round_to_int` of 64 bits by a method that takes what is rounded.
macro_rules! to_int_64 {
    ($f:ident) => {
        #[inline(always)]
        fn trunc_to_int(self, a: __m256i) -> __m256i {
            let a = intrinsic!(self, _mm256_round_pd::<{ _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC }>(pd(a)));
            self.$f(a)
        }

        #[inline(always)]
        fn round_to_int(self, a: __m256i) -> __m256i {
            let a = intrinsic!(self, _mm256_round_pd::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(pd(a)));
            self.$f(a)
        }
    };
}

impl Converting<f64, i64> for Avx2 {
    // The base counts from the middle: flipping the sign bit of the lane adds 2^63.
    from_int_64!(TWO_84 + TWO_63);
    to_int_64!(whole_to_i64);
}

impl Converting<f64, u64> for Avx2 {
    from_int_64!(TWO_84);
    to_int_64!(whole_to_u64);
}

impl Avx2 {
    #[inline(always)]
    fn whole_to_i64(self, a: __m256d) -> __m256i {
        intrinsic!(self, {
            let number = _mm256_cmp_pd::<_CMP_ORD_Q>(a, a);
            let above = _mm256_cmp_pd::<_CMP_GE_OQ>(a, _mm256_set1_pd(TWO_63));
            let int = self.digits_to_int(_mm256_max_pd(a, _mm256_set1_pd(-TWO_63)), TWO_52 * 1.5);
            let int = _mm256_blendv_epi8(int, _mm256_set1_epi64x(i64::MAX), from_pd(above));
            _mm256_and_si256(int, from_pd(number))
        })
    }

    #[inline(always)]
    fn whole_to_u64(self, a: __m256d) -> __m256i {
        intrinsic!(self, {
            let above = _mm256_cmp_pd::<_CMP_GE_OQ>(a, _mm256_set1_pd(TWO_64));
            // NaN gives the second operand.
            let int = self.digits_to_int(_mm256_max_pd(a, _mm256_setzero_pd()), TWO_52);
            _mm256_or_si256(int, from_pd(above))
        })
    }

    /// Two digits in base 2^32, each exact. The upper one plus `magic` has the digit in its low 32 bits: 2^52, and half
    /// as much more if the digit can be negative.
    #[inline(always)]
    fn digits_to_int(self, a: __m256d, magic: f64) -> __m256i {
        intrinsic!(self, {
            let high = _mm256_floor_pd(_mm256_mul_pd(a, _mm256_set1_pd(1.0 / TWO_32)));
            let low = _mm256_fnmadd_pd(high, _mm256_set1_pd(TWO_32), a);
            let low = from_pd(_mm256_add_pd(low, _mm256_set1_pd(TWO_52)));
            let high = from_pd(_mm256_add_pd(high, _mm256_set1_pd(magic)));
            _mm256_blend_epi32::<0xaa>(low, _mm256_slli_epi64::<32>(high))
        })
    }
}
