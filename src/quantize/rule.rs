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

use super::block::{ElementCode, Four};
use super::{Code, Mode, QuantParams};
use crate::lanes::{Mask, Simd, Vector};

/// 1.5 * 2^23: what is added to it is rounded to an integer, half to even, in the low bits.
const MAGIC: f32 = 12_582_912.0;
/// Steps from zero from which a block is not ordinary.
const ORDINARY: f32 = 2_097_152.0;
/// The scales for which division by FMA is exact.
const FMA_SCALES: core::ops::RangeInclusive<f32> = 7.888_609e-31..=1.267_650_6e30;

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
    pub fn codes<const EXACT: bool>(&self, x: Four<S, f32>, nan: &mut usize) -> Four<S, i32> {
        let magnitude = x.map(
            #[inline(always)]
            |v| v.bitcast::<i32>() & self.magnitude,
        );
        let largest = magnitude[0].max(magnitude[1]).max(magnitude[2].max(magnitude[3]));
        let steps = if largest.lt(self.ordinary).all() {
            x.map(
                #[inline(always)]
                |v| self.ordinary_steps::<EXACT>(v),
            )
        } else {
            x.map(
                #[inline(always)]
                |v| {
                    let number = v.eq(v);
                    *nan += (!number).count();
                    let v = number.select(v, Vector::zero(v.simd()));
                    self.steps::<EXACT>(v).max(self.low).min(self.high)
                },
            )
        };
        steps.map(
            #[inline(always)]
            |v| (v + self.magic).bitcast::<i32>() + self.offset,
        )
    }

    /// Numbers in steps of the scale.
    #[inline(always)]
    fn steps<const EXACT: bool>(&self, x: Vector<S, f32>) -> Vector<S, f32> {
        if EXACT { x / self.scale } else { x * self.reciprocal }
    }

    /// The same for a lane of an ordinary block.
    #[inline(always)]
    fn ordinary_steps<const EXACT: bool>(&self, x: Vector<S, f32>) -> Vector<S, f32> {
        if EXACT && S::FAST_FMA {
            let q = x.fma(self.reciprocal, x * self.reciprocal_rest);
            let remainder = q.fma(self.minus_scale, x);
            remainder.fma(self.reciprocal, q)
        } else {
            self.steps::<EXACT>(x)
        }
    }

    /// The values that the codes of these numbers stand for, and the lanes whose code was not clamped; NaN is 0, clamped.
    #[inline(always)]
    pub fn fake(&self, x: Vector<S, f32>) -> (Vector<S, f32>, Mask<S, f32>) {
        let number = x.eq(x);
        let steps = self.steps::<true>(number.select(x, Vector::zero(x.simd()))).round_even();
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
