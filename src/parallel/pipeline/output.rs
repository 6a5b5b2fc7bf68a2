//! The results of a pipeline, and its end.

use super::entrance::Gate;
use super::flow::{Failure, Flow, nanos};
use super::report::PipelineReport;
use crate::parallel::ParallelError;
use crate::parallel::handover::{Handover, Look};
use crate::parallel::waiting::{join, lend_thread};
use std::fmt;
use std::iter::FusedIterator;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread::JoinHandle;
use std::time::Instant;

/// The results of a running pipeline.
///
/// Ends after the last result, or after the first error. The threads have ended when it has. Dropping it before that
/// stops the pipeline: items in flight are dropped, and the drop returns when every worker has returned from its closure
/// and the source from its `next`. A panic of a closure goes on from `next`, or from the drop, once all threads have
/// ended. On a worker of a rayon pool, `next` does other jobs of the pool while it waits.
#[must_use = "dropping the results stops the pipeline"]
pub struct PipelineOutput<V> {
    inner: Inner<V>,
    flow: Arc<Flow>,
    given: Option<Instant>,
}

/// Sends an item through all stages: its number and its result.
type NextHere<V> = Box<dyn FnMut() -> Option<(u64, Result<V, ParallelError>)> + Send>;

pub(super) enum Inner<V> {
    Threads {
        last: Arc<Handover<V>>,
        gate: Arc<dyn Gate>,
        threads: Vec<JoinHandle<()>>,
    },
    /// All stages on the calling thread: for each call, an item goes through all of them.
    Here(NextHere<V>),
    Ended,
}

impl<V> PipelineOutput<V> {
    pub(super) fn new(inner: Inner<V>, flow: Arc<Flow>) -> Self {
        PipelineOutput { inner, flow, given: None }
    }

    /// Where the time went so far; after the end, where it went.
    #[must_use]
    pub fn report(&self) -> PipelineReport {
        self.flow.report()
    }

    /// The next result with its item's place in the input, for [`Order::Ready`](crate::parallel::Order::Ready).
    ///
    /// # Panics
    /// If a closure panicked, with what it panicked with.
    pub fn next_numbered(&mut self) -> Option<Result<(u64, V), ParallelError>> {
        let asked = Instant::now();
        if let Some(given) = self.given.take() {
            self.flow.consumer.fetch_add(nanos(asked - given), Relaxed);
        }
        let found = match &mut self.inner {
            Inner::Threads { last, gate, .. } => {
                let found = next(last);
                if found.is_some() {
                    gate.leave();
                }
                found.map(|(number, value)| (number, Ok(value)))
            }
            Inner::Here(next) => next(),
            Inner::Ended => return None,
        };
        match found {
            Some((number, Ok(value))) => {
                self.flow.left.fetch_add(1, Relaxed);
                self.given = Some(Instant::now());
                Some(Ok((number, value)))
            }
            Some((_, Err(e))) => {
                self.flow.fail(Failure::Error(e));
                self.finish().map(Err)
            }
            None => self.finish().map(Err),
        }
    }

    /// Waits for the threads; the error, if there was one.
    fn finish(&mut self) -> Option<ParallelError> {
        if let Inner::Threads { threads, .. } = &mut self.inner {
            join(threads);
        }
        self.inner = Inner::Ended;
        match self.flow.take_failure() {
            Some(Failure::Error(e)) => Some(e),
            Some(Failure::Panic(panic)) if std::thread::panicking() => {
                drop(panic);
                None
            }
            Some(Failure::Panic(panic)) => resume_unwind(panic),
            None => None,
        }
    }
}

fn next<V>(last: &Handover<V>) -> Option<(u64, V)> {
    loop {
        match last.look() {
            Look::Item(number, value) => return Some((number, value)),
            Look::Ended => return None,
            Look::Empty if lend_thread() => {}
            Look::Empty => return last.pop(),
        }
    }
}

impl<V> Iterator for PipelineOutput<V> {
    type Item = Result<V, ParallelError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_numbered()?.map(|(_, value)| value))
    }
}

impl<V> FusedIterator for PipelineOutput<V> {}

impl<V> Drop for PipelineOutput<V> {
    fn drop(&mut self) {
        if matches!(self.inner, Inner::Threads { .. }) {
            self.flow.cancel();
            // What failed while it was stopped is no longer of interest, but a panic is.
            let _ = self.finish();
        }
    }
}

impl<V> fmt::Debug for PipelineOutput<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineOutput").field("report", &self.report()).finish_non_exhaustive()
    }
}
