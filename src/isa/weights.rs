//! Weights of 16 bits for bytes: how they are split in two bytes, and the mean that needs no split.

use super::{Bytes, Integer};

/// The low byte of a weight, which counts as signed.
pub const fn low(weight: i16) -> i8 {
    weight as i8
}

/// What is left of a weight without its low byte: `weight = 256 high + low`. Weights up to 32639 have one.
pub const fn high(weight: i16) -> i8 {
    ((weight as i32 - weight as i8 as i32) / 256) as i8
}

/// [`Bytes::weighted_mean4`] with sums of 32 bits, for any weights.
#[inline(always)]
pub fn mean_in_32_bits<S: Bytes>(simd: S, [p, q, r, s]: [i16; 4], [a, b, c, d]: [S::Reg; 4]) -> S::Reg {
    // The first byte in memory is the low one of a little-endian word.
    let (low, high) = if cfg!(target_endian = "little") { ([p, r], [q, s]) } else { ([q, s], [p, r]) };
    let low = simd.splat_bits(bytemuck::cast::<_, u32>(low));
    let high = simd.splat_bits(bytemuck::cast::<_, u32>(high));
    // All values fit; saturation is the cheaper way to narrow on half of the instruction sets.
    simd.narrow4_saturating_i32_u8([
        means(simd, low, high, a),
        means(simd, low, high, b),
        means(simd, low, high, c),
        means(simd, low, high, d),
    ])
}

/// The mean of each four bytes, in a lane of 32 bits.
#[inline(always)]
fn means<S: Bytes>(simd: S, low: S::Reg, high: S::Reg, v: S::Reg) -> S::Reg {
    let (low_byte, half) = (simd.splat_bits(0x00ff_u16), simd.splat_bits(1_u32 << 14));
    let sum = simd.dot_pairs_add(half, simd.and(v, low_byte), low);
    let sum = simd.dot_pairs_add(sum, Integer::<u16>::shr(simd, v, 8), high);
    Integer::<i32>::shr(simd, sum, 15)
}
