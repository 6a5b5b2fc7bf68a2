//! How a file is quantized.

use crate::quantize::{Precision, Scheme};

/// What the tensors of a model become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// All the same.
    All(Precision),
    /// The best mixture that takes at most so many bytes, header left out: see [`plan`](crate::quantize::plan). What is
    /// copied counts too.
    Budget(u64),
}

/// How [`quantize_file`](super::quantize_file) quantizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileOptions {
    pub(super) target: Target,
    pub(super) scheme: Scheme,
    pub(super) per_channel: bool,
    pub(super) keep_below: u64,
}

impl FileOptions {
    /// Symmetric, a scale for each channel, tensors of less than 1024 numbers kept.
    #[must_use]
    pub const fn new(target: Target) -> Self {
        FileOptions { target, scheme: Scheme::Symmetric, per_channel: true, keep_below: 1024 }
    }

    /// Where the zero point may be.
    #[must_use]
    pub const fn scheme(self, scheme: Scheme) -> Self {
        FileOptions { scheme, ..self }
    }

    /// Whether each channel (index of axis 0) of a tensor of rank 2 or more has its own scale.
    #[must_use]
    pub const fn per_channel(self, per_channel: bool) -> Self {
        FileOptions { per_channel, ..self }
    }

    /// Tensors with fewer numbers are copied: biases and norms are small and sensitive.
    #[must_use]
    pub const fn keep_below(self, numbers: u64) -> Self {
        FileOptions { keep_below: numbers, ..self }
    }
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The tensor that is read.
    pub tensor: &'a str,
    /// Bytes read so far; a tensor that is quantized is read two or three times.
    pub done: u64,
    /// Bytes to read in all.
    pub total: u64,
}
