//! The product, block by block: activations are staged, tiles add to sums, finished sums go out.

use super::input::{Input, Pairs, Quads, split};
use super::requantize::{OutputCode, Requantizer};
use super::tile::{Offset, Rows, Sums, multiply_group};
use super::weights::PackedWeights;
use super::{BLOCK, GROUP, QUADS};
use crate::dispatch::{Kernel, dispatch};
use crate::isa::Products;
use crate::lanes::{Element, Simd, Vector};
use core::ops::Range;

/// Rows that are staged together: a multiple of every tile's.
const ROWS: usize = 24;
/// Rows of AVX-512's tile.
const TALL: usize = 12;
/// Room that large products have for staged rows, counted in blocks: all of 24 rows if they fit, else of 12. So sums stay in
/// registers, and no row is staged for each group of columns again. On the stack: 48 KiB. (With half of it, 4096 columns took
/// a sixteenth longer, Zen 4.)
const STAGED: usize = 192;
/// From so many products on they are large.
const LARGE: usize = 1 << 22;

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

/// On a line of the cache.
#[repr(align(64))]
struct Aligned<T>(T);

/// All products; the lengths are right.
pub(super) struct Multiply<'a> {
    pub(super) input: Input<'a>,
    pub(super) zero_point: i32,
    pub(super) weights: &'a PackedWeights,
    pub(super) output: Output<'a>,
}

/// A large product, by registers of 64 bytes: whole rows are staged. A kernel of its own, for others need not touch so much of
/// the stack; elsewhere it gives the product back.
struct Large<'a>(Multiply<'a>);

impl<'a> Kernel for Large<'a> {
    type Output = Option<Multiply<'a>>;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let Large(product) = self;
        if S::BYTES < 64 || S::PRODUCTS != Products::Quads {
            return Some(product);
        }
        let fit = STAGED / product.weights.blocks().max(1) / TALL * TALL;
        let rows = if fit == 0 { ROWS } else { fit.min(ROWS) };
        let mut quads = Aligned([[0; QUADS]; STAGED]);
        product.multiply(simd, &mut quads.0, &mut [], [rows, STAGED / rows, STAGED / rows]);
        None
    }
}

impl Kernel for Multiply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let by_pairs = match S::PRODUCTS {
            Products::Quads => false,
            Products::Bytes => self.weights.any_wide(),
            Products::Pairs => true,
        };
        let mut quads = Aligned([[0; QUADS]; ROWS]);
        let mut room;
        let pairs: &mut [Pairs] = if by_pairs {
            room = Aligned([[[0; QUADS]; 2]; ROWS]);
            &mut room.0
        } else {
            &mut []
        };
        let rows = self.input.rows().clamp(1, ROWS);
        self.multiply(simd, &mut quads.0, pairs, [rows, ROWS / rows, 1]);
    }
}

impl Multiply<'_> {
    /// On the best instruction set.
    pub(super) fn run_best(self) {
        let products = self.input.rows().saturating_mul(self.weights.k()).saturating_mul(self.weights.n());
        let rest = if products >= LARGE && self.input.rows() >= TALL { dispatch(Large(self)) } else { Some(self) };
        if let Some(product) = rest {
            dispatch(product);
        }
    }

    /// All products. So many rows, `step`, and blocks of them are `staged` at a time, so many blocks multiplied `at_once`.
    /// `pairs` has none if none are needed.
    #[inline(always)]
    fn multiply<S: Simd>(
        mut self,
        simd: S,
        quads: &mut [Quads],
        pairs: &mut [Pairs],
        [step, staged, at_once]: [usize; 3],
    ) {
        let weights = self.weights;
        let (m, k, n, blocks) = (self.input.rows(), weights.k(), weights.n(), weights.blocks());
        let mut sums = Aligned([[0i32; GROUP]; ROWS]);
        let mut row_sums = [0i32; ROWS];
        let mut small = [true; ROWS];
        for first in (0..m).step_by(step) {
            let len = step.min(m - first);
            if weights.has_zero_points() {
                let shift = self.input.shift().wrapping_mul(k as i32);
                for (i, row_sum) in row_sums[..len].iter_mut().enumerate() {
                    *row_sum = self.input.row_sum(simd, first + i).wrapping_add(shift);
                }
            }
            for group in 0..weights.groups() {
                if len >= TALL {
                    self.prefetch(simd, first..first + len, group);
                }
                // Whole groups of sums are added up where they belong.
                let in_place = matches!(self.output, Output::I32(_)) && (group + 1) * GROUP <= n;
                let (column_sums, bias, zero_points) = weights.columns(group);
                let zero_point = self.zero_point + self.input.shift();
                let mut offset = Some(Offset { zero_point, column_sums, bias, zero_points, row_sums: &row_sums });
                // Without any block there is the offset.
                for start in (0..blocks.max(1)).step_by(at_once) {
                    let (end, at) = (blocks.min(start + at_once), start % staged);
                    // If all blocks have room they stay staged for all groups.
                    if at == 0 && (group == 0 || blocks > staged) {
                        for (at, block) in (start..blocks.min(start + staged)).enumerate() {
                            let codes = block * BLOCK..k.min((block + 1) * BLOCK);
                            small[at] = true;
                            for i in 0..len {
                                let quads = &mut quads[at * step + i];
                                small[at] &= self.input.stage(simd, first + i, codes.clone(), quads);
                            }
                            for (quads, pairs) in quads[at * step..][..len].iter().zip(pairs.iter_mut().skip(at * step))
                            {
                                split(simd, quads, pairs);
                            }
                        }
                    }
                    let pairs = pairs.get(at * step..).unwrap_or(&[]);
                    let rows = Rows { len, quads: &quads[at * step..], pairs, step, small: small[at] };
                    let mut sums = match &mut self.output {
                        Output::I32(out) if in_place => Sums { sums: &mut out[first * n + group * GROUP..], step: n },
                        _ => Sums { sums: sums.0.as_flattened_mut(), step: GROUP },
                    };
                    multiply_group(simd, weights, [group, start, end], rows, &mut sums, offset);
                    offset = None;
                }
                if !in_place {
                    for (i, sums) in sums.0[..len].iter().enumerate() {
                        self.finish(simd, first + i, group, sums);
                    }
                }
            }
        }
    }

    /// Asks for what is written after the next products, and for a part of the rows after these.
    #[inline(always)]
    fn prefetch<S: Simd>(&self, simd: S, rows: Range<usize>, group: usize) {
        let n = self.weights.n();
        for row in rows.clone() {
            let columns = row * n + group * GROUP..row * n + n.min((group + 1) * GROUP);
            match &self.output {
                Output::I32(out) => prefetch(simd, &out[columns]),
                Output::I8(out, _) => prefetch(simd, &out[columns]),
                Output::U8(out, _) => prefetch(simd, &out[columns]),
            }
        }
        let next = rows.end..self.input.rows().min(rows.end + rows.len());
        for row in next.skip(group).step_by(self.weights.groups()) {
            match &self.input {
                Input::Unsigned(view) => prefetch(simd, view.row(row)),
                Input::Signed(view) => prefetch(simd, view.row(row)),
            }
        }
    }

    /// Writes the sums of one row in one group.
    #[inline(always)]
    fn finish<S: Simd>(&mut self, simd: S, row: usize, group: usize, sums: &[i32; GROUP]) {
        let n = self.weights.n();
        let channel = group * GROUP;
        let to = row * n + channel..row * n + n.min(channel + GROUP);
        match &mut self.output {
            Output::I32(out) => out[to.clone()].copy_from_slice(&sums[..to.len()]),
            Output::I8(out, requantizer) => store_codes(simd, sums, requantizer, channel, &mut out[to]),
            Output::U8(out, requantizer) => store_codes(simd, sums, requantizer, channel, &mut out[to]),
        }
    }
}

#[inline(always)]
fn prefetch<S: Simd, T: Element>(simd: S, elements: &[T]) {
    for line in elements.chunks(64 / size_of::<T>()) {
        Vector::prefetch(simd, line);
    }
}

#[inline(always)]
fn store_codes<S: Simd, Q: OutputCode>(
    simd: S,
    sums: &[i32; GROUP],
    requantizer: &Requantizer<Q>,
    channel: usize,
    out: &mut [Q],
) {
    for (i, out) in out.chunks_mut(S::BYTES).enumerate() {
        let mut total = [Vector::<S, i32>::zero(simd); 4];
        for (v, total) in total.iter_mut().enumerate() {
            *total = Vector::load(simd, &sums[i * S::BYTES + v * Vector::<S, i32>::LANES..]);
        }
        let codes = requantizer.codes(simd, total, channel + i * S::BYTES);
        if out.len() == S::BYTES { codes.store(out) } else { codes.store_partial(out) }
    }
}
