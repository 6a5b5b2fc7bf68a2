//! The system's allocator, and what it was asked for. A test that counts the bytes of all threads must be the only one that runs.
#![allow(dead_code, reason = "each test binary uses some of it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counting;

/// Bytes that are out, the most that were, and all that ever were: of all threads.
static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static TOTAL: AtomicUsize = AtomicUsize::new(0);
thread_local! {
    /// Calls of this thread.
    static CALLS: Cell<usize> = const { Cell::new(0) };
    /// Bytes that this thread allocated, less those that it freed.
    static LIVE_HERE: Cell<isize> = const { Cell::new(0) };
}

// SAFETY: everything is passed on to the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        LIVE_HERE.set(LIVE_HERE.get() + layout.size() as isize);
        TOTAL.fetch_add(layout.size(), Relaxed);
        PEAK.fetch_max(LIVE.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        LIVE_HERE.set(LIVE_HERE.get() - layout.size() as isize);
        // SAFETY: passed on.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that are out.
pub fn live() -> usize {
    LIVE.load(Relaxed)
}

/// Bytes that this thread allocated, less those that it freed; may be negative.
pub fn live_here() -> isize {
    LIVE_HERE.get()
}

/// What a call returns, and the most bytes that were out meanwhile, above those before.
pub fn peak_of<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let before = live();
    PEAK.store(before, Relaxed);
    let result = f();
    (result, PEAK.load(Relaxed) - before)
}

/// What a call returns, and the bytes that it allocated, whether they are out still or not.
pub fn allocated_by<R>(f: impl FnOnce() -> R) -> (R, usize) {
    let before = TOTAL.load(Relaxed);
    let result = f();
    (result, TOTAL.load(Relaxed) - before)
}

/// How often a call allocated, on this thread.
pub fn allocations_of(f: impl FnOnce()) -> usize {
    let before = CALLS.get();
    f();
    CALLS.get() - before
}
