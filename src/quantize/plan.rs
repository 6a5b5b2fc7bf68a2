//! Which tensors may be coarse: bits where they matter, under a budget of bytes.

use super::{Code, Comparison, I4, MinMax, Observer, QuantParams, QuantizeError, Scheme};
use crate::lanes::f16;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// What a tensor's numbers become.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// Codes of 4 bits, two to a byte.
    I4,
    /// Codes of 8 bits.
    I8,
    /// Half floats.
    F16,
}

impl Precision {
    /// From the coarsest to the finest.
    pub const ALL: [Precision; 3] = [Precision::I4, Precision::I8, Precision::F16];

    /// Bytes of so many numbers, without scales.
    #[must_use]
    pub fn bytes(self, len: u64) -> u64 {
        match self {
            Precision::I4 => len.div_ceil(2),
            Precision::I8 => len,
            Precision::F16 => len.saturating_mul(2),
        }
    }

    /// `i4`, `i8`, `f16`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Precision::I4 => "i4",
            Precision::I8 => "i8",
            Precision::F16 => "f16",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a tensor takes and loses at one precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The precision.
    pub precision: Precision,
    /// Bytes of codes, scales and zero points.
    pub bytes: u64,
    /// `sum (x - x')^2 / sum x^2`: 0 without noise, infinite if a number overflows.
    pub noise: f64,
}

impl Candidate {
    /// The noise as a ratio of signal to noise in dB, `-10 log10(noise)`.
    #[must_use]
    pub fn sqnr(&self) -> f64 {
        if self.noise == 0.0 { f64::INFINITY } else { -10.0 * libm::log10(self.noise) }
    }
}

/// A tensor's candidates, from which [`plan`] chooses one.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorProfile {
    /// The tensor's name.
    pub name: String,
    /// At least one, in any order.
    pub candidates: Vec<Candidate>,
}

/// Numbers that are restored at a time.
const PIECE: usize = 8192;

impl TensorProfile {
    /// Measures i4, i8 and f16: symmetric codes over the largest magnitude, one scale of 4 bytes for the tensor.
    ///
    /// NaN and infinities are left out of the noise.
    #[must_use]
    pub fn measure(name: impl Into<String>, values: &[f32]) -> Self {
        let mut observer = MinMax::new(Scheme::Symmetric);
        observer.observe(values);
        let (four, eight) = (observer.params::<I4>(), observer.params::<i8>());
        let candidates = Precision::ALL.map(|precision| {
            let mut noise = Comparison::default();
            for piece in values.chunks(PIECE) {
                let restored: Vec<f32> = match precision {
                    Precision::I4 => restore(&four, piece),
                    Precision::I8 => restore(&eight, piece),
                    Precision::F16 => piece.iter().map(|v| f16::from_f32_const(*v).to_f32_const()).collect(),
                };
                push_finite(&mut noise, piece.to_vec(), restored);
            }
            let scale = if precision == Precision::F16 { 0 } else { 4 };
            let bytes = precision.bytes(values.len() as u64) + scale;
            Candidate { precision, bytes, noise: noise.relative_noise() }
        });
        TensorProfile { name: name.into(), candidates: candidates.to_vec() }
    }
}

fn restore<C: Code>(params: &QuantParams<C>, values: &[f32]) -> Vec<f32> {
    let mut codes = vec![C::Storage::default(); C::storage_len(values.len())];
    let mut restored = vec![0.0; values.len()];
    // Lengths that fit by construction.
    let fits = super::quantize_into(values, params, &mut codes).is_ok()
        && super::dequantize_into(&codes, params, &mut restored).is_ok();
    debug_assert!(fits, "the slices have the lengths of the values");
    restored
}

/// Compares what is finite in the original: the others count as 0 in both.
pub(super) fn push_finite(all: &mut Comparison, mut original: Vec<f32>, mut restored: Vec<f32>) {
    for (x, y) in original.iter_mut().zip(&mut restored) {
        if !x.is_finite() {
            (*x, *y) = (0.0, 0.0);
        }
    }
    let fits = all.push(&original, &restored).is_ok();
    debug_assert!(fits, "as many restored as there were");
}

/// A precision for each tensor, and how good the choice is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// One for each profile, in order.
    pub choices: Vec<Candidate>,
    /// Their bytes in all.
    pub bytes: u64,
    /// Their noise in all.
    pub noise: f64,
    /// No choice within the budget has less noise than this.
    pub bound: f64,
}

/// The noise that one tensor would be spared, and what that takes.
struct Step {
    tensor: usize,
    to: Candidate,
    gain: f64,
    bytes: u64,
}

/// Chooses a precision for each tensor so that they take at most `budget` bytes, and the sum of their
/// [noise](Candidate::noise) is small.
///
/// Greedy by marginal gain: all tensors begin with the fewest bytes, and what spares the most noise for a byte comes next,
/// as long as the budget lasts; then whatever else fits. The steps are those of each tensor's lower convex hull, so the
/// noise is above the least possible one by less than what the first step that did not fit would have spared. The plan
/// says by how much at most: no choice is better than its [`bound`](Plan::bound), which is that of the problem where
/// tensors may be split between precisions.
///
/// ```
/// use omnilane::quantize::{Precision, TensorProfile, plan};
///
/// let smooth: Vec<f32> = (0..1000).map(|i| i as f32).collect();
/// let mut spiky = vec![0.01; 1000];
/// spiky[0] = 1.0;
/// let profiles = [TensorProfile::measure("smooth", &smooth), TensorProfile::measure("spiky", &spiky)];
/// let plan = plan(&profiles, 1600)?;
/// assert_eq!(plan.choices[0].precision, Precision::I4);
/// assert_eq!(plan.choices[1].precision, Precision::I8);
/// assert!(plan.bytes <= 1600 && plan.bound <= plan.noise);
/// # Ok::<(), omnilane::quantize::QuantizeError>(())
/// ```
///
/// # Errors
/// [`QuantizeError::Budget`] if the smallest candidates take more; [`QuantizeError::NoCandidates`] if a tensor has none, or
/// none whose noise is a number.
pub fn plan(profiles: &[TensorProfile], budget: u64) -> Result<Plan, QuantizeError> {
    let mut choices = Vec::with_capacity(profiles.len());
    let mut steps = Vec::new();
    for (tensor, profile) in profiles.iter().enumerate() {
        let hull = hull(&profile.candidates);
        let Some(first) = hull.first() else {
            return Err(QuantizeError::NoCandidates { name: profile.name.clone() });
        };
        choices.push(*first);
        for pair in hull.windows(2) {
            let (gain, bytes) = (pair[0].noise - pair[1].noise, pair[1].bytes - pair[0].bytes);
            steps.push(Step { tensor, to: pair[1], gain, bytes });
        }
    }
    let total = |choices: &[Candidate]| choices.iter().fold(0u64, |all, c| all.saturating_add(c.bytes));
    let needed = total(&choices);
    if needed > budget {
        return Err(QuantizeError::Budget { budget, needed });
    }

    // Stable: the steps of one tensor, whose gains for a byte fall, stay in order.
    steps.sort_by(|a: &Step, b: &Step| (b.gain / b.bytes as f64).total_cmp(&(a.gain / a.bytes as f64)));
    let mut left = budget - needed;
    let mut spared = 0.0;
    let mut split = None;
    let mut blocked = vec![false; profiles.len()];
    for step in steps {
        if blocked[step.tensor] {
            continue;
        }
        if step.bytes <= left {
            left -= step.bytes;
            choices[step.tensor] = step.to;
            if split.is_none() {
                spared += step.gain;
            }
        } else {
            blocked[step.tensor] = true;
            // A part of the first step that does not fit: what a plan with split tensors would still spare.
            split.get_or_insert(step.gain * left as f64 / step.bytes as f64);
        }
    }
    fill(profiles, &mut choices, &mut left);

    let noise = choices.iter().map(|c| c.noise).sum::<f64>();
    let start: f64 = profiles.iter().filter_map(|p| hull(&p.candidates).first().map(|c| c.noise)).sum();
    // Infinite noise at the start leaves nothing to say.
    let bound = start - spared - split.unwrap_or(0.0);
    let bound = if bound.is_finite() { bound.clamp(0.0, noise) } else { 0.0 };
    Ok(Plan { bytes: total(&choices), noise, bound, choices })
}

/// Takes whatever still fits, the largest gain first: candidates above the hull too.
fn fill(profiles: &[TensorProfile], choices: &mut [Candidate], left: &mut u64) {
    loop {
        let mut best: Option<(f64, usize, Candidate)> = None;
        for (tensor, (profile, now)) in profiles.iter().zip(choices.iter()).enumerate() {
            for c in &profile.candidates {
                let fits = c.bytes <= now.bytes.saturating_add(*left);
                let gain = now.noise - c.noise;
                if fits && gain > 0.0 && best.is_none_or(|b| gain > b.0) {
                    best = Some((gain, tensor, *c));
                }
            }
        }
        let Some((_, tensor, c)) = best else { return };
        *left = *left + choices[tensor].bytes - c.bytes;
        choices[tensor] = c;
    }
}

/// The candidates of the lower convex hull of noise over bytes, by bytes: each spares less for a byte than the one
/// before. Candidates without a number for noise are left out.
fn hull(candidates: &[Candidate]) -> Vec<Candidate> {
    let mut sorted: Vec<Candidate> = candidates.iter().copied().filter(|c| c.noise.is_finite()).collect();
    sorted.sort_by(|a, b| a.bytes.cmp(&b.bytes).then(a.noise.total_cmp(&b.noise)));
    let mut hull: Vec<Candidate> = Vec::new();
    for c in sorted {
        if hull.last().is_some_and(|last| c.noise >= last.noise) {
            continue;
        }
        while let [.., a, b] = hull[..] {
            let before = (a.noise - b.noise) * (c.bytes - b.bytes) as f64;
            let after = (b.noise - c.noise) * (b.bytes - a.bytes) as f64;
            if before > after {
                break;
            }
            hull.pop();
        }
        hull.push(c);
    }
    hull
}
