//! Rules that choose the size of batches from how long they took.
//!
//! [`LatencyTarget`] is that of the [`AdaptiveBatcher`](super::AdaptiveBatcher). The others are those of Clipper, Netflix and
//! Daft, for a comparison under the same load: [`Simulator::rule`](super::sim::Simulator::rule) takes any.
//!
//! ```
//! use omnilane::batch::rules::{LatencyTarget, Observation, SizeRule};
//! use std::time::Duration;
//!
//! let mut rule = LatencyTarget::new(Duration::from_millis(10), 64);
//! for _ in 0..100 {
//!     // A batch of `b` takes 2 ms + 0.5 ms b: more than 16 items would take longer than 10 ms.
//!     let size = rule.size();
//!     let service = Duration::from_micros(2000 + 500 * size as u64);
//!     rule.observe(&Observation { size, full: true, service });
//! }
//! assert!((8..=16).contains(&rule.size()));
//! ```

pub use super::model::ServiceModel;
use std::collections::VecDeque;
use std::time::Duration;

/// A batch that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Items in it.
    pub size: usize,
    /// No more items would have been let in.
    pub full: bool,
    /// How long the processor took.
    pub service: Duration,
}

/// Decides how large batches are.
pub trait SizeRule: Send {
    /// The size at which a batch leaves now, at least 1.
    fn size(&self) -> usize;
    /// Learns from a batch.
    fn observe(&mut self, batch: &Observation);
}

/// The share of the target that a batch is meant to take.
const SHARE: f64 = 0.92;
/// Batches over which the 99th percentile is taken.
const WINDOW: usize = 100;

/// The largest size whose batches keep within the target, by a model of the service time.
///
/// The goal is `floor((0.92 T - a - 2.33 sigma) / c)` inside `[1, max]`, with `a`, `c` and `sigma` of a [`ServiceModel`].
/// The size goes down to it at once, and up by at most 10 % (at least 1) after each batch that was full. When the 99th
/// percentile of the last 100 batches misses the target, the size is 0.9 times what it was, or the goal if that is less.
/// Before two sizes were seen it is +1 and *0.9.
///
/// A difference between size and goal of up to `sigma / (2 c)`, but a twentieth of the size at most, is noise: nothing moves.
#[derive(Clone, Debug)]
pub struct LatencyTarget {
    size: usize,
    max: usize,
    target: f64,
    model: ServiceModel,
    recent: VecDeque<f64>,
}

impl LatencyTarget {
    /// Batches of at most `max` items that take at most `target`; the first one is of one item.
    #[must_use]
    pub fn new(target: Duration, max: usize) -> Self {
        let recent = VecDeque::with_capacity(WINDOW);
        LatencyTarget {
            size: 1,
            max: max.max(1),
            target: target.as_nanos() as f64,
            model: ServiceModel::default(),
            recent,
        }
    }

    /// The size that the model asks for, and how far from it is no reason to move.
    fn goal(&self) -> Option<(usize, usize)> {
        let [a, c] = self.model.coefficients()?;
        let sigma = self.model.sigma();
        let room = SHARE * self.target - a - 2.33 * sigma;
        // Rounding must not turn 72 into 71.999...
        let goal = (room / c.max(f64::MIN_POSITIVE) + 1e-6).clamp(1.0, self.max as f64) as usize;
        let noise = (sigma / (2.0 * c.max(f64::MIN_POSITIVE))).min(self.size as f64 / 20.0);
        Some((goal, noise as usize))
    }

    fn misses(&mut self, time: f64) -> bool {
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(time);
        // The 99th percentile misses if more than one of a hundred does.
        self.recent.iter().filter(|t| **t > self.target).count() > self.recent.len() / WINDOW
    }
}

impl SizeRule for LatencyTarget {
    fn size(&self) -> usize {
        self.size
    }

    fn observe(&mut self, batch: &Observation) {
        let time = batch.service.as_nanos() as f64;
        self.model.observe(batch.size as f64, time);
        let size = self.size;
        let missed = self.misses(time);
        let up = if batch.full { (size + (size / 10).max(1)).min(self.max) } else { size };
        self.size = match self.goal() {
            _ if missed => {
                self.recent.clear();
                let less = (0.9 * size as f64) as usize;
                self.goal().map_or(less, |(goal, _)| less.min(goal)).max(1)
            }
            None => up,
            Some((goal, noise)) if goal.abs_diff(size) <= noise => size,
            Some((goal, _)) => goal.min(up),
        };
    }
}

/// Clipper's rule (Crankshaw et al., NSDI 2017): `+ step` while batches keep within the target, `* 0.9` when one does not.
#[derive(Clone, Debug)]
pub struct Clipper {
    size: usize,
    max: usize,
    step: usize,
    target: Duration,
}

impl Clipper {
    /// Starts with one item.
    #[must_use]
    pub fn new(target: Duration, max: usize, step: usize) -> Self {
        Clipper { size: 1, max: max.max(1), step: step.max(1), target }
    }
}

impl SizeRule for Clipper {
    fn size(&self) -> usize {
        self.size
    }

    fn observe(&mut self, batch: &Observation) {
        if batch.service > self.target {
            self.size = (self.size * 9 / 10).max(1);
        } else if batch.full {
            self.size = (self.size + self.step).min(self.max);
        }
    }
}

/// The AIMD limit of Netflix's concurrency-limits: `* 0.9` when the time is above the timeout, `+ 1` when at least half of
/// the limit was used.
#[derive(Clone, Debug)]
pub struct Aimd {
    size: usize,
    max: usize,
    timeout: Duration,
}

impl Aimd {
    /// Starts with one item.
    #[must_use]
    pub fn new(timeout: Duration, max: usize) -> Self {
        Aimd { size: 1, max: max.max(1), timeout }
    }
}

impl SizeRule for Aimd {
    fn size(&self) -> usize {
        self.size
    }

    fn observe(&mut self, batch: &Observation) {
        if batch.service > self.timeout {
            self.size = (self.size * 9 / 10).max(1);
        } else if batch.size * 2 >= self.size {
            self.size = (self.size + 1).min(self.max);
        }
    }
}

/// Daft's bisection, after algorithm 2 of Pang, Li and Wang (arXiv 2503.05248): the size is the middle of a range that
/// closes below a batch that took too long, opens above one that had time left, and tightens around one that fits.
#[derive(Clone, Debug)]
pub struct Bisection {
    low: usize,
    high: usize,
    max: usize,
    /// Target and tolerance.
    target: [Duration; 2],
    /// By how much the range opens.
    alpha: usize,
    /// By how much its lower end gives way.
    delta: usize,
    size: usize,
}

impl Bisection {
    /// Starts with one item and the range up to 256, as Daft does; `tolerance` is to both sides of the target.
    #[must_use]
    pub fn new(target: Duration, tolerance: Duration, max: usize) -> Self {
        let max = max.max(1);
        Bisection { low: 1, high: max.min(256), max, target: [target, tolerance], alpha: 16, delta: 4, size: 1 }
    }
}

impl SizeRule for Bisection {
    fn size(&self) -> usize {
        self.size
    }

    fn observe(&mut self, batch: &Observation) {
        let [target, tolerance] = self.target;
        if batch.service > target + tolerance {
            self.high = (batch.size / 2).max(self.low + 1);
            self.low = self.low.saturating_sub(self.delta);
        } else if batch.service < target.saturating_sub(tolerance) {
            self.low = self.low.max(batch.size);
            self.high = (self.high + self.alpha).min(self.max);
        } else {
            self.high = (batch.size + self.alpha / 2).min(self.max);
            self.low = batch.size.saturating_sub(self.alpha / 2).max(1);
        }
        self.size = usize::midpoint(self.low, self.high).clamp(1, self.max);
    }
}
