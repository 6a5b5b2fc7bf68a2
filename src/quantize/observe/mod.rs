//! Calibration: from the values that a tensor takes to the [`QuantParams`] that fit them.

mod divergence;
mod extremes;
mod histogram;
mod min_max;
mod percentile;
mod search;
mod tally;

pub use divergence::KlDivergence;
pub use histogram::Histogram;
pub use min_max::{MinMax, MovingAverage};
pub use percentile::Percentile;
pub use search::MseSearch;

use super::{Code, CodeRange, QuantParams, QuantizeError, Real, convert_into};

/// Where the zero point may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Anywhere: the codes cover the values from the smallest to the largest. For activations.
    #[default]
    Asymmetric,
    /// In the middle: the codes cover the values from `-a` to `a`. For weights.
    Symmetric,
}

impl Scheme {
    /// The range of codes that goes with it: all of them, or as many below the middle as above.
    #[must_use]
    pub fn codes(self) -> CodeRange {
        match self {
            Scheme::Asymmetric => CodeRange::Full,
            Scheme::Symmetric => CodeRange::Symmetric,
        }
    }

    /// The parameters for finite limits, of which the first is not above the second; the default ones for none.
    pub(super) fn params<C: Code>(self, limits: Option<(f32, f32)>, range: CodeRange) -> QuantParams<C> {
        let params = limits.map(|(low, high)| match self {
            Scheme::Asymmetric => QuantParams::asymmetric_in(low, high, range),
            Scheme::Symmetric => QuantParams::symmetric_in(low.abs().max(high.abs()), range),
        });
        match params {
            Some(Ok(params)) => params,
            // No value, or limits that no observer gives.
            Some(Err(_)) | None => QuantParams::no_range(range),
        }
    }
}

/// How many values an observer was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    /// Those that count.
    pub finite: u64,
    /// NaN, skipped.
    pub nan: u64,
    /// Infinities, skipped.
    pub infinite: u64,
}

impl Counts {
    pub(super) fn add(&mut self, other: Counts) {
        self.finite += other.finite;
        self.nan += other.nan;
        self.infinite += other.infinite;
    }
}

/// Looks at the values of a tensor, in as many calls as one likes, and chooses parameters for them.
///
/// NaN and infinities are skipped and counted. The same bits on every instruction set.
///
/// | observer | the limits are | merges |
/// |---|---|---|
/// | [`MinMax`] | the smallest and the largest value | yes |
/// | [`MovingAverage`] | theirs, averaged over calls with a weight of 0.01 | no: the order is its point |
/// | [`Percentile`] | those of the middle 99.99 % | yes |
/// | [`MseSearch`] | of 100 candidates, those with the smallest squared error | yes |
/// | [`KlDivergence`] | those that keep the distribution closest to itself | yes |
///
/// What an observer keeps does not grow with the number of values. Those that merge keep nothing but functions of the
/// set of values they were given: threads may each observe a part, and whatever the parts and the order of merging, the
/// result is the same to the bit.
///
/// ```
/// use omnilane::quantize::{Merge, Observer, Percentile, Scheme};
///
/// let mut a = Percentile::new(Scheme::Symmetric);
/// let mut b = a.clone();
/// a.observe(&[1.0f32, -2.0, f32::NAN]);
/// b.observe(&[0.5f32, 4.0]);
/// a.merge(&b)?;
/// let params = a.params::<i8>();
/// assert_eq!((params.zero_point(), a.counts().nan), (0, 1));
/// assert!((params.scale() - 4.0 / 127.0).abs() < 1e-4);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
pub trait Observer {
    /// Takes in values; f16 and bf16 count as the f32 that they are.
    fn observe<R: Real>(&mut self, values: &[R]);

    /// How many values it was given.
    fn counts(&self) -> Counts;

    /// Where the zero point may be.
    fn scheme(&self) -> Scheme;

    /// The values that codes of type `C` in `range` should reach from and to; of [`Scheme::Symmetric`] `-a` and `a`.
    /// `None` if no finite value was seen.
    fn limits<C: Code>(&self, range: CodeRange) -> Option<(f32, f32)>;

    /// The parameters, over the codes that go with the scheme ([`Scheme::codes`]); scale 1 and the code of 0 as zero
    /// point if no finite value was seen, or none but zeros.
    fn params<C: Code>(&self) -> QuantParams<C> {
        self.params_in(self.scheme().codes())
    }

    /// [`params`](Observer::params) over other codes.
    fn params_in<C: Code>(&self, range: CodeRange) -> QuantParams<C> {
        self.scheme().params(self.limits::<C>(range), range)
    }
}

/// An observer that takes in another one: what threads do at the end.
pub trait Merge: Observer {
    /// Takes in what `other` observed, as if its values had been given to `self`, to the bit.
    ///
    /// # Errors
    /// [`QuantizeError::Observers`] if the two are not set alike; nothing is taken in then.
    fn merge(&mut self, other: &Self) -> Result<(), QuantizeError>;
}

/// What an [`Observer`] with a `histogram` does by it: everything but the limits.
macro_rules! observe_by_histogram {
    () => {
        fn observe<R: $crate::quantize::Real>(&mut self, values: &[R]) {
            self.histogram.observe(values);
        }

        fn counts(&self) -> $crate::quantize::Counts {
            self.histogram.counts()
        }

        fn scheme(&self) -> $crate::quantize::Scheme {
            self.histogram.scheme()
        }
    };
}
use observe_by_histogram;

/// Values that are looked at together: 8 KB stay in the nearest cache.
const BLOCK: usize = 2048;

/// Calls `f` with the values as f32, in blocks of at most `BLOCK`, and what is read next; f32 is not copied.
fn in_blocks<R: Real>(values: &[R], mut f: impl FnMut(&[f32], &[f32])) {
    // Two halves may cast to one f32, too: the size tells.
    match bytemuck::try_cast_slice::<R, f32>(values) {
        Ok(mut same) if size_of::<R>() == size_of::<f32>() => {
            while !same.is_empty() {
                let (block, later) = same.split_at(same.len().min(BLOCK));
                f(block, later);
                same = later;
            }
        }
        _ => {
            let mut converted = [0.0; BLOCK];
            for block in values.chunks(BLOCK) {
                let converted = &mut converted[..block.len()];
                // As many as there are.
                let done = convert_into(block, converted);
                debug_assert!(done.is_ok(), "equal lengths");
                f(converted, &[]);
            }
        }
    }
}
