//! The left operand: bytes, signed or not, on their way to the tile.

use super::super::Code;
use super::QUADS;
use super::view::MatrixView;
use crate::lanes::{Element, Simd, Vector};
use core::ops::Range;

pub(super) mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for i8 {}
}

/// A code that weights of `i8` can be multiplied with: `u8` or `i8`.
pub trait Activation: Code<Storage = Self> + Element + sealed::Sealed {
    #[doc(hidden)]
    fn input(codes: MatrixView<'_, Self>) -> Input<'_>;
}
impl Activation for u8 {
    fn input(codes: MatrixView<'_, u8>) -> Input<'_> {
        Input::Unsigned(codes)
    }
}
impl Activation for i8 {
    fn input(codes: MatrixView<'_, i8>) -> Input<'_> {
        Input::Signed(codes)
    }
}

/// The activations. Not generic, so that there is one clone of the product per instruction set, in this crate.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Codes from 0.
    Unsigned(MatrixView<'a, u8>),
    /// Codes with a sign.
    Signed(MatrixView<'a, i8>),
}

/// A row of activations in one block, as the words that a tile broadcasts: four codes in each.
pub(super) type Quads = [u32; QUADS];
/// The same as 16 bits: the low byte of every two, and the high one.
pub(super) type Pairs = [[u32; QUADS]; 2];

impl Input<'_> {
    #[inline(always)]
    pub(super) fn rows(&self) -> usize {
        match self {
            Input::Unsigned(codes) => codes.rows(),
            Input::Signed(codes) => codes.rows(),
        }
    }

    /// What is added to each code before it is multiplied, so that none has a sign.
    #[inline(always)]
    pub(super) fn shift(&self) -> i32 {
        match self {
            Input::Unsigned(_) => 0,
            Input::Signed(_) => 128,
        }
    }

    /// The words of some codes of row `i`, at most a block of them. What is missing to a whole word meets weights that
    /// are 0. Whether every code is below 128.
    #[inline(always)]
    pub(super) fn stage<S: Simd>(&self, simd: S, i: usize, codes: Range<usize>, quads: &mut Quads) -> bool {
        match self {
            Input::Unsigned(view) => stage(simd, &view.row(i)[codes], quads),
            Input::Signed(view) => stage(simd, &view.row(i)[codes], quads),
        }
    }

    /// The sum of the codes of row `i`, wrapping.
    #[inline(always)]
    pub(super) fn row_sum<S: Simd>(&self, simd: S, i: usize) -> i32 {
        match self {
            Input::Unsigned(codes) => row_sum(simd, codes.row(i)),
            Input::Signed(codes) => row_sum(simd, codes.row(i)),
        }
    }
}

/// What the two kinds of bytes do differently.
pub(super) trait Bytes: Element {
    /// The low byte of each 16 bits, and the high one, as numbers. Order of memory or not: both operands agree.
    fn split<S: Simd>(v: Vector<S, Self>) -> [Vector<S, i16>; 2];
    /// As a byte without sign, 128 added to signed ones.
    fn unsigned<S: Simd>(v: Vector<S, Self>) -> Vector<S, u8>;
}
impl Bytes for u8 {
    #[inline(always)]
    fn split<S: Simd>(v: Vector<S, u8>) -> [Vector<S, i16>; 2] {
        let v = v.bitcast::<u16>();
        [(v & v.simd().splat(0xff)).bitcast(), (v >> 8).bitcast()]
    }
    #[inline(always)]
    fn unsigned<S: Simd>(v: Vector<S, u8>) -> Vector<S, u8> {
        v
    }
}
impl Bytes for i8 {
    #[inline(always)]
    fn split<S: Simd>(v: Vector<S, i8>) -> [Vector<S, i16>; 2] {
        let v = v.bitcast::<i16>();
        [(v << 8) >> 8, v >> 8]
    }
    #[inline(always)]
    fn unsigned<S: Simd>(v: Vector<S, i8>) -> Vector<S, u8> {
        v.bitcast() ^ v.simd().splat(0x80u8)
    }
}

#[inline(always)]
fn stage<S: Simd, A: Bytes>(simd: S, codes: &[A], quads: &mut Quads) -> bool {
    let (lanes, words) = (Vector::<S, A>::LANES, Vector::<S, u32>::LANES);
    let (whole, rest) = codes.split_at(codes.len() / lanes * lanes);
    let mut all = Vector::<S, u8>::zero(simd);
    for (codes, quads) in whole.chunks_exact(lanes).zip(quads.chunks_exact_mut(words)) {
        let v = A::unsigned(Vector::load(simd, codes));
        all |= v;
        v.bitcast::<u32>().store(quads);
    }
    if !rest.is_empty() {
        let v = A::unsigned(Vector::load_partial(simd, rest));
        all |= v;
        v.bitcast::<u32>().store(&mut quads[whole.len() / 4..]);
    }
    all.reduce_or() < 128
}

/// Staged words as 16 bits.
#[inline(always)]
pub(super) fn split<S: Simd>(simd: S, quads: &Quads, [low, high]: &mut Pairs) {
    let words = Vector::<S, u32>::LANES;
    for (quads, (low, high)) in
        quads.chunks_exact(words).zip(low.chunks_exact_mut(words).zip(high.chunks_exact_mut(words)))
    {
        let halves = u8::split(Vector::load(simd, quads).bitcast::<u8>());
        halves[0].bitcast::<u32>().store(low);
        halves[1].bitcast::<u32>().store(high);
    }
}

#[inline(always)]
fn row_sum<S: Simd, A: Bytes>(simd: S, codes: &[A]) -> i32 {
    let (mut sum, one) = (Vector::<S, i32>::zero(simd), simd.splat(1i16));
    let mut rest = codes;
    while !rest.is_empty() {
        let n = rest.len().min(Vector::<S, A>::LANES);
        let [even, odd] = A::split(Vector::load_partial(simd, rest));
        sum = sum.dot_pairs_add(even + odd, one);
        rest = &rest[n..];
    }
    sum.reduce_sum()
}
