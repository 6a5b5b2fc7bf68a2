//! Loops over a slice that end in one value; an order of their own keeps the bits the same on every instruction set.

use super::{Element, Mask, Num, Simd, Vector};

/// Bytes of the virtual register over which [`reduce`] runs on every instruction set.
const VIRTUAL_BYTES: usize = 128;
/// Registers that it takes at most.
const MOST_REGISTERS: usize = VIRTUAL_BYTES / 16;

/// Combines the elements of `src` in an order that is the same on every instruction set.
///
/// The order: `V` = 128 bytes' worth of virtual lanes start at `identity`; lane `j` takes in the elements `j`, `j + V`,
/// `j + 2V`, ... by `f(lane, element)`; then `combine` folds halves, lane `j` with lane `j + V/2`, until one is left.
///
/// ```
/// use omnilane::lanes::{Simd, reduce};
///
/// omnilane::kernel! {
///     /// The sum of squares.
///     fn energy<S: Simd>(simd: S, src: &[f32]) -> f32 {
///         reduce(simd, src, 0.0, #[inline(always)] |acc, v| acc + v * v, #[inline(always)] |a, b| a + b)
///     }
/// }
///
/// assert_eq!(energy(&[1.0, 2.0, 3.0]), 14.0);
/// ```
#[inline(always)]
pub fn reduce<S: Simd, T: Num>(
    simd: S,
    src: &[T],
    identity: T,
    f: impl Fn(Vector<S, T>, Vector<S, T>) -> Vector<S, T>,
    combine: impl Fn(Vector<S, T>, Vector<S, T>) -> Vector<S, T>,
) -> T {
    let lanes = Vector::<S, T>::LANES;
    let registers = VIRTUAL_BYTES / S::BYTES;
    let mut acc = [simd.splat(identity); MOST_REGISTERS];
    let chunks = src.chunks_exact(registers * lanes);
    let rest = chunks.remainder();
    for chunk in chunks {
        for k in 0..registers {
            acc[k] = f(acc[k], Vector::load(simd, &chunk[k * lanes..]));
        }
    }
    for (k, rest) in rest.chunks(lanes).enumerate() {
        let next = f(acc[k], Vector::load_partial(simd, rest));
        acc[k] = Mask::first_n(simd, rest.len()).select(next, acc[k]);
    }
    let mut n = registers;
    while n > 1 {
        n /= 2;
        for k in 0..n {
            acc[k] = combine(acc[k], acc[k + n]);
        }
    }
    let mut all = acc[0];
    let mut n = lanes;
    while n > 1 {
        n /= 2;
        all = combine(all, all.slide_down(all, n));
    }
    all.to_array().as_ref()[0]
}

/// The sum of the elements in the order of [`reduce`]; integers wrap; 0 if there are none.
///
/// ```
/// use omnilane::lanes::{Simd, sum};
///
/// omnilane::kernel! {
///     fn total<S: Simd>(simd: S, src: &[i32]) -> i32 {
///         sum(simd, src)
///     }
/// }
///
/// assert_eq!(total(&[1, 2, 3]), 6);
/// ```
#[inline(always)]
pub fn sum<S: Simd, T: Num>(simd: S, src: &[T]) -> T {
    reduce(
        simd,
        src,
        T::default(),
        #[inline(always)]
        |a, b| a + b,
        #[inline(always)]
        |a, b| a + b,
    )
}

/// The smallest element, as [`Vector::min`] orders them: NaN only if there is nothing else. `None` if there are none.
///
/// ```
/// use omnilane::lanes::{Simd, min};
///
/// omnilane::kernel! {
///     fn smallest<S: Simd>(simd: S, src: &[f32]) -> Option<f32> {
///         min(simd, src)
///     }
/// }
///
/// assert_eq!(smallest(&[2.0, -1.0, f32::NAN]), Some(-1.0));
/// assert_eq!(smallest(&[]), None);
/// ```
#[inline(always)]
pub fn min<S: Simd, T: Num>(simd: S, src: &[T]) -> Option<T> {
    let first = *src.first()?;
    Some(reduce(
        simd,
        src,
        first,
        #[inline(always)]
        |a, b| a.min(b),
        #[inline(always)]
        |a, b| a.min(b),
    ))
}

/// The largest element, as [`Vector::max`] orders them: NaN only if there is nothing else. `None` if there are none.
///
/// ```
/// use omnilane::lanes::{Simd, max};
///
/// omnilane::kernel! {
///     fn largest<S: Simd>(simd: S, src: &[f32]) -> Option<f32> {
///         max(simd, src)
///     }
/// }
///
/// assert_eq!(largest(&[2.0, -1.0, f32::NAN]), Some(2.0));
/// assert_eq!(largest(&[]), None);
/// ```
#[inline(always)]
pub fn max<S: Simd, T: Num>(simd: S, src: &[T]) -> Option<T> {
    let first = *src.first()?;
    Some(reduce(
        simd,
        src,
        first,
        #[inline(always)]
        |a, b| a.max(b),
        #[inline(always)]
        |a, b| a.max(b),
    ))
}

/// The index of the first element for which `predicate` holds.
///
/// ```
/// use omnilane::lanes::{Simd, find};
///
/// omnilane::kernel! {
///     fn first_above<S: Simd>(simd: S, src: &[u8], level: u8) -> Option<usize> {
///         let level = simd.splat(level);
///         find(simd, src, #[inline(always)] |v| v.gt(level))
///     }
/// }
///
/// assert_eq!(first_above(&[1, 9, 3, 9], 5), Some(1));
/// assert_eq!(first_above(&[1, 9, 3, 9], 9), None);
/// ```
#[inline(always)]
pub fn find<S: Simd, T: Element>(simd: S, src: &[T], predicate: impl Fn(Vector<S, T>) -> Mask<S, T>) -> Option<usize> {
    let lanes = Vector::<S, T>::LANES;
    let chunks = src.chunks_exact(lanes);
    let rest = chunks.remainder();
    for (i, chunk) in chunks.enumerate() {
        let hit = predicate(Vector::load(simd, chunk));
        if hit.any() {
            return hit.first().map(|lane| i * lanes + lane);
        }
    }
    let hit = predicate(Vector::load_partial(simd, rest)) & Mask::first_n(simd, rest.len());
    hit.first().map(|lane| src.len() - rest.len() + lane)
}

/// The number of elements for which `predicate` holds.
///
/// ```
/// use omnilane::lanes::{Simd, count};
///
/// omnilane::kernel! {
///     fn zeros<S: Simd>(simd: S, src: &[u16]) -> usize {
///         let zero = simd.splat(0);
///         count(simd, src, #[inline(always)] |v| v.eq(zero))
///     }
/// }
///
/// assert_eq!(zeros(&[0, 1, 0]), 2);
/// ```
#[inline(always)]
pub fn count<S: Simd, T: Element>(simd: S, src: &[T], predicate: impl Fn(Vector<S, T>) -> Mask<S, T>) -> usize {
    let chunks = src.chunks_exact(Vector::<S, T>::LANES);
    let rest = chunks.remainder();
    let mut n = 0;
    for chunk in chunks {
        n += predicate(Vector::load(simd, chunk)).count();
    }
    n + (predicate(Vector::load_partial(simd, rest)) & Mask::first_n(simd, rest.len())).count()
}
