//! The product, block by block: activations are staged, tiles add to sums, finished sums go out.

use super::input::Input;
use super::requantize::{OutputCode, Requantizer};
use super::tile::{Rows, multiply_block};
use super::weights::PackedWeights;
use super::{BLOCK, Form, GROUP, QUADS};
use crate::dispatch::Kernel;
use crate::lanes::{Simd, Vector};

/// Rows that are staged together: a multiple of every tile's. They and their sums are on the stack: 12 KiB, and 12 more for
/// pairs.
const ROWS: usize = 24;
/// Rows of AVX-512's tile. It keeps up with weights from the second-level cache, so that as many rows are staged at a time, but
/// all of a row: 27 KiB with their sums. (To stage them again for each group of columns took an eighth of the time.)
const TALL: usize = 12;
/// Blocks of a row that are staged together then. Longer rows are staged a block at a time, for each group again.
const STAGED: usize = 8;

/// Where products go. Not generic, as [`Input`] is not.
#[derive(Debug)]
pub enum Output<'a> {
    /// As they are.
    I32(&'a mut [i32]),
    /// As codes.
    I8(&'a mut [i8], &'a Requantizer<i8>),
    /// As codes.
    U8(&'a mut [u8], &'a Requantizer<u8>),
}

/// All products; the lengths are right.
pub(super) struct Multiply<'a> {
    pub(super) input: Input<'a>,
    pub(super) zero_point: i32,
    pub(super) weights: &'a PackedWeights,
    pub(super) output: Output<'a>,
}

impl Kernel for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let pairs = match Form::best::<S>() {
            Form::Quads => false,
            Form::Bytes => self.weights.any_wide(),
            Form::Pairs => true,
        };
        if pairs {
            self.multiply::<S, ROWS, ROWS, 1>(simd)
        } else if S::BYTES == 64 && self.input.rows() >= TALL && self.weights.blocks() <= STAGED {
            self.multiply::<S, TALL, 0, STAGED>(simd)
        } else {
            self.multiply::<S, ROWS, 0, 1>(simd)
        }
    }
}

impl Multiply<'_> {
    /// All products, of `ROWS` rows and `STAGED` blocks at a time. `PAIRS` is how many rows are staged as pairs too: all of
    /// them, or none.
    #[inline(always)]
    fn multiply<S: Simd, const ROWS: usize, const PAIRS: usize, const STAGED: usize>(mut self, simd: S) {
        let weights = self.weights;
        let (m, k, blocks) = (self.input.rows(), weights.k(), weights.blocks());
        let mut quads = [[[0u32; QUADS]; ROWS]; STAGED];
        let mut pairs = [[[[0u32; QUADS]; 2]; PAIRS]; STAGED];
        let mut sums = [[0i32; GROUP]; ROWS];
        let mut row_sums = [0i32; ROWS];
        let mut small = [true; STAGED];
        let mut first = 0;
        while first < m {
            let rows = ROWS.min(m - first);
            if weights.has_zero_points() {
                let shift = self.input.shift().wrapping_mul(k as i32);
                for (i, row_sum) in row_sums[..rows].iter_mut().enumerate() {
                    *row_sum = self.input.row_sum(simd, first + i).wrapping_add(shift);
                }
            }
            for group in 0..weights.groups() {
                sums[..rows].fill([0; GROUP]);
                for block in 0..blocks {
                    // If all blocks have room they stay staged for all groups.
                    let at = if blocks <= STAGED { block } else { 0 };
                    if group == 0 || blocks > STAGED {
                        let codes = block * BLOCK..k.min((block + 1) * BLOCK);
                        small[at] = true;
                        for i in 0..rows {
                            let pairs = if PAIRS > 0 { Some(&mut pairs[at][i]) } else { None };
                            small[at] &= self.input.stage(simd, first + i, codes.clone(), &mut quads[at][i], pairs);
                        }
                    }
                    let pairs = &pairs[at][..rows.min(PAIRS)];
                    let staged = Rows { quads: &quads[at][..rows], pairs, small: small[at] };
                    multiply_block(simd, weights, [group, block], staged, &mut sums[..rows]);
                }
                for i in 0..rows {
                    self.finish(simd, first + i, group, &sums[i], row_sums[i]);
                }
            }
            first += rows;
        }
    }

    /// Adds bias and zero points to the sums of one row in one group, and writes them.
    #[inline(always)]
    fn finish<S: Simd>(&mut self, simd: S, row: usize, group: usize, sums: &[i32; GROUP], row_sum: i32) {
        let lanes = Vector::<S, i32>::LANES;
        let n = self.weights.n();
        let width = GROUP.min(n - group * GROUP);
        let (column_sums, bias, zero_points) = self.weights.columns(group);
        let zero_point = simd.splat(self.zero_point + self.input.shift());
        let row_sum = simd.splat(row_sum);
        let mut column = 0;
        while column < width {
            let mut total = [Vector::<S, i32>::zero(simd); 4];
            for (v, total) in total.iter_mut().enumerate() {
                let j = column + v * lanes;
                let offset = Vector::load(simd, &bias[j..]) - zero_point * Vector::load(simd, &column_sums[j..]);
                *total = Vector::load(simd, &sums[j..]) + offset;
                if let Some(zero_points) = zero_points {
                    *total -= row_sum * Vector::load(simd, &zero_points[j..]);
                }
            }
            let channel = group * GROUP + column;
            let at = row * n + channel..row * n + channel + S::BYTES.min(width - column);
            match &mut self.output {
                Output::I32(out) => store_sums(total, &mut out[at]),
                Output::I8(out, requantizer) => store_codes(simd, total, requantizer, channel, &mut out[at]),
                Output::U8(out, requantizer) => store_codes(simd, total, requantizer, channel, &mut out[at]),
            }
            column += S::BYTES;
        }
    }
}

#[inline(always)]
fn store_sums<S: Simd>(total: [Vector<S, i32>; 4], out: &mut [i32]) {
    let lanes = Vector::<S, i32>::LANES;
    for (v, total) in total.into_iter().enumerate() {
        if out.len() == S::BYTES {
            total.store(&mut out[v * lanes..]);
        } else {
            let start = (v * lanes).min(out.len());
            total.store_partial(&mut out[start..]);
        }
    }
}

#[inline(always)]
fn store_codes<S: Simd, Q: OutputCode>(
    simd: S,
    total: [Vector<S, i32>; 4],
    requantizer: &Requantizer<Q>,
    channel: usize,
    out: &mut [Q],
) {
    let codes = requantizer.codes(simd, total, channel);
    if out.len() == S::BYTES { codes.store(out) } else { codes.store_partial(out) }
}
