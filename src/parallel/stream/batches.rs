//! A stream of several sources: its settings, its threads, its consumer.

use super::frame::{Batch, Frame, FrameBytes, Leak, SourceCounts, VideoSource};
use super::queue::{Queues, Settings, Taken};
use crate::parallel::signal::{Polled, Signal};
use crate::parallel::waiting::{join, lend_thread};
use crate::parallel::{BoxError, ParallelError};
use std::fmt;
use std::iter::FusedIterator;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

type Frames<D> = Box<dyn Iterator<Item = Result<Frame<D>, BoxError>> + Send>;

/// A stream before it runs: sources, queues, and what a batch is.
///
/// A batch is closed by whichever comes first of its frames, its bytes, its time and the end of its source.
///
/// ```
/// use omnilane::parallel::stream::{Frame, FrameStream, Leak};
/// use std::time::Duration;
///
/// let camera = (0..100).map(|i| Ok::<_, std::io::Error>(Frame::new(i, Duration::from_millis(i), vec![0u8; 16])));
/// let batches = FrameStream::new()
///     .queue(8, Leak::DropOld)
///     .batch_frames(4)
///     .batch_wait(Duration::from_millis(20))
///     .max_age(Duration::from_millis(500))
///     .source(0, camera)
///     .start()?;
/// for batch in batches {
///     assert!(batch?.frames.len() <= 4);
/// }
/// # Ok::<(), omnilane::parallel::ParallelError>(())
/// ```
pub struct FrameStream<D> {
    settings: Settings,
    sources: Vec<(u32, Frames<D>, Option<Arc<Signal>>)>,
}

impl<D: FrameBytes + Send + 'static> Default for FrameStream<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D: FrameBytes + Send + 'static> FrameStream<D> {
    /// Queues of 16 frames that make their sources wait, batches of 1 frame.
    #[must_use]
    pub fn new() -> Self {
        let settings =
            Settings { capacity: 16, leak: Leak::Block, frames: 1, bytes: usize::MAX, wait: None, max_age: None };
        FrameStream { settings, sources: Vec::new() }
    }

    /// Frames that wait for the consumer, for each source, and what happens when there is one more.
    #[must_use]
    pub fn queue(mut self, capacity: usize, leak: Leak) -> Self {
        (self.settings.capacity, self.settings.leak) = (capacity, leak);
        self
    }

    /// Frames in a batch at most; a batch that has them is closed.
    #[must_use]
    pub fn batch_frames(mut self, frames: usize) -> Self {
        self.settings.frames = frames;
        self
    }

    /// Bytes in a batch at most; a batch that has them, or has no room for the next frame, is closed. A larger frame is a
    /// batch by itself.
    #[must_use]
    pub fn batch_bytes(mut self, bytes: usize) -> Self {
        self.settings.bytes = bytes;
        self
    }

    /// How long the first frame of a batch waits for others; for ever if not set.
    #[must_use]
    pub fn batch_wait(mut self, wait: Duration) -> Self {
        self.settings.wait = Some(wait);
        self
    }

    /// Drops frames that lie further than this behind the newest time stamp of their source when the consumer comes.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Self {
        self.settings.max_age = Some(age);
        self
    }

    /// Adds a source under a number of its own.
    #[must_use]
    pub fn source<S>(mut self, id: u32, source: S) -> Self
    where
        S: VideoSource<Data = D> + Iterator<Item = Result<Frame<D>, <S as VideoSource>::Error>> + Send + 'static,
    {
        self.sources.push((id, Box::new(source.map(|frame| frame.map_err(Into::into))), None));
        self
    }

    /// Adds an async stream of frames: `poll` is its `poll_next`, called on the source's thread.
    ///
    /// A stream that needs a runtime's timers or sockets must have been made in one that runs elsewhere.
    #[must_use]
    pub fn source_stream<E: Into<BoxError>>(
        mut self,
        id: u32,
        poll: impl FnMut(&mut Context<'_>) -> Poll<Option<Result<Frame<D>, E>>> + Send + 'static,
    ) -> Self {
        let frames = Polled::new(poll);
        let signal = frames.signal();
        self.sources.push((id, Box::new(frames.map(|frame| frame.map_err(Into::into))), Some(signal)));
        self
    }

    /// Starts the sources, each on a thread of its own.
    ///
    /// # Errors
    /// [`ParallelError::NoSource`], [`ParallelError::SourceTwice`], [`ParallelError::Queue`] if a batch has no frame or does
    /// not fit into a queue, [`ParallelError::Threads`] if the operating system does not start the threads.
    pub fn start(self) -> Result<Batches<D>, ParallelError> {
        let (capacity, batch) = (self.settings.capacity, self.settings.frames);
        if batch == 0 || capacity < batch {
            return Err(ParallelError::Queue { capacity, batch });
        }
        let ids: Vec<u32> = self.sources.iter().map(|(id, ..)| *id).collect();
        if ids.is_empty() {
            return Err(ParallelError::NoSource);
        }
        if let Some((_, &id)) = ids.iter().enumerate().find(|(i, id)| ids[..*i].contains(id)) {
            return Err(ParallelError::SourceTwice { id });
        }
        let queues = Arc::new(Queues::new(self.settings, ids.iter().copied()));
        let mut batches = Batches { queues, threads: Vec::new(), signals: Vec::new(), ended: false };
        for (lane, (id, frames, signal)) in self.sources.into_iter().enumerate() {
            let queues = Arc::clone(&batches.queues);
            let started =
                Builder::new().name(format!("omnilane-source-{id}")).spawn(move || feed(lane, frames, &queues));
            batches.signals.extend(signal);
            match started {
                Ok(thread) => batches.threads.push(thread),
                // Dropping `batches` ends those that run.
                Err(e) => return Err(ParallelError::Threads { requested: ids.len(), source: e.into() }),
            }
        }
        Ok(batches)
    }
}

/// A source's life.
fn feed<D: FrameBytes>(lane: usize, frames: Frames<D>, queues: &Queues<D>) {
    let run = AssertUnwindSafe(|| {
        for frame in frames {
            match frame {
                Ok(frame) => {
                    let bytes = frame.data.frame_bytes();
                    if !queues.push(lane, frame, bytes) {
                        return None;
                    }
                }
                Err(e) => return Some(e),
            }
        }
        None
    });
    match catch_unwind(run) {
        Ok(error) => queues.end(lane, error),
        Err(panic) => queues.panicked(panic),
    }
}

impl<D> fmt::Debug for FrameStream<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameStream").field("settings", &self.settings).field("sources", &self.sources.len()).finish()
    }
}

/// The batches of a running stream.
///
/// A source that breaks off gives its frames, then one [`ParallelError::Source`]; the others go on. The iterator ends when
/// all have. Dropping it before stops the sources, and returns when each has returned from its `next`. A panic of a source
/// goes on from `next`, or from the drop, when all threads have ended.
#[must_use = "dropping the batches stops the stream"]
pub struct Batches<D> {
    queues: Arc<Queues<D>>,
    threads: Vec<JoinHandle<()>>,
    signals: Vec<Arc<Signal>>,
    ended: bool,
}

impl<D> Batches<D> {
    /// What became of each source's frames so far, in the order in which the sources were added.
    #[must_use]
    pub fn counts(&self) -> Vec<SourceCounts> {
        self.queues.counts()
    }

    /// The counts after the batches have gone into a pipeline.
    pub fn counter(&self) -> impl Fn() -> Vec<SourceCounts> + Send + Sync + 'static
    where
        D: Send + 'static,
    {
        let queues = Arc::clone(&self.queues);
        move || queues.counts()
    }

    fn finish(&mut self) {
        join(&mut self.threads);
        self.ended = true;
        if let Some(panic) = self.queues.take_panic()
            && !std::thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}

impl<D> Iterator for Batches<D> {
    type Item = Result<Batch<D>, ParallelError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            let taken = match self.queues.look() {
                Taken::Empty(_) if lend_thread() => continue,
                Taken::Empty(_) => self.queues.wait(),
                other => other,
            };
            match taken {
                Taken::Item(item) => return Some(item),
                Taken::Empty(_) => {}
                Taken::Ended => {
                    self.signals.iter().for_each(|signal| signal.cancel());
                    self.finish();
                }
            }
        }
        None
    }
}

impl<D> FusedIterator for Batches<D> {}

impl<D> Drop for Batches<D> {
    fn drop(&mut self) {
        if !self.ended {
            self.queues.cancel();
            self.signals.iter().for_each(|signal| signal.cancel());
            self.finish();
        }
    }
}

impl<D> fmt::Debug for Batches<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batches").field("counts", &self.counts()).finish_non_exhaustive()
    }
}
