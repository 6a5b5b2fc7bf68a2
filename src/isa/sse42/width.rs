//! Masks, partial loads and stores, and moving lanes: what the widths share, and lanes of 8 and 16 bits.

use super::arch::*;
use super::{Sse42, bits, intrinsic, lanes, shuffle};
use crate::isa::{Arith, Registers, Width, x86};

/// What is the same for every width, or differs by the number of bytes in a lane only.
macro_rules! width {
    ($b:ty = $size:literal { $($own:tt)* }) => {
        impl Width<$b> for Sse42 {
            $($own)*

            #[inline(always)]
            fn mask_and(self, a: __m128i, b: __m128i) -> __m128i {
                self.and(a, b)
            }

            #[inline(always)]
            fn mask_or(self, a: __m128i, b: __m128i) -> __m128i {
                self.or(a, b)
            }

            #[inline(always)]
            fn mask_xor(self, a: __m128i, b: __m128i) -> __m128i {
                self.xor(a, b)
            }

            #[inline(always)]
            fn mask_not(self, a: __m128i) -> __m128i {
                self.not(a)
            }

            #[inline(always)]
            fn mask_any(self, m: __m128i) -> bool {
                intrinsic!(self, _mm_movemask_epi8(m)) != 0
            }

            #[inline(always)]
            fn mask_all(self, m: __m128i) -> bool {
                intrinsic!(self, _mm_movemask_epi8(m)) == 0xffff
            }

            #[inline(always)]
            fn select(self, m: __m128i, a: __m128i, b: __m128i) -> __m128i {
                intrinsic!(self, _mm_blendv_epi8(b, a, m))
            }

            #[inline(always)]
            fn load_partial(self, src: &[$b]) -> __m128i {
                x86::load_partial(bytemuck::cast_slice(src))
            }

            #[inline(always)]
            fn store_partial(self, a: __m128i, dst: &mut [$b]) {
                x86::store_partial(a, bytemuck::cast_slice_mut(dst));
            }

            #[inline(always)]
            fn masked_store(self, m: __m128i, a: __m128i, dst: &mut [$b]) {
                // Nobody else can see `dst`, so that the other lanes may be written with what they are.
                let bytes = bytemuck::cast_slice_mut(dst);
                let old = x86::load_partial(bytes);
                x86::store_partial(Width::<u8>::select(self, m, a, old), bytes);
            }

            #[inline(always)]
            fn slide(self, a: __m128i, b: __m128i, n: usize) -> __m128i {
                shuffle::slide_bytes(self, a, b, n * $size)
            }

            #[inline(always)]
            fn concat_shift<const N: usize>(self, a: __m128i, b: __m128i) -> __m128i {
                shuffle::concat_shift_bytes(self, a, b, N * $size)
            }

            #[inline(always)]
            fn interleave3(self, p: [__m128i; 3]) -> [__m128i; 3] {
                shuffle::interleave3::<$size>(self, p)
            }

            #[inline(always)]
            fn deinterleave3(self, v: [__m128i; 3]) -> [__m128i; 3] {
                shuffle::deinterleave3::<$size>(self, v)
            }

            #[inline(always)]
            fn expand(self, m: __m128i, a: __m128i) -> __m128i {
                shuffle::expand_bytes(self, m, a)
            }

            #[inline(always)]
            fn trailing_zeros(self, a: __m128i) -> __m128i {
                // The zeros below the lowest one are the ones of `!a & (a - 1)`.
                let below = self.and_not(Arith::<$b>::sub(self, a, Width::<$b>::splat_bits(self, 1)), a);
                Width::<$b>::popcount(self, below)
            }

            #[inline(always)]
            fn transpose<const N: usize>(self, src: &[$b], src_stride: usize, dst: &mut [$b], dst_stride: usize) {
                x86::transpose::<$b, N>(self, src, src_stride, dst, dst_stride);
            }

            // `gather` and `scatter` stay loops over the lanes: there is no instruction for them.
        }
    };
}
pub(super) use width;

width!(u8 = 1 {
    #[inline(always)]
    fn mask_from_bits(self, bits: u64) -> __m128i {
        // Each lane looks at its own bit in a copy of the byte that holds it.
        let (copy, own) = (lanes([0u64, 0x0101_0101_0101_0101]), lanes([0x8040_2010_0804_0201u64; 2]));
        intrinsic!(self, {
            let bytes = _mm_shuffle_epi8(_mm_cvtsi32_si128(bits as i32), copy);
            _mm_cmpeq_epi8(_mm_and_si128(bytes, own), own)
        })
    }

    #[inline(always)]
    fn mask_to_bits(self, m: __m128i) -> u64 {
        intrinsic!(self, _mm_movemask_epi8(m)) as u64
    }

    #[inline(always)]
    fn mask_first_n(self, n: usize) -> __m128i {
        intrinsic!(self, _mm_cmpgt_epi8(_mm_set1_epi8(n.min(16) as i8), shuffle::iota()))
    }

    #[inline(always)]
    fn splat_bits(self, v: u8) -> __m128i {
        intrinsic!(self, _mm_set1_epi8(v as i8))
    }

    #[inline(always)]
    fn permute(self, a: __m128i, idx: __m128i) -> __m128i {
        shuffle::permute_bytes(self, a, idx)
    }

    #[inline(always)]
    fn reverse(self, a: __m128i) -> __m128i {
        intrinsic!(self, _mm_shuffle_epi8(a, lanes(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0fu128)))
    }

    #[inline(always)]
    fn interleave2(self, [a, b]: [__m128i; 2]) -> [__m128i; 2] {
        intrinsic!(self, [_mm_unpacklo_epi8(a, b), _mm_unpackhi_epi8(a, b)])
    }

    #[inline(always)]
    fn interleave4(self, [a, b, c, d]: [__m128i; 4]) -> [__m128i; 4] {
        let [ab, ab_high] = Width::<u8>::interleave2(self, [a, b]);
        let [cd, cd_high] = Width::<u8>::interleave2(self, [c, d]);
        let [low, high] = [[ab, cd], [ab_high, cd_high]];
        let ([r0, r1], [r2, r3]) = (Width::<u16>::interleave2(self, low), Width::<u16>::interleave2(self, high));
        [r0, r1, r2, r3]
    }

    #[inline(always)]
    fn deinterleave2(self, [a, b]: [__m128i; 2]) -> [__m128i; 2] {
        let low = lanes([0xffu16; 8]);
        intrinsic!(self, [
            _mm_packus_epi16(_mm_and_si128(a, low), _mm_and_si128(b, low)),
            _mm_packus_epi16(_mm_srli_epi16::<8>(a), _mm_srli_epi16::<8>(b)),
        ])
    }

    #[inline(always)]
    fn deinterleave4(self, v: [__m128i; 4]) -> [__m128i; 4] {
        // Four bytes of each channel side by side, then whole words.
        let order = lanes([0x0c08_0400u32, 0x0d09_0501, 0x0e0a_0602, 0x0f0b_0703]);
        shuffle::deinterleave4_words(self, shuffle::each(self, v, order))
    }

    #[inline(always)]
    fn compress(self, m: __m128i, a: __m128i) -> __m128i {
        shuffle::compress_bytes(self, Width::<u8>::mask_to_bits(self, m) as usize, a)
    }

    #[inline(always)]
    fn popcount(self, a: __m128i) -> __m128i {
        bits::popcount(self, a)
    }

    #[inline(always)]
    fn leading_zeros(self, a: __m128i) -> __m128i {
        bits::leading_zeros_8(self, a)
    }

    #[inline(always)]
    fn reverse_bits(self, a: __m128i) -> __m128i {
        bits::reverse_in_bytes(self, a)
    }

    #[inline(always)]
    fn eq_bits(self, a: __m128i, b: __m128i) -> __m128i {
        intrinsic!(self, _mm_cmpeq_epi8(a, b))
    }
});

width!(u16 = 2 {
    #[inline(always)]
    fn mask_from_bits(self, bits: u64) -> __m128i {
        let own = lanes([1u16, 2, 4, 8, 16, 32, 64, 128]);
        intrinsic!(self, _mm_cmpeq_epi16(_mm_and_si128(_mm_set1_epi16(bits as i16), own), own))
    }

    #[inline(always)]
    fn mask_to_bits(self, m: __m128i) -> u64 {
        intrinsic!(self, _mm_movemask_epi8(_mm_packs_epi16(m, _mm_setzero_si128()))) as u64
    }

    #[inline(always)]
    fn mask_first_n(self, n: usize) -> __m128i {
        intrinsic!(self, _mm_cmpgt_epi16(_mm_set1_epi16(n.min(8) as i16), lanes([0u16, 1, 2, 3, 4, 5, 6, 7])))
    }

    #[inline(always)]
    fn splat_bits(self, v: u16) -> __m128i {
        intrinsic!(self, _mm_set1_epi16(v as i16))
    }

    #[inline(always)]
    fn permute(self, a: __m128i, idx: __m128i) -> __m128i {
        // Index i becomes the bytes 2i and 2i + 1, plus 0x70: from 16 on that sets the bit which gives 0.
        intrinsic!(self, {
            let twice = _mm_mullo_epi16(_mm_min_epu16(idx, lanes([8u16; 8])), lanes([0x0202u16; 8]));
            _mm_shuffle_epi8(a, _mm_add_epi8(twice, lanes([0x7170u16; 8])))
        })
    }

    #[inline(always)]
    fn reverse(self, a: __m128i) -> __m128i {
        intrinsic!(self, _mm_shuffle_epi8(a, lanes(0x0100_0302_0504_0706_0908_0b0a_0d0c_0f0eu128)))
    }

    #[inline(always)]
    fn interleave2(self, [a, b]: [__m128i; 2]) -> [__m128i; 2] {
        intrinsic!(self, [_mm_unpacklo_epi16(a, b), _mm_unpackhi_epi16(a, b)])
    }

    #[inline(always)]
    fn interleave4(self, [a, b, c, d]: [__m128i; 4]) -> [__m128i; 4] {
        let [ab, ab_high] = Width::<u16>::interleave2(self, [a, b]);
        let [cd, cd_high] = Width::<u16>::interleave2(self, [c, d]);
        let [low, high] = [[ab, cd], [ab_high, cd_high]];
        let ([r0, r1], [r2, r3]) = (Width::<u32>::interleave2(self, low), Width::<u32>::interleave2(self, high));
        [r0, r1, r2, r3]
    }

    #[inline(always)]
    fn deinterleave2(self, [a, b]: [__m128i; 2]) -> [__m128i; 2] {
        intrinsic!(self, {
            let zero = _mm_setzero_si128();
            [
                _mm_packus_epi32(_mm_blend_epi16::<0xaa>(a, zero), _mm_blend_epi16::<0xaa>(b, zero)),
                _mm_packus_epi32(_mm_srli_epi32::<16>(a), _mm_srli_epi32::<16>(b)),
            ]
        })
    }

    #[inline(always)]
    fn deinterleave4(self, v: [__m128i; 4]) -> [__m128i; 4] {
        // Two lanes of each channel side by side, then whole words.
        let order = lanes([0x0908_0100u32, 0x0b0a_0302, 0x0d0c_0504, 0x0f0e_0706]);
        shuffle::deinterleave4_words(self, shuffle::each(self, v, order))
    }

    #[inline(always)]
    fn compress(self, m: __m128i, a: __m128i) -> __m128i {
        shuffle::compress_pairs(self, Width::<u16>::mask_to_bits(self, m) as usize, a)
    }

    #[inline(always)]
    fn popcount(self, a: __m128i) -> __m128i {
        intrinsic!(self, _mm_maddubs_epi16(bits::popcount(self, a), lanes([1u8; 16])))
    }

    #[inline(always)]
    fn leading_zeros(self, a: __m128i) -> __m128i {
        bits::leading_zeros_16(self, a)
    }

    #[inline(always)]
    fn reverse_bits(self, a: __m128i) -> __m128i {
        let swapped = intrinsic!(self, _mm_shuffle_epi8(a, lanes(0x0e0f_0c0d_0a0b_0809_0607_0405_0203_0001u128)));
        bits::reverse_in_bytes(self, swapped)
    }

    #[inline(always)]
    fn eq_bits(self, a: __m128i, b: __m128i) -> __m128i {
        intrinsic!(self, _mm_cmpeq_epi16(a, b))
    }
});
