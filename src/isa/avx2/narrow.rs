//! Wider lanes, narrower lanes. Packing works within halves, so `in_order` follows each.

use super::*;
use crate::isa::{Narrowing, Widening};
use half::{bf16, f16};

/// `widen` by one conversion of each half.
macro_rules! widen {
    ($f:ident) => {
        #[inline(always)]
        fn widen(self, a: __m256i) -> [__m256i; 2] {
            let [lo, hi] = halves(a);
            intrinsic!(self, [bytemuck::cast($f(lo)), bytemuck::cast($f(hi))])
        }
    };
}

/// Integers: `narrow` keeps the low bits, as `narrow_*` below does for the width.
macro_rules! integers {
    ($($t:ty: $widen:ident $narrow:ident { $($mul_wide:item)? })*) => {$(
        impl Widening<$t> for Avx2 {
            widen!($widen);

            #[inline(always)]
            fn narrow(self, a: [__m256i; 2]) -> __m256i {
                self.$narrow(a)
            }

            $($mul_wide)?
        }
    )*};
}

// The products of bytes stay at the definition: 16-bit products of widened lanes.
integers! {
    u8: _mm256_cvtepu8_epi16 narrow_16 {}
    i8: _mm256_cvtepi8_epi16 narrow_16 {}
    u16: _mm256_cvtepu16_epi32 narrow_32 {
        #[inline(always)]
        fn mul_wide(self, a: __m256i, b: __m256i) -> [__m256i; 2] {
            intrinsic!(self, self.join_products(_mm256_mullo_epi16(a, b), _mm256_mulhi_epu16(a, b)))
        }
    }
    i16: _mm256_cvtepi16_epi32 narrow_32 {
        #[inline(always)]
        fn mul_wide(self, a: __m256i, b: __m256i) -> [__m256i; 2] {
            intrinsic!(self, self.join_products(_mm256_mullo_epi16(a, b), _mm256_mulhi_epi16(a, b)))
        }
    }
    u32: _mm256_cvtepu32_epi64 narrow_64 {
        #[inline(always)]
        fn mul_wide(self, a: __m256i, b: __m256i) -> [__m256i; 2] {
            let [odd_a, odd_b] = self.odd_to_even(a, b);
            intrinsic!(self, self.take_turns(_mm256_mul_epu32(a, b), _mm256_mul_epu32(odd_a, odd_b)))
        }
    }
    i32: _mm256_cvtepi32_epi64 narrow_64 {
        #[inline(always)]
        fn mul_wide(self, a: __m256i, b: __m256i) -> [__m256i; 2] {
            let [odd_a, odd_b] = self.odd_to_even(a, b);
            intrinsic!(self, self.take_turns(_mm256_mul_epi32(a, b), _mm256_mul_epi32(odd_a, odd_b)))
        }
    }
}

impl Avx2 {
    #[inline(always)]
    fn narrow_16(self, [a, b]: [__m256i; 2]) -> __m256i {
        self.in_order(intrinsic!(self, {
            let low = _mm256_set1_epi16(0xff);
            _mm256_packus_epi16(_mm256_and_si256(a, low), _mm256_and_si256(b, low))
        }))
    }

    #[inline(always)]
    fn narrow_32(self, [a, b]: [__m256i; 2]) -> __m256i {
        self.in_order(intrinsic!(self, {
            let zero = _mm256_setzero_si256();
            _mm256_packus_epi32(_mm256_blend_epi16::<0xaa>(a, zero), _mm256_blend_epi16::<0xaa>(b, zero))
        }))
    }

    #[inline(always)]
    fn narrow_64(self, a: [__m256i; 2]) -> __m256i {
        self.in_order(self.split_64(a)[0])
    }

    /// The low and the high 32 bits of the lanes of both, as a packing leaves them.
    #[inline(always)]
    fn split_64(self, [a, b]: [__m256i; 2]) -> [__m256i; 2] {
        intrinsic!(
            self,
            [from_ps(_mm256_shuffle_ps::<0x88>(ps(a), ps(b))), from_ps(_mm256_shuffle_ps::<0xdd>(ps(a), ps(b))),]
        )
    }

    /// 32-bit products from their 16-bit halves.
    #[inline(always)]
    fn join_products(self, lo: __m256i, hi: __m256i) -> [__m256i; 2] {
        self.interleave2_lanes::<u16>([lo, hi])
    }

    /// The odd 32-bit lanes in the place of the even ones.
    #[inline(always)]
    fn odd_to_even(self, a: __m256i, b: __m256i) -> [__m256i; 2] {
        intrinsic!(self, [_mm256_srli_epi64::<32>(a), _mm256_srli_epi64::<32>(b)])
    }

    /// 64-bit lanes 0 0 1 1 2 2 3 3 of both in turns.
    #[inline(always)]
    fn take_turns(self, even: __m256i, odd: __m256i) -> [__m256i; 2] {
        self.interleave2_lanes::<u64>([even, odd])
    }
}

impl Widening<f32> for Avx2 {
    #[inline(always)]
    fn widen(self, a: __m256i) -> [__m256i; 2] {
        let [lo, hi]: [__m128; 2] = bytemuck::cast(a);
        intrinsic!(self, [from_pd(_mm256_cvtps_pd(lo)), from_pd(_mm256_cvtps_pd(hi))])
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [__m256i; 2]) -> __m256i {
        intrinsic!(self, bytemuck::cast([_mm256_cvtpd_ps(pd(a)), _mm256_cvtpd_ps(pd(b))]))
    }
}

impl Widening<f16> for Avx2 {
    widen!(_mm256_cvtph_ps);

    #[inline(always)]
    fn narrow(self, [a, b]: [__m256i; 2]) -> __m256i {
        intrinsic!(self, {
            const EVEN: i32 = _MM_FROUND_TO_NEAREST_INT;
            join(_mm256_cvtps_ph::<EVEN>(ps(a)), _mm256_cvtps_ph::<EVEN>(ps(b)))
        })
    }
}

impl Widening<bf16> for Avx2 {
    #[inline(always)]
    fn widen(self, a: __m256i) -> [__m256i; 2] {
        let [lo, hi] = halves(a);
        intrinsic!(
            self,
            [_mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(lo)), _mm256_slli_epi32::<16>(_mm256_cvtepu16_epi32(hi)),]
        )
    }

    #[inline(always)]
    fn narrow(self, [a, b]: [__m256i; 2]) -> __m256i {
        let (a, b) = (self.round_to_bf16(a), self.round_to_bf16(b));
        self.in_order(intrinsic!(self, _mm256_packus_epi32(a, b)))
    }
}

impl Avx2 {
    /// f32 to bf16 in the low half of each lane, half to even.
    #[inline(always)]
    fn round_to_bf16(self, a: __m256i) -> __m256i {
        intrinsic!(self, {
            let odd = _mm256_and_si256(_mm256_srli_epi32::<16>(a), _mm256_set1_epi32(1));
            let half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
            let rounded = _mm256_add_epi32(a, half);
            // A NaN with its quiet bit set, lest what is cut off was all that made it one.
            let nan = _mm256_or_si256(a, _mm256_set1_epi32(1 << 22));
            let is_nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(ps(a), ps(a));
            _mm256_srli_epi32::<16>(from_ps(_mm256_blendv_ps(ps(rounded), ps(nan), is_nan)))
        })
    }
}

/// Clamping by the pack itself, after a minimum where that reads unsigned lanes as signed.
macro_rules! narrowing {
    ($($w:ty => $n:ty: $pack:ident $(($min:ident, $limit:expr))?;)*) => {$(
        impl Narrowing<$w, $n> for Avx2 {
            #[inline(always)]
            fn narrow_saturating(self, [a, b]: [__m256i; 2]) -> __m256i {
                self.in_order(intrinsic!(self, {
                    $(let (a, b) = ($min(a, $limit), $min(b, $limit));)?
                    $pack(a, b)
                }))
            }
        }
    )*};
}
narrowing! {
    u16 => u8: _mm256_packus_epi16 (_mm256_min_epu16, _mm256_set1_epi16(0xff));
    u16 => i8: _mm256_packus_epi16 (_mm256_min_epu16, _mm256_set1_epi16(0x7f));
    i16 => u8: _mm256_packus_epi16;
    i16 => i8: _mm256_packs_epi16;
    u32 => u16: _mm256_packus_epi32 (_mm256_min_epu32, _mm256_set1_epi32(0xffff));
    u32 => i16: _mm256_packus_epi32 (_mm256_min_epu32, _mm256_set1_epi32(0x7fff));
    i32 => u16: _mm256_packus_epi32;
    i32 => i16: _mm256_packs_epi32;
}

/// From 64 bits: an expression of the low and the high halves of the lanes.
macro_rules! narrowing_64 {
    ($($w:ty => $n:ty: |$low:ident, $high:ident| $e:expr;)*) => {$(
        impl Narrowing<$w, $n> for Avx2 {
            #[inline(always)]
            fn narrow_saturating(self, a: [__m256i; 2]) -> __m256i {
                let [$low, $high] = self.split_64(a);
                self.in_order(intrinsic!(self, $e))
            }
        }
    )*};
}
narrowing_64! {
    u64 => u32: |low, high| {
        let fits = _mm256_cmpeq_epi32(high, _mm256_setzero_si256());
        _mm256_or_si256(low, _mm256_xor_si256(fits, _mm256_set1_epi8(-1)))
    };
    u64 => i32: |low, high| {
        let fits = _mm256_cmpeq_epi32(high, _mm256_setzero_si256());
        let low = _mm256_or_si256(low, _mm256_xor_si256(fits, _mm256_set1_epi8(-1)));
        _mm256_min_epu32(low, _mm256_set1_epi32(i32::MAX))
    };
    i64 => u32: |low, high| {
        let above = _mm256_cmpgt_epi32(high, _mm256_setzero_si256());
        _mm256_andnot_si256(_mm256_srai_epi32::<31>(high), _mm256_or_si256(low, above))
    };
    i64 => i32: |low, high| {
        let fits = _mm256_cmpeq_epi32(high, _mm256_srai_epi32::<31>(low));
        let limit = _mm256_xor_si256(_mm256_srai_epi32::<31>(high), _mm256_set1_epi32(i32::MAX));
        _mm256_blendv_epi8(limit, low, fits)
    };
}
