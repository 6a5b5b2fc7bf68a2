//! A file's bytes: mapped where that is safe, copied where it is not.

use super::{ModelError, Tensors};
use crate::cpu::memory_opt_enabled;
use crate::memory::AlignedBuffer;
use memmap2::{Mmap, MmapOptions};
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek};
use std::path::Path;

/// The bytes of a file, for reading, on 64 bytes at least.
///
/// A file in a map that somebody truncates takes the process down (SIGBUS) when the bytes that are gone are read. So
/// [`MmapModel::from_file`] maps only a file of which the system promises that nobody can change it (on Linux, one with
/// fs-verity, or a sealed memory file), and otherwise reads it into memory. [`MmapModel::map_file`] always maps; the promise
/// is the caller's.
///
/// ```
/// use omnilane::memory::{Advice, MmapModel};
///
/// let model = MmapModel::from_file("Cargo.toml")?;
/// model.advise(Advice::WillNeed)?;
/// assert!(model.as_slice().starts_with(b"["));
/// # Ok::<(), omnilane::memory::ModelError>(())
/// ```
pub struct MmapModel {
    bytes: Bytes,
}

enum Bytes {
    Empty,
    Map(Mmap),
    Copy(AlignedBuffer<u8>),
}

/// How a mapped file will be read, for the system to prepare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Advice {
    /// Nothing is known.
    Normal,
    /// Here and there: do not read ahead.
    Random,
    /// From the start to the end: read ahead.
    Sequential,
    /// All of it, soon: read it now.
    WillNeed,
}

impl MmapModel {
    /// The file's bytes: mapped if the system promises that they cannot change, otherwise copied into memory.
    ///
    /// # Errors
    /// [`ModelError::Io`], [`ModelError::NotAFile`], [`ModelError::Changed`] if somebody wrote to it meanwhile,
    /// [`ModelError::OutOfMemory`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let (file, len) = open(path)?;
        if len == 0 {
            return Ok(MmapModel { bytes: Bytes::Empty });
        }
        // Refused is refused for whatever reason: then it is read.
        let map = if memory_opt_enabled() { MmapOptions::new().map_if_safe(&file).ok() } else { None };
        let bytes = match map {
            Some(map) => Bytes::Map(map),
            None => Bytes::Copy(read(path, &file, len)?),
        };
        Ok(MmapModel { bytes })
    }

    /// The file's bytes, mapped; none of them is copied.
    ///
    /// # Errors
    /// [`ModelError::Io`], [`ModelError::NotAFile`].
    ///
    /// # Safety
    /// Nobody, in this process or another, writes to the file or truncates it while the map lives.
    pub unsafe fn map_file(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let (file, len) = open(path)?;
        if len == 0 {
            return Ok(MmapModel { bytes: Bytes::Empty });
        }
        if !memory_opt_enabled() {
            return Ok(MmapModel { bytes: Bytes::Copy(read(path, &file, len)?) });
        }
        // SAFETY: the caller promises it.
        let map = unsafe { MmapOptions::new().map(&file) };
        Ok(MmapModel { bytes: Bytes::Map(map.map_err(|e| refused(path, e))?) })
    }

    /// The file's bytes.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Empty => &[],
            Bytes::Map(map) => map,
            Bytes::Copy(copy) => copy,
        }
    }

    /// Whether the file is mapped, not copied.
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        matches!(self.bytes, Bytes::Map(_))
    }

    /// Tells the system how a map will be read; does nothing for a copy, nor where the system takes no advice.
    ///
    /// # Errors
    /// [`ModelError::Advice`] if the system refuses it.
    pub fn advise(&self, advice: Advice) -> Result<(), ModelError> {
        #[cfg(unix)]
        if let Bytes::Map(map) = &self.bytes {
            let advice = match advice {
                Advice::Normal => memmap2::Advice::Normal,
                Advice::Random => memmap2::Advice::Random,
                Advice::Sequential => memmap2::Advice::Sequential,
                Advice::WillNeed => memmap2::Advice::WillNeed,
            };
            return map.advise(advice).map_err(|source| ModelError::Advice { source });
        }
        let _ = advice;
        Ok(())
    }

    /// The tensors of a safetensors file.
    ///
    /// # Errors
    /// As [`Tensors::parse`].
    pub fn tensors(&self) -> Result<Tensors<'_>, ModelError> {
        Tensors::parse(self.as_slice())
    }

    /// The tensors of a safetensors file, which keep the file.
    ///
    /// # Errors
    /// As [`Tensors::parse`].
    pub fn into_tensors(self) -> Result<Tensors<'static>, ModelError> {
        Tensors::from_model(self)
    }
}

impl AsRef<[u8]> for MmapModel {
    fn as_ref(&self) -> &[u8] {
        self.as_slice()
    }
}

impl fmt::Debug for MmapModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MmapModel")
            .field("len", &self.as_slice().len())
            .field("mapped", &self.is_mapped())
            .finish_non_exhaustive()
    }
}

fn refused(path: &Path, source: io::Error) -> ModelError {
    ModelError::Io { path: path.into(), source }
}

/// A regular file and its length.
fn open(path: &Path) -> Result<(File, u64), ModelError> {
    // A pipe would not open before somebody writes to it.
    let metadata = std::fs::metadata(path).map_err(|e| refused(path, e))?;
    if !metadata.is_file() {
        return Err(ModelError::NotAFile { path: path.into() });
    }
    let file = File::open(path).map_err(|e| refused(path, e))?;
    // Of what was opened, which may be another file by now.
    let metadata = file.metadata().map_err(|e| refused(path, e))?;
    if !metadata.is_file() {
        return Err(ModelError::NotAFile { path: path.into() });
    }
    Ok((file, metadata.len()))
}

/// All of the file, which must have the length that it was opened with.
fn read(path: &Path, mut file: &File, len: u64) -> Result<AlignedBuffer<u8>, ModelError> {
    let out_of_memory = || ModelError::OutOfMemory { bytes: len };
    let size = usize::try_from(len).map_err(|_| out_of_memory())?;
    let mut bytes = AlignedBuffer::zeroed(size).map_err(|_| out_of_memory())?;
    // A map that was tried may have moved the position.
    file.rewind().map_err(|e| refused(path, e))?;
    let mut got = 0;
    while got < size {
        match file.read(&mut bytes[got..]) {
            Ok(0) => return Err(ModelError::Changed { path: path.into(), expected: len, got: got as u64 }),
            Ok(n) => got += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(refused(path, e)),
        }
    }
    match file.read(&mut [0]) {
        Ok(0) => Ok(bytes),
        Ok(_) => Err(ModelError::Changed { path: path.into(), expected: len, got: len + 1 }),
        Err(e) => Err(refused(path, e)),
    }
}
