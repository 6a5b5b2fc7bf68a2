//! A model in a file, quantized into another one.

mod options;
mod report;
mod source;
mod target;
mod tensor;

pub use options::{FileOptions, Progress, Target};
pub use report::{FileReport, TensorReport};

use super::{Plan, Precision, QuantizeError, TensorProfile, plan};
use crate::memory::model::TensorInfo;
use crate::memory::{Dtype, ModelError};
use serde_json::json;
use source::{Float, Source};
use std::io;
use std::path::Path;
use target::{Layout, Planned};
use tensor::{Scales, Stage, measure, write};

/// The key of the metadata that says how a file was quantized.
const METADATA: &str = "omnilane.quantization";

/// Quantizes the floats of a model in the safetensors format into another file of that format.
///
/// Tensors are read, quantized and written in pieces of 64 K numbers: beside the two headers and the scales and zero points
/// of one tensor, memory stays at a megabyte or two whatever the size of the model. `progress` is called after each piece.
/// The new file appears whole, or not at all: it is written beside `to` under another name, and renamed at the end;
/// if anything fails it is removed. `from` and `to` may be the same file.
///
/// # What is written
/// Tensors of floats (F32, F16, BF16) with at least [`keep_below`](FileOptions::keep_below) numbers become, as
/// [`Target`] says:
///
/// | precision | tensor `w` | beside it |
/// |---|---|---|
/// | [`Precision::I8`] | I8, the same shape | `w.scale`, F32; asymmetric: `w.zero_point`, I8 |
/// | [`Precision::I4`] | U8, shape `[n.div_ceil(2)]`: code `2j` in the low nibble of byte `j`, in two's complement | the same |
/// | [`Precision::F16`] | F16, the same shape | nothing |
///
/// `real = scale * (code - zero_point)`. Scales have the shape `[channels]` where a tensor of rank 2 or more is quantized
/// [per channel](FileOptions::per_channel) of axis 0, else `[]`. All other tensors are copied. The file's metadata stays, and
/// gains `omnilane.quantization`, a string of JSON:
///
/// ```json
/// { "version": 1, "tensors": { "w": { "codes": "i4", "dtype": "F32", "shape": [64, 128], "axis": 0,
///   "scale": "w.scale", "zero_point": "w.zero_point" } } }
/// ```
///
/// `dtype` and `shape` are those of the original; `axis` is missing if there is one scale, `zero_point` if the codes are
/// symmetric, `scale` for f16.
///
/// ```no_run
/// use omnilane::quantize::{FileOptions, Precision, Target, quantize_file};
///
/// let options = FileOptions::new(Target::All(Precision::I8));
/// let report = quantize_file("model.safetensors", "model-i8.safetensors", &options, |p| {
///     eprint!("\r{} of {} bytes", p.done, p.total);
/// })?;
/// println!("{report}");
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
///
/// # Errors
/// [`QuantizeError::Io`] if a file cannot be read or written; [`QuantizeError::Model`] if [`Tensors::parse`] refuses
/// `from`, for its reason, or would refuse what is to be written, if `from` is quantized already, or has a tensor by the name
/// of a scale that is to be written; [`QuantizeError::Budget`].
///
/// [`Tensors::parse`]: crate::memory::Tensors::parse
pub fn quantize_file(
    from: impl AsRef<Path>,
    to: impl AsRef<Path>,
    options: &FileOptions,
    mut progress: impl FnMut(Progress<'_>),
) -> Result<FileReport, QuantizeError> {
    let (from, to) = (from.as_ref(), to.as_ref());
    let shown = from.display().to_string();
    let mut source = Source::open(from)?;
    if source.info.metadata.iter().any(|(key, _)| key == METADATA) {
        return Err(model_error(&shown, "it is quantized already".into()));
    }
    let entries = source.info.tensors.clone();
    let passes = if matches!(options.target, Target::Budget(_)) { 3 } else { 2 };
    let total = entries.iter().map(|e| e.bytes() * if floats(e, options).is_some() { passes } else { 1 }).sum();
    let mut stage = Stage { done: 0, total, progress: &mut progress };

    let chosen = choose(&mut source, &entries, options, &mut stage)?;
    let layout = lay_out(&shown, &source, &entries, &chosen, options)?;
    let mut target = target::Target::create(to, layout)?;
    let mut tensors = Vec::with_capacity(entries.len());
    for (entry, precision) in entries.iter().zip(chosen) {
        tensors.push(write(&mut source, entry, precision, options, &mut target, &mut stage)?);
    }
    let before = source.file_bytes;
    // Some systems replace no open file.
    drop(source);
    Ok(FileReport { tensors, bytes_before: before, bytes_after: target.finish()? })
}

/// The floats of a tensor that is to be quantized.
fn floats(entry: &TensorInfo, options: &FileOptions) -> Option<(Float, u64)> {
    Float::of(entry).filter(|(_, len)| *len >= options.keep_below.max(1))
}

/// A precision for each tensor; none for what is copied.
fn choose(
    source: &mut Source,
    entries: &[TensorInfo],
    options: &FileOptions,
    stage: &mut Stage<'_>,
) -> Result<Vec<Option<Precision>>, QuantizeError> {
    let budget = match &options.target {
        Target::All(precision) => {
            return Ok(entries.iter().map(|e| floats(e, options).map(|_| *precision)).collect());
        }
        Target::Budget(bytes) => *bytes,
    };
    let mut profiles = Vec::new();
    let mut kept = 0;
    for entry in entries {
        match floats(entry, options) {
            Some((float, _)) => {
                let candidates = measure(source, entry, float, options, stage)?;
                profiles.push(TensorProfile { name: entry.name.clone(), candidates });
            }
            None => kept += entry.bytes(),
        }
    }
    let Plan { choices, .. } = plan(&profiles, budget.saturating_sub(kept)).map_err(|e| match e {
        QuantizeError::Budget { needed, .. } => QuantizeError::Budget { budget, needed: needed.saturating_add(kept) },
        other => other,
    })?;
    let mut choices = choices.into_iter();
    Ok(entries.iter().map(|e| floats(e, options).and_then(|_| choices.next()).map(|c| c.precision)).collect())
}

/// The header of the new file.
fn lay_out(
    path: &str,
    source: &Source,
    entries: &[TensorInfo],
    chosen: &[Option<Precision>],
    options: &FileOptions,
) -> Result<Layout, QuantizeError> {
    let mut planned = Vec::new();
    let mut described = serde_json::Map::new();
    for (entry, precision) in entries.iter().zip(chosen) {
        let (Some(precision), Some((_, len))) = (precision, Float::of(entry)) else {
            planned.push(Planned {
                name: entry.name.clone(),
                dtype: entry.dtype,
                shape: entry.shape.clone(),
                bytes: entry.bytes(),
            });
            continue;
        };
        let (dtype, shape) = match precision {
            Precision::I4 => (Dtype::U8, vec![precision.bytes(len)]),
            Precision::I8 => (Dtype::I8, entry.shape.clone()),
            Precision::F16 => (Dtype::F16, entry.shape.clone()),
        };
        planned.push(Planned { name: entry.name.clone(), dtype, shape, bytes: precision.bytes(len) });
        let mut field = json!({ "codes": precision.name(), "dtype": entry.dtype.name(), "shape": entry.shape });
        if *precision != Precision::F16 {
            let scales = Scales::of(entry, len, options);
            if scales.per_channel {
                field["axis"] = 0.into();
            }
            let shape = if scales.per_channel { vec![scales.count] } else { vec![] };
            for (kind, dtype, width) in scales.tensors(options) {
                let name = format!("{}.{kind}", entry.name);
                field[kind] = name.clone().into();
                let bytes = scales.count * width;
                planned.push(Planned { name, dtype, shape: shape.clone(), bytes });
            }
        }
        described.insert(entry.name.clone(), field);
    }
    let mut metadata = source.info.metadata.clone();
    metadata.push((METADATA.into(), json!({ "version": 1, "tensors": described }).to_string()));
    Layout::new(path, planned, &metadata)
}

fn io_error(path: &str, action: &'static str, e: &io::Error) -> QuantizeError {
    QuantizeError::Io { path: path.into(), action, kind: e.kind(), message: e.to_string() }
}

/// As text, because an error of the system's does not compare.
fn refused(path: &str, e: &ModelError) -> QuantizeError {
    model_error(path, e.to_string())
}

fn model_error(path: &str, reason: String) -> QuantizeError {
    QuantizeError::Model { path: path.into(), reason }
}
