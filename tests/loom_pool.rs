//! The pool's hand-over under every order of the threads' steps: see CONTRIBUTING.md for the command.
//!
//! In the model a pool has two shards with one place each. Every buffer carries a cell that the model watches: an owner who
//! is not alone, or does not see what the owner before did, is a failure; so is a buffer or a book that is never freed.

#![cfg(loom)]

use loom::thread;
use omnilane::memory::{BufferPool, PooledBuffer};

fn pool(max_retained_bytes: usize) -> BufferPool<u8> {
    BufferPool::builder().class(64).max_retained_bytes(max_retained_bytes).track_leaks(false).build().unwrap()
}

/// Every order with at most three switches of the thread where it could have gone on.
fn model(f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// Writes, lets others run, and finds what it wrote.
fn mine(mut buffer: PooledBuffer<u8>, mark: u8) {
    buffer.fill(mark);
    thread::yield_now();
    assert!(buffer.iter().all(|v| *v == mark));
}

#[test]
fn two_threads_take_and_return() {
    model(|| {
        let pool = pool(128);
        let other = {
            let pool = pool.clone();
            thread::spawn(move || mine(pool.get(64).unwrap(), 1))
        };
        mine(pool.get(64).unwrap(), 2);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.outstanding, stats.hits + stats.misses), (0, 2));
        assert!(stats.retained_bytes <= 128 && stats.retained == stats.misses, "{stats:?}");
    });
}

#[test]
fn one_returns_what_the_other_took() {
    model(|| {
        let pool = pool(64);
        let buffer = pool.get(64).unwrap();
        let other = thread::spawn(move || mine(buffer, 1));
        mine(pool.get(64).unwrap(), 2);
        other.join().unwrap();
        let stats = pool.stats();
        assert_eq!((stats.outstanding, stats.retained_bytes), (0, 64), "one is kept, the other is not");
    });
}

#[test]
fn one_buffer_is_never_in_two_hands() {
    model(|| {
        let pool = pool(64);
        drop(pool.get(64).unwrap());
        let other = {
            let pool = pool.clone();
            thread::spawn(move || mine(pool.get(64).unwrap(), 1))
        };
        mine(pool.get(64).unwrap(), 2);
        other.join().unwrap();
        assert!(pool.stats().retained_bytes <= 64);
    });
}

#[test]
fn a_return_meets_the_end_of_the_pool() {
    model(|| {
        let pool = pool(128);
        let (a, b) = (pool.get(64).unwrap(), pool.get(64).unwrap());
        let other = thread::spawn(move || drop(a));
        drop(b);
        drop(pool);
        other.join().unwrap();
    });
}

#[test]
fn a_return_meets_a_trim() {
    model(|| {
        let pool = pool(64);
        let (a, b) = (pool.get(64).unwrap(), pool.get(64).unwrap());
        drop(b);
        let other = thread::spawn(move || drop(a));
        pool.trim();
        other.join().unwrap();
        let stats = pool.stats();
        assert!(stats.outstanding == 0 && stats.retained_bytes <= 64, "{stats:?}");
        pool.trim();
        assert_eq!(pool.stats().retained, 0);
    });
}

#[test]
fn a_strict_pool_never_has_more() {
    model(|| {
        let builder = BufferPool::<u8>::builder().class_limited(64, 64).strict(true).track_leaks(false);
        let pool = builder.build().unwrap();
        let other = {
            let pool = pool.clone();
            thread::spawn(move || {
                pool.get(64).is_ok_and(|buffer| {
                    mine(buffer, 1);
                    true
                })
            })
        };
        let here = pool.get(64).is_ok_and(|buffer| {
            mine(buffer, 2);
            true
        });
        assert!(other.join().unwrap() || here, "the first to ask gets it");
        assert!(pool.class_stats()[0].high_water <= 1);
    });
}
