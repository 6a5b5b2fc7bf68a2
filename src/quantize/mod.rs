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

mod blocks;
mod code;
mod error;
mod metrics;
mod observe;
mod params;
mod real;

pub use blocks::BlockFormat;
pub use code::{Code, I4, U4};
pub use error::QuantizeError;
pub use metrics::{Comparison, cosine_similarity, max_error, quantization_error, sqnr};
pub use observe::{
    Counts, Histogram, KlDivergence, Merge, MinMax, MovingAverage, MseSearch, Observer, Percentile, Scheme,
};
pub use params::{CodeRange, QuantParams};
pub use real::Real;
