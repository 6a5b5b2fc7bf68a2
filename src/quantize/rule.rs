//! From real numbers to codes, one block at a time.
//!
//! A block is *ordinary* if every lane is a number of less than 2^21 steps: then nothing can overflow on the way to an
//! integer, and the clamp may come after it. One look at the largest magnitude of a block says so; the others (NaN,
//! infinities, values far outside) take the definition's way, clamp first.
//!
//! **Division without a divider.** Where the CPU has FMA, `x / s` for many `x` and one `s` is four operations of half a
//! cycle each instead of one of five or more. With `y = RN(1/s)`, `z = RN(1/s - y)`:
//! `q = RN(x y + RN(x z))` is one of the two floats around `x / s`, `r = x - q s` is exact, and `RN(q + r y)` is
//! `RN(x / s)` by Markstein's theorem (IBM J. Res. Dev. 34, 1990), as long as nothing over- or underflows: the scale is
//! in 2^-100..=2^100, and a quotient below 1/4, where `r` might lose bits, rounds to 0 in any case.
//!
//! Almost always `q` alone rounds to the same code as `x / s`: it differs from `RN(x / s)` only within 2^-24 of the middle
//! between two floats. Whether it does for this scale is seen at the 255 ties between the codes of eight bits
//! ([`quotient::SHORT`]), which is worth the while for a long slice.

use super::block::{ElementCode, Four};
use super::{Code, Mode, QuantParams};
use crate::lanes::{Mask, Simd, Vector};

/// 1.5 * 2^23: what is added to it is rounded to an integer, half to even, in the low bits.
const MAGIC: f32 = 12_582_912.0;
/// Steps from zero from which a block is not ordinary.
const ORDINARY: f32 = 2_097_152.0;
/// The scales for which division by FMA is exact.
const FMA_SCALES: core::ops::RangeInclusive<f32> = 7.888_609e-31..=1.267_650_6e30;

/// How a block that is ordinary is divided.
pub(super) mod quotient {
    /// `x * (1 / s)`
    pub const PRODUCT: u8 = 0;
    /// `RN(x / s)`
    pub const EXACT: u8 = 1;
    /// One of the two floats around `x / s`, for a scale where its code is that of `RN(x / s)`.
    pub const SHORT: u8 = 2;
    /// The same, for a slice that is known to hold nothing but ordinary blocks.
    pub const SHORT_ORDINARY: u8 = 3;
}
use quotient::{EXACT, PRODUCT, SHORT, SHORT_ORDINARY};

/// The parameters as plain numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub scale: f32,
    pub zero_point: i32,
    pub qmin: i32,
    pub qmax: i32,
    pub exact: bool,
}

impl Rule {
    pub fn new<C: Code>(params: &QuantParams<C>, mode: Mode) -> Rule {
        let (scale, zero_point) = (params.scale(), params.zero_point());
        // The reciprocal of a subnormal scale may be infinite.
        let exact = mode == Mode::Exact || !(1.0 / scale).is_normal();
        Rule { scale, zero_point, qmin: params.qmin(), qmax: params.qmax(), exact }
    }
}

/// The parameters as vectors, for codes of `E`.
pub(super) struct RuleLanes<S: Simd, E> {
    scale: Vector<S, f32>,
    minus_scale: Vector<S, f32>,
    reciprocal: Vector<S, f32>,
    reciprocal_rest: Vector<S, f32>,
    magnitude: Vector<S, i32>,
    ordinary: Vector<S, i32>,
    magic: Vector<S, f32>,
    offset: Vector<S, i32>,
    low: Vector<S, f32>,
    high: Vector<S, f32>,
    pub qmin: E,
    pub qmax: E,
}

impl<S: Simd, E: ElementCode> RuleLanes<S, E> {
    #[inline(always)]
    pub fn new(simd: S, rule: Rule) -> Self {
        let scale = f64::from(rule.scale);
        let reciprocal = 1.0 / rule.scale;
        let rest = (1.0 - scale * f64::from(reciprocal)) / scale;
        // No block is ordinary for a scale where the short cuts do not hold.
        let ordinary = if FMA_SCALES.contains(&rule.scale) { (rule.scale * ORDINARY).to_bits() as i32 } else { 0 };
        RuleLanes {
            scale: simd.splat(rule.scale),
            minus_scale: simd.splat(-rule.scale),
            reciprocal: simd.splat(reciprocal),
            reciprocal_rest: simd.splat(rest as f32),
            magnitude: simd.splat(i32::MAX),
            ordinary: simd.splat(ordinary),
            magic: simd.splat(MAGIC),
            offset: simd.splat(rule.zero_point + E::BIAS - MAGIC.to_bits() as i32),
            low: simd.splat((rule.qmin - rule.zero_point) as f32),
            high: simd.splat((rule.qmax - rule.zero_point) as f32),
            qmin: E::from_i32(rule.qmin),
            qmax: E::from_i32(rule.qmax),
        }
    }

    /// The codes of a block plus the bias, for `put`; `nan` counts.
    #[inline(always)]
    pub fn codes<const QUOTIENT: u8>(&self, x: Four<S, f32>, nan: &mut usize) -> Four<S, i32> {
        // Loops, not `map`: that has been seen left out of line here, at a thirtieth of the speed.
        if QUOTIENT == SHORT_ORDINARY {
            let mut codes = [self.magnitude; 4];
            for k in 0..4 {
                codes[k] = self.code(self.ordinary_steps::<SHORT>(x[k]));
            }
            return codes;
        }
        let mut magnitude = [self.magnitude; 4];
        for k in 0..4 {
            magnitude[k] = x[k].bitcast::<i32>() & self.magnitude;
        }
        let largest = magnitude[0].max(magnitude[1]).max(magnitude[2].max(magnitude[3]));
        let mut codes = magnitude;
        if largest.lt(self.ordinary).all() {
            for k in 0..4 {
                codes[k] = self.code(self.ordinary_steps::<QUOTIENT>(x[k]));
            }
        } else {
            for k in 0..4 {
                let number = x[k].eq(x[k]);
                *nan += (!number).count();
                let steps = self.steps::<QUOTIENT>(number.select(x[k], Vector::zero(x[k].simd())));
                codes[k] = self.code(steps.max(self.low).min(self.high));
            }
        }
        codes
    }

    /// The code plus the bias of so many steps, which are fewer than 2^22.
    #[inline(always)]
    fn code(&self, steps: Vector<S, f32>) -> Vector<S, i32> {
        (steps + self.magic).bitcast::<i32>() + self.offset
    }

    /// Numbers in steps of the scale.
    #[inline(always)]
    fn steps<const QUOTIENT: u8>(&self, x: Vector<S, f32>) -> Vector<S, f32> {
        if QUOTIENT == PRODUCT { x * self.reciprocal } else { x / self.scale }
    }

    /// The same for a lane of an ordinary block.
    #[inline(always)]
    fn ordinary_steps<const QUOTIENT: u8>(&self, x: Vector<S, f32>) -> Vector<S, f32> {
        if QUOTIENT == PRODUCT || !S::FAST_FMA {
            return self.steps::<QUOTIENT>(x);
        }
        let q = x.fma(self.reciprocal, x * self.reciprocal_rest);
        if QUOTIENT == SHORT {
            return q;
        }
        let remainder = q.fma(self.minus_scale, x);
        remainder.fma(self.reciprocal, q)
    }

    /// Whether [`SHORT`] gives the code of the quotient, whatever is divided.
    ///
    /// Both grow with `x`, so they agree everywhere if they agree around each tie between two codes. The product of tie and
    /// scale is within half a unit in the last place of where the quotient is the tie, and two units away both are on their
    /// side of it.
    #[inline(always)]
    pub fn short_is_exact(&self, simd: S, rule: Rule) -> bool {
        if !(S::FAST_FMA && FMA_SCALES.contains(&rule.scale)) {
            return false;
        }
        let iota = Vector::<S, f32>::iota(simd);
        let (first, last) = (rule.qmin - rule.zero_point, rule.qmax - rule.zero_point);
        let mut agree = Mask::splat(simd, true);
        for k in (first..last).step_by(Vector::<S, f32>::LANES) {
            let near = ((iota + simd.splat(k as f32 + 0.5)) * self.scale).bitcast::<i32>() - simd.splat(2);
            for units in 0..5 {
                let x = (near + simd.splat(units)).bitcast::<f32>();
                agree = agree & self.code(self.steps::<EXACT>(x)).eq(self.code(self.ordinary_steps::<SHORT>(x)));
            }
        }
        agree.all()
    }

    /// The values that the codes of these numbers stand for, and the lanes whose code was not clamped; NaN is 0, clamped.
    #[inline(always)]
    pub fn fake(&self, x: Vector<S, f32>) -> (Vector<S, f32>, Mask<S, f32>) {
        let number = x.eq(x);
        let steps = self.steps::<EXACT>(number.select(x, Vector::zero(x.simd()))).round_even();
        let inside = number & steps.ge(self.low) & steps.le(self.high);
        // An integer has no -0.
        ((steps.max(self.low).min(self.high) + Vector::zero(x.simd())) * self.scale, inside)
    }
}

/// The codes of a block plus the bias, each lane with its own scale and zero point.
#[inline(always)]
pub(super) fn codes_of_lanes<S: Simd, E: ElementCode>(
    x: Four<S, f32>,
    scale: Four<S, f32>,
    zero_point: Four<S, i32>,
    [qmin, qmax]: [Vector<S, i32>; 2],
    nan: &mut usize,
) -> Four<S, i32> {
    let mut out = zero_point;
    for k in 0..4 {
        let simd = x[k].simd();
        let number = x[k].eq(x[k]);
        *nan += (!number).count();
        // The lanes past the end have scale 0, and 0 / 0 is NaN.
        let steps = number.select(x[k], Vector::zero(simd)) / scale[k];
        let low = (qmin - zero_point[k]).to_float();
        let high = (qmax - zero_point[k]).to_float();
        let steps = steps.max(low).min(high);
        out[k] = (steps + simd.splat(MAGIC)).bitcast::<i32>() - simd.splat(MAGIC.to_bits() as i32 - E::BIAS);
        out[k] += zero_point[k];
    }
    out
}
