//! The threads that run batches.

use super::BatchError;
use super::core::{Finished, Taken};
use super::error::panic_message;
use super::shared::{Guard, Job, Outcome, Shared, for_worker, over};
use std::cell::Cell;
use std::fmt::Display;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

thread_local! {
    /// The batcher for which this thread runs a batch.
    static INSIDE: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

/// Whether this thread is running a batch of that batcher.
pub(super) fn is_inside(shared: *const ()) -> bool {
    INSIDE.get() == shared
}

/// What a processor may return: one result for each item, in their order, or one error for all of them.
pub trait BatchResult<R> {
    /// The results, or what went wrong.
    ///
    /// # Errors
    /// The processor's error as text.
    fn into_results(self) -> Result<Vec<R>, String>;
}

impl<R> BatchResult<R> for Vec<R> {
    fn into_results(self) -> Result<Vec<R>, String> {
        Ok(self)
    }
}

impl<R, E: Display> BatchResult<R> for Result<Vec<R>, E> {
    fn into_results(self) -> Result<Vec<R>, String> {
        self.map_err(|e| e.to_string())
    }
}

/// A worker's processor, and how to make another one after a panic.
pub(super) struct Processor<T, R> {
    pub(super) run: Box<dyn FnMut(Vec<T>) -> Outcome<R>>,
    pub(super) again: Option<Box<dyn Fn() -> Processor<T, R>>>,
}

/// Takes batches and runs them until the batcher is closed and empty. Without a processor of its own the worker uses the one
/// that callers may run.
pub(super) fn run<T, R, K>(shared: &Shared<T, R, K>, worker: usize, mut own: Option<Processor<T, R>>)
where
    K: Eq + Hash + Clone,
{
    let mut jobs: Vec<Job<T, R>> = Vec::new();
    let mut state = shared.lock();
    loop {
        let taken = if for_worker(&mut state) { state.core.take(&mut jobs) } else { None };
        let Some(taken) = taken else {
            if state.core.is_closed() && state.core.waiting() == 0 {
                shared.settle(state);
                return;
            }
            state = shared.rest(state);
            continue;
        };
        if let Some(processor) = &mut own {
            let panicked;
            (state, panicked) = run_batch(shared, worker, state, taken, &mut jobs, &mut *processor.run);
            if panicked && processor.again.is_some() {
                drop(state);
                // Its state may be half changed; where another can be made, the next batch gets a new one.
                if let Some(again) = &processor.again
                    && let Ok(fresh) = catch_unwind(AssertUnwindSafe(again))
                {
                    *processor = fresh;
                }
                state = shared.lock();
            }
        } else if let Some(mut run) = shared.shared_processor() {
            state.busy = true;
            (state, _) = run_batch(shared, worker, state, taken, &mut jobs, &mut **run);
            state.busy = false;
        }
    }
}

/// Runs a batch that was taken, and answers its callers. Also says whether the processor panicked.
pub(super) fn run_batch<'a, T, R, K>(
    shared: &'a Shared<T, R, K>,
    worker: usize,
    mut state: Guard<'a, T, R, K>,
    taken: Taken,
    jobs: &mut Vec<Job<T, R>>,
    run: &mut dyn FnMut(Vec<T>) -> Outcome<R>,
) -> (Guard<'a, T, R, K>, bool)
where
    K: Eq + Hash + Clone,
{
    let (items, replies): (Vec<T>, Vec<_>) = jobs.drain(..).map(|job| (job.item, job.reply)).unzip();
    state.running[worker] = Some(replies);
    let began = state.core.now();
    shared.settle(state);

    let (results, panicked) = process(ptr::from_ref(shared).cast(), run, items, taken.size);

    state = shared.lock();
    let service = results.is_ok().then(|| state.core.now() - began);
    let mut end = Finished { panicked, service, ..Finished::default() };
    let replies = state.running[worker].take();
    match &replies {
        None => end.abandoned = taken.size,
        Some(replies) => {
            end.gone = replies.iter().filter(|reply| reply.is_closed()).count();
            let here = taken.size - end.gone;
            *(if results.is_ok() { &mut end.completed } else { &mut end.failed }) = here;
        }
    }
    state.core.finish(taken, end);
    state.answering += 1;
    shared.settle(state);
    match (replies, results) {
        (Some(replies), Ok(results)) => {
            for (reply, result) in replies.into_iter().zip(results) {
                // Who has gone does not take it; dropping it may panic, as all that is the user's.
                if let Err(unwanted) = reply.send(Ok(result)) {
                    let _ = catch_unwind(AssertUnwindSafe(|| drop(unwanted)));
                }
            }
        }
        (Some(replies), Err(error)) => {
            for reply in replies {
                let _ = reply.send(Err(error.clone()));
            }
        }
        (None, results) => _ = catch_unwind(AssertUnwindSafe(|| drop(results))),
    }
    state = shared.lock();
    state.answering -= 1;
    if over(&state) {
        // The last answer is out: the shutdown may report.
        shared.settle(state);
        state = shared.lock();
    }
    (state, panicked)
}

/// The results of a batch, as many as items, or the error for all of its callers; and whether the processor panicked.
fn process<T, R>(
    shared: *const (),
    run: &mut dyn FnMut(Vec<T>) -> Outcome<R>,
    items: Vec<T>,
    size: usize,
) -> (Result<Vec<R>, BatchError>, bool) {
    let outside = INSIDE.replace(shared);
    let outcome = catch_unwind(AssertUnwindSafe(|| run(items)));
    let outcome = match outcome {
        Ok(Ok(results)) if results.len() == size => (Ok(results), false),
        Ok(Ok(results)) => {
            let got = results.len();
            let _ = catch_unwind(AssertUnwindSafe(|| drop(results)));
            (
                Err(BatchError::failed(format!("processor: expected {size} results, one for each item, got {got}"))),
                false,
            )
        }
        Ok(Err(message)) => (Err(BatchError::failed(format!("processor: {message}"))), false),
        Err(panic) => {
            let error = BatchError::failed(format!("processor: it panicked: {}", panic_message(&*panic)));
            (Err(error), true)
        }
    };
    INSIDE.set(outside);
    outcome
}
