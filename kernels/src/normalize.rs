//! Normalization to mean 0 and deviation 1.

#[cfg(feature = "parallel")]
use crate::bands::{bands, zip_bands};
#[cfg(feature = "parallel")]
use crate::mean_std::mean_std_parallel;
use crate::mean_std::{MeanStd, mean_std};
use crate::{Error, destination};
use omnilane::kernel;
use omnilane::lanes::{STREAM_FROM, Simd, Vector, map, map_in_place, map_streamed};
use omnilane::memory::{Image, ImageView, ImageViewMut, for_each_row, zip_rows};

/// What is added to the standard deviation, so that a constant picture divides by no zero.
const EPSILON: f64 = 1e-8;

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

kernel! {
    fn apply<S: Simd>(simd: S, src: ImageView<'_, f32, 1>, dst: &mut ImageViewMut<'_, f32, 1>, affine: Affine) {
        zip_rows(src, dst, #[inline(always)] |src, dst| {
            let fits = if size_of_val(dst) >= STREAM_FROM {
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
    let src = src.elements();
    apply(src, &mut dst.view_mut().elements_mut(), Affine::new(mean_std(src)));
    dst
}

/// [`normalize`] into a picture of the same size; allocates nothing. Returns what was measured.
///
/// ```
/// use omnilane::memory::{Image, ImageView};
/// use omnilane_kernels::normalize_into;
///
/// let src = ImageView::<f32, 1>::new(&[1.0, 3.0], 2, 1)?;
/// let mut dst = Image::new(2, 1)?;
/// let measured = normalize_into(src, &mut dst.view_mut())?;
/// assert_eq!((measured.mean, dst.to_vec()), (2.0, vec![-1.0, 1.0]));
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
    let measured = mean_std(src);
    apply(src.elements(), &mut dst.elements_mut(), Affine::new(measured));
    Ok(measured)
}

/// [`normalize`] of a picture onto itself. Returns what was measured.
///
/// ```
/// use omnilane::memory::ImageViewMut;
///
/// let mut data = [1.0, 3.0];
/// omnilane_kernels::normalize_in_place(&mut ImageViewMut::<f32, 1>::new(&mut data, 2, 1)?);
/// assert_eq!(data, [-1.0, 1.0]);
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
pub fn normalize_in_place<const C: usize>(data: &mut ImageViewMut<'_, f32, C>) -> MeanStd {
    let measured = mean_std(data.as_view().elements());
    apply_in_place(&mut data.elements_mut(), Affine::new(measured));
    measured
}

/// [`normalize`] on several threads; the same bits.
///
/// ```
/// use omnilane::memory::ImageView;
/// use omnilane_kernels::{normalize, normalize_parallel};
///
/// let data: Vec<f32> = (0..256).map(|i| i as f32).collect();
/// let src = ImageView::<f32, 1>::new(&data, 16, 16)?;
/// assert_eq!(normalize_parallel(src), normalize(src));
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
///
/// # Panics
/// If there is no memory for the result.
#[cfg(feature = "parallel")]
#[must_use]
pub fn normalize_parallel<const C: usize>(src: ImageView<'_, f32, C>) -> Image<f32, C> {
    let mut dst = destination(src.width(), src.height());
    let affine = Affine::new(mean_std_parallel(src));
    zip_bands(src, &mut dst.view_mut(), |src, dst| apply(src.elements(), &mut dst.elements_mut(), affine));
    dst
}

/// [`normalize_into`] on several threads; the same bits. Returns what was measured.
///
/// ```
/// use omnilane::memory::{Image, ImageView};
/// use omnilane_kernels::normalize_into_parallel;
///
/// let src = ImageView::<f32, 1>::new(&[1.0, 3.0], 2, 1)?;
/// let mut dst = Image::new(2, 1)?;
/// let measured = normalize_into_parallel(src, &mut dst.view_mut())?;
/// assert_eq!((measured.mean, dst.to_vec()), (2.0, vec![-1.0, 1.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::SizeMismatch`]; nothing is written then.
#[cfg(feature = "parallel")]
pub fn normalize_into_parallel<const C: usize>(
    src: ImageView<'_, f32, C>,
    dst: &mut ImageViewMut<'_, f32, C>,
) -> Result<MeanStd, Error> {
    Error::check_size(&src, dst)?;
    let measured = mean_std_parallel(src);
    let affine = Affine::new(measured);
    zip_bands(src, dst, |src, dst| apply(src.elements(), &mut dst.elements_mut(), affine));
    Ok(measured)
}

/// [`normalize_in_place`] on several threads; the same bits. Returns what was measured.
///
/// ```
/// use omnilane::memory::ImageViewMut;
///
/// let mut data = [1.0, 3.0];
/// omnilane_kernels::normalize_in_place_parallel(&mut ImageViewMut::<f32, 1>::new(&mut data, 2, 1)?);
/// assert_eq!(data, [-1.0, 1.0]);
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
#[cfg(feature = "parallel")]
pub fn normalize_in_place_parallel<const C: usize>(data: &mut ImageViewMut<'_, f32, C>) -> MeanStd {
    let measured = mean_std_parallel(data.as_view().elements());
    let affine = Affine::new(measured);
    bands(data, |band| apply_in_place(&mut band.elements_mut(), affine));
    measured
}
