//! A short wait without sleeping.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Looks before a thread sleeps: tens of microseconds on a core that nobody else wants. With fewer, empty stages fall into a
/// step in which each item costs a sleep and a wake-up; more gain nothing.
const LOOKS: u32 = if cfg!(loom) { 0 } else { 64 };

/// What a thread that waits does before it sleeps: the other side is often about to be ready, and a sleep and a wake-up cost
/// more than the wait.
///
/// It gives its core away between looks. Looking without that was slower at every length, since a pipeline has more threads
/// than most machines have cores.
pub(super) struct Patience {
    left: u32,
}

impl Patience {
    pub fn new() -> Self {
        Patience { left: LOOKS }
    }

    /// Whether it may wait on without sleeping.
    pub fn is_left(&self) -> bool {
        self.left > 0
    }

    /// Waits until `ready` seems to be set, or for long enough.
    pub fn wait(&mut self, ready: &AtomicBool) {
        self.wait_until(|| ready.load(Relaxed));
    }

    /// Waits until `ready` says so, or for long enough.
    pub fn wait_until(&mut self, ready: impl Fn() -> bool) {
        while self.left > 0 {
            self.left -= 1;
            std::thread::yield_now();
            if ready() {
                return;
            }
        }
    }
}
