//! Callers that run batches while they wait.
//!
//! Where many callers share an executor, the first that waits does not run its own item at once: it takes the batch on, lets
//! the executor go round once, so that the others can add theirs, and then runs all of them. Where one caller is alone, that
//! round would be for nothing, so the size of the last batch decides; every so often it is tried anyway.
//!
//! What is added while a batch runs is for the next. The first whose item that is leaves word, and is woken when the batch
//! has ended: waking a task costs an executor much less than waking the worker, which then wants a core of its own. If none
//! left word, those who added something are on their way, and the first of them takes the next batch on.
//!
//! What a batch may leave without is somebody who sees to it: it is left to callers until they have run none for a while, then
//! the timer calls the worker; at once, if somebody already waits and counts on those who attend.

use super::core::Ticket;
use super::shared::{Guard, Shared};
use std::hash::Hash;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Waker;

/// What is read without the lock: nobody is at the batches.
pub(super) const NOBODY: u8 = 0;
/// A caller has taken one on, and what comes until it runs is in it.
const TAKEN_ON: u8 = 1;
/// A caller runs one, and what comes now is for the next.
const RUNNING: u8 = 2;
/// The same, and whose turn is next is known.
const NEXT_KNOWN: u8 = 3;

/// What a caller does that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It has not waited yet.
    New,
    /// It has taken a batch on, and runs it at its next turn.
    Leader,
    /// It is woken when the batch that runs has ended.
    Next,
    /// Somebody else sees to it.
    Waits,
}

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
    /// Who is woken when the batch that runs has ended.
    next: Option<(Ticket, Waker)>,
    /// Somebody waits for the next batch without a part in it: who was next knows, or the worker.
    counted_on: bool,
}

impl Callers {
    /// An item came, whose caller will most likely wait for it.
    pub(super) fn leave(&mut self, now: u64) {
        self.came = true;
        if !self.have_it(now) {
            self.go_on(now);
        }
    }

    /// Callers have run a batch or are about to: the time begins again.
    fn go_on(&mut self, now: u64) {
        self.left_until = now.saturating_add(GRACE);
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
    /// A caller begins to wait, or has been woken because it is next: it runs batches, if callers may and nobody else does.
    pub(super) fn help_out(&self, ticket: Ticket, role: Role, waker: &Waker) -> Role {
        // Whoever attends looks under the lock for what was added before it ends.
        let attended = self.attended.load(Relaxed);
        if !self.runs_on_callers() || attended == TAKEN_ON || (attended == NEXT_KNOWN && role != Role::Next) {
            return Role::Waits;
        }
        let mut state = self.lock();
        let attended = self.attended.load(Relaxed);
        let free = state.callers.next.as_ref().is_none_or(|(next, _)| *next == ticket);
        if attended >= RUNNING && free && state.core.holds(ticket) {
            state.callers.next = Some((ticket, waker.clone()));
            state.callers.counted_on = true;
            self.attended.store(NEXT_KNOWN, Relaxed);
            self.settle(state);
            return Role::Next;
        }
        if state.busy && attended == NOBODY {
            // The worker is at it, and must not leave this one to nobody.
            state.callers.leave_no_more();
        }
        if state.busy || attended != NOBODY || !state.core.ready() {
            self.settle(state);
            return Role::Waits;
        }
        if state.callers.gather() {
            self.attended.store(TAKEN_ON, Relaxed);
            self.settle(state);
            return Role::Leader;
        }
        self.run_one(state);
        Role::Waits
    }

    /// Runs a batch. The caller's answer is there then, or somebody else's turn came first. What others have added meanwhile
    /// is for who is next, or for who comes, or else for the worker.
    pub(super) fn run_one<'a>(&'a self, mut state: Guard<'a, T, R, K>) {
        let mut jobs = Vec::new();
        self.attended.store(RUNNING, Relaxed);
        state.callers.counted_on = true;
        if !state.busy
            && let Some(taken) = state.core.take(&mut jobs)
        {
            state.busy = true;
            state.callers.last = taken.size;
            // What it has no room for may be that of callers who wait already.
            state.callers.counted_on = state.core.waiting() > 0;
            if let Some(mut run) = self.shared_processor() {
                (state, _) = super::worker::run_batch(self, 0, state, taken, &mut jobs, &mut **run);
            }
            state.busy = false;
        }
        self.attended.store(NOBODY, Relaxed);
        let next = state.callers.next.take().filter(|(ticket, _)| state.core.holds(*ticket));
        let next = next.filter(|_| state.core.ready());
        if next.is_some() || !state.callers.counted_on {
            // Those who are not counted on have added something and come to wait for it now.
            let now = state.core.now();
            state.callers.go_on(now);
        } else {
            state.callers.leave_no_more();
        }
        self.settle(state);
        if let Some((_, waker)) = next {
            waker.wake();
        }
    }

    /// A caller that was to run a batch now or next will not.
    pub(super) fn leave_to_worker(&self, ticket: Ticket, role: Role) {
        let mut state = self.lock();
        if role == Role::Leader {
            self.attended.store(NOBODY, Relaxed);
        } else if state.callers.next.take_if(|(next, _)| *next == ticket).is_some() {
            self.attended.store(RUNNING, Relaxed);
        }
        state.callers.leave_no_more();
        self.settle(state);
    }
}

/// Run with `RUSTFLAGS="--cfg loom" cargo test --lib --release loom_`.
#[cfg(all(test, loom))]
mod loom_tests {
    use super::{NOBODY, Relaxed};
    use crate::batch::config::Policy;
    use crate::batch::core::Core;
    use crate::batch::front::{Deadline, Front};
    use crate::batch::shared::{Job, Shared, for_worker};
    use crate::batch::{BatchConfig, Pending, worker};
    use loom::thread;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::task::{Context, Wake, Waker};

    type Batcher = Arc<Shared<u32, u32, ()>>;

    /// A batcher whose worker and timer are left out, with room for so many in a batch; `last`: the size of a batch before,
    /// which decides whether callers gather.
    fn batcher(room: usize, last: usize) -> Batcher {
        let config = BatchConfig { max_batch_size: room, max_wait_ms: 0, max_queue_size: 4, preferred_batch_size: 1 };
        let core: Core<Job<u32, u32>, ()> = Core::new(Policy::new(config), None);
        let batcher = Shared::new(core, 1, Box::new(|_| ()), None, Some(Box::new(Ok)));
        batcher.lock().callers.last = last;
        Arc::new(batcher)
    }

    /// A caller that an executor polls when it has been woken.
    struct Task {
        pending: Pending<u32>,
        woken: Arc<Woken>,
    }

    /// Whether a task is to be polled.
    struct Woken(AtomicBool);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.store(true, SeqCst);
        }
    }

    impl Task {
        /// Polls until it is answered (`true`) or not woken any more.
        fn run(&mut self) -> bool {
            while self.woken.0.swap(false, SeqCst) {
                if poll(&mut self.pending, &Waker::from(Arc::clone(&self.woken))) {
                    return true;
                }
            }
            false
        }
    }

    /// Adds an item and waits for it; with `leaves`, it goes away after it was polled once. What is left is unanswered.
    fn caller(batcher: &Batcher, item: u32, leaves: bool) -> Option<Task> {
        let Ok(mut pending) = Arc::clone(batcher).add(item, 0, Deadline::In(None), false) else { panic!("no place") };
        if leaves {
            let _ = poll(&mut pending, Waker::noop());
            return None;
        }
        let mut task = Task { pending, woken: Arc::new(Woken(AtomicBool::new(true))) };
        (!task.run()).then_some(task)
    }

    fn poll(pending: &mut Pending<u32>, waker: &Waker) -> bool {
        Pin::new(pending).poll(&mut Context::from_waker(waker)).is_ready()
    }

    /// Every order of events in which threads are interrupted three times.
    fn model(f: impl Fn() + Send + Sync + 'static) {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(f);
    }

    /// Nobody attends at the end, and what waits then is the worker's, who has been called.
    fn callers<const N: usize>(room: usize, last: usize, leaves: [bool; N]) {
        model(move || {
            let batcher = batcher(room, last);
            let others: Vec<_> = leaves[1..]
                .iter()
                .zip(2..)
                .map(|(leaves, item)| {
                    let (batcher, leaves) = (Arc::clone(&batcher), *leaves);
                    thread::spawn(move || caller(&batcher, item, leaves))
                })
                .collect();
            let here = caller(&batcher, 1, leaves[0]);
            let others = others.into_iter().map(|other| other.join().unwrap());
            let mut tasks: Vec<Task> = others.chain([here]).flatten().collect();
            // Who was woken after its thread had ended.
            for _ in 0..N {
                tasks.retain_mut(|task| !task.run());
            }
            let mut state = batcher.lock();
            assert!(batcher.attended.load(Relaxed) == NOBODY && !state.busy, "somebody attends who has gone");
            let waiting = state.core.waiting();
            assert!(waiting == 0 || for_worker(&mut state), "{waiting} items are left to nobody");
            drop(state);
            assert_eq!(tasks.len(), waiting, "an answer is missing");
        });
    }

    #[test]
    fn loom_callers_that_run_their_batch_at_once() {
        callers(4, 1, [false, false]);
    }

    #[test]
    fn loom_callers_that_gather() {
        callers(4, 2, [false, false]);
    }

    #[test]
    fn loom_callers_that_gather_and_go_away() {
        callers(4, 2, [true, false]);
        callers(4, 2, [false, true]);
        callers(4, 2, [true, true]);
    }

    #[test]
    fn loom_callers_of_whom_one_is_next() {
        callers(4, 1, [false, false, false]);
        callers(4, 1, [false, false, true]);
    }

    #[test]
    fn loom_callers_of_whom_one_has_no_room() {
        callers(1, 2, [false, false]);
        callers(1, 1, [false, false, false]);
    }

    /// The worker beside a caller: whoever comes first runs the item, and the worker ends.
    #[test]
    fn loom_a_caller_and_the_worker() {
        for last in [1, 2] {
            model(move || {
                let batcher = batcher(4, last);
                let worker = {
                    let batcher = Arc::clone(&batcher);
                    thread::spawn(move || worker::run(&batcher, 0, None))
                };
                let pending = caller(&batcher, 1, false);
                batcher.close();
                worker.join().unwrap();
                assert!(pending.is_none_or(|mut task| task.run()), "an answer is missing");
            });
        }
    }
}
