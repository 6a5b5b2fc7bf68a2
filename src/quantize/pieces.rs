//! A tensor with many scales, cut where the scale changes.

use super::block::{ElementCode, blocks, take_words};
use super::extent::{Extent, bits_on};
use super::nibbles::{self, CHUNK};
use super::rule::{Rule, RuleLanes, codes_of_lanes, limits, quotient};
use super::slice::{dequantize_run, elements, elements_mut, quantize_run};
use super::{Code, Real};
use crate::kernel;
use crate::lanes::Simd;
use alloc::vec;
use alloc::vec::Vec;

/// Which elements share a scale: dimensions before the axis, along it, behind it; elements of a block along it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    pub outer: usize,
    pub dim: usize,
    pub inner: usize,
    /// `None`: one scale per index along the axis, for all of the other dimensions.
    pub block: Option<usize>,
}

impl Geometry {
    pub fn len(&self) -> usize {
        self.outer * self.dim * self.inner
    }

    /// Blocks along the axis, or channels.
    pub fn scales_along(&self) -> usize {
        self.block.map_or(self.dim, |block| self.dim.div_ceil(block))
    }

    /// Scales of the tensor.
    pub fn scales(&self) -> usize {
        self.scales_along() * if self.block.is_some() { self.outer * self.inner } else { 1 }
    }

    pub fn pieces(&self) -> Pieces {
        Pieces { geometry: *self, outer: 0, along: 0, done: 0 }
    }
}

/// Where the scales of neighbouring elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scales {
    /// All elements share this one.
    One(usize),
    /// The first element has this one, the second the next.
    From(usize),
}

/// The stretches of memory whose scales are one, or in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pieces {
    geometry: Geometry,
    outer: usize,
    along: usize,
    /// Elements of the present piece that are done.
    done: usize,
}

impl Pieces {
    /// The next piece, or as much of it as `most` elements.
    #[inline(always)]
    pub fn take(&mut self, most: usize) -> (usize, Scales) {
        let Geometry { dim, inner, block, .. } = self.geometry;
        // Elements of the piece, indices along the axis that it takes, and its scales.
        let (len, steps, scales) = match block {
            None if inner == 1 => (dim, dim, Scales::From(self.done)),
            None => (inner, 1, Scales::One(self.along)),
            Some(block) if inner == 1 => {
                let len = block.min(dim - self.along);
                (len, len, Scales::One(self.outer * dim.div_ceil(block) + self.along / block))
            }
            Some(block) => {
                let row = (self.outer * dim.div_ceil(block) + self.along / block) * inner;
                (inner, 1, Scales::From(row + self.done))
            }
        };
        let n = most.min(len - self.done);
        self.done += n;
        if self.done == len {
            (self.done, self.along) = (0, self.along + steps);
            if self.along == dim {
                (self.along, self.outer) = (0, self.outer + 1);
            }
        }
        (n, scales)
    }
}

/// Scales and zero points of a tensor, and the codes that may be used.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    pub geometry: Geometry,
    pub scales: &'a [f32],
    pub zero_points: &'a [i32],
    pub range: (i32, i32),
}

impl Table<'_> {
    #[inline(always)]
    fn rule(&self, i: usize) -> Rule {
        let (qmin, qmax) = self.range;
        Rule { scale: self.scales[i], zero_point: self.zero_points[i], qmin, qmax, exact: true }
    }
}

kernel! {
    pub(super) fn quantize_pieces<S: Simd, R: Real, C: Code>(
        simd: S,
        src: &[R],
        table: Table<'_>,
        dst: &mut [C::Storage],
    ) -> usize {
        let mut pieces = table.geometry.pieces();
        if C::PER_ELEMENT == 1 {
            return quantize_on(simd, src, &table, &mut pieces, elements_mut::<C>(dst));
        }
        let mut nan = 0;
        let mut buffer = [C::Element::default(); CHUNK];
        for (src, dst) in src.chunks(CHUNK).zip(bytemuck::cast_slice_mut(dst).chunks_mut(CHUNK / 2)) {
            let codes = &mut buffer[..src.len()];
            nan += quantize_on(simd, src, &table, &mut pieces, codes);
            nibbles::pack_on(simd, bytemuck::cast_slice(codes), dst);
        }
        nan
    }

    pub(super) fn dequantize_pieces<S: Simd, C: Code, R: Real>(
        simd: S,
        src: &[C::Storage],
        table: Table<'_>,
        dst: &mut [R],
    ) {
        let mut pieces = table.geometry.pieces();
        if C::PER_ELEMENT == 1 {
            return dequantize_on(simd, elements::<C>(src), &table, &mut pieces, dst);
        }
        let mut buffer = [C::Element::default(); CHUNK];
        for (src, dst) in bytemuck::cast_slice(src).chunks(CHUNK / 2).zip(dst.chunks_mut(CHUNK)) {
            let codes = &mut buffer[..dst.len()];
            nibbles::unpack_on(simd, src, bytemuck::cast_slice_mut(codes), C::MIN < 0);
            dequantize_on(simd, codes, &table, &mut pieces, dst);
        }
    }

    /// The extents of the elements that share a scale, as their largest bits.
    fn largest_bits<S: Simd, R: Real>(simd: S, src: &[R], geometry: Geometry, largest: &mut [(i32, u32)]) {
        let (mut pieces, mut rest) = (geometry.pieces(), src);
        while !rest.is_empty() {
            let (n, scales) = pieces.take(rest.len());
            let (now, later) = rest.split_at(n);
            match scales {
                Scales::One(i) => {
                    let (top, bottom) = bits_on(simd, now);
                    largest[i] = (largest[i].0.max(top), largest[i].1.max(bottom));
                }
                Scales::From(i) => {
                    for (x, largest) in now.iter().zip(&mut largest[i..]) {
                        let bits = x.to_f32().to_bits();
                        *largest = (largest.0.max(bits as i32), largest.1.max(bits));
                    }
                }
            }
            rest = later;
        }
    }
}

/// The extents of the elements that share a scale.
pub(super) fn extents<R: Real>(src: &[R], geometry: Geometry) -> Vec<Extent> {
    let mut largest = vec![(0, 0); geometry.scales()];
    largest_bits(src, geometry, &mut largest);
    let mut found: Vec<Extent> = largest.into_iter().map(Extent::of_bits).collect();
    if found.iter().all(Extent::is_finite) {
        return found;
    }
    // Something is NaN or infinite: once more, with care.
    found.fill(Extent::default());
    let (mut pieces, mut rest) = (geometry.pieces(), src);
    while !rest.is_empty() {
        let (n, scales) = pieces.take(rest.len());
        let (now, later) = rest.split_at(n);
        for (k, x) in now.iter().enumerate() {
            let at = match scales {
                Scales::One(i) => i,
                Scales::From(i) => i + k,
            };
            found[at].push(x.to_f32());
        }
        rest = later;
    }
    found
}

#[inline(always)]
fn quantize_on<S: Simd, R: Real, E: ElementCode>(
    simd: S,
    mut src: &[R],
    table: &Table<'_>,
    pieces: &mut Pieces,
    mut dst: &mut [E],
) -> usize {
    let mut nan = 0;
    while !src.is_empty() {
        let (n, scales) = pieces.take(src.len());
        let (now, later) = src.split_at(n);
        let (to, rest) = dst.split_at_mut(n);
        nan += match scales {
            Scales::One(i) => {
                quantize_run::<S, R, E, { quotient::EXACT }>(simd, now, &RuleLanes::new(simd, table.rule(i)), to)
            }
            Scales::From(i) => {
                let (scales, zero_points) = (&table.scales[i..i + n], &table.zero_points[i..i + n]);
                quantize_row(simd, now, scales, zero_points, table.range, to)
            }
        };
        (src, dst) = (later, rest);
    }
    nan
}

#[inline(always)]
fn dequantize_on<S: Simd, E: ElementCode, R: Real>(
    simd: S,
    mut src: &[E],
    table: &Table<'_>,
    pieces: &mut Pieces,
    mut dst: &mut [R],
) {
    while !src.is_empty() {
        let (n, scales) = pieces.take(src.len());
        let (now, later) = src.split_at(n);
        let (to, rest) = dst.split_at_mut(n);
        match scales {
            Scales::One(i) => dequantize_run(simd, now, table.rule(i), to),
            Scales::From(i) => {
                dequantize_row(simd, now, &table.scales[i..i + n], &table.zero_points[i..i + n], to);
            }
        }
        (src, dst) = (later, rest);
    }
}

/// Each element with its own scale and zero point.
#[inline(always)]
fn quantize_row<S: Simd, R: Real, E: ElementCode>(
    simd: S,
    src: &[R],
    scales: &[f32],
    zero_points: &[i32],
    (qmin, qmax): (i32, i32),
    dst: &mut [E],
) -> usize {
    let mut nan = 0;
    let range = [simd.splat(qmin), simd.splat(qmax)];
    let limits = limits(qmin, qmax);
    blocks!(S, src, dst, |from, to, at, WHOLE| {
        let scale = take_words::<S, f32, WHOLE>(simd, &scales[at..]);
        let zero_point = take_words::<S, i32, WHOLE>(simd, &zero_points[at..]);
        let codes = codes_of_lanes::<S, E>(R::take::<S, WHOLE>(simd, from), scale, zero_point, range, &mut nan);
        E::put::<S, WHOLE>(codes, limits, to);
    });
    nan
}

#[inline(always)]
fn dequantize_row<S: Simd, E: ElementCode, R: Real>(
    simd: S,
    src: &[E],
    scales: &[f32],
    zero_points: &[i32],
    dst: &mut [R],
) {
    let taken = simd.splat(E::TAKEN);
    blocks!(S, src, dst, |from, to, at, WHOLE| {
        let scale = take_words::<S, f32, WHOLE>(simd, &scales[at..]);
        let zero_point = take_words::<S, i32, WHOLE>(simd, &zero_points[at..]);
        let codes = E::take::<S, WHOLE>(simd, from);
        let mut out = scale;
        for k in 0..4 {
            out[k] = (codes[k] - (zero_point[k] + taken).to_float()) * scale[k];
        }
        R::put::<S, WHOLE>(out, to);
    });
}
