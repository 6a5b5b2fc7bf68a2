//! Products of codes with packed weights: what is called.

use super::super::QuantizeError;
use super::input::Activation;
use super::multiply::{Multiply, Output};
use super::requantize::{OutputCode, Requantizer};
use super::view::MatrixView;
use super::weights::PackedWeights;
use super::zeros;
use crate::lanes::LengthError;
use alloc::vec::Vec;

/// `x * w` in 32 bits; see [`matmul_into`].
///
/// ```
/// use omnilane::quantize::{MatrixView, PackedWeights, matmul};
///
/// let weights = PackedWeights::new(&[1, 2, 3, 4, 5, 6], 2, 3)?;
/// let x = MatrixView::new(&[255u8, 1, 2, 0], 2, 2)?;
/// assert_eq!(matmul(x, 0, &weights)?, [259, 515, 771, 2, 4, 6]);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
///
/// # Errors
/// As [`matmul_into`]; [`QuantizeError::TooLarge`] if there is no memory for the product.
pub fn matmul<A: Activation>(
    x: MatrixView<'_, A>,
    zero_point: A,
    weights: &PackedWeights,
) -> Result<Vec<i32>, QuantizeError> {
    check_columns(&x, weights)?;
    let mut out = zeros(x.rows(), weights.n())?;
    matmul_into(x, zero_point, weights, &mut out)?;
    Ok(out)
}

/// Writes `x * w` in 32 bits, row after row: ONNX's MatMulInteger, with bias.
///
/// With `m` x `k` codes and `k` x `n` weights, `z` and `b` the zero points and bias of [`PackedWeights`],
///
/// ```text
/// out[i * n + j] = b[j] + sum over q of (x[i][q] - zero_point) * (w[q][j] - z[j])
/// ```
///
/// The integers are exact, on every instruction set: nothing saturates on the way. They wrap only where the result itself
/// does not fit 32 bits, which no values can do up to `k` = 65793 (`u8`; `i8`: 131071) without zero points and bias, and
/// 33025 with any zero points.
///
/// AVX2 and SSE4.2 multiply bytes at full speed only where no sum of two neighbouring products leaves 16 bits, which 255
/// times two weights above 64 can do. [`PackedWeights`], packed there, takes off such weights what is too much, and it is
/// multiplied on its own: a few percent where large weights are rare, as in tensors quantized with one scale, and in those
/// with long tails. Where they are not, as among random bytes, or normal numbers quantized by columns of 1024, products of
/// 16 bits take over, two thirds as fast, unless all codes of the rows at hand are below 128
/// ([`CodeRange::Reduced`](crate::quantize::CodeRange::Reduced)). The integers are the same in each case.
///
/// For a part of the rows, as one of several threads computes it, pass [`MatrixView::range`] and that part of `out`.
/// Nothing is allocated.
///
/// # Errors
/// [`QuantizeError::Length`] if `x` has not `k` columns, or `out` not `m * n` elements; nothing is written then.
pub fn matmul_into<A: Activation>(
    x: MatrixView<'_, A>,
    zero_point: A,
    weights: &PackedWeights,
    out: &mut [i32],
) -> Result<(), QuantizeError> {
    check(&x, weights, out.len())?;
    multiply(x, zero_point, weights, Output::I32(out));
    Ok(())
}

/// `x * w` as codes; see [`matmul_requantized_into`].
///
/// # Errors
/// As [`matmul_requantized_into`]; [`QuantizeError::TooLarge`] if there is no memory for the product.
pub fn matmul_requantized<A: Activation, Q: OutputCode>(
    x: MatrixView<'_, A>,
    zero_point: A,
    weights: &PackedWeights,
    requantizer: &Requantizer<Q>,
) -> Result<Vec<Q>, QuantizeError> {
    check_columns(&x, weights)?;
    let mut out = zeros(x.rows(), weights.n())?;
    matmul_requantized_into(x, zero_point, weights, requantizer, &mut out)?;
    Ok(out)
}

/// Writes `x * w` as codes, row after row: ONNX's QLinearMatMul, with bias.
///
/// What [`matmul_into`] followed by [`requantize_into`](super::requantize_into) gives, without the 32-bit sums in memory.
/// The channels of the requantizer are the columns.
///
/// ```
/// use omnilane::quantize::{MatrixView, PackedWeights, Requantizer, matmul_requantized_into};
///
/// let weights = PackedWeights::new(&[1, 2, 3, 4, 5, 6], 2, 3)?;
/// let requantizer = Requantizer::<u8>::per_channel(&[0.1, 0.2, 0.3], 3)?;
/// let x = MatrixView::new(&[255u8, 1, 2, 0], 2, 2)?;
/// let mut out = [0; 6];
/// matmul_requantized_into(x, 0, &weights, &requantizer, &mut out)?;
/// assert_eq!(out, [29, 106, 234, 3, 4, 5]);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
///
/// # Errors
/// As [`matmul_into`], and [`QuantizeError::Length`] if the requantizer has channels, but not `n`.
pub fn matmul_requantized_into<A: Activation, Q: OutputCode>(
    x: MatrixView<'_, A>,
    zero_point: A,
    weights: &PackedWeights,
    requantizer: &Requantizer<Q>,
    out: &mut [Q],
) -> Result<(), QuantizeError> {
    check(&x, weights, out.len())?;
    requantizer.check(weights.n())?;
    multiply(x, zero_point, weights, Q::output(out, requantizer));
    Ok(())
}

/// `x * w` for one row; see [`matmul_into`].
///
/// ```
/// use omnilane::quantize::{PackedWeights, matvec};
///
/// // One output after the other, as a linear layer has them.
/// let weights = PackedWeights::from_transposed(&[1, 2, 3, -1, -2, -3], 2, 3)?;
/// assert_eq!(matvec(&[1i8, 1, 100], 1, &weights)?, [297, -297]);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
///
/// # Errors
/// As [`matmul`].
pub fn matvec<A: Activation>(x: &[A], zero_point: A, weights: &PackedWeights) -> Result<Vec<i32>, QuantizeError> {
    matmul(MatrixView::new(x, 1, x.len())?, zero_point, weights)
}

/// Writes `x * w` for one row; see [`matmul_into`].
///
/// # Errors
/// As [`matmul_into`].
pub fn matvec_into<A: Activation>(
    x: &[A],
    zero_point: A,
    weights: &PackedWeights,
    out: &mut [i32],
) -> Result<(), QuantizeError> {
    matmul_into(MatrixView::new(x, 1, x.len())?, zero_point, weights, out)
}

/// `x * w` for one row, as codes; see [`matmul_requantized_into`].
///
/// # Errors
/// As [`matmul_requantized`].
pub fn matvec_requantized<A: Activation, Q: OutputCode>(
    x: &[A],
    zero_point: A,
    weights: &PackedWeights,
    requantizer: &Requantizer<Q>,
) -> Result<Vec<Q>, QuantizeError> {
    matmul_requantized(MatrixView::new(x, 1, x.len())?, zero_point, weights, requantizer)
}

/// Writes `x * w` for one row, as codes; see [`matmul_requantized_into`].
///
/// # Errors
/// As [`matmul_requantized_into`].
pub fn matvec_requantized_into<A: Activation, Q: OutputCode>(
    x: &[A],
    zero_point: A,
    weights: &PackedWeights,
    requantizer: &Requantizer<Q>,
    out: &mut [Q],
) -> Result<(), QuantizeError> {
    matmul_requantized_into(MatrixView::new(x, 1, x.len())?, zero_point, weights, requantizer, out)
}

fn check_columns<A>(x: &MatrixView<'_, A>, weights: &PackedWeights) -> Result<(), QuantizeError> {
    Ok(LengthError::check("x", x.columns(), weights.k())?)
}

fn check<A>(x: &MatrixView<'_, A>, weights: &PackedWeights, out: usize) -> Result<(), QuantizeError> {
    check_columns(x, weights)?;
    let too_large = QuantizeError::TooLarge { rows: x.rows(), columns: weights.n() };
    LengthError::check("out", out, x.rows().checked_mul(weights.n()).ok_or(too_large)?)?;
    Ok(())
}

fn multiply<A: Activation>(x: MatrixView<'_, A>, zero_point: A, weights: &PackedWeights, output: Output<'_>) {
    Multiply { input: A::input(x), zero_point: zero_point.to_i32(), weights, output }.run_best();
}
