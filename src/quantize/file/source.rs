//! The model that is read: its header, and its tensors in pieces.

use super::{io_error, model_error};
use crate::lanes::{bf16, f16};
use crate::quantize::QuantizeError;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Value;
use std::collections::HashSet;
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Bytes that a header may have, as in the reference implementation.
const MAX_HEADER: u64 = 100_000_000;

/// A tensor in the file.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub name: String,
    pub dtype: String,
    pub shape: Vec<u64>,
    /// Where its bytes begin in the file.
    pub start: u64,
    pub bytes: u64,
}

impl Entry {
    /// The numbers in it, if they are floats that can be quantized.
    pub fn floats(&self) -> Option<(Float, u64)> {
        let float = match &*self.dtype {
            "F32" => Float::F32,
            "F16" => Float::F16,
            "BF16" => Float::Bf16,
            _ => return None,
        };
        Some((float, self.bytes / float.bytes() as u64))
    }
}

/// What floats are stored as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Float {
    F32,
    F16,
    Bf16,
}

impl Float {
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
    pub entries: Vec<Entry>,
    pub metadata: Vec<(String, String)>,
    pub file_bytes: u64,
    bytes: Vec<u8>,
}

impl Source {
    pub fn open(path: &Path) -> Result<Self, QuantizeError> {
        let name = path.display().to_string();
        let read = |e| io_error(&name, "read", &e);
        let mut file = File::open(path).map_err(read)?;
        let file_bytes = file.metadata().map_err(read)?.len();
        if file_bytes < 8 {
            return Err(model_error(&name, format!("{file_bytes} bytes; a safetensors file has at least 8")));
        }
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(read)?;
        let header_bytes = u64::from_le_bytes(length);
        if header_bytes > MAX_HEADER.min(file_bytes - 8) {
            let most = MAX_HEADER.min(file_bytes - 8);
            return Err(model_error(
                &name,
                format!("its header has {header_bytes} bytes, at most {most} are possible"),
            ));
        }
        let mut header = vec![0; header_bytes as usize];
        file.read_exact(&mut header).map_err(read)?;
        let (entries, metadata) = parse(&header, 8 + header_bytes, file_bytes).map_err(|e| model_error(&name, e))?;
        Ok(Source { path: name, file, entries, metadata, file_bytes, bytes: Vec::new() })
    }

    /// Calls `f` with the bytes of a tensor, at most `piece` at a time.
    pub fn for_bytes(
        &mut self,
        entry: &Entry,
        piece: usize,
        mut f: impl FnMut(&[u8]) -> Result<(), QuantizeError>,
    ) -> Result<(), QuantizeError> {
        let path = &self.path;
        let read = |e| io_error(path, "read", &e);
        self.file.seek(SeekFrom::Start(entry.start)).map_err(read)?;
        let mut left = entry.bytes;
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
        entry: &Entry,
        float: Float,
        piece: usize,
        mut f: impl FnMut(&[f32]) -> Result<(), QuantizeError>,
    ) -> Result<(), QuantizeError> {
        let mut numbers = Vec::new();
        self.for_bytes(entry, piece * float.bytes(), |bytes| {
            float.decode(bytes, &mut numbers);
            f(&numbers)
        })
    }
}

type Header = (Vec<Entry>, Vec<(String, String)>);

/// The tensors by where they are in the file, without gaps, and the metadata.
fn parse(header: &[u8], data: u64, file_bytes: u64) -> Result<Header, String> {
    let mut json = serde_json::Deserializer::from_slice(header);
    let fields = json.deserialize_map(Fields).map_err(|e| format!("its header is broken: {e}"))?;
    json.end().map_err(|e| format!("its header is broken: {e}"))?;
    let mut names = HashSet::new();
    let (mut entries, mut metadata) = (Vec::new(), Vec::new());
    for (name, value) in fields {
        if !names.insert(name.clone()) {
            return Err(format!("two tensors are named {name}"));
        }
        if name == "__metadata__" {
            let strings = value.as_object().ok_or("__metadata__ is no map of strings")?;
            for (key, value) in strings {
                let value = value.as_str().ok_or_else(|| format!("__metadata__: {key} is no string"))?;
                metadata.push((key.clone(), value.to_owned()));
            }
            continue;
        }
        entries.push(entry(name, &value, data)?);
    }
    entries.sort_by_key(|e| (e.start, e.bytes));
    let mut end = data;
    for e in &entries {
        if e.start != end {
            return Err(format!(
                "{}: its bytes begin at {}, those before end at {}",
                e.name,
                e.start - data,
                end - data
            ));
        }
        end = e.start.checked_add(e.bytes).ok_or_else(|| format!("{}: its bytes end beyond any file", e.name))?;
    }
    if end != file_bytes {
        return Err(format!("its tensors end at byte {end}, the file has {file_bytes}"));
    }
    Ok((entries, metadata))
}

fn entry(name: String, value: &Value, data: u64) -> Result<Entry, String> {
    let numbers =
        |field: &str| -> Option<Vec<u64>> { value.get(field)?.as_array()?.iter().map(Value::as_u64).collect() };
    let missing = |field: &str| format!("{name}: its {field} is missing or broken");
    let dtype = value.get("dtype").and_then(Value::as_str).ok_or_else(|| missing("dtype"))?.to_owned();
    let shape = numbers("shape").ok_or_else(|| missing("shape"))?;
    let offsets = numbers("data_offsets").ok_or_else(|| missing("data_offsets"))?;
    let &[begin, end] = &offsets[..] else { return Err(missing("data_offsets")) };
    let bytes = end.checked_sub(begin).ok_or_else(|| missing("data_offsets"))?;
    let start = data.checked_add(begin).ok_or_else(|| missing("data_offsets"))?;
    let elements = shape.iter().try_fold(1u64, |n, d| n.checked_mul(*d));
    let size = match &*dtype {
        "BOOL" | "U8" | "I8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" => Some(1),
        "U16" | "I16" | "F16" | "BF16" => Some(2),
        "U32" | "I32" | "F32" => Some(4),
        "U64" | "I64" | "F64" | "C64" => Some(8),
        // Of others the size is not known; they are copied.
        _ => None,
    };
    if let Some(size) = size
        && elements.and_then(|n| n.checked_mul(size)) != Some(bytes)
    {
        return Err(format!("{name}: {bytes} bytes, but {dtype} of shape {shape:?} has another size"));
    }
    Ok(Entry { name, dtype, shape, start, bytes })
}

/// A map whose keys may come twice, so that this can be refused.
struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(fields)
    }
}
