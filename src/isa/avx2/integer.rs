//! Arithmetic of integers: what x86 has, and what it lacks for bytes and for 64 bits.

use super::interleave::by_width;
use super::table::Table;
use super::*;
use crate::isa::{Arith, Integer, Saturating, Shape};

impl Avx2 {
    #[inline(always)]
    pub(super) fn mul_8(self, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(self, {
            let low = _mm256_set1_epi16(0xff);
            let even = _mm256_and_si256(_mm256_mullo_epi16(a, b), low);
            // The product stands in the upper byte at once.
            let odd = _mm256_mullo_epi16(_mm256_srli_epi16::<8>(a), _mm256_andnot_si256(low, b));
            _mm256_or_si256(even, odd)
        })
    }

    #[inline(always)]
    fn mul_64(self, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(self, {
            let cross = _mm256_mullo_epi32(a, _mm256_shuffle_epi32::<0xb1>(b));
            let high = _mm256_add_epi32(cross, _mm256_slli_epi64::<32>(cross));
            let high = _mm256_and_si256(high, _mm256_set1_epi64x(!0xffff_ffff));
            _mm256_add_epi64(_mm256_mul_epu32(a, b), high)
        })
    }

    #[inline(always)]
    fn sub_lanes<B>(self, a: __m256i, b: __m256i) -> __m256i {
        by_width!(self, B;
            _mm256_sub_epi8(a, b), _mm256_sub_epi16(a, b), _mm256_sub_epi32(a, b), _mm256_sub_epi64(a, b))
    }

    #[inline(always)]
    fn add_lanes<B>(self, a: __m256i, b: __m256i) -> __m256i {
        by_width!(self, B;
            _mm256_add_epi8(a, b), _mm256_add_epi16(a, b), _mm256_add_epi32(a, b), _mm256_add_epi64(a, b))
    }

    #[inline(always)]
    fn signed_less<B>(self, a: __m256i, b: __m256i) -> __m256i {
        by_width!(self, B;
            _mm256_cmpgt_epi8(b, a), _mm256_cmpgt_epi16(b, a), _mm256_cmpgt_epi32(b, a), _mm256_cmpgt_epi64(b, a))
    }

    /// Signed numbers in the order of the unsigned ones.
    #[inline(always)]
    fn flip_sign_64(self, a: __m256i) -> __m256i {
        intrinsic!(self, _mm256_xor_si256(a, _mm256_set1_epi64x(i64::MIN)))
    }

    #[inline(always)]
    fn less_u64(self, a: __m256i, b: __m256i) -> __m256i {
        self.signed_less::<u64>(self.flip_sign_64(a), self.flip_sign_64(b))
    }

    #[inline(always)]
    fn less_i64(self, a: __m256i, b: __m256i) -> __m256i {
        self.signed_less::<u64>(a, b)
    }

    /// The sum of lanes `0..=i` by doubling steps in each half, then the low half's sum onto the high half.
    #[inline(always)]
    pub(super) fn prefix_sum_lanes<B>(self, mut a: __m256i) -> __m256i {
        if size_of::<B>() <= 1 {
            a = self.add_lanes::<B>(a, intrinsic!(self, _mm256_bslli_epi128::<1>(a)));
        }
        if size_of::<B>() <= 2 {
            a = self.add_lanes::<B>(a, intrinsic!(self, _mm256_bslli_epi128::<2>(a)));
        }
        if size_of::<B>() <= 4 {
            a = self.add_lanes::<B>(a, intrinsic!(self, _mm256_bslli_epi128::<4>(a)));
        }
        a = self.add_lanes::<B>(a, intrinsic!(self, _mm256_bslli_epi128::<8>(a)));
        let carry = intrinsic!(self, {
            let low_to_high = _mm256_permute2x128_si256::<0x08>(a, a);
            _mm256_shuffle_epi8(low_to_high, bytes(Table::<B>::LAST))
        });
        self.add_lanes::<B>(a, carry)
    }

    /// The lanes `BYTES` further on, each brought to the place that it is folded onto.
    #[inline(always)]
    pub(super) fn partner<const BYTES: usize>(self, a: __m256i) -> __m256i {
        intrinsic!(
            self,
            match BYTES {
                16 => _mm256_permute4x64_epi64::<0x4e>(a),
                8 => _mm256_shuffle_epi32::<0x4e>(a),
                4 => _mm256_shuffle_epi32::<0xb1>(a),
                2 => _mm256_srli_epi32::<16>(a),
                _ => _mm256_srli_epi16::<8>(a),
            }
        )
    }
}

/// The first lane after folding halves with `$op`: lane `i` with lane `i + n/2`.
macro_rules! fold {
    ($self:ident, $t:ty, $op:ident, $a:expr) => {{
        let mut a = $a;
        a = Arith::<$t>::$op($self, a, $self.partner::<16>(a));
        a = Arith::<$t>::$op($self, a, $self.partner::<8>(a));
        if size_of::<$t>() <= 4 {
            a = Arith::<$t>::$op($self, a, $self.partner::<4>(a));
        }
        if size_of::<$t>() <= 2 {
            a = Arith::<$t>::$op($self, a, $self.partner::<2>(a));
        }
        if size_of::<$t>() <= 1 {
            a = Arith::<$t>::$op($self, a, $self.partner::<1>(a));
        }
        Shape::<$t>::to_array($self, a)[0]
    }};
}
pub(super) use fold;

/// Methods of two registers that are another method: `mul = mul_8`.
macro_rules! via {
    ($($name:ident = $f:ident),* $(,)?) => {$(
        #[inline(always)]
        fn $name(self, a: __m256i, b: __m256i) -> __m256i {
            self.$f(a, b)
        }
    )*};
}

/// What all integers have in common.
macro_rules! common {
    ($t:ty) => {
        #[inline(always)]
        fn add(self, a: __m256i, b: __m256i) -> __m256i {
            self.add_lanes::<$t>(a, b)
        }

        #[inline(always)]
        fn sub(self, a: __m256i, b: __m256i) -> __m256i {
            self.sub_lanes::<$t>(a, b)
        }

        #[inline(always)]
        fn neg(self, a: __m256i) -> __m256i {
            self.sub_lanes::<$t>(self.zero(), a)
        }

        #[inline(always)]
        fn reduce_min(self, a: __m256i) -> $t {
            fold!(self, $t, min, a)
        }

        #[inline(always)]
        fn reduce_max(self, a: __m256i) -> $t {
            fold!(self, $t, max, a)
        }

        #[inline(always)]
        fn prefix_sum(self, a: __m256i) -> __m256i {
            self.prefix_sum_lanes::<$t>(a)
        }
    };
}

macro_rules! reduce_sum_by_folding {
    ($t:ty) => {
        #[inline(always)]
        fn reduce_sum(self, a: __m256i) -> $t {
            fold!(self, $t, add, a)
        }
    };
}

macro_rules! reduce_sum_of_bytes {
    ($t:ty) => {
        #[inline(always)]
        fn reduce_sum(self, a: __m256i) -> $t {
            let sums = intrinsic!(self, _mm256_sad_epu8(a, _mm256_setzero_si256()));
            fold!(self, u64, add, sums) as $t
        }
    };
}

macro_rules! unsigned {
    ($t:ty) => {
        #[inline(always)]
        fn abs(self, a: __m256i) -> __m256i {
            a
        }
    };
}

/// Comparisons of unsigned lanes, where x86 has a minimum but no comparison.
macro_rules! unsigned_order {
    ($t:ty) => {
        unsigned!($t);

        #[inline(always)]
        fn lt(self, a: __m256i, b: __m256i) -> __m256i {
            self.not(Arith::<$t>::le(self, b, a))
        }

        #[inline(always)]
        fn le(self, a: __m256i, b: __m256i) -> __m256i {
            Arith::<$t>::eq(self, Arith::<$t>::min(self, a, b), a)
        }
    };
}

macro_rules! signed_order {
    ($t:ty, $abs:ident) => {
        #[inline(always)]
        fn abs(self, a: __m256i) -> __m256i {
            intrinsic!(self, $abs(a))
        }

        #[inline(always)]
        fn lt(self, a: __m256i, b: __m256i) -> __m256i {
            self.signed_less::<$t>(a, b)
        }

        #[inline(always)]
        fn le(self, a: __m256i, b: __m256i) -> __m256i {
            self.not(self.signed_less::<$t>(b, a))
        }
    };
}

macro_rules! order_64 {
    ($less:ident) => {
        via!(mul = mul_64, lt = $less);
        binary!(eq = _mm256_cmpeq_epi64);

        #[inline(always)]
        fn le(self, a: __m256i, b: __m256i) -> __m256i {
            self.not(self.$less(b, a))
        }

        #[inline(always)]
        fn min(self, a: __m256i, b: __m256i) -> __m256i {
            let less = self.$less(a, b);
            intrinsic!(self, _mm256_blendv_epi8(b, a, less))
        }

        #[inline(always)]
        fn max(self, a: __m256i, b: __m256i) -> __m256i {
            let less = self.$less(a, b);
            intrinsic!(self, _mm256_blendv_epi8(a, b, less))
        }
    };
}

impl Arith<u8> for Avx2 {
    common!(u8);
    via!(mul = mul_8);
    binary!(min = _mm256_min_epu8, max = _mm256_max_epu8, eq = _mm256_cmpeq_epi8);
    unsigned_order!(u8);
    reduce_sum_of_bytes!(u8);
}

impl Arith<i8> for Avx2 {
    common!(i8);
    via!(mul = mul_8);
    binary!(min = _mm256_min_epi8, max = _mm256_max_epi8, eq = _mm256_cmpeq_epi8);
    signed_order!(i8, _mm256_abs_epi8);
    reduce_sum_of_bytes!(i8);
}

impl Arith<u16> for Avx2 {
    common!(u16);
    binary!(mul = _mm256_mullo_epi16, min = _mm256_min_epu16, max = _mm256_max_epu16, eq = _mm256_cmpeq_epi16);
    unsigned_order!(u16);
    reduce_sum_by_folding!(u16);
}

impl Arith<i16> for Avx2 {
    common!(i16);
    binary!(mul = _mm256_mullo_epi16, min = _mm256_min_epi16, max = _mm256_max_epi16, eq = _mm256_cmpeq_epi16);
    signed_order!(i16, _mm256_abs_epi16);
    reduce_sum_by_folding!(i16);
}

impl Arith<u32> for Avx2 {
    common!(u32);
    binary!(mul = _mm256_mullo_epi32, min = _mm256_min_epu32, max = _mm256_max_epu32, eq = _mm256_cmpeq_epi32);
    unsigned_order!(u32);
    reduce_sum_by_folding!(u32);
}

impl Arith<i32> for Avx2 {
    common!(i32);
    binary!(mul = _mm256_mullo_epi32, min = _mm256_min_epi32, max = _mm256_max_epi32, eq = _mm256_cmpeq_epi32);
    signed_order!(i32, _mm256_abs_epi32);
    reduce_sum_by_folding!(i32);
}

impl Arith<u64> for Avx2 {
    common!(u64);
    order_64!(less_u64);
    unsigned!(u64);
    reduce_sum_by_folding!(u64);
}

impl Arith<i64> for Avx2 {
    common!(i64);
    order_64!(less_i64);
    reduce_sum_by_folding!(i64);

    #[inline(always)]
    fn abs(self, a: __m256i) -> __m256i {
        let sign = self.less_i64(a, self.zero());
        self.sub_lanes::<i64>(self.xor(a, sign), sign)
    }
}

/// `rounding_shr` stays at its definition: it is made of these shifts.
macro_rules! integer {
    ($($t:ty: $shl:ident $shr:ident $shl_lanes:ident $shr_lanes:ident, $distance:ident;)*) => {$(
        impl Integer<$t> for Avx2 {
            #[inline(always)]
            fn shl(self, a: __m256i, n: u32) -> __m256i {
                self.$shl(a, n)
            }

            #[inline(always)]
            fn shr(self, a: __m256i, n: u32) -> __m256i {
                self.$shr(a, n)
            }

            via!(shl_lanes = $shl_lanes, shr_lanes = $shr_lanes);

            #[inline(always)]
            fn abs_diff(self, a: __m256i, b: __m256i) -> __m256i {
                $distance!(self, $t, a, b)
            }
        }
    )*};
}

/// One of the two differences is the distance, the other saturates to 0.
macro_rules! from_saturating {
    ($s:ident, $t:ty, $a:ident, $b:ident) => {
        $s.or(Saturating::<$t>::saturating_sub($s, $a, $b), Saturating::<$t>::saturating_sub($s, $b, $a))
    };
}

macro_rules! from_order {
    ($s:ident, $t:ty, $a:ident, $b:ident) => {
        $s.sub_lanes::<$t>(Arith::<$t>::max($s, $a, $b), Arith::<$t>::min($s, $a, $b))
    };
}

/// The difference, negated where `a < b`.
macro_rules! from_comparison {
    ($s:ident, $t:ty, $a:ident, $b:ident) => {{
        let less = Arith::<$t>::lt($s, $a, $b);
        $s.sub_lanes::<$t>($s.xor($s.sub_lanes::<$t>($a, $b), less), less)
    }};
}

integer! {
    u8: shl_8 shr_u8 shl_lanes_8 shr_lanes_u8, from_saturating;
    i8: shl_8 shr_i8 shl_lanes_8 shr_lanes_i8, from_order;
    u16: shl_16 shr_u16 shl_lanes_16 shr_lanes_u16, from_saturating;
    i16: shl_16 shr_i16 shl_lanes_16 shr_lanes_i16, from_order;
    u32: shl_32 shr_u32 shl_lanes_32 shr_lanes_u32, from_order;
    i32: shl_32 shr_i32 shl_lanes_32 shr_lanes_i32, from_order;
    u64: shl_64 shr_u64 shl_lanes_64 shr_lanes_u64, from_comparison;
    i64: shl_64 shr_i64 shl_lanes_64 shr_lanes_i64, from_comparison;
}
