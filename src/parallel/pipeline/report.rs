//! Where a pipeline's time went.

use std::fmt;
use std::time::Duration;

/// Where a pipeline's time went; from [`PipelineOutput::report`](super::PipelineOutput::report).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PipelineReport {
    /// From the start to the end, or to now.
    pub wall: Duration,
    /// In the source, waiting for its items.
    pub source: Duration,
    /// In the consumer, between an item and the request for the next one.
    pub consumer: Duration,
    /// The stages, in their order.
    pub stages: Vec<StageReport>,
}

/// Where the time of one stage's workers went; times add up over the workers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageReport {
    /// Its workers.
    pub workers: usize,
    /// Items that it has done.
    pub items: u64,
    /// In its closure.
    pub busy: Duration,
    /// Waiting for items that the source or a stage above was still making.
    pub starved: Duration,
    /// Waiting because the pipeline was full with items that stages below had not done.
    pub blocked: Duration,
}

/// What a pipeline waits for most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bottleneck {
    /// The input.
    Source,
    /// A stage; the first one is 0.
    Stage(usize),
    /// Whoever takes the results.
    Consumer,
}

impl StageReport {
    /// The part of its workers' time in which they were busy, 0 to 1.
    #[must_use]
    pub fn load(&self, wall: Duration) -> f64 {
        share(self.busy, wall) / self.workers as f64
    }
}

fn share(part: Duration, wall: Duration) -> f64 {
    if wall.is_zero() { 0.0 } else { part.as_secs_f64() / wall.as_secs_f64() }
}

impl PipelineReport {
    /// The part with the highest load; making it faster, or giving it more workers, makes the pipeline faster.
    #[must_use]
    pub fn bottleneck(&self) -> Bottleneck {
        let stages = self.stages.iter().enumerate().map(|(i, s)| (s.load(self.wall), Bottleneck::Stage(i)));
        let ends = [
            (share(self.source, self.wall), Bottleneck::Source),
            (share(self.consumer, self.wall), Bottleneck::Consumer),
        ];
        let highest = stages.chain(ends).max_by(|a, b| a.0.total_cmp(&b.0));
        highest.map_or(Bottleneck::Source, |(_, part)| part)
    }
}

/// A table of the parts, with the bottleneck named below.
impl fmt::Display for PipelineReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "part      workers     items    busy  starved  blocked")?;
        let percent = |d: Duration, workers: usize| 100.0 * share(d, self.wall) / workers as f64;
        writeln!(f, "source          1         - {:>6.1}%", percent(self.source, 1))?;
        for (i, s) in self.stages.iter().enumerate() {
            let [busy, starved, blocked] = [s.busy, s.starved, s.blocked].map(|d| percent(d, s.workers));
            let (workers, items) = (s.workers, s.items);
            writeln!(f, "stage {i:<3} {workers:>7} {items:>9} {busy:>6.1}% {starved:>7.1}% {blocked:>7.1}%")?;
        }
        writeln!(f, "consumer        1         - {:>6.1}%", percent(self.consumer, 1))?;
        write!(f, "wall {:.3} s; bottleneck: {}", self.wall.as_secs_f64(), self.bottleneck())
    }
}

impl fmt::Display for Bottleneck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bottleneck::Source => f.write_str("source"),
            Bottleneck::Stage(i) => write!(f, "stage {i}"),
            Bottleneck::Consumer => f.write_str("consumer"),
        }
    }
}
