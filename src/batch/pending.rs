//! What a caller holds: an answer to come, a place in the queue, a place in the line for one.

use super::callers::Role;
use super::config::ItemOptions;
use super::core::{Passage, Ticket};
use super::front::{Cancel, Deadline, Front};
use super::{BatchError, Rejected};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::oneshot;

/// The answer to come for an item that was taken in.
///
/// Dropping it gives the item's place free at once; if its batch has started, the result is dropped.
#[must_use = "dropping it cancels the item"]
pub struct Pending<R> {
    receiver: oneshot::Receiver<Result<R, BatchError>>,
    /// `None` once there is an answer.
    queued: Option<(Arc<dyn Cancel>, Ticket)>,
    /// What it has to do with the batches, where callers run them.
    role: Role,
}

impl<R> Pending<R> {
    pub(super) fn new(
        receiver: oneshot::Receiver<Result<R, BatchError>>,
        queue: Arc<dyn Cancel>,
        ticket: Ticket,
    ) -> Self {
        Pending { receiver, queued: Some((queue, ticket)), role: Role::New }
    }

    /// Waits on this thread; needs no runtime.
    ///
    /// # Errors
    /// As the future gives them.
    pub fn wait(self) -> Result<R, BatchError> {
        super::block_on::block_on(self)
    }
}

impl<R> Future for Pending<R> {
    type Output = Result<R, BatchError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let role = std::mem::replace(&mut self.role, Role::Waits);
        // Who is next may have been answered by others.
        let here = if role == Role::Next { self.receiver.try_recv().ok() } else { None };
        if let Some((queue, ticket)) = &self.queued {
            match (role, &here) {
                (Role::New, _) | (Role::Next, None) => {
                    self.role = queue.help(*ticket, role, context.waker());
                    if self.role == Role::Leader {
                        // To the end of the executor's line: the others come first.
                        context.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
                (Role::Leader, _) => queue.attend(),
                // Without a batch, so that those who count on this one are left alone.
                (Role::Next, Some(Err(_))) => queue.desert(*ticket, role),
                _ => {}
            }
        }
        let answer = match here {
            Some(answer) => Ok(answer),
            None => ready!(Pin::new(&mut self.receiver).poll(context)),
        };
        self.queued = None;
        // A sender is only dropped unused if its thread was killed.
        Poll::Ready(answer.unwrap_or_else(|_| Err(BatchError::failed("worker: it ended without an answer"))))
    }
}

impl<R> Drop for Pending<R> {
    fn drop(&mut self) {
        if let Some((queue, ticket)) = self.queued.take() {
            if matches!(self.role, Role::Leader | Role::Next) {
                queue.desert(ticket, self.role);
            }
            // First, so that a batch that ends now sees that nobody waits.
            self.receiver.close();
            if self.receiver.try_recv().is_err() {
                queue.cancel(ticket);
            }
        }
    }
}

impl<R> fmt::Debug for Pending<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("answered", &self.queued.is_none()).finish()
    }
}

/// A place in the queue that is kept for one item. Dropping it gives the place free.
#[must_use = "dropping it gives the place free"]
pub struct Permit<T, R> {
    front: Option<Arc<dyn Front<T, R>>>,
}

impl<T, R> Permit<T, R> {
    fn new(front: Arc<dyn Front<T, R>>) -> Self {
        Permit { front: Some(front) }
    }

    /// Puts the item into the place.
    ///
    /// # Errors
    /// [`Rejected`] with the item: closed since, too large, or its key or weight could not be found. Never `QueueFull`.
    pub fn send(self, item: T) -> Result<Pending<R>, Rejected<T>> {
        self.send_with(item, ItemOptions::default())
    }

    /// [`Permit::send`] with a priority or a deadline.
    ///
    /// # Errors
    /// As [`Permit::send`].
    pub fn send_with(self, item: T, options: ItemOptions) -> Result<Pending<R>, Rejected<T>> {
        self.send_until(item, options.priority, Deadline::In(options.deadline))
    }

    fn send_until(mut self, item: T, priority: u8, deadline: Deadline) -> Result<Pending<R>, Rejected<T>> {
        match self.front.take() {
            Some(front) => front.add(item, priority, deadline, true),
            None => Err(Rejected { item, reason: BatchError::Closed }),
        }
    }
}

impl<T, R> Drop for Permit<T, R> {
    fn drop(&mut self) {
        if let Some(front) = self.front.take() {
            front.release();
        }
    }
}

impl<T, R> fmt::Debug for Permit<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

/// The line for a place: first come, first served. A future of a [`Permit`].
pub struct Reserve<T, R> {
    front: Arc<dyn Front<T, R>>,
    deadline: Option<u64>,
    /// The number in the line, while in it.
    number: Option<u64>,
}

impl<T, R> Reserve<T, R> {
    pub(super) fn new(front: Arc<dyn Front<T, R>>, deadline: Option<u64>) -> Self {
        Reserve { front, deadline, number: None }
    }
}

impl<T, R> Future for Reserve<T, R> {
    type Output = Result<Permit<T, R>, BatchError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let number = match self.number {
            Some(number) => number,
            None => match self.front.reserve(self.deadline) {
                Ok(()) => return Poll::Ready(Ok(Permit::new(Arc::clone(&self.front)))),
                Err(number) => *self.number.insert(number),
            },
        };
        let passage = ready!(self.front.poll_passage(number, context.waker()));
        self.number = None;
        Poll::Ready(match passage {
            Passage::Granted => Ok(Permit::new(Arc::clone(&self.front))),
            Passage::Expired => Err(BatchError::Timeout),
            Passage::Closed => Err(BatchError::Closed),
        })
    }
}

impl<T, R> Drop for Reserve<T, R> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.front.leave_line(number);
        }
    }
}

impl<T, R> fmt::Debug for Reserve<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Waits for a place, then puts the item into it.
pub(super) async fn add_waiting<T, R>(
    front: Arc<dyn Front<T, R>>,
    item: T,
    options: ItemOptions,
) -> Result<Pending<R>, Rejected<T>> {
    // The time in the line counts, too.
    let deadline = front.deadline(options);
    match Reserve::new(front, deadline).await {
        Ok(permit) => permit.send_until(item, options.priority, Deadline::At(deadline)),
        Err(reason) => Err(Rejected { item, reason }),
    }
}
