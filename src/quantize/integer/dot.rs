//! The product of two vectors of codes.

use super::super::QuantizeError;
use super::input::{Activation, Bytes, Input};
use super::view::MatrixView;
use crate::dispatch::{Kernel, dispatch};
use crate::isa::Products;
use crate::lanes::{LengthError, Simd, Vector};

/// `sum of a[i] * b[i]`, exact: nothing saturates on the way.
///
/// It wraps only where the sum itself does not fit 32 bits, which no values can do up to 65793 elements of `u8`, and
/// 131071 of `i8`. 0 if there are none. For one vector with many, [`matvec`](super::matvec) is faster.
///
/// ```
/// use omnilane::quantize::dot;
///
/// assert_eq!(dot(&[255u8, 255, 1], &[-128, -128, 7])?, -65273);
/// assert_eq!(dot(&[-128i8, 2], &[-128, 3])?, 16390);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
///
/// # Errors
/// [`QuantizeError::Length`] if the lengths differ.
pub fn dot<A: Activation>(a: &[A], b: &[i8]) -> Result<i32, QuantizeError> {
    LengthError::check("b", b.len(), a.len())?;
    Ok(dispatch(Dot { a: A::input(MatrixView::new(a, 1, a.len())?), b }))
}

struct Dot<'a> {
    a: Input<'a>,
    b: &'a [i8],
}

impl Kernel for Dot<'_> {
    type Output = i32;

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> i32 {
        match self.a {
            Input::Unsigned(a) => sum(
                simd,
                a.row(0),
                self.b,
                #[inline(always)]
                |acc, a, b| acc.dot_quads(a, b),
            ),
            Input::Signed(a) => sum(
                simd,
                a.row(0),
                self.b,
                #[inline(always)]
                |acc, a, b| {
                    if S::PRODUCTS == Products::Quads {
                        // `(a + 128) * b - 128 * b`: the left operand has no sign.
                        acc.dot_quads(i8::unsigned(a), b) - Vector::zero(simd).dot_quads(simd.splat(128), b)
                    } else {
                        let ([a, c], [b, d]) = (i8::split(a), i8::split(b));
                        acc.dot_pairs_add(a, b).dot_pairs_add(c, d)
                    }
                },
            ),
        }
    }
}

/// Folds two slices of one length by `f`, four vectors side by side; missing elements are 0.
#[inline(always)]
fn sum<S: Simd, A: Bytes>(
    simd: S,
    a: &[A],
    b: &[i8],
    f: impl Fn(Vector<S, i32>, Vector<S, A>, Vector<S, i8>) -> Vector<S, i32>,
) -> i32 {
    let lanes = Vector::<S, i8>::LANES;
    let mut acc = [Vector::<S, i32>::zero(simd); 4];
    let n = a.len().min(b.len());
    let mut at = 0;
    while n - at >= 4 * lanes {
        let (a, b) = (&a[at..at + 4 * lanes], &b[at..at + 4 * lanes]);
        for v in 0..4 {
            acc[v] = f(acc[v], Vector::load(simd, &a[v * lanes..]), Vector::load(simd, &b[v * lanes..]));
        }
        at += 4 * lanes;
    }
    while n - at >= lanes {
        acc[0] = f(acc[0], Vector::load(simd, &a[at..]), Vector::load(simd, &b[at..]));
        at += lanes;
    }
    if at < n {
        acc[1] = f(acc[1], Vector::load_partial(simd, &a[at..]), Vector::load_partial(simd, &b[at..]));
    }
    (acc[0] + acc[1] + (acc[2] + acc[3])).reduce_sum()
}
