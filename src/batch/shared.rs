//! What callers, workers and the timer share: the core, behind one mutex.
//!
//! Every operation is the same three steps: lock and tell the core the time; do it; [`Shared::settle`], which unlocks and
//! then passes on what the core decided. Nothing of the user's runs under the lock, but for the comparison of keys.

use super::config::{ItemOptions, nanos};
use super::core::{Arrival, Core, Passage, Refusal, Ticket};
use super::error::panic_message;
use super::pending::Pending;
use super::{BatchError, BatchStats, Rejected, Shutdown};
use std::collections::HashMap;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

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
    start: Instant,
    key: Measure<T, K>,
    weight: Option<Measure<T, u64>>,
}

/// A processor that any thread may run.
pub(super) type SendRun<T, R> = Box<dyn FnMut(Vec<T>) -> Outcome<R> + Send>;

/// The results of a batch, or what went wrong.
pub(super) type Outcome<R> = Result<Vec<R>, String>;

/// Batches that a caller runs at most before it looks whether its own answer is there.
const HELP: usize = 2;

/// How long an item waits for a caller to run it, before the worker does.
const GRACE: u64 = 1_000_000;

pub(super) struct State<T, R, K> {
    pub(super) core: Core<Job<T, R>, K>,
    /// Workers that wait, and how many of them have been called.
    pub(super) idle: usize,
    pub(super) called: usize,
    /// The processor that callers share with the worker is in use.
    pub(super) busy: bool,
    /// Workers that have finished a batch and not yet answered all of it.
    pub(super) answering: usize,
    /// When the timer will look again; 0 while it is looking.
    pub(super) armed: u64,
    /// For each worker, who waits for the batch that it runs.
    pub(super) running: Vec<Option<Vec<Reply<R>>>>,
    /// Those at the gate: what became of them, and whom to tell.
    line: HashMap<u64, (Option<Passage>, Option<Waker>)>,
    pub(super) ending: Ending,
}

/// How far the shutdown is.
#[derive(Default)]
pub(super) struct Ending {
    /// When those that are left are given up.
    pub(super) until: Option<u64>,
    /// Items that had been answered when it began.
    before: Option<u64>,
    pub(super) report: Option<Shutdown>,
    waiters: Vec<Waker>,
}

/// What is to be done once the lock is free.
struct Effects<T, R> {
    call_worker: bool,
    call_all: bool,
    call_timer: bool,
    expired: Vec<Job<T, R>>,
    wakers: Vec<Waker>,
}

pub(super) type Guard<'a, T, R, K> = MutexGuard<'a, State<T, R, K>>;

/// When an item expires.
pub(super) enum Deadline {
    In(Option<Duration>),
    At(Option<u64>),
}

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
            start: Instant::now(),
            key,
            weight,
        }
    }

    pub(super) fn now(&self) -> u64 {
        nanos(self.start.elapsed())
    }

    /// The state, and the core knows the time.
    pub(super) fn lock(&self) -> Guard<'_, T, R, K> {
        // A panic under the lock can only come from a key's comparison, before anything is changed.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.core.advance(self.now());
        state
    }

    /// Unlocks, and passes on what the core has decided.
    pub(super) fn settle(&self, mut state: Guard<'_, T, R, K>) {
        let effects = effects(&mut state, false);
        drop(state);
        self.apply(effects);
    }

    fn apply(&self, effects: Effects<T, R>) {
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

    /// Waits until a worker is wanted. The worker counts as idle.
    pub(super) fn rest<'a>(&'a self, state: Guard<'a, T, R, K>) -> Guard<'a, T, R, K> {
        // The timer must know of the free worker, and of what is due for it.
        self.settle(state);
        let mut state = self.lock();
        let work = !state.busy && state.core.ready();
        let end = state.core.is_closed() && state.core.waiting() == 0;
        if !(work || end) {
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            let now = self.now();
            state.core.advance(now);
        }
        state
    }

    /// The processor that callers may run.
    pub(super) fn shared_processor(&self) -> Option<MutexGuard<'_, SendRun<T, R>>> {
        self.on_callers.as_ref().map(|run| run.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A caller that has nothing to do but wait runs batches, if callers may and nobody else does.
    fn help_out(&self) {
        if self.on_callers.is_none() {
            return;
        }
        let mut jobs = Vec::new();
        let mut state = self.lock();
        for _ in 0..HELP {
            let taken = if state.busy { None } else { state.core.take(&mut jobs) };
            let Some(taken) = taken else { break };
            state.busy = true;
            if let Some(mut run) = self.shared_processor() {
                (state, _) = super::worker::run_batch(self, 0, state, taken, &mut jobs, &mut **run);
            }
            state.busy = false;
        }
        self.settle(state);
    }

    /// The timer thread: looks when the next thing is due, and not before.
    pub(super) fn run_timer(&self) {
        let mut state = self.lock();
        loop {
            state.armed = 0;
            if state.ending.report.is_none() && state.ending.until.is_some_and(|until| until <= state.core.now()) {
                state = self.give_up(state);
                continue;
            }
            let effects = effects(&mut state, false);
            if over(&state) {
                drop(state);
                self.apply(effects);
                return;
            }
            if effects.call_worker || !effects.expired.is_empty() || !effects.wakers.is_empty() {
                drop(state);
                self.apply(effects);
                state = self.lock();
                continue;
            }
            state.armed = next_wake(&state);
            state = match state.armed {
                u64::MAX => self.clock.wait(state).unwrap_or_else(PoisonError::into_inner),
                until => {
                    let time = Duration::from_nanos(until.saturating_sub(self.now()));
                    self.clock.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
                }
            };
            let now = self.now();
            state.core.advance(now);
        }
    }

    /// The shutdown's time is over: answers those that are left.
    fn give_up<'a>(&'a self, mut state: Guard<'a, T, R, K>) -> Guard<'a, T, R, K> {
        let queued = state.core.abandon();
        let running: Vec<Reply<R>> = state.running.iter_mut().filter_map(Option::take).flatten().collect();
        state.answering += 1;
        let completed = state.core.answered() - state.ending.before.unwrap_or_default();
        state.ending.report = Some(Shutdown { completed, abandoned: (queued.len() + running.len()) as u64 });
        drop(state);
        answer_all(queued, &BatchError::Abandoned);
        for reply in running {
            let _ = reply.send(Err(BatchError::Abandoned));
        }
        let mut state = self.lock();
        state.answering -= 1;
        state
    }

    /// Key and weight of an item; `Err` if their functions panic.
    fn measure(&self, item: &T) -> Result<(K, u64), BatchError> {
        catch_unwind(AssertUnwindSafe(|| ((self.key)(item), self.weight.as_ref().map_or(1, |weight| weight(item)))))
            .map_err(|panic| {
                let message = panic_message(&*panic);
                BatchError::failed(format!("key or weight: the function panicked: {message}"))
            })
    }
}

/// Answers jobs that will not run. Dropping an item of the user's may panic, which must not end a thread of ours.
fn answer_all<T, R>(jobs: Vec<Job<T, R>>, error: &BatchError) {
    for job in jobs {
        let _ = job.reply.send(Err(error.clone()));
        let _ = catch_unwind(AssertUnwindSafe(|| drop(job.item)));
    }
}

/// Nothing is left to do, and nothing will come.
pub(super) fn over<T, R, K: Eq + Hash + Clone>(state: &State<T, R, K>) -> bool {
    state.core.is_closed() && state.core.waiting() == 0 && state.core.in_flight() == 0 && state.answering == 0
}

/// When the timer must look again; `u64::MAX`: not by itself.
fn next_wake<T, R, K: Eq + Hash + Clone>(state: &State<T, R, K>) -> u64 {
    let until = state.ending.until.filter(|_| state.ending.report.is_none());
    state.core.next_wake(state.idle > state.called && !state.busy).into_iter().chain(until).min().unwrap_or(u64::MAX)
}

/// `left_to_caller`: whoever asks will run the batch itself.
fn effects<T, R, K: Eq + Hash + Clone>(state: &mut State<T, R, K>, left_to_caller: bool) -> Effects<T, R> {
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
    let ready = state.idle > state.called && !state.busy && state.core.ready();
    let call_worker = ready && !left_to_caller;
    state.called += usize::from(call_worker);
    let mut next = next_wake(state);
    if ready && left_to_caller {
        next = next.max(state.core.now() + GRACE);
    }
    let call_timer = next < state.armed || (over && state.armed != 0);
    if call_timer {
        state.armed = next;
    }
    let call_all = state.core.is_closed() && state.core.waiting() == 0 && state.idle > 0;
    Effects { call_worker, call_all, call_timer, expired: std::mem::take(&mut state.core.expired), wakers }
}

/// What a handle can ask for, whatever the keys are.
pub(super) trait Front<T, R>: Cancel {
    fn add(
        self: Arc<Self>,
        item: T,
        priority: u8,
        deadline: Deadline,
        reserved: bool,
    ) -> Result<Pending<R>, Rejected<T>>;
    fn deadline(&self, options: ItemOptions) -> Option<u64>;
    fn reserve(&self, deadline: Option<u64>) -> Result<(), u64>;
    fn poll_passage(&self, number: u64, waker: &Waker) -> Poll<Passage>;
    fn leave_line(&self, number: u64);
    fn release(&self);
    fn stats(&self) -> BatchStats;
    fn waiting(&self) -> usize;
    fn close(&self);
    fn begin_shutdown(&self, timeout: Duration);
    fn poll_shutdown(&self, waker: &Waker) -> Poll<Shutdown>;
}

/// Somebody who waited has gone.
pub(super) trait Cancel: Send + Sync {
    fn cancel(&self, ticket: Ticket);
    /// Somebody waits, and may as well run a batch.
    fn help(&self);
}

impl<T: Send, R: Send, K: Eq + Hash + Clone + Send> Cancel for Shared<T, R, K> {
    fn cancel(&self, ticket: Ticket) {
        let mut state = self.lock();
        let job = state.core.cancel(ticket);
        self.settle(state);
        drop(job);
    }

    fn help(&self) {
        self.help_out();
    }
}

impl<T, R, K> Front<T, R> for Shared<T, R, K>
where
    T: Send + 'static,
    R: Send + 'static,
    K: Eq + Hash + Clone + Send + 'static,
{
    fn add(
        self: Arc<Self>,
        item: T,
        priority: u8,
        deadline: Deadline,
        reserved: bool,
    ) -> Result<Pending<R>, Rejected<T>> {
        let (key, weight) = match self.measure(&item) {
            Ok(measured) => measured,
            Err(reason) => {
                if reserved {
                    self.release();
                }
                return Err(Rejected { item, reason });
            }
        };
        let (reply, receiver) = oneshot::channel();
        let mut state = self.lock();
        let deadline = match deadline {
            Deadline::At(deadline) => deadline,
            Deadline::In(time) => {
                time.or(state.core.policy().deadline).map(|time| state.core.now().saturating_add(nanos(time)))
            }
        };
        let pushed = state.core.push(reserved, Arrival { key, priority, weight, deadline }, Job { item, reply });
        let max_weight = state.core.policy().max_weight.unwrap_or(u64::MAX);
        // A deadline of no time at all has passed already.
        let now = state.core.now();
        state.core.advance(now);
        let effects = effects(&mut state, self.on_callers.is_some());
        drop(state);
        self.apply(effects);
        match pushed {
            Ok(ticket) => Ok(Pending::new(receiver, self, ticket)),
            Err((job, refusal)) => {
                let reason = match refusal {
                    Refusal::Closed => BatchError::Closed,
                    Refusal::Full => BatchError::QueueFull,
                    Refusal::TooLarge => BatchError::TooLarge { weight, max_weight },
                };
                Err(Rejected { item: job.item, reason })
            }
        }
    }

    fn deadline(&self, options: ItemOptions) -> Option<u64> {
        let state = self.lock();
        let time = options.deadline.or(state.core.policy().deadline);
        let deadline = time.map(|time| state.core.now().saturating_add(nanos(time)));
        self.settle(state);
        deadline
    }

    fn reserve(&self, deadline: Option<u64>) -> Result<(), u64> {
        let mut state = self.lock();
        let place = state.core.reserve(deadline);
        if let Err(number) = place {
            state.line.insert(number, (None, None));
        }
        self.settle(state);
        place
    }

    fn poll_passage(&self, number: u64, waker: &Waker) -> Poll<Passage> {
        let mut state = self.lock();
        let passage = match state.line.get_mut(&number) {
            Some((Some(passage), _)) => Poll::Ready(*passage),
            Some((None, slot)) => {
                match slot {
                    Some(known) => known.clone_from(waker),
                    None => *slot = Some(waker.clone()),
                }
                Poll::Pending
            }
            None => Poll::Ready(Passage::Closed),
        };
        if passage.is_ready() {
            state.line.remove(&number);
        }
        self.settle(state);
        passage
    }

    fn leave_line(&self, number: u64) {
        let mut state = self.lock();
        match state.line.remove(&number) {
            Some((Some(Passage::Granted), _)) => state.core.release(),
            _ => state.core.withdraw(number),
        }
        self.settle(state);
    }

    fn release(&self) {
        let mut state = self.lock();
        state.core.release();
        self.settle(state);
    }

    fn stats(&self) -> BatchStats {
        let state = self.lock();
        let stats = state.core.stats();
        self.settle(state);
        stats
    }

    fn waiting(&self) -> usize {
        let state = self.lock();
        let waiting = state.core.waiting();
        self.settle(state);
        waiting
    }

    fn close(&self) {
        let mut state = self.lock();
        begin(&mut state);
        self.settle(state);
    }

    fn begin_shutdown(&self, timeout: Duration) {
        let mut state = self.lock();
        begin(&mut state);
        let until = state.core.now().saturating_add(nanos(timeout));
        state.ending.until = Some(state.ending.until.map_or(until, |before| before.min(until)));
        self.settle(state);
    }

    fn poll_shutdown(&self, waker: &Waker) -> Poll<Shutdown> {
        let mut state = self.lock();
        let inside = super::worker::is_inside(std::ptr::from_ref(self).cast());
        let report = state.ending.report.filter(|_| state.answering == 0);
        let report = report.or_else(|| {
            // A batch that waits for its own end would wait for ever.
            let completed = state.core.answered() - state.ending.before.unwrap_or_default();
            inside.then_some(Shutdown { completed, abandoned: 0 })
        });
        if report.is_none() && !state.ending.waiters.iter().any(|known| known.will_wake(waker)) {
            state.ending.waiters.push(waker.clone());
        }
        self.settle(state);
        report.map_or(Poll::Pending, Poll::Ready)
    }
}

/// Closes, and remembers what had been done by then.
fn begin<T, R, K: Eq + Hash + Clone>(state: &mut State<T, R, K>) {
    if state.ending.before.is_none() {
        state.ending.before = Some(state.core.answered());
    }
    state.core.close();
}
