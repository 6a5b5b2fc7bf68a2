//! The speeds that the parallel layer promises, beside pariter and rayon's `par_bridge`, in one run:
//! `cargo bench -p omnilane-peers --bench parallel`.
//!
//! The calls of one comparison take turns, so that a slow moment of the machine hits all. What else runs on the machine
//! takes cores from several threads and not from one: speed-ups are therefore ratios of the fastest calls, and what plain
//! threads reach stands beside.

use omnilane::lanes::{LengthError, Simd, map};
use omnilane::memory::Image;
use omnilane::parallel::*;
use pariter::IteratorExt as _;
use rayon::iter::{ParallelBridge, ParallelIterator};
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

fn main() {
    println!("{} threads", optimal_thread_count());
    map_of_10_000();
    rows_of_exp();
    sleeping_stages();
    empty_stages();
    tiny_items();
}

/// The fastest of each of the calls, which take turns.
fn fastest<const N: usize>(rounds: usize, calls: [&mut dyn FnMut(); N]) -> [f64; N] {
    times(rounds, calls).map(|times| times[0])
}

/// Their median times.
fn medians<const N: usize>(rounds: usize, calls: [&mut dyn FnMut(); N]) -> [f64; N] {
    times(rounds, calls).map(|times| times[times.len() / 2])
}

fn times<const N: usize>(rounds: usize, mut calls: [&mut dyn FnMut(); N]) -> [Vec<f64>; N] {
    let mut times = [const { Vec::new() }; N];
    for round in 0..=rounds {
        for (call, times) in calls.iter_mut().zip(&mut times) {
            let start = Instant::now();
            call();
            if round > 0 {
                times.push(start.elapsed().as_secs_f64());
            }
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times
    })
}

fn at_least(what: &str, measured: f64, wanted: f64) {
    println!("  {what:<58} {measured:>8.3}  bar {wanted:>5.2}  {}", if measured >= wanted { "met" } else { "MISSED" });
}

fn at_most(what: &str, measured: f64, wanted: f64) {
    println!("  {what:<58} {measured:>8.3}  bar {wanted:>5.2}  {}", if measured <= wanted { "met" } else { "MISSED" });
}

fn line(what: &str, measured: f64) {
    println!("  {what:<58} {measured:>8.3}");
}

/// `n` calls in equal parts on plain threads.
fn plain_threads(n: usize, work: impl Fn(usize) + Sync) {
    let (threads, work) = (optimal_thread_count(), &work);
    thread::scope(|s| {
        for t in 0..threads {
            s.spawn(move || (t * n / threads..(t + 1) * n / threads).for_each(work));
        }
    });
}

/// About 20 us of arithmetic.
fn work(seed: u64) -> u64 {
    (0..14_000).fold(seed, |v, i| (v ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(23))
}

fn map_of_10_000() {
    let items: Vec<u64> = (0..10_000).collect();
    let [one, plain, map, chunked, unbalanced, bridge, peer] = fastest(
        15,
        [
            &mut || _ = black_box(items.iter().map(|v| work(*v)).collect::<Vec<_>>()),
            &mut || plain_threads(items.len(), |i| _ = black_box(work(items[i]))),
            &mut || _ = black_box(parallel_map(&items, |v| work(*v))),
            &mut || _ = black_box(parallel_map_chunked(&items, 64, |v| work(*v)).expect("a chunk")),
            &mut || _ = black_box(parallel_unbalanced(&items, |v| work(*v))),
            &mut || _ = black_box(items.iter().par_bridge().map(|v| work(*v)).collect::<Vec<_>>()),
            &mut || _ = black_box(items.clone().into_iter().parallel_map(work).collect::<Vec<_>>()),
        ],
    );
    println!("map of 10 000 items of {:.1} us: times faster than one thread", one / 1e4 * 1e6);
    line("plain threads with equal parts", one / plain);
    at_least("parallel_map", one / map, 1.9);
    at_least("parallel_map_chunked, 64", one / chunked, 1.9);
    at_least("parallel_unbalanced", one / unbalanced, 1.9);
    line("rayon par_bridge (loses the order)", one / bridge);
    line("pariter parallel_map", one / peer);
}

omnilane::kernel! {
    fn exp<S: Simd>(simd: S, src: &[f32], dst: &mut [f32]) -> Result<(), LengthError> {
        map(simd, src, dst, #[inline(always)] |v| v.exp())
    }
}

fn rows_of_exp() {
    let side = 2048;
    let src = Image::<f32, 1>::from_fn(side, side, |x, y| [((x * 7) ^ (y * 13)) as f32 / 1000.0]).expect("memory");
    let (mut a, mut b, mut c, mut d) = (src.clone(), src.clone(), src.clone(), src.clone());
    let [one, several, bridge, plain] = fastest(
        101,
        [
            &mut || {
                for (src, dst) in src.view().rows().zip(a.view_mut().rows_mut()) {
                    exp(src, dst).expect("equal lengths");
                }
            },
            &mut || {
                let done = parallel_zip_rows(src.view(), &mut b.view_mut(), 1, |src, dst| {
                    for (src, dst) in src.rows().zip(dst.rows_mut()) {
                        exp(src, dst).expect("equal lengths");
                    }
                });
                done.expect("equal sizes");
            },
            &mut || {
                src.view().rows().zip(c.view_mut().rows_mut()).par_bridge().for_each(|(src, dst)| {
                    exp(src, dst).expect("equal lengths");
                });
            },
            &mut || {
                let (threads, src) = (optimal_thread_count(), src.view());
                let (mut rest, mut top) = (d.view_mut(), 0);
                thread::scope(|s| {
                    for t in 1..=threads {
                        let rows = t * side / threads - top;
                        let (mut band, below) = rest.split_rows_mut(rows).expect("inside");
                        let from = src.subview(0, top, side, rows).expect("inside");
                        (rest, top) = (below, top + rows);
                        s.spawn(move || {
                            for (src, dst) in from.rows().zip(band.rows_mut()) {
                                exp(src, dst).expect("equal lengths");
                            }
                        });
                    }
                });
            },
        ],
    );
    assert!(a == b && a == c && a == d, "the same bits");
    println!("exp of {side} x {side} f32, {:.2} ms on one thread: times faster than that", one * 1e3);
    line("plain threads with equal parts", one / plain);
    at_least("parallel_zip_rows", one / several, 1.8);
    line("rayon par_bridge over rows", one / bridge);
}

/// Three stages of 10 ms, 50 items: one after the other 1.5 s, ideal 0.52 s.
fn sleeping_stages() {
    fn sleep(v: u32) -> u32 {
        thread::sleep(Duration::from_millis(10));
        v
    }
    let [ours, peer] = medians(
        3,
        [
            &mut || {
                let pipeline = Pipeline3::new(Stage::serial(sleep), Stage::serial(sleep), Stage::serial(sleep));
                assert_eq!(pipeline.execute(0..50).expect("no error").len(), 50);
            },
            &mut || {
                // Its last stage runs on the consumer's thread.
                let stages = (0..50).map(sleep).readahead().map(sleep).readahead().map(sleep);
                assert_eq!(stages.collect::<Vec<_>>().len(), 50);
            },
        ],
    );
    println!("three stages of 10 ms over 50 items: seconds (ideal 0.52)");
    at_most("Pipeline3", ours, 0.56);
    line("pariter readahead", peer);
}

fn empty_stages() {
    const N: u64 = 200_000;
    let drain = |alive: Option<usize>| {
        let mut pipeline = PipelineExecutor::new(Stage::serial(|v: u64| v + 1), Stage::serial(|v: u64| v ^ 1));
        if let Some(n) = alive {
            pipeline = pipeline.items_alive(n).expect("above 0");
        }
        assert_eq!(pipeline.run(0..N).expect("threads").count() as u64, N);
    };
    let [default, many, peer] = medians(
        5,
        [&mut || drain(None), &mut || drain(Some(256)), &mut || {
            let stages = (0..N).map(|v| v + 1).readahead().map(|v| v ^ 1).readahead();
            assert_eq!(stages.collect::<Vec<_>>().len() as u64, N);
        }],
    );
    println!("two empty stages, {N} items: us for each item and stage");
    let each = |seconds: f64| seconds * 1e6 / N as f64 / 2.0;
    at_most("PipelineExecutor, 256 items alive", each(many), 1.0);
    at_most("PipelineExecutor, 4 items alive (the default)", each(default), 1.0);
    line("pariter readahead", each(peer));
}

/// What a call costs where there is nothing to gain.
fn tiny_items() {
    let (few, many): (Vec<u32>, Vec<u32>) = ((0..100).collect(), (0..10_000_000).collect());
    let [one, ours] = medians(
        201,
        [&mut || _ = black_box(few.iter().map(|v| v ^ 5).collect::<Vec<_>>()), &mut || {
            _ = black_box(parallel_map(&few, |v| v ^ 5));
        }],
    );
    println!("tiny items");
    line("100 items: us more than one thread takes", (ours - one) * 1e6);
    let [one, ours] = medians(
        7,
        [&mut || _ = black_box(many.iter().map(|v| v ^ 5).collect::<Vec<_>>()), &mut || {
            _ = black_box(parallel_map(&many, |v| v ^ 5));
        }],
    );
    line("10 million items: times faster than one thread", one / ours);
}
