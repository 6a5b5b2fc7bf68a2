//! Calls of rivals in turn, so that a slow moment of the machine hits all; and what comes of them.

use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Runs something so many times; the nanoseconds of one call.
pub type Side<'a> = Box<dyn FnMut(u32) -> f64 + 'a>;

/// A function of this process.
pub fn side<'a>(mut f: impl FnMut() + 'a) -> Side<'a> {
    Box::new(move |calls| time(calls, &mut f))
}

/// The nanoseconds of one of `calls` calls, after one that wakes threads and warms caches.
pub fn time(calls: u32, f: &mut dyn FnMut()) -> f64 {
    f();
    let start = Instant::now();
    for _ in 0..calls {
        f();
    }
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}

/// The middle value.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A value with the quartiles of its rounds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Spread {
    /// A quarter of the rounds gave less.
    pub low: f64,
    /// The value.
    pub value: f64,
    /// A quarter of the rounds gave more.
    pub high: f64,
}

impl Spread {
    /// The median of the values.
    pub fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        let at = |share: usize| values[share * (values.len() - 1) / 4];
        Spread { low: at(1), value: values[values.len() / 2], high: at(3) }
    }

    /// How many times longer `theirs` took than `ours`, round by round.
    pub fn ratio(ours: &[f64], theirs: &[f64]) -> Spread {
        Spread::of(ours.iter().zip(theirs).map(|(a, b)| b / a).collect())
    }
}

/// The times of each side in turn. Each turn takes about `turn` nanoseconds, or one call.
pub fn alternate(rounds: usize, turn: f64, sides: &mut [Side<'_>]) -> Vec<Vec<f64>> {
    let mut calls = Vec::new();
    for side in &mut *sides {
        side(1);
        calls.push((turn / side(1).max(1.0)).clamp(1.0, 100_000.0) as u32);
    }
    let mut times = vec![Vec::with_capacity(rounds); sides.len()];
    for _ in 0..rounds {
        for ((side, calls), times) in sides.iter_mut().zip(&calls).zip(&mut times) {
            times.push(side(*calls));
        }
    }
    times
}

/// How many times faster `ours` is.
pub fn faster<'a>(ours: impl FnMut() + 'a, theirs: impl FnMut() + 'a) -> Spread {
    let times = alternate(101, 1e6, &mut [side(ours), side(theirs)]);
    Spread::ratio(&times[0], &times[1])
}

/// A promise about speed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bar {
    /// What is promised, with its unit.
    pub what: String,
    /// Nothing where it could not be measured.
    pub measured: Option<Spread>,
    /// The promise.
    pub wanted: f64,
    /// Whether less is better.
    pub at_most: bool,
    /// Why it is missed, or why it was not measured.
    pub reason: String,
}

impl Bar {
    /// The more the better.
    pub fn at_least(what: impl Into<String>, measured: Spread, wanted: f64) -> Bar {
        Bar { what: what.into(), measured: Some(measured), wanted, at_most: false, reason: String::new() }
    }

    /// The less the better.
    pub fn at_most(what: impl Into<String>, measured: Spread, wanted: f64) -> Bar {
        Bar { at_most: true, ..Bar::at_least(what, measured, wanted) }
    }

    /// Not measured.
    pub fn unknown(what: impl Into<String>, wanted: f64, reason: impl Into<String>) -> Bar {
        Bar { what: what.into(), measured: None, wanted, at_most: false, reason: reason.into() }
    }

    /// Why it is missed, when it is.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Bar {
        if self.met() == Some(false) {
            self.reason = reason.into();
        }
        self
    }

    /// Nothing where it could not be measured.
    pub fn met(&self) -> Option<bool> {
        let value = self.measured?.value;
        Some(if self.at_most { value <= self.wanted } else { value >= self.wanted })
    }

    /// One line for the terminal.
    pub fn line(&self) -> String {
        let wanted = format!("{}{:.2}", if self.at_most { "<= " } else { "" }, self.wanted);
        let Some(m) = self.measured else {
            return format!("{:<82} not measured: {}", self.what, self.reason);
        };
        let met = if self.met() == Some(true) { "met" } else { "MISSED" };
        format!("{:<82} {:>8.2} ({:.2} to {:.2}) {wanted:>9}  {met}", self.what, m.value, m.low, m.high)
    }
}
