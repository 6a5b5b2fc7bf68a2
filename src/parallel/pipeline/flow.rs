//! What the workers of a pipeline share: the clock, the counts, and how it ends.

use super::report::{PipelineReport, StageReport};
use crate::parallel::ParallelError;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Why a pipeline ended before its input did.
pub(super) enum Failure {
    Error(ParallelError),
    Panic(Box<dyn Any + Send>),
}

/// Empties a part of the pipeline and wakes who waits there.
type Cancel = Box<dyn Fn() + Send + Sync>;

pub(super) struct Flow {
    limit: u64,
    begin: Instant,
    end: OnceLock<Instant>,
    stages: Vec<StageCounts>,
    /// Items that the source gave, and that the consumer got.
    pub entered: AtomicU64,
    pub left: AtomicU64,
    /// Nanoseconds that the source and the consumer took.
    pub source: AtomicU64,
    pub consumer: AtomicU64,
    failure: Mutex<Option<Failure>>,
    cancel: OnceLock<Vec<Cancel>>,
}

#[derive(Default)]
struct StageCounts {
    workers: usize,
    started: AtomicU64,
    items: AtomicU64,
    busy: AtomicU64,
    starved: AtomicU64,
    blocked: AtomicU64,
}

pub(super) fn nanos(d: Duration) -> u64 {
    u64::try_from(d.as_nanos()).unwrap_or(u64::MAX)
}

impl Flow {
    pub fn new(limit: usize, workers: &[usize]) -> Self {
        let stage = |&workers: &usize| StageCounts { workers, ..StageCounts::default() };
        Flow {
            limit: limit as u64,
            begin: Instant::now(),
            end: OnceLock::new(),
            stages: workers.iter().map(stage).collect(),
            entered: AtomicU64::new(0),
            left: AtomicU64::new(0),
            source: AtomicU64::new(0),
            consumer: AtomicU64::new(0),
            failure: Mutex::new(None),
            cancel: OnceLock::new(),
        }
    }

    /// Notes a wait of a stage's worker, and returns its end.
    pub fn waited(&self, stage: usize, since: Instant, blocked: bool) -> Instant {
        let now = Instant::now();
        let counts = &self.stages[stage];
        let time = if blocked { &counts.blocked } else { &counts.starved };
        time.fetch_add(nanos(now - since), Relaxed);
        now
    }

    /// A worker of the stage takes an item up.
    pub fn starts(&self, stage: usize) {
        self.stages[stage].started.fetch_add(1, Relaxed);
    }

    /// Notes an item's work, and returns its end.
    pub fn worked(&self, stage: usize, since: Instant) -> Instant {
        let now = Instant::now();
        let counts = &self.stages[stage];
        counts.busy.fetch_add(nanos(now - since), Relaxed);
        counts.items.fetch_add(1, Relaxed);
        now
    }

    /// Whether nothing can reach the stage until an item leaves: the pipeline is full, with all items at or below it.
    pub fn is_blocked(&self, stage: usize) -> bool {
        let (entered, left) = (self.entered.load(Relaxed), self.left.load(Relaxed));
        entered.saturating_sub(left) >= self.limit && entered == self.stages[stage].started.load(Relaxed)
    }

    /// What empties the parts, once they exist.
    pub fn set_cancel(&self, parts: Vec<Cancel>) {
        let first = self.cancel.set(parts);
        debug_assert!(first.is_ok(), "set once");
    }

    fn failure(&self) -> MutexGuard<'_, Option<Failure>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the pipeline. The first failure stays; a panic, which must not be lost, goes before errors.
    pub fn fail(&self, new: Failure) {
        let mut failure = self.failure();
        match (&*failure, &new) {
            (Some(Failure::Panic(_)), _) | (Some(Failure::Error(_)), Failure::Error(_)) => {}
            _ => *failure = Some(new),
        }
        drop(failure);
        self.cancel();
    }

    /// Empties every part. Items are dropped here, and their `drop` may panic.
    pub fn cancel(&self) {
        for part in self.cancel.get().into_iter().flatten() {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(part)) {
                let mut failure = self.failure();
                if !matches!(&*failure, Some(Failure::Panic(_))) {
                    *failure = Some(Failure::Panic(panic));
                }
            }
        }
    }

    /// How it ended, once; call it when all workers have.
    pub fn take_failure(&self) -> Option<Failure> {
        self.end.get_or_init(Instant::now);
        self.failure().take()
    }

    pub fn report(&self) -> PipelineReport {
        let time = |ns: &AtomicU64| Duration::from_nanos(ns.load(Relaxed));
        let stage = |counts: &StageCounts| StageReport {
            workers: counts.workers,
            items: counts.items.load(Relaxed),
            busy: time(&counts.busy),
            starved: time(&counts.starved),
            blocked: time(&counts.blocked),
        };
        PipelineReport {
            wall: *self.end.get().unwrap_or(&Instant::now()) - self.begin,
            source: time(&self.source),
            consumer: time(&self.consumer),
            stages: self.stages.iter().map(stage).collect(),
        }
    }
}
