//! Counting and reversing the bits of lanes: tables of 16 entries for the halves of each byte.

use super::interleave::by_width;
use super::table::Table;
use super::*;

impl Avx2 {
    /// `table[v]` for each half `v` of each byte: the low halves, and the high ones.
    #[inline(always)]
    fn lookup_nibbles(self, a: __m256i, table: [u8; 16]) -> [__m256i; 2] {
        intrinsic!(self, {
            let table = _mm256_broadcastsi128_si256(bytemuck::cast(table));
            let low = _mm256_set1_epi8(15);
            let high = _mm256_and_si256(_mm256_srli_epi16::<4>(a), low);
            [_mm256_shuffle_epi8(table, _mm256_and_si256(a, low)), _mm256_shuffle_epi8(table, high)]
        })
    }

    #[inline(always)]
    pub(super) fn popcount_lanes<B>(self, a: __m256i) -> __m256i {
        let [low, high] = self.lookup_nibbles(a, [0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4]);
        by_width!(self, B;
            _mm256_add_epi8(low, high),
            _mm256_maddubs_epi16(_mm256_add_epi8(low, high), _mm256_set1_epi8(1)),
            _mm256_madd_epi16(
                _mm256_maddubs_epi16(_mm256_add_epi8(low, high), _mm256_set1_epi8(1)),
                _mm256_set1_epi16(1),
            ),
            _mm256_sad_epu8(_mm256_add_epi8(low, high), _mm256_setzero_si256()),
        )
    }

    #[inline(always)]
    pub(super) fn leading_zeros_lanes<B>(self, a: __m256i) -> __m256i {
        match size_of::<B>() {
            1 => self.leading_zeros_8(a),
            2 => intrinsic!(self, {
                let zeros = self.leading_zeros_8(a);
                let high = _mm256_srli_epi16::<8>(zeros);
                let low = _mm256_and_si256(zeros, _mm256_cmpeq_epi16(high, _mm256_set1_epi16(8)));
                _mm256_add_epi16(high, _mm256_and_si256(low, _mm256_set1_epi16(0xff)))
            }),
            4 => self.leading_zeros_32(a),
            _ => intrinsic!(self, {
                let zeros = self.leading_zeros_32(a);
                let high = _mm256_srli_epi64::<32>(zeros);
                // The comparison is false in the upper half of the lane, where `high` is 0.
                let low = _mm256_and_si256(zeros, _mm256_cmpeq_epi32(high, _mm256_set1_epi32(32)));
                _mm256_add_epi32(high, low)
            }),
        }
    }

    #[inline(always)]
    fn leading_zeros_8(self, a: __m256i) -> __m256i {
        let [low, high] = self.lookup_nibbles(a, [4, 3, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        intrinsic!(self, {
            let empty = _mm256_cmpeq_epi8(high, _mm256_set1_epi8(4));
            _mm256_add_epi8(high, _mm256_and_si256(low, empty))
        })
    }

    /// From the exponent of the lane as a float.
    #[inline(always)]
    fn leading_zeros_32(self, a: __m256i) -> __m256i {
        intrinsic!(self, {
            // Without the ones that follow another one: so rounding cannot reach the next power of two.
            let a = _mm256_andnot_si256(_mm256_srli_epi32::<1>(a), a);
            let exponent = _mm256_srli_epi32::<23>(from_ps(_mm256_cvtepi32_ps(a)));
            // A negative lane has the sign at 256, which the saturation turns into 0.
            let zeros = _mm256_subs_epu16(_mm256_set1_epi32(158), exponent);
            _mm256_min_epi16(zeros, _mm256_set1_epi32(32))
        })
    }

    /// The ones of `!a & (a - 1)`.
    #[inline(always)]
    pub(super) fn trailing_zeros_lanes<B>(self, a: __m256i) -> __m256i {
        let ones = intrinsic!(self, _mm256_set1_epi8(-1));
        let less = by_width!(self, B;
            _mm256_add_epi8(a, ones), _mm256_add_epi16(a, ones), _mm256_add_epi32(a, ones), _mm256_add_epi64(a, ones));
        self.popcount_lanes::<B>(self.and_not(less, a))
    }

    #[inline(always)]
    pub(super) fn reverse_bits_lanes<B>(self, a: __m256i) -> __m256i {
        let [low, high] = self.lookup_nibbles(a, [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]);
        intrinsic!(self, {
            let reversed = _mm256_or_si256(_mm256_slli_epi16::<4>(low), high);
            _mm256_shuffle_epi8(reversed, bytes(Table::<B>::SWAP_BYTES))
        })
    }
}
