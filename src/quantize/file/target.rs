//! The model that is written: laid out beforehand, filled in any order, and put in place at the end.

use super::{io_error, model_error};
use crate::memory::Dtype;
use crate::memory::model::{ModelInfo, header_len};
use crate::quantize::QuantizeError;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A tensor of the new file.
pub(super) struct Planned {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<u64>,
    pub bytes: u64,
}

/// The header, and where in the file each tensor begins.
pub(super) struct Layout {
    header: Vec<u8>,
    starts: HashMap<String, u64>,
    pub file_bytes: u64,
}

impl Layout {
    /// Wide elements come first, so that every tensor is aligned.
    pub fn new(path: &str, mut tensors: Vec<Planned>, metadata: &[(String, String)]) -> Result<Self, QuantizeError> {
        tensors.sort_by_key(|t| std::cmp::Reverse(t.dtype.align()));
        let mut fields = Map::new();
        let texts: Map<String, Value> = metadata.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        fields.insert("__metadata__".into(), texts.into());
        let mut starts = HashMap::new();
        let mut end = 0u64;
        for t in tensors {
            let start = end;
            end = start
                .checked_add(t.bytes)
                .ok_or_else(|| model_error(path, "the quantized model would be larger than any file".into()))?;
            let field = json!({ "dtype": t.dtype.name(), "shape": t.shape, "data_offsets": [start, end] });
            if fields.insert(t.name.clone(), field).is_some() {
                return Err(model_error(path, format!("two tensors of the quantized model would be named {}", t.name)));
            }
            starts.insert(t.name, start);
        }
        let mut json = Value::from(fields).to_string().into_bytes();
        // The data begins at a multiple of 8.
        json.resize(json.len().next_multiple_of(8), b' ');
        let mut header = (json.len() as u64).to_le_bytes().to_vec();
        header.extend(&json);
        let data = header.len() as u64;
        // Nothing is written that could not be read.
        header_len(&header, data.saturating_add(end))
            .and_then(|_| ModelInfo::parse(&json, end))
            .map_err(|e| model_error(path, format!("the quantized model: {e}")))?;
        starts.values_mut().for_each(|start| *start += data);
        Ok(Layout { header, starts, file_bytes: data + end })
    }
}

/// A file beside its destination, which is removed unless it is finished.
pub(super) struct Target {
    path: PathBuf,
    temporary: PathBuf,
    file: Option<File>,
    layout: Layout,
}

/// Tells the files of one process apart.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl Target {
    pub fn create(path: &Path, layout: Layout) -> Result<Self, QuantizeError> {
        let shown = path.display().to_string();
        let Some(name) = path.file_name() else {
            return Err(model_error(&shown, "it is no name of a file".into()));
        };
        let unique =
            format!(".{}.{}.{}.partial", name.display(), std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let temporary = path.with_file_name(unique);
        let created = OpenOptions::new().write(true).create_new(true).open(&temporary);
        let file = created.map_err(|e| io_error(&shown, "written", &e))?;
        let mut target = Target { path: path.to_owned(), temporary, file: Some(file), layout };
        let header = std::mem::take(&mut target.layout.header);
        target.write_at(0, &header)?;
        Ok(target)
    }

    /// Where a tensor begins.
    pub fn start_of(&self, tensor: &str) -> u64 {
        self.layout.starts[tensor]
    }

    pub fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<(), QuantizeError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.seek(SeekFrom::Start(at))
            .and_then(|_| file.write_all(bytes))
            .map_err(|e| io_error(&self.path.display().to_string(), "written", &e))
    }

    /// Puts the file in its place: from now on it is whole there, or as it was before.
    pub fn finish(mut self) -> Result<u64, QuantizeError> {
        let shown = self.path.display().to_string();
        if let Some(file) = self.file.take() {
            // A tensor without bytes at the end, or none at all, leaves the file short of nothing: the length says so.
            file.set_len(self.layout.file_bytes)
                .and_then(|()| file.sync_all())
                .map_err(|e| io_error(&shown, "written", &e))?;
        }
        fs::rename(&self.temporary, &self.path).map_err(|e| io_error(&shown, "replaced", &e))?;
        self.temporary = PathBuf::new();
        Ok(self.layout.file_bytes)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if !self.temporary.as_os_str().is_empty() {
            // Some systems remove no open file.
            self.file = None;
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
