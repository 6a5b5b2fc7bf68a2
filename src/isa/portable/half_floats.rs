//! Half floats, by the bits of f32.

use super::{EXCESS_PRECISION, Portable, Reg, read};
use crate::isa::LaneWiden;
use crate::isa::shape::lanewise;
use bytemuck::cast;
use half::f16;
use wide::{f32x4, i32x4, u32x4};

/// f16 in the low halves of words to f32.
#[inline(always)]
pub fn f16_to_f32(a: Reg) -> Reg {
    let a: u32x4 = cast(a);
    let magnitude = (a & 0x7fff).unbounded_shl_scalar(13);
    let exponent = magnitude & 0x0f80_0000;
    let biased = magnitude + u32x4::splat((127 - 15) << 23);
    // Infinity and NaN: the exponent that f32 has for them.
    let special = exponent.simd_eq(u32x4::splat(0x0f80_0000)) & u32x4::splat((128 - 16) << 23);
    // Subnormal: a normal float of the same fraction, less what the hidden bit added.
    let lowest = u32x4::splat((127 - 14) << 23);
    let subnormal: f32x4 = cast::<u32x4, f32x4>(magnitude | lowest) - cast::<u32x4, f32x4>(lowest);
    let bits = exponent.simd_eq(u32x4::splat(0)).bitselect(cast(subnormal), biased + special);
    cast(bits | (a & 0x8000).unbounded_shl_scalar(16))
}

/// f32 to f16 in the low halves of words, half to even.
#[inline(always)]
pub fn f32_to_f16(a: Reg) -> Reg {
    if EXCESS_PRECISION {
        return lanewise!(Portable, f32, u32; a => u32::from(<f16 as LaneWiden>::narrow(a).to_bits()));
    }
    const INFINITY: i32x4 = i32x4::splat(0x7f80_0000);
    const TOO_BIG: i32x4 = i32x4::splat((127 + 16) << 23);
    const LOWEST_NORMAL: i32x4 = i32x4::splat((127 - 14) << 23);
    let a: u32x4 = cast(a);
    let sign = a & 0x8000_0000;
    let magnitude = a ^ sign;
    let ordered: i32x4 = cast(magnitude);
    // Normal: the exponent rebased, and half of the last bit added, less one where that bit is even.
    let odd = magnitude.unbounded_shr_scalar(13) & 1;
    let rebased = u32x4::splat(0u32.wrapping_sub((127 - 15) << 23).wrapping_add(0xfff));
    let normal = (magnitude + rebased + odd).unbounded_shr_scalar(13);
    // Subnormal: a sum whose last bit is worth 2^-24.
    let half = u32x4::splat(0.5f32.to_bits());
    let sum: f32x4 = cast::<u32x4, f32x4>(magnitude) + cast::<u32x4, f32x4>(half);
    let subnormal: u32x4 = cast::<f32x4, u32x4>(sum) - half;
    // Infinity or, quiet, NaN.
    let special = u32x4::splat(0x7c00) | (cast::<i32x4, u32x4>(ordered.simd_gt(INFINITY)) & 0x0200);
    let is_normal: u32x4 = cast(ordered.simd_lt(TOO_BIG));
    let is_subnormal: u32x4 = cast(ordered.simd_lt(LOWEST_NORMAL));
    let bits = is_subnormal.bitselect(subnormal, is_normal.bitselect(normal, special));
    cast(bits | sign.unbounded_shr_scalar(16))
}

/// f32 to bf16 in the low halves of words, half to even.
#[inline(always)]
pub fn f32_to_bf16(a: Reg) -> Reg {
    let not_a_number: u32x4 = read!(f32x4; a => a.simd_ne(a));
    let a: u32x4 = cast(a);
    let odd = a.unbounded_shr_scalar(16) & 1;
    let rounded = a + 0x7fff + odd;
    cast(not_a_number.bitselect(a | 0x0040_0000, rounded).unbounded_shr_scalar(16))
}
