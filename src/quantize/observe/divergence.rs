//! The limits that keep the distribution closest to itself.

use super::{Histogram, Merge, Observer, Scheme, observe_by_histogram};
use crate::quantize::{Code, CodeRange, QuantizeError};
use alloc::vec::Vec;

/// What an empty bin counts as: the divergence is infinite where only one distribution is 0.
const SMOOTHING: f64 = 1e-4;

/// Limits for which the distribution of the quantized magnitudes diverges least from that of the real ones
/// (Kullback and Leibler): what TensorRT and ONNX Runtime call entropy calibration.
///
/// With `L` levels of magnitude (128 for 8 bits, 8 for 4), every threshold from `L` bins of the [`Histogram`] on is tried:
/// `P` are the counts below it, the last bin with all that is clamped; `Q` is `P` without the clamped, in `L` groups of bins,
/// each bin of a group that is not empty with the group's mean. Empty bins count as 0.0001, taken from
/// the others. The least
/// `sum P ln(P / Q)` wins, and of equal ones the widest. The limits are `-t` and `t`, or for an asymmetric scheme, the parts of
/// them within the extremes.
///
/// Codes of 16 bits have more levels than there are bins, so nothing is clamped.
///
/// ```
/// use omnilane::quantize::{KlDivergence, Observer, Scheme};
///
/// let mut observer = KlDivergence::new(Scheme::Symmetric);
/// observer.observe(&[0.0f32, 0.5, -1.0]);
/// assert_eq!(observer.params::<i16>().scale(), 1.0 / 32767.0);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct KlDivergence {
    histogram: Histogram,
}

impl KlDivergence {
    /// One that has seen nothing.
    #[must_use]
    pub fn new(scheme: Scheme) -> Self {
        KlDivergence { histogram: Histogram::over(scheme == Scheme::Symmetric) }
    }

    /// What was seen.
    #[must_use]
    pub fn histogram(&self) -> &Histogram {
        &self.histogram
    }
}

impl Observer for KlDivergence {
    observe_by_histogram!();

    fn limits<C: Code>(&self, range: CodeRange) -> Option<(f32, f32)> {
        let (qmin, qmax) = range.bounds::<C>();
        let levels = ((qmax - qmin) as usize + 2) / 2;
        let (counts, width) = self.histogram.magnitude_counts();
        let bins = best_threshold(&counts, levels);
        let absmax = self.histogram.absmax()?;
        let threshold = if bins < counts.len() { (bins as f64 * width) as f32 } else { absmax };
        self.histogram.clipped(threshold)
    }
}

impl Merge for KlDivergence {
    fn merge(&mut self, other: &Self) -> Result<(), QuantizeError> {
        self.histogram.merge(&other.histogram)
    }
}

/// The number of bins below the threshold with the least divergence.
fn best_threshold(counts: &[u64], levels: usize) -> usize {
    let mut best = counts.len();
    let mut least = f64::INFINITY;
    let (mut p, mut q) = (Vec::new(), Vec::new());
    for n in (levels..=counts.len()).rev() {
        let (inside, clamped) = counts.split_at(n);
        if inside.iter().all(|c| *c == 0) {
            break;
        }
        p.clear();
        p.extend(inside.iter().map(|c| *c as f64));
        p[n - 1] += clamped.iter().map(|c| *c as f64).sum::<f64>();
        q.clear();
        q.resize(n, 0.0);
        for level in 0..levels {
            let group = n * level / levels..n * (level + 1) / levels;
            let full = inside[group.clone()].iter().filter(|c| **c > 0).count();
            let sum: f64 = inside[group.clone()].iter().map(|c| *c as f64).sum();
            for i in group {
                if inside[i] > 0 {
                    q[i] = sum / full as f64;
                }
            }
        }
        smooth(&mut p);
        smooth(&mut q);
        let (all_p, all_q) = (p.iter().sum::<f64>(), q.iter().sum::<f64>());
        let divergence: f64 = p.iter().zip(&q).map(|(p, q)| p / all_p * libm::log(p * all_q / (q * all_p))).sum();
        if divergence < least {
            (best, least) = (n, divergence);
        }
    }
    best
}

/// Gives the empty bins a little of the others, of which none is left empty: each has a count of at least 1.
fn smooth(counts: &mut [f64]) {
    let empty = counts.iter().filter(|c| **c == 0.0).count();
    let given = SMOOTHING * empty as f64 / (counts.len() - empty) as f64;
    for count in counts {
        *count = if *count == 0.0 { SMOOTHING } else { *count - given };
    }
}
