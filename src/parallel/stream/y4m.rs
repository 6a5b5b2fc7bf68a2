//! A reader of Y4M: uncompressed video with a line of text before the file and before each frame.

use super::Y4mError;
use super::frame::{Frame, FrameBytes};
use super::y4m_header::{Y4mHeader, shortened};
use crate::memory::{BufferPool, ImageView, PooledBuffer};
use std::fmt;
use std::io::{BufReader, ErrorKind, Read};
use std::iter::FusedIterator;
use std::sync::Arc;

/// Bytes that a line of text may have.
const MOST_LINE: usize = 4096;

/// Reads a Y4M file frame by frame into buffers of a pool; a [`VideoSource`](super::VideoSource).
///
/// Format: the man page yuv4mpeg(5) of the MJPEG tools, and what FFmpeg writes. 8-bit samples in all layouts of
/// [`Y4mColour`](super::Y4mColour). After an error the reader has ended.
///
/// ```
/// use omnilane::parallel::stream::Y4mReader;
///
/// let file = b"YUV4MPEG2 W2 H2 F25:1 C420\nFRAME\n\x10\x20\x30\x40\x80\x80FRAME\n\x11\x21\x31\x41\x80\x80";
/// let video = Y4mReader::new(&file[..])?;
/// assert_eq!((video.header().width, video.header().height), (2, 2));
/// for frame in video {
///     let frame = frame?;
///     println!("{:?}: {:?}", frame.timestamp, frame.data.luma().row(0));
/// }
/// # Ok::<(), omnilane::parallel::stream::Y4mError>(())
/// ```
pub struct Y4mReader<R> {
    file: BufReader<R>,
    header: Arc<Y4mHeader>,
    pool: BufferPool<u8>,
    next: u64,
    ended: bool,
}

/// The planes of a frame, in a buffer that goes back to its pool.
pub struct Y4mFrame {
    header: Arc<Y4mHeader>,
    data: PooledBuffer<u8>,
}

impl<R: Read> Y4mReader<R> {
    /// Reads the header; frames get buffers of a pool of their own.
    ///
    /// # Errors
    /// [`Y4mError`] if the header cannot be read.
    pub fn new(file: R) -> Result<Self, Y4mError> {
        let (file, header) = open(file)?;
        // Frames outlive the reader, and the pool that they came from: no leak.
        let pool = BufferPool::builder().class(header.frame_bytes()).track_leaks(false).build()?;
        Ok(Self::from_parts(file, header, pool))
    }

    /// [`new`](Y4mReader::new) with buffers of this pool.
    ///
    /// # Errors
    /// [`Y4mError`] if the header cannot be read.
    pub fn with_pool(file: R, pool: &BufferPool<u8>) -> Result<Self, Y4mError> {
        let (file, header) = open(file)?;
        Ok(Self::from_parts(file, header, pool.clone()))
    }

    fn from_parts(file: BufReader<R>, header: Y4mHeader, pool: BufferPool<u8>) -> Self {
        Y4mReader { file, header: Arc::new(header), pool, next: 0, ended: false }
    }

    /// What the first line said.
    #[must_use]
    pub fn header(&self) -> &Y4mHeader {
        &self.header
    }

    fn read(&mut self) -> Result<Option<Frame<Y4mFrame>>, Y4mError> {
        let frame = self.next;
        let line = line(&mut self.file, "frame header")?;
        if line.is_empty() {
            return Ok(None); // the end of the file
        }
        let text = String::from_utf8_lossy(&line);
        if !(text == "FRAME\n" || text.starts_with("FRAME ") && text.ends_with('\n')) {
            return Err(Y4mError::FrameHeader { frame, found: shortened(text.trim_end_matches('\n')) });
        }
        let needed = self.header.frame_bytes();
        let mut data = self.pool.get(needed)?;
        let got = read_full(&mut self.file, &mut data)?;
        if got < needed {
            return Err(Y4mError::Truncated { frame, got, needed });
        }
        self.next += 1;
        let data = Y4mFrame { header: Arc::clone(&self.header), data };
        Ok(Some(Frame::new(frame, self.header.timestamp(frame), data)))
    }
}

fn open<R: Read>(file: R) -> Result<(BufReader<R>, Y4mHeader), Y4mError> {
    let mut file = BufReader::new(file);
    let line = line(&mut file, "header")?;
    match line.strip_suffix(b"\n") {
        Some(line) => Ok((file, Y4mHeader::parse(line)?)),
        // What is there may be half of a number.
        None if line.starts_with(b"YUV4MPEG2") => Err(Y4mError::HeaderEnds),
        None => Err(Y4mError::Signature { found: shortened(&String::from_utf8_lossy(&line)) }),
    }
}

/// A line with its newline; without one at the end of the file.
fn line(file: &mut impl Read, what: &'static str) -> Result<Vec<u8>, Y4mError> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while read_full(file, &mut byte)? == 1 {
        line.push(byte[0]);
        if byte[0] == b'\n' {
            break;
        }
        if line.len() == MOST_LINE {
            return Err(Y4mError::LineTooLong { line: what, most: MOST_LINE });
        }
    }
    Ok(line)
}

/// Fills `data` as far as the file goes.
fn read_full(file: &mut impl Read, data: &mut [u8]) -> Result<usize, Y4mError> {
    let mut got = 0;
    while got < data.len() {
        match file.read(&mut data[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(got)
}

impl<R: Read> Iterator for Y4mReader<R> {
    type Item = Result<Frame<Y4mFrame>, Y4mError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let frame = self.read().transpose();
        self.ended = !matches!(frame, Some(Ok(_)));
        frame
    }
}

impl<R: Read> FusedIterator for Y4mReader<R> {}

impl<R> fmt::Debug for Y4mReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (header, next) = (&self.header, &self.next);
        f.debug_struct("Y4mReader").field("header", header).field("next", next).finish_non_exhaustive()
    }
}

impl Y4mFrame {
    /// What the file's first line said.
    #[must_use]
    pub fn header(&self) -> &Y4mHeader {
        &self.header
    }

    /// All planes, one after the other, rows without gaps.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.data
    }

    /// The luma, Y.
    #[must_use]
    pub fn luma(&self) -> ImageView<'_, u8, 1> {
        self.view(0)
    }

    /// Plane `i`: 0 is luma, 1 and 2 are chroma (Cb, Cr), 3 is alpha; those that the file has.
    #[must_use]
    pub fn plane(&self, i: usize) -> Option<ImageView<'_, u8, 1>> {
        (i < self.header.planes()).then(|| self.view(i))
    }

    fn view(&self, i: usize) -> ImageView<'_, u8, 1> {
        let bytes = |i| {
            let (width, height) = self.header.plane_size(i);
            width * height
        };
        let start: usize = (0..i).map(bytes).sum();
        let (width, height) = self.header.plane_size(i);
        match ImageView::new(&self.data[start..], width, height) {
            Ok(view) => view,
            Err(e) => unreachable!("a frame has its planes: {e}"),
        }
    }
}

impl FrameBytes for Y4mFrame {
    fn frame_bytes(&self) -> usize {
        self.data.len()
    }
}

impl fmt::Debug for Y4mFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Y4mFrame").field("header", &self.header).finish_non_exhaustive()
    }
}
