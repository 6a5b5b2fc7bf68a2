//! Model files: mapped or copied bytes, and the tensors of the safetensors format.
//!
//! [`MmapModel`] has a file's bytes; [`Tensors`] finds the tensors in them without copying. The header is not trusted: it
//! gives either a typed error or tensors that cover the file's data, each byte once, and reading it takes less memory than
//! the file has bytes.
//!
//! ```no_run
//! use omnilane::memory::MmapModel;
//!
//! let model = MmapModel::from_file("model.safetensors")?;
//! let tensors = model.tensors()?;
//! let weight: &[f32] = tensors.get("layer.0.weight")?.as_shaped(&[256, 64])?;
//! # Ok::<(), omnilane::memory::ModelError>(())
//! ```
//!
//! The format: eight bytes, the header's length, lowest first; the header, a JSON map from names to `dtype`, `shape` and
//! `data_offsets`; the data (<https://github.com/huggingface/safetensors>).

mod dtype;
mod error;
mod file;
mod header;
mod info;
mod pass;
mod tensors;

pub use dtype::{Dtype, TensorElement};
pub use error::ModelError;
pub use file::{Advice, MmapModel};
pub use header::Metadata;
pub(crate) use header::header_len;
pub(crate) use info::{ModelInfo, TensorInfo};
pub use tensors::{TensorView, Tensors};
