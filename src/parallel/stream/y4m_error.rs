//! What is wrong with a Y4M file.

use crate::memory::PoolError;
use std::io;

/// Why a Y4M file cannot be read, or not further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Y4mError {
    /// Reading failed.
    #[error("y4m: {0}")]
    Io(#[from] io::Error),
    /// The file does not begin as one.
    #[error("y4m: the file begins with {found:?}, it must be \"YUV4MPEG2\"")]
    Signature {
        /// What is there.
        found: Box<str>,
    },
    /// A line of text does not end.
    #[error("y4m: the {line} is longer than {most} bytes")]
    LineTooLong {
        /// The stream header, or a frame header.
        line: &'static str,
        /// Bytes that it may have.
        most: usize,
    },
    /// The file ends before its header does.
    #[error("y4m: the file ends inside the header")]
    HeaderEnds,
    /// The header lacks the width or the height.
    #[error("y4m: the header has no {tag}")]
    Missing {
        /// `W` or `H`.
        tag: char,
    },
    /// A value of the header cannot be what it is.
    #[error("y4m: {tag}: {value:?}, it must be {allowed}")]
    Parameter {
        /// The parameter's letter.
        tag: char,
        /// What is there.
        value: Box<str>,
        /// What may be there.
        allowed: &'static str,
    },
    /// Samples of more than 8 bits, or a layout that nobody describes.
    #[error("y4m: C: {value:?}, it must be one of 420, 420jpeg, 420mpeg2, 420paldv, 411, 422, 444, 444alpha, mono")]
    Colour {
        /// What is there.
        value: Box<str>,
    },
    /// Frames of more bytes than this reader takes.
    #[error("y4m: frames of {width} x {height} pixels are larger than {most} bytes")]
    TooLarge {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
        /// Bytes that a frame may have.
        most: usize,
    },
    /// A frame does not begin as one.
    #[error("y4m: frame {frame} begins with {found:?}, it must be \"FRAME\"")]
    FrameHeader {
        /// The frame, the first one is 0.
        frame: u64,
        /// What is there.
        found: Box<str>,
    },
    /// The file ends inside a frame.
    #[error("y4m: frame {frame} ends after {got} of {needed} bytes")]
    Truncated {
        /// The frame, the first one is 0.
        frame: u64,
        /// Bytes that are there.
        got: usize,
        /// Bytes of a frame.
        needed: usize,
    },
    /// There is no memory for a frame.
    #[error("y4m: frame: {0}")]
    Memory(#[from] PoolError),
}
