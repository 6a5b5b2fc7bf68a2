//! The pool itself, in bytes: what is kept where, and what may be kept at all.

use super::leaks::Tracker;
use super::shard;
use super::slots::Slots;
use super::stats::{ClassStats, PoolStats};
use crate::cpu::memory_opt_enabled;
use crate::memory::raw::RawMemory;
use crate::sync::sync::atomic::{AtomicUsize, Ordering::*};
use crate::sync::sync::{Arc, Mutex, MutexGuard};
use std::panic::Location;
use std::sync::PoisonError;

/// A buffer's memory, and whose it is. It keeps the pool's book alive, so that it can go back without counting references.
#[derive(Debug)]
pub(crate) struct Slab {
    pub memory: RawMemory,
    /// The class; `OVERSIZE` goes back to none.
    class: usize,
    core: Arc<Core>,
    /// The model of the hand-over fails if two threads touch it without an order between them.
    #[cfg(loom)]
    watched: loom::cell::UnsafeCell<()>,
}

/// The class of a buffer that is larger than every class.
const OVERSIZE: usize = usize::MAX;

/// One class's book.
#[derive(Debug)]
struct Class {
    bytes: usize,
    max_bytes: usize,
    /// Bytes of the budget in use: kept buffers, and permissions of places whose buffer is out.
    reserved: AtomicUsize,
    /// Buffers that exist, out or kept.
    existing: AtomicUsize,
    high_water: AtomicUsize,
    misses: AtomicUsize,
    dropped: AtomicUsize,
    queue: Mutex<Queue>,
}

/// The buffers that found no place of their thread.
#[derive(Debug, Default)]
struct Queue {
    #[allow(clippy::vec_box, reason = "the box's address is what a place holds")]
    slabs: Vec<Box<Slab>>,
    closed: bool,
}

/// The book of a pool.
#[derive(Debug)]
pub(super) struct Core {
    classes: Box<[Class]>,
    /// The places of each class in the first shard, then in the second, ...
    slots: Box<[Slots]>,
    shards: usize,
    strict: bool,
    max_bytes: usize,
    /// Bytes of the budget in use, over all classes.
    reserved: AtomicUsize,
    existing_bytes: AtomicUsize,
    existing: AtomicUsize,
    high_water: AtomicUsize,
    oversize: AtomicUsize,
    tracker: Option<Tracker>,
}

/// A panic while the lock is held leaves nothing half done: what is done under it are single steps.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Adds if the sum stays within `max`.
fn add_within(counter: &AtomicUsize, n: usize, max: usize) -> bool {
    counter.fetch_update(AcqRel, Relaxed, |now| now.checked_add(n).filter(|sum| *sum <= max)).is_ok()
}

impl Core {
    /// Classes as bytes of a buffer and bytes that the class may keep, ascending.
    pub fn new(classes: &[(usize, usize)], max_bytes: usize, strict: bool, track: bool, shards: usize) -> Core {
        let class = |&(bytes, max_bytes): &(usize, usize)| Class {
            bytes,
            max_bytes,
            reserved: AtomicUsize::new(0),
            existing: AtomicUsize::new(0),
            high_water: AtomicUsize::new(0),
            misses: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
            queue: Mutex::new(Queue::default()),
        };
        Core {
            classes: classes.iter().map(class).collect(),
            slots: (0..shards * classes.len()).map(|_| Slots::new()).collect(),
            shards,
            strict,
            max_bytes,
            reserved: AtomicUsize::new(0),
            existing_bytes: AtomicUsize::new(0),
            existing: AtomicUsize::new(0),
            high_water: AtomicUsize::new(0),
            oversize: AtomicUsize::new(0),
            tracker: track.then(Tracker::default),
        }
    }

    /// The smallest class with room for so many bytes.
    #[inline(always)]
    fn class_for(&self, bytes: usize) -> usize {
        self.classes.iter().position(|class| class.bytes >= bytes).unwrap_or(OVERSIZE)
    }

    #[inline(always)]
    fn slots(&self, shard: usize, class: usize) -> &Slots {
        &self.slots[shard * self.classes.len() + class]
    }

    /// A buffer of at least so many bytes, with anything in it.
    #[inline(always)]
    pub fn take(core: &Arc<Core>, bytes: usize, at: &'static Location<'static>) -> Result<Box<Slab>, Refused> {
        let class = core.class_for(bytes);
        let found = if class != OVERSIZE && memory_opt_enabled() { core.find(class) } else { None };
        let slab = match found {
            Some(slab) => slab,
            None => Core::make(core, class, bytes)?,
        };
        #[cfg(loom)]
        slab.watched.with_mut(|_| ());
        if let Some(tracker) = &core.tracker {
            tracker.add((&raw const *slab).addr(), slab.memory.bytes(), at);
        }
        Ok(slab)
    }

    #[inline(always)]
    fn find(&self, class: usize) -> Option<Box<Slab>> {
        let mine = self.slots(shard::current(self.shards), class);
        let slab = match mine.take() {
            Some(slab) => slab,
            None => self.find_elsewhere(class)?,
        };
        mine.hits.fetch_add(1, Relaxed);
        Some(slab)
    }

    #[inline(never)]
    fn find_elsewhere(&self, class: usize) -> Option<Box<Slab>> {
        let queued = lock(&self.classes[class].queue).slabs.pop();
        if let Some(slab) = queued {
            self.release(class, 1);
            return Some(slab);
        }
        (0..self.shards).find_map(|shard| self.slots(shard, class).take())
    }

    #[cold]
    fn make(core: &Arc<Core>, class: usize, bytes: usize) -> Result<Box<Slab>, Refused> {
        let (bytes, class_limit) = match core.classes.get(class) {
            Some(class) => (class.bytes, class.max_bytes),
            None => (bytes, usize::MAX),
        };
        core.admit(class, bytes, class_limit)?;
        let Some(memory) = RawMemory::new(bytes, false) else {
            core.forget(class, bytes);
            return Err(Refused::OutOfMemory);
        };
        match core.classes.get(class) {
            Some(class) => _ = class.misses.fetch_add(1, Relaxed),
            None => _ = core.oversize.fetch_add(1, Relaxed),
        }
        core.high_water.fetch_max(core.existing.load(Relaxed), Relaxed);
        Ok(Box::new(Slab {
            memory,
            class,
            core: Arc::clone(core),
            #[cfg(loom)]
            watched: loom::cell::UnsafeCell::new(()),
        }))
    }

    /// Enters a buffer that will exist; a strict pool refuses one that would be too many.
    fn admit(&self, class: usize, bytes: usize, class_limit: usize) -> Result<(), Refused> {
        let (max, class_max) = if self.strict { (self.max_bytes, class_limit) } else { (usize::MAX, usize::MAX) };
        let most = class_max / bytes.max(1);
        if let Some(class) = self.classes.get(class) {
            if !add_within(&class.existing, 1, most) {
                return Err(Refused::Exhausted { limit: class_limit });
            }
            class.high_water.fetch_max(class.existing.load(Relaxed), Relaxed);
        }
        let fits = || add_within(&self.existing_bytes, bytes, max);
        if !fits() {
            // What other classes keep makes room.
            self.trim();
            if !fits() {
                if let Some(class) = self.classes.get(class) {
                    class.existing.fetch_sub(1, Relaxed);
                }
                return Err(Refused::Exhausted { limit: self.max_bytes });
            }
        }
        self.existing.fetch_add(1, Relaxed);
        Ok(())
    }

    /// Strikes buffers that exist no more, or are not the pool's any more.
    fn forget(&self, class: usize, bytes: usize) {
        if let Some(class) = self.classes.get(class) {
            class.existing.fetch_sub(1, Relaxed);
        }
        self.existing.fetch_sub(1, Relaxed);
        self.existing_bytes.fetch_sub(bytes, Release);
    }

    /// Enters one more buffer to keep into the budget, if it allows that.
    fn reserve(&self, class: usize) -> bool {
        let class = &self.classes[class];
        if !add_within(&class.reserved, class.bytes, class.max_bytes) {
            return false;
        }
        let fits = add_within(&self.reserved, class.bytes, self.max_bytes);
        if !fits {
            class.reserved.fetch_sub(class.bytes, Release);
        }
        fits
    }

    /// Gives back the permissions to keep `n` buffers.
    fn release(&self, class: usize, n: usize) {
        let class = &self.classes[class];
        class.reserved.fetch_sub(n * class.bytes, Release);
        self.reserved.fetch_sub(n * class.bytes, Release);
    }

    /// Takes the permissions from places of other classes whose buffers are out; says whether there was one.
    fn reclaim(&self, but: usize) -> bool {
        let mut any = false;
        for (i, slots) in self.slots.iter().enumerate() {
            let class = i % self.classes.len();
            let n = if class == but { 0 } else { slots.reclaim() };
            if n > 0 {
                self.release(class, n);
                any = true;
            }
        }
        any
    }

    /// Frees every buffer that is kept.
    pub fn trim(&self) {
        self.empty_out(false);
    }

    /// Frees every buffer that is kept, and those that come back from now on.
    pub fn close(&self) {
        self.empty_out(true);
    }

    fn empty_out(&self, close: bool) {
        for (i, slots) in self.slots.iter().enumerate() {
            let class = i % self.classes.len();
            let emptied = slots.empty_out(close);
            self.release(class, emptied.permissions);
            for _ in 0..emptied.slabs {
                self.forget(class, self.classes[class].bytes);
            }
        }
        for (class, book) in self.classes.iter().enumerate() {
            let slabs = {
                let mut queue = lock(&book.queue);
                queue.closed |= close;
                std::mem::take(&mut queue.slabs)
            };
            self.release(class, slabs.len());
            for slab in slabs {
                self.forget(class, slab.memory.bytes());
            }
        }
    }

    pub fn stats(&self) -> PoolStats {
        let mut all = PoolStats { oversize: self.oversize.load(Relaxed), ..PoolStats::default() };
        for class in self.class_stats(1) {
            all.hits += class.hits;
            all.misses += class.misses;
            all.dropped += class.dropped;
            all.retained += class.retained;
            all.retained_bytes += class.retained_bytes;
        }
        all.outstanding = self.existing.load(Relaxed).saturating_sub(all.retained);
        all.high_water = self.high_water.load(Relaxed);
        all
    }

    /// Each class, with its length in elements of so many bytes.
    pub fn class_stats(&self, element_size: usize) -> Vec<ClassStats> {
        let stats = |(i, class): (usize, &Class)| {
            let shards = (0..self.shards).map(|shard| self.slots(shard, i));
            let (hits, in_slots) = shards.fold((0, 0), |(hits, n), s| (hits + s.hits.load(Relaxed), n + s.count()));
            let retained = in_slots + lock(&class.queue).slabs.len();
            ClassStats {
                len: class.bytes / element_size,
                hits,
                misses: class.misses.load(Relaxed),
                dropped: class.dropped.load(Relaxed),
                outstanding: class.existing.load(Relaxed).saturating_sub(retained),
                high_water: class.high_water.load(Relaxed),
                retained,
                retained_bytes: retained * class.bytes,
            }
        };
        self.classes.iter().enumerate().map(stats).collect()
    }

    pub fn tracker(&self) -> Option<&Tracker> {
        self.tracker.as_ref()
    }
}

/// Why there is no buffer.
pub(super) enum Refused {
    OutOfMemory,
    Exhausted { limit: usize },
}

impl Slab {
    /// The book of the pool that it belongs to.
    pub(super) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Gives a buffer back to its pool, or frees it.
    #[inline(always)]
    pub(super) fn give_back(self: Box<Self>) {
        self.untrack();
        #[cfg(loom)]
        self.watched.with_mut(|_| ());
        let core = &*self.core;
        let class = self.class;
        if class == OVERSIZE || !memory_opt_enabled() {
            return self.free();
        }
        let slots: *const Slots = core.slots(shard::current(core.shards), class);
        let slab = Box::into_raw(self);
        // SAFETY: the buffer keeps the book, and `slots` in it, alive until it is put. Nothing here touches the book after.
        if !unsafe { Slots::put(slots, slab) } {
            // SAFETY: it was not put, so it is still ours.
            unsafe { Box::from_raw(slab) }.give_back_slowly();
        }
    }

    #[inline(never)]
    fn give_back_slowly(self: Box<Self>) {
        // Another thread may take the buffer and free it, and with it the last reference, while this one is in the book.
        let core = Arc::clone(&self.core);
        let class = self.class;
        if core.reserve(class) {
            return self.keep(&core);
        }
        // The budget is used up, perhaps by places whose buffers are out; those of the same class will do.
        let slab = Box::into_raw(self);
        for shard in 0..core.shards {
            // SAFETY: `core` is ours, and the buffer too until it is put.
            if unsafe { Slots::put(core.slots(shard, class), slab) } {
                return;
            }
        }
        // SAFETY: it was not put, so it is still ours.
        let this = unsafe { Box::from_raw(slab) };
        if core.reclaim(class) && core.reserve(class) {
            return this.keep(&core);
        }
        core.classes[class].dropped.fetch_add(1, Relaxed);
        this.free();
    }

    /// Puts a buffer that is in the budget into a place of this thread, or into the queue.
    fn keep(self: Box<Self>, core: &Arc<Core>) {
        let class = self.class;
        let slab = Box::into_raw(self);
        if core.slots(shard::current(core.shards), class).put_with_permission(slab) {
            return;
        }
        // SAFETY: it was not put, so it is still ours.
        let this = unsafe { Box::from_raw(slab) };
        let mut queue = lock(&core.classes[class].queue);
        if queue.closed {
            drop(queue);
            core.release(class, 1);
            return this.free();
        }
        queue.slabs.push(this);
    }

    /// Nobody has it any more.
    #[inline(always)]
    pub(super) fn untrack(&self) {
        if let Some(tracker) = &self.core.tracker {
            tracker.remove((&raw const *self).addr());
        }
    }

    fn free(self) {
        drop(self.detach());
    }

    /// The memory alone; the pool forgets it.
    pub(super) fn detach(self) -> RawMemory {
        let Slab { memory, class, core, .. } = self;
        core.forget(class, memory.bytes());
        memory
    }
}
