//! What a pool has done, and what it holds.

/// What a pool has done so far, and what it holds now.
///
/// Read while other threads take and return buffers, the numbers are close to each other in time, not of one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolStats {
    /// Buffers that were handed out from those that the pool kept.
    pub hits: usize,
    /// Buffers that were allocated because the pool kept none of their class.
    pub misses: usize,
    /// Buffers that were allocated because they are larger than every class, or grew beyond theirs.
    pub oversize: usize,
    /// Returned buffers that were freed because the pool held as many bytes as it may.
    pub dropped: usize,
    /// Buffers that are out now.
    pub outstanding: usize,
    /// The most buffers that existed at one time, out or kept.
    pub high_water: usize,
    /// Buffers that the pool keeps now.
    pub retained: usize,
    /// Bytes of the buffers that the pool keeps now.
    pub retained_bytes: usize,
}

/// The same for one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClassStats {
    /// Elements in a buffer of the class.
    pub len: usize,
    /// Buffers that were handed out from those that the class kept.
    pub hits: usize,
    /// Buffers that were allocated because the class kept none.
    pub misses: usize,
    /// Returned buffers that were freed because the class, or the pool, held as many bytes as it may.
    pub dropped: usize,
    /// Buffers that are out now.
    pub outstanding: usize,
    /// The most buffers that were out at one time: a buffer is only allocated while all others are out.
    pub high_water: usize,
    /// Buffers that the class keeps now.
    pub retained: usize,
    /// Bytes of the buffers that the class keeps now.
    pub retained_bytes: usize,
}
