//! NEON: registers of 128 bits and nothing beyond ARMv8.0, which every AArch64 CPU with floating point has.

mod arith;
mod bytes;
mod convert;
mod float;
mod int;
mod partial;
mod tables;
mod transpose;
mod width;

use crate::cpu::Isa;
use crate::isa::Registers;
use crate::isa::shape::shapes;
use bytemuck::cast;
use core::arch::aarch64::*;

/// Proves NEON; a register has 16 bytes, a mask is a register whose lanes are all ones or zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Neon(());

crate::isa::token!(Neon);

/// Calls intrinsics; `$self` is the token.
///
/// Operands go through [`bytemuck::cast`], which is free and finds its types by itself: registers have no element type
/// here, intrinsics do.
macro_rules! neon {
    ($self:ident, $e:expr) => {{
        let _: $crate::isa::neon::Neon = $self;
        // SAFETY: a `Neon` exists only where the CPU has NEON.
        unsafe { $e }
    }};
}
use neon;

/// Methods that are one intrinsic of one register: `unary! { abs = vabsq_s8 }`.
macro_rules! unary {
    ($($name:ident = $intrinsic:ident),+) => {$(
        #[inline(always)]
        fn $name(self, a: uint8x16_t) -> uint8x16_t {
            neon!(self, cast($intrinsic(cast(a))))
        }
    )+};
}
use unary;

/// Methods that are one intrinsic of two registers: `binary! { add = vaddq_u8, sub = vsubq_u8 }`.
macro_rules! binary {
    ($($name:ident = $intrinsic:ident),+) => {$(
        #[inline(always)]
        fn $name(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
            neon!(self, cast($intrinsic(cast(a), cast(b))))
        }
    )+};
}
use binary;

impl Registers for Neon {
    type Reg = uint8x16_t;
    type Mask = uint8x16_t;
    const ISA: Isa = Isa::Neon;
    const REGISTERS: usize = 32;
    const FAST_FMA: bool = true;

    binary! { and = vandq_u8, or = vorrq_u8, xor = veorq_u8, and_not = vbicq_u8 }
    unary! { not = vmvnq_u8 }

    #[inline(always)]
    fn prefetch(self, bytes: &[u8]) {
        // SAFETY: a hint; it reads nothing that the program could see and cannot fault.
        unsafe {
            core::arch::asm!("prfm pldl1keep, [{0}]", in(reg) bytes.as_ptr(), options(nostack, readonly, preserves_flags));
        }
    }

    // `stream_store` and `fence` stay ordinary: STNP wants two registers at a time.
}

shapes!(Neon, 16);

impl Neon {
    /// Bytes `n..n + 16` of `a` followed by `b`; one instruction, as `n` is a constant wherever this is inlined.
    #[inline(always)]
    fn ext(self, a: uint8x16_t, b: uint8x16_t, n: usize) -> uint8x16_t {
        macro_rules! by {
            ($($n:literal)*) => {
                match n {
                    0 => a,
                    $($n => neon!(self, vextq_u8::<$n>(a, b)),)*
                    _ => b,
                }
            };
        }
        by!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    }
}

crate::isa::complete!(impl[] Neon);
