//! The threads of a pipeline: made as jobs first, started together.

use super::entrance::{Entrance, Source};
use super::flow::{Failure, Flow};
use super::stage::{Stage, Work};
use crate::cpu::Captured;
use crate::parallel::handover::{Handover, Order};
use crate::parallel::waiting::join;
use crate::parallel::{BoxError, ParallelError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

/// Where a stage's worker gets its items.
pub(super) trait Feed<T>: Send + Sync + 'static {
    /// The next item, its number, and when it came; notes the wait since `since`.
    fn take(&self, flow: &Flow, since: Instant) -> Option<(u64, T, Instant)>;
}

impl<S: Source + 'static> Feed<S::Item> for Entrance<S> {
    fn take(&self, flow: &Flow, since: Instant) -> Option<(u64, S::Item, Instant)> {
        self.enter(flow, since)
    }
}

/// What comes from the stage above.
pub(super) struct Above<T> {
    pub handover: Arc<Handover<T>>,
    pub stage: usize,
}

impl<T: Send + 'static> Feed<T> for Above<T> {
    fn take(&self, flow: &Flow, since: Instant) -> Option<(u64, T, Instant)> {
        let blocked = flow.is_blocked(self.stage);
        let item = self.handover.pop();
        let now = flow.waited(self.stage, since, blocked);
        item.map(|(number, item)| (number, item, now))
    }
}

/// The threads of a pipeline before they run.
pub(super) struct Crew {
    flow: Arc<Flow>,
    isa: Captured,
    jobs: Vec<(String, Box<dyn FnOnce() + Send>)>,
    cancel: Vec<Box<dyn Fn() + Send + Sync>>,
}

impl Crew {
    pub fn new(flow: Arc<Flow>) -> Self {
        Crew { flow, isa: Captured::here(), jobs: Vec::new(), cancel: Vec::new() }
    }

    /// What happens when the pipeline ends early.
    pub fn on_cancel(&mut self, f: impl Fn() + Send + Sync + 'static) {
        self.cancel.push(Box::new(f));
    }

    /// The workers of a stage, and where their results come out in this order.
    pub fn stage<T, U>(
        &mut self,
        number: usize,
        stage: Stage<T, U>,
        feed: Arc<dyn Feed<T>>,
        order: Order,
    ) -> Arc<Handover<U>>
    where
        T: Send + 'static,
        U: Send + 'static,
    {
        let out = Arc::new(Handover::new(order, stage.workers()));
        let to_cancel = Arc::clone(&out);
        self.on_cancel(move || to_cancel.cancel());
        match stage.work {
            Work::Serial(f) => self.worker(number, 0, f, feed, &out),
            Work::Parallel(workers, f) => {
                for worker in 0..workers {
                    let f = Arc::clone(&f);
                    self.worker(number, worker, move |item| f(item), Arc::clone(&feed), &out);
                }
            }
        }
        out
    }

    fn worker<T, U>(
        &mut self,
        stage: usize,
        worker: usize,
        f: impl FnMut(T) -> Result<U, BoxError> + Send + 'static,
        feed: Arc<dyn Feed<T>>,
        out: &Arc<Handover<U>>,
    ) where
        T: Send + 'static,
        U: Send + 'static,
    {
        let (flow, isa, out) = (Arc::clone(&self.flow), self.isa, Arc::clone(out));
        let job = move || {
            let _scope = isa.enter();
            let run = AssertUnwindSafe(|| {
                work(&flow, stage, f, &*feed, &out);
                drop(feed);
            });
            if let Err(panic) = catch_unwind(run) {
                flow.fail(Failure::Panic(panic));
            }
            out.done();
        };
        self.jobs.push((format!("omnilane-{stage}.{worker}"), Box::new(job)));
    }

    /// Starts all threads, or none.
    pub fn start(self) -> Result<Vec<JoinHandle<()>>, ParallelError> {
        self.flow.set_cancel(self.cancel);
        let requested = self.jobs.len();
        let mut threads = Vec::with_capacity(requested);
        for (name, job) in self.jobs {
            match Builder::new().name(name).spawn(job) {
                Ok(thread) => threads.push(thread),
                Err(e) => {
                    self.flow.cancel();
                    join(&mut threads);
                    return Err(ParallelError::Threads { requested, source: e.into() });
                }
            }
        }
        Ok(threads)
    }
}

/// A worker's life.
fn work<T: 'static, U>(
    flow: &Flow,
    stage: usize,
    mut f: impl FnMut(T) -> Result<U, BoxError>,
    feed: &dyn Feed<T>,
    out: &Handover<U>,
) {
    let mut since = Instant::now();
    while let Some((number, item, now)) = feed.take(flow, since) {
        flow.starts(stage);
        let result = f(item);
        since = flow.worked(stage, now);
        match result {
            Ok(result) => out.push(number, result),
            Err(source) => {
                return flow.fail(Failure::Error(ParallelError::Stage { stage, item: number, source }));
            }
        }
    }
}
