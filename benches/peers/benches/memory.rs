//! Pools beside opool, object-pool and the allocator; arenas beside bumpalo and Vec:
//! `cargo bench -p omnilane-peers --bench memory`.
//!
//! The peers hand out a `Vec` as it was returned, old bytes included; omnilane's "uninit" is the form that costs the same, and
//! its "zeros" the one that a caller without `unsafe` gets.

#![allow(missing_docs, reason = "criterion's macros")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use omnilane::memory::{Arena, BufferPool};
use std::hint::black_box;
use std::thread;
use std::time::Instant;

const KB: usize = 1 << 10;
const SIZES: [(&str, usize); 3] = [("1 KB", KB), ("64 KB", 64 * KB), ("1 MB", 1024 * KB)];

/// A vector of that length, for opool.
struct Bytes(usize);

impl opool::PoolAllocator<Vec<u8>> for Bytes {
    fn allocate(&self) -> Vec<u8> {
        vec![0; self.0]
    }
}

fn ours(n: usize) -> BufferPool<u8> {
    BufferPool::builder().class(n).track_leaks(false).build().expect("a class")
}

fn get_and_return(c: &mut Criterion) {
    let mut group = c.benchmark_group("get and return");
    for (name, n) in SIZES {
        let pool = ours(n);
        group.bench_function(BenchmarkId::new("omnilane uninit", name), |b| {
            b.iter(|| _ = black_box(&mut pool.get_uninit(black_box(n)).expect("memory")[..]));
        });
        group.bench_function(BenchmarkId::new("omnilane zeros", name), |b| {
            b.iter(|| _ = black_box(&mut pool.get(black_box(n)).expect("memory")[..]));
        });
        let pool = opool::Pool::new_prefilled(8, Bytes(n));
        group.bench_function(BenchmarkId::new("opool", name), |b| b.iter(|| _ = black_box(&mut pool.get()[..])));
        let pool = opool::Pool::new_prefilled(8, Bytes(n)).to_rc();
        group.bench_function(BenchmarkId::new("opool owned", name), |b| {
            b.iter(|| _ = black_box(&mut pool.clone().get_rc()[..]));
        });
        let pool = object_pool::Pool::new(8, || vec![0u8; n]);
        group.bench_function(BenchmarkId::new("object-pool", name), |b| {
            b.iter(|| _ = black_box(&mut pool.pull(|| vec![0; n])[..]));
        });
        group.bench_function(BenchmarkId::new("zeroed Vec", name), |b| {
            b.iter(|| _ = black_box(&mut vec![0u8; black_box(n)][..]));
        });
    }
    group.finish();
}

/// Two threads do `calls` calls each.
fn both(calls: u64, call: impl Fn() + Sync) -> std::time::Duration {
    let start = Instant::now();
    thread::scope(|s| {
        for _ in 0..2 {
            s.spawn(|| (0..calls).for_each(|_| call()));
        }
    });
    start.elapsed()
}

fn two_threads(c: &mut Criterion) {
    let mut group = c.benchmark_group("two threads, 1 KB");
    let pool = ours(KB);
    group.bench_function("omnilane uninit", |b| {
        b.iter_custom(|n| both(n, || _ = black_box(&mut pool.get_uninit(black_box(KB)).expect("memory")[..])));
    });
    let pool = opool::Pool::new_prefilled(8, Bytes(KB));
    group.bench_function("opool", |b| b.iter_custom(|n| both(n, || _ = black_box(&mut pool.get()[..]))));
    let pool = object_pool::Pool::new(8, || vec![0u8; KB]);
    group.bench_function("object-pool", |b| {
        b.iter_custom(|n| both(n, || _ = black_box(&mut pool.pull(|| vec![0; KB])[..])));
    });
    group.bench_function("zeroed Vec", |b| {
        b.iter_custom(|n| both(n, || _ = black_box(&mut vec![0u8; black_box(KB)][..])));
    });
    group.finish();
}

fn small_allocations(c: &mut Criterion) {
    const N: usize = 10_000;
    let mut group = c.benchmark_group("10 000 slices of 8 to 64 zeros");
    group.throughput(Throughput::Elements(N as u64));
    let mut arena = Arena::with_capacity(1 << 20).expect("memory");
    group.bench_function("omnilane Arena", |b| {
        b.iter(|| {
            for i in 0..N {
                black_box(&mut *arena.alloc_slice::<u8>(black_box(8 + i % 57)).expect("memory"));
            }
            arena.reset();
        });
    });
    let mut bump = bumpalo::Bump::with_capacity(1 << 20);
    group.bench_function("bumpalo", |b| {
        b.iter(|| {
            for i in 0..N {
                black_box(bump.alloc_slice_fill_copy(black_box(8 + i % 57), 0u8));
            }
            bump.reset();
        });
    });
    let mut all: Vec<Vec<u8>> = Vec::with_capacity(N);
    group.bench_function("Vec", |b| {
        b.iter(|| {
            for i in 0..N {
                all.push(vec![0; black_box(8 + i % 57)]);
            }
            black_box(&mut all).clear();
        });
    });
    group.finish();
}

criterion_group!(benches, get_and_return, two_threads, small_allocations);
criterion_main!(benches);
