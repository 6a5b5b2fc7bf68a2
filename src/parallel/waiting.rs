//! Waiting without keeping a rayon worker from its work.

use rayon::Yield;
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a worker that found nothing to do sleeps before it looks again.
const NAP: Duration = Duration::from_micros(50);

/// Whether this thread is a worker of a rayon pool; if so, it has done another job of the pool, or slept a moment.
///
/// A worker that blocked instead could be the one that what it waits for needs.
pub(super) fn lend_thread() -> bool {
    match rayon::yield_now() {
        Some(Yield::Executed) => true,
        Some(Yield::Idle) => {
            std::thread::sleep(NAP);
            true
        }
        None => false,
    }
}

/// Waits for threads to end. They catch their panics themselves.
pub(super) fn join(threads: &mut Vec<JoinHandle<()>>) {
    for thread in threads.drain(..) {
        while !thread.is_finished() && lend_thread() {}
        let ended = thread.join();
        debug_assert!(ended.is_ok(), "workers catch panics");
    }
}
