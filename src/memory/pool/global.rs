//! Pools that are there already: the process's, and each thread's own.

use super::{BufferPool, PooledBuffer};
use crate::lanes::Element;
use crate::memory::PoolError;
use std::sync::OnceLock;

/// Bytes of a buffer in each of the global pools.
const SIZES: [usize; 3] = [1 << 10, 64 << 10, 1 << 20];
/// What each of them keeps at most.
const GLOBAL_RETAINED: [usize; 3] = [1 << 20, 16 << 20, 64 << 20];
/// What a thread's own pool keeps at most.
const SCRATCH_RETAINED: usize = 64 << 20;

/// Three pools of bytes for the whole process, made when the first of them is used.
///
/// ```
/// use omnilane::memory::GlobalPools;
///
/// let line = GlobalPools::get::<f32>(200)?; // 800 bytes: from the pool of 1 KB
/// assert_eq!(line.capacity(), 256);
/// let tile = GlobalPools::medium().get(40_000)?;
/// assert_eq!(tile.capacity(), 64 << 10);
/// # Ok::<(), omnilane::memory::PoolError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GlobalPools;

impl GlobalPools {
    fn pool(i: usize) -> &'static BufferPool<u8> {
        static POOLS: [OnceLock<BufferPool<u8>>; 3] = [const { OnceLock::new() }; 3];
        POOLS[i].get_or_init(|| made(BufferPool::builder().class(SIZES[i]).max_retained_bytes(GLOBAL_RETAINED[i])))
    }

    /// Buffers of 1 KB; keeps at most 1 MB.
    #[must_use]
    pub fn small() -> &'static BufferPool<u8> {
        Self::pool(0)
    }

    /// Buffers of 64 KB; keeps at most 16 MB.
    #[must_use]
    pub fn medium() -> &'static BufferPool<u8> {
        Self::pool(1)
    }

    /// Buffers of 1 MB; keeps at most 64 MB.
    #[must_use]
    pub fn large() -> &'static BufferPool<u8> {
        Self::pool(2)
    }

    /// `n` zeros from the smallest of the pools that has room for them; more than 1 MB is allocated.
    ///
    /// # Errors
    /// [`PoolError::OutOfMemory`] if there is not that much memory.
    #[track_caller]
    pub fn get<T: Element>(n: usize) -> Result<PooledBuffer<T>, PoolError> {
        let bytes = n.saturating_mul(size_of::<T>());
        let i = SIZES.iter().position(|size| *size >= bytes).unwrap_or(SIZES.len() - 1);
        Self::pool(i).get_as(n)
    }

    /// Frees every buffer that they keep.
    pub fn trim() {
        (0..SIZES.len()).for_each(|i| Self::pool(i).trim());
    }
}

thread_local! {
    static OWN: BufferPool<u8> = {
        let classes = (10..=26).step_by(2).map(|log2| 1 << log2);
        let builder = BufferPool::builder().max_retained_bytes(SCRATCH_RETAINED).track_leaks(false).one_shard();
        made(classes.fold(builder, |builder, bytes| builder.class(bytes)))
    };
}

/// The classes above are as `build` wants them.
fn made(builder: super::PoolBuilder<u8>) -> BufferPool<u8> {
    builder.build().unwrap_or_else(|e| unreachable!("{e}"))
}

/// This thread's own pool: no other thread takes buffers from it, and it ends with the thread.
///
/// It keeps at most 64 MB, in nine classes from 1 KB to 64 MB, each four times as large as the one before.
///
/// ```
/// use omnilane::memory::pool::scratch_pool;
///
/// let pool = scratch_pool::<f32>();
/// let mut buffer = pool.get(1000)?;
/// buffer.fill(1.0);
/// # Ok::<(), omnilane::memory::PoolError>(())
/// ```
#[must_use]
pub fn scratch_pool<T: Element>() -> BufferPool<T> {
    OWN.try_with(BufferPool::cast).unwrap_or_else(|_| {
        // The thread is ending; what it takes now is freed.
        made(BufferPool::builder().class(SIZES[0]).track_leaks(false).one_shard()).cast()
    })
}

/// `n` zeros from this thread's own pool: what a kernel takes its temporaries from when it was not given a pool.
///
/// ```
/// let mut sums = omnilane::memory::scratch::<u32>(640)?;
/// sums[639] += 1;
/// # Ok::<(), omnilane::memory::PoolError>(())
/// ```
///
/// # Errors
/// [`PoolError::OutOfMemory`] if there is not that much memory.
#[track_caller]
pub fn scratch<T: Element>(n: usize) -> Result<PooledBuffer<T>, PoolError> {
    match OWN.try_with(|pool| pool.get_as(n)) {
        Ok(buffer) => buffer,
        Err(_) => scratch_pool::<T>().get(n),
    }
}
