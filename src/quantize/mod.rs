//! Quantization: real numbers as small integers, `real = scale * (code - zero_point)`.
//!
//! A [`Code`] is the small integer: `i8 u8 i16 u16`, or [`I4`] and [`U4`], two to a byte. A [`Real`] is `f32`, `f16` or
//! `bf16`. [`QuantParams`] holds the scale, the zero point and the range of codes.
//!
//! ```
//! use omnilane::quantize::QuantParams;
//!
//! let params = QuantParams::<u8>::asymmetric(-1.0, 3.0)?;
//! assert_eq!(params.zero_point(), 64);
//! assert_eq!(params.dequantize(params.quantize(0.0)), 0.0);
//! # Ok::<(), omnilane::quantize::QuantizeError>(())
//! ```

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
