//! A batcher that finds its size.

use super::batcher::{DynamicBatcher, Shutdown};
use super::builder::Builder;
use super::config::{BatchConfig, ItemOptions};
use super::pending::Pending;
use super::rules::LatencyTarget;
use super::service::BatchService;
use super::worker::BatchResult;
use super::{BatchError, BatchStats, Rejected};
use std::fmt;
use std::hash::Hash;
use std::time::Duration;

/// A [`DynamicBatcher`] that learns how long batches take, and sends the largest that keep within a target.
///
/// Its size starts at 1 and stays inside `[1, max_batch_size]`; [`LatencyTarget`] is the rule. `preferred_batch_size` is not
/// used. The target is the processor's time for a batch: an item waits in the queue before, at most `max_wait_ms` while a
/// worker is free.
///
/// ```
/// use omnilane::batch::{AdaptiveBatcher, BatchConfig};
/// use std::time::Duration;
///
/// let config = BatchConfig { max_wait_ms: 0, ..BatchConfig::default() };
/// let double = |items: Vec<u32>| items.iter().map(|v| 2 * v).collect::<Vec<u32>>();
/// let batcher = AdaptiveBatcher::new(config, Duration::from_millis(10), double)?;
/// assert_eq!(batcher.submit_blocking(21)?, 42);
/// assert!(batcher.target_size() >= 1);
/// # Ok::<(), omnilane::batch::BatchError>(())
/// ```
pub struct AdaptiveBatcher<T, R> {
    batcher: DynamicBatcher<T, R>,
}

impl<T, R> Clone for AdaptiveBatcher<T, R> {
    fn clone(&self) -> Self {
        AdaptiveBatcher { batcher: self.batcher.clone() }
    }
}

impl<T, R> fmt::Debug for AdaptiveBatcher<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptiveBatcher").field("batcher", &self.batcher).finish()
    }
}

impl<T: Send + 'static, R: Send + 'static> AdaptiveBatcher<T, R> {
    /// A batcher with one worker, whose batches take at most `target`.
    ///
    /// # Errors
    /// As [`DynamicBatcher::new`]; a target of no time at all is refused.
    pub fn new<O: BatchResult<R>>(
        config: BatchConfig,
        target: Duration,
        processor: impl FnMut(Vec<T>) -> O + Send + 'static,
    ) -> Result<Self, BatchError> {
        DynamicBatcher::builder(config).adaptive(target).build(processor)
    }
}

impl<T, R> AdaptiveBatcher<T, R> {
    /// The size at which batches leave now.
    #[must_use]
    pub fn target_size(&self) -> usize {
        self.stats().target_size
    }

    /// The batcher beneath, with all that it can do.
    #[must_use]
    pub fn batcher(&self) -> &DynamicBatcher<T, R> {
        &self.batcher
    }

    /// As [`DynamicBatcher::add`].
    ///
    /// # Errors
    /// As there.
    pub fn add(&self, item: T) -> Result<Pending<R>, Rejected<T>> {
        self.batcher.add(item)
    }

    /// As [`DynamicBatcher::add_with`].
    ///
    /// # Errors
    /// As there.
    pub fn add_with(&self, item: T, options: ItemOptions) -> Result<Pending<R>, Rejected<T>> {
        self.batcher.add_with(item, options)
    }

    /// As [`DynamicBatcher::add_waiting`].
    ///
    /// # Errors
    /// As there.
    pub async fn add_waiting(&self, item: T) -> Result<Pending<R>, Rejected<T>> {
        self.batcher.add_waiting(item).await
    }

    /// As [`DynamicBatcher::submit_blocking`].
    ///
    /// # Errors
    /// As there.
    pub fn submit_blocking(&self, item: T) -> Result<R, BatchError> {
        self.batcher.submit_blocking(item)
    }

    /// As [`DynamicBatcher::stats`].
    #[must_use]
    pub fn stats(&self) -> BatchStats {
        self.batcher.stats()
    }

    /// As [`DynamicBatcher::queue_size`].
    #[must_use]
    pub fn queue_size(&self) -> usize {
        self.batcher.queue_size()
    }

    /// As [`DynamicBatcher::close`].
    pub fn close(&self) {
        self.batcher.close();
    }

    /// As [`DynamicBatcher::shutdown`].
    pub async fn shutdown(&self, timeout: Duration) -> Shutdown {
        self.batcher.shutdown(timeout).await
    }

    /// As [`DynamicBatcher::service`].
    #[must_use]
    pub fn service(&self) -> BatchService<T, R> {
        self.batcher.service()
    }
}

/// A [`Builder`] of an [`AdaptiveBatcher`]: made by [`Builder::adaptive`].
#[must_use]
#[derive(Debug)]
pub struct AdaptiveBuilder<T, R, K = ()> {
    builder: Builder<T, R, K>,
    target: Duration,
}

impl<T, R, K> AdaptiveBuilder<T, R, K> {
    pub(super) fn new(builder: Builder<T, R, K>, target: Duration) -> Self {
        AdaptiveBuilder { builder, target }
    }
}

impl<T, R, K> AdaptiveBuilder<T, R, K>
where
    T: Send + 'static,
    R: Send + 'static,
    K: Eq + Hash + Clone + Send + 'static,
{
    fn builder(self) -> Result<Builder<T, R, K>, BatchError> {
        if self.target.is_zero() {
            return Err(BatchError::Configuration { field: "target", value: 0, must: "be longer than no time" });
        }
        let rule = LatencyTarget::new(self.target, self.builder.max_batch_size());
        Ok(self.builder.size_rule(rule))
    }

    /// As [`Builder::build`].
    ///
    /// # Errors
    /// As there; a target of no time at all is refused.
    pub fn build<O: BatchResult<R>>(
        self,
        processor: impl FnMut(Vec<T>) -> O + Send + 'static,
    ) -> Result<AdaptiveBatcher<T, R>, BatchError> {
        Ok(AdaptiveBatcher { batcher: self.builder()?.build(processor)? })
    }

    /// As [`Builder::build_each`].
    ///
    /// # Errors
    /// As [`AdaptiveBuilder::build`].
    pub fn build_each<O: BatchResult<R> + 'static, P: FnMut(Vec<T>) -> O + 'static>(
        self,
        workers: usize,
        make: impl Fn(usize) -> P + Send + Sync + 'static,
    ) -> Result<AdaptiveBatcher<T, R>, BatchError> {
        Ok(AdaptiveBatcher { batcher: self.builder()?.build_each(workers, make)? })
    }

    /// As [`Builder::build_async`].
    ///
    /// # Errors
    /// As [`AdaptiveBuilder::build`].
    pub fn build_async<O: BatchResult<R>, F: Future<Output = O>>(
        self,
        processor: impl FnMut(Vec<T>) -> F + Send + 'static,
    ) -> Result<AdaptiveBatcher<T, R>, BatchError> {
        Ok(AdaptiveBatcher { batcher: self.builder()?.build_async(processor)? })
    }
}
