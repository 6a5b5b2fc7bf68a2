//! The batcher under a virtual clock: the same deciding core, without threads, so that hours pass in milliseconds and twice the
//! same input gives twice the same output.
//!
//! A test tool: try a [`Policy`] or a [`SizeRule`] on a load before serving it.
//!
//! ```
//! use omnilane::batch::sim::{Outcome, Request, Simulator};
//! use omnilane::batch::{BatchConfig, Policy};
//! use std::time::Duration;
//!
//! // A request each millisecond, and batches that take 4 ms + 0.1 ms each.
//! let requests: Vec<Request> = (0..1000).map(|i| Request::at(Duration::from_millis(i))).collect();
//! let policy = Policy::new(BatchConfig { preferred_batch_size: 8, ..BatchConfig::default() });
//! let report = Simulator::new(policy)?
//!     .run(&requests, |batch| Outcome::Done(Duration::from_micros(4000 + 100 * batch.items.len() as u64)));
//! assert_eq!(report.stats.completed, 1000);
//! assert_eq!(report.batches[0].items.len(), 8);
//! # Ok::<(), omnilane::batch::BatchError>(())
//! ```

use super::config::{Policy, nanos};
use super::core::{Arrival, Core, Finished, Passage, Refusal, Taken, Ticket};
use super::rules::SizeRule;
use super::{BatchError, BatchStats};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

/// A request that will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// When it comes.
    pub at: Duration,
    /// Its key.
    pub key: u64,
    /// Its priority.
    pub priority: u8,
    /// Its weight; 1 if the policy has no `max_weight`.
    pub weight: u64,
    /// How long it may be queued, in place of the policy's deadline.
    pub deadline: Option<Duration>,
    /// How long after it came its caller goes away.
    pub cancel: Option<Duration>,
    /// Whether its caller waits for a place if the queue is full, as `add_waiting` does.
    pub waits: bool,
}

impl Request {
    /// A plain request at a time: key 0, weight 1, no deadline.
    #[must_use]
    pub fn at(at: Duration) -> Self {
        Request { at, key: 0, priority: 0, weight: 1, deadline: None, cancel: None, waits: false }
    }
}

/// What the processor makes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A result for each item, after this time.
    Done(Duration),
    /// An error, a panic or a wrong number of results, after this time: the same to all who wait.
    Failed(Duration),
}

/// A batch that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Batch {
    /// When it left the queue.
    pub start: Duration,
    /// Its requests, by their place in the list that was given.
    pub items: Vec<usize>,
    /// The size at which batches left then.
    pub target_size: usize,
    /// What came of it.
    pub outcome: Outcome,
}

/// How a request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// With its result.
    Done,
    /// With its batch's error.
    Failed,
    /// Its deadline came in the queue or before it.
    Timeout,
    /// Handed back: the queue was full.
    Full,
    /// Handed back: too heavy.
    TooLarge,
    /// Handed back: closed.
    Closed,
    /// Its caller went away before an answer.
    Cancelled,
    /// The shutdown's time was over.
    Abandoned,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// The batches, in the order of their start.
    pub batches: Vec<Batch>,
    /// For each request, when it was answered and how: exactly once.
    pub answers: Vec<(Duration, Answer)>,
    /// The counters at the end.
    pub stats: BatchStats,
}

impl Report {
    /// The `share` quantile of the time from coming to result, of the requests that have one.
    #[must_use]
    pub fn latency(&self, requests: &[Request], share: f64) -> Option<Duration> {
        let done = self.answers.iter().zip(requests).filter(|((_, answer), _)| *answer == Answer::Done);
        let mut times: Vec<Duration> = done.map(|((at, _), request)| *at - request.at).collect();
        times.sort_unstable();
        let last = times.len().checked_sub(1)?;
        times.get(((share * times.len() as f64).ceil() as usize).saturating_sub(1).min(last)).copied()
    }
}

/// A batcher under a virtual clock.
///
/// Events of the same moment happen in this order: batches end, requests come, callers go (each in the order of the list),
/// it closes, the shutdown's time is over. After each, deadlines that have come are seen to, then free workers take batches.
pub struct Simulator {
    policy: Policy,
    workers: usize,
    rule: Option<Box<dyn SizeRule>>,
    close: Option<(u64, u64)>,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator")
            .field("policy", &self.policy)
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    End(usize),
    Come(usize),
    Cancel(usize),
    Close,
    GiveUp,
    /// Something is due: a deadline or a wait.
    Look,
}

impl Simulator {
    /// One worker, and no rule but the policy.
    ///
    /// # Errors
    /// [`BatchError::Configuration`].
    pub fn new(policy: Policy) -> Result<Self, BatchError> {
        policy.check()?;
        Ok(Simulator { policy, workers: 1, rule: None, close: None })
    }

    /// Batches that run at the same time.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.max(1);
        self
    }

    /// A rule for the size of batches.
    #[must_use]
    pub fn rule(mut self, rule: impl SizeRule + 'static) -> Self {
        self.rule = Some(Box::new(rule));
        self
    }

    /// Shuts down at a time, and gives up after a timeout what is left then.
    #[must_use]
    pub fn shutdown(mut self, at: Duration, timeout: Duration) -> Self {
        self.close = Some((nanos(at), nanos(at).saturating_add(nanos(timeout))));
        self
    }

    /// Runs until every request is answered. Without a shutdown it closes when the last one has come and nothing is due.
    ///
    /// `process` says what comes of each batch when it starts.
    ///
    /// # Panics
    /// If `process` does.
    #[must_use]
    pub fn run(self, requests: &[Request], mut process: impl FnMut(&Batch) -> Outcome) -> Report {
        let mut run = Run {
            core: Core::new(self.policy, self.rule),
            policy: self.policy,
            requests,
            answers: vec![None; requests.len()],
            tickets: vec![None; requests.len()],
            line: BTreeMap::new(),
            batches: Vec::new(),
            running: BTreeMap::new(),
            free: self.workers,
            given_up: false,
            events: BinaryHeap::new(),
        };
        for (i, request) in requests.iter().enumerate() {
            run.events.push(Reverse((nanos(request.at), Event::Come(i))));
            if let Some(after) = request.cancel {
                run.events.push(Reverse((nanos(request.at).saturating_add(nanos(after)), Event::Cancel(i))));
            }
        }
        if let Some((close, give_up)) = self.close {
            run.events.push(Reverse((close, Event::Close)));
            run.events.push(Reverse((give_up, Event::GiveUp)));
        }
        while let Some((at, event)) = run.next_event() {
            run.step(at, event, &mut process);
        }
        let answers = run.answers.into_iter().map(|answer| {
            let (at, answer) = answer.expect("every request is answered");
            (Duration::from_nanos(at), answer)
        });
        Report { answers: answers.collect(), batches: run.batches, stats: run.core.stats() }
    }
}

struct Run<'a> {
    core: Core<usize, u64>,
    policy: Policy,
    requests: &'a [Request],
    answers: Vec<Option<(u64, Answer)>>,
    tickets: Vec<Option<Ticket>>,
    /// Requests at the gate.
    line: BTreeMap<u64, usize>,
    batches: Vec<Batch>,
    running: BTreeMap<usize, Taken>,
    free: usize,
    given_up: bool,
    events: BinaryHeap<Reverse<(u64, Event)>>,
}

impl Run<'_> {
    fn next_event(&mut self) -> Option<(u64, Event)> {
        let due = self.core.next_wake(self.free > 0).map(|at| (at.max(self.core.now()), Event::Look));
        match self.events.peek() {
            Some(Reverse(event)) if due.is_none_or(|due| *event < due) => self.events.pop().map(|Reverse(event)| event),
            _ if due.is_some() => due,
            // An item that waits for ever: max_wait is endless.
            _ if self.core.waiting() > 0 && !self.core.is_closed() => Some((self.core.now(), Event::Close)),
            _ => None,
        }
    }

    fn answer(&mut self, request: usize, answer: Answer) {
        let slot = &mut self.answers[request];
        assert!(slot.is_none(), "request {request} is answered twice: {slot:?}, {answer:?}");
        *slot = Some((self.core.now(), answer));
    }

    fn step(&mut self, at: u64, event: Event, process: &mut impl FnMut(&Batch) -> Outcome) {
        self.core.advance(at);
        self.outbox();
        match event {
            Event::End(batch) => self.end(batch),
            Event::Cancel(request) => self.cancel(request),
            Event::Come(request) => self.come(request),
            Event::Close => self.core.close(),
            Event::GiveUp => self.give_up(),
            Event::Look => {}
        }
        self.core.advance(at);
        self.outbox();
        while self.free > 0 {
            let mut items = Vec::new();
            let Some(taken) = self.core.take(&mut items) else { break };
            self.start(taken, items, process);
            self.outbox();
        }
    }

    fn start(&mut self, taken: Taken, items: Vec<usize>, process: &mut impl FnMut(&Batch) -> Outcome) {
        self.free -= 1;
        let target_size = self.core.target_size();
        let start = Duration::from_nanos(self.core.now());
        let mut batch = Batch { start, items, target_size, outcome: Outcome::Done(Duration::ZERO) };
        batch.outcome = process(&batch);
        let (Outcome::Done(time) | Outcome::Failed(time)) = batch.outcome;
        let number = self.batches.len();
        self.events.push(Reverse((self.core.now().saturating_add(nanos(time)), Event::End(number))));
        self.batches.push(batch);
        self.running.insert(number, taken);
    }

    /// What the core has to say without being asked.
    fn outbox(&mut self) {
        loop {
            for request in std::mem::take(&mut self.core.expired) {
                self.answer(request, Answer::Timeout);
            }
            let passages = std::mem::take(&mut self.core.passages);
            if passages.is_empty() {
                return;
            }
            for (number, passage) in passages {
                let Some(request) = self.line.remove(&number) else { continue };
                match passage {
                    Passage::Granted => self.push(request, true),
                    Passage::Expired => self.answer(request, Answer::Timeout),
                    Passage::Closed => self.answer(request, Answer::Closed),
                }
            }
        }
    }

    fn deadline(&self, request: usize) -> Option<u64> {
        let request = &self.requests[request];
        let time = request.deadline.or(self.policy.deadline);
        time.map(|time| nanos(request.at).saturating_add(nanos(time)))
    }

    fn come(&mut self, request: usize) {
        if !self.requests[request].waits {
            return self.push(request, false);
        }
        if self.core.is_closed() {
            return self.answer(request, Answer::Closed);
        }
        match self.core.reserve(self.deadline(request)) {
            Ok(()) => self.push(request, true),
            Err(number) => _ = self.line.insert(number, request),
        }
    }

    fn push(&mut self, request: usize, reserved: bool) {
        let Request { key, priority, weight, .. } = self.requests[request];
        let weight = if self.policy.max_weight.is_some() { weight } else { 1 };
        let arrival = Arrival { key, priority, weight, deadline: self.deadline(request) };
        match self.core.push(reserved, arrival, request) {
            Ok(ticket) => self.tickets[request] = Some(ticket),
            Err((_, Refusal::Closed)) => self.answer(request, Answer::Closed),
            Err((_, Refusal::Full)) => self.answer(request, Answer::Full),
            Err((_, Refusal::TooLarge)) => self.answer(request, Answer::TooLarge),
        }
    }

    fn cancel(&mut self, request: usize) {
        if self.answers[request].is_some() {
            return;
        }
        if let Some(ticket) = self.tickets[request] {
            self.core.cancel(ticket);
        } else if let Some((&number, _)) = self.line.iter().find(|(_, waiting)| **waiting == request) {
            self.line.remove(&number);
            self.core.withdraw(number);
        }
        self.answer(request, Answer::Cancelled);
    }

    fn end(&mut self, batch: usize) {
        let Some(taken) = self.running.remove(&batch) else { return };
        let Batch { items, outcome, .. } = self.batches[batch].clone();
        let mut end = Finished::default();
        let answer = match outcome {
            Outcome::Done(time) => {
                end.service = Some(nanos(time));
                Answer::Done
            }
            Outcome::Failed(_) => Answer::Failed,
        };
        for request in items {
            match self.answers[request] {
                Some((_, Answer::Abandoned)) => end.abandoned += 1,
                Some(_) => end.gone += 1,
                None => {
                    self.answer(request, answer);
                    *(if answer == Answer::Done { &mut end.completed } else { &mut end.failed }) += 1;
                }
            }
        }
        self.core.finish(taken, end);
        self.free += 1;
    }

    fn give_up(&mut self) {
        if std::mem::replace(&mut self.given_up, true) {
            return;
        }
        let queued = self.core.abandon();
        let running = self.running.keys().flat_map(|batch| self.batches[*batch].items.clone());
        for request in queued.into_iter().chain(running.collect::<Vec<_>>()) {
            if self.answers[request].is_none() {
                self.answer(request, Answer::Abandoned);
            }
        }
    }
}
