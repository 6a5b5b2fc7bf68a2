//! Lanes of 32 and 64 bits: see [`super::width`].

use super::arch::*;
use super::width::width;
use super::{Sse42, bits, intrinsic, lanes, shuffle};
use crate::isa::{Arith, Registers, Width, x86};

width!(u32 = 4 {
    #[inline(always)]
    fn mask_from_bits(self, bits: u64) -> __m128i {
        let own = lanes([1u32, 2, 4, 8]);
        intrinsic!(self, _mm_cmpeq_epi32(_mm_and_si128(_mm_set1_epi32(bits as i32), own), own))
    }

    #[inline(always)]
    fn mask_to_bits(self, m: __m128i) -> u64 {
        intrinsic!(self, _mm_movemask_ps(_mm_castsi128_ps(m))) as u64
    }

    #[inline(always)]
    fn mask_first_n(self, n: usize) -> __m128i {
        intrinsic!(self, _mm_cmpgt_epi32(_mm_set1_epi32(n.min(4) as i32), lanes([0u32, 1, 2, 3])))
    }

    #[inline(always)]
    fn splat_bits(self, v: u32) -> __m128i {
        intrinsic!(self, _mm_set1_epi32(v as i32))
    }

    #[inline(always)]
    fn permute(self, a: __m128i, idx: __m128i) -> __m128i {
        // Index i becomes the bytes 4i to 4i + 3, plus 0x70: from 16 on that sets the bit which gives 0.
        intrinsic!(self, {
            let index = _mm_min_epu32(idx, lanes([4u32; 4]));
            let copies = _mm_shuffle_epi8(index, lanes([0u32, 0x0404_0404, 0x0808_0808, 0x0c0c_0c0c]));
            _mm_shuffle_epi8(a, _mm_add_epi8(_mm_slli_epi16::<2>(copies), lanes([0x7372_7170u32; 4])))
        })
    }

    #[inline(always)]
    fn reverse(self, a: __m128i) -> __m128i {
        intrinsic!(self, _mm_shuffle_epi32::<0b00_01_10_11>(a))
    }

    #[inline(always)]
    fn interleave2(self, [a, b]: [__m128i; 2]) -> [__m128i; 2] {
        intrinsic!(self, [_mm_unpacklo_epi32(a, b), _mm_unpackhi_epi32(a, b)])
    }

    #[inline(always)]
    fn interleave4(self, [a, b, c, d]: [__m128i; 4]) -> [__m128i; 4] {
        let [ab, ab_high] = Width::<u32>::interleave2(self, [a, b]);
        let [cd, cd_high] = Width::<u32>::interleave2(self, [c, d]);
        let [low, high] = [[ab, cd], [ab_high, cd_high]];
        let ([r0, r1], [r2, r3]) = (Width::<u64>::interleave2(self, low), Width::<u64>::interleave2(self, high));
        [r0, r1, r2, r3]
    }

    #[inline(always)]
    fn deinterleave2(self, [a, b]: [__m128i; 2]) -> [__m128i; 2] {
        intrinsic!(self, {
            let (a, b) = (_mm_castsi128_ps(a), _mm_castsi128_ps(b));
            [
                _mm_castps_si128(_mm_shuffle_ps::<0b10_00_10_00>(a, b)),
                _mm_castps_si128(_mm_shuffle_ps::<0b11_01_11_01>(a, b)),
            ]
        })
    }

    #[inline(always)]
    fn deinterleave4(self, v: [__m128i; 4]) -> [__m128i; 4] {
        shuffle::deinterleave4_words(self, v)
    }

    #[inline(always)]
    fn compress(self, m: __m128i, a: __m128i) -> __m128i {
        shuffle::compress_words(self, Width::<u32>::mask_to_bits(self, m) as usize, a)
    }

    #[inline(always)]
    fn popcount(self, a: __m128i) -> __m128i {
        let pairs = Width::<u16>::popcount(self, a);
        intrinsic!(self, _mm_madd_epi16(pairs, lanes([1u16; 8])))
    }

    #[inline(always)]
    fn leading_zeros(self, a: __m128i) -> __m128i {
        bits::leading_zeros_32(self, a)
    }

    #[inline(always)]
    fn reverse_bits(self, a: __m128i) -> __m128i {
        let swapped = intrinsic!(self, _mm_shuffle_epi8(a, lanes(0x0c0d_0e0f_0809_0a0b_0405_0607_0001_0203u128)));
        bits::reverse_in_bytes(self, swapped)
    }

    #[inline(always)]
    fn eq_bits(self, a: __m128i, b: __m128i) -> __m128i {
        intrinsic!(self, _mm_cmpeq_epi32(a, b))
    }
});

width!(u64 = 8 {
    #[inline(always)]
    fn mask_from_bits(self, bits: u64) -> __m128i {
        let own = lanes([1u64, 2]);
        intrinsic!(self, _mm_cmpeq_epi64(_mm_and_si128(_mm_set1_epi32(bits as i32), own), own))
    }

    #[inline(always)]
    fn mask_to_bits(self, m: __m128i) -> u64 {
        intrinsic!(self, _mm_movemask_pd(_mm_castsi128_pd(m))) as u64
    }

    #[inline(always)]
    fn mask_first_n(self, n: usize) -> __m128i {
        // In 32-bit halves that give the same answer: comparing those is cheaper.
        intrinsic!(self, _mm_cmpgt_epi32(_mm_set1_epi32(n.min(2) as i32), lanes([0u32, 0, 1, 1])))
    }

    #[inline(always)]
    fn splat_bits(self, v: u64) -> __m128i {
        intrinsic!(self, _mm_set1_epi64x(v as i64))
    }

    #[inline(always)]
    fn permute(self, a: __m128i, idx: __m128i) -> __m128i {
        intrinsic!(self, {
            let (low, high) = (_mm_castsi128_pd(_mm_unpacklo_epi64(a, a)), _mm_castsi128_pd(_mm_unpackhi_epi64(a, a)));
            let picked = _mm_blendv_pd(low, high, _mm_castsi128_pd(_mm_slli_epi64::<63>(idx)));
            let in_range = _mm_cmpeq_epi64(_mm_srli_epi64::<1>(idx), _mm_setzero_si128());
            _mm_and_si128(_mm_castpd_si128(picked), in_range)
        })
    }

    #[inline(always)]
    fn reverse(self, a: __m128i) -> __m128i {
        intrinsic!(self, _mm_shuffle_epi32::<0b01_00_11_10>(a))
    }

    #[inline(always)]
    fn interleave2(self, [a, b]: [__m128i; 2]) -> [__m128i; 2] {
        intrinsic!(self, [_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b)])
    }

    #[inline(always)]
    fn interleave4(self, [a, b, c, d]: [__m128i; 4]) -> [__m128i; 4] {
        let [ab, ab_high] = Width::<u64>::interleave2(self, [a, b]);
        let [cd, cd_high] = Width::<u64>::interleave2(self, [c, d]);
        [ab, cd, ab_high, cd_high]
    }

    #[inline(always)]
    fn deinterleave2(self, v: [__m128i; 2]) -> [__m128i; 2] {
        Width::<u64>::interleave2(self, v)
    }

    #[inline(always)]
    fn deinterleave4(self, [ab, cd, ab_high, cd_high]: [__m128i; 4]) -> [__m128i; 4] {
        let [a, b] = Width::<u64>::interleave2(self, [ab, ab_high]);
        let [c, d] = Width::<u64>::interleave2(self, [cd, cd_high]);
        [a, b, c, d]
    }

    #[inline(always)]
    fn compress(self, m: __m128i, a: __m128i) -> __m128i {
        // As pairs of words.
        shuffle::compress_words(self, Width::<u32>::mask_to_bits(self, m) as usize, a)
    }

    #[inline(always)]
    fn popcount(self, a: __m128i) -> __m128i {
        intrinsic!(self, _mm_sad_epu8(bits::popcount(self, a), _mm_setzero_si128()))
    }

    #[inline(always)]
    fn leading_zeros(self, a: __m128i) -> __m128i {
        bits::leading_zeros_64(self, a)
    }

    #[inline(always)]
    fn reverse_bits(self, a: __m128i) -> __m128i {
        let swapped = intrinsic!(self, _mm_shuffle_epi8(a, lanes(0x0809_0a0b_0c0d_0e0f_0001_0203_0405_0607u128)));
        bits::reverse_in_bytes(self, swapped)
    }

    #[inline(always)]
    fn eq_bits(self, a: __m128i, b: __m128i) -> __m128i {
        intrinsic!(self, _mm_cmpeq_epi64(a, b))
    }
});
