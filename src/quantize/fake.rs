//! Fake quantization: training sees what quantization does to the numbers.

use super::rule::{Rule, RuleLanes};
use super::{Code, Mode, QuantParams, QuantizeError};
use crate::kernel;
use crate::lanes::{LengthError, Simd, Vector, zip_map};

kernel! {
    fn forward<S: Simd, C: Code>(simd: S, src: &[f32], rule: Rule, dst: &mut [f32]) -> Result<(), LengthError> {
        let rule = RuleLanes::<S, C::Element>::new(simd, rule);
        crate::lanes::map(simd, src, dst, #[inline(always)] |x| rule.fake(x).0)
    }

    fn backward<S: Simd, C: Code>(
        simd: S,
        src: &[f32],
        gradient: &[f32],
        rule: Rule,
        dst: &mut [f32],
    ) -> Result<(), LengthError> {
        let rule = RuleLanes::<S, C::Element>::new(simd, rule);
        zip_map(simd, src, gradient, dst, #[inline(always)] |x, g| rule.fake(x).1.select(g, Vector::zero(simd)))
    }
}

/// The forward pass: `dst[i] = dequantize(quantize(src[i]))`, bit-equal to the two in turn; NaN becomes 0.
///
/// ```
/// use omnilane::quantize::{QuantParams, fake_quantize_backward_into, fake_quantize_into};
///
/// let params = QuantParams::<i8>::new(0.5, 0)?;
/// let (x, mut y) = ([0.6, -0.2, 100.0], [0.0; 3]);
/// fake_quantize_into(&x, &params, &mut y)?;
/// assert_eq!(y, [0.5, 0.0, 63.5]);
///
/// let mut gradient = [0.0; 3];
/// fake_quantize_backward_into(&x, &[1.0, 2.0, 3.0], &params, &mut gradient)?;
/// assert_eq!(gradient, [1.0, 2.0, 0.0]);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
///
/// # Errors
/// [`QuantizeError::Length`] if `dst` has another length; nothing is written then.
pub fn fake_quantize_into<C: Code>(src: &[f32], params: &QuantParams<C>, dst: &mut [f32]) -> Result<(), QuantizeError> {
    Ok(forward::<C>(src, Rule::new(params, Mode::Exact), dst)?)
}

/// The backward pass (straight-through estimator): `dst[i]` is `gradient[i]` where the code of `src[i]` was not clamped,
/// else 0; NaN counts as clamped.
///
/// # Errors
/// [`QuantizeError::Length`] if the lengths differ; nothing is written then.
pub fn fake_quantize_backward_into<C: Code>(
    src: &[f32],
    gradient: &[f32],
    params: &QuantParams<C>,
    dst: &mut [f32],
) -> Result<(), QuantizeError> {
    LengthError::check("gradient", gradient.len(), src.len())?;
    Ok(backward::<C>(src, gradient, Rule::new(params, Mode::Exact), dst)?)
}
