//! Operations of a few elements only: 16-bit products, dot products, bytes to floats.

use super::convert::{join, round_to_i32};
use super::{Portable, Reg, VECTORS, ZERO, read, shr64};
use crate::isa::{Bytes, Width};
use bytemuck::cast;
use wide::{i16x8, i32x4, u8x16, u16x8, u64x2};

impl Bytes for Portable {
    #[inline(always)]
    fn average_round_u8(self, a: Reg, b: Reg) -> Reg {
        (a | b) - (shr64(a ^ b, 1) & u8x16::splat(0x7f))
    }

    #[inline(always)]
    fn average_round_u16(self, a: Reg, b: Reg) -> Reg {
        read!(u16x8; a, b => (a | b) - (a ^ b).unbounded_shr_scalar(1))
    }

    #[inline(always)]
    fn mul_high_u16(self, a: Reg, b: Reg) -> Reg {
        read!(u16x8; a, b => a.mul_keep_high(b))
    }

    #[inline(always)]
    fn mul_high_i16(self, a: Reg, b: Reg) -> Reg {
        read!(i16x8; a, b => a.mul_keep_high(b))
    }

    #[inline(always)]
    fn mul_round_q15(self, a: Reg, b: Reg) -> Reg {
        // Only `MIN * MIN` can be `MIN`, on the targets that do not saturate it to `MAX` at once.
        let product: i16x8 = read!(i16x8; a, b => a.mul_scale_round(b));
        cast(product ^ product.simd_eq(i16x8::splat(i16::MIN)))
    }

    #[inline(always)]
    fn dot_pairs(self, a: Reg, b: Reg) -> Reg {
        cast(dot(cast(a), cast(b)))
    }

    #[inline(always)]
    fn dot_pairs_saturating(self, a: Reg, b: Reg) -> Reg {
        // A product fits 16 bits.
        let (a, b): (u16x8, i16x8) = (cast(a), cast(b));
        let low = cast::<u16x8, i16x8>(a & 0xff) * cast::<Reg, i16x8>(low_signed(cast(b)));
        let high = cast::<u16x8, i16x8>(a.unbounded_shr_scalar(8)) * b.unbounded_shr_scalar(8);
        cast(low.saturating_add(high))
    }

    #[inline(always)]
    fn dot_quads(self, acc: Reg, a: Reg, b: Reg) -> Reg {
        let acc: i32x4 = cast(acc);
        // The low byte of every two, then the high.
        let (a, b): (u16x8, i16x8) = (cast(a), cast(b));
        let low = dot(cast(a & 0xff), cast::<Reg, i16x8>(low_signed(cast(b))));
        let high = dot(cast(a.unbounded_shr_scalar(8)), b.unbounded_shr_scalar(8));
        cast(acc + low + high)
    }

    #[inline(always)]
    fn sum_abs_diff(self, a: Reg, b: Reg) -> Reg {
        let d: u16x8 = cast(a.saturating_sub(b) | b.saturating_sub(a));
        let pairs: i16x8 = cast((d & 0xff) + d.unbounded_shr_scalar(8));
        let quads: u64x2 = cast(dot(pairs, i16x8::splat(1)));
        cast((quads & 0xffff_ffff) + quads.unbounded_shr_scalar(32))
    }

    #[inline(always)]
    fn lookup16(self, table: Reg, idx: Reg) -> Reg {
        <Self as Width<u8>>::permute(self, table, idx)
    }

    // `lookup256` stays at its definition: 16 loads from a table that is in the cache.

    #[inline(always)]
    fn u8_to_f32(self, a: Reg) -> [Reg; 4] {
        let [a, b] = join::<u8>(a, ZERO);
        let ([p, q], [r, s]) = (join::<u16>(a, ZERO), join::<u16>(b, ZERO));
        [
            read!(i32x4; p => p.round_float()),
            read!(i32x4; q => q.round_float()),
            read!(i32x4; r => r.round_float()),
            read!(i32x4; s => s.round_float()),
        ]
    }

    #[inline(always)]
    fn f32_to_u8(self, [a, b, c, d]: [Reg; 4]) -> Reg {
        pack([round_to_i32(a), round_to_i32(b), round_to_i32(c), round_to_i32(d)])
    }

    #[inline(always)]
    fn narrow4_u32(self, [a, b, c, d]: [Reg; 4]) -> Reg {
        let byte: Reg = cast(i32x4::splat(0xff));
        pack([a & byte, b & byte, c & byte, d & byte])
    }

    #[inline(always)]
    fn narrow4_saturating_i32_u8(self, a: [Reg; 4]) -> Reg {
        pack(a)
    }
}

/// i32 clamped to i16 and then to u8, which is to u8.
#[inline(always)]
fn pack([a, b, c, d]: [Reg; 4]) -> Reg {
    u8x16::narrow_i16x8(i16x8::from_i32x8_saturate(cast([a, b])), i16x8::from_i32x8_saturate(cast([c, d])))
}

/// The low byte of 16 bits, its sign extended.
#[inline(always)]
fn low_signed(a: Reg) -> Reg {
    let up: i16x8 = read!(u16x8; a => a.unbounded_shl_scalar(8));
    cast(up.unbounded_shr_scalar(8))
}

/// Products in pairs. Where it has no vectors, `wide` lets their sum overflow.
#[inline(always)]
fn dot(a: i16x8, b: i16x8) -> i32x4 {
    if VECTORS {
        return a.dot(b);
    }
    let (a, b) = (a.to_array(), b.to_array());
    let mut out = [0i32; 4];
    for (i, lane) in out.iter_mut().enumerate() {
        let (p, q) = (2 * i, 2 * i + 1);
        *lane = (i32::from(a[p]) * i32::from(b[p])).wrapping_add(i32::from(a[q]) * i32::from(b[q]));
    }
    i32x4::new(out)
}
