//! Threads: many callers at once, everything at and one answer for each.

use super::LONG;
use futures_util::future::{Either, select};
use omnilane::batch::{BatchConfig, BatchError, DynamicBatcher, ItemOptions};
use omnilane_test_values::Random;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Debug, Default)]
struct Counts {
    done: u64,
    failed: u64,
    timeouts: u64,
    cancelled: u64,
    full: u64,
    closed: u64,
    abandoned: u64,
}

/// `callers` tasks of `each` requests, against workers that panic, fail, miscount and dawdle; then a shutdown in the middle.
fn storm(seed: u64, workers: usize, callers: u64, each: u64, shutdown: Option<Duration>) {
    let config = BatchConfig { max_batch_size: 8, max_wait_ms: 1, max_queue_size: 40, preferred_batch_size: 4 };
    let order: Arc<Mutex<HashMap<u64, Vec<u64>>>> = Arc::default();
    let book = Arc::clone(&order);
    let batcher =
        DynamicBatcher::builder(config).key(|item: &(u64, u64)| item.0 % 3).build_each(workers, move |worker| {
            let mut random = Random(seed + worker as u64);
            let book = Arc::clone(&book);
            move |items: Vec<(u64, u64)>| {
                let what = random.next() % 20;
                assert!(what != 0, "at random");
                if what == 1 {
                    std::thread::sleep(Duration::from_millis(2));
                }
                let mut results: Vec<u64> = items.iter().map(|(caller, i)| caller * 1_000_000 + i).collect();
                for (caller, i) in &items {
                    book.lock().unwrap().entry(*caller).or_default().push(*i);
                }
                match what {
                    2 => drop(results.pop()),
                    3 => results.push(0),
                    4 => return Err("at random"),
                    _ => {}
                }
                Ok(results)
            }
        });
    let batcher = batcher.unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let counts = runtime.block_on(async {
        let tasks: Vec<_> = (0..callers)
            .map(|caller| tokio::spawn(tokio::time::timeout(LONG, call(batcher.clone(), seed, caller, each))))
            .collect();
        if let Some(after) = shutdown {
            tokio::time::sleep(after).await;
            batcher.shutdown(Duration::from_millis(5)).await;
        }
        let mut all = Counts::default();
        for task in tasks {
            let counts = task.await.unwrap().expect("an answer to each");
            all.done += counts.done;
            all.failed += counts.failed;
            all.timeouts += counts.timeouts;
            all.cancelled += counts.cancelled;
            all.full += counts.full;
            all.closed += counts.closed;
            all.abandoned += counts.abandoned;
        }
        batcher.shutdown(LONG).await;
        all
    });
    super::eventually("the last batch", || batcher.stats().in_flight == 0);
    let Counts { done, failed, timeouts, cancelled, full, closed, abandoned } = counts;
    let stats = batcher.stats();
    println!("{counts:?}\n{stats:?}");
    assert_eq!(done + failed + timeouts + cancelled + full + closed + abandoned, callers * each);
    let gone = stats.cancelled_waiting + stats.cancelled_running;
    let sums = stats.completed + stats.failed + stats.timeouts + gone + stats.abandoned;
    assert_eq!((stats.waiting, stats.submitted), (0, sums));
    // A caller may go in the instant in which its answer comes; and one in the line is in no count of the batcher.
    let within = |counted: u64, got: u64| counted >= got && counted <= got + cancelled;
    assert!(within(stats.completed, done) && within(stats.failed, failed) && within(stats.abandoned, abandoned));
    let answered = done + failed + timeouts + cancelled + abandoned;
    assert!(stats.submitted <= answered && answered <= stats.submitted + timeouts + cancelled);
    assert_eq!((stats.rejected_full, stats.timeouts <= timeouts), (full, true));
    // Each caller waits for its answers, so one worker ran its items in order.
    for (caller, items) in order.lock().unwrap().iter() {
        assert!(workers > 1 || items.is_sorted(), "caller {caller}: {items:?}");
    }
}

async fn call(batcher: DynamicBatcher<(u64, u64), u64>, seed: u64, caller: u64, each: u64) -> Counts {
    let mut random = Random(seed ^ (caller << 32));
    let mut counts = Counts::default();
    for i in 0..each {
        let what = random.next() % 10;
        let deadline = (what == 1).then(|| Duration::from_micros(random.next() % 2000));
        let options = ItemOptions { deadline, ..ItemOptions::default() };
        let answer = async {
            match what {
                2..5 => batcher.add_with((caller, i), options)?.await,
                _ => batcher.add_waiting_with((caller, i), options).await?.await,
            }
        };
        let patience = Duration::from_micros(if what == 0 { random.next() % 1000 } else { 100_000_000 });
        let sleep = std::pin::pin!(tokio::time::sleep(patience));
        match select(std::pin::pin!(answer), sleep).await {
            Either::Right(_) => counts.cancelled += 1,
            Either::Left((Ok(result), _)) => {
                assert_eq!(result, caller * 1_000_000 + i, "another item's result");
                counts.done += 1;
            }
            Either::Left((Err(error), _)) => match error {
                BatchError::ProcessingFailed(_) => counts.failed += 1,
                BatchError::Timeout => counts.timeouts += 1,
                BatchError::QueueFull => counts.full += 1,
                BatchError::Closed => counts.closed += 1,
                BatchError::Abandoned => counts.abandoned += 1,
                other => panic!("{other}"),
            },
        }
    }
    counts
}

#[test]
fn in_a_storm_each_gets_one_answer() {
    for workers in [1, 2] {
        storm(1, workers, 64, 60, None);
    }
}

#[test]
fn in_a_storm_that_is_shut_down_each_gets_one_answer() {
    for seed in 0..8 {
        storm(seed, 1 + seed as usize % 2, 32, 40, Some(Duration::from_millis(3 * seed)));
    }
}
