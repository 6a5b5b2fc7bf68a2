//! Quantization by the range of the very tensor.

use super::extent::{Extent, extent};
use super::slice::quantize_seen_into;
use super::{Code, CodeRange, QuantParams, QuantizeError, QuantizedTensor, Real};
use crate::lanes::LengthError;
use core::marker::PhantomData;

/// ONNX's `DynamicQuantizeLinear`: the range of a tensor's values and 0, then the codes; for activations.
///
/// All arithmetic is that of f32, as in ONNX Runtime: `scale = (max - min) / (qmax - qmin)`,
/// `zero_point = round_half_even(clamp(qmin - min / scale))`. ONNX has it for `u8`; any code will do here. NaN and
/// infinities do not widen the range. Without a range (nothing but zeros, or a scale that would be subnormal or infinite):
/// scale 1, zero point 0.
///
/// ```
/// use omnilane::quantize::DynamicQuantizer;
///
/// let quantizer = DynamicQuantizer::<u8>::new();
/// let mut codes = [0; 6];
/// let params = quantizer.quantize_into(&[0.0, 2.0, -3.0, -2.5, 1.34, 0.5], &mut codes)?;
/// assert_eq!((params.scale(), params.zero_point()), (5.0 / 255.0, 153));
/// assert_eq!(codes, [153, 255, 0, 26, 221, 179]); // the example of ONNX
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DynamicQuantizer<C> {
    range: CodeRange,
    code: PhantomData<C>,
}

impl<C: Code> DynamicQuantizer<C> {
    /// All codes of the type.
    #[must_use]
    pub fn new() -> Self {
        Self::with_range(CodeRange::Full)
    }

    /// The codes of a range.
    #[must_use]
    pub fn with_range(range: CodeRange) -> Self {
        DynamicQuantizer { range, code: PhantomData }
    }

    /// The parameters for these values.
    #[must_use]
    pub fn params<R: Real>(&self, src: &[R]) -> QuantParams<C> {
        self.of_extent(&extent(src))
    }

    /// The codes of these values, and their parameters; allocates nothing.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] if `dst` is not the storage for as many codes; nothing is written then.
    pub fn quantize_into<R: Real>(&self, src: &[R], dst: &mut [C::Storage]) -> Result<QuantParams<C>, QuantizeError> {
        LengthError::check("dst", dst.len(), C::storage_len(src.len()))?;
        let found = extent(src);
        let params = self.of_extent(&found);
        quantize_seen_into(src, &params, found.within(&params), dst)?;
        Ok(params)
    }

    /// The same as a tensor.
    #[must_use]
    pub fn quantize<R: Real>(&self, src: &[R]) -> QuantizedTensor<C> {
        let found = extent(src);
        QuantizedTensor::with_extent_and_params(src, &found, self.of_extent(&found))
    }

    fn of_extent(&self, found: &Extent) -> QuantParams<C> {
        let (qmin, qmax) = self.range.bounds::<C>();
        let scale = (found.max - found.min) / (qmax - qmin) as f32;
        if !scale.is_normal() {
            return QuantParams::no_range(self.range);
        }
        let zero = (qmin as f32 - found.min / scale).clamp(qmin as f32, qmax as f32);
        // A normal scale, a clamped zero point: nothing to refuse.
        QuantParams::with_range(scale, libm::rintf(zero) as i32, self.range)
            .unwrap_or_else(|_| QuantParams::no_range(self.range))
    }
}
