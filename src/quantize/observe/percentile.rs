//! The limits leave out a small share of the values.

use super::{Histogram, Merge, Observer, Scheme, observe_by_histogram};
use crate::quantize::{Code, CodeRange, QuantizeError};

/// Limits of the middle share of the values: with the default of 99.99 %, one value in 10 000 is clamped.
///
/// Asymmetric: the percentiles `(100 - p) / 2` and `100 - (100 - p) / 2`; symmetric: percentile `p` of the magnitudes. They
/// come from a [`Histogram`], so they are within one bin of the exact ones, 1/1024 of the range at most; 100 % is exact.
///
/// ```
/// use omnilane::quantize::{CodeRange, Observer, Percentile, Scheme};
///
/// let values: Vec<f32> = (0..=1000).map(|i| i as f32 / 10.0).collect();
/// let mut observer = Percentile::with_percent(Scheme::Asymmetric, 90.0)?;
/// observer.observe(&values);
/// let (low, high) = observer.limits::<u8>(CodeRange::Full).unwrap();
/// assert!((low - 5.0).abs() <= 0.1 && (high - 95.0).abs() <= 0.1);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Percentile {
    percent: f64,
    histogram: Histogram,
}

impl Percentile {
    /// One that has seen nothing, of 99.99 %.
    #[must_use]
    pub fn new(scheme: Scheme) -> Self {
        Percentile { percent: 99.99, histogram: Histogram::over(scheme == Scheme::Symmetric) }
    }

    /// Another share, in percent, above 0 and at most 100.
    ///
    /// # Errors
    /// [`QuantizeError::Argument`] if it is another number.
    pub fn with_percent(scheme: Scheme, percent: f64) -> Result<Self, QuantizeError> {
        if !(percent > 0.0 && percent <= 100.0) {
            return Err(QuantizeError::Argument { argument: "percent", got: percent, allowed: "0..=100 without 0" });
        }
        Ok(Percentile { percent, ..Self::new(scheme) })
    }

    /// What was seen.
    #[must_use]
    pub fn histogram(&self) -> &Histogram {
        &self.histogram
    }
}

impl Observer for Percentile {
    observe_by_histogram!();

    fn limits<C: Code>(&self, _: CodeRange) -> Option<(f32, f32)> {
        match self.scheme() {
            Scheme::Asymmetric => {
                let side = (100.0 - self.percent) / 200.0;
                Some((self.histogram.quantile(side)?, self.histogram.quantile(1.0 - side)?))
            }
            Scheme::Symmetric => {
                let a = self.histogram.quantile(self.percent / 100.0)?;
                Some((-a, a))
            }
        }
    }
}

impl Merge for Percentile {
    fn merge(&mut self, other: &Self) -> Result<(), QuantizeError> {
        QuantizeError::check_alike(self.percent == other.percent)?;
        self.histogram.merge(&other.histogram)
    }
}
