//! x86 with AVX-512 as in Ice Lake and Zen 4: 512-bit registers, masks of one bit per lane.

#[cfg(target_arch = "x86")]
use core::arch::x86 as arch;
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64 as arch;

use crate::cpu::Isa;
use crate::isa::Registers;
use crate::isa::shape::shapes;
use arch::*;
use bytemuck::Pod;

/// An expression of intrinsics that need nothing but the instruction set.
macro_rules! intrinsic {
    ($token:expr, $e:expr) => {{
        let _: $crate::isa::avx512::Avx512 = $token;
        // SAFETY: the token above exists only if the CPU has every part of AVX-512 that its documentation lists.
        unsafe { $e }
    }};
}

/// Methods of one intrinsic each: `name(operands) = intrinsic`, the operands and the result registers.
macro_rules! methods {
    ($($name:ident($($a:ident),*) = $f:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, $($a: __m512i),*) -> __m512i {
            intrinsic!(self, $f($($a),*))
        }
    )*};
}

/// Comparisons of one intrinsic each.
macro_rules! comparisons {
    ($($name:ident = $f:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, a: __m512i, b: __m512i) -> u64 {
            intrinsic!(self, u64::from($f(a, b)))
        }
    )*};
}

/// A constant array, made by an expression of the index: `table!(u8, 64; i => 63 - i)`.
macro_rules! table {
    ($t:ty, $n:expr; $i:ident => $e:expr) => {{
        let mut table = [0 as $t; $n];
        let mut $i: usize = 0;
        while $i < $n {
            table[$i] = ($e) as $t;
            $i += 1;
        }
        table
    }};
}

mod arith;
mod bytes;
mod convert;
mod float;
mod int;
mod order;
mod square;
mod width;

/// x86 with AVX-512 F, BW, CD, DQ, VL, IFMA, VBMI, VBMI2, VNNI, BITALG and VPOPCNTDQ, with GFNI, VAES and VPCLMULQDQ, and
/// with all that AVX2 has: 512-bit registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Avx512(());

crate::isa::token!(Avx512);

impl Registers for Avx512 {
    type Reg = __m512i;
    type Mask = u64;
    const ISA: Isa = Isa::Avx512;
    const REGISTERS: usize = 32;
    const FAST_FMA: bool = true;

    methods! {
        and(a, b) = _mm512_and_si512;
        or(a, b) = _mm512_or_si512;
        xor(a, b) = _mm512_xor_si512;
    }

    #[inline(always)]
    fn not(self, a: __m512i) -> __m512i {
        intrinsic!(self, _mm512_ternarylogic_epi64::<0x55>(a, a, a))
    }

    #[inline(always)]
    fn and_not(self, a: __m512i, b: __m512i) -> __m512i {
        intrinsic!(self, _mm512_andnot_si512(b, a))
    }

    #[inline(always)]
    fn prefetch(self, bytes: &[u8]) {
        // SAFETY: a prefetch may have any address, and the token proves SSE.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    fn stream_store(self, a: __m512i, dst: &mut [u8]) {
        let dst = &mut dst[..64];
        if dst.as_ptr().addr().is_multiple_of(64) {
            // SAFETY: `dst` has 64 bytes and is aligned to 64, and the token proves AVX-512.
            unsafe { _mm512_stream_si512(dst.as_mut_ptr().cast(), a) }
        } else {
            dst.copy_from_slice(bytemuck::bytes_of(&a));
        }
    }

    #[inline(always)]
    fn fence(self) {
        intrinsic!(self, _mm_sfence());
    }
}

shapes!(Avx512, 64);

crate::isa::complete!(impl[] Avx512);

/// A register of these lanes; a constant is loaded from memory.
#[inline(always)]
fn lanes<A: Pod>(lanes: A) -> __m512i {
    bytemuck::cast(lanes)
}

impl Avx512 {
    /// The lower 256 bits.
    #[inline(always)]
    fn low(self, a: __m512i) -> __m256i {
        intrinsic!(self, _mm512_castsi512_si256(a))
    }

    /// The upper 256 bits.
    #[inline(always)]
    fn high(self, a: __m512i) -> __m256i {
        intrinsic!(self, _mm512_extracti64x4_epi64::<1>(a))
    }

    /// Both halves of a register.
    #[inline(always)]
    fn join(self, low: __m256i, high: __m256i) -> __m512i {
        intrinsic!(self, _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high))
    }

    /// Byte `i` is `a[order[i]]`. One uop for any lanes, where `vpermw` takes two on Intel.
    #[inline(always)]
    fn reorder(self, a: __m512i, order: [u8; 64]) -> __m512i {
        intrinsic!(self, _mm512_permutexvar_epi8(lanes(order), a))
    }

    /// [`Avx512::reorder`], 0 in the bytes that `keep` leaves out.
    #[inline(always)]
    fn spread(self, a: __m512i, order: [u8; 64], keep: u64) -> __m512i {
        intrinsic!(self, _mm512_maskz_permutexvar_epi8(keep, lanes(order), a))
    }
}
