//! Loads for the batcher, out of anything that gives numbers; and the comparison of the simulator with the definition.

use super::Oracle;
use omnilane::batch::rules::{LatencyTarget, SizeRule};
use omnilane::batch::sim::{Answer, Outcome, Report, Request, Simulator};
use omnilane::batch::{BatchConfig, Oversized, Policy};
use std::collections::HashMap;
use std::time::Duration;

/// Times are multiples of this, so that many events share a moment.
const TICK: Duration = Duration::from_micros(100);

pub struct Scenario {
    pub policy: Policy,
    pub workers: usize,
    pub target: Option<Duration>,
    pub shutdown: Option<(Duration, Duration)>,
    pub requests: Vec<Request>,
    outcomes: Vec<Outcome>,
}

/// One of these.
fn pick<T: Copy>(next: &mut dyn FnMut(u64) -> u64, from: &[T]) -> T {
    from[next(from.len() as u64) as usize]
}

impl Scenario {
    /// `next(n)` gives a number below `n`.
    pub fn new(next: &mut dyn FnMut(u64) -> u64, requests: usize) -> Self {
        let max_batch_size = 1 + next(16) as usize;
        let config = BatchConfig {
            max_batch_size,
            preferred_batch_size: 1 + next(max_batch_size as u64) as usize,
            max_queue_size: max_batch_size + next(40) as usize,
            max_wait_ms: pick(next, &[0, 1, 5, 50]),
        };
        let mut policy = Policy::new(config);
        policy.max_wait = pick(next, &[None, None, Some(TICK * 3)]);
        policy.deadline = pick(next, &[None, None, Some(TICK * 40)]);
        policy.priority_step = pick(next, &[Duration::ZERO, TICK * 10, Duration::from_millis(100)]);
        policy.max_weight = pick(next, &[None, Some(1), Some(8), Some(30)]);
        policy.oversized = pick(next, &[Oversized::Refuse, Oversized::Alone]);
        let [keys, priorities, pace] = [&[1u64, 2, 5, 40][..], &[1, 3][..], &[0, 1, 4, 20][..]].map(|c| pick(next, c));
        let (hasty, urgent, patient) = (next(2) == 0, next(2) == 0, next(3) == 0);
        let mut at = Duration::ZERO;
        let requests: Vec<Request> = (0..requests)
            .map(|_| {
                at += TICK * next(pace + 1) as u32;
                let mut request = Request::at(at);
                request.key = next(keys);
                request.priority = next(priorities) as u8;
                request.weight = next(12);
                request.deadline = (urgent && next(3) == 0).then(|| TICK * next(60) as u32);
                request.cancel = (hasty && next(4) == 0).then(|| TICK * next(50) as u32);
                request.waits = patient && next(2) == 0;
                request
            })
            .collect();
        let slow = pick(next, &[1, 10, 60]);
        let outcomes = (0..31).map(|_| {
            let time = TICK * (next(20) * if next(8) == 0 { slow } else { 1 }) as u32;
            if next(6) == 0 { Outcome::Failed(time) } else { Outcome::Done(time) }
        });
        let outcomes = outcomes.collect();
        // At a random moment, or after all.
        let shutdown = (next(3) == 0).then(|| {
            let end = (at.as_micros() / TICK.as_micros()) as u64 + 2;
            (TICK * next(end) as u32, TICK * pick(next, &[0u32, 5, 100, 100_000]))
        });
        let workers = 1 + next(3) as usize;
        let target = (next(4) == 0).then(|| TICK * (1 + next(40) as u32));
        Scenario { policy, workers, target, shutdown, requests, outcomes }
    }

    fn outcome(&self, batch: usize) -> Outcome {
        self.outcomes[batch % self.outcomes.len()]
    }

    fn rule(&self) -> Option<LatencyTarget> {
        self.target.map(|target| LatencyTarget::new(target, self.policy.config.max_batch_size))
    }

    /// Runs it in the simulator, and panics if anything differs from the definition or from what every run must keep.
    pub fn check(&self) -> Report {
        let mut simulator = Simulator::new(self.policy).expect("a valid policy").workers(self.workers);
        if let Some(rule) = self.rule() {
            simulator = simulator.rule(rule);
        }
        if let Some((at, timeout)) = self.shutdown {
            simulator = simulator.shutdown(at, timeout);
        }
        let mut started = 0;
        let report = simulator.run(&self.requests, |_| {
            started += 1;
            self.outcome(started - 1)
        });

        let outcomes = |batch| self.outcome(batch);
        let rule = self.rule().map(|rule| Box::new(rule) as Box<dyn SizeRule>);
        let expected = Oracle::new(self.policy, self.workers, rule, &self.requests, &outcomes).run(self.shutdown);
        for (i, (batch, expected)) in report.batches.iter().zip(&expected.batches).enumerate() {
            assert_eq!((batch.start, &batch.items), (expected.0, &expected.1), "batch {i}; {:?}", self.policy);
        }
        assert_eq!(report.batches.len(), expected.batches.len(), "batches; {:?}", self.policy);
        for (i, (answer, expected)) in report.answers.iter().zip(&expected.answers).enumerate() {
            assert_eq!(
                Some(*answer),
                *expected,
                "the answer to request {i}: {:?}; {:?}",
                self.requests[i],
                self.policy
            );
        }
        self.keeps(&report);
        report
    }

    /// What holds whatever the rules say.
    fn keeps(&self, report: &Report) {
        let mut last: HashMap<(u64, u8), usize> = HashMap::new();
        let mut seen = vec![false; self.requests.len()];
        for batch in &report.batches {
            assert!(!batch.items.is_empty() && batch.items.len() <= self.policy.config.max_batch_size);
            for &item in &batch.items {
                let request = &self.requests[item];
                assert!(!std::mem::replace(&mut seen[item], true), "request {item} is in two batches");
                assert_eq!(request.key, self.requests[batch.items[0]].key, "two keys in a batch");
                let deadline = request.deadline.or(self.policy.deadline);
                assert!(deadline.is_none_or(|time| batch.start < request.at + time), "{item} had expired");
                // Those who waited for a place came into the queue later than they came.
                if !self.requests.iter().any(|request| request.waits) {
                    let before = last.insert((request.key, request.priority), item);
                    assert!(before < Some(item), "{item} went after {before:?}");
                }
            }
        }
        let count = |answer| report.answers.iter().filter(|(_, other)| *other == answer).count() as u64;
        let stats = report.stats;
        assert_eq!((stats.waiting, stats.in_flight), (0, 0));
        let counted = [stats.completed, stats.failed, stats.rejected_full, stats.rejected_too_large];
        assert_eq!(counted, [Answer::Done, Answer::Failed, Answer::Full, Answer::TooLarge].map(count));
        let left = stats.timeouts + stats.cancelled_waiting + stats.cancelled_running + stats.abandoned;
        assert_eq!(stats.submitted, stats.completed + stats.failed + left);
        let once = usize::from(stats.submitted > 0);
        assert!(once == 0 || stats.batches == report.batches.len() as u64);
    }
}
