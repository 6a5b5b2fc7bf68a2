//! Maps over threads; after each size, how many times faster than one thread.

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use omnilane::parallel::{self, optimal_thread_count, set_thread_count};
use std::hint::black_box;
use std::time::Instant;

/// Some microseconds of arithmetic.
fn work(seed: &u64) -> u64 {
    (0..4000).fold(*seed, |v, i| (v ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23))
}

pub fn parallel_map(c: &mut Criterion) {
    let threads = optimal_thread_count();
    let mut group = c.benchmark_group("parallel_map");
    group.sampling_mode(SamplingMode::Flat);
    for n in [100, 1000, 10_000] {
        let items: Vec<u64> = (0..n).collect();
        group.throughput(Throughput::Elements(n));
        // The shortest time of a call; none if a filter leaves it out.
        let mut best = [f64::INFINITY; 2];
        let mut run = |name: String, best: &mut f64, call: &dyn Fn() -> Vec<u64>| {
            group.bench_function(BenchmarkId::new(name, n), |b| {
                b.iter_custom(|calls| {
                    let start = Instant::now();
                    for _ in 0..calls {
                        black_box(call());
                    }
                    let time = start.elapsed();
                    *best = best.min(time.as_secs_f64() / calls as f64);
                    time
                });
            });
        };
        run("plain".into(), &mut best[0], &|| black_box(&items).iter().map(work).collect());
        for threads in if threads > 1 { vec![1, threads] } else { vec![1] } {
            set_thread_count(threads).expect("threads");
            let name = format!("{threads} thread{}", if threads > 1 { "s" } else { "" });
            run(name, &mut best[1], &|| parallel::parallel_map(black_box(&items), work));
        }
        set_thread_count(0).expect("threads");
        if best.iter().all(|time| time.is_finite()) {
            println!("parallel_map of {n}: {:.2} times faster than plain Rust on one thread", best[0] / best[1]);
        }
    }
    group.finish();
}
