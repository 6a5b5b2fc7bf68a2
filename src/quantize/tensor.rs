//! A tensor with one scale and one zero point.

use super::extent::{Extent, extent};
use super::slice::{dequantize_into, quantize_into, quantize_seen_into};
use super::{Code, QuantParams, QuantizeError, Real};
use crate::lanes::LengthError;
use alloc::vec;
use alloc::vec::Vec;

/// [`quantize_into`](super::quantize_into) a new vector; allocates nothing else.
///
/// ```
/// use omnilane::quantize::{QuantParams, dequantize, quantize_weights};
///
/// let params = QuantParams::<i8>::symmetric(1.27)?;
/// let codes = quantize_weights(&[0.5_f32, -1.27, 0.014], &params);
/// assert_eq!(codes, [50, -127, 1]);
/// let back: Vec<f32> = dequantize(&codes, &params);
/// assert!((back[2] - 0.01).abs() < 1e-6);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
#[must_use]
pub fn quantize_weights<R: Real, C: Code>(weights: &[R], params: &QuantParams<C>) -> Vec<C::Storage> {
    QuantizedTensor::with_params(weights, *params).codes
}

/// Codes with one scale and one zero point.
///
/// ```
/// use omnilane::quantize::QuantizedTensor;
///
/// let tensor = QuantizedTensor::<u8>::from_f32(&[-1.0, 0.0, 0.5, 4.1]);
/// assert_eq!(tensor.params().scale(), 0.02);
/// assert_eq!(tensor.codes(), [0, 50, 75, 255]);
/// assert_eq!(tensor.to_f32()[..3], [-1.0, 0.0, 0.5]);
///
/// let large = QuantizedTensor::<u8>::from_f32(&[1.0; 1000]);
/// assert!(large.compression_ratio() > 3.97); // of 4, the rest is scale and zero point
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct QuantizedTensor<C: Code> {
    codes: Vec<C::Storage>,
    len: usize,
    params: QuantParams<C>,
    nan: usize,
    infinite: usize,
}

impl<C: Code> QuantizedTensor<C> {
    /// All codes over the range of the values and 0: [`QuantParams::asymmetric`].
    ///
    /// NaN and infinities do not widen the range; NaN becomes 0, infinities the ends.
    #[must_use]
    pub fn from_f32(src: &[f32]) -> Self {
        Self::from_real(src)
    }

    /// As many codes below 0 as above, over the largest magnitude: [`QuantParams::symmetric`].
    ///
    /// NaN and infinities do not widen the range; NaN becomes 0, infinities the ends.
    #[must_use]
    pub fn from_f32_symmetric(src: &[f32]) -> Self {
        Self::from_real_symmetric(src)
    }

    /// [`from_f32`](QuantizedTensor::from_f32) of any real type.
    #[must_use]
    pub fn from_real<R: Real>(src: &[R]) -> Self {
        Self::with_extent(src, false)
    }

    /// [`from_f32_symmetric`](QuantizedTensor::from_f32_symmetric) of any real type.
    #[must_use]
    pub fn from_real_symmetric<R: Real>(src: &[R]) -> Self {
        Self::with_extent(src, true)
    }

    fn with_extent<R: Real>(src: &[R], symmetric: bool) -> Self {
        let found = extent(src);
        Self::with_extent_and_params(src, &found, found.params(symmetric))
    }

    /// With parameters that come from the extent of these very values.
    pub(super) fn with_extent_and_params<R: Real>(src: &[R], found: &Extent, params: QuantParams<C>) -> Self {
        let mut codes = vec![C::Storage::default(); C::storage_len(src.len())];
        // The length is right: nothing can be refused.
        let nan = quantize_seen_into(src, &params, found.within(&params), &mut codes).unwrap_or(0);
        QuantizedTensor { codes, len: src.len(), params, nan, infinite: found.infinite }
    }

    /// With parameters that are known, from calibration for instance.
    ///
    /// Infinities are not counted.
    #[must_use]
    pub fn with_params<R: Real>(src: &[R], params: QuantParams<C>) -> Self {
        let mut codes = vec![C::Storage::default(); C::storage_len(src.len())];
        // The length is right, and NaN is no error: nothing can be refused.
        let nan = quantize_into(src, &params, &mut codes).unwrap_or(0);
        QuantizedTensor { codes, len: src.len(), params, nan, infinite: 0 }
    }

    /// From `len` codes that are there already.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] if the storage is not that of `len` codes.
    pub fn from_codes(codes: Vec<C::Storage>, len: usize, params: QuantParams<C>) -> Result<Self, QuantizeError> {
        LengthError::check("codes", codes.len(), C::storage_len(len))?;
        Ok(QuantizedTensor { codes, len, params, nan: 0, infinite: 0 })
    }

    /// The codes in memory.
    #[must_use]
    pub fn codes(&self) -> &[C::Storage] {
        &self.codes
    }

    /// The codes in memory.
    #[must_use]
    pub fn into_codes(self) -> Vec<C::Storage> {
        self.codes
    }

    /// The number of codes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Scale, zero point and range.
    #[must_use]
    pub fn params(&self) -> &QuantParams<C> {
        &self.params
    }

    /// How many values were NaN.
    #[must_use]
    pub fn nan_count(&self) -> usize {
        self.nan
    }

    /// How many values were infinite.
    #[must_use]
    pub fn infinite_count(&self) -> usize {
        self.infinite
    }

    /// The number that code `i` stands for, if there is one.
    #[must_use]
    pub fn get(&self, i: usize) -> Option<f32> {
        (i < self.len).then(|| self.params.dequantize(C::get(&self.codes, i)))
    }

    /// The numbers.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        self.to_real()
    }

    /// The numbers in another type.
    #[must_use]
    pub fn to_real<R: Real>(&self) -> Vec<R> {
        let mut numbers = vec![R::default(); self.len];
        let fits = self.dequantize_into(&mut numbers);
        debug_assert!(fits.is_ok(), "as many numbers as codes");
        numbers
    }

    /// The numbers into `dst`; allocates nothing.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] if `dst` has another length; nothing is written then.
    pub fn dequantize_into<R: Real>(&self, dst: &mut [R]) -> Result<(), QuantizeError> {
        LengthError::check("dst", dst.len(), self.len)?;
        dequantize_into(&self.codes, &self.params, dst)
    }

    /// Bytes of codes, scale and zero point (as wide as a code's storage).
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(self.codes.as_slice()) + param_bytes::<C>(1)
    }

    /// How many times fewer bytes than as f32, parameters included; 0 if there are no values.
    #[must_use]
    pub fn compression_ratio(&self) -> f64 {
        (self.len * size_of::<f32>()) as f64 / self.bytes() as f64
    }
}

/// Bytes of `n` scales and zero points.
pub(super) fn param_bytes<C: Code>(n: usize) -> usize {
    n * (size_of::<f32>() + size_of::<C::Storage>())
}
