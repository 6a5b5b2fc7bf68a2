//! Shifts, distances and saturating sums.

use super::lanes::Lanes;
use super::{Portable, Reg, SIMD, ZERO, read, shl64, shr64};
use crate::isa::{Arith, Integer, Saturating};
use bytemuck::cast;
use wide::{u8x16, u64x2};

/// `Integer` of one type from five expressions; `rounding_shr` stays at its definition, which is two shifts and a sum.
macro_rules! integers {
    ($($t:ident { $($op:ident: $a:ident, $b:ident: $b_type:ty => $e:expr;)* })*) => {$(
        impl Integer<$t> for Portable {
            $(
                #[inline(always)]
                fn $op(self, $a: Reg, $b: $b_type) -> Reg {
                    $e
                }
            )*
        }
    )*};
}
integers! {
    u8 {
        shl: a, n: u32 => a.unbounded_shl_scalar(n);
        shr: a, n: u32 => a.unbounded_shr_scalar(n);
        shl_lanes: a, n: Reg => by_bits::<u8>(a, n, shl8) & u8::equal(u8::shr(n, 3), ZERO);
        shr_lanes: a, n: Reg => by_bits::<u8>(a, n, u8::shr) & u8::equal(u8::shr(n, 3), ZERO);
        abs_diff: a, b: Reg => a.saturating_sub(b) | b.saturating_sub(a);
    }
    i8 {
        shl: a, n: u32 => a.unbounded_shl_scalar(n);
        shr: a, n: u32 => sar8(a, n);
        shl_lanes: a, n: Reg => Integer::<u8>::shl_lanes(SIMD, a, n);
        shr_lanes: a, n: Reg => by_bits::<u8>(a, n.min(u8x16::splat(7)), sar8);
        abs_diff: a, b: Reg =>
            Integer::<u8>::abs_diff(SIMD, a ^ u8x16::splat(0x80), b ^ u8x16::splat(0x80));
    }
    u16 {
        shl: a, n: u32 => shl16(a, n);
        shr: a, n: u32 => u16::shr(a, n);
        shl_lanes: a, n: Reg => by_bits::<u16>(a, n, shl16) & u16::equal(u16::shr(n, 4), ZERO);
        shr_lanes: a, n: Reg => by_bits::<u16>(a, n, u16::shr) & u16::equal(u16::shr(n, 4), ZERO);
        abs_diff: a, b: Reg => read!(u16x8; a, b => a.saturating_sub(b) | b.saturating_sub(a));
    }
    i16 {
        shl: a, n: u32 => shl16(a, n);
        shr: a, n: u32 => sar16(a, n);
        shl_lanes: a, n: Reg => Integer::<u16>::shl_lanes(SIMD, a, n);
        shr_lanes: a, n: Reg => by_bits::<u16>(a, Arith::<u16>::min(SIMD, n, u16::splat(15)), sar16);
        abs_diff: a, b: Reg => read!(i16x8; a, b => a.max(b) - a.min(b));
    }
    u32 {
        shl: a, n: u32 => shl32(a, n);
        shr: a, n: u32 => u32::shr(a, n);
        shl_lanes: a, n: Reg => each32(a, n, shl32);
        shr_lanes: a, n: Reg => each32(a, n, u32::shr);
        abs_diff: a, b: Reg => read!(u32x4; a, b => ((a - b) ^ a.simd_lt(b)) - a.simd_lt(b));
    }
    i32 {
        shl: a, n: u32 => shl32(a, n);
        shr: a, n: u32 => sar32(a, n);
        shl_lanes: a, n: Reg => each32(a, n, shl32);
        shr_lanes: a, n: Reg => each32(a, n, sar32);
        abs_diff: a, b: Reg => read!(i32x4; a, b => ((a - b) ^ a.simd_lt(b)) - a.simd_lt(b));
    }
    u64 {
        shl: a, n: u32 => shl64(a, n);
        shr: a, n: u32 => shr64(a, n);
        shl_lanes: a, n: Reg => each64(a, n, shl64);
        shr_lanes: a, n: Reg => each64(a, n, shr64);
        abs_diff: a, b: Reg => distance64(a, b, Arith::<u64>::lt(SIMD, a, b));
    }
    i64 {
        shl: a, n: u32 => shl64(a, n);
        shr: a, n: u32 => sar64(a, n);
        shl_lanes: a, n: Reg => each64(a, n, shl64);
        shr_lanes: a, n: Reg => each64(a, n, sar64);
        abs_diff: a, b: Reg => distance64(a, b, Arith::<i64>::lt(SIMD, a, b));
    }
}

#[inline(always)]
fn shl8(a: Reg, n: u32) -> Reg {
    a.unbounded_shl_scalar(n)
}

#[inline(always)]
fn shl16(a: Reg, n: u32) -> Reg {
    read!(u16x8; a => a.unbounded_shl_scalar(n))
}

#[inline(always)]
fn shl32(a: Reg, n: u32) -> Reg {
    read!(u32x4; a => a.unbounded_shl_scalar(n))
}

/// There is no arithmetic shift of bytes: a logical one, whose sign bit is carried up by a difference.
#[inline(always)]
fn sar8(a: Reg, n: u32) -> Reg {
    let n = n.min(7);
    let sign = u8x16::splat(0x80 >> n);
    (a.unbounded_shr_scalar(n) ^ sign) - sign
}

#[inline(always)]
fn sar16(a: Reg, n: u32) -> Reg {
    read!(i16x8; a => a.unbounded_shr_scalar(n))
}

#[inline(always)]
fn sar32(a: Reg, n: u32) -> Reg {
    read!(i32x4; a => a.unbounded_shr_scalar(n))
}

/// As for bytes.
#[inline(always)]
fn sar64(a: Reg, n: u32) -> Reg {
    let n = n.min(63);
    let sign = u64x2::splat(1 << 63 >> n);
    let a: u64x2 = cast(shr64(a, n));
    cast((a ^ sign) - sign)
}

/// Lanes shifted by `n[i]` modulo their width: by 1, 2, 4, ... wherever the count has that bit.
#[inline(always)]
fn by_bits<B: Lanes>(a: Reg, n: Reg, shift: impl Fn(Reg, u32) -> Reg) -> Reg {
    let mut a = a;
    let mut bit = 1;
    while bit < B::BITS {
        let mask = B::splat(B::from_u64(bit.into()));
        a = B::equal(n & mask, mask).bitselect(shift(a, bit), a);
        bit *= 2;
    }
    a
}

/// Four shifts of the whole register, one lane of each.
#[inline(always)]
fn each32(a: Reg, n: Reg, shift: impl Fn(Reg, u32) -> Reg) -> Reg {
    let n: [u32; 4] = cast(n);
    let by: [[u32; 4]; 4] = [cast(shift(a, n[0])), cast(shift(a, n[1])), cast(shift(a, n[2])), cast(shift(a, n[3]))];
    cast([by[0][0], by[1][1], by[2][2], by[3][3]])
}

/// Two shifts of the whole register, one lane of each.
#[inline(always)]
fn each64(a: Reg, n: Reg, shift: impl Fn(Reg, u32) -> Reg) -> Reg {
    let n: [u64; 2] = cast(n);
    let by: [[u64; 2]; 2] = [cast(shift(a, n[0].min(64) as u32)), cast(shift(a, n[1].min(64) as u32))];
    cast([by[0][0], by[1][1]])
}

#[inline(always)]
fn distance64(a: Reg, b: Reg, less: Reg) -> Reg {
    read!(u64x2; a, b, less => ((a - b) ^ less) - less)
}

macro_rules! saturating {
    ($($t:ident $v:ident),*) => {$(
        impl Saturating<$t> for Portable {
            #[inline(always)]
            fn saturating_add(self, a: Reg, b: Reg) -> Reg {
                read!($v; a, b => a.saturating_add(b))
            }

            #[inline(always)]
            fn saturating_sub(self, a: Reg, b: Reg) -> Reg {
                read!($v; a, b => a.saturating_sub(b))
            }
        }
    )*};
}
saturating!(u8 u8x16, i8 i8x16, u16 u16x8, i16 i16x8, u32 u32x4, i32 i32x4);
