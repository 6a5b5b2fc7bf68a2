//! What the tests of threads share: a deadline, the count of living threads, the count of what is dropped.
#![allow(dead_code, reason = "each test binary uses some of it")]

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// Runs `f` on a thread of its own; a deadlock fails the test instead of hanging it.
#[track_caller]
pub fn within_a_minute<R: Send + 'static>(f: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, ended) = mpsc::channel();
    std::thread::spawn(move || done.send(catch_unwind(AssertUnwindSafe(f))));
    match ended.recv_timeout(Duration::from_secs(60)) {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => resume_unwind(panic),
        Err(_) => panic!("no end after a minute: a deadlock"),
    }
}

/// Counts the threads that called [`Census::sign`] and still live.
#[derive(Clone, Default)]
pub struct Census {
    alive: Arc<AtomicIsize>,
    ever: Arc<AtomicUsize>,
}

/// Dropped when its thread ends.
struct Signature(Arc<AtomicIsize>);

impl Drop for Signature {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Census {
    pub fn sign(&self) {
        thread_local! {
            static SIGNED: std::cell::RefCell<Vec<Signature>> = const { std::cell::RefCell::new(Vec::new()) };
        }
        SIGNED.with_borrow_mut(|signed| {
            if !signed.iter().any(|s| Arc::ptr_eq(&s.0, &self.alive)) {
                self.alive.fetch_add(1, SeqCst);
                self.ever.fetch_add(1, SeqCst);
                signed.push(Signature(Arc::clone(&self.alive)));
            }
        });
    }

    /// Threads that signed and have not ended.
    pub fn alive(&self) -> isize {
        self.alive.load(SeqCst)
    }

    /// Threads that signed.
    pub fn ever(&self) -> usize {
        self.ever.load(SeqCst)
    }
}

/// The largest number of things that were alive at once.
#[derive(Clone, Default)]
pub struct Peak {
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl Peak {
    pub fn enter(&self) {
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
    }

    pub fn leave(&self) {
        self.now.fetch_sub(1, SeqCst);
    }

    pub fn now(&self) -> usize {
        self.now.load(SeqCst)
    }

    pub fn most(&self) -> usize {
        self.most.load(SeqCst)
    }
}

/// What a call panicked with.
#[track_caller]
pub fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it did not panic"),
        Err(panic) => text(&*panic),
    }
}

pub fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).expect("a text")
}
