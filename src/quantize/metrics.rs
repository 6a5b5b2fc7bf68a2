//! How far restored numbers are from the original ones.

use super::QuantizeError;
use crate::kernel;
use crate::lanes::{LengthError, Simd, Vector};

/// Lanes of f64 over which sums run on every instruction set.
const VIRTUAL: usize = 16;
/// Registers that they take at most: 16-byte ones hold two.
const MOST_REGISTERS: usize = VIRTUAL / 2;
/// Elements after which the virtual lanes are added up, and a new sum begins.
const CHUNK: usize = 1 << 16;

/// What [`Comparison`] adds up.
const SUMS: usize = 4;

/// The sums over pairs of an original number `x` and a restored one `y` that all the metrics are made of, in f64.
///
/// One pass gives every metric; [`push`](Comparison::push) takes a tensor in parts. The order of the sums is fixed (16
/// lanes, folded by halves every 65536 elements of a part), so the bits are the same on every instruction set. NaN in
/// either number makes every metric NaN; so does an infinity that both have, whose difference is none.
///
/// ```
/// use omnilane::quantize::Comparison;
///
/// let c = Comparison::of(&[1.0, -1.0, 2.0], &[1.0, -1.0, 2.5])?;
/// assert_eq!(c.max_error(), Some(0.5));
/// assert_eq!(c.mse(), Some(0.25 / 3.0));
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Comparison {
    len: u64,
    /// `(x - y)^2`, `x^2`, `x y`, `y^2`.
    sums: [f64; SUMS],
    max_error: f64,
}

impl Comparison {
    /// The sums of two slices.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] if the lengths differ.
    pub fn of(original: &[f32], restored: &[f32]) -> Result<Self, QuantizeError> {
        let mut all = Comparison::default();
        all.push(original, restored)?;
        Ok(all)
    }

    /// Takes in more pairs.
    ///
    /// # Errors
    /// [`QuantizeError::Length`] if the lengths differ; nothing is taken in then.
    pub fn push(&mut self, original: &[f32], restored: &[f32]) -> Result<(), QuantizeError> {
        LengthError::check("restored", restored.len(), original.len())?;
        for (x, y) in original.chunks(CHUNK).zip(restored.chunks(CHUNK)) {
            let (sums, max_error) = add_up(x, y);
            for (all, sum) in self.sums.iter_mut().zip(sums) {
                *all += sum;
            }
            // The larger one, or NaN if either is.
            if max_error > self.max_error || max_error.is_nan() {
                self.max_error = max_error;
            }
        }
        self.len += original.len() as u64;
        Ok(())
    }

    /// How many pairs there were.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there were none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The mean squared error, `sum (x - y)^2 / n`. `None` if there are no pairs.
    #[must_use]
    pub fn mse(&self) -> Option<f64> {
        (!self.is_empty()).then(|| self.sums[0] / self.len as f64)
    }

    /// The largest `|x - y|`. `None` if there are no pairs.
    #[must_use]
    pub fn max_error(&self) -> Option<f64> {
        (!self.is_empty()).then_some(self.max_error)
    }

    /// The cosine of the angle between the two as vectors, `sum x y / (sqrt(sum x^2) sqrt(sum y^2))`, in -1..=1.
    ///
    /// If both are all zero it is 1 (they agree), if one is, 0. `None` if there are no pairs.
    #[must_use]
    pub fn cosine(&self) -> Option<f64> {
        let [_, x, dot, y] = self.sums;
        (!self.is_empty()).then(|| match (x == 0.0, y == 0.0) {
            (true, true) => 1.0,
            (true, false) | (false, true) => 0.0,
            (false, false) => {
                // Rounding may leave equal directions a little above 1; NaN stays NaN.
                (dot / (libm::sqrt(x) * libm::sqrt(y))).clamp(-1.0, 1.0)
            }
        })
    }

    /// The ratio of signal to quantization noise in dB, `10 log10(sum x^2 / sum (x - y)^2)`.
    ///
    /// No noise gives +inf, even without a signal; noise without a signal gives -inf. `None` if there are no pairs.
    #[must_use]
    pub fn sqnr(&self) -> Option<f64> {
        let [noise, signal, ..] = self.sums;
        (!self.is_empty()).then(|| if noise == 0.0 { f64::INFINITY } else { 10.0 * libm::log10(signal / noise) })
    }

    /// `sum (x - y)^2 / sum x^2`, the reciprocal of [`sqnr`](Comparison::sqnr)'s ratio: 0 without noise.
    pub(super) fn relative_noise(&self) -> f64 {
        let [noise, signal, ..] = self.sums;
        if noise == 0.0 { 0.0 } else { noise / signal }
    }
}

/// The virtual lanes of one sum in registers.
type Lanes<S> = [Vector<S, f64>; MOST_REGISTERS];

kernel! {
    /// The sums of a chunk, and its largest error (NaN if an error is).
    fn add_up<S: Simd>(simd: S, original: &[f32], restored: &[f32]) -> ([f64; SUMS], f64) {
        let zero = Vector::<S, f64>::zero(simd);
        let mut sums: [Lanes<S>; SUMS] = [[zero; MOST_REGISTERS]; SUMS];
        let mut largest: Lanes<S> = [zero; MOST_REGISTERS];
        let (whole, whole_restored) = (original.chunks_exact(VIRTUAL), restored.chunks_exact(VIRTUAL));
        // Pairs that are not there count as zeros, which add nothing.
        let (mut last, mut last_restored) = ([0.0; VIRTUAL], [0.0; VIRTUAL]);
        last[..whole.remainder().len()].copy_from_slice(whole.remainder());
        last_restored[..whole.remainder().len()].copy_from_slice(whole_restored.remainder());
        let mut others = whole_restored;
        for x in whole {
            let Some(y) = others.next() else { break };
            add_pairs(simd, x, y, &mut sums, &mut largest);
        }
        add_pairs(simd, &last, &last_restored, &mut sums, &mut largest);

        let mut all = [0.0; SUMS];
        for (all, lanes) in all.iter_mut().zip(&mut sums) {
            let mut n = VIRTUAL / Vector::<S, f64>::LANES;
            while n > 1 {
                n /= 2;
                for k in 0..n {
                    lanes[k] += lanes[k + n];
                }
            }
            *all = lanes[0].reduce_sum();
        }
        let mut max_error = largest[0];
        for lanes in &largest[1..VIRTUAL / Vector::<S, f64>::LANES] {
            max_error = max_error.max(*lanes);
        }
        // The lanes of `max` drop NaN, a sum keeps it.
        (all, if all[0].is_nan() { f64::NAN } else { max_error.reduce_max() })
    }
}

/// Sixteen pairs into the lanes.
#[inline(always)]
fn add_pairs<S: Simd>(simd: S, x: &[f32], y: &[f32], sums: &mut [Lanes<S>; SUMS], largest: &mut Lanes<S>) {
    let step = Vector::<S, f32>::LANES;
    for k in 0..VIRTUAL / step {
        let x = Vector::<S, f32>::load(simd, &x[k * step..]).widen();
        let y = Vector::<S, f32>::load(simd, &y[k * step..]).widen();
        for half in 0..2 {
            let (x, y, at) = (x[half], y[half], 2 * k + half);
            let error = x - y;
            sums[0][at] += error * error;
            sums[1][at] += x * x;
            sums[2][at] += x * y;
            sums[3][at] += y * y;
            largest[at] = largest[at].max(error.abs());
        }
    }
}

/// The mean squared error, `sum (x - y)^2 / n`, in f64: [`Comparison::mse`]. `None` if there are no pairs.
///
/// # Errors
/// [`QuantizeError::Length`] if the lengths differ.
pub fn quantization_error(original: &[f32], restored: &[f32]) -> Result<Option<f64>, QuantizeError> {
    Ok(Comparison::of(original, restored)?.mse())
}

/// The largest `|x - y|`, in f64: [`Comparison::max_error`]. `None` if there are no pairs.
///
/// # Errors
/// [`QuantizeError::Length`] if the lengths differ.
pub fn max_error(original: &[f32], restored: &[f32]) -> Result<Option<f64>, QuantizeError> {
    Ok(Comparison::of(original, restored)?.max_error())
}

/// The cosine of the angle between the two as vectors: [`Comparison::cosine`]. `None` if there are no pairs.
///
/// # Errors
/// [`QuantizeError::Length`] if the lengths differ.
pub fn cosine_similarity(original: &[f32], restored: &[f32]) -> Result<Option<f64>, QuantizeError> {
    Ok(Comparison::of(original, restored)?.cosine())
}

/// The ratio of signal to quantization noise in dB, `10 log10(sum x^2 / sum (x - y)^2)`: [`Comparison::sqnr`].
///
/// No noise gives +inf; `None` if there are no pairs. Each bit of a code is worth about 6 dB.
///
/// ```
/// use omnilane::quantize::sqnr;
///
/// assert_eq!(sqnr(&[10.0, 0.0], &[10.0, 1.0])?, Some(20.0));
/// assert_eq!(sqnr(&[10.0], &[10.0])?, Some(f64::INFINITY));
/// assert_eq!(sqnr(&[], &[])?, None);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
///
/// # Errors
/// [`QuantizeError::Length`] if the lengths differ.
pub fn sqnr(original: &[f32], restored: &[f32]) -> Result<Option<f64>, QuantizeError> {
    Ok(Comparison::of(original, restored)?.sqnr())
}
