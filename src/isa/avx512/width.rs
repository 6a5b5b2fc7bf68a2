//! Moving lanes about.

use super::arch::*;
use super::order::Order;
use super::{Avx512, lanes};
use crate::isa::{Arith, Widening, Width};

/// `Width` of one word; masks are bits, of which those from `LANES` on are 0.
macro_rules! width {
    ($b:ty as $signed:ty, $size:literal, $mask:ty: splat $set1:ident, select $blend:ident, load $load:ident,
     store $store:ident, less $less:ident, equal $equal:ident, permute $permute:ident, permute2 $permute2:ident,
     compress $compress:ident, expand $expand:ident, popcount $popcount:ident; $($rest:item)*) => {
        impl Width<$b> for Avx512 {
            #[inline(always)]
            fn mask_from_bits(self, bits: u64) -> u64 {
                bits & <Self as Width<$b>>::ALL
            }

            #[inline(always)]
            fn mask_to_bits(self, m: u64) -> u64 {
                m
            }

            #[inline(always)]
            fn mask_and(self, a: u64, b: u64) -> u64 {
                a & b
            }

            #[inline(always)]
            fn mask_or(self, a: u64, b: u64) -> u64 {
                a | b
            }

            #[inline(always)]
            fn mask_xor(self, a: u64, b: u64) -> u64 {
                a ^ b
            }

            #[inline(always)]
            fn mask_not(self, a: u64) -> u64 {
                a ^ <Self as Width<$b>>::ALL
            }

            #[inline(always)]
            fn splat_bits(self, v: $b) -> __m512i {
                intrinsic!(self, $set1(v as $signed))
            }

            #[inline(always)]
            fn select(self, m: u64, a: __m512i, b: __m512i) -> __m512i {
                intrinsic!(self, $blend(m as $mask, b, a))
            }

            #[inline(always)]
            fn load_partial(self, src: &[$b]) -> __m512i {
                let m = Width::<$b>::mask_first_n(self, src.len());
                // SAFETY: the lanes of `m` are inside `src`, the others are not read; the token proves AVX-512.
                unsafe { $load(m as $mask, src.as_ptr().cast()) }
            }

            #[inline(always)]
            fn store_partial(self, a: __m512i, dst: &mut [$b]) {
                let m = Width::<$b>::mask_first_n(self, dst.len());
                // SAFETY: the lanes of `m` are inside `dst`, the others are not written; the token proves AVX-512.
                unsafe { $store(dst.as_mut_ptr().cast(), m as $mask, a) }
            }

            #[inline(always)]
            fn masked_store(self, m: u64, a: __m512i, dst: &mut [$b]) {
                let m = m & Width::<$b>::mask_first_n(self, dst.len());
                // SAFETY: the lanes of `m` are inside `dst`, the others are not written; the token proves AVX-512.
                unsafe { $store(dst.as_mut_ptr().cast(), m as $mask, a) }
            }

            #[inline(always)]
            fn permute(self, a: __m512i, idx: __m512i) -> __m512i {
                intrinsic!(self, $permute($less(idx, $set1(64 / $size)), idx, a))
            }

            #[inline(always)]
            fn reverse(self, a: __m512i) -> __m512i {
                self.reorder(a, Order::<$size>::REVERSE)
            }

            #[inline(always)]
            fn slide(self, a: __m512i, b: __m512i, n: usize) -> __m512i {
                let iota = lanes(const { table!($b, 64 / $size; i => i) });
                let idx = Arith::<$b>::add(self, iota, self.splat_bits(n as $b));
                intrinsic!(self, $permute2(a, idx, b))
            }

            #[inline(always)]
            fn concat_shift<const N: usize>(self, a: __m512i, b: __m512i) -> __m512i {
                if N * $size % 4 == 0 {
                    // One uop, where shorter lanes are three on Intel.
                    let idx = lanes(const { table!(u32, 16; i => i + N * $size / 4) });
                    intrinsic!(self, _mm512_permutex2var_epi32(a, idx, b))
                } else {
                    let idx = lanes(const { table!($b, 64 / $size; i => i + N) });
                    intrinsic!(self, $permute2(a, idx, b))
                }
            }

            #[inline(always)]
            fn interleave2(self, [a, b]: [__m512i; 2]) -> [__m512i; 2] {
                let first = lanes(const { table!($b, 64 / $size; i => i / 2 + i % 2 * (64 / $size)) });
                let second = lanes(const { table!($b, 64 / $size; i => i / 2 + 32 / $size + i % 2 * (64 / $size)) });
                intrinsic!(self, [$permute2(a, first, b), $permute2(a, second, b)])
            }

            #[inline(always)]
            fn deinterleave2(self, [a, b]: [__m512i; 2]) -> [__m512i; 2] {
                let even = lanes(const { table!($b, 64 / $size; i => 2 * i) });
                let odd = lanes(const { table!($b, 64 / $size; i => 2 * i + 1) });
                intrinsic!(self, [$permute2(a, even, b), $permute2(a, odd, b)])
            }

            #[inline(always)]
            fn interleave3(self, p: [__m512i; 3]) -> [__m512i; 3] {
                self.interleave3_of::<$size>(p)
            }

            #[inline(always)]
            fn interleave4(self, p: [__m512i; 4]) -> [__m512i; 4] {
                self.interleave4_of::<$size>(p)
            }

            #[inline(always)]
            fn deinterleave3(self, v: [__m512i; 3]) -> [__m512i; 3] {
                self.deinterleave3_of::<$size>(v)
            }

            #[inline(always)]
            fn deinterleave4(self, v: [__m512i; 4]) -> [__m512i; 4] {
                self.deinterleave4_of::<$size>(v)
            }

            #[inline(always)]
            fn compress(self, m: u64, a: __m512i) -> __m512i {
                intrinsic!(self, $compress(m as $mask, a))
            }

            #[inline(always)]
            fn expand(self, m: u64, a: __m512i) -> __m512i {
                intrinsic!(self, $expand(m as $mask, a))
            }

            #[inline(always)]
            fn trailing_zeros(self, a: __m512i) -> __m512i {
                // The ones of `!a & (a - 1)`.
                let below = Arith::<$b>::add(self, a, Width::<$b>::splat_bits(self, <$b>::MAX));
                intrinsic!(self, $popcount(_mm512_andnot_si512(a, below)))
            }

            methods! {
                popcount(a) = $popcount;
            }

            comparisons! {
                eq_bits = $equal;
            }

            #[inline(always)]
            fn transpose<const N: usize>(self, src: &[$b], src_stride: usize, dst: &mut [$b], dst_stride: usize) {
                super::square::transpose::<$b, N>(self, src, src_stride, dst, dst_stride);
            }

            $($rest)*
        }
    };
}

width! { u8 as i8, 1, __mmask64: splat _mm512_set1_epi8, select _mm512_mask_blend_epi8, load _mm512_maskz_loadu_epi8,
    store _mm512_mask_storeu_epi8, less _mm512_cmplt_epu8_mask, equal _mm512_cmpeq_epi8_mask,
    permute _mm512_maskz_permutexvar_epi8, permute2 _mm512_permutex2var_epi8, compress _mm512_maskz_compress_epi8,
    expand _mm512_maskz_expand_epi8, popcount _mm512_popcnt_epi8;

    // gather and scatter stay at their definition: there is no instruction, and lanes of 8 bits make poor indices.

    #[inline(always)]
    fn leading_zeros(self, a: __m512i) -> __m512i {
        Width::<u8>::trailing_zeros(self, Width::<u8>::reverse_bits(self, a))
    }

    #[inline(always)]
    fn reverse_bits(self, a: __m512i) -> __m512i {
        // Byte k of the matrix is what bit 7 - k of the result takes: bit k.
        intrinsic!(self, _mm512_gf2p8affine_epi64_epi8::<0>(a, _mm512_set1_epi64(0x8040_2010_0804_0201_u64 as i64)))
    }
}

width! { u16 as i16, 2, __mmask32: splat _mm512_set1_epi16, select _mm512_mask_blend_epi16,
    load _mm512_maskz_loadu_epi16, store _mm512_mask_storeu_epi16, less _mm512_cmplt_epu16_mask,
    equal _mm512_cmpeq_epi16_mask, permute _mm512_maskz_permutexvar_epi16, permute2 _mm512_permutex2var_epi16,
    compress _mm512_maskz_compress_epi16, expand _mm512_maskz_expand_epi16, popcount _mm512_popcnt_epi16;

    // gather and scatter stay at their definition, as those of 8 bits.

    #[inline(always)]
    fn leading_zeros(self, a: __m512i) -> __m512i {
        Width::<u16>::trailing_zeros(self, Width::<u16>::reverse_bits(self, a))
    }

    #[inline(always)]
    fn reverse_bits(self, a: __m512i) -> __m512i {
        self.swap_bytes::<2>(Width::<u8>::reverse_bits(self, a))
    }
}

width! { u32 as i32, 4, __mmask16: splat _mm512_set1_epi32, select _mm512_mask_blend_epi32,
    load _mm512_maskz_loadu_epi32, store _mm512_mask_storeu_epi32, less _mm512_cmplt_epu32_mask,
    equal _mm512_cmpeq_epi32_mask, permute _mm512_maskz_permutexvar_epi32, permute2 _mm512_permutex2var_epi32,
    compress _mm512_maskz_compress_epi32, expand _mm512_maskz_expand_epi32, popcount _mm512_popcnt_epi32;

    methods! {
        leading_zeros(a) = _mm512_lzcnt_epi32;
    }

    #[inline(always)]
    fn reverse_bits(self, a: __m512i) -> __m512i {
        self.swap_bytes::<4>(Width::<u8>::reverse_bits(self, a))
    }

    #[inline(always)]
    unsafe fn gather(self, src: &[u32], idx: __m512i) -> __m512i {
        if src.len() <= SIGNED_INDICES {
            // SAFETY: every index is in `src`, the caller has checked, and so is not negative; the token proves AVX-512.
            unsafe { _mm512_i32gather_epi32::<4>(idx, src.as_ptr().cast()) }
        } else {
            let [low, high] = Widening::<u32>::widen(self, idx);
            // SAFETY: every index is in `src`, the caller has checked; the token proves AVX-512.
            let (low, high) = unsafe {
                (
                    _mm512_i64gather_epi32::<4>(low, src.as_ptr().cast()),
                    _mm512_i64gather_epi32::<4>(high, src.as_ptr().cast()),
                )
            };
            self.join(low, high)
        }
    }

    #[inline(always)]
    unsafe fn scatter(self, a: __m512i, dst: &mut [u32], idx: __m512i) {
        // Of equal indices the instructions store the highest lane last.
        if dst.len() <= SIGNED_INDICES {
            // SAFETY: every index is in `dst`, the caller has checked, and so is not negative; the token proves AVX-512.
            unsafe { _mm512_i32scatter_epi32::<4>(dst.as_mut_ptr().cast(), idx, a) }
        } else {
            let [low, high] = Widening::<u32>::widen(self, idx);
            // SAFETY: every index is in `dst`, the caller has checked; the token proves AVX-512.
            unsafe {
                _mm512_i64scatter_epi32::<4>(dst.as_mut_ptr().cast(), low, self.low(a));
                _mm512_i64scatter_epi32::<4>(dst.as_mut_ptr().cast(), high, self.high(a));
            }
        }
    }
}

width! { u64 as i64, 8, __mmask8: splat _mm512_set1_epi64, select _mm512_mask_blend_epi64,
    load _mm512_maskz_loadu_epi64, store _mm512_mask_storeu_epi64, less _mm512_cmplt_epu64_mask,
    equal _mm512_cmpeq_epi64_mask, permute _mm512_maskz_permutexvar_epi64, permute2 _mm512_permutex2var_epi64,
    compress _mm512_maskz_compress_epi64, expand _mm512_maskz_expand_epi64, popcount _mm512_popcnt_epi64;

    methods! {
        leading_zeros(a) = _mm512_lzcnt_epi64;
    }

    #[inline(always)]
    fn reverse_bits(self, a: __m512i) -> __m512i {
        self.swap_bytes::<8>(Width::<u8>::reverse_bits(self, a))
    }

    #[inline(always)]
    unsafe fn gather(self, src: &[u64], idx: __m512i) -> __m512i {
        // SAFETY: every index is in `src`, the caller has checked; the token proves AVX-512.
        unsafe { _mm512_i64gather_epi64::<8>(idx, src.as_ptr().cast()) }
    }

    #[inline(always)]
    unsafe fn scatter(self, a: __m512i, dst: &mut [u64], idx: __m512i) {
        // SAFETY: every index is in `dst`, the caller has checked; the token proves AVX-512.
        unsafe { _mm512_i64scatter_epi64::<8>(dst.as_mut_ptr().cast(), idx, a) }
    }
}

/// Elements that the instructions reach by 32-bit indices, which they take as signed.
const SIGNED_INDICES: usize = 1 << 31;
