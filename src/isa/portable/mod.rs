//! 128-bit registers in safe, portable Rust: the vectors of the crate `wide`.
//!
//! They are SSE2 on x86, simd128 on wasm, NEON on aarch64 and arrays elsewhere. Lanes change their type through
//! `bytemuck::cast`, so in memory order, which is right on big-endian machines too; where an operation reads a wide lane
//! as the two narrow ones inside it, [`BIG_ENDIAN`] says which of them comes first.

mod arith;
mod bits;
mod bytes;
mod convert;
mod float;
mod half_floats;
mod interleave;
mod lanes;
mod narrow;
mod partial;
mod shift;
mod transpose;
mod width;

use crate::cpu::Isa;
use crate::isa::shape::shapes;
use crate::isa::{Products, Registers};
use bytemuck::cast;
use wide::{u8x16, u64x2};

/// 128-bit registers on every machine, with the instructions that the whole program was compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Portable(());

impl Portable {
    /// Always there.
    #[must_use]
    #[inline(always)]
    pub const fn new() -> Self {
        Portable(())
    }

    /// Always there.
    #[must_use]
    #[inline(always)]
    pub const fn detect() -> Option<Self> {
        Some(Portable(()))
    }
}

impl Default for Portable {
    fn default() -> Self {
        Self::new()
    }
}

type Reg = u8x16;

/// The token, which proves nothing here.
const SIMD: Portable = Portable(());

impl Registers for Portable {
    type Reg = Reg;
    type Mask = Reg;
    const ISA: Isa = Isa::Portable;
    const PRODUCTS: Products = Products::Pairs;

    #[inline(always)]
    fn and(self, a: Reg, b: Reg) -> Reg {
        a & b
    }

    #[inline(always)]
    fn or(self, a: Reg, b: Reg) -> Reg {
        a | b
    }

    #[inline(always)]
    fn xor(self, a: Reg, b: Reg) -> Reg {
        a ^ b
    }

    #[inline(always)]
    fn not(self, a: Reg) -> Reg {
        !a
    }

    #[inline(always)]
    fn and_not(self, a: Reg, b: Reg) -> Reg {
        a & !b
    }

    // `prefetch`, `stream_store` and `fence` stay at their definitions: safe Rust has no such instructions.
}

shapes!(Portable, 16);
crate::isa::complete!(impl[] Portable);

const BIG_ENDIAN: bool = cfg!(target_endian = "big");

/// Whether `wide` has vector instructions here at all.
const VECTORS: bool = cfg!(any(
    target_feature = "sse2",
    target_feature = "simd128",
    all(target_arch = "aarch64", target_feature = "neon")
));

/// Whether they include what SSE2 lacks: rounding, signed 32-bit products, 64-bit equality.
const BEYOND_SSE2: bool = cfg!(any(
    target_feature = "sse4.1",
    target_feature = "simd128",
    all(target_arch = "aarch64", target_feature = "neon")
));

/// Whether floats are computed with excess precision, where error-free transformations are not.
const EXCESS_PRECISION: bool = cfg!(all(target_arch = "x86", not(target_feature = "sse2")));

const ZERO: Reg = Reg::splat(0);
const ONES: Reg = Reg::splat(0xff);

/// An expression over registers read as vectors of `wide`: `read!(i16x8; a, b => a.min(b))`.
macro_rules! read {
    ($v:ident; $($a:ident),+ => $e:expr) => {{
        $(let $a: wide::$v = bytemuck::cast($a);)+
        bytemuck::cast($e)
    }};
}
use read;

/// The 64-bit halves in the other order.
#[inline(always)]
fn swap_halves(a: Reg) -> Reg {
    let [first, second]: [u64; 2] = cast(a);
    cast([second, first])
}

/// Each 64-bit half, a number, shifted left; 0 from 64 on.
#[inline(always)]
fn shl64(a: Reg, n: u32) -> Reg {
    read!(u64x2; a => a.unbounded_shl_scalar(n))
}

/// Each 64-bit half, a number, shifted right; 0 from 64 on.
#[inline(always)]
fn shr64(a: Reg, n: u32) -> Reg {
    read!(u64x2; a => a.unbounded_shr_scalar(n))
}

/// Each 64-bit half all ones where its highest bit is set, else 0.
#[inline(always)]
fn sign64(a: Reg) -> Reg {
    let sign: u64x2 = cast(shr64(a, 63));
    cast(u64x2::splat(0) - sign)
}
