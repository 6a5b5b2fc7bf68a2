//! Look-ups of bytes, fixed-point products, dot products, and bytes to floats and back.

use super::{Neon, binary, neon};
use crate::isa::Bytes;
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
