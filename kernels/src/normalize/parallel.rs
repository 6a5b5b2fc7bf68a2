//! The forms on several threads.

use super::{Affine, CHUNK, MeanStd, Moments, apply, apply_in_place, conclude, measure, pivot_of, streams};
use crate::bands::{bands, zip_bands};
use crate::{Error, destination};
use omnilane::kernel;
use omnilane::lanes::Simd;
use omnilane::memory::{Image, ImageView, ImageViewMut};
use std::time::{Duration, Instant};

kernel! {
    /// The two sums of chunk `i` of the picture's elements, which are taken row by row.
    fn measure_chunk<'a, S: Simd>(simd: S, src: ImageView<'a, f32, 1>, pivot: f64, i: usize) -> [f64; 2] {
        let mut moments = Moments::new(simd, pivot);
        let row = src.width();
        let (first, mut skip, mut left) = (i * CHUNK / row, i * CHUNK % row, CHUNK);
        let mut rows = src.rows().skip(first);
        while left > 0 && let Some(row) = rows.next() {
            let part = &row[skip..];
            let part = &part[..part.len().min(left)];
            moments.push(part);
            (skip, left) = (0, left - part.len());
        }
        moments.finish()
    }

    fn conclude_sums<S: Simd>(simd: S, n: f64, pivot: f64, sums: [f64; 2]) -> MeanStd {
        conclude(simd, n, pivot, sums)
    }
}

/// Sums that take less than this are not worth the waking up of threads.
const SMALL: Duration = Duration::from_micros(120);

/// [`measure`] with the chunks on threads: their sums are added in the order in which one thread does it.
fn measure_parallel(src: ImageView<'_, f32, 1>) -> MeanStd {
    // A picture fits in memory, so this does not overflow, but for one without width.
    let n = src.width().saturating_mul(src.height());
    if n <= CHUNK {
        return measure(src);
    }
    let (pivot, chunks) = (pivot_of(src), n.div_ceil(CHUNK));
    let start = Instant::now();
    let first = measure_chunk(src, pivot, 0);
    let rest: Vec<[f64; 2]> = if start.elapsed().as_nanos() * chunks as u128 <= SMALL.as_nanos() {
        (1..chunks).map(|i| measure_chunk(src, pivot, i)).collect()
    } else {
        let numbers: Vec<usize> = (1..chunks).collect();
        omnilane::parallel::parallel_unbalanced(&numbers, |i| measure_chunk(src, pivot, *i))
    };
    let sums = rest.iter().fold(first, |[a, b], [sum, squares]| [a + sum, b + squares]);
    conclude_sums(n as f64, pivot, sums)
}

/// [`apply`] in bands of rows.
fn apply_parallel<const C: usize>(src: ImageView<'_, f32, C>, dst: &mut ImageViewMut<'_, f32, C>, affine: Affine) {
    let streams = streams(dst);
    zip_bands(src, dst, |src, dst| apply(src.elements(), &mut dst.elements_mut(), affine, streams));
}

/// [`mean_std`](super::mean_std) on several threads; the same bits. Runs on the calling thread where the first sums say that
/// all of them take less than 120 us.
///
/// ```
/// use omnilane::memory::Image;
/// use omnilane_kernels::{mean_std, mean_std_parallel};
///
/// let image = Image::<f32, 1>::from_fn(640, 480, |x, y| [(x ^ y) as f32])?;
/// assert_eq!(mean_std_parallel(image.view()), mean_std(image.view()));
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
#[must_use]
pub fn mean_std_parallel<const C: usize>(src: ImageView<'_, f32, C>) -> MeanStd {
    measure_parallel(src.elements())
}

/// [`normalize`](super::normalize) on several threads; the same bits.
///
/// ```
/// use omnilane::memory::Image;
/// use omnilane_kernels::{normalize, normalize_parallel};
///
/// let image = Image::<f32, 1>::from_fn(640, 480, |x, y| [(x ^ y) as f32])?;
/// assert_eq!(normalize_parallel(image.view()), normalize(image.view()));
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
///
/// # Panics
/// If there is no memory for the result.
#[must_use]
pub fn normalize_parallel<const C: usize>(src: ImageView<'_, f32, C>) -> Image<f32, C> {
    let mut dst = destination(src.width(), src.height());
    apply_parallel(src, &mut dst.view_mut(), Affine::new(measure_parallel(src.elements())));
    dst
}

/// [`normalize_into`](super::normalize_into) on several threads; the same bits. Returns what was measured.
///
/// ```
/// use omnilane::memory::Image;
/// use omnilane_kernels::{mean_std, normalize, normalize_into_parallel};
///
/// let image = Image::<f32, 3>::from_fn(320, 240, |x, y| [x as f32, y as f32, 1.0])?;
/// let mut normal = Image::<f32, 3>::new(320, 240)?;
/// let m = normalize_into_parallel(image.view(), &mut normal.view_mut())?;
/// assert_eq!((m, normal), (mean_std(image.view()), normalize(image.view())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::SizeMismatch`]; nothing is written then.
pub fn normalize_into_parallel<const C: usize>(
    src: ImageView<'_, f32, C>,
    dst: &mut ImageViewMut<'_, f32, C>,
) -> Result<MeanStd, Error> {
    Error::check_size(&src, dst)?;
    let measured = measure_parallel(src.elements());
    apply_parallel(src, dst, Affine::new(measured));
    Ok(measured)
}

/// [`normalize_in_place`](super::normalize_in_place) on several threads; the same bits. Returns what was measured.
///
/// ```
/// use omnilane::memory::Image;
/// use omnilane_kernels::{normalize, normalize_in_place_parallel};
///
/// let mut image = Image::<f32, 1>::from_fn(640, 480, |x, y| [(x ^ y) as f32])?;
/// let normal = normalize(image.view());
/// normalize_in_place_parallel(&mut image.view_mut());
/// assert_eq!(image, normal);
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
pub fn normalize_in_place_parallel<const C: usize>(data: &mut ImageViewMut<'_, f32, C>) -> MeanStd {
    let measured = measure_parallel(data.as_view().elements());
    let affine = Affine::new(measured);
    bands(data, |band| apply_in_place(&mut band.elements_mut(), affine));
    measured
}
