//! What quantization refuses.

use super::CodeRange;
use crate::lanes::LengthError;
use alloc::string::String;
use core::fmt;

/// Why nothing was quantized: the destination is then as it was, unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum QuantizeError {
    /// A scale is not a positive finite number.
    #[error("scale: {got}, it must be above 0 and finite")]
    Scale {
        /// The scale that was given.
        got: f32,
    },
    /// A zero point is not one of the codes.
    #[error("zero_point: {got}, it must be in {min}..={max}")]
    ZeroPoint {
        /// The zero point that was given.
        got: i32,
        /// The smallest code.
        min: i32,
        /// The largest code.
        max: i32,
    },
    /// The ends of a range are not finite, or in the wrong order.
    #[error("min, max: {min}, {max}; they must be finite, and min not above max")]
    MinMax {
        /// The smallest value that was given.
        min: f32,
        /// The largest value that was given.
        max: f32,
    },
    /// The largest magnitude is negative, infinite or NaN.
    #[error("absmax: {got}, it must be finite and not negative")]
    AbsMax {
        /// The magnitude that was given.
        got: f32,
    },
    /// A slice does not have the length that another argument asks for.
    #[error(transparent)]
    Length(#[from] LengthError),
    /// The tensor does not have this axis.
    #[error("axis: {got}, it must be in -{rank}..{rank}")]
    Axis {
        /// The axis that was given.
        got: isize,
        /// The number of axes.
        rank: usize,
    },
    /// The shape is not that of the source.
    #[error("shape: {} elements, src has {len}", OrTooMany(*elements))]
    Shape {
        /// The product of the dimensions, if a `usize` can hold it.
        elements: Option<usize>,
        /// The elements of the source.
        len: usize,
    },
    /// A block without elements.
    #[error("block: 0, it must be at least 1")]
    BlockSize,
    /// The parameters of a tensor's channels do not have one range of codes.
    #[error("params[{index}]: its range is {got:?}, it must be {expected:?}, as that of the first")]
    Ranges {
        /// Which of them.
        index: usize,
        /// Its range.
        got: CodeRange,
        /// The range of the first.
        expected: CodeRange,
    },
    /// The source has NaN, and it was asked to be an error.
    #[error("src: {count} of its {len} elements are NaN")]
    Nan {
        /// How many there are.
        count: usize,
        /// The elements of the source.
        len: usize,
    },
    /// There is not that much memory, or no address for it.
    #[error("rows, columns: {rows} x {columns} elements are more than there is memory for")]
    TooLarge {
        /// Rows of the matrix.
        rows: usize,
        /// Columns of the matrix, or its stride.
        columns: usize,
    },
    /// Rows of a matrix would overlap.
    #[error("stride: {stride} elements, but a row has {columns}")]
    Stride {
        /// The stride that was given.
        stride: usize,
        /// Elements in a row.
        columns: usize,
    },
    /// The slice ends inside the matrix.
    #[error("data: {got} elements, but the matrix needs {needed}")]
    DataTooShort {
        /// Elements in the slice.
        got: usize,
        /// Elements that the matrix needs.
        needed: usize,
    },
    /// A multiplier is not a number from 0 to its limit.
    #[error("multiplier: {got}, it must be at least 0 and below {limit:e}")]
    Multiplier {
        /// The multiplier that was given.
        got: f64,
        /// What it must be below.
        limit: f64,
    },
    /// The ends of a range of codes are in the wrong order.
    #[error("min, max: {min}, {max}; min must not be above max")]
    CodeBounds {
        /// The smallest code that was given.
        min: i32,
        /// The largest code that was given.
        max: i32,
    },
    /// A number is outside its range.
    #[error("{argument}: {got}, it must be in {allowed}")]
    Argument {
        /// The name of the argument.
        argument: &'static str,
        /// The number that was given.
        got: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// The scale of a block is infinite in f16.
    #[error("src: block {block} has numbers too large for {format}, whose scales are f16 and at most 65504")]
    BlockScale {
        /// The first such block.
        block: usize,
        /// The format.
        format: &'static str,
    },
    /// Two observers that are not set alike do not merge.
    #[error("other: an observer with another scheme or setting; only observers that are set alike merge")]
    Observers,
    /// The tensors do not fit, however coarse.
    #[error("budget: {budget} bytes, the tensors take at least {needed}")]
    Budget {
        /// The budget that was given.
        budget: u64,
        /// The bytes of the smallest candidates.
        needed: u64,
    },
    /// A tensor without a candidate to choose.
    #[error("profiles: {name} has no candidate with a finite noise")]
    NoCandidates {
        /// The tensor's name.
        name: String,
    },
    /// A file could not be read or written.
    #[cfg(feature = "mmap")]
    #[error("{path}: cannot be {action}: {message}")]
    Io {
        /// The file.
        path: String,
        /// What was tried: `read`, `written`, ...
        action: &'static str,
        /// The kind of failure.
        kind: std::io::ErrorKind,
        /// What the system says.
        message: String,
    },
    /// A file is no model in the safetensors format, or one that cannot be quantized.
    #[cfg(feature = "mmap")]
    #[error("{path}: {reason}")]
    Model {
        /// The file.
        path: String,
        /// What is wrong, and what it should be.
        reason: String,
    },
}

impl QuantizeError {
    /// An error unless two observers are set alike.
    pub(super) fn check_alike(alike: bool) -> Result<(), QuantizeError> {
        if alike { Ok(()) } else { Err(QuantizeError::Observers) }
    }
}

/// A number, or that there is none.
struct OrTooMany(Option<usize>);

impl fmt::Display for OrTooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(n) => n.fmt(f),
            None => f.write_str("more than a usize of"),
        }
    }
}
