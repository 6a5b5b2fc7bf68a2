//! What callers, workers and the timer share: the core, behind one mutex.
//!
//! Every operation is the same three steps: lock and tell the core the time; do it; [`Shared::settle`], which unlocks and
//! then passes on what the core decided. Nothing of the user's runs under the lock, but for the comparison of keys.

use super::callers::{Callers, NOBODY};
use super::config::nanos;
use super::core::{Core, Passage};
use super::{BatchError, Shutdown};
use crate::sync::sync::atomic::AtomicU8;
use crate::sync::sync::{Condvar, Mutex, MutexGuard};
use std::collections::HashMap;
use std::hash::Hash;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{PoisonError, TryLockError};
use std::task::Waker;
use std::thread::yield_now;
use std::time::Instant;
use tokio::sync::oneshot;

/// Attempts to get the lock before a thread sleeps: some in place, the others after giving the core away.
const SPINS: u32 = if cfg!(loom) { 0 } else { 20 };
const YIELDS: u32 = if cfg!(loom) { 0 } else { 60 };

pub(super) type Reply<R> = oneshot::Sender<Result<R, BatchError>>;

/// An item and who waits for it.
pub(super) struct Job<T, R> {
    pub(super) item: T,
    pub(super) reply: Reply<R>,
}

/// A function of the user's that measures or sorts items.
pub(super) type Measure<T, V> = Box<dyn Fn(&T) -> V + Send + Sync>;

pub(super) struct Shared<T, R, K> {
    state: Mutex<State<T, R, K>>,
    /// Workers wait here.
    pub(super) work: Condvar,
    /// The timer waits here.
    pub(super) clock: Condvar,
    /// The processor, where callers may run it.
    on_callers: Option<Mutex<SendRun<T, R>>>,
    /// Whether a caller is at the batches, or will be: others need not look (`callers`).
    pub(super) attended: AtomicU8,
    start: Instant,
    pub(super) key: Measure<T, K>,
    pub(super) weight: Option<Measure<T, u64>>,
}

/// A processor that any thread may run.
pub(super) type SendRun<T, R> = Box<dyn FnMut(Vec<T>) -> Outcome<R> + Send>;

/// The results of a batch, or what went wrong.
pub(super) type Outcome<R> = Result<Vec<R>, String>;

pub(super) struct State<T, R, K> {
    pub(super) core: Core<Job<T, R>, K>,
    /// Workers that wait, and how many of them have been called.
    pub(super) idle: usize,
    pub(super) called: usize,
    /// The processor that callers share with the worker is in use.
    pub(super) busy: bool,
    /// What callers have agreed upon, where they run batches.
    pub(super) callers: Callers,
    /// Workers that have finished a batch and not yet answered all of it.
    pub(super) answering: usize,
    /// When the timer will look again; 0 while it is looking.
    pub(super) armed: u64,
    /// For each worker, who waits for the batch that it runs.
    pub(super) running: Vec<Option<Vec<Reply<R>>>>,
    /// Those at the gate: what became of them, and whom to tell.
    pub(super) line: HashMap<u64, (Option<Passage>, Option<Waker>)>,
    pub(super) ending: Ending,
}

/// How far the shutdown is.
#[derive(Default)]
pub(super) struct Ending {
    /// When those that are left are given up.
    pub(super) until: Option<u64>,
    /// Items that had been answered when it began.
    pub(super) before: Option<u64>,
    pub(super) report: Option<Shutdown>,
    pub(super) waiters: Vec<Waker>,
}

/// What is to be done once the lock is free.
pub(super) struct Effects<T, R> {
    pub(super) call_worker: bool,
    call_all: bool,
    call_timer: bool,
    pub(super) expired: Vec<Job<T, R>>,
    pub(super) wakers: Vec<Waker>,
}

pub(super) type Guard<'a, T, R, K> = MutexGuard<'a, State<T, R, K>>;

impl<T, R, K: Eq + Hash + Clone> Shared<T, R, K> {
    pub(super) fn new(
        core: Core<Job<T, R>, K>,
        workers: usize,
        key: Measure<T, K>,
        weight: Option<Measure<T, u64>>,
        on_callers: Option<SendRun<T, R>>,
    ) -> Self {
        let on_callers = on_callers.map(Mutex::new);
        let state = State {
            core,
            idle: 0,
            called: 0,
            busy: false,
            callers: Callers::default(),
            answering: 0,
            armed: u64::MAX,
            running: (0..workers).map(|_| None).collect(),
            line: HashMap::new(),
            ending: Ending::default(),
        };
        Shared {
            state: Mutex::new(state),
            work: Condvar::new(),
            clock: Condvar::new(),
            on_callers,
            attended: AtomicU8::new(NOBODY),
            start: Instant::now(),
            key,
            weight,
        }
    }

    pub(super) fn now(&self) -> u64 {
        // In a model time stands still, or it would not be the same one twice.
        if cfg!(loom) { 0 } else { nanos(self.start.elapsed()) }
    }

    /// The state, and the core knows the time.
    pub(super) fn lock(&self) -> Guard<'_, T, R, K> {
        let mut state = self.acquire();
        state.core.advance(self.now());
        state
    }

    /// The lock, tried for as long as it takes to put a batch together: a sleep and a wake-up take much longer, and once a
    /// thread sleeps, each holder must wake the next one.
    fn acquire(&self) -> Guard<'_, T, R, K> {
        for i in 0..SPINS + YIELDS {
            match self.state.try_lock() {
                Ok(state) => return state,
                // A panic under the lock can only come from a key's comparison, before anything is changed.
                Err(TryLockError::Poisoned(state)) => return state.into_inner(),
                Err(TryLockError::WouldBlock) if i < SPINS => (0..1 << (i / 4)).for_each(|_: u32| spin_loop()),
                Err(TryLockError::WouldBlock) => yield_now(),
            }
        }
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Unlocks, and passes on what the core has decided.
    pub(super) fn settle(&self, mut state: Guard<'_, T, R, K>) {
        let effects = effects(&mut state);
        drop(state);
        self.apply(effects);
    }

    pub(super) fn apply(&self, effects: Effects<T, R>) {
        if effects.call_all {
            self.work.notify_all();
        } else if effects.call_worker {
            self.work.notify_one();
        }
        if effects.call_timer {
            self.clock.notify_one();
        }
        answer_all(effects.expired, &BatchError::Timeout);
        for waker in effects.wakers {
            waker.wake();
        }
    }

    /// Waits until a worker is wanted.
    pub(super) fn rest<'a>(&'a self, mut state: Guard<'a, T, R, K>) -> Guard<'a, T, R, K> {
        loop {
            let end = state.core.is_closed() && state.core.waiting() == 0;
            if end || for_worker(&mut state) {
                return state;
            }
            // Idle is who waits, and is told under the same lock: a call that nobody hears would be counted for ever.
            state.idle += 1;
            let effects = effects(&mut state);
            if effects.expired.is_empty() && effects.wakers.is_empty() {
                if effects.call_timer {
                    // The timer must know of the free worker, and of what is due for it.
                    self.clock.notify_one();
                }
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.core.advance(self.now());
                state.idle -= 1;
                state.called = state.called.saturating_sub(1).min(state.idle);
                return state;
            }
            state.idle -= 1;
            drop(state);
            self.apply(effects);
            state = self.lock();
        }
    }

    /// Whether callers may run batches.
    pub(super) fn runs_on_callers(&self) -> bool {
        self.on_callers.is_some()
    }

    /// The processor that callers may run.
    pub(super) fn shared_processor(&self) -> Option<MutexGuard<'_, SendRun<T, R>>> {
        self.on_callers.as_ref().map(|run| run.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Answers jobs that will not run. Dropping an item of the user's may panic, which must not end a thread of ours.
pub(super) fn answer_all<T, R>(jobs: Vec<Job<T, R>>, error: &BatchError) {
    for job in jobs {
        let _ = job.reply.send(Err(error.clone()));
        let _ = catch_unwind(AssertUnwindSafe(|| drop(job.item)));
    }
}

/// Whether a batch may leave that is the worker's to run.
pub(super) fn for_worker<T, R, K: Eq + Hash + Clone>(state: &mut State<T, R, K>) -> bool {
    !state.busy && state.core.ready() && !state.callers.have_it(state.core.now())
}

/// Nothing is left to do, and nothing will come.
pub(super) fn over<T, R, K: Eq + Hash + Clone>(state: &State<T, R, K>) -> bool {
    state.core.is_closed() && state.core.waiting() == 0 && state.core.in_flight() == 0 && state.answering == 0
}

/// When the timer must look again; `u64::MAX`: not by itself.
pub(super) fn next_wake<T, R, K: Eq + Hash + Clone>(state: &State<T, R, K>) -> u64 {
    let until = state.ending.until.filter(|_| state.ending.report.is_none());
    let free = state.idle > state.called && !state.busy;
    let left = state.callers.until(state.core.now()).filter(|_| free);
    state.core.next_wake(free && left.is_none()).into_iter().chain(until).chain(left).min().unwrap_or(u64::MAX)
}

pub(super) fn effects<T, R, K: Eq + Hash + Clone>(state: &mut State<T, R, K>) -> Effects<T, R> {
    let mut wakers = Vec::new();
    for (number, passage) in std::mem::take(&mut state.core.passages) {
        if let Some((result, waker)) = state.line.get_mut(&number) {
            *result = Some(passage);
            wakers.extend(waker.take());
        }
    }
    let over = over(state);
    if over && state.ending.report.is_none() {
        let completed = state.core.answered() - state.ending.before.unwrap_or_default();
        state.ending.report = Some(Shutdown { completed, abandoned: 0 });
    }
    // Not before all of them are answered.
    if state.ending.report.is_some() && state.answering == 0 {
        wakers.append(&mut state.ending.waiters);
    }
    let call_worker = state.idle > state.called && for_worker(state);
    state.called += usize::from(call_worker);
    let next = next_wake(state);
    let call_timer = next < state.armed || (over && state.armed != 0);
    if call_timer {
        state.armed = next;
    }
    let call_all = state.core.is_closed() && state.core.waiting() == 0 && state.idle > 0;
    Effects { call_worker, call_all, call_timer, expired: std::mem::take(&mut state.core.expired), wakers }
}
