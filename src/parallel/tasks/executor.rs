//! CPU work for async code, so many at once.

use super::permits::Permits;
use crate::cpu::Captured;
use crate::parallel::ParallelError;
use crate::parallel::threads::{Pools, for_tasks, optimal_thread_count};
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Runs CPU work for async code on threads of its own, at most so many items at once, whoever waits for them.
///
/// The limit holds for all calls on the executor and its clones together. A permit belongs to the work that runs: when the
/// future of [`execute`](Self::execute) is dropped, items that have not begun are withdrawn, those that run keep their
/// permits until they end. Work goes on when the future is not polled. Works with any async runtime, and without one.
///
/// ```
/// use omnilane::parallel::AsyncParallelExecutor;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let executor = AsyncParallelExecutor::new(2)?;
/// let results = executor.execute(vec!["12", "x", "14"], |text: &str| text.parse::<u32>().unwrap()).await;
/// assert_eq!(results[0].as_ref().unwrap(), &12);
/// assert!(results[1].as_ref().unwrap_err().message().contains("InvalidDigit"));
/// assert_eq!(results[2].as_ref().unwrap(), &14);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AsyncParallelExecutor {
    shared: Arc<Shared>,
}

struct Shared {
    limit: usize,
    permits: Permits<Work>,
}

type Tell = Box<dyn FnOnce() + Send>;

/// An item that waits for its permit.
struct Work {
    /// Does it; what it returns tells the caller.
    run: Box<dyn FnOnce() -> Tell + Send>,
    pools: Arc<Pools>,
    batch: Arc<AtomicBool>,
}

impl AsyncParallelExecutor {
    /// At most `limit` items at once; they share [`optimal_thread_count`] threads.
    ///
    /// # Errors
    /// [`ParallelError::Limit`] for 0 and for more than a semaphore counts, [`ParallelError::Threads`] if the operating
    /// system does not start the threads.
    pub fn new(limit: usize) -> Result<Self, ParallelError> {
        let most = Semaphore::MAX_PERMITS;
        if limit == 0 || limit > most {
            return Err(ParallelError::Limit { limit, most });
        }
        for_tasks()?;
        Ok(AsyncParallelExecutor { shared: Arc::new(Shared { limit, permits: Permits::new(limit) }) })
    }

    /// As many items at once as there are threads.
    ///
    /// # Errors
    /// [`ParallelError::Threads`] if the operating system does not start the threads.
    pub fn with_optimal_limit() -> Result<Self, ParallelError> {
        Self::new(optimal_thread_count())
    }

    /// How many items may run at once.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.shared.limit
    }

    /// How many items could begin now without waiting.
    #[must_use]
    pub fn available(&self) -> usize {
        self.shared.permits.available()
    }

    /// `f` of each item: the results in the order of the items, and for an item on which `f` panicked a [`TaskPanic`].
    ///
    /// Nothing begins before the future is polled. Kernels that `f` calls run on the instruction set of whoever called
    /// `execute`.
    pub fn execute<T, U, F>(
        &self,
        items: Vec<T>,
        f: F,
    ) -> impl Future<Output = Vec<Result<U, TaskPanic>>> + use<T, U, F>
    where
        T: Send + 'static,
        U: Send + 'static,
        F: Fn(T) -> U + Send + Sync + 'static,
    {
        let (executor, isa) = (self.clone(), Captured::here());
        async move { executor.run(items, f, isa).await }
    }

    /// [`execute`](Self::execute) for an `f` that may fail: each error stands at its item's place, the others go on.
    ///
    /// ```
    /// use omnilane::parallel::{AsyncParallelExecutor, TaskError};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = AsyncParallelExecutor::new(2)?;
    /// let results = executor.execute_result(vec!["12", "x"], |text: &str| text.parse::<u32>()).await;
    /// assert_eq!(results[0].as_ref().unwrap(), &12);
    /// assert!(matches!(results[1], Err(TaskError::Failed(_))));
    /// # Ok(())
    /// # }
    /// ```
    pub fn execute_result<T, U, E, F>(
        &self,
        items: Vec<T>,
        f: F,
    ) -> impl Future<Output = Vec<Result<U, TaskError<E>>>> + use<T, U, E, F>
    where
        T: Send + 'static,
        U: Send + 'static,
        E: Send + 'static,
        F: Fn(T) -> Result<U, E> + Send + Sync + 'static,
    {
        let results = self.execute(items, f);
        async move {
            let flat = |result| match result {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(e)) => Err(TaskError::Failed(e)),
                Err(panic) => Err(TaskError::Panicked(panic)),
            };
            results.await.into_iter().map(flat).collect()
        }
    }

    async fn run<T, U, F>(self, items: Vec<T>, f: F, isa: Captured) -> Vec<Result<U, TaskPanic>>
    where
        T: Send + 'static,
        U: Send + 'static,
        F: Fn(T) -> U + Send + Sync + 'static,
    {
        let n = items.len();
        let pools = match for_tasks() {
            Ok(pools) => pools,
            // The operating system gives no threads any more: that is what every item hears.
            Err(e) => return items.iter().map(|_| Err(TaskPanic::new(Box::new(e.to_string())))).collect(),
        };
        let (f, (sender, mut results)) = (Arc::new(f), mpsc::unbounded_channel());
        let batch = Batch { shared: &self.shared, dropped: Arc::new(AtomicBool::new(false)) };
        let works = items.into_iter().enumerate().map(|(i, item)| {
            let (f, sender) = (Arc::clone(&f), sender.clone());
            let run = Box::new(move || {
                let _scope = isa.enter();
                let result = catch_unwind(AssertUnwindSafe(|| f(item))).map_err(TaskPanic::new);
                // A caller that is gone needs no result.
                Box::new(move || _ = sender.send((i, result))) as Tell
            });
            Work { run, pools: Arc::clone(&pools), batch: Arc::clone(&batch.dropped) }
        });
        for (work, permit) in self.shared.permits.submit(works) {
            start(&self.shared, work, permit);
        }
        drop((f, sender));
        let mut out: Vec<_> = std::iter::repeat_with(|| None).take(n).collect();
        while let Some((i, result)) = results.recv().await {
            out[i] = Some(result);
        }
        let lost = || Err(TaskPanic::new(Box::new("the task ended without a result")));
        out.into_iter().map(|result| result.unwrap_or_else(lost)).collect()
    }
}

/// Runs the work on its pool; what waits gets the permit after it.
fn start(shared: &Arc<Shared>, work: Work, permit: OwnedSemaphorePermit) {
    let Work { run, pools, batch } = work;
    let (shared, also) = (Arc::clone(shared), Arc::clone(&pools));
    let job = move || {
        // A panic left here is one of a `drop` in what the closure holds; it must not take the permit along.
        let ended = catch_unwind(AssertUnwindSafe(|| (!batch.load(Relaxed)).then(run)));
        // Before the caller hears of the end: it finds the permit free then.
        if let Some((next, permit)) = shared.permits.pass(permit) {
            start(&shared, next, permit);
        }
        if let Ok(Some(tell)) = ended {
            let _ = catch_unwind(AssertUnwindSafe(tell));
        }
        drop(pools);
    };
    match also.tasks() {
        Ok(pool) => pool.spawn(job),
        Err(_) => job(), // `for_tasks` made it
    }
}

/// One call of `execute`; dropped early, it withdraws what has not begun.
struct Batch<'a> {
    shared: &'a Shared,
    dropped: Arc<AtomicBool>,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        self.dropped.store(true, Relaxed);
        self.shared.permits.withdraw(|work| Arc::ptr_eq(&work.batch, &self.dropped));
    }
}

impl fmt::Debug for AsyncParallelExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (limit, available) = (self.limit(), self.available());
        f.debug_struct("AsyncParallelExecutor").field("limit", &limit).field("available", &available).finish()
    }
}

/// A task panicked; the others went on.
pub struct TaskPanic {
    // Behind a lock that nobody takes: an error that is `Sync` can be a `Box<dyn Error + Send + Sync>`.
    payload: Mutex<Box<dyn Any + Send>>,
    message: Box<str>,
}

impl TaskPanic {
    fn new(payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let message = text.unwrap_or("a panic without a text").into();
        TaskPanic { payload: Mutex::new(payload), message }
    }

    /// What the panic said, if it was text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What it panicked with, for [`resume_unwind`](std::panic::resume_unwind).
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TaskPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TaskPanic").field(&self.message()).finish()
    }
}

impl fmt::Display for TaskPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task: it panicked: {}", self.message())
    }
}

impl Error for TaskPanic {}

/// Why a task of [`execute_result`](AsyncParallelExecutor::execute_result) has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError<E> {
    /// Its closure returned this error.
    #[error("task: {0}")]
    Failed(#[source] E),
    /// Its closure panicked.
    #[error(transparent)]
    Panicked(TaskPanic),
}
