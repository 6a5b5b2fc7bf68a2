//! Values counted in buckets that grow with them.

use std::time::Duration;

/// Buckets to each power of two: a percentile is at most 1 / 32 too high.
const STEPS: u64 = 32;
const BITS: u32 = STEPS.trailing_zeros();
const BUCKETS: usize = (64 - BITS as usize + 1) * STEPS as usize;

/// A histogram of `u64`, of fixed size.
#[derive(Clone)]
pub(super) struct Histogram {
    counts: Box<[u64]>,
    count: u64,
    sum: u128,
    max: u64,
}

/// What is to be known about a distribution. Percentiles are the upper ends of buckets: never too low, at most 3.2 % too high.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Summary<V> {
    /// Values so far.
    pub count: u64,
    /// Their mean.
    pub mean: V,
    /// Half are at most this.
    pub p50: V,
    /// Nine of ten are.
    pub p90: V,
    /// 99 of 100 are.
    pub p99: V,
    /// All are.
    pub max: V,
}

impl<V> Summary<V> {
    fn map<U>(self, f: impl Fn(V) -> U) -> Summary<U> {
        let Summary { count, mean, p50, p90, p99, max } = self;
        Summary { count, mean: f(mean), p50: f(p50), p90: f(p90), p99: f(p99), max: f(max) }
    }

    pub(super) fn times(self) -> Summary<Duration>
    where
        V: Into<f64>,
    {
        self.map(|ns| Duration::from_nanos(ns.into() as u64))
    }
}

impl Histogram {
    pub(super) fn new() -> Self {
        Histogram { counts: vec![0; BUCKETS].into(), count: 0, sum: 0, max: 0 }
    }

    fn bucket(value: u64) -> usize {
        if value < STEPS {
            return value as usize;
        }
        let shift = value.ilog2() - BITS;
        ((u64::from(shift) + 1) * STEPS + (value >> shift) - STEPS) as usize
    }

    /// The largest value in a bucket.
    fn upper(bucket: usize) -> u64 {
        let (group, step) = (bucket as u64 / STEPS, bucket as u64 % STEPS);
        if group == 0 {
            return step;
        }
        let shift = group - 1;
        ((STEPS + step) << shift) + ((1 << shift) - 1)
    }

    pub(super) fn record(&mut self, value: u64) {
        self.counts[Self::bucket(value)] += 1;
        self.count += 1;
        self.sum += u128::from(value);
        self.max = self.max.max(value);
    }

    /// The smallest bound that `share` of the values do not exceed; 0 if there are none.
    fn percentile(&self, share: f64) -> u64 {
        let rank = (share * self.count as f64).ceil() as u64;
        let mut seen = 0;
        for (bucket, n) in self.counts.iter().enumerate() {
            seen += n;
            if seen >= rank && seen > 0 {
                return Self::upper(bucket).min(self.max);
            }
        }
        0
    }

    pub(super) fn summary(&self) -> Summary<f64> {
        let [p50, p90, p99] = [0.5, 0.9, 0.99].map(|share| self.percentile(share) as f64);
        let mean = if self.count == 0 { 0.0 } else { self.sum as f64 / self.count as f64 };
        Summary { count: self.count, mean, p50, p90, p99, max: self.max as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_their_values_within_a_thirty_second() {
        let mut values: Vec<u64> = (0..2000).collect();
        values.extend((0..64).flat_map(|k| [1u64 << k, (1 << k) - 1, (1 << k) | ((1 << k) >> 3)]));
        values.push(u64::MAX);
        for v in values {
            let bucket = Histogram::bucket(v);
            let upper = Histogram::upper(bucket);
            assert!(upper >= v && upper - v <= v / STEPS, "{v}: bucket {bucket} ends at {upper}");
            assert!(bucket == 0 || Histogram::upper(bucket - 1) < v, "{v} belongs into an earlier bucket");
        }
    }

    #[test]
    fn percentiles_are_those_of_the_sorted_values() {
        let mut h = Histogram::new();
        assert_eq!(h.summary(), Summary::default());
        let mut values: Vec<u64> = (0..1000u64).map(|i| i * i * 37 % 100_003).collect();
        values.iter().for_each(|v| h.record(*v));
        values.sort_unstable();
        let s = h.summary();
        for (share, got) in [(0.5, s.p50), (0.9, s.p90), (0.99, s.p99)] {
            let exact = values[(share * 1000.0) as usize - 1] as f64;
            assert!(got >= exact && got <= exact * 33.0 / 32.0, "{share}: {got}, exactly {exact}");
        }
        assert_eq!((s.count, s.max), (1000, values[999] as f64));
        assert_eq!(s.mean, values.iter().sum::<u64>() as f64 / 1000.0);
    }
}
