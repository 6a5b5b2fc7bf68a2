//! Classes and limits of a pool.

use super::core::Core;
use super::{BufferPool, shard};
use crate::lanes::Element;
use crate::memory::PoolError;
use std::marker::PhantomData;

/// Classes that a pool looks through, one after the other.
const MAX_CLASSES: usize = 32;
/// What a pool keeps if nothing else is said.
const DEFAULT_MAX_RETAINED: usize = 256 << 20;

/// Chooses the classes and the limits of a [`BufferPool`].
///
/// ```
/// use omnilane::memory::{BufferPool, PoolError};
///
/// let pool = BufferPool::<u8>::builder().class(4096).max_retained_bytes(4096).strict(true).build()?;
/// let first = pool.get(4096)?;
/// assert!(matches!(pool.get(1), Err(PoolError::PoolExhausted { .. })));
/// # drop(first);
/// # Ok::<(), PoolError>(())
/// ```
#[derive(Clone, Debug)]
pub struct PoolBuilder<T> {
    classes: Vec<(usize, usize)>,
    max_retained_bytes: usize,
    strict: bool,
    track: bool,
    shards: usize,
    element: PhantomData<fn() -> T>,
}

impl<T: Element> PoolBuilder<T> {
    pub(super) fn new() -> Self {
        PoolBuilder {
            classes: Vec::new(),
            max_retained_bytes: DEFAULT_MAX_RETAINED,
            strict: false,
            track: cfg!(debug_assertions),
            shards: shard::default_count(),
            element: PhantomData,
        }
    }

    /// A class of buffers of `len` elements.
    #[must_use]
    pub fn class(self, len: usize) -> Self {
        self.class_limited(len, usize::MAX)
    }

    /// A class of buffers of `len` elements, of which at most `max_retained_bytes` are kept.
    #[must_use]
    pub fn class_limited(mut self, len: usize, max_retained_bytes: usize) -> Self {
        self.classes.push((len, max_retained_bytes));
        self
    }

    /// The bytes that the pool keeps at most, over all classes; 256 MB if nothing is said.
    #[must_use]
    pub fn max_retained_bytes(mut self, bytes: usize) -> Self {
        self.max_retained_bytes = bytes;
        self
    }

    /// Whether the limits hold for the buffers that are out too: then a buffer that would exceed them, one larger than all
    /// classes included, is refused with [`PoolError::PoolExhausted`]. Otherwise it is allocated, and freed on return.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Whether the pool remembers who took which buffer; if nothing is said, in debug builds.
    #[must_use]
    pub fn track_leaks(mut self, track: bool) -> Self {
        self.track = track;
        self
    }

    /// For a pool of one thread.
    #[cfg(not(loom))]
    pub(super) fn one_shard(mut self) -> Self {
        self.shards = 1;
        self
    }

    /// The pool.
    ///
    /// # Errors
    /// [`PoolError::NoClass`], [`PoolError::TooManyClasses`] above 32, and [`PoolError::BadClass`] for one of no elements,
    /// of more than there are addresses, or that was given twice.
    pub fn build(self) -> Result<BufferPool<T>, PoolError> {
        if self.classes.is_empty() {
            return Err(PoolError::NoClass);
        }
        if self.classes.len() > MAX_CLASSES {
            return Err(PoolError::TooManyClasses { got: self.classes.len(), max: MAX_CLASSES });
        }
        let mut classes = Vec::with_capacity(self.classes.len());
        for (len, max_bytes) in self.classes {
            let bytes = len.checked_mul(size_of::<T>()).filter(|bytes| (1..=isize::MAX as usize).contains(bytes));
            let bytes = bytes.ok_or(PoolError::BadClass { len })?;
            if classes.iter().any(|(other, _)| *other == bytes) {
                return Err(PoolError::BadClass { len });
            }
            classes.push((bytes, max_bytes));
        }
        classes.sort_unstable();
        Ok(BufferPool::from_core(Core::new(&classes, self.max_retained_bytes, self.strict, self.track, self.shards)))
    }
}
