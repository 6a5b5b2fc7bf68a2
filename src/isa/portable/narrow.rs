//! Narrowing integers with saturation.
//!
//! SSE2 packs signed lanes only, so others are first brought into the range where that is the same.

use super::convert::{high_words, low_words};
use super::{Portable, Reg, read};
use crate::isa::{Arith, Narrowing, Widening};
use bytemuck::cast;
use wide::{i8x16, i16x8, i32x4, u8x16, u16x8, u32x4};

macro_rules! narrowing {
    ($($w:ident => $n:ident: $simd:ident, $v:ident => $e:expr;)*) => {$(
        impl Narrowing<$w, $n> for Portable {
            #[inline(always)]
            fn narrow_saturating(self, $v: [Reg; 2]) -> Reg {
                let $simd = self;
                $e
            }
        }
    )*};
}
narrowing! {
    i16 => i8: _simd, v => cast(i8x16::from_i16x16_saturate(cast(v)));
    i16 => u8: _simd, v => u8x16::narrow_i16x8(cast(v[0]), cast(v[1]));
    u16 => i8: simd, v => {
        let max = cast(u16x8::splat(0x7f));
        let (a, b) = (Arith::<u16>::min(simd, v[0], max), Arith::<u16>::min(simd, v[1], max));
        u8x16::narrow_i16x8(cast(a), cast(b))
    };
    u16 => u8: simd, v => {
        let max = cast(u16x8::splat(0xff));
        let (a, b) = (Arith::<u16>::min(simd, v[0], max), Arith::<u16>::min(simd, v[1], max));
        u8x16::narrow_i16x8(cast(a), cast(b))
    };
    i32 => i16: _simd, v => cast(i16x8::from_i32x8_saturate(cast(v)));
    i32 => u16: _simd, v => {
        let packed = i16x8::from_i32x8_saturate(cast([from_zero(v[0]), from_zero(v[1])]));
        cast(packed ^ i16x8::splat(i16::MIN))
    };
    u32 => i16: _simd, v => cast(i16x8::from_i32x8_saturate(cast([below_2_31(v[0]), below_2_31(v[1])])));
    u32 => u16: simd, v => Widening::<u16>::narrow(simd, [below_2_16(v[0]), below_2_16(v[1])]);
    i64 => i32: _simd, v => {
        let (low, high): (i32x4, i32x4) = (cast(low_words(v)), cast(high_words(v)));
        let fits = high.simd_eq(low.unbounded_shr_scalar(31));
        cast(fits.bitselect(low, high.unbounded_shr_scalar(31) ^ i32x4::splat(i32::MAX)))
    };
    i64 => u32: _simd, v => {
        let (low, high): (i32x4, i32x4) = (cast(low_words(v)), cast(high_words(v)));
        cast((low | !high.simd_eq(i32x4::splat(0))) & !high.unbounded_shr_scalar(31))
    };
    u64 => i32: _simd, v => {
        let (low, high): (i32x4, i32x4) = (cast(low_words(v)), cast(high_words(v)));
        let over = !high.simd_eq(i32x4::splat(0)) | low.unbounded_shr_scalar(31);
        cast((low | over) & i32x4::splat(i32::MAX))
    };
    u64 => u32: _simd, v => {
        let (low, high): (u32x4, u32x4) = (cast(low_words(v)), cast(high_words(v)));
        cast(low | !high.simd_eq(u32x4::splat(0)))
    };
}

/// Negative ones to 0, and 2^15 less.
#[inline(always)]
fn from_zero(a: Reg) -> Reg {
    read!(i32x4; a => (a & !a.unbounded_shr_scalar(31)) - i32x4::splat(1 << 15))
}

/// From 2^31 on, 2^31 - 1.
#[inline(always)]
fn below_2_31(a: Reg) -> Reg {
    read!(i32x4; a => (a | a.unbounded_shr_scalar(31)) & i32x4::splat(i32::MAX))
}

/// From 2^16 on, ones in the low half.
#[inline(always)]
fn below_2_16(a: Reg) -> Reg {
    read!(u32x4; a => a | !a.unbounded_shr_scalar(16).simd_eq(u32x4::splat(0)))
}
