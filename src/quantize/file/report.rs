//! What became of a file.

use crate::quantize::Precision;
use std::fmt;

/// What became of a tensor.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TensorReport {
    /// Its name.
    pub name: String,
    /// Its shape.
    pub shape: Vec<u64>,
    /// What it was: `F32`, `F16`, `BF16`, or another type of safetensors.
    pub dtype: String,
    /// What it is: `None` if it was copied.
    pub precision: Option<Precision>,
    /// The smallest and the largest scale; the same twice if there is one. `None` without codes.
    pub scales: Option<(f32, f32)>,
    /// The ratio of signal to quantization noise in dB over the finite numbers. `None` if it was copied.
    pub sqnr: Option<f64>,
    /// NaN in it, which became 0 (f16: stayed).
    pub nan: u64,
    /// Infinities in it, which became the ends of the range (f16: stayed).
    pub infinite: u64,
    /// Its bytes before.
    pub bytes_before: u64,
    /// Its bytes now, scales and zero points included.
    pub bytes_after: u64,
}

/// What became of a model.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FileReport {
    /// Its tensors, in the order of the file that was read.
    pub tensors: Vec<TensorReport>,
    /// The size of the file that was read.
    pub bytes_before: u64,
    /// The size of the file that was written.
    pub bytes_after: u64,
}

impl FileReport {
    /// How many times smaller the new file is.
    #[must_use]
    pub fn compression_ratio(&self) -> f64 {
        self.bytes_before as f64 / self.bytes_after as f64
    }
}

/// A table, a line for each tensor.
impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.tensors.iter().map(|t| t.name.len()).max().unwrap_or(0).max(6);
        writeln!(
            f,
            "{:<width$} {:>5} {:>5} {:>23} {:>8} {:>12} {:>12}",
            "tensor", "was", "is", "scale", "SQNR", "bytes", "now"
        )?;
        for t in &self.tensors {
            let is = t.precision.map_or("kept", Precision::name);
            let scale = match t.scales {
                None => String::new(),
                Some((a, b)) if a == b => format!("{a:.3e}"),
                Some((a, b)) => format!("{a:.3e}..{b:.3e}"),
            };
            let sqnr = t.sqnr.map_or(String::new(), |v| format!("{v:.1} dB"));
            writeln!(
                f,
                "{:<width$} {:>5} {:>5} {scale:>23} {sqnr:>8} {:>12} {:>12}",
                t.name, t.dtype, is, t.bytes_before, t.bytes_after
            )?;
        }
        write!(f, "{} -> {} bytes, {:.2} times smaller", self.bytes_before, self.bytes_after, self.compression_ratio())
    }
}
