//! Quantization: real numbers as small integers, `real = scale * (code - zero_point)`.
//!
//! A [`Code`] is the small integer: `i8 u8 i16 u16`, or [`I4`] and [`U4`], two to a byte. A [`Real`] is `f32`, `f16` or
//! `bf16`. [`QuantParams`] holds the scale, the zero point and the [range of codes](CodeRange).
//!
//! ```
//! use omnilane::quantize::{I4, QuantParams, QuantizedTensor, dequantize, quantize_into};
//!
//! // The parameters of a range, the codes of some numbers, and back.
//! let params = QuantParams::<u8>::asymmetric(-1.0, 3.0)?;
//! let mut codes = [0; 4];
//! quantize_into(&[-1.0_f32, 0.0, 1.5, 99.0], &params, &mut codes)?;
//! assert_eq!(codes, [0, 64, 160, 255]);
//! let back: Vec<f32> = dequantize(&codes, &params);
//! assert_eq!(back[1], 0.0);
//!
//! // Or in one go, here in four bits.
//! let tensor = QuantizedTensor::<I4>::from_f32_symmetric(&[0.7, -0.33, 0.1]);
//! assert_eq!(tensor.codes(), [0xd7, 0x01]); // 7, -3; 1
//! # Ok::<(), omnilane::quantize::QuantizeError>(())
//! ```
//!
//! | | scale and zero point |
//! |---|---|
//! | [`quantize_into`], [`dequantize_into`]; [`quantize_weights`], [`dequantize`] | given, one for the slice |
//! | [`QuantizedTensor`] | one for the tensor, from its range |
//! | [`PerChannelQuant`] | one per channel, or per block of one |
//! | [`DynamicQuantizer`] | one for the tensor, as ONNX's `DynamicQuantizeLinear` has it |
//! | [`fake_quantize_into`], [`fake_quantize_backward_into`] | given; for training |
//! | [`convert_into`] | none: between `f32`, `f16` and `bf16` |
//!
//! Codes are multiplied as they are, by [`dot`], [`matvec_into`] and [`matmul_into`] with [`PackedWeights`]: exact integers of
//! 32 bits, which a [`Requantizer`] makes codes again, on the way ([`matmul_requantized_into`]) or later
//! ([`requantize_into`]).
//!
//! # The rules
//! `code = clamp(round_half_even(x / scale) + zero_point, qmin, qmax)`: the quotient is that of f32; it is rounded before
//! the zero point is added, and clamped before it is an integer. So it is in ONNX Runtime, whose codes and numbers these
//! are, bit for bit ([`Mode::Exact`]; [`Mode::Fast`] multiplies by `1 / scale` and may be one code off). Half floats are
//! widened to f32 first; what comes back is computed in f32 and rounded once. All instruction sets give the same.
//!
//! | the case | what happens |
//! |---|---|
//! | nothing, or nothing but zeros | scale 1, zero point 0; no error |
//! | one value, or a constant `c != 0` | the range is from 0 to `c`; `c` is an end code, and comes back within one rounding |
//! | a scale that would be 0, subnormal or infinite | as if there were no range: scale 1, zero point 0 |
//! | NaN | the zero point, so 0 when it comes back; counted, and no part of a range; with [`OnNan::Error`] an error |
//! | an infinity | the code at its end; counted, and no part of a range |
//! | a value outside the range | the code at its end, however large it is |
//! | an odd number of nibbles | the high half of the last byte is zero |
//! | a last block that is short | has a scale of its own |
//!
//! Where there is no range, other libraries do six different things; this is ONNX Runtime's.

mod block;
mod channels;
mod code;
mod dynamic;
mod error;
mod extent;
mod fake;
#[cfg(feature = "mmap")]
mod file;
mod ggml;
mod integer;
mod metrics;
mod nibbles;
mod observe;
mod params;
mod pieces;
mod plan;
mod real;
mod rule;
mod slice;
mod tensor;

pub use channels::PerChannelQuant;
pub use code::{Code, I4, U4};
pub use dynamic::DynamicQuantizer;
pub use error::QuantizeError;
pub use fake::{fake_quantize_backward_into, fake_quantize_into};
#[cfg(feature = "mmap")]
pub use file::{FileOptions, FileReport, Progress, Target, TensorReport, quantize_file};
pub use ggml::BlockFormat;
pub use integer::{
    Activation, MatrixView, OutputCode, PackedWeights, Requantizer, dot, matmul, matmul_into, matmul_requantized,
    matmul_requantized_into, matvec, matvec_into, matvec_requantized, matvec_requantized_into, requantize,
    requantize_into,
};
pub use metrics::{Comparison, cosine_similarity, max_error, quantization_error, sqnr};
pub use observe::{
    Counts, Histogram, KlDivergence, Merge, MinMax, MovingAverage, MseSearch, Observer, Percentile, Scheme,
};
pub use params::{CodeRange, QuantParams};
pub use plan::{Candidate, Plan, Precision, TensorProfile, plan};
pub use real::Real;
pub use slice::{
    Mode, OnNan, QuantizeOptions, convert_into, dequantize, dequantize_into, quantize_into, quantize_into_with,
};
pub use tensor::{QuantizedTensor, quantize_weights};
