//! What a stream is made of.

use crate::lanes::Element;
use crate::memory::Image;
use crate::parallel::BoxError;
use std::time::Duration;

/// A frame of a video source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame<D> {
    /// The source that it came from; the stream fills it in.
    pub source: u32,
    /// Its number in the source.
    pub sequence: u64,
    /// When it was taken, from the source's beginning.
    pub timestamp: Duration,
    /// The picture.
    pub data: D,
}

impl<D> Frame<D> {
    /// A frame; its source is 0 until a stream takes it.
    #[must_use]
    pub fn new(sequence: u64, timestamp: Duration, data: D) -> Self {
        Frame { source: 0, sequence, timestamp, data }
    }
}

/// Any iterator of frames, each of which may be an error that ends the source.
pub trait VideoSource: Iterator<Item = Result<Frame<Self::Data>, Self::Error>> {
    /// What a frame holds.
    type Data;
    /// Why a source may break off.
    type Error: Into<BoxError>;
}

impl<D, E: Into<BoxError>, I: Iterator<Item = Result<Frame<D>, E>>> VideoSource for I {
    type Data = D;
    type Error = E;
}

/// The memory of a frame, for batches by bytes.
pub trait FrameBytes {
    /// Bytes that it counts for.
    fn frame_bytes(&self) -> usize;
}

impl<T> FrameBytes for Vec<T> {
    fn frame_bytes(&self) -> usize {
        size_of_val(self.as_slice())
    }
}

impl<T> FrameBytes for Box<[T]> {
    fn frame_bytes(&self) -> usize {
        size_of_val(&**self)
    }
}

impl<T: Element, const C: usize> FrameBytes for Image<T, C> {
    fn frame_bytes(&self) -> usize {
        self.stride() * self.height() * size_of::<T>()
    }
}

/// What a source does whose queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Leak {
    /// It waits. For files: nothing is lost.
    #[default]
    Block,
    /// The new frame is dropped: the consumer sees the older ones without gaps between them.
    DropNew,
    /// The oldest frame is dropped: the consumer sees the newest.
    DropOld,
}

/// Why a batch was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BatchEnd {
    /// It has as many frames as a batch may have.
    Frames,
    /// Another frame would have exceeded the bytes of a batch, or it reached them.
    Bytes,
    /// Its first frame has waited long enough.
    Time,
    /// Its source has ended.
    Source,
}

/// Frames of one source, in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch<D> {
    /// The source.
    pub source: u32,
    /// At least one frame.
    pub frames: Vec<Frame<D>>,
    /// Why it has no more.
    pub end: BatchEnd,
}

/// What became of a source's frames: `received = delivered + dropped_new + dropped_old + late + waiting`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceCounts {
    /// The source.
    pub source: u32,
    /// Frames that it gave.
    pub received: u64,
    /// Frames that are in batches which the consumer took.
    pub delivered: u64,
    /// Dropped as they came, under [`Leak::DropNew`].
    pub dropped_new: u64,
    /// Dropped for a newer one, under [`Leak::DropOld`].
    pub dropped_old: u64,
    /// Dropped because they were too old.
    pub late: u64,
    /// In the queue.
    pub waiting: u64,
    /// Whether it has ended.
    pub ended: bool,
}
