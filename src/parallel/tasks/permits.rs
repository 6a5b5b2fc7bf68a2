//! The hand-over of permits from work that has ended to work that waits.

use crate::sync::sync::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Work in the order in which it came, and the permits to run it.
///
/// A permit belongs to work that runs, never to somebody who waits: a caller that is dropped, or not polled, can neither
/// keep one from others nor give one back while its work still runs.
pub(super) struct Permits<W> {
    waiting: Mutex<VecDeque<W>>,
    semaphore: Arc<Semaphore>,
}

impl<W> Permits<W> {
    pub fn new(limit: usize) -> Self {
        Permits { waiting: Mutex::new(VecDeque::new()), semaphore: Arc::new(Semaphore::new(limit)) }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<W>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds work; returns what may start now, each with its permit.
    #[must_use = "what has a permit must be started"]
    pub fn submit(&self, works: impl IntoIterator<Item = W>) -> Vec<(W, OwnedSemaphorePermit)> {
        let works: Vec<W> = works.into_iter().collect();
        let mut starting = Vec::new();
        let mut waiting = self.lock();
        waiting.extend(works);
        while !waiting.is_empty() {
            let Ok(permit) = Arc::clone(&self.semaphore).try_acquire_owned() else { break };
            starting.extend(waiting.pop_front().map(|work| (work, permit)));
        }
        starting
    }

    /// The work that got the permit has ended: it goes to the next, or back.
    #[must_use = "what has a permit must be started"]
    pub fn pass(&self, permit: OwnedSemaphorePermit) -> Option<(W, OwnedSemaphorePermit)> {
        // Under the lock: nobody can find no permit free, and leave work that no one will come for.
        let mut waiting = self.lock();
        match waiting.pop_front() {
            Some(work) => Some((work, permit)),
            None => {
                drop(permit);
                None
            }
        }
    }

    /// Takes work out that nobody wants any more.
    pub fn withdraw(&self, mut unwanted: impl FnMut(&W) -> bool) {
        let mut waiting = self.lock();
        let (out, stay) = std::mem::take(&mut *waiting).into_iter().partition::<VecDeque<W>, _>(|w| unwanted(w));
        *waiting = stay;
        drop(waiting);
        drop(out);
    }

    /// Permits that nobody has.
    pub fn available(&self) -> usize {
        self.semaphore.available_permits()
    }
}

/// Run with `RUSTFLAGS="--cfg loom" cargo test --lib --release loom_`.
#[cfg(all(test, loom))]
mod loom_tests {
    use super::Permits;
    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use loom::thread;

    /// Two callers submit works under one permit: every work runs once, never two at a time, and the permit comes back.
    #[test]
    fn loom_permit_hand_over() {
        loom::model(|| {
            let permits = Arc::new(Permits::new(1));
            let (running, ran) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let caller = |works: [u32; 2]| {
                let (permits, running, ran) = (Arc::clone(&permits), Arc::clone(&running), Arc::clone(&ran));
                move || {
                    for (_, permit) in permits.submit(works) {
                        let mut permit = Some(permit);
                        while let Some(now) = permit.take() {
                            assert_eq!(running.fetch_add(1, SeqCst), 0, "two at a time");
                            ran.fetch_add(1, SeqCst);
                            running.fetch_sub(1, SeqCst);
                            permit = permits.pass(now).map(|(_, permit)| permit);
                        }
                    }
                }
            };
            let other = thread::spawn(caller([1, 2]));
            caller([3, 4])();
            other.join().unwrap();
            assert_eq!(ran.load(SeqCst), 4, "a work was lost");
            assert_eq!(permits.available(), 1, "a permit was lost");
        });
    }

    /// A caller goes away while another's work ends: what was withdrawn does not run, the rest does.
    #[test]
    fn loom_withdrawn_work() {
        loom::model(|| {
            let permits = Arc::new(Permits::new(1));
            let mut first = permits.submit([0]);
            assert!(permits.submit([1, 2]).is_empty());
            let (_, permit) = first.pop().unwrap();
            let worker = {
                let permits = Arc::clone(&permits);
                thread::spawn(move || {
                    let (mut ran, mut permit) = (Vec::new(), Some(permit));
                    while let Some((work, next)) = permit.take().and_then(|permit| permits.pass(permit)) {
                        ran.push(work);
                        permit = Some(next);
                    }
                    ran
                })
            };
            permits.withdraw(|work| *work == 1);
            let ran = worker.join().unwrap();
            assert!(ran == [1, 2] || ran == [2], "{ran:?}");
            assert_eq!(permits.available(), 1);
        });
    }
}
