//! Look-ups of bytes, fixed-point products, dot products, and bytes to floats and back.

use super::{Neon, binary, neon};
use crate::isa::{Bytes, Width, weights};
use bytemuck::cast;
use core::arch::aarch64::*;

/// For each quarter of a register its bytes, spread over 32-bit lanes; what is out of range gives zero.
const SPREAD: [[[u8; 4]; 4]; 4] = {
    let mut spread = [[[255; 4]; 4]; 4];
    let mut i = 0;
    while i < 16 {
        spread[i / 4][i % 4][0] = i as u8;
        i += 1;
    }
    spread
};

impl Bytes for Neon {
    binary! { average_round_u8 = vrhaddq_u8, average_round_u16 = vrhaddq_u16, mul_round_q15 = vqrdmulhq_s16 }
    binary! { lookup16 = vqtbl1q_u8 }

    #[inline(always)]
    fn mul_high_u16(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        let low = neon!(self, vmull_u16(vget_low_u16(cast(a)), vget_low_u16(cast(b))));
        let high = neon!(self, vmull_high_u16(cast(a), cast(b)));
        neon!(self, cast(vuzp2q_u16(cast(low), cast(high))))
    }

    #[inline(always)]
    fn mul_high_i16(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        let low = neon!(self, vmull_s16(vget_low_s16(cast(a)), vget_low_s16(cast(b))));
        let high = neon!(self, vmull_high_s16(cast(a), cast(b)));
        neon!(self, cast(vuzp2q_u16(cast(low), cast(high))))
    }

    #[inline(always)]
    fn dot_pairs(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        let low = neon!(self, vmull_s16(vget_low_s16(cast(a)), vget_low_s16(cast(b))));
        let high = neon!(self, vmull_high_s16(cast(a), cast(b)));
        neon!(self, cast(vpaddq_s32(low, high)))
    }

    // A product fits 16 bits.
    #[inline(always)]
    fn dot_pairs_saturating(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        let a_even: int16x8_t = neon!(self, cast(vandq_u16(cast(a), vdupq_n_u16(0xff))));
        let a_odd: int16x8_t = neon!(self, cast(vshrq_n_u16::<8>(cast(a))));
        let b_even = neon!(self, vshrq_n_s16::<8>(vshlq_n_s16::<8>(cast(b))));
        let b_odd = neon!(self, vshrq_n_s16::<8>(cast(b)));
        neon!(self, cast(vqaddq_s16(vmulq_s16(a_even, b_even), vmulq_s16(a_odd, b_odd))))
    }

    // A product fits 16 bits. Those of the even bytes and those of the odd ones are added pair by pair.
    #[inline(always)]
    fn dot_quads(self, acc: uint8x16_t, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        let a_even: int16x8_t = neon!(self, cast(vandq_u16(cast(a), vdupq_n_u16(0xff))));
        let a_odd: int16x8_t = neon!(self, cast(vshrq_n_u16::<8>(cast(a))));
        let b_even = neon!(self, vshrq_n_s16::<8>(vshlq_n_s16::<8>(cast(b))));
        let b_odd = neon!(self, vshrq_n_s16::<8>(cast(b)));
        let acc = neon!(self, vpadalq_s16(cast(acc), vmulq_s16(a_even, b_even)));
        neon!(self, cast(vpadalq_s16(acc, vmulq_s16(a_odd, b_odd))))
    }

    #[inline(always)]
    fn sum_abs_diff(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        neon!(self, cast(vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(vabdq_u8(a, b))))))
    }

    // A quarter of the table at a time; an index outside of it leaves what is there.
    #[inline(always)]
    fn lookup256(self, table: &[u8; 256], idx: uint8x16_t) -> uint8x16_t {
        let [a, b, c, d]: [[[u8; 16]; 4]; 4] = cast(*table);
        let quarter = neon!(self, vdupq_n_u8(64));
        let out = neon!(self, vqtbl4q_u8(cast(a), idx));
        let idx = neon!(self, vsubq_u8(idx, quarter));
        let out = neon!(self, vqtbx4q_u8(out, cast(b), idx));
        let idx = neon!(self, vsubq_u8(idx, quarter));
        let out = neon!(self, vqtbx4q_u8(out, cast(c), idx));
        let idx = neon!(self, vsubq_u8(idx, quarter));
        neon!(self, vqtbx4q_u8(out, cast(d), idx))
    }

    #[inline(always)]
    fn weighted_mean4<const A: i16, const B: i16, const C: i16, const D: i16>(self, v: [uint8x16_t; 4]) -> uint8x16_t {
        if const { sums_fit([A, B, C, D]) } {
            let [a, b, c, d] = Width::<u8>::deinterleave4(self, v);
            self.mean_in_16_bits([(a, A), (b, B), (c, C), (d, D)])
        } else {
            weights::mean_in_32_bits(self, [A, B, C, D], v)
        }
    }

    #[inline(always)]
    fn weighted_mean3<const A: i16, const B: i16, const C: i16>(self, v: [uint8x16_t; 3]) -> uint8x16_t {
        if const { sums_fit([A, B, C, 0]) } {
            let [a, b, c] = Width::<u8>::deinterleave3(self, v);
            self.mean_in_16_bits([(a, A), (b, B), (c, C)])
        } else {
            weights::mean_in_32_bits(self, [A, B, C, 0], self.three_to_four(v))
        }
    }

    #[inline(always)]
    fn u8_to_f32(self, a: uint8x16_t) -> [uint8x16_t; 4] {
        let [p, q, r, s] = SPREAD;
        neon!(
            self,
            [
                cast(vcvtq_f32_u32(cast(vqtbl1q_u8(a, cast(p))))),
                cast(vcvtq_f32_u32(cast(vqtbl1q_u8(a, cast(q))))),
                cast(vcvtq_f32_u32(cast(vqtbl1q_u8(a, cast(r))))),
                cast(vcvtq_f32_u32(cast(vqtbl1q_u8(a, cast(s))))),
            ]
        )
    }

    // The conversion rounds, and clamps at 0; the narrowing clamps above.
    #[inline(always)]
    fn f32_to_u8(self, [a, b, c, d]: [uint8x16_t; 4]) -> uint8x16_t {
        let ab = neon!(self, vqmovn_high_u32(vqmovn_u32(vcvtnq_u32_f32(cast(a))), vcvtnq_u32_f32(cast(b))));
        let cd = neon!(self, vqmovn_high_u32(vqmovn_u32(vcvtnq_u32_f32(cast(c))), vcvtnq_u32_f32(cast(d))));
        neon!(self, vqmovn_high_u16(vqmovn_u16(ab), cd))
    }

    #[inline(always)]
    fn narrow4_u32(self, [a, b, c, d]: [uint8x16_t; 4]) -> uint8x16_t {
        let (ab, cd) = neon!(self, (vuzp1q_u16(cast(a), cast(b)), vuzp1q_u16(cast(c), cast(d))));
        neon!(self, vuzp1q_u8(cast(ab), cast(cd)))
    }

    #[inline(always)]
    fn narrow4_saturating_i32_u8(self, [a, b, c, d]: [uint8x16_t; 4]) -> uint8x16_t {
        let ab = neon!(self, vqmovn_high_s32(vqmovn_s32(cast(a)), cast(b)));
        let cd = neon!(self, vqmovn_high_s32(vqmovn_s32(cast(c)), cast(d)));
        neon!(self, vqmovun_high_s16(vqmovun_s16(ab), cd))
    }
}

/// Whether 16 bits hold the sum of bytes times the low bytes of the weights, all without sign. The high ones add up to
/// 128 at most.
const fn sums_fit(weights: [i16; 4]) -> bool {
    let [a, b, c, d] = weights;
    (a & 255) + (b & 255) + (c & 255) + (d & 255) <= 257
}

impl Neon {
    /// The means of bytes, each with its weight: `256 high + low + 2^14 >> 15` of two sums is
    /// `high + (low >> 8) + 64 >> 7`, rounded down twice.
    #[inline(always)]
    fn mean_in_16_bits<const N: usize>(self, bytes: [(uint8x16_t, i16); N]) -> uint8x16_t {
        let zero = neon!(self, vdupq_n_u16(0));
        let (mut high, mut low) = ([zero; 2], [zero; 2]);
        for (v, weight) in bytes {
            if weight == 0 {
                continue;
            }
            let [l, h] = weight.to_le_bytes();
            neon!(self, {
                let (l, h) = (vdupq_n_u8(l), vdupq_n_u8(h));
                high = [vmlal_u8(high[0], vget_low_u8(v), vget_low_u8(h)), vmlal_high_u8(high[1], v, h)];
                low = [vmlal_u8(low[0], vget_low_u8(v), vget_low_u8(l)), vmlal_high_u8(low[1], v, l)];
            });
        }
        neon!(self, {
            let (first, second) = (vsraq_n_u16::<8>(high[0], low[0]), vsraq_n_u16::<8>(high[1], low[1]));
            vrshrn_high_n_u16::<7>(vrshrn_n_u16::<7>(first), second)
        })
    }
}
