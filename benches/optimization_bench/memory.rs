//! Pools and arenas beside the allocator. They are the same on every instruction set.

use criterion::{BenchmarkId, Criterion, Throughput};
use omnilane::memory::{Arena, BufferPool};
use std::hint::black_box;

const KB: usize = 1 << 10;

pub fn buffer_pool(c: &mut Criterion) {
    let mut group = c.benchmark_group("buffer_pool");
    let pool = BufferPool::<u8>::builder().class(KB).class(64 * KB).class(1024 * KB).track_leaks(false);
    let pool = pool.build().expect("three classes");
    for (size, n) in [("1 KB", KB), ("64 KB", 64 * KB), ("1 MB", 1024 * KB)] {
        group.bench_function(BenchmarkId::new("pool, still to be written", size), |b| {
            b.iter(|| _ = black_box(&mut pool.get_uninit(black_box(n)).expect("memory")[..]));
        });
        group.bench_function(BenchmarkId::new("pool, zeroed", size), |b| {
            b.iter(|| _ = black_box(&mut pool.get(black_box(n)).expect("memory")[..]));
        });
        group.bench_function(BenchmarkId::new("plain zeroed Vec", size), |b| {
            b.iter(|| _ = black_box(&mut vec![0u8; black_box(n)][..]));
        });
    }
    group.finish();
}

/// `n` slices of 8 to 64 zeros, all alive, then all gone.
pub fn operations(c: &mut Criterion) {
    let mut group = c.benchmark_group("memory_operations");
    for n in [100, 10_000] {
        group.throughput(Throughput::Elements(n as u64));
        let mut arena = Arena::with_capacity(1 << 20).expect("memory");
        group.bench_function(BenchmarkId::new("arena", n), |b| {
            b.iter(|| {
                for i in 0..n {
                    black_box(&mut *arena.alloc_slice::<u8>(black_box(8 + i % 57)).expect("memory"));
                }
                arena.reset();
            });
        });
        let mut all: Vec<Vec<u8>> = Vec::with_capacity(n);
        group.bench_function(BenchmarkId::new("plain Vecs", n), |b| {
            b.iter(|| {
                all.extend((0..n).map(|i| vec![0u8; black_box(8 + i % 57)]));
                black_box(&mut all).clear();
            });
        });
    }
    group.finish();
}
