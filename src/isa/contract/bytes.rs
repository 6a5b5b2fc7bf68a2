//! Operations that exist for a few elements only: byte look-ups, 16-bit products, dot products.

use super::convert::LaneConvert;
use crate::isa::shape::lanewise;
use crate::isa::{Arith, Integer, Shape, Width, weights};
use bytemuck::Zeroable;

/// Look-ups of bytes, fixed-point products, dot products, and bytes to floats in one step.
pub trait Bytes: Width<u8> + Shape<i8> + Integer<u16> + Shape<i16> + Integer<i32> + Arith<u64> + Shape<f32> {
    /// `(a + b + 1) >> 1` of u8
    #[inline(always)]
    fn average_round_u8(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, u8; a, b => ((u16::from(a) + u16::from(b) + 1) >> 1) as u8)
    }

    /// `(a + b + 1) >> 1` of u16
    #[inline(always)]
    fn average_round_u16(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, u16; a, b => ((u32::from(a) + u32::from(b) + 1) >> 1) as u16)
    }

    /// The high half of the product of u16.
    #[inline(always)]
    fn mul_high_u16(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, u16; a, b => ((u32::from(a) * u32::from(b)) >> 16) as u16)
    }

    /// The high half of the product of i16.
    #[inline(always)]
    fn mul_high_i16(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, i16; a, b => ((i32::from(a) * i32::from(b)) >> 16) as i16)
    }

    /// `(a * b + 2^14) >> 15` of i16, saturating at `MIN * MIN`.
    #[inline(always)]
    fn mul_round_q15(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        lanewise!(Self, i16; a, b => ((i32::from(a) * i32::from(b) + (1 << 14)) >> 15).min(i32::from(i16::MAX)) as i16)
    }

    /// i32 lane `i`: `a[2i] * b[2i] + a[2i+1] * b[2i+1]` of i16, wrapping.
    #[inline(always)]
    fn dot_pairs(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        let a: <Self as Shape<i16>>::Array = bytemuck::cast(a);
        let b: <Self as Shape<i16>>::Array = bytemuck::cast(b);
        let (a, b) = (a.as_ref(), b.as_ref());
        let mut out = <Self as Shape<i32>>::Array::zeroed();
        for (i, lane) in out.as_mut().iter_mut().enumerate() {
            let product = |j: usize| i32::from(a[j]) * i32::from(b[j]);
            *lane = product(2 * i).wrapping_add(product(2 * i + 1));
        }
        bytemuck::cast(out)
    }

    /// `acc` plus [`Bytes::dot_pairs`], wrapping.
    #[inline(always)]
    fn dot_pairs_add(self, acc: Self::Reg, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        Arith::<i32>::add(self, acc, self.dot_pairs(a, b))
    }

    /// i16 lane `i`: `a[2i] * b[2i] + a[2i+1] * b[2i+1]`, `a` u8 and `b` i8, the sum clamped to i16.
    #[inline(always)]
    fn dot_pairs_saturating(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        let a: <Self as Shape<u8>>::Array = bytemuck::cast(a);
        let b: <Self as Shape<i8>>::Array = bytemuck::cast(b);
        let (a, b) = (a.as_ref(), b.as_ref());
        let mut out = <Self as Shape<i16>>::Array::zeroed();
        for (i, lane) in out.as_mut().iter_mut().enumerate() {
            let product = |j: usize| i32::from(a[j]) * i32::from(b[j]);
            let sum = product(2 * i) + product(2 * i + 1);
            *lane = sum.clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        }
        bytemuck::cast(out)
    }

    /// i32 lane `i`: `acc[i]` plus the four products `a[4i+k] * b[4i+k]`, `a` u8 and `b` i8; exact, the sum wraps.
    #[inline(always)]
    fn dot_quads(self, acc: Self::Reg, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        let a: <Self as Shape<u8>>::Array = bytemuck::cast(a);
        let b: <Self as Shape<i8>>::Array = bytemuck::cast(b);
        let (a, b) = (a.as_ref(), b.as_ref());
        let mut out: <Self as Shape<i32>>::Array = bytemuck::cast(acc);
        for (i, lane) in out.as_mut().iter_mut().enumerate() {
            for j in 4 * i..4 * i + 4 {
                *lane = lane.wrapping_add(i32::from(a[j]) * i32::from(b[j]));
            }
        }
        bytemuck::cast(out)
    }

    /// u64 lane `i`: the sum of `|a - b|` over its eight bytes.
    #[inline(always)]
    fn sum_abs_diff(self, a: Self::Reg, b: Self::Reg) -> Self::Reg {
        let a: <Self as Shape<u8>>::Array = bytemuck::cast(a);
        let b: <Self as Shape<u8>>::Array = bytemuck::cast(b);
        let (a, b) = (a.as_ref(), b.as_ref());
        let mut out = <Self as Shape<u64>>::Array::zeroed();
        for (i, lane) in out.as_mut().iter_mut().enumerate() {
            for j in 8 * i..8 * i + 8 {
                *lane += u64::from(a[j].abs_diff(b[j]));
            }
        }
        bytemuck::cast(out)
    }

    /// Byte `i` is `table[idx[i]]` of the same 16-byte block; an index from 16 on gives 0.
    #[inline(always)]
    fn lookup16(self, table: Self::Reg, idx: Self::Reg) -> Self::Reg {
        let table: <Self as Shape<u8>>::Array = bytemuck::cast(table);
        let mut out: <Self as Shape<u8>>::Array = bytemuck::cast(idx);
        for (i, lane) in out.as_mut().iter_mut().enumerate() {
            *lane = if *lane < 16 { table.as_ref()[i / 16 * 16 + usize::from(*lane)] } else { 0 };
        }
        bytemuck::cast(out)
    }

    /// Byte `i` is `table[idx[i]]`.
    #[inline(always)]
    fn lookup256(self, table: &[u8; 256], idx: Self::Reg) -> Self::Reg {
        lanewise!(Self, u8; idx => table[usize::from(idx)])
    }

    /// Groups of three bytes to groups of four, the fourth 0, in memory order.
    #[inline(always)]
    fn three_to_four(self, [a, b, c]: [Self::Reg; 3]) -> [Self::Reg; 4] {
        let [a, b, c] = Width::<u8>::deinterleave3(self, [a, b, c]);
        Width::<u8>::interleave4(self, [a, b, c, self.zero()])
    }

    /// Byte `i`: `(A v[4i] + B v[4i+1] + C v[4i+2] + D v[4i+3] + 2^14) >> 15` of the bytes of four registers. The weights
    /// add up to 2^15 at most, so that it fits a byte; none is above 32639.
    #[inline(always)]
    fn weighted_mean4<const A: i16, const B: i16, const C: i16, const D: i16>(self, v: [Self::Reg; 4]) -> Self::Reg {
        weights::mean_in_32_bits(self, [A, B, C, D], v)
    }

    /// [`Bytes::weighted_mean4`] of groups of three bytes.
    #[inline(always)]
    fn weighted_mean3<const A: i16, const B: i16, const C: i16>(self, v: [Self::Reg; 3]) -> Self::Reg {
        self.weighted_mean4::<A, B, C, 0>(self.three_to_four(v))
    }

    /// Each byte as f32, in memory order.
    #[inline(always)]
    fn u8_to_f32(self, a: Self::Reg) -> [Self::Reg; 4] {
        let a: <Self as Shape<u8>>::Array = bytemuck::cast(a);
        let mut out = [<Self as Shape<f32>>::Array::zeroed(); 4];
        let lanes: &mut [f32] = bytemuck::cast_slice_mut(&mut out);
        for (lane, v) in lanes.iter_mut().zip(a.as_ref()) {
            *lane = f32::from(*v);
        }
        out.map(bytemuck::cast)
    }

    /// Each f32 as a byte: half to even, saturating, NaN gives 0.
    #[inline(always)]
    fn f32_to_u8(self, a: [Self::Reg; 4]) -> Self::Reg {
        let a: [<Self as Shape<f32>>::Array; 4] = a.map(bytemuck::cast);
        let lanes: &[f32] = bytemuck::cast_slice(&a);
        let mut out = <Self as Shape<u8>>::Array::zeroed();
        for (lane, v) in out.as_mut().iter_mut().zip(lanes) {
            let rounded: i32 = LaneConvert::to_int(crate::isa::LaneFloat::round_even(*v));
            *lane = rounded.clamp(0, 255) as u8;
        }
        bytemuck::cast(out)
    }

    /// The low byte of each 32-bit lane of four registers, in memory order.
    #[inline(always)]
    fn narrow4_u32(self, a: [Self::Reg; 4]) -> Self::Reg {
        let a: [<Self as Shape<i32>>::Array; 4] = a.map(bytemuck::cast);
        let lanes: &[i32] = bytemuck::cast_slice(&a);
        let mut out = <Self as Shape<u8>>::Array::zeroed();
        for (lane, v) in out.as_mut().iter_mut().zip(lanes) {
            *lane = *v as u8;
        }
        bytemuck::cast(out)
    }

    /// Each i32 of four registers clamped to u8, in memory order.
    #[inline(always)]
    fn narrow4_saturating_i32_u8(self, a: [Self::Reg; 4]) -> Self::Reg {
        let a: [<Self as Shape<i32>>::Array; 4] = a.map(bytemuck::cast);
        let lanes: &[i32] = bytemuck::cast_slice(&a);
        let mut out = <Self as Shape<u8>>::Array::zeroed();
        for (lane, v) in out.as_mut().iter_mut().zip(lanes) {
            *lane = (*v).clamp(0, 255) as u8;
        }
        bytemuck::cast(out)
    }
}
