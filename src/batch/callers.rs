//! Callers that run batches while they wait.
//!
//! Where many callers share an executor, the first that waits does not run its own item at once: it takes the batch on, lets
//! the executor go round once, so that the others can add theirs, and then runs all of them. Where one caller is alone, that
//! round would be for nothing, so the size of the last batch decides; every so often it is tried anyway.
//!
//! What a batch may leave without is somebody who sees to it: it is left to callers for a while only, then the timer calls the
//! worker.

use super::shared::{Guard, Shared};
use std::hash::Hash;
use std::sync::atomic::Ordering::Relaxed;

/// How long a batch that may leave waits for a caller to run it, before the worker does.
const GRACE: u64 = 1_000_000;

/// Of so many batches, one waits for others though the last one had none.
const TRY: u32 = 256;

#[derive(Default)]
pub(super) struct Callers {
    /// Until when batches are left to callers.
    left_until: u64,
    /// Items in the last batch.
    last: usize,
    batches: u32,
    /// An item came since the timer looked last.
    came: bool,
}

impl Callers {
    /// An item came, whose caller will most likely wait for it.
    pub(super) fn leave(&mut self, now: u64) {
        self.came = true;
        if self.left_until <= now {
            self.left_until = now.saturating_add(GRACE);
        }
    }

    /// Batches are the worker's, until the next item comes.
    pub(super) fn leave_no_more(&mut self) {
        self.left_until = 0;
    }

    /// Whether a batch that may leave is left to callers.
    pub(super) fn have_it(&self, now: u64) -> bool {
        now < self.left_until
    }

    /// When the worker must be called unless callers have been there.
    pub(super) fn until(&self, now: u64) -> Option<u64> {
        self.have_it(now).then_some(self.left_until)
    }

    /// When the timer looks again. While items come it looks by itself, so that none of them has to call it.
    pub(super) fn watch(&mut self, next: u64, now: u64) -> u64 {
        if std::mem::take(&mut self.came) { next.min(now.saturating_add(GRACE)) } else { next }
    }

    /// Whether others are likely to add theirs, if they get the time.
    fn gather(&mut self) -> bool {
        self.batches = self.batches.wrapping_add(1);
        self.last > 1 || self.batches.is_multiple_of(TRY)
    }
}

impl<T, R, K: Eq + Hash + Clone> Shared<T, R, K> {
    /// A caller begins to wait: it runs batches, if callers may and nobody else does. `true`: not yet, it has taken it on.
    pub(super) fn help_out(&self) -> bool {
        // Whoever attends looks under the lock for what was added before it ends.
        if !self.runs_on_callers() || self.attended.load(Relaxed) {
            return false;
        }
        let mut state = self.lock();
        if state.busy && !self.attended.load(Relaxed) {
            // The worker is at it, and must not leave this one to nobody.
            state.callers.leave_no_more();
        }
        if state.busy || self.attended.load(Relaxed) || !state.core.ready() {
            self.settle(state);
            return false;
        }
        if state.callers.gather() {
            self.attended.store(true, Relaxed);
            self.settle(state);
            return true;
        }
        self.run_one(state);
        false
    }

    /// Runs a batch. The caller's answer is there then, or somebody else's turn came first: what others have added meanwhile
    /// is for the worker, unless one of them takes it on before it has woken up.
    pub(super) fn run_one<'a>(&'a self, mut state: Guard<'a, T, R, K>) {
        let mut jobs = Vec::new();
        self.attended.store(true, Relaxed);
        if !state.busy
            && let Some(taken) = state.core.take(&mut jobs)
        {
            state.busy = true;
            state.callers.last = taken.size;
            if let Some(mut run) = self.shared_processor() {
                (state, _) = super::worker::run_batch(self, 0, state, taken, &mut jobs, &mut **run);
            }
            state.busy = false;
        }
        self.attended.store(false, Relaxed);
        state.callers.leave_no_more();
        self.settle(state);
    }

    /// A caller that had taken a batch on has gone.
    pub(super) fn leave_to_worker(&self) {
        let mut state = self.lock();
        self.attended.store(false, Relaxed);
        state.callers.leave_no_more();
        self.settle(state);
    }
}

/// Run with `RUSTFLAGS="--cfg loom" cargo test --lib --release loom_`.
#[cfg(all(test, loom))]
mod loom_tests {
    use super::Relaxed;
    use crate::batch::config::Policy;
    use crate::batch::core::Core;
    use crate::batch::front::{Deadline, Front};
    use crate::batch::shared::{Job, Shared, for_worker};
    use crate::batch::{BatchConfig, Pending, worker};
    use loom::thread;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::task::{Context, Waker};

    type Batcher = Arc<Shared<u32, u32, ()>>;

    /// A batcher whose worker and timer are left out; `last`: the size of a batch before, which decides whether callers gather.
    fn batcher(last: usize) -> Batcher {
        let config = BatchConfig { max_batch_size: 4, max_wait_ms: 0, max_queue_size: 4, preferred_batch_size: 1 };
        let core: Core<Job<u32, u32>, ()> = Core::new(Policy::new(config), None);
        let batcher = Shared::new(core, 1, Box::new(|_| ()), None, Some(Box::new(Ok)));
        batcher.lock().callers.last = last;
        Arc::new(batcher)
    }

    /// Adds an item and waits as an executor would that polls whoever has woken itself up: twice at most. With `leaves`, it
    /// goes away after the first time.
    fn caller(batcher: &Batcher, item: u32, leaves: bool) -> Option<Pending<u32>> {
        let Ok(mut pending) = Arc::clone(batcher).add(item, 0, Deadline::In(None), false) else { panic!("no place") };
        if leaves {
            let _ = poll(&mut pending);
            return None;
        }
        let answered = poll(&mut pending) || poll(&mut pending);
        (!answered).then_some(pending)
    }

    fn poll(pending: &mut Pending<u32>) -> bool {
        Pin::new(pending).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    /// Every order of events in which threads are interrupted three times.
    fn model(f: impl Fn() + Send + Sync + 'static) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(f);
    }

    /// Nobody attends at the end, and what waits then is the worker's, who has been called.
    fn callers(last: usize, leaves: [bool; 2]) {
        model(move || {
            let batcher = batcher(last);
            let other = {
                let batcher = Arc::clone(&batcher);
                thread::spawn(move || caller(&batcher, 1, leaves[0]))
            };
            let here = caller(&batcher, 2, leaves[1]);
            let pending = [here, other.join().unwrap()];
            let mut state = batcher.lock();
            assert!(!batcher.attended.load(Relaxed) && !state.busy, "somebody attends who has gone");
            let waiting = state.core.waiting();
            assert!(waiting == 0 || for_worker(&mut state), "{waiting} items are left to nobody");
            drop(state);
            let unanswered = pending.into_iter().flatten().filter_map(|mut p| (!poll(&mut p)).then_some(p));
            assert_eq!(unanswered.collect::<Vec<_>>().len(), waiting, "an answer is missing");
        });
    }

    #[test]
    fn loom_callers_that_run_their_batch_at_once() {
        callers(1, [false, false]);
    }

    #[test]
    fn loom_callers_that_gather() {
        callers(2, [false, false]);
    }

    #[test]
    fn loom_callers_that_gather_and_go_away() {
        callers(2, [true, false]);
        callers(2, [true, true]);
    }

    /// The worker beside a caller: whoever comes first runs the item, and the worker ends.
    #[test]
    fn loom_a_caller_and_the_worker() {
        for last in [1, 2] {
            model(move || {
                let batcher = batcher(last);
                let worker = {
                    let batcher = Arc::clone(&batcher);
                    thread::spawn(move || worker::run(&batcher, 0, None))
                };
                let pending = caller(&batcher, 1, false);
                batcher.close();
                worker.join().unwrap();
                assert!(pending.is_none_or(|mut pending| poll(&mut pending)), "an answer is missing");
            });
        }
    }
}
