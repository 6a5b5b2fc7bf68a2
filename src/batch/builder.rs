//! Building a batcher.

use super::adaptive::AdaptiveBuilder;
use super::batcher::DynamicBatcher;
use super::block_on::block_on;
use super::config::{BatchConfig, Oversized, Policy};
use super::core::Core;
use super::error::panic_message;
use super::rules::SizeRule;
use super::shared::{Measure, SendRun, Shared};
use super::worker::{self, BatchResult, Processor};
use super::{BatchError, Front};
use std::fmt;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// Collects what a [`DynamicBatcher`] needs beyond its [`BatchConfig`]: made by [`DynamicBatcher::builder`].
///
/// ```
/// use omnilane::batch::{BatchConfig, DynamicBatcher};
/// use std::time::Duration;
///
/// // Only strings of equal length share a batch, and no batch has more than 1000 bytes.
/// let batcher = DynamicBatcher::builder(BatchConfig::default())
///     .max_wait(Duration::from_micros(200))
///     .deadline(Duration::from_secs(1))
///     .key(|text: &String| text.len())
///     .weight(1000, |text: &String| text.len() as u64)
///     .build(|texts: Vec<String>| texts.into_iter().map(|text| text.to_uppercase()).collect::<Vec<_>>())?;
/// assert_eq!(batcher.submit_blocking("lane".to_string())?, "LANE");
/// # Ok::<(), omnilane::batch::BatchError>(())
/// ```
#[must_use]
pub struct Builder<T, R, K = ()> {
    policy: Policy,
    key: Measure<T, K>,
    weight: Option<Measure<T, u64>>,
    rule: Option<Box<dyn SizeRule>>,
    on_callers: bool,
    results: std::marker::PhantomData<fn() -> R>,
}

impl<T, R, K> fmt::Debug for Builder<T, R, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl<T, R> Builder<T, R> {
    pub(super) fn new(config: BatchConfig) -> Self {
        let policy = Policy::new(config);
        let results = std::marker::PhantomData;
        Builder { policy, key: Box::new(|_| ()), weight: None, rule: None, on_callers: false, results }
    }
}

impl<T, R, K> Builder<T, R, K> {
    /// The longest wait for others, in place of [`BatchConfig::max_wait_ms`].
    pub fn max_wait(mut self, wait: Duration) -> Self {
        self.policy.max_wait = Some(wait);
        self
    }

    /// How long an item may be queued unless its [`ItemOptions`](super::ItemOptions) say otherwise.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.policy.deadline = Some(deadline);
        self
    }

    /// The head start of one step of priority [100 ms]; see [`ItemOptions::priority`](super::ItemOptions::priority).
    pub fn priority_step(mut self, step: Duration) -> Self {
        self.policy.priority_step = step;
        self
    }

    /// Only items of equal keys share a batch, and keys share the workers fairly.
    pub fn key<L>(self, key: impl Fn(&T) -> L + Send + Sync + 'static) -> Builder<T, R, L> {
        let Builder { policy, weight, rule, on_callers, results, .. } = self;
        Builder { policy, key: Box::new(key), weight, rule, on_callers, results }
    }

    /// The sum of the weights in a batch is at most `max_weight`.
    pub fn weight(mut self, max_weight: u64, weight: impl Fn(&T) -> u64 + Send + Sync + 'static) -> Self {
        self.policy.max_weight = Some(max_weight);
        self.weight = Some(Box::new(weight));
        self
    }

    /// What becomes of an item that weighs more than a batch may.
    pub fn oversized(mut self, oversized: Oversized) -> Self {
        self.policy.oversized = oversized;
        self
    }

    /// A rule that chooses the size at which batches leave, in place of the preferred size.
    pub fn size_rule(mut self, rule: impl SizeRule + 'static) -> Self {
        self.rule = Some(Box::new(rule));
        self
    }

    /// Callers run batches themselves while they wait: whoever begins to wait, if nobody else is at it.
    ///
    /// If the last batch held several items, the caller first lets its executor go round once, so that others add theirs.
    /// For processors that take microseconds, which is less than to wake a thread. A thread of the runtime is then blocked for
    /// as long as a batch takes; what comes meanwhile is the caller's, too, for 20 us, and then the worker's. An item whose
    /// future nobody polls is run by the worker, 1 ms later. Only for batchers with one worker made by [`Builder::build`]; the
    /// others have processors that stay on their thread.
    pub fn on_callers(mut self) -> Self {
        self.on_callers = true;
        self
    }

    /// An [`AdaptiveBatcher`](super::AdaptiveBatcher) whose batches take at most `target`.
    pub fn adaptive(self, target: Duration) -> AdaptiveBuilder<T, R, K> {
        AdaptiveBuilder::new(self, target)
    }

    pub(super) fn max_batch_size(&self) -> usize {
        self.policy.config.max_batch_size
    }
}

impl<T, R, K> Builder<T, R, K>
where
    T: Send + 'static,
    R: Send + 'static,
    K: Eq + Hash + Clone + Send + 'static,
{
    /// A batcher with one worker.
    ///
    /// # Errors
    /// [`BatchError::Configuration`], or [`BatchError::Worker`] if the system gives no thread.
    pub fn build<O: BatchResult<R>>(
        self,
        mut processor: impl FnMut(Vec<T>) -> O + Send + 'static,
    ) -> Result<DynamicBatcher<T, R>, BatchError> {
        let run = move |items| processor(items).into_results();
        if self.on_callers {
            return self.start(vec![|| None], Some(Box::new(run)));
        }
        self.start(vec![move || Some(Processor { run: Box::new(run), again: None })], None)
    }

    /// A batcher with several workers. Each calls `make` on its own thread, so a processor need not be `Send`, and calls it
    /// again after a panic.
    ///
    /// # Errors
    /// [`BatchError::Configuration`], or [`BatchError::Worker`] if the system gives no thread or `make` panics.
    pub fn build_each<O, P>(
        self,
        workers: usize,
        make: impl Fn(usize) -> P + Send + Sync + 'static,
    ) -> Result<DynamicBatcher<T, R>, BatchError>
    where
        O: BatchResult<R> + 'static,
        P: FnMut(Vec<T>) -> O + 'static,
    {
        let make = Arc::new(make);
        let starts = (0..workers).map(|worker| {
            let make = Arc::clone(&make);
            move || Some(processor(Rc::new(move || make(worker))))
        });
        self.start(starts.collect(), None)
    }

    /// A batcher with one worker, which runs the processor's futures on its own thread, without a runtime.
    ///
    /// A future that needs tokio's timers or sockets runs on a runtime instead:
    /// `let handle = Handle::current(); builder.build(move |items| handle.block_on(work(items)))`.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn build_async<O: BatchResult<R>, F: Future<Output = O>>(
        self,
        mut processor: impl FnMut(Vec<T>) -> F + Send + 'static,
    ) -> Result<DynamicBatcher<T, R>, BatchError> {
        self.build(move |items| block_on(processor(items)))
    }

    /// [`Builder::build_each`] of processors that give futures, as [`Builder::build_async`] runs them.
    ///
    /// # Errors
    /// As [`Builder::build_each`].
    pub fn build_each_async<O, F, P>(
        self,
        workers: usize,
        make: impl Fn(usize) -> P + Send + Sync + 'static,
    ) -> Result<DynamicBatcher<T, R>, BatchError>
    where
        O: BatchResult<R> + 'static,
        F: Future<Output = O> + 'static,
        P: FnMut(Vec<T>) -> F + 'static,
    {
        self.build_each(workers, move |worker| {
            let mut processor = make(worker);
            move |items| block_on(processor(items))
        })
    }

    /// Starts a thread for each processor, and the timer's.
    fn start<S>(self, processors: Vec<S>, on_callers: Option<SendRun<T, R>>) -> Result<DynamicBatcher<T, R>, BatchError>
    where
        S: FnOnce() -> Option<Processor<T, R>> + Send + 'static,
    {
        self.policy.check()?;
        if processors.is_empty() {
            return Err(BatchError::Configuration { field: "workers", value: 0, must: "be at least 1" });
        }
        let core = Core::new(self.policy, self.rule);
        let shared = Arc::new(Shared::new(core, processors.len(), self.key, self.weight, on_callers));
        // Closes it on every way out, so that the threads that have started end.
        let batcher = DynamicBatcher::new_handle(Arc::clone(&shared) as Arc<dyn Front<T, R>>);
        let timer = Arc::clone(&shared);
        spawn("omnilane-batch-timer".into(), move || timer.run_timer())?;
        let (started, starts) = mpsc::channel();
        for (worker, make) in processors.into_iter().enumerate() {
            let (shared, started) = (Arc::clone(&shared), started.clone());
            spawn(format!("omnilane-batch-{worker}"), move || match catch_unwind(AssertUnwindSafe(make)) {
                Ok(processor) => {
                    let _ = started.send(Ok(()));
                    drop(started);
                    worker::run(&shared, worker, processor);
                }
                Err(panic) => {
                    let message = format!("its processor could not be made: {}", panic_message(&*panic));
                    let _ = started.send(Err(BatchError::Worker(message.into())));
                }
            })?;
        }
        drop(started);
        starts.iter().collect::<Result<(), BatchError>>()?;
        Ok(batcher)
    }
}

/// A processor that can be made again.
fn processor<T: 'static, R: 'static, O: BatchResult<R> + 'static, P: FnMut(Vec<T>) -> O + 'static>(
    make: Rc<dyn Fn() -> P>,
) -> Processor<T, R> {
    let mut run = make();
    Processor {
        run: Box::new(move |items| run(items).into_results()),
        again: Some(Box::new(move || processor(Rc::clone(&make)))),
    }
}

fn spawn(name: String, run: impl FnOnce() + Send + 'static) -> Result<(), BatchError> {
    let spawned = thread::Builder::new().name(name).spawn(run);
    spawned.map(drop).map_err(|e| BatchError::Worker(format!("the system gives no thread: {e}").into()))
}
