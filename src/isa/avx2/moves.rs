//! Moving bytes across the whole register: slides, permutations, compression.

use super::table::{BYTE_OF_HALF, ONES_NIBBLES, Table};
use super::*;
use crate::isa::x86::PLACES;

/// Added to an index of 16 or more, or to a negative one with saturation, it sets the top bit: the shuffle gives 0.
const OUT_OF_HALF: i8 = 0x70;

impl Avx2 {
    /// The high half of `a`, the low half of `b`.
    #[inline(always)]
    fn middle(self, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(self, _mm256_permute2x128_si256::<0x21>(a, b))
    }

    /// Bytes `n..n + 32` of `a` followed by `b`; `n` at most 32.
    #[inline(always)]
    pub(super) fn slide_bytes(self, a: __m256i, b: __m256i, n: usize) -> __m256i {
        let middle = self.middle(a, b);
        let (lo, hi) = match n {
            0..16 => (a, middle),
            16..32 => (middle, b),
            _ => return b,
        };
        intrinsic!(self, {
            let idx = _mm256_add_epi8(bytes(BYTE_OF_HALF), _mm256_set1_epi8((n % 16) as i8));
            let lo = _mm256_shuffle_epi8(lo, _mm256_add_epi8(idx, _mm256_set1_epi8(OUT_OF_HALF)));
            _mm256_or_si256(lo, _mm256_shuffle_epi8(hi, _mm256_sub_epi8(idx, _mm256_set1_epi8(16))))
        })
    }

    /// [`Avx2::slide_bytes`] by a number that is known when compiled.
    #[inline(always)]
    pub(super) fn slide_bytes_const(self, a: __m256i, b: __m256i, n: usize) -> __m256i {
        macro_rules! align {
            ($hi:expr, $lo:expr; $($n:literal)*) => {
                match n % 16 {
                    $($n => intrinsic!(self, _mm256_alignr_epi8::<$n>($hi, $lo)),)*
                    _ => $lo,
                }
            };
        }
        let middle = self.middle(a, b);
        let (lo, hi) = match n {
            0..16 => (a, middle),
            16..32 => (middle, b),
            _ => return b,
        };
        align!(hi, lo; 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    }

    /// Byte `i` is `a[idx[i]]`; an index from 32 on gives 0.
    #[inline(always)]
    pub(super) fn permute_bytes(self, a: __m256i, idx: __m256i) -> __m256i {
        intrinsic!(self, {
            let (lo, hi) = (_mm256_permute4x64_epi64::<0x44>(a), _mm256_permute4x64_epi64::<0xee>(a));
            let limit = _mm256_set1_epi8(OUT_OF_HALF);
            let in_hi = _mm256_sub_epi8(idx, _mm256_set1_epi8(16));
            _mm256_or_si256(
                _mm256_shuffle_epi8(lo, _mm256_adds_epu8(idx, limit)),
                _mm256_shuffle_epi8(hi, _mm256_adds_epu8(in_hi, limit)),
            )
        })
    }

    /// 16-bit lane `i` is `a[idx[i]]`; an index from 16 on gives 0.
    #[inline(always)]
    pub(super) fn permute_16(self, a: __m256i, idx: __m256i) -> __m256i {
        let idx = intrinsic!(self, {
            let idx = _mm256_min_epu16(idx, _mm256_set1_epi16(16));
            // Bytes 2i and 2i + 1.
            _mm256_add_epi16(_mm256_mullo_epi16(idx, _mm256_set1_epi16(0x0202)), _mm256_set1_epi16(0x0100))
        });
        self.permute_bytes(a, idx)
    }

    /// 32-bit lane `i` is `a[idx[i]]`; an index from 8 on gives 0.
    #[inline(always)]
    pub(super) fn permute_32(self, a: __m256i, idx: __m256i) -> __m256i {
        intrinsic!(self, {
            let inside = _mm256_cmpeq_epi32(_mm256_srli_epi32::<3>(idx), _mm256_setzero_si256());
            _mm256_and_si256(inside, _mm256_permutevar8x32_epi32(a, idx))
        })
    }

    /// 64-bit lane `i` is `a[idx[i]]`; an index from 4 on gives 0.
    #[inline(always)]
    pub(super) fn permute_64(self, a: __m256i, idx: __m256i) -> __m256i {
        intrinsic!(self, {
            let inside = _mm256_cmpeq_epi64(_mm256_srli_epi64::<2>(idx), _mm256_setzero_si256());
            let low = _mm256_shuffle_epi32::<0xa0>(idx);
            let pairs = _mm256_add_epi32(_mm256_add_epi32(low, low), _mm256_set1_epi64x(1 << 32));
            _mm256_and_si256(inside, _mm256_permutevar8x32_epi32(a, pairs))
        })
    }

    /// The bytes that the mask sets to the front, the rest 0. A mask of 16-bit lanes moves both bytes of each.
    #[inline(always)]
    pub(super) fn compress_bytes(self, m: __m256i, a: __m256i) -> __m256i {
        intrinsic!(self, {
            let bits = _mm256_movemask_epi8(m) as u32;
            let group = bits.to_le_bytes();
            let places = [
                PLACES[usize::from(group[0])],
                PLACES[usize::from(group[1])],
                PLACES[usize::from(group[2])],
                PLACES[usize::from(group[3])],
            ];
            // Within each eight bytes.
            let places = _mm256_or_si256(bytemuck::cast(places), _mm256_setr_epi64x(0, HIGH, 0, HIGH));
            let a = _mm256_shuffle_epi8(a, places);

            // The second eight of each half behind the `n` of the first.
            let n = join(_mm_set1_epi8(group[0].count_ones() as i8), _mm_set1_epi8(group[2].count_ones() as i8));
            let iota = bytes(BYTE_OF_HALF);
            let skip = _mm256_andnot_si256(_mm256_cmpgt_epi8(n, iota), _mm256_sub_epi8(_mm256_set1_epi8(8), n));
            let idx = _mm256_add_epi8(_mm256_add_epi8(iota, skip), _mm256_set1_epi8(OUT_OF_HALF));
            let a = _mm256_shuffle_epi8(a, idx);

            // The second half behind the `n` of the first.
            let n = _mm256_set1_epi8((bits & 0xffff).count_ones() as i8);
            let idx = _mm256_sub_epi8(bytes(Table::<u8>::IOTA), n);
            let idx = _mm256_adds_epu8(idx, _mm256_set1_epi8(OUT_OF_HALF));
            let hi = _mm256_shuffle_epi8(_mm256_permute4x64_epi64::<0xee>(a), idx);
            let lo = _mm256_permute2x128_si256::<0x80>(a, a);
            _mm256_or_si256(lo, hi)
        })
    }

    /// The 32-bit lanes that the mask sets to the front, the rest 0. A mask of 64-bit lanes moves both halves of each.
    #[inline(always)]
    pub(super) fn compress_32(self, m: __m256i, a: __m256i) -> __m256i {
        intrinsic!(self, {
            let places = ONES_NIBBLES[_mm256_movemask_ps(ps(m)) as usize & 255];
            let shifts = _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28);
            // The permutation reads three bits of each index, the fourth says that there is none.
            let idx = _mm256_srlv_epi32(_mm256_set1_epi32(places as i32), shifts);
            let none = _mm256_srai_epi32::<31>(_mm256_slli_epi32::<28>(idx));
            _mm256_andnot_si256(none, _mm256_permutevar8x32_epi32(a, idx))
        })
    }
}

/// Eight bytes on, in each index.
const HIGH: i64 = 0x0808_0808_0808_0808;
