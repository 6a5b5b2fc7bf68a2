//! Counting many values at little more than the cost of one store each.

use super::BLOCK;
use super::histogram::BINS;
use crate::kernel;
use crate::lanes::{Mask, Simd, Vector};
use alloc::boxed::Box;
use alloc::vec;

/// Counts of a bin, to which values go in turn: a count need not wait for the one before it. They lie side by side, where one
/// instruction addresses them, and those of all bins, 16 KB, stay in the nearest cache.
const COPIES: usize = 4;
/// How many of a block go to each at most: what is left of a division goes to the first.
const EACH: usize = BLOCK / COPIES + COPIES - 1;

/// Which bin each value belongs to, of values from `min` to `max`.
#[derive(Clone, Copy)]
pub(super) struct Places {
    pub min: f32,
    pub max: f32,
    /// Two factors: the values times both, cut to integers, are the numbers of the bins.
    pub scale: [f32; 2],
    pub magnitudes: bool,
}

/// Counts that are not in the histogram yet.
pub(super) struct Tally {
    counts: Box<[[u16; COPIES]]>,
    /// Those of a block: all are found before one is counted, since what was stored just before at an address whose low 12
    /// bits are alike holds up a load.
    indices: Box<[u16]>,
    /// No count is above this.
    most: usize,
}

impl Tally {
    pub fn new() -> Tally {
        let (counts, indices) = (vec![[0; COPIES]; BINS], vec![0; BLOCK]);
        Tally { counts: counts.into_boxed_slice(), indices: indices.into_boxed_slice(), most: 0 }
    }

    /// Counts the values of a block and asks the memory for those `ahead`; whether all have their place. If not, none counts.
    pub fn count(&mut self, block: &[f32], ahead: &[f32], places: Places, bins: &mut [u64]) -> bool {
        if self.most + EACH > usize::from(u16::MAX) {
            self.flush(bins);
        }
        let indices = &mut self.indices[..block.len()];
        let all = find(block, places, indices);
        if all {
            count(indices, ahead, &mut self.counts);
            self.most += EACH;
        }
        all
    }

    pub fn flush(&mut self, bins: &mut [u64]) {
        self.most = 0;
        for (bin, copies) in bins.iter_mut().zip(&mut self.counts) {
            *bin += core::mem::take(copies).into_iter().map(u64::from).sum::<u64>();
        }
    }
}

/// Counts values, all of which have their place, where they belong.
pub(super) fn count_few(values: &[f32], places: Places, bins: &mut [u64]) {
    let mut indices = [0; 64];
    for part in values.chunks(indices.len()) {
        let indices = &mut indices[..part.len()];
        find(part, places, indices);
        for index in indices {
            bins[usize::from(*index) % BINS] += 1;
        }
    }
}

kernel! {
    /// The numbers of the values' bins modulo 2^16; whether all have their place.
    fn find<S: Simd>(simd: S, values: &[f32], places: Places, indices: &mut [u16]) -> bool {
        if places.magnitudes {
            find_on::<S, true>(simd, values, places, indices)
        } else {
            find_on::<S, false>(simd, values, places, indices)
        }
    }

    /// Counts each bin in one of its copies.
    fn count<S: Simd>(simd: S, indices: &[u16], ahead: &[f32], counts: &mut [[u16; COPIES]]) {
        let Some(counts) = counts.first_chunk_mut::<BINS>() else { return };
        let (quarter, mut ahead) = (indices.len() / COPIES, ahead.chunks(16));
        let (a, rest) = indices.split_at(quarter);
        let (b, rest) = rest.split_at(quarter);
        let (c, rest) = rest.split_at(quarter);
        let (d, rest) = rest.split_at(quarter);
        // Four that are not neighbours: neighbours would be masked as one vector, and taken out of it again.
        for (i, (((a, b), c), d)) in a.iter().zip(b).zip(c).zip(d).enumerate() {
            if i % 4 == 0
                && let Some(line) = ahead.next()
            {
                Vector::<S, f32>::prefetch(simd, line);
            }
            for (copy, index) in [a, b, c, d].into_iter().enumerate() {
                let count = &mut counts[usize::from(*index) % BINS][copy];
                *count = count.wrapping_add(1);
            }
        }
        for index in rest {
            let count = &mut counts[usize::from(*index) % BINS][0];
            *count = count.wrapping_add(1);
        }
    }
}

#[inline(always)]
fn find_on<S: Simd, const MAGNITUDES: bool>(simd: S, values: &[f32], places: Places, indices: &mut [u16]) -> bool {
    let pair = Vector::<S, u16>::LANES;
    let mut inside = Mask::splat(simd, true);
    let mut to = indices.chunks_exact_mut(pair);
    let from = values.chunks_exact(pair);
    let rest = from.remainder();
    for (values, indices) in from.zip(&mut to) {
        let values = [Vector::load(simd, values), Vector::load(simd, &values[pair / 2..])];
        pair_indices::<S, MAGNITUDES>(values, places, &mut inside).store(indices);
    }
    let (low, high) = rest.split_at(rest.len().min(pair / 2));
    // A loop, not `map`: that was left out of line for AVX2.
    let mut values = [simd.splat(places.min); 2];
    for (value, part) in values.iter_mut().zip([low, high]) {
        *value = Mask::first_n(simd, part.len()).select(Vector::load_partial(simd, part), *value);
    }
    pair_indices::<S, MAGNITUDES>(values, places, &mut inside).store_partial(to.into_remainder());
    inside.all()
}

/// Products with powers of two are exact, but for what is below every bin's width and truncated to 0 anyway.
#[inline(always)]
fn pair_indices<S: Simd, const MAGNITUDES: bool>(
    values: [Vector<S, f32>; 2],
    places: Places,
    inside: &mut Mask<S, f32>,
) -> Vector<S, u16> {
    let simd = values[0].simd();
    let mut numbers = [Vector::<S, u32>::zero(simd); 2];
    for (v, number) in values.into_iter().zip(&mut numbers) {
        *inside = *inside & v.ge(simd.splat(places.min)) & v.le(simd.splat(places.max));
        let [a, b] = places.scale;
        let k = (v.abs() * simd.splat(a) * simd.splat(b)).trunc_to_int::<i32>().bitcast();
        *number = if MAGNITUDES { k } else { k ^ v.lt(Vector::zero(simd)).to_vector() };
    }
    Vector::narrow(numbers)
}
