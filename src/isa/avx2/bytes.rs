//! Operations of a few elements: look-ups, products, bytes and floats.

use super::*;
use crate::isa::Bytes;

impl Bytes for Avx2 {
    binary!(
        average_round_u8 = _mm256_avg_epu8,
        average_round_u16 = _mm256_avg_epu16,
        mul_high_u16 = _mm256_mulhi_epu16,
        mul_high_i16 = _mm256_mulhi_epi16,
        dot_pairs = _mm256_madd_epi16,
        dot_pairs_saturating = _mm256_maddubs_epi16,
        sum_abs_diff = _mm256_sad_epu8,
    );

    #[inline(always)]
    fn mul_round_q15(self, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(self, {
            let product = _mm256_mulhrs_epi16(a, b);
            // Only `MIN * MIN` gives `MIN`.
            _mm256_xor_si256(product, _mm256_cmpeq_epi16(product, _mm256_set1_epi16(i16::MIN)))
        })
    }

    /// In two parts, the low seven bits of `a` and the highest one: so no sum of two products leaves 16 bits.
    #[inline(always)]
    fn dot_quads(self, acc: __m256i, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(self, {
            let (top, one) = (_mm256_set1_epi8(i8::MIN), _mm256_set1_epi16(1));
            let low = _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_andnot_si256(top, a), b), one);
            let high = _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_and_si256(top, a), b), one);
            _mm256_add_epi32(acc, _mm256_add_epi32(low, high))
        })
    }

    #[inline(always)]
    fn lookup16(self, table: __m256i, idx: __m256i) -> __m256i {
        // From 16 on the sum has its top bit set, and the shuffle gives 0.
        intrinsic!(self, _mm256_shuffle_epi8(table, _mm256_adds_epu8(idx, _mm256_set1_epi8(0x70))))
    }

    /// Sixteen shuffles, each of 16 entries. A shuffle gives 0 where its index is negative, that is below its entries;
    /// above them it gives one all the same, so each block of entries holds the difference to the one before it.
    #[inline(always)]
    fn lookup256(self, table: &[u8; 256], idx: __m256i) -> __m256i {
        let (blocks, _) = table.as_chunks::<16>();
        let mut out = self.zero();
        // Indices from 128 on are negative in the first half; in the second one those below are.
        for (start, mut idx) in [(0, idx), (8, intrinsic!(self, _mm256_xor_si256(idx, _mm256_set1_epi8(-128))))] {
            let mut before = self.zero();
            for block in &blocks[start..start + 8] {
                intrinsic!(self, {
                    let block = _mm256_broadcastsi128_si256(bytemuck::cast(*block));
                    let found = _mm256_shuffle_epi8(_mm256_xor_si256(block, before), idx);
                    out = _mm256_xor_si256(out, found);
                    idx = _mm256_subs_epi8(idx, _mm256_set1_epi8(16));
                    before = block;
                });
            }
        }
        out
    }

    /// Twelve bytes to each half by words of four, then spread within the halves.
    #[inline(always)]
    fn three_to_four(self, [a, b, c]: [__m256i; 3]) -> [__m256i; 4] {
        intrinsic!(self, {
            let spread =
                _mm256_broadcastsi128_si256(bytemuck::cast([0i8, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1]));
            let words = [
                _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 1, 2, 0, 3, 4, 5, 0)),
                _mm256_permutevar8x32_epi32(
                    _mm256_blend_epi32::<0b0000_1111>(a, b),
                    _mm256_setr_epi32(6, 7, 0, 0, 1, 2, 3, 0),
                ),
                _mm256_permutevar8x32_epi32(
                    _mm256_blend_epi32::<0b0000_1111>(b, c),
                    _mm256_setr_epi32(4, 5, 6, 0, 7, 0, 1, 0),
                ),
                _mm256_permutevar8x32_epi32(c, _mm256_setr_epi32(2, 3, 4, 0, 5, 6, 7, 0)),
            ];
            [
                _mm256_shuffle_epi8(words[0], spread),
                _mm256_shuffle_epi8(words[1], spread),
                _mm256_shuffle_epi8(words[2], spread),
                _mm256_shuffle_epi8(words[3], spread),
            ]
        })
    }

    #[inline(always)]
    fn u8_to_f32(self, a: __m256i) -> [__m256i; 4] {
        let [a, c] = halves(a);
        intrinsic!(self, {
            let (b, d) = (_mm_srli_si128::<8>(a), _mm_srli_si128::<8>(c));
            [
                from_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(a))),
                from_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(b))),
                from_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(c))),
                from_ps(_mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(d))),
            ]
        })
    }

    #[inline(always)]
    fn f32_to_u8(self, [a, b, c, d]: [__m256i; 4]) -> __m256i {
        let ints = intrinsic!(self, {
            // NaN gives the second operand, so it stays NaN; that and what is far below 0 convert to `i32::MIN`, and
            // the packing makes 0 of it.
            let top = _mm256_set1_ps(255.0);
            [
                _mm256_cvtps_epi32(_mm256_min_ps(top, ps(a))),
                _mm256_cvtps_epi32(_mm256_min_ps(top, ps(b))),
                _mm256_cvtps_epi32(_mm256_min_ps(top, ps(c))),
                _mm256_cvtps_epi32(_mm256_min_ps(top, ps(d))),
            ]
        });
        self.narrow4_saturating_i32_u8(ints)
    }

    #[inline(always)]
    fn narrow4_u32(self, [a, b, c, d]: [__m256i; 4]) -> __m256i {
        let low = intrinsic!(self, _mm256_set1_epi32(0xff));
        self.narrow4_saturating_i32_u8([self.and(a, low), self.and(b, low), self.and(c, low), self.and(d, low)])
    }

    #[inline(always)]
    fn narrow4_saturating_i32_u8(self, [a, b, c, d]: [__m256i; 4]) -> __m256i {
        intrinsic!(self, {
            let packed = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
            // Two packings within halves: the first half has the first four lanes of each register.
            _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7))
        })
    }
}
