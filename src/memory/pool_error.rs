//! What a pool refuses.

/// Why a pool or a buffer cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PoolError {
    /// A strict pool has no buffer left, and may not make another.
    #[error("n: a buffer of {requested} elements was asked for, but all that {limit} bytes allow are out")]
    PoolExhausted {
        /// Elements that were asked for.
        requested: usize,
        /// The bytes that the class, or the pool, may have.
        limit: usize,
    },
    /// There is not that much memory.
    #[error("n: {elements} elements of {element_size} bytes are more than there is memory for")]
    OutOfMemory {
        /// Elements that were asked for.
        elements: usize,
        /// Bytes of one.
        element_size: usize,
    },
    /// Something was written from a slice of another length.
    #[error("src: {got} elements, but the buffer has {needed}")]
    LengthMismatch {
        /// Elements in the slice.
        got: usize,
        /// Elements in the buffer.
        needed: usize,
    },
    /// A pool without a class keeps nothing.
    #[error("classes: none, but a pool needs at least one")]
    NoClass,
    /// More classes than a pool looks through.
    #[error("classes: {got}, but at most {max} are allowed")]
    TooManyClasses {
        /// Classes that were given.
        got: usize,
        /// Classes that are allowed.
        max: usize,
    },
    /// A class of empty buffers, of buffers that no address has room for, or one that was given twice.
    #[error("classes: {len} elements; each must differ from the others, be at least 1, and fit in memory")]
    BadClass {
        /// Elements in a buffer of the class.
        len: usize,
    },
}
