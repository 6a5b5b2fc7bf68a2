//! One step of a pipeline: a closure, and who runs it.

use crate::parallel::{BoxError, ParallelError};
use std::fmt;
use std::sync::Arc;

pub(super) type Serial<T, U> = Box<dyn FnMut(T) -> Result<U, BoxError> + Send>;
pub(super) type Parallel<T, U> = Arc<dyn Fn(T) -> Result<U, BoxError> + Send + Sync>;

/// One step of a pipeline, from `T` to `U`: a closure, and how many workers run it.
///
/// ```
/// use omnilane::parallel::Stage;
///
/// let mut sum = 0;
/// let running_sum = Stage::serial(move |v: u32| {
///     sum += v;
///     sum
/// });
/// let parse = Stage::try_parallel(2, |text: String| text.parse::<u32>())?;
/// assert_eq!((running_sum.workers(), parse.workers()), (1, 2));
/// # Ok::<(), omnilane::parallel::ParallelError>(())
/// ```
pub struct Stage<T, U> {
    pub(super) work: Work<T, U>,
}

pub(super) enum Work<T, U> {
    Serial(Serial<T, U>),
    Parallel(usize, Parallel<T, U>),
}

impl<T, U> Stage<T, U> {
    /// One worker, which takes the items in the order of the input; the closure may keep something from item to item.
    #[must_use]
    pub fn serial(mut f: impl FnMut(T) -> U + Send + 'static) -> Self {
        Stage { work: Work::Serial(Box::new(move |item| Ok(f(item)))) }
    }

    /// [`serial`](Stage::serial) for a closure that may fail; its first error ends the pipeline.
    #[must_use]
    pub fn try_serial<E: Into<BoxError>>(mut f: impl FnMut(T) -> Result<U, E> + Send + 'static) -> Self {
        Stage { work: Work::Serial(Box::new(move |item| f(item).map_err(Into::into))) }
    }

    /// So many workers, each of which takes the next item that is ready.
    ///
    /// # Errors
    /// [`ParallelError::Workers`] for 0.
    pub fn parallel(workers: usize, f: impl Fn(T) -> U + Send + Sync + 'static) -> Result<Self, ParallelError> {
        Self::with_workers(workers, Arc::new(move |item| Ok(f(item))))
    }

    /// [`parallel`](Stage::parallel) for a closure that may fail; its first error ends the pipeline.
    ///
    /// # Errors
    /// [`ParallelError::Workers`] for 0.
    pub fn try_parallel<E: Into<BoxError>>(
        workers: usize,
        f: impl Fn(T) -> Result<U, E> + Send + Sync + 'static,
    ) -> Result<Self, ParallelError> {
        Self::with_workers(workers, Arc::new(move |item| f(item).map_err(Into::into)))
    }

    fn with_workers(workers: usize, f: Parallel<T, U>) -> Result<Self, ParallelError> {
        match workers {
            0 => Err(ParallelError::Workers),
            n => Ok(Stage { work: Work::Parallel(n, f) }),
        }
    }

    /// Threads that work at it.
    #[must_use]
    pub fn workers(&self) -> usize {
        match self.work {
            Work::Serial(_) => 1,
            Work::Parallel(workers, _) => workers,
        }
    }

    /// The closure on the calling thread.
    pub(super) fn call(&mut self, item: T) -> Result<U, BoxError> {
        match &mut self.work {
            Work::Serial(f) => f(item),
            Work::Parallel(_, f) => f(item),
        }
    }
}

impl<T, U> fmt::Debug for Stage<T, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let serial = matches!(self.work, Work::Serial(_));
        f.debug_struct("Stage").field("serial", &serial).field("workers", &self.workers()).finish()
    }
}
