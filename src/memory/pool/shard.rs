//! Which places a thread uses.

/// Shards of a pool: more than threads that run at one time, so that two of them seldom share places.
pub(super) fn default_count() -> usize {
    if cfg!(loom) {
        return 2;
    }
    let threads = std::thread::available_parallelism().map_or(4, std::num::NonZero::get);
    (2 * threads).next_power_of_two().clamp(4, 64)
}

/// This thread's shard of so many, a power of two.
#[cfg(not(loom))]
#[inline(always)]
pub(super) fn current(count: usize) -> usize {
    use std::cell::Cell;
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    static NEXT: AtomicUsize = AtomicUsize::new(1);
    thread_local! {
        /// The thread's number, or 0 before it has one.
        static NUMBER: Cell<usize> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(NEXT.fetch_add(1, Relaxed));
        }
        number.get() & (count - 1)
    })
}

/// The model's threads are numbered from 0 in each of its runs.
#[cfg(loom)]
pub(super) fn current(count: usize) -> usize {
    let id = format!("{:?}", crate::sync::thread::current().id());
    let digits: String = id.chars().filter(char::is_ascii_digit).collect();
    digits.parse::<usize>().expect("a thread's number") & (count - 1)
}
