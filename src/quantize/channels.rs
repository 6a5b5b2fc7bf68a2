//! A tensor with a scale and a zero point for each channel, or for each block of a channel.

use super::pieces::{Geometry, Table, dequantize_pieces, extents, quantize_pieces};
use super::tensor::param_bytes;
use super::{Code, CodeRange, QuantParams, QuantizeError, Real};
use crate::lanes::LengthError;
use alloc::vec;
use alloc::vec::Vec;

/// Codes of a tensor with a scale and a zero point per index of one axis, or per block of indices of it.
///
/// The tensor is dense and row-major, of the given shape. An `axis` below 0 counts from the back: -1 is the last one.
///
/// - Per channel (ONNX `axis`): element `[.., c, ..]` has the parameters `c`, as many as the axis is long.
/// - Blocked (ONNX 21 `block_size`): the axis is cut into blocks of `block` indices, the last one shorter if need be, and
///   each block has parameters for every index of the *other* axes: the shape of the parameters is the tensor's with the
///   axis `ceil(length / block)` long, row-major too.
///
/// While it quantizes it allocates the codes, the parameters, and some bytes per scale.
///
/// ```
/// use omnilane::quantize::PerChannelQuant;
///
/// // Two rows of very different size: each has its own scale.
/// let weights = [0.1, -0.05, 0.02, 100.0, 50.0, -25.0];
/// let q = PerChannelQuant::<i8>::from_f32_symmetric(&weights, &[2, 3], 0)?;
/// assert_eq!(q.scales(), [0.1 / 127.0, 100.0 / 127.0]);
/// assert_eq!(q.codes(), [127, -64, 25, 127, 64, -32]);
///
/// // Blocks of two along the last axis: two scales per row.
/// let q = PerChannelQuant::<i8>::blocked_f32(&weights, &[2, 3], -1, 2)?;
/// assert_eq!(q.scales().len(), 4);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PerChannelQuant<C: Code> {
    codes: Vec<C::Storage>,
    shape: Vec<usize>,
    axis: usize,
    geometry: Geometry,
    scales: Vec<f32>,
    zero_points: Vec<i32>,
    range: CodeRange,
    nan: usize,
    infinite: usize,
    code: core::marker::PhantomData<C>,
}

impl<C: Code> PerChannelQuant<C> {
    /// Per channel, all codes over each channel's range and 0: [`QuantParams::asymmetric`].
    ///
    /// # Errors
    /// [`QuantizeError::Axis`] if there is no such axis, [`QuantizeError::Shape`] if the shape does not have as many
    /// elements as `src`.
    pub fn from_f32(src: &[f32], shape: &[usize], axis: isize) -> Result<Self, QuantizeError> {
        Self::from_real(src, shape, axis, None, false)
    }

    /// Per channel, over each channel's largest magnitude: [`QuantParams::symmetric`].
    ///
    /// # Errors
    /// As [`from_f32`](PerChannelQuant::from_f32).
    pub fn from_f32_symmetric(src: &[f32], shape: &[usize], axis: isize) -> Result<Self, QuantizeError> {
        Self::from_real(src, shape, axis, None, true)
    }

    /// Blocked, all codes over each block's range and 0.
    ///
    /// # Errors
    /// As [`from_f32`](PerChannelQuant::from_f32), and [`QuantizeError::BlockSize`] if `block` is 0.
    pub fn blocked_f32(src: &[f32], shape: &[usize], axis: isize, block: usize) -> Result<Self, QuantizeError> {
        Self::from_real(src, shape, axis, Some(block), false)
    }

    /// Blocked, over each block's largest magnitude.
    ///
    /// # Errors
    /// As [`blocked_f32`](PerChannelQuant::blocked_f32).
    pub fn blocked_f32_symmetric(
        src: &[f32],
        shape: &[usize],
        axis: isize,
        block: usize,
    ) -> Result<Self, QuantizeError> {
        Self::from_real(src, shape, axis, Some(block), true)
    }

    /// Any real type; per channel, or blocked if there is a `block`.
    ///
    /// # Errors
    /// As [`blocked_f32`](PerChannelQuant::blocked_f32).
    pub fn from_real<R: Real>(
        src: &[R],
        shape: &[usize],
        axis: isize,
        block: Option<usize>,
        symmetric: bool,
    ) -> Result<Self, QuantizeError> {
        let (axis, geometry) = geometry(shape, axis, block, src.len())?;
        let found = extents(src, geometry);
        let params: Vec<QuantParams<C>> = found.iter().map(|extent| extent.params(symmetric)).collect();
        let range = if symmetric { CodeRange::Symmetric } else { CodeRange::Full };
        let mut out = Self::quantize(src, shape, axis, geometry, &params, range);
        out.infinite = found.iter().map(|extent| extent.infinite).sum();
        Ok(out)
    }

    /// With parameters that are known, in the order that the type's documentation gives.
    ///
    /// # Errors
    /// As [`blocked_f32`](PerChannelQuant::blocked_f32); [`QuantizeError::Length`] if there are not as many parameters as
    /// channels or blocks, [`QuantizeError::Ranges`] if they do not all have one range of codes.
    pub fn with_params<R: Real>(
        src: &[R],
        shape: &[usize],
        axis: isize,
        block: Option<usize>,
        params: &[QuantParams<C>],
    ) -> Result<Self, QuantizeError> {
        let (axis, geometry) = geometry(shape, axis, block, src.len())?;
        LengthError::check("params", params.len(), geometry.scales())?;
        let range = params.first().map_or(CodeRange::Full, QuantParams::range);
        if let Some(index) = params.iter().position(|p| p.range() != range) {
            return Err(QuantizeError::Ranges { index, got: params[index].range(), expected: range });
        }
        Ok(Self::quantize(src, shape, axis, geometry, params, range))
    }

    fn quantize<R: Real>(
        src: &[R],
        shape: &[usize],
        axis: usize,
        geometry: Geometry,
        params: &[QuantParams<C>],
        range: CodeRange,
    ) -> Self {
        let mut out = PerChannelQuant {
            codes: vec![C::Storage::default(); C::storage_len(src.len())],
            shape: shape.to_vec(),
            axis,
            geometry,
            scales: params.iter().map(QuantParams::scale).collect(),
            zero_points: params.iter().map(QuantParams::zero_point).collect(),
            range,
            nan: 0,
            infinite: 0,
            code: core::marker::PhantomData,
        };
        let mut codes = core::mem::take(&mut out.codes);
        out.nan = quantize_pieces::<R, C>(src, out.table(), &mut codes);
        out.codes = codes;
        out
    }

    fn table(&self) -> Table<'_> {
        let range = self.range.bounds::<C>();
        Table { geometry: self.geometry, scales: &self.scales, zero_points: &self.zero_points, range }
    }

    /// The codes in memory.
    #[must_use]
    pub fn codes(&self) -> &[C::Storage] {
        &self.codes
    }

    /// The number of codes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.geometry.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tensor's dimensions.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The axis of the channels, counted from the front.
    #[must_use]
    pub fn axis(&self) -> usize {
        self.axis
    }

    /// Indices along the axis that share a scale, if they are blocked.
    #[must_use]
    pub fn block(&self) -> Option<usize> {
        self.geometry.block
    }

    /// The scales, in the order that the type's documentation gives.
    #[must_use]
    pub fn scales(&self) -> &[f32] {
        &self.scales
    }

    /// The zero points, in the same order.
    #[must_use]
    pub fn zero_points(&self) -> &[i32] {
        &self.zero_points
    }

    /// The parameters of channel or block `i`, if there is one.
    #[must_use]
    pub fn params(&self, i: usize) -> Option<QuantParams<C>> {
        QuantParams::with_range(*self.scales.get(i)?, *self.zero_points.get(i)?, self.range).ok()
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

    /// The numbers.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        self.to_real()
    }

    /// The numbers in another type.
    #[must_use]
    pub fn to_real<R: Real>(&self) -> Vec<R> {
        let mut numbers = vec![R::default(); self.len()];
        dequantize_pieces::<C, R>(&self.codes, self.table(), &mut numbers);
        numbers
    }

    /// The numbers into `dst`; allocates nothing.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] if `dst` has another length; nothing is written then.
    pub fn dequantize_into<R: Real>(&self, dst: &mut [R]) -> Result<(), QuantizeError> {
        LengthError::check("dst", dst.len(), self.len())?;
        dequantize_pieces::<C, R>(&self.codes, self.table(), dst);
        Ok(())
    }

    /// Bytes of codes, scales and zero points (as wide as a code's storage).
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(self.codes.as_slice()) + param_bytes::<C>(self.scales.len())
    }

    /// How many times fewer bytes than as f32, parameters included; 0 if there are no values.
    #[must_use]
    pub fn compression_ratio(&self) -> f64 {
        (self.len() * size_of::<f32>()) as f64 / self.bytes().max(1) as f64
    }
}

fn geometry(
    shape: &[usize],
    axis: isize,
    block: Option<usize>,
    len: usize,
) -> Result<(usize, Geometry), QuantizeError> {
    let rank = shape.len();
    let from_front = if axis < 0 { rank.checked_sub(axis.unsigned_abs()) } else { Some(axis.unsigned_abs()) };
    let Some(index) = from_front.filter(|i| *i < rank) else {
        return Err(QuantizeError::Axis { got: axis, rank });
    };
    if block == Some(0) {
        return Err(QuantizeError::BlockSize);
    }
    let product = |dims: &[usize]| dims.iter().try_fold(1_usize, |n, dim| n.checked_mul(*dim));
    let elements = if shape.contains(&0) { Some(0) } else { product(shape) };
    if elements != Some(len) {
        return Err(QuantizeError::Shape { elements, len });
    }
    let (outer, inner) = (&shape[..index], &shape[index + 1..]);
    // Without elements the products may be too large for a usize, and nobody looks at them.
    let [outer, inner] = [outer, inner].map(|dims| if dims.contains(&0) { 0 } else { product(dims).unwrap_or(0) });
    // No element, no scale to store: a huge axis of nothing would have many.
    let dim = if len == 0 { 0 } else { shape[index] };
    Ok((index, Geometry { outer, dim, inner, block }))
}
