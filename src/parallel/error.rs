//! What the parallel layer refuses, and what failed in it.

use std::error::Error;

/// An error of any type, from a caller's closure or source.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Why parallel work did not start, or did not end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParallelError {
    /// A chunk of nothing would never get through the items.
    #[error("chunk: 0 items, it must be at least 1")]
    ChunkSize,
    /// Bands of rows cannot start on multiples of nothing.
    #[error("step: 0 rows, it must be at least 1")]
    RowStep,
    /// Source and destination have not the same number of rows.
    #[error("dst: {height} rows, it must have {expected}, as src")]
    Rows {
        /// The destination's rows.
        height: usize,
        /// The source's rows.
        expected: usize,
    },
    /// More threads than a pool can have.
    #[error("threads: {requested}, there may be at most {most} (0: one for each core)")]
    TooManyThreads {
        /// What was asked for.
        requested: usize,
        /// What is possible.
        most: usize,
    },
    /// The operating system did not start the threads.
    #[error("threads: {requested} could not be started: {source}")]
    Threads {
        /// How many were needed.
        requested: usize,
        /// What the operating system said.
        source: BoxError,
    },
    /// A stage that nobody works at.
    #[error("workers: 0, a stage needs at least 1")]
    Workers,
    /// A pipeline that no item may enter.
    #[error("items_alive: 0, at least 1 item must be alive for a pipeline to move")]
    ItemsAlive,
    /// A limit that no work could start under, or that cannot be counted.
    #[error("limit: {limit} tasks at once, it must be 1 to {most}")]
    Limit {
        /// What was asked for.
        limit: usize,
        /// What is possible.
        most: usize,
    },
    /// A stage of a pipeline gave an error; the first one that did.
    #[error("stage {stage}, item {item} (both counted from 0): {source}")]
    Stage {
        /// The stage, the first one is 0.
        stage: usize,
        /// The item's place in the input, the first one is 0.
        item: u64,
        /// What the stage said.
        source: BoxError,
    },
    /// Two sources of a stream have the same number.
    #[error("source: {id} was added twice, each needs a number of its own")]
    SourceTwice {
        /// The number.
        id: u32,
    },
    /// A stream without a source has nothing to end.
    #[error("source: a stream needs at least 1")]
    NoSource,
    /// A queue must hold a whole batch.
    #[error("queue: {capacity} frames, it must hold at least one batch of {batch}, and a batch at least 1 frame")]
    Queue {
        /// Frames that the queue of a source holds.
        capacity: usize,
        /// Frames in a batch.
        batch: usize,
    },
    /// A source of a stream broke off; its frames up to there were delivered, the other sources go on.
    #[error("source {id}, after {frames} frames: {source}")]
    Source {
        /// The source's number.
        id: u32,
        /// Frames that it gave before.
        frames: u64,
        /// What the source said.
        source: BoxError,
    },
}
