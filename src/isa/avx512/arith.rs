//! Integer arithmetic, comparison, reduction; what saturates.

use super::Avx512;
use super::arch::*;
use crate::isa::{Arith, Saturating};

/// What all integers have, and further items.
macro_rules! integer {
    ($t:ty, $size:literal: $add:ident $sub:ident $min:ident $max:ident, $eq:ident $lt:ident $le:ident; $($rest:item)*) => {
        impl Arith<$t> for Avx512 {
            methods! {
                add(a, b) = $add;
                sub(a, b) = $sub;
                min(a, b) = $min;
                max(a, b) = $max;
            }

            comparisons! {
                eq = $eq;
                lt = $lt;
                le = $le;
            }

            #[inline(always)]
            fn neg(self, a: __m512i) -> __m512i {
                intrinsic!(self, $sub(_mm512_setzero_si512(), a))
            }

            #[inline(always)]
            fn prefix_sum(self, a: __m512i) -> __m512i {
                // Within 16 bytes; then the sums below, from block to block and from half to half.
                let mut a = a;
                if $size <= 1 {
                    a = intrinsic!(self, $add(a, _mm512_bslli_epi128::<1>(a)));
                }
                if $size <= 2 {
                    a = intrinsic!(self, $add(a, _mm512_bslli_epi128::<2>(a)));
                }
                if $size <= 4 {
                    a = intrinsic!(self, $add(a, _mm512_bslli_epi128::<4>(a)));
                }
                a = intrinsic!(self, $add(a, _mm512_bslli_epi128::<8>(a)));
                a = intrinsic!(self, $add(a, self.carry::<$size>(a, true)));
                intrinsic!(self, $add(a, self.carry::<$size>(a, false)))
            }

            $($rest)*
        }
    };
}

/// Reductions of 8 and 16 bits: one halving, then 256 bits.
macro_rules! reduce_halves {
    ($($name:ident -> $t:ty = $halve:ident $reduce:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, a: __m512i) -> $t {
            intrinsic!(self, $reduce($halve(self.low(a), self.high(a))) as $t)
        }
    )*};
}

macro_rules! reduce {
    ($($name:ident -> $t:ty = $reduce:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, a: __m512i) -> $t {
            intrinsic!(self, $reduce(a) as $t)
        }
    )*};
}

/// Unsigned numbers are their own magnitude.
macro_rules! abs_unsigned {
    () => {
        #[inline(always)]
        fn abs(self, a: __m512i) -> __m512i {
            a
        }
    };
}

/// There is no product of bytes: of the even and of the odd ones, in 16 bits.
macro_rules! mul_bytes {
    () => {
        #[inline(always)]
        fn mul(self, a: __m512i, b: __m512i) -> __m512i {
            intrinsic!(self, {
                let low = _mm512_set1_epi16(0xff);
                let even = _mm512_mullo_epi16(a, b);
                let odd = _mm512_mullo_epi16(_mm512_srli_epi16::<8>(a), _mm512_andnot_si512(low, b));
                // (even & low) | odd
                _mm512_ternarylogic_epi64::<0xea>(even, low, odd)
            })
        }
    };
}

integer! { u8, 1: _mm512_add_epi8 _mm512_sub_epi8 _mm512_min_epu8 _mm512_max_epu8,
    _mm512_cmpeq_epi8_mask _mm512_cmplt_epu8_mask _mm512_cmple_epu8_mask;

    mul_bytes!();
    abs_unsigned!();
    reduce_halves! {
        reduce_sum -> u8 = _mm256_add_epi8 _mm256_reduce_add_epi8;
        reduce_min -> u8 = _mm256_min_epu8 _mm256_reduce_min_epu8;
        reduce_max -> u8 = _mm256_max_epu8 _mm256_reduce_max_epu8;
    }
}

integer! { i8, 1: _mm512_add_epi8 _mm512_sub_epi8 _mm512_min_epi8 _mm512_max_epi8,
    _mm512_cmpeq_epi8_mask _mm512_cmplt_epi8_mask _mm512_cmple_epi8_mask;

    mul_bytes!();
    methods! {
        abs(a) = _mm512_abs_epi8;
    }
    reduce_halves! {
        reduce_sum -> i8 = _mm256_add_epi8 _mm256_reduce_add_epi8;
        reduce_min -> i8 = _mm256_min_epi8 _mm256_reduce_min_epi8;
        reduce_max -> i8 = _mm256_max_epi8 _mm256_reduce_max_epi8;
    }
}

integer! { u16, 2: _mm512_add_epi16 _mm512_sub_epi16 _mm512_min_epu16 _mm512_max_epu16,
    _mm512_cmpeq_epi16_mask _mm512_cmplt_epu16_mask _mm512_cmple_epu16_mask;

    abs_unsigned!();
    methods! {
        mul(a, b) = _mm512_mullo_epi16;
    }
    reduce_halves! {
        reduce_sum -> u16 = _mm256_add_epi16 _mm256_reduce_add_epi16;
        reduce_min -> u16 = _mm256_min_epu16 _mm256_reduce_min_epu16;
        reduce_max -> u16 = _mm256_max_epu16 _mm256_reduce_max_epu16;
    }
}

integer! { i16, 2: _mm512_add_epi16 _mm512_sub_epi16 _mm512_min_epi16 _mm512_max_epi16,
    _mm512_cmpeq_epi16_mask _mm512_cmplt_epi16_mask _mm512_cmple_epi16_mask;

    methods! {
        mul(a, b) = _mm512_mullo_epi16;
        abs(a) = _mm512_abs_epi16;
    }
    reduce_halves! {
        reduce_sum -> i16 = _mm256_add_epi16 _mm256_reduce_add_epi16;
        reduce_min -> i16 = _mm256_min_epi16 _mm256_reduce_min_epi16;
        reduce_max -> i16 = _mm256_max_epi16 _mm256_reduce_max_epi16;
    }
}

integer! { u32, 4: _mm512_add_epi32 _mm512_sub_epi32 _mm512_min_epu32 _mm512_max_epu32,
    _mm512_cmpeq_epi32_mask _mm512_cmplt_epu32_mask _mm512_cmple_epu32_mask;

    abs_unsigned!();
    methods! {
        mul(a, b) = _mm512_mullo_epi32;
    }
    reduce! {
        reduce_sum -> u32 = _mm512_reduce_add_epi32;
        reduce_min -> u32 = _mm512_reduce_min_epu32;
        reduce_max -> u32 = _mm512_reduce_max_epu32;
    }
}

integer! { i32, 4: _mm512_add_epi32 _mm512_sub_epi32 _mm512_min_epi32 _mm512_max_epi32,
    _mm512_cmpeq_epi32_mask _mm512_cmplt_epi32_mask _mm512_cmple_epi32_mask;

    methods! {
        mul(a, b) = _mm512_mullo_epi32;
        abs(a) = _mm512_abs_epi32;
    }
    reduce! {
        reduce_sum -> i32 = _mm512_reduce_add_epi32;
        reduce_min -> i32 = _mm512_reduce_min_epi32;
        reduce_max -> i32 = _mm512_reduce_max_epi32;
    }
}

integer! { u64, 8: _mm512_add_epi64 _mm512_sub_epi64 _mm512_min_epu64 _mm512_max_epu64,
    _mm512_cmpeq_epi64_mask _mm512_cmplt_epu64_mask _mm512_cmple_epu64_mask;

    abs_unsigned!();
    methods! {
        mul(a, b) = _mm512_mullo_epi64;
    }
    reduce! {
        reduce_sum -> u64 = _mm512_reduce_add_epi64;
        reduce_min -> u64 = _mm512_reduce_min_epu64;
        reduce_max -> u64 = _mm512_reduce_max_epu64;
    }
}

integer! { i64, 8: _mm512_add_epi64 _mm512_sub_epi64 _mm512_min_epi64 _mm512_max_epi64,
    _mm512_cmpeq_epi64_mask _mm512_cmplt_epi64_mask _mm512_cmple_epi64_mask;

    methods! {
        mul(a, b) = _mm512_mullo_epi64;
        abs(a) = _mm512_abs_epi64;
    }
    reduce! {
        reduce_sum -> i64 = _mm512_reduce_add_epi64;
        reduce_min -> i64 = _mm512_reduce_min_epi64;
        reduce_max -> i64 = _mm512_reduce_max_epi64;
    }
}

/// Saturating sums of 8 and 16 bits are instructions.
macro_rules! saturating {
    ($($t:ty: $add:ident $sub:ident;)*) => {$(
        impl Saturating<$t> for Avx512 {
            methods! {
                saturating_add(a, b) = $add;
                saturating_sub(a, b) = $sub;
            }
        }
    )*};
}
saturating! {
    u8: _mm512_adds_epu8 _mm512_subs_epu8;
    i8: _mm512_adds_epi8 _mm512_subs_epi8;
    u16: _mm512_adds_epu16 _mm512_subs_epu16;
    i16: _mm512_adds_epi16 _mm512_subs_epi16;
}

impl Saturating<u32> for Avx512 {
    #[inline(always)]
    fn saturating_add(self, a: __m512i, b: __m512i) -> __m512i {
        // At most what is left above b.
        intrinsic!(self, {
            let left = _mm512_ternarylogic_epi32::<0x55>(b, b, b);
            _mm512_add_epi32(_mm512_min_epu32(a, left), b)
        })
    }

    #[inline(always)]
    fn saturating_sub(self, a: __m512i, b: __m512i) -> __m512i {
        intrinsic!(self, _mm512_sub_epi32(_mm512_max_epu32(a, b), b))
    }
}

impl Saturating<i32> for Avx512 {
    #[inline(always)]
    fn saturating_add(self, a: __m512i, b: __m512i) -> __m512i {
        intrinsic!(self, {
            let sum = _mm512_add_epi32(a, b);
            // Overflow where both signs differ from the sum's: (a ^ sum) & (b ^ sum).
            let over = _mm512_movepi32_mask(_mm512_ternarylogic_epi32::<0x42>(a, b, sum));
            self.saturate_like(sum, over, a)
        })
    }

    #[inline(always)]
    fn saturating_sub(self, a: __m512i, b: __m512i) -> __m512i {
        intrinsic!(self, {
            let difference = _mm512_sub_epi32(a, b);
            // Overflow where a's sign differs from both others: (a ^ b) & (a ^ difference).
            let over = _mm512_movepi32_mask(_mm512_ternarylogic_epi32::<0x18>(a, b, difference));
            self.saturate_like(difference, over, a)
        })
    }
}

impl Avx512 {
    /// `v`, in the lanes of `over` the i32 furthest out on `a`'s side of 0.
    #[inline(always)]
    fn saturate_like(self, v: __m512i, over: __mmask16, a: __m512i) -> __m512i {
        intrinsic!(self, {
            let sign = _mm512_srai_epi32::<31>(a);
            _mm512_mask_xor_epi32(v, over, sign, _mm512_set1_epi32(i32::MAX))
        })
    }
}
