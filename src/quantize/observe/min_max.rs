//! The limits are the extremes, of all values or averaged over calls.

use super::extremes::Extremes;
use super::{Counts, Merge, Observer, Scheme, in_blocks};
use crate::quantize::{Code, CodeRange, QuantizeError, Real};
use alloc::vec::Vec;

/// Limits that are the smallest and the largest finite value: nothing is clamped.
///
/// One outlier takes the codes of all the others.
///
/// ```
/// use omnilane::quantize::{MinMax, Observer, Scheme};
///
/// let mut observer = MinMax::new(Scheme::Asymmetric);
/// observer.observe(&[0.0f32, 2.55, f32::INFINITY]);
/// let params = observer.params::<u8>();
/// assert_eq!((params.scale(), params.zero_point()), (0.01, 0));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MinMax {
    scheme: Scheme,
    seen: Extremes,
}

impl MinMax {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(scheme: Scheme) -> Self {
        MinMax { scheme, seen: Extremes::NONE }
    }
}

impl Observer for MinMax {
    fn observe<R: Real>(&mut self, values: &[R]) {
        self.seen.add(&extremes(values));
    }

    fn counts(&self) -> Counts {
        self.seen.counts
    }

    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn limits<C: Code>(&self, _: CodeRange) -> Option<(f32, f32)> {
        limits(self.scheme, self.seen.limits()?)
    }
}

impl Merge for MinMax {
    fn merge(&mut self, other: &Self) -> Result<(), QuantizeError> {
        QuantizeError::check_alike(self.scheme == other.scheme)?;
        self.seen.add(&other.seen);
        Ok(())
    }
}

/// Limits that are the extremes of each call, averaged: `min += c (min_of_call - min)`, and so `max`, c = 0.01.
///
/// The first call sets them; a call without a finite value changes nothing. For activations of batch after batch, whose
/// extremes scatter. The average is kept in f64. It depends on the order of the calls, so two of them do not merge.
///
/// ```
/// use omnilane::quantize::{CodeRange, MovingAverage, Observer, Scheme};
///
/// let mut observer = MovingAverage::new(Scheme::Asymmetric);
/// observer.observe(&[-1.0f32, 1.0]);
/// observer.observe(&[-1.0f32, 3.0]);
/// assert_eq!(observer.limits::<u8>(CodeRange::Full), Some((-1.0, 1.02)));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MovingAverage {
    scheme: Scheme,
    weight: f64,
    counts: Counts,
    average: Option<(f64, f64)>,
}

impl MovingAverage {
    /// One that has seen nothing; a new call weighs 0.01.
    #[must_use]
    pub fn new(scheme: Scheme) -> Self {
        MovingAverage { scheme, weight: 0.01, counts: Counts::default(), average: None }
    }

    /// Another weight of a new call, above 0 and at most 1.
    ///
    /// # Errors
    /// [`QuantizeError::Argument`] if it is another number.
    pub fn with_weight(scheme: Scheme, weight: f64) -> Result<Self, QuantizeError> {
        if !(weight > 0.0 && weight <= 1.0) {
            return Err(QuantizeError::Argument { argument: "weight", got: weight, allowed: "0..=1 without 0" });
        }
        Ok(MovingAverage { weight, ..Self::new(scheme) })
    }
}

impl Observer for MovingAverage {
    fn observe<R: Real>(&mut self, values: &[R]) {
        let call = extremes(values);
        self.counts.add(call.counts);
        let Some((min, max)) = call.limits() else { return };
        let (min, max) = (f64::from(min), f64::from(max));
        let (old_min, old_max) = self.average.unwrap_or((min, max));
        self.average = Some((old_min + self.weight * (min - old_min), old_max + self.weight * (max - old_max)));
    }

    fn counts(&self) -> Counts {
        self.counts
    }

    fn scheme(&self) -> Scheme {
        self.scheme
    }

    fn limits<C: Code>(&self, _: CodeRange) -> Option<(f32, f32)> {
        let (min, max) = self.average?;
        limits(self.scheme, (min as f32, max as f32))
    }
}

fn extremes<R: Real>(values: &[R]) -> Extremes {
    let mut all = Extremes::NONE;
    let mut finite = Vec::new();
    in_blocks(values, |block, _| all.add(&Extremes::of(block, &mut finite).0));
    all
}

/// The extremes, made symmetric if the scheme is.
fn limits(scheme: Scheme, (min, max): (f32, f32)) -> Option<(f32, f32)> {
    let absmax = min.abs().max(max.abs());
    Some(if scheme == Scheme::Symmetric { (-absmax, absmax) } else { (min, max) })
}
