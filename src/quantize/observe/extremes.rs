//! The smallest and the largest finite value, and how many there are.

use super::Counts;
use crate::kernel;
use crate::lanes::{Mask, Simd, Vector};
use alloc::vec::Vec;

/// What was seen of a set of values, whatever their order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extremes {
    pub counts: Counts,
    /// `min` is above `max` as long as no finite value was seen.
    pub min: f32,
    pub max: f32,
}

impl Extremes {
    pub const NONE: Extremes =
        Extremes { counts: Counts { finite: 0, nan: 0, infinite: 0 }, min: f32::INFINITY, max: f32::NEG_INFINITY };

    /// The extremes of a block, and the finite values in it: the block itself, or what was copied to `finite`.
    pub fn of<'a>(block: &'a [f32], finite: &'a mut Vec<f32>) -> (Extremes, &'a [f32]) {
        let (low, high) = key_range(block);
        if key(f32::NEG_INFINITY) < low && high < key(f32::INFINITY) {
            let counts = Counts { finite: block.len() as u64, ..Counts::default() };
            return (Self::from_keys(counts, low, high), block);
        }
        let mut counts = Counts::default();
        finite.clear();
        for v in block {
            if v.is_finite() {
                finite.push(*v);
            } else if v.is_nan() {
                counts.nan += 1;
            } else {
                counts.infinite += 1;
            }
        }
        counts.finite = finite.len() as u64;
        let (low, high) = key_range(finite);
        (Self::from_keys(counts, low, high), finite)
    }

    fn from_keys(counts: Counts, low: i32, high: i32) -> Extremes {
        if counts.finite == 0 {
            return Extremes { counts, ..Extremes::NONE };
        }
        // Adding zero leaves no negative one.
        Extremes { counts, min: from_key(low) + 0.0, max: from_key(high) + 0.0 }
    }

    pub fn add(&mut self, other: &Extremes) {
        self.counts.add(other.counts);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }

    /// `None` if there was no finite value.
    pub fn limits(&self) -> Option<(f32, f32)> {
        (self.counts.finite > 0).then_some((self.min, self.max))
    }

    pub fn absmax(&self) -> Option<f32> {
        self.limits().map(|(min, max)| min.abs().max(max.abs()))
    }
}

/// An integer that is ordered as the floats are: -NaN, -inf, ..., -0, 0, ..., inf, NaN.
fn key(v: f32) -> i32 {
    let bits = v.to_bits().cast_signed();
    bits ^ ((bits >> 31).cast_unsigned() >> 1).cast_signed()
}

/// The float of a key: the function is its own inverse.
fn from_key(key: i32) -> f32 {
    f32::from_bits((key ^ ((key >> 31).cast_unsigned() >> 1).cast_signed()).cast_unsigned())
}

kernel! {
    /// The smallest and the largest key: integers, since their minimum takes one instruction and tells NaN.
    fn key_range<S: Simd>(simd: S, values: &[f32]) -> (i32, i32) {
        let (mut low, mut high) = (simd.splat(i32::MAX), simd.splat(i32::MIN));
        let chunks = values.chunks_exact(Vector::<S, f32>::LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            let keys = keys(Vector::load(simd, chunk));
            low = low.min(keys);
            high = high.max(keys);
        }
        let keys = keys(Vector::load_partial(simd, rest));
        let there = Mask::first_n(simd, rest.len());
        low = there.select(low.min(keys), low);
        high = there.select(high.max(keys), high);
        (low.reduce_min(), high.reduce_max())
    }
}

/// The lanes' keys.
#[inline(always)]
fn keys<S: Simd>(v: Vector<S, f32>) -> Vector<S, i32> {
    let bits = v.bitcast::<i32>();
    bits ^ ((bits >> 31).bitcast::<u32>() >> 1).bitcast()
}
