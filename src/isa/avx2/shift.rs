//! Shifts by one count and by a count per lane; the widths that x86 lacks are made of their neighbours.

use super::*;

/// The count in the form of the shift instructions, which take any number.
#[inline(always)]
fn count(s: Avx2, n: u32) -> __m128i {
    intrinsic!(s, _mm_cvtsi32_si128(n as i32))
}

/// Shifts by one count that are one instruction.
macro_rules! uniform {
    ($($name:ident = $f:ident;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(self, a: __m256i, n: u32) -> __m256i {
            intrinsic!(self, $f(a, count(self, n)))
        }
    )*};
}

/// Shifts by a count per lane that are one instruction.
macro_rules! by_lane {
    ($($name:ident = $f:ident;)*) => {$(
        #[inline(always)]
        pub(super) fn $name(self, a: __m256i, n: __m256i) -> __m256i {
            intrinsic!(self, $f(a, n))
        }
    )*};
}

impl Avx2 {
    #[inline(always)]
    pub(super) fn shl_8(self, a: __m256i, n: u32) -> __m256i {
        let keep = 0xffu8.checked_shl(n.min(8)).unwrap_or(0);
        intrinsic!(self, _mm256_and_si256(_mm256_sll_epi16(a, count(self, n)), _mm256_set1_epi8(keep as i8)))
    }

    #[inline(always)]
    pub(super) fn shr_u8(self, a: __m256i, n: u32) -> __m256i {
        let keep = 0xffu8.checked_shr(n).unwrap_or(0);
        intrinsic!(self, _mm256_and_si256(_mm256_srl_epi16(a, count(self, n)), _mm256_set1_epi8(keep as i8)))
    }

    #[inline(always)]
    pub(super) fn shr_i8(self, a: __m256i, n: u32) -> __m256i {
        let sign = intrinsic!(self, _mm256_cmpgt_epi8(_mm256_setzero_si256(), a));
        self.xor(self.shr_u8(self.xor(a, sign), n), sign)
    }

    uniform! {
        shl_16 = _mm256_sll_epi16;
        shr_u16 = _mm256_srl_epi16;
        shr_i16 = _mm256_sra_epi16;
        shl_32 = _mm256_sll_epi32;
        shr_u32 = _mm256_srl_epi32;
        shr_i32 = _mm256_sra_epi32;
        shl_64 = _mm256_sll_epi64;
        shr_u64 = _mm256_srl_epi64;
    }

    #[inline(always)]
    pub(super) fn shr_i64(self, a: __m256i, n: u32) -> __m256i {
        let sign = intrinsic!(self, _mm256_cmpgt_epi64(_mm256_setzero_si256(), a));
        self.xor(self.shr_u64(self.xor(a, sign), n), sign)
    }

    /// The product with a power of two; `[1, 2, 4, ...]` where the count is below 8, else 0.
    #[inline(always)]
    pub(super) fn shl_lanes_8(self, a: __m256i, n: __m256i) -> __m256i {
        let power = self.power_of_two(n, [1, 2, 4, 8, 16, 32, 64, 128, 0, 0, 0, 0, 0, 0, 0, 0]);
        self.mul_8(a, power)
    }

    /// `a * 2^(7 - n) >> 7`
    #[inline(always)]
    pub(super) fn shr_lanes_u8(self, a: __m256i, n: __m256i) -> __m256i {
        let power = self.power_of_two(n, [128, 64, 32, 16, 8, 4, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
        intrinsic!(self, {
            let low = _mm256_set1_epi16(0xff);
            let even = _mm256_mullo_epi16(_mm256_and_si256(a, low), _mm256_and_si256(power, low));
            let odd = _mm256_mullo_epi16(_mm256_srli_epi16::<8>(a), _mm256_srli_epi16::<8>(power));
            let odd = _mm256_andnot_si256(low, _mm256_slli_epi16::<1>(odd));
            _mm256_or_si256(_mm256_srli_epi16::<7>(even), odd)
        })
    }

    #[inline(always)]
    pub(super) fn shr_lanes_i8(self, a: __m256i, n: __m256i) -> __m256i {
        let sign = intrinsic!(self, _mm256_cmpgt_epi8(_mm256_setzero_si256(), a));
        self.xor(self.shr_lanes_u8(self.xor(a, sign), n), sign)
    }

    #[inline(always)]
    fn power_of_two(self, n: __m256i, powers: [u8; 16]) -> __m256i {
        intrinsic!(self, {
            let powers = _mm256_broadcastsi128_si256(bytemuck::cast(powers));
            _mm256_shuffle_epi8(powers, _mm256_min_epu8(n, _mm256_set1_epi8(8)))
        })
    }

    // 16-bit lanes in pairs of 32 bits: the upper one stays where it is, the lower one moves by itself.

    #[inline(always)]
    pub(super) fn shl_lanes_16(self, a: __m256i, n: __m256i) -> __m256i {
        intrinsic!(self, {
            let low = _mm256_set1_epi32(0xffff);
            let odd = _mm256_sllv_epi32(_mm256_andnot_si256(low, a), _mm256_srli_epi32::<16>(n));
            let even = _mm256_sllv_epi32(a, _mm256_and_si256(n, low));
            _mm256_blend_epi16::<0xaa>(even, odd)
        })
    }

    #[inline(always)]
    pub(super) fn shr_lanes_u16(self, a: __m256i, n: __m256i) -> __m256i {
        intrinsic!(self, {
            let low = _mm256_set1_epi32(0xffff);
            let odd = _mm256_srlv_epi32(a, _mm256_srli_epi32::<16>(n));
            let even = _mm256_srlv_epi32(_mm256_and_si256(a, low), _mm256_and_si256(n, low));
            _mm256_blend_epi16::<0xaa>(even, odd)
        })
    }

    #[inline(always)]
    pub(super) fn shr_lanes_i16(self, a: __m256i, n: __m256i) -> __m256i {
        intrinsic!(self, {
            let low = _mm256_set1_epi32(0xffff);
            let odd = _mm256_srav_epi32(a, _mm256_srli_epi32::<16>(n));
            let even = _mm256_srav_epi32(_mm256_slli_epi32::<16>(a), _mm256_and_si256(n, low));
            _mm256_blend_epi16::<0xaa>(_mm256_srli_epi32::<16>(even), odd)
        })
    }

    by_lane! {
        shl_lanes_32 = _mm256_sllv_epi32;
        shr_lanes_u32 = _mm256_srlv_epi32;
        shr_lanes_i32 = _mm256_srav_epi32;
        shl_lanes_64 = _mm256_sllv_epi64;
        shr_lanes_u64 = _mm256_srlv_epi64;
    }

    #[inline(always)]
    pub(super) fn shr_lanes_i64(self, a: __m256i, n: __m256i) -> __m256i {
        let sign = intrinsic!(self, _mm256_cmpgt_epi64(_mm256_setzero_si256(), a));
        self.xor(self.shr_lanes_u64(self.xor(a, sign), n), sign)
    }
}
