//! Pools and arenas beside the allocator.

use super::measure::{Bar, Spread, faster, time};
use omnilane::memory::{Arena, BufferPool};
use std::hint::black_box;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

const KB: usize = 1 << 10;

/// Every bar of the pools and arenas that needs no other library.
pub fn all() -> Vec<Bar> {
    let mut bars = one_call();
    for (name, n) in [("64 KB", 64 * KB), ("1 MB", 1024 * KB)] {
        bars.push(zeroed_allocation(name, n));
    }
    bars.extend([two_threads(), arena()]);
    bars
}

fn pool() -> BufferPool<u8> {
    BufferPool::builder().class(KB).class(64 * KB).class(1024 * KB).track_leaks(false).build().expect("three classes")
}

fn one_call() -> Vec<Bar> {
    let pool = pool();
    let bar = |(form, zeroed)| {
        let mut call = || {
            let buffer = pool.get_uninit(black_box(KB)).expect("memory");
            if zeroed {
                black_box(&mut buffer.zeroed()[..]);
            } else {
                black_box(&mut { buffer }[..]);
            }
        };
        let ns = Spread::of((0..101).map(|_| time(20_000, &mut call)).collect());
        Bar::at_most(format!("pool, 1 KB {form}: ns for get and return"), ns, 40.0)
    };
    [("still to be written", false), ("zeroed", true)].map(bar).into()
}

fn zeroed_allocation(name: &str, n: usize) -> Bar {
    let pool = pool();
    let measured = faster(
        || _ = black_box(&mut pool.get_uninit(black_box(n)).expect("memory")[..]),
        || _ = black_box(&mut vec![0u8; black_box(n)][..]),
    );
    Bar::at_least(format!("pool, {name} still to be written: times faster than a zeroed Vec"), measured, 10.0)
}

/// Seconds that two threads take for their calls, on the given pools.
fn both(pools: [&BufferPool<u8>; 2]) -> f64 {
    const CALLS: usize = 50_000;
    let start = Barrier::new(2);
    let run = |pool: &BufferPool<u8>| {
        // Neither counts the first buffer, nor the start of the other thread.
        drop(pool.get_uninit(KB).expect("memory"));
        start.wait();
        let begin = Instant::now();
        for _ in 0..CALLS {
            black_box(&mut pool.get_uninit(black_box(KB)).expect("memory")[..]);
        }
        begin.elapsed().as_secs_f64()
    };
    thread::scope(|s| {
        let other = s.spawn(|| run(pools[1]));
        run(pools[0]).max(other.join().expect("no panic"))
    })
}

fn two_threads() -> Bar {
    let (shared, own) = (pool(), [pool(), pool()]);
    let (mut of_shared, mut of_own) = (Vec::new(), Vec::new());
    for _ in 0..51 {
        of_shared.push(both([&shared, &shared]));
        of_own.push(both([&own[0], &own[1]]));
    }
    let measured = Spread::ratio(&of_shared, &of_own);
    Bar::at_least("pool, two threads on one: share of the speed of two with one each", measured, 0.95)
}

fn arena() -> Bar {
    let mut arena = Arena::with_capacity(1 << 20).expect("memory");
    let mut all: Vec<Vec<u8>> = Vec::with_capacity(10_000);
    let measured = faster(
        || {
            for i in 0..10_000 {
                black_box(&mut *arena.alloc_slice::<u8>(black_box(8 + i % 57)).expect("memory"));
            }
            arena.reset();
        },
        || {
            for i in 0..10_000 {
                all.push(vec![0; black_box(8 + i % 57)]);
            }
            black_box(&mut all).clear();
        },
    );
    Bar::at_least("arena, 10 000 slices of 8 to 64 zeros: times faster than as many Vecs", measured, 10.0)
}
