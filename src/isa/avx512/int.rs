//! Shifts and distances.

use super::Avx512;
use super::arch::*;
use crate::isa::{Arith, Integer};

/// What follows from the shifts and the order.
macro_rules! distances {
    ($t:ty) => {
        #[inline(always)]
        fn rounding_shr(self, a: __m512i, n: u32) -> __m512i {
            if n == 0 {
                return a;
            }
            // (v + 1) >> 1 without overflow.
            let v = Integer::<$t>::shr(self, a, n - 1);
            Arith::<$t>::sub(self, v, Integer::<$t>::shr(self, v, 1))
        }

        #[inline(always)]
        fn abs_diff(self, a: __m512i, b: __m512i) -> __m512i {
            Arith::<$t>::sub(self, Arith::<$t>::max(self, a, b), Arith::<$t>::min(self, a, b))
        }
    };
}

/// 16, 32 and 64 bits: the instructions shift out everything from the width on.
macro_rules! shifts {
    ($($t:ty: $shl:ident $shr:ident $shl_lanes:ident $shr_lanes:ident;)*) => {$(
        impl Integer<$t> for Avx512 {
            #[inline(always)]
            fn shl(self, a: __m512i, n: u32) -> __m512i {
                intrinsic!(self, $shl(a, _mm_cvtsi32_si128(n as i32)))
            }

            #[inline(always)]
            fn shr(self, a: __m512i, n: u32) -> __m512i {
                intrinsic!(self, $shr(a, _mm_cvtsi32_si128(n as i32)))
            }

            methods! {
                shl_lanes(a, n) = $shl_lanes;
                shr_lanes(a, n) = $shr_lanes;
            }
            distances!($t);
        }
    )*};
}
shifts! {
    u16: _mm512_sll_epi16 _mm512_srl_epi16 _mm512_sllv_epi16 _mm512_srlv_epi16;
    i16: _mm512_sll_epi16 _mm512_sra_epi16 _mm512_sllv_epi16 _mm512_srav_epi16;
    u32: _mm512_sll_epi32 _mm512_srl_epi32 _mm512_sllv_epi32 _mm512_srlv_epi32;
    i32: _mm512_sll_epi32 _mm512_sra_epi32 _mm512_sllv_epi32 _mm512_srav_epi32;
    u64: _mm512_sll_epi64 _mm512_srl_epi64 _mm512_sllv_epi64 _mm512_srlv_epi64;
    i64: _mm512_sll_epi64 _mm512_sra_epi64 _mm512_sllv_epi64 _mm512_srav_epi64;
}

/// Every shift of a byte as a matrix of bits: byte `7 - i` has the bit that bit `i` of the result takes.
const LEFT: [u64; 9] = matrices(true, false);
const RIGHT: [u64; 9] = matrices(false, false);
const RIGHT_SIGNED: [u64; 9] = matrices(false, true);

const fn matrices(left: bool, signed: bool) -> [u64; 9] {
    let (mut all, mut n) = ([0; 9], 0);
    while n < 9 {
        let mut bit = 0;
        while bit < 8 {
            let from = if left { bit - n } else { bit + n };
            let from = if signed && from > 7 { 7 } else { from };
            if 0 <= from && from < 8 {
                all[n as usize] |= 1 << (8 * (7 - bit) + from);
            }
            bit += 1;
        }
        n += 1_i32;
    }
    all
}

impl Avx512 {
    /// The shift by `n` of `matrices`: one instruction, where 16-bit shifts and masks are two to four.
    #[inline(always)]
    fn shift_bytes(self, a: __m512i, matrices: &[u64; 9], n: u32) -> __m512i {
        intrinsic!(self, _mm512_gf2p8affine_epi64_epi8::<0>(a, _mm512_set1_epi64(matrices[n.min(8) as usize] as i64)))
    }
}

/// Shifts of bytes by counts of their own: the even and the odd ones in 16 bits.
macro_rules! shl_bytes {
    () => {
        #[inline(always)]
        fn shl_lanes(self, a: __m512i, n: __m512i) -> __m512i {
            intrinsic!(self, {
                let low = _mm512_set1_epi16(0xff);
                let even = _mm512_sllv_epi16(a, _mm512_and_si512(n, low));
                let odd = _mm512_sllv_epi16(_mm512_andnot_si512(low, a), _mm512_srli_epi16::<8>(n));
                // (even & low) | odd
                _mm512_ternarylogic_epi64::<0xea>(even, low, odd)
            })
        }
    };
}

impl Integer<u8> for Avx512 {
    #[inline(always)]
    fn shl(self, a: __m512i, n: u32) -> __m512i {
        self.shift_bytes(a, &LEFT, n)
    }

    #[inline(always)]
    fn shr(self, a: __m512i, n: u32) -> __m512i {
        self.shift_bytes(a, &RIGHT, n)
    }

    shl_bytes!();

    #[inline(always)]
    fn shr_lanes(self, a: __m512i, n: __m512i) -> __m512i {
        intrinsic!(self, {
            let low = _mm512_set1_epi16(0xff);
            let even = _mm512_srlv_epi16(_mm512_and_si512(a, low), _mm512_and_si512(n, low));
            let odd = _mm512_srlv_epi16(a, _mm512_srli_epi16::<8>(n));
            // even | (odd & !low)
            _mm512_ternarylogic_epi64::<0xf4>(even, odd, low)
        })
    }

    distances!(u8);
}

impl Integer<i8> for Avx512 {
    #[inline(always)]
    fn shl(self, a: __m512i, n: u32) -> __m512i {
        self.shift_bytes(a, &LEFT, n)
    }

    #[inline(always)]
    fn shr(self, a: __m512i, n: u32) -> __m512i {
        self.shift_bytes(a, &RIGHT_SIGNED, n)
    }

    shl_bytes!();

    #[inline(always)]
    fn shr_lanes(self, a: __m512i, n: __m512i) -> __m512i {
        intrinsic!(self, {
            let low = _mm512_set1_epi16(0xff);
            let even = _mm512_srav_epi16(_mm512_slli_epi16::<8>(a), _mm512_and_si512(n, low));
            let odd = _mm512_srav_epi16(a, _mm512_srli_epi16::<8>(n));
            // even | (odd & !low)
            _mm512_ternarylogic_epi64::<0xf4>(_mm512_srli_epi16::<8>(even), odd, low)
        })
    }

    distances!(i8);
}
