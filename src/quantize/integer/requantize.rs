//! From 32-bit sums to codes: a multiplier, rounded once, and a zero point.

use super::super::{Code, QuantParams, QuantizeError};
use super::input::sealed;
use super::multiply::Output;
use super::{GROUP, zeros};
use crate::dispatch::{Kernel, dispatch};
use crate::lanes::{Element, LengthError, Simd, Vector};
use alloc::vec::Vec;
use core::marker::PhantomData;

/// A code that sums become: `i8` or `u8`.
pub trait OutputCode: Code<Storage = Self> + Element + sealed::Sealed {
    #[doc(hidden)]
    fn output<'a>(dst: &'a mut [Self], requantizer: &'a Requantizer<Self>) -> Output<'a>;
    /// Lanes that are codes already, as bytes.
    #[doc(hidden)]
    fn narrow<S: Simd>(lanes: [Vector<S, i32>; 4]) -> Vector<S, Self>;
}
impl OutputCode for i8 {
    fn output<'a>(dst: &'a mut [i8], requantizer: &'a Requantizer<i8>) -> Output<'a> {
        Output::I8(dst, requantizer)
    }
    #[inline(always)]
    fn narrow<S: Simd>([a, b, c, d]: [Vector<S, i32>; 4]) -> Vector<S, i8> {
        let (ab, cd) = (Vector::<S, i16>::narrow_saturating([a, b]), Vector::<S, i16>::narrow_saturating([c, d]));
        Vector::narrow_saturating([ab, cd])
    }
}
impl OutputCode for u8 {
    fn output<'a>(dst: &'a mut [u8], requantizer: &'a Requantizer<u8>) -> Output<'a> {
        Output::U8(dst, requantizer)
    }
    #[inline(always)]
    fn narrow<S: Simd>(lanes: [Vector<S, i32>; 4]) -> Vector<S, u8> {
        Vector::narrow4_saturating(lanes)
    }
}

/// How 32-bit sums become codes of type `Q`: a multiplier for all of them or one per channel, a zero point, a range.
///
/// The multiplier is `input scale * weight scale / output scale`. Two forms, each rounded once:
///
/// | made by | the code of `a` |
/// |---|---|
/// | [`new`](Requantizer::new), [`per_channel`](Requantizer::per_channel), [`between`](Requantizer::between) | `clamp(round_half_even(f32(a) * multiplier) + zero_point)`, `f32(a)` rounded half to even and the product to f32: ONNX Runtime's and XNNPACK's `fp32` |
/// | [`fixed_point`](Requantizer::fixed_point), [`fixed_point_per_channel`](Requantizer::fixed_point_per_channel) | `clamp(((a * q + 2^(s-1)) >> s) + zero_point)` with `q / 2^s` the multiplier to 31 bits: halves upwards, exact in 64 bits; TFLite's single rounding, XNNPACK's `rndnu`. (The older gemmlowp rule rounds twice.) |
///
/// Both clamp before the zero point is added, so nothing wraps, and give the same bits on every instruction set.
///
/// ```
/// use omnilane::quantize::{Requantizer, requantize};
///
/// let half = Requantizer::<u8>::new(0.5, 10)?;
/// assert_eq!(requantize(&[1, 3, -1000, 1000], &half)?, [10, 12, 0, 255]);
/// let half = Requantizer::<u8>::fixed_point(0.5, 10)?.with_range(10, 200)?; // with ReLU
/// assert_eq!(requantize(&[1, 3, -1000, 1000], &half)?, [11, 12, 10, 200]);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Requantizer<Q> {
    multipliers: Multipliers,
    /// None: one multiplier for all.
    channels: Option<usize>,
    zero_point: i32,
    min: i32,
    max: i32,
    code: PhantomData<Q>,
}

/// To whole groups of columns, one group if there is one multiplier for all.
#[derive(Clone, Debug, PartialEq)]
enum Multipliers {
    Float(Vec<f32>),
    Fixed { factors: Vec<i32>, halves: Vec<i64>, shifts: Vec<u64> },
}

impl<Q: OutputCode> Requantizer<Q> {
    /// One f32 multiplier.
    ///
    /// # Errors
    /// [`QuantizeError::Multiplier`] if it is negative, infinite or NaN.
    pub fn new(multiplier: f32, zero_point: Q) -> Result<Self, QuantizeError> {
        Self::float(core::iter::repeat_n(multiplier, GROUP), None, zero_point)
    }

    /// An f32 multiplier for each channel, that is for each column of a product.
    ///
    /// # Errors
    /// As [`Requantizer::new`].
    pub fn per_channel(multipliers: &[f32], zero_point: Q) -> Result<Self, QuantizeError> {
        Self::float(multipliers.iter().copied(), Some(multipliers.len()), zero_point)
    }

    /// The f32 multipliers `input_scale * weight_scales[j] / output.scale()`, in f32 and in this order as ONNX Runtime has
    /// them, with the output's zero point and range; one weight scale stands for all channels.
    ///
    /// # Errors
    /// [`QuantizeError::Multiplier`] if one comes out negative, infinite or NaN.
    pub fn between(input_scale: f32, weight_scales: &[f32], output: &QuantParams<Q>) -> Result<Self, QuantizeError> {
        let zero_point = Q::saturate(output.zero_point());
        let of = |scale: f32| input_scale * scale / output.scale();
        let made = match weight_scales {
            [scale] => Self::new(of(*scale), zero_point)?,
            scales => Self::float(scales.iter().map(|s| of(*s)), Some(scales.len()), zero_point)?,
        };
        made.with_range(Q::saturate(output.qmin()), Q::saturate(output.qmax()))
    }

    /// One integer multiplier: the nearest with 31 bits. Below 2^-32 it is 0: no sum is large enough for it.
    ///
    /// # Errors
    /// [`QuantizeError::Multiplier`] if it is negative, NaN, or not below 2^30.
    pub fn fixed_point(multiplier: f64, zero_point: Q) -> Result<Self, QuantizeError> {
        Self::fixed(core::iter::repeat_n(multiplier, GROUP), None, zero_point)
    }

    /// An integer multiplier for each channel.
    ///
    /// # Errors
    /// As [`Requantizer::fixed_point`].
    pub fn fixed_point_per_channel(multipliers: &[f64], zero_point: Q) -> Result<Self, QuantizeError> {
        Self::fixed(multipliers.iter().copied(), Some(multipliers.len()), zero_point)
    }

    /// The same with codes from `min` to `max` only: a ReLU is `min` = zero point.
    ///
    /// # Errors
    /// [`QuantizeError::CodeBounds`] if `min` is above `max`.
    pub fn with_range(mut self, min: Q, max: Q) -> Result<Self, QuantizeError> {
        (self.min, self.max) = (min.to_i32(), max.to_i32());
        if self.min > self.max {
            return Err(QuantizeError::CodeBounds { min: self.min, max: self.max });
        }
        Ok(self)
    }

    /// How many channels it has multipliers for; `None` if there is one for all.
    #[must_use]
    pub fn channels(&self) -> Option<usize> {
        self.channels
    }

    fn float(
        values: impl ExactSizeIterator<Item = f32>,
        channels: Option<usize>,
        zero_point: Q,
    ) -> Result<Self, QuantizeError> {
        let mut padded = zeros(1, values.len().next_multiple_of(GROUP))?;
        for (to, v) in padded.iter_mut().zip(values) {
            if !(v >= 0.0 && v.is_finite()) {
                return Err(QuantizeError::Multiplier { got: v.into(), limit: f32::MAX.into() });
            }
            *to = v;
        }
        Ok(Self::with(Multipliers::Float(padded), channels, zero_point))
    }

    fn fixed(
        values: impl ExactSizeIterator<Item = f64>,
        channels: Option<usize>,
        zero_point: Q,
    ) -> Result<Self, QuantizeError> {
        let padded = values.len().next_multiple_of(GROUP);
        let (mut factors, mut halves, mut shifts) = (zeros(1, padded)?, zeros(1, padded)?, zeros(1, padded)?);
        for (j, v) in values.enumerate() {
            let (factor, shift) = fixed_point(v)?;
            (factors[j], halves[j], shifts[j]) = (factor, 1 << (shift - 1), u64::from(shift));
        }
        Ok(Self::with(Multipliers::Fixed { factors, halves, shifts }, channels, zero_point))
    }

    fn with(multipliers: Multipliers, channels: Option<usize>, zero_point: Q) -> Self {
        Requantizer {
            multipliers,
            channels,
            zero_point: zero_point.to_i32(),
            min: Q::MIN,
            max: Q::MAX,
            code: PhantomData,
        }
    }

    /// An error unless its channels are these columns.
    pub(super) fn check(&self, columns: usize) -> Result<(), QuantizeError> {
        Ok(LengthError::check("requantizer", self.channels.unwrap_or(columns), columns)?)
    }

    /// The codes of four vectors of sums, the first that of channel `channel`.
    #[inline(always)]
    pub(super) fn codes<S: Simd>(&self, simd: S, sums: [Vector<S, i32>; 4], channel: usize) -> Vector<S, Q> {
        let mut j = if self.channels.is_some() { channel } else { 0 };
        let zero_point = simd.splat(self.zero_point);
        let (low, high) = (self.min - self.zero_point, self.max - self.zero_point);
        let mut codes = [Vector::<S, i32>::zero(simd); 4];
        match &self.multipliers {
            Multipliers::Float(multipliers) => {
                let (low, high) = (simd.splat(low as f32), simd.splat(high as f32));
                for v in 0..4 {
                    let scaled = sums[v].to_float() * Vector::load(simd, &multipliers[j..]);
                    codes[v] = scaled.clamp(low, high).round_to_int::<i32>() + zero_point;
                    j += Vector::<S, i32>::LANES;
                }
            }
            Multipliers::Fixed { factors, halves, shifts } => {
                let (low, high) = (simd.splat(low), simd.splat(high));
                for v in 0..4 {
                    let mut products = sums[v].mul_wide(Vector::load(simd, &factors[j..]));
                    for (half, product) in products.iter_mut().enumerate() {
                        let j = j + half * Vector::<S, i64>::LANES;
                        let rounded = *product + Vector::load(simd, &halves[j..]);
                        *product = rounded.shr_lanes(Vector::load(simd, &shifts[j..]));
                    }
                    codes[v] = Vector::<S, i32>::narrow_saturating(products).clamp(low, high) + zero_point;
                    j += Vector::<S, i32>::LANES;
                }
            }
        }
        Q::narrow(codes)
    }
}

/// The nearest `factor / 2^shift` with a factor of 31 bits, shift from 1 to 62.
fn fixed_point(multiplier: f64) -> Result<(i32, u32), QuantizeError> {
    let limit = f64::from(1 << 30);
    if !(multiplier >= 0.0 && multiplier < limit) {
        return Err(QuantizeError::Multiplier { got: multiplier, limit });
    }
    let (mantissa, mut exponent) = libm::frexp(multiplier);
    let mut factor = libm::round(mantissa * f64::from(1u32 << 31)) as i64;
    if factor == 1 << 31 {
        (factor, exponent) = (factor / 2, exponent + 1);
    }
    // Above a shift of 62, the largest sum times the largest factor is below one half.
    Ok(if factor == 0 || exponent < 31 - 62 { (0, 1) } else { (factor as i32, (31 - exponent) as u32) })
}

/// The codes of `sums`; see [`Requantizer`].
///
/// # Errors
/// As [`requantize_into`]; [`QuantizeError::TooLarge`] if there is no memory for them.
pub fn requantize<Q: OutputCode>(sums: &[i32], requantizer: &Requantizer<Q>) -> Result<Vec<Q>, QuantizeError> {
    let mut out = zeros(1, sums.len())?;
    requantize_into(sums, requantizer, &mut out)?;
    Ok(out)
}

/// Writes the codes of `sums`. With multipliers per channel, the sums are rows of as many as there are channels.
///
/// ```
/// use omnilane::quantize::{Requantizer, requantize_into};
///
/// let per_channel = Requantizer::<i8>::per_channel(&[1.0, 0.1], 0)?;
/// let mut codes = [0; 4];
/// requantize_into(&[50, 50, -70, -70], &per_channel, &mut codes)?;
/// assert_eq!(codes, [50, 5, -70, -7]);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
///
/// # Errors
/// [`QuantizeError::Length`] if the lengths differ, or are no multiple of the channels; nothing is written then.
pub fn requantize_into<Q: OutputCode>(
    sums: &[i32],
    requantizer: &Requantizer<Q>,
    out: &mut [Q],
) -> Result<(), QuantizeError> {
    if let Some(channels) = requantizer.channels {
        let rows = sums.len().checked_div(channels).unwrap_or(0);
        LengthError::check("sums", sums.len(), rows * channels)?;
    }
    LengthError::check("out", out.len(), sums.len())?;
    dispatch(Requantize { sums, requantizer, out });
    Ok(())
}

struct Requantize<'a, Q> {
    sums: &'a [i32],
    requantizer: &'a Requantizer<Q>,
    out: &'a mut [Q],
}

impl<Q: OutputCode> Kernel for Requantize<'_, Q> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let (step, lanes) = (S::BYTES, Vector::<S, i32>::LANES);
        let width = self.requantizer.channels.unwrap_or(self.sums.len()).max(1);
        let mut row = 0;
        while row < self.sums.len() {
            let mut channel = 0;
            while channel < width {
                let at = row + channel;
                let n = step.min(width - channel);
                let (from, to) = (&self.sums[at..at + n], &mut self.out[at..at + n]);
                let mut sums = [Vector::<S, i32>::zero(simd); 4];
                for v in 0..4 {
                    sums[v] = if n == step {
                        Vector::load(simd, &from[v * lanes..])
                    } else {
                        Vector::load_partial(simd, &from[(v * lanes).min(n)..])
                    };
                }
                let codes = self.requantizer.codes(simd, sums, channel);
                if n == step {
                    codes.store(to)
                } else {
                    codes.store_partial(to)
                }
                channel += n;
            }
            row += width;
        }
    }
}
