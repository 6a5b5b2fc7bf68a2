//! The timer thread, and the end of a shutdown's time.

use super::shared::{Guard, Reply, Shared, answer_all, effects, next_wake, over};
use super::{BatchError, Shutdown};
use std::hash::Hash;
use std::sync::PoisonError;
use std::time::Duration;

impl<T, R, K: Eq + Hash + Clone> Shared<T, R, K> {
    /// The timer thread: looks when the next thing is due, and not before.
    pub(super) fn run_timer(&self) {
        let mut state = self.lock();
        loop {
            state.armed = 0;
            if state.ending.report.is_none() && state.ending.until.is_some_and(|until| until <= state.core.now()) {
                state = self.give_up(state);
                continue;
            }
            let effects = effects(&mut state);
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
            let (next, now) = (next_wake(&state), state.core.now());
            state.armed = state.callers.watch(next, now);
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
}
