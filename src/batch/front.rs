//! What handles ask of the shared state, whatever the keys are.

use super::callers::Role;
use super::config::{ItemOptions, nanos};
use super::core::{Arrival, Passage, Refusal, Ticket};
use super::error::panic_message;
use super::pending::Pending;
use super::shared::{Job, Shared, State};
use super::{BatchError, BatchStats, Rejected, Shutdown};
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;
use tokio::sync::oneshot;

/// When an item expires.
pub(super) enum Deadline {
    In(Option<Duration>),
    At(Option<u64>),
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
    /// Somebody begins to wait, or is next, and may as well run a batch; what they do now. A leader calls [`Cancel::attend`]
    /// when it is their turn again.
    fn help(&self, ticket: Ticket, role: Role, waker: &Waker) -> Role;
    /// Does what was taken on.
    fn attend(&self);
    /// Cannot do what was taken on: leader, or next.
    fn desert(&self, ticket: Ticket, role: Role);
}

impl<T: Send, R: Send, K: Eq + Hash + Clone + Send> Cancel for Shared<T, R, K> {
    fn cancel(&self, ticket: Ticket) {
        let mut state = self.lock();
        let job = state.core.cancel(ticket);
        self.settle(state);
        drop(job);
    }

    fn help(&self, ticket: Ticket, role: Role, waker: &Waker) -> Role {
        self.help_out(ticket, role, waker)
    }

    fn attend(&self) {
        self.run_one(self.lock());
    }

    fn desert(&self, ticket: Ticket, role: Role) {
        self.leave_to_worker(ticket, role);
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
        if pushed.is_ok() && self.runs_on_callers() {
            let now = state.core.now();
            state.callers.leave(now);
        }
        self.settle(state);
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
    state.callers.leave_no_more();
    state.core.close();
}

impl<T, R, K: Eq + Hash + Clone> Shared<T, R, K> {
    /// Key and weight of an item; `Err` if their functions panic.
    fn measure(&self, item: &T) -> Result<(K, u64), BatchError> {
        catch_unwind(AssertUnwindSafe(|| ((self.key)(item), self.weight.as_ref().map_or(1, |weight| weight(item)))))
            .map_err(|panic| {
                let message = panic_message(&*panic);
                BatchError::failed(format!("key or weight: the function panicked: {message}"))
            })
    }
}
