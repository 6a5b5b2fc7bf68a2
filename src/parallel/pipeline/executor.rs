//! Pipelines of two and of three stages.

use super::entrance::{Entrance, Gate, Items, Source, Waking};
use super::flow::Flow;
use super::output::{Inner, PipelineOutput};
use super::stage::Stage;
use super::workers::{Above, Crew};
use crate::cpu::{Captured, parallel_enabled};
use crate::parallel::ParallelError;
use crate::parallel::handover::Order;
use crate::parallel::signal::{Polled, Signal};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What is not a stage.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    items_alive: Option<usize>,
    order: Order,
}

/// The order in which a stage wants its items.
fn wanted<T, U>(stage: &Stage<T, U>) -> Order {
    match stage.work {
        super::stage::Work::Serial(_) => Order::Input,
        super::stage::Work::Parallel(..) => Order::Ready,
    }
}

/// Starts the threads; the last handover is where the results come out.
fn start<S: Source + 'static, V>(
    entrance: Arc<Entrance<S>>,
    signal: Option<Arc<Signal>>,
    flow: Arc<Flow>,
    line: impl FnOnce(&mut Crew, Arc<Entrance<S>>) -> Arc<crate::parallel::handover::Handover<V>>,
) -> Result<PipelineOutput<V>, ParallelError> {
    let mut crew = Crew::new(Arc::clone(&flow));
    let gate: Arc<dyn Gate> = match signal {
        Some(signal) => Arc::new(Waking { gate: Arc::clone(&entrance), signal }),
        None => Arc::clone(&entrance) as Arc<dyn Gate>,
    };
    let to_close = Arc::clone(&gate);
    crew.on_cancel(move || to_close.close());
    let last = line(&mut crew, entrance);
    let threads = crew.start()?;
    Ok(PipelineOutput::new(Inner::Threads { last, gate, threads }, flow))
}

/// One item after the other through all stages, on the calling thread, when it asks.
fn here<S: Source + 'static, V: 'static>(
    mut source: S,
    flow: Arc<Flow>,
    mut line: impl FnMut(&Flow, u64, S::Item) -> Result<V, ParallelError> + Send + 'static,
) -> PipelineOutput<V> {
    let (isa, shared, mut number) = (Captured::here(), Arc::clone(&flow), 0);
    let next = move || {
        let _scope = isa.enter();
        let asked = std::time::Instant::now();
        let item = source.next();
        shared.source.fetch_add(super::flow::nanos(asked.elapsed()), std::sync::atomic::Ordering::Relaxed);
        let result = line(&shared, number, item?);
        number += 1;
        Some((number - 1, result))
    };
    PipelineOutput::new(Inner::Here(Box::new(next)), flow)
}

/// A stage's closure on the calling thread.
fn step<T, U>(flow: &Flow, i: usize, stage: &mut Stage<T, U>, number: u64, item: T) -> Result<U, ParallelError> {
    let begin = std::time::Instant::now();
    let result = stage.call(item).map_err(|source| ParallelError::Stage { stage: i, item: number, source });
    flow.worked(i, begin);
    result
}

macro_rules! pipeline {
    (
        $(#[$doc:meta])*
        $Name:ident<$In:ident, $($Between:ident,)* => $Out:ident>
        $first:ident $First:ty; $($i:literal $stage:ident $Stage:ty;)*
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $Name<$In, $($Between,)* $Out> {
            $first: $First,
            $($stage: $Stage,)*
            options: Options,
        }

        impl<$In: Send + 'static, $($Between: Send + 'static,)* $Out: Send + 'static> $Name<$In, $($Between,)* $Out> {
            /// A pipeline of these stages, the first one first.
            #[must_use]
            pub fn new($first: $First, $($stage: $Stage,)*) -> Self {
                $Name { $first, $($stage,)* options: Options::default() }
            }

            /// At most so many items are between the source and the consumer; two for each worker if not set.
            ///
            /// More even out stages whose times vary, and cost memory; with 1 nothing overlaps.
            ///
            /// # Errors
            /// [`ParallelError::ItemsAlive`] for 0.
            pub fn items_alive(mut self, n: usize) -> Result<Self, ParallelError> {
                if n == 0 {
                    return Err(ParallelError::ItemsAlive);
                }
                self.options.items_alive = Some(n);
                Ok(self)
            }

            /// The order of the results; that of the input if not set.
            #[must_use]
            pub fn order(mut self, order: Order) -> Self {
                self.options.order = order;
                self
            }

            /// Starts the stages on threads of their own; the results come from the iterator as they are made.
            ///
            /// The first stage's workers ask `input` for items, one at a time. Kernels that stages call run on the
            /// caller's instruction set. Where [`parallel_enabled`] says no, each item goes through all stages on the
            /// thread that asks for it.
            ///
            /// # Errors
            /// [`ParallelError::Threads`] if the operating system does not start them; nothing has run then.
            pub fn run<I>(self, input: I) -> Result<PipelineOutput<$Out>, ParallelError>
            where
                I: IntoIterator<Item = $In>,
                I::IntoIter: Send + 'static,
            {
                self.run_source(Items(input.into_iter()), None)
            }

            /// [`run`](Self::run) on an async stream: `poll` is its `poll_next`, called on a thread of the pipeline.
            ///
            /// A stream that needs a runtime's timers or sockets must have been made in one that runs elsewhere.
            ///
            /// # Errors
            /// As [`run`](Self::run).
            pub fn run_stream(
                self,
                poll: impl FnMut(&mut Context<'_>) -> Poll<Option<$In>> + Send + 'static,
            ) -> Result<PipelineOutput<$Out>, ParallelError> {
                let items = Polled::new(poll);
                let signal = items.signal();
                self.run_source(Items(items), Some(signal))
            }

            /// All results, in a vector.
            ///
            /// # Errors
            /// As [`run`](Self::run), and [`ParallelError::Stage`] with the first error of a stage.
            ///
            /// # Panics
            /// If a closure or the input panics, with what it panicked with, after all threads have ended.
            pub fn execute<I>(self, input: I) -> Result<Vec<$Out>, ParallelError>
            where
                I: IntoIterator<Item = $In>,
                I::IntoIter: Send + 'static,
            {
                self.run(input)?.collect()
            }

            fn run_source<S: Source<Item = $In> + 'static>(
                self,
                source: S,
                signal: Option<Arc<Signal>>,
            ) -> Result<PipelineOutput<$Out>, ParallelError> {
                let $Name { $first, $($stage,)* options } = self;
                let workers = [$first.workers(), $($stage.workers()),*];
                let limit = options.items_alive.unwrap_or(workers.iter().sum::<usize>().saturating_mul(2));
                let flow = Arc::new(Flow::new(limit, &workers));
                if !parallel_enabled() {
                    let (mut $first, $(mut $stage),*) = ($first, $($stage),*);
                    return Ok(here(source, flow, move |flow, number, item| {
                        let item = step(flow, 0, &mut $first, number, item)?;
                        $(let item = step(flow, $i, &mut $stage, number, item)?;)*
                        Ok(item)
                    }));
                }
                let entrance = Arc::new(Entrance::new(source, limit));
                start(entrance, signal, flow, |crew, entrance| {
                    let orders = [$(wanted(&$stage),)* options.order];
                    let handover = crew.stage(0, $first, entrance, orders[0]);
                    $(
                        let above = Arc::new(Above { handover, stage: $i });
                        let handover = crew.stage($i, $stage, above, orders[$i]);
                    )*
                    handover
                })
            }
        }
    };
}

pipeline! {
    /// Two stages that overlap in time: while the second works on an item, the first works on the next ones.
    ///
    /// Each stage has workers of its own: one that sees the items in order ([`Stage::serial`]), or several
    /// ([`Stage::parallel`]). At most [`items_alive`](PipelineExecutor::items_alive) items are under way. The first error
    /// of a stage ends the pipeline, with the stage and the item that it came from.
    ///
    /// ```
    /// use omnilane::parallel::{PipelineExecutor, Stage};
    ///
    /// let parse = Stage::try_serial(|text: &str| text.parse::<u32>());
    /// let square = Stage::parallel(2, |v: u32| v * v)?;
    /// let mut output = PipelineExecutor::new(parse, square).run(["1", "2", "3"])?;
    /// let squares = output.by_ref().collect::<Result<Vec<u32>, _>>()?;
    /// assert_eq!(squares, [1, 4, 9]);
    /// println!("{}", output.report()); // busy, starved, blocked, and the bottleneck
    /// # Ok::<(), omnilane::parallel::ParallelError>(())
    /// ```
    PipelineExecutor<T, U, => V>
    first Stage<T, U>;
    1 second Stage<U, V>;
}

pipeline! {
    /// Three stages that overlap in time; otherwise as [`PipelineExecutor`].
    ///
    /// ```
    /// use omnilane::parallel::{ParallelError, Pipeline3, Stage};
    ///
    /// let pipeline = Pipeline3::new(
    ///     Stage::try_serial(|text: &str| text.parse::<i32>()),
    ///     Stage::parallel(2, |v: i32| v + 1)?,
    ///     Stage::serial(|v: i32| v.to_string()),
    /// );
    /// let error = pipeline.execute(["1", "2", "x", "4"]).unwrap_err();
    /// assert!(matches!(error, ParallelError::Stage { stage: 0, item: 2, .. }));
    /// # Ok::<(), ParallelError>(())
    /// ```
    Pipeline3<T, U, V, => W>
    first Stage<T, U>;
    1 second Stage<U, V>;
    2 third Stage<V, W>;
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Order::Input => "input",
            Order::Ready => "ready",
        })
    }
}
