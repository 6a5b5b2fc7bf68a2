//! The contract between lanes and registers: raw operations on one register type.
//!
//! Each instruction set is a zero-sized token (`Avx2`, `Neon`, ...) whose value is the proof that the CPU has it. The
//! traits below say what can be done with its registers. Every method has a default body, and that body is the
//! *definition*: a plain loop over the lanes in memory order, or a few such in a row, which [`Scalar`] runs as it stands.
//! An instruction set replaces a method only by something faster that gives the same bits.
//!
//! Registers carry no element type. `Shape<T>` reads one as an array of `T`; `Bitwise` needs no lanes at all;
//! `Width<B>` moves lanes of one width about; `Arith`, `Integer`, `FloatArith` and the rest compute.

#![allow(clippy::wrong_self_convention, reason = "self is the token, the operands are registers")]

mod contract;
mod define;
mod detect;
mod shape;
mod transpose;
mod weights;

pub mod portable;
pub mod reference;
pub mod scalar;

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub mod avx2;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub mod avx512;
#[cfg(all(target_arch = "aarch64", target_endian = "little", target_feature = "neon"))]
pub mod neon;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub mod sse42;
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
mod x86;

pub use contract::arith::{Arith, FloatArith, Integer, Saturating};
pub use contract::bytes::Bytes;
pub use contract::convert::{Converting, LaneConvert, LaneWiden, Narrowing, Widening};
pub use contract::width::Width;
pub use define::{LaneFloat, LaneInt, LaneNum, LaneWord};
pub use detect::detect;
pub use shape::Shape;

use crate::cpu::Isa;
use bytemuck::Pod;
use core::fmt::Debug;

/// A register computed byte by byte.
macro_rules! bytewise {
    ($a:ident $(, $b:ident)? => $e:expr) => {{
        let mut out = $a;
        let lanes = bytemuck::bytes_of_mut(&mut out).iter_mut();
        $(let other = bytemuck::bytes_of(&$b);)?
        for (_i, lane) in lanes.enumerate() {
            let $a = *lane;
            $(let $b = { let _ = &$b; other[_i] };)?
            *lane = $e;
        }
        out
    }};
}

/// How the products of bytes, four to a sum, cost the least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Products {
    /// `dot_quads`: one instruction of AVX-512. NEON's emulation multiplies before it widens, and in `Scalar` each way is
    /// a loop.
    Quads,
    /// `dot_pairs_saturating`, then `dot_pairs` with ones: three instructions of AVX2 and SSE4.2, right where no sum of two
    /// products leaves 16 bits. (`dot_quads` takes seven.) Elsewhere `Pairs`.
    Bytes,
    /// `dot_pairs`, of bytes in 16 bits.
    Pairs,
}

/// The register of one instruction set, and what needs no knowledge of lanes.
///
/// A value of the implementing type proves that the CPU has the instruction set, so its methods are safe.
pub trait Registers: Copy + Debug + Send + Sync + Unpin + 'static {
    /// One register, as plain bytes.
    type Reg: Pod + Send + Sync + Unpin;
    /// The answer of a comparison: a bit mask, or a register of all-ones lanes, whichever is native.
    type Mask: Copy + Debug + Send + Sync + Unpin + 'static;
    /// The name of the instruction set.
    const ISA: Isa;
    /// Bytes in a register.
    const BYTES: usize = size_of::<Self::Reg>();
    /// How many there are.
    const REGISTERS: usize = 16;
    /// How products of bytes cost the least; each way gives the same integers.
    const PRODUCTS: Products = Products::Quads;
    /// Whether `fma` is an instruction. A kernel may take another way to the same bits where it is not.
    const FAST_FMA: bool = false;

    /// All bits zero.
    #[inline(always)]
    fn zero(self) -> Self::Reg {
        bytemuck::Zeroable::zeroed()
    }

    /// `a & b`
    #[inline(always)]
    fn and(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        bytewise!(a, b => a & b)
    }

    /// `a | b`
    #[inline(always)]
    fn or(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        bytewise!(a, b => a | b)
    }

    /// `a ^ b`
    #[inline(always)]
    fn xor(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        bytewise!(a, b => a ^ b)
    }

    /// `!a`
    #[inline(always)]
    fn not(self, a: Self::Reg) -> Self::Reg {
        bytewise!(a => !a)
    }

    /// `a & !b`
    #[inline(always)]
    fn and_not(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        bytewise!(a, b => a & !b)
    }

    /// Hints that the cache line at the start of `bytes` will be read soon.
    #[inline(always)]
    fn prefetch(self, bytes: &[u8]) {
        let _ = bytes;
    }

    /// Stores to memory that will not be read soon; `dst` holds at least one register. Non-temporal only where `dst`
    /// is aligned to the register; [`Registers::fence`] orders it.
    #[inline(always)]
    fn stream_store(self, a: Self::Reg, dst: &mut [u8]) {
        dst[..Self::BYTES].copy_from_slice(bytemuck::bytes_of(&a));
    }

    /// Orders earlier [`Registers::stream_store`]s before later stores.
    #[inline(always)]
    fn fence(self) {}
}

/// Everything an instruction set must offer; `lanes::Simd` is this list, seen from above.
pub trait Complete:
    Registers
    + Shape<half::f16>
    + Shape<half::bf16>
    + Width<u8>
    + Width<u16>
    + Width<u32>
    + Width<u64>
    + Saturating<u8>
    + Saturating<i8>
    + Saturating<u16>
    + Saturating<i16>
    + Saturating<u32>
    + Saturating<i32>
    + Integer<u64>
    + Integer<i64>
    + FloatArith<f32>
    + FloatArith<f64>
    + Widening<u8>
    + Widening<i8>
    + Widening<u16>
    + Widening<i16>
    + Widening<u32>
    + Widening<i32>
    + Widening<f32>
    + Widening<half::f16>
    + Widening<half::bf16>
    + Narrowing<u16, u8>
    + Narrowing<i16, i8>
    + Narrowing<u16, i8>
    + Narrowing<i16, u8>
    + Narrowing<u32, u16>
    + Narrowing<i32, i16>
    + Narrowing<u32, i16>
    + Narrowing<i32, u16>
    + Narrowing<u64, u32>
    + Narrowing<i64, i32>
    + Narrowing<u64, i32>
    + Narrowing<i64, u32>
    + Converting<f32, i32>
    + Converting<f32, u32>
    + Converting<f64, i64>
    + Converting<f64, u64>
    + Bytes
{
}

/// How a token comes about: by asking the CPU.
#[cfg(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! token {
    ($token:ident) => {
        impl $token {
            /// The proof, if this CPU has the instruction set.
            #[inline]
            #[must_use]
            pub fn detect() -> Option<Self> {
                // SAFETY: the CPU was just found to have it.
                crate::cpu::Isa::$token.is_available().then(|| unsafe { Self::assume() })
            }

            /// The proof on the caller's word.
            ///
            /// # Safety
            /// `Isa::is_available` has said so of this CPU.
            #[inline(always)]
            pub(crate) const unsafe fn assume() -> Self {
                $token(())
            }
        }
    };
}
#[cfg(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64"))]
pub(crate) use token;

/// Leaves families of a token at their definitions: `defaults!(impl[] Avx2; Arith[u64, i64] Bytes[])`.
macro_rules! defaults {
    (impl $g:tt $token:ty; $($family:ident $args:tt)*) => {
        $($crate::isa::defaults!(@ $family $g $token; $args);)*
    };
    (@ Bytes [$($g:tt)*] $token:ty; []) => { impl<$($g)*> $crate::isa::Bytes for $token {} };
    (@ Narrowing $g:tt $token:ty; [$($a:ty => $b:ty),*]) => {
        $($crate::isa::defaults!(@@ Narrowing $g $token; $a, $b);)*
    };
    (@ Converting $g:tt $token:ty; [$($a:ty => $b:ty),*]) => {
        $($crate::isa::defaults!(@@ Converting $g $token; $a, $b);)*
    };
    (@ $family:ident $g:tt $token:ty; [$($a:ty),*]) => {
        $($crate::isa::defaults!(@@ $family $g $token; $a);)*
    };
    (@@ $family:ident [$($g:tt)*] $token:ty; $($a:ty),+) => {
        impl<$($g)*> $crate::isa::$family<$($a),+> for $token {}
    };
}
pub(crate) use defaults;

/// Leaves every family but `Width` of a token at its definition.
macro_rules! all_defaults {
    (impl $g:tt $token:ty) => {
        $crate::isa::defaults!(impl $g $token;
            Arith[u8, i8, u16, i16, u32, i32, u64, i64, f32, f64]
            Integer[u8, i8, u16, i16, u32, i32, u64, i64]
            Saturating[u8, i8, u16, i16, u32, i32]
            FloatArith[f32, f64]
            Widening[u8, i8, u16, i16, u32, i32, f32, half::f16, half::bf16]
            Narrowing[u16 => u8, i16 => i8, u16 => i8, i16 => u8, u32 => u16, i32 => i16, u32 => i16, i32 => u16,
                u64 => u32, i64 => i32, u64 => i32, i64 => u32]
            Converting[f32 => i32, f32 => u32, f64 => i64, f64 => u64]
            Bytes[]);
        $crate::isa::complete!(impl $g $token);
    };
}
pub(crate) use all_defaults;

macro_rules! complete {
    (impl [$($g:tt)*] $token:ty) => { impl<$($g)*> $crate::isa::Complete for $token {} };
}
pub(crate) use complete;
