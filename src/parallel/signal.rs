//! Polling an async source from a thread that is not async.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// What wakes the thread: the source, or the end of whatever the thread works for.
#[derive(Default)]
pub(super) struct Signal {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    woken: bool,
    cancelled: bool,
}

impl Signal {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whoever waits gets nothing, now and later.
    pub fn cancel(&self) {
        self.lock().cancelled = true;
        self.changed.notify_all();
    }

    /// Sleeps until the source wants to be polled again; false if there is no reason to any more.
    fn wait(&self) -> bool {
        let mut state = self.lock();
        while !state.woken && !state.cancelled {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.woken = false;
        !state.cancelled
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.lock().woken = true;
        self.changed.notify_all();
    }
}

/// The items of an async stream, each waited for.
pub(super) struct Polled<F> {
    poll: F,
    signal: Arc<Signal>,
}

impl<F> Polled<F> {
    pub fn new(poll: F) -> Self {
        Polled { poll, signal: Arc::default() }
    }

    pub fn signal(&self) -> Arc<Signal> {
        Arc::clone(&self.signal)
    }
}

impl<T, F: FnMut(&mut Context<'_>) -> Poll<Option<T>>> Iterator for Polled<F> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let waker = Waker::from(Arc::clone(&self.signal));
        loop {
            match (self.poll)(&mut Context::from_waker(&waker)) {
                Poll::Ready(item) => return item,
                Poll::Pending if self.signal.wait() => {}
                Poll::Pending => return None,
            }
        }
    }
}
