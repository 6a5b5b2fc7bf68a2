//! AVX2: 256-bit registers, on Intel since Haswell (2013) and on AMD since Excavator (2015).
//!
//! Most instructions work within the two halves of 128 bits; where the contract wants memory order, a permutation
//! across the halves stands at the one place where it is needed least often.

#[cfg(target_arch = "x86")]
use core::arch::x86 as arch;
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64 as arch;

mod bits;
mod bytes;
mod convert;
mod float;
mod integer;
mod interleave;
mod moves;
mod narrow;
mod partial;
mod saturating;
mod shift;
mod table;
mod width;

use crate::cpu::Isa;
use crate::isa::shape::shapes;
use crate::isa::{Products, Registers};
use arch::*;

/// The CPU has AVX2, FMA, F16C, BMI1, BMI2, LZCNT, MOVBE and POPCNT; a register has 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Avx2(());

crate::isa::token!(Avx2);

/// Evaluates an expression of intrinsics without pointers: `self` proves that the CPU has them.
macro_rules! intrinsic {
    ($token:ident, $e:expr) => {{
        let _: $crate::isa::avx2::Avx2 = $token;
        // SAFETY: an `Avx2` exists only where the CPU has all the instruction sets that it names.
        unsafe { $e }
    }};
}
use intrinsic;

/// Methods of two registers that are one intrinsic each: `add = _mm256_add_epi8`.
macro_rules! binary {
    ($($name:ident = $f:ident),* $(,)?) => {$(
        #[inline(always)]
        fn $name(self, a: __m256i, b: __m256i) -> __m256i {
            intrinsic!(self, $f(a, b))
        }
    )*};
}
use binary;

impl Registers for Avx2 {
    type Reg = __m256i;
    type Mask = __m256i;
    const ISA: Isa = Isa::Avx2;
    const PRODUCTS: Products = Products::Bytes;
    const FAST_FMA: bool = true;

    binary!(and = _mm256_and_si256, or = _mm256_or_si256, xor = _mm256_xor_si256);

    #[inline(always)]
    fn not(self, a: __m256i) -> __m256i {
        intrinsic!(self, _mm256_xor_si256(a, _mm256_set1_epi8(-1)))
    }

    #[inline(always)]
    fn and_not(self, a: __m256i, b: __m256i) -> __m256i {
        intrinsic!(self, _mm256_andnot_si256(b, a))
    }

    #[inline(always)]
    fn prefetch(self, bytes: &[u8]) {
        // SAFETY: AVX2 implies SSE; a prefetch is a hint that faults at no address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    fn stream_store(self, a: __m256i, dst: &mut [u8]) {
        let dst = &mut dst[..32];
        if dst.as_ptr().cast::<__m256i>().is_aligned() {
            // SAFETY: the CPU has AVX; the slice has 32 bytes and is aligned to them.
            unsafe { _mm256_stream_si256(dst.as_mut_ptr().cast(), a) }
        } else {
            dst.copy_from_slice(bytemuck::bytes_of(&a));
        }
    }

    #[inline(always)]
    fn fence(self) {
        intrinsic!(self, _mm_sfence());
    }
}

shapes!(Avx2, 32);

/// The halves of a register, low one first.
#[inline(always)]
fn halves(a: __m256i) -> [__m128i; 2] {
    bytemuck::cast(a)
}

/// The register of two halves.
#[inline(always)]
fn join(lo: __m128i, hi: __m128i) -> __m256i {
    bytemuck::cast([lo, hi])
}

/// The register with these bytes.
#[inline(always)]
fn bytes(a: [u8; 32]) -> __m256i {
    bytemuck::cast(a)
}

/// The register read as f32.
#[inline(always)]
fn ps(a: __m256i) -> __m256 {
    bytemuck::cast(a)
}

/// The register read as f64.
#[inline(always)]
fn pd(a: __m256i) -> __m256d {
    bytemuck::cast(a)
}

/// The register of f32 lanes.
#[inline(always)]
fn from_ps(a: __m256) -> __m256i {
    bytemuck::cast(a)
}

/// The register of f64 lanes.
#[inline(always)]
fn from_pd(a: __m256d) -> __m256i {
    bytemuck::cast(a)
}

crate::isa::complete!(impl[] Avx2);
