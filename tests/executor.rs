//! The async executor: every result at its place, never more at once than allowed, whoever goes away.

mod threads;

use omnilane::cpu::{Isa, current_isa, with_isa};
use omnilane::parallel::*;
use std::collections::HashSet;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;
use threads::{Peak, within_a_minute};

/// The number of threads is the process's: tests that need one take turns.
static SETTING: Mutex<()> = Mutex::new(());

fn with_threads(n: usize) -> MutexGuard<'static, ()> {
    let guard = SETTING.lock().unwrap_or_else(PoisonError::into_inner);
    set_thread_count(n).unwrap();
    guard
}

/// A runtime with one thread, which also runs the futures.
fn block_on<R>(future: impl Future<Output = R>) -> R {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn executor(limit: usize) -> AsyncParallelExecutor {
    AsyncParallelExecutor::new(limit).unwrap()
}

/// A door that work waits at.
#[derive(Clone, Default)]
struct Door(Arc<(Mutex<bool>, Condvar)>);

impl Door {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let mut open = self.0.0.lock().unwrap();
        while !*open {
            open = self.0.1.wait(open).unwrap();
        }
    }
}

fn wait_until(what: impl Fn() -> bool) {
    while !what() {
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_limit_of_nothing_is_an_error() {
    for limit in [0, usize::MAX] {
        let error = AsyncParallelExecutor::new(limit).unwrap_err();
        assert!(matches!(error, ParallelError::Limit { limit: l, .. } if l == limit), "{error:?}");
        assert!(error.to_string().starts_with(&format!("limit: {limit} tasks at once, it must be 1 to ")), "{error}");
    }
    let _guard = with_threads(3);
    assert_eq!(AsyncParallelExecutor::with_optimal_limit().unwrap().limit(), optimal_thread_count());
}

#[test]
fn results_stand_in_the_order_of_the_items() {
    within_a_minute(|| {
        for limit in [1, 2, 7, 1000] {
            let executor = executor(limit);
            for n in [0, 1, 2, 100] {
                let items: Vec<u64> = (0..n).collect();
                let f = |v: u64| {
                    if v.is_multiple_of(7) {
                        thread::yield_now();
                    }
                    v * v
                };
                let results = block_on(executor.execute(items.clone(), f));
                let values: Vec<u64> = results.into_iter().map(Result::unwrap).collect();
                assert_eq!(values, items.iter().map(|v| v * v).collect::<Vec<_>>());
                assert_eq!(executor.available(), limit, "every permit is back");
            }
        }
    });
}

#[test]
fn many_tiny_items() {
    within_a_minute(|| {
        let results = block_on(executor(3).execute((0..200_000u32).collect(), |v| v ^ 1));
        assert!(
            results.len() == 200_000 && results.iter().zip(0..).all(|(r, i): (_, u32)| *r.as_ref().unwrap() == i ^ 1)
        );
    });
}

/// In the earlier code, tasks that panicked vanished, and every result after them belonged to another input.
#[test]
fn a_panic_is_an_error_at_its_place() {
    within_a_minute(|| {
        let executor = executor(2);
        let results = block_on(executor.execute((0..50u32).collect(), |v| {
            assert!(v % 10 != 3, "item {v} on purpose");
            if v == 44 {
                std::panic::panic_any(44u8);
            }
            v
        }));
        assert_eq!(results.len(), 50);
        for (i, result) in (0..).zip(&results) {
            match result {
                Ok(v) => assert_eq!(*v, i),
                Err(e) if i == 44 => assert_eq!(e.message(), "a panic without a text"),
                Err(e) => assert_eq!(e.to_string(), format!("task: it panicked: item {i} on purpose")),
            }
            assert_eq!(result.is_err(), i % 10 == 3 || i == 44);
        }
        let payload = results.into_iter().nth(44).unwrap().unwrap_err().into_payload();
        assert_eq!(*payload.downcast::<u8>().unwrap(), 44);
        assert_eq!(executor.available(), 2, "a panic takes no permit along");
        assert_eq!(*block_on(executor.execute(vec![1], |v| v))[0].as_ref().unwrap(), 1);
    });
}

#[test]
fn one_failure_does_not_lose_the_others() {
    within_a_minute(|| {
        let results = block_on(executor(2).execute_result(vec!["1", "x", "3", "panic", "5"], |text| {
            assert!(text != "panic", "on purpose");
            text.parse::<u32>()
        }));
        let texts: Vec<String> = results
            .iter()
            .map(|r| match r {
                Ok(v) => v.to_string(),
                Err(e) => e.to_string(),
            })
            .collect();
        assert_eq!(texts, ["1", "task: invalid digit found in string", "3", "task: it panicked: on purpose", "5"]);
        assert!(matches!(results[1], Err(TaskError::Failed(_))) && matches!(results[3], Err(TaskError::Panicked(_))));
    });
}

#[test]
fn as_many_at_once_as_allowed_and_no_more() {
    within_a_minute(|| {
        let _guard = with_threads(6);
        for limit in [1, 2, 5] {
            // Exactly `limit` at once, or the barrier holds all.
            let (barrier, peak) = (Barrier::new(limit), Peak::default());
            let seen = peak.clone();
            let executor = executor(limit);
            let results = block_on(executor.execute((0..limit * 8).collect(), move |v: usize| {
                peak.enter();
                barrier.wait();
                peak.leave();
                v
            }));
            assert_eq!(results.len(), limit * 8);
            assert_eq!(seen.most(), limit);
        }
        // Several calls and clones share the limit.
        let (executor, peak) = (executor(2), Peak::default());
        let calls: Vec<_> = (0..4)
            .map(|_| {
                let (executor, peak) = (executor.clone(), peak.clone());
                thread::spawn(move || {
                    block_on(executor.execute((0..50).collect(), move |v: u32| {
                        peak.enter();
                        thread::yield_now();
                        peak.leave();
                        v
                    }))
                    .len()
                })
            })
            .collect();
        assert_eq!(calls.into_iter().map(|call| call.join().unwrap()).sum::<usize>(), 200);
        assert!(peak.most() <= 2, "{} at once", peak.most());
    });
}

/// What counts how often it is dropped.
struct Item(Arc<AtomicUsize>);

impl Drop for Item {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// In the earlier code a permit belonged to the caller: when it went away its work ran on, beside that of the next.
#[test]
fn a_dropped_future_cannot_exceed_the_limit() {
    within_a_minute(|| {
        let _guard = with_threads(4);
        let (executor, peak, door, dropped) =
            (executor(2), Peak::default(), Door::default(), Arc::new(AtomicUsize::new(0)));
        let ran = Arc::new(AtomicUsize::new(0));
        {
            let items: Vec<Item> = (0..10).map(|_| Item(Arc::clone(&dropped))).collect();
            let (peak, door, began) = (peak.clone(), door.clone(), Arc::clone(&ran));
            let mut future = pin!(executor.execute(items, move |_| {
                peak.enter();
                began.fetch_add(1, SeqCst);
                door.pass();
                peak.leave();
            }));
            assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            wait_until(|| ran.load(SeqCst) == 2);
        }
        // The caller is gone: what had not begun is dropped, what runs keeps its permits.
        assert_eq!((executor.available(), dropped.load(SeqCst)), (0, 8));
        let other = {
            let (executor, peak) = (executor.clone(), peak.clone());
            thread::spawn(move || {
                block_on(executor.execute((0..20).collect(), move |v: u32| {
                    peak.enter();
                    thread::yield_now();
                    peak.leave();
                    v
                }))
            })
        };
        thread::sleep(Duration::from_millis(20));
        assert_eq!(peak.now(), 2, "nobody else got in");
        door.open();
        assert_eq!(other.join().unwrap().len(), 20);
        assert_eq!((peak.most(), ran.load(SeqCst)), (2, 2));
        wait_until(|| executor.available() == 2 && dropped.load(SeqCst) == 10);
    });
}

#[test]
fn a_future_that_was_never_polled_does_nothing() {
    let (executor, ran) = (executor(1), Arc::new(AtomicUsize::new(0)));
    let also = Arc::clone(&ran);
    drop(executor.execute(vec![1, 2], move |_: u8| also.fetch_add(1, SeqCst)));
    assert_eq!((ran.load(SeqCst), executor.available()), (0, 1));
}

/// In the earlier code the caller took the permits one by one before it spawned: a caller that was not polled held up its
/// own work, and with the permit that it had been given, everybody else's.
#[test]
fn work_goes_on_while_nobody_polls() {
    within_a_minute(|| {
        let executor = executor(1);
        let ran = Arc::new(AtomicUsize::new(0));
        let also = Arc::clone(&ran);
        let mut sleepy = pin!(executor.execute((0..30).collect(), move |v: u32| {
            also.fetch_add(1, SeqCst);
            v
        }));
        // The work may be done before the poll ends; the future must not be polled again then.
        let early = sleepy.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        wait_until(|| ran.load(SeqCst) == 30);
        // Somebody else gets the permit although the first caller still has not looked.
        assert_eq!(block_on(executor.execute(vec![5], |v| v)).len(), 1);
        let results = match early {
            Poll::Ready(results) => results,
            Poll::Pending => block_on(sleepy),
        };
        assert_eq!(results.len(), 30);
    });
}

#[test]
fn the_async_thread_stays_free() {
    within_a_minute(|| {
        let executor = executor(1);
        let (send, wait) = mpsc::channel::<u32>();
        let wait = Mutex::new(wait);
        let (results, here) = block_on(async {
            // The work ends only if another task of the same thread runs meanwhile.
            let work =
                executor.execute(vec![()], move |()| (wait.lock().unwrap().recv().unwrap(), thread::current().id()));
            let (results, ()) = tokio::join!(work, async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                send.send(9).unwrap();
            });
            (results, thread::current().id())
        });
        let (value, place) = *results[0].as_ref().unwrap();
        assert_eq!(value, 9);
        assert_ne!(place, here);
    });
}

/// A long queue of tasks does not keep maps waiting: they have other threads.
#[test]
fn maps_run_beside_tasks() {
    within_a_minute(|| {
        let _guard = with_threads(2);
        let (executor, door) = (executor(2), Door::default());
        let wait = door.clone();
        let mut tasks = pin!(executor.execute(vec![0u8; 6], move |_| wait.pass()));
        assert!(tasks.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let barrier = Barrier::new(2);
        assert_eq!(
            parallel_unbalanced(&[1, 2], |v| {
                barrier.wait();
                *v
            }),
            [1, 2]
        );
        door.open();
        assert_eq!(block_on(tasks).len(), 6);
    });
}

#[test]
fn nested_use_does_not_deadlock() {
    within_a_minute(|| {
        for threads in [1, 2] {
            let _guard = with_threads(threads);
            let executor = executor(2);
            let inner = executor.clone();
            let results = block_on(executor.execute((0..20usize).collect(), move |v| {
                let map: usize = parallel_map_indexed(40, |i| i * v).iter().sum();
                let stages = PipelineExecutor::new(Stage::serial(|v| v), Stage::serial(|v: usize| v + 1));
                // Polled once: it must not need this thread.
                let started = pin!(inner.execute(vec![0], |v| v)).poll(&mut Context::from_waker(Waker::noop()));
                assert!(matches!(started, Poll::Pending) || started.is_ready());
                map + stages.execute([v]).unwrap()[0]
            }));
            for (v, result) in results.iter().enumerate() {
                assert_eq!(*result.as_ref().unwrap(), 780 * v + v + 1);
            }
        }
    });
}

#[test]
fn a_forced_instruction_set_holds_in_the_tasks() {
    within_a_minute(|| {
        for isa in Isa::available() {
            let future = with_isa(isa, || executor(2).execute(vec![0u8; 20], |_| current_isa())).unwrap();
            let places: HashSet<Isa> = block_on(future).into_iter().map(Result::unwrap).collect();
            assert_eq!(places, HashSet::from([isa]));
        }
    });
}

/// What the closure holds may panic when it is dropped: results and permits are there all the same.
#[test]
fn a_panic_in_a_drop_loses_nothing() {
    struct Explosive;
    impl Drop for Explosive {
        fn drop(&mut self) {
            assert!(thread::panicking(), "dropped on purpose");
        }
    }
    within_a_minute(|| {
        let executor = executor(1);
        let results = block_on(executor.execute(vec![Explosive, Explosive], |item| {
            drop(item);
            1
        }));
        assert!(
            results.len() == 2
                && results.iter().all(|r| r.as_ref().is_err_and(|e| e.message() == "dropped on purpose"))
        );
        assert_eq!(executor.available(), 1);
    });
}
