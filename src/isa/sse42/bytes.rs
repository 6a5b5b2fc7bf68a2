//! Look-ups of bytes, fixed-point and dot products, and bytes to and from floats.

use super::arch::*;
use super::{Sse42, intrinsic, lanes, methods, shuffle};
use crate::isa::Bytes;

impl Bytes for Sse42 {
    methods! {
        average_round_u8(a, b) = _mm_avg_epu8;
        average_round_u16(a, b) = _mm_avg_epu16;
        mul_high_u16(a, b) = _mm_mulhi_epu16;
        mul_high_i16(a, b) = _mm_mulhi_epi16;
        dot_pairs(a, b) = _mm_madd_epi16;
        dot_pairs_saturating(a, b) = _mm_maddubs_epi16;
        sum_abs_diff(a, b) = _mm_sad_epu8;
    }

    #[inline(always)]
    fn mul_round_q15(self, a: __m128i, b: __m128i) -> __m128i {
        intrinsic!(self, {
            let product = _mm_mulhrs_epi16(a, b);
            // Only MIN * MIN gives MIN.
            _mm_xor_si128(product, _mm_cmpeq_epi16(product, lanes([i16::MIN; 8])))
        })
    }

    #[inline(always)]
    fn dot_quads(self, acc: __m128i, a: __m128i, b: __m128i) -> __m128i {
        // The even and the odd bytes as 16 bits: `pmaddubsw` would saturate the sum of two products.
        intrinsic!(self, {
            let (a_even, a_odd) = (_mm_and_si128(a, lanes([0xffu16; 8])), _mm_srli_epi16::<8>(a));
            let (b_even, b_odd) = (_mm_srai_epi16::<8>(_mm_slli_epi16::<8>(b)), _mm_srai_epi16::<8>(b));
            let products = _mm_add_epi32(_mm_madd_epi16(a_even, b_even), _mm_madd_epi16(a_odd, b_odd));
            _mm_add_epi32(acc, products)
        })
    }

    #[inline(always)]
    fn lookup16(self, table: __m128i, idx: __m128i) -> __m128i {
        shuffle::permute_bytes(self, table, idx)
    }

    #[inline(always)]
    fn lookup256(self, table: &[u8; 256], idx: __m128i) -> __m128i {
        // The low nibble picks a byte of each of the sixteen rows, the bits of the high one pick between the rows.
        intrinsic!(self, {
            let low = _mm_and_si128(idx, lanes([15u8; 16]));
            let (bit4, bit5, bit6) = (_mm_slli_epi16::<3>(idx), _mm_slli_epi16::<2>(idx), _mm_slli_epi16::<1>(idx));
            let mut quarters = [low; 4];
            for (quarter, rows) in quarters.iter_mut().zip(table.as_chunks::<64>().0) {
                let [r0, r1, r2, r3]: [__m128i; 4] = bytemuck::cast(*rows);
                let first = _mm_blendv_epi8(_mm_shuffle_epi8(r0, low), _mm_shuffle_epi8(r1, low), bit4);
                let second = _mm_blendv_epi8(_mm_shuffle_epi8(r2, low), _mm_shuffle_epi8(r3, low), bit4);
                *quarter = _mm_blendv_epi8(first, second, bit5);
            }
            let [q0, q1, q2, q3] = quarters;
            _mm_blendv_epi8(_mm_blendv_epi8(q0, q1, bit6), _mm_blendv_epi8(q2, q3, bit6), idx)
        })
    }

    #[inline(always)]
    fn three_to_four(self, [a, b, c]: [__m128i; 3]) -> [__m128i; 4] {
        intrinsic!(self, {
            let spread = lanes([0i8, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1]);
            [
                _mm_shuffle_epi8(a, spread),
                _mm_shuffle_epi8(_mm_alignr_epi8::<12>(b, a), spread),
                _mm_shuffle_epi8(_mm_alignr_epi8::<8>(c, b), spread),
                _mm_shuffle_epi8(_mm_srli_si128::<4>(c), spread),
            ]
        })
    }

    #[inline(always)]
    fn u8_to_f32(self, a: __m128i) -> [__m128i; 4] {
        intrinsic!(self, {
            let words = [
                _mm_cvtepu8_epi32(a),
                _mm_cvtepu8_epi32(_mm_srli_si128::<4>(a)),
                _mm_cvtepu8_epi32(_mm_srli_si128::<8>(a)),
                _mm_cvtepu8_epi32(_mm_srli_si128::<12>(a)),
            ];
            [
                _mm_castps_si128(_mm_cvtepi32_ps(words[0])),
                _mm_castps_si128(_mm_cvtepi32_ps(words[1])),
                _mm_castps_si128(_mm_cvtepi32_ps(words[2])),
                _mm_castps_si128(_mm_cvtepi32_ps(words[3])),
            ]
        })
    }

    #[inline(always)]
    fn f32_to_u8(self, [a, b, c, d]: [__m128i; 4]) -> __m128i {
        let words =
            [round_below_256(self, a), round_below_256(self, b), round_below_256(self, c), round_below_256(self, d)];
        self.narrow4_saturating_i32_u8(words)
    }

    #[inline(always)]
    fn narrow4_u32(self, [a, b, c, d]: [__m128i; 4]) -> __m128i {
        let low = lanes([0xffu32; 4]);
        intrinsic!(self, {
            let ab = _mm_packus_epi32(_mm_and_si128(a, low), _mm_and_si128(b, low));
            let cd = _mm_packus_epi32(_mm_and_si128(c, low), _mm_and_si128(d, low));
            _mm_packus_epi16(ab, cd)
        })
    }

    #[inline(always)]
    fn narrow4_saturating_i32_u8(self, [a, b, c, d]: [__m128i; 4]) -> __m128i {
        intrinsic!(self, _mm_packus_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d)))
    }
}

/// Each f32 rounded half to even; at least 0, which NaN gives too, and at most 255.
#[inline(always)]
fn round_below_256(sse: Sse42, a: __m128i) -> __m128i {
    intrinsic!(sse, {
        // The instruction gives its second operand for NaN.
        let number = _mm_max_ps(_mm_castsi128_ps(a), _mm_setzero_ps());
        _mm_cvtps_epi32(_mm_min_ps(number, _mm_castsi128_ps(lanes([255.0f32; 4]))))
    })
}
