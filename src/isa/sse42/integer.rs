//! Shifts, distances and saturating arithmetic of integers. `rounding_shr` stays a sum of two shifts.

use super::arch::*;
use super::{Sse42, intrinsic, lanes, methods, shuffle};
use crate::isa::{Arith, Integer, Registers, Saturating, Width};

/// A shift of all lanes by one number; the instruction has the contract's answer from the width on.
macro_rules! shifts {
    ($($name:ident = $f:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, a: __m128i, n: u32) -> __m128i {
            intrinsic!(self, $f(a, _mm_cvtsi32_si128(n as i32)))
        }
    )*};
}

/// Methods that are a function of this file.
macro_rules! helpers {
    ($($name:ident($a:ident, $b:ident: $t:ty) = $f:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, $a: __m128i, $b: $t) -> __m128i {
            $f(self, $a, $b)
        }
    )*};
}

/// An arithmetic shift of each lane by the logical one: on the complement of the negative lanes, and back.
macro_rules! shr_lanes_by {
    ($logical:ident, $gt:ident) => {
        #[inline(always)]
        fn shr_lanes(self, a: __m128i, n: __m128i) -> __m128i {
            let sign = intrinsic!(self, $gt(_mm_setzero_si128(), a));
            self.xor($logical(self, self.xor(a, sign), n), sign)
        }
    };
}

/// The distance as the larger minus the smaller.
macro_rules! abs_diff_by {
    ($sub:ident $max:ident $min:ident) => {
        #[inline(always)]
        fn abs_diff(self, a: __m128i, b: __m128i) -> __m128i {
            intrinsic!(self, $sub($max(a, b), $min(a, b)))
        }
    };
    // The one of the two saturating differences that is not 0.
    ($saturating_sub:ident) => {
        #[inline(always)]
        fn abs_diff(self, a: __m128i, b: __m128i) -> __m128i {
            intrinsic!(self, _mm_or_si128($saturating_sub(a, b), $saturating_sub(b, a)))
        }
    };
}

macro_rules! abs_diff_64 {
    ($t:ty) => {
        #[inline(always)]
        fn abs_diff(self, a: __m128i, b: __m128i) -> __m128i {
            let less = Arith::<$t>::lt(self, a, b);
            intrinsic!(self, _mm_sub_epi64(_mm_xor_si128(_mm_sub_epi64(a, b), less), less))
        }
    };
}

impl Integer<u8> for Sse42 {
    helpers! {
        shl(a, n: u32) = shl_8;
        shr(a, n: u32) = shr_8;
        shl_lanes(a, n: __m128i) = shl_lanes_8;
        shr_lanes(a, n: __m128i) = shr_lanes_8;
    }
    abs_diff_by!(_mm_subs_epu8);
}

impl Integer<i8> for Sse42 {
    helpers! {
        shl(a, n: u32) = shl_8;
        shl_lanes(a, n: __m128i) = shl_lanes_8;
    }

    #[inline(always)]
    fn shr(self, a: __m128i, n: u32) -> __m128i {
        // Where the sign went, less what the bits above it must be.
        let n = n.min(7);
        let sign = Width::<u8>::splat_bits(self, 0x80 >> n);
        let logical = shr_8(self, a, n);
        intrinsic!(self, _mm_sub_epi8(_mm_xor_si128(logical, sign), sign))
    }

    shr_lanes_by!(shr_lanes_8, _mm_cmpgt_epi8);
    abs_diff_by!(_mm_sub_epi8 _mm_max_epi8 _mm_min_epi8);
}

impl Integer<u16> for Sse42 {
    shifts! {
        shl = _mm_sll_epi16;
        shr = _mm_srl_epi16;
    }
    helpers! {
        shl_lanes(a, n: __m128i) = shl_lanes_16;
        shr_lanes(a, n: __m128i) = shr_lanes_16;
    }
    abs_diff_by!(_mm_subs_epu16);
}

impl Integer<i16> for Sse42 {
    shifts! {
        shl = _mm_sll_epi16;
        shr = _mm_sra_epi16;
    }
    helpers! { shl_lanes(a, n: __m128i) = shl_lanes_16; }
    shr_lanes_by!(shr_lanes_16, _mm_cmpgt_epi16);
    abs_diff_by!(_mm_sub_epi16 _mm_max_epi16 _mm_min_epi16);
}

/// Four shifts, each by one lane's number, and the lane of each that is right.
macro_rules! shift_words {
    ($name:ident = $f:ident) => {
        #[inline(always)]
        fn $name(self, a: __m128i, n: __m128i) -> __m128i {
            intrinsic!(self, {
                // The instruction reads 64 bits of its count.
                let (n0, n1) = (_mm_cvtepu32_epi64(n), _mm_srli_epi64::<32>(n));
                let (n2, n3) = (_mm_unpackhi_epi32(n, _mm_setzero_si128()), _mm_srli_si128::<12>(n));
                let (a0, a1, a2, a3) = ($f(a, n0), $f(a, n1), $f(a, n2), $f(a, n3));
                _mm_blend_epi16::<0xcc>(_mm_blend_epi16::<0xf0>(a0, a2), _mm_blend_epi16::<0xf0>(a1, a3))
            })
        }
    };
}

impl Integer<u32> for Sse42 {
    shifts! {
        shl = _mm_sll_epi32;
        shr = _mm_srl_epi32;
    }
    shift_words!(shl_lanes = _mm_sll_epi32);
    shift_words!(shr_lanes = _mm_srl_epi32);
    abs_diff_by!(_mm_sub_epi32 _mm_max_epu32 _mm_min_epu32);
}

impl Integer<i32> for Sse42 {
    shifts! {
        shl = _mm_sll_epi32;
        shr = _mm_sra_epi32;
    }
    shift_words!(shl_lanes = _mm_sll_epi32);
    shift_words!(shr_lanes = _mm_sra_epi32);
    abs_diff_by!(_mm_sub_epi32 _mm_max_epi32 _mm_min_epi32);
}

impl Integer<u64> for Sse42 {
    shifts! {
        shl = _mm_sll_epi64;
        shr = _mm_srl_epi64;
    }
    helpers! {
        shl_lanes(a, n: __m128i) = shl_lanes_64;
        shr_lanes(a, n: __m128i) = shr_lanes_64;
    }
    abs_diff_64!(u64);
}

impl Integer<i64> for Sse42 {
    shifts! { shl = _mm_sll_epi64; }

    #[inline(always)]
    fn shr(self, a: __m128i, n: u32) -> __m128i {
        // Where the sign went, less what the bits above it must be.
        intrinsic!(self, {
            let n = _mm_cvtsi32_si128(n.min(63) as i32);
            let sign = _mm_srl_epi64(lanes([1u64 << 63; 2]), n);
            _mm_sub_epi64(_mm_xor_si128(_mm_srl_epi64(a, n), sign), sign)
        })
    }

    helpers! { shl_lanes(a, n: __m128i) = shl_lanes_64; }
    shr_lanes_by!(shr_lanes_64, _mm_cmpgt_epi64);
    abs_diff_64!(i64);
}

#[inline(always)]
fn shl_8(sse: Sse42, a: __m128i, n: u32) -> __m128i {
    let stay = Width::<u8>::splat_bits(sse, (0xffu32 << n.min(8)) as u8);
    intrinsic!(sse, _mm_and_si128(_mm_sll_epi16(a, _mm_cvtsi32_si128(n as i32)), stay))
}

#[inline(always)]
fn shr_8(sse: Sse42, a: __m128i, n: u32) -> __m128i {
    let stay = Width::<u8>::splat_bits(sse, (0xffu32 >> n.min(8)) as u8);
    intrinsic!(sse, _mm_and_si128(_mm_srl_epi16(a, _mm_cvtsi32_si128(n as i32)), stay))
}

// Shifts of each 8- or 16-bit lane by its own number are products with powers of two, which a byte shuffle looks up.

/// 1, 2, ..., 128, then 0.
#[inline(always)]
fn powers() -> __m128i {
    lanes([0x8040_2010_0804_0201u64, 0])
}

#[inline(always)]
fn shl_lanes_8(sse: Sse42, a: __m128i, n: __m128i) -> __m128i {
    Arith::<u8>::mul(sse, a, shuffle::permute_bytes(sse, powers(), n))
}

#[inline(always)]
fn shr_lanes_8(sse: Sse42, a: __m128i, n: __m128i) -> __m128i {
    // `(a * 2^(7 - n)) >> 7`, in 16 bits.
    let factor = shuffle::permute_bytes(sse, lanes([0x0102_0408_1020_4080u64, 0]), n);
    intrinsic!(sse, {
        let low = lanes([0xffu16; 8]);
        let even = _mm_mullo_epi16(_mm_and_si128(a, low), _mm_and_si128(factor, low));
        let odd = _mm_mullo_epi16(_mm_srli_epi16::<8>(a), _mm_srli_epi16::<8>(factor));
        _mm_or_si128(_mm_srli_epi16::<7>(even), _mm_andnot_si128(low, _mm_slli_epi16::<1>(odd)))
    })
}

/// `2^n` for lanes from 0 to 16; `2^16` is 0.
#[inline(always)]
fn power_16(sse: Sse42, n: __m128i) -> __m128i {
    intrinsic!(sse, {
        // Bytes n and n - 8 look up the low and the high byte; 0x70 keeps n - 8 below 8 at an entry that is 0, and
        // sets the bit which gives 0 when n is 16.
        let idx = _mm_add_epi8(_mm_or_si128(n, _mm_slli_epi16::<8>(n)), lanes([0x6870u16; 8]));
        _mm_shuffle_epi8(powers(), idx)
    })
}

#[inline(always)]
fn shl_lanes_16(sse: Sse42, a: __m128i, n: __m128i) -> __m128i {
    let n = intrinsic!(sse, _mm_min_epu16(n, lanes([16u16; 8])));
    let power = power_16(sse, n);
    intrinsic!(sse, _mm_mullo_epi16(a, power))
}

#[inline(always)]
fn shr_lanes_16(sse: Sse42, a: __m128i, n: __m128i) -> __m128i {
    // The high half of `a * 2^(16 - n)`, which a lane cannot hold for n = 0.
    let complement = intrinsic!(sse, _mm_sub_epi16(lanes([16u16; 8]), _mm_min_epu16(n, lanes([16u16; 8]))));
    let power = power_16(sse, complement);
    intrinsic!(sse, {
        let unmoved = _mm_and_si128(a, _mm_cmpeq_epi16(n, _mm_setzero_si128()));
        _mm_or_si128(_mm_mulhi_epu16(a, power), unmoved)
    })
}

#[inline(always)]
fn shl_lanes_64(sse: Sse42, a: __m128i, n: __m128i) -> __m128i {
    intrinsic!(sse, _mm_blend_epi16::<0xf0>(_mm_sll_epi64(a, n), _mm_sll_epi64(a, _mm_unpackhi_epi64(n, n))))
}

#[inline(always)]
fn shr_lanes_64(sse: Sse42, a: __m128i, n: __m128i) -> __m128i {
    intrinsic!(sse, _mm_blend_epi16::<0xf0>(_mm_srl_epi64(a, n), _mm_srl_epi64(a, _mm_unpackhi_epi64(n, n))))
}

macro_rules! saturating {
    ($($t:ty: $add:ident $sub:ident;)*) => {$(
        impl Saturating<$t> for Sse42 {
            methods! {
                saturating_add(a, b) = $add;
                saturating_sub(a, b) = $sub;
            }
        }
    )*};
}
saturating! {
    u8: _mm_adds_epu8 _mm_subs_epu8;
    i8: _mm_adds_epi8 _mm_subs_epi8;
    u16: _mm_adds_epu16 _mm_subs_epu16;
    i16: _mm_adds_epi16 _mm_subs_epi16;
}

impl Saturating<u32> for Sse42 {
    #[inline(always)]
    fn saturating_add(self, a: __m128i, b: __m128i) -> __m128i {
        // No more than what `a` is short of the largest number.
        let room = self.not(a);
        intrinsic!(self, _mm_add_epi32(a, _mm_min_epu32(b, room)))
    }

    #[inline(always)]
    fn saturating_sub(self, a: __m128i, b: __m128i) -> __m128i {
        intrinsic!(self, _mm_sub_epi32(_mm_max_epu32(a, b), b))
    }
}

impl Saturating<i32> for Sse42 {
    #[inline(always)]
    fn saturating_add(self, a: __m128i, b: __m128i) -> __m128i {
        intrinsic!(self, {
            let sum = _mm_add_epi32(a, b);
            // Operands of one sign, a sum of the other.
            clamp_overflow(self, a, sum, _mm_andnot_si128(_mm_xor_si128(a, b), _mm_xor_si128(a, sum)))
        })
    }

    #[inline(always)]
    fn saturating_sub(self, a: __m128i, b: __m128i) -> __m128i {
        intrinsic!(self, {
            let difference = _mm_sub_epi32(a, b);
            // Operands of two signs, a difference of the second.
            clamp_overflow(self, a, difference, _mm_and_si128(_mm_xor_si128(a, b), _mm_xor_si128(a, difference)))
        })
    }
}

/// `result`, but the extreme number with the sign of `a` where the sign bit of `overflow` is set.
#[inline(always)]
fn clamp_overflow(sse: Sse42, a: __m128i, result: __m128i, overflow: __m128i) -> __m128i {
    intrinsic!(sse, {
        let extreme = _mm_xor_si128(_mm_srai_epi32::<31>(a), lanes([i32::MAX; 4]));
        _mm_castps_si128(_mm_blendv_ps(_mm_castsi128_ps(result), _mm_castsi128_ps(extreme), _mm_castsi128_ps(overflow)))
    })
}
