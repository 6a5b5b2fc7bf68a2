//! Arithmetic, comparison and reduction of integers.

use super::lanes::Lanes;
use super::{BEYOND_SSE2, BIG_ENDIAN, ONES, Portable, Reg, SIMD, ZERO, read, shl64, shr64, sign64, swap_halves};
use crate::isa::{Arith, LaneNum, LaneWord, Shape, Width};
use bytemuck::cast;
use wide::{i16x8, u8x16, u16x8};

/// `Arith` of an integer: what `wide` does right for every input, and the rest given.
macro_rules! integers {
    ($($t:ident $v:ident { $($op:ident: $a:ident $(, $b:ident)? => $e:expr;)* })*) => {$(
        impl Arith<$t> for Portable {
            #[inline(always)]
            fn add(self, a: Reg, b: Reg) -> Reg {
                read!($v; a, b => a + b)
            }

            #[inline(always)]
            fn sub(self, a: Reg, b: Reg) -> Reg {
                read!($v; a, b => a - b)
            }

            #[inline(always)]
            fn neg(self, a: Reg) -> Reg {
                read!($v; a => wide::$v::splat(0) - a)
            }

            #[inline(always)]
            fn eq(self, a: Reg, b: Reg) -> Reg {
                <<$t as LaneNum>::Word as Lanes>::equal(a, b)
            }

            $(
                #[inline(always)]
                fn $op(self, $a: Reg $(, $b: Reg)?) -> Reg {
                    $e
                }
            )*

            #[inline(always)]
            fn reduce_sum(self, a: Reg) -> $t {
                fold(a, <Self as Arith<$t>>::add)
            }

            #[inline(always)]
            fn reduce_min(self, a: Reg) -> $t {
                fold(a, <Self as Arith<$t>>::min)
            }

            #[inline(always)]
            fn reduce_max(self, a: Reg) -> $t {
                fold(a, <Self as Arith<$t>>::max)
            }

            #[inline(always)]
            fn prefix_sum(self, a: Reg) -> Reg {
                prefix::<$t>(a)
            }
        }
    )*};
}
integers! {
    u8 u8x16 {
        mul: a, b => mul8(a, b);
        min: a, b => a.min(b);
        max: a, b => a.max(b);
        abs: a => a;
        lt: a, b => !b.min(a).simd_eq(b);
        le: a, b => a.min(b).simd_eq(a);
    }
    i8 i8x16 {
        mul: a, b => mul8(a, b);
        min: a, b => (a ^ SIGN8).min(b ^ SIGN8) ^ SIGN8;
        max: a, b => (a ^ SIGN8).max(b ^ SIGN8) ^ SIGN8;
        abs: a => a.min(ZERO - a); // the smaller as unsigned
        lt: a, b => read!(i8x16; a, b => a.simd_lt(b));
        le: a, b => read!(i8x16; a, b => a.simd_le(b));
    }
    u16 u16x8 {
        mul: a, b => read!(u16x8; a, b => a * b);
        min: a, b => read!(u16x8; a, b => a - a.saturating_sub(b));
        max: a, b => read!(u16x8; a, b => a.saturating_sub(b) + b);
        abs: a => a;
        lt: a, b => !Arith::<u16>::le(SIMD, b, a);
        le: a, b => read!(u16x8; a, b => a.saturating_sub(b).simd_eq(u16x8::splat(0)));
    }
    i16 i16x8 {
        mul: a, b => read!(i16x8; a, b => a * b);
        min: a, b => read!(i16x8; a, b => a.min(b));
        max: a, b => read!(i16x8; a, b => a.max(b));
        abs: a => read!(i16x8; a => a.max(i16x8::splat(0) - a));
        lt: a, b => read!(i16x8; a, b => a.simd_lt(b));
        le: a, b => read!(i16x8; a, b => a.simd_le(b));
    }
    u32 u32x4 {
        mul: a, b => read!(u32x4; a, b => a * b);
        min: a, b => read!(u32x4; a, b => a.min(b));
        max: a, b => read!(u32x4; a, b => a.max(b));
        abs: a => a;
        lt: a, b => read!(u32x4; a, b => a.simd_lt(b));
        le: a, b => read!(u32x4; a, b => a.simd_le(b));
    }
    i32 i32x4 {
        mul: a, b => read!(i32x4; a, b => a * b);
        min: a, b => read!(i32x4; a, b => a.min(b));
        max: a, b => read!(i32x4; a, b => a.max(b));
        abs: a => read!(i32x4; a => (a ^ a.unbounded_shr_scalar(31)) - a.unbounded_shr_scalar(31));
        lt: a, b => read!(i32x4; a, b => a.simd_lt(b));
        le: a, b => read!(i32x4; a, b => a.simd_le(b));
    }
    // Products stay with the two scalar multiplications that `wide` makes of them.
    u64 u64x2 {
        mul: a, b => read!(u64x2; a, b => a * b);
        min: a, b => Arith::<u64>::lt(SIMD, a, b).bitselect(a, b);
        max: a, b => Arith::<u64>::lt(SIMD, a, b).bitselect(b, a);
        abs: a => a;
        lt: a, b => less64(a ^ <u64 as Lanes>::splat(1 << 63), b ^ <u64 as Lanes>::splat(1 << 63));
        le: a, b => !Arith::<u64>::lt(SIMD, b, a);
    }
    i64 i64x2 {
        mul: a, b => read!(i64x2; a, b => a * b);
        min: a, b => less64(a, b).bitselect(a, b);
        max: a, b => less64(a, b).bitselect(b, a);
        abs: a => Arith::<i64>::sub(SIMD, a ^ sign64(a), sign64(a));
        lt: a, b => less64(a, b);
        le: a, b => !less64(b, a);
    }
}

const SIGN8: Reg = u8x16::splat(0x80);

/// Products of bytes: as 16 bits, once for the low byte of each pair and once for the high.
#[inline(always)]
fn mul8(a: Reg, b: Reg) -> Reg {
    let (a, b): (u16x8, u16x8) = (cast(a), cast(b));
    let low = (a * b) & 0x00ff;
    let high = (a & 0xff00) * b.unbounded_shr_scalar(8);
    cast(low | high)
}

/// `a < b` of i64: the sign of the difference, where it cannot overflow, else that of `a`.
#[inline(always)]
fn less64(a: Reg, b: Reg) -> Reg {
    if BEYOND_SSE2 && cfg!(not(all(target_feature = "sse4.1", not(target_feature = "sse4.2")))) {
        read!(i64x2; a, b => a.simd_lt(b))
    } else {
        let difference: Reg = read!(i64x2; a, b => a - b);
        sign64((a & !b) | ((a ^ b ^ ONES) & difference))
    }
}

/// The halves folded onto each other until one lane is left, the low one of the first half as a number.
#[inline(always)]
pub fn fold<T: LaneNum>(a: Reg, op: impl Fn(Portable, Reg, Reg) -> Reg) -> T {
    let mut a = op(SIMD, a, swap_halves(a));
    if size_of::<T>() <= 4 {
        a = op(SIMD, a, shr64(a, 32));
    }
    if size_of::<T>() <= 2 {
        a = op(SIMD, a, shr64(a, 16));
    }
    if size_of::<T>() == 1 {
        a = op(SIMD, a, shr64(a, 8));
    }
    let [low, _]: [u64; 2] = cast(a);
    cast(T::Word::from_u64(low))
}

/// Running sums of both halves; then the total of the first is added to the second. Wrapping sums have no order.
#[inline(always)]
fn prefix<T: LaneNum>(a: Reg) -> Reg
where
    T::Word: Lanes,
    Portable: Arith<T> + Shape<T::Word>,
{
    let mut a = a;
    let mut bits = 8 * size_of::<T>() as u32;
    while bits < 64 {
        a = Arith::<T>::add(SIMD, a, if BIG_ENDIAN { shr64(a, bits) } else { shl64(a, bits) });
        bits *= 2;
    }
    let sums = Shape::<T::Word>::to_array(SIMD, a);
    let total: [u64; 2] = cast(Width::<T::Word>::splat_bits(SIMD, sums.as_ref()[T::Word::COUNT / 2 - 1]));
    Arith::<T>::add(SIMD, a, cast([0, total[1]]))
}
