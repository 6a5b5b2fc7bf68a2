//! What callers see: handing back, waiting for a place, cancelling, tower, threads without a runtime.

use super::{AT_ONCE, Door, LONG, answer, busy, eventually};
use omnilane::batch::{BatchConfig, BatchError, DynamicBatcher, ItemOptions, Oversized};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tower::{Service, ServiceExt};

/// Polls for a waker that does nothing.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_full_queue_hands_the_item_back() {
    let (batcher, door, first) = busy(AT_ONCE);
    let pending: Vec<_> = (1..=100).map(|v| batcher.add(v).unwrap()).collect();
    assert_eq!(batcher.queue_size(), 100);
    let rejected = batcher.add(101).unwrap_err();
    assert_eq!((rejected.item, rejected.reason.clone()), (101, BatchError::QueueFull));
    assert_eq!(rejected.to_string(), "queue: full, as many items wait as max_queue_size allows");
    assert_eq!(batcher.stats().rejected_full, 1);
    door.open();
    for (pending, v) in [first].into_iter().chain(pending).zip(0..) {
        assert_eq!(answer(pending), Ok(v));
    }
}

#[test]
fn an_item_that_is_too_heavy_comes_back_with_its_weight() {
    let builder = || DynamicBatcher::builder(AT_ONCE).weight(10, |text: &String| text.len() as u64);
    let batcher = builder().build(|items: Vec<String>| items).unwrap();
    let rejected = batcher.add("twelve bytes".to_string()).unwrap_err();
    assert_eq!(rejected.item, "twelve bytes");
    assert_eq!(rejected.reason, BatchError::TooLarge { weight: 12, max_weight: 10 });
    let batcher = builder().oversized(Oversized::Alone).build(|items: Vec<String>| items).unwrap();
    assert_eq!(answer(batcher.add("twelve bytes".to_string()).unwrap()), Ok("twelve bytes".to_string()));
}

#[test]
fn add_waiting_waits_for_a_place_and_close_sends_it_back() {
    let config = BatchConfig { max_batch_size: 1, max_queue_size: 1, ..AT_ONCE };
    let (batcher, door, first) = busy(config);
    let queued = batcher.add(1).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let waiting: Vec<_> = (2..5)
        .map(|v| {
            let batcher = batcher.clone();
            let task =
                runtime.spawn(async move { batcher.add_waiting(v).await.map_err(|r| r.item)?.await.map_err(|_| 0u32) });
            std::thread::sleep(Duration::from_millis(20)); // so that they stand in this order
            task
        })
        .collect();
    assert_eq!((batcher.queue_size(), waiting.iter().filter(|task| task.is_finished()).count()), (1, 0));
    // The line goes first: nobody slips in.
    door.open();
    for (task, v) in waiting.into_iter().zip(2..) {
        assert_eq!(runtime.block_on(async { tokio::time::timeout(LONG, task).await.unwrap() }).unwrap(), Ok(v));
    }
    assert_eq!([first, queued].map(answer), [Ok(0), Ok(1)]);

    let (batcher, door, first) = busy(config);
    let queued = batcher.add(1).unwrap();
    let closer = batcher.clone();
    let task = runtime.spawn(async move { batcher.add_waiting(9).await.map(drop).map_err(|r| (r.item, r.reason)) });
    std::thread::sleep(Duration::from_millis(20));
    closer.close();
    let sent_back = runtime.block_on(async { tokio::time::timeout(LONG, task).await.unwrap() }).unwrap();
    assert_eq!(sent_back, Err((9, BatchError::Closed)));
    door.open();
    assert_eq!([first, queued].map(answer), [Ok(0), Ok(1)], "those that were queued are run");
}

#[test]
fn a_kept_place_and_a_place_in_the_line_are_given_free() {
    let config = BatchConfig { max_batch_size: 1, max_queue_size: 1, ..AT_ONCE };
    let (batcher, door, first) = busy(config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let permit = batcher.reserve().await.unwrap();
        assert_eq!(batcher.add(1).unwrap_err().reason, BatchError::QueueFull);
        let mut second = Box::pin(batcher.reserve());
        let mut third = Box::pin(batcher.reserve());
        assert!(poll_once(second.as_mut()).is_pending());
        assert!(poll_once(third.as_mut()).is_pending());
        drop(second);
        drop(permit);
        let permit = tokio::time::timeout(LONG, third).await.unwrap().unwrap();
        let pending = permit.send(7).unwrap();
        door.open();
        assert_eq!(pending.await, Ok(7));
        assert_eq!(first.await, Ok(0));
    });
}

#[test]
fn a_dropped_future_is_not_processed() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let door = Door::default();
    let (inside, log) = (door.clone(), Arc::clone(&seen));
    let batcher = DynamicBatcher::new(AT_ONCE, move |items: Vec<u32>| {
        log.lock().unwrap().extend(items.iter().copied());
        inside.pass();
        items
    });
    let batcher = batcher.unwrap();
    let first = batcher.add(0).unwrap();
    door.await_arrivals(1);
    let [one, two, three] = [1, 2, 3].map(|v| batcher.add(v).unwrap());
    drop(two);
    assert_eq!((batcher.queue_size(), batcher.stats().cancelled_waiting), (2, 1));
    drop(first); // its batch runs: the result is dropped
    door.open();
    assert_eq!([one, three].map(answer), [Ok(1), Ok(3)]);
    assert_eq!(*seen.lock().unwrap(), [0, 1, 3]);
    eventually("the count", || batcher.stats().cancelled_running == 1);
    assert_eq!(batcher.stats().completed, 2);
}

#[test]
fn each_caller_gets_the_result_of_its_item() {
    let config = BatchConfig { max_wait_ms: 1, ..BatchConfig::default() };
    let batcher = DynamicBatcher::builder(config)
        .build_each(2, |_| |items: Vec<u64>| items.into_iter().map(|v| v * v + 1).collect::<Vec<u64>>());
    let batcher = batcher.unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            let batcher = &batcher;
            scope.spawn(move || {
                for i in 0..200 {
                    let v = thread * 1000 + i;
                    assert_eq!(batcher.submit_blocking(v), Ok(v * v + 1));
                }
            });
        }
    });
    let stats = batcher.stats();
    assert_eq!((stats.submitted, stats.completed, stats.wait.count), (1600, 1600, 1600));
    assert_eq!(stats.batch_size.count, stats.batches);
    assert!((stats.batch_size.mean * stats.batches as f64 - 1600.0).abs() < 1e-6);
    assert!((stats.fill_ratio - stats.batch_size.mean / 32.0).abs() < 1e-12);
    assert!(stats.service.p50 <= stats.service.p90 && stats.service.p99 <= stats.service.max);
}

#[test]
fn keys_and_priorities_reach_the_core() {
    let door = Door::default();
    let inside = door.clone();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let batcher = DynamicBatcher::builder(AT_ONCE).key(|text: &&str| text.len()).build(move |items: Vec<&str>| {
        log.lock().unwrap().push(items.clone());
        inside.pass();
        items
    });
    let batcher = batcher.unwrap();
    let mut pending = vec![batcher.add("0").unwrap()];
    door.await_arrivals(1);
    pending.extend(["aa", "bbb", "cc"].map(|text| batcher.add(text).unwrap()));
    let urgent = ItemOptions { priority: 9, ..ItemOptions::default() };
    pending.push(batcher.add_with("dd", urgent).unwrap());
    door.open();
    for pending in pending {
        assert!(answer(pending).is_ok());
    }
    assert_eq!(*seen.lock().unwrap(), [vec!["0"], vec!["dd", "aa", "cc"], vec!["bbb"]]);
}

#[test]
fn asynchronous_processors_run_without_a_runtime_and_on_one() {
    let double = |items: Vec<u32>| async move {
        // Ready at the second poll only.
        let mut polled = false;
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        items.iter().map(|v| 2 * v).collect::<Vec<u32>>()
    };
    let batcher = DynamicBatcher::builder(AT_ONCE).build_async(double).unwrap();
    assert_eq!(batcher.submit_blocking(4), Ok(8));
    let batcher = DynamicBatcher::builder(AT_ONCE).build_each_async(2, move |_| double).unwrap();
    assert_eq!(batcher.submit_blocking(5), Ok(10));

    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let handle = runtime.handle().clone();
    let batcher = DynamicBatcher::new(AT_ONCE, move |items: Vec<u32>| {
        handle.block_on(async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            items
        })
    });
    let batcher = batcher.unwrap();
    assert_eq!(runtime.block_on(async { batcher.add(6)?.await }), Ok(6));
    assert_eq!(runtime.block_on(batcher.shutdown(LONG)).completed, 0);
}

#[test]
fn the_service_keeps_a_place_and_sheds_without_one() {
    let config = BatchConfig { max_batch_size: 1, max_queue_size: 1, ..AT_ONCE };
    let (batcher, door, first) = busy(config);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut service = batcher.service();
        let mut other = service.clone();
        service.ready().await.unwrap();
        assert!(poll_once(std::pin::pin!(other.ready())).is_pending(), "the place is kept for the first");
        assert_eq!(other.clone().call(2).await, Err(BatchError::QueueFull));
        let kept = service.call(1);
        door.open();
        assert_eq!(kept.await, Ok(1));
        assert_eq!(tokio::time::timeout(LONG, other.oneshot(3)).await.unwrap(), Ok(3));
        assert_eq!(first.await, Ok(0));
        batcher.close();
        assert_eq!(service.ready().await.map(drop), Err(BatchError::Closed));
    });
}

#[test]
fn callers_run_batches_if_they_may() {
    let thread = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&thread);
    let batcher = DynamicBatcher::builder(AT_ONCE).on_callers().build(move |items: Vec<u32>| {
        assert!(!items.contains(&13), "13 is not processed");
        log.lock().unwrap().push(std::thread::current().id());
        items
    });
    let batcher = batcher.unwrap();
    let here = std::thread::current().id();
    let pending = [1, 2, 3].map(|v| batcher.add(v).unwrap());
    assert_eq!(pending.map(|pending| pending.wait()), [Ok(1), Ok(2), Ok(3)]);
    assert!(thread.lock().unwrap().contains(&here));
    assert!(matches!(batcher.submit_blocking(13), Err(BatchError::ProcessingFailed(_))));
    // Nobody polls: the worker does it.
    thread.lock().unwrap().clear();
    let unpolled = batcher.add(4).unwrap();
    eventually("the worker", || !thread.lock().unwrap().is_empty());
    assert_ne!(thread.lock().unwrap()[0], here);
    assert_eq!(unpolled.wait(), Ok(4));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let batcher = &batcher;
            scope.spawn(move || {
                (0..500).for_each(|i| {
                    let v = 100 + thread * 1000 + i;
                    assert_eq!(batcher.submit_blocking(v), Ok(v));
                })
            });
        }
    });
    assert_eq!(batcher.shutdown_blocking(LONG).abandoned, 0);
    assert_eq!(batcher.stats().completed, 2004);
}

#[test]
fn a_caller_that_has_taken_a_batch_on_may_go_or_sleep() {
    let batcher = DynamicBatcher::builder(AT_ONCE).on_callers().build(|items: Vec<u32>| items).unwrap();
    for sleeps in [false, true] {
        // A batch of two, after which callers expect others.
        let [mut one, two] = [1, 2].map(|v| batcher.add(v).unwrap());
        while poll_once(Pin::new(&mut one)).is_pending() {
            std::thread::yield_now();
        }
        assert_eq!(answer(two), Ok(2));
        let [mut leader, follower] = [3, 4].map(|v| batcher.add(v).unwrap());
        let polled = poll_once(Pin::new(&mut leader));
        let leader = sleeps.then_some(leader);
        assert_eq!(answer(follower), Ok(4), "the worker runs it");
        if let (Some(leader), Poll::Pending) = (leader, polled) {
            assert_eq!(answer(leader), Ok(3));
        }
    }
}

#[test]
fn callers_that_run_batches_and_go_at_any_moment_leave_nobody_waiting() {
    let batcher = DynamicBatcher::builder(AT_ONCE).on_callers().build(|items: Vec<u32>| items).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let batcher = batcher.clone();
            runtime.spawn(async move {
                for v in 0..2000u32 {
                    let mut pending = batcher.add(v).unwrap();
                    // Some go before they wait, some after they were polled once.
                    match (v + task) % 13 {
                        0 => drop(pending),
                        1 => _ = poll_once(Pin::new(&mut pending)),
                        _ => {
                            let answer = tokio::time::timeout(LONG, pending).await;
                            assert_eq!(answer.expect("an answer"), Ok(v));
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    eventually("nothing is left", || batcher.queue_size() == 0 && batcher.stats().in_flight == 0);
}
