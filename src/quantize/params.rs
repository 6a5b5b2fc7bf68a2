//! Scale, zero point, and the codes that may be used.

use super::{Code, QuantizeError};
use core::marker::PhantomData;

/// Which codes may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CodeRange {
    /// All of the type: i8 -128..=127, u8 0..=255, i4 -8..=7.
    #[default]
    Full,
    /// As many below the middle as above it: i8 -127..=127, u8 1..=255 around 128, i4 -7..=7.
    Symmetric,
    /// One bit less, for products of pairs that must not overflow 16 bits: i8 -64..=64, u8 0..=127, i16 -16384..=16384,
    /// u16 0..=32767, i4 -4..=3, u4 0..=7 (ONNX Runtime's `reduce_range`).
    Reduced,
}

impl CodeRange {
    /// The smallest and the largest code.
    #[must_use]
    pub const fn bounds<C: Code>(self) -> (i32, i32) {
        match self {
            CodeRange::Full => (C::MIN, C::MAX),
            CodeRange::Symmetric => (C::MIN + 1, C::MAX),
            CodeRange::Reduced if C::MIN == 0 => (0, C::MAX / 2),
            CodeRange::Reduced if C::BITS == 4 => (C::MIN / 2, C::MAX / 2),
            CodeRange::Reduced => (C::MIN / 2, -(C::MIN / 2)),
        }
    }

    /// The zero point of symmetric codes: 0, or the middle of an unsigned type.
    #[must_use]
    pub(crate) const fn middle<C: Code>(self) -> i32 {
        let (min, max) = self.bounds::<C>();
        (min + max + 1).div_euclid(2)
    }
}

/// How codes of type `C` stand for real numbers: `real = scale * (code - zero_point)`.
///
/// The scale is above 0 and finite, the zero point one of the codes of the [`range`](QuantParams::range).
///
/// ```
/// use omnilane::quantize::QuantParams;
///
/// let params = QuantParams::<i8>::symmetric(12.7)?;
/// assert_eq!((params.scale(), params.zero_point()), (0.1, 0));
/// assert_eq!(params.quantize(-1000.0), -127);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantParams<C> {
    scale: f32,
    zero_point: i32,
    range: CodeRange,
    code: PhantomData<C>,
}

impl<C: Code> QuantParams<C> {
    /// These numbers, and all codes of the type.
    ///
    /// # Errors
    /// [`QuantizeError::Scale`] if the scale is not above 0 and finite, [`QuantizeError::ZeroPoint`] if the zero point is
    /// not a code.
    pub fn new(scale: f32, zero_point: i32) -> Result<Self, QuantizeError> {
        Self::with_range(scale, zero_point, CodeRange::Full)
    }

    /// These numbers, and the codes of a range.
    ///
    /// # Errors
    /// As [`new`](QuantParams::new); the zero point must be in the range.
    pub fn with_range(scale: f32, zero_point: i32, range: CodeRange) -> Result<Self, QuantizeError> {
        if !(scale > 0.0 && scale.is_finite()) {
            return Err(QuantizeError::Scale { got: scale });
        }
        let (min, max) = range.bounds::<C>();
        if !(min..=max).contains(&zero_point) {
            return Err(QuantizeError::ZeroPoint { got: zero_point, min, max });
        }
        Ok(QuantParams { scale, zero_point, range, code: PhantomData })
    }

    /// All codes over the values from `min` to `max`: see [`asymmetric_in`](QuantParams::asymmetric_in).
    ///
    /// # Errors
    /// [`QuantizeError::MinMax`] if an end is not finite, or `min` is above `max`.
    pub fn asymmetric(min: f32, max: f32) -> Result<Self, QuantizeError> {
        Self::asymmetric_in(min, max, CodeRange::Full)
    }

    /// The codes of a range over the values from `min` to `max`, both widened to include 0.
    ///
    /// `scale = (max - min) / (qmax - qmin)` in f64, rounded to f32; `zero_point = round(qmin - min / scale)`, half to even,
    /// clamped to the range. If the scale would be 0, subnormal or infinite, the values have no range: scale 1, and the
    /// zero point is 0 ([`CodeRange::Symmetric`]: the middle).
    ///
    /// # Errors
    /// [`QuantizeError::MinMax`] if an end is not finite, or `min` is above `max`.
    pub fn asymmetric_in(min: f32, max: f32, range: CodeRange) -> Result<Self, QuantizeError> {
        if !(min.is_finite() && max.is_finite() && min <= max) {
            return Err(QuantizeError::MinMax { min, max });
        }
        let (qmin, qmax) = range.bounds::<C>();
        let (min, max) = (f64::from(min.min(0.0)), f64::from(max.max(0.0)));
        let scale = ((max - min) / f64::from(qmax - qmin)) as f32;
        if !scale.is_normal() {
            return Ok(Self::no_range(range));
        }
        let zero = libm::rint(f64::from(qmin) - min / f64::from(scale));
        let zero_point = zero.clamp(f64::from(qmin), f64::from(qmax)) as i32;
        Ok(QuantParams { scale, zero_point, range, code: PhantomData })
    }

    /// The codes of [`CodeRange::Symmetric`] over the values from `-absmax` to `absmax`: see
    /// [`symmetric_in`](QuantParams::symmetric_in).
    ///
    /// # Errors
    /// [`QuantizeError::AbsMax`] if it is negative, infinite or NaN.
    pub fn symmetric(absmax: f32) -> Result<Self, QuantizeError> {
        Self::symmetric_in(absmax, CodeRange::Symmetric)
    }

    /// The codes of a range over the values from `-absmax` to `absmax`.
    ///
    /// The zero point is the middle of the range: 0, or 128 for `u8`; `scale = absmax / (qmax - zero_point)` in f64, rounded
    /// to f32: `absmax / 127` for `i8`. If that would be 0, subnormal or infinite, the values have no range, and it is 1.
    ///
    /// # Errors
    /// [`QuantizeError::AbsMax`] if it is negative, infinite or NaN.
    pub fn symmetric_in(absmax: f32, range: CodeRange) -> Result<Self, QuantizeError> {
        if !(absmax >= 0.0 && absmax.is_finite()) {
            return Err(QuantizeError::AbsMax { got: absmax });
        }
        let zero_point = range.middle::<C>();
        let scale = (f64::from(absmax) / f64::from(range.bounds::<C>().1 - zero_point)) as f32;
        let scale = if scale.is_normal() { scale } else { 1.0 };
        Ok(QuantParams { scale, zero_point, range, code: PhantomData })
    }

    /// For values that are all zero, and for none.
    #[must_use]
    pub(crate) fn no_range(range: CodeRange) -> Self {
        let zero_point = if range == CodeRange::Symmetric { range.middle::<C>() } else { 0 };
        QuantParams { scale: 1.0, zero_point, range, code: PhantomData }
    }

    /// The step from one code to the next.
    #[must_use]
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// The code of 0.
    #[must_use]
    pub fn zero_point(&self) -> i32 {
        self.zero_point
    }

    /// Which codes may be used.
    #[must_use]
    pub fn range(&self) -> CodeRange {
        self.range
    }

    /// The smallest code that may be used.
    #[must_use]
    pub fn qmin(&self) -> i32 {
        self.range.bounds::<C>().0
    }

    /// The largest code that may be used.
    #[must_use]
    pub fn qmax(&self) -> i32 {
        self.range.bounds::<C>().1
    }

    /// The code of one number: `clamp(round_half_even(x / scale) + zero_point)`; NaN is 0.
    ///
    /// The clamp comes before the conversion to an integer, so 3e9 is the largest code.
    #[must_use]
    pub fn quantize(&self, x: f32) -> C {
        let low = (self.qmin() - self.zero_point) as f32;
        let high = (self.qmax() - self.zero_point) as f32;
        let steps = libm::rintf((x / self.scale).clamp(low, high));
        // NaN converts to 0.
        C::saturate(steps as i32 + self.zero_point)
    }

    /// The number that a code stands for: `scale * (code - zero_point)`.
    #[must_use]
    pub fn dequantize(&self, code: C) -> f32 {
        (code.to_i32() - self.zero_point) as f32 * self.scale
    }
}

impl<C: Code> Default for QuantParams<C> {
    /// Scale 1, zero point 0: what values without a range get.
    fn default() -> Self {
        Self::no_range(CodeRange::Full)
    }
}
