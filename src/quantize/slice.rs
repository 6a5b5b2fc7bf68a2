//! Slices of real numbers to slices of codes, and back.

use super::block::{ElementCode, blocks};
use super::nibbles::{self, CHUNK};
use super::rule::{Rule, RuleLanes, quotient};
use super::{Code, QuantParams, QuantizeError, Real};
use crate::kernel;
use crate::lanes::{LengthError, STREAM_FROM, Simd, stream_fence};
use alloc::vec;
use alloc::vec::Vec;

/// How a number is brought to steps of the scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// `x / scale`, correctly rounded: bit-equal to ONNX Runtime.
    #[default]
    Exact,
    /// `x * (1 / scale)`: at most one code from [`Mode::Exact`], the same on every instruction set.
    Fast,
}

/// What becomes of NaN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnNan {
    /// The zero point, so that it comes back as 0; it is counted.
    #[default]
    Zero,
    /// [`QuantizeError::Nan`], and nothing is written. Costs one more look at the source.
    Error,
}

/// How to quantize; the default is [`Mode::Exact`] and [`OnNan::Zero`].
///
/// ```
/// use omnilane::quantize::{Mode, OnNan, QuantizeOptions};
///
/// let options = QuantizeOptions::default().mode(Mode::Fast).on_nan(OnNan::Error);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct QuantizeOptions {
    pub(super) mode: Mode,
    pub(super) on_nan: OnNan,
}

impl QuantizeOptions {
    /// How a number is brought to steps of the scale.
    #[must_use]
    pub fn mode(self, mode: Mode) -> Self {
        QuantizeOptions { mode, ..self }
    }

    /// What becomes of NaN.
    #[must_use]
    pub fn on_nan(self, on_nan: OnNan) -> Self {
        QuantizeOptions { on_nan, ..self }
    }

    /// An error if NaN is one, and the source has it.
    pub(super) fn check<R: Real>(self, src: &[R]) -> Result<(), QuantizeError> {
        match self.on_nan {
            OnNan::Zero => Ok(()),
            OnNan::Error => match count_nan(src) {
                0 => Ok(()),
                count => Err(QuantizeError::Nan { count, len: src.len() }),
            },
        }
    }
}

kernel! {
    fn quantize_slice<S: Simd, R: Real, C: Code>(
        simd: S,
        src: &[R],
        rule: Rule,
        order: Order,
        dst: &mut [C::Storage],
    ) -> usize {
        let lanes = RuleLanes::<S, C::Element>::new(simd, rule);
        if !rule.exact {
            quantize_blocks::<S, R, C, { quotient::PRODUCT }>(simd, src, &lanes, order, dst)
        } else if rule.has_short_cuts() && order == (Order::Backward { inside: true }) {
            quantize_blocks::<S, R, C, { quotient::ORDINARY }>(simd, src, &lanes, order, dst)
        } else {
            quantize_blocks::<S, R, C, { quotient::EXACT }>(simd, src, &lanes, order, dst)
        }
    }

    fn dequantize_slice<S: Simd, C: Code, R: Real>(simd: S, src: &[C::Storage], rule: Rule, dst: &mut [R]) {
        if C::PER_ELEMENT == 1 {
            return dequantize_run(simd, elements::<C>(src), rule, dst);
        }
        let mut buffer = [C::Element::default(); CHUNK];
        for (src, dst) in bytemuck::cast_slice(src).chunks(CHUNK / 2).zip(dst.chunks_mut(CHUNK)) {
            let codes = &mut buffer[..dst.len()];
            nibbles::unpack_on(simd, src, bytemuck::cast_slice_mut(codes), C::MIN < 0);
            dequantize_run(simd, codes, rule, dst);
        }
    }

    fn convert_slice<S: Simd, T: Real, U: Real>(simd: S, src: &[T], dst: &mut [U]) {
        let past = size_of_val(dst) >= STREAM_FROM;
        let (to_head, dst) = dst.split_at_mut(unaligned::<S, U>(dst));
        let (head, src) = src.split_at(to_head.len());
        for (src, dst) in [(head, to_head), (src, dst)] {
            blocks!(S, src, dst, |from, to, _, WHOLE| {
                let x = T::take::<S, WHOLE>(simd, from);
                if WHOLE && past { U::put_past(x, to) } else { U::put::<S, WHOLE>(x, to) }
            });
        }
        if past {
            stream_fence(simd);
        }
    }

    /// How many elements are NaN.
    pub(super) fn count_nan<S: Simd, R: Real>(simd: S, src: &[R]) -> usize {
        let mut count = 0;
        for chunk in src.chunks(S::BYTES) {
            let x = if chunk.len() == S::BYTES { R::take::<S, true>(simd, chunk) } else { R::take::<S, false>(simd, chunk) };
            let [a, b, c, d] = [x[0].ne(x[0]), x[1].ne(x[1]), x[2].ne(x[2]), x[3].ne(x[3])];
            if (a | b | c | d).any() {
                count += a.count() + b.count() + c.count() + d.count();
            }
        }
        count
    }
}

/// From where a slice is quantized.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// From the front.
    Forward,
    /// From the end: after a look at all of a large slice, that part of it is still in a cache.
    Backward {
        /// All are numbers whose codes are not clamped, or hardly.
        inside: bool,
    },
}

/// Elements of a block that is quantized before the one in front of it.
const BACK: usize = 1 << 15;

#[inline(always)]
fn quantize_blocks<S: Simd, R: Real, C: Code, const QUOTIENT: u8>(
    simd: S,
    src: &[R],
    rule: &RuleLanes<S, C::Element>,
    order: Order,
    dst: &mut [C::Storage],
) -> usize {
    let block = match order {
        Order::Forward => src.len().max(1).next_multiple_of(C::PER_ELEMENT),
        Order::Backward { .. } => BACK,
    };
    let mut nan = 0;
    for (src, dst) in src.chunks(block).zip(dst.chunks_mut(block / C::PER_ELEMENT)).rev() {
        nan += quantize_on::<S, R, C, QUOTIENT>(simd, src, rule, dst);
    }
    nan
}

#[inline(always)]
fn quantize_on<S: Simd, R: Real, C: Code, const QUOTIENT: u8>(
    simd: S,
    src: &[R],
    rule: &RuleLanes<S, C::Element>,
    dst: &mut [C::Storage],
) -> usize {
    if C::PER_ELEMENT == 1 {
        return quantize_run::<S, R, C::Element, QUOTIENT>(simd, src, rule, elements_mut::<C>(dst));
    }
    let mut nan = 0;
    let mut buffer = [C::Element::default(); CHUNK];
    for (src, dst) in src.chunks(CHUNK).zip(bytemuck::cast_slice_mut(dst).chunks_mut(CHUNK / 2)) {
        let codes = &mut buffer[..src.len()];
        nan += quantize_run::<S, R, C::Element, QUOTIENT>(simd, src, rule, codes);
        nibbles::pack_on(simd, bytemuck::cast_slice(codes), dst);
    }
    nan
}

/// Codes that are elements.
#[inline(always)]
pub(super) fn elements<C: Code>(codes: &[C::Storage]) -> &[C::Element] {
    bytemuck::cast_slice(codes)
}

/// Codes that are elements.
#[inline(always)]
pub(super) fn elements_mut<C: Code>(codes: &mut [C::Storage]) -> &mut [C::Element] {
    bytemuck::cast_slice_mut(codes)
}

/// Elements from which a slice is long.
const LONG: usize = 1 << 13;

/// Elements of a long slice before the first that is aligned to a register: stores, or loads, that cross a cache line take
/// twice as long.
#[inline(always)]
fn unaligned<S: Simd, T>(slice: &[T]) -> usize {
    let bytes = slice.as_ptr().addr().wrapping_neg() % S::BYTES;
    if slice.len() < LONG || !bytes.is_multiple_of(size_of::<T>()) { 0 } else { bytes / size_of::<T>() }
}

/// Numbers to codes, as many; how many are NaN.
#[inline(always)]
pub(super) fn quantize_run<S: Simd, R: Real, E: ElementCode, const QUOTIENT: u8>(
    simd: S,
    src: &[R],
    rule: &RuleLanes<S, E>,
    dst: &mut [E],
) -> usize {
    let mut nan = 0;
    let (head, src) = src.split_at(unaligned::<S, R>(src));
    let (to_head, dst) = dst.split_at_mut(head.len());
    for (src, dst) in [(head, to_head), (src, dst)] {
        blocks!(S, src, dst, |from, to, _, WHOLE| {
            let codes = rule.codes::<QUOTIENT>(R::take::<S, WHOLE>(simd, from), &mut nan);
            E::put::<S, WHOLE>(codes, rule.limits, to);
        });
    }
    nan
}

/// Codes to numbers, as many.
#[inline(always)]
pub(super) fn dequantize_run<S: Simd, E: ElementCode, R: Real>(simd: S, src: &[E], rule: Rule, dst: &mut [R]) {
    // Both are integers below 2^24: their difference is exact.
    let (scale, zero_point) = (simd.splat(rule.scale), simd.splat((rule.zero_point + E::TAKEN) as f32));
    let past = size_of_val(dst) >= STREAM_FROM;
    let (to_head, dst) = dst.split_at_mut(unaligned::<S, R>(dst));
    let (head, src) = src.split_at(to_head.len());
    for (src, dst) in [(head, to_head), (src, dst)] {
        blocks!(S, src, dst, |from, to, _, WHOLE| {
            let mut x = E::take::<S, WHOLE>(simd, from);
            for number in &mut x {
                *number = (*number - zero_point) * scale;
            }
            if WHOLE && past { R::put_past(x, to) } else { R::put::<S, WHOLE>(x, to) }
        });
    }
    if past {
        stream_fence(simd);
    }
}

/// Quantizes: `dst[i] = clamp(round_half_even(src[i] / scale) + zero_point)`; gives the number of NaN.
///
/// Bit-equal to ONNX Runtime's `QuantizeLinear`: the quotient is that of f32, rounded before the zero point is added, and
/// clamped before it becomes an integer. NaN becomes the zero point, an infinity the code at its end. `dst` has
/// [`storage_len`](Code::storage_len) elements. Allocates nothing.
///
/// ```
/// use omnilane::quantize::{QuantParams, quantize_into};
///
/// let params = QuantParams::<u8>::new(0.5, 10)?;
/// let mut codes = [0; 5];
/// let nan = quantize_into(&[0.25, 0.75, -1.0, 3e9, f32::NAN], &params, &mut codes)?;
/// assert_eq!(codes, [10, 12, 8, 255, 10]);
/// assert_eq!(nan, 1);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
///
/// # Errors
/// [`QuantizeError::Length`] if `dst` does not have room for as many codes, or has more; nothing is written then.
pub fn quantize_into<R: Real, C: Code>(
    src: &[R],
    params: &QuantParams<C>,
    dst: &mut [C::Storage],
) -> Result<usize, QuantizeError> {
    quantize_into_with(src, params, QuantizeOptions::default(), dst)
}

/// [`quantize_into`] with options.
///
/// # Errors
/// As [`quantize_into`], and [`QuantizeError::Nan`] if it was asked for; nothing is written then.
pub fn quantize_into_with<R: Real, C: Code>(
    src: &[R],
    params: &QuantParams<C>,
    options: QuantizeOptions,
    dst: &mut [C::Storage],
) -> Result<usize, QuantizeError> {
    LengthError::check("dst", dst.len(), C::storage_len(src.len()))?;
    options.check(src)?;
    Ok(quantize_slice::<R, C>(src, Rule::new(params, options.mode), Order::Forward, dst))
}

/// [`quantize_into`] for who has just looked at all of `src`, and whether all of it is `inside` the range of the codes.
///
/// # Errors
/// As [`quantize_into`].
pub(super) fn quantize_seen_into<R: Real, C: Code>(
    src: &[R],
    params: &QuantParams<C>,
    inside: bool,
    dst: &mut [C::Storage],
) -> Result<usize, QuantizeError> {
    LengthError::check("dst", dst.len(), C::storage_len(src.len()))?;
    Ok(quantize_slice::<R, C>(src, Rule::new(params, Mode::Exact), Order::Backward { inside }, dst))
}

/// Dequantizes: `dst[i] = scale * (codes[i] - zero_point)` in f32, then rounded to `R`.
///
/// Bit-equal to ONNX Runtime's `DequantizeLinear`. `codes` has [`storage_len`](Code::storage_len) elements for `dst`.
/// Allocates nothing.
///
/// ```
/// use omnilane::quantize::{I4, QuantParams, dequantize_into};
///
/// let params = QuantParams::<I4>::new(0.5, 0)?;
/// let mut numbers = [0.0_f32; 3];
/// dequantize_into(&[0x78, 0x0f], &params, &mut numbers)?;
/// assert_eq!(numbers, [-4.0, 3.5, -0.5]);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
///
/// # Errors
/// [`QuantizeError::Length`] if `codes` does not hold as many codes as `dst` has elements; nothing is written then.
pub fn dequantize_into<R: Real, C: Code>(
    codes: &[C::Storage],
    params: &QuantParams<C>,
    dst: &mut [R],
) -> Result<(), QuantizeError> {
    LengthError::check("codes", codes.len(), C::storage_len(dst.len()))?;
    dequantize_slice::<C, R>(codes, Rule::new(params, Mode::Exact), dst);
    Ok(())
}

/// [`dequantize_into`] a new vector: as many numbers as the storage holds codes, for nibbles two a byte.
///
/// ```
/// use omnilane::quantize::{QuantParams, dequantize};
///
/// let numbers: Vec<f32> = dequantize(&[9, 10, 12], &QuantParams::<u8>::new(0.5, 10)?);
/// assert_eq!(numbers, [-0.5, 0.0, 1.0]);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
#[must_use]
pub fn dequantize<R: Real, C: Code>(codes: &[C::Storage], params: &QuantParams<C>) -> Vec<R> {
    let mut numbers = vec![R::default(); codes.len() * C::PER_ELEMENT];
    dequantize_slice::<C, R>(codes, Rule::new(params, Mode::Exact), &mut numbers);
    numbers
}

/// Converts between `f32`, `f16` and `bf16`: half to even, too large is infinite, NaN stays NaN.
///
/// ```
/// use omnilane::lanes::f16;
///
/// let mut half = [f16::ZERO; 3];
/// omnilane::quantize::convert_into(&[1.0_f32, 65520.0, 0.1], &mut half)?;
/// assert_eq!(half.map(f16::to_f32), [1.0, f32::INFINITY, 0.099975586]);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
///
/// # Errors
/// [`QuantizeError::Length`] if the lengths differ; nothing is written then.
pub fn convert_into<T: Real, U: Real>(src: &[T], dst: &mut [U]) -> Result<(), QuantizeError> {
    LengthError::check("dst", dst.len(), src.len())?;
    convert_slice(src, dst);
    Ok(())
}
