//! Thresholds: one decision per element.

#[cfg(feature = "parallel")]
use crate::bands::{bands, zip_bands};
use crate::{Error, destination};
use omnilane::kernel;
use omnilane::lanes::{Num, Simd, Vector, map, map_in_place};
use omnilane::memory::{Image, ImageView, ImageViewMut, for_each_row, zip_rows};

/// What becomes of a value `v` above the level, and of one that is not; as OpenCV's `THRESH_*`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold<T> {
    /// `v > level ? max : 0`
    Binary(T),
    /// `v > level ? 0 : max`
    BinaryInv(T),
    /// `v > level ? level : v`
    Truncate,
    /// `v > level ? v : 0`
    ToZero,
    /// `v > level ? 0 : v`
    ToZeroInv,
}

/// Where the elements come from and go to, the channels of a pixel one by one.
enum Elements<'a, 'b, T> {
    Into(ImageView<'a, T, 1>, ImageViewMut<'b, T, 1>),
    InPlace(ImageViewMut<'b, T, 1>),
}

impl<'a, 'b, T: Num> Elements<'a, 'b, T> {
    fn into<const C: usize>(src: ImageView<'a, T, C>, dst: &'b mut ImageViewMut<'_, T, C>) -> Self {
        Elements::Into(src.elements(), dst.elements_mut())
    }

    /// A `&f` in place of the closures would be a call: only a closure written here is inlined for certain.
    #[inline(always)]
    #[allow(clippy::redundant_closure, reason = "see above")]
    fn apply<S: Simd>(self, simd: S, f: impl Fn(Vector<S, T>) -> Vector<S, T> + Copy) {
        match self {
            Elements::Into(src, mut dst) => zip_rows(
                src,
                &mut dst,
                #[inline(always)]
                move |src, dst| {
                    let fits = map(
                        simd,
                        src,
                        dst,
                        #[inline(always)]
                        move |v| f(v),
                    );
                    debug_assert!(fits.is_ok(), "the sizes were checked");
                },
            ),
            Elements::InPlace(mut data) => {
                for_each_row(
                    &mut data,
                    #[inline(always)]
                    move |row| {
                        map_in_place(
                            simd,
                            row,
                            #[inline(always)]
                            move |v| f(v),
                        )
                    },
                );
            }
        }
    }
}

kernel! {
    fn run<'a, 'b, S: Simd, T: Num>(
        simd: S,
        elements: Elements<'a, 'b, T>,
        level: T,
        kind: Threshold<T>,
    ) {
        let (zero, level) = (Vector::zero(simd), simd.splat(level));
        match kind {
            Threshold::Binary(max) => {
                let max = simd.splat(max);
                elements.apply(simd, #[inline(always)] move |v| v.gt(level).select(max, zero));
            }
            Threshold::BinaryInv(max) => {
                let max = simd.splat(max);
                elements.apply(simd, #[inline(always)] move |v| v.gt(level).select(zero, max));
            }
            Threshold::Truncate => elements.apply(simd, #[inline(always)] move |v| v.gt(level).select(level, v)),
            Threshold::ToZero => elements.apply(simd, #[inline(always)] move |v| v.gt(level).select(v, zero)),
            Threshold::ToZeroInv => elements.apply(simd, #[inline(always)] move |v| v.gt(level).select(zero, v)),
        }
    }
}

/// Each element `v` compared with `level`, and replaced as `kind` says.
///
/// Any number of channels, each on its own; u8, u16 and f32 are what images use, any [`Num`] works. As in IEEE 754, NaN is
/// not above any level, so [`Threshold::Binary`] gives 0 for it, and [`Threshold::Truncate`] keeps it. For u8, u16 and
/// f32 equal to OpenCV's `threshold` with a level of the element's type.
///
/// ```
/// use omnilane::memory::ImageView;
/// use omnilane_kernels::{Threshold, threshold};
///
/// let src = ImageView::<u8, 1>::new(&[10, 100, 200], 3, 1)?;
/// assert_eq!(threshold(src, 99, Threshold::Binary(255)).to_vec(), [0, 255, 255]);
/// assert_eq!(threshold(src, 99, Threshold::Truncate).to_vec(), [10, 99, 99]);
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
///
/// # Panics
/// If there is no memory for the result.
#[must_use]
pub fn threshold<T: Num, const C: usize>(src: ImageView<'_, T, C>, level: T, kind: Threshold<T>) -> Image<T, C> {
    let mut dst = destination(src.width(), src.height());
    run(Elements::into(src, &mut dst.view_mut()), level, kind);
    dst
}

/// [`threshold`] into a picture of the same size; allocates nothing.
///
/// ```
/// use omnilane::memory::{Image, ImageView};
/// use omnilane_kernels::{Threshold, threshold_into};
///
/// let src = ImageView::<u8, 1>::new(&[10, 100, 200], 3, 1)?;
/// let mut mask = Image::<u8, 1>::new(3, 1)?;
/// threshold_into(src, &mut mask.view_mut(), 99, Threshold::Binary(255))?;
/// assert_eq!(mask.to_vec(), [0, 255, 255]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::SizeMismatch`]; nothing is written then.
pub fn threshold_into<T: Num, const C: usize>(
    src: ImageView<'_, T, C>,
    dst: &mut ImageViewMut<'_, T, C>,
    level: T,
    kind: Threshold<T>,
) -> Result<(), Error> {
    Error::check_size(&src, dst)?;
    run(Elements::into(src, dst), level, kind);
    Ok(())
}

/// [`threshold`] of a picture onto itself.
///
/// ```
/// use omnilane::memory::ImageViewMut;
/// use omnilane_kernels::{Threshold, threshold_in_place};
///
/// let mut data = [0.5, f32::NAN, -2.0];
/// threshold_in_place(&mut ImageViewMut::<f32, 1>::new(&mut data, 3, 1)?, 0.0, Threshold::Binary(1.0));
/// assert_eq!(data, [1.0, 0.0, 0.0]);
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
pub fn threshold_in_place<T: Num, const C: usize>(data: &mut ImageViewMut<'_, T, C>, level: T, kind: Threshold<T>) {
    run(Elements::InPlace(data.elements_mut()), level, kind);
}

/// [`threshold`] with the rows split between threads; the same bits.
///
/// ```
/// use omnilane::memory::Image;
/// use omnilane_kernels::{Threshold, threshold, threshold_parallel};
///
/// let src = Image::<u8, 3>::from_fn(640, 480, |x, y| [x as u8, y as u8, (x ^ y) as u8])?;
/// let kind = Threshold::Binary(255);
/// assert_eq!(threshold_parallel(src.view(), 99, kind), threshold(src.view(), 99, kind));
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
///
/// # Panics
/// If there is no memory for the result.
#[cfg(feature = "parallel")]
#[must_use]
pub fn threshold_parallel<T: Num, const C: usize>(
    src: ImageView<'_, T, C>,
    level: T,
    kind: Threshold<T>,
) -> Image<T, C> {
    let mut dst = destination(src.width(), src.height());
    zip_bands(src, &mut dst.view_mut(), |src, dst| run(Elements::into(src, dst), level, kind));
    dst
}

/// [`threshold_into`] with the rows split between threads; the same bits.
///
/// ```
/// use omnilane::memory::Image;
/// use omnilane_kernels::{Threshold, threshold, threshold_into_parallel};
///
/// let src = Image::<u16, 1>::from_fn(640, 480, |x, y| [(x * y) as u16])?;
/// let mut mask = Image::<u16, 1>::new(640, 480)?;
/// threshold_into_parallel(src.view(), &mut mask.view_mut(), 9999, Threshold::ToZero)?;
/// assert_eq!(mask, threshold(src.view(), 9999, Threshold::ToZero));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Error::SizeMismatch`]; nothing is written then.
#[cfg(feature = "parallel")]
pub fn threshold_into_parallel<T: Num, const C: usize>(
    src: ImageView<'_, T, C>,
    dst: &mut ImageViewMut<'_, T, C>,
    level: T,
    kind: Threshold<T>,
) -> Result<(), Error> {
    Error::check_size(&src, dst)?;
    zip_bands(src, dst, |src, dst| run(Elements::into(src, dst), level, kind));
    Ok(())
}

/// [`threshold_in_place`] with the rows split between threads; the same bits.
///
/// ```
/// use omnilane::memory::Image;
/// use omnilane_kernels::{Threshold, threshold, threshold_in_place_parallel};
///
/// let mut image = Image::<f32, 1>::from_fn(640, 480, |x, y| [x as f32 - y as f32])?;
/// let limited = threshold(image.view(), 0.5, Threshold::Truncate);
/// threshold_in_place_parallel(&mut image.view_mut(), 0.5, Threshold::Truncate);
/// assert_eq!(image, limited);
/// # Ok::<(), omnilane::memory::ImageError>(())
/// ```
#[cfg(feature = "parallel")]
pub fn threshold_in_place_parallel<T: Num, const C: usize>(
    data: &mut ImageViewMut<'_, T, C>,
    level: T,
    kind: Threshold<T>,
) {
    bands(data, |band| run(Elements::InPlace(band.elements_mut()), level, kind));
}
