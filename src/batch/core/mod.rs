//! What decides: a state machine without threads or clocks. Every call says what time it is; what must be done about it
//! comes back as a value or lies in an outbox.
//!
//! Threads drive it in production, a virtual clock in the simulator. Its rules, which `tests/batch_model` states once more in
//! the plainest way, are those of the parent module's documentation.

mod gate;
mod lanes;
mod queue;

pub(crate) use gate::Passage;
pub(crate) use queue::Ticket;

use super::config::{Oversized, Policy};
use super::rules::{Observation, ServiceModel, SizeRule};
use super::stats::{BatchStats, Counters};
use gate::Gate;
use lanes::Lanes;
use queue::NewEntry;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// How late a timer may be: a batch leaves this much before an item's deadline even if it takes no time.
pub(crate) const SLACK: u64 = 500_000;

/// Why an item was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Closed,
    Full,
    TooLarge,
}

/// What the core must know about an item.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival<K> {
    pub key: K,
    pub priority: u8,
    pub weight: u64,
    /// When it expires in the queue.
    pub deadline: Option<u64>,
}

/// A batch that leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub size: usize,
    pub weight: u64,
    pub full: bool,
}

/// How a batch ended.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Finished {
    /// Callers who have a result.
    pub completed: usize,
    /// Callers who have an error.
    pub failed: usize,
    /// Callers who had gone.
    pub gone: usize,
    /// Callers to whom a shutdown had answered already.
    pub abandoned: usize,
    pub panicked: bool,
    /// How long it took; `None` if it failed, which says nothing about the next one.
    pub service: Option<u64>,
}

pub(crate) struct Core<P, K> {
    policy: Policy,
    lanes: Lanes<P, K>,
    gate: Gate,
    rule: Option<Box<dyn SizeRule>>,
    model: ServiceModel,
    counters: Counters,
    /// The latest time that was heard of: time does not go back.
    now: u64,
    seq: u64,
    waiting: usize,
    /// Places kept for those whom the gate let through.
    reserved: usize,
    in_flight: usize,
    closed: bool,
    /// Payloads whose deadline came.
    pub(crate) expired: Vec<P>,
    /// What became of those at the gate.
    pub(crate) passages: Vec<(u64, Passage)>,
}

impl<P, K: Eq + Hash + Clone> Core<P, K> {
    /// The policy has been checked.
    pub(crate) fn new(policy: Policy, rule: Option<Box<dyn SizeRule>>) -> Self {
        let mut core = Core {
            lanes: Lanes::new(&policy),
            policy,
            gate: Gate::default(),
            rule,
            model: ServiceModel::default(),
            counters: Counters::new(),
            now: 0,
            seq: 0,
            waiting: 0,
            reserved: 0,
            in_flight: 0,
            closed: false,
            expired: Vec::new(),
            passages: Vec::new(),
        };
        core.follow_rule();
        core
    }

    /// Takes the time, and turns out what expired before it.
    pub(crate) fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        let before = self.expired.len();
        while let Some(payload) = self.lanes.expire(self.now) {
            self.expired.push(payload);
        }
        let expired = self.expired.len() - before;
        self.waiting -= expired;
        self.counters.totals.timeouts += expired as u64;
        while let Some(number) = self.gate.expired(self.now) {
            self.passages.push((number, Passage::Expired));
        }
        self.let_in();
    }

    pub(crate) fn now(&self) -> u64 {
        self.now
    }

    /// Keeps places that are free for those who wait for one.
    fn let_in(&mut self) {
        while !self.gate.is_empty() && self.has_place() {
            let Some(number) = self.gate.first() else { break };
            self.reserved += 1;
            self.passages.push((number, Passage::Granted));
        }
    }

    fn has_place(&self) -> bool {
        self.waiting + self.reserved < self.policy.config.max_queue_size
    }

    /// A place for an item that will come with `reserved`, or a number in the line for one.
    pub(crate) fn reserve(&mut self, deadline: Option<u64>) -> Result<(), u64> {
        if !self.closed && self.has_place() && self.gate.is_empty() {
            self.reserved += 1;
            return Ok(());
        }
        let number = self.gate.join(deadline.unwrap_or(u64::MAX));
        if self.closed {
            self.gate.leave(number);
            self.passages.push((number, Passage::Closed));
        }
        Err(number)
    }

    /// Somebody leaves the line.
    pub(crate) fn withdraw(&mut self, number: u64) {
        self.gate.leave(number);
    }

    /// A kept place is not needed.
    pub(crate) fn release(&mut self) {
        self.reserved -= 1;
        self.let_in();
    }

    /// Takes an item in, into a kept place if it has one.
    pub(crate) fn push(&mut self, reserved: bool, arrival: Arrival<K>, payload: P) -> Result<Ticket, (P, Refusal)> {
        let heaviest = self.policy.max_weight.unwrap_or(u64::MAX);
        let refusal = if self.closed {
            self.counters.totals.rejected_closed += 1;
            Some(Refusal::Closed)
        } else if arrival.weight > heaviest && self.policy.oversized == Oversized::Refuse {
            self.counters.totals.rejected_too_large += 1;
            Some(Refusal::TooLarge)
        } else if !(reserved || self.has_place() && self.gate.is_empty()) {
            self.counters.totals.rejected_full += 1;
            Some(Refusal::Full)
        } else {
            None
        };
        if reserved {
            self.reserved -= 1;
        }
        if let Some(refusal) = refusal {
            self.let_in();
            return Err((payload, refusal));
        }
        self.seq += 1;
        let head_start =
            i64::from(arrival.priority).saturating_mul(signed(super::config::nanos(self.policy.priority_step)));
        let new = NewEntry {
            payload,
            seq: self.seq,
            lane: 0,
            arrival: self.now,
            weight: arrival.weight,
            deadline: arrival.deadline.unwrap_or(u64::MAX),
            rank: signed(self.now).saturating_sub(head_start),
            priority: arrival.priority,
        };
        self.waiting += 1;
        self.counters.totals.submitted += 1;
        Ok(self.lanes.push(arrival.key, new, self.now, self.estimate()))
    }

    /// The caller has gone. `None`: the item had left the queue before.
    pub(crate) fn cancel(&mut self, ticket: Ticket) -> Option<P> {
        let payload = self.lanes.cancel(ticket, self.now, self.estimate())?;
        self.waiting -= 1;
        self.counters.totals.cancelled_waiting += 1;
        self.let_in();
        Some(payload)
    }

    /// Whether the item still waits.
    pub(crate) fn holds(&self, ticket: Ticket) -> bool {
        self.lanes.holds(ticket)
    }

    /// A worker is free: the batch for it, if one may leave. Its payloads go to `out`.
    pub(crate) fn take(&mut self, out: &mut Vec<P>) -> Option<Taken> {
        let wait = &mut self.counters.wait;
        let estimate = estimate(&self.model, &self.lanes);
        let now = self.now;
        let taken = self.lanes.take(now, estimate, |payload, arrival| {
            wait.record(now - arrival);
            out.push(payload);
        })?;
        self.waiting -= taken.size;
        self.in_flight += taken.size;
        self.let_in();
        Some(taken)
    }

    /// Whether a free worker would get a batch now.
    pub(crate) fn ready(&mut self) -> bool {
        let estimate = self.estimate();
        self.waiting > 0 && self.lanes.ready(self.now, estimate)
    }

    /// A batch is done.
    pub(crate) fn finish(&mut self, batch: Taken, end: Finished) {
        self.in_flight -= batch.size;
        let totals = &mut self.counters.totals;
        totals.batches += 1;
        totals.completed += end.completed as u64;
        totals.failed += end.failed as u64;
        totals.cancelled_running += end.gone as u64;
        totals.abandoned += end.abandoned as u64;
        totals.panics += u64::from(end.panicked);
        self.counters.size.record(batch.size as u64);
        if let Some(service) = end.service {
            self.counters.service.record(service);
            self.model.observe(batch.weight as f64, service as f64);
            if let Some(rule) = &mut self.rule {
                let service = Duration::from_nanos(service);
                let seen = Observation { size: batch.size, full: batch.full, service };
                if catch_unwind(AssertUnwindSafe(|| rule.observe(&seen))).is_err() {
                    // A rule that panics decides nothing any more: the size stays what it is.
                    self.rule = None;
                }
                self.follow_rule();
            }
        }
    }

    fn follow_rule(&mut self) {
        let Some(rule) = &self.rule else { return };
        let size = rule.size().clamp(1, self.policy.config.max_batch_size);
        let estimate = self.estimate();
        self.lanes.set_size(size, self.now, estimate);
    }

    /// What a batch of what waits would take, in ns; `u64::MAX` while nothing is known.
    fn estimate(&self) -> u64 {
        estimate(&self.model, &self.lanes)
    }

    /// When to look again though nothing happens: the next expiry, and if a worker is free, the next batch.
    pub(crate) fn next_wake(&self, worker_free: bool) -> Option<u64> {
        let expiry = [self.lanes.next_expiry(), self.gate.next_deadline()];
        let batch = if worker_free { self.lanes.next_batch(self.now, self.estimate()) } else { None };
        expiry.into_iter().flatten().chain(batch).min().filter(|at| *at != u64::MAX)
    }

    /// Refuses items from now on, and lets those that wait leave at once.
    pub(crate) fn close(&mut self) {
        if self.closed {
            return;
        }
        self.closed = true;
        while let Some(number) = self.gate.first() {
            self.passages.push((number, Passage::Closed));
        }
        let estimate = self.estimate();
        self.lanes.close(self.now, estimate);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Gives up what waits.
    pub(crate) fn abandon(&mut self) -> Vec<P> {
        let rest = self.lanes.drain();
        self.waiting -= rest.len();
        self.counters.totals.abandoned += rest.len() as u64;
        rest
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Items whose batch is done.
    pub(crate) fn answered(&self) -> u64 {
        let totals = &self.counters.totals;
        totals.completed + totals.failed + totals.cancelled_running
    }

    pub(crate) fn stats(&self) -> BatchStats {
        let mut stats = self.counters.snapshot(self.policy.config.max_batch_size);
        (stats.waiting, stats.in_flight, stats.target_size) = (self.waiting, self.in_flight, self.lanes.size());
        stats
    }

    pub(crate) fn target_size(&self) -> usize {
        self.lanes.size()
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }
}

fn estimate<P, K: Eq + Hash + Clone>(model: &ServiceModel, lanes: &Lanes<P, K>) -> u64 {
    let load = lanes.weight().min(u128::from(lanes.quantum()));
    model.upper(load as f64).map_or(u64::MAX, |t| (t as u64).max(SLACK))
}

fn signed(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
