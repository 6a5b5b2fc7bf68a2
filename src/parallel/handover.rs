//! What one stage hands to the next: a queue, or a buffer that puts items back in order.

use super::patience::Patience;
use crate::sync::sync::{Condvar, Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// In which order results are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Order {
    /// As the items stood in the input.
    #[default]
    Input,
    /// As they become ready.
    Ready,
}

/// Numbered items on their way from the workers of one stage to those of the next.
///
/// It grows with the items that are alive, and the pipeline bounds those: an item always finds room, so the one that
/// everybody waits for can never be kept out by others.
pub(super) struct Handover<T> {
    state: Mutex<State<T>>,
    arrived: Condvar,
    /// A look would not find it empty. Written under the lock, and read by those who wait a moment before they ask for it.
    ready: AtomicBool,
}

struct State<T> {
    buffer: Buffer<T>,
    producers: usize,
    cancelled: bool,
    sleeping: usize,
}

enum Buffer<T> {
    Ready(VecDeque<(u64, T)>),
    /// The first slot is for item number `next`.
    Ordered {
        slots: VecDeque<Option<T>>,
        next: u64,
    },
}

/// What a look into the buffer found.
pub(super) enum Look<T> {
    Item(u64, T),
    /// Nothing yet.
    Empty,
    /// Nothing, and nothing will come.
    Ended,
}

impl<T> Handover<T> {
    /// `producers` workers will call [`done`](Self::done). With [`Order::Input`], each number comes once.
    pub fn new(order: Order, producers: usize) -> Self {
        let buffer = match order {
            Order::Input => Buffer::Ordered { slots: VecDeque::new(), next: 0 },
            Order::Ready => Buffer::Ready(VecDeque::new()),
        };
        let state = State { buffer, producers, cancelled: false, sleeping: 0 };
        Handover { state: Mutex::new(state), arrived: Condvar::new(), ready: AtomicBool::new(false) }
    }

    /// No code of the caller runs under the lock, so nothing can poison it.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn push(&self, number: u64, item: T) {
        let mut state = self.lock();
        if state.cancelled {
            drop(state);
            return; // the item is dropped without the lock
        }
        let can_be_taken = match &mut state.buffer {
            Buffer::Ready(items) => {
                items.push_back((number, item));
                true
            }
            Buffer::Ordered { slots, next } => {
                let i = (number - *next) as usize;
                if slots.len() <= i {
                    slots.resize_with(i + 1, || None);
                }
                slots[i] = Some(item);
                i == 0
            }
        };
        let wake = can_be_taken && state.sleeping > 0;
        if can_be_taken {
            self.ready.store(true, Relaxed);
        }
        drop(state);
        if wake {
            self.arrived.notify_one();
        }
    }

    /// One of the producers will push no more.
    pub fn done(&self) {
        let mut state = self.lock();
        state.producers -= 1;
        let ended = state.producers == 0;
        if ended {
            self.ready.store(true, Relaxed);
        }
        drop(state);
        if ended {
            self.arrived.notify_all();
        }
    }

    /// An item, if there is one.
    pub fn look(&self) -> Look<T> {
        self.look_at(&mut self.lock())
    }

    fn look_at(&self, state: &mut State<T>) -> Look<T> {
        let found = state.look();
        if !matches!(found, Look::Ended) && !state.has_next() {
            self.ready.store(false, Relaxed);
        }
        found
    }

    /// The next item, once there is one; nothing at the end.
    pub fn pop(&self) -> Option<(u64, T)> {
        let mut patience = Patience::new();
        let mut state = self.lock();
        loop {
            match self.look_at(&mut state) {
                Look::Item(number, item) => return Some((number, item)),
                Look::Ended => return None,
                Look::Empty if patience.is_left() => {
                    drop(state);
                    patience.wait(&self.ready);
                    state = self.lock();
                }
                Look::Empty => {
                    state.sleeping += 1;
                    state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
                    state.sleeping -= 1;
                }
            }
        }
    }

    /// Drops what is in it and what is yet to come, and wakes who waits.
    pub fn cancel(&self) {
        let mut state = self.lock();
        state.cancelled = true;
        self.ready.store(true, Relaxed);
        let dropped = std::mem::replace(&mut state.buffer, Buffer::Ready(VecDeque::new()));
        drop(state);
        self.arrived.notify_all();
        drop(dropped);
    }
}

impl<T> State<T> {
    /// Whether a look would find something.
    fn has_next(&self) -> bool {
        let item = match &self.buffer {
            Buffer::Ready(items) => !items.is_empty(),
            Buffer::Ordered { slots, .. } => slots.front().is_some_and(Option::is_some),
        };
        item || self.cancelled || self.producers == 0
    }

    fn look(&mut self) -> Look<T> {
        let found = match &mut self.buffer {
            Buffer::Ready(items) => items.pop_front(),
            Buffer::Ordered { slots, next } => match slots.front_mut().and_then(Option::take) {
                Some(item) => {
                    slots.pop_front();
                    *next += 1;
                    Some((*next - 1, item))
                }
                None => None,
            },
        };
        match found {
            Some((number, item)) => Look::Item(number, item),
            None if self.cancelled || self.producers == 0 => Look::Ended,
            None => Look::Empty,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{Handover, Look, Order};

    fn drain(handover: &Handover<char>) -> String {
        let mut out = String::new();
        while let Look::Item(_, c) = handover.look() {
            out.push(c);
        }
        out
    }

    #[test]
    fn order_is_restored_or_left() {
        for (order, first, all) in [(Order::Input, "", "abcd"), (Order::Ready, "cb", "ad")] {
            let handover = Handover::new(order, 1);
            handover.push(2, 'c');
            handover.push(1, 'b');
            assert_eq!(drain(&handover), first);
            handover.push(0, 'a');
            handover.push(3, 'd');
            assert_eq!(drain(&handover), all);
            assert!(matches!(handover.look(), Look::Empty));
            handover.done();
            assert!(handover.pop().is_none());
        }
    }

    #[test]
    fn cancelling_drops_what_is_there_and_what_comes() {
        let handover = Handover::new(Order::Input, 1);
        let item = std::sync::Arc::new(());
        handover.push(1, item.clone());
        handover.cancel();
        handover.push(0, item.clone());
        assert!(handover.pop().is_none());
        assert_eq!(std::sync::Arc::strong_count(&item), 1);
    }
}

/// Run with `RUSTFLAGS="--cfg loom" cargo test --lib --release loom_`.
#[cfg(all(test, loom))]
mod loom_tests {
    use super::{Handover, Order};
    use loom::sync::Arc;
    use loom::thread;

    /// Workers push these items; one consumer gets each once, in order, and then the end.
    fn reorder<const N: usize>(items: [&'static [u64]; N]) {
        let handover = Arc::new(Handover::new(Order::Input, N));
        let workers = items.map(|numbers| {
            let handover = Arc::clone(&handover);
            thread::spawn(move || {
                for &number in numbers {
                    handover.push(number, number * 10);
                }
                handover.done();
            })
        });
        for number in 0..items.map(<[u64]>::len).iter().sum::<usize>() as u64 {
            assert_eq!(handover.pop(), Some((number, number * 10)));
        }
        assert_eq!(handover.pop(), None);
        for worker in workers {
            worker.join().unwrap();
        }
    }

    /// Every order of events.
    #[test]
    fn loom_reorder_buffer() {
        loom::model(|| reorder([&[1], &[0]]));
    }

    /// More items: every order of events in which threads are interrupted twice.
    #[test]
    fn loom_reorder_more() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(|| reorder([&[0, 2], &[1, 3]]));
    }

    /// Two workers take what one gives, as ready: each item goes to one of them, and both see the end.
    #[test]
    fn loom_queue_of_two_consumers() {
        loom::model(|| {
            let handover = Arc::new(Handover::new(Order::Ready, 1));
            let worker = {
                let handover = Arc::clone(&handover);
                thread::spawn(move || std::iter::from_fn(|| handover.pop()).count())
            };
            handover.push(0, ());
            handover.push(1, ());
            handover.done();
            let here = std::iter::from_fn(|| handover.pop()).count();
            assert_eq!(here + worker.join().unwrap(), 2);
        });
    }

    /// A consumer that sleeps wakes up when the pipeline is cancelled, and no item is kept.
    #[test]
    fn loom_cancel() {
        loom::model(|| {
            let handover = Arc::new(Handover::new(Order::Input, 1));
            let item = std::sync::Arc::new(());
            let consumer = {
                let handover = Arc::clone(&handover);
                thread::spawn(move || while handover.pop().is_some() {})
            };
            let producer = {
                let (handover, item) = (Arc::clone(&handover), item.clone());
                thread::spawn(move || {
                    handover.push(0, item.clone());
                    handover.push(2, item);
                })
            };
            handover.cancel();
            producer.join().unwrap();
            consumer.join().unwrap();
            assert_eq!(std::sync::Arc::strong_count(&item), 1);
        });
    }
}
