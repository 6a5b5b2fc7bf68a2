//! Operations of a few elements only.

use super::arch::*;
use super::{Avx512, lanes};
use crate::isa::{Bytes, weights};

impl Bytes for Avx512 {
    methods! {
        average_round_u8(a, b) = _mm512_avg_epu8;
        average_round_u16(a, b) = _mm512_avg_epu16;
        mul_high_u16(a, b) = _mm512_mulhi_epu16;
        mul_high_i16(a, b) = _mm512_mulhi_epi16;
        dot_pairs(a, b) = _mm512_madd_epi16;
        dot_pairs_saturating(a, b) = _mm512_maddubs_epi16;
        dot_pairs_add(acc, a, b) = _mm512_dpwssd_epi32;
        dot_quads(acc, a, b) = _mm512_dpbusd_epi32;
        sum_abs_diff(a, b) = _mm512_sad_epu8;
    }

    #[inline(always)]
    fn mul_round_q15(self, a: __m512i, b: __m512i) -> __m512i {
        intrinsic!(self, {
            // Only MIN * MIN gives MIN, which has wrapped.
            let v = _mm512_mulhrs_epi16(a, b);
            let over = _mm512_cmpeq_epi16_mask(v, _mm512_set1_epi16(i16::MIN));
            _mm512_mask_blend_epi16(over, v, _mm512_set1_epi16(i16::MAX))
        })
    }

    #[inline(always)]
    fn lookup16(self, table: __m512i, idx: __m512i) -> __m512i {
        intrinsic!(self, _mm512_maskz_shuffle_epi8(_mm512_cmplt_epu8_mask(idx, _mm512_set1_epi8(16)), table, idx))
    }

    #[inline(always)]
    fn lookup256(self, table: &[u8; 256], idx: __m512i) -> __m512i {
        let [a, b, c, d]: [__m512i; 4] = bytemuck::cast(*table);
        intrinsic!(self, {
            // Each takes the low seven bits of an index; the eighth chooses.
            let (low, high) = (_mm512_permutex2var_epi8(a, idx, b), _mm512_permutex2var_epi8(c, idx, d));
            _mm512_mask_blend_epi8(_mm512_movepi8_mask(idx), low, high)
        })
    }

    #[inline(always)]
    fn three_to_four(self, v: [__m512i; 3]) -> [__m512i; 4] {
        let keep = 0x7777_7777_7777_7777;
        let [a, b, c, d] = self.apart(v);
        intrinsic!(
            self,
            [
                _mm512_maskz_mov_epi8(keep, a),
                _mm512_maskz_mov_epi8(keep, b),
                _mm512_maskz_mov_epi8(keep, c),
                _mm512_maskz_mov_epi8(keep, d),
            ]
        )
    }

    #[inline(always)]
    fn weighted_mean3<const A: i16, const B: i16, const C: i16>(self, v: [__m512i; 3]) -> __m512i {
        // A weight of 0 leaves out the fourth byte too.
        self.weighted_mean4::<A, B, C, 0>(self.apart(v))
    }

    #[inline(always)]
    fn weighted_mean4<const A: i16, const B: i16, const C: i16, const D: i16>(
        self,
        [a, b, c, d]: [__m512i; 4],
    ) -> __m512i {
        let low = lanes([[weights::low(A), weights::low(B), weights::low(C), weights::low(D)]; 16]);
        let high = lanes([[weights::high(A), weights::high(B), weights::high(C), weights::high(D)]; 16]);
        let (a, b) = (self.weigh_256th(a, low, high), self.weigh(b, low, high));
        let (c, d) = (self.weigh_256th(c, low, high), self.weigh(d, low, high));
        // Bits 7 to 14 of `a` become the highest byte, 15 to 22 of `b` the lowest.
        let order = lanes(const { table!(u8, 64; i => [3, 0, 67, 64][i / 16] + i % 16 * 4) });
        intrinsic!(self, {
            let (ab, cd) = (_mm512_shldi_epi32::<17>(a, b), _mm512_shldi_epi32::<17>(c, d));
            _mm512_permutex2var_epi8(ab, order, cd)
        })
    }

    #[inline(always)]
    fn u8_to_f32(self, a: __m512i) -> [__m512i; 4] {
        // The bytes of 32 bits come from one place each, and the upper three stay 0.
        let keep = 0x1111_1111_1111_1111;
        let (a, b, c, d) = (
            self.spread(a, const { table!(u8, 64; i => i / 4) }, keep),
            self.spread(a, const { table!(u8, 64; i => i / 4 + 16) }, keep),
            self.spread(a, const { table!(u8, 64; i => i / 4 + 32) }, keep),
            self.spread(a, const { table!(u8, 64; i => i / 4 + 48) }, keep),
        );
        bytemuck::cast(intrinsic!(
            self,
            [_mm512_cvtepi32_ps(a), _mm512_cvtepi32_ps(b), _mm512_cvtepi32_ps(c), _mm512_cvtepi32_ps(d)]
        ))
    }

    #[inline(always)]
    fn f32_to_u8(self, [a, b, c, d]: [__m512i; 4]) -> __m512i {
        self.narrow4_saturating_i32_u8([self.to_byte(a), self.to_byte(b), self.to_byte(c), self.to_byte(d)])
    }

    #[inline(always)]
    fn narrow4_u32(self, [a, b, c, d]: [__m512i; 4]) -> __m512i {
        let low = lanes(const { table!(u8, 64; i => 4 * i % 128) });
        intrinsic!(self, {
            let (ab, cd) = (_mm512_permutex2var_epi8(a, low, b), _mm512_permutex2var_epi8(c, low, d));
            _mm512_mask_blend_epi32(0xff00, ab, cd)
        })
    }

    #[inline(always)]
    fn narrow4_saturating_i32_u8(self, [a, b, c, d]: [__m512i; 4]) -> __m512i {
        // Packed within 16 bytes, of each register four bytes; then those put in order.
        let order = lanes(const { table!(u32, 16; i => i % 4 * 4 + i / 4) });
        intrinsic!(self, {
            let packed = _mm512_packus_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
            _mm512_permutexvar_epi32(order, packed)
        })
    }
}

impl Avx512 {
    /// Groups of three bytes to groups of four, in memory order; the fourth is any byte.
    #[inline(always)]
    fn apart(self, [a, b, c]: [__m512i; 3]) -> [__m512i; 4] {
        // What is needed of two registers stands at different places in them.
        let (ab, bc) = intrinsic!(self, (_mm512_mask_blend_epi64(0xc0, b, a), _mm512_mask_blend_epi64(0xf0, c, b)));
        [
            self.spread(a, const { table!(u8, 64; i => i / 4 * 3 + i % 4) }, !0),
            self.spread(ab, const { table!(u8, 64; i => (48 + i / 4 * 3 + i % 4) % 64) }, !0),
            self.spread(bc, const { table!(u8, 64; i => (32 + i / 4 * 3 + i % 4) % 64) }, !0),
            self.spread(c, const { table!(u8, 64; i => (16 + i / 4 * 3 + i % 4) % 64) }, !0),
        ]
    }

    /// i32 lane `i`: 2^14, plus the sum of four bytes times 256 `high` + `low`.
    #[inline(always)]
    fn weigh(self, v: __m512i, low: __m512i, high: __m512i) -> __m512i {
        intrinsic!(self, {
            let sum = _mm512_dpbusd_epi32(_mm512_set1_epi32(1 << 6), v, high);
            _mm512_dpbusd_epi32(_mm512_slli_epi32::<8>(sum), v, low)
        })
    }

    /// The same divided by 256, rounded down.
    #[inline(always)]
    fn weigh_256th(self, v: __m512i, low: __m512i, high: __m512i) -> __m512i {
        intrinsic!(self, {
            let sum = _mm512_dpbusd_epi32(_mm512_set1_epi32(1 << 14), v, low);
            _mm512_dpbusd_epi32(_mm512_srai_epi32::<8>(sum), v, high)
        })
    }

    /// f32 half to even to an i32 that clamps to the right byte: NaN and what is below every i32 become `i32::MIN`.
    #[inline(always)]
    fn to_byte(self, a: __m512i) -> __m512i {
        // Of 255 and NaN, min gives the second.
        intrinsic!(self, _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(255.0), bytemuck::cast(a))))
    }
}
