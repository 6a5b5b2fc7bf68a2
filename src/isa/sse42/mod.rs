//! x86 with SSE4.2 and POPCNT: 128-bit registers, masks of all-ones lanes.

#[cfg(target_arch = "x86")]
use core::arch::x86 as arch;
#[cfg(target_arch = "x86_64")]
use core::arch::x86_64 as arch;

mod arith;
mod bits;
mod bytes;
mod convert;
mod float;
mod integer;
mod number;
mod shuffle;
mod width;
mod words;

use crate::cpu::Isa;
use crate::isa::avx2::Avx2;
use crate::isa::avx512::Avx512;
use crate::isa::shape::shapes;
use crate::isa::{Products, Registers};
use arch::*;
use bytemuck::Pod;

/// x86 with SSE4.2 and POPCNT: 128-bit registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sse42(());

crate::isa::token!(Sse42);

/// Every CPU that is detected as having AVX2 has SSE4.2 and POPCNT.
impl From<Avx2> for Sse42 {
    #[inline(always)]
    fn from(_: Avx2) -> Self {
        Sse42(())
    }
}

/// Every CPU that is detected as having AVX-512 has SSE4.2 and POPCNT.
impl From<Avx512> for Sse42 {
    #[inline(always)]
    fn from(_: Avx512) -> Self {
        Sse42(())
    }
}

/// An expression of intrinsics that need nothing but the instruction set.
macro_rules! intrinsic {
    ($sse:expr, $e:expr) => {{
        let _: $crate::isa::sse42::Sse42 = $sse;
        // SAFETY: the token above exists only if the CPU has SSE4.2.
        unsafe { $e }
    }};
}
use intrinsic;

/// Methods of one intrinsic each: `name = intrinsic`, the operands registers.
macro_rules! methods {
    ($($name:ident($($a:ident),*) = $f:ident;)*) => {$(
        #[inline(always)]
        fn $name(self, $($a: __m128i),*) -> __m128i {
            intrinsic!(self, $f($($a),*))
        }
    )*};
}
use methods;

/// A reduction: the upper half of the lanes upon the lower one, until one is left; lanes of 2 bytes or more.
macro_rules! fold {
    ($sse:ident, $t:ty, $op:ident, $a:ident) => {{
        let mut a = $a;
        a = Arith::<$t>::$op($sse, a, intrinsic!($sse, _mm_shuffle_epi32::<0b01_00_11_10>(a)));
        if size_of::<$t>() <= 4 {
            a = Arith::<$t>::$op($sse, a, intrinsic!($sse, _mm_shuffle_epi32::<0b10_11_00_01>(a)));
        }
        if size_of::<$t>() <= 2 {
            a = Arith::<$t>::$op($sse, a, intrinsic!($sse, _mm_srli_epi32::<16>(a)));
        }
        Shape::<$t>::to_array($sse, a)[0]
    }};
}
use fold;

/// A register of these lanes; a constant is loaded from memory.
#[inline(always)]
fn lanes<A: Pod>(lanes: A) -> __m128i {
    bytemuck::cast(lanes)
}

impl Registers for Sse42 {
    type Reg = __m128i;
    type Mask = __m128i;
    const ISA: Isa = Isa::Sse42;
    const PRODUCTS: Products = Products::Bytes;

    methods! {
        and(a, b) = _mm_and_si128;
        or(a, b) = _mm_or_si128;
        xor(a, b) = _mm_xor_si128;
    }

    #[inline(always)]
    fn not(self, a: __m128i) -> __m128i {
        self.xor(a, lanes([u8::MAX; 16]))
    }

    #[inline(always)]
    fn and_not(self, a: __m128i, b: __m128i) -> __m128i {
        intrinsic!(self, _mm_andnot_si128(b, a))
    }

    #[inline(always)]
    fn prefetch(self, bytes: &[u8]) {
        // SAFETY: a prefetch may have any address, and the token proves SSE.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    fn stream_store(self, a: __m128i, dst: &mut [u8]) {
        let dst = &mut dst[..16];
        if dst.as_ptr().addr().is_multiple_of(16) {
            // SAFETY: `dst` has 16 bytes and is aligned to 16, and the token proves SSE2.
            unsafe { _mm_stream_si128(dst.as_mut_ptr().cast(), a) }
        } else {
            dst.copy_from_slice(bytemuck::bytes_of(&a));
        }
    }

    #[inline(always)]
    fn fence(self) {
        intrinsic!(self, _mm_sfence());
    }
}

shapes!(Sse42, 16);
crate::isa::complete!(impl[] Sse42);
