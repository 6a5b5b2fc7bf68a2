//! Maps over slices and ranges.

use super::ParallelError;
use super::threads::{Pools, for_maps};
use crate::cpu::Captured;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelExtend, ParallelIterator};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Work below this time is done before other threads have woken up.
const SMALL: Duration = Duration::from_micros(40);
/// The calling thread tries this part of one thread's share alone.
const TRIED: usize = 16;
/// Chunks for each thread where the caller does not choose: few enough to cost nothing, and enough that a thread which the
/// system interrupts keeps the others waiting for a few hundredths of the time at most.
const FINE: usize = 32;

/// `f` of each item, in the order of the items.
///
/// Kernels that `f` calls run on the caller's instruction set, in every thread. Runs on the calling thread if there is
/// only one item or one thread, or if the first items (1/16 of one thread's share, from 16 items a thread on) say that
/// all of them take less than 40 us.
///
/// ```
/// let squares = omnilane::parallel::parallel_map(&[1, 2, 3], |x| x * x);
/// assert_eq!(squares, [1, 4, 9]);
/// ```
///
/// # Panics
/// If `f` panics, with what it panicked with, after every thread has stopped.
pub fn parallel_map<T: Sync, U: Send>(items: &[T], f: impl Fn(&T) -> U + Sync) -> Vec<U> {
    run(items.len(), Chunk::PerThread(FINE), |i| f(&items[i]))
}

/// `f` of each number from 0 to `n - 1`, in order; as [`parallel_map`].
///
/// ```
/// let table = omnilane::parallel::parallel_map_indexed(4, |i| i * 10);
/// assert_eq!(table, [0, 10, 20, 30]);
/// ```
///
/// # Panics
/// As [`parallel_map`].
pub fn parallel_map_indexed<U: Send>(n: usize, f: impl Fn(usize) -> U + Sync) -> Vec<U> {
    run(n, Chunk::PerThread(FINE), f)
}

/// [`parallel_map`] in which a thread takes at least `chunk` neighbours at once, and less than twice as many.
///
/// `None` is `max(1, n / (4 * threads))`: four chunks for each thread. Large chunks cost less, small ones spread uneven
/// work better. If all items are one chunk, it runs on the calling thread.
///
/// ```
/// use omnilane::parallel::parallel_map_chunked;
///
/// assert_eq!(parallel_map_chunked(&[1, 2, 3], 2, |x| x * x)?, [1, 4, 9]);
/// assert!(parallel_map_chunked(&[1, 2, 3], 0, |x| x * x).is_err());
/// # Ok::<(), omnilane::parallel::ParallelError>(())
/// ```
///
/// # Errors
/// [`ParallelError::ChunkSize`] if `chunk` is 0.
///
/// # Panics
/// As [`parallel_map`].
pub fn parallel_map_chunked<T: Sync, U: Send>(
    items: &[T],
    chunk: impl Into<Option<usize>>,
    f: impl Fn(&T) -> U + Sync,
) -> Result<Vec<U>, ParallelError> {
    let chunk = match chunk.into() {
        Some(0) => return Err(ParallelError::ChunkSize),
        Some(items) => Chunk::Items(items),
        None => Chunk::PerThread(4),
    };
    Ok(run(items.len(), chunk, |i| f(&items[i])))
}

/// How many neighbours a thread takes at once: a number, or so many shares for each thread.
#[derive(Clone, Copy)]
enum Chunk {
    Items(usize),
    PerThread(usize),
}

fn run<U: Send>(n: usize, chunk: Chunk, f: impl Fn(usize) -> U + Sync) -> Vec<U> {
    let one_chunk = n < 2 || matches!(chunk, Chunk::Items(items) if items >= n);
    let Some(pools) = (if one_chunk { None } else { for_maps() }) else {
        return (0..n).map(f).collect();
    };
    let mut out = Vec::with_capacity(n);
    begin(&mut out, n, &pools, &f);
    if out.len() < n {
        let (done, isa) = (out.len(), Captured::here());
        let chunk = match chunk {
            Chunk::Items(items) => items,
            Chunk::PerThread(shares) => (n / (shares * pools.threads())).max(1),
        };
        pools.install(|| {
            let rest = (done..n).into_par_iter().with_min_len(chunk).with_max_len(chunk);
            out.par_extend(rest.map_init(|| isa.enter(), |_, i| f(i)));
        });
    }
    out
}

/// The first items on the calling thread, and all of them if they are that quick.
fn begin<U>(out: &mut Vec<U>, n: usize, pools: &Arc<Pools>, f: &impl Fn(usize) -> U) {
    let most = n / (TRIED * pools.threads());
    let start = Instant::now();
    let mut end = most.min(1);
    while out.len() < end {
        out.extend((out.len()..end).map(f));
        let spent = start.elapsed();
        let all = spent.as_nanos() * n as u128 / end as u128;
        let is_small = spent < SMALL && (end < most || all < SMALL.as_nanos());
        let limit = if end < most { most } else { n };
        end = if is_small { (2 * end).min(limit) } else { end };
    }
}

/// `f` of each item, in the order of the items, where some take much longer than others: a thread that is free takes the
/// next item, one by one.
///
/// ```
/// let sums = omnilane::parallel::parallel_unbalanced(&[3u64, 100_000, 5], |n| (0..*n).sum::<u64>());
/// assert_eq!(sums, [3, 4_999_950_000, 10]);
/// ```
///
/// # Panics
/// If `f` panics, with what it panicked with, after every thread has stopped; items that were not begun are left.
pub fn parallel_unbalanced<T: Sync, U: Send>(items: &[T], f: impl Fn(&T) -> U + Sync) -> Vec<U> {
    let n = items.len();
    let Some(pools) = (if n < 2 { None } else { for_maps() }) else {
        return items.iter().map(f).collect();
    };
    let (next, isa) = (AtomicUsize::new(0), Captured::here());
    let parts = Mutex::new(Vec::new());
    pools.share(pools.threads().min(n) - 1, || {
        let _scope = isa.enter();
        let mut done = Vec::new();
        let mut stop = StopOnPanic { next: &next, end: n, armed: true };
        while let Some((i, item)) = Some(next.fetch_add(1, Relaxed)).and_then(|i| Some((i, items.get(i)?))) {
            done.push((i, f(item)));
        }
        stop.armed = false;
        parts.lock().unwrap_or_else(PoisonError::into_inner).push(done);
    });
    let parts = parts.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut out: Vec<Option<U>> = std::iter::repeat_with(|| None).take(n).collect();
    for (i, result) in parts.into_iter().flatten() {
        out[i] = Some(result);
    }
    // Each number below `n` was taken by one thread.
    out.into_iter().flatten().collect()
}

/// Nobody begins another item after one has panicked.
struct StopOnPanic<'a> {
    next: &'a AtomicUsize,
    end: usize,
    armed: bool,
}

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.next.store(self.end, Relaxed);
        }
    }
}

/// [`parallel_unbalanced`] over items that `f` takes; a panic comes after the other items are done.
pub(super) fn map_owned<T: Send, U: Send>(items: Vec<T>, f: impl Fn(T) -> U + Sync) -> Vec<U> {
    let Some(pools) = (if items.len() < 2 { None } else { for_maps() }) else {
        return items.into_iter().map(f).collect();
    };
    let isa = Captured::here();
    pools.install(|| items.into_par_iter().with_max_len(1).map_init(|| isa.enter(), |_, item| f(item)).collect())
}
