//! The places of one class for the threads of one shard: a buffer is taken and put back with one exchange each.
//!
//! A place is closed to buffers (`NONE`), empty but with the permission to keep one (`EMPTY`), or holds one. The permission
//! is part of the pool's budget of bytes, and stays with the place while its buffer is out: so taking and returning touch
//! no memory that another thread writes, and the bytes kept never exceed the budget.

use super::core::Slab;
use crate::sync::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::*};
use std::ptr;

/// Places in one shard for each class.
const PLACES: usize = if cfg!(loom) { 1 } else { 4 };

/// No buffer, and no permission to keep one.
const NONE: *mut Slab = ptr::null_mut();
/// No buffer, but its bytes are in the budget.
const EMPTY: *mut Slab = ptr::without_provenance_mut(1);
/// The pool is gone.
const CLOSED: *mut Slab = ptr::without_provenance_mut(2);

fn is_slab(p: *mut Slab) -> bool {
    p != NONE && p != EMPTY && p != CLOSED
}

/// A pair of cache lines of its own: the prefetcher fetches two.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Slots {
    places: [AtomicPtr<Slab>; PLACES],
    /// Buffers taken from here, and from elsewhere by the threads of this shard.
    pub hits: AtomicUsize,
}

/// What [`Slots::empty_out`] found.
pub(super) struct Emptied {
    pub slabs: usize,
    pub permissions: usize,
}

impl Slots {
    pub fn new() -> Self {
        Slots { places: std::array::from_fn(|_| AtomicPtr::new(NONE)), hits: AtomicUsize::new(0) }
    }

    /// A buffer, if one is here; its permission stays.
    #[inline(always)]
    pub fn take(&self) -> Option<Box<Slab>> {
        self.places.iter().find_map(|place| {
            let seen = place.load(Relaxed);
            if !is_slab(seen) {
                return None;
            }
            // What the exchange returns counts, not `seen`, which may be an older buffer at the same address.
            // Acquire: what the thread that returned it wrote comes before what this one does.
            let slab = place.compare_exchange(seen, EMPTY, Acquire, Relaxed).ok()?;
            // SAFETY: it came from `Box::into_raw`, and who exchanged it owns it alone.
            Some(unsafe { Box::from_raw(slab) })
        })
    }

    /// Puts a buffer where permission is; says whether it did. From then on it may be freed at any time.
    ///
    /// # Safety
    /// `this` is valid until the buffer is put, and `slab` came from `Box::into_raw` and belongs to the caller.
    #[inline(always)]
    pub unsafe fn put(this: *const Slots, slab: *mut Slab) -> bool {
        // SAFETY: nothing is put yet, so `this` is valid.
        // A loop over indices, which touches nothing of `this` after the exchange that gives the buffer away.
        (0..PLACES).any(|i| exchange(unsafe { &(*this).places[i] }, EMPTY, slab))
    }

    /// Puts a buffer, with its permission, where none is; says whether it did.
    pub fn put_with_permission(&self, slab: *mut Slab) -> bool {
        self.places.iter().any(|place| exchange(place, NONE, slab))
    }

    /// Takes away the permissions of empty places; says how many.
    pub fn reclaim(&self) -> usize {
        self.places.iter().filter(|place| exchange(place, EMPTY, NONE)).count()
    }

    /// Frees the buffers, and takes away all permissions; closes the places for ever if `close`.
    pub fn empty_out(&self, close: bool) -> Emptied {
        let (mut slabs, mut permissions) = (0, 0);
        for place in &self.places {
            // AcqRel: as in `take`, and what is done next comes after it.
            let was = place.swap(if close { CLOSED } else { NONE }, AcqRel);
            if is_slab(was) {
                // SAFETY: as in `take`.
                drop(unsafe { Box::from_raw(was) });
                slabs += 1;
            }
            permissions += usize::from(is_slab(was) || was == EMPTY);
        }
        Emptied { slabs, permissions }
    }

    /// Buffers that are here.
    pub fn count(&self) -> usize {
        self.places.iter().filter(|place| is_slab(place.load(Relaxed))).count()
    }
}

/// Release: what this thread wrote to the buffer comes before what its next owner does.
#[inline(always)]
fn exchange(place: &AtomicPtr<Slab>, from: *mut Slab, to: *mut Slab) -> bool {
    place.load(Relaxed) == from && place.compare_exchange(from, to, Release, Relaxed).is_ok()
}
