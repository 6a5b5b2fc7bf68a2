//! Mean, standard deviation, and normalization to mean 0 and deviation 1.

#[cfg(feature = "parallel")]
mod parallel;
#[cfg(feature = "parallel")]
pub use parallel::{mean_std_parallel, normalize_in_place_parallel, normalize_into_parallel, normalize_parallel};

use crate::{Error, destination};
use omnilane::kernel;
use omnilane::lanes::{STREAM_FROM, Simd, Vector, map, map_in_place, map_streamed};
use omnilane::memory::{Image, ImageView, ImageViewMut, for_each_row, zip_rows};

/// What is added to the standard deviation, so that a constant picture divides by no zero.
const EPSILON: f64 = 1e-8;

/// The mean and the population standard deviation of a picture's elements, in f64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeanStd {
    /// `sum(x) / n`
    pub mean: f64,
    /// `sqrt(sum((x - mean)^2) / n)`
    pub std: f64,
}

/// Lanes of f64 over which sums run on every instruction set.
const VIRTUAL: usize = 16;
/// Registers that they take at most: 16-byte ones hold two.
const MOST_REGISTERS: usize = VIRTUAL / 2;
/// Elements after which the virtual lanes are added up, and a new sum begins: what may be given to one thread.
const CHUNK: usize = 1 << 16;

/// `sum(x - pivot)` and `sum((x - pivot)^2)` of a stream of slices, independent of where the slices end.
struct Moments<S: Simd> {
    simd: S,
    pivot: f64,
    sums: [f64; 2],
    /// Elements that wait for enough others to fill the virtual lanes.
    waiting: [f32; VIRTUAL],
    waiting_len: usize,
    lanes: Lanes<S>,
    in_chunk: usize,
}

/// The virtual lanes in registers: sums, and sums of squares.
type Lanes<S> = [[Vector<S, f64>; MOST_REGISTERS]; 2];

impl<S: Simd> Moments<S> {
    /// Registers that hold the virtual lanes.
    const REGISTERS: usize = VIRTUAL / Vector::<S, f64>::LANES;

    #[inline(always)]
    fn new(simd: S, pivot: f64) -> Self {
        let lanes = [[Vector::zero(simd); MOST_REGISTERS]; 2];
        Moments { simd, pivot, sums: [0.0; 2], waiting: [0.0; VIRTUAL], waiting_len: 0, lanes, in_chunk: 0 }
    }

    #[inline(always)]
    fn push(&mut self, mut src: &[f32]) {
        if self.waiting_len > 0 {
            let n = src.len().min(VIRTUAL - self.waiting_len);
            self.waiting[self.waiting_len..self.waiting_len + n].copy_from_slice(&src[..n]);
            self.waiting_len += n;
            src = &src[n..];
            if self.waiting_len < VIRTUAL {
                return;
            }
            let full = self.waiting;
            self.whole(&full);
            self.waiting_len = 0;
        }
        let (whole, rest) = src.split_at(src.len() / VIRTUAL * VIRTUAL);
        self.whole(whole);
        self.waiting[..rest.len()].copy_from_slice(rest);
        self.waiting_len = rest.len();
    }

    /// A multiple of `VIRTUAL` elements.
    #[inline(always)]
    fn whole(&mut self, mut src: &[f32]) {
        while !src.is_empty() {
            let n = src.len().min(CHUNK - self.in_chunk);
            let (now, later) = src.split_at(n);
            self.lanes = add(self.simd, self.pivot, now, self.lanes);
            self.in_chunk += n;
            if self.in_chunk == CHUNK {
                self.flush();
            }
            src = later;
        }
    }

    /// Adds the virtual lanes up, by halves.
    #[inline(always)]
    fn flush(&mut self) {
        for (sum, lanes) in self.sums.iter_mut().zip(&mut self.lanes) {
            let mut n = Self::REGISTERS;
            while n > 1 {
                n /= 2;
                for k in 0..n {
                    lanes[k] += lanes[k + n];
                }
            }
            *sum += lanes[0].reduce_sum();
            *lanes = [Vector::zero(self.simd); MOST_REGISTERS];
        }
        self.in_chunk = 0;
    }

    /// The two sums.
    #[inline(always)]
    fn finish(mut self) -> [f64; 2] {
        // Elements that are not there count as the pivot, which adds nothing.
        self.waiting[self.waiting_len..].fill(self.pivot as f32);
        let rest = self.waiting;
        if self.waiting_len > 0 {
            self.whole(&rest);
        }
        self.flush();
        self.sums
    }
}

#[inline(always)]
fn add<S: Simd>(simd: S, pivot: f64, src: &[f32], mut lanes: Lanes<S>) -> Lanes<S> {
    let pivot = simd.splat(pivot);
    for src in src.chunks_exact(VIRTUAL) {
        for (k, x) in src.chunks_exact(Vector::<S, f32>::LANES).enumerate() {
            let [low, high] = Vector::load(simd, x).widen();
            let (low, high) = (low - pivot, high - pivot);
            let [sum, squares] = &mut lanes;
            sum[2 * k] += low;
            sum[2 * k + 1] += high;
            squares[2 * k] += low * low;
            squares[2 * k + 1] += high * high;
        }
    }
    lanes
}

/// What the sums are relative to, an element of the picture: they stay small where the mean is large and the deviation is
/// not.
#[inline(always)]
fn pivot_of(src: ImageView<'_, f32, 1>) -> f64 {
    let first = src.rows().next().and_then(|row| row.first()).map_or(0.0, |v| f64::from(*v));
    if first.is_finite() { first } else { 0.0 }
}

kernel! {
    fn measure<'a, S: Simd>(simd: S, src: ImageView<'a, f32, 1>) -> MeanStd {
        let pivot = pivot_of(src);
        let mut moments = Moments::new(simd, pivot);
        match src.as_slice() {
            Some(all) => moments.push(all),
            None => {
                for row in src.rows() {
                    moments.push(row);
                }
            }
        }
        conclude(simd, src.width() as f64 * src.height() as f64, pivot, moments.finish())
    }
}

/// Mean and deviation of `n` elements from their two sums.
#[inline(always)]
fn conclude<S: Simd>(simd: S, n: f64, pivot: f64, [sum, squares]: [f64; 2]) -> MeanStd {
    if n == 0.0 {
        return MeanStd { mean: 0.0, std: 0.0 };
    }
    let mean = sum / n;
    let variance = squares / n - mean * mean;
    // Rounding may leave a constant picture a little below zero; NaN stays NaN.
    let variance = if variance < 0.0 { 0.0 } else { variance };
    let std = Vector::<S, f64>::splat(simd, variance).sqrt().to_array().as_ref()[0];
    MeanStd { mean: pivot + mean, std }
}

/// `((x - high) - low) * scale`: the mean in two parts, so that its rounding to f32 does not show.
#[derive(Clone, Copy)]
struct Affine {
    high: f32,
    low: f32,
    scale: f32,
}

impl Affine {
    fn new(m: MeanStd) -> Self {
        let high = m.mean as f32;
        Affine { high, low: (m.mean - f64::from(high)) as f32, scale: (1.0 / (m.std + EPSILON)) as f32 }
    }

    #[inline(always)]
    fn splat<S: Simd>(self, simd: S) -> impl Fn(Vector<S, f32>) -> Vector<S, f32> {
        let (high, low, scale) = (simd.splat(self.high), simd.splat(self.low), simd.splat(self.scale));
        core::convert::identity(
            #[inline(always)]
            move |v: Vector<S, f32>| (v - high - low) * scale,
        )
    }
}

/// Whether a picture is too large for the caches. Asked of the whole of it: a band that fits is gone, too, when the others
/// have been written.
fn streams<const C: usize>(dst: &ImageViewMut<'_, f32, C>) -> bool {
    dst.width().saturating_mul(dst.height()).saturating_mul(C * size_of::<f32>()) >= STREAM_FROM
}

/// Bytes of a row from which on its ends, which are not whole lines, do not matter to streaming.
const STREAMED_ROW: usize = 1 << 12;

kernel! {
    fn apply<S: Simd>(
        simd: S,
        src: ImageView<'_, f32, 1>,
        dst: &mut ImageViewMut<'_, f32, 1>,
        affine: Affine,
        streams: bool,
    ) {
        zip_rows(src, dst, #[inline(always)] |src, dst| {
            let fits = if streams && size_of_val(dst) >= STREAMED_ROW {
                map_streamed(simd, src, dst, affine.splat(simd))
            } else {
                map(simd, src, dst, affine.splat(simd))
            };
            debug_assert!(fits.is_ok(), "the sizes were checked");
        });
    }

    fn apply_in_place<S: Simd>(simd: S, data: &mut ImageViewMut<'_, f32, 1>, affine: Affine) {
        for_each_row(data, #[inline(always)] |row| map_in_place(simd, row, affine.splat(simd)));
    }
}

/// The mean and the population standard deviation of all elements (channels are not told apart).
///
/// Accurate: sums run in f64 over the differences to the first element. NaN gives NaN for both; infinities give the mean
/// that IEEE 754 gives them, and NaN for the deviation. An empty picture has 0 and 0.
///
/// The order of the sums is fixed (16 lanes, folded by halves every 65536 elements), whatever the stride, so the bits
/// are the same on every instruction set.
///
/// ```
/// use omnilane::memory::ImageView;
///
/// let m = omnilane_kernels::mean_std(ImageView::<f32, 1>::new(&[1.0, 3.0], 2, 1)?);
/// assert_eq!((m.mean, m.std), (2.0, 1.0));
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
#[must_use]
pub fn mean_std<const C: usize>(src: ImageView<'_, f32, C>) -> MeanStd {
    measure(src.elements())
}

/// `(x - mean) / (std + 1e-8)` for each element, with the [`mean_std`] of the picture.
///
/// The mean and `1 / (std + 1e-8)` are found in f64; each element then takes three f32 operations,
/// `((x - high) - low) * scale` with the mean in two parts. A constant picture gives 0 everywhere; a picture with NaN or
/// infinities gives NaN.
///
/// ```
/// use omnilane::memory::ImageView;
///
/// let normal = omnilane_kernels::normalize(ImageView::<f32, 1>::new(&[1.0, 3.0], 2, 1)?);
/// assert_eq!(normal.to_vec(), [-1.0, 1.0]);
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
///
/// # Panics
/// If there is no memory for the result.
#[must_use]
pub fn normalize<const C: usize>(src: ImageView<'_, f32, C>) -> Image<f32, C> {
    let mut dst = destination(src.width(), src.height());
    let (src, to) = (src.elements(), &mut dst.view_mut());
    let streams = streams(to);
    apply(src, &mut to.elements_mut(), Affine::new(measure(src)), streams);
    dst
}

/// [`normalize`] into a picture of the same size; allocates nothing. Returns what was measured.
///
/// ```
/// use omnilane::memory::{Image, ImageView};
///
/// let mut normal = Image::<f32, 1>::new(2, 1)?;
/// let m = omnilane_kernels::normalize_into(ImageView::new(&[1.0, 3.0], 2, 1)?, &mut normal.view_mut())?;
/// assert_eq!((normal.to_vec(), m.mean), (vec![-1.0, 1.0], 2.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::SizeMismatch`]; nothing is written then.
pub fn normalize_into<const C: usize>(
    src: ImageView<'_, f32, C>,
    dst: &mut ImageViewMut<'_, f32, C>,
) -> Result<MeanStd, Error> {
    Error::check_size(&src, dst)?;
    let measured = measure(src.elements());
    let streams = streams(dst);
    apply(src.elements(), &mut dst.elements_mut(), Affine::new(measured), streams);
    Ok(measured)
}

/// [`normalize`] of a picture onto itself. Returns what was measured.
///
/// ```
/// use omnilane::memory::ImageViewMut;
///
/// let mut data = [1.0, 3.0];
/// let m = omnilane_kernels::normalize_in_place(&mut ImageViewMut::<f32, 1>::new(&mut data, 2, 1)?);
/// assert_eq!((data, m.std), ([-1.0, 1.0], 1.0));
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
pub fn normalize_in_place<const C: usize>(data: &mut ImageViewMut<'_, f32, C>) -> MeanStd {
    let measured = measure(data.as_view().elements());
    apply_in_place(&mut data.elements_mut(), Affine::new(measured));
    measured
}
