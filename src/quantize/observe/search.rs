//! The limits with the smallest squared error.

use super::{Histogram, Merge, Observer, Scheme, observe_by_histogram};
use crate::quantize::{Code, CodeRange, QuantParams, QuantizeError};

/// Thresholds that are tried.
const STEPS: u32 = 100;

/// Limits that, of 100 candidates, leave the smallest mean squared error: clamping a few values against a finer step for
/// all the others.
///
/// The candidates are the thresholds `t = i / 100` of the largest magnitude, i = 1 to 100: the limits `-t` and `t`, or for an
/// asymmetric scheme, the parts of them within the extremes. The error is that of the [`Histogram`]'s values, taken as
/// evenly spread within their bin, as an integral in closed form; equal errors go to the wider limits.
///
/// ```
/// use omnilane::quantize::{MseSearch, Observer, Scheme};
///
/// let mut values: Vec<f32> = (-500..=500).map(|i| i as f32 / 500.0).collect();
/// values.push(3.0);
/// let mut observer = MseSearch::new(Scheme::Symmetric);
/// observer.observe(&values);
/// // Four bits: better to clamp the outlier than to have steps three times as wide.
/// let absmax = 7.0 * observer.params::<omnilane::quantize::I4>().scale();
/// assert!(absmax < 2.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct MseSearch {
    histogram: Histogram,
}

impl MseSearch {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(scheme: Scheme) -> Self {
        MseSearch { histogram: Histogram::over(scheme == Scheme::Symmetric) }
    }

    /// What was seen.
    #[must_use]
    pub fn histogram(&self) -> &Histogram {
        &self.histogram
    }
}

impl Observer for MseSearch {
    observe_by_histogram!();

    fn limits<C: Code>(&self, range: CodeRange) -> Option<(f32, f32)> {
        let absmax = self.histogram.absmax()?;
        let mut best = self.histogram.clipped(absmax)?;
        let mut least = self.error(self.scheme().params::<C>(Some(best), range));
        for i in (1..STEPS).rev() {
            let threshold = f64::from(absmax) * f64::from(i) / f64::from(STEPS);
            let limits = self.histogram.clipped(threshold as f32)?;
            let error = self.error(self.scheme().params::<C>(Some(limits), range));
            if error < least {
                (best, least) = (limits, error);
            }
        }
        Some(best)
    }
}

impl MseSearch {
    /// The sum of squared errors, over a factor that is the same for all parameters.
    fn error<C: Code>(&self, params: QuantParams<C>) -> f64 {
        let step = f64::from(params.scale());
        let (low, high) = (params.qmin() - params.zero_point(), params.qmax() - params.zero_point());
        let (low, high) = (f64::from(low), f64::from(high));
        // The integral of the squared error from 0 to u, in steps: whole cells of 1/12 each, and a part of the last.
        let integral = |u: f64| {
            let code = libm::rint(u).clamp(low, high);
            let rest = u - code;
            code / 12.0 + rest * rest * rest / 3.0
        };
        let width = self.histogram.bin_width() / step;
        let mut sum = 0.0;
        let mut next = None;
        for (start, count) in self.histogram.bins() {
            let u = start / step;
            let before = next.unwrap_or_else(|| integral(u));
            let after = integral(u + width);
            sum += count as f64 * (after - before);
            next = Some(after);
        }
        // The density of a value in its bin is 1 / width, and an integral in steps has a factor of step^3.
        sum * step * step * step
    }
}

impl Merge for MseSearch {
    fn merge(&mut self, other: &Self) -> Result<(), QuantizeError> {
        self.histogram.merge(&other.histogram)
    }
}
