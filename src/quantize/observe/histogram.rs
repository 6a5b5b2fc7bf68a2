//! A histogram of a stream whose range is not known beforehand.

use super::extremes::Extremes;
use super::tally::{Places, Tally, count_few};
use super::{Counts, Scheme, in_blocks};
use crate::quantize::{QuantizeError, Real};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

/// Bins of a histogram: a power of two.
pub(super) const BINS: usize = 2048;
/// Calls with fewer values count without a [`Tally`], which takes time to add up.
const SHORT: usize = 8192;

/// A histogram of 2048 bins over the values seen so far, or over their magnitudes, in 16 KB.
///
/// The bins are `2^e` wide and begin at multiples of that, on both sides of 0: value `x` is in the bin numbered
/// `k = trunc(|x| / 2^e)`, or `-1 - k` for negative `x`. `e` is the smallest exponent for which the numbers of the
/// smallest and the largest value are less than 2048 apart (but no bin is narrower than the spacing of f32 at the largest
/// magnitude). When a value leaves the range, the width doubles and pairs of bins merge, as often as it takes.
///
/// So the histogram is a function of the set of values alone: not of their order, nor of the parts they came in, nor of
/// the order in which histograms of the parts were [merged](Histogram::merge). Between 1024 and 2048 bins lie in the
/// range of the values, unless they are nearly equal.
///
/// ```
/// use omnilane::quantize::Histogram;
///
/// let mut h = Histogram::new();
/// h.observe(&[0.0f32, 1.0, 3.0, 1000.0]);
/// assert_eq!(h.bin_width(), 0.5);
/// assert_eq!(h.bins().filter(|b| b.1 > 0).collect::<Vec<_>>(), [(0.0, 1), (1.0, 1), (3.0, 1), (1000.0, 1)]);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Bin number `n` at `n mod BINS`: the range of numbers may grow without moving a count.
    counts: Box<[u64]>,
    exponent: i32,
    magnitudes: bool,
    seen: Extremes,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new()
    }
}

impl Histogram {
    /// An empty one, over values with their sign.
    #[must_use]
    pub fn new() -> Self {
        Self::over(false)
    }

    /// An empty one, over magnitudes: twice as fine for values on both sides of 0.
    #[must_use]
    pub fn of_magnitudes() -> Self {
        Self::over(true)
    }

    pub(super) fn over(magnitudes: bool) -> Self {
        let counts = vec![0; BINS].into_boxed_slice();
        Histogram { counts, exponent: i32::MIN, magnitudes, seen: Extremes::NONE }
    }

    /// Takes in values; NaN and infinities are skipped and counted.
    pub fn observe<R: Real>(&mut self, values: &[R]) {
        let mut tally = (values.len() >= SHORT).then(Tally::new);
        let mut finite = Vec::new();
        in_blocks(values, |block, ahead| {
            let places = self.places();
            if let (Some(tally), Some(block)) = (&mut tally, block.try_into().ok())
                && tally.count(block, ahead, places, &mut self.counts)
            {
                // Most blocks hold nothing new, and one look at them is enough.
                self.seen.counts.finite += block.len() as u64;
            } else {
                let (seen, finite) = Extremes::of(block, &mut finite);
                self.observe_new(seen, finite, tally.as_mut());
            }
        });
        if let Some(mut tally) = tally {
            tally.flush(&mut self.counts);
        }
    }

    fn observe_new(&mut self, seen: Extremes, finite: &[f32], mut tally: Option<&mut Tally>) {
        self.seen.counts.add(seen.counts);
        if finite.is_empty() {
            return;
        }
        if seen.min < self.seen.min || seen.max > self.seen.max {
            self.widen(seen.min, seen.max, tally.as_deref_mut());
        }
        let places = self.places();
        match (tally, finite.try_into()) {
            (Some(tally), Ok(finite)) => {
                let counted = tally.count(finite, &[], places, &mut self.counts);
                debug_assert!(counted, "the range was made to hold them");
            }
            _ => count_few(finite, places, &mut self.counts),
        }
    }

    fn places(&self) -> Places {
        let Extremes { min, max, .. } = self.seen;
        // Before the first value none has a place.
        let scale = if self.exponent == i32::MIN { [0.0; 2] } else { scale(self.exponent) };
        Places { min, max, scale, magnitudes: self.magnitudes }
    }

    /// Takes in what `other` observed, as if its values had been given to `self`, to the bit.
    ///
    /// # Errors
    /// [`QuantizeError::Observers`] if one is of magnitudes and the other is not; nothing is taken in then.
    pub fn merge(&mut self, other: &Histogram) -> Result<(), QuantizeError> {
        QuantizeError::check_alike(self.magnitudes == other.magnitudes)?;
        self.seen.counts.add(other.seen.counts);
        let Some((min, max)) = other.seen.limits() else { return Ok(()) };
        let numbers = other.numbers();
        self.widen(min, max, None);
        let shift = shift_between(other.exponent, self.exponent);
        for n in numbers {
            self.counts[index(n >> shift)] += other.counts[index(n)];
        }
        Ok(())
    }

    /// Makes room for values from `min` to `max`, in the bins and in what is still to be added to them.
    fn widen(&mut self, min: f32, max: f32, tally: Option<&mut Tally>) {
        let old = self.numbers();
        self.seen.min = self.seen.min.min(min);
        self.seen.max = self.seen.max.max(max);
        let (low, high) = self.range();
        let mut exponent = smallest_exponent(low.abs().max(high.abs())).max(self.exponent);
        while number(high, exponent) - number(low, exponent) >= BINS as i32 {
            exponent += 1;
        }
        if exponent > self.exponent && !old.is_empty() {
            if let Some(tally) = tally {
                tally.flush(&mut self.counts);
            }
            let shift = shift_between(self.exponent, exponent);
            let before: Vec<u64> = old.clone().map(|n| core::mem::take(&mut self.counts[index(n)])).collect();
            for (n, count) in old.zip(before) {
                self.counts[index(n >> shift)] += count;
            }
        }
        self.exponent = exponent;
    }

    /// What the bins reach from and to; magnitudes always from 0.
    fn range(&self) -> (f32, f32) {
        let Extremes { min, max, .. } = self.seen;
        if self.magnitudes { (0.0, min.abs().max(max.abs())) } else { (min, max) }
    }

    /// The numbers of the bins in use.
    fn numbers(&self) -> core::ops::Range<i32> {
        if self.exponent == i32::MIN {
            return 0..0;
        }
        let (low, high) = self.range();
        number(low, self.exponent)..number(high, self.exponent) + 1
    }

    /// How many values there were.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.seen.counts
    }

    /// The smallest and the largest finite value (with their sign, always). `None` if there was none.
    #[must_use]
    pub fn min_max(&self) -> Option<(f32, f32)> {
        self.seen.limits()
    }

    /// The width of a bin; 0 if there was no finite value.
    #[must_use]
    pub fn bin_width(&self) -> f64 {
        if self.exponent == i32::MIN { 0.0 } else { power_of_two(self.exponent) }
    }

    /// `(lower end, count)` of each bin from that of the smallest value to that of the largest, in order.
    pub fn bins(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        let width = self.bin_width();
        self.numbers().map(move |n| (f64::from(n) * width, self.counts[index(n)]))
    }

    /// The counts of magnitudes from 0 on, at most 2048, and the width of their bins.
    pub(super) fn magnitude_counts(&self) -> (Vec<u64>, f64) {
        let fold = |n: i32| if n < 0 { !n } else { n } as usize;
        let last = self.numbers().map(fold).max().unwrap_or(0);
        // Values far from 0 have narrow bins with high numbers.
        let mut shift = 0;
        while last >> shift >= BINS {
            shift += 1;
        }
        let mut folded = vec![0; (last >> shift) + 1];
        for n in self.numbers() {
            folded[fold(n) >> shift] += self.counts[index(n)];
        }
        (folded, self.bin_width() * f64::from(1 << shift))
    }

    /// The scheme of the observer that keeps it.
    pub(super) fn scheme(&self) -> Scheme {
        if self.magnitudes { Scheme::Symmetric } else { Scheme::Asymmetric }
    }

    /// The limits of the scheme, cut at a magnitude. `None` if there was no finite value.
    pub(super) fn clipped(&self, threshold: f32) -> Option<(f32, f32)> {
        let (min, max) = self.min_max()?;
        Some(match self.scheme() {
            Scheme::Asymmetric => (min.clamp(-threshold, threshold), max.clamp(-threshold, threshold)),
            Scheme::Symmetric => (-threshold, threshold),
        })
    }

    /// The largest magnitude seen.
    pub(super) fn absmax(&self) -> Option<f32> {
        self.seen.absmax()
    }

    /// The value below which a share `q` (0..=1) of the values lies, within one bin: at position `q (n - 1)` of the sorted
    /// values, between two of them in proportion (NumPy's `percentile` for `100 q`). 0 and 1 give the extremes exactly.
    /// `None` if there was no finite value, or `q` is none from 0 to 1.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Option<f32> {
        let n = self.seen.counts.finite;
        if n == 0 || !(0.0..=1.0).contains(&q) {
            return None;
        }
        let position = q * (n - 1) as f64;
        let below = libm::floor(position);
        let part = position - below;
        let low = self.sorted(below as u64);
        let high = if part > 0.0 { self.sorted(below as u64 + 1) } else { low };
        Some((low + part * (high - low)) as f32)
    }

    /// The value at a position of the sorted values, as if those in a bin were spread evenly.
    fn sorted(&self, position: u64) -> f64 {
        let (min, max) = self.range();
        // Magnitudes of values on one side of 0 are not below the smaller one of the extremes'.
        let Extremes { min: low, max: high, .. } = self.seen;
        let min = if self.magnitudes && (low > 0.0 || high < 0.0) { low.abs().min(high.abs()) } else { min };
        if position == 0 && !self.magnitudes {
            return f64::from(min);
        }
        if position + 1 >= self.seen.counts.finite {
            return f64::from(max);
        }
        let mut before = 0;
        for (start, count) in self.bins() {
            if position < before + count {
                let part = ((position - before) as f64 + 0.5) / count as f64;
                return (start + part * self.bin_width()).clamp(min.into(), max.into());
            }
            before += count;
        }
        max.into()
    }
}

/// Where a bin's count is.
fn index(number: i32) -> usize {
    number as usize & (BINS - 1)
}

/// The number of a finite value's bin.
fn number(v: f32, exponent: i32) -> i32 {
    let k = (f64::from(v.abs()) * power_of_two(-exponent)) as i32;
    if v < 0.0 { !k } else { k }
}

/// `2^exponent`, for which f64 has a normal number.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// The exponent of f32's spacing at this magnitude: a bin number never takes more than 24 bits.
fn smallest_exponent(magnitude: f32) -> i32 {
    let biased = (magnitude.to_bits() >> 23) as i32;
    biased.max(1) - 150
}

/// How many times bins of width `2^from` were merged in pairs to have width `2^to`.
fn shift_between(from: i32, to: i32) -> u32 {
    // From 31 on only the sign is left.
    (to - from).clamp(0, 31) as u32
}

/// Two factors, each a normal f32, whose product is `2^-exponent`.
fn scale(exponent: i32) -> [f32; 2] {
    let first = (-exponent).min(127);
    [power_of_two(first) as f32, power_of_two(-exponent - first) as f32]
}
