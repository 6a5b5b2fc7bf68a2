//! What a batcher counts.

use super::histogram::{Histogram, Summary};
use std::time::Duration;

/// What a batcher has done since it was built, and what it is doing.
///
/// `submitted = waiting + in_flight + completed + failed + timeouts + cancelled_waiting + cancelled_running + abandoned`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct BatchStats {
    /// Items that were taken in.
    pub submitted: u64,
    /// Items that wait for a batch.
    pub waiting: usize,
    /// Items that are being processed.
    pub in_flight: usize,
    /// Items whose caller has the result.
    pub completed: u64,
    /// Items whose caller got [`ProcessingFailed`](super::BatchError::ProcessingFailed).
    pub failed: u64,
    /// Items whose deadline came while they were queued.
    pub timeouts: u64,
    /// Items whose caller went away before their batch started: they cost nothing.
    pub cancelled_waiting: u64,
    /// Items whose caller went away after their batch started: the result was dropped.
    pub cancelled_running: u64,
    /// Items that a shutdown gave up.
    pub abandoned: u64,
    /// Items handed back because the queue was full.
    pub rejected_full: u64,
    /// Items handed back because they weigh too much.
    pub rejected_too_large: u64,
    /// Items handed back because the batcher was closed.
    pub rejected_closed: u64,
    /// Batches that were finished, well or not.
    pub batches: u64,
    /// Batches whose processor panicked.
    pub panics: u64,
    /// The size at which batches leave now: the preferred one, or what the [`AdaptiveBatcher`](super::AdaptiveBatcher) found.
    pub target_size: usize,
    /// The mean batch size divided by `max_batch_size`.
    pub fill_ratio: f64,
    /// From taken in to the start of the batch.
    pub wait: Summary<Duration>,
    /// The processor's time for a batch.
    pub service: Summary<Duration>,
    /// Items in a batch.
    pub batch_size: Summary<f64>,
}

/// The counters behind [`BatchStats`].
pub(super) struct Counters {
    pub(super) totals: BatchStats,
    pub(super) wait: Histogram,
    pub(super) service: Histogram,
    pub(super) size: Histogram,
}

impl Counters {
    pub(super) fn new() -> Self {
        let [wait, service, size] = [(); 3].map(|()| Histogram::new());
        Counters { totals: BatchStats::default(), wait, service, size }
    }

    pub(super) fn snapshot(&self, max_batch_size: usize) -> BatchStats {
        let batch_size = self.size.summary();
        BatchStats {
            fill_ratio: batch_size.mean / max_batch_size as f64,
            wait: self.wait.summary().times(),
            service: self.service.summary().times(),
            batch_size,
            ..self.totals
        }
    }
}
