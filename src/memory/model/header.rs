//! The header of a safetensors file: its names, types, shapes and offsets, read in two passes.
//!
//! The first pass counts, the second stores in memory of just that size. Names are ranges of the header where they stand
//! there as they are; shapes take seven bits per byte. So the index of the most crowded header is smaller than it.

use super::pass::Pass;
use super::{Dtype, ModelError};

/// Bytes of a header.
pub(super) const MAX_HEADER: u64 = 100_000_000;
/// Tensors in a file.
pub(super) const MAX_TENSORS: usize = 1 << 18;
/// Bytes of a string as it stands in the header; a fourth of the data if that is more, so that what it takes to decode one
/// is less than the file.
const MAX_STRING: u64 = 1 << 16;
/// Brackets in brackets; a header has three.
const MAX_DEPTH: usize = 32;
/// Dimensions of a tensor.
pub(super) const MAX_RANK: usize = u8::MAX as usize;

/// A string: a range of the header, or of [`Index::bytes`] if it had to be decoded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Text {
    /// The upper bit says which.
    pub at: u32,
    pub len: u32,
}

pub(super) const DECODED: u32 = 1 << 31;

/// One tensor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub name: Text,
    pub shape_at: u32,
    pub rank: u8,
    pub dtype: Dtype,
    /// Bytes of the data: from, to.
    pub begin: u64,
    pub end: u64,
}

/// All tensors, by name.
#[derive(Debug, Default)]
pub(super) struct Index {
    pub entries: Vec<Entry>,
    /// Decoded names, shapes, metadata.
    pub bytes: Vec<u8>,
    pub metadata: std::ops::Range<usize>,
}

/// The header of a file, and what follows it.
pub(super) fn split(file: &[u8]) -> Result<(&[u8], &[u8]), ModelError> {
    let header = header_len(file, file.len() as u64)?;
    Ok(file[8..].split_at(header))
}

/// The length of the header, as it stands in the first eight bytes of a file of `file` bytes.
pub(crate) fn header_len(first: &[u8], file: u64) -> Result<usize, ModelError> {
    let (Some(len), Some(left)) = (first.first_chunk(), file.checked_sub(8)) else {
        return Err(ModelError::NoHeader { file });
    };
    let header = u64::from_le_bytes(*len);
    if header > MAX_HEADER {
        return Err(ModelError::HeaderTooLarge { header, max: MAX_HEADER });
    }
    if header > left {
        return Err(ModelError::HeaderTruncated { header, left });
    }
    Ok(header as usize)
}

impl Index {
    /// Reads and checks a header, whose tensors must fill `data_len` bytes.
    pub fn parse(header: &[u8], data_len: u64) -> Result<Index, ModelError> {
        let (len, depth) = scan(header);
        let max = MAX_STRING.max(data_len / 4);
        if len as u64 > max {
            return Err(ModelError::StringTooLong { len, max });
        }
        if depth > MAX_DEPTH {
            return Err(ModelError::TooDeep { depth, max: MAX_DEPTH });
        }
        let counted = Pass::run(header, None)?;
        let room = Index {
            entries: Vec::with_capacity(counted.tensors),
            bytes: Vec::with_capacity(counted.stored),
            metadata: 0..0,
        };
        let mut index = Pass::run(header, Some(room))?.index.unwrap_or_default();
        let name = |entry: &Entry| text_in(&index.bytes, header, entry.name);
        index.entries.sort_unstable_by(|a, b| name(a).cmp(name(b)));
        if let Some(pair) = index.entries.windows(2).find(|pair| name(&pair[0]) == name(&pair[1])) {
            return Err(ModelError::DuplicateName { name: name(&pair[0]).into() });
        }
        index.check_offsets(header, data_len)?;
        Ok(index)
    }

    /// Every byte of the data belongs to one tensor.
    fn check_offsets(&self, header: &[u8], data_len: u64) -> Result<(), ModelError> {
        let mut order: Vec<u32> = (0..self.entries.len() as u32).collect();
        order.sort_unstable_by_key(|i| {
            let entry = &self.entries[*i as usize];
            (entry.begin, entry.end)
        });
        let mut at = 0;
        for i in order {
            let entry = &self.entries[i as usize];
            if entry.begin != at {
                let name = self.name(header, entry).into();
                let size = entry.end - entry.begin;
                let (begin, end, expected_end) = (entry.begin, entry.end, at.saturating_add(size));
                return Err(ModelError::Offsets { name, begin, end, expected_begin: at, expected_end });
            }
            at = entry.end;
        }
        if at != data_len {
            return Err(ModelError::DataLength { tensors: at, data: data_len });
        }
        Ok(())
    }

    pub fn name<'a>(&'a self, header: &'a [u8], entry: &Entry) -> &'a str {
        text_in(&self.bytes, header, entry.name)
    }

    pub fn shape(&self, entry: &Entry) -> impl Iterator<Item = u64> {
        let mut bytes = &self.bytes[entry.shape_at as usize..];
        (0..entry.rank).map(move |_| read_number(&mut bytes))
    }

    pub fn metadata(&self) -> Metadata<'_> {
        Metadata { bytes: &self.bytes[self.metadata.clone()] }
    }
}

pub(super) fn text_in<'a>(decoded: &'a [u8], header: &'a [u8], text: Text) -> &'a str {
    let from = if text.at & DECODED == 0 { header } else { decoded };
    let at = (text.at & !DECODED) as usize;
    // It was a string when it was found.
    from.get(at..at + text.len as usize).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

/// The metadata of a file: pairs of a key and a value, in the file's order.
#[derive(Clone, Debug)]
pub struct Metadata<'a> {
    bytes: &'a [u8],
}

impl<'a> Iterator for Metadata<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let mut text = || {
            let len = read_number(&mut self.bytes) as usize;
            let (text, rest) = self.bytes.split_at_checked(len)?;
            self.bytes = rest;
            std::str::from_utf8(text).ok()
        };
        Some((text()?, text()?))
    }
}

impl std::iter::FusedIterator for Metadata<'_> {}

/// Seven bits in a byte, the lowest first; the upper bit says that more follow.
pub(super) fn number(mut n: u64) -> impl Iterator<Item = u8> {
    let mut more = true;
    std::iter::from_fn(move || {
        if !more {
            return None;
        }
        let low = (n & 0x7f) as u8;
        n >>= 7;
        more = n > 0;
        Some(low | u8::from(more) << 7)
    })
}

fn read_number(bytes: &mut &[u8]) -> u64 {
    let mut n = 0;
    for shift in (0..64).step_by(7) {
        let Some((first, rest)) = bytes.split_first() else { break };
        *bytes = rest;
        n |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    n
}

/// What would take memory before a visitor sees it: the bytes of the longest string, and how deep brackets nest.
fn scan(header: &[u8]) -> (usize, usize) {
    let (mut longest, mut start, mut escaped) = (0, None, false);
    let (mut deepest, mut depth) = (0, 0usize);
    for (i, byte) in header.iter().enumerate() {
        match (start, byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(from), b'"') => {
                longest = longest.max(i - from);
                start = None;
            }
            (None, b'"') => start = Some(i + 1),
            (None, b'{' | b'[') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (None, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    (longest.max(start.map_or(0, |from| header.len() - from)), deepest)
}
