//! Frames of several sources, in batches: the front of a pipeline for video.
//!
//! Each source runs on a thread of its own and fills a queue. The consumer takes batches, of one source each, by count,
//! bytes or time. Where a source is faster than the consumer, its queue either makes it wait or drops frames, which are
//! counted. [`Batches`] is an iterator, so it feeds a [`PipelineExecutor`](super::PipelineExecutor) as it is.
//!
//! ```
//! use omnilane::parallel::stream::{Frame, FrameStream};
//! use std::time::Duration;
//!
//! let camera = |n: u64| (0..n).map(|i| Ok::<_, std::io::Error>(Frame::new(i, Duration::from_millis(40 * i), vec![0u8; 64])));
//! let mut batches = FrameStream::new().batch_frames(4).source(1, camera(6)).source(2, camera(3)).start()?;
//! let sizes: Vec<(u32, usize)> = batches.by_ref().map(|b| b.map(|b| (b.source, b.frames.len()))).collect::<Result<_, _>>()?;
//! assert_eq!(sizes.iter().map(|(_, n)| n).sum::<usize>(), 9);
//! assert_eq!(batches.counts()[0].delivered, 6);
//! # Ok::<(), omnilane::parallel::ParallelError>(())
//! ```
//!
//! [`Y4mReader`] reads video files without a codec.

mod batches;
mod frame;
mod queue;
mod y4m;
mod y4m_error;
mod y4m_header;

pub use batches::{Batches, FrameStream};
pub use frame::{Batch, BatchEnd, Frame, FrameBytes, Leak, SourceCounts, VideoSource};
pub use y4m::{Y4mFrame, Y4mReader};
pub use y4m_error::Y4mError;
pub use y4m_header::{Y4mColour, Y4mHeader, Y4mInterlacing};
