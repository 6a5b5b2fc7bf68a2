//! Counting many values at little more than the cost of one store each.

use super::BLOCK;
use super::histogram::BINS;
use crate::kernel;
use crate::lanes::{Mask, Simd, Vector};
use alloc::boxed::Box;

/// Counts of a bin, to which values go in turn: a count need not wait for the one before it. They lie side by side, where one
/// instruction addresses them, and those of all bins, 16 KB, stay in the nearest cache.
const COPIES: usize = 4;
/// How many of a block go to each.
const EACH: usize = BLOCK / COPIES;
/// The bins of a block's values: one part for each copy. Four values that are not neighbours are counted in turn: neighbours
/// would be masked as one vector, and taken out of it again.
type Found = [[u16; EACH]; COPIES];

/// Values in a line of the cache.
const LINE: usize = 16;

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
///
/// The bins of a block are found while those of the block before are counted: stores bound the one, arithmetic the other,
/// and a processor does both at once. Not those of one block: what was stored just before, at an address whose low 12 bits
/// are alike, holds up a load.
pub(super) struct Tally {
    counts: Box<[[u16; COPIES]; BINS]>,
    found: Box<Found>,
    /// Whether `found` is still to be counted.
    waiting: bool,
    next: Box<Found>,
    /// No count is above this, with those waiting.
    most: usize,
}

impl Tally {
    pub fn new() -> Tally {
        let none = || Box::new([[0; EACH]; COPIES]);
        Tally { counts: Box::new([[0; COPIES]; BINS]), found: none(), waiting: false, next: none(), most: 0 }
    }

    /// Counts the values of a block and asks the memory for those `ahead`; whether all have their place. If not, none counts.
    pub fn count(&mut self, block: &[f32; BLOCK], ahead: &[f32], places: Places, bins: &mut [u64]) -> bool {
        if self.most + EACH > usize::from(u16::MAX) {
            self.flush(bins);
        }
        let all = if self.waiting {
            find_and_count(block, ahead, places, &mut self.next, &self.found, &mut self.counts)
        } else {
            find(block, places, self.next.as_flattened_mut())
        };
        self.waiting = all;
        if all {
            self.most += EACH;
            core::mem::swap(&mut self.found, &mut self.next);
        }
        all
    }

    pub fn flush(&mut self, bins: &mut [u64]) {
        if core::mem::take(&mut self.waiting) {
            count(&self.found, &mut self.counts);
        }
        self.most = 0;
        for (bin, copies) in bins.iter_mut().zip(&mut *self.counts) {
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
    fn count<S: Simd>(_simd: S, found: &Found, counts: &mut [[u16; COPIES]; BINS]) {
        for i in 0..EACH {
            count_one_each(found, i, counts);
        }
    }

    /// [`find`] and, for what was found before, [`count`].
    fn find_and_count<S: Simd>(
        simd: S,
        values: &[f32; BLOCK],
        ahead: &[f32],
        places: Places,
        next: &mut Found,
        found: &Found,
        counts: &mut [[u16; COPIES]; BINS],
    ) -> bool {
        if places.magnitudes {
            both_on::<S, true>(simd, values, ahead, places, next, found, counts)
        } else {
            both_on::<S, false>(simd, values, ahead, places, next, found, counts)
        }
    }
}

#[inline(always)]
fn both_on<S: Simd, const MAGNITUDES: bool>(
    simd: S,
    values: &[f32; BLOCK],
    ahead: &[f32],
    places: Places,
    next: &mut Found,
    found: &Found,
    counts: &mut [[u16; COPIES]; BINS],
) -> bool {
    let pair = const {
        let pair = Vector::<S, u16>::LANES;
        assert!(pair.is_multiple_of(COPIES) && BLOCK.is_multiple_of(pair), "a block is counted without a rest");
        pair
    };
    let mut inside = Mask::splat(simd, true);
    let steps = values.chunks_exact(pair).zip(next.as_flattened_mut().chunks_exact_mut(pair));
    for (step, (values, indices)) in steps.enumerate() {
        let values = [Vector::load(simd, values), Vector::load(simd, &values[pair / 2..])];
        pair_indices::<S, MAGNITUDES>(values, places, &mut inside).store(indices);
        for line in (step * pair).div_ceil(LINE)..((step + 1) * pair).div_ceil(LINE) {
            if let Some(line) = ahead.get(line * LINE..) {
                Vector::<S, f32>::prefetch(simd, line);
            }
        }
        let each = pair / COPIES;
        for i in 0..each {
            count_one_each(found, step * each + i, counts);
        }
    }
    inside.all()
}

#[inline(always)]
fn count_one_each(found: &Found, i: usize, counts: &mut [[u16; COPIES]; BINS]) {
    for (copy, part) in found.iter().enumerate() {
        let count = &mut counts[usize::from(part[i % EACH]) % BINS][copy];
        *count = count.wrapping_add(1);
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
