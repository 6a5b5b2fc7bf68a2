//! The plain definition of the batcher: one list of what waits, and each rule as it is written in the documentation.
//!
//! Nothing is filed or remembered: whether a batch may leave is found by looking at all that waits. Only the fit of the service
//! time and the rules for sizes are the library's own; they have tests of their own.

pub mod scenario;

use omnilane::batch::rules::{Observation, ServiceModel, SizeRule};
use omnilane::batch::sim::{Answer, Outcome, Request};
use omnilane::batch::{Oversized, Policy};
use std::collections::HashMap;
use std::time::Duration;

type Nanos = u128;

fn nanos(time: Duration) -> Nanos {
    time.as_nanos()
}

/// An item that waits.
#[derive(Clone, Copy)]
struct Waiting {
    request: usize,
    key: u64,
    arrival: Nanos,
    deadline: Option<Nanos>,
    weight: u64,
    /// Arrival less head start, then the order of coming: the smaller goes first.
    rank: (i128, usize),
}

struct Running {
    end: Nanos,
    number: usize,
    weight: u64,
    full: bool,
}

/// What the definition says happened: batches as start and requests, and the answers.
#[derive(Debug, Default, PartialEq)]
pub struct Expected {
    pub batches: Vec<(Duration, Vec<usize>)>,
    pub answers: Vec<Option<(Duration, Answer)>>,
}

pub struct Oracle<'a> {
    policy: Policy,
    requests: &'a [Request],
    outcomes: &'a dyn Fn(usize) -> Outcome,
    rule: Option<Box<dyn SizeRule>>,
    model: ServiceModel,
    queue: Vec<Waiting>,
    line: Vec<usize>,
    running: Vec<Running>,
    free: usize,
    credit: HashMap<u64, u64>,
    came: usize,
    now: Nanos,
    closed: bool,
    given_up: bool,
    expected: Expected,
}

impl<'a> Oracle<'a> {
    pub fn new(
        policy: Policy,
        workers: usize,
        rule: Option<Box<dyn SizeRule>>,
        requests: &'a [Request],
        outcomes: &'a dyn Fn(usize) -> Outcome,
    ) -> Self {
        let expected = Expected { batches: Vec::new(), answers: vec![None; requests.len()] };
        Oracle {
            policy,
            requests,
            outcomes,
            rule,
            model: ServiceModel::default(),
            queue: Vec::new(),
            line: Vec::new(),
            running: Vec::new(),
            free: workers,
            credit: HashMap::new(),
            came: 0,
            now: 0,
            closed: false,
            given_up: false,
            expected,
        }
    }

    /// Runs until all is answered; `shutdown` is when, and how long it waits.
    pub fn run(mut self, shutdown: Option<(Duration, Duration)>) -> Expected {
        // Moment, kind, place in the list: the order of events.
        let mut events: Vec<(Nanos, u8, usize)> = Vec::new();
        for (i, request) in self.requests.iter().enumerate() {
            events.push((nanos(request.at), 1, i));
            events.extend(request.cancel.map(|after| (nanos(request.at + after), 2, i)));
        }
        if let Some((at, timeout)) = shutdown {
            events.extend([(nanos(at), 3, 0), (nanos(at + timeout), 4, 0)]);
        }
        events.sort_unstable();
        let mut events = events.into_iter().peekable();
        loop {
            let end = self.running.iter().map(|running| (running.end, 0, running.number)).min();
            let due = self.due().map(|at| (at.max(self.now), 5, 0));
            let Some(event) = [events.peek().copied(), end, due].into_iter().flatten().min() else { break };
            if events.peek() == Some(&event) {
                events.next();
            }
            self.now = event.0;
            self.deadlines();
            match event.1 {
                0 => self.end(event.2),
                1 => self.come(event.2),
                2 => self.cancel(event.2),
                3 => self.close(),
                4 => self.give_up(),
                _ => {}
            }
            self.deadlines();
            while self.free > 0 && self.start() {
                self.let_in();
            }
        }
        self.expected
    }

    fn answer(&mut self, request: usize, answer: Answer) {
        assert_eq!(self.expected.answers[request], None, "the definition answers request {request} twice");
        self.expected.answers[request] = Some((Duration::from_nanos(self.now as u64), answer));
    }

    fn deadline(&self, request: usize) -> Option<Nanos> {
        let request = &self.requests[request];
        request.deadline.or(self.policy.deadline).map(|time| nanos(request.at + time))
    }

    fn max_wait(&self) -> Nanos {
        nanos(self.policy.max_wait.unwrap_or(Duration::from_millis(self.policy.config.max_wait_ms)))
    }

    /// The preferred size and the largest.
    fn sizes(&self) -> (usize, usize) {
        let config = self.policy.config;
        match &self.rule {
            Some(rule) => {
                let size = rule.size().clamp(1, config.max_batch_size);
                (size, size)
            }
            None => (config.preferred_batch_size, config.max_batch_size),
        }
    }

    fn quantum(&self) -> u64 {
        self.policy.max_weight.unwrap_or(self.policy.config.max_batch_size as u64)
    }

    /// What a batch of what waits would take; `None` while nothing is known.
    fn estimate(&self) -> Option<Nanos> {
        let all: u128 = self.queue.iter().map(|item| u128::from(item.weight)).sum();
        let load = all.min(u128::from(self.quantum()));
        self.model.upper(load as f64).map(|time| Nanos::from((time as u64).max(500_000)))
    }

    /// The items of a key in the order in which they go.
    fn items(&self, key: u64) -> Vec<Waiting> {
        let mut items: Vec<Waiting> = self.queue.iter().filter(|item| item.key == key).copied().collect();
        items.sort_unstable_by_key(|item| item.rank);
        items
    }

    fn keys(&self) -> Vec<u64> {
        let mut keys: Vec<u64> = self.queue.iter().map(|item| item.key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// When a batch of these may leave.
    fn leaves(&self, items: &[Waiting]) -> Nanos {
        let weight: u128 = items.iter().map(|item| u128::from(item.weight)).sum();
        let full = self.policy.max_weight.is_some_and(|max| weight >= u128::from(max));
        if items.len() >= self.sizes().0 || full || self.closed {
            return 0;
        }
        let estimate = self.estimate();
        let urgent = |item: &Waiting| {
            item.deadline.map(|deadline| estimate.map_or(0, |estimate| deadline.saturating_sub(estimate)))
        };
        let waited = items.iter().map(|item| item.arrival + self.max_wait()).min().unwrap_or(Nanos::MAX);
        items.iter().filter_map(urgent).min().unwrap_or(Nanos::MAX).min(waited)
    }

    /// When something happens by itself.
    fn due(&self) -> Option<Nanos> {
        let queued = self.queue.iter().filter_map(|item| item.deadline);
        let line = self.line.iter().filter_map(|request| self.deadline(*request));
        let expiry = queued.chain(line).min();
        let batch = self.keys().into_iter().map(|key| self.leaves(&self.items(key))).min().filter(|_| self.free > 0);
        expiry.into_iter().chain(batch).min()
    }

    /// Deadlines that have come; then places that are free go to those in the line.
    fn deadlines(&mut self) {
        let now = self.now;
        let (late, rest) = self.queue.iter().copied().partition(|item| item.deadline.is_some_and(|at| at <= now));
        self.queue = rest;
        let late: Vec<Waiting> = late;
        late.iter().for_each(|item| self.answer(item.request, Answer::Timeout));
        for request in self.line.clone() {
            if self.deadline(request).is_some_and(|at| at <= now) {
                self.line.retain(|other| *other != request);
                self.answer(request, Answer::Timeout);
            }
        }
        self.forget_credit();
        self.let_in();
    }

    /// A key without items has no credit.
    fn forget_credit(&mut self) {
        let keys = self.keys();
        self.credit.retain(|key, _| keys.contains(key));
    }

    fn full(&self) -> bool {
        self.queue.len() >= self.policy.config.max_queue_size
    }

    fn let_in(&mut self) {
        while !self.full() && !self.line.is_empty() {
            let request = self.line.remove(0);
            self.put(request);
        }
    }

    /// Into the queue, unless it is closed or too heavy.
    fn put(&mut self, request: usize) {
        let Request { key, priority, weight, .. } = self.requests[request];
        let weight = if self.policy.max_weight.is_some() { weight } else { 1 };
        if self.closed {
            return self.answer(request, Answer::Closed);
        }
        if self.policy.oversized == Oversized::Refuse && self.policy.max_weight.is_some_and(|max| weight > max) {
            return self.answer(request, Answer::TooLarge);
        }
        let head_start = u128::from(priority) * nanos(self.policy.priority_step);
        let rank = (self.now as i128 - head_start as i128, self.came);
        self.came += 1;
        self.queue.push(Waiting { request, key, arrival: self.now, deadline: self.deadline(request), weight, rank });
    }

    fn come(&mut self, request: usize) {
        if self.closed {
            self.answer(request, Answer::Closed);
        } else if !self.requests[request].waits {
            let max = self.policy.max_weight.unwrap_or(u64::MAX);
            let too_large = self.policy.oversized == Oversized::Refuse && self.requests[request].weight > max;
            if (self.full() || !self.line.is_empty()) && !too_large {
                self.answer(request, Answer::Full);
            } else {
                self.put(request);
            }
        } else if self.full() || !self.line.is_empty() {
            self.line.push(request);
        } else {
            self.put(request);
        }
    }

    fn cancel(&mut self, request: usize) {
        if self.expected.answers[request].is_none() {
            self.queue.retain(|item| item.request != request);
            self.line.retain(|other| *other != request);
            self.forget_credit();
            self.answer(request, Answer::Cancelled);
        }
    }

    fn close(&mut self) {
        self.closed = true;
        for request in std::mem::take(&mut self.line) {
            self.answer(request, Answer::Closed);
        }
    }

    fn give_up(&mut self) {
        if std::mem::replace(&mut self.given_up, true) {
            return;
        }
        let queued = std::mem::take(&mut self.queue).into_iter().map(|item| item.request);
        let running = self.running.iter().flat_map(|running| self.expected.batches[running.number].1.clone());
        for request in queued.chain(running.collect::<Vec<_>>()) {
            if self.expected.answers[request].is_none() {
                self.answer(request, Answer::Abandoned);
            }
        }
    }

    fn end(&mut self, number: usize) {
        let at = self.running.iter().position(|running| running.number == number).expect("it runs");
        let running = self.running.remove(at);
        self.free += 1;
        let items = self.expected.batches[number].1.clone();
        let size = items.len();
        let (answer, service) = match (self.outcomes)(number) {
            Outcome::Done(time) => (Answer::Done, Some(time)),
            Outcome::Failed(_) => (Answer::Failed, None),
        };
        for request in items {
            if self.expected.answers[request].is_none() {
                self.answer(request, answer);
            }
        }
        if let Some(service) = service {
            self.model.observe(running.weight as f64, service.as_nanos() as f64);
            if let Some(rule) = &mut self.rule {
                rule.observe(&Observation { size, full: running.full, service });
            }
        }
    }

    /// Starts a batch, if one may leave.
    fn start(&mut self) -> bool {
        let (preferred, max) = self.sizes();
        let quantum = self.quantum();
        let by_weight = self.policy.max_weight.is_some();
        let size = |items: &[Waiting]| {
            let most = items.len().min(max);
            if most >= preferred { most / preferred * preferred } else { most }
        };
        let cost = |items: &[Waiting]| {
            let weight: u128 = items.iter().map(|item| u128::from(item.weight)).sum();
            if by_weight { weight.min(u128::from(quantum)) as u64 } else { size(items) as u64 }
        };
        let lanes: Vec<Vec<Waiting>> = self.keys().into_iter().map(|key| self.items(key)).collect();
        let ready: Vec<&Vec<Waiting>> = lanes.iter().filter(|items| self.leaves(items) <= self.now).collect();
        let pays = |credit: &HashMap<u64, u64>, items: &[Waiting]| {
            cost(items) <= credit.get(&items[0].key).copied().unwrap_or_default()
        };
        if !ready.iter().any(|items| pays(&self.credit, items)) {
            for items in &ready {
                *self.credit.entry(items[0].key).or_default() += quantum;
            }
        }
        let turn = ready.iter().filter(|items| pays(&self.credit, items)).min_by_key(|items| items[0].rank);
        let Some(items) = turn else { return false };
        let size = size(items);
        let (mut batch, mut weight) = (Vec::new(), 0u64);
        for item in &items[..size] {
            let with = weight.saturating_add(item.weight);
            if !batch.is_empty() && self.policy.max_weight.is_some_and(|max| with > max) {
                break;
            }
            batch.push(item.request);
            weight = with;
        }
        let heavy = self.policy.max_weight.is_some_and(|max| weight >= max);
        let full = batch.len() == max || batch.len() < size || heavy;
        let spent = if by_weight { weight.min(quantum) } else { batch.len() as u64 };
        *self.credit.entry(items[0].key).or_default() -= spent;
        self.queue.retain(|item| !batch.contains(&item.request));
        self.forget_credit();
        self.free -= 1;
        let number = self.expected.batches.len();
        let (Outcome::Done(time) | Outcome::Failed(time)) = (self.outcomes)(number);
        self.running.push(Running { end: self.now + nanos(time), number, weight, full });
        self.expected.batches.push((Duration::from_nanos(self.now as u64), batch));
        true
    }
}
