//! What went wrong in earlier batchers, here and elsewhere.

use super::{AT_ONCE, LONG, answer, busy, eventually};
use omnilane::batch::{BatchConfig, BatchError, DynamicBatcher, Shutdown};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

fn failed(error: Result<u32, BatchError>) -> String {
    match error {
        Err(BatchError::ProcessingFailed(message)) => message.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A panic left every later caller waiting for ever.
#[test]
fn a_panic_in_the_processor_is_its_callers_error_and_the_worker_lives_on() {
    let config = BatchConfig { preferred_batch_size: 2, max_wait_ms: 10_000, ..AT_ONCE };
    let batcher = DynamicBatcher::new(config, |items: Vec<u32>| {
        assert!(!items.contains(&13), "13 is not processed");
        items
    });
    let batcher = batcher.unwrap();
    for _ in 0..3 {
        let pending = [12, 13].map(|v| batcher.add(v).unwrap());
        for pending in pending {
            assert_eq!(failed(answer(pending)), "processor: it panicked: 13 is not processed");
        }
        let pending = [1, 2].map(|v| batcher.add(v).unwrap());
        assert_eq!(pending.map(answer), [Ok(1), Ok(2)]);
    }
    let stats = batcher.stats();
    assert_eq!((stats.panics, stats.failed, stats.completed), (3, 6, 6));
}

#[test]
fn a_worker_that_was_made_is_made_again_after_a_panic() {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let batcher = DynamicBatcher::builder(AT_ONCE).build_each(1, move |_| {
        count.fetch_add(1, SeqCst);
        // Not Send, and spoilt by the panic.
        let state = std::rc::Rc::new(std::cell::Cell::new(true));
        move |items: Vec<u32>| {
            assert!(state.replace(false), "spoilt");
            state.set(items[0] != 0);
            assert!(state.get(), "spoils");
            items
        }
    });
    let batcher = batcher.unwrap();
    assert_eq!(failed(answer(batcher.add(0).unwrap())), "processor: it panicked: spoils");
    assert_eq!(answer(batcher.add(1).unwrap()), Ok(1));
    assert_eq!(made.load(SeqCst), 2);
}

#[test]
fn a_panic_while_a_worker_is_made_is_an_error_of_build() {
    let builder = DynamicBatcher::<u32, u32>::builder(AT_ONCE);
    let error = builder.build_each(2, |worker| {
        assert!(worker == 0, "no model for worker {worker}");
        |items: Vec<u32>| items
    });
    let message = "worker: its processor could not be made: no model for worker 1";
    assert_eq!(error.unwrap_err().to_string(), message);
}

#[test]
fn a_panic_in_a_key_or_weight_function_is_the_callers_error() {
    let key = |v: &u32| {
        assert!(*v != 13, "no key for 13");
        *v % 2
    };
    let batcher = DynamicBatcher::builder(AT_ONCE).key(key).build(|items: Vec<u32>| items).unwrap();
    let rejected = batcher.add(13).unwrap_err();
    assert_eq!(rejected.item, 13);
    assert_eq!(failed(Err(rejected.reason)), "key or weight: the function panicked: no key for 13");
    assert_eq!(answer(batcher.add(12).unwrap()), Ok(12));

    let weight = |v: &u32| 10 / u64::from(*v);
    let batcher = DynamicBatcher::builder(AT_ONCE).weight(10, weight).build(|items: Vec<u32>| items).unwrap();
    assert!(failed(batcher.submit_blocking(0)).contains("divide by zero"));
    assert_eq!(batcher.submit_blocking(5), Ok(5));
}

/// Too few results left callers waiting; others pair results with the wrong items.
#[test]
fn a_wrong_number_of_results_is_an_error_for_all_of_the_batch() {
    let config = BatchConfig { preferred_batch_size: 3, max_wait_ms: 10_000, ..AT_ONCE };
    let results = AtomicUsize::new(2);
    let batcher = DynamicBatcher::new(config, move |_: Vec<u32>| vec![7u32; results.fetch_add(1, SeqCst)]);
    let batcher = batcher.unwrap();
    for got in [2, 3, 4] {
        let pending = [1, 2, 3].map(|v| batcher.add(v).unwrap());
        for pending in pending {
            match got {
                3 => assert_eq!(answer(pending), Ok(7)),
                _ => {
                    let message = format!("processor: expected 3 results, one for each item, got {got}");
                    assert_eq!(failed(answer(pending)), message);
                }
            }
        }
    }
}

#[test]
fn the_processors_error_goes_to_all_of_the_batch() {
    let config = BatchConfig { preferred_batch_size: 2, max_wait_ms: 10_000, ..AT_ONCE };
    let batcher = DynamicBatcher::new(config, |_: Vec<u32>| Err::<Vec<u32>, _>("the model is cold")).unwrap();
    for pending in [1, 2].map(|v| batcher.add(v).unwrap()) {
        assert_eq!(failed(answer(pending)), "processor: the model is cold");
    }
}

/// Shutdown processed one last batch and dropped the rest.
#[test]
fn shutdown_runs_all_that_is_queued() {
    let (batcher, door, first) = busy(AT_ONCE);
    let pending: Vec<_> = (1..=100).map(|v| batcher.add(v).unwrap()).collect();
    batcher.close();
    let rejected = batcher.add(5).unwrap_err();
    assert_eq!((rejected.item, rejected.reason), (5, BatchError::Closed));
    door.open();
    assert_eq!(batcher.shutdown_blocking(LONG), Shutdown { completed: 101, abandoned: 0 });
    assert_eq!(answer(first), Ok(0));
    for (pending, v) in pending.into_iter().zip(1..) {
        assert_eq!(answer(pending), Ok(v));
    }
    // Again: the same report.
    assert_eq!(batcher.shutdown_blocking(Duration::ZERO), Shutdown { completed: 101, abandoned: 0 });
}

/// Others' shutdown "may never complete".
#[test]
fn shutdown_gives_up_what_is_left_when_its_time_is_over() {
    let (batcher, door, first) = busy(AT_ONCE);
    let pending: Vec<_> = (1..=10).map(|v| batcher.add(v).unwrap()).collect();
    let report = batcher.shutdown_blocking(Duration::from_millis(20));
    assert_eq!(report, Shutdown { completed: 0, abandoned: 11 });
    for pending in pending.into_iter().chain([first]) {
        assert_eq!(answer(pending), Err(BatchError::Abandoned));
    }
    door.open();
    eventually("the batch that ran", || batcher.stats().in_flight == 0);
    assert_eq!(batcher.stats().abandoned, 11);
}

#[test]
fn dropping_the_last_handle_closes_and_runs_the_rest() {
    let (batcher, door, first) = busy(AT_ONCE);
    let other = batcher.clone();
    let pending: Vec<_> = (1..=20).map(|v| batcher.add(v).unwrap()).collect();
    drop(batcher);
    let last = other.add(21).unwrap();
    drop(other);
    door.open();
    for (pending, v) in [first].into_iter().chain(pending).chain([last]).zip(0..) {
        assert_eq!(answer(pending), Ok(v));
    }
}

#[test]
fn close_and_shutdown_are_legal_inside_the_processor() {
    let handle = Arc::new(std::sync::OnceLock::<DynamicBatcher<u32, u32>>::new());
    let inner = Arc::clone(&handle);
    let batcher = DynamicBatcher::new(AT_ONCE, move |items: Vec<u32>| {
        let batcher = inner.get().unwrap();
        batcher.close();
        assert_eq!(batcher.shutdown_blocking(Duration::MAX).abandoned, 0);
        items
    });
    handle.set(batcher.unwrap()).unwrap();
    assert_eq!(answer(handle.get().unwrap().add(4).unwrap()), Ok(4));
    assert_eq!(handle.get().unwrap().add(5).unwrap_err().reason, BatchError::Closed);
    assert_eq!(handle.get().unwrap().shutdown_blocking(LONG).completed, 1);
}

/// Ray's and Triton's queues hold items that have expired until the running batch ends.
#[test]
fn an_item_expires_while_every_worker_is_busy() {
    let (batcher, door, first) = busy(AT_ONCE);
    let options = omnilane::batch::ItemOptions { deadline: Some(Duration::from_millis(5)), ..Default::default() };
    let start = Instant::now();
    assert_eq!(answer(batcher.add_with(1, options).unwrap()), Err(BatchError::Timeout));
    assert!(start.elapsed() >= Duration::from_millis(5));
    assert_eq!(batcher.queue_size(), 0);
    // In the line for a place, too.
    let pending: Vec<_> = (0..100).map(|v| batcher.add(v).unwrap()).collect();
    assert_eq!(batcher.submit_blocking_with(1, options), Err(BatchError::Timeout));
    door.open();
    for pending in pending.into_iter().chain([first]) {
        assert!(answer(pending).is_ok());
    }
    assert_eq!(batcher.stats().timeouts, 1);
}

/// The timer was a loop that looked each millisecond.
#[cfg(target_os = "linux")]
#[test]
fn an_idle_batcher_does_not_wake_up() {
    let batcher = DynamicBatcher::builder(BatchConfig::default()).build_each(2, |_| |items: Vec<u32>| items).unwrap();
    assert_eq!(batcher.submit_blocking(1), Ok(1));
    // Context switches of the batcher's threads: those that wait have none.
    let threads = || {
        let mut switches = Vec::new();
        for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
            let read = |file| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
            if read("comm").starts_with("omnilane-batch") {
                let status = read("status");
                let n = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
                switches.push((task.file_name(), n.unwrap_or_default().trim().to_string()));
            }
        }
        switches.sort();
        switches
    };
    // Other tests' batchers come and go: only threads that are in both lists and busy count, and ours must be quiet.
    std::thread::sleep(Duration::from_millis(150));
    let mut quiet = 0;
    for _ in 0..50 {
        let before = threads();
        std::thread::sleep(Duration::from_millis(100));
        let after = threads();
        quiet = before.iter().filter(|thread| after.contains(thread)).count();
        if quiet >= 3 {
            break;
        }
    }
    assert!(quiet >= 3, "two workers and a timer: {quiet} threads slept for 100 ms");
    drop(batcher);
}
