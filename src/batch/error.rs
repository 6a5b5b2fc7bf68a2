//! What a batcher refuses, and how it fails.

use crate::memory::PoolError;
use std::sync::Arc;

/// Why there is no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The deadline came while the item was queued; it was in no batch.
    #[error("deadline: it passed while the item was queued")]
    Timeout,
    /// As many items wait as may.
    #[error("queue: full, as many items wait as max_queue_size allows")]
    QueueFull,
    /// The processor failed, panicked or gave a wrong number of results; or the function of weights or keys panicked.
    #[error("{0}")]
    ProcessingFailed(Arc<str>),
    /// The item weighs more than a batch may.
    #[error("item: its weight is {weight}, but a batch may weigh {max_weight}")]
    TooLarge {
        /// The item's weight.
        weight: u64,
        /// The weight of a batch at most.
        max_weight: u64,
    },
    /// The batcher takes no more items.
    #[error("batcher: closed")]
    Closed,
    /// The shutdown's time ran out before the item had a result.
    #[error("batcher: shut down before the item was finished")]
    Abandoned,
    /// A field of the configuration does not fit.
    #[error("{field}: {value}, it must {must}")]
    Configuration {
        /// The field.
        field: &'static str,
        /// What it was.
        value: u64,
        /// What it must be.
        must: &'static str,
    },
    /// A worker could not start.
    #[error("worker: {0}")]
    Worker(Arc<str>),
    /// Only items of equal shape can be stacked.
    #[error("item {index}: {got} elements, but the shape needs {needed}")]
    Shape {
        /// Which item.
        index: usize,
        /// The elements it has.
        got: usize,
        /// The elements of the shape.
        needed: usize,
    },
    /// The stack's memory cannot be had.
    #[error("stack: {0}")]
    Pool(#[from] PoolError),
}

impl BatchError {
    pub(super) fn failed(message: impl Into<Arc<str>>) -> Self {
        BatchError::ProcessingFailed(message.into())
    }
}

/// An item that was not taken, and why.
///
/// `?` turns it into the [`BatchError`] where the item is not needed.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Rejected<T> {
    /// The item, as it was.
    pub item: T,
    /// Why.
    pub reason: BatchError,
}

impl<T> From<Rejected<T>> for BatchError {
    fn from(rejected: Rejected<T>) -> Self {
        rejected.reason
    }
}

/// What a panic said.
pub(super) fn panic_message(payload: &(dyn std::any::Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
