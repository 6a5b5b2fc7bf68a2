//! What a header says, for those who read the data from the file themselves.

use super::header::Index;
use super::{Dtype, ModelError};
use std::ops::Range;

/// What a header says.
pub(crate) struct ModelInfo {
    /// In the order of their data, which they cover without gaps.
    pub tensors: Vec<TensorInfo>,
    /// In the order of the header.
    pub metadata: Vec<(String, String)>,
}

/// What a header says of one tensor.
#[derive(Clone, Debug)]
pub(crate) struct TensorInfo {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<u64>,
    /// Which bytes of the data are its.
    pub data: Range<u64>,
}

impl TensorInfo {
    /// Bytes of its data.
    pub fn bytes(&self) -> u64 {
        self.data.end - self.data.start
    }
}

impl ModelInfo {
    /// Reads and checks a header, which `data_len` bytes follow.
    pub fn parse(header: &[u8], data_len: u64) -> Result<Self, ModelError> {
        let index = Index::parse(header, data_len)?;
        let info = |entry| TensorInfo {
            name: index.name(header, entry).into(),
            dtype: entry.dtype,
            shape: index.shape(entry).collect(),
            data: entry.begin..entry.end,
        };
        let mut tensors: Vec<_> = index.entries.iter().map(info).collect();
        tensors.sort_by_key(|t| (t.data.start, t.data.end));
        let metadata = index.metadata().map(|(key, value)| (key.into(), value.into())).collect();
        Ok(ModelInfo { tensors, metadata })
    }
}
