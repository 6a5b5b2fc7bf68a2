//! What a model file is refused for.

use super::Dtype;
use std::io;
use std::path::PathBuf;

/// Why a file cannot be read, is no model, or has no such tensor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The system refused to open, read or map the file.
    #[error("path: {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// A directory, a pipe, a device.
    #[error("path: {}: not a regular file", path.display())]
    NotAFile {
        /// What is there.
        path: PathBuf,
    },
    /// Somebody wrote to the file meanwhile.
    #[error("path: {}: {expected} bytes when it was opened, but {got} were read", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its size at first.
        expected: u64,
        /// Bytes that could be read, or one more than the size if there are more.
        got: u64,
    },
    /// The system refused an advice.
    #[error("advice: {source}")]
    Advice {
        /// The system's answer.
        source: io::Error,
    },
    /// There is not that much memory.
    #[error("file: {bytes} bytes are more than there is memory for")]
    OutOfMemory {
        /// Bytes that were needed.
        bytes: u64,
    },
    /// A safetensors file starts with the length of its header in eight bytes.
    #[error("header: the file has {file} bytes, but its first 8 are the header's length")]
    NoHeader {
        /// Bytes in the file.
        file: u64,
    },
    /// A header that no model needs.
    #[error("header: {header} bytes, but at most {max} are allowed")]
    HeaderTooLarge {
        /// Bytes in the header, as the file says.
        header: u64,
        /// Bytes that are allowed.
        max: u64,
    },
    /// The file ends inside the header.
    #[error("header: {header} bytes, but the file has only {left} after the length")]
    HeaderTruncated {
        /// Bytes in the header, as the file says.
        header: u64,
        /// Bytes that follow.
        left: u64,
    },
    /// The header is not JSON, or not that of a model.
    #[error("header: {source}")]
    Syntax {
        /// What, and where in the header.
        source: serde_json::Error,
    },
    /// A name, or another string of the header, that no model needs.
    #[error("header: a string of {len} bytes, but at most {max} are allowed")]
    StringTooLong {
        /// Bytes in the string.
        len: usize,
        /// Bytes that are allowed.
        max: u64,
    },
    /// Brackets in brackets that no model needs.
    #[error("header: brackets nest {depth} deep, but at most {max} are allowed")]
    TooDeep {
        /// How deep they nest.
        depth: usize,
        /// What is allowed.
        max: usize,
    },
    /// More tensors than any model has.
    #[error("header: more than {max} tensors")]
    TooManyTensors {
        /// Tensors that are allowed.
        max: usize,
    },
    /// Two tensors, or two blocks of metadata, have one name.
    #[error("header: the name {name:?} stands there twice")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A tensor lacks one of its fields, or has it twice.
    #[error("tensor {name:?}: {field} must stand there once")]
    Field {
        /// The tensor.
        name: String,
        /// The field.
        field: &'static str,
    },
    /// An element that the format does not have.
    #[error("tensor {name:?}: dtype: {dtype:?} is none of the format's")]
    UnknownDtype {
        /// The tensor.
        name: String,
        /// What stands there.
        dtype: String,
    },
    /// More elements than there are addresses, more dimensions than any tensor has, or no whole number of bytes.
    #[error(
        "tensor {name:?}: shape: it is no whole number of bytes that has an address, or has more than {max} dimensions"
    )]
    BadShape {
        /// The tensor.
        name: String,
        /// Dimensions that are allowed.
        max: usize,
    },
    /// Offsets that overlap, leave a gap, go backwards, or do not fit the shape or the file.
    #[error(
        "tensor {name:?}: data_offsets: {begin} to {end}, but {expected_begin} to {expected_end} is what follows and fits"
    )]
    Offsets {
        /// The tensor.
        name: String,
        /// Its first byte, as the header says.
        begin: u64,
        /// The byte after its last, as the header says.
        end: u64,
        /// Where the tensor before it ends.
        expected_begin: u64,
        /// That, and as many bytes as dtype and shape need.
        expected_end: u64,
    },
    /// The tensors end before the file does, or after.
    #[error("header: the tensors have {tensors} bytes, but {data} follow the header")]
    DataLength {
        /// Bytes of all tensors.
        tensors: u64,
        /// Bytes after the header.
        data: u64,
    },
    /// There is no tensor of that name.
    #[error("name: there is no tensor {name:?}")]
    NoTensor {
        /// What was asked for.
        name: String,
    },
    /// The tensor has other elements.
    #[error("tensor {name:?}: {wanted} was asked for, but its elements are {dtype}")]
    WrongDtype {
        /// The tensor.
        name: String,
        /// Its elements.
        dtype: Dtype,
        /// What was asked for.
        wanted: Dtype,
    },
    /// The tensor has another shape.
    #[error("tensor {name:?}: shape {wanted:?} was asked for, but it has {shape:?}")]
    WrongShape {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// What was asked for.
        wanted: Vec<usize>,
    },
}
