//! Counting and reversing the bits of each lane.
//!
//! All shifts are of whole 64-bit halves or of lanes, and what crosses into a neighbour is masked away.

use super::lanes::Lanes;
use super::{ONES, Reg, read, shl64, shr64};
use bytemuck::cast;
use wide::{f32x4, i32x4, u8x16, u32x4, u64x2};

/// Ones in each lane: in pairs of bits, nibbles, bytes, and so on up to the lane.
#[inline(always)]
pub fn popcount<B: Lanes>(a: Reg) -> Reg {
    let a = a - (shr64(a, 1) & Reg::splat(0x55));
    let a = (a & Reg::splat(0x33)) + (shr64(a, 2) & Reg::splat(0x33));
    let mut a = (a + shr64(a, 4)) & Reg::splat(0x0f);
    if size_of::<B>() >= 2 {
        let bytes = B::splat(B::from_u64(0x00ff_00ff_00ff_00ff));
        a = (a & bytes) + (shr64(a, 8) & bytes);
    }
    if size_of::<B>() >= 4 {
        a = (a + shr64(a, 16)) & B::splat(B::from_u64(0x0000_00ff_0000_00ff));
    }
    if size_of::<B>() >= 8 {
        a = (a + shr64(a, 32)) & B::splat(B::from_u64(0xff));
    }
    a
}

/// Zeros above the highest one.
#[inline(always)]
pub fn leading_zeros<B: Lanes>(a: Reg) -> Reg {
    match size_of::<B>() {
        4 => leading_zeros32(a),
        8 => {
            // Those of the low half count where the high half has all 32.
            let halves = leading_zeros32(a);
            let high: u64x2 = cast(shr64(halves, 32));
            let low: u64x2 = cast(halves);
            cast(high + (low & 0xffff_ffff & (u64x2::splat(0) - high.unbounded_shr_scalar(5))))
        }
        _ => {
            let mut below = a;
            let mut n = 1;
            while n < B::BITS {
                below |= B::shr(below, n);
                n *= 2;
            }
            popcount::<B>(below ^ ONES)
        }
    }
}

/// By the exponent of the lane as a float. The bit after the highest one is cleared, so that nothing rounds up.
#[inline(always)]
fn leading_zeros32(a: Reg) -> Reg {
    let a: u32x4 = cast(a);
    let negative: u32x4 = cast(cast::<u32x4, i32x4>(a).unbounded_shr_scalar(31));
    let float: f32x4 = cast::<u32x4, i32x4>(a & !a.unbounded_shr_scalar(1)).round_float();
    let exponent: u32x4 = cast::<f32x4, u32x4>(float).unbounded_shr_scalar(23);
    let zeros: u32x4 = u32x4::splat(158) - exponent;
    let zeros: Reg = cast(zeros & !negative);
    // 158, for a lane of zero, to 32.
    read!(i16x8; zeros => zeros.min(wide::i16x8::splat(32)))
}

/// Zeros below the lowest one: ones of the mask below it.
#[inline(always)]
pub fn trailing_zeros<B: Lanes>(a: Reg) -> Reg {
    popcount::<B>(minus_one::<B>(a) & !a)
}

#[inline(always)]
fn minus_one<B: Lanes>(a: Reg) -> Reg {
    match size_of::<B>() {
        1 => a + ONES,
        2 => read!(u16x8; a => a + wide::u16x8::splat(u16::MAX)),
        4 => read!(u32x4; a => a + u32x4::splat(u32::MAX)),
        _ => read!(u64x2; a => a + u64x2::splat(u64::MAX)),
    }
}

/// Bit `i` to bit `width - 1 - i`: in pairs, nibbles, bytes, and so on up to the lane.
#[inline(always)]
pub fn reverse_bits<B: Lanes>(a: Reg) -> Reg {
    let mut a = a;
    for (n, low) in [(1, 0x55), (2, 0x33), (4, 0x0f)] {
        let low = u8x16::splat(low);
        a = shl64(a & low, n) | (shr64(a, n) & low);
    }
    if size_of::<B>() >= 2 {
        a = read!(u16x8; a => a.unbounded_shl_scalar(8) | a.unbounded_shr_scalar(8));
    }
    if size_of::<B>() >= 4 {
        a = read!(u32x4; a => a.unbounded_shl_scalar(16) | a.unbounded_shr_scalar(16));
    }
    if size_of::<B>() >= 8 {
        a = shl64(a, 32) | shr64(a, 32);
    }
    a
}
