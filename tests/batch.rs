//! The batcher: its rules, its faults, its model, its size.

#[path = "batch/adaptive.rs"]
mod adaptive;
mod batch_oracle;
#[path = "batch/callers.rs"]
mod callers;
#[path = "batch/faults.rs"]
mod faults;
#[path = "batch/model.rs"]
mod model;
#[path = "batch/rules.rs"]
mod rules;
#[path = "batch/stack.rs"]
mod stack;
#[path = "batch/threads.rs"]
mod threads;

use omnilane::batch::{BatchConfig, BatchError, DynamicBatcher, Pending};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Longer than anything here takes, so that a hang is a failure and not a hang.
const LONG: Duration = Duration::from_secs(20);

/// Leaves at once, one item at a time if the worker keeps up.
const AT_ONCE: BatchConfig =
    BatchConfig { max_batch_size: 8, max_wait_ms: 0, max_queue_size: 100, preferred_batch_size: 1 };

/// A door that processors wait at.
#[derive(Clone, Default)]
struct Door(Arc<(Mutex<(bool, usize)>, Condvar)>);

impl Door {
    fn open(&self) {
        self.0.0.lock().unwrap().0 = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open.
    fn pass(&self) {
        let mut state = self.0.0.lock().unwrap();
        state.1 += 1;
        self.0.1.notify_all();
        drop(self.0.1.wait_timeout_while(state, LONG, |state| !state.0).unwrap());
    }

    /// Waits until so many have come to it.
    fn await_arrivals(&self, n: usize) {
        let state = self.0.0.lock().unwrap();
        let (state, _) = self.0.1.wait_timeout_while(state, LONG, |state| state.1 < n).unwrap();
        assert!(state.1 >= n, "nobody came to the door");
    }
}

/// A batcher whose worker waits at the door, with an item in it.
fn busy(config: BatchConfig) -> (DynamicBatcher<u32, u32>, Door, Pending<u32>) {
    let door = Door::default();
    let inside = door.clone();
    let batcher = DynamicBatcher::new(config, move |items: Vec<u32>| {
        inside.pass();
        items
    });
    let batcher = batcher.unwrap();
    let first = batcher.add(0).unwrap();
    door.await_arrivals(1);
    (batcher, door, first)
}

/// The answer, or a panic if there is none.
fn answer<R: Send + 'static>(pending: Pending<R>) -> Result<R, BatchError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(LONG, pending).await.expect("an answer") })
}

/// Waits until something holds.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < LONG, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}
