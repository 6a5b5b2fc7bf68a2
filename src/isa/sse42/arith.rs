//! Arithmetic, comparison and reduction of integers.

use super::arch::*;
use super::{Sse42, fold, intrinsic, lanes, methods};
use crate::isa::{Arith, Registers, Shape};

/// What needs no more than names: `element as its lanes: add, sub, eq { the rest }`.
macro_rules! integers {
    ($($t:ty: $add:ident $sub:ident $eq:ident { $($own:tt)* })*) => {$(
        impl Arith<$t> for Sse42 {
            methods! {
                add(a, b) = $add;
                sub(a, b) = $sub;
                eq(a, b) = $eq;
            }

            #[inline(always)]
            fn neg(self, a: __m128i) -> __m128i {
                intrinsic!(self, $sub(_mm_setzero_si128(), a))
            }

            #[inline(always)]
            fn prefix_sum(self, a: __m128i) -> __m128i {
                intrinsic!(self, {
                    let a = if size_of::<$t>() <= 1 { $add(a, _mm_slli_si128::<1>(a)) } else { a };
                    let a = if size_of::<$t>() <= 2 { $add(a, _mm_slli_si128::<2>(a)) } else { a };
                    let a = if size_of::<$t>() <= 4 { $add(a, _mm_slli_si128::<4>(a)) } else { a };
                    $add(a, _mm_slli_si128::<8>(a))
                })
            }

            $($own)*
        }
    )*};
}

/// A comparison by another: `lt = gt` with the operands exchanged, `le = min` if the smaller is the first.
macro_rules! compare {
    (lt = $gt:ident) => {
        #[inline(always)]
        fn lt(self, a: __m128i, b: __m128i) -> __m128i {
            intrinsic!(self, $gt(b, a))
        }
    };
    // Unsigned numbers have the order of the signed ones whose highest bit is the other one.
    (lt = $gt:ident ^ $bias:expr) => {
        #[inline(always)]
        fn lt(self, a: __m128i, b: __m128i) -> __m128i {
            let bias = lanes($bias);
            intrinsic!(self, $gt(_mm_xor_si128(b, bias), _mm_xor_si128(a, bias)))
        }
    };
    (le = $min:ident $eq:ident) => {
        #[inline(always)]
        fn le(self, a: __m128i, b: __m128i) -> __m128i {
            intrinsic!(self, $eq($min(a, b), a))
        }
    };
}

/// 64-bit lanes have no `min`: everything by `lt`.
macro_rules! ordered_by_lt {
    ($t:ty) => {
        #[inline(always)]
        fn le(self, a: __m128i, b: __m128i) -> __m128i {
            self.not(Arith::<$t>::lt(self, b, a))
        }

        #[inline(always)]
        fn min(self, a: __m128i, b: __m128i) -> __m128i {
            let less = Arith::<$t>::lt(self, a, b);
            intrinsic!(self, _mm_blendv_epi8(b, a, less))
        }

        #[inline(always)]
        fn max(self, a: __m128i, b: __m128i) -> __m128i {
            let less = Arith::<$t>::lt(self, a, b);
            intrinsic!(self, _mm_blendv_epi8(a, b, less))
        }
    };
}

macro_rules! abs_of_unsigned {
    () => {
        #[inline(always)]
        fn abs(self, a: __m128i) -> __m128i {
            a
        }
    };
}

/// Reductions by `phminposuw`, which finds the smallest u16: `$flip` gives the lanes that order and takes it back.
macro_rules! reduce_by_minpos {
    ($t:ty: min ^ $min:expr, max ^ $max:expr) => {
        #[inline(always)]
        fn reduce_min(self, a: __m128i) -> $t {
            min_lane(self, self.xor(a, lanes([$min; 16 / size_of::<$t>()])), size_of::<$t>()) as $t ^ $min
        }

        #[inline(always)]
        fn reduce_max(self, a: __m128i) -> $t {
            min_lane(self, self.xor(a, lanes([$max; 16 / size_of::<$t>()])), size_of::<$t>()) as $t ^ $max
        }
    };
}

/// The smallest lane of `size` 1 or 2, unsigned.
#[inline(always)]
fn min_lane(sse: Sse42, a: __m128i, size: usize) -> u16 {
    intrinsic!(sse, {
        // The smaller byte of each pair, zero-extended.
        let a = if size == 1 { _mm_min_epu8(a, _mm_srli_epi16::<8>(a)) } else { a };
        _mm_cvtsi128_si32(_mm_minpos_epu16(a)) as u16
    })
}

macro_rules! sum_by_folding {
    ($t:ty) => {
        #[inline(always)]
        fn reduce_sum(self, a: __m128i) -> $t {
            fold!(self, $t, add, a)
        }
    };
}

macro_rules! reduce_by_folding {
    ($t:ty) => {
        sum_by_folding!($t);

        #[inline(always)]
        fn reduce_min(self, a: __m128i) -> $t {
            fold!(self, $t, min, a)
        }

        #[inline(always)]
        fn reduce_max(self, a: __m128i) -> $t {
            fold!(self, $t, max, a)
        }
    };
}

macro_rules! bytes {
    ($t:ty) => {
        #[inline(always)]
        fn mul(self, a: __m128i, b: __m128i) -> __m128i {
            intrinsic!(self, {
                let low = lanes([0xffu16; 8]);
                let even = _mm_and_si128(_mm_mullo_epi16(a, b), low);
                // The odd bytes of `b` stay where they are, and so do the products.
                let odd = _mm_mullo_epi16(_mm_srli_epi16::<8>(a), _mm_andnot_si128(low, b));
                _mm_or_si128(even, odd)
            })
        }

        #[inline(always)]
        fn reduce_sum(self, a: __m128i) -> $t {
            intrinsic!(self, {
                let halves = _mm_sad_epu8(a, _mm_setzero_si128());
                _mm_cvtsi128_si32(_mm_add_epi32(halves, _mm_unpackhi_epi64(halves, halves))) as $t
            })
        }
    };
}

macro_rules! mul_64 {
    () => {
        #[inline(always)]
        fn mul(self, a: __m128i, b: __m128i) -> __m128i {
            intrinsic!(self, {
                let cross =
                    _mm_add_epi64(_mm_mul_epu32(_mm_srli_epi64::<32>(a), b), _mm_mul_epu32(a, _mm_srli_epi64::<32>(b)));
                _mm_add_epi64(_mm_mul_epu32(a, b), _mm_slli_epi64::<32>(cross))
            })
        }
    };
}

integers! {
    u8: _mm_add_epi8 _mm_sub_epi8 _mm_cmpeq_epi8 {
        bytes!(u8);
        methods! {
            min(a, b) = _mm_min_epu8;
            max(a, b) = _mm_max_epu8;
        }
        abs_of_unsigned!();
        compare!(lt = _mm_cmpgt_epi8 ^ [0x80u8; 16]);
        compare!(le = _mm_min_epu8 _mm_cmpeq_epi8);
        reduce_by_minpos!(u8: min ^ 0u8, max ^ u8::MAX);
    }
    i8: _mm_add_epi8 _mm_sub_epi8 _mm_cmpeq_epi8 {
        bytes!(i8);
        methods! {
            min(a, b) = _mm_min_epi8;
            max(a, b) = _mm_max_epi8;
            abs(a) = _mm_abs_epi8;
        }
        compare!(lt = _mm_cmpgt_epi8);
        compare!(le = _mm_min_epi8 _mm_cmpeq_epi8);
        reduce_by_minpos!(i8: min ^ i8::MIN, max ^ i8::MAX);
    }
    u16: _mm_add_epi16 _mm_sub_epi16 _mm_cmpeq_epi16 {
        methods! {
            mul(a, b) = _mm_mullo_epi16;
            min(a, b) = _mm_min_epu16;
            max(a, b) = _mm_max_epu16;
        }
        abs_of_unsigned!();
        compare!(lt = _mm_cmpgt_epi16 ^ [0x8000u16; 8]);
        compare!(le = _mm_min_epu16 _mm_cmpeq_epi16);
        sum_by_folding!(u16);
        reduce_by_minpos!(u16: min ^ 0u16, max ^ u16::MAX);
    }
    i16: _mm_add_epi16 _mm_sub_epi16 _mm_cmpeq_epi16 {
        methods! {
            mul(a, b) = _mm_mullo_epi16;
            min(a, b) = _mm_min_epi16;
            max(a, b) = _mm_max_epi16;
            abs(a) = _mm_abs_epi16;
        }
        compare!(lt = _mm_cmpgt_epi16);
        compare!(le = _mm_min_epi16 _mm_cmpeq_epi16);
        sum_by_folding!(i16);
        reduce_by_minpos!(i16: min ^ i16::MIN, max ^ i16::MAX);
    }
    u32: _mm_add_epi32 _mm_sub_epi32 _mm_cmpeq_epi32 {
        methods! {
            mul(a, b) = _mm_mullo_epi32;
            min(a, b) = _mm_min_epu32;
            max(a, b) = _mm_max_epu32;
        }
        abs_of_unsigned!();
        compare!(lt = _mm_cmpgt_epi32 ^ [0x8000_0000u32; 4]);
        compare!(le = _mm_min_epu32 _mm_cmpeq_epi32);
        reduce_by_folding!(u32);
    }
    i32: _mm_add_epi32 _mm_sub_epi32 _mm_cmpeq_epi32 {
        methods! {
            mul(a, b) = _mm_mullo_epi32;
            min(a, b) = _mm_min_epi32;
            max(a, b) = _mm_max_epi32;
            abs(a) = _mm_abs_epi32;
        }
        compare!(lt = _mm_cmpgt_epi32);
        compare!(le = _mm_min_epi32 _mm_cmpeq_epi32);
        reduce_by_folding!(i32);
    }
    u64: _mm_add_epi64 _mm_sub_epi64 _mm_cmpeq_epi64 {
        mul_64!();
        abs_of_unsigned!();
        compare!(lt = _mm_cmpgt_epi64 ^ [1u64 << 63; 2]);
        ordered_by_lt!(u64);
        reduce_by_folding!(u64);
    }
    i64: _mm_add_epi64 _mm_sub_epi64 _mm_cmpeq_epi64 {
        mul_64!();
        compare!(lt = _mm_cmpgt_epi64);
        ordered_by_lt!(i64);
        reduce_by_folding!(i64);

        #[inline(always)]
        fn abs(self, a: __m128i) -> __m128i {
            intrinsic!(self, {
                let sign = _mm_cmpgt_epi64(_mm_setzero_si128(), a);
                _mm_sub_epi64(_mm_xor_si128(a, sign), sign)
            })
        }
    }
}
