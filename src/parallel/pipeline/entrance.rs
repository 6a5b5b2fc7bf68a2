//! Where items enter a pipeline: the source, and the count of those that are alive.

use super::flow::{Flow, nanos};
use crate::parallel::patience::Patience;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Where items come from; only one worker has it at a time.
pub(super) trait Source: Send {
    type Item;
    fn next(&mut self) -> Option<Self::Item>;
}

/// A source that is an iterator.
pub(super) struct Items<I>(pub I);

impl<I: Iterator + Send> Source for Items<I> {
    type Item = I::Item;
    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }
}

/// Lets an item in when fewer than `limit` are alive.
///
/// The source is not locked while it is asked for an item: the worker takes it out, and puts it back.
pub(super) struct Entrance<S> {
    state: Mutex<State<S>>,
    changed: Condvar,
    /// Somebody may enter. Written under the lock, and read by those who wait a moment before they ask for it.
    open: AtomicBool,
    limit: usize,
}

struct State<S> {
    source: Option<S>,
    next: u64,
    alive: usize,
    ended: bool,
    sleeping: usize,
}

impl<S: Source> Entrance<S> {
    pub fn new(source: S, limit: usize) -> Self {
        let state = State { source: Some(source), next: 0, alive: 0, ended: false, sleeping: 0 };
        Entrance { state: Mutex::new(state), changed: Condvar::new(), open: AtomicBool::new(true), limit }
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next item, once one more may be alive; nothing at the end. The time since `since` is noted as starved (for the
    /// source) or blocked (by the stages below).
    pub fn enter(&self, flow: &Flow, since: Instant) -> Option<(u64, S::Item, Instant)> {
        let Some((number, mut source, was_full)) = self.wait() else {
            flow.waited(0, since, false);
            return None;
        };
        let asked = flow.waited(0, since, was_full);
        let item = source.next();
        let got = flow.waited(0, asked, false);
        flow.source.fetch_add(nanos(got - asked), Relaxed);

        let mut state = self.lock();
        if state.ended || item.is_none() {
            state.ended = true;
            self.open.store(true, Relaxed);
            drop(state);
            self.changed.notify_all();
            return None; // source and item are dropped without the lock
        }
        state.source = Some(source);
        let has_room = state.alive < self.limit;
        self.open.store(has_room, Relaxed);
        let wake = has_room && state.sleeping > 0;
        drop(state);
        if wake {
            self.changed.notify_one();
        }
        let item = item?;
        flow.entered.fetch_add(1, Relaxed);
        Some((number, item, got))
    }

    /// The source, the number of the item that it will give, and whether the wait was for room.
    fn wait(&self) -> Option<(u64, S, bool)> {
        let (mut patience, mut was_full) = (Patience::new(), false);
        let mut state = self.lock();
        loop {
            if state.ended {
                return None;
            }
            was_full |= state.alive >= self.limit;
            if state.alive < self.limit
                && let Some(source) = state.source.take()
            {
                state.alive += 1;
                state.next += 1;
                self.open.store(false, Relaxed);
                return Some((state.next - 1, source, was_full));
            }
            if patience.is_left() {
                drop(state);
                patience.wait(&self.open);
                state = self.lock();
            } else {
                state.sleeping += 1;
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.sleeping -= 1;
            }
        }
    }
}

/// The entrance as those see it who let items out.
pub(super) trait Gate: Send + Sync {
    /// An item has left the pipeline.
    fn leave(&self);
    /// No item comes in any more.
    fn close(&self);
}

impl<S: Source> Gate for Entrance<S> {
    fn leave(&self) {
        let mut state = self.lock();
        state.alive -= 1;
        let may_enter = state.source.is_some();
        if may_enter {
            self.open.store(true, Relaxed);
        }
        let wake = may_enter && state.sleeping > 0;
        drop(state);
        if wake {
            self.changed.notify_one();
        }
    }

    fn close(&self) {
        let mut state = self.lock();
        state.ended = true;
        self.open.store(true, Relaxed);
        let source = state.source.take();
        drop(state);
        self.changed.notify_all();
        drop(source);
    }
}

/// Wakes a source that sleeps, too.
pub(super) struct Waking<G> {
    pub gate: Arc<G>,
    pub signal: Arc<crate::parallel::signal::Signal>,
}

impl<G: Gate> Gate for Waking<G> {
    fn leave(&self) {
        self.gate.leave();
    }

    fn close(&self) {
        self.signal.cancel();
        self.gate.close();
    }
}
