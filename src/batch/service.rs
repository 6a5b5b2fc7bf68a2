//! The batcher as a service of tower.

use super::batcher::DynamicBatcher;
use super::pending::{Pending, Permit, Reserve};
use super::{BatchError, Rejected};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// A [`tower_service::Service`] that takes an item and gives its result: made by [`DynamicBatcher::service`].
///
/// `poll_ready` waits for a place in the queue and keeps it, so tower's `load_shed`, `timeout` and `buffer` work as they
/// should. A call without it takes a place if there is one, else its future gives `QueueFull`.
///
/// ```
/// use omnilane::batch::{BatchConfig, DynamicBatcher};
/// use tower::ServiceExt;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let config = BatchConfig { max_wait_ms: 1, ..BatchConfig::default() };
/// let batcher = DynamicBatcher::new(config, |items: Vec<u32>| items.iter().map(|v| v * v).collect::<Vec<u32>>())?;
/// assert_eq!(batcher.service().oneshot(7).await?, 49);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })
/// # ?; Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct BatchService<T, R> {
    batcher: DynamicBatcher<T, R>,
    place: Place<T, R>,
}

enum Place<T, R> {
    None,
    Waiting(Reserve<T, R>),
    Kept(Permit<T, R>),
}

impl<T, R> BatchService<T, R> {
    pub(super) fn new(batcher: DynamicBatcher<T, R>) -> Self {
        BatchService { batcher, place: Place::None }
    }
}

impl<T, R> Clone for BatchService<T, R> {
    /// The same batcher; a kept place stays with the original.
    fn clone(&self) -> Self {
        Self::new(self.batcher.clone())
    }
}

impl<T, R> fmt::Debug for BatchService<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchService").field("batcher", &self.batcher).finish_non_exhaustive()
    }
}

/// The answer of a [`BatchService`]: as [`Pending`], or the reason why the item was not taken.
#[derive(Debug)]
#[must_use = "dropping it cancels the item"]
pub struct BatchResponse<R>(Result<Pending<R>, Option<BatchError>>);

impl<R> Future for BatchResponse<R> {
    type Output = Result<R, BatchError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Ok(pending) => Pin::new(pending).poll(context),
            Err(reason) => Poll::Ready(Err(reason.take().unwrap_or(BatchError::Closed))),
        }
    }
}

impl<T: Send + 'static, R: Send + 'static> Service<T> for BatchService<T, R> {
    type Response = R;
    type Error = BatchError;
    type Future = BatchResponse<R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BatchError>> {
        loop {
            self.place = match &mut self.place {
                Place::Kept(_) => return Poll::Ready(Ok(())),
                Place::None => Place::Waiting(self.batcher.reserve()),
                Place::Waiting(reserve) => match ready!(Pin::new(reserve).poll(context)) {
                    Ok(permit) => Place::Kept(permit),
                    Err(error) => {
                        self.place = Place::None;
                        return Poll::Ready(Err(error));
                    }
                },
            };
        }
    }

    fn call(&mut self, item: T) -> BatchResponse<R> {
        let added = match std::mem::replace(&mut self.place, Place::None) {
            Place::Kept(permit) => permit.send(item),
            _ => self.batcher.add(item),
        };
        BatchResponse(added.map_err(|Rejected { reason, .. }| Some(reason)))
    }
}
