//! The model that is read: its header, and its tensors in pieces.

use super::{io_error, refused};
use crate::lanes::{bf16, f16};
use crate::memory::Dtype;
use crate::memory::model::{ModelInfo, TensorInfo, header_len};
use crate::quantize::QuantizeError;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// What floats are stored as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Float {
    F32,
    F16,
    Bf16,
}

impl Float {
    /// The numbers of a tensor, if they are floats that can be quantized.
    pub fn of(tensor: &TensorInfo) -> Option<(Float, u64)> {
        let float = match tensor.dtype {
            Dtype::F32 => Float::F32,
            Dtype::F16 => Float::F16,
            Dtype::Bf16 => Float::Bf16,
            _ => return None,
        };
        Some((float, tensor.bytes() / float.bytes() as u64))
    }

    pub fn bytes(self) -> usize {
        if self == Float::F32 { 4 } else { 2 }
    }

    /// The numbers of little-endian bytes.
    fn decode(self, bytes: &[u8], numbers: &mut Vec<f32>) {
        numbers.clear();
        match self {
            Float::F32 => numbers.extend(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))),
            Float::F16 => numbers.extend(bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32())),
            Float::Bf16 => numbers.extend(bytes.chunks_exact(2).map(|b| bf16::from_le_bytes([b[0], b[1]]).to_f32())),
        }
    }
}

/// An open model.
pub(super) struct Source {
    path: String,
    file: File,
    pub info: ModelInfo,
    pub file_bytes: u64,
    /// Where its data begins.
    data: u64,
    bytes: Vec<u8>,
}

impl Source {
    pub fn open(path: &Path) -> Result<Self, QuantizeError> {
        let name = path.display().to_string();
        let read = |e| io_error(&name, "read", &e);
        let mut file = File::open(path).map_err(read)?;
        let file_bytes = file.metadata().map_err(read)?.len();
        let mut first = Vec::new();
        file.by_ref().take(8).read_to_end(&mut first).map_err(read)?;
        let mut header = vec![0; header_len(&first, file_bytes).map_err(|e| refused(&name, &e))?];
        file.read_exact(&mut header).map_err(read)?;
        let data = 8 + header.len() as u64;
        let info = ModelInfo::parse(&header, file_bytes - data).map_err(|e| refused(&name, &e))?;
        Ok(Source { path: name, file, info, file_bytes, data, bytes: Vec::new() })
    }

    /// Calls `f` with the bytes of a tensor, at most `piece` at a time.
    pub fn for_bytes(
        &mut self,
        tensor: &TensorInfo,
        piece: usize,
        mut f: impl FnMut(&[u8]) -> Result<(), QuantizeError>,
    ) -> Result<(), QuantizeError> {
        let path = &self.path;
        let read = |e| io_error(path, "read", &e);
        self.file.seek(SeekFrom::Start(self.data + tensor.data.start)).map_err(read)?;
        let mut left = tensor.bytes();
        while left > 0 {
            let n = left.min(piece as u64) as usize;
            self.bytes.resize(n, 0);
            self.file.read_exact(&mut self.bytes).map_err(read)?;
            f(&self.bytes)?;
            left -= n as u64;
        }
        Ok(())
    }

    /// Calls `f` with the numbers of a tensor of floats, at most `piece` at a time.
    pub fn for_numbers(
        &mut self,
        tensor: &TensorInfo,
        float: Float,
        piece: usize,
        mut f: impl FnMut(&[f32]) -> Result<(), QuantizeError>,
    ) -> Result<(), QuantizeError> {
        let mut numbers = Vec::new();
        self.for_bytes(tensor, piece * float.bytes(), |bytes| {
            float.decode(bytes, &mut numbers);
            f(&numbers)
        })
    }
}
