//! What a batcher is told when it is built.

use super::BatchError;
use std::time::Duration;

/// The sizes and the wait of a batcher.
///
/// `1 <= preferred_batch_size <= max_batch_size <= max_queue_size`; anything else is refused when the batcher is built.
///
/// ```
/// use omnilane::batch::BatchConfig;
///
/// let config = BatchConfig { max_wait_ms: 5, ..BatchConfig::default() };
/// assert_eq!((config.max_batch_size, config.preferred_batch_size, config.max_queue_size), (32, 16, 1000));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchConfig {
    /// Items in a batch at most.
    pub max_batch_size: usize,
    /// Milliseconds that an item waits at most for others while a worker is free; 0: it leaves at once.
    /// [`Builder::max_wait`](super::Builder::max_wait) takes finer ones.
    pub max_wait_ms: u64,
    /// Items that wait at most; those that are being processed do not count.
    pub max_queue_size: usize,
    /// A batch leaves as soon as so many items wait, and its size is the largest multiple of this then queued.
    pub preferred_batch_size: usize,
}

impl Default for BatchConfig {
    fn default() -> Self {
        BatchConfig { max_batch_size: 32, max_wait_ms: 50, max_queue_size: 1000, preferred_batch_size: 16 }
    }
}

/// What becomes of an item that weighs more than a whole batch may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Oversized {
    /// It is handed back with [`BatchError::TooLarge`].
    #[default]
    Refuse,
    /// It becomes a batch of its own.
    Alone,
}

/// All the numbers that decide when a batch leaves and what is in it: what [`Builder`](super::Builder) collects, and what a
/// [`Simulator`](super::sim::Simulator) runs without a thread.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Sizes and wait.
    pub config: BatchConfig,
    /// The wait, in place of `config.max_wait_ms`.
    pub max_wait: Option<Duration>,
    /// How long an item may be queued if it brings no deadline of its own.
    pub deadline: Option<Duration>,
    /// The head start that one step of priority is worth; see [`ItemOptions::priority`].
    pub priority_step: Duration,
    /// The weight of a batch at most.
    pub max_weight: Option<u64>,
    /// What becomes of heavier items.
    pub oversized: Oversized,
}

impl Policy {
    /// `config`, and nothing beyond it: no deadline, no weights, 100 ms for a step of priority.
    #[must_use]
    pub fn new(config: BatchConfig) -> Self {
        Policy {
            config,
            max_wait: None,
            deadline: None,
            priority_step: Duration::from_millis(100),
            max_weight: None,
            oversized: Oversized::Refuse,
        }
    }

    /// The wait that holds, in nanoseconds.
    pub(super) fn wait(&self) -> u64 {
        nanos(self.max_wait.unwrap_or(Duration::from_millis(self.config.max_wait_ms)))
    }

    /// What a lane may spend in a round: no batch costs more.
    pub(super) fn quantum(&self) -> u64 {
        self.max_weight.unwrap_or(self.config.max_batch_size as u64)
    }

    /// # Errors
    /// [`BatchError::Configuration`], naming the first field that does not fit.
    pub fn check(&self) -> Result<(), BatchError> {
        let BatchConfig { max_batch_size: max, max_queue_size: queue, preferred_batch_size: preferred, .. } =
            self.config;
        let refuse = |field, value: u64, must| Err(BatchError::Configuration { field, value, must });
        match () {
            () if max == 0 => refuse("max_batch_size", 0, "be at least 1"),
            () if preferred == 0 => refuse("preferred_batch_size", 0, "be at least 1"),
            () if preferred > max => refuse("preferred_batch_size", preferred as u64, "be at most max_batch_size"),
            () if queue < max => refuse("max_queue_size", queue as u64, "be at least max_batch_size"),
            () if self.max_weight == Some(0) => refuse("max_weight", 0, "be at least 1"),
            () => Ok(()),
        }
    }
}

/// What an item brings along.
///
/// ```
/// use omnilane::batch::ItemOptions;
/// use std::time::Duration;
///
/// let urgent = ItemOptions { priority: 3, deadline: Some(Duration::from_millis(20)) };
/// assert_ne!(urgent, ItemOptions::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemOptions {
    /// Higher goes first among items of the same key, but not for ever: an item of priority `p` is treated as if it had
    /// come `p` steps ([`Policy::priority_step`]) earlier, so one that has waited longer than the steps between them passes.
    pub priority: u8,
    /// How long it may be queued; then the answer is [`BatchError::Timeout`]. `None`: the batcher's default.
    pub deadline: Option<Duration>,
}

/// Nanoseconds, at most `u64::MAX`: 584 years.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
