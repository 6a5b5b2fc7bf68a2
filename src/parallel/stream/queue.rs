//! The queues between sources and the consumer, under one lock that no caller's code runs under.

use super::frame::{Batch, BatchEnd, Frame, Leak, SourceCounts};
use crate::parallel::{BoxError, ParallelError};
use std::any::Any;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How frames are queued and batched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub capacity: usize,
    pub leak: Leak,
    pub frames: usize,
    pub bytes: usize,
    pub wait: Option<Duration>,
    pub max_age: Option<Duration>,
}

pub(super) struct Queues<D> {
    state: Mutex<State<D>>,
    settings: Settings,
    room: Condvar,
    arrived: Condvar,
}

struct State<D> {
    lanes: Vec<Lane<D>>,
    /// The lane that is asked first, so that none is kept waiting by the others.
    turn: usize,
    cancelled: bool,
    panic: Option<Box<dyn Any + Send>>,
}

/// The queue of one source.
struct Lane<D> {
    queue: VecDeque<Queued<D>>,
    bytes: usize,
    newest: Duration,
    counts: SourceCounts,
    /// What broke the source off, until the consumer hears of it.
    error: Option<BoxError>,
}

struct Queued<D> {
    frame: Frame<D>,
    bytes: usize,
    came: Instant,
}

/// What the consumer gets.
pub(super) enum Taken<D> {
    Item(Result<Batch<D>, ParallelError>),
    /// Nothing yet; perhaps at that time.
    Empty(Option<Instant>),
    /// Every source has ended.
    Ended,
}

impl<D> Queues<D> {
    pub fn new(settings: Settings, sources: impl Iterator<Item = u32>) -> Self {
        let lane = |source| Lane {
            queue: VecDeque::new(),
            bytes: 0,
            newest: Duration::ZERO,
            counts: SourceCounts { source, ..SourceCounts::default() },
            error: None,
        };
        let state = State { lanes: sources.map(lane).collect(), turn: 0, cancelled: false, panic: None };
        Queues { state: Mutex::new(state), settings, room: Condvar::new(), arrived: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State<D>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame of source number `lane`; false if the stream was cancelled.
    pub fn push(&self, lane: usize, mut frame: Frame<D>, bytes: usize) -> bool {
        let mut state = self.lock();
        frame.source = state.lanes[lane].counts.source;
        let mut dropped = None;
        while !state.cancelled && state.lanes[lane].queue.len() >= self.settings.capacity {
            let here = &mut state.lanes[lane];
            match self.settings.leak {
                Leak::Block => state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner),
                Leak::DropNew => {
                    here.counts.received += 1;
                    here.counts.dropped_new += 1;
                    here.newest = here.newest.max(frame.timestamp);
                    drop(state);
                    return true; // the frame is dropped without the lock
                }
                Leak::DropOld => {
                    here.counts.dropped_old += 1;
                    dropped = here.pop();
                }
            }
        }
        let cancelled = state.cancelled;
        if !cancelled {
            let here = &mut state.lanes[lane];
            here.newest = here.newest.max(frame.timestamp);
            here.counts.received += 1;
            here.bytes += bytes;
            here.queue.push_back(Queued { frame, bytes, came: Instant::now() });
        }
        drop(state);
        self.arrived.notify_one();
        drop(dropped);
        !cancelled
    }

    /// Source number `lane` has ended.
    pub fn end(&self, lane: usize, error: Option<BoxError>) {
        let mut state = self.lock();
        state.lanes[lane].counts.ended = true;
        state.lanes[lane].error = error;
        drop(state);
        self.arrived.notify_one();
    }

    /// A source panicked: the stream ends.
    pub fn panicked(&self, panic: Box<dyn Any + Send>) {
        self.lock().panic.get_or_insert(panic);
        self.cancel();
    }

    pub fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        self.lock().panic.take()
    }

    /// Drops all frames, and wakes who waits.
    pub fn cancel(&self) {
        let mut state = self.lock();
        state.cancelled = true;
        let dropped: Vec<_> = state.lanes.iter_mut().map(|lane| std::mem::take(&mut lane.queue)).collect();
        drop(state);
        self.room.notify_all();
        self.arrived.notify_all();
        drop(dropped);
    }

    /// A batch, if one is ready.
    pub fn look(&self) -> Taken<D> {
        let mut late = Vec::new();
        let taken = self.take(&mut self.lock(), &mut late);
        self.taken(&taken, late);
        taken
    }

    /// A batch, once one is ready, or `Empty` after a time at which one may be.
    pub fn wait(&self) -> Taken<D> {
        let mut late = Vec::new();
        let mut state = self.lock();
        let taken = loop {
            match self.take(&mut state, &mut late) {
                // Late frames made room, which is told, and they are dropped, without the lock.
                Taken::Empty(until) if !late.is_empty() => break Taken::Empty(until),
                Taken::Empty(None) => state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner),
                Taken::Empty(Some(until)) => {
                    let left = until.saturating_duration_since(Instant::now());
                    state = self.arrived.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
                }
                other => break other,
            }
        };
        drop(state);
        self.taken(&taken, late);
        taken
    }

    fn taken(&self, taken: &Taken<D>, late: Vec<Queued<D>>) {
        if matches!(taken, Taken::Item(Ok(_))) || !late.is_empty() {
            self.room.notify_all();
        }
        drop(late);
    }

    fn take(&self, state: &mut State<D>, late: &mut Vec<Queued<D>>) -> Taken<D> {
        if state.cancelled {
            return Taken::Ended;
        }
        let now = Instant::now();
        let (n, mut until, mut all_ended) = (state.lanes.len(), None::<Instant>, true);
        for i in 0..n {
            let at = (state.turn + i) % n;
            let lane = &mut state.lanes[at];
            lane.drop_late(self.settings.max_age, late);
            match lane.ready(&self.settings, now) {
                Ok(end) => {
                    let item = lane.batch(end, &self.settings);
                    state.turn = (at + 1) % n;
                    return Taken::Item(Ok(item));
                }
                Err(deadline) => until = until.into_iter().chain(deadline).min(),
            }
            if let Some(source) = lane.error.take() {
                let (id, frames) = (lane.counts.source, lane.counts.received);
                return Taken::Item(Err(ParallelError::Source { id, frames, source }));
            }
            all_ended &= lane.counts.ended;
        }
        if all_ended { Taken::Ended } else { Taken::Empty(until) }
    }

    pub fn counts(&self) -> Vec<SourceCounts> {
        let state = self.lock();
        state.lanes.iter().map(|lane| SourceCounts { waiting: lane.queue.len() as u64, ..lane.counts }).collect()
    }
}

impl<D> Lane<D> {
    fn pop(&mut self) -> Option<Queued<D>> {
        let queued = self.queue.pop_front()?;
        self.bytes -= queued.bytes;
        Some(queued)
    }

    /// Takes out what lies more than `max_age` behind the newest.
    fn drop_late(&mut self, max_age: Option<Duration>, late: &mut Vec<Queued<D>>) {
        let Some(oldest) = max_age.and_then(|age| self.newest.checked_sub(age)) else { return };
        if self.queue.iter().all(|queued| queued.frame.timestamp >= oldest) {
            return;
        }
        let (stay, out) = std::mem::take(&mut self.queue).into_iter().partition(|q| q.frame.timestamp >= oldest);
        self.queue = stay;
        let out: VecDeque<Queued<D>> = out;
        self.bytes -= out.iter().map(|queued| queued.bytes).sum::<usize>();
        self.counts.late += out.len() as u64;
        late.extend(out);
    }

    /// Why a batch is ready, or when one will be.
    fn ready(&self, settings: &Settings, now: Instant) -> Result<BatchEnd, Option<Instant>> {
        let Some(first) = self.queue.front() else { return Err(None) };
        if self.bytes >= settings.bytes {
            return Ok(BatchEnd::Bytes);
        }
        if self.queue.len() >= settings.frames {
            return Ok(BatchEnd::Frames);
        }
        if self.counts.ended {
            return Ok(BatchEnd::Source);
        }
        let deadline = settings.wait.and_then(|wait| first.came.checked_add(wait));
        if deadline.is_some_and(|deadline| deadline <= now) { Ok(BatchEnd::Time) } else { Err(deadline) }
    }

    /// As many frames as a batch may have; a frame larger than a batch is one by itself.
    fn batch(&mut self, end: BatchEnd, settings: &Settings) -> Batch<D> {
        let (mut frames, mut bytes) = (Vec::new(), 0usize);
        let mut end = end;
        while let Some(next) = self.queue.front() {
            if frames.len() == settings.frames {
                end = BatchEnd::Frames;
                break;
            }
            if !frames.is_empty() && bytes.saturating_add(next.bytes) > settings.bytes {
                end = BatchEnd::Bytes;
                break;
            }
            let Some(queued) = self.pop() else { break };
            bytes = bytes.saturating_add(queued.bytes);
            frames.push(queued.frame);
        }
        self.counts.delivered += frames.len() as u64;
        Batch { source: self.counts.source, frames, end }
    }
}
