//! The range of a tensor's values.

use super::{Code, CodeRange, QuantParams, Real};
use crate::kernel;
use crate::lanes::{Simd, Vector};

/// The bits of infinity.
const INFINITY: i32 = 0x7f80_0000;
/// The bits of the sign.
const SIGN: u32 = 1 << 31;

/// The ends of the finite values and 0, and how many values are not finite.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Extent {
    /// At most 0.
    pub min: f32,
    /// At least 0.
    pub max: f32,
    pub nan: usize,
    pub infinite: usize,
}

impl Extent {
    /// One more value.
    #[inline(always)]
    pub fn push(&mut self, x: f32) {
        if x.is_finite() {
            self.min = if x < self.min { x } else { self.min };
            self.max = if x > self.max { x } else { self.max };
        } else if x.is_nan() {
            self.nan += 1;
        } else {
            self.infinite += 1;
        }
    }

    /// The largest magnitude.
    pub fn absmax(&self) -> f32 {
        self.max.max(-self.min)
    }

    /// Whether all values are numbers, and none is more than twice as far from 0 as codes reach.
    pub fn within<C: Code>(&self, params: &QuantParams<C>) -> bool {
        let steps = (params.qmax() - params.qmin()) as f32;
        self.nan == 0 && self.infinite == 0 && self.absmax() <= 2.0 * steps * params.scale()
    }

    pub fn params<C: Code>(&self, symmetric: bool) -> QuantParams<C> {
        let params =
            if symmetric { QuantParams::symmetric(self.absmax()) } else { QuantParams::asymmetric(self.min, self.max) };
        // An extent is finite and in order.
        params.unwrap_or_else(|_| QuantParams::no_range(CodeRange::Full))
    }
}

kernel! {
    pub(super) fn extent<S: Simd, R: Real>(simd: S, src: &[R]) -> Extent {
        extent_on(simd, src)
    }
}

/// Positive floats are ordered as their bits are, and negative ones, the other way round, as theirs are without sign. So
/// the largest bits as i32 are those of the largest positive value, the largest as u32 those of the smallest negative.
#[inline(always)]
pub(super) fn extent_on<S: Simd, R: Real>(simd: S, src: &[R]) -> Extent {
    let found = Extent::of_bits(bits_on(simd, src));
    // Something not finite has larger bits than any number; only then they are told apart.
    if found.is_finite() { found } else { finite_on(simd, src) }
}

impl Extent {
    pub fn of_bits((top, bottom): (i32, u32)) -> Extent {
        // No -0.
        let min = if bottom > SIGN { f32::from_bits(bottom) } else { 0.0 };
        Extent { min, max: f32::from_bits(top as u32), nan: 0, infinite: 0 }
    }

    pub fn is_finite(&self) -> bool {
        self.min.is_finite() && self.max.is_finite()
    }
}

/// The largest bits as i32 and as u32, at least 0.
#[inline(always)]
pub(super) fn bits_on<S: Simd, R: Real>(simd: S, src: &[R]) -> (i32, u32) {
    let mut top = [Vector::<S, i32>::zero(simd); 4];
    let mut bottom = [Vector::<S, u32>::zero(simd); 4];
    for chunk in src.chunks(S::BYTES) {
        let x =
            if chunk.len() == S::BYTES { R::take::<S, true>(simd, chunk) } else { R::take::<S, false>(simd, chunk) };
        for k in 0..4 {
            top[k] = top[k].max(x[k].bitcast());
            bottom[k] = bottom[k].max(x[k].bitcast());
        }
    }
    (
        top[0].max(top[1]).max(top[2].max(top[3])).reduce_max(),
        bottom[0].max(bottom[1]).max(bottom[2].max(bottom[3])).reduce_max(),
    )
}

/// The extent of what is finite.
#[inline(always)]
fn finite_on<S: Simd, R: Real>(simd: S, src: &[R]) -> Extent {
    let (mut top, mut bottom) = (Vector::<S, i32>::zero(simd), Vector::<S, u32>::zero(simd));
    let (mut nans, mut infinite) = (0, 0);
    for chunk in src.chunks(S::BYTES) {
        for x in &R::take::<S, false>(simd, chunk) {
            let x = *x;
            let bits = x.bitcast::<i32>();
            let nan = x.ne(x).count();
            let finite = (bits & simd.splat(i32::MAX)).lt(simd.splat(INFINITY));
            nans += nan;
            infinite += (!finite).count() - nan;
            let bits = finite.select(bits, Vector::zero(simd));
            (top, bottom) = (top.max(bits), bottom.max(bits.bitcast()));
        }
    }
    Extent { nan: nans, infinite, ..Extent::of_bits((top.reduce_max(), bottom.reduce_max())) }
}
