//! The batcher's handle.

use super::block_on::block_on;
use super::builder::Builder;
use super::config::{BatchConfig, ItemOptions};
use super::front::{Deadline, Front};
use super::pending::{Pending, Reserve, add_waiting};
use super::service::BatchService;
use super::worker::BatchResult;
use super::{BatchError, BatchStats, Rejected};
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

/// Gathers items into batches and answers each caller. A handle: clones share the batcher, and when the last one is dropped
/// it closes and runs what is queued.
///
/// See the [module](super) for the rules.
pub struct DynamicBatcher<T, R> {
    handle: Arc<Handle<T, R>>,
}

/// Closes when the last clone is dropped. Those who wait for an answer hold none.
struct Handle<T, R> {
    front: Arc<dyn Front<T, R>>,
}

impl<T, R> Drop for Handle<T, R> {
    fn drop(&mut self) {
        self.front.close();
    }
}

impl<T, R> Clone for DynamicBatcher<T, R> {
    fn clone(&self) -> Self {
        DynamicBatcher { handle: Arc::clone(&self.handle) }
    }
}

impl<T, R> fmt::Debug for DynamicBatcher<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicBatcher").field("waiting", &self.queue_size()).finish_non_exhaustive()
    }
}

/// How a shutdown ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shutdown {
    /// Items whose batch was done after the batcher was closed.
    pub completed: u64,
    /// Items that got [`BatchError::Abandoned`] because the time was over: queued, or in a batch that did not end.
    pub abandoned: u64,
}

impl<T: Send + 'static, R: Send + 'static> DynamicBatcher<T, R> {
    /// A batcher with one worker.
    ///
    /// `processor` gets the items of a batch and gives one result for each, in their order: a `Vec<R>`, or a
    /// `Result<Vec<R>, E>` whose error goes to all of the batch's callers.
    ///
    /// # Errors
    /// [`BatchError::Configuration`], or [`BatchError::Worker`] if the system gives no thread.
    pub fn new<O: BatchResult<R>>(
        config: BatchConfig,
        processor: impl FnMut(Vec<T>) -> O + Send + 'static,
    ) -> Result<Self, BatchError> {
        Self::builder(config).build(processor)
    }

    /// For several workers, asynchronous processors, deadlines, keys, weights.
    pub fn builder(config: BatchConfig) -> Builder<T, R> {
        Builder::new(config)
    }
}

impl<T, R> DynamicBatcher<T, R> {
    pub(super) fn new_handle(front: Arc<dyn Front<T, R>>) -> Self {
        DynamicBatcher { handle: Arc::new(Handle { front }) }
    }

    fn front(&self) -> Arc<dyn Front<T, R>> {
        Arc::clone(&self.handle.front)
    }

    /// Queues an item, or hands it back at once.
    ///
    /// # Errors
    /// [`Rejected`] with the item: queue full, closed, too large, or its key or weight could not be found.
    pub fn add(&self, item: T) -> Result<Pending<R>, Rejected<T>> {
        self.add_with(item, ItemOptions::default())
    }

    /// [`DynamicBatcher::add`] with a priority or a deadline.
    ///
    /// # Errors
    /// As [`DynamicBatcher::add`].
    pub fn add_with(&self, item: T, options: ItemOptions) -> Result<Pending<R>, Rejected<T>> {
        self.front().add(item, options.priority, Deadline::In(options.deadline), false)
    }

    /// Waits for a place in the queue, first come, first served, and queues the item.
    ///
    /// # Errors
    /// [`Rejected`] with the item: its deadline came while it waited for the place, closed, too large, or its key or weight
    /// could not be found.
    pub async fn add_waiting(&self, item: T) -> Result<Pending<R>, Rejected<T>> {
        self.add_waiting_with(item, ItemOptions::default()).await
    }

    /// [`DynamicBatcher::add_waiting`] with a priority or a deadline.
    ///
    /// # Errors
    /// As [`DynamicBatcher::add_waiting`].
    pub async fn add_waiting_with(&self, item: T, options: ItemOptions) -> Result<Pending<R>, Rejected<T>> {
        add_waiting(self.front(), item, options).await
    }

    /// Waits for a place in the queue, to be filled later.
    #[must_use]
    pub fn reserve(&self) -> Reserve<T, R> {
        Reserve::new(self.front(), None)
    }

    /// Waits for a place and for the result on this thread; needs no runtime.
    ///
    /// Inside a batch's own processor it waits for a worker that waits for it: not with one worker.
    ///
    /// # Errors
    /// Any [`BatchError`] but `QueueFull`.
    pub fn submit_blocking(&self, item: T) -> Result<R, BatchError> {
        self.submit_blocking_with(item, ItemOptions::default())
    }

    /// [`DynamicBatcher::submit_blocking`] with a priority or a deadline.
    ///
    /// # Errors
    /// As [`DynamicBatcher::submit_blocking`].
    pub fn submit_blocking_with(&self, item: T, options: ItemOptions) -> Result<R, BatchError> {
        block_on(async { self.add_waiting_with(item, options).await?.await })
    }

    /// What it has done and is doing.
    #[must_use]
    pub fn stats(&self) -> BatchStats {
        self.handle.front.stats()
    }

    /// Items that wait for a batch.
    #[must_use]
    pub fn queue_size(&self) -> usize {
        self.handle.front.waiting()
    }

    /// Refuses new items from now on; those that are queued leave at once, in partial batches if need be.
    ///
    /// Does not wait; may be called again, and from inside the processor.
    pub fn close(&self) {
        self.handle.front.close();
    }

    /// Closes, and waits until all callers have their answer, but not longer than `timeout`: those that are left then get
    /// [`BatchError::Abandoned`]. A batch that runs then cannot be stopped, but nobody waits for it any more.
    ///
    /// Called again, the earliest end holds and the report is the same. Awaited inside the processor it closes and gives the
    /// count so far, since a batch cannot wait for its own end.
    pub async fn shutdown(&self, timeout: Duration) -> Shutdown {
        let front = self.front();
        front.begin_shutdown(timeout);
        poll_fn(|context| front.poll_shutdown(context.waker())).await
    }

    /// [`DynamicBatcher::shutdown`] on this thread; needs no runtime.
    #[must_use]
    pub fn shutdown_blocking(&self, timeout: Duration) -> Shutdown {
        block_on(self.shutdown(timeout))
    }

    /// The batcher as a [`tower_service::Service`].
    #[must_use]
    pub fn service(&self) -> BatchService<T, R> {
        BatchService::new(self.clone())
    }
}
