//! Saturating arithmetic of integers: x86 has it for 8 and 16 bits.

use super::*;
use crate::isa::Saturating;

impl Saturating<u8> for Avx2 {
    binary!(saturating_add = _mm256_adds_epu8, saturating_sub = _mm256_subs_epu8);
}

impl Saturating<i8> for Avx2 {
    binary!(saturating_add = _mm256_adds_epi8, saturating_sub = _mm256_subs_epi8);
}

impl Saturating<u16> for Avx2 {
    binary!(saturating_add = _mm256_adds_epu16, saturating_sub = _mm256_subs_epu16);
}

impl Saturating<i16> for Avx2 {
    binary!(saturating_add = _mm256_adds_epi16, saturating_sub = _mm256_subs_epi16);
}

impl Saturating<u32> for Avx2 {
    #[inline(always)]
    fn saturating_add(self, a: __m256i, b: __m256i) -> __m256i {
        let room = self.not(b);
        intrinsic!(self, _mm256_add_epi32(_mm256_min_epu32(a, room), b))
    }

    #[inline(always)]
    fn saturating_sub(self, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(self, _mm256_sub_epi32(_mm256_max_epu32(a, b), b))
    }
}

impl Saturating<i32> for Avx2 {
    #[inline(always)]
    fn saturating_add(self, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(self, {
            let sum = _mm256_add_epi32(a, b);
            // It overflowed where its sign is that of neither operand.
            let overflow = _mm256_and_si256(_mm256_xor_si256(sum, a), _mm256_xor_si256(sum, b));
            self.limit_where_negative(overflow, a, sum)
        })
    }

    #[inline(always)]
    fn saturating_sub(self, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(self, {
            let difference = _mm256_sub_epi32(a, b);
            let overflow = _mm256_and_si256(_mm256_xor_si256(a, b), _mm256_xor_si256(a, difference));
            self.limit_where_negative(overflow, a, difference)
        })
    }
}

impl Avx2 {
    /// i32: the limit on the side of `a` where `overflow` is negative, else `result`.
    #[inline(always)]
    fn limit_where_negative(self, overflow: __m256i, a: __m256i, result: __m256i) -> __m256i {
        intrinsic!(self, {
            let limit = _mm256_xor_si256(_mm256_srai_epi32::<31>(a), _mm256_set1_epi32(i32::MAX));
            from_ps(_mm256_blendv_ps(ps(result), ps(limit), ps(overflow)))
        })
    }
}
