//! From real numbers to codes, one block at a time.
//!
//! A block is *ordinary* if every lane is a number of less than 2^22 steps: then nothing can overflow on the way to an
//! integer, and the clamp may come after it. The sums that round it ([`MAGIC`]) tell by their exponents; the others (NaN,
//! infinities, values far outside) take the definition's way, clamp first.
//!
//! **Division without a divider.** Where the CPU has FMA, `x / s` for many `x` and one `s` is four operations of half a
//! cycle each instead of one of five or more. With `y = RN(1/s)`, `z = RN(1/s - y)`:
//! `q = RN(x y + RN(x z))` is one of the two floats around `x / s`, `r = x - q s` is exact, and `RN(q + r y)` is
//! `RN(x / s)` by Markstein's theorem (IBM J. Res. Dev. 34, 1990), as long as nothing over- or underflows: the scale is
//! in 2^-64..=2^64, and a quotient below 1/4, where `r` might lose bits, rounds to 0 in any case.
//!
//! **Codes of eight bits take `q`**, two operations. What `q` rounds is `x / s (1 + e)`, |e| < 2^-47 (1 + 2^-22): it is
//! `RN(x / s)` but for an `x / s` that near to the middle of two floats, and its code is the same but where one of the two
//! is a tie between codes. With integers for `x`, `s` and the middle, of 24, 24 and 25 bits, such a case is
//! `X 2^t = S M + d` with `t` 24 or 25 and 0 < |d| <= 4: for each tie there are 32 scales at most, which is few enough to
//! try them all (`tests/quantize/ties.rs`). The first tie where the code is ever another is 3554.5.

use super::block::{ElementCode, Four};
use super::{Code, Mode, QuantParams};
use crate::lanes::{Mask, Simd, Vector};

/// 1.5 * 2^23: what is added to it is rounded to an integer, half to even, in the low bits.
const MAGIC: f32 = 12_582_912.0;
/// Sign and exponent of a float.
const EXPONENT: i32 = 0x1ff << 23;
/// Those of what rounds a number of less than 2^22 steps.
const ORDINARY: i32 = MAGIC.to_bits() as i32 & EXPONENT;
/// Those of no sum with [`MAGIC`]: there is no integer between 0 and -1.
const NONE_ORDINARY: i32 = i32::MIN;
/// The scales for which division by FMA is exact: 2^-64..=2^64.
const FMA_SCALES: core::ops::RangeInclusive<f32> = 5.421_011e-20..=1.844_674_4e19;

/// How numbers are divided by the scale.
pub(super) mod quotient {
    /// `x * (1 / s)`
    pub const PRODUCT: u8 = 0;
    /// To the code of `RN(x / s)`.
    pub const EXACT: u8 = 1;
    /// The same, for a slice that is known to hold nothing but ordinary blocks.
    pub const ORDINARY: u8 = 2;
}
use quotient::PRODUCT;

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

    /// Whether blocks can be ordinary.
    pub fn has_short_cuts(&self) -> bool {
        FMA_SCALES.contains(&self.scale)
    }
}

/// What [`ElementCode::put`] has to clamp to.
pub(super) fn limits<E: ElementCode>(qmin: i32, qmax: i32) -> Option<[E; 2]> {
    let limits = [E::from_i32(qmin), E::from_i32(qmax)];
    (limits != [E::from_i32(i32::MIN), E::from_i32(i32::MAX)]).then_some(limits)
}

/// The parameters as vectors, for codes of `E`.
pub(super) struct RuleLanes<S: Simd, E> {
    scale: Vector<S, f32>,
    minus_scale: Vector<S, f32>,
    reciprocal: Vector<S, f32>,
    reciprocal_rest: Vector<S, f32>,
    exponent: Vector<S, i32>,
    ordinary: Vector<S, i32>,
    magic: Vector<S, f32>,
    offset: Vector<S, i32>,
    low: Vector<S, f32>,
    high: Vector<S, f32>,
    /// The least and the largest code, where they are not those of `E`.
    pub limits: Option<[E; 2]>,
}

impl<S: Simd, E: ElementCode> RuleLanes<S, E> {
    #[inline(always)]
    pub fn new(simd: S, rule: Rule) -> Self {
        let scale = f64::from(rule.scale);
        let reciprocal = 1.0 / rule.scale;
        let rest = (1.0 - scale * f64::from(reciprocal)) / scale;
        // No block is ordinary for a scale where the short cuts do not hold.
        let ordinary = if rule.has_short_cuts() { ORDINARY } else { NONE_ORDINARY };
        RuleLanes {
            scale: simd.splat(rule.scale),
            minus_scale: simd.splat(-rule.scale),
            reciprocal: simd.splat(reciprocal),
            reciprocal_rest: simd.splat(rest as f32),
            exponent: simd.splat(EXPONENT),
            ordinary: simd.splat(ordinary),
            magic: simd.splat(MAGIC),
            offset: simd.splat(rule.zero_point + E::BIAS - MAGIC.to_bits() as i32),
            low: simd.splat((rule.qmin - rule.zero_point) as f32),
            high: simd.splat((rule.qmax - rule.zero_point) as f32),
            limits: limits(rule.qmin, rule.qmax),
        }
    }

    /// The codes of a block plus the bias, for `put`; `nan` counts.
    #[inline(always)]
    pub fn codes<const QUOTIENT: u8>(&self, x: Four<S, f32>, nan: &mut usize) -> Four<S, i32> {
        // Loops, not `map`: that has been seen left out of line here, at a thirtieth of the speed.
        let mut codes = [self.ordinary; 4];
        for k in 0..4 {
            codes[k] = self.rounded(self.ordinary_steps::<QUOTIENT>(x[k]));
        }
        let ([a, b, c, d], p) = (codes, self.ordinary);
        let unlike = (a ^ p) | (b ^ p) | (c ^ p) | (d ^ p);
        if QUOTIENT != quotient::ORDINARY && !(unlike & self.exponent).eq(Vector::zero(p.simd())).all() {
            for k in 0..4 {
                let number = x[k].eq(x[k]);
                *nan += (!number).count();
                let steps = self.steps::<QUOTIENT>(number.select(x[k], Vector::zero(x[k].simd())));
                codes[k] = self.rounded(steps.max(self.low).min(self.high));
            }
        }
        for code in &mut codes {
            *code += self.offset;
        }
        codes
    }

    /// Steps, fewer than 2^22, rounded to an integer: in the low bits, beside those of [`MAGIC`].
    #[inline(always)]
    fn rounded(&self, steps: Vector<S, f32>) -> Vector<S, i32> {
        (steps + self.magic).bitcast()
    }

    /// Numbers in steps of the scale.
    #[inline(always)]
    fn steps<const QUOTIENT: u8>(&self, x: Vector<S, f32>) -> Vector<S, f32> {
        if QUOTIENT == PRODUCT { x * self.reciprocal } else { x / self.scale }
    }

    /// The same for an ordinary block, or a neighbour that has the same code.
    #[inline(always)]
    fn ordinary_steps<const QUOTIENT: u8>(&self, x: Vector<S, f32>) -> Vector<S, f32> {
        if QUOTIENT == PRODUCT || !S::FAST_FMA {
            return self.steps::<QUOTIENT>(x);
        }
        let q = x.fma(self.reciprocal, x * self.reciprocal_rest);
        if size_of::<E>() == 1 {
            return q;
        }
        let remainder = q.fma(self.minus_scale, x);
        remainder.fma(self.reciprocal, q)
    }

    /// The values that the codes of these numbers stand for, and the lanes whose code was not clamped; NaN is 0, clamped.
    #[inline(always)]
    pub fn fake(&self, x: Vector<S, f32>) -> (Vector<S, f32>, Mask<S, f32>) {
        let number = x.eq(x);
        let steps = self.steps::<{ quotient::EXACT }>(number.select(x, Vector::zero(x.simd()))).round_even();
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
