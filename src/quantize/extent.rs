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

    #[inline(always)]
    pub fn merge(&mut self, other: Extent) {
        self.min = if other.min < self.min { other.min } else { self.min };
        self.max = if other.max > self.max { other.max } else { self.max };
        self.nan += other.nan;
        self.infinite += other.infinite;
    }

    /// The largest magnitude.
    pub fn absmax(&self) -> f32 {
        self.max.max(-self.min)
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
    let found = look::<S, R, false>(simd, src);
    // Something not finite has larger bits than any number; only then they are told apart.
    if found.max.is_finite() && found.min.is_finite() { found } else { look::<S, R, true>(simd, src) }
}

#[inline(always)]
fn look<S: Simd, R: Real, const SKIP: bool>(simd: S, src: &[R]) -> Extent {
    let mut top = [Vector::<S, i32>::zero(simd); 4];
    let mut bottom = [Vector::<S, u32>::zero(simd); 4];
    let mut out = Extent::default();
    for chunk in src.chunks(S::BYTES) {
        let x =
            if chunk.len() == S::BYTES { R::take::<S, true>(simd, chunk) } else { R::take::<S, false>(simd, chunk) };
        for k in 0..4 {
            let mut bits = x[k].bitcast::<i32>();
            if SKIP {
                let nan = x[k].ne(x[k]).count();
                let finite = (bits & simd.splat(i32::MAX)).lt(simd.splat(INFINITY));
                out.nan += nan;
                out.infinite += (!finite).count() - nan;
                bits = finite.select(bits, Vector::zero(simd));
            }
            top[k] = top[k].max(bits);
            bottom[k] = bottom[k].max(bits.bitcast());
        }
    }
    let top = top[0].max(top[1]).max(top[2].max(top[3])).reduce_max();
    let bottom = bottom[0].max(bottom[1]).max(bottom[2].max(bottom[3])).reduce_max();
    out.max = f32::from_bits(top as u32);
    // No -0.
    out.min = if bottom > SIGN { f32::from_bits(bottom) } else { 0.0 };
    out
}
