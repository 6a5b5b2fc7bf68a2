//! Buffers that come back.
//!
//! A [`BufferPool`] keeps the memory of dropped buffers, in classes of lengths, and hands it out again. Each thread has
//! places of its own, so that taking and returning a buffer is one exchange each and no lock; what finds no place there
//! waits in a queue that all threads share, and is found before anything is allocated.
//!
//! ```
//! use omnilane::memory::BufferPool;
//!
//! let pool = BufferPool::<f32>::builder().class(1 << 10).class(1 << 16).max_retained_bytes(64 << 20).build()?;
//! let mut buffer = pool.get(1000)?;
//! assert_eq!((buffer.len(), buffer.capacity()), (1000, 1024));
//! buffer[0] = 1.0;
//! drop(buffer); // goes back, and a thread of its own may do that
//!
//! assert_eq!(pool.get(1024)?[0], 0.0); // what was in it before is never seen
//! assert_eq!((pool.stats().hits, pool.stats().misses), (1, 1));
//! # Ok::<(), omnilane::memory::PoolError>(())
//! ```

mod buffer;
mod builder;
mod core;
#[cfg(not(loom))]
mod global;
mod image;
mod leaks;
mod shard;
mod slots;
mod stats;

pub use buffer::{PooledBuffer, PooledUninit};
pub use builder::PoolBuilder;
#[cfg(not(loom))]
pub use global::{GlobalPools, scratch, scratch_pool};
pub use image::PooledImage;
pub use leaks::{LeakReport, Outstanding};
pub use stats::{ClassStats, PoolStats};

use self::core::Core;
use super::PoolError;
use crate::lanes::Element;
use crate::sync::sync::Arc;
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;

/// Keeps the memory of dropped buffers and hands it out again; clones share it. See the [module](self).
///
/// With [`memory_opt_enabled`](crate::cpu::memory_opt_enabled) off it allocates and frees.
///
/// ```
/// use omnilane::memory::BufferPool;
///
/// let pool = BufferPool::<u8>::new(&[1 << 16])?;
/// for _ in 0..10 {
///     let buffer = pool.get(50_000)?;
///     assert!(buffer.iter().all(|v| *v == 0));
/// }
/// assert_eq!((pool.stats().misses, pool.stats().hits), (1, 9));
/// # Ok::<(), omnilane::memory::PoolError>(())
/// ```
pub struct BufferPool<T> {
    handle: Arc<Handle>,
    element: PhantomData<fn() -> T>,
}

/// What the clones of a pool share; buffers hold the book alone, so that the pool knows when it is gone.
struct Handle {
    core: Arc<Core>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.close();
        let report = self.core.tracker().map(|tracker| tracker.report()).unwrap_or_default();
        if !report.outstanding.is_empty() {
            eprintln!("omnilane: a BufferPool is dropped, but {report}");
        }
    }
}

impl<T: Element> BufferPool<T> {
    /// A pool with the given classes, in elements, that keeps at most 256 MB.
    ///
    /// # Errors
    /// As [`PoolBuilder::build`].
    pub fn new(classes: &[usize]) -> Result<Self, PoolError> {
        classes.iter().fold(Self::builder(), |builder, len| builder.class(*len)).build()
    }

    /// Chooses classes and limits.
    #[must_use]
    pub fn builder() -> PoolBuilder<T> {
        PoolBuilder::new()
    }

    fn from_core(core: Core) -> Self {
        BufferPool { handle: Arc::new(Handle { core: Arc::new(core) }), element: PhantomData }
    }

    /// `n` zeros, in a buffer of the smallest class that has room for them.
    ///
    /// Where the class is empty, or none is large enough, it is allocated; nobody waits for a buffer.
    ///
    /// # Errors
    /// [`PoolError::OutOfMemory`] if there is not that much memory, [`PoolError::PoolExhausted`] if the pool is strict and
    /// as many bytes as it may have are out.
    #[inline]
    #[track_caller]
    pub fn get(&self, n: usize) -> Result<PooledBuffer<T>, PoolError> {
        Ok(self.get_uninit(n)?.zeroed())
    }

    /// A buffer of `n` elements that are still to be written; costs no more than an exchange, however large it is.
    ///
    /// # Errors
    /// As [`BufferPool::get`].
    #[inline]
    #[track_caller]
    pub fn get_uninit(&self, n: usize) -> Result<PooledUninit<T>, PoolError> {
        PooledUninit::take(&self.handle.core, n, Location::caller())
    }

    /// A buffer with a copy of `src`.
    ///
    /// # Errors
    /// As [`BufferPool::get`].
    #[inline]
    #[track_caller]
    pub fn get_copy(&self, src: &[T]) -> Result<PooledBuffer<T>, PoolError> {
        self.get_uninit(src.len())?.copy_from_slice(src)
    }

    /// A picture of zeros whose rows start on 64 bytes.
    ///
    /// # Errors
    /// As [`BufferPool::get`].
    #[track_caller]
    pub fn get_image<const C: usize>(&self, width: usize, height: usize) -> Result<PooledImage<T, C>, PoolError> {
        PooledImage::take(self, width, height)
    }

    /// `n` zeros of another element.
    #[cfg(not(loom))]
    #[track_caller]
    fn get_as<U: Element>(&self, n: usize) -> Result<PooledBuffer<U>, PoolError> {
        Ok(PooledUninit::take(&self.handle.core, n, Location::caller())?.zeroed())
    }

    /// The same pool for another element: a class is as many bytes as before.
    #[must_use]
    pub fn cast<U: Element>(&self) -> BufferPool<U> {
        BufferPool { handle: Arc::clone(&self.handle), element: PhantomData }
    }

    /// Frees every buffer that is kept.
    pub fn trim(&self) {
        self.handle.core.trim();
    }

    /// What the pool has done, and what it holds.
    #[must_use]
    pub fn stats(&self) -> PoolStats {
        self.handle.core.stats()
    }

    /// The same for each class, the smallest first.
    #[must_use]
    pub fn class_stats(&self) -> Vec<ClassStats> {
        self.handle.core.class_stats(size_of::<T>())
    }

    /// Which buffers are out, and who took them; empty if the pool does not keep track
    /// ([`PoolBuilder::track_leaks`], by default only in debug builds).
    ///
    /// A pool that keeps track and is dropped while buffers are out prints this to stderr.
    #[must_use]
    pub fn leak_report(&self) -> LeakReport {
        self.handle.core.tracker().map(|tracker| tracker.report()).unwrap_or_default()
    }
}

impl<T> Clone for BufferPool<T> {
    fn clone(&self) -> Self {
        BufferPool { handle: Arc::clone(&self.handle), element: PhantomData }
    }
}

impl<T: Element> fmt::Debug for BufferPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BufferPool")
            .field("element", &std::any::type_name::<T>())
            .field("classes", &self.class_stats())
            .field("stats", &self.stats())
            .finish()
    }
}
